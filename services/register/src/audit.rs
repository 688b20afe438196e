//! The audit trail: who looked at or took out whose records. Noted durably before anything is answered; what a note
//! holds is said in `vardnav_register::audit`.

use vardnav_register::audit::AuditEntry;
use vardnav_register::record::RecordKind;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::StoreError;

use crate::Register;

/// Stands for all reporters together in a note.
pub(crate) const ALL_REPORTERS: &str = "all-reporters";

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
        vardnav_store::audit::note(self.store.as_ref(), &[entry]).await
    }
}
