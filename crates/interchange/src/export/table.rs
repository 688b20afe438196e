//! A table written as Parquet: rows are gathered into groups of bounded size, so that memory does not grow with the table.
//! Every column may be empty; a list is the three-level form that all readers know. What the columns mean stands in the
//! file's own metadata, and the hash of the file is computed as it is written.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use sha2::{Digest as _, Sha256};

use super::ExportError;
use super::columns::{Column, Kind, Table};
use super::manifest::FileFacts;
use super::values::{Cell, Scalar};

/// Rows of a group.
const GROUP_ROWS: usize = 50_000;
/// Bytes of values that are gathered before a group is written, about.
const GROUP_BYTES: usize = 32 << 20;

/// Writes a table.
pub struct TableWriter<W: Write + Send> {
    writer: SerializedFileWriter<Hashing<W>>,
    columns: Vec<Gathered>,
    gathered: usize,
    bytes: usize,
    rows: u64,
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table. `about` are further names and values for the file's metadata.
    ///
    /// # Errors
    /// [`ExportError::Parquet`] when the beginning cannot be written.
    pub fn new(out: W, table: &Table, about: &[(&str, &str)]) -> Result<Self, ExportError> {
        let schema = Arc::new(parse_message_type(&schema(table))?);
        let mut metadata: Vec<KeyValue> = Vec::new();
        let mut note = |key: String, value: &str| metadata.push(KeyValue::new(key, value.to_owned()));
        for (key, value) in about {
            note((*key).to_owned(), value);
        }
        note("table.sv".to_owned(), &table.label.sv);
        note("table.en".to_owned(), &table.label.en);
        for column in &table.columns {
            note(
                format!("column.{}.sv", column.name),
                &comment(&column.label.sv, &column.description.sv),
            );
            note(
                format!("column.{}.en", column.name),
                &comment(&column.label.en, &column.description.en),
            );
        }
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("vardnav".to_owned())
            .set_key_value_metadata(Some(metadata))
            .build();
        Ok(Self {
            writer: SerializedFileWriter::new(Hashing::new(out), schema, Arc::new(properties))?,
            columns: table.columns.iter().map(Gathered::of).collect(),
            gathered: 0,
            bytes: 0,
            rows: 0,
        })
    }

    /// Adds a row: a cell for each column, in their order; missing ones are empty.
    ///
    /// # Errors
    /// [`ExportError`] when a cell is not of its column's kind, or a group cannot be written.
    pub fn push(&mut self, cells: Vec<Cell>) -> Result<(), ExportError> {
        let mut cells = cells.into_iter();
        for column in &mut self.columns {
            self.bytes += column.push(cells.next().unwrap_or(Cell::None))?;
        }
        self.gathered += 1;
        self.rows += 1;
        if self.gathered >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Ends the table; gives where it was written and what is known of it.
    ///
    /// # Errors
    /// [`ExportError::Parquet`] when the end cannot be written.
    pub fn finish(mut self) -> Result<(W, FileFacts), ExportError> {
        if self.gathered > 0 {
            self.write_group()?;
        }
        let rows = self.rows;
        let Hashing { inner, hash, bytes } = self.writer.into_inner()?;
        let facts = FileFacts {
            rows,
            bytes,
            sha256: hash.finalize().into(),
        };
        Ok((inner, facts))
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            if let Some(mut writer) = group.next_column()? {
                column.write(&mut writer)?;
                writer.close()?;
            }
        }
        group.close()?;
        self.gathered = 0;
        self.bytes = 0;
        Ok(())
    }
}

fn comment(label: &str, description: &str) -> String {
    match (label, description) {
        (label, "") => label.to_owned(),
        ("", description) => description.to_owned(),
        (label, description) => format!("{label}: {description}"),
    }
}

/// The schema in Parquet's own words.
fn schema(table: &Table) -> String {
    let fields = table.columns.iter().map(|column| {
        let kind = match column.kind {
            Kind::Text => ("binary", " (STRING)"),
            Kind::Date => ("int32", " (DATE)"),
            Kind::Boolean => ("boolean", ""),
            Kind::Integer => ("int64", ""),
            Kind::Instant => ("int64", " (TIMESTAMP(MICROS,true))"),
        };
        let Column { name, list, .. } = column;
        let (physical, logical) = kind;
        match list {
            false => format!("optional {physical} {name}{logical};"),
            true => format!(
                "optional group {name} (LIST) {{ repeated group list {{ optional {physical} element{logical}; }} }}"
            ),
        }
    });
    let fields: Vec<String> = fields.collect();
    let name = table.name.replace('-', "_");
    format!("message {name} {{ {} }}", fields.join(" "))
}

/// The values of a column that wait to be written, with their levels.
struct Gathered {
    name: String,
    list: bool,
    /// How much of an element is there: 0 nothing, up to [`Gathered::full`] a value.
    definitions: Vec<i16>,
    /// Whether an element begins a row (0) or goes on with a list (1).
    repetitions: Vec<i16>,
    values: Values,
}

enum Values {
    Text(Vec<ByteArray>),
    Days(Vec<i32>),
    Flags(Vec<bool>),
    Numbers(Vec<i64>),
}

impl Gathered {
    fn of(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            list: column.list,
            definitions: Vec::new(),
            repetitions: Vec::new(),
            values: match column.kind {
                Kind::Text => Values::Text(Vec::new()),
                Kind::Date => Values::Days(Vec::new()),
                Kind::Boolean => Values::Flags(Vec::new()),
                Kind::Integer | Kind::Instant => Values::Numbers(Vec::new()),
            },
        }
    }

    /// The level of a value that is there.
    fn full(&self) -> i16 {
        if self.list { 3 } else { 1 }
    }

    /// Adds a cell; gives about how many bytes it takes.
    fn push(&mut self, cell: Cell) -> Result<usize, ExportError> {
        let mut bytes = 4;
        match cell {
            Cell::None => self.level(0, 0),
            Cell::One(scalar) => {
                self.level(self.full(), 0);
                bytes += self.value(scalar)?;
            }
            Cell::Many(elements) if elements.is_empty() => self.level(1, 0),
            Cell::Many(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    let repetition = i16::from(index > 0);
                    bytes += 4;
                    match element {
                        None => self.level(2, repetition),
                        Some(scalar) => {
                            self.level(3, repetition);
                            bytes += self.value(scalar)?;
                        }
                    }
                }
            }
        }
        Ok(bytes)
    }

    fn level(&mut self, definition: i16, repetition: i16) {
        self.definitions.push(definition);
        self.repetitions.push(repetition);
    }

    fn value(&mut self, scalar: Scalar) -> Result<usize, ExportError> {
        let size = match &scalar {
            Scalar::Text(text) => text.len() + 32,
            _ => 8,
        };
        match (&mut self.values, scalar) {
            (Values::Text(values), Scalar::Text(text)) => values.push(text.into_bytes().into()),
            (Values::Days(values), Scalar::Date(days)) => values.push(days),
            (Values::Flags(values), Scalar::Boolean(flag)) => values.push(flag),
            (Values::Numbers(values), Scalar::Integer(number) | Scalar::Instant(number)) => {
                values.push(number);
            }
            _ => {
                return Err(ExportError::Value {
                    column: self.name.clone(),
                });
            }
        }
        Ok(size)
    }

    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ExportError> {
        let definitions = Some(self.definitions.as_slice());
        let repetitions = self.list.then_some(self.repetitions.as_slice());
        match &mut self.values {
            Values::Text(values) => {
                let typed = writer.typed::<ByteArrayType>();
                typed.write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Days(values) => {
                writer
                    .typed::<Int32Type>()
                    .write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Flags(values) => {
                writer
                    .typed::<BoolType>()
                    .write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Numbers(values) => {
                writer
                    .typed::<Int64Type>()
                    .write_batch(values, definitions, repetitions)?;
                values.clear();
            }
        }
        self.definitions.clear();
        self.repetitions.clear();
        Ok(())
    }
}

/// Counts and hashes what goes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hash.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
