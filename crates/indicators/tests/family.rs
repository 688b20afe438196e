//! Attacks a family of counts with linear algebra, without knowing how it was decided: numerator, denominator, what is
//! left of it, and the values of a breakdown, at all levels, are equations in unknown leaf counts.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use vardnav_indicators::Decision;
use vardnav_indicators::disclosure::family::{FamilyError, Layer, Shown};
use vardnav_indicators::lattice::{Lattice, Place, Spot};

const MIN: u64 = 5;
const PRIME: u128 = (1 << 61) - 1;
/// Unknowns of a leaf: in the numerator or not, of the first value or the second.
const PARTS: usize = 4;

static ATTEMPTS: AtomicU64 = AtomicU64::new(0);

/// Which parts each layer adds up: numerator and denominator of the whole, then of each value; then what is left.
const WHOLE: [[bool; PARTS]; 3] = [
    [true, true, false, false],
    [true, true, true, true],
    [false, false, true, true],
];
const VALUES: [[bool; PARTS]; 6] = [
    [true, false, false, false],
    [false, true, false, false],
    [true, false, true, false],
    [false, true, false, true],
    [false, false, true, false],
    [false, false, false, true],
];

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

#[derive(Default)]
struct Span(Vec<(usize, Vec<u128>)>);

impl Span {
    fn reduce(&self, mut row: Vec<u128>) -> Option<(usize, Vec<u128>)> {
        for (pivot, other) in &self.0 {
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
            self.0.push(new);
        }
    }

    fn determines(&self, row: Vec<u128>) -> bool {
        ATTEMPTS.fetch_add(1, Ordering::Relaxed);
        self.reduce(row).is_none()
    }
}

fn empty() -> Lattice {
    let region = |number: u8, kommuner: u16| {
        let first = u16::from(number) * 100;
        let kommuner = (1..=kommuner).map(|kommun| Place::Kommun(first + kommun));
        (Place::Region(number), kommuner.collect())
    };
    Lattice::empty(&[region(1, 2), region(2, 2)], [2, 2, 2])
}

fn every_spot() -> impl Iterator<Item = Spot> + Clone {
    (0..27).map(|index| Spot {
        sex: index / 9,
        age: index / 3 % 3,
        month: index % 3,
    })
}

fn leaves(shape: &Lattice) -> Vec<(usize, Spot)> {
    let parents: Vec<_> = shape.places().iter().filter_map(|(_, parent)| *parent).collect();
    let places = (0..shape.places().len()).filter(|place| !parents.contains(place));
    let spots = every_spot().filter(|spot| spot.sex > 0 && spot.age > 0 && spot.month > 0);
    places
        .flat_map(|place| spots.clone().map(move |spot| (place, spot)))
        .collect()
}

fn layer(parts: [bool; PARTS], counts: &[[u64; PARTS]]) -> Lattice {
    let mut lattice = empty();
    for ((place, spot), count) in leaves(&empty()).into_iter().zip(counts.iter().cycle()) {
        let sum = (0..PARTS)
            .filter(|part| parts[*part])
            .map(|part| count[part])
            .sum();
        lattice.add(place, spot, sum);
    }
    lattice
}

fn row(shape: &Lattice, parts: [bool; PARTS], place: usize, spot: Spot) -> Vec<u128> {
    let within = |total: usize, value: usize| total == 0 || total == value;
    let mut row = Vec::new();
    for (leaf, at) in leaves(shape) {
        let mut above = Some(leaf);
        let mut inside = false;
        while let Some(index) = above {
            inside |= index == place;
            above = shape.places()[index].1;
        }
        inside &= within(spot.sex, at.sex) && within(spot.age, at.age) && within(spot.month, at.month);
        row.extend(parts.map(|part| u128::from(part && inside)));
    }
    row
}

fn decide(whole: &[Lattice], values: &[Lattice]) -> Shown {
    let layer = |counts, within: &[_]| Layer {
        counts,
        threshold: MIN,
        within: within.to_vec(),
    };
    let of_whole = vec![layer(&whole[0], &[&whole[1]]), layer(&whole[1], &[])];
    let of_values = vec![
        layer(&values[0], &[&values[2], &whole[0]]),
        layer(&values[1], &[&values[3], &whole[0]]),
        layer(&values[2], &[&whole[1]]),
        layer(&values[3], &[&whole[1]]),
    ];
    Shown::decide(&of_whole, &[of_values]).unwrap()
}

fn attack(counts: &[[u64; PARTS]]) {
    let shape = empty();
    let whole = WHOLE.map(|parts| layer(parts, counts));
    let values = VALUES.map(|parts| layer(parts, counts));
    let shown = decide(&whole, &values);
    let layers = WHOLE
        .iter()
        .zip(&whole)
        .map(|(parts, counts)| (None, *parts, counts));
    let layers = layers.chain(
        VALUES
            .iter()
            .zip(&values)
            .map(|(parts, counts)| (Some(0), *parts, counts)),
    );
    let mut known = Span::default();
    let mut hidden = Vec::new();
    for (breakdown, parts, counts) in layers {
        for place in 0..shape.places().len() {
            for spot in every_spot() {
                let count = counts.count(place, spot);
                if shown.is_shown(breakdown, &shape, place, spot) {
                    assert!(
                        count == 0 || count >= MIN,
                        "published {count} at {place} {spot:?}"
                    );
                    known.add(row(&shape, parts, place, spot));
                } else {
                    hidden.push((parts, place, spot, count));
                }
            }
        }
    }
    for (parts, place, spot, count) in hidden {
        let determined = known.determines(row(&shape, parts, place, spot));
        assert!(!determined, "{parts:?} at {place} {spot:?} = {count} follows");
    }
}

fn counts() -> impl Strategy<Value = Vec<[u64; PARTS]>> {
    let leaf = |count: BoxedStrategy<u64>| {
        prop::collection::vec([count.clone(), count.clone(), count.clone(), count], 32)
    };
    prop_oneof![
        leaf(prop_oneof![6 => Just(0_u64), 2 => 1..4_u64, 1 => 4..20_u64].boxed()),
        leaf(prop_oneof![1 => 0..5_u64, 40 => 5..60_u64].boxed()),
        leaf(prop_oneof![1 => 1..3_u64, 300 => 20..90_u64].boxed()),
        leaf(prop_oneof![20 => Just(0_u64), 1 => 5..50_u64].boxed()),
    ]
}

#[test]
fn no_hidden_count_follows_from_all_others_of_the_family() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&counts(), |counts| {
            attack(&counts);
            Ok(())
        })
        .unwrap();
    let attempts = ATTEMPTS.load(Ordering::Relaxed);
    println!("{attempts} attempts to compute a hidden count");
    assert!(attempts > 1_000, "{attempts}");
}

#[test]
fn a_denominator_with_few_outside_its_numerator_is_hidden_although_both_are_large() {
    let mut leaves = vec![[20, 20, 20, 20]; 32];
    leaves[0] = [20, 20, 2, 0];
    let whole = WHOLE.map(|parts| layer(parts, &leaves));
    let values = VALUES.map(|parts| layer(parts, &leaves));
    let shape = empty();
    let place = shape.find(Place::Kommun(101)).unwrap();
    let spot = Spot {
        sex: 1,
        age: 1,
        month: 1,
    };
    for counts in &whole[..2] {
        assert!(
            !Decision::on(counts, MIN).hides(&shape, place, spot),
            "alone it is shown"
        );
    }
    let shown = decide(&whole, &values);
    assert!(!shown.is_shown(None, &shape, place, spot));
    assert!(
        !shown.is_shown(Some(0), &shape, place, spot),
        "a breakdown stands under the whole"
    );
    assert!(shown.is_shown(None, &shape, 0, Spot::default()));
}

#[test]
fn counts_that_are_not_within_each_other_are_refused() {
    let (small, large) = (layer(WHOLE[0], &[[1; PARTS]]), layer(WHOLE[1], &[[1; PARTS]]));
    let outer = Layer {
        counts: &large,
        threshold: MIN,
        within: vec![&small],
    };
    assert_eq!(Shown::decide(&[outer], &[]), Err(FamilyError::NotWithin));
    assert_eq!(Shown::decide(&[], &[]), Err(FamilyError::Empty));
}
