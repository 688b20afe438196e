//! Reading a reporter's stream: former entries by key, latest and current revisions, episodes as contacts need them.
//! Gives facts; whether a record is new, and what makes an entry current, is decided in `vardnav_register`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vardnav_register::delivery::Deliveries;
use vardnav_register::entry::{Entry, row_key};
use vardnav_register::record::RecordKind;
use vardnav_register::surroundings::EpisodeView;
use vardnav_store::current::{self, Current};
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

/// Entries at positions, read together.
pub(crate) async fn read(
    store: &dyn Store,
    stream: &StreamId,
    mut positions: Vec<u64>,
) -> Result<HashMap<u64, Former>, StoreError> {
    positions.sort_unstable();
    positions.dedup();
    let mut found = HashMap::with_capacity(positions.len());
    let mut rest = positions.as_slice();
    while let Some(first) = rest.first() {
        let some = rest.get(..ROWS_LIMIT).unwrap_or(rest);
        let rows = store.read_at(stream, some.to_vec()).await?;
        if rows.is_empty() {
            return Err(StoreError::Corrupt(format!(
                "{stream}: position {first} is missing"
            )));
        }
        rest = rest.get(rows.len()..).unwrap_or_default();
        for row in rows {
            found.insert(row.position, former(stream, row)?);
        }
    }
    Ok(found)
}

/// The entry of a record from its row.
pub(crate) fn former(stream: &StreamId, row: StoredRow) -> Result<Former, StoreError> {
    let entry = Entry::decode(&row.bytes)
        .map_err(|error| StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position)))?;
    Ok(Former {
        position: row.position,
        leaf: row.leaf,
        entry,
    })
}

impl From<Current> for Former {
    fn from(current: Current) -> Self {
        let Current {
            position,
            leaf,
            entry,
        } = current;
        Self {
            position,
            leaf,
            entry,
        }
    }
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

/// The latest revision of a record, whether current or not; 0 when there is none.
pub(crate) async fn latest_revision(
    store: &dyn Store,
    stream: &StreamId,
    kind: RecordKind,
    id: &str,
) -> Result<u32, StoreError> {
    let keys = |_: usize, revision| row_key(kind, id, revision);
    let latest = latest(store, stream, 1, keys).await?;
    Ok(latest
        .into_iter()
        .flatten()
        .next()
        .map_or(0, |(revision, _)| revision))
}

/// The latest revision of each of `count` records with its position, whether current or not. `key` gives the key of a
/// revision of one of them. Revisions have no gaps, so each is found by doubling, all side by side.
pub(crate) async fn latest(
    store: &dyn Store,
    stream: &StreamId,
    count: usize,
    key: impl Fn(usize, u32) -> RowKey,
) -> Result<Vec<Option<(u32, u64)>>, StoreError> {
    let mut searches = vec![Search::default(); count];
    // Most records have one revision: the first two of all are asked for at once.
    let pairs = (0..count).flat_map(|at| [key(at, 1), key(at, 2)]).collect();
    let positions = find(store, stream, pairs).await?;
    for (search, pair) in searches.iter_mut().zip(positions.as_chunks::<2>().0) {
        let [first, second] = *pair;
        search.found = first.map(|position| (1, position));
        match second.filter(|_| first.is_some()) {
            Some(position) => {
                search.found = Some((2, position));
                search.step = 1;
            }
            None => search.step = 0,
        }
    }
    loop {
        let open: Vec<usize> = (0..count)
            .filter(|at| searches.get(*at).is_some_and(|search| search.step > 0))
            .collect();
        if open.is_empty() {
            return Ok(searches.into_iter().map(|search| search.found).collect());
        }
        let next = |at: &usize| searches.get(*at).map(|search| key(*at, search.next()));
        let keys = open.iter().filter_map(next).collect();
        let positions = find(store, stream, keys).await?;
        for (at, position) in open.into_iter().zip(positions) {
            if let Some(search) = searches.get_mut(at) {
                search.take(position);
            }
        }
    }
}

/// The search for the latest revision of one record.
#[derive(Clone, Default)]
struct Search {
    found: Option<(u32, u64)>,
    /// How far above what is found is looked; 0 when the search is over.
    step: u32,
    shrinks: bool,
}

impl Search {
    fn next(&self) -> u32 {
        let known = self.found.map_or(0, |(revision, _)| revision);
        known.saturating_add(self.step)
    }

    fn take(&mut self, position: Option<u64>) {
        match position {
            Some(position) => {
                self.found = Some((self.next(), position));
                self.step = match self.shrinks {
                    true => self.step / 2,
                    false => self.step.saturating_mul(2),
                };
            }
            None => {
                self.shrinks = true;
                self.step /= 2;
            }
        }
    }
}

/// What is current is asked among these deliveries.
#[derive(Clone, Copy, Default)]
pub(crate) struct Among<'a> {
    /// The deliveries of the stream, where they are at hand.
    pub(crate) deliveries: Option<&'a Deliveries>,
    /// The open delivery that is looked at as if it was closed, by the position of its opening.
    pub(crate) within: Option<u64>,
}

/// The current revisions of records whose latest are given by place, as the deliveries of the stream tell, or as an open
/// one of them will tell once it is closed. A record that has none is left out.
pub(crate) async fn standing<K: Clone + Ord>(
    store: &dyn Store,
    stream: &StreamId,
    latest: BTreeMap<K, Former>,
    among: Among<'_>,
) -> Result<BTreeMap<K, Former>, StoreError> {
    let mut current = BTreeMap::new();
    let (plain, mut open): (BTreeMap<_, _>, BTreeMap<_, _>) = latest
        .into_iter()
        .partition(|(_, former)| former.entry.header.delivery.is_none());
    current.extend(plain);
    if open.is_empty() {
        return Ok(current);
    }
    let read;
    let deliveries = match among.deliveries {
        Some(deliveries) => deliveries,
        None => {
            read = current::deliveries(store, stream).await?;
            &read
        }
    };
    while !open.is_empty() {
        let stands = |former: &Former| {
            let header = &former.entry.header;
            let own = header
                .delivery
                .is_some_and(|delivered| Some(delivered.opened) == among.within);
            own || deliveries.current_from(former.position, header).is_some()
        };
        let (standing, not): (BTreeMap<_, _>, BTreeMap<_, _>) =
            open.into_iter().partition(|(_, former)| stands(former));
        current.extend(standing);
        open = before(store, stream, not).await?;
    }
    Ok(current)
}

/// The revisions before those given.
async fn before<K: Clone + Ord>(
    store: &dyn Store,
    stream: &StreamId,
    formers: BTreeMap<K, Former>,
) -> Result<BTreeMap<K, Former>, StoreError> {
    let wanted: Vec<(K, RowKey)> = formers
        .into_iter()
        .filter_map(|(of, former)| {
            let header = &former.entry.header;
            let revision = header.revision.checked_sub(1).filter(|revision| *revision > 0)?;
            Some((of, row_key(header.kind, &header.id, revision)))
        })
        .collect();
    let positions = find(store, stream, wanted.iter().map(|(_, key)| *key).collect()).await?;
    let found = read(store, stream, positions.iter().copied().flatten().collect()).await?;
    let each = wanted.into_iter().zip(positions);
    Ok(each
        .filter_map(|((of, _), position)| Some((of, found.get(&position?)?.clone())))
        .collect())
}

/// The episodes with these ids, as they stand now, or will within an open delivery once it is closed.
pub(crate) async fn episodes(
    store: &dyn Store,
    stream: &StreamId,
    view: &View,
    ids: impl IntoIterator<Item = String>,
    among: Among<'_>,
) -> Result<HashMap<String, Arc<EpisodeView>>, StoreError> {
    let current = current_episodes(store, stream, ids, &[], among).await?;
    let mut episodes = HashMap::with_capacity(current.len());
    for (id, former) in current {
        if let Some(episode) = episode_of(stream, &former, view)? {
            episodes.insert(id, episode);
        }
    }
    Ok(episodes)
}

/// An episode as contacts need it; `None` when it was erased or withdrawn.
pub(crate) fn episode_of(
    stream: &StreamId,
    former: &Former,
    view: &View,
) -> Result<Option<Arc<EpisodeView>>, StoreError> {
    let episode = episode_view(&former.entry, view)
        .map_err(|error| StoreError::Corrupt(format!("{stream}: position {}: {error}", former.position)))?;
    Ok(episode.map(Arc::new))
}

/// The current revisions of the episodes with these ids. Those among `at_hand`, which are sorted by position, are not
/// read again.
pub(crate) async fn latest_episodes(
    store: &dyn Store,
    stream: &StreamId,
    ids: impl IntoIterator<Item = String>,
    at_hand: &[Former],
) -> Result<HashMap<String, Former>, StoreError> {
    current_episodes(store, stream, ids, at_hand, Among::default()).await
}

async fn current_episodes(
    store: &dyn Store,
    stream: &StreamId,
    ids: impl IntoIterator<Item = String>,
    at_hand: &[Former],
    among: Among<'_>,
) -> Result<HashMap<String, Former>, StoreError> {
    let ids: Vec<String> = ids.into_iter().collect();
    let key = |at: usize, revision| {
        let id = ids.get(at).map_or("", String::as_str);
        row_key(RecordKind::Episode, id, revision)
    };
    let latest = latest(store, stream, ids.len(), key).await?;
    let known = |position: u64| {
        let at = at_hand.binary_search_by_key(&position, |former| former.position);
        at_hand.get(at.ok()?).cloned()
    };
    let positions = latest.iter().flatten().map(|(_, position)| *position);
    let far = positions.filter(|position| known(*position).is_none());
    let found = read(store, stream, far.collect()).await?;
    let mut formers = BTreeMap::new();
    for (id, latest) in ids.iter().zip(&latest) {
        let Some((_, position)) = latest else { continue };
        if let Some(former) = known(*position).or_else(|| found.get(position).cloned()) {
            formers.insert(id.clone(), former);
        }
    }
    Ok(standing(store, stream, formers, among)
        .await?
        .into_iter()
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
