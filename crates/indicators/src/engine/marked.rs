//! A part as it is kept for counting: where it stands to each measure as far as it tells by itself, and what it is
//! broken down by. Its bytes have a version and are by the ordinals of one [`Engine`](super::Engine): they mean nothing
//! to an engine of other definitions.

use jiff::civil::Date;
use vardnav_register::bytes::{DecodeError, Reader, Writer};
use vardnav_register::record::Sex;

use super::truth::{BITS, Bits, Truth};
use crate::cube::Residence;
use crate::measure::Part;

/// First byte: the form of the rest.
const FORMAT: u8 = 1;

/// Most columns that a part may have.
pub(super) const COLUMNS_MAX: usize = 32;

/// Most numbers of a part.
const NUMBERS_MAX: usize = 4;

/// The values of a part in a column, by the engine's ordinals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Column {
    /// Whether anything is known.
    pub(super) is_known: bool,
    /// Values that hold; none when the column does not apply.
    pub(super) values: u64,
    /// Values that may hold besides. None where nothing is known.
    pub(super) possible: u64,
}

/// A part that was marked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marked {
    pub(super) start: Date,
    pub(super) end: Option<Date>,
    pub(super) kind: Part,
    pub(super) residence: Residence,
    pub(super) sex: Option<Sex>,
    pub(super) age: Option<u16>,
    /// Measures whose conditions hold, those on other parts left out.
    pub(super) holds: Bits,
    /// Measures of which that is not known. Never in `holds`.
    pub(super) undecided: Bits,
    /// The values in each column.
    pub(super) columns: Vec<Column>,
    /// The part's numbers, in their order.
    pub(super) numbers: Vec<Option<u64>>,
}

/// Bytes that are no marked part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a marked part")]
pub struct NotMarked;

impl Marked {
    /// Which kind it is.
    pub fn kind(&self) -> Part {
        self.kind
    }

    /// Its first date.
    pub fn start(&self) -> Date {
        self.start
    }

    /// First date no longer included, or on which it ended; `None` while it is open.
    pub fn end(&self) -> Option<Date> {
        self.end
    }

    /// Where it is counted.
    pub fn residence(&self) -> Residence {
        self.residence
    }

    /// Whether no measure can count it, whatever other parts there are, and it has no value in any breakdown: it need
    /// not be kept.
    pub fn is_idle(&self) -> bool {
        let is_empty = |column: &Column| column.is_known && column.values == 0;
        self.holds.is_empty() && self.undecided.is_empty() && self.columns.iter().all(is_empty)
    }

    /// Where it stands to a measure, conditions on other parts left out.
    pub(super) fn truth(&self, measure: usize) -> Truth {
        match (self.holds.contains(measure), self.undecided.contains(measure)) {
            (true, _) => Truth::True,
            (_, true) => Truth::Unknown,
            _ => Truth::False,
        }
    }

    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(48);
        w.u8(FORMAT);
        w.u8(kind_byte(self.kind));
        let sex = self.sex.map_or(0, |sex| sex as u8);
        w.u8(sex | u8::from(self.end.is_some()) << 2 | u8::from(self.age.is_some()) << 3);
        w.date(self.start);
        if let Some(end) = self.end {
            w.date(end);
        }
        w.u16(self.residence.number());
        if let Some(age) = self.age {
            w.u16(age);
        }
        for set in [&self.holds, &self.undecided] {
            w.varint(set.len().into());
            for ordinal in set.iter() {
                w.varint(ordinal as u64);
            }
        }
        // Which columns are known and which have more that is possible, then the values of those.
        let mask = |has: fn(&Column) -> bool| {
            let columns = (0..).zip(&self.columns).filter(|(_, column)| has(column));
            columns.fold(0, |mask: u64, (at, _): (u32, _)| mask | 1 << at)
        };
        w.varint(self.columns.len() as u64);
        w.varint(mask(|column| column.is_known));
        w.varint(mask(|column| column.possible != 0));
        for column in &self.columns {
            if column.is_known {
                w.varint(column.values);
            }
            if column.possible != 0 {
                w.varint(column.possible);
            }
        }
        w.varint(self.numbers.len() as u64);
        for number in &self.numbers {
            w.varint(number.map_or(0, |number| number.saturating_add(1)));
        }
        w.into_bytes()
    }

    /// The part whose bytes they are.
    ///
    /// # Errors
    /// When they are not exactly what [`Marked::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotMarked> {
        let mut r = Reader::new(bytes);
        let marked = read(&mut r).map_err(|_| NotMarked)?.ok_or(NotMarked)?;
        r.finish().map_err(|_| NotMarked)?;
        Ok(marked)
    }
}

/// Reads a part; `None` when something is read that no part has.
fn read(r: &mut Reader<'_>) -> Result<Option<Marked>, DecodeError> {
    let (format, kind, flags) = (r.u8()?, r.u8()?, r.u8()?);
    let kind = Part::ALL.into_iter().find(|known| kind_byte(*known) == kind);
    let sex = match flags & 3 {
        0 => Some(None),
        1 => Some(Some(Sex::Female)),
        2 => Some(Some(Sex::Male)),
        _ => None,
    };
    let (Some(kind), Some(sex), true) = (kind, sex, format == FORMAT && flags < 16) else {
        return Ok(None);
    };
    let start = r.date()?;
    let end = if flags & 4 != 0 { Some(r.date()?) } else { None };
    let residence = Residence::from_number(r.u16()?);
    let age = if flags & 8 != 0 { Some(r.u16()?) } else { None };
    let (Some(holds), Some(undecided)) = (set(r)?, set(r)?) else {
        return Ok(None);
    };
    let (count, known, open) = (r.varint()?, r.varint()?, r.varint()?);
    if count > COLUMNS_MAX as u64 || known >> count != 0 || open & !known != 0 {
        return Ok(None);
    }
    let mut columns = Vec::with_capacity(COLUMNS_MAX);
    for at in 0..count {
        let has = |mask: u64| mask & (1 << at) != 0;
        columns.push(Column {
            is_known: has(known),
            values: if has(known) { r.varint()? } else { 0 },
            possible: if has(open) { r.varint()? } else { 0 },
        });
    }
    let count = r.count(NUMBERS_MAX)?;
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..count {
        numbers.push(r.varint()?.checked_sub(1));
    }
    Ok(Some(Marked {
        start,
        end,
        kind,
        residence,
        sex,
        age,
        holds,
        undecided,
        columns,
        numbers,
    }))
}

/// Reads a set of ordinals that rise; `None` when they do not.
fn set(r: &mut Reader<'_>) -> Result<Option<Bits>, DecodeError> {
    let mut set = Bits::default();
    let mut next = 0;
    for _ in 0..r.count(BITS)? {
        let ordinal = r.varint()?;
        if ordinal < next || ordinal >= BITS as u64 {
            return Ok(None);
        }
        set.insert(usize::try_from(ordinal).unwrap_or(BITS));
        next = ordinal + 1;
    }
    Ok(Some(set))
}

fn kind_byte(kind: Part) -> u8 {
    match kind {
        Part::Contact => 1,
        Part::Segment => 2,
        Part::MonitoringPeriod => 3,
        Part::CareRequest => 4,
        Part::UnitDay => 5,
        Part::Listing => 6,
        Part::Inhabitant => 7,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn sample() -> Marked {
        Marked {
            start: date(2026, 1, 31),
            end: Some(date(2026, 2, 3)),
            kind: Part::Segment,
            residence: Residence::parse("0980").unwrap(),
            sex: Some(Sex::Female),
            age: Some(81),
            holds: [0, 5, 200].into_iter().collect(),
            undecided: [6].into_iter().collect(),
            columns: vec![
                Column {
                    is_known: true,
                    values: 0b101,
                    possible: 0b1000,
                },
                Column::default(),
                Column {
                    is_known: true,
                    ..Column::default()
                },
            ],
            numbers: vec![],
        }
    }

    #[test]
    fn bytes_are_as_they_were() {
        // A change here is a change of stored rows.
        let segment = [
            1, 2, 13, 0x04, 0x50, 0, 0, 0x07, 0x50, 0, 0, 0xd4, 0x03, 81, 0, 3, 0, 5, 0xc8, 0x01, 1, 6, 3, 5,
            1, 5, 8, 0, 0,
        ];
        assert_eq!(sample().to_bytes(), segment);
        let day = Marked {
            kind: Part::UnitDay,
            end: None,
            sex: None,
            age: None,
            numbers: vec![Some(0), None, Some(300), Some(2)],
            ..sample()
        };
        let bytes = day.to_bytes();
        assert_eq!(bytes[..9], [1, 5, 0, 0x04, 0x50, 0, 0, 0xd4, 0x03]);
        assert_eq!(bytes[bytes.len() - 6..], [4, 1, 0, 0xad, 0x02, 3]);
        for marked in [sample(), day] {
            assert_eq!(Marked::from_bytes(&marked.to_bytes()), Ok(marked));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = sample().to_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(Marked::from_bytes(&bytes[..cut]), Err(NotMarked), "cut at {cut}");
        }
        assert_eq!(
            Marked::from_bytes(&[bytes.as_slice(), &[0]].concat()),
            Err(NotMarked)
        );
        for (at, wrong) in [
            (0, 2),
            (1, 0),
            (1, 8),
            (2, 3),
            (2, 16),
            (15, 255),
            (17, 0),
            (22, 33),
            (24, 2),
        ] {
            let mut bytes = bytes.clone();
            bytes[at] = wrong;
            assert_eq!(Marked::from_bytes(&bytes), Err(NotMarked), "{wrong} at {at}");
        }
    }
}
