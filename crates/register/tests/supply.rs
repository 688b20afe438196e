//! A fact supplied to a record gives the revision that its reporter would have reported, about the same person, and
//! overwrites nothing.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod support;

use support::*;
use vardnav_classification::model::FactSource;
use vardnav_register::derived::Derived;
use vardnav_register::entry::*;
use vardnav_register::identity::PersonKey;
use vardnav_register::outcome::{Outcome, assess, assess_identified, is_same};
use vardnav_register::record::*;
use vardnav_register::supply::{Effect, NotAdded, Supplied, next_entry, person_before};
use vardnav_register::surroundings::Surroundings;
use vardnav_register::validate::{validate, validate_identified};

const WHO: &str = "region-norr";

fn supplied(axis: &str, value: &str) -> Supplied {
    Supplied {
        fact: fact(axis, &[value]),
        segment: None,
    }
}

fn judged(record: &Record, world: &World) -> Derived {
    let assessment = assess(record, WHO, RECEIVED, world);
    assessment.accepted.expect("the record is taken").1
}

/// A contact that waits for its level.
fn waiting() -> Record {
    Record {
        unit: None,
        ..contact()
    }
}

/// The record as the register has it.
fn withheld(record: &Record, before: &Derived) -> Record {
    Record {
        person: person_before(before),
        ..record.clone()
    }
}

#[test]
fn the_supplied_revision_is_the_one_that_would_have_been_reported() {
    let world = world();
    let of_segment = Supplied {
        segment: Some(1),
        ..supplied("bed", "none")
    };
    let monitoring = Record {
        unit: None,
        ..monitoring_period()
    };
    for (record, supplied) in [
        (waiting(), supplied("level", "primary")),
        (contact(), supplied("bed", "none")),
        (episode(), supplied("bed", "none")),
        (episode(), of_segment),
        (monitoring, supplied("level", "specialised")),
    ] {
        let before = judged(&record, &world);
        let reported = supplied.added_to(&record).unwrap().unwrap();
        assert_eq!(reported.revision, 2);
        let made = supplied.added_to(&withheld(&record, &before)).unwrap().unwrap();
        let as_reported = assess(&reported, WHO, RECEIVED, &world);
        let as_made = assess_identified(&made, WHO, RECEIVED, &before, &world);
        assert_eq!(as_made.outcome, as_reported.outcome, "{}", record.id);
        assert_eq!(as_made.findings, as_reported.findings, "{}", record.id);
        assert_eq!(
            as_made.derived,
            as_reported.accepted.map(|(_, derived)| derived),
            "{}",
            record.id
        );
    }
}

#[test]
fn a_held_contact_is_decided_by_what_is_supplied() {
    let world = world();
    let before = judged(&waiting(), &world);
    assert_eq!(before.outcome, Outcome::Held);
    let supplied = supplied("level", "primary");
    let next = supplied
        .added_to(&withheld(&waiting(), &before))
        .unwrap()
        .unwrap();
    let after = assess_identified(&next, WHO, RECEIVED, &before, &world)
        .derived
        .unwrap();
    assert_eq!(after.outcome, Outcome::Accepted);
    let system = world.release_on(TODAY).unwrap().system;
    assert_eq!(supplied.effect(&before, &after, |_| Some(system)), Effect::Tells);
}

#[test]
fn nothing_that_is_stated_or_known_is_overwritten() {
    let world = world();
    let system = world.release_on(TODAY).unwrap().system;
    let record = contact();
    assert_eq!(
        supplied("place", "ward").added_to(&record),
        Err(NotAdded::StatedOtherwise)
    );
    assert_eq!(supplied("place", "home").added_to(&record), Ok(None));
    // What is stated to be unknown is not stated.
    let unknown = Record {
        facts: vec![fact("place", &["unknown"]), fact("mode", &[])],
        ..contact()
    };
    let next = supplied("place", "home").added_to(&unknown).unwrap().unwrap();
    assert_eq!(next.facts, [fact("mode", &[]), fact("place", &["home"])]);

    // The unit's registration knows the level.
    let before = judged(&record, &world);
    for (value, effect) in [
        ("specialised", Effect::KnownAlready),
        ("primary", Effect::KnownOtherwise(FactSource::Unit)),
    ] {
        let supplied = supplied("level", value);
        let next = supplied.added_to(&withheld(&record, &before)).unwrap().unwrap();
        let after = assess_identified(&next, WHO, RECEIVED, &before, &world)
            .derived
            .unwrap();
        assert_eq!(supplied.effect(&before, &after, |_| Some(system)), effect);
    }

    let out_of_range = Supplied {
        segment: Some(2),
        ..supplied("bed", "none")
    };
    for record in [contact(), episode(), monitoring_period()] {
        assert_eq!(out_of_range.added_to(&record), Err(NotAdded::NoSuchSegment));
    }
    let last = Record {
        revision: u32::MAX,
        ..contact()
    };
    assert_eq!(
        supplied("bed", "none").added_to(&last),
        Err(NotAdded::NoRevisionLeft)
    );
}

#[test]
fn facts_that_a_record_may_not_state_are_refused_as_reported_ones_are() {
    let world = world();
    let before = judged(&waiting(), &world);
    for (axis, value) in [
        ("age-group", "0-17"),
        ("no-axis", "x"),
        ("level", "no-value"),
        ("form", "at-home"),
    ] {
        let supplied = supplied(axis, value);
        let next = supplied
            .added_to(&withheld(&waiting(), &before))
            .unwrap()
            .unwrap();
        let made = assess_identified(&next, WHO, RECEIVED, &before, &world);
        assert_eq!(made.outcome, Outcome::Rejected, "{axis}");
        assert_eq!(made.derived, None);
        let reported = supplied.added_to(&waiting()).unwrap().unwrap();
        assert_eq!(
            made.findings,
            assess(&reported, WHO, RECEIVED, &world).findings,
            "{axis}"
        );
    }
}

#[test]
fn of_a_person_identified_before_only_the_protection_is_checked() {
    let world = world();
    let mut record = contact();
    record.person = Person::withheld();
    assert!(!validate(&record, WHO, TODAY, &world).is_empty());
    assert_eq!(validate_identified(&record, WHO, TODAY, &world), []);
    record.person.protected = true;
    let findings = validate_identified(&record, WHO, TODAY, &world);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].path, "residence");
}

#[test]
fn the_entry_is_the_one_a_report_under_the_same_nonce_makes() {
    let world = world();
    let record = waiting();
    let before = judged(&record, &world);
    let nonces = Nonces {
        content: [1; 32],
        identity: [2; 32],
        derived: [3; 32],
    };
    let key = PersonKey([7; 16]);
    let header = |revision, version| Header {
        version,
        act: Act::Report,
        reporter: WHO.into(),
        kind: RecordKind::Contact,
        id: record.id.clone(),
        revision,
        replaces: revision - 1,
        delivery: None,
        received: RECEIVED,
        release: "2026.1".into(),
    };
    let identity = identity_bytes(&record.person, RECEIVED, VERSION).unwrap();
    for version in 1..=VERSION {
        // An entry of any version is followed by one of the newest: identities have the same bytes in all.
        assert_eq!(
            identity_bytes(&record.person, RECEIVED, version).unwrap(),
            identity
        );
        // The age on the record's date came with version 3.
        let before = Derived {
            years: before.years.filter(|_| version > 2),
            ..before.clone()
        };
        let former = Entry::new(
            header(1, version),
            &record,
            &identity,
            (key, &before),
            &nonces,
            vec![9],
        );
        let former = former.unwrap();
        let supplied = supplied("level", "primary");
        let made = supplied.added_to(&withheld(&record, &before)).unwrap().unwrap();
        let after = assess_identified(&made, WHO, RECEIVED, &before, &world)
            .derived
            .unwrap();
        let drawn = ([4; 32], [5; 32]);
        let next = next_entry(&former, header(2, VERSION), &made, (key, &after), drawn, vec![8]);
        let next = next.unwrap().unwrap();

        let reported = supplied.added_to(&record).unwrap().unwrap();
        let as_reported = Entry::new(
            header(2, VERSION),
            &reported,
            &identity,
            (key, &after),
            &Nonces {
                content: [4; 32],
                derived: [5; 32],
                ..nonces
            },
            vec![8],
        );
        let as_reported = as_reported.unwrap();
        assert_eq!(next, as_reported);
        assert_eq!(next.leaf(), as_reported.leaf());
        assert!(is_same(&reported, &next, &nonces.identity));
        let erased = next_entry(
            &former.erased(),
            header(2, VERSION),
            &made,
            (key, &after),
            drawn,
            vec![8],
        );
        assert_eq!(erased, Ok(None));
    }
}
