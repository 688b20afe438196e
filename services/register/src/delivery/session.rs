//! What is known of an open delivery: the records it holds and those that are the same as before. It follows from the
//! stream alone, is read from it again when the server was restarted, and goes on with what another server appended.

use std::collections::{BTreeMap, HashMap, HashSet};

use vardnav_register::delivery::Counts;
use vardnav_register::entry::{Header, StreamEntry, row_key};
use vardnav_store::current;
use vardnav_store::{RowKey, Store, StoreError, StreamId};

use crate::ledger;

/// Entries read at once.
const BATCH: u32 = 2000;
/// Records of one delivery, all of which are known by key while it is open.
pub(crate) const RECORDS_MAX: usize = 4_000_000;
/// Inputs whose lines are remembered.
const INPUTS_MAX: usize = 64;

/// Names a record, whatever its revision.
pub(crate) type RecordKey = RowKey;

/// An open delivery.
pub(crate) struct Session {
    opened: u64,
    /// Up to where the stream was read.
    seen: u64,
    /// Positions of the entries that hold the records which are the same as before.
    pub(crate) kept: HashSet<u64>,
    /// The records that have revisions in the delivery.
    pub(crate) staged: HashMap<RecordKey, Staged>,
    /// How far each input was taken.
    inputs: BTreeMap<String, u64>,
}

/// What a delivery holds of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staged {
    /// The key of the revision that was current before; `None` when there was none.
    pub(crate) replaced: Option<RowKey>,
    /// Whether the last revision withdraws it.
    pub(crate) withdrawn: bool,
}

/// The key of a record.
pub(crate) fn record_key(header: &Header) -> RecordKey {
    row_key(header.kind, &header.id, 0)
}

impl Session {
    /// Of the delivery opened at a position; nothing is read yet.
    pub(crate) fn new(opened: u64) -> Self {
        Self {
            opened,
            seen: opened + 1,
            kept: HashSet::new(),
            staged: HashMap::new(),
            inputs: BTreeMap::new(),
        }
    }

    /// Reads what the stream of `size` entries holds of the delivery and was not read.
    ///
    /// # Errors
    /// When the store cannot, or an entry is not of its form.
    pub(crate) async fn catch_up(
        &mut self,
        store: &dyn Store,
        stream: &StreamId,
        size: u64,
    ) -> Result<(), StoreError> {
        while self.seen < size {
            let limit = u32::try_from(size - self.seen).unwrap_or(u32::MAX).min(BATCH);
            let rows = store.read(stream, self.seen, limit).await?;
            let Some(last) = rows.last() else { break };
            let seen = last.position + 1;
            for row in &rows {
                match current::entry(stream, row)? {
                    StreamEntry::Record(entry) => self.take(&entry.header, entry.is_withdrawal()),
                    StreamEntry::Kept(note) if note.opened == self.opened => self.kept.extend(note.positions),
                    _ => {}
                }
            }
            self.seen = seen;
        }
        Ok(())
    }

    /// How many more records it takes: those that are the same as before and then another may count twice.
    pub(crate) fn room(&self) -> usize {
        RECORDS_MAX.saturating_sub(self.staged.len() + self.kept.len())
    }

    /// Takes what was appended by whoever read the stream up to it.
    pub(crate) fn appended<'a>(
        &mut self,
        (from, to): (u64, u64),
        headers: impl IntoIterator<Item = &'a Header>,
        kept: &[u64],
    ) {
        if self.seen == from {
            headers.into_iter().for_each(|header| self.take(header, false));
            self.kept.extend(kept);
            self.seen = to;
        }
    }

    fn take(&mut self, header: &Header, withdrawn: bool) {
        if header
            .delivery
            .is_none_or(|delivered| delivered.opened != self.opened)
        {
            return;
        }
        let replaced = (header.replaces > 0).then(|| row_key(header.kind, &header.id, header.replaces));
        let staged = self.staged.entry(record_key(header));
        staged
            .and_modify(|staged| staged.withdrawn = withdrawn)
            .or_insert(Staged { replaced, withdrawn });
    }

    /// Notes that the lines of an input were answered up to one.
    pub(crate) fn took(&mut self, input: &str, line: u64) {
        if input.is_empty() || self.inputs.len() >= INPUTS_MAX && !self.inputs.contains_key(input) {
            return;
        }
        let last = self.inputs.entry(input.to_owned()).or_default();
        *last = line.max(*last);
    }

    /// Whether the lines of an input were answered up to one, as far as this server knows.
    pub(crate) fn has_taken(&self, input: &str, line: u64) -> bool {
        line > 0 && self.inputs.get(input).is_some_and(|last| line <= *last)
    }

    /// How far each input was taken.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (&str, u64)> {
        self.inputs.iter().map(|(input, line)| (input.as_str(), *line))
    }

    /// What the delivery holds so far; `gone` is what it withdraws beside that.
    ///
    /// # Errors
    /// When the store cannot.
    pub(crate) async fn counts(
        &self,
        store: &dyn Store,
        stream: &StreamId,
        gone: u64,
    ) -> Result<Counts, StoreError> {
        let mut counts = Counts {
            kept: self.kept.len() as u64,
            gone,
            ..Counts::default()
        };
        let mut replaced = Vec::new();
        for staged in self.staged.values() {
            replaced.extend(staged.replaced);
            match (staged.withdrawn, staged.replaced) {
                (true, Some(_)) => counts.gone += 1,
                (true, None) => {}
                (false, Some(_)) => counts.changed += 1,
                (false, None) => counts.new += 1,
            }
        }
        // A record that was the same as before and then another counts as changed.
        if !self.kept.is_empty() {
            let positions = ledger::find(store, stream, replaced).await?;
            let both = positions
                .iter()
                .flatten()
                .filter(|position| self.kept.contains(position));
            counts.kept = counts.kept.saturating_sub(both.count() as u64);
        }
        Ok(counts)
    }
}
