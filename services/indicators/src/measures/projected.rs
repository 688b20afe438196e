//! One projection of measures: its rows and cursors in the store, and its cells in memory. Row changes, cell changes and
//! how far a stream is taken in are kept in one commit. Cells are of all streams together; since a store keeps the commits
//! of a projection in order, what a stop takes are the last of them, and a count of what was taken in tells when that did not hold.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vardnav_indicators::Residence;
use vardnav_indicators::engine::{BrokenDown, Counted, MeasureCell};
use vardnav_register::delivery::Place;
use vardnav_register::identity::PersonKey;
use vardnav_store::current::{self, Current};
use vardnav_store::{Change, Digest, ROWS_LIMIT, Store, StoreError, StreamId};

use super::change::{Became, Rows, changes};
use super::plan::Plan;
use super::rows::{self, Key};
use super::units::Told;
use super::{World, blocks, part, reading, results};
use crate::counts::FollowError;

/// Entries taken in at a time.
const BATCH: u32 = 2_000;
/// Rows read at a time.
const SCAN: u32 = 10_000;
/// Most persons that are remembered to have no rows but those kept since it was begun.
const NEW_MAX: usize = 2_000_000;

/// Cells with their counts.
pub(crate) type Cells = BTreeMap<MeasureCell, u64>;

/// The projection of a plan.
pub(crate) struct Projected {
    pub(crate) plan: Plan,
    state: Mutex<State>,
    units: Mutex<OfUnits>,
}

/// When what is at hand was read: by which shift, and after how many erasures.
pub(crate) type Moment = (u64, u64);

#[derive(Default)]
struct State {
    moment: Option<Moment>,
    cells: Cells,
    places: BTreeMap<StreamId, Place>,
    /// How much was taken in, by stream and of all.
    kept: BTreeMap<StreamId, u64>,
    kept_all: u64,
    /// The persons who have rows, as long as all of them are known.
    known: Option<HashSet<PersonKey>>,
    is_done: bool,
    /// Counts up with every change of cells.
    revision: u64,
}

/// What care units state of themselves, which is kept in no row: it follows from the authority's stream.
#[derive(Default)]
struct OfUnits {
    /// The position of the authority's stream, and a digest of all of it that cells follow from.
    position: Option<u64>,
    source: Option<Digest>,
    /// Counts up with every change.
    revision: u64,
    told: Arc<Told>,
}

impl Projected {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            state: Mutex::default(),
            units: Mutex::default(),
        }
    }

    /// Whether a projection has once taken in all there was.
    pub(crate) async fn is_built(store: &dyn Store, name: &str) -> Result<bool, FollowError> {
        Ok(store.row(name, &Key::Done.with(&[])).await?.is_some())
    }

    /// How far a stream is taken in.
    pub(crate) fn taken_in(&self, stream: &StreamId) -> u64 {
        self.state().places.get(stream).map_or(0, |place| place.cursor)
    }

    /// How many reporters have entries that are taken in, and how many entries that are.
    pub(crate) fn coverage(&self) -> (u32, u64) {
        let state = self.state();
        let begun = state.places.values().filter(|place| place.cursor > 0).count();
        let entries = state.places.values().map(|place| place.cursor).sum();
        (u32::try_from(begun).unwrap_or(u32::MAX), entries)
    }

    /// The number of the state of the cells: another one after every change.
    pub(crate) fn revision(&self) -> u64 {
        self.state().revision + self.units().revision
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.state().cells.len() + self.units().told.cells.len()
    }

    /// The cells of a year of what is counted, of the whole or of a value of a breakdown: those of persons and those of care
    /// units, each in order; a cell may be among both.
    pub(crate) fn of_year(
        &self,
        counted: Counted,
        value: Option<BrokenDown>,
        year: i16,
    ) -> Vec<(MeasureCell, u64)> {
        let first = MeasureCell {
            counted,
            value,
            year,
            month: 0,
            residence: Residence::UNKNOWN,
            sex: None,
            age_from: None,
            is_undecided: false,
            from: None,
            until: None,
        };
        let next = MeasureCell {
            year: year.saturating_add(1),
            ..first
        };
        let copied = |(cell, count): (&MeasureCell, &u64)| (*cell, *count);
        let mut cells: Vec<_> = self.state().cells.range(first..next).map(copied).collect();
        cells.extend(self.units().told.cells.range(first..next).map(copied));
        cells
    }

    /// What care units state of themselves, as it is counted.
    pub(crate) fn told_of_units(&self) -> Arc<Told> {
        Arc::clone(&self.units().told)
    }

    /// Whether what care units state is counted as it is at a position of the authority's stream.
    pub(super) fn has_units_at(&self, position: u64) -> bool {
        self.units().position == Some(position)
    }

    /// Whether it is what was counted from; if so, it is as it is at the position too.
    pub(super) fn has_units_of(&self, position: u64, source: &Digest) -> bool {
        let mut units = self.units();
        let is_same = units.source.as_ref() == Some(source);
        if is_same {
            units.position = Some(position);
        }
        is_same
    }

    /// Puts what care units state in the place of what was counted of them.
    pub(super) fn put_units(&self, position: u64, source: Digest, told: Told) {
        let mut units = self.units();
        *units = OfUnits {
            position: Some(position),
            source: Some(source),
            revision: units.revision + 1,
            told: Arc::new(told),
        };
    }

    /// Takes in what the streams hold, for as long as the patience lasts. Gives whether that is all of it, once or now.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are taken in all the same.
    pub(crate) async fn advance(
        &self,
        world: World<'_>,
        moment: Moment,
        patience: Option<Duration>,
    ) -> Result<bool, FollowError> {
        let until = patience.map(|patience| Instant::now() + patience);
        let is_over = || until.is_some_and(|until| Instant::now() >= until);
        let store = world.store.as_ref();
        if !self.is_as_stored(store, moment).await? {
            self.load(store, moment).await?;
        }
        let mut outcome = Ok(());
        let mut is_whole = true;
        for (stream, head) in store.streams().await? {
            if stream.as_reporter().is_none() {
                continue;
            }
            let size = match self.plan.derivation_id() {
                // What a derivation has not derived yet is not told by it.
                Some(id) => head.size.min(results::reached(store, id, &stream).await?),
                None => head.size,
            };
            is_whole &= size == head.size || self.is_done();
            while self.taken_in(&stream) < size {
                if is_over() {
                    return outcome.map(|()| self.is_done());
                }
                if let Err(error) = self.take_in_some(world, &stream, size).await {
                    self.state().moment = None;
                    outcome = Err(error);
                    is_whole = false;
                    break;
                }
            }
            if self.plan.derivation.is_some()
                && let Err(error) = self.look_again(world, &stream).await
            {
                self.state().moment = None;
                outcome = Err(error);
                is_whole = false;
            }
        }
        if is_whole && !self.is_done() {
            self.mark_done(store).await?;
        }
        outcome.map(|()| self.is_done())
    }

    fn is_done(&self) -> bool {
        self.state().is_done
    }

    /// Notes that all there was is taken in.
    async fn mark_done(&self, store: &dyn Store) -> Result<(), FollowError> {
        let first = self
            .state()
            .places
            .iter()
            .map(|(stream, place)| (stream.clone(), place.cursor))
            .next();
        // A register in which nothing was reported has nothing to note.
        if let Some((stream, cursor)) = first {
            let done = Change {
                key: Key::Done.with(&[]),
                value: Some(Vec::new()),
            };
            store
                .commit(&self.plan.name, &stream, cursor, cursor, vec![done])
                .await?;
        }
        self.state().is_done = true;
        Ok(())
    }

    /// Reads what another server keeps, where it is not what is at hand.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn read(&self, world: World<'_>, erasures: u64) -> Result<(), FollowError> {
        let store = world.store.as_ref();
        if !self.is_as_stored(store, (0, erasures)).await? {
            let state = self.stored(store, (0, erasures)).await?;
            self.put(state);
        }
        Ok(())
    }

    /// Whether what is at hand is what is stored.
    async fn is_as_stored(&self, store: &dyn Store, moment: Moment) -> Result<bool, FollowError> {
        if self.state().moment != Some(moment) {
            return Ok(false);
        }
        let cursors = store.cursors_of(&self.plan.name).await?;
        let state = self.state();
        let at = |stream: &StreamId| state.places.get(stream).map_or(0, |place| place.cursor);
        let all = cursors.keys().chain(state.places.keys());
        Ok(all
            .into_iter()
            .all(|stream| cursors.get(stream).copied().unwrap_or(0) == at(stream)))
    }

    /// Reads everything that is stored; begins anew where that is not whole, or older than an erasure.
    async fn load(&self, store: &dyn Store, moment: Moment) -> Result<(), FollowError> {
        let name = &self.plan.name;
        let mut state = self.stored(store, moment).await?;
        let kept: u64 = state.kept.values().sum();
        let erasures = self.row_number(store, &Key::Erasures.with(&[])).await?;
        let begun = !state.places.is_empty();
        if begun && (kept != state.kept_all || erasures != Some(moment.1)) {
            store.clear(name).await?;
            state = State {
                moment: Some(moment),
                revision: state.revision,
                ..State::default()
            };
        }
        // Nobody has rows where nothing was kept.
        state.known = state.places.is_empty().then(HashSet::new);
        self.put(state);
        Ok(())
    }

    fn put(&self, state: State) {
        let mut own = self.state();
        let revision = own.revision + 1;
        *own = State { revision, ..state };
    }

    /// What is stored. Places first: cells read after them are at least as new.
    async fn stored(&self, store: &dyn Store, moment: Moment) -> Result<State, FollowError> {
        let name = &self.plan.name;
        let mut state = State {
            moment: Some(moment),
            places: current::places(store, name).await?,
            is_done: Self::is_built(store, name).await?,
            ..State::default()
        };
        let wrong = || FollowError::Damaged(format!("a row of {name}"));
        self.each(store, Key::Cell, |rest, value| {
            state
                .cells
                .extend(blocks::read(rest, value).map_err(|_| wrong())?);
            Ok(())
        })
        .await?;
        let mut kept = BTreeMap::new();
        self.each(store, Key::Kept, |stream, value| {
            let stream = std::str::from_utf8(stream).map_err(|_| wrong())?;
            kept.insert(
                StreamId::new(stream)?,
                rows::read_number(value).ok_or_else(wrong)?,
            );
            Ok(())
        })
        .await?;
        state.kept = kept;
        let all = self.row_number(store, &Key::KeptAll.with(&[])).await?;
        state.kept_all = all.unwrap_or(0);
        Ok(state)
    }

    /// Goes through the rows whose keys begin with a letter.
    async fn each(
        &self,
        store: &dyn Store,
        key: Key,
        mut take: impl FnMut(&[u8], &[u8]) -> Result<(), FollowError>,
    ) -> Result<(), FollowError> {
        let mut from = key.with(&[]);
        loop {
            let found = store.scan(&self.plan.name, &from, SCAN).await?;
            let full = found.len() == SCAN as usize;
            for row in found {
                let Some(rest) = key.rest(&row.key) else {
                    return Ok(());
                };
                take(rest, &row.value)?;
                from = [row.key.as_slice(), &[0]].concat();
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn row_number(&self, store: &dyn Store, key: &[u8]) -> Result<Option<u64>, FollowError> {
        let row = store.row(&self.plan.name, key).await?;
        Ok(row.and_then(|value| rows::read_number(&value)))
    }

    /// Takes in a page of a stream.
    async fn take_in_some(&self, world: World<'_>, stream: &StreamId, size: u64) -> Result<(), FollowError> {
        let store = world.store.as_ref();
        let place = self.state().places.get(stream).copied().unwrap_or_default();
        let Some(mut page) = current::page(store, stream, place, size, BATCH).await? else {
            return Ok(());
        };
        let entries = std::mem::take(&mut page.entries);
        let (records, mut further) = self.became(world, stream, (place.cursor, entries)).await?;
        further.extend(page.place(stream, place));
        self.keep(world, stream, (place, page.next), &records, further)
            .await
    }

    /// What entries that become current are: whom they were and are about, and what is marked of them. Of a derivation's
    /// rows of results those that begin at `from` or after are noted as taken in whole.
    async fn became(
        &self,
        world: World<'_>,
        stream: &StreamId,
        (from, entries): (u64, Vec<Current>),
    ) -> Result<(Vec<Became>, Vec<Change>), FollowError> {
        let store = world.store.as_ref();
        let formers = reading::formers(store, stream, &entries).await?;
        let (mut derived, mut digests) = (BTreeMap::new(), Vec::new());
        if let Some(id) = self.plan.derivation_id() {
            let positions: BTreeSet<u64> = entries.iter().map(|current| current.position).collect();
            (derived, digests) = results::of(store, id, stream, (from, &positions)).await?;
        }
        let (plan, view, of) = (self.plan.clone(), world.authority.view(), stream.clone());
        let marking = tokio::task::spawn_blocking(move || {
            let mut marker = plan.engine.marker(part::Codes::of(&plan.release));
            let mut mark = |current: &Current| {
                let header = &current.entry.header;
                let entry = (&current.entry, derived.get(&current.position));
                let now = part::mark(&plan, &view, &mut marker, entry)
                    .map_err(|error| error.at(&of, current.position))?;
                Ok(Became {
                    kind: header.kind,
                    id: header.id.clone(),
                    position: current.position,
                    former: formers
                        .get(&(header.kind, header.id.clone(), header.replaces))
                        .copied()
                        .flatten(),
                    now,
                })
            };
            entries
                .iter()
                .map(&mut mark)
                .collect::<Result<Vec<_>, FollowError>>()
        });
        let stopping = |_| StoreError::Unavailable("the server is stopping".to_owned());
        Ok((marking.await.map_err(stopping)??, digests))
    }

    /// Keeps what records change, and how far the stream is taken in.
    pub(super) async fn keep(
        &self,
        world: World<'_>,
        stream: &StreamId,
        (place, next): (Place, Place),
        records: &[Became],
        further: Vec<Change>,
    ) -> Result<(), FollowError> {
        let store = world.store.as_ref();
        let wanted: BTreeSet<PersonKey> = records.iter().flat_map(Became::persons).collect();
        let persons = self.persons(world, wanted.iter().copied()).await?;
        let changed = changes(&self.plan.engine, stream, records, persons)
            .map_err(|_| FollowError::Damaged(format!("a row of {}", self.plan.name)))?;
        let (mut rows, cells) = (changed.rows, changed.cells);
        let (counts, packed, kept, kept_all, erasures) = {
            let state = self.state();
            let counts: Vec<(MeasureCell, u64)> = cells
                .iter()
                .map(|(cell, by)| {
                    let before = state.cells.get(cell).copied().unwrap_or(0);
                    (*cell, before.saturating_add_signed(*by))
                })
                .collect();
            // Entries taken in, so that the same streams come to the same rows however they were parted; what moves on in
            // no stream counts as one.
            let step = next.cursor.saturating_sub(place.cursor).max(1);
            let kept = state.kept.get(stream).copied().unwrap_or(0) + step;
            let packed = blocks::changes(&state.cells, &counts);
            (
                counts,
                packed,
                kept,
                state.kept_all + step,
                state.moment.map_or(0, |(_, erasures)| erasures),
            )
        };
        rows.extend(packed);
        let number = |key: Vec<u8>, value: u64| Change {
            key,
            value: Some(rows::number(value)),
        };
        rows.push(number(Key::Kept.with(stream.as_str().as_bytes()), kept));
        rows.push(number(Key::KeptAll.with(&[]), kept_all));
        rows.push(number(Key::Erasures.with(&[]), erasures));
        rows.extend(further);
        store
            .commit(&self.plan.name, stream, place.cursor, next.cursor, rows)
            .await?;
        let mut state = self.state();
        for (cell, count) in counts {
            match count {
                0 => drop(state.cells.remove(&cell)),
                count => drop(state.cells.insert(cell, count)),
            }
        }
        state.places.insert(stream.clone(), next);
        state.kept.insert(stream.clone(), kept);
        state.kept_all = kept_all;
        state.revision += 1;
        if let Some(known) = &mut state.known {
            known.extend(wanted);
            if known.len() > NEW_MAX {
                state.known = None;
            }
        }
        Ok(())
    }

    /// The rows of persons.
    async fn persons(
        &self,
        world: World<'_>,
        wanted: impl Iterator<Item = PersonKey>,
    ) -> Result<BTreeMap<PersonKey, Rows>, FollowError> {
        let (mut persons, mut asked) = (BTreeMap::new(), Vec::new());
        {
            let state = self.state();
            for person in wanted {
                match &state.known {
                    Some(known) if !known.contains(&person) => drop(persons.insert(person, Rows::new())),
                    _ => asked.push(person),
                }
            }
        }
        persons.extend(reading::of_persons(world.store.as_ref(), &self.plan.name, &asked).await?);
        Ok(persons)
    }

    /// Takes in again what a derivation set right of entries that were taken in before.
    async fn look_again(&self, world: World<'_>, stream: &StreamId) -> Result<(), FollowError> {
        let Some(id) = self.plan.derivation_id() else {
            return Ok(());
        };
        let store = world.store.as_ref();
        let name = &self.plan.name;
        let marks = results::marks(store, id, stream).await?;
        let looked = Key::Looked.with(stream.as_str().as_bytes());
        if store.row(name, &looked).await?.as_ref() == Some(&marks) {
            return Ok(());
        }
        let place = self.state().places.get(stream).copied().unwrap_or_default();
        let stale = results::stale(store, (name, id), stream, place.cursor).await?;
        for positions in stale.chunks(ROWS_LIMIT / 8) {
            let entries = reading::current_at(store, stream, positions).await?;
            let (mut records, digests) = self.became(world, stream, (0, entries)).await?;
            let wanted: BTreeSet<PersonKey> = records.iter().flat_map(Became::persons).collect();
            let persons = self.persons(world, wanted.into_iter()).await?;
            // Only what is current has rows, and they say of which entry they are.
            records.retain(|record| reading::stands(record, stream, &persons));
            self.keep(world, stream, (place, place), &records, digests)
                .await?;
        }
        let done = Change {
            key: looked,
            value: Some(marks),
        };
        self.keep(world, stream, (place, place), &[], vec![done]).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn units(&self) -> MutexGuard<'_, OfUnits> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
