//! Records from tables as reporters send them: one outcome for each record with its line, findings with line and column,
//! receipts that prove themselves against the table, deliveries, nothing repeated of a person.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test"
)]

use serde_json::{Value, json};
use vardnav_tests::{Server, lines, plain_contact, run, stdout};

/// Rows of contacts as a table; the first is right.
fn contacts(separator: char) -> (Value, String) {
    let record = plain_contact(400, 5);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let facts = record["facts"].as_object().unwrap();
    let mut names: Vec<String> = [
        "kind",
        "id",
        "revision",
        "person.type",
        "person.number",
        "date",
        "professions",
    ]
    .map(str::to_owned)
    .to_vec();
    names.extend(facts.keys().map(|axis| format!("facts.{axis}")));
    let row = |id: &str, number: &str, date: &str| {
        let mut cells: Vec<String> = ["contact", id, "1", "personnummer", number, date, "nurse"]
            .map(str::to_owned)
            .to_vec();
        cells.extend(facts.values().map(|value| match value {
            Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("|"),
            value => text(value),
        }));
        cells
    };
    let (number, date) = (text(&record["person"]["number"]), text(&record["date"]));
    let rows = [
        names.clone(),
        row("t-1", &number, &date),
        row("t-2", &number, "20260230"),
        vec!["contact".to_owned(), "t-3".to_owned()],
        row("t-4", "19821105-9955", &date),
        row(&number, &number, &date),
        row("t-5", &number, &date),
    ];
    let separator = separator.to_string();
    let rows = rows.map(|row| row.join(&separator));
    (record, rows.join("\r\n") + "\r\n")
}

#[test]
fn a_table_of_contacts_is_reported_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (record, table) = contacts(';');
    let number = record["person"]["number"].as_str().unwrap();
    let reporter = record["reporter"].as_str().unwrap();
    let file = folder.path().join("contacts.csv");
    std::fs::write(&file, &table).unwrap();
    let file = file.to_str().unwrap();
    let receipts = folder.path().join("receipts");
    let report = |more: &[&str]| {
        let mut arguments = vec!["-o", "ndjson", "register", "report", file, "--reporter", reporter];
        arguments.extend(more);
        server.run(&arguments)
    };
    let tried = lines(&report(&["--dry-run"]));
    let told = report(&["--receipts", receipts.to_str().unwrap()]);
    assert!(!stdout(&told).contains(number) && !stdout(&told).contains("9955"));
    let outcomes = lines(&told);
    let short = |outcome: &Value| json!([outcome["line"], outcome["id"], outcome["outcome"] != "rejected"]);
    let told: Vec<Value> = outcomes.iter().map(short).collect();
    let wanted = [
        json!([2, "t-1", true]),
        json!([3, "t-2", false]),
        json!([4, null, false]),
        json!([5, "t-4", false]),
        json!([6, null, false]),
        json!([7, "t-5", true]),
    ];
    assert_eq!(told, wanted);
    assert_eq!(tried.iter().map(short).collect::<Vec<_>>(), wanted);
    let place = |outcome: &Value| {
        let finding = &outcome["findings"][0];
        json!([finding["line"], finding["column"], finding["path"]])
    };
    assert_eq!(place(&outcomes[1]), json!([3, "date", "date"]));
    assert_eq!(place(&outcomes[2]), json!([4, null, ""]));
    // Found by the register, after the record left its table.
    assert_eq!(place(&outcomes[3]), json!([5, "person.number", "person.number"]));

    let key = folder.path().join("register.key");
    let key = key.to_str().unwrap();
    assert!(server.run(&["register", "key", key]).status.success());
    let receipt = std::fs::read_dir(&receipts)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let receipt = receipt.to_str().unwrap();
    let prove = || {
        run(&[
            "-o", "json", "register", "prove", receipt, "--input", file, "--key", key,
        ])
    };
    let proven = prove();
    assert!(proven.status.success());
    assert_eq!(vardnav_tests::json(&proven)["records"], 2);
    std::fs::write(file, table.replace("t-1", "t-9")).unwrap();
    assert!(!prove().status.success());
}

#[test]
fn a_table_is_delivered_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (record, table) = contacts('\t');
    let right: Vec<&str> = table.lines().filter(|line| !line.contains("9955")).collect();
    let right = [right[0], right[1], right[right.len() - 1]].join("\n");
    let file = folder.path().join("contacts.tsv");
    std::fs::write(&file, right).unwrap();
    let month = &record["date"].as_str().unwrap()[..7];
    let deliver = || {
        let file = file.to_str().unwrap();
        let reporter = record["reporter"].as_str().unwrap();
        let answer = server.run(&[
            "register",
            "deliver",
            file,
            "--reporter",
            reporter,
            "--period",
            month,
        ]);
        let told = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(answer.status.success(), "{told}");
        told
    };
    assert!(deliver().contains("0 kept, 2 new"));
    assert!(deliver().contains("2 kept, 0 new"));
}
