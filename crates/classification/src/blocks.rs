//! Rules laid out to be decided side by side: a bit an alternative, a column a slot. What a fact rules out is one
//! look-up; no branch depends on what the facts are, so that mixed records cost no more than equal ones.

use jiff::civil::Date;

use crate::compile::{Atom, Gives};
use crate::facts::{FactSet, KNOWN, NOT_APPLICABLE, VALUES_MAX, bits};

/// How many alternatives a block holds, and so how many a rule may have.
pub(crate) const ALTERNATIVES_MAX: usize = 64;

/// Rules in sequence, all alternatives of each, at most [`ALTERNATIVES_MAX`] together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    columns: Vec<Column>,
    cells: Vec<Cell>,
    alternatives: Vec<Alternative>,
    latest: Option<Date>,
}

/// The conditions on one slot.
#[derive(Debug, Clone, Copy)]
struct Column {
    slot: u8,
    /// How many values the slot has.
    values: usize,
    /// Where its cells begin: one a value, one for not applicable, one for unknown.
    cells: usize,
}

/// What one fact does to the alternatives.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    ruled_out: u64,
    open: u64,
}

/// An alternative and the rule it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alternative {
    /// The bits before those of its rule.
    pub(crate) before: u64,
    pub(crate) gives: Gives,
    pub(crate) position: u16,
    from: Date,
}

/// Which alternatives of a block match, and which are undetermined.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) matching: u64,
    pub(crate) open: u64,
}

impl Block {
    /// Whether a rule with so many alternatives still fits.
    pub(crate) fn has_room(&self, alternatives: usize) -> bool {
        self.alternatives.len() + alternatives <= ALTERNATIVES_MAX
    }

    /// Adds a rule with its alternatives; `values` tells how many values a slot has.
    pub(crate) fn add<'a>(
        &mut self,
        gives: Gives,
        position: u16,
        from: Date,
        alternatives: impl Iterator<Item = &'a [Atom]>,
        values: impl Fn(u8) -> usize,
    ) {
        let before = low(self.alternatives.len());
        for atoms in alternatives {
            let bit = 1_u64 << (self.alternatives.len() % ALTERNATIVES_MAX);
            for atom in atoms {
                let column = self.column(atom.slot, &values);
                let cells = self.cells.iter_mut().skip(column.cells).take(column.values + 2);
                for (at, cell) in cells.enumerate() {
                    let meets = match at.checked_sub(column.values) {
                        None => atom.mask & (1 << at) != 0,
                        Some(0) => atom.mask & NOT_APPLICABLE != 0,
                        Some(_) => {
                            cell.open |= bit;
                            true
                        }
                    };
                    if !meets {
                        cell.ruled_out |= bit;
                    }
                }
            }
            self.alternatives.push(Alternative {
                before,
                gives,
                position,
                from,
            });
        }
        self.latest = self.latest.max(Some(from));
    }

    fn column(&mut self, slot: u8, values: impl Fn(u8) -> usize) -> Column {
        if let Some(column) = self.columns.iter().find(|column| column.slot == slot) {
            return *column;
        }
        let column = Column {
            slot,
            values: values(slot).min(VALUES_MAX),
            cells: self.cells.len(),
        };
        self.cells
            .resize(column.cells + column.values + 2, Cell::default());
        self.columns.push(column);
        column
    }

    /// How the alternatives stand with the facts, by the rules in force on the date.
    pub(crate) fn standing(&self, date: Date, facts: &FactSet) -> Standing {
        let (mut ruled_out, mut open) = (0, 0);
        for column in &self.columns {
            let fact = facts.raw(column.slot) & !KNOWN;
            if fact & fact.wrapping_sub(1) == 0 {
                let cell = self.cell(column, fact.trailing_zeros());
                ruled_out |= cell.ruled_out;
                open |= cell.open;
            } else {
                ruled_out |=
                    bits(fact).fold(u64::MAX, |all, bit| all & self.cell(column, bit.into()).ruled_out);
            }
        }
        let mut all = low(self.alternatives.len());
        if self.latest > Some(date) {
            all = self.in_force(date);
        }
        Standing {
            matching: all & !ruled_out & !open,
            open: all & !ruled_out & open,
        }
    }

    /// The alternative of a bit.
    pub(crate) fn alternative(&self, bit: u32) -> Option<&Alternative> {
        self.alternatives.get(usize::try_from(bit).ok()?)
    }

    /// The cell of a fact by its lowest bit: a value, 62 for not applicable, 64 for unknown.
    fn cell(&self, column: &Column, lowest: u32) -> Cell {
        let lowest = usize::try_from(lowest).unwrap_or(ALTERNATIVES_MAX);
        let at = if lowest < VALUES_MAX {
            lowest.min(column.values)
        } else {
            column.values + (lowest >> 6)
        };
        self.cells.get(column.cells + at).copied().unwrap_or_default()
    }

    fn in_force(&self, date: Date) -> u64 {
        let alternatives = self.alternatives.iter().enumerate();
        alternatives
            .filter(|(_, each)| each.from <= date)
            .fold(0, |mask, (at, _)| mask | 1 << at)
    }
}

/// The first so many bits.
fn low(count: usize) -> u64 {
    if count >= ALTERNATIVES_MAX {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}
