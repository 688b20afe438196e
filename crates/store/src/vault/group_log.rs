//! A file of the vault that is only appended to: checksummed groups, read whole at start. An unfinished last group was
//! never answered and is set aside; damage before it stops the vault, for what is lost there nobody could notice.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use crate::codec::{Cut, index, len32, len64};
use crate::contract::StoreError;
use crate::files::{put_file, read_up_to, sync_folder, unavailable};

/// Marker, checksum, length.
const PREFIX: usize = 12;
const GROUP_LIMIT: usize = 64 * 1024 * 1024;

/// How a file is known and what it is called.
#[derive(Debug)]
pub(crate) struct Format {
    /// Its first bytes.
    pub(crate) magic: [u8; 12],
    /// The first bytes of a group.
    pub(crate) marker: [u8; 4],
    /// What it is, in messages.
    pub(crate) what: &'static str,
}

impl Format {
    fn damaged(&self) -> StoreError {
        StoreError::Corrupt(format!("the vault's {}", self.what))
    }
}

/// The open file and where it ends.
pub(crate) struct GroupLog {
    format: &'static Format,
    file: Arc<File>,
    end: u64,
    failed: bool,
}

impl GroupLog {
    /// Opens or creates the file; calls `each` for the content of every group, and `None` from it is damage.
    pub(crate) fn open(
        path: &Path,
        format: &'static Format,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable(&format!("cannot open the {}", format.what), &error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        let file = Arc::new(file.map_err(failed)?);
        let log = |end| Self {
            format,
            file: Arc::clone(&file),
            end,
            failed: false,
        };
        let bytes = std::fs::read(path).map_err(failed)?;
        let magic = format.magic;
        if bytes.len() < magic.len() && magic.starts_with(&bytes) {
            file.write_all_at(&magic, 0)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            path.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
            return Ok(log(len64(magic.len())));
        }
        if !bytes.starts_with(&magic) {
            return Err(format.damaged());
        }
        let mut at = magic.len();
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            if let Some((content, length)) = read_group(format, at, rest) {
                each(content).ok_or_else(|| format.damaged())?;
                at += length;
                continue;
            }
            let follows = |skip| read_group(format, at + skip, rest.get(skip..).unwrap_or_default());
            if (1..rest.len()).any(|skip| follows(skip).is_some()) {
                return Err(format.damaged());
            }
            if rest.iter().any(|byte| *byte != 0) {
                tracing::warn!(
                    bytes = rest.len(),
                    what = format.what,
                    "an unfinished group at the end of a file of the vault was set aside"
                );
                put_file(&path.with_extension(format!("tail-{at}")), rest, 0o600).map_err(failed)?;
            }
            file.set_len(len64(at))
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            break;
        }
        Ok(log(len64(at)))
    }

    /// Appends a group; durable on return.
    pub(crate) fn append(&mut self, content: &[u8]) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Unavailable(
                "the vault could not be written; open it anew".to_owned(),
            ));
        }
        let length = len32(PREFIX + content.len()).to_le_bytes();
        let covered = [length.as_slice(), content].concat();
        let sum = sum(self.end, &covered).to_le_bytes();
        let group = [self.format.marker.as_slice(), &sum, &covered].concat();
        if group.len() > GROUP_LIMIT {
            return Err(StoreError::Limit(
                "too much for one group of the vault".to_owned(),
            ));
        }
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

    /// What is durable now, to be read again.
    pub(crate) fn written(&self) -> Written {
        Written {
            format: self.format,
            file: Arc::clone(&self.file),
            end: self.end,
        }
    }
}

/// The part of a file that was durable at some moment.
pub(crate) struct Written {
    format: &'static Format,
    file: Arc<File>,
    end: u64,
}

impl Written {
    /// Reads it group by group; `None` from `each` is damage.
    pub(crate) fn read(&self, mut each: impl FnMut(&[u8]) -> Option<()>) -> Result<(), StoreError> {
        let damaged = || self.format.damaged();
        let read = |at, length| {
            read_up_to(&self.file, at, length).map_err(|error| unavailable("cannot read the vault", &error))
        };
        let mut at = len64(self.format.magic.len());
        while at < self.end {
            let mut group = read(at, PREFIX)?;
            let length = group.last_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
            let length = index(length.ok_or_else(damaged)?.into());
            if length > GROUP_LIMIT {
                return Err(damaged());
            }
            group.extend(read(at + len64(PREFIX), length.saturating_sub(8))?);
            let (content, length) = read_group(self.format, index(at), &group).ok_or_else(damaged)?;
            each(content).ok_or_else(damaged)?;
            at += len64(length);
        }
        Ok(())
    }
}

fn sum(at: u64, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&at.to_le_bytes()), covered)
}

/// The content of the group at `at`, and the length of the group.
fn read_group<'a>(format: &Format, at: usize, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
    let mut cut = Cut(bytes);
    if cut.array()? != format.marker {
        return None;
    }
    let expected = cut.u32()?;
    let covered = cut.0;
    let length = index(cut.u32()?.into());
    if !(PREFIX..=GROUP_LIMIT).contains(&length) {
        return None;
    }
    let covered = covered.get(..length.checked_sub(8)?)?;
    (sum(len64(at), covered) == expected).then_some((covered.get(4..)?, length))
}
