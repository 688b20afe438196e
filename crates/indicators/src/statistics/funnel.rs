//! Whether a figure can be told from the country's. A funnel gives, for the size of an area, the limits within which
//! its figure would fall by chance if it were as the country's; what lies within the inner ones cannot be told from the
//! country, and must not be ranked against others there.
//!
//! Source: Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine
//! 2005;24:1185–1202: limits at 95 and 99.8 per cent, for proportions by the binomial and for rates by the Poisson
//! distribution, interpolated between whole counts as its appendix A.1 tells. The country's figure is taken as known.
//! Of 20 areas that are all as the country, one is expected outside the inner limits, and of 500 one outside the outer.
//! For standardised, clustered and uploaded figures, [`by_intervals`] asks their own intervals instead.

use super::special::{binomial_at_most, poisson_at_most};
use super::{Estimate, Level, Undefined};

/// Limits of a funnel at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Lower limit, in the unit of the figure.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// How a figure stands to the country's. Which side is the better one is told by the indicator's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Below the country, outside 99.8 per cent.
    FarBelow,
    /// Below the country, outside 95 per cent.
    Below,
    /// Cannot be told from the country.
    NotToldApart,
    /// Above the country, outside 95 per cent.
    Above,
    /// Above the country, outside 99.8 per cent.
    FarAbove,
}

impl Standing {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::FarBelow => "far-below",
            Self::Below => "below",
            Self::NotToldApart => "within",
            Self::Above => "above",
            Self::FarAbove => "far-above",
        }
    }
}

/// Limits of a proportion among `trials`, about the country's.
///
/// # Errors
/// When there are no trials, or the country's figure is no proportion.
pub fn proportion(country: f64, trials: u64, level: Level) -> Result<Limits, Undefined> {
    if trials == 0 {
        return Err(Undefined::NoDenominator);
    }
    if !(0.0..=1.0).contains(&country) {
        return Err(Undefined::OutOfRange);
    }
    if country <= 0.0 || country >= 1.0 {
        return Ok(Limits {
            lower: country,
            upper: country,
        });
    }
    let size = trials as f64;
    let at_most = |events| binomial_at_most(events, trials, country);
    let limit = |below| Ok((count_at(below, trials, at_most)? / size).clamp(0.0, 1.0));
    Ok(Limits {
        lower: limit(level.tail())?,
        upper: limit(1.0 - level.tail())?,
    })
}

/// Limits of a rate over `exposure`, about the country's rate per unit of it.
///
/// # Errors
/// When there is no exposure, the country's rate is negative, or a number is out of range.
pub fn rate(country: f64, exposure: f64, level: Level) -> Result<Limits, Undefined> {
    if exposure == 0.0 {
        return Err(Undefined::NoDenominator);
    }
    let mean = country * exposure;
    if !(mean.is_finite() && exposure > 0.0 && (0.0..1e9).contains(&mean)) {
        return Err(Undefined::OutOfRange);
    }
    if mean <= 0.0 {
        return Ok(Limits {
            lower: 0.0,
            upper: 0.0,
        });
    }
    // Far above what any tail in use reaches.
    let most = (mean + 40.0 + 40.0 * mean.sqrt()) as u64;
    let at_most = |events| poisson_at_most(events, mean);
    let limit = |below| Ok(count_at(below, most, at_most)?.max(0.0) / exposure);
    Ok(Limits {
        lower: limit(level.tail())?,
        upper: limit(1.0 - level.tail())?,
    })
}

/// How a figure stands within its funnel.
pub fn standing(value: f64, inner: Limits, outer: Limits) -> Standing {
    if value < outer.lower {
        Standing::FarBelow
    } else if value > outer.upper {
        Standing::FarAbove
    } else if value < inner.lower {
        Standing::Below
    } else if value > inner.upper {
        Standing::Above
    } else {
        Standing::NotToldApart
    }
}

/// How a figure stands to the country's by its own intervals at 95 and 99.8 per cent.
pub fn by_intervals(at_95: Estimate, at_998: Estimate, country: f64) -> Standing {
    if at_998.upper() < country {
        Standing::FarBelow
    } else if at_998.lower() > country {
        Standing::FarAbove
    } else if at_95.upper() < country {
        Standing::Below
    } else if at_95.lower() > country {
        Standing::Above
    } else {
        Standing::NotToldApart
    }
}

/// The count below which the probability `below` lies: between the least whole count that reaches it and the one
/// before, in proportion.
fn count_at(below: f64, most: u64, at_most: impl Fn(u64) -> Option<f64>) -> Result<f64, Undefined> {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if at_most(middle).ok_or(Undefined::OutOfRange)? >= below {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let here = at_most(low).ok_or(Undefined::OutOfRange)?;
    let before = match low.checked_sub(1) {
        Some(before) => at_most(before).ok_or(Undefined::OutOfRange)?,
        None => 0.0,
    };
    let step = here - before;
    let within = if step > 0.0 { (here - below) / step } else { 0.0 };
    Ok(low as f64 - within.clamp(0.0, 1.0))
}
