//! Showing what the register holds: revisions of a record, a stream from end to end, receipts of old reports.
//! Every look at a person's data is noted in the audit trail before it is answered.

use jiff::civil::Date;
use vardnav_api::common::finding_message;
use vardnav_api::register::{bytes, kind_message, record_message};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::bytes::DecodeError;
use vardnav_register::delivery::{Deliveries, Place};
use vardnav_register::derived::Derived;
use vardnav_register::entry::{EntryBody, row_key};
use vardnav_register::identity::PersonKey;
use vardnav_register::receipt::{Receipt, SignedHead};
use vardnav_register::record::{RecordKind, Sex};
use vardnav_register::residence::ResidenceSource;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Hash, StoreError, StreamId, View, current};

use crate::Register;
use crate::answer;
use crate::batch::{Kept, identity_nonce};
use crate::ledger::{self, Former};
use crate::proof;
use crate::rederive::reading::Choice;

/// Rows of an export read at once.
const EXPORT_ROWS: u32 = 500;

impl Register {
    /// Revisions of a record from `newest` (or the latest) downwards, at most `size`, and the one that follows; as known
    /// when the stream had `at` entries, or now.
    pub(crate) async fn revisions(
        &self,
        caller: &Caller,
        (reporter, kind, id): (&str, RecordKind, &str),
        (newest, size): (Option<u32>, usize),
        at: Option<u64>,
        choice: &Choice,
    ) -> Result<(Vec<pb::RecordRevision>, Option<u32>), StoreError> {
        let store = self.store.as_ref();
        let stream = StreamId::reporter(reporter)?;
        let latest = ledger::latest_revision(store, &stream, kind, id).await?;
        if latest == 0 {
            return Ok((Vec::new(), None));
        }
        self.note(caller, "show", reporter, Some((kind, id))).await?;
        let until = at.unwrap_or(u64::MAX);
        let deliveries = current::deliveries(store, &stream).await?.as_of(until);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let mut of = Standings {
            deliveries: &deliveries,
            current: None,
        };
        let mut newest = newest.map_or(latest, |newest| newest.min(latest));
        // Which revision is current bears on all that follow it, and is known from the latest down.
        let mut seen = latest;
        while of.current.is_none() && seen > newest {
            let oldest = seen.saturating_sub(size.saturating_sub(1)).max(newest + 1);
            let formers = ledger::revisions(store, &stream, kind, id, oldest..=seen).await?;
            of.find_current(&formers, until);
            seen = oldest - 1;
        }
        loop {
            let oldest = newest.saturating_sub(size.saturating_sub(1)).max(1);
            let mut formers = ledger::revisions(store, &stream, kind, id, oldest..=newest).await?;
            of.find_current(&formers, until);
            formers.retain(|former| former.position < until);
            formers.reverse();
            let next = (oldest > 1).then(|| oldest - 1);
            if let (true, Some(next)) = (formers.is_empty(), next) {
                newest = next;
                continue;
            }
            let mut revisions = self.told_of(&stream, &formers, choice).await?;
            for (revision, former) in revisions.iter_mut().zip(&formers) {
                of.tell(revision, former);
            }
            return Ok((revisions, next));
        }
    }

    /// A piece of a stream in the order in which entries became current, and the place after it; `None` at its end.
    pub(crate) async fn piece(
        &self,
        stream: &StreamId,
        mut place: Place,
        choice: &Choice,
    ) -> Result<Option<(Vec<pb::RecordRevision>, Place)>, StoreError> {
        let store = self.store.as_ref();
        let size = store.head(stream).await?.size;
        let deliveries = current::deliveries(store, stream).await?;
        let of = Standings {
            deliveries: &deliveries,
            current: None,
        };
        while let Some(page) = current::page(store, stream, place, size, EXPORT_ROWS).await? {
            place = page.next;
            if page.entries.is_empty() {
                continue;
            }
            let formers: Vec<Former> = page.entries.into_iter().map(Former::from).collect();
            let mut revisions = self.told_of(stream, &formers, choice).await?;
            for (revision, former) in revisions.iter_mut().zip(&formers) {
                of.tell_delivery(revision, former);
            }
            return Ok(Some((revisions, place)));
        }
        Ok(None)
    }

    /// What reporters are told of entries, as a derivation has them: without what only the register knows of persons.
    pub(crate) async fn told_of(
        &self,
        stream: &StreamId,
        formers: &[Former],
        choice: &Choice,
    ) -> Result<Vec<pb::RecordRevision>, StoreError> {
        let mut told = self.told_in_full(stream, formers, choice).await?;
        for revision in &mut told {
            if revision.residence_source == ResidenceSource::Population.name() {
                revision.residence.clear();
                revision.residence_source.clear();
            }
        }
        Ok(told)
    }

    /// Everything that is told of entries, as a derivation has them.
    pub(crate) async fn told_in_full(
        &self,
        stream: &StreamId,
        formers: &[Former],
        choice: &Choice,
    ) -> Result<Vec<pb::RecordRevision>, StoreError> {
        let view = self.authority.view();
        let anew = self.derived(choice, stream, formers, &view).await?;
        let mut anew = anew.map(Vec::into_iter);
        let (mut told, mut living) = (Vec::with_capacity(formers.len()), Vec::new());
        for former in formers {
            let anew = anew.as_mut().and_then(Iterator::next).flatten();
            let (revision, person) = revision(stream, former, anew, (choice, &view))?;
            living.extend(person.map(|person| (told.len(), person)));
            told.push(revision);
        }
        self.withhold(&mut told, &living).await?;
        Ok(told)
    }

    /// Whose data are protected now lives nowhere that the reporter did not state, also in what was before. `living` are
    /// the places of revisions with a residence that was not stated, and their persons.
    async fn withhold(
        &self,
        told: &mut [pb::RecordRevision],
        living: &[(usize, PersonKey)],
    ) -> Result<(), StoreError> {
        if living.is_empty() {
            return Ok(());
        }
        let persons: Vec<PersonKey> = living.iter().map(|(_, person)| *person).collect();
        let stated = self.vault.stated(&persons).await?;
        for (place, person) in living {
            if let Some(revision) = told.get_mut(*place)
                && stated.state(*person, Date::MAX).protected
            {
                revision.residence.clear();
                revision.residence_source.clear();
            }
        }
        Ok(())
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
        let (head, proof) = proof::multi_proof(self.store.as_ref(), &stream, head, &proven).await?;
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

/// What is told of an entry; `anew` is what a derivation has of it. With it whose it is, when it says where they live as
/// the population register has it.
fn revision(
    stream: &StreamId,
    former: &Former,
    anew: Option<Derived>,
    (choice, view): (&Choice, &View),
) -> Result<(pb::RecordRevision, Option<PersonKey>), StoreError> {
    let damaged =
        |error: DecodeError| StoreError::Corrupt(format!("{stream}: position {}: {error}", former.position));
    let header = &former.entry.header;
    let record = former.entry.record().map_err(damaged)?;
    let derived = former.entry.derived().map_err(damaged)?;
    let derived = match (derived, anew) {
        (Some((person, _)), Some(anew)) => Some((person, anew)),
        (derived, _) => derived,
    };
    // Of what was erased it is not known any more, and a withdrawal has none.
    let outcome = derived.as_ref().map_or(pb::Outcome::Unspecified, |(_, derived)| {
        answer::outcome_message(derived.outcome)
    });
    let person = derived.as_ref().map(|(person, _)| *person);
    let derived = derived.map(|(_, derived)| derived).unwrap_or_default();
    let source = record
        .as_ref()
        .and_then(|record| ResidenceSource::of(record, &derived));
    let person = person.filter(|_| source == Some(ResidenceSource::Population));
    let told = pb::RecordRevision {
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
        standing: pb::RevisionStanding::Unspecified.into(),
        withdrawn: match &former.entry.body {
            EntryBody::Withdrawn { reason } => reason.clone(),
            _ => String::new(),
        },
        delivery: 0,
        current_from: None,
        residence: derived.residence.clone().unwrap_or_default(),
        residence_source: source.map_or_else(String::new, |source| source.name().to_owned()),
    };
    Ok((told, person))
}

/// How the revisions of a record stand.
struct Standings<'a> {
    deliveries: &'a Deliveries,
    /// The current revision, once it was come by.
    current: Option<u32>,
}

impl Standings<'_> {
    /// Looks for the current revision among some, when a later one is not known to be it.
    fn find_current(&mut self, formers: &[Former], until: u64) {
        let current = formers
            .iter()
            .rev()
            .find(|former| self.from(former).is_some_and(|from| from < until));
        self.current = self
            .current
            .or_else(|| current.map(|former| former.entry.header.revision));
    }

    fn from(&self, former: &Former) -> Option<u64> {
        self.deliveries
            .current_from(former.position, &former.entry.header)
    }

    /// Tells how a revision stands.
    fn tell(&self, revision: &mut pb::RecordRevision, former: &Former) {
        self.tell_delivery(revision, former);
        let header = &former.entry.header;
        let standing = match self.from(former) {
            Some(_) if self.current == Some(header.revision) => pb::RevisionStanding::Current,
            Some(_) => pb::RevisionStanding::Replaced,
            None if self.deliveries.is_waiting(header) => pb::RevisionStanding::Waiting,
            None => pb::RevisionStanding::Void,
        };
        revision.standing = standing.into();
    }

    /// Tells which delivery a revision came with, and from where on it became current.
    fn tell_delivery(&self, revision: &mut pb::RecordRevision, former: &Former) {
        revision.current_from = self.from(former);
        let delivered = former.entry.header.delivery;
        let delivery = delivered.and_then(|delivered| self.deliveries.get(delivered.opened));
        revision.delivery = delivery.map_or(0, |delivery| delivery.opening.number);
    }
}

fn sex(derived: &Derived) -> pb::Sex {
    match derived.sex {
        Some(Sex::Female) => pb::Sex::Female,
        Some(Sex::Male) => pb::Sex::Male,
        None => pb::Sex::Unspecified,
    }
}
