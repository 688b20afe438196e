//! History derived anew by the server: killed in the middle, with records reported meanwhile and afterwards, switched
//! to all at once, and given up. Whatever happened on the way, the derivation is the one that is planned at the end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use vardnav_tests::{Server, json, sample, stdout};

const VARIANT: &str = "U1:outpatient";
const NAME: &str = "2026.1+U1:outpatient";

fn report(server: &Server, folder: &Path, count: u32, seed: u32) {
    let file = folder.join(format!("lines-{seed}.ndjson"));
    std::fs::write(&file, sample(count, seed).join("\n") + "\n").unwrap();
    let file = file.to_str().unwrap();
    // Some of the sample's records are refused, which is told by how the command ends.
    server.run(&["-o", "json", "register", "report", "--batch", "200", file]);
}

fn plan(server: &Server, name: &str, further: &[&str]) -> Value {
    let mut arguments = vec!["--as", "anna", "-o", "json", "register", "reclassify"];
    arguments.extend([
        "--release",
        "2026.1",
        "--variant",
        VARIANT,
        "--from",
        "2026-03-01",
        "--name",
        name,
    ]);
    arguments.extend(further);
    json(&server.run(&arguments))
}

fn status(server: &Server, name: &str) -> Value {
    json(&server.run(&["-o", "json", "register", "reclassify", "status", name, "--wait"]))
}

/// The export of a derivation: what was derived of each position, by reporter.
fn export(server: &Server, derivation: &str) -> Vec<(String, u64, Value)> {
    let output = server.run(&["-o", "json", "register", "export", "--derivation", derivation]);
    rows(&output)
}

fn rows(output: &std::process::Output) -> Vec<(String, u64, Value)> {
    let row = |row: &Value| {
        let reporter = row["reporter"].as_str().unwrap().to_owned();
        (
            reporter,
            row["position"].as_u64().unwrap(),
            row["derived"].clone(),
        )
    };
    json(output).as_array().unwrap().iter().map(row).collect()
}

/// The export of one reporter, from the derivation that readers are answered from.
fn export_of(server: &Server, reporter: &str) -> Vec<(String, u64, Value)> {
    rows(&server.run(&["-o", "json", "register", "export", "--reporter", reporter]))
}

fn counts(server: &Server, derivation: &str) -> String {
    let query = [
        "-o",
        "csv",
        "indicator",
        "query",
        "--derivation",
        derivation,
        "--by",
        "region,sex",
    ];
    stdout(&server.run(&query))
}

/// Waits until what follows the ledger has nothing left to set right: two looks that say the same.
fn settled(server: &Server, name: &str) -> (Value, Vec<(String, u64, Value)>, String) {
    let look = || {
        (
            status(server, name)["changes"].clone(),
            export(server, name),
            counts(server, name),
        )
    };
    let mut before = look();
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(700));
        let now = look();
        if now == before {
            return now;
        }
        before = now;
    }
    panic!("{name} does not come to rest");
}

fn releases(export: &[(String, u64, Value)]) -> BTreeSet<String> {
    let parts = export
        .iter()
        .flat_map(|(_, _, derived)| derived.as_array().unwrap());
    parts
        .map(|part| part["release"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_derivation_survives_kills_and_follows_what_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    report(&server, folder.path(), 1500, 1);
    plan(&server, "early", &[]);
    server.kill();
    for round in 0..4 {
        let server = Server::start(&data);
        report(&server, folder.path(), 300, 10 + round);
        std::thread::sleep(Duration::from_millis(u64::from(round) * 120));
        server.kill();
    }
    let server = Server::start(&data);
    report(&server, folder.path(), 300, 20);
    let told = plan(&server, "late", &["--wait"]);
    assert_eq!(told["done"], told["total"]);
    let (late, early) = (settled(&server, "late"), settled(&server, "early"));
    assert_eq!(early.0, late.0, "what changed");
    assert_eq!(early.1, late.1, "what was derived");
    assert_eq!(early.2, late.2, "what was counted");
    assert_eq!(
        releases(&late.1),
        BTreeSet::from(["2026.1".to_owned(), NAME.to_owned()])
    );
    let moved = late
        .0
        .as_array()
        .unwrap()
        .iter()
        .any(|change| change["from"] != change["to"]);
    assert!(moved, "the variant changes nothing");
    assert_eq!(
        releases(&export(&server, "as-reported")),
        BTreeSet::from(["2026.1".to_owned()])
    );
}

#[test]
fn readers_are_switched_all_at_once_by_another_person() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    report(&server, folder.path(), 600, 2);
    plan(&server, "outpatient", &["--wait"]);
    let (before, after) = (export(&server, "as-reported"), export(&server, "outpatient"));
    assert_ne!(before, after);
    assert_eq!(export(&server, ""), before);

    let own = server.run(&["--as", "anna", "register", "reclassify", "switch", "outpatient"]);
    assert!(!own.status.success());
    let stray = server.run(&["register", "export", "--derivation", "nobody-planned-it"]);
    assert!(!stray.status.success());
    let reporter = before[0].0.clone();
    let of = |export: &[(String, u64, Value)]| -> Vec<(String, u64, Value)> {
        export
            .iter()
            .filter(|(of, ..)| *of == reporter)
            .cloned()
            .collect()
    };
    assert_ne!(of(&before), of(&after));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..6 {
                    // What is asked of a reporter is one question.
                    let now = export_of(&server, &reporter);
                    assert!(
                        now == of(&before) || now == of(&after),
                        "an export of two derivations"
                    );
                }
            });
        }
        let switched = server.run(&["--as", "bo", "register", "reclassify", "switch", "outpatient"]);
        assert!(switched.status.success());
        assert_eq!(export(&server, ""), after);
    });
    assert_eq!(counts(&server, ""), counts(&server, "outpatient"));

    let cancel = ["--as", "bo", "register", "reclassify", "cancel", "outpatient"];
    assert!(
        !server.run(&cancel).status.success(),
        "readers are answered from it"
    );
    let back = server.run(&["--as", "bo", "register", "reclassify", "switch", "as-reported"]);
    assert!(back.status.success());
    assert_eq!(export(&server, ""), before);
    assert!(server.run(&cancel).status.success());
    assert!(
        !server
            .run(&["register", "export", "--derivation", "outpatient"])
            .status
            .success()
    );
    let list = json(&server.run(&["-o", "json", "register", "reclassify", "list"]));
    assert_eq!(list[0]["state"], "cancelled");
}
