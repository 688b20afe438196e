//! Small files of ClaML, SKOS and TBX with what they say; what is written is read again as it was; broken files answer
//! with findings.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use vardnav_interchange::content::{self, Contents, MemoryFiles, skos, tbx};
use vardnav_interchange::release::{self, starter};
use vardnav_terminology::Edition;
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Definition, Designation, DesignationStatus, MapRelationship,
    Relation, RelationKind, Validity,
};

fn read(path: &str, bytes: &[u8]) -> Contents {
    content::read(&MemoryFiles::new([(path.to_owned(), bytes.to_vec())]))
}

fn system(path: &str, bytes: &[u8]) -> CodeSystem {
    let mut contents = read(path, bytes);
    assert_eq!(contents.findings, [], "{path}");
    let system = contents.code_systems.remove(0);
    assert_eq!(system.paths, [path]);
    Edition::compile(system.content.clone()).unwrap();
    system.content
}

fn concept<'s>(system: &'s CodeSystem, code: &str) -> &'s Concept {
    let found = system.concepts.iter().find(|concept| concept.code == code);
    found.unwrap_or_else(|| panic!("{code} is missing"))
}

fn terms(concept: &Concept) -> Vec<(&str, &str, DesignationStatus)> {
    concept
        .designations
        .iter()
        .map(|term| (term.text.as_str(), term.language.as_str(), term.status))
        .collect()
}

fn property<'c>(concept: &'c Concept, name: &str) -> Option<&'c str> {
    let property = concept.properties.iter().find(|property| property.name == name);
    property.map(|property| property.value.as_str())
}

#[test]
fn a_classification_with_rubrics_marks_and_modifiers() {
    let system = system("prov.xml", include_bytes!("data/content/small.claml.xml"));
    assert_eq!(
        (
            system.url.as_str(),
            system.version.as_str(),
            system.title.as_str(),
            system.language.as_str()
        ),
        ("urn:claml:vårdnav:prov", "2026", "Provklassifikation", "sv")
    );
    let codes: Vec<&str> = system
        .concepts
        .iter()
        .map(|concept| concept.code.as_str())
        .collect();
    assert_eq!(codes, ["P", "P1", "P2", "P1.0", "P1.1"]);
    let first = concept(&system, "P1");
    assert_eq!(
        terms(first),
        [
            ("Första & provet", "sv", DesignationStatus::Recommended),
            ("Det allra första provet", "sv", DesignationStatus::Accepted),
            ("First test", "en", DesignationStatus::Recommended),
        ]
    );
    assert_eq!(first.parents, ["P"]);
    assert_eq!(first.definitions[0].text, "prov som kommer före alla andra");
    assert_eq!(property(first, "mark"), Some("dagger"));
    assert_eq!(property(first, "kind"), Some("category"));
    assert_eq!(property(first, "kön"), Some("alla"));
    assert_eq!(property(first, "inclusion"), Some("Prov nummer ett"));
    assert_eq!(property(first, "exclusion"), Some("Andra prov P2"));
    assert_eq!(property(first, "coding-hint"), Some("Använd tilläggskod"));
    assert_eq!(first.notes[0].text, "Gäller tills vidare.");
    assert_eq!(property(concept(&system, "P2"), "mark"), Some("aster"));
    assert_eq!(concept(&system, "P").notes[0].text, "Inledning till kapitlet.");
    let made = concept(&system, "P1.1");
    assert_eq!(made.parents, ["P1"]);
    assert_eq!(made.designations[0].text, "Första & provet, med besvär");
    assert_eq!(property(made, "mark"), Some("dagger"));
}

#[test]
fn a_scheme_of_skos_and_its_mappings() {
    let contents = read("prov.ttl", include_bytes!("data/content/small.skos.ttl"));
    assert_eq!(contents.findings, []);
    let system = &contents.code_systems[0].content;
    Edition::compile(system.clone()).unwrap();
    assert_eq!(
        (
            system.url.as_str(),
            system.version.as_str(),
            system.title.as_str(),
            system.language.as_str()
        ),
        ("https://example.org/prov", "3", "Prov", "sv")
    );
    let open = concept(system, "Ö1");
    assert_eq!(open.parents, ["v"]);
    assert_eq!(
        terms(open),
        [
            ("öppen vård", "sv", DesignationStatus::Recommended),
            ("poliklinisk vård", "sv", DesignationStatus::Deprecated),
        ]
    );
    let definition = &open.definitions[0];
    assert_eq!(
        (definition.text.as_str(), definition.source.as_str()),
        ("vård utan inskrivning", "eget")
    );
    assert_eq!(open.notes[0].text, "Räknas per dag.");
    assert_eq!(property(open, "example"), Some("besök"));
    assert_eq!(property(open, "iri"), Some("https://example.org/prov/o"));
    assert_eq!(open.relations[0].target, "h");
    let home = concept(system, "h");
    assert_eq!(home.status, ConceptStatus::Inactive);
    assert_eq!(home.parents, ["v"]);
    assert_eq!(
        (home.relations[0].kind, home.relations[0].target.as_str()),
        (RelationKind::ReplacedBy, "Ö1")
    );
    let map = &contents.concept_maps[0].content;
    assert_eq!(map.url, "https://example.org/prov/mappings");
    let told: Vec<(&str, &str, &str, MapRelationship)> = map
        .groups
        .iter()
        .flat_map(|group| {
            group.elements.iter().map(|element| {
                let target = &element.targets[0];
                (
                    group.target.as_str(),
                    element.code.as_str(),
                    target.code.as_str(),
                    target.relationship,
                )
            })
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "https://example.org/other",
                "Ö1",
                "AMB",
                MapRelationship::Equivalent
            ),
            (
                "https://example.org/prov",
                "Ö1",
                "v",
                MapRelationship::SourceIsNarrowerThanTarget
            ),
        ]
    );
}

#[test]
fn rdf_xml_with_entities_for_vocabularies() {
    let system = system("litet.rdf", include_bytes!("data/content/small.skos.rdf"));
    assert_eq!(system.concepts.len(), 1);
    assert_eq!(system.concepts[0].code, "a");
}

#[test]
fn both_forms_of_tbx_say_the_same() {
    let new = system("termer.tbx", include_bytes!("data/content/small.dct.tbx"));
    let old = system("termer.tbx", include_bytes!("data/content/small.martif.tbx"));
    assert_eq!(new, old);
    assert_eq!(
        (new.url.as_str(), new.version.as_str()),
        ("https://example.org/termer", "2026")
    );
    let entry = concept(&new, "c1");
    assert_eq!(
        terms(entry),
        [
            ("vård i hemmet", "sv", DesignationStatus::Recommended),
            ("care at home", "en", DesignationStatus::Recommended),
            ("hemvård", "sv", DesignationStatus::Accepted),
            ("husvård", "sv", DesignationStatus::Deprecated),
        ]
    );
    assert_eq!(entry.designations[3].comment, "Föråldrat.");
    assert_eq!(entry.parents, ["c2"]);
    assert_eq!(entry.subject_fields, ["Vård och omsorg"]);
    assert_eq!(entry.definitions[0].source, "eget");
    assert_eq!(entry.notes[0].text, "Ges efter planering.");
    assert_eq!(entry.relations[0].kind, RelationKind::Associative);
}

/// What SKOS and TBX both can hold of the starter release's terms.
fn held(mut system: CodeSystem, is_tbx: bool) -> CodeSystem {
    system.properties.clear();
    system.diagrams.clear();
    system.publication = vardnav_terminology::model::Publication {
        publisher: if is_tbx {
            String::new()
        } else {
            system.publication.publisher
        },
        description: if is_tbx {
            String::new()
        } else {
            system.publication.description
        },
        ..Default::default()
    };
    for concept in &mut system.concepts {
        concept.status = if concept.status == ConceptStatus::Inactive {
            ConceptStatus::Inactive
        } else {
            ConceptStatus::Active
        };
        concept.status_reason.clear();
        concept.validity = Validity::default();
        concept.properties.clear();
        if !is_tbx {
            concept.features.clear();
        }
        concept.relations.retain(|relation| match relation.kind {
            RelationKind::Associative => true,
            RelationKind::Partitive => is_tbx,
            RelationKind::ReplacedBy | RelationKind::Replaces => !is_tbx,
            RelationKind::Distinguish => false,
        });
        for relation in &mut concept.relations {
            *relation = Relation {
                validity: Validity::default(),
                scope: String::new(),
                source: String::new(),
                ..relation.clone()
            };
        }
        concept
            .relations
            .sort_by_key(|relation| (relation.kind as u8, relation.target.clone()));
        let mut terms: Vec<Designation> = concept
            .designations
            .iter()
            .map(|term| Designation {
                text: term.text.clone(),
                language: term.language.clone(),
                status: term.status,
                comment: if is_tbx {
                    term.comment.clone()
                } else {
                    String::new()
                },
                ..Designation::default()
            })
            .collect();
        if !is_tbx {
            // A term has one status in SKOS: the first.
            let all = terms.clone();
            let mut at = 0;
            terms.retain(|term| {
                at += 1;
                let same = |other: &Designation| other.text == term.text && other.language == term.language;
                !all[..at - 1].iter().any(same)
            });
        }
        terms.sort_by_key(|term| {
            (
                term.status as u8,
                term.language.clone(),
                term.text.clone(),
                term.comment.clone(),
            )
        });
        concept.designations = terms;
        let mut definitions: Vec<Definition> = concept
            .definitions
            .iter()
            .map(|definition| Definition {
                text: definition.text.clone(),
                language: definition.language.clone(),
                source: definition.source.clone(),
                ..Definition::default()
            })
            .collect();
        definitions.sort_by_key(|definition| (definition.language.clone(), definition.text.clone()));
        concept.definitions = definitions;
        concept
            .notes
            .sort_by_key(|note| (note.language.clone(), note.text.clone()));
        concept
            .features
            .sort_by_key(|note| (note.language.clone(), note.text.clone()));
    }
    system
}

fn starter_terms() -> CodeSystem {
    let parsed = release::parse(&starter::package().unwrap());
    let mut systems = parsed.source.unwrap().code_systems.into_iter();
    systems
        .find(|system| system.url.ends_with("near-care-terms"))
        .unwrap()
}

#[test]
fn what_is_written_as_tbx_is_read_again() {
    let mut terms = starter_terms();
    terms.concepts[0].designations[0].text = "<fäst> & \"citerad\"".to_owned();
    let mut bytes = Vec::new();
    tbx::write(&terms, &mut bytes).unwrap();
    assert_eq!(held(system("ut.tbx", &bytes), true), held(terms, true));
}

#[test]
fn what_is_written_as_skos_is_read_again() {
    let mut terms = starter_terms();
    terms.concepts[0].designations[0].text = "\"citerad\" \\ ny\nrad".to_owned();
    let mut bytes = Vec::new();
    skos::write(&terms, &mut bytes).unwrap();
    assert_eq!(held(system("ut.ttl", &bytes), false), held(terms, false));
}

#[test]
fn what_is_broken_is_found_with_its_line() {
    let claml = include_str!("data/content/small.claml.xml");
    let turtle = include_str!("data/content/small.skos.ttl");
    let rdf = include_str!("data/content/small.skos.rdf");
    let terms = include_str!("data/content/small.dct.tbx");
    let deep = "<a>".repeat(200);
    let cases = [
        ("a.claml", claml.replace("&amp;", "&egen;"), "VN-IMP-303", 31),
        ("a.claml", claml.replace("</Class>", ""), "VN-IMP-302", 46),
        ("a.claml", deep, "VN-IMP-304", 1),
        ("a.claml", claml.replace("uid=\"Prov\"", ""), "VN-IMP-311", 3),
        (
            "a.claml",
            claml.replace("<SuperClass code=\"P\"/>", "<SuperClass code=\"Q\"/>"),
            "VN-IMP-312",
            28,
        ),
        (
            "a.claml",
            claml.replace("code=\"P2\"", "code=\"P1\""),
            "VN-IMP-313",
            41,
        ),
        (
            "a.claml",
            claml.replace("<ModifiedBy code=\"M1\"", "<ModifiedBy code=\"M2\""),
            "VN-IMP-315",
            0,
        ),
        (
            "a.ttl",
            turtle.replace("skos:narrower :o .", "skos:narrower :o"),
            "VN-IMP-302",
            15,
        ),
        (
            "a.ttl",
            turtle.replace("a skos:ConceptScheme", "a skos:Collection"),
            "VN-IMP-331",
            0,
        ),
        ("a.ttl", turtle.replace("\"Ö1\"", "\"v\""), "VN-IMP-332", 0),
        (
            "a.ttl",
            turtle.replace("skos:related :h", "skos:related :z"),
            "VN-IMP-333",
            0,
        ),
        (
            "a.rdf",
            rdf.replace("\"http://www.w3.org/2004/02/skos/core#\">", "\"&a;&a;\">"),
            "VN-IMP-335",
            0,
        ),
        ("a.rdf", rdf.replace("</rdf:Description>", ""), "VN-IMP-302", 10),
        ("a.tbx", terms.replace("id=\"c2\"", "id=\"c1\""), "VN-IMP-351", 20),
        (
            "a.tbx",
            terms.replace("target=\"#c2\"", "target=\"#c3\""),
            "VN-IMP-352",
            10,
        ),
        (
            "a.tbx",
            terms.replace("<langSec xml:lang=\"en\">", "<langSec>"),
            "VN-IMP-354",
            18,
        ),
    ];
    let mut wrong = Vec::new();
    for (path, text, code, line) in cases {
        let contents = read(path, text.as_bytes());
        let found: Vec<(&str, u32)> = contents
            .findings
            .iter()
            .map(|finding| (finding.code, finding.line))
            .collect();
        if !found.contains(&(code, line)) {
            wrong.push(format!("{path} {code} {line}: {found:?}"));
        }
        assert!(contents.code_systems.is_empty(), "{code}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let contents = read("a.ttl", b"\xff");
    assert_eq!(contents.findings[0].code, "VN-IMP-301");
}

#[test]
fn what_only_deserves_a_look_is_read() {
    let terms = include_str!("data/content/small.dct.tbx").replace("https://example.org/termer|2026", "");
    let turtle = include_str!("data/content/small.skos.ttl").replace("owl:versionInfo \"3\" ;", "");
    let claml =
        include_str!("data/content/small.claml.xml").replace("version=\"2026\" date=\"2026-01-01\"", "");
    for (path, text, code) in [
        ("a.tbx", terms, "VN-IMP-353"),
        ("a.ttl", turtle, "VN-IMP-334"),
        ("a.claml", claml, "VN-IMP-314"),
    ] {
        let contents = read(path, text.as_bytes());
        assert_eq!(contents.findings[0].code, code);
        assert_eq!(contents.code_systems[0].content.version, "undated");
    }
}
