//! Statistics of indicators: what an estimate is, and how sure it is. Proportions ([`proportion`]), counts and rates
//! ([`count`]), figures whose observations come in clusters ([`clustered`]), rates standardised for age
//! ([`standardised`]), ratios of rates ([`ratio`]), and whether a figure can be told from the country's ([`funnel`]).
//!
//! Every function names the source of its method. None panics, and none gives a number that is not finite: what has no
//! value is answered by [`Undefined`], which says why. Nothing is rounded here, and nothing is hidden: what may be
//! shown of the counts is decided in [`crate::disclosure`].

pub mod clustered;
pub mod count;
pub mod funnel;
pub mod proportion;
pub mod ratio;
mod special;
pub mod standardised;

/// How sure an interval is, two-sided. Two levels are in use: the one of intervals beside figures, and with it the
/// wider one of funnels (Spiegelhalter 2005: about two and three standard deviations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 95 per cent.
    P95,
    /// 99.8 per cent.
    P998,
}

impl Level {
    /// The probability that lies on each side of the interval.
    pub fn tail(self) -> f64 {
        match self {
            Self::P95 => 0.025,
            Self::P998 => 0.001,
        }
    }

    /// The quantile of the standard normal distribution above which the tail lies.
    pub fn z(self) -> f64 {
        match self {
            Self::P95 => 1.959_963_984_540_054,
            Self::P998 => 3.090_232_306_167_813_5,
        }
    }
}

/// Why a figure has no value or no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Undefined {
    /// The denominator is 0.
    #[error("there is nobody and nothing in the denominator")]
    NoDenominator,
    /// More successes than trials.
    #[error("the numerator is larger than the denominator that it is a part of")]
    NumeratorTooLarge,
    /// A number is negative, not finite, or too large to be computed with.
    #[error("a number is out of range")]
    OutOfRange,
    /// Fewer than two clusters: their spread is not known.
    #[error("there are fewer than two clusters, which do not tell how much clusters differ")]
    TooFewClusters,
    /// All clusters say the same, so their spread is not known.
    #[error("all clusters say the same, which does not tell how much they differ")]
    NoVariation,
    /// A stratum of the standard has no population.
    #[error("a stratum that the standard population has is empty")]
    EmptyStratum,
    /// What is compared with is zero.
    #[error("there are no events in what is compared with")]
    NothingToCompareWith,
}

/// A value and its interval: all finite, the value inside the interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    value: f64,
    lower: f64,
    upper: f64,
}

impl Estimate {
    /// An estimate computed here or stated by whoever published it.
    ///
    /// # Errors
    /// When a number is not finite, or the value lies outside the interval.
    pub fn new(value: f64, lower: f64, upper: f64) -> Result<Self, Undefined> {
        let finite = value.is_finite() && lower.is_finite() && upper.is_finite();
        if finite && lower <= value && value <= upper {
            Ok(Self { value, lower, upper })
        } else {
            Err(Undefined::OutOfRange)
        }
    }

    /// As [`Self::new`], for limits that are right but for the last digits of their computation: the value itself
    /// bounds them.
    fn computed(value: f64, lower: f64, upper: f64) -> Result<Self, Undefined> {
        if lower.is_nan() || upper.is_nan() {
            return Err(Undefined::OutOfRange);
        }
        Self::new(value, lower.min(value), upper.max(value))
    }

    /// The point estimate.
    pub fn value(self) -> f64 {
        self.value
    }

    /// Lower limit.
    pub fn lower(self) -> f64 {
        self.lower
    }

    /// Upper limit.
    pub fn upper(self) -> f64 {
        self.upper
    }

    /// The same in another unit, for example per 1,000: value and limits times `factor`.
    ///
    /// # Errors
    /// When the factor is not above 0, or a product is not finite.
    pub fn times(self, factor: f64) -> Result<Self, Undefined> {
        if factor > 0.0 {
            Self::new(self.value * factor, self.lower * factor, self.upper * factor)
        } else {
            Err(Undefined::OutOfRange)
        }
    }
}

/// Events and what they are counted over: person-years, inhabitants, days, beds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tally {
    events: u64,
    exposure: f64,
}

impl Tally {
    /// Events over an exposure.
    ///
    /// # Errors
    /// When the exposure is 0, negative or not finite.
    pub fn new(events: u64, exposure: f64) -> Result<Self, Undefined> {
        match exposure {
            0.0 => Err(Undefined::NoDenominator),
            exposure if exposure.is_finite() && exposure > 0.0 => Ok(Self { events, exposure }),
            _ => Err(Undefined::OutOfRange),
        }
    }

    /// How many events.
    pub fn events(self) -> u64 {
        self.events
    }

    /// What they are counted over.
    pub fn exposure(self) -> f64 {
        self.exposure
    }

    /// Both together.
    ///
    /// # Errors
    /// When a sum is out of range.
    pub fn and(self, other: Self) -> Result<Self, Undefined> {
        let events = self.events.checked_add(other.events);
        Self::new(
            events.ok_or(Undefined::OutOfRange)?,
            self.exposure + other.exposure,
        )
    }
}
