//! The calendar months and years that a part belongs to, and what it weighs in each.

use jiff::civil::Date;
use vardnav_register::bytes::date_from_days;

use super::compile::{Compiled, Counted};
use super::marked::Marked;
use super::{Engine, day};
use crate::measure::{Dated, Part};

/// Most calendar years that a part is counted in; of one that covers more, the last.
const YEARS_MAX: i16 = 100;

/// A calendar year, or with a month above 0 a month of it.
pub(super) type Period = (i16, i8);

/// When a part ended: a contact that tells nothing else, on its date.
pub(super) fn ended(part: &Marked) -> Option<Date> {
    match part.kind {
        Part::Contact => part.end.or(Some(part.start)),
        _ => part.end,
    }
}

impl Engine {
    /// Gives the periods that a part belongs to under a measure, each with what it weighs there: years, and months where
    /// they are asked for.
    pub(super) fn periods(
        &self,
        part: &Marked,
        measure: &Compiled,
        monthly: bool,
        mut each: impl FnMut(Period, u64),
    ) {
        let weight = match measure.counts {
            Counted::Sum(at) => match part.numbers.get(at).copied().flatten() {
                Some(number) => number,
                None => return,
            },
            Counted::Parts | Counted::Persons | Counted::Days => 1,
        };
        let is_days = measure.counts == Counted::Days;
        let date = match measure.dated {
            _ if is_days => None,
            Dated::During => None,
            Dated::Start => Some(part.start),
            Dated::End => match ended(part) {
                Some(date) => Some(date),
                None => return,
            },
        };
        if let Some(date) = date {
            each((date.year(), 0), weight);
            if monthly {
                each((date.year(), date.month()), weight);
            }
            return;
        }
        let last = self.last(part);
        let first_year = part.start.year().max(last.year().saturating_sub(YEARS_MAX - 1));
        for year in first_year..=last.year() {
            let days = |from: Option<Date>, to: Option<Date>| -> u64 {
                let from = from.map_or(part.start, |from| from.max(part.start));
                let to = to.map_or(last, |to| to.min(last));
                u64::try_from(day(to) - day(from) + 1).unwrap_or(0)
            };
            let all = days(Date::new(year, 1, 1).ok(), Date::new(year, 12, 31).ok());
            each((year, 0), if is_days { all } else { weight });
            for month in (1..=12).filter(|_| monthly) {
                let first = Date::new(year, month, 1).ok();
                let days = days(first, first.map(Date::last_of_month));
                if days > 0 {
                    each((year, month), if is_days { days } else { weight });
                }
            }
        }
    }

    /// The last date that a part covers; of one that is open the end of the last year that is counted.
    fn last(&self, part: &Marked) -> Date {
        let last = match part.end {
            Some(end) => date_from_days(day(end).saturating_sub(1)),
            None if part.kind == Part::Segment
                || part.kind == Part::MonitoringPeriod
                || part.kind == Part::CareRequest =>
            {
                Date::new(self.through, 12, 31).ok()
            }
            None => None,
        };
        last.map_or(part.start, |last| last.max(part.start))
    }
}
