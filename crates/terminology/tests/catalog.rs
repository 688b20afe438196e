//! Which edition answers, and the status of a code on a date.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_terminology::model::{CodeSystem, Concept, Content, Designation, Validity};
use vardnav_terminology::{Catalog, CatalogError, CodeStatus, Edition, SearchQuery};

const URL: &str = "https://example.org/codes";

fn edition(url: &str, version: &str, codes: &[(&str, &str)]) -> Arc<Edition> {
    let concepts = codes.iter().map(|&(code, text)| Concept {
        code: code.to_owned(),
        designations: vec![Designation {
            text: text.to_owned(),
            ..Designation::default()
        }],
        ..Concept::default()
    });
    let source = CodeSystem {
        url: url.to_owned(),
        version: version.to_owned(),
        concepts: concepts.collect(),
        ..CodeSystem::default()
    };
    Arc::new(Edition::compile(source).unwrap())
}

fn year(year: i16) -> Validity {
    Validity {
        from: Some(Date::constant(year, 1, 1)),
        until: Some(Date::constant(year + 1, 1, 1)),
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    catalog
        .insert(edition(URL, "2025", &[("A", "gammal"), ("B", "båda")]))
        .unwrap();
    catalog
        .insert(edition(URL, "2026", &[("B", "båda"), ("C", "ny")]))
        .unwrap();
    catalog
        .insert(edition("https://example.org/own", "1", &[("B", "bår")]))
        .unwrap();
    catalog.bind(URL, "2025", year(2025)).unwrap();
    catalog.bind(URL, "2026", year(2026)).unwrap();
    catalog.bind(URL, "2027", year(2027)).unwrap();
    catalog
}

#[test]
fn the_edition_in_force_answers() {
    let catalog = catalog();
    let check = |version, code, date| catalog.check(URL, version, code, date);
    assert_eq!(check(None, "A", date(2025, 12, 31)), CodeStatus::Valid);
    assert_eq!(check(None, "A", date(2026, 1, 1)), CodeStatus::Unknown);
    assert_eq!(check(Some("2026"), "C", date(2026, 5, 1)), CodeStatus::Valid);
    assert_eq!(
        check(Some("2025"), "A", date(2026, 5, 1)),
        CodeStatus::NotValidOnDate
    );
    assert_eq!(check(None, "C", date(2027, 5, 1)), CodeStatus::NotLoaded);
    assert_eq!(check(Some("2031"), "C", date(2026, 5, 1)), CodeStatus::NotLoaded);
    assert_eq!(check(None, "C", date(2031, 5, 1)), CodeStatus::NotValidOnDate);
    assert_eq!(
        catalog.check("urn:nowhere", None, "C", date(2026, 5, 1)),
        CodeStatus::UnknownSystem
    );
    assert_eq!(
        catalog.check("https://example.org/own", None, "B", date(1999, 1, 1)),
        CodeStatus::Valid
    );
}

#[test]
fn a_version_asked_for_answers_whenever_it_was_in_force_and_records_may_not_use_it() {
    let catalog = catalog();
    let day = date(2026, 5, 1);
    assert_eq!(catalog.resolve(URL, Some("2025"), day).unwrap().version(), "2025");
    assert_eq!(
        catalog.check(URL, Some("2025"), "B", day),
        CodeStatus::NotValidOnDate
    );
    assert_eq!(
        catalog.resolve(URL, Some("2027"), day).err(),
        Some(CodeStatus::NotLoaded)
    );
}

#[test]
fn without_bindings_the_newest_version_is_in_force_whatever_the_order() {
    let mut catalog = Catalog::new();
    let supplement = CodeSystem {
        url: URL.to_owned(),
        version: "2031".to_owned(),
        content: Content::Supplement,
        supplements: "https://example.org/other".to_owned(),
        ..CodeSystem::default()
    };
    for version in ["9", "10", "2"] {
        catalog.insert(edition(URL, version, &[("A", "a")])).unwrap();
    }
    catalog
        .insert(Arc::new(Edition::compile(supplement).unwrap()))
        .unwrap();
    let day = date(2026, 5, 1);
    assert_eq!(catalog.in_force(URL, day).unwrap().version(), "10");
    assert_eq!(catalog.resolve(URL, None, day).unwrap().version(), "10");
}

#[test]
fn two_versions_are_never_in_force_on_one_date() {
    let mut catalog = catalog();
    let open = Validity {
        from: Some(date(2027, 6, 1)),
        until: None,
    };
    assert!(matches!(
        catalog.bind(URL, "2028", open),
        Err(CatalogError::OverlappingBinding { .. })
    ));
    let empty = Validity {
        from: Some(date(2030, 1, 1)),
        until: Some(date(2030, 1, 1)),
    };
    assert!(matches!(
        catalog.bind(URL, "2030", empty),
        Err(CatalogError::EmptyBinding { .. })
    ));
    let again = edition(URL, "2026", &[]);
    assert!(matches!(
        catalog.insert(again),
        Err(CatalogError::DuplicateEdition { .. })
    ));
}

#[test]
fn a_search_over_editions_keeps_one_order() {
    let catalog = catalog();
    let find = |date, systems: &[&str]| -> Vec<String> {
        let query = SearchQuery {
            text: "b",
            date,
            limit: 3,
            ..SearchQuery::default()
        };
        let hits = catalog.search(&query, systems);
        hits.iter()
            .map(|hit| format!("{}/{}", hit.concept.edition().version(), hit.concept.code()))
            .collect()
    };
    assert_eq!(find(Some(date(2026, 5, 1)), &[]), ["1/B", "2026/B"]);
    assert_eq!(find(None, &[URL]), ["2025/B", "2026/B"]);
}
