//! The same case under two description systems, which may be two releases or two choices of variants: what each table
//! gives on both sides and, where that differs, the rules that are not the same and the earlier facts that are not.
//! Everything is matched by id and code, never by position: the two may have other axes, values and tables.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::classify::{Classification, TableResult, Truth};
use crate::compile::{CompiledRule, DescriptionSystem, TableIndex};
use crate::facts::{AxisIndex, FactSet, bits};
use crate::model::{Condition, Grain, Outcome, Rule};

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'s> {
    /// What decides.
    pub system: &'s DescriptionSystem,
    /// What is known, by the ordinals of that system.
    pub facts: FactSet,
}

/// What one table gives on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableComparison<'s> {
    /// The table's id.
    pub table: &'s str,
    /// On one side; `None` when it has no such table or the table does not apply.
    pub one: Option<Given>,
    /// On the other side.
    pub other: Option<Given>,
    /// Whether the values differ, whether it is held, or what is still possible.
    pub differs: bool,
    /// When it differs: the rules that are not the same and that the facts do not rule out on both sides, in the order of
    /// one side and then of the other.
    pub rules: Vec<RuleDifference<'s>>,
    /// When it differs: earlier tables and axes that its rules read and whose facts are not the same on both sides.
    pub through: Vec<&'s str>,
}

/// What a table gives on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The table's position on that side.
    pub table: TableIndex,
    /// What it gives.
    pub result: TableResult,
}

/// A rule that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDifference<'s> {
    /// Its id.
    pub rule: &'s str,
    /// What happened to it, from one side to the other.
    pub change: RuleChange,
    /// How it stands on one side; `None` when it is not there.
    pub one: Option<RuleStanding>,
    /// How it stands on the other side.
    pub other: Option<RuleStanding>,
    /// Whether it decides the table on a side.
    pub decides: bool,
}

/// What happened to a rule from one side to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleChange {
    /// Only the other side has it.
    Added,
    /// Only one side has it.
    Removed,
    /// Its conditions or what it gives differ.
    Changed,
    /// It stands elsewhere among the rules that both sides have.
    Moved,
}

impl RuleChange {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }
}

/// How a rule stands to facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleStanding {
    /// All conditions are known to hold.
    Matched,
    /// A condition is known not to hold.
    RuledOut,
    /// Neither.
    Undetermined,
}

impl RuleStanding {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::RuledOut => "ruled-out",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Compares what the tables give on two sides: those of one side in feeding order, then those that only the other has.
pub fn compare<'s>(grain: Grain, date: Date, one: Side<'s>, other: Side<'s>) -> Vec<TableComparison<'s>> {
    let (one, other) = (Decided::of(grain, date, one), Decided::of(grain, date, other));
    let mut ids: Vec<&str> = Vec::new();
    for side in [&one, &other] {
        for (index, table) in side.system.tables() {
            let applies = side.result.get(index) != TableResult::NotApplicable;
            if applies && !ids.contains(&table.id.as_str()) {
                ids.push(&table.id);
            }
        }
    }
    ids.into_iter().map(|id| table(id, &one, &other)).collect()
}

fn table<'s>(id: &'s str, one: &Decided<'s>, other: &Decided<'s>) -> TableComparison<'s> {
    let given = (one.given(id), other.given(id));
    let differs = match given {
        (Some(left), Some(right)) => one.meaning(left) != other.meaning(right),
        (left, right) => left.is_some() != right.is_some(),
    };
    let mut compared = TableComparison {
        table: id,
        one: given.0,
        other: given.1,
        differs,
        rules: Vec::new(),
        through: Vec::new(),
    };
    if let (true, Some(left), Some(right)) = (differs, given.0, given.1) {
        compared.rules = rules(&one.rules(left), &other.rules(right));
        compared.through = through(id, one, other);
    }
    compared
}

/// A side that has decided.
struct Decided<'s> {
    system: &'s DescriptionSystem,
    date: Date,
    filled: FactSet,
    result: Classification,
}

/// What a table gives, in codes.
#[derive(PartialEq, Eq)]
enum Meaning<'s> {
    Value(&'s str),
    Held(BTreeSet<&'s str>),
    Collected(BTreeSet<&'s str>, BTreeSet<&'s str>),
}

/// A table's rules in force on a side, in order.
struct Rules<'s> {
    /// Whether their order decides.
    ordered: bool,
    rules: Vec<Standing<'s>>,
}

struct Standing<'s> {
    rule: &'s Rule,
    content: Content<'s>,
    standing: RuleStanding,
    /// Whether the table comes to it.
    reached: bool,
    decides: bool,
}

/// What a rule says, in codes: what it gives (`None` holds), and its alternatives.
#[derive(PartialEq, Eq)]
struct Content<'s> {
    gives: Option<&'s str>,
    alternatives: BTreeSet<BTreeSet<Said<'s>>>,
}

/// A condition: the axis, whether it is negated, the values.
type Said<'s> = (&'s str, bool, BTreeSet<&'s str>);

impl<'s> Decided<'s> {
    fn of(grain: Grain, date: Date, side: Side<'s>) -> Self {
        let mut filled = side.facts;
        let result = side.system.classify_into(grain, date, &mut filled);
        Self {
            system: side.system,
            date,
            filled,
            result,
        }
    }

    fn given(&self, id: &str) -> Option<Given> {
        let (table, _) = self.system.table(id)?;
        let result = self.result.get(table);
        (result != TableResult::NotApplicable).then_some(Given { table, result })
    }

    fn meaning(&self, given: Given) -> Meaning<'s> {
        let system = self.system;
        let slot = system.slot_of(given.table);
        let code = |value| slot.map_or("", |slot| system.value_code(slot, value));
        let codes = |mask| bits(mask).map(code).collect();
        match given.result {
            TableResult::Value { value, .. } => Meaning::Value(code(value)),
            TableResult::Held { possible } => Meaning::Held(codes(possible)),
            TableResult::Collected { values, possible } => Meaning::Collected(codes(values), codes(possible)),
            TableResult::NotApplicable => Meaning::Held(BTreeSet::new()),
        }
    }

    fn rules(&self, given: Given) -> Rules<'s> {
        let system = self.system;
        let Some((table, source)) = system.source_table(given.table) else {
            return Rules {
                ordered: false,
                rules: Vec::new(),
            };
        };
        let in_force = system
            .rules_of(table)
            .iter()
            .filter(|rule| rule.from <= self.date);
        let (mut reached, mut certain) = (true, true);
        let rules = in_force.filter_map(|compiled: &CompiledRule| {
            let rule = source.rules.get(usize::from(compiled.position))?;
            let standing = match system.truth(compiled, self.date, &self.filled) {
                Truth::True => RuleStanding::Matched,
                Truth::False => RuleStanding::RuledOut,
                Truth::Unknown => RuleStanding::Undetermined,
            };
            let matches = standing == RuleStanding::Matched;
            let told = Standing {
                rule,
                content: self.content(rule),
                standing,
                reached,
                decides: matches && (!table.first || (reached && certain)),
            };
            if table.first {
                reached &= !matches;
                certain &= standing != RuleStanding::Undetermined;
            }
            Some(told)
        });
        Rules {
            ordered: table.first,
            rules: rules.collect(),
        }
    }

    fn content(&self, rule: &'s Rule) -> Content<'s> {
        let said = |condition: &'s Condition| {
            let values = self.system.named_values(condition).collect();
            (condition.axis.as_str(), condition.negated, values)
        };
        let alternatives = rule.alternatives.iter();
        Content {
            gives: match &rule.outcome {
                Outcome::Value(value) => Some(value),
                Outcome::Hold { .. } | Outcome::CatchAll => None,
            },
            alternatives: alternatives
                .map(|conditions| conditions.iter().map(said).collect())
                .collect(),
        }
    }

    /// The ids that the rules of a table read.
    fn reads(&self, id: &str) -> Vec<&'s str> {
        let system = self.system;
        let table = self.given(id).and_then(|given| system.source_table(given.table));
        let rules = table.map_or(&[][..], |(table, _)| system.rules_of(table));
        let mut read = crate::facts::AxisSet::EMPTY;
        for rule in rules.iter().filter(|rule| rule.from <= self.date) {
            read = read.union(system.slots_of(rule));
        }
        read.iter().map(|slot| system.axis_id(slot)).collect()
    }

    /// The codes known of an axis or table; `None` when nothing is.
    fn known(&self, id: &str) -> Option<BTreeSet<&'s str>> {
        let system = self.system;
        let slot: AxisIndex = system.axis(id)?;
        let codes = || bits(self.filled.values(slot)).map(|value| system.value_code(slot, value));
        self.filled.is_known(slot).then(|| codes().collect())
    }
}

/// What a table's rules read that is not the same on both sides.
fn through<'s>(id: &str, one: &Decided<'s>, other: &Decided<'s>) -> Vec<&'s str> {
    let mut read = one.reads(id);
    for further in other.reads(id) {
        if !read.contains(&further) {
            read.push(further);
        }
    }
    read.retain(|id| one.known(id) != other.known(id));
    read
}

/// The rules that are not the same on both sides and make a difference to these facts.
fn rules<'s>(one: &Rules<'s>, other: &Rules<'s>) -> Vec<RuleDifference<'s>> {
    let places = |side: &Rules<'s>| -> BTreeMap<&'s str, usize> {
        let rules = side.rules.iter().enumerate();
        rules.map(|(at, told)| (told.rule.id.as_str(), at)).collect()
    };
    let (left, right) = (places(one), places(other));
    let mut differences = Vec::new();
    for told in &one.rules {
        let opposite = right
            .get(told.rule.id.as_str())
            .and_then(|at| other.rules.get(*at));
        let change = match opposite {
            None => RuleChange::Removed,
            Some(opposite) if opposite.content != told.content => RuleChange::Changed,
            Some(_) if one.ordered && moved(&told.rule.id, &left, &right) => RuleChange::Moved,
            Some(_) => continue,
        };
        differences.extend(difference(change, Some(told), opposite));
    }
    for told in &other.rules {
        if !left.contains_key(told.rule.id.as_str()) {
            differences.extend(difference(RuleChange::Added, None, Some(told)));
        }
    }
    differences
}

/// Whether some rule that both sides have stands before this one on one side only.
fn moved(id: &str, left: &BTreeMap<&str, usize>, right: &BTreeMap<&str, usize>) -> bool {
    let (Some(here), Some(there)) = (left.get(id), right.get(id)) else {
        return false;
    };
    left.iter()
        .filter_map(|(other, at)| Some((at, right.get(other)?)))
        .any(|(at, opposite)| (at < here) != (opposite < there))
}

fn difference<'s>(
    change: RuleChange,
    one: Option<&Standing<'s>>,
    other: Option<&Standing<'s>>,
) -> Option<RuleDifference<'s>> {
    let matters = |side: &Standing<'_>| side.reached && side.standing != RuleStanding::RuledOut;
    let sides = || one.into_iter().chain(other);
    let rule = sides().next()?.rule.id.as_str();
    sides().any(matters).then(|| RuleDifference {
        rule,
        change,
        one: one.map(|side| side.standing),
        other: other.map(|side| side.standing),
        decides: sides().any(|side| side.decides),
    })
}
