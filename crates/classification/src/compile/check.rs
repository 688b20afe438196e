//! Checks of a source that need no compiled form.

use super::{Gives, Place, Problem, naming, repeated};
use crate::model::{
    Axis, Derivation, DescriptionSource, FactSource, HitPolicy, Outcome, Rule, Table, UnsettledPoint,
};

/// Most variants of all points together.
const VARIANTS_MAX: usize = 100;

pub(super) fn axes(source: &DescriptionSource, problems: &mut Vec<Problem>) {
    for axis in &source.axes {
        let mut add = |message: String| {
            problems.push(Problem {
                place: Place::Axis(axis.id.clone()),
                line: 0,
                message,
            });
        };
        if axis.grains.is_empty() {
            add("is not stated of anything".to_owned());
        }
        if axis.sources.is_empty() {
            add("has no source".to_owned());
        }
        match (&axis.derivation, axis.sources.contains(&FactSource::Derived)) {
            (None, true) => add("may be derived, but does not say how".to_owned()),
            (Some(_), false) => add("says how it is derived, but not that it may be".to_owned()),
            (None, false) | (Some(_), true) => {}
        }
        for (wanted, values) in named_values(axis, source) {
            if !values.is_some_and(|axis| axis.values.iter().any(|value| value.code == wanted)) {
                add(format!(
                    "its derivation names the value `{wanted}`, which does not exist"
                ));
            }
        }
        if let Some(Derivation::Age(bands)) = &axis.derivation {
            if bands.is_empty() {
                add("its derivation has no age band".to_owned());
            }
            if bands
                .windows(2)
                .any(|pair| matches!(pair, [(low, _), (high, _)] if low >= high))
            {
                add("its age bands do not rise".to_owned());
            }
        }
    }
}

/// The values a derivation names, each with the axis that must have it.
fn named_values<'a>(axis: &'a Axis, source: &'a DescriptionSource) -> Vec<(&'a str, Option<&'a Axis>)> {
    let professions = source
        .axes
        .iter()
        .find(|other| other.derivation == Some(Derivation::Professions));
    match &axis.derivation {
        Some(Derivation::Age(bands)) => bands
            .iter()
            .map(|(_, value)| (value.as_str(), Some(axis)))
            .collect(),
        Some(Derivation::PlanExists { yes, no }) => {
            vec![(yes.as_str(), Some(axis)), (no.as_str(), Some(axis))]
        }
        Some(Derivation::Performer(maps)) => maps
            .iter()
            .flat_map(|map| {
                [
                    (map.profession.as_str(), professions),
                    (map.value.as_str(), Some(axis)),
                    (map.delegated.as_str(), Some(axis)),
                ]
            })
            .collect(),
        Some(
            Derivation::PrincipalKind { .. } | Derivation::PrincipalBasis { .. } | Derivation::Professions,
        )
        | None => Vec::new(),
    }
}

pub(super) fn points(source: &DescriptionSource, problems: &mut Vec<Problem>) {
    let mut add = |point: &UnsettledPoint, message: String| {
        problems.push(Problem {
            place: Place::Point(point.id.clone()),
            line: 0,
            message,
        });
    };
    for point in &source.points {
        if point.variants.is_empty() {
            if !point.chosen.is_empty() {
                add(
                    point,
                    format!("takes the variant `{}`, but has none", point.chosen),
                );
            }
        } else if !point.variants.contains(&point.chosen) {
            add(
                point,
                format!("takes the variant `{}`, which it does not have", point.chosen),
            );
        }
        for name in repeated(point.variants.iter().map(String::as_str)) {
            add(point, format!("has the variant `{name}` twice"));
        }
    }
    let variants: usize = source.points.iter().map(|point| point.variants.len()).sum();
    if variants > VARIANTS_MAX {
        problems.push(Problem {
            place: Place::System,
            line: 0,
            message: format!("has {variants} variants, {VARIANTS_MAX} are allowed; each is proven by itself"),
        });
    }
    for id in repeated(source.points.iter().map(|point| point.id.as_str())) {
        problems.push(Problem {
            place: Place::Point(id.to_owned()),
            line: 0,
            message: "is stated twice".to_owned(),
        });
    }
}

pub(super) fn table(table: &Table, source: &DescriptionSource, problems: &mut Vec<Problem>) {
    let mut add = |rule: Option<&Rule>, message: String| {
        problems.push(Problem {
            place: match rule {
                Some(rule) => Place::Rule {
                    table: table.id.clone(),
                    rule: rule.id.clone(),
                },
                None => Place::Table(table.id.clone()),
            },
            line: rule.map_or(0, |rule| rule.line),
            message,
        });
    };
    if table.grains.is_empty() {
        add(None, "classifies nothing".to_owned());
    }
    for (at, rule) in table.rules.iter().enumerate() {
        let last = at + 1 == table.rules.len();
        if rule.id.is_empty() {
            add(Some(rule), "has no id".to_owned());
        }
        let same = table
            .rules
            .iter()
            .take(at)
            .find(|other| other.id == rule.id && may_meet(other, rule));
        if let Some(same) = same {
            add(
                Some(rule),
                format!(
                    "has the id of the rule on line {}; rows of one rule stand together, another rule has an id of its own",
                    same.line
                ),
            );
        }
        if let Some(variant) = &rule.variant {
            match source.points.iter().find(|point| point.id == variant.point) {
                None => {
                    let points = source.points.iter().map(|point| point.id.as_str());
                    let remedy = naming::did_you_mean(&variant.point, points);
                    add(
                        Some(rule),
                        format!("no unsettled point is called `{}`{remedy}", variant.point),
                    );
                }
                Some(point) if !point.variants.contains(&variant.name) => {
                    let remedy = match point.variants.as_slice() {
                        [] => "; it has none".to_owned(),
                        variants => format!("; it has `{}`", variants.join("`, `")),
                    };
                    add(
                        Some(rule),
                        format!("`{}` has no variant `{}`{remedy}", variant.point, variant.name),
                    );
                }
                Some(_) => {}
            }
        }
        match &rule.outcome {
            Outcome::CatchAll => {
                if rule.alternatives.iter().any(|conditions| !conditions.is_empty()) {
                    add(
                        Some(rule),
                        "guards the end, so it cannot have conditions".to_owned(),
                    );
                }
                if !last {
                    add(Some(rule), "guards the end, so no rule can follow it".to_owned());
                }
                if rule.variant.is_some() || rule.in_force_from.is_some() {
                    add(
                        Some(rule),
                        "guards the end in every variant and at all times".to_owned(),
                    );
                }
            }
            Outcome::Value(_) | Outcome::Hold { .. } => {
                if rule.alternatives.is_empty() {
                    add(Some(rule), "can never match: it has no alternative".to_owned());
                }
            }
        }
    }
}

/// Whether two rules can be in one compiled table: not when they are of different variants of one point.
fn may_meet(one: &Rule, other: &Rule) -> bool {
    match (&one.variant, &other.variant) {
        (Some(one), Some(other)) => one.point != other.point || one.name == other.name,
        _ => true,
    }
}

pub(super) fn outcome(table: &Table, rule: &Rule, place: &Place, problems: &mut Vec<Problem>) -> Gives {
    let mut add = |message: String| {
        problems.push(Problem {
            place: place.clone(),
            line: rule.line,
            message,
        });
    };
    match &rule.outcome {
        Outcome::Value(code) => match table
            .values
            .iter()
            .zip(0..=u8::MAX)
            .find(|(value, _)| value.code == *code)
        {
            Some((_, ordinal)) => Gives::Value(ordinal),
            None => {
                add(naming::unknown_outcome(&table.values, code));
                Gives::Hold
            }
        },
        Outcome::Hold { reason } => {
            if table.hit_policy == HitPolicy::Collect {
                add("holds, but the table collects".to_owned());
            }
            if reason.sv.trim().is_empty() || reason.en.trim().is_empty() {
                add("holds without a reason in both languages; state why in Swedish and English".to_owned());
            }
            Gives::Hold
        }
        Outcome::CatchAll => {
            if table.hit_policy == HitPolicy::Collect {
                add("guards the end, but the table collects".to_owned());
            }
            Gives::Guard
        }
    }
}
