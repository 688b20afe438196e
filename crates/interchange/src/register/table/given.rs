//! The ids that a file's lines were given, where ids are made of cells: a line whose id another one has is no record of
//! its own, and must be told.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use vardnav_register::definition::Severity;
use vardnav_register::finding::Finding;
use vardnav_register::hash::sha256;
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::Table;
use super::draft::Row;

/// Most records of a file whose ids are made: what is kept of them is held in memory, some 50 bytes each.
const GIVEN_MAX: usize = 10_000_000;

/// The lines that were given ids.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// By a digest of reporter, id and revision.
    lines: HashMap<[u8; 16], u64>,
}

impl Given {
    /// Takes the first line of a record; what is wrong when an earlier one has its id.
    pub(super) fn take(&mut self, table: &Table, row: &Row) -> Option<Finding> {
        let id = row.text(table.key.id);
        if !table.makes_ids() || id.is_empty() {
            return None;
        }
        let parts = [row.text(table.key.reporter), id, row.text(table.key.revision)];
        let digests = parts.map(|part| sha256(&[part.as_bytes()]));
        let whole = sha256(&[digests.as_flattened()]);
        let digest = *whole.first_chunk()?;
        let is_full = self.lines.len() >= GIVEN_MAX;
        match self.lines.entry(digest) {
            Entry::Occupied(earlier) => Some(twice(*earlier.get())),
            Entry::Vacant(_) if is_full => {
                let detail =
                    format!("at most {GIVEN_MAX} records in a file whose ids are made of its columns");
                let path = String::new();
                Some(finding_without_release(Mechanism::LimitTooMany, path, &detail))
            }
            Entry::Vacant(place) => {
                place.insert(row.line);
                None
            }
        }
    }
}

fn twice(earlier: u64) -> Finding {
    Finding {
        code: Mechanism::FormatUnreadable.code(),
        severity: Severity::Error,
        path: "id".to_owned(),
        message: format!(
            "the id made of the line's columns is that of line {earlier} too; leave the line out if both tell of the \
             same, otherwise tell them apart in a column that the layout makes ids of"
        ),
    }
}
