//! A reporter that knows no axes: it uploads a map from its own codes, reports codes alone, and is told which code and
//! map gave each fact.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::path::Path;

use serde_json::{Value, json};
use vardnav_tests::{Server, json, lines, plain_contact, run, stdout, write};

const MAP: &str = "# url: https://region.example/map/besok
# version: 1
# title: Besökstyper och enheter
source_system,source_code,axis,value,relationship,from,until,comment
urn:local:besökstyp,H,place,ordinary-housing,equivalent,,,hembesök i eget boende
urn:local:besökstyp,H,contact-mode,in-person,source-is-narrower-than-target,,,
urn:local:besökstyp,H,enrolment,none,equivalent,,,
urn:local:enhet,VC,origin,regional-primary-care,equivalent,,,vårdcentral
";

/// A contact that states codes and no facts.
fn coded(id: &str) -> Value {
    let mut record = plain_contact(400, 3);
    record.as_object_mut().unwrap().remove("facts");
    record["id"] = json!(id);
    record["codes"] = json!([
        {"system": "urn:local:besökstyp", "code": "H"},
        {"system": "urn:local:enhet", "code": "VC"},
    ]);
    record
}

fn report(server: &Server, records: &[Value]) -> Vec<Value> {
    let input: String = records.iter().map(|record| format!("{record}\n")).collect();
    lines(&server.run_with(&["-o", "ndjson", "register", "report", "-"], input.as_bytes()))
}

fn codes(outcome: &Value) -> Vec<&str> {
    let findings = outcome["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

fn shown(server: &Server, record: &Value) -> Value {
    let (reporter, id) = (
        record["reporter"].as_str().unwrap(),
        record["id"].as_str().unwrap(),
    );
    let output = server.run(&[
        "-o", "json", "register", "show", reporter, id, "--kind", "contact",
    ]);
    json(&output)[0].clone()
}

#[test]
fn a_reporter_reports_in_its_own_codes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let (before, after) = (coded("local-before"), coded("local-after"));
    let reporter = after["reporter"].as_str().unwrap().to_owned();

    // Without a map the codes give nothing: the contact waits, and is told for what.
    let first = report(&server, std::slice::from_ref(&before)).remove(0);
    assert_eq!(first["outcome"], "held", "{first}");
    assert_eq!(
        codes(&first).iter().filter(|code| **code == "VN-REG-046").count(),
        2,
        "{first}"
    );
    let waits = first["findings"].as_array().unwrap().iter().any(|finding| {
        let message = finding["message"].as_str().unwrap();
        finding["code"] == "VN-REG-041"
            && message.contains("contact-type")
            && message.contains("contact-mode")
    });
    assert!(waits, "{first}");

    let put = |name: &str, text: &str, more: &[&str]| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let file = file.to_string_lossy().into_owned();
        let mut arguments = vec![
            "-o",
            "json",
            "register",
            "map",
            "put",
            &file,
            "--reporter",
            &reporter,
        ];
        arguments.extend(more);
        server.run(&arguments)
    };
    let listed = |server: &Server| json(&server.run(&["-o", "json", "register", "map", "list", &reporter]));

    // A map that leads nowhere is told so by line, and not kept.
    let wrong = put("wrong.csv", &MAP.replace("ordinary-housing", "own-home"), &[]);
    assert_eq!(wrong.status.code(), Some(1));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        said.contains("VN-REL-131") && said.contains("wrong.csv:5"),
        "{said}"
    );
    assert_eq!(put("dry.csv", MAP, &["--dry-run"]).status.code(), Some(0));
    assert_eq!(listed(&server), json!([]));

    assert_eq!(put("map.csv", MAP, &[]).status.code(), Some(0));
    assert_eq!(
        put("again.csv", MAP, &[]).status.code(),
        Some(0),
        "the same again changes nothing"
    );
    let other = put(
        "other.csv",
        &MAP.replace("ordinary-housing", "special-housing"),
        &[],
    );
    assert_eq!(other.status.code(), Some(4), "a version never changes");
    let maps = listed(&server);
    assert_eq!(maps.as_array().unwrap().len(), 1);
    assert_eq!(
        (&maps[0]["version"], &maps[0]["rows"], &maps[0]["from"]),
        (&json!("1"), &json!(4), &json!("2026-01-01"))
    );

    // Now the same codes say where, how and by whom.
    let file = write(folder.path(), "lines.ndjson", &[after.to_string()]);
    let receipts = folder.path().join("receipts");
    let told = lines(&server.run(&[
        "-o",
        "ndjson",
        "register",
        "report",
        &file,
        "--receipts",
        receipts.to_str().unwrap(),
    ]))
    .remove(0);
    assert!(!codes(&told).contains(&"VN-REG-046"), "{told}");
    let revision = shown(&server, &after);
    let derived = &revision["derived"][0];
    assert_eq!(
        derived["tables"]["contact-type"]["values"],
        json!(["home-visit"]),
        "{revision}"
    );
    assert_eq!(derived["sources"]["place"], "mapped");
    assert_eq!(revision["record"]["codes"], after["codes"]);
    let place = derived["mapped"]
        .as_array()
        .unwrap()
        .iter()
        .find(|mapped| mapped["axis"] == "place");
    let wanted = json!({
        "axis": "place",
        "values": ["ordinary-housing"],
        "map": "https://region.example/map/besok|1",
        "path": "codes[0]",
        "system": "urn:local:besökstyp",
        "code": "H",
    });
    assert_eq!(place, Some(&wanted));

    // Sent again, both are what they were the first time.
    let again = report(&server, &[before.clone(), after.clone()]);
    assert_eq!(again[0]["leaf"], first["leaf"]);
    assert_eq!(again[0]["outcome"], "held");
    assert_eq!(again[1]["leaf"], told["leaf"]);
    let mut changed = after.clone();
    changed["codes"].as_array_mut().unwrap().pop();
    assert!(
        codes(&report(&server, &[changed])[0]).contains(&"VN-REG-010"),
        "other codes are other content"
    );

    let key = folder.path().join("register.key");
    server.run(&["register", "key", key.to_str().unwrap()]);
    // The map is the ledger's: another start knows it.
    server.kill();
    let server = Server::start(&data);
    assert_eq!(listed(&server), maps);
    let third = coded("local-third");
    report(&server, std::slice::from_ref(&third));
    let values = &shown(&server, &third)["derived"][0]["tables"]["contact-type"]["values"];
    assert_eq!(*values, json!(["home-visit"]));
    drop(server);

    let receipt = std::fs::read_dir(&receipts)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let prove = |input: &Path| {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let (receipt, input, key) = (path(&receipt), path(input), path(&key));
        run(&["register", "prove", &receipt, "--input", &input, "--key", &key])
    };
    let proven = prove(Path::new(&file));
    assert!(proven.status.success(), "{}", stdout(&proven));
    let forged = write(
        folder.path(),
        "forged.ndjson",
        &[after.to_string().replace("\"H\"", "\"K\"")],
    );
    assert!(!prove(Path::new(&forged)).status.success());
}

#[test]
fn a_contact_says_by_kva_what_the_release_maps() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let mut record = coded("kva-1");
    record["codes"] = json!([
        {"system": "https://vardnav.se/CodeSystem/kma", "code": "XS012"},
        {"system": "https://vardnav.se/CodeSystem/kma", "code": "ZV051"},
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOWHERE"},
    ]);
    let outcome = report(&server, std::slice::from_ref(&record)).remove(0);
    assert!(codes(&outcome).contains(&"VN-REG-045"), "{outcome}");
    let derived = shown(&server, &record)["derived"][0].clone();
    assert_eq!(derived["facts"]["contact-mode"], "telephone", "{derived}");
    assert_eq!(
        derived["tables"]["contact-type"]["values"],
        json!(["remote-contact"])
    );
    let map = derived["mapped"][0]["map"].as_str().unwrap();
    assert_eq!(map, "https://vardnav.se/map/kva|2026.1");
}
