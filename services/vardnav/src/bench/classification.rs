//! Classifying: the tables alone, and whole lines from bytes to bytes. Facts are those of a sample year.

use vardnav_classification::{FactSet, Grain};
use vardnav_interchange::classify_lines::{Classifier, InForce, Releases, read};
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::release::{self, starter};
use vardnav_register::record::{Body, Fact};

use super::{Budget, Figure, nanoseconds};
use crate::exit::{Failure, Outcome};
use crate::sample;

const LINES: usize = 3000;

/// Measures.
pub(crate) async fn measure() -> Outcome<Vec<Figure>> {
    let package = starter::package().map_err(Failure::failed)?;
    let release = release::compile(&package, &[]).map_err(|findings| {
        Failure::Failed(format!("the starter release has {} findings", findings.len()))
    })?;
    let in_force = InForce {
        from: release.from,
        id: &release.id,
        system: &release.description,
    };
    let releases = Releases::by_date([in_force]);
    let lines: Vec<Vec<u8>> = sample::generate(1, LINES)
        .filter_map(|line| contact_line(&line))
        .collect();
    let cases: Vec<(Grain, jiff::civil::Date, FactSet)> = lines
        .iter()
        .filter_map(|line| read(line, &releases).ok())
        .map(|(case, _)| (case.grain, case.date, case.facts))
        .collect();
    if cases.is_empty() {
        return Err(Failure::Failed(
            "the sample gave no line that can be classified".into(),
        ));
    }
    let classify = nanoseconds(&cases, |(grain, date, facts)| {
        release.description.classify(*grain, *date, facts)
    });
    let explain = nanoseconds(&cases, |(grain, date, facts)| {
        release.description.explain(*grain, *date, facts)
    });
    let mut classifier = Classifier::new(releases, false);
    let mut out = Vec::new();
    let line = nanoseconds(&lines, |line| {
        out.clear();
        classifier.answer(line, &mut out)
    });
    let at_most = |name: &str, value, most| Figure {
        name: name.into(),
        value,
        unit: "ns",
        baseline: None,
        budget: Some(Budget::AtMost(most)),
    };
    Ok(vec![
        at_most("classify in process, per contact", classify, 200.0),
        at_most("explain in process, per contact", explain, 2000.0),
        Figure {
            name: "classify lines, bytes to bytes, one core".into(),
            value: 1e9 / line,
            unit: "lines/s",
            baseline: None,
            budget: Some(Budget::AtLeast(200_000.0)),
        },
    ])
}

/// A contact of the sample as a line of facts.
fn contact_line(line: &str) -> Option<Vec<u8>> {
    let record = read_record(line.as_bytes()).ok()?.record;
    let Body::Contact(contact) = &record.body else {
        return None;
    };
    let mut facts: serde_json::Map<String, serde_json::Value> = record
        .facts
        .iter()
        .filter_map(|Fact { axis, values }| Some((axis.clone(), values.first()?.as_str().into())))
        .collect();
    facts.insert("profession".into(), contact.professions.clone().into());
    let value = serde_json::json!({"id": record.id, "of": "contact", "date": contact.date.to_string(), "facts": facts});
    serde_json::to_vec(&value).ok()
}
