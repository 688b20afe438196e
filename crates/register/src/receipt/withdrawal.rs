//! Receipts of withdrawals: nothing of a withdrawal is secret, so its receipt proves by itself, without anything that was
//! sent, that it stands in the register.

use super::{ReceiptError, SignedHead, head_bytes_to_sign, stream_of};
use crate::entry::{Act, Entry, Header, VERSION};
use crate::hash::Hash;
use crate::record::RecordKind;
use crate::tree::MultiProof;

/// The first version of entries that has withdrawals.
const FIRST: u8 = 3;

/// A receipt for records that were withdrawn together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalReceipt {
    /// Whose stream the leaves are in.
    pub reporter: String,
    /// One for each record withdrawn.
    pub leaves: Vec<WithdrawalLeaf>,
    /// The signed head of the stream under which the leaves lie.
    pub head: SignedHead,
    /// Proof that the leaves lie in the tree of the head.
    pub proof: MultiProof,
}

/// A withdrawal in a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalLeaf {
    /// Version of the format of its entry.
    pub version: u8,
    /// What kind of record.
    pub kind: RecordKind,
    /// The record's id.
    pub id: String,
    /// The revision that withdraws it.
    pub revision: u32,
    /// The revision it takes the place of, 0 for none.
    pub replaces: u32,
    /// Its position in the stream.
    pub position: u64,
    /// When it was taken, in microseconds since 1970-01-01 UTC.
    pub received: i64,
    /// Code of the reason.
    pub reason: String,
}

impl WithdrawalLeaf {
    /// The leaf of the entry in the stream of a reporter; `None` when its version has no withdrawals or is not known.
    pub fn hash(&self, reporter: &str) -> Option<Hash> {
        if !(FIRST..=VERSION).contains(&self.version) {
            return None;
        }
        let header = Header {
            version: self.version,
            act: Act::Withdrawal,
            reporter: reporter.to_owned(),
            kind: self.kind,
            id: self.id.clone(),
            revision: self.revision,
            replaces: self.replaces,
            delivery: None,
            received: self.received,
            release: String::new(),
        };
        Some(Entry::withdrawal(header, self.reason.clone()).leaf())
    }
}

/// Verifies a receipt of withdrawals. `verify_signature` gets key id, message and signature, and says whether the
/// signature is that key's.
///
/// # Errors
/// The first [`ReceiptError`] found; a line in it is the place of the leaf, from 1.
pub fn verify_withdrawals(
    receipt: &WithdrawalReceipt,
    verify_signature: impl Fn(&str, &[u8], &[u8; 64]) -> bool,
) -> Result<(), ReceiptError> {
    let head = &receipt.head;
    let message = head_bytes_to_sign(&stream_of(&receipt.reporter), head.size, &head.root, head.time);
    if !verify_signature(&head.key_id, &message, &head.signature) {
        return Err(ReceiptError::Signature);
    }
    let mut leaves = Vec::with_capacity(receipt.leaves.len());
    for (line, leaf) in (1..).zip(&receipt.leaves) {
        let hash = leaf
            .hash(&receipt.reporter)
            .ok_or(ReceiptError::Version { line })?;
        leaves.push((leaf.position, hash));
    }
    leaves.sort_unstable();
    leaves.dedup();
    let mut positions = leaves.iter().zip(leaves.iter().skip(1));
    if let Some(((position, _), _)) = positions.find(|((one, _), (next, _))| one == next) {
        return Err(ReceiptError::Position { position: *position });
    }
    receipt
        .proof
        .verify(head.size, &leaves, &head.root)
        .map_err(ReceiptError::Proof)
}
