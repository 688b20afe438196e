//! What the other entries of a stream say that bears on one of them: the episode that a contact names, with what its
//! segments give under a plan, and whether a later revision took an entry's place. Bounded: what there is no room for
//! is not known, and whoever needs it goes to the ledger.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;

use super::columns::EntryColumn;
use super::units::covers;

/// Stands for a table that gives a segment no value.
pub(super) const NO_VALUE: u8 = u8::MAX;

/// Stands for a latest revision that is not known; no entry has it.
const UNSURE: u32 = u32::MAX;

/// Most items that are known unless stated otherwise: some hundred megabytes.
const ITEMS_MAX: usize = 4_000_000;

/// What is known of a stream under a plan.
#[derive(Debug)]
pub struct Episodes {
    episodes: HashMap<u64, EpisodeColumn>,
    segments: Vec<SegmentColumn>,
    /// Of each segment, the values that its tables give to what it covers.
    given: Vec<u8>,
    /// Latest revisions of the records that were revised.
    latest: HashMap<u64, u32>,
    room: usize,
    is_full: bool,
}

/// An episode as its latest revision has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct EpisodeColumn {
    revision: u32,
    /// Where that revision stands in the stream.
    pub(super) position: u64,
    /// Whether what follows is certain; else the ledger knows.
    pub(super) is_known: bool,
    pub(super) interval: (i32, Option<i32>),
    pub(super) unit: Option<u64>,
    pub(super) roles: u8,
    segments: (u32, u32),
}

/// A segment of an episode.
#[derive(Debug, Clone, Copy)]
pub(super) struct SegmentColumn {
    pub(super) interval: (i32, Option<i32>),
    /// Its own unit, or the episode's.
    pub(super) unit: Option<u64>,
}

/// What stands for an episode that a record names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named<'a> {
    /// There is no such episode in the stream.
    Nothing,
    /// It is not certain what the episode gives.
    Unsure,
    /// The episode.
    Known(&'a EpisodeColumn),
}

impl Default for Episodes {
    fn default() -> Self {
        Self::with_room(ITEMS_MAX)
    }
}

impl Episodes {
    /// Nothing known yet, with room for so many episodes, segments and revised records together.
    pub fn with_room(room: usize) -> Self {
        Self {
            episodes: HashMap::new(),
            segments: Vec::new(),
            given: Vec::new(),
            latest: HashMap::new(),
            room,
            is_full: false,
        }
    }

    /// Whether an entry is the latest revision of its record. `None` when that is not known, as of a record with revisions
    /// of deliveries.
    pub fn is_latest(&self, entry: &EntryColumn) -> Option<bool> {
        match self.latest.get(&entry.record) {
            Some(&UNSURE) => None,
            Some(latest) => Some(*latest == entry.revision),
            None if self.is_full => None,
            None => Some(true),
        }
    }

    /// Takes note of a revision after the first, or of a delivery.
    pub(super) fn revise(&mut self, entry: &EntryColumn) {
        let room = self.has_room(1);
        let revision = if entry.delivered { UNSURE } else { entry.revision };
        match self.latest.entry(entry.record) {
            Place::Occupied(mut latest) => {
                let latest = latest.get_mut();
                *latest = revision.max(*latest);
            }
            Place::Vacant(place) if room => {
                place.insert(revision);
            }
            Place::Vacant(_) => self.is_full = true,
        }
    }

    /// Takes an episode in, unless a later revision of it is there. Without `segments` it is there, but what it gives
    /// is not known.
    pub(super) fn take(
        &mut self,
        (entry, position): (&EntryColumn, u64),
        unit: Option<u64>,
        segments: Option<&[(SegmentColumn, &[u8])]>,
    ) {
        let segments = segments.filter(|segments| self.has_room(segments.len() + 1));
        if !self.has_room(1) && !self.episodes.contains_key(&entry.record) {
            self.is_full = true;
            return;
        }
        if self
            .episodes
            .get(&entry.record)
            .is_some_and(|known| known.revision > entry.revision)
        {
            return;
        }
        let from = number(self.segments.len());
        for (segment, given) in segments.unwrap_or_default() {
            self.segments.push(*segment);
            self.given.extend_from_slice(given);
        }
        let episode = EpisodeColumn {
            revision: entry.revision,
            position,
            is_known: segments.is_some(),
            interval: entry.interval,
            unit,
            roles: entry.principals,
            segments: (from, number(self.segments.len())),
        };
        self.episodes.insert(entry.record, episode);
    }

    /// The episode of a name, as a record at a position needs it: one that was revised after the record was taken is
    /// not the one that gave it its facts.
    pub(super) fn named(&self, episode: u64, position: u64) -> Named<'_> {
        match self.episodes.get(&episode) {
            Some(known) if known.is_known && known.position < position => Named::Known(known),
            Some(_) => Named::Unsure,
            None if self.is_full => Named::Unsure,
            None => Named::Nothing,
        }
    }

    /// The segment of an episode that covers a date, and what its tables give. `tables` is how many give something.
    pub(super) fn covering(
        &self,
        episode: &EpisodeColumn,
        date: i32,
        tables: usize,
    ) -> Option<(&SegmentColumn, &[u8])> {
        let (from, to) = (episode.segments.0 as usize, episode.segments.1 as usize);
        let segments = self.segments.get(from..to)?;
        let at = segments
            .iter()
            .position(|segment| covers(segment.interval, date))?;
        let given = (from + at) * tables;
        Some((segments.get(at)?, self.given.get(given..given + tables)?))
    }

    fn has_room(&self, more: usize) -> bool {
        self.episodes.len() + self.segments.len() + self.latest.len() + more <= self.room
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
