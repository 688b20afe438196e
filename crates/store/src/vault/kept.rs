//! Rows of a vault in a folder as they are sealed, told and taken: how it becomes a copy of another vault with the same
//! key, or another of it. No identity is opened.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use vardnav_register::identity::PersonKey;

use super::event_log::{read_events, unseal};
use super::file::FileVault;
use super::person_log::{PersonRow, read_rows};
use super::persons::blocking;
use super::seal::Lookup;
use super::{KeptPerson, KeptPersons, Stated};
use crate::contract::{ROWS_LIMIT, StoreError};

/// Rows after which an answer ends.
const ROWS: usize = 5_000;

impl FileVault {
    /// Numbers from a place in the file on, which is eight bytes, little-endian.
    pub(super) async fn kept_persons_from(&self, from: &[u8]) -> Result<KeptPersons, StoreError> {
        let mut at = match from {
            [] => 0,
            _ => {
                let place = <[u8; 8]>::try_from(from).map(u64::from_le_bytes);
                place.map_err(|_| StoreError::Limit("no place of the vault's file of persons".to_owned()))?
            }
        };
        let written = self.alone(|_, files| Ok(files.persons.written())).await?;
        blocking(move || {
            let mut persons = Vec::new();
            let mut next = None;
            while persons.len() < ROWS {
                let read = written.read_one(at, |content| {
                    read_rows(content, |row| {
                        persons.push(KeptPerson {
                            lookup: row.lookup,
                            person: PersonKey(row.person),
                            sealed: row.sealed.into_owned(),
                        });
                    })
                })?;
                let Some(read) = read else { break };
                at = read;
                next = Some(at.to_le_bytes().to_vec());
            }
            Ok(KeptPersons { persons, next })
        })
        .await
    }

    /// Keeps numbers as they are sealed.
    pub(super) async fn keep_sealed(&self, kept: Vec<KeptPerson>) -> Result<(), StoreError> {
        self.alone(move |shared, files| {
            let mut new: HashMap<Lookup, PersonKey> = HashMap::new();
            let mut rows = Vec::new();
            for kept in &kept {
                let known = shared.known(&[kept.lookup]).first().copied().flatten();
                match known.or_else(|| new.get(&kept.lookup).copied()) {
                    Some(known) if known == kept.person => {}
                    Some(_) => return Err(another_person()),
                    None if !shared.keys.is_own(&kept.sealed) => return Err(another_key()),
                    None => {
                        new.insert(kept.lookup, kept.person);
                        rows.push(PersonRow {
                            lookup: kept.lookup,
                            person: kept.person.0,
                            sealed: kept.sealed.as_slice().into(),
                        });
                    }
                }
            }
            for rows in rows.chunks(ROWS_LIMIT) {
                files.persons.append(rows)?;
                let mut persons = shared.persons.write().unwrap_or_else(PoisonError::into_inner);
                for row in rows {
                    persons.insert(&row.lookup, PersonKey(row.person));
                }
            }
            Ok(())
        })
        .await
    }

    /// Events from a place on, at most as many as an answer has.
    pub(super) async fn kept_events_from(&self, from: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let written = self.alone(|_, files| Ok(files.events.written())).await?;
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let mut told = shared.told.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut place, mut at) = if told.0 <= from { *told } else { (0, 0) };
            let (mut events, mut is_end) = (Vec::new(), false);
            while !is_end && events.len() < ROWS {
                let read = written.read_one(at, |content| {
                    read_events(content, |sealed| {
                        if place >= from {
                            events.push(sealed.to_vec());
                        }
                        place += 1;
                        Some(())
                    })
                })?;
                is_end = read.is_none();
                at = read.unwrap_or(at);
            }
            *told = (place, at);
            Ok(events)
        })
        .await
    }

    /// Keeps events as they are sealed.
    pub(super) async fn keep_sealed_events(&self, from: u64, events: Vec<Vec<u8>>) -> Result<(), StoreError> {
        self.alone(move |shared, files| {
            let actual = files.events.next();
            if actual != from {
                return Err(StoreError::Conflict {
                    expected: from,
                    actual,
                });
            }
            let opened = (from..).zip(&events);
            let opened = opened.map(|(place, sealed)| unseal(sealed, place, &shared.keys));
            let opened: Option<Vec<_>> = opened.collect();
            let opened = opened.ok_or_else(another_key)?;
            if opened.is_empty() {
                return Ok(());
            }
            files.events.append(&events)?;
            let mut stated = shared.stated.write().unwrap_or_else(PoisonError::into_inner);
            opened
                .into_iter()
                .for_each(|event| Stated::take(&mut stated, event));
            Ok(())
        })
        .await
    }
}

/// A number leads elsewhere already.
pub(crate) fn another_person() -> StoreError {
    StoreError::Corrupt("a number leads to another person in the vault than it is to lead to".to_owned())
}

/// Rows of another vault.
pub(crate) fn another_key() -> StoreError {
    StoreError::Corrupt("what is to be kept was not sealed to its place under this vault's key".to_owned())
}
