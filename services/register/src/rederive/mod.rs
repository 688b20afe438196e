//! Deriving history anew, as work of the server beside that of batches: each derivation that is planned is brought up
//! to what the streams hold and follows them, until it is given up. What is derived lies in a projection of its own
//! beside the ledger. What deriving anew means is said in `vardnav_register::rederive`.

mod bulk;
mod compiled;
mod follow;
pub(crate) mod from_ledger;
pub(crate) mod packing;
mod pass;
mod pool;
mod reached;
pub(crate) mod reading;
mod renew;
pub(crate) mod standing;
mod stored;
mod tally;
mod waiting;

pub(crate) use compiled::Compiled;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as Turn, Semaphore};
use vardnav_register::rederive::rows::{Key, projection, unversioned_projection};
use vardnav_release::entry::DerivationPlan;
use vardnav_store::{Duty, Shift, StoreError, StreamId};

use crate::Register;
use packing::{Packing, Unpacked};
use pass::Pass;

/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(250);
/// How far back the rate is looked at.
const RATE_OVER: Duration = Duration::from_secs(10);

/// Why a derivation does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A release that entries or the plan name cannot be loaded.
    #[error("release {0} cannot be loaded")]
    Release(String),
    /// The maps of a reporter cannot be loaded.
    #[error("the maps of reporter {0} cannot be loaded")]
    Maps(String),
    /// Work on a piece panicked.
    #[error("deriving failed in a way that was not foreseen; see the log")]
    Broken,
    /// Facts are still being packed.
    #[error("facts are still being packed")]
    Packing,
    /// It was given up, or the server stops.
    #[error("it was stopped")]
    Stopped,
}

/// The derivations that a server works on.
pub(crate) struct Derivations {
    /// Bounds what all passes derive at once.
    turns: Arc<Semaphore>,
    /// One pass derives from packed facts at a time.
    bulks: Arc<Semaphore>,
    live: Mutex<HashMap<String, Arc<Live>>>,
    packing: Turn<Packing>,
    /// Derivations given up whose rows are gone.
    forgotten: Mutex<std::collections::BTreeSet<String>>,
}

impl Derivations {
    /// None yet; at most so many threads derive at once.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(threads)),
            bulks: Arc::new(Semaphore::new(1)),
            live: Mutex::default(),
            packing: Turn::default(),
            forgotten: Mutex::default(),
        }
    }
}

/// A derivation that is worked on.
pub(crate) struct Live {
    plan: DerivationPlan,
    /// Held by whoever brings it up to the streams.
    turn: Arc<Turn<()>>,
    compiled: Mutex<Option<Arc<Compiled>>>,
    stop: AtomicBool,
    from_ledger: AtomicU64,
    /// How many entries another server had derived when it was last looked.
    seen: AtomicU64,
    /// Entries derived, by when.
    progress: Mutex<Vec<(Instant, u64)>>,
    waits: Mutex<String>,
    /// When each stream may next be searched for what was reported before its episode.
    sweeps: Mutex<BTreeMap<StreamId, Instant>>,
    /// The number of the shift that all of this is of.
    shift: AtomicU64,
}

impl Live {
    fn new(plan: DerivationPlan) -> Self {
        Self {
            plan,
            turn: Arc::default(),
            compiled: Mutex::default(),
            stop: AtomicBool::new(false),
            from_ledger: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            progress: Mutex::default(),
            waits: Mutex::default(),
            sweeps: Mutex::default(),
            shift: AtomicU64::new(0),
        }
    }

    /// A shift begins, or goes on. What was at hand in another one is of an earlier time, in which others worked since.
    fn begin(&self, shift: &Shift) {
        if self.shift.swap(shift.number(), Ordering::Relaxed) != shift.number() {
            self.from_ledger.store(0, Ordering::Relaxed);
            lock(&self.sweeps).clear();
        }
    }

    fn progressed(&self, entries: u64) {
        let now = Instant::now();
        let mut progress = lock(&self.progress);
        progress.push((now, entries));
        let old = progress.partition_point(|(at, _)| now.duration_since(*at) > RATE_OVER);
        progress.drain(..old);
    }

    /// What another server has derived so far.
    pub(crate) fn saw(&self, done: u64) {
        let before = self.seen.swap(done, Ordering::Relaxed);
        if before > 0 && done > before {
            self.progressed(done - before);
        }
    }

    /// Entries a second, of late.
    pub(crate) fn per_second(&self) -> f64 {
        let progress = lock(&self.progress);
        let Some((began, _)) = progress.first() else {
            return 0.0;
        };
        if progress.last().is_some_and(|(at, _)| at.elapsed() > RATE_OVER) {
            return 0.0;
        }
        let entries: u64 = progress.iter().map(|(_, entries)| entries).sum();
        entries as f64 / began.elapsed().as_secs_f64().max(0.1)
    }

    /// Entries that packed facts did not settle.
    pub(crate) fn entries_from_ledger(&self) -> u64 {
        self.from_ledger.load(Ordering::Relaxed)
    }

    /// Why it waits; empty when it does not.
    pub(crate) fn waits(&self) -> String {
        lock(&self.waits).clone()
    }

    fn may_sweep(&self, stream: &StreamId) -> bool {
        lock(&self.sweeps)
            .get(stream)
            .is_none_or(|at| *at <= Instant::now())
    }

    fn swept(&self, stream: &StreamId, patience: Duration) {
        lock(&self.sweeps).insert(stream.clone(), Instant::now() + patience);
    }

    fn tell(&self, outcome: &Result<(), Trouble>) {
        let text = match outcome {
            Ok(()) | Err(Trouble::Stopped | Trouble::Packing) => String::new(),
            Err(trouble) => trouble.to_string(),
        };
        let mut waits = lock(&self.waits);
        if *waits != text && !text.is_empty() {
            tracing::warn!(derivation = %self.plan.id, reason = %text, "deriving anew waits");
        }
        *waits = text;
    }
}

/// Packs facts and brings every derivation up to the streams, again and again, until the register is dropped.
pub(crate) async fn follow(register: Weak<Register>, duty: Duty) {
    let (mut reported, mut is_clear) = (String::new(), false);
    while let (Some(shift), Some(register)) = (duty.begin().await, register.upgrade()) {
        if !is_clear {
            is_clear = register.clear_unversioned().await.is_ok();
        }
        let outcome = register.pack(&shift).await;
        let text = outcome
            .as_ref()
            .err()
            .map(ToString::to_string)
            .unwrap_or_default();
        if text != reported && !text.is_empty() {
            tracing::warn!(reason = %text, "packing facts waits");
        }
        reported = text;
        register.advance_all().await;
        drop((register, shift));
        tokio::time::sleep(PAUSE).await;
    }
}

impl Register {
    /// Clears what was kept in forms that had no version.
    async fn clear_unversioned(&self) -> Result<(), StoreError> {
        self.store.clear(packing::UNVERSIONED).await?;
        let view = self.authority.view();
        for derivation in view.state().derivations().all() {
            let projection = unversioned_projection(&derivation.plan.id);
            self.store.clear(&projection).await?;
        }
        Ok(())
    }

    /// Packs what the streams hold, as long as no batch waits to be computed. A stream that cannot be read waits; the
    /// others are packed.
    async fn pack(&self, shift: &Shift) -> Result<(), StoreError> {
        let mut packing = self.derivations.packing.lock().await;
        packing.begin(shift);
        let mut outcome = Ok(());
        let store = self.store.as_ref();
        for (stream, _, size) in crate::lagging(store, packing::PROJECTION, crate::is_reporters).await? {
            match self.pack_stream(&mut packing, &stream, size).await {
                Ok(()) => {}
                Err(Unpacked::Store(error @ StoreError::Corrupt(_))) => outcome = Err(error),
                Err(Unpacked::Store(error)) => return Err(error),
                Err(Unpacked::Damaged) => {
                    // Packed facts are derived: they are packed anew.
                    tracing::error!(%stream, "packed facts are damaged: all are packed anew");
                    *packing = Packing::default();
                    return self.store.clear(packing::PROJECTION).await;
                }
            }
        }
        outcome
    }

    async fn pack_stream(&self, packing: &mut Packing, stream: &StreamId, size: u64) -> Result<(), Unpacked> {
        while self.store.cursor(packing::PROJECTION, stream).await? < size {
            if self.pool.available_permits() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if !packing.step(&self.store, stream).await? {
                break;
            }
        }
        Ok(())
    }

    /// Forgets what is packed and what is derived from it, each while nobody adds to it.
    ///
    /// # Errors
    /// When the store cannot.
    pub(crate) async fn forget_derived(&self) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        crate::clear_alone(store, packing::PROJECTION, &self.derivations.packing).await?;
        let view = self.authority.view();
        for derivation in view.state().derivations().all() {
            let live = self.live(&derivation.plan);
            crate::clear_alone(store, &projection(&derivation.plan.id), &live.turn).await?;
        }
        Ok(())
    }

    /// Entries that cannot be read, with the reason: derivations leave them out.
    pub(crate) async fn unreadable(&self) -> Result<Vec<String>, StoreError> {
        packing::told_unreadable(self.store.as_ref()).await
    }

    /// Begins a pass for every derivation that is behind and not worked on.
    async fn advance_all(self: &Arc<Self>) {
        let view = self.authority.view();
        for derivation in view.state().derivations().all() {
            let id = &derivation.plan.id;
            if derivation.cancelled.is_some() {
                self.forget(id).await;
                continue;
            }
            let live = self.live(&derivation.plan);
            let (turn, shift) = (Arc::clone(&live.turn).try_lock_owned(), self.duty.try_begin());
            if let (Ok(turn), Some(shift)) = (turn, shift) {
                live.begin(&shift);
                let register = Arc::clone(self);
                tokio::spawn(async move {
                    let outcome = register.pass(&live, false).await;
                    live.tell(&outcome);
                    drop((turn, shift));
                });
            }
        }
    }

    /// Removes what was derived under a plan that was given up.
    async fn forget(&self, id: &str) {
        if lock(&self.derivations.forgotten).contains(id) {
            return;
        }
        let live = lock(&self.derivations.live).remove(id);
        if let Some(live) = live {
            live.stop.store(true, Ordering::Relaxed);
            drop(live.turn.lock().await);
        }
        match self.store.clear(&projection(id)).await {
            Ok(()) => drop(lock(&self.derivations.forgotten).insert(id.to_owned())),
            Err(error) => {
                tracing::warn!(derivation = %id, %error, "a derivation that was given up is not removed yet")
            }
        }
    }

    /// What is at hand of a derivation that is worked on.
    pub(crate) fn live(&self, plan: &DerivationPlan) -> Arc<Live> {
        let mut live = lock(&self.derivations.live);
        let known = live.entry(plan.id.clone());
        Arc::clone(known.or_insert_with(|| Arc::new(Live::new(plan.clone()))))
    }

    /// A plan, ready to derive with.
    pub(crate) fn compiled(&self, plan: &DerivationPlan) -> Result<Arc<Compiled>, Trouble> {
        let live = self.live(plan);
        let mut compiled = lock(&live.compiled);
        if let Some(known) = compiled.as_ref() {
            return Ok(Arc::clone(known));
        }
        let view = self.authority.view();
        Ok(Arc::clone(compiled.insert(Arc::new(Compiled::new(plan, &view)?))))
    }

    /// Brings a derivation up to what the streams hold now.
    async fn pass(self: &Arc<Self>, live: &Arc<Live>, thorough: bool) -> Result<(), Trouble> {
        let compiled = self.compiled(&live.plan)?;
        let pass = Pass::new(self, Arc::clone(live), compiled)?;
        let done = tokio::task::spawn_blocking(move || pass.run(thorough));
        done.await.map_err(|failed| match failed.is_panic() {
            true => Trouble::Broken,
            false => Trouble::Stopped,
        })?
    }

    /// Entries derived, and entries that the streams hold.
    pub(crate) async fn progress(&self, id: &str) -> Result<(u64, u64), StoreError> {
        let projection = projection(id);
        let (mut done, mut total) = (0, 0);
        let streams = self.store.streams().await?;
        let cursors = self.store.cursors_of(&projection).await?;
        for (stream, head) in streams {
            if stream.as_reporter().is_some() {
                total += head.size;
                done += cursors.get(&stream).copied().unwrap_or(0).min(head.size);
            }
        }
        Ok((done, total))
    }

    /// What parts changed from and to: table, from, to, parts.
    pub(crate) async fn changes(&self, id: &str) -> Result<Vec<(String, String, String, u64)>, StoreError> {
        let rows = tally::rows(self.store.as_ref(), &projection(id), Key::Change).await?;
        let mut changes: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for (key, count) in rows {
            if let Some(change) = tally::change(&key) {
                *changes.entry(change).or_default() += count;
            }
        }
        let changes = changes.into_iter();
        Ok(changes
            .map(|((table, from, to), parts)| (table, from, to, parts))
            .collect())
    }

    /// Brings a derivation so far that at most `lag` entries are behind, and then runs `then` while nobody else works on
    /// it; `None` when it does not come so far. Where another server works on derivations, waits a while for that.
    pub(crate) async fn caught_up<T>(
        self: &Arc<Self>,
        plan: &DerivationPlan,
        lag: u64,
        then: impl AsyncFnOnce() -> T,
    ) -> Result<Option<T>, Trouble> {
        const TRIES: usize = 20;
        let Some(shift) = self.duty.try_begin() else {
            return Ok(match self.is_caught_up(plan, lag).await? {
                true => Some(then().await),
                false => None,
            });
        };
        let live = self.live(plan);
        let _turn = live.turn.lock().await;
        live.begin(&shift);
        for _ in 0..TRIES {
            self.pack(&shift).await?;
            match self.pass(&live, true).await {
                Err(Trouble::Packing) => continue,
                other => other?,
            }
            let (done, total) = self.progress(&plan.id).await?;
            if total - done <= lag {
                return Ok(Some(then().await));
            }
        }
        Ok(None)
    }
}

/// How long is waited for the server that works on derivations, and how often is looked.
const THOROUGH_MAX: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

impl Register {
    /// Whether the server that works on a derivation brings it so far that at most `lag` entries are behind, and that
    /// episodes, units and maps have reached all that they bear on, within a while.
    async fn is_caught_up(&self, plan: &DerivationPlan, lag: u64) -> Result<bool, Trouble> {
        let until = Instant::now() + THOROUGH_MAX;
        loop {
            let (done, total) = self.progress(&plan.id).await?;
            if total - done <= lag && self.is_thorough(&projection(&plan.id)).await? {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn is_thorough(&self, projection: &str) -> Result<bool, StoreError> {
        let known = self.newest_view().await?.position();
        let store = self.store.as_ref();
        let cursors = store.cursors_of(projection).await?;
        let begun = cursors
            .iter()
            .filter(|(stream, cursor)| stream.as_reporter().is_some() && **cursor > 0);
        let streams: Vec<&StreamId> = begun.map(|(stream, _)| stream).collect();
        let reached = reached::reached(store, projection, streams.into_iter()).await?;
        Ok(reached
            .iter()
            .all(|reached| reached.swept >= reached.cursor && reached.known >= known))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
