//! Rows of a table: tab-separated columns under a header row, and the forms of their values.

use std::fmt::Display;

use jiff::civil::Date;
use memchr::memchr_iter;

use super::editions::Until;
use super::finding::Report;
use super::index::{Put, ROWS_MAX};
use super::lines::{LINE_BYTES_MAX, Lines};
use super::names::{FileName, ReleaseType};
use super::sctid::{self, Kind};
use crate::content::Files;

/// Most columns of a table.
const COLUMNS_MAX: usize = 16;

/// Columns that every reference set begins with.
pub(super) const MEMBER_COLUMNS: [&str; 6] = [
    "id",
    "effectiveTime",
    "active",
    "moduleId",
    "refsetId",
    "referencedComponentId",
];

/// Where rows come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'f> {
    pub(super) files: &'f dyn Files,
    /// Up to when rows are read; all of them without.
    pub(super) until: Option<&'f Until>,
}

/// A row.
pub(super) struct Row<'l> {
    pub(super) file: &'l str,
    pub(super) line: u32,
    /// Whether the file may have the same identifier in several rows.
    pub(super) history: bool,
    until: Option<&'l Until>,
    columns: [&'l str; COLUMNS_MAX],
}

/// What the rows of every table have after the identifier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The number yyyymmdd.
    pub(super) time: u32,
    pub(super) active: bool,
    pub(super) module: u64,
}

impl<'f> Source<'f> {
    /// Gives every well-formed row of a file whose header is `columns` and then `further` others to `take`. Answers
    /// the names of those others, `None` when the file is not of this form.
    pub(super) fn each(
        self,
        name: &FileName,
        (columns, further): (&[&str], usize),
        report: &mut Report,
        mut take: impl FnMut(&Row<'_>, &mut Report),
    ) -> Option<Vec<String>> {
        let file = name.path.as_str();
        let broken = |error: std::io::Error, report: &mut Report| {
            report.error(
                "VN-IMP-115",
                file,
                0,
                format_args!("the file cannot be read: {error}"),
            );
        };
        let mut lines = match self.files.open(file) {
            Ok(input) => Lines::new(input),
            Err(error) => {
                broken(error, report);
                return None;
            }
        };
        let mut header: Option<Vec<String>> = None;
        let count = columns.len() + further;
        loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    broken(error, report);
                    return None;
                }
            };
            let number = line.number;
            let Some(bytes) = line.bytes else {
                report.error(
                    "VN-IMP-112",
                    file,
                    number,
                    format_args!("the line is longer than {LINE_BYTES_MAX} bytes"),
                );
                continue;
            };
            let Ok(text) = std::str::from_utf8(bytes) else {
                report.error("VN-IMP-111", file, number, "the line is not UTF-8");
                continue;
            };
            if header.is_none() {
                header = Some(names(text, columns, further).or_else(|| {
                    let columns = columns.join(", ");
                    report.error(
                        "VN-IMP-101",
                        file,
                        number,
                        format_args!("expected a header of {count} columns that begins with {columns}"),
                    );
                    None
                })?);
                continue;
            }
            let mut row = Row {
                file,
                line: number,
                history: name.release == ReleaseType::Full,
                until: self.until,
                columns: [""; COLUMNS_MAX],
            };
            let found = row.fill(text);
            if found == count {
                take(&row, report);
            } else if !text.trim_ascii().is_empty() {
                report.error(
                    "VN-IMP-102",
                    file,
                    number,
                    format_args!("{found} columns; expected {count}"),
                );
            }
        }
        if header.is_none() {
            report.error("VN-IMP-101", file, 0, "the file is empty");
        }
        header
    }
}

/// Names of the columns after those expected; `None` when others are found.
fn names(header: &str, columns: &[&str], further: usize) -> Option<Vec<String>> {
    let header = header.strip_prefix('\u{feff}').unwrap_or(header);
    let found: Vec<&str> = header.split('\t').map(str::trim).collect();
    let count = columns.len() + further;
    let named = found
        .iter()
        .zip(columns)
        .all(|(found, name)| found.eq_ignore_ascii_case(name));
    (named && found.len() == count && count <= COLUMNS_MAX)
        .then(|| found.into_iter().skip(columns.len()).map(str::to_owned).collect())
}

impl<'l> Row<'l> {
    /// Parts a line; how many columns it has.
    fn fill(&mut self, text: &'l str) -> usize {
        let (mut start, mut count) = (0, 0);
        for end in memchr_iter(b'\t', text.as_bytes()).chain([text.len()]) {
            if let Some(column) = self.columns.get_mut(count) {
                *column = text.get(start..end).unwrap_or_default();
            }
            start = end + 1;
            count += 1;
        }
        count
    }

    /// A column as it stands.
    pub(super) fn text(&self, column: usize) -> &'l str {
        self.columns.get(column).copied().unwrap_or_default()
    }

    /// Date, activity and module; `None` when one is malformed, or the row is of later than is read.
    pub(super) fn head(&self, report: &mut Report) -> Option<Head> {
        let Some(time) = date(self.text(1)) else {
            self.error("VN-IMP-105", "effectiveTime is not a date yyyymmdd", report);
            return None;
        };
        let active = match self.text(2) {
            "1" => true,
            "0" => false,
            _ => {
                self.error("VN-IMP-106", "active is neither 0 nor 1", report);
                return None;
            }
        };
        let module = self.id(3, report)?;
        self.until
            .is_none_or(|until| until.holds(module, time))
            .then_some(Head { time, active, module })
    }

    /// The row's own identifier, whose check digit is looked at too.
    pub(super) fn own_id(&self, kind: Kind, report: &mut Report) -> Option<u64> {
        let id = self.id(0, report)?;
        if !sctid::is_of(id, kind) {
            let message = format_args!("`{id}` has a wrong check digit or names another kind of component");
            report.warn("VN-IMP-104", self.file, self.line, message);
        }
        Some(id)
    }

    /// An identifier of SNOMED CT.
    pub(super) fn id(&self, column: usize, report: &mut Report) -> Option<u64> {
        let id = sctid::parse(self.text(column));
        if id.is_none() {
            let message = format_args!("column {} is not an identifier of 6 to 18 digits", column + 1);
            self.error("VN-IMP-103", message, report);
        }
        id
    }

    /// The identifier (UUID) of a member of a reference set.
    pub(super) fn member_id(&self, report: &mut Report) -> Option<u128> {
        let id = uuid(self.text(0));
        if id.is_none() {
            self.error("VN-IMP-103", "column 1 is not a UUID", report);
        }
        id
    }

    pub(super) fn error(&self, code: &'static str, message: impl Display, report: &mut Report) {
        report.error(code, self.file, self.line, message);
    }

    /// Notes what became of the row when it is not taken.
    pub(super) fn note(&self, put: Put, report: &mut Report) {
        match put {
            Put::Taken => {}
            Put::Twice => {
                let id = self.text(0);
                self.error(
                    "VN-IMP-110",
                    format_args!("`{id}` stands twice in this file"),
                    report,
                );
            }
            Put::TooMany => {
                self.error(
                    "VN-IMP-117",
                    format_args!("more than {ROWS_MAX} rows of one kind"),
                    report,
                );
            }
        }
    }
}

/// The number yyyymmdd of a date.
pub(super) fn date(text: &str) -> Option<u32> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = digits.then(|| text.parse().ok())??;
    civil(number).map(|_| number)
}

/// The number yyyymmdd of a day.
pub(super) fn number(date: Date) -> u32 {
    let (year, month, day) = (date.year(), date.month(), date.day());
    u32::try_from(i32::from(year) * 10_000 + i32::from(month) * 100 + i32::from(day)).unwrap_or_default()
}

/// The date of a number yyyymmdd.
pub(super) fn civil(number: u32) -> Option<Date> {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()
}

fn uuid(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let mut number = 0_u128;
    for (place, &byte) in bytes.iter().enumerate() {
        if matches!(place, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
        } else {
            number = number << 4 | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(date("20240229"), Some(20_240_229));
        for text in [
            "20230229",
            "2024022",
            "202402299",
            "2024-2-2",
            "",
            "+2024022",
            "20241301",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn uuids_are_read_as_numbers() {
        assert_eq!(
            uuid("0000007b-0000-1000-8000-00805F9B34fb"),
            Some(0x0000_007b_0000_1000_8000_0080_5f9b_34fb)
        );
        for text in [
            "",
            "0000007b-0000-1000-8000-00805f9b34f",
            "0000007b00000-1000-8000-00805f9b34fb",
            "0000007b-0000-1000-8000-00805f9b34fg",
        ] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }
}
