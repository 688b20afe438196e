//! The cases made from tables do what they were made for, as the plain reading of the tables says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use support::{Choices, Oracle, TODAY, system};
use vardnav_classification::model::*;
use vardnav_classification::verify::cases::{Intent, cases};
use vardnav_classification::{Defect, DescriptionSystem};

/// Whether a rule matches, as far as is known.
fn matches(oracle: &Oracle<'_>, rule: &Rule) -> Option<bool> {
    if !oracle.is_taken(rule) {
        return Some(false);
    }
    let mut unknown = false;
    for alternative in &rule.alternatives {
        let all: Vec<Option<bool>> = alternative.iter().map(|c| oracle.holds(c)).collect();
        if all.iter().all(|holds| *holds == Some(true)) {
            return Some(true);
        }
        unknown |= !all.contains(&Some(false));
    }
    if unknown { None } else { Some(false) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn do_what_they_were_made_for(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        let source = system(&mut Choices(bytes.iter()));
        let compiled = DescriptionSystem::compile(source.clone()).unwrap();
        let made = cases(&compiled, TODAY);
        prop_assert_eq!(&made.disagreements, &Vec::<String>::new());
        let mut hit = BTreeSet::new();
        for case in &made.cases {
            let facts = case.facts.iter().cloned().collect();
            let oracle = Oracle { source: &source, grain: case.grain, date: case.date, facts: &facts };
            let table = source.tables.iter().find(|table| table.id == case.table).unwrap();
            let (before, rest) = table.rules.split_at(usize::from(case.rule));
            let first = table.hit_policy == HitPolicy::First;
            let found = matches(&oracle, &rest[0]);
            let reached = !first || before.iter().all(|rule| matches(&oracle, rule) == Some(false));
            match case.intent {
                Intent::Hit => {
                    hit.insert((case.table.clone(), rest[0].id.clone()));
                    prop_assert!(found == Some(true) && reached, "{:?}", case);
                }
                Intent::Lacking => prop_assert!(found != Some(true) || !reached, "{:?}", case),
                Intent::NearMiss => prop_assert_eq!(found, Some(false), "{:?}", case),
            }
        }
        // Every rule is hit, but those that nothing reaches.
        let unreachable: BTreeSet<(String, String)> = compiled
            .prove(TODAY)
            .into_iter()
            .flat_map(|proof| {
                let table = proof.table;
                proof.defects.into_iter().filter_map(move |defect| match defect {
                    Defect::Unreachable { rule, .. } => Some((table.clone(), rule)),
                    _ => None,
                })
            })
            .collect();
        for table in &source.tables {
            for rule in &table.rules {
                let taken = rule.variant.as_ref().is_none_or(|variant| source.points[0].chosen == variant.name);
                let key = (table.id.clone(), rule.id.clone());
                if taken && rule.outcome != Outcome::CatchAll && !made.more && !unreachable.contains(&key) {
                    // Cases with the same facts stand once, so the case of another rule may be the one.
                    let at = table.rules.iter().position(|other| other.id == rule.id).unwrap();
                    let by_another = made.cases.iter().any(|case| {
                        let facts = case.facts.iter().cloned().collect();
                        let oracle = Oracle { source: &source, grain: case.grain, date: case.date, facts: &facts };
                        let first = table.hit_policy == HitPolicy::First;
                        table.grains.contains(&case.grain)
                            && matches(&oracle, rule) == Some(true)
                            && (!first || table.rules[..at].iter().all(|other| matches(&oracle, other) == Some(false)))
                    });
                    prop_assert!(hit.contains(&key) || by_another, "{:?}", key);
                }
            }
        }
    }
}
