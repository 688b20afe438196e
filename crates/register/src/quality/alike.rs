//! Contacts that are alike: the same person, care unit, date, professions and derived values under different ids. Whether
//! a record is such a one depends on all others, so it is not said when the record is taken but when it is asked for.
//!
//! Each contact that becomes current leaves a [`Mark`] of fixed size in its month, and so does each that no longer is.
//! Marks of a month fill [`Blocks`] in the order in which entries become current, so that a stream followed in whatever
//! pieces gives the same blocks, and following costs an append and no look-up. [`Gathered`] finds the marks that stand and
//! share a digest. A digest tells nothing of a person, whose key is random.

use std::collections::BTreeMap;

use super::row;
use crate::bytes::{DecodeError, DecodeProblem, Reader};
use crate::delivery::Month;
use crate::derived::Derived;
use crate::identity::PersonKey;
use crate::record::{Body, Record};
use crate::validate::contact_key;

/// Bytes of a mark.
pub const MARK: usize = 14;
/// Marks of a full block, which stays within what a row may hold.
pub const BLOCK: usize = 400;
/// Marks gathered at once: more of a month are gone through in several rounds.
pub const GATHERED_MAX: u64 = 2_000_000;

const GONE: u8 = 0x80;
const HELD: u8 = 0x40;
const DAY: u8 = 0x1f;

/// What a contact is told apart by in its month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likeness {
    /// The beginning of its [`contact_key`].
    pub digest: u64,
    /// Day of the month.
    pub day: u8,
}

impl Likeness {
    /// That of a record; `None` when it is no contact.
    pub fn of(record: &Record, person: PersonKey, derived: &Derived) -> Option<Self> {
        let Body::Contact(contact) = &record.body else {
            return None;
        };
        let key = contact_key(record, person, derived)?;
        Some(Self {
            digest: u64::from_be_bytes(*key.first_chunk()?),
            day: u8::try_from(contact.date.day()).ok()?,
        })
    }
}

/// That a contact became current, or no longer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What it is told apart by.
    pub likeness: Likeness,
    /// Position of its entry in the reporter's stream: below 2^40.
    pub position: u64,
    /// Whether some derived value waits.
    pub held: bool,
    /// Whether it no longer is current.
    pub gone: bool,
}

impl Mark {
    /// Its bytes: the digest, the day with the two flags above it, the position.
    pub fn encode(&self) -> [u8; MARK] {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let [_, _, _, p0, p1, p2, p3, p4] = self.position.to_be_bytes();
        let [d0, d1, d2, d3, d4, d5, d6, d7] = self.likeness.digest.to_be_bytes();
        let day = self.likeness.day & DAY | flag(self.gone, GONE) | flag(self.held, HELD);
        [d0, d1, d2, d3, d4, d5, d6, d7, day, p0, p1, p2, p3, p4]
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8; MARK]) -> Self {
        let [d0, d1, d2, d3, d4, d5, d6, d7, day, p0, p1, p2, p3, p4] = *bytes;
        Self {
            likeness: Likeness {
                digest: u64::from_be_bytes([d0, d1, d2, d3, d4, d5, d6, d7]),
                day: day & DAY,
            },
            position: u64::from_be_bytes([0, 0, 0, p0, p1, p2, p3, p4]),
            held: day & HELD != 0,
            gone: day & GONE != 0,
        }
    }
}

/// The key of a block of a reporter's month. Later blocks of a month come first, so that the one to go on with is found
/// at once.
pub fn block_key(reporter: &str, month: Month, number: u32) -> Vec<u8> {
    let mut key = months_from(reporter, month);
    key.extend((u32::MAX - number).to_be_bytes());
    key
}

/// What the keys of the blocks of a reporter's month begin with; those of later months come after.
pub fn months_from(reporter: &str, month: Month) -> Vec<u8> {
    let mut key = row::end(reporter);
    key.extend(month.number().to_be_bytes());
    key
}

/// The number of the block with a key that begins as [`months_from`] says.
pub fn number_of(key: &[u8]) -> Option<u32> {
    let number = key.last_chunk::<4>()?;
    Some(u32::MAX - u32::from_be_bytes(*number))
}

/// How many marks a month has whose last block is this one.
pub fn marks_of(number: u32, block: &[u8]) -> u64 {
    u64::from(number) * BLOCK as u64 + (block.len() / MARK) as u64
}

/// The end of a month's blocks while marks are added.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    number: u32,
    last: Vec<u8>,
    full: BTreeMap<u32, Vec<u8>>,
}

impl Blocks {
    /// Goes on with the last block of a month.
    pub fn after(number: u32, last: Vec<u8>) -> Self {
        Self {
            number,
            last,
            full: BTreeMap::new(),
        }
    }

    /// Adds a mark.
    pub fn push(&mut self, mark: &Mark) {
        if self.last.len() >= BLOCK * MARK {
            let full = std::mem::take(&mut self.last);
            self.full.insert(self.number, full);
            self.number = self.number.saturating_add(1);
        }
        self.last.extend(mark.encode());
    }

    /// The blocks that were begun or gone on with, by number.
    pub fn into_changed(mut self) -> BTreeMap<u32, Vec<u8>> {
        self.full.insert(self.number, self.last);
        self.full
    }
}

/// The marks of a month, or of a share of its digests.
#[derive(Debug)]
pub struct Gathered {
    shares: u64,
    share: u64,
    marks: Vec<Mark>,
}

impl Gathered {
    /// How many shares a month with so many marks is gone through in.
    pub fn shares(marks: u64) -> u64 {
        marks.div_ceil(GATHERED_MAX).max(1)
    }

    /// Gathers a share of `shares`, counted from 0.
    pub fn new(share: u64, shares: u64) -> Self {
        Self {
            shares: shares.max(1),
            share,
            marks: Vec::new(),
        }
    }

    /// Takes in the marks of a block.
    ///
    /// # Errors
    /// [`DecodeError`] when it is none.
    pub fn take(&mut self, block: &[u8]) -> Result<(), DecodeError> {
        let (marks, rest) = block.as_chunks::<MARK>();
        if !rest.is_empty() {
            return Err(Reader::new(rest).error(DecodeProblem::TooLong));
        }
        let marks = marks.iter().map(Mark::decode);
        let (share, shares) = (self.share, self.shares);
        self.marks
            .extend(marks.filter(|mark| mark.likeness.digest % shares == share));
        Ok(())
    }

    /// The contacts that stand and are alike, by two and more; by their first position, and so within.
    pub fn alike(self) -> Vec<Vec<Mark>> {
        let mut marks = self.marks;
        marks.sort_unstable_by_key(|mark| (mark.likeness.digest, mark.position));
        let mut groups: Vec<Vec<Mark>> = Vec::new();
        for of_digest in marks.chunk_by(|one, other| one.likeness.digest == other.likeness.digest) {
            if of_digest.len() < 2 {
                continue;
            }
            let entries = of_digest.chunk_by(|one, other| one.position == other.position);
            let stand = entries.filter(|marks| {
                let gone = marks.iter().filter(|mark| mark.gone).count();
                marks.len() > 2 * gone
            });
            let stand = stand.filter_map(|marks| marks.first());
            let stand: Vec<Mark> = stand.map(|mark| Mark { gone: false, ..*mark }).collect();
            if stand.len() > 1 {
                groups.push(stand);
            }
        }
        groups.sort_unstable_by_key(|group| group.first().map(|mark| mark.position));
        groups
    }
}
