//! What may be shown of an indicator in a period: all its variants, what stands above and below the line, what is left
//! between them, what is undecided, and every breakdown that is offered, decided upon together and before any question.
//!
//! The figures of the whole are one family: a cell shows all variants or none. A breakdown stands under the whole, and
//! shows all its values in a cell or none. What is undecided stands under the figures that it may belong to, and is
//! withheld alone.
//!
//! What of these counts lies within what is read from the counts: one that is nowhere larger than another, at the finest
//! level, is taken as a part of it, and what is left of the larger is protected as a count. To take something as a part
//! that is none costs figures and reveals nothing. Values that overlap say by their sum how many have several; that
//! number is protected too.

use std::collections::BTreeMap;

use vardnav_register::record::Sex;

use crate::cube::Residence;
use crate::definition::Disclosure;
use crate::disclosure::Decision;
use crate::lattice::{Frame, Lattice, Leaf, Spot};
use crate::query::{Point, Published, Query, QueryError};

/// Where a count stands at the finest level: month (1 where months do not add up to the period), residence, sex, first
/// year of the age group.
pub type At = (i8, Residence, Option<Sex>, Option<u8>);

/// Counts at the finest level.
pub type Counts = BTreeMap<At, u64>;

/// The counts that a figure is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// Above the line.
    pub numerator: Counts,
    /// Below the line, as far as it is counted from the register; `None` where it is not, and of a plain count.
    pub denominator: Option<Counts>,
    /// What may belong above the line.
    pub undecided: Counts,
    /// What may belong below the line.
    pub undecided_denominator: Counts,
}

/// All counts of an indicator in a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stated {
    /// Of the whole, by variant.
    pub whole: Vec<Parts>,
    /// Of each breakdown that is offered: by value, then by variant.
    pub breakdowns: Vec<Vec<Vec<Parts>>>,
    /// Whether months are counted that add up to the period.
    pub has_months: bool,
}

/// Which figure of an indicator: its variant, and the value of a breakdown, all by their places in [`Stated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Which {
    /// The variant.
    pub variant: usize,
    /// The breakdown and its value; `None` for the whole.
    pub value: Option<(usize, usize)>,
}

/// The counts of an indicator in a period with the decisions on them.
#[derive(Debug, Clone)]
pub struct Decided {
    grid: Published,
    whole: Table,
    breakdowns: Vec<Table>,
}

/// The counts of a figure that may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// Above the line.
    pub numerator: u64,
    /// Below the line, where that is counted from the register.
    pub denominator: Option<u64>,
    /// What may belong above the line; `None` where that is withheld.
    pub undecided: Option<u64>,
    /// What may belong below the line; `None` where that is withheld.
    pub undecided_denominator: Option<u64>,
}

impl Decided {
    /// Decides on all counts of an indicator.
    pub fn on(stated: Stated, frame: &Frame, disclosure: &Disclosure) -> Self {
        let months = if stated.has_months { 12 } else { 1 };
        let all = stated.breakdowns.iter().flatten().flatten().chain(&stated.whole);
        let shape = Lattice::shape(frame, all.flat_map(Parts::leaves), months);
        let floor = Floor::of(disclosure);
        let room = Room {
            shape: &shape,
            frame,
            floor,
        };
        let whole: Vec<Filled> = stated.whole.iter().map(|parts| room.fill(parts)).collect();
        let decision = room.decide(&whole.iter().flat_map(Filled::figures).collect::<Vec<_>>(), None);
        let undecided = room.undecided(&[&whole], &[], &decision);
        let mut breakdowns = Vec::with_capacity(stated.breakdowns.len());
        for values in stated.breakdowns {
            breakdowns.push(room.breakdown(values, &whole, &decision, &undecided));
        }
        let whole = Table::of(decision.clone(), undecided, vec![(whole, stated.whole)]);
        let grid = Published::with(shape, frame.clone(), decision);
        Self {
            grid,
            whole,
            breakdowns,
        }
    }

    /// The places, sexes and ages that a question asks for.
    ///
    /// # Errors
    /// As [`Published::points`].
    pub fn points(&self, query: &Query) -> Result<Vec<Point>, QueryError> {
        self.grid.points(query)
    }

    /// What is above the line of a figure, at the finest level: rates that are standardised for age are made of it, and
    /// only told where the figure is.
    pub fn numerator(&self, which: Which) -> &Counts {
        static NONE: Counts = Counts::new();
        self.kept(which).map_or(&NONE, |(_, kept)| &kept.leaves)
    }

    /// The counts of a figure at a point in a month, 0 for the period as a whole; `None` where they are withheld.
    pub fn shown(&self, which: Which, point: &Point, month: usize) -> Option<Shown> {
        let (table, kept) = self.kept(which)?;
        let spot = Spot { month, ..point.spot };
        let shape = self.grid.lattice();
        if table.figures.hides(shape, point.index, spot) {
            return None;
        }
        let index = shape.index(point.index, spot);
        let is_told = !table.undecided.hides(shape, point.index, spot);
        Some(Shown {
            numerator: kept.numerator.at(index),
            denominator: kept.denominator.as_ref().map(|counts| counts.at(index)),
            undecided: is_told.then(|| kept.undecided.at(index)),
            undecided_denominator: is_told.then(|| kept.undecided_denominator.at(index)),
        })
    }

    fn kept(&self, which: Which) -> Option<(&Table, &Kept)> {
        let (table, value) = match which.value {
            None => (&self.whole, 0),
            Some((breakdown, value)) => (self.breakdowns.get(breakdown)?, value),
        };
        let kept = table.values.get(value)?.get(which.variant)?;
        Some((table, kept))
    }
}

impl Parts {
    /// Where anything is counted.
    fn leaves(&self) -> impl Iterator<Item = Leaf> {
        let all = [&self.numerator, &self.undecided, &self.undecided_denominator];
        all.into_iter().chain(&self.denominator).flat_map(leaves)
    }
}

/// The smallest counts that are shown.
#[derive(Debug, Clone, Copy)]
struct Floor {
    count: u64,
    denominator: u64,
}

impl Floor {
    fn of(disclosure: &Disclosure) -> Self {
        Self {
            count: disclosure.min_count.into(),
            denominator: disclosure.min_count.max(disclosure.min_denominator).into(),
        }
    }
}

/// The counts of a figure at all levels.
struct Filled {
    numerator: Lattice,
    denominator: Option<Lattice>,
    undecided: Lattice,
    undecided_denominator: Lattice,
}

impl Filled {
    /// What a figure is made of, each with whether it stands below the line.
    fn figures(&self) -> impl Iterator<Item = (&Lattice, bool)> {
        let above = std::iter::once((&self.numerator, false));
        above.chain(self.denominator.iter().map(|counts| (counts, true)))
    }
}

/// Where an indicator is decided upon.
struct Room<'a> {
    shape: &'a Lattice,
    frame: &'a Frame,
    floor: Floor,
}

/// Layers to be decided upon together.
type Layers = Vec<(Lattice, u64)>;

impl Room<'_> {
    fn fill(&self, parts: &Parts) -> Filled {
        let filled = |counts: &Counts| self.shape.filled(self.frame, leaves(counts));
        Filled {
            numerator: filled(&parts.numerator),
            denominator: parts.denominator.as_ref().map(filled),
            undecided: filled(&parts.undecided),
            undecided_denominator: filled(&parts.undecided_denominator),
        }
    }

    /// Decides on counts and on what is left of those that contain others.
    fn decide(&self, counts: &[(&Lattice, bool)], above: Option<&Decision>) -> Decision {
        let mut layers = Layers::new();
        self.add(&mut layers, counts);
        self.together(&layers, above)
    }

    fn together(&self, layers: &Layers, above: Option<&Decision>) -> Decision {
        let layers: Vec<(&Lattice, u64)> = layers.iter().map(|(counts, floor)| (counts, *floor)).collect();
        Decision::together(self.shape, &layers, above)
    }

    /// Adds counts to the layers, and what is left of each that contains another.
    fn add(&self, layers: &mut Layers, counts: &[(&Lattice, bool)]) {
        for (index, (inner, is_denominator)) in counts.iter().enumerate() {
            let floor = match is_denominator {
                true => self.floor.denominator,
                false => self.floor.count,
            };
            put(layers, inner, floor);
            for (other, (outer, _)) in counts.iter().enumerate() {
                if other != index {
                    self.rest(layers, outer, inner);
                }
            }
        }
    }

    /// Adds what is left of counts without others that are a part of them.
    fn rest(&self, layers: &mut Layers, outer: &Lattice, inner: &Lattice) {
        if !inner.is_empty()
            && let Some(rest) = outer.less(inner)
        {
            put(layers, &rest, self.floor.count);
        }
    }

    /// Decides on a breakdown under the whole.
    fn breakdown(
        &self,
        values: Vec<Vec<Parts>>,
        whole: &[Filled],
        above: &Decision,
        undecided_above: &Decision,
    ) -> Table {
        let fill = |variants: &Vec<Parts>| variants.iter().map(|parts| self.fill(parts)).collect();
        let filled: Vec<Vec<Filled>> = values.iter().map(fill).collect();
        let mut layers = Layers::new();
        for variants in &filled {
            self.add(
                &mut layers,
                &variants.iter().flat_map(Filled::figures).collect::<Vec<_>>(),
            );
            for (own, all) in variants.iter().zip(whole) {
                self.rest(&mut layers, &all.numerator, &own.numerator);
                if let (Some(own), Some(all)) = (&own.denominator, &all.denominator) {
                    self.rest(&mut layers, all, own);
                }
            }
        }
        for (variant, all) in whole.iter().enumerate() {
            let own = filled.iter().filter_map(|variants| variants.get(variant));
            self.surplus(
                &mut layers,
                &all.numerator,
                own.clone().map(|parts| &parts.numerator),
            );
            if let Some(all) = &all.denominator {
                self.surplus(
                    &mut layers,
                    all,
                    own.filter_map(|parts| parts.denominator.as_ref()),
                );
            }
        }
        let decision = self.together(&layers, Some(above));
        let given: Vec<&Vec<Filled>> = filled.iter().collect();
        let undecided = self.undecided(&given, whole, &decision.either(undecided_above));
        Table::of(decision, undecided, filled.into_iter().zip(values).collect())
    }

    /// Adds how many more the values hold together than the whole: those that have several values.
    fn surplus<'b>(&self, layers: &mut Layers, whole: &Lattice, values: impl Iterator<Item = &'b Lattice>) {
        let sum = self.shape.sum(values);
        if let Some(surplus) = sum.and_then(|sum| sum.less(whole)) {
            put(layers, &surplus, self.floor.count);
        }
    }

    /// Decides on what is undecided, of the whole or of the values of a breakdown: under the figures, and so that what is
    /// left of them without it is protected too.
    fn undecided(&self, values: &[&Vec<Filled>], whole: &[Filled], above: &Decision) -> Decision {
        let mut layers = Layers::new();
        for variants in values {
            for (index, own) in variants.iter().enumerate() {
                let counts = [(&own.undecided, false), (&own.undecided_denominator, false)];
                self.add(&mut layers, &counts);
                let between = own.denominator.as_ref().and_then(|all| all.less(&own.numerator));
                if let Some(between) = between {
                    self.rest(&mut layers, &between, &own.undecided);
                }
                if let Some(all) = whole.get(index) {
                    self.rest(&mut layers, &all.undecided, &own.undecided);
                    self.rest(
                        &mut layers,
                        &all.undecided_denominator,
                        &own.undecided_denominator,
                    );
                }
            }
        }
        self.together(&layers, Some(above))
    }
}

/// Adds a layer once; the same counts with two thresholds have the higher one.
fn put(layers: &mut Layers, counts: &Lattice, floor: u64) {
    if counts.is_empty() {
        return;
    }
    match layers.iter_mut().find(|(known, _)| known == counts) {
        Some((_, known)) => *known = floor.max(*known),
        None => layers.push((counts.clone(), floor)),
    }
}

/// Counts beside each other, with the decisions on them.
#[derive(Debug, Clone)]
struct Table {
    figures: Decision,
    undecided: Decision,
    /// By value, then by variant.
    values: Vec<Vec<Kept>>,
}

impl Table {
    fn of(figures: Decision, undecided: Decision, values: Vec<(Vec<Filled>, Vec<Parts>)>) -> Self {
        let keep = |(filled, parts): (Vec<Filled>, Vec<Parts>)| {
            let pairs = filled.iter().zip(parts);
            pairs.map(|(filled, parts)| Kept::of(filled, parts)).collect()
        };
        Self {
            figures,
            undecided,
            values: values.into_iter().map(keep).collect(),
        }
    }
}

/// What is kept of the counts of a figure.
#[derive(Debug, Clone)]
struct Kept {
    numerator: Sparse,
    denominator: Option<Sparse>,
    undecided: Sparse,
    undecided_denominator: Sparse,
    leaves: Counts,
}

impl Kept {
    fn of(filled: &Filled, parts: Parts) -> Self {
        Self {
            numerator: Sparse::of(&filled.numerator),
            denominator: filled.denominator.as_ref().map(Sparse::of),
            undecided: Sparse::of(&filled.undecided),
            undecided_denominator: Sparse::of(&filled.undecided_denominator),
            leaves: parts.numerator,
        }
    }
}

/// The cells of a lattice that count something.
#[derive(Debug, Clone)]
struct Sparse(Vec<(usize, u64)>);

impl Sparse {
    fn of(lattice: &Lattice) -> Self {
        Self(lattice.counted().collect())
    }

    fn at(&self, index: usize) -> u64 {
        let found = self.0.binary_search_by_key(&index, |(known, _)| *known);
        found
            .ok()
            .and_then(|at| self.0.get(at))
            .map_or(0, |(_, count)| *count)
    }
}

fn leaves(counts: &Counts) -> impl Iterator<Item = Leaf> {
    counts
        .iter()
        .map(|(&(month, residence, sex, age_from), &count)| Leaf {
            month,
            residence,
            sex,
            age_from,
            count,
        })
}
