//! From values to places: a linear scale, and round numbers along it.

/// Most marks along an axis.
const TICKS_MAX: u32 = 12;

/// A linear scale from values to places. What is not finite never gets in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// A scale over all of some values, onto `from..to`. Room is left so that no mark lies on the edge. With `zero`, 0 is
    /// on it too. Without a value it is from 0 to 1.
    pub(crate) fn over(values: impl Iterator<Item = f64>, zero: bool, from: f64, to: f64) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let spread = finite.fold(None, |spread: Option<(f64, f64)>, value| {
            Some(spread.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (mut low, mut high) = spread.unwrap_or((0.0, 1.0));
        if zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        let room = match high - low {
            0.0 => (high.abs() * 0.1).max(0.5),
            spread => spread * 0.06,
        };
        // A scale of what cannot be less than 0 does not go below it.
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        let low = if zero && low == 0.0 {
            0.0
        } else {
            (low - room).max(floor)
        };
        Self {
            low,
            high: high + room,
            from,
            to,
        }
    }

    /// Where a value is.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.from + share.clamp(-0.02, 1.02) * (self.to - self.from)
    }

    /// Round numbers along it, rising, about as many as are wanted.
    pub(crate) fn ticks(&self, wanted: u32) -> Vec<f64> {
        let step = step(self.high - self.low, wanted.clamp(1, TICKS_MAX));
        let first = (self.low / step).ceil();
        (0..=TICKS_MAX * 2)
            .map(|count| (first + f64::from(count)) * step)
            .take_while(|tick| *tick <= self.high + step * 1e-9)
            // What is nought but for the last digits of a sum is nought.
            .map(|tick| if tick.abs() < step * 1e-9 { 0.0 } else { tick })
            .collect()
    }

    /// Digits after the point that tell its round numbers apart.
    pub(crate) fn digits(&self, wanted: u32) -> usize {
        let step = step(self.high - self.low, wanted.clamp(1, TICKS_MAX));
        (0..6)
            .find(|digits| {
                let whole = step * 10_f64.powi(*digits);
                (whole - whole.round()).abs() < 1e-6
            })
            .and_then(|digits| usize::try_from(digits).ok())
            .unwrap_or(0)
    }
}

/// The round step of 1, 2 or 5 times a power of ten by which a spread has at most so many parts.
fn step(spread: f64, wanted: u32) -> f64 {
    let rough = spread / f64::from(wanted);
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}
