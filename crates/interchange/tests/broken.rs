//! Files broken on purpose: each is found where it is broken, and nothing else is found that only follows from it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use vardnav_interchange::release::{self, starter};
use vardnav_release::package::Package;

const FORMS: &str = "tables/episode-form.csv";

fn broken(path: &str, find: &str, replace: &str) -> Package {
    let package = starter::package().unwrap();
    let files = package.files().map(|(known, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = if known == path {
            assert!(text.contains(find), "{path}: {find}");
            text.replacen(find, replace, 1)
        } else {
            text
        };
        (known.to_owned(), text.into_bytes())
    });
    Package::new(files.collect::<Vec<_>>()).unwrap()
}

fn found(path: &str, find: &str, replace: &str) -> Vec<(&'static str, String, u32)> {
    let findings = release::check(&broken(path, find, replace));
    findings
        .into_iter()
        .map(|finding| (finding.code, finding.place.file, finding.place.line))
        .collect()
}

#[test]
fn a_row_that_cannot_be_read_makes_no_gap() {
    let rule = "E50,,none,,,,,,,,,ambulatory-care,,,,,";
    let begin = "E50,,none,,,,,,,,";
    for (row, code) in [
        (format!("{begin}ambulatory-care,,,,,"), "VN-REL-004"),
        (format!("{rule}2026-13-01"), "VN-REL-022"),
        ("E50,,none|,,,,,,,,,ambulatory-care,,,,,".to_owned(), "VN-REL-022"),
        (
            "E50,U1,none,,,,,,,,,ambulatory-care,,,,,".to_owned(),
            "VN-REL-022",
        ),
    ] {
        assert_eq!(found(FORMS, rule, &row), [(code, FORMS.to_owned(), 15)], "{row}");
    }
}

/// The guard cannot be read, so it is not missed.
#[test]
fn a_guard_that_cannot_be_read_is_not_missed() {
    let told = found(FORMS, "E99,,,,,,,,,,,held,,,,,", "E99,,,,,,,,,,held,,,,,");
    assert_eq!(told, [("VN-REL-004", FORMS.to_owned(), 23)]);
}

#[test]
fn a_file_that_cannot_be_read_leaves_no_table_wanting() {
    for (path, find, replace) in [
        ("value-sets.toml", "[[value-set]]", "[[value-set]"),
        ("unsettled.toml", "[[point]]", "[[point]"),
        ("tables.toml", "[[table]]", "[[table]"),
        ("register/legal.toml", "[[", "["),
        ("register/checks.toml", "[[", "["),
    ] {
        let told = found(path, find, replace);
        assert!(told.iter().any(|(_, file, _)| file == path), "{path}: {told:?}");
        let tables = told.iter().filter(|(code, file, _)| {
            file.starts_with("tables/")
                && matches!(*code, "VN-REL-021" | "VN-REL-102" | "VN-REL-103" | "VN-REL-138")
        });
        assert_eq!(tables.count(), 0, "{path}: {told:?}");
    }
}

/// The tables that do not rest on what cannot be read are still proven.
#[test]
fn other_tables_are_proven_beside_one_that_cannot_be_read() {
    let rule = "E50,,none,,,,,,,,,ambulatory-care,,,,,";
    let package = broken(FORMS, rule, "E50,,none,,,,,,,,ambulatory-care,,,,,");
    let files = package.files().map(|(path, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = match path {
            "tables/care-level.csv" => text.replace("L40,,,highly-specialised,highly-specialised,,,,,\n", ""),
            _ => text,
        };
        (path.to_owned(), text.into_bytes())
    });
    let findings = release::check(&Package::new(files.collect::<Vec<_>>()).unwrap());
    let told: Vec<_> = findings
        .iter()
        .map(|found| (found.code, &*found.place.file))
        .collect();
    assert!(told.contains(&("VN-REL-004", FORMS)), "{told:?}");
    assert!(
        told.contains(&("VN-REL-103", "tables/care-level.csv")),
        "{told:?}"
    );
    assert!(!told.contains(&("VN-REL-103", FORMS)), "{told:?}");
}

#[test]
fn a_row_that_stands_twice_is_told() {
    let row = "E31,U4:team-within-limit,inpatient|care-period-without-bed,,dwelling,instead-of-admission|shortened-stay,\
               hospital|specialised-unit,!physician-24-7,,,,specialised-care-at-home,,,,,\n";
    let told = release::check(&broken(FORMS, row, &row.repeat(2)));
    let [finding] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(finding.warning);
    assert_eq!((finding.code, finding.place.line), ("VN-REL-025", 12));
    assert_eq!(
        finding.message,
        "the row has the same conditions as line 11; remove it, or correct the cell in which it was to differ"
    );
    // Under another id it can never decide.
    let other = row.replace("E31", "E32");
    let next = "E40,,home-care";
    let told = release::check(&broken(FORMS, next, &format!("{other}{next}")));
    assert!(
        told.iter()
            .any(|found| found.message.contains("rule E32 can never decide")),
        "{told:?}"
    );
}

/// A gap under every variant of a point is told of those taken, and not again of each other one.
#[test]
fn a_gap_under_all_variants_is_told_once() {
    let row = "E64,,care-period-without-bed,,!dwelling";
    let told = release::check(&broken(FORMS, row, "E64,,inpatient,,!dwelling"));
    let gaps: Vec<_> = told
        .iter()
        .filter(|found| found.message.contains("no rule matches"))
        .collect();
    let [gap] = gaps.as_slice() else {
        panic!("{told:?}")
    };
    assert!(gap.message.starts_with("table `episode-form`"), "{gap}");
}
