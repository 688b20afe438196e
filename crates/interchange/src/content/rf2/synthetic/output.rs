//! Tables as they are written: rows gathered into pieces, a history where the release type has one.

use std::fmt::{Arguments, Display};
use std::io::{self, Write};

use super::random::Random;

/// Takes the next piece of a file, by path.
pub(super) type Sink<'s> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 's;

/// Bytes after which a piece is given away.
const PIECE: usize = 1 << 20;

/// The date of the former rows of a history.
const FORMER: &str = "20000131";

/// A table that is being written.
pub(super) struct Output<'s, 'k> {
    path: String,
    piece: Vec<u8>,
    /// Draws which rows have a former one; `None` when there is no history.
    history: Option<Random>,
    sink: &'s mut Sink<'k>,
}

impl<'s, 'k> Output<'s, 'k> {
    /// A table with its header row.
    pub(super) fn new(path: String, header: &str, history: Option<Random>, sink: &'s mut Sink<'k>) -> Self {
        let mut piece = Vec::with_capacity(PIECE + (1 << 12));
        piece.extend_from_slice(header.as_bytes());
        piece.extend_from_slice(b"\r\n");
        Self {
            path,
            piece,
            history,
            sink,
        }
    }

    /// Writes a row, and before it a former one of other activity where there is a history of it.
    pub(super) fn row(
        &mut self,
        id: impl Display,
        time: &str,
        active: bool,
        rest: Arguments<'_>,
    ) -> io::Result<()> {
        if self.history.as_mut().is_some_and(|random| random.percent(10)) {
            write!(self.piece, "{id}\t{FORMER}\t{}\t{rest}\r\n", u8::from(!active))?;
        }
        write!(self.piece, "{id}\t{time}\t{}\t{rest}\r\n", u8::from(active))?;
        if self.piece.len() >= PIECE {
            (self.sink)(&self.path, &self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }

    /// Gives the last piece away.
    pub(super) fn finish(self) -> io::Result<()> {
        (self.sink)(&self.path, &self.piece)
    }
}
