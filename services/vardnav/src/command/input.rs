//! The file that records are read from: which form it has, as the flags state it or its name and first bytes show.

use std::ffi::OsStr;
use std::io::{BufRead, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use vardnav_interchange::register::records::{Form, beginning, begins_as_csv};
use vardnav_interchange::register::table::encoding::Encoding;
use vardnav_interchange::register::table::layout::Layout;
use vardnav_interchange::register::table::{TableForm, TextFile};
use vardnav_interchange::release::{layouts, starter};
use vardnav_register::hash::{Hash, sha256};
use vardnav_register::record::RecordKind;

use crate::command::report::reader;
use crate::exit::{Failure, Outcome};

/// Fewest bytes of a file with the key of ids.
const KEY_MIN: usize = 32;

/// Most bytes of a file with a layout.
const LAYOUT_MAX: u64 = 1024 * 1024;

/// How a file of records is written.
#[derive(Debug, Clone, Args)]
pub struct Input {
    /// Form of the file; recognised from its name and first line when left out
    #[arg(long, value_name = "FORM", value_parser = ["ndjson", "csv"], conflicts_with = "layout")]
    pub format: Option<String>,
    /// Layout of the file: a name that `register layout` lists, or a TOML file of your own
    #[arg(long, value_name = "NAME|FILE")]
    pub layout: Option<PathBuf>,
    /// Encoding of a CSV or text file: utf-8, windows-1252 or iso-8859-1; recognised when left out
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<Encoding>,
    /// File with at least 32 random bytes of your own, for layouts whose lines have no ids: ids are made under it
    #[arg(long, value_name = "FILE", requires = "layout")]
    pub id_key: Option<PathBuf>,
}

/// A layout by its name or its file.
pub(crate) enum Named {
    /// CSV with records of a kind.
    Csv(RecordKind),
    /// A layout of text files.
    Text(Box<Layout>),
}

/// What the CSV of each kind of record is called.
pub(crate) const CSV_NAMES: [(&str, RecordKind); 4] = [
    ("contacts", RecordKind::Contact),
    ("episodes", RecordKind::Episode),
    ("monitoring-periods", RecordKind::MonitoringPeriod),
    ("care-requests", RecordKind::CareRequest),
];

impl Input {
    /// Opens a file, and tells its form.
    pub(crate) fn open(&self, file: &Path) -> Outcome<(Box<dyn BufRead + Send>, Form)> {
        let mut input = reader(file)?;
        let begun = beginning(&mut input)?;
        let form = self.form(file, &begun)?;
        Ok((Box::new(Cursor::new(begun).chain(input)), form))
    }

    fn form(&self, file: &Path, beginning: &[u8]) -> Outcome<Form> {
        if let Some(layout) = &self.layout {
            return self.of_layout(layout);
        }
        let extension = file.extension().and_then(OsStr::to_str);
        match (self.format.as_deref(), extension) {
            (Some("csv"), _) | (None, Some("csv" | "tsv")) => Ok(self.csv(None)),
            (None, _) if begins_as_csv(beginning) => Ok(self.csv(None)),
            (None, Some("txt")) => Err(Failure::Usage(
                "a text file is read with --layout; `vardnav register layout` lists them".into(),
            )),
            _ if self.encoding.is_some_and(|encoding| encoding != Encoding::Utf8) => {
                Err(Failure::Usage("NDJSON is UTF-8".into()))
            }
            _ => Ok(Form::Ndjson),
        }
    }

    fn csv(&self, kind: Option<RecordKind>) -> Form {
        Form::Table(TableForm::Csv {
            encoding: self.encoding.unwrap_or_default(),
            kind,
        })
    }

    fn of_layout(&self, name: &Path) -> Outcome<Form> {
        let layout = match named(name)? {
            Named::Csv(kind) => return Ok(self.csv(Some(kind))),
            Named::Text(layout) => layout,
        };
        let key = self.id_key.as_deref().map(id_key).transpose()?;
        if layout.needs_key() && key.is_none() {
            let message = "lines of this layout have no ids: --id-key names a file of at least 32 random bytes that \
                           only you have, under which they are made; keep it, so that ids stay the same";
            return Err(Failure::Usage(message.into()));
        }
        Ok(Form::Table(TableForm::Text(TextFile {
            layout: Arc::new(*layout),
            encoding: self.encoding,
            key,
        })))
    }
}

/// The layout with a name, or that of a file.
pub(crate) fn named(name: &Path) -> Outcome<Named> {
    let text = name.to_string_lossy();
    if let Some((_, kind)) = CSV_NAMES.iter().find(|(known, _)| *known == text) {
        return Ok(Named::Csv(*kind));
    }
    let package = starter::package().map_err(Failure::failed)?;
    let known = layouts::of(&package).into_iter().find(|layout| layout.id == text);
    if let Some(layout) = known {
        return Ok(Named::Text(Box::new(layout)));
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!(
            "{text} is no layout that `vardnav register layout` lists, and cannot be read as a file: {error}"
        ))
    };
    let size = std::fs::metadata(name).map_err(|error| unreadable(&error))?.len();
    if size > LAYOUT_MAX {
        return Err(Failure::Usage(format!("{text} is too long for a layout")));
    }
    let content = std::fs::read_to_string(name).map_err(|error| unreadable(&error))?;
    match Layout::read(&content) {
        Ok(layout) => Ok(Named::Text(Box::new(layout))),
        Err(findings) => {
            let told = findings
                .iter()
                .map(|finding| format!("{text}:{}: {} {}", finding.line, finding.code, finding.message));
            Err(Failure::Findings(told.collect::<Vec<_>>().join("\n")))
        }
    }
}

fn id_key(file: &Path) -> Outcome<Hash> {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    match bytes.len() >= KEY_MIN {
        true => Ok(sha256(&[&bytes])),
        false => Err(Failure::Usage(format!(
            "a key of ids has at least {KEY_MIN} bytes"
        ))),
    }
}
