//! A store copied into another, of whatever kind either is, while the source is in use. The position of all streams is
//! taken first, then rows and blobs up to there; a copy that was stopped anywhere goes on from what the target holds.
//! Nothing is written into a target that holds anything that the source does not, and in the end both are held against
//! each other. What is erased in the source while it is copied is erased in the target. Projections are not copied:
//! whoever serves the target follows the streams again.

mod compare;
mod erasures;
mod held;
mod rows;
mod vault;

use std::collections::BTreeMap;
use std::pin::pin;

use futures_util::stream::{self, StreamExt as _};

pub use self::compare::{Compared, Projection, Verdict, compare};
pub use self::vault::vault;
use crate::codec::len64;
use crate::contract::{Digest, Head, ROWS_LIMIT, Store, StoreError, StreamId};

/// What is wished of a copy.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The streams that are copied, and no blobs; when there are none, all streams and all blobs.
    pub streams: Vec<StreamId>,
    /// How many streams are copied at the same time.
    pub lanes: usize,
    /// Whether what the target held before is read again on both sides, so that rows whose content was erased in the
    /// source meanwhile are erased in the target too. Without it their leaves alone are held against each other, and
    /// bytes only of the rows that an erasure names.
    pub reread: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            streams: Vec::new(),
            lanes: 4,
            reread: true,
        }
    }
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: `rows`, `blobs`, `reread`, `erasures`, `compare` or `projections`.
    pub step: &'static str,
    /// Rows or blobs done.
    pub done: u64,
    /// Rows or blobs in all.
    pub total: u64,
}

/// Hears of progress, and answers whether to go on.
pub type Tell<'a> = &'a (dyn Fn(Progress) -> bool + Sync);

/// Why a copy ended before it was whole. What the target holds by then is a beginning of the source, and the next copy
/// goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target holds what the source does not. What it holds besides was written before that was seen, or nothing was,
    /// as it says.
    #[error("the target holds what the source does not: {0}")]
    NoBeginning(String),
    /// What the source gives is not what it says it holds.
    #[error("the source is damaged: {0}")]
    Damaged(String),
    /// The source does not answer.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target does not take what it is given.
    #[error("the target: {0}")]
    Target(StoreError),
    /// Nobody waits for the copy.
    #[error("the copy was stopped")]
    Stopped,
}

/// A stream after a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub stream: StreamId,
    /// Rows that the target held before.
    pub held: u64,
    /// Where the source stood when the copy began, and the target stands now.
    pub head: Head,
}

/// What a copy did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// The streams that were asked for, by name.
    pub streams: Vec<Stream>,
    /// Rows that were copied.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows that the target held before and that were read again on both sides.
    pub reread: u64,
    /// Rows that the target held whose content was erased in the source and is now in the target too.
    pub erased: u64,
    /// Blobs of the source.
    pub blobs: u64,
    /// Blobs that were copied.
    pub blobs_new: u64,
    /// Their bytes.
    pub blob_bytes: u64,
}

/// Copies what `from` holds into `to`. When it returns, `to` holds every stream that was asked for up to the heads that
/// `from` had when the copy began, and every blob that `from` had by then.
///
/// # Errors
/// As [`CopyError`] says; what was copied until then stays and is a beginning of the source.
pub async fn copy(
    from: &dyn Store,
    to: &dyn Store,
    wish: &Wish,
    tell: Tell<'_>,
) -> Result<Copied, CopyError> {
    let before = heads(to, wish).await.map_err(CopyError::Target)?;
    let heads = heads(from, wish).await.map_err(CopyError::Source)?;
    held::streams(from, &heads, &before).await?;
    let whole = wish.streams.is_empty();
    if whole {
        held::blobs(from, to).await?;
    }
    let mut copied = Copied::default();
    let held_of = |stream: &StreamId| before.get(stream).map_or(0, |head| head.size);
    if wish.reread {
        reread(from, to, &before, wish.lanes, &mut copied, tell).await?;
    }
    let total = heads
        .iter()
        .map(|(stream, head)| head.size - held_of(stream))
        .sum();
    let say = |done| told(tell, "rows", done, total);
    say(0)?;
    // Streams with little left go between those with much.
    let mut lanes = pin!(
        stream::iter(&heads)
            .map(|(stream, head)| rows::follow(from, to, stream, *head, held_of(stream)))
            .flatten_unordered(Some(wish.lanes.max(1)))
    );
    while let Some(step) = lanes.next().await {
        let (rows, bytes) = step?;
        copied.rows += rows;
        copied.bytes += bytes;
        say(copied.rows)?;
    }
    if whole {
        blobs(from, to, &mut copied, tell).await?;
    }
    copied.erased += erasures::carry(from, to, &heads, tell).await?;
    copied.streams = heads
        .iter()
        .map(|(stream, head)| Stream {
            stream: stream.clone(),
            held: held_of(stream),
            head: *head,
        })
        .collect();
    Ok(copied)
}

/// Heads of the streams that are wished for, at one moment; of those that hold rows.
async fn heads(store: &dyn Store, wish: &Wish) -> Result<BTreeMap<StreamId, Head>, StoreError> {
    let all = store.streams().await?.into_iter();
    let is_wished = |stream: &StreamId| wish.streams.is_empty() || wish.streams.contains(stream);
    Ok(all.filter(|(stream, _)| is_wished(stream)).collect())
}

/// Reads again on both sides what the target held before.
async fn reread(
    from: &dyn Store,
    to: &dyn Store,
    before: &BTreeMap<StreamId, Head>,
    lanes: usize,
    copied: &mut Copied,
    tell: Tell<'_>,
) -> Result<(), CopyError> {
    let total = before.values().map(|head| head.size).sum();
    let mut lanes = pin!(
        stream::iter(before)
            .map(|(stream, head)| rows::reread(from, to, stream, head.size))
            .flatten_unordered(Some(lanes.max(1)))
    );
    while let Some(step) = lanes.next().await {
        let (rows, erased) = step?;
        copied.reread += rows;
        copied.erased += erased;
        told(tell, "reread", copied.reread, total)?;
    }
    Ok(())
}

/// Copies the blobs that the target does not have.
async fn blobs(
    from: &dyn Store,
    to: &dyn Store,
    copied: &mut Copied,
    tell: Tell<'_>,
) -> Result<(), CopyError> {
    let wanted = digests(from).await.map_err(CopyError::Source)?;
    let held = digests(to).await.map_err(CopyError::Target)?;
    copied.blobs = len64(wanted.len());
    for (done, digest) in (0..).zip(&wanted) {
        told(tell, "blobs", done, copied.blobs)?;
        if held.binary_search(digest).is_ok() {
            continue;
        }
        let bytes = from.get_blob(digest).await.map_err(CopyError::Source)?;
        let bytes = bytes.ok_or_else(|| CopyError::Damaged(format!("blob {digest} is gone")))?;
        copied.blobs_new += 1;
        copied.blob_bytes += len64(bytes.len());
        to.put_blob(bytes).await.map_err(CopyError::Target)?;
    }
    told(tell, "blobs", copied.blobs, copied.blobs)
}

/// The digests of all blobs of a store, in order.
async fn digests(store: &dyn Store) -> Result<Vec<Digest>, StoreError> {
    let mut digests: Vec<Digest> = Vec::new();
    loop {
        let limit = u32::try_from(ROWS_LIMIT).unwrap_or(u32::MAX);
        let more = store.blobs(digests.last().copied(), limit).await?;
        if more.is_empty() {
            return Ok(digests);
        }
        digests.extend(more);
    }
}

fn told(tell: Tell<'_>, step: &'static str, done: u64, total: u64) -> Result<(), CopyError> {
    match tell(Progress { step, done, total }) {
        true => Ok(()),
        false => Err(CopyError::Stopped),
    }
}
