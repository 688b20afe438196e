//! What was rejected, noted durably before the answer leaves, in a stream of its own for each reporter. The notes are
//! what the counts of rejections are made of, again and again; nothing of the records is in them. They are not in the
//! audit trail, since that tells who looked at what, and all reporters would write to its one end.

use vardnav_register::outcome::Outcome;
use vardnav_register::quality::refusal::Refusal;
use vardnav_runtime::clock;
use vardnav_store::{Row, StoreError, StreamId};

use crate::Register;
use crate::intake::RecordOutcome;

/// What the names of the streams begin with.
const PREFIX: &str = "refused/";
/// The reporter of whose rejections a stream tells, if it does.
pub(crate) fn reporter_of(stream: &StreamId) -> Option<&str> {
    stream.as_str().strip_prefix(PREFIX)
}

impl Register {
    /// Notes what was rejected of a reporter's batch. Nothing is noted of somebody who is no reporter.
    ///
    /// # Errors
    /// When the note is not durable: then whoever asked gets no answer, and sending the batch again is safe.
    pub(crate) async fn note_refusals(
        &self,
        reporter: &str,
        outcomes: &[RecordOutcome],
    ) -> Result<(), StoreError> {
        let rejected = outcomes
            .iter()
            .filter(|outcome| outcome.outcome == Outcome::Rejected);
        let rejected = rejected.map(|outcome| outcome.findings.as_slice());
        let Some(refusal) = Refusal::of(reporter, clock::now_micros(), rejected) else {
            return Ok(());
        };
        if self.authority.view().reporter(reporter).is_none() {
            return Ok(());
        }
        let stream = StreamId::new(&format!("{PREFIX}{reporter}"))?;
        let row = Row {
            key: refusal.key(),
            leaf: refusal.leaf(),
            bytes: refusal.encode(),
        };
        self.store.append_behind(&stream, vec![row]).await.map(|_| ())
    }
}
