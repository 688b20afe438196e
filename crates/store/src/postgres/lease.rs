//! Leases: work that one server at a time may do is done by whoever holds its row, until a moment that the holder keeps
//! moving on. Each taking has a number that rises, the fence. The time is the database's; whoever cannot renew in time
//! counts the lease as lost by its own clock, from before it last asked. Leases have a connection of their own, so that
//! they are renewed however busy the others are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::types::ToSql;

use super::Postgres;
use super::apart::Apart;
use super::connection::Lent;
use super::failed::Failed;
use crate::contract::StoreError;

/// Whoever has it in time is not even touched by those who ask in vain.
const TAKE: &str = "INSERT INTO leases (name, holder, fence, until) \
                    SELECT $1::text, $2::text, 1, clock_timestamp() + $3::bigint * interval '1 millisecond' \
                    WHERE NOT EXISTS (SELECT 1 FROM leases AS l WHERE l.name = $1::text \
                    AND l.until >= clock_timestamp() AND l.holder <> $2::text AND l.holder <> $4::text) \
                    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, \
                    until = clock_timestamp() + $3::bigint * interval '1 millisecond' \
                    WHERE leases.until < clock_timestamp() OR leases.holder = excluded.holder \
                    OR leases.holder = $4::text RETURNING fence";
const RENEW: &str = "UPDATE leases SET until = clock_timestamp() + $4::bigint * interval '1 millisecond' \
                     WHERE name = $1 AND holder = $2 AND fence = $3 RETURNING fence";
const HOLD: &str = "SELECT fence FROM leases WHERE name = $1 AND holder = $2 AND fence = $3";
const GIVE_BACK: &str =
    "UPDATE leases SET until = clock_timestamp() WHERE name = $1 AND holder = $2 AND fence = $3";

/// How many of the longest waits for an answer fit into the time of a lease.
const WAITS: u32 = 3;

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
    /// Name, holder and number of a taking, as parameters of a statement; nothing where there is none.
    pub(super) fn parts(taking: Option<&Self>) -> (Option<&str>, Option<&str>, Option<i64>) {
        (
            taking.map(|taking| taking.name.as_str()),
            taking.map(|taking| taking.holder.as_str()),
            taking.map(|taking| taking.fence),
        )
    }

    /// Whether nobody took the lease since.
    pub(super) async fn is_held(&self, lent: &mut Lent) -> Result<bool, Failed> {
        let with: [&(dyn ToSql + Sync); 3] = [&self.name, &self.holder, &self.fence];
        Ok(lent.query_opt(HOLD, &with).await?.is_some())
    }
}

/// Who wants which lease.
pub(super) struct Wish {
    /// The lease.
    pub(super) name: String,
    /// Who wants it.
    pub(super) holder: String,
    /// Who that was before: what is held by it is taken at once.
    pub(super) former: Option<String>,
    /// For how long at once.
    pub(super) time: Duration,
}

impl Wish {
    /// A connection by which it is taken and kept.
    pub(super) fn apart(&self, store: &Postgres) -> Arc<Apart> {
        let wait = (self.time / WAITS).min(store.core.options.statement_max);
        Arc::new(Apart::new(Arc::clone(&store.core), wait))
    }
}

/// A lease that is held, and renewed until it is dropped or another takes it.
pub struct Lease {
    apart: Arc<Apart>,
    taking: Taking,
    standing: watch::Receiver<Standing>,
    renewing: JoinHandle<()>,
}

impl Lease {
    /// Takes the lease `name` for `holder`, for `time` at once and again and again. It is had by nobody else as long as
    /// it is not lost; a holder of the same name takes it from itself, so that what was cut off in the middle of taking it
    /// is no hindrance.
    ///
    /// # Errors
    /// `Held` when another has it.
    pub async fn take(
        store: &Postgres,
        name: &str,
        holder: &str,
        time: Duration,
    ) -> Result<Self, LeaseError> {
        let wish = Wish {
            name: name.to_owned(),
            holder: holder.to_owned(),
            former: None,
            time,
        };
        let apart = wish.apart(store);
        let mut tries = store.core.tries();
        loop {
            match Self::try_to_take(&apart, &wish).await {
                Ok(taken) => return taken.ok_or(LeaseError::Held),
                Err(failed) => tries.again(failed).await?,
            }
        }
    }

    /// Takes a lease in one try; `None` when another has it.
    pub(super) async fn try_to_take(apart: &Arc<Apart>, wish: &Wish) -> Result<Option<Self>, Failed> {
        let Wish { name, holder, .. } = wish;
        let former = wish.former.as_ref().unwrap_or(holder);
        let began = Instant::now();
        let taken = apart
            .ask(TAKE, &[name, holder, &milliseconds(wish.time), former])
            .await?;
        let Some(row) = taken.first() else {
            return Ok(None);
        };
        let taking = Taking {
            name: name.clone(),
            holder: holder.clone(),
            fence: row.try_get(0)?,
        };
        let (tell, standing) = watch::channel(Standing::Held);
        let renewing = renew(Arc::clone(apart), taking.clone(), wish.time, began, tell);
        Ok(Some(Self {
            apart: Arc::clone(apart),
            taking,
            standing,
            renewing: tokio::spawn(renewing),
        }))
    }

    /// Its number among the takings of this lease.
    pub fn fence(&self) -> u64 {
        self.taking.fence.cast_unsigned()
    }

    /// This taking of it.
    pub(super) fn taking(&self) -> &Taking {
        &self.taking
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

    /// Waits until it is known whether it is held; gives whether it is.
    pub(super) async fn settled(&self) -> bool {
        self.wait(|standing| *standing != Standing::Doubtful).await;
        *self.standing.borrow() == Standing::Held
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
        if let Err(failed) = self.apart.ask(GIVE_BACK, &[name, holder, fence]).await {
            tracing::warn!(error = %failed.into_error(), name, "a lease was not given back and ends by itself");
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
    apart: Arc<Apart>,
    Taking { name, holder, fence }: Taking,
    time: Duration,
    mut held_from: Instant,
    tell: watch::Sender<Standing>,
) {
    let milliseconds = milliseconds(time);
    let with: [&(dyn ToSql + Sync); 4] = [&name, &holder, &fence, &milliseconds];
    let mut pause = time / 5;
    loop {
        let rest = tokio::time::sleep(pause);
        let renewing = async {
            rest.await;
            (Instant::now(), apart.ask(RENEW, &with).await)
        };
        tokio::pin!(renewing);
        let (asked, renewed) = match tokio::time::timeout_at(held_from + time, &mut renewing).await {
            Ok(renewed) => renewed,
            Err(_) => {
                if tell.send_replace(Standing::Doubtful) == Standing::Held {
                    tracing::warn!(name, "a lease could not be renewed in time");
                }
                renewing.await
            }
        };
        pause = time / 20;
        match renewed {
            Ok(rows) if rows.is_empty() => {
                tracing::warn!(name, "a lease was lost: another took it");
                tell.send_replace(Standing::Taken);
                return;
            }
            Ok(_) => {
                (held_from, pause) = (asked, time / 5);
                if tell.send_replace(Standing::Held) != Standing::Held {
                    tracing::warn!(name, "a lease is held again");
                }
            }
            Err(failed) => {
                tracing::warn!(error = %failed.into_error(), name, "a lease could not be renewed yet");
            }
        }
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
