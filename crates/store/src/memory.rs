//! The simplest store that keeps every promise but durability: for tests, and as the model others are held to.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vardnav_register::tree::Subtree;

use crate::codec::index;
use crate::contract::{
    Answer, BATCH_LIMIT, Change, Cursor, Digest, HASHES_LIMIT, Hash, Head, ProjectionRow, ROWS_LIMIT, Row,
    RowKey, Store, StoreError, StoredRow, StreamId, check_batch, check_blob, check_changes, check_keys,
    check_positions, check_projection,
};
use crate::duty::Duty;
use crate::tiles::subtree;
use crate::tree::{Frontier, empty_root};

/// Keeps everything in memory.
#[derive(Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
    duty: Duty,
}

#[derive(Default)]
struct Inner {
    streams: BTreeMap<StreamId, Stream>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    rows: BTreeMap<(String, Vec<u8>), Vec<u8>>,
    cursors: BTreeMap<(String, StreamId), u64>,
}

#[derive(Default)]
struct Stream {
    rows: Vec<StoredRow>,
    last: HashMap<RowKey, u64>,
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same store as a server has it that never does the background work.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            duty: Duty::shared().0,
        }
    }

    /// Holds that what is done is this one's.
    fn working(&self) -> Result<(), StoreError> {
        match self.duty.is_mine() {
            true => Ok(()),
            false => Err(StoreError::Unavailable(
                "the background work is another's".to_owned(),
            )),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends rows, to a stream that holds so many when that is asked for.
    fn put(&self, stream: &StreamId, expected: Option<u64>, rows: Vec<Row>) -> Result<Head, StoreError> {
        check_batch(&rows)?;
        let mut inner = self.inner();
        let actual = inner.streams.get(stream).map_or(0, |found| found.frontier.size());
        if let Some(expected) = expected
            && actual != expected
        {
            return Err(StoreError::Conflict { expected, actual });
        }
        if rows.is_empty() {
            return Ok(inner.streams.get(stream).map_or_else(empty, Stream::head));
        }
        let found = inner.streams.entry(stream.clone()).or_default();
        for row in rows {
            found.push(row);
        }
        Ok(found.head())
    }
}

impl Stream {
    fn head(&self) -> Head {
        Head {
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }

    fn push(&mut self, row: Row) {
        let position = self.frontier.size();
        let levels = &mut self.levels;
        let mut keep = |level: usize, hash| {
            while levels.len() <= level {
                levels.push(Vec::new());
            }
            if let Some(hashes) = levels.get_mut(level) {
                hashes.push(hash);
            }
        };
        keep(0, row.leaf);
        self.frontier
            .append(row.leaf, |height, hash| keep(index(u64::from(height / 8)), hash));
        self.last.insert(row.key, position);
        self.rows.push(StoredRow {
            position,
            key: row.key,
            leaf: row.leaf,
            bytes: row.bytes,
        });
    }
}

fn ready<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(result))
}

impl Store for Memory {
    fn append<'a>(&'a self, stream: &'a StreamId, expected: u64, rows: Vec<Row>) -> Answer<'a, Head> {
        ready(self.put(stream, Some(expected), rows))
    }

    fn append_behind<'a>(&'a self, stream: &'a StreamId, rows: Vec<Row>) -> Answer<'a, Head> {
        ready(self.put(stream, None, rows))
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, Head> {
        ready(Ok(self
            .inner()
            .streams
            .get(stream)
            .map_or_else(empty, Stream::head)))
    }

    fn streams(&self) -> Answer<'_, Vec<(StreamId, Head)>> {
        ready(Ok(self
            .inner()
            .streams
            .iter()
            .map(|(id, stream)| (id.clone(), stream.head()))
            .collect()))
    }

    fn read<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        let inner = self.inner();
        let rows = inner
            .streams
            .get(stream)
            .and_then(|found| found.rows.get(index(from)..))
            .unwrap_or_default();
        let mut left = BATCH_LIMIT / 8;
        let mut answer = Vec::new();
        for row in rows.iter().take(index(limit.into()).min(ROWS_LIMIT)) {
            answer.push(row.clone());
            left = left.saturating_sub(row.bytes.len());
            if left == 0 {
                break;
            }
        }
        ready(Ok(answer))
    }

    fn read_at<'a>(&'a self, stream: &'a StreamId, positions: Vec<u64>) -> Answer<'a, Vec<StoredRow>> {
        let inner = self.inner();
        let rows = inner.streams.get(stream).map_or(&[][..], |found| &found.rows);
        ready(
            check_positions(&positions, crate::codec::len64(rows.len())).map(|()| {
                let rows = positions.iter().filter_map(|at| rows.get(index(*at)));
                rows.cloned().collect()
            }),
        )
    }

    fn find<'a>(&'a self, stream: &'a StreamId, keys: Vec<RowKey>) -> Answer<'a, Vec<Option<u64>>> {
        ready(check_keys(&keys).map(|()| {
            let inner = self.inner();
            let found = inner.streams.get(stream);
            keys.iter()
                .map(|key| found.and_then(|stream| stream.last.get(key).copied()))
                .collect()
        }))
    }

    fn hashes<'a>(&'a self, stream: &'a StreamId, level: u8, from: u64, count: u32) -> Answer<'a, Vec<Hash>> {
        let inner = self.inner();
        let hashes = inner
            .streams
            .get(stream)
            .and_then(|found| found.levels.get(usize::from(level)))
            .and_then(|hashes| hashes.get(index(from)..))
            .unwrap_or_default();
        ready(Ok(hashes
            .iter()
            .take(index(count.min(HASHES_LIMIT).into()))
            .copied()
            .collect()))
    }

    fn subtrees<'a>(&'a self, stream: &'a StreamId, wanted: Vec<Subtree>) -> Answer<'a, Vec<Hash>> {
        let inner = self.inner();
        let levels = inner.streams.get(stream).map(|found| &found.levels);
        let level = |level: u8, from: u64, count: u32| {
            let hashes = levels
                .and_then(|levels| levels.get(usize::from(level)))
                .and_then(|hashes| hashes.get(index(from)..))
                .unwrap_or_default();
            Ok(hashes.iter().take(index(count.into())).copied().collect())
        };
        ready(wanted.into_iter().map(|of| subtree(of, level)).collect())
    }

    fn mend<'a>(&'a self, _: &'a StreamId) -> Answer<'a, ()> {
        ready(Ok(()))
    }

    fn redact<'a>(&'a self, stream: &'a StreamId, position: u64, bytes: Vec<u8>) -> Answer<'a, ()> {
        if let Err(error) = self.working() {
            return ready(Err(error));
        }
        let mut inner = self.inner();
        let row = inner
            .streams
            .get_mut(stream)
            .and_then(|found| found.rows.get_mut(index(position)));
        ready(match row {
            Some(row) if row.bytes.len() == bytes.len() => {
                row.bytes = bytes;
                Ok(())
            }
            Some(row) => Err(StoreError::Limit(format!(
                "{} bytes in place of a row of {}",
                bytes.len(),
                row.bytes.len()
            ))),
            None => Err(StoreError::Limit(format!(
                "stream {stream} has no row {position}"
            ))),
        })
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, Digest> {
        ready(check_blob(&bytes).map(|()| {
            let digest = Digest::of(&bytes);
            self.inner().blobs.insert(digest, bytes);
            digest
        }))
    }

    fn get_blob<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Vec<u8>>> {
        ready(Ok(self.inner().blobs.get(digest).cloned()))
    }

    fn blobs(&self, after: Option<Digest>, limit: u32) -> Answer<'_, Vec<Digest>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let inner = self.inner();
        let digests = inner
            .blobs
            .range((from, Bound::Unbounded))
            .map(|(digest, _)| *digest);
        ready(Ok(digests.take(index(limit.into()).min(ROWS_LIMIT)).collect()))
    }

    fn row<'a>(&'a self, projection: &'a str, key: &'a [u8]) -> Answer<'a, Option<Vec<u8>>> {
        ready(check_projection(projection).map(|()| {
            self.inner()
                .rows
                .get(&(projection.to_owned(), key.to_vec()))
                .cloned()
        }))
    }

    fn scan<'a>(&'a self, projection: &'a str, from: &'a [u8], limit: u32) -> Answer<'a, Vec<ProjectionRow>> {
        ready(check_projection(projection).map(|()| {
            self.inner()
                .rows
                .range((projection.to_owned(), from.to_vec())..)
                .take_while(|((name, _), _)| name == projection)
                .take(index(limit.into()).min(ROWS_LIMIT))
                .map(|((_, key), value)| ProjectionRow {
                    key: key.clone(),
                    value: value.clone(),
                })
                .collect()
        }))
    }

    fn cursor<'a>(&'a self, projection: &'a str, stream: &'a StreamId) -> Answer<'a, u64> {
        ready(check_projection(projection).map(|()| {
            self.inner()
                .cursors
                .get(&(projection.to_owned(), stream.clone()))
                .copied()
                .unwrap_or(0)
        }))
    }

    fn cursors(&self) -> Answer<'_, Vec<Cursor>> {
        let inner = self.inner();
        let cursors = inner.cursors.iter().map(|((projection, stream), next)| Cursor {
            projection: projection.clone(),
            stream: stream.clone(),
            next: *next,
        });
        ready(Ok(cursors.collect()))
    }

    fn commit<'a>(
        &'a self,
        projection: &'a str,
        stream: &'a StreamId,
        expected: u64,
        next: u64,
        changes: Vec<Change>,
    ) -> Answer<'a, ()> {
        ready(
            check_projection(projection)
                .and_then(|()| check_changes(expected, next, &changes))
                .and_then(|()| self.working())
                .and_then(|()| {
                    let mut inner = self.inner();
                    let cursor = inner
                        .cursors
                        .entry((projection.to_owned(), stream.clone()))
                        .or_insert(0);
                    if *cursor != expected {
                        return Err(StoreError::Conflict {
                            expected,
                            actual: *cursor,
                        });
                    }
                    *cursor = next;
                    for change in changes {
                        let key = (projection.to_owned(), change.key);
                        match change.value {
                            Some(value) => drop(inner.rows.insert(key, value)),
                            None => drop(inner.rows.remove(&key)),
                        }
                    }
                    Ok(())
                }),
        )
    }

    fn clear<'a>(&'a self, projection: &'a str) -> Answer<'a, ()> {
        let checked = check_projection(projection).and_then(|()| self.working());
        ready(checked.map(|()| {
            let mut inner = self.inner();
            inner.rows.retain(|(name, _), _| name != projection);
            inner.cursors.retain(|(name, _), _| name != projection);
        }))
    }

    fn duty(&self) -> Duty {
        self.duty.clone()
    }
}

fn empty() -> Head {
    Head {
        size: 0,
        root: empty_root(),
    }
}
