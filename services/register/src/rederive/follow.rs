//! What is reported after a derivation began: entries derived from the ledger as they come, and what was reported
//! before its episode, or before that was revised, set right afterwards.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use vardnav_classification::TableIndex;
use vardnav_indicators::{Residence, Subject};
use vardnav_register::derived::{Derived, Part};
use vardnav_register::entry::row_key;
use vardnav_register::record::{Body, Record, RecordKind};
use vardnav_register::rederive::rows::{Key, PartResults, Results};
use vardnav_store::{StoreError, StreamId};

use super::from_ledger::{self, Anew};
use super::pass::{Pass, Piece, mark, position};
use super::tally::{Countings, Counts, Told};
use super::{Trouble, packing, stored};
use crate::ledger::{self, Former};

/// Entries derived at a time.
const BATCH: u32 = 512;
/// Blocks looked through at a time.
const BLOCKS: u32 = 256;
/// So much longer than the last search took, episodes wait for the next.
const PATIENCE: u32 = 10;

impl Pass {
    /// Derives a stream from `cursor` up to `size` from the ledger.
    pub(super) fn follow(
        &self,
        stream: &StreamId,
        mut cursor: u64,
        size: u64,
        counts: &mut Counts,
    ) -> Result<(), Trouble> {
        let countings = Countings::new(&self.compiled.release, &self.releases);
        while cursor < size {
            self.yield_to_batches()?;
            let limit = u32::try_from(size - cursor).unwrap_or(u32::MAX).min(BATCH);
            let rows = self.wait(self.store.read(stream, cursor, limit))?;
            let Some(last) = rows.last() else { return Ok(()) };
            let next = last.position + 1;
            let formers = rows
                .into_iter()
                .map(|row| ledger::former(stream, row))
                .collect::<Result<Vec<_>, _>>()?;
            let before: Vec<[u8; 16]> = formers.iter().filter_map(before).collect();
            let piece = self.piece(stream, cursor, formers, before, &countings)?;
            self.keep(stream, (cursor, next), piece, Vec::new(), counts)?;
            cursor = next;
        }
        Ok(())
    }

    /// Derives entries that follow one another, and takes back what the revisions before them counted as.
    fn piece(
        &self,
        stream: &StreamId,
        cursor: u64,
        formers: Vec<Former>,
        before: Vec<[u8; 16]>,
        countings: &Countings<'_>,
    ) -> Result<Piece, Trouble> {
        let mut piece = Piece::default();
        let plan = self.compiled.rederivation();
        let found = self.wait(ledger::find(self.store.as_ref(), stream, before))?;
        let replaced: Vec<u64> = found.into_iter().flatten().collect();
        let positions: Vec<u64> = formers.iter().map(|former| former.position).collect();
        let anew = self.anew(stream, formers)?;
        for (position, anew) in positions.iter().zip(&anew) {
            let results = anew
                .as_ref()
                .map(|anew| Results::of_derived(&anew.derived, &plan));
            let results = results.unwrap_or_default();
            if let Some(anew) = anew {
                self.count(countings, &mut piece, anew, &results, 1);
                // One that another of the same piece takes the place of does not count.
                if replaced.contains(position) {
                    self.count(countings, &mut piece, anew, &results, -1);
                }
            }
            piece.results.insert(*position, results);
        }
        let earlier: Vec<u64> = replaced
            .into_iter()
            .filter(|position| *position < cursor)
            .collect();
        self.take_back(stream, &earlier, countings, &mut piece)?;
        Ok(piece)
    }

    /// Takes back what kept entries counted as.
    fn take_back(
        &self,
        stream: &StreamId,
        positions: &[u64],
        countings: &Countings<'_>,
        piece: &mut Piece,
    ) -> Result<(), Trouble> {
        let store = self.store.as_ref();
        let id = &self.compiled.plan.id;
        let kept = self.wait(stored::results(store, id, stream, positions.iter().copied()))?;
        let found = self.wait(ledger::read(store, stream, positions.to_vec()))?;
        for (position, former) in found {
            let (Some(results), Some((record, derived))) = (kept.get(&position), stated(stream, &former)?)
            else {
                continue;
            };
            self.count_results(countings, piece, (&record, &derived), results, -1);
        }
        Ok(())
    }

    /// Derives entries anew from the ledger.
    pub(super) fn anew(&self, stream: &StreamId, formers: Vec<Former>) -> Result<Vec<Option<Anew>>, Trouble> {
        let anew = from_ledger::anew(&self.store, &self.view, &self.compiled, stream, formers);
        self.wait(anew)
    }

    /// Counts an entry that was derived from the ledger.
    pub(super) fn count(
        &self,
        countings: &Countings<'_>,
        piece: &mut Piece,
        anew: &Anew,
        results: &Results,
        times: i64,
    ) {
        self.count_results(countings, piece, (&anew.record, &anew.former), results, times);
    }

    fn count_results(
        &self,
        countings: &Countings<'_>,
        piece: &mut Piece,
        (record, former): (&Record, &Derived),
        results: &Results,
        times: i64,
    ) {
        let residence = former.residence.as_deref().and_then(Residence::parse);
        for part in &results.parts {
            let Some((which, date)) = part_of(record, part) else {
                continue;
            };
            let before = former.parts.iter().find(|before| before.part == which);
            let was = |table: TableIndex| before?.tables.get(table.position()).copied();
            let now = part
                .tables
                .as_ref()
                .map(|tables| move |table: TableIndex| tables.get(table.position()).copied());
            let told = Told {
                subject: Subject {
                    grain: which.grain(),
                    date,
                    residence: residence.unwrap_or(Residence::UNKNOWN),
                    sex: former.sex,
                    age: before.and_then(|before| before.age),
                },
                former: before.and_then(|before| self.former(&before.release)),
                was: &was,
                now: now.as_ref().map(|now| now as _),
            };
            countings.take(&mut piece.delta, &told, times);
        }
    }

    /// Sets right what was reported before its episode, or before that was revised. Every search goes through the
    /// stream's packed facts, so it waits until it is worth it, unless it is asked to be `thorough`.
    pub(super) fn sweep(
        &self,
        stream: &StreamId,
        thorough: bool,
        counts: &mut Counts,
    ) -> Result<(), Trouble> {
        let projection = self.projection();
        let cursor = self.wait(self.store.cursor(&projection, stream))?;
        let key = Key::Swept.with(stream.as_str().as_bytes());
        let swept = self.wait(self.store.row(&projection, &key))?;
        let swept = swept.map_or(0, |swept| position(&swept));
        let packed = self.wait(self.store.cursor(packing::PROJECTION, stream))?;
        let until = cursor.min(packed);
        if swept >= until {
            return match thorough && swept < cursor {
                true => Err(Trouble::Packing),
                false => Ok(()),
            };
        }
        if !thorough && !self.live.may_sweep(stream) {
            return Ok(());
        }
        let began = Instant::now();
        let came = self.episodes_since(stream, swept, until)?;
        if !came.is_empty() {
            self.set_right(stream, cursor, until, &came, counts)?;
        }
        let done = vec![mark(Key::Swept, stream, until)];
        self.keep(stream, (cursor, cursor), Piece::default(), done, counts)?;
        self.live.swept(stream, began.elapsed() * PATIENCE);
        match thorough && until < cursor {
            true => Err(Trouble::Packing),
            false => Ok(()),
        }
    }

    /// The episodes reported from a position on, each with the last place where it was.
    fn episodes_since(&self, stream: &StreamId, from: u64, until: u64) -> Result<HashMap<u64, u64>, Trouble> {
        let mut came = HashMap::new();
        // The block in which the position lies may begin before it.
        let mut at = from.saturating_sub(vardnav_register::rederive::BLOCK_ENTRIES_MAX as u64);
        loop {
            let blocks = self.blocks(stream, at, until, BLOCKS)?;
            let Some((first, last)) = blocks.last() else {
                return Ok(came);
            };
            at = first + last.len() as u64;
            for (first, block) in &blocks {
                let entries = block.entries().iter().zip(*first..);
                let episodes = entries
                    .filter(|(entry, position)| entry.kind == RecordKind::Episode && *position >= from);
                came.extend(episodes.map(|(entry, position)| (entry.record, position)));
            }
        }
    }

    /// Derives again what names the episodes and lies before them.
    fn set_right(
        &self,
        stream: &StreamId,
        cursor: u64,
        until: u64,
        came: &HashMap<u64, u64>,
        counts: &mut Counts,
    ) -> Result<(), Trouble> {
        let countings = Countings::new(&self.compiled.release, &self.releases);
        let mut at = 0;
        loop {
            self.yield_to_batches()?;
            let blocks = self.blocks(stream, at, until, BLOCKS)?;
            let Some((first, last)) = blocks.last() else {
                return Ok(());
            };
            at = first + last.len() as u64;
            let mut stale = Vec::new();
            for (first, block) in &blocks {
                let entries = block.entries().iter().zip(*first..);
                let names = entries.filter(|(entry, position)| {
                    let episode = entry.episode.and_then(|episode| came.get(&episode));
                    episode.is_some_and(|episode| position < episode)
                });
                stale.extend(names.map(|(_, position)| position));
            }
            for stale in stale.chunks(BATCH as usize) {
                let piece = self.again(stream, cursor, stale, &countings)?;
                self.keep(stream, (cursor, cursor), piece, Vec::new(), counts)?;
            }
        }
    }

    /// Derives kept entries again: what they counted as is taken back where they are the latest of their records.
    fn again(
        &self,
        stream: &StreamId,
        cursor: u64,
        positions: &[u64],
        countings: &Countings<'_>,
    ) -> Result<Piece, Trouble> {
        let store = self.store.as_ref();
        let plan = self.compiled.rederivation();
        let mut piece = Piece::default();
        let kept = stored::results(store, &self.compiled.plan.id, stream, positions.iter().copied());
        let kept = self.wait(kept)?;
        let mut found: BTreeMap<u64, Former> = self
            .wait(ledger::read(store, stream, positions.to_vec()))?
            .into_iter()
            .collect();
        let later: Vec<[u8; 16]> = found.values().map(after).collect();
        let later = self.wait(ledger::find(store, stream, later))?;
        let places: Vec<u64> = found.keys().copied().collect();
        let formers = std::mem::take(&mut found).into_values().collect();
        let anew = self.anew(stream, formers)?;
        for ((position, anew), later) in places.iter().zip(anew).zip(later) {
            let Some(anew) = anew else { continue };
            let results = Results::of_derived(&anew.derived, &plan);
            let Some(known) = kept.get(position).filter(|known| **known != results) else {
                continue;
            };
            if later.is_none_or(|later| later >= cursor) {
                self.count(countings, &mut piece, &anew, known, -1);
                self.count(countings, &mut piece, &anew, &results, 1);
            }
            piece.results.insert(*position, results);
        }
        Ok(piece)
    }
}

/// The key of the revision before an entry's.
fn before(former: &Former) -> Option<[u8; 16]> {
    let header = &former.entry.header;
    let revision = header.revision.checked_sub(1).filter(|revision| *revision > 0)?;
    Some(row_key(header.kind, &header.id, revision))
}

/// The key of the revision after an entry's.
fn after(former: &Former) -> [u8; 16] {
    let header = &former.entry.header;
    row_key(header.kind, &header.id, header.revision.saturating_add(1))
}

fn stated(stream: &StreamId, former: &Former) -> Result<Option<(Record, Derived)>, StoreError> {
    from_ledger::stated(stream, former)
}

/// Which part of a record the results are of, and its date.
fn part_of(record: &Record, results: &PartResults) -> Option<(Part, jiff::civil::Date)> {
    Some(match &record.body {
        Body::Contact(contact) => (Part::Contact, contact.date),
        Body::MonitoringPeriod(period) => (Part::MonitoringPeriod, period.start),
        Body::Episode(episode) => (
            Part::Segment(results.index),
            episode.segments.get(results.index)?.start,
        ),
        Body::CareRequest(_) => return None,
    })
}
