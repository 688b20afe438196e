//! Histories, differences of editions and chains of replacements, against plain sets of facts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;
use vardnav_terminology::history::{
    ConceptChange, Difference, Happening, Point, Turning, diff, history, replacements, turns,
};
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Definition, Designation, DesignationStatus, LocalizedText, Property,
    Relation, RelationKind, Validity,
};
use vardnav_terminology::{ConceptView, Edition};

fn term(text: &str, status: DesignationStatus) -> Designation {
    Designation {
        text: text.to_owned(),
        language: "sv".to_owned(),
        status,
        ..Designation::default()
    }
}

fn relation(kind: RelationKind, target: &str) -> Relation {
    Relation {
        kind,
        target: target.to_owned(),
        validity: Validity::default(),
        scope: String::new(),
        source: String::new(),
    }
}

fn edition(version: &str, concepts: Vec<Concept>) -> Edition {
    Edition::compile(CodeSystem {
        url: "urn:test".to_owned(),
        version: version.to_owned(),
        language: "sv".to_owned(),
        concepts,
        ..CodeSystem::default()
    })
    .unwrap()
}

fn concept(code: &str) -> Concept {
    Concept {
        code: code.to_owned(),
        designations: vec![term(code, DesignationStatus::Recommended)],
        ..Concept::default()
    }
}

#[test]
fn a_concept_is_seen_first_changes_goes_and_returns() {
    let old = concept("a");
    let mut new = old.clone();
    new.status = ConceptStatus::Inactive;
    new.designations[0].status = DesignationStatus::Deprecated;
    new.designations.push(term("ny", DesignationStatus::Recommended));
    new.relations.push(relation(RelationKind::ReplacedBy, "b"));
    let editions = [
        edition("1", vec![concept("b")]),
        edition("2", vec![concept("b"), old.clone()]),
        edition("3", vec![concept("b"), new.clone()]),
        edition("4", vec![concept("b")]),
        edition("5", vec![concept("b"), new]),
    ];
    let points: Vec<Point<'_>> = editions
        .iter()
        .zip(2021..)
        .map(|(edition, year)| Point {
            label: edition.version(),
            date: Some(date(year, 1, 1)),
            edition,
        })
        .collect();
    let told: Vec<String> = history("a", &points)
        .iter()
        .map(|event| {
            let what = match &event.what {
                Happening::FirstSeen(_) => "first seen".to_owned(),
                Happening::Returned(_) => "returned".to_owned(),
                Happening::Gone(_) => "gone".to_owned(),
                Happening::Changed(Difference::Status { old, new }) => format!("{old:?} to {new:?}"),
                Happening::Changed(Difference::DesignationChanged { old, new }) => {
                    format!("{} {:?} to {:?}", old.text, old.status, new.status)
                }
                Happening::Changed(Difference::DesignationAdded(term)) => format!("term {}", term.text),
                Happening::Changed(Difference::RelationAdded(relation)) => {
                    format!("{:?} {}", relation.kind, relation.target)
                }
                Happening::Changed(other) => format!("{other:?}"),
            };
            format!("{} {}: {what}", event.label, event.date.unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            "2 2022-01-01: first seen",
            "3 2023-01-01: Active to Inactive",
            "3 2023-01-01: a Recommended to Deprecated",
            "3 2023-01-01: term ny",
            "3 2023-01-01: ReplacedBy b",
            "4 2024-01-01: gone",
            "5 2025-01-01: returned",
        ]
    );
    assert!(history("z", &points).is_empty());
    let change = diff(&editions[1], &editions[2]).next().unwrap();
    assert!(change.is_inactivation());
    assert_eq!(change.code(), "a");
}

#[test]
fn replacements_go_by_date_and_end_in_a_circle() {
    let mut a = concept("a");
    let mut to_b = relation(RelationKind::ReplacedBy, "b");
    to_b.validity.from = Some(date(2026, 7, 1));
    to_b.scope = "i tillämpliga fall".to_owned();
    a.relations.push(to_b);
    let mut b = concept("b");
    b.relations.push(relation(RelationKind::ReplacedBy, "c"));
    let mut c = concept("c");
    c.relations.push(relation(RelationKind::ReplacedBy, "a"));
    let edition = edition("1", vec![a, b, c]);
    assert!(replacements(&edition, "a", date(2026, 6, 30)).is_empty());
    let chain: Vec<(&str, &str, &str, u32)> = replacements(&edition, "a", date(2026, 7, 1))
        .iter()
        .map(|step| (step.from.code(), step.to.code(), step.scope, step.steps))
        .collect();
    assert_eq!(chain, [("a", "b", "i tillämpliga fall", 1), ("b", "c", "", 2)]);
    assert!(replacements(&edition, "z", date(2026, 7, 1)).is_empty());
}

#[test]
fn turns_are_in_order_and_ends_come_before_beginnings() {
    let mut a = concept("a");
    let day = date(2026, 7, 1);
    a.designations[0].validity.until = Some(day);
    a.designations.push(Designation {
        validity: Validity {
            from: Some(day),
            until: None,
        },
        ..term("ny", DesignationStatus::Recommended)
    });
    a.validity.from = Some(date(2020, 1, 1));
    let edition = edition("1", vec![a]);
    let told: Vec<(String, bool, &str)> = turns(edition.lookup("a").unwrap())
        .into_iter()
        .map(|turn| {
            let what = match turn.what {
                Turning::Concept => "",
                Turning::Designation(term) => term.text,
                Turning::Relation(relation) => relation.target,
            };
            (turn.date.to_string(), turn.begins, what)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("2020-01-01".to_owned(), true, ""),
            ("2026-07-01".to_owned(), false, "a"),
            ("2026-07-01".to_owned(), true, "ny"),
        ]
    );
}

/// Facts of a concept with how often each is stated.
type Facts = BTreeMap<String, i64>;

fn count(facts: &mut Facts, fact: String, by: i64) {
    let times = facts.entry(fact.clone()).or_default();
    *times += by;
    if *times == 0 {
        facts.remove(&fact);
    }
}

/// What the source says of a concept, read without the code that compares.
fn stated(concept: &Concept) -> Facts {
    let mut facts = Facts::new();
    let mut add = |fact: String| count(&mut facts, fact, 1);
    add(format!("status {:?}", concept.status));
    add(format!("validity {:?}", concept.validity));
    add(format!("reason {}", concept.status_reason));
    add(format!("steward {}", concept.steward));
    add(format!("group {}", concept.not_selectable));
    for feature in &concept.features {
        add(format!("feature {}", feature.text));
    }
    for field in &concept.subject_fields {
        add(format!("field {field}"));
    }
    for term in &concept.designations {
        add(format!("term {} {} {:?}", term.text, term.language, term.status));
    }
    for definition in &concept.definitions {
        add(format!("def {} {}", definition.domain, definition.text));
    }
    // A parent stated twice is one.
    for parent in concept.parents.iter().collect::<std::collections::BTreeSet<_>>() {
        add(format!("parent {parent}"));
    }
    for relation in &concept.relations {
        add(format!("rel {:?} {}", relation.kind, relation.target));
    }
    for note in &concept.notes {
        add(format!("note {}", note.text));
    }
    for property in &concept.properties {
        add(format!("property {} {}", property.name, property.value));
    }
    facts
}

fn apply(facts: &mut Facts, difference: &Difference<'_>) {
    let term = |term: &vardnav_terminology::DesignationView<'_>| {
        format!("term {} {} {:?}", term.text, term.language, term.status)
    };
    let definition =
        |text: &vardnav_terminology::DefinitionView<'_>| format!("def {} {}", text.domain, text.text);
    let relation = |relation: &vardnav_terminology::history::StatedRelation<'_>| {
        format!("rel {:?} {}", relation.kind, relation.target)
    };
    let mut change = |old: Option<String>, new: Option<String>| {
        old.into_iter().for_each(|fact| count(facts, fact, -1));
        new.into_iter().for_each(|fact| count(facts, fact, 1));
    };
    match difference {
        Difference::Status { old, new } => {
            change(Some(format!("status {old:?}")), Some(format!("status {new:?}")));
        }
        Difference::Validity { old, new } => {
            change(
                Some(format!("validity {old:?}")),
                Some(format!("validity {new:?}")),
            );
        }
        Difference::StatusReason { old, new } => {
            change(Some(format!("reason {old}")), Some(format!("reason {new}")));
        }
        Difference::Steward { old, new } => {
            change(Some(format!("steward {old}")), Some(format!("steward {new}")));
        }
        Difference::NotSelectable { old, new } => {
            change(Some(format!("group {old}")), Some(format!("group {new}")));
        }
        Difference::FeatureAdded(new) => change(None, Some(format!("feature {}", new.text))),
        Difference::FeatureRemoved(old) => change(Some(format!("feature {}", old.text)), None),
        Difference::SubjectFieldAdded(new) => change(None, Some(format!("field {new}"))),
        Difference::SubjectFieldRemoved(old) => change(Some(format!("field {old}")), None),
        Difference::DesignationAdded(new) => change(None, Some(term(new))),
        Difference::DesignationRemoved(old) => change(Some(term(old)), None),
        Difference::DesignationChanged { old, new } => change(Some(term(old)), Some(term(new))),
        Difference::DefinitionAdded(new) => change(None, Some(definition(new))),
        Difference::DefinitionRemoved(old) => change(Some(definition(old)), None),
        Difference::DefinitionChanged { old, new } => change(Some(definition(old)), Some(definition(new))),
        Difference::ParentAdded(new) => change(None, Some(format!("parent {new}"))),
        Difference::ParentRemoved(old) => change(Some(format!("parent {old}")), None),
        Difference::RelationAdded(new) => change(None, Some(relation(new))),
        Difference::RelationRemoved(old) => change(Some(relation(old)), None),
        Difference::NoteAdded(new) => change(None, Some(format!("note {}", new.text))),
        Difference::NoteRemoved(old) => change(Some(format!("note {}", old.text)), None),
        Difference::PropertyAdded(new) => change(None, Some(format!("property {} {}", new.name, new.value))),
        Difference::PropertyRemoved(old) => {
            change(Some(format!("property {} {}", old.name, old.value)), None)
        }
    }
}

prop_compose! {
    fn random_concept(number: usize)(
        present in prop::bool::weighted(0.8),
        active in any::<bool>(),
        until in prop::option::of(Just(date(2030, 1, 1))),
        terms in prop::collection::vec((0..3u8, any::<bool>(), 0..3u8), 0..5),
        definitions in prop::collection::vec((0..2u8, 0..3u8), 0..3),
        parents in prop::collection::vec(0..5usize, 0..3),
        relations in prop::collection::vec((any::<bool>(), 0..6usize), 0..3),
        notes in prop::collection::vec(0..3u8, 0..3),
        properties in prop::collection::vec((0..2u8, 0..2u8), 0..3),
        (reason, steward, not_selectable) in (0..2u8, 0..2u8, any::<bool>()),
        features in prop::collection::vec(0..3u8, 0..3),
        fields in prop::collection::vec(0..3u8, 0..3),
    ) -> Option<Concept> {
        let status = [DesignationStatus::Recommended, DesignationStatus::Accepted, DesignationStatus::Deprecated];
        present.then(|| Concept {
            code: format!("c{number}"),
            status: if active { ConceptStatus::Active } else { ConceptStatus::NotAgreed },
            validity: Validity { from: None, until },
            status_reason: format!("r{reason}"),
            steward: format!("s{steward}"),
            not_selectable,
            features: features
                .iter()
                .map(|text| LocalizedText { language: "sv".to_owned(), text: format!("f{text}") })
                .collect(),
            subject_fields: fields.iter().map(|field| format!("a{field}")).collect(),
            designations: terms
                .iter()
                .map(|(text, swedish, rank)| Designation {
                    text: format!("t{text}"),
                    language: if *swedish { "sv" } else { "en" }.to_owned(),
                    status: status[*rank as usize],
                    ..Designation::default()
                })
                .collect(),
            definitions: definitions
                .iter()
                .map(|(domain, text)| Definition {
                    text: format!("d{text}"),
                    domain: format!("o{domain}"),
                    ..Definition::default()
                })
                .collect(),
            parents: parents.iter().filter(|parent| **parent < number).map(|parent| format!("c{parent}")).collect(),
            relations: relations
                .iter()
                .map(|(replaced, target)| relation(
                    if *replaced { RelationKind::ReplacedBy } else { RelationKind::Associative },
                    &format!("c{target}"),
                ))
                .collect(),
            notes: notes
                .iter()
                .map(|text| LocalizedText { language: "sv".to_owned(), text: format!("n{text}") })
                .collect(),
            properties: properties
                .iter()
                .map(|(name, value)| Property { name: format!("p{name}"), value: format!("v{value}") })
                .collect(),
            ..Concept::default()
        })
    }
}

fn random_concepts() -> impl Strategy<Value = Vec<Concept>> {
    let all: Vec<_> = (0..6).map(random_concept).collect();
    all.prop_map(|concepts| {
        let mut concepts: Vec<Concept> = concepts.into_iter().flatten().collect();
        let codes: Vec<String> = concepts.iter().map(|concept| concept.code.clone()).collect();
        for concept in &mut concepts {
            concept.parents.retain(|parent| codes.contains(parent));
            concept
                .relations
                .retain(|relation| codes.contains(&relation.target));
        }
        concepts
    })
}

proptest! {
    #[test]
    fn an_edition_does_not_differ_from_itself(concepts in random_concepts(), turn in any::<bool>()) {
        let edition_a = edition("1", concepts.clone());
        let mut other = concepts;
        if turn {
            other.iter_mut().for_each(|concept| {
                concept.designations.reverse();
                concept.definitions.reverse();
                concept.notes.reverse();
                concept.relations.reverse();
                concept.properties.reverse();
            });
        }
        let edition_b = edition("2", other);
        prop_assert_eq!(diff(&edition_a, &edition_b).count(), 0);
    }

    #[test]
    fn what_differs_turns_the_old_facts_into_the_new(old in random_concepts(), new in random_concepts()) {
        let facts = |concepts: &[Concept]| -> BTreeMap<String, Facts> {
            concepts.iter().map(|concept| (concept.code.clone(), stated(concept))).collect()
        };
        let (edition_old, edition_new) = (edition("1", old.clone()), edition("2", new.clone()));
        let mut now = facts(&old);
        let wanted = facts(&new);
        let code = |concept: &ConceptView<'_>| concept.code().to_owned();
        for change in diff(&edition_old, &edition_new) {
            match change {
                ConceptChange::Removed(concept) => prop_assert!(now.remove(&code(&concept)).is_some()),
                ConceptChange::Added(concept) => {
                    let code = code(&concept);
                    prop_assert!(now.insert(code.clone(), wanted[&code].clone()).is_none());
                }
                ConceptChange::Changed { new, differences, .. } => {
                    prop_assert!(!differences.is_empty());
                    let of = now.get_mut(&code(&new)).unwrap();
                    differences.iter().for_each(|difference| apply(of, difference));
                }
            }
        }
        prop_assert_eq!(now, wanted);
    }
}
