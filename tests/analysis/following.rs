//! The tables against the register: every value of every column is that of an export of what is current.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_interchange::export::{Cell, Scalar, Table, part_rows, record_row, tables};
use vardnav_interchange::release::{parse, starter};
use vardnav_store::postgres::private::Private;
use vardnav_tests::{Server, binary, lines, sample, write};

use super::{Name, PATIENCE, Reader, private, standing};

fn serve(data: &std::path::Path, url: &str) -> Server {
    Server::start_with(data, &["--analysis", url])
}

/// A value as the database tells it in JSON.
fn told(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Text(text) => json!(text),
        Scalar::Date(days) => json!(
            Date::constant(1970, 1, 1)
                .checked_add(days.days())
                .unwrap()
                .to_string()
        ),
        Scalar::Boolean(flag) => json!(flag),
        Scalar::Integer(number) => json!(number),
        Scalar::Instant(micros) => json!(micros),
    }
}

fn cell(cell: &Cell) -> Value {
    match cell {
        Cell::None => Value::Null,
        Cell::One(scalar) => told(scalar),
        Cell::Many(many) => many
            .iter()
            .map(|one| one.as_ref().map_or(Value::Null, told))
            .collect(),
    }
}

/// What the tables are to hold: rows by table, each as the values of its columns by name.
fn wanted(standing: &BTreeMap<Name, Value>, shape: &[Table]) -> BTreeMap<String, BTreeSet<String>> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in shape {
        let name = table.name.replace('-', "_");
        let rows = wanted.entry(name).or_default();
        for ((_, kind, _), line) in standing {
            let cells = match table.kind {
                Some(of) if of.name() == kind => vec![record_row(table, line).unwrap()],
                Some(_) => Vec::new(),
                None => part_rows(table, line).unwrap(),
            };
            for cells in cells {
                let columns = table.columns.iter().map(|column| column.name.clone());
                let row: serde_json::Map<_, _> = columns.zip(cells.iter().map(cell)).collect();
                rows.insert(Value::Object(row).to_string());
            }
        }
    }
    wanted
}

/// What they hold.
fn held(reader: &Reader, shape: &[Table]) -> BTreeMap<String, BTreeSet<String>> {
    let mut held = BTreeMap::new();
    for table in shape {
        let name = table.name.replace('-', "_");
        let columns = table.columns.iter().map(|column| match column.name.as_str() {
            "received" => "(extract(epoch FROM received) * 1000000)::bigint AS received".to_owned(),
            name => format!("\"{name}\""),
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        let rows = reader.rows(&format!("SELECT {columns} FROM analysis.{name}"));
        let number = rows.len();
        let rows: BTreeSet<String> = rows.into_iter().map(|row| row.to_string()).collect();
        assert_eq!(rows.len(), number, "{name} holds a row twice");
        held.insert(name, rows);
    }
    held
}

fn shape() -> Vec<Table> {
    tables(&parse(&starter::package().unwrap()).source.unwrap())
}

fn same(reader: &Reader, server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    reader.wait(server);
    let (shape, standing) = (shape(), standing(server));
    let (wanted, held) = (wanted(&standing, &shape), held(reader, &shape));
    for (table, rows) in &wanted {
        let held = &held[table];
        let lacking = rows.difference(held).next();
        let foreign = held.difference(rows).next();
        assert!(
            lacking.is_none() && foreign.is_none(),
            "{table}: {lacking:?} {foreign:?}"
        );
    }
    held
}

fn report(server: &Server, file: &str) {
    server.run(&["-o", "ndjson", "register", "report", "--batch", "100", file]);
}

#[test]
fn tables_are_as_the_register_is_through_kills_corrections_withdrawals_and_erasures() {
    let Some(private) = private() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (data, url) = (folder.path().join("data"), private.url("postgres"));
    let mut server = serve(&data, &url);
    let reader = Reader::new(&url);

    // The server is killed again and again while records come and are followed.
    let sent = sample(1500, 11);
    let file = write(folder.path(), "sent.ndjson", &sent);
    for after in [400, 900, 1600] {
        let mut sender = Command::new(binary())
            .args([
                "--server",
                &server.url(),
                "register",
                "report",
                "--batch",
                "50",
                &file,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        server.kill();
        sender.wait().unwrap();
        server = serve(&data, &url);
    }
    report(&server, &file);
    let held = same(&reader, &server);
    assert!(
        held["contact"].len() > 500 && held["episode"].len() > 100,
        "the sample is in the tables"
    );
    assert!(held.values().all(|rows| !rows.is_empty()));

    corrected(&server, folder.path(), &sent);
    same(&reader, &server);
    withdrawn(&server, &reader);
    same(&reader, &server);
    erased(&server, folder.path(), &sent);
    let held = same(&reader, &server);
    rebuilt(&reader, &server, &url, &held);
    let _server = emptied(&reader, server, (&data, &url), &held);
    only_read(&private, &url);
}

/// Contacts are told anew: of another day, in another month as well.
fn corrected(server: &Server, folder: &std::path::Path, sent: &[String]) {
    let records = sent
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let contacts = records.filter(|record| record["kind"] == "contact" && record["episode"].is_null());
    let anew = contacts.take(60).enumerate().map(|(at, mut record)| {
        record["revision"] = json!(2);
        if at % 2 == 0 {
            record["date"] = json!("2026-01-07");
        }
        record["professions"] = json!(["physician"]);
        record.to_string()
    });
    let anew: Vec<String> = anew.collect();
    report(server, &write(folder, "anew.ndjson", &anew));
    let again = standing(server);
    let second = again.values().filter(|line| line["revision"] == 2).count();
    assert!(second > 20, "{second} records were corrected");
}

fn withdrawn(server: &Server, reader: &Reader) {
    let name = "SELECT reporter, id FROM analysis.contact ORDER BY reporter, id LIMIT 3";
    for row in reader.rows(name) {
        let (reporter, id) = (row["reporter"].as_str().unwrap(), row["id"].as_str().unwrap());
        let arguments = [
            "register",
            "withdraw",
            reporter,
            id,
            "--kind",
            "contact",
            "--reason",
            "duplicate",
        ];
        let output = server.run(&arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A person's records are erased, of whom there are several.
fn erased(server: &Server, folder: &std::path::Path, sent: &[String]) {
    let records = sent
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut persons: BTreeMap<String, u32> = BTreeMap::new();
    for record in records.filter(|record| record["person"]["type"] == "personnummer") {
        if let Some(number) = record["person"]["number"].as_str() {
            *persons.entry(number.to_owned()).or_default() += 1;
        }
    }
    let (number, _) = persons.into_iter().max_by_key(|(_, records)| *records).unwrap();
    let file = folder.join("person");
    std::fs::write(&file, number).unwrap();
    let ask = [
        "-o",
        "json",
        "--as",
        "anna",
        "register",
        "erase",
        "--basis",
        "court-order",
        "--reason",
        "case 7",
        "--person-from",
        file.to_str().unwrap(),
    ];
    let asked = vardnav_tests::json(&server.run(&ask));
    assert!(asked["records"].as_array().unwrap().len() > 1, "{asked}");
    let request = asked["request"]["number"].to_string();
    let approve = [
        "-o", "json", "--as", "bo", "register", "erase", "approve", &request,
    ];
    assert!(vardnav_tests::json(&server.run(&approve))["erased"].as_u64() > Some(1));
}

/// Tables built anew hold the same rows, under the same persons' keys.
fn rebuilt(reader: &Reader, server: &Server, url: &str, before: &BTreeMap<String, BTreeSet<String>>) {
    let persons = "SELECT reporter, id, person, month FROM analysis.contact ORDER BY 1, 2";
    let (keys, table) = (
        reader.rows(persons),
        "SELECT 'analysis.contact'::regclass::oid::bigint AS oid",
    );
    let old = reader.rows(table);
    // Whoever reads the old ones meanwhile is waited for.
    let slow = Reader::new(url);
    slow.run("BEGIN; SELECT count(*) FROM analysis.contact").unwrap();
    let asked = vardnav_tests::run(&["admin", "analysis", "rebuild", "--analysis", url]);
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    std::thread::sleep(Duration::from_secs(5));
    assert!(
        !slow
            .rows("SELECT person FROM analysis.contact LIMIT 1")
            .is_empty()
    );
    slow.run("COMMIT").unwrap();
    let until = Instant::now() + PATIENCE;
    while reader.try_rows(table).is_ok_and(|now| now == old) {
        assert!(Instant::now() < until, "the tables were not built anew");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(&same(reader, server), before);
    assert_eq!(reader.rows(persons), keys);
    let status = lines(&vardnav_tests::run(&[
        "-o",
        "ndjson",
        "admin",
        "analysis",
        "status",
        "--analysis",
        url,
    ]));
    assert!(
        !status.is_empty() && status.iter().all(|row| row["seconds_behind"] == 0.0),
        "{status:?}"
    );
}

/// A part that somebody emptied or dropped while no server looked is noticed at the next start, and the tables are built
/// anew unasked.
fn emptied(
    reader: &Reader,
    mut server: Server,
    (data, url): (&std::path::Path, &str),
    before: &BTreeMap<String, BTreeSet<String>>,
) -> Server {
    let filled = "SELECT part FROM analysis.filled WHERE part LIKE 'contact%' ORDER BY part LIMIT 1";
    for harm in ["TRUNCATE", "DROP TABLE"] {
        let part = reader.rows(filled)[0]["part"].as_str().unwrap().to_owned();
        server.kill();
        reader.run(&format!("{harm} analysis.\"{part}\"")).unwrap();
        server = serve(data, url);
        let until = Instant::now() + PATIENCE;
        let some = format!("SELECT id FROM analysis.\"{part}\" LIMIT 1");
        while !reader.try_rows(&some).is_ok_and(|rows| !rows.is_empty()) {
            assert!(Instant::now() < until, "{harm} {part} was not mended");
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(&same(reader, &server), before, "{harm} {part}");
    }
    server
}

/// The analysts' role reads the tables and writes nothing; what the follower keeps is not its to see.
fn only_read(_private: &Private, url: &str) {
    let reader = Reader::new(url);
    reader
        .run("CREATE TABLE public.ledger_row (x int); SET ROLE vardnav_analyst")
        .unwrap();
    for table in [
        "contact",
        "parts",
        "care_request",
        "monitoring_period",
        "episode",
        "codes",
        "lag",
    ] {
        let rows = reader.rows(&format!("SELECT count(*) AS n FROM analysis.{table}"));
        assert!(rows[0]["n"].as_u64().unwrap() > 0, "{table}");
    }
    for refused in [
        "SELECT * FROM analysis_own.follower",
        "SELECT * FROM analysis.taken",
        "SELECT * FROM analysis.erased",
        "SELECT * FROM public.ledger_row",
        "DELETE FROM analysis.contact",
        "INSERT INTO analysis.codes VALUES ('', '', '', '', '', '')",
        "CREATE TABLE analysis.own (x int)",
    ] {
        let said = reader.run(refused).unwrap_err();
        assert!(said.contains("permission denied"), "{refused}: {said}");
    }
    let comments = reader.rows(
        "SELECT col_description('analysis.contact'::regclass, ordinal_position) AS told \
           FROM information_schema.columns WHERE table_schema = 'analysis' AND table_name = 'contact'",
    );
    assert!(
        comments.len() > 30
            && comments
                .iter()
                .all(|row| row["told"].as_str().is_some_and(|told| told.len() > 5))
    );
}
