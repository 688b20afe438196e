//! How records stand: withdrawn and back again, and as those tell who follow the streams.

use std::time::Duration;

use serde_json::{Value, json};
use vardnav_tests::{Server, json, lines, stdout};

use crate::calls::{contacts, deliver, delivery, file, open, show};

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
    // The receipt proves them offline, and without anything that was sent.
    let [receipt, key] =
        ["withdrawn.json", "key"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let mut arguments = vec!["register", "withdraw", &reporter, "d-0001", "d-0000"];
    arguments.extend([
        "--kind",
        "contact",
        "--reason",
        "wrong-person",
        "--receipt",
        &receipt,
    ]);
    assert!(server.run(&arguments).status.success());
    assert!(server.run(&["register", "key", &key]).status.success());
    let prove = || server.run(&["-o", "json", "register", "prove", &receipt, "--key", &key]);
    assert_eq!(json(&prove())["records"], 2);
    let text = std::fs::read_to_string(&receipt).unwrap();
    std::fs::write(&receipt, text.replacen("wrong-person", "wrong-unit", 1)).unwrap();
    assert_eq!(prove().status.code(), Some(1));
    let boredom = withdraw(&["d-0002"], "boredom");
    assert!(!boredom.status.success());
    assert!(
        String::from_utf8_lossy(&boredom.stderr).contains("reported-in-error"),
        "{boredom:?}"
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
