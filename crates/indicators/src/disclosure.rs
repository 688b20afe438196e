//! Which counts may be shown. Decided once for all totals of a slice, before and independent of any question, so
//! that no set of questions can be differenced.
//!
//! A count of 1 to `min_count − 1` is hidden (primary), and with it everything below it, zeros too: where a hidden
//! few are *not* would narrow down where they are. Then more is hidden (complementary) until nothing hidden can be
//! computed from what is shown. Four conditions hold afterwards; together they are the proof.
//!
//! 1. **Down-closed.** What lies below a hidden cell (part of its place, of its sex, age, month) is hidden.
//! 2. **Boxes.** Hidden cells that are not below other hidden cells form, per family of places and kind of detail, a
//!    product: a set of at least two places (or the country alone) × sets of at least two values of each dimension
//!    of the detail.
//! 3. **Sums.** Where a total is shown, its hidden parts together count 0 or at least `min_count`.
//! 4. Several sets of hidden parts of one total lie inside each other, or a pair of members joins them in a box.
//!
//! By 1 and 2 any two hidden parts of a shown total are corners of a cube of hidden cells, two in every dimension.
//! Adding one to half its corners and taking one from the other half, at one leaf below each, changes no shown
//! count. So no hidden cell, and no proper part of the hidden parts of a shown total, is determined by the shown
//! ones; and their whole is safe by 3. It follows that the difference of any shown count and a shown part of it is
//! 0 or at least `min_count` as well. The tests attack the result with linear algebra, without knowing any of this.
//!
//! Kinds of detail with one dimension hide single values (two months of twelve); kinds with two or three hide all
//! of a place's or nothing of it, as producers of statistics do when a combination is too small.
//!
//! Counts that are shown beside each other are decided together ([`Decision::together`]): a cell is hidden in all of
//! them or in none, as soon as one is small there, and the sums of 3 hold for each. As the proof moves one layer of
//! counts at a time and touches hidden cells only, it holds for each of them beside all others. What of an indicator
//! belongs together is said in [`indicator`].
//!
//! What is not covered: differences between two states of the register (a publication names one state), bounds that
//! follow from counts not being negative where hidden counts are large, and variants of which neither contains the other
//! and whose overlap is no layer.

pub mod audit;
pub mod indicator;

use crate::lattice::{Family, Inner, Lattice, Spot};

/// Kinds of detail, coarse before fine: which of sex (1), age (2), month (4) are broken down.
const KINDS: [u8; 8] = [0, 1, 2, 4, 3, 5, 6, 7];

/// What may be shown of a lattice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    hidden: Vec<bool>,
}

impl Decision {
    /// Decides for a lattice; a shown count is 0 or at least `min_count`.
    pub fn on(lattice: &Lattice, min_count: u64) -> Self {
        Self::together(lattice, &[(lattice, min_count)], None)
    }

    /// Decides for counts that are shown beside each other: where one is hidden, all are. Each layer is a lattice
    /// of the shape of `shape` with its own threshold; a shown count is 0 or at least that. What `above` hides is
    /// hidden. Layers of another shape are no use: see [`Lattice::is_like`].
    pub fn together(shape: &Lattice, layers: &[(&Lattice, u64)], above: Option<&Self>) -> Self {
        let lattice = shape;
        let forced = above.map_or_else(|| vec![false; lattice.len()], |above| above.hidden.clone());
        let mut draft = Draft {
            lattice,
            layers,
            forced,
            hidden: vec![false; lattice.len()],
        };
        for family in lattice.families() {
            for kind in KINDS {
                let spots = spots(lattice, kind);
                if kind.count_ones() == 1 {
                    draft.values(family, &spots)
                } else {
                    draft.whole(family, &spots)
                }
            }
        }
        Self { hidden: draft.hidden }
    }

    /// Hides cells by their order in a lattice.
    pub(crate) fn of(hidden: Vec<bool>) -> Self {
        Self { hidden }
    }

    /// What either hides.
    pub fn either(&self, other: &Self) -> Self {
        let pairs = self.hidden.iter().zip(&other.hidden);
        Self {
            hidden: pairs.map(|(one, other)| *one || *other).collect(),
        }
    }

    /// Whether a cell is hidden; cells outside the lattice are.
    pub fn hides(&self, lattice: &Lattice, place: usize, spot: Spot) -> bool {
        self.hidden
            .get(lattice.index(place, spot))
            .copied()
            .unwrap_or(true)
    }
}

/// The cells of a kind of detail inside a place.
fn spots(lattice: &Lattice, kind: u8) -> Vec<Spot> {
    let range = |bit: u8, dimension| {
        if kind & bit == 0 {
            0..1
        } else {
            1..lattice.values(dimension) + 1
        }
    };
    let mut spots = Vec::new();
    for sex in range(1, Inner::Sex) {
        for age in range(2, Inner::Age) {
            spots.extend(range(4, Inner::Month).map(|month| Spot { sex, age, month }));
        }
    }
    spots
}

/// The cells one step coarser.
fn coarser(spot: Spot) -> impl Iterator<Item = Spot> {
    [
        Spot { sex: 0, ..spot },
        Spot { age: 0, ..spot },
        Spot { month: 0, ..spot },
    ]
    .into_iter()
    .filter(move |other| *other != spot)
}

struct Draft<'a> {
    lattice: &'a Lattice,
    layers: &'a [(&'a Lattice, u64)],
    /// Hidden by a decision that this one stands under.
    forced: Vec<bool>,
    hidden: Vec<bool>,
}

impl<'a> Draft<'a> {
    /// The largest count of all layers.
    fn most(&self, place: usize, spot: Spot) -> u64 {
        let counts = self.layers.iter().map(|(layer, _)| layer.count(place, spot));
        counts.max().unwrap_or(0)
    }

    /// Whether a cell must be hidden whatever the others are.
    fn small(&self, place: usize, spot: Spot) -> bool {
        let index = self.lattice.index(place, spot);
        self.forced.get(index).copied().unwrap_or(true)
            || self
                .layers
                .iter()
                .any(|(layer, threshold)| (1..*threshold).contains(&layer.count(place, spot)))
    }

    /// The first layer in which cells are few together.
    fn short(&self, cells: impl Iterator<Item = (usize, Spot)> + Clone) -> Option<&'a Lattice> {
        self.layers.iter().find_map(|(layer, threshold)| {
            let sum = cells.clone().map(|(place, spot)| layer.count(place, spot)).sum();
            (1..*threshold).contains(&sum).then_some(*layer)
        })
    }

    fn is_hidden(&self, place: usize, spot: Spot) -> bool {
        self.hidden
            .get(self.lattice.index(place, spot))
            .copied()
            .unwrap_or(true)
    }

    fn hide(&mut self, place: usize, spot: Spot) {
        if let Some(cell) = self.hidden.get_mut(self.lattice.index(place, spot)) {
            *cell = true;
        }
    }

    /// All or nothing: for the total of a place, and for details of two and three dimensions.
    fn whole(&mut self, family: &Family, spots: &[Spot]) {
        let above = |draft: &Self, spot| family.parent.is_some_and(|parent| draft.is_hidden(parent, spot));
        let mut chosen = Chosen::new(family.members.clone());
        for place in family.members.clone() {
            let forced = spots.iter().any(|&spot| {
                self.small(place, spot)
                    || above(self, spot)
                    || coarser(spot).any(|coarse| self.is_hidden(place, coarse))
            });
            if forced {
                chosen.add(place);
            }
        }
        while family.parent.is_some() && chosen.any() {
            let lone = chosen.count() == 1;
            let short = spots
                .iter()
                .find_map(|&spot| Some((self.short_places(&chosen, spot)?, spot)));
            let next = match short {
                Some((layer, spot)) => member(layer, &chosen, spot),
                None if lone => self.neighbour(&chosen),
                None => break,
            };
            let Some(place) = next else { break };
            chosen.add(place);
        }
        for place in chosen.places() {
            for &spot in spots {
                self.hide(place, spot);
            }
        }
    }

    /// Single values of one dimension: the same values in all chosen places of a family.
    fn values(&mut self, family: &Family, spots: &[Spot]) {
        let inherited: Vec<bool> = spots
            .iter()
            .map(|&spot| family.parent.is_some_and(|parent| self.is_hidden(parent, spot)))
            .collect();
        let mut hidden = inherited.clone();
        // Places whose total is hidden: all their values are. Then also those that hide `hidden`.
        let mut closed = Chosen::new(family.members.clone());
        for place in family.members.clone() {
            if self.is_hidden(place, Spot::default()) {
                closed.add(place);
            }
        }
        let mut chosen = closed.clone();
        loop {
            let before = (chosen.count(), taken(&hidden));
            for place in family.members.clone().filter(|place| !closed.has(*place)) {
                let open = spots
                    .iter()
                    .zip(&inherited)
                    .any(|(&spot, &inherited)| !inherited && self.small(place, spot));
                if open || self.short_values(place, spots, &inherited).is_some() {
                    chosen.add(place);
                }
            }
            if chosen.count() > closed.count() {
                self.widen_values(&chosen, &closed, family, spots, &mut hidden);
                if family.parent.is_some() && chosen.count() == 1 {
                    chosen.extend(self.neighbour(&chosen));
                }
            }
            if family.parent.is_some() {
                for (index, &spot) in spots.iter().enumerate() {
                    if inherited.get(index) == Some(&true) {
                        continue;
                    }
                    if let Some(layer) = self.short_places(&closed, spot) {
                        take(&mut hidden, index);
                        if chosen.count() == closed.count() {
                            chosen.extend(member(layer, &chosen, spot));
                        }
                    }
                    if hidden.get(index) == Some(&true)
                        && let Some(layer) = self.short_places(&chosen, spot)
                    {
                        chosen.extend(member(layer, &chosen, spot));
                    }
                }
            }
            if before == (chosen.count(), taken(&hidden)) {
                break;
            }
        }
        for place in family.members.clone() {
            let of_place = if chosen.has(place) { &hidden } else { &inherited };
            for (&spot, &value_hidden) in spots.iter().zip(of_place) {
                if value_hidden || closed.has(place) {
                    self.hide(place, spot);
                }
            }
        }
    }

    /// Hides more values until those of each chosen place hold every small one, are at least two, and sum up.
    fn widen_values(
        &self,
        chosen: &Chosen,
        closed: &Chosen,
        family: &Family,
        spots: &[Spot],
        hidden: &mut [bool],
    ) {
        for place in chosen.places().filter(|place| !closed.has(*place)) {
            for (index, &spot) in spots.iter().enumerate() {
                if self.small(place, spot) {
                    take(hidden, index);
                }
            }
        }
        let reference = family.parent.unwrap_or(0);
        while taken(hidden) < 2 {
            let most = |spot| self.most(reference, spot);
            let Some(index) = value(most, spots, hidden) else {
                break;
            };
            take(hidden, index);
        }
        for place in chosen.places().filter(|place| !closed.has(*place)) {
            while let Some(layer) = self.short_values(place, spots, hidden) {
                let Some(index) = value(|spot| layer.count(place, spot), spots, hidden) else {
                    break;
                };
                take(hidden, index);
            }
        }
    }

    /// The layer in which the chosen places are few together at `spot`.
    fn short_places(&self, chosen: &Chosen, spot: Spot) -> Option<&'a Lattice> {
        self.short(chosen.places().map(|place| (place, spot)))
    }

    /// The layer in which the hidden values of a place are few together.
    fn short_values(&self, place: usize, spots: &[Spot], hidden: &[bool]) -> Option<&'a Lattice> {
        let taken = spots.iter().zip(hidden).filter(|(_, hidden)| **hidden);
        self.short(taken.map(|(spot, _)| (place, *spot)))
    }

    /// The place to hide beside a lone one: the smallest that counts something.
    fn neighbour(&self, chosen: &Chosen) -> Option<usize> {
        let total = |place| self.most(place, Spot::default());
        chosen
            .others()
            .min_by_key(|&place| (total(place) == 0, total(place), place))
    }
}

/// The place to hide next so that the chosen ones hold more at `spot`: one that counts something there, small before
/// large, then by its place in the list.
fn member(layer: &Lattice, chosen: &Chosen, spot: Spot) -> Option<usize> {
    let total = |place| layer.count(place, Spot::default());
    chosen.others().min_by_key(|&place| {
        (
            layer.count(place, spot) == 0,
            total(place) == 0,
            total(place),
            place,
        )
    })
}

/// The value to hide next: one that counts something, small before large.
fn value(count: impl Fn(Spot) -> u64, spots: &[Spot], hidden: &[bool]) -> Option<usize> {
    let open = spots.iter().zip(hidden).enumerate();
    open.filter(|(_, (_, hidden))| !**hidden)
        .map(|(index, (&spot, _))| (count(spot), index))
        .min_by_key(|&(count, index)| (count == 0, count, index))
        .map(|(_, index)| index)
}

fn take(hidden: &mut [bool], index: usize) {
    if let Some(value) = hidden.get_mut(index) {
        *value = true;
    }
}

fn taken(hidden: &[bool]) -> usize {
    hidden.iter().filter(|value| **value).count()
}

/// A set of members of a family.
#[derive(Clone)]
struct Chosen {
    first: usize,
    flags: Vec<bool>,
}

impl Chosen {
    fn new(members: std::ops::Range<usize>) -> Self {
        Self {
            first: members.start,
            flags: vec![false; members.len()],
        }
    }

    fn has(&self, place: usize) -> bool {
        self.flags
            .get(place.wrapping_sub(self.first))
            .copied()
            .unwrap_or(false)
    }

    fn add(&mut self, place: usize) {
        take(&mut self.flags, place.wrapping_sub(self.first));
    }

    fn extend(&mut self, place: Option<usize>) {
        if let Some(place) = place {
            self.add(place);
        }
    }

    fn any(&self) -> bool {
        self.flags.contains(&true)
    }

    fn count(&self) -> usize {
        taken(&self.flags)
    }

    fn places(&self) -> impl Iterator<Item = usize> + Clone {
        self.flags
            .iter()
            .enumerate()
            .filter(|(_, flag)| **flag)
            .map(|(index, _)| self.first + index)
    }

    fn others(&self) -> impl Iterator<Item = usize> {
        self.flags
            .iter()
            .enumerate()
            .filter(|(_, flag)| !**flag)
            .map(|(index, _)| self.first + index)
    }
}
