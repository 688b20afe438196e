//! Tables as CSV: rows with cells by the name of their column.

use std::collections::HashSet;
use std::io::Read as _;

use ::csv::StringRecord;
use jiff::civil::Date;
use vardnav_register::text::{safe_echo, shape};
use vardnav_terminology::model::Validity;

use super::mapping::{Encoding, Mapping};
use super::{FILE_BYTES_MAX, ROWS_MAX};
use crate::codesystem::Findings;
use crate::content::Files;
use crate::content::fhir::words::{Words, meaning};

/// The files of one mapping.
pub(super) struct Source<'f> {
    pub(super) files: &'f dyn Files,
    /// The paths there are.
    pub(super) there: &'f HashSet<&'f str>,
    /// Path without endings.
    pub(super) base: &'f str,
    pub(super) mapping: &'f Mapping,
    pub(super) findings: Findings,
    /// The files that were read.
    pub(super) paths: Vec<String>,
}

/// A table.
pub(super) struct Table {
    pub(super) path: String,
    names: Vec<String>,
    rows: Vec<(u32, StringRecord)>,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    pub(super) table: &'t Table,
    pub(super) line: u32,
    record: &'t StringRecord,
}

impl Source<'_> {
    /// The table of the mapping itself, with columns as it says.
    pub(super) fn main(&mut self, known: fn(&str) -> bool, required: &[&str]) -> Option<Table> {
        let path = format!("{}.csv", self.base);
        if !self.there.contains(path.as_str()) {
            let mapping = format!("{}{}", self.base, super::MAPPING);
            self.findings.error(
                "VN-IMP-402",
                &mapping,
                0,
                "there is no CSV file of its name beside it",
            );
            return None;
        }
        let columns = &self.mapping.columns;
        let name = |heading: &str| {
            if columns.is_empty() {
                return Some(heading.to_owned());
            }
            columns.get(heading).cloned()
        };
        let table = self.read(path, &name, known, required)?;
        for heading in self.mapping.columns.values() {
            if heading != "ignore" && !table.names.contains(heading) {
                let what = format!("the column that is to be `{}` is missing", safe_echo(heading));
                self.findings.error("VN-IMP-404", &table.path, 1, what);
            }
        }
        Some(table)
    }

    /// A table beside it, with our own columns and others that are known; an empty one when there is none.
    pub(super) fn beside(&mut self, name: &str, columns: &[&str], known: fn(&str) -> bool) -> Table {
        let path = format!("{}.{name}.csv", self.base);
        let empty = Table {
            path: path.clone(),
            names: Vec::new(),
            rows: Vec::new(),
        };
        if !self.there.contains(path.as_str()) {
            return empty;
        }
        self.read(path, &|heading| Some(heading.to_owned()), known, columns)
            .unwrap_or(empty)
    }

    fn read(
        &mut self,
        path: String,
        name: &dyn Fn(&str) -> Option<String>,
        known: fn(&str) -> bool,
        required: &[&str],
    ) -> Option<Table> {
        let text = self.text(&path)?;
        self.paths.push(path.clone());
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(self.mapping.delimiter.0)
            .from_reader(text.as_bytes());
        let mut names = Vec::new();
        for (position, heading) in reader.headers().ok()?.iter().enumerate() {
            let named = name(heading).filter(|name| name == "ignore" || known(name));
            let repeated = named
                .as_ref()
                .is_some_and(|name| name != "ignore" && may_stand_once(name) && names.contains(name));
            if named.is_none() || repeated {
                let what = if repeated { "stands twice" } else { "is not known" };
                let what = format!("column {} (`{}`) {what}", position + 1, safe_echo(heading));
                self.findings.error("VN-IMP-404", &path, 1, what);
            }
            names.push(named.unwrap_or_default());
        }
        let mut missing = required
            .iter()
            .filter(|name| !names.iter().any(|known| known == *name))
            .peekable();
        if missing.peek().is_some() {
            for name in missing {
                let what = format!("the column `{name}` is missing");
                self.findings.error("VN-IMP-404", &path, 1, what);
            }
            return None;
        }
        let mut rows = Vec::new();
        for record in reader.into_records() {
            match record {
                Ok(record) => rows.push((line(record.position()), record)),
                Err(error) => {
                    let what = "the row has more or fewer cells than the first line has columns";
                    self.findings
                        .error("VN-IMP-405", &path, line(error.position()), what);
                }
            }
            if rows.len() > ROWS_MAX {
                self.findings
                    .error("VN-IMP-410", &path, 0, format!("more than {ROWS_MAX} rows"));
                return None;
            }
        }
        Some(Table { path, names, rows })
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let read = self
            .files
            .open(path)
            .and_then(|reader| reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
        if read.is_err() {
            self.findings
                .error("VN-IMP-411", path, 0, "the file cannot be read");
            return None;
        }
        if bytes.len() as u64 > FILE_BYTES_MAX {
            self.findings
                .error("VN-IMP-410", path, 0, format!("more than {FILE_BYTES_MAX} bytes"));
            return None;
        }
        if self.mapping.encoding == Encoding::Latin1 {
            return Some(bytes.into_iter().map(char::from).collect());
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
            Err(error) => {
                let before = error
                    .as_bytes()
                    .get(..error.utf8_error().valid_up_to())
                    .unwrap_or_default();
                let line = memchr::memchr_iter(b'\n', before).count() + 1;
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                self.findings
                    .error("VN-IMP-403", path, line, "the text is not UTF-8");
                None
            }
        }
    }

    /// Tells that something in the mapping itself is wrong.
    pub(super) fn mapping_error(&mut self, what: impl Into<String>) {
        let path = format!("{}{}", self.base, super::MAPPING);
        self.findings.error("VN-IMP-401", &path, 0, what);
    }

    /// Tells that a cell is wrong.
    pub(super) fn wrong(&mut self, code: &'static str, row: Row<'_>, what: impl Into<String>) {
        self.findings.error(code, &row.table.path, row.line, what);
    }

    /// What a word in a cell means; the default when the cell is empty.
    pub(super) fn word<T: Copy + Default>(&mut self, row: Row<'_>, column: &str, words: &Words<T>) -> T {
        match row.cell(column) {
            "" => T::default(),
            word => meaning(words, word).unwrap_or_else(|| {
                self.misunderstood(row, column);
                T::default()
            }),
        }
    }

    /// A number from 1; `default` when the cell is empty.
    pub(super) fn number(&mut self, row: Row<'_>, column: &str, default: usize) -> usize {
        match row.cell(column) {
            "" => default,
            text => text.parse().ok().filter(|number| *number > 0).unwrap_or_else(|| {
                self.misunderstood(row, column);
                default
            }),
        }
    }

    /// `true` or `false`; false when the cell is empty.
    pub(super) fn flag(&mut self, row: Row<'_>, column: &str) -> bool {
        match row.cell(column) {
            "true" => true,
            "" | "false" => false,
            _ => {
                self.misunderstood(row, column);
                false
            }
        }
    }

    /// The dates of the columns `from` and `until`.
    pub(super) fn validity(&mut self, row: Row<'_>) -> Validity {
        Validity {
            from: self.date(row, "from"),
            until: self.date(row, "until"),
        }
    }

    fn date(&mut self, row: Row<'_>, column: &str) -> Option<Date> {
        let text = row.cell(column);
        let date = text.parse().ok();
        if date.is_none() && !text.is_empty() {
            self.misunderstood(row, column);
        }
        date
    }

    pub(super) fn misunderstood(&mut self, row: Row<'_>, column: &str) {
        let what = format!(
            "`{}` is not understood in column `{}`",
            shape(row.cell(column)),
            safe_echo(column)
        );
        self.wrong("VN-IMP-408", row, what);
    }
}

/// Whether a column of this name may stand in a table once only; texts of several columns are all taken.
fn may_stand_once(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or_default();
    !matches!(
        name,
        "parent" | "display" | "synonym" | "definition" | "note" | "subject-field"
    )
}

impl Table {
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row {
            table: self,
            line: *line,
            record,
        })
    }
}

impl<'t> Row<'t> {
    /// A cell; empty when there is no such column.
    pub(super) fn cell(self, column: &str) -> &'t str {
        let position = self.table.names.iter().position(|name| name == column);
        position
            .and_then(|position| self.record.get(position))
            .unwrap_or("")
    }

    /// The cells that are not empty, with the names of their columns.
    pub(super) fn filled(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let names = self.table.names.iter().map(String::as_str);
        names.zip(self.record).filter(|(_, cell)| !cell.is_empty())
    }
}

fn line(position: Option<&::csv::Position>) -> u32 {
    position.map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX))
}
