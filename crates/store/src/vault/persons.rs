//! What is asked of a vault in a folder beside what records need. What changes anything is done by the vault's one writer.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use vardnav_register::identity::PersonKey;
use vardnav_register::person::PersonEvent;

use super::event_log::{Event, seal_all};
use super::file::{FileVault, Files, Shared};
use super::person_log::{PersonRow, read_rows};
use super::{
    Counts, IdentityBytes, KeptPerson, KeptPersons, LinkageKey, Noted, NumberOf, Vault, VaultKeeper,
    check_many,
};
use crate::codec::len64;
use crate::contract::{Answer, StoreError};

impl Shared {
    /// Keeps events that are decided on what is stated, and takes them in; answers what was decided. Only the writer
    /// changes what is stated, so what it decides holds.
    fn decide<T>(
        &self,
        files: &mut Files,
        decide: impl FnOnce(&super::Stated) -> Result<(T, Vec<Event>), StoreError>,
    ) -> Result<T, StoreError> {
        let (decided, new) = decide(&self.stated.read().unwrap_or_else(PoisonError::into_inner))?;
        if !new.is_empty() {
            let sealed = seal_all(&new, files.events.next(), &self.keys)?;
            files.events.append(&sealed)?;
            let mut stated = self.stated.write().unwrap_or_else(PoisonError::into_inner);
            for event in new {
                stated.take(event);
            }
        }
        Ok(decided)
    }
}

impl VaultKeeper for FileVault {
    fn id(&self) -> Result<[u8; 8], StoreError> {
        self.shared.keys.vault_id()
    }

    fn counts(&self) -> Answer<'_, Counts> {
        Box::pin(async move {
            let stated = self.stated();
            Ok(Counts {
                persons: len64(self.persons()),
                stated: stated.persons().count(),
                events: stated.next(),
            })
        })
    }

    fn note(&self, events: Vec<PersonEvent>) -> Answer<'_, Vec<Noted>> {
        Box::pin(async move {
            check_many(events.len(), "statements")?;
            self.alone(move |shared, files| shared.decide(files, |stated| Ok(stated.judge(&events))))
                .await
        })
    }

    fn lead(&self, identity: IdentityBytes, person: PersonKey) -> Answer<'_, PersonKey> {
        Box::pin(async move {
            let lookup = self.seek(identity.clone())?.lookup;
            self.alone(move |shared, files| {
                if let Some(known) = shared.known(&[lookup]).first().copied().flatten() {
                    return Ok(known);
                }
                let sealed = shared.keys.seal_identity(&identity, &person.0)?;
                files.persons.append(&[PersonRow {
                    lookup,
                    person: person.0,
                    sealed: sealed.into(),
                }])?;
                let mut persons = shared.persons.write().unwrap_or_else(PoisonError::into_inner);
                persons.insert(&lookup, person);
                Ok(person)
            })
            .await
        })
    }

    fn open_numbers(&self, persons: Vec<PersonKey>) -> Answer<'_, Vec<NumberOf>> {
        Box::pin(async move {
            let wanted: HashSet<PersonKey> = {
                let stated = self.stated();
                let keys = persons.iter().flat_map(|person| stated.persons().keys(*person));
                keys.collect()
            };
            let written = self.alone(|_, files| Ok(files.persons.written())).await?;
            let shared = Arc::clone(&self.shared);
            blocking(move || {
                let mut numbers = Vec::new();
                let mut unreadable = false;
                written.read(|content| {
                    read_rows(content, |row| {
                        if wanted.contains(&PersonKey(row.person)) {
                            match shared.keys.unseal_identity(&row.sealed, &row.person) {
                                Some(opened) => numbers.push(NumberOf {
                                    person: PersonKey(row.person),
                                    identity: IdentityBytes::kept(opened),
                                }),
                                None => unreadable = true,
                            }
                        }
                    })
                })?;
                match unreadable {
                    false => Ok(numbers),
                    true => Err(StoreError::Corrupt("a number of the vault".to_owned())),
                }
            })
            .await
        })
    }

    fn linkage<'a>(&'a self, project: &'a str, persons: &'a [PersonKey]) -> Answer<'a, Vec<LinkageKey>> {
        Box::pin(async move {
            let (secret, new) = self.stated().project(project)?;
            let secret = match new.is_empty() {
                true => secret,
                false => {
                    let project = project.to_owned();
                    self.alone(move |shared, files| shared.decide(files, |stated| stated.project(&project)))
                        .await?
                }
            };
            self.stated().linked(&secret, persons)
        })
    }

    fn kept_persons<'a>(&'a self, from: &'a [u8]) -> Answer<'a, KeptPersons> {
        Box::pin(self.kept_persons_from(from))
    }

    fn keep_persons(&self, persons: Vec<KeptPerson>) -> Answer<'_, ()> {
        Box::pin(self.keep_sealed(persons))
    }

    fn kept_events(&self, from: u64) -> Answer<'_, Vec<Vec<u8>>> {
        Box::pin(self.kept_events_from(from))
    }

    fn keep_events(&self, from: u64, events: Vec<Vec<u8>>) -> Answer<'_, ()> {
        Box::pin(self.keep_sealed_events(from, events))
    }
}

/// Runs what reads a file where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let gave_up = |_| StoreError::Unavailable("reading the vault gave up".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(gave_up)?
}
