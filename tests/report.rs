//! Reporting as its users meet it: one outcome per line in order, hostile lines, receipts that prove themselves,
//! damage that is mended and damage that is not served.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use vardnav_tests::{Server, for_each_file, lines, run, sample, stdout, write};

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
    let checked = lines(&server.run_with(
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

    let output = server.run_with(&["-o", "ndjson", "register", "report", "-"], &input);
    let text = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains(&number), "a personal number in the answers");
    let outcomes: Vec<String> = lines(&output)
        .iter()
        .map(|outcome| outcome["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, expected, "{text}");
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
