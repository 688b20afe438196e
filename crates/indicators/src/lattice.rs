//! All totals of one slice of the cube: every place × sex × age group × month at every level, so that a decision
//! about what may be shown sees every sum that could be asked for. Nothing is decided here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use vardnav_register::record::Sex;

use crate::cube::Residence;

/// The places and age groups over which figures are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// Kommuner (SCB numbers) of the year. Those that occur in the data are added.
    pub kommuner: BTreeSet<u16>,
    /// First year and code of each age group, rising.
    pub ages: Vec<(u8, String)>,
}

/// A place of residence at some level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The whole country.
    Country,
    /// A region by its two digits.
    Region(u8),
    /// A kommun by its four digits.
    Kommun(u16),
    /// In the region, kommun not known.
    UnknownKommun(u8),
    /// Not known, or protected.
    Unknown,
}

/// What stands for a residence, sex or age that is not known, where those have codes.
pub const UNKNOWN: &str = "unknown";

impl Place {
    /// Its SCB code: empty for the country, `unknown` for none, `01-unknown` for a region's unknown kommun.
    pub fn code(self) -> String {
        match self {
            Self::Country => String::new(),
            Self::Region(region) => format!("{region:02}"),
            Self::Kommun(kommun) => format!("{kommun:04}"),
            Self::UnknownKommun(region) => format!("{region:02}-{UNKNOWN}"),
            Self::Unknown => UNKNOWN.to_owned(),
        }
    }
}

/// A dimension inside a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inner {
    /// Legal sex.
    Sex = 0,
    /// Age group.
    Age = 1,
    /// Calendar month.
    Month = 2,
}

/// Position of a cell inside a place: 0 in a dimension is its total, 1… its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Spot {
    /// 0 both, 1 female, 2 male, 3 not known (only where it occurs).
    pub sex: usize,
    /// 0 all, 1… the frame's age groups, then not known (only where it occurs).
    pub age: usize,
    /// 0 the year, 1–12 its months.
    pub month: usize,
}

/// Places that add up to a parent; the first family is the country alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Index of the place they add up to.
    pub parent: Option<usize>,
    /// Indexes of the members.
    pub members: Range<usize>,
}

/// One count at the finest level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Calendar month, 1–12.
    pub month: i8,
    /// Residence.
    pub residence: Residence,
    /// Legal sex.
    pub sex: Option<Sex>,
    /// First year of the age group.
    pub age_from: Option<u8>,
    /// How many.
    pub count: u64,
}

/// All totals of one slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lattice {
    places: Vec<(Place, Option<usize>)>,
    families: Vec<Family>,
    /// How many values each inner dimension has.
    values: [usize; 3],
    counts: Vec<u64>,
}

impl Lattice {
    /// An empty lattice: regions (or what stands beside them) with their kommuner, and the number of values of
    /// sex, age and month.
    pub fn empty(regions: &[(Place, Vec<Place>)], values: [usize; 3]) -> Self {
        let mut places = vec![(Place::Country, None)];
        places.extend(regions.iter().map(|(region, _)| (*region, Some(0))));
        let mut families = vec![
            Family {
                parent: None,
                members: 0..1,
            },
            Family {
                parent: Some(0),
                members: 1..places.len(),
            },
        ];
        for (index, (_, kommuner)) in regions.iter().enumerate() {
            if !kommuner.is_empty() {
                let first = places.len();
                places.extend(kommuner.iter().map(|kommun| (*kommun, Some(index + 1))));
                families.push(Family {
                    parent: Some(index + 1),
                    members: first..places.len(),
                });
            }
        }
        let inside: usize = values.iter().map(|count| count + 1).product();
        let counts = vec![0; places.len() * inside];
        Self {
            places,
            families,
            values,
            counts,
        }
    }

    /// The lattice of counts at the finest level, in a frame.
    pub fn of_leaves(frame: &Frame, leaves: impl Iterator<Item = Leaf> + Clone) -> Self {
        Self::shape(frame, leaves.clone(), 12).filled(frame, leaves)
    }

    /// The places and values of a frame and of all that is counted, with nothing counted; `months` is 12, or 1 where
    /// all lies in one.
    pub fn shape(frame: &Frame, leaves: impl Iterator<Item = Leaf>, months: usize) -> Self {
        let mut regions: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
        let mut unknown = [0, 0];
        let mut add = |residence| {
            let (region, kommun) = address(residence);
            regions.entry(region).or_default().extend(kommun);
        };
        let kommuner = frame.kommuner.iter();
        kommuner
            .filter_map(|number| Residence::parse(&format!("{number:04}")))
            .for_each(&mut add);
        for leaf in leaves {
            add(leaf.residence);
            let [sex, age] = &mut unknown;
            *sex |= usize::from(leaf.sex.is_none());
            *age |= usize::from(age_value(frame, leaf.age_from).is_none());
        }
        let regions: Vec<(Place, Vec<Place>)> = regions
            .into_iter()
            .map(|(region, kommuner)| (region, kommuner.into_iter().collect()))
            .collect();
        let [unknown_sex, unknown_age] = unknown;
        Self::empty(
            &regions,
            [2 + unknown_sex, frame.ages.len() + unknown_age, months],
        )
    }

    /// The same places and values with other counts; what lies at places that it does not have is left out.
    pub fn filled(&self, frame: &Frame, leaves: impl Iterator<Item = Leaf>) -> Self {
        let mut lattice = self.clone();
        lattice.counts.fill(0);
        let places: HashMap<Place, usize> = (0..)
            .zip(&self.places)
            .map(|(index, (place, _))| (*place, index))
            .collect();
        for leaf in leaves {
            let (region, kommun) = address(leaf.residence);
            let spot = Spot {
                sex: leaf.sex.map_or(3, |sex| sex as usize),
                age: age_value(frame, leaf.age_from).unwrap_or(frame.ages.len() + 1),
                month: usize::try_from(leaf.month).unwrap_or(0),
            };
            if let Some(place) = places.get(&kommun.unwrap_or(region)) {
                lattice.add(*place, spot, leaf.count);
            }
        }
        lattice
    }

    /// Counts at a place without children and a spot without totals, and in everything above them.
    pub fn add(&mut self, place: usize, spot: Spot, count: u64) {
        let mut at = Some(place);
        while let Some(place) = at {
            for above in 0..8 {
                let spot = Spot {
                    sex: if above & 1 == 0 { spot.sex } else { 0 },
                    age: if above & 2 == 0 { spot.age } else { 0 },
                    month: if above & 4 == 0 { spot.month } else { 0 },
                };
                let index = self.index(place, spot);
                if let Some(cell) = self.counts.get_mut(index) {
                    *cell += count;
                }
            }
            at = self.places.get(place).and_then(|(_, parent)| *parent);
        }
    }

    /// The count of a cell; 0 outside the lattice.
    pub fn count(&self, place: usize, spot: Spot) -> u64 {
        self.counts.get(self.index(place, spot)).copied().unwrap_or(0)
    }

    /// Index of a place.
    pub fn find(&self, place: Place) -> Option<usize> {
        self.places.iter().position(|(other, _)| *other == place)
    }

    /// The places, country first, each with the index of the place it is part of.
    pub fn places(&self) -> &[(Place, Option<usize>)] {
        &self.places
    }

    /// Families of places, from the country down.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// How many values an inner dimension has.
    pub fn values(&self, dimension: Inner) -> usize {
        let [sex, age, month] = self.values;
        match dimension {
            Inner::Sex => sex,
            Inner::Age => age,
            Inner::Month => month,
        }
    }

    /// The cells inside a place, in their order.
    pub fn spots(&self) -> impl Iterator<Item = Spot> + Clone + use<> {
        let [sexes, ages, months] = self.values;
        let of_age = move |sex, age| (0..=months).map(move |month| Spot { sex, age, month });
        let of_sex = move |sex| (0..=ages).flat_map(move |age| of_age(sex, age));
        (0..=sexes).flat_map(of_sex)
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// The cells that count something: their places in the list of cells, with their counts.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.counts.iter().copied().enumerate();
        counts.filter(|(_, count)| *count > 0)
    }

    /// The same places and values with other counts, by cell.
    pub(crate) fn with_counted(&self, counted: impl Iterator<Item = (usize, u64)>) -> Self {
        let mut lattice = self.clone();
        lattice.counts.fill(0);
        for (index, count) in counted {
            if let Some(cell) = lattice.counts.get_mut(index) {
                *cell = count;
            }
        }
        lattice
    }

    /// The sums of several; `None` where one is of another shape.
    pub fn sum<'a>(&self, of: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut sum = self.clone();
        sum.counts.fill(0);
        for lattice in of {
            if !self.is_like(lattice) {
                return None;
            }
            for (total, count) in sum.counts.iter_mut().zip(&lattice.counts) {
                *total += count;
            }
        }
        Some(sum)
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.count(0, Spot::default()) == 0
    }

    /// Whether the other has the same places and values, so that cells stand for each other.
    pub fn is_like(&self, other: &Self) -> bool {
        self.places == other.places && self.values == other.values
    }

    /// What is left of each cell without what `part` counts there; `None` where that is another shape, or more.
    pub fn less(&self, part: &Self) -> Option<Self> {
        if !self.is_like(part) {
            return None;
        }
        let rest = self.counts.iter().zip(&part.counts);
        Some(Self {
            counts: rest
                .map(|(count, part)| count.checked_sub(*part))
                .collect::<Option<_>>()?,
            ..self.clone()
        })
    }

    pub(crate) fn index(&self, place: usize, spot: Spot) -> usize {
        let [sexes, ages, months] = self.values;
        ((place * (sexes + 1) + spot.sex) * (ages + 1) + spot.age) * (months + 1) + spot.month
    }
}

fn address(residence: Residence) -> (Place, Option<Place>) {
    match (residence.region(), residence.kommun()) {
        (Some(region), Some(kommun)) => (Place::Region(region), Some(Place::Kommun(kommun))),
        (Some(region), None) => (Place::Region(region), Some(Place::UnknownKommun(region))),
        (None, _) => (Place::Unknown, None),
    }
}

/// Position (from 1) of the frame's age group that holds the age.
fn age_value(frame: &Frame, age_from: Option<u8>) -> Option<usize> {
    let age = age_from?;
    frame
        .ages
        .iter()
        .rposition(|(from, _)| *from <= age)
        .map(|index| index + 1)
}
