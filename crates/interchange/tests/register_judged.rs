//! Records as lines, judged by the starter release: what is accepted, what is held and why, and what is derived.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::{Date, date};
use vardnav_classification::{DescriptionSystem, TableResult, facts::bits};
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::release::{self, starter};
use vardnav_register::derived::Derived;
use vardnav_register::outcome::assess;
use vardnav_register::record::{Fact, Principal, Principals};
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::{About, CareUnit, UnitVersion};
use vardnav_release::snapshot::Snapshot;

struct World {
    release: Snapshot,
    units: BTreeMap<String, CareUnit>,
    episodes: BTreeMap<String, EpisodeView>,
}

impl Surroundings for World {
    fn release_on(&self, on: Date) -> Option<ReleaseView<'_>> {
        (on >= self.release.from).then(|| self.release.view())
    }

    fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.units.get(hsa_id)
    }

    fn reporter_known(&self, reporter: &str) -> bool {
        reporter == "region-norr"
    }

    fn episode(&self, _: &str, id: &str) -> Option<&EpisodeView> {
        self.episodes.get(id)
    }
}

/// A unit of region 24 with facts `axis=value …`.
fn unit(hsa_id: &str, facts: &str) -> (String, CareUnit) {
    let facts = facts.split(' ').map(|fact| {
        let (axis, value) = fact.split_once('=').unwrap();
        Fact {
            axis: axis.into(),
            values: vec![value.into()],
        }
    });
    let region = vec![Principal::new("24")];
    let version = UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: hsa_id.into(),
        kind: "mobile-team".into(),
        provider: "2321000131".into(),
        reporters: vec!["region-norr".into()],
        principals: Principals {
            responsible: region.clone(),
            performing: region,
            ..Principals::default()
        },
        kommun: None,
        facts: facts.collect(),
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    };
    (
        hsa_id.to_owned(),
        CareUnit {
            hsa_id: hsa_id.into(),
            versions: vec![version],
        },
    )
}

fn world() -> World {
    let release = release::compile(&starter::package().unwrap(), &[]);
    World {
        release: release.unwrap_or_else(|findings| panic!("{} findings", findings.len())),
        units: BTreeMap::from([
            unit(
                "SE2321000131-SHH1",
                "origin=hospital level=specialised physician-access=round-the-clock-remote \
                 team-response=round-the-clock-within-limit principal-basis=by-law",
            ),
            unit(
                "SE2321000131-VC1",
                "origin=regional-primary-care level=primary principal-basis=by-law",
            ),
        ]),
        episodes: BTreeMap::new(),
    }
}

fn tables(derived: &Derived, system: &DescriptionSystem, answered: &mut String) {
    for part in &derived.parts {
        for ((index, table), result) in system.tables().zip(&part.tables) {
            let slot = system.slot_of(index).unwrap();
            let codes = |values: u64| {
                bits(values)
                    .map(|value| system.value_code(slot, value))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let said = match result {
                TableResult::NotApplicable => continue,
                TableResult::Value { value, rule } => {
                    format!(
                        "{} by {}",
                        system.value_code(slot, *value),
                        system.rule(index, *rule).unwrap().id
                    )
                }
                TableResult::Held { possible } => format!("held, possible: {}", codes(*possible)),
                TableResult::Collected { values, possible: 0 } => codes(*values),
                TableResult::Collected { values, possible } => {
                    format!("{} ({}?)", codes(*values), codes(*possible))
                }
            };
            writeln!(
                answered,
                "  {}{} = {}",
                prefixed(&part.part.path()),
                table.id,
                said.trim_start()
            )
            .unwrap();
        }
    }
}

fn prefixed(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("{path} ")
    }
}

/// 2026-11-22T00:00:00Z.
const RECEIVED: i64 = 1_795_305_600_000_000;

#[test]
fn records_are_judged_by_the_starter_release() {
    let cases = include_str!("register/judged.txt");
    let mut world = world();
    let mut answered = String::new();
    for line in cases.lines() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(answered, "{line}").unwrap();
        } else if !line.starts_with("  ") {
            let reported = read_record(line.as_bytes()).unwrap();
            let record = &reported.record;
            let judged = assess(record, &reported.reporter, RECEIVED, &world);
            writeln!(answered, "{line}\n  {}", judged.outcome.name()).unwrap();
            for finding in &judged.findings {
                writeln!(
                    answered,
                    "  {} {} {}",
                    finding.code, finding.path, finding.message
                )
                .unwrap();
            }
            let Some((_, derived)) = judged.accepted else {
                continue;
            };
            tables(&derived, &world.release.description, &mut answered);
            if let Some(view) = EpisodeView::of(record, None, &derived, |_| Some(&*world.release.description))
            {
                world.episodes.insert(record.id.clone(), view);
            }
        }
    }
    assert!(
        answered == cases,
        "the answers are other than stored:\n{answered}"
    );
}
