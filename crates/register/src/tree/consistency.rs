//! Proof that a tree only grew: the older tree is the beginning of the newer one (RFC 6962 section 2.1.2).

use super::{EMPTY_ROOT, ProofError, Subtree, cover, fold, node, split};
use crate::hash::Hash;

/// A consistency proof, with the hashes of RFC 6962 in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consistency {
    /// The hashes.
    pub hashes: Vec<Hash>,
}

impl Consistency {
    /// The complete subtrees whose hashes [`Self::assemble`] needs, in that order.
    ///
    /// # Errors
    /// [`ProofError::Sizes`] when the older tree is the larger one.
    pub fn plan(older: u64, newer: u64) -> Result<Vec<Subtree>, ProofError> {
        let mut subtrees = Vec::new();
        for (first, end) in ranges(older, newer)? {
            cover(first, end, &mut subtrees);
        }
        Ok(subtrees)
    }

    /// The proof from the hashes of the planned subtrees, in the order of the plan.
    ///
    /// # Errors
    /// [`ProofError::Sizes`]; [`ProofError::Length`] when there is not one hash for each.
    pub fn assemble(older: u64, newer: u64, hashes: Vec<Hash>) -> Result<Self, ProofError> {
        let mut given = hashes.into_iter();
        let hashes = ranges(older, newer)?
            .into_iter()
            .map(|(first, end)| fold(first, end, &mut given).ok_or(ProofError::Length))
            .collect::<Result<_, _>>()?;
        if given.next().is_some() {
            Err(ProofError::Length)
        } else {
            Ok(Self { hashes })
        }
    }

    /// The proof, where the hashes are at hand.
    ///
    /// # Errors
    /// As [`Self::plan`], or whatever `hash` answers.
    pub fn build<E: From<ProofError>>(
        older: u64,
        newer: u64,
        hash: impl FnMut(Subtree) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let hashes = Self::plan(older, newer)?
            .into_iter()
            .map(hash)
            .collect::<Result<_, E>>()?;
        Ok(Self::assemble(older, newer, hashes)?)
    }

    /// Whether the tree of size and root `older` is the beginning of the tree of size and root `newer`.
    ///
    /// # Errors
    /// [`ProofError`] when the proof does not show it.
    pub fn verify(&self, older: (u64, &Hash), newer: (u64, &Hash)) -> Result<(), ProofError> {
        let mut hashes = self.hashes.iter();
        let roots = if older.0 > newer.0 {
            return Err(ProofError::Sizes);
        } else if older.0 == 0 {
            // Every tree begins with the empty one.
            (EMPTY_ROOT, *newer.1)
        } else {
            roots_of(older.0, newer.0, true, older.1, &mut hashes)?
        };
        if hashes.next().is_some() {
            Err(ProofError::Length)
        } else if roots == (*older.1, *newer.1) {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }
}

fn ranges(older: u64, newer: u64) -> Result<Vec<(u64, u64)>, ProofError> {
    if older > newer {
        return Err(ProofError::Sizes);
    }
    let mut ranges = Vec::new();
    if older > 0 {
        collect(older, 0, newer, true, &mut ranges);
    }
    Ok(ranges)
}

/// RFC 6962's SUBPROOF: `older` counts from `first`; `whole` while the older tree's own root is in reach.
fn collect(older: u64, first: u64, end: u64, whole: bool, ranges: &mut Vec<(u64, u64)>) {
    if older == end - first {
        if !whole {
            ranges.push((first, end));
        }
        return;
    }
    let left = split(end - first);
    let middle = first + left;
    if older <= left {
        collect(older, first, middle, whole, ranges);
        ranges.push((middle, end));
    } else {
        collect(older - left, middle, end, false, ranges);
        ranges.push((first, middle));
    }
}

/// The roots of the older and the newer part of a range of `count` leaves.
fn roots_of(
    older: u64,
    count: u64,
    whole: bool,
    older_root: &Hash,
    hashes: &mut std::slice::Iter<'_, Hash>,
) -> Result<(Hash, Hash), ProofError> {
    let next = |hashes: &mut std::slice::Iter<'_, Hash>| hashes.next().copied().ok_or(ProofError::Length);
    if older == count {
        let root = if whole { *older_root } else { next(hashes)? };
        return Ok((root, root));
    }
    let left = split(count);
    if older <= left {
        let (old, new) = roots_of(older, left, whole, older_root, hashes)?;
        Ok((old, node(&new, &next(hashes)?)))
    } else {
        let (old, new) = roots_of(older - left, count - left, false, older_root, hashes)?;
        let beside = next(hashes)?;
        Ok((node(&beside, &old), node(&beside, &new)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{leaves, naive_root, subtree_hash};
    use super::*;

    #[test]
    fn every_beginning_is_shown_and_no_other_tree() {
        let all = leaves(40);
        for newer in 0..=all.len() {
            let new_root = naive_root(&all[..newer]);
            for older in 0..=newer {
                let old_root = naive_root(&all[..older]);
                let proof = Consistency::build::<ProofError>(older as u64, newer as u64, |s| {
                    Ok(subtree_hash(&all, s))
                })
                .unwrap();
                let (older, newer) = (older as u64, newer as u64);
                assert_eq!(
                    proof.verify((older, &old_root), (newer, &new_root)),
                    Ok(()),
                    "{older} {newer}"
                );
                let mut other = old_root;
                other[0] ^= 1;
                assert!(
                    proof.verify((older, &other), (newer, &new_root)).is_err(),
                    "{older} {newer}"
                );
                for at in 0..proof.hashes.len() {
                    let mut wrong = proof.clone();
                    wrong.hashes[at][31] ^= 0x80;
                    assert!(
                        wrong.verify((older, &old_root), (newer, &new_root)).is_err(),
                        "{older} {newer} {at}"
                    );
                }
            }
        }
        assert_eq!(Consistency::plan(2, 1), Err(ProofError::Sizes));
    }

    proptest! {
        #[test]
        fn anything_is_verified_without_panic(
            older: u64,
            newer: u64,
            hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
        ) {
            let _ = Consistency { hashes }.verify((older, &EMPTY_ROOT), (newer, &EMPTY_ROOT));
        }
    }
}
