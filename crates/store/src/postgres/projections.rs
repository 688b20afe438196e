//! Rows of projections and their cursors. A projection has a generation: to clear it is to begin the next one, and rows
//! of earlier ones are invisible before they are gone. A row that is removed is empty first, for a statement changes a
//! table in one way only, and goes right after.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::Core;
use super::failed::Failed;
use super::lease::Taking;
use super::sharing::{elsewhere, fenced, hold};
use super::vacuum::Table;
use crate::codec::len64;
use crate::contract::{Change, Cursor, ProjectionRow, ROWS_LIMIT, StoreError, StreamId};

/// The generation that a projection is in.
macro_rules! in_generation {
    ($before:expr, $after:expr) => {
        concat!(
            $before,
            "coalesce((SELECT g.generation FROM projections AS g WHERE g.projection = $1), 0)",
            $after
        )
    };
}

const ROW: &str = in_generation!(
    "SELECT value FROM projection_rows WHERE projection = $1 AND generation = ",
    " AND key = $2"
);
const ROWS: &str = in_generation!(
    "SELECT (SELECT r.value FROM projection_rows AS r WHERE r.projection = $1 AND r.generation = ",
    " AND r.key = wanted.key) FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted (key, n) ORDER BY n"
);
const SCAN: &str = in_generation!(
    "SELECT key, value FROM projection_rows WHERE projection = $1 AND generation = ",
    " AND key >= $2 AND value IS NOT NULL ORDER BY key LIMIT $3"
);
/// Each of the beginnings is looked up by itself: one condition for all of them would be read from all rows.
const UNDER: &str = in_generation!(
    "SELECT wanted.n, found.key, found.value \
     FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS wanted (first, past, n) CROSS JOIN LATERAL \
     (SELECT r.key, r.value FROM projection_rows AS r WHERE r.projection = $1 AND r.generation = ",
    " AND r.key >= wanted.first AND r.key < wanted.past AND r.value IS NOT NULL ORDER BY r.key LIMIT $4) AS found \
     ORDER BY wanted.n, found.key"
);
const CURSOR: &str = in_generation!(
    "SELECT next, generation FROM cursors WHERE projection = $1 AND generation = ",
    " AND stream = $2"
);
const CURSORS_OF: &str = in_generation!(
    "SELECT stream, next FROM cursors WHERE projection = $1 AND generation = ",
    " ORDER BY stream"
);
const CURSORS: &str = "SELECT c.projection, c.stream, c.next FROM cursors AS c WHERE c.generation = \
                       coalesce((SELECT g.generation FROM projections AS g \
                       WHERE g.projection = c.projection), 0) ORDER BY c.projection, c.stream";

/// What both statements do once the cursor has moved. Nothing waits for the disk: a cursor may fall back with its rows when
/// the database stops, and is then followed again from the ledger; whatever is made durable after it makes it durable too.
macro_rules! commit {
    ($moved:expr) => {
        concat!(
            "WITH moved AS (",
            $moved,
            "), changed AS (INSERT INTO projection_rows (projection, generation, key, value) \
             SELECT moved.projection, moved.generation, c.key, c.value FROM moved \
             CROSS JOIN unnest($5::bytea[], $6::bytea[]) AS c (key, value) \
             ON CONFLICT (projection, generation, key) DO UPDATE SET value = excluded.value) \
             SELECT generation, set_config('synchronous_commit', 'off', true) FROM moved"
        )
    };
}

const FIRST: &str = commit!(in_generation!(
    "INSERT INTO cursors (projection, generation, stream, next) SELECT $1, ",
    concat!(
        ", $2, $4 WHERE ",
        fenced!("7", "8", "9"),
        " ON CONFLICT (projection, generation, stream) DO UPDATE SET next = excluded.next \
         WHERE cursors.next = $3 RETURNING projection, generation"
    )
));
const NEXT: &str = commit!(in_generation!(
    "UPDATE cursors SET next = $4 WHERE projection = $1 AND generation = ",
    concat!(
        " AND stream = $2 AND next = $3 AND ",
        fenced!("7", "8", "9"),
        " RETURNING projection, generation"
    )
));
const REMOVE: &str = "DELETE FROM projection_rows WHERE projection = $1 AND generation = $2 AND key = ANY ($3) \
                      AND value IS NULL";
const CLEAR: &str = concat!(
    "INSERT INTO projections (projection, generation) SELECT $1, 1 WHERE ",
    fenced!("2", "3", "4"),
    " ON CONFLICT (projection) DO UPDATE SET generation = projections.generation + 1 RETURNING generation"
);
const SWEEP: &str = "DELETE FROM projection_rows WHERE projection = $1 AND (generation, key) IN \
                     (SELECT r.generation, r.key FROM projection_rows AS r WHERE r.projection = $1 \
                     AND r.generation < $2 LIMIT 20000) RETURNING generation";
const SWEEP_CURSORS: &str = "DELETE FROM cursors WHERE projection = $1 AND generation < $2";

impl Core {
    pub(super) async fn row(&self, projection: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.ask(ROW, &[&projection, &key]).await?;
        match found.first() {
            Some(row) => row.try_get(0).map_err(unreadable),
            None => Ok(None),
        }
    }

    pub(super) async fn rows(
        &self,
        projection: &str,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.ask(ROWS, &[&projection, &keys]).await?;
        let rows = found.iter().map(|row| row.try_get(0).map_err(unreadable));
        rows.collect()
    }

    pub(super) async fn scan(
        &self,
        projection: &str,
        from: &[u8],
        limit: u32,
    ) -> Result<Vec<ProjectionRow>, StoreError> {
        let limit = u64::from(limit).min(len64(ROWS_LIMIT)).cast_signed();
        let found = self.ask(SCAN, &[&projection, &from, &limit]).await?;
        let read = |row: &tokio_postgres::Row| {
            let (key, value) = (row.try_get(0)?, row.try_get(1)?);
            Ok(ProjectionRow { key, value })
        };
        found
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(unreadable)
    }

    pub(super) async fn rows_under(
        &self,
        projection: &str,
        beginnings: &[Vec<u8>],
        limit: u32,
    ) -> Result<Vec<Vec<ProjectionRow>>, StoreError> {
        let mut answer = vec![Vec::new(); beginnings.len()];
        if beginnings.is_empty() {
            return Ok(answer);
        }
        let pasts: Option<Vec<Vec<u8>>> = beginnings.iter().map(|beginning| past(beginning)).collect();
        let Some(pasts) = pasts else {
            return Err(StoreError::Limit(
                "a beginning that nothing comes after".to_owned(),
            ));
        };
        let limit = i64::from(limit);
        let found = self
            .ask(UNDER, &[&projection, &beginnings, &pasts, &limit])
            .await?;
        for row in &found {
            let (n, key, value): (i64, _, _) = (
                row.try_get(0).map_err(unreadable)?,
                row.try_get(1).map_err(unreadable)?,
                row.try_get(2).map_err(unreadable)?,
            );
            let rows = usize::try_from(n - 1).ok().and_then(|at| answer.get_mut(at));
            if let Some(rows) = rows {
                rows.push(ProjectionRow { key, value });
            }
        }
        Ok(answer)
    }

    pub(super) async fn cursor(&self, projection: &str, stream: &StreamId) -> Result<u64, StoreError> {
        let found = self.ask(CURSOR, &[&projection, &stream.as_str()]).await?;
        match found.first() {
            Some(row) => row.try_get(0).map(i64::cast_unsigned).map_err(unreadable),
            None => Ok(0),
        }
    }

    /// The cursors of a projection by stream.
    pub(super) async fn cursors_of(&self, projection: &str) -> Result<BTreeMap<StreamId, u64>, StoreError> {
        let mut cursors = BTreeMap::new();
        for row in self.ask(CURSORS_OF, &[&projection]).await? {
            let name: &str = row.try_get(0).map_err(unreadable)?;
            let next = row.try_get(1).map(i64::cast_unsigned).map_err(unreadable)?;
            cursors.insert(StreamId::new(name)?, next);
        }
        Ok(cursors)
    }

    /// The cursors of every projection, by projection and stream.
    pub(super) async fn cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        let mut cursors = Vec::new();
        for row in self.ask(CURSORS, &[]).await? {
            let name: &str = row.try_get(1).map_err(unreadable)?;
            cursors.push(Cursor {
                projection: row.try_get(0).map_err(unreadable)?,
                stream: StreamId::new(name)?,
                next: row.try_get(2).map(i64::cast_unsigned).map_err(unreadable)?,
            });
        }
        Ok(cursors)
    }

    pub(super) async fn commit(
        &self,
        projection: &str,
        stream: &StreamId,
        (expected, next): (u64, u64),
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        // In the order of their keys, so that of two at once none waits for the other in a circle; the last one holds.
        let changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = changes
            .into_iter()
            .map(|change| (change.key, change.value))
            .collect();
        let mut tries = self.tries();
        let mut unknown = false;
        loop {
            match self
                .try_to_commit(projection, stream, (expected, next), &changes, unknown)
                .await
            {
                Ok(generation) => {
                    self.remove(projection, generation, &changes).await;
                    return Ok(());
                }
                Err(failed) => {
                    unknown |= failed.is_unknown();
                    tries.again(failed).await?;
                }
            }
        }
    }

    /// Gives the generation that was changed. `unknown` says whether the same may have been done by an earlier try.
    async fn try_to_commit(
        &self,
        projection: &str,
        stream: &StreamId,
        (expected, next): (u64, u64),
        changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        unknown: bool,
    ) -> Result<i64, Failed> {
        let (keys, values): (Vec<&[u8]>, Vec<Option<&[u8]>>) = changes
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_deref()))
            .unzip();
        let name = stream.as_str();
        let (from, to) = (expected.cast_signed(), next.cast_signed());
        let taking = self.shared.taking()?;
        let (lease, holder, fence) = Taking::parts(taking.as_ref());
        let with: [&(dyn ToSql + Sync); 9] = [
            &projection,
            &name,
            &from,
            &to,
            &keys,
            &values,
            &lease,
            &holder,
            &fence,
        ];
        let mut lent = self.link.lend().await?;
        let statement = if expected == 0 { FIRST } else { NEXT };
        let Some(moved) = lent.query_opt(statement, &with).await? else {
            hold(&mut lent, taking.as_ref()).await?;
            let found = lent.query_opt(CURSOR, &[&projection, &name]).await?;
            let (actual, generation) = match found {
                Some(row) => (row.try_get::<_, i64>(0)?.cast_unsigned(), row.try_get(1)?),
                None => (0, 0),
            };
            if actual == expected {
                let what = format!("the cursor of {projection} on {stream} moves all the time");
                return Err(Failed::Again(StoreError::Unavailable(what)));
            }
            if unknown && actual == next {
                // Rows and cursor move together, and an earlier try may have moved them.
                return Ok(generation);
            }
            return Err(StoreError::Conflict { expected, actual }.into());
        };
        Ok(moved.try_get(0)?)
    }

    /// Removes the rows that a commit emptied.
    async fn remove(&self, projection: &str, generation: i64, changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) {
        let removed: Vec<&[u8]> = changes
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(key, _)| key.as_slice())
            .collect();
        if !removed.is_empty()
            && let Err(error) = self.change(REMOVE, &[&projection, &generation, &removed]).await
        {
            tracing::debug!(%error, projection, "removed rows stay empty until they are written again");
        }
    }

    /// Begins the next generation and removes the rows of earlier ones. What they took is freed after that, which nobody
    /// waits for.
    pub(super) async fn clear(self: &Arc<Self>, projection: &str) -> Result<(), StoreError> {
        let taking = self.shared.taking()?;
        let (lease, holder, fence) = Taking::parts(taking.as_ref());
        let begun = self.ask(CLEAR, &[&projection, &lease, &holder, &fence]).await?;
        let generation: i64 = match begun.first() {
            Some(row) => row.try_get(0).map_err(unreadable)?,
            None => return Err(elsewhere()),
        };
        while !self.ask(SWEEP, &[&projection, &generation]).await?.is_empty() {}
        self.change(SWEEP_CURSORS, &[&projection, &generation]).await?;
        drop(self.vacuum(Table::ProjectionRows));
        Ok(())
    }
}

/// The first key after all that begin with some bytes; `None` when there is none.
fn past(beginning: &[u8]) -> Option<Vec<u8>> {
    let mut past = beginning.to_vec();
    loop {
        let last = past.last_mut()?;
        match last.checked_add(1) {
            Some(next) => {
                *last = next;
                return Some(past);
            }
            None => past.truncate(past.len() - 1),
        }
    }
}

fn unreadable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Corrupt(format!("a row of the database is not as it must be: {error}"))
}
