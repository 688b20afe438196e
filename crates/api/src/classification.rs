//! Conversions of classification messages: what was decided, why, and the axes and tables that decide.

use vardnav_classification::explain::{
    Match, OtherRule, Possible, Standing, TableExplanation, TestedFact, Verdict,
};
use vardnav_classification::model::{FactSource, HitPolicy, Outcome, Rule, Table};
use vardnav_classification::text::{Language, failed_condition, table_lines};
use vardnav_classification::{
    Classification, DescriptionSystem, Explanation, Grain, TableIndex, TableResult, Undetermined, facts::bits,
};

use crate::common::{date_message, label_message};
use crate::pb::vardnav::classification::v1 as pb;
use crate::pb::vardnav::r#type::v1::Label;

mod compare;
mod counterfactual;

pub use compare::{ComparedResults, comparison_messages};
pub use counterfactual::counterfactual_messages;

/// A grain; `None` when it is not stated.
pub fn grain(message: pb::Grain) -> Option<Grain> {
    match message {
        pb::Grain::Contact => Some(Grain::Contact),
        pb::Grain::Segment => Some(Grain::Segment),
        pb::Grain::MonitoringPeriod => Some(Grain::MonitoringPeriod),
        pb::Grain::Unspecified => None,
    }
}

/// A grain as a message.
pub fn grain_message(grain: Grain) -> pb::Grain {
    match grain {
        Grain::Contact => pb::Grain::Contact,
        Grain::Segment => pb::Grain::Segment,
        Grain::MonitoringPeriod => pb::Grain::MonitoringPeriod,
    }
}

/// Name of a source of facts in messages and files.
pub fn source_name(source: FactSource) -> &'static str {
    match source {
        FactSource::Record => "record",
        FactSource::Segment => "segment",
        FactSource::Episode => "episode",
        FactSource::Unit => "unit",
        FactSource::Derived => "derived",
        FactSource::Mapped => "mapped",
    }
}

/// The results of the tables that apply, in feeding order. `matched` gives the ids of the rules that match in a
/// *collect* table.
pub fn result_messages(
    system: &DescriptionSystem,
    result: &Classification,
    undetermined: &[Undetermined],
    matched: impl Fn(TableIndex) -> Vec<String>,
) -> Vec<pb::TableResult> {
    let message = |(table, result): (TableIndex, TableResult)| {
        let slot = system.slot_of(table)?;
        let code = |value: u8| system.value_code(slot, value).to_owned();
        let id = system.axis_id(slot).to_owned();
        let possible = undetermined
            .iter()
            .filter(|open| open.table == table)
            .map(|open| pb::Possible {
                value: code(open.value),
                missing: open
                    .missing
                    .iter()
                    .map(|axis| system.axis_id(axis).to_owned())
                    .collect(),
            });
        let possible = possible.collect();
        let (first, collect) = (pb::HitPolicy::First.into(), pb::HitPolicy::Collect.into());
        Some(match result {
            TableResult::NotApplicable => return None,
            TableResult::Value { value, rule } => pb::TableResult {
                table: id,
                hit_policy: first,
                values: vec![code(value)],
                rules: system
                    .rule(table, rule)
                    .map(|rule| rule.id.clone())
                    .into_iter()
                    .collect(),
                held: false,
                possible,
            },
            TableResult::Held { .. } => pb::TableResult {
                table: id,
                hit_policy: first,
                values: Vec::new(),
                rules: Vec::new(),
                held: true,
                possible,
            },
            TableResult::Collected { values, .. } => {
                let order = system.collected_order(table).iter().copied();
                pb::TableResult {
                    table: id,
                    hit_policy: collect,
                    values: order
                        .filter(|value| bits(values).any(|bit| bit == *value))
                        .map(code)
                        .collect(),
                    rules: matched(table),
                    held: false,
                    possible,
                }
            }
        })
    };
    result.iter().filter_map(message).collect()
}

/// An explanation, table by table.
pub fn explanation_messages(explanation: &Explanation<'_>) -> Vec<pb::TableExplanation> {
    explanation
        .tables()
        .map(|table| table_explanation(&table))
        .collect()
}

fn table_explanation(table: &TableExplanation<'_, '_>) -> pb::TableExplanation {
    let mut deciding: Vec<pb::DecidingFact> = Vec::new();
    for fact in table.matched().flat_map(|found| found.facts) {
        let message = deciding_fact(fact);
        if !deciding.contains(&message) {
            deciding.push(message);
        }
    }
    let matched = table.matched().map(|found| (found.position, match_trace(&found)));
    let others = table.others().map(|other| (other.position, other_trace(&other)));
    let mut rules: Vec<(u16, pb::RuleTrace)> = matched.chain(others).collect();
    rules.sort_by_key(|(position, _)| *position);
    let text = |language| table_lines(table, language).join("\n");
    pb::TableExplanation {
        table: table.id().to_owned(),
        deciding,
        rules: rules.into_iter().map(|(_, trace)| trace).collect(),
        text: Some(Label {
            sv: text(Language::Swedish),
            en: text(Language::English),
        }),
        held: table.verdict() == Verdict::Held,
        possible: table.possible().map(possible_message).collect(),
    }
}

fn possible_message(open: Possible<'_>) -> pb::Possible {
    pb::Possible {
        value: open.value.to_owned(),
        missing: open.missing.ids().map(str::to_owned).collect(),
    }
}

fn deciding_fact(fact: &TestedFact<'_>) -> pb::DecidingFact {
    pb::DecidingFact {
        axis: fact.axis().to_owned(),
        values: fact.values().map(str::to_owned).collect(),
        source: fact.source.map_or("table", source_name).to_owned(),
        mapped_by: Vec::new(),
    }
}

fn match_trace(found: &Match<'_, '_>) -> pb::RuleTrace {
    pb::RuleTrace {
        rule: found.rule.id.clone(),
        state: pb::RuleState::Matched.into(),
        value: found.value().unwrap_or_default().to_owned(),
        because: found.facts.iter().map(deciding_fact).collect(),
        hold_reason: found.reason().map(label_message),
        legal_basis: found.rule.legal_basis.clone(),
        status: found.rule.status.clone(),
        ..pb::RuleTrace::default()
    }
}

fn other_trace(other: &OtherRule<'_, '_>) -> pb::RuleTrace {
    let mut trace = pb::RuleTrace {
        rule: other.rule.id.clone(),
        state: pb::RuleState::RuledOut.into(),
        value: other.value().unwrap_or_default().to_owned(),
        ..pb::RuleTrace::default()
    };
    match other.standing {
        Standing::NotInForce { from } => {
            trace.failed = format!("in force from {from}");
            trace.in_force_from = Some(date_message(from));
        }
        Standing::RuledOut(failed) => {
            let words: Vec<_> = failed
                .iter()
                .map(|failed| failed_condition(failed, Language::English))
                .collect();
            trace.failed = words.join("; and ");
            trace.failed_conditions = failed
                .iter()
                .map(|failed| pb::FailedCondition {
                    fact: Some(deciding_fact(failed)),
                    any_of: failed.any_of().to_vec(),
                    negated: failed.negated(),
                })
                .collect();
        }
        Standing::Undetermined(missing) => {
            trace.set_state(pb::RuleState::Undetermined);
            trace.missing = missing.ids().map(str::to_owned).collect();
        }
    }
    trace
}

/// The axes, tables and unsettled points of a release, under the variants asked for.
pub fn description_message(
    release: &str,
    variants: Vec<String>,
    system: &DescriptionSystem,
) -> pb::GetDescriptionSystemResponse {
    let source = system.source();
    pb::GetDescriptionSystemResponse {
        release: release.to_owned(),
        axes: source
            .axes
            .iter()
            .map(|axis| pb::Axis {
                id: axis.id.clone(),
                label: Some(label_message(&axis.label)),
                definition: Some(label_message(&axis.definition)),
                values: axis
                    .values
                    .iter()
                    .map(|value| pb::AxisValue {
                        code: value.code.clone(),
                        label: Some(label_message(&value.label)),
                    })
                    .collect(),
                multiple: axis.multiple,
                sources: axis
                    .sources
                    .iter()
                    .map(|source| source_name(*source).to_owned())
                    .collect(),
            })
            .collect(),
        tables: source
            .tables
            .iter()
            .map(|table| table_message(system, table))
            .collect(),
        points: source
            .points
            .iter()
            .map(|point| pb::UnsettledPoint {
                id: point.id.clone(),
                question: Some(label_message(&point.question)),
                variants: point.variants.clone(),
                chosen: point.chosen.clone(),
            })
            .collect(),
        variants,
    }
}

fn table_message(system: &DescriptionSystem, table: &Table) -> pb::Table {
    let hit_policy = match table.hit_policy {
        HitPolicy::First => pb::HitPolicy::First,
        HitPolicy::Collect => pb::HitPolicy::Collect,
    };
    pb::Table {
        id: table.id.clone(),
        label: Some(label_message(&table.label)),
        hit_policy: hit_policy.into(),
        grains: table
            .grains
            .iter()
            .map(|grain| grain_message(*grain).into())
            .collect(),
        rules: table
            .rules
            .iter()
            .map(|rule| rule_message(system, rule))
            .collect(),
    }
}

fn rule_message(system: &DescriptionSystem, rule: &Rule) -> pb::Rule {
    let (value, hold_reason) = match &rule.outcome {
        Outcome::Value(value) => (value.clone(), None),
        Outcome::Hold { reason } => (String::new(), Some(label_message(reason))),
        Outcome::CatchAll => (String::new(), None),
    };
    let alternatives = rule.alternatives.iter().map(|conditions| pb::Alternative {
        conditions: conditions
            .iter()
            .map(|condition| pb::Condition {
                axis: condition.axis.clone(),
                values: system.named_values(condition).map(str::to_owned).collect(),
                negated: condition.negated,
            })
            .collect(),
    });
    pb::Rule {
        id: rule.id.clone(),
        alternatives: alternatives.collect(),
        value,
        hold_reason,
        legal_basis: rule.legal_basis.clone(),
        status: rule.status.clone(),
        variant: rule
            .variant
            .as_ref()
            .map(|variant| format!("{}:{}", variant.point, variant.name))
            .unwrap_or_default(),
        in_force_from: rule.in_force_from.map(date_message),
    }
}
