//! Persons of the vault in the database: look-ups and the numbers that they are of. A look-up that is there stays; of two
//! servers that bring one at the same time the first one's person is theirs, and both ask afterwards who that was.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use vardnav_register::identity::PersonKey;

use super::PostgresVault;
use crate::contract::{ROWS_LIMIT, StoreError};
use crate::postgres::Core;
use crate::vault::{IdentityBytes, KeptPerson, KeptPersons, Lookup, NumberOf, another_key, another_person};

const ANY: &str = "SELECT lookup FROM vault_lookups LIMIT 1";
const COUNT: &str = "SELECT count(*) FROM vault_lookups";
const FIND: &str = "SELECT (SELECT l.person FROM vault_lookups AS l WHERE l.lookup = wanted.lookup) \
                    FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (lookup, n) ORDER BY n";
/// Look-ups that are there stay as they are; numbers of one person follow on those that it has.
const KEEP: &str = "WITH kept AS (INSERT INTO vault_lookups (lookup, person) \
                    SELECT r.lookup, r.person FROM unnest($1::bytea[], $2::bytea[]) AS r (lookup, person) \
                    ON CONFLICT (lookup) DO NOTHING RETURNING lookup, person), \
                    numbered AS (INSERT INTO vault_numbers (person, place, lookup, sealed) \
                    SELECT k.person, r.n + coalesce((SELECT max(v.place) + 1 FROM vault_numbers AS v \
                    WHERE v.person = k.person), 0), r.lookup, r.sealed FROM kept AS k \
                    JOIN unnest($1::bytea[], $3::bytea[], $4::bigint[]) AS r (lookup, sealed, n) \
                    ON r.lookup = k.lookup) SELECT lookup FROM kept";
const NUMBERS: &str = "SELECT v.person, v.sealed FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (person, n) \
                       JOIN vault_numbers AS v ON v.person = wanted.person ORDER BY wanted.n, v.place";
const FROM: &str = "SELECT person, place, lookup, sealed FROM vault_numbers WHERE (person, place) > ($1, $2) \
                    ORDER BY person, place LIMIT 5000";

/// Whether nobody is kept.
pub(super) async fn is_empty(core: &Core) -> Result<bool, StoreError> {
    Ok(core.ask(ANY, &[]).await?.is_empty())
}

impl PostgresVault {
    pub(super) async fn count_persons(&self) -> Result<u64, StoreError> {
        let found = self.core.ask(COUNT, &[]).await?;
        let count: i64 = found
            .first()
            .map_or(Ok(0), |row| row.try_get(0))
            .map_err(unreadable)?;
        Ok(count.cast_unsigned())
    }

    /// To whom look-ups lead, as far as that is remembered.
    pub(super) fn remembered(&self, lookups: &[Lookup]) -> Vec<Option<PersonKey>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        lookups.iter().map(|lookup| known.get(lookup)).collect()
    }

    /// To whom look-ups lead.
    pub(super) async fn kept(&self, lookups: &[Lookup]) -> Result<Vec<Option<PersonKey>>, StoreError> {
        let mut found = self.remembered(lookups);
        // Each once, whoever of a batch it is that comes again and again.
        let mut asked: BTreeMap<&Lookup, Option<PersonKey>> = BTreeMap::new();
        let unknown = lookups.iter().zip(&found).filter(|(_, known)| known.is_none());
        asked.extend(unknown.map(|(lookup, _)| (lookup, None)));
        if asked.is_empty() {
            return Ok(found);
        }
        let wanted: Vec<&[u8]> = asked.keys().map(|lookup| lookup.as_slice()).collect();
        for some in wanted.chunks(ROWS_LIMIT) {
            let rows = self.core.ask(FIND, &[&some]).await?;
            for (row, lookup) in rows.iter().zip(some) {
                let person = row.try_get::<_, Option<&[u8]>>(0).map_err(unreadable)?.map(key);
                if let (Some(person), Ok(lookup)) = (person.transpose()?, <&Lookup>::try_from(*lookup)) {
                    asked.insert(lookup, Some(person));
                }
            }
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (lookup, person) in &asked {
            if let Some(person) = person {
                known.insert(**lookup, *person);
            }
        }
        drop(known);
        let missing = found.iter_mut().zip(lookups).filter(|(known, _)| known.is_none());
        for (found, lookup) in missing {
            *found = asked.get(lookup).copied().flatten();
        }
        Ok(found)
    }

    /// Keeps those of the look-ups that nobody is kept under, and remembers them: the others are yet to be asked for.
    pub(super) async fn insert(&self, new: Vec<KeptPerson>) -> Result<(), StoreError> {
        // In the order of their look-ups, so that of two at once none waits for the other in a circle; and each once.
        let mut sorted: BTreeMap<Lookup, (i64, &KeptPerson)> = BTreeMap::new();
        for (place, kept) in (0..).zip(&new) {
            sorted.entry(kept.lookup).or_insert((place, kept));
        }
        let sorted: Vec<(i64, &KeptPerson)> = sorted.into_values().collect();
        for some in sorted.chunks(ROWS_LIMIT) {
            let lookups: Vec<&[u8]> = some.iter().map(|(_, kept)| kept.lookup.as_slice()).collect();
            let persons: Vec<&[u8]> = some.iter().map(|(_, kept)| kept.person.0.as_slice()).collect();
            let sealed: Vec<&[u8]> = some.iter().map(|(_, kept)| kept.sealed.as_slice()).collect();
            let places: Vec<i64> = some.iter().map(|(place, _)| *place).collect();
            let with: [&(dyn ToSql + Sync); 4] = [&lookups, &persons, &sealed, &places];
            let kept = self.core.ask(KEEP, &with).await?;
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for row in &kept {
                let lookup: &[u8] = row.try_get(0).map_err(unreadable)?;
                let place = lookups.binary_search(&lookup).ok().and_then(|at| some.get(at));
                if let Some((_, kept)) = place {
                    known.insert(kept.lookup, kept.person);
                }
            }
        }
        Ok(())
    }

    /// The numbers of keys, in the order of those and of their becoming known.
    pub(super) async fn numbers(&self, persons: Vec<PersonKey>) -> Result<Vec<NumberOf>, StoreError> {
        let mut numbers = Vec::new();
        for some in persons.chunks(ROWS_LIMIT) {
            let wanted: Vec<&[u8]> = some.iter().map(|person| person.0.as_slice()).collect();
            for row in self.core.ask(NUMBERS, &[&wanted]).await? {
                let person = key(row.try_get(0).map_err(unreadable)?)?;
                let sealed: &[u8] = row.try_get(1).map_err(unreadable)?;
                let opened = self.keys.unseal_identity(sealed, &person.0);
                let opened = opened.ok_or_else(|| StoreError::Corrupt("a number of the vault".to_owned()))?;
                numbers.push(NumberOf {
                    person,
                    identity: IdentityBytes::kept(opened),
                });
            }
        }
        Ok(numbers)
    }

    /// Numbers after a place, which is a person's key and the place among its numbers, big-endian.
    pub(super) async fn kept_persons_from(&self, from: &[u8]) -> Result<KeptPersons, StoreError> {
        let elsewhere = || StoreError::Limit("no place of the vault's persons".to_owned());
        let (after, place) = match from.split_last_chunk::<8>() {
            None if from.is_empty() => (from, -1),
            Some((person, place)) if person.len() == 16 => (person, i64::from_be_bytes(*place)),
            _ => return Err(elsewhere()),
        };
        let found = self.core.ask(FROM, &[&after, &place]).await?;
        let next = match found.last() {
            None => None,
            Some(last) => {
                let (person, place): (&[u8], i64) = (
                    last.try_get(0).map_err(unreadable)?,
                    last.try_get(1).map_err(unreadable)?,
                );
                Some([person, place.to_be_bytes().as_slice()].concat())
            }
        };
        Ok(KeptPersons {
            persons: found.iter().map(kept_person).collect::<Result<_, _>>()?,
            next,
        })
    }

    /// Keeps numbers as they are sealed.
    pub(super) async fn keep_sealed(&self, kept: Vec<KeptPerson>) -> Result<(), StoreError> {
        if kept.iter().any(|kept| !self.keys.is_own(&kept.sealed)) {
            return Err(another_key());
        }
        let leading: Vec<(Lookup, PersonKey)> = kept.iter().map(|kept| (kept.lookup, kept.person)).collect();
        self.insert(kept).await?;
        let lookups: Vec<Lookup> = leading.iter().map(|(lookup, _)| *lookup).collect();
        let now = self.kept(&lookups).await?;
        let is_other = |(now, (_, person)): (Option<PersonKey>, &(Lookup, PersonKey))| now != Some(*person);
        match now.into_iter().zip(&leading).any(is_other) {
            true => Err(another_person()),
            false => Ok(()),
        }
    }
}

fn kept_person(row: &Row) -> Result<KeptPerson, StoreError> {
    let lookup: &[u8] = row.try_get(2).map_err(unreadable)?;
    let damaged = |_| StoreError::Corrupt("a look-up of the vault".to_owned());
    Ok(KeptPerson {
        lookup: lookup.try_into().map_err(damaged)?,
        person: key(row.try_get(0).map_err(unreadable)?)?,
        sealed: row.try_get(3).map_err(unreadable)?,
    })
}

fn key(bytes: &[u8]) -> Result<PersonKey, StoreError> {
    let key = bytes.try_into().map(PersonKey);
    key.map_err(|_| StoreError::Corrupt("a person's key in the vault".to_owned()))
}

pub(super) fn unreadable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Corrupt(format!("a row of the vault is not as it must be: {error}"))
}
