//! A delivery states its periods in full: what is the same is kept, what is not in it is withdrawn, and all of it becomes
//! current together, or never.

use jiff::ToSpan as _;
use serde_json::{Value, json};
use vardnav_tests::{Server, json, lines};

use crate::calls::{
    contacts, counts, deliver, deliveries, delivery, export, file, leaves, month, open, show,
};

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
    let unasked = deliver(&server, &reporter, &empty, &[]);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&unasked.stderr).contains("would withdraw 12 records"),
        "{unasked:?}"
    );
    assert_eq!(deliveries(&server, &reporter)[0]["state"], "open");
    let meant = deliver(&server, &reporter, &empty, &["--close-anyway"]);
    assert!(meant.status.success());
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
