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
use vardnav_register::record::*;

#[test]
fn an_empty_text_is_the_same_as_none() {
    let period = |payer: Option<&str>, episode: Option<&str>| {
        let mut record = monitoring_period();
        record.principals.payer = payer.map(str::to_owned);
        if let Body::MonitoringPeriod(period) = &mut record.body {
            period.episode = episode.map(str::to_owned);
        }
        record
    };
    let without = period(None, None);
    let empty = period(Some(""), Some(""));
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
        proptest::collection::vec(segment, 0..3),
    );
    let episode = (day(), some(day()), some_text(), some_text(), lists).prop_map(
        |(start, end, end_mode, decided_by, (plans, segments))| {
            Body::Episode(Episode {
                start,
                end,
                end_mode,
                decided_by,
                plans,
                segments,
            })
        },
    );
    let contact = (
        day(),
        some_text(),
        texts(),
        any::<[Option<bool>; 2]>(),
        some(coding()),
        codings(),
        codings(),
        some(day()),
    )
        .prop_map(
            |(
                date,
                episode,
                professions,
                [delegated, first_contact],
                reason,
                diagnoses,
                procedures,
                requested,
            )| {
                Body::Contact(Contact {
                    date,
                    episode,
                    professions,
                    delegated,
                    reason,
                    diagnoses,
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
    prop_oneof![episode, contact, monitoring]
}

proptest! {
    #[test]
    fn content_comes_back(
        residence in some_text(),
        principals in any::<[bool; 4]>(),
        unit in some_text(),
        facts in sorted_facts(),
        codes in codings(),
        body in body(),
    ) {
        let [responsible, performing, bed_owner, payer] = principals.map(|there| there.then(|| "01".to_owned()));
        let record = Record {
            id: "a".into(),
            revision: 7,
            person: Person::withheld(),
            residence,
            principals: Principals { responsible, performing, bed_owner, payer },
            unit,
            facts,
            codes,
            body,
        };
        let bytes = content_bytes(&record, 2).unwrap();
        prop_assert_eq!(decode_content(2, record.kind(), "a", 7, &bytes), Ok(record.clone()));
        let without = !record.states_codes();
        prop_assert_eq!(content_bytes(&record, 1).is_ok(), without);
        if without {
            let bytes = content_bytes(&record, 1).unwrap();
            prop_assert_eq!(decode_content(1, record.kind(), "a", 7, &bytes), Ok(record));
        }
    }
}
