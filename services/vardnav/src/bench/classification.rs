//! Classifying: the tables alone, with the reasons, with what would lead elsewhere, beside other variants, whole lines
//! from bytes to bytes and cases over gRPC. Facts are those of a sample year. And proving:
//! a made-up table of the size that must be decided in a second, and the starter release.

mod streamed;

use std::time::Instant;

use jiff::civil::date;
use vardnav_classification::compare::{Side, compare};
use vardnav_classification::model::VariantRef;
use vardnav_classification::synthetic::{self, Shape};
use vardnav_classification::{DescriptionSystem, FactSet, Grain, verify};
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
    let segments: Vec<(Grain, jiff::civil::Date, FactSet)> = sample::generate(1, LINES)
        .flat_map(|line| segment_lines(&line))
        .filter_map(|line| {
            let (case, _) = read(&line, &releases).ok()?;
            Some((case.grain, case.date, case.facts))
        })
        .collect();
    let classify_segments = nanoseconds(&segments, |(grain, date, facts)| {
        release.description.classify(*grain, *date, facts)
    });
    let elsewhere = elsewhere(&release.description, &cases)?;
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
    let mut figures = vec![
        at_most("classify in process, per contact", classify, 200.0),
        at_most("classify in process, per segment", classify_segments, 200.0),
        at_most("explain in process, per contact", explain, 2000.0),
        Figure {
            name: "classify lines, bytes to bytes, one core".into(),
            value: 1e9 / line,
            unit: "lines/s",
            baseline: None,
            budget: Some(Budget::AtLeast(200_000.0)),
        },
    ];
    figures.extend(elsewhere);
    figures.extend(streamed::measure(&lines).await?);
    figures.extend(proofs(&release.description, release.from)?);
    Ok(figures)
}

/// What it costs to tell what would lead elsewhere, to decide under other variants, and to compare both.
fn elsewhere(
    system: &DescriptionSystem,
    cases: &[(Grain, jiff::civil::Date, FactSet)],
) -> Outcome<Vec<Figure>> {
    let points = system.source().points.iter();
    let last: Vec<VariantRef> = points
        .filter_map(|point| {
            Some(VariantRef {
                point: point.id.clone(),
                name: point.variants.last()?.clone(),
            })
        })
        .collect();
    let began = Instant::now();
    let chosen = DescriptionSystem::compile_with(system.source().clone(), &last)
        .map_err(|problems| Failure::Failed(format!("the variants give {} problems", problems.len())))?;
    let compiled = began.elapsed().as_nanos() as f64;
    let under_others = nanoseconds(cases, |(grain, date, facts)| {
        chosen.classify(*grain, *date, facts)
    });
    let compared = nanoseconds(cases, |(grain, date, facts)| {
        let side = |system| Side {
            system,
            facts: *facts,
        };
        compare(*grain, *date, side(system), side(&chosen))
    });
    let led = nanoseconds(cases, |(grain, date, facts)| {
        system.counterfactuals(*grain, *date, facts)
    });
    let figure = |name: &str, value, budget| Figure {
        name: name.into(),
        value,
        unit: "ns",
        baseline: None,
        budget,
    };
    let budget = Some(Budget::AtMost(200.0));
    Ok(vec![
        figure(
            "classify in process under other variants, per contact",
            under_others,
            budget,
        ),
        figure("compile the starter release under other variants", compiled, None),
        figure(
            "compare two choices of variants in process, per contact",
            compared,
            None,
        ),
        figure("counterfactuals of all tables in process, per contact", led, None),
    ])
}

/// How long the proofs take: of a table of 25 axes and 500 rules, without a gap and with one, and of a release.
fn proofs(starter: &DescriptionSystem, from: jiff::civil::Date) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut figure = |name: &str, began: Instant, budget| {
        figures.push(Figure {
            name: name.into(),
            value: began.elapsed().as_secs_f64() * 1000.0,
            unit: "ms",
            baseline: None,
            budget,
        });
    };
    let second = Some(Budget::AtMost(1000.0));
    for gap in [false, true] {
        let shape = Shape {
            axes: 25,
            rules: 500,
            gap,
            seed: 7,
        };
        let system = DescriptionSystem::compile(synthetic::system(shape)).map_err(|problems| {
            Failure::Failed(format!("the made-up system has {} problems", problems.len()))
        })?;
        let unsettled = DescriptionSystem::compile(synthetic::unsettled(shape, 6)).map_err(|problems| {
            Failure::Failed(format!("the made-up system has {} problems", problems.len()))
        })?;
        let with = if gap { "with a gap" } else { "without a gap" };
        let began = Instant::now();
        std::hint::black_box(system.prove(date(2026, 1, 1)));
        figure(&format!("prove 25 axes × 500 rules, {with}"), began, second);
        let began = Instant::now();
        std::hint::black_box(unsettled.prove_variants(date(2026, 1, 1)));
        figure(
            &format!("prove six variants not taken of 25 axes × 500 rules, {with}"),
            began,
            second,
        );
        let began = Instant::now();
        std::hint::black_box(verify::report(&system, date(2026, 1, 1)));
        figure(
            &format!("all the proofs tell of 25 axes × 500 rules, {with}"),
            began,
            second,
        );
    }
    let began = Instant::now();
    std::hint::black_box(starter.prove(from));
    figure("prove the starter release", began, second);
    let began = Instant::now();
    std::hint::black_box(verify::report(starter, from));
    figure("all the proofs tell of the starter release", began, None);
    Ok(figures)
}

/// The segments of an episode of the sample as lines of facts.
fn segment_lines(line: &str) -> Vec<Vec<u8>> {
    let Ok(reported) = read_record(line.as_bytes()) else {
        return Vec::new();
    };
    let record = reported.record;
    let Body::Episode(episode) = &record.body else {
        return Vec::new();
    };
    let lines = episode.segments.iter().filter_map(|segment| {
        let facts = record.facts.iter().chain(&segment.facts);
        let facts: serde_json::Map<String, serde_json::Value> = facts
            .filter_map(|Fact { axis, values }| Some((axis.clone(), values.first()?.as_str().into())))
            .collect();
        let value = serde_json::json!({"id": record.id, "of": "segment", "date": segment.start.to_string(), "facts": facts});
        serde_json::to_vec(&value).ok()
    });
    lines.collect()
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
