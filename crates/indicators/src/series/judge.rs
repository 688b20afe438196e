//! What no figure can be, whatever is measured: an interval that does not hold its value, a share above the whole, a part
//! greater than what it is a part of. Each fault names the column to blame.

use crate::definition::{Indicator, Interval};

use super::{Amount, Point};

/// Something that a point cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Fault {
    /// It has no value, and nothing says why.
    #[error("the value is missing, and no mark says why")]
    NoValue,
    /// It has a value although it is marked as one without.
    #[error("figures are stated of what is marked as missing or suppressed")]
    ValueOfNone,
    /// One end of the interval is stated and the other is not, or an interval without a value.
    #[error("an interval has both ends, around a value")]
    HalfInterval,
    /// The value lies outside its interval.
    #[error("the value is below the lower end of its interval")]
    BelowInterval,
    /// The value lies outside its interval.
    #[error("the value is above the upper end of its interval")]
    AboveInterval,
    /// Nothing that indicators tell of is below 0.
    #[error("it is below 0")]
    Negative,
    /// A share is above the whole.
    #[error("a share is above the whole")]
    AboveWhole,
    /// Of a share more stands above the line than below it.
    #[error("the numerator of a share is greater than its denominator")]
    PartAboveWhole,
    /// What is above the line is told, and not of how many.
    #[error("a numerator is stated without a denominator")]
    NoDenominator,
    /// There is a value of nobody.
    #[error("a value is stated where the denominator is 0")]
    OfNobody,
}

impl Fault {
    /// Column of the field to blame.
    pub fn column(self) -> &'static str {
        match self {
            Self::NoValue | Self::ValueOfNone | Self::Negative | Self::AboveWhole | Self::OfNobody => "value",
            Self::HalfInterval | Self::BelowInterval => "low",
            Self::AboveInterval => "high",
            Self::PartAboveWhole => "numerator",
            Self::NoDenominator => "denominator",
        }
    }
}

/// Whether the numerator of an indicator is a part of its denominator, so that no figure is above its factor: told by the
/// method of the interval, which is that of a share, and by a factor that makes a share or a percentage.
pub fn is_share(indicator: &Indicator) -> bool {
    let of_a_share = matches!(
        indicator.interval,
        Interval::Wilson | Interval::ByPerson | Interval::Stated
    );
    of_a_share && indicator.factor <= 100
}

/// What a point of an indicator cannot be, in the order of [`Fault`].
pub fn faults(point: &Point, indicator: &Indicator) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |holds: bool, fault| {
        if holds {
            faults.push(fault);
        }
    };
    let nothing = Amount::default();
    let whole = Amount::from_millionths(i64::from(indicator.factor) * 1_000_000);
    let Point { value, low, high, .. } = *point;
    let without = point.mark.is_some_and(super::Mark::is_without_value);
    fault(value.is_none() && !without, Fault::NoValue);
    fault(
        without && (value.is_some() || point.numerator.is_some()),
        Fault::ValueOfNone,
    );
    let interval = [low, high].map(|end| end.is_some());
    fault(
        interval != [false; 2] && (interval != [true; 2] || value.is_none()),
        Fault::HalfInterval,
    );
    if let Some(value) = value {
        fault(low.is_some_and(|low| low > value), Fault::BelowInterval);
        fault(high.is_some_and(|high| high < value), Fault::AboveInterval);
    }
    let stated = [value, low, high].into_iter().flatten();
    fault(stated.clone().any(|stated| stated < nothing), Fault::Negative);
    if is_share(indicator) {
        fault(stated.clone().any(|stated| stated > whole), Fault::AboveWhole);
        let part = point.numerator.zip(point.denominator);
        fault(
            part.is_some_and(|(part, whole)| part > whole),
            Fault::PartAboveWhole,
        );
    }
    fault(
        point.numerator.is_some() && point.denominator.is_none() && !indicator.denominator.sv.is_empty(),
        Fault::NoDenominator,
    );
    fault(value.is_some() && point.denominator == Some(0), Fault::OfNobody);
    faults
}
