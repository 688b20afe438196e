//! The compiled tables decide as the plain reading of their source does, and more facts never change a decision.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use support::{Choices, Facts, GRAINS, Oracle, Said, TODAY, codes, compiled, facts, system};
use vardnav_classification::explain::{Standing, Verdict};
use vardnav_classification::model::*;
use vardnav_classification::{DescriptionSystem, TableResult};

fn said(system: &DescriptionSystem, grain: Grain, facts: &Facts) -> Vec<Said> {
    let result = system.classify(grain, TODAY, &compiled(system, facts));
    let tables = system.tables();
    tables
        .map(|(index, table)| match result.get(index) {
            TableResult::NotApplicable => Said::NotApplicable,
            TableResult::Value { value, rule } => Said::Value {
                value: codes(system, &table.id, 1 << value).remove(0),
                rule: system.rule(index, rule).unwrap().id.clone(),
            },
            TableResult::Held { possible } => Said::Held {
                possible: codes(system, &table.id, possible),
            },
            TableResult::Collected { values, possible } => Said::Collected {
                values: codes(system, &table.id, values),
                possible: codes(system, &table.id, possible),
            },
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn agrees_with_the_plain_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let compiled = DescriptionSystem::compile(source.clone()).unwrap();
        for grain in GRAINS {
            let facts = facts(&mut choices, &source, grain);
            let oracle = Oracle { source: &source, grain, date: TODAY, facts: &facts };
            let expected: Vec<Said> = source.tables.iter().map(|table| oracle.says(table)).collect();
            prop_assert_eq!(said(&compiled, grain, &facts), expected);
        }
    }

    #[test]
    fn explains_what_it_decides(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let system = DescriptionSystem::compile(source.clone()).unwrap();
        for grain in GRAINS {
            let facts = facts(&mut choices, &source, grain);
            let said = said(&system, grain, &facts);
            let explanation = system.explain(grain, TODAY, &compiled(&system, &facts));
            let mut told = explanation.tables();
            for said in said.into_iter().filter(|said| *said != Said::NotApplicable) {
                let table = told.next().unwrap();
                let mut possible: Vec<_> = table.possible().map(|one| one.value.to_owned()).collect();
                possible.sort();
                match (table.verdict(), said) {
                    (Verdict::Decided, Said::Value { value, rule }) => {
                        let found: Vec<_> = table.matched().collect();
                        prop_assert_eq!(found.len(), 1);
                        prop_assert_eq!(found[0].value(), Some(value.as_str()));
                        prop_assert_eq!(&found[0].rule.id, &rule);
                        let certain = table.others().all(|other| !matches!(other.standing, Standing::Undetermined(_)));
                        prop_assert!(certain);
                    }
                    (Verdict::Held, Said::Held { possible: expected }) => {
                        prop_assert!(table.matched().all(|row| row.value().is_none()));
                        prop_assert_eq!(possible, expected);
                    }
                    (Verdict::Collected, Said::Collected { values, possible: open }) => {
                        let mut given: Vec<_> =
                            table.matched().filter_map(|rule| rule.value()).map(str::to_owned).collect();
                        given.sort();
                        given.dedup();
                        prop_assert_eq!(given, values);
                        prop_assert_eq!(possible, open);
                    }
                    (verdict, said) => prop_assert!(false, "{:?} is not {:?}", verdict, said),
                }
            }
            prop_assert!(told.next().is_none());
        }
    }

    #[test]
    fn a_further_fact_never_changes_what_is_decided(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let system = DescriptionSystem::compile(source.clone()).unwrap();
        for grain in GRAINS {
            let before = facts(&mut choices, &source, grain);
            let mut after = facts(&mut choices, &source, grain);
            after.extend(before.clone());
            for (before, after) in said(&system, grain, &before).into_iter().zip(said(&system, grain, &after)) {
                match (before, after) {
                    (Said::Held { possible }, Said::Value { value, .. }) => prop_assert!(possible.contains(&value)),
                    (Said::Held { possible }, Said::Held { possible: later }) => {
                        prop_assert!(later.iter().all(|value| possible.contains(value)));
                    }
                    (
                        Said::Collected { values, possible },
                        Said::Collected { values: later, possible: open },
                    ) => {
                        prop_assert!(values.iter().all(|value| later.contains(value)));
                        let known = |value: &String| values.contains(value) || possible.contains(value);
                        prop_assert!(later.iter().all(known));
                        prop_assert!(open.iter().all(|value| possible.contains(value)));
                    }
                    (before, after) => prop_assert_eq!(before, after),
                }
            }
        }
    }

    #[test]
    fn the_missing_axes_decide(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let system = DescriptionSystem::compile(source.clone()).unwrap();
        for grain in GRAINS {
            let before = facts(&mut choices, &source, grain);
            let explanation = system.explain(grain, TODAY, &compiled(&system, &before));
            for table in explanation.tables() {
                for open in table.possible() {
                    prop_assert!(!open.missing.slots.is_empty());
                    let mut after = before.clone();
                    for axis in open.missing.ids() {
                        prop_assert!(!before.contains_key(axis));
                        let slot = system.axis(axis).unwrap();
                        if system.takes_fact(slot, grain) {
                            let count = system.values_of(slot).len();
                            after.insert(axis.to_owned(), vec![format!("v{}", choices.up_to(count))]);
                        }
                    }
                    let later = system.explain(grain, TODAY, &compiled(&system, &after));
                    let later = later.tables().find(|later| later.id() == table.id()).unwrap();
                    let mut still = later.possible();
                    if let Some(still) = still.find(|still| still.value == open.value) {
                        let waits_for_rows = still.missing.slots.iter().all(|slot| {
                            system.axis_definition(slot).is_none() && !system.takes_fact(slot, grain)
                        });
                        prop_assert!(waits_for_rows, "{:?} still lacks {:?}", still.value, still.missing.slots);
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn agrees_on_tables_of_many_rules(bytes in prop::collection::vec(any::<u8>(), 2500..5000)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let compiled = DescriptionSystem::compile(source.clone()).unwrap();
        for at in 0..30 {
            let grain = GRAINS[at % 3];
            let facts = facts(&mut choices, &source, grain);
            let oracle = Oracle { source: &source, grain, date: TODAY, facts: &facts };
            let expected: Vec<Said> = source.tables.iter().map(|table| oracle.says(table)).collect();
            prop_assert_eq!(said(&compiled, grain, &facts), expected);
        }
    }
}
