//! A client in another language that knows only reflection can classify, compare, describe and report.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test"
)]

use std::process::Command;

use serde_json::{Value, json};
use vardnav_tests::{Server, root, sample};

#[test]
fn a_python_client_with_reflection_alone_classifies_and_reports() {
    let Some(python) = std::env::var_os("VARDNAV_PYTHON") else {
        println!(
            "skipped: VARDNAV_PYTHON names no Python with grpcio and grpcio-reflection; tests/run installs one"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let output = Command::new(python)
        .arg(root().join("tests/client/client.py"))
        .arg(server.grpc())
        .arg(batch().to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();

    let services = answer["services"].as_array().unwrap();
    for area in [
        "terminology",
        "release",
        "classification",
        "register",
        "units",
        "indicators",
    ] {
        let prefix = format!("vardnav.{area}.v1.");
        assert!(
            services
                .iter()
                .any(|name| name.as_str().unwrap().starts_with(&prefix)),
            "{prefix} is not reflected"
        );
    }
    let results = answer["classified"]["classification"]["results"]
        .as_array()
        .unwrap();
    let values = |table: &str| &results.iter().find(|result| result["table"] == table).unwrap()["values"];
    assert_eq!(values("contact-type"), &json!(["home-visit"]));
    assert_eq!(values("care-level"), &json!(["primary"]));
    assert_eq!(values("groups"), &json!(["mobile-care"]));
    assert_eq!(values("duties"), &json!(["primary-care-register"]));
    assert!(!answer["classified"]["explanation"].as_array().unwrap().is_empty());

    let comparison = &answer["compared"][0]["comparisons"][0];
    assert_eq!(comparison["differs"], true);
    assert_eq!(comparison["other"]["variants"], json!(["U9:telephone-out"]));
    assert_eq!(answer["described"]["outcome"], "OUTCOME_ACCEPTED");
    assert!(
        !answer["described"]["parts"][0]["facts"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    let outcomes = answer["reported"][0]["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[0]["outcome"], "OUTCOME_ACCEPTED", "{outcomes:?}");
    assert_eq!(outcomes[1]["outcome"], "OUTCOME_REJECTED");
    assert_eq!(
        answer["reported"][0]["receipt"]["leaves"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(answer["refused"], json!({"code": "NOT_FOUND", "details": true}));
}

/// One good contact of the sample as a message, and the same with a wrong check digit.
fn batch() -> Value {
    let contact: Value = sample(400, 7)
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|record| {
            record["kind"] == "contact"
                && record["episode"].is_null()
                && record["person"]["type"] == "personnummer"
                && record["revision"] == 1
        })
        .unwrap();
    let date: Vec<i64> = contact["date"]
        .as_str()
        .unwrap()
        .split('-')
        .map(|part| part.parse().unwrap())
        .collect();
    let facts: Vec<Value> = contact["facts"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(axis, value)| match value {
            Value::Array(values) => json!({"axis": axis, "values": values}),
            value => json!({"axis": axis, "values": [value]}),
        })
        .collect();
    let number = contact["person"]["number"].as_str().unwrap();
    let record = |id: &str, number: &str| {
        let mut record = json!({
            "id": id,
            "revision": 1,
            "person": {"identityType": "IDENTITY_TYPE_PERSONNUMMER", "identity": number},
            "principals": {
                "responsible": [{"organisation": contact["principals"]["responsible"]}],
                "performing": [{"organisation": contact["principals"]["performing"]}],
            },
            "facts": facts,
            "contact": {
                "date": {"year": date[0], "month": date[1], "day": date[2]},
                "professions": contact["professions"],
            },
        });
        for field in ["residence", "unit"] {
            if let Some(text) = contact[field].as_str() {
                record[field] = json!(text);
            }
        }
        record
    };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let last = digits.chars().last().unwrap().to_digit(10).unwrap();
    let wrong = format!("{}{}", &digits[..digits.len() - 1], (last + 1) % 10);
    json!({
        "reporter": contact["reporter"],
        "batchId": "one",
        "records": [record("client-1", number), record("client-2", &wrong)],
    })
}
