//! Results of a derivation as they are kept: rows of 128 entries of a stream each, in pieces that the store takes.

use std::collections::BTreeMap;

use vardnav_register::rederive::rows::{Key, ROW_ENTRIES, Results, decode, encode, projection};
use vardnav_store::{Change, Store, StoreError, StreamId, VALUE_LIMIT};

/// Bytes of a piece that another follows.
const PIECE: usize = VALUE_LIMIT - 168;

/// The results of one row, as far as they are kept.
///
/// # Errors
/// When the store cannot, or they are not of their form.
pub(crate) async fn row(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
    number: u64,
) -> Result<Vec<Results>, StoreError> {
    let projection = projection(derivation);
    let mut bytes = Vec::new();
    for piece in 0..=u16::MAX {
        let kept = store
            .row(&projection, &Key::results(stream.as_str(), number, piece))
            .await?;
        let Some(kept) = kept else { break };
        bytes.extend_from_slice(&kept);
        if kept.len() < PIECE {
            break;
        }
    }
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    decode(&bytes)
        .map_err(|error| StoreError::Corrupt(format!("{stream}: row {number} of {projection}: {error}")))
}

/// The results of entries by position, as far as they are kept.
///
/// # Errors
/// As [`row`].
pub(crate) async fn results(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
    positions: impl IntoIterator<Item = u64>,
) -> Result<BTreeMap<u64, Results>, StoreError> {
    let mut rows: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for position in positions {
        rows.entry(position / ROW_ENTRIES).or_default().push(position);
    }
    let mut found = BTreeMap::new();
    for (number, positions) in rows {
        let row = row(store, derivation, stream, number).await?;
        for position in positions {
            let at = usize::try_from(position % ROW_ENTRIES).unwrap_or(usize::MAX);
            if let Some(results) = row.get(at) {
                found.insert(position, results.clone());
            }
        }
    }
    Ok(found)
}

/// The changes that put results into their rows, those of other entries kept. Positions up to `cursor` are kept
/// already; those after it follow without gaps.
///
/// # Errors
/// As [`row`].
pub(crate) async fn changes(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
    cursor: u64,
    results: BTreeMap<u64, Results>,
) -> Result<Vec<Change>, StoreError> {
    let mut rows: BTreeMap<u64, Vec<(u64, Results)>> = BTreeMap::new();
    for (position, results) in results {
        rows.entry(position / ROW_ENTRIES)
            .or_default()
            .push((position, results));
    }
    let mut changes = Vec::new();
    for (number, given) in rows {
        let first = number * ROW_ENTRIES;
        let kept = if first < cursor {
            row(store, derivation, stream, number).await?
        } else {
            Vec::new()
        };
        let mut entries = kept;
        for (position, results) in given {
            let at = usize::try_from(position - first).unwrap_or(usize::MAX);
            if at == entries.len() {
                entries.push(results);
            } else if let Some(known) = entries.get_mut(at) {
                *known = results;
            } else {
                return Err(StoreError::Corrupt(format!("{stream}: row {number} has a gap")));
            }
        }
        changes.extend(pieces(stream, number, &encode(&entries)));
    }
    Ok(changes)
}

/// The pieces of a row. A full one is followed by another, be it empty.
fn pieces(stream: &StreamId, number: u64, bytes: &[u8]) -> Vec<Change> {
    let full = bytes.chunks_exact(PIECE);
    let rest = full.remainder();
    full.chain([rest])
        .zip(0..)
        .map(|(piece, at)| Change {
            key: Key::results(stream.as_str(), number, at),
            value: Some(piece.to_vec()),
        })
        .collect()
}
