//! What every string and list of a record must meet: charset of ids, no personal numbers, limits of length.

use super::report::Report;
use super::{Mechanism, episode_id};
use crate::record::{Body, Coding, Fact, Principal, Record};
use crate::text::is_id;

/// Longest string, in bytes.
const TEXT_MAX: usize = 256;
/// Longest list of each kind.
const FACTS_MAX: usize = 64;
const SEGMENTS_MAX: usize = 1_000;
const CODINGS_MAX: usize = 200;
const ITEMS_MAX: usize = 100;
const HOLDERS_MAX: usize = 20;
/// What is wrong with a repeated axis or value.
const STATED_TWICE: &str = "stated twice";

pub(super) fn check(record: &Record, report: &mut Report<'_>) {
    id(&record.id, "id", report);
    if record.revision == 0 {
        report.add(Mechanism::IdRevisionGap, || "revision".to_owned());
    }
    if let Some(episode) = episode_id(record) {
        id(episode, "episode", report);
    }
    for (value, path) in [
        (&record.residence, "residence"),
        (&record.provider, "provider"),
        (&record.unit, "unit"),
    ] {
        option(value.as_ref(), || path.to_owned(), report);
    }
    for (role, holders) in record.principals.by_role() {
        principals(role, holders, report);
    }
    facts(&record.facts, || "facts".to_owned(), report);
    codings(&record.codes, || "codes".to_owned(), report);
    match &record.body {
        Body::Episode(episode) => {
            option(episode.end_mode.as_ref(), || "end_mode".to_owned(), report);
            option(episode.decided_by.as_ref(), || "decided_by".to_owned(), report);
            limit(episode.plans.len(), ITEMS_MAX, "plans", report);
            for (at, plan) in episode.plans.iter().enumerate() {
                text(&plan.kind, || format!("plans[{at}].kind"), report);
                option(
                    plan.legal_basis.as_ref(),
                    || format!("plans[{at}].legal_basis"),
                    report,
                );
                strings(&plan.parties, || format!("plans[{at}].parties"), report);
            }
            limit(
                episode.responsibilities.len(),
                ITEMS_MAX,
                "responsibilities",
                report,
            );
            for (at, one) in episode.responsibilities.iter().enumerate() {
                let path = |field: &str| format!("responsibilities[{at}].{field}");
                text(&one.role, || path("role"), report);
                option(one.unit.as_ref(), || path("unit"), report);
                option(one.profession.as_ref(), || path("profession"), report);
            }
            limit(episode.segments.len(), SEGMENTS_MAX, "segments", report);
            for (at, segment) in episode.segments.iter().enumerate() {
                option(segment.unit.as_ref(), || format!("segments[{at}].unit"), report);
                facts(&segment.facts, || format!("segments[{at}].facts"), report);
                codings(&segment.codes, || format!("segments[{at}].codes"), report);
            }
        }
        Body::Contact(contact) => {
            strings(&contact.professions, || "professions".to_owned(), report);
            if let Some(reason) = &contact.reason {
                coding(reason, || "reason".to_owned(), report);
            }
            codings(&contact.diagnoses, || "diagnoses".to_owned(), report);
            codings(&contact.external_causes, || "external_causes".to_owned(), report);
            codings(&contact.procedures, || "procedures".to_owned(), report);
        }
        Body::MonitoringPeriod(period) => {
            option(period.ordered_by.as_ref(), || "ordered_by".to_owned(), report);
            strings(&period.measures, || "measures".to_owned(), report);
        }
        Body::CareRequest(request) => {
            option(request.problem.as_ref(), || "problem".to_owned(), report);
            option(request.channel.as_ref(), || "channel".to_owned(), report);
            option(request.ending.as_ref(), || "ending".to_owned(), report);
            strings(&request.professions, || "professions".to_owned(), report);
            if let Some(reason) = &request.reason {
                coding(reason, || "reason".to_owned(), report);
            }
        }
    }
}

/// Those who hold a role: few, and none of them twice.
fn principals(role: &'static str, holders: &[Principal], report: &mut Report<'_>) {
    let path = |at: usize| holder_path(role, holders, at);
    if holders.len() > HOLDERS_MAX {
        report.add(Mechanism::LimitTooMany, || format!("principals.{role}"));
    }
    for (at, holder) in holders.iter().enumerate() {
        text(&holder.organisation, || path(at), report);
        option(holder.basis.as_ref(), || format!("{}.basis", path(at)), report);
        let mut earlier = holders.iter().take(at.min(HOLDERS_MAX));
        if earlier.any(|other| other.organisation == holder.organisation) {
            report.add_with(Mechanism::FactSeveralValues, || path(at), STATED_TWICE);
        }
    }
}

/// The path of one who holds a role; of the only one, that of the role.
pub(super) fn holder_path(role: &str, holders: &[Principal], at: usize) -> String {
    match holders {
        [_] => format!("principals.{role}"),
        _ => format!("principals.{role}[{at}]"),
    }
}

/// An id given by a reporter.
fn id(id: &str, path: &'static str, report: &mut Report<'_>) {
    if !is_id(id) {
        report.add_shape(Mechanism::IdCharset, || path.to_owned(), id);
    }
    if report.holds_number(id) {
        report.add(Mechanism::IdHoldsPersonalNumber, || path.to_owned());
    }
}

fn text(text: &str, path: impl Fn() -> String, report: &mut Report<'_>) {
    if text.len() > TEXT_MAX {
        report.add(Mechanism::LimitTooMany, &path);
    }
    if report.holds_number(text) {
        report.add(Mechanism::TextHoldsPersonalNumber, path);
    }
}

fn option(value: Option<&String>, path: impl Fn() -> String, report: &mut Report<'_>) {
    if let Some(value) = value {
        text(value, path, report);
    }
}

fn limit(count: usize, most: usize, path: &'static str, report: &mut Report<'_>) {
    if count > most {
        report.add(Mechanism::LimitTooMany, || path.to_owned());
    }
}

fn strings(texts: &[String], path: impl Fn() -> String, report: &mut Report<'_>) {
    if texts.len() > ITEMS_MAX {
        report.add(Mechanism::LimitTooMany, &path);
    }
    for (at, value) in texts.iter().enumerate() {
        text(value, || format!("{}[{at}]", path()), report);
    }
}

fn facts(facts: &[Fact], path: impl Fn() -> String, report: &mut Report<'_>) {
    if facts.len() > FACTS_MAX {
        report.add(Mechanism::LimitTooMany, &path);
    }
    let mut earlier: &[Fact] = &[];
    for (at, fact) in facts.iter().enumerate() {
        text(&fact.axis, || format!("{}[{at}]", path()), report);
        strings(&fact.values, || format!("{}[{at}].values", path()), report);
        // One place states an axis once and a value once: what is kept of facts has no order.
        if at < FACTS_MAX && earlier.iter().any(|other| other.axis == fact.axis) {
            report.add_with(
                Mechanism::FactSeveralValues,
                || format!("{}[{at}]", path()),
                STATED_TWICE,
            );
        }
        if fact.values.len() <= ITEMS_MAX && has_repeats(&fact.values) {
            report.add_with(
                Mechanism::FactSeveralValues,
                || format!("{}[{at}].values", path()),
                STATED_TWICE,
            );
        }
        earlier = facts.get(..=at).unwrap_or_default();
    }
}

fn has_repeats(values: &[String]) -> bool {
    let mut rest = values;
    while let Some((value, later)) = rest.split_first() {
        if later.contains(value) {
            return true;
        }
        rest = later;
    }
    false
}

fn codings(list: &[Coding], path: impl Fn() -> String, report: &mut Report<'_>) {
    if list.len() > CODINGS_MAX {
        report.add(Mechanism::LimitTooMany, &path);
    }
    for (at, value) in list.iter().enumerate() {
        coding(value, || format!("{}[{at}]", path()), report);
    }
}

fn coding(coding: &Coding, path: impl Fn() -> String, report: &mut Report<'_>) {
    text(&coding.system, || format!("{}.system", path()), report);
    option(coding.version.as_ref(), || format!("{}.version", path()), report);
    text(&coding.code, || format!("{}.code", path()), report);
}
