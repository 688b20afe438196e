//! Editions read from Release Format 2 leave in every format that holds everything, and come back as what they were:
//! the same source, the same answers.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use vardnav_interchange::content::csv;
use vardnav_interchange::content::fhir::{FhirVersion, write_code_system};
use vardnav_interchange::content::rf2::{SyntheticOptions, synthetic_files};
use vardnav_interchange::content::{self, Files, MemoryFiles};
use vardnav_terminology::model::CodeSystem;
use vardnav_terminology::{Edition, ecl, history};

/// Expressions over the small edition and how many concepts each means.
const OF_THE_SMALL: &[(&str, usize)] = &[
    ("<< 404684003", 3),
    ("* : 363698007 = 29999999105", 2),
    ("* : { 363698007 = 29999999105, 79999999109 = #2.5 }", 1),
    ("* : [2..2] { 363698007 = * }", 1),
    ("* : 79999999109 > #2.4", 1),
    ("* : 79999999109 > #2.5", 0),
    ("^ 59999999104", 1),
    ("19999999103 {{ + HISTORY-MOD }}", 2),
    ("<< 404684003 {{ C definitionStatus = defined }}", 1),
    ("<< 404684003 {{ C moduleId = 900000000000207008 }}", 3),
    ("* {{ C effectiveTime >= \"20240531\" }}", 2),
    ("* {{ D term = \"hjärtbesvär\", dialect = sv (prefer) }}", 2),
    ("* {{ D typeId = 900000000000003001, term = \"heart\" }}", 4),
    ("* {{ D term = \"does should\" }}", 1),
];

/// Expressions over a synthetic edition; each means some concepts.
const OF_SYNTHETIC: &[&str] = &[
    "< 404684003",
    "* : 363698007 = *",
    "* : { 363698007 = *, 116676008 = * }",
    "* : [2..*] { 363698007 = * }",
    "* : 1142135004 > #5",
    "^ *",
    "*: R 363698007 = *",
    "* . 363698007",
    "* {{ + HISTORY-MAX }}",
    "< 404684003 {{ C definitionStatus = defined }}",
    "< 404684003 {{ D dialect = sv (prefer) }}",
    "* {{ D type = def }}",
    "* {{ D active = false }}",
    "^ * {{ M mapTarget = wild:\"*\" }}",
];

fn small() -> MemoryFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rf2");
    let (mut folders, mut found) = (vec![folder.clone()], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    MemoryFiles::new(found)
}

fn only(files: &dyn Files) -> CodeSystem {
    let mut contents = content::read(files);
    assert_eq!(contents.findings, []);
    assert_eq!(contents.code_systems.len(), 1);
    contents.code_systems.remove(0).content
}

/// A code system by way of each format.
fn by_way_of_each(system: &CodeSystem) -> Vec<(&'static str, CodeSystem)> {
    let fhir = |version| {
        let mut bytes = Vec::new();
        write_code_system(system, version, &mut bytes).unwrap();
        only(&MemoryFiles::new([("CodeSystem.json".to_owned(), bytes)]))
    };
    let mut tables: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    csv::write_code_system(system, "folder/name", &mut |path, bytes| {
        tables
            .entry(path.to_owned())
            .or_default()
            .extend_from_slice(bytes);
        Ok(())
    })
    .unwrap();
    vec![
        ("R4", fhir(FhirVersion::R4)),
        ("R5", fhir(FhirVersion::R5)),
        ("CSV", only(&MemoryFiles::new(tables))),
    ]
}

/// The codes that an expression means.
fn meant<'e>(edition: &'e Edition, expression: &str) -> Vec<&'e str> {
    let parsed = ecl::parse(expression).unwrap();
    let set = ecl::evaluate(edition, &parsed, &ecl::Limits::default());
    let set = set.unwrap_or_else(|error| panic!("{expression}: {error}"));
    let concepts = set.iter().filter_map(|index| edition.concept(index));
    concepts.map(|concept| concept.code()).collect()
}

/// Everything that an edition says of a concept by itself.
fn said(edition: &Edition, code: &str) -> String {
    let concept = edition.lookup(code).unwrap();
    let turns = history::turns(edition.lookup(code).unwrap());
    let validated = edition.validate_code(code, None, date(2026, 9, 1));
    format!(
        "{turns:?} {validated:?} {:?}",
        concept.designations().collect::<Vec<_>>()
    )
}

/// An edition of `files` by way of each format; each must mean by `expressions` what the edition does.
fn comes_back(files: &dyn Files, expressions: &[&str]) -> Edition {
    let edition = Edition::compile(only(files)).unwrap();
    let source = edition.to_source();
    for (format, back) in by_way_of_each(&source) {
        assert!(back == source, "the source by way of {format}");
        let again = Edition::compile(back).unwrap();
        for expression in expressions {
            let expected = meant(&edition, expression);
            assert_eq!(
                meant(&again, expression),
                expected,
                "{expression} by way of {format}"
            );
        }
        for concept in edition.concepts().take(500) {
            let code = concept.code();
            assert_eq!(
                said(&again, code),
                said(&edition, code),
                "{code} by way of {format}"
            );
        }
    }
    edition
}

#[test]
fn a_small_edition_with_an_extension() {
    let expressions: Vec<&str> = OF_THE_SMALL.iter().map(|(expression, _)| *expression).collect();
    let edition = comes_back(&small(), &expressions);
    for (expression, count) in OF_THE_SMALL {
        assert_eq!(meant(&edition, expression).len(), *count, "{expression}");
    }
}

#[test]
fn a_synthetic_edition() {
    let options = SyntheticOptions::of_size(1_500);
    let edition = comes_back(&synthetic_files(&options), OF_SYNTHETIC);
    for expression in OF_SYNTHETIC {
        assert!(!meant(&edition, expression).is_empty(), "{expression}");
    }
}
