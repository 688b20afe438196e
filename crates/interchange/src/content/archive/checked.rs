//! Streams that end in an error when they are not what was announced.

use std::io::{self, ErrorKind, Read};

use flate2::CrcReader;

/// A stream that must have so many bytes and this checksum.
pub(super) struct Checked<R> {
    content: CrcReader<R>,
    left: u64,
    checksum: u32,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(content: R, size: u64, checksum: u32) -> Self {
        Self {
            content: CrcReader::new(content),
            left: size,
            checksum,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| damaged("it is longer than the archive says"))?;
        if count == 0 && !buffer.is_empty() {
            if self.left > 0 {
                return Err(damaged("it is shorter than the archive says"));
            }
            if self.content.crc().sum() != self.checksum {
                return Err(damaged("its checksum is not the one in the archive"));
            }
        }
        Ok(count)
    }
}

/// A stream that may have so many bytes.
pub(super) fn limited<R: Read>(content: R, limit: u64) -> Limited<R> {
    Limited { content, left: limit }
}

/// See [`limited`].
pub(super) struct Limited<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| damaged("it is far larger than its compressed bytes let expect"))?;
        Ok(count)
    }
}

pub(super) fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
