//! No personal number where none may be, and nobody does what they may not.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vardnav_tests::{Server, for_each_file, json, lines, root, sample, stdout, write};

#[test]
fn no_personal_number_is_stored_outside_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let sample = sample(600, 13);
    let file = write(folder.path(), "lines.ndjson", &sample);
    let output = server.run(&["-o", "ndjson", "register", "report", &file]);
    let some = write(folder.path(), "some.ndjson", &sample[..60]);
    let described = server.run(&["-o", "ndjson", "register", "describe", &some]);
    assert_eq!(lines(&described).len(), 60);
    let answers = stdout(&output)
        + &String::from_utf8_lossy(&output.stderr)
        + &stdout(&described)
        + &String::from_utf8_lossy(&described.stderr);
    drop(server);

    let mut numbers = BTreeSet::new();
    for record in sample
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let Some(number) = record["person"]["number"].as_str() else {
            continue;
        };
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if digits.len() == 12 {
            numbers.extend([
                format!("{}-{}", &digits[..8], &digits[8..]),
                digits[2..].to_owned(),
                digits,
            ]);
        }
    }
    assert!(numbers.len() > 300);
    for number in &numbers {
        assert!(!answers.contains(number), "a personal number in the answers");
    }
    let mut bytes = 0;
    for_each_file(&data, &mut |path, content| {
        bytes += content.len();
        let text = String::from_utf8_lossy(content);
        let digits: Vec<&str> = text
            .split(|c: char| !c.is_ascii_digit() && c != '-')
            .filter(|run| run.len() >= 10)
            .collect();
        for run in digits {
            for number in &numbers {
                assert!(
                    !run.contains(number.as_str()),
                    "a personal number in {}",
                    path.display()
                );
            }
        }
    });
    assert!(
        bytes > 100_000,
        "the data folder holds {bytes} bytes: nothing was looked at"
    );
}

#[test]
fn a_number_planted_in_any_field_is_not_stored() {
    const NUMBER: &str = "194208139909";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let unit: Value = lines(&server.run(&["-o", "ndjson", "unit", "list"]))[0].clone();
    let unit = json(&server.run(&["-o", "json", "unit", "show", unit["hsa_id"].as_str().unwrap()]));
    let mut planted: Vec<String> = Vec::new();
    for field in ["name", "kind", "provider", "kommun", "hours"] {
        let mut changed = unit.clone();
        changed["versions"][0][field] = json!(NUMBER);
        planted.push(changed.to_string());
    }
    for (field, value) in [
        ("reporters", json!([NUMBER])),
        ("facts", json!({"origin": NUMBER})),
        ("facts", json!({NUMBER: "hospital"})),
        ("beds", json!({NUMBER: 3})),
        ("principals", json!({"responsible": NUMBER})),
    ] {
        let mut changed = unit.clone();
        changed["versions"][0][field] = value;
        planted.push(changed.to_string());
    }
    let mut changed = unit;
    changed["hsa_id"] = json!(format!("SE2321000131-{NUMBER}"));
    planted.push(changed.to_string());
    for line in &planted {
        let put = server.run_with(&["unit", "put", "-"], line.as_bytes());
        assert_eq!(put.status.code(), Some(1), "taken: {line}");
    }
    let starter = root().join("crates/interchange/starter/2026.1");
    let starter = starter.to_str().unwrap();
    for arguments in [
        vec!["register", "reporter", NUMBER],
        vec![
            "register",
            "reporter",
            "fine",
            "--name",
            NUMBER,
            "--organisation",
            "2321000131",
        ],
        vec!["register", "show", NUMBER, "episode-1"],
        vec!["register", "export", "--reporter", NUMBER],
        vec!["release", "draft", starter, "--id", NUMBER],
        vec!["--as", NUMBER, "release", "list"],
        vec!["--as", NUMBER, "unit", "list"],
    ] {
        assert!(!server.run(&arguments).status.success(), "taken: {arguments:?}");
    }
    drop(server);
    for_each_file(&data, &mut |path, content| {
        let text = String::from_utf8_lossy(content);
        assert!(
            !text.contains(NUMBER),
            "a planted number is in {}",
            path.display()
        );
    });
}

#[test]
fn a_caller_does_what_it_may_for_whom_it_may() {
    // SHA-256 of "open-sesame".
    const CALLERS: &str = r#"
        [[caller]]
        name = "stockholm-ehr"
        token_sha256 = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7"
        permissions = ["register.report", "register.read", "register.export", "units.read"]
        reporters = ["region-stockholm"]
    "#;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Server::start(&data).kill();
    let callers = folder.path().join("callers.toml");
    std::fs::write(&callers, CALLERS).unwrap();
    let server = Server::start_with(&data, &["--callers", callers.to_str().unwrap()]);
    let with = |arguments: &[&str]| {
        let all: Vec<&str> = ["--token", "open-sesame"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        server.run(&all)
    };
    assert_eq!(
        server.run(&["unit", "list"]).status.code(),
        Some(4),
        "without a token"
    );
    assert!(with(&["unit", "list"]).status.success());
    for refused in [
        vec!["register", "show", "region-skane", "episode-1"],
        vec!["register", "export", "--reporter", "region-skane"],
        vec!["register", "reporter"],
        vec!["release", "approve", "2026.1"],
        vec!["codesystem", "list"],
    ] {
        assert_eq!(with(&refused).status.code(), Some(4), "{refused:?}");
    }
    let file = write(folder.path(), "lines.ndjson", &sample(300, 23));
    let outcomes = lines(&with(&["-o", "ndjson", "register", "report", &file]));
    assert_eq!(
        outcomes.len(),
        300,
        "one outcome per line, also for those of others"
    );
    for outcome in &outcomes {
        let own = outcome["reporter"] == "region-stockholm";
        assert!(own || outcome["outcome"] == "rejected", "{outcome}");
    }
    assert!(outcomes.iter().any(|outcome| outcome["outcome"] == "accepted"));
}
