//! Records are judged and described as the release's data says.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::time::Instant;

use jiff::civil::date;
use support::*;
use vardnav_classification::TableResult;
use vardnav_register::definition::{RegisterDefinition, Severity};
use vardnav_register::derive::{Attributes, derive};
use vardnav_register::derived::{Derived, Part};
use vardnav_register::identity::{PersonKey, identify};
use vardnav_register::outcome::{Outcome, assess};
use vardnav_register::record::*;
use vardnav_register::surroundings::{EpisodeView, Surroundings};
use vardnav_register::validate::{other_person, validate};

/// `code path` of every finding.
fn found(record: &Record, world: &World) -> Vec<String> {
    validate(record, "region-norr", TODAY, world)
        .into_iter()
        .map(|f| format!("{} {}", f.code, f.path))
        .collect()
}

fn derived(record: &Record, world: &World) -> Derived {
    let identity = identify(&record.person, TODAY, &world.register.reserve_patterns).unwrap();
    derive(
        record,
        "region-norr",
        &Attributes::of(&record.person, &identity),
        world,
    )
}

fn with_episode(mut world: World) -> World {
    let record = episode();
    let derived = derived(&record, &world);
    let system = world.release_on(TODAY).unwrap().system;
    let view = EpisodeView::of(&record, Some(PersonKey([1; 16])), &derived, |_| Some(system)).unwrap();
    world.episodes.insert("e-1".into(), view);
    world
}

#[test]
fn what_is_right_has_no_findings() {
    let world = with_episode(world());
    for record in [contact(), episode(), monitoring_period()] {
        assert_eq!(found(&record, &world), Vec::<String>::new());
    }
}

type Change = fn(&mut Record);

fn on_contact(record: &mut Record) -> &mut Contact {
    match &mut record.body {
        Body::Contact(contact) => contact,
        _ => panic!("not a contact"),
    }
}

fn on_episode(record: &mut Record) -> &mut Episode {
    match &mut record.body {
        Body::Episode(episode) => episode,
        _ => panic!("not an episode"),
    }
}

#[test]
fn every_mechanism_finds_what_it_is_for() {
    let world = with_episode(world());
    let cases: &[(Change, &[&str])] = &[
        (|r| r.id = "a b".into(), &["VN-REG-007 id"]),
        (|r| r.id = "".into(), &["VN-REG-007 id"]),
        (|r| r.id = "x".repeat(65), &["VN-REG-007 id"]),
        (|r| r.id = "x-198211059954".into(), &["VN-REG-008 id"]),
        (|r| r.revision = 0, &["VN-REG-009 revision"]),
        (
            |r| r.person.identity = "1982-11-05".into(),
            &["VN-REG-012 person.number"],
        ),
        (
            |r| r.person.identity = "198213059954".into(),
            &["VN-REG-013 person.number"],
        ),
        (
            |r| r.person.identity = "198211059955".into(),
            &["VN-REG-014 person.number"],
        ),
        (
            |r| (r.person.identity_type, r.person.identity) = (IdentityType::Reserve, "abc".into()),
            &["VN-REG-015 person.number"],
        ),
        (
            |r| r.unit = Some("SE2321000131-198211059954".into()),
            &["VN-REG-016 unit", "VN-REG-022 unit"],
        ),
        (
            |r| on_contact(r).diagnoses[0].code = "821105-9954".into(),
            &["VN-REG-016 diagnoses[0].code", "VN-REG-027 diagnoses[0].code"],
        ),
        (
            |r| r.facts.push(fact("colour", &["red"])),
            &["VN-REG-017 facts[2]"],
        ),
        (
            |r| r.facts.push(fact("198211059954", &["red"])),
            &["VN-REG-016 facts[2]", "VN-REG-017 facts[2]"],
        ),
        (
            |r| r.facts[0] = fact("place", &["moon"]),
            &["VN-REG-018 facts.place"],
        ),
        (
            |r| r.facts[0] = fact("place", &["home", "ward"]),
            &["VN-REG-019 facts.place"],
        ),
        (|r| r.facts[0] = fact("place", &["unknown", "ward", ""]), &[]),
        (
            |r| r.facts.push(fact("age-group", &["0-17"])),
            &["VN-REG-020 facts.age-group"],
        ),
        (
            |r| r.facts.push(fact("form", &["at-home"])),
            &["VN-REG-020 facts.form"],
        ),
        (|r| r.unit = Some("unit 7".into()), &["VN-REG-021 unit"]),
        (|r| r.unit = Some("SE2321000131-X9".into()), &["VN-REG-022 unit"]),
        (|r| r.unit = Some(CLOSED_UNIT.into()), &["VN-REG-023 unit"]),
        (
            |r| r.principals.payer = vec![Principal::new("99")],
            &["VN-REG-025 principals.payer"],
        ),
        (|r| r.residence = Some("9999".into()), &["VN-REG-026 residence"]),
        (|r| r.residence = Some("01".into()), &["VN-REG-026 residence"]),
        (
            |r| on_contact(r).diagnoses[0].code = "X".into(),
            &["VN-REG-027 diagnoses[0].code"],
        ),
        (
            |r| on_contact(r).diagnoses[0].system = "x".into(),
            &["VN-REG-027 diagnoses[0].system"],
        ),
        (
            |r| on_contact(r).procedures.push(coding("icd", "U07.1")),
            &["VN-REG-028 procedures[0].code"],
        ),
        (
            |r| on_contact(r).procedures.push(coding("later", "A")),
            &["VN-REG-029 procedures[0].code"],
        ),
        (
            |r| on_contact(r).reason = Some(coding("icd", "000")),
            &["VN-REG-030 reason.code"],
        ),
        // A variable names the systems that its codings may be of; one without takes any.
        (
            |r| on_contact(r).diagnoses[0] = coding("geo", "0180"),
            &["VN-REG-027 diagnoses[0].system"],
        ),
        (|r| on_contact(r).reason = Some(coding("geo", "0180")), &[]),
        (
            |r| {
                r.principals.responsible = vec![Principal::new("0117")];
                (on_contact(r).date, on_contact(r).requested) = (date(2026, 8, 30), None);
            },
            &["VN-REG-028 principals.responsible"],
        ),
        (
            |r| (on_contact(r).date, on_contact(r).requested) = (date(2025, 12, 31), None),
            &["VN-REG-042 date", "VN-REG-031 date"],
        ),
        (|r| on_contact(r).date = date(2026, 11, 23), &["VN-REG-032 date"]),
        (
            |r| on_contact(r).requested = Some(date(2026, 9, 2)),
            &["VN-REG-033 requested"],
        ),
        (
            |r| (on_contact(r).date, on_contact(r).episode) = (date(2026, 9, 20), Some("e-1".into())),
            &["VN-REG-034 date"],
        ),
        (
            |r| on_contact(r).episode = Some("e-2".into()),
            &["VN-REG-037 episode"],
        ),
        (
            |r| on_contact(r).episode = Some("e 2".into()),
            &["VN-REG-007 episode", "VN-REG-037 episode"],
        ),
        (|r| r.person.protected = true, &["VN-REG-039 residence"]),
        (
            |r| r.person.identity = "18791221+9990".into(),
            &["VN-REG-040 date"],
        ),
        (
            |r| on_contact(r).professions[1] = "wizard".into(),
            &["VN-REG-043 professions[1]"],
        ),
        (
            |r| r.unit = Some("x".repeat(300)),
            &["VN-REG-044 unit", "VN-REG-021 unit"],
        ),
        (
            |r| on_contact(r).professions = vec!["physician".into(); 101],
            &["VN-REG-044 professions"],
        ),
        (|r| on_contact(r).professions.clear(), &["VN-REG-005 professions"]),
    ];
    for (at, (change, wanted)) in cases.iter().enumerate() {
        let mut record = contact();
        change(&mut record);
        assert_eq!(found(&record, &world), *wanted, "case {at}");
    }

    let cases: &[(Change, &[&str])] = &[
        (
            |r| on_episode(r).end = Some(date(2026, 9, 1)),
            &[
                "VN-REG-035 segments[0].start",
                "VN-REG-035 segments[0].end",
                "VN-REG-035 segments[1].start",
                "VN-REG-035 segments[1].end",
                "VN-REG-033 end",
            ],
        ),
        (|r| on_episode(r).segments.clear(), &["VN-REG-036 segments"]),
        (
            |r| on_episode(r).segments.swap(0, 1),
            &["VN-REG-035 segments[1].start"],
        ),
        (
            |r| on_episode(r).segments[0].end = Some(date(2026, 9, 11)),
            &["VN-REG-035 segments[1].start"],
        ),
        (
            |r| on_episode(r).segments[0].end = None,
            &["VN-REG-035 segments[0].end", "VN-REG-035 segments[1].start"],
        ),
        (
            |r| on_episode(r).segments[1].end = Some(date(2026, 9, 21)),
            &["VN-REG-035 segments[1].end"],
        ),
        (|r| on_episode(r).segments[1].start = date(2026, 9, 12), &[]),
        (
            |r| on_episode(r).segments[1].end = Some(date(2026, 9, 10)),
            &["VN-REG-033 segments[1].end"],
        ),
        (
            |r| on_episode(r).segments[1].facts.push(fact("mode", &["video"])),
            &["VN-REG-020 segments[1].facts.mode"],
        ),
        (
            |r| on_episode(r).segments[1].unit = Some(CLOSED_UNIT.into()),
            &["VN-REG-023 segments[1].unit"],
        ),
        (
            |r| on_episode(r).plans[0].until = Some(date(2026, 9, 10)),
            &["VN-REG-033 plans[0].until"],
        ),
        (
            |r| on_episode(r).plans[0].parties[1] = "821105-9954".into(),
            &["VN-REG-016 plans[0].parties[1]", "VN-REG-027 plans[0].parties[1]"],
        ),
        (
            |r| on_episode(r).plans[0].kind = "vow".into(),
            &["VN-REG-027 plans[0].kind"],
        ),
        // A plan is older than the episode: its kind is looked at from the episode's first date.
        (|r| on_episode(r).plans[0].from = date(2026, 8, 1), &[]),
        (
            |r| on_episode(r).decided_by = Some("oracle".into()),
            &["VN-REG-027 decided_by"],
        ),
        (
            |r| on_episode(r).end_mode = Some("vanished".into()),
            &["VN-REG-027 end_mode"],
        ),
        // Valid on the first date, not on the last.
        (
            |r| on_episode(r).end_mode = Some("moved".into()),
            &["VN-REG-028 end_mode"],
        ),
        (
            |r| (on_episode(r).end, on_episode(r).segments[1].end) = (None, None),
            &[],
        ),
    ];
    for (at, (change, wanted)) in cases.iter().enumerate() {
        let mut record = episode();
        change(&mut record);
        assert_eq!(found(&record, &world), *wanted, "episode case {at}");
    }

    let mut record = monitoring_period();
    if let Body::MonitoringPeriod(period) = &mut record.body {
        period.measures[1] = "mood".into();
    }
    assert_eq!(found(&record, &world), ["VN-REG-027 measures[1]"]);

    let reporters = |reporter: &str| -> Vec<String> {
        validate(&contact(), reporter, TODAY, &world)
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    };
    assert_eq!(reporters("nobody"), ["VN-REG-011", "VN-REG-024"]);
    let mut record = contact();
    on_contact(&mut record).episode = Some("e-1".into());
    assert_eq!(
        other_person(&record, "region-norr", PersonKey([1; 16]), &world),
        None
    );
    let finding = other_person(&record, "region-norr", PersonKey([2; 16]), &world).unwrap();
    assert_eq!(finding.code, "VN-REG-038");
}

#[test]
fn findings_show_shapes_only() {
    let mut record = contact();
    record.residence = Some("Storgatan 1".into());
    record.facts.push(fact("anna.svensson", &["x"]));
    on_contact(&mut record).diagnoses[0].code = "198211059954".into();
    for finding in validate(&record, "region-norr", TODAY, &world()) {
        let text = format!("{finding:?}");
        for secret in ["Storgatan", "anna", "1982"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn a_mechanism_without_a_check_does_not_fire_except_those_that_guard_identities() {
    let world = world_with(RegisterDefinition {
        geography_system: "geo".into(),
        variables: world().register.variables,
        legal_bases: world().register.legal_bases,
        ..RegisterDefinition::default()
    });
    let mut record = contact();
    record.residence = Some("9999".into());
    record.facts.push(fact("colour", &["red"]));
    on_contact(&mut record).professions.clear();
    assert_eq!(found(&record, &world), Vec::<String>::new());
    record.person.identity = "198211059955".into();
    on_contact(&mut record).diagnoses[0].code = "821105-9954".into();
    assert_eq!(
        found(&record, &world),
        ["VN-REG-016 diagnoses[0].code", "VN-REG-014 person.number"]
    );
}

#[test]
fn a_reserve_number_stands_nowhere_else_in_its_record() {
    let world = world();
    let mut record = contact();
    record.person.identity_type = IdentityType::Reserve;
    record.person.identity = "19820101-AB12".into();
    assert_eq!(found(&record, &world), Vec::<String>::new());
    record.id = "c-19820101ab12".into();
    on_contact(&mut record).diagnoses[0].code = "19820101-AB12".into();
    let wanted = [
        "VN-REG-008 id",
        "VN-REG-016 diagnoses[0].code",
        "VN-REG-027 diagnoses[0].code",
    ];
    assert_eq!(found(&record, &world), wanted);
}

#[test]
fn no_release_weakens_what_guards_identities() {
    let mut register = world().register;
    for check in &mut register.checks {
        check.severity = Severity::Warning;
    }
    let mut record = contact();
    record.id = "x-198211059954".into();
    let findings = validate(&record, "region-norr", TODAY, &world_with(register));
    assert_eq!(findings[0].severity, Severity::Error);
}

#[test]
fn a_check_applies_from_its_date() {
    let mut register = world().register;
    for check in &mut register.checks {
        check.from = Some(date(2026, 9, 2));
    }
    let world = world_with(register);
    let mut record = contact();
    record.residence = Some("9999".into());
    assert_eq!(found(&record, &world), Vec::<String>::new());
    on_contact(&mut record).date = date(2026, 9, 2);
    assert_eq!(found(&record, &world), ["VN-REG-026 residence"]);
}

/// `axis=values source` of everything known.
fn facts_of(derived: &Derived, part: usize, world: &World) -> Vec<String> {
    let system = world.release_on(TODAY).unwrap().system;
    let facts = &derived.parts[part].facts;
    let source = system.source();
    let ids = source
        .axes
        .iter()
        .map(|axis| &axis.id)
        .chain(source.tables.iter().map(|table| &table.id));
    ids.filter_map(|id| {
        let axis = system.axis(id)?;
        let source = facts.source(axis)?;
        let values: Vec<_> = vardnav_classification::facts::bits(facts.values(axis))
            .map(|v| system.value_code(axis, v))
            .collect();
        Some(format!("{id}={} {source:?}", values.join("+")))
    })
    .collect()
}

#[test]
fn facts_come_from_the_first_source_that_has_them() {
    let world = with_episode(world());
    assert_eq!(
        facts_of(&derived(&contact(), &world), 0, &world),
        [
            "place=home Record",
            "level=specialised Unit",
            "mode=in-person Record",
            "age-group=18-plus Derived",
            "principal=region Derived",
            "performer=licensed Derived",
            "profession=physician+assistant-nurse Derived",
        ]
    );

    let mut within = contact();
    on_contact(&mut within).episode = Some("e-1".into());
    within.facts.clear();
    within.principals = Principals::default();
    within.unit = None;
    on_contact(&mut within).professions.pop();
    assert_eq!(
        facts_of(&derived(&within, &world), 0, &world),
        [
            "place=ward Segment",
            "bed=hospital Segment",
            "level=primary Episode",
            "age-group=18-plus Derived",
            "principal=region Derived",
            "plan=no Derived",
            "performer=delegated Derived",
            "profession=assistant-nurse Derived",
            "form=elsewhere Segment",
        ]
    );

    let parts = derived(&episode(), &world);
    assert_eq!(parts.parts[1].part, Part::Segment(1));
    assert_eq!(
        facts_of(&parts, 1, &world),
        [
            "place=home Segment",
            "level=primary Episode",
            "age-group=18-plus Derived",
            "principal=region Derived",
            "plan=yes Derived",
        ]
    );
    assert_eq!(parts.parts[1].tables[0], TableResult::Value { value: 0, rule: 0 });
}

#[test]
fn facts_from_where_they_may_not_come_are_left_aside() {
    let mut world = world();
    let mut record = contact();
    record.facts = vec![
        fact("age-group", &["0-17"]),
        fact("place", &["home", "ward"]),
        fact("form", &["at-home"]),
    ];
    record.unit = None;
    world.episodes.clear();
    let known = facts_of(&derived(&record, &world), 0, &world);
    assert!(
        !known
            .iter()
            .any(|fact| fact.contains("Record") || fact.starts_with("form")),
        "{known:?}"
    );
}

#[test]
fn a_record_is_described_again_without_its_person() {
    let world = with_episode(world());
    for record in [contact(), episode(), monitoring_period()] {
        let before = derived(&record, &world);
        let withheld = Record {
            person: Person::withheld(),
            ..record
        };
        assert_eq!(
            derive(&withheld, "region-norr", &Attributes::before(&before), &world),
            before
        );
    }
}

#[test]
fn what_cannot_be_decided_is_held_and_says_what_is_missing() {
    let world = world();
    let mut record = contact();
    record.unit = None;
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert_eq!(assessment.outcome, Outcome::Held);
    let finding = &assessment.findings[0];
    assert_eq!(
        (finding.code.as_str(), finding.severity),
        ("VN-REG-041", Severity::Hold)
    );
    assert!(
        finding.message.contains("care-level") && finding.message.contains("missing level"),
        "{finding:?}"
    );
    assert!(assessment.accepted.is_some());
}

#[test]
fn contradictions_reject() {
    let world = world();
    let mut record = episode();
    on_episode(&mut record).segments[1]
        .facts
        .push(fact("bed", &["hospital"]));
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert_eq!(assessment.outcome, Outcome::Rejected);
    assert_eq!(assessment.findings[0].code, "VN-REG-201");
    assert_eq!(assessment.findings[0].path, "segments[1].facts");
    assert_eq!(assessment.accepted, None);
}

#[test]
fn contradictions_that_only_warn_do() {
    let world = world();
    let mut record = contact();
    record.principals.responsible = vec![Principal::new("0180")];
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert_eq!(assessment.outcome, Outcome::Accepted);
    let found: Vec<_> = assessment
        .findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.severity, finding.path.as_str()))
        .collect();
    assert_eq!(found, [("VN-REG-301", Severity::Warning, "facts")]);

    // Without a value that a table decides nothing is known to contradict.
    record.unit = None;
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert!(
        assessment
            .findings
            .iter()
            .all(|finding| finding.code != "VN-REG-301")
    );
    record.unit = Some(UNIT.into());
    on_contact(&mut record).professions = vec!["assistant-nurse".into()];
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert_eq!(assessment.findings, []);
}

#[test]
fn protected_persons_have_no_residence() {
    let world = world();
    let mut record = contact();
    record.person.protected = true;
    record.residence = None;
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert_eq!(assessment.outcome, Outcome::Accepted);
    assert_eq!(assessment.accepted.unwrap().1.residence, None);
}

/// Prints what a clean record costs; run with `--release -- --nocapture` for figures that mean something.
#[test]
fn costs_are_shown() {
    let world = with_episode(world());
    for record in [contact(), episode(), monitoring_period()] {
        let rounds = 2_000;
        let start = Instant::now();
        for _ in 0..rounds {
            assert!(validate(std::hint::black_box(&record), "region-norr", TODAY, &world).is_empty());
        }
        let validated = start.elapsed() / rounds;
        let start = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(derived(std::hint::black_box(&record), &world));
        }
        println!(
            "{:?}: validate {validated:?}, derive {:?}",
            record.kind(),
            start.elapsed() / rounds
        );
    }
}
