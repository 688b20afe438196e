//! The command as its users meet it: the demonstration, bad lines, receipts that prove themselves, a release's way
//! from draft to publication, and no personal number where none may be.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use vardnav_tests::{Server, json, lines, root, run, run_with, sample, stdout};

fn write(folder: &Path, name: &str, lines: &[String]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn the_demonstration_adds_up() {
    let output = run(&[
        "-o",
        "json",
        "demo",
        "--no-serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let demo = json(&output);
    let count = |name: &str| demo[name].as_u64().unwrap();
    assert_eq!(demo["release"], "2026.1");
    assert_eq!(count("reported"), 3000);
    assert_eq!(
        count("reported"),
        count("accepted") + count("held") + count("rejected")
    );
    assert!(count("rejected") > 0, "the sample holds bad records");
    assert!(
        count("held") * 50 <= count("accepted") + count("held"),
        "at most 2 % of the good records are held"
    );
    assert!(!demo["reporters"].as_array().unwrap().is_empty());
    assert_eq!(demo["receipt_verified"], true);
    assert!(!demo["findings"].as_array().unwrap().is_empty());
    let groups: BTreeSet<&str> = demo["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["group"].as_str().unwrap())
        .collect();
    for group in [
        "mobile-care",
        "hospital-care-at-home",
        "home-health-care-children",
        "primary-care-bed",
    ] {
        assert!(groups.contains(group), "no {group} among {groups:?}");
    }
    assert!(!demo["figure"].is_null());
}

#[test]
fn the_sample_is_the_same_for_the_same_seed_and_has_many_persons() {
    let once = sample(3000, 11);
    assert_eq!(once.len(), 3000);
    assert_eq!(once, sample(3000, 11));
    assert_ne!(once, sample(3000, 12));
    let records: Vec<Value> = once
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let persons: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["person"]["number"].as_str())
        .collect();
    assert!(persons.len() > 1000, "{} persons", persons.len());
    let outside_the_series = records
        .iter()
        .filter(|record| record["person"]["type"] != "reserve")
        .filter_map(|record| record["person"]["number"].as_str())
        .filter(|number| number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|number| !(980..=999).contains(&number[8..11].parse::<u32>().unwrap()))
        .count();
    assert_eq!(
        outside_the_series, 0,
        "numbers outside the series kept for test persons"
    );
}

#[test]
fn every_line_gets_its_outcome_in_order_and_again_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let sample = sample(1500, 3);
    let file = write(folder.path(), "lines.ndjson", &sample);
    let report = |receipts: &str| {
        let receipts = folder.path().join(receipts);
        server.run(&[
            "-o",
            "ndjson",
            "register",
            "report",
            &file,
            "--receipts",
            receipts.to_str().unwrap(),
        ])
    };
    let first = lines(&report("first"));
    assert_eq!(first.len(), sample.len());
    for (index, outcome) in first.iter().enumerate() {
        assert_eq!(outcome["line"], json!(index + 1));
        match outcome["outcome"].as_str().unwrap() {
            "accepted" | "held" => assert_eq!(outcome["leaf"].as_str().unwrap().len(), 64),
            "rejected" => {
                assert!(outcome["leaf"].is_null());
                assert!(
                    !outcome["findings"].as_array().unwrap().is_empty(),
                    "rejected without a finding: {outcome}"
                );
            }
            other => panic!("{other}"),
        }
    }
    let kinds: BTreeSet<&str> = first
        .iter()
        .flat_map(|outcome| outcome["findings"].as_array().unwrap())
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(
        kinds.len() >= 30,
        "only {} kinds of finding: {kinds:?}",
        kinds.len()
    );

    let second = lines(&report("second"));
    let leaf = |outcome: &Value| {
        (
            outcome["line"].clone(),
            outcome["outcome"].clone(),
            outcome["leaf"].clone(),
        )
    };
    assert_eq!(
        first.iter().map(leaf).collect::<Vec<_>>(),
        second.iter().map(leaf).collect::<Vec<_>>()
    );
}

#[test]
fn batching_never_changes_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines_of = sample(400, 21);
    lines_of.extend(tangled(&lines_of));
    let file = write(folder.path(), "lines.ndjson", &lines_of);
    let told = |batch: &str| {
        let data = folder.path().join(format!("data-{batch}"));
        let server = Server::start(&data);
        let answer = server.run(&["-o", "ndjson", "register", "report", &file, "--batch", batch]);
        let told = |outcome: &Value| {
            let codes: Vec<&Value> = outcome["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| &finding["code"])
                .collect();
            format!("{} {} {:?}", outcome["line"], outcome["outcome"], codes)
        };
        lines(&answer).iter().map(told).collect::<Vec<_>>()
    };
    let one_by_one = told("1");
    assert_eq!(one_by_one.len(), lines_of.len());
    assert_eq!(one_by_one, told("7"));
    assert_eq!(one_by_one, told("5000"));
    assert!(
        one_by_one.iter().any(|line| line.contains("VN-REG-038")),
        "nobody named another person's episode"
    );
}

/// Lines that depend on each other: a contact of one person on the episode of another, a revision of that episode
/// after it, the same record in another writing of its number, three revisions in a row, and one sent twice.
fn tangled(sample: &[String]) -> Vec<String> {
    let records: Vec<Value> = sample
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let episode = records
        .iter()
        .find(|record| record["kind"] == "episode" && record["person"]["type"] == "personnummer")
        .unwrap();
    let contact = |number: Option<&str>, id: &str| {
        let mut record = records
            .iter()
            .find(|record| {
                record["kind"] == "contact"
                    && record["reporter"] == episode["reporter"]
                    && record["episode"].is_null()
            })
            .or_else(|| {
                records
                    .iter()
                    .find(|record| record["kind"] == "contact" && record["episode"].is_null())
            })
            .unwrap()
            .clone();
        record["reporter"] = episode["reporter"].clone();
        record["unit"] = episode["unit"].clone();
        record["id"] = json!(id);
        record["date"] = episode["start"].clone();
        record["requested"] = Value::Null;
        record["person"] = episode["person"].clone();
        if let Some(number) = number {
            record["person"]["number"] = json!(number);
        }
        record
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        record
    };
    let other = records
        .iter()
        .filter(|record| record["person"]["type"] == "personnummer")
        .filter_map(|record| record["person"]["number"].as_str())
        .find(|number| Some(*number) != episode["person"]["number"].as_str() && number.len() == 12)
        .unwrap();
    let mut strange = contact(Some(other), "tangled-strange");
    strange["episode"] = episode["id"].clone();
    let mut own = contact(None, "tangled-own");
    own["episode"] = episode["id"].clone();
    let mut second = episode.clone();
    second["revision"] = json!(2);
    second["decided_by"] = Value::Null;
    second
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let mut dashed = own.clone();
    let number = own["person"]["number"].as_str().unwrap();
    dashed["person"]["number"] = json!(format!("{}-{}", &number[..8], &number[8..]));
    let chain = [1, 2, 3].map(|revision| {
        let mut record = contact(None, "tangled-chain");
        record["revision"] = json!(revision);
        record["first_contact"] = json!(revision % 2 == 0);
        record
    });
    let mut gap = contact(None, "tangled-chain");
    gap["revision"] = json!(5);
    [
        &strange, &second, &own, &dashed, &own, &chain[0], &chain[1], &chain[2], &chain[1], &gap, &strange,
    ]
    .map(Value::to_string)
    .to_vec()
}

#[test]
fn hostile_lines_get_findings_and_harm_nothing_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let good: Vec<Value> = sample(2000, 5)
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|record| record["kind"] == "contact" && record["episode"].is_null())
        .collect();
    let dry: String = good.iter().map(|record| format!("{record}\n")).collect();
    let checked = lines(&server_stdin(
        &server,
        &["-o", "ndjson", "register", "report", "-", "--dry-run"],
        dry.as_bytes(),
    ));
    let good: Vec<&Value> = good
        .iter()
        .zip(&checked)
        .filter(|(_, outcome)| outcome["outcome"] == "accepted")
        .map(|(record, _)| record)
        .collect();
    let change = |index: usize, edit: &dyn Fn(&mut Value)| {
        let mut record = good[index].clone();
        edit(&mut record);
        record.to_string().into_bytes()
    };
    let number = good[0]["person"]["number"].as_str().unwrap().to_owned();

    let mut input: Vec<u8> = Vec::new();
    let mut expected = Vec::new();
    let mut push = |line: Vec<u8>, outcome: &'static str| {
        input.extend(&line);
        input.push(b'\n');
        expected.push(outcome);
    };
    push(good[0].to_string().into_bytes(), "accepted");
    push(b"{\"reporter\": \"\xff\xfe\"}".to_vec(), "rejected");
    push(good[1].to_string().into_bytes(), "accepted");
    push(good[2].to_string().as_bytes()[..60].to_vec(), "rejected");
    push(
        format!("{{\"id\": \"{}\"}}", "x".repeat(50 << 20)).into_bytes(),
        "rejected",
    );
    push(good[3].to_string().into_bytes(), "accepted");
    push(
        change(4, &|record| record["facts"]["colour"] = json!("red")),
        "rejected",
    );
    push(
        change(5, &|record| record["date"] = json!("1850-01-01")),
        "rejected",
    );
    push(
        change(6, &|record| record["reporter"] = json!("nobody-knows")),
        "rejected",
    );
    push(
        change(7, &|record| record["id"] = json!(format!("visit-{number}"))),
        "rejected",
    );
    push(
        change(8, &|record| record[number.as_str()] = json!(1)),
        "rejected",
    );
    push(
        change(9, &|record| {
            record["facts"] = json!({ number.as_str(): number.as_str() })
        }),
        "rejected",
    );
    push(
        change(10, &|record| record["residence"] = json!(number)),
        "rejected",
    );
    push(Vec::from("[".repeat(100_000)), "rejected");
    push(b"null".to_vec(), "rejected");
    push(good[11].to_string().into_bytes(), "accepted");

    let output = server_stdin(&server, &["-o", "ndjson", "register", "report", "-"], &input);
    let text = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains(&number), "a personal number in the answers");
    let outcomes: Vec<String> = lines(&output)
        .iter()
        .map(|outcome| outcome["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, expected, "{text}");
}

fn server_stdin(server: &Server, arguments: &[&str], input: &[u8]) -> std::process::Output {
    let url = server.url();
    let mut all = vec!["--server", url.as_str()];
    all.extend(arguments);
    run_with(&all, input)
}

#[test]
fn a_receipt_proves_its_lines_and_one_flipped_byte_anywhere_fails() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let file = write(folder.path(), "lines.ndjson", &sample(120, 9));
    let receipts = folder.path().join("receipts");
    let key = folder.path().join("register.key");
    server.run(&[
        "register",
        "report",
        &file,
        "--receipts",
        receipts.to_str().unwrap(),
    ]);
    assert!(
        server
            .run(&["register", "key", key.to_str().unwrap()])
            .status
            .success()
    );
    drop(server);

    let receipt = std::fs::read_dir(&receipts)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let prove = |receipt: &Path, input: &Path, key: &Path| {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        run(&[
            "register",
            "prove",
            &path(receipt),
            "--input",
            &path(input),
            "--key",
            &path(key),
        ])
        .status
        .success()
    };
    let input = Path::new(&file);
    assert!(prove(&receipt, input, &key));

    let spoilt = folder.path().join("spoilt");
    for (whole, which) in [(receipt.as_path(), 0), (input, 1), (key.as_path(), 2)] {
        let bytes = std::fs::read(whole).unwrap();
        let step = (bytes.len() / 40).max(1);
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(&spoilt, &flipped).unwrap();
            let proven = match which {
                0 => prove(&spoilt, input, &key),
                1 => prove(&receipt, &spoilt, &key),
                _ => prove(&receipt, input, &spoilt),
            };
            assert!(
                !proven,
                "byte {at} of {} flipped, and still proven",
                whole.display()
            );
        }
    }
}

#[test]
fn damaged_hashes_are_made_anew_and_nobody_notices() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = write(folder.path(), "lines.ndjson", &sample(300, 17));
    let server = Server::start(&data);
    let told = |server: &Server| {
        let leaf = |outcome: &Value| (outcome["line"].clone(), outcome["leaf"].clone());
        lines(&server.run(&["-o", "ndjson", "register", "report", &file]))
            .iter()
            .map(leaf)
            .collect::<Vec<_>>()
    };
    let first = told(&server);
    server.kill();
    let mut flipped = 0;
    for_each_file(&data.join("store").join("hashes"), &mut |path, content| {
        if !content.is_empty() && path.to_string_lossy().contains("reporter") {
            let mut bytes = content.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
            flipped += 1;
        }
    });
    assert!(flipped > 5, "{flipped} files of hashes were found");
    let server = Server::start(&data);
    assert_eq!(first, told(&server));
}

#[test]
fn no_personal_number_is_stored_outside_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let sample = sample(600, 13);
    let file = write(folder.path(), "lines.ndjson", &sample);
    let output = server.run(&["-o", "ndjson", "register", "report", &file]);
    let answers = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    drop(server);

    let mut numbers = BTreeSet::new();
    for record in sample
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let Some(number) = record["person"]["number"].as_str() else {
            continue;
        };
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if digits.len() == 12 {
            numbers.extend([
                format!("{}-{}", &digits[..8], &digits[8..]),
                digits[2..].to_owned(),
                digits,
            ]);
        }
    }
    assert!(numbers.len() > 300);
    for number in &numbers {
        assert!(!answers.contains(number), "a personal number in the answers");
    }
    let mut bytes = 0;
    for_each_file(&data, &mut |path, content| {
        bytes += content.len();
        let text = String::from_utf8_lossy(content);
        let digits: Vec<&str> = text
            .split(|c: char| !c.is_ascii_digit() && c != '-')
            .filter(|run| run.len() >= 10)
            .collect();
        for run in digits {
            for number in &numbers {
                assert!(
                    !run.contains(number.as_str()),
                    "a personal number in {}",
                    path.display()
                );
            }
        }
    });
    assert!(
        bytes > 100_000,
        "the data folder holds {bytes} bytes: nothing was looked at"
    );
}

#[test]
fn a_number_planted_in_any_field_is_not_stored() {
    const NUMBER: &str = "194208139909";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let unit: Value = lines(&server.run(&["-o", "ndjson", "unit", "list"]))[0].clone();
    let unit = json(&server.run(&["-o", "json", "unit", "show", unit["hsa_id"].as_str().unwrap()]));
    let mut planted: Vec<String> = Vec::new();
    for field in ["name", "kind", "provider", "kommun", "hours"] {
        let mut changed = unit.clone();
        changed["versions"][0][field] = json!(NUMBER);
        planted.push(changed.to_string());
    }
    for (field, value) in [
        ("reporters", json!([NUMBER])),
        ("facts", json!({"origin": NUMBER})),
        ("facts", json!({NUMBER: "hospital"})),
        ("beds", json!({NUMBER: 3})),
        ("principals", json!({"responsible": NUMBER})),
    ] {
        let mut changed = unit.clone();
        changed["versions"][0][field] = value;
        planted.push(changed.to_string());
    }
    let mut changed = unit;
    changed["hsa_id"] = json!(format!("SE2321000131-{NUMBER}"));
    planted.push(changed.to_string());
    for line in &planted {
        let put = server_stdin(&server, &["unit", "put", "-"], line.as_bytes());
        assert_eq!(put.status.code(), Some(1), "taken: {line}");
    }
    let starter = root().join("crates/interchange/starter/2026.1");
    let starter = starter.to_str().unwrap();
    for arguments in [
        vec!["register", "reporter", NUMBER],
        vec![
            "register",
            "reporter",
            "fine",
            "--name",
            NUMBER,
            "--organisation",
            "2321000131",
        ],
        vec!["register", "show", NUMBER, "episode-1"],
        vec!["register", "export", "--reporter", NUMBER],
        vec!["release", "draft", starter, "--id", NUMBER],
        vec!["--as", NUMBER, "release", "list"],
        vec!["--as", NUMBER, "unit", "list"],
    ] {
        assert!(!server.run(&arguments).status.success(), "taken: {arguments:?}");
    }
    drop(server);
    for_each_file(&data, &mut |path, content| {
        let text = String::from_utf8_lossy(content);
        assert!(
            !text.contains(NUMBER),
            "a planted number is in {}",
            path.display()
        );
    });
}

#[test]
fn a_caller_does_what_it_may_for_whom_it_may() {
    // SHA-256 of "open-sesame".
    const CALLERS: &str = r#"
        [[caller]]
        name = "stockholm-ehr"
        token_sha256 = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7"
        permissions = ["register.report", "register.read", "register.export", "units.read"]
        reporters = ["region-stockholm"]
    "#;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Server::start(&data).kill();
    let callers = folder.path().join("callers.toml");
    std::fs::write(&callers, CALLERS).unwrap();
    let server = Server::start_with(&data, &["--callers", callers.to_str().unwrap()]);
    let with = |arguments: &[&str]| {
        let all: Vec<&str> = ["--token", "open-sesame"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        server.run(&all)
    };
    assert_eq!(
        server.run(&["unit", "list"]).status.code(),
        Some(4),
        "without a token"
    );
    assert!(with(&["unit", "list"]).status.success());
    for refused in [
        vec!["register", "show", "region-skane", "episode-1"],
        vec!["register", "export", "--reporter", "region-skane"],
        vec!["register", "reporter"],
        vec!["release", "approve", "2026.1"],
        vec!["codesystem", "list"],
    ] {
        assert_eq!(with(&refused).status.code(), Some(4), "{refused:?}");
    }
    let file = write(folder.path(), "lines.ndjson", &sample(300, 23));
    let outcomes = lines(&with(&["-o", "ndjson", "register", "report", &file]));
    assert_eq!(
        outcomes.len(),
        300,
        "one outcome per line, also for those of others"
    );
    for outcome in &outcomes {
        let own = outcome["reporter"] == "region-stockholm";
        assert!(own || outcome["outcome"] == "rejected", "{outcome}");
    }
    assert!(outcomes.iter().any(|outcome| outcome["outcome"] == "accepted"));
}

fn for_each_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            for_each_file(&path, look);
        } else {
            look(&path, &std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn a_release_is_published_by_two_and_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let next = folder.path().join("next");
    copy(&root().join("crates/interchange/starter/2026.1"), &next);
    let head = next.join("release.toml");
    let text = std::fs::read_to_string(&head).unwrap();
    std::fs::write(
        &head,
        text.replacen("2026.1", "2026.2", 1)
            .replacen("2026-01-01", "2026-10-01", 1),
    )
    .unwrap();
    let next = next.to_string_lossy().into_owned();

    assert!(
        server
            .run(&["--as", "anna", "release", "draft", &next])
            .status
            .success()
    );
    assert_eq!(
        server
            .run(&["--as", "bo", "release", "approve", "2026.2"])
            .status
            .code(),
        Some(4),
        "not yet checked"
    );
    let check = server.run(&["--as", "anna", "release", "check", "2026.2"]);
    assert!(check.status.success(), "{}", stdout(&check));
    assert_eq!(
        server
            .run(&["--as", "anna", "release", "approve", "2026.2"])
            .status
            .code(),
        Some(4),
        "one's own"
    );
    assert_eq!(
        server
            .run(&["--as", "bo", "release", "publish", "2026.2"])
            .status
            .code(),
        Some(4),
        "not yet approved"
    );
    assert!(
        server
            .run(&["--as", "bo", "release", "approve", "2026.2"])
            .status
            .success()
    );
    assert!(
        server
            .run(&["--as", "bo", "release", "publish", "2026.2"])
            .status
            .success()
    );
    assert_eq!(
        server
            .run(&["--as", "anna", "release", "draft", &next, "--update"])
            .status
            .code(),
        Some(4)
    );

    let listed = json(&server.run(&["-o", "json", "release", "list"]));
    let status = |id: &str| {
        listed
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == id)
            .unwrap()["status"]
            .clone()
    };
    assert_eq!(
        (status("2026.1"), status("2026.2")),
        (json!("published"), json!("published"))
    );
    let line = |date: &str| {
        format!(
            "{{\"id\": \"a\", \"of\": \"contact\", \"date\": \"{date}\", \"facts\": {{\"contact-mode\": \"video\"}}}}\n"
        )
    };
    let input = line("2026-09-30") + &line("2026-10-01");
    let answers = lines(&server_stdin(&server, &["classify", "-"], input.as_bytes()));
    assert_eq!(
        answers
            .iter()
            .map(|answer| &answer["release"])
            .collect::<Vec<_>>(),
        ["2026.1", "2026.2"]
    );
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn classify_says_the_same_offline_and_online() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let input = concat!(
        r#"{"id": "a", "of": "contact", "date": "2026-09-01", "facts": {"contact-mode": "in-person", "place": "ordinary-housing", "enrolment": "none", "origin": "regional-primary-care", "profession": "physician", "performer": "licensed", "performing-principal": "region", "age-group": "80-plus"}}"#,
        "\n",
        r#"{"id": "b", "of": "segment", "date": "2026-09-01", "facts": {"place": "ordinary-housing", "enrolment": "inpatient"}}"#,
        "\n",
        r#"{"id": "c", "of": "monitoring-period", "date": "2026-09-01", "facts": {"monitoring": "remote-prescribed", "level": "specialised", "origin": "hospital"}}"#,
        "\n",
        r#"{"id": "d", "of": "contact", "date": "2026-09-01", "facts": {"plats": "hemma"}}"#,
        "\n",
        "not json\n",
        r#"{"id": "f", "of": "contact", "date": "1999-01-01", "facts": {"profession": ["nurse", "physician"], "contact-mode": "unknown"}}"#,
        "\n",
    );
    let online = server_stdin(&server, &["classify", "-"], input.as_bytes());
    let offline = run_with(&["classify", "-", "--offline"], input.as_bytes());
    assert_eq!(lines(&online), lines(&offline));
    let answers = lines(&offline);
    assert_eq!(answers.len(), 6);
    let held_by_a_row = r#"{"id": "g", "of": "segment", "date": "2026-09-01", "facts": {"place": "clinic", "bed": "home-place", "replaces-ward": "instead-of-admission", "enrolment": "care-period-without-bed", "origin": "hospital"}}"#;
    let input = format!("{input}{held_by_a_row}\n");
    let online = server_stdin(&server, &["classify", "-", "--explain"], input.as_bytes());
    let offline = run_with(&["classify", "-", "--explain", "--offline"], input.as_bytes());
    let explained = lines(&offline);
    assert_eq!(lines(&online), explained);
    let tables = |line: usize| &explained[line]["explanation"]["tables"];
    assert_eq!(tables(0)[0]["matched"][0]["rule"], "C35");
    assert_eq!(
        tables(0)[0]["others"][0]["ruled_out"][0]["wanted"],
        json!({"any_of": ["patient-or-relative", "assistant-or-social-service-staff"], "negated": false})
    );
    assert_eq!(tables(1)[0]["held"], true);
    assert!(!tables(1)[0]["possible"].as_array().unwrap().is_empty());
    assert!(tables(6)[0]["matched"][0]["reason"]["sv"].is_string());
    let text = &explained[0]["explanation"]["text"];
    assert!(!text["sv"].as_array().unwrap().is_empty() && !text["en"].as_array().unwrap().is_empty());

    let before = input.replace("2026-09-01", "2025-12-01");
    let arguments = ["classify", "-", "--explain", "--release", "2026.1", "--offline"];
    let offline = lines(&run_with(&arguments, before.as_bytes()));
    let online = lines(&server_stdin(&server, &arguments[..5], before.as_bytes()));
    assert_eq!(online, offline);
    let tables = offline[1]["explanation"]["tables"].as_array().unwrap();
    let duties = tables.iter().find(|table| table["table"] == "duties").unwrap();
    assert_eq!(duties["others"][0]["in_force_from"], "2026-01-01");
    assert_eq!(answers[0]["contact_type"], "home-visit");
    assert_eq!(answers[0]["care_level"], "primary");
    assert_eq!(answers[0]["groups"], json!(["mobile-care"]));
    assert_eq!(answers[0]["duties"], json!(["primary-care-register"]));
    assert_eq!(
        answers[0]["rules"],
        json!({"contact-type": "C35", "care-level": "L10"})
    );
    assert_eq!(
        answers[0]["undetermined"]["groups"]["palliative-care"],
        json!(["care-intent"])
    );
    assert_eq!(
        answers[0]["undetermined"]["groups"]["hospital-care-at-home"],
        json!(["episode-form"])
    );
    assert_eq!(answers[0]["release"], "2026.1");
    assert!(answers[1]["undetermined"]["episode-form"].is_object());
    assert_eq!(answers[2]["monitoring_form"], "remote-monitoring");
    for bad in [3, 4, 5] {
        assert!(
            !answers[bad]["findings"].as_array().unwrap().is_empty(),
            "{}",
            answers[bad]
        );
    }
}

#[test]
fn the_real_editions_import_and_answer() {
    let data = std::env::var_os("VARDNAV_DATA").map_or_else(|| root().join("../shared/data"), Into::into);
    if !data.join("icd-10-se-2021").is_dir() {
        println!("skipped: the official files are not at hand; VARDNAV_DATA names their folder");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    for part in ["icd-10-se-2021", "kva-2021"] {
        let path = data.join(part);
        let import = server.run(&["codesystem", "import", path.to_str().unwrap()]);
        assert!(
            import.status.success(),
            "{}",
            String::from_utf8_lossy(&import.stderr)
        );
    }
    let systems = json(&server.run(&["-o", "json", "codesystem", "list"]));
    let concepts = |url: &str| {
        systems
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["url"] == url)
            .unwrap()["concepts"]
            .clone()
    };
    assert_eq!(concepts("urn:oid:1.2.752.116.1.1.1.1.3"), 35_951);
    assert_eq!(concepts("https://vardnav.se/CodeSystem/kka"), 8_130);
    assert_eq!(concepts("https://vardnav.se/CodeSystem/kma"), 4_666);
    for typed in ["hjä", "hjärts", "hjärtsvikt", "hjartsvikt"] {
        let hits = json(&server.run(&["-o", "json", "term", "search", typed, "--system", "icd-10-se"]));
        let found = hits
            .as_array()
            .unwrap()
            .iter()
            .any(|hit| hit["display"].as_str().unwrap().to_lowercase().contains("hjärt"));
        assert!(found, "`{typed}` finds {hits}");
    }
    let outcome = json(&server.run(&[
        "-o",
        "json",
        "term",
        "subsumes",
        "I50",
        "I509",
        "--system",
        "icd-10-se",
    ]));
    assert_eq!(outcome["outcome"], "subsumes");
    // What was imported is there again after a restart.
    server.kill();
    let server = Server::start(folder.path());
    assert!(
        server
            .run(&["term", "lookup", "I509", "--system", "icd-10-se"])
            .status
            .success()
    );
}

#[test]
fn commands_work_in_place_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let term = run(&["-o", "json", "--data", data, "term", "search", "hemsjukvård"]);
    assert!(term.status.success(), "{}", String::from_utf8_lossy(&term.stderr));
    let hits = json(&term);
    assert!(
        hits.as_array()
            .unwrap()
            .iter()
            .any(|hit| hit["matched"].as_str().unwrap().contains("emsjukvård"))
    );
    let list = run(&["-o", "json", "--data", data, "release", "list"]);
    assert_eq!(json(&list)[0]["id"], "2026.1");
}

#[test]
fn exit_codes_are_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    assert_eq!(
        run(&["--data", data, "term", "lookup", "no-such-code"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        run(&["register", "sample", "--count", "many"]).status.code(),
        Some(2)
    );
    assert_eq!(
        run(&["--server", "http://127.0.0.1:9", "release", "list"])
            .status
            .code(),
        Some(3)
    );
    assert_eq!(
        run(&["--data", data, "release", "approve", "2026.1"])
            .status
            .code(),
        Some(4)
    );
}

#[test]
fn a_folder_that_lost_its_vault_or_key_is_not_served_until_it_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Server::start(&data).kill();
    for name in ["vault", "keys"] {
        let aside = folder.path().join("aside");
        std::fs::rename(data.join(name), &aside).unwrap();
        let output = run(&[
            "serve",
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--data",
            data.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(5));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains("restore") && message.contains(data.join(name).to_str().unwrap()),
            "{message}"
        );
        assert!(!data.join(name).exists(), "nothing is made in its place");
        std::fs::rename(&aside, data.join(name)).unwrap();
        Server::start(&data).kill();
    }
}
