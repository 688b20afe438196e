//! Files that are read one by one, from memory, an archive or kept pieces; large ones as a stream.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// Files by path, with `/` between folders.
pub trait Files: Sync {
    /// All paths, sorted.
    fn paths(&self) -> Vec<String>;

    /// Bytes of a file; `None` when there is none with this path or it is not known before reading.
    fn size(&self, path: &str) -> Option<u64>;

    /// A file from its beginning.
    ///
    /// # Errors
    /// When there is none with this path, or it cannot be opened.
    fn open<'f>(&'f self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'f>>;
}

/// Files in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(BTreeMap<String, Vec<u8>>);

impl MemoryFiles {
    /// Files from paths and bytes; of two with the same path the later.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(files.into_iter().collect())
    }
}

impl Files for MemoryFiles {
    fn paths(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.0.get(path).map(|bytes| bytes.len() as u64)
    }

    fn open<'f>(&'f self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'f>> {
        let bytes = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

/// Files whose reading is told.
pub(super) struct Watched<'f> {
    files: &'f dyn Files,
    tell: &'f (dyn Fn(Progress<'_>) + Sync),
}

/// How far the reading of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'p> {
    /// Path of the file.
    pub file: &'p str,
    /// Bytes read.
    pub done: u64,
    /// Bytes it has, when known.
    pub of: Option<u64>,
}

/// Bytes after which it is told how far the reading is.
const TOLD_BYTES: u64 = 1 << 20;

impl<'f> Watched<'f> {
    pub(super) fn new(files: &'f dyn Files, tell: &'f (dyn Fn(Progress<'_>) + Sync)) -> Self {
        Self { files, tell }
    }
}

impl Files for Watched<'_> {
    fn paths(&self) -> Vec<String> {
        self.files.paths()
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.files.size(path)
    }

    fn open<'o>(&'o self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'o>> {
        Ok(Box::new(WatchedFile {
            content: self.files.open(path)?,
            tell: self.tell,
            path: path.to_owned(),
            done: 0,
            told: 0,
            of: self.files.size(path),
        }))
    }
}

struct WatchedFile<'o> {
    content: Box<dyn BufRead + Send + 'o>,
    tell: &'o (dyn Fn(Progress<'_>) + Sync),
    path: String,
    done: u64,
    told: u64,
    of: Option<u64>,
}

impl Read for WatchedFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.count(count);
        Ok(count)
    }
}

impl BufRead for WatchedFile<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.content.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.content.consume(count);
        self.count(count);
    }
}

impl WatchedFile<'_> {
    fn count(&mut self, count: usize) {
        self.done += count as u64;
        let at_end = Some(self.done) == self.of && self.told < self.done;
        if at_end || self.done - self.told >= TOLD_BYTES {
            self.told = self.done;
            (self.tell)(Progress {
                file: &self.path,
                done: self.done,
                of: self.of,
            });
        }
    }
}
