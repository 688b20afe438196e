//! What a projection of measures reads of the store to take entries in: the rows of persons, and earlier entries of a stream.
//! Nothing is written here.

use std::collections::{BTreeMap, HashMap};

use vardnav_register::entry::{StreamEntry, row_key};
use vardnav_register::identity::PersonKey;
use vardnav_register::record::RecordKind;
use vardnav_store::current::{self, Current};
use vardnav_store::{ROWS_LIMIT, Store, StoreError, StreamId};

use super::change::{Became, Rows};
use super::{damaged, rows};
use crate::counts::FollowError;

/// Rows of one person read at a time.
const SCAN: u32 = 10_000;
/// Persons whose rows are read at once.
const AT_ONCE: usize = 400;
/// Rows of a person that are read with those of others; of whom there are more, all are read apart.
const FEW: u32 = 16;

/// The rows of persons.
pub(super) async fn of_persons(
    store: &dyn Store,
    name: &str,
    asked: &[PersonKey],
) -> Result<BTreeMap<PersonKey, Rows>, StoreError> {
    let mut persons = BTreeMap::new();
    for some in asked.chunks(AT_ONCE) {
        let beginnings: Vec<Vec<u8>> = some.iter().map(|person| rows::of_person(*person)).collect();
        let found = store.rows_under(name, &beginnings, FEW).await?;
        for (person, few) in some.iter().zip(found) {
            let rows = match few.len() < FEW as usize {
                true => few.into_iter().map(|row| (row.key, row.value)).collect(),
                false => of_person(store, name, *person).await?,
            };
            persons.insert(*person, rows);
        }
    }
    Ok(persons)
}

/// Whether the rows of a record are those of this very entry.
pub(super) fn stands(record: &Became, stream: &StreamId, persons: &BTreeMap<PersonKey, Rows>) -> bool {
    let Some((person, _)) = &record.now else {
        return false;
    };
    let begin = rows::of_record(*person, stream, record.kind, &record.id);
    let mut own = persons.get(person).into_iter().flatten();
    own.any(|(key, value)| {
        key.starts_with(&begin)
            && rows::read_record(value).is_some_and(|(position, _)| position == record.position)
    })
}

/// The rows of a person, however many.
async fn of_person(store: &dyn Store, name: &str, person: PersonKey) -> Result<Rows, StoreError> {
    let begin = rows::of_person(person);
    let (mut from, mut found) = (begin.clone(), Rows::new());
    let mut some = 32;
    loop {
        let read = store.scan(name, &from, some).await?;
        let full = read.len() == some as usize;
        for row in read {
            if !row.key.starts_with(&begin) {
                return Ok(found);
            }
            from = [row.key.as_slice(), &[0]].concat();
            found.insert(row.key, row.value);
        }
        if !full {
            return Ok(found);
        }
        some = (some * 8).min(SCAN);
    }
}

/// Names a revision of a record.
type Revision = (RecordKind, String, u32);

/// Whom the revisions were about that entries take the place of; nobody where they are erased.
pub(super) async fn formers(
    store: &dyn Store,
    stream: &StreamId,
    entries: &[Current],
) -> Result<HashMap<Revision, Option<PersonKey>>, FollowError> {
    let mut formers: HashMap<Revision, Option<PersonKey>> = HashMap::new();
    for current in entries {
        let header = &current.entry.header;
        let person = current
            .entry
            .person()
            .map_err(|_| damaged(stream, current.position))?;
        formers.insert((header.kind, header.id.clone(), header.revision), person);
    }
    let earlier: Vec<Revision> = entries
        .iter()
        .map(|current| &current.entry.header)
        .filter(|header| header.replaces > 0)
        .map(|header| (header.kind, header.id.clone(), header.replaces))
        .filter(|revision| !formers.contains_key(revision))
        .collect();
    for some in earlier.chunks(ROWS_LIMIT) {
        let keys = some
            .iter()
            .map(|(kind, id, revision)| row_key(*kind, id, *revision))
            .collect();
        let found = store.find(stream, keys).await?;
        let mut at: Vec<u64> = found.into_iter().flatten().collect();
        at.sort_unstable();
        at.dedup();
        for current in read_at(store, stream, &at).await? {
            let header = &current.entry.header;
            let person = current
                .entry
                .person()
                .map_err(|_| damaged(stream, current.position))?;
            formers.insert((header.kind, header.id.clone(), header.revision), person);
        }
    }
    Ok(formers)
}

/// The entries of records at positions, whether they are current or not.
pub(super) async fn current_at(
    store: &dyn Store,
    stream: &StreamId,
    positions: &[u64],
) -> Result<Vec<Current>, FollowError> {
    let mut entries = read_at(store, stream, positions).await?;
    for current in &mut entries {
        // It takes the place of nothing but itself.
        current.entry.header.replaces = 0;
    }
    Ok(entries)
}

async fn read_at(
    store: &dyn Store,
    stream: &StreamId,
    positions: &[u64],
) -> Result<Vec<Current>, FollowError> {
    let mut entries = Vec::with_capacity(positions.len());
    let mut left = positions;
    while !left.is_empty() {
        let read = store.read_at(stream, left.to_vec()).await?;
        if read.is_empty() {
            return Err(damaged(stream, left.first().copied().unwrap_or_default()));
        }
        left = left.get(read.len()..).unwrap_or_default();
        for row in read {
            if let StreamEntry::Record(entry) = current::entry(stream, &row)? {
                entries.push(Current {
                    position: row.position,
                    leaf: row.leaf,
                    entry,
                });
            }
        }
    }
    Ok(entries)
}
