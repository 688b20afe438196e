//! National heads as a store keeps them: read, and held against the streams that they are over. Signs nothing.

use vardnav_register::national::{NationalEntry, NationalHead, StreamHeads, WHOLE_EVERY, check_streams};

use crate::contract::{Store, StoreError, StreamId};

/// The entries of national heads from a number on, at most so many.
///
/// # Errors
/// When the store does not answer, or a row is no such entry.
pub async fn entries(store: &dyn Store, from: u64, count: u64) -> Result<Vec<NationalEntry>, StoreError> {
    let stream = StreamId::heads();
    let mut entries: Vec<NationalEntry> = Vec::new();
    while (entries.len() as u64) < count {
        let at = from + entries.len() as u64;
        let wanted = u32::try_from(count - entries.len() as u64).unwrap_or(u32::MAX);
        let rows = store.read(&stream, at, wanted).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let entry = NationalEntry::decode(&row.bytes).map_err(|error| {
                StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position))
            })?;
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// A national head with the streams under it, from the entries since all were listed.
///
/// # Errors
/// When there is no such head, the store does not answer, or what is kept does not fit the head.
pub async fn streams_under(
    store: &dyn Store,
    number: u64,
) -> Result<(NationalHead, StreamHeads), StoreError> {
    let first = number - number % WHOLE_EVERY;
    let mut streams = StreamHeads::new();
    let entries = entries(store, first, number - first + 1).await?;
    for entry in &entries {
        streams = entry.after(streams);
    }
    let head = entries
        .into_iter()
        .next_back()
        .map(|entry| entry.head)
        .filter(|head| head.number == number)
        .ok_or_else(|| StoreError::Limit(format!("there is no national head {number}")))?;
    check_streams(&head, &streams).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok((head, streams))
}

/// The last national head with the streams under it; `None` while none is signed.
///
/// # Errors
/// When the store does not answer, or what is kept does not fit the head.
pub async fn last(store: &dyn Store) -> Result<Option<(NationalHead, StreamHeads)>, StoreError> {
    let size = store.head(&StreamId::heads()).await?.size;
    match size.checked_sub(1) {
        Some(number) => Ok(Some(streams_under(store, number).await?)),
        None => Ok(None),
    }
}
