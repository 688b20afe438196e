//! Which facts settle a value: the smallest sets of facts with which a table gives it although all other facts are
//! unknown. What is unknown follows the three-valued logic of [`crate::classify`]: a rule decides when its conditions
//! are known to hold and each alternative of every rule before it has one that is known to fail.
//!
//! The facts of a table are those of its own columns, so the value of an earlier table counts as one; the sets of axes
//! that a reporter must supply put in its place what settles that one.

use super::question::Question;
use super::solver::OutOfSteps;
use crate::compile::{Atom, CompiledTable, DescriptionSystem, Gives};
use crate::facts::{AxisIndex, NOT_APPLICABLE, bits};

/// How many sets are told of one value.
pub const SETS: usize = 40;

/// How many choices the search for sets of one value may try.
const CHOICES: usize = 20_000;

/// The facts that settle a value of a table, for one grain with the rules in force on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settling {
    /// Code of the value.
    pub value: String,
    /// Sets of facts, the smallest first; no fact of a set can be left out. None when nothing settles the value.
    pub sets: Vec<SettlingSet>,
    /// The smallest sets of axes that a reporter must supply for the value to be settled, by id.
    pub axes: Vec<Vec<String>>,
    /// Whether there may be more sets than are told.
    pub more: bool,
}

/// Facts with which a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlingSet {
    /// Id of the rule.
    pub rule: String,
    /// The facts.
    pub facts: Vec<SettlingFact>,
}

/// A fact that helps to settle a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlingFact {
    /// Id of the axis or of an earlier table.
    pub axis: String,
    /// Codes of values. Any of them suffices; on an axis where several values may hold at once, one of them must be
    /// among those that hold.
    pub values: Vec<String>,
    /// Whether, on an axis where several values may hold at once, no others may hold beside these.
    pub only: bool,
}

/// What is known of a slot: the values lie within `only`, and if `some` is not empty, one of them within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    slot: u8,
    some: u64,
    only: u64,
}

type Facts = Vec<Known>;

/// What settles the values of one table: by ordinal, the sets of axes as bits of slots.
pub(super) type AxesByValue = Vec<Vec<u64>>;

/// The sets told of one value, and those of its axes as bits of slots.
pub(super) struct Settled {
    pub(super) settling: Settling,
    pub(super) axes: Vec<u64>,
}

struct Search<'q, 's> {
    system: &'s DescriptionSystem,
    question: &'q mut Question<'s>,
    /// The alternatives of the rules before the one looked at.
    before: Vec<Vec<Atom>>,
    found: Vec<(u16, Facts)>,
    size: usize,
    choices: usize,
    /// Something was left out for its size.
    larger: bool,
}

/// The facts that settle each value of a table; `earlier` has what settles the values of earlier tables.
///
/// # Errors
/// The steps are used up.
pub(super) fn settle<'s>(
    system: &'s DescriptionSystem,
    table: &CompiledTable,
    question: &mut Question<'s>,
    earlier: impl Fn(usize) -> Option<AxesByValue>,
) -> Result<Vec<Settled>, OutOfSteps> {
    let mut all = Vec::new();
    for (ordinal, value) in (0..=u8::MAX).zip(system.values_of(table.slot)) {
        let mut search = Search {
            system,
            question,
            before: Vec::new(),
            found: Vec::new(),
            size: 0,
            choices: 0,
            larger: true,
        };
        let more = search.value(ordinal)?;
        let mut found = search.found;
        found.sort_by_key(|(_, facts)| facts.len());
        let axes = axes(system, &found, &earlier);
        let named = axes.iter().map(|slots| {
            let slots = bits(*slots).filter_map(|slot| AxisIndex::new(usize::from(slot)));
            slots.map(|slot| system.axis_id(slot).to_owned()).collect()
        });
        let settling = Settling {
            value: value.code.clone(),
            axes: named.collect(),
            sets: found
                .iter()
                .map(|(rule, facts)| named_set(system, table, *rule, facts))
                .collect(),
            more,
        };
        all.push(Settled { settling, axes });
    }
    Ok(all)
}

impl Search<'_, '_> {
    /// Finds the sets of a value, those of fewer facts first. Tells whether there may be more.
    fn value(&mut self, value: u8) -> Result<bool, OutOfSteps> {
        while core::mem::take(&mut self.larger) {
            let rules = self.question.table.rules.clone();
            self.before.clear();
            for rule in rules {
                let alternatives = self.question.reading.known_alternatives(rule.position);
                if rule.gives == Gives::Value(value) {
                    for alternative in &alternatives {
                        if let Some(facts) = self.start(alternative)
                            && !self.narrow(rule.position, facts, 0)?
                        {
                            return Ok(true);
                        }
                    }
                }
                if !self.question.table.collects {
                    self.before.extend(alternatives);
                }
            }
            self.size += 1;
        }
        Ok(false)
    }

    fn start(&self, alternative: &[Atom]) -> Option<Facts> {
        let mut facts = Facts::new();
        for atom in alternative {
            let all = self.all(atom.slot);
            let mask = atom.mask & all;
            let known = if self.is_multiple(atom.slot) {
                Known {
                    slot: atom.slot,
                    some: mask,
                    only: all,
                }
            } else {
                Known {
                    slot: atom.slot,
                    some: 0,
                    only: mask,
                }
            };
            if mask == 0 {
                return None;
            }
            facts.push(known);
        }
        facts.sort_by_key(|known| known.slot);
        Some(facts)
    }

    /// Rules out one alternative after the other, in each way there is; false when the limit is reached.
    fn narrow(&mut self, rule: u16, facts: Facts, from: usize) -> Result<bool, OutOfSteps> {
        if facts.len() > self.size {
            self.larger = true;
            return Ok(true);
        }
        self.choices += 1;
        if self.choices > CHOICES {
            return Ok(false);
        }
        let open = self.before.iter().enumerate().skip(from).find(|(_, atoms)| {
            !atoms.iter().any(|atom| {
                facts
                    .iter()
                    .any(|known| known.slot == atom.slot && known.only & atom.mask == 0)
            })
        });
        let Some((at, atoms)) = open.map(|(at, atoms)| (at, atoms.clone())) else {
            return self.complete(rule, facts);
        };
        for atom in atoms {
            let all = self.all(atom.slot);
            let mut next = facts.clone();
            let place = next.iter().position(|known| known.slot >= atom.slot);
            let place = place.unwrap_or(next.len());
            if next.get(place).is_none_or(|known| known.slot != atom.slot) {
                let known = Known {
                    slot: atom.slot,
                    some: 0,
                    only: all,
                };
                next.insert(place, known);
            }
            let Some(known) = next.get_mut(place) else {
                continue;
            };
            known.only &= !atom.mask;
            if known.only == 0 || (known.some != 0 && known.some & known.only == 0) {
                continue;
            }
            known.some &= known.only;
            if !self.narrow(rule, next, at + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a set, if it is of the size looked for, says more than the others and can be; false when there are
    /// enough.
    fn complete(&mut self, rule: u16, facts: Facts) -> Result<bool, OutOfSteps> {
        if facts.len() < self.size || self.found.iter().any(|(_, known)| covers(known, &facts)) {
            return Ok(true);
        }
        let mut nodes = Vec::new();
        for known in &facts {
            let all = self.all(known.slot);
            let Question { circuit, reading, .. } = &mut *self.question;
            if known.some != 0 {
                nodes.push(reading.test(circuit, known.slot, known.some));
            }
            nodes.push(!reading.test(circuit, known.slot, all & !known.only));
        }
        if !self.question.can(&nodes)? {
            return Ok(true);
        }
        if self.found.len() >= SETS {
            return Ok(false);
        }
        self.found.retain(|(_, known)| !covers(&facts, known));
        self.found.push((rule, facts));
        Ok(true)
    }

    fn all(&self, slot: u8) -> u64 {
        AxisIndex::new(usize::from(slot)).map_or(0, |slot| super::all(self.system.values_of(slot).len()))
    }

    fn is_multiple(&self, slot: u8) -> bool {
        AxisIndex::new(usize::from(slot))
            .and_then(|slot| self.system.axis_definition(slot))
            .is_some_and(|axis| axis.multiple)
    }
}

/// Whether facts that have the other set have this one too.
fn covers(one: &Facts, other: &Facts) -> bool {
    one.iter().all(|one| {
        other.iter().any(|other| {
            let some = one.some == 0
                || (other.some != 0 && other.some & !one.some == 0)
                || other.only & !one.some == 0;
            one.slot == other.slot && other.only & !one.only == 0 && some
        })
    })
}

fn named_set(system: &DescriptionSystem, table: &CompiledTable, rule: u16, facts: &Facts) -> SettlingSet {
    let id = system
        .tables()
        .find(|(index, _)| system.slot_of(*index) == Some(table.slot))
        .and_then(|(index, _)| system.rule(index, rule))
        .map_or("", |rule| &rule.id);
    let named = facts.iter().filter_map(|known| {
        let slot = AxisIndex::new(usize::from(known.slot))?;
        let multiple = system.axis_definition(slot).is_some_and(|axis| axis.multiple);
        let full = known.only == super::all(system.values_of(slot).len());
        let values = if known.some == 0 { known.only } else { known.some };
        Some(SettlingFact {
            axis: system.axis_id(slot).to_owned(),
            values: bits(values)
                .map(|value| system.value_code(slot, value).to_owned())
                .collect(),
            only: multiple && !full,
        })
    });
    SettlingSet {
        rule: id.to_owned(),
        facts: named.collect(),
    }
}

/// The smallest sets of axes, with what settles them in place of earlier tables.
fn axes(
    system: &DescriptionSystem,
    found: &[(u16, Facts)],
    earlier: &impl Fn(usize) -> Option<AxesByValue>,
) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::new();
    for (_, facts) in found {
        let mut sets = vec![0_u64];
        for known in facts {
            let position = usize::from(known.slot).checked_sub(system.source().axes.len());
            let within = match position.and_then(earlier) {
                Some(values) => smallest(
                    values
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| known.only >> at & 1 == 1)
                        .flat_map(|(_, sets)| sets.iter().copied())
                        .collect(),
                ),
                None => vec![1 << known.slot],
            };
            let joined = sets
                .iter()
                .flat_map(|set| within.iter().map(move |more| set | more))
                .collect();
            sets = smallest(joined);
        }
        all.extend(sets);
        all = smallest(all);
    }
    all
}

/// The sets that have no other within them, the smallest first, at most [`SETS`].
fn smallest(mut sets: Vec<u64>) -> Vec<u64> {
    sets.sort_by_key(|set| (set.count_ones(), *set));
    sets.dedup();
    let mut kept: Vec<u64> = Vec::new();
    for set in sets {
        if kept.len() < SETS && !kept.iter().any(|one| one & !set == 0) {
            kept.push(set);
        }
    }
    kept
}

impl super::question::Reading<'_> {
    /// The alternatives of a rule as conditions on slots that have values for the grain: conditions that are known to
    /// hold are left out, alternatives with one that is known to fail too.
    fn known_alternatives(&self, position: u16) -> Vec<Vec<Atom>> {
        let Some(rule) = self.asked().and_then(|table| {
            self.system()
                .rules_of(table)
                .iter()
                .find(|rule| rule.position == position)
        }) else {
            return Vec::new();
        };
        let spans = self.system().alternatives_of(rule).iter();
        spans
            .filter_map(|span| {
                let mut atoms = Vec::new();
                for atom in self.system().atoms_of(span) {
                    if self.has_values(atom.slot) {
                        atoms.push(*atom);
                    } else if atom.mask & NOT_APPLICABLE == 0 {
                        return None;
                    }
                }
                Some(atoms)
            })
            .collect()
    }
}
