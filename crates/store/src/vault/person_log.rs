//! The file of persons: which look-up leads to which person, with the identity sealed. A lost person would silently get
//! a second key, so damage stops the vault. A person may have several rows: one for each number that leads to them.

use std::path::Path;

use super::group_log::{Format, GroupLog, Written};
use super::seal::Lookup;
use crate::codec::{Cut, index, len32};
use crate::contract::StoreError;

static FORMAT: Format = Format {
    magic: *b"VARDNAVP\x01\0\0\0",
    marker: *b"\xf6VNp",
    what: "file of persons",
};

/// A person as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonRow {
    pub(crate) lookup: Lookup,
    pub(crate) person: [u8; 16],
    pub(crate) sealed: Vec<u8>,
}

/// The open file.
pub(crate) struct PersonLog(GroupLog);

impl PersonLog {
    /// Opens or creates the file; calls `each` for every person.
    pub(crate) fn open(path: &Path, mut each: impl FnMut(PersonRow)) -> Result<Self, StoreError> {
        let open = GroupLog::open(path, &FORMAT, |content| {
            read_rows(content)?.into_iter().for_each(&mut each);
            Some(())
        });
        open.map(Self)
    }

    /// Appends persons; durable on return.
    pub(crate) fn append(&mut self, rows: &[PersonRow]) -> Result<(), StoreError> {
        let mut content = len32(rows.len()).to_le_bytes().to_vec();
        for row in rows {
            content.extend(row.lookup);
            content.extend(row.person);
            content.extend(len32(row.sealed.len()).to_le_bytes());
            content.extend(&row.sealed);
        }
        self.0.append(&content)
    }

    /// What is durable now.
    pub(crate) fn written(&self) -> Written {
        self.0.written()
    }
}

/// The rows of a group's content.
pub(crate) fn read_rows(content: &[u8]) -> Option<Vec<PersonRow>> {
    let mut cut = Cut(content);
    let count = cut.u32()?;
    let mut rows = Vec::new();
    for _ in 0..count {
        let (lookup, person) = (cut.array()?, cut.array()?);
        let sealed = index(cut.u32()?.into());
        rows.push(PersonRow {
            lookup,
            person,
            sealed: cut.take(sealed)?.to_vec(),
        });
    }
    cut.is_empty().then_some(rows)
}
