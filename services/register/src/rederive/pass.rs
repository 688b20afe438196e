//! One pass of a derivation over the streams: what is behind is derived and kept, with its counts, piece by piece. A
//! pass may be stopped between two pieces, and whatever stops the server in a piece leaves it as if it had not begun.
//! Runs on a thread of its own and waits for the store there.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vardnav_register::rederive::Columnar;
use vardnav_register::rederive::rows::{Flat, Key, Results, projection};
use vardnav_register::worklist::Item;
use vardnav_release::Snapshot;
use vardnav_store::{Change, Store, StoreError, StreamId, VALUE_LIMIT, View};

use super::reached::{Reached, reached};
use super::renew::Renewed;
use super::tally::{Countings, Counts, Delta};
use super::{Compiled, Live, Trouble, stored};
use crate::{Register, let_batches_go_first};

/// One pass.
pub(crate) struct Pass {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) view: Arc<View>,
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) handle: Handle,
    pub(super) live: Arc<Live>,
    /// The releases that entries name, in the order of publication.
    pub(super) releases: Vec<Arc<Snapshot>>,
    /// What the authority stated anew from positions of its stream up to the view's.
    pub(super) renewed: Mutex<HashMap<u64, Arc<Renewed>>>,
    pub(super) authority: Arc<vardnav_store::Authority>,
    /// The pool that batches are computed on.
    pool: Arc<Semaphore>,
    /// Bounds what all passes derive at once.
    turns: Arc<Semaphore>,
    /// Held by the pass that derives from packed facts.
    bulks: Arc<Semaphore>,
    /// The register for which it is.
    register: Weak<Register>,
    threads: usize,
}

/// What one piece of a stream comes to.
pub(super) struct Piece {
    /// The position of its first entry; for what is set right, how far the stream is derived.
    pub(super) first: u64,
    /// The results of its entries, in order.
    pub(super) flat: Flat,
    /// Results of entries before it that are other than they were.
    pub(super) again: BTreeMap<u64, Results>,
    pub(super) delta: Delta,
    /// The records that wait, or no longer do, by the key of the row.
    pub(super) waits: BTreeMap<Vec<u8>, Option<Item>>,
}

impl Piece {
    /// A piece without entries.
    pub(super) fn at(first: u64) -> Self {
        Self {
            first,
            flat: Flat::default(),
            again: BTreeMap::new(),
            delta: Delta::default(),
            waits: BTreeMap::new(),
        }
    }

    /// Where the piece after it begins.
    pub(super) fn end(&self) -> u64 {
        self.first + self.flat.len() as u64
    }

    /// Takes in the piece after it.
    ///
    /// # Errors
    /// When it is not the one after it.
    pub(super) fn follow(&mut self, stream: &StreamId, next: Self) -> Result<(), Trouble> {
        if next.flat.is_empty() {
            return Ok(());
        }
        if next.first != self.end() {
            let message = format!("{stream}: packed facts have no entry {}", self.end());
            return Err(StoreError::Corrupt(message).into());
        }
        self.flat.append(&next.flat);
        self.delta.add(next.delta);
        self.waits.extend(next.waits);
        Ok(())
    }
}

impl Pass {
    /// A pass of a register over what is now.
    ///
    /// # Errors
    /// When a release that entries may name cannot be loaded.
    pub(super) fn new(
        register: &Arc<Register>,
        live: Arc<Live>,
        compiled: Arc<Compiled>,
    ) -> Result<Self, Trouble> {
        let view = register.authority.view();
        let released = view.state().releases();
        let releases = released
            .map(|release| {
                view.release(&release.id)
                    .ok_or_else(|| Trouble::Release(release.id.clone()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            store: Arc::clone(&register.store),
            view,
            compiled,
            handle: Handle::current(),
            live,
            releases,
            renewed: Mutex::default(),
            authority: Arc::clone(&register.authority),
            turns: Arc::clone(&register.derivations.turns),
            bulks: Arc::clone(&register.derivations.bulks),
            pool: Arc::clone(&register.pool),
            register: Arc::downgrade(register),
            threads: register.threads,
        })
    }

    /// Brings every stream up to what it holds. With `thorough`, episodes have reached all that was reported before
    /// them, and units and maps all that they bear on; else that may wait. A stream whose data are damaged waits; the
    /// others go on.
    ///
    /// # Errors
    /// When it cannot go on now.
    pub(super) fn run(&self, thorough: bool) -> Result<(), Trouble> {
        let countings = Countings::new(&self.compiled.release, &self.releases);
        let columnar = OnceCell::new();
        let mut outcome = Ok(());
        let mut streams = self.wait(self.store.streams())?;
        streams.retain(|(stream, _)| stream.as_reporter().is_some());
        let projection = self.projection();
        let named = streams.iter().map(|(stream, _)| stream);
        let reached = self.wait(reached(self.store.as_ref(), &projection, named))?;
        for ((stream, head), reached) in streams.iter().zip(reached) {
            if reached.rests(head.size, self.view.position()) {
                continue;
            }
            match self.stream((stream, head.size), reached, thorough, &countings, &columnar) {
                Err(trouble @ Trouble::Store(StoreError::Corrupt(_))) => outcome = Err(trouble),
                other => other?,
            }
        }
        outcome
    }

    fn stream<'s>(
        &'s self,
        (stream, size): (&StreamId, u64),
        mut reached: Reached,
        thorough: bool,
        countings: &Countings<'_>,
        columnar: &OnceCell<Columnar<'s>>,
    ) -> Result<(), Trouble> {
        let projection = self.projection();
        let target = match reached.target {
            Some(target) => target,
            None => self.begin(stream, &mut reached)?,
        };
        // Within a delivery that is being taken in, what is derived is of two moments.
        if !reached.is_within {
            self.renew(stream, &reached, thorough, countings)?;
        }
        if reached.cursor < target {
            let Some(_bulk) = self.bulk_turn(thorough)? else {
                return Ok(());
            };
            let columnar = columnar.get_or_init(|| self.columnar());
            self.bulk(stream, (reached.cursor, target), columnar, countings)?;
            reached.cursor = self.wait(self.store.cursor(&projection, stream))?;
        }
        if reached.cursor < size {
            self.follow(stream, size, countings)?;
            reached.cursor = self.wait(self.store.cursor(&projection, stream))?;
        }
        self.sweep(stream, &reached, thorough, countings)
    }

    /// Notes up to where a stream is derived from packed facts, which is what is packed now, and gives it. One that was
    /// begun before that was noted is derived from the ledger.
    fn begin(&self, stream: &StreamId, reached: &mut Reached) -> Result<u64, Trouble> {
        if reached.cursor > 0 {
            return Ok(0);
        }
        let (target, known) = (reached.packed, self.view.position());
        let marks = vec![
            mark(Key::Target, stream, target),
            mark(Key::Swept, stream, target),
            mark(Key::Known, stream, known),
        ];
        let projection = self.projection();
        self.wait(self.store.commit(&projection, stream, 0, 0, marks))?;
        (reached.target, reached.swept, reached.known) = (Some(target), target, known);
        Ok(target)
    }

    /// Keeps a piece, its counts and further changes, and moves the stream's cursor.
    pub(super) fn keep(
        &self,
        stream: &StreamId,
        piece: Piece,
        further: Vec<Change>,
        (countings, counts): (&Countings<'_>, &mut Counts),
    ) -> Result<(), Trouble> {
        let store = self.store.as_ref();
        let id = &self.compiled.plan.id;
        let projection = self.projection();
        let (cursor, next) = (piece.first, piece.end());
        let mut again = piece.again;
        let added = (cursor, &piece.flat);
        let mut changes = self.wait(stored::following(store, id, stream, added, &mut again))?;
        changes.extend(self.wait(stored::replaced(store, id, stream, again))?);
        changes.extend(further);
        let waits = piece.waits.into_iter().map(|(key, item)| Change {
            key,
            value: item.map(|item| item.encode(VALUE_LIMIT)),
        });
        changes.extend(waits);
        let after = counts.after(store, &projection, countings.in_words(stream, piece.delta));
        let after = self.wait(after)?;
        changes.extend(after.iter().map(|(key, count)| Change {
            key: key.clone(),
            value: (*count > 0).then(|| count.to_be_bytes().to_vec()),
        }));
        self.wait(store.commit(&projection, stream, cursor, next, changes))?;
        counts.set(after);
        self.live.progressed(next - cursor);
        Ok(())
    }

    /// A turn to derive a piece: not more are derived at once, by all passes together, than there are threads for it.
    ///
    /// # Errors
    /// When the server stops.
    pub(super) fn turn(&self) -> Result<OwnedSemaphorePermit, Trouble> {
        let turn = self.handle.block_on(Arc::clone(&self.turns).acquire_owned());
        turn.map_err(|_| Trouble::Stopped)
    }

    /// The turn of the one pass that derives from packed facts; `None` when another has it and this one may wait.
    fn bulk_turn(&self, wait: bool) -> Result<Option<OwnedSemaphorePermit>, Trouble> {
        let bulks = Arc::clone(&self.bulks);
        if wait {
            let turn = self.handle.block_on(bulks.acquire_owned());
            return turn.map(Some).map_err(|_| Trouble::Stopped);
        }
        Ok(bulks.try_acquire_owned().ok())
    }

    /// Lets batches go first.
    ///
    /// # Errors
    /// When the derivation is given up or the server stops.
    pub(super) fn yield_to_batches(&self) -> Result<(), Trouble> {
        let_batches_go_first(&self.pool);
        match self.live.stop.load(Ordering::Relaxed) || self.register.strong_count() == 0 {
            true => Err(Trouble::Stopped),
            false => Ok(()),
        }
    }

    pub(super) fn wait<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, Trouble> {
        Ok(self.handle.block_on(answer)?)
    }

    pub(super) fn projection(&self) -> String {
        projection(&self.compiled.plan.id)
    }

    /// How many threads derive at once.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Which of the releases that entries name has an id.
    pub(super) fn former(&self, id: &str) -> Option<usize> {
        self.releases.iter().position(|release| release.id == id)
    }

    /// Whether a reporter has maps of its own.
    pub(super) fn has_own_maps(&self, stream: &StreamId) -> Result<bool, Trouble> {
        let reporter = stream.as_reporter().unwrap_or_default();
        let maps = self.view.reporter_maps(reporter);
        let maps = maps.map_err(|_| Trouble::Maps(reporter.to_owned()))?;
        Ok(maps.is_some_and(|maps| !maps.is_empty()))
    }
}

/// A row that holds a position of a stream.
pub(super) fn mark(key: Key, stream: &StreamId, position: u64) -> Change {
    Change {
        key: key.with(stream.as_str().as_bytes()),
        value: Some(position.to_be_bytes().to_vec()),
    }
}

pub(super) fn position(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}
