//! Reporting: checked, classified, durable, receipted records per second over gRPC with eight senders, beside a bare
//! log of the same bytes that is synced once a batch, in the same run.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use prost::Message as _;
use tokio_stream::StreamExt as _;
use vardnav_api::register::record_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::read::read_record;

use super::{Budget, Figure, grpc};
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::sample;
use crate::server::Node;

const BATCH: usize = 1000;
const SENDERS: usize = 8;

/// Measures with `count` records.
pub(crate) async fn measure(count: u64) -> Outcome<Vec<Figure>> {
    let lanes = lanes(usize::try_from(count).map_err(Failure::failed)?);
    let records: usize = lanes.iter().flatten().map(|batch| batch.records.len()).sum();
    let place = tempfile::tempdir()?;
    let node = Node::open(place.path()).await?;
    node.know_sample().await?;
    let (client, _) = grpc::serve(&node).await?;

    let bare = bare_log(&lanes, &place.path().join("bare.log"))?;
    let first = send(&client, &lanes).await?;
    let bare_again = bare_log(&lanes, &place.path().join("bare-again.log"))?;
    let again = send(&client, &lanes).await?;
    if first.rejected > 0 || again.leaves != first.leaves {
        return Err(Failure::Failed(format!(
            "{} records were rejected, or leaves differ",
            first.rejected
        )));
    }
    let per_second = |seconds: f64| records as f64 / seconds;
    let bare = per_second((bare + bare_again) / 2.0);
    let baseline = Some(("bare fsynced log of the same bytes", bare));
    let first = per_second(first.seconds);
    Ok(vec![
        Figure {
            name: "report, 8 senders, batches of 1,000".into(),
            value: first,
            unit: "records/s",
            baseline,
            budget: None,
        },
        Figure {
            name: "the same records sent again".into(),
            value: per_second(again.seconds),
            unit: "records/s",
            baseline: Some(("first time", first)),
            budget: Some(Budget::RatioAtLeast(1.0)),
        },
    ])
}

/// Good records of the sample, in batches of one reporter each, spread over the senders.
pub(super) fn lanes(count: usize) -> Vec<Vec<pb::ReportRequest>> {
    let reporters: Vec<String> = sample::reporters()
        .into_iter()
        .map(|reporter| reporter.id)
        .collect();
    let mut by_reporter: BTreeMap<String, Vec<pb::Record>> = BTreeMap::new();
    for line in sample::generate_good(1, count) {
        if let Ok(reported) = read_record(line.as_bytes()) {
            by_reporter
                .entry(reported.reporter)
                .or_default()
                .push(record_message(&reported.record, true));
        }
    }
    let mut queues: Vec<(String, Vec<pb::Record>)> = by_reporter
        .into_iter()
        .filter(|(reporter, _)| reporters.contains(reporter))
        .collect();
    queues.sort_by_key(|(_, records)| std::cmp::Reverse(records.len()));
    let mut lanes: Vec<Vec<pb::ReportRequest>> = vec![Vec::new(); SENDERS];
    let mut loads = [0_usize; SENDERS];
    for (reporter, records) in queues {
        // The next largest queue goes to the sender with the least to do.
        let lightest = loads
            .iter()
            .enumerate()
            .min_by_key(|(_, load)| **load)
            .map_or(0, |(lane, _)| lane);
        if let (Some(lane), Some(load)) = (lanes.get_mut(lightest), loads.get_mut(lightest)) {
            *load += records.len();
            lane.extend(records.chunks(BATCH).map(|records| pb::ReportRequest {
                reporter: reporter.clone(),
                records: records.to_vec(),
                ..Default::default()
            }));
        }
    }
    lanes
}

pub(super) struct Sent {
    pub(super) seconds: f64,
    rejected: usize,
    leaves: Vec<Vec<u8>>,
}

pub(super) async fn send(client: &Client, lanes: &[Vec<pb::ReportRequest>]) -> Outcome<Sent> {
    let lanes = lanes.to_vec();
    let began = Instant::now();
    let tasks: Vec<_> = lanes
        .into_iter()
        .map(|lane| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut answers = client
                    .register()
                    .report(tokio_stream::iter(lane))
                    .await?
                    .into_inner();
                let mut outcomes = Vec::new();
                while let Some(answer) = answers.next().await {
                    outcomes.extend(answer?.outcomes.into_iter().map(|outcome| outcome.leaf.to_vec()));
                }
                Ok::<_, tonic::Status>(outcomes)
            })
        })
        .collect();
    let mut leaves = Vec::new();
    for task in tasks {
        leaves.extend(task.await.map_err(Failure::failed)??);
    }
    let rejected = leaves.iter().filter(|leaf| leaf.is_empty()).count();
    Ok(Sent {
        seconds: began.elapsed().as_secs_f64(),
        rejected,
        leaves,
    })
}

/// Seconds for appending the same bytes to one file from as many threads, synced after every batch.
fn bare_log(lanes: &[Vec<pb::ReportRequest>], path: &std::path::Path) -> Outcome<f64> {
    let encoded: Vec<Vec<Vec<u8>>> = lanes
        .iter()
        .map(|lane| {
            lane.iter()
                .map(|batch| {
                    batch
                        .records
                        .iter()
                        .flat_map(|record| record.encode_to_vec())
                        .collect()
                })
                .collect()
        })
        .collect();
    let file = Arc::new(Mutex::new(std::fs::File::create(path)?));
    let began = Instant::now();
    let threads: Vec<_> = encoded
        .into_iter()
        .map(|lane| {
            let file = Arc::clone(&file);
            std::thread::spawn(move || {
                for batch in lane {
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    file.write_all(&batch)?;
                    file.sync_data()?;
                }
                Ok::<_, std::io::Error>(())
            })
        })
        .collect();
    for thread in threads {
        thread
            .join()
            .map_err(|_| Failure::Failed("a thread of the bare log ended early".into()))??;
    }
    Ok(began.elapsed().as_secs_f64())
}
