//! Figures and entries of the library as people and programs are shown them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::Row;
use vardnav_api::vardnav::r#type::v1::Label as LabelMessage;
use vardnav_classification::model::Label;
use vardnav_interchange::figures::{FigureRow, Figures, Language};

use super::Told;
use crate::cli::indicator;
use crate::exit::Outcome;
use crate::output::{self, Format};

/// Columns of the rows for programs.
pub(super) const COLUMNS: &[&str] = &[
    "variant",
    "group",
    "place",
    "sex",
    "age_group",
    "year",
    "month",
    "count",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "undecided",
    "undecided_denominator",
    "standing",
    "marks",
    "years",
    "suppressed",
];

/// The language of names.
pub(super) fn language(asked: indicator::Language) -> Language {
    match asked {
        indicator::Language::Sv => Language::Swedish,
        indicator::Language::En => Language::English,
    }
}

/// A figure for programs.
pub(super) fn figure(row: &Row, told: &Told, language: Language) -> Value {
    let name = |of: &str, code: &str| name(told, of, code, language);
    json!({
        "variant": row.variant, "group": row.group, "group_name": name("group", &row.group),
        "place": row.place, "place_name": name("place", &row.place), "sex": row.sex, "age_group": row.age_group,
        "year": row.year, "month": row.month, "count": row.count, "numerator": row.numerator,
        "denominator": row.denominator, "value": row.value, "low": row.low, "high": row.high,
        "undecided": row.undecided, "undecided_denominator": row.undecided_denominator,
        "standing": row.standing, "marks": row.marks, "years": row.years, "suppressed": row.suppressed,
        "told_at": row.told_at.as_ref().map(|at| json!({
            "place": at.place, "sex": at.sex, "age_group": at.age_group, "month": at.month,
        })),
    })
}

/// A table for people: names instead of codes, rounded numbers, and no column in which nothing stands.
pub(super) fn table(told: &Told, language: Language) -> Outcome {
    let rounded = |number: Option<f64>| number.map(|number| json!((number * 100.0).round() / 100.0));
    // Counts have no decimals, but for full-time equivalents.
    let counted = |number: Option<f64>| match number {
        Some(whole) if whole.fract() == 0.0 => Some(json!(format!("{whole:.0}"))),
        other => rounded(other),
    };
    let first = told.rows.first().map(|row| &row.variant);
    // A dimension that stands for all in every row is left out.
    let codes = |of: fn(&Row) -> &String| told.rows.iter().any(|row| !of(row).is_empty());
    let (by_group, by_sex, by_age) = (
        codes(|row| &row.group),
        codes(|row| &row.sex),
        codes(|row| &row.age_group),
    );
    let several = told.rows.iter().any(|row| Some(&row.variant) != first);
    let rows: Vec<Value> = told
        .rows
        .iter()
        .map(|row| {
            let name = |of: &str, code: &str| name(told, of, code, language);
            json!({
                "variant": if several { json!(row.variant) } else { Value::Null },
                "group": by_group.then(|| name("group", &row.group)),
                "place": name("place", &row.place),
                "sex": by_sex.then(|| name("sex", &row.sex)),
                "age_group": by_age.then(|| name("age_group", &row.age_group)),
                "month": (row.month > 0).then_some(row.month),
                "count": row.count,
                "numerator": row.numerator.filter(|_| row.count.is_none()),
                "denominator": counted(row.denominator),
                "value": rounded(row.value.filter(|_| row.count.is_none())),
                "low": rounded(row.low),
                "high": rounded(row.high),
                "undecided": row.undecided.filter(|undecided| *undecided > 0),
                "standing": row.standing,
                "marks": row.marks.iter().map(|mark| name("mark", mark)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    const ALL: [&str; 15] = [
        "variant",
        "group",
        "place",
        "sex",
        "age_group",
        "month",
        "count",
        "numerator",
        "denominator",
        "value",
        "low",
        "high",
        "undecided",
        "standing",
        "marks",
    ];
    let shown: Vec<&str> = ALL
        .into_iter()
        .filter(|column| {
            rows.iter()
                .any(|row| row.get(column).is_some_and(|value| !empty(value)))
        })
        .collect();
    output::rows(Format::Table, &shown, &rows)?;
    let answer = &told.answer;
    output::say(format_args!(
        "{}; release {}, {}",
        told_in(&answer.unit, language),
        answer.release,
        answer.derivation
    ));
    output::say(told_in(&answer.completeness, language));
    Ok(())
}

/// Figures to be written as a file.
pub(super) fn figures(told: &Told, indicator: &pb::Indicator) -> Figures {
    let label = |label: &Option<LabelMessage>| {
        let label = label.clone().unwrap_or_default();
        Label {
            sv: label.sv,
            en: label.en,
        }
    };
    let answer = &told.answer;
    let about = [
        ("release", &answer.release),
        ("derivation", &answer.derivation),
        ("method", &answer.method),
        ("method_version", &answer.method_version),
    ];
    let names: BTreeMap<(String, String), Label> = answer
        .names
        .iter()
        .map(|name| ((name.of.clone(), name.code.clone()), label(&name.label)))
        .collect();
    Figures {
        id: answer.indicator.clone(),
        label: label(&indicator.label),
        source: indicator.source.clone(),
        unit: label(&answer.unit),
        note: label(&answer.completeness),
        about: about
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.clone()))
            .collect(),
        names,
        rows: told.rows.iter().map(row).collect(),
    }
}

fn row(row: &Row) -> FigureRow {
    let time = match row.month {
        0 => format!("{:04}", row.year),
        month => format!("{:04}-{month:02}", row.year),
    };
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let number = |count: Option<u64>| count.map(|count| count as f64);
    FigureRow {
        codes: [
            row.variant.clone(),
            row.group.clone(),
            row.place.clone(),
            row.sex.clone(),
            row.age_group.clone(),
            time,
        ],
        numbers: [
            number(row.numerator),
            row.denominator,
            row.value,
            row.low,
            row.high,
            number(row.undecided),
            number(row.undecided_denominator),
            Some(row.years.into()),
        ],
        marks: row.marks.clone(),
    }
}

/// An entry for programs.
pub(super) fn entry(indicator: &pb::Indicator) -> Value {
    let label = |label: &Option<LabelMessage>| {
        let label = label.clone().unwrap_or_default();
        json!({"sv": label.sv, "en": label.en})
    };
    let terms = |terms: &[pb::indicator::Term]| -> Vec<Value> {
        let term = |term: &pb::indicator::Term| {
            json!({
                "measure": term.measure, "label": label(&term.label), "times": term.times,
                "conditions": term.conditions,
            })
        };
        terms.iter().map(term).collect()
    };
    let window = indicator.window.clone().unwrap_or_default();
    json!({
        "id": indicator.id,
        "core_number": indicator.core_number,
        "name": indicator.label.as_ref().map(|label| label.sv.clone()),
        "label": label(&indicator.label),
        "plain": label(&indicator.plain),
        "numerator": label(&indicator.numerator),
        "denominator": label(&indicator.denominator),
        "population": label(&indicator.population),
        "exclusions": label(&indicator.exclusions),
        "unit": label(&indicator.unit),
        "factor": indicator.factor,
        "direction": indicator.direction,
        "interval": indicator.interval,
        "standard": indicator.standard,
        "window": {"period": window.period, "years": window.years, "enough": window.enough},
        "variants": indicator.variants.iter().map(|variant| json!({
            "id": variant.id, "label": label(&variant.label), "feed": variant.feed,
            "numerator": terms(&variant.numerator), "denominator": terms(&variant.denominator),
        })).collect::<Vec<_>>(),
        "breakdowns": indicator.breakdowns.iter().map(|breakdown| json!({
            "id": breakdown.id, "label": label(&breakdown.label), "source": breakdown.source,
            "available": breakdown.not_available.is_none(),
            "reason": breakdown.not_available.as_ref().map(|_| label(&breakdown.not_available)),
            "side_by_side": breakdown.side_by_side,
        })).collect::<Vec<_>>(),
        "ratio_between": indicator.ratio_between,
        "goals": indicator.goals.iter().map(|goal| json!({
            "id": goal.id, "label": label(&goal.label), "adopted": goal.adopted, "source": goal.source,
        })).collect::<Vec<_>>(),
        "breaks": indicator.breaks.iter().map(|broken| json!({
            "from": broken.from, "reason": label(&broken.reason),
        })).collect::<Vec<_>>(),
        "source": indicator.source,
        "feed": indicator.feed,
        "method_version": indicator.method_version,
        "certainty": indicator.certainty,
        "counted_table": indicator.counted_table,
    })
}

/// An entry for people.
pub(super) fn show(indicator: &pb::Indicator) -> Outcome {
    let both = |label: &Option<LabelMessage>| {
        let label = label.clone().unwrap_or_default();
        match (label.sv.as_str(), label.en.as_str()) {
            ("", "") => String::new(),
            (sv, en) => format!("{sv} ({en})"),
        }
    };
    let mut rows: Vec<Value> = Vec::new();
    let mut say = |field: &str, value: String| {
        if !value.is_empty() {
            rows.push(json!({"field": field, "value": value}));
        }
    };
    say("id", indicator.id.clone());
    say("name", both(&indicator.label));
    say("plain", both(&indicator.plain));
    say("numerator", both(&indicator.numerator));
    say("denominator", both(&indicator.denominator));
    say("population", both(&indicator.population));
    say("exclusions", both(&indicator.exclusions));
    say("unit", both(&indicator.unit));
    say("better", indicator.direction.clone());
    say("interval", indicator.interval.clone());
    say("standard population", indicator.standard.clone());
    let window = indicator.window.clone().unwrap_or_default();
    say("shortest period", window.period);
    if window.years > 1 {
        let text = format!(
            "up to {} years where one has fewer than {} events",
            window.years, window.enough
        );
        say("together", text);
    }
    for variant in &indicator.variants {
        let sum = |terms: &[pb::indicator::Term]| {
            let term = |term: &pb::indicator::Term| match term.times {
                1 => both(&term.label),
                times => format!("{times} × {}", both(&term.label)),
            };
            terms.iter().map(term).collect::<Vec<_>>().join(" + ")
        };
        let figure = match (
            sum(&variant.numerator).as_str(),
            sum(&variant.denominator).as_str(),
        ) {
            ("", _) => String::new(),
            (numerator, "") => format!(": {numerator}"),
            (numerator, denominator) => format!(": {numerator} / {denominator}"),
        };
        say(
            &format!("variant {}", variant.id),
            format!("{} [{}]{figure}", both(&variant.label), variant.feed),
        );
    }
    for breakdown in &indicator.breakdowns {
        let beside = if breakdown.side_by_side {
            ", always beside the whole"
        } else {
            ""
        };
        let text = match &breakdown.not_available {
            Some(_) => format!(
                "{}: not available: {}",
                both(&breakdown.label),
                both(&breakdown.not_available)
            ),
            None => format!("{}{beside}", both(&breakdown.label)),
        };
        say(&format!("breakdown {}", breakdown.id), text);
    }
    for goal in &indicator.goals {
        say(
            &format!("goal {}", goal.id),
            format!("{}, {}: {}", both(&goal.label), goal.adopted, goal.source),
        );
    }
    for broken in &indicator.breaks {
        say(&format!("series breaks {}", broken.from), both(&broken.reason));
    }
    say("source", indicator.source.clone());
    say("feed", indicator.feed.clone());
    say("method version", indicator.method_version.clone());
    say("certainty", indicator.certainty.clone());
    output::rows(Format::Table, &["field", "value"], &rows)
}

fn name(told: &Told, of: &str, code: &str, language: Language) -> String {
    let mut names = told.answer.names.iter();
    let known = names.find(|name| name.of == of && name.code == code);
    match known.and_then(|name| name.label.as_ref()) {
        Some(label) => words(label, language).to_owned(),
        None => code.to_owned(),
    }
}

/// A label in a language; nothing where there is none.
fn told_in(label: &Option<LabelMessage>, language: Language) -> &str {
    label.as_ref().map_or("", |label| words(label, language))
}

fn words(label: &LabelMessage, language: Language) -> &str {
    match language {
        Language::Swedish => &label.sv,
        Language::English => &label.en,
    }
}
