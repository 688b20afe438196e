//! Explanations as JSON: the data, and the same in words. Reasons that were found here and reasons from elsewhere,
//! for example from a server, are written by the same hand.

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::{Map, Value, json};
use vardnav_classification::explain::{self, Explanation, Standing, TestedFact, Verdict};
use vardnav_classification::model::{FactSource, Label};
use vardnav_classification::text::{Language, table_lines};

/// Why one table gave what it gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableReasons<'a> {
    /// The table's id.
    pub table: &'a str,
    /// Whether its value waits.
    pub held: bool,
    /// The rules that match, in order.
    pub matched: Vec<MatchedRule<'a>>,
    /// Values still possible, each with the axes that would decide.
    pub possible: Vec<(&'a str, Vec<&'a str>)>,
    /// The rules that do not match, in order.
    pub others: Vec<OtherRule<'a>>,
    /// The same in Swedish, line by line.
    pub sv: Cow<'a, str>,
    /// The same in English, line by line.
    pub en: Cow<'a, str>,
}

/// A rule that matches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatchedRule<'a> {
    /// Its id.
    pub rule: &'a str,
    /// The value it gives; `None` when it holds.
    pub value: Option<&'a str>,
    /// Why it holds, in Swedish and English.
    pub reason: Option<(&'a str, &'a str)>,
    /// Its legal basis; empty when none.
    pub legal_basis: &'a str,
    /// `statutory`, `proposed` or empty.
    pub status: &'a str,
    /// The facts that met its conditions.
    pub because: Vec<KnownFact<'a>>,
}

/// A rule that does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRule<'a> {
    /// Its id.
    pub rule: &'a str,
    /// The value it would give; `None` when it holds.
    pub value: Option<&'a str>,
    /// Why it does not match.
    pub why: WhyNot<'a>,
}

/// Why a rule does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot<'a> {
    /// It is in force only from a later date.
    InForceFrom(Date),
    /// The first condition that fails, one for each of its alternatives.
    RuledOut(Vec<(KnownFact<'a>, Wanted<'a>)>),
    /// The axes that would decide it.
    Missing(Vec<&'a str>),
}

/// A fact that a condition was tested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFact<'a> {
    /// Id of the axis or table.
    pub axis: &'a str,
    /// Codes of its values; none when it does not apply.
    pub values: Vec<&'a str>,
    /// Where it came from: `record`, `mapped`, `segment`, `episode`, `unit`, `derived` or `table`.
    pub source: &'a str,
    /// The codes that gave it, each with its map, when that is known.
    pub mapped_by: &'a [String],
}

/// What a condition asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Values, as the rule names them.
    pub any_of: &'a [String],
    /// Whether it asked for anything but them.
    pub negated: bool,
}

/// The reasons of all tables, in feeding order, as the `explanation` of an answer line.
pub fn explanation_value(tables: &[TableReasons<'_>]) -> Value {
    json!({
        "tables": tables.iter().map(table_value).collect::<Value>(),
        "text": {
            "sv": tables.iter().flat_map(|table| table.sv.lines()).collect::<Value>(),
            "en": tables.iter().flat_map(|table| table.en.lines()).collect::<Value>(),
        },
    })
}

/// The reasons that an explanation gives.
pub(super) fn reasons<'a>(explanation: &'a Explanation<'a>) -> Vec<TableReasons<'a>> {
    explanation.tables().map(|table| table_reasons(&table)).collect()
}

fn table_reasons<'a>(table: &explain::TableExplanation<'_, 'a>) -> TableReasons<'a> {
    let text = |language| Cow::Owned(table_lines(table, language).join("\n"));
    TableReasons {
        table: table.id(),
        held: table.verdict() == Verdict::Held,
        matched: table
            .matched()
            .map(|found| MatchedRule {
                rule: &found.rule.id,
                value: found.value(),
                reason: found.reason().map(|Label { sv, en }| (sv.as_str(), en.as_str())),
                legal_basis: &found.rule.legal_basis,
                status: &found.rule.status,
                because: found.facts.iter().map(known).collect(),
            })
            .collect(),
        possible: table
            .possible()
            .map(|open| (open.value, open.missing.ids().collect()))
            .collect(),
        others: table
            .others()
            .map(|other| OtherRule {
                rule: &other.rule.id,
                value: other.value(),
                why: match other.standing {
                    Standing::NotInForce { from } => WhyNot::InForceFrom(from),
                    Standing::Undetermined(missing) => WhyNot::Missing(missing.ids().collect()),
                    Standing::RuledOut(failed) => WhyNot::RuledOut(
                        failed
                            .iter()
                            .map(|failed| {
                                let wanted = Wanted {
                                    any_of: failed.any_of(),
                                    negated: failed.negated(),
                                };
                                (known(failed), wanted)
                            })
                            .collect(),
                    ),
                },
            })
            .collect(),
        sv: text(Language::Swedish),
        en: text(Language::English),
    }
}

fn known<'a>(fact: &TestedFact<'a>) -> KnownFact<'a> {
    KnownFact {
        axis: fact.axis(),
        values: fact.values().collect(),
        source: source_name(fact.source),
        mapped_by: &[],
    }
}

fn table_value(table: &TableReasons<'_>) -> Value {
    let possible = table.possible.iter();
    json!({
        "table": table.table,
        "held": table.held,
        "matched": table.matched.iter().map(matched_value).collect::<Value>(),
        "possible": possible
            .map(|(value, missing)| json!({ "value": value, "missing": missing }))
            .collect::<Value>(),
        "others": table.others.iter().map(other_value).collect::<Value>(),
    })
}

fn matched_value(found: &MatchedRule<'_>) -> Value {
    let mut value = rule_value(found.rule, found.value);
    value.insert(
        "because".to_owned(),
        found.because.iter().map(fact_value).collect(),
    );
    if let Some((sv, en)) = found.reason {
        value.insert("reason".to_owned(), json!({ "sv": sv, "en": en }));
    }
    for (name, text) in [("legal_basis", found.legal_basis), ("status", found.status)] {
        if !text.is_empty() {
            value.insert(name.to_owned(), json!(text));
        }
    }
    Value::Object(value)
}

fn other_value(other: &OtherRule<'_>) -> Value {
    let (name, why) = match &other.why {
        WhyNot::InForceFrom(from) => ("in_force_from", json!(from.to_string())),
        WhyNot::Missing(missing) => ("missing", json!(missing)),
        WhyNot::RuledOut(failed) => {
            let failed = failed.iter().map(|(fact, Wanted { any_of, negated })| {
                let mut value = fact_value(fact);
                if let Some(object) = value.as_object_mut() {
                    object.insert(
                        "wanted".to_owned(),
                        json!({ "any_of": any_of, "negated": negated }),
                    );
                }
                value
            });
            ("ruled_out", failed.collect())
        }
    };
    let mut value = rule_value(other.rule, other.value);
    value.insert(name.to_owned(), why);
    Value::Object(value)
}

fn rule_value(rule: &str, value: Option<&str>) -> Map<String, Value> {
    Map::from_iter([
        ("rule".to_owned(), json!(rule)),
        ("value".to_owned(), json!(value)),
    ])
}

fn fact_value(fact: &KnownFact<'_>) -> Value {
    let mut value = json!({ "axis": fact.axis, "values": fact.values, "source": fact.source });
    if let (false, Some(value)) = (fact.mapped_by.is_empty(), value.as_object_mut()) {
        value.insert("mapped_by".to_owned(), json!(fact.mapped_by));
    }
    value
}

/// The name of a source of facts in files and lines; a fact without source was decided by a table.
fn source_name(source: Option<FactSource>) -> &'static str {
    match source {
        Some(FactSource::Record) => "record",
        Some(FactSource::Segment) => "segment",
        Some(FactSource::Episode) => "episode",
        Some(FactSource::Unit) => "unit",
        Some(FactSource::Derived) => "derived",
        Some(FactSource::Mapped) => "mapped",
        None => "table",
    }
}
