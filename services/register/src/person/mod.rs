//! The person's rights: everything held of a person told, corrections asked of reporters, content erased. Each use case
//! notes in the audit trail whom it is about before anything is answered; what needs two persons is decided in
//! `vardnav_register::rights`.

mod erase;
mod index;
mod service;

pub(crate) use index::{Index, PROJECTION as INDEX, follow};

use jiff::civil::Date;
use vardnav_api::rights::{NamedPerson, refusal};
use vardnav_api::status::ApiError;
use vardnav_register::audit::{About, AuditEntry};
use vardnav_register::identity::{PersonKey, reference_date};
use vardnav_register::rights::{RecordRef, Rectification, Rights, RightsError, check_purpose};
use vardnav_release::lifecycle::{NotAnother, is_another};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{IdentityBytes, NotDecided, StoreError, StreamId, audit};

use crate::ledger::Former;
use crate::{Register, ledger, store_error};

impl Register {
    /// All keys of the person to whom a number leads; `None` when the vault does not know it.
    async fn keys_of(&self, named: &NamedPerson) -> Result<Option<Vec<PersonKey>>, StoreError> {
        let identity = IdentityBytes::given_by(named.identity_type, &named.number, &named.issuer);
        let known = self.vault.known(vec![identity]).await?;
        match known.first().copied().flatten() {
            Some(key) => self.vault.keys(key).await.map(Some),
            None => Ok(None),
        }
    }

    /// Notes that a caller did something with what is held of a person.
    async fn note_person(&self, caller: &Caller, action: &str, about: About) -> Result<(), StoreError> {
        let entry = AuditEntry::about(&caller.name, clock::now_micros(), action, about)
            .map_err(|error| StoreError::Limit(error.to_string()))?;
        audit::note(self.store.as_ref(), &[entry]).await
    }

    /// The revisions that the register holds of a person, stream by stream.
    async fn revisions_of(
        &self,
        keys: &[PersonKey],
        reporter: &str,
    ) -> Result<Vec<(StreamId, Vec<Former>)>, StoreError> {
        let mut all = Vec::new();
        for (stream, positions) in self.persons.positions(keys).await? {
            if !reporter.is_empty() && stream.as_reporter() != Some(reporter) {
                continue;
            }
            let found = ledger::read(self.store.as_ref(), &stream, positions).await?;
            let mut formers: Vec<Former> = found.into_values().collect();
            formers.sort_unstable_by_key(|former| former.position);
            all.push((stream, formers));
        }
        Ok(all)
    }

    /// Asks reporters to correct records of a person: those with an id, or all.
    async fn rectify(
        &self,
        caller: &Caller,
        named: &NamedPerson,
        (code, reason): (&str, &str),
        (reporter, id): (&str, &str),
    ) -> Result<(u64, Vec<RecordRef>), ApiError> {
        let unknown = || ApiError::not_found("a record of that person");
        let keys = self
            .keys_of(named)
            .await
            .map_err(store_error)?
            .ok_or_else(unknown)?;
        let person = *keys.first().ok_or_else(unknown)?;
        let mut latest: std::collections::BTreeMap<(String, u8, String), RecordRef> = Default::default();
        for (stream, formers) in self.revisions_of(&keys, reporter).await.map_err(store_error)? {
            for former in formers {
                let found = record_ref(&stream, &former);
                if id.is_empty() || found.id == id {
                    latest.insert(
                        (found.reporter.clone(), found.kind as u8, found.id.clone()),
                        found,
                    );
                }
            }
        }
        let records: Vec<RecordRef> = latest.into_values().collect();
        if records.is_empty() {
            return Err(unknown());
        }
        let asked = Rectification {
            person,
            purpose: code.to_owned(),
            reason: reason.to_owned(),
            records: records.clone(),
        };
        let now = clock::now_micros();
        let release = self.release_at(now)?;
        let entry =
            Rights::rectify(&release.register, &caller.name, now, asked).map_err(|error| refusal(&error))?;
        let about = About {
            person: Some(person),
            purpose: Some(code.to_owned()),
            ..About::default()
        };
        self.note_person(caller, "rectify", about)
            .await
            .map_err(store_error)?;
        let number = self
            .rights
            .decide(|_| Ok(entry.clone()))
            .await
            .map_err(not_decided)?;
        Ok((number, records))
    }

    /// Refuses a purpose that the release in force today does not have.
    fn check_purpose(&self, code: &str) -> Result<(), ApiError> {
        let now = clock::now_micros();
        let release = self.release_at(now)?;
        let found = check_purpose(&release.register, now, code);
        found.map(|_| ()).map_err(|error| refusal(&error))
    }

    /// Whether two callers are two persons, by what the authority knows.
    pub(crate) fn another(&self, one: &str, other: &str) -> Result<(), RightsError> {
        let view = self.authority.view();
        is_another(view.state(), &[one], other).map_err(|error| match error {
            NotAnother::Own => RightsError::Own,
            NotAnother::Unknown(stranger) => RightsError::Stranger(stranger),
        })
    }
}

/// The revision that an entry of a stream is of.
fn record_ref(stream: &StreamId, former: &Former) -> RecordRef {
    let header = &former.entry.header;
    RecordRef {
        reporter: stream.as_reporter().unwrap_or_default().to_owned(),
        kind: header.kind,
        id: header.id.clone(),
        revision: header.revision,
        position: former.position,
    }
}

fn not_decided(error: NotDecided<RightsError>) -> ApiError {
    match error {
        NotDecided::Refused(refused) => refusal(&refused),
        NotDecided::Store(error) => store_error(error),
    }
}

/// The day that gives ten-digit forms their century.
fn today() -> Date {
    reference_date(clock::now_micros())
}
