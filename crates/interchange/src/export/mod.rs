//! What leaves the register as files of a month: tables in Parquet, whose columns are the variables, tables and axes of a
//! release; a manifest with the hash of each file and the place in the register; descriptions for people and catalogues.
//!
//! A file is written from the lines of an export. It never changes afterwards: another state of the register is another
//! month's folder or another name. Nothing that tells who a person is has a column.

mod columns;
mod dcat;
mod manifest;
mod table;
mod values;
mod variables;

pub use columns::{Column, Kind, Place, Table, tables, tables_of};
pub use dcat::dcat;
pub use manifest::{FileFacts, Head, Manifest};
pub use table::TableWriter;
pub use values::{Cell, Scalar, part_rows, record_row};
pub use variables::variables;

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A value is not of its column's kind.
    #[error("a value of column `{column}` is not of its kind")]
    Value {
        /// The column.
        column: String,
    },
    /// The table could not be written.
    #[error("the table cannot be written: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A text could not be written.
    #[error("the description cannot be written: {0}")]
    Text(String),
}
