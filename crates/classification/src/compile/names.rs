//! What the names of a source mean: axes and tables as slots, values as ordinals, value sets as bit masks.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Atom, Place, Problem, TABLES, naming, repeated};
use crate::facts::{AxisIndex, NOT_APPLICABLE, SLOTS, VALUES, VALUES_MAX};
use crate::model::{Condition, DescriptionSource, HitPolicy, ValueSet};
use crate::statement::UNKNOWN;

/// Where a name is used, and how many tables are decided before that.
pub(super) struct Scope<'a> {
    pub(super) place: &'a Place,
    pub(super) line: u32,
    pub(super) tables: usize,
}

impl Scope<'_> {
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            place: self.place.clone(),
            line: self.line,
            message: message.into(),
        }
    }
}

/// Names are looked up for every fact of every line, and only a release adds any: a plain hash (FNV-1a) will do.
#[derive(Debug, Clone, Copy)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type ByName<T> = HashMap<String, T, BuildHasherDefault<Fnv>>;

#[derive(Debug)]
pub(super) struct Names {
    slots: ByName<AxisIndex>,
    values: Vec<ByName<u8>>,
    sets: HashMap<(AxisIndex, String), u64>,
}

impl Names {
    pub(super) fn of(source: &DescriptionSource, problems: &mut Vec<Problem>) -> Self {
        let mut names = Self {
            slots: ByName::default(),
            values: Vec::new(),
            sets: HashMap::new(),
        };
        let axes = source
            .axes
            .iter()
            .map(|axis| (Place::Axis(axis.id.clone()), &axis.id, &axis.values));
        let tables = source
            .tables
            .iter()
            .map(|table| (Place::Table(table.id.clone()), &table.id, &table.values));
        if source.tables.len() > TABLES {
            problems.push(system(format!(
                "has {} tables, {TABLES} are allowed",
                source.tables.len()
            )));
        }
        let ids = source
            .axes
            .iter()
            .map(|axis| &axis.id)
            .chain(source.tables.iter().map(|table| &table.id));
        for id in repeated(ids.map(String::as_str)) {
            problems.push(system(format!("`{id}` names two axes or tables")));
        }
        for (position, (place, id, values)) in axes.chain(tables).enumerate() {
            let scope = Scope {
                place: &place,
                line: 0,
                tables: 0,
            };
            match AxisIndex::new(position) {
                Some(slot) => {
                    names.slots.entry(id.clone()).or_insert(slot);
                }
                None => {
                    problems.push(scope.problem(format!("is beyond the {SLOTS} axes and tables allowed")))
                }
            }
            if id.is_empty() {
                problems.push(scope.problem("has no id"));
            }
            if values.is_empty() || values.len() > VALUES_MAX {
                problems.push(scope.problem(format!(
                    "has {} values, 1 to {VALUES_MAX} are allowed",
                    values.len()
                )));
            }
            for code in repeated(values.iter().map(|value| value.code.as_str())) {
                problems.push(scope.problem(format!("has the value `{code}` twice")));
            }
            if values.iter().any(|value| value.code == UNKNOWN) {
                problems.push(scope.problem(format!(
                    "has the value `{UNKNOWN}`, which stands for a missing fact"
                )));
            }
            if values.iter().any(|value| value.code.is_empty()) {
                problems.push(scope.problem("has a value without code"));
            }
            let ordinals = values.iter().zip(0..=u8::MAX);
            names.values.push(
                ordinals
                    .map(|(value, ordinal)| (value.code.clone(), ordinal))
                    .collect(),
            );
        }
        names.add_sets(&source.value_sets, problems);
        names
    }

    pub(super) fn slot(&self, id: &str) -> Option<AxisIndex> {
        self.slots.get(id).copied()
    }

    pub(super) fn value(&self, axis: AxisIndex, code: &str) -> Option<u8> {
        self.values.get(axis.position())?.get(code).copied()
    }

    /// The condition as a slot and the bits that meet it.
    pub(super) fn atom(
        &self,
        source: &DescriptionSource,
        condition: &Condition,
        scope: &Scope<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Atom> {
        let Some(slot) = self.slot(&condition.axis) else {
            problems.push(scope.problem(naming::unknown_axis(source, &condition.axis)));
            return None;
        };
        if let Some(table) = slot.position().checked_sub(source.axes.len()) {
            let collects = source
                .tables
                .get(table)
                .is_some_and(|table| table.hit_policy == HitPolicy::Collect);
            let fault = match (table >= scope.tables, collects) {
                (true, _) => "is not decided before this, so it cannot be a condition",
                (false, true) => "collects, and only tables that give one value feed others",
                (false, false) => "",
            };
            if !fault.is_empty() {
                problems.push(scope.problem(format!("table `{}` {fault}", condition.axis)));
                return None;
            }
        }
        if condition.any_of.is_empty() {
            problems.push(scope.problem(format!("the condition on `{}` names no value", condition.axis)));
        }
        for name in &condition.any_of {
            if self.mask(slot, name).is_none() {
                let message = naming::unknown_value(source, &condition.axis, name);
                problems.push(scope.problem(message));
            }
        }
        let mut mask = self.named(condition);
        if condition.negated {
            mask = (self.all(slot) & !mask) | NOT_APPLICABLE;
        }
        Some(Atom {
            slot: u8::try_from(slot.position()).ok()?,
            mask,
        })
    }

    /// The values a condition names, before negation.
    pub(super) fn named(&self, condition: &Condition) -> u64 {
        let Some(slot) = self.slot(&condition.axis) else {
            return 0;
        };
        condition
            .any_of
            .iter()
            .filter_map(|name| self.mask(slot, name))
            .fold(0, |all, mask| all | mask)
    }

    /// How many values a slot has.
    pub(super) fn count(&self, slot: u8) -> usize {
        self.values.get(usize::from(slot)).map_or(0, ByName::len)
    }

    /// Every value of a slot.
    pub(super) fn all(&self, axis: AxisIndex) -> u64 {
        let count = self
            .values
            .get(axis.position())
            .map_or(0, ByName::len)
            .min(VALUES_MAX);
        if count == 0 {
            0
        } else {
            VALUES >> (VALUES_MAX - count)
        }
    }

    fn mask(&self, axis: AxisIndex, name: &str) -> Option<u64> {
        match self.value(axis, name) {
            Some(value) => Some(1 << value),
            None => self.sets.get(&(axis, name.to_owned())).copied(),
        }
    }

    /// Resolves value sets that name each other, as long as any can be resolved; what is left is a problem.
    fn add_sets(&mut self, sets: &[ValueSet], problems: &mut Vec<Problem>) {
        let mut waiting: Vec<&ValueSet> = Vec::new();
        for id in repeated(sets.iter().map(|set| set.id.as_str())) {
            problems.push(in_set(id, "is defined twice".to_owned()));
        }
        for set in sets {
            match self.slot(&set.axis) {
                None => problems.push(in_set(&set.id, format!("no axis is called `{}`", set.axis))),
                Some(axis) if self.value(axis, &set.id).is_some() => {
                    problems.push(in_set(&set.id, format!("is also a value of `{}`", set.axis)));
                }
                Some(_) if set.values.is_empty() => {
                    problems.push(in_set(&set.id, "has no values".to_owned()))
                }
                Some(_) => waiting.push(set),
            }
        }
        loop {
            let before = waiting.len();
            waiting.retain(|set| {
                let Some(axis) = self.slot(&set.axis) else {
                    return false;
                };
                let mask = set
                    .values
                    .iter()
                    .try_fold(0, |mask, name| Some(mask | self.mask(axis, name)?));
                mask.map(|mask| self.sets.insert((axis, set.id.clone()), mask))
                    .is_none()
            });
            if waiting.len() == before {
                break;
            }
        }
        for set in waiting {
            let axis = self.slot(&set.axis);
            let unknown = set
                .values
                .iter()
                .filter(|name| axis.is_some_and(|axis| self.mask(axis, name).is_none()));
            for name in unknown {
                let message = if sets
                    .iter()
                    .any(|other| other.id == **name && other.axis == set.axis)
                {
                    format!("names `{name}`, which cannot be resolved")
                } else {
                    format!("`{}` has no value or value set `{name}`", set.axis)
                };
                problems.push(in_set(&set.id, message));
            }
        }
    }
}

fn system(message: String) -> Problem {
    Problem {
        place: Place::System,
        line: 0,
        message,
    }
}

fn in_set(id: &str, message: String) -> Problem {
    Problem {
        place: Place::ValueSet(id.to_owned()),
        line: 0,
        message,
    }
}
