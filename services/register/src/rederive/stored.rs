//! Results of a derivation as they are kept: rows of 128 entries of a stream each, in pieces that the store takes.

use std::collections::BTreeMap;

use vardnav_register::rederive::rows::{Flat, Key, ROW_ENTRIES, Results, decode, encode, projection};
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
            if let Some(results) = row.get(place(position)) {
                found.insert(position, results.clone());
            }
        }
    }
    Ok(found)
}

/// The changes that add the results of entries from a position on, which all before are kept. Those of `again` that lie in
/// a row which is added to are taken out of it and put in their place.
///
/// # Errors
/// As [`row`].
pub(crate) async fn following(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
    (first, flat): (u64, &Flat),
    again: &mut BTreeMap<u64, Results>,
) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    let mut at = 0;
    while at < flat.len() {
        let position = first + at as u64;
        let number = position / ROW_ENTRIES;
        let before = place(position);
        let mut kept = Vec::new();
        if before > 0 {
            kept = row(store, derivation, stream, number).await?;
            if kept.len() < before {
                return Err(gap(stream, number));
            }
            kept.truncate(before);
            for (kept, position) in kept.iter_mut().zip(number * ROW_ENTRIES..) {
                if let Some(results) = again.remove(&position) {
                    *kept = results;
                }
            }
        }
        let end = flat.len().min(at + place(ROW_ENTRIES - 1) + 1 - before);
        changes.extend(pieces(stream, number, &flat.row(&kept, at..end)));
        at = end;
    }
    Ok(changes)
}

/// The changes that put other results in the place of those of entries that are kept.
///
/// # Errors
/// As [`row`].
pub(crate) async fn replaced(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
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
        let mut entries = row(store, derivation, stream, number).await?;
        for (position, results) in given {
            let known = entries.get_mut(place(position));
            *known.ok_or_else(|| gap(stream, number))? = results;
        }
        changes.extend(pieces(stream, number, &encode(&entries)));
    }
    Ok(changes)
}

/// The place of an entry in its row.
fn place(position: u64) -> usize {
    usize::try_from(position % ROW_ENTRIES).unwrap_or(usize::MAX)
}

fn gap(stream: &StreamId, number: u64) -> StoreError {
    StoreError::Corrupt(format!("{stream}: row {number} of results has a gap"))
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
