//! Units and maps that the authority stated anew after a stream was derived: what they bear on is derived again, so that
//! a derivation follows from the streams of the reporters and of the authority alone, whenever it was derived.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use vardnav_register::record::RecordKind;
use vardnav_register::rederive::rows::Key;
use vardnav_register::rederive::{Columns, EntryColumn, unit_hash};
use vardnav_release::entry::{AuthorityEntry, Change};
use vardnav_store::{AuthorityError, StoreError, StreamId};

use super::Trouble;
use super::follow::PATIENCE;
use super::pass::{Pass, Piece, mark};
use super::reached::Reached;
use super::tally::{Countings, Counts};

/// Entries of the authority's stream read at a time.
const ENTRIES: u32 = 1000;

/// What the authority stated anew.
#[derive(Debug, Default)]
pub(super) struct Renewed {
    /// Care units, by the hash of their ids.
    units: HashSet<u64>,
    /// Reporters whose maps did not stay as they were.
    reporters: BTreeSet<String>,
}

impl Renewed {
    fn take(&mut self, change: &Change) {
        match change {
            Change::UnitPut { hsa_id, .. } => drop(self.units.insert(unit_hash(hsa_id))),
            Change::ConceptMapPut(map) => drop(self.reporters.insert(map.reporter.clone())),
            _ => {}
        }
    }
}

impl Pass {
    /// Derives again what units and maps bear on that were stated since the stream was derived. That goes through the
    /// stream's packed facts, so it waits until it is worth it, unless it is asked to be `thorough`.
    pub(super) fn renew(
        &self,
        stream: &StreamId,
        reached: &Reached,
        thorough: bool,
        countings: &Countings<'_>,
    ) -> Result<(), Trouble> {
        let now = self.view.position();
        if reached.known >= now {
            return Ok(());
        }
        let renewed = self.renewed_since(reached.known)?;
        let maps = stream
            .as_reporter()
            .is_some_and(|reporter| renewed.reporters.contains(reporter));
        let cursor = reached.cursor;
        if cursor > 0 && (maps || !renewed.units.is_empty()) {
            if reached.packed < cursor {
                return if thorough { Err(Trouble::Packing) } else { Ok(()) };
            }
            if !thorough && !self.live.may_sweep(stream) {
                return Ok(());
            }
            let began = Instant::now();
            self.renew_with(stream, cursor, (&renewed, maps), countings)?;
            self.live.swept(stream, began.elapsed() * PATIENCE);
        }
        let done = vec![mark(Key::Known, stream, now)];
        let counts = &mut Counts::default();
        self.keep(stream, Piece::at(cursor), done, (countings, counts))
    }

    fn renew_with(
        &self,
        stream: &StreamId,
        cursor: u64,
        (renewed, maps): (&Renewed, bool),
        countings: &Countings<'_>,
    ) -> Result<(), Trouble> {
        let own = |entry: &EntryColumn, block: &Columns| {
            maps && entry.has_codes || block.is_of_unit(entry, |unit| renewed.units.contains(&unit))
        };
        // What names an episode takes facts and units from it.
        let (mut episodes, mut any) = (HashSet::new(), false);
        self.each_packed(stream, (0, cursor), |block, entry, _| {
            if own(entry, block) {
                any = true;
                if entry.kind == RecordKind::Episode {
                    episodes.insert(entry.record);
                }
            }
            Ok(())
        })?;
        if !any {
            return Ok(());
        }
        let stale = |entry: &EntryColumn, block: &Columns, _: u64| {
            own(entry, block) || entry.episode.is_some_and(|episode| episodes.contains(&episode))
        };
        self.set_right(stream, (cursor, cursor), stale, countings)
    }

    /// What was stated from a position of the authority's stream up to that of the view.
    fn renewed_since(&self, from: u64) -> Result<Arc<Renewed>, Trouble> {
        let mut known = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(renewed) = known.get(&from) {
            return Ok(Arc::clone(renewed));
        }
        let mut renewed = Renewed::default();
        let (mut at, end) = (from, self.view.position());
        while at < end {
            let entries = self.handle.block_on(self.authority.entries(at, ENTRIES));
            let entries = entries.map_err(|error| match error {
                AuthorityError::Store(error) => error,
                other => StoreError::Unavailable(other.to_string()),
            })?;
            let Some((last, _)) = entries.last() else { break };
            let next = last + 1;
            for (position, bytes) in entries {
                // An entry that cannot be read is void: the view tells of it.
                if position < end
                    && let Ok(entry) = AuthorityEntry::decode(&bytes)
                {
                    renewed.take(&entry.change);
                }
            }
            at = next;
        }
        let renewed = Arc::new(renewed);
        known.insert(from, Arc::clone(&renewed));
        Ok(renewed)
    }
}
