//! Marking: a part is held against every condition of the release's measures that needs no other part.

use std::collections::HashMap;

use vardnav_classification::TableResult;
use vardnav_classification::facts::bits;

use super::Engine;
use super::compile::{Codes, From, NO_VALUE, System};
use super::marked::{Column, Marked};
use super::truth::{Bits, Truth};
use super::view::{Hierarchy, PartView};
use crate::measure::Part;

/// Answers of a hierarchy that are remembered; when there are more, they are forgotten and asked anew.
const REMEMBERED_MAX: usize = 65_536;

/// Marks parts one after another, and remembers what the hierarchies answered.
#[derive(Debug)]
pub struct Marker<'a, H> {
    engine: &'a Engine,
    hierarchy: H,
    remembered: Vec<HashMap<String, Truth>>,
}

/// What is found of the conditions.
#[derive(Default)]
struct Found {
    is_true: Bits,
    is_unknown: Bits,
}

impl Found {
    fn set(&mut self, condition: usize, truth: Truth) {
        match truth {
            Truth::True => self.is_true.insert(condition),
            Truth::Unknown => self.is_unknown.insert(condition),
            Truth::False => {}
        }
    }
}

impl<'a, H: Hierarchy> Marker<'a, H> {
    pub(super) fn new(engine: &'a Engine, hierarchy: H) -> Self {
        Self {
            engine,
            hierarchy,
            remembered: Vec::new(),
        }
    }

    /// Marks a part.
    pub fn mark(&mut self, part: &(impl PartView + ?Sized)) -> Marked {
        let kind = part.kind();
        let described = part.described();
        let system = described.and_then(|described| self.engine.systems.get(usize::from(described.system.0)));
        let mut found = Found::default();
        self.ask_described(part, system, &mut found);
        self.ask_stated(part, &mut found);
        let questions = self.engine.questions(kind);
        let (mut holds, mut undecided) = (Bits::default(), Bits::default());
        for (measure, must, must_not) in questions.map_or(&[][..], |questions| &questions.measures) {
            let possible = found.is_true.with(&found.is_unknown);
            if found.is_true.covers(must) && !possible.meets(must_not) {
                holds.insert(*measure);
            } else if possible.covers(must) && !found.is_true.meets(must_not) {
                undecided.insert(*measure);
            }
        }
        let numbers = (0..kind.numbers().len()).map(|at| part.number(at));
        Marked {
            start: part.start(),
            end: part.end(),
            kind,
            residence: part.residence(),
            sex: part.sex(),
            age: part.age(),
            holds,
            undecided,
            columns: self.columns(part, system),
            numbers: numbers.collect(),
        }
    }

    /// Conditions on tables and axes.
    fn ask_described(&self, part: &(impl PartView + ?Sized), system: Option<&System>, found: &mut Found) {
        let kind = part.kind();
        let asked = system.and_then(|system| system.asked.get(place(kind)));
        let (Some(asked), Some(described)) = (asked, part.described()) else {
            if let Some(questions) = self.engine.questions(kind) {
                found.is_unknown = found.is_unknown.with(&questions.described);
            }
            return;
        };
        found.is_unknown = found.is_unknown.with(&asked.missing);
        for (table, values, condition) in &asked.tables {
            let result = described.tables.get(*table).copied();
            found.set(
                *condition,
                of_table(result.unwrap_or(TableResult::NotApplicable), *values),
            );
        }
        for (axis, values, condition) in &asked.axes {
            let truth = match described.facts.is_known(*axis) {
                true => Truth::of(described.facts.values(*axis) & values != 0),
                false => Truth::Unknown,
            };
            found.set(*condition, truth);
        }
    }

    /// Conditions on what the part itself states.
    fn ask_stated(&mut self, part: &(impl PartView + ?Sized), found: &mut Found) {
        let Some(questions) = self.engine.questions(part.kind()) else {
            return;
        };
        for variable in &questions.variables {
            let is_stated = part.variable(&variable.path, &mut |value| {
                for (asked, condition) in &variable.values {
                    if asked == value {
                        found.is_true.insert(*condition);
                    }
                }
            });
            if !is_stated && !variable.absent_is_known {
                found.is_unknown = found.is_unknown.with(&variable.asked);
            }
            if let Some(condition) = variable.stated.filter(|_| is_stated) {
                found.is_true.insert(condition);
            }
        }
        for between in &questions.dates {
            let truth = match (part.date(&between.from), part.date(&between.to)) {
                (Some(from), Some(to)) => {
                    let days = super::day(to) - super::day(from);
                    Truth::of((between.days.least.into()..=between.days.most.into()).contains(&days))
                }
                (None, _) if between.absent_is_known.0 => Truth::False,
                (_, None) if between.absent_is_known.1 => Truth::False,
                _ => Truth::Unknown,
            };
            found.set(between.condition, truth);
        }
        let age = part.age();
        for (from, below, condition) in &questions.ages {
            let is_in = |age: u16| *from <= age && below.is_none_or(|below| age < below);
            found.set(
                *condition,
                age.map_or(Truth::Unknown, |age| Truth::of(is_in(age))),
            );
        }
        if !questions.unit_kinds.is_empty() {
            let kind = part.unit_kind();
            for (any, condition) in &questions.unit_kinds {
                let is_any = |kind: &str| any.iter().any(|known| known == kind);
                found.set(
                    *condition,
                    kind.map_or(Truth::Unknown, |kind| Truth::of(is_any(kind))),
                );
            }
        }
        for codes in &questions.codes {
            let truth = self.of_codes(part, codes);
            found.set(codes.condition, truth);
        }
    }

    /// Whether a code that is stated is one of those asked for, or lies below one.
    fn of_codes(&mut self, part: &(impl PartView + ?Sized), codes: &Codes) -> Truth {
        let mut any: Option<Truth> = None;
        if self.remembered.len() <= codes.condition {
            self.remembered.resize_with(codes.condition + 1, HashMap::new);
        }
        let (hierarchy, Some(remembered)) = (&self.hierarchy, self.remembered.get_mut(codes.condition))
        else {
            return Truth::Unknown;
        };
        part.codes(&codes.path, &mut |system, code| {
            if system != codes.system {
                return;
            }
            let truth = match remembered.get(code) {
                Some(truth) => *truth,
                None => {
                    let truth = below(hierarchy, codes, code);
                    if remembered.len() >= REMEMBERED_MAX {
                        remembered.clear();
                    }
                    remembered.insert(code.to_owned(), truth);
                    truth
                }
            };
            any = Some(any.map_or(truth, |any| any.or(truth)));
        });
        any.unwrap_or(Truth::Unknown)
    }

    /// The values of the columns.
    fn columns(&self, part: &(impl PartView + ?Sized), system: Option<&System>) -> Vec<Column> {
        let engine = self.engine;
        let described = part.described();
        let columns = engine.whole.columns.iter().enumerate();
        let one = |(at, (source, values)): (usize, &(super::compile::Source, Vec<String>))| {
            if *source == super::compile::Source::UnitKind {
                let kind = part.unit_kind();
                let known = (0..).zip(values).find(|(_, known)| Some(known.as_str()) == kind);
                return known.map_or(Column::default(), |(at, _): (u32, _)| of_values(1 << at, 0));
            }
            match (system.and_then(|system| system.columns.get(at)), described) {
                (Some(From::Axis(axis, ordinals)), Some(described)) if described.facts.is_known(*axis) => {
                    let values = described.facts.values(*axis);
                    known(values, 0, ordinals)
                }
                (Some(From::Table(table, ordinals)), Some(described)) => match described.tables.get(*table) {
                    Some(TableResult::Value { value, .. }) => {
                        known(1_u64.checked_shl((*value).into()).unwrap_or(0), 0, ordinals)
                    }
                    Some(TableResult::Collected { values, possible }) if *values != 0 || *possible == 0 => {
                        known(*values, *possible, ordinals)
                    }
                    Some(TableResult::NotApplicable) | None => of_values(0, 0),
                    Some(TableResult::Held { .. } | TableResult::Collected { .. }) => Column::default(),
                },
                _ => Column::default(),
            }
        };
        columns.map(one).collect()
    }
}

/// The place of a kind in [`Part::ALL`].
pub(super) fn place(kind: Part) -> usize {
    Part::ALL.iter().position(|known| *known == kind).unwrap_or(0)
}

fn of_table(result: TableResult, asked: Option<u64>) -> Truth {
    let asked = asked.unwrap_or(u64::MAX);
    match result {
        TableResult::Value { value, .. } => {
            Truth::of(asked & 1_u64.checked_shl(value.into()).unwrap_or(0) != 0)
        }
        TableResult::Held { .. } => Truth::Unknown,
        TableResult::Collected { values, .. } if values & asked != 0 => Truth::True,
        TableResult::Collected { possible, .. } if possible & asked != 0 => Truth::Unknown,
        TableResult::Collected { .. } | TableResult::NotApplicable => Truth::False,
    }
}

fn below(hierarchy: &impl Hierarchy, codes: &Codes, code: &str) -> Truth {
    if codes.any.iter().any(|ancestor| ancestor == code) {
        return Truth::True;
    }
    codes
        .any
        .iter()
        .fold(Truth::False, |truth, ancestor| match truth {
            Truth::True => Truth::True,
            _ => truth.or(hierarchy
                .is_below(&codes.system, code, ancestor)
                .map_or(Truth::Unknown, Truth::of)),
        })
}

fn of_values(values: u64, possible: u64) -> Column {
    Column {
        is_known: true,
        values,
        possible,
    }
}

/// Values of a system by the engine's ordinals. Unknown where the engine has none of what there is.
fn known(values: u64, possible: u64, ordinals: &[u8]) -> Column {
    let ours = |values: u64| {
        let ordinal = |value: u8| {
            ordinals
                .get(usize::from(value))
                .copied()
                .filter(|at| *at != NO_VALUE)
        };
        bits(values)
            .filter_map(ordinal)
            .fold(0, |set, at| set | 1_u64 << at)
    };
    match (values, ours(values)) {
        (0, _) => of_values(0, 0),
        (_, 0) => Column::default(),
        (_, values) => of_values(values, ours(possible) & !values),
    }
}
