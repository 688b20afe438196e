//! Whether what a target holds is a beginning of the source: every stream by a proof of consistency between the two
//! heads, every blob by its digest. Reads only.

use std::collections::BTreeMap;

use vardnav_register::tree::Consistency;

use super::{CopyError, digests};
use crate::contract::{Head, ROWS_LIMIT, Store, StoreError, StreamId};
use crate::tree::Frontier;

/// Most things that are named in one refusal.
const NAMED_MAX: usize = 5;

/// Holds the streams of the target against those of the source.
///
/// # Errors
/// `NoBeginning` when the target has a stream, or rows of one, that the source does not.
pub(super) async fn streams(
    from: &dyn Store,
    source: &BTreeMap<StreamId, Head>,
    target: &BTreeMap<StreamId, Head>,
) -> Result<(), CopyError> {
    let mut found = Vec::new();
    for (stream, held) in target.iter().filter(|(_, held)| held.size > 0) {
        let Some(head) = source.get(stream) else {
            found.push(format!("stream {stream}, which the source does not have"));
            continue;
        };
        if held.size > head.size {
            let (has, had) = (held.size, head.size);
            found.push(format!(
                "{has} rows of stream {stream}, of which the source has {had}"
            ));
        } else if !is_beginning(from, stream, *held, *head).await? {
            let size = held.size;
            found.push(format!(
                "the {size} rows of stream {stream} are not the first {size} of the source"
            ));
        }
    }
    refuse(found)
}

/// Holds that the source has every blob of the target.
///
/// # Errors
/// `NoBeginning` when it does not.
pub(super) async fn blobs(from: &dyn Store, to: &dyn Store) -> Result<(), CopyError> {
    let held = digests(to).await.map_err(CopyError::Target)?;
    let known = digests(from).await.map_err(CopyError::Source)?;
    let unknown = held
        .into_iter()
        .filter(|digest| known.binary_search(digest).is_err());
    refuse(unknown.map(|digest| format!("blob {digest}")).collect())
}

fn refuse(found: Vec<String>) -> Result<(), CopyError> {
    if found.is_empty() {
        return Ok(());
    }
    let more = found.len().saturating_sub(NAMED_MAX);
    let mut named = found.into_iter().take(NAMED_MAX).collect::<Vec<_>>().join("; ");
    if more > 0 {
        named.push_str(&format!("; and {more} more"));
    }
    named.push_str(" (nothing was written)");
    Err(CopyError::NoBeginning(named))
}

/// Whether a stream of a store held these rows before.
///
/// # Errors
/// When the source does not answer, or is damaged.
pub(super) async fn is_beginning(
    from: &dyn Store,
    stream: &StreamId,
    held: Head,
    head: Head,
) -> Result<bool, CopyError> {
    if held.size == head.size {
        return Ok(held.root == head.root);
    }
    match is_consistent(from, stream, held, head).await {
        Ok(true) => Ok(true),
        // Kept hashes are derived and may be damaged; rows are not.
        Ok(false) | Err(StoreError::Corrupt(_)) => Ok(root_at(from, stream, held.size).await? == held.root),
        Err(error) => Err(CopyError::Source(error)),
    }
}

async fn is_consistent(
    from: &dyn Store,
    stream: &StreamId,
    held: Head,
    head: Head,
) -> Result<bool, StoreError> {
    let Ok(plan) = Consistency::plan(held.size, head.size) else {
        return Ok(false);
    };
    let hashes = from.subtrees(stream, plan).await?;
    let proof = Consistency::assemble(held.size, head.size, hashes);
    Ok(proof.is_ok_and(|proof| {
        let (older, newer) = ((held.size, &held.root), (head.size, &head.root));
        proof.verify(older, newer).is_ok()
    }))
}

/// The root that the first rows of a stream lead to.
async fn root_at(from: &dyn Store, stream: &StreamId, size: u64) -> Result<[u8; 32], CopyError> {
    let mut tree = Frontier::default();
    while tree.size() < size {
        let limit = (size - tree.size()).min(crate::codec::len64(ROWS_LIMIT));
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = from
            .read(stream, tree.size(), limit)
            .await
            .map_err(CopyError::Source)?;
        if rows.is_empty() {
            let what = format!("stream {stream} ends at row {}", tree.size());
            return Err(CopyError::Damaged(what));
        }
        for row in rows {
            tree.append(row.leaf, |_, _| {});
        }
    }
    Ok(tree.root())
}
