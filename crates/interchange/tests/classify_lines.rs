//! Lines and their answers, kept as files: `tests/classification/*.in.ndjson` beside `*.out.ndjson`.
//! A name with `explain` asks for the reasons, one with `counterfactuals` for what would lead elsewhere; one with
//! `+U4=name` in it is answered under that variant, and one with `compare` under the release's own variants beside those.
//! `BLESS=1` writes the answers anew, for a person to read through.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::{HitPolicy, Rule};
use vardnav_interchange::classify_lines::{
    Answer, Classifier, ComparedBy, Comparer, InForce, Releases, TableAnswer,
};
use vardnav_interchange::release::reading::Reading;
use vardnav_interchange::release::{description, starter};

fn starter() -> DescriptionSystem {
    let package = starter::package().unwrap();
    let mut reading = Reading::new(&package);
    DescriptionSystem::compile(description::read(&mut reading)).unwrap()
}

/// The variants that a file name asks for, as `point:variant`.
fn variants(input: &Path) -> Vec<String> {
    let name = input
        .file_name()
        .unwrap()
        .to_string_lossy()
        .replace(".in.ndjson", "");
    name.split('+')
        .skip(1)
        .map(|part| part.replace('=', ":"))
        .collect()
}

/// The starter's tables under some variants.
fn under(system: &DescriptionSystem, variants: &[String]) -> DescriptionSystem {
    let choices = system
        .source()
        .choices(variants.iter().map(String::as_str))
        .unwrap();
    DescriptionSystem::compile_with(system.source().clone(), &choices).unwrap()
}

fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/classification");
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".in.ndjson"))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn answers_are_as_kept() {
    let system = starter();
    for input in inputs() {
        let name = input.file_name().unwrap().to_string_lossy();
        let variants = variants(&input);
        let chosen = under(&system, &variants);
        let releases = |system| {
            Releases::by_date([InForce {
                from: date(2026, 1, 1),
                id: "2026.1",
                system,
            }])
        };
        let mut answers = Vec::new();
        let lines = fs::read(&input).unwrap();
        if name.contains("compare") {
            let side = |system, variants| ComparedBy {
                releases: releases(system),
                variants,
            };
            let comparer = Comparer {
                one: side(&system, Vec::new()),
                other: side(&chosen, variants),
            };
            comparer.answer_all(&mut lines.as_slice(), &mut answers).unwrap();
        } else {
            let mut classifier = Classifier::new(releases(&chosen), name.contains("explain")).under(variants);
            if name.contains("counterfactuals") {
                classifier = classifier.with_counterfactuals();
            }
            classifier
                .answer_all(&mut lines.as_slice(), &mut answers)
                .unwrap();
        }
        let answers = String::from_utf8(answers).unwrap();
        let kept = PathBuf::from(input.to_string_lossy().replace(".in.ndjson", ".out.ndjson"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&kept, &answers).unwrap();
        }
        let expected = fs::read_to_string(&kept).unwrap();
        for (at, (answer, expected)) in answers.lines().zip(expected.lines()).enumerate() {
            assert_eq!(answer, expected, "{} line {}", input.display(), at + 1);
        }
        assert_eq!(
            answers.lines().count(),
            expected.lines().count(),
            "{}",
            input.display()
        );
    }
}

/// An answer decided elsewhere is written as one decided here.
#[test]
fn answers_from_elsewhere_have_the_same_form() {
    let system = starter();
    for input in inputs() {
        let kept = fs::read_to_string(input.to_string_lossy().replace(".in.ndjson", ".out.ndjson")).unwrap();
        for line in kept.lines() {
            let expected: serde_json::Value = serde_json::from_str(line).unwrap();
            if expected.get("findings").is_some() || expected.get("differs").is_some() {
                continue;
            }
            let mut written = Vec::new();
            answer(&system, &expected).write(&mut written);
            let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
            assert_eq!(written, expected);
        }
    }
}

fn answer(system: &DescriptionSystem, line: &serde_json::Value) -> Answer {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let list = |value: &serde_json::Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
    let mut tables = Vec::new();
    for (_, table) in system.tables() {
        let open = line["undetermined"].get(&table.id);
        let possible = open.into_iter().flat_map(|open| open.as_object().unwrap());
        let value = line.get(table.id.replace('-', "_"));
        if value.is_none() && open.is_none() {
            continue;
        }
        let collects = table.hit_policy == HitPolicy::Collect;
        tables.push(TableAnswer {
            table: table.id.clone(),
            collects,
            values: value
                .map(|value| if collects { list(value) } else { vec![text(value)] })
                .unwrap_or_default(),
            rule: line["rules"].get(&table.id).map(text),
            held: !collects && value.is_none(),
            possible: possible
                .map(|(value, missing)| (value.clone(), list(missing)))
                .collect(),
        });
    }
    let further = ["variants", "explanation", "counterfactuals"]
        .into_iter()
        .filter_map(|name| Some((name, line.get(name)?.clone())));
    Answer {
        id: text(&line["id"]),
        tables,
        release: text(&line["release"]),
        further: further.collect(),
    }
}

#[test]
fn a_line_beyond_the_limit_is_answered_and_the_rest_goes_on() {
    let system = starter();
    let mut lines = vec![b'x'; 3_000_000];
    lines.extend(b"\n{\"id\":\"b\",\"of\":\"contact\",\"date\":\"2026-09-01\",\"facts\":{}}");
    let mut answers = Vec::new();
    let counts = Classifier::new(Releases::named("2026.1", &system), false)
        .answer_all(&mut lines.as_slice(), &mut answers)
        .unwrap();
    assert_eq!((counts.lines, counts.with_findings), (2, 1));
    let answers = String::from_utf8(answers).unwrap();
    assert!(
        answers.starts_with("{\"findings\":[{\"code\":\"VN-CLS-001\""),
        "{answers}"
    );
    assert!(
        answers
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("{\"id\":\"b\",\"groups\":[]"),
        "{answers}"
    );
}

/// A fact that only one side knows is left out on the other, which says so; both are decided.
#[test]
fn what_one_side_does_not_know_is_a_finding_of_that_side() {
    let system = starter();
    let mut source = system.source().clone();
    source.axes.retain(|axis| axis.id != "care-intent");
    for table in &mut source.tables {
        let reads = |rule: &Rule| {
            rule.alternatives
                .iter()
                .flatten()
                .any(|one| one.axis == "care-intent")
        };
        table.rules.retain(|rule| !reads(rule));
    }
    let older = DescriptionSystem::compile(source).unwrap();
    let side = |id, system| ComparedBy {
        releases: Releases::named(id, system),
        variants: Vec::new(),
    };
    let comparer = Comparer {
        one: side("older", &older),
        other: side("2026.1", &system),
    };
    let line = r#"{"id":"a","of":"segment","date":"2026-09-01","facts":{"care-intent":"general-palliative","age-group":"80-plus"}}"#;
    let mut out = Vec::new();
    assert!(!comparer.answer(line.as_bytes(), &mut out));
    let answer: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(answer["one"]["findings"][0]["code"], "VN-CLS-009");
    assert!(answer["other"].get("findings").is_none());
    let tables = answer["tables"].as_array().unwrap();
    let groups = tables.iter().find(|table| table["table"] == "groups").unwrap();
    assert_eq!(groups["other"]["values"], serde_json::json!(["palliative-care"]));
    assert_eq!(groups["rules"][0]["rule"], "G70");
    assert_eq!(groups["rules"][0]["change"], "added");
    assert_eq!(groups["rules"][0]["decides"], true);
}
