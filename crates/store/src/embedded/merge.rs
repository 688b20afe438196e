//! Merging index runs a bit at a time, so that what comes in is never held up by a large one: the runs of one level
//! become one of the next. A merge that is broken off leaves blocks that no manifest names; they are swept.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::index::Index;
use super::index_codec::{KeyBytes, Manifest};
use super::run::{Entries, Run, RunWriter};
use crate::contract::StoreError;

/// The first entry of a run that is not merged yet: key, the run's place, position.
type Head = Reverse<(KeyBytes, usize, u64)>;

/// A merge under way.
pub(crate) struct Merging {
    old: Vec<Arc<Run>>,
    rest: Vec<Entries>,
    heads: BinaryHeap<Head>,
    writer: RunWriter,
}

impl Index {
    /// Begins to merge the lowest level that has `fan_in` runs, if there is one.
    pub(crate) fn begin_merge(
        &self,
        manifest: &mut Manifest,
        fan_in: usize,
    ) -> Result<Option<Merging>, StoreError> {
        let runs = self.runs();
        let of_level = |level: u8| runs.iter().filter(move |run| run.record.level == level);
        let Some(level) = (0..u8::MAX).find(|level| of_level(*level).count() >= fan_in) else {
            return Ok(None);
        };
        let old: Vec<_> = of_level(level).cloned().collect();
        let entries = old.iter().map(|run| run.record.entries).sum();
        let writer = RunWriter::new(self.values(), manifest.next_run, level + 1, entries);
        manifest.next_run += 1;
        let mut merging = Merging {
            rest: old.iter().map(|run| run.entries(self.values())).collect(),
            heads: BinaryHeap::with_capacity(old.len()),
            old,
            writer,
        };
        for place in 0..merging.rest.len() {
            merging.advance(place)?;
        }
        Ok(Some(merging))
    }

    /// Lets a finished merge take the place of the runs it was made of. Levels fall from oldest to newest, so those
    /// stand together.
    pub(crate) fn end_merge(&self, merging: Merging, manifest: &mut Manifest) -> Result<(), StoreError> {
        let Merging { old, writer, .. } = merging;
        let mut merged = Some(Arc::new(writer.finish()?));
        let is_old = |run: &Arc<Run>| old.iter().any(|old| old.record.id == run.record.id);
        let mut next = Vec::new();
        for run in self.runs().iter() {
            if is_old(run) {
                next.extend(merged.take());
            } else {
                next.push(Arc::clone(run));
            }
        }
        manifest.generation += 1;
        manifest.runs = next.iter().map(|run| run.record).collect();
        self.hold(manifest, next)?;
        self.erase(&old)
    }
}

impl Merging {
    /// Merges about so many entries more; answers whether that was all.
    pub(crate) fn go_on(&mut self, entries: usize) -> Result<bool, StoreError> {
        for _ in 0..entries {
            let Some(Reverse((key, place, position))) = self.heads.pop() else {
                return Ok(true);
            };
            self.advance(place)?;
            let mut newest = position;
            while let Some(Reverse((same, place, position))) = self.heads.peek().copied()
                && same == key
            {
                self.heads.pop();
                newest = newest.max(position);
                self.advance(place)?;
            }
            self.writer.push(key, newest)?;
        }
        Ok(self.heads.is_empty())
    }

    fn advance(&mut self, place: usize) -> Result<(), StoreError> {
        if let Some(rest) = self.rest.get_mut(place)
            && let Some((key, position)) = rest.next()?
        {
            self.heads.push(Reverse((key, place, position)));
        }
        Ok(())
    }
}
