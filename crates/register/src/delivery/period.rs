//! Periods: calendar months, and which of them a record belongs to.

use jiff::civil::Date;

use crate::record::{Body, Record};

/// Most periods of one delivery.
pub const PERIODS_MAX: usize = 120;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since the beginning of year 0.
    number: i32,
}

/// The text is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period is a month of the form YYYY-MM")]
pub struct MonthError;

impl Month {
    /// The month that a date lies in.
    pub fn of(date: Date) -> Self {
        Self {
            number: i32::from(date.year()) * 12 + i32::from(date.month()) - 1,
        }
    }

    /// Reads `YYYY-MM`.
    ///
    /// # Errors
    /// [`MonthError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(MonthError);
        }
        let (year, month): (i32, i32) = (
            year.parse().map_err(|_| MonthError)?,
            month.parse().map_err(|_| MonthError)?,
        );
        match month {
            1..=12 => Ok(Self {
                number: year * 12 + month - 1,
            }),
            _ => Err(MonthError),
        }
    }

    /// Months since the beginning of year 0.
    pub fn number(self) -> i32 {
        self.number
    }

    /// The month of a number; `None` outside the years 0 to 9999.
    pub fn from_number(number: i32) -> Option<Self> {
        (0..120_000).contains(&number).then_some(Self { number })
    }

    /// The next month.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            number: self.number + 1,
        }
    }

    /// Its first day; the last date there is for a month beyond the calendar.
    pub fn first_day(self) -> Date {
        let year = i16::try_from(self.number.div_euclid(12)).unwrap_or(i16::MAX);
        let month = i8::try_from(self.number.rem_euclid(12) + 1).unwrap_or(1);
        Date::new(year, month, 1).unwrap_or(Date::MAX)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month) = (self.number.div_euclid(12), self.number.rem_euclid(12) + 1);
        write!(f, "{year:04}-{month:02}")
    }
}

/// The months that a record belongs to: all that it spans, and without an end all from its start on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months {
    /// The first.
    pub first: Month,
    /// The last; `None` when it goes on.
    pub last: Option<Month>,
}

impl Months {
    /// Whether a month is among them.
    pub fn holds(&self, month: Month) -> bool {
        self.first <= month && self.last.is_none_or(|last| month <= last)
    }

    /// Whether any of some months is among them.
    pub fn touch(&self, months: &[Month]) -> bool {
        months.iter().any(|month| self.holds(*month))
    }
}

/// The months that a record belongs to. The end of an interval is the first day no longer included.
pub fn spans(record: &Record) -> Months {
    let interval = |start: Date, end: Option<Date>| {
        let first = Month::of(start);
        let last = end.map(|end| Month::of(end.yesterday().unwrap_or(end)).max(first));
        Months { first, last }
    };
    match &record.body {
        Body::Episode(episode) => interval(episode.start, episode.end),
        Body::MonitoringPeriod(period) => interval(period.start, period.end),
        _ => {
            let month = Month::of(record.date());
            Months {
                first: month,
                last: Some(month),
            }
        }
    }
}
