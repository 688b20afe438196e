//! Counts that follow the reporters' streams: rows of a projection, committed with the position they stand for, and
//! the same in memory. They can be thrown away and are then counted anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::civil::Date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_classification::model::Label;
use vardnav_indicators::counting::age_groups;
use vardnav_indicators::cube::{Cube, Slice};
use vardnav_indicators::query::{Published, Query, answer};
use vardnav_indicators::{Answer, Cell, Frame};
use vardnav_register::delivery::Place;
use vardnav_register::entry::{Entry, StreamEntry, row_key};
use vardnav_register::rederive::rows::{Key, projection};
use vardnav_release::Snapshot;
use vardnav_store::current::{self, Current};
use vardnav_store::{Authority, Change, Store, StoreError, StreamId};

use crate::cells;

/// Name of the projection, with the version of its rows: rows of another version lie in another, which is cleared. A row
/// is what the entries of one stream count as: its key the stream, a zero and the cell. A cell is the sum over streams.
pub const PROJECTION: &str = "indicators.1";
/// The projection that held the counts before they had a version.
const UNVERSIONED: &str = "indicators";

/// Entries taken in at a time.
const BATCH: u32 = 4_000;

/// Rows of the projection read at a time when it is loaded.
const SCAN: u32 = 10_000;

/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to wait between looks at how far a derivation has come.
const LOOK: Duration = Duration::from_millis(100);

/// Why an entry cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry or row is not of its form.
    #[error("{0} cannot be read")]
    Damaged(String),
    /// A release that an entry was classified with cannot be loaded.
    #[error("release {0} cannot be loaded")]
    Release(String),
}

/// What figures rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Reporters with entries taken in.
    pub reporters: u32,
    /// Entries taken in.
    pub entries: u64,
}

/// The counts.
pub struct Counts {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    state: Mutex<State>,
    /// The counts of derivations that were asked for, by id.
    derived: Mutex<BTreeMap<String, State>>,
    /// Held by whoever takes in entries.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Whether the projection's rows have been read.
    loaded: bool,
    cube: Cube,
    /// What the entries of each stream count as; of derivations only the sum is needed.
    by_stream: BTreeMap<StreamId, HashMap<Cell, u64>>,
    places: BTreeMap<StreamId, Place>,
    /// Decisions on what may be shown, as long as nothing changes.
    published: HashMap<(String, Slice), Arc<Published>>,
}

/// Takes in what the streams hold, again and again, until the counts are dropped. An entry that cannot be counted is
/// tried again; its stream waits.
pub(crate) async fn follow(counts: Weak<Counts>) {
    let (mut reported, mut is_clear) = (String::new(), false);
    while let Some(counts) = counts.upgrade() {
        if !is_clear {
            is_clear = counts.store.clear(UNVERSIONED).await.is_ok();
        }
        match counts.catch_up().await {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "counting waits");
                    reported = text;
                }
            }
        }
        drop(counts);
        tokio::time::sleep(PAUSE).await;
    }
}

impl Counts {
    pub(crate) fn new(store: Arc<dyn Store>, authority: Arc<Authority>) -> Self {
        Self {
            store,
            authority,
            state: Mutex::default(),
            derived: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in everything that the streams hold now.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are taken in all the same.
    pub async fn catch_up(&self) -> Result<(), FollowError> {
        let _turn = self.turn.lock().await;
        if !self.is_as_stored().await? {
            self.derived().clear();
            self.load().await?;
        }
        let mut outcome = Ok(());
        for (stream, head) in self.store.streams().await? {
            if stream.as_reporter().is_none() {
                continue;
            }
            if let Err(error) = self.catch_up_stream(&stream, head.size).await {
                outcome = Err(error);
            }
        }
        outcome.and(self.read_active().await)
    }

    /// Answers a question under a release, by what a derivation has; without one, by what the entries hold.
    ///
    /// # Errors
    /// When the question cannot be answered, or the derivation's counts are not read yet.
    pub(crate) fn answer(
        &self,
        query: &Query,
        release: &Snapshot,
        derivation: Option<&str>,
    ) -> Result<(Answer, Coverage), ApiError> {
        let table = release.description.table(&query.table).map(|(_, table)| table);
        let table = table.ok_or_else(|| ApiError::not_found("the counted table"))?;
        let values: Vec<String> = table.values.iter().map(|value| value.code.clone()).collect();
        let frame = frame(release, query.period.year());
        let disclosure = release.indicators.disclosure;
        let (mut own, mut derived) = (None, None);
        let state = match derivation {
            None => &mut **own.insert(self.state()),
            Some(id) => derived.insert(self.derived()).get_mut(id).ok_or_else(unread)?,
        };
        if !state.loaded {
            return Err(unread());
        }
        let State {
            cube,
            published,
            places,
            ..
        } = state;
        let coverage = Coverage {
            reporters: places
                .values()
                .filter(|place| place.cursor > 0)
                .count()
                .try_into()
                .unwrap_or(u32::MAX),
            entries: places.values().map(|place| place.cursor).sum(),
        };
        let decide = |slice: &Slice| {
            let key = (release.id.clone(), slice.clone());
            let fresh = || Arc::new(Published::new(cube, slice, frame.clone(), disclosure));
            Arc::clone(published.entry(key).or_insert_with(fresh))
        };
        let Coverage { reporters, entries } = coverage;
        let note = Label {
            sv: format!("{entries} poster från {reporters} uppgiftslämnare; ej avgjorda grupper räknas inte"),
            en: format!("{entries} entries of {reporters} reporters; undecided groups are not counted"),
        };
        Ok((answer(query, &values, decide, &release.id, note)?, coverage))
    }

    /// Calendar years that hold counts, rising.
    pub fn years(&self) -> Vec<i16> {
        let years: BTreeSet<i16> = self.state().cube.slices().map(|slice| slice.year).collect();
        years.into_iter().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn derived(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of the entries that the streams hold now a derivation has not taken in after `patience`, or as soon as
    /// it has taken in all of them.
    ///
    /// # Errors
    /// When the store does not tell.
    pub(crate) async fn left_after(&self, id: &str, patience: Duration) -> Result<u64, FollowError> {
        let until = tokio::time::Instant::now() + patience;
        let projection = projection(id);
        let streams = self.store.streams().await?;
        loop {
            let mut left = 0;
            for (stream, head) in &streams {
                if stream.as_reporter().is_some() {
                    let position = self.store.cursor(&projection, stream).await?;
                    left += head.size.saturating_sub(position);
                }
            }
            if left == 0 || tokio::time::Instant::now() >= until {
                return Ok(left);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Reads the counts that a derivation keeps, when they are others than those at hand.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn read_derived(&self, id: &str) -> Result<(), FollowError> {
        let projection = projection(id);
        let mut places = BTreeMap::new();
        for (stream, _) in self.store.streams().await? {
            if stream.as_reporter().is_some() {
                let place = current::place(self.store.as_ref(), &projection, &stream).await?;
                places.insert(stream, place);
            }
        }
        let same = |state: &State| state.places == places;
        if self.derived().get(id).is_some_and(same) {
            return Ok(());
        }
        let mut state = State {
            loaded: true,
            places,
            ..State::default()
        };
        let mut from = Key::Cell.with(&[]);
        'rows: loop {
            let rows = self.store.scan(&projection, &from, SCAN).await?;
            let Some(last) = rows.last() else { break };
            from.clone_from(&last.key);
            from.push(0);
            for row in rows {
                if row.key.first() != Some(&(Key::Cell as u8)) {
                    break 'rows;
                }
                let cell = Key::Cell.after_stream(&row.key).unwrap_or_default();
                let (cell, count) = read_row(cell, row.value, &projection)?;
                add(&mut state.cube, &cell, count);
            }
        }
        self.derived().insert(id.to_owned(), state);
        Ok(())
    }

    /// Reads the counts of the derivation that readers are answered from, and forgets those of derivations given up.
    async fn read_active(&self) -> Result<(), FollowError> {
        let view = self.authority.view();
        let derivations = view.state().derivations();
        let is_kept = |id: &str| derivations.standing(id).is_some();
        self.derived().retain(|id, _| is_kept(id));
        match derivations.active() {
            Some(active) => self.read_derived(&active.plan.id).await,
            None => Ok(()),
        }
    }

    /// Whether the counts at hand are those that are stored: else another process counted, or what was counted is
    /// forgotten because something was erased.
    async fn is_as_stored(&self) -> Result<bool, FollowError> {
        let places = match &*self.state() {
            State { loaded: false, .. } => return Ok(false),
            State { places, .. } => places.clone(),
        };
        for (stream, place) in places {
            if self.store.cursor(PROJECTION, &stream).await? != place.cursor {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn load(&self) -> Result<(), FollowError> {
        let mut state = State {
            loaded: true,
            ..State::default()
        };
        // Cursors first: rows read after them are at least as new, and a commit that comes between is noticed by
        // the next one as a conflict.
        for (stream, _) in self.store.streams().await? {
            if stream.as_reporter().is_some() {
                let place = current::place(self.store.as_ref(), PROJECTION, &stream).await?;
                state.places.insert(stream, place);
            }
        }
        let mut from = Vec::new();
        loop {
            let rows = self.store.scan(PROJECTION, &from, SCAN).await?;
            let Some(last) = rows.last() else { break };
            from.clone_from(&last.key);
            from.push(0);
            for row in rows.into_iter().filter(|row| !current::is_place(&row.key)) {
                let (stream, cell) = stream_of(&row.key)?;
                let (cell, count) = read_row(cell, row.value, PROJECTION)?;
                add(&mut state.cube, &cell, count);
                state.by_stream.entry(stream).or_default().insert(cell, count);
            }
        }
        *self.state() = state;
        Ok(())
    }

    async fn catch_up_stream(&self, stream: &StreamId, size: u64) -> Result<(), FollowError> {
        loop {
            let place = self.state().places.get(stream).copied().unwrap_or_default();
            let store = self.store.as_ref();
            let Some(page) = current::page(store, stream, place, size, BATCH).await? else {
                return Ok(());
            };
            let mut changes: BTreeMap<Cell, i64> = BTreeMap::new();
            for entry in &page.entries {
                self.take_in(stream, entry, &mut changes).await?;
            }
            changes.retain(|_, change| *change != 0);
            let counts = self.after(stream, changes);
            let rows = counts.iter().map(|(cell, _, count)| Change {
                key: row_of(stream, cell),
                value: (*count > 0).then(|| count.to_be_bytes().to_vec()),
            });
            let rows = rows.chain(page.place(stream, place)).collect();
            let (from, to) = (place.cursor, page.next.cursor);
            store.commit(PROJECTION, stream, from, to, rows).await?;
            let mut state = self.state();
            let State { cube, by_stream, .. } = &mut *state;
            let of_stream = by_stream.entry(stream.clone()).or_default();
            for (cell, before, after) in counts {
                let others = cube.count(&cell).saturating_sub(before);
                cube.set(&cell, others + after);
                of_stream.insert(cell, after);
            }
            state.places.insert(stream.clone(), page.next);
            state.published.clear();
        }
    }

    /// What the counts of a stream are and become.
    fn after(&self, stream: &StreamId, changes: BTreeMap<Cell, i64>) -> Vec<(Cell, u64, u64)> {
        let state = self.state();
        let of_stream = state.by_stream.get(stream);
        let count = |(cell, change): (Cell, i64)| {
            let before = of_stream
                .and_then(|counts| counts.get(&cell))
                .copied()
                .unwrap_or(0);
            let after = before.saturating_add_signed(change);
            (cell, before, after)
        };
        changes.into_iter().map(count).collect()
    }

    /// Adds what an entry counts as, and takes back what the revision that it takes the place of counted as.
    async fn take_in(
        &self,
        stream: &StreamId,
        current: &Current,
        changes: &mut BTreeMap<Cell, i64>,
    ) -> Result<(), FollowError> {
        let Current { position, entry, .. } = current;
        for cell in self.cells(stream, *position, entry)? {
            *changes.entry(cell).or_default() += 1;
        }
        let header = &entry.header;
        if header.replaces == 0 {
            return Ok(());
        }
        let key = row_key(header.kind, &header.id, header.replaces);
        let found = self.store.find(stream, vec![key]).await?;
        let Some(position) = found.first().copied().flatten() else {
            return Ok(());
        };
        for row in self.store.read(stream, position, 1).await? {
            if let StreamEntry::Record(former) = current::entry(stream, &row)? {
                for cell in self.cells(stream, position, &former)? {
                    *changes.entry(cell).or_default() -= 1;
                }
            }
        }
        Ok(())
    }

    /// What an entry counts as: nothing once it is erased, and nothing when it withdraws its record.
    fn cells(&self, stream: &StreamId, position: u64, entry: &Entry) -> Result<Vec<Cell>, FollowError> {
        let view = self.authority.view();
        match entry.derived().map_err(|_| damaged(stream, position))? {
            Some((_, derived)) => cells::cells(&derived, |id| view.release(id)).map_err(FollowError::Release),
            None => Ok(Vec::new()),
        }
    }
}

/// The key of a row: of a stream and a cell.
fn row_of(stream: &StreamId, cell: &Cell) -> Vec<u8> {
    [stream.as_str().as_bytes(), &[0], &cell.to_bytes()].concat()
}

/// The stream of a row, and the bytes of its cell.
fn stream_of(key: &[u8]) -> Result<(StreamId, &[u8]), FollowError> {
    let read = || {
        let end = key.iter().position(|byte| *byte == 0)?;
        let name = std::str::from_utf8(key.get(..end)?).ok()?;
        Some((StreamId::new(name).ok()?, key.get(end + 1..)?))
    };
    read().ok_or_else(|| FollowError::Damaged(format!("a row of {PROJECTION}")))
}

/// A row of counts: the cell and its count.
fn read_row(cell: &[u8], value: Vec<u8>, projection: &str) -> Result<(Cell, u64), FollowError> {
    let count = value.try_into().map(u64::from_be_bytes);
    match (Cell::from_bytes(cell), count) {
        (Ok(cell), Ok(count)) => Ok((cell, count)),
        _ => Err(FollowError::Damaged(format!("a row of {projection}"))),
    }
}

fn add(cube: &mut Cube, cell: &Cell, count: u64) {
    cube.set(cell, cube.count(cell).saturating_add(count));
}

/// Counts are not at hand yet.
pub(crate) fn unread() -> ApiError {
    let message = "the counts are being read; ask again in a moment";
    ApiError::new(Kind::Unavailable, "VN-API-010", message)
}

fn damaged(stream: &StreamId, position: u64) -> FollowError {
    FollowError::Damaged(format!("{stream}, position {position},"))
}

/// Kommuner and age groups of a release at the end of a year. One frame for the whole year, since disclosure is
/// decided for the whole year.
fn frame(release: &Snapshot, year: i16) -> Frame {
    let last = Date::new(year, 12, 31).ok();
    let geography = &release.register.geography_system;
    let edition = last.and_then(|last| release.catalog.in_force(geography, last));
    let concepts = edition.into_iter().flat_map(|edition| edition.concepts());
    let kommuner = concepts.filter(|concept| {
        concept.code().len() == 4 && last.is_some_and(|last| concept.validity().contains(last))
    });
    Frame {
        kommuner: kommuner
            .filter_map(|concept| concept.code().parse().ok())
            .collect(),
        ages: age_groups(&release.description),
    }
}
