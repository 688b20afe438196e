//! One pass of a derivation over the streams: what is behind is derived and kept, with its counts, piece by piece. A
//! pass may be stopped between two pieces, and whatever stops the server in a piece leaves it as if it had not begun.
//! Runs on a thread of its own and waits for the store there.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use vardnav_register::rederive::rows::{Key, Results, projection};
use vardnav_release::Snapshot;
use vardnav_store::{Change, Store, StoreError, StreamId, View};

use super::tally::{Countings, Counts, Delta};
use super::{Compiled, Live, Trouble, packing};
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
    /// The pool that batches are computed on.
    pool: Arc<Semaphore>,
    /// The register for which it is.
    register: Weak<Register>,
    threads: usize,
}

/// What one piece of a stream comes to.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) results: BTreeMap<u64, Results>,
    pub(super) delta: Delta,
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
            pool: Arc::clone(&register.pool),
            register: Arc::downgrade(register),
            threads: register.threads,
        })
    }

    /// Brings every stream up to what it holds. With `thorough`, episodes have reached all that was reported before
    /// them; else that may wait.
    ///
    /// # Errors
    /// When it cannot go on now.
    pub(super) fn run(&self, counts: &mut Option<Counts>, thorough: bool) -> Result<(), Trouble> {
        let outcome = self.streams(counts, thorough);
        if outcome.is_err() {
            // What is kept is read again, so that a piece which another server kept is not counted twice.
            *counts = None;
        }
        outcome
    }

    fn streams(&self, counts: &mut Option<Counts>, thorough: bool) -> Result<(), Trouble> {
        let projection = self.projection();
        let counts = match counts {
            Some(counts) => counts,
            none => none.insert(self.wait(Counts::load(self.store.as_ref(), &projection))?),
        };
        let mut columnar = None;
        for (stream, head) in self.wait(self.store.streams())? {
            if stream.as_reporter().is_none() {
                continue;
            }
            let cursor = self.wait(self.store.cursor(&projection, &stream))?;
            let target = self.target(&stream, cursor)?;
            if cursor < target {
                let columnar = columnar.get_or_insert_with(|| self.columnar());
                self.bulk(&stream, cursor, target, columnar, counts)?;
            }
            let cursor = self.wait(self.store.cursor(&projection, &stream))?;
            if cursor < head.size {
                self.follow(&stream, cursor, head.size, counts)?;
            }
            self.sweep(&stream, thorough, counts)?;
        }
        Ok(())
    }

    /// Up to where a stream is derived from packed facts: what was packed when it was begun.
    fn target(&self, stream: &StreamId, cursor: u64) -> Result<u64, Trouble> {
        let key = Key::Target.with(stream.as_str().as_bytes());
        if let Some(target) = self.wait(self.store.row(&self.projection(), &key))? {
            return Ok(position(&target));
        }
        if cursor > 0 {
            return Ok(0);
        }
        let target = self.wait(self.store.cursor(packing::PROJECTION, stream))?;
        let marks = [Key::Target, Key::Swept].map(|key| mark(key, stream, target));
        let projection = self.projection();
        self.wait(self.store.commit(&projection, stream, 0, 0, marks.to_vec()))?;
        Ok(target)
    }

    /// Keeps a piece, its counts and further changes, and moves the stream's cursor.
    pub(super) fn keep(
        &self,
        stream: &StreamId,
        (cursor, next): (u64, u64),
        piece: Piece,
        further: Vec<Change>,
        counts: &mut Counts,
    ) -> Result<(), Trouble> {
        let store = self.store.as_ref();
        let id = &self.compiled.plan.id;
        let done = next - cursor;
        let results = super::stored::changes(store, id, stream, cursor, piece.results);
        let mut changes = self.wait(results)?;
        changes.extend(further);
        let countings = Countings::new(&self.compiled.release, &self.releases);
        let after = counts.after(&countings.in_words(piece.delta));
        changes.extend(after.iter().map(|(key, count)| Change {
            key: key.clone(),
            value: (*count > 0).then(|| count.to_be_bytes().to_vec()),
        }));
        let projection = self.projection();
        self.wait(store.commit(&projection, stream, cursor, next, changes))?;
        counts.set(after);
        self.live.progressed(done);
        Ok(())
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
