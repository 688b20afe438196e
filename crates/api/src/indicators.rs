//! Indicators: entries of the library, questions and rows.

mod definition;

use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::Derivation;
use vardnav_indicators::answer::{Coverage, FigureRow, Question};
use vardnav_indicators::cube::Residence;
use vardnav_indicators::definition::{BrokenDownBy, Indicator, IndicatorDefinitions};
use vardnav_indicators::query::{Dimension, QueryError};
use vardnav_indicators::statistics::funnel::Standing;
use vardnav_register::record::Sex;
use vardnav_register::text::safe_echo;

pub use self::definition::indicator_message;
use crate::pb::vardnav::indicators::v1 as pb;
use crate::status::{ApiError, Kind};

/// A question from its message, about an indicator of a release.
///
/// # Errors
/// Names the field that cannot be read, or what is not offered.
pub fn question(
    message: &pb::QueryIndicatorRequest,
    indicator: &Indicator,
    definitions: &IndicatorDefinitions,
    system: &DescriptionSystem,
) -> Result<Question, ApiError> {
    let year = i16::try_from(message.year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .ok_or_else(|| ApiError::field("year", "a calendar year is needed"))?;
    let month = match i8::try_from(message.month) {
        Ok(0) => None,
        Ok(month @ 1..=12) => Some(month),
        _ => return Err(ApiError::field("month", "1 to 12, or 0 for the whole year")),
    };
    let place = match message.place.as_str() {
        "" => None,
        code => Some(
            Residence::parse(code)
                .ok_or_else(|| ApiError::field("place", "two digits of a region or four of a kommun"))?,
        ),
    };
    let sex = match message.sex.as_str() {
        "" => None,
        "female" => Some(Sex::Female),
        "male" => Some(Sex::Male),
        _ => return Err(ApiError::field("sex", "`female`, `male` or empty")),
    };
    let mut question = Question {
        year,
        month,
        place,
        sex,
        age_group: Some(message.age_group.clone()).filter(|age| !age.is_empty()),
        values: message.groups.clone(),
        variants: variants(&message.variants, indicator)?,
        ..Question::default()
    };
    for id in &message.breakdowns {
        let offered = indicator.breakdowns.contains(id);
        let breakdown = definitions.breakdown(id).filter(|_| offered);
        let breakdown = breakdown.ok_or_else(|| {
            let message = format!("the indicator offers no breakdown `{}`", safe_echo(id));
            ApiError::field("breakdowns", message)
        })?;
        let dimension = match &breakdown.by {
            BrokenDownBy::Region => Some(Dimension::Region),
            BrokenDownBy::Kommun => Some(Dimension::Kommun),
            BrokenDownBy::Sex => Some(Dimension::Sex),
            BrokenDownBy::Month => Some(Dimension::Month),
            BrokenDownBy::Axis(axis) if is_of_age(system, axis) => Some(Dimension::AgeGroup),
            BrokenDownBy::NotAvailable(reason) => {
                let message = format!("not available: {} ({})", reason.en, reason.sv);
                return Err(ApiError::field("breakdowns", message));
            }
            _ => None,
        };
        match dimension {
            Some(dimension) => question.by.push(dimension),
            None if question.breakdown.as_ref().is_some_and(|known| known != id) => {
                let message = "beside region, kommun, sex, age group and month, one breakdown at a time";
                return Err(ApiError::field("breakdowns", message));
            }
            None => question.breakdown = Some(id.clone()),
        }
    }
    Ok(question)
}

/// The variants asked for, by id.
fn variants(asked: &[String], indicator: &Indicator) -> Result<Vec<String>, ApiError> {
    let known = || indicator.variants.iter().map(|variant| variant.id.clone());
    if asked.iter().any(|id| id == "*") {
        return Ok(known().collect());
    }
    match asked.iter().find(|id| !known().any(|known| known == **id)) {
        Some(id) => {
            let message = format!("the indicator has no variant `{}`", safe_echo(id));
            Err(ApiError::field("variants", message))
        }
        None => Ok(asked.to_vec()),
    }
}

/// Whether an axis tells the age group.
fn is_of_age(system: &DescriptionSystem, axis: &str) -> bool {
    let mut axes = system.source().axes.iter();
    axes.any(|known| known.id == axis && matches!(known.derivation, Some(Derivation::Age(_))))
}

/// A figure as a message.
pub fn row_message(row: &FigureRow) -> pb::query_indicator_response::Row {
    pb::query_indicator_response::Row {
        group: row.group.clone(),
        place: row.place.code(),
        sex: row.sex.code().to_owned(),
        age_group: row.age.code().to_owned(),
        month: row.month.unwrap_or(0).into(),
        count: row.count,
        suppressed: row.is_suppressed(),
        variant: row.variant.clone(),
        year: row.year.into(),
        numerator: row.numerator,
        denominator: row.denominator,
        value: row.value,
        low: row.low,
        high: row.high,
        undecided: row.undecided,
        marks: row.marks.iter().map(|mark| mark.code().to_owned()).collect(),
        years: row.years.into(),
        undecided_denominator: row.undecided_denominator,
        standing: row.standing.map_or("", Standing::code).to_owned(),
        told_at: row
            .told_at
            .as_ref()
            .map(|at| pb::query_indicator_response::ToldAt {
                place: at.place.code(),
                sex: at.sex.code().to_owned(),
                age_group: at.age.code().to_owned(),
                month: at.month.unwrap_or(0).into(),
            }),
    }
}

/// What figures rest on, as a message.
pub fn coverage_message(coverage: Coverage) -> pb::query_indicator_response::Coverage {
    pb::query_indicator_response::Coverage {
        reporters: coverage.reporters,
        entries: coverage.entries,
        behind: coverage.behind,
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let message = error.to_string();
        match error {
            QueryError::NotACalendarPeriod => Self::field("month", message),
            QueryError::NotBrokenDown(_) => Self::field("breakdowns", message),
            QueryError::Unknown("kommun" | "region") => Self::field("place", message),
            QueryError::Unknown("age group") => Self::field("age_group", message),
            QueryError::Unknown(_) => Self::field("groups", message),
            QueryError::TooManyRows => Self::new(Kind::ResourceExhausted, "VN-API-041", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use vardnav_classification::model::Grain;
    use vardnav_indicators::definition::Breakdown;
    use vardnav_indicators::query::Query;

    use super::*;

    fn read(change: impl FnOnce(&mut pb::QueryIndicatorRequest)) -> Result<Query, String> {
        let mut message = pb::QueryIndicatorRequest {
            year: 2026,
            ..Default::default()
        };
        change(&mut message);
        let (definitions, system) = (
            definitions(),
            DescriptionSystem::compile(Default::default()).unwrap(),
        );
        let indicator = &definitions.indicators[0];
        question(&message, indicator, &definitions, &system)
            .map(|question| question.of_table("groups", Grain::Contact))
            .map_err(|error| error.field)
    }

    fn definitions() -> IndicatorDefinitions {
        let breakdown = |id: &str, by: BrokenDownBy| Breakdown {
            id: id.to_owned(),
            label: Default::default(),
            by,
            source: String::new(),
        };
        IndicatorDefinitions {
            indicators: vec![Indicator {
                id: "one".to_owned(),
                breakdowns: vec!["region".to_owned(), "mode".to_owned(), "need".to_owned()],
                ..Default::default()
            }],
            breakdowns: vec![
                breakdown("region", BrokenDownBy::Region),
                breakdown("sex", BrokenDownBy::Sex),
                breakdown("mode", BrokenDownBy::Axis("contact-mode".to_owned())),
                breakdown("need", BrokenDownBy::NotAvailable(Default::default())),
            ],
            ..Default::default()
        }
    }

    #[test]
    fn a_place_is_a_region_or_a_kommun() {
        let region = read(|message| message.place = "12".into()).unwrap();
        assert_eq!((region.regions, region.kommuner), (vec![12], vec![]));
        let kommun = read(|message| message.place = "1290".into()).unwrap();
        assert_eq!((kommun.regions, kommun.kommuner), (vec![], vec![1290]));
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        assert_eq!(read(|message| message.year = 0), Err("year".into()));
        assert_eq!(read(|message| message.month = 13), Err("month".into()));
        assert_eq!(
            read(|message| message.place = "Skåne".into()),
            Err("place".into())
        );
        assert_eq!(read(|message| message.sex = "f".into()), Err("sex".into()));
        assert_eq!(
            read(|message| message.variants = vec!["other".into()]),
            Err("variants".into())
        );
    }

    #[test]
    fn only_breakdowns_that_are_offered_and_available_are_taken() {
        let by = |ids: &[&str]| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            read(|message| message.breakdowns = ids).map(|query| query.by)
        };
        assert_eq!(by(&["region", "mode"]), Ok(vec![Dimension::Region]));
        for wrong in ["sex", "need", "none"] {
            assert_eq!(by(&[wrong]), Err("breakdowns".into()), "{wrong}");
        }
    }
}
