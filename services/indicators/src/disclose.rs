//! What may be shown of the figures of measures: of all counts of an indicator in a period together, before and
//! independent of any question. This is the one place where cells of measures meet disclosure control, which is decided
//! in [`vardnav_indicators::disclosure::indicator`]; here the counts are gathered, and decisions remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use vardnav_indicators::definition::{Feed, Indicator, Rung, Variant};
use vardnav_indicators::disclosure::indicator::{self, Coarser, Parts, Stated, Which};
use vardnav_indicators::engine::{BrokenDown, Counted, Value};
use vardnav_indicators::measure::{self, Dated, Measure, Term};
use vardnav_indicators::query::{Point, Query, QueryError};
use vardnav_release::Snapshot;

use crate::figures::{Ground, is_population};

pub(crate) use vardnav_indicators::disclosure::indicator::{At, Counts, Shown};

/// Most periods of indicators whose decisions are remembered.
const DECIDED_MAX: usize = 256;

/// Names what is decided upon together: an indicator, year, and month (0 where months add up to the year, or of the year).
type Key = (String, i16, i8);

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
    decided: HashMap<Key, Arc<indicator::Decided>>,
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

/// What may be shown of one figure of an indicator.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    of: Arc<indicator::Decided>,
    which: Which,
}

impl Decided {
    /// The places, sexes and ages that a question asks for.
    ///
    /// # Errors
    /// As [`indicator::Decided::points`].
    pub(crate) fn points(&self, query: &Query) -> Result<Vec<Point>, QueryError> {
        self.of.points(query)
    }

    /// What is above the line at the finest level.
    pub(crate) fn numerator(&self) -> &Counts {
        self.of.numerator(self.which)
    }

    /// What is told in place of a figure that is withheld.
    pub(crate) fn coarser(&self, point: &Point, month: usize, ladder: &[Rung]) -> Option<Coarser> {
        self.of.coarser(self.which, point, month, ladder)
    }

    /// The counts at a point in a month, 0 for the period as a whole; `None` where they are withheld.
    pub(crate) fn shown(&self, point: &Point, month: usize) -> Option<Shown> {
        self.of.shown(self.which, point, month)
    }
}

/// What may be shown of a variant of an indicator in a period, of the whole or of the value of a breakdown that the
/// indicator offers.
pub(crate) fn decided(
    ground: &Ground<'_>,
    indicator: &Indicator,
    variant: &Variant,
    by: Option<(u8, Value)>,
    period: Period,
) -> Decided {
    let gathered = Gathered {
        ground,
        indicator,
        period,
    };
    Decided {
        of: gathered.decided(),
        which: gathered.which(variant, by),
    }
}

/// Whether the figures of months add up to those of the year in every variant: not of persons, who are counted once in
/// either, and not of what may belong to several months.
pub(crate) fn adds_up(indicator: &Indicator, release: &Snapshot) -> bool {
    let adds_up = |measure: &Measure| match measure.counts {
        measure::Counts::Persons => false,
        measure::Counts::Days => true,
        measure::Counts::Parts | measure::Counts::Sum(_) => measure.dated != Dated::During,
    };
    let mut terms = computed(indicator).flat_map(|variant| variant.figure.terms());
    terms.all(|term| release.indicators.measure(&term.measure).is_none_or(adds_up))
}

/// The variants whose figures are computed.
pub(crate) fn computed(indicator: &Indicator) -> impl Iterator<Item = &Variant> {
    let is_computed = |variant: &&Variant| {
        matches!(variant.feed, Feed::Computed | Feed::MethodTest) && variant.figure.is_computed()
    };
    indicator.variants.iter().filter(is_computed)
}

/// The values of a breakdown with so many codes: those, none of them, and not known.
fn values(codes: usize) -> impl Iterator<Item = Value> {
    let known = (0..=u8::MAX).take(codes).map(Value::Of);
    known.chain([Value::None, Value::Unknown])
}

/// The counts of an indicator in a period.
struct Gathered<'a> {
    ground: &'a Ground<'a>,
    indicator: &'a Indicator,
    period: Period,
}

impl Gathered<'_> {
    fn decided(&self) -> Arc<indicator::Decided> {
        let ground = self.ground;
        let key = (self.indicator.id.clone(), self.period.year, self.period.month);
        let (name, revision) = (&ground.projected.plan.name, ground.projected.revision());
        let known = || {
            let known = ground.decisions.known.lock();
            known.unwrap_or_else(PoisonError::into_inner)
        };
        {
            let mut known = known();
            let is_fresh =
                known.projection == *name && known.revision == revision && known.day == Some(ground.today);
            if !is_fresh || known.decided.len() > DECIDED_MAX {
                *known = Known {
                    projection: name.clone(),
                    revision,
                    day: Some(ground.today),
                    decided: HashMap::new(),
                };
            }
            if let Some(decided) = known.decided.get(&key) {
                return Arc::clone(decided);
            }
        }
        let disclosure = &ground.release.indicators.disclosure;
        let decided = Arc::new(indicator::Decided::on(self.stated(), &ground.frame, disclosure));
        let mut known = known();
        if known.projection == *name && known.revision == revision && known.day == Some(ground.today) {
            known.decided.insert(key, Arc::clone(&decided));
        }
        decided
    }

    /// The breakdowns that are offered and counted, each with how many codes it has.
    fn breakdowns(&self) -> impl Iterator<Item = (u8, usize)> {
        let plan = &self.ground.projected.plan;
        let offered = self.indicator.breakdowns.iter();
        offered.filter_map(|id| plan.breakdown(id).map(|(at, codes)| (at, codes.len())))
    }

    fn which(&self, variant: &Variant, by: Option<(u8, Value)>) -> Which {
        // What is not there is withheld.
        let at = |position: Option<usize>| position.unwrap_or(usize::MAX);
        let value = by.map(|(breakdown, value)| {
            let found = self
                .breakdowns()
                .enumerate()
                .find(|(_, (known, _))| *known == breakdown);
            found.map_or((usize::MAX, usize::MAX), |(index, (_, codes))| {
                (index, at(values(codes).position(|known| known == value)))
            })
        });
        Which {
            variant: at(computed(self.indicator).position(|known| known.id == variant.id)),
            value,
        }
    }

    fn stated(&self) -> Stated {
        let of = |by: Option<BrokenDown>| -> Vec<Parts> {
            computed(self.indicator)
                .map(|variant| self.parts(variant, by))
                .collect()
        };
        let breakdown = |(breakdown, codes)| {
            let by = values(codes).map(|value| of(Some(BrokenDown { breakdown, value })));
            by.collect()
        };
        Stated {
            whole: of(None),
            breakdowns: self.breakdowns().map(breakdown).collect(),
            has_months: self.period.adds_up,
        }
    }

    fn parts(&self, variant: &Variant, by: Option<BrokenDown>) -> Parts {
        let figure = &variant.figure;
        let (numerator, undecided) = self.sum(&figure.numerator, by);
        let of_register = figure
            .denominator
            .iter()
            .all(|term| !is_population(term, self.ground.release));
        let (denominator, undecided_denominator) = match figure.denominator.is_empty() || !of_register {
            true => (None, Counts::new()),
            false => {
                let (counts, undecided) = self.sum(&figure.denominator, by);
                (Some(counts), undecided)
            }
        };
        Parts {
            numerator,
            denominator,
            undecided,
            undecided_denominator,
        }
    }

    /// The counts of a sum, those that are decided and those that are not.
    fn sum(&self, terms: &[Term], by: Option<BrokenDown>) -> (Counts, Counts) {
        let (mut decided, mut undecided) = (Counts::new(), Counts::new());
        let Period { year, month, adds_up } = self.period;
        let measures = &self.ground.release.indicators.measures;
        for term in terms {
            let Some(ordinal) = measures.iter().position(|measure| measure.id == term.measure) else {
                continue;
            };
            let counted = Counted::Measure(u16::try_from(ordinal).unwrap_or(u16::MAX));
            for (cell, count) in self.ground.projected.of_year(counted, by, year) {
                let is_of_period = if adds_up {
                    cell.month > 0
                } else {
                    cell.month == month
                };
                if !is_of_period || !cell.holds_on(self.ground.today) {
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
}
