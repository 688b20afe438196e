//! What would lead elsewhere, as JSON: found here or elsewhere, written by the same hand.

use std::borrow::Cow;

use serde_json::{Value, json};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::counterfactual::TableCounterfactuals;
use vardnav_classification::facts::bits;
use vardnav_classification::text::{Language, counterfactual_lines};

/// What would lead one table elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableLeads<'a> {
    /// The table's id.
    pub table: &'a str,
    /// One for each value.
    pub found: Vec<Lead<'a>>,
    /// The same in Swedish, line by line.
    pub sv: Cow<'a, str>,
    /// The same in English, line by line.
    pub en: Cow<'a, str>,
}

/// The smallest changes that lead to a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead<'a> {
    /// `gives`, `adds` or `drops`.
    pub effect: &'a str,
    /// The value.
    pub value: &'a str,
    /// Whether missing facts suffice.
    pub by_missing_facts: bool,
    /// Whether the search met a limit.
    pub cut: bool,
    /// The ways, each a list of changes.
    pub ways: Vec<Vec<FactChange<'a>>>,
}

/// A change of one fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactChange<'a> {
    /// The axis.
    pub axis: &'a str,
    /// Values now.
    pub from: Vec<&'a str>,
    /// `set`, `add` or `remove`.
    pub kind: &'a str,
    /// Values of which any one does.
    pub any_of: Vec<&'a str>,
    /// Whose it is: `reporter`, `unit`, `derived`, `person` or `segment`.
    pub stated_by: &'a str,
}

/// All tables, in feeding order, as the `counterfactuals` of an answer line.
pub fn counterfactuals_value(tables: &[TableLeads<'_>]) -> Value {
    json!({
        "tables": tables.iter().map(table_value).collect::<Value>(),
        "text": {
            "sv": tables.iter().flat_map(|table| table.sv.lines()).collect::<Value>(),
            "en": tables.iter().flat_map(|table| table.en.lines()).collect::<Value>(),
        },
    })
}

/// What was found here.
pub(super) fn leads<'a>(
    system: &'a DescriptionSystem,
    tables: &[TableCounterfactuals],
) -> Vec<TableLeads<'a>> {
    tables.iter().map(|table| table_leads(system, table)).collect()
}

fn table_leads<'a>(system: &'a DescriptionSystem, table: &TableCounterfactuals) -> TableLeads<'a> {
    let slot = system.slot_of(table.table);
    let text = |language| Cow::Owned(counterfactual_lines(system, table, language).join("\n"));
    let found = table.found.iter().map(|found| Lead {
        effect: found.effect.name(),
        value: slot.map_or("", |slot| system.value_code(slot, found.value)),
        by_missing_facts: found.by_missing_facts,
        cut: found.cut,
        ways: found
            .ways
            .iter()
            .map(|way| {
                let changes = way.changes.iter().map(|change| {
                    let codes = |mask| bits(mask).map(|bit| system.value_code(change.slot, bit));
                    FactChange {
                        axis: system.axis_id(change.slot),
                        from: codes(change.from).collect(),
                        kind: change.kind.name(),
                        any_of: codes(change.any_of).collect(),
                        stated_by: system.stater(change.slot).name(),
                    }
                });
                changes.collect()
            })
            .collect(),
    });
    TableLeads {
        table: slot.map_or("", |slot| system.axis_id(slot)),
        found: found.collect(),
        sv: text(Language::Swedish),
        en: text(Language::English),
    }
}

fn table_value(table: &TableLeads<'_>) -> Value {
    let found = table.found.iter().map(|found| {
        json!({
            "effect": found.effect,
            "value": found.value,
            "by_missing_facts": found.by_missing_facts,
            "cut": found.cut,
            "ways": found
                .ways
                .iter()
                .map(|way| way.iter().map(change_value).collect::<Value>())
                .collect::<Value>(),
        })
    });
    json!({ "table": table.table, "found": found.collect::<Value>() })
}

fn change_value(change: &FactChange<'_>) -> Value {
    json!({
        "axis": change.axis,
        "from": change.from,
        "kind": change.kind,
        "any_of": change.any_of,
        "stated_by": change.stated_by,
    })
}
