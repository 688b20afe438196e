//! Rates standardised directly for age (and sex, where strata are of both): what the rate would be if the population
//! were made up as the standard population is.
//!
//! The interval is the gamma interval of Fay and Feuer, Confidence intervals for directly standardized rates: a method
//! based on the gamma distribution, Statistics in Medicine 1997;16:791–801. It is taken instead of Dobson's (Statistics
//! in Medicine 1991;10:457–462), which needs at least one event and is not certain to hold its level when strata have
//! unequal weights: areas without an event, and strata with one, are everyday in near care. With equal weights it is
//! the exact Poisson interval. It errs on the side of being wide where a heavy stratum is small.

use super::count::{lower_tail, upper_tail};
use super::{Estimate, Level, Undefined, special};

/// A stratum: an age band, or an age band of a sex.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// Events in it.
    pub events: u64,
    /// Its population or person-years.
    pub population: f64,
    /// Its share of the standard population, in any unit; strata with 0 are left out.
    pub weight: f64,
}

/// The standardised rate per unit of exposure.
///
/// # Errors
/// When no stratum has a weight, one that has is empty, or a number is out of range.
pub fn direct(strata: &[Stratum], level: Level) -> Result<Estimate, Undefined> {
    let sound = |number: f64| number.is_finite() && number >= 0.0;
    if !strata
        .iter()
        .all(|stratum| sound(stratum.weight) && sound(stratum.population))
    {
        return Err(Undefined::OutOfRange);
    }
    let total: f64 = strata.iter().map(|stratum| stratum.weight).sum();
    if total <= 0.0 {
        return Err(Undefined::NoDenominator);
    }
    let (mut rate, mut variance, mut heaviest) = (0.0, 0.0, 0.0_f64);
    for stratum in strata.iter().filter(|stratum| stratum.weight > 0.0) {
        if stratum.population <= 0.0 {
            return Err(Undefined::EmptyStratum);
        }
        let of_one = stratum.weight / total / stratum.population;
        let events = stratum.events as f64;
        rate += of_one * events;
        variance += of_one * of_one * events;
        heaviest = heaviest.max(of_one);
    }
    let limit = |rate: f64, variance: f64, at| {
        let quantile = special::gamma(rate * rate / variance, at)?;
        Some(variance / rate * quantile)
    };
    let lower = match rate {
        0.0 => Some(0.0),
        rate => limit(rate, variance, lower_tail(level)),
    };
    let upper = limit(rate + heaviest, variance + heaviest * heaviest, upper_tail(level));
    match (lower, upper) {
        (Some(lower), Some(upper)) => Estimate::computed(rate, lower, upper),
        _ => Err(Undefined::OutOfRange),
    }
}
