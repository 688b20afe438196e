//! What must be true of statistics whatever they are made of.

use proptest::prelude::*;
use vardnav_indicators::statistics::clustered::Clusters;
use vardnav_indicators::statistics::standardised::{Stratum, direct};
use vardnav_indicators::statistics::{Estimate, Level, Tally, count, funnel, proportion, ratio};

fn levels() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::P95), Just(Level::P998)]
}

/// Trials of any size, small ones often, and successes among them.
fn trials() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![1..30_u64, 1..5_000_u64, 1..20_000_000_u64].prop_flat_map(|n| (0..=n, Just(n)))
}

fn events() -> impl Strategy<Value = u64> {
    prop_oneof![0..30_u64, 0..5_000_u64, 0..3_000_000_u64]
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn wilson_stays_within_zero_and_one_and_is_the_same_from_the_other_side((x, n) in trials(), level in levels()) {
        let found = proportion::wilson(x, n, level).unwrap();
        prop_assert!(0.0 <= found.lower() && found.lower() <= found.value());
        prop_assert!(found.value() <= found.upper() && found.upper() <= 1.0);
        prop_assert!(found.upper() > found.lower());
        let other = proportion::wilson(n - x, n, level).unwrap();
        prop_assert!((found.lower() - (1.0 - other.upper())).abs() < 1e-9);
        prop_assert!((found.upper() - (1.0 - other.lower())).abs() < 1e-9);
    }

    #[test]
    fn wilson_narrows_with_trials_and_rises_with_successes((x, n) in trials(), level in levels()) {
        let width = |of: Estimate| of.upper() - of.lower();
        let found = proportion::wilson(x, n, level).unwrap();
        prop_assert!(width(proportion::wilson(2 * x, 2 * n, level).unwrap()) < width(found));
        if x < n {
            let more = proportion::wilson(x + 1, n, level).unwrap();
            prop_assert!(more.lower() > found.lower() && more.upper() >= found.upper());
        }
    }

    #[test]
    fn the_wider_level_holds_the_narrower((x, n) in trials(), events in events()) {
        let holds = |outer: Estimate, inner: Estimate| outer.lower() <= inner.lower() && outer.upper() >= inner.upper();
        prop_assert!(holds(proportion::wilson(x, n, Level::P998).unwrap(), proportion::wilson(x, n, Level::P95).unwrap()));
        prop_assert!(holds(count::interval(events, Level::P998).unwrap(), count::interval(events, Level::P95).unwrap()));
    }

    #[test]
    fn counts_rise_and_byar_is_near_the_exact_limits(events in events(), level in levels()) {
        let (found, more) = (count::exact(events, level).unwrap(), count::exact(events + 1, level).unwrap());
        prop_assert!(more.lower() > found.lower() && more.upper() > found.upper());
        prop_assert!(found.lower() <= found.value() && found.value() < found.upper());
        let byar = count::byar(events, level).unwrap();
        if events >= count::BYAR_FROM {
            prop_assert!(close(byar.lower(), found.lower(), 0.03));
            prop_assert!(close(byar.upper(), found.upper(), 0.01));
        }
    }

    #[test]
    fn equal_weights_standardise_to_the_exact_crude_rate(
        events in proptest::collection::vec(0..2_000_u64, 1..8), size in 1.0..100_000.0, level in levels()
    ) {
        let strata: Vec<Stratum> =
            events.iter().map(|&events| Stratum { events, population: size, weight: 3.0 }).collect();
        let (sum, whole) = (events.iter().sum(), size * events.len() as f64);
        let (found, exact) = (direct(&strata, level).unwrap(), count::exact(sum, level).unwrap());
        prop_assert!(close(found.value(), exact.value() / whole, 1e-9));
        prop_assert!(close(found.lower(), exact.lower() / whole, 1e-7));
        prop_assert!(close(found.upper(), exact.upper() / whole, 1e-7));
    }

    #[test]
    fn a_standardised_rate_lies_between_those_of_its_strata(
        strata in proptest::collection::vec((0..500_u64, 1.0..10_000.0, 0.1..100.0), 1..20), level in levels()
    ) {
        let strata: Vec<Stratum> = strata
            .into_iter()
            .map(|(events, population, weight)| Stratum { events, population, weight })
            .collect();
        let found = direct(&strata, level).unwrap();
        let rates = strata.iter().map(|stratum| stratum.events as f64 / stratum.population);
        let (low, high) = rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        prop_assert!(found.value() >= low * 0.999_999 && found.value() <= high * 1.000_001);
        prop_assert!(found.lower() <= found.value() && found.value() < found.upper());
        // The unit of the standard population does not matter.
        let scaled: Vec<Stratum> =
            strata.iter().map(|stratum| Stratum { weight: stratum.weight * 1_000.0, ..*stratum }).collect();
        prop_assert!(close(direct(&scaled, level).unwrap().upper(), found.upper(), 1e-7));
    }

    #[test]
    fn a_ratio_turned_round_is_its_reciprocal(
        a in 1..5_000_u64, b in 1..5_000_u64, ta in 1.0..1e6, tb in 1.0..1e6, level in levels()
    ) {
        let (first, second) = (Tally::new(a, ta).unwrap(), Tally::new(b, tb).unwrap());
        let (found, turned) = (ratio::crude(first, second, level).unwrap(), ratio::crude(second, first, level).unwrap());
        prop_assert!(close(found.value(), 1.0 / turned.value(), 1e-9));
        prop_assert!(close(found.lower(), 1.0 / turned.upper(), 1e-6));
        prop_assert!(close(found.upper(), 1.0 / turned.lower(), 1e-6));
        let rates = |of| count::rate(of, level).unwrap();
        let found = ratio::of_estimates(rates(first), rates(second)).unwrap();
        let turned = ratio::of_estimates(rates(second), rates(first)).unwrap();
        prop_assert!(close(found.lower(), 1.0 / turned.upper(), 1e-6));
    }

    #[test]
    fn clusters_taken_out_leave_what_was_there_and_order_does_not_matter(
        clusters in proptest::collection::vec((0..50_u64, 0..50_u64), 2..30),
        others in proptest::collection::vec((0..50_u64, 0..50_u64), 0..30),
        level in levels(),
    ) {
        let sums: Clusters = clusters.iter().copied().collect();
        let mut back: Clusters = others.iter().chain(clusters.iter().rev()).copied().collect();
        for &(y, x) in &others {
            back.take_out(y, x);
        }
        prop_assert_eq!(sums, back);
        prop_assert_eq!(sums.rate(level), back.rate(level));
    }

    #[test]
    fn clusters_of_one_observation_are_much_as_wilson(successes in 5..150_usize, others in 5..150_usize) {
        let one = |success: bool| (u64::from(success), 1);
        let clusters: Clusters = (0..successes + others).map(|n| one(n < successes)).collect();
        let found = clusters.proportion(Level::P95).unwrap();
        let n = (successes + others) as u64;
        let wilson = proportion::wilson(successes as u64, n, Level::P95).unwrap();
        prop_assert!((found.estimate.lower() - wilson.lower()).abs() < 0.05);
        prop_assert!((found.estimate.upper() - wilson.upper()).abs() < 0.05);
        prop_assert!(close(found.design_effect.unwrap(), n as f64 / (n - 1) as f64, 1e-9));
    }

    #[test]
    fn any_clusters_are_answered_with_finite_numbers(
        clusters in proptest::collection::vec((any::<u32>(), any::<u32>()), 0..20), level in levels()
    ) {
        let sums: Clusters = clusters.iter().map(|&(y, x)| (u64::from(y.min(x)), u64::from(x))).collect();
        for found in [sums.proportion(level), sums.rate(level)].into_iter().flatten() {
            let estimate = found.estimate;
            prop_assert!(estimate.lower().is_finite() && estimate.upper().is_finite());
            prop_assert!(0.0 <= estimate.lower() && estimate.lower() <= estimate.value());
            prop_assert!(estimate.value() <= estimate.upper());
        }
    }

    #[test]
    fn funnels_hold_the_country_and_narrow_with_size(country in 0.001..0.999, n in 1..100_000_u64) {
        let limits = |n, level| funnel::proportion(country, n, level).unwrap();
        let (inner, outer) = (limits(n, Level::P95), limits(n, Level::P998));
        prop_assert!(outer.lower <= inner.lower && inner.upper <= outer.upper);
        prop_assert!(0.0 <= outer.lower && outer.upper <= 1.0);
        let larger = limits(n * 16, Level::P95);
        prop_assert!(larger.upper - larger.lower <= inner.upper - inner.lower + 1e-9);
        let exposure = n as f64;
        let (inner, outer) = (
            funnel::rate(country, exposure, Level::P95).unwrap(),
            funnel::rate(country, exposure, Level::P998).unwrap(),
        );
        prop_assert!(outer.lower <= inner.lower && inner.lower <= country);
        prop_assert!(country <= inner.upper && inner.upper <= outer.upper);
    }
}
