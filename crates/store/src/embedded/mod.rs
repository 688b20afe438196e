//! The store on one machine's own files. An interleaved, checksummed log is the truth and the only thing before an
//! acknowledgement; hash files, index and projections follow it and are rebuilt from it when damaged.
//! Starts in every case but a folder that is held or cannot be read; what was found wrong is in [`Embedded::damage`].

mod backed_up;
mod blobs;
mod check;
mod edges;
mod filter;
mod follower;
mod frame;
mod hashes;
mod index;
mod index_codec;
mod keyed;
mod log;
mod merge;
mod open;
mod opening;
mod overlay;
mod projections;
mod reading;
mod rebuild;
mod recovery;
mod redact;
mod run;
mod segments;
#[cfg(test)]
pub(crate) mod simulated;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, mpsc, oneshot};
use vardnav_register::tree::Subtree;

use self::blobs::Blobs;
use self::edges::Edges;
use self::hashes::Hashes;
use self::index::Index;
use self::log::Job;
use self::overlay::Overlay;
use self::projections::Projections;
pub use self::recovery::Damage;
use self::segments::Segments;
use crate::codec::len32;
use crate::contract::{
    Answer, Change, Cursor, Digest, Hash, Head, ProjectionRow, ROWS_LIMIT, Row, RowKey, Store, StoreError,
    StoredRow, StreamId, check_batch, check_blob, check_changes, check_keys, check_many_rows,
    check_projection,
};
use crate::disk::{Disk, Held, Open, unavailable};
use crate::tree::empty_root;

/// Sizes that can be chosen; the defaults fit a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// A new segment file is begun when the last has as many bytes.
    pub segment_bytes: u64,
    /// Rows kept in memory before the index takes them over.
    pub part_rows: usize,
    /// Bytes of log behind those rows before the index takes them over; bounds what is replayed at start.
    pub part_bytes: u64,
    /// Index runs of one level merged into one of the next.
    pub fan_in: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 20,
            part_rows: 131_072,
            part_bytes: 128 << 20,
            fan_in: 32,
        }
    }
}

/// Appends that may wait for the log.
const QUEUE: usize = 1024;
/// KiB of appends that may wait for the log.
const WAITING_KIB: usize = 256 * 1024;
/// Sealed parts held in memory while the index cannot be written.
const PARTS_IN_MEMORY: usize = 16;
/// Frames looked up together when reading.
const FRAMES_AHEAD: usize = 64;

/// The embedded store. Dropping it writes a checkpoint and waits for its threads.
pub struct Embedded {
    shared: Arc<Shared>,
    jobs: Option<mpsc::Sender<Job>>,
    waiting: Arc<Semaphore>,
    writer: Option<JoinHandle<()>>,
    follower: Option<JoinHandle<()>>,
    damage: Vec<Damage>,
}

/// What readers, writer and follower have in common.
pub(crate) struct Shared {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    options: Options,
    segments: Segments,
    overlay: Overlay,
    index: Index,
    hashes: Hashes,
    edges: Edges,
    heads: Heads,
    blobs: Blobs,
    projections: Projections,
    /// Streams of which some hashes could not be written.
    unsettled: Mutex<BTreeSet<StreamId>>,
    /// Why the index does not follow the log.
    behind: Mutex<Option<StoreError>>,
    /// Held for writing while rows of the log are written over.
    redacting: RwLock<()>,
    /// How often rows of the log were begun or ended to be written over.
    redactions: AtomicU64,
    /// Held until the last reader is gone.
    _lock: Held,
}

/// Numbers and heads of the streams, as acknowledged, and where the log ended then.
#[derive(Default)]
pub(crate) struct Heads {
    state: RwLock<HeadsState>,
}

#[derive(Default)]
struct HeadsState {
    streams: BTreeMap<StreamId, (u32, Head)>,
    end: u64,
}

impl Heads {
    fn get(&self, stream: &StreamId) -> Option<(u32, Head)> {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .streams
            .get(stream)
            .copied()
    }

    /// Makes a group visible: the heads it led to, and where the log ends after it.
    fn publish(&self, end: u64, heads: impl Iterator<Item = (StreamId, u32, Head)>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (stream, number, head) in heads {
            state.streams.insert(stream, (number, head));
        }
        state.end = end;
    }

    fn list(&self) -> Vec<(StreamId, Head)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state
            .streams
            .iter()
            .filter(|(_, (_, head))| head.size > 0)
            .map(|(id, (_, head))| (id.clone(), *head))
            .collect()
    }

    /// Where the log ends, and numbers and heads of the streams there.
    fn snapshot(&self) -> (u64, BTreeMap<StreamId, (u32, Head)>) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.end, state.streams.clone())
    }
}

impl Embedded {
    /// What was found wrong when the store was opened; empty after an ordinary stop. Waits until the projections are open.
    pub fn damage(&self) -> Vec<Damage> {
        let mut damage = self.damage.clone();
        damage.extend(self.shared.projections.damage());
        damage
    }

    /// Entries of the index by run, with the run's level: for figures.
    pub fn index_shape(&self) -> Vec<(u8, u64)> {
        self.shared.index.shape()
    }

    /// Has the log append rows, to a stream that holds so many when that is asked for.
    async fn put(
        &self,
        stream: &StreamId,
        expected: Option<u64>,
        rows: Vec<Row>,
    ) -> Result<Head, StoreError> {
        check_batch(&rows)?;
        let body = frame::Body::encode(&rows);
        drop(rows);
        let share = len32(body.bytes.len() / 1024 + 1);
        let closed = || StoreError::Unavailable("the store is closing".to_owned());
        let share = Arc::clone(&self.waiting)
            .acquire_many_owned(share)
            .await
            .map_err(|_| closed())?;
        let (answer, answered) = oneshot::channel();
        let job = Job {
            stream: stream.clone(),
            expected,
            body,
            answer,
            _share: share,
        };
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    fn blocking<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'a, T> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&shared)).await;
            done.unwrap_or_else(|_| {
                Err(StoreError::Unavailable(
                    "the store gave up on a request".to_owned(),
                ))
            })
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in [self.writer.take(), self.follower.take()].into_iter().flatten() {
            if thread.join().is_err() {
                tracing::error!("a thread of the store gave up");
            }
        }
    }
}

impl Shared {
    fn find(&self, stream: &StreamId, keys: &[RowKey]) -> Result<Vec<Option<u64>>, StoreError> {
        let Some((number, _)) = self.heads.get(stream) else {
            return Ok(vec![None; keys.len()]);
        };
        let mut found = self.overlay.find(number, keys);
        match self.index.find(number, keys, &mut found) {
            Ok(()) => Ok(found),
            Err(error @ StoreError::Corrupt(_)) => {
                self.distrust_index(&error);
                let what = format!("keys cannot be found before the index is built anew: {error}");
                Err(StoreError::Unavailable(what))
            }
            Err(error) => Err(error),
        }
    }

    /// Notes why the index does not follow the log, or that it does.
    pub(crate) fn set_behind(&self, why: Option<StoreError>) {
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Refuses what memory would have to hold, while the index cannot take it over.
    pub(crate) fn check_behind(&self) -> Result<(), StoreError> {
        if self.overlay.waiting() < PARTS_IN_MEMORY {
            return Ok(());
        }
        match &*self.behind.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(why) => Err(StoreError::Unavailable(format!(
                "the index cannot follow the log: {why}"
            ))),
            None => Ok(()),
        }
    }

    /// Has the index built anew: its runs by the follower, everything at the next start.
    fn distrust_index(&self, error: &StoreError) {
        if self.index.is_damaged() || matches!(error, StoreError::Corrupt(_)) {
            tracing::error!(%error, "the index is damaged; it is built anew");
            if let Err(error) = self.disk.open(&self.folder.join(open::REBUILD), Open::Create) {
                tracing::error!(%error, "cannot note that the index is damaged");
            }
        }
    }
}

impl Store for Embedded {
    fn append<'a>(&'a self, stream: &'a StreamId, expected: u64, rows: Vec<Row>) -> Answer<'a, Head> {
        Box::pin(self.put(stream, Some(expected), rows))
    }

    fn append_behind<'a>(&'a self, stream: &'a StreamId, rows: Vec<Row>) -> Answer<'a, Head> {
        Box::pin(self.put(stream, None, rows))
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, Head> {
        let head = self.shared.heads.get(stream).map(|(_, head)| head);
        Box::pin(std::future::ready(Ok(head.unwrap_or_else(|| Head {
            size: 0,
            root: empty_root(),
        }))))
    }

    fn streams(&self) -> Answer<'_, Vec<(StreamId, Head)>> {
        Box::pin(std::future::ready(Ok(self.shared.heads.list())))
    }

    fn read<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        let stream = stream.clone();
        self.blocking(move |shared| shared.read(&stream, from, limit))
    }

    fn read_at<'a>(&'a self, stream: &'a StreamId, positions: Vec<u64>) -> Answer<'a, Vec<StoredRow>> {
        let stream = stream.clone();
        self.blocking(move |shared| shared.read_at(&stream, &positions))
    }

    fn find<'a>(&'a self, stream: &'a StreamId, keys: Vec<RowKey>) -> Answer<'a, Vec<Option<u64>>> {
        let stream = stream.clone();
        self.blocking(move |shared| check_keys(&keys).and_then(|()| shared.find(&stream, &keys)))
    }

    fn hashes<'a>(&'a self, stream: &'a StreamId, level: u8, from: u64, count: u32) -> Answer<'a, Vec<Hash>> {
        let stream = stream.clone();
        self.blocking(move |shared| shared.hashes(&stream, level, from, count))
    }

    fn subtrees<'a>(&'a self, stream: &'a StreamId, wanted: Vec<Subtree>) -> Answer<'a, Vec<Hash>> {
        if let Some(kept) = self.shared.edges.find(stream, &wanted) {
            return Box::pin(std::future::ready(Ok(kept)));
        }
        let stream = stream.clone();
        self.blocking(move |shared| shared.subtrees(&stream, &wanted))
    }

    fn mend<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, ()> {
        let stream = stream.clone();
        self.blocking(move |shared| shared.rebuild_hashes(&stream))
    }

    fn redact<'a>(&'a self, stream: &'a StreamId, position: u64, bytes: Vec<u8>) -> Answer<'a, ()> {
        let stream = stream.clone();
        self.blocking(move |shared| shared.redact(&stream, &[(position, bytes)]))
    }

    fn redact_many<'a>(&'a self, stream: &'a StreamId, rows: Vec<(u64, Vec<u8>)>) -> Answer<'a, ()> {
        let stream = stream.clone();
        self.blocking(move |shared| shared.redact(&stream, &rows))
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, Digest> {
        self.blocking(move |shared| check_blob(&bytes).and_then(|()| shared.blobs.put(&bytes)))
    }

    fn get_blob<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Vec<u8>>> {
        let digest = *digest;
        self.blocking(move |shared| shared.blobs.get(&digest))
    }

    fn blobs(&self, after: Option<Digest>, limit: u32) -> Answer<'_, Vec<Digest>> {
        self.blocking(move |shared| {
            let kept = shared.blobs.list();
            let mut kept = kept.map_err(|error| unavailable("cannot list the blobs", &error))?;
            kept.sort_unstable();
            let from = after.map_or(0, |after| kept.partition_point(|digest| *digest <= after));
            let limit = limit.min(len32(ROWS_LIMIT));
            Ok(kept
                .into_iter()
                .skip(from)
                .take(crate::codec::index(limit.into()))
                .collect())
        })
    }

    fn row<'a>(&'a self, projection: &'a str, key: &'a [u8]) -> Answer<'a, Option<Vec<u8>>> {
        let (projection, key) = (projection.to_owned(), key.to_vec());
        self.blocking(move |shared| {
            check_projection(&projection)?;
            shared.projections.row(&projection, &key)
        })
    }

    fn scan<'a>(&'a self, projection: &'a str, from: &'a [u8], limit: u32) -> Answer<'a, Vec<ProjectionRow>> {
        let (projection, from) = (projection.to_owned(), from.to_vec());
        let limit = limit.min(len32(ROWS_LIMIT));
        self.blocking(move |shared| {
            check_projection(&projection)?;
            shared.projections.scan(&projection, &from, limit)
        })
    }

    fn rows_under<'a>(
        &'a self,
        projection: &'a str,
        beginnings: &'a [Vec<u8>],
        limit: u32,
    ) -> Answer<'a, Vec<Vec<ProjectionRow>>> {
        let (projection, beginnings) = (projection.to_owned(), beginnings.to_vec());
        self.blocking(move |shared| {
            check_projection(&projection)?;
            check_many_rows(beginnings.len().saturating_mul(crate::codec::index(limit.into())))?;
            let under = |beginning: &Vec<u8>| {
                let mut rows = shared.projections.scan(&projection, beginning, limit)?;
                rows.retain(|row| row.key.starts_with(beginning));
                Ok(rows)
            };
            beginnings.iter().map(under).collect()
        })
    }

    fn cursor<'a>(&'a self, projection: &'a str, stream: &'a StreamId) -> Answer<'a, u64> {
        let (projection, stream) = (projection.to_owned(), stream.clone());
        self.blocking(move |shared| {
            check_projection(&projection)?;
            shared.projections.cursor(&projection, &stream)
        })
    }

    fn cursors(&self) -> Answer<'_, Vec<Cursor>> {
        self.blocking(move |shared| shared.projections.cursors())
    }

    fn cursors_of<'a>(&'a self, projection: &'a str) -> Answer<'a, BTreeMap<StreamId, u64>> {
        let projection = projection.to_owned();
        self.blocking(move |shared| {
            check_projection(&projection)?;
            shared.projections.cursors_of(&projection)
        })
    }

    fn commit<'a>(
        &'a self,
        projection: &'a str,
        stream: &'a StreamId,
        expected: u64,
        next: u64,
        changes: Vec<Change>,
    ) -> Answer<'a, ()> {
        let (projection, stream) = (projection.to_owned(), stream.clone());
        self.blocking(move |shared| {
            check_projection(&projection)?;
            check_changes(expected, next, &changes)?;
            shared
                .projections
                .commit(&projection, &stream, expected, next, &changes)
        })
    }

    fn clear<'a>(&'a self, projection: &'a str) -> Answer<'a, ()> {
        let projection = projection.to_owned();
        self.blocking(move |shared| {
            check_projection(&projection)?;
            shared.projections.clear(&projection)
        })
    }
}
