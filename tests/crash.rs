//! The server is killed without warning while senders report, again and again, and the database that it keeps the register
//! in, where it does, or both. What was acknowledged is there once, unchanged, after every restart; `VARDNAV_CRASH_ROUNDS`
//! says how many rounds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rand::Rng as _;
use serde_json::Value;
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, binary, json, sample};

const SENDERS: u32 = 8;
/// Rounds on one ledger; then another is begun, for every round reads all of it.
const ROUNDS_OF_ONE: u32 = 20;

fn rounds() -> u32 {
    std::env::var("VARDNAV_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20)
}

/// The rounds, as many as are on one ledger at a time.
fn of_one_ledger() -> impl Iterator<Item = std::ops::Range<u32>> {
    let rounds = rounds();
    let begins = (0..rounds).step_by(ROUNDS_OF_ONE as usize);
    begins.map(move |begin| begin..rounds.min(begin + ROUNDS_OF_ONE))
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    for rounds in of_one_ledger() {
        kill_again_and_again(rounds, None);
    }
}

#[test]
fn what_was_acknowledged_survives_every_kill_of_server_and_database() {
    for rounds in of_one_ledger() {
        let Some(private) = Private::start(SERVED).unwrap() else {
            println!("skipped: this machine has no PostgreSQL");
            return;
        };
        kill_again_and_again(rounds, Some(private));
    }
}

/// Kills the server, which has its register in a database or in a folder. Of three rounds, one kills the database a while
/// before the server, one right before it, and one the server alone.
fn kill_again_and_again(rounds: std::ops::Range<u32>, mut database: Option<Private>) {
    let store = database.as_ref().map(|private| private.url("postgres"));
    let arguments: Vec<&str> = store.iter().flat_map(|url| ["--store", url]).collect();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // (reporter, kind, id, revision) → leaf
    let mut acknowledged: BTreeMap<(String, String, String, u64), String> = BTreeMap::new();
    let mut kept_before = 0;
    for round in rounds {
        let server = Server::start_with(&data, &arguments);
        let (sender, receiver) = mpsc::channel();
        let mut children = Vec::new();
        for lane in 0..SENDERS {
            let file = folder.path().join(format!("lines-{lane}.ndjson"));
            std::fs::write(
                &file,
                sample(1500, 1000 + round * SENDERS + lane).join("\n") + "\n",
            )
            .unwrap();
            let mut child = Command::new(binary())
                .args([
                    "--server",
                    &server.url(),
                    "-o",
                    "ndjson",
                    "register",
                    "report",
                    "--batch",
                    "100",
                ])
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let out = BufReader::new(child.stdout.take().unwrap());
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in out.lines().map_while(Result::ok) {
                    if let Ok(outcome) = serde_json::from_str::<Value>(&line) {
                        let _ = sender.send(outcome);
                    }
                }
            });
            children.push(child);
        }
        drop(sender);
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(5..400)));
        if let Some(private) = database.as_mut().filter(|_| round % 3 != 1) {
            private.kill().unwrap();
            private.begin().unwrap();
        }
        if database.is_some() && round % 3 == 0 {
            // The senders go on over the end of the database.
            std::thread::sleep(Duration::from_millis(200));
        }
        server.kill();
        for child in &mut children {
            child.wait().unwrap();
        }
        for outcome in receiver {
            if let Some(leaf) = outcome["leaf"].as_str() {
                let text = |name: &str| outcome[name].as_str().unwrap().to_owned();
                let key = (
                    text("reporter"),
                    text("kind"),
                    text("id"),
                    outcome["revision"].as_u64().unwrap(),
                );
                let former = acknowledged.insert(key.clone(), leaf.to_owned());
                assert!(
                    former.is_none_or(|former| former == leaf),
                    "{key:?} has two leaves"
                );
            }
        }
        let server = Server::start_with(&data, &arguments);
        let kept = check(&server, &acknowledged);
        assert!(kept >= kept_before, "the ledger shrank");
        kept_before = kept;
        println!(
            "round {round}: {} acknowledged, {kept} kept, 0 lost, 0 duplicated",
            acknowledged.len()
        );
        server.kill();
    }
    assert!(
        !acknowledged.is_empty(),
        "no round acknowledged anything: the kills come too early"
    );
}

/// Every acknowledged record is in the export exactly once, with its leaf. Gives how many are kept in all.
fn check(server: &Server, acknowledged: &BTreeMap<(String, String, String, u64), String>) -> usize {
    let entries = json(&server.run(&["-o", "json", "register", "export"]));
    let mut kept: BTreeMap<(String, String, String, u64), Vec<String>> = BTreeMap::new();
    for entry in entries.as_array().unwrap() {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let key = (
            text("reporter"),
            text("kind"),
            text("id"),
            entry["revision"].as_u64().unwrap(),
        );
        kept.entry(key).or_default().push(text("leaf"));
    }
    for (key, leaves) in &kept {
        assert_eq!(leaves.len(), 1, "{key:?} is kept {} times", leaves.len());
    }
    for (key, leaf) in acknowledged {
        assert_eq!(
            kept.get(key).map(|leaves| &leaves[0]),
            Some(leaf),
            "{key:?} was acknowledged and is lost"
        );
    }
    kept.len()
}
