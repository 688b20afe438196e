//! The writer of the log: one thread, a bounded queue, group commit. All waiting appends become one write and one
//! `fdatasync`; nobody is answered before it. A group that could not be written or synced is refused and cut off
//! again, durably, before anything else is written: what the disk holds of it is unknown, and what was synced before
//! it is not touched by it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::Shared;
use super::frame::{Body, HEAD_LIMIT, SEGMENT_HEADER, segment_header};
use super::hashes::Nodes;
use super::overlay::{Sealed, StreamState, Tree};
use crate::codec::len64;
use crate::contract::{Hash, Head, StoreError, StreamId};
use crate::disk::{DiskFile, Open, unavailable, write_all_at};
use crate::tree::Frontier;

/// Most bytes gathered into one group.
const GROUP_BYTES: usize = 32 * 1024 * 1024;
/// Appends of as many bytes are written from where they lie; smaller ones are gathered first.
const DIRECT: usize = 64 * 1024;

/// An append on its way.
pub(crate) struct Job {
    pub(crate) stream: StreamId,
    /// Rows the stream must hold; any number when there is none.
    pub(crate) expected: Option<u64>,
    pub(crate) body: Body,
    pub(crate) answer: oneshot::Sender<Result<Head, StoreError>>,
    /// Its share of the bytes that may wait.
    pub(crate) _share: OwnedSemaphorePermit,
}

/// Where the log ends and what each stream's tree is there.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    /// Base offset of the last segment and its file.
    pub(crate) segment: (u64, Arc<dyn DiskFile>),
    pub(crate) end: u64,
    pub(crate) streams: BTreeMap<StreamId, StreamState>,
    pub(crate) next_number: u32,
    /// Streams changed since the overlay was last sealed.
    pub(crate) touched: std::collections::BTreeSet<StreamId>,
    /// Takes sealed parts.
    pub(crate) follower: Box<dyn FnMut(Arc<Sealed>) + Send>,
    /// Whether bytes of a refused group may stand behind the log's end.
    pub(crate) doubtful: bool,
}

/// An append that has its place in the group.
struct Placed {
    job: Job,
    /// The frame's bytes before those of the rows.
    prefix: Vec<u8>,
    offset: u64,
    /// The stream's right edge before it.
    before: Frontier,
    first: u64,
    head: Head,
    nodes: Nodes,
}

/// What a group consists of.
#[derive(Default)]
struct Group {
    /// Bytes of its frames.
    length: u64,
    placed: Vec<Placed>,
    refused: Vec<(Job, StoreError)>,
    unchanged: Vec<(Job, Head)>,
    frontiers: BTreeMap<StreamId, Frontier>,
}

impl Writer {
    /// Works until the sending side is dropped, then hands the rest to the follower.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::new();
        let mut buffer = Vec::new();
        while let Some(job) = jobs.blocking_recv() {
            let mut bytes = job.body.bytes.len();
            waiting.push(job);
            while bytes < GROUP_BYTES {
                let Ok(job) = jobs.try_recv() else { break };
                bytes += job.body.bytes.len();
                waiting.push(job);
            }
            buffer = self.commit(waiting.drain(..), buffer);
        }
        self.seal();
    }

    /// Makes a group durable and answers it; gives the buffer back.
    pub(crate) fn commit(&mut self, jobs: impl Iterator<Item = Job>, mut buffer: Vec<u8>) -> Vec<u8> {
        let mut group = Group::default();
        let ready = self.shared.check_behind().and_then(|()| {
            self.take_back()
                .map_err(|error| unavailable("cannot take back a failed write to the log", &error))?;
            self.rotate()
                .map_err(|error| unavailable("cannot begin a log segment", &error))
        });
        for job in jobs {
            match &ready {
                Ok(()) => self.place(job, &mut group),
                Err(error) => group.refused.push((job, error.clone())),
            }
        }
        if !group.placed.is_empty() {
            match self.make_durable(&group, &mut buffer) {
                Ok(()) => self.publish(&mut group),
                Err(error) => {
                    let placed = std::mem::take(&mut group.placed);
                    group
                        .refused
                        .extend(placed.into_iter().map(|placed| (placed.job, error.clone())));
                    // They may have seen the size that the group would have led to.
                    let unchanged = std::mem::take(&mut group.unchanged);
                    group
                        .refused
                        .extend(unchanged.into_iter().map(|(job, _)| (job, error.clone())));
                }
            }
        }
        // Whoever no longer waits does not mind.
        for (job, error) in group.refused {
            let _ = job.answer.send(Err(error));
        }
        for (job, head) in group.unchanged {
            let _ = job.answer.send(Ok(head));
        }
        for placed in group.placed {
            let _ = placed.job.answer.send(Ok(placed.head));
        }
        let (rows, bytes) = self.shared.overlay.fill();
        if rows >= self.shared.options.part_rows || bytes >= self.shared.options.part_bytes {
            self.seal();
        }
        buffer
    }

    /// Gives a job its place behind those of the group, or refuses it.
    fn place(&self, job: Job, group: &mut Group) {
        let staged = group.frontiers.get(&job.stream);
        let mut frontier = match (staged, self.streams.get(&job.stream).map(|state| &state.tree)) {
            (Some(frontier), _) | (None, Some(Tree::Whole(frontier))) => frontier.clone(),
            (None, None) => Frontier::default(),
            (None, Some(Tree::Broken { .. })) => {
                let error =
                    StoreError::Corrupt(format!("stream {} has lost rows and takes no more", job.stream));
                return group.refused.push((job, error));
            }
        };
        let first = frontier.size();
        let before = frontier.clone();
        if let Some(expected) = job.expected.filter(|expected| *expected != first) {
            let error = StoreError::Conflict {
                expected,
                actual: first,
            };
            return group.refused.push((job, error));
        }
        if job.body.keys.is_empty() {
            let head = Head {
                size: first,
                root: frontier.root(),
            };
            return group.unchanged.push((job, head));
        }
        let nodes = Nodes::grow(&mut frontier, job.body.keys.iter().map(|(_, leaf)| *leaf));
        let root: Hash = frontier.root();
        let id = self.shared.segments.id();
        let offset = self.end + group.length;
        let mut prefix = Vec::with_capacity(HEAD_LIMIT);
        job.body
            .head(id, self.end, offset, &job.stream, first, &root, &mut prefix);
        group.length += len64(prefix.len() + job.body.bytes.len());
        let head = Head {
            size: frontier.size(),
            root,
        };
        group.frontiers.insert(job.stream.clone(), frontier);
        group.placed.push(Placed {
            job,
            prefix,
            offset,
            before,
            first,
            head,
            nodes,
        });
    }

    /// Writes the group behind the log and syncs it.
    fn make_durable(&mut self, group: &Group, buffer: &mut Vec<u8>) -> Result<(), StoreError> {
        let (_, file) = &self.segment;
        let written = self.write(group, buffer);
        let written = written.map_err(|error| unavailable("cannot write the log", &error));
        let synced = written.and_then(|()| {
            file.sync()
                .map_err(|error| unavailable("cannot sync the log", &error))
        });
        if let Err(error) = synced {
            self.doubtful = true;
            // Tried again before anything else is written.
            if let Err(error) = self.take_back() {
                tracing::error!(%error, "a failed write to the log cannot be taken back yet");
            }
            return Err(error);
        }
        self.end += group.length;
        Ok(())
    }

    /// Writes the frames of a group; small ones together.
    fn write(&self, group: &Group, buffer: &mut Vec<u8>) -> io::Result<()> {
        let (base, file) = &self.segment;
        let mut at = self.end - base;
        let mut put = |bytes: &[u8]| {
            let written = write_all_at(&**file, bytes, at);
            at += len64(bytes.len());
            written
        };
        buffer.clear();
        for placed in &group.placed {
            let rows = &placed.job.body.bytes;
            buffer.extend(&placed.prefix);
            if rows.len() < DIRECT && buffer.len() < GROUP_BYTES {
                buffer.extend(rows);
            } else {
                put(buffer)?;
                buffer.clear();
                put(rows)?;
            }
        }
        put(buffer)
    }

    /// Cuts off what a refused group may have left behind the log's end, durably.
    fn take_back(&mut self) -> io::Result<()> {
        if self.doubtful {
            let (base, file) = &self.segment;
            file.set_length(self.end - base)?;
            file.sync()?;
            self.doubtful = false;
        }
        Ok(())
    }

    /// Makes a durable group visible.
    fn publish(&mut self, group: &mut Group) {
        for (id, frontier) in std::mem::take(&mut group.frontiers) {
            let next = &mut self.next_number;
            let state = self.streams.entry(id.clone()).or_insert_with(|| {
                *next += 1;
                StreamState {
                    number: *next - 1,
                    id: id.clone(),
                    tree: Tree::Whole(Frontier::default()),
                }
            });
            state.tree = Tree::Whole(frontier);
            self.touched.insert(id);
        }
        let mut heads = Vec::with_capacity(group.placed.len());
        for placed in &mut group.placed {
            let stream = &placed.job.stream;
            let Some(state) = self.streams.get(stream) else {
                continue;
            };
            if let Err(error) = self.shared.hashes.write(stream, &placed.nodes) {
                tracing::error!(%error, %stream, "a hash file could not be written");
                self.shared.unsettle(stream);
            }
            let keys = placed.job.body.keys.iter().map(|(key, _)| *key);
            let length = len64(placed.job.body.bytes.len());
            self.shared
                .overlay
                .add(state.number, placed.first, placed.offset, length, keys);
            self.shared.edges.keep(stream, std::mem::take(&mut placed.before));
            heads.push((stream.clone(), state.number, placed.head));
        }
        self.shared.heads.publish(self.end, heads.into_iter());
    }

    /// Begins a new segment when the last one is full.
    fn rotate(&mut self) -> io::Result<()> {
        if self.end - self.segment.0 < self.shared.options.segment_bytes {
            return Ok(());
        }
        self.segment = create_segment(&self.shared.segments, self.end)?;
        self.end += SEGMENT_HEADER;
        Ok(())
    }

    /// Hands the overlay's growing part to the follower; waits while the follower is far behind.
    pub(crate) fn seal(&mut self) {
        let (rows, _) = self.shared.overlay.fill();
        if rows == 0 && self.touched.is_empty() {
            return;
        }
        let touched = std::mem::take(&mut self.touched);
        let states = touched
            .iter()
            .filter_map(|id| self.streams.get(id).cloned())
            .collect();
        let sealed = self.shared.overlay.seal(self.end, states);
        (self.follower)(sealed);
    }
}

/// A new durable segment file that begins at `base`.
pub(crate) fn create_segment(
    segments: &super::segments::Segments,
    base: u64,
) -> io::Result<(u64, Arc<dyn DiskFile>)> {
    let disk = segments.disk();
    let file = disk.open(&segments.path(base), Open::Empty)?;
    write_all_at(&*file, &segment_header(segments.id(), base), 0)?;
    file.sync()?;
    disk.sync_folder(segments.folder())?;
    segments.add(base, Arc::clone(&file));
    Ok((base, file))
}
