//! A database that becomes a copy: while rows are brought into it nobody serves it, and no other copy is made into it.
//! Whoever copies has the background work, so that no server beside it does, and a lease that servers ask for before they
//! start.

use std::time::Duration;

use super::Postgres;
use super::lease::{Lease, LeaseError};
use super::sharing::WORK;
use crate::contract::StoreError;

/// The lease of whoever makes a copy into the database.
const COPY: &str = "copy";
/// By which name that is asked for by whoever does not want it.
const PASSER_BY: &str = "a server that starts";
/// How long whoever only looks has it.
const LOOK: Duration = Duration::from_secs(3);

/// The claim on a database that becomes a copy. When it is dropped it ends with the time for which it was made.
pub struct Claim {
    copy: Lease,
    work: Lease,
}

impl Postgres {
    /// Claims the database for a copy, for `time` at once and again and again. A copy of the same name takes over from one
    /// that was broken off, at once.
    ///
    /// # Errors
    /// `Held` when a server serves the database, or did and has not ended for certain, and when another copy is made.
    pub async fn claim(&self, holder: &str, time: Duration) -> Result<Claim, LeaseError> {
        let copy = Lease::take(self, COPY, holder, time).await?;
        match Lease::take(self, WORK, holder, time).await {
            Ok(work) => Ok(Claim { copy, work }),
            Err(error) => {
                copy.give_back().await;
                Err(error)
            }
        }
    }

    /// Whether a copy is made into the database, or one was broken off a moment ago: then it is not to be served.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn is_claimed(&self) -> Result<bool, StoreError> {
        match Lease::take(self, COPY, PASSER_BY, LOOK).await {
            Ok(free) => {
                free.give_back().await;
                Ok(false)
            }
            Err(LeaseError::Held) => Ok(true),
            Err(LeaseError::Store(error)) => Err(error),
        }
    }
}

impl Claim {
    /// Waits until it is no longer certain that nobody serves the database.
    pub async fn lost(&self) {
        tokio::select! {
            () = self.copy.lost() => {}
            () = self.work.lost() => {}
        }
    }

    /// Gives the database to whoever will serve it.
    pub async fn give_back(self) {
        self.work.give_back().await;
        self.copy.give_back().await;
    }
}
