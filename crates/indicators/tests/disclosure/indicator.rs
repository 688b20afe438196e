//! Attacks what is shown of an indicator with linear algebra, without knowing how it was decided: two variants, what
//! stands above and below the line, what is undecided, a breakdown whose values part the whole and one whose values
//! overlap, at all levels of places, sexes and ages, and two publications. Every shown count is an equation in unknown
//! counts of the smallest kinds of persons; whatever follows from all of them together must be 0 or large enough.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use vardnav_classification::model::Grain;
use vardnav_indicators::definition::Disclosure;
use vardnav_indicators::disclosure::indicator::{At, Counts, Decided, Parts, Shown, Stated, Which};
use vardnav_indicators::lattice::{Frame, Place, Spot};
use vardnav_indicators::query::{Dimension, Period, Point, Query};
use vardnav_indicators::{Residence, query};
use vardnav_register::record::Sex;

const MIN: u64 = 5;
const MIN_DENOMINATOR: u64 = 8;
const PRIME: u64 = (1 << 31) - 1;

static ATTEMPTS: AtomicU64 = AtomicU64::new(0);

/// A kind of person: how far it is counted (below the line only, undecided, above it, above it in the strict variant
/// too), which value of the first breakdown it has, and which of the second: the one, the other or both.
type Kind = (usize, usize, usize);

fn kinds() -> Vec<Kind> {
    (0..24).map(|kind| (kind % 4, kind / 4 % 2, kind / 8)).collect()
}

/// What a shown number adds up: of which variant, of which part of a figure, of which value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Numerator,
    Denominator,
    Undecided,
}

const PARTS: [Part; 3] = [Part::Numerator, Part::Denominator, Part::Undecided];

fn has(which: Which, part: Part, (level, first, second): Kind) -> bool {
    let of_value = match which.value {
        None => true,
        Some((0, value)) => first == value,
        Some((_, value)) => second == value || second == 2,
    };
    let of_part = match part {
        Part::Numerator => level >= 2 + which.variant,
        Part::Denominator => true,
        Part::Undecided => level == 1,
    };
    of_value && of_part
}

fn every_figure() -> Vec<Which> {
    let values = [None, Some((0, 0)), Some((0, 1)), Some((1, 0)), Some((1, 1))];
    let of = |variant| values.map(|value| Which { variant, value });
    (0..2).flat_map(of).collect()
}

fn places() -> Vec<At> {
    let mut all = Vec::new();
    for kommun in ["0180", "0182", "1280"] {
        for sex in [Sex::Female, Sex::Male] {
            for age in [0, 65] {
                all.push((1, Residence::parse(kommun).unwrap(), Some(sex), Some(age)));
            }
        }
    }
    all
}

/// How many persons of each kind there are at each place.
type World = Vec<Vec<u64>>;

fn counts(world: &World, which: Which, part: Part) -> Counts {
    let of_place = |persons: &Vec<u64>| {
        let all = kinds().into_iter().zip(persons);
        all.filter(|(kind, _)| has(which, part, *kind))
            .map(|(_, count)| count)
            .sum()
    };
    let all = places().into_iter().zip(world.iter().map(of_place));
    all.filter(|(_, count)| *count > 0).collect()
}

fn parts(world: &World, which: Which) -> Parts {
    Parts {
        numerator: counts(world, which, Part::Numerator),
        denominator: Some(counts(world, which, Part::Denominator)),
        undecided: counts(world, which, Part::Undecided),
        undecided_denominator: Counts::new(),
    }
}

fn stated(world: &World) -> Stated {
    let variants = |value| {
        (0..2)
            .map(|variant| parts(world, Which { variant, value }))
            .collect()
    };
    let values = |breakdown| (0..2).map(|value| variants(Some((breakdown, value)))).collect();
    Stated {
        whole: variants(None),
        breakdowns: (0..2).map(values).collect(),
        has_months: false,
    }
}

fn frame() -> Frame {
    Frame {
        kommuner: [180, 182, 1280].into_iter().collect(),
        ages: vec![(0, "0-64".to_owned()), (65, "65-".to_owned())],
    }
}

fn rules() -> Disclosure {
    Disclosure {
        min_count: 5,
        min_denominator: 8,
        ladder: Vec::new(),
    }
}

/// Every cell of every level.
fn points(decided: &Decided) -> Vec<Point> {
    let mut all = Vec::new();
    for place in [None, Some(Dimension::Region), Some(Dimension::Kommun)] {
        for sex in [None, Some(Dimension::Sex)] {
            for age in [None, Some(Dimension::AgeGroup)] {
                let asked = Query {
                    table: String::new(),
                    grain: Grain::Contact,
                    values: Vec::new(),
                    by: [place, sex, age].into_iter().flatten().collect(),
                    regions: Vec::new(),
                    kommuner: Vec::new(),
                    sexes: Vec::new(),
                    ages: Vec::new(),
                    period: Period::Year(2026),
                };
                all.extend(decided.points(&asked).unwrap());
            }
        }
    }
    all
}

fn is_at(point: &Point, (_, residence, sex, age): At) -> bool {
    let lives = match point.place {
        Place::Country => true,
        Place::Region(region) => residence.region() == Some(region),
        Place::Kommun(kommun) => residence.kommun() == Some(kommun),
        _ => false,
    };
    let Spot {
        sex: of, age: old, ..
    } = point.spot;
    lives
        && (of == 0 || sex.map(|sex| sex as usize) == Some(of))
        && (old == 0 || (old == 2) == (age == Some(65)))
}

fn number(shown: Shown, part: Part) -> Option<u64> {
    match part {
        Part::Numerator => Some(shown.numerator),
        Part::Denominator => shown.denominator,
        Part::Undecided => shown.undecided,
    }
}

/// Rows in echelon form.
#[derive(Default)]
struct Span(BTreeMap<usize, Vec<u64>>);

impl Span {
    fn reduce(&self, mut row: Vec<u64>) -> Vec<u64> {
        for (pivot, other) in &self.0 {
            let factor = row[*pivot];
            if factor != 0 {
                for (cell, value) in row.iter_mut().zip(other).skip(*pivot) {
                    *cell = (*cell + (PRIME - factor) * value) % PRIME;
                }
            }
        }
        row
    }

    fn add(&mut self, row: Vec<u64>) {
        let mut row = self.reduce(row);
        if let Some(pivot) = row.iter().position(|cell| *cell != 0) {
            let scale = inverse(row[pivot]);
            row.iter_mut().for_each(|cell| *cell = *cell * scale % PRIME);
            self.0.insert(pivot, row);
        }
    }

    fn determines(&self, row: Vec<u64>) -> bool {
        ATTEMPTS.fetch_add(1, Ordering::Relaxed);
        self.reduce(row).iter().all(|cell| *cell == 0)
    }
}

fn inverse(number: u64) -> u64 {
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

/// The persons that a condition on their kind takes in, at a point.
fn row(point: &Point, is_of: impl Fn(Kind) -> bool) -> Vec<u64> {
    let at = |at: At| {
        let inside = is_at(point, at);
        kinds()
            .into_iter()
            .map(move |kind| (inside, kind))
            .collect::<Vec<_>>()
    };
    let all = places().into_iter().flat_map(at);
    all.map(|(inside, kind)| u64::from(inside && is_of(kind)))
        .collect()
}

fn count(world: &World, row: &[u64]) -> u64 {
    world
        .iter()
        .flatten()
        .zip(row)
        .map(|(count, one)| count * one)
        .sum()
}

/// What is shown of a world becomes known.
fn publish(known: &mut Span, decided: &Decided, world: &World) {
    for point in points(decided) {
        for which in every_figure() {
            let Some(shown) = decided.shown(which, &point, 0) else {
                continue;
            };
            for part in PARTS {
                let Some(number) = number(shown, part) else {
                    continue;
                };
                let row = row(&point, |kind| has(which, part, kind));
                assert_eq!(number, count(world, &row), "{which:?} {part:?} at {point:?}");
                let floor = if part == Part::Denominator {
                    MIN_DENOMINATOR
                } else {
                    MIN
                };
                assert!(
                    number == 0 || number >= floor,
                    "published {number}: {which:?} {part:?} at {point:?}"
                );
                known.add(row);
            }
        }
    }
}

/// Tries to compute every number of the indicator, and every difference of two of which one lies within the other.
fn attack(known: &Span, decided: &Decided, world: &World) {
    let figures: Vec<(Which, Part)> = every_figure()
        .into_iter()
        .flat_map(|which| PARTS.map(|part| (which, part)))
        .collect();
    let safe = |point: &Point, row: Vec<u64>, what: &dyn Fn() -> String| {
        let count = count(world, &row);
        if (1..MIN).contains(&count) {
            assert!(
                !known.determines(row),
                "{} = {count} follows at {point:?}",
                what()
            );
        }
    };
    for point in points(decided) {
        for &(which, part) in &figures {
            safe(&point, row(&point, |kind| has(which, part, kind)), &|| {
                format!("{which:?} {part:?}")
            });
            for &(outer, of) in &figures {
                let within = kinds()
                    .iter()
                    .all(|kind| !has(which, part, *kind) || has(outer, of, *kind));
                if within {
                    let rest = |kind| has(outer, of, kind) && !has(which, part, kind);
                    safe(&point, row(&point, rest), &|| {
                        format!("{outer:?} {of:?} less {which:?} {part:?}")
                    });
                }
            }
        }
        // Those who have both values of the breakdown whose values overlap.
        for level in 0..4 {
            let both = |(own, _, second): Kind| own >= level && second == 2;
            safe(&point, row(&point, both), &|| {
                format!("both values, level {level}")
            });
        }
    }
}

/// Worlds of many densities: mostly nobody, few, around the threshold, many with a few gaps.
fn worlds() -> impl Strategy<Value = World> {
    let world = |count: BoxedStrategy<u64>| prop::collection::vec(prop::collection::vec(count, 24), 12);
    prop_oneof![
        world(prop_oneof![20 => Just(0_u64), 1 => 1..9_u64].boxed()),
        world(prop_oneof![1 => 0..5_u64, 30 => 5..60_u64].boxed()),
        world(prop_oneof![1 => 1..3_u64, 300 => 20..90_u64].boxed()),
        world(prop_oneof![300 => Just(0_u64), 1 => 1..3_u64, 30 => 20..90_u64].boxed()),
        world(prop_oneof![9 => Just(0_u64), 1 => 8..50_u64].boxed()),
    ]
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

#[test]
fn nothing_small_follows_from_all_that_is_shown_of_an_indicator() {
    let shown = AtomicU64::new(0);
    runner(15)
        .run(&worlds(), |world| {
            let decided = Decided::on(stated(&world), &frame(), &rules());
            let mut known = Span::default();
            publish(&mut known, &decided, &world);
            shown.fetch_add(known.0.len() as u64, Ordering::Relaxed);
            attack(&known, &decided, &world);
            Ok(())
        })
        .unwrap();
    let attempts = ATTEMPTS.load(Ordering::Relaxed);
    let shown = shown.load(Ordering::Relaxed);
    println!("{attempts} attempts to compute a small number from {shown} independent ones that were shown");
    assert!(attempts > 1_000 && shown > 100, "{attempts} {shown}");
}

/// Each value decided upon for itself is not enough: the others and the whole tell it.
#[test]
#[should_panic(expected = "follows")]
fn the_attack_breaks_values_that_are_decided_upon_one_by_one() {
    let world: World = (0..12)
        .map(|place| {
            let of = |(level, first, second): Kind| match (level, first, second) {
                (2, 1, 0) if place == 0 => 2,
                (_, 1, _) => 0,
                _ => 30,
            };
            kinds().into_iter().map(of).collect()
        })
        .collect();
    let all = stated(&world);
    let mut known = Span::default();
    for value in [None, Some(0)] {
        let alone = Stated {
            whole: match value {
                None => all.whole.clone(),
                Some(value) => all.breakdowns[0][value].clone(),
            },
            ..Stated::default()
        };
        let decided = Decided::on(alone, &frame(), &rules());
        for point in points(&decided) {
            for variant in 0..2 {
                let whole = Which { variant, value: None };
                let which = Which {
                    variant,
                    value: value.map(|value| (0, value)),
                };
                if decided.shown(whole, &point, 0).is_some() {
                    known.add(row(&point, |kind| has(which, Part::Numerator, kind)));
                }
            }
        }
    }
    attack(&known, &Decided::on(all, &frame(), &rules()), &world);
}

#[test]
fn a_figure_over_few_is_withheld_although_both_counts_are_large_enough() {
    let of = |number: u64| -> Counts {
        places()
            .into_iter()
            .zip([number, 40, 40, 40].into_iter().cycle())
            .collect()
    };
    let parts = |numerator, denominator| Parts {
        numerator: of(numerator),
        denominator: Some(of(denominator)),
        ..Parts::default()
    };
    let decide = |min_denominator| {
        let stated = Stated {
            whole: vec![parts(0, 12)],
            ..Stated::default()
        };
        let rules = Disclosure {
            min_denominator,
            ..rules()
        };
        let decided = Decided::on(stated, &frame(), &rules);
        let all = points(&decided);
        all.iter()
            .filter(|point| decided.shown(Which::default(), point, 0).is_none())
            .count()
    };
    assert_eq!(decide(5), 0);
    assert!(decide(13) > 0);
}

#[test]
fn what_is_asked_for_outside_of_the_indicator_is_withheld() {
    let world = vec![vec![30; 24]; 12];
    let decided = Decided::on(stated(&world), &frame(), &rules());
    let point = points(&decided).remove(0);
    let shown = |variant, value| decided.shown(Which { variant, value }, &point, 0);
    assert!(shown(1, Some((1, 1))).is_some());
    assert_eq!(shown(2, None), None);
    assert_eq!(shown(0, Some((2, 0))), None);
    assert_eq!(shown(0, Some((0, 2))), None);
    assert_eq!(
        decided.numerator(Which {
            variant: 9,
            value: None
        }),
        &Counts::new()
    );
    assert!(matches!(point.sex, query::SexGroup::All));
}
