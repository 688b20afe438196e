//! A variant that is asked for: its rows, each with the years that are taken together and the country beside it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jiff::civil::Date;
use vardnav_api::status::ApiError;
use vardnav_classification::model::Grain;
use vardnav_indicators::answer::{FigureRow, Question};
use vardnav_indicators::definition::{BrokenDownBy, Indicator, Length, Variant};
use vardnav_indicators::engine::Value;
use vardnav_indicators::figure::{Row, Told, row, together};
use vardnav_indicators::lattice::{Place, UNKNOWN};
use vardnav_indicators::query::{MAX_ROWS, Query, QueryError};

use super::Ground;
use super::period::{Key, Period};
use crate::{counts, disclose};

/// What stands for a part that has none of a breakdown's values.
const NONE: &str = "none";

/// A value of a breakdown with its code; neither where nothing is broken down further.
type CodedValue = (Option<String>, Option<Value>);

/// What may be told of the country, by month, or by years taken together below 0.
type Countries = HashMap<(Key, i8), Option<Rc<Told>>>;

/// A variant that is asked for.
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    pub(super) indicator: &'a Indicator,
    pub(super) variant: &'a Variant,
    pub(super) ground: &'a Ground<'a>,
    /// Whether the figures of months add up to those of the year.
    adds_up: bool,
    is_monthly: bool,
    /// What follows to know of the years before, of which kommuner and tables are their own.
    grounds: RefCell<BTreeMap<i16, Rc<Ground<'a>>>>,
}

/// What is at hand of a value of a breakdown, or of the whole.
struct Lane<'s, 'a> {
    asked: &'s Asked<'a>,
    by: Option<(u8, Value)>,
    periods: RefCell<BTreeMap<(i16, i8), Rc<Period<'a>>>>,
    countries: RefCell<Countries>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        question: &'a Question,
        indicator: &'a Indicator,
        variant: &'a Variant,
        ground: &'a Ground<'a>,
    ) -> Self {
        let is_monthly = is_monthly(indicator, ground);
        Self {
            question,
            indicator,
            variant,
            ground,
            adds_up: is_monthly && disclose::adds_up(indicator, ground.release),
            is_monthly,
            grounds: RefCell::default(),
        }
    }

    /// Adds the rows that answer the question.
    ///
    /// # Errors
    /// When it names something unknown, or asks for too much.
    pub(super) fn rows(&self, rows: &mut Vec<FigureRow>) -> Result<(), ApiError> {
        let plan = &self.ground.projected.plan;
        let breakdown = match &self.question.breakdown {
            None => None,
            Some(id) => Some(
                self.offered(id)
                    .and_then(|id| plan.breakdown(id))
                    .ok_or_else(|| {
                        let message = format!("figures of it are not broken down by `{id}`");
                        ApiError::field("breakdowns", message)
                    })?,
            ),
        };
        let query = self.query();
        let months = self.question.months();
        if !self.is_monthly && months != [None] {
            return Err(ApiError::field(
                "month",
                "figures of the indicator are of whole years",
            ));
        }
        for (code, value) in self.values(breakdown)? {
            let lane = Lane {
                asked: self,
                by: breakdown.map(|(ordinal, _)| ordinal).zip(value),
                periods: RefCell::default(),
                countries: RefCell::default(),
            };
            let first = months.first().copied().flatten().unwrap_or(0);
            let points = lane.period(self.question.year, first).points(&query)?;
            if rows.len() + points.len() * months.len() > MAX_ROWS {
                return Err(QueryError::TooManyRows.into());
            }
            for point in &points {
                for month in &months {
                    let key = (point.place, point.sex, point.age.clone());
                    let told = lane.told(&key, month.unwrap_or(0));
                    // What is not known of whom is told only where there is any.
                    let is_rest = code
                        .as_deref()
                        .is_some_and(|code| code == UNKNOWN || code == NONE);
                    if is_rest && told.as_ref().is_some_and(is_nothing) {
                        continue;
                    }
                    rows.push(lane.row(code.as_deref().unwrap_or_default(), key, *month, told));
                }
            }
        }
        Ok(())
    }

    /// The places, sexes and ages that are asked for.
    fn query(&self) -> Query {
        self.question.of_table("", Grain::Contact)
    }

    /// The breakdown, where the indicator offers it: disclosure is decided upon for those and no others.
    fn offered(&self, id: &str) -> Option<&str> {
        let mut offered = self.indicator.breakdowns.iter();
        offered.find(|offered| *offered == id).map(String::as_str)
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

    /// What figures of a year are computed from.
    pub(super) fn ground(&self, year: i16) -> Rc<Ground<'a>> {
        let mut grounds = self.grounds.borrow_mut();
        let of_year = || {
            Rc::new(Ground {
                frame: match year == self.question.year {
                    true => self.ground.frame.clone(),
                    false => counts::frame(self.ground.release, year),
                },
                ..self.ground.clone()
            })
        };
        Rc::clone(grounds.entry(year).or_insert_with(of_year))
    }

    /// The year some years back, where its figures can be compared with those of the year that is asked for.
    pub(super) fn before(&self, back: u8) -> Option<i16> {
        let year = self.question.year.checked_sub(back.into())?;
        let (begins, ends) = (
            Date::new(year, 1, 1).ok()?,
            Date::new(self.question.year, 12, 31).ok()?,
        );
        let mut breaks = self.indicator.breaks.iter();
        let breaks = breaks.any(|broken| begins < broken.from && broken.from <= ends);
        (!breaks).then_some(year)
    }

    /// A row without its numbers.
    pub(super) fn empty(&self, group: &str, (place, sex, age): Key, month: Option<i8>) -> FigureRow {
        FigureRow {
            group: group.to_owned(),
            place,
            sex,
            age,
            month,
            ..FigureRow::of(&self.variant.id, self.question.year)
        }
    }

    /// A row with its numbers.
    pub(super) fn fill(&self, empty: FigureRow, told: Option<&Told>, country: Option<&Told>) -> FigureRow {
        let of = Row {
            indicator: self.indicator,
            variant: self.variant,
            is_open: is_open(empty.year, empty.month, self.ground.today),
            country,
        };
        row(empty, of, told)
    }
}

impl<'a> Lane<'_, 'a> {
    /// What is at hand of a year, or of a month where months do not add up.
    fn period(&self, year: i16, month: i8) -> Rc<Period<'a>> {
        let month = if self.asked.adds_up { 0 } else { month };
        let mut periods = self.periods.borrow_mut();
        let period = periods.entry((year, month)).or_insert_with(|| {
            let asked = self.asked;
            let period = disclose::Period {
                year,
                month,
                adds_up: asked.adds_up,
            };
            let query = asked.query();
            let ground = asked.ground(year);
            Rc::new(Period::new(
                asked.indicator,
                asked.variant,
                self.by,
                period,
                ground,
                &query,
            ))
        });
        Rc::clone(period)
    }

    /// What may be told, of as many years as the indicator asks for.
    fn told(&self, key: &Key, month: i8) -> Option<Told> {
        let year = self.asked.question.year;
        let newest = self.period(year, month).told(key, month)?;
        if month > 0 {
            return Some(newest);
        }
        let before = |back: u8| self.of_year(self.asked.before(back)?, key);
        Some(together(self.asked.indicator, newest, before))
    }

    /// What may be told of a whole year in which anything is counted.
    fn of_year(&self, year: i16, key: &Key) -> Option<Told> {
        let period = self.period(year, 0);
        (period.is_counted() && period.has(key))
            .then(|| period.told(key, 0))
            .flatten()
    }

    /// What may be told of the country over the same time.
    fn country(&self, (place, sex, age): &Key, month: i8, years: u8) -> Option<Rc<Told>> {
        if matches!(place, Place::Country | Place::Unknown | Place::UnknownKommun(_)) {
            return None;
        }
        let key = (Place::Country, *sex, age.clone());
        let at = (
            key.clone(),
            if years > 1 {
                -i8::try_from(years).ok()?
            } else {
                month
            },
        );
        if let Some(known) = self.countries.borrow().get(&at) {
            return known.clone();
        }
        let year = self.asked.question.year;
        let mut told = self.period(year, month).told(&key, month);
        for back in 1..years {
            let before = self.asked.before(back).and_then(|year| self.of_year(year, &key));
            told = told.zip(before).map(|(told, before)| told.and(&before));
        }
        let told = told.map(Rc::new);
        self.countries.borrow_mut().insert(at, told.clone());
        told
    }

    fn row(&self, group: &str, key: Key, month: Option<i8>, told: Option<Told>) -> FigureRow {
        let years = told.as_ref().map_or(1, |told| told.years);
        let country = match &told {
            Some(_) => self.country(&key, month.unwrap_or(0), years),
            None => None,
        };
        let at = month.unwrap_or(0);
        let told_at = match told {
            Some(_) => None,
            None => self.period(self.asked.question.year, at).coarser(&key, at),
        };
        let empty = self.asked.empty(group, key, month);
        FigureRow {
            told_at,
            ..self.asked.fill(empty, told.as_ref(), country.as_deref())
        }
    }
}

fn is_nothing(told: &Told) -> bool {
    told.sums.numerator == 0 && told.undecided == Some(0)
}

/// Whether figures of months are made.
fn is_monthly(indicator: &Indicator, ground: &Ground<'_>) -> bool {
    let definitions = &ground.release.indicators;
    let by_month = |id: &String| {
        definitions
            .breakdown(id)
            .is_some_and(|known| known.by == BrokenDownBy::Month)
    };
    indicator.window.period == Length::Month || indicator.breakdowns.iter().any(by_month)
}

/// Whether a period is not over yet.
fn is_open(year: i16, month: Option<i8>, today: Date) -> bool {
    match month {
        None => today.year() <= year,
        Some(month) => (today.year(), today.month()) <= (year, month),
    }
}
