//! Sets of combinations as disjoint boxes: a box has, for each slot, the values allowed there.

use crate::facts::AxisIndex;

/// How many boxes a set may come apart into.
pub(super) const LIMIT: usize = 100_000;

/// Of a value among several: it does not hold.
pub(super) const ABSENT: u64 = 1;

/// Of a value among several: it holds.
pub(super) const PRESENT: u64 = 2;

/// More than [`LIMIT`] boxes.
#[derive(Debug)]
pub(super) struct TooMany;

/// A slot, or one value of a slot where several may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) slot: AxisIndex,
    pub(super) value: Option<u8>,
}

impl Cell {
    /// A slot that has one value.
    pub(super) fn of(slot: AxisIndex) -> Self {
        Self { slot, value: None }
    }
}

/// What is allowed in each cell of a [`Space`], in its order of cells.
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

/// A set of combinations over some cells.
#[derive(Debug, Clone)]
pub(super) struct Space {
    cells: Vec<Cell>,
    domain: Block,
    boxes: Vec<Block>,
}

impl Space {
    /// All combinations of what is given for each cell.
    pub(super) fn new(cells: impl Iterator<Item = (Cell, u64)>) -> Self {
        let (cells, domain): (Vec<_>, Vec<_>) = cells.unzip();
        let domain = Block(domain);
        Self {
            cells,
            boxes: vec![domain.clone()],
            domain,
        }
    }

    /// The same cells without any combination.
    pub(super) fn emptied(&self) -> Self {
        Self {
            cells: self.cells.clone(),
            domain: self.domain.clone(),
            boxes: Vec::new(),
        }
    }

    /// The box that meets all the conditions.
    pub(super) fn fit(&self, conditions: &[(Cell, u64)]) -> Block {
        let mask = |cell: &Cell| {
            let of = conditions.iter().filter(|(on, _)| on == cell);
            of.fold(u64::MAX, |all, (_, mask)| all & mask)
        };
        Block(
            self.cells
                .iter()
                .zip(&self.domain.0)
                .map(|(cell, domain)| domain & mask(cell))
                .collect(),
        )
    }

    /// Whether it has no combination.
    pub(super) fn is_empty(&self) -> bool {
        self.boxes.is_empty()
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

    /// Adds combinations, with one cell set. The caller sees to it that they are new.
    pub(super) fn add(&mut self, more: Self, cell: Cell, mask: u64) -> Result<(), TooMany> {
        let at = self.cells.iter().position(|own| *own == cell);
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
}
