//! Files of rows as CSV: UTF-8 with a comma, a first line that names the columns in any order. Columns that a kind does
//! not need may be left out; others than its own may not stand there. Cells are trimmed.

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::civil::Date;
use vardnav_register::text::holds_personal_number;

use super::problem::Problems;

/// Longest text of a cell, in bytes.
const TEXT_BYTES_MAX: usize = 500;
/// Longest code or id, in bytes.
const CODE_BYTES_MAX: usize = 64;

/// What a file of rows is like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// All columns.
    pub columns: &'static [&'static str],
    /// Those of them that may be left out.
    pub optional: &'static [&'static str],
    /// Most rows.
    pub rows_max: u64,
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    /// Its line in the file, from 1.
    pub line: u64,
    record: &'r StringRecord,
    places: &'r [(&'static str, usize)],
}

impl<'r> Row<'r> {
    /// The cell of a column; empty where the column is left out.
    pub fn cell(&self, column: &str) -> &'r str {
        let place = self.places.iter().find(|(name, _)| *name == column);
        place.and_then(|(_, at)| self.record.get(*at)).unwrap_or_default()
    }

    /// A date that must be there and not lie after `today`.
    pub fn date(&self, column: &'static str, today: Date, problems: &mut Problems) -> Option<Date> {
        let text = self.cell(column);
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        match date {
            None => problems.add(
                self.line,
                column,
                "VN-UPL-004",
                "the date is not written as YYYY-MM-DD",
            ),
            Some(date) if date > today => {
                problems.add(self.line, column, "VN-UPL-004", "the date has not come yet");
                return None;
            }
            Some(_) => {}
        }
        date
    }

    /// A whole number from 0; `None` inside where the cell is empty, `None` outside where it is no number.
    pub fn count(&self, column: &'static str, problems: &mut Problems) -> Option<Option<u64>> {
        let text = self.cell(column);
        if text.is_empty() {
            return Some(None);
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let count = Some(text).filter(|_| digits).and_then(|text| text.parse().ok());
        if count.is_none() {
            problems.add(self.line, column, "VN-UPL-007", "it is no whole number");
        }
        count.map(Some)
    }

    /// A code or id that must be there.
    pub fn code(&self, column: &'static str, problems: &mut Problems) -> Option<&'r str> {
        let text = self.cell(column);
        if is_code(text) {
            return Some(text);
        }
        let message = format!("it is not 1 to {CODE_BYTES_MAX} letters, digits, `.`, `_`, `:` or `-`");
        problems.add(self.line, column, "VN-UPL-008", message);
        None
    }

    /// A text, which may be empty.
    pub fn text(&self, column: &'static str, problems: &mut Problems) -> Option<&'r str> {
        let text = self.cell(column);
        let fault = if text.len() > TEXT_BYTES_MAX {
            "the cell is too long"
        } else if text.chars().any(char::is_control) {
            "the cell holds a control character"
        } else if holds_personal_number(text) {
            "the cell holds what must be taken for a personal number"
        } else {
            return Some(text);
        };
        problems.add(self.line, column, "VN-UPL-009", fault);
        None
    }
}

/// Whether a text has the form of a code or id.
pub fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=CODE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(allowed)
        && !vardnav_register::text::id_holds_personal_number(text)
}

/// Gives every row of a file to `take`; what is no row is a problem.
pub fn read(
    file: &[u8],
    shape: Shape,
    problems: &mut Problems,
    mut take: impl FnMut(Row<'_>, &mut Problems),
) {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut lines = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .from_reader(file);
    let mut records = lines.records();
    let Some(places) = records
        .next()
        .and_then(Result::ok)
        .map(|head| places(&head, shape))
    else {
        problems.add(1, "", "VN-UPL-001", "the first line does not name the columns");
        return;
    };
    let places = match places {
        Ok(places) => places,
        Err((column, message)) => return problems.add(1, column, "VN-UPL-001", message),
    };
    let mut rows = 0;
    for record in records {
        rows += 1;
        if rows > shape.rows_max {
            let message = format!("the file has more than {} rows", shape.rows_max);
            problems.add(0, "", "VN-UPL-003", message);
            return;
        }
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let row = Row {
                    line,
                    record: &record,
                    places: &places,
                };
                take(row, problems);
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let message = "the line is not UTF-8, or does not have as many columns as the first";
                problems.add(line, "", "VN-UPL-002", message);
            }
        }
        if problems.is_full() {
            return;
        }
    }
}

/// Where each column stands.
fn places(head: &StringRecord, shape: Shape) -> Result<Vec<(&'static str, usize)>, (&'static str, String)> {
    let mut places = Vec::new();
    for (at, name) in head.iter().enumerate() {
        let Some(column) = shape.columns.iter().copied().find(|column| *column == name) else {
            let known = shape.columns.join(", ");
            return Err(("", format!("column {} is none of {known}", at + 1)));
        };
        if places.iter().any(|(known, _)| *known == column) {
            return Err((column, "the column is named twice".to_owned()));
        }
        places.push((column, at));
    }
    let mut needed = shape.columns.iter().copied();
    let missing = needed
        .find(|column| !shape.optional.contains(column) && !places.iter().any(|(known, _)| known == column));
    match missing {
        Some(column) => Err((column, "the column is missing".to_owned())),
        None => Ok(places),
    }
}

/// Writes rows in the one form in which they are kept: the columns in their order, quotes only where they must be.
pub(crate) struct Written {
    writer: csv::Writer<Vec<u8>>,
    rows: u64,
}

impl Written {
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut written = Self {
            writer: csv::Writer::from_writer(Vec::new()),
            rows: 0,
        };
        // Writing into memory does not fail, and each row has as many cells as there are columns.
        let _ = written.writer.write_record(columns);
        written
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let _ = self.writer.write_record(cells);
        self.rows += 1;
    }

    pub(crate) fn finish(self) -> (u64, Vec<u8>) {
        (self.rows, self.writer.into_inner().unwrap_or_default())
    }
}
