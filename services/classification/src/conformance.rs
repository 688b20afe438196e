//! The conformance cases of a release as messages, with the answers expected to them. Which cases there are is
//! decided by the pure crate; what is expected is what this service answers.

use jiff::civil::Date;
use vardnav_api::classification::grain_message;
use vardnav_api::common::date_message;
use vardnav_api::vardnav::classification::v1::{Case, ConformanceCase, ListConformanceCasesResponse};
use vardnav_api::vardnav::r#type::v1::Fact;
use vardnav_classification::verify::cases;

use crate::basis::{Basis, Found};
use crate::case::{self, Wanted};

/// Cases in one message.
const MESSAGE_CASES: usize = 500;

/// The cases of what decides on a date, in messages.
///
/// # Errors
/// Findings: that no release applies, or which variants the one that applies has.
pub(crate) fn messages(basis: &mut Basis<'_>, date: Date) -> Found<Vec<ListConformanceCasesResponse>> {
    let decider = basis.on(date)?;
    let made = cases::cases(&decider.system, decider.release.from);
    let mut answered = made.cases.iter().map(|made| {
        let case = message(made);
        ConformanceCase {
            expected: Some(case::classify(basis, &case, Wanted::default()).classification),
            case: Some(case),
        }
    });
    let mut messages = Vec::with_capacity(made.cases.len().div_ceil(MESSAGE_CASES));
    loop {
        let cases: Vec<_> = answered.by_ref().take(MESSAGE_CASES).collect();
        if cases.is_empty() {
            return Ok(messages);
        }
        messages.push(ListConformanceCasesResponse {
            cases,
            more: made.more,
        });
    }
}

fn message(made: &cases::Case) -> Case {
    let facts = made.facts.iter().map(|(axis, values)| Fact {
        axis: axis.clone(),
        values: values.clone(),
    });
    Case {
        id: made.id.clone(),
        of: grain_message(made.grain).into(),
        date: Some(date_message(made.date)),
        facts: facts.collect(),
    }
}
