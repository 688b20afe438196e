//! Reading Release Format 2: a small edition with an extension, and synthetic ones.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

#[path = "rf2/descriptions.rs"]
mod descriptions;
#[path = "rf2/editions.rs"]
mod editions;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use vardnav_interchange::codesystem::{ImportFinding, ImportSeverity};
use vardnav_interchange::content::rf2::{self, SyntheticOptions, synthetic_files};
use vardnav_interchange::content::{self, Contents, Files, MemoryFiles};
use vardnav_terminology::Edition;
use vardnav_terminology::model::{
    AttributeValue, CodeSystem, Components, Concept, ConceptStatus, DesignationStatus, FieldValue,
    RelationKind, Validity,
};

const HEART_TROUBLE: &str = "19999999103";
const HEART: &str = "29999999105";
const SEVERE: &str = "39999999107";
const BAD_HEART: &str = "49999999102";
const SET: &str = "59999999104";
const MODULE: &str = "69999999101";
const COUNT: &str = "79999999109";
const FINDING_SITE: &str = "363698007";
const NAME: &str = "http://snomed.info/sct|900000000000003001";
const SYNONYM: &str = "http://snomed.info/sct|900000000000013009";

type Texts = BTreeMap<String, String>;

/// The files of the small edition, by path.
fn small() -> Texts {
    let mut texts = Texts::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rf2");
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                texts.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    texts
}

fn files(texts: &Texts) -> MemoryFiles {
    MemoryFiles::new(
        texts
            .iter()
            .map(|(path, text)| (path.clone(), text.clone().into_bytes())),
    )
}

/// The only code system that was read, without findings.
fn only(contents: Contents) -> CodeSystem {
    assert_eq!(contents.findings, [], "findings");
    assert_eq!(contents.code_systems.len(), 1);
    contents.code_systems.into_iter().next().unwrap().content
}

fn small_edition() -> CodeSystem {
    only(content::read(&files(&small())))
}

fn concept<'s>(system: &'s CodeSystem, code: &str) -> &'s Concept {
    &system.concepts[at(system, code) as usize]
}

fn at(system: &CodeSystem, code: &str) -> u32 {
    let found = system.concepts.iter().position(|concept| concept.code == code);
    found.unwrap_or_else(|| panic!("no concept {code}")) as u32
}

fn components(system: &CodeSystem) -> &Components {
    system.components.as_ref().unwrap()
}

#[test]
fn modules_in_several_folders_are_one_edition_named_by_the_most_specific() {
    let contents = content::read(&files(&small()));
    let all: Vec<String> = small().into_keys().collect();
    assert_eq!(contents.code_systems[0].paths, all);
    let system = only(contents);
    assert_eq!(system.url, "http://snomed.info/sct");
    assert_eq!(
        system.version,
        format!("http://snomed.info/sct/{MODULE}/version/20240531")
    );
    assert_eq!(system.title, "SNOMED CT, Extension module, 2024-05-31");
    assert_eq!(
        (system.language.as_str(), system.publication.date.as_str()),
        ("en", "2024-05-31")
    );
    let codes: Vec<u64> = system
        .concepts
        .iter()
        .map(|concept| concept.code.parse().unwrap())
        .collect();
    assert!(codes.is_sorted() && codes.len() == 22);
}

#[test]
fn designations_have_language_type_and_standing() {
    let system = small_edition();
    let found: Vec<(&str, &str, &str, DesignationStatus)> = concept(&system, HEART_TROUBLE)
        .designations
        .iter()
        .map(|one| {
            (
                one.text.as_str(),
                one.language.as_str(),
                one.usage.as_str(),
                one.status,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Heart trouble", "", SYNONYM, DesignationStatus::Recommended),
            ("hjärtbesvär", "sv", SYNONYM, DesignationStatus::Recommended),
            (
                "Heart trouble (finding)",
                "",
                NAME,
                DesignationStatus::Recommended
            ),
            ("Cardiac trouble", "", SYNONYM, DesignationStatus::Accepted),
            ("hjärtkrångel", "sv", SYNONYM, DesignationStatus::Accepted),
        ],
        "inactive ones are left out"
    );
    let definitions = &concept(&system, HEART_TROUBLE).definitions;
    assert_eq!(definitions.len(), 1);
    assert_eq!(definitions[0].text, "A heart that does not do as it should.");
}

#[test]
fn components_follow_the_designations() {
    let system = small_edition();
    let components = components(&system);
    let all: Vec<_> = system
        .concepts
        .iter()
        .flat_map(|concept| &concept.designations)
        .collect();
    assert_eq!(components.designations.len(), all.len());
    for (designation, component) in all.iter().zip(&components.designations) {
        let kind = &system.concepts[component.kind as usize].code;
        assert_eq!(designation.usage, format!("http://snomed.info/sct|{kind}"));
    }
    let swedish = at(&system, "46011000052107");
    let preferred: Vec<&str> = components
        .acceptabilities
        .iter()
        .filter(|one| one.dialect == swedish && one.preferred)
        .map(|one| all[one.designation as usize].text.as_str())
        .collect();
    assert_eq!(preferred, ["hjärtbesvär", "hjärta", "svåra hjärtbesvär"]);
    assert_eq!(
        components.acceptabilities.len(),
        all.len(),
        "each stands in one dialect"
    );
    let component = &components.concepts[at(&system, HEART_TROUBLE) as usize];
    assert_eq!((component.defined, component.effective_time), (true, 20_100_131));
    assert_eq!(component.module, at(&system, "900000000000207008"));
    assert!(!components.concepts[at(&system, HEART) as usize].defined);
}

#[test]
fn relationships_are_parents_and_attributes_and_the_newest_row_counts() {
    let system = small_edition();
    assert_eq!(
        concept(&system, SEVERE).parents,
        [HEART_TROUBLE],
        "the extension took the other away"
    );
    assert_eq!(
        concept(&system, HEART_TROUBLE).parents,
        ["404684003"],
        "stated ones are passed over"
    );
    let of_severe: Vec<_> = components(&system)
        .attributes
        .iter()
        .filter(|one| one.source == at(&system, SEVERE))
        .map(|one| (one.group, one.kind, one.value.clone()))
        .collect();
    let (site, heart, count) = (at(&system, FINDING_SITE), at(&system, HEART), at(&system, COUNT));
    let number = AttributeValue::Number("2.5".to_owned());
    assert_eq!(
        of_severe,
        [
            (1, site, AttributeValue::Concept(heart)),
            (1, count, number),
            (2, site, AttributeValue::Concept(heart)),
        ]
    );
}

#[test]
fn an_inactive_concept_stays_and_says_what_replaces_it() {
    let system = small_edition();
    let concept = concept(&system, BAD_HEART);
    assert_eq!(concept.status, ConceptStatus::Inactive);
    let relation = &concept.relations[0];
    assert_eq!(
        (relation.kind, relation.target.as_str()),
        (RelationKind::ReplacedBy, HEART_TROUBLE)
    );
    assert_eq!(relation.scope, "replaced by");
    assert_eq!(
        relation.validity,
        Validity {
            from: Some(date(2018, 7, 31)),
            until: None
        }
    );
    let set = components(&system)
        .reference_sets
        .iter()
        .find(|set| set.concept == at(&system, "900000000000526001"))
        .unwrap();
    assert_eq!(set.fields, ["targetComponentId"]);
    assert_eq!(set.members[0].referenced, at(&system, BAD_HEART));
    assert_eq!(
        set.members[0].values,
        [FieldValue::Concept(at(&system, HEART_TROUBLE))]
    );
}

#[test]
fn reference_sets_keep_members_that_no_longer_hold_and_none_of_other_components() {
    let system = small_edition();
    let set = components(&system)
        .reference_sets
        .iter()
        .find(|set| set.concept == at(&system, SET))
        .unwrap();
    assert!(set.fields.is_empty());
    let members: Vec<(u32, bool, u32)> = set
        .members
        .iter()
        .map(|one| (one.referenced, one.active, one.effective_time))
        .collect();
    assert_eq!(
        members,
        [
            (at(&system, HEART_TROUBLE), true, 20_240_531),
            (at(&system, HEART), false, 20_240_531)
        ]
    );
    assert_eq!(set.members[0].id, 0x4000_8000_0000_0000_012c);
}

#[test]
fn what_is_read_compiles() {
    let edition = Edition::compile(small_edition()).unwrap();
    assert_eq!(edition.len(), 22);
}

/// An edit of the small edition, and what must be found then: code, line, and whether the edition is read.
struct Defect {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    line: u32,
    read: bool,
}

const CONCEPTS: &str = "int/Snapshot/Terminology/sct2_Concept_Snapshot_INT_20240101.txt";
const DESCRIPTIONS: &str = "int/Snapshot/Terminology/sct2_Description_Snapshot-en_INT_20240101.txt";
const RELATIONSHIPS: &str = "int/Snapshot/Terminology/sct2_Relationship_Snapshot_INT_20240101.txt";
const VALUES: &str = "int/Snapshot/Terminology/sct2_RelationshipConcreteValues_Snapshot_INT_20240101.txt";
const LANGUAGE: &str = "int/Snapshot/Refset/Language/der2_cRefset_LanguageSnapshot-en_INT_20240101.txt";
const SIMPLE: &str = "ext/Snapshot/Refset/Content/der2_Refset_SimpleSnapshot_XX9999999_20240531.txt";

const fn error(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    line: u32,
) -> Defect {
    Defect {
        file,
        from,
        to,
        code,
        line,
        read: false,
    }
}

const fn warning(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    line: u32,
) -> Defect {
    Defect {
        file,
        from,
        to,
        code,
        line,
        read: true,
    }
}

const DEFECTS: &[Defect] = &[
    error(
        CONCEPTS,
        "id\teffectiveTime",
        "effectiveTime\tid",
        "VN-IMP-101",
        1,
    ),
    error(CONCEPTS, "\tdefinitionStatusId", "", "VN-IMP-101", 1),
    error(
        SIMPLE,
        "\treferencedComponentId",
        "\treferencedComponentId\tmapTarget",
        "VN-IMP-101",
        1,
    ),
    error(CONCEPTS, "138875005\t20020131", "138875005", "VN-IMP-102", 2),
    error(
        CONCEPTS,
        "138875005\t20020131",
        "138875005\t20020131\t",
        "VN-IMP-102",
        2,
    ),
    error(CONCEPTS, "138875005\t", "13887500x\t", "VN-IMP-103", 2),
    error(
        SIMPLE,
        "00000000-0000-4000-8000-00000000012c",
        "12c",
        "VN-IMP-103",
        2,
    ),
    warning(RELATIONSHIPS, "19999999126\t", "19999999127\t", "VN-IMP-104", 2),
    warning(RELATIONSHIPS, "19999999126\t", "19999999119\t", "VN-IMP-104", 2),
    error(
        CONCEPTS,
        "138875005\t20020131",
        "138875005\t20020231",
        "VN-IMP-105",
        2,
    ),
    error(
        CONCEPTS,
        "138875005\t20020131\t1",
        "138875005\t20020131\t2",
        "VN-IMP-106",
        2,
    ),
    error(VALUES, "#2.5", "2.5", "VN-IMP-106", 2),
    error(VALUES, "#2.5", "#2,5", "VN-IMP-106", 2),
    error(VALUES, "\"many\"", "\"many", "VN-IMP-106", 3),
    error(
        RELATIONSHIPS,
        "138875005\t0\t",
        "138875005\t70000\t",
        "VN-IMP-106",
        2,
    ),
    error(DESCRIPTIONS, "138875005\ten\t", "138875005\t-\t", "VN-IMP-106", 2),
    error(
        LANGUAGE,
        "900000000000548007",
        "900000000000207008",
        "VN-IMP-106",
        2,
    ),
    warning(
        DESCRIPTIONS,
        "\t138875005\t",
        "\t999480561000087103\t",
        "VN-IMP-107",
        2,
    ),
    warning(
        RELATIONSHIPS,
        "\t138875005\t",
        "\t999480561000087103\t",
        "VN-IMP-108",
        2,
    ),
    warning(
        SIMPLE,
        "\t59999999104\t",
        "\t999480561000087103\t",
        "VN-IMP-109",
        2,
    ),
    warning(
        LANGUAGE,
        "\t19999999119\t",
        "\t999480561000087103\t",
        "VN-IMP-109",
        2,
    ),
    error(CONCEPTS, "404684003\t", "138875005\t", "VN-IMP-110", 12),
    error(DESCRIPTIONS, "29999999114\t", "19999999119\t", "VN-IMP-110", 3),
    error(SIMPLE, "00000000012d", "00000000012c", "VN-IMP-110", 3),
    error(
        DESCRIPTIONS,
        "SNOMED CT Concept (SNOMED RT+CTV3)",
        " ",
        "VN-IMP-116",
        2,
    ),
];

#[test]
fn every_defect_is_found_at_its_line_and_an_error_keeps_all_from_being_read() {
    for Defect {
        file,
        from,
        to,
        code,
        line,
        read,
    } in DEFECTS
    {
        let mut texts = small();
        let text = texts.get_mut(*file).unwrap();
        assert!(text.contains(from), "{code}: `{from}` is not in {file}");
        *text = text.replacen(from, to, 1);
        let contents = content::read(&files(&texts));
        let what = format!("{from} -> {to}: {:?}", contents.findings);
        let found = contents
            .findings
            .iter()
            .find(|one| one.code == *code && one.line == *line);
        let found = found.unwrap_or_else(|| panic!("{what}"));
        assert_eq!(found.file, *file, "{what}");
        assert_eq!(found.severity == ImportSeverity::Warning, *read, "{what}");
        assert_eq!(contents.code_systems.len(), usize::from(*read), "{what}");
    }
}

fn codes(findings: &[ImportFinding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn bytes_that_are_not_text_and_endless_lines_are_told() {
    for (line, code) in [
        (vec![0xff; 10], "VN-IMP-111"),
        (vec![b'a'; 100 << 20], "VN-IMP-112"),
    ] {
        let mut all: BTreeMap<String, Vec<u8>> = small()
            .into_iter()
            .map(|(path, text)| (path, text.into_bytes()))
            .collect();
        all.get_mut(DESCRIPTIONS).unwrap().extend(line);
        let contents = content::read(&MemoryFiles::new(all));
        assert_eq!(codes(&contents.findings), [code]);
        assert_eq!(contents.findings[0].line, 20);
        assert!(contents.code_systems.is_empty());
    }
}

#[test]
fn many_findings_of_a_kind_are_counted() {
    let options = SyntheticOptions::of_size(2_000);
    let written = synthetic_files(&options);
    let broken = written.paths().into_iter().map(|path| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut written.open(&path).unwrap(), &mut text).unwrap();
        let text = if path.contains("sct2_Concept_") {
            text.replace("\t1\t", "\tyes\t")
        } else {
            text
        };
        (path, text.into_bytes())
    });
    let contents = content::read(&MemoryFiles::new(broken));
    assert!(contents.code_systems.is_empty());
    assert_eq!(contents.findings.len(), 21);
    assert!(contents.findings[20].message.contains("more findings"));
}

#[test]
fn missing_tables_and_changes_alone_are_told() {
    let without = |part: &str| {
        let mut texts = small();
        texts.retain(|path, _| !path.contains(part));
        content::read(&files(&texts))
    };
    for part in ["sct2_Concept_", "sct2_Description_", "sct2_Relationship_"] {
        let contents = without(part);
        assert_eq!(
            (codes(&contents.findings), contents.code_systems.len()),
            (vec!["VN-IMP-114"], 0),
            "{part}"
        );
    }
    let delta: Texts = small()
        .into_iter()
        .map(|(path, text)| (path.replace("Snapshot", "Delta"), text))
        .collect();
    let contents = content::read(&files(&delta));
    assert!(contents.code_systems.is_empty());
    assert!(
        contents
            .findings
            .iter()
            .any(|finding| finding.code == "VN-IMP-113")
    );
    let both: Texts = delta.into_iter().chain(small()).collect();
    assert_eq!(only(content::read(&files(&both))), small_edition());
    let (edition, findings) = rf2::read_at(&files(&small()), date(2024, 1, 1));
    assert!(edition.is_none() && findings.iter().all(|finding| finding.code == "VN-IMP-118"));
}

#[test]
fn a_synthetic_edition_has_the_size_asked_for_and_compiles() {
    let options = SyntheticOptions::of_size(3_000);
    let system = only(content::read(&synthetic_files(&options)));
    let components = components(&system);
    assert_eq!(system.concepts.len(), 3_000);
    let is_a: usize = system.concepts.iter().map(|concept| concept.parents.len()).sum();
    let relationships = is_a + components.attributes.len();
    assert!(
        (17_000..=18_000).contains(&relationships),
        "{relationships}: some are drawn twice"
    );
    assert!(
        (9_400..=9_600).contains(&components.designations.len()),
        "some are inactive"
    );
    assert_eq!(components.reference_sets.len(), 7);
    let inactive: Vec<&Concept> = system
        .concepts
        .iter()
        .filter(|concept| concept.status == ConceptStatus::Inactive)
        .collect();
    assert!((60..=120).contains(&inactive.len()));
    assert!(
        inactive
            .iter()
            .all(|concept| concept.relations.len() == 1 && concept.parents.is_empty())
    );
    let several = system
        .concepts
        .iter()
        .filter(|concept| concept.parents.len() > 1)
        .count();
    assert!((250..=550).contains(&several), "{several}");
    let swedish = system.concepts.iter().flat_map(|concept| &concept.designations);
    assert!(
        swedish
            .filter(|one| one.language == "sv" && one.text.contains(['å', 'ä', 'ö']))
            .count()
            > 1_000
    );
    assert!(
        components
            .attributes
            .iter()
            .any(|one| matches!(one.value, AttributeValue::Number(_)))
    );
    let edition = Edition::compile(system).unwrap();
    assert_eq!(edition.len(), 3_000);
}

#[test]
fn full_and_snapshot_of_an_edition_agree() {
    let snapshot = SyntheticOptions {
        seed: 7,
        ..SyntheticOptions::of_size(1_500)
    };
    let full = SyntheticOptions {
        full: true,
        ..snapshot
    };
    let of_snapshot = only(content::read(&synthetic_files(&snapshot)));
    let of_full = only(content::read(&synthetic_files(&full)));
    assert!(of_snapshot == of_full);
    let (now, findings) = rf2::read_at(&synthetic_files(&full), date(2026, 2, 1));
    assert!(findings.is_empty() && now.unwrap().content == of_full);
    let (then, findings) = rf2::read_at(&synthetic_files(&full), date(2000, 2, 1));
    let then = then.unwrap_or_else(|| panic!("{findings:?}")).content;
    assert!(then.concepts.len() < of_full.concepts.len() / 2);
    assert!(
        then.concepts
            .iter()
            .filter(|concept| concept.status == ConceptStatus::Inactive)
            .count()
            > 50
    );
    let (never, findings) = rf2::read_at(&synthetic_files(&full), date(1999, 1, 1));
    assert!(never.is_none() && codes(&findings) == ["VN-IMP-119"]);
}

#[test]
fn the_seed_alone_chooses_the_edition() {
    let read = |seed| {
        only(content::read(&synthetic_files(&SyntheticOptions {
            seed,
            ..SyntheticOptions::of_size(500)
        })))
    };
    assert!(read(1) == read(1));
    assert!(read(1) != read(2));
}
