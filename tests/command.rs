//! The command as its users meet it: the demonstration, the sample, classification on and off line, editions, a
//! release's way from draft to publication, exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vardnav_tests::{Server, copy, json, lines, root, run, run_with, sample, stdout};

#[test]
fn the_demonstration_adds_up() {
    let output = run(&[
        "-o",
        "json",
        "demo",
        "--count",
        "3000",
        "--no-serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let demo = json(&output);
    let count = |name: &str| demo[name].as_u64().unwrap();
    assert_eq!(demo["release"], "2026.1");
    assert_eq!(count("reported"), 3000);
    assert_eq!(
        count("reported"),
        count("accepted") + count("held") + count("rejected")
    );
    assert!(count("rejected") > 0, "the sample holds bad records");
    assert!(
        count("held") * 50 <= count("accepted") + count("held"),
        "at most 2 % of the good records are held"
    );
    assert!(!demo["reporters"].as_array().unwrap().is_empty());
    assert_eq!(demo["receipt_verified"], true);
    assert!(!demo["findings"].as_array().unwrap().is_empty());
    let groups: BTreeSet<&str> = demo["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["group"].as_str().unwrap())
        .collect();
    for group in [
        "mobile-care",
        "hospital-care-at-home",
        "home-health-care-children",
        "primary-care-bed",
    ] {
        assert!(groups.contains(group), "no {group} among {groups:?}");
    }
    assert!(!demo["figure"].is_null());
}

#[test]
fn the_sample_is_the_same_for_the_same_seed_and_has_many_persons() {
    let once = sample(3000, 11);
    assert_eq!(once.len(), 3000);
    assert_eq!(once, sample(3000, 11));
    assert_ne!(once, sample(3000, 12));
    let records: Vec<Value> = once
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let persons: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["person"]["number"].as_str())
        .collect();
    assert!(persons.len() > 1000, "{} persons", persons.len());
    let outside_the_series = records
        .iter()
        .filter(|record| record["person"]["type"] != "reserve")
        .filter_map(|record| record["person"]["number"].as_str())
        .filter(|number| number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|number| !(980..=999).contains(&number[8..11].parse::<u32>().unwrap()))
        .count();
    assert_eq!(
        outside_the_series, 0,
        "numbers outside the series kept for test persons"
    );
}

#[test]
fn a_release_is_published_by_two_and_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let next = folder.path().join("next");
    copy(&root().join("crates/interchange/starter/2026.1"), &next);
    let head = next.join("release.toml");
    let text = std::fs::read_to_string(&head).unwrap();
    std::fs::write(
        &head,
        text.replacen("2026.1", "2026.2", 1)
            .replacen("2026-01-01", "2026-10-01", 1),
    )
    .unwrap();
    let next = next.to_string_lossy().into_owned();

    assert!(
        server
            .run(&["--as", "anna", "release", "draft", &next])
            .status
            .success()
    );
    assert_eq!(
        server
            .run(&["--as", "bo", "release", "approve", "2026.2"])
            .status
            .code(),
        Some(4),
        "not yet checked"
    );
    let check = server.run(&["--as", "anna", "release", "check", "2026.2"]);
    assert!(check.status.success(), "{}", stdout(&check));
    for own in ["anna", "Anna"] {
        let approve = server.run(&["--as", own, "release", "approve", "2026.2"]);
        assert_eq!(approve.status.code(), Some(4), "one's own");
    }
    assert_eq!(
        server
            .run(&["--as", "bo", "release", "publish", "2026.2"])
            .status
            .code(),
        Some(4),
        "not yet approved"
    );
    assert!(
        server
            .run(&["--as", "bo", "release", "approve", "2026.2"])
            .status
            .success()
    );
    assert!(
        server
            .run(&["--as", "bo", "release", "publish", "2026.2"])
            .status
            .success()
    );
    assert_eq!(
        server
            .run(&["--as", "anna", "release", "draft", &next, "--update"])
            .status
            .code(),
        Some(4)
    );

    let listed = json(&server.run(&["-o", "json", "release", "list"]));
    let status = |id: &str| {
        listed
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == id)
            .unwrap()["status"]
            .clone()
    };
    assert_eq!(
        (status("2026.1"), status("2026.2")),
        (json!("published"), json!("published"))
    );
    let line = |date: &str| {
        format!(
            "{{\"id\": \"a\", \"of\": \"contact\", \"date\": \"{date}\", \"facts\": {{\"contact-mode\": \"video\"}}}}\n"
        )
    };
    let input = line("2026-09-30") + &line("2026-10-01");
    let answers = lines(&server.run_with(&["classify", "-"], input.as_bytes()));
    assert_eq!(
        answers
            .iter()
            .map(|answer| &answer["release"])
            .collect::<Vec<_>>(),
        ["2026.1", "2026.2"]
    );
}

#[test]
fn classify_says_the_same_offline_and_online() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let input = concat!(
        r#"{"id": "a", "of": "contact", "date": "2026-09-01", "facts": {"contact-mode": "in-person", "place": "ordinary-housing", "enrolment": "none", "origin": "regional-primary-care", "profession": "physician", "performer": "licensed", "performing-principal": "region", "age-group": "80-plus"}}"#,
        "\n",
        r#"{"id": "b", "of": "segment", "date": "2026-09-01", "facts": {"place": "ordinary-housing", "enrolment": "inpatient"}}"#,
        "\n",
        r#"{"id": "c", "of": "monitoring-period", "date": "2026-09-01", "facts": {"monitoring": "remote-prescribed", "level": "specialised", "origin": "hospital"}}"#,
        "\n",
        r#"{"id": "d", "of": "contact", "date": "2026-09-01", "facts": {"plats": "hemma"}}"#,
        "\n",
        "not json\n",
        r#"{"id": "f", "of": "contact", "date": "1999-01-01", "facts": {"profession": ["nurse", "physician"], "contact-mode": "unknown"}}"#,
        "\n",
    );
    let online = server.run_with(&["classify", "-"], input.as_bytes());
    let offline = run_with(&["classify", "-", "--offline"], input.as_bytes());
    assert_eq!(lines(&online), lines(&offline));
    let answers = lines(&offline);
    assert_eq!(answers.len(), 6);
    let held_by_a_row = r#"{"id": "g", "of": "segment", "date": "2026-09-01", "facts": {"place": "clinic", "bed": "home-place", "replaces-ward": "instead-of-admission", "enrolment": "care-period-without-bed", "origin": "hospital"}}"#;
    let input = format!("{input}{held_by_a_row}\n");
    let online = server.run_with(&["classify", "-", "--explain"], input.as_bytes());
    let offline = run_with(&["classify", "-", "--explain", "--offline"], input.as_bytes());
    let explained = lines(&offline);
    assert_eq!(lines(&online), explained);
    let tables = |line: usize| &explained[line]["explanation"]["tables"];
    assert_eq!(tables(0)[0]["matched"][0]["rule"], "C35");
    assert_eq!(
        tables(0)[0]["others"][0]["ruled_out"][0]["wanted"],
        json!({"any_of": ["patient-or-relative", "assistant-or-social-service-staff"], "negated": false})
    );
    assert_eq!(tables(1)[0]["held"], true);
    assert!(!tables(1)[0]["possible"].as_array().unwrap().is_empty());
    assert!(tables(6)[0]["matched"][0]["reason"]["sv"].is_string());
    let text = &explained[0]["explanation"]["text"];
    assert!(!text["sv"].as_array().unwrap().is_empty() && !text["en"].as_array().unwrap().is_empty());

    let before = input.replace("2026-09-01", "2025-12-01");
    let arguments = ["classify", "-", "--explain", "--release", "2026.1", "--offline"];
    let offline = lines(&run_with(&arguments, before.as_bytes()));
    let online = lines(&server.run_with(&arguments[..5], before.as_bytes()));
    assert_eq!(online, offline);
    let tables = offline[1]["explanation"]["tables"].as_array().unwrap();
    let duties = tables.iter().find(|table| table["table"] == "duties").unwrap();
    assert_eq!(duties["others"][0]["in_force_from"], "2026-01-01");
    assert_eq!(answers[0]["contact_type"], "home-visit");
    assert_eq!(answers[0]["care_level"], "primary");
    assert_eq!(answers[0]["groups"], json!(["mobile-care"]));
    assert_eq!(answers[0]["duties"], json!(["primary-care-register"]));
    assert_eq!(
        answers[0]["rules"],
        json!({"contact-type": "C35", "care-level": "L10"})
    );
    assert_eq!(
        answers[0]["undetermined"]["groups"]["palliative-care"],
        json!(["care-intent"])
    );
    assert_eq!(
        answers[0]["undetermined"]["groups"]["hospital-care-at-home"],
        json!(["episode-form"])
    );
    assert_eq!(answers[0]["release"], "2026.1");
    assert!(answers[1]["undetermined"]["episode-form"].is_object());
    assert_eq!(answers[2]["monitoring_form"], "remote-monitoring");
    for bad in [3, 4, 5] {
        assert!(
            !answers[bad]["findings"].as_array().unwrap().is_empty(),
            "{}",
            answers[bad]
        );
    }
}

#[test]
fn the_real_editions_import_and_answer() {
    let data = std::env::var_os("VARDNAV_DATA").map_or_else(|| root().join("../shared/data"), Into::into);
    if !data.join("icd-10-se-2021").is_dir() {
        println!("skipped: the official files are not at hand; VARDNAV_DATA names their folder");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    for part in ["icd-10-se-2021", "kva-2021"] {
        let path = data.join(part);
        let import = server.run(&["codesystem", "import", path.to_str().unwrap()]);
        assert!(
            import.status.success(),
            "{}",
            String::from_utf8_lossy(&import.stderr)
        );
    }
    let systems = json(&server.run(&["-o", "json", "codesystem", "list"]));
    let concepts = |url: &str| {
        systems
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["url"] == url)
            .unwrap()["concepts"]
            .clone()
    };
    assert_eq!(concepts("urn:oid:1.2.752.116.1.1.1.1.3"), 35_951);
    assert_eq!(concepts("https://vardnav.se/CodeSystem/kka"), 8_130);
    assert_eq!(concepts("https://vardnav.se/CodeSystem/kma"), 4_666);
    for typed in ["hjä", "hjärts", "hjärtsvikt", "hjartsvikt"] {
        let hits = json(&server.run(&["-o", "json", "term", "search", typed, "--system", "icd-10-se"]));
        let found = hits
            .as_array()
            .unwrap()
            .iter()
            .any(|hit| hit["display"].as_str().unwrap().to_lowercase().contains("hjärt"));
        assert!(found, "`{typed}` finds {hits}");
    }
    let outcome = json(&server.run(&[
        "-o",
        "json",
        "term",
        "subsumes",
        "I50",
        "I509",
        "--system",
        "icd-10-se",
    ]));
    assert_eq!(outcome["outcome"], "subsumes");
    // What was imported is there again after a restart.
    server.kill();
    let server = Server::start(folder.path());
    assert!(
        server
            .run(&["term", "lookup", "I509", "--system", "icd-10-se"])
            .status
            .success()
    );
}

#[test]
fn commands_work_in_place_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let term = run(&["-o", "json", "--data", data, "term", "search", "hemsjukvård"]);
    assert!(term.status.success(), "{}", String::from_utf8_lossy(&term.stderr));
    let hits = json(&term);
    assert!(
        hits.as_array()
            .unwrap()
            .iter()
            .any(|hit| hit["matched"].as_str().unwrap().contains("emsjukvård"))
    );
    let list = run(&["-o", "json", "--data", data, "release", "list"]);
    assert_eq!(json(&list)[0]["id"], "2026.1");
}

#[test]
fn exit_codes_are_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    assert_eq!(
        run(&["--data", data, "term", "lookup", "no-such-code"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        run(&["register", "sample", "--count", "many"]).status.code(),
        Some(2)
    );
    assert_eq!(
        run(&["--server", "http://127.0.0.1:9", "release", "list"])
            .status
            .code(),
        Some(3)
    );
    assert_eq!(
        run(&["--data", data, "release", "approve", "2026.1"])
            .status
            .code(),
        Some(4)
    );
}

#[test]
fn a_misspelt_folder_is_refused_by_commands_that_read_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("misspelt");
    std::fs::write(folder.path().join("letter.txt"), "not a store").unwrap();
    for place in [missing.as_path(), folder.path()] {
        let place = place.to_str().unwrap();
        let listed = run(&["--data", place, "release", "list"]);
        let said = String::from_utf8_lossy(&listed.stderr).into_owned();
        assert_eq!(listed.status.code(), Some(2), "{said}");
        assert!(said.contains(place), "{said}");
    }
    assert!(!missing.exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
