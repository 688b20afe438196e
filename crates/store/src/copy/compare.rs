//! Two stores held against each other: sizes and roots of streams, the bytes of rows that an erasure names, digests of
//! blobs, and the rows of projections that have followed the same streams to the same places.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{CopyError, Tell, Wish, digests, erasures, heads, held, told};
use crate::codec::len64;
use crate::contract::{Digest, Head, ROWS_LIMIT, Store, StoreError, StreamId};

/// What the two sides of something are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same.
    Same,
    /// The target has the beginning of what the source has, or has not followed as far: nothing says that it is wrong.
    Behind,
    /// The source has the beginning of what the target has, which has gone on by itself.
    Ahead,
    /// They are not the same, and nothing makes them so.
    Other,
}

/// A projection on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// Its name.
    pub name: String,
    /// Whether its rows are the same, where both have followed the same streams to the same places.
    pub verdict: Verdict,
    /// Its rows in the source, as far as they were counted.
    pub rows: u64,
}

/// Two stores held against each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Streams that are not the same, with what they are.
    pub streams: Vec<(StreamId, Verdict)>,
    /// Streams that are the same.
    pub streams_same: u64,
    /// Rows that the target is behind.
    pub rows_behind: u64,
    /// Rows of which the target has content that was erased in the source. Another copy erases it.
    pub rows_kept: u64,
    /// Blobs of either side that the other does not have, or whose bytes are not those of their digest.
    pub blobs: Vec<(Digest, Verdict)>,
    /// Blobs that are the same.
    pub blobs_same: u64,
    /// The projections that the source has.
    pub projections: Vec<Projection>,
}

impl Compared {
    /// Whether anything is other than it must be.
    pub fn differs(&self) -> bool {
        let other = |verdict: &Verdict| *verdict == Verdict::Other;
        self.streams.iter().any(|(_, verdict)| other(verdict))
            || self.blobs.iter().any(|(_, verdict)| other(verdict))
            || self
                .projections
                .iter()
                .any(|projection| other(&projection.verdict))
    }

    /// Whether the target has gone on by itself.
    pub fn is_ahead(&self) -> bool {
        let ahead = |verdict: &Verdict| *verdict == Verdict::Ahead;
        self.streams.iter().any(|(_, verdict)| ahead(verdict))
            || self.blobs.iter().any(|(_, verdict)| ahead(verdict))
    }

    /// Whether streams and blobs are the same; of projections it says nothing, for they are built anew.
    pub fn is_same(&self) -> bool {
        self.streams.is_empty() && self.blobs.is_empty()
    }
}

fn either(is_beginning: bool, verdict: Verdict) -> Verdict {
    match is_beginning {
        true => verdict,
        false => Verdict::Other,
    }
}

/// Holds `to` against `from`: heads, the bytes of every blob on both sides, and projections where that is wished.
///
/// # Errors
/// When a side does not answer, or nobody waits.
pub async fn compare(
    from: &dyn Store,
    to: &dyn Store,
    wish: &Wish,
    projections: bool,
    tell: Tell<'_>,
) -> Result<Compared, CopyError> {
    let mut compared = Compared::default();
    // The target first: what it has, the source had before.
    let target = heads(to, wish).await.map_err(CopyError::Target)?;
    let source = heads(from, wish).await.map_err(CopyError::Source)?;
    let keys = erasures::keys(from, erasures::asked(from).await?).await?;
    let names: BTreeSet<&StreamId> = source.keys().chain(target.keys()).collect();
    for (done, stream) in (0..).zip(&names) {
        told(tell, "compare", done, len64(names.len()))?;
        let (one, other) = (source.get(*stream), target.get(*stream));
        let (size, has) = (one.map_or(0, |head| head.size), other.map_or(0, |head| head.size));
        let mut verdict = of_heads(from, to, stream, (one, other)).await?;
        if verdict != Verdict::Other {
            let unlike = erasures::unlike(from, to, stream, size.min(has), &keys).await?;
            compared.rows_kept += unlike.kept;
            verdict = match verdict {
                Verdict::Same if unlike.other > 0 => Verdict::Other,
                Verdict::Same if unlike.kept > 0 => Verdict::Behind,
                verdict => verdict,
            };
        }
        if verdict == Verdict::Same {
            compared.streams_same += 1;
            continue;
        }
        if verdict == Verdict::Behind {
            compared.rows_behind += size.saturating_sub(has);
        }
        compared.streams.push(((*stream).clone(), verdict));
    }
    if wish.streams.is_empty() {
        blobs(from, to, &mut compared, tell).await?;
        if projections {
            compared.projections = of_projections(from, to, tell).await?;
        }
    }
    Ok(compared)
}

/// What the heads of a stream, of the source and of the target, say.
async fn of_heads(
    from: &dyn Store,
    to: &dyn Store,
    stream: &StreamId,
    heads: (Option<&Head>, Option<&Head>),
) -> Result<Verdict, CopyError> {
    Ok(match heads {
        (one, other) if one == other => Verdict::Same,
        (Some(_), None) => Verdict::Behind,
        (None, Some(_)) => Verdict::Ahead,
        (Some(head), Some(held)) if held.size < head.size => {
            let is_beginning = held::is_beginning(from, stream, *held, *head).await?;
            either(is_beginning, Verdict::Behind)
        }
        (Some(head), Some(held)) if held.size > head.size => {
            let is_beginning = held::is_beginning(to, stream, *head, *held).await?;
            either(is_beginning, Verdict::Ahead)
        }
        _ => Verdict::Other,
    })
}

async fn blobs(
    from: &dyn Store,
    to: &dyn Store,
    compared: &mut Compared,
    tell: Tell<'_>,
) -> Result<(), CopyError> {
    let held = digests(to).await.map_err(CopyError::Target)?;
    let source = digests(from).await.map_err(CopyError::Source)?;
    let all: BTreeSet<Digest> = source.iter().chain(&held).copied().collect();
    let total = len64(all.len());
    for (done, digest) in (0..).zip(all) {
        told(tell, "compare", done, total)?;
        let one = is_sound(from, &digest).await.map_err(CopyError::Source)?;
        let other = is_sound(to, &digest).await.map_err(CopyError::Target)?;
        match (one, other) {
            (Some(true), Some(true)) => compared.blobs_same += 1,
            (Some(true), None) => compared.blobs.push((digest, Verdict::Behind)),
            (None, Some(true)) => compared.blobs.push((digest, Verdict::Ahead)),
            _ => compared.blobs.push((digest, Verdict::Other)),
        }
    }
    Ok(())
}

/// Whether a blob has its digest; `None` when there is none.
async fn is_sound(store: &dyn Store, digest: &Digest) -> Result<Option<bool>, StoreError> {
    match store.get_blob(digest).await {
        Ok(found) => Ok(found.map(|bytes| Digest::of(&bytes) == *digest)),
        Err(StoreError::Corrupt(_)) => Ok(Some(false)),
        Err(error) => Err(error),
    }
}

/// How far a projection has followed, by stream.
type Places = BTreeMap<StreamId, u64>;

async fn of_projections(
    from: &dyn Store,
    to: &dyn Store,
    tell: Tell<'_>,
) -> Result<Vec<Projection>, CopyError> {
    let target = places(to).await.map_err(CopyError::Target)?;
    let source = places(from).await.map_err(CopyError::Source)?;
    let total = len64(source.len());
    let mut projections = Vec::new();
    for (done, (name, places_before)) in (0..).zip(source) {
        told(tell, "projections", done, total)?;
        let mut projection = Projection {
            verdict: Verdict::Behind,
            rows: 0,
            name,
        };
        if target.get(&projection.name) == Some(&places_before) {
            let name = &projection.name;
            let (rows, one) = digest(from, name).await.map_err(CopyError::Source)?;
            let (_, other) = digest(to, name).await.map_err(CopyError::Target)?;
            projection.rows = rows;
            let still = |now: BTreeMap<String, Places>| now.get(name) == Some(&places_before);
            let still = still(places(from).await.map_err(CopyError::Source)?)
                && still(places(to).await.map_err(CopyError::Target)?);
            // Rows that moved while they were read say nothing.
            projection.verdict = match (one == other, still) {
                (true, _) => Verdict::Same,
                (false, true) => Verdict::Other,
                (false, false) => Verdict::Behind,
            };
        }
        projections.push(projection);
    }
    Ok(projections)
}

async fn places(store: &dyn Store) -> Result<BTreeMap<String, Places>, StoreError> {
    let mut places: BTreeMap<String, Places> = BTreeMap::new();
    for cursor in store.cursors().await? {
        let of = places.entry(cursor.projection).or_default();
        if cursor.next > 0 {
            of.insert(cursor.stream, cursor.next);
        }
    }
    Ok(places)
}

/// How many rows a projection has, and a digest over all of them.
async fn digest(store: &dyn Store, projection: &str) -> Result<(u64, Digest), StoreError> {
    let limit = u32::try_from(ROWS_LIMIT).unwrap_or(u32::MAX);
    let (mut hash, mut count) = (Sha256::new(), 0);
    let mut from = Vec::new();
    loop {
        let rows = store.scan(projection, &from, limit).await?;
        let Some(last) = rows.last() else {
            return Ok((count, Digest(hash.finalize().into())));
        };
        from = last.key.clone();
        from.push(0);
        for row in rows {
            count += 1;
            for part in [&row.key, &row.value] {
                hash.update(len64(part.len()).to_le_bytes());
                hash.update(part);
            }
        }
    }
}
