//! A server whose store is a PostgreSQL database, from outside: what was acknowledged outlives kills of the server and of
//! the database, a folder is one server's, and no personal number is in it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, binary, for_each_file, json, lines, run, sample, write};

fn private() -> Option<Private> {
    let private = Private::start(SERVED).unwrap();
    if private.is_none() {
        eprintln!("skipped: this machine has no PostgreSQL");
    }
    private
}

fn serve(data: &Path, database: &str) -> Server {
    Server::start_with(data, &["--store", database])
}

/// What was answered of each line.
fn report(server: &Server, file: &str) -> Vec<(Value, Value, Value)> {
    let answer = server.run(&["-o", "ndjson", "register", "report", "--batch", "200", file]);
    let told = |outcome: &Value| {
        (
            outcome["line"].clone(),
            outcome["outcome"].clone(),
            outcome["leaf"].clone(),
        )
    };
    lines(&answer).iter().map(told).collect()
}

/// Leaves of what is kept, by reporter, kind, id and revision; each is there once.
fn kept(server: &Server) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    let entries = json(&server.run(&["-o", "json", "register", "export"]));
    for entry in entries.as_array().unwrap() {
        let key = ["reporter", "kind", "id", "revision"].map(|name| entry[name].to_string());
        let leaf = entry["leaf"].as_str().unwrap().to_owned();
        let former = kept.insert(key.join(" "), leaf);
        assert!(former.is_none(), "{key:?} is kept twice");
    }
    kept
}

fn refused(data: &Path, database: &str, with: &str, code: i32) {
    let output = run(&[
        "serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
        "--store",
        database,
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(with), "{said}");
    assert_eq!(output.status.code(), Some(code), "{said}");
}

#[test]
fn what_was_acknowledged_outlives_kills() {
    let Some(mut private) = private() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (data, database) = (folder.path().join("data"), private.url("postgres"));
    let (some, more) = (sample(900, 3), sample(700, 4));
    let file = write(folder.path(), "some.ndjson", &some);

    let server = serve(&data, &database);
    let first = report(&server, &file);
    assert_eq!(first.len(), some.len());
    let accepted = first.iter().filter(|(_, _, leaf)| leaf.is_string()).count();
    assert!(accepted > 500);
    let kept_first = kept(&server);
    assert_eq!(kept_first.len(), accepted);
    server.kill();

    let server = serve(&data, &database);
    assert_eq!(report(&server, &file), first, "the same answers again");
    assert_eq!(kept(&server), kept_first);
    let counted = server.run(&["-o", "ndjson", "register", "completeness", "--from", "2026-01"]);
    assert!(!lines(&counted).is_empty());

    // The database is killed and back while a reporter goes on; then all is sent again.
    let file = write(folder.path(), "more.ndjson", &more);
    let mut sender = Command::new(binary())
        .args([
            "--server",
            &server.url(),
            "-o",
            "ndjson",
            "register",
            "report",
            "--batch",
            "20",
            &file,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    private.kill().unwrap();
    private.begin().unwrap();
    let out = std::io::BufReader::new(sender.stdout.take().unwrap());
    let told: Vec<Value> = std::io::BufRead::lines(out)
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect();
    sender.wait().unwrap();
    let again = report(&server, &file);
    assert_eq!(again.len(), more.len());
    for outcome in told.iter().filter(|outcome| outcome["leaf"].is_string()) {
        let line = outcome["line"].as_u64().unwrap() as usize;
        assert_eq!(
            again[line - 1].2,
            outcome["leaf"],
            "line {line} was acknowledged and is another"
        );
    }
    println!(
        "{} of {} lines were told before the end of the database",
        told.len(),
        more.len()
    );
    let kept_last = kept(&server);
    let leaves: BTreeSet<_> = kept_last.values().cloned().collect();
    let acknowledged = first
        .iter()
        .chain(&again)
        .filter_map(|(_, _, leaf)| leaf.as_str());
    assert!(acknowledged.clone().all(|leaf| leaves.contains(leaf)));
    server.kill();

    private.kill().unwrap();
    // Without century and hyphen, as any writing of a number has them.
    let numbers: BTreeSet<Vec<u8>> = some
        .iter()
        .chain(&more)
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|record| {
            let number = record["person"]["number"].as_str()?.replace('-', "");
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            (digits && number.len() == 12).then(|| number.as_bytes()[2..].to_vec())
        })
        .collect();
    assert!(numbers.len() > 100, "{}", numbers.len());
    let mut files = 0;
    for_each_file(&private.socket().join("data"), &mut |path, bytes| {
        files += 1;
        for digits in bytes.split(|byte| !byte.is_ascii_digit()) {
            let known = digits.windows(10).any(|run| numbers.contains(run));
            assert!(!known, "{} holds a personal number", path.display());
        }
    });
    assert!(files > 100);
}

#[test]
fn a_folder_is_one_servers_and_not_anothers() {
    let Some(private) = private() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (data, database) = (folder.path().join("data"), private.url("postgres"));
    let server = serve(&data, &database);
    refused(&data, &database, "another process uses", 5);
    refused(&folder.path().join("other"), &database, "the vault", 5);
    let in_place = run(&["--data", data.to_str().unwrap(), "register", "export"]);
    let said = String::from_utf8_lossy(&in_place.stderr).into_owned();
    assert!(said.contains("is in PostgreSQL"), "{said}");
    let checked = server.run(&["-o", "json", "admin", "store", "check"]);
    assert_eq!(json(&checked), Value::Array(Vec::new()));
    let copied = server.run(&["admin", "backup", folder.path().join("copy").to_str().unwrap()]);
    let said = String::from_utf8_lossy(&copied.stderr).into_owned();
    assert!(
        !copied.status.success() && said.contains("admin store copy"),
        "{said}"
    );
    server.kill();

    // A killed server is back at once.
    serve(&data, &database).kill();
    let embedded = folder.path().join("embedded");
    Server::start(&embedded).kill();
    refused(&embedded, &database, "holds a store of its own", 2);
    let beyond = "postgres://vardnav:secret@192.0.2.1/postgres";
    refused(&folder.path().join("beyond"), beyond, "not encrypted", 2);
}
