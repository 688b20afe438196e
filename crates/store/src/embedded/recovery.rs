//! What happens when a log is opened: replay from the checkpoint, set an unfinished last group aside, and tell
//! damage from a torn end. Bytes before a group that was begun later were acknowledged: they are never cut off,
//! only reported and not served.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::{
    Entry, FrameHead, HEAD_LIMIT, LogId, MARKER, SEGMENT_HEADER, read_frame, read_segment_header,
};
use super::hashes::Nodes;
use super::log::{Writer, create_segment};
use super::overlay::{StreamState, Tree};
use super::segments::Segments;
use crate::codec::{index, len64};
use crate::contract::{Head, StoreError, StreamId};
use crate::disk::{Disk, DiskFile, Open, create_folder, put_file, read_up_to, unavailable, write_all_at};
use crate::tree::Frontier;
use crate::window::Window;

/// Bytes looked at together when searching for the next sound frame.
const SEARCH: usize = 256 * 1024;

/// How names of what is set aside of the log's end begin.
const TAIL: &str = "log-tail-";
/// Ends of the log that are kept for people to look at.
pub(crate) const TAILS_KEPT: usize = 4;

/// Something found wrong when the store was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where: a file, a range of the log, a stream.
    pub place: String,
    /// What was found and what was done.
    pub what: String,
    /// Whether acknowledged rows cannot be read any more.
    pub lost: bool,
}

/// Opens every segment file of a folder.
pub(crate) fn open_segments(segments: &Segments) -> io::Result<()> {
    for path in segments.disk().list(segments.folder())? {
        let base = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.parse().ok());
        let (Some(base), true) = (base, path.extension().is_some_and(|extension| extension == "log")) else {
            continue;
        };
        segments.add(base, segments.disk().open(&path, Open::Existing)?);
    }
    Ok(())
}

/// The id in the first readable segment header of a folder, and how many files it has.
pub(crate) fn find_log_id(disk: &dyn Disk, folder: &std::path::Path) -> io::Result<(Option<LogId>, usize)> {
    let mut found = None;
    let mut files = 0;
    for path in disk.list(folder)? {
        files += 1;
        if found.is_none() {
            let header = read_up_to(&*disk.open(&path, Open::Existing)?, 0, index(SEGMENT_HEADER))?;
            found = read_segment_header(&header).map(|(id, _)| id);
        }
    }
    Ok((found, files))
}

/// Offset behind the last byte of the log.
pub(crate) fn log_end(segments: &Segments) -> io::Result<u64> {
    match segments.list().last() {
        Some((base, file)) => Ok(base + file.length()?),
        None => Ok(0),
    }
}

/// Replays the log into a writer that stands at the checkpoint.
pub(crate) struct Replay<'a> {
    writer: &'a mut Writer,
    damage: Vec<Damage>,
    /// Leaves each stream's hash file held before: what was once acknowledged.
    witness: BTreeMap<StreamId, u64>,
    /// Streams whose last rows may lie in bytes that cannot be read.
    doubt: BTreeSet<StreamId>,
}

/// What stands at an offset of the log.
pub(crate) enum Found {
    Frame(FrameHead, Vec<Entry>),
    /// The head can be read, the rest not.
    Head(FrameHead),
    Nothing,
}

impl<'a> Replay<'a> {
    /// `known` are sizes of streams that an earlier index vouched for.
    pub(crate) fn new(writer: &'a mut Writer, known: Vec<(StreamId, u64)>) -> Self {
        let mut replay = Self {
            writer,
            damage: Vec::new(),
            witness: BTreeMap::new(),
            doubt: BTreeSet::new(),
        };
        let streams: Vec<_> = replay.writer.streams.keys().cloned().collect();
        for stream in streams {
            replay.watch(&stream);
        }
        for (stream, size) in known {
            let held = replay.watch(&stream);
            replay.witness.insert(stream, held.max(size));
        }
        replay
    }

    /// Runs through the segments from `from` on; the writer stands at the log's end afterwards.
    pub(crate) fn run(mut self, from: u64) -> Result<Vec<Damage>, StoreError> {
        let failed = |error: io::Error| unavailable("cannot read the log", &error);
        let segments = self.writer.shared.segments.list();
        self.check_chain(&segments).map_err(failed)?;
        self.harden(from).map_err(failed)?;
        for (place, (base, file)) in segments.iter().enumerate() {
            let next = segments.get(place + 1).map(|(base, _)| *base);
            if next.is_some_and(|next| next <= from) {
                continue;
            }
            let end = self
                .segment(*base, &**file, from, next.is_none())
                .map_err(failed)?;
            self.writer.segment = (*base, Arc::clone(file));
            self.writer.end = end;
        }
        if self.writer.end < self.writer.segment.0 + SEGMENT_HEADER {
            let (base, _) = self.writer.segment;
            self.writer.segment = create_segment(&self.writer.shared.segments, base).map_err(failed)?;
            self.writer.end = base + SEGMENT_HEADER;
        }
        self.judge().map_err(failed)?;
        Ok(self.damage)
    }

    /// Makes durable what is about to be served: the last group may be known to the machine's memory alone, when a
    /// process was stopped before it was synced or its sync failed. It is written again, for a sync that failed once
    /// does not tell again what it left out.
    fn harden(&self, from: u64) -> io::Result<()> {
        let id = *self.writer.shared.segments.id();
        let segments = self.writer.shared.segments.list();
        let Some((base, file)) = segments.last() else {
            return Ok(());
        };
        let mut window = Window::new(&**file)?;
        let end = base + window.length();
        let mut at = from.max(base + SEGMENT_HEADER);
        let mut last = at;
        while at < end {
            let head = window.get(at - base, HEAD_LIMIT)?;
            let Some(head) = FrameHead::read(&id, at, head) else {
                break;
            };
            last = head.group.clamp(last, at);
            at += len64(head.length);
        }
        while last < end {
            let bytes = window.get(last - base, SEARCH)?;
            write_all_at(&**file, bytes, last - base)?;
            last += len64(bytes.len()).max(1);
        }
        file.sync()
    }

    fn report(&mut self, place: String, what: String, lost: bool) {
        self.damage.push(Damage { place, what, lost });
    }

    /// Every segment begins where the one before ends.
    fn check_chain(&mut self, segments: &[(u64, Arc<dyn DiskFile>)]) -> io::Result<()> {
        let mut end = 0;
        for (base, file) in segments {
            if *base != end {
                let (low, high) = (end.min(*base), end.max(*base));
                self.report(
                    range(low, high),
                    "the segments of the log do not meet".to_owned(),
                    true,
                );
                self.doubt_all();
            }
            end = base + file.length()?;
        }
        Ok(())
    }

    /// Replays one segment; answers where its sound bytes end.
    fn segment(&mut self, base: u64, file: &dyn DiskFile, from: u64, last: bool) -> io::Result<u64> {
        let id = *self.writer.shared.segments.id();
        let mut window = Window::new(file)?;
        let end = base + window.length();
        let header = read_segment_header(window.get(0, index(SEGMENT_HEADER))?);
        let mut at = from.max(base + SEGMENT_HEADER);
        if header != Some((id, base)) {
            if last && window.length() <= SEGMENT_HEADER {
                // Its creation was never finished.
                return Ok(base);
            }
            self.report(
                range(base, base + SEGMENT_HEADER),
                "a segment header cannot be read".to_owned(),
                false,
            );
        }
        while at < end {
            let bad = match find(&mut window, &id, base, at)? {
                Found::Frame(head, entries) => {
                    let next = at + len64(head.length);
                    self.apply(at, &head, &entries)?;
                    at = next;
                    continue;
                }
                Found::Head(head) => Some(head),
                Found::Nothing => None,
            };
            let search = at + bad.as_ref().map_or(1, |head| len64(head.length));
            let next = self.next_frame(&mut window, base, search)?;
            if last && !self.is_proven(&mut window, base, at, next)? {
                self.set_aside(file, &mut window, base, at)?;
                return Ok(at);
            }
            let until = next.unwrap_or(end);
            match bad {
                Some(head) => {
                    let rows = format!(
                        "rows {} to {} of stream {} cannot be read",
                        head.first,
                        head.end(),
                        head.stream
                    );
                    self.report(range(at, until), rows, true);
                    self.doubt.insert(head.stream);
                }
                None => {
                    self.report(
                        range(at, until),
                        "bytes that are no frame; they are not served".to_owned(),
                        true,
                    );
                    self.doubt_all();
                }
            }
            at = until;
        }
        Ok(end)
    }

    fn next_frame(&self, window: &mut Window<'_>, base: u64, from: u64) -> io::Result<Option<u64>> {
        next_frame(window, self.writer.shared.segments.id(), base, from)
    }

    /// Whether a sound frame of a group begun after `at` follows: then what stands at `at` was acknowledged.
    fn is_proven(
        &self,
        window: &mut Window<'_>,
        base: u64,
        at: u64,
        mut next: Option<u64>,
    ) -> io::Result<bool> {
        let id = *self.writer.shared.segments.id();
        while let Some(offset) = next {
            let Found::Frame(head, _) = find(window, &id, base, offset)? else {
                return Ok(false);
            };
            if head.group > at {
                return Ok(true);
            }
            next = self.next_frame(window, base, offset + len64(head.length))?;
        }
        Ok(false)
    }

    /// Copies the unfinished end of the log beside it and cuts it off.
    fn set_aside(
        &mut self,
        file: &dyn DiskFile,
        window: &mut Window<'_>,
        base: u64,
        at: u64,
    ) -> io::Result<()> {
        let length = index(base + window.length() - at);
        let bytes = window.get(at - base, length)?;
        if bytes.iter().any(|byte| *byte != 0) {
            let folder = self.writer.shared.folder.join("quarantine");
            let disk = &*self.writer.shared.disk;
            create_folder(disk, &folder)?;
            put_file(disk, &folder.join(format!("{TAIL}{at:020}")), bytes, 0o600)?;
            if let Err(error) = forget_tails(disk, &self.writer.shared.folder, TAILS_KEPT) {
                tracing::warn!(%error, "what was set aside earlier of the log's end cannot be removed");
            }
            let what = format!("an unfinished group of {length} bytes at the log's end was set aside");
            self.report(range(at, at + len64(length)), what, false);
        }
        file.set_length(at - base)?;
        file.sync()
    }

    fn doubt_all(&mut self) {
        self.doubt.extend(self.writer.streams.keys().cloned());
    }

    /// Notes how many leaves a stream's hash file held before it is written again.
    fn watch(&mut self, stream: &StreamId) -> u64 {
        if let Some(held) = self.witness.get(stream) {
            return *held;
        }
        let held = self.writer.shared.hashes.count(stream, 0).unwrap_or(0);
        self.witness.insert(stream.clone(), held);
        held
    }

    /// Takes a sound frame in.
    fn apply(&mut self, offset: u64, head: &FrameHead, entries: &[Entry]) -> io::Result<()> {
        self.watch(&head.stream);
        let (number, mut tree) = match self.writer.streams.get(&head.stream) {
            Some(state) => (state.number, state.tree.clone()),
            None => {
                self.writer.next_number += 1;
                (self.writer.next_number - 1, Tree::Whole(Frontier::default()))
            }
        };
        if head.first < tree.size() {
            let place = range(offset, offset + len64(head.length));
            self.report(
                place,
                format!("stream {} has these rows already", head.stream),
                false,
            );
            return Ok(());
        }
        let gap = head.first > tree.size();
        if gap {
            let what = format!("rows {} to {} cannot be read", tree.size(), head.first);
            self.report(format!("stream {}", head.stream), what, true);
        }
        self.doubt.remove(&head.stream);
        let shared = Arc::clone(&self.writer.shared);
        let mut grown = None;
        if let Tree::Whole(frontier) = &mut tree {
            let size = frontier.size();
            let between = shared
                .hashes
                .read(&head.stream, head.first, 0, size, head.first - size);
            let between = if gap {
                between.unwrap_or_default()
            } else {
                Vec::new()
            };
            let leaves = between.into_iter().chain(entries.iter().map(|entry| entry.leaf));
            let nodes = Nodes::grow(frontier, leaves);
            grown = (frontier.root() == head.root && frontier.size() == head.end()).then_some(nodes);
        }
        match grown {
            Some(nodes) => shared.hashes.write(&head.stream, &nodes)?,
            None => {
                if matches!(tree, Tree::Whole(_)) {
                    let what =
                        "leaves are missing: its tree cannot be continued, it takes no more rows".to_owned();
                    self.report(format!("stream {}", head.stream), what, true);
                }
                tree = Tree::Broken {
                    size: head.end(),
                    root: head.root,
                };
            }
        }
        shared.overlay.add(
            number,
            head.first,
            offset,
            len64(head.length),
            entries.iter().map(|entry| entry.key),
        );
        let state = StreamState {
            number,
            id: head.stream.clone(),
            tree,
        };
        self.writer.streams.insert(head.stream.clone(), state);
        self.writer.touched.insert(head.stream.clone());
        let (rows, bytes) = shared.overlay.fill();
        if rows >= shared.options.part_rows || bytes >= shared.options.part_bytes {
            self.writer.end = offset + len64(head.length);
            self.writer.seal();
        }
        Ok(())
    }

    /// Breaks the streams that have lost acknowledged rows at their end, and makes the heads visible.
    fn judge(&mut self) -> io::Result<()> {
        let disk = Arc::clone(&self.writer.shared.disk);
        for path in disk.list(self.writer.shared.hashes.folder())? {
            let stream = path
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.strip_suffix(".0"))
                .map(|name| name.replace('+', "/"));
            if let Some(stream) = stream.and_then(|name| StreamId::new(&name).ok()) {
                self.watch(&stream);
            }
        }
        for (stream, held) in std::mem::take(&mut self.witness) {
            let state = self.writer.streams.get(&stream).cloned();
            let size = state.as_ref().map_or(0, |state| state.tree.size());
            let doubtful = self.doubt.contains(&stream) && held < size;
            let broken = matches!(
                state,
                Some(StreamState {
                    tree: Tree::Broken { .. },
                    ..
                })
            );
            if broken || (held <= size && !doubtful) {
                continue;
            }
            let what = if held > size {
                format!("rows {size} to {held} were acknowledged and are gone; it takes no more rows")
            } else {
                format!("rows after {size} may be gone; it takes no more rows")
            };
            self.report(format!("stream {stream}"), what, true);
            let root = state
                .as_ref()
                .map_or_else(crate::tree::empty_root, |state| state.tree.root());
            let number = state.map(|state| state.number).unwrap_or_else(|| {
                self.writer.next_number += 1;
                self.writer.next_number - 1
            });
            let state = StreamState {
                number,
                id: stream.clone(),
                tree: Tree::Broken { size, root },
            };
            self.writer.streams.insert(stream.clone(), state);
            self.writer.touched.insert(stream);
        }
        let heads = self.writer.streams.values().map(|state| {
            let head = Head {
                size: state.tree.size(),
                root: state.tree.root(),
            };
            (state.id.clone(), state.number, head)
        });
        self.writer.shared.heads.publish(self.writer.end, heads);
        Ok(())
    }
}

/// Removes what was set aside of the log's end, which was never acknowledged, but for the newest so many; durably.
pub(crate) fn forget_tails(disk: &dyn Disk, store: &Path, but: usize) -> io::Result<()> {
    let folder = store.join("quarantine");
    if !disk.is_folder(&folder) {
        return Ok(());
    }
    let is_tail = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(TAIL))
    };
    // Their names tell their places in the log.
    let mut tails: Vec<_> = disk.list(&folder)?.into_iter().filter(is_tail).collect();
    tails.truncate(tails.len().saturating_sub(but));
    tails.iter().try_for_each(|tail| disk.remove(tail))?;
    disk.sync_folder(&folder)
}

/// Reads and checks what stands at an offset.
pub(crate) fn find(window: &mut Window<'_>, id: &LogId, base: u64, at: u64) -> io::Result<Found> {
    let Some(head) = FrameHead::read(id, at, window.get(at - base, HEAD_LIMIT)?) else {
        return Ok(Found::Nothing);
    };
    let frame = window.get(at - base, head.length)?;
    Ok(match read_frame(&head, frame) {
        Some(entries) => Found::Frame(head, entries),
        None => Found::Head(head),
    })
}

/// Offset of the next sound frame at or after `from`.
pub(crate) fn next_frame(
    window: &mut Window<'_>,
    id: &LogId,
    base: u64,
    from: u64,
) -> io::Result<Option<u64>> {
    let end = base + window.length();
    let mut at = from;
    while at < end {
        let bytes = window.get(at - base, SEARCH)?;
        let Some(skip) = bytes.windows(MARKER.len()).position(|four| *four == MARKER) else {
            let step = bytes.len().saturating_sub(MARKER.len() - 1).max(1);
            at += len64(step);
            continue;
        };
        at += len64(skip);
        if matches!(find(window, id, base, at)?, Found::Frame(..)) {
            return Ok(Some(at));
        }
        at += 1;
    }
    Ok(None)
}

fn range(from: u64, until: u64) -> String {
    format!("log bytes {from} to {until}")
}
