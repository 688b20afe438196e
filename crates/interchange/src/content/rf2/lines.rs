//! Lines of a stream, one at a time and without copies, each with its number; none longer than a limit is held.

use std::io::{self, BufRead, ErrorKind};
use std::mem::take;

use memchr::memchr;

/// Most bytes of a line.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// The lines of a stream.
pub(super) struct Lines<'f> {
    input: Box<dyn BufRead + Send + 'f>,
    /// How much of the stream's buffer the line given last took.
    used: usize,
    /// A line that lies across two buffers.
    split: Vec<u8>,
    number: u32,
}

/// A line.
pub(super) struct Line<'l> {
    /// From 1.
    pub(super) number: u32,
    /// Without its end; `None` when it is longer than [`LINE_BYTES_MAX`].
    pub(super) bytes: Option<&'l [u8]>,
}

impl<'f> Lines<'f> {
    pub(super) fn new(input: Box<dyn BufRead + Send + 'f>) -> Self {
        Self {
            input,
            used: 0,
            split: Vec::new(),
            number: 0,
        }
    }

    /// The next line, `None` at the end.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.input.consume(take(&mut self.used));
        let end = memchr(b'\n', filled(&mut *self.input)?);
        self.number = self.number.saturating_add(1);
        let number = self.number;
        let Some(end) = end else {
            let Some(fits) = self.gather()? else {
                return Ok(None);
            };
            let bytes = fits.then(|| without_return(&self.split));
            return Ok(Some(Line { number, bytes }));
        };
        self.used = end + 1;
        let line = self.input.fill_buf()?.get(..end);
        let bytes = line
            .filter(|line| line.len() <= LINE_BYTES_MAX)
            .map(without_return);
        Ok(Some(Line { number, bytes }))
    }

    /// Collects a line that the buffer does not hold whole: whether it fits, `None` when there is none.
    fn gather(&mut self) -> io::Result<Option<bool>> {
        self.split.clear();
        let (mut any, mut fits, mut ended) = (false, true, false);
        while !ended {
            let buffer = filled(&mut *self.input)?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = memchr(b'\n', buffer);
            ended = end.is_some();
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            fits = fits && self.split.len() + part.len() <= LINE_BYTES_MAX;
            if fits {
                self.split.extend_from_slice(part);
            }
            let used = part.len() + usize::from(ended);
            self.input.consume(used);
        }
        Ok(any.then_some(fits))
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn filled<'b>(input: &'b mut (dyn BufRead + Send + '_)) -> io::Result<&'b [u8]> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    fn lines(text: &[u8], buffer: usize) -> Vec<(u32, Option<Vec<u8>>)> {
        let input = BufReader::with_capacity(buffer, Cursor::new(text.to_vec()));
        let mut lines = Lines::new(Box::new(input));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, line.bytes.map(<[u8]>::to_vec)));
        }
        all
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let text = b"first\r\nsecond\n\nfourth";
        let expected: Vec<(u32, Option<Vec<u8>>)> = vec![
            (1, Some(b"first".to_vec())),
            (2, Some(b"second".to_vec())),
            (3, Some(Vec::new())),
            (4, Some(b"fourth".to_vec())),
        ];
        for buffer in [1, 2, 3, 5, 7, 100] {
            assert_eq!(lines(text, buffer), expected, "buffer of {buffer}");
        }
    }

    #[test]
    fn a_line_beyond_the_limit_is_told_and_the_next_one_read() {
        let mut text = vec![b'a'; LINE_BYTES_MAX + 1];
        text.extend_from_slice(b"\nb\n");
        for buffer in [4096, text.len() + 1] {
            assert_eq!(lines(&text, buffer), [(1, None), (2, Some(b"b".to_vec()))]);
        }
    }
}
