//! Hashes of the streams' Merkle trees: leaves stand with the rows, nodes over each 256 of the level below in a table of
//! their own. Nodes are derived and can be built anew.

use std::collections::HashMap;

use tokio_postgres::types::ToSql;
use vardnav_register::tree::Subtree;

use super::Core;
use super::failed::Failed;
use crate::codec::len64;
use crate::contract::{HASHES_LIMIT, Hash, ROWS_LIMIT, StoreError, StreamId};
use crate::tiles::subtree;
use crate::tree::Frontier;

const LEAVES: &str = "SELECT position, leaf FROM ledger WHERE stream = $1 AND position >= $2 AND position < $3 \
                      ORDER BY position";
const NODES: &str = "SELECT place, hash FROM nodes WHERE stream = $1 AND level = $4 AND place >= $2 AND place < $3 \
                     ORDER BY place";
/// Each of the ranges is looked up by itself and has an end: one condition for all of them would be read from all rows.
const LEAVES_OF: &str = "SELECT found.position, found.leaf \
                         FROM unnest($2::bigint[], $3::bigint[]) AS wanted (first, past) CROSS JOIN LATERAL \
                         (SELECT l.position, l.leaf FROM ledger AS l WHERE l.stream = $1 \
                         AND l.position >= wanted.first AND l.position < wanted.past \
                         ORDER BY l.position LIMIT 256) AS found";
const NODES_OF: &str = "SELECT found.place, found.hash \
                        FROM unnest($2::bigint[], $3::bigint[]) AS wanted (first, past) CROSS JOIN LATERAL \
                        (SELECT n.place, n.hash FROM nodes AS n WHERE n.stream = $1 AND n.level = $4 \
                        AND n.place >= wanted.first AND n.place < wanted.past \
                        ORDER BY n.place LIMIT 256) AS found";
const MEND: &str = "INSERT INTO nodes (stream, level, place, hash) \
                    SELECT $1, n.level, n.place, n.hash \
                    FROM unnest($2::smallint[], $3::bigint[], $4::bytea[]) AS n (level, place, hash) \
                    ON CONFLICT (stream, level, place) DO UPDATE SET hash = excluded.hash \
                    WHERE nodes.hash <> excluded.hash";

/// Hashes by level and place.
type Found = HashMap<(u8, u64), Hash>;

impl Core {
    pub(super) async fn hashes(
        &self,
        stream: &StreamId,
        level: u8,
        from: u64,
        count: u32,
    ) -> Result<Vec<Hash>, StoreError> {
        let past = from.saturating_add(count.min(HASHES_LIMIT).into());
        let (Ok(first), Ok(past)) = (i64::try_from(from), i64::try_from(past)) else {
            return Ok(Vec::new());
        };
        let mut tries = self.tries();
        loop {
            match self.try_hashes(stream, level, first, past).await {
                Ok(hashes) => return Ok(hashes),
                Err(failed) => tries.again(failed).await?,
            }
        }
    }

    async fn try_hashes(
        &self,
        stream: &StreamId,
        level: u8,
        first: i64,
        past: i64,
    ) -> Result<Vec<Hash>, Failed> {
        let mut lent = self.link.lend().await?;
        let (name, of) = (stream.as_str(), i16::from(level));
        let found = match level {
            0 => lent.query(LEAVES, &[&name, &first, &past]).await?,
            _ => lent.query(NODES, &[&name, &first, &past, &of]).await?,
        };
        let mut hashes = Vec::with_capacity(found.len());
        for (row, place) in found.iter().zip(first..) {
            let hash = Hash::try_from(row.try_get::<_, &[u8]>(1)?).ok();
            match hash.filter(|_| row.try_get::<_, i64>(0).is_ok_and(|found| found == place)) {
                Some(hash) => hashes.push(hash),
                None => return Err(gone(stream, level).into()),
            }
        }
        Ok(hashes)
    }

    pub(super) async fn subtrees(
        &self,
        stream: &StreamId,
        wanted: &[Subtree],
    ) -> Result<Vec<Hash>, StoreError> {
        let end = |of: &Subtree| of.index.saturating_add(1).checked_shl(of.level.into());
        let ends: Option<Vec<u64>> = wanted.iter().map(end).collect();
        let last = ends.and_then(|ends| ends.into_iter().max()).unwrap_or(u64::MAX);
        let known = self.edges.get(stream).is_some_and(|edge| edge.size() >= last);
        if !wanted.is_empty() && !known && self.edge(stream).await?.size() < last {
            return Err(StoreError::Limit(
                "a subtree reaches beyond the stream".to_owned(),
            ));
        }
        let mut answer = Vec::with_capacity(wanted.len());
        // A subtree takes at most 128 of the hashes that are kept.
        for some in wanted.chunks(ROWS_LIMIT / 20) {
            let mut tries = self.tries();
            let found = loop {
                match self.try_subtrees(stream, some).await {
                    Ok(found) => break found,
                    Err(failed) => tries.again(failed).await?,
                }
            };
            let level = |level: u8, from: u64, count: u32| {
                let places = from..from.saturating_add(count.into());
                let hashes: Option<Vec<Hash>> =
                    places.map(|place| found.get(&(level, place)).copied()).collect();
                hashes.ok_or_else(|| gone(stream, level))
            };
            for of in some {
                answer.push(subtree(*of, level)?);
            }
        }
        Ok(answer)
    }

    /// The kept hashes under subtrees.
    async fn try_subtrees(&self, stream: &StreamId, wanted: &[Subtree]) -> Result<Found, Failed> {
        let mut ranges: HashMap<u8, (Vec<i64>, Vec<i64>)> = HashMap::new();
        for of in wanted {
            let (kept, above) = (of.level / 8, of.level % 8);
            let first = of.index << above;
            let (firsts, pasts) = ranges.entry(kept).or_default();
            firsts.push(first.cast_signed());
            pasts.push((first + (1 << above)).cast_signed());
        }
        let mut found = Found::new();
        let mut lent = self.link.lend().await?;
        for (level, (firsts, pasts)) in ranges {
            let of = i16::from(level);
            let (name, mut with): (_, Vec<&(dyn ToSql + Sync)>) = (stream.as_str(), Vec::new());
            with.extend([&name as &(dyn ToSql + Sync), &firsts, &pasts]);
            let statement = match level {
                0 => LEAVES_OF,
                _ => {
                    with.push(&of);
                    NODES_OF
                }
            };
            for row in lent.query(statement, &with).await? {
                let (place, hash): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
                if let Ok(hash) = Hash::try_from(hash) {
                    found.insert((level, place.cast_unsigned()), hash);
                }
            }
        }
        Ok(found)
    }

    /// Builds the nodes of a stream anew from its leaves.
    pub(super) async fn mend(&self, stream: &StreamId) -> Result<(), StoreError> {
        let edge = self.edge(stream).await?;
        let mut grown = Frontier::default();
        while grown.size() < edge.size() {
            let left = edge.size() - grown.size();
            let count = u32::try_from(left).unwrap_or(u32::MAX).min(HASHES_LIMIT);
            let leaves = self.hashes(stream, 0, grown.size(), count).await?;
            if len64(leaves.len()) != u64::from(count) {
                return Err(gone(stream, 0));
            }
            let (mut levels, mut places, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
            for leaf in leaves {
                let at = grown.size();
                grown.append(leaf, |height, hash| {
                    levels.push(i16::try_from(height / 8).unwrap_or(i16::MAX));
                    places.push((at >> height).cast_signed());
                    hashes.push(hash);
                });
            }
            let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_slice()).collect();
            self.change(MEND, &[&stream.as_str(), &levels, &places, &hashes])
                .await?;
        }
        if grown == edge {
            Ok(())
        } else {
            Err(StoreError::Corrupt(format!(
                "rows of stream {stream} do not lead to its root"
            )))
        }
    }
}

fn gone(stream: &StreamId, level: u8) -> StoreError {
    StoreError::Corrupt(format!("hashes of level {level} of stream {stream}"))
}
