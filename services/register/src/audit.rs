//! The audit trail: who looked at or took out whose records. Noted durably before anything is answered; what a note
//! holds is said in `vardnav_register::audit`.

use vardnav_register::audit::AuditEntry;
use vardnav_register::record::RecordKind;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Row, StoreError, StreamId};

use crate::Register;

/// How often a note is tried again when others write at the same time.
const TRIES: usize = 64;

impl Register {
    /// Notes that a caller did something with one record of a reporter, or with all of them.
    ///
    /// # Errors
    /// When the note is not durable, or what it would say may not be written down: then the caller gets no answer.
    pub(crate) async fn note(
        &self,
        caller: &Caller,
        action: &str,
        reporter: &str,
        record: Option<(RecordKind, &str)>,
    ) -> Result<(), StoreError> {
        let (kind, id) = record.unzip();
        let entry = AuditEntry::new(&caller.name, clock::now_micros(), action, reporter, kind, id)
            .map_err(|error| StoreError::Limit(error.to_string()))?;
        let stream = StreamId::audit();
        let leaf = entry.leaf();
        let row = Row {
            key: leaf.first_chunk().copied().unwrap_or_default(),
            leaf,
            bytes: entry.encode(),
        };
        for _ in 0..TRIES {
            let size = self.store.head(&stream).await?.size;
            match self.store.append(&stream, size, vec![row.clone()]).await {
                Err(StoreError::Conflict { .. }) => {}
                other => return other.map(|_| ()),
            }
        }
        Err(StoreError::Unavailable("the audit trail is busy".to_owned()))
    }
}
