//! The engine against an oracle that counts from the parts themselves, without marks, cells or stretches of time
//! (`engine/oracle.rs`), and what must hold of any parts.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use vardnav_indicators::engine::{Counted, Marked, MeasureCell};

#[path = "engine/ground.rs"]
mod ground;
#[path = "engine/oracle.rs"]
mod oracle;

use ground::{Sample, World};

/// The cells that hold on a date, without the dates.
fn on(cells: &[(MeasureCell, u64)], date: Date) -> BTreeMap<MeasureCell, u64> {
    let mut held = BTreeMap::new();
    for (cell, count) in cells.iter().filter(|(cell, _)| cell.holds_on(date)) {
        let cell = MeasureCell {
            from: None,
            until: None,
            ..*cell
        };
        *held.entry(cell).or_default() += count;
    }
    held
}

fn days() -> impl Strategy<Value = Date> {
    (0_i32..480).prop_map(|days| {
        vardnav_register::bytes::date_from_days(
            vardnav_register::bytes::days_from_date(date(2025, 1, 1)) + days,
        )
        .unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn cells_are_what_the_oracle_counts(parts in prop::collection::vec(ground::sample(), 0..7), today in days()) {
        let world = World::new();
        let marked: Vec<Marked> = parts.iter().map(|part| world.mark(part)).collect();
        let cells = world.engine.contributions(&marked);
        prop_assert_eq!(on(&cells, today), oracle::count(&world, &parts, today));
    }

    #[test]
    fn the_order_of_parts_does_not_matter(
        (parts, shuffled) in prop::collection::vec(ground::sample(), 0..8)
            .prop_flat_map(|parts| (Just(parts.clone()), Just(parts).prop_shuffle()))
    ) {
        let world = World::new();
        let cells = |parts: &[Sample]| {
            let marked: Vec<Marked> = parts.iter().map(|part| world.mark(part)).collect();
            world.engine.contributions(&marked)
        };
        prop_assert_eq!(cells(&parts), cells(&shuffled));
    }

    #[test]
    fn cells_come_once_and_bytes_keep_them_and_their_parts(parts in prop::collection::vec(ground::sample(), 0..8)) {
        let world = World::new();
        let marked: Vec<Marked> = parts.iter().map(|part| world.mark(part)).collect();
        for part in &marked {
            let kept = Marked::from_bytes(&part.to_bytes());
            prop_assert_eq!(kept.as_ref(), Ok(part));
        }
        let cells = world.engine.contributions(&marked);
        let mut keys: Vec<_> = cells.iter().map(|(cell, _)| cell.to_bytes()).collect();
        for (cell, count) in &cells {
            prop_assert!(*count > 0);
            prop_assert_eq!(MeasureCell::from_bytes(&cell.to_bytes()), Ok(*cell));
        }
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), cells.len());
    }

    #[test]
    fn what_becomes_known_lies_within_the_bounds(
        parts in prop::collection::vec(ground::sample(), 1..6),
        at in any::<prop::sample::Index>(),
        problem in prop_oneof![Just("new"), Just("known")],
    ) {
        // A variable that was unknown is stated: no count of the whole leaves what was told before.
        let world = World::new();
        let mut known = parts.clone();
        let at = at.index(parts.len());
        if known[at].problem.is_none() {
            known[at].problem = Some(problem);
        }
        let totals = |parts: &[Sample]| {
            let marked: Vec<Marked> = parts.iter().map(|part| world.mark(part)).collect();
            let mut totals: BTreeMap<_, (u64, u64)> = BTreeMap::new();
            for (cell, count) in on(&world.engine.contributions(&marked), date(2030, 1, 1)) {
                if let (Counted::Measure(measure), None) = (cell.counted, cell.value) {
                    let total = totals.entry((measure, cell.year, cell.month)).or_default();
                    if cell.is_undecided { total.1 += count } else { total.0 += count }
                }
            }
            totals
        };
        let (before, after) = (totals(&parts), totals(&known));
        for (key, (count, undecided)) in &after {
            let (least, more) = before.get(key).copied().unwrap_or_default();
            prop_assert!(least <= *count && count + undecided <= least + more, "{key:?}");
        }
        for (key, (least, _)) in &before {
            prop_assert!(after.get(key).is_some_and(|(count, _)| count >= least) || *least == 0, "{key:?}");
        }
    }
}

/// Marking is on the path of every record that is taken.
#[test]
fn marking_and_counting_are_fast() {
    let world = World::new();
    let samples = ground::many(2_000);
    let mut marker = world.engine.marker(());
    let begun = std::time::Instant::now();
    let marked: Vec<Marked> = samples
        .iter()
        .map(|part| marker.mark(&world.view(part)))
        .collect();
    let marking = begun.elapsed();
    let begun = std::time::Instant::now();
    let cells: usize = marked
        .chunks(8)
        .map(|parts| world.engine.contributions(parts).len())
        .sum();
    let counting = begun.elapsed();
    println!(
        "marking {:.2} µs a part, counting {:.2} µs a part, {cells} cells of {} parts",
        marking.as_secs_f64() * 1e6 / samples.len() as f64,
        counting.as_secs_f64() * 1e6 / samples.len() as f64,
        samples.len(),
    );
    // Far above what it takes, also where nothing is optimised.
    assert!(marking.as_millis() < 500 && counting.as_millis() < 5_000);
    assert!(cells > 0);
}
