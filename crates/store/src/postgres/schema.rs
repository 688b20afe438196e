//! The tables, by numbered migrations. Each is applied once, in a transaction of its own, and never changes afterwards:
//! what it was is kept with its digest. A migration leaves everything that the version before it needs (it expands);
//! what nobody needs any more goes with a later one (it contracts). Each says which programs may still serve with it, so
//! that one that does not know it serves on when it only expands, and refuses when it contracts.

use tokio_postgres::error::SqlState;

use super::connection::Link;
use super::failed::{Failed, Tries};
use crate::contract::{Digest, StoreError};

/// A step from one shape of the tables to the next.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1, 2, … without gaps.
    pub version: i32,
    /// The oldest program that may serve with it, by the last migration that it knows: for one that only expands as old
    /// as the one before it allows, for one that contracts the first that does without what it takes away.
    pub oldest: i32,
    /// Its statements.
    pub text: &'static str,
}

/// All there are, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        oldest: 1,
        text: include_str!("migrations/0001_begin.sql"),
    },
    Migration {
        version: 2,
        oldest: 1,
        text: include_str!("migrations/0002_vault.sql"),
    },
    Migration {
        version: 3,
        // Takings of leases are numbered from here on, and whoever does not number his is not kept out.
        oldest: 3,
        text: include_str!("migrations/0003_leases.sql"),
    },
];

const BEGIN: &str = "CREATE TABLE IF NOT EXISTS migrations (version integer NOT NULL, digest text NOT NULL, \
                     applied timestamptz NOT NULL, PRIMARY KEY (version))";
/// Beside the migrations, for databases that had that table before it was written down who may serve with them.
const BEGIN_SERVED: &str = "CREATE TABLE IF NOT EXISTS migrations_served (version integer NOT NULL, oldest integer NOT NULL, \
                            PRIMARY KEY (version))";
const APPLIED: &str = "SELECT m.version, m.digest, s.oldest FROM migrations AS m \
                       LEFT JOIN migrations_served AS s ON s.version = m.version ORDER BY m.version";
/// A migration takes the time it needs, and so does whoever waits for it.
const UNHURRIED: &str = "SET LOCAL statement_timeout = 0";
const NOTE: &str = "INSERT INTO migrations (version, digest, applied) VALUES ($1, $2, now())";
const NOTE_SERVED: &str = "INSERT INTO migrations_served (version, oldest) VALUES ($1, $2)";

/// Brings the tables to the shape that `known` ends with; those that are further on stay as they are.
///
/// # Errors
/// `Corrupt` when a migration was applied that `known` has in other words, or does not have and may not serve with.
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
    for begin in [BEGIN, BEGIN_SERVED] {
        client.batch_execute(begin).await.map_err(meanwhile)?;
    }
    let applied = client.query(APPLIED, &[]).await?;
    let mut migrations = known.iter();
    let mut newest = None;
    for row in applied {
        let (version, digest): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        match migrations.next() {
            Some(migration) if migration.version == version && of(migration) == digest => {}
            Some(_) => {
                let what = format!(
                    "migration {version} was applied to the database in other words than it has here"
                );
                return Err(StoreError::Corrupt(what).into());
            }
            None => {
                may_serve(known, version, row.try_get(2)?)?;
                newest = Some(version);
            }
        }
    }
    if let Some(newest) = newest {
        tracing::warn!(
            newest,
            known = last_of(known),
            "the database's tables are of a newer version of this program, which says that this one may serve with them"
        );
    }
    for migration in migrations {
        let transaction = client.transaction().await?;
        transaction.batch_execute(UNHURRIED).await?;
        // Of two servers that come to it at once, one waits here for the other.
        let noted = transaction
            .execute(NOTE, &[&migration.version, &of(migration)])
            .await;
        noted.map_err(meanwhile)?;
        let served = transaction
            .execute(NOTE_SERVED, &[&migration.version, &migration.oldest])
            .await;
        served.map_err(meanwhile)?;
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

/// Whether a program that knows these migrations may serve with a further one.
fn may_serve(known: &[Migration], version: i32, oldest: Option<i32>) -> Result<(), StoreError> {
    let last = last_of(known);
    let needed = match oldest {
        Some(oldest) if oldest <= last => return Ok(()),
        Some(oldest) => format!("one that knows migration {oldest} or a later one"),
        None => "the newer one".to_owned(),
    };
    Err(StoreError::Corrupt(format!(
        "the database has migration {version}, with which this version of the program may not serve, for it knows them up \
         to {last}: use {needed}"
    )))
}

fn last_of(known: &[Migration]) -> i32 {
    known.last().map_or(0, |migration| migration.version)
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
