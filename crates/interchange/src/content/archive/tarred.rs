//! Tar archives, compressed or not: one pass finds the files; those too large to keep are read again from the
//! beginning of the archive, as streams.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use tar::EntryType;

use super::checked::{damaged, limited};
use super::{Left, Refused, buffered, most, safe};
use crate::content::Files;

/// Largest file that is kept.
const KEPT_FILE_BYTES: u64 = 16 << 20;
/// Most bytes of an archive that are kept.
const KEPT_BYTES: u64 = 128 << 20;
/// Most bytes between the content of two files: headers, long names.
const BETWEEN_BYTES: u64 = 1 << 20;

/// A file in a tar archive.
pub(super) struct Tarred {
    /// The archive; whether it is compressed.
    archive: Arc<(String, bool)>,
    /// Where the file begins in the archive, decompressed.
    start: u64,
    size: u64,
    kept: Option<Vec<u8>>,
}

/// The files of an archive.
pub(super) fn members(
    files: &dyn Files,
    path: &str,
    compressed: bool,
    left: &mut Left,
) -> Result<Vec<(String, Tarred)>, Refused> {
    let most_bytes = files.size(path).filter(|_| compressed).map(most);
    let allowed = Rc::new(Cell::new(BETWEEN_BYTES));
    let content = content(files, path, compressed).map_err(Refused::damaged)?;
    let content = Allowed {
        content,
        allowed: Rc::clone(&allowed),
    };
    let archive = Arc::new((path.to_owned(), compressed));
    let mut tar = tar::Archive::new(content);
    let (mut members, mut kept_bytes, mut all_bytes) = (Vec::new(), 0, 0_u64);
    for entry in tar.entries().map_err(Refused::damaged)? {
        let mut entry = entry.map_err(Refused::damaged)?;
        let (size, start) = (entry.size(), entry.raw_file_position());
        allowed.set(size.saturating_add(BETWEEN_BYTES));
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            _ => return Err(Refused::new("VN-IMP-123", "the archive holds links or devices")),
        }
        let name = String::from_utf8(entry.path_bytes().into_owned()).map_err(Refused::damaged)?;
        let name = safe(&name)?.to_owned();
        left.take(&name, size, None)?;
        all_bytes += size;
        if most_bytes.is_some_and(|most| all_bytes > most) {
            let message = "the archive is far larger than its compressed bytes let expect";
            return Err(Refused::new("VN-IMP-122", message));
        }
        let keep =
            crate::content::is_wanted(&name) && size <= KEPT_FILE_BYTES && kept_bytes + size <= KEPT_BYTES;
        let kept = if keep {
            kept_bytes += size;
            let mut bytes = Vec::with_capacity(size as usize);
            entry.read_to_end(&mut bytes).map_err(Refused::damaged)?;
            if bytes.len() as u64 != size {
                return Err(Refused::damaged("it ends in the middle of a file"));
            }
            Some(bytes)
        } else {
            None
        };
        members.push((
            name,
            Tarred {
                archive: Arc::clone(&archive),
                start,
                size,
                kept,
            },
        ));
    }
    // The checksum of a compressed archive stands at its very end.
    allowed.set(BETWEEN_BYTES);
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(Refused::damaged)?;
    Ok(members)
}

impl Tarred {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn open<'o>(&'o self, files: &'o dyn Files) -> io::Result<Box<dyn BufRead + Send + 'o>> {
        if let Some(kept) = &self.kept {
            return Ok(Box::new(kept.as_slice()));
        }
        let (path, compressed) = &*self.archive;
        let mut content = content(files, path, *compressed)?;
        let skipped = io::copy(&mut (&mut content).take(self.start), &mut io::sink())?;
        if skipped < self.start {
            return Err(damaged("the archive is shorter than it was"));
        }
        Ok(buffered(Whole {
            content: content.take(self.size),
            left: self.size,
        }))
    }
}

/// The archive, decompressed.
fn content<'o>(files: &'o dyn Files, path: &str, compressed: bool) -> io::Result<Box<dyn Read + Send + 'o>> {
    let archive = files.open(path)?;
    if !compressed {
        return Ok(Box::new(archive));
    }
    let limit = files.size(path).map_or(super::BYTES_MAX, most);
    Ok(Box::new(limited(
        MultiGzDecoder::new(archive),
        limit.saturating_mul(2),
    )))
}

/// Reads so many bytes until more are allowed: what lies between two files, such as a long name, stays small.
struct Allowed<R> {
    content: R,
    allowed: Rc<Cell<u64>>,
}

impl<R: Read> Read for Allowed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        let left = self.allowed.get().checked_sub(count as u64);
        self.allowed
            .set(left.ok_or_else(|| damaged("too much lies between two files"))?);
        Ok(count)
    }
}

/// A stream that must have so many bytes.
struct Whole<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        if count == 0 && !buffer.is_empty() && self.left > 0 {
            return Err(damaged("the archive ends in the middle of it"));
        }
        Ok(count)
    }
}
