//! What the sample promises.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use super::*;

fn good_lines(count: usize) -> Vec<Value> {
    generate(7, count)
        .enumerate()
        .filter(|(index, _)| (index + 1) % FAULT_EVERY != FAULT_AT)
        .map(|(_, line)| serde_json::from_str(&line).unwrap())
        .collect()
}

fn text<'a>(record: &'a Value, path: &str) -> &'a str {
    record.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn the_same_seed_gives_the_same_lines() {
    let lines: Vec<String> = generate(1, 500).collect();
    assert_eq!(lines, generate(1, 500).collect::<Vec<_>>());
    assert_ne!(lines, generate(2, 500).collect::<Vec<_>>());
    assert_eq!(
        lines[..200],
        generate(1, 200).collect::<Vec<_>>()[..],
        "a shorter sample is a beginning of a longer one"
    );
    assert_eq!(lines.len(), 500);
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn three_thousand_lines_are_a_year_of_many_people_places_and_reporters() {
    let lines = good_lines(3_000);
    let distinct = |path: &str| {
        lines
            .iter()
            .map(|line| text(line, path).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let people = distinct("/person/number").len();
    assert!(people > 1_000, "{people} persons");
    assert!(distinct("/residence").len() > 150);
    assert!(distinct("/reporter").len() >= 30);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &lines {
        *kinds.entry(text(line, "/kind")).or_default() += 1;
    }
    println!(
        "{people} persons, {kinds:?}, reporters {}",
        distinct("/reporter").len()
    );
    assert!(
        kinds["episode"] > 300
            && kinds["contact"] > 1_500
            && kinds["monitoring-period"] > 40
            && kinds["care-request"] > 50,
        "{kinds:?}"
    );
}

#[test]
fn good_records_name_known_units_and_reporters_on_dates_that_are_open() {
    let units = units();
    let reporters: BTreeSet<String> = reporters().into_iter().map(|reporter| reporter.id).collect();
    assert!(reporters.len() >= 8);
    let mut episodes: BTreeMap<(String, String), Value> = BTreeMap::new();
    for line in good_lines(4_000) {
        let reporter = text(&line, "/reporter").to_owned();
        assert!(reporters.contains(&reporter), "{line}");
        let date: Date = ["/date", "/start"]
            .iter()
            .find_map(|path| text(&line, path).parse().ok())
            .unwrap_or_else(|| panic!("{line}"));
        assert!((Date::constant(2026, 1, 1)..=LAST_DATE).contains(&date), "{line}");
        let unit = units
            .iter()
            .find(|unit| unit.hsa_id == text(&line, "/unit"))
            .unwrap_or_else(|| panic!("{line}"));
        assert!(
            unit.on(date)
                .is_some_and(|version| version.reporters.contains(&reporter)),
            "{line}"
        );
        if text(&line, "/kind") == "episode" {
            episodes.insert((reporter, text(&line, "/id").to_owned()), line);
        } else if !text(&line, "/episode").is_empty() {
            let episode = &episodes[&(reporter, text(&line, "/episode").to_owned())];
            assert_eq!(episode["person"], line["person"], "{line}");
            assert!(text(episode, "/start") <= text(&line, "/date"), "{line}");
            assert!(
                text(episode, "/end").is_empty() || text(&line, "/date") < text(episode, "/end"),
                "{line}"
            );
        }
    }
}

#[test]
fn segments_follow_each_other_to_the_end_of_their_episode() {
    for episode in good_lines(3_000)
        .iter()
        .filter(|line| text(line, "/kind") == "episode")
    {
        let segments = episode["segments"].as_array().unwrap();
        let mut from = text(episode, "/start");
        for segment in segments {
            assert_eq!(text(segment, "/start"), from, "{episode}");
            from = text(segment, "/end");
            assert!(from.is_empty() || from > text(segment, "/start"), "{episode}");
        }
        assert_eq!(text(episode, "/end"), from, "{episode}");
        assert!(from <= "2026-12-31");
    }
}

#[test]
fn every_kind_of_fault_appears_and_changes_something() {
    let lines: Vec<String> = generate(3, FAULT_EVERY * (faults::KINDS + 2)).collect();
    let bad: Vec<&String> = lines
        .iter()
        .skip(FAULT_AT - 1)
        .step_by(FAULT_EVERY)
        .take(faults::KINDS)
        .collect();
    assert_eq!(bad.iter().collect::<BTreeSet<_>>().len(), faults::KINDS);
    for line in bad.iter().skip(1) {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

#[test]
fn a_sample_until_a_date_has_no_later_care() {
    let last = Date::constant(2026, 6, 30);
    for (index, line) in generate_until(5, 1_000, last).enumerate() {
        if (index + 1) % FAULT_EVERY != FAULT_AT {
            let line: Value = serde_json::from_str(&line).unwrap();
            for path in ["/date", "/start", "/end"] {
                assert!(text(&line, path) <= "2026-06-30", "{line}");
            }
        }
    }
}

#[test]
fn some_visits_of_psychiatry_wait_for_their_place() {
    let visits: Vec<Value> = good_lines(3_000)
        .into_iter()
        .filter(|line| {
            text(line, "/facts/contact-mode") == "in-person" && text(line, "/unit").contains("PS1")
        })
        .collect();
    let without = visits
        .iter()
        .filter(|line| line.pointer("/facts/place").is_none())
        .count();
    assert!(
        without > 0 && without * 4 < visits.len(),
        "{without} of {}",
        visits.len()
    );
}
