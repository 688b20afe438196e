//! A node moves to a database and back, from outside: its store is copied while it serves, the rest after it has stopped,
//! and what was acknowledged is served there under the same leaves.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, json, lines, run, sample, write};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn copy(from: &str, to: &str) -> Output {
    run(&["-o", "json", "admin", "store", "copy", "--from", from, "--to", to])
}

/// What a command tells that ends with an exit code.
fn told(output: &Output, code: i32) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    json(output)
}

/// Leaves of what is kept, by reporter, kind, id and revision.
fn kept(server: &Server) -> BTreeMap<String, String> {
    let entries = json(&server.run(&["-o", "json", "register", "export"]));
    let leaf = |entry: &Value| {
        let key = ["reporter", "kind", "id", "revision"].map(|name| entry[name].to_string());
        (key.join(" "), entry["leaf"].to_string())
    };
    entries.as_array().unwrap().iter().map(leaf).collect()
}

/// The folder of a node gets what is in no store: the secret keys.
fn bring_the_keys(from: &Path, to: &Path) {
    for path in ["vault/key", "keys/head-key"] {
        let place = to.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(from.join(path), place).unwrap();
    }
}

#[test]
fn a_node_moves_to_a_database_and_back() {
    let Some(private) = Private::start(SERVED).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let [home, beside, back] = ["home", "beside", "back"].map(|name| folder.path().join(name));
    let database = private.url("postgres");

    let server = Server::start(&home);
    let first = write(folder.path(), "first.ndjson", &sample(500, 31));
    let second = write(folder.path(), "second.ndjson", &sample(1_500, 32));
    server.run(&["register", "report", "--batch", "100", &first]);
    let refused = copy(text(&home), &database);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(5), "{said}");
    assert!(said.contains("--from http"), "{said}");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| server.run(&["register", "report", "--batch", "50", &second]));
        for _ in 0..3 {
            let copied = copy(&server.url(), &database);
            let code = copied.status.code();
            let told = told(&copied, code.unwrap());
            let verdict = if code == Some(0) { "same" } else { "behind" };
            assert_eq!(told["verdict"], verdict, "{told}");
        }
        sending.join().unwrap();
    });
    let before = kept(&server);
    server.kill();
    let last = copy(text(&home), &database);
    assert!(String::from_utf8_lossy(&last.stderr).contains("the vault of both holds"));
    let last = told(&last, 0);
    assert_eq!(last["verdict"], "same", "{last}");
    assert!(last["rows"].as_u64().unwrap() > 0 && last["rows_reread"].as_u64().unwrap() > 500);
    let again = told(&copy(text(&home), &database), 0);
    assert_eq!(
        (&again["rows"], &again["blobs_new"]),
        (&Value::from(1), &Value::from(0))
    );

    let checked = run(&["-o", "json", "admin", "store", "check", "--store", &database]);
    assert_eq!(told(&checked, 0), Value::Array(Vec::new()));
    bring_the_keys(&home, &beside);
    let server = Server::start_with(&beside, &["--store", &database]);
    assert!(kept(&server) == before);
    let checked = server.run(&["-o", "json", "admin", "store", "check"]);
    assert_eq!(told(&checked, 0), Value::Array(Vec::new()));
    assert!(
        !lines(&server.run(&["-o", "ndjson", "register", "completeness", "--from", "2026-01"])).is_empty()
    );
    server.run(&["register", "report", "--batch", "100", &first]);
    assert!(
        kept(&server) == before,
        "the same persons are known under the same keys"
    );
    let third = write(folder.path(), "third.ndjson", &sample(200, 33));
    server.run(&["register", "report", &third]);
    let after = kept(&server);
    assert!(after.len() > before.len());
    // Who asks for completeness is told of all that was reported: what follows the streams has come that far.
    assert!(
        !lines(&server.run(&["-o", "ndjson", "register", "completeness", "--from", "2026-01"])).is_empty()
    );
    let refused = copy(text(&home), &database);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    assert!(said.contains("is served"), "{said}");
    server.kill();

    // The folder of before is no copy of the database any more, and the database takes nothing from it.
    let refused = loop {
        let refused = copy(text(&home), &database);
        if !String::from_utf8_lossy(&refused.stderr).contains("is served") {
            break refused;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    bring_the_keys(&beside, &back);
    let home_now = told(&copy(&database, text(&back)), 0);
    assert_eq!(home_now["verdict"], "same");
    let server = Server::start(&back);
    assert!(kept(&server) == after);
    assert!(
        !lines(&server.run(&["-o", "ndjson", "register", "completeness", "--from", "2026-01"])).is_empty()
    );
    // What projections took in is written out when a server stops; what a kill takes of it is followed again later.
    assert!(server.stop());

    // Both have served by now; what they derived from the same streams is the same.
    let compared = [
        "-o",
        "json",
        "admin",
        "store",
        "compare",
        "--from",
        &database,
        "--to",
        text(&back),
    ];
    let compared = told(&run(&compared), 1);
    assert_eq!(compared["verdict"], "ahead", "{compared}");
    let projections = compared["projections"].as_array().unwrap();
    let other: Vec<_> = projections.iter().filter(|of| of["verdict"] == "other").collect();
    assert_eq!(other, Vec::<&Value>::new());
    let same = |name: &str| {
        projections
            .iter()
            .any(|of| of["projection"] == name && of["verdict"] == "same")
    };
    assert!(same("quality.2"), "{projections:?}");
}
