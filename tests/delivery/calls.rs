//! Records of one reporter for a period, and the commands about deliveries.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_tests::{Server, json, plain_contact, write};

/// The first day of the month before this one: its deadlines lie ahead.
pub(crate) fn month() -> Date {
    jiff::Zoned::now()
        .date()
        .first_of_month()
        .checked_sub(1.month())
        .unwrap()
}

pub(crate) fn period() -> String {
    month().strftime("%Y-%m").to_string()
}

/// Contacts of one reporter in the period, without revisions; those with odd numbers wait for a fact.
pub(crate) fn contacts(count: usize) -> (String, Vec<Value>) {
    let mut record = plain_contact(600, 5);
    record.as_object_mut().unwrap().remove("revision");
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

pub(crate) fn file(folder: &Path, name: &str, records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    write(folder, name, &lines)
}

pub(crate) fn deliver(server: &Server, reporter: &str, file: &str, further: &[&str]) -> std::process::Output {
    let period = period();
    let mut arguments = vec!["-o", "ndjson", "register", "deliver", file];
    arguments.extend(["--reporter", reporter, "--period", &period]);
    arguments.extend(further);
    server.run(&arguments)
}

pub(crate) fn deliveries(server: &Server, reporter: &str) -> Vec<Value> {
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

pub(crate) fn delivery(server: &Server, reporter: &str, arguments: &[&str]) -> std::process::Output {
    let mut all = vec!["-o", "json", "register", "delivery"];
    all.extend(arguments);
    all.extend(["--reporter", reporter]);
    server.run(&all)
}

pub(crate) fn open(server: &Server, reporter: &str, further: &[&str]) -> Value {
    let period = period();
    let mut arguments = vec!["open", "--period", &period];
    arguments.extend(further);
    json(&delivery(server, reporter, &arguments))
}

pub(crate) fn counts(delivery: &Value) -> [u64; 4] {
    ["kept", "new", "changed", "gone"].map(|name| delivery[name].as_u64().unwrap())
}

pub(crate) fn show(server: &Server, reporter: &str, id: &str, further: &[&str]) -> Vec<Value> {
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

pub(crate) fn export(server: &Server, reporter: &str) -> Vec<Value> {
    let output = server.run(&["-o", "json", "register", "export", "--reporter", reporter]);
    json(&output).as_array().unwrap().clone()
}

pub(crate) fn leaves(outcomes: &[Value]) -> BTreeMap<String, String> {
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
