//! The proofs find what trying every combination finds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use support::{Choices, Facts, Oracle, TODAY, given, system};
use vardnav_classification::model::*;
use vardnav_classification::{Defect, DescriptionSystem};

/// Every combination of single values, the given tables included.
fn combinations(source: &DescriptionSource, grain: Grain) -> Vec<Facts> {
    let mut all = vec![Facts::new()];
    let names = source
        .axes
        .iter()
        .map(|axis| (&axis.id, &axis.values))
        .chain(given(source, grain).map(|table| (&table.id, &table.values)));
    for (name, values) in names {
        all = all
            .into_iter()
            .flat_map(|facts| {
                values.iter().map(move |value| {
                    let mut facts = facts.clone();
                    facts.insert(name.clone(), vec![value.code.clone()]);
                    facts
                })
            })
            .collect();
    }
    all
}

fn is_excluded(oracle: &Oracle<'_>) -> bool {
    oracle.source.exclusions.iter().any(|exclusion| {
        exclusion.grains.contains(&oracle.grain)
            && exclusion
                .alternatives
                .iter()
                .any(|each| each.iter().all(|c| oracle.holds(c) == Some(true)))
    })
}

/// Whether a table that this one reads, directly or not, is held.
fn waits(oracle: &Oracle<'_>, table: &Table) -> bool {
    let read = table
        .rules
        .iter()
        .filter(|rule| is_chosen(oracle.source, rule))
        .flat_map(|rule| &rule.alternatives);
    read.flatten().any(|condition| {
        let earlier = oracle
            .source
            .tables
            .iter()
            .find(|table| table.id == condition.axis);
        earlier.is_some_and(|earlier| {
            oracle.fact(&earlier.id).is_none()
                || (earlier.grains.contains(&oracle.grain) && waits(oracle, earlier))
        })
    })
}

fn is_chosen(source: &DescriptionSource, rule: &Rule) -> bool {
    rule.variant
        .as_ref()
        .is_none_or(|variant| source.points.iter().any(|point| point.chosen == variant.name))
}

/// The rule that decides, in a *first* table, or all that match.
fn matches(oracle: &Oracle<'_>, table: &Table) -> Vec<usize> {
    let matching = table.rules.iter().enumerate().filter(|(_, rule)| {
        oracle.is_taken(rule)
            && rule.outcome != Outcome::CatchAll
            && rule
                .alternatives
                .iter()
                .any(|each| each.iter().all(|c| oracle.holds(c) == Some(true)))
    });
    let limit = if table.hit_policy == HitPolicy::First {
        1
    } else {
        usize::MAX
    };
    matching.map(|(at, _)| at).take(limit).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn agree_with_trying_everything(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        let source = system(&mut Choices(bytes.iter()));
        let compiled = DescriptionSystem::compile(source.clone()).unwrap();
        for proof in compiled.prove(TODAY) {
            let table = source.tables.iter().find(|table| table.id == proof.table).unwrap();
            let mut gaps = 0;
            let example = proof.defects.iter().find_map(|defect| match defect {
                Defect::Gap { facts } => Some(facts),
                _ => None,
            });
            let mut example_seen = false;
            for facts in combinations(&source, proof.grain) {
                let oracle = Oracle { source: &source, grain: proof.grain, date: proof.from, facts: &facts };
                if is_excluded(&oracle) || waits(&oracle, table) {
                    continue;
                }
                let matched = !matches(&oracle, table).is_empty();
                gaps += usize::from(!matched && table.hit_policy == HitPolicy::First);
                let meets = |(name, value): &(String, String)| oracle.fact(name).is_some_and(|is| is.contains(value));
                if example.is_some_and(|example| example.iter().all(meets)) {
                    example_seen = true;
                    prop_assert!(!matched, "{:?} is matched by {:?}", example, facts);
                }
            }
            prop_assert_eq!(gaps > 0, example.is_some());
            prop_assert_eq!(example_seen, example.is_some());
        }
    }

    #[test]
    fn find_the_rules_that_nothing_reaches(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        let source = system(&mut Choices(bytes.iter()));
        let compiled = DescriptionSystem::compile(source.clone()).unwrap();
        let proofs = compiled.prove(TODAY);
        for table in &source.tables {
            let dates: BTreeSet<_> =
                proofs.iter().filter(|proof| proof.table == table.id).map(|proof| proof.from).collect();
            for date in dates {
                let mut reached = BTreeSet::new();
                let mut in_force = BTreeSet::new();
                for &grain in &table.grains {
                    for facts in combinations(&source, grain) {
                        let oracle = Oracle { source: &source, grain, date, facts: &facts };
                        if !is_excluded(&oracle) && !waits(&oracle, table) {
                            reached.extend(matches(&oracle, table));
                        }
                        let taken = table.rules.iter().enumerate().filter(|(_, rule)| oracle.is_taken(rule));
                        in_force.extend(taken.filter(|(_, r)| r.outcome != Outcome::CatchAll).map(|(at, _)| at));
                    }
                }
                let expected: BTreeSet<String> =
                    in_force.difference(&reached).map(|at| table.rules[*at].id.clone()).collect();
                let found: BTreeSet<String> = proofs
                    .iter()
                    .filter(|proof| proof.table == table.id && proof.from == date)
                    .flat_map(|proof| &proof.defects)
                    .filter_map(|defect| match defect {
                        Defect::Unreachable { rule, .. } => Some(rule.clone()),
                        _ => None,
                    })
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
