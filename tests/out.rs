//! What goes out of the register, as a reporter, an administrator and another system meet it: figures that move with each
//! report and correction and are the same when they are counted anew, changes that are told once, and files of a month.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vardnav_tests::{Server, lines, sample, write};

fn rows(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["-o", "ndjson", "register"];
    all.extend(arguments);
    let output = server.run(&all);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    lines(&output)
}

/// The month of care that a line begins in.
fn month(line: &Value) -> String {
    let date = line.get("date").or_else(|| line.get("start")).unwrap();
    date.as_str().unwrap()[..7].to_owned()
}

type RecordName = (String, String, String);

fn name(row: &Value) -> RecordName {
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    (text("reporter"), text("kind"), text("id"))
}

/// What stands of some lines, by their outcomes: of each record the revision accepted last, with what became of it.
fn standing(lines: &[String], outcomes: &[Value]) -> BTreeMap<RecordName, (Value, Value)> {
    let mut standing: BTreeMap<RecordName, (Value, Value)> = BTreeMap::new();
    for (line, outcome) in lines.iter().zip(outcomes) {
        if outcome["outcome"] == "rejected" {
            continue;
        }
        let line: Value = serde_json::from_str(line).unwrap();
        let former = standing
            .get(&name(outcome))
            .map(|(former, _)| former["revision"].as_u64());
        if former.is_none_or(|former| former < line["revision"].as_u64()) {
            standing.insert(name(outcome), (line, outcome.clone()));
        }
    }
    standing
}

/// Accepted, held and with findings, by reporter and month, counted one by one.
fn counted(standing: &BTreeMap<RecordName, (Value, Value)>) -> BTreeMap<(String, String), [u64; 3]> {
    let mut counts: BTreeMap<(String, String), [u64; 3]> = BTreeMap::new();
    for ((reporter, ..), (line, outcome)) in standing {
        let of = counts.entry((reporter.clone(), month(line))).or_default();
        of[usize::from(outcome["outcome"] == "held")] += 1;
        of[2] += u64::from(!outcome["findings"].as_array().unwrap().is_empty());
    }
    counts
}

fn told(rows: &[Value]) -> BTreeMap<(String, String), [u64; 3]> {
    let told = rows.iter().map(|row| {
        let counts = ["accepted", "held", "with_findings"].map(|field| row[field].as_u64().unwrap());
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        ((text("reporter"), text("period")), counts)
    });
    told.filter(|(_, counts)| *counts != [0; 3]).collect()
}

fn year(server: &Server) -> Vec<Value> {
    rows(
        server,
        &["completeness", "--from", "2026-01", "--until", "2027-01"],
    )
}

/// A record of the kind that is accepted or held and of a month, with its outcome.
fn one_of<'a>(
    standing: &'a BTreeMap<RecordName, (Value, Value)>,
    kind: &str,
    of_month: &str,
) -> (&'a Value, &'a Value) {
    let found = standing.iter().find(|((_, own, _), (line, outcome))| {
        own == kind
            && month(line) == of_month
            && outcome["findings"].as_array().unwrap().is_empty()
            && line["person"]["type"] == "personnummer"
            && line["episode"].is_null()
    });
    let (line, outcome) = found.map(|(_, both)| both).unwrap();
    (line, outcome)
}

#[test]
fn figures_move_with_each_record_and_are_the_same_counted_anew() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let lines = sample(900, 5);
    let file = write(folder.path(), "lines.ndjson", &lines);
    let mut stdin = vec!["-o", "ndjson", "register", "report"];
    stdin.push(&file);
    let outcomes = vardnav_tests::lines(&server.run(&stdin));
    let first = standing(&lines, &outcomes);
    let expected = counted(&first);
    assert_eq!(told(&year(&server)), expected, "as counted line by line");

    // A contact is corrected into another month; one that is wrong is rejected, twice.
    let (line, _) = one_of(&first, "contact", "2026-05");
    let reporter = line["reporter"].as_str().unwrap().to_owned();
    let mut corrected = line.clone();
    corrected["revision"] = json!(line["revision"].as_u64().unwrap() + 1);
    corrected["date"] = json!("2026-04-07");
    corrected.as_object_mut().unwrap().remove("requested");
    let mut wrong = line.clone();
    wrong["id"] = json!("wrong-1");
    wrong["revision"] = json!(1);
    wrong["date"] = json!("2020-01-01");
    let of = |rows: &[Value], month: &str| {
        let row = rows
            .iter()
            .find(|row| row["reporter"] == reporter.as_str() && row["period"] == month);
        row.unwrap_or_else(|| panic!("{month}")).clone()
    };
    let total = |row: &Value| row["accepted"].as_u64().unwrap() + row["held"].as_u64().unwrap();
    let before = year(&server);
    let file = write(
        folder.path(),
        "more.ndjson",
        &[corrected.to_string(), wrong.to_string()],
    );
    let mut rejected = 0;
    for _ in 0..2 {
        let report = vardnav_tests::lines(&server.run(&["-o", "ndjson", "register", "report", &file]));
        assert_ne!(report[0]["outcome"], "rejected", "{}", report[0]);
        assert_eq!(report[1]["outcome"], "rejected", "{}", report[1]);
        rejected += 1;
    }
    let after = year(&server);
    for (month, change) in [("2026-05", -1), ("2026-04", 1), ("2026-06", 0)] {
        let (old, new) = (total(&of(&before, month)), total(&of(&after, month)));
        assert_eq!(new as i64 - old as i64, change, "{month}");
    }
    assert_eq!(
        of(&after, "2026-06")["previous_month"].as_u64(),
        Some(total(&of(&after, "2026-05")))
    );
    let months: Vec<Value> = rows(
        &server,
        &[
            "completeness",
            &reporter,
            "--from",
            "2026-01",
            "--until",
            "2028-01",
        ],
    );
    let year_after = months.iter().find(|row| row["period"] == "2027-04").unwrap();
    assert_eq!(
        year_after["same_month_last_year"].as_u64(),
        Some(total(&of(&after, "2026-04")))
    );

    // Rejections are counted in the month of the answer, which is not one of care.
    let all = rows(
        &server,
        &[
            "completeness",
            &reporter,
            "--from",
            "2024-01",
            "--until",
            "2029-01",
        ],
    );
    let rejections = |rows: &[Value]| {
        rows.iter()
            .map(|row| row["rejected"].as_u64().unwrap())
            .sum::<u64>()
    };
    let sent: BTreeSet<usize> = (0..lines.len())
        .filter(|at| outcomes[*at]["outcome"] == "rejected" && outcomes[*at]["reporter"] == reporter.as_str())
        .collect();
    assert!(rejections(&all) >= rejected && rejections(&all) <= rejected + sent.len() as u64);
    let found = rows(
        &server,
        &["findings", &reporter, "--from", "2024-01", "--until", "2029-01"],
    );
    let early =
        vardnav_tests::lines(&server.run(&["-o", "ndjson", "register", "report", &file, "--dry-run"]));
    let code = early[1]["findings"][0]["code"].as_str().unwrap();
    let finding = found.iter().find(|row| row["code"] == code).unwrap();
    assert!(finding["rejected"].as_u64().unwrap() >= 2, "{finding}");
    assert!(!finding["remedy"].as_str().unwrap().is_empty(), "{finding}");
    assert_eq!(
        rejections(&all),
        rejections(&rows(
            &server,
            &[
                "completeness",
                &reporter,
                "--from",
                "2024-01",
                "--until",
                "2029-01"
            ],
        )),
        "a dry run counts nothing"
    );

    // Units that have the duty and deliver are registered ones; those missing are told.
    let may = of(&after, "2026-05");
    let (duty, delivered) = (
        may["units_with_duty"].as_u64().unwrap(),
        may["units_delivered"].as_u64().unwrap(),
    );
    let missing = may["units_missing"].as_array().unwrap().len() as u64;
    assert!(duty > 0 && delivered > 0, "{may}");
    assert_eq!(duty, delivered + missing);
    let units = rows(
        &server,
        &["completeness", &reporter, "--from", "2026-05", "--units"],
    );
    let sum: u64 = units.iter().map(&total).sum();
    assert_eq!(sum, total(&may), "units add up to the reporter");
    let kinds = rows(
        &server,
        &["completeness", &reporter, "--from", "2026-05", "--kinds"],
    );
    assert_eq!(
        kinds.iter().map(&total).sum::<u64>(),
        total(&may),
        "and so do kinds"
    );

    // Counted anew from the ledger, every row is the same.
    server.kill();
    std::fs::remove_dir_all(data.join("store").join("projections")).unwrap();
    let server = Server::start(&data);
    assert_eq!(year(&server), after);
    assert_eq!(
        rows(
            &server,
            &["findings", &reporter, "--from", "2024-01", "--until", "2029-01"],
        ),
        found
    );
}

#[test]
fn changes_are_told_once_in_order_and_go_on_from_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let lines = sample(700, 8);
    let file = write(folder.path(), "lines.ndjson", &lines);
    let outcomes = vardnav_tests::lines(&server.run(&["-o", "ndjson", "register", "report", &file]));
    let stands = standing(&lines, &outcomes);
    let leaves: BTreeSet<&str> = outcomes
        .iter()
        .filter_map(|outcome| outcome["leaf"].as_str())
        .collect();

    let split = |rows: Vec<Value>| -> (Vec<Value>, Vec<String>) {
        let tokens = rows
            .iter()
            .filter_map(|row| row["token"].as_str().map(str::to_owned))
            .collect();
        (
            rows.into_iter().filter(|row| row["token"].is_null()).collect(),
            tokens,
        )
    };
    let (all, tokens) = split(rows(&server, &["changes"]));
    let told: Vec<&str> = all.iter().map(|row| row["leaf"].as_str().unwrap()).collect();
    assert_eq!(told.len(), leaves.len(), "each entry once");
    assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), leaves);
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut current: BTreeMap<RecordName, u64> = BTreeMap::new();
    for row in &all {
        let position = row["position"].as_u64().unwrap();
        let before = last.insert(row["reporter"].as_str().unwrap().to_owned(), position);
        assert!(before.is_none_or(|before| before < position));
        assert_eq!(row["change"], "current");
        assert!(row["record"].get("person").is_none() && row["derived"].is_array());
        let replaced = current.insert(name(row), row["revision"].as_u64().unwrap());
        assert_eq!(replaced.unwrap_or_default(), row["replaces"].as_u64().unwrap());
    }
    assert_eq!(current.len(), stands.len());

    // From the token of any piece on, the rest is told.
    let (rest, _) = split(rows(&server, &["changes", "--from", &tokens[0]]));
    assert_eq!(rest.as_slice(), &all[all.len() - rest.len()..]);
    assert!(rest.len() < all.len());
    let end = tokens.last().unwrap();
    assert!(split(rows(&server, &["changes", "--from", end])).0.is_empty());

    // What is reported then is all that follows.
    let (line, _) = one_of(&stands, "contact", "2026-05");
    let mut corrected = line.clone();
    corrected["revision"] = json!(line["revision"].as_u64().unwrap() + 1);
    corrected["date"] = json!("2026-04-07");
    corrected.as_object_mut().unwrap().remove("requested");
    let file = write(folder.path(), "more.ndjson", &[corrected.to_string()]);
    rows_of_report(&server, &file);
    let (news, _) = split(rows(&server, &["changes", "--from", end, "--keys-only"]));
    assert_eq!(news.len(), 1);
    assert_eq!(name(&news[0]), name(line));
    assert_eq!(news[0]["replaces"], line["revision"]);
    assert_eq!(news[0]["date"], "2026-04-07");
    assert!(news[0]["record"].is_null());

    // A token of more than the register holds, or of nothing, is refused.
    let reporter = line["reporter"].as_str().unwrap();
    for wrong in [format!("c1,{reporter}=100000"), "c1,x".to_owned()] {
        let refused = server.run(&["-o", "ndjson", "register", "changes", "--from", &wrong]);
        assert!(!refused.status.success(), "{wrong}");
    }
}

fn rows_of_report(server: &Server, file: &str) {
    let outcomes = lines(&server.run(&["-o", "ndjson", "register", "report", file]));
    assert!(outcomes.iter().all(|outcome| outcome["outcome"] != "rejected"));
}

#[test]
fn the_files_of_a_month_hold_each_record_that_stands_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let lines_of = sample(700, 11);
    let file = write(folder.path(), "lines.ndjson", &lines_of);
    let outcomes = lines(&server.run(&["-o", "ndjson", "register", "report", &file]));
    let stands = standing(&lines_of, &outcomes);
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for ((_, kind, _), (line, _)) in &stands {
        *expected.entry(kind.clone()).or_default() += u64::from(month(line) == "2026-05");
    }
    let files = folder.path().join("files");
    let export = |month: &str| {
        server.run(&[
            "-o",
            "json",
            "register",
            "export",
            "--format",
            "parquet",
            "--month",
            month,
            files.to_str().unwrap(),
        ])
    };
    let manifest = vardnav_tests::json(&export("2026-05"));
    let rows_of: BTreeMap<String, u64> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|file| {
            let kind = file["name"].as_str()?.strip_suffix(".parquet")?.to_owned();
            Some((kind, file["rows"].as_u64()?))
        })
        .collect();
    for (kind, count) in &expected {
        assert_eq!(rows_of[kind], *count, "{kind}");
    }
    assert!(expected["contact"] > 20 && rows_of["parts"] >= expected["contact"]);
    let made = files.join("2026-05");
    let kept: Value = serde_json::from_slice(&std::fs::read(made.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(kept, manifest);
    for file in manifest["files"].as_array().unwrap() {
        let bytes = std::fs::read(made.join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"].as_u64(), Some(bytes.len() as u64), "{file}");
        if file["name"].as_str().unwrap().ends_with(".parquet") {
            assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{file}");
        }
    }
    // What follows is followed from where the files stand.
    let position = manifest["position"].as_str().unwrap();
    let news = rows(&server, &["changes", "--from", position]);
    assert!(news.iter().all(|row| row["token"].is_string()), "{news:?}");
    // Files of a month never change; a month without records has files without rows.
    assert_eq!(export("2026-05").status.code(), Some(2));
    let empty = vardnav_tests::json(&export("2031-01"));
    assert!(
        empty["files"]
            .as_array()
            .unwrap()
            .iter()
            .all(|file| file["rows"] == 0)
    );

    // Lines of a stream go on from a position.
    let reporter = stands.keys().next().unwrap().0.clone();
    let all = rows(&server, &["export", "--reporter", &reporter]);
    let rest = rows(&server, &["export", "--reporter", &reporter, "--from", "2"]);
    assert_eq!(rest.as_slice(), &all[2..]);
    for row in &all {
        assert!(!row["id"].as_str().unwrap().is_empty() && row["revision"].as_u64().unwrap() > 0);
        assert!(row["kind"].is_string() && row["reporter"] == reporter.as_str());
    }
}

/// What stands by the changes alone: each record as it became current last, unless it was withdrawn.
fn folded(server: &Server) -> BTreeMap<(String, String), [u64; 2]> {
    let mut standing: BTreeMap<RecordName, Value> = BTreeMap::new();
    for change in rows(server, &["changes"]) {
        match change["change"].as_str() {
            Some("current") => drop(standing.insert(name(&change), change)),
            Some(_) => drop(standing.remove(&name(&change))),
            None => {}
        }
    }
    let mut counts: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    for ((reporter, ..), change) in standing {
        let month = change["date"].as_str().unwrap()[..7].to_owned();
        counts.entry((reporter, month)).or_default()[usize::from(change["outcome"] == "held")] += 1;
    }
    counts
}

/// Accepted and held, as the figures tell.
fn stated(rows: &[Value]) -> BTreeMap<(String, String), [u64; 2]> {
    let told = told(rows).into_iter();
    told.map(|(of, [accepted, held, _])| (of, [accepted, held]))
        .collect()
}

#[test]
fn withdrawals_and_deliveries_move_the_figures_and_contacts_alike_are_told_until_one_is_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let sent = sample(500, 6);
    let file = write(folder.path(), "lines.ndjson", &sent);
    let outcomes = lines(&server.run(&["-o", "ndjson", "register", "report", &file]));
    let stands = standing(&sent, &outcomes);
    assert_eq!(stated(&year(&server)), folded(&server));

    // The same contact under another id: both are told, until one of them is withdrawn.
    // Of a reporter that has contacts of October too.
    let with_october: Vec<String> = stands
        .values()
        .map(|(line, _)| line)
        .filter(|line| line["kind"] == "contact" && line["episode"].is_null() && month(line) == "2026-10")
        .map(|line| line["reporter"].to_string())
        .collect();
    let of_those = stands.iter();
    let of_those = of_those.filter(|(_, (line, _))| with_october.contains(&line["reporter"].to_string()));
    let of_those = of_those
        .map(|(name, both)| (name.clone(), both.clone()))
        .collect();
    let (line, _) = one_of(&of_those, "contact", "2026-05");
    let (reporter, id) = (line["reporter"].as_str().unwrap(), line["id"].as_str().unwrap());
    let mut again = line.clone();
    again["id"] = json!("again-1");
    again["revision"] = json!(1);
    let file = write(folder.path(), "again.ndjson", &[again.to_string()]);
    rows(&server, &["report", &file]);
    let alike = || {
        let rows = rows(&server, &["alike", reporter, "--from", "2026-05"]);
        let told = rows
            .into_iter()
            .map(|row| (row["id"].clone(), row["others"].clone()));
        told.filter(|(own, _)| *own == id || *own == "again-1")
            .collect::<Vec<_>>()
    };
    let both = [(json!(id), json!(["again-1"])), (json!("again-1"), json!([id]))];
    assert_eq!(alike(), both);
    let found = rows(&server, &["completeness", reporter, "--from", "2026-05"]);
    assert!(
        found[0]["found"].as_str().unwrap().contains("VN-REG-054"),
        "{}",
        found[0]
    );
    assert_eq!(found[0]["deadline"], "2026-07-01", "{}", found[0]);
    let before = stated(&year(&server));
    let withdraw = [
        "withdraw",
        reporter,
        "again-1",
        "--kind",
        "contact",
        "--reason",
        "duplicate",
    ];
    rows(&server, &withdraw);
    assert_eq!(alike(), []);
    let records = |counts: &BTreeMap<(String, String), [u64; 2]>| {
        let counts = counts.get(&(reporter.to_owned(), "2026-05".to_owned()));
        counts.map_or(0, |[accepted, held]| accepted + held)
    };
    let after = stated(&year(&server));
    assert_eq!(records(&after) + 1, records(&before));
    assert_eq!(after, folded(&server));

    // A delivery stands for its period in full: what is not in it is gone.
    let october = stands.values().map(|(line, _)| line);
    let october = october.filter(|line| {
        line["reporter"] == reporter
            && line["kind"] == "contact"
            && line["episode"].is_null()
            && month(line) == "2026-10"
    });
    let mut october: Vec<Value> = october
        .take(2)
        .map(|line| {
            let mut line = line.clone();
            line.as_object_mut().unwrap().remove("revision");
            line
        })
        .collect();
    let mut again = october[0].clone();
    again["id"] = json!("again-2");
    october.push(again);
    let october: Vec<String> = october.iter().map(Value::to_string).collect();
    let file = write(folder.path(), "october.ndjson", &october);
    let deliver = ["deliver", &file, "--reporter", reporter, "--period", "2026-10"];
    let answer = server.run(&[&["register"], &deliver[..]].concat());
    let said = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{said}");
    assert!(said.contains("2026-10: VN-REG-054"), "{said}");
    let delivered = stated(&year(&server));
    let of_october = delivered.get(&(reporter.to_owned(), "2026-10".to_owned()));
    let [accepted, held] = of_october.copied().unwrap_or_default();
    assert_eq!(accepted + held, october.len() as u64);
    assert_eq!(delivered, folded(&server));

    server.kill();
    std::fs::remove_dir_all(data.join("store").join("projections")).unwrap();
    let server = Server::start(&data);
    assert_eq!(stated(&year(&server)), delivered);
}
