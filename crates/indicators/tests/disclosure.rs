//! Attacks what disclosure control lets through, without knowing how it decides: every published count is a linear
//! equation in the unknown leaf counts, and whatever follows from all of them together must be safe.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

#[path = "disclosure/indicator.rs"]
mod indicator;

use std::time::Instant;

use proptest::prelude::*;
use vardnav_indicators::Decision;
use vardnav_indicators::lattice::{Inner, Lattice, Place, Spot};

const MIN: u64 = 5;

/// Arithmetic modulo the prime 2^61 − 1. The coefficients are 0 and 1 and the systems small, so a combination that
/// exists over the rationals exists here as well.
const PRIME: u128 = (1 << 61) - 1;

fn inverse(number: u128) -> u128 {
    let (mut base, mut exponent, mut result) = (number, PRIME - 2, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}

/// Rows in echelon form.
#[derive(Default)]
struct Span {
    rows: Vec<(usize, Vec<u128>)>,
}

impl Span {
    fn reduce(&self, mut row: Vec<u128>) -> Option<(usize, Vec<u128>)> {
        for (pivot, other) in &self.rows {
            let factor = row[*pivot];
            if factor != 0 {
                for (cell, value) in row.iter_mut().zip(other) {
                    *cell = (*cell + (PRIME - factor) * value) % PRIME;
                }
            }
        }
        let pivot = row.iter().position(|cell| *cell != 0)?;
        let scale = inverse(row[pivot]);
        row.iter_mut().for_each(|cell| *cell = *cell * scale % PRIME);
        Some((pivot, row))
    }

    fn add(&mut self, row: Vec<u128>) {
        if let Some(new) = self.reduce(row) {
            self.rows.push(new);
        }
    }

    /// Whether a sum of leaves follows from the rows.
    fn determines(&self, row: Vec<u128>) -> bool {
        self.reduce(row).is_none()
    }
}

struct Attack<'a> {
    lattice: &'a Lattice,
    /// `None`: only small counts themselves are hidden, as someone without complementary suppression would do.
    decision: Option<Decision>,
    leaves: Vec<(usize, Spot)>,
    cells: Vec<(usize, Spot)>,
}

impl<'a> Attack<'a> {
    fn on(lattice: &'a Lattice) -> Self {
        Self::with(lattice, Some(Decision::on(lattice, MIN)))
    }

    fn with(lattice: &'a Lattice, decision: Option<Decision>) -> Self {
        let values = |dimension| 0..=lattice.values(dimension);
        let mut cells = Vec::new();
        for place in 0..lattice.places().len() {
            for sex in values(Inner::Sex) {
                for age in values(Inner::Age) {
                    cells.extend(values(Inner::Month).map(|month| (place, Spot { sex, age, month })));
                }
            }
        }
        let parents: Vec<usize> = lattice
            .places()
            .iter()
            .filter_map(|(_, parent)| *parent)
            .collect();
        let leaves = cells
            .iter()
            .copied()
            .filter(|(place, spot)| {
                !parents.contains(place) && spot.sex > 0 && spot.age > 0 && spot.month > 0
            })
            .collect();
        Self {
            lattice,
            decision,
            leaves,
            cells,
        }
    }

    fn hidden(&self, (place, spot): (usize, Spot)) -> bool {
        match &self.decision {
            Some(decision) => decision.hides(self.lattice, place, spot),
            None => (1..MIN).contains(&self.lattice.count(place, spot)),
        }
    }

    fn count(&self, (place, spot): (usize, Spot)) -> u64 {
        self.lattice.count(place, spot)
    }

    fn covers(&self, (place, spot): (usize, Spot), (leaf, at): (usize, Spot)) -> bool {
        let mut above = Some(leaf);
        let mut inside = false;
        while let Some(index) = above {
            inside |= index == place;
            above = self.lattice.places()[index].1;
        }
        let part = |total: usize, value: usize| total == 0 || total == value;
        inside && part(spot.sex, at.sex) && part(spot.age, at.age) && part(spot.month, at.month)
    }

    fn vector(&self, cell: (usize, Spot)) -> Vec<u128> {
        self.leaves
            .iter()
            .map(|leaf| u128::from(self.covers(cell, *leaf)))
            .collect()
    }

    /// The lines below a cell: along each dimension, the parts it is the total of.
    fn lines(&self, (place, spot): (usize, Spot)) -> Vec<Vec<(usize, Spot)>> {
        let mut lines = Vec::new();
        let kids: Vec<_> = (0..self.lattice.places().len())
            .filter(|index| self.lattice.places()[*index].1 == Some(place))
            .map(|index| (index, spot))
            .collect();
        lines.push(kids);
        let inner = |dimension| 1..=self.lattice.values(dimension);
        if spot.sex == 0 {
            lines.push(
                inner(Inner::Sex)
                    .map(|sex| (place, Spot { sex, ..spot }))
                    .collect(),
            );
        }
        if spot.age == 0 {
            lines.push(
                inner(Inner::Age)
                    .map(|age| (place, Spot { age, ..spot }))
                    .collect(),
            );
        }
        if spot.month == 0 {
            lines.push(
                inner(Inner::Month)
                    .map(|month| (place, Spot { month, ..spot }))
                    .collect(),
            );
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    fn run(&self) {
        let safe = |count: u64| count == 0 || count >= MIN;
        let mut known = Span::default();
        for cell in self.cells.iter().filter(|cell| !self.hidden(**cell)) {
            assert!(
                safe(self.count(*cell)),
                "published {cell:?} = {}",
                self.count(*cell)
            );
            known.add(self.vector(*cell));
        }
        for cell in self.cells.iter().filter(|cell| self.hidden(**cell)) {
            assert!(
                !known.determines(self.vector(*cell)),
                "{cell:?} = {} follows",
                self.count(*cell)
            );
        }
        for total in &self.cells {
            for line in self.lines(*total) {
                let hidden: Vec<_> = line.into_iter().filter(|cell| self.hidden(*cell)).collect();
                if self.hidden(*total) {
                    continue;
                }
                assert_ne!(hidden.len(), 1, "the only hidden part of {total:?}");
                let sum = hidden.iter().map(|cell| self.count(*cell)).sum();
                assert!(safe(sum), "the hidden parts of {total:?} are {sum}");
                for subset in 1..(1_u32 << hidden.len()) - 1 {
                    let chosen: Vec<_> = (0..hidden.len())
                        .filter(|bit| subset >> bit & 1 == 1)
                        .map(|bit| hidden[bit])
                        .collect();
                    let sum: u64 = chosen.iter().map(|cell| self.count(*cell)).sum();
                    if safe(sum) {
                        continue;
                    }
                    let mut row = vec![0; self.leaves.len()];
                    for cell in &chosen {
                        for (value, other) in row.iter_mut().zip(self.vector(*cell)) {
                            *value += other;
                        }
                    }
                    assert!(
                        !known.determines(row),
                        "{chosen:?} of {total:?} follow together: {sum}"
                    );
                }
            }
        }
        // Nested pairs: what a difference of two published counts tells about the rest.
        let published: Vec<_> = self.cells.iter().filter(|cell| !self.hidden(**cell)).collect();
        for outer in &published {
            for inner in &published {
                let nested = self
                    .leaves
                    .iter()
                    .all(|leaf| !self.covers(**inner, *leaf) || self.covers(**outer, *leaf));
                if nested {
                    let rest = self.count(**outer) - self.count(**inner);
                    assert!(safe(rest), "{outer:?} less {inner:?} is {rest}");
                }
            }
        }
    }
}

fn lattice(shape: &[usize], values: [usize; 3], counts: &[u64]) -> Lattice {
    let regions: Vec<(Place, Vec<Place>)> = shape
        .iter()
        .enumerate()
        .map(|(region, kommuner)| {
            let number = u16::try_from(region + 1).unwrap() * 100;
            let kommuner =
                (1..=*kommuner).map(|kommun| Place::Kommun(number + u16::try_from(kommun).unwrap()));
            (
                Place::Region(u8::try_from(region + 1).unwrap()),
                kommuner.collect(),
            )
        })
        .collect();
    let mut lattice = Lattice::empty(&regions, values);
    let parents: Vec<usize> = lattice
        .places()
        .iter()
        .filter_map(|(_, parent)| *parent)
        .collect();
    let leaves: Vec<usize> = (0..lattice.places().len())
        .filter(|place| !parents.contains(place))
        .collect();
    let mut counts = counts.iter().cycle();
    for place in leaves {
        for sex in 1..=values[0] {
            for age in 1..=values[1] {
                for month in 1..=values[2] {
                    lattice.add(place, Spot { sex, age, month }, *counts.next().unwrap());
                }
            }
        }
    }
    lattice
}

/// Counts of many densities: mostly zero, small, around the threshold, large.
fn counts(size: usize) -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        prop::collection::vec(prop_oneof![6 => Just(0_u64), 2 => 1..4_u64, 1 => 4..20_u64], size),
        prop::collection::vec(0..8_u64, size),
        prop::collection::vec(prop_oneof![1 => 0..5_u64, 12 => 5..60_u64], size),
        prop::collection::vec(prop_oneof![1 => 1..3_u64, 60 => 20..90_u64], size),
        prop::collection::vec(prop_oneof![20 => Just(0_u64), 1 => 1..50_u64], size),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_small_follows_from_what_is_published(
        shape in prop::collection::vec(0..4_usize, 2..4),
        values in [2..=3_usize, 2..=3_usize, 2..=4_usize],
        counts in counts(3 * 3 * 3 * 3 * 4),
    ) {
        Attack::on(&lattice(&shape, values, &counts)).run();
    }

    #[test]
    fn nothing_small_follows_along_places_and_months(
        shape in prop::collection::vec(1..6_usize, 2..4),
        counts in counts(3 * 5 * 4 * 4),
    ) {
        Attack::on(&lattice(&shape, [2, 2, 4], &counts)).run();
    }
}

#[test]
#[should_panic(expected = "follows")]
fn the_attack_breaks_tables_that_hide_small_counts_only() {
    Attack::with(&lattice(&[2, 3], [2, 2, 3], &[9, 30, 3, 8, 12, 25, 7]), None).run();
}

#[test]
fn large_counts_are_all_published_and_zeros_stay() {
    let all_large = lattice(&[2, 3], [2, 4, 12], &[5, 9, 0, 7]);
    let attack = Attack::on(&all_large);
    assert!(attack.cells.iter().all(|cell| !attack.hidden(*cell)));
    let nothing = lattice(&[2, 3], [2, 4, 12], &[0]);
    let attack = Attack::on(&nothing);
    assert!(attack.cells.iter().all(|cell| !attack.hidden(*cell)));
}

#[test]
fn one_small_kommun_costs_one_neighbour_and_no_region() {
    let mut table = lattice(&[3, 3], [2, 2, 2], &[0]);
    for (kommun, count) in [(101, 3), (102, 40), (103, 30), (201, 50), (202, 60), (203, 70)] {
        let place = table.find(Place::Kommun(kommun)).unwrap();
        table.add(
            place,
            Spot {
                sex: 1,
                age: 1,
                month: 1,
            },
            count,
        );
    }
    let decision = Decision::on(&table, MIN);
    let hidden = |place| decision.hides(&table, table.find(place).unwrap(), Spot::default());
    let kommuner = [101, 102, 103, 201, 202, 203].map(|kommun| hidden(Place::Kommun(kommun)));
    assert_eq!(
        kommuner,
        [true, false, true, false, false, false],
        "the smallest neighbour covers"
    );
    assert!(!hidden(Place::Region(1)) && !hidden(Place::Country));
}

#[test]
fn a_small_month_hides_two_months_of_twelve_only() {
    let mut table = lattice(&[1, 1], [2, 2, 12], &[0]);
    let place = table.find(Place::Kommun(101)).unwrap();
    for month in 1..=12 {
        table.add(
            place,
            Spot {
                sex: 1,
                age: 1,
                month,
            },
            if month == 7 { 2 } else { 20 + month as u64 },
        );
    }
    let decision = Decision::on(&table, MIN);
    let hidden: Vec<usize> = (1..=12)
        .filter(|&month| {
            decision.hides(
                &table,
                0,
                Spot {
                    month,
                    ..Spot::default()
                },
            )
        })
        .collect();
    assert_eq!(hidden, [1, 7]);
}

#[test]
fn a_whole_year_of_the_whole_country_is_decided_in_well_under_a_second() {
    let shape = [
        26, 8, 9, 13, 13, 8, 12, 1, 5, 33, 6, 49, 16, 12, 10, 15, 10, 7, 8, 15, 14,
    ];
    // Mixed densities in one table: a linear congruence stands in for a year's counts.
    let mut state = 7_u64;
    let counts: Vec<u64> = (0..290 * 2 * 4 * 12)
        .map(|index| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % [3, 9, 40, 200][(index / 96) % 4]
        })
        .collect();
    let table = lattice(&shape, [2, 4, 12], &counts);
    let start = Instant::now();
    let decision = Decision::on(&table, MIN);
    let took = start.elapsed();
    println!("{} cells decided in {took:?}", table.len());
    assert!(took.as_millis() < 900, "{took:?}");
    assert!(!decision.hides(&table, 0, Spot::default()));
}
