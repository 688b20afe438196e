//! Lines and their answers, kept as files: `tests/classification/*.in.ndjson` beside `*.out.ndjson`.
//! `BLESS=1` writes the answers anew, for a person to read through.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use vardnav_classification::DescriptionSystem;
use vardnav_interchange::classify_lines::{Classifier, InForce, Releases};
use vardnav_interchange::release::reading::Reading;
use vardnav_interchange::release::{description, starter};

fn starter() -> DescriptionSystem {
    let package = starter::package().unwrap();
    let mut reading = Reading::new(&package);
    DescriptionSystem::compile(description::read(&mut reading)).unwrap()
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
        let explain = input.to_string_lossy().contains("explain");
        let releases = Releases::by_date([InForce { from: date(2026, 1, 1), id: "2026.1", system: &system }]);
        let mut answers = Vec::new();
        let lines = fs::read(&input).unwrap();
        Classifier::new(releases, explain).answer_all(&mut lines.as_slice(), &mut answers).unwrap();
        let answers = String::from_utf8(answers).unwrap();
        let kept = PathBuf::from(input.to_string_lossy().replace(".in.ndjson", ".out.ndjson"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&kept, &answers).unwrap();
        }
        let expected = fs::read_to_string(&kept).unwrap();
        for (at, (answer, expected)) in answers.lines().zip(expected.lines()).enumerate() {
            assert_eq!(answer, expected, "{} line {}", input.display(), at + 1);
        }
        assert_eq!(answers.lines().count(), expected.lines().count(), "{}", input.display());
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
    assert!(answers.starts_with("{\"findings\":[{\"code\":\"VN-CLS-001\""), "{answers}");
    assert!(answers.lines().nth(1).unwrap().starts_with("{\"id\":\"b\",\"groups\":[]"), "{answers}");
}
