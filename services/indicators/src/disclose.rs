//! What may be shown of the figures of one variant in one period: of all counts that they are made of together, before and
//! independent of any question. This is the one place where figures of measures meet disclosure control; here their counts
//! are gathered, and decisions remembered.
//!
//! Numerator, denominator and what lies between them are each decided upon over all places, sexes and ages (and months,
//! where those add up to the year), and a figure is withheld where any of them is hidden: to withhold more than one of them
//! asks for reveals nothing. What is undecided is decided upon for itself and withheld alone, and with its figure.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use vardnav_indicators::cube::Residence;
use vardnav_indicators::definition::{Disclosure, Indicator, Variant};
use vardnav_indicators::engine::{BrokenDown, Counted, MeasureCell, Value};
use vardnav_indicators::lattice::{Frame, Lattice, Leaf, Spot};
use vardnav_indicators::measure::{self, Dated, Measure, Part, Term};
use vardnav_indicators::query::{Figure, Point, Published, Query, QueryError};
use vardnav_register::record::Sex;
use vardnav_release::Snapshot;

use crate::figures::Ground;

/// Most families whose decisions are remembered.
const DECIDED_MAX: usize = 4_096;

/// Names a family: indicator, variant, value, year, month (0 where months add up to the year, or of the year).
type FamilyKey = (String, String, Option<(u8, Value)>, i16, i8);

/// Decisions on what may be shown, as long as the cells do not change.
#[derive(Default)]
pub(crate) struct Decisions {
    known: Mutex<Known>,
}

/// Decisions on the cells of one state of a projection, as they hold on a day.
#[derive(Default)]
struct Known {
    projection: String,
    revision: u64,
    day: Option<Date>,
    families: HashMap<FamilyKey, Arc<Decided>>,
}

/// A period that is decided upon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    /// Calendar year.
    pub(crate) year: i16,
    /// Calendar month; 0 for the year.
    pub(crate) month: i8,
    /// Whether it is a year that months add up to.
    pub(crate) adds_up: bool,
}

/// Where a count stands at the finest level: month (1 where months do not add up), residence, sex, age.
pub(crate) type At = (i8, Residence, Option<Sex>, Option<u8>);

/// Counts at the finest level.
pub(crate) type Counts = BTreeMap<At, u64>;

/// The counts that the figures of a variant are made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Family {
    /// Above the line.
    pub(crate) numerator: Counts,
    /// Below the line, as far as it is counted from the register; `None` where it is not, and of a plain count.
    pub(crate) denominator: Option<Counts>,
    /// What may belong above the line.
    pub(crate) undecided: Counts,
    /// What may belong below the line.
    pub(crate) undecided_denominator: Counts,
}

/// The counts of a family with the decisions on them.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    /// Those that are undecided, above and below the line, then those of the figure.
    counts: Vec<Published>,
    has_denominator: bool,
    /// What is above the line at the finest level: rates that are standardised for age are made of it, and only told where
    /// the figure is.
    numerator: Counts,
}

/// The counts of a figure that may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    pub(crate) numerator: u64,
    pub(crate) denominator: Option<u64>,
    pub(crate) undecided: Option<u64>,
    pub(crate) undecided_denominator: Option<u64>,
}

/// What may be shown of a variant of an indicator in a period, of the whole or of the value of a breakdown.
pub(crate) fn decided(
    ground: &Ground<'_>,
    indicator: &Indicator,
    variant: &Variant,
    by: Option<(u8, Value)>,
    period: Period,
) -> Arc<Decided> {
    let key: FamilyKey = (
        indicator.id.clone(),
        variant.id.clone(),
        by,
        period.year,
        period.month,
    );
    let (name, revision) = (&ground.projected.plan.name, ground.projected.revision());
    let known = || {
        let known = ground.decisions.known.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    };
    {
        let mut known = known();
        let is_fresh =
            known.projection == *name && known.revision == revision && known.day == Some(ground.today);
        if !is_fresh || known.families.len() > DECIDED_MAX {
            *known = Known {
                projection: name.clone(),
                revision,
                day: Some(ground.today),
                families: HashMap::new(),
            };
        }
        if let Some(decided) = known.families.get(&key) {
            return Arc::clone(decided);
        }
    }
    let family = family(ground, variant, by, period);
    let disclosure = ground.release.indicators.disclosure;
    let decided = Arc::new(Decided::on(family, &ground.frame, disclosure));
    let mut known = known();
    if known.projection == *name && known.revision == revision && known.day == Some(ground.today) {
        known.families.insert(key, Arc::clone(&decided));
    }
    decided
}

/// Whether the figures of months add up to those of the year in every variant: not of persons, who are counted once in
/// either, and not of what may belong to several months.
pub(crate) fn adds_up(indicator: &Indicator, release: &Snapshot) -> bool {
    let adds_up = |measure: &Measure| match measure.counts {
        measure::Counts::Persons => false,
        measure::Counts::Days => true,
        measure::Counts::Parts | measure::Counts::Sum(_) => measure.dated != Dated::During,
    };
    let mut terms = indicator
        .variants
        .iter()
        .flat_map(|variant| variant.figure.terms());
    terms.all(|term| release.indicators.measure(&term.measure).is_none_or(adds_up))
}

fn family(ground: &Ground<'_>, variant: &Variant, by: Option<(u8, Value)>, period: Period) -> Family {
    let figure = &variant.figure;
    let is_population = |term: &Term| {
        let measure = ground.release.indicators.measure(&term.measure);
        measure.is_some_and(|measure| measure.of == [Part::Inhabitant])
    };
    let (numerator, undecided) = sum(ground, &figure.numerator, by, period);
    let of_register = !figure.denominator.iter().any(is_population);
    let (denominator, undecided_denominator) = match figure.denominator.is_empty() || !of_register {
        true => (None, Counts::new()),
        false => {
            let (counts, undecided) = sum(ground, &figure.denominator, by, period);
            (Some(counts), undecided)
        }
    };
    Family {
        numerator,
        denominator,
        undecided,
        undecided_denominator,
    }
}

/// The counts of a sum, those that are decided and those that are not.
fn sum(ground: &Ground<'_>, terms: &[Term], by: Option<(u8, Value)>, period: Period) -> (Counts, Counts) {
    let (mut decided, mut undecided) = (Counts::new(), Counts::new());
    let Period { year, month, adds_up } = period;
    let measures = &ground.release.indicators.measures;
    for term in terms {
        let Some(ordinal) = measures.iter().position(|measure| measure.id == term.measure) else {
            continue;
        };
        let first = MeasureCell {
            counted: Counted::Measure(u16::try_from(ordinal).unwrap_or(u16::MAX)),
            value: by.map(|(breakdown, value)| BrokenDown { breakdown, value }),
            year,
            month: 0,
            residence: Residence::UNKNOWN,
            sex: None,
            age_from: None,
            is_undecided: false,
            from: None,
            until: None,
        };
        let next = MeasureCell {
            year: year.saturating_add(1),
            ..first
        };
        for (cell, count) in ground.projected.range(first..next) {
            let is_of_period = if adds_up {
                cell.month > 0
            } else {
                cell.month == month
            };
            if !is_of_period || !cell.holds_on(ground.today) {
                continue;
            }
            let counts = if cell.is_undecided {
                &mut undecided
            } else {
                &mut decided
            };
            let at: At = (
                if adds_up { cell.month } else { 1 },
                cell.residence,
                cell.sex,
                cell.age_from,
            );
            *counts.entry(at).or_default() += count.saturating_mul(term.times.into());
        }
    }
    (decided, undecided)
}

impl Decided {
    /// Decides on a family.
    pub(crate) fn on(family: Family, frame: &Frame, disclosure: Disclosure) -> Self {
        let Family {
            numerator,
            denominator,
            undecided,
            undecided_denominator,
        } = family;
        let has_denominator = denominator.is_some();
        let denominator = denominator.unwrap_or_default();
        let within = |(at, count): (&At, &u64)| denominator.get(at).is_some_and(|whole| whole >= count);
        // What is no part of the denominator cannot be taken from it.
        let is_part = has_denominator && numerator.iter().all(within);
        let between = is_part.then(|| {
            let rest = denominator.iter().map(|(at, whole)| {
                let taken = numerator.get(at).copied().unwrap_or(0);
                (*at, whole.saturating_sub(taken))
            });
            rest.collect::<Counts>()
        });
        let kept = numerator.clone();
        let all = [undecided, undecided_denominator, numerator, denominator];
        let all: Vec<Counts> = all.into_iter().chain(between).collect();
        // All lattices have the same places and values: those of all counts together.
        let every: Vec<At> = all.iter().flat_map(|counts| counts.keys().copied()).collect();
        let counts = all.iter().map(|counts| {
            let leaves = every.iter().map(|at| leaf(*at, 0));
            let leaves = leaves.chain(counts.iter().map(|(at, count)| leaf(*at, *count)));
            let leaves: Vec<Leaf> = leaves.collect();
            Published::of(
                Lattice::of_leaves(frame, leaves.iter().copied()),
                frame.clone(),
                disclosure,
            )
        });
        Self {
            counts: counts.collect(),
            has_denominator,
            numerator: kept,
        }
    }

    /// The places, sexes and ages that a question asks for.
    ///
    /// # Errors
    /// As [`Published::points`].
    pub(crate) fn points(&self, query: &Query) -> Result<Vec<Point>, QueryError> {
        self.counts
            .first()
            .map_or(Ok(Vec::new()), |counts| counts.points(query))
    }

    /// What is above the line at the finest level.
    pub(crate) fn numerator(&self) -> &Counts {
        &self.numerator
    }

    /// The counts at a point in a month, 0 for the period as a whole; `None` where they are withheld.
    pub(crate) fn shown(&self, point: &Point, month: usize) -> Option<Shown> {
        let spot = Spot { month, ..point.spot };
        let figure = |counts: &Published| match counts.figure(point.index, spot) {
            Figure::Count(count) => Some(count),
            Figure::Suppressed => None,
        };
        let [undecided, undecided_denominator, of_figure @ ..] = self.counts.as_slice() else {
            return None;
        };
        let figures = of_figure.iter().map(figure).collect::<Option<Vec<u64>>>()?;
        let at = |index: usize| figures.get(index).copied().unwrap_or(0);
        Some(Shown {
            numerator: at(0),
            denominator: self.has_denominator.then(|| at(1)),
            undecided: figure(undecided),
            undecided_denominator: figure(undecided_denominator),
        })
    }
}

fn leaf((month, residence, sex, age_from): At, count: u64) -> Leaf {
    Leaf {
        month,
        residence,
        sex,
        age_from,
        count,
    }
}

#[cfg(test)]
mod tests {
    use vardnav_indicators::query::Period;

    use super::*;

    fn at(kommun: &str) -> At {
        (1, Residence::parse(kommun).unwrap(), Some(Sex::Female), Some(70))
    }

    fn ask(decided: &Decided) -> Vec<Option<Shown>> {
        let query = Query {
            table: String::new(),
            grain: vardnav_classification::model::Grain::Contact,
            values: Vec::new(),
            by: vec![vardnav_indicators::query::Dimension::Region],
            regions: Vec::new(),
            kommuner: Vec::new(),
            sexes: Vec::new(),
            ages: Vec::new(),
            period: Period::Year(2026),
        };
        let points = decided.points(&query).unwrap();
        points.iter().map(|point| decided.shown(point, 0)).collect()
    }

    fn family(numerators: [u64; 3], denominators: [u64; 3]) -> Family {
        let places = ["0180", "1280", "1480"];
        Family {
            numerator: places.iter().map(|place| at(place)).zip(numerators).collect(),
            denominator: Some(places.iter().map(|place| at(place)).zip(denominators).collect()),
            ..Family::default()
        }
    }

    #[test]
    fn what_lies_between_numerator_and_denominator_is_protected_too() {
        let frame = Frame {
            kommuner: Default::default(),
            ages: vec![(0, "all".to_owned())],
        };
        let decided = Decided::on(
            family([50, 60, 70], [100, 120, 140]),
            &frame,
            Disclosure { min_count: 5 },
        );
        assert_eq!(ask(&decided).iter().flatten().count(), 3);
        // Two of the hundred are not in the numerator: both figures that would tell are withheld, and one beside them.
        let decided = Decided::on(
            family([98, 60, 70], [100, 120, 140]),
            &frame,
            Disclosure { min_count: 5 },
        );
        let shown = ask(&decided);
        assert_eq!(shown.iter().flatten().count(), 1, "{shown:?}");
        assert_eq!(shown[0], None);
    }
}
