//! Rows written over by others of the same length and leaf. The place of older versions is free once the database has
//! vacuumed, and their bytes stay in its files until that place is used again, in its log and its copies for as long as
//! those are kept: whoever runs the database sees to that.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};
use tokio_postgres::types::ToSql;

use super::Core;
use super::reading::checksum;
use crate::contract::{ROWS_LIMIT, StoreError, StreamId};

const REDACT: &str = "UPDATE ledger SET bytes = r.bytes, checksum = r.checksum \
                      FROM unnest($2::bigint[], $3::integer[], $4::bytea[]) AS r (position, checksum, bytes) \
                      WHERE ledger.stream = $1 AND ledger.position = r.position AND ledger.bytes <> r.bytes";
/// Frees what the old versions took. No promise rests on it, and an engine without it loses nothing by that.
const VACUUM: &str = "VACUUM ledger";

/// Vacuums take turns.
pub(super) struct Vacuums {
    /// One works and one waits: a further one would find nothing that the one that waits does not.
    places: Arc<Semaphore>,
    turn: Mutex<()>,
}

impl Default for Vacuums {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(2)),
            turn: Mutex::default(),
        }
    }
}

impl Core {
    /// Vacuums however long that takes, and waits for it no longer than for another statement.
    async fn vacuum(self: &Arc<Self>) {
        let Ok(place) = Arc::clone(&self.vacuums.places).try_acquire_owned() else {
            return;
        };
        let core = Arc::clone(self);
        let vacuuming = tokio::spawn(async move {
            let _place = place;
            let _turn = core.vacuums.turn.lock().await;
            if let Err(failed) = core.link.run_long(VACUUM).await {
                tracing::warn!(
                    ?failed,
                    "older versions of redacted rows stay until the database vacuums"
                );
            }
        });
        if tokio::time::timeout(self.options.statement_max, vacuuming)
            .await
            .is_err()
        {
            tracing::info!("the vacuum that follows a redaction goes on");
        }
    }

    pub(super) async fn redact(
        self: &Arc<Self>,
        stream: &StreamId,
        mut rows: Vec<(u64, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        rows.sort_by_key(|(position, _)| *position);
        // Of several for one row, the last one given stays.
        rows.reverse();
        rows.dedup_by_key(|(position, _)| *position);
        rows.reverse();
        let size = self.edge(stream).await?.size();
        if let Some((position, _)) = rows.iter().find(|(position, _)| *position >= size) {
            return Err(StoreError::Limit(format!(
                "stream {stream} has no row {position}"
            )));
        }
        for some in rows.chunks(ROWS_LIMIT) {
            let mut rest = some;
            while !rest.is_empty() {
                let done = self.redact_some(stream, rest).await?.max(1);
                rest = rest.get(done..).unwrap_or_default();
            }
        }
        if !rows.is_empty() {
            self.vacuum().await;
        }
        Ok(())
    }

    /// As many as one read gives; how many that were.
    async fn redact_some(&self, stream: &StreamId, rows: &[(u64, Vec<u8>)]) -> Result<usize, StoreError> {
        let positions: Vec<u64> = rows.iter().map(|(position, _)| *position).collect();
        let found = self.read_at(stream, &positions).await?;
        let (mut at, mut sums, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (position, new)) in found.iter().zip(rows) {
            if row.bytes.len() != new.len() {
                return Err(StoreError::Limit(format!(
                    "{} bytes in place of a row of {}",
                    new.len(),
                    row.bytes.len()
                )));
            }
            at.push(position.cast_signed());
            sums.push(checksum(stream, *position, &row.key, &row.leaf, new));
            bytes.push(new.as_slice());
        }
        let with: [&(dyn ToSql + Sync); 4] = [&stream.as_str(), &at, &sums, &bytes];
        self.change(REDACT, &with).await?;
        Ok(found.len())
    }
}
