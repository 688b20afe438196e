//! The rows of one stream: those that are missing, read while the ones before are appended, and those that were there
//! before, read on both sides.

use futures_util::future::{join, try_join};
use futures_util::stream::{Stream, try_unfold};

use super::CopyError;
use super::held::is_beginning;
use crate::codec::len64;
use crate::contract::{Head, ROWS_LIMIT, Row, Store, StoreError, StoredRow, StreamId};
use crate::leaves::has_leaf;

/// Appends the rows from `held` on up to `head`. Each step tells how many rows were appended, and of how many bytes.
pub(super) fn follow<'a>(
    from: &'a dyn Store,
    to: &'a dyn Store,
    stream: &'a StreamId,
    head: Head,
    held: u64,
) -> impl Stream<Item = Result<(u64, u64), CopyError>> + Unpin + 'a {
    let step = move |(at, ahead): (u64, Option<Vec<StoredRow>>)| async move {
        if at >= head.size {
            return Ok(None);
        }
        let rows = match ahead {
            Some(rows) => rows,
            None => read(from, stream, at, head.size).await?,
        };
        let bytes = rows.iter().map(|row| len64(row.bytes.len())).sum();
        let next = at + len64(rows.len());
        let count = next - at;
        let append = to.append(stream, at, rows.into_iter().map(plain).collect());
        let (ahead, appended) = match next < head.size {
            true => {
                let (ahead, appended) = join(read(from, stream, next, head.size), append).await;
                (Some(ahead), appended)
            }
            false => (None, append.await),
        };
        let appended = match appended {
            Ok(appended) => appended,
            Err(StoreError::Conflict { .. }) => {
                let size = overtaken(from, to, stream, head).await?;
                return Ok(Some(((0, 0), (size, None))));
            }
            Err(error) => return Err(CopyError::Target(error)),
        };
        if next == head.size && appended.root != head.root {
            let what = format!("the rows of stream {stream} do not lead to its head");
            return Err(CopyError::Damaged(what));
        }
        Ok(Some(((count, bytes), (next, ahead.transpose()?))))
    };
    Box::pin(try_unfold((held, None), step))
}

/// How far the target has come by another's hand: what a copy that was stopped had sent may arrive after the next one
/// has begun.
async fn overtaken(
    from: &dyn Store,
    to: &dyn Store,
    stream: &StreamId,
    head: Head,
) -> Result<u64, CopyError> {
    let held = to.head(stream).await.map_err(CopyError::Target)?;
    if held.size <= head.size && is_beginning(from, stream, held, head).await? {
        return Ok(held.size);
    }
    let what = format!("somebody else appends to stream {stream}");
    Err(CopyError::NoBeginning(what))
}

/// Holds the first rows of both sides against each other, and writes over those whose content was erased in the source.
/// Each step tells how many rows were held, and how many written over.
pub(super) fn reread<'a>(
    from: &'a dyn Store,
    to: &'a dyn Store,
    stream: &'a StreamId,
    size: u64,
) -> impl Stream<Item = Result<(u64, u64), CopyError>> + Unpin + 'a {
    let step = move |at: u64| async move {
        if at >= size {
            return Ok(None);
        }
        let held = async {
            let held = to.read(stream, at, limit(at, size)).await;
            held.map_err(CopyError::Target)
        };
        let (source, held) = try_join(read(from, stream, at, size), held).await?;
        let mut next = at;
        let mut erased = Vec::new();
        for (row, held) in source.into_iter().zip(held) {
            next += 1;
            if row == held {
                continue;
            }
            let same_place = row.key == held.key && row.leaf == held.leaf;
            if !same_place || row.bytes.len() != held.bytes.len() {
                let what = format!("row {} of stream {stream} is another in the target", row.position);
                return Err(CopyError::NoBeginning(what));
            }
            erased.push((row.position, row.bytes));
        }
        if next == at {
            let what = format!("row {at} of stream {stream} is gone from the target");
            return Err(CopyError::NoBeginning(what));
        }
        let count = len64(erased.len());
        if count > 0 {
            let done = to.redact_many(stream, erased).await;
            done.map_err(CopyError::Target)?;
        }
        Ok(Some(((next - at, count), next)))
    };
    Box::pin(try_unfold(0, step))
}

/// Rows of the source from a position on, as far as they are sound; one at least.
pub(super) async fn read(
    from: &dyn Store,
    stream: &StreamId,
    at: u64,
    size: u64,
) -> Result<Vec<StoredRow>, CopyError> {
    let rows = from.read(stream, at, limit(at, size)).await;
    let rows = rows.map_err(CopyError::Source)?;
    if rows.is_empty() {
        let what = format!("stream {stream} ends at row {at}, its head says {size}");
        return Err(CopyError::Damaged(what));
    }
    for (row, position) in rows.iter().zip(at..) {
        if row.position != position || !has_leaf(stream, &row.bytes, &row.leaf) {
            let what = format!("row {position} of stream {stream} does not have its leaf");
            return Err(CopyError::Damaged(what));
        }
    }
    Ok(rows)
}

fn limit(at: u64, size: u64) -> u32 {
    let left = size.saturating_sub(at).min(len64(ROWS_LIMIT));
    u32::try_from(left).unwrap_or(u32::MAX)
}

fn plain(row: StoredRow) -> Row {
    Row {
        key: row.key,
        leaf: row.leaf,
        bytes: row.bytes,
    }
}
