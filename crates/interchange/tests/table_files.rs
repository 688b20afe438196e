//! Files of tables that are not as they must be: every fault is found, by file and line.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use vardnav_classification::model::Outcome;
use vardnav_interchange::release::description;
use vardnav_interchange::release::reading::Reading;
use vardnav_release::package::Package;

const AXES: &str = r#"
[[axis]]
id = "place"
label = { sv = "plats", en = "place" }
definition = { sv = "var", en = "where" }
grains = ["contact"]
sources = ["record"]
values = [{ code = "home", sv = "hem", en = "home" }, { code = "clinic", sv = "mottagning", en = "clinic" }]
"#;

const TABLES: &str = r#"
[[table]]
id = "visit"
label = { sv = "besök", en = "visit" }
hit-policy = "first"
grains = ["contact"]
values = [{ code = "yes", sv = "ja", en = "yes" }]
"#;

const HEADER: &str = "rule,variant,place,value,hold_reason_sv,hold_reason_en,legal_basis,status,from";

fn read(axes: &str, rows: &str) -> (vardnav_classification::DescriptionSource, Vec<String>) {
    let files = [
        ("axes.toml", axes.as_bytes().to_vec()),
        ("tables.toml", TABLES.as_bytes().to_vec()),
        ("tables/visit.csv", format!("{HEADER}\n{rows}").into_bytes()),
    ];
    let package = Package::new(files.map(|(path, bytes)| (path.to_owned(), bytes))).unwrap();
    let mut reading = Reading::new(&package);
    let source = description::read(&mut reading);
    (source, reading.findings.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn check(rows: &str, expected: &[&str]) {
    let (_, findings) = read(AXES, rows);
    assert_eq!(findings, expected);
}

#[test]
fn rows_with_one_rule_are_alternatives() {
    let (source, findings) = read(
        AXES,
        "V10,,home,yes,,,,,\nV10,,!home|clinic,yes,,,,,\nV99,,,held,,,,,\n",
    );
    assert_eq!(findings, [""; 0]);
    let rules = &source.tables.first().unwrap().rules;
    assert_eq!(
        rules
            .iter()
            .map(|rule| rule.alternatives.len())
            .collect::<Vec<_>>(),
        [2, 1]
    );
    let second = rules
        .first()
        .unwrap()
        .alternatives
        .last()
        .unwrap()
        .first()
        .unwrap();
    assert!(second.negated && second.any_of == ["home", "clinic"]);
    assert_eq!(rules.last().unwrap().outcome, Outcome::CatchAll);
    assert_eq!(rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn cells() {
    check(
        "V10,,home|,yes,,,,,\n",
        &["tables/visit.csv:2: VN-REL-022: the cell of `place` has an empty name between `|`; write `a|b`"],
    );
    check(
        "V10,U4,home,yes,,,,,\n",
        &[
            "tables/visit.csv:2: VN-REL-022: the cell of `variant`: `U4` is not a point and a variant, such as `U4:name`",
        ],
    );
    check(
        "V10,,home,yes,,,,,2026-02-30\n",
        &[
            "tables/visit.csv:2: VN-REL-022: the cell of `from`: `2026-02-30` is not a date such as 2026-07-01",
        ],
    );
    check(
        "V10,,home,yes,skäl,reason,,,\n",
        &[
            "tables/visit.csv:2: VN-REL-023: a reason to hold stands beside a value; write `held` in `value`, or remove the reason",
        ],
    );
}

#[test]
fn rows() {
    check(
        "V10,,home,yes,,,,,\nV10,home\n",
        &[
            "tables/visit.csv:3: VN-REL-004: the row has another number of columns: 2 instead of 9; add or remove commas, and put a text with commas in quotes",
        ],
    );
    check(
        "V10,,home,yes,,,,,\nV10,,clinic,yes,,,,proposed,\n",
        &[
            "tables/visit.csv:3: VN-REL-024: rule `V10` gives something else than on line 2; give both rows the same value, reason, basis, status and date, or another rule",
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_rest_readable() {
    let (source, findings) = read("[[axis]]\nid = 3\n", "V10,,home,yes,,,,,\n");
    assert_eq!(findings.len(), 1);
    assert!(
        findings.first().unwrap().starts_with("axes.toml:2: VN-REL-003: "),
        "{findings:?}"
    );
    assert_eq!((source.axes.len(), source.tables.len()), (0, 1));
}
