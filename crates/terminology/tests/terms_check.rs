//! Small termbanks with the findings that they must have, and a large one that is checked in little time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Definition, Designation, DesignationStatus, Property,
    PropertyDefinition, Relation, RelationKind, Validity,
};
use vardnav_terminology::terms_check::{TermFindingKind, check};

/// The values in brackets before a text, and the text.
fn options(text: &str) -> (Vec<(&str, &str)>, &str) {
    let Some((inside, text)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) else {
        return (Vec::new(), text);
    };
    let pairs = inside
        .split(',')
        .map(|pair| pair.split_once('=').unwrap_or(("language", pair)));
    (pairs.collect(), text.trim())
}

fn option(options: &[(&str, &str)], name: &str) -> String {
    let value = options.iter().find(|(known, _)| *known == name);
    value.map_or_else(String::new, |(_, value)| (*value).to_owned())
}

fn validity(options: &[(&str, &str)]) -> Validity {
    let date = |name| option(options, name).parse().ok();
    Validity {
        from: date("from"),
        until: date("until"),
    }
}

fn language(options: &[(&str, &str)]) -> String {
    let language = option(options, "language");
    if language.is_empty() {
        "sv".to_owned()
    } else {
        language
    }
}

fn add(concept: &mut Concept, kind: &str, rest: &str) {
    let (of, text) = options(rest);
    let mut term = |status| {
        concept.designations.push(Designation {
            text: text.to_owned(),
            language: language(&of),
            status,
            validity: validity(&of),
            scope: option(&of, "scope"),
            domain: option(&of, "domain"),
            ..Designation::default()
        });
    };
    match kind {
        "term" => term(DesignationStatus::Recommended),
        "accepted" => term(DesignationStatus::Accepted),
        "deprecated" => term(DesignationStatus::Deprecated),
        "def" => concept.definitions.push(Definition {
            text: text.to_owned(),
            language: language(&of),
            domain: option(&of, "domain"),
            ..Definition::default()
        }),
        "parent" => concept.parents.push(text.to_owned()),
        "status" => {
            concept.status = match text {
                "withdrawn" => ConceptStatus::Withdrawn,
                "proposed" => ConceptStatus::Proposed,
                other => panic!("status {other}"),
            }
        }
        "property" => {
            let (name, value) = text.split_once(' ').unwrap();
            let (name, value) = (name.to_owned(), value.to_owned());
            concept.properties.push(Property { name, value });
        }
        "rel" => {
            let (kind, rest) = rest.split_once(' ').unwrap();
            let (of, target) = options(rest);
            concept.relations.push(Relation {
                kind: match kind {
                    "partitive" => RelationKind::Partitive,
                    "associative" => RelationKind::Associative,
                    "distinguish" => RelationKind::Distinguish,
                    "replaced-by" => RelationKind::ReplacedBy,
                    "replaces" => RelationKind::Replaces,
                    other => panic!("relation {other}"),
                },
                target: target.to_owned(),
                validity: validity(&of),
                scope: String::new(),
                source: String::new(),
            });
        }
        other => panic!("{other}"),
    }
}

fn termbank(text: &str) -> (CodeSystem, Vec<String>) {
    let mut system = CodeSystem {
        language: "sv".to_owned(),
        ..CodeSystem::default()
    };
    let mut wanted = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(finding) = line.strip_prefix("! ") {
            wanted.push(finding.to_owned());
        } else if let Some(part) = line.strip_prefix("  ") {
            let (kind, rest) = part.split_once(' ').unwrap();
            add(system.concepts.last_mut().unwrap(), kind, rest);
        } else if let Some(name) = line.strip_prefix("property ") {
            system.properties.push(PropertyDefinition {
                name: name.to_owned(),
                ..PropertyDefinition::default()
            });
        } else {
            system.concepts.push(Concept {
                code: line.to_owned(),
                ..Concept::default()
            });
        }
    }
    (system, wanted)
}

#[test]
fn each_termbank_has_its_findings_and_no_others() {
    let text = include_str!("data/terms-check.txt");
    let mut count = 0;
    for case in text.split("\n== ").skip(1) {
        let (name, body) = case.split_once('\n').unwrap();
        let (system, wanted) = termbank(body);
        let found: Vec<String> = check(&system).iter().map(ToString::to_string).collect();
        assert_eq!(found, wanted, "{name}");
        count += 1;
    }
    assert!(count >= 20);
}

#[test]
fn a_large_termbank_whose_definitions_form_one_chain() {
    let count = 10_000;
    let concepts = (0..count).map(|number| {
        let mut concept = Concept {
            code: format!("c{number}"),
            ..Concept::default()
        };
        add(&mut concept, "term", &format!("begrepp nummer {number}"));
        let next = (number + 1) % count;
        let text = format!("det som i en vårdkedja kommer före begrepp nummer {next} och efter allt annat");
        add(&mut concept, "def", &text);
        concept
    });
    let system = CodeSystem {
        language: "sv".to_owned(),
        concepts: concepts.collect(),
        ..CodeSystem::default()
    };
    let found = check(&system);
    assert_eq!(found.len(), 1);
    assert!(matches!(&found[0].kind, TermFindingKind::Circle { path, .. } if path.len() == count));
}
