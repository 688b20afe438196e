//! The entries that frame a delivery: its opening, notes of the records that are the same as before, its closing.
//! Nothing of them is secret: the leaf is SHA-256(0x00 ‖ the whole entry).

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::entry::{TAG_KEY, TAG_LEAF, VERSION, is_known};
use crate::hash::{Hash, sha256};

use super::period::{Month, PERIODS_MAX};

/// The first version that has these entries.
const FIRST: u8 = 3;
/// Most positions of a note that are read.
const POSITIONS_MAX: usize = 1 << 20;

/// In which window of its periods a delivery was opened. The numbers are stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Window {
    /// Up to the deadline.
    Primary = 1,
    /// After the deadline, while the periods are still resubmitted.
    Refresh = 2,
    /// After the periods were locked, by an exception.
    Exception = 3,
}

impl Window {
    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Refresh => "refresh",
            Self::Exception => "exception",
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::Primary, Self::Refresh, Self::Exception]
            .into_iter()
            .find(|window| *window as u8 == number)
    }
}

/// The entry that opens a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Version of the format.
    pub version: u8,
    /// The reporter whose stream holds it.
    pub reporter: String,
    /// Number of the delivery among the reporter's, from 1.
    pub number: u32,
    /// When it was opened, in microseconds since 1970-01-01 UTC.
    pub received: i64,
    /// The register it is for.
    pub register: String,
    /// The periods that it states in full, rising.
    pub periods: Vec<Month>,
    /// Whether it is a test: answered and receipted, and never current.
    pub test: bool,
    /// The window it was opened in.
    pub window: Window,
    /// Numbers of the deliveries whose periods it states again, rising.
    pub replaces: Vec<u32>,
    /// Who opened it.
    pub by: String,
}

/// The entry that notes which records of a delivery are the same as before: by the positions of the entries that hold
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNote {
    /// Version of the format.
    pub version: u8,
    /// The reporter whose stream holds it.
    pub reporter: String,
    /// Position of the delivery's opening.
    pub opened: u64,
    /// Positions of the entries that hold the records, rising.
    pub positions: Vec<u64>,
}

/// The entry that ends a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Version of the format.
    pub version: u8,
    /// The reporter whose stream holds it.
    pub reporter: String,
    /// Number of the delivery.
    pub number: u32,
    /// When it was closed, in microseconds since 1970-01-01 UTC.
    pub received: i64,
    /// Position of its opening.
    pub opened: u64,
    /// How it ended.
    pub end: End,
    /// Who closed it.
    pub by: String,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Its records became current together.
    Current(Counts),
    /// It was a test: this is what it would have done.
    Tested(Counts),
    /// It was given up.
    Abandoned,
}

/// What a delivery holds against what its periods held before, in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The same as before.
    pub kept: u64,
    /// Not there before.
    pub new: u64,
    /// There before with other content.
    pub changed: u64,
    /// There before, and not in the delivery: withdrawn with it.
    pub gone: u64,
}

impl End {
    /// Whether the delivery's entries became current with it.
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Current(_))
    }

    /// What was counted; `None` when it was given up.
    pub fn counts(&self) -> Option<Counts> {
        match self {
            Self::Current(counts) | Self::Tested(counts) => Some(*counts),
            Self::Abandoned => None,
        }
    }

    fn write(&self, w: &mut Writer) {
        w.u8(match self {
            Self::Current(_) => 1,
            Self::Tested(_) => 2,
            Self::Abandoned => 3,
        });
        if let Some(counts) = self.counts() {
            for count in [counts.kept, counts.new, counts.changed, counts.gone] {
                w.u64(count);
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tag = r.u8()?;
        let mut counts = || {
            Ok(Counts {
                kept: r.u64()?,
                new: r.u64()?,
                changed: r.u64()?,
                gone: r.u64()?,
            })
        };
        match tag {
            1 => counts().map(Self::Current),
            2 => counts().map(Self::Tested),
            3 => Ok(Self::Abandoned),
            _ => Err(r.error(DecodeProblem::Tag)),
        }
    }
}

impl Opening {
    pub(crate) const KIND: u8 = 3;

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = begin(Self::KIND, self.version, &self.reporter);
        w.u32(self.number);
        w.i64(self.received);
        w.str(&self.register);
        w.seq(&self.periods, |w, month| w.i32(month.number()));
        w.flag(self.test);
        w.u8(self.window as u8);
        w.seq(&self.replaces, |w, number| w.u32(*number));
        w.str(&self.by);
        w.into_bytes()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let (version, reporter) = head(&mut r, Self::KIND)?;
        let opening = Self {
            version,
            reporter,
            number: r.u32()?,
            received: r.i64()?,
            register: r.string()?,
            periods: r.seq(PERIODS_MAX, |r| {
                Month::from_number(r.i32()?).ok_or_else(|| r.error(DecodeProblem::Date))
            })?,
            test: r.flag()?,
            window: Window::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?,
            replaces: r.seq(POSITIONS_MAX, Reader::u32)?,
            by: r.string()?,
        };
        rising(&r, &opening.periods)?;
        rising(&r, &opening.replaces)?;
        r.finish()?;
        Ok(opening)
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        leaf(&self.encode())
    }

    /// The key under which a store finds it.
    pub fn key(&self) -> [u8; 16] {
        opening_key(self.number)
    }
}

impl KeptNote {
    pub(crate) const KIND: u8 = 6;

    /// A note in the newest version.
    pub fn new(reporter: &str, opened: u64, mut positions: Vec<u64>) -> Self {
        positions.sort_unstable();
        positions.dedup();
        Self {
            version: VERSION,
            reporter: reporter.to_owned(),
            opened,
            positions,
        }
    }

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = begin(Self::KIND, self.version, &self.reporter);
        w.u64(self.opened);
        let mut before = 0;
        w.seq(&self.positions, |w, position| {
            w.varint(position.wrapping_sub(before));
            before = *position;
        });
        w.into_bytes()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let (version, reporter) = head(&mut r, Self::KIND)?;
        let opened = r.u64()?;
        let mut before = 0_u64;
        let positions = r.seq(POSITIONS_MAX, |r| {
            let step = r.varint()?;
            before = before
                .checked_add(step)
                .ok_or_else(|| r.error(DecodeProblem::TooLong))?;
            Ok(before)
        })?;
        rising(&r, &positions)?;
        r.finish()?;
        Ok(Self {
            version,
            reporter,
            opened,
            positions,
        })
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        leaf(&self.encode())
    }

    /// The key under which a store keeps it; it is not looked for.
    pub fn key(&self) -> [u8; 16] {
        let first = self.positions.first().copied().unwrap_or_default();
        key(
            Self::KIND,
            &[self.opened.to_le_bytes(), first.to_le_bytes()].concat(),
        )
    }
}

impl Closing {
    pub(crate) const KIND: u8 = 4;

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = begin(Self::KIND, self.version, &self.reporter);
        w.u32(self.number);
        w.i64(self.received);
        w.u64(self.opened);
        self.end.write(&mut w);
        w.str(&self.by);
        w.into_bytes()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let (version, reporter) = head(&mut r, Self::KIND)?;
        let closing = Self {
            version,
            reporter,
            number: r.u32()?,
            received: r.i64()?,
            opened: r.u64()?,
            end: End::read(&mut r)?,
            by: r.string()?,
        };
        r.finish()?;
        Ok(closing)
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        leaf(&self.encode())
    }

    /// The key under which a store finds it.
    pub fn key(&self) -> [u8; 16] {
        closing_key(self.opened)
    }
}

/// The key of the opening of a reporter's delivery with this number.
pub fn opening_key(number: u32) -> [u8; 16] {
    key(Opening::KIND, &number.to_le_bytes())
}

/// The key of the closing of the delivery that was opened at a position.
pub fn closing_key(opened: u64) -> [u8; 16] {
    key(Closing::KIND, &opened.to_le_bytes())
}

fn key(kind: u8, of: &[u8]) -> [u8; 16] {
    let hash = sha256(&[&[TAG_KEY, 0x81, kind], of]);
    hash.first_chunk().copied().unwrap_or_default()
}

fn leaf(bytes: &[u8]) -> Hash {
    sha256(&[&[TAG_LEAF], bytes])
}

fn begin(kind: u8, version: u8, reporter: &str) -> Writer {
    let mut w = Writer::with_capacity(128);
    w.u8(kind);
    w.u8(version);
    w.str(reporter);
    w
}

fn head(r: &mut Reader<'_>, kind: u8) -> Result<(u8, String), DecodeError> {
    if r.u8()? != kind {
        return Err(r.error(DecodeProblem::Tag));
    }
    let version = r.u8()?;
    if version < FIRST || !is_known(version) {
        return Err(r.error(DecodeProblem::Version));
    }
    Ok((version, r.string()?))
}

fn rising<T: PartialOrd>(r: &Reader<'_>, items: &[T]) -> Result<(), DecodeError> {
    match items.is_sorted_by(|one, next| one < next) {
        true => Ok(()),
        false => Err(r.error(DecodeProblem::NotCanonical)),
    }
}
