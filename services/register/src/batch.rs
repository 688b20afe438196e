//! Judging and sealing the records of a batch: pure work over what was looked up, run on the bounded pool.
//! Nothing here waits, reads the store or appends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rand::Rng as _;
use vardnav_register::content::content_bytes;
use vardnav_register::definition::Severity;
use vardnav_register::derived::Derived;
use vardnav_register::entry::{
    Act, Delivered, Entry, EntryBody, Header, Nonce, Nonces, VERSION, identity_bytes, row_key,
};
use vardnav_register::finding::Finding;
use vardnav_register::identity::{Identity, PersonKey};
use vardnav_register::outcome::{Outcome, Standing, assess, is_same, standing};
use vardnav_register::receipt::ReceiptLeaf;
use vardnav_register::record::{Body, Record, RecordKind};
use vardnav_register::surroundings::EpisodeView;
use vardnav_register::surroundings::Surroundings as _;
use vardnav_register::validate::{Mechanism, about_person, finding_about, other_person};
use vardnav_store::{ROW_LIMIT, Row, StoreError, Vault};

use crate::delivery::findings;
use crate::ledger::Former;
use crate::surroundings::BatchSurroundings;

/// A record that could be read, or why not.
pub(crate) type Read = Result<Record, Finding>;

/// Where a judged record stands.
pub(crate) enum Judged {
    /// It is not taken.
    Rejected(Vec<Finding>),
    /// The register holds it already; `as_before` when it is of a delivery and the same as what was current before.
    Resent {
        kept: Box<Kept>,
        derived: Option<Derived>,
        as_before: bool,
    },
    /// The same as an earlier record of the batch, by its place.
    Repeats(usize),
    /// To be taken.
    New {
        outcome: Outcome,
        findings: Vec<Finding>,
        identity: Identity,
        derived: Derived,
        /// The revision that it takes the place of; 0 for none.
        replaces: u32,
    },
}

/// What the register holds of a record, as its receipt tells it. The position of one that is not appended yet is not
/// known.
pub(crate) struct Kept {
    pub(crate) position: Option<u64>,
    pub(crate) leaf: [u8; 32],
    pub(crate) header: Header,
    content_nonce: Nonce,
    identity_nonce: Nonce,
    derived: [u8; 32],
    /// Whether it answers a record of a delivery, whose revision the register gives.
    assigned: bool,
}

impl Kept {
    /// What is kept as an entry whose identity nonce was opened; `None` when the entry was erased.
    pub(crate) fn of(
        entry: &Entry,
        leaf: [u8; 32],
        position: Option<u64>,
        identity_nonce: Nonce,
    ) -> Option<Self> {
        let EntryBody::Whole { content_nonce, .. } = &entry.body else {
            return None;
        };
        Some(Self {
            position,
            leaf,
            header: entry.header.clone(),
            content_nonce: *content_nonce,
            identity_nonce,
            derived: entry.commitments().derived,
            assigned: false,
        })
    }

    /// The same, as it answers a record of a delivery.
    pub(crate) fn assigned(self) -> Self {
        Self {
            assigned: true,
            ..self
        }
    }

    /// Whether it answers a record of a delivery.
    pub(crate) fn is_assigned(&self) -> bool {
        self.assigned
    }

    /// The receipt's leaf for the record on `line`.
    pub(crate) fn receipt_leaf(&self, line: u64, position: u64) -> ReceiptLeaf {
        ReceiptLeaf {
            line,
            version: self.header.version,
            kind: self.header.kind,
            id: self.header.id.clone(),
            revision: self.header.revision,
            assigned: self.assigned,
            replaces: self.header.replaces,
            delivery: self.header.delivery,
            position,
            received: self.header.received,
            release: self.header.release.clone(),
            content_nonce: self.content_nonce,
            identity_nonce: self.identity_nonce,
            derived: self.derived,
        }
    }
}

/// A record sealed into the row that is to be appended.
pub(crate) struct Sealed {
    pub(crate) kept: Kept,
    pub(crate) row: Row,
}

/// What was looked up for a batch before it is judged.
#[derive(Default)]
pub(crate) struct LookedUp {
    /// Former entries of the very revisions that are reported.
    pub(crate) formers: HashMap<[u8; 16], Former>,
    /// Latest revision in the ledger of the records that are revised; those never reported are left out.
    pub(crate) latest: HashMap<(RecordKind, String), u32>,
    /// What the next revision takes the place of, where that is not the revision before: it was withdrawn, or never
    /// became current.
    pub(crate) replaces: HashMap<(RecordKind, String), u32>,
    /// Numbers of the open deliveries that hold the latest revisions of records.
    pub(crate) waiting: HashMap<(RecordKind, String), u32>,
}

/// How often a batch is judged at most, each time without what was refused before.
const PASSES_MAX: u8 = 8;

/// The records of a batch that were refused once their persons were known, by place, with what was found: they lend
/// nothing to the records after them.
#[derive(Default)]
pub(crate) struct Refused {
    places: HashMap<usize, Vec<Finding>>,
    /// How often the batch was sealed.
    passes: u8,
}

impl Refused {
    /// What was found of the record in a place, if it was refused.
    pub(crate) fn at(&self, place: usize) -> Option<&Vec<Finding>> {
        self.places.get(&place)
    }
}

/// Judges every record in order; episodes of the batch stand for the records after them, but for those that were
/// refused. `of` are the reporter, the instant and what was refused.
///
/// # Errors
/// When a nonce that the vault sealed cannot be opened again: then nothing can be said of what was sent before.
pub(crate) fn judge(
    (reporter, received, refused): (&str, i64, &Refused),
    records: &[Read],
    looked_up: &LookedUp,
    surroundings: &mut BatchSurroundings,
    vault: &dyn Vault,
) -> Result<Vec<Judged>, StoreError> {
    let LookedUp {
        formers,
        latest: in_ledger,
        replaces,
        waiting,
    } = looked_up;
    // How far the records have come in the batch.
    let mut latest: HashMap<(RecordKind, &str), u32> = HashMap::new();
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
        if let Some(earlier) = seen.get(&key).copied() {
            let same = records.get(earlier).and_then(|other| other.as_ref().ok());
            if same.is_some_and(|other| says_the_same(record, other, received)) {
                judged.push(Judged::Repeats(earlier));
                continue;
            }
            if refused.at(earlier).is_none() {
                judged.push(other_content(record, surroundings));
                continue;
            }
        }
        if let Some(findings) = refused.at(place) {
            seen.insert(key, place);
            judged.push(Judged::Rejected(findings.clone()));
            continue;
        }
        let former = formers.get(&key);
        let nonce = former
            .map(|former| identity_nonce(&former.entry, vault))
            .transpose()?
            .flatten();
        let same = former.map(|former| nonce.is_some_and(|nonce| is_same(record, &former.entry, &nonce)));
        let name = (record.kind(), record.id.as_str());
        let of = (record.kind(), record.id.clone());
        let known = latest.get(&name).or_else(|| in_ledger.get(&of)).copied();
        let standing = standing(record.revision, known.unwrap_or_default(), same);
        if let Some(number) = waiting.get(&of).filter(|_| standing != Standing::Same) {
            judged.push(Judged::Rejected(vec![findings::waits(*number)]));
            continue;
        }
        judged.push(match (standing, former, nonce) {
            (Standing::Same, Some(former), Some(nonce)) => {
                match Kept::of(&former.entry, former.leaf, Some(former.position), nonce) {
                    Some(kept) => {
                        seen.insert(key, place);
                        latest.insert(name, record.revision.max(known.unwrap_or_default()));
                        let derived = former.entry.derived().ok().flatten().map(|(_, derived)| derived);
                        Judged::Resent {
                            kept: Box::new(kept),
                            derived,
                            as_before: false,
                        }
                    }
                    None => other_content(record, surroundings),
                }
            }
            (Standing::Same | Standing::OtherContent, ..) => other_content(record, surroundings),
            (Standing::RevisionGap { expected }, ..) => {
                // A record that is wrong in other ways too is told all of it.
                let mut findings = assess(record, reporter, received, surroundings).findings;
                let detail = match known {
                    Some(_) => format!("the next is {expected}"),
                    None => "the one before it was not taken".to_owned(),
                };
                let gap = finding_about(
                    record,
                    Mechanism::IdRevisionGap,
                    "revision",
                    &detail,
                    surroundings,
                );
                findings.insert(0, gap);
                Judged::Rejected(findings)
            }
            (Standing::New, ..) => {
                let assessment = assess(record, reporter, received, surroundings);
                match assessment.accepted {
                    None => Judged::Rejected(assessment.findings),
                    Some((identity, derived)) => {
                        seen.insert(key, place);
                        let before = record.revision.saturating_sub(1);
                        let is_first = in_ledger.get(&of).copied().unwrap_or_default() == before;
                        let replaced = replaces.get(&of).filter(|_| is_first);
                        let replaces = replaced.copied().unwrap_or(before);
                        latest.insert(name, record.revision);
                        stand_for_later(record, None, &derived, surroundings);
                        let (outcome, findings) = (assessment.outcome, assessment.findings);
                        Judged::New {
                            outcome,
                            findings,
                            identity,
                            derived,
                            replaces,
                        }
                    }
                }
            }
        });
    }
    Ok(judged)
}

/// What is sealed: the records of a batch, the persons of those that are new in their order, and what was judged.
type ToSeal<'a> = (&'a [Read], &'a [PersonKey], &'a mut [Judged]);

/// Seals what is new. `surroundings` hold the episodes as they were before the batch; those of the batch come in one
/// by one again, now with their persons. A record that names another person's episode is refused here, and so is one of
/// whose person something is known that speaks against it, and one that is too large. `None` when records after a refused
/// one may have been judged by it: then the batch is to be judged again without what is `refused`. `of` are the
/// reporter, the instant and the delivery that they belong to.
pub(crate) fn seal(
    of: (&str, i64, Option<Delivered>),
    (records, persons, judged): ToSeal<'_>,
    refused: &mut Refused,
    surroundings: &mut BatchSurroundings,
    vault: &dyn Vault,
) -> Result<Option<Vec<Option<Sealed>>>, StoreError> {
    let mut persons = persons.iter().copied();
    let mut gone: HashSet<(RecordKind, &str)> = HashSet::new();
    let mut sealed = Vec::with_capacity(records.len());
    let mut rng = rand::rng();
    refused.passes += 1;
    let is_last = refused.passes >= PASSES_MAX;
    let mut again = false;
    for (place, (record, judged)) in records.iter().zip(judged.iter_mut()).enumerate() {
        let Ok(record) = record else {
            sealed.push(None);
            continue;
        };
        let name = (record.kind(), record.id.as_str());
        let depends =
            gone.contains(&name) || episode_of(record).is_some_and(|episode| gone.contains(&episode));
        again |= depends && !matches!(judged, Judged::Repeats(_)) && !is_last;
        let Judged::New {
            derived,
            findings,
            outcome,
            replaces,
            ..
        } = judged
        else {
            sealed.push(None);
            continue;
        };
        let person = persons
            .next()
            .ok_or_else(|| StoreError::Corrupt("the vault gave too few persons".into()))?;
        let row = match depends {
            true => Err(finding_about(
                record,
                Mechanism::IdRevisionGap,
                "revision",
                "",
                surroundings,
            )),
            false => match speaks_against(of.0, record, person, (derived, findings, outcome), surroundings) {
                Some(finding) => Err(finding),
                None => {
                    let release = release_of(record, derived, surroundings);
                    let sealed = seal_one(
                        of,
                        (record, *replaces),
                        (person, derived),
                        release,
                        rng.random(),
                        vault,
                    )?;
                    let limit = Mechanism::LimitTooMany;
                    let detail = "the record is too large to keep";
                    sealed.ok_or_else(|| finding_about(record, limit, "", detail, surroundings))
                }
            },
        };
        match row {
            Ok(row) => {
                stand_for_later(record, Some(person), derived, surroundings);
                sealed.push(Some(row));
            }
            Err(finding) => {
                gone.insert(name);
                let mut all = std::mem::take(findings);
                all.retain(|other| *other != finding);
                all.insert(0, finding);
                if !depends {
                    refused.places.insert(place, all.clone());
                }
                *judged = Judged::Rejected(all);
                sealed.push(None);
            }
        }
    }
    Ok((!again).then_some(sealed))
}

/// What speaks against a record now that its person is known. What else is found then goes with the record.
fn speaks_against(
    reporter: &str,
    record: &Record,
    person: PersonKey,
    (derived, findings, outcome): (&mut Derived, &mut Vec<Finding>, &mut Outcome),
    surroundings: &BatchSurroundings,
) -> Option<Finding> {
    let about = about_person(record, reporter, person, derived, surroundings);
    let refusing = about.iter().find(|finding| finding.severity == Severity::Error);
    let refusing = other_person(record, reporter, person, surroundings).or_else(|| refusing.cloned());
    derived.findings.extend(about.iter().map(Finding::stored));
    findings.extend(about);
    if Outcome::of(findings) == Outcome::Held {
        *outcome = Outcome::Held;
        derived.outcome = Outcome::Held;
    }
    refusing
}

/// The name of the episode that a record names.
fn episode_of(record: &Record) -> Option<(RecordKind, &str)> {
    let id = match &record.body {
        Body::Contact(contact) => contact.episode.as_deref(),
        Body::MonitoringPeriod(period) => period.episode.as_deref(),
        Body::Episode(_) | Body::CareRequest(_) => None,
    };
    Some((RecordKind::Episode, id?))
}

/// Opens the identity nonce of an entry; `None` when the entry was erased, or withdraws its record.
///
/// # Errors
/// When the vault does not open what it sealed.
pub(crate) fn identity_nonce(entry: &Entry, vault: &dyn Vault) -> Result<Option<Nonce>, StoreError> {
    match &entry.body {
        EntryBody::Whole {
            sealed_identity_nonce,
            ..
        } => vault
            .unseal_nonce(sealed_identity_nonce, &entry.header.bytes())
            .map(Some),
        EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => Ok(None),
    }
}

/// The row of one record; `None` when it is larger than a row may be.
fn seal_one(
    (reporter, received, delivery): (&str, i64, Option<Delivered>),
    (record, replaces): (&Record, u32),
    (person, derived): (PersonKey, &Derived),
    release: String,
    [content, identity, of_derived]: [Nonce; 3],
    vault: &dyn Vault,
) -> Result<Option<Sealed>, StoreError> {
    let nonces = Nonces {
        content,
        identity,
        derived: of_derived,
    };
    let header = Header {
        version: VERSION,
        act: Act::Report,
        reporter: reporter.to_owned(),
        kind: record.kind(),
        id: record.id.clone(),
        revision: record.revision,
        replaces,
        delivery,
        received,
        release,
    };
    let bytes = identity_bytes(&record.person, received, header.version)
        .map_err(|error| StoreError::Corrupt(format!("an identity that was valid is not: {error}")))?;
    // Bound to its header: it opens only with the entry it belongs to.
    let sealed_nonce = vault.seal_nonce(&nonces.identity, &header.bytes())?;
    let entry = Entry::new(header, record, &bytes, (person, derived), &nonces, sealed_nonce)
        .map_err(|error| StoreError::Corrupt(format!("the entry cannot be written: {error}")))?;
    let commitments = entry.commitments();
    let leaf = commitments.leaf(&entry.header);
    let row = Row {
        key: entry.key(),
        leaf,
        bytes: entry.encode(),
    };
    if row.bytes.len() > ROW_LIMIT {
        return Ok(None);
    }
    let kept = Kept {
        position: None,
        leaf,
        header: entry.header,
        content_nonce: nonces.content,
        identity_nonce: nonces.identity,
        derived: commitments.derived,
        assigned: delivery.is_some(),
    };
    Ok(Some(Sealed { kept, row }))
}

/// Id of the release in force on the record's date.
fn release_of(record: &Record, derived: &Derived, surroundings: &BatchSurroundings) -> String {
    let of_part = derived.parts.first().map(|part| part.release.clone());
    let on_date = || Some(surroundings.release_on(record.date())?.id.to_owned());
    of_part.or_else(on_date).unwrap_or_default()
}

/// Whether two records of a batch say the same.
pub(crate) fn says_the_same(record: &Record, other: &Record, received: i64) -> bool {
    let identity = |record: &Record| identity_bytes(&record.person, received, VERSION).ok();
    content_bytes(record, VERSION) == content_bytes(other, VERSION) && identity(record) == identity(other)
}

fn other_content(record: &Record, surroundings: &BatchSurroundings) -> Judged {
    Judged::Rejected(vec![finding_about(
        record,
        Mechanism::IdOtherContent,
        "revision",
        "",
        surroundings,
    )])
}

/// An episode stands for the contacts and monitoring periods that come after it in the batch.
pub(crate) fn stand_for_later(
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
