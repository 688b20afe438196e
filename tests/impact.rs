//! What a draft would do, as an administrator sees it before publishing: the preview's numbers are those of classifying
//! what is exported again by the other variant, and of deriving history anew, a sample is the same for the same seed, and the register is as it
//! was.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vardnav_tests::{Server, copy, json, lines, root, run_with, sample, stdout, write};

const VARIANT: &str = "U4:physician-only";

const FORM: &str = "episode-form";

/// The tables that give one value.
const FIRST: [&str; 3] = [FORM, "care-level", "contact-type"];

type Cells = BTreeMap<(String, String, String), u64>;

/// Episodes that form hospital care at home by who is there round the clock: with a team, with one on weekdays only, and
/// with nothing said of a team.
fn episodes() -> Vec<Value> {
    let records = sample(400, 3);
    let found = records
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|record| {
            record["kind"] == "episode"
                && record["revision"] == 1
                && record["person"]["type"] == "personnummer"
                && record["start"]
                    .as_str()
                    .is_some_and(|start| start > "2026-02" && start < "2026-10")
        });
    let mut record = found.unwrap();
    for field in ["unit", "facts", "plans", "decided_by", "end_mode", "end"] {
        record.as_object_mut().unwrap().remove(field);
    }
    let teams = [(Some("round-the-clock"), 11), (Some("weekdays"), 9), (None, 7)];
    let teams = teams
        .iter()
        .flat_map(|(team, count)| (0..*count).map(move |_| team));
    teams
        .enumerate()
        .map(|(at, team)| {
            let mut facts = json!({
                "enrolment": "inpatient", "bed": "none", "place": "ordinary-housing", "level": "specialised",
                "replaces-ward": "instead-of-admission", "origin": "hospital",
                "physician-access": "round-the-clock-remote",
            });
            if let Some(team) = team {
                facts["team-response"] = json!(team);
            }
            record["id"] = json!(format!("h-{at:03}"));
            record["segments"] = json!([{"start": record["start"], "facts": facts}]);
            record.clone()
        })
        .collect()
}

/// What an export says of the parts of records as they stand: by record and segment, its line and what each table gave.
fn exported(server: &Server, derivation: &str) -> BTreeMap<String, (Value, BTreeMap<String, String>)> {
    let mut latest: BTreeMap<String, Value> = BTreeMap::new();
    let export = ["-o", "ndjson", "register", "export", "--derivation", derivation];
    for row in lines(&server.run(&export)) {
        let key = format!("{}/{}/{}", row["reporter"], row["kind"], row["id"]);
        let known = latest.get(&key).and_then(|known| known["revision"].as_u64());
        if known.is_none_or(|known| Some(known) < row["revision"].as_u64()) {
            latest.insert(key, row);
        }
    }
    let mut parts = BTreeMap::new();
    for (key, row) in latest {
        let of = match row["kind"].as_str().unwrap() {
            "episode" => "segment",
            other => other,
        };
        for part in row["derived"].as_array().unwrap() {
            let tables = part["tables"].as_object().unwrap().iter();
            let tables = tables.map(|(table, given)| (table.clone(), words(&given["values"])));
            let key = format!("{key}/{}", part["segment"]);
            let line = json!({"id": parts.len().to_string(), "of": of, "date": part["date"], "facts": part["facts"]});
            parts.insert(key, (line, tables.collect()));
        }
    }
    parts
}

fn words(values: &Value) -> String {
    match values {
        Value::Array(values) => {
            let values: Vec<&str> = values.iter().map(|value| value.as_str().unwrap()).collect();
            values.join("+")
        }
        held => held.as_str().unwrap_or_default().to_owned(),
    }
}

/// What moved between two exports.
fn moved(server: &Server, derivation: &str) -> Cells {
    let (before, after) = (exported(server, "as-reported"), exported(server, derivation));
    assert!(before.len() > 500, "{}", before.len());
    let mut cells = Cells::new();
    for (part, (_, after)) in &after {
        let before = &before[part].1;
        for table in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let of = |given: &BTreeMap<String, String>| given.get(table).cloned().unwrap_or_default();
            if of(before) != of(after) {
                *cells.entry((table.clone(), of(before), of(after))).or_default() += 1;
            }
        }
    }
    cells
}

/// What moves of the form of episodes when every exported segment is classified again by the other variant.
fn classified(server: &Server) -> Cells {
    let parts = exported(server, "as-reported");
    let segments: Vec<_> = parts
        .values()
        .filter(|(line, _)| line["of"] == "segment")
        .collect();
    let input: String = segments.iter().map(|(line, _)| format!("{line}\n")).collect();
    let classify = ["-o", "ndjson", "classify", "--offline", "--variant", VARIANT];
    let given = lines(&run_with(&classify, input.as_bytes()));
    assert_eq!(given.len(), segments.len());
    let mut cells = Cells::new();
    for ((_, before), after) in segments.iter().zip(&given) {
        let from = before.get(FORM).cloned().unwrap_or_default();
        let to = form_of(after);
        if from != to {
            *cells.entry((FORM.to_owned(), from, to)).or_default() += 1;
        }
    }
    cells
}

fn cells(told: &Value) -> Cells {
    let cells = told["cells"].as_array().unwrap().iter();
    let text = |cell: &Value, name: &str| cell[name].as_str().unwrap().to_owned();
    cells
        .filter_map(|cell| {
            let key = (text(cell, "table"), text(cell, "from"), text(cell, "to"));
            Some((key, cell["parts"].as_u64()?))
        })
        .collect()
}

/// What is told is what was counted, and what is not told are few.
fn assert_agree(told: &Cells, counted: &Cells) {
    for (cell, parts) in counted {
        match told.get(cell) {
            Some(told) => assert_eq!(told, parts, "{cell:?}"),
            None => assert!(*parts < 5, "{cell:?}: {parts}"),
        }
    }
    assert!(
        told.keys().all(|cell| counted.contains_key(cell)),
        "{told:?} {counted:?}"
    );
}

fn form_of(given: &Value) -> String {
    let form = given[FORM.replace('-', "_")].as_str();
    form.unwrap_or("held").to_owned()
}

/// What every entry holds, with its leaf.
fn held(server: &Server) -> String {
    stdout(&server.run(&[
        "-o",
        "ndjson",
        "register",
        "export",
        "--derivation",
        "as-reported",
    ]))
}

#[test]
fn what_a_draft_would_do_is_told_exactly_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let mut reported = sample(1200, 5);
    reported.extend(episodes().iter().map(Value::to_string));
    let file = write(folder.path(), "reported.ndjson", &reported);
    let outcomes = lines(&server.run(&["-o", "ndjson", "register", "report", &file]));
    assert!(outcomes.len() > 1000);
    let before = held(&server);

    // A draft that settles the point otherwise.
    let draft = folder.path().join("draft");
    copy(&root().join("crates/interchange/starter/2026.1"), &draft);
    for (file, from, to) in [
        ("release.toml", "2026.1", "2026.2"),
        ("release.toml", "2026-01-01", "2027-03-01"),
        (
            "unsettled.toml",
            "chosen = \"physician-and-team\"",
            "chosen = \"physician-only\"",
        ),
    ] {
        let path = draft.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
    let draft = draft.to_string_lossy().into_owned();
    let drafted = server.run(&["--as", "anna", "release", "draft", &draft]);
    assert!(drafted.status.success());

    let told = json(&server.run(&["-o", "json", "release", "impact", "2026.2"]));
    let told_cells = cells(&told);
    let form = |from: &str, to: &str| {
        let key = (FORM.to_owned(), from.to_owned(), to.to_owned());
        told_cells.get(&key).copied().unwrap_or_default()
    };
    assert!(
        form("specialised-care-at-home", "hospital-care-at-home") >= 9,
        "{told}"
    );
    assert!(form("held", "hospital-care-at-home") >= 7, "{told}");
    assert!(told["released"].as_u64().unwrap() >= 7);
    let rules = told["rules"].as_array().unwrap();
    assert!(
        rules
            .iter()
            .any(|rule| rule["table"] == "episode-form" && rule["from"] == "E31" && rule["to"] == "E30")
    );
    let figures = told["figures"].as_array().unwrap();
    assert!(figures.iter().any(|figure| figure["region"] == ""));

    // The same, by the variant of the release in force; what is not told counts fewer than five, or would tell them.
    let variant = json(&server.run(&["-o", "json", "release", "impact", "2026.1", "--variant", VARIANT]));
    assert_eq!(cells(&variant), told_cells);
    let forms = told_cells
        .iter()
        .filter(|((table, ..), _)| table == FORM)
        .map(|(cell, parts)| (cell.clone(), *parts));
    assert_agree(&forms.collect(), &classified(&server));
    let reclassify = [
        "register",
        "reclassify",
        "--release",
        "2026.1",
        "--variant",
        VARIANT,
        "--name",
        "other",
        "--wait",
    ];
    assert!(server.run(&reclassify).status.success());
    // An export does not tell of values that may be, which only tables that collect have.
    let first = |cells: &Cells| -> Cells {
        let cells = cells
            .iter()
            .filter(|((table, ..), _)| FIRST.contains(&table.as_str()));
        cells.map(|(cell, parts)| (cell.clone(), *parts)).collect()
    };
    assert_agree(&first(&told_cells), &first(&moved(&server, "other")));

    // Broken down, no count is told that is fewer than five, and the whole is the same.
    let by = ["-o", "json", "release", "impact", "2026.2", "--by", "kommun"];
    let broken = json(&server.run(&by));
    let broken = broken["cells"].as_array().unwrap();
    assert!(
        broken
            .iter()
            .filter_map(|cell| cell["parts"].as_u64())
            .all(|parts| parts == 0 || parts >= 5)
    );
    let whole: Vec<&Value> = broken.iter().filter(|cell| cell["group"] == "").collect();
    assert_eq!(whole.len(), told["cells"].as_array().unwrap().len());

    // The release in force against itself moves nothing that was decided as it is now.
    let grid = server.run(&["release", "impact", "2026.1", "--all"]);
    assert!(grid.status.success());
    assert!(stdout(&grid).contains("hospital-care-at-home"));

    // A sample: the same for the same seed, with an estimate.
    let half = [
        "-o", "json", "release", "impact", "2026.2", "--sample", "0.5", "--seed", "7",
    ];
    let (mut one, mut other) = (json(&server.run(&half)), json(&server.run(&half)));
    for told in [&mut one, &mut other] {
        told["seconds"] = Value::Null;
    }
    assert_eq!(one, other);
    let (sampled, of) = (
        one["sampled"].as_u64().unwrap(),
        one["sampled_from"].as_u64().unwrap(),
    );
    assert!(sampled > of / 3 && sampled < of * 2 / 3, "{sampled} of {of}");

    assert_eq!(held(&server), before, "nothing is changed by asking");
    for wrong in [
        vec!["release", "impact", "2026.9"],
        vec!["release", "impact", "2026.1", "--variant", "U4:none"],
        vec!["release", "impact", "2026.1", "--sample", "2"],
        vec![
            "release",
            "impact",
            "2026.1",
            "--from",
            "2026-05-01",
            "--until",
            "2026-05-01",
        ],
    ] {
        assert!(!server.run(&wrong).status.success(), "{wrong:?}");
    }

    // While records come in, those are counted that were there when it was asked.
    let more = write(folder.path(), "more.ndjson", &sample(1500, 9));
    let entries = told["entries"].as_u64().unwrap();
    let asked = std::thread::scope(|scope| {
        let report = scope.spawn(|| server.run(&["register", "report", &more]));
        let asked = json(&server.run(&["-o", "json", "release", "impact", "2026.2"]));
        report.join().unwrap();
        asked
    });
    let after = held(&server).lines().count() as u64;
    let during = asked["entries"].as_u64().unwrap();
    assert!(entries <= during && during <= after && entries < after);
}
