//! Cells of measures: the additive counts that figures are made of. A cell holds no person, and is never shown as it is.
//!
//! # Clusters
//! Intervals by person or unit need to know how much clusters differ. For each variant whose indicator has such an
//! interval, cells of [`Counted::Cluster`] hold the sums of [`Clusters`](crate::statistics::clustered::Clusters) over
//! the persons or units: a cell for each [`Moment`]. A cluster is all that one person or unit has in the period, and
//! lies as a whole where its first part in the period does, so that the sums add up over places, sexes and ages. What
//! is undecided is in no cluster. They are not told of periods that come together: a person in two years is two clusters.

use jiff::civil::Date;
use vardnav_register::bytes::{date_from_days, days_from_date};
use vardnav_register::record::Sex;

use crate::cube::Residence;

/// First byte: the form of the rest.
const FORMAT: u8 = 1;

/// How many bytes a cell has.
const LENGTH: usize = 20;

/// Stands for an age that is not known.
const NO_AGE: u8 = u8::MAX;

/// Stands for a part that has none of the breakdown's values.
const VALUE_NONE: u8 = 254;

/// Stands for a value that is not known.
const VALUE_UNKNOWN: u8 = 255;

/// What a count is of: of what, in which breakdown, when and where. Ordinals are those of one
/// [`Engine`](super::Engine).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasureCell {
    /// What is counted.
    pub counted: Counted,
    /// The breakdown with the value in it; `None` for the whole.
    pub value: Option<BrokenDown>,
    /// Calendar year.
    pub year: i16,
    /// Calendar month, 1–12; 0 for the year.
    pub month: i8,
    /// Where the person lived, or the unit lies.
    pub residence: Residence,
    /// Legal sex, `None` when it is not known.
    pub sex: Option<Sex>,
    /// First year of the engine's age band, `None` when the age is not known.
    pub age_from: Option<u8>,
    /// Whether it counts what is undecided.
    pub is_undecided: bool,
    /// First date on which the count holds, as far as it rests on days that must be over; `None` for always.
    pub from: Option<Date>,
    /// First date on which it no longer holds; `None` for never.
    pub until: Option<Date>,
}

/// What a cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// A measure, by its place in the release.
    Measure(u16),
    /// What clusters have of a figure, by the engine's order of figures that need it.
    Cluster(u16, Moment),
}

/// A sum over clusters, each of a numerator `y` and a denominator `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Moment {
    /// How many clusters.
    Clusters = 1,
    /// Σy.
    Numerator = 2,
    /// Σx.
    Denominator = 3,
    /// Σy².
    Squares = 4,
    /// Σxy.
    Products = 5,
    /// Σx².
    DenominatorSquares = 6,
}

/// A breakdown, by the engine's order, and a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokenDown {
    /// The breakdown.
    pub breakdown: u8,
    /// The value.
    pub value: Value,
}

/// A value in a breakdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// One of the release's, by its ordinal.
    Of(u8),
    /// None of them: the breakdown does not apply, or there was no part before.
    None,
    /// It is not known.
    Unknown,
}

/// Bytes that are no cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cell of a measure")]
pub struct NotAMeasureCell;

impl MeasureCell {
    /// Whether the count holds on a date.
    pub fn holds_on(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }

    /// The key of the cell. Cells of one measure lie together, and of them those of one breakdown, value and year.
    pub fn to_bytes(&self) -> [u8; LENGTH] {
        let (counted, moment) = match self.counted {
            Counted::Measure(measure) => (measure, 0),
            Counted::Cluster(figure, moment) => (figure, moment as u8),
        };
        let (breakdown, value) = match self.value {
            None => (0, 0),
            Some(BrokenDown { breakdown, value }) => (breakdown.saturating_add(1), value.number()),
        };
        let [counted_high, counted_low] = counted.to_be_bytes();
        let [year_high, year_low] = self.year.to_be_bytes();
        let [month] = self.month.to_be_bytes();
        let [place_high, place_low] = self.residence.number().to_be_bytes();
        let [from_high, from_low] = day(self.from);
        let [until_high, until_low] = day(self.until);
        [
            FORMAT,
            moment,
            counted_high,
            counted_low,
            breakdown,
            value,
            year_high,
            year_low,
            month,
            place_high,
            place_low,
            self.sex.map_or(0, |sex| sex as u8),
            self.age_from.unwrap_or(NO_AGE),
            u8::from(self.is_undecided),
            from_high,
            from_low,
            until_high,
            until_low,
            0,
            0,
        ]
    }

    /// The cell whose key the bytes are.
    ///
    /// # Errors
    /// When they are not exactly what [`MeasureCell::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAMeasureCell> {
        let &[
            FORMAT,
            moment,
            counted_high,
            counted_low,
            breakdown,
            value,
            year_high,
            year_low,
            month,
            place_high,
            place_low,
            sex,
            age,
            undecided @ 0..=1,
            from_high,
            from_low,
            until_high,
            until_low,
            0,
            0,
        ] = bytes
        else {
            return Err(NotAMeasureCell);
        };
        let counted = u16::from_be_bytes([counted_high, counted_low]);
        let counted = match moment {
            0 => Counted::Measure(counted),
            moment => Counted::Cluster(counted, Moment::from_number(moment).ok_or(NotAMeasureCell)?),
        };
        let month = i8::from_be_bytes([month]);
        if !(0..=12).contains(&month) || (breakdown == 0 && value != 0) {
            return Err(NotAMeasureCell);
        }
        Ok(Self {
            counted,
            value: breakdown.checked_sub(1).map(|breakdown| BrokenDown {
                breakdown,
                value: Value::from_number(value),
            }),
            year: i16::from_be_bytes([year_high, year_low]),
            month,
            residence: Residence::from_number(u16::from_be_bytes([place_high, place_low])),
            sex: match sex {
                0 => None,
                1 => Some(Sex::Female),
                2 => Some(Sex::Male),
                _ => return Err(NotAMeasureCell),
            },
            age_from: (age != NO_AGE).then_some(age),
            is_undecided: undecided == 1,
            from: date_of([from_high, from_low]),
            until: date_of([until_high, until_low]),
        })
    }
}

impl Value {
    fn number(self) -> u8 {
        match self {
            Self::Of(value) => value,
            Self::None => VALUE_NONE,
            Self::Unknown => VALUE_UNKNOWN,
        }
    }

    fn from_number(number: u8) -> Self {
        match number {
            VALUE_NONE => Self::None,
            VALUE_UNKNOWN => Self::Unknown,
            value => Self::Of(value),
        }
    }
}

impl Moment {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::Clusters,
        Self::Numerator,
        Self::Denominator,
        Self::Squares,
        Self::Products,
        Self::DenominatorSquares,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| *moment as u8 == number)
    }
}

/// A day as days since 1970, 0 for none; those outside 1970 to 2149 as the nearest.
fn day(date: Option<Date>) -> [u8; 2] {
    let days = date.map_or(0, |date| days_from_date(date).clamp(1, u16::MAX.into()));
    u16::try_from(days).unwrap_or(u16::MAX).to_be_bytes()
}

fn date_of(bytes: [u8; 2]) -> Option<Date> {
    match u16::from_be_bytes(bytes) {
        0 => None,
        days => date_from_days(days.into()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn sample() -> MeasureCell {
        MeasureCell {
            counted: Counted::Measure(17),
            value: Some(BrokenDown {
                breakdown: 2,
                value: Value::Of(5),
            }),
            year: 2026,
            month: 11,
            residence: Residence::parse("0980").unwrap(),
            sex: Some(Sex::Male),
            age_from: Some(65),
            is_undecided: true,
            from: None,
            until: Some(date(2026, 12, 24)),
        }
    }

    #[test]
    fn bytes_are_as_they_were() {
        // A change here is a change of stored rows.
        let bytes = [
            1, 0, 0, 17, 3, 5, 7, 0xea, 11, 3, 0xd4, 2, 65, 1, 0, 0, 0x51, 0x4b, 0, 0,
        ];
        assert_eq!(sample().to_bytes(), bytes);
        let whole = MeasureCell {
            counted: Counted::Cluster(3, Moment::Products),
            value: None,
            month: 0,
            residence: Residence::UNKNOWN,
            sex: None,
            age_from: None,
            is_undecided: false,
            until: None,
            ..sample()
        };
        let bytes = [1, 5, 0, 3, 0, 0, 7, 0xea, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(whole.to_bytes(), bytes);
        for value in [Value::None, Value::Unknown] {
            let value = Some(BrokenDown { breakdown: 0, value });
            let cell = MeasureCell { value, ..whole };
            assert_eq!(MeasureCell::from_bytes(&cell.to_bytes()), Ok(cell));
        }
        for cell in [sample(), whole] {
            assert_eq!(MeasureCell::from_bytes(&cell.to_bytes()), Ok(cell));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = sample().to_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(
                MeasureCell::from_bytes(&bytes[..cut]),
                Err(NotAMeasureCell),
                "cut at {cut}"
            );
        }
        for (at, wrong) in [(0, 0), (1, 7), (4, 0), (8, 13), (11, 3), (13, 2), (19, 1)] {
            let mut bytes = bytes;
            bytes[at] = wrong;
            assert_eq!(
                MeasureCell::from_bytes(&bytes),
                Err(NotAMeasureCell),
                "{wrong} at {at}"
            );
        }
    }

    #[test]
    fn a_count_holds_from_its_first_date_until_its_last() {
        let cell = MeasureCell {
            from: Some(date(2026, 12, 1)),
            ..sample()
        };
        let holds = |day| cell.holds_on(date(2026, day, 24).yesterday().unwrap_or_default());
        assert!(!cell.holds_on(date(2026, 11, 30)));
        assert!(cell.holds_on(date(2026, 12, 1)));
        assert!(holds(12));
        assert!(!cell.holds_on(date(2026, 12, 24)));
    }
}
