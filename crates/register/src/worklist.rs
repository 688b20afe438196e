//! The worklist: which records wait, for what, since when, and who owns it. An item is what the latest revision of a
//! record leaves open; a later revision that is no longer held removes it. What is held is said by the entries: the
//! worklist tells what was derived when a revision was taken.
//!
//! Owners follow from the release: from where the facts of a missing axis may come. Nothing here stores, scans or reads
//! a clock; [`row`] gives an item its bytes, [`groups`] counts items, [`unmatched`] ranks what no rule meets.

pub mod groups;
pub mod row;
pub mod unmatched;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_classification::explain::{Explanation, Standing, TableExplanation, TestedFact, Verdict};
use vardnav_classification::model::{Derivation, FactSource, Grain, Label, Outcome as Gives};
use vardnav_classification::{DescriptionSystem, FactSet, TableIndex};

use crate::definition::Severity;
use crate::derived::{Derived, Part, PartDerived};
use crate::outcome::Outcome;
use crate::record::{Body, Fact, Record, RecordKind};

/// A record that waits, as its latest revision stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What kind of record.
    pub kind: RecordKind,
    /// Id given by the reporter.
    pub id: String,
    /// The latest revision.
    pub revision: u32,
    /// Position of that revision in the reporter's stream.
    pub position: u64,
    /// When the first revision of the unbroken run of held ones was taken, in microseconds since 1970-01-01 UTC.
    pub since: i64,
    /// The record's date.
    pub date: Date,
    /// What it waits for; alike parts of the record stand once.
    pub waits: Vec<Wait>,
    /// How many further waits there was no room for.
    pub more: u32,
}

/// What one part of a record, or several alike, waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Release whose table waits.
    pub release: String,
    /// The table; empty when a check holds the record.
    pub table: String,
    /// HSA-id of the care unit stated of the part.
    pub unit: Option<String>,
    /// Index of the first segment that waits so; `None` for contacts and monitoring periods.
    pub segment: Option<u32>,
    /// How many parts wait so.
    pub parts: u32,
    /// Why.
    pub cause: Cause,
}

/// Why a value waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Facts are missing.
    Missing {
        /// The axes that would decide, by id, with their owners.
        axes: Vec<MissingAxis>,
        /// Codes of the values still possible; none when only rows that hold are.
        possible: Vec<String>,
    },
    /// A row that holds, or the guard, decided.
    Rule {
        /// The rule.
        rule: String,
        /// Whether it is the guard: no rule is there for the combination.
        guard: bool,
        /// The facts that led there: those that met the row or, of the guard, that ruled out every other rule. By axis.
        facts: Vec<Fact>,
    },
    /// A check of the release holds the record.
    Check {
        /// Its finding code.
        code: String,
        /// Path in the record.
        path: String,
    },
}

/// An axis whose fact is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingAxis {
    /// The axis, or a table that waits for no axis.
    pub axis: String,
    /// Who can supply it.
    pub owner: Owner,
}

/// Who owns what is held. The numbers are stored in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Owner {
    /// The care unit that the reporter reports for: the fact is stated in the record.
    ReportingUnit = 1,
    /// Whoever administers the unit's registration: the fact may be stated there, once for all its records.
    UnitRegistration = 2,
    /// The authority: a rule is wanted.
    Authority = 3,
}

/// One thing that is wanted: what groups are made by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Want {
    /// A fact of an axis, or the value of a table.
    Fact(String),
    /// A decision on what a rule holds.
    Rule(String),
    /// A correction of what a check found.
    Check(String),
}

/// A revision as it comes from a reporter's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Position in the stream.
    pub position: u64,
    /// What kind of record.
    pub kind: RecordKind,
    /// Id given by the reporter.
    pub id: String,
    /// Revision.
    pub revision: u32,
    /// When it was taken, in microseconds since 1970-01-01 UTC.
    pub received: i64,
    /// The record's date and what it waits for; `None` when it is not held, or was erased.
    pub held: Option<(Date, Vec<Wait>)>,
}

/// A release that is needed to tell what a record waits for, and is not at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("release {0} is not at hand")]
pub struct ReleaseNotAtHand(pub String);

impl Item {
    /// What the worklist holds of a record after a revision of it. `former` is what it held before.
    pub fn after(former: Option<&Self>, revision: Revision) -> Option<Self> {
        let (date, waits) = revision.held?;
        Some(Self {
            kind: revision.kind,
            id: revision.id,
            revision: revision.revision,
            position: revision.position,
            since: former.map_or(revision.received, |former| former.since),
            date,
            waits,
            more: 0,
        })
    }

    /// What its tables are asked about. A care request has none to ask, and never waits.
    pub fn grain(&self) -> Grain {
        match self.kind {
            RecordKind::Episode => Grain::Segment,
            RecordKind::Contact | RecordKind::CareRequest => Grain::Contact,
            RecordKind::MonitoringPeriod => Grain::MonitoringPeriod,
        }
    }

    /// How many whole days it has waited at an instant in microseconds since 1970-01-01 UTC.
    pub fn days(&self, now: i64) -> u32 {
        const DAY: i64 = 86_400_000_000;
        u32::try_from(now.saturating_sub(self.since).div_euclid(DAY)).unwrap_or(0)
    }
}

impl Wait {
    /// Everything that is wanted, with who owns it.
    pub fn wants(&self) -> impl Iterator<Item = (Want, Owner)> + '_ {
        let (axes, one) = match &self.cause {
            Cause::Missing { axes, .. } => (axes.as_slice(), None),
            Cause::Rule { rule, .. } => (&[][..], Some((Want::Rule(rule.clone()), Owner::Authority))),
            Cause::Check { code, .. } => (&[][..], Some((Want::Check(code.clone()), Owner::ReportingUnit))),
        };
        let axes = axes
            .iter()
            .map(|missing| (Want::Fact(missing.axis.clone()), missing.owner));
        axes.chain(one)
    }
}

/// The date of a record and what it waits for; `None` when nothing of it waits. `system` finds the description system
/// of a release by the release's id.
///
/// # Errors
/// [`ReleaseNotAtHand`] when it does not find one that a part was described with.
pub fn held<'a>(
    record: &Record,
    derived: &Derived,
    system: impl Fn(&str) -> Option<&'a DescriptionSystem>,
) -> Result<Option<(Date, Vec<Wait>)>, ReleaseNotAtHand> {
    if derived.outcome != Outcome::Held && !derived.is_held() {
        return Ok(None);
    }
    let mut waits: Vec<Wait> = Vec::new();
    for part in derived.parts.iter().filter(|part| part.is_held()) {
        let system = system(&part.release).ok_or_else(|| ReleaseNotAtHand(part.release.clone()))?;
        let unit = unit_of(record, part.part);
        for wait in waits_of(part, unit, system) {
            let alike = waits.iter_mut().find(|known| {
                known.cause == wait.cause
                    && known.table == wait.table
                    && known.release == wait.release
                    && known.unit == wait.unit
            });
            match alike {
                Some(known) => known.parts = known.parts.saturating_add(1),
                None => waits.push(wait),
            }
        }
    }
    if waits.is_empty() {
        let release = derived.parts.first().map(|part| part.release.clone());
        let holding = derived
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Hold);
        waits.extend(holding.map(|finding| Wait {
            release: release.clone().unwrap_or_default(),
            table: String::new(),
            unit: record.unit.clone(),
            segment: None,
            parts: 1,
            cause: Cause::Check {
                code: finding.code.clone(),
                path: finding.path.clone(),
            },
        }));
    }
    Ok(Some((record.date(), waits)))
}

/// Who can supply what is missing of a slot. The registration of a unit is asked only where a unit is stated.
pub fn owner(axis: &str, grain: Grain, has_unit: bool, system: &DescriptionSystem) -> Owner {
    let Some(slot) = system.axis(axis) else {
        return Owner::Authority;
    };
    match system.axis_definition(slot) {
        Some(axis) if has_unit && axis.sources.contains(&FactSource::Unit) => Owner::UnitRegistration,
        Some(_) => Owner::ReportingUnit,
        // A table of the segment that covers a contact: the record, or its episode, is to be mended.
        None if system.takes_fact(slot, grain) => Owner::ReportingUnit,
        None => Owner::Authority,
    }
}

/// What to do about a missing fact, in words.
pub fn remedy(axis: &str, owner: Owner, system: Option<&DescriptionSystem>) -> Label {
    let definition = system.and_then(|system| system.axis_definition(system.axis(axis)?));
    let states = |source| definition.is_some_and(|axis| axis.sources.contains(&source));
    let stated = [FactSource::Record, FactSource::Segment, FactSource::Episode]
        .into_iter()
        .any(states);
    let computed = definition
        .and_then(|axis| axis.derivation.as_ref())
        .map(computed_from);
    match (owner, stated, computed) {
        (Owner::UnitRegistration, true, _) => label(
            "rätta enhetens registrering, så avgörs posterna på nytt vid nästa omklassificering, eller ange faktumet i posterna",
            "mend the registration of the unit, and the records are decided anew by the next reclassification, or supply the fact in the records",
        ),
        (Owner::UnitRegistration, false, _) => label(
            "rätta enhetens registrering; posterna avgörs på nytt vid nästa omklassificering",
            "mend the registration of the unit; the records are decided anew by the next reclassification",
        ),
        (Owner::ReportingUnit, true, _) => label(
            "ange faktumet, för många poster på en gång eller i en ny revision",
            "supply the fact, for many records at once or in a new revision",
        ),
        (Owner::ReportingUnit, false, Some(from)) => label(
            &format!("ange {from} i en ny revision av posten"),
            &format!("state {from} in a new revision of the record"),
        ),
        (Owner::ReportingUnit, false, None) => label(
            "rätta posten, eller vårdepisoden som den hör till, i en ny revision",
            "mend the record, or the episode it belongs to, in a new revision",
        ),
        (Owner::Authority, ..) => label(
            "en regel saknas eller håller kombinationen: förvaltningen avgör i en ny utgåva",
            "a rule is wanting, or holds the combination: the authority decides in a new release",
        ),
    }
}

/// The fields of a record that a derived axis is computed from.
fn computed_from(derivation: &Derivation) -> String {
    match derivation {
        Derivation::Age(_) => "person.birth_date".to_owned(),
        Derivation::PrincipalKind { role } => format!("principals.{role}"),
        Derivation::PrincipalBasis { roles } => {
            let paths: Vec<String> = roles.iter().map(|role| format!("principals.{role}")).collect();
            paths.join(", ")
        }
        Derivation::PlanExists { .. } => "plans".to_owned(),
        Derivation::Professions => "professions".to_owned(),
        Derivation::Performer(_) => "professions, delegated".to_owned(),
    }
}

fn label(sv: &str, en: &str) -> Label {
    Label {
        sv: sv.to_owned(),
        en: en.to_owned(),
    }
}

fn unit_of(record: &Record, part: Part) -> Option<&str> {
    let own = match (&record.body, part) {
        (Body::Episode(episode), Part::Segment(index)) => episode.segments.get(index)?.unit.as_deref(),
        _ => None,
    };
    own.or(record.unit.as_deref())
}

fn waits_of(part: &PartDerived, unit: Option<&str>, system: &DescriptionSystem) -> Vec<Wait> {
    let grain = part.part.grain();
    let explanation: Explanation<'_> = system.explain(grain, part.date, &part.facts);
    let held = explanation
        .tables()
        .filter(|table| table.verdict() == Verdict::Held);
    held.map(|table| Wait {
        release: part.release.clone(),
        table: table.id().to_owned(),
        unit: unit.map(str::to_owned),
        segment: match part.part {
            Part::Segment(index) => u32::try_from(index).ok(),
            Part::Contact | Part::MonitoringPeriod => None,
        },
        parts: 1,
        cause: cause(table, |axis| owner(axis, grain, unit.is_some(), system)),
    })
    .collect()
}

/// What a table that could not decide wants: facts, or a decision on a rule. Nothing of a table that decided.
pub(crate) fn wanted(
    system: &DescriptionSystem,
    (grain, date, facts): (Grain, Date, &FactSet),
    table: TableIndex,
) -> Vec<Want> {
    let explanation = system.explain(grain, date, facts);
    let id = system.tables().find(|(index, _)| *index == table);
    let id = id.map(|(_, table)| table.id.as_str());
    let mut held = explanation
        .tables()
        .filter(|told| told.verdict() == Verdict::Held);
    let Some(told) = held.find(|told| Some(told.id()) == id) else {
        return Vec::new();
    };
    match cause(told, |_| Owner::Authority) {
        Cause::Missing { axes, .. } => axes.into_iter().map(|missing| Want::Fact(missing.axis)).collect(),
        Cause::Rule { rule, .. } => vec![Want::Rule(rule)],
        Cause::Check { code, .. } => vec![Want::Check(code)],
    }
}

fn cause(table: TableExplanation<'_, '_>, owner: impl Fn(&str) -> Owner) -> Cause {
    if let Some(matched) = table.matched().next() {
        let guard = matches!(matched.rule.outcome, Gives::CatchAll);
        let facts = if guard {
            combination(table.others().flat_map(|other| match other.standing {
                Standing::RuledOut(tests) => tests,
                Standing::NotInForce { .. } | Standing::Undetermined(_) => &[],
            }))
        } else {
            combination(matched.facts)
        };
        return Cause::Rule {
            rule: matched.rule.id.clone(),
            guard,
            facts,
        };
    }
    let mut axes: BTreeSet<&str> = table.possible().flat_map(|value| value.missing.ids()).collect();
    if axes.is_empty() {
        // Only rows that hold are possible: what would tell which of them.
        axes.extend(
            table
                .others()
                .filter_map(|other| match other.standing {
                    Standing::Undetermined(missing) => Some(missing.ids()),
                    Standing::NotInForce { .. } | Standing::RuledOut(_) => None,
                })
                .flatten(),
        );
    }
    Cause::Missing {
        axes: axes
            .into_iter()
            .map(|axis| MissingAxis {
                axis: axis.to_owned(),
                owner: owner(axis),
            })
            .collect(),
        possible: table.possible().map(|value| value.value.to_owned()).collect(),
    }
}

/// Tested facts as facts: each axis once, by axis.
fn combination<'e, 's: 'e>(tests: impl IntoIterator<Item = &'e TestedFact<'s>>) -> Vec<Fact> {
    let facts: BTreeMap<&str, Vec<String>> = tests
        .into_iter()
        .map(|test| (test.axis(), test.values().map(str::to_owned).collect()))
        .collect();
    let facts = facts.into_iter();
    facts
        .map(|(axis, values)| Fact {
            axis: axis.to_owned(),
            values,
        })
        .collect()
}
