//! The national starter release through the path that every release takes: it reads and compiles without a
//! finding, holds what it must hold, and every change in `data/release-mutations.toml` is found by its code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use jiff::civil::date;
use serde::Deserialize;
use vardnav_interchange::release::{self, starter};
use vardnav_register::surroundings::{CodeStatus, Codes, PrincipalKind};
use vardnav_release::package::Package;
use vardnav_release::snapshot::Snapshot;
use vardnav_terminology::model::{DesignationStatus, MapRelationship, RelationKind};
use vardnav_terminology::translate::TranslateRequest;
use vardnav_terminology::value_set::Coding;

const TERMS: &str = "https://vardnav.se/CodeSystem/near-care-terms";
const GEOGRAPHY: &str = "https://vardnav.se/CodeSystem/geography";

fn snapshot() -> Snapshot {
    let package = starter::package().unwrap();
    release::compile(&package, &[]).unwrap_or_else(|findings| {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        panic!("{} findings:\n{}", lines.len(), lines.join("\n"))
    })
}

#[test]
fn the_starter_release_has_no_findings() {
    let snapshot = snapshot();
    assert_eq!(snapshot.warnings, []);
    assert_eq!(
        (snapshot.id.as_str(), snapshot.from),
        ("2026.1", date(2026, 1, 1))
    );
    assert_eq!(snapshot.checks.without_mechanism(), [] as [String; 0]);
    assert_eq!(
        snapshot
            .indicators
            .indicators
            .iter()
            .filter(|indicator| indicator.core_number > 0)
            .count(),
        12
    );
}

#[test]
fn it_knows_21_regions_and_290_kommuner_and_what_was_before() {
    let snapshot = snapshot();
    let geography = snapshot.catalog.in_force(GEOGRAPHY, snapshot.from).unwrap();
    let valid = |digits: usize| {
        let on = |concept: &vardnav_terminology::ConceptView<'_>| concept.validity().contains(snapshot.from);
        geography
            .concepts()
            .filter(|concept| concept.code().len() == digits)
            .filter(on)
            .count()
    };
    assert_eq!((valid(2), valid(4)), (21, 290));
    let check = |code, on| Codes::check(&snapshot, GEOGRAPHY, None, code, on);
    assert_eq!(check("0331", date(2026, 3, 1)), CodeStatus::Valid);
    assert_eq!(check("1917", date(2026, 3, 1)), CodeStatus::NotValidOnDate);
    assert_eq!(check("1917", date(2006, 12, 31)), CodeStatus::Valid);
    assert_eq!(check("0331", date(2006, 12, 31)), CodeStatus::NotValidOnDate);
    assert_eq!(check("9999", date(2026, 3, 1)), CodeStatus::Unknown);
    assert_eq!(snapshot.principal_kind("09"), Some(PrincipalKind::Region));
    assert_eq!(snapshot.principal_kind("0980"), Some(PrincipalKind::Kommun));
    assert_eq!(snapshot.principal_kind("98"), None);
}

#[test]
fn its_maps_lead_from_a_code_to_values_of_axes() {
    let snapshot = snapshot();
    let request = TranslateRequest {
        coding: Coding {
            system: "https://vardnav.se/CodeSystem/kma",
            code: "ZV025",
            ..Coding::default()
        },
        ..TranslateRequest::default()
    };
    let with_editions = snapshot.with_editions(&[]);
    for catalog in [&snapshot.catalog, &with_editions.catalog] {
        let translated = catalog.translate(&request).unwrap();
        let found: Vec<_> = translated
            .matches
            .iter()
            .map(|found| (found.system, found.code, found.relationship))
            .collect();
        let broader = MapRelationship::SourceIsBroaderThanTarget;
        let place = "https://vardnav.se/axis/place";
        assert!(found.contains(&(place, "ordinary-housing", broader)), "{found:?}");
        assert!(found.contains(&(place, "special-housing", broader)), "{found:?}");
    }
}

#[test]
fn hemsjukvard_gives_way_on_its_date_and_in_its_scope() {
    let snapshot = snapshot();
    let terms = snapshot.catalog.in_force(TERMS, snapshot.from).unwrap();
    let old = terms.lookup("hemsjukvard").unwrap();
    let relation = old
        .relations()
        .find(|relation| relation.kind == RelationKind::ReplacedBy)
        .unwrap();
    assert_eq!(relation.scope, "i tillämpliga fall");
    assert_eq!(relation.validity.from, Some(date(2026, 7, 1)));
    let new = terms.lookup("home-health-care").unwrap();
    assert_eq!(
        new.recommended("sv", date(2026, 6, 30)).unwrap().text,
        "hemsjukvård"
    );
    assert_eq!(
        new.recommended("sv", date(2026, 7, 1)).unwrap().text,
        "hälso- och sjukvård i hemmet"
    );
    let deprecated = new
        .designations()
        .find(|term| term.text == "hemsjukvård" && term.status == DesignationStatus::Deprecated)
        .unwrap();
    assert_eq!(deprecated.scope, "i tillämpliga fall");
}

#[test]
fn every_value_of_its_tables_is_a_concept_in_both_languages() {
    let snapshot = snapshot();
    let terms = snapshot.catalog.in_force(TERMS, snapshot.from).unwrap();
    for table in &snapshot.description.source().tables {
        for value in &table.values {
            let concept = terms
                .lookup(&value.code)
                .unwrap_or_else(|| panic!("{} is no concept", value.code));
            for language in ["sv", "en"] {
                assert!(
                    concept.recommended(language, snapshot.from).is_some(),
                    "{} in {language}",
                    value.code
                );
            }
        }
    }
    assert!(terms.len() >= 45);
}

#[derive(Deserialize)]
struct Mutations {
    mutation: Vec<Mutation>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Mutation {
    name: String,
    file: String,
    find: Option<String>,
    #[serde(default)]
    replace: String,
    #[serde(default)]
    remove: bool,
    /// The file is parted by this instead of commas.
    separator: Option<String>,
    /// The file is saved as Latin-1.
    #[serde(default)]
    latin_1: bool,
    code: String,
    /// The line at which it is found.
    line: Option<u32>,
    /// What is said of it.
    says: Option<String>,
}

fn mutate(package: &Package, mutation: &Mutation) -> Package {
    let mut files: Vec<(String, Vec<u8>)> = package
        .files()
        .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
        .collect();
    let at = files.iter().position(|(path, _)| *path == mutation.file);
    match (at, &mutation.find) {
        (Some(at), _) if mutation.remove => {
            files.remove(at);
        }
        (Some(at), Some(find)) => {
            let text = String::from_utf8(files[at].1.clone()).unwrap();
            assert!(text.contains(find), "{}: nothing to find", mutation.name);
            files[at].1 = text.replacen(find, &mutation.replace, 1).into_bytes();
        }
        (Some(at), None) if mutation.separator.is_some() || mutation.latin_1 => {
            let text = String::from_utf8(files[at].1.clone()).unwrap();
            let text = text.replace(',', mutation.separator.as_deref().unwrap_or(","));
            let latin = |text: &str| text.chars().map(|c| u8::try_from(c).unwrap()).collect();
            files[at].1 = if mutation.latin_1 {
                latin(&text)
            } else {
                text.into_bytes()
            };
        }
        (Some(at), None) => files[at].1 = mutation.replace.clone().into_bytes(),
        (None, _) => files.push((mutation.file.clone(), mutation.replace.clone().into_bytes())),
    }
    Package::new(files).unwrap()
}

#[test]
fn every_mutation_is_found_by_its_code() {
    let package = starter::package().unwrap();
    let mutations: Mutations = toml::from_str(include_str!("data/release-mutations.toml")).unwrap();
    assert!(mutations.mutation.len() >= 30);
    let mut wrong = Vec::new();
    for mutation in &mutations.mutation {
        let findings = match release::compile(&mutate(&package, mutation), &[]) {
            Ok(snapshot) => snapshot.warnings,
            Err(findings) => findings,
        };
        let found: Vec<_> = findings
            .iter()
            .filter(|finding| finding.code == mutation.code)
            .collect();
        let (line, says) = (mutation.line, mutation.says.as_deref());
        if found.is_empty() {
            wrong.push(format!(
                "{}: wanted {}, got {findings:#?}",
                mutation.name, mutation.code
            ));
        } else if let Some(finding) = found.iter().find(|finding| finding.place.file.is_empty()) {
            wrong.push(format!("{}: {finding} names no file", mutation.name));
        } else if !found.iter().any(|finding| {
            (line.is_none() || finding.place.file == mutation.file)
                && line.is_none_or(|line| finding.place.line == line)
                && says.is_none_or(|says| finding.message == says)
        }) {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            wrong.push(format!(
                "{}: wanted {line:?} {says:?}, got {found:#?}",
                mutation.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_finding_names_file_and_line() {
    let package = starter::package().unwrap();
    let mutation = Mutation {
        file: "release.toml".to_owned(),
        find: Some("version = \"2021\"".to_owned()),
        replace: "edition = \"2021\"".to_owned(),
        ..Mutation::default()
    };
    let findings = release::compile(&mutate(&package, &mutation), &[]).unwrap_err();
    let finding = findings
        .iter()
        .find(|finding| finding.code == "VN-REL-003")
        .unwrap();
    assert_eq!(finding.place.file, "release.toml");
    assert!(finding.place.line > 10, "{finding}");
}

#[test]
fn a_file_that_is_not_utf_8_is_named() {
    let package = starter::package().unwrap();
    let files = package.files().map(|(path, bytes)| {
        let bytes = if path == "terms/care.toml" {
            b"# v\xe5rd\n".to_vec()
        } else {
            bytes.to_vec()
        };
        (path.to_owned(), bytes)
    });
    let findings = release::compile(&Package::new(files).unwrap(), &[]).unwrap_err();
    assert!(
        findings
            .iter()
            .any(|f| f.code == "VN-REL-002" && f.place.file == "terms/care.toml")
    );
}
