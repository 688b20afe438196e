//! Writing to the audit trail: durable before anything is answered. What an entry says is
//! `vardnav_register::audit`'s.

use vardnav_register::audit::AuditEntry;

use crate::contract::{Row, Store, StoreError, StreamId};

/// How often a note is tried again when others write at the same time.
const TRIES: usize = 64;

/// Appends entries to the audit trail, all or none.
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
    for _ in 0..TRIES {
        let size = store.head(&stream).await?.size;
        match store.append(&stream, size, rows.clone()).await {
            Err(StoreError::Conflict { .. }) => {}
            other => return other.map(|_| ()),
        }
    }
    Err(StoreError::Unavailable("the audit trail is busy".to_owned()))
}
