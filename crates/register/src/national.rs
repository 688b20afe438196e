//! National heads: numbered, signed heads over the heads of all streams. A head says which streams there were, how
//! long each was and what its root was, as the root of a tree over them; and what all earlier national heads were, as
//! the root of the tree over those. So one line fixes everything that the register held at a moment, and whoever keeps
//! the lines sees when any of it is told otherwise later. Signs and keeps nothing.

use std::collections::BTreeMap;

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::hash::{Hash, sha256};
use crate::receipt::stream_head_leaf;
use crate::tree::{Consistency, Frontier, MultiProof, ProofError};

/// The version of the format that new heads are written in.
pub const VERSION: u8 = 1;

/// The kind of entry that holds a national head. Reports are 1, notes of the audit trail 2.
const KIND_NATIONAL: u8 = 7;

/// Most streams under one head.
const STREAMS_MAX: usize = 100_000;

const TAG_LEAF: u8 = 0x00;

/// Every so many heads the entry lists all streams, the others only those that changed: reading one head back needs no
/// more entries than this.
pub const WHOLE_EVERY: u64 = 64;

/// The head of one stream, as a national head holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// How many leaves.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// The heads of streams, by name.
pub type StreamHeads = BTreeMap<String, StreamHead>;

/// A national head, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NationalHead {
    /// 0, 1, … without gaps.
    pub number: u64,
    /// When it was signed, in microseconds since 1970-01-01 UTC.
    pub time: i64,
    /// How many streams it is over.
    pub streams: u64,
    /// Root of the tree over the heads of the streams, by name.
    pub root: Hash,
    /// Root of the tree over all earlier national heads, `number` of them.
    pub history: Hash,
    /// Which key signed it, as in [`crate::receipt::SignedHead`].
    pub key_id: String,
    /// Ed25519 signature over [`Self::bytes_to_sign`].
    pub signature: [u8; 64],
}

impl NationalHead {
    /// The bytes that the signature is over.
    pub fn bytes_to_sign(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(128);
        w.raw(b"vardnav national head v1");
        w.u64(self.number);
        w.i64(self.time);
        w.u64(self.streams);
        w.raw(&self.root);
        w.raw(&self.history);
        w.into_bytes()
    }

    /// Its leaf in the tree over national heads.
    pub fn leaf(&self) -> Hash {
        sha256(&[
            &[TAG_LEAF],
            &self.bytes_to_sign(),
            self.key_id.as_bytes(),
            &self.signature,
        ])
    }
}

/// The tree over the heads of streams: leaves in the order of the names.
pub fn leaves(streams: &StreamHeads) -> Vec<Hash> {
    streams
        .iter()
        .map(|(name, head)| stream_head_leaf(name, head.size, &head.root))
        .collect()
}

/// The root of the tree over the heads of streams.
pub fn root(streams: &StreamHeads) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves(streams) {
        frontier.append(leaf);
    }
    frontier.root()
}

/// The entry of a national head in its stream: the head, and what it is over so far as it differs from the head before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NationalEntry {
    /// The head.
    pub head: NationalHead,
    /// Whether all streams are listed; else only those that are not as under the head before.
    pub whole: bool,
    /// The streams listed.
    pub streams: StreamHeads,
}

impl NationalEntry {
    /// The entry of a head over streams that were `former` under the head before.
    pub fn new(head: NationalHead, streams: &StreamHeads, former: &StreamHeads) -> Self {
        let gone = former.keys().any(|name| !streams.contains_key(name));
        let whole = gone || head.number.is_multiple_of(WHOLE_EVERY);
        let listed = streams
            .iter()
            .filter(|(name, head)| whole || former.get(*name) != Some(*head));
        Self {
            head,
            whole,
            streams: listed.map(|(name, head)| (name.clone(), *head)).collect(),
        }
    }

    /// The streams under this head, from those under the head before.
    #[must_use]
    pub fn after(&self, mut former: StreamHeads) -> StreamHeads {
        if self.whole {
            former.clear();
        }
        former.extend(self.streams.iter().map(|(name, head)| (name.clone(), *head)));
        former
    }

    /// The bytes kept in the stream of national heads.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(256);
        w.u8(KIND_NATIONAL);
        w.u8(VERSION);
        w.u64(self.head.number);
        w.i64(self.head.time);
        w.u64(self.head.streams);
        w.raw(&self.head.root);
        w.raw(&self.head.history);
        w.str(&self.head.key_id);
        w.raw(&self.head.signature);
        w.flag(self.whole);
        w.varint(self.streams.len() as u64);
        for (name, head) in &self.streams {
            w.str(name);
            w.u64(head.size);
            w.raw(&head.root);
        }
        w.into_bytes()
    }

    /// Reads an entry of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no national head.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != KIND_NATIONAL {
            return Err(r.error(DecodeProblem::Tag));
        }
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let head = NationalHead {
            number: r.u64()?,
            time: r.i64()?,
            streams: r.u64()?,
            root: r.array()?,
            history: r.array()?,
            key_id: r.string()?,
            signature: r.array()?,
        };
        let whole = r.flag()?;
        let listed = r.seq(STREAMS_MAX, |r| {
            let name = r.string()?;
            let head = StreamHead {
                size: r.u64()?,
                root: r.array()?,
            };
            Ok((name, head))
        })?;
        if !listed.is_sorted_by(|(one, _), (other, _)| one < other) {
            return Err(r.error(DecodeProblem::NotCanonical));
        }
        r.finish()?;
        Ok(Self {
            head,
            whole,
            streams: listed.into_iter().collect(),
        })
    }
}

/// Why national heads, or what is said to lie under one, are not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NationalError {
    /// The signature is not the key's.
    #[error("national head {0} is not signed by this key")]
    Signature(u64),
    /// Numbers do not follow one another.
    #[error("national head {expected} is missing: number {found} stands in its place")]
    Number {
        /// The number that had to come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A head does not stand on the heads before it.
    #[error("national head {0} does not stand on the heads before it: history was rewritten")]
    History(u64),
    /// A head was signed before the one before it.
    #[error("national head {0} was signed before the one before it")]
    Time(u64),
    /// The streams are not those under the head.
    #[error("the streams told are not those under national head {0}")]
    Streams(u64),
    /// A stream is shorter than it was, or gone.
    #[error("stream {0} is shorter than it was: history was rewritten")]
    Shorter(String),
    /// A stream no longer begins as it did.
    #[error("stream {stream} does not begin as it did ({error}): history was rewritten")]
    Rewritten {
        /// The stream.
        stream: String,
        /// What the proof did not show.
        error: ProofError,
    },
    /// The head of a stream does not lie under the national head.
    #[error("the head of stream {stream} does not lie under national head {number} ({error})")]
    NotUnder {
        /// The stream.
        stream: String,
        /// The national head.
        number: u64,
        /// What the proof did not show.
        error: ProofError,
    },
}

/// Follows national heads one after the other, from the first on, and believes only what fits all before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    frontier: Frontier,
    last: Option<NationalHead>,
}

impl Chain {
    /// A chain that begins with the first head.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many heads it holds.
    pub fn length(&self) -> u64 {
        self.frontier.size()
    }

    /// Root over the heads it holds: what the next head must name as its history.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The last head.
    pub fn last(&self) -> Option<&NationalHead> {
        self.last.as_ref()
    }

    /// Takes the next head. `verify_signature` gets key id, message and signature.
    ///
    /// # Errors
    /// [`NationalError`] when it does not follow; the chain is unchanged then.
    pub fn push(
        &mut self,
        head: &NationalHead,
        verify_signature: impl Fn(&str, &[u8], &[u8; 64]) -> bool,
    ) -> Result<(), NationalError> {
        let number = head.number;
        if number != self.length() {
            return Err(NationalError::Number {
                expected: self.length(),
                found: number,
            });
        }
        if !verify_signature(&head.key_id, &head.bytes_to_sign(), &head.signature) {
            return Err(NationalError::Signature(number));
        }
        if head.history != self.root() {
            return Err(NationalError::History(number));
        }
        if self.last.as_ref().is_some_and(|last| last.time > head.time) {
            return Err(NationalError::Time(number));
        }
        self.frontier.append(head.leaf());
        self.last = Some(head.clone());
        Ok(())
    }
}

/// Whether these are the streams under a national head.
///
/// # Errors
/// [`NationalError::Streams`].
pub fn check_streams(head: &NationalHead, streams: &StreamHeads) -> Result<(), NationalError> {
    if head.streams == streams.len() as u64 && head.root == root(streams) {
        Ok(())
    } else {
        Err(NationalError::Streams(head.number))
    }
}

/// Whether a stream only grew between two heads, by the hashes of a consistency proof.
///
/// # Errors
/// [`NationalError::Shorter`] or [`NationalError::Rewritten`].
pub fn check_growth(
    stream: &str,
    older: &StreamHead,
    newer: Option<&StreamHead>,
    hashes: Vec<Hash>,
) -> Result<(), NationalError> {
    let newer = newer
        .filter(|newer| newer.size >= older.size)
        .ok_or_else(|| NationalError::Shorter(stream.to_owned()))?;
    Consistency { hashes }
        .verify((older.size, &older.root), (newer.size, &newer.root))
        .map_err(|error| NationalError::Rewritten {
            stream: stream.to_owned(),
            error,
        })
}

/// Leads from the head of a stream to a national head: the stream's head under the national one, with the place among
/// the streams, and the proof that the stream only grew from the head that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The national head.
    pub national: NationalHead,
    /// The stream.
    pub stream: String,
    /// The head of the stream under the national head.
    pub under: StreamHead,
    /// Place of the stream among those under the national head, from 0.
    pub place: u64,
    /// Proof that the stream's head lies under the national head.
    pub inclusion: MultiProof,
    /// Size of the stream under the head that somebody holds.
    pub since: u64,
    /// Proof that the stream of `since` leaves is the beginning of the one under the national head.
    pub growth: Vec<Hash>,
}

impl Anchor {
    /// Verifies that a stream's head of some size and root stands on the way to the national head, and that this is
    /// signed. `verify_signature` gets key id, message and signature.
    ///
    /// # Errors
    /// [`NationalError`] with the first thing that does not fit.
    pub fn verify(
        &self,
        held: &StreamHead,
        verify_signature: impl Fn(&str, &[u8], &[u8; 64]) -> bool,
    ) -> Result<(), NationalError> {
        let head = &self.national;
        if !verify_signature(&head.key_id, &head.bytes_to_sign(), &head.signature) {
            return Err(NationalError::Signature(head.number));
        }
        let leaf = stream_head_leaf(&self.stream, self.under.size, &self.under.root);
        self.inclusion
            .verify(head.streams, &[(self.place, leaf)], &head.root)
            .map_err(|error| NationalError::NotUnder {
                stream: self.stream.clone(),
                number: head.number,
                error,
            })?;
        check_growth(&self.stream, held, Some(&self.under), self.growth.clone())
    }
}

#[cfg(test)]
mod tests;
