//! Answers of a server as lines, in the very form of lines that are decided here.

use serde_json::{Value, json};
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_api::vardnav::r#type::v1::{Finding, Label};
use vardnav_interchange::classify_lines::{
    Answer, CODES, FactChange, KnownFact, Lead, LineFinding, MatchedRule, OtherRule, TableAnswer, TableLeads,
    TableReasons, Wanted, WhyNot, counterfactuals_value, explanation_value, write_findings,
};

/// What an answer carries after the classification, as JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Further {
    explanation: Option<Value>,
    counterfactuals: Option<Value>,
}

impl Further {
    /// What was asked for of an answer.
    pub(super) fn of(answer: &pb::ClassifyResponse, explain: bool, counterfactuals: bool) -> Self {
        Self {
            explanation: explain.then(|| self::explanation(&answer.explanation)),
            counterfactuals: counterfactuals.then(|| self::counterfactuals(&answer.counterfactuals)),
        }
    }
}

/// The reasons, as JSON.
pub(crate) fn explanation(tables: &[pb::TableExplanation]) -> Value {
    let tables: Vec<_> = tables.iter().map(reasons).collect();
    explanation_value(&tables)
}

/// What would lead elsewhere, as JSON.
pub(crate) fn counterfactuals(tables: &[pb::TableCounterfactuals]) -> Value {
    let tables: Vec<_> = tables.iter().map(leads).collect();
    counterfactuals_value(&tables)
}

/// Appends the answer as a line.
pub(crate) fn write(classification: pb::Classification, further: Further, line: &mut Vec<u8>) {
    if !classification.findings.is_empty() {
        let findings = line_findings(classification.findings);
        let id = (!classification.id.is_empty()).then_some(classification.id.as_str());
        write_findings(id, &findings, line);
        return;
    }
    let variants = (!classification.variants.is_empty()).then(|| json!(classification.variants));
    let tables = classification.results.into_iter().map(table_answer);
    let answer = Answer {
        id: classification.id,
        tables: tables.collect(),
        release: classification.release,
        further: [
            ("variants", variants),
            ("explanation", further.explanation),
            ("counterfactuals", further.counterfactuals),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect(),
    };
    answer.write(line);
}

/// What one table gave, as lines tell it.
pub(super) fn table_answer(result: pb::TableResult) -> TableAnswer {
    let collects = result.hit_policy() == pb::HitPolicy::Collect;
    TableAnswer {
        collects,
        rule: result.rules.into_iter().next().filter(|_| !collects),
        table: result.table,
        values: result.values,
        held: result.held,
        possible: result
            .possible
            .into_iter()
            .map(|possible| (possible.value, possible.missing))
            .collect(),
    }
}

/// Findings of a server as findings of lines.
pub(super) fn line_findings(findings: Vec<Finding>) -> Vec<LineFinding> {
    let findings = findings.into_iter().map(|finding| {
        let known = CODES.iter().find(|(code, ..)| *code == finding.code);
        LineFinding::new(
            known.map_or("VN-CLS", |(code, ..)| code),
            finding.path,
            finding.message,
        )
    });
    findings.collect()
}

/// What would lead a table elsewhere, as lines tell it.
fn leads(table: &pb::TableCounterfactuals) -> TableLeads<'_> {
    let (sv, en) = table.text.as_ref().map(texts).unwrap_or_default();
    let found = table.counterfactuals.iter().map(|found| Lead {
        effect: effect(found.effect()),
        value: &found.value,
        by_missing_facts: found.by_missing_facts,
        cut: found.cut,
        ways: found
            .ways
            .iter()
            .map(|way| way.changes.iter().map(change).collect())
            .collect(),
    });
    TableLeads {
        table: &table.table,
        found: found.collect(),
        sv: sv.into(),
        en: en.into(),
    }
}

fn change(change: &pb::FactChange) -> FactChange<'_> {
    FactChange {
        axis: &change.axis,
        from: strings(&change.from),
        kind: match change.kind() {
            pb::FactChangeKind::Add => "add",
            pb::FactChangeKind::Remove => "remove",
            pb::FactChangeKind::Set | pb::FactChangeKind::Unspecified => "set",
        },
        any_of: strings(&change.any_of),
        stated_by: &change.stated_by,
    }
}

fn effect(effect: pb::Effect) -> &'static str {
    match effect {
        pb::Effect::Adds => "adds",
        pb::Effect::Drops => "drops",
        pb::Effect::Gives | pb::Effect::Unspecified => "gives",
    }
}

/// Why a table gave what it gave, as lines tell it.
fn reasons(table: &pb::TableExplanation) -> TableReasons<'_> {
    let (matched, others): (Vec<_>, Vec<_>) = table
        .rules
        .iter()
        .partition(|rule| rule.state() == pb::RuleState::Matched);
    let (sv, en) = table.text.as_ref().map(texts).unwrap_or_default();
    TableReasons {
        table: &table.table,
        held: table.held,
        matched: matched.into_iter().map(matched_rule).collect(),
        possible: table
            .possible
            .iter()
            .map(|open| (open.value.as_str(), strings(&open.missing)))
            .collect(),
        others: others.into_iter().map(other_rule).collect(),
        sv: sv.into(),
        en: en.into(),
    }
}

fn matched_rule(rule: &pb::RuleTrace) -> MatchedRule<'_> {
    MatchedRule {
        rule: &rule.rule,
        value: value(rule),
        reason: rule.hold_reason.as_ref().map(texts),
        legal_basis: &rule.legal_basis,
        status: &rule.status,
        because: rule.because.iter().map(known_fact).collect(),
    }
}

fn other_rule(rule: &pb::RuleTrace) -> OtherRule<'_> {
    let failed = rule.failed_conditions.iter().filter_map(|failed| {
        let wanted = Wanted {
            any_of: &failed.any_of,
            negated: failed.negated,
        };
        Some((known_fact(failed.fact.as_ref()?), wanted))
    });
    let from = vardnav_api::common::optional_date(rule.in_force_from.as_ref(), "in_force_from");
    OtherRule {
        rule: &rule.rule,
        value: value(rule),
        why: match from {
            _ if rule.state() == pb::RuleState::Undetermined => WhyNot::Missing(strings(&rule.missing)),
            Ok(Some(from)) => WhyNot::InForceFrom(from),
            Ok(None) | Err(_) => WhyNot::RuledOut(failed.collect()),
        },
    }
}

fn known_fact(fact: &pb::DecidingFact) -> KnownFact<'_> {
    KnownFact {
        axis: &fact.axis,
        values: strings(&fact.values),
        source: &fact.source,
        mapped_by: &fact.mapped_by,
    }
}

fn value(rule: &pb::RuleTrace) -> Option<&str> {
    (!rule.value.is_empty()).then_some(rule.value.as_str())
}

pub(super) fn texts(label: &Label) -> (&str, &str) {
    (&label.sv, &label.en)
}

pub(super) fn strings(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}
