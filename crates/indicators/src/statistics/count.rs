//! Counts of events, the rates made of them, and years taken together.
//!
//! Events are taken as a Poisson variable, the exposure as known. Where one person or unit can give many events, as
//! bed-days do, that is too sure: see [`super::clustered`].

use super::special::{self, Quantile};
use super::{Estimate, Level, Tally, Undefined};

/// From this count on, [`interval`] is Byar's; below it exact (Eayres, APHO Technical Briefing 3, 2008).
pub const BYAR_FROM: u64 = 10;

/// The interval of a count: exact below [`BYAR_FROM`], else Byar's.
///
/// # Errors
/// When it cannot be computed.
pub fn interval(events: u64, level: Level) -> Result<Estimate, Undefined> {
    if events < BYAR_FROM {
        exact(events, level)
    } else {
        byar(events, level)
    }
}

/// Exact Poisson limits: Garwood, Fiducial limits for the Poisson distribution, Biometrika 1936;28:437–442.
///
/// # Errors
/// When it cannot be computed.
pub fn exact(events: u64, level: Level) -> Result<Estimate, Undefined> {
    let count = events as f64;
    let lower = match events {
        0 => 0.0,
        _ => special::gamma(count, lower_tail(level)).ok_or(Undefined::OutOfRange)?,
    };
    let upper = special::gamma(count + 1.0, upper_tail(level)).ok_or(Undefined::OutOfRange)?;
    Estimate::computed(count, lower, upper)
}

/// Byar's approximation of the exact limits: Breslow and Day, Statistical Methods in Cancer Research II, 1987, p. 69.
///
/// # Errors
/// When it cannot be computed.
pub fn byar(events: u64, level: Level) -> Result<Estimate, Undefined> {
    let count = events as f64;
    let lower = match events {
        0 => 0.0,
        _ => special::wilson_hilferty(count, -level.z()),
    };
    Estimate::computed(count, lower, special::wilson_hilferty(count + 1.0, level.z()))
}

/// Events per unit of exposure, with the limits of [`interval`].
///
/// # Errors
/// When it cannot be computed.
pub fn rate(tally: Tally, level: Level) -> Result<Estimate, Undefined> {
    let count = interval(tally.events(), level)?;
    let per = |events: f64| events / tally.exposure();
    Estimate::computed(per(count.value()), per(count.lower()), per(count.upper()))
}

/// Years taken together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// Events and exposure of all of them.
    pub tally: Tally,
    /// How many years.
    pub years: usize,
}

/// The newest year alone when it has `enough` events; else as few years before it as give enough, or all of them.
/// `newest_first` holds no more years than may be taken together. The events of one year must not depend on those of
/// another for the interval of the pooled rate to hold, so the same persons in several years make it too sure.
///
/// # Errors
/// When there is no year, or a sum is out of range.
pub fn pooled(newest_first: &[Tally], enough: u64) -> Result<Pooled, Undefined> {
    let (newest, before) = newest_first.split_first().ok_or(Undefined::NoDenominator)?;
    let mut pooled = Pooled {
        tally: *newest,
        years: 1,
    };
    for year in before {
        if pooled.tally.events() >= enough {
            break;
        }
        pooled.tally = pooled.tally.and(*year)?;
        pooled.years += 1;
    }
    Ok(pooled)
}

pub(super) fn lower_tail(level: Level) -> Quantile {
    Quantile {
        below: level.tail(),
        z: -level.z(),
    }
}

pub(super) fn upper_tail(level: Level) -> Quantile {
    Quantile {
        below: 1.0 - level.tail(),
        z: level.z(),
    }
}
