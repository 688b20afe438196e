//! A figure as a row of an answer: its sums with the value, interval, standing and marks that follow from them.

use crate::answer::{FigureRow, Mark};
use crate::definition::{Feed, Indicator, Variant};
use crate::statistics::Estimate;

use super::{Sums, figure, rate, standing};

/// What may be told of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What it is computed from.
    pub sums: Sums,
    /// How many years are taken together.
    pub years: u8,
    /// How many more may belong above the line; `None` where that is withheld.
    pub undecided: Option<u64>,
    /// How many more may belong below it.
    pub undecided_denominator: Option<u64>,
}

/// What a row is told with beside its own sums.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The indicator.
    pub indicator: &'a Indicator,
    /// The variant.
    pub variant: &'a Variant,
    /// Whether its period is not over.
    pub is_open: bool,
    /// The country's sums of the same, where the row is of a part of the country.
    pub country: Option<&'a Told>,
}

/// Fills a row whose place, period and group are set. `None` is a figure that is withheld.
pub fn row(mut filled: FigureRow, of: Row<'_>, told: Option<&Told>) -> FigureRow {
    let Row {
        indicator, variant, ..
    } = of;
    if variant.feed == Feed::MethodTest {
        filled.marks.insert(Mark::MethodTest);
    }
    if of.is_open {
        filled.marks.insert(Mark::Preliminary);
    }
    let Some(told) = told else {
        filled.marks.insert(Mark::Suppressed);
        return filled;
    };
    let sums = &told.sums;
    let is_count = variant.figure.denominator.is_empty();
    filled.years = told.years;
    filled.numerator = Some(sums.numerator);
    filled.count = is_count.then_some(sums.numerator);
    filled.denominator = sums.denominator;
    filled.undecided = told.undecided;
    filled.undecided_denominator = sums.denominator.and(told.undecided_denominator);
    if sums.numerator == 0 {
        filled.marks.insert(Mark::Zero);
    }
    match figure(indicator, sums) {
        Ok(found) if is_count || sums.denominator.is_some() => {
            filled.value = Some(found.value);
            // Of clusters that lie elsewhere than some of their parts the interval may lie beside the value.
            let holds = |interval: &Estimate| {
                (interval.lower()..=interval.upper()).contains(&found.value) || sums.clusters.is_none()
            };
            let interval = found.interval.ok().filter(holds);
            filled.low = interval.map(Estimate::lower);
            filled.high = interval.map(Estimate::upper);
        }
        _ => {
            filled.marks.insert(Mark::Missing);
        }
    }
    if let Some(country) = of.country
        && filled.value.is_some()
    {
        let country = rate(indicator.interval, &country.sums);
        filled.standing = country
            .and_then(|country| standing(indicator.interval, sums, country))
            .ok();
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Interval;
    use crate::measure::{Figure, Term};
    use crate::statistics::clustered::Clusters;
    use crate::statistics::funnel::Standing;

    fn told(numerator: u64, denominator: f64) -> Told {
        Told {
            sums: Sums {
                numerator,
                denominator: Some(denominator),
                strata: Vec::new(),
                clusters: None,
                cluster_scale: 1.0,
                is_proportion: true,
            },
            years: 1,
            undecided: Some(2),
            undecided_denominator: Some(3),
        }
    }

    fn variant() -> Variant {
        let term = |measure: &str| Term {
            measure: measure.to_owned(),
            times: 1,
        };
        Variant {
            figure: Figure {
                numerator: vec![term("above")],
                denominator: vec![term("below")],
            },
            ..Variant::default()
        }
    }

    fn filled(interval: Interval, told: Option<&Told>, country: Option<&Told>) -> FigureRow {
        let indicator = Indicator {
            interval,
            factor: 100,
            ..Indicator::default()
        };
        let of = Row {
            indicator: &indicator,
            variant: &variant(),
            is_open: false,
            country,
        };
        row(FigureRow::of("one", 2026), of, told)
    }

    #[test]
    fn what_is_withheld_has_no_numbers() {
        let row = filled(Interval::Wilson, None, Some(&told(50, 100.0)));
        assert!(row.is_suppressed());
        assert_eq!((row.numerator, row.value, row.standing), (None, None, None));
    }

    #[test]
    fn a_row_stands_to_the_country() {
        let country = told(5_000, 10_000.0);
        let row = filled(Interval::Wilson, Some(&told(900, 1_000.0)), Some(&country));
        assert_eq!(row.value, Some(90.0));
        assert_eq!(row.standing, Some(Standing::FarAbove));
        assert_eq!((row.undecided, row.undecided_denominator), (Some(2), Some(3)));
        let row = filled(Interval::Wilson, Some(&told(5, 10.0)), Some(&country));
        assert_eq!(row.standing, Some(Standing::NotToldApart));
        let row = filled(Interval::Wilson, Some(&country), None);
        assert_eq!(row.standing, None);
    }

    #[test]
    fn clusters_widen_the_interval() {
        let whole = told(50, 100.0);
        let alone = filled(Interval::Wilson, Some(&whole), None);
        let mut clustered = whole;
        // Twenty persons of five stays each: all of a person's, or none.
        clustered.sums.clusters = Some(
            (0..20)
                .map(|at| (if at < 10 { 5 } else { 0 }, 5))
                .collect::<Clusters>(),
        );
        let clustered = filled(Interval::ByPerson, Some(&clustered), None);
        assert_eq!(clustered.value, alone.value);
        assert!(clustered.low < alone.low && clustered.high > alone.high);
    }

    #[test]
    fn nothing_below_the_line_is_missing_and_nothing_above_it_is_zero() {
        let row = filled(Interval::Wilson, Some(&told(0, 0.0)), None);
        assert!(row.marks.contains(&Mark::Missing) && row.marks.contains(&Mark::Zero));
        let row = filled(Interval::Wilson, Some(&told(0, 20.0)), None);
        assert_eq!((row.value, row.low), (Some(0.0), Some(0.0)));
        assert!(!row.marks.contains(&Mark::Missing));
    }
}
