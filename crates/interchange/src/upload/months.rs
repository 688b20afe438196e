//! Uploads of a month of a reporter: what their files have in common.

use jiff::civil::Date;

use super::problem::{Problem, Problems};
use super::rows::Row;
use super::{Against, Content};

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
}

/// The id of the upload of a reporter and month.
pub fn id(reporter: &str, month: Date) -> String {
    format!("{reporter}/{}", month.strftime("%Y-%m"))
}

/// The reporter of an id.
pub(super) fn reporter(id: &str) -> Option<&str> {
    id.split_once('/').map(|(reporter, _)| reporter)
}

/// Rows of a month with their lines, and what is wrong with the file so far.
#[derive(Debug)]
pub(super) struct Read<T> {
    pub(super) month: Month,
    pub(super) rows: Vec<T>,
    pub(super) lines: Vec<u64>,
    pub(super) problems: Problems,
}

/// What is wrong with a row: its place, the column, the code and what is wrong.
pub(super) type Wrong = (usize, &'static str, (&'static str, &'static str));

impl<T> Read<T> {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            month: Month::default(),
            rows: Vec::new(),
            lines: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// The content, when the reporter is known and `faults`, which is given the rows with reporter and first day of the
    /// month, finds nothing.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn content(
        mut self,
        against: &Against<'_>,
        faults: impl FnOnce(&[T], &str, Date) -> Vec<Wrong>,
        written: impl FnOnce(&str, Vec<T>) -> (u64, Vec<u8>),
    ) -> Result<Content, Vec<Problem>> {
        let known = self.month.reporter.zip(self.month.first);
        if let Some((reporter, first)) = &known {
            for (place, column, (code, message)) in faults(&self.rows, reporter, *first) {
                let line = self.lines.get(place).copied().unwrap_or(0);
                self.problems.add(line, column, code, message);
            }
            if against.state.reporter(reporter).is_none() {
                let message = "there is no such reporter";
                self.problems.add(2, "reporter", "VN-UPL-041", message);
            }
        }
        let (reporter, first) = self.problems.or(known)?;
        let (rows, bytes) = written(&reporter, self.rows);
        Ok(Content {
            id: id(&reporter, first),
            date: first,
            rows,
            bytes,
        })
    }
}
