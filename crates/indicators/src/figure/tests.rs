//! Figures of few numbers; the statistics themselves have expected values of their own.

use super::*;
use crate::definition::Window;

fn sums(numerator: u64, denominator: f64) -> Sums {
    Sums {
        numerator,
        denominator: Some(denominator),
        strata: Vec::new(),
        clusters: None,
        cluster_scale: 1.0,
        is_proportion: true,
    }
}

fn of(interval: Interval, factor: u32) -> Indicator {
    Indicator {
        interval,
        factor,
        window: Window {
            years: 3,
            enough: 20,
            ..Window::default()
        },
        ..Indicator::default()
    }
}

#[test]
fn a_value_is_in_the_unit_of_the_indicator() {
    let found = figure(&of(Interval::Wilson, 100), &sums(30, 120.0)).unwrap();
    assert!((found.value - 25.0).abs() < 1e-9);
    let interval = found.interval.unwrap();
    assert!((18.0..25.0).contains(&interval.lower()) && (25.0..34.0).contains(&interval.upper()));
    // A plain count is not multiplied.
    let count = Sums {
        denominator: None,
        ..sums(7, 1.0)
    };
    assert!((figure(&of(Interval::Poisson, 1000), &count).unwrap().value - 7.0).abs() < 1e-9);
    // What describes has no interval; nothing below the line, no value.
    assert!(
        figure(&of(Interval::None, 1), &sums(3, 4.0))
            .unwrap()
            .interval
            .is_err()
    );
    assert_eq!(
        figure(&of(Interval::Wilson, 1), &sums(0, 0.0)),
        Err(Undefined::NoDenominator)
    );
}

#[test]
fn a_standardised_value_is_the_mean_by_the_weights() {
    let stratum = |events, population, weight| Stratum {
        events,
        population,
        weight,
    };
    let sums = Sums {
        strata: vec![stratum(10, 1000.0, 3.0), stratum(40, 1000.0, 1.0)],
        ..sums(50, 2000.0)
    };
    let found = figure(&of(Interval::Standardised, 1000), &sums).unwrap();
    assert!((found.value - 17.5).abs() < 1e-9, "{}", found.value);
}

#[test]
fn years_are_taken_together_until_there_is_enough() {
    let indicator = of(Interval::Poisson, 1000);
    let years =
        |years: &[(u64, f64)]| pooled(&indicator, years).map(|pooled| (pooled.years, pooled.tally.events()));
    assert_eq!(years(&[(25, 100.0), (3, 90.0)]), Ok((1, 25)));
    assert_eq!(years(&[(9, 100.0), (12, 90.0), (8, 80.0)]), Ok((2, 21)));
    assert_eq!(years(&[(1, 9.0), (1, 9.0), (1, 9.0), (99, 9.0)]), Ok((3, 3)));
    assert_eq!(years(&[]), Err(Undefined::NoDenominator));
}

#[test]
fn a_small_area_cannot_be_told_from_the_country_and_a_large_one_can() {
    let stands = |numerator, denominator| standing(Interval::Wilson, &sums(numerator, denominator), 0.5);
    assert_eq!(stands(6, 10.0), Ok(Standing::NotToldApart));
    assert_eq!(stands(6_000, 10_000.0), Ok(Standing::FarAbove));
    assert_eq!(stands(4_000, 10_000.0), Ok(Standing::FarBelow));
    assert!(standing(Interval::None, &sums(6, 10.0), 0.5).is_err());
}

#[test]
fn groups_lie_as_far_apart_as_their_ends() {
    let groups = [
        ("town", sums(20, 1000.0)),
        ("land", sums(10, 1000.0)),
        ("between", sums(15, 1000.0)),
    ];
    let found = apart(Interval::Poisson, &groups).unwrap();
    assert_eq!((found.lowest, found.highest), ("land", "town"));
    let ratio = found.ratio.unwrap();
    assert!((ratio.value() - 2.0).abs() < 1e-9 && ratio.lower() < 1.0 && ratio.upper() > 4.0);
    assert_eq!(apart(Interval::Poisson, &groups[..1]), None);
    let none = [("town", sums(20, 1000.0)), ("land", sums(0, 1000.0))];
    let found = apart(Interval::Poisson, &none).unwrap();
    assert_eq!(found.ratio, Err(Undefined::NothingToCompareWith));
}

#[test]
fn clusters_are_those_whose_sums_they_are() {
    let each = [(1, 2), (0, 3), (2, 2), (1, 5)];
    let whole: Clusters = each.into_iter().collect();
    let found = clusters(|moment| {
        let of = |(y, x): (u64, u64)| match moment {
            Moment::Clusters => 1,
            Moment::Numerator => y,
            Moment::Denominator => x,
            Moment::Squares => y * y,
            Moment::Products => y * x,
            Moment::DenominatorSquares => x * x,
        };
        each.into_iter().map(of).sum()
    });
    assert_eq!(found, whole);
    let sums = Sums {
        clusters: Some(found),
        ..sums(4, 12.0)
    };
    let by_person = figure(&of(Interval::ByPerson, 100), &sums).unwrap();
    assert!((by_person.interval.unwrap().value() - by_person.value).abs() < 1e-9);
}
