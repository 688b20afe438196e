//! Leases: work that one server at a time may do is done by whoever holds its row, until a moment that the holder keeps
//! moving on. Each taking has a number that rises, the fence. The time is the database's; whoever cannot renew in time
//! counts the lease as lost by its own clock, from before it last asked. A store that serves under a lease appends nothing
//! once another took it, however late it learns of that.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::types::ToSql;

use super::connection::Lent;
use super::failed::Failed;
use super::{Core, Postgres};
use crate::contract::StoreError;

const TAKE: &str = "INSERT INTO leases (name, holder, fence, until) \
                    VALUES ($1, $2, 1, now() + $3::bigint * interval '1 millisecond') \
                    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, \
                    until = excluded.until WHERE leases.until < now() OR leases.holder = excluded.holder \
                    RETURNING fence";
const RENEW: &str = "UPDATE leases SET until = now() + $4::bigint * interval '1 millisecond' \
                     WHERE name = $1 AND holder = $2 AND fence = $3 RETURNING fence";
const HOLD: &str = "SELECT fence FROM leases WHERE name = $1 AND holder = $2 AND fence = $3";
const GIVE_BACK: &str = "UPDATE leases SET until = now() WHERE name = $1 AND holder = $2 AND fence = $3";

/// Why a lease is not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has it.
    #[error("another holds it, until it is given back or not renewed in time")]
    Held,
    /// The database cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nobody else has it.
    Held,
    /// It was not renewed in time: another may have it.
    Doubtful,
    /// Another had it since.
    Taken,
}

/// One taking of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taking {
    /// The lease.
    pub(super) name: String,
    /// Who took it.
    pub(super) holder: String,
    /// The number of the taking.
    pub(super) fence: i64,
}

impl Taking {
    /// Holds that nobody took the lease since.
    pub(super) async fn hold(&self, lent: &mut Lent) -> Result<(), Failed> {
        let with: [&(dyn ToSql + Sync); 3] = [&self.name, &self.holder, &self.fence];
        match lent.query_opt(HOLD, &with).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Unavailable(
                "another server took over this database: this one writes nothing to it any more".to_owned(),
            )
            .into()),
        }
    }
}

/// A lease that is held, and renewed until it is dropped or another takes it.
pub struct Lease {
    core: Arc<Core>,
    taking: Taking,
    standing: watch::Receiver<Standing>,
    renewing: JoinHandle<()>,
}

impl Lease {
    /// Takes the lease `name` for `holder`, for `time` at once and again and again. It is had by nobody else as long as
    /// it is not lost; a holder of the same name takes it from itself, so that a server that was killed is back at once.
    ///
    /// # Errors
    /// `Held` when another has it.
    pub async fn take(
        store: &Postgres,
        name: &str,
        holder: &str,
        time: Duration,
    ) -> Result<Self, LeaseError> {
        let core = Arc::clone(&store.core);
        let began = Instant::now();
        let taken = core.ask(TAKE, &[&name, &holder, &milliseconds(time)]).await?;
        let fence: i64 = match taken.first() {
            Some(row) => row
                .try_get(0)
                .map_err(|_| StoreError::Corrupt(format!("lease {name}")))?,
            None => return Err(LeaseError::Held),
        };
        let taking = Taking {
            name: name.to_owned(),
            holder: holder.to_owned(),
            fence,
        };
        let (tell, standing) = watch::channel(Standing::Held);
        let renewing = tokio::spawn(renew(Arc::clone(&core), taking.clone(), time, began, tell));
        Ok(Self {
            core,
            taking,
            standing,
            renewing,
        })
    }

    /// Binds the store, and all its clones, to this taking, once and for all: as soon as another took the lease, every
    /// append answers `Unavailable` and changes nothing. A statement that the database works on in that very moment may
    /// still be done.
    ///
    /// # Errors
    /// `Limit` when the store is bound to another taking already.
    pub fn bind(&self, store: &Postgres) -> Result<(), StoreError> {
        let bound = store.core.serves_under.get_or_init(|| self.taking.clone());
        match *bound == self.taking {
            true => Ok(()),
            false => Err(StoreError::Limit(
                "the store serves under another lease already".to_owned(),
            )),
        }
    }

    /// Its number among the takings of this lease.
    pub fn fence(&self) -> u64 {
        self.taking.fence.cast_unsigned()
    }

    /// Waits until it could not be renewed in time, or another took it: from then on another may do the work. It may be
    /// held again later, as long as nobody took it.
    pub async fn lost(&self) {
        self.wait(|standing| *standing != Standing::Held).await;
    }

    /// Waits until another took it.
    pub async fn taken(&self) {
        self.wait(|standing| *standing == Standing::Taken).await;
    }

    async fn wait(&self, until: impl FnMut(&Standing) -> bool) {
        let mut standing = self.standing.clone();
        // Whoever tells ends only when another took it, or with this lease.
        let _ = standing.wait_for(until).await;
    }

    /// Gives it back, so that another need not wait for its end.
    pub async fn give_back(self) {
        self.renewing.abort();
        let Taking { name, holder, fence } = &self.taking;
        if let Err(error) = self.core.change(GIVE_BACK, &[name, holder, fence]).await {
            tracing::warn!(%error, name, "a lease was not given back and ends by itself");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Renews a lease until another takes it, and tells how it stands.
async fn renew(
    core: Arc<Core>,
    Taking { name, holder, fence }: Taking,
    time: Duration,
    mut held_from: Instant,
    tell: watch::Sender<Standing>,
) {
    loop {
        tokio::time::sleep(time / 3).await;
        let asked = Instant::now();
        let milliseconds = milliseconds(time);
        let with: [&(dyn ToSql + Sync); 4] = [&name, &holder, &fence, &milliseconds];
        let renewing = core.ask(RENEW, &with);
        tokio::pin!(renewing);
        let renewed = match tokio::time::timeout_at(held_from + time, &mut renewing).await {
            Ok(renewed) => renewed,
            Err(_) => {
                if tell.send_replace(Standing::Doubtful) == Standing::Held {
                    tracing::warn!(name, "a lease could not be renewed in time");
                }
                renewing.await
            }
        };
        match renewed {
            Ok(rows) if rows.is_empty() => {
                tracing::error!(name, "a lease was lost: another took it");
                tell.send_replace(Standing::Taken);
                return;
            }
            Ok(_) => {
                held_from = asked;
                if tell.send_replace(Standing::Held) != Standing::Held {
                    tracing::warn!(name, "a lease is held again");
                }
            }
            Err(error) => tracing::warn!(%error, name, "a lease could not be renewed yet"),
        }
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
