//! The proofs: whether a *first* table leaves gaps, and whether every rule can decide something. They are decided
//! by exact subtraction of boxes over the values of the axes, never by sampling.
//!
//! A table that reads the value of an earlier one is proven over the combinations that give that value.
//! On an axis where several values may hold at once single values suffice: what a rule covers for one of them it
//! covers for all sets that have it.

use core::fmt;

use jiff::civil::Date;

use crate::compile::{CompiledRule, DescriptionSystem, Gives, TableIndex};
use crate::facts::{AxisIndex, AxisSet};
use crate::model::Grain;

mod boxes;

use boxes::{Block, Space, TooMany};

/// Axis and value, as few as it takes.
type Example = Vec<(String, String)>;

/// What was proven of one table, for one grain, with the rules in force on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The table's id.
    pub table: String,
    /// What it classifies.
    pub grain: Grain,
    /// The first date on which these rules are in force together, not before the date asked about.
    pub from: Date,
    /// How many combinations of values were covered, at most [`u64::MAX`].
    pub combinations: u64,
    /// What is wrong; none when the table is proven.
    pub defects: Vec<Defect>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// No rule but the guard matches these facts, whatever the others are.
    Gap {
        /// Axis and value, as few as it takes.
        facts: Vec<(String, String)>,
    },
    /// Nothing can make this rule decide.
    Unreachable {
        /// The rule.
        rule: String,
        /// Its line.
        line: u32,
        /// Rules before it that take what it would match; none when its conditions contradict each other, the
        /// exclusions or the tables before.
        behind: Vec<String>,
    },
    /// The table is too tangled to be decided within the limit.
    Undecided {
        /// How many boxes the limit allows.
        limit: usize,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { facts } if facts.is_empty() => write!(f, "no rule matches anything"),
            Self::Gap { facts } => {
                write!(f, "no rule matches when ")?;
                for (at, (axis, value)) in facts.iter().enumerate() {
                    let joint = if at == 0 { "" } else { " and " };
                    write!(f, "{joint}{axis} = {value}")?;
                }
                Ok(())
            }
            Self::Unreachable { rule, behind, .. } if behind.is_empty() => {
                write!(
                    f,
                    "rule {rule} can never match: its conditions exclude each other, or are excluded"
                )
            }
            Self::Unreachable { rule, behind, .. } => {
                write!(
                    f,
                    "rule {rule} can never decide: {} come first",
                    behind.join(", ")
                )
            }
            Self::Undecided { limit } => {
                write!(
                    f,
                    "the proof needs more than {limit} boxes; use fewer axes or plainer conditions"
                )
            }
        }
    }
}

impl DescriptionSystem {
    /// Proves every table for the dates from one on: once for each set of rules in force together.
    pub fn prove(&self, from: Date) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for (index, table) in self.tables() {
            for date in self.turning_points(index, from) {
                let mut reached = vec![false; table.rules.len()];
                let at = proofs.len();
                for &grain in &table.grains {
                    proofs.push(self.prove_table(index, grain, date, &mut reached));
                }
                if let Some(proof) = proofs.get_mut(at)
                    && !proof
                        .defects
                        .iter()
                        .any(|defect| matches!(defect, Defect::Undecided { .. }))
                {
                    proof.defects.extend(self.unreached(index, date, &reached));
                }
            }
        }
        proofs
    }

    /// The date, and every later one on which a rule comes into force that the table rests on.
    fn turning_points(&self, table: TableIndex, from: Date) -> Vec<Date> {
        let mut dates = vec![from];
        for (compiled, _) in self.tables.iter().zip(0..=table.position()) {
            dates.extend(
                self.rules_of(compiled)
                    .iter()
                    .map(|rule| rule.from)
                    .filter(|date| *date > from),
            );
        }
        dates.sort_unstable();
        dates.dedup();
        dates
    }

    fn prove_table(&self, index: TableIndex, grain: Grain, date: Date, reached: &mut [bool]) -> Proof {
        let mut proof = Proof {
            table: self
                .source_table(index)
                .map(|(_, table)| table.id.clone())
                .unwrap_or_default(),
            grain,
            from: date,
            combinations: 0,
            defects: Vec::new(),
        };
        match self.decide_table(index, grain, date, reached) {
            Ok((combinations, gap)) => {
                proof.combinations = combinations;
                proof.defects.extend(gap.map(|facts| Defect::Gap { facts }));
            }
            Err(TooMany) => proof.defects.push(Defect::Undecided { limit: boxes::LIMIT }),
        }
        proof
    }

    fn decide_table(
        &self,
        index: TableIndex,
        grain: Grain,
        date: Date,
        reached: &mut [bool],
    ) -> Result<(u64, Option<Example>), TooMany> {
        let Some((table, _)) = self.source_table(index) else {
            return Ok((0, None));
        };
        let space = self.space(index, grain, date)?;
        let combinations = space.count();
        let mut left = space.clone();
        let mut all = Vec::new();
        for rule in self.in_force(table, date) {
            let boxes = self.rule_boxes(rule, &space);
            let reaches = boxes.iter().any(|each| left.meets(each));
            if let Some(mark) = reached.get_mut(usize::from(rule.position)) {
                *mark |= reaches;
            }
            if table.first && rule.gives != Gives::Guard {
                for each in &boxes {
                    left.subtract(each)?;
                }
                all.extend(boxes);
            }
        }
        let gap = if table.first {
            left.smallest_example(&all)
        } else {
            None
        };
        Ok((combinations, gap.map(|example| self.in_words(&space, &example))))
    }

    fn unreached<'a>(
        &'a self,
        index: TableIndex,
        date: Date,
        reached: &'a [bool],
    ) -> impl Iterator<Item = Defect> + 'a {
        let table = self.source_table(index);
        table.into_iter().flat_map(move |(table, source)| {
            self.in_force(table, date)
                .filter(|rule| rule.gives != Gives::Guard)
                .filter(|rule| reached.get(usize::from(rule.position)) == Some(&false))
                .filter_map(move |rule| {
                    let stated = source.rules.get(usize::from(rule.position))?;
                    let behind = source
                        .grains
                        .iter()
                        .flat_map(|&grain| self.in_front(index, grain, date, rule));
                    let mut behind: Vec<_> = behind.collect();
                    behind.sort_unstable();
                    behind.dedup();
                    Some(Defect::Unreachable {
                        rule: stated.id.clone(),
                        line: stated.line,
                        behind,
                    })
                })
        })
    }

    /// The ids of the rules before one that meet what it would match.
    fn in_front(&self, index: TableIndex, grain: Grain, date: Date, rule: &CompiledRule) -> Vec<String> {
        let (Some((table, source)), Ok(space)) = (
            self.source_table(index).filter(|(table, _)| table.first),
            self.space(index, grain, date),
        ) else {
            return Vec::new();
        };
        let own = space.within(&self.rule_boxes(rule, &space));
        self.in_force(table, date)
            .take_while(|other| other.position < rule.position)
            .filter(|other| self.rule_boxes(other, &space).iter().any(|each| own.meets(each)))
            .filter_map(|other| {
                source
                    .rules
                    .get(usize::from(other.position))
                    .map(|rule| rule.id.clone())
            })
            .collect()
    }

    /// All combinations of known facts that the table can see: none that validation refuses, and the values of
    /// earlier tables where those give them.
    fn space(&self, index: TableIndex, grain: Grain, date: Date) -> Result<Space, TooMany> {
        let axes = self.source().axes.len();
        let mut slots = AxisSet::EMPTY;
        for (position, table) in self.tables.iter().enumerate().take(index.position() + 1).rev() {
            if position == index.position() || (table.applies(grain) && slots.contains(table.slot)) {
                for rule in self.rules_of(table) {
                    slots = slots.union(self.slots_of(rule));
                }
            }
        }
        let exclusions: Vec<_> = self
            .exclusions
            .iter()
            .filter(|exclusion| exclusion.grains.contains(&grain))
            .collect();
        for exclusion in &exclusions {
            for atom in self
                .exclusion_alternatives(exclusion)
                .iter()
                .flat_map(|span| self.atoms_of(span))
            {
                if let Some(slot) = AxisIndex::new(usize::from(atom.slot)) {
                    slots.insert(slot);
                }
            }
        }
        let mut space = Space::new(slots.iter().map(|slot| {
            let decided = slot
                .position()
                .checked_sub(axes)
                .and_then(|at| self.tables.get(at));
            let given = decided.is_none_or(|table| table.applies(grain) || table.is_given(grain));
            (
                slot,
                if given {
                    boxes::all(self.values_of(slot).len())
                } else {
                    crate::facts::NOT_APPLICABLE
                },
            )
        }));
        for exclusion in exclusions {
            for span in self.exclusion_alternatives(exclusion) {
                let each = space.fit(self.atoms_of(span));
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
                            parted.add(left.within(core::slice::from_ref(&each)), table.slot, 1 << value)?;
                        }
                        left.subtract(&each)?;
                    }
                }
                space = parted;
            }
        }
        Ok(space)
    }

    fn in_force<'a>(
        &'a self,
        table: &'a crate::compile::CompiledTable,
        date: Date,
    ) -> impl Iterator<Item = &'a CompiledRule> + 'a {
        self.rules_of(table).iter().filter(move |rule| rule.from <= date)
    }

    fn rule_boxes(&self, rule: &CompiledRule, space: &Space) -> Vec<Block> {
        self.alternatives_of(rule)
            .iter()
            .map(|span| space.fit(self.atoms_of(span)))
            .collect()
    }

    fn in_words(&self, space: &Space, example: &Block) -> Vec<(String, String)> {
        space
            .stated(example)
            .map(|(slot, value)| {
                (
                    self.axis_id(slot).to_owned(),
                    self.value_code(slot, value).to_owned(),
                )
            })
            .collect()
    }
}
