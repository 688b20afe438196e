//! Proof that a set of leaves lies in a tree, with the fewest hashes that can show it.

use super::{EMPTY_ROOT, ProofError, Subtree, cover, fold, node, split};
use crate::hash::Hash;

/// The hashes of the largest ranges without a proven leaf, left to right. For one leaf it is an inclusion proof.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MultiProof {
    /// The hashes, in the order in which verification takes them.
    pub hashes: Vec<Hash>,
}

impl MultiProof {
    /// The complete subtrees whose hashes [`Self::assemble`] needs, in that order. `leaves` are positions in
    /// strictly rising order.
    ///
    /// # Errors
    /// [`ProofError::Leaves`] when they are not, or lie outside the tree.
    pub fn plan(size: u64, leaves: &[u64]) -> Result<Vec<Subtree>, ProofError> {
        let mut subtrees = Vec::new();
        for (first, end) in ranges(size, leaves)? {
            cover(first, end, &mut subtrees);
        }
        Ok(subtrees)
    }

    /// The proof from the hashes of the planned subtrees, in the order of the plan.
    ///
    /// # Errors
    /// [`ProofError::Leaves`] as in [`Self::plan`]; [`ProofError::Length`] when there is not one hash for each.
    pub fn assemble(size: u64, leaves: &[u64], hashes: Vec<Hash>) -> Result<Self, ProofError> {
        let mut given = hashes.into_iter();
        let hashes = ranges(size, leaves)?
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
        size: u64,
        leaves: &[u64],
        hash: impl FnMut(Subtree) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let hashes = Self::plan(size, leaves)?
            .into_iter()
            .map(hash)
            .collect::<Result<_, E>>()?;
        Ok(Self::assemble(size, leaves, hashes)?)
    }

    /// The root of the tree of `size` leaves in which these leaves lie at these positions, in strictly rising
    /// order. Compare it with a root that is known by other means.
    ///
    /// # Errors
    /// [`ProofError::Leaves`] or [`ProofError::Length`].
    pub fn root(&self, size: u64, leaves: &[(u64, Hash)]) -> Result<Hash, ProofError> {
        check(size, leaves.iter().map(|(position, _)| *position))?;
        let mut hashes = self.hashes.iter();
        let root = if size == 0 {
            EMPTY_ROOT
        } else {
            root_of(0, size, leaves, &mut hashes)?
        };
        if hashes.next().is_some() {
            Err(ProofError::Length)
        } else {
            Ok(root)
        }
    }

    /// Whether these leaves lie at these positions in the tree with this size and root.
    ///
    /// # Errors
    /// [`ProofError`] when the proof does not show it.
    pub fn verify(&self, size: u64, leaves: &[(u64, Hash)], root: &Hash) -> Result<(), ProofError> {
        if self.root(size, leaves)? == *root {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }
}

fn check(size: u64, leaves: impl Iterator<Item = u64>) -> Result<(), ProofError> {
    let mut next = 0;
    for position in leaves {
        if position < next || position >= size {
            return Err(ProofError::Leaves);
        }
        next = position + 1;
    }
    Ok(())
}

/// The largest ranges without a leaf to prove, left to right.
fn ranges(size: u64, leaves: &[u64]) -> Result<Vec<(u64, u64)>, ProofError> {
    check(size, leaves.iter().copied())?;
    let mut ranges = Vec::new();
    if size > 0 {
        collect(0, size, leaves, &mut ranges);
    }
    Ok(ranges)
}

fn collect(first: u64, end: u64, leaves: &[u64], ranges: &mut Vec<(u64, u64)>) {
    if leaves.is_empty() {
        ranges.push((first, end));
    } else if end - first > 1 {
        let middle = first + split(end - first);
        let (left, right) = leaves.split_at(leaves.partition_point(|position| *position < middle));
        collect(first, middle, left, ranges);
        collect(middle, end, right, ranges);
    }
}

fn root_of(
    first: u64,
    end: u64,
    leaves: &[(u64, Hash)],
    hashes: &mut std::slice::Iter<'_, Hash>,
) -> Result<Hash, ProofError> {
    if leaves.is_empty() {
        return hashes.next().copied().ok_or(ProofError::Length);
    }
    if end - first == 1 {
        return leaves.first().map(|(_, leaf)| *leaf).ok_or(ProofError::Length);
    }
    let middle = first + split(end - first);
    let (left, right) = leaves.split_at(leaves.partition_point(|(position, _)| *position < middle));
    let left = root_of(first, middle, left, hashes)?;
    let right = root_of(middle, end, right, hashes)?;
    Ok(node(&left, &right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{leaves, naive_root, subtree_hash};
    use super::*;

    fn build(all: &[Hash], positions: &[u64]) -> MultiProof {
        MultiProof::build::<ProofError>(all.len() as u64, positions, |s| Ok(subtree_hash(all, s))).unwrap()
    }

    #[test]
    fn one_leaf_needs_no_more_than_a_path() {
        let all = leaves(1_000);
        let proof = build(&all, &[437]);
        assert_eq!(proof.hashes.len(), 10);
        assert_eq!(proof.root(1_000, &[(437, all[437])]), Ok(naive_root(&all)));
    }

    #[test]
    fn every_leaf_needs_nothing_and_no_leaf_needs_the_root() {
        let all = leaves(13);
        let positions: Vec<u64> = (0..13).collect();
        assert!(build(&all, &positions).hashes.is_empty());
        assert_eq!(build(&all, &[]).hashes, [naive_root(&all)]);
        assert_eq!(MultiProof::default().root(0, &[]), Ok(EMPTY_ROOT));
    }

    #[test]
    fn leaves_out_of_order_or_place_are_refused() {
        let all = leaves(5);
        for wrong in [&[1u64, 1][..], &[2, 1], &[5], &[u64::MAX]] {
            assert_eq!(MultiProof::plan(5, wrong), Err(ProofError::Leaves));
            let named: Vec<_> = wrong.iter().map(|position| (*position, all[0])).collect();
            assert_eq!(MultiProof::default().root(5, &named), Err(ProofError::Leaves));
        }
    }

    proptest! {
        #[test]
        fn any_set_is_proven_and_any_changed_byte_is_not(
            size in 1usize..200,
            picks in proptest::collection::btree_set(0u64..200, 0..12),
            flip in any::<(usize, u8)>(),
        ) {
            let all = leaves(size);
            let positions: Vec<u64> = picks.into_iter().filter(|p| *p < size as u64).collect();
            let named: Vec<_> = positions.iter().map(|p| (*p, all[*p as usize])).collect();
            let proof = build(&all, &positions);
            let root = naive_root(&all);
            prop_assert_eq!(proof.verify(size as u64, &named, &root), Ok(()));

            let bit = 1u8 << (flip.1 % 8);
            let mut wrong = proof.clone();
            let length = wrong.hashes.len();
            if length > 0 {
                wrong.hashes[flip.0 % length][flip.0 / 7 % 32] ^= bit;
                prop_assert_eq!(wrong.verify(size as u64, &named, &root), Err(ProofError::Root));
                wrong.hashes.pop();
                prop_assert_eq!(wrong.verify(size as u64, &named, &root), Err(ProofError::Length));
            }
            let mut more = proof.clone();
            more.hashes.push(root);
            prop_assert_eq!(more.verify(size as u64, &named, &root), Err(ProofError::Length));
            if !named.is_empty() {
                let mut other = named.clone();
                let count = other.len();
                other[flip.0 % count].1[flip.0 / 7 % 32] ^= bit;
                prop_assert_eq!(proof.verify(size as u64, &other, &root), Err(ProofError::Root));
            }
        }

        #[test]
        fn anything_is_verified_without_panic(
            size: u64,
            hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
            leaves in proptest::collection::vec(any::<(u64, [u8; 32])>(), 0..4),
        ) {
            let _ = MultiProof { hashes }.root(size, &leaves);
        }
    }
}
