//! From the hashes a store keeps, one level in eight, to those a proof asks for.

use vardnav_register::tree::{Subtree, node};

use crate::contract::{Hash, Store, StoreError, StreamId};

/// The hashes of complete subtrees of a stream, in the order asked: what `MultiProof::plan` and
/// `Consistency::plan` list. Check the finished proof against the root before it is used.
///
/// # Errors
/// `Limit` when a subtree reaches beyond the stream, otherwise what the store answers.
pub async fn subtree_hashes(
    store: &dyn Store,
    stream: &StreamId,
    subtrees: &[Subtree],
) -> Result<Vec<Hash>, StoreError> {
    store.subtrees(stream, subtrees.to_vec()).await
}

/// The hash of a complete subtree; `level` gives hashes of one of the levels that a store keeps, from a place on.
pub(crate) fn subtree(
    of: Subtree,
    level: impl FnOnce(u8, u64, u32) -> Result<Vec<Hash>, StoreError>,
) -> Result<Hash, StoreError> {
    let beyond = || StoreError::Limit("a subtree reaches beyond the stream".to_owned());
    let (kept, above) = (of.level / 8, of.level % 8);
    let below = level(kept, of.index << above, 1 << above)?;
    if below.len() != 1 << above {
        return Err(beyond());
    }
    fold(&below).ok_or_else(beyond)
}

/// The root over a power of two of hashes.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [only] => Some(*only),
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            Some(node(&fold(left)?, &fold(right)?))
        }
    }
}
