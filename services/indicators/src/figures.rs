//! Figures of an indicator whose variants are sums of measures: from cells, through what may be shown of them, to rows of an
//! answer. Values and intervals are computed in `vardnav_indicators::statistics`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use vardnav_api::indicators::{Question, age_code, place_code, sex_code};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::indicators::v1::query_indicator_response::Row;
use vardnav_classification::model::Grain;
use vardnav_indicators::definition::{BrokenDownBy, Feed, Indicator, Interval, Length, Variant};
use vardnav_indicators::engine::{BrokenDown, Counted, MeasureCell, Value};
use vardnav_indicators::lattice::Frame;
use vardnav_indicators::measure::{Counts, Dated, Measure, Part, Term};
use vardnav_indicators::query::{Dimension, MAX_ROWS, Point, QueryError};
use vardnav_indicators::statistics::{Estimate, Level, Tally, count, proportion};
use vardnav_release::Snapshot;

use crate::disclose::{self, At, Decided, Family, Shown};
use crate::measures::Projected;

/// Most families whose decisions are remembered.
const DECIDED_MAX: usize = 4_096;

/// What stands for a value that is not known, and for none.
const UNKNOWN: &str = "unknown";
const NONE: &str = "none";

/// Names a family: variant, value, year, month (0 where months add up to the year, or of the year).
type FamilyKey = (String, String, Option<Value>, Option<u8>, i16, i8);

/// Decisions on what may be shown, as long as the cells do not change.
#[derive(Default)]
pub(crate) struct Decisions {
    known: Mutex<(String, u64, Option<Date>, HashMap<FamilyKey, Arc<Decided>>)>,
}

/// What figures are computed from.
pub(crate) struct Ground<'a> {
    pub(crate) projected: &'a Projected,
    pub(crate) release: &'a Snapshot,
    pub(crate) frame: Frame,
    /// The day of the question: what rests on days that must be over is told by it.
    pub(crate) today: Date,
    pub(crate) decisions: &'a Decisions,
}

/// The rows that answer a question.
///
/// # Errors
/// When the question names something unknown, asks for too much, or nothing of the indicator is computed.
pub(crate) fn answer(
    question: &Question,
    indicator: &Indicator,
    ground: &Ground<'_>,
) -> Result<Vec<Row>, ApiError> {
    let mut rows = Vec::new();
    for variant in variants(question, indicator)? {
        let asked = Asked {
            question,
            indicator,
            variant,
            ground,
        };
        asked.rows(&mut rows)?;
        if rows.len() > MAX_ROWS {
            return Err(QueryError::TooManyRows.into());
        }
    }
    Ok(rows)
}

/// The variants that are computed, of those asked for.
fn variants<'a>(question: &Question, indicator: &'a Indicator) -> Result<Vec<&'a Variant>, ApiError> {
    let is_computed = |variant: &&Variant| {
        matches!(variant.feed, Feed::Computed | Feed::MethodTest) && variant.figure.is_computed()
    };
    let mut computed = indicator.variants.iter().filter(is_computed);
    let chosen: Vec<&Variant> = match question.variants.as_slice() {
        [] => computed.next().into_iter().collect(),
        asked => computed.filter(|variant| asked.contains(&variant.id)).collect(),
    };
    match chosen.is_empty() {
        false => Ok(chosen),
        true => Err(ApiError::new(
            Kind::FailedPrecondition,
            "VN-API-042",
            "the indicator is described but not counted from the register",
        )),
    }
}

/// A variant that is asked for.
struct Asked<'a> {
    question: &'a Question,
    indicator: &'a Indicator,
    variant: &'a Variant,
    ground: &'a Ground<'a>,
}

impl Asked<'_> {
    fn rows(&self, rows: &mut Vec<Row>) -> Result<(), ApiError> {
        let plan = &self.ground.projected.plan;
        let breakdown = match &self.question.breakdown {
            None => None,
            Some(id) => Some(plan.breakdown(id).ok_or_else(|| {
                let message = format!("figures of it are not broken down by `{id}`");
                ApiError::field("breakdowns", message)
            })?),
        };
        let query = self.question.of_table("", Grain::Contact);
        let months: Vec<i8> = match self.question.month {
            Some(month) => vec![month],
            None if query.by.contains(&Dimension::Month) => (1..=12).collect(),
            None => vec![0],
        };
        let is_monthly = self.is_monthly();
        if !is_monthly && months != [0] {
            return Err(ApiError::field(
                "month",
                "figures of the indicator are of whole years",
            ));
        }
        let adds_up = is_monthly && self.terms().all(adds_up);
        for (code, value) in self.values(breakdown)? {
            let by = breakdown.map(|(ordinal, _)| ordinal).zip(value);
            let mut families = Vec::with_capacity(months.len());
            for month in &months {
                families.push(self.decided(by, if adds_up { 0 } else { *month }, adds_up));
            }
            let Some(first) = families.first() else { continue };
            let points = first.points(&query)?;
            if rows.len() + points.len() * months.len() > MAX_ROWS {
                return Err(QueryError::TooManyRows.into());
            }
            for point in &points {
                for (month, family) in months.iter().zip(&families) {
                    // Places and values that only occur in other months stand elsewhere in the lattice of this one.
                    let (at, spot_month) = match adds_up {
                        true => (Some(point.clone()), usize::try_from(*month).unwrap_or(0)),
                        false => {
                            let own = family.points(&query)?;
                            let same = |other: &&Point| {
                                (other.place, other.sex, &other.age) == (point.place, point.sex, &point.age)
                            };
                            (own.iter().find(same).cloned(), 0)
                        }
                    };
                    let shown = at.map_or(Some(Shown::default()), |at| family.shown(&at, spot_month));
                    // What is not known of whom is told only where there is any.
                    if code
                        .as_deref()
                        .is_some_and(|code| code == UNKNOWN || code == NONE)
                        && shown.is_some_and(|shown| shown.numerator == 0 && shown.undecided == Some(0))
                    {
                        continue;
                    }
                    rows.push(self.row(code.as_deref().unwrap_or_default(), point, *month, shown));
                }
            }
        }
        Ok(())
    }

    /// Whether figures of months are made.
    fn is_monthly(&self) -> bool {
        let definitions = &self.ground.release.indicators;
        let by_month = |id: &String| {
            definitions
                .breakdown(id)
                .is_some_and(|known| known.by == BrokenDownBy::Month)
        };
        self.indicator.window.period == Length::Month || self.indicator.breakdowns.iter().any(by_month)
    }

    /// The measures of the figure.
    fn terms(&self) -> impl Iterator<Item = &Measure> {
        let definitions = &self.ground.release.indicators;
        self.variant
            .figure
            .terms()
            .filter_map(|term| definitions.measure(&term.measure))
    }

    /// The values to be told, each with its code; one without a code where nothing is broken down further.
    fn values(
        &self,
        breakdown: Option<(u8, &[String])>,
    ) -> Result<Vec<(Option<String>, Option<Value>)>, ApiError> {
        let Some((_, codes)) = breakdown else {
            return match self.question.values.is_empty() {
                true => Ok(vec![(None, None)]),
                false => Err(QueryError::NotBrokenDown("what the values are of").into()),
            };
        };
        let known = (0..).zip(codes).map(|(at, code)| (code.clone(), Value::Of(at)));
        let known = known.chain([
            (NONE.to_owned(), Value::None),
            (UNKNOWN.to_owned(), Value::Unknown),
        ]);
        let known: Vec<(String, Value)> = known.collect();
        let asked = &self.question.values;
        if asked
            .iter()
            .any(|code| !known.iter().any(|(known, _)| known == code))
        {
            return Err(QueryError::Unknown("value of the breakdown").into());
        }
        let wanted = known
            .into_iter()
            .filter(|(code, _)| asked.is_empty() || asked.contains(code));
        Ok(wanted.map(|(code, value)| (Some(code), Some(value))).collect())
    }

    /// What may be shown of the variant in the year, or in a month where months do not add up.
    fn decided(&self, by: Option<(u8, Value)>, month: i8, adds_up: bool) -> Arc<Decided> {
        let ground = self.ground;
        let key: FamilyKey = (
            self.indicator.id.clone(),
            self.variant.id.clone(),
            by.map(|(_, value)| value),
            by.map(|(breakdown, _)| breakdown),
            self.question.year,
            month,
        );
        let (name, revision) = (&ground.projected.plan.name, ground.projected.revision());
        {
            let mut known = ground
                .decisions
                .known
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let is_fresh = known.0 == *name && known.1 == revision && known.2 == Some(ground.today);
            if !is_fresh || known.3.len() > DECIDED_MAX {
                *known = (name.clone(), revision, Some(ground.today), HashMap::new());
            }
            if let Some(decided) = known.3.get(&key) {
                return Arc::clone(decided);
            }
        }
        let family = self.family(by, month, adds_up);
        let disclosure = ground.release.indicators.disclosure;
        let decided = Arc::new(Decided::on(family, &ground.frame, disclosure));
        let mut known = ground
            .decisions
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.1 == revision {
            known.3.insert(key, Arc::clone(&decided));
        }
        decided
    }

    fn family(&self, by: Option<(u8, Value)>, month: i8, adds_up: bool) -> Family {
        let figure = &self.variant.figure;
        let (numerator, undecided) = self.sum(&figure.numerator, by, month, adds_up);
        let of_register = figure.denominator.iter().all(|term| !self.is_population(term));
        let (denominator, undecided_denominator) = match figure.denominator.is_empty() || !of_register {
            true => (None, disclose::Counts::new()),
            false => {
                let (counts, undecided) = self.sum(&figure.denominator, by, month, adds_up);
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
    fn sum(
        &self,
        terms: &[Term],
        by: Option<(u8, Value)>,
        month: i8,
        adds_up: bool,
    ) -> (disclose::Counts, disclose::Counts) {
        let (mut decided, mut undecided) = (disclose::Counts::new(), disclose::Counts::new());
        let measures = &self.ground.release.indicators.measures;
        for term in terms {
            let Some(ordinal) = measures.iter().position(|measure| measure.id == term.measure) else {
                continue;
            };
            let first = MeasureCell {
                counted: Counted::Measure(u16::try_from(ordinal).unwrap_or(u16::MAX)),
                value: by.map(|(breakdown, value)| BrokenDown { breakdown, value }),
                year: self.question.year,
                month: 0,
                residence: vardnav_indicators::Residence::UNKNOWN,
                sex: None,
                age_from: None,
                is_undecided: false,
                from: None,
                until: None,
            };
            let next = MeasureCell {
                year: self.question.year.saturating_add(1),
                ..first
            };
            for (cell, count) in self.ground.projected.range(first..next) {
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

    /// Whether a term is counted in a population table.
    fn is_population(&self, term: &Term) -> bool {
        let measure = self.ground.release.indicators.measure(&term.measure);
        measure.is_some_and(|measure| measure.of == [Part::Inhabitant])
    }

    fn row(&self, group: &str, point: &Point, month: i8, shown: Option<Shown>) -> Row {
        let mut marks = Vec::new();
        let mut row = Row {
            group: group.to_owned(),
            place: place_code(point.place),
            sex: sex_code(point.sex).to_owned(),
            age_group: age_code(&point.age),
            month: month.into(),
            variant: self.variant.id.clone(),
            year: self.question.year.into(),
            years: 1,
            suppressed: shown.is_none(),
            ..Row::default()
        };
        if self.variant.feed == Feed::MethodTest {
            marks.push("method-test");
        }
        if is_open(self.question.year, month, self.ground.today) {
            marks.push("preliminary");
        }
        let is_count = self.variant.figure.denominator.is_empty();
        match shown {
            None => marks.push("suppressed"),
            Some(shown) => {
                row.numerator = Some(shown.numerator);
                row.undecided = shown.undecided;
                if shown.numerator == 0 {
                    marks.push("zero");
                }
                if is_count {
                    row.count = Some(shown.numerator);
                }
                match shown.denominator {
                    Some(denominator) => {
                        row.denominator = Some(real(denominator));
                        row.undecided_denominator = shown.undecided_denominator;
                    }
                    None if !is_count => marks.push("missing"),
                    None => {}
                }
                let (value, estimate) = self.value(shown, is_count);
                row.value = value;
                row.low = estimate.map(Estimate::lower);
                row.high = estimate.map(Estimate::upper);
            }
        }
        row.marks = marks.into_iter().map(str::to_owned).collect();
        row
    }

    /// The value in the indicator's unit, and its interval where the method gives one.
    fn value(&self, shown: Shown, is_count: bool) -> (Option<f64>, Option<Estimate>) {
        let factor = f64::from(self.indicator.factor);
        let value = match shown.denominator {
            None if is_count => Some(real(shown.numerator)),
            None | Some(0) => None,
            Some(denominator) => Some(real(shown.numerator) / real(denominator) * factor),
        };
        let estimate = match (self.indicator.interval, shown.denominator) {
            (Interval::Wilson, Some(denominator)) => {
                proportion::wilson(shown.numerator, denominator, Level::P95)
                    .and_then(|estimate| estimate.times(factor))
            }
            (Interval::Poisson, None) if is_count => count::interval(shown.numerator, Level::P95),
            (Interval::Poisson, Some(denominator)) => Tally::new(shown.numerator, real(denominator))
                .and_then(|tally| count::rate(tally, Level::P95))
                .and_then(|estimate| estimate.times(factor)),
            _ => return (value, None),
        };
        (value, estimate.ok())
    }
}

/// Whether the figures of months add up to those of the year: not of persons, who are counted once in either, and not of
/// what may belong to several months.
fn adds_up(measure: &Measure) -> bool {
    match measure.counts {
        Counts::Persons => false,
        Counts::Days => true,
        Counts::Parts | Counts::Sum(_) => measure.dated != Dated::During,
    }
}

/// Whether a period is not over yet.
fn is_open(year: i16, month: i8, today: Date) -> bool {
    match month {
        0 => today.year() <= year,
        month => (today.year(), today.month()) <= (year, month),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}
