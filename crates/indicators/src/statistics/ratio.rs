//! Ratios of two rates that do not depend on each other: two areas, or an area and the rest of the country. An area is
//! part of the country, so the two are not independent: compare it with what is left when it is taken out, or by
//! [`super::funnel`].

use super::special;
use super::{Estimate, Level, Tally, Undefined};

/// The ratio of two crude rates with its exact interval: given the sum of both counts, the first is binomial, and
/// Clopper and Pearson's limits of its probability are turned into limits of the ratio. Source: Przyborowski and
/// Wilenski, Biometrika 1940;31:313–323; Breslow and Day, Statistical Methods in Cancer Research II, 1987, p. 93.
///
/// # Errors
/// When there is no event in the second rate, or a number is out of range.
pub fn crude(of: Tally, to: Tally, level: Level) -> Result<Estimate, Undefined> {
    if to.events() == 0 {
        return Err(Undefined::NothingToCompareWith);
    }
    let (a, b) = (of.events() as f64, to.events() as f64);
    let scale = to.exposure() / of.exposure();
    let odds = |probability: f64| probability / (1.0 - probability);
    let lower = match of.events() {
        0 => Some(0.0),
        _ => special::beta(a, b + 1.0, level.tail()),
    };
    let upper = special::beta(a + 1.0, b, 1.0 - level.tail());
    match (lower, upper) {
        (Some(lower), Some(upper)) => {
            Estimate::computed(a / b * scale, odds(lower) * scale, odds(upper) * scale)
        }
        _ => Err(Undefined::OutOfRange),
    }
}

/// The ratio of two estimates above 0 by their own intervals, for standardised and clustered rates: the variance of
/// each, on the side that matters, is recovered from its limits. Both intervals must be of the level that is wanted.
/// Source: Donner and Zou, Closed-form confidence intervals for functions of the normal mean and standard deviation,
/// Statistical Methods in Medical Research 2012;21:347–359 (the ratio, by Fieller's theorem).
///
/// # Errors
/// When the second is not sure to be above 0, or a number is out of range.
pub fn of_estimates(of: Estimate, to: Estimate) -> Result<Estimate, Undefined> {
    if of.value() < 0.0 || of.lower() < 0.0 {
        return Err(Undefined::OutOfRange);
    }
    if to.lower() <= 0.0 {
        return Err(Undefined::NothingToCompareWith);
    }
    // With u the limit of the first and w that of the second which makes the ratio extreme, the limit r solves
    // r² w (2b − w) − 2 r a b + u (2a − u) = 0. The lower root is had from the product of the roots, so that it holds
    // where w reaches 2b.
    let (a, b) = (of.value(), to.value());
    let root = |u: f64, w: f64| {
        let square = (a * b).powi(2) - u * w * (2.0 * a - u) * (2.0 * b - w);
        a * b + square.max(0.0).sqrt()
    };
    let (u, w) = (of.lower(), to.upper());
    let lower = if u > 0.0 {
        u * (2.0 * a - u) / root(u, w)
    } else {
        0.0
    };
    let (u, w) = (of.upper(), to.lower());
    let upper = root(u, w) / (w * (2.0 * b - w));
    Estimate::computed(a / b, lower, upper)
}
