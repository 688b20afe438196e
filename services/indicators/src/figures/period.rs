//! What is at hand of a variant in a period, of the whole or of a value of a breakdown: where its figures stand, which of
//! them may be shown, and the sums that they are computed from.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use vardnav_indicators::definition::{Indicator, Interval, Variant};
use vardnav_indicators::disclosure::indicator::Coarser;
use vardnav_indicators::engine::{BrokenDown, Counted, Moment, Value};
use vardnav_indicators::figure::{Sums, Told, clusters};
use vardnav_indicators::lattice::Place;
use vardnav_indicators::measure::{Counts, Term, number_scale};
use vardnav_indicators::query::{AgeGroup, Dimension, Point, Query, QueryError, SexGroup};
use vardnav_indicators::statistics::clustered::Clusters;
use vardnav_indicators::statistics::standardised::Stratum;

use super::leaves::Leaves;
use super::{Ground, people};
use crate::disclose::{self, Decided, Shown};

/// Place, sexes and ages of a figure.
pub(super) type Key = (Place, SexGroup, AgeGroup);

/// A variant in a period.
pub(super) struct Period<'a> {
    indicator: &'a Indicator,
    variant: &'a Variant,
    by: Option<(u8, Value)>,
    period: disclose::Period,
    ground: Rc<Ground<'a>>,
    decided: Decided,
    points: HashMap<Key, Point>,
    /// What is above the line, where the method asks for its ages.
    events: Leaves<u64>,
    /// Sums over clusters, where the interval is by those.
    clusters: Leaves<(Moment, u64)>,
}

impl<'a> Period<'a> {
    /// What is at hand for a question: of the places, sexes and ages that it asks for, and of the country.
    pub(super) fn new(
        indicator: &'a Indicator,
        variant: &'a Variant,
        by: Option<(u8, Value)>,
        period: disclose::Period,
        ground: Rc<Ground<'a>>,
        query: &Query,
    ) -> Self {
        let decided = disclose::decided(&ground, indicator, variant, by, period);
        let of_country = Query {
            by: query
                .by
                .iter()
                .copied()
                .filter(|by| !matches!(by, Dimension::Region | Dimension::Kommun))
                .collect(),
            regions: Vec::new(),
            kommuner: Vec::new(),
            ..query.clone()
        };
        // What a question asks for and the period does not have is told where the question's own period is asked.
        let points = [&of_country, query]
            .into_iter()
            .filter_map(|query| decided.points(query).ok());
        let points = points.flatten().map(|point| {
            let key = (point.place, point.sex, point.age.clone());
            (key, point)
        });
        let points = points.collect();
        let mut events = Leaves::default();
        if indicator.interval == Interval::Standardised {
            for ((month, residence, sex, age_from), count) in decided.numerator() {
                events.add(*residence, (*month, *sex, *age_from), *count);
            }
        }
        let mut made = Self {
            indicator,
            variant,
            by,
            period,
            ground,
            decided,
            points,
            events,
            clusters: Leaves::default(),
        };
        made.clusters = made.clusters();
        made
    }

    /// The places, sexes and ages that a question asks for.
    ///
    /// # Errors
    /// When it names something unknown, or asks for too much.
    pub(super) fn points(&self, query: &Query) -> Result<Vec<Point>, QueryError> {
        self.decided.points(query)
    }

    /// Whether anything is counted above the line.
    pub(super) fn is_counted(&self) -> bool {
        !self.decided.numerator().is_empty()
    }

    /// Whether a place, sex and age occurs.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.points.contains_key(key)
    }

    /// What may be told in a month, 0 for the whole of the year; `None` where it is withheld. Where the place, sex and age
    /// does not occur, nothing is counted.
    pub(super) fn told(&self, key: &Key, month: i8) -> Option<Told> {
        let at = if self.period.adds_up { month } else { 0 };
        let shown = match self.points.get(key) {
            Some(point) => self.decided.shown(point, usize::try_from(at).unwrap_or(0))?,
            None => Shown::default(),
        };
        Some(Told {
            sums: self.sums(shown, key, at),
            years: 1,
            undecided: shown.undecided,
            undecided_denominator: shown.undecided_denominator,
        })
    }

    /// Where a coarser figure is told in place of one that is withheld.
    pub(super) fn coarser(&self, key: &Key, month: i8) -> Option<Coarser> {
        let at = if self.period.adds_up { month } else { 0 };
        let ladder = &self.ground.release.indicators.disclosure.ladder;
        let point = self.points.get(key)?;
        let found = self
            .decided
            .coarser(point, usize::try_from(at).unwrap_or(0), ladder)?;
        // Where months do not add up, each is decided upon for itself.
        let own = Some(month).filter(|month| *month > 0 && !self.period.adds_up);
        Some(Coarser {
            month: found.month.or(own),
            ..found
        })
    }

    fn sums(&self, shown: Shown, key: &Key, month: i8) -> Sums {
        let (place, sexes, group) = key;
        let ages = people::ages(group, &self.ground);
        let is_of_inhabitants = people::is_of_inhabitants(self.variant, &self.ground);
        let denominator = match (&ages, is_of_inhabitants) {
            (Some(ages), true) => self.inhabitants(*place, *sexes, ages),
            (None, true) => None,
            (_, false) => shown.denominator,
        };
        let strata = match (ages, is_of_inhabitants) {
            (Some(ages), true) => self.strata(*place, *sexes, &ages, month),
            _ => Vec::new(),
        };
        let scale = self.scale(&self.variant.figure.denominator);
        Sums {
            numerator: shown.numerator / self.scale(&self.variant.figure.numerator),
            denominator: denominator.map(|count| count as f64 / scale as f64),
            strata,
            clusters: self.clustered(key, month),
            cluster_scale: scale as f64,
            is_proportion: self.is_proportion(),
        }
    }

    /// How many of what is summed make one.
    fn scale(&self, terms: &[Term]) -> u64 {
        let definitions = &self.ground.release.indicators;
        let scales = terms.iter().map(|term| {
            match definitions.measure(&term.measure).map(|measure| &measure.counts) {
                Some(Counts::Sum(number)) => u64::from(number_scale(number)),
                _ => 1,
            }
        });
        scales.max().unwrap_or(1)
    }

    /// Whether what is above the line is a part of what is below: of things that are counted, not of numbers of theirs.
    fn is_proportion(&self) -> bool {
        let definitions = &self.ground.release.indicators;
        let mut counts = self
            .variant
            .figure
            .terms()
            .filter_map(|term| definitions.measure(&term.measure));
        counts.all(|measure| matches!(measure.counts, Counts::Parts | Counts::Persons))
            && !people::is_of_inhabitants(self.variant, &self.ground)
    }

    fn inhabitants(&self, place: Place, sexes: SexGroup, ages: &Range<u16>) -> Option<u64> {
        let areas = |table: &_| people::areas(table, place);
        people::inhabitants(self.variant, &self.ground, self.period.year, areas, sexes, ages)
    }

    /// By the bands of the standard population; none where the population of one is not at hand.
    fn strata(&self, place: Place, sexes: SexGroup, ages: &Range<u16>, month: i8) -> Vec<Stratum> {
        let Some(standard) = self.ground.release.indicators.standard(&self.indicator.standard) else {
            return Vec::new();
        };
        let bands = standard
            .bands()
            .filter(|(band, _)| ages.start <= band.start && band.end <= ages.end);
        let strata = bands.map(|(band, weight)| {
            Some(Stratum {
                events: self.events.at(place, sexes, Some(band.clone()), month).sum(),
                population: self.inhabitants(place, sexes, &band)? as f64,
                weight: weight.into(),
            })
        });
        strata.collect::<Option<Vec<Stratum>>>().unwrap_or_default()
    }

    fn clustered(&self, (place, sexes, group): &Key, month: i8) -> Option<Clusters> {
        if !matches!(self.indicator.interval, Interval::ByPerson | Interval::ByUnit) {
            return None;
        }
        let ages = match group {
            AgeGroup::All => None,
            AgeGroup::Unknown => return None,
            AgeGroup::Group(_) => Some(people::ages(group, &self.ground)?),
        };
        // Cells of a year lie in month 0, those of a month in it.
        let of_period: Vec<(Moment, u64)> = self
            .clusters
            .at(*place, *sexes, ages, month.saturating_add(1))
            .copied()
            .collect();
        let sum = |moment: Moment| {
            let of_moment = of_period.iter().filter(|(known, _)| *known == moment);
            of_moment.map(|(_, sum)| *sum).fold(0, u64::saturating_add)
        };
        Some(clusters(sum)).filter(|clusters| !clusters.is_empty())
    }

    /// Sums over clusters of the period, each by its month and one, so that the year's own stand apart from all together.
    fn clusters(&self) -> Leaves<(Moment, u64)> {
        let mut found = Leaves::default();
        if !matches!(self.indicator.interval, Interval::ByPerson | Interval::ByUnit) {
            return found;
        }
        let figures = self.ground.projected.plan.engine.cluster_figures();
        let own = (self.indicator.id.as_str(), self.variant.id.as_str());
        let Some((figure, _)) = (0..).zip(figures).find(|(_, figure)| *figure == own) else {
            return found;
        };
        let value = self.by.map(|(breakdown, value)| BrokenDown { breakdown, value });
        for moment in Moment::ALL {
            let counted = Counted::Cluster(figure, moment);
            for (cell, sum) in self.ground.projected.of_year(counted, value, self.period.year) {
                let of_period = self.period.adds_up || cell.month == self.period.month;
                if of_period && cell.holds_on(self.ground.today) {
                    let month = if self.period.adds_up { cell.month } else { 0 };
                    let at = (month.saturating_add(1), cell.sex, cell.age_from);
                    found.add(cell.residence, at, (moment, sum));
                }
            }
        }
        found
    }
}
