//! What a delivery holds is the same however it is batched, sent again or broken off.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use vardnav_tests::{Server, binary, json, lines};

use crate::calls::{contacts, counts, deliver, delivery, export, file, leaves, open, show};

#[test]
fn sent_again_however_batched_it_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (reporter, mut records) = contacts(60);
    let first = file(folder.path(), "first.ndjson", &records[..40]);
    assert!(deliver(&server, &reporter, &first, &[]).status.success());
    for at in [3, 8, 21] {
        records[at]["professions"] = json!(["physician"]);
    }
    // The same record twice in one file, as it was and corrected.
    let mut corrected = records[50].clone();
    corrected["professions"] = json!(["midwife"]);
    records.push(corrected);
    let all = file(folder.path(), "all.ndjson", &records);
    open(&server, &reporter, &[]);
    let mut known: Option<Vec<Value>> = None;
    for round in ["1", "7", "61", "1000", "20"] {
        // Two senders at once each time.
        let send = || {
            Command::new(binary())
                .args([
                    "--server",
                    &server.url(),
                    "-o",
                    "ndjson",
                    "register",
                    "delivery",
                    "send",
                ])
                .args([&all, "--reporter", &reporter, "--number", "2", "--batch", round])
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap()
        };
        let senders = [send(), send()];
        for sender in senders {
            let answer = sender.wait_with_output().unwrap();
            assert!(answer.status.success());
            let told = |outcome: &Value| {
                json!([
                    outcome["line"],
                    outcome["revision"],
                    outcome["outcome"],
                    outcome["leaf"]
                ])
            };
            let told: Vec<Value> = lines(&answer).iter().map(told).collect();
            assert_eq!(told.len(), 61);
            assert_eq!(
                *known.get_or_insert_with(|| told.clone()),
                told,
                "batches of {round}"
            );
        }
    }
    let counted = json(&delivery(&server, &reporter, &["show", "2"]));
    assert_eq!(counts(&counted), [37, 20, 3, 0]);
    let dry = json(&delivery(&server, &reporter, &["close", "2", "--dry-run"]));
    assert_eq!(counts(&dry), [37, 20, 3, 0]);
    assert_eq!(export(&server, &reporter).len(), 40);
    assert!(delivery(&server, &reporter, &["close", "2"]).status.success());
    // 23 records have next or first revisions, one of them two.
    assert_eq!(export(&server, &reporter).len(), 40 + 24);
    let shown = show(&server, &reporter, "d-0050", &[]);
    assert_eq!(shown[0]["record"]["professions"], json!(["midwife"]));
    // After it is closed the same lines are still answered with the same leaves, and nothing new is taken.
    let late = delivery(&server, &reporter, &["send", &all, "--number", "2"]);
    let late = json(&late);
    let told: Vec<&Value> = late
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| &outcome["leaf"])
        .collect();
    let before: Vec<&Value> = known.as_ref().unwrap().iter().map(|told| &told[3]).collect();
    assert_eq!(told, before);
}

#[test]
fn a_killed_server_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (reporter, mut records) = contacts(900);
    let first = file(folder.path(), "first.ndjson", &records[..300]);
    for record in &mut records[100..150] {
        record["professions"] = json!(["physician"]);
    }
    let all = file(folder.path(), "all.ndjson", &records[50..]);
    let mut server = Server::start(&data);
    let address = server.grpc().to_owned();
    assert!(deliver(&server, &reporter, &first, &[]).status.success());
    open(&server, &reporter, &[]);
    let sender = Command::new(binary())
        .args([
            "--server",
            &server.url(),
            "-o",
            "ndjson",
            "register",
            "delivery",
            "send",
        ])
        .args([&all, "--reporter", &reporter, "--number", "2", "--batch", "10"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    for wait in [60, 150, 240] {
        std::thread::sleep(Duration::from_millis(wait));
        server.kill();
        server = Server::start_at(&data, &address, &[]);
    }
    let answer = sender.wait_with_output().unwrap();
    assert!(answer.status.success());
    let outcomes = lines(&answer);
    assert_eq!(outcomes.len(), 850);
    let told = leaves(&outcomes);
    server.kill();
    let server = Server::start(&data);
    let shown = json(&delivery(&server, &reporter, &["show", "2"]));
    assert_eq!(counts(&shown), [200, 600, 50, 0]);
    let closed = json(&delivery(&server, &reporter, &["close", "2"]));
    assert_eq!(counts(&closed), [200, 600, 50, 50]);
    let exported = export(&server, &reporter);
    let mut current: BTreeMap<String, &Value> = BTreeMap::new();
    for revision in &exported {
        current.insert(revision["id"].as_str().unwrap().to_owned(), revision);
    }
    assert_eq!(exported.len(), 300 + 600 + 50 + 50);
    for (id, leaf) in &told {
        assert_eq!(current[id]["leaf"], json!(leaf), "{id}");
    }
    let gone = current
        .values()
        .filter(|revision| revision["withdrawn"].is_string());
    assert_eq!(gone.count(), 50);
}
