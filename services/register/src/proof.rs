//! Receipts: collects the hashes of a stream's tree that a proof needs, and holds the proof against the root before
//! anything is signed. The tree's hashes are derived data; a root they do not lead to is never signed.

use vardnav_register::receipt::{SignedHead, head_bytes_to_sign, key_id};
use vardnav_register::tree::{Consistency, MultiProof};
use vardnav_store::{Hash, Head, HeadKey, Store, StoreError, StreamId, subtree_hashes};

/// The proof that leads from `leaves`, by rising position, to `head`, with that head: a newer one when another server
/// appended some of them after it was read. The hashes it is made of are derived: when they do not lead to the root, they
/// are made anew from the ledger once.
///
/// # Errors
/// When the store does not answer, or its ledger does not lead to the root.
pub(crate) async fn multi_proof(
    store: &dyn Store,
    stream: &StreamId,
    head: Head,
    leaves: &[(u64, Hash)],
) -> Result<(Head, MultiProof), StoreError> {
    let is_under = leaves.last().is_none_or(|(position, _)| *position < head.size);
    let head = match is_under {
        true => head,
        false => store.head(stream).await?,
    };
    let proof = match try_proof(store, stream, head, leaves).await {
        Err(StoreError::Corrupt(_) | StoreError::Limit(_)) => {
            tracing::warn!(%stream, "the hashes of a stream are damaged and made anew");
            store.mend(stream).await?;
            try_proof(store, stream, head, leaves).await
        }
        other => other,
    };
    Ok((head, proof?))
}

async fn try_proof(
    store: &dyn Store,
    stream: &StreamId,
    head: Head,
    leaves: &[(u64, Hash)],
) -> Result<MultiProof, StoreError> {
    let positions: Vec<u64> = leaves.iter().map(|(position, _)| *position).collect();
    let damaged = |error: &dyn std::fmt::Display| StoreError::Corrupt(format!("{stream}: {error}"));
    let plan = MultiProof::plan(head.size, &positions).map_err(|error| damaged(&error))?;
    let hashes = subtree_hashes(store, stream, &plan).await?;
    let proof = MultiProof::assemble(head.size, &positions, hashes).map_err(|error| damaged(&error))?;
    proof
        .verify(head.size, leaves, &head.root)
        .map_err(|error| damaged(&error))?;
    Ok(proof)
}

/// The proof that the stream of `since` leaves is the beginning of the one with this head; nothing for 0.
///
/// # Errors
/// `Limit` when the stream never was that long; otherwise as [`multi_proof`].
pub(crate) async fn consistency(
    store: &dyn Store,
    stream: &StreamId,
    since: u64,
    head: Head,
) -> Result<Vec<Hash>, StoreError> {
    if since > head.size {
        return Err(StoreError::Limit(format!(
            "the stream has {} leaves, not {since}",
            head.size
        )));
    }
    let damaged = |error: &dyn std::fmt::Display| StoreError::Corrupt(format!("{stream}: {error}"));
    let plan = Consistency::plan(since, head.size).map_err(|error| damaged(&error))?;
    let hashes = subtree_hashes(store, stream, &plan).await?;
    let proof = Consistency::assemble(since, head.size, hashes).map_err(|error| damaged(&error))?;
    Ok(proof.hashes)
}

/// Signs a head.
pub(crate) fn sign(key: &HeadKey, stream: &StreamId, head: Head, now_micros: i64) -> SignedHead {
    let bytes = head_bytes_to_sign(stream.as_str(), head.size, &head.root, now_micros);
    SignedHead {
        size: head.size,
        root: head.root,
        time: now_micros,
        key_id: key_id(&key.public()),
        signature: key.sign(&bytes),
    }
}

#[cfg(test)]
mod tests {
    use vardnav_store::Memory;
    use vardnav_store::suite::sample_rows;

    use super::*;

    #[tokio::test]
    async fn leaves_that_came_after_the_head_are_proven_under_a_newer_one() {
        let (store, stream) = (Memory::new(), StreamId::reporter("one").unwrap());
        let rows = sample_rows(0, 6);
        let leaf = |position: usize| (position as u64, rows.get(position).unwrap().leaf);
        let some = |from: usize| rows.iter().skip(from).take(3).cloned().collect();
        let head = store.append(&stream, 0, some(0)).await.unwrap();
        let newer = store.append(&stream, 3, some(3)).await.unwrap();
        for (position, expected) in [(2, head), (4, newer)] {
            let leaves = [leaf(1), leaf(position)];
            let (under, proof) = multi_proof(&store, &stream, head, &leaves).await.unwrap();
            assert_eq!(under, expected);
            proof.verify(under.size, &leaves, &under.root).unwrap();
        }
    }
}
