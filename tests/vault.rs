//! The vault from outside: what a population file says, numbers only by two persons and for a purpose, keys that link
//! within a project and nowhere else; and what persons have a right to, to the erasure of content for good.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vardnav_tests::{Server, for_each_file, json, lines, run, sample, stdout, write};

/// Stands in the content of records that are erased, and nowhere else.
const MARK: &str = "ZZERASED77";

fn said(output: &Output) -> String {
    stdout(output) + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a command under a name.
fn by(server: &Server, name: &str, arguments: &[&str]) -> Output {
    let mut all = vec!["-o", "json", "--as", name];
    all.extend(arguments);
    server.run(&all)
}

/// Reported lines that were taken: the line, its number of a person, and how a revision is named.
struct Taken {
    line: Value,
    number: String,
    name: String,
}

fn report(server: &Server, folder: &Path, sent: &[String], receipts: Option<&str>) -> Vec<Taken> {
    let file = write(folder, "sent.ndjson", sent);
    let mut arguments = vec!["-o", "ndjson", "register", "report", file.as_str()];
    arguments.extend(receipts.iter().flat_map(|folder| ["--receipts", *folder]));
    let outcomes = lines(&server.run(&arguments));
    let taken = outcomes.iter().filter_map(|outcome| {
        let kept = ["accepted", "held"].contains(&outcome["outcome"].as_str()?);
        let line = outcome["line"].as_u64().filter(|_| kept)?;
        let line: Value = serde_json::from_str(&sent[usize::try_from(line).ok()? - 1]).ok()?;
        let text = |field: &str| line[field].as_str().unwrap().to_owned();
        let name = format!(
            "{}/{}/{}/{}",
            text("reporter"),
            text("kind"),
            text("id"),
            line["revision"]
        );
        let number = line["person"]["number"].as_str()?.to_owned();
        Some(Taken { line, number, name })
    });
    taken.collect()
}

/// The number that most lines are about, of the kind of all others.
fn most_reported(taken: &[Taken]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for taken in taken
        .iter()
        .filter(|taken| taken.line["person"]["type"] == "personnummer")
    {
        *counts.entry(&taken.number).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .unwrap()
        .0
        .to_owned()
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[test]
fn numbers_are_had_again_by_two_persons_for_a_purpose_and_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let taken = report(&server, folder.path(), &sample(200, 21), None);
    let number = most_reported(&taken);
    let of = taken.iter().find(|taken| taken.number == number).unwrap();
    let asked = by(
        &server,
        "anna",
        &[
            "admin",
            "vault",
            "request",
            "--purpose",
            "quality-control",
            "--reason",
            "the reporter asks whom it is about",
            "--record",
            &of.name,
        ],
    );
    let request = json(&asked)["number"].to_string();
    let step = |name: &str, verb: &str| by(&server, name, &["admin", "vault", verb, &request]);
    assert_eq!(
        step("anna", "open").status.code(),
        Some(4),
        "it waits for another person"
    );
    assert_eq!(
        step("anna", "approve").status.code(),
        Some(4),
        "one person is not two"
    );
    assert_eq!(json(&step("bo", "approve"))["standing"], "open");
    assert_eq!(
        step("bo", "open").status.code(),
        Some(4),
        "only who asked may use it"
    );
    let opened = json(&step("anna", "open"));
    assert_eq!(opened[0]["number"].as_str().map(digits), Some(digits(&number)));
    assert_eq!(step("anna", "open").status.code(), Some(4), "it was for one use");
    let listed = json(&by(&server, "anna", &["admin", "vault", "requests"]));
    assert_eq!(listed[0]["standing"], "used-up");
    for wrong in [
        ["--purpose", "curiosity", "--reason", "why not"],
        ["--purpose", "quality-control", "--reason", "about 19821105-9954"],
    ] {
        let mut arguments = vec!["admin", "vault", "request", "--record", of.name.as_str()];
        arguments.extend(wrong);
        assert_eq!(by(&server, "anna", &arguments).status.code(), Some(2));
    }

    // Keys link within a project and nowhere else.
    let link = |project: &str| {
        let reporters: BTreeSet<&str> = taken
            .iter()
            .filter_map(|taken| taken.line["reporter"].as_str())
            .collect();
        let mut arguments = vec![
            "admin",
            "vault",
            "request",
            "--purpose",
            "research-linkage",
            "--reason",
            "an approved study",
            "--project",
            project,
        ];
        arguments.extend(reporters.iter().flat_map(|reporter| ["--reporter", *reporter]));
        let request = json(&by(&server, "anna", &arguments))["number"].to_string();
        assert!(
            by(&server, "bo", &["admin", "vault", "approve", &request])
                .status
                .success()
        );
        let linked = lines(&by(&server, "anna", &["admin", "vault", "link", &request]));
        let name = |row: &Value| {
            let text = |field: &str| row[field].as_str().unwrap().to_owned();
            format!(
                "{}/{}/{}/{}",
                text("reporter"),
                text("kind"),
                text("id"),
                row["revision"]
            )
        };
        linked
            .iter()
            .map(|row| (name(row), row["key"].as_str().unwrap().to_owned()))
            .collect::<BTreeMap<String, String>>()
    };
    let (one, again, other) = (link("heart"), link("heart"), link("lung"));
    assert_eq!(one, again);
    let keys = |linked: &BTreeMap<String, String>| linked.values().cloned().collect::<BTreeSet<_>>();
    assert!(keys(&one).is_disjoint(&keys(&other)));
    assert!(!keys(&one).contains(opened[0]["person"].as_str().unwrap()));
    let mut by_number: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for taken in &taken {
        by_number
            .entry(digits(&taken.number))
            .or_default()
            .insert(&one[&taken.name]);
    }
    assert!(
        by_number.values().all(|keys| keys.len() == 1),
        "one person, one key"
    );
    assert_eq!(by_number.len(), keys(&one).len(), "one key, one person");
}

#[test]
fn a_population_file_is_taken_in_once_and_its_findings_name_lines_and_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let taken = report(&server, folder.path(), &sample(60, 22), None);
    let number = most_reported(&taken);
    // One is reported under a reserve number, before the population register knows whose it is.
    let own = |taken: &&Taken| taken.number == number && taken.line["kind"] == "contact";
    let mut line = taken.iter().find(own).unwrap().line.clone();
    let reporter = line["reporter"].as_str().unwrap().to_owned();
    line["id"] = json!("under-reserve");
    line["person"] = json!({
        "type": "reserve", "number": "19821105AB12", "sex": "female", "birth_date": "1982-11-05",
    });
    line.as_object_mut().unwrap().remove("episode");
    line["revision"] = json!(1);
    let reserved = report(&server, folder.path(), &[line.to_string()], None);
    assert_eq!(reserved.len(), 1);
    let header = "type,number,event,from,until,kommun,other_type,other_number".to_owned();
    let file = write(
        folder.path(),
        "population.csv",
        &[
            header.clone(),
            format!("personnummer,{number},residence,2020-01-01,,0180,,"),
            format!("personnummer,{number},protection-begins,2025-01-01,,,,"),
            format!("personnummer,{number},number-change,2026-01-01,,,reserve@{reporter},R99X0000000001"),
            format!("reserve@{reporter},R99X0000000002,death,2026-03-04,,,,"),
            format!("reserve@{reporter},19821105AB12,merge,,,,personnummer,{number}"),
        ],
    );
    let import = |file: &str| by(&server, "anna", &["admin", "vault", "population", file]);
    let first = json(&import(&file));
    assert_eq!(
        (&first["lines"], &first["noted"], &first["known"]),
        (&json!(5), &json!(5), &json!(0))
    );
    let again = json(&import(&file));
    assert_eq!((&again["noted"], &again["known"]), (&json!(0), &json!(5)));
    let wrong = write(
        folder.path(),
        "wrong.csv",
        &[
            header,
            format!("personnummer,{number},death,2026-02-30,,,,"),
            format!("personnummer,{number}1,death,2026-02-03,,,,"),
            format!("personnummer,{number},moved-out,2026-02-03,,,,"),
        ],
    );
    let output = import(&wrong);
    assert_eq!(output.status.code(), Some(1));
    let found = json(&output);
    let places: Vec<_> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["line"].clone(), f["code"].clone()))
        .collect();
    let expected = [(json!(2), json!("VN-POP-005")), (json!(3), json!("VN-POP-003"))];
    assert_eq!(places, expected);
    assert_eq!(found["noted"], 0, "nothing of a file with errors");
    let all = said(&output) + &said(&import(&file));
    assert!(
        !digits(&all).contains(&digits(&number)[2..]),
        "no number is repeated"
    );

    // The other numbers lead to what was reported under the first, and that to what was reported under them.
    let extracted = |kind: &str, issuer: &str, number: &str| {
        let arguments = [
            "-o", "ndjson", "register", "extract", "--person", kind, "--issuer", issuer,
        ];
        lines(&server.run_with(&arguments, number.as_bytes()))
    };
    let under_all = extracted("personnummer", "", &number);
    assert!(
        under_all.iter().any(|row| row["id"] == "under-reserve"),
        "{under_all:?}"
    );
    assert!(under_all.len() > 1);
    for reserve in ["R99X0000000001", "19821105AB12"] {
        assert_eq!(extracted("reserve", &reporter, reserve), under_all);
    }
    assert!(extracted("reserve", "region-99", "19821105AB12").is_empty());
}

/// Reports a contact of another person that waits for its place; answers whose it is.
fn one_waits(server: &Server, folder: &Path, taken: &[Taken], number: &str) -> String {
    let other = taken.iter().find(|taken| {
        digits(&taken.number) != digits(number)
            && taken.line["kind"] == "contact"
            && taken.line["episode"].is_null()
            && taken.line["facts"]["contact-mode"] == "in-person"
    });
    let mut line = other.unwrap().line.clone();
    line["id"] = json!("waits");
    line["facts"].as_object_mut().unwrap().remove("place");
    line.as_object_mut().unwrap().remove("codes");
    let waits = write(folder, "waits.ndjson", &[line.to_string()]);
    let outcome = lines(&server.run(&["-o", "ndjson", "register", "report", &waits]));
    assert_eq!(outcome[0]["outcome"], "held", "{outcome:?}");
    line["reporter"].as_str().unwrap().to_owned()
}

/// What follows the streams holds: parts that a derivation derived, contacts that are counted, records of a reporter
/// that wait.
fn followed(server: &Server, reporter: &str) -> [u64; 3] {
    let sum = |rows: &Value, field: &str| {
        let rows = rows.as_array().unwrap().iter();
        rows.filter_map(|row| row[field].as_u64()).sum::<u64>()
    };
    let derived = json(&by(
        server,
        "anna",
        &["register", "reclassify", "status", "again"],
    ));
    let asked = ["indicator", "query", "contacts-by-group", "--variant", "contacts"];
    let counted = json(&by(server, "anna", &asked));
    let waiting = json(&by(server, "anna", &["register", "worklist", reporter]));
    [
        sum(&derived["changes"], "parts"),
        sum(&counted, "count"),
        sum(&waiting, "records"),
    ]
}

/// Lines of a sample whose records hold the mark.
fn marked(count: u32, seed: u32) -> Vec<String> {
    let lines = sample(count, seed);
    let marked = lines
        .iter()
        .map(|line| match serde_json::from_str::<Value>(line) {
            Ok(mut value) if value.is_object() => {
                value["codes"] = json!([{"system": "urn:own", "code": MARK}]);
                value.to_string()
            }
            _ => line.clone(),
        });
    marked.collect()
}

fn files_with(data: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for_each_file(data, &mut |path, content| {
        if content
            .windows(text.len())
            .any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    });
    found
}

#[test]
fn what_is_held_of_a_person_is_told_corrected_and_erased_and_proofs_stand() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (receipts, key, dir) = (place("receipts"), place("key.txt"), place("mirror"));
    let server = Server::start(&data);
    let sent = marked(120, 23);
    let taken = report(&server, folder.path(), &sent, Some(&receipts));
    assert!(taken.len() > 60, "{}", taken.len());
    let number = most_reported(&taken);
    let own: Vec<&Taken> = taken
        .iter()
        .filter(|taken| digits(&taken.number) == digits(&number))
        .collect();
    let waits_with = one_waits(&server, folder.path(), &taken, &number);
    let again = ["--release", "2026.1", "--name", "again", "--wait"];
    let planned = by(
        &server,
        "anna",
        &[&["register", "reclassify"], &again[..]].concat(),
    );
    assert!(planned.status.success(), "{}", said(&planned));
    let before = followed(&server, &waits_with);
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    let file = write(folder.path(), "number.txt", std::slice::from_ref(&number));

    let extract = by(&server, "anna", &["register", "extract", "--person-from", &file]);
    let told = lines(&extract);
    assert_eq!(told.len(), own.len());
    assert!(said(&extract).contains(MARK));
    assert!(
        !digits(&said(&extract)).contains(&digits(&number)[2..]),
        "no number in what is told"
    );
    let to = place("document");
    let written = by(
        &server,
        "anna",
        &["register", "extract", "--person-from", &file, "--to", &to],
    );
    assert_eq!(json(&written)["revisions"].as_u64(), Some(own.len() as u64));
    let text = std::fs::read_to_string(folder.path().join("document/extract.txt")).unwrap();
    assert!(text.contains(own[0].line["id"].as_str().unwrap()) && !text.contains(&number));
    let stranger = write(folder.path(), "stranger.txt", &["198211059954".to_owned()]);
    let nobody = by(
        &server,
        "anna",
        &["register", "extract", "--person-from", &stranger],
    );
    assert_eq!(nobody.status.code(), Some(1));

    let reporter = own[0].line["reporter"].as_str().unwrap();
    let rectify = by(
        &server,
        "anna",
        &[
            "register",
            "rectify",
            "--person-from",
            &file,
            "--reason",
            "the place is another",
            "--reporter",
            reporter,
        ],
    );
    assert!(!json(&rectify)["records"].as_array().unwrap().is_empty());
    let waiting = json(&by(
        &server,
        "ehr",
        &["register", "rectify", "--list", reporter, "--open"],
    ));
    assert_eq!(waiting[0]["reason"], "the place is another");

    json(&server.run(&["-o", "json", "heads", "mirror", &dir]));
    let ask = [
        "register",
        "erase",
        "--basis",
        "court-order",
        "--reason",
        "case 7",
        "--person-from",
        &file,
    ];
    let asked = json(&by(&server, "anna", &ask));
    assert_eq!(asked["records"].as_array().unwrap().len(), own.len());
    let request = asked["request"]["number"].to_string();
    let approve = |name: &str| by(&server, name, &["register", "erase", "approve", &request]);
    assert_eq!(approve("anna").status.code(), Some(4), "one person is not two");
    assert_eq!(json(&approve("bo"))["erased"].as_u64(), Some(own.len() as u64));
    assert_eq!(approve("bo").status.code(), Some(4));

    // What is erased is not told any more; what is not stays.
    let after = lines(&by(
        &server,
        "anna",
        &["register", "extract", "--person-from", &file],
    ));
    assert!(after.is_empty(), "{after:?}");
    let show = |taken: &Taken| {
        let text = |field: &str| taken.line[field].as_str().unwrap();
        let arguments = [
            "register",
            "show",
            text("reporter"),
            text("id"),
            "--kind",
            text("kind"),
        ];
        json(&by(&server, "anna", &arguments))
    };
    assert_eq!(show(own[0])[0]["record"], Value::Null);
    // Nor is it derived or counted, and what else there is still is, and waits.
    let is_forgotten = |now: &[u64; 3]| {
        let [derived, counted, waiting] = *now;
        (1..before[0]).contains(&derived) && (1..before[1]).contains(&counted) && waiting == before[2]
    };
    let began = Instant::now();
    while !is_forgotten(&followed(&server, &waits_with)) {
        let now = followed(&server, &waits_with);
        assert!(began.elapsed() < Duration::from_secs(20), "{before:?} {now:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(by(&server, "anna", &["register", "export"]).status.success());
    let other = taken
        .iter()
        .find(|taken| digits(&taken.number) != digits(&number))
        .unwrap();
    assert_ne!(show(other)[0]["record"], Value::Null);

    // Every proof given before still stands, and history was not rewritten.
    assert!(server.run(&["register", "key", &key]).status.success());
    assert!(server.run(&["heads", "mirror", &dir]).status.success());
    let input = place("sent.ndjson");
    for receipt in std::fs::read_dir(&receipts).unwrap() {
        let receipt = receipt.unwrap().path().to_string_lossy().into_owned();
        let anchor = place("anchor.json");
        assert!(
            server
                .run(&["register", "anchor", &receipt, "--to", &anchor])
                .status
                .success()
        );
        let proof = [
            "register", "prove", &receipt, "--input", &input, "--key", &key, "--anchor", &anchor,
        ];
        assert!(run(&proof).status.success());
    }
}

#[test]
fn an_erasure_that_is_killed_anywhere_is_finished_and_no_byte_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    for (round, wait) in [0_u64, 5, 40, 400].into_iter().enumerate() {
        let sent = marked(60, 31 + round as u32);
        let taken = report(&server, folder.path(), &sent, None);
        assert!(
            !files_with(&data.join("store"), MARK).is_empty(),
            "the search finds what is there"
        );
        let mut arguments = vec![
            "register",
            "erase",
            "--basis",
            "reported-in-error",
            "--reason",
            "not ours",
        ];
        arguments.extend(taken.iter().flat_map(|taken| ["--record", taken.name.as_str()]));
        let request = json(&by(&server, "anna", &arguments))["request"]["number"].to_string();
        let url = server.url();
        let approve = {
            let request = request.clone();
            std::thread::spawn(move || {
                run(&[
                    "--server", &url, "--as", "bo", "register", "erase", "approve", &request,
                ])
            })
        };
        std::thread::sleep(Duration::from_millis(wait));
        server.kill();
        let _ = approve.join().unwrap();
        server = Server::start(&data);
        let standing = |server: &Server| {
            let listed = json(&by(server, "anna", &["admin", "vault", "requests"]));
            let of = listed
                .as_array()
                .unwrap()
                .iter()
                .find(|row| row["number"].as_u64() == request.parse().ok());
            of.unwrap()["standing"].as_str().unwrap().to_owned()
        };
        if standing(&server) == "waits" {
            assert!(
                by(&server, "bo", &["register", "erase", "approve", &request])
                    .status
                    .success()
            );
        }
        let began = Instant::now();
        while standing(&server) != "used-up" {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "it is finished by itself"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        // What projections held leaves their files at the next start at the latest.
        drop(server);
        server = Server::start(&data);
        assert_eq!(files_with(&data, MARK), Vec::<String>::new());
        let extract = server.run_with(
            &["-o", "ndjson", "register", "extract"],
            most_reported(&taken).as_bytes(),
        );
        assert!(!stdout(&extract).contains(MARK));
    }
}
