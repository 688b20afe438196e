//! Reading a reporter's stream: former entries by key, latest revisions, episodes as contacts need them.
//! Gives facts; whether a record is new is decided in `vardnav_register`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vardnav_register::entry::{Entry, row_key};
use vardnav_register::record::RecordKind;
use vardnav_register::surroundings::EpisodeView;
use vardnav_store::{ROWS_LIMIT, RowKey, Store, StoreError, StoredRow, StreamId, View};

/// An entry with its place.
#[derive(Debug, Clone)]
pub(crate) struct Former {
    pub(crate) position: u64,
    pub(crate) leaf: [u8; 32],
    pub(crate) entry: Entry,
}

/// Positions of keys, in the order asked.
pub(crate) async fn find(
    store: &dyn Store,
    stream: &StreamId,
    keys: Vec<RowKey>,
) -> Result<Vec<Option<u64>>, StoreError> {
    let mut positions = Vec::with_capacity(keys.len());
    for some in keys.chunks(ROWS_LIMIT) {
        positions.extend(store.find(stream, some.to_vec()).await?);
    }
    Ok(positions)
}

/// Entries at positions; neighbours are read together.
pub(crate) async fn read(
    store: &dyn Store,
    stream: &StreamId,
    mut positions: Vec<u64>,
) -> Result<HashMap<u64, Former>, StoreError> {
    positions.sort_unstable();
    positions.dedup();
    let mut found = HashMap::with_capacity(positions.len());
    let mut wanted = positions.into_iter().peekable();
    while let Some(first) = wanted.next() {
        let mut end = first + 1;
        while wanted.next_if_eq(&end).is_some() {
            end += 1;
        }
        let mut next = first;
        while next < end {
            let limit = u32::try_from(end - next).unwrap_or(u32::MAX);
            let rows = store.read(stream, next, limit).await?;
            if rows.is_empty() {
                return Err(StoreError::Corrupt(format!(
                    "{stream}: position {next} is missing"
                )));
            }
            for row in rows {
                next = row.position + 1;
                found.insert(row.position, former(stream, row)?);
            }
        }
    }
    Ok(found)
}

/// An entry from its row.
pub(crate) fn former(stream: &StreamId, row: StoredRow) -> Result<Former, StoreError> {
    let entry = Entry::decode(&row.bytes)
        .map_err(|error| StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position)))?;
    Ok(Former {
        position: row.position,
        leaf: row.leaf,
        entry,
    })
}

/// Revisions of a record that the stream holds, of those asked for, oldest first.
pub(crate) async fn revisions(
    store: &dyn Store,
    stream: &StreamId,
    kind: RecordKind,
    id: &str,
    wanted: std::ops::RangeInclusive<u32>,
) -> Result<Vec<Former>, StoreError> {
    let keys = wanted.map(|revision| row_key(kind, id, revision)).collect();
    let positions: Vec<u64> = find(store, stream, keys).await?.into_iter().flatten().collect();
    let found = read(store, stream, positions).await?;
    let mut revisions: Vec<Former> = found.into_values().collect();
    revisions.sort_by_key(|former| former.entry.header.revision);
    Ok(revisions)
}

/// The latest revision of a record; 0 when there is none. Revisions have no gaps, so it is found by doubling.
pub(crate) async fn latest_revision(
    store: &dyn Store,
    stream: &StreamId,
    kind: RecordKind,
    id: &str,
) -> Result<u32, StoreError> {
    let holds = async |revision: u32| -> Result<bool, StoreError> {
        Ok(store
            .find(stream, vec![row_key(kind, id, revision)])
            .await?
            .first()
            .is_some_and(Option::is_some))
    };
    let (mut known, mut step) = (0_u32, 1_u32);
    while holds(known.saturating_add(step)).await? {
        known = known.saturating_add(step);
        step = step.saturating_mul(2);
    }
    while step > 1 {
        step /= 2;
        if holds(known.saturating_add(step)).await? {
            known = known.saturating_add(step);
        }
    }
    Ok(known)
}

/// The episodes with these ids, as they stand now.
pub(crate) async fn episodes(
    store: &dyn Store,
    stream: &StreamId,
    view: &View,
    ids: impl IntoIterator<Item = String>,
) -> Result<HashMap<String, Arc<EpisodeView>>, StoreError> {
    let latest = latest_episodes(store, stream, ids, &[]).await?;
    let mut episodes = HashMap::with_capacity(latest.len());
    for (id, former) in latest {
        let position = former.position;
        if let Some(episode) = episode_view(&former.entry, view)
            .map_err(|error| StoreError::Corrupt(format!("{stream}: position {position}: {error}")))?
        {
            episodes.insert(id, Arc::new(episode));
        }
    }
    Ok(episodes)
}

/// The latest revisions of the episodes with these ids. Those among `at_hand`, which lie in the order of the stream, are
/// not read again.
pub(crate) async fn latest_episodes(
    store: &dyn Store,
    stream: &StreamId,
    ids: impl IntoIterator<Item = String>,
    at_hand: &[Former],
) -> Result<HashMap<String, Former>, StoreError> {
    // Most episodes have one revision: ask for the first two of all at once.
    let ids: Vec<String> = ids.into_iter().collect();
    let keys = ids
        .iter()
        .flat_map(|id| [1, 2].map(|revision| row_key(RecordKind::Episode, id, revision)))
        .collect();
    let positions = find(store, stream, keys).await?;
    let mut places: BTreeMap<u64, String> = BTreeMap::new();
    for (id, pair) in ids.into_iter().zip(positions.as_chunks::<2>().0) {
        match *pair {
            [Some(position), None] => {
                places.insert(position, id);
            }
            [Some(_), Some(_)] => {
                let latest = latest_revision(store, stream, RecordKind::Episode, &id).await?;
                let key = vec![row_key(RecordKind::Episode, &id, latest)];
                if let Some(position) = find(store, stream, key).await?.into_iter().flatten().next() {
                    places.insert(position, id);
                }
            }
            [None, _] => {}
        }
    }
    let known = |position: &u64| {
        let at = at_hand.binary_search_by_key(position, |former| former.position);
        at_hand.get(at.ok()?).cloned()
    };
    let far = places
        .keys()
        .copied()
        .filter(|position| known(position).is_none());
    let mut found = read(store, stream, far.collect()).await?;
    found.extend(
        places
            .keys()
            .filter_map(|position| Some((*position, known(position)?))),
    );
    let places = places.into_iter();
    Ok(places
        .filter_map(|(position, id)| Some((id, found.remove(&position)?)))
        .collect())
}

fn episode_view(
    entry: &Entry,
    view: &View,
) -> Result<Option<EpisodeView>, vardnav_register::bytes::DecodeError> {
    let (Some(record), Some((person, derived))) = (entry.record()?, entry.derived()?) else {
        return Ok(None);
    };
    Ok(EpisodeView::of(&record, Some(person), &derived, |id| {
        view.snapshot(id).map(|release| release.description.as_ref())
    }))
}
