//! Rows that came to the streams lately, for those who follow them: several do, one after the other, and none of them asks
//! the database for what was appended or read here a moment ago. It holds for one taking of the background work only:
//! nobody else erases while that lasts, and what this store erases itself is forgotten here first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lease::Taking;
use crate::contract::{BATCH_LIMIT, ROWS_LIMIT, Row, StoredRow, StreamId};

/// Most bytes of rows that are kept.
const KEPT_MAX: usize = BATCH_LIMIT;
/// What a row takes beside its bytes.
const BESIDE: usize = std::mem::size_of::<StoredRow>();
/// Bytes after which an answer ends.
const ANSWER_MAX: usize = BATCH_LIMIT / 8;

/// What is kept.
#[derive(Default)]
pub(super) struct Lately(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// For which taking.
    under: Option<Taking>,
    /// How often anything was forgotten.
    forgotten: u64,
    /// Rows of each stream without gaps, by the position of the first of them.
    streams: HashMap<StreamId, BTreeMap<u64, Arc<Vec<StoredRow>>>>,
    /// In the order in which they came.
    order: VecDeque<(StreamId, u64)>,
    bytes: usize,
}

/// A moment: what is appended or read after it may be kept, unless anything is forgotten meanwhile.
pub(super) struct Moment {
    under: Taking,
    forgotten: u64,
}

impl Lately {
    /// The moment before something is appended or read under a taking.
    pub(super) fn moment(&self, under: Taking) -> Moment {
        Moment {
            under,
            forgotten: self.held().forgotten,
        }
    }

    /// Keeps rows that were appended behind the first `first` ones of a stream, and are durable.
    pub(super) fn appended(&self, moment: Moment, stream: &StreamId, first: u64, rows: Vec<Row>) {
        let rows = (first..).zip(rows).map(|(position, row)| StoredRow {
            position,
            key: row.key,
            leaf: row.leaf,
            bytes: row.bytes,
        });
        self.keep(moment, stream, rows.collect());
    }

    /// Keeps rows without gaps.
    pub(super) fn keep(&self, moment: Moment, stream: &StreamId, rows: Vec<StoredRow>) {
        let Some(first) = rows.first().map(|row| row.position) else {
            return;
        };
        let mut kept = self.held();
        if kept.forgotten != moment.forgotten {
            return;
        }
        if kept.under.as_ref() != Some(&moment.under) {
            kept.clear();
            kept.under = Some(moment.under);
        }
        kept.bytes += size(&rows);
        let of_stream = kept.streams.entry(stream.clone()).or_default();
        match of_stream.insert(first, Arc::new(rows)) {
            Some(former) => kept.bytes = kept.bytes.saturating_sub(size(&former)),
            None => kept.order.push_back((stream.clone(), first)),
        }
        while kept.bytes > KEPT_MAX {
            let Some((stream, first)) = kept.order.pop_front() else {
                break;
            };
            kept.let_go(&stream, first);
        }
    }

    /// Rows of a stream from a position on, at most `limit`; none unless the first of them is kept for that taking.
    pub(super) fn read(
        &self,
        under: &Taking,
        stream: &StreamId,
        from: u64,
        limit: u32,
    ) -> Option<Vec<StoredRow>> {
        let limit = usize::try_from(limit).unwrap_or(ROWS_LIMIT).min(ROWS_LIMIT);
        let pieces = self.pieces(under, stream, from, limit);
        let (mut found, mut bytes) = (Vec::new(), 0);
        let rows = pieces.iter().flat_map(|piece| piece.iter());
        for row in rows.skip_while(|row| row.position < from).take(limit) {
            bytes += row.bytes.len();
            found.push(row.clone());
            if bytes > ANSWER_MAX {
                break;
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// The rows that begin at or before a position and go on behind it without a gap, so many at least if there are.
    fn pieces(&self, under: &Taking, stream: &StreamId, from: u64, limit: usize) -> Vec<Arc<Vec<StoredRow>>> {
        let kept = self.held();
        let mut pieces: Vec<Arc<Vec<StoredRow>>> = Vec::new();
        if kept.under.as_ref() != Some(under) {
            return pieces;
        }
        let Some(of_stream) = kept.streams.get(stream) else {
            return pieces;
        };
        let begin = of_stream.range(..=from).next_back();
        let (mut next, mut rows) = (begin.map(|(first, _)| *first), 0);
        while let Some(piece) = next.filter(|_| rows < limit).and_then(|at| of_stream.get(&at)) {
            let end = piece.last().map(|row| row.position.saturating_add(1));
            rows += end.map_or(0, |end| {
                usize::try_from(end.saturating_sub(from)).unwrap_or(ROWS_LIMIT)
            });
            pieces.push(Arc::clone(piece));
            next = end;
        }
        pieces
    }

    /// Forgets everything, and what is appended or read at this moment.
    pub(super) fn forget(&self) {
        let mut kept = self.held();
        kept.clear();
        kept.forgotten = kept.forgotten.wrapping_add(1);
    }

    fn held(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn clear(&mut self) {
        self.streams.clear();
        self.order.clear();
        self.bytes = 0;
        self.under = None;
    }

    fn let_go(&mut self, stream: &StreamId, first: u64) {
        let Some(of_stream) = self.streams.get_mut(stream) else {
            return;
        };
        if let Some(rows) = of_stream.remove(&first) {
            self.bytes = self.bytes.saturating_sub(size(&rows));
        }
        if of_stream.is_empty() {
            self.streams.remove(stream);
        }
    }
}

fn size(rows: &[StoredRow]) -> usize {
    rows.iter().map(|row| row.bytes.len() + BESIDE).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::suite::sample_rows;

    fn taking(fence: i64) -> Taking {
        Taking {
            name: "work".to_owned(),
            holder: "one".to_owned(),
            fence,
        }
    }

    fn positions(rows: Option<Vec<StoredRow>>) -> Vec<u64> {
        rows.unwrap_or_default().iter().map(|row| row.position).collect()
    }

    #[test]
    fn rows_go_on_over_appends_and_end_at_a_gap() {
        let (lately, one) = (Lately::default(), StreamId::new("lately/one").unwrap());
        for first in [5, 8, 20] {
            lately.appended(lately.moment(taking(1)), &one, first, sample_rows(first, 3));
        }
        let read = |from, limit| positions(lately.read(&taking(1), &one, from, limit));
        assert_eq!(read(5, 100), [5, 6, 7, 8, 9, 10]);
        assert_eq!(read(6, 3), [6, 7, 8]);
        assert_eq!(read(10, 100), [10]);
        assert!(read(4, 100).is_empty() && read(11, 100).is_empty() && read(23, 1).is_empty());
        let other = StreamId::new("lately/other").unwrap();
        assert!(lately.read(&taking(1), &other, 5, 1).is_none());
        // What is kept says the same as what was appended.
        let found = lately.read(&taking(1), &one, 8, 1).unwrap();
        assert_eq!(found[0].bytes, sample_rows(8, 1)[0].bytes);
    }

    #[test]
    fn nothing_is_kept_from_one_taking_to_another() {
        let (lately, one) = (Lately::default(), StreamId::new("lately/one").unwrap());
        lately.appended(lately.moment(taking(1)), &one, 0, sample_rows(0, 3));
        assert!(lately.read(&taking(2), &one, 0, 3).is_none());
        lately.appended(lately.moment(taking(2)), &one, 3, sample_rows(3, 3));
        assert!(lately.read(&taking(2), &one, 0, 3).is_none());
        assert_eq!(positions(lately.read(&taking(2), &one, 3, 3)), [3, 4, 5]);
    }

    #[test]
    fn what_was_read_before_something_is_forgotten_is_not_kept_after_it() {
        let (lately, one) = (Lately::default(), StreamId::new("lately/one").unwrap());
        lately.appended(lately.moment(taking(1)), &one, 0, sample_rows(0, 3));
        let moment = lately.moment(taking(1));
        lately.forget();
        lately.appended(moment, &one, 3, sample_rows(3, 3));
        assert!(lately.read(&taking(1), &one, 0, 3).is_none());
        assert!(lately.read(&taking(1), &one, 3, 3).is_none());
    }

    #[test]
    fn what_is_kept_is_bounded_by_bytes() {
        let (lately, one) = (Lately::default(), StreamId::new("lately/one").unwrap());
        for number in 0..12 {
            let mut rows = sample_rows(number, 1);
            rows.iter_mut().for_each(|row| row.bytes = vec![0; KEPT_MAX / 8]);
            lately.appended(lately.moment(taking(1)), &one, number, rows);
            assert!(lately.held().bytes <= KEPT_MAX);
        }
        assert!(lately.read(&taking(1), &one, 0, 1).is_none());
        assert_eq!(positions(lately.read(&taking(1), &one, 11, 1)), [11]);
    }
}
