//! Data on stdout, talk on stderr. A command gives rows as JSON values and names the columns for people; every
//! format is made from the same rows.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use crate::exit::{Failure, Outcome};

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
            let fields: Vec<Value> = value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, field)| serde_json::json!({"field": name, "value": text(field)}))
                .collect();
            drop(out);
            return rows(format, &["field", "value"], &fields);
        }
    }
    Ok(out.flush()?)
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
