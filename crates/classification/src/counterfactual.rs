//! What would lead elsewhere: for each table the smallest changes of facts that give another value, that add a value to
//! a *collect* table or drop one from it, and for a value that waits the smallest sets of missing facts that decide it.
//!
//! Smallest means: the fewest axes. Of the ways with the fewest axes all are told, in one order; combinations that
//! validation refuses are never proposed. What is known of a person's identity is not changed, and of what is not the
//! reporter's own to state it is said whose it is. The search is bounded, and says when it met its bounds; how it goes
//! is in `search`.

use jiff::civil::Date;

use crate::classify::TableResult;
use crate::compile::{DescriptionSystem, TableIndex};
use crate::facts::{AxisIndex, FactSet};
use crate::model::{Derivation, FactSource, Grain};

mod moves;
mod search;
mod targets;

use search::{Reach, Search};

/// What would lead one table elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCounterfactuals {
    /// The table.
    pub table: TableIndex,
    /// One for each value that other facts lead to, in the order of the table's values.
    pub found: Vec<Counterfactual>,
}

/// The smallest changes that lead to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterfactual {
    /// What they do.
    pub effect: Effect,
    /// Ordinal of the value.
    pub value: u8,
    /// Whether facts that are missing suffice: then nothing that is known is changed.
    pub by_missing_facts: bool,
    /// The ways, each of which suffices, all with the same number of axes. None only when the search was cut.
    pub ways: Vec<Way>,
    /// Whether the search met a limit: there may be further ways, or smaller ones when there are none.
    pub cut: bool,
}

/// What changes do to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// A *first* table gives the value.
    Gives,
    /// A *collect* table gives the value too.
    Adds,
    /// A *collect* table no longer gives the value.
    Drops,
}

impl Effect {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gives => "gives",
            Self::Adds => "adds",
            Self::Drops => "drops",
        }
    }
}

/// Changes that together lead to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// One for each axis, in the axes' order.
    pub changes: Vec<Change>,
}

/// A change of one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// The axis, or for a contact the table of the segment that covers it.
    pub slot: AxisIndex,
    /// What is done with the value.
    pub kind: ChangeKind,
    /// The values now, as bits; 0 when the fact is missing or does not apply.
    pub from: u64,
    /// The values of which any one does, as bits.
    pub any_of: u64,
}

/// What a change does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It becomes the value, alone.
    Set,
    /// It holds beside those known; only on an axis where several hold at once.
    Add,
    /// It no longer holds and the others do; only on an axis where several hold at once.
    Remove,
}

impl ChangeKind {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }
}

/// Whose a fact is to bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stater {
    /// The reporter states it.
    Reporter,
    /// The care unit says it of itself.
    Unit,
    /// It is computed from other reported data.
    Derived,
    /// It follows from the identity of the person; told only when it is missing, and never changed.
    Person,
    /// It is decided of the segment that covers the contact.
    Segment,
}

impl Stater {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Unit => "unit",
            Self::Derived => "derived",
            Self::Person => "person",
            Self::Segment => "segment",
        }
    }
}

/// How far is searched, for each value of each table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Combinations of facts that are tried.
    pub tries: u32,
    /// Ways that are told.
    pub ways: usize,
    /// Conjunctions of facts that are held ready, of which one must be met; beyond that the search goes without.
    pub conjunctions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries: 20_000,
            ways: 16,
            conjunctions: 2_000,
        }
    }
}

impl DescriptionSystem {
    /// What would lead each table that applies elsewhere, in feeding order.
    pub fn counterfactuals(&self, grain: Grain, date: Date, facts: &FactSet) -> Vec<TableCounterfactuals> {
        self.counterfactuals_within(grain, date, facts, Limits::default())
    }

    /// As [`Self::counterfactuals`], within other limits.
    pub fn counterfactuals_within(
        &self,
        grain: Grain,
        date: Date,
        facts: &FactSet,
        limits: Limits,
    ) -> Vec<TableCounterfactuals> {
        let mut filled = *facts;
        let result = self.classify_into(grain, date, &mut filled);
        let tables = result
            .iter()
            .filter(|(_, result)| *result != TableResult::NotApplicable);
        tables
            .map(|(table, result)| {
                let found = match Search::of(self, table, grain, date, &filled, limits) {
                    Some(search) => of_table(&search, result),
                    None => Vec::new(),
                };
                TableCounterfactuals { table, found }
            })
            .collect()
    }

    /// Whose the fact of a slot is to bring about.
    pub fn stater(&self, slot: AxisIndex) -> Stater {
        let Some(axis) = self.axis_definition(slot) else {
            return Stater::Segment;
        };
        if matches!(axis.derivation, Some(Derivation::Age(_))) {
            return Stater::Person;
        }
        let states = |source: &FactSource| {
            matches!(
                source,
                FactSource::Record | FactSource::Segment | FactSource::Episode | FactSource::Mapped
            )
        };
        if axis.sources.iter().any(states) {
            Stater::Reporter
        } else if axis.sources.contains(&FactSource::Derived) {
            Stater::Derived
        } else {
            Stater::Unit
        }
    }
}

fn of_table(search: &Search<'_>, result: TableResult) -> Vec<Counterfactual> {
    let values = search.values();
    let led = values.filter_map(|value| {
        let bit = 1_u64 << value;
        match result {
            TableResult::Value { value: now, .. } if now == value => None,
            TableResult::Value { .. } => lead(search, Effect::Gives, value, false),
            TableResult::Held { possible } => lead(search, Effect::Gives, value, possible & bit != 0),
            TableResult::Collected { values, .. } if values & bit != 0 => {
                lead(search, Effect::Drops, value, false)
            }
            TableResult::Collected { possible, .. } => lead(search, Effect::Adds, value, possible & bit != 0),
            TableResult::NotApplicable => None,
        }
    });
    led.collect()
}

/// The smallest changes with an effect. For a value that is still possible missing facts are asked for first: what is
/// known is changed only where they do not suffice.
fn lead(search: &Search<'_>, effect: Effect, value: u8, possible: bool) -> Option<Counterfactual> {
    if possible {
        let (ways, cut) = search.smallest(effect, value, Reach::Missing);
        if !ways.is_empty() || cut {
            return Some(Counterfactual {
                effect,
                value,
                by_missing_facts: true,
                ways,
                cut,
            });
        }
    }
    let (ways, cut) = search.smallest(effect, value, Reach::All);
    (!ways.is_empty() || cut).then_some(Counterfactual {
        effect,
        value,
        by_missing_facts: false,
        ways,
        cut,
    })
}
