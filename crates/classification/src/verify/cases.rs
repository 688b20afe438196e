//! Cases by which anyone can hold another program, or a server, against a release: made from its tables, so that
//! each alternative of each rule has a case that hits it, cases that miss it by one condition, and cases that lack
//! one fact. Which facts do so is found by the proofs; what is expected of them is said by classifying.
//!
//! The two must agree: a case is taken only when classifying does with it what it was made for, and what does not
//! agree is told.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::STEPS;
use super::circuit::{Node, Point};
use super::question::{Question, RuleNodes};
use crate::classify::{TableResult, Truth};
use crate::compile::{Atom, CompiledRule, CompiledTable, DescriptionSystem, TableIndex};
use crate::facts::{AxisIndex, FactSet, bits};
use crate::model::{FactSource, Grain, Rule};

/// How many cases are made at most.
pub const CASES_MAX: usize = 5000;

/// Longest id of a case, in bytes.
const ID_BYTES_MAX: usize = 64;

/// What a case was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intent {
    /// The rule decides.
    Hit,
    /// The rule would decide but for one condition that fails.
    NearMiss,
    /// The rule would decide but for one fact that is missing.
    Lacking,
}

/// A case: facts of one contact, segment or monitoring period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Tells the table, the rule, the alternative and what it was made for, such as `care-level:L10.1:contact:hit`.
    pub id: String,
    /// What it describes.
    pub grain: Grain,
    /// Its date.
    pub date: Date,
    /// Known facts by axis, or by table whose value the grain is given, with codes of values.
    pub facts: Vec<(String, Vec<String>)>,
    /// Id of the table that it was made for.
    pub table: String,
    /// Position of the rule in the table.
    pub rule: u16,
    /// What it was made for.
    pub intent: Intent,
}

/// The cases of a system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cases {
    /// In the order of tables, rules and alternatives.
    pub cases: Vec<Case>,
    /// Ids of cases with which classifying did other than what they were made for. None, unless proofs and tables are
    /// read differently.
    pub disagreements: Vec<String>,
    /// Whether more cases could be made than are allowed, or steps were used up.
    pub more: bool,
}

/// The cases of a system for the dates from one on; each rule is met on the first of them on which it is in force.
pub fn cases(system: &DescriptionSystem, from: Date) -> Cases {
    let mut making = Making {
        system,
        known: BTreeSet::new(),
        out: Cases::default(),
    };
    for (index, table) in system.tables() {
        for date in system.turning_points(index, from) {
            for &grain in &table.grains {
                making.table(index, grain, date, date == from);
            }
        }
    }
    making.out
}

struct Making<'s> {
    system: &'s DescriptionSystem,
    known: BTreeSet<(Grain, Date, Point)>,
    out: Cases,
}

/// The rule that cases are made for.
struct Target<'a> {
    index: TableIndex,
    compiled: &'a CompiledTable,
    rule: &'a CompiledRule,
    source: &'a Rule,
    table: &'a str,
    nodes: RuleNodes,
    grain: Grain,
    date: Date,
}

impl Making<'_> {
    fn table(&mut self, index: TableIndex, grain: Grain, date: Date, is_first: bool) {
        let system = self.system;
        let Some((compiled, table)) = system.source_table(index) else {
            return;
        };
        let mut question = Question::of(system, index, grain, date);
        question.circuit.allow(STEPS);
        for nodes in question.table.rules.clone() {
            let rule = system
                .rules_of(compiled)
                .iter()
                .find(|rule| rule.position == nodes.position);
            let Some((rule, source)) = rule.zip(table.rules.get(usize::from(nodes.position))) else {
                continue;
            };
            if !is_first && rule.from != date {
                continue;
            }
            let target = Target {
                index,
                compiled,
                rule,
                source,
                table: &table.id,
                nodes,
                grain,
                date,
            };
            for alternative in 0..system.alternatives_of(rule).len() {
                self.alternative(&mut question, &target, alternative);
                if self.out.cases.len() >= CASES_MAX {
                    self.out.more = true;
                    return;
                }
            }
        }
    }

    fn alternative(&mut self, question: &mut Question<'_>, target: &Target<'_>, alternative: usize) {
        let Some(span) = self.system.alternatives_of(target.rule).get(alternative) else {
            return;
        };
        let atoms = self.system.atoms_of(span);
        let tests: Vec<Node> = atoms
            .iter()
            .map(|atom| question.reading.test(&mut question.circuit, atom.slot, atom.mask))
            .collect();
        let mut hit = tests.clone();
        hit.push(target.nodes.decides);
        let name = |what: &str| {
            let grain = match target.grain {
                Grain::Contact => "contact",
                Grain::Segment => "segment",
                Grain::MonitoringPeriod => "monitoring-period",
            };
            let (table, rule) = (target.table, &target.source.id);
            format!("{table}:{rule}.{}:{grain}:{what}", alternative + 1)
        };
        if let Some(point) = self.found(question, &hit) {
            if self.decides(target, &point) {
                let point = self.fewest(point, |point| self.decides(target, point));
                self.add(target, name("hit"), Intent::Hit, point.clone());
                for at in 0..point.len() {
                    let mut fewer = point.clone();
                    let (slot, _) = fewer.remove(at);
                    let name = name(&format!("lacks-{}", self.id_of(slot)));
                    if self.decides(target, &fewer) {
                        self.out.disagreements.push(name);
                    } else {
                        self.add(target, name, Intent::Lacking, fewer);
                    }
                }
            } else {
                self.out.disagreements.push(name("hit"));
            }
        }
        for (at, atom) in atoms.iter().enumerate() {
            let mut missed = tests.clone();
            if let Some(test) = missed.get_mut(at) {
                *test = !*test;
            }
            missed.push(!target.nodes.matches);
            missed.push(target.nodes.reached);
            let Some(point) = self.found(question, &missed) else {
                continue;
            };
            let name = name(&format!("not-{}", self.id_of(atom.slot)));
            let before = self.given(target, &point);
            let same =
                |point: &Point| self.misses(target, atoms, at, point) && self.given(target, point) == before;
            if same(&point) {
                let point = self.fewest(point, same);
                self.add(target, name, Intent::NearMiss, point);
            } else {
                self.out.disagreements.push(name);
            }
        }
    }

    /// Facts for which all the nodes hold.
    fn found(&mut self, question: &mut Question<'_>, nodes: &[Node]) -> Option<Point> {
        match question.can(nodes) {
            Ok(true) => {
                let circuit = &question.circuit;
                Some(
                    circuit
                        .slots()
                        .map(|(slot, _)| (slot, circuit.values(slot)))
                        .collect(),
                )
            }
            Ok(false) => None,
            Err(_) => {
                self.out.more = true;
                None
            }
        }
    }

    /// Leaves out every fact without which the same is so.
    fn fewest(&self, mut point: Point, same: impl Fn(&Point) -> bool) -> Point {
        let mut at = point.len();
        while let Some(last) = at.checked_sub(1) {
            at = last;
            let mut fewer = point.clone();
            fewer.remove(at);
            if same(&fewer) {
                point = fewer;
            }
        }
        point
    }

    fn filled(&self, target: &Target<'_>, point: &Point) -> FactSet {
        let mut facts = self.stated(point);
        self.system.classify_into(target.grain, target.date, &mut facts);
        facts
    }

    fn stated(&self, point: &Point) -> FactSet {
        let mut facts = FactSet::new();
        for (slot, values) in point {
            if let Some(slot) = AxisIndex::new(usize::from(*slot)) {
                facts.set(slot, *values, FactSource::Record);
            }
        }
        facts
    }

    /// The rule is known to match and, in a *first* table, those before it not to.
    fn decides(&self, target: &Target<'_>, point: &Point) -> bool {
        let filled = self.filled(target, point);
        let truth = |rule: &CompiledRule| self.system.truth(rule, target.date, &filled);
        let before = self.system.rules_of(target.compiled).iter();
        truth(target.rule) == Truth::True
            && (!target.compiled.first
                || before
                    .take_while(|rule| rule.position < target.rule.position)
                    .all(|rule| truth(rule) == Truth::False))
    }

    /// The rule is known not to match, for one condition that fails while the others of the alternative hold.
    fn misses(&self, target: &Target<'_>, atoms: &[Atom], failing: usize, point: &Point) -> bool {
        let filled = self.filled(target, point);
        let mut atoms = atoms.iter().enumerate();
        self.system.truth(target.rule, target.date, &filled) == Truth::False
            && atoms.all(|(at, atom)| (filled.raw(atom.slot) & atom.mask != 0) == (at != failing))
    }

    /// What a *first* table makes of facts.
    fn given(&self, target: &Target<'_>, point: &Point) -> Option<TableResult> {
        let mut facts = self.stated(point);
        let given = self.system.classify_into(target.grain, target.date, &mut facts);
        target.compiled.first.then(|| given.get(target.index))
    }

    fn id_of(&self, slot: u8) -> &str {
        AxisIndex::new(usize::from(slot)).map_or("", |slot| self.system.axis_id(slot))
    }

    fn add(&mut self, target: &Target<'_>, id: String, intent: Intent, point: Point) {
        let facts = point.iter().filter_map(|(slot, values)| {
            let slot = AxisIndex::new(usize::from(*slot))?;
            let values = bits(*values).map(|value| self.system.value_code(slot, value).to_owned());
            Some((self.system.axis_id(slot).to_owned(), values.collect()))
        });
        let facts = facts.collect();
        if !self.known.insert((target.grain, target.date, point)) {
            return;
        }
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        let usable = id.len() <= ID_BYTES_MAX && id.bytes().all(harmless);
        let id = if usable {
            id
        } else {
            format!("case-{}", self.out.cases.len() + 1)
        };
        self.out.cases.push(Case {
            id,
            grain: target.grain,
            date: target.date,
            facts,
            table: target.table.to_owned(),
            rule: target.rule.position,
            intent,
        });
    }
}
