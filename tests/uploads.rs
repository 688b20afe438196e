//! Data that are no records, from outside: a file is put, put again, put otherwise, withdrawn; a bad one is answered by row
//! and column; copies and other servers have what was put, and nobody sees rows without the permission.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "uploads/published.rs"]
mod published;

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, json, run, stdout};

/// Until when what is decided at one server is in force at the others, and some.
const SEEN_MAX: Duration = Duration::from_secs(10);

const POPULATION: &str = "date,area,sex,age,count
2025-12-31,0980,female,0-64,22000
2025-12-31,0980,female,65+,8500
2025-12-31,0980,male,0-64,23000
2025-12-31,0980,male,65+,7900
";

const SURVEY: &str = "indicator,variant,period,place,value,low,high,denominator,mark
core-01,survey,2024-10-15,00,61.5,60.2,62.8,5400,
core-01,survey,2025-10-15,00,62,60.9,63.1,5600,preliminary
";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// Puts a file, a population as made up; gives what is told of it and the exit code.
fn put(server: &Server, kind: &str, file: &str, further: &[&str]) -> (Value, Option<i32>) {
    let arguments = ["-o", "json", "indicator", "upload", file, "--kind", kind];
    let source = match kind {
        "population" => ["--source", "synthetic: test"],
        _ => ["--source", "test"],
    };
    let output = server.run(&[&arguments, &source[..], further].concat());
    (json(&output), output.status.code())
}

/// Kind, id, revision and whether withdrawn, of each upload.
fn listed(server: &Server) -> Vec<Value> {
    let uploads = json(&server.run(&["-o", "json", "indicator", "uploads"]));
    let row = |upload: &Value| {
        json!([
            upload["kind"],
            upload["id"],
            upload["revision"],
            upload["withdrawn"]
        ])
    };
    uploads.as_array().unwrap().iter().map(row).collect()
}

fn rows(server: &Server, kind: &str, id: &str) -> String {
    let output = server.run(&["indicator", "upload", "show", kind, id, "--rows"]);
    assert!(output.status.success(), "{}", said(&output));
    stdout(&output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_file_is_put_put_again_put_otherwise_and_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let file = write(folder.path(), "population.csv", POPULATION);

    let (checked, code) = put(&server, "population", &file, &["--dry-run"]);
    assert_eq!((&checked["changed"], code), (&json!(true), Some(0)), "{checked}");
    assert_eq!(listed(&server), Vec::<Value>::new(), "only checked");

    let (first, _) = put(&server, "population", &file, &[]);
    let upload = &first["upload"];
    assert_eq!(
        (&upload["id"], &upload["revision"]),
        (&json!("2025-12-31"), &json!(1)),
        "{first}"
    );
    assert_eq!((&upload["rows"], &upload["made_up"]), (&json!(4), &json!(true)));
    // The same rows in another order are the same.
    let mut turned: Vec<&str> = POPULATION.lines().collect();
    turned[1..].reverse();
    let turned = write(folder.path(), "turned.csv", &turned.join("\r\n"));
    let (again, code) = put(&server, "population", &turned, &[]);
    assert_eq!((&again["changed"], code), (&json!(false), Some(0)), "{again}");
    assert_eq!(again["upload"]["digest"], upload["digest"]);

    let other = write(folder.path(), "other.csv", &POPULATION.replace("8500", "8501"));
    let (second, _) = put(&server, "population", &other, &[]);
    assert_eq!(
        (&second["changed"], &second["upload"]["revision"]),
        (&json!(true), &json!(2))
    );
    assert!(rows(&server, "population", "2025-12-31").contains("2025-12-31,0980,female,65+,8501\n"));
    let first_rows = server.run(&[
        "indicator",
        "upload",
        "show",
        "population",
        "2025-12-31",
        "--rows",
        "--revision",
        "1",
    ]);
    assert_eq!(stdout(&first_rows), POPULATION);

    let withdraw = |reason: &str| {
        let arguments = [
            "-o",
            "json",
            "indicator",
            "upload",
            "withdraw",
            "population",
            "2025-12-31",
            "--reason",
            reason,
        ];
        server.run(&arguments)
    };
    assert_eq!(withdraw("").status.code(), Some(2));
    assert_eq!(json(&withdraw("counted twice"))["withdrawn"], true);
    assert_eq!(json(&withdraw("once more"))["reason"], "counted twice");
    assert_eq!(listed(&server), [json!(["population", "2025-12-31", 2, true])]);
    let survey = write(folder.path(), "survey.csv", SURVEY);
    let (survey, _) = put(&server, "series", &survey, &[]);
    assert_eq!(survey["upload"]["date"], "2025-10-15");
    let asked = |year: &str| {
        let asked = json(&server.run(&["-o", "json", "indicator", "query", "core-01", "--year", year]));
        let told = ["value", "low", "high", "marks"].map(|name| asked[0][name].clone());
        json!([asked.as_array().unwrap().len(), told])
    };
    assert_eq!(asked("2025"), json!([1, [62.0, 60.9, 63.1, ["preliminary"]]]));
    assert_eq!(asked("2024"), json!([1, [61.5, 60.2, 62.8, []]]));
    assert_eq!(asked("2023"), json!([1, [null, null, null, ["missing"]]]));

    // It is all there after a kill, and what is withdrawn may be put again.
    let before = rows(&server, "series", "core-01/survey");
    server.kill();
    let server = Server::start(&data);
    assert_eq!(rows(&server, "series", "core-01/survey"), before);
    let (third, _) = put(&server, "population", &file, &[]);
    assert_eq!(third["upload"]["revision"], 3);
    let shown = [
        "-o",
        "json",
        "indicator",
        "upload",
        "show",
        "population",
        "2025-12-31",
    ];
    let history = json(&server.run(&shown));
    let of = |name: &str| -> Vec<Value> {
        let revisions = history.as_array().unwrap().iter();
        revisions.map(|revision| revision[name].clone()).collect()
    };
    assert_eq!(of("revision"), [json!(1), json!(2), json!(3)]);
    assert_eq!(of("withdrawn"), [json!(false), json!(true), json!(false)]);
    assert_eq!(
        listed(&server),
        [
            json!(["population", "2025-12-31", 3, false]),
            json!(["series", "core-01/survey", 1, false])
        ]
    );
}

#[test]
fn a_bad_file_is_answered_by_row_and_column_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let bad = SURVEY
        .replace("62,60.9", "62,62.9")
        .replace(",00,61.5", ",0990,61.5");
    let bad = format!("{bad}core-01,survey,2025-10-15,01,\"61,5\",,,,\n");
    let file = write(folder.path(), "survey.csv", &bad);
    let (told, code) = put(&server, "series", &file, &[]);
    assert_eq!((code, &told["upload"]), (Some(1), &Value::Null), "{told}");
    let findings = told["findings"].as_array().unwrap().iter();
    let places: Vec<Value> = findings
        .map(|finding| json!([finding["line"], finding["column"], finding["code"]]))
        .collect();
    assert_eq!(
        places,
        [
            json!([2, "place", "VN-UPL-005"]),
            json!([2, "place", "VN-UPL-022"]),
            json!([3, "low", "VN-UPL-025"]),
            json!([4, "value", "VN-UPL-007"]),
        ]
    );
    assert_eq!(listed(&server), Vec::<Value>::new());
    for place in &places {
        let page = run(&["-o", "json", "explain", place[2].as_str().unwrap()]);
        assert!(json(&page)["remedy"]["sv"].is_string(), "{place}");
    }
    // In words too, with the place as editors know it.
    let in_words = server.run(&[
        "indicator",
        "upload",
        &file,
        "--kind",
        "series",
        "--source",
        "test",
    ]);
    assert!(
        said(&in_words).contains("VN-UPL-025") && said(&in_words).contains("survey.csv:3 low:"),
        "{}",
        said(&in_words)
    );

    for (kind, source) in [("opinions", "test"), ("series", " ")] {
        let good = write(folder.path(), "good.csv", SURVEY);
        let refused = server.run(&["indicator", "upload", &good, "--kind", kind, "--source", source]);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    }
    assert_eq!(listed(&server), Vec::<Value>::new());
}

#[test]
fn rows_are_for_those_who_upload() {
    // SHA-256 of "open-sesame".
    const CALLERS: &str = r#"
        [[caller]]
        name = "reader"
        token_sha256 = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7"
        permissions = ["indicators.read", "release.read"]
    "#;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let file = write(folder.path(), "population.csv", POPULATION);
    put(&server, "population", &file, &[]);
    server.kill();
    let callers = write(folder.path(), "callers.toml", CALLERS);
    let server = Server::start_with(&data, &["--callers", &callers]);
    let with = |arguments: &[&str]| server.run(&[&["--token", "open-sesame"], arguments].concat());
    for allowed in [
        vec!["indicator", "uploads"],
        vec!["indicator", "publications"],
        vec!["indicator", "upload", "show", "population", "2025-12-31"],
    ] {
        assert!(with(&allowed).status.success(), "{allowed:?}");
    }
    for refused in [
        vec!["indicator", "publish", "--year", "2025", "--title", "x"],
        vec![
            "indicator",
            "upload",
            "show",
            "population",
            "2025-12-31",
            "--rows",
        ],
        vec![
            "indicator",
            "upload",
            "withdraw",
            "population",
            "2025-12-31",
            "--reason",
            "x",
        ],
        vec![
            "indicator",
            "upload",
            &file,
            "--kind",
            "population",
            "--source",
            "x",
        ],
    ] {
        assert_eq!(with(&refused).status.code(), Some(4), "{refused:?}");
    }
}

#[test]
fn copies_and_backups_have_what_was_put_and_a_copy_of_releases_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let server = Server::start(&folder.path().join("data"));
    let survey = write(folder.path(), "survey.csv", SURVEY);
    put(&server, "series", &survey, &[]);
    let kept = rows(&server, "series", "core-01/survey");

    let backup = server.run(&["admin", "backup", &path("backup")]);
    assert!(backup.status.success(), "{}", said(&backup));

    // A copy of releases holds no uploads and says where to ask.
    let copy = Server::start_with(&folder.path().join("synced"), &["--sync", &server.url()]);
    let refused = copy.run(&["indicator", "uploads"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(said(&refused).contains(&server.url()), "{}", said(&refused));
    drop(copy);
    server.kill();

    let bring_the_keys = |to: &str| {
        for key in ["vault/key", "keys/head-key"] {
            let to = folder.path().join(to).join(key);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(folder.path().join("data").join(key), to).unwrap();
        }
    };
    let [home, beside] = ["data", "beside"].map(path);
    bring_the_keys("beside");
    let copied = run(&["admin", "store", "copy", "--from", &home, "--to", &beside]);
    assert!(copied.status.success(), "{}", said(&copied));
    let beside = Server::start(&folder.path().join("beside"));
    assert_eq!(rows(&beside, "series", "core-01/survey"), kept);
    drop(beside);
    let restored = run(&["--data", &path("restored"), "admin", "restore", &path("backup")]);
    assert!(restored.status.success(), "{}", said(&restored));
    bring_the_keys("restored");
    let restored = Server::start(&folder.path().join("restored"));
    assert_eq!(rows(&restored, "series", "core-01/survey"), kept);
    assert_eq!(listed(&restored), [json!(["series", "core-01/survey", 1, false])]);
}

#[test]
fn servers_that_share_a_database_share_what_was_put() {
    let Some(database) = Private::start(SERVED).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let url = database.url("postgres");
    let store = ["--store", url.as_str(), "--connections", "8"];
    let server = Server::start_with(&one, &store);
    let keys = ["--keys", one.to_str().unwrap()];
    let beside = Server::start_with(&other, &[&store[..], &keys].concat());
    let survey = write(folder.path(), "survey.csv", SURVEY);
    // The same file at both at once is one revision.
    std::thread::scope(|scope| {
        for server in [&server, &beside] {
            let survey = &survey;
            scope.spawn(move || put(server, "series", survey, &[]));
        }
    });
    let began = Instant::now();
    let expected = [json!(["series", "core-01/survey", 1, false])];
    while listed(&server) != expected || listed(&beside) != expected {
        assert!(
            began.elapsed() < SEEN_MAX,
            "{:?} {:?}",
            listed(&server),
            listed(&beside)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        rows(&server, "series", "core-01/survey"),
        rows(&beside, "series", "core-01/survey")
    );
}
