//! A file of the vault that is only appended to: checksummed groups, read from its beginning at start, a window at a
//! time. An unfinished last group was never answered and is set aside; damage before it stops the vault, for what is
//! lost there nobody could notice. A group that could not be written or synced is cut off again, durably, before
//! another is written.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::codec::{Cut, index, len32, len64};
use crate::contract::StoreError;
use crate::disk::{Disk, DiskFile, Open, put_file, unavailable, write_all_at};
use crate::window::Window;

/// Marker, checksum, length.
const PREFIX: usize = 12;
const GROUP_LIMIT: usize = 64 * 1024 * 1024;
/// Bytes looked at together when searching for a group.
const SEARCH: usize = 256 * 1024;

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
    file: Arc<dyn DiskFile>,
    end: u64,
    /// Whether bytes of a refused group may stand behind the end.
    doubtful: bool,
}

impl GroupLog {
    /// Opens or creates the file; calls `each` for the content of every group, and `None` from it is damage. What was
    /// read is durable on return.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        format: &'static Format,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable(&format!("cannot open the {}", format.what), &error);
        let file = open_file(disk, path).map_err(failed)?;
        let mut window = Window::new(&*file).map_err(failed)?;
        let begin = window.get(0, format.magic.len()).map_err(failed)?.to_vec();
        // Its first bytes may never have come although its length did.
        let is_new = begin.len() < format.magic.len() && format.magic.starts_with(&begin)
            || window.length() <= len64(format.magic.len()) && begin.iter().all(|byte| *byte == 0);
        let end = if is_new {
            write_all_at(&*file, &format.magic, 0).map_err(failed)?;
            len64(format.magic.len())
        } else if begin == format.magic {
            // It is written again for the reason below.
            write_all_at(&*file, &begin, 0).map_err(failed)?;
            let (last, end) = read_all(&mut window, format, &mut each, failed)?;
            if end < window.length() {
                set_aside(disk, path, format, &mut window, end, failed)?;
                file.set_length(end).map_err(failed)?;
            }
            // Its process may have been stopped, or failed, before it was synced, and a sync that failed once does not
            // tell again what it left out.
            let bytes = window.get(last, index(end - last)).map_err(failed)?;
            write_all_at(&*file, bytes, last).map_err(failed)?;
            end
        } else {
            return Err(format.damaged());
        };
        file.sync().map_err(failed)?;
        path.parent()
            .map_or(Ok(()), |folder| disk.sync_folder(folder))
            .map_err(failed)?;
        Ok(Self {
            format,
            file,
            end,
            doubtful: false,
        })
    }

    /// Appends a group; durable on return.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be kept: then nothing of it is, and it may be tried again.
    pub(crate) fn append(&mut self, content: &[u8]) -> Result<(), StoreError> {
        if PREFIX + content.len() > GROUP_LIMIT {
            return Err(StoreError::Limit(
                "too much for one group of the vault".to_owned(),
            ));
        }
        self.take_back()
            .map_err(|error| unavailable("cannot take back a failed write to the vault", &error))?;
        let length = len32(PREFIX + content.len()).to_le_bytes();
        let covered = [length.as_slice(), content].concat();
        let sum = sum(self.end, &covered).to_le_bytes();
        let group = [self.format.marker.as_slice(), &sum, &covered].concat();
        let written = write_all_at(&*self.file, &group, self.end)
            .map_err(|error| unavailable("cannot write the vault", &error));
        let synced = written.and_then(|()| {
            let synced = self.file.sync();
            synced.map_err(|error| unavailable("cannot sync the vault", &error))
        });
        if let Err(error) = synced {
            self.doubtful = true;
            // Tried again before anything else is written.
            if let Err(error) = self.take_back() {
                tracing::error!(%error, "a failed write to the vault cannot be taken back yet");
            }
            return Err(error);
        }
        self.end += len64(group.len());
        Ok(())
    }

    /// Cuts off what a refused group may have left behind the end, durably.
    fn take_back(&mut self) -> io::Result<()> {
        if self.doubtful {
            self.file.set_length(self.end)?;
            self.file.sync()?;
            self.doubtful = false;
        }
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

/// Opens a file, which is made for its owner only when it is not there.
fn open_file(disk: &dyn Disk, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
    match disk.open(path, Open::Existing) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => disk.open(path, Open::New(0o600)),
        other => other,
    }
}

/// Reads every group; answers where the last one begins, and where it ends.
fn read_all(
    window: &mut Window<'_>,
    format: &Format,
    each: &mut impl FnMut(&[u8]) -> Option<()>,
    failed: impl Fn(io::Error) -> StoreError,
) -> Result<(u64, u64), StoreError> {
    let mut at = len64(format.magic.len());
    let mut last = at;
    while let Some(length) = group_length(format, window.get(at, PREFIX).map_err(&failed)?) {
        let group = window.get(at, length).map_err(&failed)?;
        let Some(content) = read_group(format, at, group) else {
            break;
        };
        each(content).ok_or_else(|| format.damaged())?;
        last = at;
        at += len64(length);
    }
    Ok((last, at))
}

/// Keeps the unfinished end of the file beside it.
///
/// # Errors
/// `Corrupt` when it is no unfinished group: too long for one, or a group follows.
fn set_aside(
    disk: &dyn Disk,
    path: &Path,
    format: &Format,
    window: &mut Window<'_>,
    from: u64,
    failed: impl Fn(io::Error) -> StoreError,
) -> Result<(), StoreError> {
    let length = window.length() - from;
    if length > len64(GROUP_LIMIT) || group_follows(window, format, from + 1).map_err(&failed)? {
        return Err(format.damaged());
    }
    let rest = window.get(from, index(length)).map_err(&failed)?;
    if rest.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    tracing::warn!(
        bytes = length,
        what = format.what,
        "an unfinished group at the end of a file of the vault was set aside"
    );
    put_file(disk, &path.with_extension(format!("tail-{from}")), rest, 0o600).map_err(&failed)
}

/// Whether a sound group begins at `at` or later.
fn group_follows(window: &mut Window<'_>, format: &Format, mut at: u64) -> io::Result<bool> {
    while at < window.length() {
        let bytes = window.get(at, SEARCH)?;
        let marker = &format.marker;
        let Some(skip) = bytes.windows(marker.len()).position(|four| four == marker) else {
            at += len64(bytes.len().saturating_sub(marker.len() - 1).max(1));
            continue;
        };
        at += len64(skip);
        if let Some(length) = group_length(format, window.get(at, PREFIX)?)
            && read_group(format, at, window.get(at, length)?).is_some()
        {
            return Ok(true);
        }
        at += 1;
    }
    Ok(false)
}

/// The part of a file that was durable at some moment.
pub(crate) struct Written {
    format: &'static Format,
    file: Arc<dyn DiskFile>,
    end: u64,
}

impl Written {
    /// Reads it group by group; `None` from `each` is damage.
    pub(crate) fn read(&self, mut each: impl FnMut(&[u8]) -> Option<()>) -> Result<(), StoreError> {
        let failed = |error: io::Error| unavailable("cannot read the vault", &error);
        let mut window = Window::until(&*self.file, self.end);
        let (_, end) = read_all(&mut window, self.format, &mut each, failed)?;
        match end == self.end {
            true => Ok(()),
            false => Err(self.format.damaged()),
        }
    }
}

impl Written {
    /// Reads the one group that begins at a place (0: the first); gives where the next begins, or nothing at the end.
    ///
    /// # Errors
    /// `Limit` when no group begins there; `Corrupt` when it is damaged.
    pub(crate) fn read_one(
        &self,
        at: u64,
        each: impl FnOnce(&[u8]) -> Option<()>,
    ) -> Result<Option<u64>, StoreError> {
        let failed = |error: io::Error| unavailable("cannot read the vault", &error);
        let at = at.max(len64(self.format.magic.len()));
        if at >= self.end {
            return Ok(None);
        }
        let elsewhere = || {
            StoreError::Limit(format!(
                "no group of the vault's {} begins there",
                self.format.what
            ))
        };
        let mut window = Window::until(&*self.file, self.end);
        let prefix = window.get(at, PREFIX).map_err(failed)?;
        let length = group_length(self.format, prefix).ok_or_else(elsewhere)?;
        let group = window.get(at, length).map_err(failed)?;
        let content = read_group(self.format, at, group).ok_or_else(|| self.format.damaged())?;
        each(content).ok_or_else(|| self.format.damaged())?;
        Ok(Some(at + len64(length)))
    }
}

fn sum(at: u64, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&at.to_le_bytes()), covered)
}

/// The length of the group that begins with these bytes.
fn group_length(format: &Format, bytes: &[u8]) -> Option<usize> {
    let mut cut = Cut(bytes);
    let (marker, _sum) = (cut.array()?, cut.u32()?);
    let length = index(cut.u32()?.into());
    (marker == format.marker && (PREFIX..=GROUP_LIMIT).contains(&length)).then_some(length)
}

/// The content of the whole group at `at`.
fn read_group<'a>(format: &Format, at: u64, group: &'a [u8]) -> Option<&'a [u8]> {
    let mut cut = Cut(group.get(..group_length(format, group)?)?);
    let (_marker, expected) = (cut.take(4)?, cut.u32()?);
    let covered = cut.0;
    (sum(at, covered) == expected).then_some(covered.get(4..)?)
}
