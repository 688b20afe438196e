//! Comparisons in words: a line for what a table gives on both sides, and one for each reason. Only wording.

use super::{Language, Words};
use crate::classify::TableResult;
use crate::compare::{Given, RuleChange, RuleDifference, RuleStanding, TableComparison};
use crate::compile::DescriptionSystem;
use crate::facts::bits;

/// What a table gives under one system and under another, and why that differs.
pub fn comparison_lines(
    one: &DescriptionSystem,
    other: &DescriptionSystem,
    table: &TableComparison<'_>,
    language: Language,
) -> Vec<String> {
    let words = |system| Words { system, language };
    let (left, right) = (words(one), words(other));
    let named = if table.one.is_some() { &left } else { &right };
    let gives = |words: &Words<'_>, given: Option<Given>| {
        given.map_or_else(
            || language.pick("avgörs inte här", "not decided here").to_owned(),
            |given| words.given(given),
        )
    };
    let head = format!(
        "{}: {} → {}",
        named.axis(table.table),
        gives(&left, table.one),
        gives(&right, table.other)
    );
    let mut lines = vec![head];
    lines.extend(table.rules.iter().map(|rule| difference(rule, language)));
    if !table.through.is_empty() {
        let names: Vec<_> = table
            .through
            .iter()
            .map(|id| match one.axis(id) {
                Some(_) => left.axis(id),
                None => right.axis(id),
            })
            .collect();
        let lead = language.pick("inte lika på båda sidor", "not the same on both sides");
        lines.push(format!("  {lead}: {}", names.join(", ")));
    }
    lines
}

impl Words<'_> {
    fn given(&self, given: Given) -> String {
        let system = self.system;
        let slot = system.slot_of(given.table);
        let id = slot.map_or("", |slot| system.axis_id(slot));
        let named = |mask| {
            let codes = bits(mask).filter_map(|bit| Some(system.value_code(slot?, bit)));
            codes
                .map(|code| self.value(id, code))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let none = || self.language.pick("inget", "none").to_owned();
        match given.result {
            TableResult::Value { value, rule } => {
                let rule = system.rule(given.table, rule).map_or("", |rule| &rule.id);
                let name = self.language.pick("regel", "rule");
                format!("{} ({name} {rule})", named(1 << value))
            }
            TableResult::Held { possible } => {
                let held = self.language.pick("avvaktar", "held");
                match possible {
                    0 => held.to_owned(),
                    _ => format!(
                        "{held}, {}: {}",
                        self.language.pick("möjligt", "possible"),
                        named(possible)
                    ),
                }
            }
            TableResult::Collected { values, possible } => {
                let given = if values == 0 { none() } else { named(values) };
                match possible {
                    0 => given,
                    _ => format!(
                        "{given} ({}: {})",
                        self.language.pick("möjligt", "possible"),
                        named(possible)
                    ),
                }
            }
            TableResult::NotApplicable => none(),
        }
    }
}

fn difference(rule: &RuleDifference<'_>, language: Language) -> String {
    let change = match rule.change {
        RuleChange::Added => language.pick("finns bara på andra sidan", "only on the other side"),
        RuleChange::Removed => language.pick("finns bara på ena sidan", "only on one side"),
        RuleChange::Changed => language.pick("är ändrad", "changed"),
        RuleChange::Moved => language.pick("står på annan plats", "stands elsewhere"),
    };
    let standing = |standing| match standing {
        None => language.pick("finns inte", "not there"),
        Some(RuleStanding::Matched) => language.pick("passar", "matches"),
        Some(RuleStanding::RuledOut) => language.pick("utesluten", "ruled out"),
        Some(RuleStanding::Undetermined) => language.pick("oavgjord", "undetermined"),
    };
    let decides = if rule.decides {
        language.pick("; avgör", "; decides")
    } else {
        ""
    };
    format!(
        "  {} {} {change}: {} → {}{decides}",
        language.pick("regel", "rule"),
        rule.rule,
        standing(rule.one),
        standing(rule.other)
    )
}
