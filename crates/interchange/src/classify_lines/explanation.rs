//! An explanation as JSON: the data, and the same in words.

use serde_json::{Value, json};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::explain::{
    Answer, DecidingFact, Explanation, Match, OtherRule, Possible, Standing, TableExplanation,
};
use vardnav_classification::model::FactSource;
use vardnav_classification::text::{Language, lines};

/// The whole explanation.
pub(super) fn json(system: &DescriptionSystem, explanation: &Explanation) -> Value {
    json!({
        "tables": explanation.tables.iter().map(table).collect::<Vec<_>>(),
        "text": {
            "sv": lines(system, explanation, Language::Swedish),
            "en": lines(system, explanation, Language::English),
        },
    })
}

fn table(table: &TableExplanation) -> Value {
    let (held, rules, open) = match &table.answer {
        Answer::Decided(found) => (false, vec![found], &[][..]),
        Answer::Held { row, possible } => (true, row.iter().collect(), possible.as_slice()),
        Answer::Collected { rules, possible } => (false, rules.iter().collect(), possible.as_slice()),
    };
    json!({
        "table": table.id,
        "held": held,
        "matched": rules.into_iter().map(matched).collect::<Vec<_>>(),
        "possible": open.iter().map(possible).collect::<Vec<_>>(),
        "others": table.others.iter().map(other).collect::<Vec<_>>(),
    })
}

fn matched(found: &Match) -> Value {
    let mut value = json!({
        "rule": found.rule,
        "value": found.value,
        "because": found.facts.iter().map(fact).collect::<Vec<_>>(),
    });
    if let Some(object) = value.as_object_mut() {
        if let Some(reason) = &found.reason {
            object.insert("reason".to_owned(), json!({ "sv": reason.sv, "en": reason.en }));
        }
        for (name, text) in [("legal_basis", &found.legal_basis), ("status", &found.status)] {
            if !text.is_empty() {
                object.insert(name.to_owned(), json!(text));
            }
        }
    }
    value
}

fn other(other: &OtherRule) -> Value {
    let mut value = json!({ "rule": other.rule, "value": other.value });
    let (name, standing) = match &other.standing {
        Standing::NotInForce { from } => ("in_force_from", json!(from.to_string())),
        Standing::Undetermined { missing } => ("missing", json!(missing)),
        Standing::RuledOut(failed) => {
            let failed = failed.iter().map(|failed| {
                let mut fact = fact(&failed.fact);
                if let Some(object) = fact.as_object_mut() {
                    object.insert(
                        "wanted".to_owned(),
                        json!({ "any_of": failed.any_of, "negated": failed.negated }),
                    );
                }
                fact
            });
            ("ruled_out", failed.collect())
        }
    };
    if let Some(object) = value.as_object_mut() {
        object.insert(name.to_owned(), standing);
    }
    value
}

fn possible(possible: &Possible) -> Value {
    json!({ "value": possible.value, "missing": possible.missing })
}

fn fact(fact: &DecidingFact) -> Value {
    json!({ "axis": fact.axis, "values": fact.values, "source": source_name(fact.source) })
}

/// The name of a source of facts in files and lines; a fact without source was decided by a table.
fn source_name(source: Option<FactSource>) -> &'static str {
    match source {
        Some(FactSource::Record) => "record",
        Some(FactSource::Segment) => "segment",
        Some(FactSource::Episode) => "episode",
        Some(FactSource::Unit) => "unit",
        Some(FactSource::Derived) => "derived",
        None => "table",
    }
}
