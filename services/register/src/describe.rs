//! Describing one record as it would be reported: the same surroundings, checks and derivation that intake uses, told in
//! full and with nothing stored. Nothing that names the person is in the answer, and neither are the record's codes:
//! the caller has them.

use std::collections::HashMap;
use std::sync::Arc;

use vardnav_api::classification::{
    counterfactual_messages, explanation_messages, result_messages, source_name,
};
use vardnav_api::common::{date_message, finding_message};
use vardnav_api::register::record;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::classification::v1 as classification;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_classification::facts::{SLOTS, bits};
use vardnav_classification::{AxisIndex, DescriptionSystem};
use vardnav_register::derive::{Ages, Attributes, derive};
use vardnav_register::derived::{Derived, Part, PartDerived};
use vardnav_register::identity::{identify, reference_date};
use vardnav_register::mapping::unmapped;
use vardnav_register::outcome::assess;
use vardnav_register::record::{Body, Record};
use vardnav_register::surroundings::Surroundings as _;
use vardnav_runtime::clock;
use vardnav_store::StreamId;

use crate::answer::outcome_message;
use crate::intake::{all_loaded, named_episodes};
use crate::ledger::{self, Among};
use crate::surroundings::BatchSurroundings;
use crate::{Register, store_error};

/// Parts of a record that is described: each is told in full.
const PARTS_MAX: usize = 100;
/// Facts and codes of a record that is described, of all its parts together.
const STATED_MAX: usize = 5_000;

/// What an answer carries beside facts and classes.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    explanation: bool,
    counterfactuals: bool,
}

impl Register {
    /// Describes and classifies a record of a registered reporter. Reads, and stores nothing.
    ///
    /// # Errors
    /// When the message is no record, is larger than what is described, or what it needs cannot be read.
    pub(crate) async fn describe(
        self: &Arc<Self>,
        stream: &StreamId,
        request: pb::DescribeRecordRequest,
    ) -> Result<pb::DescribeRecordResponse, ApiError> {
        let pb::DescribeRecordRequest {
            reporter,
            record: message,
            explain,
            counterfactuals,
        } = request;
        let mut message = message.ok_or_else(|| ApiError::field("record", "a record is needed"))?;
        message.person.get_or_insert_with(|| pb::Person {
            identity_type: pb::IdentityType::Personnummer.into(),
            ..pb::Person::default()
        });
        let record = record(message).map_err(|error| error.within("record"))?;
        within_limits(&record)?;
        let wanted = Wanted {
            explanation: explain,
            counterfactuals,
        };
        let view = self.authority.view();
        let read = [Ok(record)];
        all_loaded(&view, &reporter, &read).map_err(store_error)?;
        let episodes = {
            let (store, named) = (self.store.as_ref(), named_episodes(&read));
            ledger::episodes(store, stream, &view, named, Among::default())
        };
        let surroundings = BatchSurroundings::of(Arc::clone(&view), episodes.await.map_err(store_error)?);
        let received = clock::now_micros();
        let described = move || {
            let [Ok(record)] = &read else {
                return pb::DescribeRecordResponse::default();
            };
            described(record, &reporter, received, &surroundings, wanted)
        };
        self.compute(described).await.map_err(store_error)
    }
}

/// Whether a record is small enough to be told in full: also one that would be rejected for its size is described.
fn within_limits(record: &Record) -> Result<(), ApiError> {
    let (parts, further) = match &record.body {
        Body::Episode(episode) => {
            let segments = episode.segments.iter();
            let stated = segments.map(|segment| segment.facts.len() + segment.codes.len());
            (episode.segments.len(), stated.sum())
        }
        Body::Contact(contact) => (1, contact.procedures.len() + contact.professions.len()),
        Body::MonitoringPeriod(_) | Body::CareRequest(_) => (1, 0),
    };
    let stated = record.facts.len() + record.codes.len() + further;
    if parts <= PARTS_MAX && stated <= STATED_MAX {
        return Ok(());
    }
    let message =
        format!("a record is described that has at most {PARTS_MAX} parts and {STATED_MAX} facts and codes");
    Err(ApiError::new(Kind::ResourceExhausted, "VN-API-012", message))
}

fn described(
    record: &Record,
    reporter: &str,
    received: i64,
    surroundings: &BatchSurroundings,
    wanted: Wanted,
) -> pb::DescribeRecordResponse {
    let assessment = assess(record, reporter, received, surroundings);
    let derived = match assessment.accepted {
        Some((_, derived)) => derived,
        None => anyway(record, reporter, received, surroundings),
    };
    let parts = derived.parts.iter().filter_map(|part| {
        let release = surroundings.view.snapshot(&part.release)?;
        Some(part_message(part, &release.description, wanted))
    });
    let unmapped = unmapped(record, reporter, surroundings);
    pb::DescribeRecordResponse {
        outcome: outcome_message(assessment.outcome).into(),
        findings: assessment.findings.iter().map(finding_message).collect(),
        parts: parts.collect(),
        unmapped: unmapped
            .into_iter()
            .map(|code| pb::UnmappedCode {
                path: code.path.to_string(),
                asked: code.asked,
            })
            .collect(),
    }
}

/// What can be derived of a record that would be rejected.
fn anyway(record: &Record, reporter: &str, received: i64, surroundings: &BatchSurroundings) -> Derived {
    let patterns = surroundings
        .release_on(record.date())
        .map_or(&[][..], |release| &release.register.reserve_patterns);
    let person = &record.person;
    let attributes = match identify(person, reference_date(received), patterns) {
        Ok(identity) => Attributes::of(person, &identity),
        Err(_) => Attributes {
            sex: person.sex,
            ages: person.birth_date.map_or(Ages::Unknown, Ages::Born),
            protected: person.protected,
        },
    };
    derive(record, reporter, &attributes, surroundings)
}

fn part_message(part: &PartDerived, system: &DescriptionSystem, wanted: Wanted) -> pb::DescribedPart {
    let (grain, date) = (part.part.grain(), part.date);
    let mut filled = part.facts;
    let result = system.classify_into(grain, date, &mut filled);
    let mut undetermined = Vec::new();
    system.undetermined(date, &filled, &result, &mut undetermined);
    let results = result_messages(system, &result, &undetermined, |table| {
        let matching = system.matching(table, date, &filled);
        matching
            .filter_map(|rule| Some(system.rule(table, rule)?.id.clone()))
            .collect()
    });
    let mut explanation = Vec::new();
    if wanted.explanation {
        explanation = explanation_messages(&system.explain(grain, date, &part.facts));
        name_codes(&mut explanation, part, system);
    }
    let mut counterfactuals = Vec::new();
    if wanted.counterfactuals {
        counterfactuals = counterfactual_messages(system, &system.counterfactuals(grain, date, &part.facts));
    }
    pb::DescribedPart {
        segment: match part.part {
            Part::Segment(index) => u32::try_from(index).ok(),
            Part::Contact | Part::MonitoringPeriod => None,
        },
        date: Some(date_message(date)),
        release: part.release.clone(),
        facts: facts(part, system),
        missing: missing(&results, system),
        results,
        explanation,
        counterfactuals,
    }
}

fn facts(part: &PartDerived, system: &DescriptionSystem) -> Vec<pb::DescribedFact> {
    let known = (0..SLOTS).filter_map(AxisIndex::new).filter_map(|axis| {
        let source = part.facts.source(axis)?;
        let values = bits(part.facts.values(axis));
        let from = part.mapped.iter().filter(|from| from.axis == axis);
        Some(pb::DescribedFact {
            axis: system.axis_id(axis).to_owned(),
            values: values
                .map(|value| system.value_code(axis, value).to_owned())
                .collect(),
            source: source_name(source).to_owned(),
            mapped_from: from
                .map(|from| pb::CodePlace {
                    path: from.path.to_string(),
                    map: from.map.clone(),
                })
                .collect(),
        })
    });
    known.collect()
}

/// The facts that values wait for, in the order of the axes.
fn missing(results: &[classification::TableResult], system: &DescriptionSystem) -> Vec<pb::MissingFact> {
    let mut tables: HashMap<&str, Vec<String>> = HashMap::new();
    for result in results {
        for axis in result.possible.iter().flat_map(|open| &open.missing) {
            let waiting = tables.entry(axis).or_default();
            if !waiting.contains(&result.table) {
                waiting.push(result.table.clone());
            }
        }
    }
    let slots = (0..SLOTS).filter_map(AxisIndex::new);
    let missing = slots.filter_map(|slot| {
        let axis = system.axis_id(slot);
        let tables = tables.remove(axis)?;
        let sources = system.axis_definition(slot).map_or(&[][..], |axis| &axis.sources);
        Some(pb::MissingFact {
            axis: axis.to_owned(),
            sources: sources
                .iter()
                .map(|source| source_name(*source).to_owned())
                .collect(),
            stated_by: system.stater(slot).name().to_owned(),
            tables,
        })
    });
    missing.collect()
}

/// Names the codes and maps behind the facts of an explanation.
fn name_codes(
    explanation: &mut [classification::TableExplanation],
    part: &PartDerived,
    system: &DescriptionSystem,
) {
    let name = |fact: &mut classification::DecidingFact| {
        let axis = system.axis(&fact.axis);
        let from = part.mapped.iter().filter(|from| Some(from.axis) == axis);
        fact.mapped_by = from
            .map(|from| format!("{} by {}", from.path, from.map))
            .collect();
    };
    for table in explanation {
        let failed = table.rules.iter_mut().flat_map(|rule| {
            let failed = rule.failed_conditions.iter_mut();
            rule.because
                .iter_mut()
                .chain(failed.filter_map(|failed| failed.fact.as_mut()))
        });
        table.deciding.iter_mut().chain(failed).for_each(name);
    }
}
