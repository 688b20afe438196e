//! Data on stdout, talk on stderr. A command gives rows as JSON values and names the columns for people; every
//! format is made from the same rows.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use crate::exit::{Failure, Outcome};

/// Bytes of a list that a table shows; of a longer one it says how many there are.
const LIST_MAX: usize = 400;

/// How data are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
}

/// Writes `rows` in `format`; `columns` are the keys shown in tables and CSV.
pub fn rows(format: Format, columns: &[&str], rows: &[Value]) -> Outcome {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => json(&mut out, &Value::Array(rows.to_vec()))?,
        Format::Ndjson => {
            for row in rows {
                line(&mut out, row)?;
            }
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut out);
            writer.write_record(columns).map_err(Failure::failed)?;
            for row in rows {
                writer
                    .write_record(columns.iter().map(|column| cell(row, column)))
                    .map_err(Failure::failed)?;
            }
            writer.flush()?;
        }
        Format::Table => writeln!(out, "{}", table(columns, rows))?,
    }
    Ok(out.flush()?)
}

/// Writes one thing in `format`: the object itself as JSON, its fields as a two-column table.
pub fn one(format: Format, value: &Value) -> Outcome {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => json(&mut out, value)?,
        Format::Ndjson => line(&mut out, value)?,
        Format::Csv | Format::Table => {
            let fields = match format {
                Format::Table => fields_shown(value),
                _ => fields(value),
            };
            drop(out);
            return rows(format, &["field", "value"], &fields);
        }
    }
    Ok(out.flush()?)
}

/// The fields of a thing with all they hold.
fn fields(value: &Value) -> Vec<Value> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(name, field)| serde_json::json!({"field": name, "value": text(field)}))
        .collect()
}

/// The fields of a thing as people read them: what a field holds stands on lines of its own, and of a long list how many
/// there are.
fn fields_shown(value: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for (name, field) in value.as_object().into_iter().flatten() {
        match field {
            Value::Object(inner) => rows.extend(inner.iter().map(|(inner, field)| {
                serde_json::json!({"field": format!("{name} {inner}"), "value": list_shown(field)})
            })),
            field => rows.push(serde_json::json!({"field": name, "value": list_shown(field)})),
        }
    }
    rows
}

/// A value in words, and a list too long for a table as how many it holds.
fn list_shown(value: &Value) -> String {
    let shown = text(value);
    match value {
        Value::Array(items) if shown.len() > LIST_MAX => {
            format!("{} entries (-o json shows them)", items.len())
        }
        _ => shown,
    }
}

/// A table for people.
pub fn table(columns: &[&str], rows: &[Value]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| column.replace('_', " ")));
    for row in rows {
        table.add_row(columns.iter().map(|column| cell(row, column)));
    }
    table
}

/// Writes one line of JSON.
pub fn line(out: &mut impl Write, value: &Value) -> Outcome {
    serde_json::to_writer(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// Says something to people.
pub fn say(message: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

fn json(out: &mut impl Write, value: &Value) -> Outcome {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

fn cell(row: &Value, column: &str) -> String {
    row.get(column).map(text).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_of_a_long_list_how_many_it_holds() {
        let heads = vec![serde_json::json!({"size": 1, "root": "0123456789abcdef"}); 3000];
        let shown = fields_shown(&serde_json::json!({
            "proven": true, "heads": heads, "national": [1, 2], "last": {"number": 7},
        }));
        let of = |name: &str| {
            let row = shown.iter().find(|row| row["field"] == name).unwrap();
            row["value"].as_str().unwrap().to_owned()
        };
        assert_eq!(of("heads"), "3000 entries (-o json shows them)");
        assert_eq!(of("national"), "1, 2");
        assert_eq!(of("last number"), "7");
    }
}
