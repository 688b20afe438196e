//! What must hold for a table to give a value: conjunctions over the facts that can be stated, of which at least one is
//! met whenever the value is given. Conditions on earlier tables are followed into their rules. Necessary, not
//! sufficient: an earlier rule may still take the place of the one that gives the value.

use jiff::civil::Date;

use crate::compile::{Atom, CompiledRule, CompiledTable, DescriptionSystem, Gives};
use crate::facts::NOT_APPLICABLE;
use crate::model::Grain;

/// Conditions that hold together. On a slot that takes one value there is one.
pub(super) type Conjunction = Vec<Atom>;

/// Finds conjunctions of one system, grain and date.
#[derive(Clone, Copy)]
pub(super) struct Targets<'s> {
    pub(super) system: &'s DescriptionSystem,
    pub(super) grain: Grain,
    pub(super) date: Date,
    /// How many conjunctions may come together.
    pub(super) limit: usize,
}

impl<'s> Targets<'s> {
    /// The conjunctions of the rules of a table that give a value of the mask; `None` when they are too many.
    pub(super) fn giving(self, table: &CompiledTable, mask: u64) -> Option<Vec<Conjunction>> {
        let mut found = Vec::new();
        let gives = |rule: &&CompiledRule| match rule.gives {
            Gives::Value(value) => mask & (1 << value) != 0,
            Gives::Hold | Gives::Guard => false,
        };
        let rules = self.system.rules_of(table).iter();
        for rule in rules.filter(|rule| rule.from <= self.date).filter(gives) {
            for span in self.system.alternatives_of(rule) {
                let mut open = vec![Conjunction::new()];
                for atom in self.system.atoms_of(span) {
                    open = self.and(&open, atom)?;
                }
                found.extend(open);
                if found.len() > self.limit {
                    return None;
                }
            }
        }
        Some(found)
    }

    /// Each conjunction with a further condition; those that it contradicts are left out.
    fn and(self, open: &[Conjunction], atom: &Atom) -> Option<Vec<Conjunction>> {
        let axes = self.system.source().axes.len();
        let table = usize::from(atom.slot)
            .checked_sub(axes)
            .and_then(|at| self.system.tables.get(at));
        let further = match table {
            Some(table) if table.applies(self.grain) => self.giving(table, atom.mask)?,
            // It has no value, and never will.
            Some(table) if !table.is_given(self.grain) => {
                return Some(match atom.mask & NOT_APPLICABLE {
                    0 => Vec::new(),
                    _ => open.to_vec(),
                });
            }
            Some(_) | None => vec![vec![*atom]],
        };
        let mut both = Vec::new();
        for one in open {
            both.extend(further.iter().filter_map(|other| self.together(one, other)));
            if both.len() > self.limit {
                return None;
            }
        }
        Some(both)
    }

    fn together(self, one: &[Atom], other: &[Atom]) -> Option<Conjunction> {
        let mut both = one.to_vec();
        for atom in other {
            let several = self.several(atom.slot);
            match both.iter_mut().find(|known| known.slot == atom.slot && !several) {
                Some(known) => {
                    known.mask &= atom.mask;
                    if known.mask == 0 {
                        return None;
                    }
                }
                None => both.push(*atom),
            }
        }
        Some(both)
    }

    /// Whether several values of a slot may hold at once.
    fn several(self, slot: u8) -> bool {
        let axis = self.system.source().axes.get(usize::from(slot));
        axis.is_some_and(|axis| axis.multiple)
    }
}
