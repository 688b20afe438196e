//! Deliveries as a reporter meets them: records of periods in full, current together, sent again in any way, through
//! kills of the server; withdrawals, and how records stood at any position.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_tests::{Server, binary, json, lines, sample, stdout, write};

/// The first day of the month before this one: its deadlines lie ahead.
fn month() -> Date {
    jiff::Zoned::now()
        .date()
        .first_of_month()
        .checked_sub(1.month())
        .unwrap()
}

fn period() -> String {
    month().strftime("%Y-%m").to_string()
}

/// Contacts of one reporter in the period, without revisions; those with odd numbers wait for a fact.
fn contacts(count: usize) -> (String, Vec<Value>) {
    let found = sample(600, 5)
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|record| {
            record["kind"] == "contact"
                && record["episode"].is_null()
                && record["revision"] == 1
                && record["person"]["type"] == "personnummer"
                && record["date"]
                    .as_str()
                    .is_some_and(|date| date > "2026-02" && date < "2026-10")
        });
    let mut record = found.unwrap();
    for field in [
        "unit",
        "delegated",
        "reason",
        "diagnoses",
        "procedures",
        "requested",
        "first_contact",
        "revision",
    ] {
        record.as_object_mut().unwrap().remove(field);
    }
    record["professions"] = json!(["nurse"]);
    let contact = |at: usize| {
        let mut record = record.clone();
        record["id"] = json!(format!("d-{at:04}"));
        let day = month().checked_add((at as i64 % 28).days()).unwrap();
        record["date"] = json!(day.to_string());
        record["facts"] = json!({
            "contact-mode": "in-person",
            "origin": "specialised-unit",
            "level": "specialised",
            "enrolment": "none",
            "self-care-assessment": "no",
        });
        if at.is_multiple_of(2) {
            record["facts"]["place"] = json!("clinic");
        }
        record
    };
    let reporter = record["reporter"].as_str().unwrap().to_owned();
    (reporter, (0..count).map(contact).collect())
}

fn file(folder: &Path, name: &str, records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    write(folder, name, &lines)
}

fn deliver(server: &Server, reporter: &str, file: &str, further: &[&str]) -> std::process::Output {
    let period = period();
    let mut arguments = vec!["-o", "ndjson", "register", "deliver", file];
    arguments.extend(["--reporter", reporter, "--period", &period]);
    arguments.extend(further);
    server.run(&arguments)
}

fn deliveries(server: &Server, reporter: &str) -> Vec<Value> {
    let listed = server.run(&[
        "-o",
        "json",
        "register",
        "delivery",
        "list",
        "--reporter",
        reporter,
    ]);
    json(&listed).as_array().unwrap().clone()
}

fn delivery(server: &Server, reporter: &str, arguments: &[&str]) -> std::process::Output {
    let mut all = vec!["-o", "json", "register", "delivery"];
    all.extend(arguments);
    all.extend(["--reporter", reporter]);
    server.run(&all)
}

fn open(server: &Server, reporter: &str, further: &[&str]) -> Value {
    let period = period();
    let mut arguments = vec!["open", "--period", &period];
    arguments.extend(further);
    json(&delivery(server, reporter, &arguments))
}

fn counts(delivery: &Value) -> [u64; 4] {
    ["kept", "new", "changed", "gone"].map(|name| delivery[name].as_u64().unwrap())
}

fn show(server: &Server, reporter: &str, id: &str, further: &[&str]) -> Vec<Value> {
    let mut arguments = vec![
        "-o", "json", "register", "show", reporter, id, "--kind", "contact",
    ];
    arguments.extend(further);
    let shown = server.run(&arguments);
    if !shown.status.success() {
        return Vec::new();
    }
    json(&shown).as_array().unwrap().clone()
}

fn export(server: &Server, reporter: &str) -> Vec<Value> {
    let output = server.run(&["-o", "json", "register", "export", "--reporter", reporter]);
    json(&output).as_array().unwrap().clone()
}

fn leaves(outcomes: &[Value]) -> BTreeMap<String, String> {
    let leaf = |outcome: &Value| {
        let id = outcome["id"].as_str().unwrap().to_owned();
        (
            id,
            outcome["leaf"]
                .as_str()
                .unwrap_or_else(|| panic!("{outcome}"))
                .to_owned(),
        )
    };
    outcomes.iter().map(leaf).collect()
}

#[test]
fn a_delivery_states_its_periods_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (reporter, mut records) = contacts(12);

    // One reported on its own before counts for the period; the same content is kept.
    let mut own = records[0].clone();
    own["revision"] = json!(1);
    let single = file(folder.path(), "single.ndjson", &[own.clone()]);
    assert!(server.run(&["register", "report", &single]).status.success());

    let first = file(folder.path(), "first.ndjson", &records);
    let receipts = folder.path().join("receipts");
    let answer = deliver(
        &server,
        &reporter,
        &first,
        &["--receipts", receipts.to_str().unwrap()],
    );
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let outcomes = lines(&answer);
    assert_eq!(outcomes.len(), records.len());
    let kept: Vec<bool> = outcomes.iter().map(|outcome| outcome["kept"] == true).collect();
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1);
    assert!(kept[0]);
    let told = deliveries(&server, &reporter);
    assert_eq!(
        (told[0]["state"].as_str(), counts(&told[0])),
        (Some("current"), [1, 11, 0, 0])
    );

    // The receipt proves the file, though its lines have no revisions.
    let key = folder.path().join("key");
    assert!(
        server
            .run(&["register", "key", key.to_str().unwrap()])
            .status
            .success()
    );
    let receipt = std::fs::read_dir(&receipts)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let proven = server.run(&[
        "-o",
        "json",
        "register",
        "prove",
        receipt.to_str().unwrap(),
        "--input",
        &first,
        "--key",
        key.to_str().unwrap(),
    ]);
    assert_eq!(
        json(&proven)["records"],
        12,
        "{}",
        String::from_utf8_lossy(&proven.stderr)
    );

    // One changed, one gone, one new.
    let before = export(&server, &reporter).len();
    let (_, more) = contacts(13);
    records.push(more[12].clone());
    records[3]["professions"] = json!(["physician"]);
    records.remove(5);
    let second = file(folder.path(), "second.ndjson", &records);
    let refused = deliver(
        &server,
        &reporter,
        &second,
        &["--expect", "kept=12,new=0,changed=0,gone=0"],
    );
    assert_eq!(
        refused.status.code(),
        Some(4),
        "{}",
        String::from_utf8_lossy(&refused.stderr)
    );
    let open = &deliveries(&server, &reporter)[0];
    assert_eq!(
        (open["state"].as_str(), &open["replaces"]),
        (Some("open"), &json!([1]))
    );
    let answer = deliver(
        &server,
        &reporter,
        &second,
        &["--expect", "kept=10,new=1,changed=1,gone=1"],
    );
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let again = leaves(&lines(&answer));
    let formerly = leaves(&outcomes);
    for (id, leaf) in &again {
        let same = formerly.get(id) == Some(leaf);
        assert_eq!(same, !["d-0003", "d-0012"].contains(&id.as_str()), "{id}");
    }

    let gone = show(&server, &reporter, "d-0005", &[]);
    assert_eq!(
        (&gone[0]["standing"], &gone[0]["withdrawn"]),
        (&json!("current"), &json!("not-in-delivery"))
    );
    assert_eq!((&gone[1]["standing"], gone.len()), (&json!("replaced"), 2));
    let changed = show(&server, &reporter, "d-0003", &[]);
    assert_eq!(
        (&changed[0]["revision"], &changed[0]["delivery"]),
        (&json!(2), &json!(2))
    );
    // As it was known before the second delivery was closed, from the first one's closing on, and before that.
    let closed = changed[0]["current_from"].as_u64().unwrap();
    let then = show(&server, &reporter, "d-0003", &["--at", &closed.to_string()]);
    assert_eq!(
        (&then[0]["standing"], &then[1]["standing"]),
        (&json!("waiting"), &json!("current"))
    );
    let first_closed = told[0]["closed_position"].as_u64().unwrap();
    let then = show(&server, &reporter, "d-0003", &["--at", &first_closed.to_string()]);
    assert_eq!((then.len(), &then[0]["standing"]), (1, &json!("waiting")));
    assert_eq!(export(&server, &reporter).len(), before + 3);

    // An empty delivery is a statement: nothing happened.
    let empty = file(folder.path(), "empty.ndjson", &[]);
    assert!(deliver(&server, &reporter, &empty, &[]).status.success());
    assert_eq!(counts(&deliveries(&server, &reporter)[0]), [0, 0, 0, 12]);
    // And all of it again makes next revisions.
    assert!(deliver(&server, &reporter, &first, &[]).status.success());
    assert_eq!(counts(&deliveries(&server, &reporter)[0]), [0, 12, 0, 0]);
    assert_eq!(show(&server, &reporter, "d-0005", &[])[0]["revision"], 3);
    assert_eq!(show(&server, &reporter, "d-0003", &[])[0]["revision"], 4);
}

#[test]
fn what_waits_in_a_delivery_is_not_current_and_may_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (reporter, records) = contacts(6);
    let all = file(folder.path(), "all.ndjson", &records);
    let mut own = records.clone();
    own.iter_mut().for_each(|record| record["revision"] = json!(1));
    let single = file(folder.path(), "single.ndjson", &own[..2]);
    // A reporter is known from the first report of the sample's reporters on; this one reports record by record.
    assert!(server.run(&["register", "report", &single]).status.success());

    let opened = open(&server, &reporter, &[]);
    assert_eq!(opened["number"], 1);
    assert_eq!(
        open(&server, &reporter, &[])["number"],
        1,
        "the same again is the open one"
    );
    let other = delivery(&server, &reporter, &["open", "--period", "2026-01"]);
    assert_eq!(other.status.code(), Some(4));
    let mut changed = records.clone();
    changed[1]["professions"] = json!(["physician"]);
    let changed = file(folder.path(), "changed.ndjson", &changed);
    let sent = delivery(&server, &reporter, &["send", &changed, "--number", "1"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let shown = json(&delivery(&server, &reporter, &["show", "1"]));
    assert_eq!(counts(&shown), [1, 4, 1, 0]);
    assert_eq!(shown["inputs"][0]["last_line"], 6);
    assert_eq!(export(&server, &reporter).len(), 2);
    assert_eq!(show(&server, &reporter, "d-0004", &[])[0]["standing"], "waiting");

    // Record by record it is refused while it waits, and what was reported before is still known again.
    let mut next = own[1].clone();
    next["revision"] = json!(3);
    next["professions"] = json!(["midwife"]);
    let next = file(folder.path(), "next.ndjson", &[next]);
    let refused = lines(&server.run(&["-o", "ndjson", "register", "report", &next]));
    assert_eq!(refused[0]["findings"][0]["code"], "VN-DEL-002", "{refused:?}");
    assert!(server.run(&["register", "report", &single]).status.success());
    let withdrawn = [
        "-o", "json", "register", "withdraw", &reporter, "d-0001", "--kind", "contact",
    ];
    let withdrawn = server.run(&[&withdrawn[..], &["--reason", "other"]].concat());
    assert_eq!(json(&withdrawn)[0]["findings"][0]["code"], "VN-DEL-002");

    let given_up = delivery(&server, &reporter, &["close", "1", "--abandon"]);
    assert_eq!(json(&given_up)["state"], "abandoned");
    assert!(
        delivery(&server, &reporter, &["close", "1", "--abandon"])
            .status
            .success()
    );
    assert_eq!(
        delivery(&server, &reporter, &["close", "1"]).status.code(),
        Some(4)
    );
    assert_eq!(export(&server, &reporter).len(), 2);
    let shown = show(&server, &reporter, "d-0001", &[]);
    assert_eq!(
        (&shown[0]["standing"], &shown[1]["standing"]),
        (&json!("void"), &json!("current"))
    );
    // The number was used, so the next is the one after it.
    let taken = lines(&server.run(&["-o", "ndjson", "register", "report", &next]));
    assert!(taken[0]["leaf"].is_string(), "{taken:?}");
    let shown = show(&server, &reporter, "d-0001", &[]);
    let standings: Vec<&Value> = shown.iter().map(|revision| &revision["standing"]).collect();
    assert_eq!(standings, ["current", "void", "replaced"]);

    // A test is answered and never current, and does not use numbers up.
    let tested = deliver(&server, &reporter, &all, &["--test"]);
    assert!(
        tested.status.success(),
        "{}",
        String::from_utf8_lossy(&tested.stderr)
    );
    let told = &deliveries(&server, &reporter)[0];
    assert_eq!(
        (told["state"].as_str(), counts(told)),
        (Some("tested"), [1, 4, 1, 0])
    );
    assert!(show(&server, &reporter, "d-0004", &[])[0]["standing"] == "void");
    assert_eq!(export(&server, &reporter).len(), 3);

    // Outside of the periods, and after the deadlines, nothing is taken.
    let mut early = records[0].clone();
    early["id"] = json!("early");
    early["date"] = json!(month().checked_sub(1.day()).unwrap().to_string());
    let early = file(folder.path(), "early.ndjson", &[early]);
    let refused = deliver(&server, &reporter, &early, &[]);
    assert_eq!(lines(&refused)[0]["findings"][0]["code"], "VN-DEL-003");
    assert_eq!(refused.status.code(), Some(1));
    delivery(&server, &reporter, &["close", "3", "--abandon"]);
    let locked = delivery(&server, &reporter, &["open", "--period", "2020-01"]);
    assert_eq!(locked.status.code(), Some(4));
    let unknown = delivery(
        &server,
        &reporter,
        &["open", "--period", "2026-01", "--register", "other"],
    );
    assert_eq!(unknown.status.code(), Some(2));
}

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

#[test]
fn withdrawn_records_are_withdrawn_once_and_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (reporter, mut records) = contacts(3);
    records
        .iter_mut()
        .for_each(|record| record["revision"] = json!(1));
    let all = file(folder.path(), "all.ndjson", &records);
    assert!(server.run(&["register", "report", &all]).status.success());
    let withdraw = |ids: &[&str], reason: &str| {
        let mut arguments = vec!["-o", "json", "register", "withdraw", &reporter];
        arguments.extend(ids);
        arguments.extend(["--kind", "contact", "--reason", reason]);
        server.run(&arguments)
    };
    let first = json(&withdraw(&["d-0000", "d-0001"], "wrong-person"));
    assert_eq!(
        (&first[0]["outcome"], &first[0]["revision"]),
        (&json!("withdrawn"), &json!(2))
    );
    let again = json(&withdraw(&["d-0000", "d-0001"], "wrong-person"));
    assert_eq!(
        (&again[0]["leaf"], &again[0]["revision"]),
        (&first[0]["leaf"], &json!(2))
    );
    let unknown = withdraw(&["nobody"], "other");
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(json(&unknown)[0]["findings"][0]["code"], "VN-DEL-004");
    let shown = show(&server, &reporter, "d-0000", &[]);
    assert_eq!(
        (&shown[0]["withdrawn"], &shown[0]["record"]),
        (&json!("wrong-person"), &Value::Null)
    );
    assert_eq!(shown[1]["standing"], "replaced");

    // Sent again, the first revision is still known; a next one brings the record back.
    assert!(server.run(&["register", "report", &all]).status.success());
    records[0]["revision"] = json!(3);
    let back = file(folder.path(), "back.ndjson", &records[..1]);
    let back = lines(&server.run(&["-o", "ndjson", "register", "report", &back]));
    assert!(back[0]["leaf"].is_string(), "{back:?}");
    let shown = show(&server, &reporter, "d-0000", &[]);
    assert_eq!(
        (&shown[0]["revision"], &shown[0]["standing"]),
        (&json!(3), &json!("current"))
    );
}

/// What readers are told: the worklist, the counts, and what a derivation has.
fn told(server: &Server, name: &str) -> (Value, String, String, Value, Vec<Value>) {
    let query = |derivation: &str| {
        let query = [
            "-o",
            "csv",
            "indicator",
            "query",
            "--by",
            "region,sex",
            "--derivation",
            derivation,
        ];
        stdout(&server.run(&query))
    };
    let export = |derivation: &str| {
        let output = server.run(&["-o", "json", "register", "export", "--derivation", derivation]);
        let rows = json(&output);
        let row = |row: &Value| json!([row["position"], row["derived"]]);
        rows.as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    let status = ["-o", "json", "register", "reclassify", "status", name, "--wait"];
    let worklist = server.run(&["-o", "json", "register", "worklist"]);
    let changes = json(&server.run(&status))["changes"].clone();
    (
        json(&worklist),
        query("as-reported"),
        query(name),
        changes,
        export(name),
    )
}

fn settled(server: &Server, name: &str) -> (Value, String, String, Value, Vec<Value>) {
    let mut before = told(server, name);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(700));
        let now = told(server, name);
        if now == before {
            return now;
        }
        before = now;
    }
    panic!("{name} does not come to rest");
}

#[test]
fn those_who_follow_come_to_the_same_as_those_who_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    let (reporter, mut records) = contacts(40);
    let plan = |server: &Server, name: &str| {
        let plan = [
            "--as",
            "anna",
            "-o",
            "json",
            "register",
            "reclassify",
            "--release",
            "2026.1",
        ];
        let planned = server.run(
            &[
                &plan[..],
                &["--variant", "U1:outpatient", "--name", name, "--wait"],
            ]
            .concat(),
        );
        assert!(
            planned.status.success(),
            "{}",
            String::from_utf8_lossy(&planned.stderr)
        );
    };
    let first = file(folder.path(), "first.ndjson", &records[..30]);
    assert!(deliver(&server, &reporter, &first, &[]).status.success());
    plan(&server, "lived");
    // Changed, gone and new; some held before and not after, and the other way round; given up in between.
    for at in (0..20).step_by(3) {
        let facts = records[at]["facts"].as_object_mut().unwrap();
        if facts.remove("place").is_none() {
            facts.insert("place".to_owned(), json!("clinic"));
        }
    }
    let changed = file(folder.path(), "changed.ndjson", &records[4..]);
    open(&server, &reporter, &[]);
    assert!(
        delivery(&server, &reporter, &["send", &changed, "--number", "2"])
            .status
            .success()
    );
    settled(&server, "lived");
    assert!(
        delivery(&server, &reporter, &["close", "2", "--abandon"])
            .status
            .success()
    );
    open(&server, &reporter, &[]);
    assert!(
        delivery(&server, &reporter, &["send", &changed, "--number", "3"])
            .status
            .success()
    );
    server.kill();
    server = Server::start(&data);
    assert!(delivery(&server, &reporter, &["close", "3"]).status.success());
    server.kill();
    server = Server::start(&data);
    let withdrawn = [
        "register", "withdraw", &reporter, "d-0010", "d-0011", "--kind", "contact",
    ];
    assert!(
        server
            .run(&[&withdrawn[..], &["--reason", "duplicate"]].concat())
            .status
            .success()
    );
    let lived = settled(&server, "lived");
    // 40 records, 4 of them gone and 2 withdrawn; what is held waits once.
    assert!(lived.1.lines().count() > 1, "{}", lived.1);

    plan(&server, "anew");
    let anew = settled(&server, "anew");
    assert_eq!(lived.4, anew.4);
    assert_eq!(lived.3, anew.3);
    assert_eq!(lived.2, anew.2);

    // What is derived from the ledger is made anew from it.
    server.kill();
    for derived in ["index", "projections"] {
        std::fs::remove_dir_all(data.join("store").join(derived)).unwrap();
    }
    let server = Server::start(&data);
    let rebuilt = settled(&server, "lived");
    assert_eq!((lived.0, lived.1), (rebuilt.0, rebuilt.1));
    assert_eq!((lived.2, lived.3), (rebuilt.2, rebuilt.3));
}
