//! Figures of an indicator whose variants are sums of measures: from cells, through what may be shown of them, to rows of an
//! answer. Values and intervals are computed in `vardnav_indicators::statistics`.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_classification::model::Grain;
use vardnav_indicators::answer::{FigureRow, Mark, Question};
use vardnav_indicators::definition::{BrokenDownBy, Feed, Indicator, Interval, Length, Variant};
use vardnav_indicators::engine::{BrokenDown, Counted, MeasureCell, Value};
use vardnav_indicators::lattice::Frame;
use vardnav_indicators::lattice::Place;
use vardnav_indicators::measure::{Counts, Dated, Measure, Part, Term};
use vardnav_indicators::population::{AGES, Area, PopulationTable};
use vardnav_indicators::query::{AgeGroup, Dimension, MAX_ROWS, Point, QueryError, SexGroup};
use vardnav_indicators::statistics::standardised::{self, Stratum};
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

/// A value of a breakdown with its code; neither where nothing is broken down further.
type CodedValue = (Option<String>, Option<Value>);

/// What figures are computed from.
pub(crate) struct Ground<'a> {
    pub(crate) projected: &'a Projected,
    pub(crate) release: &'a Snapshot,
    pub(crate) frame: Frame,
    /// The day of the question: what rests on days that must be over is told by it.
    pub(crate) today: Date,
    pub(crate) decisions: &'a Decisions,
    /// Population tables.
    pub(crate) populations: &'a [Arc<PopulationTable>],
}

/// The rows that answer a question.
///
/// # Errors
/// When the question names something unknown, asks for too much, or nothing of the indicator is computed.
pub(crate) fn answer(
    question: &Question,
    indicator: &Indicator,
    ground: &Ground<'_>,
) -> Result<Vec<FigureRow>, ApiError> {
    let mut rows = Vec::new();
    for variant in variants(question, indicator, ground.release)? {
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

/// The variants that are computed, of those asked for. One that counts parts which no record has is not told as 0.
fn variants<'a>(
    question: &Question,
    indicator: &'a Indicator,
    release: &Snapshot,
) -> Result<Vec<&'a Variant>, ApiError> {
    let is_of_records = |term: &Term| {
        let measure = release.indicators.measure(&term.measure);
        measure.is_some_and(|measure| !measure.of.iter().any(|part| is_of_units(*part)))
    };
    let is_computed = |variant: &&Variant| {
        matches!(variant.feed, Feed::Computed | Feed::MethodTest)
            && variant.figure.is_computed()
            && variant.figure.terms().all(is_of_records)
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

/// Whether parts are of units, which the projection does not take in.
fn is_of_units(part: Part) -> bool {
    matches!(part, Part::UnitDay | Part::Listing)
}

/// A variant that is asked for.
struct Asked<'a> {
    question: &'a Question,
    indicator: &'a Indicator,
    variant: &'a Variant,
    ground: &'a Ground<'a>,
}

impl Asked<'_> {
    fn rows(&self, rows: &mut Vec<FigureRow>) -> Result<(), ApiError> {
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
                    let told = shown.map(|shown| self.over_population(shown, point, family));
                    rows.push(self.row(code.as_deref().unwrap_or_default(), point, *month, told));
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
    fn values(&self, breakdown: Option<(u8, &[String])>) -> Result<Vec<CodedValue>, ApiError> {
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
        let family = self.family(by, month, adds_up);
        let disclosure = ground.release.indicators.disclosure;
        let decided = Arc::new(Decided::on(family, &ground.frame, disclosure));
        let mut known = ground
            .decisions
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.revision == revision {
            known.families.insert(key, Arc::clone(&decided));
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

    fn row(&self, group: &str, point: &Point, month: i8, shown: Option<Told>) -> FigureRow {
        let mut row = FigureRow {
            group: group.to_owned(),
            place: point.place,
            sex: point.sex,
            age: point.age.clone(),
            month: Some(month).filter(|month| *month > 0),
            ..FigureRow::of(&self.variant.id, self.question.year)
        };
        if self.variant.feed == Feed::MethodTest {
            row.marks.insert(Mark::MethodTest);
        }
        if is_open(self.question.year, month, self.ground.today) {
            row.marks.insert(Mark::Preliminary);
        }
        let is_count = self.variant.figure.denominator.is_empty();
        match shown {
            None => {
                row.marks.insert(Mark::Suppressed);
            }
            Some(told) => {
                let shown = told.shown;
                row.numerator = Some(shown.numerator);
                row.undecided = shown.undecided;
                if shown.numerator == 0 {
                    row.marks.insert(Mark::Zero);
                }
                if is_count {
                    row.count = Some(shown.numerator);
                }
                row.denominator = shown.denominator.or(told.population).map(real);
                row.undecided_denominator = shown.denominator.and(shown.undecided_denominator);
                let (value, estimate) = self.value(&told, is_count);
                if !is_count && (row.denominator.is_none() || value.is_none()) {
                    row.marks.insert(Mark::Missing);
                }
                row.value = value;
                row.low = estimate.map(Estimate::lower);
                row.high = estimate.map(Estimate::upper);
            }
        }
        row
    }

    /// The value in the indicator's unit, and its interval where the method gives one.
    fn value(&self, told: &Told, is_count: bool) -> (Option<f64>, Option<Estimate>) {
        let factor = f64::from(self.indicator.factor);
        let events = told.shown.numerator;
        let times = |estimate: Estimate| estimate.times(factor);
        if is_count {
            let estimate = match self.indicator.interval {
                Interval::Poisson => count::interval(events, Level::P95).ok(),
                _ => None,
            };
            return (Some(real(events)), estimate);
        }
        if self.indicator.interval == Interval::Standardised {
            let rate = told
                .strata
                .as_deref()
                .and_then(|strata| standardised::direct(strata, Level::P95).ok());
            let rate = rate.and_then(|rate| times(rate).ok());
            return (rate.map(Estimate::value), rate);
        }
        let denominator = told
            .shown
            .denominator
            .or(told.population)
            .filter(|denominator| *denominator > 0);
        let Some(denominator) = denominator else {
            return (None, None);
        };
        let estimate = match self.indicator.interval {
            Interval::Wilson => proportion::wilson(events, denominator, Level::P95).and_then(times),
            Interval::Poisson => Tally::new(events, real(denominator))
                .and_then(|tally| count::rate(tally, Level::P95))
                .and_then(times),
            _ => return (Some(real(events) / real(denominator) * factor), None),
        };
        (Some(real(events) / real(denominator) * factor), estimate.ok())
    }

    /// A figure with the inhabitants that it is of, where it is of any: in all, and by the bands of the standard.
    fn over_population(&self, shown: Shown, point: &Point, family: &Decided) -> Told {
        let mut told = Told {
            shown,
            population: None,
            strata: None,
        };
        let terms = &self.variant.figure.denominator;
        if terms.is_empty() || !terms.iter().all(|term| self.is_population(term)) {
            return told;
        }
        let Some(ages) = self.ages(&point.age) else {
            return told;
        };
        told.population = self.inhabitants(point, &ages);
        let standard = self.ground.release.indicators.standard(&self.indicator.standard);
        told.strata = standard.and_then(|standard| {
            let bands = standard
                .bands()
                .filter(|(band, _)| ages.start <= band.start && band.end <= ages.end);
            let stratum = |(band, weight): (Range<u16>, u32)| {
                Some(Stratum {
                    events: events(family.numerator(), point, &band),
                    population: real(self.inhabitants(point, &band)?),
                    weight: weight.into(),
                })
            };
            bands.map(stratum).collect()
        });
        told
    }

    /// The ages of a group.
    fn ages(&self, group: &AgeGroup) -> Option<Range<u16>> {
        match group {
            AgeGroup::All => Some(0..AGES),
            AgeGroup::Unknown => None,
            AgeGroup::Group(code) => {
                let known = &self.ground.frame.ages;
                let at = known.iter().position(|(_, known)| known == code)?;
                let from = known.get(at).map(|(from, _)| u16::from(*from))?;
                let until = known.get(at + 1).map_or(AGES, |(from, _)| u16::from(*from));
                Some(from..until)
            }
        }
    }

    /// The inhabitants of the denominator of some ages, by the last population table of the year or before.
    fn inhabitants(&self, point: &Point, ages: &Range<u16>) -> Option<u64> {
        let ground = self.ground;
        let tables = ground.populations.iter();
        let table = tables
            .filter(|table| table.date().year() <= self.question.year)
            .max_by_key(|table| table.date())?;
        let sex = match point.sex {
            SexGroup::All => None,
            SexGroup::Only(sex) => Some(sex),
            SexGroup::Unknown => return None,
        };
        let areas = areas(table, point.place)?;
        let mut sum = 0_u64;
        for term in &self.variant.figure.denominator {
            let mut measures = ground.release.indicators.measures.iter();
            let ordinal = measures.position(|measure| measure.id == term.measure)?;
            for counted in ground.projected.plan.engine.inhabitants(ordinal)? {
                let own = counted.start.max(ages.start)..counted.end.min(ages.end);
                if !own.is_empty() {
                    let count = table.count_of(&areas, sex, &own)?;
                    sum = sum.saturating_add(count.saturating_mul(term.times.into()));
                }
            }
        }
        Some(sum)
    }
}

/// A figure that may be told, with the inhabitants that it is of.
struct Told {
    shown: Shown,
    population: Option<u64>,
    strata: Option<Vec<Stratum>>,
}

/// The areas of a table that make up a place; `None` where it has none of them.
fn areas(table: &PopulationTable, place: Place) -> Option<Vec<Area>> {
    let known = table.areas();
    let kommuner = |region: Option<u8>| -> Vec<Area> {
        let is_of = |area: &Area| match area {
            Area::Kommun(kommun) => region.is_none_or(|region| kommun / 100 == u16::from(region)),
            _ => false,
        };
        known.iter().copied().filter(is_of).collect()
    };
    let (own, parts) = match place {
        Place::Country => (Area::Country, {
            let regions: Vec<Area> = known
                .iter()
                .copied()
                .filter(|area| matches!(area, Area::Region(_)))
                .collect();
            if regions.is_empty() {
                kommuner(None)
            } else {
                regions
            }
        }),
        Place::Region(region) => (Area::Region(region), kommuner(Some(region))),
        Place::Kommun(kommun) => (Area::Kommun(kommun), Vec::new()),
        Place::UnknownKommun(_) | Place::Unknown => return None,
    };
    if known.contains(&own) {
        return Some(vec![own]);
    }
    (!parts.is_empty()).then_some(parts)
}

/// How many of some ages are counted at a point.
fn events(counts: &disclose::Counts, point: &Point, ages: &Range<u16>) -> u64 {
    let is_at = |(_, residence, sex, age): &At| {
        let lives = match point.place {
            Place::Country => true,
            Place::Region(region) => residence.region() == Some(region),
            Place::Kommun(kommun) => residence.kommun() == Some(kommun),
            Place::UnknownKommun(_) | Place::Unknown => false,
        };
        let is_of = match point.sex {
            SexGroup::All => true,
            SexGroup::Only(wanted) => *sex == Some(wanted),
            SexGroup::Unknown => sex.is_none(),
        };
        lives && is_of && age.is_some_and(|age| ages.contains(&u16::from(age)))
    };
    counts
        .iter()
        .filter(|(at, _)| is_at(at))
        .map(|(_, count)| count)
        .sum()
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

#[cfg(test)]
mod tests {
    use vardnav_interchange::release::{self, starter};

    use super::*;

    #[test]
    fn what_counts_parts_of_units_is_not_told_as_0() {
        let package = starter::package().unwrap();
        let release = release::compile(&package, &[]).unwrap();
        let told = |id: &str, asked: &[&str]| {
            let question = Question {
                variants: asked.iter().map(|&variant| variant.to_owned()).collect(),
                ..Question::default()
            };
            let indicator = release.indicators.indicator(id).unwrap();
            let variants = variants(&question, indicator, &release).ok()?;
            Some(
                variants
                    .iter()
                    .map(|variant| variant.id.clone())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(told("core-12", &[]), None);
        assert_eq!(told("core-12", &["own-units"]), None);
        assert_eq!(told("core-02", &[]), Some(vec!["assessed".to_owned()]));
    }
}
