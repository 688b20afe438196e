//! Conversions of what would lead elsewhere.

use vardnav_classification::counterfactual::{Change, ChangeKind, Effect, TableCounterfactuals};
use vardnav_classification::text::{Language, counterfactual_lines};
use vardnav_classification::{DescriptionSystem, facts::bits};

use crate::pb::vardnav::classification::v1 as pb;
use crate::pb::vardnav::r#type::v1::Label;

/// What would lead elsewhere, table by table.
pub fn counterfactual_messages(
    system: &DescriptionSystem,
    tables: &[TableCounterfactuals],
) -> Vec<pb::TableCounterfactuals> {
    tables.iter().map(|table| table_message(system, table)).collect()
}

fn table_message(system: &DescriptionSystem, table: &TableCounterfactuals) -> pb::TableCounterfactuals {
    let slot = system.slot_of(table.table);
    let found = table.found.iter().map(|found| pb::Counterfactual {
        effect: match found.effect {
            Effect::Gives => pb::Effect::Gives,
            Effect::Adds => pb::Effect::Adds,
            Effect::Drops => pb::Effect::Drops,
        }
        .into(),
        value: slot
            .map_or("", |slot| system.value_code(slot, found.value))
            .to_owned(),
        by_missing_facts: found.by_missing_facts,
        ways: found
            .ways
            .iter()
            .map(|way| pb::Way {
                changes: way
                    .changes
                    .iter()
                    .map(|change| change_message(system, change))
                    .collect(),
            })
            .collect(),
        cut: found.cut,
    });
    let text = |language| counterfactual_lines(system, table, language).join("\n");
    pb::TableCounterfactuals {
        table: slot.map_or("", |slot| system.axis_id(slot)).to_owned(),
        counterfactuals: found.collect(),
        text: Some(Label {
            sv: text(Language::Swedish),
            en: text(Language::English),
        }),
    }
}

fn change_message(system: &DescriptionSystem, change: &Change) -> pb::FactChange {
    let codes = |mask| bits(mask).map(|bit| system.value_code(change.slot, bit).to_owned());
    pb::FactChange {
        axis: system.axis_id(change.slot).to_owned(),
        from: codes(change.from).collect(),
        kind: match change.kind {
            ChangeKind::Set => pb::FactChangeKind::Set,
            ChangeKind::Add => pb::FactChangeKind::Add,
            ChangeKind::Remove => pb::FactChangeKind::Remove,
        }
        .into(),
        any_of: codes(change.any_of).collect(),
        stated_by: system.stater(change.slot).name().to_owned(),
    }
}
