//! A row of a reporter's stream: an entry of a record, or of what frames records.

use crate::bytes::{DecodeError, DecodeProblem};
use crate::delivery::{Closing, KeptNote, Opening};
use crate::erasure::{Erasure, KIND_ERASURE};
use crate::hash::Hash;

use super::Entry;

/// An entry of a reporter's stream, of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEntry {
    /// A record was reported or withdrawn.
    Record(Entry),
    /// A delivery was opened.
    Opened(Opening),
    /// Records of a delivery that are the same as before.
    Kept(KeptNote),
    /// A delivery was closed or given up.
    Closed(Closing),
    /// Content of other entries was erased.
    Erased(Erasure),
}

impl StreamEntry {
    /// Reads an entry of any kind and version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            Some(1 | 2) => Entry::decode(bytes).map(Self::Record),
            Some(&Opening::KIND) => Opening::decode(bytes).map(Self::Opened),
            Some(&Closing::KIND) => Closing::decode(bytes).map(Self::Closed),
            Some(&KIND_ERASURE) => Erasure::decode(bytes).map(Self::Erased),
            Some(&KeptNote::KIND) => KeptNote::decode(bytes).map(Self::Kept),
            _ => Err(DecodeError {
                at: 0,
                problem: DecodeProblem::Tag,
            }),
        }
    }

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Record(entry) => entry.encode(),
            Self::Opened(opening) => opening.encode(),
            Self::Kept(note) => note.encode(),
            Self::Closed(closing) => closing.encode(),
            Self::Erased(erasure) => erasure.encode(),
        }
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        match self {
            Self::Record(entry) => entry.leaf(),
            Self::Opened(opening) => opening.leaf(),
            Self::Kept(note) => note.leaf(),
            Self::Closed(closing) => closing.leaf(),
            Self::Erased(erasure) => erasure.leaf(),
        }
    }

    /// The key under which a store finds it.
    pub fn key(&self) -> [u8; 16] {
        match self {
            Self::Record(entry) => entry.key(),
            Self::Opened(opening) => opening.key(),
            Self::Kept(note) => note.key(),
            Self::Closed(closing) => closing.key(),
            Self::Erased(erasure) => erasure.key(),
        }
    }

    /// The entry of a record, if it is one.
    pub fn record(self) -> Option<Entry> {
        match self {
            Self::Record(entry) => Some(entry),
            _ => None,
        }
    }
}
