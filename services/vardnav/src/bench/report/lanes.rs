//! What the senders of the benchmark send: good records of the sample, in pieces that fit into memory, in batches of
//! one reporter each, spread over the senders.

use std::collections::{BTreeMap, HashSet};

use vardnav_api::register::record_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::read::read_record;

use super::{BATCH, SENDERS};
use crate::sample;

/// Batches of each sender.
pub(in crate::bench) type Lanes = Vec<Vec<pb::ReportRequest>>;

/// The sample, piece by piece.
pub(in crate::bench) struct Pieces {
    lines: Box<dyn Iterator<Item = String>>,
    reporters: HashSet<String>,
    each: usize,
}

impl Pieces {
    /// `count` records in pieces of `each`. The same count gives the same records.
    pub(in crate::bench) fn new(count: usize, each: usize) -> Self {
        let reporters = sample::reporters().into_iter().map(|reporter| reporter.id);
        Self {
            lines: Box::new(sample::generate_good(1, count)),
            reporters: reporters.collect(),
            each,
        }
    }
}

impl Iterator for Pieces {
    type Item = Lanes;

    fn next(&mut self) -> Option<Lanes> {
        let mut by_reporter: BTreeMap<String, Vec<pb::Record>> = BTreeMap::new();
        for line in self.lines.by_ref().take(self.each) {
            if let Ok(reported) = read_record(line.as_bytes())
                && self.reporters.contains(&reported.reporter)
            {
                let records = by_reporter.entry(reported.reporter).or_default();
                records.push(record_message(&reported.record, true));
            }
        }
        (!by_reporter.is_empty()).then(|| spread(by_reporter))
    }
}

/// `count` records at once.
pub(in crate::bench) fn lanes(count: usize) -> Lanes {
    Pieces::new(count, count).next().unwrap_or_default()
}

/// How many records lanes hold.
pub(super) fn records(lanes: &Lanes) -> usize {
    lanes.iter().flatten().map(|batch| batch.records.len()).sum()
}

fn spread(by_reporter: BTreeMap<String, Vec<pb::Record>>) -> Lanes {
    let mut queues: Vec<(String, Vec<pb::Record>)> = by_reporter.into_iter().collect();
    queues.sort_by_key(|(_, records)| std::cmp::Reverse(records.len()));
    let mut lanes: Lanes = vec![Vec::new(); SENDERS];
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
