//! The search for the fewest changes: by rising number of axes, over the conjunctions that the wanted value needs. The
//! facts that a conjunction lacks must change; further axes are added one by one, since an earlier rule may stand in
//! the way or validation may refuse the combination. Every combination tried is decided by the tables themselves.

use core::ops::ControlFlow;

use jiff::civil::Date;

use crate::classify::TableResult;
use crate::compile::{Atom, CompiledTable, DescriptionSystem, TableIndex};
use crate::counterfactual::moves::{Candidate, Move, candidate};
use crate::counterfactual::targets::{Conjunction, Targets};
use crate::counterfactual::{Change, ChangeKind, Effect, Limits, Stater, Way};
use crate::facts::{AxisIndex, AxisSet, FactSet};
use crate::model::Grain;

/// Ways that are gathered before they are put together, for each that may be told.
const GATHERED_EACH: usize = 8;

/// Which facts may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those that are missing.
    Missing,
    /// All.
    All,
}

/// A search over one table.
pub(super) struct Search<'s> {
    system: &'s DescriptionSystem,
    table: &'s CompiledTable,
    grain: Grain,
    date: Date,
    filled: &'s FactSet,
    limits: Limits,
    /// The tables that are decided for each combination, in feeding order, the searched one last.
    tables: Vec<&'s CompiledTable>,
    candidates: Vec<Candidate>,
}

/// What is searched for, and what was found.
struct Hunt {
    effect: Effect,
    value: u8,
    tries: u32,
    found: Vec<Way>,
    /// Whether a limit was met.
    cut: bool,
}

impl<'s> Search<'s> {
    /// A search; `filled` as [`DescriptionSystem::classify_into`] left it.
    pub(super) fn of(
        system: &'s DescriptionSystem,
        index: TableIndex,
        grain: Grain,
        date: Date,
        filled: &'s FactSet,
        limits: Limits,
    ) -> Option<Self> {
        let (table, _) = system.source_table(index)?;
        let mut slots = AxisSet::EMPTY;
        let mut tables = Vec::new();
        let earlier = system.tables.iter().take(index.position() + 1).rev();
        for each in earlier {
            if each.slot == table.slot || (each.applies(grain) && slots.contains(each.slot)) {
                for rule in system.rules_of(each).iter().filter(|rule| rule.from <= date) {
                    slots = slots.union(system.slots_of(rule));
                }
                tables.push(each);
            }
        }
        tables.reverse();
        let mut search = Self {
            system,
            table,
            grain,
            date,
            filled,
            limits,
            tables,
            candidates: Vec::new(),
        };
        let atoms: Vec<Atom> = search.atoms();
        for atom in &atoms {
            if let Some(slot) = AxisIndex::new(usize::from(atom.slot)) {
                slots.insert(slot);
            }
        }
        let candidates = slots.iter().filter_map(|slot| {
            let given = match system.axis_definition(slot) {
                Some(axis) => axis.grains.contains(&grain),
                None => system.takes_fact(slot, grain),
            };
            let raw = filled.raw(u8::try_from(slot.position()).ok()?);
            let fixed = raw != 0 && system.stater(slot) == Stater::Person;
            if !given || fixed {
                return None;
            }
            let several = system.axis_definition(slot).is_some_and(|axis| axis.multiple);
            let masks = atoms
                .iter()
                .filter(|atom| usize::from(atom.slot) == slot.position());
            let all = low(system.values_of(slot).len());
            Some(candidate(slot, raw, all, several, masks.map(|atom| atom.mask)))
        });
        search.candidates = candidates.collect();
        Some(search)
    }

    /// The ordinals of the values of the table.
    pub(super) fn values(&self) -> impl Iterator<Item = u8> + use<> {
        let count = self.system.values_of(self.table.slot).len();
        (0..u8::MAX).take(count)
    }

    /// The ways with the fewest axes, in order, and whether a limit was met.
    pub(super) fn smallest(&self, effect: Effect, value: u8, reach: Reach) -> (Vec<Way>, bool) {
        let wanted = match effect {
            Effect::Gives | Effect::Adds => self.wanted(value),
            Effect::Drops => vec![Conjunction::new()],
        };
        let free: Vec<&Candidate> = self
            .candidates
            .iter()
            .filter(|candidate| reach == Reach::All || candidate.missing)
            .collect();
        let wanted: Vec<_> = wanted.iter().filter_map(|all| self.lacks(all, &free)).collect();
        let mut hunt = Hunt {
            effect,
            value,
            tries: self.limits.tries,
            found: Vec::new(),
            cut: false,
        };
        if wanted.is_empty() {
            return (Vec::new(), false);
        }
        for axes in 1..=free.len() {
            let gone = wanted
                .iter()
                .try_for_each(|(all, lacking)| self.with_axes(all, lacking, axes, &free, &mut hunt));
            hunt.cut |= gone.is_break();
            if !hunt.found.is_empty() || hunt.cut {
                break;
            }
        }
        self.told(hunt)
    }

    /// Conjunctions of which one is met whenever the value is given; the empty one when they are too many.
    fn wanted(&self, value: u8) -> Vec<Conjunction> {
        let targets = Targets {
            system: self.system,
            grain: self.grain,
            date: self.date,
            limit: self.limits.conjunctions,
        };
        let found = targets.giving(self.table, 1 << value);
        found.unwrap_or_else(|| vec![Conjunction::new()])
    }

    /// A conjunction with the places of the candidates that it needs changed; `None` when they cannot be.
    fn lacks<'w>(&self, all: &'w Conjunction, free: &[&Candidate]) -> Option<(&'w Conjunction, Vec<usize>)> {
        let mut lacking = Vec::new();
        for atom in all
            .iter()
            .filter(|atom| self.filled.raw(atom.slot) & atom.mask == 0)
        {
            let at = free
                .iter()
                .position(|candidate| candidate.slot.position() == usize::from(atom.slot))?;
            if !lacking.contains(&at) {
                lacking.push(at);
            }
        }
        lacking.sort_unstable();
        Some((all, lacking))
    }

    /// Tries every way to change so many axes that a conjunction is met.
    fn with_axes(
        &self,
        all: &Conjunction,
        lacking: &[usize],
        axes: usize,
        free: &[&Candidate],
        hunt: &mut Hunt,
    ) -> ControlFlow<()> {
        let Some(further) = axes.checked_sub(lacking.len()) else {
            return ControlFlow::Continue(());
        };
        let others: Vec<usize> = (0..free.len()).filter(|at| !lacking.contains(at)).collect();
        choose(&others, further, &mut Vec::new(), &mut |chosen| {
            let mut places = [lacking, chosen].concat();
            places.sort_unstable();
            let places: Vec<&Candidate> = places.iter().filter_map(|at| free.get(*at).copied()).collect();
            self.assign(all, &places, &mut Vec::new(), hunt)
        })
    }

    /// Tries every choice of moves for the places.
    fn assign<'c>(
        &self,
        all: &Conjunction,
        places: &[&'c Candidate],
        moves: &mut Vec<(&'c Candidate, Move)>,
        hunt: &mut Hunt,
    ) -> ControlFlow<()> {
        let Some((place, rest)) = places.split_first() else {
            return self.attempt(moves, hunt);
        };
        let slot = place.slot.position();
        for each in &place.moves {
            let meets = |atom: &Atom| usize::from(atom.slot) != slot || each.after & atom.mask != 0;
            if all.iter().all(meets) {
                moves.push((place, *each));
                let gone = self.assign(all, rest, moves, hunt);
                moves.pop();
                gone?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Tries one combination of facts.
    fn attempt(&self, moves: &[(&Candidate, Move)], hunt: &mut Hunt) -> ControlFlow<()> {
        hunt.tries = match hunt.tries.checked_sub(1) {
            Some(left) => left,
            None => return ControlFlow::Break(()),
        };
        let mut facts = *self.filled;
        for (candidate, each) in moves {
            facts.put(candidate.slot, each.after);
        }
        let mut result = TableResult::NotApplicable;
        for table in &self.tables {
            result = DescriptionSystem::decide(table, self.date, &mut facts);
        }
        let bit = 1_u64 << hunt.value;
        let leads = match (hunt.effect, result) {
            (Effect::Gives, TableResult::Value { value, .. }) => value == hunt.value,
            (Effect::Adds, TableResult::Collected { values, .. }) => values & bit != 0,
            (Effect::Drops, TableResult::Collected { values, possible }) => (values | possible) & bit == 0,
            _ => false,
        };
        if leads && self.system.excluded(self.grain, &facts).next().is_none() {
            let changes = moves.iter().map(|(candidate, each)| Change {
                slot: candidate.slot,
                kind: each.kind,
                from: candidate.from,
                any_of: each.any_of,
            });
            let way = Way {
                changes: changes.collect(),
            };
            if !hunt.found.contains(&way) {
                hunt.found.push(way);
            }
            if hunt.found.len() >= self.limits.ways.saturating_mul(GATHERED_EACH) {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// What was found, put together and in order.
    fn told(&self, hunt: Hunt) -> (Vec<Way>, bool) {
        let Hunt {
            mut found, mut cut, ..
        } = hunt;
        found.sort();
        keep_what_is_known(&mut found);
        while join(&mut found) {}
        found.sort();
        if found.len() > self.limits.ways {
            found.truncate(self.limits.ways);
            cut = true;
        }
        (found, cut)
    }

    /// Every condition that can matter: of the tables, and of the combinations that validation refuses.
    fn atoms(&self) -> Vec<Atom> {
        let system = self.system;
        let rules = self.tables.iter().flat_map(|table| system.rules_of(table));
        let rules = rules.filter(|rule| rule.from <= self.date);
        let rules = rules.flat_map(|rule| system.alternatives_of(rule));
        let refused = system
            .exclusions
            .iter()
            .filter(|exclusion| exclusion.grains.contains(&self.grain))
            .flat_map(|exclusion| system.exclusion_alternatives(exclusion));
        rules
            .chain(refused)
            .flat_map(|span| system.atoms_of(span))
            .copied()
            .collect()
    }
}

/// Calls `each` with every choice of `count` of the places, in order.
fn choose(
    places: &[usize],
    count: usize,
    chosen: &mut Vec<usize>,
    each: &mut impl FnMut(&[usize]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if count == 0 {
        return each(chosen);
    }
    let last = places.len().saturating_sub(count - 1);
    for (at, place) in places.iter().enumerate().take(last) {
        chosen.push(*place);
        let gone = choose(places.get(at + 1..).unwrap_or(&[]), count - 1, chosen, each);
        chosen.pop();
        gone?;
    }
    ControlFlow::Continue(())
}

/// Leaves out what replaces the known values of an axis where adding the value does as well.
fn keep_what_is_known(found: &mut Vec<Way>) {
    let all = found.clone();
    found.retain_mut(|way| {
        let changes = way.changes.clone();
        for (at, change) in way.changes.iter_mut().enumerate() {
            if change.kind != ChangeKind::Set || change.from == 0 {
                continue;
            }
            let added = all.iter().filter_map(|other| {
                let same = other
                    .changes
                    .iter()
                    .zip(&changes)
                    .enumerate()
                    .all(|(place, (one, two))| place == at || one == two);
                let other = other
                    .changes
                    .get(at)
                    .filter(|other| other.slot == change.slot && other.kind == ChangeKind::Add)?;
                same.then_some(other.any_of)
            });
            change.any_of &= !added.fold(0, |all, mask| all | mask);
        }
        way.changes.iter().all(|change| change.any_of != 0)
    });
}

/// Puts two ways together that differ in the values of one axis alone. Tells whether there were such.
fn join(found: &mut Vec<Way>) -> bool {
    for one in 0..found.len() {
        for other in one + 1..found.len() {
            let joined = found
                .get(one)
                .zip(found.get(other))
                .and_then(|(one, other)| joined(one, other));
            if let (Some(joined), Some(way)) = (joined, found.get_mut(one)) {
                *way = joined;
                found.remove(other);
                return true;
            }
        }
    }
    false
}

fn joined(one: &Way, other: &Way) -> Option<Way> {
    let alike = |(one, other): (&Change, &Change)| one.slot == other.slot && one.kind == other.kind;
    if one.changes.len() != other.changes.len() || !one.changes.iter().zip(&other.changes).all(alike) {
        return None;
    }
    let mut unlike = one
        .changes
        .iter()
        .zip(&other.changes)
        .enumerate()
        .filter(|(_, (one, other))| one.any_of != other.any_of);
    let (at, (_, other)) = unlike.next()?;
    if unlike.next().is_some() {
        return None;
    }
    let mut way = one.clone();
    way.changes.get_mut(at)?.any_of |= other.any_of;
    Some(way)
}

/// The first so many bits.
fn low(count: usize) -> u64 {
    (0..count.min(crate::facts::VALUES_MAX)).fold(0, |mask, bit| mask | 1 << bit)
}
