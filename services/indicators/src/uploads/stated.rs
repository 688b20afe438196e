//! What a question about an indicator gets of series: the figures as they are stated, with their marks, of those variants
//! that are uploaded or linked. Nothing is computed and nothing is withheld: that is the publisher's.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vardnav_api::indicators::Question;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::Row;
use vardnav_classification::model::Label;
use vardnav_indicators::Residence;
use vardnav_indicators::definition::{Feed, Indicator, Variant};
use vardnav_indicators::population::Area;
use vardnav_indicators::query::Dimension;
use vardnav_indicators::series::{Amount, Mark, Period, Point, PointKey, Series};
use vardnav_register::record::Sex;
use vardnav_release::entry::UploadRecord;
use vardnav_store::AuthorityError;

use super::Uploads;

/// What is answered from series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stated {
    /// Rows, in the order of variants, periods and places. A variant without a figure of the period has one row of the
    /// country, marked as missing.
    pub rows: Vec<Row>,
    /// Where they come from, for people.
    pub note: Label,
}

impl Uploads {
    /// The figures that answer a question; `None` when none of the variants asked for is uploaded or linked. A question that
    /// names no variant is about the first, but for one of which nothing is uploaded where others are computed.
    ///
    /// # Errors
    /// When a series cannot be read.
    pub async fn stated(
        &self,
        question: &Question,
        indicator: &Indicator,
    ) -> Result<Option<Stated>, AuthorityError> {
        let asked = asked(question, indicator);
        let mut stated = Stated::default();
        for variant in asked.iter().copied() {
            let held = self.series_of(&indicator.id, &variant.id).await?;
            if held.is_none() && question.variants.is_empty() && has_others(indicator) {
                return Ok(None);
            }
            let rows = held.as_ref().map(|held| rows(question, &held.content, variant));
            match rows {
                Some(rows) if !rows.is_empty() => stated.rows.extend(rows),
                _ => stated.rows.push(missing(question, variant)),
            }
            note(&mut stated.note, variant, held.as_ref().map(|held| &held.record));
        }
        Ok(Some(stated).filter(|_| !asked.is_empty()))
    }
}

/// The variants asked for that are uploaded or linked.
fn asked<'a>(question: &Question, indicator: &'a Indicator) -> Vec<&'a Variant> {
    let named = |at: usize, variant: &Variant| match question.variants.is_empty() {
        true => at == 0,
        false => question.variants.contains(&variant.id),
    };
    let variants = indicator.variants.iter().enumerate();
    let asked = variants.filter(|(at, variant)| named(*at, variant) && is_stated(variant));
    asked.map(|(_, variant)| variant).collect()
}

fn is_stated(variant: &Variant) -> bool {
    matches!(variant.feed, Feed::Uploaded | Feed::Linked)
}

/// Whether some variant is computed.
fn has_others(indicator: &Indicator) -> bool {
    !indicator.variants.iter().all(is_stated)
}

fn rows(question: &Question, series: &Series, variant: &Variant) -> Vec<Row> {
    let fitting = series.points().filter(|(key, _)| fits(question, key));
    if by_month(question) {
        return fitting
            .map(|(key, point)| row(question, key, point, variant))
            .collect();
    }
    // Of several measurements in a year the last one is the year's; points come in order of time.
    let of_year = |key: &PointKey| PointKey {
        period: Period::Year(question.year),
        ..key.clone()
    };
    let last: BTreeMap<_, _> = fitting.map(|(key, point)| (of_year(key), (key, point))).collect();
    last.into_values()
        .map(|(key, point)| row(question, key, point, variant))
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

fn row(question: &Question, key: &PointKey, point: &Point, variant: &Variant) -> Row {
    let number = |amount: Option<Amount>| amount.map(Amount::to_f64);
    let mut marks: Vec<String> = point.mark.iter().map(|mark| mark.name().to_owned()).collect();
    if point.value == Some(Amount::default()) {
        marks.push("zero".to_owned());
    }
    let month = match key.period {
        Period::Month(_, month) => month,
        Period::Survey(date) if by_month(question) => date.month(),
        Period::Survey(_) | Period::Year(_) => 0,
    };
    Row {
        group: key.breakdown_value.clone(),
        place: match key.area {
            Area::Country => String::new(),
            area => area.to_string(),
        },
        sex: match key.sex {
            None => String::new(),
            Some(Sex::Female) => "female".to_owned(),
            Some(Sex::Male) => "male".to_owned(),
        },
        age_group: key.age_group.clone(),
        month: month.into(),
        suppressed: point.mark == Some(Mark::Suppressed),
        variant: variant.id.clone(),
        year: question.year.into(),
        years: 1,
        numerator: point.numerator,
        denominator: point.denominator.map(|count| count as f64),
        value: number(point.value),
        low: number(point.low),
        high: number(point.high),
        marks,
        ..Row::default()
    }
}

fn missing(question: &Question, variant: &Variant) -> Row {
    Row {
        variant: variant.id.clone(),
        month: question.month.unwrap_or_default().into(),
        year: question.year.into(),
        years: 1,
        marks: vec![Mark::Missing.name().to_owned()],
        ..Row::default()
    }
}

/// Adds where a variant comes from.
fn note(note: &mut Label, variant: &Variant, record: Option<&UploadRecord>) {
    let (sv, en) = match record {
        None => ("inget uppladdat".to_owned(), "nothing uploaded".to_owned()),
        Some(record) => {
            let UploadRecord {
                source,
                date,
                revision,
                ..
            } = record;
            let made_up = match record.is_made_up() {
                true => ("påhittade uppgifter: ", "made-up data: "),
                false => ("", ""),
            };
            (
                format!("{}{source}, till och med {date}, version {revision}", made_up.0),
                format!("{}{source}, until {date}, revision {revision}", made_up.1),
            )
        }
    };
    for (text, told) in [(&mut note.sv, sv), (&mut note.en, en)] {
        if !text.is_empty() {
            text.push_str("; ");
        }
        // Writing into a text does not fail.
        let _ = write!(text, "{}: {told}", variant.id);
    }
}
