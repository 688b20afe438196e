//! One preview: every stream up to what it held, first learning what of it bears on the rest, then deriving it. Facts
//! that are packed are taken as they are; those of later entries are packed on the way and forgotten again. What packed
//! facts do not settle, and what becomes held and is to be explained, is derived from what was reported.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_classification::{TableIndex, TableResult};
use vardnav_indicators::impact::{Counted, Countings, Counts};
use vardnav_indicators::{Residence, Subject};
use vardnav_register::delivery::Deliveries;
use vardnav_register::entry::StreamEntry;
use vardnav_register::impact::{Frame, Impact, Moving, StreamSample, Whose};
use vardnav_register::rederive::{Anew, Columnar, Columns, EntryColumn, Episodes, PartAnew, UnitColumns};
use vardnav_release::Snapshot;
use vardnav_store::{Store, StoreError, StreamId, current};

use super::{Course, Preview, answer};
use crate::ledger::{self, Former};
use crate::rederive::standing::{Standing, standing};
use crate::rederive::{Trouble, from_ledger, packing};
use crate::{Register, let_batches_go_first};

/// Entries read from the ledger at a time.
const BATCH: usize = 512;
/// Packed blocks read at a time.
const BLOCKS: u32 = 32;
/// Entries of a stream that become held and are derived from what was reported, so that it is told for want of what.
const EXPLAINED_MAX: usize = 20_000;

/// A preview being made.
pub(super) struct Work {
    preview: Preview,
    store: Arc<dyn Store>,
    pool: Arc<Semaphore>,
    course: Arc<Course>,
    handle: Handle,
}

/// What has been counted.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) impact: Impact,
    pub(super) counts: Counts,
    /// Records of the streams, and those of them in the sample.
    pub(super) records: u64,
    pub(super) sampled: u64,
    pub(super) from_ledger: u64,
}

/// One stream being previewed.
struct Stream<'a> {
    id: &'a StreamId,
    reporter: u32,
    /// What it held when the preview began.
    size: u64,
    /// Up to where its facts are packed.
    packed: u64,
    own_maps: bool,
    sample: StreamSample,
    deliveries: Deliveries,
}

/// What parts are counted by.
struct Scales<'a> {
    frame: Frame<'a>,
    countings: Countings<'a>,
}

impl Work {
    pub(super) fn new(register: &Register, preview: Preview, course: Arc<Course>, handle: Handle) -> Self {
        Self {
            store: Arc::clone(&register.store),
            pool: Arc::clone(&register.pool),
            preview,
            course,
            handle,
        }
    }

    /// Makes the preview and gives its answer. Call it on a thread that may wait.
    ///
    /// # Errors
    /// When the store cannot, an entry is not of its form, or nobody wants it any more.
    pub(super) fn run(self) -> Result<Vec<pb::PreviewImpactResponse>, Trouble> {
        let preview = &self.preview;
        let plan = preview.compiled.rederivation();
        let units = UnitColumns::new(preview.view.units(), plan.release);
        let columnar = Columnar::new(plan, preview.releases.iter().map(|release| release.view()), units);
        let scales = Scales::new(preview);
        let mut tally = Tally::default();
        for (id, (stream, size)) in (0..).zip(&preview.streams) {
            let reporter = stream.as_reporter().unwrap_or_default();
            let maps = preview.view.reporter_maps(reporter);
            let maps = maps.map_err(|_| Trouble::Maps(reporter.to_owned()))?;
            let packed = self.wait(self.store.cursor(packing::PROJECTION, stream))?;
            let stream = Stream {
                id: stream,
                reporter: id,
                size: *size,
                packed: packed.min(*size),
                own_maps: maps.is_some_and(|maps| !maps.is_empty()),
                sample: preview.sample.of(reporter),
                deliveries: self.wait(current::deliveries(self.store.as_ref(), stream))?,
            };
            self.stream(&stream, &columnar, &scales, &mut tally)?;
        }
        let seconds = self.course.began.elapsed().as_secs_f64();
        Ok(answer::messages(
            preview,
            &scales.frame,
            &scales.countings,
            &tally,
            (self.course.total, seconds),
        ))
    }

    fn stream(
        &self,
        stream: &Stream<'_>,
        columnar: &Columnar<'_>,
        scales: &Scales<'_>,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        let mut episodes = Episodes::default();
        let mut at = 0;
        while at < stream.size {
            for (first, block) in self.blocks(stream, &mut at)? {
                columnar.learn(&block, first, stream.own_maps, &mut episodes);
            }
        }
        let (mut at, mut explained) = (0, 0);
        while at < stream.size {
            let from = at;
            let mut open: Vec<u64> = Vec::new();
            for (first, block) in self.blocks(stream, &mut at)? {
                let first_revisions = block.entries().iter().filter(|entry| entry.revision == 1);
                for entry in first_revisions {
                    tally.records += 1;
                    tally.sampled += u64::from(stream.sample.takes(entry.record));
                }
                columnar.read_some(
                    &block,
                    first,
                    stream.own_maps,
                    &episodes,
                    |entry| stream.sample.takes(entry.record) && episodes.is_latest(entry) != Some(false),
                    |position, entry, anew| match anew {
                        Anew::Erased => {}
                        Anew::Ledger => open.push(position),
                        Anew::Parts(parts) => {
                            let known = episodes.is_latest(entry).is_some();
                            let explain = explained < EXPLAINED_MAX && scales.becomes_held(parts);
                            explained += usize::from(explain);
                            match known && !explain {
                                true => scales.take(tally, stream.reporter, entry, parts),
                                false => open.push(position),
                            }
                        }
                    },
                );
            }
            for open in open.chunks(BATCH) {
                self.settle(stream, open, scales, tally)?;
            }
            self.course.done.fetch_add(at - from, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The next blocks of a stream: kept ones, or those packed from its entries.
    fn blocks(&self, stream: &Stream<'_>, at: &mut u64) -> Result<Vec<(u64, Columns)>, Trouble> {
        self.yield_to_batches()?;
        let blocks = match *at < stream.packed {
            true => self.kept(stream, *at)?,
            false => self.packed(stream, *at)?,
        };
        let Some((first, last)) = blocks.last() else {
            return Err(StoreError::Corrupt(format!("{}: position {at} is missing", stream.id)).into());
        };
        *at = first + last.len() as u64;
        Ok(blocks)
    }

    fn kept(&self, stream: &Stream<'_>, from: u64) -> Result<Vec<(u64, Columns)>, Trouble> {
        let blocks = packing::blocks(self.store.as_ref(), stream.id, from, stream.packed, BLOCKS);
        let read = |(first, bytes): (u64, Vec<u8>)| {
            let damaged = |_| StoreError::Corrupt(format!("{}: packed facts at {first}", stream.id));
            let mut block = Columns::decode(&bytes).map_err(damaged)?;
            block.truncate(usize::try_from(stream.packed - first).unwrap_or(usize::MAX));
            Ok((first, block))
        };
        self.wait(blocks)?.into_iter().map(read).collect()
    }

    fn packed(&self, stream: &Stream<'_>, from: u64) -> Result<Vec<(u64, Columns)>, Trouble> {
        let limit = usize::try_from(stream.size - from).unwrap_or(BATCH).min(BATCH);
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = self.wait(self.store.read(stream.id, from, limit))?;
        let mut blocks: Vec<(u64, Columns)> = Vec::new();
        for row in rows {
            let entry = current::entry(stream.id, &row)?;
            let push = |block: &mut Columns| match &entry {
                StreamEntry::Record(entry) => block.push(entry).map_err(|error| {
                    let message = format!("{}: position {}: {error}", stream.id, row.position);
                    Trouble::Store(StoreError::Corrupt(message))
                }),
                _ => Ok(block.push_nothing()),
            };
            let added = match blocks.last_mut() {
                Some((_, block)) => push(block)?,
                None => false,
            };
            if !added {
                let mut block = Columns::new();
                push(&mut block)?;
                blocks.push((row.position, block));
            }
        }
        Ok(blocks)
    }

    /// Derives entries from what was reported, and counts those that are the latest of their records.
    fn settle(
        &self,
        stream: &Stream<'_>,
        positions: &[u64],
        scales: &Scales<'_>,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        self.yield_to_batches()?;
        let store = self.store.as_ref();
        let mut found = self.wait(ledger::read(store, stream.id, positions.to_vec()))?;
        let formers: Vec<Former> = positions
            .iter()
            .filter_map(|position| found.remove(position))
            .collect();
        let mut latest: Vec<Former> = Vec::with_capacity(formers.len());
        for former in formers {
            let deliveries = &stream.deliveries;
            let standing = standing(store, stream.id, deliveries, &former, stream.size);
            if self.wait(standing)? == Standing::Stands {
                latest.push(former);
            }
        }
        tally.from_ledger += latest.len() as u64;
        let (view, compiled) = (&self.preview.view, &self.preview.compiled);
        let anew = self.wait(from_ledger::anew(&self.store, view, compiled, stream.id, latest))?;
        for anew in anew.iter().flatten() {
            scales.take_derived(tally, stream.reporter, &self.preview, anew);
        }
        Ok(())
    }

    /// Lets batches go first.
    ///
    /// # Errors
    /// When nobody wants the preview any more.
    fn yield_to_batches(&self) -> Result<(), Trouble> {
        let_batches_go_first(&self.pool);
        match self.course.stop.load(Ordering::Relaxed) {
            true => Err(Trouble::Stopped),
            false => Ok(()),
        }
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, Trouble> {
        Ok(self.handle.block_on(answer)?)
    }
}

impl<'a> Scales<'a> {
    fn new(preview: &'a Preview) -> Self {
        let counted = |release: &'a Snapshot| Counted {
            system: &release.description,
            definitions: &release.indicators,
        };
        let former = preview.releases.iter();
        Self {
            frame: Frame::new(
                &preview.compiled.release.description,
                former.clone().map(|release| release.description.as_ref()),
            ),
            countings: Countings::new(
                counted(&preview.compiled.release),
                former.map(|release| counted(release)),
            ),
        }
    }

    fn becomes_held(&self, parts: &[PartAnew]) -> bool {
        parts.iter().any(|part| {
            let was = |table| Some(part.was.get(table));
            part.now.is_some_and(|now| {
                let now = |table| Some(now.get(table));
                self.frame.becomes_held(&Moving {
                    former: Some(part.former),
                    was: &was,
                    now: &now,
                    facts: None,
                })
            })
        })
    }

    /// Counts an entry that packed facts settle.
    fn take(&self, tally: &mut Tally, reporter: u32, entry: &EntryColumn, parts: &[PartAnew]) {
        let whose = Whose {
            reporter,
            residence: entry.residence,
        };
        let mut record = tally.impact.record(whose);
        for part in parts {
            let Some(now) = part.now else { continue };
            let was = |table| Some(part.was.get(table));
            let now = |table| Some(now.get(table));
            record.take(
                &self.frame,
                &Moving {
                    former: Some(part.former),
                    was: &was,
                    now: &now,
                    facts: None,
                },
            );
            let subject = Subject {
                grain: part.part.grain(),
                date: part.date,
                residence: Residence::from_number(entry.residence),
                sex: entry.sex,
                age: part.age,
            };
            tally
                .counts
                .take(&self.countings, subject, Some(part.former), was, now);
        }
    }

    /// Counts an entry derived from what was reported.
    fn take_derived(&self, tally: &mut Tally, reporter: u32, preview: &Preview, anew: &from_ledger::Anew) {
        let residence = anew.derived.residence.as_deref();
        let residence = residence.and_then(Residence::parse).unwrap_or_default();
        let whose = Whose {
            reporter,
            residence: residence.number(),
        };
        let plan = preview.compiled.rederivation();
        let mut record = tally.impact.record(whose);
        for part in anew.derived.parts.iter().filter(|part| plan.covers(part.date)) {
            let known = anew.former.parts.iter().find(|known| known.part == part.part);
            let former = known.and_then(|known| {
                let mut releases = preview.releases.iter();
                releases.position(|release| release.id == known.release)
            });
            let was =
                |table: TableIndex| -> Option<TableResult> { known?.tables.get(table.position()).copied() };
            let now = |table: TableIndex| part.tables.get(table.position()).copied();
            record.take(
                &self.frame,
                &Moving {
                    former,
                    was: &was,
                    now: &now,
                    facts: Some((part.part.grain(), part.date, &part.facts)),
                },
            );
            let subject = Subject {
                grain: part.part.grain(),
                date: part.date,
                residence,
                sex: anew.derived.sex,
                age: part.age,
            };
            tally.counts.take(&self.countings, subject, former, was, now);
        }
    }
}
