//! Parts of records as the engine of measures sees them: what is stated, what was derived when it was taken or by a
//! derivation, and the care unit as it was on the date.

use jiff::civil::Date;
use vardnav_classification::FactSet;
use vardnav_indicators::Residence;
use vardnav_indicators::engine::{Described, Hierarchy, Marked, Marker, PartView};
use vardnav_indicators::measure::Part;
use vardnav_register::derived::{self, Derived, PartDerived};
use vardnav_register::entry::Entry;
use vardnav_register::identity::PersonKey;
use vardnav_register::record::{Body, Record, Sex};
use vardnav_register::rederive::rows::Results;
use vardnav_release::Snapshot;
use vardnav_store::{StreamId, View};
use vardnav_terminology::Subsumption;

use super::damaged;
use super::plan::Plan;
use super::stated::Stated;
use crate::counts::FollowError;

/// Why an entry is not marked.
#[derive(Debug)]
pub(super) enum NotMarked {
    /// It is not of its form.
    Damaged,
    /// A release that it names is not among those that the engine was made ready for.
    Release(String),
}

impl NotMarked {
    /// The error of an entry at a position of a stream.
    pub(super) fn at(self, stream: &StreamId, position: u64) -> FollowError {
        match self {
            Self::Damaged => damaged(stream, position),
            Self::Release(id) => FollowError::Release(id),
        }
    }
}

/// What is marked of an entry, with the person whom it is about; `None` when it is withdrawn or erased. `results` are
/// those of a derivation.
///
/// # Errors
/// When the entry is not of its form, or a release is not at hand.
pub(super) fn mark(
    plan: &Plan,
    view: &View,
    marker: &mut Marker<'_, Codes<'_>>,
    (entry, results): (&Entry, Option<&Results>),
) -> Result<Option<(PersonKey, Vec<Marked>)>, NotMarked> {
    let record = entry.record().map_err(|_| NotMarked::Damaged)?;
    let derived = entry.derived().map_err(|_| NotMarked::Damaged)?;
    let (Some(record), Some((person, derived))) = (record, derived) else {
        return Ok(None);
    };
    let subject = Subject {
        plan,
        view,
        record: &record,
        derived: &derived,
    };
    let marked = match &record.body {
        Body::CareRequest(_) => vec![subject.request(marker)],
        Body::Episode(_) | Body::Contact(_) | Body::MonitoringPeriod(_) => derived
            .parts
            .iter()
            .map(|part| subject.part(part, results, marker))
            .collect::<Result<_, _>>()?,
    };
    Ok(Some((person, marked)))
}

/// A record whose parts are marked.
struct Subject<'a> {
    plan: &'a Plan,
    view: &'a View,
    record: &'a Record,
    derived: &'a Derived,
}

impl Subject<'_> {
    fn request(&self, marker: &mut Marker<'_, Codes<'_>>) -> Marked {
        let stated = Stated {
            record: self.record,
            segment: None,
        };
        self.marked((Part::CareRequest, stated), self.derived.age(), None, marker)
    }

    fn part(
        &self,
        part: &PartDerived,
        results: Option<&Results>,
        marker: &mut Marker<'_, Codes<'_>>,
    ) -> Result<Marked, NotMarked> {
        let segment = match (part.part, &self.record.body) {
            (derived::Part::Segment(index), Body::Episode(episode)) => {
                Some(episode.segments.get(index).ok_or(NotMarked::Damaged)?)
            }
            _ => None,
        };
        let stated = Stated {
            record: self.record,
            segment,
        };
        let kind = match part.part {
            derived::Part::Contact => Part::Contact,
            derived::Part::Segment(_) => Part::Segment,
            derived::Part::MonitoringPeriod => Part::MonitoringPeriod,
        };
        // A part that a derivation covers has what its release gave; the facts stay those of the entry, by the ordinals
        // of the entry's release.
        let anew = results.and_then(|results| results.part(part.part)?.tables.as_deref());
        let (release, tables) = match (anew, &self.plan.derivation) {
            (Some(tables), Some(derivation)) => (derivation.release.as_str(), tables),
            _ => (part.release.as_str(), part.tables.as_slice()),
        };
        let facts = self.facts(part, release);
        let system = self
            .plan
            .engine
            .system(release)
            .ok_or_else(|| NotMarked::Release(release.to_owned()))?;
        let described = Described {
            system,
            facts: &facts,
            tables,
        };
        Ok(self.marked((kind, stated), part.age, Some(described), marker))
    }

    /// The facts of a part by the ordinals of a release. Axes and values that another release does not have are left out:
    /// what is not known there stays unknown.
    fn facts(&self, part: &PartDerived, release: &str) -> FactSet {
        if part.release == release {
            return part.facts;
        }
        let (Some(from), Some(to)) = (self.view.snapshot(&part.release), self.view.snapshot(release)) else {
            return FactSet::new();
        };
        translated(&part.facts, from, to)
    }

    fn marked(
        &self,
        (kind, stated): (Part, Stated<'_>),
        age: Option<u16>,
        described: Option<Described<'_>>,
        marker: &mut Marker<'_, Codes<'_>>,
    ) -> Marked {
        let start = stated.start();
        let unit = stated.unit().and_then(|unit| self.view.unit_on(unit, start));
        let seen = Seen {
            kind,
            stated,
            residence: self.derived.residence.as_deref().and_then(Residence::parse),
            sex: self.derived.sex,
            age,
            described,
            unit_kind: unit.map(|unit| unit.kind.as_str()),
        };
        marker.mark(&seen)
    }
}

/// Facts by the ordinals of another release.
fn translated(facts: &FactSet, from: &Snapshot, to: &Snapshot) -> FactSet {
    let mut translated = FactSet::new();
    for axis in &from.description.source().axes {
        let (Some(was), Some(is)) = (from.description.axis(&axis.id), to.description.axis(&axis.id)) else {
            continue;
        };
        let Some(source) = facts.source(was) else { continue };
        let mut values = 0_u64;
        let mut whole = true;
        for bit in vardnav_classification::facts::bits(facts.values(was)) {
            let code = from.description.value_code(was, bit);
            match to.description.value(is, code) {
                Some(value) => values |= 1 << value,
                None => whole = false,
            }
        }
        if whole {
            translated.set(is, values, source);
        }
    }
    translated
}

/// A part as the engine sees it.
struct Seen<'a> {
    kind: Part,
    stated: Stated<'a>,
    residence: Option<Residence>,
    sex: Option<Sex>,
    age: Option<u16>,
    described: Option<Described<'a>>,
    unit_kind: Option<&'a str>,
}

impl PartView for Seen<'_> {
    fn kind(&self) -> Part {
        self.kind
    }

    fn start(&self) -> Date {
        self.stated.start()
    }

    fn end(&self) -> Option<Date> {
        self.stated.end()
    }

    fn residence(&self) -> Residence {
        self.residence.unwrap_or(Residence::UNKNOWN)
    }

    fn sex(&self) -> Option<Sex> {
        self.sex
    }

    fn age(&self) -> Option<u16> {
        self.age
    }

    fn described(&self) -> Option<Described<'_>> {
        self.described
    }

    fn variable(&self, path: &str, each: &mut dyn FnMut(&str)) -> bool {
        let values = self.stated.values(path);
        for value in &values {
            each(value);
        }
        !values.is_empty() || !self.stated.codes(path).is_empty()
    }

    fn date(&self, path: &str) -> Option<Date> {
        self.stated.values(path).first()?.parse().ok()
    }

    fn codes(&self, path: &str, each: &mut dyn FnMut(&str, &str)) {
        for coding in self.stated.codes(path) {
            each(&coding.system, &coding.code);
        }
    }

    fn unit_kind(&self) -> Option<&str> {
        self.unit_kind
    }
}

/// The hierarchies of the code systems that a release binds, each as its last edition has it: codes that are no longer
/// there are not known to lie below anything.
pub(super) struct Codes<'a> {
    release: &'a Snapshot,
}

impl<'a> Codes<'a> {
    pub(super) fn of(release: &'a Snapshot) -> Self {
        Self { release }
    }
}

impl Hierarchy for Codes<'_> {
    fn is_below(&self, system: &str, code: &str, ancestor: &str) -> Option<bool> {
        let catalog = &self.release.catalog;
        let newest = || {
            catalog
                .editions()
                .filter(|edition| edition.url() == system)
                .last()
        };
        let edition = catalog.in_force(system, Date::MAX).or_else(newest);
        let standing = edition?.subsumes_codes(code, ancestor).ok()?;
        Some(standing == Subsumption::SubsumedBy)
    }
}
