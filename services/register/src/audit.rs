//! The audit trail: who looked at, took out or changed whose records. Noted durably before anything is answered; what a
//! note holds is said in `vardnav_register::audit`.

use vardnav_register::audit::AuditEntry;
use vardnav_register::record::RecordKind;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Head, Row, StoreError, StreamId};

use crate::Register;
use crate::tries::Tries;

/// Stands for all reporters together in a note.
pub(crate) const ALL_REPORTERS: &str = "all-reporters";

/// Who does something with a reporter's stream, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    /// Name of the caller.
    pub(crate) caller: &'a str,
    /// What it does.
    pub(crate) action: &'a str,
    /// The instant that stands in the entries, in microseconds since 1970-01-01 UTC.
    pub(crate) at: i64,
}

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

    /// Appends rows to a reporter's stream, which ends with `head`, and notes beside them who did: both are durable on
    /// return. The instant of the note is that of the entries, so that each entry leads to its note; of all `tries` there
    /// is one.
    ///
    /// # Errors
    /// When the store does not take them, or the note is not durable: then the caller gets no answer.
    pub(crate) async fn append_by(
        &self,
        by: By<'_>,
        tries: &Tries,
        (stream, head): (&StreamId, Head),
        pieces: Vec<Vec<Row>>,
    ) -> Result<Head, StoreError> {
        if pieces.is_empty() {
            return Ok(head);
        }
        let reporter = stream.as_reporter().unwrap_or_default();
        let store = self.store.as_ref();
        let appended = async {
            let mut head = head;
            for piece in pieces {
                head = store.append(stream, head.size, piece).await?;
            }
            Ok(head)
        };
        let noted = async {
            if !tries.is_noted() {
                self.note_of(by, reporter).await?;
                tries.noted();
            }
            Ok(())
        };
        let (head, noted) = tokio::join!(appended, noted);
        noted.and(head)
    }

    /// Notes that somebody does something with a reporter's records.
    ///
    /// # Errors
    /// When the note is not durable: then the caller gets no answer.
    pub(crate) async fn note_of(&self, by: By<'_>, reporter: &str) -> Result<(), StoreError> {
        let entry = AuditEntry::new(by.caller, by.at, by.action, reporter, None, None)
            .map_err(|error| StoreError::Limit(error.to_string()))?;
        vardnav_store::audit::note(self.store.as_ref(), &[entry]).await
    }
}
