//! Coded variables: which code systems a release lets the values of each come from, and whether a value is a code
//! of one of them on the date it is about. A variable without code systems takes what its own checks take.

use jiff::civil::Date;

use super::Mechanism;
use super::report::Report;
use crate::definition::Variable;
use crate::record::{Episode, Plan, RecordKind};
use crate::surroundings::{CodeStatus, Codes};

/// Paths of variables for which a release may name code systems. Those of `person` are fixed by the format, and
/// `residence` is held against the geography by a mechanism of its own; the others are held against the systems
/// named.
pub const CODED_PATHS: &[&str] = &[
    "principals.responsible",
    "principals.performing",
    "principals.bed_owner",
    "principals.payer",
    "end_mode",
    "decided_by",
    "plans.kind",
    "plans.parties",
    "reason",
    "diagnoses",
    "procedures",
    "measures",
    "principals.basis",
    "responsibilities.role",
    "external_causes",
    "problem",
    "channel",
    "ending",
    "person.type",
    "person.sex",
    "residence",
];

/// A variable whose values are held against code systems, in the order of [`CODED_PATHS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Responsible,
    Performing,
    BedOwner,
    Payer,
    EndMode,
    DecidedBy,
    PlanKind,
    PlanParties,
    Reason,
    Diagnoses,
    Procedures,
    Measures,
    Basis,
    Role,
    ExternalCauses,
    Problem,
    Channel,
    Ending,
}

/// How many [`Field`]s there are.
const FIELDS: usize = Field::Ending as usize + 1;

/// The coded variables of a release.
#[derive(Debug, Clone)]
pub(super) struct CodedVariables {
    by_field: [Option<Coded>; FIELDS],
}

#[derive(Debug, Clone)]
struct Coded {
    kinds: Vec<RecordKind>,
    from: Date,
    systems: Vec<String>,
}

impl CodedVariables {
    pub(super) fn compile(variables: &[Variable]) -> Self {
        let mut coded = Self {
            by_field: Default::default(),
        };
        for (field, path) in coded.by_field.iter_mut().zip(CODED_PATHS) {
            let variable = variables
                .iter()
                .find(|variable| variable.path == *path && !variable.code_systems.is_empty());
            *field = variable.map(|variable| Coded {
                kinds: variable.kinds.clone(),
                from: variable.from,
                systems: variable.code_systems.clone(),
            });
        }
        coded
    }

    /// The code systems of a variable on a date; none when it is not coded.
    pub(super) fn systems(&self, field: Field, kind: RecordKind, date: Date) -> &[String] {
        match self.by_field.get(field as usize) {
            Some(Some(coded)) if coded.from <= date && coded.kinds.contains(&kind) => &coded.systems,
            _ => &[],
        }
    }
}

/// Holds a value that names no system against the systems of its variable.
pub(super) fn value(
    code: &str,
    systems: &[String],
    date: Date,
    codes: &dyn Codes,
    path: impl Fn() -> String,
    report: &mut Report<'_>,
) {
    if systems.is_empty() || code.is_empty() {
        return;
    }
    let mut status = CodeStatus::Unknown;
    for system in systems {
        match codes.check(system, None, code, date) {
            CodeStatus::Valid if codes.is_detailed_enough(system, None, code, date) => return,
            CodeStatus::Valid => {
                report.add_shape(Mechanism::CodeMostDetailed, path, code);
                return;
            }
            // What is not loaded may hold the code.
            CodeStatus::NotLoaded => status = CodeStatus::NotLoaded,
            CodeStatus::NotValidOnDate if status == CodeStatus::Unknown => {
                status = CodeStatus::NotValidOnDate
            }
            CodeStatus::NotValidOnDate | CodeStatus::Unknown | CodeStatus::UnknownSystem => {}
        }
    }
    match status {
        CodeStatus::NotLoaded => report.add(Mechanism::CodeEditionNotLoaded, path),
        CodeStatus::NotValidOnDate => report.add_shape(Mechanism::CodeNotValidOnDate, path, code),
        _ => report.add_shape(Mechanism::CodeUnknown, path, code),
    }
}

/// The date that the mode of an episode's end is about: the last date included.
pub(super) fn end_date(episode: &Episode) -> Date {
    let last = episode.end.and_then(|end| end.yesterday().ok());
    last.map_or(episode.start, |last| last.max(episode.start))
}

/// The date that a plan is about: the first of the episode on which it may hold.
pub(super) fn plan_date(plan: &Plan, episode: &Episode) -> Date {
    plan.from.max(episode.start)
}
