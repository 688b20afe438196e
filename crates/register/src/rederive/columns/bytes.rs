//! The bytes of a block: dictionaries, then the entries one after another, dates as their distance from that of the
//! first part.

use vardnav_classification::AxisIndex;
use vardnav_classification::facts::{SLOTS, VALUES_MAX};

use super::{
    BLOCK_BYTES_MAX, BLOCK_ENTRIES_MAX, Columns, EntryColumn, FACTS_MAX, Known, PARTS_MAX, PartColumn, number,
};
use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::derived::{Part, source_from_number, source_number};
use crate::record::{RecordKind, Sex};

/// The version of the format.
const VERSION: u8 = 1;

impl Columns {
    /// The bytes of the block, at most [`BLOCK_BYTES_MAX`].
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(BLOCK_BYTES_MAX);
        w.u8(VERSION);
        w.i32(self.base);
        w.seq(&self.releases, |w, release| w.str(release));
        w.seq(&self.units, |w, unit| w.u64(*unit));
        w.seq(&self.known, write_known);
        w.varint(self.entries.len() as u64);
        for entry in &self.entries {
            self.write_entry(&mut w, entry);
        }
        w.into_bytes()
    }

    pub(super) fn write_entry(&self, w: &mut Writer, entry: &EntryColumn) {
        let flag = |set: bool, bit: u8| u8::from(set) << bit;
        w.u8(kind_bits(entry.kind)
            | flag(entry.erased, 2)
            | flag(entry.complete, 3)
            | flag(entry.has_codes, 4)
            | flag(entry.episode.is_some(), 5)
            | entry.sex.map_or(0, |sex| sex as u8) << 6);
        w.u64(entry.record);
        w.varint(u64::from(entry.revision) << 2 | u64::from(entry.delivered) << 1 | u64::from(entry.holds));
        if entry.erased {
            return;
        }
        w.u16(entry.residence);
        w.varint(entry.unit.into());
        w.u8(entry.principals);
        if let Some(episode) = entry.episode {
            w.u64(episode);
        }
        if entry.kind == RecordKind::Episode {
            write_days(w, entry.interval.0, self.base);
            w.option(entry.interval.1, |w, end| write_days(w, end, self.base));
        }
        let parts = self.parts_of(entry);
        w.varint(parts.len() as u64);
        for part in parts {
            if let Part::Segment(index) = part.part {
                w.varint(index as u64);
                w.option(part.end, |w, end| write_days(w, end, self.base));
                w.varint(part.unit.into());
            }
            write_days(w, part.date, self.base);
            w.varint(part.age.map_or(0, |age| u64::from(age) + 1));
            w.u8(part.release);
            let facts = self.facts_of(part);
            w.varint(facts.len() as u64);
            for fact in facts {
                w.varint((*fact).into());
            }
        }
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] when the version is not known or the bytes are not of its form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let mut columns = Self {
            base: r.i32()?,
            releases: r.seq(usize::from(u8::MAX), Reader::string)?,
            units: r.seq(BLOCK_BYTES_MAX, Reader::u64)?,
            known: r.seq(FACTS_MAX, read_known)?,
            ..Self::default()
        };
        columns.size = columns.dictionaries();
        for _ in 0..r.count(BLOCK_ENTRIES_MAX)? {
            let from = r.position();
            let entry = columns.read_entry(&mut r)?;
            columns.size += r.position() - from;
            columns.entries.push(entry);
        }
        r.finish()?;
        Ok(columns)
    }

    /// The room that the dictionaries take, reckoned as when facts are added, so that a block which was read is cut
    /// where one that was never written would be.
    fn dictionaries(&self) -> usize {
        let releases = self.releases.iter().map(|release| release_size(release));
        let known = self.known.iter().map(known_size);
        releases.chain(known).sum::<usize>() + self.units.len() * UNIT_SIZE
    }

    /// Lets a block that was read take further entries.
    #[must_use]
    pub fn reopened(mut self) -> Self {
        self.places = self.known.iter().copied().zip(0..).collect();
        self
    }

    fn read_entry(&mut self, r: &mut Reader<'_>) -> Result<EntryColumn, DecodeError> {
        let flags = r.u8()?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let tag = |r: &Reader<'_>| r.error(DecodeProblem::Tag);
        let kind = kind_of_bits(flags & 0b11).ok_or_else(|| tag(r))?;
        let mut entry = EntryColumn {
            kind,
            erased: has(2),
            complete: has(3),
            has_codes: has(4),
            sex: match flags >> 6 {
                0 => None,
                1 => Some(Sex::Female),
                2 => Some(Sex::Male),
                _ => return Err(tag(r)),
            },
            record: r.u64()?,
            revision: 0,
            holds: false,
            delivered: false,
            residence: 0,
            unit: 0,
            principals: 0,
            episode: None,
            interval: (0, None),
            parts: (0, 0),
        };
        let revision = r.varint()?;
        entry.revision = u32::try_from(revision >> 2).map_err(|_| tag(r))?;
        entry.delivered = revision >> 1 & 1 == 1;
        entry.holds = revision & 1 == 1;
        if entry.erased {
            return Ok(entry);
        }
        entry.residence = r.u16()?;
        entry.unit = self.read_unit(r)?;
        entry.principals = r.u8()?;
        if has(5) {
            entry.episode = Some(r.u64()?);
        }
        if kind == RecordKind::Episode {
            let base = self.base;
            entry.interval = (read_days(r, base)?, r.option(|r| read_days(r, base))?);
        }
        let from = number(self.parts.len());
        for _ in 0..r.count(PARTS_MAX)? {
            let part = self.read_part(r, kind)?;
            self.parts.push(part);
        }
        entry.parts = (from, number(self.parts.len()));
        Ok(entry)
    }

    fn read_part(&mut self, r: &mut Reader<'_>, kind: RecordKind) -> Result<PartColumn, DecodeError> {
        let tag = |r: &Reader<'_>| r.error(DecodeProblem::Tag);
        let base = self.base;
        let (part, end, unit) = match kind {
            RecordKind::Contact => (Part::Contact, None, 0),
            RecordKind::MonitoringPeriod => (Part::MonitoringPeriod, None, 0),
            RecordKind::Episode => (
                Part::Segment(usize::try_from(r.varint()?).map_err(|_| tag(r))?),
                r.option(|r| read_days(r, base))?,
                self.read_unit(r)?,
            ),
            // It has no parts.
            RecordKind::CareRequest => return Err(tag(r)),
        };
        let date = read_days(r, base)?;
        let age = match r.varint()?.checked_sub(1) {
            None => None,
            Some(age) => Some(u16::try_from(age).map_err(|_| tag(r))?),
        };
        let release = r.u8()?;
        if usize::from(release) >= self.releases.len() {
            return Err(tag(r));
        }
        let from = number(self.facts.len());
        for _ in 0..r.count(SLOTS)? {
            let place = r.varint()?;
            let place = u16::try_from(place).map_err(|_| tag(r))?;
            if usize::from(place) >= self.known.len() {
                return Err(tag(r));
            }
            self.facts.push(place);
        }
        Ok(PartColumn {
            part,
            date,
            end,
            unit,
            age,
            release,
            facts: (from, number(self.facts.len())),
        })
    }

    fn read_unit(&self, r: &mut Reader<'_>) -> Result<u16, DecodeError> {
        let place = u16::try_from(r.varint()?).map_err(|_| r.error(DecodeProblem::Tag))?;
        match usize::from(place) <= self.units.len() {
            true => Ok(place),
            false => Err(r.error(DecodeProblem::Tag)),
        }
    }
}

/// The two bits of a kind: its number, and none of them for the fourth.
fn kind_bits(kind: RecordKind) -> u8 {
    kind as u8 & 0b11
}

fn kind_of_bits(bits: u8) -> Option<RecordKind> {
    match bits {
        0 => Some(RecordKind::CareRequest),
        number => RecordKind::from_number(number),
    }
}

/// The room that a care unit takes among a block's.
pub(super) const UNIT_SIZE: usize = 8;

/// The room that a release takes among a block's.
pub(super) fn release_size(release: &str) -> usize {
    release.len() + 2
}

/// The room that a fact takes among a block's.
pub(super) fn known_size(known: &Known) -> usize {
    let mut w = Writer::new();
    write_known(&mut w, known);
    w.as_slice().len()
}

fn write_known(w: &mut Writer, known: &Known) {
    w.u8(known.release);
    w.u8(known.axis.position() as u8);
    w.u8(source_number(known.source));
    w.varint(known.values);
}

fn read_known(r: &mut Reader<'_>) -> Result<Known, DecodeError> {
    let known = Known {
        release: r.u8()?,
        axis: AxisIndex::new(usize::from(r.u8()?)).ok_or_else(|| r.error(DecodeProblem::Tag))?,
        source: source_from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?,
        values: r.varint()?,
    };
    match known.values >> VALUES_MAX {
        0 => Ok(known),
        _ => Err(r.error(DecodeProblem::Tag)),
    }
}

/// Days as their distance from a base, small whichever way.
fn write_days(w: &mut Writer, days: i32, base: i32) {
    let distance = i64::from(days) - i64::from(base);
    w.varint((distance << 1 ^ distance >> 63).cast_unsigned());
}

fn read_days(r: &mut Reader<'_>, base: i32) -> Result<i32, DecodeError> {
    let folded = r.varint()?;
    let distance = (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed());
    let days = distance
        .checked_add(base.into())
        .and_then(|days| i32::try_from(days).ok());
    days.ok_or_else(|| r.error(DecodeProblem::Date))
}
