//! The same case under two releases or choices of variants. What one side does not know is left out there, and told.

use std::sync::Arc;

use vardnav_api::classification::{ComparedResults, comparison_messages};
use vardnav_api::vardnav::classification::v1::{Case, ComparedSide, Comparison, TableComparison};
use vardnav_classification::FactSet;
use vardnav_classification::compare::{Side, compare};
use vardnav_interchange::classify_lines::LineFinding;

use crate::basis::{Basis, Decider};
use crate::case::{Frame, facts, finding_message, frame, results, usable_id};

/// What a side makes of a case.
struct Sided {
    decider: Arc<Decider>,
    facts: FactSet,
    /// What it does not know, with the place of the fact.
    unknown: Vec<(usize, LineFinding)>,
}

/// Compares what two sides make of a case.
pub(crate) fn of_case(case: &Case, one: &mut Basis<'_>, other: &mut Basis<'_>) -> Comparison {
    let mut comparison = Comparison {
        id: usable_id(case),
        ..Comparison::default()
    };
    match frame(case) {
        Err(findings) => comparison.findings = findings.into_iter().map(finding_message).collect(),
        Ok(frame) => {
            let (left, right) = (sided(case, frame, one), sided(case, frame, other));
            if let (Ok(left), Ok(right)) = (&left, &right) {
                comparison.tables = tables(frame, left, right);
                comparison.differs = comparison.tables.iter().any(|table| table.differs);
            }
            comparison.one = Some(side_message(left));
            comparison.other = Some(side_message(right));
        }
    }
    comparison
}

fn sided(case: &Case, frame: Frame, basis: &mut Basis<'_>) -> Result<Sided, Vec<LineFinding>> {
    let decider = basis.on(frame.date)?;
    let (facts, unknown) = facts(&decider.system, frame.grain, case);
    Ok(Sided {
        decider,
        facts,
        unknown,
    })
}

/// What the tables give on both sides; nothing when neither side knows what some fact means.
fn tables(frame: Frame, one: &Sided, other: &Sided) -> Vec<TableComparison> {
    let nowhere = |(at, _): &(usize, LineFinding)| other.unknown.iter().any(|(place, _)| place == at);
    if one.unknown.iter().any(nowhere) {
        return Vec::new();
    }
    let side = |sided: &'_ Sided| -> (Vec<_>, FactSet) {
        (
            results(&sided.decider.system, frame, &sided.facts, false),
            sided.facts,
        )
    };
    let ((left, left_facts), (right, right_facts)) = (side(one), side(other));
    let (one, other) = (&one.decider.system, &other.decider.system);
    let compared = compare(
        frame.grain,
        frame.date,
        Side {
            system: one,
            facts: left_facts,
        },
        Side {
            system: other,
            facts: right_facts,
        },
    );
    comparison_messages(
        &compared,
        ComparedResults {
            system: one,
            results: &left,
        },
        ComparedResults {
            system: other,
            results: &right,
        },
    )
}

fn side_message(sided: Result<Sided, Vec<LineFinding>>) -> ComparedSide {
    match sided {
        Ok(Sided { decider, unknown, .. }) => ComparedSide {
            release: decider.release.id.clone(),
            variants: decider.variants.clone(),
            findings: unknown
                .into_iter()
                .map(|(_, finding)| finding_message(finding))
                .collect(),
        },
        Err(findings) => ComparedSide {
            findings: findings.into_iter().map(finding_message).collect(),
            ..ComparedSide::default()
        },
    }
}
