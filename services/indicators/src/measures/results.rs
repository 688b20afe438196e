//! What a derivation has: how far it has come on a stream, the results of entries, and which of them it set right since
//! they were taken in. Its rows are described in `vardnav_register::rederive::rows`.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_register::rederive::rows::{Key as Of, ROW_ENTRIES, Results, decode, projection};
use vardnav_store::{Change, Digest, Store, StoreError, StreamId};

use super::rows::Key;

/// Pieces read at a time.
const SCAN: u32 = 256;
/// Bytes of a digest that are kept of a row.
const KEPT: usize = 8;

/// How many entries of a stream a derivation has derived.
pub(super) async fn reached(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
) -> Result<u64, StoreError> {
    store.cursor(&projection(derivation), stream).await
}

/// The marks that move when a derivation sets right what it derived before.
pub(super) async fn marks(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
) -> Result<Vec<u8>, StoreError> {
    let projection = projection(derivation);
    let mut marks = Vec::new();
    for key in [Of::Swept, Of::Known] {
        let mark = store
            .row(&projection, &key.with(stream.as_str().as_bytes()))
            .await?;
        let mark = mark.unwrap_or_default();
        marks.push(u8::try_from(mark.len()).unwrap_or(u8::MAX));
        marks.extend(mark);
    }
    Ok(marks)
}

/// The results of entries by position, and the changes that note the rows that they were taken from, of those that begin
/// at `from` or after: of others some entries were taken in earlier, and are looked at again.
pub(super) async fn of(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
    (from, positions): (u64, &BTreeSet<u64>),
) -> Result<(BTreeMap<u64, Results>, Vec<Change>), StoreError> {
    let (mut found, mut digests) = (BTreeMap::new(), Vec::new());
    let numbers: BTreeSet<u64> = positions.iter().map(|position| position / ROW_ENTRIES).collect();
    for number in numbers {
        let mut bytes = Vec::new();
        each(store, derivation, stream, (number, number), |_, whole| {
            bytes = whole
        })
        .await?;
        if bytes.is_empty() {
            continue;
        }
        let wrong = |error| StoreError::Corrupt(format!("{stream}: results of row {number}: {error}"));
        let results = decode(&bytes).map_err(wrong)?;
        let first = number * ROW_ENTRIES;
        let own = (first..)
            .zip(results)
            .filter(|(position, _)| positions.contains(position));
        found.extend(own);
        if first >= from {
            digests.push(Change {
                key: Key::Results.with(&key_of(stream, number)),
                value: Some(digest(&bytes)),
            });
        }
    }
    Ok((found, digests))
}

/// The positions, below how far a stream is taken in, of entries in rows that are other than they were when they were taken
/// in.
pub(super) async fn stale(
    store: &dyn Store,
    (own, derivation): (&str, &str),
    stream: &StreamId,
    taken_in: u64,
) -> Result<Vec<u64>, StoreError> {
    let Some(last) = taken_in.checked_sub(1) else {
        return Ok(Vec::new());
    };
    let mut now = Vec::new();
    each(
        store,
        derivation,
        stream,
        (0, last / ROW_ENTRIES),
        |number, bytes| {
            now.push((number, digest(&bytes)));
        },
    )
    .await?;
    let mut stale = Vec::new();
    for (number, digest) in now {
        let kept = store
            .row(own, &Key::Results.with(&key_of(stream, number)))
            .await?;
        if kept != Some(digest) {
            let first = number * ROW_ENTRIES;
            stale.extend(first..taken_in.min(first + ROW_ENTRIES));
        }
    }
    Ok(stale)
}

/// Goes through rows of results, each with its number and all of its bytes.
async fn each(
    store: &dyn Store,
    derivation: &str,
    stream: &StreamId,
    (first, last): (u64, u64),
    mut take: impl FnMut(u64, Vec<u8>),
) -> Result<(), StoreError> {
    let projection = projection(derivation);
    let begin = Of::Results.of_stream(stream.as_str(), &[]);
    let mut from = Of::results(stream.as_str(), first, 0);
    let mut open: Option<(u64, Vec<u8>)> = None;
    // Few at first: what follows the pieces of one row is of others.
    let mut some = if first == last { 4 } else { SCAN };
    'rows: loop {
        let rows = store.scan(&projection, &from, some).await?;
        let full = rows.len() == some as usize;
        for row in rows {
            let number = row
                .key
                .strip_prefix(begin.as_slice())
                .and_then(<[u8]>::first_chunk::<8>);
            let number = number
                .map(|number| u64::from_be_bytes(*number))
                .filter(|number| *number <= last);
            let Some(number) = number else { break 'rows };
            match &mut open {
                Some((known, bytes)) if *known == number => bytes.extend_from_slice(&row.value),
                _ => {
                    if let Some((number, bytes)) = open.replace((number, row.value.clone())) {
                        take(number, bytes);
                    }
                }
            }
            from = [row.key.as_slice(), &[0]].concat();
        }
        if !full {
            break;
        }
        some = SCAN;
    }
    if let Some((number, bytes)) = open {
        take(number, bytes);
    }
    Ok(())
}

fn key_of(stream: &StreamId, number: u64) -> Vec<u8> {
    [stream.as_str().as_bytes(), &[0], &number.to_be_bytes()].concat()
}

fn digest(bytes: &[u8]) -> Vec<u8> {
    Digest::of(bytes).0.get(..KEPT).unwrap_or_default().to_vec()
}
