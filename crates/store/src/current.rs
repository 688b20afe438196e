//! Reading a reporter's stream as its entries become current: pages in that order for those who follow a stream, and the
//! deliveries of a stream for those who look something up in it. What makes an entry current is said in
//! `vardnav_register::delivery`.

use std::collections::BTreeMap;

use vardnav_register::delivery::{Deliveries, Place, closing_key, opening_key, step};
use vardnav_register::entry::{Entry, StreamEntry};
use vardnav_register::erasure::Erasure;

use crate::contract::{Change, Hash, ROWS_LIMIT, Store, StoreError, StoredRow, StreamId};

/// Begins the key of the row that holds where a projection is within a delivery of a stream; after all other rows.
const WITHIN: u8 = 0xff;
/// Rows read at a time that hold places.
const PLACES: u32 = 1_000;

/// An entry of a record that became current.
#[derive(Debug, Clone)]
pub struct Current {
    /// Where it stands in the stream.
    pub position: u64,
    /// Its leaf.
    pub leaf: Hash,
    /// The entry.
    pub entry: Entry,
}

/// A page of a stream.
#[derive(Debug, Clone)]
pub struct Page {
    /// Entries of records, in the order in which they became current.
    pub entries: Vec<Current>,
    /// What tells of erasures, with its position: of entries that may have been read before.
    pub erasures: Vec<(u64, Erasure)>,
    /// Where to go on.
    pub next: Place,
}

impl Page {
    /// A page of which nothing is told but where to go on.
    pub fn ends_at(next: Place) -> Self {
        Self {
            entries: Vec::new(),
            erasures: Vec::new(),
            next,
        }
    }

    /// The change that keeps the place within a delivery, for the projection that commits the page; none when the stream
    /// was and is read outside of deliveries.
    pub fn place(&self, stream: &StreamId, before: Place) -> Option<Change> {
        (before.within.is_some() || self.next.within.is_some()).then(|| Change {
            key: within_key(stream),
            value: self.next.within_bytes().map(|bytes| bytes.to_vec()),
        })
    }
}

/// The next page of a stream that has `size` entries: at most `limit` of it are read. `None` at its end.
///
/// # Errors
/// When the store cannot, or an entry is not of its form.
pub async fn page(
    store: &dyn Store,
    stream: &StreamId,
    place: Place,
    size: u64,
    limit: u32,
) -> Result<Option<Page>, StoreError> {
    read_page(store, stream, place, size, limit, false).await
}

/// As [`page`], for whoever follows the stream as part of the background work ([`Store::follow`]).
///
/// # Errors
/// As [`page`].
pub async fn followed_page(
    store: &dyn Store,
    stream: &StreamId,
    place: Place,
    size: u64,
    limit: u32,
) -> Result<Option<Page>, StoreError> {
    read_page(store, stream, place, size, limit, true).await
}

async fn read_page(
    store: &dyn Store,
    stream: &StreamId,
    place: Place,
    size: u64,
    limit: u32,
    follows: bool,
) -> Result<Option<Page>, StoreError> {
    if place.cursor >= size {
        return Ok(None);
    }
    let most = u32::try_from(place.reads_at_most(size)).unwrap_or(u32::MAX);
    let mut rows = Vec::new();
    // Nothing lies between the opening and the closing of an empty delivery.
    if most > 0 {
        let (from, limit) = (place.reads_from(), most.min(limit));
        rows = match follows {
            true => store.follow(stream, from, limit).await?,
            false => store.read(stream, from, limit).await?,
        };
        if rows.is_empty() {
            return Err(StoreError::Corrupt(format!(
                "{stream}: position {} is missing",
                place.reads_from()
            )));
        }
    }
    let leaves: BTreeMap<u64, Hash> = rows.iter().map(|row| (row.position, row.leaf)).collect();
    let read = rows.iter().map(|row| Ok((row.position, entry(stream, row)?)));
    let read = read.collect::<Result<Vec<_>, StoreError>>()?;
    // Whoever goes back for a delivery has come by what lies within it already.
    let erasures = read.iter().filter(|_| place.within.is_none());
    let erasures = erasures.filter_map(|(position, entry)| match entry {
        StreamEntry::Erased(erasure) => Some((*position, erasure.clone())),
        _ => None,
    });
    let mut erasures: Vec<(u64, Erasure)> = erasures.collect();
    let (entries, next) = step(place, read);
    erasures.retain(|(position, _)| *position < next.cursor);
    let entries = entries.into_iter().filter_map(|(position, entry)| {
        let leaf = *leaves.get(&position)?;
        Some(Current {
            position,
            leaf,
            entry,
        })
    });
    Ok(Some(Page {
        entries: entries.collect(),
        erasures,
        next,
    }))
}

/// The entry of a row.
///
/// # Errors
/// `Corrupt` when it is not of its form.
pub fn entry(stream: &StreamId, row: &StoredRow) -> Result<StreamEntry, StoreError> {
    StreamEntry::decode(&row.bytes)
        .map_err(|error| StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position)))
}

/// Where a projection is in a stream.
///
/// # Errors
/// When the store cannot, or the projection's row is not of its form.
pub async fn place(store: &dyn Store, projection: &str, stream: &StreamId) -> Result<Place, StoreError> {
    let cursor = store.cursor(projection, stream).await?;
    let within = store.row(projection, &within_key(stream)).await?;
    Place::of(cursor, within.as_deref())
        .ok_or_else(|| StoreError::Corrupt(format!("{projection}: its place in {stream}")))
}

/// Where a projection is in each stream that it has begun.
///
/// # Errors
/// As [`place`].
pub async fn places(store: &dyn Store, projection: &str) -> Result<BTreeMap<StreamId, Place>, StoreError> {
    let cursors = store.cursors_of(projection).await?;
    let (mut within, mut from) = (BTreeMap::new(), vec![WITHIN]);
    loop {
        let rows = store.scan(projection, &from, PLACES).await?;
        let Some(last) = rows.last() else { break };
        from = [last.key.as_slice(), &[0]].concat();
        within.extend(rows.into_iter().map(|row| (row.key, row.value)));
    }
    let places = cursors.into_iter().map(|(stream, cursor)| {
        let within = within.get(&within_key(&stream)).map(Vec::as_slice);
        let place = Place::of(cursor, within)
            .ok_or_else(|| StoreError::Corrupt(format!("{projection}: its place in {stream}")))?;
        Ok((stream, place))
    });
    places.collect()
}

/// Whether the key of a projection's row is of those that hold places, which come after all others.
pub fn is_place(key: &[u8]) -> bool {
    key.first() == Some(&WITHIN)
}

fn within_key(stream: &StreamId) -> Vec<u8> {
    [&[WITHIN], stream.as_str().as_bytes()].concat()
}

/// The deliveries of a stream, as it is now.
///
/// # Errors
/// When the store cannot, or an entry is not of its form.
pub async fn deliveries(store: &dyn Store, stream: &StreamId) -> Result<Deliveries, StoreError> {
    let mut known = Deliveries::default();
    learn(store, stream, &mut known).await?;
    Ok(known)
}

/// Adds to the deliveries known of a stream what was opened and closed since.
///
/// # Errors
/// As [`deliveries`].
pub async fn learn(store: &dyn Store, stream: &StreamId, known: &mut Deliveries) -> Result<(), StoreError> {
    let mut number = u32::try_from(known.len()).unwrap_or(u32::MAX);
    let mut some = 1;
    loop {
        let numbers = number.saturating_add(1)..=number.saturating_add(some);
        let keys: Vec<_> = numbers.map(opening_key).collect();
        let asked = keys.len();
        let positions: Vec<u64> = store.find(stream, keys).await?.into_iter().flatten().collect();
        for position in &positions {
            if let Some(StreamEntry::Opened(opening)) = one(store, stream, *position).await? {
                known.opened(*position, opening);
            }
        }
        if positions.len() < asked || positions.is_empty() {
            break;
        }
        number = number.saturating_add(some);
        some = (some * 8).min(4096);
    }
    let open: Vec<u64> = known
        .all()
        .filter(|(_, delivery)| delivery.closed.is_none())
        .map(|(opened, _)| opened)
        .collect();
    for some in open.chunks(ROWS_LIMIT) {
        let keys = some.iter().map(|opened| closing_key(*opened)).collect();
        for position in store.find(stream, keys).await?.into_iter().flatten() {
            if let Some(StreamEntry::Closed(closing)) = one(store, stream, position).await? {
                known.closed(position, closing);
            }
        }
    }
    Ok(())
}

async fn one(store: &dyn Store, stream: &StreamId, position: u64) -> Result<Option<StreamEntry>, StoreError> {
    let rows = store.read(stream, position, 1).await?;
    rows.first().map(|row| entry(stream, row)).transpose()
}
