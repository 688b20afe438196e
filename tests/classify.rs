//! Classification told in full, from outside: under chosen variants, with what would lead elsewhere, beside another
//! release or choice, and of a vendor's own record. The same by a server and without one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use serde_json::{Value, json};
use vardnav_tests::{Server, lines, plain_contact, run_with, stdout};

const CASES: &str = concat!(
    r#"{"id": "a", "of": "segment", "date": "2026-09-01", "facts": {"enrolment": "care-period-without-bed", "bed": "home-place", "place": "ordinary-housing", "replaces-ward": "instead-of-admission", "origin": "hospital", "physician-access": "round-the-clock-remote", "team-response": "weekdays"}}"#,
    "\n",
    r#"{"id": "b", "of": "contact", "date": "2026-09-01", "facts": {"contact-mode": "telephone", "performer": "licensed"}}"#,
    "\n",
    r#"{"id": "c", "of": "segment", "date": "1999-09-01", "facts": {}}"#,
    "\n",
    r#"{"id": "d", "of": "segment", "date": "2026-09-01", "facts": {"plats": "hemma"}}"#,
    "\n",
    "not json\n",
);

fn both(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let online = server.run_with(arguments, CASES.as_bytes());
    let offline = run_with(&[arguments, &["--offline"]].concat(), CASES.as_bytes());
    assert_eq!(lines(&online), lines(&offline), "{arguments:?}");
    assert_eq!(online.status.code(), offline.status.code(), "{arguments:?}");
    lines(&online)
}

#[test]
fn cases_are_decided_under_other_variants_and_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let own = both(&server, &["classify", "-"]);
    assert_eq!(own[0]["episode_form"], "specialised-care-at-home");
    assert!(own[0].get("variants").is_none());

    let variant = [
        "classify",
        "-",
        "--variant",
        "U9:telephone-out",
        "--variant",
        "U4:physician-only",
    ];
    let chosen = both(&server, &variant);
    assert_eq!(chosen[0]["episode_form"], "hospital-care-at-home");
    assert_eq!(
        chosen[0]["variants"],
        json!(["U4:physician-only", "U9:telephone-out"])
    );
    assert_eq!(chosen[1]["groups"], json!([]));
    let explained = both(
        &server,
        &[&variant[..], &["--explain", "--counterfactuals"]].concat(),
    );
    assert_eq!(explained[0]["episode_form"], "hospital-care-at-home");
    let elsewhere = &explained[0]["counterfactuals"]["tables"][0];
    assert_eq!(elsewhere["table"], "episode-form");
    let specialised = elsewhere["found"].as_array().unwrap();
    let specialised = specialised
        .iter()
        .find(|found| found["value"] == "specialised-care-at-home");
    assert_eq!(
        specialised.unwrap()["ways"],
        json!([[{
            "axis": "physician-access",
            "from": ["round-the-clock-remote"],
            "kind": "set",
            "any_of": ["limited-hours", "none"],
            "stated_by": "reporter",
        }]])
    );

    let against = [
        "-o",
        "ndjson",
        "classify",
        "-",
        "--against-variant",
        "U4:physician-only",
    ];
    let compared = both(&server, &against);
    assert_eq!(compared[0]["differs"], true);
    assert_eq!(compared[0]["tables"][0]["one"]["rule"], "E31");
    assert_eq!(compared[0]["tables"][0]["other"]["rule"], "E30");
    assert_eq!(compared[0]["tables"][0]["rules"][0]["change"], "changed");
    assert_eq!(compared[0]["other"]["variants"], json!(["U4:physician-only"]));
    assert_eq!(compared[1]["differs"], false);
    assert_eq!(compared[2]["one"]["findings"][0]["code"], "VN-CLS-008");
    assert_eq!(compared[3]["other"]["findings"][0]["code"], "VN-CLS-009");
    assert_eq!(compared[4]["findings"][0]["code"], "VN-CLS-003");
    let table = server.run_with(
        &[
            "classify",
            "-",
            "--against",
            "2026.1",
            "--against-variant",
            "U4:physician-only",
        ],
        CASES.as_bytes(),
    );
    assert!(stdout(&table).contains("E30 changed"), "{}", stdout(&table));
}

#[test]
fn a_variant_that_is_not_there_answers_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let answer = lines(&server.run_with(&["classify", "-", "--variant", "U4:nobody"], CASES.as_bytes()));
    let finding = &answer[0]["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["path"]),
        (&json!("VN-CLS-015"), &json!("variants[0]"))
    );
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("physician-only") && !message.contains("nobody"),
        "{message}"
    );
    let offline = run_with(
        &["classify", "-", "--offline", "--variant", "U99:x"],
        CASES.as_bytes(),
    );
    assert_eq!(offline.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&offline.stderr).contains("U13"));
}

const MAP: &str = "# url: https://region.example/map/besok
# version: 1
# title: Besökstyper
source_system,source_code,axis,value,relationship,from,until,comment
urn:local:besökstyp,H,place,ordinary-housing,equivalent,,,hembesök
urn:local:besökstyp,H,contact-mode,in-person,source-is-narrower-than-target,,,
";

/// A contact that states codes and one fact.
fn coded() -> Value {
    let mut record = plain_contact(400, 3);
    record["id"] = json!("described-1");
    record["facts"] = json!({"enrolment": "none"});
    record["codes"] = json!([
        {"system": "urn:local:besökstyp", "code": "H"},
        {"system": "urn:local:besökstyp", "code": "Q"},
        {"system": "urn:local:annat", "code": "1"},
    ]);
    record
}

#[test]
fn a_record_is_described_as_it_would_be_reported_and_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let record = coded();
    let (reporter, number) = (
        record["reporter"].as_str().unwrap(),
        record["person"]["number"].as_str().unwrap(),
    );
    let map = folder.path().join("map.csv");
    std::fs::write(&map, MAP).unwrap();
    let put = server.run(&[
        "register",
        "map",
        "put",
        map.to_str().unwrap(),
        "--reporter",
        reporter,
    ]);
    assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));

    let input = format!("{record}\n");
    let arguments = [
        "-o",
        "ndjson",
        "register",
        "describe",
        "-",
        "--explain",
        "--counterfactuals",
    ];
    let output = server.run_with(&arguments, input.as_bytes());
    assert!(!stdout(&output).contains(number));
    let described = lines(&output).remove(0);
    assert_eq!(described["id"], "described-1");
    let part = &described["parts"][0];
    let list = |of: &Value, name: &str| of[name].as_array().unwrap().clone();
    let fact = |axis: &str| {
        list(part, "facts")
            .into_iter()
            .find(|fact| fact["axis"] == axis)
            .unwrap()
    };
    assert_eq!(
        (&fact("enrolment")["source"], &fact("place")["source"]),
        (&json!("record"), &json!("mapped"))
    );
    assert_eq!(
        fact("place")["mapped_from"],
        json!([{"path": "codes[0]", "system": "urn:local:besökstyp", "code": "H", "map": "https://region.example/map/besok|1"}])
    );
    assert_eq!(fact("profession")["source"], "derived");
    let unmapped = list(&described, "unmapped");
    assert_eq!(
        (&unmapped[0]["code"], &unmapped[1]["code"]),
        (&json!("Q"), &json!("1"))
    );
    assert_eq!(
        unmapped[0]["asked"],
        json!(["https://region.example/map/besok|1"])
    );
    assert_eq!(unmapped[1]["asked"], json!([]));
    let missing = list(part, "missing");
    let origin = missing
        .iter()
        .find(|missing| missing["axis"] == "origin")
        .unwrap();
    assert_eq!(origin["stated_by"], "reporter");
    assert!(list(origin, "tables").contains(&json!("contact-type")));
    let results = list(part, "results");
    assert!(
        results
            .iter()
            .any(|result| result["table"] == "contact-type" && result["held"] == true)
    );
    assert!(stdout(&output).contains("codes[0] by https://region.example/map/besok|1"));
    assert!(!list(&part["counterfactuals"], "tables").is_empty());

    let shown = server.run(&[
        "-o",
        "json",
        "register",
        "show",
        reporter,
        "described-1",
        "--kind",
        "contact",
    ]);
    assert_eq!(shown.status.code(), Some(1), "it was stored");
    let table = server.run_with(&["register", "describe", "-"], input.as_bytes());
    assert!(stdout(&table).contains("unmapped") && !stdout(&table).contains(number));

    let mut wrong = record.clone();
    wrong["person"]["number"] = json!("190001010000");
    let output = server.run_with(&arguments, format!("{wrong}\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let described = lines(&output).remove(0);
    assert_eq!(described["outcome"], "rejected");
    assert!(!list(&described, "findings").is_empty());
}
