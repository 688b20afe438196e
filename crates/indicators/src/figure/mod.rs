//! From sums that may be shown to figures: the value with its interval by the method that a definition names, years
//! taken together, whether it can be told from the country, and how much groups of a breakdown differ.
//!
//! Disclosure is decided before, and not here: a sum that may not be shown is not given, and what would rest on one is
//! not computed. Nothing is rounded.

mod together;
mod told;

pub use together::together;
pub use told::{Row, Told, row};

use crate::definition::{Indicator, Interval};
use crate::engine::Moment;
use crate::statistics::clustered::Clusters;
use crate::statistics::funnel::{self, Limits, Standing};
use crate::statistics::standardised::{Stratum, direct};
use crate::statistics::{Estimate, Level, Tally, Undefined, count, proportion, ratio};

/// What a figure is computed from. All of it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// Above the line.
    pub numerator: u64,
    /// Below the line, in whole units; `None` for a plain count.
    pub denominator: Option<f64>,
    /// By stratum of the standard population, where the figure is standardised.
    pub strata: Vec<Stratum>,
    /// Over persons or units, where the interval is by them.
    pub clusters: Option<Clusters>,
    /// How many of what clusters count below the line, over how many of what they count above it, make one of both: 1
    /// but where parts of a whole are summed, as full-time equivalents are.
    pub cluster_scale: f64,
    /// Whether what is above the line is a part of what is below.
    pub is_proportion: bool,
}

/// A figure in the indicator's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The value: standardised where the method is.
    pub value: f64,
    /// Its interval at 95 per cent; why it has none.
    pub interval: Result<Estimate, Undefined>,
}

/// How far groups of a breakdown lie apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Apart<'a> {
    /// The group with the lowest rate.
    pub lowest: &'a str,
    /// The group with the highest.
    pub highest: &'a str,
    /// The highest over the lowest, with its interval at 95 per cent; why there is none.
    pub ratio: Result<Estimate, Undefined>,
}

/// The figure of sums by the indicator's method.
///
/// # Errors
/// When it has no value: nothing below the line, or a stratum without population.
pub fn figure(indicator: &Indicator, sums: &Sums) -> Result<Figure, Undefined> {
    let factor = f64::from(indicator.factor);
    let value = match sums.denominator {
        None => sums.numerator as f64,
        Some(_) => rate(indicator.interval, sums)? * factor,
    };
    let times = |estimate: Estimate| match sums.denominator {
        Some(_) => estimate.times(factor),
        None => Ok(estimate),
    };
    Ok(Figure {
        value,
        interval: estimate(indicator.interval, sums, Level::P95).and_then(times),
    })
}

/// The value per one of what is below the line: standardised where the method is.
///
/// # Errors
/// When nothing is below the line, or a stratum has no population.
pub fn rate(method: Interval, sums: &Sums) -> Result<f64, Undefined> {
    match (method, sums.denominator) {
        (Interval::Standardised, _) => Ok(direct(&sums.strata, Level::P95)?.value()),
        (_, Some(denominator)) => {
            Ok(sums.numerator as f64 / exposure(sums.numerator, denominator)?.exposure())
        }
        (_, None) => Err(Undefined::NoDenominator),
    }
}

/// The value with its interval at a level, per one of what is below the line.
///
/// # Errors
/// When the method gives none for the sums, or is none.
pub fn estimate(method: Interval, sums: &Sums, level: Level) -> Result<Estimate, Undefined> {
    match (method, sums.denominator) {
        (Interval::None | Interval::Stated, _) => Err(Undefined::NoVariation),
        (Interval::Standardised, _) => direct(&sums.strata, level),
        (Interval::Wilson, Some(denominator)) => {
            proportion::wilson(sums.numerator, whole(denominator)?, level)
        }
        (Interval::ByPerson | Interval::ByUnit, Some(_)) => {
            let clusters = sums.clusters.as_ref().ok_or(Undefined::TooFewClusters)?;
            let clustered = match sums.is_proportion {
                true => clusters.proportion(level),
                false => clusters.rate(level),
            };
            clustered?.estimate.times(sums.cluster_scale)
        }
        (Interval::Poisson, Some(denominator)) => count::rate(exposure(sums.numerator, denominator)?, level),
        (Interval::Poisson, None) => count::interval(sums.numerator, level),
        (Interval::Wilson | Interval::ByPerson | Interval::ByUnit, None) => Err(Undefined::NoDenominator),
    }
}

/// The newest year, with as few before it as give the events that the indicator asks for. `newest_first` has the years
/// that may be shown, without a gap; more than the indicator takes together are left out.
///
/// # Errors
/// When there is no year, one has no denominator, or a sum is out of range.
pub fn pooled(indicator: &Indicator, newest_first: &[(u64, f64)]) -> Result<count::Pooled, Undefined> {
    let years = newest_first.iter().take(indicator.window.years.max(1).into());
    let years: Result<Vec<Tally>, Undefined> = years.map(|(events, over)| exposure(*events, *over)).collect();
    count::pooled(&years?, indicator.window.enough.into())
}

/// The limits at 95 and 99.8 per cent within which a figure of this size cannot be told from the country's, `country`
/// being per one of what is below the line. Only of proportions and rates of events that do not depend on each other.
///
/// # Errors
/// When the method has no funnel, or a number is out of range.
pub fn limits(method: Interval, denominator: f64, country: f64) -> Result<[Limits; 2], Undefined> {
    let at = |level| match method {
        Interval::Wilson => funnel::proportion(country, whole(denominator)?, level),
        Interval::Poisson => funnel::rate(country, denominator, level),
        _ => Err(Undefined::NoVariation),
    };
    Ok([at(Level::P95)?, at(Level::P998)?])
}

/// How a figure stands to the country's: by the funnel where the method has one, else by its own intervals.
///
/// # Errors
/// When it has neither.
pub fn standing(method: Interval, sums: &Sums, country: f64) -> Result<Standing, Undefined> {
    if let (Interval::Wilson | Interval::Poisson, Some(denominator)) = (method, sums.denominator) {
        let [inner, outer] = limits(method, denominator, country)?;
        let value = sums.numerator as f64 / denominator;
        return Ok(funnel::standing(value, inner, outer));
    }
    let at_95 = estimate(method, sums, Level::P95)?;
    let at_998 = estimate(method, sums, Level::P998)?;
    Ok(funnel::by_intervals(at_95, at_998, country))
}

/// How far the groups of a breakdown lie apart: the lowest and the highest rate, and their ratio. Of rates of events the
/// ratio's interval is exact; of others it is made of both intervals. The pair is chosen for being far apart, so the
/// interval is too sure as a test of whether groups differ at all. `None` with fewer than two groups that have a rate.
pub fn apart<'a>(method: Interval, groups: &[(&'a str, Sums)]) -> Option<Apart<'a>> {
    let rated = || {
        groups
            .iter()
            .filter_map(|(group, sums)| Some((rate(method, sums).ok()?, *group, sums)))
    };
    let (_, lowest, low) = rated().min_by(|a, b| a.0.total_cmp(&b.0))?;
    let (_, highest, high) = rated().rev().max_by(|a, b| a.0.total_cmp(&b.0))?;
    // One group alone lies apart from none.
    rated().nth(1)?;
    let of_events = || {
        let tally = |sums: &Sums| exposure(sums.numerator, sums.denominator.ok_or(Undefined::NoDenominator)?);
        ratio::crude(tally(high)?, tally(low)?, Level::P95)
    };
    let of_intervals = || {
        let of = |sums| estimate(method, sums, Level::P95);
        ratio::of_estimates(of(high)?, of(low)?)
    };
    Some(Apart {
        lowest,
        highest,
        ratio: match method {
            Interval::Poisson => of_events(),
            _ => of_intervals(),
        },
    })
}

/// Clusters by the sums that cells hold of them.
pub fn clusters(sum: impl Fn(Moment) -> u64) -> Clusters {
    Clusters::of_sums(
        sum(Moment::Clusters),
        [sum(Moment::Numerator), sum(Moment::Denominator)],
        [
            sum(Moment::Squares),
            sum(Moment::Products),
            sum(Moment::DenominatorSquares),
        ],
    )
}

fn exposure(events: u64, over: f64) -> Result<Tally, Undefined> {
    Tally::new(events, over)
}

/// A denominator that is a number of things.
fn whole(denominator: f64) -> Result<u64, Undefined> {
    match denominator {
        0.0 => Err(Undefined::NoDenominator),
        denominator if denominator.fract() == 0.0 && (0.0..9e15).contains(&denominator) => {
            Ok(denominator as u64)
        }
        _ => Err(Undefined::OutOfRange),
    }
}

#[cfg(test)]
mod tests;
