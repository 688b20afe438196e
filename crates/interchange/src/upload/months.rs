//! Uploads of a month of a reporter: what their files have in common.

use jiff::civil::Date;

use super::Against;
use super::problem::Problems;
use super::rows::Row;

/// Largest number of beds, patients, inhabitants or positions of one unit.
pub(super) const NUMBER_MAX: u32 = 1_000_000;

/// Code, meaning and remedy of what is found in uploads of a month.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-UPL-040",
        "a day of an upload is of another month than the first",
        "give each month its own file",
    ),
    (
        "VN-UPL-041",
        "a care unit or reporter of an upload is not known, or the reporter may not report for the unit",
        "put the unit into the registry first, with the reporter among those that report for it",
    ),
    (
        "VN-UPL-042",
        "a care unit of an upload is not open on the day",
        "leave the day out, or correct the dates of the unit",
    ),
];

/// Reporter and month of a file, as its first row says them.
#[derive(Debug, Default)]
pub(super) struct Month {
    reporter: Option<String>,
    first: Option<Date>,
}

impl Month {
    /// Takes in reporter and date of a row; gives the date.
    pub(super) fn date(&mut self, row: Row<'_>, today: Date, problems: &mut Problems) -> Option<Date> {
        let reporter = row.code("reporter", problems);
        let date = row.date("date", today, problems);
        match (&self.reporter, reporter) {
            (None, Some(reporter)) => self.reporter = Some(reporter.to_owned()),
            (Some(first), Some(reporter)) if first != reporter => {
                problems.add(
                    row.line,
                    "reporter",
                    "VN-UPL-008",
                    "the first row names another reporter",
                );
            }
            _ => {}
        }
        if self.first.is_none() {
            self.first = date.map(Date::first_of_month);
        }
        date.filter(|_| reporter.is_some())
    }

    /// Reporter and first day of the month; `None` while no row said them.
    pub(super) fn known(&self) -> Option<(&str, Date)> {
        Some((self.reporter.as_deref()?, self.first?))
    }
}

/// The id of the upload of a reporter and month.
pub fn id(reporter: &str, month: Date) -> String {
    format!("{reporter}/{}", month.strftime("%Y-%m"))
}

/// The reporter of an id.
pub(super) fn reporter(id: &str) -> Option<&str> {
    id.split_once('/').map(|(reporter, _)| reporter)
}

pub(super) fn known_reporter(reporter: &str, against: &Against<'_>, problems: &mut Problems) {
    if against.state.reporter(reporter).is_none() {
        problems.add(2, "reporter", "VN-UPL-041", "there is no such reporter");
    }
}
