//! Rows whose content is erased in the source and not in the target. An erasure leaves heads and leaves as they are, so
//! that such rows are found by what tells of erasures: the source's stream of rights says which were asked, the target's
//! streams which rows each of them names. Those are read on both sides, however little else is.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use vardnav_register::entry::{Entry, EntryBody};
use vardnav_register::erasure::{self, Erasure};
use vardnav_register::rights::{RightsEntry, Step, Use};

use super::{CopyError, Tell, rows, told};
use crate::codec::len64;
use crate::contract::{Head, ROWS_LIMIT, RowKey, Store, StoreError, StoredRow, StreamId};

/// How often it is looked again at most, when erasures are asked or carried out all the time.
const ROUNDS_MAX: usize = 8;
/// Most rows that are read at once for the sake of those that an erasure names.
const SPAN: u64 = 256;

/// Rows that are not the same on both sides of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Unlike {
    /// Rows whose content the source no longer has, and the target has.
    pub(super) kept: u64,
    /// Other rows.
    pub(super) other: u64,
}

/// Writes over in the target what is erased in the source, until the source tells of nothing new meanwhile. Gives how many
/// rows that were.
///
/// # Errors
/// When a side does not answer or is damaged, or nobody waits.
pub(super) async fn carry(
    from: &dyn Store,
    to: &dyn Store,
    heads: &BTreeMap<StreamId, Head>,
    tell: Tell<'_>,
) -> Result<u64, CopyError> {
    let total = len64(heads.len());
    let (mut erased, mut seen) = (0, None);
    for _ in 0..ROUNDS_MAX {
        let size = asked(from).await?;
        if seen.replace(size) == Some(size) {
            break;
        }
        let keys = keys(from, size).await?;
        for (done, (stream, head)) in (0..).zip(heads) {
            told(tell, "erasures", done, total)?;
            let mut left = named(to, stream, head.size, &keys).await?;
            while !left.is_empty() {
                let unlike = some(from, to, stream, &mut left).await?;
                let gone = unlike.into_iter().filter(|(row, held)| is_kept(row, held));
                let gone: Vec<_> = gone.map(|(row, _)| (row.position, row.bytes)).collect();
                if !gone.is_empty() {
                    erased += len64(gone.len());
                    let done = to.redact_many(stream, gone).await;
                    done.map_err(CopyError::Target)?;
                }
            }
        }
    }
    Ok(erased)
}

/// Counts the rows of one stream that an erasure names and that are not the same on both sides, of the first `size`.
///
/// # Errors
/// When a side does not answer or is damaged.
pub(super) async fn unlike(
    from: &dyn Store,
    to: &dyn Store,
    stream: &StreamId,
    size: u64,
    keys: &[RowKey],
) -> Result<Unlike, CopyError> {
    let mut unlike = Unlike::default();
    let mut left = named(to, stream, size, keys).await?;
    while !left.is_empty() {
        for (row, held) in some(from, to, stream, &mut left).await? {
            match is_kept(&row, &held) {
                true => unlike.kept += 1,
                false => unlike.other += 1,
            }
        }
    }
    Ok(unlike)
}

/// How many rows the stream of rights of a store has.
///
/// # Errors
/// When it does not answer.
pub(super) async fn asked(from: &dyn Store) -> Result<u64, CopyError> {
    let head = from.head(&StreamId::rights()).await;
    Ok(head.map_err(CopyError::Source)?.size)
}

/// The keys under which the erasures are told that the first `size` rows of the stream of rights ask for.
///
/// # Errors
/// When the source does not answer or is damaged.
pub(super) async fn keys(from: &dyn Store, size: u64) -> Result<Vec<RowKey>, CopyError> {
    let stream = StreamId::rights();
    let mut keys = Vec::new();
    let mut at = 0;
    while at < size {
        for row in rows::read(from, &stream, at, size).await? {
            at = row.position + 1;
            if may_erase(&row.bytes) {
                keys.push(erasure::key(row.position));
            }
        }
    }
    Ok(keys)
}

/// Whether a row of the stream of rights asks for an erasure, or cannot be read as anything else.
fn may_erase(bytes: &[u8]) -> bool {
    RightsEntry::decode(bytes).map_or(true, |entry| match entry.step {
        Step::Asked(asked) => asked.scope.use_for() == Use::Erasure,
        _ => false,
    })
}

/// The positions among the first `size` that the erasures of a stream name.
async fn named(
    to: &dyn Store,
    stream: &StreamId,
    size: u64,
    keys: &[RowKey],
) -> Result<BTreeSet<u64>, CopyError> {
    let mut named = BTreeSet::new();
    if stream.as_reporter().is_none() {
        return Ok(named);
    }
    for keys in keys.chunks(ROWS_LIMIT) {
        let found = to.find(stream, keys.to_vec()).await;
        for position in found.map_err(CopyError::Target)?.into_iter().flatten() {
            let rows = to.read(stream, position, 1).await;
            let rows = rows.map_err(CopyError::Target)?;
            let erasure = rows.first().and_then(|row| Erasure::decode(&row.bytes).ok());
            let erasure = erasure.ok_or_else(|| {
                let what = format!("{stream}: position {position} tells of no erasure");
                CopyError::Target(StoreError::Corrupt(what))
            })?;
            let positions = erasure.targets.iter().map(|target| target.position);
            named.extend(positions.filter(|position| *position < size));
        }
    }
    Ok(named)
}

/// Reads the first of the rows that are left on both sides, and those near it; gives those that are not the same.
async fn some(
    from: &dyn Store,
    to: &dyn Store,
    stream: &StreamId,
    left: &mut BTreeSet<u64>,
) -> Result<Vec<(StoredRow, StoredRow)>, CopyError> {
    let Some(first) = left.first().copied() else {
        return Ok(Vec::new());
    };
    let last = left.range(..first.saturating_add(SPAN)).next_back();
    let end = last.map_or(first, |last| *last) + 1;
    let held = async {
        let limit = u32::try_from(end - first).unwrap_or(u32::MAX);
        let held = to.read(stream, first, limit).await;
        held.map_err(CopyError::Target)
    };
    let (source, held) = try_join(rows::read(from, stream, first, end), held).await?;
    let (mut next, mut unlike) = (first, Vec::new());
    for (row, held) in source.into_iter().zip(held) {
        next = row.position + 1;
        if row != held && left.contains(&row.position) {
            unlike.push((row, held));
        }
    }
    if next == first {
        let what = format!("row {first} of stream {stream} is gone from the target");
        return Err(CopyError::NoBeginning(what));
    }
    *left = left.split_off(&next);
    Ok(unlike)
}

/// Whether the target holds the content of a row that is erased in the source.
fn is_kept(row: &StoredRow, held: &StoredRow) -> bool {
    let is_same = row.key == held.key && row.leaf == held.leaf && row.bytes.len() == held.bytes.len();
    let is_erased = |row: &StoredRow| {
        Entry::decode(&row.bytes).is_ok_and(|entry| matches!(entry.body, EntryBody::Erased { .. }))
    };
    is_same && is_erased(row) && !is_erased(held)
}
