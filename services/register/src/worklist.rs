//! The projection of what is held by what the entries hold: follows the reporters' streams and keeps an item of each
//! record whose latest revision waits, committed with the position it stands for. It can be thrown away and is then built
//! anew. What an item is, and what it waits for, is said in `vardnav_register::worklist`. Items of a derivation lie with
//! its results; a [`Source`] says which are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use vardnav_register::bytes::DecodeError;
use vardnav_register::delivery::Place;
use vardnav_register::outcome::Outcome;
use vardnav_register::rederive::rows::{Key, projection};
use vardnav_register::worklist::{Item, ReleaseNotAtHand, Revision, held, row};
use vardnav_release::entry::AS_REPORTED;
use vardnav_store::current::{self, Current};
use vardnav_store::{Authority, Change, Duty, ROWS_LIMIT, Store, StoreError, StreamId, VALUE_LIMIT, View};

use crate::{Register, is_reporters};

/// Name of the projection, with the version of its rows: rows of another version lie in another, which is cleared.
pub const PROJECTION: &str = "worklist.1";
/// The projection that held the rows before they had a version.
const UNVERSIONED: &str = "worklist";

/// Entries taken in at a time.
const BATCH: u32 = 1_000;
/// Rows of the projection read at a time, at least and at most.
const SCAN: std::ops::RangeInclusive<usize> = 200..=5_000;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a question waits for the worklist to take in what the register holds.
const CATCH_UP_MAX: Duration = Duration::from_secs(3);

/// The worklist.
pub(crate) struct Worklist {
    store: Arc<dyn Store>,
    duty: Duty,
    authority: Arc<Authority>,
    /// The pool that batches are computed on.
    pool: Arc<Semaphore>,
    /// Held by whoever takes in entries.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// Whose items are read: those of the entries, or of a derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Id of the derivation, or the name of what the entries hold.
    pub(crate) id: String,
    projection: String,
    /// What the keys of its items begin with.
    begin: Vec<u8>,
}

impl Source {
    /// What the entries hold.
    pub(crate) fn as_reported() -> Self {
        Self {
            id: AS_REPORTED.to_owned(),
            projection: PROJECTION.to_owned(),
            begin: Vec::new(),
        }
    }

    /// What a derivation holds.
    pub(crate) fn derivation(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            projection: projection(id),
            begin: Key::Held.with(&[]),
        }
    }
}

/// Takes in what the streams hold, again and again, until the register is dropped. An entry that cannot be taken in is
/// tried again; its stream waits.
pub(crate) async fn follow(register: Weak<Register>, duty: Duty) {
    let (mut reported, mut is_clear) = (String::new(), false);
    while let (Some(shift), Some(register)) = (duty.begin().await, register.upgrade()) {
        if !is_clear {
            is_clear = register.store.clear(UNVERSIONED).await.is_ok();
        }
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
        drop((register, shift));
        tokio::time::sleep(PAUSE).await;
    }
}

impl Worklist {
    pub(crate) fn new(store: Arc<dyn Store>, authority: Arc<Authority>, pool: Arc<Semaphore>) -> Self {
        Self {
            duty: store.duty(),
            store,
            authority,
            pool,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in what is acknowledged, or waits for the server that does, unless that takes too long; gives how many entries
    /// remain.
    ///
    /// # Errors
    /// When the store does not tell how far the streams go.
    pub(crate) async fn caught_up(&self) -> Result<u64, StoreError> {
        let taken_in = async {
            match self.duty.try_begin() {
                Some(_shift) => self.catch_up().await,
                None => crate::followed(self.store.as_ref(), PROJECTION, is_reporters).await,
            }
        };
        // A stream that cannot be followed is logged where it is followed.
        let _ = tokio::time::timeout(CATCH_UP_MAX, taken_in).await;
        crate::behind(self.store.as_ref(), PROJECTION, is_reporters).await
    }

    /// Takes in everything that the streams hold now.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are taken in all the same.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let mut outcome = Ok(());
        for (stream, _, size) in crate::lagging(self.store.as_ref(), PROJECTION, is_reporters).await? {
            if let Err(error) = self.catch_up_stream(&stream, size).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Items of a source by key from `from` on, whose keys begin with `prefix`, with the key after them; no key after the
    /// last. About `wanted` are read, and handed to `take`, which runs on the pool and is given back.
    ///
    /// # Errors
    /// When the store does not answer or a row cannot be read.
    pub(crate) async fn items<T: Send + 'static>(
        &self,
        source: &Source,
        (prefix, from): (&[u8], &[u8]),
        wanted: usize,
        mut taker: T,
        take: impl Fn(&mut T, &str, Item) + Send + 'static,
    ) -> Result<(T, Option<Vec<u8>>), StoreError> {
        let most = wanted.clamp(*SCAN.start(), *SCAN.end());
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let prefix = [source.begin.as_slice(), prefix].concat();
        let from = [source.begin.as_slice(), from].concat();
        let rows = self.store.scan(&source.projection, &from, limit).await?;
        let full = rows.len() == most;
        let (begin, name) = (source.begin.len(), source.projection.clone());
        let read = move || {
            let mut next = None;
            for found in rows {
                if !found.key.starts_with(&prefix) || current::is_place(&found.key) {
                    return Ok((taker, None));
                }
                let key = found.key.get(begin..).unwrap_or_default();
                let (Some(reporter), Ok(item)) = (row::reporter_of(key), Item::decode(&found.value)) else {
                    return Err(StoreError::Corrupt(format!("a row of {name}")));
                };
                take(&mut taker, reporter, item);
                if full {
                    next = Some([key, &[0]].concat());
                }
            }
            Ok((taker, next))
        };
        crate::compute(&self.pool, read).await?
    }

    /// The items under keys, of those that are there.
    async fn formers(
        &self,
        keys: impl Iterator<Item = Vec<u8>>,
    ) -> Result<BTreeMap<Vec<u8>, Item>, StoreError> {
        let keys: Vec<Vec<u8>> = keys.collect::<BTreeSet<_>>().into_iter().collect();
        let mut formers = BTreeMap::new();
        for some in keys.chunks(ROWS_LIMIT) {
            let rows = self.store.rows(PROJECTION, some).await?;
            for (key, bytes) in some.iter().zip(rows) {
                if let Some(bytes) = bytes {
                    let item = Item::decode(&bytes);
                    let item = item.map_err(|_| StoreError::Corrupt(format!("a row of {PROJECTION}")))?;
                    formers.insert(key.clone(), item);
                }
            }
        }
        Ok(formers)
    }

    /// How far a stream is taken in. It is asked of the store each time: another process may have followed, and what is
    /// kept is forgotten when anything is erased.
    async fn place(&self, stream: &StreamId) -> Result<Place, StoreError> {
        current::place(self.store.as_ref(), PROJECTION, stream).await
    }

    async fn catch_up_stream(&self, stream: &StreamId, size: u64) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        let mut place = self.place(stream).await?;
        while let Some(mut page) = current::followed_page(store, stream, place, size, BATCH).await? {
            let entries = std::mem::take(&mut page.entries);
            let mut changes = self.changes(stream, entries).await?;
            changes.extend(page.place(stream, place));
            let (from, to) = (place.cursor, page.next.cursor);
            store.commit(PROJECTION, stream, from, to, changes).await?;
            place = page.next;
        }
        Ok(())
    }

    /// What entries that become current one after the other change.
    async fn changes(&self, stream: &StreamId, entries: Vec<Current>) -> Result<Vec<Change>, StoreError> {
        let (view, of) = (self.authority.view(), stream.clone());
        let read = move || {
            let each = entries.iter().map(|entry| revision(&of, entry, &view));
            each.collect::<Result<Vec<_>, _>>()
        };
        let revisions = crate::compute(&self.pool, read).await??;
        let reporter = stream.as_reporter().unwrap_or_default();
        let later = revisions.iter().filter(|revision| revision.revision > 1);
        let mut formers = self
            .formers(later.map(|revision| row::key(reporter, revision.kind, &revision.id)))
            .await?;
        let mut items: BTreeMap<Vec<u8>, Option<Item>> = BTreeMap::new();
        for revision in revisions {
            // A first revision that is not held leaves nothing, and there was nothing before it.
            if revision.held.is_none() && revision.revision == 1 {
                continue;
            }
            let key = row::key(reporter, revision.kind, &revision.id);
            let former = match items.remove(&key) {
                Some(former) => former,
                None if revision.revision > 1 => formers.remove(&key),
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

fn revision(stream: &StreamId, current: &Current, view: &View) -> Result<Revision, StoreError> {
    let Current { position, entry, .. } = current;
    let damaged = |error: DecodeError| StoreError::Corrupt(format!("{stream}: position {position}: {error}"));
    // Most are not held: of those nothing else is looked at.
    let is_held = entry.outcome().map_err(damaged)? == Some(Outcome::Held);
    let (derived, record) = match is_held {
        true => (
            entry.derived().map_err(damaged)?,
            entry.record().map_err(damaged)?,
        ),
        false => (None, None),
    };
    let waits = match (derived, record) {
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
