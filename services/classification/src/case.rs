//! One case: read under what decides it, and decided.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_api::classification::{counterfactual_messages, explanation_messages, grain, result_messages};
use vardnav_api::common::date;
use vardnav_api::vardnav::classification::v1::{
    Case, Classification, TableCounterfactuals, TableExplanation, TableResult,
};
use vardnav_api::vardnav::r#type::v1::{Finding, Severity};
use vardnav_classification::{DescriptionSystem, FactSet, FactSource, Grain};
use vardnav_interchange::classify_lines::{LineFinding, fact_fault, id_fault};

use crate::basis::{Basis, Decider};

/// What an answer carries beside the classification.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// The reasons.
    pub explanation: bool,
    /// What would lead elsewhere.
    pub counterfactuals: bool,
    /// Nothing of what a table that collects might still give, which is most of an answer.
    pub brief: bool,
}

/// The answer to a case.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The result, or the findings.
    pub classification: Classification,
    /// The reasons, when asked for.
    pub explanation: Vec<TableExplanation>,
    /// What would lead elsewhere, when asked for.
    pub counterfactuals: Vec<TableCounterfactuals>,
}

/// What a case is about, before any release is asked what its facts mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) grain: Grain,
    pub(crate) date: Date,
}

/// Reads what a case is about.
pub(crate) fn frame(case: &Case) -> Result<Frame, Vec<LineFinding>> {
    let mut findings: Vec<LineFinding> = id_fault(&case.id).into_iter().collect();
    let grain = grain(case.of());
    if grain.is_none() {
        let message = "state contact, segment or monitoring period";
        findings.push(LineFinding::new("VN-CLS-006", "of", message));
    }
    let date = date(case.date.as_ref(), "date").map_err(|error| {
        findings.push(LineFinding::new("VN-CLS-007", "date", error.message));
    });
    match (grain, date) {
        (Some(grain), Ok(date)) if findings.is_empty() => Ok(Frame { grain, date }),
        _ => Err(findings),
    }
}

/// The facts of a case, and what is wrong with those that mean nothing here, with their places: they are left out.
pub(crate) fn facts(
    system: &DescriptionSystem,
    grain: Grain,
    case: &Case,
) -> (FactSet, Vec<(usize, LineFinding)>) {
    let (mut facts, mut findings) = (FactSet::new(), Vec::new());
    for (at, fact) in case.facts.iter().enumerate() {
        let codes = || fact.values.iter().map(String::as_str);
        if let Err(error) = system.state(grain, &mut facts, &fact.axis, codes(), FactSource::Record) {
            let finding = fact_fault(error, &fact.axis, codes(), fact.values.len() > 1);
            findings.push((at, finding));
        }
    }
    (facts, findings)
}

/// Classifies a case. What is wrong with it stands in the findings.
pub(crate) fn classify(basis: &mut Basis<'_>, case: &Case, wanted: Wanted) -> Answer {
    match read(basis, case) {
        Ok((decider, frame, facts)) => decide(case, &decider, frame, &facts, wanted),
        Err(findings) => Answer {
            classification: Classification {
                id: usable_id(case),
                findings: findings.into_iter().map(finding_message).collect(),
                ..Classification::default()
            },
            ..Answer::default()
        },
    }
}

/// The id of a case, unless it may not be repeated.
pub(crate) fn usable_id(case: &Case) -> String {
    if id_fault(&case.id).is_none() {
        case.id.clone()
    } else {
        String::new()
    }
}

fn read(basis: &mut Basis<'_>, case: &Case) -> Result<(Arc<Decider>, Frame, FactSet), Vec<LineFinding>> {
    let frame = frame(case)?;
    let decider = basis.on(frame.date)?;
    let (facts, findings) = facts(&decider.system, frame.grain, case);
    if findings.is_empty() {
        Ok((decider, frame, facts))
    } else {
        Err(findings.into_iter().map(|(_, finding)| finding).collect())
    }
}

fn decide(case: &Case, decider: &Decider, frame: Frame, facts: &FactSet, wanted: Wanted) -> Answer {
    let system = &decider.system;
    let Frame { grain, date } = frame;
    let mut answer = Answer {
        classification: Classification {
            id: case.id.clone(),
            results: results(system, frame, facts, wanted.brief),
            release: decider.release.id.clone(),
            variants: decider.variants.clone(),
            findings: Vec::new(),
        },
        ..Answer::default()
    };
    if wanted.explanation {
        answer.explanation = explanation_messages(&system.explain(grain, date, facts));
    }
    if wanted.counterfactuals {
        answer.counterfactuals = counterfactual_messages(system, &system.counterfactuals(grain, date, facts));
    }
    answer
}

/// What the tables give; when it is to be brief, without what those that collect might still give.
pub(crate) fn results(
    system: &DescriptionSystem,
    frame: Frame,
    facts: &FactSet,
    brief: bool,
) -> Vec<TableResult> {
    let Frame { grain, date } = frame;
    let mut filled = *facts;
    let result = system.classify_into(grain, date, &mut filled);
    let mut undetermined = Vec::new();
    let held = |table| {
        matches!(
            result.get(table),
            vardnav_classification::TableResult::Held { .. }
        )
    };
    if !brief || result.iter().any(|(table, _)| held(table)) {
        system.undetermined(date, &filled, &result, &mut undetermined);
    }
    if brief {
        undetermined.retain(|open| held(open.table));
    }
    result_messages(system, &result, &undetermined, |table| {
        let matching = system.matching(table, date, &filled);
        matching
            .filter_map(|rule| system.rule(table, rule))
            .map(|rule| rule.id.clone())
            .collect()
    })
}

/// A finding as a message.
pub(crate) fn finding_message(finding: LineFinding) -> Finding {
    Finding {
        code: finding.code.to_owned(),
        severity: Severity::Error.into(),
        path: finding.path,
        message: finding.message,
    }
}
