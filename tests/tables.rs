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

#[test]
fn a_latin_1_file_of_a_layout_is_reported_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (record, _) = contacts(';');
    let number = record["person"]["number"].as_str().unwrap();
    let date = record["date"].as_str().unwrap().replace('-', "");
    let layout = stdout(&run(&["register", "layout", "par-outpatient", "--example"]));
    assert_eq!(layout.split(';').count(), 17);
    let line =
        |id: &str, date: &str, form: &str| format!("{id};1;11001;101;;{number};;;{date};{form};1;LK;;;;;");
    let rows = [
        line("p-1", &date, "1"),
        line("p-2", &date, "9"),
        line("p-3", "20261301", "1"),
        line("p-4", &date, "2"),
        line("p-\u{e5}", &date, "2"),
        line("p-5", &date, "2").replace(";11001;", ";V\u{e5}rd;"),
    ];
    let bytes: Vec<u8> = rows
        .join("\r\n")
        .chars()
        .map(|c| u8::try_from(c).unwrap())
        .collect();
    let file = folder.path().join("par.txt");
    std::fs::write(&file, bytes).unwrap();
    let file = file.to_str().unwrap();
    let reporter = record["reporter"].as_str().unwrap();
    let report = |more: &[&str]| {
        let mut arguments = vec!["-o", "ndjson", "register", "report", file, "--reporter", reporter];
        arguments.extend(more);
        server.run(&arguments)
    };
    let untold = report(&[]);
    assert!(String::from_utf8_lossy(&untold.stderr).contains("--layout"));
    let told = report(&["--layout", "par-outpatient"]);
    assert!(!stdout(&told).contains(number));
    let short = |outcome: &Value| {
        let finding = &outcome["findings"][0];
        let place = json!([finding["line"], finding["column"]]);
        json!([
            outcome["line"],
            outcome["id"],
            outcome["outcome"] != "rejected",
            place
        ])
    };
    let told: Vec<Value> = lines(&told).iter().map(short).collect();
    assert_eq!(
        told[0].as_array().unwrap()[..3],
        [json!(1), json!("p-1"), json!(true)]
    );
    assert_eq!(told[1], json!([2, "p-2", false, [2, "KONTAKTFORM"]]));
    assert_eq!(told[2], json!([3, "p-3", false, [3, "INDATUM"]]));
    assert_eq!(
        told[3].as_array().unwrap()[..3],
        [json!(4), json!("p-4"), json!(true)]
    );
    assert_eq!(told[4], json!([5, null, false, [5, "IDNR"]]));
    assert_eq!(
        told[5].as_array().unwrap()[..3],
        [json!(6), json!("p-5"), json!(true)]
    );
    assert_eq!(told.len(), 6);
    let utf8 = lines(&report(&["--layout", "par-outpatient", "--encoding", "utf-8"]));
    assert_eq!(utf8[5]["findings"][0]["code"], "VN-REG-002");
}

#[test]
fn layouts_are_described_and_their_examples_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let layouts = vardnav_tests::json(&run(&["-o", "json", "register", "layout"]));
    let layouts = layouts.as_array().unwrap();
    assert!(layouts.len() >= 6);
    let key = folder.path().join("id.key");
    std::fs::write(&key, [7; 32]).unwrap();
    let key = key.to_str().unwrap();
    for layout in layouts {
        let name = layout["name"].as_str().unwrap();
        let columns = vardnav_tests::json(&run(&["-o", "json", "register", "layout", name]));
        for column in columns.as_array().unwrap() {
            let is_explained = column["explanation"]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            assert!(is_explained || column["column"].is_null(), "{name}: {column}");
        }
        let example = stdout(&run(&["register", "layout", name, "--example"]));
        let file = folder.path().join(format!("{name}.txt"));
        std::fs::write(&file, &example).unwrap();
        let file = file.to_str().unwrap();
        let mut arguments = vec![
            "-o",
            "ndjson",
            "register",
            "report",
            file,
            "--layout",
            name,
            "--dry-run",
        ];
        arguments.extend(["--reporter", "region-stockholm"]);
        if layout["form"] == "text" {
            arguments.extend(["--id-key", key]);
        }
        let outcomes = lines(&server.run(&arguments));
        assert_eq!(outcomes.len(), 1, "{name}: {example}");
        // Whatever the register says of a reporter's unit or episode, the form is right.
        for finding in outcomes[0]["findings"].as_array().unwrap() {
            let code = finding["code"].as_str().unwrap();
            assert!(code > "VN-REG-006", "{name}: {finding}");
        }
    }
    let unkeyed = server.run(&["register", "report", key, "--layout", "municipal-month"]);
    assert!(String::from_utf8_lossy(&unkeyed.stderr).contains("--id-key"));
}
