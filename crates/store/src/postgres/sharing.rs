//! Sharing a database with other servers: background work is this server's as long as it holds the lease for that, and
//! what changes projections or redacts is done under the lease's fence, in the same statement. The row of the lease is held
//! while such a statement works, so that nobody takes the lease in the middle of one. Appends need no lease.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::apart::Apart;
use super::connection::Lent;
use super::failed::Failed;
use super::lease::{Lease, Taking, Wish};
use super::{Core, Postgres};
use crate::contract::StoreError;
use crate::duty::{Assigning, Duty};

/// The lease of whoever does the background work.
pub(super) const WORK: &str = "work";
/// How long shifts that are under way are waited for when the server stops.
const OVER_MAX: Duration = Duration::from_secs(3);

/// A condition of a statement: the lease in the parameters that are given is still held by that taking, or none is asked
/// for. Whoever would take it waits for the end of the statement, for the number of a taking is a key of the row; whoever
/// renews it does not.
macro_rules! fenced {
    ($name:literal, $holder:literal, $fence:literal) => {
        concat!(
            "($",
            $name,
            "::text IS NULL OR EXISTS (SELECT 1 FROM leases AS l WHERE l.name = $",
            $name,
            " AND l.holder = $",
            $holder,
            "::text AND l.fence = $",
            $fence,
            "::bigint FOR KEY SHARE))"
        )
    };
}
pub(super) use fenced;

/// What a store that shares its database has of the work.
#[derive(Default)]
pub(super) struct Shared {
    /// There once it shares.
    duty: OnceLock<Duty>,
    /// The taking under which it works.
    under: RwLock<Option<Taking>>,
}

impl Shared {
    /// The taking under which work is done now; `None` where nobody shares the store.
    ///
    /// # Errors
    /// `Unavailable` when another does the work.
    pub(super) fn taking(&self) -> Result<Option<Taking>, StoreError> {
        if self.duty.get().is_none() {
            return Ok(None);
        }
        let under = self.under.read().unwrap_or_else(PoisonError::into_inner);
        under.clone().map(Some).ok_or_else(elsewhere)
    }

    pub(super) fn duty(&self) -> Duty {
        self.duty.get().cloned().unwrap_or_else(Duty::alone)
    }

    fn set(&self, taking: Option<Taking>) {
        *self.under.write().unwrap_or_else(PoisonError::into_inner) = taking;
    }
}

/// Holds that the work is still done under a taking.
///
/// # Errors
/// `Unavailable` when another took it.
pub(super) async fn hold(lent: &mut Lent, taking: Option<&Taking>) -> Result<(), Failed> {
    match taking {
        Some(taking) if !taking.is_held(lent).await? => Err(elsewhere().into()),
        _ => Ok(()),
    }
}

impl Core {
    /// As [`hold`], asked for by itself.
    pub(super) async fn hold(&self, taking: Option<&Taking>) -> Result<(), StoreError> {
        let mut tries = self.tries();
        loop {
            let held = async { hold(&mut self.link.lend().await?, taking).await };
            match held.await {
                Ok(()) => return Ok(()),
                Err(failed) => tries.again(failed).await?,
            }
        }
    }
}

/// The work is another's.
pub(super) fn elsewhere() -> StoreError {
    StoreError::Unavailable(
        "the background work over this database is another server's now: this one does none of it".to_owned(),
    )
}

/// The sharing of a database by a store. When it is dropped, the work is no longer this server's.
pub struct Sharing {
    stop: watch::Sender<bool>,
    keeping: JoinHandle<()>,
}

impl Postgres {
    /// Shares the database with other servers, from now on: [`duty`](crate::Store::duty) says whether the background work
    /// is this one's, and redacting and changing projections is refused when it is not. The work is taken over when
    /// whoever has it did not tell for `time`; a third of that is how long it waits for an answer. `holder` names this
    /// process, and no other. Call it once, inside a tokio runtime.
    ///
    /// # Errors
    /// `Limit` when the store shares already.
    pub fn share(&self, holder: &str, time: Duration) -> Result<Sharing, StoreError> {
        self.share_after(holder, None, time)
    }

    /// As [`Postgres::share`], for a process that comes after one that is gone: it takes the work from `former` at once.
    ///
    /// # Errors
    /// `Limit` when the store shares already.
    pub fn share_after(
        &self,
        holder: &str,
        former: Option<&str>,
        time: Duration,
    ) -> Result<Sharing, StoreError> {
        let (duty, assigning) = Duty::shared();
        if self.core.shared.duty.set(duty).is_err() {
            return Err(StoreError::Limit(
                "the store shares its database already".to_owned(),
            ));
        }
        let (stop, stopped) = watch::channel(false);
        let wish = Wish {
            name: WORK.to_owned(),
            holder: holder.to_owned(),
            former: former.map(str::to_owned),
            time,
        };
        let keeper = Keeper {
            apart: wish.apart(self),
            wish,
            assigning,
            stopped,
        };
        let keeping = tokio::spawn(keeper.keep());
        Ok(Sharing { stop, keeping })
    }
}

impl Sharing {
    /// Gives the work to others at once, for a server that stops.
    pub async fn give_back(mut self) {
        self.stop.send_replace(true);
        let patience = OVER_MAX * 2;
        if tokio::time::timeout(patience, &mut self.keeping).await.is_err() {
            tracing::warn!("the background work was not given back and goes to another by itself");
        }
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// Takes the lease again and again, and keeps it.
struct Keeper {
    /// By it, and by no connection that the work needs itself.
    apart: Arc<Apart>,
    wish: Wish,
    assigning: Assigning,
    stopped: watch::Receiver<bool>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.apart.core().shared.set(None);
    }
}

impl Keeper {
    async fn keep(mut self) {
        while let Some(lease) = self.take().await {
            let shared = Arc::clone(self.apart.core());
            shared.shared.set(Some(lease.taking().clone()));
            tracing::info!(fence = lease.fence(), "the background work is this server's");
            let stops = self.hold(&lease).await;
            self.assigning.withdraw();
            if stops {
                if self.assigning.over(OVER_MAX).await {
                    lease.give_back().await;
                }
                shared.shared.set(None);
                return;
            }
            shared.shared.set(None);
            tracing::warn!("the background work is another server's");
            // What was begun before ends, since nothing more of it is taken; however long that is, another works.
            while !self.assigning.over(self.wish.time).await {}
        }
    }

    /// The lease, as soon as it can be had; `None` when the server stops before.
    async fn take(&mut self) -> Option<Lease> {
        let mut reported = false;
        loop {
            let taking = Lease::try_to_take(&self.apart, &self.wish);
            let taken = tokio::select! {
                taken = taking => taken,
                () = stop(&mut self.stopped) => return None,
            };
            match taken {
                Ok(Some(lease)) => return Some(lease),
                Ok(None) => reported = false,
                Err(failed) => {
                    if !std::mem::replace(&mut reported, true) {
                        let error = failed.into_error();
                        tracing::warn!(%error, "the background work cannot be taken now");
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.wish.time / 10) => {}
                () = stop(&mut self.stopped) => return None,
            }
        }
    }

    /// Works under the lease until another took it; gives whether it is the server that stops.
    async fn hold(&mut self, lease: &Lease) -> bool {
        loop {
            self.assigning.give(lease.fence());
            tokio::select! {
                () = lease.lost() => {}
                () = stop(&mut self.stopped) => return true,
            }
            self.assigning.withdraw();
            tokio::select! {
                again = lease.settled() => if !again { return false },
                () = stop(&mut self.stopped) => return true,
            }
        }
    }
}

/// Waits until the server stops.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending::<()>().await;
    }
}
