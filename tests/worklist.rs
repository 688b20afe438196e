//! The worklist as a reporter and an administrator meet it: contacts with a fact missing are reported, listed by what
//! they miss, supplied all at once and proven, and the list is empty.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vardnav_tests::{Server, json, lines, plain_contact, sample, stdout, write};

/// Contacts at home whose mode and origin are known, and nothing else.
fn contacts(count: usize) -> Vec<Value> {
    let mut record = plain_contact(400, 3);
    record["facts"] = json!({
        "contact-mode": "in-person",
        "origin": "specialised-unit",
        "level": "specialised",
        "enrolment": "none",
        "self-care-assessment": "no",
    });
    (0..count)
        .map(|at| {
            let mut record = record.clone();
            record["id"] = json!(format!("w-{at:03}"));
            record
        })
        .collect()
}

/// Episodes of home care with a hospital bed, and three with none, given at a clinic: rows of the release hold them.
fn episodes(count: usize) -> Vec<Value> {
    let records = sample(400, 3);
    let found = records
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|record| {
            record["kind"] == "episode"
                && record["revision"] == 1
                && record["person"]["type"] == "personnummer"
                && record["start"]
                    .as_str()
                    .is_some_and(|start| start > "2026-02" && start < "2026-10")
        });
    let mut record = found.unwrap();
    for field in ["facts", "plans", "decided_by", "end_mode", "end"] {
        record.as_object_mut().unwrap().remove(field);
    }
    (0..count)
        .map(|at| {
            let bed = if at < 6 { "hospital" } else { "none" };
            record["id"] = json!(format!("w-{at:03}"));
            record["segments"] = json!([{"start": record["start"], "facts": {
                "enrolment": "home-care", "bed": bed, "place": "clinic", "level": "specialised",
                "origin": "specialised-unit", "replaces-ward": "no",
            }}]);
            record.clone()
        })
        .collect()
}

fn texts(records: &[Value]) -> Vec<String> {
    records.iter().map(Value::to_string).collect()
}

fn rows(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["-o", "ndjson", "register"];
    all.extend(arguments);
    lines(&server.run(&all))
}

/// The files of a folder whose names end in `ending`.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}

#[test]
fn what_is_missing_is_listed_supplied_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let records = contacts(30);
    let reporter = records[0]["reporter"].as_str().unwrap().to_owned();
    let file = write(folder.path(), "reported.ndjson", &texts(&records));
    let outcomes = rows(&server, &["report", &file]);
    assert!(
        outcomes.iter().all(|outcome| outcome["outcome"] == "held"),
        "{}",
        outcomes[0]
    );

    let groups = rows(&server, &["worklist", &reporter, "--missing", "place"]);
    let group = groups.iter().find(|group| group["table"] == "contact-type");
    let group = group.unwrap_or_else(|| panic!("{groups:?}"));
    assert_eq!(group["records"], 30);
    assert_eq!(
        group["owner"], "reporting-unit",
        "no unit is stated whose registration could tell"
    );
    assert_eq!(group["oldest_days"], 0);
    let listed = rows(
        &server,
        &["worklist", &reporter, "--missing", "place", "--records"],
    );
    assert_eq!(listed.len(), 30);
    assert_eq!(listed[0]["id"], "w-000");
    assert_eq!(listed[0]["revision"], 1);
    assert!(rows(&server, &["worklist", &reporter, "--older-than", "1"]).is_empty());
    assert!(
        rows(
            &server,
            &[
                "worklist",
                &reporter,
                "--missing",
                "level",
                "--owner",
                "authority"
            ]
        )
        .is_empty()
    );
    // All reporters together: counts, and no record.
    let all = rows(&server, &["worklist"]);
    assert!(
        all.iter()
            .any(|group| group["reporter"] == reporter.as_str() && group["records"] == 30)
    );

    // A name that no release knows is refused, with the nearest one.
    for (arguments, told) in [
        (
            vec!["supply", &reporter, "place", "clinik"],
            "did you mean `clinic`",
        ),
        (
            vec!["supply", &reporter, "plaec", "clinic"],
            "did you mean `place`",
        ),
        (
            vec!["worklist", &reporter, "--missing", "plaec"],
            "did you mean `place`",
        ),
        (
            vec!["worklist", &reporter, "--table", "contact-typ"],
            "did you mean `contact-type`",
        ),
        (
            vec!["unmatched", &reporter, "--table", "contact-typ"],
            "did you mean `contact-type`",
        ),
    ] {
        let refused = server.run(&[&["register"][..], &arguments].concat());
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(told), "{error}");
    }
    // A fact that says nothing where it stands, and one for a record not known.
    for (arguments, reason) in [
        (["supply", &reporter, "age-group", "0-17"], "not be taken"),
        (["supply", &reporter, "origin", "hospital"], "states other values"),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--record", "contact:w-000"]);
        let refused = rows(&server, &arguments);
        assert_eq!(refused[0]["result"], "refused", "{refused:?}");
        assert!(
            refused[0]["reason"].as_str().unwrap().contains(reason),
            "{refused:?}"
        );
    }
    let unknown = rows(
        &server,
        &[
            "supply",
            &reporter,
            "place",
            "clinic",
            "--record",
            "contact:w-999",
        ],
    );
    assert_eq!(unknown[0]["reason"], "the reporter has no such record");

    let place = ["supply", &reporter, "place", "clinic"];
    let checked = rows(&server, &[&place[..], &["--dry-run"]].concat());
    assert_eq!(checked.len(), 30);
    assert!(
        checked
            .iter()
            .all(|outcome| outcome["result"] == "supplied" && outcome["leaf"].is_null())
    );
    // Where no receipt can be written, or there is nothing to prove, nothing is supplied.
    let nothing = write(folder.path(), "empty.ndjson", &[]);
    let unwritable = format!("{file}/receipts");
    let elsewhere = folder.path().join("elsewhere").to_string_lossy().into_owned();
    for (lines, receipts) in [(&file, &unwritable), (&nothing, &elsewhere)] {
        let proof = ["--lines", lines, "--receipts", receipts];
        let refused = server.run(&[&["register"][..], &place[..], &proof[..]].concat());
        assert_eq!(refused.status.code(), Some(2));
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(error.contains("nothing was supplied"), "{error}");
    }
    let receipts = folder.path().join("receipts");
    let receipts_text = receipts.to_string_lossy().into_owned();
    let proof = ["--lines", &file, "--receipts", &receipts_text];
    let supplied = rows(&server, &[&place[..], &proof[..]].concat());
    assert_eq!(supplied.len(), 30);
    for outcome in &supplied {
        assert_eq!(outcome["result"], "supplied", "{outcome}");
        assert_eq!(outcome["revision"], 2);
        assert_eq!(outcome["outcome"], "accepted", "{outcome}");
        assert_eq!(outcome["leaf"].as_str().unwrap().len(), 64);
    }
    assert!(rows(&server, &["worklist", &reporter]).is_empty());
    assert!(rows(&server, &place).is_empty(), "nothing is left to supply");

    // The same again, by name, changes nothing; another value is refused.
    let named = ["--record", "contact:w-007"];
    let again = rows(&server, &[&place[..], &named[..]].concat());
    assert_eq!(again[0]["result"], "unchanged");
    assert_eq!(again[0]["revision"], 2);
    assert_eq!(again[0]["leaf"], supplied[7]["leaf"]);
    let other = ["supply", &reporter, "place", "hospital-ward"];
    let other = rows(&server, &[&other[..], &named[..]].concat());
    assert_eq!(other[0]["result"], "refused");

    // The receipts prove the lines with the fact, and no others.
    let key = folder.path().join("register.pub").to_string_lossy().into_owned();
    assert!(server.run(&["register", "key", &key]).status.success());
    let receipt = files(&receipts, ".receipt.json")
        .remove(0)
        .to_string_lossy()
        .into_owned();
    let made = files(&receipts, ".ndjson")
        .remove(0)
        .to_string_lossy()
        .into_owned();
    let proven = server.run(&[
        "-o", "json", "register", "prove", &receipt, "--input", &made, "--key", &key,
    ]);
    assert!(
        proven.status.success(),
        "{}",
        String::from_utf8_lossy(&proven.stderr)
    );
    assert_eq!(std::fs::read_to_string(&made).unwrap().lines().count(), 30);
    let changed = std::fs::read_to_string(&made)
        .unwrap()
        .replace("clinic", "school");
    std::fs::write(&made, changed).unwrap();
    let refused = server.run(&["register", "prove", &receipt, "--input", &made, "--key", &key]);
    assert!(!refused.status.success());

    // A reporter that reports the supplied revision itself is told that it is the same.
    let mut same = records[7].clone();
    same["revision"] = json!(2);
    same["facts"]["place"] = json!("clinic");
    let file = write(folder.path(), "same.ndjson", &texts(&[same]));
    let told = rows(&server, &["report", &file]);
    assert_eq!(told[0]["leaf"], supplied[7]["leaf"], "{}", told[0]);
    let shown = json(&server.run(&["-o", "json", "register", "show", &reporter, "w-007"]));
    assert_eq!(
        (&shown[0]["kind"], &shown[0]["revision"]),
        (&json!("contact"), &json!(2))
    );
    let nobody = server.run(&["register", "show", &reporter, "w-nobody"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(
        shown[0]["age"], shown[1]["age"],
        "the age is that of the revision before"
    );
}

#[test]
fn combinations_that_no_rule_meets_are_ranked_for_the_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let records = episodes(9);
    let reporter = records[0]["reporter"].as_str().unwrap().to_owned();
    let file = write(folder.path(), "reported.ndjson", &texts(&records));
    let outcomes = rows(&server, &["report", &file]);
    assert!(
        outcomes.iter().all(|outcome| outcome["outcome"] == "held"),
        "{outcomes:?}"
    );

    let own = rows(&server, &["unmatched", &reporter]);
    let told: Vec<_> = own.iter().map(|row| (&row["rule"], &row["records"])).collect();
    assert_eq!(told, [(&json!("E70"), &json!(6)), (&json!("E71"), &json!(3))]);
    assert_eq!(
        own[0]["facts"],
        json!({"enrolment": "home-care", "bed": "hospital"})
    );
    assert!(own[0]["reason"].as_str().unwrap().contains("hospital bed"));
    assert_eq!(own[0]["example"], "episode:w-000");
    assert_eq!(
        rows(
            &server,
            &["worklist", &reporter, "--owner", "authority", "--rule", "E71"]
        )[0]["records"],
        3
    );
    // The administrator sees which rule is wanted, and nothing that tells of a few persons.
    let all = rows(&server, &["unmatched"]);
    let told: Vec<_> = all.iter().map(|row| (&row["rule"], &row["records"])).collect();
    assert_eq!(
        told,
        [
            (&json!("E70"), &json!(6)),
            (&json!("E71"), &json!("fewer than 5"))
        ]
    );
    assert_eq!(all[0]["reporters"], json!([reporter]));
    assert!(all[1]["first"].is_null());
    assert_eq!(all[1]["reporters"], json!([]));
    assert!(all.iter().all(|row| row["example"].is_null()));

    // Rebuilt from the ledger after a restart, the worklist says the same.
    let before = stdout(&server.run(&["-o", "ndjson", "register", "worklist", &reporter, "--records"]));
    server.kill();
    let server = Server::start(&data);
    let after = stdout(&server.run(&["-o", "ndjson", "register", "worklist", &reporter, "--records"]));
    assert_eq!(before, after);
}
