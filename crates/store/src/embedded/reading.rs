//! Reading rows and hashes: where they lie is looked up in the overlay and the index, and nothing is answered that did
//! not pass its checksum. Changes nothing.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use vardnav_register::tree::Subtree;

use super::{FRAMES_AHEAD, Shared, segments};
use crate::codec::index;
use crate::contract::{
    BATCH_LIMIT, HASHES_LIMIT, Hash, ROWS_LIMIT, StoreError, StoredRow, StreamId, check_positions,
};
use crate::tiles::subtree;

impl Shared {
    /// Frames of a stream with their offsets, in order: first the one that may hold `position`.
    pub(crate) fn locate(&self, number: u32, position: u64) -> Result<BTreeMap<u64, u64>, StoreError> {
        let newest = self.overlay.frames(number, position, FRAMES_AHEAD);
        if newest
            .first_key_value()
            .is_some_and(|(first, _)| *first <= position)
        {
            return Ok(newest);
        }
        let mut found = self.index.frames(number, position, FRAMES_AHEAD)?;
        if found.range(position..).count() < FRAMES_AHEAD {
            found.extend(newest);
        }
        Ok(found)
    }

    pub(crate) fn read(
        &self,
        stream: &StreamId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<StoredRow>, StoreError> {
        let Some((number, head)) = self.heads.get(stream) else {
            return Ok(Vec::new());
        };
        let limit = index(head.size.saturating_sub(from).min(limit.into())).min(ROWS_LIMIT);
        let mut rows = Vec::new();
        let mut budget = BATCH_LIMIT / 8;
        while rows.len() < limit && budget > 0 {
            let at = from + crate::codec::len64(rows.len());
            match self.read_on(stream, number, at, limit - rows.len(), &mut budget) {
                Ok(more) => rows.extend(more),
                Err(error) if rows.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(rows)
    }

    /// Some rows from a position that exists; at least one.
    fn read_on(
        &self,
        stream: &StreamId,
        number: u32,
        from: u64,
        limit: usize,
        budget: &mut usize,
    ) -> Result<Vec<StoredRow>, StoreError> {
        let _unchanged = self.redacting.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<StoredRow> = Vec::new();
        for (first, offset) in self.locate(number, from)? {
            let at = from + crate::codec::len64(rows.len());
            if first > at || rows.len() >= limit || *budget == 0 {
                break;
            }
            let frame = match self.segments.frame(offset) {
                Ok(frame) if frame.head().stream == *stream && frame.head().first == first => frame,
                _ if !rows.is_empty() => break,
                Ok(_) => return Err(segments::damaged(offset)),
                Err(error) => return Err(error),
            };
            if frame.head().end() <= at {
                continue;
            }
            match frame.rows(at, limit - rows.len(), *budget) {
                Ok(more) => {
                    let bytes: usize = more.iter().map(|row| row.bytes.len()).sum();
                    *budget = budget.saturating_sub(bytes);
                    rows.extend(more);
                }
                Err(error) if rows.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        if rows.is_empty() {
            return Err(StoreError::Corrupt(format!(
                "row {from} of stream {stream} cannot be read"
            )));
        }
        Ok(rows)
    }

    /// Rows at positions that rise; at least one.
    pub(crate) fn read_at(&self, stream: &StreamId, positions: &[u64]) -> Result<Vec<StoredRow>, StoreError> {
        let size = self.heads.get(stream).map_or(0, |(_, head)| head.size);
        check_positions(positions, size)?;
        let mut rows = Vec::with_capacity(positions.len());
        let mut budget = BATCH_LIMIT / 8;
        let mut rest = positions;
        while let Some(first) = rest.first() {
            if budget == 0 {
                break;
            }
            let _unchanged = self.redacting.read().unwrap_or_else(PoisonError::into_inner);
            let frame = match self.frame_with(stream, *first) {
                Ok(frame) => frame,
                Err(error) if rows.is_empty() => return Err(error),
                Err(_) => break,
            };
            let end = frame.head().end();
            while let Some(at) = rest.first().copied().filter(|at| *at < end && budget > 0) {
                // Neighbours are fetched together.
                let run = rest.iter().zip(at..end).take_while(|(at, next)| *at == next);
                match frame.rows(at, run.count(), budget) {
                    Ok(more) => {
                        let bytes: usize = more.iter().map(|row| row.bytes.len()).sum();
                        budget = budget.saturating_sub(bytes);
                        rest = rest.get(more.len().max(1)..).unwrap_or_default();
                        rows.extend(more);
                    }
                    Err(error) if rows.is_empty() => return Err(error),
                    Err(_) => return Ok(rows),
                }
            }
        }
        Ok(rows)
    }

    pub(crate) fn subtrees(&self, stream: &StreamId, wanted: &[Subtree]) -> Result<Vec<Hash>, StoreError> {
        let level = |level, from, count| self.hashes(stream, level, from, count);
        wanted.iter().map(|of| subtree(*of, level)).collect()
    }

    pub(crate) fn hashes(
        &self,
        stream: &StreamId,
        level: u8,
        from: u64,
        count: u32,
    ) -> Result<Vec<Hash>, StoreError> {
        let size = self.heads.get(stream).map_or(0, |(_, head)| head.size);
        self.hashes
            .read(stream, size, level, from, count.min(HASHES_LIMIT).into())
    }
}
