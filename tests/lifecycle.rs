//! A release's whole way through the command: referral with comments and answers, submission, approval by another
//! person, publication with notice, a second draft that falls behind, differences.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::path::Path;

use serde_json::{Value, json};
use vardnav_tests::{Server, copy, json, root, run};

/// The starter release under another id, with edits of its files.
fn release(folder: &Path, id: &str, edits: &[(&str, &str, &str)]) -> String {
    let to = folder.join(id);
    copy(&root().join("crates/interchange/starter/2026.1"), &to);
    let head = [
        ("release.toml", "2026.1", id),
        ("release.toml", "2026-01-01", "2026-01-02"),
    ];
    for (file, find, replace) in head.iter().chain(edits) {
        let path = to.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(find), "{file} holds {find}");
        std::fs::write(&path, text.replacen(find, replace, 1)).unwrap();
    }
    to.to_string_lossy().into_owned()
}

struct Desk {
    server: Server,
}

impl Desk {
    /// Does a step that is not refused, and gives what it answers.
    fn does(&self, who: &str, arguments: &[&str]) -> Value {
        let output = self
            .server
            .run(&[&["-o", "json", "--as", who, "release"], arguments].concat());
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        json(&output)
    }

    /// Tries a step that ends with an exit code and says why.
    fn fails(&self, who: &str, arguments: &[&str], code: i32, why: &str) {
        let output = self.server.run(&[&["--as", who, "release"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }

    fn listed(&self, id: &str) -> Value {
        let rows = self.does("anyone", &["list"]);
        let rows = rows.as_array().unwrap().clone();
        rows.into_iter().find(|row| row["id"] == id).unwrap()
    }
}

#[test]
fn a_release_goes_the_whole_way_and_the_next_one_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk {
        server: Server::start(&folder.path().join("data")),
    };
    let procedure = "from = 2026-01-02\n\n[procedure]\nnotice_days_min = 30\nresolution_required = true";
    let asks = ("release.toml", "from = 2026-01-02", procedure);
    let rule = (
        "tables/contact-type.csv",
        "C35,,,,in-person,,,dwelling,",
        "C35,,,,in-person,,,ordinary-housing|special-housing,",
    );
    let first = release(folder.path(), "2026.2", &[asks]);
    desk.does("anna", &["draft", &first]);
    let check = desk.does("anna", &["check", "2026.2"]);
    let proofs = &check.as_array().unwrap().last().unwrap()["proofs"];
    assert_eq!(proofs["proven"], true);
    assert!(!proofs["text"]["sv"].as_array().unwrap().is_empty());
    desk.does("bo", &["approve", "2026.2"]);
    let published = desk.does("bo", &["publish", "2026.2"]);
    assert_eq!(published["retroactive"], true);
    assert_eq!(published["procedure"]["notice_days_min"], 30);
    assert_eq!(
        (
            &desk.listed("2026.1")["standing"],
            &desk.listed("2026.2")["standing"]
        ),
        (&json!("superseded"), &json!("in-force"))
    );

    let limits = ("register/limits.toml", "days_ahead = 62", "days_ahead = 31");
    let variable = ("register/variables.toml", "required = true", "required = false");
    let next = release(folder.path(), "2026.3", &[asks, rule, limits, variable]);
    let other = release(
        folder.path(),
        "2026.4",
        &[
            asks,
            ("register/limits.toml", "days_ahead = 62", "days_ahead = 30"),
        ],
    );
    assert_eq!(desk.does("anna", &["draft", &next])["base"], "2026.2");
    desk.does("cecilia", &["draft", &other]);
    desk.fails(
        "anna",
        &["refer", "2026.3", "--until", "2090-01-01", "--body", "Region X"],
        4,
        "not been checked",
    );
    desk.does("anna", &["check", "2026.3", "--brief"]);
    desk.fails("bo", &["approve", "2026.3"], 4, "not been submitted");
    let refer = [
        "refer",
        "2026.3",
        "--until",
        "2090-01-01",
        "--body",
        "Region X",
        "--body",
        "kommun-y=Kommun Y",
    ];
    let referred = desk.does("anna", &refer);
    assert_eq!(referred["referrals"][0]["open"], true);
    assert_eq!(referred["referrals"][0]["bodies"][0]["id"], "region-x");
    let comment = |body: &'static str, on: &'static str| {
        [
            "comment",
            "2026.3",
            "--body",
            body,
            "--on",
            on,
            "Även särskilt boende?",
        ]
    };
    let about = desk.does("x", &comment("Region X", "C35"));
    assert_eq!(
        (&about["on"], &about["body"]),
        (&json!("rule:contact-type/C35"), &json!("Region X"))
    );
    let about = desk.does("y", &comment("kommun-y", "tables/contact-type.csv"));
    assert_eq!(about["on"], "file:tables/contact-type.csv");
    desk.fails(
        "x",
        &comment("Region X", "rule:no-such-rule"),
        2,
        "nothing of that kind",
    );
    desk.fails("x", &comment("Region Z", "C35"), 2, "not asked");
    desk.fails("anna", &["submit", "2026.3"], 4, "is open until");
    desk.does("anna", &["close", "2026.3"]);
    desk.fails("x", &comment("Region X", "C35"), 4, "no referral round");
    desk.fails("anna", &["submit", "2026.3"], 4, "no resolution");
    for (number, resolution) in [("1", "accepted"), ("2", "noted")] {
        let resolve = [
            "resolve",
            "2026.3",
            number,
            "--resolution",
            resolution,
            "--text",
            "Ja.",
        ];
        desk.does("anna", &resolve);
    }
    assert_eq!(desk.does("anna", &["submit", "2026.3"])["status"], "submitted");
    desk.does("root", &["link", "anna", "--identity", "a.andersson"]);
    desk.does("root", &["link", "anna.2", "--identity", "A.Andersson"]);
    desk.fails("anna.2", &["approve", "2026.3"], 4, "other than its authors");
    desk.does("bo", &["approve", "2026.3"]);
    desk.fails("bo", &["publish", "2026.3"], 4, "not after");
    let published = desk.does("bo", &["publish", "2026.3", "--effective", "2090-01-01"]);
    assert_eq!(
        (&published["standing"], &published["retroactive"]),
        (&json!("scheduled"), &json!(false))
    );
    assert_eq!(desk.listed("2026.2")["superseded"], "2090-01-01");
    let comments = desk.does("anyone", &["comments", "2026.3"]);
    assert_eq!(comments[0]["resolution"], "accepted");

    let notices = desk.does("anyone", &["notices"]);
    let notice = notices
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["release"] == "2026.3")
        .unwrap();
    let reporter = notice["reporter"].as_str().unwrap();
    assert_eq!(notice["changes"]["variables"], 1);
    assert_eq!(notice["changes"]["validation"], 1);
    assert_eq!(notice["compared"], "2026.2");
    let taken = desk.does("system", &["acknowledge", "2026.3", "--reporter", reporter]);
    assert_eq!(taken["acknowledged_by"], "system");
    let own = desk.does("system", &["notices", "--reporter", reporter]);
    assert!(
        own.as_array()
            .unwrap()
            .iter()
            .all(|row| row["reporter"] == reporter)
    );

    assert_eq!(desk.listed("2026.4")["behind"], true);
    desk.does("cecilia", &["check", "2026.4", "--brief"]);
    desk.fails("cecilia", &["submit", "2026.4"], 4, "is published since");
    let met = desk.does("cecilia", &["conflicts", "2026.4"]);
    let met: Vec<(&Value, &Value)> = met
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["meeting"], &row["element"]))
        .collect();
    assert!(met.contains(&(&json!("conflict"), &json!("limits"))), "{met:?}");
    assert!(met.contains(&(&json!("theirs"), &json!("variable"))), "{met:?}");
    let based = ["draft", other.as_str(), "--update", "--base", "2026.3"];
    assert_eq!(desk.does("cecilia", &based)["behind"], false);

    let online = desk.does("anyone", &["diff", "2026.2", "2026.3"]);
    let offline = json(&run(&["-o", "json", "release", "diff", &first, &next]));
    assert_eq!(online, offline);
    assert_eq!(online, desk.does("anyone", &["diff", "2026.2", &next]));
    let elements: Vec<&Value> = online
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["element"])
        .collect();
    assert_eq!(elements, ["release", "rule", "variable", "limits"]);
    assert!(
        online[1]["text"]
            .as_str()
            .unwrap()
            .contains("regel contact-type/C35")
    );

    let shown = desk.does("anyone", &["show", "2026.3"]);
    let trail: Vec<&str> = shown["trail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        trail,
        [
            "put", "base", "check", "refer", "comment", "comment", "close", "resolve", "resolve", "check",
            "submit", "approve", "check", "publish", "announce"
        ]
    );
}

#[test]
fn a_folder_is_checked_without_any_server() {
    let folder = tempfile::tempdir().unwrap();
    let good = release(folder.path(), "2026.2", &[]);
    let check = run(&["-o", "json", "release", "check", &good]);
    assert!(check.status.success());
    assert_eq!(
        json(&check).as_array().unwrap().last().unwrap()["proofs"]["proven"],
        true
    );
    let gap = (
        "tables/contact-type.csv",
        "C20,,,,indirect,,,,,,indirect-contact,,,,,\n",
        "",
    );
    let gap = release(folder.path(), "2026.3", &[gap]);
    let check = run(&["-o", "json", "release", "check", &gap]);
    assert_eq!(check.status.code(), Some(1));
    let rows = json(&check);
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().any(|row| row["severity"] == "error"));
    assert_eq!(rows.last().unwrap()["proofs"]["proven"], false);
}
