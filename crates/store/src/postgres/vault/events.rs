//! What is stated of persons, in the database: sealed events in one order, which a head moves on by compare-and-swap. What
//! is added was decided on all that was there, for whoever was slower finds the head elsewhere and decides anew.

use std::sync::PoisonError;

use tokio_postgres::types::ToSql;

use super::PostgresVault;
use super::rows::unreadable;
use crate::codec::len64;
use crate::contract::StoreError;
use crate::postgres::failed::Failed;
use crate::vault::{Event, Stated, another_key, seal_all, unseal};

/// Events read together.
const EVENTS: u64 = 5_000;

/// The head, and with it what stands from a place on.
const SINCE: &str = "SELECT h.size, e.place, e.sealed FROM vault_heads AS h \
                     LEFT JOIN vault_events AS e ON e.vault = h.vault AND e.place >= $2 AND e.place < $3 \
                     WHERE h.vault = $1 ORDER BY e.place";

/// What both statements do once the head has moved.
macro_rules! append {
    ($moved:literal) => {
        concat!(
            "WITH moved AS (",
            $moved,
            "), added AS (INSERT INTO vault_events (vault, place, sealed) \
             SELECT moved.vault, $2 + r.n - 1, r.sealed FROM moved \
             CROSS JOIN unnest($4::bytea[]) WITH ORDINALITY AS r (sealed, n)) \
             SELECT vault FROM moved"
        )
    };
}

const FIRST: &str = append!(
    "INSERT INTO vault_heads (vault, size) SELECT $1, $2::bigint + $3::bigint \
     ON CONFLICT (vault) DO NOTHING RETURNING vault"
);
const NEXT: &str = append!(
    "UPDATE vault_heads SET size = $2::bigint + $3::bigint WHERE vault = $1 AND size = $2 RETURNING vault"
);

/// Changes nothing, and is answered when everything before it is as durable as itself.
const SETTLE: &str = "UPDATE vault_heads SET size = size WHERE vault = $1";

/// Events on their way, and whether they may be there already.
struct Sent<T> {
    from: u64,
    sealed: Vec<Vec<u8>>,
    decided: T,
}

impl PostgresVault {
    /// Takes in what was stated since, by any server.
    pub(super) async fn catch_up(&self) -> Result<(), StoreError> {
        loop {
            let from = self.stated_now().next();
            let (size, sealed) = self.since(from).await?;
            if size < from {
                return Err(StoreError::Corrupt(
                    "statements that were in the database are not there any more: it was set back to an earlier state, \
                     and its servers must be started again"
                        .to_owned(),
                ));
            }
            if size == from {
                return Ok(());
            }
            if sealed.is_empty() {
                return Err(StoreError::Corrupt(format!("the vault's event {from}")));
            }
            self.take_in(from, &sealed)?;
        }
    }

    /// How many events there are, and those from a place on, as many as are read together.
    async fn since(&self, from: u64) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
        let (place, end) = (from.cast_signed(), from.saturating_add(EVENTS).cast_signed());
        let found = self.core.ask(SINCE, &[&self.name, &place, &end]).await?;
        let (mut size, mut events) = (0, Vec::new());
        for (expected, row) in (from..).zip(&found) {
            size = row.try_get::<_, i64>(0).map_err(unreadable)?.cast_unsigned();
            let place: Option<i64> = row.try_get(1).map_err(unreadable)?;
            let Some(place) = place else { break };
            if place.cast_unsigned() != expected {
                return Err(StoreError::Corrupt(format!("the vault's event {expected}")));
            }
            events.push(row.try_get(2).map_err(unreadable)?);
        }
        Ok((size, events))
    }

    /// Takes in events from a place on, but for those that were taken in meanwhile.
    fn take_in(&self, from: u64, sealed: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut stated = self.stated.write().unwrap_or_else(PoisonError::into_inner);
        for (place, sealed) in (from..).zip(sealed) {
            if place == stated.next() {
                let event = unseal(sealed, place, &self.keys);
                stated.take(event.ok_or_else(|| StoreError::Corrupt(format!("the vault's event {place}")))?);
            }
        }
        Ok(())
    }

    /// Keeps events that are decided on all that is stated; answers what was decided. `decide` may be asked again.
    pub(super) async fn decide<T>(
        &self,
        decide: impl Fn(&Stated) -> Result<(T, Vec<Event>), StoreError>,
    ) -> Result<T, StoreError> {
        let _writing = self.writing.lock().await;
        let mut tries = self.core.tries();
        let mut sent: Option<Sent<T>> = None;
        loop {
            self.catch_up().await?;
            let from = self.stated_now().next();
            let now = match sent.take() {
                Some(sent) if sent.from == from => sent,
                Some(sent) if self.stand(&sent).await? => return Ok(sent.decided),
                // Others were faster, and what was sent for this place can never be done any more.
                _ => {
                    let (decided, new) = decide(&self.stated_now())?;
                    if new.is_empty() {
                        return Ok(decided);
                    }
                    let sealed = seal_all(&new, from, &self.keys)?;
                    Sent {
                        from,
                        sealed,
                        decided,
                    }
                }
            };
            match self.append(from, &now.sealed).await {
                Ok(true) => {
                    self.take_in(from, &now.sealed)?;
                    return Ok(now.decided);
                }
                Ok(false) => {
                    let what = "others state something of persons all the time".to_owned();
                    sent = Some(now);
                    tries.again(Failed::Again(StoreError::Unavailable(what))).await?;
                }
                Err(failed) => {
                    sent = Some(now);
                    tries.again(failed).await?;
                }
            }
        }
    }

    /// Whether these very events stand in their places, durably: what is sealed is sealed anew by everybody.
    async fn stand<T>(&self, sent: &Sent<T>) -> Result<bool, StoreError> {
        let mut from = sent.from;
        let mut rest = sent.sealed.as_slice();
        while !rest.is_empty() {
            let (_, standing) = self.since(from).await?;
            let some = standing.get(..rest.len().min(standing.len())).unwrap_or_default();
            if some.is_empty() || !rest.starts_with(some) {
                return Ok(false);
            }
            from += len64(some.len());
            rest = rest.get(some.len()..).unwrap_or_default();
        }
        self.core.change(SETTLE, &[&self.name]).await?;
        Ok(true)
    }

    /// Appends events from a place on; gives whether the head was there.
    async fn append(&self, from: u64, sealed: &[Vec<u8>]) -> Result<bool, Failed> {
        let (place, count) = (from.cast_signed(), len64(sealed.len()).cast_signed());
        let with: [&(dyn ToSql + Sync); 4] = [&self.name, &place, &count, &sealed];
        let statement = if from == 0 { FIRST } else { NEXT };
        let mut lent = self.core.link.lend().await?;
        Ok(lent.query_opt(statement, &with).await?.is_some())
    }

    /// Events from a place on, at most as many as are read together.
    pub(super) async fn kept_events_from(&self, from: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.since(from).await?.1)
    }

    /// Keeps events as they are sealed.
    pub(super) async fn keep_sealed_events(&self, from: u64, events: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let own = (from..).zip(&events);
        if own
            .map(|(place, sealed)| unseal(sealed, place, &self.keys))
            .any(|event| event.is_none())
        {
            return Err(another_key());
        }
        let _writing = self.writing.lock().await;
        let mut tries = self.core.tries();
        let mut is_sent = false;
        loop {
            self.catch_up().await?;
            let actual = self.stated_now().next();
            let sent = Sent {
                from,
                sealed: events.clone(),
                decided: (),
            };
            if is_sent && actual > from && self.stand(&sent).await? {
                return Ok(());
            }
            if actual != from {
                return Err(StoreError::Conflict {
                    expected: from,
                    actual,
                });
            }
            if events.is_empty() {
                return Ok(());
            }
            is_sent = true;
            match self.append(from, &events).await {
                Ok(true) => return self.take_in(from, &events),
                Ok(false) => {}
                Err(failed) => tries.again(failed).await?,
            }
        }
    }
}
