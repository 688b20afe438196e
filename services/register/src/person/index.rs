//! The person-first projection: which positions of which streams hold entries of a person. Follows the reporters'
//! streams, committed with the position it stands for; can be thrown away and is then built anew. Holds the beginnings of
//! person keys, so it is cleared when anything is erased.
//!
//! A row is a block of a stream: the beginning of each entry's person key, in the order of the entries. A person is
//! looked for by going through all blocks, which is what few ask and may take a moment, so that the many entries that
//! come in cost a few bytes each. What a block points to is read and compared before it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use vardnav_register::entry::StreamEntry;
use vardnav_register::identity::PersonKey;
use vardnav_store::{Change, Duty, Head, ProjectionRow, Store, StoreError, StoredRow, StreamId, current};

use crate::{Register, is_reporters};

/// Name of the projection, with the version of its rows: rows of another version lie in another, which is cleared.
pub(crate) const PROJECTION: &str = "persons.1";
/// The projection that held a row an entry, before rows had a version.
const UNVERSIONED: &str = "persons";

/// Entries taken in at a time.
const BATCH: u32 = 4_000;
/// Entries of a block. Its beginnings stay within what a row may hold.
const BLOCK: u64 = 800;
/// Bytes of a person key that a block holds.
const HEAD: usize = 8;
/// Stands for an entry that names nobody.
const NOBODY: [u8; HEAD] = [0; HEAD];
/// Blocks read at a time.
const SCAN: u32 = 200;
/// How long a question waits for the server that takes entries in.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);
/// How often the rows are read when they are cleared meanwhile.
const READS_MAX: usize = 8;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_secs(1);

/// Positions of entries by stream, rising.
type Found = BTreeMap<StreamId, Vec<u64>>;

/// The projection.
pub(crate) struct Index {
    store: Arc<dyn Store>,
    duty: Duty,
    /// Held by whoever takes in entries.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// Takes in what the streams hold, and carries out erasures that a stop broke off, again and again, until the register is
/// dropped.
pub(crate) async fn follow(register: Weak<Register>, duty: Duty) {
    let (mut reported, mut is_clear) = (String::new(), false);
    while let (Some(shift), Some(register)) = (duty.begin().await, register.upgrade()) {
        if !is_clear {
            is_clear = register.store.clear(UNVERSIONED).await.is_ok();
        }
        // An erasure that cannot be finished now does not keep the index from following.
        let erased = register.finish_erasures().await;
        let indexed = register.persons.catch_up().await;
        match erased.and(indexed) {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "the person-first index waits");
                    reported = text;
                }
            }
        }
        drop((register, shift));
        tokio::time::sleep(PAUSE).await;
    }
}

impl Index {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            duty: store.duty(),
            store,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in everything that the streams hold now, or waits until the server that does has.
    ///
    /// # Errors
    /// When the store does not answer, an entry cannot be read, or the other server takes too long.
    async fn caught_up(&self) -> Result<(), StoreError> {
        if let Some(_shift) = self.duty.try_begin() {
            return self.catch_up().await;
        }
        let followed = crate::followed(self.store.as_ref(), PROJECTION, is_reporters);
        tokio::time::timeout(CATCH_UP_MAX, followed)
            .await
            .map_err(|_| behind())?
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let lagging = crate::lagging(self.store.as_ref(), PROJECTION, is_reporters).await?;
        for (stream, mut position, size) in lagging {
            let mut block = self.block_at(&stream, position).await?;
            while position < size {
                let rows = self.store.follow(&stream, position, BATCH).await?;
                let Some(last) = rows.last() else { break };
                let next = last.position + 1;
                let of = stream.clone();
                let packed = tokio::task::spawn_blocking(move || pack(&of, block, &rows));
                let (changes, tail) = packed.await.map_err(|_| crate::stopping())??;
                self.store
                    .commit(PROJECTION, &stream, position, next, changes)
                    .await?;
                (position, block) = (next, tail);
            }
        }
        Ok(())
    }

    /// Positions of the entries of a person, under all of these keys, by stream and rising; everything acknowledged is
    /// among them.
    ///
    /// # Errors
    /// When the store does not answer, an entry or row cannot be read, or the rows are not there long enough to be read.
    pub(crate) async fn positions(
        &self,
        keys: &[PersonKey],
    ) -> Result<Vec<(StreamId, Vec<u64>)>, StoreError> {
        for _ in 0..READS_MAX {
            let mut acknowledged = self.store.streams().await?;
            acknowledged.retain(|(stream, _)| is_reporters(stream));
            self.caught_up().await?;
            let (found, read) = self.read(keys).await?;
            // A clearing while they were read leaves rows out.
            let is_read = |(stream, head): &(StreamId, Head)| read.get(stream) >= Some(&head.size);
            if acknowledged.iter().all(is_read) {
                return Ok(found.into_iter().collect());
            }
        }
        Err(behind())
    }

    /// Positions of the entries of a person that the rows lead to, and of how many entries of each stream there were rows.
    async fn read(&self, keys: &[PersonKey]) -> Result<(Found, BTreeMap<StreamId, u64>), StoreError> {
        let (mut found, mut read) = (Found::new(), BTreeMap::new());
        let mut from = Vec::new();
        loop {
            let rows = self.store.scan(PROJECTION, &from, SCAN).await?;
            let Some(last) = rows.last() else { break };
            from.clone_from(&last.key);
            from.push(0);
            for row in &rows {
                let (stream, _) = place_of(row)?;
                *read.entry(stream).or_default() += (row.value.len() / HEAD) as u64;
            }
            let of = keys.to_vec();
            let looked = tokio::task::spawn_blocking(move || look(&of, &rows));
            for (stream, position) in looked.await.map_err(|_| crate::stopping())?? {
                if self.is_of(&stream, position, keys).await? {
                    found.entry(stream).or_default().push(position);
                }
            }
        }
        Ok((found, read))
    }

    /// The beginnings that the block of a position holds before it.
    async fn block_at(&self, stream: &StreamId, position: u64) -> Result<Vec<u8>, StoreError> {
        let within = position % BLOCK;
        if within == 0 {
            return Ok(Vec::new());
        }
        let row = self
            .store
            .row(PROJECTION, &row_key(stream, position - within))
            .await?;
        let block = row.unwrap_or_default();
        match block.len() as u64 == within * HEAD as u64 {
            true => Ok(block),
            false => Err(damaged_row()),
        }
    }

    /// Whether an entry is of a person, under any of these keys.
    async fn is_of(&self, stream: &StreamId, position: u64, keys: &[PersonKey]) -> Result<bool, StoreError> {
        for row in self.store.read(stream, position, 1).await? {
            if person(stream, &row)?.is_some_and(|person| keys.contains(&person)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The rows that entries fill, of which the first goes on with a block, and what the last of them holds if it is not
/// full.
fn pack(
    stream: &StreamId,
    mut block: Vec<u8>,
    rows: &[StoredRow],
) -> Result<(Vec<Change>, Vec<u8>), StoreError> {
    let mut changes = Vec::new();
    let change = |last: u64, block: &[u8]| Change {
        key: row_key(stream, last - last % BLOCK),
        value: Some(block.to_vec()),
    };
    for row in rows {
        let person = person(stream, row)?;
        block.extend(person.map_or(NOBODY, head));
        if (row.position + 1) % BLOCK == 0 {
            changes.push(change(row.position, &block));
            block.clear();
        }
    }
    if let Some(last) = rows.last().filter(|_| !block.is_empty()) {
        changes.push(change(last.position, &block));
    }
    Ok((changes, block))
}

/// Entries that may be of a person, by stream and position.
fn look(keys: &[PersonKey], rows: &[ProjectionRow]) -> Result<Vec<(StreamId, u64)>, StoreError> {
    let heads: Vec<[u8; HEAD]> = keys.iter().copied().map(head).collect();
    let mut found = Vec::new();
    for row in rows {
        let (stream, first) = place_of(row)?;
        let (beginnings, []) = row.value.as_chunks::<HEAD>() else {
            return Err(damaged_row());
        };
        let places = (first..).zip(beginnings);
        let of = places.filter(|(_, beginning)| heads.contains(beginning));
        found.extend(of.map(|(position, _)| (stream.clone(), position)));
    }
    Ok(found)
}

fn head(person: PersonKey) -> [u8; HEAD] {
    let PersonKey([a, b, c, d, e, f, g, h, ..]) = person;
    [a, b, c, d, e, f, g, h]
}

/// The person whom an entry names.
fn person(stream: &StreamId, row: &StoredRow) -> Result<Option<PersonKey>, StoreError> {
    let StreamEntry::Record(entry) = current::entry(stream, row)? else {
        return Ok(None);
    };
    entry
        .person()
        .map_err(|error| StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position)))
}

/// The key of the block that begins at a position.
fn row_key(stream: &StreamId, first: u64) -> Vec<u8> {
    [stream.as_str().as_bytes(), &[0], &first.to_be_bytes()].concat()
}

/// The stream of a block, and the position that it begins at.
fn place_of(row: &ProjectionRow) -> Result<(StreamId, u64), StoreError> {
    let (name, first) = row.key.split_last_chunk::<8>().ok_or_else(damaged_row)?;
    let name = name
        .strip_suffix(&[0])
        .and_then(|name| std::str::from_utf8(name).ok());
    let stream = StreamId::new(name.ok_or_else(damaged_row)?)?;
    Ok((stream, u64::from_be_bytes(*first)))
}

fn behind() -> StoreError {
    StoreError::Unavailable("entries of persons are being gathered; ask again".to_owned())
}

fn damaged_row() -> StoreError {
    StoreError::Corrupt(format!("a row of {PROJECTION}"))
}

#[cfg(test)]
mod tests {
    use vardnav_register::entry::{Act, Entry, EntryBody, Header};
    use vardnav_register::record::RecordKind;
    use vardnav_store::Memory;

    use super::*;

    fn key(number: u8) -> PersonKey {
        let mut key = PersonKey([0; 16]);
        key.0[0] = number;
        key.0[15] = number;
        key
    }

    /// A row of a person, or of nobody.
    fn row(position: u64, person: Option<u8>) -> StoredRow {
        let header = Header {
            version: 3,
            act: Act::Report,
            reporter: "a".to_owned(),
            kind: RecordKind::Contact,
            id: position.to_string(),
            revision: 1,
            replaces: 0,
            delivery: None,
            received: 0,
            release: String::new(),
        };
        let entry = Entry {
            header,
            identity: [0; 32],
            body: match person {
                Some(number) => EntryBody::Whole {
                    content: Vec::new(),
                    content_nonce: [0; 32],
                    sealed_identity_nonce: Vec::new(),
                    derived: key(number).0.to_vec(),
                    derived_nonce: [0; 32],
                },
                None => EntryBody::Erased {
                    content: [0; 32],
                    derived: [0; 32],
                    filler: 0,
                },
            },
        };
        StoredRow {
            position,
            key: [0; 16],
            leaf: [0; 32],
            bytes: entry.encode(),
        }
    }

    #[test]
    fn blocks_are_the_same_however_the_entries_come_and_tell_where_a_person_is() {
        let stream = StreamId::new("reporter/a").unwrap();
        let of = |position: u64| match position % 3 {
            0 => None,
            _ => Some(u8::try_from(position % 7).unwrap() + 1),
        };
        let all: Vec<StoredRow> = (0..2 * BLOCK + 50)
            .map(|position| row(position, of(position)))
            .collect();
        for step in [all.len(), 1, 333, usize::try_from(BLOCK).unwrap()] {
            let mut kept: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            let mut block = Vec::new();
            for some in all.chunks(step) {
                let (changes, tail) = pack(&stream, block, some).unwrap();
                kept.extend(
                    changes
                        .into_iter()
                        .map(|change| (change.key, change.value.unwrap())),
                );
                block = tail;
            }
            assert_eq!(kept.len(), 3);
            let rows: Vec<ProjectionRow> = kept
                .into_iter()
                .map(|(key, value)| ProjectionRow { key, value })
                .collect();
            let found = look(&[key(2), key(9)], &rows).unwrap();
            let wanted: Vec<_> = (0..2 * BLOCK + 50)
                .filter(|position| of(*position) == Some(2))
                .collect();
            let positions: Vec<u64> = found.iter().map(|(_, position)| *position).collect();
            assert_eq!(positions, wanted);
            assert!(found.iter().all(|(name, _)| *name == stream));
        }
    }

    #[tokio::test]
    async fn rows_that_are_cleared_while_they_are_read_are_read_again() {
        let memory = Memory::new();
        let beside = Index::new(Arc::new(memory.beside()));
        let index = Index::new(Arc::new(memory));
        for name in ["reporter/a", "reporter/b"] {
            let rows = (0..3).map(|position| {
                let StoredRow { key, leaf, bytes, .. } = row(position, Some(1));
                vardnav_store::Row { key, leaf, bytes }
            });
            let stream = StreamId::new(name).unwrap();
            index.store.append(&stream, 0, rows.collect()).await.unwrap();
        }
        index.catch_up().await.unwrap();
        let whole = index.positions(&[key(1)]).await.unwrap();
        assert_eq!(
            whole.iter().map(|(_, positions)| positions.len()).sum::<usize>(),
            6
        );

        // The cursors are where they were, and one stream's rows are not there yet, as they are while a clearing comes
        // between the first rows and the last.
        let first = StreamId::new("reporter/a").unwrap();
        let gone = Change {
            key: row_key(&first, 0),
            value: None,
        };
        let gone = index.store.commit(PROJECTION, &first, 3, 3, vec![gone]);
        gone.await.unwrap();
        let anew = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            index.store.clear(PROJECTION).await.unwrap();
            index.catch_up().await.unwrap();
        };
        let keys = [key(1)];
        let (found, ()) = tokio::join!(beside.positions(&keys), anew);
        match found {
            Ok(found) => assert_eq!(found, whole),
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
        }
        assert_eq!(beside.positions(&[key(1)]).await.unwrap(), whole);
    }

    #[test]
    fn a_row_that_is_no_block_is_told() {
        let mut row = ProjectionRow {
            key: row_key(&StreamId::new("reporter/a").unwrap(), 0),
            value: vec![1; 9],
        };
        assert!(look(&[key(1)], std::slice::from_ref(&row)).is_err());
        (row.key, row.value) = (vec![1; 7], vec![1; 8]);
        assert!(look(&[key(1)], &[row]).is_err());
    }
}
