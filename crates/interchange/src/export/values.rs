//! Rows of the tables from the lines of an export: a value for each column, whatever form it has in the line.

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::Value;

use super::ExportError;
use super::columns::{Column, Kind, Place, Table};

/// Path of the variable that is stated with each principal, and not by itself.
const BASES: &str = "principals.basis";

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing is stated.
    None,
    /// One value.
    One(Scalar),
    /// A list; an element may be missing where another list of the same things has one.
    Many(Vec<Option<Scalar>>),
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Text or a code. A code with its system is `system|code`, with an edition `system|edition|code`.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Microseconds since 1970-01-01 UTC.
    Instant(i64),
}

/// The row of a record in the table of its kind.
///
/// # Errors
/// [`ExportError::Value`] when a value is not of its column's kind.
pub fn record_row(table: &Table, line: &Value) -> Result<Vec<Cell>, ExportError> {
    row(table, |place| match place {
        Place::Line(name) => field(line, name),
        Place::Record(path) if path == BASES => Cow::Owned(bases(inner(line, &["record", "principals"]))),
        Place::Record(path) => at(inner(line, &["record"]), path),
        _ => Cow::Owned(Value::Null),
    })
}

/// The rows of a record's parts.
///
/// # Errors
/// As [`record_row`].
pub fn part_rows(table: &Table, line: &Value) -> Result<Vec<Vec<Cell>>, ExportError> {
    let parts = inner(line, &["derived"])
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    parts.iter().map(|part| part_row(table, line, part)).collect()
}

/// What stands at a path; null when nothing does.
fn inner<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter()
        .fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

fn part_row(table: &Table, line: &Value, part: &Value) -> Result<Vec<Cell>, ExportError> {
    row(table, |place| match place {
        Place::Line(name) => field(line, name),
        Place::Part(name) => field(part, name),
        Place::Value(id) => match inner(part, &["tables", id, "values"]) {
            Value::Array(values) => Cow::Owned(Value::Array(values.clone())),
            _ => Cow::Owned(Value::Null),
        },
        Place::Rule(id) => Cow::Borrowed(inner(part, &["tables", id, "rule"])),
        Place::Fact(id) => Cow::Borrowed(inner(part, &["facts", id])),
        Place::Held => Cow::Owned(held(part)),
        Place::Other => Cow::Owned(other(table, part)),
        Place::Record(_) => Cow::Owned(Value::Null),
    })
}

fn row<'a>(table: &Table, value: impl Fn(&Place) -> Cow<'a, Value>) -> Result<Vec<Cell>, ExportError> {
    let cells = table
        .columns
        .iter()
        .map(|column| cell(column, &value(&column.place)));
    cells.collect()
}

fn field<'a>(object: &'a Value, name: &str) -> Cow<'a, Value> {
    Cow::Borrowed(&object[name])
}

/// The bases that are stated of principals, as `role:organisation=basis`.
fn bases(principals: &Value) -> Value {
    let mut bases = Vec::new();
    for (role, holders) in principals.as_object().into_iter().flatten() {
        let holders = match holders {
            Value::Array(holders) => holders.as_slice(),
            one => std::slice::from_ref(one),
        };
        for holder in holders {
            if let (Some(organisation), Some(basis)) =
                (holder["organisation"].as_str(), holder["basis"].as_str())
            {
                bases.push(Value::String(format!("{role}:{organisation}={basis}")));
            }
        }
    }
    match bases.is_empty() {
        true => Value::Null,
        false => Value::Array(bases),
    }
}

/// The tables that wait.
fn held(part: &Value) -> Value {
    let tables = part["tables"].as_object().into_iter().flatten();
    let held = tables.filter(|(_, table)| table["values"] == "held");
    Value::Array(held.map(|(id, _)| Value::String(id.clone())).collect())
}

/// What has no column of its own.
fn other(table: &Table, part: &Value) -> Value {
    let mut other = Vec::new();
    for (id, given) in part["tables"].as_object().into_iter().flatten() {
        if !table.named.contains(id) && given["values"] != "held" {
            other.extend(
                elements(&given["values"])
                    .into_iter()
                    .flatten()
                    .map(|value| format!("{id}={value}")),
            );
        }
    }
    for (id, fact) in part["facts"].as_object().into_iter().flatten() {
        if !table.named.contains(id) {
            other.extend(
                elements(fact)
                    .into_iter()
                    .flatten()
                    .map(|value| format!("{id}={value}")),
            );
        }
    }
    Value::Array(other.into_iter().map(Value::String).collect())
}

/// The value at a path of field names. Through a list there is an element for each of its elements.
fn at<'a>(value: &'a Value, path: &str) -> Cow<'a, Value> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let found = &value[name];
    match (found, rest) {
        (_, None) => Cow::Borrowed(found),
        (Value::Array(items), Some(rest)) => Cow::Owned(Value::Array(
            items.iter().map(|item| at(item, rest).into_owned()).collect(),
        )),
        (_, Some(rest)) => at(found, rest),
    }
}

fn cell(column: &Column, value: &Value) -> Result<Cell, ExportError> {
    let wrong = || ExportError::Value {
        column: column.name.clone(),
    };
    let scalar = |text: String| scalar(column.kind, text).ok_or_else(wrong);
    if value.is_null() {
        return Ok(Cell::None);
    }
    let elements = elements(value);
    if column.list {
        let many = elements.into_iter().map(|text| text.map(&scalar).transpose());
        return Ok(Cell::Many(many.collect::<Result<_, _>>()?));
    }
    match <[Option<String>; 1]>::try_from(elements) {
        Ok([Some(text)]) if text.is_empty() && column.kind != Kind::Text => Err(wrong()),
        Ok([Some(text)]) => scalar(text).map(Cell::One),
        Ok([None]) => Ok(Cell::None),
        Err(several) if several.is_empty() => Ok(Cell::None),
        Err(_) => Err(wrong()),
    }
}

/// A value as texts: those of a list, the facts of an object of facts, or one.
fn elements(value: &Value) -> Vec<Option<String>> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Object(fields) if !is_thing(value) => {
            let facts = fields.iter().flat_map(|(name, value)| {
                elements(value)
                    .into_iter()
                    .flatten()
                    .map(move |value| Some(format!("{name}={value}")))
            });
            facts.collect()
        }
        other => vec![text(other)],
    }
}

/// Whether an object is one thing, and not facts by axis.
fn is_thing(value: &Value) -> bool {
    value.get("code").is_some() || value.get("organisation").is_some()
}

fn text(value: &Value) -> Option<String> {
    let joined = |names: &[&str]| {
        let parts = names.iter().filter_map(|name| value[*name].as_str());
        parts.collect::<Vec<_>>().join("|")
    };
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(_) if value.get("code").is_some() => Some(joined(&["system", "version", "code"])),
        Value::Object(_) if value.get("organisation").is_some() => {
            value["organisation"].as_str().map(str::to_owned)
        }
        Value::Array(_) | Value::Object(_) => {
            let elements: Vec<String> = elements(value).into_iter().flatten().collect();
            Some(elements.join(";"))
        }
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}

fn scalar(kind: Kind, text: String) -> Option<Scalar> {
    Some(match kind {
        Kind::Text => Scalar::Text(text),
        Kind::Boolean => Scalar::Boolean(text.parse().ok()?),
        Kind::Integer => Scalar::Integer(text.parse().ok()?),
        Kind::Date => {
            let date: Date = text.parse().ok()?;
            let days = Date::constant(1970, 1, 1).until(date).ok()?;
            Scalar::Date(days.get_days())
        }
        Kind::Instant => {
            let instant: jiff::Timestamp = text.parse().ok()?;
            Scalar::Instant(instant.as_microsecond())
        }
    })
}
