//! What has no place in a format is told, kind by kind; what is not told comes back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use jiff::civil::date;
use vardnav_interchange::content::left_out::{self, LeftOut};
use vardnav_interchange::content::{MemoryFiles, read, skos, tbx};
use vardnav_terminology::model::{
    Acceptability, Attribute, AttributeValue, CodeSystem, Components, Concept, ConceptComponent, ConceptMap,
    ConceptStatus, Content, Definition, Description, Designation, DesignationComponent, DesignationStatus,
    Diagram, LocalizedText, MapElement, MapGroup, MapTarget, Property, PropertyDefinition, PropertyKind,
    Publication, PublicationStatus, ReferenceSet, ReferenceSetMember, Relation, RelationKind, Validity,
};

const SINCE: Validity = Validity {
    from: Some(date(2020, 1, 1)),
    until: None,
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn relation(kind: RelationKind) -> Relation {
    Relation {
        kind,
        target: text("b"),
        validity: Validity::default(),
        scope: String::new(),
        source: String::new(),
    }
}

fn property(name: &str, value: &str) -> Property {
    Property {
        name: text(name),
        value: text(value),
    }
}

/// What SKOS and TBX both hold.
fn plain() -> CodeSystem {
    let term = |text: &str, status| Designation {
        text: text.to_owned(),
        language: "sv".to_owned(),
        status,
        ..Designation::default()
    };
    let note = LocalizedText {
        language: text("sv"),
        text: text("en anmärkning"),
    };
    CodeSystem {
        url: text("https://example.org/codes"),
        version: text("1"),
        title: text("Koder"),
        language: text("sv"),
        concepts: vec![
            Concept {
                code: text("a"),
                designations: vec![
                    term("rekommenderad", DesignationStatus::Recommended),
                    term("tillåten", DesignationStatus::Accepted),
                    term("avrådd", DesignationStatus::Deprecated),
                ],
                definitions: vec![Definition {
                    text: text("det som avses"),
                    language: text("sv"),
                    source: text("en källa"),
                    ..Definition::default()
                }],
                notes: vec![note],
                subject_fields: vec![text("vård")],
                relations: vec![relation(RelationKind::Associative)],
                ..Concept::default()
            },
            Concept {
                code: text("b"),
                parents: vec![text("a")],
                designations: vec![term("annan", DesignationStatus::Recommended)],
                ..Concept::default()
            },
        ],
        ..CodeSystem::default()
    }
}

/// A thing more, where it stands, how often, and the formats that have no place for it.
type Case = (&'static str, fn(&mut CodeSystem), usize, &'static [&'static str]);

const BOTH: &[&str] = &["SKOS", "TBX"];
const SKOS: &[&str] = &["SKOS"];
const TBX: &[&str] = &["TBX"];

const CASES: &[Case] = &[
    (
        "publication",
        |s| s.publication.status = PublicationStatus::Draft,
        1,
        BOTH,
    ),
    (
        "publication",
        |s| {
            s.publication = Publication {
                name: text("n"),
                date: text("2020"),
                steward: text("s"),
                standards_status: text("draft"),
                experimental: true,
                ..Publication::default()
            }
        },
        5,
        BOTH,
    ),
    (
        "publication.publisher",
        |s| s.publication.publisher = text("p"),
        1,
        TBX,
    ),
    ("content", |s| s.content = Content::Fragment, 1, BOTH),
    ("caseSensitive", |s| s.case_insensitive = true, 1, BOTH),
    ("valueSet", |s| s.value_set = text("urn:v"), 1, BOTH),
    (
        "property",
        |s| {
            s.properties.push(PropertyDefinition {
                name: text("level"),
                kind: PropertyKind::Integer,
                ..PropertyDefinition::default()
            })
        },
        1,
        BOTH,
    ),
    (
        "diagram",
        |s| {
            s.diagrams.push(Diagram {
                id: text("d"),
                ..Diagram::default()
            })
        },
        1,
        BOTH,
    ),
    (
        "concept.status",
        |s| s.concepts[0].status = ConceptStatus::Inactive,
        1,
        TBX,
    ),
    (
        "concept.status",
        |s| s.concepts[0].status = ConceptStatus::Withdrawn,
        1,
        BOTH,
    ),
    (
        "concept.status",
        |s| s.concepts[0].status = ConceptStatus::Referral,
        1,
        BOTH,
    ),
    (
        "concept.status-reason",
        |s| s.concepts[0].status_reason = text("r"),
        1,
        BOTH,
    ),
    (
        "concept.not-selectable",
        |s| s.concepts[0].not_selectable = true,
        1,
        BOTH,
    ),
    (
        "concept.standards-status",
        |s| s.concepts[0].standards_status = text("deprecated"),
        1,
        BOTH,
    ),
    ("concept.steward", |s| s.concepts[0].steward = text("s"), 1, BOTH),
    ("concept.validity", |s| s.concepts[0].validity = SINCE, 1, BOTH),
    (
        "concept.feature",
        |s| {
            s.concepts[0].features = vec![LocalizedText {
                language: text("sv"),
                text: text("särdrag"),
            }]
        },
        1,
        SKOS,
    ),
    (
        "designation.validity",
        |s| s.concepts[0].designations[1].validity = SINCE,
        1,
        BOTH,
    ),
    (
        "designation.scope",
        |s| s.concepts[0].designations[1].scope = text("s"),
        1,
        BOTH,
    ),
    (
        "designation.domain",
        |s| s.concepts[0].designations[1].domain = text("d"),
        1,
        BOTH,
    ),
    (
        "designation.usage",
        |s| s.concepts[0].designations[1].usage = text("u"),
        1,
        BOTH,
    ),
    (
        "designation.comment",
        |s| s.concepts[0].designations[1].comment = text("c"),
        1,
        SKOS,
    ),
    (
        "definition.paraphrase",
        |s| s.concepts[0].definitions[0].paraphrase = true,
        1,
        BOTH,
    ),
    (
        "definition.domain",
        |s| s.concepts[0].definitions[0].domain = text("d"),
        1,
        BOTH,
    ),
    (
        "definition.decided",
        |s| s.concepts[0].definitions[0].decided = text("2020"),
        1,
        BOTH,
    ),
    (
        "relation",
        |s| s.concepts[0].relations[0].kind = RelationKind::Partitive,
        1,
        SKOS,
    ),
    (
        "relation",
        |s| s.concepts[0].relations[0].kind = RelationKind::Distinguish,
        1,
        BOTH,
    ),
    (
        "relation",
        |s| {
            s.concepts[0].relations = vec![
                relation(RelationKind::ReplacedBy),
                relation(RelationKind::Replaces),
            ]
        },
        2,
        TBX,
    ),
    (
        "relation.validity",
        |s| s.concepts[0].relations[0].validity = SINCE,
        1,
        BOTH,
    ),
    (
        "relation.scope",
        |s| s.concepts[0].relations[0].scope = text("s"),
        1,
        BOTH,
    ),
    (
        "relation.source",
        |s| s.concepts[0].relations[0].source = text("s"),
        1,
        BOTH,
    ),
    (
        "concept.property",
        |s| s.concepts[0].properties = vec![property("level", "1"), property("mark", "dagger")],
        2,
        BOTH,
    ),
    (
        "concept.property",
        |s| s.concepts[0].properties = vec![property("example", "ett exempel")],
        1,
        TBX,
    ),
];

/// A system by way of SKOS or TBX.
fn by_way_of(format: &str, system: &CodeSystem) -> CodeSystem {
    let mut bytes = Vec::new();
    let path = if format == "SKOS" {
        skos::write(system, &mut bytes).unwrap();
        "a.ttl"
    } else {
        tbx::write(system, &mut bytes).unwrap();
        "a.tbx"
    };
    let mut contents = read(&MemoryFiles::new([(path.to_owned(), bytes)]));
    assert_eq!(contents.findings, [], "{format}");
    let mut back = contents.code_systems.remove(0).content;
    // SKOS names the properties that occur, though it cannot say more of them.
    back.properties.retain(|definition| definition.name != "example");
    back
}

fn told(format: &str, system: &CodeSystem) -> Vec<LeftOut> {
    if format == "SKOS" {
        left_out::skos(system)
    } else {
        left_out::tbx(system)
    }
}

#[test]
fn what_both_hold_comes_back_and_nothing_is_told() {
    for format in BOTH {
        assert_eq!(told(format, &plain()), []);
        assert_eq!(by_way_of(format, &plain()), plain(), "{format}");
    }
}

#[test]
fn what_a_format_has_no_place_for_is_told_and_what_it_has_comes_back() {
    for (path, change, count, without) in CASES {
        let mut system = plain();
        change(&mut system);
        for format in BOTH {
            let found = told(format, &system);
            let back = by_way_of(format, &system);
            if without.contains(format) {
                let [only] = found.as_slice() else {
                    panic!("{path} in {format}: {found:?}")
                };
                assert_eq!((only.path, only.count, only.format), (*path, *count, *format));
                let message = only.message();
                assert!(message.contains(&format!("({count})")), "{message}");
                assert!(back != system, "{path} comes back in {format}, though told");
            } else {
                assert_eq!(found, [], "{path} in {format}");
                assert_eq!(back, system, "{path} in {format}");
            }
        }
    }
}

#[test]
fn components_are_told_by_kind() {
    let mut system = plain();
    system.components = Some(Box::new(Components {
        concepts: vec![ConceptComponent::default(); 2],
        designations: vec![DesignationComponent::default(); 4],
        acceptabilities: vec![Acceptability {
            designation: 0,
            dialect: 0,
            preferred: true,
        }],
        descriptions: vec![Description::default(); 5],
        attributes: vec![Attribute {
            source: 0,
            group: 1,
            kind: 1,
            value: AttributeValue::Concept(1),
        }],
        reference_sets: vec![ReferenceSet {
            members: vec![ReferenceSetMember::default(); 3],
            ..ReferenceSet::default()
        }],
    }));
    for format in BOTH {
        let found: Vec<_> = told(format, &system)
            .iter()
            .map(|found| (found.path, found.count))
            .collect();
        assert_eq!(
            found,
            [
                ("component", 2),
                ("component.description", 4),
                ("component.other-description", 5),
                ("component.acceptability", 1),
                ("component.attribute", 1),
                ("component.reference-set", 1),
                ("component.member", 3),
            ]
        );
    }
}

#[test]
fn targets_without_a_code_are_told() {
    let target = |code: &str| MapTarget {
        code: text(code),
        ..MapTarget::default()
    };
    let map = ConceptMap {
        groups: vec![MapGroup {
            elements: vec![MapElement {
                code: text("a"),
                targets: vec![target("1"), target("")],
                ..MapElement::default()
            }],
            ..MapGroup::default()
        }],
        ..ConceptMap::default()
    };
    let found = left_out::of_map(&map, "CSV");
    assert_eq!((found.len(), found[0].count), (1, 1));
}
