//! Quantiles of the gamma, beta and Student's t distributions, and tails of the binomial and the Poisson distribution,
//! over the special functions of `statrs`. Answers `None` for arguments outside a distribution; never a number that is
//! not finite.

use statrs::distribution::{ContinuousCDF, Gamma};
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::checked_gamma_ur;

/// From this shape on, the quantile is Wilson and Hilferty's (1931): its relative error is below 10⁻⁷ there, and the
/// series of the exact one would be long.
const LARGE_SHAPE: f64 = 100_000.0;

/// From this many degrees of freedom on, Student's t is taken as normal: the quantiles in use differ by less than 10⁻⁵.
const LARGE_FREEDOM: u64 = 1_000_000;

/// Most halvings of an interval of floating-point numbers until its ends are neighbours.
const HALVINGS: usize = 1_100;

/// A tail of a distribution: its probability, and the same as a normal quantile (negative in the lower tail).
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantile {
    /// Probability below the quantile.
    pub(super) below: f64,
    /// Standard normal quantile of that probability.
    pub(super) z: f64,
}

/// Quantile of the gamma distribution with scale 1.
pub(super) fn gamma(shape: f64, at: Quantile) -> Option<f64> {
    if !(shape.is_finite() && shape > 0.0) {
        return None;
    }
    let quantile = if shape < LARGE_SHAPE {
        Gamma::new(shape, 1.0).ok()?.inverse_cdf(at.below)
    } else {
        wilson_hilferty(shape, at.z)
    };
    Some(quantile).filter(|quantile| quantile.is_finite())
}

/// The gamma quantile by the cube of a normal one: 0 where the cube's root is negative.
pub(super) fn wilson_hilferty(shape: f64, z: f64) -> f64 {
    let root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    shape * root.max(0.0).powi(3)
}

/// Quantile of the beta distribution, by halving.
pub(super) fn beta(a: f64, b: f64, below: f64) -> Option<f64> {
    checked_beta_reg(a, b, 0.5).ok()?;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if checked_beta_reg(a, b, middle).ok()? < below {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// Quantile of Student's t distribution in the upper tail, by its relation to the beta distribution.
pub(super) fn student(freedom: u64, at: Quantile) -> Option<f64> {
    if freedom == 0 || at.below <= 0.5 {
        return None;
    }
    if freedom >= LARGE_FREEDOM {
        return Some(at.z);
    }
    let freedom = freedom as f64;
    let x = beta(freedom / 2.0, 0.5, 2.0 * (1.0 - at.below))?;
    let quantile = (freedom * (1.0 - x) / x).sqrt();
    Some(quantile).filter(|quantile| quantile.is_finite())
}

/// Probability of at most `events` of a Poisson distribution.
pub(super) fn poisson_at_most(events: u64, mean: f64) -> Option<f64> {
    checked_gamma_ur(events as f64 + 1.0, mean)
        .ok()
        .filter(|p| p.is_finite())
}

/// Probability of at most `events` of a binomial distribution.
pub(super) fn binomial_at_most(events: u64, trials: u64, probability: f64) -> Option<f64> {
    match trials.checked_sub(events) {
        None | Some(0) => Some(1.0),
        Some(others) => checked_beta_reg(others as f64, events as f64 + 1.0, 1.0 - probability).ok(),
    }
    .filter(|p| p.is_finite())
}
