//! Derivations in the authority's stream: their bytes never change, the fold keeps what it is told, and nobody switches
//! to what they planned themselves.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use jiff::civil::date;
use vardnav_classification::model::Label;
use vardnav_release::AuthorityState;
use vardnav_release::authority::FoldError;
use vardnav_release::entry::{
    AS_REPORTED, Announcement, AuthorityEntry, Change, DerivationPlan, DerivationStep, Procedure, Proposal,
    Step,
};
use vardnav_release::lifecycle::{
    DERIVATIONS_MAX, DerivationRefusal, cancel_derivation, link_caller, plan_derivation, switch_derivation,
};

fn plan(id: &str) -> DerivationPlan {
    DerivationPlan {
        id: id.to_owned(),
        release: "2026.1".to_owned(),
        variants: vec!["U4:physician-only".to_owned()],
        from: Some(date(2026, 1, 1)),
        until: None,
    }
}

fn entry(caller: &str, change: Change) -> AuthorityEntry {
    AuthorityEntry {
        caller: caller.to_owned(),
        at: 1_767_225_600_000_000,
        change,
    }
}

/// A state with one published release.
fn published() -> AuthorityState {
    let mut state = AuthorityState::default();
    let proposal = Proposal {
        release: "2026.1".to_owned(),
        title: Label::default(),
        from: date(2026, 1, 1),
        digest: [1; 32],
    };
    let draft = "draft-1".to_owned();
    let put = Change::DraftPut {
        draft: draft.clone(),
        proposal,
    };
    let published = Change::ReleasePublished {
        draft,
        digest: [1; 32],
        from: date(2026, 1, 1),
        editions: Vec::new(),
    };
    for change in [put, published] {
        state.apply(&entry("anna", change)).unwrap();
    }
    state
}

fn switched(id: &str, from: &str) -> DerivationStep {
    DerivationStep::Switched {
        id: id.to_owned(),
        from: from.to_owned(),
        reason: "why".to_owned(),
    }
}

type Written = Result<Option<AuthorityEntry>, DerivationRefusal>;

fn apply(state: &mut AuthorityState, write: impl FnOnce(&AuthorityState) -> Written) {
    let written = write(state);
    state.apply(&written.unwrap().unwrap()).unwrap();
}

#[test]
fn stored_bytes_of_every_kind_stay_readable_and_the_same() {
    let id = "night".to_owned();
    let steps = [
        (
            DerivationStep::Planned(plan("night")),
            "140104616e6e610040204648470600056e6967687406323032362e31011155343a7068\
             7973696369616e2d6f6e6c7901e64f000000",
        ),
        (
            DerivationStep::Cancelled { id: id.clone() },
            "150104616e6e610040204648470600056e69676874",
        ),
        (
            DerivationStep::Switched {
                id,
                from: AS_REPORTED.to_owned(),
                reason: "new rule".to_owned(),
            },
            "160104616e6e610040204648470600056e696768740b61732d7265706f72746564086e65772072756c65",
        ),
    ];
    for (step, stored) in steps {
        let entry = entry("anna", Change::Derivation(step));
        let hex: String = entry.encode().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, stored);
        assert_eq!(AuthorityEntry::decode(&entry.encode()).as_ref(), Ok(&entry));
        assert_eq!(entry.sealed().unwrap(), entry.encode());
    }
    let mut unknown = entry("anna", Change::Derivation(DerivationStep::Planned(plan("a")))).encode();
    for kind in [23, 24] {
        if let Some(first) = unknown.first_mut() {
            *first = kind;
        }
        assert!(AuthorityEntry::decode(&unknown).is_err());
    }
    assert_eq!(plan("a").release_name(), "2026.1+U4:physician-only");
}

#[test]
fn a_derivation_is_planned_switched_to_by_another_and_given_up() {
    let mut state = published();
    apply(&mut state, |state| {
        plan_derivation(state, "anna", 1, plan("night"))
    });
    // The same again is nothing new; the same id with another plan is refused.
    assert_eq!(plan_derivation(&state, "anna", 2, plan("night")), Ok(None));
    let other = DerivationPlan {
        until: Some(date(2026, 7, 1)),
        ..plan("night")
    };
    assert_eq!(
        plan_derivation(&state, "bo", 2, other),
        Err(DerivationRefusal::Taken)
    );

    assert_eq!(
        switch_derivation(&state, "anna", 3, "night", ""),
        Err(DerivationRefusal::OwnPlan)
    );
    assert_eq!(
        switch_derivation(&state, "ANNA", 3, "night", ""),
        Err(DerivationRefusal::OwnPlan)
    );
    assert_eq!(
        switch_derivation(&state, "bo", 3, "day", ""),
        Err(DerivationRefusal::Unknown)
    );
    assert_eq!(switch_derivation(&state, "bo", 3, AS_REPORTED, ""), Ok(None));
    apply(&mut state, |state| switch_derivation(state, "bo", 3, "night", ""));
    assert_eq!(state.derivations().active().unwrap().plan, plan("night"));
    assert_eq!(switch_derivation(&state, "bo", 4, "night", ""), Ok(None));
    assert_eq!(
        cancel_derivation(&state, "bo", 4, "night"),
        Err(DerivationRefusal::Active)
    );

    // Back again needs nobody else, and then it may be given up, once and for all.
    apply(&mut state, |state| {
        switch_derivation(state, "anna", 5, AS_REPORTED, "")
    });
    assert_eq!(state.derivations().active(), None);
    apply(&mut state, |state| cancel_derivation(state, "anna", 6, "night"));
    assert_eq!(cancel_derivation(&state, "anna", 7, "night"), Ok(None));
    assert_eq!(
        switch_derivation(&state, "bo", 7, "night", ""),
        Err(DerivationRefusal::Cancelled)
    );
    assert_eq!(
        plan_derivation(&state, "anna", 7, plan("night")),
        Err(DerivationRefusal::Taken)
    );
    assert_eq!(state.derivations().live().count(), 0);
    assert_eq!(state.derivations().all().count(), 1);
}

#[test]
fn two_accounts_of_one_person_do_not_make_two_persons() {
    let mut state = published();
    apply(&mut state, |state| {
        plan_derivation(state, "anna", 1, plan("night"))
    });
    let link = link_caller(&state, "bo", 2, "anna-2", "anna").unwrap();
    state.apply(&link.unwrap()).unwrap();
    assert_eq!(
        switch_derivation(&state, "anna-2", 3, "night", ""),
        Err(DerivationRefusal::OwnPlan)
    );
    assert!(switch_derivation(&state, "bo", 3, "night", "").is_ok());
}

#[test]
fn where_persons_are_asked_for_nobody_vouches_for_the_own_switch() {
    let mut state = published();
    let told = Announcement {
        release: "2026.1".to_owned(),
        on: date(2026, 1, 1),
        from: date(2026, 1, 1),
        reason: String::new(),
        procedure: Some(Procedure {
            identities_required: true,
            ..Procedure::default()
        }),
        compared: None,
        changes: Vec::new(),
        reporters: Vec::new(),
    };
    let told = entry("anna", Change::Step(Step::ReleaseAnnounced(told)));
    state.apply(&told).unwrap();
    apply(&mut state, |state| {
        plan_derivation(state, "anna", 1, plan("night"))
    });
    let unknown = |caller: &str| {
        Err(DerivationRefusal::IdentityMissing {
            caller: caller.to_owned(),
        })
    };
    assert_eq!(switch_derivation(&state, "bo", 2, "night", ""), unknown("anna"));
    for (by, linked, identity, missing) in [
        ("anna", "bo", "p2", "anna"),
        ("bo", "anna", "p1", "anna"),
        ("root", "anna", "p1", "bo"),
    ] {
        let link = link_caller(&state, by, 3, linked, identity).unwrap();
        state.apply(&link.unwrap()).unwrap();
        assert_eq!(switch_derivation(&state, "bo", 4, "night", ""), unknown(missing));
    }
    let link = link_caller(&state, "root", 5, "bo", "p2").unwrap();
    state.apply(&link.unwrap()).unwrap();
    assert!(switch_derivation(&state, "bo", 6, "night", "").is_ok());
}

#[test]
fn a_switch_says_what_it_leaves_and_why() {
    let mut state = published();
    for id in ["night", "day"] {
        apply(&mut state, |state| plan_derivation(state, "anna", 1, plan(id)));
    }
    for (id, from) in [("night", AS_REPORTED), ("day", "night"), (AS_REPORTED, "day")] {
        let written = switch_derivation(&state, "bo", 2, id, "why").unwrap().unwrap();
        assert_eq!(written.change, Change::Derivation(switched(id, from)));
        state.apply(&written).unwrap();
        let once = state.clone();
        state.apply(&written).unwrap();
        assert_eq!(state, once);
        let last = state.derivations().last_switch().unwrap();
        assert_eq!((&*last.to, &*last.from, &*last.reason), (id, from, "why"));
        assert_eq!(state.derivations().active_id(), id);
    }
    for (reason, told) in [
        ("for 1982 11 05 99-54", "what must be taken for a personal number"),
        ("a\nb", "a control character"),
        (&"a".repeat(501), "has 501 bytes, 500 are allowed"),
    ] {
        let refused = switch_derivation(&state, "bo", 3, "night", reason).unwrap_err();
        assert!(matches!(refused, DerivationRefusal::Reason(_)));
        assert!(refused.to_string().contains(told), "{refused}");
    }
}

#[test]
fn what_is_wrong_with_a_plan_is_told() {
    let mut state = published();
    for id in [
        "",
        AS_REPORTED,
        "Night",
        "-a",
        "a b",
        "198211059954",
        &"a".repeat(33),
    ] {
        assert_eq!(
            plan_derivation(&state, "anna", 1, plan(id)),
            Err(DerivationRefusal::Id),
            "{id}"
        );
    }
    let unknown = DerivationPlan {
        release: "2027.1".to_owned(),
        ..plan("a")
    };
    assert_eq!(
        plan_derivation(&state, "anna", 1, unknown),
        Err(DerivationRefusal::UnknownRelease)
    );
    let dates = DerivationPlan {
        until: Some(date(2026, 1, 1)),
        ..plan("a")
    };
    assert_eq!(
        plan_derivation(&state, "anna", 1, dates),
        Err(DerivationRefusal::Dates)
    );
    for number in 0..DERIVATIONS_MAX {
        apply(&mut state, |state| {
            plan_derivation(state, "anna", 1, plan(&format!("a-{number}")))
        });
    }
    assert_eq!(
        plan_derivation(&state, "anna", 1, plan("b")),
        Err(DerivationRefusal::TooMany)
    );
}

#[test]
fn what_does_not_fit_leaves_the_state_alone() {
    let mut state = published();
    let step = |step| entry("anna", Change::Derivation(step));
    let planned = step(DerivationStep::Planned(plan("night")));
    state.apply(&planned).unwrap();
    let known = state.clone();
    state.apply(&planned).unwrap();
    assert_eq!(state, known);
    let refused = [
        (DerivationStep::Cancelled { id: "day".to_owned() }, "day"),
        (switched("day", AS_REPORTED), "day"),
        (switched("night", "day"), "day"),
        (switched(AS_REPORTED, "night"), "night"),
        (
            DerivationStep::Planned(DerivationPlan {
                from: None,
                ..plan("night")
            }),
            "night",
        ),
        (DerivationStep::Planned(plan(AS_REPORTED)), AS_REPORTED),
    ];
    for (refused, id) in refused {
        assert_eq!(
            state.apply(&step(refused)),
            Err(FoldError::Derivation(id.to_owned()))
        );
        assert_eq!(state, known);
    }
}
