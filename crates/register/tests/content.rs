//! The bytes of what was reported: they come back as they were, and there is one form of each content.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[expect(
    dead_code,
    reason = "this test judges nothing, it only needs the sample records"
)]
mod support;

use proptest::prelude::*;
use support::{contact, monitoring_period};
use vardnav_register::bytes::{DecodeProblem, date_from_days};
use vardnav_register::content::{content_bytes, decode_content};
use vardnav_register::hash::to_hex;
use vardnav_register::record::*;

#[test]
fn an_empty_text_is_the_same_as_none() {
    let period = |payer: Option<&str>, episode: Option<&str>| {
        let mut record = monitoring_period();
        record.principals.payer = Principal::alone(payer.map(str::to_owned));
        if let Body::MonitoringPeriod(period) = &mut record.body {
            period.episode = episode.map(str::to_owned);
        }
        record
    };
    let without = period(None, None);
    let empty = period(Some(""), Some(""));
    assert_eq!(content_bytes(&empty, 3), content_bytes(&without, 3));
    let bytes = content_bytes(&without, 1).unwrap();
    assert_eq!(content_bytes(&empty, 1), Ok(bytes.clone()));

    // The fifth option of the bytes is the payer: written as an empty text it is refused.
    let payer = 1 + 5 + 1 + 3 + 2;
    assert_eq!(bytes[payer], 0);
    let mut wrong = bytes;
    wrong.splice(payer..=payer, [1, 0]);
    assert_eq!(
        decode_content(1, RecordKind::MonitoringPeriod, "a", 1, &wrong)
            .unwrap_err()
            .problem,
        DecodeProblem::NotCanonical
    );
}

#[test]
fn facts_are_read_in_one_order_and_once() {
    let with = |facts: Vec<Fact>| content_bytes(&Record { facts, ..contact() }, 1).unwrap();
    let read = |bytes: &[u8]| decode_content(1, RecordKind::Contact, "a", 1, bytes);
    let fact = support::fact;
    assert!(read(&with(vec![fact("a", &["x", "y"]), fact("b", &[])])).is_ok());
    for facts in [
        vec![fact("a", &["x"]), fact("a", &["y"])],
        vec![fact("a", &["x"]), fact("a", &["x"])],
        vec![fact("a", &["x", "x"])],
    ] {
        assert_eq!(
            read(&with(facts)).unwrap_err().problem,
            DecodeProblem::NotCanonical
        );
    }
}

/// Content written by version 3, kept for ever: of each kind, with all that it can hold, in hexadecimal.
#[test]
fn contents_of_version_3_stay_as_they_are() {
    let joint = |codes: [&str; 2]| {
        let holder = |code: &str| Principal {
            basis: Some("joint-body".into()),
            ..Principal::new(code)
        };
        codes.map(holder).to_vec()
    };
    let whole = |mut record: Record| {
        record.principals.performing = joint(["01", "0188"]);
        record.principals.payer = vec![Principal::new("01")];
        record.provider = Some("2321000131".into());
        match &mut record.body {
            Body::Episode(episode) => episode.responsibilities.push(Responsibility {
                role: "named-physician".into(),
                unit: Some("SE2321000131-A1".into()),
                profession: Some("physician".into()),
                from: episode.start,
                until: episode.end,
            }),
            Body::Contact(contact) => {
                contact.end = contact.date.tomorrow().ok();
                contact.external_causes = vec![support::coding("icd", "W01.9")];
            }
            Body::MonitoringPeriod(_) | Body::CareRequest(_) => {}
        }
        record
    };
    let records = [support::episode(), contact(), monitoring_period(), care_request()].map(whole);
    let written = records.map(|record| {
        let bytes = content_bytes(&record, 3).unwrap();
        let read = decode_content(3, record.kind(), &record.id, record.revision, &bytes).unwrap();
        assert_eq!(content_bytes(&read, 3), Ok(bytes.clone()));
        format!("{} {}", record.kind().name(), to_hex(&bytes))
    });
    let stored: Vec<&str> = include_str!("data/content-v3.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(written.to_vec(), stored, "{}", written.join("\n"));
}

/// A request that is met by telephone after four days.
fn care_request() -> Record {
    let body = CareRequest {
        date: jiff::civil::date(2026, 9, 1),
        problem: Some("new".into()),
        channel: Some("telephone".into()),
        reason: Some(support::coding("icd", "I50.9")),
        professions: vec!["physician".into()],
        contacted: Some(jiff::civil::date(2026, 9, 5)),
        assessed: Some(jiff::civil::date(2026, 9, 5)),
        ending: Some("met".into()),
        ended: Some(jiff::civil::date(2026, 9, 5)),
    };
    Record {
        id: "r-1".into(),
        body: Body::CareRequest(body),
        facts: Vec::new(),
        ..contact()
    }
}

fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-zåäö0-9.-]{0,12}").unwrap()
}

fn day() -> impl Strategy<Value = jiff::civil::Date> {
    (10_000i32..30_000).prop_map(|days| date_from_days(days).unwrap())
}

fn sorted_facts() -> impl Strategy<Value = Vec<Fact>> {
    let values = proptest::collection::vec(text(), 0..3).prop_map(|mut values| {
        values.sort();
        values.dedup();
        values
    });
    let fact = (text(), values).prop_map(|(axis, values)| Fact { axis, values });
    proptest::collection::vec(fact, 0..4).prop_map(|mut facts| {
        facts.sort();
        facts.dedup_by(|next, one| next.axis == one.axis);
        facts
    })
}

fn some_text() -> impl Strategy<Value = Option<String>> {
    some(text()).prop_map(|text| text.filter(|text| !text.is_empty()))
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(of)
}

fn coding() -> impl Strategy<Value = Coding> {
    (text(), some_text(), text()).prop_map(|(system, version, code)| Coding {
        system,
        version,
        code,
    })
}

fn codings() -> impl Strategy<Value = Vec<Coding>> {
    proptest::collection::vec(coding(), 0..3)
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 0..3)
}

fn body() -> impl Strategy<Value = Body> {
    let plan = (text(), some_text(), texts(), day(), some(day())).prop_map(
        |(kind, legal_basis, parties, from, until)| Plan {
            kind,
            legal_basis,
            parties,
            from,
            until,
        },
    );
    let responsibility = (text(), some_text(), some_text(), day(), some(day())).prop_map(
        |(role, unit, profession, from, until)| Responsibility {
            role,
            unit,
            profession,
            from,
            until,
        },
    );
    let segment = (day(), some(day()), some_text(), sorted_facts(), codings()).prop_map(
        |(start, end, unit, facts, codes)| Segment {
            start,
            end,
            unit,
            facts,
            codes,
        },
    );
    let lists = (
        proptest::collection::vec(plan, 0..3),
        proptest::collection::vec(responsibility, 0..2),
        proptest::collection::vec(segment, 0..3),
    );
    let episode = (day(), some(day()), some_text(), some_text(), lists).prop_map(
        |(start, end, end_mode, decided_by, (plans, responsibilities, segments))| {
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
    );
    let contact = (
        (day(), some(day())),
        some_text(),
        texts(),
        any::<[Option<bool>; 2]>(),
        some(coding()),
        codings(),
        (codings(), codings()),
        some(day()),
    )
        .prop_map(
            |(
                (date, end),
                episode,
                professions,
                [delegated, first_contact],
                reason,
                diagnoses,
                (external_causes, procedures),
                requested,
            )| {
                Body::Contact(Contact {
                    date,
                    end,
                    episode,
                    professions,
                    delegated,
                    reason,
                    diagnoses,
                    external_causes,
                    procedures,
                    requested,
                    first_contact,
                })
            },
        );
    let monitoring = (
        day(),
        some(day()),
        some_text(),
        some_text(),
        texts(),
        any::<[Option<bool>; 2]>(),
        any::<Option<u32>>(),
    )
        .prop_map(
            |(start, end, episode, ordered_by, measures, [thresholds, response_duty], assessed_alarms)| {
                Body::MonitoringPeriod(MonitoringPeriod {
                    start,
                    end,
                    episode,
                    ordered_by,
                    measures,
                    thresholds,
                    response_duty,
                    assessed_alarms,
                })
            },
        );
    let texts_of = (some_text(), some_text(), some_text());
    let days = (some(day()), some(day()), some(day()));
    let request = (day(), texts_of, some(coding()), texts(), days).prop_map(
        |(date, (problem, channel, ending), reason, professions, (contacted, assessed, ended))| {
            Body::CareRequest(CareRequest {
                date,
                problem,
                channel,
                reason,
                professions,
                contacted,
                assessed,
                ending,
                ended,
            })
        },
    );
    prop_oneof![episode, contact, monitoring, request]
}

fn holders() -> impl Strategy<Value = Vec<Principal>> {
    let organisation = text().prop_filter("a name", |text| !text.is_empty());
    let holder =
        (organisation, some_text()).prop_map(|(organisation, basis)| Principal { organisation, basis });
    proptest::collection::vec(holder, 0..3)
}

proptest! {
    #[test]
    fn content_comes_back(
        residence in some_text(),
        (responsible, performing) in (holders(), holders()),
        (bed_owner, payer) in (holders(), holders()),
        provider in some_text(),
        unit in some_text(),
        facts in sorted_facts(),
        codes in codings(),
        body in body(),
    ) {
        let record = Record {
            id: "a".into(),
            revision: 7,
            person: Person::withheld(),
            residence,
            principals: Principals { responsible, performing, bed_owner, payer },
            provider,
            unit,
            facts,
            codes,
            body,
        };
        let bytes = content_bytes(&record, 3).unwrap();
        prop_assert_eq!(decode_content(3, record.kind(), "a", 7, &bytes), Ok(record.clone()));
        let simple = record.principals.by_role().iter().all(|(_, holders)| {
            holders.len() < 2 && holders.iter().all(|holder| holder.basis.is_none())
        });
        let before = simple && record.provider.is_none() && match &record.body {
            Body::Episode(episode) => episode.responsibilities.is_empty(),
            Body::Contact(contact) => contact.end.is_none() && contact.external_causes.is_empty(),
            Body::MonitoringPeriod(_) => true,
            Body::CareRequest(_) => false,
        };
        for (version, has_room) in [(1, before && !record.states_codes()), (2, before)] {
            let bytes = content_bytes(&record, version);
            prop_assert_eq!(bytes.is_ok(), has_room);
            if let Ok(bytes) = bytes {
                prop_assert_eq!(decode_content(version, record.kind(), "a", 7, &bytes), Ok(record.clone()));
            }
        }
    }
}
