//! What is done with persons that have a key: statements noted, numbers led to a person, keys derived for linkage, and
//! numbers read back, which alone is opening the vault. Who may, and for what, is decided before anything here is asked.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLockReadGuard};

use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonError, PersonEvent, Persons, Statement};
use zeroize::Zeroizing;

use super::IdentityBytes;
use super::event_log::Event;
use super::file::FileVault;
use super::person_log::{PersonRow, read_rows};
use super::seal::{mac, random};
use crate::contract::{ROWS_LIMIT, StoreError};

/// Stands for a person within one linkage project, and nowhere else.
pub type LinkageKey = [u8; 16];

/// What became of a statement.
pub type Noted = Result<bool, PersonError>;

/// A number of a person, in the order in which it became known: the last is the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberOf {
    /// The key to which it leads.
    pub person: PersonKey,
    /// The number.
    pub identity: IdentityBytes,
}

impl FileVault {
    /// Everything stated of persons.
    pub(super) fn stated(&self) -> RwLockReadGuard<'_, Persons> {
        self.shared.stated.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes statements of persons, in order; durable on return. For each whether it changed anything: what is known
    /// already is not noted again.
    ///
    /// # Errors
    /// When the vault cannot be written: none is noted then.
    pub async fn note(&self, events: Vec<PersonEvent>) -> Result<Vec<Noted>, StoreError> {
        if events.len() > ROWS_LIMIT {
            let what = format!("{} statements together, at most {ROWS_LIMIT}", events.len());
            return Err(StoreError::Limit(what));
        }
        self.alone(move |shared, files| {
            let mut noted = Vec::with_capacity(events.len());
            let mut new = Vec::new();
            // Only the writer changes the statements, so what is tried on a copy of those concerned holds.
            let mut tried = {
                let persons = shared.stated.read().unwrap_or_else(PoisonError::into_inner);
                persons.clone_of(events.iter().map(|event| event.person))
            };
            for event in events {
                let changes = tried.check(event.person, &event.statement);
                if changes == Ok(true) {
                    tried.apply(event.person, event.statement);
                    new.push(Event::Person(event));
                }
                noted.push(changes);
            }
            if !new.is_empty() {
                files.events.append(&new, &shared.keys)?;
                let mut persons = shared.stated.write().unwrap_or_else(PoisonError::into_inner);
                for event in new {
                    if let Event::Person(event) = event {
                        persons.apply(event.person, event.statement);
                    }
                }
            }
            Ok(noted)
        })
        .await
    }

    /// Lets a number lead to a person who has a key; durable on return. Gives the key to which the number leads from
    /// now on: another when it led to that before.
    ///
    /// # Errors
    /// When the vault cannot be written.
    pub async fn lead(&self, identity: IdentityBytes, person: PersonKey) -> Result<PersonKey, StoreError> {
        let lookup = self.shared.keys.lookup(&identity)?;
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
    }

    /// Opens the vault: the numbers of persons, under all keys of each, in the order in which they became known.
    ///
    /// # Errors
    /// `Corrupt` when a number cannot be read back.
    pub async fn open_numbers(&self, persons: Vec<PersonKey>) -> Result<Vec<NumberOf>, StoreError> {
        let mut wanted: HashMap<PersonKey, ()> = HashMap::new();
        {
            let stated = self.stated();
            for person in persons {
                wanted.extend(stated.keys(person).into_iter().map(|key| (key, ())));
            }
        }
        let written = self.alone(|_, files| Ok(files.persons.written())).await?;
        let shared = std::sync::Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || {
            let mut numbers = Vec::new();
            let mut unreadable = false;
            written.read(|content| {
                read_rows(content, |row| {
                    if wanted.contains_key(&PersonKey(row.person)) {
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
        });
        let gave_up = |_| StoreError::Unavailable("reading the vault gave up".to_owned());
        reading.await.map_err(gave_up)?
    }

    /// Keys that stand for persons within a linkage project, in order: the same person has the same key, whichever of
    /// their own keys is given, and nobody can tell from the keys of two projects who is the same in both. The
    /// project's secret is drawn when it is first named, and kept.
    ///
    /// # Errors
    /// When the vault cannot be written.
    pub async fn linkage(&self, project: &str, persons: &[PersonKey]) -> Result<Vec<LinkageKey>, StoreError> {
        let secret = self.project(project).await?;
        let stated = self.stated();
        persons
            .iter()
            .map(|person| {
                let key = mac(&secret, &[b"vardnav linkage v1", &stated.leader(*person).0])?;
                Ok(key.first_chunk().copied().unwrap_or_default())
            })
            .collect()
    }

    async fn project(&self, project: &str) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let known = |shared: &super::file::Shared, project: &str| {
            let projects = shared.projects.read().unwrap_or_else(PoisonError::into_inner);
            projects.get(project).cloned()
        };
        if let Some(secret) = known(&self.shared, project) {
            return Ok(secret);
        }
        let project = project.to_owned();
        self.alone(move |shared, files| {
            if let Some(secret) = known(shared, &project) {
                return Ok(secret);
            }
            let secret = Zeroizing::new(random()?);
            let event = Event::Project {
                project: project.clone(),
                secret: secret.clone(),
            };
            files.events.append(&[event], &shared.keys)?;
            let mut projects = shared.projects.write().unwrap_or_else(PoisonError::into_inner);
            projects.insert(project, secret.clone());
            Ok(secret)
        })
        .await
    }

    /// How many statements are noted.
    pub fn count_stated(&self) -> u64 {
        self.stated().count()
    }

    /// Whether a statement would change anything; nothing is noted.
    pub fn would_note(&self, person: PersonKey, statement: &Statement) -> Noted {
        self.stated().check(person, statement)
    }
}
