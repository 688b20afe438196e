//! What the periods of a delivery held when it was opened and nobody reported since: of that, what the delivery does not
//! hold is gone. Read from the stream in the order in which its entries became current.

use std::collections::HashMap;

use vardnav_register::delivery::{Deliveries, Month, Place, spans};
use vardnav_register::entry::Entry;
use vardnav_register::record::RecordKind;
use vardnav_store::current::{self, Current};
use vardnav_store::{Store, StoreError, StreamId};

use super::session::{RecordKey, Session, record_key};

/// Entries read at once.
const BATCH: u32 = 2000;

/// What the periods of a delivery hold, as far as the stream was read.
pub(super) struct Held {
    periods: Vec<Month>,
    register: String,
    /// Whether records that were reported without a delivery count.
    whole: bool,
    opened: u64,
    place: Place,
    records: HashMap<RecordKey, HeldRecord>,
}

/// A record as the periods held it.
#[derive(Debug, Clone)]
pub(super) struct HeldRecord {
    pub(super) kind: RecordKind,
    pub(super) id: String,
    /// Its current revision.
    pub(super) revision: u32,
    /// Where that stands.
    position: u64,
}

impl Held {
    /// For the delivery opened at a position; nothing is read yet.
    pub(super) fn new(opened: u64, deliveries: &Deliveries, whole: bool) -> Self {
        let opening = deliveries.get(opened).map(|delivery| &delivery.opening);
        Self {
            periods: opening.map(|opening| opening.periods.clone()).unwrap_or_default(),
            register: opening
                .map(|opening| opening.register.clone())
                .unwrap_or_default(),
            whole,
            opened,
            place: Place::default(),
            records: HashMap::new(),
        }
    }

    /// Reads the stream on to `size`.
    ///
    /// # Errors
    /// When the store cannot, or an entry is not of its form.
    pub(super) async fn read_on(
        &mut self,
        store: &dyn Store,
        stream: &StreamId,
        size: u64,
        deliveries: &Deliveries,
    ) -> Result<(), StoreError> {
        while let Some(page) = current::page(store, stream, self.place, size, BATCH).await? {
            for current in page.entries {
                let from = match self.place.within {
                    Some(_) => self.place.cursor,
                    None => current.position,
                };
                self.take(stream, from, current, deliveries)?;
            }
            self.place = page.next;
        }
        Ok(())
    }

    fn take(
        &mut self,
        stream: &StreamId,
        from: u64,
        current: Current,
        deliveries: &Deliveries,
    ) -> Result<(), StoreError> {
        let Current { position, entry, .. } = current;
        let key = record_key(&entry.header);
        if from < self.opened && self.counts(stream, position, &entry, deliveries)? {
            let header = entry.header;
            let held = HeldRecord {
                kind: header.kind,
                id: header.id,
                revision: header.revision,
                position,
            };
            self.records.insert(key, held);
        } else {
            self.records.remove(&key);
        }
        Ok(())
    }

    /// Whether an entry that is current is of the register and the periods.
    fn counts(
        &self,
        stream: &StreamId,
        position: u64,
        entry: &Entry,
        deliveries: &Deliveries,
    ) -> Result<bool, StoreError> {
        let of_register = match entry.header.delivery {
            None => self.whole,
            Some(delivered) => deliveries
                .get(delivered.opened)
                .is_some_and(|delivery| delivery.opening.register == self.register),
        };
        if !of_register {
            return Ok(false);
        }
        let record = entry
            .record()
            .map_err(|error| StoreError::Corrupt(format!("{stream}: position {position}: {error}")))?;
        Ok(record.is_some_and(|record| spans(&record).touch(&self.periods)))
    }

    /// What of it the delivery does not hold, by where it stands.
    pub(super) fn gone(&self, session: &Session) -> Vec<HeldRecord> {
        let gone = self.records.iter().filter(|(key, held)| {
            !session.staged.contains_key(*key) && !session.kept.contains(&held.position)
        });
        let mut gone: Vec<HeldRecord> = gone.map(|(_, held)| held.clone()).collect();
        gone.sort_unstable_by_key(|held| held.position);
        gone
    }
}
