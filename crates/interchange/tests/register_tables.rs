//! Records are read from tables as from NDJSON: the same record, the same words for what is wrong, each with its line
//! and column, and nothing repeated.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::register::records::{Form, Reading, RecordLine, Records, begins_as_csv};
use vardnav_interchange::register::table::encoding::Encoding;
use vardnav_interchange::register::table::write::Sheet;
use vardnav_interchange::register::write::write_record;
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

#[test]
fn files_are_read_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/register/tables");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().unwrap() != "csv" {
            continue;
        }
        files += 1;
        let reading = Reading {
            form: Form::Csv(Encoding::Recognise),
            ..Reading::default()
        };
        let told = told(&read(&std::fs::read(&path).unwrap(), &reading));
        let expected = path.with_extension("out");
        if std::env::var_os("UPDATE_TABLES").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(told, wanted, "{}", path.display());
        for line in told
            .lines()
            .filter(|line| line.starts_with("  ") || line.contains("refused"))
        {
            assert!(!line.contains("1982") && !line.contains("Anna"), "{line}");
        }
    }
    assert!(files >= 4, "{files} files");
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
        form: Form::Csv(Encoding::Recognise),
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
