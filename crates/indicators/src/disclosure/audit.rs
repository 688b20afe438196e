//! Holds what is shown against somebody who reckons with it: between which numbers every withheld count must lie, given
//! all shown ones, that counts are not negative, what adds up to what, and what was shown before. It knows nothing of how
//! it was decided what to withhold, and decides nothing.
//!
//! Bounds are narrowed sum by sum until nothing changes: a part is no more than the total less the least of the others,
//! and no less than the total less the most of them. That finds all that follows from one sum at a time, and not what only
//! several sums together tell (for that, the tests use linear algebra). So what is found is exposed; what is not found
//! may be.

use crate::disclosure::Decision;
use crate::lattice::{Inner, Lattice, Spot};

/// More than any count.
const MANY: u64 = 1 << 48;

/// Most times that all sums are gone through.
const ROUNDS_MAX: usize = 64;

/// What somebody can know of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least that it can be.
    pub low: u64,
    /// The most that it can be.
    pub high: u64,
}

/// A withheld count that is known to be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposed {
    /// The layer, by its place in the audit.
    pub layer: usize,
    /// The place, by its index in the lattice.
    pub place: usize,
    /// The spot inside it.
    pub spot: Spot,
    /// What can be known of it.
    pub bounds: Bounds,
}

/// Counts that are audited together: layers of one shape, and what adds up to what among them.
pub struct Audit<'a> {
    shape: &'a Lattice,
    layers: Vec<Layer>,
    sums: Vec<Sum>,
    is_sound: bool,
}

/// Counts with what is known of them, cell by cell.
struct Layer {
    counts: Lattice,
    bounds: Vec<Bounds>,
    /// A shown count is 0 or at least this.
    floor: u64,
}

/// A layer that is cell by cell the sum of others, by their places.
struct Sum {
    total: usize,
    parts: Vec<usize>,
    /// The cells of which that is said.
    at: Vec<usize>,
}

impl<'a> Audit<'a> {
    /// An audit without counts.
    pub fn new(shape: &'a Lattice) -> Self {
        Self {
            shape,
            layers: Vec::new(),
            sums: Vec::new(),
            is_sound: true,
        }
    }

    /// Adds counts of which those are shown that the decision does not hide; none without a decision. Gives the layer.
    /// Counts of another shape make the audit unsound.
    pub fn layer(&mut self, counts: Lattice, decision: Option<&Decision>, floor: u64) -> usize {
        self.is_sound &= counts.is_like(self.shape);
        let unknown = Bounds { low: 0, high: MANY };
        let mut bounds = vec![unknown; counts.len()];
        if let Some(decision) = decision {
            for (place, spot) in cells(&counts) {
                if !decision.hides(&counts, place, spot)
                    && let Some(cell) = bounds.get_mut(counts.index(place, spot))
                {
                    let count = counts.count(place, spot);
                    *cell = Bounds {
                        low: count,
                        high: count,
                    };
                }
            }
        }
        self.layers.push(Layer {
            counts,
            bounds,
            floor,
        });
        self.layers.len() - 1
    }

    /// Says that a layer is cell by cell the sum of others.
    pub fn adds_up(&mut self, total: usize, parts: impl IntoIterator<Item = usize>) {
        self.sums.push(Sum {
            total,
            parts: parts.into_iter().collect(),
            at: (0..self.shape.len()).collect(),
        });
    }

    /// What is left of a layer without another that is a part of it, as a layer; `None` where it is no part of it.
    pub fn rest(&mut self, outer: usize, inner: usize, floor: u64) -> Option<usize> {
        let (all, part) = (self.layers.get(outer)?, self.layers.get(inner)?);
        let rest = all.counts.less(&part.counts)?;
        let rest = self.layer(rest, None, floor);
        self.adds_up(outer, [inner, rest]);
        Some(rest)
    }

    /// Says that a layer is what the values of a breakdown add up to, less those that have several of them.
    pub fn values(&mut self, whole: usize, values: &[usize], floor: u64) {
        let counts = |layer: &usize| self.layers.get(*layer).map(|layer| &layer.counts);
        let sum = self.shape.sum(values.iter().filter_map(counts));
        let Some((sum, all)) = sum.zip(counts(&whole)) else {
            return;
        };
        if sum.less(all).is_none() {
            return;
        }
        let sum = self.layer(sum, None, 0);
        self.adds_up(sum, values.iter().copied());
        self.rest(sum, whole, floor);
    }

    /// Says that somebody takes two layers, the same counts at two times, for unchanged wherever they are.
    pub fn unchanged(&mut self, before: usize, now: usize) {
        let (Some(former), Some(later)) = (self.layers.get(before), self.layers.get(now)) else {
            return;
        };
        let is_same = |(place, spot): &(usize, Spot)| {
            former.counts.count(*place, *spot) == later.counts.count(*place, *spot)
        };
        let same = cells(self.shape).filter(is_same);
        let at = same.map(|(place, spot)| self.shape.index(place, spot)).collect();
        self.sums.push(Sum {
            total: now,
            parts: vec![before],
            at,
        });
    }

    /// The small counts that are known to be small; `None` where layers do not fit together.
    pub fn exposed(mut self) -> Option<Vec<Exposed>> {
        if !self.is_sound || !self.narrow() {
            return None;
        }
        let mut exposed = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            for (place, spot) in cells(&layer.counts) {
                let count = layer.counts.count(place, spot);
                let bounds = layer.bounds.get(layer.counts.index(place, spot));
                if let Some(&bounds) = bounds
                    && (1..layer.floor).contains(&count)
                    && bounds.high < layer.floor
                {
                    exposed.push(Exposed {
                        layer: number,
                        place,
                        spot,
                        bounds,
                    });
                }
            }
        }
        Some(exposed)
    }

    /// Narrows all bounds; whether they fit together.
    fn narrow(&mut self) -> bool {
        let lines = lines(self.shape);
        for _ in 0..ROUNDS_MAX {
            let mut change = Change::None;
            for layer in &mut self.layers {
                for (total, parts) in &lines {
                    change = change.and(line(&mut layer.bounds, *total, parts));
                }
            }
            for sum in &self.sums {
                for index in &sum.at {
                    change = change.and(across(&mut self.layers, sum, *index));
                }
            }
            match change {
                Change::None => break,
                Change::Narrower => {}
                Change::Impossible => return false,
            }
        }
        true
    }
}

impl Bounds {
    /// What both say.
    fn within(self, other: &Self) -> Self {
        Self {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        }
    }

    fn is_known(self) -> bool {
        self.low == self.high
    }
}

/// What became of bounds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    Narrower,
    Impossible,
}

impl Change {
    fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

/// What follows of a total and its parts from each other.
fn narrowed(total: Bounds, parts: &[Bounds]) -> (Bounds, impl Fn(Bounds) -> Bounds) {
    let least: u64 = parts.iter().map(|part| part.low).sum();
    let most: u64 = parts.iter().map(|part| part.high).fold(0, u64::saturating_add);
    let total = total.within(&Bounds {
        low: least,
        high: most,
    });
    let part = move |part: Bounds| {
        let others = Bounds {
            low: least - part.low,
            high: most.saturating_sub(part.high),
        };
        part.within(&Bounds {
            low: total.low.saturating_sub(others.high),
            high: total.high.saturating_sub(others.low),
        })
    };
    (total, part)
}

/// Puts bounds in the place of others.
fn put(cell: Option<&mut Bounds>, bounds: Bounds) -> Change {
    let Some(cell) = cell.filter(|cell| **cell != bounds) else {
        return Change::None;
    };
    *cell = bounds;
    match bounds.low <= bounds.high {
        true => Change::Narrower,
        false => Change::Impossible,
    }
}

/// Narrows a total and its parts in one layer.
fn line(bounds: &mut [Bounds], total: usize, parts: &[usize]) -> Change {
    let Some(of_total) = bounds.get(total).copied() else {
        return Change::None;
    };
    let of_parts: Vec<Bounds> = parts
        .iter()
        .filter_map(|part| bounds.get(*part).copied())
        .collect();
    if of_total.is_known() && of_parts.iter().all(|part| part.is_known()) {
        return Change::None;
    }
    let (new_total, new_part) = narrowed(of_total, &of_parts);
    let mut change = put(bounds.get_mut(total), new_total);
    for (part, old) in parts.iter().zip(&of_parts) {
        change = change.and(put(bounds.get_mut(*part), new_part(*old)));
    }
    change
}

/// Narrows a cell of a layer and of those that add up to it.
fn across(layers: &mut [Layer], sum: &Sum, index: usize) -> Change {
    let at = |layer: usize, layers: &[Layer]| {
        layers
            .get(layer)
            .and_then(|layer| layer.bounds.get(index).copied())
    };
    let Some(of_total) = at(sum.total, layers) else {
        return Change::None;
    };
    let of_parts: Vec<Bounds> = sum.parts.iter().filter_map(|part| at(*part, layers)).collect();
    if of_total.is_known() && of_parts.iter().all(|part| part.is_known()) {
        return Change::None;
    }
    let (new_total, new_part) = narrowed(of_total, &of_parts);
    let mut set = |layer: usize, bounds| {
        put(
            layers
                .get_mut(layer)
                .and_then(|layer| layer.bounds.get_mut(index)),
            bounds,
        )
    };
    let mut change = set(sum.total, new_total);
    for (part, old) in sum.parts.iter().zip(&of_parts) {
        change = change.and(set(*part, new_part(*old)));
    }
    change
}

/// All cells of a lattice.
fn cells(shape: &Lattice) -> impl Iterator<Item = (usize, Spot)> {
    (0..shape.places().len()).flat_map(|place| shape.spots().map(move |spot| (place, spot)))
}

/// Every total of a lattice with its parts, along each dimension.
fn lines(shape: &Lattice) -> Vec<(usize, Vec<usize>)> {
    let mut lines = Vec::new();
    for (place, spot) in cells(shape) {
        let total = shape.index(place, spot);
        let mut add = |parts: Vec<usize>| {
            if !parts.is_empty() {
                lines.push((total, parts));
            }
        };
        let inside = |dimension| 1..=shape.values(dimension);
        let at = |spot| shape.index(place, spot);
        if spot.sex == 0 {
            add(inside(Inner::Sex).map(|sex| at(Spot { sex, ..spot })).collect());
        }
        if spot.age == 0 {
            add(inside(Inner::Age).map(|age| at(Spot { age, ..spot })).collect());
        }
        if spot.month == 0 {
            add(inside(Inner::Month)
                .map(|month| at(Spot { month, ..spot }))
                .collect());
        }
        for family in shape
            .families()
            .iter()
            .filter(|family| family.parent == Some(place))
        {
            add(family
                .members
                .clone()
                .map(|part| shape.index(part, spot))
                .collect());
        }
    }
    lines
}
