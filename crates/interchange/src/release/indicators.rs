//! `indicators.toml`: the library entries of the core indicators, the mission's own figures, disclosure.

use serde::Deserialize;
use toml::Spanned;
use vardnav_classification::model::Grain;
use vardnav_indicators::definition::{
    Direction, Disclosure, Feed, Indicator, IndicatorDefinitions, Interval, Length, Rung, SeriesBreak,
    Variant, Window,
};
use vardnav_indicators::measure::{Figure, Term};
use vardnav_release::source::Element;

use super::measures::{self, TermText};
use super::reading::{Day, LabelText, Reading};

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
    min_denominator: Option<u32>,
    #[serde(default)]
    ladder: Vec<RungText>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RungText {
    Month,
    AgeGroup,
    Sex,
    Kommun,
    Region,
}

impl From<RungText> for Rung {
    fn from(text: RungText) -> Self {
        match text {
            RungText::Month => Self::Month,
            RungText::AgeGroup => Self::AgeGroup,
            RungText::Sex => Self::Sex,
            RungText::Kommun => Self::Kommun,
            RungText::Region => Self::Region,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndicatorText {
    id: Spanned<String>,
    #[serde(default)]
    core_number: u8,
    label: LabelText,
    #[serde(default)]
    plain: LabelText,
    numerator: LabelText,
    #[serde(default)]
    denominator: LabelText,
    #[serde(default)]
    population: LabelText,
    #[serde(default)]
    exclusions: LabelText,
    #[serde(default)]
    goals: Vec<String>,
    source: String,
    feed: FeedText,
    certainty: String,
    breakdowns: Vec<String>,
    #[serde(default)]
    side_by_side: Vec<String>,
    #[serde(default)]
    ratio_between: String,
    #[serde(default)]
    unit: LabelText,
    #[serde(default = "one")]
    factor: u32,
    #[serde(default)]
    direction: DirectionText,
    #[serde(default)]
    interval: IntervalText,
    #[serde(default)]
    standard: String,
    #[serde(default)]
    window: WindowText,
    #[serde(default)]
    variant: Vec<VariantText>,
    #[serde(default, rename = "break")]
    breaks: Vec<BreakText>,
    method_version: String,
    #[serde(default)]
    counted_table: String,
    counted_grain: Option<GrainText>,
}

fn one() -> u32 {
    1
}

/// What is counted.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrainText {
    Contact,
    Segment,
    MonitoringPeriod,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FeedText {
    Computed,
    Linked,
    Uploaded,
    MethodTest,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DirectionText {
    Higher,
    Lower,
    #[default]
    None,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum IntervalText {
    #[default]
    None,
    Wilson,
    Poisson,
    Standardised,
    ByPerson,
    ByUnit,
    Stated,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowText {
    period: LengthText,
    #[serde(default = "one_year")]
    years: u8,
    #[serde(default)]
    enough: u32,
}

fn one_year() -> u8 {
    1
}

impl Default for WindowText {
    fn default() -> Self {
        Self {
            period: LengthText::Year,
            years: 1,
            enough: 0,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LengthText {
    Month,
    Year,
    Survey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantText {
    id: String,
    label: LabelText,
    feed: FeedText,
    #[serde(default)]
    numerator: Vec<TermText>,
    #[serde(default)]
    denominator: Vec<TermText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakText {
    from: Day,
    reason: LabelText,
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

impl From<FeedText> for Feed {
    fn from(text: FeedText) -> Self {
        match text {
            FeedText::Computed => Self::Computed,
            FeedText::Linked => Self::Linked,
            FeedText::Uploaded => Self::Uploaded,
            FeedText::MethodTest => Self::MethodTest,
        }
    }
}

impl From<DirectionText> for Direction {
    fn from(text: DirectionText) -> Self {
        match text {
            DirectionText::Higher => Self::Higher,
            DirectionText::Lower => Self::Lower,
            DirectionText::None => Self::None,
        }
    }
}

impl From<IntervalText> for Interval {
    fn from(text: IntervalText) -> Self {
        match text {
            IntervalText::None => Self::None,
            IntervalText::Wilson => Self::Wilson,
            IntervalText::Poisson => Self::Poisson,
            IntervalText::Standardised => Self::Standardised,
            IntervalText::ByPerson => Self::ByPerson,
            IntervalText::ByUnit => Self::ByUnit,
            IntervalText::Stated => Self::Stated,
        }
    }
}

impl From<WindowText> for Window {
    fn from(text: WindowText) -> Self {
        Self {
            period: match text.period {
                LengthText::Month => Length::Month,
                LengthText::Year => Length::Year,
                LengthText::Survey => Length::Survey,
            },
            years: text.years,
            enough: text.enough,
        }
    }
}

impl From<VariantText> for Variant {
    fn from(text: VariantText) -> Self {
        let terms = |texts: Vec<TermText>| texts.into_iter().map(Term::from).collect();
        Self {
            id: text.id,
            label: text.label.into(),
            feed: text.feed.into(),
            figure: Figure {
                numerator: terms(text.numerator),
                denominator: terms(text.denominator),
            },
        }
    }
}

impl From<IndicatorText> for Indicator {
    fn from(text: IndicatorText) -> Self {
        let breaks = text.breaks.into_iter().map(|of| SeriesBreak {
            from: of.from.0,
            reason: of.reason.into(),
        });
        Self {
            id: text.id.into_inner(),
            core_number: text.core_number,
            label: text.label.into(),
            plain: text.plain.into(),
            numerator: text.numerator.into(),
            denominator: text.denominator.into(),
            population: text.population.into(),
            exclusions: text.exclusions.into(),
            goals: text.goals,
            source: text.source,
            feed: text.feed.into(),
            certainty: text.certainty,
            breakdowns: text.breakdowns,
            side_by_side: text.side_by_side,
            ratio_between: text.ratio_between,
            unit: text.unit.into(),
            factor: text.factor,
            direction: text.direction.into(),
            interval: text.interval.into(),
            standard: text.standard,
            window: text.window.into(),
            variants: text.variant.into_iter().map(Variant::from).collect(),
            breaks: breaks.collect(),
            method_version: text.method_version,
            counted_table: text.counted_table,
            counted_grain: text.counted_grain.map(Grain::from),
        }
    }
}

/// Reads the indicators' part.
pub(super) fn read(reading: &mut Reading<'_>) -> IndicatorDefinitions {
    let measures = measures::read(reading);
    let mut definitions = IndicatorDefinitions {
        measures: measures.measures,
        breakdowns: measures.breakdowns,
        goals: measures.goals,
        standards: measures.standards,
        ..IndicatorDefinitions::default()
    };
    let Some(file) = reading.required("indicators.toml") else {
        return definitions;
    };
    let Some(text) = reading.toml::<IndicatorsFile>(&file) else {
        return definitions;
    };
    reading.note(Element::Indicator(String::new()), &file, &text.disclosure);
    let disclosure = text.disclosure.get_ref();
    definitions.disclosure = Disclosure {
        min_count: disclosure.min_count,
        min_denominator: disclosure.min_denominator.unwrap_or(disclosure.min_count),
        ladder: disclosure.ladder.iter().copied().map(Rung::from).collect(),
    };
    for text in text.indicator {
        reading.note(Element::Indicator(text.id.get_ref().clone()), &file, &text.id);
        definitions.indicators.push(text.into());
    }
    definitions
}
