//! Figures as they were published: frozen with what they rest on, listed, told in full, revised by name and with a note,
//! and never changed.

use serde_json::{Value, json};
use vardnav_store::Digest;
use vardnav_tests::{Server, json};

use super::{SURVEY, put, said, write};

/// Publishes the figures of 2025; what is told of it, or the exit code and what was said.
fn publish(server: &Server, further: &[&str]) -> Result<Value, (Option<i32>, String)> {
    let arguments = [
        "-o",
        "json",
        "indicator",
        "publish",
        "--year",
        "2025",
        "--title",
        "Nära vård 2025",
    ];
    let output = server.run(&[&arguments, further].concat());
    match output.status.success() {
        true => Ok(json(&output)),
        false => Err((output.status.code(), said(&output))),
    }
}

/// Value and marks of core indicator 1 for the country, as a publication has them.
fn trust(server: &Server, publication: &str) -> Value {
    let arguments = [
        "-o",
        "json",
        "indicator",
        "publication",
        publication,
        "--indicator",
        "core-01",
    ];
    let rows = json(&server.run(&arguments));
    let whole = rows.as_array().unwrap().iter().find(|row| row["year"] == 2025);
    let whole = whole.unwrap();
    json!([whole["value"], whole["marks"]])
}

#[test]
fn what_is_published_never_changes_and_a_revision_says_what_did() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let survey = write(folder.path(), "survey.csv", SURVEY);
    put(&server, "series", &survey, &[]);

    let checked = publish(&server, &["--dry-run"]).unwrap();
    assert_eq!(checked["id"], "2025-1", "{checked}");
    assert_eq!(
        json(&server.run(&["-o", "json", "indicator", "publications"])),
        json!([])
    );
    let first = publish(&server, &[]).unwrap();
    assert_eq!(
        (&first["changed"], &first["state"]),
        (&json!(true), &json!("preliminary"))
    );
    assert!(first["rows"].as_u64().unwrap() > 100, "{first}");
    assert!(first["head_streams"].as_u64().unwrap() > 0, "{first}");

    // The bytes are those that the digest names, and hold what is shown.
    let content = folder.path().join("content").to_string_lossy().into_owned();
    let got = server.run(&["indicator", "publication", "2025-1", "--content", &content]);
    assert!(got.status.success(), "{}", said(&got));
    let bytes = std::fs::read(&content).unwrap();
    assert_eq!(first["digest"], json!(Digest::of(&bytes).to_string()));
    assert_eq!(trust(&server, "2025-1"), json!([62.0, ["preliminary"]]));

    // The same again changes nothing; another one needs a name and a reason.
    let note = ["--note", "Svaren är vägda på nytt."];
    let again = publish(&server, &[&["--revises", "2025-1"], &note[..]].concat()).unwrap();
    assert_eq!(
        (&again["changed"], &again["id"]),
        (&json!(false), &json!("2025-1"))
    );
    let (code, why) = publish(&server, &[]).unwrap_err();
    assert!(code == Some(4) && why.contains("2025-1"), "{why}");

    let other = write(
        folder.path(),
        "other.csv",
        &SURVEY.replace("15,00,62,60.9", "15,00,61.9,60.9"),
    );
    put(&server, "series", &other, &[]);
    let second = publish(
        &server,
        &[&["--final", "--revises", "2025-1"], &note[..]].concat(),
    )
    .unwrap();
    assert_eq!(
        (&second["id"], &second["revises"]),
        (&json!("2025-2"), &json!("2025-1"))
    );
    assert_eq!(
        (&second["revised"], &second["figures_gone"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(trust(&server, "2025"), json!([61.9, ["preliminary", "revised"]]));
    assert_eq!(trust(&server, "2025-1"), json!([62.0, ["preliminary"]]));
    let listed = json(&server.run(&["-o", "json", "indicator", "publications", "--year", "2025"]));
    let of = |field: &str| -> Vec<Value> {
        let listed = listed.as_array().unwrap();
        listed.iter().map(|one| one[field].clone()).collect()
    };
    assert_eq!(of("revised_by"), [json!("2025-2"), json!("")]);
    assert_eq!(of("note"), [json!(""), json!("Svaren är vägda på nytt.")]);
    assert_eq!(
        server.run(&["indicator", "publication", "2024-1"]).status.code(),
        Some(1)
    );
}
