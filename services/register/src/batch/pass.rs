//! One way through the records of a batch, once its persons were looked at: each is judged, what is known of its person is
//! held against it, and what is taken is sealed and stands for the records after it. Whoever is not known to the vault
//! has a key drawn, under which the vault is to keep them before anything of the batch is.

use std::sync::Arc;

use rand::Rng as _;
use rand::rngs::ThreadRng;
use vardnav_register::definition::Severity;
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Act, Delivered, Entry, Header, Nonce, Nonces, VERSION, identity_bytes};
use vardnav_register::finding::Finding;
use vardnav_register::identity::PersonKey;
use vardnav_register::outcome::Outcome;
use vardnav_register::record::Record;
use vardnav_register::residence;
use vardnav_register::surroundings::{EpisodeView, Surroundings as _};
use vardnav_register::validate::{Mechanism, about_person, finding_about, other_person, other_residence};
use vardnav_store::{Drawn, ROW_LIMIT, Row, StoreError, Vault};

use super::{Asked, Candidate, Judge, Judged, Kept, Read, Sealed, Verdict};
use crate::surroundings::BatchSurroundings;

/// A batch on its way.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) records: Arc<Vec<Read>>,
    pub(crate) reporter: Arc<str>,
    /// The instant that goes into its entries.
    pub(crate) received: i64,
    /// The delivery that it belongs to.
    pub(crate) delivered: Option<Delivered>,
    /// Whether it is judged and nothing is taken.
    pub(crate) validate_only: bool,
}

/// What came of a batch.
pub(crate) struct Passed {
    pub(crate) judged: Vec<Judged>,
    /// In the places of those that are taken, unless they are only validated.
    pub(crate) sealed: Vec<Option<Sealed>>,
    /// Persons of what is taken whom the vault does not know, with the keys that it is sealed under.
    pub(crate) new: Vec<Drawn>,
    /// Whether anybody was looked up whom the vault knows.
    pub(crate) knew: bool,
}

impl Batch {
    /// Goes through the records, around which the persons are whom the vault was asked for.
    ///
    /// # Errors
    /// When the vault cannot seal or open something.
    pub(crate) fn pass<J: Judge>(
        &self,
        judge: &mut J,
        asked: &Asked,
        surroundings: &mut BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<Passed, StoreError> {
        let mut persons = Persons {
            asked,
            new: Vec::new(),
            knew: false,
            chance: rand::rng(),
        };
        let mut judged = Vec::with_capacity(self.records.len());
        let mut sealed = Vec::with_capacity(self.records.len());
        for (place, read) in self.records.iter().enumerate() {
            let record = match read {
                Ok(record) => record,
                Err(finding) => {
                    judged.push(Judged::Rejected(vec![finding.clone()]));
                    sealed.push(None);
                    continue;
                }
            };
            let (became, row) = match judge.judge(record, place, &self.records, surroundings, vault)? {
                Verdict::Settled(settled) => (settled, None),
                Verdict::ToTake(mut candidate, mark) => {
                    let revised = candidate.record.take();
                    let record = revised.as_ref().unwrap_or(record);
                    match self.seal((record, place), *candidate, &mut persons, surroundings, vault)? {
                        Err(findings) => (Judged::Rejected(findings), None),
                        Ok(taken) => {
                            judge.took(mark);
                            taken
                        }
                    }
                }
            };
            judged.push(became);
            sealed.push(row);
        }
        Ok(Passed {
            judged,
            sealed,
            new: persons.new,
            knew: persons.knew,
        })
    }

    /// Seals a record that is to be taken; gives what was found when it is not, because it names another person's
    /// episode, something that is known of its person speaks against it, or it is too large.
    fn seal(
        &self,
        (record, place): (&Record, usize),
        candidate: Candidate,
        persons: &mut Persons<'_>,
        surroundings: &mut BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<Took, StoreError> {
        let Candidate {
            mut outcome,
            mut findings,
            mut derived,
            replaces,
            ..
        } = candidate;
        let found = persons.asked.found(place, &surroundings.people)?;
        persons.knew |= found.is_known;
        let person = found.person;
        residence::add_known(record, person, &mut derived, surroundings);
        let known = (&mut derived, &mut findings, &mut outcome);
        let taken = !self.validate_only;
        let mut refused = speaks_against(&self.reporter, record, (person, taken), known, surroundings);
        let mut sealed = None;
        if refused.is_none() && taken {
            let random = persons.chance.random();
            let row = self.seal_one(
                (record, replaces),
                (person, &derived),
                random,
                surroundings,
                vault,
            )?;
            let too_large = || {
                let detail = "the record is too large to keep";
                finding_about(record, Mechanism::LimitTooMany, "", detail, surroundings)
            };
            match row {
                Some(row) => sealed = Some(row),
                None => refused = Some(too_large()),
            }
        }
        if let Some(refusing) = refused {
            findings.retain(|other| *other != refusing);
            findings.insert(0, refusing);
            return Ok(Err(findings));
        }
        if !found.is_known {
            persons.new.extend(persons.asked.drawn(place, person));
        }
        stand_for_later(record, person, &derived, surroundings);
        let judged = Judged::New {
            outcome,
            findings,
            derived,
        };
        Ok(Ok((judged, sealed)))
    }

    /// The row of one record; `None` when it is larger than a row may be.
    fn seal_one(
        &self,
        (record, replaces): (&Record, u32),
        (person, derived): (PersonKey, &Derived),
        [content, identity, of_derived]: [Nonce; 3],
        surroundings: &BatchSurroundings,
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
            reporter: self.reporter.as_ref().to_owned(),
            kind: record.kind(),
            id: record.id.clone(),
            revision: record.revision,
            replaces,
            delivery: self.delivered,
            received: self.received,
            release: release_of(record, derived, surroundings),
        };
        let bytes = identity_bytes(&record.person, self.received, header.version)
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
        let kept = Kept {
            position: None,
            leaf,
            header: entry.header,
            content_nonce: nonces.content,
            identity_nonce: nonces.identity,
            derived: commitments.derived,
            assigned: self.delivered.is_some(),
        };
        Ok((row.bytes.len() <= ROW_LIMIT).then_some(Sealed { kept, row }))
    }
}

/// A record that is taken, sealed unless it is only validated; or what was found, when it is not.
type Took = Result<(Judged, Option<Sealed>), Vec<Finding>>;

/// The persons of a batch.
struct Persons<'a> {
    asked: &'a Asked,
    /// Those of what is taken whom the vault did not know.
    new: Vec<Drawn>,
    /// Whether anybody was come by whom it did know.
    knew: bool,
    chance: ThreadRng,
}

/// What speaks against a record now that its person is known. What else is found then goes with the record. `taken` says
/// whether it is taken unless something does.
pub(crate) fn speaks_against(
    reporter: &str,
    record: &Record,
    (person, taken): (PersonKey, bool),
    (derived, findings, outcome): (&mut Derived, &mut Vec<Finding>, &mut Outcome),
    surroundings: &BatchSurroundings,
) -> Option<Finding> {
    // Of whose person it is not, nothing is told.
    if let Some(other) = other_person(record, reporter, person, surroundings) {
        return Some(other);
    }
    let is_refusing = |finding: &&Finding| finding.severity == Severity::Error;
    let mut about = about_person(record, person, surroundings);
    if taken && !about.iter().any(|finding| is_refusing(&finding)) {
        about.extend(other_residence(record, person, surroundings));
    }
    let refusing = about.iter().find(is_refusing).cloned();
    derived.findings.extend(about.iter().map(Finding::stored));
    findings.extend(about);
    if Outcome::of(findings) == Outcome::Held {
        *outcome = Outcome::Held;
        derived.outcome = Outcome::Held;
    }
    refusing
}

/// Id of the release in force on the record's date.
fn release_of(record: &Record, derived: &Derived, surroundings: &BatchSurroundings) -> String {
    let of_part = derived.parts.first().map(|part| part.release.clone());
    let on_date = || Some(surroundings.release_on(record.date())?.id.to_owned());
    of_part.or_else(on_date).unwrap_or_default()
}

/// An episode stands for the contacts and monitoring periods that come after it in the batch.
pub(crate) fn stand_for_later(
    record: &Record,
    person: PersonKey,
    derived: &Derived,
    surroundings: &mut BatchSurroundings,
) {
    let view = Arc::clone(&surroundings.view);
    let episode = EpisodeView::of(record, Some(person), derived, |id| {
        view.snapshot(id).map(|release| release.description.as_ref())
    });
    if let Some(episode) = episode {
        surroundings.episodes.insert(record.id.clone(), Arc::new(episode));
    }
}
