//! What a table says of a grain on a date, as nodes of a [`Circuit`]: which rules match and decide, which values come
//! out, and over which facts questions are asked.
//!
//! Facts are those of axes, and of the tables whose value a grain is given; the value of an earlier table is what its
//! own rules make of them. Left out are facts that validation refuses, and those for which an earlier table that is
//! read, directly or not, is held.

use jiff::civil::Date;

use super::circuit::{Circuit, Node};
use super::smallest::Shown;
use super::solver::OutOfSteps;
use crate::compile::{CompiledRule, CompiledTable, DescriptionSystem, Gives, Span, TableIndex};
use crate::facts::{AxisIndex, AxisSet, NOT_APPLICABLE};
use crate::model::Grain;

/// A rule in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuleNodes {
    pub(super) position: u16,
    pub(super) gives: Gives,
    /// It matches.
    pub(super) matches: Node,
    /// No rule before it takes its place: none matches, or the table collects.
    pub(super) reached: Node,
    /// It matches and, in a *first* table, no rule before it does.
    pub(super) decides: Node,
}

/// A table over a circuit.
#[derive(Debug, Clone)]
pub(super) struct TableNodes {
    /// It collects: every rule that matches adds its value.
    pub(super) collects: bool,
    /// The rules in force, in order, without the guard.
    pub(super) rules: Vec<RuleNodes>,
    /// By ordinal: the value comes out.
    pub(super) values: Vec<Node>,
    /// No rule matches.
    pub(super) gap: Node,
}

/// A table with the facts over which questions are asked.
#[derive(Debug)]
pub(super) struct Question<'s> {
    pub(super) circuit: Circuit,
    pub(super) reading: Reading<'s>,
    /// Validation does not refuse the facts.
    pub(super) taken: Node,
    /// Every earlier table that is read has a value.
    pub(super) fed: Node,
    pub(super) table: TableNodes,
}

impl<'s> Question<'s> {
    /// What a table says of a grain on a date.
    pub(super) fn of(system: &'s DescriptionSystem, table: TableIndex, grain: Grain, date: Date) -> Self {
        let mut circuit = Circuit::new();
        let mut reading = Reading::new(system, table.position(), grain, date);
        let nodes = reading.table(&mut circuit, table.position());
        let taken = reading.taken(&mut circuit);
        let fed = reading.fed(&mut circuit);
        Self {
            circuit,
            reading,
            taken,
            fed,
            table: nodes,
        }
    }

    /// Whether something can be so, of the facts asked about.
    ///
    /// # Errors
    /// The steps are used up.
    pub(super) fn can(&mut self, nodes: &[Node]) -> Result<bool, OutOfSteps> {
        let mut all = vec![self.taken, self.fed];
        all.extend_from_slice(nodes);
        self.circuit.can(&all)
    }

    /// Facts that show something: with them it is so, and the facts are among those asked about, whatever the others
    /// are that validation takes.
    ///
    /// # Errors
    /// The steps are used up.
    pub(super) fn smallest(&mut self, mut nodes: Vec<Node>) -> Result<Option<Shown>, OutOfSteps> {
        nodes.push(self.fed);
        let shown = self.circuit.all(nodes);
        self.circuit.smallest(self.taken, shown)
    }

    /// How many combinations of values the slots have, refused ones included; at most [`u64::MAX`].
    pub(super) fn combinations(&self) -> u64 {
        self.circuit
            .slots()
            .fold(1, |all, (_, each)| all.saturating_mul(each))
    }
}

/// Reads a table of a system, and the tables that it reads, into a circuit.
#[derive(Debug)]
pub(super) struct Reading<'s> {
    system: &'s DescriptionSystem,
    asked: usize,
    grain: Grain,
    date: Date,
    tables: Vec<Option<TableNodes>>,
}

impl<'s> Reading<'s> {
    pub(super) fn new(system: &'s DescriptionSystem, asked: usize, grain: Grain, date: Date) -> Self {
        Self {
            system,
            asked,
            grain,
            date,
            tables: vec![None; system.tables.len()],
        }
    }

    pub(super) fn system(&self) -> &'s DescriptionSystem {
        self.system
    }

    /// The table that questions are about.
    pub(super) fn asked(&self) -> Option<&'s CompiledTable> {
        self.system.tables.get(self.asked)
    }

    /// Whether a slot has values for the grain, stated or decided.
    pub(super) fn has_values(&self, slot: u8) -> bool {
        let decided = usize::from(slot)
            .checked_sub(self.system.source().axes.len())
            .and_then(|at| self.system.tables.get(at));
        decided.is_none_or(|table| table.applies(self.grain) || table.is_given(self.grain))
    }

    /// The nodes of a table, and before that of the tables it reads.
    pub(super) fn table(&mut self, circuit: &mut Circuit, position: usize) -> TableNodes {
        if let Some(Some(known)) = self.tables.get(position) {
            return known.clone();
        }
        let nodes = match self.system.tables.get(position) {
            Some(table) => self.nodes(circuit, table),
            None => TableNodes {
                collects: false,
                rules: Vec::new(),
                values: Vec::new(),
                gap: Circuit::TRUE,
            },
        };
        if let Some(place) = self.tables.get_mut(position) {
            *place = Some(nodes.clone());
        }
        nodes
    }

    fn nodes(&mut self, circuit: &mut Circuit, table: &CompiledTable) -> TableNodes {
        let (system, date) = (self.system, self.date);
        let mut rules = Vec::new();
        let mut none_before = Circuit::TRUE;
        let mut values: Vec<Vec<Node>> = vec![Vec::new(); system.values_of(table.slot).len()];
        for rule in system.rules_of(table).iter().filter(|rule| rule.from <= date) {
            if rule.gives == Gives::Guard {
                continue;
            }
            let (matches, reached) = (self.rule(circuit, rule), none_before);
            let decides = if table.first {
                let decides = circuit.all(vec![none_before, matches]);
                none_before = circuit.all(vec![none_before, !matches]);
                decides
            } else {
                matches
            };
            if let Gives::Value(value) = rule.gives
                && let Some(of) = values.get_mut(usize::from(value))
            {
                of.push(decides);
            }
            rules.push(RuleNodes {
                position: rule.position,
                gives: rule.gives,
                matches,
                reached,
                decides,
            });
        }
        TableNodes {
            collects: !table.first,
            rules,
            values: values.into_iter().map(|of| circuit.any(of)).collect(),
            gap: none_before,
        }
    }

    fn rule(&mut self, circuit: &mut Circuit, rule: &CompiledRule) -> Node {
        let spans = self.system.alternatives_of(rule);
        let alternatives = spans.iter().map(|span| self.alternative(circuit, span)).collect();
        circuit.any(alternatives)
    }

    fn alternative(&mut self, circuit: &mut Circuit, span: &Span) -> Node {
        let atoms = self.system.atoms_of(span);
        let tests = atoms
            .iter()
            .map(|atom| self.test(circuit, atom.slot, atom.mask))
            .collect();
        circuit.all(tests)
    }

    /// Whether a slot has one of the values: a test of a fact, or what an earlier table makes of the facts.
    pub(super) fn test(&mut self, circuit: &mut Circuit, slot: u8, mask: u64) -> Node {
        let axes = self.system.source().axes.len();
        let position = usize::from(slot).checked_sub(axes);
        let Some((position, table)) = position.and_then(|at| Some((at, self.system.tables.get(at)?))) else {
            self.make_known(circuit, slot);
            return circuit.test(slot, mask);
        };
        if table.applies(self.grain) {
            let values = self.table(circuit, position).values;
            let within = values.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
            return circuit.any(within.map(|(_, node)| *node).collect());
        }
        if table.is_given(self.grain) {
            self.make_known(circuit, slot);
            return circuit.test(slot, mask);
        }
        if mask & NOT_APPLICABLE != 0 {
            Circuit::TRUE
        } else {
            !Circuit::TRUE
        }
    }

    fn make_known(&self, circuit: &mut Circuit, slot: u8) {
        let Some(axis) = AxisIndex::new(usize::from(slot)) else {
            return;
        };
        let multiple = self
            .system
            .axis_definition(axis)
            .is_some_and(|axis| axis.multiple);
        circuit.slot(slot, self.system.values_of(axis).len(), multiple);
    }

    /// Whether validation takes the facts.
    pub(super) fn taken(&mut self, circuit: &mut Circuit) -> Node {
        let system = self.system;
        let mut all = Vec::new();
        for exclusion in &system.exclusions {
            if exclusion.grains.contains(&self.grain) {
                for span in system.exclusion_alternatives(exclusion) {
                    all.push(!self.alternative(circuit, span));
                }
            }
        }
        circuit.all(all)
    }

    /// Whether every earlier table that is read has a value.
    pub(super) fn fed(&mut self, circuit: &mut Circuit) -> Node {
        let mut all = Vec::new();
        for read in self.read_by(self.asked) {
            let values = self.table(circuit, read).values;
            all.push(circuit.any(values));
        }
        circuit.all(all)
    }

    /// The tables that are decided for the grain and read by a table, directly or not.
    fn read_by(&self, position: usize) -> Vec<usize> {
        let system = self.system;
        let mut slots = AxisSet::EMPTY;
        let mut read = Vec::new();
        for (at, table) in system.tables.iter().enumerate().take(position + 1).rev() {
            let is_read = table.applies(self.grain) && slots.contains(table.slot);
            if at == position || is_read {
                slots = system
                    .rules_of(table)
                    .iter()
                    .fold(slots, |slots, rule| slots.union(system.slots_of(rule)));
            }
            if at != position && is_read {
                read.push(at);
            }
        }
        read
    }
}
