//! Maps as files: CSV with its head, FHIR's concept maps, and what the starter release's own maps settle.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use jiff::civil::date;
use vardnav_interchange::maps::{read, read_csv};
use vardnav_interchange::release::{self, starter};
use vardnav_register::mapping::{AXIS_PREFIX, MapSource};
use vardnav_terminology::model::{MapRelationship, Validity};

const CSV: &str = "\u{feff}# url: https://region.example/map/besok
# version: 1
# title: Besökstyper: våra egna
# en anteckning
source_code,source_system,axis,value,relationship,from,comment
H,urn:local:besökstyp,place,ordinary-housing,equivalent,,\"hemma, alltid\"
H,urn:local:besökstyp,contact-mode,in-person,source-is-narrower-than-target,2026-07-01,
";

#[test]
fn a_csv_map_is_read_with_its_head_and_lines() {
    let (map, findings) = read_csv("map.csv", CSV);
    assert_eq!(findings, []);
    assert_eq!(map.name(), "https://region.example/map/besok|1");
    assert_eq!(map.title, "Besökstyper: våra egna");
    let told = |row: usize| {
        let row = &map.rows[row];
        (&*row.system, &*row.code, &*row.axis, &*row.value, row.line)
    };
    assert_eq!(
        told(0),
        ("urn:local:besökstyp", "H", "place", "ordinary-housing", 6)
    );
    assert_eq!(
        told(1),
        ("urn:local:besökstyp", "H", "contact-mode", "in-person", 7)
    );
    assert_eq!(
        map.rows[1].relationship,
        MapRelationship::SourceIsNarrowerThanTarget
    );
    let from = Validity {
        from: Some(date(2026, 7, 1)),
        until: None,
    };
    assert_eq!(map.rows[1].validity, from);
    assert_eq!(read("map.csv", CSV.as_bytes()), (Some(map), Vec::new()));
}

#[test]
fn what_cannot_be_read_is_found_by_line_and_never_repeated() {
    let cases = [
        ("2026-07-01,\n", "19121212-1212,\n", 7, "VN-REL-022"),
        ("equivalent", "19121212-1212", 6, "VN-REL-022"),
        ("H,urn:local:besökstyp,place", "H,place", 6, "VN-REL-004"),
        ("source_code,", "source_code,source_code,", 5, "VN-REL-021"),
        ("axis,value", "axis,19121212-1212", 5, "VN-REL-021"),
    ];
    for (from, to, line, code) in cases {
        let (_, findings) = read_csv("map.csv", &CSV.replacen(from, to, 1));
        let first = findings.first().unwrap_or_else(|| panic!("{to}: nothing found"));
        assert_eq!((first.place.line, first.code), (line, code), "{to}");
        assert!(!format!("{findings:?}").contains("1212"), "{findings:?}");
    }
    for (path, bytes, code) in [
        ("map.csv", &b"\xff"[..], "VN-REL-002"),
        ("map.json", b"{}", ""),
        ("map.json", b"", ""),
        ("map.txt", b"a", ""),
    ] {
        let (map, findings) = read(path, bytes);
        assert_eq!(map, None, "{path}");
        assert!(
            findings
                .iter()
                .any(|finding| !finding.warning && finding.code.contains(code)),
            "{path}"
        );
    }
}

#[test]
fn a_concept_map_of_fhir_says_the_same_as_rows() {
    let json = format!(
        r#"{{"resourceType": "ConceptMap", "url": "https://region.example/map/besok", "version": "1", "status": "active",
            "group": [
              {{"source": "urn:local:visit", "target": "{AXIS_PREFIX}place",
                "element": [{{"code": "H", "target": [{{"code": "ordinary-housing", "relationship": "equivalent"}}]}}]}},
              {{"source": "urn:local:visit", "target": "{AXIS_PREFIX}contact-mode",
                "element": [{{"code": "H", "target": [{{"code": "in-person", "relationship": "source-is-narrower-than-target"}}]}}]}},
              {{"source": "urn:local:visit", "target": "http://snomed.info/sct",
                "element": [{{"code": "H", "target": [{{"code": "439708006", "relationship": "equivalent"}}]}}]}}
            ]}}"#
    );
    let (map, findings) = read("map.json", json.as_bytes());
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["VN-REL-137"], "{findings:?}");
    let map = map.unwrap();
    let told: Vec<(&str, &str, bool)> = map
        .rows
        .iter()
        .map(|row| (&*row.axis, &*row.value, row.settles()))
        .collect();
    assert_eq!(
        told,
        [
            ("place", "ordinary-housing", true),
            ("contact-mode", "in-person", true)
        ]
    );

    let code_system = r#"{"resourceType": "CodeSystem", "url": "urn:x", "version": "1", "status": "active", "content": "complete",
        "concept": [{"code": "a", "display": "a"}]}"#;
    let (map, findings) = read("map.json", code_system.as_bytes());
    assert_eq!(map, None);
    assert!(
        findings.iter().any(|finding| finding.code == "VN-REL-136"),
        "{findings:?}"
    );
}

/// What the starter's maps settle, in one place: nobody makes a default of what a code leaves open.
#[test]
fn the_starter_maps_settle_only_what_their_codes_do() {
    let source = release::parse(&starter::package().unwrap()).source.unwrap();
    let by_url = |url: &str| -> &MapSource { source.maps.iter().find(|map| map.url.ends_with(url)).unwrap() };
    let settled = |url: &str, code: &str| -> Vec<(&str, &str)> {
        let rows = by_url(url)
            .rows
            .iter()
            .filter(|row| row.code == code && row.settles());
        rows.map(|row| (&*row.axis, &*row.value)).collect()
    };
    assert!(
        source
            .maps
            .iter()
            .all(|map| map.version == "2026.1" && !map.title.is_empty())
    );
    // A home visit may be in ordinary or special housing; telemedicine may be video, telephone or values.
    assert_eq!(settled("/kva", "ZV025"), [("contact-mode", "in-person")]);
    assert_eq!(settled("/kva", "ZV051"), []);
    assert_eq!(settled("/kva", "XS012"), [("contact-mode", "telephone")]);
    assert_eq!(settled("/kva", "ZV050"), [("level", "primary")]);
    assert_eq!(settled("/kva", "XS919"), [("profession", "nurse")]);
    assert_eq!(
        settled("/fhir-encounter-class", "HH"),
        [("contact-mode", "in-person")]
    );
    assert_eq!(settled("/fhir-encounter-class", "VR"), []);
    assert_eq!(
        settled("/fhir-encounter-class", "IMP"),
        [("enrolment", "inpatient")]
    );
    assert_eq!(settled("/hsa-verksamhetskod", "1100"), [("origin", "hospital")]);
    assert_eq!(
        settled("/hsa-verksamhetskod", "2025"),
        [("origin", "prehospital")]
    );
    assert_eq!(settled("/hsa-verksamhetskod", "1509"), []);
    for url in ["/kva", "/fhir-encounter-class", "/hsa-verksamhetskod"] {
        let known = by_url(url)
            .rows
            .iter()
            .map(|row| &*row.system)
            .collect::<std::collections::BTreeSet<_>>();
        assert_eq!(known.len(), 1, "{url} maps one code system");
    }
}
