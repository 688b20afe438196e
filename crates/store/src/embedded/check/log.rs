//! The log held against its checksums, its leaves and its heads, and what is derived from a frame against the frame.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::super::frame::{Entry, FrameHead, SEGMENT_HEADER, read_segment_header};
use super::super::hashes::Nodes;
use super::super::recovery::{Found, find, next_frame};
use super::Check;
use crate::check::Finding;
use crate::codec::{index, len64};
use crate::contract::{Head, StoreError, StoredRow, StreamId};
use crate::disk::{DiskFile, unavailable};
use crate::leaves::has_leaf;
use crate::tree::Frontier;
use crate::window::Window;

/// Bytes of log between two words of progress.
const PROGRESS: u64 = 8 * 1024 * 1024;

/// How far a stream has been followed.
#[derive(Default)]
struct Followed {
    /// The position after its last frame.
    next: u64,
    /// The right edge of its tree; `None` once it is known to lead nowhere.
    tree: Option<Frontier>,
}

/// The log, walked from its beginning.
pub(super) struct LogCheck<'a, 'b> {
    check: &'a mut Check<'b>,
    end: u64,
    heads: &'a BTreeMap<StreamId, (u32, Head)>,
    streams: BTreeMap<StreamId, Followed>,
    told_at: u64,
}

impl<'a, 'b> LogCheck<'a, 'b> {
    /// Up to `end`, where the streams have these numbers and heads.
    pub(super) fn new(
        check: &'a mut Check<'b>,
        end: u64,
        heads: &'a BTreeMap<StreamId, (u32, Head)>,
    ) -> Self {
        Self {
            check,
            end,
            heads,
            streams: BTreeMap::new(),
            told_at: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<(), StoreError> {
        let mut met = 0;
        for (base, file) in self.check.shared.segments.list() {
            if base >= self.end {
                break;
            }
            if base != met {
                let finding = Finding::of("VN-STO-001", name(base), "the segments of the log do not meet");
                self.check.telling.find(finding.at(0).lost())?;
            }
            met = self.segment(base, &*file)?;
        }
        if met < self.end {
            let finding = Finding::of("VN-STO-001", "log".to_owned(), "the log ends before its heads");
            self.check.telling.find(finding.lost())?;
        }
        self.check.telling.summary.log_bytes = self.end;
        self.check.telling.progress("log", self.end, self.end)?;
        self.judge()
    }

    /// Walks one segment; answers where it ends.
    fn segment(&mut self, base: u64, file: &dyn DiskFile) -> Result<u64, StoreError> {
        let failed = |error| unavailable("cannot read the log", &error);
        let id = *self.check.shared.segments.id();
        let mut window = Window::new(file).map_err(failed)?;
        let whole = base + window.length();
        let end = whole.min(self.end);
        let header = window.get(0, index(SEGMENT_HEADER)).map_err(failed)?;
        if read_segment_header(header) != Some((id, base)) {
            let finding = Finding::of("VN-STO-001", name(base), "the segment's header cannot be read");
            self.check.telling.find(finding.at(0))?;
        }
        let mut at = base + SEGMENT_HEADER;
        while at < end {
            if let Found::Frame(head, entries) = find(&mut window, &id, base, at).map_err(failed)? {
                self.frame(base, at, &head, &entries, &mut window)?;
                at += len64(head.length);
                self.tell(at)?;
                continue;
            }
            if let Some(length) = self.sound_now(at)? {
                // A row was written over while it was read.
                window.forget();
                let Found::Frame(head, entries) = find(&mut window, &id, base, at).map_err(failed)? else {
                    at += len64(length);
                    continue;
                };
                self.frame(base, at, &head, &entries, &mut window)?;
                at += len64(head.length);
                continue;
            }
            let until = next_frame(&mut window, &id, base, at + 1).map_err(failed)?;
            let until = until.unwrap_or(whole).min(end);
            let what = match find(&mut window, &id, base, at).map_err(failed)? {
                Found::Head(head) => format!(
                    "{} bytes of rows {} to {} of stream {} fail their checksums",
                    until - at,
                    head.first,
                    head.end(),
                    head.stream
                ),
                _ => format!("{} bytes are no frame", until - at),
            };
            let finding = Finding::of("VN-STO-001", name(base), what);
            self.check.telling.find(finding.at(at - base).lost())?;
            at = until;
            self.tell(at)?;
        }
        Ok(whole)
    }

    /// Reads a frame past any window, while nobody writes over a row: its length when all of it is sound.
    fn sound_now(&self, offset: u64) -> Result<Option<usize>, StoreError> {
        let shared = self.check.shared;
        let _unchanged = shared.redacting.read().unwrap_or_else(PoisonError::into_inner);
        shared.segments.forget_tables();
        let Ok(frame) = shared.segments.frame(offset) else {
            return Ok(None);
        };
        match frame.rows(frame.head().first, usize::MAX, usize::MAX) {
            Ok(rows) if len64(rows.len()) == u64::from(frame.head().count) => Ok(Some(frame.head().length)),
            Err(error @ StoreError::Unavailable(_)) => Err(error),
            _ => Ok(None),
        }
    }

    fn tell(&mut self, at: u64) -> Result<(), StoreError> {
        if at - self.told_at >= PROGRESS {
            self.told_at = at;
            self.check.telling.progress("log", at.min(self.end), self.end)?;
        }
        Ok(())
    }

    /// A sound frame: its place in the stream, its leaves, and what is derived from it.
    fn frame(
        &mut self,
        base: u64,
        at: u64,
        head: &FrameHead,
        entries: &[Entry],
        window: &mut Window<'_>,
    ) -> Result<(), StoreError> {
        self.check.telling.summary.frames += 1;
        let stream = &head.stream;
        let followed = self.streams.entry(stream.clone()).or_insert_with(|| Followed {
            next: 0,
            tree: Some(Frontier::default()),
        });
        if head.first != followed.next {
            let what = format!(
                "rows {} to {} of stream {stream} stand here, where row {} was to follow",
                head.first,
                head.end(),
                followed.next
            );
            let twice = head.first < followed.next;
            let mut finding = Finding::of("VN-STO-002", name(base), what).at(at - base);
            finding = finding.row(stream, head.first);
            finding.lost = !twice;
            self.check.telling.find(finding)?;
            if twice {
                return Ok(());
            }
            followed.tree = None;
        }
        followed.next = head.end();
        self.check.telling.summary.rows += u64::from(head.count);
        if let Some(tree) = &mut followed.tree {
            let nodes = Nodes::grow(tree, entries.iter().map(|entry| entry.leaf));
            if tree.root() == head.root {
                self.check.hash_files(stream, &nodes)?;
            } else {
                followed.tree = None;
                let what = format!("the leaves of stream {stream} do not lead to the root after these rows");
                let finding = Finding::of("VN-STO-003", name(base), what).at(at - base);
                self.check.telling.find(finding.row(stream, head.first).lost())?;
            }
        }
        self.leaves(base, at, head, entries, window)?;
        if let Some((number, _)) = self.heads.get(stream) {
            self.check.places(*number, at, head, entries)?;
        }
        Ok(())
    }

    /// Rows have the leaves that stand beside them.
    fn leaves(
        &mut self,
        base: u64,
        at: u64,
        head: &FrameHead,
        entries: &[Entry],
        window: &mut Window<'_>,
    ) -> Result<(), StoreError> {
        let failed = |error| unavailable("cannot read the log", &error);
        let frame = window.get(at - base, head.length).map_err(failed)?;
        let data = frame.get(head.data_start()..).unwrap_or_default();
        let mut start = 0;
        let mut wrong = Vec::new();
        for (position, entry) in (head.first..).zip(entries) {
            let end = index(entry.end.into());
            let bytes = data.get(start..end).unwrap_or_default();
            if !has_leaf(&head.stream, bytes, &entry.leaf) {
                wrong.push((position, start));
            }
            start = end;
        }
        for (position, start) in wrong {
            let what = format!("row {position} of stream {} does not have its leaf", head.stream);
            let place = at - base + len64(head.data_start() + start);
            let finding = Finding::of("VN-STO-004", name(base), what).at(place);
            self.check
                .telling
                .find(finding.row(&head.stream, position).lost())?;
        }
        Ok(())
    }

    /// The streams end where their heads say, under the roots their heads state.
    fn judge(self) -> Result<(), StoreError> {
        for (stream, (_, head)) in self.heads {
            let followed = self.streams.get(stream);
            let size = followed.map_or(0, |followed| followed.next);
            let log = || "log".to_owned();
            if size != head.size {
                let what = format!(
                    "stream {stream} has {size} rows in the log, its head says {}",
                    head.size
                );
                let finding = Finding::of("VN-STO-002", log(), what).row(stream, size);
                self.check.telling.find(finding.lost())?;
                continue;
            }
            let root = followed
                .and_then(|followed| followed.tree.as_ref())
                .map(Frontier::root);
            if root.is_some_and(|root| root != head.root) {
                let what = format!("the leaves of stream {stream} do not lead to its head");
                let finding = Finding::of("VN-STO-003", log(), what).row(stream, size);
                self.check.telling.find(finding.lost())?;
            }
        }
        Ok(())
    }
}

/// Name of a segment from the folder of the store.
fn name(base: u64) -> String {
    format!("log/{base:020}.log")
}

/// The row that a position holds now.
pub(super) fn row_at(check: &Check<'_>, stream: &StreamId, position: u64) -> Option<StoredRow> {
    check.shared.read(stream, position, 1).ok()?.pop()
}
