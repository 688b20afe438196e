//! Sorted immutable runs of packed entries: written block by block, found through a filter and fences in memory.

use std::sync::Arc;

use super::filter::Filter;
use super::index_codec::{
    BLOCK_ENTRIES, CHUNK, KeyBytes, Part, RunRecord, decode_block, encode_block, number, run_key, run_prefix,
    unpack,
};
use super::keyed::Keyed;
use crate::codec::{index, seal, unseal};
use crate::contract::StoreError;

/// A run ready to be searched.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) record: RunRecord,
    /// First key of each block.
    fences: Vec<KeyBytes>,
    filter: Filter,
}

/// What a search in a run can meet.
#[derive(Debug)]
pub(crate) enum Miss {
    /// The block is not there: the run may have been merged away since it was looked up.
    Gone,
    /// sled or the block is damaged.
    Damaged(StoreError),
}

impl Run {
    /// Loads fences and filter.
    pub(crate) fn load(tree: &Keyed, record: RunRecord) -> Result<Self, StoreError> {
        let join = |part, count| {
            let mut joined = Vec::new();
            for place in 0..count {
                let chunk = tree.get(run_key(record.id, part, place))?;
                let chunk = chunk.as_deref().and_then(unseal).ok_or_else(|| damaged("run"))?;
                joined.extend(chunk);
            }
            Ok::<_, StoreError>(joined)
        };
        let fences = join(Part::Fences, record.fences)?;
        let (fences, rest) = fences.as_chunks::<20>();
        if fences.len() != index(record.blocks.into()) || !rest.is_empty() {
            return Err(damaged("fences"));
        }
        let fences = fences.to_vec();
        let filter = Filter::decode(&join(Part::Filter, record.filters)?).ok_or_else(|| damaged("filter"))?;
        Ok(Self {
            record,
            fences,
            filter,
        })
    }

    /// Position kept under a key.
    pub(crate) fn find(&self, tree: &Keyed, key: &KeyBytes) -> Result<Option<u64>, Miss> {
        if !self.filter.may_hold(key) {
            return Ok(None);
        }
        let Some(block) = self.fences.partition_point(|fence| fence <= key).checked_sub(1) else {
            return Ok(None);
        };
        let bytes = tree
            .get(run_key(self.record.id, Part::Block, number(block)))
            .map_err(Miss::Damaged)?
            .ok_or(Miss::Gone)?;
        let entries = decode_block(self.record.id, &bytes).ok_or_else(|| Miss::Damaged(damaged("block")))?;
        let place = entries.binary_search_by(|entry| unpack(entry).0.cmp(key));
        Ok(place
            .ok()
            .and_then(|place| entries.get(place))
            .map(|entry| unpack(entry).1))
    }

    /// Every entry in order.
    pub(crate) fn entries(&self, tree: &Arc<Keyed>) -> Entries {
        Entries {
            tree: Arc::clone(tree),
            run: self.record.id,
            blocks: 0..self.record.blocks,
            held: Vec::new().into_iter(),
        }
    }
}

/// Walks the entries of a run, one block in memory at a time.
pub(crate) struct Entries {
    tree: Arc<Keyed>,
    run: u64,
    blocks: std::ops::Range<u32>,
    held: std::vec::IntoIter<(KeyBytes, u64)>,
}

impl Entries {
    pub(crate) fn next(&mut self) -> Result<Option<(KeyBytes, u64)>, StoreError> {
        loop {
            if let Some(entry) = self.held.next() {
                return Ok(Some(entry));
            }
            let Some(block) = self.blocks.next() else {
                return Ok(None);
            };
            let bytes = self.tree.get(run_key(self.run, Part::Block, block))?;
            let bytes = bytes.ok_or_else(|| damaged("block"))?;
            let entries = decode_block(self.run, &bytes).ok_or_else(|| damaged("block"))?;
            self.held = entries.iter().map(unpack).collect::<Vec<_>>().into_iter();
        }
    }
}

/// Writes a run from entries that come in order, each key once.
pub(crate) struct RunWriter {
    tree: Arc<Keyed>,
    record: RunRecord,
    pending: Vec<(KeyBytes, u64)>,
    fences: Vec<KeyBytes>,
    filter: Filter,
}

impl RunWriter {
    /// `expected` keys at most.
    pub(crate) fn new(tree: &Arc<Keyed>, id: u64, level: u8, expected: u64) -> Self {
        let record = RunRecord {
            id,
            level,
            entries: 0,
            blocks: 0,
            fences: 0,
            filters: 0,
        };
        Self {
            tree: Arc::clone(tree),
            record,
            pending: Vec::new(),
            fences: Vec::new(),
            filter: Filter::new(expected),
        }
    }

    pub(crate) fn push(&mut self, key: KeyBytes, position: u64) -> Result<(), StoreError> {
        if self.pending.len() == BLOCK_ENTRIES {
            self.write_block()?;
        }
        self.filter.add(&key);
        self.pending.push((key, position));
        self.record.entries += 1;
        Ok(())
    }

    fn write_block(&mut self) -> Result<(), StoreError> {
        let Some((first, _)) = self.pending.first() else {
            return Ok(());
        };
        self.fences.push(*first);
        let block = encode_block(self.record.id, &self.pending);
        put(
            &self.tree,
            run_key(self.record.id, Part::Block, self.record.blocks),
            block,
        )?;
        self.record.blocks += 1;
        self.pending.clear();
        Ok(())
    }

    /// Writes what is left; the run is found once a manifest names it.
    pub(crate) fn finish(mut self) -> Result<Run, StoreError> {
        self.write_block()?;
        for chunk in self.fences.as_flattened().chunks(CHUNK) {
            put(
                &self.tree,
                run_key(self.record.id, Part::Fences, self.record.fences),
                seal(chunk.to_vec()),
            )?;
            self.record.fences += 1;
        }
        for chunk in self.filter.encode().chunks(CHUNK) {
            put(
                &self.tree,
                run_key(self.record.id, Part::Filter, self.record.filters),
                seal(chunk.to_vec()),
            )?;
            self.record.filters += 1;
        }
        Ok(Run {
            record: self.record,
            fences: self.fences,
            filter: self.filter,
        })
    }
}

/// Removes everything a run has in sled.
pub(crate) fn erase(tree: &Keyed, run: u64) -> Result<(), StoreError> {
    let pairs = tree.prefix(&run_prefix(run))?;
    let keys: Result<Vec<_>, _> = pairs.map(|pair| pair.map(|(key, _)| key)).collect();
    for key in keys? {
        tree.remove(key)?;
    }
    Ok(())
}

/// Puts a value that stays within sled's pages.
pub(crate) fn put(tree: &Keyed, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
    debug_assert!(
        value.len() <= crate::contract::VALUE_LIMIT,
        "a value of {} bytes in sled",
        value.len()
    );
    tree.insert(key, value)
}

fn damaged(what: &str) -> StoreError {
    StoreError::Corrupt(format!("index {what}"))
}
