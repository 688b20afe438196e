//! Attacks what is shown of an indicator with linear algebra, without knowing how it was decided: two variants, what
//! stands above and below the line, what is undecided, a breakdown whose values part the whole and one whose values
//! overlap, at all levels of places, sexes and ages, and two publications. Every shown count is an equation in unknown
//! counts of the smallest kinds of persons; whatever follows from all of them together must be 0 or large enough.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use vardnav_classification::model::Grain;
use vardnav_indicators::definition::{Disclosure, Rung};
use vardnav_indicators::disclosure::audit::Audit;
use vardnav_indicators::disclosure::indicator::{At, Counts, Decided, Parts, Shown, Stated, Which};
use vardnav_indicators::lattice::{Frame, Lattice, Leaf, Place, Spot};
use vardnav_indicators::query::{Dimension, Period, Point, Query};
use vardnav_indicators::{Decision, Residence, query};
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

/// What is shown of a world becomes known; `unknown` says which unknowns a sum of persons is of.
fn publish(known: &mut Span, decided: &Decided, world: &World, unknown: impl Fn(Vec<u64>) -> Vec<u64>) {
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
                known.add(unknown(row));
            }
        }
    }
}

/// Tries to compute every small number of the indicator: of figures, of differences of two of which one lies within the
/// other, of those who have two values, each at every point, at the union of two places, and at what is left of a point
/// without one inside it.
fn attack(known: &Span, decided: &Decided, world: &World, unknown: impl Fn(Vec<u64>) -> Vec<u64>) {
    let figures: Vec<(Which, Part)> = every_figure()
        .into_iter()
        .flat_map(|which| PARTS.map(|part| (which, part)))
        .collect();
    // Which kinds a number takes in, each set once.
    let mut sets: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    let mut set = |is_of: &dyn Fn(Kind) -> bool, what: String| {
        sets.entry(kinds().into_iter().map(is_of).collect())
            .or_insert(what);
    };
    for &(which, part) in &figures {
        set(&|kind| has(which, part, kind), format!("{which:?} {part:?}"));
        for &(outer, of) in &figures {
            let within = kinds()
                .iter()
                .all(|kind| !has(which, part, *kind) || has(outer, of, *kind));
            if within {
                let rest = |kind| has(outer, of, kind) && !has(which, part, kind);
                set(&rest, format!("{outer:?} {of:?} less {which:?} {part:?}"));
            }
        }
    }
    for level in 0..4 {
        for past in level + 1..5 {
            set(
                &|(own, _, second): Kind| (level..past).contains(&own) && second == 2,
                format!("both values from level {level} to {past}"),
            );
        }
    }
    let leaves = places();
    let all = points(decided);
    let mut areas: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    for point in &all {
        let own: Vec<bool> = leaves.iter().map(|leaf| is_at(point, *leaf)).collect();
        for other in &all {
            let of: Vec<bool> = leaves.iter().map(|leaf| is_at(other, *leaf)).collect();
            let is_within = own.iter().zip(&of).all(|(own, of)| *own || !*of);
            let is_apart = own.iter().zip(&of).all(|(own, of)| !(*own && *of));
            if is_within {
                let rest = own.iter().zip(&of).map(|(own, of)| *own && !*of).collect();
                areas
                    .entry(rest)
                    .or_insert_with(|| format!("{point:?} less {other:?}"));
            } else if is_apart && point.spot == other.spot {
                let both = own.iter().zip(&of).map(|(own, of)| *own || *of).collect();
                areas
                    .entry(both)
                    .or_insert_with(|| format!("{point:?} and {other:?}"));
            }
        }
        areas.insert(own, format!("{point:?}"));
    }
    for (area, place) in &areas {
        for (kinds, what) in &sets {
            let row: Vec<u64> = area
                .iter()
                .flat_map(|inside| kinds.iter().map(move |of| u64::from(*inside && *of)))
                .collect();
            let count = count(world, &row);
            if (1..MIN).contains(&count) {
                assert!(
                    !known.determines(unknown(row)),
                    "{what} = {count} follows at {place}"
                );
            }
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
    let (shown, exposed) = (AtomicU64::new(0), AtomicU64::new(0));
    runner(12)
        .run(&worlds(), |world| {
            let decided = Decided::on(stated(&world), &frame(), &rules());
            let mut known = Span::default();
            publish(&mut known, &decided, &world, |row| row);
            shown.fetch_add(known.0.len() as u64, Ordering::Relaxed);
            attack(&known, &decided, &world, |row| row);
            let found = decided.exposed(None).unwrap();
            exposed.fetch_add(found.len() as u64, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
    let attempts = ATTEMPTS.load(Ordering::Relaxed);
    let (shown, exposed) = (shown.into_inner(), exposed.into_inner());
    println!("{attempts} attempts to compute a small number from {shown} independent ones that were shown");
    println!("{exposed} that bounds tell to be small");
    assert!(attempts > 1_000 && shown > 100, "{attempts} {shown}");
    // Bounds are not what is decided by: they tell of some among small worlds. Many would be a fault.
    assert!(exposed * 10 < shown, "bounds tell of {exposed} of {shown}");
}

/// In a second publication one kommun has others: whoever sees both, and knows which kommun that is, computes nothing
/// small of what the first one withheld.
#[test]
fn two_publications_tell_no_more_of_what_was_withheld() {
    runner(10)
        .run(&(worlds(), worlds(), 0..3_usize), |(world, other, changed)| {
            let is_changed = |leaf: usize| leaf / 4 == changed;
            let now: World = (0..12)
                .map(|leaf| if is_changed(leaf) { &other } else { &world }[leaf].clone())
                .collect();
            let first = Decided::on(stated(&world), &frame(), &rules());
            let second = Decided::after(&first, stated(&now), &frame(), &rules());
            let mut known = Span::default();
            // Unknown are those of the first time, then how many more of each kind there are at the second.
            let at_first = |row: Vec<u64>| [row.clone(), vec![0; row.len()]].concat();
            let at_second = |row: Vec<u64>| {
                let more = row
                    .iter()
                    .enumerate()
                    .map(|(at, one)| if is_changed(at / 24) { *one } else { 0 });
                let more: Vec<u64> = more.collect();
                [row, more].concat()
            };
            publish(&mut known, &first, &world, at_first);
            publish(&mut known, &second, &now, at_second);
            attack(&known, &first, &world, at_first);
            Ok(())
        })
        .unwrap();
    println!(
        "{} attempts, those on two publications with them",
        ATTEMPTS.load(Ordering::Relaxed)
    );
}

#[test]
fn what_was_withheld_stays_withheld() {
    let mut world = vec![vec![30; 24]; 12];
    world[0] = (0..24).map(|kind| if kind == 23 { 2 } else { 0 }).collect();
    let first = Decided::on(stated(&world), &frame(), &rules());
    world[0] = vec![30; 24];
    let withheld = |decided: &Decided| {
        let all = points(decided);
        let hidden = all
            .into_iter()
            .filter(|point| decided.shown(Which::default(), point, 0).is_none());
        hidden.map(|point| (point.index, point.spot)).collect::<Vec<_>>()
    };
    let alone = Decided::on(stated(&world), &frame(), &rules());
    let after = Decided::after(&first, stated(&world), &frame(), &rules());
    assert!(withheld(&alone).is_empty());
    assert!(!withheld(&first).is_empty());
    assert_eq!(withheld(&after), withheld(&first));
}

#[test]
fn a_withheld_figure_is_told_at_the_first_coarser_step_that_may_be_shown() {
    let mut world = vec![vec![30; 24]; 12];
    // One woman of 65 or more in the first kommun, and nobody else of that age there.
    world[1] = (0..24).map(|kind| u64::from(kind == 23)).collect();
    let decided = Decided::on(stated(&world), &frame(), &rules());
    let all = points(&decided);
    let point = all
        .iter()
        .find(|point| point.place == Place::Kommun(180) && point.spot.sex == 1 && point.spot.age == 2)
        .unwrap();
    let which = Which::default();
    assert_eq!(decided.shown(which, point, 0), None);
    assert_eq!(decided.coarser(which, point, 0, &[]), None);
    let told = decided
        .coarser(which, point, 0, &[Rung::Month, Rung::AgeGroup, Rung::Kommun])
        .unwrap();
    let at = all
        .iter()
        .find(|point| point.place == told.place && point.sex == told.sex && point.age == told.age);
    assert!(decided.shown(which, at.unwrap(), 0).is_some());
    let told = decided
        .coarser(
            which,
            point,
            0,
            &[Rung::Kommun, Rung::Region, Rung::Sex, Rung::AgeGroup],
        )
        .unwrap();
    assert_ne!(told.place, Place::Kommun(180));
}

/// Whoever reckons with counts that are not negative finds what a table withholds that hides small counts only.
#[test]
fn the_audit_finds_small_counts_that_alone_are_withheld() {
    let world: World = (0..12)
        .map(|leaf| vec![if leaf == 3 { 0 } else { 30 }; 24])
        .collect();
    let mut few = world.clone();
    few[3][23] = 2;
    let safe = Decided::on(stated(&few), &frame(), &rules());
    assert_eq!(safe.exposed(None), Some(Vec::new()));
    // Thresholds of one hide nothing; held against five, with what one lattice shows.
    let point = points(&safe).remove(0);
    assert!(safe.shown(Which::default(), &point, 0).is_some());
    let leaves = places()
        .into_iter()
        .zip(&few)
        .map(|((month, residence, sex, age_from), persons)| Leaf {
            month,
            residence,
            sex,
            age_from,
            count: persons[23],
        });
    let shape = Lattice::shape(&frame(), leaves.clone(), 1);
    let counts = shape.filled(&frame(), leaves);
    let mut audit = Audit::new(&shape);
    audit.layer(counts.clone(), Some(&Decision::on(&counts, MIN)), MIN);
    assert_eq!(audit.exposed(), Some(Vec::new()));
    let mut audit = Audit::new(&shape);
    let none = Decision::on(&shape, MIN);
    audit.layer(counts, Some(&none), MIN);
    let exposed = audit.exposed().unwrap();
    assert!(!exposed.is_empty());
    assert!(
        exposed
            .iter()
            .all(|found| (found.bounds.low, found.bounds.high) == (2, 2))
    );
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
    attack(&known, &Decided::on(all, &frame(), &rules()), &world, |row| row);
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
