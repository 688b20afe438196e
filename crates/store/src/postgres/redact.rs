//! Rows written over by others of the same length and leaf. The place of older versions is free once the database has
//! vacuumed, and their bytes stay in its files until that place is used again, in its log and its copies for as long as
//! those are kept: whoever runs the database sees to that.

use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::Core;
use super::lease::Taking;
use super::reading::checksum;
use super::sharing::fenced;
use super::vacuum::Table;
use crate::contract::{ROWS_LIMIT, StoreError, StreamId};

const REDACT: &str = concat!(
    "UPDATE ledger SET bytes = r.bytes, checksum = r.checksum \
     FROM unnest($2::bigint[], $3::integer[], $4::bytea[]) AS r (position, checksum, bytes) \
     WHERE ledger.stream = $1 AND ledger.position = r.position AND ledger.bytes <> r.bytes AND ",
    fenced!("5", "6", "7")
);
impl Core {
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
        // What was read before is not kept after.
        self.lately.forget();
        for some in rows.chunks(ROWS_LIMIT) {
            let mut rest = some;
            while !rest.is_empty() {
                let done = self.redact_some(stream, rest).await?.max(1);
                rest = rest.get(done..).unwrap_or_default();
            }
        }
        if !rows.is_empty() {
            let vacuuming = self.vacuum(Table::Ledger);
            if tokio::time::timeout(self.options.statement_max, vacuuming)
                .await
                .is_err()
            {
                tracing::info!("the vacuum that follows a redaction goes on");
            }
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
        let taking = self.shared.taking()?;
        let (lease, holder, fence) = Taking::parts(taking.as_ref());
        let with: [&(dyn ToSql + Sync); 7] = [&stream.as_str(), &at, &sums, &bytes, &lease, &holder, &fence];
        let changed = self.change(REDACT, &with).await;
        self.lately.forget();
        changed?;
        // A taking that holds now held before: a number is never had again.
        self.hold(taking.as_ref()).await?;
        Ok(found.len())
    }
}
