//! The file of persons: which look-up leads to which person, with the identity sealed. A lost person would silently get
//! a second key, so damage stops the vault. A person may have several rows: one for each number that leads to them.

use std::borrow::Cow;
use std::path::Path;

use super::group_log::{Format, GroupLog, Written};
use super::seal::Lookup;
use crate::codec::{Cut, index, len32};
use crate::contract::StoreError;
use crate::disk::Disk;

static FORMAT: Format = Format {
    magic: *b"VARDNAVP\x01\0\0\0",
    marker: *b"\xf6VNp",
    what: "file of persons",
};

/// A person as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonRow<'a> {
    pub(crate) lookup: Lookup,
    pub(crate) person: [u8; 16],
    pub(crate) sealed: Cow<'a, [u8]>,
}

/// The open file.
pub(crate) struct PersonLog(GroupLog);

impl PersonLog {
    /// Opens or creates the file; calls `each` for every person.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        mut each: impl FnMut(PersonRow<'_>),
    ) -> Result<Self, StoreError> {
        GroupLog::open(disk, path, &FORMAT, |content| read_rows(content, &mut each)).map(Self)
    }

    /// Appends persons; durable on return.
    pub(crate) fn append(&mut self, rows: &[PersonRow<'_>]) -> Result<(), StoreError> {
        let mut content = len32(rows.len()).to_le_bytes().to_vec();
        for row in rows {
            content.extend(row.lookup);
            content.extend(row.person);
            content.extend(len32(row.sealed.len()).to_le_bytes());
            content.extend(&*row.sealed);
        }
        self.0.append(&content)
    }

    /// What is durable now.
    pub(crate) fn written(&self) -> Written {
        self.0.written()
    }
}

/// Tells the rows of a group's content; `None` when it is not made of rows.
pub(crate) fn read_rows(content: &[u8], mut each: impl FnMut(PersonRow<'_>)) -> Option<()> {
    let mut cut = Cut(content);
    let count = cut.u32()?;
    for _ in 0..count {
        let (lookup, person) = (cut.array()?, cut.array()?);
        let sealed = index(cut.u32()?.into());
        each(PersonRow {
            lookup,
            person,
            sealed: cut.take(sealed)?.into(),
        });
    }
    cut.is_empty().then_some(())
}
