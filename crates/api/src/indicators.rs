//! Indicators: entries of the library, questions and rows.

use vardnav_classification::model::Grain;
use vardnav_indicators::Place;
use vardnav_indicators::cube::Residence;
use vardnav_indicators::definition::Indicator;
use vardnav_indicators::query::{AgeGroup, Dimension, Figure, Period, Query, QueryError, Row, SexGroup};
use vardnav_register::record::Sex;

use crate::common::label_message;
use crate::pb::vardnav::indicators::v1 as pb;
use crate::status::{ApiError, Kind};

/// What stands for a residence, sex or age that is not known.
pub const UNKNOWN: &str = "unknown";

/// An entry of the library as a message.
pub fn indicator_message(indicator: &Indicator) -> pb::Indicator {
    pb::Indicator {
        id: indicator.id.clone(),
        core_number: indicator.core_number.into(),
        label: Some(label_message(&indicator.label)),
        numerator: Some(label_message(&indicator.numerator)),
        denominator: Some(label_message(&indicator.denominator)),
        exclusions: Some(label_message(&indicator.exclusions)),
        goals: indicator.goals.clone(),
        source: indicator.source.clone(),
        feed: indicator.feed.name().to_owned(),
        breakdowns: indicator.breakdowns.clone(),
        method_version: indicator.method_version.clone(),
        certainty: indicator.certainty.clone(),
    }
}

/// A question from its message, about what is counted by the values of a table.
///
/// # Errors
/// Names the field that cannot be read.
pub fn query(message: &pb::QueryIndicatorRequest, table: &str, grain: Grain) -> Result<Query, ApiError> {
    let year = i16::try_from(message.year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .ok_or_else(|| ApiError::field("year", "a calendar year is needed"))?;
    let period = match i8::try_from(message.month) {
        Ok(0) => Period::Year(year),
        Ok(month @ 1..=12) => Period::Month(year, month),
        _ => return Err(ApiError::field("month", "1 to 12, or 0 for the whole year")),
    };
    let place = match message.place.as_str() {
        "" => None,
        code => Some(
            Residence::parse(code)
                .ok_or_else(|| ApiError::field("place", "two digits of a region or four of a kommun"))?,
        ),
    };
    let sexes = match message.sex.as_str() {
        "" => Vec::new(),
        "female" => vec![Sex::Female],
        "male" => vec![Sex::Male],
        _ => return Err(ApiError::field("sex", "`female`, `male` or empty")),
    };
    let mut by = Vec::new();
    for breakdown in message.breakdowns() {
        by.push(match breakdown {
            pb::Breakdown::Region => Dimension::Region,
            pb::Breakdown::Kommun => Dimension::Kommun,
            pb::Breakdown::Sex => Dimension::Sex,
            pb::Breakdown::AgeGroup => Dimension::AgeGroup,
            pb::Breakdown::Month => Dimension::Month,
            pb::Breakdown::Unspecified => {
                return Err(ApiError::field("breakdowns", "a dimension is not stated"));
            }
        });
    }
    let kommun = place.and_then(Residence::kommun);
    let region = place.filter(|_| kommun.is_none()).and_then(Residence::region);
    Ok(Query {
        table: table.to_owned(),
        grain,
        values: message.groups.clone(),
        by,
        regions: region.into_iter().collect(),
        kommuner: kommun.into_iter().collect(),
        sexes,
        ages: Some(message.age_group.clone())
            .filter(|age| !age.is_empty())
            .into_iter()
            .collect(),
        period,
    })
}

/// A row of an answer as a message.
pub fn row_message(row: &Row) -> pb::query_indicator_response::Row {
    let (count, suppressed) = match row.figure {
        Figure::Count(count) => (Some(count), false),
        Figure::Suppressed => (None, true),
    };
    pb::query_indicator_response::Row {
        group: row.value.clone(),
        place: place_code(row.place),
        sex: match row.sex {
            SexGroup::All => String::new(),
            SexGroup::Only(Sex::Female) => "female".to_owned(),
            SexGroup::Only(Sex::Male) => "male".to_owned(),
            SexGroup::Unknown => UNKNOWN.to_owned(),
        },
        age_group: match &row.age {
            AgeGroup::All => String::new(),
            AgeGroup::Group(code) => code.clone(),
            AgeGroup::Unknown => UNKNOWN.to_owned(),
        },
        month: row.month.unwrap_or(0).into(),
        count,
        suppressed,
    }
}

/// The SCB code of a place: empty for the country, `unknown` for none, `01-unknown` for a region's unknown kommun.
pub fn place_code(place: Place) -> String {
    match place {
        Place::Country => String::new(),
        Place::Region(region) => format!("{region:02}"),
        Place::Kommun(kommun) => format!("{kommun:04}"),
        Place::UnknownKommun(region) => format!("{region:02}-{UNKNOWN}"),
        Place::Unknown => UNKNOWN.to_owned(),
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
    use super::*;

    fn read(change: impl FnOnce(&mut pb::QueryIndicatorRequest)) -> Result<Query, String> {
        let mut message = pb::QueryIndicatorRequest {
            year: 2026,
            ..Default::default()
        };
        change(&mut message);
        query(&message, "groups", Grain::Contact).map_err(|error| error.field)
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
            read(|message| message.breakdowns = vec![0]),
            Err("breakdowns".into())
        );
    }
}
