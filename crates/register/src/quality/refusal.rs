//! Notes of what was rejected: how many records of a batch, and for which finding codes. What is rejected is in no
//! reporter's stream, so each batch that has some leaves a note in a stream of the reporter's own, apart from its
//! records. Nothing of the records is in it. The same lines sent again are rejected again, and counted again.
//!
//! A note is `kind u8 ‖ version u8 ‖ reporter ‖ instant ‖ records ‖ codes with their counts`, the codes rising. The leaf is
//! SHA-256(0x00 ‖ note).

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::definition::Severity;
use crate::finding::Finding;
use crate::hash::{Hash, sha256};

/// The version of the format that notes are written in.
pub const VERSION: u8 = 1;

/// The kind of an entry that notes rejections.
pub const KIND_REFUSAL: u8 = 9;

/// Most codes of a note; further ones are left out.
pub const CODES_MAX: usize = 1_000;

const TAG_LEAF: u8 = 0x00;

/// What was rejected of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reporter.
    pub reporter: String,
    /// When it was answered, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// How many records were rejected.
    pub records: u32,
    /// How many of them for which code, by rising code.
    pub codes: Vec<(String, u32)>,
}

impl Refusal {
    /// A note of the findings of each rejected record; `None` when there is no such record. Only errors reject, and a
    /// code counts once a record.
    pub fn of<'a>(
        reporter: &str,
        at: i64,
        rejected: impl IntoIterator<Item = &'a [Finding]>,
    ) -> Option<Self> {
        let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
        let mut records = 0_u32;
        for findings in rejected {
            records = records.saturating_add(1);
            let errors = findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error);
            for code in errors
                .map(|finding| finding.code.as_str())
                .collect::<BTreeSet<_>>()
            {
                let count = codes.entry(code).or_default();
                *count = count.saturating_add(1);
            }
        }
        let codes = codes.into_iter().take(CODES_MAX);
        (records > 0).then(|| Self {
            reporter: reporter.to_owned(),
            at,
            records,
            codes: codes.map(|(code, count)| (code.to_owned(), count)).collect(),
        })
    }

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(64);
        w.u8(KIND_REFUSAL);
        w.u8(VERSION);
        w.str(&self.reporter);
        w.i64(self.at);
        w.u32(self.records);
        w.seq(&self.codes, |w, (code, count)| {
            w.str(code);
            w.u32(*count);
        });
        w.into_bytes()
    }

    /// Reads a note of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no note.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != KIND_REFUSAL {
            return Err(r.error(DecodeProblem::Tag));
        }
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let refusal = Self {
            reporter: r.string()?,
            at: r.i64()?,
            records: r.u32()?,
            codes: r.seq(CODES_MAX, |r| Ok((r.string()?, r.u32()?)))?,
        };
        if !refusal.codes.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(r.error(DecodeProblem::NotCanonical));
        }
        r.finish()?;
        Ok(refusal)
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        sha256(&[&[TAG_LEAF], &self.encode()])
    }

    /// The key under which a store keeps it; it is not looked for.
    pub fn key(&self) -> [u8; 16] {
        self.leaf().first_chunk().copied().unwrap_or_default()
    }
}
