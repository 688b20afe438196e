//! The bytes of the log: segment headers and frames. Pure: encodes, decodes and checks; opens no file.
//!
//! A frame is one append: a head, a table with one entry a row, the rows' bytes. The head's checksum covers its
//! place in the log and the table's checksum, the table's covers each row's, a row's covers key, leaf and bytes:
//! any one row can be checked without reading its neighbours, and no byte is outside every checksum.

use crate::codec::{Cut, len32};
use crate::contract::{BATCH_LIMIT, Hash, ROWS_LIMIT, Row, RowKey, STREAM_NAME_LIMIT, StreamId};

/// Random name of one log; frames of another are never taken for its own.
pub(crate) type LogId = [u8; 16];

/// Bytes of a segment header.
pub(crate) const SEGMENT_HEADER: u64 = 40;
/// Bytes of a frame head before the stream's name.
pub(crate) const HEAD: usize = 70;
/// Most bytes of a frame head.
pub(crate) const HEAD_LIMIT: usize = HEAD + STREAM_NAME_LIMIT;
/// Bytes of one table entry.
pub(crate) const ENTRY: usize = 56;
/// The first bytes of a frame.
pub(crate) const MARKER: [u8; 4] = *b"\xf5VNf";

const SEGMENT_MAGIC: [u8; 8] = *b"VARDNAVL";
const FORMAT: u32 = 1;
const FRAME_LIMIT: usize = HEAD_LIMIT + ROWS_LIMIT * ENTRY + BATCH_LIMIT;

/// The first bytes of a segment file.
pub(crate) fn segment_header(id: &LogId, base: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(40);
    out.extend(SEGMENT_MAGIC);
    out.extend(FORMAT.to_le_bytes());
    out.extend(id);
    out.extend(base.to_le_bytes());
    crate::codec::seal(out)
}

/// Log id and base offset of a segment, when its header is whole and of a format this version reads.
pub(crate) fn read_segment_header(bytes: &[u8]) -> Option<(LogId, u64)> {
    let mut cut = Cut(crate::codec::unseal(bytes)?);
    let known = cut.array()? == SEGMENT_MAGIC && cut.u32()? == FORMAT;
    let header = (cut.array()?, cut.u64()?);
    (known && cut.is_empty()).then_some(header)
}

/// What a frame's head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) stream: StreamId,
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// Where the group began that was written and synced together with it.
    pub(crate) group: u64,
    /// Root of the stream after these rows.
    pub(crate) root: Hash,
    /// Bytes of the whole frame.
    pub(crate) length: usize,
    pub(crate) table_sum: u32,
}

impl FrameHead {
    /// Bytes of the head itself.
    pub(crate) fn head_length(&self) -> usize {
        HEAD + self.stream.as_str().len()
    }

    /// Bytes of the table.
    pub(crate) fn table_length(&self) -> usize {
        crate::codec::index(self.count.into()) * ENTRY
    }

    /// Bytes from the frame's start to the rows' bytes.
    pub(crate) fn data_start(&self) -> usize {
        self.head_length() + self.table_length()
    }

    /// The position after its last row.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Reads the head of the frame at `offset` from bytes that begin there.
    pub(crate) fn read(id: &LogId, offset: u64, bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(bytes);
        if cut.array()? != MARKER {
            return None;
        }
        let sum = cut.u32()?;
        let covered = cut.0;
        let table_sum = cut.u32()?;
        let length = crate::codec::index(cut.u32()?.into());
        let count = cut.u32()?;
        let first = cut.u64()?;
        let group = cut.u64()?;
        let root = cut.array()?;
        let name = usize::from(cut.u16()?);
        let covered = covered.get(..HEAD - 8 + name)?;
        if head_sum(id, offset, covered) != sum {
            return None;
        }
        let stream = StreamId::new(std::str::from_utf8(cut.take(name)?).ok()?).ok()?;
        let head = Self {
            stream,
            first,
            count,
            group,
            root,
            length,
            table_sum,
        };
        let sound = count > 0
            && head.data_start() <= length
            && length <= FRAME_LIMIT
            && first.checked_add(count.into()).is_some();
        sound.then_some(head)
    }
}

fn head_sum(id: &LogId, offset: u64, covered: &[u8]) -> u32 {
    let place = crc32c::crc32c_append(crc32c::crc32c(id), &offset.to_le_bytes());
    crc32c::crc32c_append(place, covered)
}

/// One row's entry in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) key: RowKey,
    pub(crate) leaf: Hash,
    /// End of its bytes, counted from the start of the rows' bytes.
    pub(crate) end: u32,
    sum: u32,
}

impl Entry {
    /// Whether these are the bytes once written for it.
    pub(crate) fn fits(&self, bytes: &[u8]) -> bool {
        row_sum(&self.key, &self.leaf, bytes) == self.sum
    }
}

fn row_sum(key: &RowKey, leaf: &Hash, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(key), leaf), bytes)
}

/// What of a frame changes when rows get other bytes of the same length: the head's checksums, from the one behind the
/// marker on, and the checksum of each row, in order. The frame at `offset` is whole and begins with these bytes, which
/// hold its head and table; `rows` are the places of rows, counted from 0, with their new bytes.
pub(crate) fn resum(
    id: &LogId,
    offset: u64,
    frame: &FrameHead,
    start: &[u8],
    rows: &[(usize, &[u8])],
) -> Option<([u8; 8], Vec<[u8; 4]>)> {
    let mut table = start.get(frame.head_length()..frame.data_start())?.to_vec();
    let mut of_rows = Vec::with_capacity(rows.len());
    for (place, bytes) in rows {
        let entry = table.get_mut(place * ENTRY..(place + 1) * ENTRY)?;
        let (named, sum) = entry.split_last_chunk_mut::<4>()?;
        let mut cut = Cut(named);
        let (key, leaf) = (cut.array()?, cut.array()?);
        *sum = row_sum(&key, &leaf, bytes).to_le_bytes();
        of_rows.push(*sum);
    }
    let table_sum = crc32c::crc32c(&table).to_le_bytes();
    let mut covered = start.get(8..frame.head_length())?.to_vec();
    *covered.first_chunk_mut()? = table_sum;
    let mut sums = [0; 8];
    let (of_head, of_table) = sums.split_at_mut(4);
    of_head.copy_from_slice(&head_sum(id, offset, &covered).to_le_bytes());
    of_table.copy_from_slice(&table_sum);
    Some((sums, of_rows))
}

/// The entries of a table whose checksum is right.
pub(crate) fn read_table(head: &FrameHead, table: &[u8]) -> Option<Vec<Entry>> {
    if crc32c::crc32c(table) != head.table_sum {
        return None;
    }
    let mut cut = Cut(table);
    let mut entries = Vec::with_capacity(table.len() / ENTRY);
    while !cut.is_empty() {
        entries.push(Entry {
            key: cut.array()?,
            leaf: cut.array()?,
            end: cut.u32()?,
            sum: cut.u32()?,
        });
    }
    Some(entries)
}

/// The rows of an append, encoded before their place in the log is known.
#[derive(Debug)]
pub(crate) struct Body {
    /// Table and rows' bytes.
    pub(crate) bytes: Vec<u8>,
    pub(crate) table_sum: u32,
    pub(crate) keys: Vec<(RowKey, Hash)>,
}

impl Body {
    pub(crate) fn encode(rows: &[Row]) -> Self {
        let data: usize = rows.iter().map(|row| row.bytes.len()).sum();
        let mut bytes = Vec::with_capacity(rows.len() * ENTRY + data);
        let mut end = 0;
        for row in rows {
            end += row.bytes.len();
            bytes.extend(row.key);
            bytes.extend(row.leaf);
            bytes.extend(len32(end).to_le_bytes());
            bytes.extend(row_sum(&row.key, &row.leaf, &row.bytes).to_le_bytes());
        }
        let table_sum = crc32c::crc32c(&bytes);
        for row in rows {
            bytes.extend(&row.bytes);
        }
        Self {
            bytes,
            table_sum,
            keys: rows.iter().map(|row| (row.key, row.leaf)).collect(),
        }
    }

    /// Writes what stands before these bytes in the frame at `offset`, of the group that begins at `start` of the log.
    #[expect(clippy::too_many_arguments, reason = "a frame's head says as much")]
    pub(crate) fn head(
        &self,
        id: &LogId,
        start: u64,
        offset: u64,
        stream: &StreamId,
        first: u64,
        root: &Hash,
        out: &mut Vec<u8>,
    ) {
        let name = stream.as_str();
        let mut covered = Vec::with_capacity(HEAD_LIMIT);
        covered.extend(self.table_sum.to_le_bytes());
        covered.extend(len32(HEAD + name.len() + self.bytes.len()).to_le_bytes());
        covered.extend(len32(self.keys.len()).to_le_bytes());
        covered.extend(first.to_le_bytes());
        covered.extend(start.to_le_bytes());
        covered.extend(root);
        crate::codec::put_text(&mut covered, name);
        out.extend(MARKER);
        out.extend(head_sum(id, offset, &covered).to_le_bytes());
        out.extend(covered);
    }
}

/// Checks every byte of a whole frame; its entries when it is sound.
pub(crate) fn read_frame(head: &FrameHead, frame: &[u8]) -> Option<Vec<Entry>> {
    let table = frame.get(head.head_length()..head.data_start())?;
    let data = frame.get(head.data_start()..head.length)?;
    let entries = read_table(head, table)?;
    let mut start = 0;
    for entry in &entries {
        let end = crate::codec::index(entry.end.into());
        if !entry.fits(data.get(start..end)?) {
            return None;
        }
        start = end;
    }
    (start == data.len()).then_some(entries)
}
