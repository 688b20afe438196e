//! What is reported after a derivation began: entries derived from the ledger as they come, and what was reported
//! before its episode, or before that was revised, set right afterwards.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use vardnav_classification::TableIndex;
use vardnav_indicators::{Residence, Subject};
use vardnav_register::delivery::{Place, Within, step};
use vardnav_register::derived::{Derived, Part};
use vardnav_register::entry::{Entry, StreamEntry, row_key};
use vardnav_register::record::{Body, Record, RecordKind};
use vardnav_register::rederive::rows::{Key, PartResults, Results};
use vardnav_register::rederive::{Columns, EntryColumn};
use vardnav_store::current::{self, Page};
use vardnav_store::{StoreError, StreamId};

use super::from_ledger::{self, Anew};
use super::pass::{Pass, Piece, mark};
use super::reached::Reached;
use super::standing::{Standing, standings};
use super::tally::{Countings, Counts, Delta, Told};
use super::{Trouble, stored};
use crate::ledger::{self, Former};

/// Entries derived at a time.
const BATCH: u32 = 512;
/// Blocks looked through at a time.
const BLOCKS: u32 = 256;
/// So much longer than the last search took, episodes wait for the next.
pub(super) const PATIENCE: u32 = 10;

impl Pass {
    /// Derives a stream from where it is up to `size` from the ledger, in the order in which entries become current.
    pub(super) fn follow(
        &self,
        stream: &StreamId,
        size: u64,
        countings: &Countings<'_>,
    ) -> Result<(), Trouble> {
        let mut counts = Counts::default();
        let store = self.store.as_ref();
        let mut place = self.wait(current::place(store, &self.projection(), stream))?;
        while place.cursor < size {
            self.yield_to_batches()?;
            let _turn = self.turn()?;
            let (entries, next) = self.page(stream, place, size)?;
            let piece = self.piece(stream, (place, next), entries, countings)?;
            let within = Page::ends_at(next).place(stream, place);
            let further = within.into_iter().collect();
            self.keep(stream, piece, further, (countings, &mut counts))?;
            place = next;
        }
        Ok(())
    }

    /// The next entries that become current, and where to go on. What cannot be read is left out.
    fn page(&self, stream: &StreamId, place: Place, size: u64) -> Result<(Vec<Former>, Place), Trouble> {
        let most = u32::try_from(place.reads_at_most(size)).unwrap_or(u32::MAX);
        let mut rows = Vec::new();
        if most > 0 {
            let read = self.store.read(stream, place.reads_from(), most.min(BATCH));
            rows = self.wait(read)?;
        }
        let Some(read_to) = rows.last().map(|last| last.position + 1) else {
            return match place.within {
                Some(_) => Ok((Vec::new(), Place::at(place.cursor + 1))),
                None => Err(StoreError::Corrupt(format!("{stream}: its end is missing")).into()),
            };
        };
        let mut leaves = HashMap::with_capacity(rows.len());
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            leaves.insert(row.position, row.leaf);
            if let Ok(entry) = StreamEntry::decode(&row.bytes) {
                read.push((row.position, entry));
            }
        }
        let (entries, next) = step(place, read);
        let next = match (place.within, next.within) {
            (None, None) => Place::at(read_to),
            (None, Some(_)) => next,
            (Some(_), _) if read_to >= place.cursor => Place::at(place.cursor + 1),
            (Some(within), _) => Place {
                within: Some(Within {
                    next: read_to,
                    ..within
                }),
                ..place
            },
        };
        let former = |(position, entry): (u64, Entry)| {
            let leaf = leaves.get(&position).copied()?;
            Some(Former {
                position,
                leaf,
                entry,
            })
        };
        Ok((entries.into_iter().filter_map(former).collect(), next))
    }

    /// Derives entries that become current one after the other, and takes back what they take the place of.
    fn piece(
        &self,
        stream: &StreamId,
        (place, next): (Place, Place),
        entries: Vec<Former>,
        countings: &Countings<'_>,
    ) -> Result<Piece, Trouble> {
        let mut piece = Piece::at(place.cursor);
        let plan = self.compiled.rederivation();
        let before: Vec<[u8; 16]> = entries.iter().filter_map(before).collect();
        let found = self.wait(ledger::find(self.store.as_ref(), stream, before))?;
        let replaced: HashSet<u64> = found.into_iter().flatten().collect();
        let anew = self.anew_one_by_one(stream, entries.clone())?;
        let mut own: BTreeMap<u64, Results> = BTreeMap::new();
        for (former, anew) in entries.iter().zip(anew) {
            let results = anew
                .as_ref()
                .map(|anew| Results::of_derived(&anew.derived, &plan));
            let results = results.unwrap_or_default();
            if let Some(anew) = &anew {
                self.count(countings, &mut piece.delta, anew, &results, 1);
                // One that another of the same piece takes the place of does not count.
                if replaced.contains(&former.position) {
                    self.count(countings, &mut piece.delta, anew, &results, -1);
                }
            }
            own.insert(former.position, results);
            let revision = self.revision(former, anew.as_ref())?;
            self.wait_of(stream, revision, &mut piece.waits)?;
        }
        let earlier: Vec<u64> = replaced
            .into_iter()
            .filter(|position| !own.contains_key(position))
            .collect();
        self.take_back(stream, &earlier, countings, &mut piece.delta)?;
        // What is not current yet comes to nothing, until its delivery is closed.
        for position in place.cursor..next.cursor {
            piece.flat.push(&own.remove(&position).unwrap_or_default());
        }
        piece.again = own;
        Ok(piece)
    }

    /// Takes back what kept entries counted as.
    fn take_back(
        &self,
        stream: &StreamId,
        positions: &[u64],
        countings: &Countings<'_>,
        delta: &mut Delta,
    ) -> Result<(), Trouble> {
        let store = self.store.as_ref();
        let id = &self.compiled.plan.id;
        let kept = self.wait(stored::results(store, id, stream, positions.iter().copied()))?;
        let found = self.wait(ledger::read(store, stream, positions.to_vec()))?;
        for (position, former) in found {
            // One that cannot be read counted as nothing.
            let stated = stated(stream, &former).ok().flatten();
            let (Some(results), Some((record, derived))) = (kept.get(&position), stated) else {
                continue;
            };
            self.count_results(countings, delta, (&record, &derived), results, -1);
        }
        Ok(())
    }

    /// Derives entries anew from the ledger.
    pub(super) fn anew(&self, stream: &StreamId, formers: Vec<Former>) -> Result<Vec<Option<Anew>>, Trouble> {
        let anew = from_ledger::anew(&self.store, &self.view, &self.compiled, stream, formers);
        self.wait(anew)
    }

    /// As [`Self::anew`]; an entry that cannot be read is as one that was erased, and the others are derived all the
    /// same.
    fn anew_one_by_one(&self, stream: &StreamId, formers: Vec<Former>) -> Result<Vec<Option<Anew>>, Trouble> {
        match self.anew(stream, formers.clone()) {
            Err(Trouble::Store(StoreError::Corrupt(_))) => {}
            other => return other,
        }
        let each = formers.into_iter().map(|former| {
            match self.anew(stream, vec![former]) {
                Ok(anew) => Ok(anew.into_iter().next().flatten()),
                // It is told where it is packed.
                Err(Trouble::Store(StoreError::Corrupt(_))) => Ok(None),
                Err(trouble) => Err(trouble),
            }
        });
        each.collect()
    }

    /// Counts an entry that was derived from the ledger.
    pub(super) fn count(
        &self,
        countings: &Countings<'_>,
        delta: &mut Delta,
        anew: &Anew,
        results: &Results,
        times: i64,
    ) {
        self.count_results(countings, delta, (&anew.record, &anew.former), results, times);
    }

    fn count_results(
        &self,
        countings: &Countings<'_>,
        delta: &mut Delta,
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
            countings.take(delta, &told, times);
        }
    }

    /// Sets right what was reported before its episode, or before that was revised. Every search goes through the
    /// stream's packed facts, so it waits until it is worth it, unless it is asked to be `thorough`.
    pub(super) fn sweep(
        &self,
        stream: &StreamId,
        reached: &Reached,
        thorough: bool,
        countings: &Countings<'_>,
    ) -> Result<(), Trouble> {
        let (cursor, swept) = (reached.cursor, reached.swept);
        let until = cursor.min(reached.packed);
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
            let stale = |entry: &EntryColumn, _: &Columns, position: u64| {
                let episode = entry.episode.and_then(|episode| came.get(&episode));
                episode.is_some_and(|episode| position < *episode)
            };
            self.set_right(stream, (cursor, until), stale, countings)?;
        }
        let done = vec![mark(Key::Swept, stream, until)];
        let counts = &mut Counts::default();
        self.keep(stream, Piece::at(cursor), done, (countings, counts))?;
        self.live.swept(stream, began.elapsed() * PATIENCE);
        match thorough && until < cursor {
            true => Err(Trouble::Packing),
            false => Ok(()),
        }
    }

    /// The episodes reported from a position on, each with the last place where it was.
    fn episodes_since(&self, stream: &StreamId, from: u64, until: u64) -> Result<HashMap<u64, u64>, Trouble> {
        let mut came = HashMap::new();
        self.each_packed(stream, (from, until), |_, entry, position| {
            if entry.kind == RecordKind::Episode {
                came.insert(entry.record, position);
            }
            Ok(())
        })?;
        Ok(came)
    }

    /// Goes through the packed facts of a stream, entry by entry.
    pub(super) fn each_packed(
        &self,
        stream: &StreamId,
        (from, until): (u64, u64),
        mut each: impl FnMut(&Columns, &EntryColumn, u64) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut at = from;
        loop {
            self.yield_to_batches()?;
            let blocks = self.blocks(stream, at, until, BLOCKS)?;
            let Some((first, last)) = blocks.last() else {
                return Ok(());
            };
            at = first + last.len() as u64;
            for (first, block) in &blocks {
                for (entry, position) in block.entries().iter().zip(*first..) {
                    if position >= from {
                        each(block, entry, position)?;
                    }
                }
            }
        }
    }

    /// Derives again what is stale of the entries before a position.
    pub(super) fn set_right(
        &self,
        stream: &StreamId,
        (cursor, until): (u64, u64),
        is_stale: impl Fn(&EntryColumn, &Columns, u64) -> bool,
        countings: &Countings<'_>,
    ) -> Result<(), Trouble> {
        let mut stale = Vec::new();
        let again = |stale: &mut Vec<u64>| {
            let _turn = self.turn()?;
            let piece = self.again(stream, cursor, stale, countings)?;
            stale.clear();
            self.keep(stream, piece, Vec::new(), (countings, &mut Counts::default()))
        };
        self.each_packed(stream, (0, until), |block, entry, position| {
            if is_stale(entry, block, position) {
                stale.push(position);
            }
            match stale.len() >= BATCH as usize {
                true => again(&mut stale),
                false => Ok(()),
            }
        })?;
        match stale.is_empty() {
            true => Ok(()),
            false => again(&mut stale),
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
        let mut piece = Piece::at(cursor);
        let kept = stored::results(store, &self.compiled.plan.id, stream, positions.iter().copied());
        let kept = self.wait(kept)?;
        let found: BTreeMap<u64, Former> = self
            .wait(ledger::read(store, stream, positions.to_vec()))?
            .into_iter()
            .collect();
        let found: Vec<Former> = found.into_values().collect();
        let deliveries = self.wait(current::deliveries(store, stream))?;
        let stand = self.wait(standings(store, stream, &deliveries, &found, cursor))?;
        let stand = found.into_iter().zip(stand);
        let (formers, standings): (Vec<Former>, Vec<Standing>) =
            stand.filter(|(_, standing)| *standing != Standing::Waits).unzip();
        let anew = self.anew_one_by_one(stream, formers.clone())?;
        for ((former, anew), standing) in formers.iter().zip(anew).zip(standings) {
            let Some(anew) = anew else { continue };
            let is_latest = standing == Standing::Stands;
            if is_latest {
                let revision = self.revision(former, Some(&anew))?;
                let (key, item) = self.item_anew(stream, former, revision)?;
                piece.waits.insert(key, item);
            }
            let results = Results::of_derived(&anew.derived, &plan);
            let position = former.position;
            let Some(known) = kept.get(&position).filter(|known| **known != results) else {
                continue;
            };
            if is_latest {
                self.count(countings, &mut piece.delta, &anew, known, -1);
                self.count(countings, &mut piece.delta, &anew, &results, 1);
            }
            piece.again.insert(position, results);
        }
        Ok(piece)
    }
}

/// The key of the revision that an entry takes the place of.
fn before(former: &Former) -> Option<[u8; 16]> {
    let header = &former.entry.header;
    (header.replaces > 0).then(|| row_key(header.kind, &header.id, header.replaces))
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
