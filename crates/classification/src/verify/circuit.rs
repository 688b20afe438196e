//! Conditions over facts as a circuit: tests on slots at the leaves, conjunctions and negations above. Each node is a
//! literal of the [`Solver`] beneath, so that any question about nodes is one of satisfiability.
//!
//! A slot has one of its values; a slot where several may hold at once has any set of them but the empty one.

use core::ops::Not;
use std::collections::BTreeMap;

use super::solver::{Literal, OutOfSteps, Solver};

/// A node of a [`Circuit`], or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    position: u32,
    negated: bool,
}

impl Not for Node {
    type Output = Self;

    fn not(self) -> Self {
        Self {
            negated: !self.negated,
            ..self
        }
    }
}

/// Slots with the values that each has.
pub(super) type Point = Vec<(u8, u64)>;

#[derive(Debug, Clone)]
enum Kind {
    /// The slot has a value.
    Test {
        slot: u8,
    },
    All(Vec<Node>),
}

#[derive(Debug, Clone)]
struct Slot {
    values: Vec<Literal>,
    multiple: bool,
}

/// Tests, conjunctions and negations.
#[derive(Debug, Clone)]
pub(super) struct Circuit {
    kinds: Vec<(Kind, Literal)>,
    slots: BTreeMap<u8, Slot>,
    tests: BTreeMap<(u8, u64), Node>,
    pub(super) solver: Solver,
    /// How many steps there may still be to look for smaller examples.
    pub(super) smaller: u64,
}

impl Circuit {
    /// A circuit that has only what is always true.
    pub(super) fn new() -> Self {
        let mut solver = Solver::default();
        let truth = solver.variable();
        solver.add(&[truth]);
        Self {
            kinds: vec![(Kind::All(Vec::new()), truth)],
            slots: BTreeMap::new(),
            tests: BTreeMap::new(),
            solver,
            smaller: 0,
        }
    }

    /// Sets how many steps there may be from now on; a third as many to look for smaller examples.
    pub(super) fn allow(&mut self, steps: u64) {
        self.solver.allow(steps);
        self.smaller = steps / 3;
    }

    /// What is always true.
    pub(super) const TRUE: Node = Node {
        position: 0,
        negated: false,
    };

    /// Makes a slot known; `count` values, several at once or not.
    pub(super) fn slot(&mut self, slot: u8, count: usize, multiple: bool) {
        if self.slots.contains_key(&slot) {
            return;
        }
        let values: Vec<Literal> = (0..count).map(|_| self.solver.variable()).collect();
        self.solver.add(&values);
        if let Some(first) = values.first() {
            self.solver.prefer(*first);
        }
        if !multiple {
            for (at, one) in values.iter().enumerate() {
                for other in values.iter().take(at) {
                    self.solver.add(&[!*one, !*other]);
                }
            }
        }
        self.slots.insert(slot, Slot { values, multiple });
    }

    /// Whether a slot that was made known has one of the values.
    pub(super) fn test(&mut self, slot: u8, mask: u64) -> Node {
        let Some(Slot { values, multiple }) = self.slots.get(&slot).cloned() else {
            return !Self::TRUE;
        };
        let all = super::all(values.len());
        let mask = mask & all;
        if mask == 0 || mask == all {
            return if mask == 0 { !Self::TRUE } else { Self::TRUE };
        }
        // Of a set and its complement only one is made where they are each other's negation.
        let turned = !multiple && mask & 1 != 0 && mask.count_ones() > 1;
        let key = if turned { all & !mask } else { mask };
        let node = match self.tests.get(&(slot, key)) {
            Some(node) => *node,
            None => {
                let literal = self.test_literal(&values, key, multiple);
                let node = self.push(Kind::Test { slot }, literal);
                self.tests.insert((slot, key), node);
                node
            }
        };
        if turned { !node } else { node }
    }

    fn test_literal(&mut self, values: &[Literal], mask: u64, multiple: bool) -> Literal {
        let of = |wanted: bool| {
            values
                .iter()
                .enumerate()
                .filter(move |(at, _)| (mask >> at & 1 == 1) == wanted)
                .map(|(_, literal)| *literal)
        };
        let mut within = of(true);
        if let (Some(one), None) = (within.next(), within.next()) {
            return one;
        }
        let literal = self.solver.variable();
        for value in of(true) {
            self.solver.add(&[!value, literal]);
        }
        if !multiple {
            for value in of(false) {
                self.solver.add(&[!value, !literal]);
            }
        }
        let mut clause: Vec<Literal> = of(true).collect();
        clause.push(!literal);
        self.solver.add(&clause);
        literal
    }

    /// Whether all hold.
    pub(super) fn all(&mut self, mut nodes: Vec<Node>) -> Node {
        nodes.retain(|node| *node != Self::TRUE);
        nodes.sort_unstable();
        nodes.dedup();
        match nodes.as_slice() {
            [] => return Self::TRUE,
            [one] => return *one,
            _ if nodes.contains(&!Self::TRUE) => return !Self::TRUE,
            _ => {}
        }
        let literal = self.solver.variable();
        let mut clause = vec![literal];
        for node in &nodes {
            let child = self.literal(*node);
            self.solver.add(&[!literal, child]);
            clause.push(!child);
        }
        self.solver.add(&clause);
        self.push(Kind::All(nodes), literal)
    }

    /// Whether any holds.
    pub(super) fn any(&mut self, nodes: Vec<Node>) -> Node {
        !self.all(nodes.into_iter().map(Not::not).collect())
    }

    fn push(&mut self, kind: Kind, literal: Literal) -> Node {
        let position = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        self.kinds.push((kind, literal));
        Node {
            position,
            negated: false,
        }
    }

    /// The literal of a node.
    pub(super) fn literal(&self, node: Node) -> Literal {
        let of = |position: usize| self.kinds.get(position).map(|(_, literal)| *literal);
        let literal = of(node.position as usize).or_else(|| of(0));
        match literal {
            Some(literal) if node.negated => !literal,
            Some(literal) => literal,
            None => Literal::default(),
        }
    }

    /// Whether all the nodes can hold together; [`Self::holds`] and [`Self::point`] then tell of one such case.
    ///
    /// # Errors
    /// The steps are used up.
    pub(super) fn can(&mut self, nodes: &[Node]) -> Result<bool, OutOfSteps> {
        let literals: Vec<Literal> = nodes.iter().map(|node| self.literal(*node)).collect();
        self.solver.solve(&literals)
    }

    /// Whether a node holds in the case found last.
    pub(super) fn holds(&self, node: Node) -> bool {
        self.solver.holds(self.literal(node))
    }

    /// The slot of a node that is a test.
    pub(super) fn tested(&self, node: Node) -> Option<u8> {
        match self.kinds.get(node.position as usize) {
            Some((Kind::Test { slot }, _)) => Some(*slot),
            _ => None,
        }
    }

    /// The slots that are known, each with how many combinations of its values there are.
    pub(super) fn slots(&self) -> impl Iterator<Item = (u8, u64)> {
        self.slots.iter().map(|(slot, Slot { values, multiple })| {
            let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
            let single = u64::from(count);
            let combinations = if *multiple {
                1_u64.checked_shl(count).unwrap_or(0).wrapping_sub(1)
            } else {
                single
            };
            (*slot, combinations)
        })
    }

    /// The literals of a slot's values, in order.
    pub(super) fn literals_of(&self, slot: u8) -> &[Literal] {
        self.slots.get(&slot).map_or(&[], |slot| &slot.values)
    }

    /// The values of a slot in the case found last.
    pub(super) fn values(&self, slot: u8) -> u64 {
        let values = self.literals_of(slot);
        values.iter().enumerate().fold(0, |mask, (at, literal)| {
            mask | u64::from(self.solver.holds(*literal)) << at
        })
    }

    /// What says that a slot has exactly these values.
    pub(super) fn exactly(&self, slot: u8, mask: u64) -> impl Iterator<Item = Literal> {
        let slot = self.slots.get(&slot);
        let multiple = slot.is_some_and(|slot| slot.multiple);
        slot.map_or(&[][..], |slot| &slot.values)
            .iter()
            .enumerate()
            .filter_map(move |(at, literal)| match (mask >> at & 1 == 1, multiple) {
                (true, _) => Some(*literal),
                (false, true) => Some(!*literal),
                (false, false) => None,
            })
    }

    /// Tests that hold in the case found last and make all the nodes, which hold in it, hold whatever else is so.
    pub(super) fn reasons(&self, nodes: &[Node]) -> Vec<Node> {
        let mut reasons: Vec<Node> = Vec::new();
        let mut slots = 0_u64;
        let mut seen = vec![false; self.kinds.len()];
        let mut waiting: Vec<Node> = nodes.to_vec();
        while let Some(node) = waiting.pop() {
            let at = node.position as usize;
            let Some((kind, _)) = self.kinds.get(at) else {
                continue;
            };
            if seen.get_mut(at).is_none_or(|seen| core::mem::replace(seen, true)) {
                continue;
            }
            match kind {
                Kind::Test { slot } => {
                    slots |= 1 << slot;
                    reasons.push(node);
                }
                Kind::All(nodes) if !node.negated => waiting.extend(nodes),
                Kind::All(nodes) => {
                    let failing = nodes.iter().filter(|node| !self.holds(**node));
                    let cost = |node: &Node| match self.tested(*node) {
                        _ if seen.get(node.position as usize) == Some(&true) => 0,
                        Some(slot) if slots >> slot & 1 == 1 => 1,
                        Some(_) => 2,
                        None => 3,
                    };
                    waiting.extend(failing.min_by_key(|node| cost(node)).map(|node| !*node));
                }
            }
        }
        reasons
    }
}
