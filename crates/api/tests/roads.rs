//! A record that comes as a line and one that comes as a message are the same record: what a reporter holds as a
//! line verifies against what the register took as a message.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vardnav_api::register::{record, record_message};
use vardnav_interchange::register::read::read_record;
use vardnav_register::content::content_bytes;
use vardnav_register::entry::{VERSION, identity_bytes};

/// 2026-11-22T00:00:00Z.
const RECEIVED: i64 = 1_795_305_600_000_000;

/// A text that need not be there: left out, `null`, empty or something.
fn text() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        Just(Some(json!(""))),
        "[a-z0-9åäö.-]{1,6}".prop_map(|text| Some(json!(text))),
    ]
}

fn needed() -> impl Strategy<Value = Option<Value>> {
    "[a-z0-9åäö.-]{1,6}".prop_map(|text| Some(json!(text)))
}

fn texts() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(proptest::collection::vec("[a-z]{0,3}", 0..3).prop_map(|texts| json!(texts)))
}

fn day() -> impl Strategy<Value = Option<Value>> {
    (2020..2030, 1..=12, 1..=28).prop_map(|(y, m, d)| Some(json!(format!("{y:04}-{m:02}-{d:02}"))))
}

fn some_day() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![Just(None), Just(Some(Value::Null)), day()]
}

fn flag() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(any::<bool>().prop_map(|flag| json!(flag)))
}

fn facts() -> impl Strategy<Value = Option<Value>> {
    let values = prop_oneof![
        "[a-z]{0,4}".prop_map(|value| json!(value)),
        proptest::collection::btree_set("[a-z]{1,4}", 0..3).prop_map(|values| json!(values)),
        Just(Value::Null),
    ];
    let axes = proptest::collection::btree_map("[a-z]{1,6}", values, 0..4);
    proptest::option::of(axes.prop_map(|axes| json!(axes)))
}

/// An object of the fields that are there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn coding() -> impl Strategy<Value = Value> {
    (needed(), text(), needed()).prop_map(|(system, version, code)| {
        object([("system", system), ("version", version), ("code", code)])
    })
}

fn codings() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(proptest::collection::vec(coding(), 0..3).prop_map(|codings| json!(codings)))
}

fn contact() -> impl Strategy<Value = Value> {
    let codings = (proptest::option::of(coding()), codings(), codings());
    (day(), text(), texts(), flag(), codings, some_day(), flag()).prop_map(
        |(date, episode, professions, delegated, (reason, diagnoses, procedures), requested, first)| {
            object([
                ("kind", Some(json!("contact"))),
                ("date", date),
                ("episode", episode),
                ("professions", professions),
                ("delegated", delegated),
                ("reason", reason),
                ("diagnoses", diagnoses),
                ("procedures", procedures),
                ("requested", requested),
                ("first_contact", first),
            ])
        },
    )
}

fn episode() -> impl Strategy<Value = Value> {
    let plan = (needed(), text(), texts(), day(), some_day()).prop_map(
        |(kind, legal_basis, parties, from, until)| {
            object([
                ("kind", kind),
                ("legal_basis", legal_basis),
                ("parties", parties),
                ("from", from),
                ("until", until),
            ])
        },
    );
    let segment = (day(), some_day(), text(), facts()).prop_map(|(start, end, unit, facts)| {
        object([("start", start), ("end", end), ("unit", unit), ("facts", facts)])
    });
    let plans = proptest::collection::vec(plan, 0..3).prop_map(|plans| Some(json!(plans)));
    let segments = proptest::collection::vec(segment, 0..3).prop_map(|segments| Some(json!(segments)));
    (day(), some_day(), text(), text(), plans, segments).prop_map(
        |(start, end, end_mode, decided_by, plans, segments)| {
            object([
                ("kind", Some(json!("episode"))),
                ("start", start),
                ("end", end),
                ("end_mode", end_mode),
                ("decided_by", decided_by),
                ("plans", plans),
                ("segments", segments),
            ])
        },
    )
}

fn monitoring_period() -> impl Strategy<Value = Value> {
    let alarms = proptest::option::of(any::<u32>().prop_map(|alarms| json!(alarms)));
    (day(), some_day(), text(), text(), texts(), flag(), flag(), alarms).prop_map(
        |(start, end, episode, ordered_by, measures, thresholds, response_duty, alarms)| {
            object([
                ("kind", Some(json!("monitoring-period"))),
                ("start", start),
                ("end", end),
                ("episode", episode),
                ("ordered_by", ordered_by),
                ("measures", measures),
                ("thresholds", thresholds),
                ("response_duty", response_duty),
                ("assessed_alarms", alarms),
            ])
        },
    )
}

fn line() -> impl Strategy<Value = Value> {
    let person = (
        proptest::option::of(prop_oneof![Just(json!("female")), Just(json!(""))]),
        some_day(),
        flag(),
    )
        .prop_map(|(sex, birth_date, protected)| {
            object([
                ("type", Some(json!("personnummer"))),
                ("number", Some(json!("821105-9954"))),
                ("sex", sex),
                ("birth_date", birth_date),
                ("protected", protected),
            ])
        });
    let principals = proptest::option::of((text(), text(), text(), text()).prop_map(
        |(responsible, performing, bed_owner, payer)| {
            object([
                ("responsible", responsible),
                ("performing", performing),
                ("bed_owner", bed_owner),
                ("payer", payer),
            ])
        },
    ));
    let body = prop_oneof![contact(), episode(), monitoring_period()];
    (person, text(), principals, text(), facts(), body).prop_map(
        |(person, residence, principals, unit, facts, body)| {
            let mut line = object([
                ("reporter", Some(json!("region-norr"))),
                ("id", Some(json!("a-1"))),
                ("revision", Some(json!(1))),
                ("person", Some(person)),
                ("residence", residence),
                ("principals", principals),
                ("unit", unit),
                ("facts", facts),
            ]);
            if let (Value::Object(line), Value::Object(body)) = (&mut line, body) {
                line.extend(body);
            }
            line
        },
    )
}

proptest! {
    #[test]
    fn a_line_and_a_message_are_the_same_record(line in line()) {
        let text = line.to_string();
        let read = read_record(text.as_bytes()).unwrap().record;
        let sent = record(record_message(&read, true)).unwrap();
        prop_assert_eq!(content_bytes(&read, VERSION), content_bytes(&sent, VERSION));
        prop_assert_eq!(
            identity_bytes(&read.person, RECEIVED, VERSION),
            identity_bytes(&sent.person, RECEIVED, VERSION)
        );
        prop_assert_eq!(read, sent);
    }
}
