//! The register as a gRPC service: reports, receipts, what it holds. Use cases and their adapter; what a record must
//! be, what is derived from it and what is proven is said in `vardnav_register`.

mod answer;
mod audit;
mod batch;
mod changes;
mod delivery;
mod describe;
mod heads;
mod held;
mod impact;
mod intake;
mod ledger;
mod maps;
mod names;
mod person;
mod proof;
mod quality;
mod reclassify;
mod rederive;
mod reporters;
mod service;
mod show;
mod supply;
mod surroundings;
mod tries;
mod worklist;

pub use delivery::findings::CODES;
pub use quality::PROJECTION as QUALITY;
pub use service::Service;
pub use worklist::PROJECTION as WORKLIST;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore};
use vardnav_api::status::{ApiError, Kind};
use vardnav_register::identity::reference_date;
use vardnav_release::snapshot::Snapshot;
use vardnav_store::{
    Authority, AuthorityError, Duty, Head, HeadKey, RightsLog, Store, StoreError, StreamId, Vault, View,
};

use crate::worklist::Worklist;

/// Batches held in memory at once, by all senders together.
const BATCHES_MAX: usize = 32;
/// How long work that is in no hurry waits at most for batches that wait to be computed.
const YIELD_MAX: Duration = Duration::from_millis(20);

/// The use cases of the register.
pub struct Register {
    store: Arc<dyn Store>,
    vault: Arc<dyn Vault>,
    authority: Arc<Authority>,
    key: HeadKey,
    /// Whose the background work is: what follows the streams, and erasing.
    duty: Duty,
    /// One turn per reporter: its batches are taken one after the other, those of others beside it.
    turns: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    /// What is known of the deliveries of each reporter.
    delivered: Mutex<HashMap<String, Arc<Mutex<delivery::Known>>>>,
    /// Bounds the threads that convert, judge and seal.
    pool: Arc<Semaphore>,
    /// How many those are.
    threads: usize,
    /// The derivations of history.
    derivations: rederive::Derivations,
    /// Bounds the batches that are held in memory at once; further ones wait in their streams.
    batches: Arc<Semaphore>,
    /// Bounds the previews that run at once.
    previews: Arc<Semaphore>,
    worklist: Worklist,
    /// The counts of what is delivered and rejected.
    quality: quality::Quality,
    /// Bounds those who follow what becomes current.
    followers: Arc<Semaphore>,
    /// The national heads.
    national: heads::National,
    /// Where entries of a person are.
    persons: person::Index,
    /// What was asked, approved and done of what touches the secrecy of persons.
    rights: Arc<RightsLog>,
    /// Held by whoever erases.
    erasing: Mutex<()>,
    /// Projections of others that follow the streams, forgotten when anything is erased.
    also_forget: OnceLock<Vec<String>>,
}

impl Register {
    /// A register over its stores, whose worklist and derivations follow the reporters' streams until it is dropped, while
    /// the background work over the store is this process's.
    /// `threads` bounds how many batches are computed at once. Call it inside a tokio runtime.
    pub fn new(
        store: Arc<dyn Store>,
        vault: Arc<dyn Vault>,
        authority: Arc<Authority>,
        key: HeadKey,
        threads: usize,
    ) -> Arc<Self> {
        let pool = Arc::new(Semaphore::new(threads.max(1)));
        let persons = person::Index::new(Arc::clone(&store));
        let rights = Arc::new(RightsLog::new(Arc::clone(&store)));
        let register = Arc::new(Self {
            worklist: Worklist::new(Arc::clone(&store), Arc::clone(&authority), Arc::clone(&pool)),
            quality: quality::Quality::new(Arc::clone(&store), Arc::clone(&pool)),
            followers: Arc::new(Semaphore::new(changes::AT_ONCE)),
            duty: store.duty(),
            store,
            vault,
            authority,
            key,
            turns: Mutex::default(),
            delivered: Mutex::default(),
            pool,
            threads: threads.max(1),
            derivations: rederive::Derivations::new(threads.max(1)),
            batches: Arc::new(Semaphore::new(BATCHES_MAX)),
            previews: Arc::new(Semaphore::new(impact::AT_ONCE)),
            national: heads::National::default(),
            persons,
            rights,
            erasing: Mutex::default(),
            also_forget: OnceLock::new(),
        });
        tokio::spawn(worklist::follow(Arc::downgrade(&register), register.duty.clone()));
        tokio::spawn(quality::follow(Arc::downgrade(&register), register.duty.clone()));
        tokio::spawn(rederive::follow(Arc::downgrade(&register), register.duty.clone()));
        register
    }

    /// Signs national heads whenever something changed, keeps the person-first index, and finishes erasures that a stop
    /// broke off, from now on until the register is dropped: for whoever holds the register itself and not a copy.
    /// `also_forget` are projections of others that follow the streams and are forgotten when anything is erased; a name
    /// that ends with a dot stands for all that begin so. Call it inside a tokio runtime.
    pub fn tend(self: &Arc<Self>, also_forget: Vec<String>) {
        // Told once: a second call changes nothing.
        let _ = self.also_forget.set(also_forget);
        tokio::spawn(heads::follow(Arc::downgrade(self), self.duty.clone()));
        tokio::spawn(person::follow(Arc::downgrade(self), self.duty.clone()));
    }

    /// What was asked, approved and done of what touches the secrecy of persons: one for all services of a node.
    pub fn rights(&self) -> Arc<RightsLog> {
        Arc::clone(&self.rights)
    }

    /// The release in force on the day of an instant, in microseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// When there is none.
    fn release_at(&self, at: i64) -> Result<Arc<Snapshot>, ApiError> {
        let release = self.authority.view().release_on(reference_date(at));
        release.ok_or_else(|| {
            ApiError::new(
                Kind::FailedPrecondition,
                "VN-API-021",
                "no release is in force today",
            )
        })
    }

    /// The authority's newest view: another server may have written a moment ago.
    ///
    /// # Errors
    /// When the store does not answer, or what was written cannot be loaded.
    async fn newest_view(&self) -> Result<Arc<View>, StoreError> {
        let newest = self.authority.refresh().await;
        newest.map_err(|error| match error {
            AuthorityError::Store(error) => error,
            other => StoreError::Unavailable(other.to_string()),
        })
    }

    /// The turn of a reporter. Only registered reporters get one, so there are not more than those.
    async fn turn(&self, reporter: &str) -> Arc<Mutex<()>> {
        Arc::clone(self.turns.lock().await.entry(reporter.to_owned()).or_default())
    }

    /// Runs `work` on the bounded pool for computing.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        compute(&self.pool, work).await
    }
}

/// Runs `work` on a bounded pool for computing.
async fn compute<T: Send + 'static>(
    pool: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let permit = Arc::clone(pool).acquire_owned().await.map_err(|_| stopping())?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|_| stopping())
}

fn stopping() -> StoreError {
    StoreError::Unavailable("the server is stopping".to_owned())
}

fn store_error(error: StoreError) -> ApiError {
    let message = error.to_string();
    match error {
        StoreError::Conflict { .. } => ApiError::new(Kind::Aborted, "VN-API-011", message),
        StoreError::Unavailable(_) => ApiError::new(Kind::Unavailable, "VN-API-010", message),
        StoreError::Limit(_) => ApiError::new(Kind::ResourceExhausted, "VN-API-012", message),
        StoreError::Corrupt(_) => {
            tracing::error!(%message, "stored data are damaged");
            ApiError::new(
                Kind::Internal,
                "VN-API-013",
                "stored data are damaged; the operator has been told",
            )
        }
    }
}

/// How often is looked how far another server has followed the streams.
const LOOK: Duration = Duration::from_millis(50);

fn is_reporters(stream: &StreamId) -> bool {
    stream.as_reporter().is_some()
}

/// Waits until a projection that another server follows has taken in what the streams hold now. How long it waits is for
/// whoever asks to bound.
async fn followed(
    store: &dyn Store,
    projection: &str,
    is_followed: impl Fn(&StreamId) -> bool,
) -> Result<(), StoreError> {
    let mut streams = store.streams().await?;
    streams.retain(|(stream, _)| is_followed(stream));
    loop {
        let cursors = store.cursors_of(projection).await?;
        let is_followed = |(stream, head): &(StreamId, Head)| cursors.get(stream) >= Some(&head.size);
        if streams.iter().all(is_followed) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How many entries of the streams that it follows a projection has not taken in.
async fn behind(
    store: &dyn Store,
    projection: &str,
    is_followed: impl Fn(&StreamId) -> bool,
) -> Result<u64, StoreError> {
    let lagging = lagging(store, projection, is_followed).await?;
    Ok(lagging.iter().map(|(_, taken_in, size)| size - taken_in).sum())
}

/// The streams that a projection follows and has not taken in whole: how far it has, and how many entries they hold.
async fn lagging(
    store: &dyn Store,
    projection: &str,
    is_followed: impl Fn(&StreamId) -> bool,
) -> Result<Vec<(StreamId, u64, u64)>, StoreError> {
    let streams = store.streams().await?;
    let cursors = store.cursors_of(projection).await?;
    let streams = streams.into_iter().map(|(stream, head)| {
        let taken_in = cursors.get(&stream).copied().unwrap_or(0);
        (stream, taken_in, head.size)
    });
    Ok(streams
        .filter(|(stream, taken_in, size)| taken_in < size && is_followed(stream))
        .collect())
}

/// How long is waited for whoever follows the streams, between clearings.
const CLEARED_EVERY: Duration = Duration::from_millis(100);

/// Clears a projection while nobody adds to it: what was read of the streams before is not kept after. Whoever follows
/// holds `turn` from reading to keeping, maybe for long; a clearing makes its next step fail, so that the turn comes.
async fn clear_alone<T>(store: &dyn Store, projection: &str, turn: &Mutex<T>) -> Result<(), StoreError> {
    loop {
        store.clear(projection).await?;
        if let Ok(_turn) = tokio::time::timeout(CLEARED_EVERY, turn.lock()).await {
            return store.clear(projection).await;
        }
    }
}

/// Waits a moment for batches that wait to be computed; work that is in no hurry asks it between its pieces, on a
/// thread of its own.
fn let_batches_go_first(pool: &Semaphore) {
    let began = Instant::now();
    while pool.available_permits() == 0 && began.elapsed() < YIELD_MAX {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use vardnav_store::{Change, Memory, StreamId};

    use super::*;

    #[tokio::test]
    async fn what_was_read_before_a_clearing_is_not_kept_after_it() {
        let (store, turn) = (Arc::new(Memory::new()), Arc::new(Mutex::new(())));
        let held = Arc::clone(&turn).lock_owned().await;
        let follower = {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let stream = StreamId::rights();
                let read = store.cursor("followed", &stream).await?;
                tokio::time::sleep(Duration::from_millis(250)).await;
                let change = Change {
                    key: b"erased".to_vec(),
                    value: Some(Vec::new()),
                };
                let kept = store.commit("followed", &stream, read, 1, vec![change]).await;
                drop(held);
                kept
            })
        };
        tokio::task::yield_now().await;
        clear_alone(store.as_ref(), "followed", &turn).await.ok();
        assert!(follower.await.is_ok_and(|kept| kept.is_ok()), "it was kept late");
        assert_eq!(store.scan("followed", &[], 1).await.map(|rows| rows.len()), Ok(0));
    }
}
