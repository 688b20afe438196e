//! The person-first projection: which positions of which streams hold entries of a person. Follows the reporters'
//! streams, committed with the position it stands for; can be thrown away and is then built anew. Holds person keys, so
//! it is cleared when anything is erased.

use std::sync::{Arc, Weak};
use std::time::Duration;

use vardnav_register::entry::StreamEntry;
use vardnav_register::identity::PersonKey;
use vardnav_store::{Change, Store, StoreError, StoredRow, StreamId, current};

use crate::Register;

/// Name of the projection.
pub(crate) const PROJECTION: &str = "persons";

/// Entries taken in at a time.
const BATCH: u32 = 500;
/// Rows of the projection read at a time.
const SCAN: u32 = 1_000;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_secs(1);

/// The projection.
pub(crate) struct Index {
    store: Arc<dyn Store>,
    /// Held by whoever takes in entries.
    turn: tokio::sync::Mutex<()>,
}

/// Takes in what the streams hold, and carries out erasures that a stop broke off, again and again, until the register is
/// dropped.
pub(crate) async fn follow(register: Weak<Register>) {
    let mut reported = String::new();
    while let Some(register) = register.upgrade() {
        let done = match register.finish_erasures().await {
            Ok(()) => register.persons.caught_up().await,
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "the person-first index waits");
                    reported = text;
                }
            }
        }
        drop(register);
        tokio::time::sleep(PAUSE).await;
    }
}

impl Index {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in everything that the streams hold now.
    ///
    /// # Errors
    /// When the store does not answer, or an entry cannot be read.
    pub(crate) async fn caught_up(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        for (stream, head) in self.store.streams().await? {
            if stream.as_reporter().is_none() {
                continue;
            }
            let mut position = self.store.cursor(PROJECTION, &stream).await?;
            while position < head.size {
                let rows = self.store.read(&stream, position, BATCH).await?;
                let Some(last) = rows.last() else { break };
                let next = last.position + 1;
                let changes = rows.iter().map(|row| change(&stream, row));
                let changes: Result<Vec<_>, _> = changes.collect();
                let changes = changes?.into_iter().flatten().collect();
                self.store
                    .commit(PROJECTION, &stream, position, next, changes)
                    .await?;
                position = next;
            }
        }
        Ok(())
    }

    /// Positions of the entries of a person, under all of these keys, by stream and rising.
    ///
    /// # Errors
    /// When the store does not answer, or a row is not of its form.
    pub(crate) async fn positions(
        &self,
        keys: &[PersonKey],
    ) -> Result<Vec<(StreamId, Vec<u64>)>, StoreError> {
        let mut found: std::collections::BTreeMap<StreamId, Vec<u64>> = Default::default();
        for key in keys {
            let mut from = key.0.to_vec();
            'rows: loop {
                let rows = self.store.scan(PROJECTION, &from, SCAN).await?;
                let Some(last) = rows.last() else { break };
                from.clone_from(&last.key);
                from.push(0);
                for row in rows {
                    let Some(rest) = row.key.strip_prefix(&key.0) else {
                        break 'rows;
                    };
                    let damaged = || StoreError::Corrupt(format!("a row of {PROJECTION}"));
                    let (name, position) = rest.split_last_chunk::<8>().ok_or_else(damaged)?;
                    let name = std::str::from_utf8(name).map_err(|_| damaged())?;
                    found
                        .entry(StreamId::new(name)?)
                        .or_default()
                        .push(u64::from_be_bytes(*position));
                }
            }
        }
        for positions in found.values_mut() {
            positions.sort_unstable();
            positions.dedup();
        }
        Ok(found.into_iter().collect())
    }
}

/// The row of an entry that names a person.
fn change(stream: &StreamId, row: &StoredRow) -> Result<Option<Change>, StoreError> {
    let damaged = |error| StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position));
    let StreamEntry::Record(entry) = current::entry(stream, row)? else {
        return Ok(None);
    };
    let Some((person, _)) = entry.derived().map_err(damaged)? else {
        return Ok(None);
    };
    let key = [
        person.0.as_slice(),
        stream.as_str().as_bytes(),
        &row.position.to_be_bytes(),
    ];
    Ok(Some(Change {
        key: key.concat(),
        value: Some(Vec::new()),
    }))
}
