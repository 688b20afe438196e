//! Lines of a file, one at a time and bounded: a line beyond the limit is passed over without holding it, and
//! reading goes on at the next line break.

use std::io::{self, BufRead, Read};

use vardnav_register::hash::{Hash, Hasher};

/// Longest line of records that is read, in bytes.
pub const LINE_MAX: usize = 1024 * 1024;

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// What it holds.
    pub content: LineContent<'a>,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineContent<'a> {
    /// Its bytes without the line break.
    Bytes(&'a [u8]),
    /// It is longer than the limit.
    TooLong,
}

/// Reads lines with content; lines of white space alone are counted and passed over, and so is a byte order mark
/// at the start of the file.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    limit: usize,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most [`LINE_MAX`] bytes.
    pub fn new(reader: R) -> Self {
        Self::with_limit(reader, LINE_MAX)
    }

    /// Lines of at most `limit` bytes.
    pub fn with_limit(reader: R, limit: usize) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            number: 0,
            limit,
        }
    }

    /// The next line with content; `None` at the end.
    ///
    /// # Errors
    /// Whatever the reader answers.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            match self.fill()? {
                Filled::End => return Ok(None),
                Filled::TooLong => {
                    return Ok(Some(Line {
                        number: self.number,
                        content: LineContent::TooLong,
                    }));
                }
                Filled::Line if self.buffer.iter().all(u8::is_ascii_whitespace) => {}
                Filled::Line => break,
            }
        }
        Ok(Some(Line {
            number: self.number,
            content: LineContent::Bytes(&self.buffer),
        }))
    }

    /// The reader, wherever it stands.
    pub fn into_inner(self) -> R {
        self.reader
    }

    fn fill(&mut self) -> io::Result<Filled> {
        const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
        self.buffer.clear();
        let mut too_long = false;
        let mut anything = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            anything = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available
                .get(..end.unwrap_or(available.len()))
                .unwrap_or_default();
            if self.buffer.len() + part.len() > self.limit {
                too_long = true;
                self.buffer.clear();
            }
            if !too_long {
                self.buffer.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                break;
            }
        }
        if !anything {
            return Ok(Filled::End);
        }
        self.number += 1;
        if too_long {
            return Ok(Filled::TooLong);
        }
        if self.number == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(Filled::Line)
    }
}

enum Filled {
    Line,
    TooLong,
    End,
}

/// A reader that computes the salted SHA-256 of everything read through it: what a receipt file says of its input.
#[derive(Debug)]
pub struct Salted<R> {
    reader: R,
    hasher: Hasher,
}

impl<R: BufRead> Salted<R> {
    /// Reads on from where `reader` stands.
    pub fn new(reader: R, salt: &[u8; 32]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(salt);
        Self { reader, hasher }
    }

    /// The digest of salt and everything read.
    pub fn digest(self) -> Hash {
        self.hasher.finish()
    }
}

impl<R: BufRead> Read for Salted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Salted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed has been filled before, so this neither waits nor fails.
        if let Ok(available) = self.reader.fill_buf() {
            self.hasher.update(available.get(..count).unwrap_or_default());
        }
        self.reader.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn all(text: &[u8], limit: usize, capacity: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::with_limit(BufReader::with_capacity(capacity, text), limit);
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let content = match line.content {
                LineContent::Bytes(bytes) => Some(bytes.to_vec()),
                LineContent::TooLong => None,
            };
            found.push((line.number, content));
        }
        found
    }

    #[test]
    fn lines_are_numbered_whatever_they_end_in() {
        for capacity in [1, 2, 3, 64] {
            let found = all(b"\xef\xbb\xbfab\r\n\n  \nc\n12345678\n1234567\nd", 7, capacity);
            let text = |text: &str| Some(text.as_bytes().to_vec());
            let wanted = [
                (1, text("ab")),
                (4, text("c")),
                (5, None),
                (6, text("1234567")),
                (7, text("d")),
            ];
            assert_eq!(found, wanted, "{capacity}");
        }
        assert!(all(b"", 7, 4).is_empty());
    }

    #[test]
    fn a_line_of_fifty_megabytes_is_passed_over_without_holding_it() {
        let long = std::io::repeat(b'x').take(50 * 1024 * 1024).chain(&b"\nab\n"[..]);
        let mut lines = Lines::new(BufReader::new(long));
        assert_eq!(lines.next_line().unwrap().unwrap().content, LineContent::TooLong);
        assert!(lines.buffer.capacity() <= 2 * LINE_MAX);
        assert_eq!(
            lines.next_line().unwrap().unwrap(),
            Line {
                number: 2,
                content: LineContent::Bytes(b"ab")
            }
        );
        assert_eq!(lines.next_line().unwrap(), None);
    }

    #[test]
    fn the_digest_covers_every_byte_read() {
        let salt = [3u8; 32];
        let text = b"ab\ncd\n\xff";
        let mut lines = Lines::new(Salted::new(BufReader::with_capacity(2, &text[..]), &salt));
        while lines.next_line().unwrap().is_some() {}
        assert_eq!(
            lines.into_inner().digest(),
            vardnav_register::hash::sha256(&[&salt, text])
        );
    }
}
