//! What a question gets of a series: its figures as they are stated, with their marks. Nothing is computed and nothing is
//! withheld: that is the publisher's.

use std::collections::BTreeMap;

use crate::answer::{FigureRow, Mark, Question};
use crate::cube::Residence;
use crate::lattice::Place;
use crate::population::Area;
use crate::query::{AgeGroup, Dimension, SexGroup};
use crate::series::{self, Amount, Period, Point, PointKey, Series};

/// The figures of a series that answer a question, in the order of periods and places. Of several measurements in a year
/// the last one is the year's.
pub fn rows(question: &Question, series: &Series) -> Vec<FigureRow> {
    let fitting = series.points().filter(|(key, _)| fits(question, key));
    if by_month(question) {
        return fitting
            .map(|(key, point)| row(question, key, point, &series.variant))
            .collect();
    }
    // Points come in order of time.
    let of_year = |key: &PointKey| PointKey {
        period: Period::Year(question.year),
        ..key.clone()
    };
    let last: BTreeMap<_, _> = fitting.map(|(key, point)| (of_year(key), (key, point))).collect();
    last.into_values()
        .map(|(key, point)| row(question, key, point, &series.variant))
        .collect()
}

fn by_month(question: &Question) -> bool {
    question.month.is_some() || question.by.contains(&Dimension::Month)
}

fn fits(question: &Question, key: &PointKey) -> bool {
    let by = |dimension| question.by.contains(&dimension);
    let month = match (key.period, by_month(question)) {
        (Period::Year(year), false) => (year == question.year).then_some(None),
        (Period::Month(year, month), true) => (year == question.year).then_some(Some(month)),
        (Period::Survey(date), months) => {
            (date.year() == question.year).then(|| months.then_some(date.month()))
        }
        _ => None,
    };
    let in_period = month.is_some_and(|month| question.month.is_none() || month == question.month);
    let (region, kommun) = (
        question.place.and_then(Residence::region),
        question.place.and_then(Residence::kommun),
    );
    let in_place = match key.area {
        Area::Country => question.place.is_none() && !by(Dimension::Region) && !by(Dimension::Kommun),
        Area::Region(code) => {
            !by(Dimension::Kommun)
                && kommun.is_none()
                && match region {
                    None => by(Dimension::Region),
                    Some(region) => region == code,
                }
        }
        Area::Kommun(code) => match (region, kommun) {
            (_, Some(kommun)) => kommun == code,
            (Some(region), None) => by(Dimension::Kommun) && u16::from(region) == code / 100,
            (None, None) => by(Dimension::Kommun),
        },
    };
    let of_sex = match (question.sex, by(Dimension::Sex)) {
        (None, true) => key.sex.is_some(),
        (sex, _) => key.sex == sex,
    };
    let of_age = match (&question.age_group, by(Dimension::AgeGroup)) {
        (None, true) => !key.age_group.is_empty(),
        (age, _) => key.age_group == age.as_deref().unwrap_or_default(),
    };
    let of_value = key.breakdown == question.breakdown.as_deref().unwrap_or_default()
        && (question.values.is_empty() || question.values.contains(&key.breakdown_value));
    in_period && in_place && of_sex && of_age && of_value
}

fn row(question: &Question, key: &PointKey, point: &Point, variant: &str) -> FigureRow {
    let number = |amount: Option<Amount>| amount.map(Amount::to_f64);
    let mark = point.mark.map(|mark| match mark {
        series::Mark::Missing => Mark::Missing,
        series::Mark::Preliminary => Mark::Preliminary,
        series::Mark::Suppressed => Mark::Suppressed,
    });
    let zero = (point.value == Some(Amount::default())).then_some(Mark::Zero);
    FigureRow {
        group: key.breakdown_value.clone(),
        place: match key.area {
            Area::Country => Place::Country,
            Area::Region(region) => Place::Region(region),
            Area::Kommun(kommun) => Place::Kommun(kommun),
        },
        sex: key.sex.map_or(SexGroup::All, SexGroup::Only),
        age: match key.age_group.as_str() {
            "" => AgeGroup::All,
            code => AgeGroup::Group(code.to_owned()),
        },
        month: match key.period {
            Period::Month(_, month) => Some(month),
            Period::Survey(date) if by_month(question) => Some(date.month()),
            Period::Survey(_) | Period::Year(_) => None,
        },
        numerator: point.numerator,
        denominator: point.denominator.map(|count| count as f64),
        value: number(point.value),
        low: number(point.low),
        high: number(point.high),
        marks: mark.into_iter().chain(zero).collect(),
        ..FigureRow::of(variant, question.year)
    }
}
