//! The list of variables of an export as people read it in a spreadsheet: a row for each column, with its description,
//! format, codes, dates and legal basis, in Swedish. Semicolons and a byte order mark, as spreadsheets here take them.

use super::ExportError;
use super::columns::{Column, Kind, Table};

/// The columns of the list.
const HEADER: [&str; 10] = [
    "Tabell",
    "Variabelnamn",
    "Benämning",
    "Beskrivning",
    "Format",
    "Koder",
    "Från",
    "Till",
    "Rättslig grund",
    "Variabel-id",
];
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The bytes of the file.
///
/// # Errors
/// [`ExportError::Text`], which no table is known to cause.
pub fn variables(tables: &[Table]) -> Result<Vec<u8>, ExportError> {
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    let failed = |error: csv::Error| ExportError::Text(error.to_string());
    {
        let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(&mut bytes);
        writer.write_record(HEADER).map_err(failed)?;
        for table in tables {
            for column in &table.columns {
                writer.write_record(row(table, column)).map_err(failed)?;
            }
        }
        writer
            .flush()
            .map_err(|error| ExportError::Text(error.to_string()))?;
    }
    Ok(bytes)
}

fn row(table: &Table, column: &Column) -> [String; 10] {
    let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    [
        table.name.clone(),
        column.name.clone(),
        column.label.sv.clone(),
        column.description.sv.clone(),
        format(column),
        column.codes.clone(),
        date(column.from),
        date(column.until),
        column.legal_basis.clone(),
        column.of.clone(),
    ]
}

fn format(column: &Column) -> String {
    let one = match column.kind {
        Kind::Text => "text",
        Kind::Date => "datum (ÅÅÅÅ-MM-DD)",
        Kind::Boolean => "ja/nej",
        Kind::Integer => "heltal",
        Kind::Instant => "tidpunkt (UTC)",
    };
    match column.list {
        true => format!("lista av {one}"),
        false => one.to_owned(),
    }
}
