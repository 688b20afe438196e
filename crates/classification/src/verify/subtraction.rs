//! The second method of proof, independent of the first: the facts as disjoint boxes, from which each rule takes away
//! what it matches. Exact, and quick for small tables; with many axes the boxes come apart into too many. What the two
//! methods say of the same tables is compared.

use jiff::civil::Date;

use super::boxes::{ABSENT, Block, Cell, PRESENT, Space, TooMany};
use crate::compile::{CompiledRule, CompiledTable, DescriptionSystem, Gives, Span, TableIndex};
use crate::facts::{AxisIndex, AxisSet, NOT_APPLICABLE, bits};
use crate::model::Grain;

/// What the boxes say of one table, for all its grains, with the rules in force on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subtracted {
    /// The table's id.
    pub table: String,
    /// The date.
    pub from: Date,
    /// The grains for which some facts match no rule.
    pub gaps: Vec<Grain>,
    /// The rules that decide nothing, for any grain.
    pub unreachable: Vec<String>,
}

impl DescriptionSystem {
    /// What the boxes say of every table for the dates from one on; `None` in place of a table that comes apart into
    /// more boxes than the limit allows.
    pub fn subtract(&self, from: Date) -> Vec<Option<Subtracted>> {
        let mut all = Vec::new();
        for (index, _) in self.tables() {
            for date in self.turning_points(index, from) {
                all.push(self.subtracted(index, date).ok());
            }
        }
        all
    }

    fn subtracted(&self, index: TableIndex, date: Date) -> Result<Subtracted, TooMany> {
        let (mut gaps, mut unreachable) = (Vec::new(), Vec::new());
        let mut id = String::new();
        if let Some((compiled, table)) = self.source_table(index) {
            let mut reached = vec![false; table.rules.len()];
            for &grain in &table.grains {
                if self.leaves_gap(index, grain, date, &mut reached)? {
                    gaps.push(grain);
                }
            }
            id.clone_from(&table.id);
            let rules = self.in_force(compiled, date).filter(|rule| {
                rule.gives != Gives::Guard && reached.get(usize::from(rule.position)) == Some(&false)
            });
            unreachable.extend(rules.filter_map(|rule| Some(self.rule(index, rule.position)?.id.clone())));
        }
        Ok(Subtracted {
            table: id,
            from: date,
            gaps,
            unreachable,
        })
    }

    /// Whether some facts match no rule; marks the rules that can decide.
    fn leaves_gap(
        &self,
        index: TableIndex,
        grain: Grain,
        date: Date,
        reached: &mut [bool],
    ) -> Result<bool, TooMany> {
        let Some((table, _)) = self.source_table(index) else {
            return Ok(false);
        };
        let space = self.boxed(index, grain, date)?;
        let mut left = space.clone();
        for rule in self.in_force(table, date) {
            let boxes = self.rule_boxes(rule, &space);
            if let Some(mark) = reached.get_mut(usize::from(rule.position)) {
                *mark |= boxes.iter().any(|each| left.meets(each));
            }
            if table.first && rule.gives != Gives::Guard {
                for each in &boxes {
                    left.subtract(each)?;
                }
            }
        }
        Ok(table.first && !left.is_empty())
    }

    /// All combinations of facts that the table can see: none that validation refuses, and the values of earlier
    /// tables where those give them.
    fn boxed(&self, index: TableIndex, grain: Grain, date: Date) -> Result<Space, TooMany> {
        let exclusions: Vec<&Span> = self
            .exclusions
            .iter()
            .filter(|exclusion| exclusion.grains.contains(&grain))
            .flat_map(|exclusion| self.exclusion_alternatives(exclusion))
            .collect();
        let mut slots = AxisSet::EMPTY;
        for (position, table) in self.tables.iter().enumerate().take(index.position() + 1).rev() {
            if position == index.position() || (table.applies(grain) && slots.contains(table.slot)) {
                for rule in self.rules_of(table) {
                    slots = slots.union(self.slots_of(rule));
                }
            }
        }
        for atom in exclusions.iter().flat_map(|span| self.atoms_of(span)) {
            if let Some(slot) = AxisIndex::new(usize::from(atom.slot)) {
                slots.insert(slot);
            }
        }
        let mut space = Space::new(slots.iter().flat_map(|slot| self.cells(slot, grain)));
        for slot in slots.iter().filter(|slot| self.is_multiple(*slot)) {
            let none: Vec<(Cell, u64)> = self
                .cells(slot, grain)
                .into_iter()
                .map(|(cell, _)| (cell, ABSENT))
                .collect();
            let none = space.fit(&none);
            space.subtract(&none)?;
        }
        for span in exclusions {
            for each in self.alternative_boxes(span, &space) {
                space.subtract(&each)?;
            }
        }
        for table in self.tables.iter().take(index.position()) {
            if slots.contains(table.slot) && table.applies(grain) {
                let mut left = space.clone();
                let mut parted = space.emptied();
                for rule in self.in_force(table, date) {
                    for each in self.rule_boxes(rule, &space) {
                        if let Gives::Value(value) = rule.gives {
                            let taken = left.within(core::slice::from_ref(&each));
                            parted.add(taken, Cell::of(table.slot), 1 << value)?;
                        }
                        left.subtract(&each)?;
                    }
                }
                space = parted;
            }
        }
        Ok(space)
    }

    /// What a slot can be: one of its values, or, where several may hold at once, of each value whether it holds.
    fn cells(&self, slot: AxisIndex, grain: Grain) -> Vec<(Cell, u64)> {
        let count = self.values_of(slot).len();
        if self.is_multiple(slot) {
            let values = (0..=u8::MAX).take(count);
            return values
                .map(|value| {
                    let value = Some(value);
                    (Cell { slot, value }, ABSENT | PRESENT)
                })
                .collect();
        }
        let decided = slot
            .position()
            .checked_sub(self.source().axes.len())
            .and_then(|at| self.tables.get(at));
        let given = decided.is_none_or(|table| table.applies(grain) || table.is_given(grain));
        let mask = if given { super::all(count) } else { NOT_APPLICABLE };
        vec![(Cell::of(slot), mask)]
    }

    fn is_multiple(&self, slot: AxisIndex) -> bool {
        self.axis_definition(slot).is_some_and(|axis| axis.multiple)
    }

    fn in_force<'a>(
        &'a self,
        table: &'a CompiledTable,
        date: Date,
    ) -> impl Iterator<Item = &'a CompiledRule> + 'a {
        self.rules_of(table).iter().filter(move |rule| rule.from <= date)
    }

    fn rule_boxes(&self, rule: &CompiledRule, space: &Space) -> Vec<Block> {
        self.alternatives_of(rule)
            .iter()
            .flat_map(|span| self.alternative_boxes(span, space))
            .collect()
    }

    /// One box, but for each condition on several values at once as many as values that meet it.
    fn alternative_boxes(&self, span: &Span, space: &Space) -> Vec<Block> {
        let mut all: Vec<Vec<(Cell, u64)>> = vec![Vec::new()];
        for atom in self.atoms_of(span) {
            let Some(slot) = AxisIndex::new(usize::from(atom.slot)) else {
                continue;
            };
            let choices: Vec<(Cell, u64)> = if self.is_multiple(slot) {
                let values = bits(atom.mask & super::all(self.values_of(slot).len()));
                values
                    .map(|value| {
                        let value = Some(value);
                        (Cell { slot, value }, PRESENT)
                    })
                    .collect()
            } else {
                vec![(Cell::of(slot), atom.mask)]
            };
            all = all
                .into_iter()
                .flat_map(|before| {
                    choices.iter().map(move |choice| {
                        let mut conditions = before.clone();
                        conditions.push(*choice);
                        conditions
                    })
                })
                .collect();
        }
        all.iter().map(|conditions| space.fit(conditions)).collect()
    }
}
