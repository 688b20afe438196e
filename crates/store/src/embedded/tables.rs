//! Heads and tables of frames that were read before, checked once: so that one old row costs no reading of the thousand
//! entries beside it. Bounded by entries; what came first goes first. Emptied when rows are written over.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::frame::{Entry, FrameHead};

/// Entries kept, of about 60 bytes each.
const ENTRIES: usize = 256 * 1024;

/// The head of a frame and the entries of its table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) head: FrameHead,
    pub(crate) entries: Vec<Entry>,
}

/// By the offset of the frame.
#[derive(Default)]
pub(crate) struct Tables {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    tables: HashMap<u64, Arc<Table>>,
    order: VecDeque<u64>,
    entries: usize,
}

impl Tables {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, offset: u64) -> Option<Arc<Table>> {
        self.kept().tables.get(&offset).cloned()
    }

    pub(crate) fn keep(&self, offset: u64, table: &Arc<Table>) {
        let mut kept = self.kept();
        if kept.tables.insert(offset, Arc::clone(table)).is_some() {
            return;
        }
        kept.order.push_back(offset);
        kept.entries += table.entries.len();
        while kept.entries > ENTRIES {
            let Some(oldest) = kept.order.pop_front() else {
                return;
            };
            let gone = kept.tables.remove(&oldest);
            kept.entries -= gone.map_or(0, |gone| gone.entries.len());
        }
    }

    /// Forgets them all.
    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::StreamId;
    use crate::embedded::frame::Body;
    use crate::suite::sample_rows;

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let rows = sample_rows(0, 1_000);
        let id = [7; 16];
        let mut frame = Vec::new();
        let body = Body::encode(&rows);
        body.head(&id, 0, 0, &StreamId::audit(), 0, &[1; 32], &mut frame);
        frame.extend(&body.bytes);
        let head = FrameHead::read(&id, 0, &frame).unwrap();
        let entries = crate::embedded::frame::read_frame(&head, &frame).unwrap();
        let table = Arc::new(Table { head, entries });
        let tables = Tables::default();
        for offset in 0..1_000 {
            tables.keep(offset, &table);
            tables.keep(offset, &table);
            assert!(tables.get(offset).is_some());
        }
        let kept = tables.kept();
        assert_eq!(kept.entries, kept.tables.len() * 1_000);
        assert!(kept.entries <= ENTRIES && kept.tables.len() == kept.order.len());
        drop(kept);
        assert!(tables.get(0).is_none());
        tables.clear();
        assert!(tables.get(999).is_none());
    }
}
