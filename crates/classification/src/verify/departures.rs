//! The proofs of the variants that a system does not take: each in place of the one that it takes, one at a time, the
//! other points as chosen. Only the tables that a point bears on are looked at, and in them what the variant may make
//! otherwise: whether a gap is left, and whether its own rules can decide. A rule of all variants that a variant takes
//! everything from is no fault of it: another one needs the rule.

use jiff::civil::Date;

use super::{Defect, Proof, STEPS};
use crate::compile::{DescriptionSystem, TableIndex};
use crate::model::{DescriptionSource, Rule, VariantRef};

/// What was proven of one table under a variant that is not taken, for one grain, with the rules in force on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantProof {
    /// The variant.
    pub variant: VariantRef,
    /// The proof.
    pub proof: Proof,
}

impl DescriptionSystem {
    /// Proves each variant that is not taken, for the dates from one on.
    pub fn prove_variants(&self, from: Date) -> Vec<VariantProof> {
        let mut proofs = Vec::new();
        for (at, point) in self.source().points.iter().enumerate() {
            let touched = touched(self.source(), &point.id);
            for name in point.variants.iter().filter(|name| **name != point.chosen) {
                let Some(system) = self.with_variant(at, name) else {
                    continue;
                };
                let variant = VariantRef {
                    point: point.id.clone(),
                    name: name.clone(),
                };
                let own = |rule: &Rule| rule.variant.as_ref() == Some(&variant);
                for (index, _) in system.tables().filter(|(index, _)| bears_on(&touched, *index)) {
                    for date in system.turning_points(index, from) {
                        let proven = system.proven_of(index, date, STEPS, &own).into_iter();
                        proofs.extend(proven.map(|(proof, _)| VariantProof {
                            variant: variant.clone(),
                            proof,
                        }));
                    }
                }
            }
        }
        proofs
    }

    /// Proves that no table leaves a gap for the dates from one on and, with `until`, before another. Rules that can
    /// never decide are not looked for: what comes out without them is the same.
    pub fn prove_total(&self, from: Date, until: Option<Date>) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for (index, _) in self.tables() {
            let mut dates = self.turning_points(index, from);
            dates.retain(|date| until.is_none_or(|until| *date < until));
            for date in dates {
                let proven = self.proven_of(index, date, STEPS, &|_| false).into_iter();
                proofs.extend(proven.map(|(proof, _)| proof));
            }
        }
        proofs
    }

    /// The system with another variant of the point at a position.
    pub(super) fn with_variant(&self, point: usize, variant: &str) -> Option<Self> {
        let mut source = self.source().clone();
        variant.clone_into(&mut source.points.get_mut(point)?.chosen);
        Self::compile(source).ok()
    }
}

impl VariantProof {
    /// What is wrong, if anything.
    pub fn defects(&self) -> &[Defect] {
        &self.proof.defects
    }
}

/// By position: the tables whose values a point bears on, by rules of their own or by an earlier table that they read.
pub(super) fn touched(source: &DescriptionSource, point: &str) -> Vec<bool> {
    let mut touched: Vec<bool> = Vec::with_capacity(source.tables.len());
    for table in &source.tables {
        let of_point = |rule: &Rule| {
            rule.variant
                .as_ref()
                .is_some_and(|variant| variant.point == point)
        };
        let reads = |rule: &Rule| {
            let mut conditions = rule.alternatives.iter().flatten();
            conditions.any(|condition| {
                let earlier = source.tables.iter().zip(&touched);
                earlier
                    .filter(|(_, touched)| **touched)
                    .any(|(table, _)| table.id == condition.axis)
            })
        };
        let bears = table.rules.iter().any(|rule| of_point(rule) || reads(rule));
        touched.push(bears);
    }
    touched
}

/// Whether a table is among those touched.
pub(super) fn bears_on(touched: &[bool], table: TableIndex) -> bool {
    touched.get(table.position()) == Some(&true)
}
