//! Sets of combinations as disjoint boxes: a box has, for each slot, the values allowed there.

use crate::compile::Atom;
use crate::facts::{AxisIndex, VALUES, VALUES_MAX, bits};

/// How many boxes a set may come apart into.
pub(super) const LIMIT: usize = 100_000;

/// How many gaps are looked at for the smallest counter-example.
const EXAMPLES: usize = 64;

/// More than [`LIMIT`] boxes.
#[derive(Debug)]
pub(super) struct TooMany;

/// The values allowed in each slot of a [`Space`], in its order of slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block(Vec<u64>);

impl Block {
    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one & other != 0)
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let met: Vec<u64> = self
            .0
            .iter()
            .zip(&other.0)
            .map(|(one, other)| one & other)
            .collect();
        met.iter().all(|mask| *mask != 0).then_some(Self(met))
    }

    fn with(&self, at: usize, mask: u64) -> Self {
        let mut changed = self.clone();
        if let Some(slot) = changed.0.get_mut(at) {
            *slot = mask;
        }
        changed
    }
}

/// A set of combinations over some slots.
#[derive(Debug, Clone)]
pub(super) struct Space {
    slots: Vec<AxisIndex>,
    domain: Block,
    boxes: Vec<Block>,
}

/// The first so many values.
pub(super) fn all(count: usize) -> u64 {
    VALUES >> VALUES_MAX.saturating_sub(count)
}

impl Space {
    /// All combinations of the values given for each slot.
    pub(super) fn new(slots: impl Iterator<Item = (AxisIndex, u64)>) -> Self {
        let (slots, domain): (Vec<_>, Vec<_>) = slots.unzip();
        let domain = Block(domain);
        Self {
            slots,
            boxes: vec![domain.clone()],
            domain,
        }
    }

    /// The same slots without any combination.
    pub(super) fn emptied(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            domain: self.domain.clone(),
            boxes: Vec::new(),
        }
    }

    /// The box that meets all the conditions.
    pub(super) fn fit(&self, atoms: &[Atom]) -> Block {
        let mask = |slot: &AxisIndex| {
            let of = atoms
                .iter()
                .filter(|atom| usize::from(atom.slot) == slot.position());
            of.fold(u64::MAX, |mask, atom| mask & atom.mask)
        };
        Block(
            self.slots
                .iter()
                .zip(&self.domain.0)
                .map(|(slot, domain)| domain & mask(slot))
                .collect(),
        )
    }

    /// Whether any combination lies in the box.
    pub(super) fn meets(&self, other: &Block) -> bool {
        self.boxes.iter().any(|each| each.meets(other))
    }

    /// The combinations that lie in any of the boxes.
    pub(super) fn within(&self, others: &[Block]) -> Self {
        let boxes = self
            .boxes
            .iter()
            .flat_map(|each| others.iter().filter_map(|other| each.meet(other)));
        Self {
            boxes: boxes.collect(),
            ..self.emptied()
        }
    }

    /// Takes the combinations in the box away.
    pub(super) fn subtract(&mut self, other: &Block) -> Result<(), TooMany> {
        let mut left = Vec::with_capacity(self.boxes.len());
        for mut each in core::mem::take(&mut self.boxes) {
            if !each.meets(other) {
                left.push(each);
                continue;
            }
            for (at, taken) in other.0.iter().enumerate() {
                let Some(mask) = each.0.get(at).copied() else {
                    break;
                };
                if mask & !taken != 0 {
                    left.push(each.with(at, mask & !taken));
                    each = each.with(at, mask & taken);
                }
            }
            if left.len() > LIMIT {
                return Err(TooMany);
            }
        }
        self.boxes = left;
        Ok(())
    }

    /// Adds combinations, with one slot set to a value. The caller sees to it that they are new.
    pub(super) fn add(&mut self, more: Self, slot: AxisIndex, mask: u64) -> Result<(), TooMany> {
        let at = self.slots.iter().position(|own| *own == slot);
        self.boxes.extend(more.boxes.into_iter().map(|each| match at {
            Some(at) => each.with(at, mask),
            None => each,
        }));
        if self.boxes.len() > LIMIT {
            Err(TooMany)
        } else {
            Ok(())
        }
    }

    /// How many combinations, at most [`u64::MAX`].
    pub(super) fn count(&self) -> u64 {
        let volume = |each: &Block| {
            each.0.iter().fold(1_u64, |volume, mask| {
                volume.saturating_mul(u64::from(mask.count_ones()))
            })
        };
        self.boxes
            .iter()
            .fold(0, |sum, each| sum.saturating_add(volume(each)))
    }

    /// A combination of this set with as few slots stated as it takes for none of the boxes to be met.
    pub(super) fn smallest_example(&self, boxes: &[Block]) -> Option<Block> {
        let examples = self.boxes.iter().take(EXAMPLES).map(|each| {
            let mut example = Block(each.0.iter().map(|mask| mask & mask.wrapping_neg()).collect());
            for at in (0..example.0.len()).rev() {
                let full = self.domain.0.get(at).copied().unwrap_or(0);
                let wider = example.with(at, full);
                if !boxes.iter().any(|each| each.meets(&wider)) {
                    example = wider;
                }
            }
            example
        });
        examples.min_by_key(|example| self.stated(example).count())
    }

    /// The slots in which a box does not allow everything, each with its first value.
    pub(super) fn stated<'a>(&'a self, each: &'a Block) -> impl Iterator<Item = (AxisIndex, u8)> + 'a {
        self.slots
            .iter()
            .zip(&self.domain.0)
            .zip(&each.0)
            .filter(|((_, domain), mask)| domain != mask)
            .filter_map(|((slot, _), mask)| bits(*mask).next().map(|value| (*slot, value)))
    }
}
