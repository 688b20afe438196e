//! Whoever keeps the national heads sees when history is told otherwise, and a receipt leads to them without a server.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::path::Path;

use serde_json::Value;
use vardnav_tests::{Server, copy, json, run, sample, stdout, write};

fn report(server: &Server, folder: &Path, name: &str, lines: &[String]) -> (String, String) {
    let input = write(folder, name, lines);
    let receipts = folder.join(format!("receipts-{name}"));
    let receipts_text = receipts.to_string_lossy().into_owned();
    server.run(&[
        "-o",
        "ndjson",
        "register",
        "report",
        &input,
        "--receipts",
        &receipts_text,
    ]);
    let mut files: Vec<_> = std::fs::read_dir(&receipts)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    (input, files[0].to_string_lossy().into_owned())
}

fn mirror(server: &Server, dir: &str) -> Value {
    json(&server.run(&["-o", "json", "heads", "mirror", dir]))
}

#[test]
fn a_mirror_follows_and_a_receipt_leads_to_it_offline() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (dir, anchor, key) = (place("mirror"), place("anchor.json"), place("key.txt"));
    let server = Server::start(&folder.path().join("data"));
    let lines = sample(300, 4);
    let (input, receipt) = report(&server, folder.path(), "one.ndjson", &lines[..150]);
    let first = mirror(&server, &dir);
    assert!(first["heads"].as_u64().unwrap() >= 1, "{first}");
    assert!(first["streams"].as_u64().unwrap() >= 2, "{first}");
    report(&server, folder.path(), "two.ndjson", &lines[150..]);
    assert!(
        server
            .run(&["register", "anchor", &receipt, "--to", &anchor])
            .status
            .success()
    );
    assert!(server.run(&["register", "key", &key]).status.success());
    let second = mirror(&server, &dir);
    assert!(second["new"].as_u64().unwrap() >= 1);
    let listed = server.run(&["-o", "ndjson", "heads", "list"]);
    assert!(stdout(&listed).lines().count() as u64 >= second["heads"].as_u64().unwrap());
    drop(server);

    let prove = |extra: &[&str]| {
        let mut arguments = vec![
            "-o", "json", "register", "prove", &receipt, "--input", &input, "--key", &key,
        ];
        arguments.extend(extra);
        run(&arguments)
    };
    let proven = json(&prove(&["--anchor", &anchor, "--heads", &dir]));
    assert_eq!(proven["proven"], true);
    assert_eq!(proven["national"].as_array().unwrap().len(), 1);
    assert!(run(&["heads", "check", &dir, "--key", &key]).status.success());
    let size = |path: &str| std::fs::metadata(path).unwrap().len();
    println!(
        "a receipt of 150 lines: {} bytes; its anchor: {} bytes",
        size(&receipt),
        size(&anchor)
    );
    let heads = proven["heads"].as_array().unwrap().len() as u64;
    assert!(size(&anchor) / heads < 2_500, "{heads} anchors");

    // Whatever is changed in the kept heads or in the anchor is seen.
    let heads = folder.path().join("mirror/heads.ndjson");
    let whole = std::fs::read_to_string(&heads).unwrap();
    for (wanted, other) in [("\"time\":1", "\"time\":2"), ("\"streams\":", "\"streams\":1")] {
        std::fs::write(&heads, whole.replacen(wanted, other, 1)).unwrap();
        assert_eq!(run(&["heads", "check", &dir]).status.code(), Some(1));
    }
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    std::fs::write(&heads, lines[..lines.len() - 1].concat()).unwrap();
    assert_eq!(
        run(&["heads", "check", &dir]).status.code(),
        Some(1),
        "the last head is gone"
    );
    std::fs::write(&heads, &whole).unwrap();
    assert!(run(&["heads", "check", &dir]).status.success());
    let text = std::fs::read_to_string(&anchor).unwrap();
    let at = text.find("\"growth\":[\"").unwrap() + 11;
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    std::fs::write(&anchor, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    assert_eq!(prove(&["--anchor", &anchor]).status.code(), Some(1));
}

#[test]
fn a_register_that_begins_anew_from_an_older_copy_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("mirror").to_string_lossy().into_owned();
    let (data, older) = (folder.path().join("data"), folder.path().join("older"));
    let lines = sample(200, 5);
    let server = Server::start(&data);
    report(&server, folder.path(), "one.ndjson", &lines[..100]);
    mirror(&server, &dir);
    drop(server);
    copy(&data, &older);
    let server = Server::start(&data);
    report(&server, folder.path(), "two.ndjson", &lines[100..]);
    let told = mirror(&server, &dir);
    drop(server);
    let before = std::fs::read(folder.path().join("mirror/heads.ndjson")).unwrap();
    // The older copy knows nothing of what was reported after it, and goes on otherwise.
    let server = Server::start(&older);
    report(&server, folder.path(), "three.ndjson", &sample(40, 6));
    let found = server.run(&["heads", "mirror", &dir]);
    assert_eq!(found.status.code(), Some(1));
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(said.contains("HISTORY WAS REWRITTEN"), "{said}");
    assert_eq!(
        std::fs::read(folder.path().join("mirror/heads.ndjson")).unwrap(),
        before
    );
    assert!(folder.path().join("mirror/conflict.ndjson").exists());
    assert!(told["heads"].as_u64().unwrap() > 1);
}
