//! Deciding whether clauses over yes/no variables can hold together: search with unit propagation over two watched
//! literals, clause learning from conflicts, activity, saved phases and restarts. Exact, deterministic, with a limit
//! of steps. Clauses may be added between questions; what was learned stays true.
//!
//! Knows nothing of tables: what a variable means is for [`super::circuit`].

#![expect(
    clippy::indexing_slicing,
    reason = "every position is one that the solver gave out itself: a variable, a literal, a clause"
)]

use core::ops::Not;

mod order;

use order::Order;

/// A variable, or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Literal(u32);

impl Literal {
    fn variable(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn position(self) -> usize {
        self.0 as usize
    }
}

impl Not for Literal {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// The steps allowed are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfSteps;

/// How many conflicts there may be before the first restart.
const RESTART: u64 = 64;

const OPEN: i8 = 0;

/// A set of clauses, and the state of the search for a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Solver {
    literals: Vec<Literal>,
    clauses: Vec<(u32, u32)>,
    watches: Vec<Vec<Watch>>,
    values: Vec<i8>,
    levels: Vec<u32>,
    reasons: Vec<Option<u32>>,
    phases: Vec<bool>,
    order: Order,
    trail: Vec<Literal>,
    decisions: Vec<usize>,
    head: usize,
    seen: Vec<bool>,
    model: Vec<bool>,
    core: Vec<Literal>,
    impossible: bool,
    steps: u64,
    limit: u64,
}

#[derive(Debug, Clone, Copy)]
struct Watch {
    clause: u32,
    other: Literal,
}

impl Solver {
    /// A new variable, as its positive literal.
    pub(super) fn variable(&mut self) -> Literal {
        let variable = u32::try_from(self.values.len()).unwrap_or(u32::MAX >> 1);
        self.values.push(OPEN);
        self.levels.push(0);
        self.reasons.push(None);
        self.phases.push(false);
        self.seen.push(false);
        self.watches.push(Vec::new());
        self.watches.push(Vec::new());
        self.order.add();
        Literal(variable << 1)
    }

    /// Sets how many steps there may be from now on.
    pub(super) fn allow(&mut self, steps: u64) {
        self.limit = self.steps.saturating_add(steps);
    }

    /// How many steps were taken so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Tries a literal first, until the search has learned better.
    pub(super) fn prefer(&mut self, literal: Literal) {
        self.phases[literal.variable()] = literal.0 & 1 == 0;
    }

    /// Adds a clause: one of the literals must hold.
    pub(super) fn add(&mut self, clause: &[Literal]) {
        self.back_to(0);
        let mut clause = clause.to_vec();
        clause.sort_unstable();
        clause.dedup();
        let holds = clause
            .iter()
            .any(|literal| self.value(*literal) > 0 || clause.binary_search(&!*literal).is_ok());
        if holds {
            return;
        }
        clause.retain(|literal| self.value(*literal) == OPEN);
        match clause.as_slice() {
            [] => self.impossible = true,
            [one] => {
                self.set(*one, None);
                self.impossible |= self.propagate().is_some();
            }
            _ => {
                self.keep(&clause);
            }
        }
    }

    /// Whether the clauses and the assumptions can hold together. If so, [`Self::holds`] tells a model; if not,
    /// [`Self::core`] the assumptions that cannot.
    ///
    /// # Errors
    /// The steps are used up.
    pub(super) fn solve(&mut self, assumptions: &[Literal]) -> Result<bool, OutOfSteps> {
        self.back_to(0);
        self.core.clear();
        let (mut conflicts, mut restarts) = (0, 0);
        loop {
            if self.impossible {
                return Ok(false);
            }
            if let Some(conflict) = self.propagate() {
                if self.decisions.is_empty() {
                    self.impossible = true;
                    return Ok(false);
                }
                self.learn(conflict);
                conflicts += 1;
                continue;
            }
            if self.steps > self.limit {
                self.back_to(0);
                return Err(OutOfSteps);
            }
            if conflicts >= RESTART * luby(restarts) {
                (conflicts, restarts) = (0, restarts + 1);
                self.back_to(0);
            }
            let mut next = None;
            while let Some(assumption) = assumptions.get(self.decisions.len()).copied() {
                match self.value(assumption) {
                    OPEN => {
                        next = Some(assumption);
                        break;
                    }
                    1.. => self.decisions.push(self.trail.len()),
                    _ => {
                        self.blame(assumption);
                        return Ok(false);
                    }
                }
            }
            match next.or_else(|| self.choose()) {
                Some(literal) => {
                    self.decisions.push(self.trail.len());
                    self.set(literal, None);
                }
                None => {
                    self.model.clear();
                    self.model.extend(self.values.iter().map(|value| *value > 0));
                    return Ok(true);
                }
            }
        }
    }

    /// Whether a literal holds in the last model.
    pub(super) fn holds(&self, literal: Literal) -> bool {
        self.model
            .get(literal.variable())
            .is_some_and(|value| *value == (literal.0 & 1 == 0))
    }

    /// Of the last assumptions that could not hold, some that cannot hold together.
    pub(super) fn core(&self) -> &[Literal] {
        &self.core
    }

    /// 1 when the literal holds now, −1 when it does not, 0 when that is open.
    fn value(&self, literal: Literal) -> i8 {
        let value = self.values[literal.variable()];
        if literal.0 & 1 == 0 { value } else { -value }
    }

    fn set(&mut self, literal: Literal, reason: Option<u32>) {
        let variable = literal.variable();
        self.values[variable] = if literal.0 & 1 == 0 { 1 } else { -1 };
        self.levels[variable] = u32::try_from(self.decisions.len()).unwrap_or(u32::MAX);
        self.reasons[variable] = reason;
        self.trail.push(literal);
    }

    fn back_to(&mut self, level: usize) {
        let Some(from) = self.decisions.get(level).copied() else {
            return;
        };
        for literal in self.trail.drain(from..) {
            let variable = literal.variable();
            self.phases[variable] = literal.0 & 1 == 0;
            self.values[variable] = OPEN;
            self.order.put(variable);
        }
        self.decisions.truncate(level);
        self.head = self.head.min(from);
    }

    fn keep(&mut self, clause: &[Literal]) -> u32 {
        let position = u32::try_from(self.clauses.len()).unwrap_or(u32::MAX);
        let from = u32::try_from(self.literals.len()).unwrap_or(u32::MAX);
        self.clauses
            .push((from, u32::try_from(clause.len()).unwrap_or(u32::MAX)));
        self.literals.extend_from_slice(clause);
        for (own, other) in [(0, 1), (1, 0)] {
            self.watches[clause[own].position()].push(Watch {
                clause: position,
                other: clause[other],
            });
        }
        position
    }

    /// Draws all conclusions; the clause that cannot hold, if there is one.
    fn propagate(&mut self) -> Option<u32> {
        while let Some(made) = self.trail.get(self.head).copied() {
            self.head += 1;
            let fallen = !made;
            let mut list = core::mem::take(&mut self.watches[fallen.position()]);
            self.steps += 1 + list.len() as u64;
            let (mut conflict, mut kept, mut at) = (None, 0, 0);
            while at < list.len() {
                let watch = list[at];
                at += 1;
                if self.value(watch.other) > 0 {
                    list[kept] = watch;
                    kept += 1;
                    continue;
                }
                let (from, len) = self.clauses[watch.clause as usize];
                let (from, len) = (from as usize, len as usize);
                if self.literals[from] == fallen {
                    self.literals.swap(from, from + 1);
                }
                let first = self.literals[from];
                let free = (self.value(first) <= 0)
                    .then(|| (from + 2..from + len).find(|next| self.value(self.literals[*next]) >= 0))
                    .flatten();
                if let Some(next) = free {
                    self.literals.swap(from + 1, next);
                    self.watches[self.literals[from + 1].position()].push(Watch {
                        clause: watch.clause,
                        other: first,
                    });
                    continue;
                }
                list[kept] = Watch {
                    clause: watch.clause,
                    other: first,
                };
                kept += 1;
                match self.value(first) {
                    OPEN => self.set(first, Some(watch.clause)),
                    1.. => {}
                    _ => {
                        conflict = Some(watch.clause);
                        break;
                    }
                }
            }
            list.drain(kept..at);
            self.watches[fallen.position()] = list;
            if conflict.is_some() {
                self.head = self.trail.len();
                return conflict;
            }
        }
        None
    }

    fn clause(&self, clause: u32) -> core::ops::Range<usize> {
        let (from, len) = self.clauses[clause as usize];
        from as usize..(from + len) as usize
    }

    /// Learns from a conflict: a clause with one literal of the last level, on which the search turns back.
    fn learn(&mut self, conflict: u32) {
        let level = u32::try_from(self.decisions.len()).unwrap_or(u32::MAX);
        let mut learned = Vec::new();
        let (mut open, mut at, mut clause) = (0, self.trail.len(), Some(conflict));
        let mut concluded = None;
        let turn = loop {
            for position in clause.map_or(0..0, |clause| self.clause(clause)) {
                let variable = self.literals[position].variable();
                if concluded != Some(variable) && !self.seen[variable] && self.levels[variable] > 0 {
                    self.seen[variable] = true;
                    self.order.raise(variable);
                    if self.levels[variable] == level {
                        open += 1;
                    } else {
                        learned.push(self.literals[position]);
                    }
                }
            }
            while at > 0 && !self.seen[self.trail[at - 1].variable()] {
                at -= 1;
            }
            if at == 0 {
                self.impossible = true;
                return;
            }
            at -= 1;
            let literal = self.trail[at];
            self.seen[literal.variable()] = false;
            open -= 1;
            if open <= 0 {
                break !literal;
            }
            concluded = Some(literal.variable());
            clause = self.reasons[literal.variable()];
        };
        let all = learned.clone();
        learned.retain(|literal| !self.follows(*literal));
        for literal in all {
            self.seen[literal.variable()] = false;
        }
        self.order.decay();
        let back = learned
            .iter()
            .enumerate()
            .max_by_key(|(_, literal)| self.levels[literal.variable()])
            .map(|(at, literal)| (at, self.levels[literal.variable()]));
        match back {
            None => {
                self.back_to(0);
                self.set(turn, None);
            }
            Some((at, back)) => {
                self.back_to(back as usize);
                learned.swap(0, at);
                learned.insert(0, turn);
                let clause = self.keep(&learned);
                self.set(turn, Some(clause));
            }
        }
    }

    /// Whether a literal of a clause that is being learned follows from the others of it.
    fn follows(&self, literal: Literal) -> bool {
        self.reasons[literal.variable()].is_some_and(|reason| {
            self.clause(reason).all(|position| {
                let other = self.literals[position].variable();
                other == literal.variable() || self.seen[other] || self.levels[other] == 0
            })
        })
    }

    /// Finds the assumptions that made one of them fall.
    fn blame(&mut self, fallen: Literal) {
        self.core.push(fallen);
        let from = self.decisions.first().copied().unwrap_or(self.trail.len());
        self.seen[fallen.variable()] = true;
        for at in (from..self.trail.len()).rev() {
            let literal = self.trail[at];
            if !core::mem::take(&mut self.seen[literal.variable()]) {
                continue;
            }
            match self.reasons[literal.variable()] {
                None => self.core.push(literal),
                Some(reason) => {
                    for position in self.clause(reason) {
                        let variable = self.literals[position].variable();
                        if variable != literal.variable() && self.levels[variable] > 0 {
                            self.seen[variable] = true;
                        }
                    }
                }
            }
        }
        self.seen[fallen.variable()] = false;
    }

    fn choose(&mut self) -> Option<Literal> {
        loop {
            let variable = self.order.take()?;
            if self.values[variable] == OPEN {
                let sign = u32::from(!self.phases[variable]);
                return Some(Literal((u32::try_from(variable).ok()? << 1) | sign));
            }
        }
    }
}

/// The sequence 1, 1, 2, 1, 1, 2, 4, … of restart lengths.
fn luby(at: u64) -> u64 {
    let (mut at, mut size) = (at + 1, 1_u64);
    while size < at {
        size = 2 * size + 1;
    }
    while size != at {
        size /= 2;
        if at > size {
            at -= size;
        }
    }
    size.div_ceil(2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    fn is_met(clauses: &[Vec<Literal>], assumed: &[Literal], bits: u64) -> bool {
        let holds = |literal: &Literal| (bits >> literal.variable() & 1 == 1) == (literal.0 & 1 == 0);
        assumed.iter().all(holds) && clauses.iter().all(|clause| clause.iter().any(holds))
    }

    /// Against trying everything, with clauses added between questions, models and cores looked at.
    #[test]
    fn agrees_with_trying_everything() {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        let (mut met, mut unmet) = (0, 0);
        for _ in 0..400 {
            let count = 3 + next(&mut state) % 8;
            let mut solver = Solver::default();
            let variables: Vec<Literal> = (0..count).map(|_| solver.variable()).collect();
            let draw = |state: &mut u64| {
                let literal = variables[(next(state) % count) as usize];
                if next(state).is_multiple_of(2) {
                    literal
                } else {
                    !literal
                }
            };
            let mut clauses = Vec::new();
            for _ in 0..12 {
                for _ in 0..next(&mut state) % 6 {
                    let clause: Vec<Literal> =
                        (0..1 + next(&mut state) % 3).map(|_| draw(&mut state)).collect();
                    solver.add(&clause);
                    clauses.push(clause);
                }
                let assumed: Vec<Literal> = (0..next(&mut state) % 4).map(|_| draw(&mut state)).collect();
                solver.allow(1_000_000);
                let found = solver.solve(&assumed).unwrap();
                let expected = (0..1 << count).any(|bits| is_met(&clauses, &assumed, bits));
                assert_eq!(found, expected);
                if found {
                    met += 1;
                    let bits = (0..count).fold(0, |bits, at| {
                        bits | u64::from(solver.holds(variables[at as usize])) << at
                    });
                    assert!(is_met(&clauses, &assumed, bits));
                } else {
                    unmet += 1;
                    let core = solver.core().to_vec();
                    assert!(core.iter().all(|literal| assumed.contains(literal)));
                    assert!(!(0..1 << count).any(|bits| is_met(&clauses, &core, bits)));
                }
            }
        }
        assert!(met > 500 && unmet > 500, "{met} {unmet}");
    }

    /// More pigeons than holes: beyond the steps allowed, and said so.
    #[test]
    fn stops_at_the_limit() {
        let mut solver = Solver::default();
        let holes: Vec<Vec<Literal>> = (0..11)
            .map(|_| (0..10).map(|_| solver.variable()).collect())
            .collect();
        for (at, pigeon) in holes.iter().enumerate() {
            solver.add(pigeon);
            for other in holes.iter().take(at) {
                for (one, other) in pigeon.iter().zip(other) {
                    solver.add(&[!*one, !*other]);
                }
            }
        }
        solver.allow(100_000);
        assert_eq!(solver.solve(&[]), Err(OutOfSteps));
    }
}
