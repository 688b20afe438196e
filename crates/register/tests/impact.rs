//! The fold of impacts against counting by hand in words, whatever records come, however they are split; and samples.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[expect(dead_code, reason = "this test needs a part of the sample world")]
mod support;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use support::world;
use vardnav_classification::model::Grain;
use vardnav_classification::{
    AxisIndex, Classification, DescriptionSystem, FactSet, FactSource, TableResult,
};
use vardnav_register::impact::{By, Estimate, Frame, Group, HELD, Impact, Moving, Sample, Whose};
use vardnav_register::surroundings::Surroundings;

const ON: Date = date(2026, 9, 5);
const GRAINS: [Grain; 3] = [Grain::Contact, Grain::Segment, Grain::MonitoringPeriod];

/// Facts by axis: which value is known, if any.
type Facts = Vec<u8>;

/// A part: its kind, which release described it, and its facts then and now.
type PartOf = (u8, bool, Facts, Facts);

/// A record: its reporter, its residence, its parts.
type RecordOf = (u8, u8, Vec<PartOf>);

const RESIDENCES: [u16; 4] = [0, 100, 180, 2482];

/// The sample release; and one with the values of its tables in another order, and another name for one of them.
fn systems() -> [DescriptionSystem; 2] {
    let source = world().release_on(ON).unwrap().system.source().clone();
    let plan = DescriptionSystem::compile(source.clone()).unwrap();
    let mut former = source;
    for table in &mut former.tables {
        table.values.reverse();
    }
    [plan, DescriptionSystem::compile(former).unwrap()]
}

fn facts(system: &DescriptionSystem, chosen: &Facts) -> FactSet {
    let mut facts = FactSet::new();
    for (at, axis) in system.source().axes.iter().enumerate() {
        let values = axis.values.len() as u8;
        let known = chosen[at % chosen.len()].wrapping_add(at as u8 * 7) % (values + 1);
        if known > 0 {
            facts.set(AxisIndex::new(at).unwrap(), 1 << (known - 1), FactSource::Record);
        }
    }
    facts
}

/// What every table gave, by its id: in words, and by which rule.
fn told(system: &DescriptionSystem, given: &Classification) -> BTreeMap<String, (String, String)> {
    let tables = system.tables().map(|(index, table)| {
        let code = |value: usize| table.values[value].code.clone();
        let told = match given.get(index) {
            TableResult::NotApplicable => (String::new(), String::new()),
            TableResult::Held { .. } => (HELD.to_owned(), String::new()),
            TableResult::Value { value, rule } => {
                (code(value.into()), table.rules[usize::from(rule)].id.clone())
            }
            TableResult::Collected { values, possible } => {
                let mut given: Vec<String> = (0..64)
                    .filter(|value| values >> value & 1 == 1)
                    .map(code)
                    .collect();
                given.extend((possible != 0).then(|| "?".to_owned()));
                (given.join("+"), String::new())
            }
        };
        (table.id.clone(), told)
    });
    tables.collect()
}

/// What is counted by hand.
#[derive(Debug, Default, PartialEq)]
struct ByHand {
    cells: BTreeMap<(String, String, String, Group), u64>,
    rules: BTreeMap<(String, String, String), u64>,
    totals: [u64; 6],
}

fn by_hand(records: &[RecordOf], [plan, former]: &[DescriptionSystem; 2]) -> ByHand {
    let mut hand = ByHand::default();
    for (reporter, residence, parts) in records {
        let residence = RESIDENCES[usize::from(*residence) % 4];
        let groups = [
            Group::All,
            Group::Region(residence / 100),
            Group::Kommun(residence),
            Group::Reporter((*reporter).into()),
        ];
        let (mut moved, mut before, mut after) = (false, false, false);
        for (grain, by_plan, then, now) in parts {
            let grain = GRAINS[usize::from(*grain) % 3];
            let system = if *by_plan { plan } else { former };
            let was = told(system, &system.classify(grain, ON, &facts(system, then)));
            let is = told(plan, &plan.classify(grain, ON, &facts(plan, now)));
            for (table, (to, to_rule)) in is {
                let (from, from_rule) = was.get(&table).cloned().unwrap_or_default();
                if from.is_empty() && to.is_empty() {
                    continue;
                }
                for group in groups {
                    *hand
                        .cells
                        .entry((table.clone(), from.clone(), to.clone(), group))
                        .or_default() += 1;
                }
                if from_rule != to_rule {
                    *hand.rules.entry((table, from_rule, to_rule)).or_default() += 1;
                }
                moved |= from != to;
                before |= from == HELD;
                after |= to == HELD;
            }
        }
        let any = !parts.is_empty();
        let told = [any, moved, before, after && !before, before && !after];
        hand.totals[5] += parts.len() as u64;
        for (total, told) in hand.totals.iter_mut().zip(told) {
            *total += u64::from(told);
        }
    }
    hand
}

fn fold(records: &[RecordOf], frame: &Frame<'_>, [plan, former]: &[DescriptionSystem; 2]) -> Impact {
    let mut impact = Impact::default();
    for (reporter, residence, parts) in records {
        let mut record = impact.record(Whose {
            reporter: (*reporter).into(),
            residence: RESIDENCES[usize::from(*residence) % 4],
        });
        for (grain, by_plan, then, now) in parts {
            let grain = GRAINS[usize::from(*grain) % 3];
            let system = if *by_plan { plan } else { former };
            let was = system.classify(grain, ON, &facts(system, then));
            let facts = facts(plan, now);
            let is = plan.classify(grain, ON, &facts);
            record.take(
                frame,
                &Moving {
                    former: Some(usize::from(!*by_plan)),
                    was: &|table| Some(was.get(table)),
                    now: &|table| Some(is.get(table)),
                    facts: Some((grain, ON, &facts)),
                },
            );
        }
    }
    impact
}

fn as_by_hand(impact: &Impact, frame: &Frame<'_>) -> ByHand {
    let by = [By::Nothing, By::Region, By::Kommun, By::Reporter];
    let cells = by.into_iter().flat_map(|by| impact.matrix(frame, by));
    let rules = impact.rules(frame).into_iter();
    ByHand {
        cells: cells
            .map(|cell| ((cell.table, cell.from, cell.to, cell.group), cell.parts))
            .collect(),
        rules: rules
            .map(|moved| ((moved.table, moved.from, moved.to), moved.parts))
            .collect(),
        totals: [
            impact.records,
            impact.moved,
            impact.held_before,
            impact.becomes_held,
            impact.released,
            impact.parts,
        ],
    }
}

fn records() -> impl Strategy<Value = Vec<RecordOf>> {
    let facts = || prop::collection::vec(any::<u8>(), 4..9);
    let part = (any::<u8>(), any::<bool>(), facts(), facts());
    let record = (0..4_u8, any::<u8>(), prop::collection::vec(part, 0..4));
    prop::collection::vec(record, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn counts_are_those_by_hand_however_the_records_are_split(records in records(), at in any::<u8>()) {
        let systems = systems();
        let frame = Frame::new(&systems[0], &systems);
        let whole = fold(&records, &frame, &systems);
        prop_assert_eq!(as_by_hand(&whole, &frame), by_hand(&records, &systems));
        let (one, other) = records.split_at(usize::from(at) % (records.len() + 1));
        let mut merged = fold(other, &frame, &systems);
        merged.merge(fold(one, &frame, &systems));
        prop_assert_eq!(&merged, &whole);
        // What becomes held is explained, each part by one thing at least.
        let held: u64 = whole
            .matrix(&frame, By::Nothing)
            .iter()
            .filter(|cell| cell.to == HELD && cell.from != HELD)
            .map(|cell| cell.parts)
            .sum();
        let wants: u64 = whole.wants(&frame).iter().map(|(.., parts)| parts).sum();
        prop_assert!(wants >= held);
        prop_assert_eq!(held == 0, wants == 0);
    }

    #[test]
    fn a_release_moves_nothing_against_itself(records in records()) {
        let systems = systems();
        let frame = Frame::new(&systems[0], &systems);
        let same: Vec<RecordOf> = records
            .into_iter()
            .map(|(reporter, residence, parts)| {
                let parts = parts.into_iter().map(|(grain, by_plan, then, _)| (grain, by_plan, then.clone(), then));
                (reporter, residence, parts.collect())
            })
            .collect();
        let impact = fold(&same, &frame, &systems);
        prop_assert_eq!((impact.moved, impact.becomes_held, impact.released), (0, 0, 0));
        prop_assert!(impact.wants(&frame).is_empty());
        prop_assert!(impact.rules(&frame).is_empty());
    }
}

#[test]
fn a_sample_is_the_same_for_the_same_seed_and_grows_with_its_fraction() {
    let numbers: Vec<u64> = (0..20_000_u64)
        .map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let chosen = |fraction: f64, seed: u64, reporter: &str| -> Vec<u64> {
        let sample = Sample::new(fraction, seed).unwrap().of(reporter);
        numbers
            .iter()
            .copied()
            .filter(|number| sample.takes(*number))
            .collect()
    };
    let tenth = chosen(0.1, 7, "region-norr");
    assert_eq!(tenth, chosen(0.1, 7, "region-norr"));
    assert_ne!(tenth, chosen(0.1, 8, "region-norr"));
    assert_ne!(tenth, chosen(0.1, 7, "region-syd"));
    // Six standard deviations.
    assert!(tenth.len().abs_diff(2_000) < 255, "{}", tenth.len());
    let fifth = chosen(0.2, 7, "region-norr");
    assert!(tenth.iter().all(|number| fifth.contains(number)));
    assert_eq!(chosen(1.0, 7, "region-norr").len(), numbers.len());
    assert!(Sample::new(1.0, 7).unwrap().is_all());
    for bad in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(Sample::new(bad, 7).is_none(), "{bad}");
    }
    assert!(Sample::ALL.of("x").takes(u64::MAX));
}

#[test]
fn an_estimate_lies_within_its_error_as_often_as_it_says() {
    // 3,000 of 20,000 records have what is counted.
    let within = (0..200)
        .filter(|seed| {
            let sample = Sample::new(0.1, *seed).unwrap().of("region-norr");
            let looked_at: Vec<u64> = (0..20_000_u64).filter(|at| sample.takes(*at)).collect();
            let count = looked_at.iter().filter(|at| **at < 3_000).count() as u64;
            let estimate = Estimate::of(count, looked_at.len() as u64, 20_000);
            (estimate.count - 3_000.0).abs() <= 2.0 * estimate.error
        })
        .count();
    assert!(within >= 185, "{within} of 200");
    let whole = Estimate::of(17, 40, 40);
    assert_eq!((whole.count, whole.error), (17.0, 0.0));
}
