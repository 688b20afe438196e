//! Nothing is opened, exported or erased but by two persons, in time, as often as was asked.

use jiff::civil::date;

use super::*;
use crate::definition::RegisterDefinition;

const NOW: i64 = 1_000_000;
const HOUR: i64 = 3_600_000_000;

fn record(position: u64) -> RecordRef {
    RecordRef {
        reporter: "region-norr".to_owned(),
        kind: RecordKind::Contact,
        id: "c-1".to_owned(),
        revision: 1,
        position,
    }
}

fn asked(purpose: &str, scope: Scope) -> Asked {
    Asked {
        purpose: purpose.to_owned(),
        reason: "asked for in writing".to_owned(),
        scope,
        uses: 2,
        until: NOW + HOUR,
    }
}

fn persons() -> Scope {
    Scope::Persons(vec![PersonKey([1; 16])])
}

fn purpose(code: &str, use_for: &[Use]) -> Purpose {
    Purpose {
        code: code.to_owned(),
        label: Label::default(),
        legal_bases: Vec::new(),
        use_for: use_for.to_vec(),
        from: None,
        until: None,
    }
}

/// What a release says; one of its purposes ended before [`NOW`].
fn register() -> RegisterDefinition {
    let purposes = vec![
        purpose("person-right", &[Use::Opening, Use::Erasure]),
        Purpose {
            until: Some(date(1970, 1, 1)),
            ..purpose("ended", &[Use::Opening])
        },
        purpose("research-linkage", &[Use::Opening, Use::Linkage]),
        purpose("court-order", &[Use::Opening, Use::Erasure]),
    ];
    RegisterDefinition {
        purposes,
        ..RegisterDefinition::default()
    }
}

/// Accounts of one person share what stands before a dash.
fn is_another(one: &str, other: &str) -> Result<(), RightsError> {
    let person = |account: &str| account.split('-').next().map(str::to_owned);
    if person(one) == person(other) {
        Err(RightsError::Own)
    } else {
        Ok(())
    }
}

#[test]
fn a_request_needs_a_second_person_and_ends_with_its_uses_and_its_time() {
    let mut rights = Rights::new();
    rights.apply(Rights::ask(&register(), "anna", NOW, asked("person-right", persons())).unwrap());
    let spend = |rights: &Rights, by: &str, at| rights.spend(by, at, 0, Use::Opening, 1);
    assert_eq!(
        spend(&rights, "anna", NOW),
        Err(RightsError::Standing(Standing::Waits))
    );
    for own in ["anna", "anna-admin"] {
        assert_eq!(
            rights.approve(&register(), own, NOW, 0, &is_another),
            Err(RightsError::Own)
        );
    }
    assert_eq!(
        rights.approve(&register(), "bo", NOW, 1, &is_another),
        Err(RightsError::Unknown)
    );
    assert_eq!(
        rights.approve(&register(), "bo", NOW + HOUR, 0, &is_another),
        Err(RightsError::Standing(Standing::Expired))
    );
    rights.apply(rights.approve(&register(), "bo", NOW, 0, &is_another).unwrap());
    assert_eq!(
        rights.approve(&register(), "cia", NOW, 0, &is_another),
        Err(RightsError::Standing(Standing::Open))
    );
    assert_eq!(spend(&rights, "bo", NOW), Err(RightsError::NotYours));
    assert_eq!(
        rights.spend("anna", NOW, 0, Use::Erasure, 1),
        Err(RightsError::Unknown)
    );
    assert_eq!(
        spend(&rights, "anna", NOW + HOUR),
        Err(RightsError::Standing(Standing::Expired))
    );
    for _ in 0..2 {
        rights.apply(spend(&rights, "anna", NOW + 5).unwrap());
    }
    assert_eq!(rights.request(0).map(|request| request.things), Some(2));
    assert_eq!(
        spend(&rights, "anna", NOW + 6),
        Err(RightsError::Standing(Standing::UsedUp))
    );
    assert_eq!(
        rights.end("anna", NOW, 0),
        Err(RightsError::Standing(Standing::UsedUp))
    );
    let number = rights.count();
    rights.apply(Rights::ask(&register(), "anna", NOW, asked("court-order", persons())).unwrap());
    rights.apply(rights.end("bo", NOW, number).unwrap());
    assert_eq!(
        rights.approve(&register(), "bo", NOW, number, &is_another),
        Err(RightsError::Standing(Standing::Ended))
    );
}

#[test]
fn what_waits_is_approved_under_the_purposes_of_its_day_and_what_is_approved_stays_so() {
    let (release, mut next) = (register(), register());
    next.purposes.retain(|purpose| purpose.code != "court-order");
    let mut rights = Rights::new();
    for _ in 0..2 {
        let asked = Rights::ask(&release, "anna", NOW, asked("court-order", persons()));
        rights.apply(asked.unwrap());
    }
    let approved = rights.approve(&release, "bo", NOW, 0, &is_another);
    rights.apply(approved.unwrap());
    // The next release no longer has the purpose.
    let late = rights.approve(&next, "bo", NOW, 1, &is_another);
    assert!(matches!(late, Err(RightsError::Purpose(_))), "{late:?}");
    assert!(rights.spend("anna", NOW, 0, Use::Opening, 1).is_ok());
    next.purposes.push(purpose("court-order", &[Use::Erasure]));
    let late = rights.approve(&next, "bo", NOW, 1, &is_another);
    assert!(matches!(late, Err(RightsError::NotForPurpose(_))), "{late:?}");
}

#[test]
fn an_erasure_is_ended_only_until_it_is_approved() {
    let scope = || Scope::PersonErasure {
        person: PersonKey([1; 16]),
        reporter: String::new(),
        records: vec![record(4)],
    };
    for scope in [scope(), Scope::Erasure(vec![record(4)])] {
        let mut rights = Rights::new();
        rights.apply(Rights::ask(&register(), "anna", NOW, asked("person-right", scope)).unwrap());
        assert!(rights.end("anna", NOW, 0).is_ok());
        rights.apply(rights.approve(&register(), "bo", NOW, 0, &is_another).unwrap());
        assert_eq!(
            rights.end("anna", NOW, 0),
            Err(RightsError::Standing(Standing::Open))
        );
    }
}

#[test]
fn what_is_asked_for_is_held_against_law_and_limits() {
    let ask = |asked: Asked| {
        Rights::ask(&register(), "anna", NOW, asked)
            .map(|_| ())
            .unwrap_err()
    };
    let known = "person-right, research-linkage, court-order".to_owned();
    assert_eq!(
        ask(asked("curiosity", persons())),
        RightsError::Purpose(known.clone())
    );
    assert_eq!(ask(asked("ended", persons())), RightsError::Purpose(known));
    let linkage = Scope::Linkage {
        project: "p-1".to_owned(),
        reporters: vec!["region-norr".to_owned()],
    };
    assert!(matches!(
        ask(asked("person-right", linkage.clone())),
        RightsError::NotForPurpose(_)
    ));
    assert!(Rights::ask(&register(), "anna", NOW, asked("research-linkage", linkage)).is_ok());
    for reason in ["", "  ", "for 19821105-9954", &"x".repeat(501)] {
        let reason = reason.to_owned();
        let wrong = Asked {
            reason,
            ..asked("person-right", persons())
        };
        assert_eq!(ask(wrong), RightsError::Reason);
    }
    assert_eq!(
        ask(asked("person-right", Scope::Persons(vec![]))),
        RightsError::Scope
    );
    let many = Scope::Persons(vec![PersonKey([1; 16]); LIMITS.scope + 1]);
    assert_eq!(ask(asked("person-right", many)), RightsError::Scope);
    let number = RecordRef {
        id: "19821105-9954".to_owned(),
        ..record(1)
    };
    assert_eq!(
        ask(asked("person-right", Scope::Erasure(vec![number]))),
        RightsError::Scope
    );
    for (uses, until) in [(0, NOW + 1), (101, NOW + 1), (1, NOW), (1, NOW + 32 * 24 * HOUR)] {
        let wrong = Asked {
            uses,
            until,
            ..asked("person-right", persons())
        };
        assert_eq!(ask(wrong), RightsError::Extent);
    }
}

#[test]
fn entries_read_back_in_their_one_form() {
    let steps = [
        Step::Asked(asked("person-right", persons())),
        Step::Asked(asked("person-right", Scope::Records(vec![record(4)]))),
        Step::Asked(asked("court-order", Scope::Erasure(vec![record(4), record(6)]))),
        Step::Asked(asked(
            "person-right",
            Scope::PersonErasure {
                person: PersonKey([3; 16]),
                reporter: "region-norr".to_owned(),
                records: vec![record(4)],
            },
        )),
        Step::Asked(asked(
            "research-linkage",
            Scope::Linkage {
                project: "p".to_owned(),
                reporters: vec!["r".to_owned()],
            },
        )),
        Step::Approved { request: 7 },
        Step::Used { request: 7, count: 3 },
        Step::Ended { request: 7 },
        Step::Rectify(Rectification {
            person: PersonKey([3; 16]),
            purpose: "person-right".to_owned(),
            reason: "wrong date".to_owned(),
            records: vec![record(2)],
        }),
    ];
    for step in steps {
        let entry = RightsEntry {
            caller: "anna".to_owned(),
            at: NOW,
            step,
        };
        let bytes = entry.encode();
        assert_eq!(RightsEntry::decode(&bytes), Ok(entry.clone()));
        for end in 0..bytes.len() {
            assert!(RightsEntry::decode(&bytes[..end]).is_err());
        }
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            if let Ok(other) = RightsEntry::decode(&wrong) {
                assert_eq!(other.encode(), wrong);
                assert_ne!(other.leaf(), entry.leaf());
            }
        }
    }
}
