//! Which edition answers, and the status of a code on a date.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::sample::select;
use vardnav_terminology::model::{CodeSystem, Concept, Content, Designation, Publication, Validity};
use vardnav_terminology::{Catalog, CatalogError, CodeStatus, Edition, SearchQuery, compare_versions};

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
fn without_bindings_the_version_of_the_date_answers() {
    let mut catalog = Catalog::new();
    for version in ["2026", "2021", "2024"] {
        catalog.insert(edition(URL, version, &[("A", "a")])).unwrap();
    }
    let on = |day| catalog.resolve(URL, None, day).map(|edition| edition.version());
    assert_eq!(on(date(2040, 1, 1)), Ok("2026"));
    assert_eq!(on(date(2026, 1, 1)), Ok("2026"));
    assert_eq!(on(date(2025, 12, 31)), Ok("2024"));
    assert_eq!(on(date(2021, 6, 1)), Ok("2021"));
    assert_eq!(on(date(2020, 12, 31)), Err(CodeStatus::NotLoaded), "an older one");
    let named = catalog.resolve(URL, Some("2026"), date(2020, 12, 31));
    assert_eq!(named.unwrap().version(), "2026");
}

/// Versions, dates of the last change, and the date that both together mean.
const DATED: [(&str, &str, Option<Date>); 9] = [
    ("2019", "2031-01-01", Some(date(2019, 1, 1))),
    ("2024-05", "", Some(date(2024, 5, 1))),
    ("20250131", "", Some(date(2025, 1, 31))),
    (
        "http://snomed.info/sct/45991000052106/version/20250531",
        "",
        Some(date(2025, 5, 31)),
    ),
    (
        "http://snomed.info/sct/45991000052106/version/20241130",
        "2026",
        Some(date(2024, 11, 30)),
    ),
    ("1.2", "2025-03-02T10:00:00Z", Some(date(2025, 3, 2))),
    ("2.0", "2023", Some(date(2023, 1, 1))),
    ("1.10", "", None),
    ("3", "soon", None),
];

proptest! {
    #[test]
    fn of_the_versions_whose_date_has_come_the_newest_is_in_force(
        chosen in proptest::sample::subsequence(DATED.to_vec(), 0..=DATED.len()).prop_shuffle(),
        day in (2018..2028_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| date(year, month, day)),
        supplement in select(vec!["2018", "2027", "9"]),
    ) {
        let mut catalog = Catalog::new();
        for (version, changed, _) in &chosen {
            let publication = Publication { date: (*changed).to_owned(), ..Publication::default() };
            let source = CodeSystem {
                url: URL.to_owned(),
                version: (*version).to_owned(),
                publication,
                ..CodeSystem::default()
            };
            catalog.insert(Arc::new(Edition::compile(source).unwrap())).unwrap();
        }
        let source = CodeSystem {
            url: URL.to_owned(),
            version: supplement.to_owned(),
            content: Content::Supplement,
            supplements: "https://example.org/other".to_owned(),
            ..CodeSystem::default()
        };
        catalog.insert(Arc::new(Edition::compile(source).unwrap())).unwrap();
        let come = chosen.iter().filter(|(_, _, from)| from.is_none_or(|from| from <= day));
        let newest = come.map(|(version, ..)| *version).reduce(|one, other| {
            if compare_versions(one, other).is_lt() { other } else { one }
        });
        let found = catalog.resolve(URL, None, day).map(|edition| edition.version());
        prop_assert_eq!(found, newest.ok_or(CodeStatus::NotLoaded));
    }
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
