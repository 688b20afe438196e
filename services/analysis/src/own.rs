//! What the follower keeps for itself, in a schema that analysts cannot read: by whom the tables are kept, the secret of
//! their person keys, and whether they are to be built anew. Whoever keeps them holds one row; every transaction that
//! changes the tables moves that row on and is nothing once another took it.

use rand::RngCore as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use crate::error::AnalysisError;
use crate::persons::Secret;

/// The steps that made the follower's own tables, in order; none changes once it was applied.
const MIGRATIONS: &[(i32, &str)] = &[
    (1, include_str!("migrations/0001_begin.sql")),
    (2, include_str!("migrations/0002_register.sql")),
];

const BEGIN: &str = "CREATE SCHEMA IF NOT EXISTS analysis_own; \
                     CREATE TABLE IF NOT EXISTS analysis_own.migrations (version integer PRIMARY KEY, applied timestamptz NOT NULL)";
const LOCK: &str = "LOCK TABLE analysis_own.migrations IN EXCLUSIVE MODE";
/// That another made it meanwhile.
const MEANWHILE: [SqlState; 3] = [
    SqlState::UNIQUE_VIOLATION,
    SqlState::DUPLICATE_SCHEMA,
    SqlState::DUPLICATE_TABLE,
];
const TAKE: &str = "UPDATE analysis_own.follower SET holder = $1, fence = fence + 1, until = now() + interval '10 seconds' \
                    WHERE until < now() OR holder = $1 RETURNING fence";
const HOLD: &str = "UPDATE analysis_own.follower SET until = now() + interval '10 seconds', looked = now() \
                    WHERE holder = $1 AND fence = $2 RETURNING rebuild IS NOT NULL";
const OWN: &str = "UPDATE analysis_own.follower SET register = $1 WHERE register IS NULL";
const OWNED: &str = "SELECT register = $1 FROM analysis_own.follower";
const GIVE_BACK: &str = "UPDATE analysis_own.follower SET until = now() WHERE holder = $1 AND fence = $2";

/// One taking of the tables.
#[derive(Debug, Clone)]
pub(crate) struct Taking {
    holder: String,
    fence: i64,
}

/// Makes or brings on the follower's own tables.
pub(crate) async fn prepare(client: &mut Client) -> Result<(), AnalysisError> {
    // Of two servers that come to an empty database at once, one finds what the other made.
    if let Err(error) = client.batch_execute(BEGIN).await
        && !error.code().is_some_and(|code| MEANWHILE.contains(code))
    {
        return Err(error.into());
    }
    let step = client.transaction().await?;
    step.batch_execute(LOCK).await?;
    let applied = step
        .query_one(
            "SELECT coalesce(max(version), 0) FROM analysis_own.migrations",
            &[],
        )
        .await?;
    let applied: i32 = applied.try_get(0)?;
    if MIGRATIONS.last().is_some_and(|(last, _)| applied > *last) {
        return Err(AnalysisError::Newer);
    }
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > applied) {
        step.batch_execute(text).await?;
        step.execute(
            "INSERT INTO analysis_own.migrations (version, applied) VALUES ($1, now())",
            &[version],
        )
        .await?;
    }
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    step.execute(
        "INSERT INTO analysis_own.follower (secret) VALUES ($1) ON CONFLICT DO NOTHING",
        &[&secret.as_slice()],
    )
    .await?;
    Ok(step.commit().await?)
}

/// Makes the tables those of a register when they are nobody's yet.
///
/// # Errors
/// `Foreign` when they are another's.
pub(crate) async fn belong(client: &Client, register: &[u8]) -> Result<(), AnalysisError> {
    client.execute(OWN, &[&register]).await?;
    match client.query_one(OWNED, &[&register]).await?.try_get(0)? {
        true => Ok(()),
        false => Err(AnalysisError::Foreign),
    }
}

/// The secret of the tables' person keys.
pub(crate) async fn secret(client: &Client) -> Result<Secret, AnalysisError> {
    let row = client
        .query_one("SELECT secret FROM analysis_own.follower", &[])
        .await?;
    let secret: Vec<u8> = row.try_get(0)?;
    let secret = secret.try_into().map(Secret);
    secret.map_err(|_| AnalysisError::Broken("the secret of the tables' person keys is not one".to_owned()))
}

impl Taking {
    /// Takes the tables when nobody else keeps them.
    pub(crate) async fn take(client: &Client, holder: &str) -> Result<Self, AnalysisError> {
        let taken = client.query_opt(TAKE, &[&holder]).await?;
        let row = taken.ok_or(AnalysisError::Held)?;
        Ok(Self {
            holder: holder.to_owned(),
            fence: row.try_get(0)?,
        })
    }

    /// Keeps them for a while longer; gives whether they are to be built anew.
    pub(crate) async fn renew(&self, client: &Client) -> Result<bool, AnalysisError> {
        let held = client.query_opt(HOLD, &[&self.holder, &self.fence]).await?;
        Ok(held.ok_or(AnalysisError::Held)?.try_get(0)?)
    }

    /// As [`Taking::renew`], so that what the transaction does is done by whoever keeps the tables or not at all.
    pub(crate) async fn hold(&self, step: &Transaction<'_>) -> Result<bool, AnalysisError> {
        let held = step.query_opt(HOLD, &[&self.holder, &self.fence]).await?;
        Ok(held.ok_or(AnalysisError::Held)?.try_get(0)?)
    }

    /// Lets another server keep them at once.
    pub(crate) async fn give_back(&self, client: &Client) -> Result<(), AnalysisError> {
        client.execute(GIVE_BACK, &[&self.holder, &self.fence]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use vardnav_store::postgres::private::{Private, QUICK};

    use super::*;
    use crate::connection::connect;

    #[tokio::test]
    async fn one_keeps_the_tables_and_whoever_lost_them_writes_nothing() {
        let Some(private) = Private::start(QUICK).unwrap() else {
            return;
        };
        let url = private.url("postgres");
        let (mut one, mut other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());
        let (first, second) = tokio::join!(prepare(&mut one), prepare(&mut other));
        let (Ok(()), Ok(())) = (first, second) else {
            panic!("two servers come to an empty database at once");
        };
        assert_eq!(secret(&one).await.unwrap().0, secret(&other).await.unwrap().0);
        // Whoever comes with another register is refused, and changes nothing.
        belong(&one, &[1; 32]).await.unwrap();
        assert!(matches!(
            belong(&other, &[2; 32]).await,
            Err(AnalysisError::Foreign)
        ));
        belong(&other, &[1; 32]).await.unwrap();
        let taking = Taking::take(&one, "one").await.unwrap();
        assert!(matches!(
            Taking::take(&other, "other").await,
            Err(AnalysisError::Held)
        ));
        assert!(!taking.renew(&one).await.unwrap());

        // It was not renewed in time, and another took the tables.
        other
            .batch_execute("UPDATE analysis_own.follower SET until = now() - interval '1 second'")
            .await
            .unwrap();
        let taken = Taking::take(&other, "other").await.unwrap();
        let step = one.transaction().await.unwrap();
        assert!(matches!(taking.hold(&step).await, Err(AnalysisError::Held)));
        drop(step);
        taking.give_back(&one).await.unwrap();
        assert!(matches!(
            Taking::take(&one, "one").await,
            Err(AnalysisError::Held)
        ));
        taken.give_back(&other).await.unwrap();
        // What is given back is free at once.
        Taking::take(&one, "one").await.unwrap();
    }
}
