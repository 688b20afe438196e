//! Tables for analysts, from outside: they hold what is current and what an export holds of it, through corrections,
//! withdrawals, erasures and kills; tables built anew are the same; the ten worked queries give what is computed otherwise;
//! who analyses reads the tables and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test"
)]

mod following;
mod queries;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_postgres::{Client, NoTls};
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, lines};

/// How long the tables may take to be as the register is; a test's machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names a record: reporter, kind and id.
pub type Name = (String, String, String);

/// A database of one's own; none where the machine has no PostgreSQL.
pub fn private() -> Option<Private> {
    let private = Private::start(SERVED).unwrap();
    if private.is_none() {
        eprintln!("skipped: this machine has no PostgreSQL");
    }
    private
}

/// Who reads the tables.
pub struct Reader {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Reader {
    /// Connects to a database.
    pub fn new(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    /// The rows of a query, as objects.
    pub fn rows(&self, query: &str) -> Vec<Value> {
        self.try_rows(query).unwrap()
    }

    /// As [`Reader::rows`]; or what the database says.
    pub fn try_rows(&self, query: &str) -> Result<Vec<Value>, String> {
        let query = query.trim().trim_end_matches(';');
        let text = format!("SELECT row_to_json(q)::text FROM ({query}\n) AS q");
        let rows = self.runtime.block_on(self.client.query(&text, &[]));
        let rows = rows.map_err(|error| {
            error
                .as_db_error()
                .map_or(error.to_string(), |told| told.to_string())
        })?;
        Ok(rows
            .iter()
            .map(|row| serde_json::from_str(row.get::<_, &str>(0)).unwrap())
            .collect())
    }

    /// Runs statements.
    pub fn run(&self, statements: &str) -> Result<(), String> {
        let done = self.runtime.block_on(self.client.batch_execute(statements));
        done.map_err(|error| {
            error
                .as_db_error()
                .map_or(error.to_string(), |told| told.to_string())
        })
    }

    /// Waits until the tables are as the register is.
    pub fn wait(&self, server: &Server) {
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        let export = lines(&server.run(&["-o", "ndjson", "register", "changes", "--keys-only"]));
        for change in export.iter().filter(|change| change["reporter"].is_string()) {
            let size = sizes
                .entry(change["reporter"].as_str().unwrap().to_owned())
                .or_default();
            *size = (*size).max(change["position"].as_u64().unwrap() + 1);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let lag = self
                .try_rows("SELECT reporter, taken_in FROM analysis.lag")
                .unwrap_or_default();
            let taken = |reporter: &str| {
                let row = lag.iter().find(|row| row["reporter"] == reporter);
                row.map_or(0, |row| row["taken_in"].as_u64().unwrap())
            };
            if sizes.iter().all(|(reporter, size)| taken(reporter) >= *size) {
                return;
            }
            assert!(
                Instant::now() < until,
                "the tables are not as the register is: {lag:?} {sizes:?}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// What is current, as the register tells whoever follows it: each record as it became current last.
pub fn standing(server: &Server) -> BTreeMap<Name, Value> {
    let mut standing: BTreeMap<Name, Value> = BTreeMap::new();
    for change in lines(&server.run(&["-o", "ndjson", "register", "changes"])) {
        let Some(reporter) = change["reporter"].as_str() else {
            continue;
        };
        let text = |name: &str| change[name].as_str().unwrap().to_owned();
        let name = (reporter.to_owned(), text("kind"), text("id"));
        let is_past = change["change"] == "erased"
            && change["replaces"] == 0
            && standing
                .get(&name)
                .is_some_and(|held| held["position"] != change["position"]);
        match change["change"].as_str() {
            Some("current") => drop(standing.insert(name, change)),
            Some(_) if !is_past => drop(standing.remove(&name)),
            _ => {}
        }
    }
    standing
}
