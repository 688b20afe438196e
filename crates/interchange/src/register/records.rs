//! A file of records, whatever it is written as: NDJSON or a table. One record after the other, each with the line where
//! it begins and a way back from the paths of findings to lines and columns.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::lines::Lines;
use super::read::{Refused, ReportedRecord, read_delivered, read_line};
use super::table::{GroupLines, Rows, Table, TableForm, separator_of};

/// How a file of records is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Form {
    /// A JSON object on each line.
    #[default]
    Ndjson,
    /// A table.
    Table(TableForm),
}

/// How a file of records is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// How it is written.
    pub form: Form,
    /// Whether the register gives the revisions, as within a delivery.
    pub delivered: bool,
    /// The reporter of lines that name none, in a table.
    pub reporter: Option<String>,
}

/// A record, or a line that is none.
#[derive(Debug, Clone)]
pub struct RecordLine {
    /// The line where it begins, from 1.
    pub line: u64,
    /// The record, or what is wrong with the form of the line.
    pub read: Result<ReportedRecord, Box<Refused>>,
    /// Where findings about it lead.
    pub places: Places,
}

/// The way from the path of a finding to a line and a column of the file.
#[derive(Debug, Clone, Default)]
pub struct Places {
    line: u64,
    is_table: bool,
    rows: Option<RowPlaces>,
}

/// Where the parts of a record stand in a table.
#[derive(Debug, Clone)]
struct RowPlaces {
    table: Arc<Table>,
    /// The lines of what a line holds one of.
    groups: GroupLines,
}

impl Places {
    /// Everything is on one line of a file that is no table.
    fn of_line(line: u64) -> Self {
        Self {
            line,
            ..Self::default()
        }
    }

    /// A line of a table of which nothing could be read.
    pub(super) fn of_unread(line: u64) -> Self {
        Self {
            line,
            is_table: true,
            rows: None,
        }
    }

    pub(super) fn of_rows(table: Arc<Table>, line: u64, groups: GroupLines) -> Self {
        Self {
            line,
            is_table: true,
            rows: Some(RowPlaces { table, groups }),
        }
    }

    /// The line where the record begins.
    pub fn begin(&self) -> u64 {
        self.line
    }

    /// Whether the file is a table, whose columns findings lead to.
    pub fn is_table(&self) -> bool {
        self.is_table
    }

    /// The line of what a path names.
    pub fn line_of(&self, path: &str) -> u64 {
        let groups = self.rows.iter().flat_map(|rows| &rows.groups);
        let mut found = groups.filter_map(|(group, lines)| {
            let (place, _) = path.strip_prefix(group)?.strip_prefix('[')?.split_once(']')?;
            lines.get(place.parse::<usize>().ok()?).copied()
        });
        found.next().unwrap_or(self.line)
    }

    /// The column of what a path names, in a table; `None` when no column is about it.
    pub fn column_of(&self, path: &str) -> Option<&str> {
        let rows = self.rows.as_ref()?;
        rows.table.column_of(path)
    }
}

/// Reads a file of records.
#[derive(Debug)]
pub enum Records<R> {
    /// NDJSON.
    Ndjson {
        /// The lines.
        lines: Lines<R>,
        /// Whether the register gives the revisions.
        delivered: bool,
    },
    /// A table.
    Table(Box<Rows<R>>),
}

impl<R: BufRead> Records<R> {
    /// Begins a file.
    pub fn new(reader: R, reading: &Reading) -> Self {
        let Reading {
            form,
            delivered,
            reporter,
        } = reading;
        match form {
            Form::Ndjson => Self::Ndjson {
                lines: Lines::new(reader),
                delivered: *delivered,
            },
            Form::Table(form) => {
                let rows = Rows::new(reader, form.clone(), *delivered, reporter.clone());
                Self::Table(Box::new(rows))
            }
        }
    }

    /// The next record or line that is none; `None` at the end.
    ///
    /// # Errors
    /// Whatever the reader answers.
    pub fn next_record(&mut self) -> io::Result<Option<RecordLine>> {
        match self {
            Self::Table(rows) => rows.next_record(),
            Self::Ndjson { lines, delivered } => {
                let line = lines.next_line()?;
                Ok(line.map(|line| RecordLine {
                    line: line.number,
                    read: match delivered {
                        true => read_delivered(line.content),
                        false => read_line(line.content),
                    },
                    places: Places::of_line(line.number),
                }))
            }
        }
    }

    /// The reader, wherever it stands.
    pub fn into_inner(self) -> R {
        match self {
            Self::Ndjson { lines, .. } => lines.into_inner(),
            Self::Table(rows) => rows.into_inner(),
        }
    }
}

/// Most bytes in which the names of columns are looked for.
const BEGINNING_MAX: usize = 64 * 1024;

/// Takes the beginning of a file: to the end of its first line that is not empty, or further; bounded. Pipes hand a
/// line over in parts, so that what is read at once may end within it.
///
/// # Errors
/// Whatever the reader answers.
pub fn beginning(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut taken: Vec<u8> = Vec::new();
    loop {
        let first = taken.iter().position(|byte| !byte.is_ascii_whitespace());
        let has_line = first.is_some_and(|first| taken.iter().skip(first).any(|byte| *byte == b'\n'));
        let part = reader.fill_buf()?;
        if has_line || part.is_empty() || taken.len() >= BEGINNING_MAX {
            return Ok(taken);
        }
        let length = part.len();
        taken.extend_from_slice(part);
        reader.consume(length);
    }
}

/// Whether a file begins as a CSV file of records does: with the names of fields.
pub fn begins_as_csv(beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| separator_of(line).is_some())
}
