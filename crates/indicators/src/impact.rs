//! What a release would do to the figures of its indicators: counts before and after, of the country and by region, as
//! they may be told. Before, parts are counted by what the release they were taken under gave; after, by what the
//! previewed one gives.
//!
//! Told are counts of 0 or at least a threshold, by the same decisions as published figures are ([`crate::disclosure`]),
//! of each kind of count for itself. What a difference of two told counts would tell of fewer is not told either.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vardnav_classification::model::{Grain, Label};
use vardnav_classification::{DescriptionSystem, TableIndex, TableResult};

use crate::counting::{CellKey, Counting, Subject};
use crate::cube::Residence;
use crate::definition::IndicatorDefinitions;
use crate::disclosure::Decision;
use crate::lattice::{Lattice, Place, Spot};

/// A release with its indicators.
#[derive(Clone, Copy)]
pub struct Counted<'a> {
    /// Its axes and tables.
    pub system: &'a DescriptionSystem,
    /// Its indicators.
    pub definitions: &'a IndicatorDefinitions,
}

/// The releases that parts are counted by: the previewed one, and those that entries name.
pub struct Countings<'a> {
    of: Counted<'a>,
    plan: Counting<'a>,
    former: Vec<(Counted<'a>, Counting<'a>)>,
}

/// Counts before and after, as they come. Those of pieces are merged to those of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    before: HashMap<(usize, CellKey), u64>,
    after: HashMap<CellKey, u64>,
}

/// A count as it may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// So many: 0 or at least the threshold.
    Count(u64),
    /// Not told, to protect persons.
    Hidden,
}

/// What becomes of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorImpact {
    /// Its id.
    pub id: String,
    /// Its name.
    pub label: Label,
    /// The table whose values it counts.
    pub table: String,
    /// Whether a release that entries name defines that table or what is counted of it otherwise, or not at all.
    pub differs: bool,
    /// By value, and by place: the country first.
    pub rows: Vec<Row>,
}

/// A figure of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Value of the counted table.
    pub value: String,
    /// The country, a region, or nothing known.
    pub place: Place,
    /// How many parts count before.
    pub before: Told,
    /// How many count after.
    pub after: Told,
    /// By how many it moves; `None` when that is not told.
    pub difference: Option<i64>,
}

impl<'a> Countings<'a> {
    /// Makes releases ready. `former` are those that entries name.
    pub fn new(of: Counted<'a>, former: impl IntoIterator<Item = Counted<'a>>) -> Self {
        let counting = |of: Counted<'a>| Counting::of(of.definitions, of.system);
        Self {
            of,
            plan: counting(of),
            former: former.into_iter().map(|of| (of, counting(of))).collect(),
        }
    }
}

impl Counts {
    /// Counts a part. `former` is which of the releases that entries name classified it, `was` what its tables gave,
    /// `now` what those of the previewed release give.
    pub fn take(
        &mut self,
        countings: &Countings<'_>,
        subject: Subject,
        former: Option<usize>,
        was: impl Fn(TableIndex) -> Option<TableResult>,
        now: impl Fn(TableIndex) -> Option<TableResult>,
    ) {
        if let Some(at) = former
            && let Some((_, counting)) = countings.former.get(at)
        {
            counting.keys(subject, was, |key| {
                *self.before.entry((at, key)).or_default() += 1
            });
        }
        let after = &mut self.after;
        countings
            .plan
            .keys(subject, now, |key| *after.entry(key).or_default() += 1);
    }

    /// Takes in what was counted elsewhere with the same releases.
    pub fn merge(&mut self, other: Self) {
        for (key, count) in other.before {
            *self.before.entry(key).or_default() += count;
        }
        for (key, count) in other.after {
            *self.after.entry(key).or_default() += count;
        }
    }

    /// What becomes of the indicators that the previewed release counts, in its order.
    pub fn answer(&self, countings: &Countings<'_>, min_count: u64) -> Vec<IndicatorImpact> {
        let mut counted: BTreeMap<(String, Grain, String), Regions> = BTreeMap::new();
        let before = self.before.iter().filter_map(|((at, key), count)| {
            let (_, counting) = countings.former.get(*at)?;
            Some((counting.cell(*key)?, *count, 0))
        });
        let after = self.after.iter();
        let after = after.filter_map(|(key, count)| Some((countings.plan.cell(*key)?, 0, *count)));
        for (cell, before, after) in before.chain(after) {
            let regions = counted.entry((cell.table, cell.grain, cell.value)).or_default();
            let counts = regions.entry(region(cell.residence)).or_default();
            counts.0 += before;
            counts.1 += after;
        }
        let indicators = countings.of.definitions.indicators.iter();
        let indicators = indicators.filter_map(|indicator| {
            let grain = indicator.counted_grain?;
            let (_, table) = countings.of.system.table(&indicator.counted_table)?;
            let same = |(of, _): &(Counted<'_>, Counting<'_>)| {
                let counts = of.definitions.indicators.iter().any(|other| {
                    other.counted_table == indicator.counted_table && other.counted_grain == Some(grain)
                });
                counts && of.system.table(&table.id).map(|(_, table)| table) == Some(table)
            };
            let rows = counted
                .iter()
                .filter(|((of, of_grain, _), _)| *of == indicator.counted_table && *of_grain == grain)
                .flat_map(|((.., value), regions)| rows(value, regions, min_count));
            Some(IndicatorImpact {
                id: indicator.id.clone(),
                label: indicator.label.clone(),
                table: indicator.counted_table.clone(),
                differs: !countings.former.iter().all(same),
                rows: rows.collect(),
            })
        });
        indicators.collect()
    }
}

/// By region, counts before and after.
type Regions = BTreeMap<Place, (u64, u64)>;

fn region(residence: Residence) -> Place {
    residence.region().map_or(Place::Unknown, Place::Region)
}

fn rows(value: &str, regions: &Regions, min_count: u64) -> Vec<Row> {
    let before = told(
        regions.iter().map(|(place, counts)| (*place, counts.0)),
        min_count,
    );
    let after = told(
        regions.iter().map(|(place, counts)| (*place, counts.1)),
        min_count,
    );
    let places = [Place::Country].into_iter().chain(regions.keys().copied());
    let of = |counts: &BTreeMap<Place, Told>, place| counts.get(&place).copied().unwrap_or(Told::Hidden);
    places
        .map(|place| {
            let before = of(&before, place);
            let mut after = of(&after, place);
            let mut difference = None;
            if let (Told::Count(was), Told::Count(is)) = (before, after) {
                match was.abs_diff(is) {
                    0 => difference = Some(0),
                    few if few < min_count => after = Told::Hidden,
                    _ => difference = i64::try_from(i128::from(is) - i128::from(was)).ok(),
                }
            }
            Row {
                value: value.to_owned(),
                place,
                before,
                after,
                difference,
            }
        })
        .collect()
}

/// What may be told of counts that add up to a whole ([`Place::Country`]), by any names of their own: the whole and the
/// parts.
pub fn told(counts: impl IntoIterator<Item = (Place, u64)>, min_count: u64) -> BTreeMap<Place, Told> {
    told_in(
        counts.into_iter().map(|(place, count)| (place, place, count)),
        min_count,
    )
}

/// As [`told`], of counts in groups: the whole, the groups and, in each, the parts that are not the group itself. Each
/// count comes with its group.
pub fn told_in(
    counts: impl IntoIterator<Item = (Place, Place, u64)>,
    min_count: u64,
) -> BTreeMap<Place, Told> {
    let mut groups: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
    let mut leaves: BTreeMap<Place, u64> = BTreeMap::new();
    for (group, part, count) in counts {
        let members = groups.entry(group).or_default();
        if part != group {
            members.insert(part);
        }
        *leaves.entry(part).or_default() += count;
    }
    let groups: Vec<(Place, Vec<Place>)> = groups
        .into_iter()
        .map(|(group, members)| (group, members.into_iter().collect()))
        .collect();
    // Nothing is broken down inside a place: all of it lies in one cell.
    const ALL: Spot = Spot {
        sex: 1,
        age: 1,
        month: 1,
    };
    let mut lattice = Lattice::empty(&groups, [1, 1, 1]);
    for (place, count) in leaves {
        if let Some(at) = lattice.find(place) {
            lattice.add(at, ALL, count);
        }
    }
    let decision = Decision::on(&lattice, min_count);
    let places = lattice.places().iter().enumerate();
    places
        .map(|(at, (place, _))| {
            let told = match decision.hides(&lattice, at, Spot::default()) {
                true => Told::Hidden,
                false => Told::Count(lattice.count(at, Spot::default())),
            };
            (*place, told)
        })
        .collect()
}
