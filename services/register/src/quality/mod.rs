//! The projection of counts: follows the reporters' streams as their entries become current, and the notes of what was
//! rejected, and keeps counts by month and marks of contacts, each commit with the position it stands for. It can be thrown
//! away and is then made anew. What is counted is said in `vardnav_register::quality`.

mod alike;
mod answer;
mod refused;
mod service;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use vardnav_register::bytes::DecodeError;
use vardnav_register::delivery::{Month, Place};
use vardnav_register::entry::{Entry, StreamEntry, row_key};
use vardnav_register::quality::alike::Mark;
use vardnav_register::quality::refusal::Refusal;
use vardnav_register::quality::{Counted, Counts, Key, Tally, row};
use vardnav_runtime::clock;
use vardnav_store::current::{self, Current};
use vardnav_store::{Change, Duty, ROWS_LIMIT, Store, StoreError, StreamId};

use alike::Marks;

use crate::Register;
use crate::let_batches_go_first;

/// Name of the projection, with the version of its rows.
pub const PROJECTION: &str = "quality.2";
/// The projection that held the rows before contacts were marked.
const FORMER: &str = "quality.1";

/// How many gather contacts alike at once; others wait.
const GATHERING_MAX: usize = 2;
/// Entries taken in at a time.
const BATCH: u32 = 4_000;
/// Rows of the projection read at a time.
const SCAN: u32 = 2_000;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a question waits until what the register holds is counted.
const CATCH_UP_MAX: Duration = Duration::from_secs(5);

/// The counts.
pub(crate) struct Quality {
    store: Arc<dyn Store>,
    duty: Duty,
    pool: Arc<Semaphore>,
    /// Bounds how many gather contacts alike at once, each a share of a month.
    gathering: Semaphore,
    /// Held by whoever counts.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// Counts what the streams hold, again and again, until the register is dropped. What cannot be counted is tried again;
/// its stream waits.
pub(crate) async fn follow(register: Weak<Register>, duty: Duty) {
    let (mut reported, mut is_clear) = (String::new(), false);
    while let (Some(shift), Some(register)) = (duty.begin().await, register.upgrade()) {
        if !is_clear {
            is_clear = register.store.clear(FORMER).await.is_ok();
        }
        match register.quality.catch_up().await {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "the counts of the register wait");
                    reported = text;
                }
            }
        }
        drop((register, shift));
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a stream is counted: a reporter's, or that of its rejections.
fn is_counted(stream: &StreamId) -> bool {
    stream.as_reporter().is_some() || refused::reporter_of(stream).is_some()
}

impl Quality {
    pub(crate) fn new(store: Arc<dyn Store>, pool: Arc<Semaphore>) -> Self {
        Self {
            duty: store.duty(),
            store,
            pool,
            gathering: Semaphore::new(GATHERING_MAX),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Counts what is acknowledged, or waits for the server that does, unless that takes too long; gives how many entries
    /// remain.
    ///
    /// # Errors
    /// When the store does not tell how far the streams go.
    pub(crate) async fn caught_up(&self) -> Result<u64, StoreError> {
        let counted = async {
            match self.duty.try_begin() {
                Some(_shift) => self.catch_up().await,
                None => crate::followed(self.store.as_ref(), PROJECTION, is_counted).await,
            }
        };
        // A stream that cannot be followed is logged where it is followed.
        let _ = tokio::time::timeout(CATCH_UP_MAX, counted).await;
        crate::behind(self.store.as_ref(), PROJECTION, is_counted).await
    }

    /// The counts of a reporter.
    ///
    /// # Errors
    /// When the store does not answer or a row cannot be read.
    pub(crate) async fn tally(&self, reporter: &str) -> Result<Tally, StoreError> {
        let (prefix, end) = (row::prefix(reporter), row::end(reporter));
        let mut tally = Tally::default();
        let mut from = prefix.clone();
        loop {
            let rows = self.store.scan(PROJECTION, &from, SCAN).await?;
            let full = rows.len() == SCAN as usize;
            for found in &rows {
                if !found.key.starts_with(&prefix) || found.key >= end {
                    return Ok(tally);
                }
                match (Key::decode(&found.key), Counts::decode(&found.value)) {
                    (Some((_, key)), Ok(counts)) => tally.add(key, counts),
                    _ => return Err(damaged_row()),
                }
            }
            match rows.into_iter().last().filter(|_| full) {
                Some(last) => {
                    from = last.key;
                    from.push(0);
                }
                None => return Ok(tally),
            }
        }
    }

    /// Counts everything that the streams hold now.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are counted all the same.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let mut outcome = Ok(());
        for (stream, _, size) in crate::lagging(self.store.as_ref(), PROJECTION, is_counted).await? {
            let done = match refused::reporter_of(&stream) {
                Some(reporter) => self.catch_up_refused(&stream, reporter, size).await,
                None => self.catch_up_stream(&stream, size).await,
            };
            if let Err(error) = done {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn catch_up_stream(&self, stream: &StreamId, size: u64) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        let reporter = stream.as_reporter().unwrap_or_default();
        let mut place = self.place(stream).await?;
        while let Some(page) = current::followed_page(store, stream, place, size, BATCH).await? {
            let (tally, marks) = self.tally_of(stream, &page.entries).await?;
            let mut changes = self.changes(reporter, &tally).await?;
            changes.extend(self.blocks(reporter, marks).await?);
            changes.extend(page.place(stream, place));
            let (from, to) = (place.cursor, page.next.cursor);
            store.commit(PROJECTION, stream, from, to, changes).await?;
            place = page.next;
            self.give_way().await;
        }
        Ok(())
    }

    async fn catch_up_refused(&self, stream: &StreamId, reporter: &str, size: u64) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        let mut place = self.place(stream).await?;
        while place.cursor < size {
            let rows = store.read(stream, place.cursor, BATCH).await?;
            let Some(last) = rows.last() else { break };
            let next = last.position + 1;
            let mut tally = Tally::default();
            for row in &rows {
                let refusal = Refusal::decode(&row.bytes).map_err(damaged(stream, row.position))?;
                tally.refuse(&refusal, Month::of(clock::date_of_micros(refusal.at)));
            }
            let changes = self.changes(reporter, &tally).await?;
            store
                .commit(PROJECTION, stream, place.cursor, next, changes)
                .await?;
            place = Place::at(next);
        }
        Ok(())
    }

    /// What entries that become current one after the other add, with what they take the place of taken away, and the
    /// marks that they leave.
    async fn tally_of(&self, stream: &StreamId, entries: &[Current]) -> Result<(Tally, Marks), StoreError> {
        let (mut tally, mut marks) = (Tally::default(), Marks::new());
        // Entries of the page itself are not read again.
        let mut at_hand: BTreeMap<[u8; 16], &Current> = BTreeMap::new();
        for current in entries {
            let Current { position, entry, .. } = current;
            let header = &entry.header;
            if header.replaces > 0 {
                let key = row_key(header.kind, &header.id, header.replaces);
                let former = match at_hand.get(&key) {
                    Some(former) => counted(stream, former.position, &former.entry)?,
                    None => self.former(stream, key).await?,
                };
                if let Some((position, former)) = former {
                    tally.count(&former, -1);
                    mark(&mut marks, (position, &former), true);
                }
            }
            if let Some((position, counted)) = counted(stream, *position, entry)? {
                tally.count(&counted, 1);
                mark(&mut marks, (position, &counted), false);
            }
            at_hand.insert(header.key(), current);
        }
        Ok((tally, marks))
    }

    /// What the entry under a key counted as, with its position.
    async fn former(&self, stream: &StreamId, key: [u8; 16]) -> Result<Option<(u64, Counted)>, StoreError> {
        let found = self.store.find(stream, vec![key]).await?;
        let Some(position) = found.first().copied().flatten() else {
            return Ok(None);
        };
        for row in self.store.read(stream, position, 1).await? {
            if let StreamEntry::Record(entry) = current::entry(stream, &row)? {
                return counted(stream, position, &entry);
            }
        }
        Ok(None)
    }

    /// The rows as they are with more counted.
    async fn changes(&self, reporter: &str, tally: &Tally) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        let keys: Vec<Vec<u8>> = tally.iter().map(|(key, _)| key.encode(reporter)).collect();
        let mut rows = Vec::with_capacity(keys.len());
        for some in keys.chunks(ROWS_LIMIT) {
            rows.extend(self.store.rows(PROJECTION, some).await?);
        }
        for (((_, more), key), row) in tally.iter().zip(keys).zip(rows) {
            let mut counts = match row {
                Some(bytes) => Counts::decode(&bytes).map_err(|_| damaged_row())?,
                None => Counts::default(),
            };
            counts.add(more, 1);
            let value = match counts == Counts::default() {
                true => None,
                false => Some(counts.encode().ok_or_else(damaged_row)?),
            };
            changes.push(Change { key, value });
        }
        Ok(changes)
    }

    /// Lets batches that wait be computed first.
    async fn give_way(&self) {
        let pool = Arc::clone(&self.pool);
        if pool.available_permits() == 0 {
            let _ = tokio::task::spawn_blocking(move || let_batches_go_first(&pool)).await;
        }
    }

    /// How far a stream is counted. It is asked of the store each time, since the counts are forgotten when anything is
    /// erased.
    async fn place(&self, stream: &StreamId) -> Result<Place, StoreError> {
        current::place(self.store.as_ref(), PROJECTION, stream).await
    }
}

/// What the entry at a position counts as.
fn counted(stream: &StreamId, position: u64, entry: &Entry) -> Result<Option<(u64, Counted)>, StoreError> {
    let counted = Counted::of(entry).map_err(damaged(stream, position))?;
    Ok(counted.map(|counted| (position, counted)))
}

/// Marks an entry that becomes current, or that something takes the place of, when it is of a contact.
fn mark(marks: &mut Marks, (position, counted): (u64, &Counted), gone: bool) {
    if let Some(likeness) = counted.likeness {
        marks.entry(counted.month).or_default().push(Mark {
            likeness,
            position,
            held: counted.held,
            gone,
        });
    }
}

fn damaged(stream: &StreamId, position: u64) -> impl Fn(DecodeError) -> StoreError {
    move |error| StoreError::Corrupt(format!("{stream}: position {position}: {error}"))
}

fn damaged_row() -> StoreError {
    StoreError::Corrupt(format!("a row of {PROJECTION}"))
}
