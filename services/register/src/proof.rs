//! Receipts: collects the hashes of a stream's tree that a proof needs, and holds the proof against the root before
//! anything is signed. The tree's hashes are derived data; a root they do not lead to is never signed.

use ed25519_dalek::Signer as _;
use vardnav_register::hash::Hash;
use vardnav_register::receipt::{SignedHead, head_bytes_to_sign};
use vardnav_register::tree::{MultiProof, Subtree, node};
use vardnav_store::contract::{Head, Store, StoreError, StreamId};
use vardnav_store::keys::HeadKey;

/// Binary levels between two levels that a store keeps.
const LEVELS_PER_TILE: u8 = 8;

/// The proof that leads from `leaves`, by rising position, to `head`.
///
/// # Errors
/// When the store does not answer, or its hashes do not lead to the root.
pub(crate) async fn multi_proof(
    store: &dyn Store,
    stream: &StreamId,
    head: Head,
    leaves: &[(u64, Hash)],
) -> Result<MultiProof, StoreError> {
    let positions: Vec<u64> = leaves.iter().map(|(position, _)| *position).collect();
    let damaged = |error: &dyn std::fmt::Display| StoreError::Corrupt(format!("{stream}: {error}"));
    let plan = MultiProof::plan(head.size, &positions).map_err(|error| damaged(&error))?;
    let mut hashes = Vec::with_capacity(plan.len());
    for subtree in plan {
        hashes.push(subtree_hash(store, stream, subtree).await?);
    }
    let proof = MultiProof::assemble(head.size, &positions, hashes).map_err(|error| damaged(&error))?;
    proof.verify(head.size, leaves, &head.root).map_err(|error| damaged(&error))?;
    Ok(proof)
}

/// Signs a head.
pub(crate) fn sign(key: &HeadKey, stream: &StreamId, head: Head, now_micros: i64) -> SignedHead {
    let bytes = head_bytes_to_sign(stream.as_str(), head.size, &head.root, now_micros);
    SignedHead {
        stream: stream.as_str().to_owned(),
        size: head.size,
        root: head.root,
        time: now_micros,
        key_id: key.id(),
        signature: key.signing_key().sign(&bytes).to_bytes(),
    }
}

async fn subtree_hash(store: &dyn Store, stream: &StreamId, subtree: Subtree) -> Result<Hash, StoreError> {
    let within = subtree.level % LEVELS_PER_TILE;
    let count = 1_u32 << within;
    let from = subtree.index << within;
    let mut row = store.hashes(stream, subtree.level / LEVELS_PER_TILE, from, count).await?;
    if row.len() != count as usize {
        return Err(StoreError::Corrupt(format!("{stream}: hashes of the tree are missing")));
    }
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node(left, right)).collect();
    }
    row.first().copied().ok_or_else(|| StoreError::Corrupt(format!("{stream}: hashes of the tree are missing")))
}
