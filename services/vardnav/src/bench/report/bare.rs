//! What a report is measured beside: the same rows without any checking, into a plain log that is synced after every
//! batch, and into a table of PostgreSQL.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use prost::Message as _;
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use vardnav_api::vardnav::register::v1 as pb;

use super::lanes::Lanes;
use super::postgres::Postgres;
use crate::exit::{Failure, Outcome};

/// A row without any checking: its key, and as many bytes as an entry of the ledger has.
pub(super) struct BareRow {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// Rows of every sender, batch by batch.
pub(super) type BareLanes = Vec<Vec<Vec<BareRow>>>;

/// The rows of what is reported: each record as it was sent, and as many bytes of chance more as make the mean row as long as
/// the mean entry.
pub(super) fn rows(lanes: &Lanes, entry: usize) -> BareLanes {
    let of_batches = lanes.iter().flatten();
    let sent: usize = of_batches
        .flat_map(|batch| &batch.records)
        .map(pb::Record::encoded_len)
        .sum();
    let more = entry.saturating_sub(sent / super::lanes::records(lanes).max(1));
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let mut row = |reporter: &str, record: &pb::Record| {
        let mut value = record.encode_to_vec();
        let sent = value.len();
        value.resize(sent + more, 0);
        chance.fill_bytes(value.get_mut(sent..).unwrap_or_default());
        let key = format!("{reporter}/{}/{}", record.id, record.revision).into_bytes();
        BareRow { key, value }
    };
    let mut batch = |batch: &pb::ReportRequest| {
        let rows = batch.records.iter().map(|record| row(&batch.reporter, record));
        rows.collect()
    };
    lanes
        .iter()
        .map(|lane| lane.iter().map(&mut batch).collect())
        .collect()
}

/// Seconds for appending the rows to one file from as many threads, synced after every batch.
pub(super) fn log(lanes: &BareLanes, file: &File) -> Outcome<f64> {
    let file = Mutex::new(file);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = lanes
            .iter()
            .map(|lane| scope.spawn(|| append(lane, &file)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let ended = thread.join();
            ended.map_err(|_| Failure::Failed("a thread of the bare log ended early".into()))??;
            Ok::<_, Failure>(())
        })
    })?;
    Ok(began.elapsed().as_secs_f64())
}

fn append(lane: &[Vec<BareRow>], file: &Mutex<&File>) -> std::io::Result<()> {
    for batch in lane {
        let bytes: Vec<u8> = batch
            .iter()
            .flat_map(|row| [row.key.as_slice(), &row.value])
            .flatten()
            .copied()
            .collect();
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    Ok(())
}

/// Seconds for inserting the rows, a statement a batch and a connection a sender.
pub(super) async fn table(lanes: BareLanes, postgres: &Postgres) -> Outcome<f64> {
    let began = Instant::now();
    let lanes = lanes
        .into_iter()
        .zip(postgres.connections())
        .map(|(lane, connection)| {
            tokio::spawn(async move {
                for batch in lane {
                    connection.insert(&batch).await?;
                }
                Ok::<_, Failure>(())
            })
        });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.map_err(Failure::failed)??;
    }
    Ok(began.elapsed().as_secs_f64())
}
