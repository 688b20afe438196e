//! Entries of the library as messages, with all that a figure of them means.

use vardnav_classification::model::Label;
use vardnav_indicators::definition::{BrokenDownBy, Indicator, IndicatorDefinitions};
use vardnav_indicators::measure::Term;

use crate::common::label_message;
use crate::pb::vardnav::indicators::v1 as pb;
use crate::pb::vardnav::indicators::v1::indicator::{Goal, OfferedBreakdown, SeriesBreak, Variant, Window};
use crate::pb::vardnav::r#type::v1 as types;

/// An entry of the library as a message; `definitions` are those of its release, which tell its goals, breakdowns and
/// measures.
pub fn indicator_message(indicator: &Indicator, definitions: &IndicatorDefinitions) -> pb::Indicator {
    let label = |label: &Label| Some(label_message(label));
    pb::Indicator {
        id: indicator.id.clone(),
        core_number: indicator.core_number.into(),
        label: label(&indicator.label),
        numerator: label(&indicator.numerator),
        denominator: label(&indicator.denominator),
        exclusions: label(&indicator.exclusions),
        goals: indicator
            .goals
            .iter()
            .map(|goal| goal_of(goal, definitions))
            .collect(),
        source: indicator.source.clone(),
        feed: indicator.feed.name().to_owned(),
        breakdowns: indicator
            .breakdowns
            .iter()
            .map(|id| breakdown(id, indicator, definitions))
            .collect(),
        method_version: indicator.method_version.clone(),
        certainty: indicator.certainty.clone(),
        plain: label(&indicator.plain),
        population: label(&indicator.population),
        unit: label(&indicator.unit),
        factor: indicator.factor,
        direction: indicator.direction.name().to_owned(),
        interval: indicator.interval.name().to_owned(),
        standard: indicator.standard.clone(),
        window: Some(Window {
            period: indicator.window.period.name().to_owned(),
            years: indicator.window.years.into(),
            enough: indicator.window.enough,
        }),
        variants: indicator
            .variants
            .iter()
            .map(|variant| Variant {
                id: variant.id.clone(),
                label: label(&variant.label),
                feed: variant.feed.name().to_owned(),
                numerator: terms(&variant.figure.numerator, definitions),
                denominator: terms(&variant.figure.denominator, definitions),
            })
            .collect(),
        breaks: indicator
            .breaks
            .iter()
            .map(|broken| SeriesBreak {
                from: broken.from.to_string(),
                reason: label(&broken.reason),
            })
            .collect(),
        ratio_between: indicator.ratio_between.clone(),
        counted_table: indicator.counted_table.clone(),
    }
}

fn goal_of(id: &str, definitions: &IndicatorDefinitions) -> Goal {
    let known = definitions.goals.iter().find(|goal| goal.id == id);
    Goal {
        id: id.to_owned(),
        label: known.map(|goal| label_message(&goal.label)),
        adopted: known.map(|goal| goal.adopted.to_string()).unwrap_or_default(),
        source: known.map(|goal| goal.source.clone()).unwrap_or_default(),
    }
}

fn breakdown(id: &str, indicator: &Indicator, definitions: &IndicatorDefinitions) -> OfferedBreakdown {
    let known = definitions.breakdown(id);
    let not_available = known.and_then(|known| match &known.by {
        BrokenDownBy::NotAvailable(reason) => Some(label_message(reason)),
        _ => None,
    });
    OfferedBreakdown {
        id: id.to_owned(),
        label: known.map(|known| label_message(&known.label)),
        source: known.map(|known| known.source.clone()).unwrap_or_default(),
        not_available,
        side_by_side: indicator.side_by_side.iter().any(|beside| beside == id),
    }
}

fn terms(terms: &[Term], definitions: &IndicatorDefinitions) -> Vec<pb::indicator::Term> {
    let term = |term: &Term| {
        let measure = definitions.measure(&term.measure);
        let label: Option<types::Label> = measure.map(|measure| label_message(&measure.label));
        let conditions = measure.map(|measure| {
            let all = measure.conditions.iter().map(ToString::to_string);
            let none = measure
                .exclusions
                .iter()
                .map(|exclusion| format!("not {exclusion}"));
            all.chain(none).collect()
        });
        pb::indicator::Term {
            measure: term.measure.clone(),
            label,
            times: term.times,
            conditions: conditions.unwrap_or_default(),
        }
    };
    terms.iter().map(term).collect()
}
