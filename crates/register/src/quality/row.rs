//! The bytes of the rows of counts: keys begin with the reporter. Rows are derived: they are built anew from the ledger,
//! so that only this version is read, and its number is part of the projection's name.

use super::{Counts, Key};
use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::delivery::Month;
use crate::record::RecordKind;

/// The version of the rows.
pub const VERSION: u8 = 2;

const RECORDS: u8 = 1;
const FOUND: u8 = 2;
const REJECTED: u8 = 3;
/// After all others: rows that are no counts.
const ALIKE: u8 = 4;

/// What the keys of a reporter's rows begin with.
pub fn prefix(reporter: &str) -> Vec<u8> {
    let mut key = reporter.as_bytes().to_vec();
    key.push(0);
    key
}

/// What comes after the counts of a reporter: the blocks of [`super::alike`] begin with it.
pub fn end(reporter: &str) -> Vec<u8> {
    let mut key = prefix(reporter);
    key.push(ALIKE);
    key
}

impl Key {
    /// The key of a reporter's row.
    pub fn encode(&self, reporter: &str) -> Vec<u8> {
        let mut bytes = prefix(reporter);
        let (tag, month, text) = match self {
            Self::Records(month, _, unit) => (RECORDS, month, unit),
            Self::Found(month, code) => (FOUND, month, code),
            Self::Rejected(month, code) => (REJECTED, month, code),
        };
        bytes.push(tag);
        bytes.extend(month.number().to_be_bytes());
        if let Self::Records(_, kind, _) = self {
            bytes.push(*kind as u8);
        }
        bytes.extend(text.as_bytes());
        bytes
    }

    /// Reporter and key of a row; `None` when the bytes are none of this version.
    pub fn decode(bytes: &[u8]) -> Option<(&str, Self)> {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let (reporter, rest) = bytes.split_at_checked(end)?;
        let (tag, rest) = rest.get(1..)?.split_first()?;
        let (month, mut rest) = rest.split_first_chunk::<4>()?;
        let month = Month::from_number(i32::from_be_bytes(*month))?;
        let mut kind = None;
        if *tag == RECORDS {
            let (number, after) = rest.split_first()?;
            kind = RecordKind::from_number(*number);
            rest = after;
        }
        let text = std::str::from_utf8(rest).ok()?.to_owned();
        let key = match *tag {
            RECORDS => Self::Records(month, kind?, text),
            FOUND => Self::Found(month, text),
            REJECTED => Self::Rejected(month, text),
            _ => return None,
        };
        Some((std::str::from_utf8(reporter).ok()?, key))
    }
}

impl Counts {
    /// Its bytes; `None` when a count is below zero, which no ledger makes it.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut w = Writer::with_capacity(8);
        for count in [
            self.accepted,
            self.held,
            self.with_findings,
            self.last,
            self.rejected,
        ] {
            w.varint(u64::try_from(count).ok()?);
        }
        Some(w.into_bytes())
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no counts.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let mut count = || {
            let count = r.varint()?;
            i64::try_from(count).map_err(|_| r.error(DecodeProblem::TooLong))
        };
        let counts = Self {
            accepted: count()?,
            held: count()?,
            with_findings: count()?,
            last: count()?,
            rejected: count()?,
        };
        r.finish()?;
        Ok(counts)
    }
}
