//! Withdrawing records one by one, for a reason that the release in force today has. What was withdrawn before is
//! answered as it stands, also when its reason is no longer one.

use vardnav_api::common::finding_message;
use vardnav_api::register::{bytes, kind, kind_message};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::entry::{Act, Entry, EntryBody, Header, VERSION};
use vardnav_register::finding::Finding;
use vardnav_register::identity::reference_date;
use vardnav_register::record::RecordKind;
use vardnav_register::text::may_echo_id;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Hash, Head, StoreError, StreamId};

use super::chains::{Chain, chains};
use super::close::row;
use super::findings;
use crate::audit::By;
use crate::tries::Tries;
use crate::{Register, answer, proof, store_error};

/// Most records withdrawn at once.
const RECORDS_MAX: usize = 5000;

/// What became of a withdrawal.
enum Withdrawal {
    Refused(Finding),
    Resent {
        header: Header,
        position: u64,
        leaf: Hash,
    },
    New(Entry),
}

/// Why nothing is withdrawn.
enum NotWithdrawn {
    Reason(ApiError),
    Store(StoreError),
}

impl From<StoreError> for NotWithdrawn {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Register {
    /// Withdraws records of a reporter.
    ///
    /// # Errors
    /// When the request is not as it must be, or the store does not take it; then sending it again is safe.
    pub(crate) async fn withdraw(
        &self,
        caller: &Caller,
        stream: &StreamId,
        request: pb::WithdrawRecordsRequest,
    ) -> Result<pb::WithdrawRecordsResponse, ApiError> {
        if request.records.len() > RECORDS_MAX {
            let message = format!("at most {RECORDS_MAX} records");
            return Err(ApiError::field("records", message));
        }
        let unknown = self.unknown_reason(&request.reason).err();
        let mut names: Vec<(RecordKind, String)> = Vec::with_capacity(request.records.len());
        let mut seen = std::collections::HashSet::new();
        for (at, named) in request.records.iter().enumerate() {
            let kind = kind(named.kind(), &format!("records[{at}].kind"))?;
            if !seen.insert((kind, named.id.as_str())) {
                let message = "the record stands twice";
                return Err(ApiError::field(format!("records[{at}].id"), message));
            }
            names.push((kind, named.id.clone()));
        }
        let turn = self.turn(&request.reporter).await;
        let _turn = turn.lock().await;
        let mut tries = Tries::begin();
        loop {
            let tried = self.try_withdraw((caller, &tries), stream, &request, &names, unknown.as_ref());
            match tried.await {
                Err(NotWithdrawn::Store(StoreError::Conflict { .. })) => {}
                Err(NotWithdrawn::Store(error)) => return Err(store_error(error)),
                Err(NotWithdrawn::Reason(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
            if !tries.again().await {
                return Err(super::busy());
            }
        }
    }

    /// Refuses a reason that the release in force today does not have.
    fn unknown_reason(&self, reason: &str) -> Result<(), ApiError> {
        let now = clock::now_micros();
        let (release, today) = (self.release_at(now)?, reference_date(now));
        let known = || release.register.withdrawal_reasons_on(today);
        if known().any(|known| known.code == reason) {
            return Ok(());
        }
        let known: Vec<&str> = known().map(|known| known.code.as_str()).collect();
        let message = format!("release {} has {}", release.id, known.join(", "));
        Err(ApiError::field("reason", message))
    }

    async fn try_withdraw(
        &self,
        (caller, tries): (&Caller, &Tries),
        stream: &StreamId,
        request: &pb::WithdrawRecordsRequest,
        names: &[(RecordKind, String)],
        unknown: Option<&ApiError>,
    ) -> Result<pb::WithdrawRecordsResponse, NotWithdrawn> {
        let store = self.store.as_ref();
        let head = store.head(stream).await?;
        let known = self.known(&request.reporter).await;
        let mut known = known.lock().await;
        known.learn(store, stream).await?;
        let chains = chains(store, stream, names, &known.deliveries, (u64::MAX, None)).await?;
        let received = tries.at();
        let mut outcomes = Vec::with_capacity(names.len());
        let mut rows = Vec::new();
        let mut proven: Vec<((u64, Hash), pb::ReceiptLeaf)> = Vec::new();
        for ((name, chain), (named, index)) in names.iter().zip(&chains).zip(request.records.iter().zip(0..))
        {
            let withdrawal = withdrawal(
                request,
                name,
                (chain, named.revision),
                received,
                &known.deliveries,
            );
            if let (Some(error), true) = (unknown, matches!(withdrawal, Withdrawal::New(_))) {
                return Err(NotWithdrawn::Reason(error.clone()));
            }
            let mut outcome = pb::WithdrawOutcome {
                index,
                kind: kind_message(name.0).into(),
                id: named.id.clone(),
                ..pb::WithdrawOutcome::default()
            };
            match withdrawal {
                Withdrawal::Refused(finding) => {
                    outcome.findings.push(finding_message(&finding));
                    if !may_echo_id(&outcome.id, "") {
                        outcome.id.clear();
                    }
                }
                Withdrawal::Resent {
                    header,
                    position,
                    leaf,
                } => {
                    outcome.revision = header.revision;
                    outcome.position = Some(position);
                    outcome.leaf = bytes(&leaf);
                    outcome.withdrawn = true;
                    outcome.resent = true;
                    proven.push(((position, leaf), receipt_leaf(index, &header, request)));
                }
                Withdrawal::New(entry) => {
                    outcome.revision = entry.header.revision;
                    outcome.withdrawn = true;
                    if !request.validate_only {
                        let (position, leaf) = (head.size + rows.len() as u64, entry.leaf());
                        outcome.position = Some(position);
                        outcome.leaf = bytes(&leaf);
                        proven.push(((position, leaf), receipt_leaf(index, &entry.header, request)));
                        rows.push(row(&entry));
                    }
                }
            }
            outcomes.push(outcome);
        }
        let mut head = head;
        if !rows.is_empty() {
            let by = By {
                caller: &caller.name,
                action: "withdraw",
                at: received,
            };
            head = self.append_by(by, tries, (stream, head), vec![rows]).await?;
        }
        let mut receipt = None;
        if !proven.is_empty() && !request.validate_only {
            receipt = Some(
                self.prove_withdrawals(&request.reporter, stream, head, proven)
                    .await?,
            );
        }
        Ok(pb::WithdrawRecordsResponse { outcomes, receipt })
    }

    /// The receipt of withdrawals, each with its position and leaf.
    async fn prove_withdrawals(
        &self,
        reporter: &str,
        stream: &StreamId,
        head: Head,
        proven: Vec<((u64, Hash), pb::ReceiptLeaf)>,
    ) -> Result<pb::Receipt, StoreError> {
        let (mut places, mut leaves): (Vec<_>, Vec<_>) = proven.into_iter().unzip();
        for (leaf, (position, hash)) in leaves.iter_mut().zip(&places) {
            leaf.position = *position;
            leaf.leaf = bytes(hash);
        }
        places.sort_unstable();
        let (head, proof) = proof::multi_proof(self.store.as_ref(), stream, head, &places).await?;
        let signed = proof::sign(&self.key, stream, head, clock::now_micros());
        Ok(pb::Receipt {
            reporter: reporter.to_owned(),
            leaves,
            head: Some(answer::head(stream.as_str(), &signed)),
            proof: proof.hashes.iter().map(|hash| bytes(hash)).collect(),
        })
    }
}

/// What is told of an entry that withdraws a record, without its place in the stream.
fn receipt_leaf(index: u32, header: &Header, request: &pb::WithdrawRecordsRequest) -> pb::ReceiptLeaf {
    pb::ReceiptLeaf {
        index,
        kind: kind_message(header.kind).into(),
        id: header.id.clone(),
        revision: header.revision,
        received_micros: header.received,
        version: header.version.into(),
        replaces: header.replaces,
        withdrawn: request.reason.clone(),
        ..pb::ReceiptLeaf::default()
    }
}

fn withdrawal(
    request: &pb::WithdrawRecordsRequest,
    (kind, id): &(RecordKind, String),
    (chain, stated): (&Chain, u32),
    received: i64,
    deliveries: &vardnav_register::delivery::Deliveries,
) -> Withdrawal {
    if let Some(open) = chain.waits_in(deliveries) {
        let number = deliveries.get(open).map_or(0, |open| open.opening.number);
        return Withdrawal::Refused(findings::waits(number));
    }
    let Some(current) = chain.current(deliveries) else {
        return Withdrawal::Refused(findings::unknown_record());
    };
    let header = &current.entry.header;
    if let EntryBody::Withdrawn { reason } = &current.entry.body {
        // What the closing of a delivery withdrew was never asked for.
        let is_asked = *reason == request.reason && header.delivery.is_none();
        let same = is_asked && (stated == 0 || stated == header.revision);
        if same {
            return Withdrawal::Resent {
                header: header.clone(),
                position: current.position,
                leaf: current.leaf,
            };
        }
    }
    let next = chain.latest.saturating_add(1);
    if stated != 0 && stated != next {
        return Withdrawal::Refused(findings::other_revision(next));
    }
    let header = Header {
        version: VERSION,
        act: Act::Withdrawal,
        reporter: request.reporter.clone(),
        kind: *kind,
        id: id.clone(),
        revision: next,
        replaces: super::replaced(Some(current)),
        delivery: None,
        received,
        release: String::new(),
    };
    Withdrawal::New(Entry::withdrawal(header, request.reason.clone()))
}
