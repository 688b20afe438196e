//! The beginning of a stream, from packed facts: first what of it bears on the rest is learnt, then pieces are derived
//! side by side and kept in order. What packed facts do not settle is derived from the ledger.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use vardnav_indicators::{Residence, Subject};
use vardnav_register::rederive::rows::Results;
use vardnav_register::rederive::{Anew, Columnar, Columns, EntryColumn, Episodes, UnitColumns};
use vardnav_store::{StoreError, StreamId};

use super::pass::{Pass, Piece};
use super::tally::{Countings, Counts, Told};
use super::{Trouble, packing};
use crate::ledger;

/// Blocks of a piece.
const BLOCKS: u32 = 24;
/// Blocks learnt at a time.
const LEARNT: u32 = 256;
/// Entries derived from the ledger at a time.
const LEDGER_BATCH: usize = 4096;

/// A piece of a stream: its number, and blocks by first position.
type Task = (usize, Vec<(u64, Columns)>);
/// A piece derived: its number, and up to where it goes.
type Done = (usize, Result<(u64, Piece), Trouble>);

impl Pass {
    /// The plan, made ready for packed facts.
    pub(super) fn columnar(&self) -> Columnar<'_> {
        let plan = self.compiled.rederivation();
        let units = UnitColumns::new(self.view.units(), plan.release);
        Columnar::new(plan, self.releases.iter().map(|release| release.view()), units)
    }

    /// Derives a stream from `cursor` up to `target`.
    pub(super) fn bulk(
        &self,
        stream: &StreamId,
        cursor: u64,
        target: u64,
        columnar: &Columnar<'_>,
        counts: &mut Counts,
    ) -> Result<(), Trouble> {
        let own_maps = self.has_own_maps(stream)?;
        let mut episodes = Episodes::default();
        let mut at = 0;
        loop {
            self.yield_to_batches()?;
            let blocks = self.blocks(stream, at, target, LEARNT)?;
            let Some((first, last)) = blocks.last() else { break };
            at = first + last.len() as u64;
            for (first, block) in &blocks {
                columnar.learn(block, *first, own_maps, &mut episodes);
            }
        }
        let work = Work {
            pass: self,
            stream,
            own_maps,
            columnar,
            countings: Countings::new(&self.compiled.release, &self.releases),
            episodes: &episodes,
        };
        let (tasks, waiting) = channel::<Task>();
        let (finished, done) = channel::<Done>();
        let waiting = Mutex::new(waiting);
        std::thread::scope(|scope| {
            for _ in 0..self.threads() {
                let (work, waiting, finished) = (&work, &waiting, finished.clone());
                scope.spawn(move || work.serve(waiting, &finished));
            }
            drop(finished);
            self.in_order(stream, (cursor, target), tasks, &done, counts)
        })
    }

    /// Hands pieces out and keeps them in order.
    fn in_order(
        &self,
        stream: &StreamId,
        (mut cursor, target): (u64, u64),
        tasks: Sender<Task>,
        done: &Receiver<Done>,
        counts: &mut Counts,
    ) -> Result<(), Trouble> {
        let (mut given, mut kept, mut at) = (0, 0, cursor);
        let mut early: BTreeMap<usize, (u64, Piece)> = BTreeMap::new();
        loop {
            while at < target && given < kept + self.threads() * 2 + early.len() {
                self.yield_to_batches()?;
                let blocks = self.blocks(stream, at, target, BLOCKS)?;
                let Some((first, last)) = blocks.last() else {
                    return Err(StoreError::Corrupt(format!("{stream}: packed facts end early")).into());
                };
                at = first + last.len() as u64;
                // Nobody takes tasks any more when a thread has failed; the answer that waits says why.
                let _ = tasks.send((given, blocks));
                given += 1;
            }
            if kept == given {
                return Ok(());
            }
            let Ok((number, piece)) = done.recv() else {
                return Err(Trouble::Stopped);
            };
            early.insert(number, piece?);
            while let Some((next, piece)) = early.remove(&kept) {
                self.keep(stream, (cursor, next), piece, Vec::new(), counts)?;
                cursor = next;
                kept += 1;
            }
        }
    }

    /// Blocks of a stream from the one that begins at a position, cut at `until`.
    pub(super) fn blocks(
        &self,
        stream: &StreamId,
        from: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Columns)>, Trouble> {
        let blocks = packing::blocks(self.store.as_ref(), stream, from, until, limit);
        let read = |(first, bytes): (u64, Vec<u8>)| {
            let mut block = Columns::decode(&bytes)
                .map_err(|_| StoreError::Corrupt(format!("{stream}: packed facts at {first}")))?;
            block.truncate(usize::try_from(until - first).unwrap_or(usize::MAX));
            Ok((first, block))
        };
        self.wait(blocks)?.into_iter().map(read).collect()
    }
}

/// What the threads share.
struct Work<'a> {
    pass: &'a Pass,
    stream: &'a StreamId,
    own_maps: bool,
    columnar: &'a Columnar<'a>,
    countings: Countings<'a>,
    episodes: &'a Episodes,
}

impl Work<'_> {
    /// Derives pieces until none come any more, or nobody waits for them.
    fn serve(&self, waiting: &Mutex<Receiver<Task>>, finished: &Sender<Done>) {
        loop {
            let task = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((number, blocks)) = task else { return };
            if finished.send((number, self.piece(&blocks))).is_err() {
                return;
            }
        }
    }

    fn piece(&self, blocks: &[(u64, Columns)]) -> Result<(u64, Piece), Trouble> {
        let mut piece = Piece::default();
        let mut open: Vec<(u64, bool)> = Vec::new();
        let mut next = 0;
        for (first, block) in blocks {
            next = first + block.len() as u64;
            let each = |position: u64, entry: &EntryColumn, anew: Anew<'_>| {
                let results = match anew {
                    Anew::Erased => Results::default(),
                    Anew::Ledger => {
                        open.push((position, self.episodes.is_latest(entry) != Some(false)));
                        return;
                    }
                    Anew::Parts(parts) => {
                        if self.episodes.is_latest(entry) != Some(false) {
                            self.count(&mut piece, entry, parts);
                        }
                        Results::of_parts(parts)
                    }
                };
                piece.results.insert(position, results);
            };
            self.columnar
                .read(block, *first, self.own_maps, self.episodes, each);
        }
        for open in open.chunks(LEDGER_BATCH) {
            self.derive_from_ledger(open, &mut piece)?;
        }
        Ok((next, piece))
    }

    fn count(&self, piece: &mut Piece, entry: &EntryColumn, parts: &[vardnav_register::rederive::PartAnew]) {
        for part in parts {
            let was = |table| Some(part.was.get(table));
            let now = part.now.map(|now| move |table| Some(now.get(table)));
            let told = Told {
                subject: Subject {
                    grain: part.part.grain(),
                    date: part.date,
                    residence: Residence::from_number(entry.residence),
                    sex: entry.sex,
                    age: part.age,
                },
                former: Some(part.former),
                was: &was,
                now: now.as_ref().map(|now| now as _),
            };
            self.countings.take(&mut piece.delta, &told, 1);
        }
    }

    fn derive_from_ledger(&self, open: &[(u64, bool)], piece: &mut Piece) -> Result<(), Trouble> {
        let pass = self.pass;
        pass.yield_to_batches()?;
        let positions = open.iter().map(|(position, _)| *position).collect();
        let mut found = pass.wait(ledger::read(pass.store.as_ref(), self.stream, positions))?;
        let formers = open.iter().filter_map(|(position, _)| found.remove(position));
        let anew = pass.anew(self.stream, formers.collect())?;
        pass.live
            .from_ledger
            .fetch_add(open.len() as u64, Ordering::Relaxed);
        let plan = pass.compiled.rederivation();
        for ((position, is_latest), anew) in open.iter().zip(anew) {
            let results = anew
                .as_ref()
                .map(|anew| Results::of_derived(&anew.derived, &plan))
                .unwrap_or_default();
            if let Some(anew) = anew.as_ref().filter(|_| *is_latest) {
                pass.count(&self.countings, piece, anew, &results, 1);
            }
            piece.results.insert(*position, results);
        }
        Ok(())
    }
}
