//! Reference sets as concept maps: every member that holds leads somewhere and back, by brute force over random ones;
//! and what the fields of maps mean.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use jiff::civil::date;
use proptest::prelude::*;
use vardnav_terminology::model::{
    CodeSystem, Components, Concept, ConceptComponent, Designation, FieldValue, MapRelationship, Property,
    ReferenceSet, ReferenceSetMember,
};
use vardnav_terminology::translate::{ConceptMapIndex, Direction, TranslateRequest};
use vardnav_terminology::value_set::Coding;
use vardnav_terminology::{Catalog, Edition};

const SNOMED: &str = "http://snomed.info/sct";
const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10";
const VERSION: &str = "http://snomed.info/sct/45991000052106/version/20260131";

/// Concepts of every edition: reference sets, correlations, then ordinary ones.
const CODES: [&str; 12] = [
    "447562003",
    "900000000000527005",
    "900000000000523009",
    "733073007",
    "1193497006",
    "19999999104",
    "447557004",
    "447558009",
    "100001",
    "100002",
    "100003",
    "100004",
];
const EXTENDED: u32 = 0;
const SAME_AS: u32 = 1;
const POSSIBLY: u32 = 2;
const PARTS: u32 = 3;
const FROM_CODES: u32 = 4;
const UNKNOWN_MAP: u32 = 5;
const EXACT: u32 = 6;
const NARROW_TO_BROAD: u32 = 7;
const FIRST: u32 = 8;

fn edition(version: &str, reference_sets: Vec<ReferenceSet>) -> Arc<Edition> {
    let concepts = CODES.map(|code| Concept {
        code: code.to_owned(),
        designations: vec![Designation {
            text: format!("name of {code}"),
            ..Designation::default()
        }],
        ..Concept::default()
    });
    let source = CodeSystem {
        url: SNOMED.to_owned(),
        version: version.to_owned(),
        language: "en".to_owned(),
        components: Some(Box::new(Components {
            concepts: vec![ConceptComponent::default(); CODES.len()],
            designations: vec![Default::default(); CODES.len()],
            reference_sets,
            ..Components::default()
        })),
        concepts: concepts.into(),
        ..CodeSystem::default()
    };
    // An image holds what was compiled.
    let mut bytes: Vec<u8> = Vec::new();
    let compiled = Edition::compile(source).unwrap();
    compiled
        .write_image(&mut |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok::<(), ()>(())
        })
        .unwrap();
    let mut left = bytes.as_slice();
    let read = Edition::read_image(&mut |piece: &mut [u8]| -> Result<(), ()> {
        let (taken, rest) = left.split_at_checked(piece.len()).ok_or(())?;
        piece.copy_from_slice(taken);
        left = rest;
        Ok(())
    });
    Arc::new(read.unwrap())
}

fn catalog(editions: impl IntoIterator<Item = Arc<Edition>>) -> Catalog {
    let mut catalog = Catalog::new();
    for edition in editions {
        catalog.insert(edition).unwrap();
    }
    catalog
}

fn set(concept: u32, fields: &[&str], members: Vec<(u32, bool, Vec<FieldValue>)>) -> ReferenceSet {
    let members = members.into_iter().zip(1..);
    ReferenceSet {
        concept,
        fields: fields.iter().map(|&field| field.to_owned()).collect(),
        members: members
            .map(|((referenced, active, values), id)| ReferenceSetMember {
                id,
                effective_time: 20_260_131,
                active,
                module: u32::MAX,
                referenced,
                values,
            })
            .collect(),
    }
}

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}

fn url(set: u32) -> String {
    format!("{SNOMED}?fhir_cm={}", CODES[set as usize])
}

fn coding<'c>(system: &'c str, code: &'c str) -> Coding<'c> {
    Coding {
        system,
        code,
        ..Coding::default()
    }
}

/// Where a code leads, as system, code and relationship.
fn led(catalog: &Catalog, request: &TranslateRequest<'_>) -> Vec<(String, String, MapRelationship)> {
    let translated = catalog.translate(request).unwrap();
    let matches = translated.matches.iter();
    matches
        .map(|found| (found.system.to_owned(), found.code.to_owned(), found.relationship))
        .collect()
}

fn associations(members: Vec<(u32, bool, u32)>, concept: u32) -> ReferenceSet {
    let members = members.into_iter();
    let members = members.map(|(from, active, to)| (from, active, vec![FieldValue::Concept(to)]));
    set(concept, &["targetComponentId"], members.collect())
}

proptest! {
    #[test]
    fn every_member_that_holds_leads_there_and_back(
        associated in proptest::collection::vec((FIRST..12, any::<bool>(), FIRST..12), 0..12),
        mapped in proptest::collection::vec((FIRST..12, any::<bool>(), "[A-C][0-2]?"), 0..12),
        reversed in proptest::collection::vec((FIRST..12, any::<bool>(), "[A-C][0-2]?"), 0..12),
    ) {
        let texts = |rows: &[(u32, bool, String)]| {
            rows.iter().map(|(from, active, to)| (*from, *active, vec![text(to)])).collect::<Vec<_>>()
        };
        let catalog = catalog([edition(VERSION, vec![
            associations(associated.clone(), SAME_AS),
            set(EXTENDED, &["mapTarget"], texts(&mapped)),
            set(FROM_CODES, &["mapSource"], texts(&reversed)),
        ])]);
        let code = |concept: u32| CODES[concept as usize].to_owned();
        // Map, code that leads, code that is led to.
        let mut pairs: Vec<(u32, String, String)> = Vec::new();
        pairs.extend(associated.iter().filter(|row| row.1).map(|row| (SAME_AS, code(row.0), code(row.2))));
        pairs.extend(mapped.iter().filter(|row| row.1).map(|row| (EXTENDED, code(row.0), row.2.clone())));
        pairs.extend(reversed.iter().filter(|row| row.1).map(|row| (FROM_CODES, row.2.clone(), code(row.0))));
        let codes = ["A", "A0", "A1", "A2", "B", "B0", "B1", "B2", "C", "C0", "C1", "C2", "D"];
        for map in [SAME_AS, EXTENDED, FROM_CODES] {
            let named = url(map);
            for asked in codes.iter().chain(&CODES) {
                for direction in [Direction::Forward, Direction::Backward] {
                    let ours = CODES.contains(asked);
                    let system = if ours { SNOMED } else { ICD_10 };
                    let request = TranslateRequest { direction, coding: coding(system, asked), map: &named, ..Default::default() };
                    let mut found: Vec<String> = led(&catalog, &request).into_iter().map(|found| found.1).collect();
                    found.sort();
                    let mut right: Vec<String> = pairs.iter().filter(|pair| pair.0 == map).filter_map(|(_, from, to)| {
                        let (from, to) = match direction {
                            Direction::Forward => (from, to),
                            Direction::Backward => (to, from),
                        };
                        (from == asked).then(|| to.clone())
                    }).collect();
                    right.sort();
                    prop_assert_eq!(found, right, "{} {} {:?}", named, asked, direction);
                }
            }
            // Written down, the map answers alike.
            let written = catalog.implicit_map(&named, "", None).unwrap().to_concept_map();
            let written = ConceptMapIndex::compile(written);
            for (_, from, to) in pairs.iter().filter(|pair| pair.0 == map) {
                let system = if CODES.contains(&from.as_str()) { SNOMED } else { "" };
                let system = if map == FROM_CODES { "" } else { system };
                prop_assert!(written.forward(system, "", from).any(|found| found.code == to));
            }
        }
    }
}

#[test]
fn associations_say_how_concepts_stand_to_each_other() {
    use MapRelationship::{Equivalent, RelatedTo};
    let catalog = catalog([edition(
        VERSION,
        vec![
            associations(vec![(FIRST, true, FIRST + 1)], SAME_AS),
            associations(vec![(FIRST, true, FIRST + 2)], POSSIBLY),
            associations(vec![(FIRST, true, FIRST + 3)], PARTS),
        ],
    )]);
    let (same, parts, unknown) = (url(SAME_AS), url(PARTS), url(EXTENDED));
    let request = |map| TranslateRequest {
        coding: coding(SNOMED, "100001"),
        map,
        ..TranslateRequest::default()
    };
    let one = |code: &str, relationship| (SNOMED.to_owned(), code.to_owned(), relationship);
    assert_eq!(led(&catalog, &request(&same)), [one("100002", Equivalent)]);
    assert_eq!(led(&catalog, &request(&parts)), [one("100004", RelatedTo)]);
    assert_eq!(
        led(&catalog, &request("")),
        [one("100002", Equivalent), one("100003", RelatedTo)],
        "what is no historical association answers only when it is named"
    );
    let titles: Vec<&str> = catalog.all_implicit_maps().map(|map| map.title()).collect();
    assert_eq!(
        titles,
        ["name of 900000000000527005", "name of 900000000000523009"]
    );
    assert!(catalog.translate(&request(&unknown)).is_err());
}

#[test]
fn maps_say_in_which_order_by_which_rule_and_how_closely_they_lead() {
    let fields = [
        "mapGroup",
        "mapPriority",
        "mapRule",
        "mapAdvice",
        "mapTarget",
        "correlationId",
    ];
    let row = |group: i64, priority: i64, rule: &str, target: &str, correlation: u32| {
        vec![
            FieldValue::Integer(group),
            FieldValue::Integer(priority),
            text(rule),
            text(&format!("ALWAYS {target}")),
            text(target),
            FieldValue::Concept(correlation),
        ]
    };
    let catalog = catalog([edition(
        VERSION,
        vec![set(
            EXTENDED,
            &fields,
            vec![
                (FIRST, true, row(2, 1, "TRUE", "B20", NARROW_TO_BROAD)),
                (FIRST, true, row(1, 2, "OTHERWISE TRUE", "A11", EXACT)),
                (FIRST, true, row(1, 1, "IFA 100002", "A10", EXACT)),
                (FIRST, true, row(3, 1, "TRUE", "", EXACT)),
                (FIRST, false, row(0, 0, "TRUE", "Z99", EXACT)),
            ],
        )],
    )]);
    let request = TranslateRequest {
        coding: coding(SNOMED, "100001"),
        to_system: ICD_10,
        ..TranslateRequest::default()
    };
    let translated = catalog.translate(&request).unwrap();
    let property = |name: &str, value: &str| Property {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let found: Vec<_> = translated
        .matches
        .iter()
        .map(|found| {
            (
                found.code,
                found.relationship,
                found.depends_on.to_vec(),
                found.comment,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "A10",
                MapRelationship::Equivalent,
                vec![property("mapRule", "IFA 100002")],
                "ALWAYS A10"
            ),
            (
                "A11",
                MapRelationship::Equivalent,
                vec![property("mapRule", "OTHERWISE TRUE")],
                "ALWAYS A11"
            ),
            (
                "B20",
                MapRelationship::SourceIsNarrowerThanTarget,
                vec![],
                "ALWAYS B20"
            ),
        ]
    );
    assert_eq!(
        translated.matches[0].products.to_vec(),
        [property("mapGroup", "1"), property("mapPriority", "1")]
    );
    assert_eq!(
        translated.matches[0].map.canonical(),
        format!("{}|{VERSION}", url(EXTENDED))
    );
    let back = TranslateRequest {
        direction: Direction::Backward,
        coding: coding(ICD_10, "B20"),
        ..TranslateRequest::default()
    };
    let broader = MapRelationship::SourceIsBroaderThanTarget;
    assert_eq!(
        led(&catalog, &back),
        [(SNOMED.to_owned(), "100001".to_owned(), broader)]
    );
}

#[test]
fn a_map_to_a_code_system_without_name_answers_back_when_it_is_named() {
    let members = vec![(FIRST, true, vec![text("x1")])];
    let catalog = catalog([edition(VERSION, vec![set(UNKNOWN_MAP, &["mapTarget"], members)])]);
    let named = url(UNKNOWN_MAP);
    let back = |map| TranslateRequest {
        direction: Direction::Backward,
        coding: coding("urn:any", "x1"),
        map,
        ..TranslateRequest::default()
    };
    assert_eq!(led(&catalog, &back("")), []);
    assert_eq!(led(&catalog, &back(&named))[0].1, "100001");
    let forward = TranslateRequest {
        coding: coding(SNOMED, "100001"),
        ..TranslateRequest::default()
    };
    assert_eq!(led(&catalog, &forward)[0].1, "x1");
}

#[test]
fn the_edition_asked_for_answers() {
    let older = "http://snomed.info/sct/45991000052106/version/20250131";
    let other = "http://snomed.info/sct/900000000000207008/version/20250601";
    let of = |version: &str, to: u32| edition(version, vec![associations(vec![(FIRST, true, to)], SAME_AS)]);
    let catalog = catalog([of(VERSION, 9), of(older, 10), of(other, 11)]);
    let led = |map: &str, version: &str, date| {
        let request = TranslateRequest {
            coding: Coding {
                version,
                ..coding(SNOMED, "100001")
            },
            map,
            date,
            ..TranslateRequest::default()
        };
        led(&catalog, &request)[0].1.clone()
    };
    let map = url(SAME_AS);
    let set = CODES[SAME_AS as usize];
    assert_eq!(led(&map, "", None), "100002");
    assert_eq!(led("", "", None), "100002");
    assert_eq!(led(&map, older, None), "100003");
    assert_eq!(led("", older, None), "100003");
    assert_eq!(led("", "", Some(date(2025, 3, 1))), "100003");
    assert_eq!(led(&format!("{older}?fhir_cm={set}"), "", None), "100003");
    assert_eq!(led(&format!("{map}|{other}"), "", None), "100004");
    let module = "http://snomed.info/sct/45991000052106";
    assert_eq!(led(&format!("{module}?fhir_cm={set}"), "", None), "100002");
}
