//! A second, slow reading of what decision tables mean, on strings and by recursion, and random systems to try.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, of which each uses its own"
)]

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use vardnav_classification::facts::{VALUES_MAX, bits};
use vardnav_classification::model::*;
use vardnav_classification::{DescriptionSystem, FactSet};

pub const TODAY: Date = date(2026, 9, 1);
pub const GRAINS: [Grain; 3] = [Grain::Contact, Grain::Segment, Grain::MonitoringPeriod];

/// Known facts by name of axis or table. A name that is absent is unknown; no values means not applicable.
pub type Facts = BTreeMap<String, Vec<String>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    NotApplicable,
    Value {
        value: String,
        rule: String,
    },
    Held {
        possible: Vec<String>,
    },
    Collected {
        values: Vec<String>,
        possible: Vec<String>,
    },
}

pub struct Oracle<'a> {
    pub source: &'a DescriptionSource,
    pub grain: Grain,
    pub date: Date,
    pub facts: &'a Facts,
}

impl Oracle<'_> {
    pub fn says(&self, table: &Table) -> Said {
        if !table.grains.contains(&self.grain) {
            return Said::NotApplicable;
        }
        let rules: Vec<(&Rule, Option<bool>)> = table
            .rules
            .iter()
            .filter(|rule| self.is_taken(rule))
            .map(|rule| {
                (
                    rule,
                    any(rule
                        .alternatives
                        .iter()
                        .map(|each| all(each.iter().map(|c| self.holds(c))))),
                )
            })
            .collect();
        match table.hit_policy {
            HitPolicy::First => {
                let mut possible = Vec::new();
                for (rule, truth) in rules {
                    let value = match &rule.outcome {
                        Outcome::Value(value) => Some(value.clone()),
                        _ => None,
                    };
                    match (truth, value) {
                        (Some(false), _) => continue,
                        (Some(true), Some(value)) if possible.is_empty() => {
                            return Said::Value {
                                value,
                                rule: rule.id.clone(),
                            };
                        }
                        (Some(true), value) => {
                            possible.push(value);
                            break;
                        }
                        (None, value) => possible.push(value),
                    }
                }
                Said::Held {
                    possible: in_order(table, possible.into_iter().flatten().collect()),
                }
            }
            HitPolicy::Collect => {
                let of = |wanted| {
                    let given = rules
                        .iter()
                        .filter(|(_, truth)| *truth == wanted)
                        .filter_map(|(rule, _)| match &rule.outcome {
                            Outcome::Value(value) => Some(value.clone()),
                            _ => None,
                        });
                    in_order(table, given.collect())
                };
                let values = of(Some(true));
                let possible = of(None)
                    .into_iter()
                    .filter(|value| !values.contains(value))
                    .collect();
                Said::Collected { values, possible }
            }
        }
    }

    pub fn is_taken(&self, rule: &Rule) -> bool {
        rule.in_force_from.is_none_or(|from| from <= self.date)
            && rule.variant.as_ref().is_none_or(|variant| {
                self.source
                    .points
                    .iter()
                    .any(|point| point.id == variant.point && point.chosen == variant.name)
            })
    }

    pub fn holds(&self, condition: &Condition) -> Option<bool> {
        let values = self.fact(&condition.axis)?;
        let wanted = self.members(&condition.axis, &condition.any_of);
        if values.is_empty() {
            return Some(condition.negated);
        }
        Some(
            values
                .iter()
                .any(|value| wanted.contains(value) != condition.negated),
        )
    }

    pub fn fact(&self, name: &str) -> Option<Vec<String>> {
        let Some(table) = self.source.tables.iter().find(|table| table.id == name) else {
            return self.facts.get(name).cloned();
        };
        let covered = self.grain == Grain::Contact && table.grains.contains(&Grain::Segment);
        match self.says(table) {
            Said::Value { value, .. } => Some(vec![value]),
            Said::NotApplicable if covered => self.facts.get(name).cloned(),
            Said::NotApplicable => Some(Vec::new()),
            Said::Held { .. } | Said::Collected { .. } => None,
        }
    }

    fn members(&self, axis: &str, names: &[String]) -> Vec<String> {
        let mut members = Vec::new();
        for name in names {
            match self
                .source
                .value_sets
                .iter()
                .find(|set| set.id == *name && set.axis == axis)
            {
                Some(set) => members.extend(self.members(axis, &set.values)),
                None => members.push(name.clone()),
            }
        }
        members
    }
}

fn all(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let truths: Vec<_> = truths.collect();
    if truths.contains(&Some(false)) {
        return Some(false);
    }
    if truths.contains(&None) { None } else { Some(true) }
}

fn any(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(truths.map(|truth| truth.map(|truth| !truth))).map(|truth| !truth)
}

fn in_order(table: &Table, given: Vec<String>) -> Vec<String> {
    let codes = table.values.iter().map(|value| value.code.clone());
    codes.filter(|code| given.contains(code)).collect()
}

/// The facts in compiled form.
pub fn compiled(system: &DescriptionSystem, facts: &Facts) -> FactSet {
    let mut set = FactSet::new();
    for (name, values) in facts {
        let axis = system.axis(name).unwrap();
        let mask = values
            .iter()
            .fold(0, |mask, code| mask | 1 << system.value(axis, code).unwrap());
        set.set(axis, mask, FactSource::Record);
    }
    set
}

/// Codes of the bits of a mask.
pub fn codes(system: &DescriptionSystem, name: &str, mask: u64) -> Vec<String> {
    let axis = system.axis(name).unwrap();
    assert!(bits(mask).all(|bit| usize::from(bit) < VALUES_MAX));
    bits(mask)
        .map(|bit| system.value_code(axis, bit).to_owned())
        .collect()
}

/// Choices out of a byte string, so that failures shrink; 0 when it is used up.
pub struct Choices<'a>(pub std::slice::Iter<'a, u8>);

impl Choices<'_> {
    pub fn up_to(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % limit
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.up_to(count) == count - 1
    }
}

/// A small random system.
pub fn system(choices: &mut Choices<'_>) -> DescriptionSource {
    let mut source = DescriptionSource::default();
    for at in 0..2 + choices.up_to(3) {
        source.axes.push(Axis {
            id: format!("a{at}"),
            label: Label::default(),
            definition: Label::default(),
            values: values(2 + choices.up_to(2)),
            multiple: choices.one_in(4),
            grains: GRAINS.to_vec(),
            sources: vec![FactSource::Record],
            derivation: None,
        });
    }
    let set = vec!["v0".to_owned(), "v1".to_owned()];
    source.value_sets.push(ValueSet {
        id: "some".to_owned(),
        axis: "a0".to_owned(),
        values: set,
    });
    let more = vec!["some".to_owned(), "v1".to_owned()];
    source.value_sets.push(ValueSet {
        id: "more".to_owned(),
        axis: "a0".to_owned(),
        values: more,
    });
    source.points.push(UnsettledPoint {
        id: "U1".to_owned(),
        question: Label::default(),
        variants: vec!["left".to_owned(), "right".to_owned()],
        chosen: if choices.one_in(2) { "left" } else { "right" }.to_owned(),
    });
    for at in 0..1 + choices.up_to(3) {
        let table = table(choices, &source, at);
        source.tables.push(table);
    }
    for at in 0..choices.up_to(3) {
        let axes = DescriptionSource {
            tables: Vec::new(),
            ..source.clone()
        };
        source.exclusions.push(Combination {
            id: format!("X{at}"),
            grains: grains(choices),
            alternatives: vec![conditions(choices, &axes, 2)],
            line: 0,
        });
    }
    source
}

fn table(choices: &mut Choices<'_>, source: &DescriptionSource, at: usize) -> Table {
    let hit_policy = if choices.one_in(3) {
        HitPolicy::Collect
    } else {
        HitPolicy::First
    };
    let values = values(2 + choices.up_to(2));
    let mut rules = Vec::new();
    let count = if choices.one_in(8) {
        70 + choices.up_to(70)
    } else {
        1 + choices.up_to(5)
    };
    for rule in 0..count {
        let alternatives = (0..1 + choices.up_to(2))
            .map(|_| conditions(choices, source, 3))
            .collect();
        let outcome = if hit_policy == HitPolicy::First && choices.one_in(5) {
            Outcome::Hold {
                reason: Label {
                    sv: "skäl".to_owned(),
                    en: "reason".to_owned(),
                },
            }
        } else {
            Outcome::Value(values[choices.up_to(values.len())].code.clone())
        };
        let variant = choices.one_in(5).then(|| VariantRef {
            point: "U1".to_owned(),
            name: "left".to_owned(),
        });
        rules.push(Rule {
            id: format!("R{rule}"),
            alternatives,
            outcome,
            variant,
            legal_basis: String::new(),
            status: String::new(),
            in_force_from: choices.one_in(6).then_some(date(2027, 1, 1)),
            line: 0,
        });
    }
    if hit_policy == HitPolicy::First && choices.one_in(2) {
        rules.push(Rule {
            id: "guard".to_owned(),
            alternatives: vec![Vec::new()],
            outcome: Outcome::CatchAll,
            variant: None,
            legal_basis: String::new(),
            status: String::new(),
            in_force_from: None,
            line: 0,
        });
    }
    Table {
        id: format!("t{at}"),
        label: Label::default(),
        hit_policy,
        grains: grains(choices),
        values,
        rules,
    }
}

fn conditions(choices: &mut Choices<'_>, source: &DescriptionSource, limit: usize) -> Vec<Condition> {
    let feeding = source
        .tables
        .iter()
        .filter(|table| table.hit_policy == HitPolicy::First);
    let names: Vec<(&String, &Vec<AxisValue>)> = source
        .axes
        .iter()
        .map(|axis| (&axis.id, &axis.values))
        .chain(feeding.map(|table| (&table.id, &table.values)))
        .collect();
    let mut conditions: Vec<Condition> = Vec::new();
    for _ in 0..choices.up_to(limit + 1) {
        let (axis, values) = names[choices.up_to(names.len())];
        if conditions.iter().any(|condition| condition.axis == *axis) {
            continue;
        }
        let mut any_of = vec![values[choices.up_to(values.len())].code.clone()];
        if axis == "a0" && choices.one_in(3) {
            any_of.push("more".to_owned());
        }
        conditions.push(Condition {
            axis: axis.clone(),
            any_of,
            negated: choices.one_in(3),
        });
    }
    conditions
}

fn grains(choices: &mut Choices<'_>) -> Vec<Grain> {
    let first = choices.up_to(3);
    let mut grains = vec![GRAINS[first]];
    if choices.one_in(2) {
        grains.push(GRAINS[(first + 1) % 3]);
    }
    grains
}

fn values(count: usize) -> Vec<AxisValue> {
    (0..count)
        .map(|at| AxisValue {
            code: format!("v{at}"),
            label: Label::default(),
        })
        .collect()
}

/// Random facts: of the axes, and of the tables that a contact is given.
pub fn facts(choices: &mut Choices<'_>, source: &DescriptionSource, grain: Grain) -> Facts {
    let mut facts = Facts::new();
    for axis in &source.axes {
        let mut values: Vec<String> = Vec::new();
        match choices.up_to(5) {
            0 | 1 => continue,
            2 if choices.one_in(3) => {}
            3 if axis.multiple => values.extend(["v0".to_owned(), "v1".to_owned()]),
            _ => values.push(axis.values[choices.up_to(axis.values.len())].code.clone()),
        }
        facts.insert(axis.id.clone(), values);
    }
    for table in given(source, grain) {
        if choices.one_in(2) {
            facts.insert(
                table.id.clone(),
                vec![table.values[choices.up_to(table.values.len())].code.clone()],
            );
        }
    }
    facts
}

/// The tables whose value is a fact of the grain.
pub fn given(source: &DescriptionSource, grain: Grain) -> impl Iterator<Item = &Table> {
    source.tables.iter().filter(move |table| {
        grain == Grain::Contact && !table.grains.contains(&grain) && table.grains.contains(&Grain::Segment)
    })
}
