//! Showing what the register holds: revisions of a record, a stream from end to end, receipts of old reports.
//! Every look at a person's data is noted in the audit trail before it is answered.

use vardnav_api::common::finding_message;
use vardnav_api::register::{bytes, kind_message, record_message};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::bytes::DecodeError;
use vardnav_register::derived::Derived;
use vardnav_register::entry::row_key;
use vardnav_register::receipt::{Receipt, SignedHead};
use vardnav_register::record::{RecordKind, Sex};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Hash, StoreError, StreamId, View};

use crate::Register;
use crate::answer;
use crate::batch::{Kept, identity_nonce};
use crate::ledger::{self, Former};
use crate::proof;
use crate::rederive::reading::Choice;

/// Rows of an export read at once.
const EXPORT_ROWS: u32 = 500;

impl Register {
    /// Revisions of a record from `newest` (or the latest) downwards, at most `size`, and the one that follows.
    pub(crate) async fn revisions(
        &self,
        caller: &Caller,
        (reporter, kind, id): (&str, RecordKind, &str),
        newest: Option<u32>,
        size: usize,
        choice: &Choice,
    ) -> Result<(Vec<pb::RecordRevision>, Option<u32>), StoreError> {
        let stream = StreamId::reporter(reporter)?;
        let latest = ledger::latest_revision(self.store.as_ref(), &stream, kind, id).await?;
        if latest == 0 {
            return Ok((Vec::new(), None));
        }
        self.note(caller, "show", reporter, Some((kind, id))).await?;
        let newest = newest.map_or(latest, |newest| newest.min(latest));
        let oldest = newest
            .saturating_sub(u32::try_from(size).unwrap_or(u32::MAX).saturating_sub(1))
            .max(1);
        let mut formers = ledger::revisions(self.store.as_ref(), &stream, kind, id, oldest..=newest).await?;
        formers.reverse();
        let revisions = self.told_of(&stream, &formers, choice).await?;
        Ok((revisions, (oldest > 1).then(|| oldest - 1)))
    }

    /// A piece of a stream from a position on; empty at its end.
    pub(crate) async fn piece(
        &self,
        stream: &StreamId,
        from: u64,
        choice: &Choice,
    ) -> Result<Vec<pb::RecordRevision>, StoreError> {
        let rows = self.store.read(stream, from, EXPORT_ROWS).await?;
        let formers = rows.into_iter().map(|row| ledger::former(stream, row));
        let formers = formers.collect::<Result<Vec<_>, _>>()?;
        self.told_of(stream, &formers, choice).await
    }

    /// What is told of entries, as a derivation has them.
    pub(crate) async fn told_of(
        &self,
        stream: &StreamId,
        formers: &[Former],
        choice: &Choice,
    ) -> Result<Vec<pb::RecordRevision>, StoreError> {
        let view = self.authority.view();
        let anew = self.derived(choice, stream, formers, &view).await?;
        let mut anew = anew.map(Vec::into_iter);
        let told = |former: &Former| {
            let anew = anew.as_mut().and_then(Iterator::next).flatten();
            revision(stream, former, anew, (choice, &view))
        };
        formers.iter().map(told).collect()
    }

    /// The receipt of records reported earlier; keys that are not known have no leaf.
    pub(crate) async fn receipt(
        &self,
        reporter: &str,
        keys: &[(RecordKind, String, u32)],
    ) -> Result<Option<pb::Receipt>, StoreError> {
        let stream = StreamId::reporter(reporter)?;
        let head = self.store.head(&stream).await?;
        let row_keys = keys
            .iter()
            .map(|(kind, id, revision)| row_key(*kind, id, *revision))
            .collect();
        let positions = ledger::find(self.store.as_ref(), &stream, row_keys).await?;
        let known = positions
            .iter()
            .copied()
            .flatten()
            .filter(|position| *position < head.size)
            .collect();
        let found = ledger::read(self.store.as_ref(), &stream, known).await?;
        let (mut leaves, mut hashes) = (Vec::new(), Vec::new());
        for (place, position) in positions.into_iter().enumerate() {
            let Some(former) = position.and_then(|position| found.get(&position)) else {
                continue;
            };
            let nonce = identity_nonce(&former.entry, self.vault.as_ref())?;
            let kept =
                nonce.and_then(|nonce| Kept::of(&former.entry, former.leaf, Some(former.position), nonce));
            // An erased entry has nothing left that could be proven of it.
            let Some(kept) = kept else { continue };
            leaves.push(kept.receipt_leaf(place as u64 + 1, former.position));
            hashes.push(former.leaf);
        }
        if leaves.is_empty() {
            return Ok(None);
        }
        let mut proven: Vec<_> = leaves
            .iter()
            .map(|leaf| leaf.position)
            .zip(hashes.iter().copied())
            .collect();
        proven.sort_unstable();
        proven.dedup();
        let proof = proof::multi_proof(self.store.as_ref(), &stream, head, &proven).await?;
        let head = proof::sign(&self.key, &stream, head, clock::now_micros());
        Ok(Some(answer::receipt(
            &Receipt {
                reporter: reporter.to_owned(),
                leaves,
                head,
                proof,
            },
            &hashes,
        )))
    }

    /// The signed head of a stream, the public key, and the proof that the stream of `since` leaves is its beginning.
    pub(crate) async fn signed_head(
        &self,
        stream: &StreamId,
        since: u64,
    ) -> Result<(SignedHead, [u8; 32], Vec<Hash>), StoreError> {
        let head = self.store.head(stream).await?;
        let consistency = proof::consistency(self.store.as_ref(), stream, since, head).await?;
        let signed = proof::sign(&self.key, stream, head, clock::now_micros());
        Ok((signed, self.key.public(), consistency))
    }
}

/// What is told of an entry; `anew` is what a derivation has of it.
fn revision(
    stream: &StreamId,
    former: &Former,
    anew: Option<Derived>,
    (choice, view): (&Choice, &View),
) -> Result<pb::RecordRevision, StoreError> {
    let damaged =
        |error: DecodeError| StoreError::Corrupt(format!("{stream}: position {}: {error}", former.position));
    let header = &former.entry.header;
    let record = former.entry.record().map_err(damaged)?;
    let derived = former.entry.derived().map_err(damaged)?;
    let derived = match (derived, anew) {
        (Some((person, _)), Some(anew)) => Some((person, anew)),
        (derived, _) => derived,
    };
    // Of what was erased it is not known any more.
    let outcome = derived.as_ref().map_or(pb::Outcome::Unspecified, |(_, derived)| {
        answer::outcome_message(derived.outcome)
    });
    let derived = derived.map(|(_, derived)| derived).unwrap_or_default();
    Ok(pb::RecordRevision {
        reporter: header.reporter.clone(),
        kind: kind_message(header.kind).into(),
        id: header.id.clone(),
        revision: header.revision,
        position: former.position,
        received_micros: header.received,
        outcome: outcome.into(),
        leaf: bytes(&former.leaf),
        derived: answer::parts_of(&derived, record.as_ref(), |id| choice.release(id, view)),
        record: record.map(|record| record_message(&record, false)),
        sex: sex(&derived).into(),
        findings: answer::findings(&derived, view)
            .iter()
            .map(finding_message)
            .collect(),
        age: derived.age().map(u32::from),
    })
}

fn sex(derived: &Derived) -> pb::Sex {
    match derived.sex {
        Some(Sex::Female) => pb::Sex::Female,
        Some(Sex::Male) => pb::Sex::Male,
        None => pb::Sex::Unspecified,
    }
}
