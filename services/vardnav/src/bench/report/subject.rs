//! The register that is measured: in a folder, or in a database of the PostgreSQL that the bare insert goes to. What lies
//! there, and how servers of it are started.

use std::path::{Path, PathBuf};

use vardnav_store::postgres::{self as database, Postgres as Database};
use vardnav_store::{Embedded, Options, Store};

use super::figure;
use super::postgres::Postgres;
use crate::bench::process::Server;
use crate::bench::{Budget, Figure};
use crate::exit::{Failure, Outcome};
use crate::server::Node;

/// Name of the database.
const DATABASE: &str = "register";
/// Entries whose length is looked at.
const LOOKED_AT: u32 = 10_000;

/// Where the register is.
pub(super) struct Subject {
    data: PathBuf,
    database: Option<String>,
}

impl Subject {
    /// One that is empty, in a fresh folder; in a database when there is one to be in.
    pub(super) async fn new(data: &Path, within: Option<&Postgres>) -> Outcome<Self> {
        let database = match within {
            Some(postgres) => Some(postgres.database(DATABASE).await?),
            None => {
                Node::open(data).await?.know_sample().await?;
                None
            }
        };
        Ok(Self {
            data: data.to_owned(),
            database,
        })
    }

    /// Starts so many servers of it, more than one only where it is in a database; the first has the folder, and the
    /// others its keys. They keep tables for analysts where they are told of a database for them.
    pub(super) fn start(&self, servers: usize, analysts: Option<&str>) -> Outcome<Vec<Server>> {
        let mut shared: Vec<&str> = Vec::new();
        if let Some(url) = analysts {
            shared.extend(["--analysis", url]);
        }
        let Some(url) = &self.database else {
            return Ok(vec![Server::start_with(&self.data, &shared)?]);
        };
        shared.extend(["--store", url]);
        let mut started = vec![Server::start_with(&self.data, &shared)?];
        let keys = self.data.to_string_lossy();
        shared.extend(["--keys", &keys]);
        for number in 1..servers {
            let data = self.data.with_extension(number.to_string());
            started.push(Server::start_with(&data, &shared)?);
        }
        Ok(started)
    }

    /// Bytes that a record takes on the way to its answer, while a server serves it.
    pub(super) async fn entry(&self, records: usize) -> Outcome<usize> {
        match &self.database {
            Some(_) => Ok(self.mean_entry().await? as usize),
            None => {
                let log = usize::try_from(folder(&self.data.join("store/log"))?).map_err(Failure::failed)?;
                Ok(log / records.max(1))
            }
        }
    }

    /// What it takes of the disk, when no server serves it.
    pub(super) async fn space(&self, records: usize, postgres: Option<&Postgres>) -> Outcome<Vec<Figure>> {
        let unit = "bytes a record";
        let entries = ("encoded entries", self.mean_entry().await?);
        let each = |bytes: u64| bytes as f64 / records.max(1) as f64;
        if let (Some(_), Some(postgres)) = (&self.database, postgres) {
            let all = each(postgres.size(DATABASE).await?);
            return Ok(vec![figure("the database", all, unit, Some(entries), None)]);
        }
        let log = each(folder(&self.data.join("store/log"))?);
        let all = each(folder(&self.data.join("store"))?);
        let (log_most, beside_most) = (Budget::RatioAtMost(1.2), Budget::RatioAtMost(0.5));
        let beside = "everything beside the log";
        Ok(vec![
            figure("the log", log, unit, Some(entries), Some(log_most)),
            figure(beside, all - log, unit, Some(("the log", log)), Some(beside_most)),
        ])
    }

    /// Mean length of an entry of the reporter that has the most.
    async fn mean_entry(&self) -> Outcome<f64> {
        let store: Box<dyn Store> = match &self.database {
            Some(url) => {
                let opened = Database::open(url, database::Options::default()).await;
                Box::new(opened.map_err(Failure::failed)?)
            }
            None => {
                let opened = Embedded::open(&self.data.join("store"), Options::default());
                Box::new(opened.map_err(Failure::failed)?)
            }
        };
        let streams = store.streams().await.map_err(Failure::failed)?;
        let reporters = streams
            .into_iter()
            .filter(|(stream, _)| stream.as_reporter().is_some());
        let Some((stream, _)) = reporters.max_by_key(|(_, head)| head.size) else {
            return Ok(0.0);
        };
        let rows = store.read(&stream, 0, LOOKED_AT).await.map_err(Failure::failed)?;
        let bytes: usize = rows.iter().map(|row| row.bytes.len()).sum();
        Ok(bytes as f64 / rows.len().max(1) as f64)
    }
}

/// Bytes of the files in a folder and below.
fn folder(path: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            folder(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
