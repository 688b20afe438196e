//! Records as lines of a table, which [`super::Rows`] reads as the same records.

use serde_json::Value;
use vardnav_register::record::{Body, Record, RecordKind};

use super::column::joined;
use super::field::{FIELDS, Step, Target};
use crate::register::write::{WriteError, write_record};

/// The columns that say which record a line is of; they stand on each of its lines.
const KEY: [&str; 4] = ["reporter", "kind", "id", "revision"];

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The record could not be read out.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A table cannot hold it: an empty value in a list, a line break or another control character, facts of an axis
    /// that the table has no column for.
    #[error("a table cannot hold what the record says at {0}")]
    CannotHold(String),
    /// The table is for another kind of record.
    #[error("the table is for another kind of record")]
    OtherKind,
}

/// A table of records of one kind, with a column for each field that the kind has.
#[derive(Debug, Clone)]
pub struct Sheet {
    kind: RecordKind,
    separator: char,
    columns: Vec<Target>,
}

impl Sheet {
    /// A table with columns for facts on these axes, of records and of segments.
    pub fn new<'a>(
        kind: RecordKind,
        separator: char,
        axes: impl IntoIterator<Item = &'a str>,
        segment_axes: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let (axes, segment_axes): (Vec<&str>, Vec<&str>) =
            (axes.into_iter().collect(), segment_axes.into_iter().collect());
        let columns = FIELDS
            .iter()
            .filter(|field| field.kinds.contains(&kind))
            .flat_map(|field| {
                let target = field.target();
                let axes = match (field.is_fact(), target.row_group()) {
                    (false, _) => return vec![target],
                    (true, None) => &axes,
                    (true, Some(_)) => &segment_axes,
                };
                let of_axis = |axis: &&str| Target {
                    axis: Some((*axis).to_owned()),
                    ..target.clone()
                };
                axes.iter().map(of_axis).collect()
            })
            .collect();
        Self {
            kind,
            separator,
            columns,
        }
    }

    /// The table with the columns only that a record fills.
    ///
    /// # Errors
    /// [`TableError`] as [`Self::write`].
    pub fn narrowed(self, reporter: &str, record: &Record) -> Result<Self, TableError> {
        let rows = self.cells(reporter, record, true)?;
        let fills = |at: usize| {
            rows.iter()
                .any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))
        };
        let columns = self.columns.into_iter().enumerate();
        Ok(Self {
            columns: columns
                .filter(|(at, _)| fills(*at))
                .map(|(_, column)| column)
                .collect(),
            ..self
        })
    }

    /// What the columns state, in order.
    pub fn columns(&self) -> &[Target] {
        &self.columns
    }

    /// The line that names the columns.
    pub fn header(&self) -> String {
        self.line(self.columns.iter().map(Target::name))
    }

    /// The lines of a record, each with its line break. The person is left out where the record leaves the register.
    ///
    /// # Errors
    /// [`TableError`]; then nothing of it is written.
    pub fn write(&self, reporter: &str, record: &Record, with_person: bool) -> Result<String, TableError> {
        let rows = self.cells(reporter, record, with_person)?;
        Ok(rows.into_iter().map(|cells| self.line(cells)).collect())
    }

    fn cells(
        &self,
        reporter: &str,
        record: &Record,
        with_person: bool,
    ) -> Result<Vec<Vec<String>>, TableError> {
        if record.kind() != self.kind {
            return Err(TableError::OtherKind);
        }
        let mut line = Vec::new();
        write_record(&mut line, reporter, record, with_person)?;
        let value: Value = serde_json::from_slice(&line).map_err(WriteError::from)?;
        self.holds_axes(&value, "facts", None)?;
        for segment in value
            .get("segments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.holds_axes(segment, "segments.facts", Some("segments"))?;
        }
        let count = match &record.body {
            Body::Episode(episode) => {
                let counts = [
                    episode.plans.len(),
                    episode.responsibilities.len(),
                    episode.segments.len(),
                    1,
                ];
                counts.into_iter().max().unwrap_or(1)
            }
            _ => 1,
        };
        let mut rows = Vec::with_capacity(count);
        for row in 0..count {
            let mut cells = Vec::with_capacity(self.columns.len());
            for column in &self.columns {
                let name = column.name();
                let is_there = row == 0 || column.row_group().is_some() || KEY.contains(&name.as_str());
                let cell = match is_there {
                    true => cell(&value, &column.steps(), row),
                    false => Some(String::new()),
                };
                cells.push(cell.ok_or(TableError::CannotHold(name))?);
            }
            rows.push(cells);
        }
        Ok(rows)
    }

    fn line(&self, cells: impl IntoIterator<Item = String>) -> String {
        let mut line = String::new();
        for (number, cell) in cells.into_iter().enumerate() {
            if number > 0 {
                line.push(self.separator);
            }
            let plain = cell.trim() == cell && !cell.contains(['"', self.separator]);
            match plain {
                true => line.push_str(&cell),
                false => {
                    line.push('"');
                    line.push_str(&cell.replace('"', "\"\""));
                    line.push('"');
                }
            }
        }
        line.push('\n');
        line
    }

    /// Whether every axis on which something states facts has a column.
    fn holds_axes(&self, value: &Value, name: &str, group: Option<&str>) -> Result<(), TableError> {
        let facts = value.get("facts").and_then(Value::as_object);
        for (axis, _) in facts.into_iter().flatten() {
            let has = |column: &Target| {
                column.field.is_fact() && column.row_group() == group && column.axis.as_ref() == Some(axis)
            };
            if !self.columns.iter().any(has) {
                return Err(TableError::CannotHold(name.to_owned()));
            }
        }
        Ok(())
    }
}

/// The cell at the end of the way; `None` when no cell can hold what is there.
fn cell(value: &Value, steps: &[Step], row: usize) -> Option<String> {
    let Some((step, rest)) = steps.split_first() else {
        return text(value);
    };
    let next = match step {
        Step::Name(name) => value.get(name),
        Step::Rows => value.get(row),
        Step::Items => return items(value, rest),
    };
    match next {
        Some(next) => cell(next, rest, row),
        None => Some(String::new()),
    }
}

fn items(value: &Value, rest: &[Step]) -> Option<String> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let part = |item: &Value| match rest {
        [] => text(item).filter(|text| !text.is_empty()),
        [Step::Name(name), ..] => match item {
            // Who holds a role without a basis stands there as a text.
            Value::String(_) if name == "organisation" => text(item),
            other => other.get(name).map_or(Some(String::new()), text),
        },
        _ => None,
    };
    let values: Option<Vec<String>> = items.iter().map(part).collect();
    let values = values?;
    match values.iter().all(String::is_empty) {
        // An empty list of facts would come back as none.
        true if rest.is_empty() => None,
        true => Some(String::new()),
        false => Some(joined(values.iter().map(String::as_str))),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.contains(char::is_control)).then(|| text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
