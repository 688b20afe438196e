//! Writing to the audit trail: durable before anything is answered. What an entry says is
//! `vardnav_register::audit`'s.

use vardnav_register::audit::AuditEntry;

use crate::contract::{Row, Store, StoreError, StreamId};

/// Appends entries to the audit trail, all or none. Many at once need one sync together.
///
/// # Errors
/// When they are not durable: then whoever asked gets no answer.
pub async fn note(store: &dyn Store, entries: &[AuditEntry]) -> Result<(), StoreError> {
    let stream = StreamId::audit();
    let row = |entry: &AuditEntry| {
        let leaf = entry.leaf();
        Row {
            key: leaf.first_chunk().copied().unwrap_or_default(),
            leaf,
            bytes: entry.encode(),
        }
    };
    let rows: Vec<Row> = entries.iter().map(row).collect();
    store.append_behind(&stream, rows).await.map(|_| ())
}
