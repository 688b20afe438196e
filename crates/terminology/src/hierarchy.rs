//! The hierarchy of an edition: parents, children, and subsumption in constant or logarithmic time.
//!
//! Concepts are numbered in the order a walk over the tree of first parents meets them, so that the descendants of
//! a concept in that tree are one interval of numbers. What a concept reaches beyond it through second parents is
//! kept as further intervals, merged and sorted. In a tree there are none.

use crate::csr::{Csr, CsrBuilder};
use crate::image::kept;

/// How code A stands to code B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subsumption {
    /// The same concept.
    Equivalent,
    /// A is above B.
    Subsumes,
    /// A is below B.
    SubsumedBy,
    /// Neither.
    NotSubsumed,
}

/// Most intervals beyond the tree that are kept.
const INTERVALS_MAX: usize = 1 << 25;

/// An interval of numbers: first included, last excluded.
type Interval = [u32; 2];

/// Why there is no hierarchy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HierarchyError {
    /// These concepts are their own ancestors, or below one that is.
    Cycle(Vec<u32>),
    /// Too many intervals.
    TooLarge,
}

/// The hierarchy.
#[derive(Debug)]
pub(crate) struct Hierarchy {
    parents: Csr<u32>,
    children: Csr<u32>,
    /// By concept: its own number and the end of its descendants' numbers in the tree.
    tree: Box<[Interval]>,
    /// By number: the concept.
    numbered: Box<[u32]>,
    /// By concept: what it reaches beyond the tree.
    beyond: Csr<Interval>,
}

kept!(Hierarchy {
    parents,
    children,
    tree,
    numbered,
    beyond
});

impl Hierarchy {
    /// The hierarchy of the concepts `0..count` from their parents, which must exist.
    pub(crate) fn new(count: usize, parents: Csr<u32>) -> Result<Self, HierarchyError> {
        let concepts = || 0..count as u32;
        let edges = concepts().flat_map(|c| parents.row(c).iter().map(move |&parent| (parent, c)));
        let children = Csr::from_pairs(count, edges);
        let order = order(count, &parents, &children)?;
        let tree = number(count, &order, &parents, &children);
        let beyond = if concepts().any(|c| parents.row(c).len() > 1) {
            beyond(count, &order, &parents, &children, &tree)?
        } else {
            let mut rows = CsrBuilder::new();
            concepts().for_each(|_| rows.end_row());
            rows.finish()
        };
        let mut numbered = vec![0; count];
        for (concept, &[number, _]) in (0..).zip(&tree) {
            if let Some(slot) = numbered.get_mut(number as usize) {
                *slot = concept;
            }
        }
        Ok(Self {
            parents,
            children,
            numbered: numbered.into(),
            tree,
            beyond,
        })
    }

    pub(crate) fn parents(&self, concept: u32) -> &[u32] {
        self.parents.row(concept)
    }

    pub(crate) fn children(&self, concept: u32) -> &[u32] {
        self.children.row(concept)
    }

    /// Calls `take` with each concept below `concept`; a few come more than once.
    pub(crate) fn descendants(&self, concept: u32, mut take: impl FnMut(u32)) {
        let Some(&[number, end]) = self.tree.get(concept as usize) else {
            return;
        };
        let tree = std::iter::once([number.saturating_add(1), end]);
        for [from, to] in tree.chain(self.beyond.row(concept).iter().copied()) {
            let concepts = self.numbered.get(from as usize..to as usize).unwrap_or_default();
            concepts.iter().for_each(|&concept| take(concept));
        }
    }

    /// How many concepts [`Hierarchy::descendants`] would give.
    pub(crate) fn reach(&self, concept: u32) -> usize {
        let size = |&[from, to]: &Interval| to.saturating_sub(from) as usize;
        let tree = self.tree.get(concept as usize).map_or(0, size);
        tree + self.beyond.row(concept).iter().map(size).sum::<usize>()
    }

    pub(crate) fn subsumes(&self, a: u32, b: u32) -> Subsumption {
        if a == b {
            Subsumption::Equivalent
        } else if self.above(a, b) {
            Subsumption::Subsumes
        } else if self.above(b, a) {
            Subsumption::SubsumedBy
        } else {
            Subsumption::NotSubsumed
        }
    }

    /// Whether `a` is above `b`, or the same concept.
    pub(crate) fn above(&self, a: u32, b: u32) -> bool {
        let (Some(&[start, end]), Some(&[number, _])) =
            (self.tree.get(a as usize), self.tree.get(b as usize))
        else {
            return false;
        };
        (start..end).contains(&number) || {
            let beyond = self.beyond.row(a);
            !beyond.is_empty() && holds(beyond, number)
        }
    }
}

fn holds(intervals: &[Interval], number: u32) -> bool {
    let after = intervals.partition_point(|&[start, _]| start <= number);
    after
        .checked_sub(1)
        .and_then(|at| intervals.get(at))
        .is_some_and(|&[_, end]| number < end)
}

/// The concepts with every parent before its children.
fn order(count: usize, parents: &Csr<u32>, children: &Csr<u32>) -> Result<Vec<u32>, HierarchyError> {
    let mut waiting: Vec<usize> = (0..count as u32).map(|c| parents.row(c).len()).collect();
    let mut order: Vec<u32> = (0..count as u32).filter(|&c| parents.row(c).is_empty()).collect();
    let mut next = 0;
    while let Some(&concept) = order.get(next) {
        next += 1;
        for &child in children.row(concept) {
            if let Some(left) = waiting.get_mut(child as usize) {
                *left -= 1;
                if *left == 0 {
                    order.push(child);
                }
            }
        }
    }
    if order.len() == count {
        return Ok(order);
    }
    let caught = (0..count as u32)
        .filter(|&c| waiting.get(c as usize).is_some_and(|&left| left > 0))
        .collect();
    Err(HierarchyError::Cycle(caught))
}

/// Whether the edge from `parent` to `child` belongs to the tree of first parents.
fn in_tree(parents: &Csr<u32>, parent: u32, child: u32) -> bool {
    parents.row(child).first() == Some(&parent)
}

fn number(count: usize, order: &[u32], parents: &Csr<u32>, children: &Csr<u32>) -> Box<[Interval]> {
    let mut size = vec![1_u32; count];
    for &concept in order.iter().rev() {
        let own = size.get(concept as usize).copied().unwrap_or_default();
        if let Some(&parent) = parents.row(concept).first()
            && let Some(total) = size.get_mut(parent as usize)
        {
            *total += own;
        }
    }
    let size = |concept: u32| size.get(concept as usize).copied().unwrap_or_default();
    let mut tree = vec![[0, 0]; count];
    let mut roots_end = 0;
    for &concept in order {
        let Some([start, end]) = tree.get_mut(concept as usize) else {
            continue;
        };
        // Parents come before children in `order`, so the start of a child is settled when it is met.
        if parents.row(concept).is_empty() {
            *start = roots_end;
            roots_end += size(concept);
        }
        *end = *start + size(concept);
        let mut inside = *start + 1;
        for &child in children
            .row(concept)
            .iter()
            .filter(|&&child| in_tree(parents, concept, child))
        {
            if let Some([start, _]) = tree.get_mut(child as usize) {
                *start = inside;
            }
            inside += size(child);
        }
    }
    tree.into()
}

fn beyond(
    count: usize,
    order: &[u32],
    parents: &Csr<u32>,
    children: &Csr<u32>,
    tree: &[Interval],
) -> Result<Csr<Interval>, HierarchyError> {
    let mut reached: Vec<Vec<Interval>> = vec![Vec::new(); count];
    let mut total = 0;
    for &concept in order.iter().rev() {
        let [start, end] = tree.get(concept as usize).copied().unwrap_or_default();
        let mut found: Vec<Interval> = Vec::new();
        for &child in children.row(concept) {
            if !in_tree(parents, concept, child) {
                found.extend(tree.get(child as usize));
            }
            found.extend(reached.get(child as usize).into_iter().flatten());
        }
        found.retain(|&[from, to]| from < start || to > end);
        found.sort_unstable();
        let mut merged: Vec<Interval> = Vec::with_capacity(found.len());
        for [from, to] in found {
            match merged.last_mut() {
                Some([_, last]) if from <= *last => *last = (*last).max(to),
                _ => merged.push([from, to]),
            }
        }
        total += merged.len();
        if total > INTERVALS_MAX {
            return Err(HierarchyError::TooLarge);
        }
        if let Some(slot) = reached.get_mut(concept as usize) {
            *slot = merged;
        }
    }
    let mut rows = CsrBuilder::new();
    for intervals in reached {
        intervals.into_iter().for_each(|interval| rows.push(interval));
        rows.end_row();
    }
    Ok(rows.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hierarchy(parents: &[&[u32]]) -> Result<Hierarchy, HierarchyError> {
        let mut rows = CsrBuilder::new();
        for row in parents {
            row.iter().for_each(|&parent| rows.push(parent));
            rows.end_row();
        }
        Hierarchy::new(parents.len(), rows.finish())
    }

    #[test]
    fn a_concept_with_two_parents_is_below_both() {
        let diamond = hierarchy(&[&[], &[0], &[0], &[1, 2], &[]]).unwrap();
        for above in [0, 1, 2] {
            assert_eq!(diamond.subsumes(above, 3), Subsumption::Subsumes);
            assert_eq!(diamond.subsumes(3, above), Subsumption::SubsumedBy);
        }
        assert_eq!(diamond.subsumes(1, 2), Subsumption::NotSubsumed);
        assert_eq!(diamond.subsumes(4, 3), Subsumption::NotSubsumed);
        assert_eq!(diamond.subsumes(4, 4), Subsumption::Equivalent);
    }

    #[test]
    fn a_cycle_is_named() {
        assert_eq!(
            hierarchy(&[&[2], &[0], &[1], &[]]).unwrap_err(),
            HierarchyError::Cycle(vec![0, 1, 2])
        );
    }
}
