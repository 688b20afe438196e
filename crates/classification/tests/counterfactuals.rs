//! The smallest changes are those that trying every change finds: an oracle that goes through all axes and values by
//! rising number of axes and reads the tables on strings.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use support::{Choices, Facts, GRAINS, Oracle, Said, TODAY, compiled, facts, given, system};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::counterfactual::{ChangeKind, Counterfactual, Effect, Limits};
use vardnav_classification::facts::bits;
use vardnav_classification::model::*;

/// Enough for every small system.
const ENOUGH: Limits = Limits {
    tries: u32::MAX,
    ways: 100_000,
    conjunctions: 500,
};

/// A change of one axis: its name, what is done, the value.
type Step = (String, ChangeKind, String);

/// A way as the oracle writes it.
type Steps = BTreeSet<Step>;

/// What an axis can become: each step with the values after it.
fn steps(name: &str, values: &[AxisValue], several: bool, facts: &Facts) -> Vec<(Step, Vec<String>)> {
    let known = facts.get(name);
    let mut steps = Vec::new();
    for value in values {
        let code = &value.code;
        let step = |kind| (name.to_owned(), kind, code.clone());
        if known.is_none_or(|known| *known != vec![code.clone()]) {
            steps.push((step(ChangeKind::Set), vec![code.clone()]));
        }
        let Some(known) = known.filter(|known| several && !known.is_empty()) else {
            continue;
        };
        if !known.contains(code) {
            let mut after = known.clone();
            after.push(code.clone());
            steps.push((step(ChangeKind::Add), after));
        } else if known.len() > 1 {
            let after = known.iter().filter(|other| *other != code).cloned().collect();
            steps.push((step(ChangeKind::Remove), after));
        }
    }
    steps
}

struct Brute<'a> {
    source: &'a DescriptionSource,
    grain: Grain,
    facts: &'a Facts,
}

impl Brute<'_> {
    fn allowed(&self, facts: &Facts) -> bool {
        let oracle = Oracle {
            source: self.source,
            grain: self.grain,
            date: TODAY,
            facts,
        };
        let met = |each: &Vec<Condition>| each.iter().all(|condition| oracle.holds(condition) == Some(true));
        let refused = |combination: &Combination| {
            combination.grains.contains(&self.grain) && combination.alternatives.iter().any(met)
        };
        !self.source.exclusions.iter().any(refused)
    }

    fn leads(&self, table: &Table, effect: Effect, value: &str, facts: &Facts) -> bool {
        let oracle = Oracle {
            source: self.source,
            grain: self.grain,
            date: TODAY,
            facts,
        };
        let value = value.to_owned();
        match (effect, oracle.says(table)) {
            (Effect::Gives, Said::Value { value: given, .. }) => given == value,
            (Effect::Adds, Said::Collected { values, .. }) => values.contains(&value),
            (Effect::Drops, Said::Collected { values, possible }) => {
                !values.contains(&value) && !possible.contains(&value)
            }
            _ => false,
        }
    }

    /// The smallest ways, trying everything.
    fn smallest(&self, table: &Table, effect: Effect, value: &str, only_missing: bool) -> BTreeSet<Steps> {
        let axes = self
            .source
            .axes
            .iter()
            .map(|axis| (&axis.id, &axis.values, axis.multiple));
        let tables = given(self.source, self.grain).map(|table| (&table.id, &table.values, false));
        let all: Vec<Vec<(Step, Vec<String>)>> = axes
            .chain(tables)
            .filter(|(name, ..)| !only_missing || !self.facts.contains_key(*name))
            .map(|(name, values, several)| steps(name, values, several, self.facts))
            .collect();
        for count in 1..=all.len() {
            let mut found = BTreeSet::new();
            self.try_all(&all, count, &mut Vec::new(), self.facts, &mut |taken, facts| {
                if self.leads(table, effect, value, facts) && self.allowed(facts) {
                    found.insert(taken.iter().cloned().collect());
                }
            });
            let found = without_needless_replacements(found, self.facts);
            if !found.is_empty() {
                return found;
            }
        }
        BTreeSet::new()
    }

    fn try_all(
        &self,
        rest: &[Vec<(Step, Vec<String>)>],
        count: usize,
        taken: &mut Vec<Step>,
        facts: &Facts,
        each: &mut impl FnMut(&[Step], &Facts),
    ) {
        if count == 0 {
            each(taken, facts);
            return;
        }
        for (at, axis) in rest.iter().enumerate() {
            for (step, after) in axis {
                let mut facts = facts.clone();
                facts.insert(step.0.clone(), after.clone());
                taken.push(step.clone());
                self.try_all(&rest[at + 1..], count - 1, taken, &facts, each);
                taken.pop();
            }
        }
    }
}

/// A value is replaced only where adding does not do.
fn without_needless_replacements(found: BTreeSet<Steps>, facts: &Facts) -> BTreeSet<Steps> {
    let needless = |way: &Steps| {
        way.iter().any(|step| {
            let known = facts.get(&step.0).is_some_and(|known| !known.is_empty());
            let mut other = way.clone();
            other.remove(step);
            other.insert((step.0.clone(), ChangeKind::Add, step.2.clone()));
            known && step.1 == ChangeKind::Set && found.contains(&other)
        })
    };
    found.iter().filter(|way| !needless(way)).cloned().collect()
}

/// Every way of an answer, value by value.
fn written(system: &DescriptionSystem, found: &Counterfactual) -> BTreeSet<Steps> {
    let mut written = BTreeSet::new();
    for way in &found.ways {
        let mut open: Vec<Steps> = vec![Steps::new()];
        for change in &way.changes {
            let mut further = Vec::new();
            for value in bits(change.any_of) {
                for steps in &open {
                    let mut steps = steps.clone();
                    steps.insert((
                        system.axis_id(change.slot).to_owned(),
                        change.kind,
                        system.value_code(change.slot, value).to_owned(),
                    ));
                    further.push(steps);
                }
            }
            open = further;
        }
        for steps in open {
            assert!(written.insert(steps), "a way is told twice");
        }
    }
    written
}

fn agrees(bytes: &[u8]) {
    let mut choices = Choices(bytes.iter());
    let source = system(&mut choices);
    let system = DescriptionSystem::compile(source.clone()).unwrap();
    for grain in GRAINS {
        let facts = facts(&mut choices, &source, grain);
        let brute = Brute {
            source: &source,
            grain,
            facts: &facts,
        };
        let oracle = Oracle {
            source: &source,
            grain,
            date: TODAY,
            facts: &facts,
        };
        let told = system.counterfactuals_within(grain, TODAY, &compiled(&system, &facts), ENOUGH);
        let mut told = told.iter();
        for table in &source.tables {
            let said = oracle.says(table);
            if said == Said::NotApplicable {
                continue;
            }
            let answer = told.next().unwrap();
            let mut expected = Vec::new();
            for value in &table.values {
                let (effect, open) = match &said {
                    Said::Value { value: now, .. } if *now == value.code => continue,
                    Said::Value { .. } => (Effect::Gives, false),
                    Said::Held { possible } => (Effect::Gives, possible.contains(&value.code)),
                    Said::Collected { values, .. } if values.contains(&value.code) => (Effect::Drops, false),
                    Said::Collected { possible, .. } => (Effect::Adds, possible.contains(&value.code)),
                    Said::NotApplicable => continue,
                };
                let mut ways = BTreeSet::new();
                if open {
                    ways = brute.smallest(table, effect, &value.code, true);
                }
                let missing = !ways.is_empty();
                if ways.is_empty() {
                    ways = brute.smallest(table, effect, &value.code, false);
                }
                if !ways.is_empty() {
                    expected.push((effect, value.code.clone(), missing, ways));
                }
            }
            let found: Vec<_> = answer
                .found
                .iter()
                .map(|found| {
                    assert!(!found.cut);
                    let slot = system.slot_of(answer.table).unwrap();
                    let value = system.value_code(slot, found.value).to_owned();
                    (
                        found.effect,
                        value,
                        found.by_missing_facts,
                        written(&system, found),
                    )
                })
                .collect();
            assert_eq!(found, expected, "{} of {facts:?}", table.id);
        }
        assert!(told.next().is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn the_smallest_changes_are_those_that_trying_all_finds(bytes in prop::collection::vec(any::<u8>(), 0..250)) {
        agrees(&bytes);
    }

    #[test]
    fn what_is_told_within_narrow_limits_is_right_and_says_that_it_is_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..250), tries in 0_u32..40, ways in 1_usize..3,
    ) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        let system = DescriptionSystem::compile(source.clone()).unwrap();
        for grain in GRAINS {
            let facts = compiled(&system, &facts(&mut choices, &source, grain));
            let all = system.counterfactuals_within(grain, TODAY, &facts, ENOUGH);
            let some = system.counterfactuals_within(grain, TODAY, &facts, Limits { tries, ways, conjunctions: 8 });
            for (all, some) in all.iter().zip(&some) {
                for found in some.found.iter() {
                    let Some(whole) = all.found.iter().find(|whole| whole.value == found.value) else {
                        prop_assert!(found.cut && found.ways.is_empty());
                        continue;
                    };
                    let whole_ways = written(&system, whole);
                    let ways = written(&system, found);
                    prop_assert!(found.ways.len() <= 2);
                    if whole.by_missing_facts == found.by_missing_facts {
                        prop_assert!(ways.is_subset(&whole_ways));
                        prop_assert!(found.cut || ways == whole_ways);
                    }
                }
                for whole in &all.found {
                    prop_assert!(some.found.iter().any(|found| found.value == whole.value));
                }
            }
        }
    }
}
