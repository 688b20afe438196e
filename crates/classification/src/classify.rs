//! Deciding the tables: the path every record and every line takes. No allocation, no strings.
//! Why a value was decided is not kept here; [`crate::explain`] decides again and tells.

use jiff::civil::Date;

use crate::blocks::Block;
use crate::compile::{CompiledRule, CompiledTable, DescriptionSystem, Gives, TABLES, TableIndex};
use crate::facts::{FactSet, NOT_APPLICABLE, bits};
use crate::model::Grain;

/// What the tables gave, table by table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classification {
    results: [TableResult; TABLES],
    count: usize,
}

impl Classification {
    /// What one table gave.
    pub fn get(&self, table: TableIndex) -> TableResult {
        self.results
            .get(table.position())
            .copied()
            .unwrap_or(TableResult::NotApplicable)
    }

    /// What each table gave, in feeding order.
    pub fn iter(&self) -> impl Iterator<Item = (TableIndex, TableResult)> {
        self.results
            .iter()
            .take(self.count)
            .enumerate()
            .map(|(at, result)| (TableIndex::at(at), *result))
    }
}

/// What one table gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableResult {
    /// The table classifies other things.
    NotApplicable,
    /// A *first* table decided.
    Value {
        /// Ordinal of the value.
        value: u8,
        /// Position of the rule in the source table.
        rule: u16,
    },
    /// A *first* table could not decide, or a row that holds decided.
    Held {
        /// Values still possible; none when a row that holds, or the guard, decided.
        possible: u64,
    },
    /// A *collect* table.
    Collected {
        /// Values of the rules that match.
        values: u64,
        /// Values of undetermined rules that no matching rule gives.
        possible: u64,
    },
}

/// A truth value of three-valued logic (Kleene).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Known to hold.
    True,
    /// Known not to hold.
    False,
    /// Some fact it needs is unknown.
    Unknown,
}

impl DescriptionSystem {
    /// Decides every table that applies to the grain, by the rules in force on the date.
    ///
    /// For a contact, the slot of a table that classifies segments but not contacts is a fact given by the caller:
    /// the value of the segment that covers the contact.
    pub fn classify(&self, grain: Grain, date: Date, facts: &FactSet) -> Classification {
        self.classify_into(grain, date, &mut { *facts })
    }

    /// As [`Self::classify`]; fills the slots of the tables, so that [`Self::undetermined`] can follow.
    pub fn classify_into(&self, grain: Grain, date: Date, facts: &mut FactSet) -> Classification {
        let mut results = [TableResult::NotApplicable; TABLES];
        for (table, result) in self.tables.iter().zip(&mut results) {
            if !table.applies(grain) {
                if !table.is_given(grain) {
                    facts.put(table.slot, NOT_APPLICABLE);
                }
                continue;
            }
            *result = Self::decide(table, date, facts);
        }
        Classification {
            results,
            count: self.tables.len().min(TABLES),
        }
    }

    /// Decides one table that applies, and fills its slot. The tables that feed it were decided before.
    #[inline]
    pub(crate) fn decide(table: &CompiledTable, date: Date, facts: &mut FactSet) -> TableResult {
        let result = if table.first {
            Self::first(table, date, facts)
        } else {
            Self::collect(table, date, facts)
        };
        match result {
            TableResult::Value { value, .. } => facts.put(table.slot, 1 << value),
            TableResult::Collected { values, possible: 0 } => {
                facts.put(table.slot, if values == 0 { NOT_APPLICABLE } else { values });
            }
            TableResult::Collected { .. } | TableResult::Held { .. } | TableResult::NotApplicable => {
                facts.clear(table.slot);
            }
        }
        result
    }

    /// The positions of the rules of a table that match; `filled` as [`Self::classify_into`] left it.
    pub fn matching(&self, table: TableIndex, date: Date, filled: &FactSet) -> impl Iterator<Item = u16> {
        let rules = self
            .source_table(table)
            .map_or(&[][..], |(table, _)| self.rules_of(table));
        rules
            .iter()
            .filter(move |rule| self.truth(rule, date, filled) == Truth::True)
            .map(|rule| rule.position)
    }

    fn first(table: &CompiledTable, date: Date, facts: &FactSet) -> TableResult {
        let mut possible = 0;
        let mut undecided = false;
        for block in &table.blocks {
            let standing = block.standing(date, facts);
            let found = block.alternative(standing.matching.trailing_zeros());
            let mut open = standing.open;
            if let Some(found) = found {
                open &= found.before;
                if let Gives::Value(value) = found.gives {
                    if !undecided && open == 0 {
                        return TableResult::Value {
                            value,
                            rule: found.position,
                        };
                    }
                    possible |= 1 << value;
                }
            }
            undecided |= open != 0;
            possible |= values(block, open);
            if found.is_some() {
                break;
            }
        }
        TableResult::Held { possible }
    }

    fn collect(table: &CompiledTable, date: Date, facts: &FactSet) -> TableResult {
        let (mut collected, mut possible) = (0, 0);
        for block in &table.blocks {
            let standing = block.standing(date, facts);
            collected |= values(block, standing.matching);
            possible |= values(block, standing.open);
        }
        TableResult::Collected {
            values: collected,
            possible: possible & !collected,
        }
    }

    /// Whether a rule matches; one not yet in force is as good as absent.
    pub(crate) fn truth(&self, rule: &CompiledRule, date: Date, facts: &FactSet) -> Truth {
        if date < rule.from {
            return Truth::False;
        }
        let mut truth = Truth::False;
        for alternative in self.alternatives_of(rule) {
            match self.conjunction(alternative, facts) {
                Truth::True => return Truth::True,
                Truth::Unknown => truth = Truth::Unknown,
                Truth::False => {}
            }
        }
        truth
    }

    pub(crate) fn conjunction(&self, alternative: &crate::compile::Span, facts: &FactSet) -> Truth {
        let mut truth = Truth::True;
        for atom in self.atoms_of(alternative) {
            let fact = facts.raw(atom.slot);
            if fact == 0 {
                truth = Truth::Unknown;
            } else if fact & atom.mask == 0 {
                return Truth::False;
            }
        }
        truth
    }
}

/// The values that alternatives give.
fn values(block: &Block, alternatives: u64) -> u64 {
    bits(alternatives).fold(0, |values, bit| {
        match block.alternative(bit.into()).map(|each| each.gives) {
            Some(Gives::Value(value)) => values | 1 << value,
            Some(Gives::Hold | Gives::Guard) | None => values,
        }
    })
}
