//! The Merkle tree over a stream, hashed as in RFC 6962: a node is SHA-256(0x01 ‖ left ‖ right), a tree of `n`
//! leaves splits at the largest power of two below `n`. Leaves come hashed; what is in them is
//! [`crate::entry`]'s. Nothing here stores: proofs are planned as a list of complete subtrees, whoever has the
//! hashes looks them up, and the proof is assembled from the answers.

mod consistency;
mod proof;

pub use consistency::Consistency;
pub use proof::MultiProof;

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::hash::{Hash, sha256};

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The hash of a node over its two children.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[0x01], left, right])
}

/// A complete subtree: the `index`-th of those over `2^level` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// Binary logarithm of its number of leaves.
    pub level: u8,
    /// How many subtrees of its size lie before it.
    pub index: u64,
}

impl Subtree {
    /// Its first leaf.
    pub fn first(self) -> u64 {
        self.index << self.level
    }

    /// How many leaves it has.
    pub fn leaves(self) -> u64 {
        1 << self.level
    }
}

/// Why a proof or frontier was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Leaves are not in strictly rising order or lie outside the tree.
    #[error("the leaves are not in rising order within the tree")]
    Leaves,
    /// The proof has too few or too many hashes for the leaves and the size.
    #[error("the proof does not have the number of hashes that the tree asks for")]
    Length,
    /// A root computed from the proof is not the one that was given.
    #[error("the proof does not lead to the root")]
    Root,
    /// The older tree is larger than the newer one.
    #[error("the older tree is larger than the newer one")]
    Sizes,
}

/// The right edge of a tree: enough to append to it and to know its root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees that the tree falls into, largest first: one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of `size` leaves that falls into these complete subtrees, largest first, as [`peaks`] lists them.
    ///
    /// # Errors
    /// [`ProofError::Length`] when there is not one hash for each.
    pub fn from_peaks(size: u64, hashes: Vec<Hash>) -> Result<Self, ProofError> {
        if hashes.len() == size.count_ones() as usize {
            Ok(Self { size, peaks: hashes })
        } else {
            Err(ProofError::Length)
        }
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf and returns its position.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let position = self.size;
        let mut hash = leaf;
        for _ in 0..position.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        position
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return EMPTY_ROOT;
        };
        peaks.fold(*last, |right, left| node(left, &right))
    }

    /// Writes size and hashes.
    pub fn encode(&self, writer: &mut Writer) {
        writer.u64(self.size);
        for peak in &self.peaks {
            writer.raw(peak);
        }
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes end too early.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let size = reader.u64()?;
        if size > i64::MAX as u64 {
            return Err(reader.error(DecodeProblem::TooLong));
        }
        let peaks = (0..size.count_ones())
            .map(|_| reader.array())
            .collect::<Result<_, _>>()?;
        Ok(Self { size, peaks })
    }
}

/// The complete subtrees that a tree of `size` leaves falls into, largest first.
pub fn peaks(size: u64) -> Vec<Subtree> {
    let mut subtrees = Vec::with_capacity(size.count_ones() as usize);
    cover(0, size, &mut subtrees);
    subtrees
}

/// Appends the complete subtrees that cover `first..end`, left to right. `first` is a multiple of the largest.
fn cover(first: u64, end: u64, subtrees: &mut Vec<Subtree>) {
    let mut at = first;
    while at < end {
        let level = (end - at).ilog2() as u8;
        subtrees.push(Subtree {
            level,
            index: at >> level,
        });
        at += 1 << level;
    }
}

/// Takes from `hashes` those of the complete subtrees that cover `first..end` and folds them into one.
fn fold(first: u64, end: u64, hashes: &mut impl Iterator<Item = Hash>) -> Option<Hash> {
    if first >= end {
        return None;
    }
    let count = (end - first).count_ones() as usize;
    let peaks: Vec<Hash> = hashes.take(count).collect();
    if peaks.len() < count {
        return None;
    }
    peaks.into_iter().rev().reduce(|right, left| node(&left, &right))
}

/// The largest power of two below `count`, for `count` of at least two: how many leaves lie to the left.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6962 section 2.1 word for word.
    pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => EMPTY_ROOT,
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node(&naive_root(left), &naive_root(right))
            }
        }
    }

    pub(crate) fn leaves(count: usize) -> Vec<Hash> {
        (0..count)
            .map(|index| sha256(&[&[0x00], &index.to_le_bytes()]))
            .collect()
    }

    pub(crate) fn subtree_hash(leaves: &[Hash], subtree: Subtree) -> Hash {
        let first = subtree.first() as usize;
        naive_root(&leaves[first..first + subtree.leaves() as usize])
    }

    #[test]
    fn known_roots_of_the_reference_tree() {
        // The tree of RFC 6962 test vectors (certificate-transparency-go, testonly/reference_test.go).
        let inputs: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
                0x6f,
            ],
        ];
        let mut frontier = Frontier::new();
        for input in inputs {
            frontier.append(sha256(&[&[0x00], input]));
        }
        assert_eq!(
            crate::hash::to_hex(&frontier.root()),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
        assert_eq!(sha256(&[]), EMPTY_ROOT);
    }

    #[test]
    fn a_frontier_has_the_naive_root_at_every_size() {
        let leaves = leaves(130);
        let mut frontier = Frontier::new();
        for size in 0..=leaves.len() {
            assert_eq!(frontier.root(), naive_root(&leaves[..size]));
            let from_peaks = peaks(size as u64)
                .into_iter()
                .map(|s| subtree_hash(&leaves, s))
                .collect();
            assert_eq!(
                Frontier::from_peaks(size as u64, from_peaks),
                Ok(frontier.clone())
            );
            let mut writer = Writer::new();
            frontier.encode(&mut writer);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(Frontier::decode(&mut reader), Ok(frontier.clone()));
            reader.finish().unwrap();
            if let Some(leaf) = leaves.get(size) {
                assert_eq!(frontier.append(*leaf), size as u64);
            }
        }
    }

    proptest! {
        #[test]
        fn decoding_a_frontier_never_panics(bytes: Vec<u8>) {
            let _ = Frontier::decode(&mut Reader::new(&bytes));
        }
    }
}
