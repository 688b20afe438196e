//! From a record to facts and classes: sources each axis in the order its release gives (the record, what maps make of
//! its codes, the segment that covers it, its episode, its care unit on the date, what can be computed), keeps where
//! each fact came from, and classifies each part with the release in force on the part's date. What is not stated
//! stays unknown.
//!
//! A segment's codes are its own and, for axes of which they say nothing, the episode's. An axis about which codes
//! contradict each other stays unknown: no source after them stands in for what they dispute.
//!
//! A fact stated where its axis may not come from is left aside; telling so is [`crate::validate`]'s.

use jiff::civil::Date;
use vardnav_classification::facts::{SLOTS, bits};
use vardnav_classification::model::{Axis, Derivation, FactSource, Grain};
use vardnav_classification::{AxisIndex, DescriptionSystem, FactSet};

use crate::derived::{Derived, Part, PartDerived};
use crate::identity::{Identity, age_on, days_on};
use crate::mapping::{Mapped, MappedFrom, Maps, ReporterMaps, codes_of_record, codes_of_segment};
use crate::outcome::Outcome;
use crate::record::{Body, Contact, Fact, Person, Plan, Principal, Principals, Record, Segment, Sex};
use crate::surroundings::{EpisodeView, ReleaseView, SegmentView, Surroundings, covers};
use crate::unit::UnitVersion;

/// What is known of a person when a record is described.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    /// Legal sex.
    pub sex: Option<Sex>,
    /// Where ages come from.
    pub ages: Ages<'a>,
    /// Whether the identity is protected: then no residence is kept.
    pub protected: bool,
}

/// Where a person's age on a date comes from.
#[derive(Debug, Clone, Copy)]
pub enum Ages<'a> {
    /// From the date of birth.
    Born(Date),
    /// From what was derived before: dates of birth stay in the vault when a record is described again.
    Before(&'a Derived),
    /// It is not known.
    Unknown,
}

impl<'a> Attributes<'a> {
    /// The attributes of a person as reported, with what the identity number tells.
    pub fn of(person: &Person, identity: &Identity) -> Self {
        Self {
            sex: identity.sex.or(person.sex),
            ages: identity
                .birth_date
                .or(person.birth_date)
                .map_or(Ages::Unknown, Ages::Born),
            protected: person.protected,
        }
    }

    /// The attributes as they were derived before.
    pub fn before(derived: &'a Derived) -> Self {
        Self {
            sex: derived.sex,
            ages: Ages::Before(derived),
            protected: derived.protected,
        }
    }

    fn age_on(&self, date: Date) -> Option<u16> {
        match self.ages {
            Ages::Born(born) => age_on(born, date),
            Ages::Before(derived) => derived.parts.iter().find(|part| part.date == date)?.age,
            Ages::Unknown => None,
        }
    }

    /// Age in completed years on the record's date, and in days below one year.
    fn age_of(&self, record: &Record) -> (Option<u16>, Option<u16>) {
        let date = record.date();
        match self.ages {
            Ages::Born(born) => (age_on(born, date), days_on(born, date)),
            Ages::Before(derived) => (derived.years, derived.days),
            Ages::Unknown => (None, None),
        }
    }
}

/// Describes and classifies every part of a record. Parts on whose date no release is in force are left out. The
/// outcome tells whether a value waits; findings are not looked for.
pub fn derive<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    person: &Attributes<'_>,
    surroundings: &S,
) -> Derived {
    let maps = surroundings.reporter_maps(reporter);
    let one = |part, date, episode: Option<&str>| {
        let view = episode.and_then(|id| surroundings.episode(reporter, id));
        let mut context = Context::alone(record, part, date, view, surroundings);
        context.maps = maps;
        part_derived(&context, person, surroundings)
    };
    let parts = match &record.body {
        Body::Contact(contact) => one(Part::Contact, contact.date, contact.episode.as_deref())
            .into_iter()
            .collect(),
        Body::MonitoringPeriod(period) => {
            one(Part::MonitoringPeriod, period.start, period.episode.as_deref())
                .into_iter()
                .collect()
        }
        Body::Episode(episode) => episode
            .segments
            .iter()
            .enumerate()
            .filter_map(|(index, segment)| {
                let mut context = Context::segment(record, &episode.plans, index, segment, surroundings);
                context.maps = maps;
                part_derived(&context, person, surroundings)
            })
            .collect(),
        // A request is no care: nothing of it is classified.
        Body::CareRequest(_) => Vec::new(),
    };
    let (years, days) = person.age_of(record);
    let residence = record.residence.clone().filter(|_| !person.protected);
    let mut derived = Derived {
        protected: person.protected,
        sex: person.sex,
        residence,
        years,
        days,
        parts,
        ..Derived::default()
    };
    if derived.is_held() {
        derived.outcome = Outcome::Held;
    }
    derived
}

fn part_derived<S: Surroundings + ?Sized>(
    context: &Context<'_>,
    person: &Attributes<'_>,
    surroundings: &S,
) -> Option<PartDerived> {
    let release = surroundings.release_on(context.date)?;
    let age = person.age_on(context.date);
    let (facts, mapped) = context.facts(release, age);
    let tables = release
        .system
        .classify(context.part.grain(), context.date, &facts)
        .iter()
        .map(|(_, result)| result)
        .collect();
    Some(PartDerived {
        part: context.part,
        date: context.date,
        release: release.id.to_owned(),
        age,
        facts,
        mapped,
        tables,
    })
}

/// Where the facts of one part may come from.
struct Context<'a> {
    part: Part,
    date: Date,
    record: &'a [Fact],
    segment: &'a [Fact],
    episode: &'a [Fact],
    unit: Option<&'a UnitVersion>,
    contact: Option<&'a Contact>,
    plans: &'a [Plan],
    /// The record's and then the episode's.
    principals: [Option<&'a Principals>; 2],
    covering: Option<&'a SegmentView>,
    whole: &'a Record,
    /// The reporter's own maps.
    maps: Option<&'a ReporterMaps>,
}

impl<'a> Context<'a> {
    /// Of a contact or monitoring period.
    fn alone<S: Surroundings + ?Sized>(
        record: &'a Record,
        part: Part,
        date: Date,
        episode: Option<&'a EpisodeView>,
        surroundings: &'a S,
    ) -> Self {
        let episode = episode.filter(|episode| episode.covers(date));
        let covering = episode.and_then(|episode| episode.segment_on(date));
        let unit = record
            .unit
            .as_deref()
            .or_else(|| covering?.unit.as_deref())
            .or_else(|| episode?.unit.as_deref());
        Self {
            part,
            date,
            record: &record.facts,
            segment: covering.map_or(&[], |segment| &segment.facts),
            episode: episode.map_or(&[], |episode| &episode.facts),
            unit: unit.and_then(|unit| surroundings.unit(unit)?.on(date)),
            contact: match &record.body {
                Body::Contact(contact) => Some(contact),
                _ => None,
            },
            plans: episode.map_or(&[], |episode| &episode.plans),
            principals: [
                Some(&record.principals),
                episode.map(|episode| &episode.principals),
            ],
            covering,
            whole: record,
            maps: None,
        }
    }

    /// Of a segment. Its own facts count as the record's and as the segment's.
    fn segment<S: Surroundings + ?Sized>(
        record: &'a Record,
        plans: &'a [Plan],
        index: usize,
        segment: &'a Segment,
        surroundings: &'a S,
    ) -> Self {
        let unit = segment.unit.as_deref().or(record.unit.as_deref());
        Self {
            part: Part::Segment(index),
            date: segment.start,
            record: &[],
            segment: &segment.facts,
            episode: &record.facts,
            unit: unit.and_then(|unit| surroundings.unit(unit)?.on(segment.start)),
            contact: None,
            plans,
            principals: [Some(&record.principals), None],
            covering: None,
            whole: record,
            maps: None,
        }
    }

    /// What maps make of the codes: the segment's own, where the part is one, before those of the record as a whole.
    fn mapped(&self, release: ReleaseView<'_>) -> [Mapped; 2] {
        let maps = Maps {
            reporter: self.maps,
            release: release.maps,
        };
        let grain = self.part.grain();
        let own = match (self.part, &self.whole.body) {
            (Part::Segment(index), Body::Episode(episode)) => {
                let codes = episode
                    .segments
                    .get(index)
                    .map_or(&[][..], |segment| &segment.codes);
                Mapped::of(
                    codes_of_segment(index, codes),
                    maps,
                    release.system,
                    grain,
                    self.date,
                )
            }
            _ => Mapped::NOTHING,
        };
        let codes = codes_of_record(self.whole);
        [own, Mapped::of(codes, maps, release.system, grain, self.date)]
    }

    /// The facts, and which codes gave those that were mapped.
    fn facts(&self, release: ReleaseView<'_>, age: Option<u16>) -> (FactSet, Vec<MappedFrom>) {
        let system = release.system;
        let grain = self.part.grain();
        let record = Masks::of(self.record, system);
        let segment = Masks::of(self.segment, system);
        let episode = Masks::of(self.episode, system);
        let unit = self
            .unit
            .map_or(Masks::NONE, |unit| Masks::of(&unit.facts, system));
        let is_segment = grain == Grain::Segment;
        let by_codes = self.mapped(release);

        let mut facts = FactSet::new();
        let mut mapped = Vec::new();
        // Axes computed from other axes come after those they are computed from.
        for computed_from_axes in [false, true] {
            for (position, axis) in system.source().axes.iter().enumerate() {
                let from_axes = matches!(axis.derivation, Some(Derivation::Performer(_)));
                if from_axes != computed_from_axes || !axis.grains.contains(&grain) {
                    continue;
                }
                let Some(slot) = AxisIndex::new(position) else {
                    break;
                };
                for source in &axis.sources {
                    let (values, source) = match source {
                        FactSource::Record if is_segment => match segment.get(slot) {
                            0 => (episode.get(slot), FactSource::Episode),
                            values => (values, FactSource::Segment),
                        },
                        FactSource::Record => (record.get(slot), FactSource::Record),
                        FactSource::Segment => (segment.get(slot), FactSource::Segment),
                        FactSource::Episode => (episode.get(slot), FactSource::Episode),
                        FactSource::Unit => (unit.get(slot), FactSource::Unit),
                        FactSource::Derived => (
                            self.computed(release, axis, slot, age, &facts),
                            FactSource::Derived,
                        ),
                        FactSource::Mapped => match mapped_values(&by_codes, slot, &mut mapped) {
                            Some(values) => (values, FactSource::Mapped),
                            None => break,
                        },
                    };
                    if values != 0 {
                        facts.set(slot, values, source);
                        break;
                    }
                }
            }
        }
        self.given(system, &mut facts);
        mapped.sort_by_key(|from: &MappedFrom| from.axis);
        (facts, mapped)
    }

    /// What the covering segment's tables decided, for tables that take it as a fact.
    fn given(&self, system: &DescriptionSystem, facts: &mut FactSet) {
        for (table, code) in self.covering.map_or(&[][..], |segment| &segment.decided) {
            if let Some(slot) = system.axis(table)
                && system.axis_definition(slot).is_none()
                && system.takes_fact(slot, self.part.grain())
                && let Some(value) = system.value(slot, code)
            {
                facts.set(slot, 1 << value, FactSource::Segment);
            }
        }
    }

    /// Who holds a role, by the first place where anybody does: the record, its episode, its unit.
    fn role_stated(&self, role: &str) -> Option<&'a [Principal]> {
        self.principals
            .into_iter()
            .flatten()
            .chain(self.unit.map(|unit| &unit.principals))
            .map(|principals| principals.of_role(role))
            .find(|holders| !holders.is_empty())
    }

    /// The values of a derived axis; 0 when they cannot be computed.
    fn computed(
        &self,
        release: ReleaseView<'_>,
        axis: &Axis,
        slot: AxisIndex,
        age: Option<u16>,
        facts: &FactSet,
    ) -> u64 {
        let system = release.system;
        let value = |code: &str| system.value(slot, code).map_or(0, |value| 1 << value);
        match &axis.derivation {
            None => 0,
            Some(Derivation::Age(bands)) => age
                .and_then(|age| bands.iter().rev().find(|(first, _)| *first <= age))
                .map_or(0, |(_, code)| value(code)),
            Some(Derivation::PrincipalKind { role }) => self
                .role_stated(role)
                .map_or(0, |holders| kinds(holders, release, slot)),
            Some(Derivation::PrincipalBasis { roles }) => {
                let stated = roles.iter().filter_map(|role| self.role_stated(role));
                stated
                    .map(|holders| basis(holders, slot, system))
                    .find(|mask| *mask != 0)
                    .unwrap_or(0)
            }
            Some(Derivation::PlanExists { yes, no }) => {
                if self.plans.is_empty() {
                    0
                } else if self
                    .plans
                    .iter()
                    .any(|plan| covers(plan.from, plan.until, self.date))
                {
                    value(yes)
                } else {
                    value(no)
                }
            }
            Some(Derivation::Professions) => {
                let professions = self.contact.map_or(&[][..], |contact| &contact.professions);
                mask(professions, slot, system)
            }
            Some(Derivation::Performer(map)) => {
                let delegated = self.contact.and_then(|contact| contact.delegated) == Some(true);
                // The professions are those of the axis that is derived from them, wherever its facts came from.
                let professions = system
                    .source()
                    .axes
                    .iter()
                    .position(|axis| axis.derivation == Some(Derivation::Professions));
                let Some(professions) = professions.and_then(AxisIndex::new) else {
                    return 0;
                };
                let performed = bits(facts.values(professions)).filter_map(|profession| {
                    let code = system.value_code(professions, profession);
                    let entry = map.iter().find(|entry| entry.profession == code)?;
                    system.value(slot, if delegated { &entry.delegated } else { &entry.value })
                });
                performed.min().map_or(0, |first| 1 << first)
            }
        }
    }
}

/// What a care unit as it was on a day supplies to what it states of itself: the facts of axes that may come from a unit,
/// and the kinds and bases of those who hold its roles.
pub fn facts_of_unit(unit: &UnitVersion, release: ReleaseView<'_>) -> FactSet {
    let system = release.system;
    let stated = Masks::of(&unit.facts, system);
    let holders = |role: &String| unit.principals.of_role(role);
    let mut facts = FactSet::new();
    for (position, axis) in system.source().axes.iter().enumerate() {
        let Some(slot) = AxisIndex::new(position) else {
            break;
        };
        for source in &axis.sources {
            let values = match (source, &axis.derivation) {
                (FactSource::Unit, _) => stated.get(slot),
                (FactSource::Derived, Some(Derivation::PrincipalKind { role })) => {
                    kinds(holders(role), release, slot)
                }
                (FactSource::Derived, Some(Derivation::PrincipalBasis { roles })) => {
                    let each = roles.iter().map(|role| basis(holders(role), slot, system));
                    each.into_iter().find(|values| *values != 0).unwrap_or(0)
                }
                _ => 0,
            };
            if values != 0 {
                facts.set(slot, values, *source);
                break;
            }
        }
    }
    facts
}

/// The values of an axis by the first place whose codes say something of it, noted with what said it; `None` when they
/// contradict each other.
fn mapped_values(by_codes: &[Mapped], axis: AxisIndex, noted: &mut Vec<MappedFrom>) -> Option<u64> {
    for mapped in by_codes {
        let values = mapped.get(axis)?;
        if values != 0 {
            noted.extend(mapped.from(axis).cloned());
            return Some(values);
        }
    }
    Some(0)
}

/// The kinds of those who hold a role, as values of an axis: both where a region and a kommun hold it jointly, for each of
/// them does hold it. None where the kind of one of them is not known.
pub(crate) fn kinds(holders: &[Principal], release: ReleaseView<'_>, slot: AxisIndex) -> u64 {
    let mut kinds = holders.iter().map(|holder| {
        let kind = release.codes.principal_kind(&holder.organisation)?;
        release.system.value(slot, kind.code())
    });
    kinds
        .try_fold(0, |mask, value| Some(mask | 1 << value?))
        .unwrap_or(0)
}

/// The basis on which a role is held, as values of an axis: none where several hold it on different ones. Holders whose
/// basis is not stated do not count against those whose is.
fn basis(holders: &[Principal], slot: AxisIndex, system: &DescriptionSystem) -> u64 {
    let stated = holders.iter().filter_map(|holder| holder.basis.as_deref());
    let mask = stated
        .map(|basis| system.value(slot, basis))
        .try_fold(0u64, |mask, value| Some(mask | 1 << value?));
    mask.filter(|mask| mask.count_ones() == 1).unwrap_or(0)
}

/// Stated facts as masks by slot; 0 where an axis is not stated.
pub(crate) struct Masks([u64; SLOTS]);

impl Masks {
    const NONE: Self = Self([0; SLOTS]);

    /// Axes and values that the release does not know are left aside, and so is an axis with several values
    /// that takes one: which one holds is unknown, in whatever order they stand.
    pub(crate) fn of(facts: &[Fact], system: &DescriptionSystem) -> Self {
        let mut masks = Self::NONE;
        for fact in facts {
            let Some(axis) = system.axis(&fact.axis) else {
                continue;
            };
            if system.axis_definition(axis).is_some()
                && let Some(slot) = masks.0.get_mut(axis.position())
            {
                *slot |= mask(&fact.values, axis, system);
            }
        }
        for (slot, axis) in masks.0.iter_mut().zip(&system.source().axes) {
            if !axis.multiple && slot.count_ones() > 1 {
                *slot = 0;
            }
        }
        masks
    }

    pub(crate) fn get(&self, axis: AxisIndex) -> u64 {
        self.0.get(axis.position()).copied().unwrap_or(0)
    }
}

fn mask(codes: &[String], axis: AxisIndex, system: &DescriptionSystem) -> u64 {
    codes
        .iter()
        .filter_map(|code| system.value(axis, code))
        .fold(0, |mask, value| mask | 1 << value)
}
