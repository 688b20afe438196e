//! Counts of contacts, segments and monitoring periods by value of a counted table and by residence, sex, age
//! and month: additive cells that are applied and, when a revision replaces its predecessor, retracted.
//! A cell holds no person; it is never shown as it is, see [`crate::disclosure`].

use std::collections::BTreeMap;

use vardnav_classification::model::Grain;
use vardnav_register::record::Sex;

use crate::disclosure::indicator::Counts;
use crate::lattice::{Frame, Lattice};

/// First byte of a cell's key: the format of the rest.
const FORMAT: u8 = 1;

/// Stands for an age that is not known in a cell's bytes.
const NO_AGE: u8 = u8::MAX;

/// Where a person lived on the date: a kommun, a region whose kommun is not known, or nothing known.
/// Numbered as SCB does: the kommun's four digits; the region's two digits followed by `00`; 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Residence(u16);

impl Residence {
    /// Residence that is unknown or protected: counted for the country only.
    pub const UNKNOWN: Self = Self(0);

    /// From an SCB code: four digits of a kommun or two of a region. `None` for anything else.
    pub fn parse(code: &str) -> Option<Self> {
        if !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: u16 = code.parse().ok()?;
        match code.len() {
            4 if number >= 100 => Some(Self(number)),
            2 if number > 0 => Some(Self(number * 100)),
            _ => None,
        }
    }

    /// From the number described at the type; a number that is none of it stands for nothing known.
    pub fn from_number(number: u16) -> Self {
        match number {
            100..=9_999 => Self(number),
            _ => Self::UNKNOWN,
        }
    }

    /// The number described at the type.
    pub fn number(self) -> u16 {
        self.0
    }

    /// Number of the region, `None` when it is unknown.
    pub fn region(self) -> Option<u8> {
        u8::try_from(self.0 / 100).ok().filter(|region| *region > 0)
    }

    /// Number of the kommun, `None` when it is unknown.
    pub fn kommun(self) -> Option<u16> {
        Some(self.0).filter(|number| number % 100 > 0)
    }
}

/// What one part of a record (a contact, a segment, a monitoring period) counts as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The counted table, for example `groups`.
    pub table: String,
    /// A value that the table gave.
    pub value: String,
    /// What is counted.
    pub grain: Grain,
    /// Calendar year of the part's start.
    pub year: i16,
    /// Calendar month of the part's start, 1–12.
    pub month: i8,
    /// Where the person lived.
    pub residence: Residence,
    /// Legal sex, `None` when it is not known.
    pub sex: Option<Sex>,
    /// First year of the age group, `None` when the age is not known.
    pub age_from: Option<u8>,
}

/// Bytes that are not a cell's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cell of a cube")]
pub struct NotACell;

/// A cell would fall below zero: something is retracted that was never applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a count that was never applied is retracted")]
pub struct NeverApplied;

impl Cell {
    /// The key of the cell as a row of a store. Cells of one table, value, grain and year lie together, months
    /// rising.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + self.table.len() + self.value.len());
        bytes.push(FORMAT);
        for text in [&self.table, &self.value] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        }
        bytes.push(grain_byte(self.grain));
        bytes.extend_from_slice(&self.year.to_be_bytes());
        bytes.extend_from_slice(&self.month.to_be_bytes());
        bytes.extend_from_slice(&self.residence.0.to_be_bytes());
        bytes.push(self.sex.map_or(0, |sex| sex as u8));
        bytes.push(self.age_from.unwrap_or(NO_AGE));
        bytes
    }

    /// The cell whose key the bytes are.
    ///
    /// # Errors
    /// When they are not exactly what [`Cell::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotACell> {
        let (format, rest) = bytes.split_first().ok_or(NotACell)?;
        if *format != FORMAT {
            return Err(NotACell);
        }
        let (table, rest) = text(rest)?;
        let (value, rest) = text(rest)?;
        let &[grain, year_high, year_low, month, place_high, place_low, sex, age] = rest else {
            return Err(NotACell);
        };
        let month = i8::from_be_bytes([month]);
        if !(1..=12).contains(&month) {
            return Err(NotACell);
        }
        Ok(Self {
            table,
            value,
            grain: grain_of(grain)?,
            year: i16::from_be_bytes([year_high, year_low]),
            month,
            residence: Residence(u16::from_be_bytes([place_high, place_low])),
            sex: match sex {
                0 => None,
                1 => Some(Sex::Female),
                2 => Some(Sex::Male),
                _ => return Err(NotACell),
            },
            age_from: (age != NO_AGE).then_some(age),
        })
    }
}

fn text(bytes: &[u8]) -> Result<(String, &[u8]), NotACell> {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (Some(text), Some(rest)) = (parts.next(), parts.next()) else {
        return Err(NotACell);
    };
    Ok((String::from_utf8(text.to_vec()).map_err(|_| NotACell)?, rest))
}

fn grain_byte(grain: Grain) -> u8 {
    match grain {
        Grain::Contact => 1,
        Grain::Segment => 2,
        Grain::MonitoringPeriod => 3,
    }
}

fn grain_of(byte: u8) -> Result<Grain, NotACell> {
    match byte {
        1 => Ok(Grain::Contact),
        2 => Ok(Grain::Segment),
        3 => Ok(Grain::MonitoringPeriod),
        _ => Err(NotACell),
    }
}

/// What is counted together, and together decided on: see [`crate::disclosure`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slice {
    /// The counted table.
    pub table: String,
    /// A value of it.
    pub value: String,
    /// What is counted.
    pub grain: Grain,
    /// Calendar year.
    pub year: i16,
}

/// All counts. Cells that are zero are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cube {
    cells: BTreeMap<Slice, BTreeMap<Leaf, u64>>,
}

type Leaf = (i8, Residence, Option<Sex>, Option<u8>);

impl Cube {
    /// Counts one part in each of the cells.
    pub fn apply<'a>(&mut self, cells: impl IntoIterator<Item = &'a Cell>) {
        for cell in cells {
            self.set(cell, self.count(cell) + 1);
        }
    }

    /// Takes back what [`Cube::apply`] counted, when a revision replaces the one that was counted.
    ///
    /// # Errors
    /// When a cell is already zero; it then stays so, and the other cells are still taken back.
    pub fn retract<'a>(&mut self, cells: impl IntoIterator<Item = &'a Cell>) -> Result<(), NeverApplied> {
        let mut outcome = Ok(());
        for cell in cells {
            match self.count(cell).checked_sub(1) {
                Some(count) => self.set(cell, count),
                None => outcome = Err(NeverApplied),
            }
        }
        outcome
    }

    /// Sets a cell to a count read from a store; zero removes it.
    pub fn set(&mut self, cell: &Cell, count: u64) {
        let (slice, leaf) = split(cell);
        if count > 0 {
            self.cells.entry(slice).or_default().insert(leaf, count);
        } else if let Some(leaves) = self.cells.get_mut(&slice) {
            leaves.remove(&leaf);
            if leaves.is_empty() {
                self.cells.remove(&slice);
            }
        }
    }

    /// How many parts a cell counts.
    pub fn count(&self, cell: &Cell) -> u64 {
        let (slice, leaf) = split(cell);
        self.cells
            .get(&slice)
            .and_then(|leaves| leaves.get(&leaf))
            .copied()
            .unwrap_or(0)
    }

    /// The slices that hold anything, in order.
    pub fn slices(&self) -> impl Iterator<Item = &Slice> {
        self.cells.keys()
    }

    /// The counts of one slice at the finest level.
    pub(crate) fn counts(&self, slice: &Slice) -> Counts {
        let leaves = self.cells.get(slice).into_iter().flatten();
        leaves.map(|(at, count)| (*at, *count)).collect()
    }

    /// All totals of one slice over the places and age groups of a frame.
    pub fn lattice(&self, slice: &Slice, frame: &Frame) -> Lattice {
        let leaves = self.cells.get(slice);
        Lattice::of_leaves(
            frame,
            leaves
                .into_iter()
                .flatten()
                .map(
                    |(&(month, residence, sex, age_from), &count)| crate::lattice::Leaf {
                        month,
                        residence,
                        sex,
                        age_from,
                        count,
                    },
                ),
        )
    }
}

fn split(cell: &Cell) -> (Slice, Leaf) {
    let slice = Slice {
        table: cell.table.clone(),
        value: cell.value.clone(),
        grain: cell.grain,
        year: cell.year,
    };
    (slice, (cell.month, cell.residence, cell.sex, cell.age_from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(month: i8, sex: Option<Sex>) -> Cell {
        Cell {
            table: "groups".into(),
            value: "mobile-care".into(),
            grain: Grain::Contact,
            year: 2026,
            month,
            residence: Residence::parse("0180").unwrap(),
            sex,
            age_from: Some(80),
        }
    }

    #[test]
    fn residence_reads_kommuner_and_regions_only() {
        assert_eq!(
            Residence::parse("0180").map(|r| (r.region(), r.kommun())),
            Some((Some(1), Some(180)))
        );
        assert_eq!(
            Residence::parse("25").map(|r| (r.region(), r.kommun())),
            Some((Some(25), None))
        );
        for bad in ["", "1", "018", "00", "0000", "01800", "01a0", "+180"] {
            assert_eq!(Residence::parse(bad), None, "{bad}");
        }
        assert_eq!(Residence::UNKNOWN.region(), None);
    }

    #[test]
    fn keys_survive_the_way_to_bytes_and_back_and_keep_months_together() {
        let (january, february) = (cell(1, None), cell(2, Some(Sex::Male)));
        for cell in [&january, &february] {
            assert_eq!(Cell::from_bytes(&cell.to_bytes()).as_ref(), Ok(cell));
        }
        assert!(january.to_bytes() < february.to_bytes());
        // The stored form itself: a change here is a change of stored rows.
        assert_eq!(
            january.to_bytes(),
            [
                b"\x01groups\0mobile-care\0".as_slice(),
                &[1, 0x07, 0xea, 1, 0, 180, 0, 80]
            ]
            .concat()
        );
        let bytes = january.to_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(Cell::from_bytes(&bytes[..cut]), Err(NotACell), "cut at {cut}");
        }
    }

    #[test]
    fn a_retracted_cell_is_as_if_never_applied() {
        let mut cube = Cube::default();
        let cells = [cell(1, None), cell(2, None)];
        cube.apply(&cells);
        cube.apply(&cells[..1]);
        assert_eq!(cube.count(&cells[0]), 2);
        cube.retract(&cells).unwrap();
        cube.retract(&cells[..1]).unwrap();
        assert_eq!(cube, Cube::default());
        assert_eq!(cube.retract(&cells), Err(NeverApplied));
    }
}
