//! Files that are read one by one, from memory, an archive or kept pieces; large ones as a stream.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

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
