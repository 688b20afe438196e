//! Which codes of a value set a text leaves, and which version of SNOMED CT an edition without a date means.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

#[path = "support/sets.rs"]
mod sets;

use std::time::{Duration, Instant};

use jiff::civil::{Date, date};
use vardnav_terminology::value_set::{Coding, ExpandRequest, Languages};

use crate::sets::{
    SNOMED, catalog, codes, coding, concept, include, named, set, system, term, validate, year,
};

#[test]
fn a_text_narrows_an_expansion_to_what_a_search_finds() {
    let concepts = vec![
        concept("1", &[("akut hjärtsvikt", "sv")]),
        concept("2", &[("astma", "sv")]),
        concept("3", &[("hjärtflimmer", "sv")]),
    ];
    let listing = set("urn:x", vec![include("urn:s", &["3", "2", "1"])]);
    let catalog = catalog(vec![system("urn:s", "1", concepts)], vec![listing]);
    let mut request = ExpandRequest::new(named("urn:x"));
    request.text = "hjärt";
    assert_eq!(codes(&catalog.expand(&request).unwrap()), ["3", "1"]);
}

#[test]
fn a_text_does_not_bring_in_what_is_only_like_it() {
    let concepts = vec![
        concept("1", &[("halm", "sv")]),
        concept("2", &[("hals", "sv")]),
        concept("3", &[("halsar och halmar", "sv")]),
    ];
    let all = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(vec![system("urn:s", "1", concepts)], vec![all]);
    let mut request = ExpandRequest::new(named("urn:all"));
    for (text, right) in [
        ("hals", vec!["2", "3"]),
        ("halsar halmar", vec!["3"]),
        ("halt", vec![]),
    ] {
        request.text = text;
        let expansion = catalog.expand(&request).unwrap();
        assert_eq!(
            (codes(&expansion), expansion.total),
            (right.clone(), right.len()),
            "{text}"
        );
    }
}

#[test]
fn a_text_narrows_by_the_terms_of_the_date_and_the_languages_wished_for() {
    let mut former = term("gikt", "sv");
    former.validity = year(2020);
    let mut renamed = concept("1", &[("podager", "sv")]);
    renamed.designations.push(former);
    let mut retired = concept("2", &[("gikt i stortån", "sv"), ("toe gout", "en")]);
    retired.validity = year(2024);
    let concepts = vec![renamed, retired, concept("3", &[("giktfeber", "de")])];
    let all = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(vec![system("urn:s", "1", concepts)], vec![all]);
    let found = |text: &str, on: Option<Date>, languages: &str| {
        let mut request = ExpandRequest {
            text,
            ..ExpandRequest::new(named("urn:all"))
        };
        request.settings.date = on;
        request.settings.languages = Languages::parse(languages).unwrap();
        let expansion = catalog.expand(&request).unwrap();
        expansion
            .items
            .into_iter()
            .map(|item| item.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(found("gikt", None, ""), ["1", "2", "3"]);
    assert_eq!(found("gikt", Some(date(2020, 6, 1)), "sv"), ["1", "2"]);
    // Codes that are no longer valid belong to the value set, unless active ones alone are asked for.
    assert_eq!(found("gikt", Some(date(2026, 6, 1)), "sv"), ["2"]);
    assert_eq!(found("gikt", None, "de-AT, en"), ["3"]);
    // Nothing is spoken in the language wished for, so that others are shown.
    assert_eq!(found("gikt", None, "fi"), ["1", "2", "3"]);
    assert_eq!(found("gikt", None, "fi, *;q=0"), [""; 0]);
}

#[test]
fn a_text_that_fits_all_of_a_large_code_system_narrows_it_quickly() {
    const CODES: usize = 60_000;
    let concepts =
        (0..CODES).map(|number| concept(&format!("c{number}"), &[("sten", "sv"), ("stenar", "sv")]));
    let all = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(vec![system("urn:s", "1", concepts.collect())], vec![all]);
    let mut request = ExpandRequest {
        text: "sten",
        ..ExpandRequest::new(named("urn:all"))
    };
    request.count = Some(10);
    let begun = Instant::now();
    let expansion = catalog.expand(&request).unwrap();
    assert_eq!((expansion.total, expansion.items.len()), (CODES, 10));
    // Work that grows with the square of the hits takes minutes where this takes a moment.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn an_edition_of_snomed_without_a_date_is_its_newest_version() {
    const SWEDISH: &str = "http://snomed.info/sct/45991000052106";
    let version = |edition: &str, date: &str| format!("{edition}/version/{date}");
    let (older, newer) = (version(SWEDISH, "20250531"), version(SWEDISH, "20260531"));
    let other = version("http://snomed.info/sct/900000000000207008", "20260901");
    let systems = [(&older, "1"), (&newer, "2"), (&other, "3")]
        .map(|(version, code)| system(SNOMED, version, vec![concept(code, &[])]));
    let mut swedish = set("urn:swedish", vec![include(SNOMED, &[])]);
    swedish.include[0].version = SWEDISH.to_owned();
    let mut dated = set("urn:dated", vec![include(SNOMED, &[])]);
    dated.include[0].version = older.clone();
    let catalog = catalog(systems.into(), vec![swedish, dated]);

    let found = catalog.expand(&ExpandRequest::new(named("urn:swedish"))).unwrap();
    assert_eq!(codes(&found), ["2"]);
    let address = format!("{SWEDISH}?fhir_vs");
    let found = catalog.expand(&ExpandRequest::new(named(&address))).unwrap();
    assert_eq!(codes(&found), ["2"]);

    let on = date(2026, 10, 1);
    let meant = catalog.resolve(SNOMED, Some(SWEDISH), on).unwrap();
    assert_eq!(meant.version(), newer);
    assert!(
        catalog
            .resolve(SNOMED, Some("http://snomed.info/sct/1"), on)
            .is_err()
    );
    assert_eq!(catalog.edition(SNOMED, SWEDISH).unwrap().version(), newer);

    for (url, version, code, right) in [
        ("urn:swedish", SWEDISH, "2", true),
        ("urn:swedish", newer.as_str(), "2", true),
        ("urn:swedish", other.as_str(), "3", false),
        ("urn:dated", SWEDISH, "1", true),
        ("urn:dated", newer.as_str(), "1", false),
    ] {
        let coding = Coding {
            version,
            ..coding(SNOMED, code)
        };
        let found = validate(&catalog, url, coding);
        assert_eq!(found.result, right, "{url} {version}: {found:?}");
    }
    // The versions that are loaded are others than the one named, which is none of them.
    assert!(catalog.edition(SNOMED, &version(SWEDISH, "20240531")).is_none());
}
