//! Conversions of comparisons: what each table gives on two sides, and what makes the difference.

use vardnav_classification::DescriptionSystem;
use vardnav_classification::compare::{RuleChange, RuleStanding, TableComparison};
use vardnav_classification::text::{Language, comparison_lines};

use crate::pb::vardnav::classification::v1 as pb;
use crate::pb::vardnav::r#type::v1::Label;

/// A side of a comparison: what decides, and what its tables gave, as messages.
#[derive(Debug, Clone, Copy)]
pub struct ComparedResults<'a> {
    /// What decides.
    pub system: &'a DescriptionSystem,
    /// The results of its tables.
    pub results: &'a [pb::TableResult],
}

/// The tables of a comparison.
pub fn comparison_messages(
    tables: &[TableComparison<'_>],
    one: ComparedResults<'_>,
    other: ComparedResults<'_>,
) -> Vec<pb::TableComparison> {
    let of = |side: &[pb::TableResult], id: &str| side.iter().find(|result| result.table == id).cloned();
    tables
        .iter()
        .map(|table| pb::TableComparison {
            table: table.table.to_owned(),
            one: of(one.results, table.table),
            other: of(other.results, table.table),
            differs: table.differs,
            rules: table
                .rules
                .iter()
                .map(|rule| pb::RuleDifference {
                    rule: rule.rule.to_owned(),
                    change: change_message(rule.change).into(),
                    one: state_message(rule.one).into(),
                    other: state_message(rule.other).into(),
                    decides: rule.decides,
                })
                .collect(),
            through: table.through.iter().map(|id| (*id).to_owned()).collect(),
            text: table.differs.then(|| {
                let text = |language| comparison_lines(one.system, other.system, table, language).join("\n");
                Label {
                    sv: text(Language::Swedish),
                    en: text(Language::English),
                }
            }),
        })
        .collect()
}

fn change_message(change: RuleChange) -> pb::RuleChange {
    match change {
        RuleChange::Added => pb::RuleChange::Added,
        RuleChange::Removed => pb::RuleChange::Removed,
        RuleChange::Changed => pb::RuleChange::Changed,
        RuleChange::Moved => pb::RuleChange::Moved,
    }
}

fn state_message(standing: Option<RuleStanding>) -> pb::RuleState {
    match standing {
        None => pb::RuleState::Unspecified,
        Some(RuleStanding::Matched) => pb::RuleState::Matched,
        Some(RuleStanding::RuledOut) => pb::RuleState::RuledOut,
        Some(RuleStanding::Undetermined) => pb::RuleState::Undetermined,
    }
}
