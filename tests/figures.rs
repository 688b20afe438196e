//! Every computed figure of the starter release, held against a second implementation in another language that shares no
//! code with the register: `tests/figures/oracle.py`, written from the definitions in words.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use vardnav_tests::{Server, json, lines, root, run, sample, stdout, write};

/// Figures by `place|sex|age|time|group`: numerator and denominator.
type Figures = BTreeMap<String, [u64; 2]>;

/// Variants that the second implementation computes, and what each is broken down by beside the whole.
const VARIANTS: [(&str, &str, &[&str]); 15] = [
    (
        "core-02",
        "assessed",
        &["region,sex", "kommun", "month", "region,month", "sex,age-group"],
    ),
    ("core-02", "all-requests", &["region,sex", "month", "age-group"]),
    ("core-10", "own-ledger", &["region", "sex"]),
    ("core-10", "own-ledger-with-home", &["region", "sex"]),
    (
        "segments-by-group",
        "segments",
        &["region,sex", "group,region", "group,month", "age-group"],
    ),
    (
        "contacts-by-group",
        "contacts",
        &["region,sex", "group,region", "group,month", "kommun"],
    ),
    (
        "reach-by-group",
        "persons",
        &["region,sex", "group,region", "group,age-group"],
    ),
    ("home-care-for-children", "children", &["region", "sex"]),
    (
        "hospital-at-home-round-the-clock",
        "physician-and-team",
        &["region", "age-group"],
    ),
    (
        "hospital-at-home-round-the-clock",
        "physician",
        &["region", "age-group"],
    ),
    ("movements-between-forms", "segments", &["region", "form", "sex"]),
    ("remote-monitoring-reach", "persons", &["region,sex", "age-group"]),
    (
        "remote-monitoring-response",
        "periods",
        &["region", "sex", "age-group"],
    ),
    (
        "municipal-medical-assessment",
        "segments",
        &["region", "age-group"],
    ),
    ("requests-never-met", "requests", &["region", "sex", "age-group"]),
];

#[test]
fn figures_equal_those_of_a_second_implementation() {
    let python = std::env::var_os("VARDNAV_PYTHON").unwrap_or_else(|| "python3".into());
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let reported = write(folder.path(), "sample.ndjson", &sample(6_000, 11));
    let _ = server.run(&["-o", "ndjson", "register", "report", &reported]);
    correct(&server, folder.path(), &reported);
    let exported = server.run(&["-o", "ndjson", "register", "export"]);
    let exported: Vec<String> = stdout(&exported).lines().map(str::to_owned).collect();
    assert!(exported.len() > 4_000, "{} records", exported.len());
    let exported = write(folder.path(), "exported.ndjson", &exported);
    let today = jiff::Zoned::now().date();
    let output = Command::new(python)
        .arg(root().join("tests/figures/oracle.py"))
        .args([&reported, &exported, "2026", &today.to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected: BTreeMap<String, Figures> = serde_json::from_slice(&output.stdout).unwrap();
    let (mut compared, mut withheld, mut wrong) = (0, 0, Vec::new());
    for (indicator, variant, breakdowns) in VARIANTS {
        let expected = &expected[&format!("{indicator}/{variant}")];
        for by in [&[""], breakdowns].concat() {
            for row in query(&server, indicator, variant, by) {
                if row["suppressed"] == true {
                    withheld += 1;
                    continue;
                }
                let key = key(&row, by.contains("month"));
                let [numerator, denominator] = expected.get(&key).copied().unwrap_or_default();
                let told = (row["numerator"].as_u64(), row["denominator"].as_f64());
                let has_denominator = row["denominator"].is_number();
                #[expect(clippy::cast_precision_loss, reason = "small counts")]
                let same =
                    told.0 == Some(numerator) && (!has_denominator || told.1 == Some(denominator as f64));
                if !same {
                    wrong.push(format!(
                        "{indicator}/{variant} by {by}: {key}: {told:?}, not {numerator}/{denominator}"
                    ));
                }
                compared += 1;
            }
        }
    }
    println!("{compared} figures compared, {withheld} withheld");
    assert!(
        wrong.is_empty(),
        "{} of {compared}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    assert!(compared > 300, "{compared} compared");
}

/// Corrects some records: others places, and dates of assessment.
fn correct(server: &Server, folder: &std::path::Path, reported: &str) {
    let text = std::fs::read_to_string(reported).unwrap();
    let revised = text
        .lines()
        .enumerate()
        .filter(|(at, _)| at % 9 == 0)
        .filter_map(|(_, line)| {
            let mut line: Value = serde_json::from_str(line).ok()?;
            if line["kind"] != "care-request" || line["revision"] != 1 {
                return None;
            }
            line["revision"] = 2.into();
            line["residence"] = "0180".into();
            line.get("person")?.get("number")?;
            Some(line.to_string())
        });
    let revised: Vec<String> = revised.collect();
    assert!(revised.len() > 20, "{} corrected", revised.len());
    let file = write(folder, "revised.ndjson", &revised);
    let _ = server.run(&["-o", "ndjson", "register", "report", &file]);
    // The second implementation finds whom a revision is about where it is reported.
    std::fs::write(reported, text + &revised.join("\n") + "\n").unwrap();
}

fn query(server: &Server, indicator: &str, variant: &str, by: &str) -> Vec<Value> {
    let mut arguments = vec![
        "-o",
        "ndjson",
        "indicator",
        "query",
        indicator,
        "--variant",
        variant,
    ];
    if !by.is_empty() {
        arguments.extend(["--by", by]);
    }
    let output = server.run(&arguments);
    assert!(
        output.status.success(),
        "{by}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    lines(&output)
}

fn key(row: &Value, monthly: bool) -> String {
    let text = |field: &str| row[field].as_str().unwrap_or_default();
    let time = match row["month"].as_i64() {
        Some(month) if monthly => format!("2026-{month:02}"),
        _ => "2026".to_owned(),
    };
    [
        text("place"),
        text("sex"),
        text("age_group"),
        &time,
        text("group"),
    ]
    .join("|")
}

#[test]
fn figures_leave_as_files_that_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let reported = write(folder.path(), "sample.ndjson", &sample(1_500, 4));
    let _ = server.run(&["-o", "ndjson", "register", "report", &reported]);
    let query = |format: &str, to: Option<&str>| {
        let mut arguments = vec![
            "indicator",
            "query",
            "core-02",
            "--by",
            "region,sex",
            "--format",
            format,
        ];
        arguments.extend(to.into_iter().flat_map(|to| ["--to", to]));
        let output = server.run(&arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    };
    let csv = stdout(&query("csv", None));
    let stat = json(&query("json-stat", None));
    let figures = csv.lines().count() - 1;
    assert!(figures >= 42, "{figures}");
    assert_eq!(stat["version"], "2.0");
    let cells: u64 = stat["size"]
        .as_array()
        .unwrap()
        .iter()
        .map(|size| size.as_u64().unwrap())
        .product();
    assert_eq!(stat["value"].as_array().unwrap().len() as u64, cells);
    assert_eq!(
        stat["dimension"]["place"]["category"]["label"]["01"],
        "Region Stockholm"
    );
    let file = folder.path().join("figures.parquet");
    query("parquet", file.to_str());
    assert_eq!(&std::fs::read(&file).unwrap()[..4], b"PAR1");
    let refused = server.run(&["indicator", "query", "core-02", "--by", "disability"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not available"));
    let shown = stdout(&server.run(&["indicator", "show", "core-02"]));
    for part in ["all-requests", "prop. 2019/20:164", "disability", "wilson"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(run(&["explain", "VN-API-042"]).status.success());
}
