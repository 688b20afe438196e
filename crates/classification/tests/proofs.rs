//! The proofs find what trying every combination finds, and what subtracting boxes finds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use support::{Choices, Facts, Oracle, Said, TODAY, given, system};
use vardnav_classification::model::*;
use vardnav_classification::verify::{Example, Report, SettlingSet, TableReport, report};
use vardnav_classification::{Defect, DescriptionSystem};

/// Systems with more combinations of facts are passed over, for time.
const COMBINATIONS: usize = 500;

/// What can be stated of a grain: names, each with the sets of values that it may have.
fn domains(source: &DescriptionSource, grain: Grain) -> Vec<(String, Vec<Vec<String>>)> {
    let single = |values: &[AxisValue]| values.iter().map(|value| vec![value.code.clone()]).collect();
    let axes = source.axes.iter().map(|axis| {
        let sets = if axis.multiple {
            (1..1_usize << axis.values.len())
                .map(|mask| {
                    let held = axis
                        .values
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| mask >> at & 1 == 1);
                    held.map(|(_, value)| value.code.clone()).collect()
                })
                .collect()
        } else {
            single(&axis.values)
        };
        (axis.id.clone(), sets)
    });
    axes.chain(given(source, grain).map(|table| (table.id.clone(), single(&table.values))))
        .collect()
}

/// Every combination, each name with one of its sets; with `unknown`, or left out.
fn combinations(source: &DescriptionSource, grain: Grain, unknown: bool) -> Option<Vec<Facts>> {
    let mut all = vec![Facts::new()];
    for (name, sets) in domains(source, grain) {
        let mut next = Vec::new();
        for facts in all {
            if unknown {
                next.push(facts.clone());
            }
            for set in &sets {
                let mut facts = facts.clone();
                facts.insert(name.clone(), set.clone());
                next.push(facts);
            }
        }
        all = next;
        if all.len() > COMBINATIONS {
            return None;
        }
    }
    Some(all)
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

/// Facts that validation takes, and the rules that match them: positions in the source, without the guard.
#[derive(Debug, Clone)]
struct Tried {
    facts: Facts,
    /// A table that is read is held, so they are not asked about.
    waits: bool,
    matches: Vec<usize>,
}

/// All facts that validation takes, for one table, grain and date.
fn tried(source: &DescriptionSource, table: &Table, grain: Grain, date: Date) -> Option<Vec<Tried>> {
    let mut all = Vec::new();
    for facts in combinations(source, grain, false)? {
        let oracle = Oracle {
            source,
            grain,
            date,
            facts: &facts,
        };
        if is_excluded(&oracle) {
            continue;
        }
        let waits = waits(&oracle, table);
        let matching = table.rules.iter().enumerate().filter(|(_, rule)| {
            oracle.is_taken(rule)
                && rule.outcome != Outcome::CatchAll
                && rule
                    .alternatives
                    .iter()
                    .any(|each| each.iter().all(|c| oracle.holds(c) == Some(true)))
        });
        let matches = matching.map(|(at, _)| at).collect();
        all.push(Tried {
            facts,
            waits,
            matches,
        });
    }
    Some(all)
}

/// The facts that are asked about.
fn asked(all: &[Tried]) -> impl Iterator<Item = &Tried> {
    all.iter().filter(|tried| !tried.waits)
}

/// The example shows what `holds` says: for all facts that have it, of which there are some; and nothing of it can be
/// left out, nor does anything smaller do when it is said to be smallest.
fn shows(example: &Example, all: &[Tried], holds: impl Fn(&Tried) -> bool) -> TestCaseResult {
    let suffices = |stated: &BTreeMap<String, Vec<String>>| {
        let mut having = all
            .iter()
            .filter(|tried| {
                stated
                    .iter()
                    .all(|(name, values)| tried.facts.get(name) == Some(values))
            })
            .peekable();
        having.peek().is_some() && having.all(|tried| !tried.waits && holds(tried))
    };
    let stated: BTreeMap<String, Vec<String>> = example
        .facts
        .iter()
        .map(|fact| (fact.axis.clone(), fact.values.clone()))
        .collect();
    prop_assert!(suffices(&stated), "{example:?} does not show it");
    for name in stated.keys() {
        let mut fewer = stated.clone();
        fewer.remove(name);
        prop_assert!(!suffices(&fewer), "{example:?} needs no {name}");
    }
    if example.smallest && all.len() <= 400 {
        let names: Vec<&String> = all
            .first()
            .map(|tried| tried.facts.keys().collect())
            .unwrap_or_default();
        for mask in 0..1_u32 << names.len() {
            if mask.count_ones() as usize >= stated.len() {
                continue;
            }
            for tried in all.iter().filter(|tried| !tried.waits && holds(tried)) {
                let chosen = names.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
                let smaller = chosen
                    .map(|(_, name)| ((*name).clone(), tried.facts[*name].clone()))
                    .collect();
                prop_assert!(!suffices(&smaller), "{smaller:?} is smaller than {example:?}");
            }
        }
    }
    Ok(())
}

fn value(rule: &Rule) -> Option<&String> {
    match &rule.outcome {
        Outcome::Value(value) => Some(value),
        _ => None,
    }
}

fn gaps_and_unreachable(source: &DescriptionSource) -> TestCaseResult {
    let compiled = DescriptionSystem::compile(source.clone()).unwrap();
    let proofs = compiled.prove(TODAY);
    let subtracted = compiled.subtract(TODAY);
    let dated: Vec<(&Table, Date)> = source
        .tables
        .iter()
        .flat_map(|table| {
            let of = proofs.iter().filter(|proof| proof.table == table.id);
            of.map(|proof| proof.from)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(move |from| (table, from))
        })
        .collect();
    prop_assert_eq!(dated.len(), subtracted.len());
    for ((table, from), boxes) in dated.into_iter().zip(subtracted) {
        let proofs: Vec<_> = proofs
            .iter()
            .filter(|proof| proof.table == table.id && proof.from == from)
            .collect();
        let defects: Vec<&Defect> = proofs.iter().flat_map(|proof| &proof.defects).collect();
        let gaps: Vec<Grain> = proofs
            .iter()
            .filter(|proof| {
                proof
                    .defects
                    .iter()
                    .any(|defect| matches!(defect, Defect::Gap { .. }))
            })
            .map(|proof| proof.grain)
            .collect();
        let unreachable: Vec<(&String, &Vec<String>)> = defects
            .iter()
            .filter_map(|defect| match defect {
                Defect::Unreachable { rule, behind, .. } => Some((rule, behind)),
                _ => None,
            })
            .collect();
        if let Some(boxes) = boxes {
            prop_assert_eq!(&boxes.gaps, &gaps);
            let names: Vec<&String> = unreachable.iter().map(|(rule, _)| *rule).collect();
            prop_assert_eq!(boxes.unreachable.iter().collect::<Vec<_>>(), names);
        }
        let of: Option<Vec<_>> = table
            .grains
            .iter()
            .map(|grain| tried(source, table, *grain, from))
            .collect();
        let Some(of) = of else { continue };
        let first = table.hit_policy == HitPolicy::First;
        let mut reached = BTreeSet::new();
        for (proof, all) in proofs.iter().zip(&of) {
            let gap = first && asked(all).any(|tried| tried.matches.is_empty());
            prop_assert_eq!(gap, gaps.contains(&proof.grain));
            for defect in &proof.defects {
                if let Defect::Gap { example } = defect {
                    shows(example, all, |tried| tried.matches.is_empty())?;
                }
            }
            let deciding =
                asked(all).flat_map(|tried| tried.matches.iter().take(if first { 1 } else { usize::MAX }));
            reached.extend(deciding.copied());
        }
        let in_force = table.rules.iter().enumerate().filter(|(_, rule)| {
            rule.outcome != Outcome::CatchAll
                && is_chosen(source, rule)
                && rule.in_force_from.is_none_or(|date| date <= from)
        });
        let expected: Vec<&String> = in_force
            .filter(|(at, _)| !reached.contains(at))
            .map(|(_, rule)| &rule.id)
            .collect();
        prop_assert_eq!(
            unreachable.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(),
            expected
        );
        for (rule, behind) in unreachable {
            let at = |id: &String| table.rules.iter().position(|rule| rule.id == *id).unwrap();
            let own = at(rule);
            let takes = |of: &[usize], all: &[Tried]| {
                asked(all)
                    .filter(|tried| tried.matches.contains(&own))
                    .all(|tried| of.iter().any(|other| tried.matches.contains(other)))
            };
            let behind: Vec<usize> = behind.iter().map(at).collect();
            prop_assert!(behind.iter().all(|other| *other < own));
            prop_assert!(of.iter().all(|all| !first || takes(&behind, all)));
            if of.len() == 1 {
                for without in 0..behind.len() {
                    let mut fewer = behind.clone();
                    fewer.remove(without);
                    prop_assert!(!takes(&fewer, &of[0]));
                }
            }
        }
    }
    Ok(())
}

fn holds_and_overlaps(source: &DescriptionSource, report: &Report) -> TestCaseResult {
    for told in &report.tables {
        let table = source
            .tables
            .iter()
            .find(|table| table.id == told.proof.table)
            .unwrap();
        let Some(all) = tried(source, table, told.proof.grain, told.proof.from) else {
            continue;
        };
        let at = |id: &String| {
            let of = table.rules.iter().enumerate().filter(|(_, rule)| rule.id == *id);
            of.filter(|(_, rule)| is_chosen(source, rule))
                .map(|(at, _)| at)
                .next()
                .unwrap()
        };
        let mut holding = BTreeSet::new();
        let mut meeting = BTreeSet::new();
        for tried in asked(&all) {
            let Some((first, later)) = tried.matches.split_first() else {
                continue;
            };
            if matches!(table.rules[*first].outcome, Outcome::Hold { .. }) {
                holding.insert(*first);
            }
            if table.hit_policy == HitPolicy::First {
                let differ = |other: &&usize| value(&table.rules[**other]) != value(&table.rules[*first]);
                meeting.extend(later.iter().filter(differ).map(|other| (*first, *other)));
            }
        }
        let told_holding: BTreeSet<usize> = told.holds.iter().map(|hold| at(&hold.rule)).collect();
        prop_assert_eq!(told_holding, holding);
        for hold in &told.holds {
            let own = at(&hold.rule);
            shows(&hold.example, &all, |tried| tried.matches.first() == Some(&own))?;
        }
        let told_meeting: BTreeSet<(usize, usize)> = told
            .overlaps
            .iter()
            .map(|overlap| (at(&overlap.rule), at(&overlap.behind)))
            .collect();
        let complete = if told.more {
            told_meeting.is_subset(&meeting)
        } else {
            told_meeting == meeting
        };
        prop_assert!(complete);
        for overlap in &told.overlaps {
            let (one, other) = (at(&overlap.rule), at(&overlap.behind));
            prop_assert_eq!(overlap.gives.as_ref(), value(&table.rules[one]));
            prop_assert_eq!(overlap.would_give.as_ref(), value(&table.rules[other]));
            shows(&overlap.example, &all, |tried| {
                tried.matches.first() == Some(&one) && tried.matches.contains(&other)
            })?;
        }
    }
    Ok(())
}

type Outcomes = BTreeSet<(Option<String>, Option<String>)>;

/// What a table gives under two variants: the values of each, none when a *first* table holds.
fn under_both(table: [&Table; 2], tried: [&Tried; 2]) -> Outcomes {
    let gives = |table: &Table, tried: &Tried| -> BTreeSet<Option<String>> {
        let values = tried.matches.iter().map(|at| value(&table.rules[*at]).cloned());
        match table.hit_policy {
            HitPolicy::First => BTreeSet::from([values.into_iter().next().flatten()]),
            HitPolicy::Collect => values.collect(),
        }
    };
    let [one, other] = [gives(table[0], tried[0]), gives(table[1], tried[1])];
    match table[0].hit_policy {
        HitPolicy::First if one == other => Outcomes::new(),
        HitPolicy::First => {
            let [one, other] = [one, other].map(|values| values.into_iter().next().flatten());
            Outcomes::from([(one, other)])
        }
        HitPolicy::Collect => {
            let left = one.difference(&other).map(|value| (value.clone(), None));
            let right = other.difference(&one).map(|value| (None, value.clone()));
            left.chain(right).collect()
        }
    }
}

fn variants(source: &DescriptionSource, report: &Report) -> TestCaseResult {
    for compared in &report.comparisons {
        let under = |variant: &String| {
            let mut source = source.clone();
            for point in source
                .points
                .iter_mut()
                .filter(|point| point.id == compared.point)
            {
                point.chosen.clone_from(variant);
            }
            source
        };
        let sources = [under(&compared.one), under(&compared.other)];
        for (at, table) in source.tables.iter().enumerate() {
            for &grain in &table.grains {
                let dates = report.tables.iter().filter(|told| told.proof.table == table.id);
                let mut dates: BTreeSet<Date> = dates.map(|told| told.proof.from).collect();
                dates.insert(jiff::civil::date(2027, 1, 1));
                let mut expected = Outcomes::new();
                for date in dates {
                    let tables = [&sources[0].tables[at], &sources[1].tables[at]];
                    let all = [
                        tried(&sources[0], tables[0], grain, date),
                        tried(&sources[1], tables[1], grain, date),
                    ];
                    let [Some(one), Some(other)] = all else {
                        return Ok(());
                    };
                    let joined: Vec<(Tried, Outcomes)> = one
                        .iter()
                        .filter_map(|one| {
                            let other = other.iter().find(|other| other.facts == one.facts)?;
                            let waits = one.waits || other.waits;
                            let differ = if waits {
                                Outcomes::new()
                            } else {
                                under_both(tables, [one, other])
                            };
                            Some((Tried { waits, ..one.clone() }, differ))
                        })
                        .collect();
                    let all: Vec<Tried> = joined.iter().map(|(tried, _)| tried.clone()).collect();
                    expected.extend(joined.iter().flat_map(|(_, differ)| differ.clone()));
                    let told = compared
                        .differences
                        .iter()
                        .filter(|told| told.table == table.id && told.grain == grain && told.from == date);
                    for told in told {
                        let pair = (told.one.clone(), told.other.clone());
                        shows(&told.example, &all, |tried| {
                            let known = joined.iter().find(|(known, _)| known.facts == tried.facts);
                            known.unwrap().1.contains(&pair)
                        })?;
                    }
                }
                let told = compared
                    .differences
                    .iter()
                    .filter(|told| told.table == table.id && told.grain == grain);
                let told: Vec<_> = told.map(|told| (told.one.clone(), told.other.clone())).collect();
                prop_assert_eq!(told.iter().cloned().collect::<Outcomes>(), expected);
                prop_assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
            }
        }
    }
    Ok(())
}

/// Whether the facts that are known have a set.
fn has(oracle: &Oracle<'_>, set: &SettlingSet) -> bool {
    set.facts.iter().all(|fact| {
        let multiple = oracle
            .source
            .axes
            .iter()
            .any(|axis| axis.id == fact.axis && axis.multiple);
        oracle.fact(&fact.axis).is_some_and(|known| {
            let within = |value: &String| fact.values.contains(value);
            if multiple && !fact.only {
                known.iter().any(within)
            } else {
                known.iter().all(within)
            }
        })
    })
}

fn settling_of(source: &DescriptionSource, told: &TableReport) -> TestCaseResult {
    let table = source
        .tables
        .iter()
        .find(|table| table.id == told.proof.table)
        .unwrap();
    let grain = told.proof.grain;
    let (Some(partial), Some(all)) = (
        combinations(source, grain, true),
        tried(source, table, grain, told.proof.from),
    ) else {
        return Ok(());
    };
    for settling in told.settling.iter().filter(|settling| !settling.more) {
        for facts in &partial {
            let oracle = Oracle {
                source,
                grain,
                date: told.proof.from,
                facts,
            };
            let settled = match oracle.says(table) {
                Said::Value { value, .. } => value == settling.value,
                Said::Collected { values, .. } => values.contains(&settling.value),
                _ => false,
            };
            if settling.sets.iter().any(|set| has(&oracle, set)) {
                prop_assert!(settled, "{:?} do not settle {}", facts, settling.value);
            } else if settled {
                let having = |tried: &&Tried| {
                    facts
                        .iter()
                        .all(|(name, values)| tried.facts.get(name) == Some(values))
                };
                // A set that says all a slot can be, and no narrower one, is not needed: only what `only` leaves out.
                let narrow = settling
                    .sets
                    .iter()
                    .any(|set| set.facts.iter().any(|fact| fact.only));
                prop_assert!(
                    asked(&all).filter(having).count() == 0 || narrow,
                    "{:?} settle {}",
                    facts,
                    settling.value
                );
            }
            if settled
                && asked(&all).any(|tried| facts.iter().all(|(name, is)| tried.facts.get(name) == Some(is)))
            {
                let supplied = |axes: &Vec<String>| axes.iter().all(|axis| facts.contains_key(axis));
                prop_assert!(
                    settling.axes.iter().any(supplied),
                    "{:?} settle {} beside {:?}",
                    facts,
                    settling.value,
                    settling.axes
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn agree_with_trying_everything(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        gaps_and_unreachable(&system(&mut Choices(bytes.iter())))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(80) })]

    #[test]
    fn tell_what_trying_everything_tells(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        let source = system(&mut Choices(bytes.iter()));
        let compiled = DescriptionSystem::compile(source.clone()).unwrap();
        let report = report(&compiled, TODAY);
        holds_and_overlaps(&source, &report)?;
        variants(&source, &report)?;
        for told in &report.tables {
            settling_of(&source, told)?;
        }
    }
}
