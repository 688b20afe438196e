//! The projection of measures: what is marked of every current record, under its person, and the cells that these come to;
//! it follows the reporters' streams and is exact under corrections, withdrawals, erasure and other classification. A
//! projection of another release or derivation is built beside the one that is answered from, and then takes its place.
//! What is counted is said in `vardnav_indicators::engine`; what may be shown of it is not decided here.

mod blocks;
mod change;
mod part;
mod plan;
mod projected;
mod reading;
mod results;
mod rows;
mod stated;
mod units;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use vardnav_runtime::clock;
use vardnav_store::{Authority, Duty, RightsLog, Store, StoreError, StreamId};

use self::plan::Plan;
pub(crate) use self::projected::Projected;
pub use self::rows::PREFIX;
use self::units::Source;
pub(crate) use self::units::{Told, is_of_units};
use crate::Uploads;
use crate::counts::FollowError;

/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait between looks at what another server keeps.
const LOOK: Duration = Duration::from_secs(2);
/// For how long one is built before the one that is answered from has its turn again.
const SLICE: Duration = Duration::from_secs(2);

/// The projection that is answered from, and the one that is to take its place.
pub(crate) struct Measures {
    store: Arc<dyn Store>,
    duty: Duty,
    authority: Arc<Authority>,
    uploads: Arc<Uploads>,
    rights: RightsLog,
    /// Held by whoever takes in entries.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    served: Option<Arc<Projected>>,
    building: Option<Arc<Projected>>,
    /// When what another server keeps was read.
    looked: Option<Instant>,
    /// How many entries were not taken in when the streams were last asked.
    behind: u64,
}

/// Takes in what the streams hold, or what the server that does keeps of it, again and again, until it is dropped.
pub(crate) async fn follow(measures: Weak<Measures>) {
    let mut reported = String::new();
    while let Some(measures) = measures.upgrade() {
        let went = measures.go_on().await;
        let went = went.and(measures.left().await.map(drop));
        match went {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "measures wait");
                    reported = text;
                }
            }
        }
        drop(measures);
        tokio::time::sleep(PAUSE).await;
    }
}

impl Measures {
    pub(crate) fn new(store: Arc<dyn Store>, authority: Arc<Authority>, uploads: Arc<Uploads>) -> Self {
        Self {
            uploads,
            duty: store.duty(),
            rights: RightsLog::new(Arc::clone(&store)),
            store,
            authority,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// The projection that is answered from; `None` until one has been built.
    pub(crate) fn served(&self) -> Option<Arc<Projected>> {
        self.state().served.clone()
    }

    /// Takes in everything that the streams hold now; where another server does, waits until it has, however long that is.
    ///
    /// # Errors
    /// When a stream cannot be read on; the others are taken in all the same.
    pub(crate) async fn catch_up(&self) -> Result<(), FollowError> {
        loop {
            self.step(true).await?;
            let wanted = Plan::wanted(&self.authority.view(), clock::today());
            let served = self.served().map(|served| served.plan.name.clone());
            if served == wanted && (self.duty.is_mine() || self.left().await? == 0) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE / 5).await;
        }
    }

    /// How many entries the streams hold that the projection which is answered from has not taken in.
    ///
    /// # Errors
    /// When the store does not tell.
    pub(crate) async fn left(&self) -> Result<u64, FollowError> {
        let Some(served) = self.served() else {
            return Ok(0);
        };
        let streams = self.store.streams().await?;
        let of_reporters = streams
            .iter()
            .filter(|(stream, _)| stream.as_reporter().is_some());
        let left = of_reporters
            .map(|(stream, head)| head.size.saturating_sub(served.taken_in(stream)))
            .sum();
        self.state().behind = left;
        Ok(left)
    }

    /// How many entries were left when the streams were last asked, which is done every now and then.
    pub(crate) fn behind(&self) -> u64 {
        self.state().behind
    }

    async fn go_on(&self) -> Result<(), FollowError> {
        self.step(false).await
    }

    /// Goes on: with the work where it is this server's, else with reading what another one keeps.
    async fn step(&self, now: bool) -> Result<(), FollowError> {
        let went = match self.duty.try_begin() {
            Some(shift) => self.work(shift.number()).await,
            None => self.read_on(now).await,
        };
        match self.served() {
            Some(served) => went.and(self.count_units(&served).await),
            None => went,
        }
    }

    /// Counts what care units state of themselves, where it is not what was counted.
    async fn count_units(&self, projected: &Projected) -> Result<(), FollowError> {
        let view = self.authority.view();
        let position = view.position();
        if projected.has_units_at(position) {
            return Ok(());
        }
        let source = Source::read(&self.uploads).await;
        let source = source.map_err(|error| FollowError::Damaged(error.to_string()))?;
        let digest = source.digest(&view);
        if projected.has_units_of(position, &digest) {
            return Ok(());
        }
        let plan = projected.plan.clone();
        let told = tokio::task::spawn_blocking(move || units::count(&plan, &view, &source)).await;
        let stopping = |_| StoreError::Unavailable("the server is stopping".to_owned());
        projected.put_units(position, digest, told.map_err(stopping)?);
        Ok(())
    }

    async fn work(&self, shift: u64) -> Result<(), FollowError> {
        let _turn = self.turn.lock().await;
        let view = self.authority.view();
        let Some(wanted) = Plan::wanted(&view, clock::today()) else {
            return Ok(());
        };
        let erasures = self.erasures().await?;
        let served = self.served();
        let mut outcome = Ok(());
        if let Some(served) = &served {
            outcome = served
                .advance(self.world(), (shift, erasures), None)
                .await
                .map(drop);
            if served.plan.name == wanted {
                let building = self.state().building.take();
                if let Some(building) = building {
                    self.store.clear(&building.plan.name).await?;
                }
                return outcome;
            }
        }
        let building = self.state().building.clone();
        let building = match building.filter(|building| building.plan.name == wanted) {
            Some(building) => building,
            None => {
                let Some(plan) = Plan::of(&view, clock::today())? else {
                    return outcome;
                };
                let fresh = Arc::new(Projected::new(plan));
                self.state().building = Some(Arc::clone(&fresh));
                fresh
            }
        };
        let slice = served.is_some().then_some(SLICE);
        if building.advance(self.world(), (shift, erasures), slice).await? {
            self.switch(building).await?;
        }
        outcome
    }

    /// Answers from a projection that has taken in all there is, and clears every other one.
    async fn switch(&self, built: Arc<Projected>) -> Result<(), FollowError> {
        self.count_units(&built).await?;
        let name = built.plan.name.clone();
        {
            let mut state = self.state();
            state.served = Some(built);
            state.building = None;
        }
        let mut others: Vec<String> = self
            .store
            .cursors()
            .await?
            .into_iter()
            .map(|cursor| cursor.projection)
            .collect();
        others.dedup();
        for other in others
            .iter()
            .filter(|other| other.starts_with(PREFIX) && **other != name)
        {
            self.store.clear(other).await?;
        }
        Ok(())
    }

    /// Reads what another server keeps: of the wanted projection once that is built, else what is at hand goes on.
    async fn read_on(&self, now: bool) -> Result<(), FollowError> {
        let _turn = self.turn.lock().await;
        let is_fresh = |looked: Instant| looked.elapsed() < LOOK;
        if !now && self.state().looked.is_some_and(is_fresh) {
            return Ok(());
        }
        let view = self.authority.view();
        let Some(wanted) = Plan::wanted(&view, clock::today()) else {
            return Ok(());
        };
        let served = self.served().filter(|served| served.plan.name == wanted);
        let erasures = self.erasures().await?;
        let projected = match served {
            Some(served) => served,
            None if Projected::is_built(self.store.as_ref(), &wanted).await? => {
                let Some(plan) = Plan::of(&view, clock::today())? else {
                    return Ok(());
                };
                Arc::new(Projected::new(plan))
            }
            None => return Ok(()),
        };
        projected.read(self.world(), erasures).await?;
        self.count_units(&projected).await?;
        let mut state = self.state();
        state.served = Some(projected);
        state.looked = Some(Instant::now());
        Ok(())
    }

    /// How many erasures were carried out: what was built before one of them may hold what it erased.
    async fn erasures(&self) -> Result<u64, FollowError> {
        let rights = self.rights.current().await?;
        let done = rights.requests().filter(|(_, request)| {
            request.used > 0 && request.asked.scope.use_for() == vardnav_register::rights::Use::Erasure
        });
        Ok(done.count() as u64)
    }

    fn world(&self) -> World<'_> {
        World {
            store: &self.store,
            authority: &self.authority,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where entries and what they mean are had.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) authority: &'a Arc<Authority>,
}

/// An entry or row that is not of its form.
fn damaged(stream: &StreamId, position: u64) -> FollowError {
    FollowError::Damaged(format!("{stream}, position {position},"))
}
