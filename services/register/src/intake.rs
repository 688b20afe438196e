//! Taking a batch: one outcome per record, in order; what is new becomes durable; a receipt for all that the register
//! now holds. The order of things: look up, judge, seal (the vault keeps new persons first), append, prove.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use vardnav_register::delivery::Deliveries;
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Header, row_key};
use vardnav_register::finding::Finding;
use vardnav_register::identity::PersonKey;
use vardnav_register::outcome::{Outcome, assess};
use vardnav_register::receipt::{Receipt, ReceiptLeaf};
use vardnav_register::record::{Body, Record, RecordKind};
use vardnav_runtime::clock;
use vardnav_store::current;
use vardnav_store::{Head, Row, StoreError, StreamId, View};

use crate::Register;
use crate::answer;
use crate::audit::By;
use crate::batch::{Asked, Batch, Judge, Judged, LookedUp, Passed, Read, Sealed, Single};
use crate::delivery::{Of, replaced};
use crate::ledger::{self, Among, Former};
use crate::proof;
use crate::surroundings::BatchSurroundings;
use crate::tries::{Tries, is_conflict};

/// How often a batch is judged at most, each time with persons who were new to the vault before.
const PASSES_MAX: usize = 8;
/// Bytes appended at once; a larger batch is appended in pieces, and acknowledged when all of it is there.
const APPEND_BYTES: usize = 32 << 20;

/// What became of one record.
pub(crate) struct RecordOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) findings: Vec<Finding>,
    pub(crate) leaf: Option<[u8; 32]>,
    pub(crate) resent: bool,
    pub(crate) derived: Option<Derived>,
    /// Whether it is of a delivery and the same as what was current before.
    pub(crate) kept: bool,
    /// The revision that the register gave or knows it by, of a record of a delivery.
    pub(crate) revision: Option<u32>,
}

/// The answer to a batch.
pub(crate) struct BatchAnswer {
    pub(crate) outcomes: Vec<RecordOutcome>,
    pub(crate) receipt: Option<Receipt>,
}

impl BatchAnswer {
    /// The answer to a batch that is refused as a whole: each record is told why.
    pub(crate) fn refused(records: Vec<Read>) -> Self {
        let outcomes = records
            .into_iter()
            .map(|record| rejected(record.err().into_iter().collect()));
        Self {
            outcomes: outcomes.collect(),
            receipt: None,
        }
    }
}

/// A batch that is durable: what became of its records, and the head under which they lie.
pub(crate) struct Taken {
    pub(crate) judged: Vec<Judged>,
    pub(crate) sealed: Vec<Option<Sealed>>,
    pub(crate) head: Head,
}

impl Register {
    /// Takes a batch of a reporter, of a delivery or record by record.
    ///
    /// # Errors
    /// When the store does not take it; then nothing of the batch is acknowledged, and sending it again is safe.
    pub(crate) async fn take(
        self: &Arc<Self>,
        (caller, reporter): (&str, &str),
        of: Option<&Of>,
        records: Vec<Read>,
        validate_only: bool,
    ) -> Result<BatchAnswer, StoreError> {
        let mut known = self.authority.view().reporter(reporter).is_some();
        if !known {
            // Another server may have taken in the reporter a moment ago.
            let newest = self.authority.refresh().await;
            known = newest.is_ok_and(|view| view.reporter(reporter).is_some());
        }
        let Some(stream) = StreamId::reporter(reporter).ok().filter(|_| known) else {
            return self.refuse_all(reporter, records).await;
        };
        if let Some(of) = of {
            return self
                .deliver((caller, reporter, &stream), of, records, validate_only)
                .await;
        }
        let records = Arc::new(records);
        let taken = {
            let turn = self.turn(reporter).await;
            let _turn = turn.lock().await;
            let mut tries = Tries::begin();
            loop {
                let who = (caller, reporter);
                let taken = self.try_take(who, &stream, &records, validate_only, &tries).await;
                if !is_conflict(&taken) || !tries.again().await {
                    break taken?;
                }
            }
        };
        self.answer(reporter, &stream, taken, validate_only).await
    }

    /// The answer to a batch of somebody who is no reporter: every record is told so, and what else is wrong.
    async fn refuse_all(
        self: &Arc<Self>,
        reporter: &str,
        records: Vec<Read>,
    ) -> Result<BatchAnswer, StoreError> {
        let surroundings = BatchSurroundings::of(self.authority.view(), HashMap::new());
        let (reporter, received) = (reporter.to_owned(), clock::now_micros());
        self.compute(move || {
            let outcomes = records.into_iter().map(|record| match record {
                Err(finding) => rejected(vec![finding]),
                Ok(record) => rejected(assess(&record, &reporter, received, &surroundings).findings),
            });
            BatchAnswer {
                outcomes: outcomes.collect(),
                receipt: None,
            }
        })
        .await
    }

    async fn try_take(
        self: &Arc<Self>,
        (caller, reporter): (&str, &str),
        stream: &StreamId,
        records: &Arc<Vec<Read>>,
        validate_only: bool,
        tries: &Tries,
    ) -> Result<Taken, StoreError> {
        let received = tries.at();
        let view = self.authority.view();
        let judged_by = view.position();
        all_loaded(&view, reporter, records)?;
        let head = self.store.head(stream).await?;
        let looked_up = self.look_up(stream, records).await?;
        let named = named_episodes(records);
        let store = self.store.as_ref();
        let episodes = ledger::episodes(store, stream, &view, named, Among::default()).await?;
        let before = BatchSurroundings::of(view, episodes);
        let batch = Batch {
            records: Arc::clone(records),
            reporter: reporter.into(),
            received,
            delivered: None,
            validate_only,
        };
        let judge = Single::new(reporter, received, looked_up);
        let (passed, _) = self.judge_and_seal(caller, batch, judge, before).await?;
        let (judged, mut sealed) = (passed.judged, passed.sealed);
        self.judged_by_newest(&judged, judged_by).await?;
        if validate_only {
            return Ok(Taken { judged, sealed, head });
        }
        for (position, sealed) in (head.size..).zip(sealed.iter_mut().flatten()) {
            sealed.kept.position = Some(position);
        }
        let by = By {
            caller,
            action: "report",
            at: received,
        };
        let head = self
            .append_by(by, tries, (stream, head), pieces(&mut sealed))
            .await?;
        Ok(Taken { judged, sealed, head })
    }

    /// Judges and seals a batch, and has the vault keep the persons whom it does not know. `before` is what holds before
    /// the batch. When nothing is taken, that is noted if anybody is known: what is found may tell of them.
    ///
    /// # Errors
    /// When the vault or the audit trail does not take what must be there first; then nothing may be appended.
    pub(crate) async fn judge_and_seal<J: Judge>(
        self: &Arc<Self>,
        caller: &str,
        batch: Batch,
        judge: J,
        before: BatchSurroundings,
    ) -> Result<(Passed, J), StoreError> {
        let asked = Arc::new(self.asked(&batch).await?);
        for _ in 0..PASSES_MAX {
            let (register, batch, mut judge) = (Arc::clone(self), batch.clone(), judge.clone());
            let (validate_only, received) = (batch.validate_only, batch.received);
            let reporter = Arc::clone(&batch.reporter);
            let asked = Arc::clone(&asked);
            let mut surroundings = before.clone();
            surroundings.people = Arc::new(self.vault.look(&asked.sought).await?);
            let passed = self.compute(move || {
                let passed = batch.pass(&mut judge, &asked, &mut surroundings, register.vault.as_ref())?;
                Ok::<_, StoreError>((passed, judge))
            });
            let (mut passed, judge) = passed.await??;
            // What is appended is noted with its entries.
            if passed.knew && passed.sealed.iter().all(Option::is_none) {
                let by = By {
                    caller,
                    action: "check",
                    at: received,
                };
                self.note_of(by, &reporter).await?;
            }
            if validate_only {
                return Ok((passed, judge));
            }
            let keys: Vec<PersonKey> = passed.new.iter().map(|drawn| drawn.person).collect();
            if keys.is_empty() || self.vault.keep(std::mem::take(&mut passed.new)).await? == keys {
                return Ok((passed, judge));
            }
            // Another batch brought some of them at the same time: now they are known.
        }
        Err(StoreError::Unavailable(
            "persons of the batch came from elsewhere again and again".to_owned(),
        ))
    }

    /// Whether what is rejected was judged by what the authority says now, and not before another server wrote.
    ///
    /// # Errors
    /// A conflict when it was not: the batch is to be judged again.
    pub(crate) async fn judged_by_newest(&self, judged: &[Judged], position: u64) -> Result<(), StoreError> {
        if !judged.iter().any(|judged| matches!(judged, Judged::Rejected(_))) {
            return Ok(());
        }
        match self.newest_view().await?.position() {
            newest if newest > position => Err(StoreError::Conflict {
                expected: position,
                actual: newest,
            }),
            _ => Ok(()),
        }
    }

    /// The persons whom the vault is asked for before a batch is judged. It is little work, which waits for no batch that
    /// is being judged.
    async fn asked(self: &Arc<Self>, batch: &Batch) -> Result<Asked, StoreError> {
        let (register, batch) = (Arc::clone(self), batch.clone());
        let asking = tokio::task::spawn_blocking(move || {
            let vault = register.vault.as_ref();
            Asked::of(&batch.records, &batch.reporter, batch.received, vault)
        });
        asking.await.map_err(|_| crate::stopping())?
    }

    /// Former entries of the very revisions that are reported, and the latest revision of each record that is
    /// revised: what stands in the batch beside a record decides nothing of what the ledger is asked for it.
    async fn look_up(&self, stream: &StreamId, records: &[Read]) -> Result<LookedUp, StoreError> {
        let store = self.store.as_ref();
        let readable: Vec<&Record> = records.iter().filter_map(|record| record.as_ref().ok()).collect();
        let own = readable
            .iter()
            .map(|record| row_key(record.kind(), &record.id, record.revision))
            .collect::<Vec<_>>();
        let in_batch: HashSet<[u8; 16]> = own.iter().copied().collect();
        let earlier: Vec<(&Record, [u8; 16])> = readable
            .iter()
            .filter(|record| record.revision > 1)
            .map(|record| (*record, row_key(record.kind(), &record.id, record.revision - 1)))
            .collect();
        let keys = own
            .iter()
            .copied()
            .chain(earlier.iter().map(|(_, key)| *key))
            .collect();
        let positions = ledger::find(store, stream, keys).await?;
        let (of_own, of_earlier) = positions.split_at_checked(own.len()).unwrap_or_default();
        let mut found = ledger::read(store, stream, of_own.iter().copied().flatten().collect()).await?;
        let formers = own
            .iter()
            .zip(of_own)
            .filter_map(|(key, position)| Some((*key, found.remove(&(*position)?)?)));
        let mut looked_up = LookedUp {
            formers: formers.collect(),
            ..LookedUp::default()
        };
        let mut before: BTreeMap<u64, (RecordKind, String)> = BTreeMap::new();
        for ((record, key), position) in earlier.into_iter().zip(of_earlier) {
            let of = (record.kind(), record.id.clone());
            let revision = match position {
                Some(_) => record.revision - 1,
                // The one before it is in the batch and told in its own place how far the record has come.
                None if in_batch.contains(&key) => 0,
                // A gap, which is refused: how far the record has come is looked up to say so.
                None => ledger::latest_revision(store, stream, record.kind(), &record.id).await?,
            };
            let is_next =
                !looked_up
                    .formers
                    .contains_key(&row_key(record.kind(), &record.id, record.revision));
            if let Some(position) = position.filter(|_| is_next) {
                before.insert(position, of.clone());
            }
            if revision > 0 {
                let latest = looked_up.latest.entry(of).or_default();
                *latest = revision.max(*latest);
            }
        }
        self.look_into_deliveries(stream, &mut looked_up, before).await?;
        Ok(looked_up)
    }

    /// What deliveries and withdrawals have to do with the records of a batch: revisions that are not current, or not
    /// yet. `before` are the entries that the next revisions follow.
    async fn look_into_deliveries(
        &self,
        stream: &StreamId,
        looked_up: &mut LookedUp,
        before: BTreeMap<u64, (RecordKind, String)>,
    ) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        let formers = ledger::read(store, stream, before.keys().copied().collect()).await?;
        let mut next: BTreeMap<(RecordKind, String), Former> = BTreeMap::new();
        for (position, of) in before {
            if let Some(former) = formers.get(&position) {
                next.insert(of, former.clone());
            }
        }
        let is_delivered = |former: &Former| former.entry.header.delivery.is_some();
        let any = next.values().chain(looked_up.formers.values()).any(is_delivered);
        let deliveries = match any {
            true => current::deliveries(store, stream).await?,
            false => Deliveries::default(),
        };
        let waits = |former: &Former| {
            let header = &former.entry.header;
            let delivery =
                deliveries.get(header.delivery.filter(|_| deliveries.is_waiting(header))?.opened)?;
            Some(delivery.opening.number)
        };
        let own: Vec<([u8; 16], Former)> = looked_up
            .formers
            .extract_if(|_, former| {
                let from = deliveries.current_from(former.position, &former.entry.header);
                from.is_none()
            })
            .collect();
        for (_, former) in own {
            let Header { kind, id, .. } = &former.entry.header;
            let of = (*kind, id.clone());
            let latest = ledger::latest_revision(store, stream, *kind, id).await?;
            looked_up.latest.insert(of.clone(), latest);
            looked_up
                .waiting
                .extend(waits(&former).map(|number| (of, number)));
        }
        for (of, former) in &next {
            looked_up
                .waiting
                .extend(waits(former).map(|number| (of.clone(), number)));
        }
        next.retain(|_, former| is_delivered(former) || former.entry.is_withdrawal());
        let names: Vec<_> = next.keys().cloned().collect();
        let among = Among {
            deliveries: Some(&deliveries),
            within: None,
        };
        let current = ledger::standing(store, stream, next, among).await?;
        for of in names {
            let replaces = replaced(current.get(&of));
            looked_up.replaces.insert(of, replaces);
        }
        Ok(())
    }

    pub(crate) async fn answer(
        &self,
        reporter: &str,
        stream: &StreamId,
        taken: Taken,
        validate_only: bool,
    ) -> Result<BatchAnswer, StoreError> {
        let Taken { judged, sealed, head } = taken;
        let view = self.authority.view();
        let mut outcomes: Vec<RecordOutcome> = Vec::with_capacity(judged.len());
        let mut leaves: Vec<ReceiptLeaf> = Vec::new();
        let mut proven: BTreeMap<u64, [u8; 32]> = BTreeMap::new();
        // Place in the batch → place among the receipt's leaves, for records repeated in the batch.
        let mut receipted: HashMap<usize, usize> = HashMap::new();
        for (place, (judged, sealed)) in judged.into_iter().zip(sealed).enumerate() {
            let line = place as u64 + 1;
            let kept = match &judged {
                Judged::Resent { kept, .. } => Some(kept.as_ref()),
                _ => sealed.as_ref().map(|sealed| &sealed.kept),
            };
            let leaf = kept.filter(|_| !validate_only).map(|kept| kept.leaf);
            if let Some((kept, position)) = kept
                .and_then(|kept| Some((kept, kept.position?)))
                .filter(|_| !validate_only)
            {
                receipted.insert(place, leaves.len());
                leaves.push(kept.receipt_leaf(line, position));
                proven.insert(position, kept.leaf);
            }
            let revision = kept
                .filter(|kept| kept.is_assigned())
                .map(|kept| kept.header.revision);
            outcomes.push(match judged {
                Judged::New {
                    outcome,
                    findings,
                    derived,
                    ..
                } => RecordOutcome {
                    outcome,
                    findings,
                    leaf,
                    resent: false,
                    derived: Some(derived),
                    kept: false,
                    revision,
                },
                // The outcome and the findings are those of the first time.
                Judged::Resent {
                    derived, as_before, ..
                } => RecordOutcome {
                    outcome: derived
                        .as_ref()
                        .map_or(Outcome::Accepted, |derived| derived.outcome),
                    findings: derived
                        .as_ref()
                        .map(|derived| answer::findings(derived, &view))
                        .unwrap_or_default(),
                    leaf,
                    resent: !as_before,
                    derived,
                    kept: as_before,
                    revision,
                },
                Judged::Rejected(findings) => rejected(findings),
                Judged::Repeats(earlier) => {
                    let repeated = receipted.get(&earlier).and_then(|at| leaves.get(*at)).cloned();
                    leaves.extend(repeated.map(|leaf| ReceiptLeaf { line, ..leaf }));
                    outcomes
                        .get(earlier)
                        .map_or_else(|| rejected(Vec::new()), RecordOutcome::repeated)
                }
            });
        }
        if leaves.is_empty() {
            return Ok(BatchAnswer {
                outcomes,
                receipt: None,
            });
        }
        let proven: Vec<(u64, [u8; 32])> = proven.into_iter().collect();
        let (head, proof) = proof::multi_proof(self.store.as_ref(), stream, head, &proven).await?;
        let head = proof::sign(&self.key, stream, head, clock::now_micros());
        Ok(BatchAnswer {
            outcomes,
            receipt: Some(Receipt {
                reporter: reporter.to_owned(),
                leaves,
                head,
                proof,
            }),
        })
    }
}

impl RecordOutcome {
    /// The outcome of a record that says the same again in one batch.
    fn repeated(&self) -> Self {
        Self {
            outcome: self.outcome,
            findings: self.findings.clone(),
            leaf: self.leaf,
            resent: self.outcome != Outcome::Rejected,
            derived: self.derived.clone(),
            kept: self.kept,
            revision: self.revision,
        }
    }
}

/// Whether the release in force on each record's date, and the reporter's own maps, are at hand. What is published or
/// put and cannot be loaded is this server's trouble, never the record's.
pub(crate) fn all_loaded(view: &View, reporter: &str, records: &[Read]) -> Result<(), StoreError> {
    if view.reporter_maps(reporter).is_err() {
        return Err(StoreError::Unavailable(
            "a map of the reporter cannot be loaded".to_owned(),
        ));
    }
    let lacking = records
        .iter()
        .filter_map(|record| record.as_ref().ok())
        .find(|record| {
            let date = record.date();
            view.state().release_on(date).is_some() && view.snapshot_on(date).is_none()
        });
    match lacking {
        None => Ok(()),
        Some(_) => Err(StoreError::Unavailable(
            "a release in force cannot be loaded".to_owned(),
        )),
    }
}

/// The rows of what was sealed, in order, in pieces that an append takes.
pub(crate) fn pieces(sealed: &mut [Option<Sealed>]) -> Vec<Vec<Row>> {
    let mut pieces: Vec<Vec<Row>> = Vec::new();
    let mut room = 0;
    for sealed in sealed.iter_mut().flatten() {
        let row = std::mem::take(&mut sealed.row.bytes);
        let row = Row {
            key: sealed.row.key,
            leaf: sealed.row.leaf,
            bytes: row,
        };
        if row.bytes.len() > room {
            pieces.push(Vec::new());
            room = APPEND_BYTES;
        }
        room = room.saturating_sub(row.bytes.len());
        if let Some(piece) = pieces.last_mut() {
            piece.push(row);
        }
    }
    pieces
}

/// Ids of the episodes that records of the batch name or revise.
pub(crate) fn named_episodes(records: &[Read]) -> HashSet<String> {
    let named = |record: &Record| match &record.body {
        Body::Contact(contact) => contact.episode.clone(),
        Body::MonitoringPeriod(period) => period.episode.clone(),
        Body::Episode(_) | Body::CareRequest(_) => None,
    };
    records
        .iter()
        .filter_map(|record| named(record.as_ref().ok()?))
        .collect()
}

fn rejected(findings: Vec<Finding>) -> RecordOutcome {
    RecordOutcome {
        outcome: Outcome::Rejected,
        findings,
        leaf: None,
        resent: false,
        derived: None,
        kept: false,
        revision: None,
    }
}
