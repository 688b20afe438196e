//! The segment files of the log and reading from them. Offsets count through all segments, headers included.
//! Nothing is answered that did not pass its checksum. Writing is the log's business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::frame::{ENTRY, FrameHead, HEAD_LIMIT, LogId, MARKER, read_table, resum};
use super::tables::{Table, Tables};
use crate::codec::{index, len64};
use crate::contract::{Hash, RowKey, StoreError, StoredRow};
use crate::disk::{Disk, DiskFile, read_up_to, unavailable};

/// Bytes fetched in the hope that a small frame fits.
const FIRST_READ: usize = 8 * 1024;

/// The open segment files of one log.
pub(crate) struct Segments {
    folder: PathBuf,
    id: LogId,
    disk: Arc<dyn Disk>,
    files: RwLock<BTreeMap<u64, Arc<dyn DiskFile>>>,
    tables: Tables,
}

impl Segments {
    pub(crate) fn new(disk: Arc<dyn Disk>, folder: PathBuf, id: LogId) -> Self {
        Self {
            folder,
            id,
            disk,
            files: RwLock::default(),
            tables: Tables::default(),
        }
    }

    pub(crate) fn id(&self) -> &LogId {
        &self.id
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the segment that begins at `base`.
    pub(crate) fn path(&self, base: u64) -> PathBuf {
        self.folder.join(format!("{base:020}.log"))
    }

    pub(crate) fn add(&self, base: u64, file: Arc<dyn DiskFile>) {
        self.files
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(base, file);
    }

    /// Every segment by base offset.
    pub(crate) fn list(&self) -> Vec<(u64, Arc<dyn DiskFile>)> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files
            .iter()
            .map(|(base, file)| (*base, Arc::clone(file)))
            .collect()
    }

    /// The segment that an offset lies in: where it begins, and its file.
    pub(crate) fn at(&self, offset: u64) -> Option<(u64, Arc<dyn DiskFile>)> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files
            .range(..=offset)
            .next_back()
            .map(|(base, file)| (*base, Arc::clone(file)))
    }

    fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, StoreError> {
        let (base, file) = self.at(offset).ok_or_else(|| damaged(offset))?;
        read_up_to(&*file, offset - base, length).map_err(|error| unavailable("cannot read the log", &error))
    }

    /// Forgets what was read of heads and tables: rows are written over.
    pub(crate) fn forget_tables(&self) {
        self.tables.clear();
    }

    /// The head and table of the frame at `offset`, and what was read of its rows' bytes.
    pub(crate) fn frame(&self, offset: u64) -> Result<Frame<'_>, StoreError> {
        if let Some(table) = self.tables.get(offset) {
            return Ok(Frame {
                segments: self,
                offset,
                table,
                data: Vec::new(),
            });
        }
        let mut bytes = self.bytes(offset, FIRST_READ.max(HEAD_LIMIT))?;
        let head = FrameHead::read(&self.id, offset, &bytes).ok_or_else(|| damaged(offset))?;
        if let Some(missing) = head
            .data_start()
            .checked_sub(bytes.len())
            .filter(|missing| *missing > 0)
        {
            bytes.extend(self.bytes(offset + len64(bytes.len()), missing)?);
        }
        let table = bytes
            .get(head.head_length()..head.data_start())
            .ok_or_else(|| damaged(offset))?;
        let entries = read_table(&head, table).ok_or_else(|| damaged(offset))?;
        bytes.truncate(head.length);
        let data = bytes.split_off(head.data_start());
        let table = Arc::new(Table { head, entries });
        if table.head.table_length() > FIRST_READ {
            self.tables.keep(offset, &table);
        }
        Ok(Frame {
            segments: self,
            offset,
            table,
            data,
        })
    }
}

/// A frame whose head and table are sound.
pub(crate) struct Frame<'a> {
    segments: &'a Segments,
    offset: u64,
    table: Arc<Table>,
    /// The beginning of the rows' bytes, as far as read.
    data: Vec<u8>,
}

impl Frame<'_> {
    /// Its head.
    pub(crate) fn head(&self) -> &FrameHead {
        &self.table.head
    }

    /// Keys of its rows.
    pub(crate) fn keys(&self) -> impl Iterator<Item = RowKey> + '_ {
        self.table.entries.iter().map(|entry| entry.key)
    }

    /// Leaves of its rows.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = Hash> + '_ {
        self.table.entries.iter().map(|entry| entry.leaf)
    }

    /// What must be written where in the log so that rows have other bytes of the same length.
    pub(crate) fn patches(&self, rows: &[(u64, &[u8])]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let start = self.segments.bytes(self.offset, self.table.head.data_start())?;
        self.patches_of(&start, rows).ok_or_else(|| damaged(self.offset))
    }

    fn patches_of(&self, start: &[u8], rows: &[(u64, &[u8])]) -> Option<Vec<(u64, Vec<u8>)>> {
        let place = |position: u64| Some(index(position.checked_sub(self.table.head.first)?));
        let placed = rows
            .iter()
            .map(|(position, bytes)| Some((place(*position)?, *bytes)));
        let placed = placed.collect::<Option<Vec<_>>>()?;
        let (sums, of_rows) = resum(self.segments.id(), self.offset, &self.table.head, start, &placed)?;
        let mut patches = Vec::with_capacity(rows.len() * 2 + 1);
        for ((place, bytes), sum) in placed.into_iter().zip(of_rows) {
            let begin = match place.checked_sub(1) {
                None => 0,
                Some(before) => u64::from(self.table.entries.get(before)?.end),
            };
            let of_entry = self.table.head.head_length() + (place + 1) * ENTRY - sum.len();
            let of_row = self.offset + len64(self.table.head.data_start()) + begin;
            patches.push((of_row, bytes.to_vec()));
            patches.push((self.offset + len64(of_entry), sum.to_vec()));
        }
        patches.push((self.offset + len64(MARKER.len()), sums.to_vec()));
        Some(patches)
    }

    /// Rows from position `from` on, at most `limit`, until `budget` bytes are spent. Ends before the first row
    /// that is damaged; an error when that is the first row asked for.
    pub(crate) fn rows(&self, from: u64, limit: usize, budget: usize) -> Result<Vec<StoredRow>, StoreError> {
        let skip = index(from.saturating_sub(self.table.head.first));
        let begin = match skip.checked_sub(1) {
            None => 0,
            Some(before) => self
                .table
                .entries
                .get(before)
                .map_or(0, |entry| index(entry.end.into())),
        };
        let mut wanted = 0;
        let mut end = begin;
        for entry in self.table.entries.iter().skip(skip).take(limit) {
            if wanted > 0 && end - begin >= budget {
                break;
            }
            end = index(entry.end.into()).max(end);
            wanted += 1;
        }
        let fetched;
        let data = match self.data.get(begin..end) {
            Some(data) => data,
            None => {
                let start = self.offset + len64(self.table.head.data_start() + begin);
                fetched = self.segments.bytes(start, end - begin)?;
                &fetched
            }
        };
        let mut rows = Vec::with_capacity(wanted);
        let mut start = begin;
        for (position, entry) in
            (from.max(self.table.head.first)..).zip(self.table.entries.iter().skip(skip).take(wanted))
        {
            let end = index(entry.end.into());
            let bytes = start
                .checked_sub(begin)
                .zip(end.checked_sub(begin))
                .and_then(|(a, b)| data.get(a..b));
            match bytes.filter(|bytes| entry.fits(bytes)) {
                Some(bytes) => {
                    rows.push(StoredRow {
                        position,
                        key: entry.key,
                        leaf: entry.leaf,
                        bytes: bytes.to_vec(),
                    });
                }
                None if rows.is_empty() => return Err(damaged(self.offset)),
                None => break,
            }
            start = end;
        }
        Ok(rows)
    }
}

/// Bytes of the log that cannot be served.
pub(crate) fn damaged(offset: u64) -> StoreError {
    StoreError::Corrupt(format!("log frame at offset {offset}"))
}
