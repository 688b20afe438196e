//! Writing CSV: a mapping and its tables, so that they are read back as what was written. A table is written row by
//! row and holds no more than its last bytes.

mod code_system;
mod components;
mod concept_map;
mod value_set;

use std::io;

use vardnav_terminology::model::{Designation, DesignationStatus, LocalizedText, Validity};

use super::super::fhir::words::{DESIGNATION_STATUS, word};
use super::MAPPING;
use super::mapping::{Mapping, TextEntry};

pub use code_system::write_code_system;
pub use concept_map::write_concept_map;
pub use value_set::write_value_set;

/// Where files go: takes the path of a file and the bytes that follow in it. A file is whole before the next begins.
pub type Sink<'s> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 's;

/// Bytes of a table that are held until they go out.
const BUFFER_BYTES: usize = 1 << 16;

/// The files of one mapping.
struct Files<'f> {
    name: &'f str,
    sink: &'f mut Sink<'f>,
}

impl<'f> Files<'f> {
    /// Begins with the mapping.
    fn new(name: &'f str, mapping: &Mapping, sink: &'f mut Sink<'f>) -> io::Result<Self> {
        let text = toml::to_string(mapping).map_err(io::Error::other)?;
        sink(&format!("{name}{MAPPING}"), text.as_bytes())?;
        Ok(Self { name, sink })
    }

    /// The table of the mapping itself.
    fn main(
        &mut self,
        columns: &[&str],
        write: impl FnOnce(&mut Rows<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let path = format!("{}.csv", self.name);
        let mut rows = Rows::new(path, columns, &mut *self.sink);
        rows.begin()?;
        write(&mut rows)?;
        rows.writer.flush()
    }

    /// A table beside it, which is left out when it has no rows.
    fn beside(
        &mut self,
        (table, columns): (&str, &[&str]),
        write: impl FnOnce(&mut Rows<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let path = format!("{}.{table}.csv", self.name);
        let mut rows = Rows::new(path, columns, &mut *self.sink);
        write(&mut rows)?;
        rows.writer.flush()
    }
}

/// The rows of a table.
struct Rows<'r> {
    writer: ::csv::Writer<Output<'r>>,
    columns: &'r [&'r str],
    begun: bool,
}

impl<'r> Rows<'r> {
    fn new(path: String, columns: &'r [&'r str], sink: &'r mut Sink<'r>) -> Self {
        let mut builder = ::csv::WriterBuilder::new();
        let output = Output { path, sink };
        Self {
            writer: builder.buffer_capacity(BUFFER_BYTES).from_writer(output),
            columns,
            begun: false,
        }
    }

    /// Writes the headings, once.
    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.writer.write_record(self.columns)?;
        }
        Ok(())
    }

    /// Adds a row with a cell for each column.
    fn add(&mut self, cells: &[&str]) -> io::Result<()> {
        self.begin()?;
        self.writer.write_record(cells)?;
        Ok(())
    }
}

/// A file that goes out.
struct Output<'o> {
    path: String,
    sink: &'o mut Sink<'o>,
}

impl io::Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.sink)(&self.path, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn add_designation(rows: &mut Rows<'_>, place: &[&str], designation: &Designation) -> io::Result<()> {
    let [from, until] = dates(designation.validity);
    let status = match designation.status {
        DesignationStatus::Recommended => "",
        status => word(DESIGNATION_STATUS, &status),
    };
    let mut cells = place.to_vec();
    cells.extend([
        designation.text.as_str(),
        &designation.language,
        status,
        &from,
        &until,
        &designation.scope,
        &designation.domain,
        &designation.usage,
        &designation.comment,
    ]);
    rows.add(&cells)
}

fn dates(validity: Validity) -> [String; 2] {
    [validity.from, validity.until].map(|date| date.map(|date| date.to_string()).unwrap_or_default())
}

fn flag(flag: bool) -> &'static str {
    if flag { "true" } else { "" }
}

fn text_entry(text: &LocalizedText) -> TextEntry {
    TextEntry {
        language: text.language.clone(),
        text: text.text.clone(),
    }
}
