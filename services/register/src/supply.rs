//! One fact supplied for many records: looks up the latest revisions, judges the next ones as a report would be judged,
//! seals and appends them, and proves them. What a supplied revision is, and that nothing is overwritten, is said in
//! `vardnav_register::supply`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::Rng as _;
use vardnav_api::common::finding_message;
use vardnav_api::register::{bytes, kind_message};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::bytes::DecodeError;
use vardnav_register::delivery::Deliveries;
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Act, Header, Nonce, VERSION, row_key};
use vardnav_register::finding::Finding;
use vardnav_register::identity::PersonKey;
use vardnav_register::outcome::{Outcome, assess_identified};
use vardnav_register::receipt::{Receipt, ReceiptLeaf};
use vardnav_register::record::{Record, RecordKind};
use vardnav_register::supply::{Effect, Supplied, next_entry, person_before};
use vardnav_register::surroundings::CollectedFor;
use vardnav_register::text::may_echo_id;
use vardnav_register::worklist::{owner, remedy};
use vardnav_runtime::clock;
use vardnav_store::current;
use vardnav_store::{Head, People, ROW_LIMIT, Row, StoreError, StreamId, Vault, View};

use crate::Register;
use crate::answer;
use crate::batch::{Kept, Read, Sealed, identity_nonce, speaks_against, stand_for_later};
use crate::intake::{all_loaded, named_episodes, pieces};
use crate::ledger::{self, Among, Former};
use crate::proof;
use crate::surroundings::BatchSurroundings;
use crate::tries::{Tries, is_conflict};

/// A fact for records of a reporter.
#[derive(Clone)]
pub(crate) struct Supply {
    pub(crate) reporter: String,
    pub(crate) supplied: Supplied,
    pub(crate) chosen: Vec<Chosen>,
    pub(crate) validate_only: bool,
}

/// A record that a fact is supplied for.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) kind: RecordKind,
    pub(crate) id: String,
    /// A revision that may be the latest.
    pub(crate) revision: u32,
}

/// What became of one record.
struct Judged {
    /// The revision that has the fact; of a refused record the latest there is.
    revision: u32,
    result: pb::SupplyResult,
    outcome: Option<Outcome>,
    findings: Vec<Finding>,
    reason: String,
    /// What the register holds already; of what is new see the sealed row.
    kept: Option<Kept>,
}

/// The latest revision of a record, read.
struct Latest {
    former: Former,
    record: Record,
    person: PersonKey,
    derived: Derived,
}

/// What was found of one record before it is judged.
enum Looked {
    NotFound,
    /// An open delivery holds its latest revision.
    Waits,
    Erased(u32),
    Withdrawn(u32),
    Found(Box<Latest>),
}

impl Looked {
    /// Whose record it is.
    fn person(&self) -> Option<PersonKey> {
        match self {
            Self::Found(latest) => Some(latest.person),
            Self::NotFound | Self::Waits | Self::Erased(_) | Self::Withdrawn(_) => None,
        }
    }
}

impl Register {
    /// Supplies a fact.
    ///
    /// # Errors
    /// When the store does not take it; then nothing is acknowledged, and asking again is safe.
    pub(crate) async fn supply(
        self: &Arc<Self>,
        supply: Supply,
    ) -> Result<pb::SupplyFactResponse, StoreError> {
        let _held = self.batches.acquire().await.map_err(|_| crate::stopping())?;
        let stream = StreamId::reporter(&supply.reporter)?;
        let supply = Arc::new(supply);
        let (judged, sealed, head) = {
            let turn = self.turn(&supply.reporter).await;
            let _turn = turn.lock().await;
            let mut tries = Tries::begin();
            loop {
                let supplied = self.try_supply(&stream, &supply).await;
                if !is_conflict(&supplied) || !tries.again().await {
                    break supplied?;
                }
            }
        };
        self.supplied(&stream, &supply, (judged, sealed), head).await
    }

    async fn try_supply(
        self: &Arc<Self>,
        stream: &StreamId,
        supply: &Arc<Supply>,
    ) -> Result<(Vec<Judged>, Vec<Option<Sealed>>, Head), StoreError> {
        let received = clock::now_micros();
        let view = self.authority.view();
        let head = self.store.head(stream).await?;
        let looked = self.latest(stream, &supply.chosen).await?;
        let records: Vec<Read> = looked
            .iter()
            .filter_map(|looked| match looked {
                Looked::Found(latest) => Some(Ok(latest.record.clone())),
                _ => None,
            })
            .collect();
        all_loaded(&view, &supply.reporter, &records)?;
        let named = named_episodes(&records);
        let store = self.store.as_ref();
        let episodes = ledger::episodes(store, stream, &view, named, Among::default()).await?;
        let persons: Vec<PersonKey> = looked.iter().filter_map(Looked::person).collect();
        let mut surroundings = BatchSurroundings::of(view, episodes);
        surroundings.people = Arc::new(People {
            found: Vec::new(),
            stated: self.vault.stated(&persons).await?,
        });
        surroundings.collected_for = CollectedFor::AsBefore;
        let (register, asked) = (Arc::clone(self), Arc::clone(supply));
        let judged = self.compute(move || {
            let vault = register.vault.as_ref();
            let each = looked.into_iter();
            each.map(|looked| asked.judge(looked, received, &mut surroundings, vault))
                .collect::<Result<Vec<_>, _>>()
        });
        let (judged, mut sealed): (Vec<_>, Vec<_>) = judged.await??.into_iter().unzip();
        let mut head = head;
        for (position, sealed) in (head.size..).zip(sealed.iter_mut().flatten()) {
            sealed.kept.position = Some(position);
        }
        for piece in pieces(&mut sealed) {
            head = self.store.append(stream, head.size, piece).await?;
        }
        Ok((judged, sealed, head))
    }

    /// The latest revision of each record, in order.
    async fn latest(&self, stream: &StreamId, chosen: &[Chosen]) -> Result<Vec<Looked>, StoreError> {
        let store = self.store.as_ref();
        let pair = |chosen: &Chosen| {
            [chosen.revision, chosen.revision.saturating_add(1)]
                .map(|revision| row_key(chosen.kind, &chosen.id, revision))
        };
        let positions = ledger::find(store, stream, chosen.iter().flat_map(pair).collect()).await?;
        let mut places = Vec::with_capacity(chosen.len());
        for (chosen, pair) in chosen.iter().zip(positions.as_chunks::<2>().0) {
            places.push(match *pair {
                [Some(position), None] => Some(position),
                _ => {
                    let latest = ledger::latest_revision(store, stream, chosen.kind, &chosen.id).await?;
                    let key = row_key(chosen.kind, &chosen.id, latest);
                    ledger::find(store, stream, vec![key])
                        .await?
                        .into_iter()
                        .flatten()
                        .next()
                }
            });
        }
        let mut found = ledger::read(store, stream, places.iter().copied().flatten().collect()).await?;
        let mut latest = BTreeMap::new();
        for (at, place) in places.iter().enumerate() {
            latest.extend(
                place
                    .and_then(|place| found.remove(&place))
                    .map(|former| (at, former)),
            );
        }
        let mut last: BTreeMap<usize, u32> = BTreeMap::new();
        let revisions = latest
            .iter()
            .map(|(at, former)| (*at, former.entry.header.revision));
        last.extend(revisions);
        let deliveries = match latest
            .values()
            .any(|former| former.entry.header.delivery.is_some())
        {
            true => current::deliveries(store, stream).await?,
            false => Deliveries::default(),
        };
        let among = Among {
            deliveries: Some(&deliveries),
            within: None,
        };
        let waiting: BTreeSet<usize> = latest
            .iter()
            .filter(|(_, former)| deliveries.is_waiting(&former.entry.header))
            .map(|(at, _)| *at)
            .collect();
        let mut current = ledger::standing(store, stream, latest, among).await?;
        let looked = (0..places.len()).map(|at| match current.remove(&at) {
            _ if waiting.contains(&at) => Ok(Looked::Waits),
            Some(former) => read(stream, former, last.get(&at).copied().unwrap_or_default()),
            None => Ok(Looked::NotFound),
        });
        looked.collect()
    }

    /// The answer, with a receipt of what the register holds.
    async fn supplied(
        &self,
        stream: &StreamId,
        supply: &Supply,
        (judged, sealed): (Vec<Judged>, Vec<Option<Sealed>>),
        head: Head,
    ) -> Result<pb::SupplyFactResponse, StoreError> {
        let mut outcomes = Vec::with_capacity(judged.len());
        let (mut leaves, mut hashes): (Vec<ReceiptLeaf>, Vec<[u8; 32]>) = Default::default();
        let mut proven: BTreeMap<u64, [u8; 32]> = BTreeMap::new();
        for (place, (judged, sealed)) in judged.into_iter().zip(&sealed).enumerate() {
            let chosen = supply.chosen.get(place);
            let kept = sealed
                .as_ref()
                .map(|sealed| &sealed.kept)
                .or(judged.kept.as_ref());
            let kept = kept.filter(|_| !supply.validate_only);
            if let Some((kept, position)) = kept.and_then(|kept| Some((kept, kept.position?))) {
                leaves.push(kept.receipt_leaf(place as u64 + 1, position));
                hashes.push(kept.leaf);
                proven.insert(position, kept.leaf);
            }
            outcomes.push(pb::SupplyOutcome {
                index: u32::try_from(place).unwrap_or(u32::MAX),
                kind: chosen
                    .map_or(pb::RecordKind::Unspecified, |chosen| kind_message(chosen.kind))
                    .into(),
                id: chosen
                    .filter(|chosen| judged.revision > 0 || may_echo_id(&chosen.id, ""))
                    .map(|chosen| chosen.id.clone())
                    .unwrap_or_default(),
                revision: judged.revision,
                result: judged.result.into(),
                outcome: judged
                    .outcome
                    .map_or(pb::Outcome::Unspecified, answer::outcome_message)
                    .into(),
                findings: judged.findings.iter().map(finding_message).collect(),
                reason: judged.reason,
                leaf: kept.map(|kept| bytes(&kept.leaf)).unwrap_or_default(),
            });
        }
        let receipt = if leaves.is_empty() {
            None
        } else {
            let proven: Vec<(u64, [u8; 32])> = proven.into_iter().collect();
            let (head, proof) = proof::multi_proof(self.store.as_ref(), stream, head, &proven).await?;
            let receipt = Receipt {
                reporter: supply.reporter.clone(),
                leaves,
                head: proof::sign(&self.key, stream, head, clock::now_micros()),
                proof,
            };
            Some(answer::receipt(&receipt, &hashes))
        };
        Ok(pb::SupplyFactResponse {
            outcomes,
            receipt,
            next_page_token: String::new(),
        })
    }
}

impl Supply {
    /// Judges the next revision of one record and, unless it is only checked, seals it.
    fn judge(
        &self,
        looked: Looked,
        received: i64,
        surroundings: &mut BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<(Judged, Option<Sealed>), StoreError> {
        let latest = match looked {
            Looked::NotFound => return Ok((refused(0, "the reporter has no such record", Vec::new()), None)),
            Looked::Waits => {
                let reason = "an open delivery holds a revision of the record";
                return Ok((refused(0, reason, Vec::new()), None));
            }
            Looked::Withdrawn(revision) => {
                return Ok((refused(revision, "the record was withdrawn", Vec::new()), None));
            }
            Looked::Erased(revision) => {
                return Ok((refused(revision, "the record was erased", Vec::new()), None));
            }
            Looked::Found(latest) => latest,
        };
        let revision = latest.former.entry.header.revision;
        let next = match self.supplied.added_to(&latest.record) {
            Ok(Some(next)) => next,
            Ok(None) => return unchanged(&latest, surroundings, vault),
            Err(reason) => return Ok((refused(revision, &reason.to_string(), Vec::new()), None)),
        };
        let assessed = assess_identified(&next, &self.reporter, received, &latest.derived, surroundings);
        let Some(mut derived) = assessed.derived else {
            let reason = self.not_taken(&next, surroundings);
            return Ok((refused(revision, &reason, assessed.findings), None));
        };
        // Where the person lived stays as it was found when the record was taken.
        derived.residence.clone_from(&latest.derived.residence);
        let (mut findings, mut outcome) = (assessed.findings, assessed.outcome);
        let against = speaks_against(
            &self.reporter,
            &next,
            (latest.person, !self.validate_only),
            (&mut derived, &mut findings, &mut outcome),
            surroundings,
        );
        if let Some(finding) = against {
            let reason = "the revision would not be taken";
            return Ok((refused(revision, reason, vec![finding]), None));
        }
        let view = Arc::clone(&surroundings.view);
        let system = |id: &str| view.snapshot(id).map(|release| release.description.as_ref());
        match self.supplied.effect(&latest.derived, &derived, system) {
            Effect::Tells => {}
            Effect::KnownAlready => return unchanged(&latest, surroundings, vault),
            Effect::KnownOtherwise(source) => {
                let reason = format!(
                    "another value is known, from {}: a revision that states this one is reported",
                    answer::source_name(source)
                );
                return Ok((refused(revision, &reason, Vec::new()), None));
            }
            Effect::None => {
                let reason = "the release does not take the fact from there, so it would tell nothing";
                return Ok((refused(revision, reason, Vec::new()), None));
            }
        }
        let sealed = if self.validate_only {
            None
        } else {
            match self.seal(&latest, &next, received, &derived, vault)? {
                Some(sealed) => Some(sealed),
                None => {
                    return Ok((
                        refused(revision, "the record is too large to keep", Vec::new()),
                        None,
                    ));
                }
            }
        };
        stand_for_later(&next, latest.person, &derived, surroundings);
        let judged = Judged {
            revision: next.revision,
            result: pb::SupplyResult::Supplied,
            outcome: Some(outcome),
            findings,
            reason: String::new(),
            kept: None,
        };
        Ok((judged, sealed))
    }

    /// The row of the next revision; `None` when it is larger than a row may be.
    fn seal(
        &self,
        latest: &Latest,
        next: &Record,
        received: i64,
        derived: &Derived,
        vault: &dyn Vault,
    ) -> Result<Option<Sealed>, StoreError> {
        let former = &latest.former.entry;
        let header = Header {
            version: VERSION,
            act: Act::Report,
            reporter: self.reporter.clone(),
            kind: next.kind(),
            id: next.id.clone(),
            revision: next.revision,
            replaces: former.header.revision,
            delivery: None,
            received,
            release: derived
                .parts
                .first()
                .map(|part| part.release.clone())
                .unwrap_or_default(),
        };
        let Some(identity) = identity_nonce(former, vault)? else {
            return Ok(None);
        };
        // Bound to the header it was sealed with, so it is sealed anew for the next.
        let sealed_nonce = vault.seal_nonce(&identity, &header.bytes())?;
        let nonces: [Nonce; 2] = rand::rng().random();
        let [content, of_derived] = nonces;
        let person = (latest.person, derived);
        let entry = next_entry(former, header, next, person, (content, of_derived), sealed_nonce)
            .map_err(|error| StoreError::Corrupt(format!("the entry cannot be written: {error}")))?;
        let Some(entry) = entry else { return Ok(None) };
        let leaf = entry.leaf();
        let row = Row {
            key: entry.key(),
            leaf,
            bytes: entry.encode(),
        };
        let kept = Kept::of(&entry, leaf, None, identity);
        Ok(kept
            .filter(|_| row.bytes.len() <= ROW_LIMIT)
            .map(|kept| Sealed { kept, row }))
    }

    /// Why a revision with the fact is not taken, with what to do instead where the axis is not stated in records.
    fn not_taken(&self, next: &Record, surroundings: &BatchSurroundings) -> String {
        let reason = "the revision would not be taken";
        let Some(release) = surroundings.view.snapshot_on(next.date()) else {
            return reason.to_owned();
        };
        let system = release.description.as_ref();
        let axis = &self.supplied.fact.axis;
        let grain = match next.kind() {
            RecordKind::Episode => vardnav_classification::Grain::Segment,
            RecordKind::Contact => vardnav_classification::Grain::Contact,
            RecordKind::MonitoringPeriod => vardnav_classification::Grain::MonitoringPeriod,
            RecordKind::CareRequest => return format!("{reason}: facts are not stated of a care request"),
        };
        let owner = owner(axis, grain, next.unit.is_some(), system);
        format!("{reason}; {}", remedy(axis, owner, Some(system)).en)
    }
}

/// `last` is the record's latest revision, also one that never became current: the next follows it.
fn read(stream: &StreamId, former: Former, last: u32) -> Result<Looked, StoreError> {
    if former.entry.is_withdrawal() {
        return Ok(Looked::Withdrawn(former.entry.header.revision));
    }
    let damaged =
        |error: DecodeError| StoreError::Corrupt(format!("{stream}: position {}: {error}", former.position));
    let record = former.entry.record().map_err(damaged)?;
    let derived = former.entry.derived().map_err(damaged)?;
    let (Some(mut record), Some((person, derived))) = (record, derived) else {
        return Ok(Looked::Erased(former.entry.header.revision));
    };
    record.person = person_before(&derived);
    record.revision = last;
    Ok(Looked::Found(Box::new(Latest {
        former,
        record,
        person,
        derived,
    })))
}

fn refused(revision: u32, reason: &str, findings: Vec<Finding>) -> Judged {
    Judged {
        revision,
        result: pb::SupplyResult::Refused,
        outcome: None,
        findings,
        reason: reason.to_owned(),
        kept: None,
    }
}

/// The answer for a record that knows the fact already: what the register holds of it.
fn unchanged(
    latest: &Latest,
    surroundings: &BatchSurroundings,
    vault: &dyn Vault,
) -> Result<(Judged, Option<Sealed>), StoreError> {
    let view: &View = &surroundings.view;
    let Former {
        position,
        leaf,
        entry,
    } = &latest.former;
    let kept = identity_nonce(entry, vault)?.and_then(|nonce| Kept::of(entry, *leaf, Some(*position), nonce));
    let judged = Judged {
        revision: entry.header.revision,
        result: pb::SupplyResult::Unchanged,
        outcome: Some(latest.derived.outcome),
        findings: answer::findings(&latest.derived, view),
        reason: String::new(),
        kept,
    };
    Ok((judged, None))
}
