//! What a record is judged against, as look-ups that the caller supplies: the release in force on a date, code
//! systems, care units, known reporters, episodes already reported. Borrowed views; nothing here loads anything.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_classification::facts::{SLOTS, bits};
use vardnav_classification::model::FactSource;
use vardnav_classification::{AxisIndex, DescriptionSystem, TableResult};

use crate::definition::RegisterDefinition;
use crate::derived::{Derived, Part, PartDerived};
use crate::identity::PersonKey;
use crate::mapping::{CodeMap, ReporterMaps};
use crate::person::Kommun;
use crate::record::{Body, Fact, Plan, Principals, Record, RecordKind};
use crate::unit::CareUnit;
use crate::validate::CheckSet;

/// What a code is on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeStatus {
    /// It is a code of the edition and valid on the date.
    Valid,
    /// It is a code of the edition, not valid on the date.
    NotValidOnDate,
    /// The edition has no such code.
    Unknown,
    /// The release binds an edition for the date that is not loaded, so nothing can be said.
    NotLoaded,
    /// The release binds no such code system.
    UnknownSystem,
}

/// What kind of organisation a principal (huvudman) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// A region.
    Region,
    /// A kommun.
    Kommun,
}

impl PrincipalKind {
    /// The value code on an axis of principals.
    pub fn code(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Kommun => "kommun",
        }
    }
}

/// The code systems of a release.
pub trait Codes: Send + Sync {
    /// What a code is on a date, in the edition named or, without a name, in the one bound for the date.
    fn check(&self, system: &str, version: Option<&str>, code: &str, date: Date) -> CodeStatus;

    /// What kind of principal an SCB code names; `None` when it names none.
    fn principal_kind(&self, code: &str) -> Option<PrincipalKind>;

    /// Whether a valid code is as detailed as its system asks for. Systems without such a demand answer `true`.
    fn is_detailed_enough(&self, _system: &str, _version: Option<&str>, _code: &str, _date: Date) -> bool {
        true
    }
}

/// For which register what is reported is collected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CollectedFor {
    /// For those whose deliveries also stand for what is reported record by record; where a release has no such register,
    /// for whichever holds it.
    #[default]
    RecordByRecord,
    /// For the register with this id, which a delivery is to.
    Register(String),
    /// For the registers that hold the record already.
    AsBefore,
}

/// A release in force, as far as records need it.
#[derive(Clone, Copy)]
pub struct ReleaseView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its axes and tables.
    pub system: &'a DescriptionSystem,
    /// Its definition of the register.
    pub register: &'a RegisterDefinition,
    /// Its checks, compiled from both.
    pub checks: &'a CheckSet,
    /// Its code systems.
    pub codes: &'a dyn Codes,
    /// Its maps from codes to facts, in the order in which they are asked.
    pub maps: &'a [Arc<CodeMap>],
}

impl ReleaseView<'_> {
    /// Whether the release collects the variable with this path, of a kind of record on a date.
    pub(crate) fn takes(&self, path: &str, kind: RecordKind, date: Date) -> bool {
        let mut variables = self.register.variables.iter();
        variables
            .any(|variable| variable.path == path && variable.kinds.contains(&kind) && variable.from <= date)
    }
}

/// What a record is judged against.
pub trait Surroundings {
    /// The release in force on a date of care.
    fn release_on(&self, date: Date) -> Option<ReleaseView<'_>>;

    /// A registered care unit with all its dated versions.
    fn unit(&self, hsa_id: &str) -> Option<&CareUnit>;

    /// Whether a reporter is registered.
    fn reporter_known(&self, reporter: &str) -> bool;

    /// The latest revision of an episode in the reporter's stream.
    fn episode(&self, reporter: &str, id: &str) -> Option<&EpisodeView>;

    /// Whether what is reported is test data, of which nothing is asked for a legal basis.
    fn is_synthetic(&self) -> bool {
        false
    }

    /// For which register what is reported is collected: it says which legal bases hold.
    fn collected_for(&self) -> &CollectedFor {
        &CollectedFor::RecordByRecord
    }

    /// When a person died, where it is known.
    fn died(&self, _person: PersonKey) -> Option<Date> {
        None
    }

    /// Whether a person's data are protected on a date, as far as it is known beside what is reported.
    fn is_protected(&self, _person: PersonKey, _on: Date) -> bool {
        false
    }

    /// Where the population register had a person on a date, as far as it is known beside what is reported. Nothing is told
    /// of whoever is protected, on the date or now.
    fn residence(&self, _person: PersonKey, _on: Date) -> Option<Kommun> {
        None
    }

    /// Whether two keys are of one person: numbers change, and persons known by two are merged.
    fn is_same_person(&self, one: PersonKey, other: PersonKey) -> bool {
        one == other
    }

    /// The reporter's own maps from codes to facts. Without them only the release's are asked.
    fn reporter_maps(&self, _reporter: &str) -> Option<&ReporterMaps> {
        None
    }
}

/// An episode already reported, as its contacts and monitoring periods need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpisodeView {
    /// First date.
    pub start: Date,
    /// First date no longer included; `None` while it is open.
    pub end: Option<Date>,
    /// Whose it is.
    pub person: Option<PersonKey>,
    /// HSA-id of its care unit.
    pub unit: Option<String>,
    /// Principals by role.
    pub principals: Principals,
    /// Facts stated of the episode.
    pub facts: Vec<Fact>,
    /// Plans that hold during it.
    pub plans: Vec<Plan>,
    /// Its segments in order.
    pub segments: Vec<SegmentView>,
}

/// A segment of an [`EpisodeView`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentView {
    /// First date.
    pub start: Date,
    /// First date no longer included; `None` while it is open.
    pub end: Option<Date>,
    /// HSA-id of the care unit, when not the episode's.
    pub unit: Option<String>,
    /// Facts stated of the segment, and those mapped from its codes.
    pub facts: Vec<Fact>,
    /// What *first* tables decided of it: table id and code of the value. Tables that held are left out.
    pub decided: Vec<(String, String)>,
}

impl EpisodeView {
    /// The view of an episode with what was derived of it. `system` finds the description system of a release by
    /// the release's id. `None` when the record is no episode.
    pub fn of<'a>(
        record: &Record,
        person: Option<PersonKey>,
        derived: &Derived,
        system: impl Fn(&str) -> Option<&'a DescriptionSystem>,
    ) -> Option<Self> {
        let Body::Episode(episode) = &record.body else {
            return None;
        };
        let segments = episode.segments.iter().enumerate().map(|(index, segment)| {
            let parts = || {
                let parts = derived.parts.iter();
                let own = parts.filter(move |part| part.part == Part::Segment(index));
                own.filter_map(|part| Some((part, system(&part.release)?)))
            };
            let mapped = parts().flat_map(|(part, system)| mapped(part, system));
            SegmentView {
                start: segment.start,
                end: segment.end,
                unit: segment.unit.clone(),
                facts: segment.facts.iter().cloned().chain(mapped).collect(),
                decided: parts()
                    .flat_map(|(part, system)| decided(&part.tables, system))
                    .collect(),
            }
        });
        Some(Self {
            start: episode.start,
            end: episode.end,
            person,
            unit: record.unit.clone(),
            principals: record.principals.clone(),
            facts: record.facts.clone(),
            plans: episode.plans.clone(),
            segments: segments.collect(),
        })
    }

    /// Whether the date lies in the episode.
    pub fn covers(&self, date: Date) -> bool {
        covers(self.start, self.end, date)
    }

    /// The segment that covers a date.
    pub fn segment_on(&self, date: Date) -> Option<&SegmentView> {
        self.segments
            .iter()
            .find(|segment| covers(segment.start, segment.end, date))
    }
}

/// Whether a date lies in a half-open interval.
pub(crate) fn covers(start: Date, end: Option<Date>, date: Date) -> bool {
    start <= date && end.is_none_or(|end| date < end)
}

/// The facts of a part that were mapped from codes, as if they were stated.
fn mapped(part: &PartDerived, system: &DescriptionSystem) -> Vec<Fact> {
    let slots = (0..SLOTS).filter_map(AxisIndex::new);
    let mapped = slots.filter(|axis| part.facts.source(*axis) == Some(FactSource::Mapped));
    mapped
        .map(|axis| Fact {
            axis: system.axis_id(axis).to_owned(),
            values: bits(part.facts.values(axis))
                .map(|value| system.value_code(axis, value).to_owned())
                .collect(),
        })
        .collect()
}

fn decided(tables: &[TableResult], system: &DescriptionSystem) -> Vec<(String, String)> {
    system
        .tables()
        .zip(tables)
        .filter_map(|((index, table), result)| match result {
            TableResult::Value { value, .. } => Some((
                table.id.clone(),
                system.value_code(system.slot_of(index)?, *value).to_owned(),
            )),
            _ => None,
        })
        .collect()
}
