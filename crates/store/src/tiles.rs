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
    let mut hashes = Vec::with_capacity(subtrees.len());
    for subtree in subtrees {
        let (level, above) = (subtree.level / 8, subtree.level % 8);
        let below = store
            .hashes(stream, level, subtree.index << above, 1 << above)
            .await?;
        if below.len() != 1 << above {
            return Err(StoreError::Limit(
                "a subtree reaches beyond the stream".to_owned(),
            ));
        }
        hashes.push(fold(&below).ok_or_else(|| StoreError::Limit("a subtree without leaves".to_owned()))?);
    }
    Ok(hashes)
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
