//! Terminology from outside: content of several formats in, questions of every kind, exports, histories, copies of a
//! server that work without it, and imports that are killed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vardnav_tests::{Server, binary, for_each_file, json, root, run, stdout};

const VISITS: &str = "https://example.org/CodeSystem/visits";
const AT_HOME: &str = "https://example.org/ValueSet/at-home";
const SNOMED: &str = "http://snomed.info/sct";

/// Runs a command in place on a folder, as JSON.
fn on(folder: &Path, arguments: &[&str]) -> (Value, i32) {
    let mut all = vec!["-o", "json", "--data", folder.to_str().unwrap()];
    all.extend(arguments);
    let output = run(&all);
    (json(&output), output.status.code().unwrap())
}

fn visits() -> String {
    root()
        .join("tests/terminology/visits.json")
        .to_string_lossy()
        .into_owned()
}

fn codes(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().unwrap();
    rows.iter().map(|row| row["code"].as_str().unwrap()).collect()
}

/// A made-up terminology of some concepts.
fn synthetic(folder: &Path, concepts: &str) -> String {
    let to = folder.join("rf2").to_string_lossy().into_owned();
    let output = run(&["codesystem", "synthetic", &to, "--concepts", concepts]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    to
}

#[test]
fn a_bundle_is_imported_once_and_answers_every_kind_of_question() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (imported, code) = on(&data, &["codesystem", "import", &visits()]);
    assert_eq!((code, &imported["findings"]), (0, &json!([])));
    let kinds: Vec<_> = imported["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["code-system", "value-set", "concept-map"]);
    assert_eq!(
        on(&data, &["codesystem", "import", &visits()]),
        (imported, 0),
        "again"
    );

    assert_eq!(codes(&on(&data, &["term", "expand", AT_HOME]).0), ["H", "HA"]);
    let (found, _) = on(&data, &["term", "expand", AT_HOME, "--filter", "akut"]);
    assert_eq!(codes(&found), ["HA"]);
    let valid = |code: &str| {
        let arguments = [
            "term",
            "validate",
            code,
            "--system",
            VISITS,
            "--value-set",
            AT_HOME,
        ];
        let (answer, exit) = on(&data, &arguments);
        (answer["valid"].as_bool().unwrap(), exit)
    };
    assert_eq!([valid("HA"), valid("M")], [(true, 0), (false, 1)]);
    let (found, _) = on(
        &data,
        &[
            "term",
            "search",
            "besök",
            "--system",
            VISITS,
            "--value-set",
            AT_HOME,
        ],
    );
    assert_eq!(
        codes(&found).into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["H", "HA"])
    );
    let (led, _) = on(&data, &["term", "translate", "M", "--system", VISITS]);
    assert_eq!(
        (led[0]["code"].as_str(), led[0]["relationship"].as_str()),
        (Some("clinic"), Some("equivalent"))
    );
    let (maps, _) = on(&data, &["codesystem", "maps"]);
    let listed: BTreeSet<&str> = maps
        .as_array()
        .unwrap()
        .iter()
        .map(|map| map["url"].as_str().unwrap())
        .collect();
    for map in [
        "https://example.org/ConceptMap/visits-to-place",
        "https://vardnav.se/map/kva",
    ] {
        assert!(listed.contains(map), "{map} is not among {listed:?}");
    }
    let place = "https://vardnav.se/axis/place";
    let (back, _) = on(
        &data,
        &[
            "term",
            "translate",
            "ordinary-housing",
            "--system",
            place,
            "--reverse",
        ],
    );
    assert_eq!(
        (back[0]["code"].as_str(), back[0]["relationship"].as_str()),
        (Some("H"), Some("source-is-broader-than-target"))
    );
    assert_eq!(
        on(&data, &["term", "translate", "V", "--system", VISITS]).1,
        1,
        "nothing leads on"
    );
}

#[test]
fn what_is_exported_is_the_same_content_when_it_is_imported_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    on(&first, &["codesystem", "import", &visits()]);
    let (known, _) = on(&first, &["term", "lookup", "H", "--system", VISITS]);
    for format in ["fhir-r5", "fhir-r4", "csv"] {
        let out = folder.path().join(format);
        let out_text = out.to_str().unwrap();
        let (files, code) = on(
            &first,
            &[
                "codesystem",
                "export",
                VISITS,
                "--format",
                format,
                "--to",
                out_text,
            ],
        );
        assert!(code == 0 && !files.as_array().unwrap().is_empty(), "{format}");
        let other = folder.path().join(format!("data-{format}"));
        let (imported, code) = on(&other, &["codesystem", "import", out_text]);
        assert_eq!(code, 0, "{format}: {imported}");
        assert_eq!(
            on(&other, &["term", "lookup", "H", "--system", VISITS]).0,
            known,
            "{format}"
        );
    }
}

#[test]
fn a_clinical_terminology_is_asked_by_expressions() {
    let folder = tempfile::tempdir().unwrap();
    let (data, rf2) = (folder.path().join("data"), synthetic(folder.path(), "2000"));
    let (imported, code) = on(&data, &["codesystem", "import", &rf2]);
    assert_eq!(code, 0, "{imported}");
    assert_eq!(imported["content"][0]["url"], SNOMED);
    let expand = |expression: &str| on(&data, &["term", "expand", "--ecl", expression, "--limit", "5000"]).0;
    let all = expand("<< 138875005");
    assert!(all.as_array().unwrap().len() > 1500);
    let (below, with_self) = (expand("< 138875005"), expand("<< 138875005 MINUS < 138875005"));
    assert_eq!(codes(&with_self), ["138875005"]);
    assert_eq!(below.as_array().unwrap().len() + 1, all.as_array().unwrap().len());
    let described = expand("* : * = *");
    let (concept, _) = on(
        &data,
        &["term", "lookup", codes(&described)[0], "--system", SNOMED],
    );
    let attributes = concept["attributes"].as_array().unwrap();
    let (attribute, value) = (&attributes[0]["attribute"], &attributes[0]["value"]);
    let expression = format!(
        "* : {} = {}",
        attribute.as_str().unwrap(),
        value.as_str().unwrap()
    );
    assert!(
        codes(&expand(&expression)).contains(&codes(&described)[0]),
        "{expression}"
    );
    assert!(concept["component"]["effective_time"].as_u64().unwrap() > 20_000_000);
    let mut bad = vec!["--data", data.to_str().unwrap(), "term", "expand"];
    bad.extend(["--ecl", "<< 138875005 AND"]);
    let output = run(&bad);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("column 17"),
        "the position of the error is told: {said}"
    );
}

#[test]
fn a_copy_of_a_server_answers_without_it_and_fetches_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"));
    let copy = folder.path().join("copy");
    let sync = || {
        let output = server.run(&["-o", "json", "--data", copy.to_str().unwrap(), "sync"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        json(&output).as_array().unwrap().clone()
    };
    let first = sync();
    assert_eq!((first.len(), &first[0]["kind"]), (1, &json!("release")));
    assert!(server.run(&["codesystem", "import", &visits()]).status.success());
    let second = sync();
    let kinds: Vec<_> = second.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["edition", "content", "content"]);
    assert!(second[0]["bytes"].as_u64().unwrap() > 0);
    assert_eq!(second[1]["bytes"], 0, "the same files are fetched once");
    assert_eq!(sync(), Vec::<Value>::new());
    drop(server);
    assert_eq!(codes(&on(&copy, &["term", "expand", AT_HOME]).0), ["H", "HA"]);
    let (found, _) = on(&copy, &["term", "lookup", "home-visit"]);
    assert_eq!(found["code"], "home-visit");
}

#[test]
fn a_copy_that_is_killed_goes_on_and_holds_no_name_of_a_caller() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"));
    let rf2 = synthetic(folder.path(), "5000");
    for paths in [visits(), rf2] {
        let imported = server.run(&["--as", "importing-person", "codesystem", "import", &paths]);
        assert!(imported.status.success());
    }
    let copy = folder.path().join("copy");
    let url = server.url();
    for wait in [5, 20, 60, 120] {
        let mut sync = Command::new(binary())
            .args(["--server", &url, "--data", copy.to_str().unwrap(), "sync"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        sync.kill().unwrap();
        sync.wait().unwrap();
    }
    let whole = server.run(&["--data", copy.to_str().unwrap(), "sync"]);
    assert!(
        whole.status.success(),
        "{}",
        String::from_utf8_lossy(&whole.stderr)
    );
    drop(server);
    let (listed, _) = on(&copy, &["codesystem", "list"]);
    let urls: BTreeSet<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["url"].as_str().unwrap())
        .collect();
    assert!(urls.contains(VISITS) && urls.contains(SNOMED));
    assert_eq!(codes(&on(&copy, &["term", "expand", AT_HOME]).0), ["H", "HA"]);
    for_each_file(&copy, &mut |path, bytes| {
        let named = bytes.windows(16).any(|part| part == b"importing-person");
        assert!(!named, "{}", path.display());
    });
}

#[test]
fn a_killed_import_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let rf2 = synthetic(folder.path(), "2000");
    let start = |data: &Path| {
        let mut import = Command::new(binary());
        import.args(["--data", data.to_str().unwrap(), "codesystem", "import", &rf2]);
        import
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        import.spawn().unwrap()
    };
    let fresh = |name: &str| {
        let data = folder.path().join(name);
        on(&data, &["codesystem", "import", &visits()]);
        data
    };
    // How long all of it takes tells when to kill.
    let whole = fresh("whole");
    let began = Instant::now();
    assert!(start(&whole).wait().unwrap().success());
    let time = began.elapsed();
    let (all, _) = on(&whole, &["codesystem", "list"]);
    let mut killed = 0;
    for part in [0.1, 0.4, 0.7, 0.9] {
        let data = fresh(&format!("killed-{part}"));
        let (before, _) = on(&data, &["codesystem", "list"]);
        let mut import = start(&data);
        std::thread::sleep(time.mul_f64(part));
        let done = import.try_wait().unwrap().is_some();
        import.kill().unwrap();
        import.wait().unwrap();
        killed += u32::from(!done);
        let (after, _) = on(&data, &["codesystem", "list"]);
        assert!(
            if done {
                after == all
            } else {
                after == before || after == all
            },
            "whole or not at all, killed after {part} of {time:?}: {after}"
        );
        assert_eq!(codes(&on(&data, &["term", "expand", AT_HOME]).0), ["H", "HA"]);
        if part == 0.4 {
            let (imported, code) = on(&data, &["codesystem", "import", &rf2]);
            assert_eq!((code, imported["content"].as_array().unwrap().len()), (0, 1));
        }
    }
    assert!(
        killed >= 2,
        "{killed} of 4 imports were killed before they were done"
    );
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line_and_the_rest_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.ndjson");
    let good = r#"{"resourceType":"CodeSystem","url":"urn:good","version":"1","status":"active","content":"complete","concept":[{"code":"a","display":"A"}]}"#;
    let twice = good.replace("urn:good", "urn:bad").replace(
        r#"[{"code":"a","display":"A"}]"#,
        r#"[{"code":"a","display":"A"},{"code":"a","display":"B"}]"#,
    );
    std::fs::write(&file, format!("{good}\n{{ no json\n{twice}\n")).unwrap();
    let data = folder.path().join("data");
    let (imported, code) = on(&data, &["codesystem", "import", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    let urls: Vec<_> = imported["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["url"])
        .collect();
    assert_eq!(urls, [&json!("urn:good")]);
    let findings = imported["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().any(|finding| finding["line"] == 2));
    for finding in findings {
        let explained = run(&["-o", "json", "explain", finding["code"].as_str().unwrap()]);
        assert!(explained.status.success(), "{}", stdout(&explained));
    }
}
