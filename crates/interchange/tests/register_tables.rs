//! Records are read from tables as from NDJSON: the same record, the same words for what is wrong, each with its line
//! and column, and nothing repeated.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::register::records::{Form, Reading, RecordLine, Records, beginning, begins_as_csv};
use vardnav_interchange::register::table::encoding::Encoding;
use vardnav_interchange::register::table::layout::Layout;
use vardnav_interchange::register::table::write::Sheet;
use vardnav_interchange::register::table::{TableForm, TextFile};
use vardnav_interchange::register::write::write_record;
use vardnav_interchange::release::{layouts, starter};
use vardnav_register::record::{
    Body, CareRequest, Coding, Contact, Episode, Fact, IdentityType, MonitoringPeriod, Person, Plan,
    Principal, Principals, Record, RecordKind, Responsibility, Segment, Sex,
};

fn read(bytes: &[u8], reading: &Reading) -> Vec<RecordLine> {
    let mut records = Records::new(bytes, reading);
    let mut read = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        read.push(record);
    }
    read
}

/// What was read of a file, a line of text for each record and each finding.
fn told(records: &[RecordLine]) -> String {
    let mut told = String::new();
    for record in records {
        match &record.read {
            Ok(reported) => {
                let mut line = Vec::new();
                write_record(&mut line, &reported.reporter, &reported.record, true).unwrap();
                write!(told, "{} {}", record.line, String::from_utf8(line).unwrap()).unwrap();
            }
            Err(refused) => {
                let id = refused.id.as_deref().unwrap_or("-");
                writeln!(told, "{} refused {id}", record.line).unwrap();
                for finding in &refused.findings {
                    let path = &finding.path;
                    let line = record.places.line_of(path);
                    let column = record.places.column_of(path).unwrap_or("-");
                    let message = &finding.message;
                    writeln!(told, "  {} {line} {column} | {path} {message}", finding.code).unwrap();
                }
            }
        }
    }
    told
}

/// How a file of the folder is read: as CSV or, a text file, by the layout that its name begins with.
fn reading(path: &Path) -> Reading {
    if path.extension().unwrap() == "csv" {
        return csv();
    }
    let name = path.file_name().unwrap().to_str().unwrap();
    let (name, _) = name.split_once('.').unwrap();
    let package = starter::package().unwrap();
    let layout = layouts::of(&package)
        .into_iter()
        .find(|layout| layout.id == name)
        .unwrap();
    Reading {
        form: text_file(layout),
        reporter: Some("region".to_owned()),
        ..Reading::default()
    }
}

fn text_file(layout: Layout) -> Form {
    Form::Table(TableForm::Text(TextFile {
        layout: Arc::new(layout),
        encoding: None,
        key: Some([7; 32]),
    }))
}

#[test]
fn files_are_read_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/register/tables");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().unwrap() == "out" {
            continue;
        }
        files += 1;
        let told = told(&read(&std::fs::read(&path).unwrap(), &reading(&path)));
        let expected = path.with_extension("out");
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(told, wanted, "{}", path.display());
        for line in told
            .lines()
            .filter(|line| line.starts_with("  ") || line.contains("refused"))
        {
            assert!(!line.contains("1982") && !line.contains("Anna"), "{line}");
        }
    }
    assert!(files >= 6, "{files} files");
}

/// A layout with a header, in which the columns stand in any order.
const NAMED: &str = r#"
id = "named"
title = { sv = "a", en = "a" }
source = "own"
certainty = "sure"
kind = "contact"
separator = "\t"
header = "names"
quoting = true
constants = { "person.type" = "personnummer", "reason.system" = "urn:icd", "codes.system" = "urn:own" }
[record_id]
of = ["Enhet", "Nr"]
prefix = "b-"
[[column]]
name = "Nr"
label = { sv = "a", en = "a" }
required = true
[[column]]
name = "Enhet"
label = { sv = "a", en = "a" }
[[column]]
name = "Pnr"
label = { sv = "a", en = "a" }
field = "person.number"
required = true
[[column]]
name = "Datum"
label = { sv = "a", en = "a" }
field = "date"
dates = ["DD.MM.YYYY", "YYYYMMDD"]
required = true
[[column]]
name = "Orsak"
label = { sv = "a", en = "a" }
field = "reason.code"
[[column]]
name = "Koder"
label = { sv = "a", en = "a" }
field = "codes.code"
several = "+"
"#;

#[test]
fn columns_are_found_by_their_names() {
    let reading = |delivered| Reading {
        form: text_file(Layout::read(NAMED).unwrap()),
        reporter: Some("region".to_owned()),
        delivered,
    };
    let file = "\n\"Datum\"\tPnr\tAnnat\tNr\tEnhet\tKoder\n01.09.2026\t198211059954\tx\t1\tA\tp+q\n\
                20260902\t198211059954\tx\t2\tA\t\n";
    let records = read(file.as_bytes(), &reading(true));
    assert_eq!(
        told(&records),
        "3 {\"reporter\":\"region\",\"kind\":\"contact\",\"id\":\"b-A:1\",\"revision\":0,\
         \"person\":{\"type\":\"personnummer\",\"number\":\"198211059954\"},\
         \"codes\":[{\"system\":\"urn:own\",\"code\":\"p\"},{\"system\":\"urn:own\",\"code\":\"q\"}],\
         \"date\":\"2026-09-01\"}\n\
         4 {\"reporter\":\"region\",\"kind\":\"contact\",\"id\":\"b-A:2\",\"revision\":0,\
         \"person\":{\"type\":\"personnummer\",\"number\":\"198211059954\"},\"date\":\"2026-09-02\"}\n"
    );
    // Outside a delivery a record states its revision, and this layout has none.
    let places = read(file.as_bytes(), &reading(false));
    assert!(told(&places).contains("VN-REG-005 3 - | revision"));
    let without = file.replace("Pnr", "Personnummer 198211059954");
    let refused = told(&read(without.as_bytes(), &reading(true)));
    assert!(
        refused.starts_with("2 refused -\n") && !refused.contains("1982"),
        "{refused}"
    );
    assert_eq!(refused.lines().count(), 2);
    // A column that ids are made of is needed too, whether or not its cells may be empty.
    for renamed in ["Avdelning", "Nr"] {
        let without = file.replace("Enhet", renamed);
        let refused = told(&read(without.as_bytes(), &reading(true)));
        assert!(refused.starts_with("2 refused -\n  VN-REG-001"), "{refused}");
        assert_eq!(refused.lines().count(), 2);
    }
}

/// Two lines are one record, or are told.
#[test]
fn lines_with_the_same_made_id_are_told() {
    let reading = reading(Path::new("municipal-month.txt"));
    let line = "0180;12345678;SE2321000131-P000000123457;19821105-9954;;0180;20260901;DT016;SJ;0;1;\n";
    let id = |line: &str| read(line.as_bytes(), &reading).remove(0).read.unwrap().record.id;
    for (from, to) in [
        ("0180;1", "0181;1"),
        ("12345678", "12345679"),
        ("123457", "123458"),
        ("19821105-9954", "701063-2391"),
        ("20260901", "20260902"),
        ("DT016", "QX001"),
        ("SJ", "DSK"),
        (";0;1;", ";1;1;"),
        (";0;1;", ";0;2;"),
        (";1;\n", ";1;FT\n"),
    ] {
        assert_ne!(id(line), id(&line.replacen(from, to, 1)), "{from} {to}");
    }
    // The same person written in another way; other content that is no part of the id; the very same line.
    for other in [
        line.replace("19821105-9954", "198211059954"),
        line.replace(";;0180;", ";;0181;"),
        line.to_owned(),
    ] {
        let between = line.replace("DT016", "QX001");
        let told = told(&read(format!("{line}{between}{other}").as_bytes(), &reading));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 4, "{told}");
        assert!(lines[2].starts_with("3 refused m-"), "{told}");
        assert!(
            lines[3].starts_with("  VN-REG-001 3 - | id the id made"),
            "{told}"
        );
        assert!(
            lines[3].contains("that of line 1 too; leave the line out"),
            "{told}"
        );
    }
}

/// A pipe hands over a few bytes at a time.
#[test]
fn a_file_is_recognised_from_its_whole_first_line() {
    let file = "\r\nkind,reporter,revision,id,person.number\ncontact,a,1,b,c\n";
    for capacity in [1, 5, 4096] {
        let mut reader = std::io::BufReader::with_capacity(capacity, file.as_bytes());
        let mut begun = beginning(&mut reader).unwrap();
        assert!(begins_as_csv(&begun), "{capacity}");
        std::io::Read::read_to_end(&mut reader, &mut begun).unwrap();
        assert_eq!(begun, file.as_bytes());
    }
    // It ends, whatever comes.
    let mut endless = std::io::BufReader::new(std::io::repeat(b'x'));
    assert!(beginning(&mut endless).unwrap().len() < 128 * 1024);
}

#[test]
fn what_is_wrong_with_a_layout_is_found_at_its_line() {
    let findings = |find: &str, replace: &str| {
        assert!(NAMED.contains(find), "{find}");
        let findings = Layout::read(&NAMED.replacen(find, replace, 1)).unwrap_err();
        let told = findings
            .iter()
            .map(|finding| format!("{} {}", finding.code, finding.line));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        findings("kind = \"contact\"", "kind = \"visit\""),
        ["VN-REL-022 6"]
    );
    assert_eq!(findings("\"\\t\"", "\";;\""), ["VN-REL-022 7"]);
    assert_eq!(findings("header = \"names\"", "headers = 1"), ["VN-REL-003 8"]);
    assert_eq!(findings("\"Nr\"]", "\"Pnr\"]"), ["VN-REL-022 11"]);
    assert_eq!(findings("\"Nr\"]", "\"Number\"]"), ["VN-REL-021 11"]);
    assert_eq!(
        findings("name = \"Enhet\"", "name = \"Nr\""),
        ["VN-REL-021 19", "VN-REL-021 11"]
    );
    assert_eq!(
        findings("\"person.number\"", "\"person.name\""),
        ["VN-REL-021 22", "VN-REL-021 2"]
    );
    assert_eq!(
        findings("\"date\"", "\"start\""),
        ["VN-REL-021 27", "VN-REL-021 2"]
    );
    let named = format!(
        "{NAMED}{}",
        "[[column]]\nname = \"R 19821105-9954\"\nlabel = { sv = \"a\", en = \"a\" }\n".repeat(2)
    );
    for finding in Layout::read(&named).unwrap_err() {
        assert!(!finding.message.contains("1982"), "{}", finding.message);
    }
    assert_eq!(findings("DD.MM.YYYY", "DD.MM.YY"), ["VN-REL-022 30"]);
    assert_eq!(
        findings("\"reason.code\"", "\"reason.system\""),
        ["VN-REL-021 10"]
    );
    assert_eq!(findings("\"codes.code\"", "\"unit\""), ["VN-REL-022 37"]);
}

fn text() -> impl Strategy<Value = String> {
    "[a-zåäö0-9|\\\\\"; ,]{1,6}"
}

fn day() -> impl Strategy<Value = Date> {
    (1..=12i8, 1..=28i8).prop_map(|(month, day)| Date::new(2026, month, day).unwrap())
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

fn codings() -> impl Strategy<Value = Vec<Coding>> {
    let coding = (text(), of(text()), text()).prop_map(|(system, version, code)| Coding {
        system,
        version,
        code,
    });
    vec(coding, 0..4)
}

const AXES: [&str; 3] = ["bed", "place", "profession"];

/// Facts in the order in which a table has its axes.
fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact = |axis: &'static str| {
        of(vec(text(), 1..3)).prop_map(move |values| {
            values.map(|values| Fact {
                axis: axis.to_owned(),
                values,
            })
        })
    };
    (fact(AXES[0]), fact(AXES[1]), fact(AXES[2]))
        .prop_map(|(bed, place, profession)| [bed, place, profession].into_iter().flatten().collect())
}

fn holders() -> impl Strategy<Value = Vec<Principal>> {
    let holder = (text(), of(text())).prop_map(|(organisation, basis)| Principal { organisation, basis });
    vec(holder, 0..3)
}

fn episode() -> impl Strategy<Value = Body> {
    let plan = (text(), of(text()), texts(), day(), of(day())).prop_map(
        |(kind, legal_basis, parties, from, until)| Plan {
            kind,
            legal_basis,
            parties,
            from,
            until,
        },
    );
    let responsibility = (text(), of(text()), of(text()), day(), of(day())).prop_map(
        |(role, unit, profession, from, until)| Responsibility {
            role,
            unit,
            profession,
            from,
            until,
        },
    );
    let segment =
        (day(), of(day()), of(text()), facts(), codings()).prop_map(|(start, end, unit, facts, codes)| {
            Segment {
                start,
                end,
                unit,
                facts,
                codes,
            }
        });
    let whole = (day(), of(day()), of(text()), of(text()));
    (
        whole,
        vec(plan, 0..3),
        vec(responsibility, 0..3),
        vec(segment, 0..4),
    )
        .prop_map(
            |((start, end, end_mode, decided_by), plans, responsibilities, segments)| {
                Body::Episode(Episode {
                    start,
                    end,
                    end_mode,
                    decided_by,
                    plans,
                    responsibilities,
                    segments,
                })
            },
        )
}

fn contact() -> impl Strategy<Value = Body> {
    let coded = (of(codings()), codings(), codings(), codings());
    let rest = (texts(), of(any::<bool>()), of(day()), of(any::<bool>()));
    (day(), of(day()), of(text()), coded, rest).prop_map(|(date, end, episode, coded, rest)| {
        let (reason, diagnoses, external_causes, procedures) = coded;
        let (professions, delegated, requested, first_contact) = rest;
        Body::Contact(Contact {
            date,
            end,
            episode,
            professions,
            delegated,
            reason: reason.and_then(|codes| codes.into_iter().next()),
            diagnoses,
            external_causes,
            procedures,
            requested,
            first_contact,
        })
    })
}

fn other() -> impl Strategy<Value = Body> {
    let dates = (day(), of(day()), of(day()), of(day()));
    let flags = (of(any::<bool>()), of(any::<bool>()), of(any::<u32>()));
    (
        dates,
        vec(of(text()), 4),
        texts(),
        flags,
        codings(),
        any::<bool>(),
    )
        .prop_map(
            |(
                (date, end, contacted, assessed),
                mut some,
                list,
                (thresholds, response_duty, alarms),
                codes,
                is_request,
            )| {
                let mut next = || some.pop().flatten();
                if is_request {
                    Body::CareRequest(CareRequest {
                        date,
                        problem: next(),
                        channel: next(),
                        reason: codes.into_iter().next(),
                        professions: list,
                        contacted,
                        assessed,
                        ending: next(),
                        ended: end,
                    })
                } else {
                    Body::MonitoringPeriod(MonitoringPeriod {
                        start: date,
                        end,
                        episode: next(),
                        ordered_by: next(),
                        measures: list,
                        thresholds,
                        response_duty,
                        assessed_alarms: alarms,
                    })
                }
            },
        )
}

fn record() -> impl Strategy<Value = Record> {
    let person = (any::<bool>(), of(day()), of(any::<bool>()));
    let roles = (holders(), holders(), holders(), holders());
    let of_all = (of(text()), of(text()), of(text()), facts(), codings());
    let body = prop_oneof![episode(), contact(), other()];
    (1..9u32, person, roles, of_all, body).prop_map(|(revision, person, roles, of_all, body)| {
        let (protected, birth_date, female) = person;
        let (responsible, performing, bed_owner, payer) = roles;
        let (residence, provider, unit, facts, codes) = of_all;
        Record {
            id: "a".to_owned(),
            revision,
            person: Person {
                identity_type: IdentityType::Reserve,
                identity: "R1".to_owned(),
                sex: female.map(|female| if female { Sex::Female } else { Sex::Male }),
                birth_date,
                protected,
            },
            residence,
            principals: Principals {
                responsible,
                performing,
                bed_owner,
                payer,
            },
            provider,
            unit,
            facts,
            codes,
            body,
        }
    })
}

fn csv() -> Reading {
    Reading {
        form: Form::Table(TableForm::Csv {
            encoding: Encoding::Recognise,
            kind: None,
        }),
        ..Reading::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn records_are_written_as_a_table_and_read_back(
        mut records in vec(record(), 1..5),
        separator in prop_oneof![Just(','), Just(';'), Just('\t')],
    ) {
        let kind = records.first().unwrap().kind();
        records.retain(|record| record.kind() == kind);
        let sheet = Sheet::new(kind, separator, AXES, AXES);
        let mut file = sheet.header();
        for (number, record) in records.iter_mut().enumerate() {
            record.id = format!("r-{number}");
            file.push_str(&sheet.write("region", record, true).unwrap());
        }
        prop_assert!(begins_as_csv(file.as_bytes()));
        let lines: Vec<_> = read(file.as_bytes(), &csv());
        prop_assert_eq!(lines.len(), records.len());
        for (line, record) in lines.into_iter().zip(&records) {
            let read = line.read.unwrap();
            prop_assert_eq!(&read.reporter, "region");
            prop_assert_eq!(&read.record, record);
        }
    }

    #[test]
    fn any_bytes_are_read_as_a_table_without_panic(bytes: Vec<u8>, header in any::<bool>()) {
        let beginning: &[u8] = if header { b"id;person.number;kind;segments.start\n" } else { b"" };
        let file = [beginning, bytes.as_slice()].concat();
        read(&file, &csv());
    }
}

#[test]
fn an_episode_takes_no_more_than_it_may() {
    let header = "reporter,kind,id,revision,person.type,person.number,start,segments.start,segments.unit\n";
    let line = |unit: &str| format!("r,episode,e,1,reserve,R1,2026-09-01,2026-09-01,{unit}\n");
    let after = "r,episode,f,1,reserve,R1,2026-09-01,2026-09-01,\n";
    for (lines, unit, is_taken) in [
        (4_000, "a", true),
        (6_000, "a", false),
        (30, &*"a".repeat(50_000), false),
    ] {
        let file = format!("{header}{}{after}", line(unit).repeat(lines));
        let read = read(file.as_bytes(), &csv());
        assert_eq!(read.len(), 2);
        assert_eq!(read.first().unwrap().read.is_ok(), is_taken, "{lines}");
        assert!(read.last().unwrap().read.is_ok());
        if let Err(refused) = &read.first().unwrap().read {
            assert_eq!(refused.findings.len(), 1);
            assert_eq!(refused.findings.first().unwrap().code, "VN-REG-044");
        }
    }
}

#[test]
fn what_a_table_cannot_hold_is_not_written() {
    let line = include_str!("register/records.ndjson").lines().nth(2).unwrap();
    let mut record = read_record(line.as_bytes()).unwrap().record;
    let sheet = Sheet::new(record.kind(), ';', ["place", "profession"], []);
    sheet.write("region", &record, true).unwrap();
    assert!(!sheet.write("region", &record, false).unwrap().contains("2391"));
    let refuses = |record: &Record, sheet: &Sheet| sheet.write("region", record, true).is_err();
    assert!(refuses(&record, &Sheet::new(record.kind(), ';', ["place"], [])));
    assert!(refuses(
        &record,
        &Sheet::new(RecordKind::Episode, ';', AXES, AXES)
    ));
    record.facts.push(Fact {
        axis: "place".to_owned(),
        values: Vec::new(),
    });
    assert!(refuses(&record, &sheet));
    record.facts.pop();
    record.unit = Some("a\nb".to_owned());
    assert!(refuses(&record, &sheet));
}
