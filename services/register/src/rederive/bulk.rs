//! The beginning of a stream, from packed facts: first what of it bears on the rest is learnt, then pieces are derived
//! side by side and kept in order. What packed facts do not settle, and what waits, is derived from the ledger.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use vardnav_indicators::{Residence, Subject};
use vardnav_register::delivery::Deliveries;
use vardnav_register::rederive::rows::Results;
use vardnav_register::rederive::{
    Anew, BLOCK_ENTRIES_MAX, Columnar, Columns, EntryColumn, Episodes, PartAnew, UnitColumns,
};
use vardnav_store::{StoreError, StreamId, current};

use super::pass::{Pass, Piece};
use super::pool::{Size, in_order};
use super::standing::{Standing, standing};
use super::tally::{Countings, Counts, Told};
use super::{Trouble, packing};
use crate::ledger::{self, Former};

/// Blocks of a piece, at least and at most.
const BLOCKS: std::ops::RangeInclusive<u64> = 8..=64;
/// Blocks learnt at a time.
const LEARNT: u32 = 64;
/// Entries derived from the ledger at a time.
const LEDGER_BATCH: usize = 4096;
/// Entries that are kept at once, and how long keeping waits for so many.
const KEPT: usize = 200_000;
const KEPT_AFTER: Duration = Duration::from_secs(2);

/// Blocks as they are kept, by first position.
type Raw = Vec<(u64, Vec<u8>)>;

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
        (cursor, target): (u64, u64),
        columnar: &Columnar<'_>,
        countings: &Countings<'_>,
    ) -> Result<(), Trouble> {
        let own_maps = self.has_own_maps(stream)?;
        let work = Work {
            pass: self,
            stream,
            own_maps,
            columnar,
            countings,
            episodes: &self.learnt(stream, target, columnar, own_maps)?,
            deliveries: self.wait(current::deliveries(self.store.as_ref(), stream))?,
            range: (cursor, target),
        };
        let mut counts = match cursor {
            0 => Counts::none(),
            _ => Counts::default(),
        };
        let (mut waiting, mut since) = (Piece::at(cursor), Instant::now());
        let blocks = (target - cursor) / (BLOCK_ENTRIES_MAX as u64 * 4 * self.threads() as u64);
        let blocks = blocks.clamp(*BLOCKS.start(), *BLOCKS.end());
        in_order(
            self.size(),
            self.pieces(stream, (cursor, target), u32::try_from(blocks).unwrap_or(1)),
            |raw| work.piece(raw),
            |piece| {
                waiting.follow(stream, piece)?;
                if waiting.flat.len() < KEPT && since.elapsed() < KEPT_AFTER {
                    return Ok(());
                }
                since = Instant::now();
                let next = Piece::at(waiting.end());
                let full = std::mem::replace(&mut waiting, next);
                self.keep(stream, full, Vec::new(), (countings, &mut counts))
            },
            broken,
        )?;
        if waiting.end() < target {
            return Err(StoreError::Corrupt(format!("{stream}: packed facts end early")).into());
        }
        self.keep(stream, waiting, Vec::new(), (countings, &mut counts))
    }

    /// What of a stream bears on the rest of it.
    fn learnt(
        &self,
        stream: &StreamId,
        target: u64,
        columnar: &Columnar<'_>,
        own_maps: bool,
    ) -> Result<Episodes, Trouble> {
        let mut episodes = Episodes::default();
        in_order(
            self.size(),
            self.pieces(stream, (0, target), LEARNT),
            |raw| {
                let _turn = self.turn()?;
                decoded(stream, raw, target)
            },
            |blocks| {
                for (first, block) in &blocks {
                    columnar.learn(block, *first, own_maps, &mut episodes);
                }
                Ok(())
            },
            broken,
        )?;
        Ok(episodes)
    }

    fn size(&self) -> Size {
        Size {
            threads: self.threads(),
            window: self.threads() * 3,
        }
    }

    /// Gives blocks that cover a stream from a position on, piece by piece.
    fn pieces(
        &self,
        stream: &StreamId,
        (from, until): (u64, u64),
        blocks: u32,
    ) -> impl FnMut() -> Result<Option<Raw>, Trouble> {
        let mut at = from.saturating_sub(BLOCK_ENTRIES_MAX as u64 - 1);
        move || {
            self.yield_to_batches()?;
            let raw = self.wait(packing::blocks(self.store.as_ref(), stream, at, until, blocks))?;
            let Some((last, _)) = raw.last() else {
                return Ok(None);
            };
            at = last + 1;
            Ok(Some(raw))
        }
    }

    /// Blocks of a stream that cover a position and what follows it, cut at `until`; the first may begin before it.
    pub(super) fn blocks(
        &self,
        stream: &StreamId,
        from: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Columns)>, Trouble> {
        let scanned = from.saturating_sub(BLOCK_ENTRIES_MAX as u64 - 1);
        let raw = packing::blocks(self.store.as_ref(), stream, scanned, until, limit.max(200));
        let mut blocks = decoded(stream, self.wait(raw)?, until)?;
        blocks.retain(|(first, block)| first + block.len() as u64 > from);
        Ok(blocks)
    }
}

fn decoded(stream: &StreamId, raw: Raw, until: u64) -> Result<Vec<(u64, Columns)>, Trouble> {
    let read = |(first, bytes): (u64, Vec<u8>)| {
        let mut block = Columns::decode(&bytes)
            .map_err(|_| StoreError::Corrupt(format!("{stream}: packed facts at {first}")))?;
        block.truncate(usize::try_from(until - first).unwrap_or(usize::MAX));
        Ok((first, block))
    };
    raw.into_iter().map(read).collect()
}

fn broken() -> Trouble {
    Trouble::Broken
}

/// What the threads share.
struct Work<'a> {
    pass: &'a Pass,
    stream: &'a StreamId,
    own_maps: bool,
    columnar: &'a Columnar<'a>,
    countings: &'a Countings<'a>,
    episodes: &'a Episodes,
    deliveries: Deliveries,
    /// From where to where the stream is derived.
    range: (u64, u64),
}

/// An entry that the ledger is asked about.
#[derive(Clone, Copy)]
struct Open {
    position: u64,
    /// Whether its record stands so; `None` when the ledger is to tell.
    is_latest: Option<bool>,
}

impl Work<'_> {
    fn piece(&self, raw: Raw) -> Result<Piece, Trouble> {
        let _turn = self.pass.turn()?;
        let (from, until) = self.range;
        let mut piece: Option<Piece> = None;
        let mut open: Vec<Open> = Vec::new();
        for (first, block) in decoded(self.stream, raw, until)? {
            let each = |position: u64, entry: &EntryColumn, anew: Anew<'_>| {
                if position < from {
                    return;
                }
                let piece = piece.get_or_insert_with(|| Piece::at(position));
                self.take(piece, &mut open, (position, entry), anew);
            };
            self.columnar
                .read(&block, first, self.own_maps, self.episodes, each);
        }
        let mut piece = piece.unwrap_or_else(|| Piece::at(from));
        for open in open.chunks(LEDGER_BATCH) {
            self.derive_from_ledger(open, &mut piece)?;
        }
        Ok(piece)
    }

    fn take(
        &self,
        piece: &mut Piece,
        open: &mut Vec<Open>,
        (position, entry): (u64, &EntryColumn),
        anew: Anew<'_>,
    ) {
        let is_latest = self.episodes.is_latest(entry);
        match anew {
            Anew::Erased => piece.flat.push(&Results::default()),
            Anew::Parts(parts) => {
                // What waits is told with what it waits for, and that is in the ledger.
                let waits = entry.holds || parts.iter().any(PartAnew::is_held);
                if is_latest.is_none() || is_latest == Some(true) && waits {
                    open.push(Open { position, is_latest });
                } else if is_latest == Some(true) {
                    self.count(piece, entry, parts);
                }
                piece.flat.push_parts(parts);
            }
            Anew::Ledger => {
                self.pass.live.from_ledger.fetch_add(1, Ordering::Relaxed);
                open.push(Open { position, is_latest });
                piece.flat.push(&Results::default());
            }
        }
    }

    fn count(&self, piece: &mut Piece, entry: &EntryColumn, parts: &[PartAnew]) {
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

    fn derive_from_ledger(&self, open: &[Open], piece: &mut Piece) -> Result<(), Trouble> {
        let pass = self.pass;
        pass.yield_to_batches()?;
        let positions = open.iter().map(|open| open.position).collect();
        let mut found = pass.wait(ledger::read(pass.store.as_ref(), self.stream, positions))?;
        let formers: Vec<Former> = open
            .iter()
            .filter_map(|open| found.remove(&open.position))
            .collect();
        let standing = self.standing(open, &formers)?;
        let anew = pass.anew(self.stream, formers.clone())?;
        let plan = pass.compiled.rederivation();
        for ((open, former), anew) in open.iter().zip(&formers).zip(anew) {
            let Some(anew) = anew else { continue };
            let standing = standing.get(&open.position).copied();
            let results = match standing {
                Some(Standing::Waits) | None => Results::default(),
                Some(_) => Results::of_derived(&anew.derived, &plan),
            };
            if let Ok(at) = usize::try_from(open.position - piece.first) {
                piece.flat.set(at, &results);
            }
            if standing == Some(Standing::Stands) {
                pass.count(self.countings, &mut piece.delta, &anew, &results, 1);
                let revision = pass.revision(former, Some(&anew))?;
                if revision.held.is_some() {
                    let (key, item) = pass.item_anew(self.stream, former, revision)?;
                    piece.waits.insert(key, item);
                }
            }
        }
        Ok(())
    }

    /// How entries stand, of what is derived from packed facts.
    fn standing(&self, open: &[Open], formers: &[Former]) -> Result<HashMap<u64, Standing>, Trouble> {
        let store = self.pass.store.as_ref();
        let mut known = HashMap::with_capacity(open.len());
        for (open, former) in open.iter().zip(formers) {
            let standing = match open.is_latest {
                Some(true) => Standing::Stands,
                Some(false) => Standing::Replaced,
                None => {
                    let (deliveries, until) = (&self.deliveries, self.range.1);
                    let standing = standing(store, self.stream, deliveries, former, until);
                    self.pass.wait(standing)?
                }
            };
            known.insert(open.position, standing);
        }
        Ok(known)
    }
}
