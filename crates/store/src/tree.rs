//! The right edge of a stream's Merkle tree (RFC 6962): enough to append and to give the root.
//! Also yields the nodes that become complete, for the tiles kept beside the log.

use sha2::{Digest as _, Sha256};
use vardnav_register::tree::EMPTY_ROOT;
pub(crate) use vardnav_register::tree::node;

use crate::codec::Cut;
use crate::contract::Hash;

/// The leaf of some bytes.
pub(crate) fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(bytes)
        .finalize()
        .into()
}

/// Root of the tree without leaves.
pub(crate) fn empty_root() -> Hash {
    EMPTY_ROOT
}

/// Roots of the perfect subtrees that make up a tree, largest first: one for each bit set in its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees that it falls into, largest first.
    pub(crate) fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf; tells of each node completed at a height that is a multiple of eight, with its height.
    pub(crate) fn append(&mut self, leaf: Hash, mut completed: impl FnMut(u32, Hash)) {
        let mut carry = leaf;
        let mut height = 0;
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                carry = node(&left, &carry);
            }
            height += 1;
            size >>= 1;
            if height % 8 == 0 {
                completed(height, carry);
            }
        }
        self.peaks.push(carry);
        self.size += 1;
    }

    pub(crate) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node(left, &right))
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.size.to_le_bytes());
        for peak in &self.peaks {
            out.extend(peak);
        }
    }

    pub(crate) fn decode(cut: &mut Cut<'_>) -> Option<Self> {
        let size = cut.u64()?;
        let peaks = (0..size.count_ones())
            .map(|_| cut.array())
            .collect::<Option<_>>()?;
        Some(Self { size, peaks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [only] => *only,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node(&reference(&leaves[..split]), &reference(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_and_completed_nodes_are_those_of_the_definition() {
        let leaves: Vec<Hash> = (0..600_u32)
            .map(|n| Sha256::digest(n.to_le_bytes()).into())
            .collect();
        let mut frontier = Frontier::default();
        let mut plain = vardnav_register::tree::Frontier::new();
        let mut tiles = Vec::new();
        for (count, leaf) in leaves.iter().enumerate() {
            if count % 37 == 0 || count == 256 {
                assert_eq!(frontier.root(), reference(&leaves[..count]));
                assert_eq!(frontier.root(), plain.root());
                let mut bytes = Vec::new();
                frontier.encode(&mut bytes);
                assert_eq!(Frontier::decode(&mut Cut(&bytes)), Some(frontier.clone()));
            }
            plain.append(*leaf);
            frontier.append(*leaf, |height, hash| tiles.push((height, hash)));
        }
        assert_eq!(
            tiles,
            vec![(8, reference(&leaves[..256])), (8, reference(&leaves[256..512]))]
        );
    }
}
