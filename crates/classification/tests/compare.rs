//! Two description systems side by side: a table differs exactly when the plain reading of both sources says so, and
//! then there is a reason.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use support::{Choices, Facts, GRAINS, Oracle, Said, TODAY, compiled, facts, system};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::compare::{RuleChange, RuleStanding, Side, TableComparison, compare};
use vardnav_classification::model::*;

/// What a table gives, whatever rule gave it.
fn said(source: &DescriptionSource, grain: Grain, facts: &Facts, table: &str) -> Said {
    let table = source.tables.iter().find(|each| each.id == table).unwrap();
    let oracle = Oracle {
        source,
        grain,
        date: TODAY,
        facts,
    };
    match oracle.says(table) {
        Said::Value { value, .. } => Said::Value {
            value,
            rule: String::new(),
        },
        other => other,
    }
}

/// The source with another variant, a rule left out, two rules in each other's place or a rule that gives something
/// else.
fn changed(choices: &mut Choices<'_>, source: &DescriptionSource) -> DescriptionSource {
    let mut changed = source.clone();
    for _ in 0..1 + choices.up_to(2) {
        let at = choices.up_to(changed.tables.len());
        let table = &mut changed.tables[at];
        let last = table.rules.len() - usize::from(table.rules.last().unwrap().id == "guard");
        match (choices.up_to(4), last) {
            (0, _) => {
                let point = &mut changed.points[0];
                point.chosen = if point.chosen == "left" { "right" } else { "left" }.to_owned();
            }
            (1, 2..) => drop(table.rules.remove(choices.up_to(last))),
            (2, 2..) => table.rules.swap(choices.up_to(last), choices.up_to(last)),
            (3, 1..) => {
                let value = table.values[choices.up_to(table.values.len())].code.clone();
                let rule = choices.up_to(last);
                table.rules[rule].outcome = Outcome::Value(value);
            }
            _ => {}
        }
    }
    changed
}

fn compared<'s>(
    one: &'s DescriptionSystem,
    other: &'s DescriptionSystem,
    grain: Grain,
    known: &Facts,
) -> Vec<TableComparison<'s>> {
    let side = |system| Side {
        system,
        facts: compiled(system, known),
    };
    compare(grain, TODAY, side(one), side(other))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn tables_differ_as_the_plain_reading_says_and_for_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..250)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let changed = changed(&mut choices, &source);
        let (one, other) = (
            DescriptionSystem::compile(source.clone()).unwrap(),
            DescriptionSystem::compile(changed.clone()).unwrap(),
        );
        for grain in GRAINS {
            let facts = facts(&mut choices, &source, grain);
            let mut differing = Vec::new();
            for table in compared(&one, &other, grain, &facts) {
                let sides = (said(&source, grain, &facts, table.table), said(&changed, grain, &facts, table.table));
                prop_assert_eq!(table.differs, sides.0 != sides.1, "{}", table.table);
                prop_assert_eq!(table.differs, !table.rules.is_empty() || !table.through.is_empty());
                for id in &table.through {
                    prop_assert!(differing.contains(id), "{} through {}", table.table, id);
                }
                for rule in &table.rules {
                    let there = |side: &DescriptionSystem| side.table(table.table).unwrap().1.rules.iter().any(|each| each.id == rule.rule);
                    let expected = match rule.change {
                        RuleChange::Added => (false, true),
                        RuleChange::Removed => (true, false),
                        RuleChange::Changed | RuleChange::Moved => (true, true),
                    };
                    prop_assert_eq!((rule.one.is_some(), rule.other.is_some()), expected);
                    prop_assert!(rule.one.is_none() || there(&one));
                    prop_assert!(rule.other.is_none() || there(&other));
                    let matched = [rule.one, rule.other].contains(&Some(RuleStanding::Matched));
                    prop_assert!(matched || !rule.decides);
                }
                if table.differs {
                    differing.push(table.table);
                }
            }
        }
    }

    #[test]
    fn a_system_is_like_itself(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let (one, other) = (
            DescriptionSystem::compile(source.clone()).unwrap(),
            DescriptionSystem::compile(source.clone()).unwrap(),
        );
        for grain in GRAINS {
            let facts = facts(&mut choices, &source, grain);
            for table in compared(&one, &other, grain, &facts) {
                prop_assert!(!table.differs && table.rules.is_empty() && table.through.is_empty());
                prop_assert_eq!(table.one, table.other);
            }
        }
    }
}
