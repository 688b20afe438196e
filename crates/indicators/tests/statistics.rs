//! The statistics against expected values. `statistics/*.csv` are written by `statistics/expected.py`, with scipy and
//! numpy and from the published formulas, not from this code; it tells what each file holds. Values printed in the
//! literature stand here beside their sources. `statistics/properties.rs` holds what must be true of any input.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use vardnav_indicators::statistics::clustered::Clusters;
use vardnav_indicators::statistics::funnel::{self, Standing};
use vardnav_indicators::statistics::standardised::{Stratum, direct};
use vardnav_indicators::statistics::{Estimate, Level, Tally, Undefined, count, proportion, ratio};

#[path = "statistics/properties.rs"]
mod properties;

/// The rows of a file, each cell by its column's place.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("`{cell}` is no number"))
}

fn whole(cell: &str) -> u64 {
    cell.parse()
        .unwrap_or_else(|_| panic!("`{cell}` is no whole number"))
}

fn level(cell: &str) -> Level {
    match cell {
        "95" => Level::P95,
        "99.8" => Level::P998,
        other => panic!("no level `{other}`"),
    }
}

/// As near as `tolerance` of the expected value.
#[track_caller]
fn near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let apart = (found - expected).abs();
    assert!(
        apart <= tolerance * expected.abs().max(1e-12),
        "{what}: {found} instead of {expected}, {apart:e} apart"
    );
}

#[track_caller]
fn is(what: &str, found: Estimate, expected: [&str; 3], tolerance: f64) {
    near(what, found.value(), number(expected[0]), tolerance);
    near(what, found.lower(), number(expected[1]), tolerance);
    near(what, found.upper(), number(expected[2]), tolerance);
}

#[test]
fn wilson_scores_are_those_of_the_test_they_invert() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/wilson.csv")) {
        let found = proportion::wilson(whole(row[0]), whole(row[1]), level(row[2])).unwrap();
        is(&row.join(","), found, [row[3], row[4], row[5]], 1e-9);
        seen += 1;
    }
    assert_eq!(seen, 24);
}

#[test]
fn wilson_scores_are_as_newcombe_prints_them() {
    // Newcombe, Statistics in Medicine 1998;17:857–872, table I, method 3.
    for (successes, trials, lower, upper) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let found = proportion::wilson(successes, trials, Level::P95).unwrap();
        assert!((found.lower() - lower).abs() <= 0.000_05, "{found:?}");
        assert!((found.upper() - upper).abs() <= 0.000_05, "{found:?}");
    }
}

#[test]
fn limits_of_counts_are_garwoods_and_byars() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/counts.csv")) {
        let (events, level) = (whole(row[0]), level(row[1]));
        let what = row.join(",");
        is(
            &what,
            count::exact(events, level).unwrap(),
            [row[0], row[2], row[3]],
            1e-7,
        );
        is(
            &what,
            count::byar(events, level).unwrap(),
            [row[0], row[4], row[5]],
            1e-9,
        );
        seen += 1;
    }
    assert_eq!(seen, 30);
}

#[test]
fn exact_limits_are_as_tables_print_them() {
    // Garwood, Biometrika 1936;28:437–442, as in Breslow and Day, Statistical Methods in Cancer Research II, 1987,
    // table 2.11, which prints limits of the ratio of observed to expected: those of the count, divided by it.
    for (events, lower, upper) in [
        (1, 0.0253, 5.57),
        (2, 0.121, 3.61),
        (5, 0.324, 2.33),
        (10, 0.480, 1.84),
    ] {
        let found = count::exact(events, Level::P95).unwrap();
        let events = events as f64;
        assert!((found.lower() / events - lower).abs() <= 0.001, "{found:?}");
        assert!((found.upper() / events - upper).abs() <= 0.01, "{found:?}");
    }
}

#[test]
fn a_count_is_exact_while_small_and_byars_from_ten() {
    for level in [Level::P95, Level::P998] {
        assert_eq!(count::interval(9, level), count::exact(9, level));
        assert_eq!(count::interval(10, level), count::byar(10, level));
        let (exact, byar) = (count::exact(10, level).unwrap(), count::byar(10, level).unwrap());
        near("lower", byar.lower(), exact.lower(), 0.03);
        near("upper", byar.upper(), exact.upper(), 0.01);
    }
}

#[test]
fn rates_are_counts_over_their_exposure() {
    let found = count::rate(Tally::new(12, 8_000.0).unwrap(), Level::P95).unwrap();
    let count = count::byar(12, Level::P95).unwrap();
    near("value", found.times(1_000.0).unwrap().value(), 1.5, 1e-12);
    near("lower", found.lower(), count.lower() / 8_000.0, 1e-12);
    near("upper", found.upper(), count.upper() / 8_000.0, 1e-12);
}

#[test]
fn years_are_pooled_only_while_events_are_few() {
    let year = |events| Tally::new(events, 100.0).unwrap();
    let pooled = |years: &[u64], enough| {
        let years: Vec<Tally> = years.iter().copied().map(year).collect();
        let pooled = count::pooled(&years, enough).unwrap();
        (pooled.years, pooled.tally.events(), pooled.tally.exposure())
    };
    assert_eq!(pooled(&[20, 5, 5], 20), (1, 20, 100.0));
    assert_eq!(pooled(&[19, 5, 5], 20), (2, 24, 200.0));
    assert_eq!(pooled(&[3, 2, 1], 20), (3, 6, 300.0));
    assert_eq!(pooled(&[3], 20), (1, 3, 100.0));
    assert_eq!(count::pooled(&[], 20), Err(Undefined::NoDenominator));
}

#[test]
fn standardised_rates_are_fays_and_feuers() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/standardised.csv")) {
        let strata: Vec<Stratum> = row[1]
            .split(';')
            .map(|cell| {
                let parts: Vec<&str> = cell.split('/').collect();
                Stratum {
                    events: whole(parts[0]),
                    population: number(parts[1]),
                    weight: number(parts[2]),
                }
            })
            .collect();
        let found = direct(&strata, level(row[2])).unwrap();
        is(row[0], found, [row[3], row[4], row[5]], 1e-7);
        seen += 1;
    }
    assert_eq!(seen, 18);
}

#[test]
fn strata_that_cannot_be_standardised_are_told() {
    let stratum = |events, population, weight| Stratum {
        events,
        population,
        weight,
    };
    let found = |strata: &[Stratum]| direct(strata, Level::P95);
    assert_eq!(found(&[]), Err(Undefined::NoDenominator));
    assert_eq!(found(&[stratum(1, 10.0, 0.0)]), Err(Undefined::NoDenominator));
    assert_eq!(
        found(&[stratum(1, 10.0, 1.0), stratum(0, 0.0, 1.0)]),
        Err(Undefined::EmptyStratum)
    );
    assert!(found(&[stratum(1, 10.0, 1.0), stratum(0, 0.0, 0.0)]).is_ok());
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(found(&[stratum(1, wrong, 1.0)]), Err(Undefined::OutOfRange));
        assert_eq!(found(&[stratum(1, 1.0, wrong)]), Err(Undefined::OutOfRange));
    }
}

#[test]
fn ratios_of_rates_are_the_exact_conditional_ones() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/ratios.csv")) {
        let of = Tally::new(whole(row[0]), number(row[1])).unwrap();
        let to = Tally::new(whole(row[2]), number(row[3])).unwrap();
        let found = ratio::crude(of, to, level(row[4])).unwrap();
        is(&row.join(","), found, [row[5], row[6], row[7]], 1e-7);
        seen += 1;
    }
    assert_eq!(seen, 12);
    let (some, none) = (Tally::new(3, 10.0).unwrap(), Tally::new(0, 10.0).unwrap());
    let nothing = Err(Undefined::NothingToCompareWith);
    assert_eq!(ratio::crude(some, none, Level::P95), nothing);
    assert_eq!(ratio::crude(none, none, Level::P95), nothing);
}

#[test]
fn ratios_of_estimates_solve_their_quadratic() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/ratios_of_estimates.csv")) {
        let estimate = |at: usize| Estimate::new(number(row[at]), number(row[at + 1]), number(row[at + 2]));
        let found = ratio::of_estimates(estimate(0).unwrap(), estimate(3).unwrap()).unwrap();
        is(&row.join(","), found, [row[6], row[7], row[8]], 1e-9);
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn clustered_figures_are_those_of_residuals() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/clustered.csv")) {
        let pairs = row[1].split(';').map(|pair| pair.split_once('/').unwrap());
        let clusters: Clusters = pairs.map(|(y, x)| (whole(y), whole(x))).collect();
        let level = level(row[2]);
        let found = clusters.proportion(level).unwrap();
        is(row[0], found.estimate, [row[3], row[4], row[5]], 1e-8);
        match row[6] {
            "" => assert_eq!(clusters.rate(level), Err(Undefined::NoVariation)),
            lower => {
                let found = clusters.rate(level).unwrap();
                is(row[0], found.estimate, [row[3], lower, row[7]], 1e-8);
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn alike_stays_of_a_person_make_a_figure_less_sure() {
    let apart: Clusters = (0..400).map(|n| (u64::from(n % 4 == 0), 1)).collect();
    let together: Clusters = (0..100)
        .map(|n| if n % 4 == 0 { (4, 4) } else { (0, 4) })
        .collect();
    let (apart, together) = (
        apart.proportion(Level::P95).unwrap(),
        together.proportion(Level::P95).unwrap(),
    );
    near("value", together.estimate.value(), apart.estimate.value(), 1e-12);
    near("effect", together.design_effect.unwrap(), 4.0, 0.02);
    assert!(together.estimate.lower() < apart.estimate.lower());
    assert!(together.estimate.upper() > apart.estimate.upper());
}

#[test]
fn too_little_to_tell_is_told() {
    let p95 = Level::P95;
    assert_eq!(proportion::wilson(0, 0, p95), Err(Undefined::NoDenominator));
    assert_eq!(proportion::wilson(2, 1, p95), Err(Undefined::NumeratorTooLarge));
    assert_eq!(Tally::new(3, 0.0), Err(Undefined::NoDenominator));
    assert_eq!(Tally::new(3, -1.0), Err(Undefined::OutOfRange));
    assert_eq!(Tally::new(3, f64::NAN), Err(Undefined::OutOfRange));
    let one: Clusters = [(3, 7)].into_iter().collect();
    assert_eq!(one.proportion(p95), Err(Undefined::TooFewClusters));
    assert_eq!(one.rate(p95), Err(Undefined::TooFewClusters));
    assert_eq!(Clusters::default().rate(p95), Err(Undefined::NoDenominator));
    let vast: Clusters = [(u64::MAX, u64::MAX), (1, 2)].into_iter().collect();
    assert_eq!(vast.proportion(p95), Err(Undefined::OutOfRange));
    let alike: Clusters = [(1, 2), (2, 4)].into_iter().collect();
    assert_eq!(alike.rate(p95), Err(Undefined::NoVariation));
}

#[test]
fn funnels_are_spiegelhalters() {
    let mut seen = 0;
    for row in rows(include_str!("statistics/funnels.csv")) {
        let (country, level) = (number(row[1]), level(row[3]));
        let found = match row[0] {
            "proportion" => funnel::proportion(country, whole(row[2]), level),
            _ => funnel::rate(country, number(row[2]), level),
        };
        let found = found.unwrap();
        near(&row.join(","), found.lower, number(row[4]), 1e-6);
        near(&row.join(","), found.upper, number(row[5]), 1e-6);
        seen += 1;
    }
    assert_eq!(seen, 18);
}

#[test]
fn a_figure_inside_the_inner_limits_cannot_be_told_from_the_country() {
    let standing = |value: f64, trials| {
        let inner = funnel::proportion(0.2, trials, Level::P95).unwrap();
        let outer = funnel::proportion(0.2, trials, Level::P998).unwrap();
        funnel::standing(value, inner, outer)
    };
    assert_eq!(standing(0.3, 20), Standing::NotToldApart);
    assert_eq!(standing(0.3, 100), Standing::Above);
    assert_eq!(standing(0.3, 400), Standing::FarAbove);
    assert_eq!(standing(0.1, 100), Standing::Below);
    assert_eq!(standing(0.1, 400), Standing::FarBelow);
    let estimate = |lower, upper| Estimate::new(0.5, lower, upper).unwrap();
    let by = |inner, outer| funnel::by_intervals(inner, outer, 0.4);
    assert_eq!(
        by(estimate(0.39, 0.6), estimate(0.3, 0.7)),
        Standing::NotToldApart
    );
    assert_eq!(by(estimate(0.41, 0.6), estimate(0.3, 0.7)), Standing::Above);
    assert_eq!(by(estimate(0.45, 0.6), estimate(0.41, 0.7)), Standing::FarAbove);
}
