//! Proportions: Wilson's score interval without continuity correction.
//!
//! Source: Wilson EB, Probable inference, the law of succession, and statistical inference, JASA 1927;22:209–212.
//! Recommended by Newcombe, Statistics in Medicine 1998;17:857–872 (method 3), and for official health indicators by
//! Eayres, APHO Technical Briefing 3, 2008. It holds for no and for all successes, and is never outside 0 to 1.

use super::{Estimate, Level, Undefined};

/// The proportion of `successes` among `trials` that do not depend on each other.
///
/// # Errors
/// When there are no trials, or more successes than trials.
pub fn wilson(successes: u64, trials: u64, level: Level) -> Result<Estimate, Undefined> {
    if trials == 0 {
        return Err(Undefined::NoDenominator);
    }
    if successes > trials {
        return Err(Undefined::NumeratorTooLarge);
    }
    score(successes as f64 / trials as f64, trials as f64, level.z())
}

/// The interval of a proportion by its size, which need not be whole: for clusters it is an effective one.
pub(super) fn score(proportion: f64, size: f64, quantile: f64) -> Result<Estimate, Undefined> {
    let square = quantile * quantile;
    let centre = proportion + square / (2.0 * size);
    let half = quantile * (proportion * (1.0 - proportion) / size + square / (4.0 * size * size)).sqrt();
    let limit = |of: f64| (of / (1.0 + square / size)).clamp(0.0, 1.0);
    let lower = if proportion <= 0.0 {
        0.0
    } else {
        limit(centre - half)
    };
    let upper = if proportion >= 1.0 {
        1.0
    } else {
        limit(centre + half)
    };
    Estimate::computed(proportion, lower, upper)
}
