//! Receipts: what a reporter gets back for a batch, and how it proves offline, from what it sent, that its records
//! are in the register. The signature itself is checked by a function that the caller supplies.

mod withdrawal;

pub use withdrawal::{WithdrawalLeaf, WithdrawalReceipt, verify_withdrawals};

use std::collections::BTreeMap;

use crate::bytes::Writer;
use crate::content::content_bytes;
use crate::entry::{
    Act, Commitments, Delivered, Header, IdentityBytesError, Nonce, commit_content, commit_identity,
    identity_bytes,
};
use crate::hash::Hash;
use crate::identity::IdentityError;
use crate::record::{Record, RecordKind};
use crate::tree::{MultiProof, ProofError};

/// A receipt for one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whose stream the leaves are in.
    pub reporter: String,
    /// One for each record taken, in the order of the batch.
    pub leaves: Vec<ReceiptLeaf>,
    /// The signed head of the stream under which the leaves lie.
    pub head: SignedHead,
    /// Proof that the leaves lie in the tree of the head.
    pub proof: MultiProof,
}

/// A record in a receipt.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiptLeaf {
    /// Its line in the file or its place in the batch, from 1.
    pub line: u64,
    /// Version of the format of its entry.
    pub version: u8,
    /// What kind of record.
    pub kind: RecordKind,
    /// Its id.
    pub id: String,
    /// Its revision.
    pub revision: u32,
    /// Whether the register gave the revision, inside a delivery: then what was sent need not state it.
    pub assigned: bool,
    /// The revision it takes the place of, 0 for none.
    pub replaces: u32,
    /// The delivery that its entry belongs to.
    pub delivery: Option<Delivered>,
    /// Its position in the stream.
    pub position: u64,
    /// When it was taken, in microseconds since 1970-01-01 UTC.
    pub received: i64,
    /// The release in force on its date.
    pub release: String,
    /// Nonce of the commitment to its content.
    pub content_nonce: Nonce,
    /// Nonce of the commitment to its identity.
    pub identity_nonce: Nonce,
    /// Commitment to what was derived of it.
    pub derived: Hash,
}

impl std::fmt::Debug for ReceiptLeaf {
    /// Never shows the nonces: with that of the identity numbers could be tried out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiptLeaf")
            .field("line", &self.line)
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("revision", &self.revision)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// The head of a stream, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// How many leaves the tree has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// When it was signed, in microseconds since 1970-01-01 UTC.
    pub time: i64,
    /// Which key signed it: the first eight bytes of the SHA-256 of the public key, in hexadecimal.
    pub key_id: String,
    /// Ed25519 signature over [`head_bytes_to_sign`].
    pub signature: [u8; 64],
}

/// The name of a reporter's stream.
pub fn stream_of(reporter: &str) -> String {
    format!("reporter/{reporter}")
}

/// The bytes that the signature of a head is over.
pub fn head_bytes_to_sign(stream: &str, size: u64, root: &Hash, time: i64) -> Vec<u8> {
    let mut w = Writer::with_capacity(80 + stream.len());
    w.raw(b"vardnav head v1");
    w.str(stream);
    w.u64(size);
    w.raw(root);
    w.i64(time);
    w.into_bytes()
}

/// The leaf of a stream's head in the tree under a national head.
pub fn stream_head_leaf(stream: &str, size: u64, root: &Hash) -> Hash {
    let mut w = Writer::with_capacity(80 + stream.len());
    w.u8(0x00);
    w.raw(b"vardnav stream head v1");
    w.str(stream);
    w.u64(size);
    w.raw(root);
    crate::hash::sha256(&[w.as_slice()])
}

/// The id of a public key: the first eight bytes of its SHA-256, in hexadecimal.
pub fn key_id(public_key: &[u8; 32]) -> String {
    crate::hash::to_hex(
        crate::hash::sha256(&[public_key])
            .first_chunk::<8>()
            .unwrap_or(&[0; 8]),
    )
}

/// Why a receipt was not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The signature of the head is not the key's.
    #[error("the head is not signed by this key")]
    Signature,
    /// The record of a leaf was not given.
    #[error("the record of line {line} was not given")]
    RecordMissing {
        /// Line of the leaf.
        line: u64,
    },
    /// The identity number of a record cannot be read.
    #[error("the identity number of line {line}: {error}")]
    Identity {
        /// Line of the leaf.
        line: u64,
        /// What is wrong with it.
        error: IdentityError,
    },
    /// A leaf is of a version that is not known: of a newer program.
    #[error("the entry of line {line} has a version that is not known")]
    Version {
        /// Line of the leaf.
        line: u64,
    },
    /// Two leaves are at one position and differ.
    #[error("two lines claim position {position} with different content")]
    Position {
        /// The position.
        position: u64,
    },
    /// The leaves do not lie in the tree: a record, nonce, commitment, position or proof is not what was receipted.
    #[error("the records are not in the signed tree: {0}")]
    Proof(ProofError),
}

/// The leaf of a record, computed from what was sent and what the receipt says.
///
/// # Errors
/// [`ReceiptError::Identity`] when the record's identity number cannot be read, [`ReceiptError::Version`] when the
/// leaf's version is not known.
pub fn leaf_of(reporter: &str, leaf: &ReceiptLeaf, record: &Record) -> Result<Hash, ReceiptError> {
    let line = leaf.line;
    let content = content_bytes(record, leaf.version).map_err(|_| ReceiptError::Version { line })?;
    let identity =
        identity_bytes(&record.person, leaf.received, leaf.version).map_err(|error| match error {
            IdentityBytesError::Identity(error) => ReceiptError::Identity { line, error },
            IdentityBytesError::Version(_) => ReceiptError::Version { line },
        })?;
    let commitments = Commitments {
        content: commit_content(&leaf.content_nonce, &content),
        identity: commit_identity(&leaf.identity_nonce, &identity),
        derived: leaf.derived,
    };
    Ok(commitments.leaf(&Header {
        version: leaf.version,
        act: Act::Report,
        reporter: reporter.to_owned(),
        kind: leaf.kind,
        id: leaf.id.clone(),
        revision: leaf.revision,
        replaces: leaf.replaces,
        delivery: leaf.delivery,
        received: leaf.received,
        release: leaf.release.clone(),
    }))
}

/// Verifies a receipt against what was sent. `record` finds the record of a leaf, by its line; `verify_signature`
/// gets key id, message and signature, and says whether the signature is that key's.
///
/// # Errors
/// The first [`ReceiptError`] found.
pub fn verify<'a>(
    receipt: &Receipt,
    record: impl Fn(&ReceiptLeaf) -> Option<&'a Record>,
    verify_signature: impl Fn(&str, &[u8], &[u8; 64]) -> bool,
) -> Result<(), ReceiptError> {
    let SignedHead {
        size,
        root,
        time,
        key_id,
        signature,
    } = &receipt.head;
    let message = head_bytes_to_sign(&stream_of(&receipt.reporter), *size, root, *time);
    if !verify_signature(key_id, &message, signature) {
        return Err(ReceiptError::Signature);
    }
    let mut leaves = BTreeMap::new();
    for leaf in &receipt.leaves {
        let record = record(leaf)
            .filter(|record| {
                record.kind() == leaf.kind
                    && record.id == leaf.id
                    && (leaf.assigned || record.revision == leaf.revision)
            })
            .ok_or(ReceiptError::RecordMissing { line: leaf.line })?;
        let hash = leaf_of(&receipt.reporter, leaf, record)?;
        if leaves
            .insert(leaf.position, hash)
            .is_some_and(|other| other != hash)
        {
            return Err(ReceiptError::Position {
                position: leaf.position,
            });
        }
    }
    let leaves: Vec<(u64, Hash)> = leaves.into_iter().collect();
    receipt
        .proof
        .verify(*size, &leaves, root)
        .map_err(ReceiptError::Proof)
}
