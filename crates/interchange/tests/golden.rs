//! The golden corpus: lines of facts over several releases with their answers, kept as files in
//! `tests/classification/golden`. Whatever becomes of the program, the same facts under the same release give the same
//! bytes. `BLESS=1` writes the answers anew, for a person to read through what differs.
//!
//! The lines were made once, from the tables (conformance cases) and by seeded chance, by the ignored test below.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::PathBuf;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde::Deserialize;
use vardnav_classification::{DescriptionSystem, Grain};
use vardnav_interchange::classify_lines::{Classifier, Releases, conformance};
use vardnav_interchange::release::reading::Reading;
use vardnav_interchange::release::{description, starter, tables};
use vardnav_release::package::Package;

const FROM: Date = date(2026, 1, 1);

/// How many lines there are of each release at least.
const LINES: usize = 520;

#[derive(Deserialize)]
struct Corpus {
    release: Vec<Release>,
}

#[derive(Deserialize)]
struct Release {
    id: String,
    #[serde(default)]
    change: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    file: String,
    find: String,
    replace: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/classification/golden")
}

fn corpus() -> Vec<Release> {
    let text = fs::read_to_string(folder().join("releases.toml")).unwrap();
    toml::from_str::<Corpus>(&text).unwrap().release
}

fn system(release: &Release) -> DescriptionSystem {
    let package = starter::package().unwrap();
    let mut files: Vec<(String, Vec<u8>)> = package
        .files()
        .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
        .collect();
    for change in &release.change {
        let (_, bytes) = files.iter_mut().find(|(path, _)| *path == change.file).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(&change.find), "{}: {}", release.id, change.find);
        *bytes = text.replacen(&change.find, &change.replace, 1).into_bytes();
    }
    let package = Package::new(files).unwrap();
    let mut reading = Reading::new(&package);
    let source = description::read(&mut reading);
    assert_eq!(reading.findings, []);
    DescriptionSystem::compile(source).unwrap()
}

fn answers(release: &Release, system: &DescriptionSystem, lines: &[u8]) -> Vec<u8> {
    let mut answers = Vec::new();
    Classifier::new(Releases::named(&release.id, system), false)
        .answer_all(&mut &lines[..], &mut answers)
        .unwrap();
    answers
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let mut total = 0;
    for release in corpus() {
        let system = system(&release);
        let lines = fs::read(folder().join(format!("{}.in.ndjson", release.id))).unwrap();
        let given = answers(&release, &system, &lines);
        assert_eq!(given, answers(&release, &system, &lines));
        let kept = folder().join(format!("{}.out.ndjson", release.id));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&kept, &given).unwrap();
        }
        let given = String::from_utf8(given).unwrap();
        let expected = fs::read_to_string(&kept).unwrap();
        for (at, (given, expected)) in given.lines().zip(expected.lines()).enumerate() {
            assert_eq!(given, expected, "{} line {}", release.id, at + 1);
        }
        assert_eq!(given, expected, "{}", release.id);
        assert!(!given.contains("\"findings\""), "{}", release.id);
        total += given.lines().count();
    }
    assert!(total >= 2000, "{total}");
}

/// The cases that a server is held against are the same each time they are made, and all of them are answered.
#[test]
fn conformance_cases_are_the_same_each_time() {
    for release in corpus() {
        let system = system(&release);
        let made = conformance(&system, &release.id, FROM);
        assert!(!made.more && made.count > 250, "{}", made.count);
        assert_eq!(made, conformance(&system, &release.id, FROM));
        assert_eq!(made.answers, answers(&release, &system, &made.lines));
        assert!(!String::from_utf8(made.answers).unwrap().contains("\"findings\""));
    }
}

/// Made once; run it with `--ignored` only to make another corpus.
#[test]
#[ignore = "writes the lines of the corpus anew"]
fn make() {
    for (release, seed) in corpus().iter().zip(1..) {
        let system = system(release);
        let made = conformance(&system, &release.id, FROM);
        let mut lines = made.lines;
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ seed);
        for at in made.count..LINES.max(made.count + 100) {
            lines.extend(drawn(&system, &mut chance, at));
        }
        let given = answers(release, &system, &lines);
        fs::write(folder().join(format!("{}.in.ndjson", release.id)), &lines).unwrap();
        fs::write(folder().join(format!("{}.out.ndjson", release.id)), given).unwrap();
    }
}

/// A line with facts drawn: from hardly any to nearly all.
fn drawn(system: &DescriptionSystem, chance: &mut Chance, at: usize) -> Vec<u8> {
    let grain = [
        Grain::Contact,
        Grain::Contact,
        Grain::Segment,
        Grain::MonitoringPeriod,
    ][chance.below(4)];
    let date = FROM
        .checked_add(i64::try_from(chance.below(700)).unwrap().days())
        .unwrap();
    let mut facts = serde_json::Map::new();
    let stated = 2 + chance.below(9);
    let tables = system
        .source()
        .tables
        .iter()
        .map(|table| (&table.id, &table.values, false));
    let axes = system
        .source()
        .axes
        .iter()
        .map(|axis| (&axis.id, &axis.values, axis.multiple));
    for (id, values, multiple) in axes.chain(tables) {
        if chance.below(10) >= stated || !system.takes_fact(system.axis(id).unwrap(), grain) {
            continue;
        }
        let mut draw = |_| values[chance.below(values.len())].code.clone();
        let value = if multiple {
            let mut several: Vec<String> = (0..3).map(&mut draw).collect();
            several.sort();
            several.dedup();
            several.truncate(1 + chance.below(3));
            several.into()
        } else {
            draw(0).into()
        };
        let unknown = chance.below(40) == 0;
        facts.insert(id.clone(), if unknown { "unknown".into() } else { value });
    }
    let line = serde_json::json!({
        "id": format!("drawn-{at}"), "of": tables::grain_name(grain), "date": date.to_string(), "facts": facts,
    });
    let mut line = serde_json::to_vec(&line).unwrap();
    line.push(b'\n');
    line
}

/// Numbers that look drawn (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit
    }
}
