//! The entry that says that content of other entries of a reporter's stream was erased: which, on what legal basis, who
//! asked and who approved. It stands in the stream before any content goes, so that whoever follows the stream drops
//! what it held of those entries; their headers, commitments, leaves and proofs stay. Erases nothing itself.

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::hash::{Hash, sha256};
use crate::record::RecordKind;

/// The version of the format that new entries are written in.
pub const VERSION: u8 = 1;

/// The kind of an entry that tells of an erasure.
pub const KIND_ERASURE: u8 = 5;

/// Most entries erased by one.
pub const TARGETS_MAX: usize = 10_000;

const TAG_LEAF: u8 = 0x00;
const TAG_KEY: u8 = 0x08;

/// An entry whose content is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its position in the stream.
    pub position: u64,
    /// Its leaf, which stays.
    pub leaf: Hash,
    /// What kind of record it was of.
    pub kind: RecordKind,
    /// Id of that record.
    pub id: String,
    /// Revision.
    pub revision: u32,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The reporter whose stream it is in.
    pub reporter: String,
    /// Number of the request in the stream of rights.
    pub request: u64,
    /// When it was approved, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Code of the legal basis.
    pub basis: String,
    /// Who asked.
    pub requested_by: String,
    /// Who approved: somebody else.
    pub approved_by: String,
    /// What is erased, by rising position.
    pub targets: Vec<Target>,
}

impl Erasure {
    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(128 + self.targets.len() * 64);
        w.u8(KIND_ERASURE);
        w.u8(VERSION);
        w.str(&self.reporter);
        w.u64(self.request);
        w.i64(self.at);
        w.str(&self.basis);
        w.str(&self.requested_by);
        w.str(&self.approved_by);
        w.seq(&self.targets, |w, target| {
            w.u64(target.position);
            w.raw(&target.leaf);
            w.u8(target.kind as u8);
            w.str(&target.id);
            w.u32(target.revision);
        });
        w.into_bytes()
    }

    /// Whether bytes of a stream are of this kind of entry.
    pub fn is_kind(bytes: &[u8]) -> bool {
        bytes.first() == Some(&KIND_ERASURE)
    }

    /// Reads an entry of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no such entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != KIND_ERASURE {
            return Err(r.error(DecodeProblem::Tag));
        }
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let erasure = Self {
            reporter: r.string()?,
            request: r.u64()?,
            at: r.i64()?,
            basis: r.string()?,
            requested_by: r.string()?,
            approved_by: r.string()?,
            targets: r.seq(TARGETS_MAX, |r| {
                let (position, leaf) = (r.u64()?, r.array()?);
                let kind = RecordKind::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?;
                Ok(Target {
                    position,
                    leaf,
                    kind,
                    id: r.string()?,
                    revision: r.u32()?,
                })
            })?,
        };
        if !erasure
            .targets
            .is_sorted_by(|one, other| one.position < other.position)
        {
            return Err(r.error(DecodeProblem::NotCanonical));
        }
        r.finish()?;
        Ok(erasure)
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        sha256(&[&[TAG_LEAF], &self.encode()])
    }

    /// The key under which a store finds it in its reporter's stream.
    pub fn key(&self) -> [u8; 16] {
        key(self.request)
    }
}

/// The key under which a store finds the erasure of a request.
pub fn key(request: u64) -> [u8; 16] {
    let hash = sha256(&[&[TAG_KEY], b"erasure", &request.to_le_bytes()]);
    hash.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_reads_back_in_its_one_form() {
        let target = |position| Target {
            position,
            leaf: [9; 32],
            kind: RecordKind::Contact,
            id: "c-1".to_owned(),
            revision: 2,
        };
        let erasure = Erasure {
            reporter: "region-norr".to_owned(),
            request: 4,
            at: -7,
            basis: "court-order".to_owned(),
            requested_by: "anna".to_owned(),
            approved_by: "bo".to_owned(),
            targets: vec![target(3), target(9)],
        };
        let bytes = erasure.encode();
        assert!(Erasure::is_kind(&bytes));
        assert_eq!(Erasure::decode(&bytes), Ok(erasure.clone()));
        for end in 0..bytes.len() {
            assert!(Erasure::decode(&bytes[..end]).is_err());
        }
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            if let Ok(other) = Erasure::decode(&wrong) {
                assert_eq!(other.encode(), wrong);
                assert_ne!(other.leaf(), erasure.leaf());
            }
        }
        let unsorted = Erasure {
            targets: vec![target(9), target(3)],
            ..erasure
        };
        assert!(Erasure::decode(&unsorted.encode()).is_err());
    }
}
