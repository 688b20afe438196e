//! Checks of measures: each names only what the release has, what its parts have, and measures that stand before it.

use std::collections::BTreeSet;

use vardnav_classification::model::{AxisValue, Grain};
use vardnav_indicators::measure::{Condition, Counts, Days, Measure, Part};
use vardnav_register::record::RecordKind;
use vardnav_register::validate::{CODED_PATHS, RECORD_PATHS};

use super::Findings;
use super::indicators::unique;
use crate::source::Element;

/// Paths of single dates.
const DATE_PATHS: [&str; 7] = [
    "start",
    "end",
    "date",
    "requested",
    "contacted",
    "assessed",
    "ended",
];

pub(super) fn check(found: &mut Findings<'_>) {
    let mut before = BTreeSet::new();
    for measure in &found.source.indicators.measures {
        let at = Element::Measure(measure.id.clone());
        let earlier: Vec<&str> = before.iter().copied().collect();
        unique(found, &at, "measure id", &measure.id, &mut before);
        found.text(&at, &format!("measure `{}`", measure.id), &measure.label);
        counted(found, &at, measure);
        // A table, axis or earlier measure that cannot be read is not missed.
        let is_whole = super::description::is_whole(found.source);
        let of_tables =
            |condition: &&Condition| !matches!(condition, Condition::Table { .. } | Condition::Axis { .. });
        for condition in measure
            .all_conditions()
            .filter(|condition| is_whole || of_tables(condition))
        {
            let wrong = of_condition(found, measure, condition, &earlier);
            for (code, message) in wrong {
                found.error(code, &at, format!("measure `{}` {message}", measure.id));
            }
        }
    }
}

/// What is counted is something that all its parts have.
fn counted(found: &mut Findings<'_>, at: &Element, measure: &Measure) {
    let all = |fits: fn(Part) -> bool| measure.of.iter().copied().all(fits);
    let (fits, what) = match &measure.counts {
        Counts::Parts => (true, "parts"),
        Counts::Persons => (
            all(|part| part.is_of_a_person() && part != Part::Inhabitant),
            "persons",
        ),
        Counts::Days => (
            all(|part| matches!(part, Part::Segment | Part::MonitoringPeriod)),
            "days",
        ),
        Counts::Sum(number) => (
            measure
                .of
                .iter()
                .all(|part| part.numbers().contains(&number.as_str())),
            "the sum of a number",
        ),
    };
    if measure.of.is_empty() {
        found.error(
            "VN-REL-142",
            at,
            format!("measure `{}` is of no parts", measure.id),
        );
    } else if !fits {
        let message = format!(
            "measure `{}` counts {what}, which not all its parts have",
            measure.id
        );
        found.error("VN-REL-142", at, message);
    }
}

type Wrong = Vec<(&'static str, String)>;

fn of_condition(found: &Findings<'_>, measure: &Measure, condition: &Condition, earlier: &[&str]) -> Wrong {
    let description = &found.source.description;
    match condition {
        Condition::Table { table, any } => match description.tables.iter().find(|known| known.id == *table) {
            None => missing("table", table),
            Some(known) => described("table", table, measure, &known.grains, &known.values, any),
        },
        Condition::Axis { axis, any } => match description.axes.iter().find(|known| known.id == *axis) {
            None => missing("axis", axis),
            Some(known) => {
                let mut wrong = described("axis", axis, measure, &known.grains, &known.values, any);
                wrong.extend(none_named(any));
                wrong
            }
        },
        Condition::Variable { path, any } => {
            let mut wrong = of_path(measure, path);
            wrong.extend(none_named(any));
            wrong
        }
        Condition::Below { path, system, any } => {
            let mut wrong = of_path(measure, path);
            wrong.extend(none_named(any));
            if !CODED_PATHS.contains(&path.as_str()) && !matches!(path.as_str(), "codes" | "segments.codes") {
                wrong.push((
                    "VN-REL-142",
                    format!("asks for codes of `{path}`, which is not coded"),
                ));
            }
            if !has_system(found, system) {
                let message =
                    format!("names code system `{system}`, which is neither the release's own nor bound");
                wrong.push(("VN-REL-111", message));
            }
            wrong
        }
        Condition::Stated { path } => of_path(measure, path),
        Condition::Between { from, to, days } => {
            let mut wrong = in_order(*days);
            for path in [from, to] {
                wrong.extend(of_path(measure, path));
                if !DATE_PATHS.contains(&path.as_str()) {
                    wrong.push((
                        "VN-REL-142",
                        format!("counts days to `{path}`, which is no single date"),
                    ));
                }
            }
            wrong
        }
        Condition::Age { from, below } => {
            let mut wrong = of_persons(measure);
            if below.is_some_and(|below| below <= *from) {
                wrong.push(("VN-REL-116", "asks for an age that is none".to_owned()));
            }
            wrong
        }
        Condition::UnitKind { any } => none_named(any),
        Condition::Follows { measure: of, days } | Condition::FollowedBy { measure: of, days } => {
            let mut wrong = in_order(*days);
            wrong.extend(of_persons(measure));
            if !earlier.contains(&of.as_str()) {
                wrong.push((
                    "VN-REL-141",
                    format!("names measure `{of}`, which does not stand before it"),
                ));
            }
            wrong
        }
    }
}

fn missing(what: &str, id: &str) -> Wrong {
    vec![("VN-REL-141", format!("names {what} `{id}`, which does not exist"))]
}

/// A table or axis holds the values, and says something of the parts.
fn described(
    what: &str,
    id: &str,
    measure: &Measure,
    grains: &[Grain],
    values: &[AxisValue],
    any: &[String],
) -> Wrong {
    let mut wrong = Wrong::new();
    for value in any {
        if !values.iter().any(|known| known.code == *value) {
            wrong.push((
                "VN-REL-141",
                format!("names value `{value}`, which {what} `{id}` does not have"),
            ));
        }
    }
    for part in &measure.of {
        let grain = match part {
            Part::Contact => Grain::Contact,
            Part::Segment => Grain::Segment,
            Part::MonitoringPeriod => Grain::MonitoringPeriod,
            // Beds and units have the facts that the unit states.
            Part::UnitDay | Part::Listing if what == "axis" => continue,
            Part::UnitDay | Part::Listing | Part::CareRequest | Part::Inhabitant => {
                wrong.push((
                    "VN-REL-142",
                    format!("asks for a {what} of a {}, which has none", part.name()),
                ));
                continue;
            }
        };
        if !grains.contains(&grain) {
            wrong.push((
                "VN-REL-142",
                format!(
                    "asks for {what} `{id}` of a {}, which it is not about",
                    part.name()
                ),
            ));
        }
    }
    wrong
}

/// A record's path that all parts have.
fn of_path(measure: &Measure, path: &str) -> Wrong {
    let Some(known) = RECORD_PATHS.iter().find(|known| known.path == path) else {
        return missing("variable", path);
    };
    let has = |part: &Part| match part {
        Part::Contact => known.kinds.contains(&RecordKind::Contact),
        Part::Segment => known.kinds.contains(&RecordKind::Episode),
        Part::MonitoringPeriod => known.kinds.contains(&RecordKind::MonitoringPeriod),
        Part::CareRequest => known.kinds.contains(&RecordKind::CareRequest),
        Part::UnitDay | Part::Listing | Part::Inhabitant => false,
    };
    let without = measure.of.iter().filter(|part| !has(part));
    without
        .map(|part| {
            (
                "VN-REL-142",
                format!("asks for `{path}` of a {}, which has none", part.name()),
            )
        })
        .collect()
}

fn of_persons(measure: &Measure) -> Wrong {
    let without = measure.of.iter().filter(|part| !part.is_of_a_person());
    without
        .map(|part| {
            (
                "VN-REL-142",
                format!("asks for the person of a {}, which is of none", part.name()),
            )
        })
        .collect()
}

fn none_named(any: &[String]) -> Wrong {
    match any {
        [] => vec![("VN-REL-142", "has a condition that names no value".to_owned())],
        _ => Wrong::new(),
    }
}

fn in_order(days: Days) -> Wrong {
    match days.least <= days.most {
        true => Wrong::new(),
        false => vec![(
            "VN-REL-116",
            format!("asks for at least {} and at most {} days", days.least, days.most),
        )],
    }
}

fn has_system(found: &Findings<'_>, url: &str) -> bool {
    let own = found.source.code_systems.iter().any(|system| system.url == url);
    let mut bindings = found.source.head.bindings.iter();
    own || bindings.any(|binding| binding.system == url)
}
