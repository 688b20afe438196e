//! What is stored of a judgement gives the same answer again; nothing that is kept depends on an order.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[expect(dead_code, reason = "this test needs a part of the sample world")]
mod support;

use support::*;
use vardnav_register::audit::{AuditEntry, AuditError, TEXT_MAX};
use vardnav_register::definition::RegisterDefinition;
use vardnav_register::derive::{Attributes, derive};
use vardnav_register::derived::Derived;
use vardnav_register::entry::{VERSION, identity_bytes};
use vardnav_register::finding::{Finding, StoredFinding};
use vardnav_register::hash::{from_hex, to_hex};
use vardnav_register::identity::{PersonKey, identify};
use vardnav_register::outcome::{Outcome, assess};
use vardnav_register::record::*;
use vardnav_register::surroundings::Surroundings;
use vardnav_register::validate::validate;

#[test]
fn a_stored_judgement_says_the_same_again() {
    let world = world();
    let mut record = contact();
    record.unit = None;
    let Body::Contact(contact) = &mut record.body else {
        return;
    };
    contact.procedures.push(coding("later", "A"));
    let assessment = assess(&record, "region-norr", RECEIVED, &world);
    assert_eq!(assessment.outcome, Outcome::Held);
    let (_, derived) = assessment.accepted.unwrap();

    let bytes = derived.encode(PersonKey([1; 16]), VERSION).unwrap();
    let (_, again) = Derived::decode(&bytes, VERSION).unwrap();
    assert_eq!(again.outcome, assessment.outcome);
    let stored: Vec<StoredFinding> = assessment.findings.iter().map(Finding::stored).collect();
    assert_eq!(again.findings, stored);
    assert!(stored.len() > 1, "{stored:?}");

    let release = world.release_on(TODAY).unwrap();
    for (finding, stored) in assessment.findings.iter().zip(&again.findings) {
        let rebuilt = Finding::from_stored(stored, [release.checks]);
        assert_eq!(rebuilt.stored(), *stored);
        let (first, _) = finding.message.split_once(" (").unwrap_or((&finding.message, ""));
        assert!(rebuilt.message.starts_with(first), "{rebuilt:?} {finding:?}");
        // Without the release the mechanism's own words; of a code that nobody knows, none.
        assert!(!Finding::from_stored(stored, []).message.is_empty());
    }
    let nobody = StoredFinding {
        code: "VN-REG-999".into(),
        ..stored[0].clone()
    };
    assert_eq!(Finding::from_stored(&nobody, [release.checks]).message, "");
}

#[test]
fn the_day_of_reporting_gives_the_same_century_to_vault_and_commitment() {
    // In the last hours of the year by UTC it is the next year in Sweden: the two digits 27 turn into this century.
    const NEW_YEAR: i64 = 1_798_754_400_000_000;
    let world = world();
    let mut ages = Vec::new();
    for received in [NEW_YEAR - 1, NEW_YEAR] {
        let mut record = contact();
        record.person.identity = "270101-9800".into();
        let assessment = assess(&record, "region-norr", received, &world);
        let committed = identity_bytes(&record.person, received, VERSION).unwrap();
        match assessment.accepted {
            Some((identity, derived)) => {
                let number = identity.number.reveal().as_bytes();
                assert!(committed.windows(12).any(|window| window == number));
                ages.push(derived.age());
            }
            None => {
                assert!(committed.windows(12).any(|window| window == b"202701019800"));
                ages.push(None);
            }
        }
    }
    // Of 99 years before, not yet born on the day of care after.
    assert_eq!(ages, [Some(99), None]);
}

#[test]
fn protection_is_kept_and_not_guessed_from_a_missing_residence() {
    let world = world();
    for protected in [false, true] {
        let mut record = contact();
        record.residence = None;
        record.person.protected = protected;
        let identity = identify(&record.person, TODAY, &[]).unwrap();
        let attributes = Attributes::of(&record.person, &identity);
        let derived = derive(&record, "region-norr", &attributes, &world);
        let bytes = derived.encode(PersonKey([1; 16]), VERSION).unwrap();
        let (_, again) = Derived::decode(&bytes, VERSION).unwrap();
        assert_eq!(Attributes::before(&again).protected, protected);
    }
}

#[test]
fn an_axis_or_value_stated_twice_in_one_place_is_refused() {
    // Also by a release without checks: what is kept of facts has no order.
    for world in [
        world(),
        world_with(RegisterDefinition {
            geography_system: "geo".into(),
            ..RegisterDefinition::default()
        }),
    ] {
        let found = |record: &Record| -> Vec<String> {
            let findings = validate(record, "region-norr", TODAY, &world).into_iter();
            let findings = findings.filter(|finding| finding.code == "VN-REG-019");
            findings.map(|finding| finding.path).collect()
        };
        let mut record = contact();
        record.facts.push(fact("place", &["ward"]));
        assert_eq!(found(&record), ["facts[2]"]);
        record.facts.reverse();
        assert_eq!(found(&record), ["facts[2]"]);
        record.facts = vec![fact("place", &["home", "home"])];
        assert!(found(&record).contains(&"facts[0].values".to_owned()));

        let mut record = episode();
        record.facts.push(fact("place", &["home"]));
        assert_eq!(found(&record), Vec::<String>::new());
        let Body::Episode(episode) = &mut record.body else {
            return;
        };
        let segment = &mut episode.segments[1].facts;
        segment.push(segment[0].clone());
        assert_eq!(found(&record), ["segments[1].facts[1]"]);
    }
}

fn audit_entry() -> AuditEntry {
    let kind = Some(RecordKind::Episode);
    AuditEntry::new("anna", RECEIVED, "show", "region-norr", kind, Some("e-1")).unwrap()
}

/// Bytes written by version 1, kept for ever.
#[test]
fn audit_entries_of_version_1_stay_as_they_are() {
    let entry = audit_entry();
    let written = format!(
        "leaf {}\nentry {}\n",
        to_hex(&entry.leaf()),
        to_hex(&entry.encode())
    );
    let kept: String = include_str!("data/audit-v1.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(written, kept);
    let bytes = from_hex(kept.trim_end().rsplit(' ').next().unwrap()).unwrap();
    assert_eq!(AuditEntry::decode(&bytes), Ok(entry.clone()));
    for end in 0..bytes.len() {
        assert!(AuditEntry::decode(&bytes[..end]).is_err());
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << bit;
            if let Ok(other) = AuditEntry::decode(&wrong) {
                assert_eq!(other.encode(), wrong);
                assert_ne!(other.leaf(), entry.leaf());
            }
        }
    }
    let all = AuditEntry::new("anna", -1, "export", "region-norr", None, None).unwrap();
    assert_eq!(AuditEntry::decode(&all.encode()), Ok(all));
}

#[test]
fn an_audit_entry_takes_no_personal_number_and_no_long_text() {
    let new = |caller: &str, reporter: &str, id: &str| {
        AuditEntry::new(caller, 0, "show", reporter, None, Some(id)).map(|_| ())
    };
    assert_eq!(new("anna", "region-norr", "e-1"), Ok(()));
    assert_eq!(new("", "r", "e"), Err(AuditError::Length("caller")));
    assert_eq!(
        new(&"a".repeat(TEXT_MAX + 1), "r", "e"),
        Err(AuditError::Length("caller"))
    );
    let number = "19821105-9954";
    assert_eq!(new(number, "r", "e"), Err(AuditError::PersonalNumber("caller")));
    assert_eq!(new("a", number, "e"), Err(AuditError::PersonalNumber("reporter")));
    assert_eq!(new("a", "r", number), Err(AuditError::PersonalNumber("id")));
    assert_eq!(new("a", "r", "e 1"), Err(AuditError::Form("id")));
    assert_eq!(new("a", "", "e"), Err(AuditError::Form("reporter")));
}
