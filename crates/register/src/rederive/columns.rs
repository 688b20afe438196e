//! Facts of entries packed in blocks of some hundred, about 40 bytes an entry: what is known of each part by
//! ordinals, with where it came from, and what is needed to tell whether it would be the same today. Texts of the
//! record, its person and its rules are not in them. Derived from the ledger and rebuilt from it; the ledger is the
//! truth.
//!
//! Within a block each release, care unit and fact stands once, in a dictionary, so that a plan translates it once.
//! Records, episodes and units are named by the first eight bytes of a hash.

mod bytes;

use std::collections::HashMap;

use vardnav_classification::facts::SLOTS;
use vardnav_classification::{AxisIndex, FactSource};

use self::bytes::{UNIT_SIZE, known_size, release_size};
use crate::bytes::{DecodeError, Writer, days_from_date};
use crate::definition::Severity;
use crate::derived::{Derived, Part, PartDerived};
use crate::entry::{Entry, row_key};
use crate::finding::StoredFinding;
use crate::hash::sha256;
use crate::outcome::Outcome;
use crate::record::{Body, Principals, Record, RecordKind, Sex};

/// Most bytes of a block.
pub const BLOCK_BYTES_MAX: usize = 6 * 1024 + 512;
/// Most entries of a block.
pub const BLOCK_ENTRIES_MAX: usize = 128;

/// Most parts of an entry that are packed; one with more is derived from the ledger.
const PARTS_MAX: usize = 200;
/// Most different facts of a block.
const FACTS_MAX: usize = 4096;
const TAG_UNIT: u8 = 0x55;

/// A block of packed entries, in the order of their stream.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    base: i32,
    pub(super) releases: Vec<String>,
    pub(super) units: Vec<u64>,
    pub(super) known: Vec<Known>,
    entries: Vec<EntryColumn>,
    pub(super) parts: Vec<PartColumn>,
    pub(super) facts: Vec<u16>,
    /// How long its bytes are, but for the dictionaries' lengths.
    size: usize,
    places: HashMap<Known, u16>,
}

/// A fact: of an axis of a release, with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Known {
    pub(super) release: u8,
    pub(super) axis: AxisIndex,
    pub(super) source: FactSource,
    pub(super) values: u64,
}

/// A packed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryColumn {
    /// Kind of record.
    pub kind: RecordKind,
    /// Which record of the stream: the same for all its revisions.
    pub record: u64,
    /// Revision, from 1.
    pub revision: u32,
    /// Whether it was erased: then nothing else is known.
    pub erased: bool,
    /// Whether all that was derived of it is here. What is not is derived from the ledger.
    pub complete: bool,
    /// Whether it was held when it was taken, with a finding that holds.
    pub holds: bool,
    /// Whether it belongs to a delivery: then only the ledger knows whether it stands, and whether what it takes the
    /// place of does.
    pub delivered: bool,
    /// Legal sex.
    pub sex: Option<Sex>,
    /// Residence as SCB numbers it: a kommun's four digits, a region's two followed by `00`; 0 when it is unknown.
    pub residence: u16,
    /// The episode it names.
    pub episode: Option<u64>,
    /// Whether it states codes that maps may be asked about.
    pub has_codes: bool,
    /// Its care unit: 0 for none, else one more than the place among the block's.
    pub(super) unit: u16,
    /// Which roles of principals it states.
    pub(super) principals: u8,
    /// First date, and first date no longer included, in days since 1970-01-01.
    pub(super) interval: (i32, Option<i32>),
    pub(super) parts: (u32, u32),
}

/// A packed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartColumn {
    pub(super) part: Part,
    /// Days since 1970-01-01.
    pub(super) date: i32,
    /// Of a segment, the first date no longer included.
    pub(super) end: Option<i32>,
    /// Of a segment, its own unit.
    pub(super) unit: u16,
    pub(super) age: Option<u16>,
    pub(super) release: u8,
    pub(super) facts: (u32, u32),
}

/// Names a record within its stream, whatever its revision.
pub(super) fn record_hash(kind: RecordKind, id: &str) -> u64 {
    let key = row_key(kind, id, 0);
    u64::from_le_bytes(key.first_chunk().copied().unwrap_or_default())
}

/// Names a care unit.
pub fn unit_hash(hsa_id: &str) -> u64 {
    let hash = sha256(&[&[TAG_UNIT], hsa_id.as_bytes()]);
    u64::from_le_bytes(hash.first_chunk().copied().unwrap_or_default())
}

impl Columns {
    /// A block without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its entries in order.
    pub fn entries(&self) -> &[EntryColumn] {
        &self.entries
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Leaves so many entries at most, from the first.
    pub fn truncate(&mut self, entries: usize) {
        self.entries.truncate(entries);
    }

    /// Adds an entry, unless the block has no room for it: then it stays as it is and the answer is `false`. A block
    /// without entries has room for any, though what is known of a very large one is left out.
    ///
    /// # Errors
    /// [`DecodeError`] when the entry's content or derived bytes are not of their form.
    pub fn push(&mut self, entry: &Entry) -> Result<bool, DecodeError> {
        if self.len() >= BLOCK_ENTRIES_MAX {
            return Ok(false);
        }
        let header = &entry.header;
        let bare = EntryColumn {
            kind: header.kind,
            record: record_hash(header.kind, &header.id),
            revision: header.revision,
            erased: true,
            complete: true,
            holds: false,
            delivered: header.delivery.is_some(),
            sex: None,
            residence: 0,
            episode: None,
            has_codes: false,
            unit: 0,
            principals: 0,
            interval: (0, None),
            parts: (0, 0),
        };
        let (Some(record), Some((_, derived))) = (entry.record()?, entry.derived()?) else {
            return Ok(self.add(bare, &[], None));
        };
        let bare = EntryColumn {
            erased: false,
            complete: false,
            ..bare
        };
        if self.add(bare, &parts(&record, &derived), Some((&record, &derived))) {
            return Ok(true);
        }
        Ok(self.is_empty() && self.add(bare, &[], None))
    }

    /// Adds an entry of no record, or one that cannot be read, as if it were erased, so that those after it keep their
    /// places; `false` when the block has no room for it.
    pub fn push_nothing(&mut self) -> bool {
        let nothing = EntryColumn {
            kind: RecordKind::Contact,
            record: 0,
            revision: 0,
            erased: true,
            complete: true,
            holds: false,
            delivered: false,
            sex: None,
            residence: 0,
            episode: None,
            has_codes: false,
            unit: 0,
            principals: 0,
            interval: (0, None),
            parts: (0, 0),
        };
        self.len() < BLOCK_ENTRIES_MAX && self.add(nothing, &[], None)
    }

    /// Whether an entry, or a part of it, is of one of these care units.
    pub fn is_of_unit(&self, entry: &EntryColumn, is_meant: impl Fn(u64) -> bool) -> bool {
        let units = self
            .parts_of(entry)
            .iter()
            .map(|part| part.unit)
            .chain([entry.unit]);
        units.filter_map(|unit| self.unit_at(unit)).any(is_meant)
    }

    fn add(
        &mut self,
        mut entry: EntryColumn,
        parts: &[(&PartDerived, Option<i32>, Option<&str>)],
        of: Option<(&Record, &Derived)>,
    ) -> bool {
        let before = (
            self.releases.len(),
            self.units.len(),
            self.known.len(),
            self.parts.len(),
            self.facts.len(),
            self.size,
        );
        if let Some((record, derived)) = of {
            self.describe(&mut entry, record, derived);
        }
        let from = self.parts.len();
        let packed = parts.len() <= PARTS_MAX
            && parts
                .iter()
                .all(|(part, end, unit)| self.add_part(part, *end, *unit).is_some());
        if !packed {
            self.parts.truncate(from);
        }
        entry.complete = (packed && is_complete(of, parts.len())) || entry.erased;
        entry.parts = (number(from), number(self.parts.len()));
        if self.is_empty() {
            self.base = self.parts.first().map_or(0, |part| part.date);
        }
        let mut w = Writer::new();
        self.write_entry(&mut w, &entry);
        self.size += w.as_slice().len();
        if self.size + 64 <= BLOCK_BYTES_MAX {
            self.entries.push(entry);
            return true;
        }
        let (releases, units, known, parts, facts, size) = before;
        self.releases.truncate(releases);
        self.units.truncate(units);
        for gone in self.known.drain(known..) {
            self.places.remove(&gone);
        }
        self.parts.truncate(parts);
        self.facts.truncate(facts);
        self.size = size;
        false
    }

    fn describe(&mut self, entry: &mut EntryColumn, record: &Record, derived: &Derived) {
        entry.sex = derived.sex;
        let holds = |finding: &StoredFinding| finding.severity == Severity::Hold;
        entry.holds = derived.outcome == Outcome::Held && derived.findings.iter().any(holds);
        entry.residence = derived.residence.as_deref().map_or(0, residence_number);
        entry.principals = roles(&record.principals);
        entry.unit = record.unit.as_deref().map_or(0, |unit| self.unit(unit));
        let days = |date: &Option<_>| date.map(days_from_date);
        let episode = |id: &Option<String>| Some(record_hash(RecordKind::Episode, id.as_deref()?));
        entry.has_codes = record.states_codes();
        match &record.body {
            Body::Episode(episode) => {
                entry.interval = (days_from_date(episode.start), days(&episode.end));
            }
            Body::Contact(contact) => {
                entry.episode = episode(&contact.episode);
                entry.has_codes |= !contact.procedures.is_empty();
            }
            Body::MonitoringPeriod(period) => entry.episode = episode(&period.episode),
            Body::CareRequest(_) => {}
        }
    }

    /// `None` when there is no room in a dictionary.
    fn add_part(&mut self, part: &PartDerived, end: Option<i32>, unit: Option<&str>) -> Option<()> {
        let release = match self.releases.iter().position(|known| *known == part.release) {
            Some(at) => at,
            None => {
                self.size += release_size(&part.release);
                self.releases.push(part.release.clone());
                self.releases.len() - 1
            }
        };
        let release = u8::try_from(release).ok()?;
        let unit = unit.map_or(0, |unit| self.unit(unit));
        let from = self.facts.len();
        for axis in (0..SLOTS).filter_map(AxisIndex::new) {
            let Some(source) = part.facts.source(axis) else {
                continue;
            };
            let known = Known {
                release,
                axis,
                source,
                values: part.facts.values(axis),
            };
            let place = self.place(known)?;
            self.facts.push(place);
        }
        self.parts.push(PartColumn {
            part: part.part,
            date: days_from_date(part.date),
            end,
            unit,
            age: part.age,
            release,
            facts: (number(from), number(self.facts.len())),
        });
        Some(())
    }

    fn place(&mut self, known: Known) -> Option<u16> {
        if let Some(place) = self.places.get(&known) {
            return Some(*place);
        }
        let place = u16::try_from(self.known.len()).ok()?;
        if self.known.len() >= FACTS_MAX {
            return None;
        }
        self.size += known_size(&known);
        self.known.push(known);
        self.places.insert(known, place);
        Some(place)
    }

    fn unit(&mut self, hsa_id: &str) -> u16 {
        let hash = unit_hash(hsa_id);
        let at = match self.units.iter().position(|known| *known == hash) {
            Some(at) => at,
            None => {
                self.size += UNIT_SIZE;
                self.units.push(hash);
                self.units.len() - 1
            }
        };
        u16::try_from(at + 1).unwrap_or(0)
    }

    /// The hash of a unit by its place, as entries and parts hold it.
    pub(super) fn unit_at(&self, place: u16) -> Option<u64> {
        self.units.get(usize::from(place.checked_sub(1)?)).copied()
    }

    /// The parts of an entry.
    pub(super) fn parts_of(&self, entry: &EntryColumn) -> &[PartColumn] {
        let (from, to) = entry.parts;
        self.parts.get(from as usize..to as usize).unwrap_or(&[])
    }

    /// The facts of a part, by their places in the block's dictionary.
    pub(super) fn facts_of(&self, part: &PartColumn) -> &[u16] {
        let (from, to) = part.facts;
        self.facts.get(from as usize..to as usize).unwrap_or(&[])
    }
}

/// The parts that were derived, with the end and unit of segments.
fn parts<'a>(
    record: &'a Record,
    derived: &'a Derived,
) -> Vec<(&'a PartDerived, Option<i32>, Option<&'a str>)> {
    let of = |part: &'a PartDerived| match (&record.body, part.part) {
        (Body::Episode(episode), Part::Segment(index)) => {
            let segment = episode.segments.get(index);
            let end = segment.and_then(|segment| segment.end).map(days_from_date);
            (part, end, segment.and_then(|segment| segment.unit.as_deref()))
        }
        _ => (part, None, None),
    };
    derived.parts.iter().map(of).collect()
}

/// Whether every part that the record has was derived.
fn is_complete(of: Option<(&Record, &Derived)>, parts: usize) -> bool {
    of.is_some_and(|(record, _)| match &record.body {
        Body::Episode(episode) => episode.segments.len() == parts,
        Body::Contact(_) | Body::MonitoringPeriod(_) => parts == 1,
        Body::CareRequest(_) => parts == 0,
    })
}

/// Which roles are stated, as bits.
fn roles(principals: &Principals) -> u8 {
    let stated = principals.by_role();
    stated.iter().zip(0..).fold(0, |bits, ((_, holders), bit)| {
        bits | u8::from(!holders.is_empty()) << bit
    })
}

/// The bit of a role; `None` when there is no such role.
pub(super) fn role_bit(role: &str) -> Option<u8> {
    Some(match role {
        "responsible" => 1,
        "performing" => 2,
        "bed-owner" | "bed_owner" => 4,
        "payer" => 8,
        _ => return None,
    })
}

/// The number of a residence, as [`EntryColumn::residence`] has it.
fn residence_number(code: &str) -> u16 {
    let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
    let number: u16 = code.parse().ok().filter(|_| is_number).unwrap_or(0);
    match code.len() {
        4 if number >= 100 => number,
        2 => number * 100,
        _ => 0,
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
