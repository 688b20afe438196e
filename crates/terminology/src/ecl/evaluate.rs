//! Evaluates expressions over an edition: sets as bits, the hierarchy as intervals.
//!
//! What stands here follows the specification's chapter 6, where it leaves no doubt; where it does:
//! - The substrate, which the specification leaves to whoever evaluates (chapter 3, E.1), is every concept of the
//!   edition, inactive ones too: `{{ C active = false }}` and history supplements speak of them (6.9). In Release
//!   Format 2 an inactive concept has neither is-a nor attributes, so an operator of the hierarchy gives it only as the
//!   concept itself, and a refinement only where it asks for no attribute: `* : [0..0] X = Y` is `* MINUS (* : X = Y)`.
//! - Is-a is the hierarchy and no attribute.
//! - A filter on descriptions is about the active ones, text definitions among them, unless it speaks of their status.
//!
//! Parts that only narrow what is already known (`AND`, `MINUS`, the focus of a refinement) are asked of the concepts
//! that are left, where that is less work.

use super::ast::{Expression, Focus, Operator, SubExpression};
use super::error::EvaluateError;
use crate::components::ComponentTables;
use crate::edition::{ConceptIndex, Edition};
use crate::hierarchy::Hierarchy;
use crate::set::ConceptSet;

/// What an evaluation may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many concepts, attributes, descriptions and members may be looked at in all. Sets are counted by 64
    /// concepts, a text that is matched as sixteen. A hundred million take about a second.
    pub work: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { work: 100_000_000 }
    }
}

/// The concepts of an edition that an expression means.
///
/// # Errors
/// When the expression asks for what the edition does not keep, or for more work than is allowed.
pub fn evaluate(
    edition: &Edition,
    expression: &Expression,
    limits: &Limits,
) -> Result<ConceptSet, EvaluateError> {
    Evaluator {
        edition,
        left: limits.work,
    }
    .expression(expression)
}

/// Whether a concept of an edition is among those that an expression means. Looks at little else than that concept.
///
/// # Errors
/// As [`evaluate`].
pub fn holds(
    edition: &Edition,
    expression: &Expression,
    concept: ConceptIndex,
    limits: &Limits,
) -> Result<bool, EvaluateError> {
    let mut evaluator = Evaluator {
        edition,
        left: limits.work,
    };
    let mut one = evaluator.none()?;
    one.insert(concept.0);
    let found = evaluator.expression_within(expression, one)?;
    Ok(found.contains(concept))
}

/// An evaluation under way.
pub(super) struct Evaluator<'e> {
    pub(super) edition: &'e Edition,
    /// Work that may still be done.
    left: u64,
}

impl<'e> Evaluator<'e> {
    /// Counts work.
    pub(super) fn spend(&mut self, work: usize) -> Result<(), EvaluateError> {
        self.left = self
            .left
            .checked_sub(work as u64)
            .ok_or(EvaluateError::TooMuchWork)?;
        Ok(())
    }

    /// The tables of components, which `what` is asked of.
    pub(super) fn components(&self, what: &'static str) -> Result<&'e ComponentTables, EvaluateError> {
        self.edition.components().ok_or(EvaluateError::NoComponents(what))
    }

    pub(super) fn hierarchy(&self) -> &'e Hierarchy {
        &self.edition.hierarchy
    }

    pub(super) fn none(&mut self) -> Result<ConceptSet, EvaluateError> {
        self.spend(self.edition.len() / 64 + 1)?;
        Ok(ConceptSet::none(self.edition.len()))
    }

    /// The concept with an identifier.
    pub(super) fn find(&self, id: u64) -> Option<u32> {
        self.edition.find(&id.to_string()).map(|concept| concept.0)
    }

    pub(super) fn expression(&mut self, expression: &Expression) -> Result<ConceptSet, EvaluateError> {
        match expression {
            Expression::Sub(sub) => self.sub(sub),
            Expression::And(parts) => {
                let Some((first, others)) = parts.split_first() else {
                    return self.none();
                };
                let mut all = self.sub(first)?;
                for part in others {
                    all = self.within(part, all)?;
                }
                Ok(all)
            }
            Expression::Or(parts) => {
                let mut any = self.none()?;
                for part in parts {
                    if let (true, Focus::Concept(concept)) = (part.is_plain(), &part.focus) {
                        self.spend(1)?;
                        self.find(concept.id)
                            .into_iter()
                            .for_each(|concept| any.insert(concept));
                    } else {
                        any.unite(&self.sub(part)?);
                    }
                }
                Ok(any)
            }
            Expression::Minus(from, without) => {
                let mut set = self.sub(from)?;
                let without = self.within(without, set.clone())?;
                set.subtract(&without);
                Ok(set)
            }
            Expression::Refined(focus, refinement) => self.refined(focus, refinement, None),
            Expression::Dotted(focus, names) => {
                let mut set = self.sub(focus)?;
                for name in names {
                    set = self.values(&set, name)?;
                }
                Ok(set)
            }
        }
    }

    /// What an expression means among some concepts.
    fn expression_within(
        &mut self,
        expression: &Expression,
        mut among: ConceptSet,
    ) -> Result<ConceptSet, EvaluateError> {
        match expression {
            Expression::Sub(sub) => self.within(sub, among),
            Expression::And(parts) => {
                for part in parts {
                    among = self.within(part, among)?;
                }
                Ok(among)
            }
            Expression::Or(parts) => {
                let mut any = self.none()?;
                for part in parts {
                    any.unite(&self.within(part, among.clone())?);
                }
                Ok(any)
            }
            Expression::Minus(from, without) => {
                let mut set = self.within(from, among)?;
                let without = self.within(without, set.clone())?;
                set.subtract(&without);
                Ok(set)
            }
            Expression::Refined(focus, refinement) => self.refined(focus, refinement, Some(among)),
            Expression::Dotted(focus, names) => {
                let mut set = self.sub(focus)?;
                let Some((last, names)) = names.split_last() else {
                    return Ok(set);
                };
                for name in names {
                    set = self.values(&set, name)?;
                }
                self.values_within(&set, last, among)
            }
        }
    }

    pub(super) fn sub(&mut self, sub: &SubExpression) -> Result<ConceptSet, EvaluateError> {
        let focus = self.focus(sub)?;
        let operated = match sub.operator {
            Some(operator) => self.operate(operator, focus)?,
            None => focus,
        };
        let mut set = self.filtered(operated, &sub.filters)?;
        if let Some(history) = &sub.history {
            self.add_history(history, &mut set)?;
        }
        Ok(set)
    }

    /// What a sub-expression means among some concepts.
    pub(super) fn within(
        &mut self,
        sub: &SubExpression,
        mut among: ConceptSet,
    ) -> Result<ConceptSet, EvaluateError> {
        if let (None, None, Some(member_of)) = (&sub.history, sub.operator, &sub.member_of) {
            let reference_sets = self.plain_focus(sub)?;
            let members = self.members(&reference_sets, member_of, Some(&among))?;
            return self.filtered(members, &sub.filters);
        }
        if sub.history.is_none() && sub.member_of.is_none() {
            match (sub.operator, &sub.focus) {
                (None | Some(Operator::DescendantOrSelfOf | Operator::AncestorOrSelfOf), Focus::Any) => {
                    return self.filtered(among, &sub.filters);
                }
                (
                    Some(operator @ (Operator::DescendantOf | Operator::DescendantOrSelfOf)),
                    Focus::Concept(top),
                ) => {
                    let Some(top) = self.find(top.id) else {
                        return self.none();
                    };
                    let few = among.len();
                    if few < self.hierarchy().reach(top) {
                        self.spend(few)?;
                        let mut below = self.none()?;
                        for concept in among.numbers() {
                            // Above counts the concept itself.
                            let itself = concept == top;
                            let fits = self.hierarchy().above(top, concept);
                            if fits && (!itself || operator == Operator::DescendantOrSelfOf) {
                                below.insert(concept);
                            }
                        }
                        return self.filtered(below, &sub.filters);
                    }
                    let mut below = sub.clone();
                    below.filters = Vec::new();
                    among.intersect(&self.sub(&below)?);
                    return self.filtered(among, &sub.filters);
                }
                (None, Focus::Nested(expression)) => {
                    let among = self.expression_within(expression, among)?;
                    return self.filtered(among, &sub.filters);
                }
                _ => {}
            }
        }
        among.intersect(&self.sub(sub)?);
        Ok(among)
    }

    /// A focus with membership, without what is applied to it.
    fn focus(&mut self, sub: &SubExpression) -> Result<ConceptSet, EvaluateError> {
        let focus = self.plain_focus(sub)?;
        match &sub.member_of {
            Some(member_of) => self.members(&focus, member_of, None),
            None => Ok(focus),
        }
    }

    fn plain_focus(&mut self, sub: &SubExpression) -> Result<ConceptSet, EvaluateError> {
        Ok(match &sub.focus {
            Focus::Concept(concept) => {
                let mut set = self.none()?;
                self.find(concept.id)
                    .into_iter()
                    .for_each(|concept| set.insert(concept));
                set
            }
            Focus::Any => {
                self.spend(self.edition.len() / 64 + 1)?;
                ConceptSet::all(self.edition.len())
            }
            Focus::Alternate(_) => return Err(EvaluateError::AlternateIdentifier),
            Focus::Nested(expression) => self.expression(expression)?,
        })
    }

    fn operate(&mut self, operator: Operator, set: ConceptSet) -> Result<ConceptSet, EvaluateError> {
        let mut result = match operator {
            Operator::DescendantOf | Operator::DescendantOrSelfOf => self.descendants(&set)?,
            Operator::AncestorOf | Operator::AncestorOrSelfOf => self.ancestors(&set)?,
            Operator::ChildOf | Operator::ChildOrSelfOf => self.neighbours(&set, Hierarchy::children)?,
            Operator::ParentOf | Operator::ParentOrSelfOf => self.neighbours(&set, Hierarchy::parents)?,
            Operator::Top | Operator::Bottom => {
                let other = match operator {
                    Operator::Top => self.descendants(&set)?,
                    _ => self.ancestors(&set)?,
                };
                let mut set = set;
                set.subtract(&other);
                return Ok(set);
            }
        };
        if matches!(
            operator,
            Operator::DescendantOrSelfOf
                | Operator::AncestorOrSelfOf
                | Operator::ChildOrSelfOf
                | Operator::ParentOrSelfOf
        ) {
            result.unite(&set);
        }
        Ok(result)
    }

    fn descendants(&mut self, set: &ConceptSet) -> Result<ConceptSet, EvaluateError> {
        let mut below = self.none()?;
        for concept in set.numbers() {
            // What is below a concept met already was met with it.
            if !below.holds(concept) {
                let mut count = 1;
                self.hierarchy().descendants(concept, |concept| {
                    count += 1;
                    below.insert(concept);
                });
                self.spend(count)?;
            }
        }
        Ok(below)
    }

    fn ancestors(&mut self, set: &ConceptSet) -> Result<ConceptSet, EvaluateError> {
        let mut above = self.none()?;
        let mut open = Vec::new();
        for concept in set.numbers() {
            open.extend_from_slice(self.hierarchy().parents(concept));
            self.spend(1)?;
            while let Some(next) = open.pop() {
                if !above.holds(next) {
                    above.insert(next);
                    self.spend(1)?;
                    open.extend_from_slice(self.hierarchy().parents(next));
                }
            }
        }
        Ok(above)
    }

    fn neighbours(
        &mut self,
        set: &ConceptSet,
        of: impl Fn(&'e Hierarchy, u32) -> &'e [u32],
    ) -> Result<ConceptSet, EvaluateError> {
        let mut found = self.none()?;
        for concept in set.numbers() {
            let next = of(self.hierarchy(), concept);
            self.spend(1 + next.len())?;
            next.iter().for_each(|&concept| found.insert(concept));
        }
        Ok(found)
    }

    /// Whether a concept is in use rather than kept for history.
    pub(super) fn is_active(&self, concept: u32) -> bool {
        use crate::model::ConceptStatus::{Inactive, Withdrawn};
        self.edition
            .concept(ConceptIndex(concept))
            .is_some_and(|concept| !matches!(concept.status(), Inactive | Withdrawn))
    }
}
