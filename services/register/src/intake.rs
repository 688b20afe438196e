//! Taking a batch: one outcome per record, in order; what is new becomes durable in one append; a receipt for all
//! that the register now holds. The order of things: look up, judge, resolve persons (the vault is durable first),
//! seal, append, prove.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rand::Rng as _;
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Entry, EntryBody, Header, Nonce, Nonces, identity_bytes, row_key};
use vardnav_register::finding::Finding;
use vardnav_register::identity::{Identity, PersonKey};
use vardnav_register::outcome::{Outcome, Standing, assess, is_same, standing};
use vardnav_register::receipt::{Receipt, ReceiptLeaf};
use vardnav_register::record::{Body, IdentityType, Record, RecordKind};
use vardnav_register::surroundings::EpisodeView;
use vardnav_register::validate::{Mechanism, finding_about, other_person};
use vardnav_runtime::clock;
use vardnav_store::{Head, IdentityBytes, Row, StoreError, StreamId};

use crate::Register;
use crate::ledger::{self, Former};
use crate::proof;
use crate::surroundings::BatchSurroundings;

/// How often a batch is tried again when another server was faster.
const TRIES: usize = 4;

/// What became of one record.
pub(crate) struct RecordOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) findings: Vec<Finding>,
    pub(crate) leaf: Option<[u8; 32]>,
    pub(crate) resent: bool,
    pub(crate) derived: Option<Derived>,
}

/// The answer to a batch.
pub(crate) struct BatchAnswer {
    pub(crate) outcomes: Vec<RecordOutcome>,
    pub(crate) receipt: Option<Receipt>,
}

/// A record that could be read, or why not.
pub(crate) type Read = Result<Record, Finding>;

/// Where a judged record stands.
enum Judged {
    Rejected(Vec<Finding>),
    Resent {
        position: u64,
        leaf: [u8; 32],
        identity_nonce: Nonce,
        derived: Option<Derived>,
        entry: Box<Entry>,
    },
    /// The same as an earlier record of the batch, by its place.
    Repeats(usize),
    New {
        outcome: Outcome,
        findings: Vec<Finding>,
        identity: Identity,
        derived: Derived,
    },
}

/// A record sealed into its entry.
struct Sealed {
    entry: Entry,
    leaf: [u8; 32],
    identity_nonce: Nonce,
}

impl Register {
    /// Takes a batch of a reporter.
    ///
    /// # Errors
    /// When the store does not take it; then nothing of the batch is acknowledged.
    pub(crate) async fn take(
        self: &Arc<Self>,
        reporter: &str,
        records: Vec<Read>,
        validate_only: bool,
    ) -> Result<BatchAnswer, StoreError> {
        let known = self.authority.view().reporter(reporter).is_some();
        let Some(stream) = StreamId::reporter(reporter).ok().filter(|_| known) else {
            return Ok(self.refuse_all(reporter, records));
        };
        let records = Arc::new(records);
        let turn = self.turn(reporter).await;
        let _turn = turn.lock().await;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_take(reporter, &stream, &records, validate_only).await {
                Err(StoreError::Conflict { .. }) if tries < TRIES => {}
                other => return other,
            }
        }
    }

    /// The answer to a batch of somebody who is no reporter: every record is told so, and what else is wrong.
    fn refuse_all(&self, reporter: &str, records: Vec<Read>) -> BatchAnswer {
        let surroundings = BatchSurroundings {
            view: self.authority.view(),
            episodes: HashMap::new(),
        };
        let outcomes = records.into_iter().map(|record| match record {
            Err(finding) => rejected(vec![finding]),
            Ok(record) => rejected(assess(&record, reporter, clock::today(), &surroundings).findings),
        });
        BatchAnswer {
            outcomes: outcomes.collect(),
            receipt: None,
        }
    }

    async fn try_take(
        self: &Arc<Self>,
        reporter: &str,
        stream: &StreamId,
        records: &Arc<Vec<Read>>,
        validate_only: bool,
    ) -> Result<BatchAnswer, StoreError> {
        let received = clock::now_micros();
        let view = self.authority.view();
        let head = self.store.head(stream).await?;
        let (formers, latest) = self.look_up(stream, records).await?;
        let episodes = ledger::episodes(self.store.as_ref(), stream, &view, named_episodes(records)).await?;
        let mut surroundings = BatchSurroundings { view, episodes };

        let mut judged = {
            let (register, records, reporter) = (Arc::clone(self), Arc::clone(records), reporter.to_owned());
            let (judged, back) = self
                .compute(move || {
                    let judged =
                        register.judge(&reporter, &records, received, formers, latest, &mut surroundings);
                    (judged, surroundings)
                })
                .await?;
            surroundings = back;
            judged
        };
        if validate_only {
            return Ok(BatchAnswer {
                outcomes: judged.into_iter().map(checked).collect(),
                receipt: None,
            });
        }

        let identities = judged.iter().filter_map(|judged| match judged {
            Judged::New { identity, .. } => Some(vault_identity(identity, reporter)),
            _ => None,
        });
        let persons = self.vault.resolve(identities.collect()).await?;

        let (judged, sealed) = {
            let (register, records, reporter) = (Arc::clone(self), Arc::clone(records), reporter.to_owned());
            self.compute(move || {
                let sealed = register.seal(
                    &reporter,
                    &records,
                    received,
                    &persons,
                    &mut judged,
                    &mut surroundings,
                );
                sealed.map(|sealed| (judged, sealed))
            })
            .await??
        };
        let rows: Vec<Row> = sealed
            .iter()
            .flatten()
            .map(|sealed| Row {
                key: sealed.entry.key(),
                leaf: sealed.leaf,
                bytes: sealed.entry.encode(),
            })
            .collect();
        let head = if rows.is_empty() {
            head
        } else {
            self.store.append(stream, head.size, rows).await?
        };
        self.answer(reporter, stream, head, judged, sealed).await
    }

    /// Former entries of the very revisions that are reported, and the latest revision of each record.
    async fn look_up(
        &self,
        stream: &StreamId,
        records: &[Read],
    ) -> Result<(HashMap<[u8; 16], Former>, HashMap<(RecordKind, String), u32>), StoreError> {
        let readable: Vec<&Record> = records.iter().filter_map(|record| record.as_ref().ok()).collect();
        let keys: Vec<[u8; 16]> = readable
            .iter()
            .map(|record| row_key(record.kind(), &record.id, record.revision))
            .collect();
        let positions = ledger::find(self.store.as_ref(), stream, keys.clone()).await?;
        let found = ledger::read(
            self.store.as_ref(),
            stream,
            positions.iter().copied().flatten().collect(),
        )
        .await?;
        let mut formers = HashMap::new();
        let mut latest = HashMap::new();
        for ((record, key), position) in readable.iter().zip(&keys).zip(positions) {
            if let Some(former) = position.and_then(|position| found.get(&position)) {
                formers.insert(*key, former.clone());
            } else if record.revision > 1 {
                let of = (record.kind(), record.id.clone());
                let revision = ledger::latest_revision(self.store.as_ref(), stream, of.0, &of.1).await?;
                latest.insert(of, revision);
            }
        }
        Ok((formers, latest))
    }

    /// Judges every record in order; episodes of the batch stand for the records after them.
    fn judge(
        &self,
        reporter: &str,
        records: &[Read],
        received: i64,
        formers: HashMap<[u8; 16], Former>,
        mut latest: HashMap<(RecordKind, String), u32>,
        surroundings: &mut BatchSurroundings,
    ) -> Vec<Judged> {
        let today = clock::date_of_micros(received);
        let mut seen: HashMap<[u8; 16], usize> = HashMap::new();
        let mut judged: Vec<Judged> = Vec::with_capacity(records.len());
        for (place, record) in records.iter().enumerate() {
            let record = match record {
                Ok(record) => record,
                Err(finding) => {
                    judged.push(Judged::Rejected(vec![finding.clone()]));
                    continue;
                }
            };
            let key = row_key(record.kind(), &record.id, record.revision);
            let former = formers.get(&key);
            let nonce = former.and_then(|former| self.identity_nonce(&former.entry));
            let repeats = seen.get(&key).copied();
            let same = match (former, repeats) {
                (Some(former), _) => Some(nonce.is_some_and(|nonce| is_same(record, &former.entry, &nonce))),
                (None, Some(earlier)) => Some(records.get(earlier) == records.get(place)),
                (None, None) => None,
            };
            let of = (record.kind(), record.id.clone());
            let known = latest.get(&of).copied().unwrap_or_default();
            judged.push(
                match (standing(record.revision, known, same), former, nonce, repeats) {
                    (Standing::Same, Some(former), Some(identity_nonce), _) => Judged::Resent {
                        position: former.position,
                        leaf: former.leaf,
                        identity_nonce,
                        derived: former.entry.derived().ok().flatten().map(|(_, derived)| derived),
                        entry: Box::new(former.entry.clone()),
                    },
                    (Standing::Same, _, _, Some(earlier)) => Judged::Repeats(earlier),
                    (Standing::Same | Standing::OtherContent, ..) => Judged::Rejected(vec![finding_about(
                        record,
                        Mechanism::IdOtherContent,
                        "revision",
                        "",
                        surroundings,
                    )]),
                    (Standing::RevisionGap { expected }, ..) => {
                        // A record that is wrong in other ways too is told all of it.
                        let mut findings = assess(record, reporter, today, surroundings).findings;
                        let detail = format!("the next is {expected}");
                        findings.insert(
                            0,
                            finding_about(
                                record,
                                Mechanism::IdRevisionGap,
                                "revision",
                                &detail,
                                surroundings,
                            ),
                        );
                        Judged::Rejected(findings)
                    }
                    (Standing::New, ..) => {
                        let assessment = assess(record, reporter, today, surroundings);
                        match assessment.accepted {
                            None => Judged::Rejected(assessment.findings),
                            Some((identity, derived)) => {
                                seen.insert(key, place);
                                latest.insert(of, record.revision);
                                stand_for_later(record, None, &derived, surroundings);
                                Judged::New {
                                    outcome: assessment.outcome,
                                    findings: assessment.findings,
                                    identity,
                                    derived,
                                }
                            }
                        }
                    }
                },
            );
        }
        judged
    }

    /// Seals what is new. A record that turns out to name another person's episode is rejected here, and so are the
    /// later revisions of it.
    fn seal(
        &self,
        reporter: &str,
        records: &[Read],
        received: i64,
        persons: &[PersonKey],
        judged: &mut [Judged],
        surroundings: &mut BatchSurroundings,
    ) -> Result<Vec<Option<Sealed>>, StoreError> {
        let mut persons = persons.iter().copied();
        let mut gone: HashSet<(RecordKind, &str)> = HashSet::new();
        let mut sealed = Vec::with_capacity(records.len());
        let mut rng = rand::rng();
        for (record, judged) in records.iter().zip(judged.iter_mut()) {
            let (Ok(record), Judged::New { derived, .. }) = (record, &*judged) else {
                sealed.push(None);
                continue;
            };
            let person = persons
                .next()
                .ok_or_else(|| StoreError::Corrupt("the vault gave too few persons".into()))?;
            let refused = if gone.contains(&(record.kind(), record.id.as_str())) {
                Some(finding_about(
                    record,
                    Mechanism::IdRevisionGap,
                    "revision",
                    "",
                    surroundings,
                ))
            } else {
                other_person(record, reporter, person, surroundings)
            };
            if let Some(finding) = refused {
                gone.insert((record.kind(), record.id.as_str()));
                *judged = Judged::Rejected(vec![finding]);
                sealed.push(None);
                continue;
            }
            stand_for_later(record, Some(person), derived, surroundings);
            let nonces = Nonces {
                content: rng.random(),
                identity: rng.random(),
                derived: rng.random(),
            };
            let header = Header {
                reporter: reporter.to_owned(),
                kind: record.kind(),
                id: record.id.clone(),
                revision: record.revision,
                received,
                release: derived
                    .parts
                    .first()
                    .map(|part| part.release.clone())
                    .unwrap_or_default(),
            };
            let identity = identity_bytes(&record.person, received).map_err(|error| {
                StoreError::Corrupt(format!("an identity that was valid is not: {error}"))
            })?;
            let sealed_nonce = self.vault.seal_nonce(&nonces.identity, &bound_to(&header))?;
            let entry = Entry::new(
                header,
                record,
                &identity,
                (person, derived),
                &nonces,
                sealed_nonce,
            );
            let leaf = entry.leaf();
            sealed.push(Some(Sealed {
                entry,
                leaf,
                identity_nonce: nonces.identity,
            }));
        }
        Ok(sealed)
    }

    async fn answer(
        &self,
        reporter: &str,
        stream: &StreamId,
        head: Head,
        judged: Vec<Judged>,
        sealed: Vec<Option<Sealed>>,
    ) -> Result<BatchAnswer, StoreError> {
        let new = sealed.iter().flatten().count() as u64;
        let mut next = head.size - new;
        let mut outcomes: Vec<RecordOutcome> = Vec::with_capacity(judged.len());
        let mut leaves: Vec<ReceiptLeaf> = Vec::new();
        let mut proven: Vec<(u64, [u8; 32])> = Vec::new();
        // Place in the batch → place among the receipt's leaves, for records repeated in the batch.
        let mut receipted: HashMap<usize, usize> = HashMap::new();
        for (place, (judged, sealed)) in judged.into_iter().zip(sealed).enumerate() {
            let line = place as u64 + 1;
            let outcome = match (judged, sealed) {
                (
                    Judged::New {
                        outcome,
                        findings,
                        derived,
                        ..
                    },
                    Some(sealed),
                ) => {
                    receipted.insert(place, leaves.len());
                    leaves.push(receipt_leaf(line, next, &sealed.entry, sealed.identity_nonce));
                    proven.push((next, sealed.leaf));
                    next += 1;
                    RecordOutcome {
                        outcome,
                        findings,
                        leaf: Some(sealed.leaf),
                        resent: false,
                        derived: Some(derived),
                    }
                }
                (
                    Judged::Resent {
                        position,
                        leaf,
                        identity_nonce,
                        derived,
                        entry,
                    },
                    _,
                ) => {
                    leaves.push(receipt_leaf(line, position, &entry, identity_nonce));
                    proven.push((position, leaf));
                    let held = derived.as_ref().is_some_and(Derived::is_held);
                    let outcome = if held { Outcome::Held } else { Outcome::Accepted };
                    RecordOutcome {
                        outcome,
                        findings: Vec::new(),
                        leaf: Some(leaf),
                        resent: true,
                        derived,
                    }
                }
                (Judged::Repeats(earlier), _) => match (receipted.get(&earlier), outcomes.get(earlier)) {
                    (Some(at), Some(former)) => {
                        let repeated = RecordOutcome {
                            outcome: former.outcome,
                            findings: former.findings.clone(),
                            leaf: former.leaf,
                            resent: true,
                            derived: former.derived.clone(),
                        };
                        if let Some(leaf) = leaves.get(*at).cloned() {
                            leaves.push(ReceiptLeaf { line, ..leaf });
                        }
                        repeated
                    }
                    (_, former) => rejected(former.map(|former| former.findings.clone()).unwrap_or_default()),
                },
                (Judged::Rejected(findings), _) => rejected(findings),
                (Judged::New { findings, .. }, None) => rejected(findings),
            };
            outcomes.push(outcome);
        }
        if leaves.is_empty() {
            return Ok(BatchAnswer {
                outcomes,
                receipt: None,
            });
        }
        proven.sort_unstable();
        proven.dedup();
        let proof = proof::multi_proof(self.store.as_ref(), stream, head, &proven).await?;
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

    /// The identity nonce of an entry, opened with the vault's key for nonces; `None` when it was erased.
    pub(crate) fn identity_nonce(&self, entry: &Entry) -> Option<Nonce> {
        match &entry.body {
            EntryBody::Whole {
                sealed_identity_nonce,
                ..
            } => self
                .vault
                .unseal_nonce(sealed_identity_nonce, &bound_to(&entry.header))
                .ok(),
            EntryBody::Erased { .. } => None,
        }
    }
}

/// What a receipt says of an entry.
pub(crate) fn receipt_leaf(line: u64, position: u64, entry: &Entry, identity_nonce: Nonce) -> ReceiptLeaf {
    let content_nonce = match &entry.body {
        EntryBody::Whole { content_nonce, .. } => *content_nonce,
        EntryBody::Erased { .. } => [0; 32],
    };
    ReceiptLeaf {
        line,
        kind: entry.header.kind,
        id: entry.header.id.clone(),
        revision: entry.header.revision,
        position,
        received: entry.header.received,
        release: entry.header.release.clone(),
        content_nonce,
        identity_nonce,
        derived: entry.commitments().derived,
    }
}

/// What the vault knows a person by. Reserve numbers are unique only where they are given out: they link nobody
/// across reporters.
fn vault_identity(identity: &Identity, reporter: &str) -> IdentityBytes {
    let bytes = IdentityBytes::of(identity.identity_type, &identity.number);
    match identity.identity_type {
        IdentityType::Reserve => bytes.within(reporter),
        IdentityType::Personnummer | IdentityType::Samordningsnummer => bytes,
    }
}

/// What a sealed identity nonce is bound to: it opens only with the header of its own entry.
fn bound_to(header: &Header) -> Vec<u8> {
    header.bytes()
}

/// An episode stands for the contacts and monitoring periods that come after it in the batch.
fn stand_for_later(
    record: &Record,
    person: Option<PersonKey>,
    derived: &Derived,
    surroundings: &mut BatchSurroundings,
) {
    let view = Arc::clone(&surroundings.view);
    let episode = EpisodeView::of(record, person, derived, |id| {
        view.snapshot(id).map(|release| release.description.as_ref())
    });
    if let Some(episode) = episode {
        surroundings.episodes.insert(record.id.clone(), Arc::new(episode));
    }
}

fn named_episodes(records: &[Read]) -> HashSet<String> {
    let named = |record: &Record| match &record.body {
        Body::Contact(contact) => contact.episode.clone(),
        Body::MonitoringPeriod(period) => period.episode.clone(),
        Body::Episode(_) => None,
    };
    records
        .iter()
        .filter_map(|record| named(record.as_ref().ok()?))
        .collect()
}

fn checked(judged: Judged) -> RecordOutcome {
    match judged {
        Judged::Rejected(findings) => rejected(findings),
        Judged::New {
            outcome,
            findings,
            derived,
            ..
        } => RecordOutcome {
            outcome,
            findings,
            leaf: None,
            resent: false,
            derived: Some(derived),
        },
        Judged::Resent { derived, .. } => {
            let held = derived.as_ref().is_some_and(Derived::is_held);
            let outcome = if held { Outcome::Held } else { Outcome::Accepted };
            RecordOutcome {
                outcome,
                findings: Vec::new(),
                leaf: None,
                resent: true,
                derived,
            }
        }
        Judged::Repeats(_) => RecordOutcome {
            outcome: Outcome::Accepted,
            findings: Vec::new(),
            leaf: None,
            resent: true,
            derived: None,
        },
    }
}

fn rejected(findings: Vec<Finding>) -> RecordOutcome {
    RecordOutcome {
        outcome: Outcome::Rejected,
        findings,
        leaf: None,
        resent: false,
        derived: None,
    }
}
