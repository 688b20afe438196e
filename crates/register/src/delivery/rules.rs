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

    /// The window that periods are in on a date, the latest of several.
    ///
    /// # Errors
    /// [`WindowError`] of the first that is in none.
    pub fn window(&self, periods: &[Month], today: Date) -> Result<Window, WindowError> {
        let mut window = Window::Primary;
        for period in periods {
            if period.first_day() > today {
                return Err(WindowError::Ahead(*period));
            }
            let (primary, refresh) = self.deadlines(*period);
            if today > refresh {
                return Err(WindowError::Locked(*period));
            }
            if today > primary {
                window = Window::Refresh;
            }
        }
        Ok(window)
    }
}
