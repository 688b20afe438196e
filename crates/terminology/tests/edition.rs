//! What an edition answers: look-up, display, validation, search in small.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use jiff::civil::{Date, date};
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Designation, DesignationStatus, Diagram, DiagramNode, Property,
    PropertyDefinition, PropertyKind, Relation, RelationKind, Validity,
};
use vardnav_terminology::{Edition, ProblemKind, SearchQuery, Subsumption, UnknownCode, Validation};

const BEFORE: Date = date(2026, 6, 30);
const AFTER: Date = date(2026, 7, 1);

fn term(text: &str, language: &str, status: DesignationStatus) -> Designation {
    Designation {
        text: text.to_owned(),
        language: language.to_owned(),
        status,
        ..Designation::default()
    }
}

fn concept(code: &str, parents: &[&str], designations: Vec<Designation>) -> Concept {
    let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
    Concept {
        code: code.to_owned(),
        parents,
        designations,
        ..Concept::default()
    }
}

fn system(concepts: Vec<Concept>) -> CodeSystem {
    CodeSystem {
        url: "https://example.org/terms".to_owned(),
        version: "1".to_owned(),
        title: "Terms".to_owned(),
        language: "sv".to_owned(),
        concepts,
        ..CodeSystem::default()
    }
}

/// A term that gives way to that of another concept on a date, in applicable cases.
fn replaced() -> Edition {
    use DesignationStatus::{Accepted, Deprecated, Recommended};
    let until = |mut term: Designation| {
        term.validity.until = Some(AFTER);
        term
    };
    let from = |mut term: Designation| {
        term.validity.from = Some(AFTER);
        term.scope = "i tillämpliga fall".to_owned();
        term
    };
    let mut old = concept(
        "home-nursing",
        &["care"],
        vec![
            until(term("hemsjukvård", "sv", Recommended)),
            from(term("hemsjukvård", "sv", Deprecated)),
            term("home nursing", "en", Accepted),
        ],
    );
    old.relations.push(Relation {
        kind: RelationKind::ReplacedBy,
        target: "care-at-home".to_owned(),
        validity: Validity {
            from: Some(AFTER),
            until: None,
        },
        scope: "i tillämpliga fall".to_owned(),
        source: String::new(),
    });
    let mut dated = concept("dated", &["care"], vec![term("daterad", "sv", Recommended)]);
    dated.validity = Validity {
        from: Some(AFTER),
        until: None,
    };
    let mut retired = concept("retired", &["care"], vec![term("utgången", "sv", Recommended)]);
    retired.status = ConceptStatus::Inactive;
    Edition::compile(system(vec![
        concept(
            "care",
            &[],
            vec![term("vård", "sv", Recommended), term("care", "en", Recommended)],
        ),
        old,
        concept(
            "care-at-home",
            &["care"],
            vec![term("hälso- och sjukvård i hemmet", "sv", Recommended)],
        ),
        dated,
        retired,
        concept(
            "I509",
            &[],
            vec![term("Hjärtsvikt, ospecificerad", "sv", Recommended)],
        ),
    ]))
    .unwrap()
}

#[test]
fn a_concept_is_found_by_its_code_with_or_without_the_full_stop() {
    let edition = replaced();
    assert_eq!(edition.lookup("I50.9").unwrap().code(), "I509");
    assert_eq!(edition.lookup("I509"), edition.lookup("I50.9"));
    for code in ["i509", "I50", "", "I50.9.", "care "] {
        assert_eq!(edition.lookup(code), None, "{code}");
    }
}

#[test]
fn the_display_follows_date_and_language() {
    let edition = replaced();
    let home = edition.lookup("home-nursing").unwrap();
    let display = |language, date| home.display(language, date).unwrap();
    assert_eq!(
        display("sv-SE", Some(BEFORE)).status,
        DesignationStatus::Recommended
    );
    assert_eq!(display("en-GB", Some(BEFORE)).text, "home nursing");
    assert_eq!(
        display("", Some(AFTER)).text,
        "home nursing",
        "a deprecated term is the last choice"
    );
    assert_eq!(
        edition.lookup("care").unwrap().display("fi", None).unwrap().text,
        "vård"
    );
}

#[test]
fn hierarchy_and_relations_are_read_from_the_view() {
    let edition = replaced();
    let care = edition.lookup("care").unwrap();
    let children: Vec<_> = care.children().map(|child| child.code()).collect();
    assert_eq!(children, ["home-nursing", "care-at-home", "dated", "retired"]);
    let home = edition.lookup("home-nursing").unwrap();
    assert_eq!(home.parents().next(), Some(care));
    assert!(home.is_leaf());
    let relation = home.relations().next().unwrap();
    assert_eq!(
        (relation.target.code(), relation.scope),
        ("care-at-home", "i tillämpliga fall")
    );
    assert_eq!(edition.subsumes_codes("care", "dated"), Ok(Subsumption::Subsumes));
    assert_eq!(
        edition.subsumes_codes("dated", "nowhere"),
        Err(UnknownCode::Second)
    );
}

#[test]
fn validation_names_what_is_wrong() {
    let edition = replaced();
    let check = |code, display| edition.validate_code(code, display, BEFORE);
    assert_eq!(check("nowhere", None), Validation::UnknownCode);
    assert!(matches!(check("dated", None), Validation::NotValidOnDate { .. }));
    assert!(matches!(check("retired", None), Validation::Inactive { .. }));
    assert!(matches!(
        check("care", None),
        Validation::Valid { deprecated: None, .. }
    ));
    assert!(matches!(
        check("care", Some(" VÅRD ")),
        Validation::Valid { deprecated: None, .. }
    ));
    let Validation::DisplayMismatch { expected, .. } = check("care", Some("omsorg")) else {
        panic!()
    };
    assert_eq!(expected, "vård");
}

#[test]
fn a_deprecated_display_is_valid_and_names_the_term_recommended_on_the_date() {
    let edition = replaced();
    let on = |date| edition.validate_code("home-nursing", Some("Hemsjukvård"), date);
    assert!(matches!(on(BEFORE), Validation::Valid { deprecated: None, .. }));
    let Validation::Valid {
        deprecated: Some(deprecated),
        ..
    } = on(AFTER)
    else {
        panic!()
    };
    assert_eq!(deprecated.used.scope, "i tillämpliga fall");
    assert_eq!(
        deprecated.recommended.unwrap().text,
        "hälso- och sjukvård i hemmet"
    );
}

#[test]
fn a_search_finds_as_one_types() {
    let edition = replaced();
    let find = |text: &'static str, date| -> Vec<&str> {
        let hits = edition.search(&SearchQuery {
            text,
            date,
            limit: 10,
            ..SearchQuery::default()
        });
        hits.iter().map(|hit| hit.concept.code()).collect()
    };
    assert_eq!(find("hjä", None), ["I509"]);
    assert_eq!(find("hjartsv osp", None), ["I509"]);
    assert_eq!(find("i50.9", None), ["I509"]);
    assert_eq!(find("I50", None), ["I509"]);
    assert_eq!(find("hem", Some(BEFORE)), ["home-nursing", "care-at-home"]);
    assert_eq!(find("hem", Some(AFTER)), ["care-at-home", "home-nursing"]);
    assert_eq!(find("care", None), ["care", "care-at-home"]);
    assert_eq!(find("-", None), Vec::<&str>::new());
    let english = edition.search(&SearchQuery {
        text: "home",
        language: "en",
        limit: 10,
        ..SearchQuery::default()
    });
    assert_eq!(english.len(), 1);
    assert_eq!(english[0].designation.unwrap().text, "home nursing");
}

#[test]
fn a_search_finds_the_parts_of_compounds_after_the_beginnings_of_words() {
    let named =
        |code: &str, text: &str| concept(code, &[], vec![term(text, "sv", DesignationStatus::Recommended)]);
    let edition = Edition::compile(system(vec![
        named("1", "Svikt i ett påhittat långt namn"),
        named("2", "Högerhjärtsvikt"),
        named("3", "Njursvikt"),
        named("4", "Påsvikt"),
        named("kod1svikt", "Annat"),
    ]))
    .unwrap();
    let find = |text: &'static str, limit| -> Vec<&str> {
        let hits = edition.search(&SearchQuery {
            text,
            limit,
            ..SearchQuery::default()
        });
        hits.iter().map(|hit| hit.concept.code()).collect()
    };
    assert_eq!(find("svikt", 10), ["1", "3", "2"]);
    assert_eq!(find("svikt", 2), ["1", "3"]);
    assert_eq!(find("hjartsvikt", 10), ["2"], "folded");
    assert_eq!(find("hög svikt", 10), ["2"]);
    assert_eq!(find("svik annat", 10), Vec::<&str>::new());
    assert_eq!(find("vikt", 10), ["4", "3", "2"], "from the fourth letter");
    assert_eq!(find("ikt", 10), Vec::<&str>::new(), "four letters at least");
}

#[test]
fn letter_case_does_not_matter_where_the_code_system_says_so() {
    let codes = |case_insensitive| CodeSystem {
        case_insensitive,
        ..system(vec![
            concept("I509", &[], vec![]),
            concept("A-much-longer-Code", &[], vec![]),
        ])
    };
    let edition = Edition::compile(codes(true)).unwrap();
    for (asked, code) in [
        ("I509", "I509"),
        ("i509", "I509"),
        ("i50.9", "I509"),
        ("I50.9", "I509"),
        ("a-MUCH-longer-code", "A-much-longer-Code"),
    ] {
        assert_eq!(edition.lookup(asked).unwrap().code(), code, "{asked}");
    }
    assert_eq!(edition.lookup("i51"), None);
    assert_eq!(Edition::compile(codes(false)).unwrap().lookup("i50.9"), None);
    let mut twice = codes(true);
    twice.concepts.push(concept("i509", &[], vec![]));
    let problems = Edition::compile(twice).unwrap_err();
    assert_eq!(problems[0].kind, ProblemKind::DuplicateCode { first: 0 });
    assert_eq!((problems[0].position, problems.len()), (2, 1));
}

#[test]
fn properties_have_the_kind_that_the_code_system_gives_them() {
    let mut block = concept("A00-B99", &[], vec![]);
    for name in ["level", "mark"] {
        block.properties.push(Property {
            name: name.to_owned(),
            value: "1".to_owned(),
        });
    }
    let edition = Edition::compile(CodeSystem {
        properties: vec![PropertyDefinition {
            name: "level".to_owned(),
            kind: PropertyKind::Integer,
            ..PropertyDefinition::default()
        }],
        ..system(vec![block])
    })
    .unwrap();
    let block = edition.lookup("A00-B99").unwrap();
    let kinds: Vec<_> = block
        .properties()
        .map(|property| (property.name, property.kind))
        .collect();
    assert_eq!(
        kinds,
        [("level", PropertyKind::Integer), ("mark", PropertyKind::String)]
    );
    assert_eq!(block.property("mark"), Some("1"));
}

#[test]
fn many_defects_are_counted_after_the_first_thousand() {
    let orphan = |number: usize| concept(&number.to_string(), &["nowhere"], vec![]);
    let problems = Edition::compile(system((0..2500).map(orphan).collect())).unwrap_err();
    assert_eq!(problems.len(), 1001);
    assert_eq!(problems[1000].kind, ProblemKind::More(1500));
}

#[test]
fn a_designation_of_a_hundred_megabytes_is_refused_at_once() {
    let endless = term(&"å".repeat(50_000_000), "sv", DesignationStatus::Recommended);
    let problems = Edition::compile(system(vec![concept("a", &[], vec![endless])])).unwrap_err();
    assert_eq!(problems[0].kind, ProblemKind::LongDesignation);
}

#[test]
fn a_hierarchy_may_be_deep() {
    let depth = 20_000;
    let below = |number: usize| concept(&number.to_string(), &[&(number - 1).to_string()], vec![]);
    let mut concepts = vec![concept("0", &[], vec![])];
    concepts.extend((1..depth).map(below));
    let edition = Edition::compile(system(concepts.clone())).unwrap();
    assert_eq!(edition.subsumes_codes("0", "19999"), Ok(Subsumption::Subsumes));
    let (top, bottom) = (edition.find("0").unwrap(), edition.find("19999").unwrap());
    assert_eq!(edition.descendants(top).len(), depth - 1);
    assert_eq!(edition.ancestors(bottom).len(), depth - 1);
    concepts[0].parents.push("19999".to_owned());
    let problems = Edition::compile(system(concepts)).unwrap_err();
    assert_eq!(problems[0].kind, ProblemKind::Cycle);
    assert_eq!(problems[1000].kind, ProblemKind::More(depth - 1000));
}

#[test]
fn a_diagram_shows_known_concepts_only() {
    let mut source = system(vec![concept("a", &[], vec![])]);
    source.diagrams.push(Diagram {
        id: "d".to_owned(),
        nodes: vec![DiagramNode {
            code: "b".to_owned(),
            ..DiagramNode::default()
        }],
        ..Diagram::default()
    });
    let problems = Edition::compile(source).unwrap_err();
    assert!(
        matches!(&problems[0].kind, ProblemKind::UnknownDiagramCode { diagram, code } if diagram == "d" && code == "b")
    );
}

#[test]
fn a_defective_code_system_is_refused_with_every_defect() {
    let mut empty = concept(
        "e",
        &["nowhere"],
        vec![term(" ", "sv", DesignationStatus::Recommended)],
    );
    empty.validity = Validity {
        from: Some(AFTER),
        until: Some(AFTER),
    };
    let problems = Edition::compile(system(vec![
        concept("a", &[], vec![]),
        concept("a", &[], vec![]),
        empty,
    ]))
    .unwrap_err();
    let kinds: Vec<_> = problems
        .iter()
        .map(|problem| (problem.position, &problem.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            (1, &ProblemKind::DuplicateCode { first: 0 }),
            (2, &ProblemKind::EmptyDesignation),
            (2, &ProblemKind::EmptyInterval),
            (2, &ProblemKind::UnknownParent("nowhere".to_owned())),
        ]
    );
    let cycle = system(vec![concept("a", &["b"], vec![]), concept("b", &["a"], vec![])]);
    let problems = Edition::compile(cycle).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "concept 0 `a`: the concept is its own ancestor"
    );
    assert_eq!(problems.len(), 2);
}

#[test]
fn an_empty_code_system_answers_nothing() {
    let edition = Edition::compile(system(vec![])).unwrap();
    assert!(edition.is_empty());
    assert_eq!(edition.lookup("a"), None);
    assert!(
        edition
            .search(&SearchQuery {
                text: "a",
                limit: 10,
                ..SearchQuery::default()
            })
            .is_empty()
    );
}
