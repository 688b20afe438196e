//! What a release says about the deliveries of a register: until when its periods are delivered and resubmitted, and
//! what a delivery stands for.

use jiff::ToSpan as _;
use jiff::civil::Date;
use vardnav_classification::model::Label;

use super::entries::Window;
use super::period::Month;

/// A register that deliveries are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRule {
    /// Stable id, for example `near-care`.
    pub id: String,
    /// Name for people.
    pub name: Label,
    /// Id of the legal basis that it is collected on.
    pub legal_basis: String,
    /// Whether a delivery also stands for what was reported record by record: then such a record of its periods that is
    /// not in it is gone. Records of deliveries to other registers never are.
    pub whole: bool,
    /// How many days after its last day a period is delivered at the latest.
    pub primary_days: u16,
    /// How many days after its last day a period is resubmitted at the latest; then it is locked.
    pub refresh_days: u16,
    /// Who may deliver what is locked.
    pub exceptions: Vec<LockException>,
}

/// That a reporter may deliver locked periods all the same. It is part of a release, so it is approved and published as
/// that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockException {
    /// The reporter.
    pub reporter: String,
    /// The periods.
    pub periods: Vec<Month>,
    /// First date on which they are locked again.
    pub until: Date,
}

/// Why periods cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A period has not begun.
    #[error("the period {0} has not begun")]
    Ahead(Month),
    /// A period is locked.
    #[error("the period {0} is locked: its deadline for resubmission has passed")]
    Locked(Month),
}

impl RegisterRule {
    /// The last date in the primary window of a period, and the last one in its refresh window.
    pub fn deadlines(&self, period: Month) -> (Date, Date) {
        let last = period.next().first_day().yesterday().unwrap_or(Date::MAX);
        let after = |days: u16| last.checked_add(i32::from(days).days()).unwrap_or(Date::MAX);
        (
            after(self.primary_days),
            after(self.refresh_days.max(self.primary_days)),
        )
    }

    /// The window that periods of a reporter are in on a date, the latest of several.
    ///
    /// # Errors
    /// [`WindowError`] of the first that is in none.
    pub fn window(&self, reporter: &str, periods: &[Month], today: Date) -> Result<Window, WindowError> {
        let mut window = Window::Primary;
        for period in periods {
            if period.first_day() > today {
                return Err(WindowError::Ahead(*period));
            }
            let (primary, refresh) = self.deadlines(*period);
            let own = if today <= primary {
                Window::Primary
            } else if today <= refresh {
                Window::Refresh
            } else if self.is_excepted(reporter, *period, today) {
                Window::Exception
            } else {
                return Err(WindowError::Locked(*period));
            };
            window = window.max(own);
        }
        Ok(window)
    }

    fn is_excepted(&self, reporter: &str, period: Month, today: Date) -> bool {
        self.exceptions.iter().any(|exception| {
            exception.reporter == reporter && exception.periods.contains(&period) && today < exception.until
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_locked_period_is_delivered_by_whom_an_exception_names_until_it_ends() {
        let month = |number| Month::of(date(2026, number, 1));
        let rule = RegisterRule {
            id: "near-care".to_owned(),
            name: Label::default(),
            legal_basis: "law".to_owned(),
            whole: true,
            primary_days: 31,
            refresh_days: 92,
            exceptions: vec![LockException {
                reporter: "region-norr".to_owned(),
                periods: vec![month(1), month(2)],
                until: date(2026, 11, 1),
            }],
        };
        let window = |reporter: &str, periods: &[Month], today| rule.window(reporter, periods, today);
        let (norr, today) = ("region-norr", date(2026, 10, 31));
        assert_eq!(window(norr, &[month(9)], today), Ok(Window::Primary));
        assert_eq!(window(norr, &[month(9), month(8)], today), Ok(Window::Refresh));
        assert_eq!(window(norr, &[month(2), month(9)], today), Ok(Window::Exception));
        let locked = Err(WindowError::Locked(month(2)));
        assert_eq!(window("region-syd", &[month(2)], today), locked);
        assert_eq!(window(norr, &[month(2)], date(2026, 11, 1)), locked);
        assert_eq!(
            window(norr, &[month(2), month(3)], today),
            Err(WindowError::Locked(month(3)))
        );
    }
}
