//! The service of the vault: population files taken in, numbers opened for a purpose by two persons, linkage exports.
//! Each opening is spent and noted durably before a number leaves; who may is decided in `vardnav_register::rights`.

mod linkage;
mod population;
mod service;

use std::sync::Arc;

use vardnav_api::rights::refusal;
use vardnav_api::status::{ApiError, Kind};
use vardnav_register::audit::{About, AuditEntry};
use vardnav_register::identity::{PersonKey, reference_date};
use vardnav_register::rights::{Asked, RecordRef, Rights, RightsError, Scope, Use};
use vardnav_release::lifecycle::{NotAnother, is_another};
use vardnav_release::snapshot::Snapshot;
use vardnav_runtime::clock;
use vardnav_store::{
    Authority, NotDecided, NumberOf, RightsLog, Store, StoreError, StreamId, VaultKeeper, audit, current,
};

/// The service.
#[derive(Clone)]
pub struct VaultAdmin {
    vault: Arc<dyn VaultKeeper>,
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    rights: Arc<RightsLog>,
}

/// A number with the record by which its person was asked for.
pub(crate) struct Opened {
    pub(crate) record: Option<RecordRef>,
    pub(crate) number: NumberOf,
}

impl VaultAdmin {
    /// Serves a vault. The stream of rights is that of the register.
    pub fn new(
        vault: Arc<dyn VaultKeeper>,
        store: Arc<dyn Store>,
        authority: Arc<Authority>,
        rights: Arc<RightsLog>,
    ) -> Self {
        Self {
            vault,
            store,
            authority,
            rights,
        }
    }

    /// The release in force on the day of an instant: it says which purposes there are.
    fn release_at(&self, at: i64) -> Result<Arc<Snapshot>, ApiError> {
        let release = self.authority.view().release_on(reference_date(at));
        release.ok_or_else(|| {
            ApiError::new(
                Kind::FailedPrecondition,
                "VN-API-021",
                "no release is in force today",
            )
        })
    }

    async fn ask(&self, caller: &str, asked: Asked) -> Result<u64, ApiError> {
        let now = clock::now_micros();
        let release = self.release_at(now)?;
        let entry = Rights::ask(&release.register, caller, now, asked).map_err(|error| refusal(&error))?;
        self.rights
            .decide(|_| Ok(entry.clone()))
            .await
            .map_err(not_decided)
    }

    async fn approve(&self, caller: &str, number: u64) -> Result<(), ApiError> {
        let now = clock::now_micros();
        let release = self.release_at(now)?;
        let another = |one: &str, other: &str| {
            let view = self.authority.view();
            is_another(view.state(), &[one], other).map_err(|error| match error {
                NotAnother::Own => RightsError::Own,
                NotAnother::Unknown(stranger) => RightsError::Stranger(stranger),
            })
        };
        let decide = |rights: &Rights| {
            let request = rights.request(number).ok_or(RightsError::Unknown)?;
            // Whoever approves an erasure has it carried out with it: that is the register's.
            match request.asked.scope {
                Scope::Erasure(_) | Scope::PersonErasure { .. } => Err(RightsError::Unknown),
                _ => rights.approve(&release.register, caller, now, number, &another),
            }
        };
        self.rights.decide(decide).await.map(|_| ()).map_err(not_decided)
    }

    async fn end(&self, caller: &str, number: u64) -> Result<(), ApiError> {
        let now = clock::now_micros();
        let ended = self.rights.decide(|rights| rights.end(caller, now, number)).await;
        ended.map(|_| ()).map_err(not_decided)
    }

    /// Opens the vault for an approved request. The use and each person are noted before any number is read.
    async fn open(&self, caller: &str, number: u64) -> Result<Vec<Opened>, ApiError> {
        let now = clock::now_micros();
        let rights = self.rights.current().await.map_err(store_error)?;
        let request = rights
            .request(number)
            .ok_or_else(|| refusal(&RightsError::Unknown))?;
        // Asked first, so that a request that may not be used tells nothing of its persons in the trail.
        rights
            .spend(caller, now, number, Use::Opening, 0)
            .map_err(|error| refusal(&error))?;
        let persons = self.persons(&request.asked.scope).await?;
        let notes = persons.iter().map(|(person, _)| {
            let about = About {
                person: Some(*person),
                purpose: Some(request.asked.purpose.clone()),
                request: Some(number),
                ..About::default()
            };
            AuditEntry::about(caller, now, "open-vault", about)
        });
        let notes: Vec<AuditEntry> = notes.collect::<Result<_, _>>().map_err(|error| failed(&error))?;
        audit::note(self.store.as_ref(), &notes)
            .await
            .map_err(store_error)?;
        let count = persons.len() as u64;
        self.rights
            .decide(|rights| rights.spend(caller, now, number, Use::Opening, count))
            .await
            .map_err(not_decided)?;
        let keys: Vec<PersonKey> = persons.iter().map(|(person, _)| *person).collect();
        let stated = self.vault.stated(&keys).await.map_err(store_error)?;
        let numbers = self.vault.open_numbers(keys).await.map_err(store_error)?;
        let mut opened = Vec::new();
        for (person, record) in persons {
            let own = stated.keys(person);
            let of_person = numbers.iter().filter(|number| own.contains(&number.person));
            opened.extend(of_person.map(|number| Opened {
                record: record.clone(),
                number: number.clone(),
            }));
        }
        Ok(opened)
    }

    /// The persons that a scope names, each with the record by which.
    async fn persons(&self, scope: &Scope) -> Result<Vec<(PersonKey, Option<RecordRef>)>, ApiError> {
        match scope {
            Scope::Persons(persons) => Ok(persons.iter().map(|person| (*person, None)).collect()),
            Scope::Records(records) => {
                let mut persons = Vec::new();
                for record in records {
                    let stream = StreamId::reporter(&record.reporter).map_err(store_error)?;
                    let rows = self
                        .store
                        .read(&stream, record.position, 1)
                        .await
                        .map_err(store_error)?;
                    for row in rows {
                        let entry = current::entry(&stream, &row).map_err(store_error)?;
                        let derived = entry.record().map(|entry| entry.derived()).transpose();
                        if let Some(Some((person, _))) = derived.map_err(|error| failed(&error))? {
                            persons.push((person, Some(record.clone())));
                        }
                    }
                }
                Ok(persons)
            }
            Scope::Linkage { .. } | Scope::Erasure(_) | Scope::PersonErasure { .. } => Ok(Vec::new()),
        }
    }
}

fn not_decided(error: NotDecided<RightsError>) -> ApiError {
    match error {
        NotDecided::Refused(refused) => refusal(&refused),
        NotDecided::Store(error) => store_error(error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%error, "the vault's service met a defect");
    ApiError::new(
        Kind::Internal,
        "VN-API-013",
        "stored data are damaged; the operator has been told",
    )
}

fn store_error(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict { .. } => ApiError::new(Kind::Aborted, "VN-API-011", error.to_string()),
        StoreError::Unavailable(_) => ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()),
        StoreError::Limit(_) => ApiError::new(Kind::ResourceExhausted, "VN-API-012", error.to_string()),
        StoreError::Corrupt(_) => failed(&error),
    }
}
