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
//! number is protected too, above and below the line and of what is undecided.
//!
//! The tests attack the result with linear algebra, and find no withheld count that follows from what is shown. That one is
//! small may follow, where few are counted in all, from counts not being negative: [`Decided::exposed`] tells of it, and
//! nothing more is withheld for it.

use std::collections::BTreeMap;

use vardnav_register::record::Sex;

use crate::cube::Residence;
use crate::definition::{Disclosure, Rung};
use crate::disclosure::Decision;
use crate::disclosure::audit::{Audit, Exposed};
use crate::lattice::{Frame, Inner, Lattice, Leaf, Place, Spot};
use crate::query::{AgeGroup, Point, Published, Query, QueryError, SexGroup};

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
    floor: Floor,
    whole: Table,
    breakdowns: Vec<Table>,
}

/// Where a figure is told in place of one that is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coarser {
    /// Residence.
    pub place: Place,
    /// Sexes.
    pub sex: SexGroup,
    /// Ages.
    pub age: AgeGroup,
    /// Calendar month, 1–12; `None` for the period as a whole.
    pub month: Option<i8>,
}

/// A part of a figure that is audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Numerator,
    Denominator,
    Undecided,
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
        Self::decide(stated, frame, disclosure, None)
    }

    /// Decides on counts by value, of which each part has one, as on the values of a breakdown beside their sum.
    pub(crate) fn of_values(values: Vec<Counts>, frame: &Frame, disclosure: &Disclosure) -> Vec<Published> {
        let of = |numerator| {
            vec![Parts {
                numerator,
                ..Parts::default()
            }]
        };
        let mut sum = Counts::new();
        for (at, count) in values.iter().flatten() {
            *sum.entry(*at).or_default() += count;
        }
        let stated = Stated {
            whole: of(sum),
            breakdowns: vec![values.into_iter().map(of).collect()],
            has_months: true,
        };
        let decided = Self::on(stated, frame, disclosure);
        let shape = decided.grid.lattice();
        let mut published = Vec::new();
        for table in &decided.breakdowns {
            for kept in table.values.iter().flatten() {
                let counts = shape.with_counted(kept.numerator.0.iter().copied());
                published.push(Published::with(counts, frame.clone(), table.figures.clone()));
            }
        }
        published
    }

    /// Decides on all counts of an indicator of which some were shown before: what was withheld then stays withheld. So
    /// whoever sees both, and knows where nothing has changed, learns of what was withheld before no more than the first
    /// told. How much what is shown has changed is not withheld.
    pub fn after(before: &Self, stated: Stated, frame: &Frame, disclosure: &Disclosure) -> Self {
        Self::decide(stated, frame, disclosure, Some(before))
    }

    fn decide(stated: Stated, frame: &Frame, disclosure: &Disclosure, before: Option<&Self>) -> Self {
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
        let former = |table: Option<&Table>| {
            let (before, table) = before.zip(table)?;
            Some(room.kept_back(before, table))
        };
        let kept_back = former(before.map(|before| &before.whole));
        let figures: Vec<_> = whole.iter().flat_map(Filled::figures).collect();
        let decision = room.decide(&figures, kept_back.as_ref().map(|(figures, _)| figures));
        let above = kept_back.map_or_else(|| decision.clone(), |(_, undecided)| decision.either(&undecided));
        let undecided = room.undecided(&[whole.as_slice()], &[], &above);
        let mut breakdowns = Vec::with_capacity(stated.breakdowns.len());
        for (index, values) in stated.breakdowns.into_iter().enumerate() {
            let fill = |variants: &Vec<Parts>| variants.iter().map(|parts| room.fill(parts)).collect();
            let filled: Vec<Vec<Filled>> = values.iter().map(fill).collect();
            let given: Vec<&[Filled]> = filled.iter().map(Vec::as_slice).collect();
            let before = before.and_then(|before| before.breakdowns.get(index));
            let mut above = (decision.clone(), undecided.clone());
            if let Some((figures, undecided)) = former(before) {
                above = (above.0.either(&figures), above.1.either(&undecided));
            }
            let (figures, undecided) = room.breakdown(&given, &whole, &above);
            breakdowns.push(Table::of(
                figures,
                undecided,
                filled.into_iter().zip(values).collect(),
            ));
        }
        let whole = Table::of(decision.clone(), undecided, vec![(whole, stated.whole)]);
        let grid = Published::with(shape, frame.clone(), decision);
        Self {
            grid,
            floor,
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

    /// What is told in place of a withheld figure: the first coarser one that may be shown when details are given up one
    /// after another, as the ladder says; `None` where there is none.
    pub fn coarser(&self, which: Which, point: &Point, month: usize, ladder: &[Rung]) -> Option<Coarser> {
        let (table, _) = self.kept(which)?;
        let shape = self.grid.lattice();
        let (mut place, mut spot) = (point.index, Spot { month, ..point.spot });
        for rung in ladder {
            let of_place = shape.places().get(place).map(|(name, above)| (*name, *above));
            match (rung, of_place) {
                (Rung::Month, _) => spot.month = 0,
                (Rung::AgeGroup, _) => spot.age = 0,
                (Rung::Sex, _) => spot.sex = 0,
                (Rung::Kommun, Some((Place::Kommun(_) | Place::UnknownKommun(_), Some(above))))
                | (Rung::Region, Some((Place::Region(_) | Place::Unknown, Some(above)))) => place = above,
                (Rung::Kommun | Rung::Region, _) => {}
            }
            if !table.figures.hides(shape, place, spot) {
                let (place, _) = shape.places().get(place)?;
                return Some(Coarser {
                    place: *place,
                    sex: if spot.sex == 0 { SexGroup::All } else { point.sex },
                    age: if spot.age == 0 {
                        AgeGroup::All
                    } else {
                        point.age.clone()
                    },
                    month: i8::try_from(spot.month).ok().filter(|month| *month > 0),
                });
            }
        }
        None
    }

    /// The small counts that can be known to be small from all that is shown of the indicator: alone, or beside what was
    /// shown `before`, by somebody who takes for unchanged what is. `None` where the two have different places or values.
    pub fn exposed(&self, before: Option<&Self>) -> Option<Vec<Exposed>> {
        let shape = self.grid.lattice();
        let mut audit = Audit::new(shape);
        let now = self.audited(&mut audit);
        if let Some(before) = before {
            let former = before.audited(&mut audit);
            for (which, layer) in &now {
                let same = former.iter().find(|(known, _)| known == which);
                if let Some((_, former)) = same {
                    audit.unchanged(*former, *layer);
                }
            }
        }
        audit.exposed()
    }

    /// All that is shown, as layers, each with what it is.
    fn audited(&self, audit: &mut Audit<'_>) -> Vec<((Which, Part), usize)> {
        let mut layers = Vec::new();
        let tables = std::iter::once((None, &self.whole));
        let tables = tables.chain(
            self.breakdowns
                .iter()
                .enumerate()
                .map(|(at, table)| (Some(at), table)),
        );
        for (breakdown, table) in tables {
            let first = layers.len();
            for (value, variants) in table.values.iter().enumerate() {
                for (variant, kept) in variants.iter().enumerate() {
                    let value = breakdown.map(|breakdown| (breakdown, value));
                    self.audit_figure(audit, &mut layers, table, (Which { variant, value }, kept));
                }
            }
            let own: Vec<((Which, Part), usize)> = layers.get(first..).unwrap_or_default().to_vec();
            if breakdown.is_some() {
                self.audit_sums(audit, &layers, &own);
            }
        }
        layers
    }

    /// The counts of a figure, and what is left between them and of the whole.
    fn audit_figure(
        &self,
        audit: &mut Audit<'_>,
        layers: &mut Vec<((Which, Part), usize)>,
        table: &Table,
        (which, kept): (Which, &Kept),
    ) {
        let shape = self.grid.lattice();
        let of = |counts: &Sparse| shape.with_counted(counts.0.iter().copied());
        let floor = self.floor;
        let numerator = audit.layer(of(&kept.numerator), Some(&table.figures), floor.count);
        layers.push(((which, Part::Numerator), numerator));
        let undecided = audit.layer(of(&kept.undecided), Some(&table.undecided), floor.count);
        layers.push(((which, Part::Undecided), undecided));
        if let Some(counts) = &kept.denominator {
            let denominator = audit.layer(of(counts), Some(&table.figures), floor.count);
            layers.push(((which, Part::Denominator), denominator));
            if let Some(between) = audit.rest(denominator, numerator, floor.count) {
                audit.rest(between, undecided, floor.count);
            }
        }
        // Variants beside each other, of which one lies within the other.
        let others: Vec<usize> = layers
            .iter()
            .filter(|((known, part), _)| {
                known.value == which.value && known.variant != which.variant && *part == Part::Numerator
            })
            .map(|(_, layer)| *layer)
            .collect();
        for other in others {
            if audit.rest(other, numerator, floor.count).is_none() {
                audit.rest(numerator, other, floor.count);
            }
        }
    }

    /// What the values of a breakdown add up to: the whole, and those that have several values once more.
    fn audit_sums(
        &self,
        audit: &mut Audit<'_>,
        layers: &[((Which, Part), usize)],
        own: &[((Which, Part), usize)],
    ) {
        for (which, part) in layers
            .iter()
            .map(|(what, _)| *what)
            .filter(|(which, _)| which.value.is_none())
        {
            let of = |all: &[((Which, Part), usize)]| -> Vec<usize> {
                let same = all
                    .iter()
                    .filter(|((known, of), _)| known.variant == which.variant && *of == part);
                same.map(|(_, layer)| *layer).collect()
            };
            let values = of(own);
            if let Some(whole) = of(layers).first() {
                audit.values(*whole, &values, self.floor.count);
            }
        }
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

    /// Decides on the figures of a breakdown, and on what is undecided of them, under the whole.
    fn breakdown(
        &self,
        values: &[&[Filled]],
        whole: &[Filled],
        (above, undecided_above): &(Decision, Decision),
    ) -> (Decision, Decision) {
        let mut layers = Layers::new();
        for variants in values {
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
        let several: Vec<Lattice> = (0..whole.len())
            .flat_map(|variant| {
                let (above, below) = self.several(values, whole, variant);
                above.into_iter().chain(below)
            })
            .collect();
        let several: Vec<(&Lattice, bool)> = several.iter().map(|counts| (counts, false)).collect();
        self.add(&mut layers, &several);
        let decision = self.together(&layers, Some(above));
        let undecided = self.undecided(values, whole, &decision.either(undecided_above));
        (decision, undecided)
    }

    /// What was withheld before, of figures and of what is undecided of them.
    fn kept_back(&self, before: &Decided, table: &Table) -> (Decision, Decision) {
        let former = before.grid.lattice();
        let is_inside = |spot: &Spot| {
            spot.sex <= former.values(Inner::Sex)
                && spot.age <= former.values(Inner::Age)
                && spot.month <= former.values(Inner::Month)
        };
        let (mut figures, mut undecided) = (Vec::new(), Vec::new());
        for (name, _) in self.shape.places() {
            let place = former.find(*name);
            for spot in self.shape.spots() {
                let place = place.filter(|_| is_inside(&spot));
                let was =
                    |decision: &Decision| place.is_some_and(|place| decision.hides(former, place, spot));
                figures.push(was(&table.figures));
                undecided.push(was(&table.undecided));
            }
        }
        (Decision::of(figures), Decision::of(undecided))
    }

    /// Of a variant, how many above and below the line have several values.
    fn several(
        &self,
        values: &[&[Filled]],
        whole: &[Filled],
        variant: usize,
    ) -> (Option<Lattice>, Option<Lattice>) {
        let Some(all) = whole.get(variant) else {
            return (None, None);
        };
        let own = values.iter().filter_map(|variants| variants.get(variant));
        let above = self.surplus(&all.numerator, own.clone().map(|parts| &parts.numerator));
        let below = all.denominator.as_ref();
        let below =
            below.and_then(|all| self.surplus(all, own.filter_map(|parts| parts.denominator.as_ref())));
        (above, below)
    }

    /// How many more the values hold together than the whole: those that have several values.
    fn surplus<'b>(&self, whole: &Lattice, values: impl Iterator<Item = &'b Lattice>) -> Option<Lattice> {
        self.shape.sum(values).and_then(|sum| sum.less(whole))
    }

    /// Decides on what is undecided, of the whole or of the values of a breakdown: under the figures, and so that what is
    /// left of them without it is protected too.
    fn undecided(&self, values: &[&[Filled]], whole: &[Filled], above: &Decision) -> Decision {
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
        for (variant, all) in whole.iter().enumerate() {
            let own = values.iter().filter_map(|variants| variants.get(variant));
            let several = [
                self.surplus(&all.undecided, own.clone().map(|parts| &parts.undecided)),
                self.surplus(
                    &all.undecided_denominator,
                    own.map(|parts| &parts.undecided_denominator),
                ),
            ];
            for counts in several.iter().flatten() {
                put(&mut layers, counts, self.floor.count);
            }
            let between = match self.several(values, whole, variant) {
                (Some(above), Some(below)) => below.less(&above),
                _ => None,
            };
            if let (Some(between), [Some(undecided), _]) = (between, &several) {
                self.rest(&mut layers, &between, undecided);
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
