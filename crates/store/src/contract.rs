//! What a store promises: a ledger of streams, content-addressed blobs and keyed projection rows.
//! A store returns facts. It never expands, classifies, counts or decides what a row means.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use vardnav_register::tree::Subtree;

use crate::duty::Duty;

/// What a store answers with, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A SHA-256 hash: a leaf, a node or a root of a Merkle tree (RFC 6962).
pub type Hash = [u8; 32];

/// The key of a row within its stream, for example a truncated hash of record kind, id and revision.
/// Whoever needs certainty compares the row itself.
pub type RowKey = [u8; 16];

/// Longest stream name, in bytes.
pub const STREAM_NAME_LIMIT: usize = 128;
/// Most bytes in one row.
pub const ROW_LIMIT: usize = 4 * 1024 * 1024;
/// Most rows in one append, one find or one answer.
pub const ROWS_LIMIT: usize = 10_000;
/// Most bytes in one append; an answer to a read ends after the row that passes an eighth of it.
pub const BATCH_LIMIT: usize = 64 * 1024 * 1024;
/// Most bytes in one blob.
pub const BLOB_LIMIT: usize = 256 * 1024 * 1024;
/// Most bytes in the value of a projection row: larger values leave the pages of the embedded engine.
pub const VALUE_LIMIT: usize = 7 * 1024;
/// Most bytes in the key of a projection row.
pub const KEY_LIMIT: usize = 512;
/// Most hashes in one answer.
pub const HASHES_LIMIT: u32 = 65_536;
/// Leaves under a node of level 1; a node of level n covers this to the power of n.
pub const TILE: u64 = 256;

/// The ledger, its blobs and its projections.
///
/// Used as `Arc<dyn Store>`; every backend passes [`crate::suite`].
pub trait Store: Send + Sync + 'static {
    /// Appends rows to a stream that holds `expected` rows; they are durable, and visible to every reader, on
    /// return. Either all rows are there or none.
    ///
    /// # Errors
    /// `Conflict` when the stream holds another number of rows and `Limit` when the batch is too large: nothing was
    /// written. `Unavailable` when the outcome is not known: the rows may be there, now or once the store is opened
    /// again, or never. Nothing may be acknowledged then; read the head, or look for the rows' keys, before trying
    /// again, for an append that is only repeated may answer `Conflict` with its own rows.
    fn append<'a>(&'a self, stream: &'a StreamId, expected: u64, rows: Vec<Row>) -> Answer<'a, Head>;

    /// Appends rows behind whatever a stream holds: for streams in which the order of what comes at the same time says
    /// nothing. Durable and visible as after [`Store::append`], and many at once need one sync together.
    ///
    /// # Errors
    /// As [`Store::append`], but never `Conflict`.
    fn append_behind<'a>(&'a self, stream: &'a StreamId, rows: Vec<Row>) -> Answer<'a, Head>;

    /// Size and root of a stream; a stream never written to is empty.
    fn head<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, Head>;

    /// Every stream that holds rows, by name.
    fn streams(&self) -> Answer<'_, Vec<(StreamId, Head)>>;

    /// Rows from a position on, in order: at most `limit`, fewer when the answer grows large or the stream ends,
    /// at least one while there are any.
    ///
    /// # Errors
    /// `Corrupt` when the first of them cannot be read back as it was written.
    fn read<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>>;

    /// Rows as [`Store::read`] gives them, for whoever follows a stream as part of the background work over the store.
    /// Of several who follow the same, the later ones may have them from memory, as long as the work is this process's.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn follow<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        self.read(stream, from, limit)
    }

    /// Rows at positions that rise, in that order: at least one, fewer than asked when the answer grows large. Rows that
    /// lie together are fetched together, so that many old ones cost little more than a few.
    ///
    /// # Errors
    /// `Limit` when the positions do not rise, are too many, or there is no such row; `Corrupt` when the first of them
    /// cannot be read back as it was written.
    fn read_at<'a>(&'a self, stream: &'a StreamId, positions: Vec<u64>) -> Answer<'a, Vec<StoredRow>>;

    /// The last position of each key, in the order asked; sees every append that has returned.
    fn find<'a>(&'a self, stream: &'a StreamId, keys: Vec<RowKey>) -> Answer<'a, Vec<Option<u64>>>;

    /// Hashes of the stream's Merkle tree: level 0 are its leaves, level n the nodes over 256ⁿ leaves that are
    /// complete. Fewer than asked when there are no more. They are derived: whoever builds a proof of them
    /// checks it against the root.
    fn hashes<'a>(&'a self, stream: &'a StreamId, level: u8, from: u64, count: u32) -> Answer<'a, Vec<Hash>>;

    /// Hashes of complete subtrees of a stream's Merkle tree, in the order asked; derived as those of
    /// [`Store::hashes`] are.
    ///
    /// # Errors
    /// `Limit` when a subtree reaches beyond the stream.
    fn subtrees<'a>(&'a self, stream: &'a StreamId, wanted: Vec<Subtree>) -> Answer<'a, Vec<Hash>>;

    /// Builds the derived hashes of a stream anew from the rows of the ledger: for whoever found that they do not
    /// lead to the root. Nothing happens where hashes are not kept apart from the rows, or none are wrong.
    ///
    /// # Errors
    /// `Corrupt` when the rows themselves no longer lead to the root.
    fn mend<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, ()>;

    /// Replaces the bytes of a row by others of the same length that have the same leaf, and keeps nothing of the old
    /// ones in the ledger; durable on return. Key, leaf, order, heads and proofs stay as they are. It is how erased
    /// content leaves the ledger, and nothing else changes a row; that the leaf is the same is the caller's word, and
    /// what projections hold of the row is theirs to drop. What a stop breaks off is finished when the store is
    /// opened. The same again changes nothing.
    ///
    /// # Errors
    /// `Limit` when there is no such row or it has another length, `Corrupt` when it cannot be read back as it was
    /// written. `Unavailable` when the outcome is not known: the row is as it was or as it was to be, and the same
    /// may be asked again.
    fn redact<'a>(&'a self, stream: &'a StreamId, position: u64, bytes: Vec<u8>) -> Answer<'a, ()>;

    /// Replaces the bytes of many rows as [`Store::redact`] does those of one, with a few syncs for all of them. When
    /// it fails, each row is as it was or as it was to be.
    ///
    /// # Errors
    /// As [`Store::redact`].
    fn redact_many<'a>(&'a self, stream: &'a StreamId, rows: Vec<(u64, Vec<u8>)>) -> Answer<'a, ()> {
        Box::pin(async move {
            for (position, bytes) in rows {
                self.redact(stream, position, bytes).await?;
            }
            Ok(())
        })
    }

    /// Keeps bytes under their SHA-256; durable on return, and nothing happens when they are kept already.
    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, Digest>;

    /// The bytes kept under a digest.
    ///
    /// # Errors
    /// `Corrupt` when what is kept no longer has that digest.
    fn get_blob<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Vec<u8>>>;

    /// Digests of the blobs that are kept, in order, from behind `after` on, at most `limit`. What the blobs hold is not
    /// looked at.
    fn blobs(&self, after: Option<Digest>, limit: u32) -> Answer<'_, Vec<Digest>>;

    /// One row of a projection.
    fn row<'a>(&'a self, projection: &'a str, key: &'a [u8]) -> Answer<'a, Option<Vec<u8>>>;

    /// Rows of a projection by their keys, in the order asked, as they are at one moment or at several.
    ///
    /// # Errors
    /// `Limit` when there are too many keys.
    fn rows<'a>(&'a self, projection: &'a str, keys: &'a [Vec<u8>]) -> Answer<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            check_many_rows(keys.len())?;
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                rows.push(self.row(projection, key).await?);
            }
            Ok(rows)
        })
    }

    /// Rows of a projection in the order of their keys, from `from` on, at most `limit`.
    fn scan<'a>(&'a self, projection: &'a str, from: &'a [u8], limit: u32) -> Answer<'a, Vec<ProjectionRow>>;

    /// Rows of a projection whose keys begin with each of some bytes, in the order asked and in the order of their keys: at
    /// most `limit` of each, as they are at one moment or at several.
    ///
    /// # Errors
    /// `Limit` when more rows could be found than one answer has.
    fn rows_under<'a>(
        &'a self,
        projection: &'a str,
        beginnings: &'a [Vec<u8>],
        limit: u32,
    ) -> Answer<'a, Vec<Vec<ProjectionRow>>> {
        Box::pin(async move {
            check_many_rows(beginnings.len().saturating_mul(crate::codec::index(limit.into())))?;
            let mut found = Vec::with_capacity(beginnings.len());
            for beginning in beginnings {
                let mut rows = self.scan(projection, beginning, limit).await?;
                rows.retain(|row| row.key.starts_with(beginning));
                found.push(rows);
            }
            Ok(found)
        })
    }

    /// How far a projection has followed a stream: the position it reads next. May fall back to an earlier value
    /// when the machine stops, with the rows that belong to it.
    fn cursor<'a>(&'a self, projection: &'a str, stream: &'a StreamId) -> Answer<'a, u64>;

    /// The cursors of every projection on every stream, by projection and stream.
    fn cursors(&self) -> Answer<'_, Vec<Cursor>>;

    /// How far a projection has followed each stream that it has begun: all of its cursors, in one question.
    fn cursors_of<'a>(&'a self, projection: &'a str) -> Answer<'a, BTreeMap<StreamId, u64>> {
        Box::pin(async move {
            let all = self.cursors().await?.into_iter();
            let own = all.filter(|cursor| cursor.projection == projection);
            Ok(own.map(|cursor| (cursor.stream, cursor.next)).collect())
        })
    }

    /// Changes rows of a projection and moves its cursor on a stream, both or neither. They may fall back together when the
    /// machine stops ([`Store::cursor`]), and are followed again then.
    ///
    /// # Errors
    /// `Conflict` when the cursor is not `expected`.
    fn commit<'a>(
        &'a self,
        projection: &'a str,
        stream: &'a StreamId,
        expected: u64,
        next: u64,
        changes: Vec<Change>,
    ) -> Answer<'a, ()>;

    /// Forgets every row and cursor of a projection, so that it can be built anew from the ledger.
    fn clear<'a>(&'a self, projection: &'a str) -> Answer<'a, ()>;

    /// Whose the background work over this store is: this process's, unless several share the store. Where they do, what
    /// redacts and what changes projections is the work of whoever has it, and `Unavailable` for the others.
    fn duty(&self) -> Duty {
        Duty::alone()
    }
}

/// Names a stream of the ledger: 1–128 bytes of `A–Z a–z 0–9 . _ : - /`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(Arc<str>);

impl StreamId {
    /// Takes a name.
    ///
    /// # Errors
    /// `Limit` when it is empty, too long or holds another character.
    pub fn new(name: &str) -> Result<Self, StoreError> {
        let fits = (1..=STREAM_NAME_LIMIT).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._:-/".contains(&byte));
        if fits {
            Ok(Self(name.into()))
        } else {
            Err(StoreError::Limit(
                "a stream name has 1 to 128 of A-Z a-z 0-9 . _ : - /".to_owned(),
            ))
        }
    }

    /// The authority's own stream: reporters, units, editions, releases.
    pub fn authority() -> Self {
        Self("authority".into())
    }

    /// The audit trail.
    pub fn audit() -> Self {
        Self("audit".into())
    }

    /// What was asked, approved and done of what touches the secrecy of persons.
    pub fn rights() -> Self {
        Self("rights".into())
    }

    /// The national heads.
    pub fn heads() -> Self {
        Self("heads".into())
    }

    /// The stream of a reporter.
    ///
    /// # Errors
    /// `Limit` when the id cannot be part of a stream name.
    pub fn reporter(id: &str) -> Result<Self, StoreError> {
        if id.is_empty() {
            return Err(StoreError::Limit(
                "a reporter id has at least one character".to_owned(),
            ));
        }
        Self::new(&format!("reporter/{id}"))
    }

    /// The reporter whose stream this is, if it is one's.
    pub fn as_reporter(&self) -> Option<&str> {
        self.0.strip_prefix("reporter/")
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({})", self.0)
    }
}

/// What is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// By which it is found again.
    pub key: RowKey,
    /// Its leaf in the stream's Merkle tree.
    pub leaf: Hash,
    /// The entry, as `vardnav_register` encodes it.
    pub bytes: Vec<u8>,
}

/// A row with its place in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// 0, 1, … without gaps within the stream.
    pub position: u64,
    /// By which it is found.
    pub key: RowKey,
    /// Its leaf in the stream's Merkle tree.
    pub leaf: Hash,
    /// The entry.
    pub bytes: Vec<u8>,
}

/// A stream at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Rows it holds.
    pub size: u64,
    /// Root of its Merkle tree; of an empty one the SHA-256 of nothing.
    pub root: Hash,
}

/// SHA-256 of a blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        crate::codec::unhex(text).map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::codec::hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// One change to a projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which row.
    pub key: Vec<u8>,
    /// What it holds from now on; `None` removes it.
    pub value: Option<Vec<u8>>,
}

/// A row of a projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionRow {
    /// Its key.
    pub key: Vec<u8>,
    /// What it holds.
    pub value: Vec<u8>,
}

/// How far a projection has followed a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The projection.
    pub projection: String,
    /// The stream.
    pub stream: StreamId,
    /// The position that it reads next.
    pub next: u64,
}

/// Why a store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was faster: read again and decide anew.
    #[error("expected position {expected}, but it is {actual}")]
    Conflict {
        /// What the caller stated.
        expected: u64,
        /// What holds.
        actual: u64,
    },
    /// The store cannot do it now. What was read did not change; whether what was written is kept is not known:
    /// see [`Store::append`].
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// Stored bytes are not those once written.
    #[error("stored data damaged: {0}")]
    Corrupt(String),
    /// The request is outside a stated limit.
    #[error("limit exceeded: {0}")]
    Limit(String),
}

/// Holds a batch against the limits that every backend has.
pub(crate) fn check_batch(rows: &[Row]) -> Result<(), StoreError> {
    if rows.len() > ROWS_LIMIT {
        return Err(StoreError::Limit(format!(
            "{} rows in one append, at most {ROWS_LIMIT}",
            rows.len()
        )));
    }
    if let Some(row) = rows.iter().find(|row| row.bytes.len() > ROW_LIMIT) {
        return Err(StoreError::Limit(format!(
            "a row of {} bytes, at most {ROW_LIMIT}",
            row.bytes.len()
        )));
    }
    let bytes: usize = rows.iter().map(|row| row.bytes.len()).sum();
    if bytes > BATCH_LIMIT {
        return Err(StoreError::Limit(format!(
            "{bytes} bytes in one append, at most {BATCH_LIMIT}"
        )));
    }
    Ok(())
}

/// Holds the positions of one read against the limits.
pub(crate) fn check_positions(positions: &[u64], size: u64) -> Result<(), StoreError> {
    let rise = positions.is_sorted_by(|a, b| a < b);
    if positions.len() > ROWS_LIMIT || !rise || positions.last().is_some_and(|last| *last >= size) {
        return Err(StoreError::Limit(format!(
            "{} positions in one read: at most {ROWS_LIMIT}, rising, below {size}",
            positions.len()
        )));
    }
    Ok(())
}

/// Holds the keys of one find against the limit.
pub(crate) fn check_keys(keys: &[RowKey]) -> Result<(), StoreError> {
    if keys.len() > ROWS_LIMIT {
        return Err(StoreError::Limit(format!(
            "{} keys in one find, at most {ROWS_LIMIT}",
            keys.len()
        )));
    }
    Ok(())
}

/// Holds the keys of one question for rows of a projection against the limit.
pub(crate) fn check_many_rows(count: usize) -> Result<(), StoreError> {
    match count > ROWS_LIMIT {
        true => Err(StoreError::Limit(format!(
            "{count} rows of a projection in one question, at most {ROWS_LIMIT}"
        ))),
        false => Ok(()),
    }
}

/// Holds projection changes against the limits, and the cursor against going back.
pub(crate) fn check_changes(expected: u64, next: u64, changes: &[Change]) -> Result<(), StoreError> {
    if next < expected {
        return Err(StoreError::Limit(
            "a cursor does not go back; clear the projection instead".to_owned(),
        ));
    }
    for change in changes {
        if change.key.len() > KEY_LIMIT {
            return Err(StoreError::Limit(format!(
                "a key of {} bytes, at most {KEY_LIMIT}",
                change.key.len()
            )));
        }
        if let Some(value) = &change.value
            && value.len() > VALUE_LIMIT
        {
            return Err(StoreError::Limit(format!(
                "a value of {} bytes, at most {VALUE_LIMIT}",
                value.len()
            )));
        }
    }
    Ok(())
}

/// Holds a blob against the limit.
pub(crate) fn check_blob(bytes: &[u8]) -> Result<(), StoreError> {
    if bytes.len() > BLOB_LIMIT {
        return Err(StoreError::Limit(format!(
            "a blob of {} bytes, at most {BLOB_LIMIT}",
            bytes.len()
        )));
    }
    Ok(())
}

/// Holds a projection's name against what every backend can use as a name.
pub(crate) fn check_projection(name: &str) -> Result<(), StoreError> {
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
    if fits {
        Ok(())
    } else {
        Err(StoreError::Limit(
            "a projection name has 1 to 64 of a-z 0-9 - .".to_owned(),
        ))
    }
}
