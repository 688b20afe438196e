//! Reading rows: from a position on, at positions, and by their keys. Nothing is answered that did not pass its checksum
//! or does not stand in its place.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Core;
use super::connection::Lent;
use super::failed::Failed;
use crate::codec::len64;
use crate::contract::{
    BATCH_LIMIT, Hash, ROWS_LIMIT, RowKey, StoreError, StoredRow, StreamId, check_positions,
};

/// Rows until the answer is large; what stands before the first counts nothing, so that there is one at least.
macro_rules! counted {
    ($rows:literal) => {
        concat!(
            "SELECT position, key, leaf, checksum, bytes FROM (SELECT position, key, leaf, checksum, bytes, \
             sum(octet_length(bytes)) OVER (ORDER BY position) - octet_length(bytes) AS passed FROM (",
            $rows,
            ") AS found) AS counted WHERE passed < $3 ORDER BY position"
        )
    };
}

const FROM: &str = counted!(
    "SELECT position, key, leaf, checksum, bytes FROM ledger WHERE stream = $1 AND position >= $2 \
     AND position < $4"
);
const AT: &str = counted!(
    "SELECT l.position, l.key, l.leaf, l.checksum, l.bytes FROM unnest($2::bigint[]) AS wanted (position) \
     JOIN ledger AS l ON l.stream = $1 AND l.position = wanted.position"
);
const FIND: &str = "SELECT (SELECT max(l.position) FROM ledger AS l WHERE l.stream = $1 AND l.key = wanted.key) \
                    FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted (key, n) ORDER BY n";

/// Bytes after which an answer ends.
const ANSWER_MAX: usize = BATCH_LIMIT / 8;

impl Core {
    pub(super) async fn read(
        &self,
        stream: &StreamId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<StoredRow>, StoreError> {
        let limit = u64::from(limit).min(len64(ROWS_LIMIT));
        let Ok(position) = i64::try_from(from) else {
            return Ok(Vec::new());
        };
        let mut tries = self.tries();
        loop {
            match self.try_to_read(stream, position, limit.cast_signed()).await {
                Ok(rows) => return Ok(rows),
                Err(failed) => tries.again(failed).await?,
            }
        }
    }

    /// Rows in a range of positions as they stand, whatever they are; fewer when they grow large.
    pub(super) async fn read_raw(
        &self,
        stream: &StreamId,
        from: u64,
        past: u64,
    ) -> Result<Vec<Row>, StoreError> {
        let answer_max = len64(ANSWER_MAX).cast_signed();
        let (from, past) = (from.cast_signed(), past.cast_signed());
        self.ask(FROM, &[&stream.as_str(), &from, &answer_max, &past])
            .await
    }

    async fn try_to_read(&self, stream: &StreamId, from: i64, limit: i64) -> Result<Vec<StoredRow>, Failed> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut lent = self.link.lend().await?;
        let answer_max = len64(ANSWER_MAX).cast_signed();
        // Positions have no gaps, so that an end says what a limit would, and bounds the work whatever the plan.
        let past = from.saturating_add(limit);
        let name = stream.as_str();
        let with: [&(dyn ToSql + Sync); 4] = [&name, &from, &answer_max, &past];
        let mut found = lent.query(FROM, &with).await?;
        if found.is_empty() {
            let size = super::heads::edge(&mut lent, stream).await?.size();
            if size <= from.cast_unsigned() {
                return Ok(Vec::new());
            }
            // They may have come between the two questions; those under a head that was seen are there.
            found = lent.query(FROM, &with).await?;
            if found.is_empty() {
                return Err(damaged(stream, from.cast_unsigned()).into());
            }
        }
        verified(stream, &found, from.cast_unsigned()..)
    }

    pub(super) async fn read_at(
        &self,
        stream: &StreamId,
        positions: &[u64],
    ) -> Result<Vec<StoredRow>, StoreError> {
        let last = positions.last().copied().unwrap_or(0);
        // A stream only grows.
        let size = match self.edges.get(stream) {
            Some(edge) if edge.size() > last => edge.size(),
            _ => self.edge(stream).await?.size(),
        };
        check_positions(positions, size)?;
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let mut tries = self.tries();
        loop {
            match self.try_to_read_at(stream, positions).await {
                Ok(rows) => return Ok(rows),
                Err(failed) => tries.again(failed).await?,
            }
        }
    }

    async fn try_to_read_at(&self, stream: &StreamId, positions: &[u64]) -> Result<Vec<StoredRow>, Failed> {
        let wanted: Vec<i64> = positions.iter().map(|position| position.cast_signed()).collect();
        let answer_max = len64(ANSWER_MAX).cast_signed();
        let mut lent = self.link.lend().await?;
        let found = lent.query(AT, &[&stream.as_str(), &wanted, &answer_max]).await?;
        if let (true, Some(first)) = (found.is_empty(), positions.first()) {
            return Err(damaged(stream, *first).into());
        }
        verified(stream, &found, positions.iter().copied())
    }

    pub(super) async fn find(
        &self,
        stream: &StreamId,
        keys: &[RowKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut tries = self.tries();
        loop {
            match self.try_to_find(stream, keys).await {
                Ok(found) => return Ok(found),
                Err(failed) => tries.again(failed).await?,
            }
        }
    }

    async fn try_to_find(&self, stream: &StreamId, keys: &[RowKey]) -> Result<Vec<Option<u64>>, Failed> {
        let wanted: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
        let mut lent: Lent = self.link.lend().await?;
        let found = lent.query(FIND, &[&stream.as_str(), &wanted]).await?;
        let mut positions = Vec::with_capacity(found.len());
        for row in found {
            let position: Option<i64> = row.try_get(0)?;
            positions.push(position.map(i64::cast_unsigned));
        }
        Ok(positions)
    }
}

/// CRC-32C of a row with its place.
pub(super) fn checksum(stream: &StreamId, position: u64, key: &RowKey, leaf: &Hash, bytes: &[u8]) -> i32 {
    let sum = crc32c::crc32c(stream.as_str().as_bytes());
    let sum = crc32c::crc32c_append(sum, &position.to_le_bytes());
    let sum = crc32c::crc32c_append(sum, key);
    let sum = crc32c::crc32c_append(sum, leaf);
    crc32c::crc32c_append(sum, bytes).cast_signed()
}

/// The rows as far as they are those wanted and unharmed.
fn verified(
    stream: &StreamId,
    found: &[Row],
    wanted: impl Iterator<Item = u64>,
) -> Result<Vec<StoredRow>, Failed> {
    let mut rows = Vec::with_capacity(found.len());
    for (found, position) in found.iter().zip(wanted) {
        match one(stream, found, position)? {
            Some(row) => rows.push(row),
            None if rows.is_empty() => return Err(damaged(stream, position).into()),
            None => break,
        }
    }
    Ok(rows)
}

/// A row, if it is unharmed and stands in its place.
pub(super) fn one(stream: &StreamId, found: &Row, wanted: u64) -> Result<Option<StoredRow>, Failed> {
    let position: i64 = found.try_get(0)?;
    let (key, leaf): (&[u8], &[u8]) = (found.try_get(1)?, found.try_get(2)?);
    let (sum, bytes): (i32, &[u8]) = (found.try_get(3)?, found.try_get(4)?);
    let (Ok(key), Ok(leaf)) = (RowKey::try_from(key), Hash::try_from(leaf)) else {
        return Ok(None);
    };
    let position = position.cast_unsigned();
    let right = position == wanted && sum == checksum(stream, position, &key, &leaf, bytes);
    Ok(right.then(|| StoredRow {
        position,
        key,
        leaf,
        bytes: bytes.to_vec(),
    }))
}

pub(super) fn damaged(stream: &StreamId, position: u64) -> StoreError {
    StoreError::Corrupt(format!("row {position} of stream {stream} cannot be read"))
}
