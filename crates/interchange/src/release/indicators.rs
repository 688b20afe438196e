//! `indicators.toml`: the library entries of the core indicators, the mission's own counts, disclosure.

use serde::Deserialize;
use toml::Spanned;
use vardnav_classification::model::Grain;
use vardnav_indicators::definition::{Disclosure, Indicator, IndicatorDefinitions};
use vardnav_release::source::Element;

use super::reading::{LabelText, Reading};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndicatorsFile {
    disclosure: Spanned<DisclosureText>,
    indicator: Vec<IndicatorText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisclosureText {
    min_count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndicatorText {
    id: Spanned<String>,
    #[serde(default)]
    core_number: u8,
    label: LabelText,
    numerator: LabelText,
    #[serde(default)]
    denominator: LabelText,
    #[serde(default)]
    exclusions: LabelText,
    #[serde(default)]
    goals: Vec<String>,
    source: String,
    feed: String,
    certainty: String,
    breakdowns: Vec<String>,
    method_version: String,
    #[serde(default)]
    counted_table: String,
    counted_grain: Option<GrainText>,
}

/// What is counted.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrainText {
    Contact,
    Segment,
    MonitoringPeriod,
}

impl From<GrainText> for Grain {
    fn from(text: GrainText) -> Self {
        match text {
            GrainText::Contact => Self::Contact,
            GrainText::Segment => Self::Segment,
            GrainText::MonitoringPeriod => Self::MonitoringPeriod,
        }
    }
}

/// Reads the indicators' part.
pub(super) fn read(reading: &mut Reading<'_>) -> IndicatorDefinitions {
    let Some(file) = reading.required("indicators.toml") else {
        return IndicatorDefinitions::default();
    };
    let Some(text) = reading.toml::<IndicatorsFile>(&file) else {
        return IndicatorDefinitions::default();
    };
    reading.note(Element::Indicator(String::new()), &file, &text.disclosure);
    let disclosure = Disclosure {
        min_count: text.disclosure.get_ref().min_count,
    };
    let mut indicators = Vec::new();
    for text in text.indicator {
        reading.note(Element::Indicator(text.id.get_ref().clone()), &file, &text.id);
        indicators.push(Indicator {
            id: text.id.into_inner(),
            core_number: text.core_number,
            label: text.label.into(),
            numerator: text.numerator.into(),
            denominator: text.denominator.into(),
            exclusions: text.exclusions.into(),
            goals: text.goals,
            source: text.source,
            feed: text.feed,
            certainty: text.certainty,
            breakdowns: text.breakdowns,
            method_version: text.method_version,
            counted_table: text.counted_table,
            counted_grain: text.counted_grain.map(Grain::from),
        });
    }
    IndicatorDefinitions {
        indicators,
        disclosure,
    }
}
