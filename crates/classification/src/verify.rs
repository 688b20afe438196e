//! The proofs: whether a *first* table leaves gaps, whether every rule can decide something, which rules overlap,
//! whether variants differ, which facts settle a value. They are decided for all combinations of facts, by search
//! over clauses with a limit of steps, never by sampling; beyond the limit the answer is that it is not decided.
//!
//! A table that reads the value of an earlier one is proven over the facts for which that one has a value. Facts that
//! validation refuses are left out, and the guard at the end does not count. On an axis where several values may hold
//! at once every set of values is a fact of its own.

use core::fmt;

use jiff::civil::Date;

use crate::compile::{DescriptionSystem, Gives, TableIndex};
use crate::facts::{AxisSet, VALUES, VALUES_MAX, bits};
use crate::model::{Grain, Rule};

mod boxes;
pub mod cases;
mod circuit;
mod departures;
mod question;
mod report;
mod settling;
mod smallest;
mod solver;
mod subtraction;
mod variants;
mod words;

use circuit::Node;
use question::Question;
use smallest::Shown;
use solver::OutOfSteps;

pub use departures::VariantProof;
pub use report::{Hold, OVERLAPS, Overlap, Report, TableReport, report};
pub use settling::{SETS, Settling, SettlingFact, SettlingSet};
pub use subtraction::Subtracted;
pub use variants::{Comparison, DIFFERENCES, Difference};

/// How many steps of the search one table may take, for one grain with the rules in force on one date.
pub const STEPS: u64 = 20_000_000;

/// How many steps it may take to find that fewer rules suffice to make one unreachable.
const FEWER_STEPS: u64 = 200_000;

/// Facts that show something, whatever the other facts are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Example {
    /// What has to be stated, by axis. On an axis where several values may hold at once these are all that hold.
    pub facts: Vec<ExampleFact>,
    /// Whether it is certain that fewer facts do not suffice. In any case none of these can be left out.
    pub smallest: bool,
}

/// A fact of an example.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExampleFact {
    /// Id of the axis, or of a table whose value a grain is given.
    pub axis: String,
    /// Codes of its values.
    pub values: Vec<String>,
}

/// What was proven of one table, for one grain, with the rules in force on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The table's id.
    pub table: String,
    /// What it classifies.
    pub grain: Grain,
    /// The first date on which these rules are in force together, not before the date asked about.
    pub from: Date,
    /// How many combinations of values the facts have that the table reads, itself or through earlier tables, those
    /// that validation refuses included; at most [`u64::MAX`].
    pub combinations: u64,
    /// What is wrong; none when the table is proven.
    pub defects: Vec<Defect>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// No rule but the guard matches these facts, whatever the others are.
    Gap {
        /// As few as it takes.
        example: Example,
    },
    /// Nothing can make this rule decide.
    Unreachable {
        /// The rule.
        rule: String,
        /// Its line.
        line: u32,
        /// Rules before it that together take all that it would match, as few as are easily found; none when its
        /// conditions contradict each other, the exclusions or the tables before.
        behind: Vec<String>,
    },
    /// The table is too tangled to be decided within the limit.
    Undecided {
        /// How many steps the limit allows.
        limit: u64,
    },
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fact) in self.facts.iter().enumerate() {
            let joint = if at == 0 { "" } else { " and " };
            write!(f, "{joint}{} = {}", fact.axis, fact.values.join("+"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { example } if example.facts.is_empty() => write!(f, "no rule matches anything"),
            Self::Gap { example } => {
                let size = if example.smallest {
                    ""
                } else {
                    " (there may be a shorter example)"
                };
                write!(
                    f,
                    "no rule matches when {example}{size}; add a rule for it, or a row that holds with its reason"
                )
            }
            Self::Unreachable { rule, behind, .. } if behind.is_empty() => {
                write!(
                    f,
                    "rule {rule} can never match: its conditions exclude each other, or are excluded; correct or remove it"
                )
            }
            Self::Unreachable { rule, behind, .. } => {
                let take = if behind.len() == 1 { "takes" } else { "take" };
                write!(
                    f,
                    "rule {rule} can never decide: {} before it {take} everything; move it up, narrow them or remove it",
                    behind.join(", ")
                )
            }
            Self::Undecided { limit } => {
                write!(
                    f,
                    "the proof needs more than {limit} steps; use fewer axes or plainer conditions"
                )
            }
        }
    }
}

impl DescriptionSystem {
    /// Proves every table for the dates from one on: once for each set of rules in force together.
    pub fn prove(&self, from: Date) -> Vec<Proof> {
        self.prove_within(from, STEPS)
    }

    /// As [`Self::prove`], with a limit of steps for each table, grain and date.
    pub fn prove_within(&self, from: Date, steps: u64) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for (index, _) in self.tables() {
            for date in self.turning_points(index, from) {
                proofs.extend(
                    self.proven(index, date, steps)
                        .into_iter()
                        .map(|(proof, _)| proof),
                );
            }
        }
        proofs
    }

    /// Proves a table for each of its grains. What was asked is given back for further questions.
    fn proven(&self, index: TableIndex, date: Date, steps: u64) -> Vec<(Proof, Question<'_>)> {
        self.proven_of(index, date, steps, &|_| true)
    }

    /// As [`Self::proven`], where only the rules that `asked` names are looked at for whether they can decide.
    fn proven_of(
        &self,
        index: TableIndex,
        date: Date,
        steps: u64,
        asked: &dyn Fn(&Rule) -> bool,
    ) -> Vec<(Proof, Question<'_>)> {
        let Some((_, table)) = self.source_table(index) else {
            return Vec::new();
        };
        // What is not asked about counts as reached.
        let mut reached: Vec<bool> = table.rules.iter().map(|rule| !asked(rule)).collect();
        let mut proven: Vec<(Proof, Question<'_>)> = Vec::new();
        for &grain in &table.grains {
            let mut question = Question::of(self, index, grain, date);
            question.circuit.allow(steps);
            let mut proof = Proof {
                table: table.id.clone(),
                grain,
                from: date,
                combinations: question.combinations(),
                defects: Vec::new(),
            };
            match self.examine(&mut question, &mut reached) {
                Ok(gap) => proof.defects.extend(gap),
                Err(OutOfSteps) => proof.defects.push(Defect::Undecided { limit: steps }),
            }
            proven.push((proof, question));
        }
        let undecided = proven
            .iter()
            .flat_map(|(proof, _)| &proof.defects)
            .any(|defect| matches!(defect, Defect::Undecided { .. }));
        if !undecided {
            let unreached = self.unreached(index, &mut proven, &reached);
            if let Some((proof, _)) = proven.first_mut() {
                proof.defects.extend(unreached);
            }
        }
        proven
    }

    /// The date, and every later one on which a rule comes into force that the table rests on.
    fn turning_points(&self, table: TableIndex, from: Date) -> Vec<Date> {
        let mut dates = vec![from];
        // What is read from here on back: the table itself, and every table that one of them reads.
        let mut read = AxisSet::EMPTY;
        if let Some(own) = self.slot_of(table) {
            read.insert(own);
        }
        for compiled in self.tables.iter().take(table.position() + 1).rev() {
            if !read.contains(compiled.slot) {
                continue;
            }
            for rule in self.rules_of(compiled) {
                read = read.union(self.slots_of(rule));
                dates.extend((rule.from > from).then_some(rule.from));
            }
        }
        dates.sort_unstable();
        dates.dedup();
        dates
    }

    /// Marks the rules that can decide, and finds a gap.
    fn examine(
        &self,
        question: &mut Question<'_>,
        reached: &mut [bool],
    ) -> Result<Option<Defect>, OutOfSteps> {
        for rule in question.table.rules.clone() {
            if let Some(mark) = reached.get_mut(usize::from(rule.position)) {
                *mark = *mark || question.can(&[rule.decides])?;
            }
        }
        if question.table.collects {
            return Ok(None);
        }
        let shown = question.smallest(vec![question.table.gap])?;
        Ok(shown.map(|shown| Defect::Gap {
            example: self.example(&shown),
        }))
    }

    fn unreached(
        &self,
        index: TableIndex,
        proven: &mut [(Proof, Question<'_>)],
        reached: &[bool],
    ) -> Vec<Defect> {
        let rules = self
            .source_table(index)
            .map_or(&[][..], |(_, table)| &table.rules);
        let stated = rules.iter().zip(reached).zip(0_u16..);
        stated
            .filter(|((_, reached), _)| !**reached)
            .filter_map(|((rule, _), position)| {
                let mut behind: Vec<u16> = Vec::new();
                for (_, question) in &mut *proven {
                    question
                        .table
                        .rules
                        .iter()
                        .find(|rule| rule.position == position)?;
                    behind.extend(question.behind(position).unwrap_or_default());
                }
                behind.sort_unstable();
                behind.dedup();
                let ids = behind.into_iter().filter_map(|at| self.rule(index, at));
                Some(Defect::Unreachable {
                    rule: rule.id.clone(),
                    line: rule.line,
                    behind: ids.map(|rule| rule.id.clone()).collect(),
                })
            })
            .collect()
    }

    /// What is shown, by name.
    fn example(&self, shown: &Shown) -> Example {
        let facts = shown.point.iter().filter_map(|(slot, values)| {
            let axis = crate::facts::AxisIndex::new(usize::from(*slot))?;
            Some(ExampleFact {
                axis: self.axis_id(axis).to_owned(),
                values: bits(*values)
                    .map(|value| self.value_code(axis, value).to_owned())
                    .collect(),
            })
        });
        Example {
            facts: facts.collect(),
            smallest: shown.smallest,
        }
    }
}

impl Question<'_> {
    /// Rules before one that take all it would match; none of them in vain, as far as the steps allow to tell.
    fn behind(&mut self, position: u16) -> Result<Vec<u16>, OutOfSteps> {
        let Some(own) = self.table.rules.iter().find(|rule| rule.position == position) else {
            return Ok(Vec::new());
        };
        let own = own.matches;
        self.circuit.solver.allow(STEPS);
        if self.table.collects || !self.can(&[own])? {
            return Ok(Vec::new());
        }
        let before = self.table.rules.iter().filter(|rule| rule.position < position);
        let mut behind: Vec<(u16, Node)> = before.map(|rule| (rule.position, !rule.matches)).collect();
        self.suffice(own, &mut behind)?;
        self.circuit.solver.allow(FEWER_STEPS);
        let mut at = 0;
        while at < behind.len() {
            let mut fewer = behind.clone();
            fewer.remove(at);
            match self.suffice(own, &mut fewer) {
                Ok(true) => behind = fewer,
                Ok(false) => at += 1,
                Err(OutOfSteps) => break,
            }
        }
        Ok(behind.into_iter().map(|(position, _)| position).collect())
    }

    /// Whether rules take all that a node holds for; leaves those that the search needed to tell.
    fn suffice(&mut self, own: Node, rules: &mut Vec<(u16, Node)>) -> Result<bool, OutOfSteps> {
        let mut all = vec![own];
        all.extend(rules.iter().map(|(_, node)| *node));
        if self.can(&all)? {
            return Ok(false);
        }
        let core = self.circuit.solver.core();
        rules.retain(|(_, node)| core.contains(&self.circuit.literal(*node)));
        Ok(true)
    }
}

/// The first so many values.
fn all(count: usize) -> u64 {
    if count == 0 {
        0
    } else {
        VALUES >> VALUES_MAX.saturating_sub(count)
    }
}

/// The value that a rule gives; `None` when it holds.
fn value_of(gives: Gives) -> Option<u8> {
    match gives {
        Gives::Value(value) => Some(value),
        Gives::Hold | Gives::Guard => None,
    }
}
