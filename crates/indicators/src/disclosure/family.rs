//! What of an indicator is shown: all its counts as one family, so that none tells of another.
//!
//! Numerators, denominators and the counts of variants are layers that are decided together. Where one is contained
//! in another by what it means (a numerator in its denominator, a value in the whole, a variant in a wider one), what
//! is left of the larger is a count too, since whoever sees both can subtract: it becomes a layer of its own, held to
//! the smaller one's threshold.
//!
//! A breakdown stands under the whole: what is hidden of the whole is hidden in it, and more where one of its values
//! is small. Its values are decided together, so a cell shows all of them or none; nothing follows from a total over
//! values. Values may overlap or partition the whole. Months of persons, who do not add up over a year, are such a
//! breakdown: each month a value, and months of the lattice left empty but for the first.
//!
//! Two breakdowns are shown beside each other, never crossed; each must be safe beside the whole. That holds here as
//! each is a layer under the whole. Whether two variants differ by few is asked only where one is said to be within
//! the other: a release that has variants of which neither contains the other hands in their overlap as a layer.
//! This decides about one publication, and says nothing of two. The attack in the tests tries numerators, denominators,
//! what is left of them, and one breakdown that partitions the whole; values that overlap and several breakdowns rest on
//! the argument above alone.

use crate::disclosure::Decision;
use crate::lattice::{Lattice, Spot};

/// Counts that are shown.
#[derive(Debug, Clone)]
pub struct Layer<'a> {
    /// The counts.
    pub counts: &'a Lattice,
    /// A shown count is 0 or at least this.
    pub threshold: u64,
    /// Counts that contain these ones.
    pub within: Vec<&'a Lattice>,
}

/// What is shown of an indicator: of the whole, and of each breakdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    whole: Decision,
    breakdowns: Vec<Decision>,
}

/// Layers that cannot be decided together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FamilyError {
    /// There is no layer.
    #[error("a family without counts")]
    Empty,
    /// Places or values differ.
    #[error("counts of a family have different places or values")]
    Shape,
    /// A count is larger than one that is said to contain it.
    #[error("a count is larger than one that contains it")]
    NotWithin,
}

impl Shown {
    /// Decides for the counts of the whole, and for the values of each breakdown under it.
    pub fn decide(whole: &[Layer<'_>], breakdowns: &[Vec<Layer<'_>>]) -> Result<Self, FamilyError> {
        let shape = whole.first().ok_or(FamilyError::Empty)?.counts;
        let whole = together(shape, whole, None)?;
        let breakdowns = breakdowns
            .iter()
            .map(|layers| together(shape, layers, Some(&whole)))
            .collect::<Result<_, _>>()?;
        Ok(Self { whole, breakdowns })
    }

    /// Whether a cell is shown: of the whole, or of a breakdown by its place in the list. What is outside is not.
    pub fn is_shown(&self, breakdown: Option<usize>, shape: &Lattice, place: usize, spot: Spot) -> bool {
        let decision = match breakdown {
            None => Some(&self.whole),
            Some(index) => self.breakdowns.get(index),
        };
        decision.is_some_and(|decision| !decision.hides(shape, place, spot))
    }
}

/// Decides for layers and what is left of those that contain them.
fn together(
    shape: &Lattice,
    layers: &[Layer<'_>],
    above: Option<&Decision>,
) -> Result<Decision, FamilyError> {
    let mut rests = Vec::new();
    for layer in layers {
        if !shape.is_like(layer.counts) || layer.within.iter().any(|outer| !shape.is_like(outer)) {
            return Err(FamilyError::Shape);
        }
        for outer in &layer.within {
            let rest = outer.less(layer.counts).ok_or(FamilyError::NotWithin)?;
            rests.push((rest, layer.threshold));
        }
    }
    let given = layers.iter().map(|layer| (layer.counts, layer.threshold));
    let rests = rests.iter().map(|(rest, threshold)| (rest, *threshold));
    Ok(Decision::together(
        shape,
        &given.chain(rests).collect::<Vec<_>>(),
        above,
    ))
}
