//! From the source form to flat arrays that decide fast. Everything that could be wrong with a source is found
//! here, named by table, rule and line, so that a compiled system has nothing left to go wrong.

use core::ops::Range;
use std::collections::HashMap;

use jiff::civil::Date;
use thiserror::Error;

use crate::blocks::{ALTERNATIVES_MAX, Block};
use crate::facts::{AxisIndex, AxisSet, bits};
use crate::model::{Axis, AxisValue, Condition, DescriptionSource, Grain, HitPolicy, Rule, Table};

mod check;
mod combinations;
mod names;
pub mod naming;

pub(crate) use combinations::CompiledCombination;
use names::Names;

/// How many tables a description system may have.
pub const TABLES: usize = 12;

/// A decision table of one description system, by its position in feeding order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableIndex(usize);

impl TableIndex {
    pub(crate) fn at(position: usize) -> Self {
        Self(position)
    }

    /// Its position in feeding order.
    pub fn position(self) -> usize {
        self.0
    }
}

/// Where in a source something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Place {
    /// The source as a whole.
    #[error("description system")]
    System,
    /// An axis, by id.
    #[error("axis `{0}`")]
    Axis(String),
    /// A value set, by id.
    #[error("value set `{0}`")]
    ValueSet(String),
    /// A table, by id.
    #[error("table `{0}`")]
    Table(String),
    /// A rule of a table.
    #[error("table `{table}`, rule `{rule}`")]
    Rule {
        /// The table's id.
        table: String,
        /// The rule's id.
        rule: String,
    },
    /// An unsettled point, by id.
    #[error("unsettled point `{0}`")]
    Point(String),
    /// An exclusion, by id.
    #[error("exclusion `{0}`")]
    Exclusion(String),
    /// A contradiction, by id.
    #[error("contradiction `{0}`")]
    Contradiction(String),
}

/// Something wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{place}, line {line}: {message}")]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Line in the file of the table or the combinations; 0 where the source keeps none.
    pub line: u32,
    /// What.
    pub message: String,
}

/// A description system that can decide. Immutable.
#[derive(Debug)]
pub struct DescriptionSystem {
    source: DescriptionSource,
    names: Names,
    pub(crate) tables: Vec<CompiledTable>,
    rules: Vec<CompiledRule>,
    alternatives: Vec<Span>,
    atoms: Vec<Atom>,
    pub(crate) exclusions: Vec<CompiledCombination>,
    contradictions: Vec<CompiledCombination>,
}

#[derive(Debug, Clone)]
pub(crate) struct CompiledTable {
    pub(crate) slot: AxisIndex,
    pub(crate) first: bool,
    grains: Vec<Grain>,
    rules: Range<usize>,
    order: Vec<u8>,
    pub(crate) blocks: Vec<Block>,
}

impl CompiledTable {
    /// Whether it classifies the grain.
    pub(crate) fn applies(&self, grain: Grain) -> bool {
        self.grains.contains(&grain)
    }

    /// Whether things of the grain are given its value as a fact: a contact has that of the segment it lies in.
    pub(crate) fn is_given(&self, grain: Grain) -> bool {
        grain == Grain::Contact && !self.applies(grain) && self.applies(Grain::Segment)
    }
}

/// What a rule gives when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    Value(u8),
    Hold,
    Guard,
}

/// A rule of the variants taken.
#[derive(Debug, Clone)]
pub(crate) struct CompiledRule {
    pub(crate) gives: Gives,
    pub(crate) position: u16,
    pub(crate) from: Date,
    alternatives: Span,
}

/// Positions from, to, in one of the flat arrays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    from: usize,
    to: usize,
}

/// A condition: holds when the slot has any bit of the mask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Atom {
    pub(crate) slot: u8,
    pub(crate) mask: u64,
}

impl DescriptionSystem {
    /// Compiles a source with the variants it takes.
    ///
    /// # Errors
    /// All problems found: names that nothing defines, ids given twice, too many axes, tables or values, a table
    /// that uses one decided after it, variants that no point has.
    pub fn compile(source: DescriptionSource) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let names = Names::of(&source, &mut problems);
        check::axes(&source, &mut problems);
        check::points(&source, &mut problems);
        let mut system = Self {
            source: DescriptionSource::default(),
            names,
            tables: Vec::new(),
            rules: Vec::new(),
            alternatives: Vec::new(),
            atoms: Vec::new(),
            exclusions: Vec::new(),
            contradictions: Vec::new(),
        };
        for (position, table) in source.tables.iter().enumerate() {
            check::table(table, &source, &mut problems);
            system.add_table(&source, position, table, &mut problems);
        }
        system.add_combinations(&source, &mut problems);
        problems.sort();
        problems.dedup();
        if problems.is_empty() {
            system.source = source;
            Ok(system)
        } else {
            Err(problems)
        }
    }

    fn add_table(
        &mut self,
        source: &DescriptionSource,
        position: usize,
        table: &Table,
        problems: &mut Vec<Problem>,
    ) {
        let from = self.rules.len();
        for (at, rule) in table.rules.iter().enumerate() {
            let place = Place::Rule {
                table: table.id.clone(),
                rule: rule.id.clone(),
            };
            let scope = names::Scope {
                place: &place,
                line: rule.line,
                tables: position,
            };
            let alternatives = self.add_alternatives(source, &rule.alternatives, &scope, problems);
            let gives = check::outcome(table, rule, &place, problems);
            if rule.alternatives.len() > ALTERNATIVES_MAX {
                problems.push(scope.problem(format!("has more than {ALTERNATIVES_MAX} alternatives")));
            }
            let Ok(at) = u16::try_from(at) else {
                problems.push(scope.problem("has too many rules before it"));
                return;
            };
            if is_taken(source, rule) {
                self.rules.push(CompiledRule {
                    gives,
                    position: at,
                    from: rule.in_force_from.unwrap_or(Date::MIN),
                    alternatives,
                });
            }
        }
        if let Some(slot) = AxisIndex::new(source.axes.len() + position) {
            let mut order = Vec::new();
            for rule in self.rules.iter().skip(from) {
                if let Gives::Value(value) = rule.gives
                    && !order.contains(&value)
                {
                    order.push(value);
                }
            }
            self.tables.push(CompiledTable {
                slot,
                order,
                blocks: self.blocks(from),
                first: table.hit_policy == HitPolicy::First,
                grains: table.grains.clone(),
                rules: from..self.rules.len(),
            });
        }
    }

    /// The rules from a position on, in blocks.
    fn blocks(&self, from: usize) -> Vec<Block> {
        let mut blocks = vec![Block::default()];
        for rule in self.rules.iter().skip(from) {
            let spans = self.alternatives_of(rule);
            if !blocks.last().is_some_and(|block| block.has_room(spans.len())) {
                blocks.push(Block::default());
            }
            if let Some(block) = blocks.last_mut() {
                let atoms = spans.iter().map(|span| self.atoms_of(span));
                let values = |slot: u8| self.names.count(slot);
                block.add(rule.gives, rule.position, rule.from, atoms, values);
            }
        }
        blocks
    }

    fn add_alternatives(
        &mut self,
        source: &DescriptionSource,
        alternatives: &[Vec<Condition>],
        scope: &names::Scope<'_>,
        problems: &mut Vec<Problem>,
    ) -> Span {
        let mut spans = Vec::with_capacity(alternatives.len());
        for conditions in alternatives {
            let from = self.atoms.len();
            for condition in conditions {
                if let Some(atom) = self.names.atom(source, condition, scope, problems)
                    && let Some(earlier) = self.atoms.get(from..)
                {
                    if earlier.iter().any(|other| other.slot == atom.slot) {
                        problems.push(scope.problem(format!("has two conditions on `{}`", condition.axis)));
                    }
                    self.atoms.push(atom);
                }
            }
            spans.push(Span {
                from,
                to: self.atoms.len(),
            });
        }
        let from = self.alternatives.len();
        self.alternatives.extend(spans);
        Span {
            from,
            to: self.alternatives.len(),
        }
    }

    /// The source it was compiled from.
    pub fn source(&self) -> &DescriptionSource {
        &self.source
    }

    /// The slot of an axis or a table.
    pub fn axis(&self, id: &str) -> Option<AxisIndex> {
        self.names.slot(id)
    }

    /// The ordinal of a value of an axis or a table.
    pub fn value(&self, axis: AxisIndex, code: &str) -> Option<u8> {
        self.names.value(axis, code)
    }

    /// The id of the axis or table of a slot; empty when there is none.
    pub fn axis_id(&self, axis: AxisIndex) -> &str {
        match self.axis_definition(axis) {
            Some(axis) => &axis.id,
            None => self.table_of(axis).map_or("", |table| &table.id),
        }
    }

    /// The axis of a slot; `None` when the slot is a table's.
    pub fn axis_definition(&self, axis: AxisIndex) -> Option<&Axis> {
        self.source.axes.get(axis.position())
    }

    /// The values of the axis or table of a slot.
    pub fn values_of(&self, axis: AxisIndex) -> &[AxisValue] {
        match self.axis_definition(axis) {
            Some(axis) => &axis.values,
            None => self.table_of(axis).map_or(&[], |table| &table.values),
        }
    }

    /// The code of a value by ordinal; empty when there is none.
    pub fn value_code(&self, axis: AxisIndex, value: u8) -> &str {
        self.values_of(axis)
            .get(usize::from(value))
            .map_or("", |value| &value.code)
    }

    /// The codes of the values that a condition names, value sets resolved, before negation.
    pub fn named_values<'a>(&'a self, condition: &Condition) -> impl Iterator<Item = &'a str> + use<'a> {
        let values = self
            .axis(&condition.axis)
            .map_or(&[][..], |slot| self.values_of(slot));
        let mask = self.names.named(condition);
        bits(mask).filter_map(|bit| values.get(usize::from(bit)).map(|value| value.code.as_str()))
    }

    /// The tables in feeding order.
    pub fn tables(&self) -> impl Iterator<Item = (TableIndex, &Table)> {
        self.source
            .tables
            .iter()
            .enumerate()
            .map(|(at, table)| (TableIndex(at), table))
    }

    /// A table by id.
    pub fn table(&self, id: &str) -> Option<(TableIndex, &Table)> {
        self.tables().find(|(_, table)| table.id == id)
    }

    /// The slot that a table's value feeds.
    pub fn slot_of(&self, table: TableIndex) -> Option<AxisIndex> {
        self.tables.get(table.0).map(|table| table.slot)
    }

    /// A rule of a table, by the position that [`crate::TableResult::Value`] gives.
    pub fn rule(&self, table: TableIndex, position: u16) -> Option<&Rule> {
        self.source.tables.get(table.0)?.rules.get(usize::from(position))
    }

    /// Whether the slot's fact is given by the caller for the grain: axes are, and for a contact the tables of the
    /// segment it lies in. Other tables are decided, or do not apply.
    pub fn takes_fact(&self, axis: AxisIndex, grain: Grain) -> bool {
        match axis.position().checked_sub(self.source.axes.len()) {
            None => true,
            Some(at) => self.tables.get(at).is_some_and(|table| table.is_given(grain)),
        }
    }

    /// The slots that a rule's conditions read.
    pub(crate) fn slots_of(&self, rule: &CompiledRule) -> AxisSet {
        self.alternatives_of(rule)
            .iter()
            .flat_map(|span| self.atoms_of(span))
            .fold(AxisSet::EMPTY, |mut set, atom| {
                if let Some(axis) = AxisIndex::new(usize::from(atom.slot)) {
                    set.insert(axis);
                }
                set
            })
    }

    /// The ordinals of the values that a table's rules give, each once, in the order of the rules.
    pub fn collected_order(&self, table: TableIndex) -> &[u8] {
        self.tables.get(table.0).map_or(&[], |table| &table.order)
    }

    pub(crate) fn source_table(&self, table: TableIndex) -> Option<(&CompiledTable, &Table)> {
        self.tables.get(table.0).zip(self.source.tables.get(table.0))
    }

    pub(crate) fn rules_of(&self, table: &CompiledTable) -> &[CompiledRule] {
        self.rules.get(table.rules.clone()).unwrap_or(&[])
    }

    pub(crate) fn alternatives_of(&self, rule: &CompiledRule) -> &[Span] {
        self.spans(rule.alternatives)
    }

    pub(crate) fn atoms_of(&self, alternative: &Span) -> &[Atom] {
        self.atoms.get(alternative.from..alternative.to).unwrap_or(&[])
    }

    fn spans(&self, span: Span) -> &[Span] {
        self.alternatives.get(span.from..span.to).unwrap_or(&[])
    }

    fn table_of(&self, axis: AxisIndex) -> Option<&Table> {
        self.source
            .tables
            .get(axis.position().checked_sub(self.source.axes.len())?)
    }
}

/// Whether the source takes the rule: it belongs to no variant, or to the one chosen.
fn is_taken(source: &DescriptionSource, rule: &Rule) -> bool {
    rule.variant.as_ref().is_none_or(|variant| {
        source
            .points
            .iter()
            .any(|point| point.id == variant.point && point.chosen == variant.name)
    })
}

/// Counts ids and tells those given more than once.
fn repeated<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut again = Vec::new();
    for id in ids {
        let count = seen.entry(id).or_insert(0);
        *count += 1;
        if *count == 2 {
            again.push(id);
        }
    }
    again
}
