//! Appending: one statement moves the head from the size and edge that it must have and adds the rows and the nodes that
//! they complete, or does nothing. When the connection is lost before the answer, the same is asked again: the statement
//! can take effect once only, and whether it did is seen from the leaves that stand in the places of its rows; that they
//! stand there is answered once they are durable wherever an answer must be. Servers
//! that append to one stream at the same time need nothing else: of two that expect the same edge one moves it.

use tokio_postgres::types::ToSql;

use super::Core;
use super::connection::Lent;
use super::failed::Failed;
use super::heads::{edge, encode, head_of, settle};
use super::reading::checksum;
use crate::codec::len64;
use crate::contract::{Hash, Head, Row, StoreError, StreamId};
use crate::tree::Frontier;

/// What both statements do once the head has moved.
macro_rules! append {
    ($moved:literal) => {
        concat!(
            "WITH moved AS (",
            $moved,
            "), completed AS (INSERT INTO nodes (stream, level, place, hash) \
             SELECT moved.stream, n.level, n.place, n.hash FROM moved \
             CROSS JOIN unnest($6::smallint[], $7::bigint[], $8::bytea[]) AS n (level, place, hash)), \
             added AS (INSERT INTO ledger (stream, position, key, leaf, checksum, bytes) \
             SELECT moved.stream, $2 + r.n - 1, r.key, r.leaf, r.checksum, r.bytes FROM moved \
             CROSS JOIN unnest($9::bytea[], $10::bytea[], $11::integer[], $12::bytea[]) \
             WITH ORDINALITY AS r (key, leaf, checksum, bytes, n)) \
             SELECT stream FROM moved"
        )
    };
}

const FIRST: &str = append!(
    "INSERT INTO heads (stream, size, root, frontier) VALUES ($1, $2::bigint + $3::bigint, $4, $5) \
     ON CONFLICT (stream) DO NOTHING RETURNING stream"
);
const NEXT: &str = append!(
    "UPDATE heads SET size = $2::bigint + $3::bigint, root = $4, frontier = $5 \
     WHERE stream = $1 AND size = $2 AND frontier = $13 RETURNING stream"
);
const LEAVES: &str =
    "SELECT leaf FROM ledger WHERE stream = $1 AND position >= $2 AND position < $3 ORDER BY position";

/// What becomes of a tree when leaves come to it.
struct Growth {
    before: Frontier,
    after: Frontier,
    levels: Vec<i16>,
    places: Vec<i64>,
    hashes: Vec<Hash>,
}

impl Growth {
    fn of(before: Frontier, rows: &[Row]) -> Self {
        let mut after = before.clone();
        let (mut levels, mut places, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let at = after.size();
            after.append(row.leaf, |height, hash| {
                levels.push(i16::try_from(height / 8).unwrap_or(i16::MAX));
                places.push((at >> height).cast_signed());
                hashes.push(hash);
            });
        }
        Self {
            before,
            after,
            levels,
            places,
            hashes,
        }
    }
}

impl Core {
    /// Appends rows to a stream that holds `expected`.
    pub(super) async fn append(
        &self,
        stream: &StreamId,
        expected: u64,
        rows: &[Row],
    ) -> Result<Head, StoreError> {
        let mut tries = self.tries();
        let mut sent = None;
        let mut unknown = false;
        loop {
            match self
                .try_to_append(stream, expected, rows, &mut sent, unknown)
                .await
            {
                Ok(head) => return Ok(head),
                Err(failed) => {
                    unknown |= failed.is_unknown();
                    tries.again(failed).await?;
                }
            }
        }
    }

    /// `sent` is what was asked before, `unknown` whether that may have been done.
    async fn try_to_append(
        &self,
        stream: &StreamId,
        expected: u64,
        rows: &[Row],
        sent: &mut Option<Growth>,
        unknown: bool,
    ) -> Result<Head, Failed> {
        let mut lent = self.link.lend().await?;
        let known = self.edges.get(stream).filter(|edge| edge.size() == expected);
        let now = match known {
            Some(edge) if !rows.is_empty() && !unknown => edge,
            _ => edge(&mut lent, stream).await?,
        };
        self.edges.keep(stream, now.clone());
        if now.size() != expected {
            if let Some(growth) = sent.as_ref().filter(|_| unknown)
                && stand(&mut lent, stream, expected, rows).await?
            {
                settle(&mut lent, stream).await?;
                return Ok(head_of(&growth.after));
            }
            let actual = now.size();
            return Err(StoreError::Conflict { expected, actual }.into());
        }
        if rows.is_empty() {
            return Ok(head_of(&now));
        }
        let growth = match sent.take() {
            Some(growth) if growth.before == now => growth,
            _ => Growth::of(now, rows),
        };
        let growth = sent.insert(growth);
        self.edges.forget(stream);
        if swap(&mut lent, stream, growth, rows).await? {
            self.edges.keep(stream, growth.after.clone());
            return Ok(head_of(&growth.after));
        }
        // What was known of the head no longer holds, or never did: the next try asks.
        Err(Failed::Again(StoreError::Unavailable(format!(
            "the head of {stream} moves all the time"
        ))))
    }
}

/// Moves the head and adds the rows; gives whether the head was where it had to be.
async fn swap(lent: &mut Lent, stream: &StreamId, growth: &Growth, rows: &[Row]) -> Result<bool, Failed> {
    let first = growth.before.size();
    let position = first.cast_signed();
    let count = len64(rows.len()).cast_signed();
    let head = head_of(&growth.after);
    let (root, after, before) = (
        head.root.as_slice(),
        encode(&growth.after),
        encode(&growth.before),
    );
    let hashes: Vec<&[u8]> = growth.hashes.iter().map(|hash| hash.as_slice()).collect();
    let keys: Vec<&[u8]> = rows.iter().map(|row| row.key.as_slice()).collect();
    let leaves: Vec<&[u8]> = rows.iter().map(|row| row.leaf.as_slice()).collect();
    let bytes: Vec<&[u8]> = rows.iter().map(|row| row.bytes.as_slice()).collect();
    let checksums: Vec<i32> = (first..)
        .zip(rows)
        .map(|(position, row)| checksum(stream, position, &row.key, &row.leaf, &row.bytes))
        .collect();
    let name = stream.as_str();
    let mut with: Vec<&(dyn ToSql + Sync)> = vec![
        &name,
        &position,
        &count,
        &root,
        &after,
        &growth.levels,
        &growth.places,
        &hashes,
        &keys,
        &leaves,
        &checksums,
        &bytes,
    ];
    let statement = if first == 0 {
        FIRST
    } else {
        with.push(&before);
        NEXT
    };
    Ok(lent.query_opt(statement, &with).await?.is_some())
}

/// Whether these very rows stand in their places.
async fn stand(lent: &mut Lent, stream: &StreamId, first: u64, rows: &[Row]) -> Result<bool, Failed> {
    let end = first.saturating_add(len64(rows.len()));
    let with: [&(dyn ToSql + Sync); 3] = [&stream.as_str(), &first.cast_signed(), &end.cast_signed()];
    let found = lent.query(LEAVES, &with).await?;
    if found.len() != rows.len() {
        return Ok(false);
    }
    for (found, row) in found.iter().zip(rows) {
        if found.try_get::<_, &[u8]>(0)? != row.leaf {
            return Ok(false);
        }
    }
    Ok(true)
}
