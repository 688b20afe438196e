//! The file of persons: appended in checksummed groups, read whole at start. An unfinished last group was never
//! answered and is set aside; damage before it stops the vault, for a lost person would silently get a second key.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::seal::Lookup;
use crate::codec::{Cut, index, len32, len64};
use crate::contract::StoreError;
use crate::files::{put_file, sync_folder, unavailable};

const MAGIC: [u8; 12] = *b"VARDNAVP\x01\0\0\0";
const MARKER: [u8; 4] = *b"\xf6VNp";
/// Marker, checksum, length.
const PREFIX: usize = 12;
const GROUP_LIMIT: usize = 64 * 1024 * 1024;

/// A person as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonRow {
    pub(crate) lookup: Lookup,
    pub(crate) person: [u8; 16],
    pub(crate) sealed: Vec<u8>,
}

/// The open file and where it ends.
pub(crate) struct PersonLog {
    file: File,
    end: u64,
    failed: bool,
}

impl PersonLog {
    /// Opens or creates the file; calls `each` for every person.
    pub(crate) fn open(path: &Path, mut each: impl FnMut(PersonRow)) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable("cannot open the file of persons", &error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        let file = file.map_err(failed)?;
        let bytes = std::fs::read(path).map_err(failed)?;
        if bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
            file.write_all_at(&MAGIC, 0)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            path.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
            return Ok(Self {
                file,
                end: len64(MAGIC.len()),
                failed: false,
            });
        }
        let damaged = || StoreError::Corrupt("the vault's file of persons".to_owned());
        if !bytes.starts_with(&MAGIC) {
            return Err(damaged());
        }
        let mut at = MAGIC.len();
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            if let Some((rows, length)) = read_group(at, rest) {
                rows.into_iter().for_each(&mut each);
                at += length;
                continue;
            }
            if (1..rest.len())
                .any(|skip| read_group(at + skip, rest.get(skip..).unwrap_or_default()).is_some())
            {
                return Err(damaged());
            }
            if rest.iter().any(|byte| *byte != 0) {
                tracing::warn!(
                    bytes = rest.len(),
                    "an unfinished group at the end of the file of persons was set aside"
                );
                put_file(&path.with_extension(format!("tail-{at}")), rest, 0o600).map_err(failed)?;
            }
            file.set_len(len64(at))
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            break;
        }
        Ok(Self {
            file,
            end: len64(at),
            failed: false,
        })
    }

    /// Appends persons; durable on return.
    pub(crate) fn append(&mut self, rows: &[PersonRow]) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Unavailable(
                "the vault could not be written; open it anew".to_owned(),
            ));
        }
        let group = write_group(self.end, rows);
        let written = self.file.write_all_at(&group, self.end);
        if let Err(error) = written {
            self.failed = self.file.set_len(self.end).is_err();
            return Err(unavailable("cannot write the vault", &error));
        }
        if let Err(error) = self.file.sync_data() {
            self.failed = true;
            return Err(unavailable("cannot sync the vault", &error));
        }
        self.end += len64(group.len());
        Ok(())
    }
}

fn sum(at: u64, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&at.to_le_bytes()), covered)
}

fn write_group(at: u64, rows: &[PersonRow]) -> Vec<u8> {
    let mut content = len32(rows.len()).to_le_bytes().to_vec();
    for row in rows {
        content.extend(row.lookup);
        content.extend(row.person);
        content.extend(len32(row.sealed.len()).to_le_bytes());
        content.extend(&row.sealed);
    }
    let length = len32(PREFIX + content.len()).to_le_bytes();
    let covered = [length.as_slice(), &content].concat();
    [MARKER.as_slice(), &sum(at, &covered).to_le_bytes(), &covered].concat()
}

/// The persons of the group at `at`, and its length.
fn read_group(at: usize, bytes: &[u8]) -> Option<(Vec<PersonRow>, usize)> {
    let mut cut = Cut(bytes);
    if cut.array()? != MARKER {
        return None;
    }
    let expected = cut.u32()?;
    let covered = cut.0;
    let length = index(cut.u32()?.into());
    if !(PREFIX..=GROUP_LIMIT).contains(&length) {
        return None;
    }
    let covered = covered.get(..length.checked_sub(8)?)?;
    if sum(len64(at), covered) != expected {
        return None;
    }
    let mut cut = Cut(covered.get(4..)?);
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
    cut.is_empty().then_some((rows, length))
}
