//! Zip archives: their directory, and their files as streams.

use std::io::{self, BufRead, Cursor, Read};

use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::checked::Checked;
use super::{Left, Refused, buffered, safe};
use crate::content::Files;

/// A zip archive.
pub(super) struct Zipped {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    /// Where its bytes lie in the archive.
    start: usize,
    end: usize,
    deflated: bool,
    size: u64,
    checksum: u32,
}

impl Zipped {
    pub(super) fn open(files: &dyn Files, path: &str, left: &mut Left) -> Result<Self, Refused> {
        let mut bytes = Vec::new();
        let content = files.open(path).map_err(Refused::damaged)?;
        content
            .take(left.bytes)
            .read_to_end(&mut bytes)
            .map_err(Refused::damaged)?;
        let mut archive = ZipArchive::new(Cursor::new(bytes.as_slice())).map_err(Refused::damaged)?;
        let mut entries = Vec::with_capacity(archive.len().min(super::ENTRIES_MAX));
        for at in 0..archive.len() {
            let file = archive.by_index_raw(at).map_err(Refused::damaged)?;
            if file.is_dir() {
                continue;
            }
            let name = file.name().map_err(Refused::damaged)?;
            let name = safe(&name)?.to_owned();
            if file.is_symlink() {
                return Err(Refused::new("VN-IMP-123", format_args!("`{name}` is a link")));
            }
            let deflated = file.compression() == CompressionMethod::DEFLATE;
            if file.encrypted() || !(deflated || file.compression() == CompressionMethod::STORE) {
                let message = format_args!("`{name}` is encrypted, or neither stored nor deflated");
                return Err(Refused::new("VN-IMP-124", message));
            }
            left.take(&name, file.size(), Some(file.compressed_size()))?;
            let start = file.data_start().and_then(|start| usize::try_from(start).ok());
            let len = usize::try_from(file.compressed_size()).ok();
            let end = start
                .zip(len)
                .and_then(|(start, len)| start.checked_add(len))
                .filter(|end| *end <= bytes.len());
            let Some((start, end)) = start.zip(end) else {
                return Err(Refused::damaged("a file lies beyond its end"));
            };
            entries.push(Entry {
                name,
                start,
                end,
                deflated,
                size: file.size(),
                checksum: file.crc32(),
            });
        }
        Ok(Self { bytes, entries })
    }

    /// Paths of the files, in the order of the archive.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub(super) fn size(&self, entry: usize) -> Option<u64> {
        self.entries.get(entry).map(|entry| entry.size)
    }

    pub(super) fn content(&self, entry: usize) -> io::Result<Box<dyn BufRead + Send + '_>> {
        let entry = self.entries.get(entry).ok_or(io::ErrorKind::NotFound)?;
        let bytes = self.bytes.get(entry.start..entry.end).unwrap_or_default();
        Ok(if entry.deflated {
            buffered(Checked::new(
                DeflateDecoder::new(bytes),
                entry.size,
                entry.checksum,
            ))
        } else {
            buffered(Checked::new(bytes, entry.size, entry.checksum))
        })
    }
}
