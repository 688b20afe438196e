//! What is stated of persons and the secrets of linkage, in memory, as they follow from all events in order; and which
//! events come next. Keeps nothing on disk: whoever keeps the events does, before they are taken in here.

use std::collections::HashMap;

use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonEvent, Persons, Statement};
use zeroize::Zeroizing;

use super::event_log::Event;
use super::keeper::{LinkageKey, Noted};
use super::seal::{mac, random};
use crate::contract::StoreError;

/// The secret under which the keys of a linkage project are derived.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Everything that the events say.
#[derive(Default)]
pub(crate) struct Stated {
    persons: Persons,
    projects: HashMap<String, Secret>,
    next: u64,
}

impl Stated {
    /// What is stated of persons.
    pub(crate) fn persons(&self) -> &Persons {
        &self.persons
    }

    /// The place of the event that comes next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Takes in the next event.
    pub(crate) fn take(&mut self, event: Event) {
        match event {
            Event::Person(event) => self.persons.apply(event.person, event.statement),
            Event::Project { project, secret } => {
                self.projects.insert(project, secret);
            }
        }
        self.next += 1;
    }

    /// What becomes of statements made in order, and those that change anything.
    pub(crate) fn judge(&self, events: &[PersonEvent]) -> (Vec<Noted>, Vec<Event>) {
        let concerned = events.iter().flat_map(|event| match event.statement {
            Statement::Merged { into } => [event.person, into],
            _ => [event.person; 2],
        });
        let mut tried = self.persons.of(concerned);
        let (mut noted, mut new) = (Vec::with_capacity(events.len()), Vec::new());
        for event in events {
            let changes = tried.check(event.person, &event.statement);
            if changes == Ok(true) {
                tried.apply(event.person, event.statement);
                new.push(Event::Person(event.clone()));
            }
            noted.push(changes);
        }
        (noted, new)
    }

    /// The secret of a linkage project; when it has none, the one drawn for it, and the event that it becomes known by.
    pub(crate) fn project(&self, project: &str) -> Result<(Secret, Vec<Event>), StoreError> {
        if let Some(secret) = self.projects.get(project) {
            return Ok((secret.clone(), Vec::new()));
        }
        let secret = Zeroizing::new(random()?);
        let event = Event::Project {
            project: project.to_owned(),
            secret: secret.clone(),
        };
        Ok((secret, vec![event]))
    }

    /// The keys that stand for persons within the project with this secret.
    pub(crate) fn linked(
        &self,
        secret: &Secret,
        persons: &[PersonKey],
    ) -> Result<Vec<LinkageKey>, StoreError> {
        let linked = persons.iter().map(|person| {
            let key = mac(secret, &[b"vardnav linkage v1", &self.persons.leader(*person).0])?;
            Ok(key.first_chunk().copied().unwrap_or_default())
        });
        linked.collect()
    }
}
