//! The file that records are read from: which form it has, as the flags state it or its name and first bytes show.

use std::ffi::OsStr;
use std::io::BufRead;
use std::path::Path;

use clap::Args;
use vardnav_interchange::register::records::{Form, begins_as_csv};
use vardnav_interchange::register::table::encoding::Encoding;

use crate::command::report::reader;
use crate::exit::{Failure, Outcome};

/// How a file of records is written.
#[derive(Debug, Clone, Args)]
pub struct Input {
    /// Form of the file; recognised from its name and first line when left out
    #[arg(long, value_name = "FORM", value_parser = ["ndjson", "csv"])]
    pub format: Option<String>,
    /// Encoding of a CSV or text file: utf-8, windows-1252 or iso-8859-1; recognised when left out
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<Encoding>,
}

impl Input {
    /// Opens a file, and tells its form.
    pub(crate) fn open(&self, file: &Path) -> Outcome<(Box<dyn BufRead + Send>, Form)> {
        let mut input = reader(file)?;
        let form = self.form(file, input.fill_buf()?)?;
        Ok((input, form))
    }

    fn form(&self, file: &Path, beginning: &[u8]) -> Outcome<Form> {
        let csv = || Form::Csv(self.encoding.unwrap_or_default());
        let extension = file.extension().and_then(OsStr::to_str);
        match (self.format.as_deref(), extension) {
            (Some("csv"), _) | (None, Some("csv" | "tsv")) => Ok(csv()),
            (None, _) if begins_as_csv(beginning) => Ok(csv()),
            _ if self.encoding.is_some_and(|encoding| encoding != Encoding::Utf8) => {
                Err(Failure::Usage("NDJSON is UTF-8".into()))
            }
            _ => Ok(Form::Ndjson),
        }
    }
}
