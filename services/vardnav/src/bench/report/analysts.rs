//! The tables for analysts that the measured servers keep: how long after the last answer they hold everything that was
//! answered for. They lie in a database of their own, in the PostgreSQL of the benchmark.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

use super::postgres::Postgres;
use super::{Budget, Figure, figure};
use crate::exit::{Failure, Outcome};

/// Name of the database.
const DATABASE: &str = "analysts";
/// Time between looks.
const LOOK: Duration = Duration::from_millis(50);
/// How long is waited for them.
const PATIENCE: Duration = Duration::from_secs(600);
/// Whether they are there.
const THERE: &str = "SELECT to_regclass('analysis.lag') IS NOT NULL";
/// Entries that are taken in.
const TAKEN_IN: &str = "SELECT coalesce(sum(taken_in), 0)::bigint FROM analysis.lag";

/// Their database, and what was seen of them.
pub(super) struct Analysts {
    url: String,
    client: Client,
    /// Seconds from the last answer of a piece until they held it, at most.
    behind: f64,
    /// Seconds from the first question of a piece until they held it, over all pieces.
    seconds: f64,
}

impl Analysts {
    /// An empty database for them.
    pub(super) async fn new(within: &Postgres) -> Outcome<Self> {
        let url = within.database(DATABASE).await?;
        let (client, link) = tokio_postgres::connect(&url, NoTls)
            .await
            .map_err(Failure::failed)?;
        tokio::spawn(link);
        Ok(Self {
            url,
            client,
            behind: 0.0,
            seconds: 0.0,
        })
    }

    /// Where they are.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until they hold `records`, the last of which were just answered for, which took so many seconds.
    pub(super) async fn hold(&mut self, records: usize, seconds: f64) -> Outcome {
        let began = Instant::now();
        while self.taken_in().await? < records {
            if began.elapsed() > PATIENCE {
                let what = "the tables for analysts do not take in what was reported";
                return Err(Failure::Failed(what.to_owned()));
            }
            tokio::time::sleep(LOOK).await;
        }
        let behind = began.elapsed().as_secs_f64();
        self.behind = self.behind.max(behind);
        self.seconds += seconds + behind;
        Ok(())
    }

    async fn taken_in(&self) -> Outcome<usize> {
        let there = self.client.query_one(THERE, &[]).await;
        if !there.and_then(|row| row.try_get(0)).map_err(Failure::failed)? {
            return Ok(0);
        }
        let taken = self.client.query_one(TAKEN_IN, &[]).await;
        let taken: i64 = taken.and_then(|row| row.try_get(0)).map_err(Failure::failed)?;
        usize::try_from(taken).map_err(Failure::failed)
    }

    /// What was seen of them: they keep up when they take in as many a second as are reported.
    pub(super) fn figures(&self, records: usize, reported: f64) -> Vec<Figure> {
        let rate = records as f64 / self.seconds;
        let beside = Some(("reported", reported));
        let most = Some(Budget::AtMost(5.0));
        vec![
            figure(
                "taken into the tables for analysts",
                rate,
                "records/s",
                beside,
                None,
            ),
            figure(
                "those tables behind the last answer, at most",
                self.behind,
                "s",
                None,
                most,
            ),
        ]
    }
}
