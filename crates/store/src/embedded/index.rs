//! The index behind the log, in sled: key → position, position → frame, and the streams as of an offset.
//! Derived from the log alone; when in doubt it is set aside and built anew. Knows nothing of rows' bytes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::frame::LogId;
use super::index_codec::{
    KeyBytes, LIST_FRAMES, Manifest, decode_frames, decode_state, encode_frames, encode_state, frames_key,
    full_key_bytes, key_bytes, run_of, run_prefix, state_generation, state_key,
};
use super::keyed::Keyed;
use super::overlay::{Sealed, StreamState};
use super::run::{Miss, Run, RunWriter, erase, put};
use crate::codec::len64;
use crate::contract::{RowKey, StoreError};

const MANIFEST: &[u8] = b"m";

/// The open index.
pub(crate) struct Index {
    db: Arc<Keyed>,
    runs: ArcSwap<Vec<Arc<Run>>>,
    damaged: AtomicBool,
}

/// What an index says of the log when it is opened.
pub(crate) struct Checkpoint {
    pub(crate) manifest: Manifest,
    pub(crate) streams: Vec<StreamState>,
}

impl Index {
    /// Opens the index of a log.
    ///
    /// # Errors
    /// `Corrupt` when it must be set aside, `Unavailable` when its folder is held.
    pub(crate) fn open(db: Arc<Keyed>, log: &LogId) -> Result<(Self, Option<Checkpoint>), StoreError> {
        let manifest = match db.get(MANIFEST)? {
            None => None,
            Some(bytes) => Some(
                Manifest::decode(&bytes)
                    .filter(|manifest| manifest.log == *log)
                    .ok_or_else(|| StoreError::Corrupt("index manifest".to_owned()))?,
            ),
        };
        let Some(manifest) = manifest else {
            if !db.is_empty()? {
                db.clear()?;
            }
            return Ok((
                Self {
                    db,
                    runs: ArcSwap::default(),
                    damaged: AtomicBool::new(false),
                },
                None,
            ));
        };
        let runs = manifest
            .runs
            .iter()
            .map(|record| Run::load(&db, *record).map(Arc::new));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let index = Self {
            db,
            runs: ArcSwap::from_pointee(runs),
            damaged: AtomicBool::new(false),
        };
        index.sweep(&manifest)?;
        let streams = index.load_states(manifest.generation)?;
        Ok((index, Some(Checkpoint { manifest, streams })))
    }

    /// Opens the index again after its files failed; `held` is what held before; answers what holds now.
    pub(crate) fn reopen(&self, held: &Manifest) -> Result<Manifest, StoreError> {
        self.db.reopen()?;
        let manifest = match self.db.get(MANIFEST)? {
            Some(bytes) => Manifest::decode(&bytes)
                .filter(|manifest| manifest.log == held.log)
                .ok_or_else(|| StoreError::Corrupt("index manifest".to_owned()))?,
            None => Manifest::empty(held.log),
        };
        let runs = manifest
            .runs
            .iter()
            .map(|record| Run::load(&self.db, *record).map(Arc::new));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        self.runs.store(Arc::new(runs));
        self.sweep(&manifest)?;
        Ok(manifest)
    }

    /// Removes runs that no manifest names: left by a write or a merge that did not finish.
    fn sweep(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let mut from = run_prefix(0);
        while let Some((key, _)) = self
            .db
            .range(Bound::Included(from), Bound::Unbounded)?
            .next()
            .transpose()?
        {
            let Some(run) = run_of(&key) else { break };
            if !manifest.runs.iter().any(|record| record.id == run) {
                erase(&self.db, run)?;
            }
            from = run_prefix(run.saturating_add(1));
        }
        Ok(())
    }

    /// The state of each stream at the newest generation the manifest covers.
    fn load_states(&self, generation: u64) -> Result<Vec<StreamState>, StoreError> {
        let mut newest: BTreeMap<u32, StreamState> = BTreeMap::new();
        for item in self.db.prefix(b"s")? {
            let (key, value) = item?;
            if state_generation(&key).is_none_or(|written| written > generation) {
                self.db.remove(key)?;
                continue;
            }
            let state = decode_state(&value).ok_or_else(|| StoreError::Corrupt("index stream".to_owned()))?;
            newest.insert(state.number, state);
        }
        Ok(newest.into_values().collect())
    }

    /// Newest positions of keys of a stream, where none is known yet.
    pub(crate) fn find(
        &self,
        stream: u32,
        keys: &[RowKey],
        found: &mut [Option<u64>],
    ) -> Result<(), StoreError> {
        for (key, found) in keys.iter().zip(found).filter(|(_, found)| found.is_none()) {
            *found = self.find_one(&key_bytes(stream, key))?;
        }
        Ok(())
    }

    fn find_one(&self, key: &KeyBytes) -> Result<Option<u64>, StoreError> {
        loop {
            let runs = self.runs.load();
            match search(&self.db, &runs, key) {
                Ok(found) => return Ok(found),
                // Merged away meanwhile: the runs of now hold the entry.
                Err(Miss::Gone) if !Arc::ptr_eq(&self.runs.load(), &runs) => {}
                Err(Miss::Gone) => {
                    return Err(self.damage(StoreError::Corrupt("index block missing".to_owned())));
                }
                Err(Miss::Damaged(error)) => return Err(self.damage(error)),
            }
        }
    }

    /// Remembers that the index must be built anew.
    fn damage(&self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::Corrupt(_)) {
            self.note_damage();
        }
        error
    }

    /// Remembers that runs must be built anew.
    pub(crate) fn note_damage(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Forgets that damage was met: what holds now was built anew.
    pub(crate) fn is_rebuilt(&self) {
        self.damaged.store(false, Ordering::Relaxed);
    }

    /// Whether damage was met since it was opened or built anew.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Frames of a stream with their offsets: the one that begins at or before `position`, and those after it.
    pub(crate) fn frames(
        &self,
        stream: u32,
        position: u64,
        limit: usize,
    ) -> Result<BTreeMap<u64, u64>, StoreError> {
        let begin = frames_key(stream, 0);
        let at = frames_key(stream, position);
        let end = frames_key(stream, u64::MAX);
        let before = self
            .db
            .range(Bound::Included(begin), Bound::Included(at.clone()))?
            .next_back();
        let after = self.db.range(Bound::Included(at), Bound::Included(end))?;
        let mut found = BTreeMap::new();
        for item in before.into_iter().chain(after) {
            let (_, list) = item?;
            let list = decode_frames(&list)
                .ok_or_else(|| self.damage(StoreError::Corrupt("index frame list".to_owned())))?;
            found.extend(list);
            if found.range(position..).take(limit).count() == limit {
                break;
            }
        }
        // Of those that begin before the position only the last can hold it.
        let last_before = found.range(..=position).next_back().map(|(first, _)| *first);
        Ok(last_before.map(|first| found.split_off(&first)).unwrap_or(found))
    }

    /// Takes a sealed part in: run, frame lists, stream states, and last the manifest that makes them hold.
    pub(crate) fn absorb(&self, sealed: &Sealed, manifest: &mut Manifest) -> Result<(), StoreError> {
        let mut runs = self.runs.load().as_ref().clone();
        if !sealed.part.keys.is_empty() {
            let mut entries: Vec<_> = sealed
                .part
                .keys
                .iter()
                .map(|(key, position)| (full_key_bytes(key), *position))
                .collect();
            entries.sort_unstable();
            let mut writer = RunWriter::new(&self.db, manifest.next_run, 0, len64(entries.len()));
            for (key, position) in entries {
                writer.push(key, position)?;
            }
            let run = writer.finish()?;
            manifest.next_run += 1;
            manifest.runs.push(run.record);
            runs.push(Arc::new(run));
        }
        self.write_frames(sealed)?;
        manifest.generation += 1;
        for state in &sealed.states {
            put(
                &self.db,
                state_key(state.number, manifest.generation),
                encode_state(state),
            )?;
        }
        manifest.log_end = sealed.log_end;
        put(&self.db, MANIFEST.to_vec(), manifest.encode())?;
        self.runs.store(Arc::new(runs));
        for state in &sealed.states {
            let older = self.db.range(
                Bound::Included(state_key(state.number, 0)),
                Bound::Excluded(state_key(state.number, manifest.generation)),
            )?;
            let older: Result<Vec<_>, _> = older.map(|pair| pair.map(|(key, _)| key)).collect();
            for key in older? {
                self.db.remove(key)?;
            }
        }
        Ok(())
    }

    fn write_frames(&self, sealed: &Sealed) -> Result<(), StoreError> {
        let mut list: Vec<(u64, u64)> = Vec::new();
        let mut of = None;
        let write = |stream: Option<u32>, list: &mut Vec<(u64, u64)>| -> Result<(), StoreError> {
            if let (Some(stream), Some((first, _))) = (stream, list.first()) {
                put(&self.db, frames_key(stream, *first), encode_frames(list))?;
            }
            list.clear();
            Ok(())
        };
        for ((stream, first), offset) in &sealed.part.frames {
            if of != Some(*stream) || list.len() == LIST_FRAMES {
                write(of, &mut list)?;
                of = Some(*stream);
            }
            list.push((*first, *offset));
        }
        write(of, &mut list)
    }

    /// Runs that hold, oldest first.
    pub(crate) fn runs(&self) -> Arc<Vec<Arc<Run>>> {
        self.runs.load_full()
    }

    /// Where they are kept.
    pub(crate) fn values(&self) -> &Arc<Keyed> {
        &self.db
    }

    /// Lets a manifest hold, with the runs it names.
    pub(crate) fn hold(&self, manifest: &Manifest, runs: Vec<Arc<Run>>) -> Result<(), StoreError> {
        put(&self.db, MANIFEST.to_vec(), manifest.encode())?;
        self.runs.store(Arc::new(runs));
        Ok(())
    }

    /// Removes runs that no longer hold.
    pub(crate) fn erase(&self, runs: &[Arc<Run>]) -> Result<(), StoreError> {
        runs.iter().try_for_each(|run| erase(&self.db, run.record.id))
    }

    /// Reads every block of every run.
    pub(crate) fn walk(&self) -> Result<(), StoreError> {
        for run in self.runs.load_full().iter() {
            let walked = self.walk_run(run);
            // Merged away meanwhile: what took its place was just written.
            let is_gone = !self.runs.load().iter().any(|held| Arc::ptr_eq(held, run));
            if let Err(error) = walked
                && !is_gone
            {
                return Err(error);
            }
        }
        Ok(())
    }

    fn walk_run(&self, run: &Run) -> Result<(), StoreError> {
        let mut entries = run.entries(&self.db);
        let mut met = 0;
        while entries.next()?.is_some() {
            met += 1;
        }
        match met == run.record.entries {
            true => Ok(()),
            false => Err(StoreError::Corrupt(format!(
                "index run {} is short",
                run.record.id
            ))),
        }
    }

    /// Hands everything to the operating system.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.db.flush()
    }

    /// Runs and entries, for tests and figures.
    pub(crate) fn shape(&self) -> Vec<(u8, u64)> {
        self.runs
            .load()
            .iter()
            .map(|run| (run.record.level, run.record.entries))
            .collect()
    }
}

fn search(tree: &Keyed, runs: &[Arc<Run>], key: &KeyBytes) -> Result<Option<u64>, Miss> {
    for run in runs.iter().rev() {
        if let Some(position) = run.find(tree, key)? {
            return Ok(Some(position));
        }
    }
    Ok(None)
}
