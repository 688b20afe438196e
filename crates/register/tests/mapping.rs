//! Facts from codes: maps answer in their order and on their dates, stated facts win, contradictions settle nothing,
//! every mapped fact names its map and code.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

#[expect(dead_code, reason = "this test needs a part of the sample world")]
mod support;

use std::sync::Arc;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use support::*;
use vardnav_classification::FactSource;
use vardnav_classification::facts::bits;
use vardnav_register::derived::{Derived, PartDerived};
use vardnav_register::mapping::*;
use vardnav_register::outcome::{Outcome, assess};
use vardnav_register::record::*;
use vardnav_register::surroundings::{EpisodeView, Surroundings};
use vardnav_terminology::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, Unmapped, Validity,
};

const LOCAL: &str = "urn:local:visit";

fn row(code: &str, axis: &str, value: &str) -> MapRow {
    MapRow {
        system: LOCAL.into(),
        code: code.into(),
        axis: axis.into(),
        value: value.into(),
        relationship: MapRelationship::Equivalent,
        ..MapRow::default()
    }
}

fn map(url: &str, version: &str, rows: Vec<MapRow>) -> Arc<CodeMap> {
    let source = MapSource {
        url: url.into(),
        version: version.into(),
        title: String::new(),
        rows,
    };
    Arc::new(CodeMap::compile(&source))
}

fn own(version: &str, from: Date, rows: Vec<MapRow>) -> DatedMap {
    DatedMap {
        url: "own".into(),
        from,
        map: map("own", version, rows),
    }
}

/// A contact on 2026-09-01 that states codes alone.
fn coded(codes: &[&str]) -> Record {
    Record {
        facts: Vec::new(),
        codes: codes.iter().map(|code| coding(LOCAL, code)).collect(),
        unit: None,
        ..contact()
    }
}

fn judged(record: &Record, world: &World) -> (Derived, Vec<(String, String)>) {
    let assessment = assess(record, "region-norr", RECEIVED, world);
    assert_ne!(assessment.outcome, Outcome::Rejected, "{:?}", assessment.findings);
    let found = assessment.findings.iter().filter(|finding| {
        let code = finding.code.as_str();
        ("VN-REG-045"..="VN-REG-048").contains(&code)
    });
    let found = found
        .map(|finding| (finding.code.clone(), finding.path.clone()))
        .collect();
    (assessment.accepted.unwrap().1, found)
}

/// The values of an axis with their source and the maps and codes that gave them.
fn said(part: &PartDerived, axis: &str, world: &World) -> Option<(Vec<String>, FactSource, Vec<String>)> {
    let system = world.release_on(TODAY).unwrap().system;
    let slot = system.axis(axis).unwrap();
    let values = bits(part.facts.values(slot));
    let values = values
        .map(|value| system.value_code(slot, value).to_owned())
        .collect();
    let from = part.mapped.iter().filter(|from| from.axis == slot);
    let from = from.map(|from| format!("{} {}", from.path, from.map)).collect();
    Some((values, part.facts.source(slot)?, from))
}

fn mapped(values: &[&str], from: &[&str]) -> Option<(Vec<String>, FactSource, Vec<String>)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Some((texts(values), FactSource::Mapped, texts(from)))
}

#[test]
fn a_code_sets_several_axes_and_each_names_map_and_code() {
    let mut world = world();
    world.own_maps = ReporterMaps::new(vec![own(
        "1",
        date(2026, 1, 1),
        vec![row("H", "place", "home"), row("H", "mode", "in-person")],
    )]);
    let (derived, found) = judged(&coded(&["H"]), &world);
    let part = &derived.parts[0];
    assert_eq!(
        said(part, "place", &world),
        mapped(&["home"], &["codes[0] own|1"])
    );
    assert_eq!(
        said(part, "mode", &world),
        mapped(&["in-person"], &["codes[0] own|1"])
    );
    assert_eq!(found, []);
    let bytes = derived
        .encode(vardnav_register::identity::PersonKey([1; 16]), 3)
        .unwrap();
    assert_eq!(Derived::decode(&bytes, 3).unwrap().1, derived);

    // What is stated wins, and then no code is named for it.
    let mut stated = coded(&["H"]);
    stated.facts = vec![fact("place", &["ward"])];
    let (derived, _) = judged(&stated, &world);
    let (values, source, from) = said(&derived.parts[0], "place", &world).unwrap();
    assert_eq!((values, source), (vec!["ward".to_owned()], FactSource::Record));
    assert_eq!(from, Vec::<String>::new());
}

#[test]
fn only_what_a_code_settles_becomes_a_fact() {
    let relationships = [
        (MapRelationship::Equivalent, true),
        (MapRelationship::SourceIsNarrowerThanTarget, true),
        (MapRelationship::SourceIsBroaderThanTarget, false),
        (MapRelationship::RelatedTo, false),
        (MapRelationship::NotRelatedTo, false),
    ];
    for (relationship, sets) in relationships {
        let mut world = world();
        let row = MapRow {
            relationship,
            ..row("H", "place", "home")
        };
        world.maps = vec![map("national", "1", vec![row])];
        let (derived, found) = judged(&coded(&["H"]), &world);
        let fact = said(&derived.parts[0], "place", &world);
        assert_eq!(fact.is_some(), sets, "{relationship:?}");
        assert_eq!(found, [], "the map knows the code");
    }
}

#[test]
fn the_reporters_maps_are_asked_first_and_on_their_dates() {
    let mut world = world();
    world.maps = vec![map(
        "national",
        "1",
        vec![
            row("H", "place", "ward"),
            row("N", "place", "clinic"),
            row("H", "mode", "video"),
        ],
    )];
    world.own_maps = ReporterMaps::new(vec![
        own("3", date(2026, 10, 1), vec![row("H", "place", "ward")]),
        own("1", date(2026, 2, 1), vec![row("H", "place", "clinic")]),
        own("2", date(2026, 2, 1), vec![row("H", "place", "home")]),
    ]);
    let (derived, found) = judged(&coded(&["H"]), &world);
    assert_eq!(
        said(&derived.parts[0], "place", &world),
        mapped(&["home"], &["codes[0] own|2"])
    );
    // The release is not asked about a code that the reporter's own map knows.
    assert_eq!(said(&derived.parts[0], "mode", &world), None);
    assert_eq!(found, []);
    let (derived, _) = judged(&coded(&["N"]), &world);
    assert_eq!(
        said(&derived.parts[0], "place", &world),
        mapped(&["clinic"], &["codes[0] national|1"])
    );
    let on = |day: Date| -> Vec<String> { world.own_maps.on(day).map(|map| map.name().to_owned()).collect() };
    assert_eq!(on(date(2026, 1, 31)), Vec::<String>::new());
    assert_eq!(on(date(2026, 9, 30)), ["own|2"]);
    assert_eq!(on(date(2026, 10, 1)), ["own|3"]);
}

#[test]
fn rows_hold_on_their_dates() {
    let mut world = world();
    let row = MapRow {
        validity: Validity {
            from: Some(date(2026, 8, 1)),
            until: Some(date(2026, 9, 1)),
        },
        ..row("H", "place", "home")
    };
    world.maps = vec![map("national", "1", vec![row])];
    let mut record = coded(&["H"]);
    let (derived, found) = judged(&record, &world);
    assert_eq!(said(&derived.parts[0], "place", &world), None);
    assert_eq!(found, [("VN-REG-045".into(), "codes[0].code".into())]);
    let Body::Contact(contact) = &mut record.body else {
        panic!()
    };
    (contact.date, contact.requested) = (date(2026, 8, 31), None);
    let (derived, found) = judged(&record, &world);
    assert_eq!(
        said(&derived.parts[0], "place", &world),
        mapped(&["home"], &["codes[0] national|1"])
    );
    assert_eq!(found, []);
}

#[test]
fn what_maps_do_not_know_warns_and_refuses_nothing() {
    let mut world = world();
    world.maps = vec![map(
        "national",
        "1",
        vec![
            row("H", "place", "nowhere"),
            row("A", "age-group", "0-17"),
            row("B", "no-axis", "x"),
        ],
    )];
    let mut record = coded(&["X", "H", "A", "B"]);
    record.codes.push(coding("urn:other", "X"));
    let Body::Contact(contact) = &mut record.body else {
        panic!()
    };
    contact.procedures = vec![coding("icd", "I50.9")];
    let (_, found) = judged(&record, &world);
    let wanted = [
        ("VN-REG-045", "codes[0].code"),
        ("VN-REG-046", "codes[4].system"),
        ("VN-REG-048", "codes[1].code"),
        ("VN-REG-048", "codes[2].code"),
        ("VN-REG-048", "codes[3].code"),
    ];
    assert_eq!(
        found,
        wanted.map(|(code, path)| (code.to_owned(), path.to_owned()))
    );
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    let unknown = assessment
        .findings
        .iter()
        .find(|finding| finding.code == "VN-REG-045")
        .unwrap();
    assert!(
        unknown.message.contains("asked national|1"),
        "{}",
        unknown.message
    );
}

#[test]
fn codes_that_contradict_each_other_settle_nothing() {
    let mut world = world();
    world.maps = vec![map(
        "national",
        "1",
        vec![
            row("H", "place", "home"),
            row("V", "place", "ward"),
            row("V", "mode", "video"),
            row("P", "profession", "physician"),
            row("Q", "profession", "assistant-nurse"),
        ],
    )];
    let mut record = coded(&["H", "V", "P", "Q"]);
    record.unit = Some(UNIT.into());
    let (derived, found) = judged(&record, &world);
    // The unit's place does not stand in for what the codes dispute.
    assert_eq!(said(&derived.parts[0], "place", &world), None);
    assert_eq!(
        said(&derived.parts[0], "mode", &world),
        mapped(&["video"], &["codes[1] national|1"])
    );
    assert_eq!(found, [("VN-REG-047".into(), "codes".into())]);
    // Once the record states the place, that is the place.
    record.facts = vec![fact("place", &["home"])];
    let (derived, _) = judged(&record, &world);
    assert_eq!(
        said(&derived.parts[0], "place", &world).unwrap().1,
        FactSource::Record
    );
}

#[test]
fn a_procedure_says_the_place_and_a_segment_hands_it_to_its_contacts() {
    let mut world = world();
    world.maps = vec![map(
        "national",
        "1",
        vec![
            MapRow {
                system: "icd".into(),
                ..row("I50.9", "mode", "video")
            },
            row("H", "place", "home"),
            row("W", "place", "ward"),
            row("P", "level", "primary"),
        ],
    )];
    let mut record = coded(&[]);
    let Body::Contact(contact) = &mut record.body else {
        panic!()
    };
    contact.procedures = vec![coding("icd", "000"), coding("icd", "I50.9")];
    let identity = vardnav_register::identity::identify(&record.person, TODAY, &[]).unwrap();
    let attributes = vardnav_register::derive::Attributes::of(&record.person, &identity);
    let derived = vardnav_register::derive::derive(&record, "region-norr", &attributes, &world);
    assert_eq!(
        said(&derived.parts[0], "mode", &world),
        mapped(&["video"], &["procedures[1] national|1"])
    );

    let mut record = episode();
    record.facts = Vec::new();
    record.codes = vec![coding(LOCAL, "W"), coding(LOCAL, "P")];
    let Body::Episode(body) = &mut record.body else {
        panic!()
    };
    body.segments[0].facts = Vec::new();
    body.segments[0].codes = vec![coding(LOCAL, "H")];
    body.segments[1].facts = Vec::new();
    let (derived, found) = judged(&record, &world);
    assert_eq!(found, []);
    let [first, second] = derived.parts.as_slice() else {
        panic!()
    };
    assert_eq!(
        said(first, "place", &world),
        mapped(&["home"], &["segments[0].codes[0] national|1"])
    );
    assert_eq!(
        said(second, "place", &world),
        mapped(&["ward"], &["codes[0] national|1"])
    );
    assert_eq!(
        said(second, "level", &world),
        mapped(&["primary"], &["codes[1] national|1"])
    );

    let system = world.release_on(TODAY).unwrap().system;
    let view = EpisodeView::of(&record, None, &derived, |_| Some(system)).unwrap();
    world.episodes.insert("e-1".into(), view);
    let mut contact = coded(&[]);
    let Body::Contact(body) = &mut contact.body else {
        panic!()
    };
    body.episode = Some("e-1".into());
    let (derived, _) = judged(&contact, &world);
    let (values, source, from) = said(&derived.parts[0], "place", &world).unwrap();
    assert_eq!((values, source), (vec!["home".to_owned()], FactSource::Segment));
    assert_eq!(from, Vec::<String>::new());
}

#[test]
fn codes_are_refused_where_the_release_does_not_collect_them() {
    let mut world = world();
    world
        .register
        .variables
        .retain(|variable| variable.path != "codes");
    let assessment = assess(&coded(&["H"]), "region-norr", RECEIVED, &world);
    assert_eq!(assessment.outcome, Outcome::Rejected);
    assert!(
        assessment
            .findings
            .iter()
            .any(|finding| finding.code == "VN-REG-004" && finding.path == "codes")
    );
    let mut many = coded(&["H"; 201]);
    world = support::world();
    let assessment = assess(&many, "region-norr", RECEIVED, &world);
    assert!(
        assessment
            .findings
            .iter()
            .any(|finding| finding.code == "VN-REG-044" && finding.path == "codes")
    );
    many.codes = vec![coding(LOCAL, "19821105-9954")];
    let assessment = assess(&many, "region-norr", RECEIVED, &world);
    assert!(
        assessment
            .findings
            .iter()
            .any(|finding| finding.code == "VN-REG-016")
    );
}

#[test]
fn a_concept_map_says_what_leads_to_axes_and_what_does_not() {
    let target = |code: &str| MapTarget {
        code: code.into(),
        relationship: MapRelationship::Equivalent,
        ..MapTarget::default()
    };
    let property = |name: &str, value: &str| Property {
        name: name.into(),
        value: value.into(),
    };
    let element = |code: &str, target: MapTarget| MapElement {
        code: code.into(),
        targets: vec![target],
        ..MapElement::default()
    };
    let with_product = MapTarget {
        products: vec![property("mode", "in-person"), property("https://other/axis", "x")],
        ..target("home")
    };
    let conditional = MapTarget {
        depends_on: vec![property("age", "old")],
        ..target("ward")
    };
    let map = ConceptMap {
        url: "own".into(),
        version: "1".into(),
        groups: vec![
            MapGroup {
                source: format!("{LOCAL}|7"),
                target: format!("{AXIS_PREFIX}place|2026.1"),
                elements: vec![element("H", with_product), element("V", conditional)],
                unmapped: Unmapped::Fixed {
                    code: "clinic".into(),
                    display: String::new(),
                    relationship: MapRelationship::Equivalent,
                },
            },
            MapGroup {
                target: "http://snomed.info/sct".into(),
                ..MapGroup::default()
            },
        ],
        ..ConceptMap::default()
    };
    let (source, notes) = MapSource::of(&map);
    assert_eq!(source.name(), "own|1");
    let conditional = MapRow {
        relationship: MapRelationship::RelatedTo,
        ..row("V", "place", "ward")
    };
    assert_eq!(
        source.rows,
        [
            row("H", "mode", "in-person"),
            row("H", "place", "home"),
            conditional
        ]
    );
    let wanted = [
        MapNote::OtherTarget,
        MapNote::Condition,
        MapNote::Unmapped,
        MapNote::Product,
    ];
    assert_eq!(notes.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn rows_come_back_from_their_concept_map() {
    let source = MapSource {
        url: "own".into(),
        version: "1".into(),
        title: "Egen".into(),
        rows: vec![
            row("H", "mode", "in-person"),
            row("H", "place", "home"),
            row("V", "place", "ward"),
        ],
    };
    let (back, notes) = MapSource::of(&source.to_concept_map());
    assert_eq!(back, source);
    assert!(notes.is_empty());
}

proptest! {
    /// Against a reading of the rules row by row.
    #[test]
    fn maps_agree_with_their_rules(
        rows in proptest::collection::vec((0usize..2, 0usize..3, 0usize..3, any::<bool>()), 0..8),
        codes in proptest::collection::vec(0usize..3, 0..4),
    ) {
        const CODES: [&str; 3] = ["A", "B", "C"];
        const VALUES: [&str; 3] = ["clinic", "home", "ward"];
        let of = |place: usize| -> Vec<MapRow> {
            let rows = rows.iter().filter(|row| row.0 == place);
            rows.map(|(_, code, value, settles)| MapRow {
                relationship: if *settles { MapRelationship::Equivalent } else { MapRelationship::RelatedTo },
                ..row(CODES[*code], "place", VALUES[*value])
            }).collect()
        };
        let mut world = world();
        world.own_maps = ReporterMaps::new(vec![own("1", date(2026, 1, 1), of(0))]);
        world.maps = vec![map("national", "1", of(1))];
        let mut wanted = std::collections::BTreeSet::new();
        for code in &codes {
            let place = usize::from(!rows.iter().any(|row| row.0 == 0 && row.1 == *code));
            let said = rows.iter().filter(|row| row.0 == place && row.1 == *code && row.3);
            wanted.extend(said.map(|row| VALUES[row.2]));
        }
        let names: Vec<&str> = codes.iter().map(|code| CODES[*code]).collect();
        let (derived, found) = judged(&coded(&names), &world);
        let said = said(&derived.parts[0], "place", &world);
        let contradicted = found.iter().any(|(code, _)| code == "VN-REG-047");
        prop_assert_eq!(contradicted, wanted.len() > 1);
        let values = said.map(|(values, ..)| values).unwrap_or_default();
        let wanted: Vec<&str> = if wanted.len() == 1 { wanted.into_iter().collect() } else { Vec::new() };
        prop_assert_eq!(values, wanted);
    }
}
