//! The tables, by numbered migrations. Each is applied once, in a transaction of its own, and never changes afterwards:
//! what it was is kept with its digest. A migration leaves everything that the version before it needs (it expands);
//! what nobody needs any more goes with a later one (it contracts). A database with migrations that this version does
//! not know is not served.

use tokio_postgres::error::SqlState;

use super::connection::Link;
use super::failed::{Failed, Tries};
use crate::contract::{Digest, StoreError};

/// A step from one shape of the tables to the next.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1, 2, … without gaps.
    pub version: i32,
    /// Its statements.
    pub text: &'static str,
}

/// All there are, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        text: include_str!("migrations/0001_begin.sql"),
    },
    Migration {
        version: 2,
        text: include_str!("migrations/0002_vault.sql"),
    },
    Migration {
        version: 3,
        text: include_str!("migrations/0003_leases.sql"),
    },
];

const BEGIN: &str = "CREATE TABLE IF NOT EXISTS migrations (version integer NOT NULL, digest text NOT NULL, \
                     applied timestamptz NOT NULL, PRIMARY KEY (version))";
const APPLIED: &str = "SELECT version, digest FROM migrations ORDER BY version";
/// A migration takes the time it needs, and so does whoever waits for it.
const UNHURRIED: &str = "SET LOCAL statement_timeout = 0";
const NOTE: &str = "INSERT INTO migrations (version, digest, applied) VALUES ($1, $2, now())";

/// Brings the tables to the shape that `known` ends with.
///
/// # Errors
/// `Corrupt` when a migration was applied that `known` does not have, or has in other words.
pub(super) async fn migrate(link: &Link, known: &[Migration], mut tries: Tries) -> Result<(), StoreError> {
    let mut told = false;
    loop {
        match try_to_migrate(link, known).await {
            Ok(()) => return Ok(()),
            Err(failed) => {
                if !std::mem::replace(&mut told, true)
                    && let Failed::Again(StoreError::Unavailable(why)) = &failed
                {
                    tracing::warn!("{why}; it is tried again for a while");
                }
                tries.again(failed).await?;
            }
        }
    }
}

async fn try_to_migrate(link: &Link, known: &[Migration]) -> Result<(), Failed> {
    let mut client = link.own().await?;
    client.batch_execute(BEGIN).await.map_err(meanwhile)?;
    let applied = client.query(APPLIED, &[]).await?;
    let mut migrations = known.iter();
    for row in applied {
        let (version, digest): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        match migrations.next() {
            Some(migration) if migration.version == version && of(migration) == digest => {}
            Some(migration) if migration.version == version => {
                let what = format!(
                    "migration {version} was applied to the database in other words than it has here"
                );
                return Err(StoreError::Corrupt(what).into());
            }
            _ => {
                let what = format!(
                    "the database has migration {version}, which this version of the program does not know: use the \
                     newer one"
                );
                return Err(StoreError::Corrupt(what).into());
            }
        }
    }
    for migration in migrations {
        let transaction = client.transaction().await?;
        transaction.batch_execute(UNHURRIED).await?;
        // Of two servers that come to it at once, one waits here for the other.
        let noted = transaction
            .execute(NOTE, &[&migration.version, &of(migration)])
            .await;
        noted.map_err(meanwhile)?;
        transaction
            .batch_execute(migration.text)
            .await
            .map_err(meanwhile)?;
        transaction.commit().await?;
        tracing::info!(
            version = migration.version,
            "the database's tables were brought on"
        );
    }
    Ok(())
}

fn of(migration: &Migration) -> String {
    Digest::of(migration.text.as_bytes()).to_string()
}

/// That another server did it meanwhile means to look again.
fn meanwhile(error: tokio_postgres::Error) -> Failed {
    let same = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    match error.code() {
        Some(code) if same.contains(code) => Failed::Again(StoreError::Unavailable(
            "another server brings on the database's tables".to_owned(),
        )),
        _ => error.into(),
    }
}
