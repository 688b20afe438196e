//! The projection of what is held: follows the reporters' streams and keeps an item of each record whose latest revision
//! waits, committed with the position it stands for. It can be thrown away and is then built anew. What an item is, and
//! what it waits for, is said in `vardnav_register::worklist`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use vardnav_register::bytes::DecodeError;
use vardnav_register::delivery::Place;
use vardnav_register::worklist::{Item, ReleaseNotAtHand, Revision, held, row};
use vardnav_store::current::{self, Current};
use vardnav_store::{Authority, Change, Store, StoreError, StreamId, VALUE_LIMIT, View};

use crate::Register;

/// Name of the projection.
pub const PROJECTION: &str = "worklist";

/// Entries taken in at a time.
const BATCH: u32 = 500;
/// Rows of the projection read at a time, at least and at most.
const SCAN: std::ops::RangeInclusive<usize> = 200..=5_000;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a question waits for the worklist to take in what the register holds.
const CATCH_UP_MAX: Duration = Duration::from_secs(3);

/// The worklist.
pub(crate) struct Worklist {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    /// How far each stream is taken in, as far as it is known.
    places: Mutex<BTreeMap<StreamId, Place>>,
    /// Held by whoever takes in entries.
    turn: tokio::sync::Mutex<()>,
}

/// Takes in what the streams hold, again and again, until the register is dropped. An entry that cannot be taken in is
/// tried again; its stream waits.
pub(crate) async fn follow(register: Weak<Register>) {
    let mut reported = String::new();
    while let Some(register) = register.upgrade() {
        match register.worklist.catch_up().await {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "the worklist waits");
                    reported = text;
                }
            }
        }
        drop(register);
        tokio::time::sleep(PAUSE).await;
    }
}

impl Worklist {
    pub(crate) fn new(store: Arc<dyn Store>, authority: Arc<Authority>) -> Self {
        Self {
            store,
            authority,
            places: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in what is acknowledged, unless that takes too long; gives how many entries remain.
    ///
    /// # Errors
    /// When the store does not tell how far the streams go.
    pub(crate) async fn caught_up(&self) -> Result<u64, StoreError> {
        // A stream that cannot be followed is logged where it is followed.
        let _ = tokio::time::timeout(CATCH_UP_MAX, self.catch_up()).await;
        let mut behind = 0;
        for (stream, head) in self.store.streams().await? {
            if stream.as_reporter().is_some() {
                behind += head.size.saturating_sub(self.place(&stream).await?.cursor);
            }
        }
        Ok(behind)
    }

    /// Takes in everything that the streams hold now.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are taken in all the same.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let mut outcome = Ok(());
        for (stream, head) in self.store.streams().await? {
            if stream.as_reporter().is_none() {
                continue;
            }
            if let Err(error) = self.catch_up_stream(&stream, head.size).await {
                // Another process may have followed: begin from what is stored.
                self.places().remove(&stream);
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Items by key from `from` on, whose keys begin with `prefix`, with the key after them; no key after the last. About
    /// `wanted` are read.
    ///
    /// # Errors
    /// When the store does not answer or a row cannot be read.
    pub(crate) async fn items(&self, prefix: &[u8], from: &[u8], wanted: usize) -> Result<Page, StoreError> {
        let most = wanted.clamp(*SCAN.start(), *SCAN.end());
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let rows = self.store.scan(PROJECTION, from, limit).await?;
        let full = rows.len() == most;
        let mut page = Page::default();
        for found in rows {
            if !found.key.starts_with(prefix) {
                page.next = None;
                return Ok(page);
            }
            let (Some(reporter), Ok(item)) = (row::reporter_of(&found.key), Item::decode(&found.value))
            else {
                return Err(StoreError::Corrupt(format!("a row of {PROJECTION}")));
            };
            page.items.push((reporter.to_owned(), item));
            if full {
                let mut next = found.key;
                next.push(0);
                page.next = Some(next);
            }
        }
        Ok(page)
    }

    /// The item of a record.
    ///
    /// # Errors
    /// As [`Self::items`].
    pub(crate) async fn item(&self, key: &[u8]) -> Result<Option<Item>, StoreError> {
        match self.store.row(PROJECTION, key).await? {
            Some(bytes) => Item::decode(&bytes)
                .map(Some)
                .map_err(|_| StoreError::Corrupt(format!("a row of {PROJECTION}"))),
            None => Ok(None),
        }
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<StreamId, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn place(&self, stream: &StreamId) -> Result<Place, StoreError> {
        let known = self.places().get(stream).copied();
        match known {
            Some(place) => Ok(place),
            None => current::place(self.store.as_ref(), PROJECTION, stream).await,
        }
    }

    async fn catch_up_stream(&self, stream: &StreamId, size: u64) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        let mut place = self.place(stream).await?;
        while let Some(page) = current::page(store, stream, place, size, BATCH).await? {
            let mut changes = self.changes(stream, &page.entries).await?;
            changes.extend(page.place(stream, place));
            let (from, to) = (place.cursor, page.next.cursor);
            store.commit(PROJECTION, stream, from, to, changes).await?;
            place = page.next;
            self.places().insert(stream.clone(), place);
        }
        self.places().insert(stream.clone(), place);
        Ok(())
    }

    /// What entries that become current one after the other change.
    async fn changes(&self, stream: &StreamId, entries: &[Current]) -> Result<Vec<Change>, StoreError> {
        let view = self.authority.view();
        let reporter = stream.as_reporter().unwrap_or_default();
        let mut items: BTreeMap<Vec<u8>, Option<Item>> = BTreeMap::new();
        for entry in entries {
            let revision = revision(stream, entry, &view)?;
            // A first revision that is not held leaves nothing, and there was nothing before it.
            if revision.held.is_none() && revision.revision == 1 {
                continue;
            }
            let key = row::key(reporter, revision.kind, &revision.id);
            let former = match items.remove(&key) {
                Some(former) => former,
                None if revision.revision > 1 => self.item(&key).await?,
                None => None,
            };
            items.insert(key, Item::after(former.as_ref(), revision));
        }
        let changes = items.into_iter().map(|(key, item)| Change {
            key,
            value: item.map(|item| item.encode(VALUE_LIMIT)),
        });
        Ok(changes.collect())
    }
}

/// Items in the order of their keys.
#[derive(Default)]
pub(crate) struct Page {
    /// Each with its reporter.
    pub(crate) items: Vec<(String, Item)>,
    /// Where to go on.
    pub(crate) next: Option<Vec<u8>>,
}

fn revision(stream: &StreamId, current: &Current, view: &View) -> Result<Revision, StoreError> {
    let Current { position, entry, .. } = current;
    let damaged = |error: DecodeError| StoreError::Corrupt(format!("{stream}: position {position}: {error}"));
    let waits = match (
        entry.derived().map_err(damaged)?,
        entry.record().map_err(damaged)?,
    ) {
        (Some((_, derived)), Some(record)) => held(&record, &derived, |id| {
            view.snapshot(id).map(|release| release.description.as_ref())
        })
        .map_err(|error: ReleaseNotAtHand| StoreError::Unavailable(error.to_string()))?,
        _ => None,
    };
    Ok(Revision {
        position: *position,
        kind: entry.header.kind,
        id: entry.header.id.clone(),
        revision: entry.header.revision,
        received: entry.header.received,
        held: waits,
    })
}
