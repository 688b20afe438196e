//! Maps both ways, and what becomes of codes that they do not map.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use vardnav_terminology::Catalog;
use vardnav_terminology::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, PublicationStatus, Unmapped,
};
use vardnav_terminology::translate::{ConceptMapIndex, Direction, TranslateRequest, mirrored};
use vardnav_terminology::value_set::{Coding, FailureKind};

const CODES: usize = 8;
const SYSTEMS: [&str; 3] = ["urn:a", "urn:b", "urn:a-long-address|2"];

const RELATIONSHIPS: [MapRelationship; 5] = [
    MapRelationship::RelatedTo,
    MapRelationship::Equivalent,
    MapRelationship::SourceIsNarrowerThanTarget,
    MapRelationship::SourceIsBroaderThanTarget,
    MapRelationship::NotRelatedTo,
];

/// Codes short and long, since they are kept in different ways.
fn code(number: usize) -> String {
    match number % 2 {
        0 => format!("c{number}"),
        _ => format!("a-long-code-{number}"),
    }
}

fn group() -> impl Strategy<Value = MapGroup> {
    let target = (0..CODES, select(&RELATIONSHIPS[..])).prop_map(|(number, relationship)| MapTarget {
        code: code(number),
        relationship,
        ..MapTarget::default()
    });
    let element =
        (0..CODES, proptest::collection::vec(target, 0..4)).prop_map(|(number, targets)| MapElement {
            code: code(number),
            targets,
            ..MapElement::default()
        });
    let elements = proptest::collection::vec(element, 0..8);
    (select(&SYSTEMS[..]), select(&SYSTEMS[..]), elements).prop_map(|(source, target, elements)| MapGroup {
        source: source.to_owned(),
        target: target.to_owned(),
        elements,
        unmapped: Unmapped::None,
    })
}

fn system(text: &str) -> &str {
    text.split('|').next().unwrap()
}

/// Every mapping, as a brute-force list: source system and code, target system and code, relationship.
fn pairs(map: &ConceptMap) -> Vec<(String, String, String, String, MapRelationship)> {
    let mut all = Vec::new();
    for group in &map.groups {
        for element in &group.elements {
            for target in &element.targets {
                all.push((
                    system(&group.source).to_owned(),
                    element.code.clone(),
                    system(&group.target).to_owned(),
                    target.code.clone(),
                    target.relationship,
                ));
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn a_map_leads_back_where_it_led_from(groups in proptest::collection::vec(group(), 0..4)) {
        let source = ConceptMap { groups, ..ConceptMap::default() };
        let right = pairs(&source);
        let map = ConceptMapIndex::compile(source);
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        for asked in SYSTEMS.map(system) {
            for code in (0..=CODES).map(code) {
                forward.extend(map.forward(asked, "", &code).map(|found| (
                    asked.to_owned(), code.clone(), found.system.to_owned(), found.code.to_owned(), found.relationship,
                )));
                backward.extend(map.backward(asked, "", &code).map(|found| (
                    found.system.to_owned(), found.code.to_owned(), asked.to_owned(), code.clone(),
                    mirrored(found.relationship),
                )));
            }
        }
        let sorted = |mut pairs: Vec<(String, String, String, String, MapRelationship)>| {
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            pairs
        };
        let right = sorted(right);
        prop_assert_eq!(&sorted(forward), &right);
        prop_assert_eq!(&sorted(backward), &right);
    }
}

fn map(url: &str, unmapped: Unmapped) -> ConceptMap {
    let target = |code: &str, depends_on: &[(&str, &str)]| MapTarget {
        code: code.to_owned(),
        relationship: MapRelationship::SourceIsNarrowerThanTarget,
        depends_on: depends_on
            .iter()
            .map(|(name, value)| Property {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect(),
        ..MapTarget::default()
    };
    let element = |code: &str, no_map: bool, targets: Vec<MapTarget>| MapElement {
        code: code.to_owned(),
        no_map,
        targets,
        ..MapElement::default()
    };
    ConceptMap {
        url: url.to_owned(),
        version: "1".to_owned(),
        groups: vec![MapGroup {
            source: "urn:local".to_owned(),
            target: "urn:place".to_owned(),
            elements: vec![
                element(
                    "HOME",
                    false,
                    vec![target("home", &[]), target("shelter", &[("unit", "S")])],
                ),
                element("NONE", true, Vec::new()),
            ],
            unmapped,
        }],
        ..ConceptMap::default()
    }
}

fn catalog(maps: Vec<ConceptMap>) -> Catalog {
    let mut catalog = Catalog::new();
    for map in maps {
        catalog
            .insert_concept_map(Arc::new(ConceptMapIndex::compile(map)))
            .unwrap();
    }
    catalog
}

fn asked(code: &str) -> TranslateRequest<'_> {
    TranslateRequest {
        coding: Coding {
            system: "urn:local",
            code,
            ..Coding::default()
        },
        ..TranslateRequest::default()
    }
}

fn codes(catalog: &Catalog, request: &TranslateRequest<'_>) -> Vec<String> {
    let found = catalog.translate(request).unwrap();
    found.matches.iter().map(|found| found.code.to_owned()).collect()
}

#[test]
fn codes_without_a_mapping_follow_the_map_s_rule() {
    let fixed = Unmapped::Fixed {
        code: "other".to_owned(),
        display: String::new(),
        relationship: MapRelationship::RelatedTo,
    };
    let same = Unmapped::SourceCode {
        relationship: MapRelationship::Equivalent,
    };
    let left = Unmapped::OtherMap {
        url: "urn:fixed".to_owned(),
    };
    let maps = vec![
        map("urn:fixed", fixed),
        map("urn:left", left),
        map("urn:same", same),
    ];
    let catalog = catalog(maps);
    for (map, right) in [
        ("urn:fixed", "other"),
        ("urn:left|1", "other"),
        ("urn:same", "NEW"),
    ] {
        let request = TranslateRequest { map, ..asked("NEW") };
        assert_eq!(codes(&catalog, &request), [right], "{map}");
        let found = catalog.translate(&request).unwrap();
        assert!(found.result && found.matches[0].unmapped);
        // Said to have no counterpart is not the same as not mapped.
        assert_eq!(
            codes(&catalog, &TranslateRequest { map, ..asked("NONE") }),
            [""; 0]
        );
    }
    let unknown = TranslateRequest {
        map: "urn:nowhere",
        ..asked("HOME")
    };
    assert_eq!(
        catalog.translate(&unknown).unwrap_err().kind,
        FailureKind::UnknownConceptMap
    );
}

#[test]
fn maps_that_leave_codes_to_each_other_end() {
    let to = |url: &str| Unmapped::OtherMap { url: url.to_owned() };
    let catalog = catalog(vec![map("urn:one", to("urn:two")), map("urn:two", to("urn:one"))]);
    let request = TranslateRequest {
        map: "urn:one",
        ..asked("NEW")
    };
    assert_eq!(
        catalog.translate(&request).unwrap_err().kind,
        FailureKind::Circular
    );
    assert_eq!(
        codes(
            &catalog,
            &TranslateRequest {
                map: "urn:one",
                ..asked("HOME")
            }
        )
        .len(),
        2
    );
}

#[test]
fn a_group_s_rule_is_about_the_codes_that_the_group_does_not_map() {
    let fixed = Unmapped::Fixed {
        code: "other".to_owned(),
        display: String::new(),
        relationship: MapRelationship::RelatedTo,
    };
    let mut several = map("urn:several", Unmapped::None);
    several.groups.push(MapGroup {
        target: "urn:origin".to_owned(),
        elements: Vec::new(),
        unmapped: fixed,
        ..several.groups[0].clone()
    });
    let catalog = catalog(vec![several]);
    assert_eq!(codes(&catalog, &asked("HOME")), ["home", "shelter", "other"]);
    // That a code has no counterpart in one code system says nothing of another.
    assert_eq!(codes(&catalog, &asked("NONE")), ["other"]);
    assert_eq!(codes(&catalog, &asked("NEW")), ["other"]);
    let to = |to_system, code| TranslateRequest {
        to_system,
        ..asked(code)
    };
    let found = catalog.translate(&to("urn:origin", "HOME")).unwrap();
    assert!(found.result && found.matches[0].unmapped);
    assert_eq!(codes(&catalog, &to("urn:place", "HOME")), ["home", "shelter"]);
    assert!(!catalog.translate(&to("urn:place", "NONE")).unwrap().result);
}

#[test]
fn maps_reached_in_many_ways_are_asked_once() {
    const CHAIN: usize = 14;
    const WAYS: usize = 8;
    let maps = (0..CHAIN).map(|at| {
        let unmapped = match at + 1 {
            CHAIN => Unmapped::SourceCode {
                relationship: MapRelationship::Equivalent,
            },
            next => Unmapped::OtherMap {
                url: format!("urn:{next}"),
            },
        };
        let mut map = map(&format!("urn:{at}"), unmapped);
        map.groups = vec![map.groups[0].clone(); WAYS];
        map
    });
    let catalog = catalog(maps.collect());
    let request = TranslateRequest {
        map: "urn:0",
        ..asked("NEW")
    };
    // Eight ways through each of fourteen maps would be four million million.
    assert_eq!(codes(&catalog, &request), vec!["NEW"; WAYS]);
    assert_eq!(codes(&catalog, &asked("NEW")), vec!["NEW"; WAYS]);
}

#[test]
fn what_is_known_rules_out_what_depends_on_something_else() {
    let catalog = catalog(vec![map("urn:map", Unmapped::None)]);
    let known = |value: &str| {
        vec![Property {
            name: "unit".to_owned(),
            value: value.to_owned(),
        }]
    };
    let (shelter, ward) = (known("S"), known("W"));
    let with = |known| TranslateRequest {
        known,
        ..asked("HOME")
    };
    assert_eq!(codes(&catalog, &asked("HOME")), ["home", "shelter"]);
    assert_eq!(codes(&catalog, &with(&shelter)), ["home", "shelter"]);
    assert_eq!(codes(&catalog, &with(&ward)), ["home"]);
    let elsewhere = TranslateRequest {
        to_system: "urn:elsewhere",
        ..asked("HOME")
    };
    assert!(!catalog.translate(&elsewhere).unwrap().result);
}

#[test]
fn the_newest_version_of_a_map_answers() {
    let mut newer = map("urn:map", Unmapped::None);
    newer.version = "2".to_owned();
    newer.groups[0].elements[0].targets.truncate(1);
    let catalog = catalog(vec![newer, map("urn:map", Unmapped::None)]);
    assert_eq!(codes(&catalog, &asked("HOME")), ["home"]);
    let older = TranslateRequest {
        map: "urn:map|1",
        ..asked("HOME")
    };
    assert_eq!(codes(&catalog, &older).len(), 2);
    let back = TranslateRequest {
        direction: Direction::Backward,
        coding: Coding {
            system: "urn:place",
            code: "home",
            ..Coding::default()
        },
        ..TranslateRequest::default()
    };
    let found = catalog.translate(&back).unwrap();
    assert_eq!(found.matches[0].code, "HOME");
    assert_eq!(
        found.matches[0].relationship,
        MapRelationship::SourceIsBroaderThanTarget
    );
}

/// A map of one code to one other, with a status.
fn one(url: &str, version: &str, status: PublicationStatus, to: &str) -> ConceptMap {
    let mut map = map(url, Unmapped::None);
    map.version = version.to_owned();
    map.publication.status = status;
    map.groups[0].elements[0].targets.truncate(1);
    map.groups[0].elements[0].targets[0].code = to.to_owned();
    map
}

#[test]
fn retired_maps_answer_only_when_named_and_drafts_come_last() {
    use PublicationStatus::{Active, Draft, Retired, Unknown};
    let catalog = catalog(vec![
        one("urn:a", "1", Draft, "a-draft"),
        one("urn:b", "1", Active, "b-old"),
        one("urn:b", "2", Active, "b"),
        one("urn:b", "3", Draft, "b-draft"),
        one("urn:b", "4", Retired, "b-retired"),
        one("urn:c", "1", Retired, "c-retired"),
        one("urn:d", "1", Unknown, "d-unknown"),
        one("urn:e", "1", Active, "e"),
    ]);
    assert_eq!(
        codes(&catalog, &asked("HOME")),
        ["b", "e", "d-unknown", "a-draft"]
    );
    for (map, right) in [
        ("urn:a", "a-draft"),
        ("urn:b", "b"),
        ("urn:b|3", "b-draft"),
        ("urn:b|4", "b-retired"),
        ("urn:c", "c-retired"),
        ("urn:c|1", "c-retired"),
    ] {
        let request = TranslateRequest { map, ..asked("HOME") };
        assert_eq!(codes(&catalog, &request), [right], "{map}");
    }
}

#[test]
fn a_map_that_is_missing_leaves_the_answers_of_others() {
    let to = |url: &str| Unmapped::OtherMap { url: url.to_owned() };
    let same = Unmapped::SourceCode {
        relationship: MapRelationship::Equivalent,
    };
    let maps = vec![
        map("urn:a", to("urn:gone|1")),
        map("urn:b", same),
        map("urn:c", to("urn:gone|1")),
    ];
    let catalog = catalog(maps);
    let found = catalog.translate(&asked("NEW")).unwrap();
    assert!(found.result);
    assert_eq!(found.matches.len(), 1);
    assert_eq!(found.matches[0].code, "NEW");
    assert_eq!(found.missing, ["urn:gone|1"]);
    let request = TranslateRequest {
        map: "urn:a",
        ..asked("NEW")
    };
    let found = catalog.translate(&request).unwrap();
    assert_eq!((found.result, found.missing.len()), (false, 1));
    assert_eq!(catalog.translate(&asked("HOME")).unwrap().missing, [""; 0]);
}
