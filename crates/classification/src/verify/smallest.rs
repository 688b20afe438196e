//! The smallest facts that show something: as few slots as it takes for a node to hold whatever the others are.
//!
//! First a case is found and slots are dropped from it one by one. Then fewer slots are looked for, from none
//! upwards: each choice that does not suffice yields a case against it, and every later choice must differ from all
//! that is alike. When that takes more steps than are allowed, the first answer stands and says so.

use std::collections::BTreeMap;

use super::circuit::{Circuit, Node, Point};
use super::solver::{Literal, OutOfSteps, Solver};

/// How many steps the search for fewer slots may take.
const STEPS: u64 = 400_000;

/// How many choices of slots are tried.
const ROUNDS: usize = 600;

/// How many slots a smallest example may have for fewer to be looked for.
const SLOTS_MAX: usize = 10;

/// Facts that show something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The slots to state, in order, with the values of each.
    pub(super) point: Point,
    /// Whether it is certain that fewer slots do not suffice. In any case none of these can be left out.
    pub(super) smallest: bool,
}

impl Circuit {
    /// Facts within a space that show a node: it holds for all cases of the space that have them, and there is one.
    ///
    /// # Errors
    /// The steps are used up before anything is known.
    pub(super) fn smallest(&mut self, space: Node, shown: Node) -> Result<Option<Shown>, OutOfSteps> {
        if !self.can(&[space, shown])? {
            return Ok(None);
        }
        let point = self.narrow(space, shown)?;
        if point.len() < 2 {
            return Ok(Some(Shown {
                point: self.first_values(space, shown, point)?,
                smallest: true,
            }));
        }
        if point.len() > SLOTS_MAX {
            return Ok(Some(Shown {
                point,
                smallest: false,
            }));
        }
        let (before, mut search) = (self.solver.steps(), Search::new(self, space, shown, point.len()));
        let began = search.solver.steps();
        let fewer = search.fewer(self);
        let taken = (self.solver.steps() - before) + (search.solver.steps() - began);
        self.smaller = self.smaller.saturating_sub(taken);
        Ok(Some(match fewer {
            Ok(fewer) => Shown {
                point: self.first_values(space, shown, fewer.unwrap_or(point))?,
                smallest: true,
            },
            Err(OutOfSteps) => Shown {
                point,
                smallest: false,
            },
        }))
    }

    /// The same slots, each with the first of its values that shows the same.
    fn first_values(&mut self, space: Node, shown: Node, mut point: Point) -> Result<Point, OutOfSteps> {
        for at in 0..point.len() {
            let Some((_, found)) = point.get(at).copied() else {
                break;
            };
            for value in (0..found.trailing_zeros()).map(|bit| 1 << bit) {
                let mut other = point.clone();
                if let Some((_, values)) = other.get_mut(at) {
                    *values = value;
                }
                let mut assumed = vec![self.literal(space)];
                for (slot, values) in &other {
                    assumed.extend(self.exactly(*slot, *values));
                }
                if self.solver.solve(&assumed)? && self.suffices(space, shown, &other)? {
                    point = other;
                    break;
                }
            }
        }
        Ok(point)
    }

    /// Of the case found last, slots of which none can be left out.
    fn narrow(&mut self, space: Node, shown: Node) -> Result<Point, OutOfSteps> {
        let mut slots: Vec<u8> = self
            .reasons(&[shown])
            .into_iter()
            .filter_map(|node| self.tested(node))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let mut point: Point = slots.into_iter().map(|slot| (slot, self.values(slot))).collect();
        let mut at = 0;
        while at < point.len() {
            let mut fewer = point.clone();
            fewer.remove(at);
            if self.suffices(space, shown, &fewer)? {
                point = fewer;
            } else {
                at += 1;
            }
        }
        Ok(point)
    }

    /// Whether a node holds for all cases of a space that have these facts. If not, the case found last shows it.
    fn suffices(&mut self, space: Node, shown: Node, point: &Point) -> Result<bool, OutOfSteps> {
        let mut assumed = vec![self.literal(space), self.literal(!shown)];
        for (slot, values) in point {
            assumed.extend(self.exactly(*slot, *values));
        }
        Ok(!self.solver.solve(&assumed)?)
    }
}

/// The search for fewer slots: a second set of clauses, over the case that is shown and which of its slots are chosen.
struct Search {
    space: Node,
    shown: Node,
    solver: Solver,
    chosen: Vec<(u8, Literal)>,
    /// By number: more slots than so many are chosen.
    more_than: Vec<Literal>,
    differs: BTreeMap<Node, Literal>,
}

impl Search {
    fn new(circuit: &Circuit, space: Node, shown: Node, most: usize) -> Self {
        let mut solver = circuit.solver.clone();
        solver.allow(STEPS.min(circuit.smaller));
        solver.add(&[circuit.literal(space)]);
        solver.add(&[circuit.literal(shown)]);
        let chosen: Vec<(u8, Literal)> = circuit
            .slots()
            .map(|(slot, _)| (slot, solver.variable()))
            .collect();
        // `counts[k]` holds at least when more than `k` of the slots so far are chosen.
        let mut counts: Vec<Literal> = Vec::new();
        for (_, slot) in &chosen {
            let next: Vec<Literal> = (0..most).map(|_| solver.variable()).collect();
            for (at, count) in next.iter().enumerate() {
                if let Some(before) = counts.get(at) {
                    solver.add(&[!*before, *count]);
                }
                match at.checked_sub(1).map(|at| counts.get(at)) {
                    None => solver.add(&[!*slot, *count]),
                    Some(Some(before)) => solver.add(&[!*slot, !*before, *count]),
                    Some(None) => {}
                }
            }
            counts = next;
        }
        Self {
            space,
            shown,
            solver,
            chosen,
            more_than: counts,
            differs: BTreeMap::new(),
        }
    }

    /// Facts of fewer slots that show the same; `None` when there are none.
    fn fewer(&mut self, circuit: &mut Circuit) -> Result<Option<Point>, OutOfSteps> {
        let mut rounds = 0;
        for more in self.more_than.clone() {
            while self.solver.solve(&[!more])? {
                let point = self.point(circuit);
                if circuit.suffices(self.space, self.shown, &point)? {
                    return Ok(Some(point));
                }
                rounds += 1;
                if rounds > ROUNDS {
                    return Err(OutOfSteps);
                }
                let against = circuit.reasons(&[self.space, !self.shown]);
                let clause: Vec<Literal> = against
                    .into_iter()
                    .filter_map(|node| self.differs(circuit, node))
                    .collect();
                self.solver.add(&clause);
            }
        }
        Ok(None)
    }

    /// The slots chosen, with the values of the case that is shown.
    fn point(&self, circuit: &Circuit) -> Point {
        let chosen = self
            .chosen
            .iter()
            .filter(|(_, chosen)| self.solver.holds(*chosen));
        chosen
            .map(|(slot, _)| {
                let values = circuit.literals_of(*slot).iter().enumerate();
                let mask = values.fold(0, |mask, (at, literal)| {
                    mask | u64::from(self.solver.holds(*literal)) << at
                });
                (*slot, mask)
            })
            .collect()
    }

    /// Implies that the slot of a test is chosen, and that the test fails.
    fn differs(&mut self, circuit: &Circuit, test: Node) -> Option<Literal> {
        if let Some(known) = self.differs.get(&test) {
            return Some(*known);
        }
        let slot = circuit.tested(test)?;
        let (_, chosen) = self.chosen.iter().find(|(own, _)| *own == slot)?;
        let differs = self.solver.variable();
        self.solver.add(&[!differs, *chosen]);
        self.solver.add(&[!differs, !circuit.literal(test)]);
        self.differs.insert(test, differs);
        Some(differs)
    }
}
