//! What is missing: for every value that a table may still give, the axes that would decide.
//! Follows a classification; the path every record takes does not come here unless something is open.

use jiff::civil::Date;

use crate::classify::{Classification, TableResult, Truth};
use crate::compile::{CompiledRule, CompiledTable, DescriptionSystem, Gives, Span, TABLES, TableIndex};
use crate::facts::{AxisIndex, AxisSet, FactSet};

/// A value that a table may still give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undetermined {
    /// The table.
    pub table: TableIndex,
    /// Ordinal of the value.
    pub value: u8,
    /// The axes whose facts would decide. In place of a table that waits stand the axes it waits for; the table
    /// itself stands there when it waits for no axis.
    pub missing: AxisSet,
}

/// For every table that waits, the axes it waits for.
#[derive(Debug, Default)]
pub(crate) struct Waiting([AxisSet; TABLES]);

impl DescriptionSystem {
    /// Appends the values still possible, each once, by table and rule; `filled` and `result` as
    /// [`Self::classify_into`] left them.
    pub fn undetermined(
        &self,
        date: Date,
        filled: &FactSet,
        result: &Classification,
        out: &mut Vec<Undetermined>,
    ) {
        let mut waiting = Waiting::default();
        for (index, table_result) in result.iter() {
            let Some((table, _)) = self.source_table(index) else {
                continue;
            };
            match table_result {
                TableResult::NotApplicable
                | TableResult::Value { .. }
                | TableResult::Collected { possible: 0, .. } => {}
                TableResult::Held { .. } => self.held(index, table, date, filled, &mut waiting, out),
                TableResult::Collected { possible, .. } => {
                    for rule in self.rules_of(table) {
                        if let Gives::Value(value) = rule.gives
                            && possible & (1 << value) != 0
                            && self.truth(rule, date, filled) == Truth::Unknown
                        {
                            add(out, index, value, self.missing(rule, filled, &waiting));
                        }
                    }
                }
            }
        }
    }

    /// A held value: what decides a rule is what is missing of it, and of the earlier rules that could still take
    /// its place.
    pub(crate) fn held(
        &self,
        index: TableIndex,
        table: &CompiledTable,
        date: Date,
        filled: &FactSet,
        waiting: &mut Waiting,
        out: &mut Vec<Undetermined>,
    ) {
        let mut open: Vec<(&CompiledRule, AxisSet)> = Vec::new();
        for rule in self.rules_of(table) {
            let truth = self.truth(rule, date, filled);
            if truth == Truth::False {
                continue;
            }
            let own = self.missing(rule, filled, waiting);
            if let Gives::Value(value) = rule.gives {
                let missing = open
                    .iter()
                    .filter(|(earlier, _)| self.can_both_match(earlier, rule, filled))
                    .fold(own, |missing, (_, more)| missing.union(*more));
                add(out, index, value, missing);
            }
            if truth == Truth::True {
                break;
            }
            open.push((rule, own));
        }
        let mut all = open
            .iter()
            .fold(AxisSet::EMPTY, |all, (_, missing)| all.union(*missing));
        if all.is_empty() {
            all.insert(table.slot);
        }
        if let Some(slot) = waiting.0.get_mut(index.position()) {
            *slot = all;
        }
    }

    /// The axes that keep a rule undetermined.
    pub(crate) fn missing(&self, rule: &CompiledRule, filled: &FactSet, waiting: &Waiting) -> AxisSet {
        let axes = self.source().axes.len();
        let mut missing = AxisSet::EMPTY;
        for alternative in self.open_alternatives(rule, filled) {
            for atom in self.atoms_of(alternative) {
                if filled.raw(atom.slot) != 0 {
                    continue;
                }
                let Some(slot) = AxisIndex::new(usize::from(atom.slot)) else {
                    continue;
                };
                let table = slot.position().checked_sub(axes).and_then(|at| waiting.0.get(at));
                match table {
                    Some(axes) if !axes.is_empty() => missing = missing.union(*axes),
                    Some(_) | None => missing.insert(slot),
                }
            }
        }
        missing
    }

    fn open_alternatives<'a>(
        &'a self,
        rule: &CompiledRule,
        filled: &'a FactSet,
    ) -> impl Iterator<Item = &'a Span> + Clone {
        self.alternatives_of(rule)
            .iter()
            .filter(|span| self.conjunction(span, filled) != Truth::False)
    }

    /// Whether two rules that are not ruled out could match together.
    fn can_both_match(&self, one: &CompiledRule, other: &CompiledRule, filled: &FactSet) -> bool {
        let others = self.open_alternatives(other, filled);
        self.open_alternatives(one, filled)
            .any(|one| others.clone().any(|other| self.can_meet(one, other, filled)))
    }

    fn can_meet(&self, one: &Span, other: &Span, filled: &FactSet) -> bool {
        let others = self.atoms_of(other);
        self.atoms_of(one)
            .iter()
            .filter(|atom| filled.raw(atom.slot) == 0)
            .all(|atom| {
                let several = AxisIndex::new(usize::from(atom.slot))
                    .and_then(|slot| self.axis_definition(slot))
                    .is_some_and(|axis| axis.multiple);
                several
                    || others
                        .iter()
                        .all(|other| other.slot != atom.slot || other.mask & atom.mask != 0)
            })
    }
}

/// Adds a value still possible; to one that stands there already, what else would decide it.
pub(crate) fn add(out: &mut Vec<Undetermined>, table: TableIndex, value: u8, missing: AxisSet) {
    match out
        .iter_mut()
        .rev()
        .find(|known| known.table == table && known.value == value)
    {
        Some(known) => known.missing = known.missing.union(missing),
        None => out.push(Undetermined {
            table,
            value,
            missing,
        }),
    }
}
