//! The store in a database held against itself: rows against their checksums and leaves, leaves against the heads, kept
//! hashes and keys against the rows, blobs against their digests and against what the authority's stream names, cursors against the streams. Changes nothing; rows that
//! are appended meanwhile are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::one;
use super::{Core, Postgres};
use crate::check::{Finding, Summary, Telling, Told, sought};
use crate::codec::len64;
use crate::contract::{Cursor, Digest, Hash, ROWS_LIMIT, StoreError, StoredRow, StreamId};
use crate::leaves::has_leaf;
use crate::tree::Frontier;

/// Rows that are asked for at once.
const ROWS: u64 = 5_000;

const NAMES: &str = "SELECT stream FROM heads WHERE stream > $1 ORDER BY stream LIMIT $2";
const NAMES_IN_LEDGER: &str = "SELECT stream FROM ledger WHERE stream > $1 ORDER BY stream LIMIT 1";
const BEHIND_HEADS: &str = "SELECT h.stream, h.size FROM heads AS h WHERE EXISTS \
                            (SELECT 1 FROM ledger AS l WHERE l.stream = h.stream AND l.position >= h.size)";

/// A check under way.
struct Check<'a> {
    core: &'a Core,
    telling: Telling<'a, dyn FnMut(Told) -> bool + Send + 'a>,
    /// Rows of all streams.
    total: u64,
}

/// Nodes that leaves complete, by level.
type Completed = BTreeMap<u8, (u64, Vec<Hash>)>;

impl Postgres {
    /// Holds the store against itself, while it is used. `tell` hears of findings and progress and answers whether to go
    /// on.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer, or `tell` wants no more.
    pub async fn check(&self, tell: &mut (dyn FnMut(Told) -> bool + Send)) -> Result<Summary, StoreError> {
        let mut check = Check {
            core: &self.core,
            telling: Telling::new(tell),
            total: 0,
        };
        // Before the heads, which only grow.
        let cursors = self.core.cursors().await?;
        let heads = check.heads().await?;
        check.telling.summary.streams = len64(heads.len());
        check.total = heads.values().map(Frontier::size).sum();
        for (stream, head) in &heads {
            check.stream(stream, head).await?;
        }
        check.beside(&heads).await?;
        check.blobs().await?;
        check.cursors(&heads, cursors).await?;
        Ok(check.telling.summary)
    }
}

impl Check<'_> {
    /// The right edge of every stream whose head can be read.
    async fn heads(&mut self) -> Result<BTreeMap<StreamId, Frontier>, StoreError> {
        let mut heads = BTreeMap::new();
        let limit = len64(ROWS_LIMIT).cast_signed();
        let mut after = String::new();
        loop {
            let found = self.core.ask(NAMES, &[&after, &limit]).await?;
            for row in &found {
                after = row.try_get(0).map_err(unreadable)?;
                let stream = StreamId::new(&after)?;
                match self.core.edge(&stream).await {
                    Ok(edge) => drop(heads.insert(stream, edge)),
                    Err(StoreError::Corrupt(what)) => {
                        let finding = Finding::of("VN-STO-012", "heads".to_owned(), what);
                        self.telling.find(finding.row(&stream, 0).lost())?;
                    }
                    Err(error) => return Err(error),
                }
            }
            if found.is_empty() {
                return Ok(heads);
            }
        }
    }

    /// The rows of one stream, from the first to its head.
    async fn stream(&mut self, stream: &StreamId, head: &Frontier) -> Result<(), StoreError> {
        let mut tree = Some(Frontier::default());
        let mut at = 0;
        while at < head.size() {
            let past = (at + ROWS).min(head.size());
            let found = self.core.read_raw(stream, at, past).await?;
            let end = match found.last() {
                Some(last) => last.try_get::<_, i64>(0).map_err(unreadable)?.cast_unsigned() + 1,
                None => past,
            };
            let mut rows = Vec::new();
            let mut found = found.iter().peekable();
            while at < end {
                let stands = |row: &&tokio_postgres::Row| {
                    row.try_get::<_, i64>(0)
                        .is_ok_and(|place| place.cast_unsigned() == at)
                };
                let Some(row) = found.next_if(|row| stands(row)) else {
                    let until = match found.peek() {
                        Some(row) => row.try_get::<_, i64>(0).map_err(unreadable)?.cast_unsigned(),
                        None => end,
                    };
                    let what = format!("rows {at} to {until} of stream {stream} are missing");
                    let finding = Finding::of("VN-STO-011", "ledger".to_owned(), what);
                    self.telling.find(finding.row(stream, at).lost())?;
                    tree = None;
                    at = until;
                    continue;
                };
                match one(stream, row, at) {
                    Ok(Some(row)) => rows.push(row),
                    _ => {
                        let what = format!("row {at} of stream {stream} fails its checksum");
                        let finding = Finding::of("VN-STO-010", "ledger".to_owned(), what);
                        self.telling.find(finding.row(stream, at).lost())?;
                        tree = None;
                    }
                }
                at += 1;
            }
            self.rows(stream, &rows, &mut tree).await?;
            let total = self.total;
            self.telling.progress("rows", self.telling.summary.rows, total)?;
        }
        if tree.is_some_and(|tree| tree != *head) {
            let what = format!("the leaves of stream {stream} do not lead to its head");
            let finding = Finding::of("VN-STO-012", "heads".to_owned(), what);
            self.telling.find(finding.row(stream, head.size()).lost())?;
        }
        Ok(())
    }

    /// Sound rows: their leaves, the hashes that they complete, their keys.
    async fn rows(
        &mut self,
        stream: &StreamId,
        rows: &[StoredRow],
        tree: &mut Option<Frontier>,
    ) -> Result<(), StoreError> {
        self.telling.summary.rows += len64(rows.len());
        let mut completed = Completed::new();
        for row in rows {
            self.telling.summary.log_bytes += len64(row.bytes.len());
            if !has_leaf(stream, &row.bytes, &row.leaf) {
                let what = format!("row {} of stream {stream} does not have its leaf", row.position);
                let finding = Finding::of("VN-STO-013", "ledger".to_owned(), what);
                self.telling.find(finding.row(stream, row.position).lost())?;
            }
            if let Some(tree) = tree {
                tree.append(row.leaf, |height, hash| {
                    let level = u8::try_from(height / 8).unwrap_or(u8::MAX);
                    let place = row.position >> height;
                    completed.entry(level).or_insert((place, Vec::new())).1.push(hash);
                });
            }
        }
        self.hashes(stream, &completed).await?;
        self.keys(stream, rows).await
    }

    async fn hashes(&mut self, stream: &StreamId, completed: &Completed) -> Result<(), StoreError> {
        for (level, (first, hashes)) in completed {
            let count = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
            let held = match self.core.hashes(stream, *level, *first, count).await {
                Ok(held) => held,
                Err(StoreError::Corrupt(_)) => Vec::new(),
                Err(error) => return Err(error),
            };
            let same = held
                .iter()
                .zip(hashes)
                .take_while(|(held, known)| held == known)
                .count();
            if same < hashes.len() {
                let at = first + len64(same);
                let what = format!("hash {at} of level {level} is another or missing");
                let finding = Finding::of("VN-STO-014", "nodes".to_owned(), what);
                let position = at.checked_shl(8 * u32::from(*level)).unwrap_or(u64::MAX);
                self.telling.find(finding.row(stream, position))?;
            }
        }
        Ok(())
    }

    /// Each row is found by its key, or one further on with the same key is.
    async fn keys(&mut self, stream: &StreamId, rows: &[StoredRow]) -> Result<(), StoreError> {
        let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
        let found = self.core.find(stream, &keys).await?;
        for (row, found) in rows.iter().zip(found) {
            if found.is_none_or(|found| found < row.position) {
                let what = format!("row {} of stream {stream} is not found by its key", row.position);
                let finding = Finding::of("VN-STO-015", "ledger_keys".to_owned(), what);
                self.telling.find(finding.row(stream, row.position))?;
            }
        }
        Ok(())
    }

    /// Rows that belong to no head.
    async fn beside(&mut self, heads: &BTreeMap<StreamId, Frontier>) -> Result<(), StoreError> {
        for row in self.core.ask(BEHIND_HEADS, &[]).await? {
            let name: String = row.try_get(0).map_err(unreadable)?;
            let size: i64 = row.try_get(1).map_err(unreadable)?;
            let stream = StreamId::new(&name)?;
            let what = format!("stream {stream} has rows behind its head");
            let finding = Finding::of("VN-STO-011", "ledger".to_owned(), what);
            self.telling.find(finding.row(&stream, size.cast_unsigned()))?;
        }
        let mut after = String::new();
        while let Some(row) = self.core.ask(NAMES_IN_LEDGER, &[&after]).await?.first() {
            after = row.try_get(0).map_err(unreadable)?;
            let stream = StreamId::new(&after)?;
            if heads.contains_key(&stream) {
                continue;
            }
            match self.core.edge(&stream).await {
                Ok(edge) if edge.size() == 0 => {}
                // A stream that came meanwhile, or whose head was told of.
                Ok(_) | Err(StoreError::Corrupt(_)) => continue,
                Err(error) => return Err(error),
            }
            let what = format!("stream {stream} has rows and no head");
            let finding = Finding::of("VN-STO-011", "ledger".to_owned(), what);
            self.telling.find(finding.row(&stream, 0).lost())?;
        }
        Ok(())
    }

    async fn blobs(&mut self) -> Result<(), StoreError> {
        let limit = u32::try_from(ROWS_LIMIT).unwrap_or(u32::MAX);
        let mut after: Option<Digest> = None;
        let mut seen = BTreeSet::new();
        loop {
            let digests = self.core.blobs(after, limit).await?;
            let Some(last) = digests.last() else { break };
            after = Some(*last);
            seen.extend(digests.iter().copied());
            for digest in &digests {
                self.telling.summary.blobs += 1;
                match self.core.get_blob(digest).await {
                    Ok(_) => {}
                    Err(StoreError::Corrupt(_)) => {
                        let what = format!("blob {digest} does not have its digest, or not all of its parts");
                        self.telling
                            .find(Finding::of("VN-STO-016", "blobs".to_owned(), what).lost())?;
                    }
                    Err(error) => return Err(error),
                }
                let done = self.telling.summary.blobs;
                self.telling.progress("blobs", done, done)?;
            }
        }
        self.named(&seen).await
    }

    /// Every blob that the authority's stream names is there.
    async fn named(&mut self, seen: &BTreeSet<Digest>) -> Result<(), StoreError> {
        let (stream, mut from) = (StreamId::authority(), 0);
        let limit = u32::try_from(ROWS).unwrap_or(u32::MAX);
        loop {
            // What cannot be read of the stream was found with its rows.
            let rows = match self.core.read(&stream, from, limit).await {
                Err(StoreError::Corrupt(_)) => return Ok(()),
                rows => rows?,
            };
            let Some(last) = rows.last() else { return Ok(()) };
            from = last.position + 1;
            let mut sought = sought(&rows, seen);
            while let Some(named) = sought.pop() {
                match self.core.get_blob(&named.digest).await {
                    Ok(Some(bytes)) if named.is_release => sought.extend(named.files(&bytes)),
                    Ok(Some(_)) | Err(StoreError::Corrupt(_)) => {}
                    Ok(None) => self.telling.find(named.missing("blobs"))?,
                    Err(error) => return Err(error),
                }
            }
        }
    }

    async fn cursors(
        &mut self,
        heads: &BTreeMap<StreamId, Frontier>,
        cursors: Vec<Cursor>,
    ) -> Result<(), StoreError> {
        for Cursor {
            projection,
            stream,
            next,
        } in cursors
        {
            self.telling.summary.cursors += 1;
            let size = heads.get(&stream).map_or(0, Frontier::size);
            if next > size {
                let what = format!(
                    "projection {projection} has followed stream {stream} to {next}, which has {size} rows"
                );
                let finding = Finding::of("VN-STO-017", "cursors".to_owned(), what);
                self.telling.find(finding.row(&stream, next))?;
            }
        }
        Ok(())
    }
}

fn unreadable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Corrupt(format!("a row of the database is not as it must be: {error}"))
}
