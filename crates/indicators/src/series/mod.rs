//! Series: figures of an indicator that are uploaded or linked, with their intervals, as whoever publishes them states
//! them. Nothing is computed here. [`judge`] tells what no figure can be, [`stated`] what a question gets of them; places,
//! ages and values of breakdowns are known to a release, and are held against it where a series is read.

pub mod judge;
pub mod stated;

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_register::record::Sex;

use crate::population::Area;

/// Millionths in one.
const ONE: i64 = 1_000_000;
/// Digits after the point.
const DIGITS: usize = 6;
/// Largest amount, in millionths: a million millions.
const LARGEST: i64 = 1_000_000 * ONE * 1_000_000;

/// A series of figures of one variant of an indicator, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// Id of the indicator.
    pub indicator: String,
    /// Id of its variant.
    pub variant: String,
    points: BTreeMap<PointKey, Point>,
}

/// What a figure of a series is of. The period is first, so that a series runs in order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointKey {
    /// Over what time.
    pub period: Period,
    /// Of which area.
    pub area: Area,
    /// Of which legal sex; `None` for both together.
    pub sex: Option<Sex>,
    /// Code of the age group; empty for all ages.
    pub age_group: String,
    /// Id of a further breakdown; empty for none.
    pub breakdown: String,
    /// Its value; empty for none.
    pub breakdown_value: String,
}

/// A period of a figure, in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A calendar year.
    Year(i16),
    /// A calendar month, 1–12, of a year.
    Month(i16, i8),
    /// A survey, by the date of its measurement.
    Survey(Date),
}

/// What is stated of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Point {
    /// The figure, times the indicator's factor; `None` where a mark says why.
    pub value: Option<Amount>,
    /// Lower end of its interval.
    pub low: Option<Amount>,
    /// Upper end of its interval.
    pub high: Option<Amount>,
    /// What stands above the line, where stated.
    pub numerator: Option<u64>,
    /// What stands below the line, where stated: of a survey the answers.
    pub denominator: Option<u64>,
    /// Something that the publisher says of it.
    pub mark: Option<Mark>,
    /// Version of the method; empty for that of the indicator's definition.
    pub method_version: String,
    /// Whether it cannot be compared with those before it.
    pub breaks: bool,
}

/// Something that a publisher says of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// There is none.
    Missing,
    /// It may change yet.
    Preliminary,
    /// The publisher withholds it.
    Suppressed,
}

/// A decimal number, kept exactly with six digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

/// Another point of the series is of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another row tells of the same")]
pub struct Twice;

impl Series {
    /// A series without points.
    pub fn new(indicator: impl Into<String>, variant: impl Into<String>) -> Self {
        Self {
            indicator: indicator.into(),
            variant: variant.into(),
            points: BTreeMap::new(),
        }
    }

    /// Takes in a point.
    ///
    /// # Errors
    /// When there is one of the same; the series is then as before.
    pub fn add(&mut self, key: PointKey, point: Point) -> Result<(), Twice> {
        if self.points.contains_key(&key) {
            return Err(Twice);
        }
        self.points.insert(key, point);
        Ok(())
    }

    /// A point by what it is of.
    pub fn point(&self, key: &PointKey) -> Option<&Point> {
        self.points.get(key)
    }

    /// All points in the order of their keys.
    pub fn points(&self) -> impl ExactSizeIterator<Item = (&PointKey, &Point)> {
        self.points.iter()
    }

    /// The last day that a point is of; `None` without points.
    pub fn last_day(&self) -> Option<Date> {
        self.points.keys().filter_map(|key| key.period.last_day()).max()
    }
}

impl PointKey {
    /// A whole area, without any breakdown.
    pub fn of(period: Period, area: Area) -> Self {
        Self {
            period,
            area,
            sex: None,
            age_group: String::new(),
            breakdown: String::new(),
            breakdown_value: String::new(),
        }
    }
}

impl Period {
    /// From `2025`, `2025-10` or `2025-10-15`.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = match text.len() {
            4 => Self::Year(text.parse().ok().filter(|year| *year > 0)?),
            7 => {
                let (year, month) = text.split_once('-')?;
                let date = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
                Self::Month(date.year(), date.month())
            }
            _ => Self::Survey(text.parse().ok()?),
        };
        (parsed.to_string() == text).then_some(parsed)
    }

    /// Its last day; `None` for a year beyond the calendar.
    pub fn last_day(self) -> Option<Date> {
        match self {
            Self::Year(year) => Date::new(year, 12, 31).ok(),
            Self::Month(year, month) => Some(Date::new(year, month, 1).ok()?.last_of_month()),
            Self::Survey(date) => Some(date),
        }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Survey(date) => write!(f, "{date}"),
        }
    }
}

impl Mark {
    /// All.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Preliminary, Self::Suppressed];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Preliminary => "preliminary",
            Self::Suppressed => "suppressed",
        }
    }

    /// The mark with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.name() == name)
    }

    /// Whether it says why there is no figure.
    pub fn is_without_value(self) -> bool {
        !matches!(self, Self::Preliminary)
    }
}

impl Amount {
    /// From digits, a point and at most six digits; a minus may stand before. `None` for anything else, and beyond a
    /// million millions.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(rest) || rest.len() > DIGITS {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let rest: i64 = format!("{rest:0<DIGITS$}").parse().ok()?;
        let amount = whole.checked_mul(ONE)?.checked_add(rest)?;
        (amount <= LARGEST).then_some(Self(sign * amount))
    }

    /// From millionths.
    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths.clamp(-LARGEST, LARGEST))
    }

    /// In millionths.
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// The nearest number for computing.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// As short as it can be written: `12`, `12.5`.
impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let rest = format!("{rest:0DIGITS$}");
        write!(f, "{sign}{whole}.{}", rest.trim_end_matches('0'))
    }
}
