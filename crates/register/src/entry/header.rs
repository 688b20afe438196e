//! Headers of the entries of records: what names an entry, and how it stands to the revisions before it.

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::record::RecordKind;

use super::{TAG_KEY, is_known};
use crate::hash::sha256;

/// What an entry does to its record. The numbers are stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Act {
    /// It reports the record.
    Report = 1,
    /// It withdraws the record.
    Withdrawal = 2,
}

/// The delivery that an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delivered {
    /// Position of the entry that opened the delivery, in the same stream.
    pub opened: u64,
    /// Whether the delivery is a test, so that the entry never becomes current.
    pub test: bool,
}

/// Names an entry and says when and under which release it was taken. Its position is not in it: the tree gives
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Version of the format: of the entry and of all bytes that its leaf commits to.
    pub version: u8,
    /// What the entry does.
    pub act: Act,
    /// The reporter whose stream holds it.
    pub reporter: String,
    /// What kind of record.
    pub kind: RecordKind,
    /// Id given by the reporter.
    pub id: String,
    /// Revision, from 1.
    pub revision: u32,
    /// The revision that it takes the place of when it becomes current; 0 for none, and when that one was withdrawn.
    /// Before version 3 it is the revision before.
    pub replaces: u32,
    /// The delivery it belongs to; `None` when it was reported on its own and is current from its position on.
    pub delivery: Option<Delivered>,
    /// When it was taken, in microseconds since 1970-01-01 UTC.
    pub received: i64,
    /// Id of the release in force on the record's date; empty for a withdrawal.
    pub release: String,
}

impl Header {
    /// Act, version and header, as they stand at the beginning of the entry and in the leaf.
    pub fn bytes(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(64);
        self.write(&mut w);
        w.into_bytes()
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.u8(self.act as u8);
        w.u8(self.version);
        w.str(&self.reporter);
        w.u8(self.kind as u8);
        w.str(&self.id);
        w.u32(self.revision);
        if has_standing(self.version) {
            w.u32(self.replaces);
            match self.delivery {
                None => w.u8(0),
                Some(Delivered { opened, test }) => {
                    w.u8(if test { 2 } else { 1 });
                    w.u64(opened);
                }
            }
        }
        w.i64(self.received);
        w.str(&self.release);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let act = match r.u8()? {
            1 => Act::Report,
            2 => Act::Withdrawal,
            _ => return Err(r.error(DecodeProblem::Tag)),
        };
        let version = r.u8()?;
        if !is_known(version) || act == Act::Withdrawal && !has_standing(version) {
            return Err(r.error(DecodeProblem::Version));
        }
        let reporter = r.string()?;
        let kind = RecordKind::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?;
        let id = r.string()?;
        let revision = r.u32()?;
        let (replaces, delivery) = match has_standing(version) {
            true => (r.u32()?, read_delivery(r)?),
            false => (revision.saturating_sub(1), None),
        };
        Ok(Self {
            version,
            act,
            reporter,
            kind,
            id,
            revision,
            replaces,
            delivery,
            received: r.i64()?,
            release: r.string()?,
        })
    }

    /// The key under which a store finds the entry in its reporter's stream. Entries of test deliveries have keys of
    /// their own, so that they are never found as revisions.
    pub fn key(&self) -> [u8; 16] {
        match self.delivery {
            Some(Delivered { opened, test: true }) => test_key(opened, self.kind, &self.id, self.revision),
            _ => row_key(self.kind, &self.id, self.revision),
        }
    }
}

/// Whether headers of a version say what they take the place of and which delivery they belong to.
fn has_standing(version: u8) -> bool {
    version >= 3
}

fn read_delivery(r: &mut Reader<'_>) -> Result<Option<Delivered>, DecodeError> {
    let test = match r.u8()? {
        0 => return Ok(None),
        1 => false,
        2 => true,
        _ => return Err(r.error(DecodeProblem::Tag)),
    };
    let opened = r.u64()?;
    Ok(Some(Delivered { opened, test }))
}

/// The key under which a store finds one revision of one record in its reporter's stream.
pub fn row_key(kind: RecordKind, id: &str, revision: u32) -> [u8; 16] {
    let hash = sha256(&[&[TAG_KEY, kind as u8], &revision.to_le_bytes(), id.as_bytes()]);
    hash.first_chunk().copied().unwrap_or_default()
}

/// The key of one revision of one record within the test delivery that was opened at a position.
pub fn test_key(opened: u64, kind: RecordKind, id: &str, revision: u32) -> [u8; 16] {
    let hash = sha256(&[
        &[TAG_KEY, 0x80, kind as u8],
        &opened.to_le_bytes(),
        &revision.to_le_bytes(),
        id.as_bytes(),
    ]);
    hash.first_chunk().copied().unwrap_or_default()
}
