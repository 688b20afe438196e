//! Reading through a long file with little memory: what is asked for next is read ahead. Checks nothing of what it reads.

use std::io;

use crate::codec::{index, len64};
use crate::disk::{DiskFile, read_up_to};

/// A moving window over a file: reads ahead, answers slices.
pub(crate) struct Window<'a> {
    file: &'a dyn DiskFile,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    const AHEAD: usize = 1024 * 1024;

    pub(crate) fn new(file: &'a dyn DiskFile) -> io::Result<Self> {
        Ok(Self::until(file, file.length()?))
    }

    /// As [`Window::new`], over the beginning of a file only.
    pub(crate) fn until(file: &'a dyn DiskFile, length: u64) -> Self {
        Self {
            file,
            length,
            start: 0,
            bytes: Vec::new(),
        }
    }

    /// Reads anew what is asked for next.
    pub(crate) fn forget(&mut self) {
        self.bytes.clear();
    }

    /// Bytes of the file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Up to `length` bytes at `at`; fewer only at the end of the file.
    pub(crate) fn get(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let end = at.saturating_add(len64(length)).min(self.length);
        let held = self.start + len64(self.bytes.len());
        if at < self.start || end > held {
            let left = index(self.length.saturating_sub(at));
            self.bytes = read_up_to(self.file, at, length.max(Self::AHEAD).min(left))?;
            self.start = at;
        }
        let skip = index(at - self.start);
        let rest = self.bytes.get(skip..).unwrap_or_default();
        Ok(rest.get(..length).unwrap_or(rest))
    }
}
