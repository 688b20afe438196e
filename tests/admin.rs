//! A node is kept whole from outside: its store is checked while it serves and without a server, copied while senders
//! report, and served again from the copy.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use vardnav_tests::{Server, json, lines, run, sample, write};

/// (reporter, kind, id, revision) → leaf, of what outcomes or exported lines say.
fn leaves(lines: &[Value]) -> BTreeMap<(String, String, String, u64), String> {
    let with_leaf = lines.iter().filter(|line| line["leaf"].is_string());
    with_leaf
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let key = (
                text("reporter"),
                text("kind"),
                text("id"),
                line["revision"].as_u64().unwrap(),
            );
            (key, text("leaf"))
        })
        .collect()
}

fn export(server: &Server) -> BTreeMap<(String, String, String, u64), String> {
    leaves(&lines(&server.run(&["-o", "ndjson", "register", "export"])))
}

fn report(server: &Server, file: &str) -> Vec<Value> {
    lines(&server.run(&["-o", "ndjson", "register", "report", "--batch", "100", file]))
}

#[test]
fn a_store_is_checked_while_it_serves_and_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let file = write(folder.path(), "lines.ndjson", &sample(400, 5));
    assert!(!report(&server, &file).is_empty());
    let checked = server.run(&["-o", "json", "admin", "store", "check"]);
    assert_eq!(
        checked.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    assert_eq!(json(&checked), Value::Array(Vec::new()));
    server.kill();

    let at = data.to_str().unwrap();
    let checked = run(&["--data", at, "-o", "json", "admin", "store", "check"]);
    assert_eq!(
        checked.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );

    let log = data.join("store/log/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 4;
    std::fs::write(&log, bytes).unwrap();
    let checked = run(&["--data", at, "-o", "json", "admin", "store", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    let found = json(&checked);
    let found = found.as_array().unwrap();
    let named = found.iter().find(|found| found["code"] == "VN-STO-001").unwrap();
    assert_eq!(named["file"], "log/00000000000000000000.log");
    assert!(named["offset"].as_u64().unwrap() <= place as u64);
    assert_eq!(named["lost"], true);
    assert!(named["remedy"].as_str().unwrap().contains("backup"));
}

#[test]
fn a_copy_taken_while_senders_report_is_served_again_with_all_that_was_acknowledged_before() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy, keys) = (
        folder.path().join("data"),
        folder.path().join("copy"),
        folder.path().join("keys"),
    );
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let server = Server::start(&data);
    let first = write(folder.path(), "first.ndjson", &sample(600, 21));
    let before = leaves(&report(&server, &first));
    assert!(before.len() > 100);
    let second = write(folder.path(), "second.ndjson", &sample(2500, 22));
    let taken = std::thread::scope(|scope| {
        let sending = scope.spawn(|| report(&server, &second));
        let mut taken = Value::Null;
        for _ in 0..3 {
            let output = server.run(&["-o", "json", "admin", "backup", &text(&copy)]);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            taken = json(&output);
        }
        sending.join().unwrap();
        taken
    });
    let after = export(&server);
    let (another, of_keys, at) = (text(&folder.path().join("another")), text(&keys), text(&data));
    let with_keys = ["--data", &at, "admin", "backup", &another, "--keys", &of_keys];
    let refused = server.run(&with_keys[2..]);
    assert_eq!(refused.status.code(), Some(2), "no server gives its keys");
    assert!(!keys.exists());
    server.kill();
    assert_eq!(run(&with_keys).status.code(), Some(0));
    assert!(keys.join("vault/key").exists());
    assert!(taken["bytes_earlier"].as_u64().unwrap() > 0, "{taken}");

    let restored = folder.path().join("restored");
    let at = text(&restored);
    let refused = run(&["--data", &text(&data), "admin", "restore", &text(&copy)]);
    assert_eq!(
        refused.status.code(),
        Some(2),
        "a folder that holds something is not taken"
    );
    let output = run(&[
        "--data",
        &at,
        "-o",
        "json",
        "admin",
        "restore",
        &text(&copy),
        "--keys",
        &text(&keys),
    ]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told = json(&output);
    assert_eq!(told["keys_missing"], Value::Array(Vec::new()));
    assert_eq!(told["rows"], taken["rows"]);

    let server = Server::start(&restored);
    let kept = export(&server);
    for (key, leaf) in &before {
        assert_eq!(kept.get(key), Some(leaf), "{key:?}");
    }
    for (key, leaf) in &kept {
        assert_eq!(after.get(key), Some(leaf), "{key:?}");
    }
    // What came after the copy is reported again.
    report(&server, &second);
    assert_eq!(export(&server).len(), after.len());
    server.kill();

    // Without the keys the copy is restored, and refused to be served before they are there.
    let bare = folder.path().join("bare");
    let output = run(&[
        "--data",
        &text(&bare),
        "-o",
        "json",
        "admin",
        "restore",
        &text(&copy),
    ]);
    assert_eq!(json(&output)["keys_missing"].as_array().unwrap().len(), 2);
    assert_ne!(
        run(&["--data", &text(&bare), "register", "export"]).status.code(),
        Some(0)
    );

    let manifest = std::fs::read_to_string(copy.join("manifest")).unwrap();
    std::fs::write(copy.join("manifest"), manifest.replacen("head 1", "head 2", 1)).unwrap();
    let other = folder.path().join("other");
    let refused = run(&["--data", &text(&other), "admin", "restore", &text(&copy)]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(!other.exists());
}
