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
use vardnav_store::{Authority, Change, Duty, Head, Shift, Store, StoreError, StreamId};

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

/// How often the counts of a derivation are read when they are cleared meanwhile.
const READS_MAX: usize = 4;

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
    duty: Duty,
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
    /// When they were read.
    moment: Moment,
}

/// What counts at hand rest on beside how far the streams are taken in: what was read before the work was another's, or
/// before an erasure was done, is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Moment {
    /// The number of the shift that read them; 0 where another server counts.
    shift: u64,
    /// Entries of the stream that tells of erasures.
    rights: u64,
}

impl State {
    /// Puts the counts of a stream in the place of those at hand.
    fn put(&mut self, stream: StreamId, place: Place, counts: HashMap<Cell, u64>) {
        let former = self.by_stream.remove(&stream).unwrap_or_default();
        for (cell, count) in &former {
            let others = self.cube.count(cell).saturating_sub(*count);
            self.cube.set(cell, others);
        }
        for (cell, count) in &counts {
            add(&mut self.cube, cell, *count);
        }
        self.by_stream.insert(stream.clone(), counts);
        self.places.insert(stream, place);
        self.published.clear();
    }
}

/// Takes in what the streams hold, or what the server that counts keeps of it, again and again, until the counts are
/// dropped. An entry that cannot be counted is tried again; its stream waits.
pub(crate) async fn follow(counts: Weak<Counts>) {
    let (mut reported, mut is_clear) = (String::new(), false);
    while let Some(counts) = counts.upgrade() {
        if !is_clear && counts.duty.is_mine() {
            is_clear = counts.store.clear(UNVERSIONED).await.is_ok();
        }
        match counts.go_on().await {
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
            duty: store.duty(),
            store,
            authority,
            state: Mutex::default(),
            derived: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in everything that the streams hold now; where another server counts, waits until it has, however long that
    /// is.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are taken in all the same.
    pub async fn catch_up(&self) -> Result<(), FollowError> {
        if let Some(shift) = self.duty.try_begin() {
            return self.count(&shift).await;
        }
        let streams = self.store.streams().await?;
        while self.left(PROJECTION, &streams).await? > 0 {
            tokio::time::sleep(LOOK).await;
        }
        self.read_on().await
    }

    /// Takes in what there is: of the streams, or of what another server counted.
    async fn go_on(&self) -> Result<(), FollowError> {
        match self.duty.try_begin() {
            Some(shift) => self.count(&shift).await,
            None => self.read_on().await,
        }
    }

    async fn count(&self, shift: &Shift) -> Result<(), FollowError> {
        let _turn = self.turn.lock().await;
        let moment = self.moment(shift.number()).await?;
        if !self.is_as_stored(moment).await? {
            self.derived().clear();
            self.load(moment).await?;
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
        let disclosure = &release.indicators.disclosure;
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
        let slice = |value: &String| Slice {
            table: query.table.clone(),
            value: value.clone(),
            grain: query.grain,
            year: query.period.year(),
        };
        let slices: Vec<Slice> = values.iter().map(slice).collect();
        let key = |slice: &Slice| (release.id.clone(), slice.clone());
        let decide = |slice: &Slice| {
            if !published.contains_key(&key(slice)) {
                let decided = Published::beside(cube, &slices, &frame, disclosure);
                let decided = slices.iter().zip(decided);
                published.extend(decided.map(|(slice, decided)| (key(slice), Arc::new(decided))));
            }
            let alone = || Arc::new(Published::new(cube, slice, frame.clone(), disclosure));
            Arc::clone(published.entry(key(slice)).or_insert_with(alone))
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
            let left = self.left(&projection, &streams).await?;
            if left == 0 || tokio::time::Instant::now() >= until {
                return Ok(left);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How many of the entries that streams of reporters held a projection has not taken in.
    async fn left(&self, projection: &str, streams: &[(StreamId, Head)]) -> Result<u64, FollowError> {
        let cursors = self.store.cursors_of(projection).await?;
        let of_reporters = streams
            .iter()
            .filter(|(stream, _)| stream.as_reporter().is_some());
        let left = of_reporters.map(|(stream, head)| head.size.saturating_sub(at(&cursors, stream)));
        Ok(left.sum())
    }

    /// Reads the counts that a derivation keeps, when they are others than those at hand. They are not at hand after when
    /// they were cleared while they were read, again and again.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn read_derived(&self, id: &str) -> Result<(), FollowError> {
        let (store, projection) = (self.store.as_ref(), projection(id));
        for _ in 0..READS_MAX {
            // First: what an erasure makes count anew while it is read is of another moment after.
            let moment = self.moment(0).await?;
            let places = current::places(store, &projection).await?;
            let same = |state: &State| state.moment == moment && state.places == places;
            if self.derived().get(id).is_some_and(same) {
                return Ok(());
            }
            let state = self.stored_derived(&projection, moment, places).await?;
            let cursors = store.cursors_of(&projection).await?;
            let fell = |(stream, place): (&StreamId, &Place)| at(&cursors, stream) < place.cursor;
            if !state.places.iter().any(fell) {
                self.derived().insert(id.to_owned(), state);
                return Ok(());
            }
        }
        self.derived().remove(id);
        Ok(())
    }

    /// The counts that a derivation keeps, which is at those places.
    async fn stored_derived(
        &self,
        projection: &str,
        moment: Moment,
        places: BTreeMap<StreamId, Place>,
    ) -> Result<State, FollowError> {
        let mut state = State {
            loaded: true,
            places,
            moment,
            ..State::default()
        };
        let mut from = Key::Cell.with(&[]);
        'rows: loop {
            let rows = self.store.scan(projection, &from, SCAN).await?;
            let Some(last) = rows.last() else { break };
            from.clone_from(&last.key);
            from.push(0);
            for row in rows {
                if row.key.first() != Some(&(Key::Cell as u8)) {
                    break 'rows;
                }
                let cell = Key::Cell.after_stream(&row.key).unwrap_or_default();
                let (cell, count) = read_row(cell, row.value, projection)?;
                add(&mut state.cube, &cell, count);
            }
        }
        Ok(state)
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
    async fn is_as_stored(&self, moment: Moment) -> Result<bool, FollowError> {
        let places = match &*self.state() {
            state if !state.loaded || state.moment != moment => return Ok(false),
            State { places, .. } => places.clone(),
        };
        let cursors = self.store.cursors_of(PROJECTION).await?;
        Ok(places
            .iter()
            .all(|(stream, place)| at(&cursors, stream) == place.cursor))
    }

    /// Reads everything that is stored.
    async fn load(&self, moment: Moment) -> Result<(), FollowError> {
        let mut state = State {
            loaded: true,
            moment,
            ..State::default()
        };
        for (stream, _) in self.store.streams().await? {
            if stream.as_reporter().is_some() {
                let (place, counts) = self.stored(&stream).await?;
                state.put(stream, place, counts);
            }
        }
        *self.state() = state;
        Ok(())
    }

    /// Reads what another server counted since: of the streams whose counts are not those at hand.
    async fn read_on(&self) -> Result<(), FollowError> {
        let _turn = self.turn.lock().await;
        let moment = self.moment(0).await?;
        let is_of_now = |state: &State| state.loaded && state.moment == moment;
        if !is_of_now(&self.state()) {
            self.derived().clear();
            self.load(moment).await?;
        } else {
            let cursors = self.store.cursors_of(PROJECTION).await?;
            let known: BTreeSet<StreamId> = self.state().places.keys().cloned().collect();
            let all = known.into_iter().chain(cursors.keys().cloned());
            for stream in all.collect::<BTreeSet<_>>() {
                let known = self.state().places.get(&stream).map_or(0, |place| place.cursor);
                if at(&cursors, &stream) != known {
                    let (place, counts) = self.stored(&stream).await?;
                    self.state().put(stream, place, counts);
                }
            }
        }
        self.read_active().await
    }

    /// What is stored of a stream. Its place first: rows read after it are at least as new, and a commit that comes
    /// between is seen at the next look.
    async fn stored(&self, stream: &StreamId) -> Result<(Place, HashMap<Cell, u64>), FollowError> {
        let place = current::place(self.store.as_ref(), PROJECTION, stream).await?;
        let prefix = [stream.as_str().as_bytes(), &[0]].concat();
        let (mut from, mut counts) = (prefix.clone(), HashMap::new());
        // Few at first: what follows the last one is of other streams.
        let mut some = SCAN / 64;
        loop {
            let rows = self.store.scan(PROJECTION, &from, some).await?;
            let full = rows.len() == some as usize;
            for row in rows {
                let Some(cell) = row.key.strip_prefix(prefix.as_slice()) else {
                    return Ok((place, counts));
                };
                let (cell, count) = read_row(cell, row.value, PROJECTION)?;
                counts.insert(cell, count);
                from = row.key;
            }
            if !full {
                return Ok((place, counts));
            }
            from.push(0);
            some = (some * 4).min(SCAN);
        }
    }

    /// The moment of what is read of the store now, by a shift of that number.
    async fn moment(&self, shift: u64) -> Result<Moment, FollowError> {
        let rights = self.store.head(&StreamId::rights()).await?.size;
        Ok(Moment { shift, rights })
    }

    async fn catch_up_stream(&self, stream: &StreamId, size: u64) -> Result<(), FollowError> {
        loop {
            let place = self.state().places.get(stream).copied().unwrap_or_default();
            let store = self.store.as_ref();
            let Some(page) = current::followed_page(store, stream, place, size, BATCH).await? else {
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

/// How far a stream is taken in.
fn at(cursors: &BTreeMap<StreamId, u64>, stream: &StreamId) -> u64 {
    cursors.get(stream).copied().unwrap_or(0)
}

/// The key of a row: of a stream and a cell.
fn row_of(stream: &StreamId, cell: &Cell) -> Vec<u8> {
    [stream.as_str().as_bytes(), &[0], &cell.to_bytes()].concat()
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
pub(crate) fn frame(release: &Snapshot, year: i16) -> Frame {
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
