//! What is decided of drafts, releases and imports, and how the fold takes it: each promise by an example.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod samples;

use jiff::civil::{Date, date};
use vardnav_register::unit::UnitVersion;
use vardnav_release::authority::{AuthorityState, FoldError, Stage};
use vardnav_release::entry::{AuthorityEntry, Change, ConceptMapRecord, EditionRecord, EntryError, Reporter};
use vardnav_release::lifecycle::{self, CheckOutcome, Haste, Publication, Refusal};

use samples::{proposal, reporter_map, samples, unit};

fn code<T: std::fmt::Debug>(refused: Result<T, Refusal>) -> &'static str {
    refused.unwrap_err().code()
}

/// Publishes after a check without findings, on any day and under no procedure.
fn publish(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: [u8; 32],
    from: Option<Date>,
    bound: &[(String, String)],
) -> Result<Vec<AuthorityEntry>, Refusal> {
    let check = CheckOutcome {
        bound: bound.to_vec(),
        editions: CheckOutcome::pins(state, bound),
        ..CheckOutcome::default()
    };
    let terms = Publication {
        from,
        today: date(2026, 1, 1),
        haste: Haste::None,
        procedure: None,
        changes: Vec::new(),
    };
    lifecycle::publish(state, caller, at, draft, digest, &check, &terms)
}

trait ApplyAll {
    fn apply_all(&mut self, entries: &[AuthorityEntry]);
}

impl ApplyAll for AuthorityState {
    fn apply_all(&mut self, entries: &[AuthorityEntry]) {
        for entry in entries {
            self.apply(entry).unwrap();
        }
    }
}

#[test]
fn the_fold_takes_an_entry_twice_as_once() {
    let mut state = AuthorityState::default();
    for (name, entry) in samples() {
        state.apply(&entry).unwrap();
        let once = state.clone();
        state.apply(&entry).unwrap();
        assert_eq!(state, once, "{name}");
    }
    assert_eq!(state.release_on(date(2026, 1, 1)).unwrap().id, "2026.1");
    assert_eq!(state.release_on(date(2025, 12, 31)), None);
    assert_eq!(state.draft("draft-1").unwrap().stage(), Stage::Published);
    assert_eq!(state.editions().count(), 1);
}

#[test]
fn what_does_not_fit_leaves_the_state_alone() {
    let mut state = AuthorityState::default();
    let stray = AuthorityEntry {
        caller: "anna".to_owned(),
        at: 0,
        change: Change::DraftApproved {
            draft: "draft-9".to_owned(),
            digest: [1; 32],
        },
    };
    assert_eq!(
        state.apply(&stray),
        Err(FoldError::UnknownDraft("draft-9".to_owned()))
    );
    assert_eq!(state, AuthorityState::default());
}

#[test]
fn unit_versions_stay_in_order_and_the_later_word_counts() {
    let mut state = AuthorityState::default();
    let put = |from: Date, name: &str| {
        let version = Box::new(UnitVersion {
            from,
            closed: None,
            name: name.to_owned(),
            ..unit()
        });
        let change = Change::UnitPut {
            hsa_id: "SE2321000131-E0001".to_owned(),
            version,
        };
        AuthorityEntry {
            caller: "anna".to_owned(),
            at: 0,
            change,
        }
    };
    for (from, name) in [
        (date(2026, 6, 1), "b"),
        (date(2026, 1, 1), "a"),
        (date(2026, 6, 1), "c"),
        (date(2026, 9, 1), "d"),
    ] {
        state.apply(&put(from, name)).unwrap();
    }
    let unit = state.unit("SE2321000131-E0001").unwrap();
    let names = |on: Date| unit.on(on).map(|version| version.name.as_str());
    assert_eq!(unit.versions.len(), 3);
    assert_eq!(names(date(2025, 12, 31)), None);
    assert_eq!(names(date(2026, 5, 31)), Some("a"));
    assert_eq!(names(date(2026, 6, 1)), Some("c"));
    assert_eq!(names(date(2026, 12, 1)), Some("d"));
}

#[test]
fn a_release_needs_check_approval_by_another_and_the_same_content() {
    let mut state = AuthorityState::default();

    let one = [1; 32];
    assert_eq!(
        code(lifecycle::approve(&state, "bo", 1, "draft-1", one)),
        "VN-REL-201"
    );
    assert_eq!(
        code(lifecycle::put(
            &state,
            "anna",
            1,
            "draft 1",
            proposal("2026.1", 1)
        )),
        "VN-REL-209"
    );
    state
        .apply(&lifecycle::put(&state, "anna", 1, "draft-1", proposal("2026.1", 1)).unwrap())
        .unwrap();
    assert_eq!(
        code(lifecycle::create(
            &state,
            "bo",
            2,
            "draft-1",
            proposal("2026.1", 2)
        )),
        "VN-REL-210"
    );
    assert_eq!(
        code(lifecycle::put(&state, "", 2, "draft-1", proposal("2026.1", 2))),
        "VN-REL-212"
    );
    let update = |expected| lifecycle::update(&state, "bo", 2, "draft-1", expected, proposal("2026.1", 2));
    assert_eq!(code(update(Some([9; 32]))), "VN-REL-203");
    assert!(update(Some(one)).is_ok() && update(None).is_ok());
    assert_eq!(
        code(lifecycle::approve(&state, "bo", 2, "draft-1", one)),
        "VN-REL-202"
    );
    assert_eq!(
        code(publish(&state, "bo", 2, "draft-1", one, None, &[])),
        "VN-REL-202"
    );
    state
        .apply(&lifecycle::checked(&state, "anna", 3, "draft-1", one, 2, 0).unwrap())
        .unwrap();
    assert_eq!(state.draft("draft-1").unwrap().stage(), Stage::Faulty);
    assert_eq!(
        code(lifecycle::approve(&state, "bo", 4, "draft-1", one)),
        "VN-REL-204"
    );
    state
        .apply(&lifecycle::checked(&state, "anna", 5, "draft-1", one, 0, 1).unwrap())
        .unwrap();
    assert_eq!(
        code(lifecycle::approve(&state, "anna", 6, "draft-1", one)),
        "VN-REL-205"
    );
    assert_eq!(
        code(lifecycle::approve(&state, "bo", 6, "draft-1", [2; 32])),
        "VN-REL-203"
    );
    assert_eq!(
        code(publish(&state, "bo", 6, "draft-1", one, None, &[])),
        "VN-REL-206"
    );
    state
        .apply(&lifecycle::approve(&state, "bo", 7, "draft-1", one).unwrap())
        .unwrap();

    // Other content undoes check and approval, and whoever put it is an author too.
    let two = [2; 32];
    state
        .apply(&lifecycle::put(&state, "bo", 8, "draft-1", proposal("2026.1", 2)).unwrap())
        .unwrap();
    assert_eq!(state.draft("draft-1").unwrap().stage(), Stage::Draft);
    assert_eq!(
        code(publish(&state, "bo", 9, "draft-1", one, None, &[])),
        "VN-REL-203"
    );
    assert_eq!(
        code(publish(&state, "bo", 9, "draft-1", two, None, &[])),
        "VN-REL-202"
    );
    state
        .apply(&lifecycle::checked(&state, "bo", 10, "draft-1", two, 0, 0).unwrap())
        .unwrap();
    assert_eq!(
        code(lifecycle::approve(&state, "anna", 11, "draft-1", two)),
        "VN-REL-205"
    );
    assert_eq!(
        code(lifecycle::approve(&state, "bo", 11, "draft-1", two)),
        "VN-REL-205"
    );
    state
        .apply(&lifecycle::approve(&state, "cecilia", 12, "draft-1", two).unwrap())
        .unwrap();
    state.apply_all(&publish(&state, "anna", 13, "draft-1", two, None, &[]).unwrap());

    assert_eq!(
        code(lifecycle::put(
            &state,
            "anna",
            14,
            "draft-1",
            proposal("2026.2", 3)
        )),
        "VN-REL-208"
    );
    assert_eq!(
        code(lifecycle::put(
            &state,
            "anna",
            14,
            "draft-2",
            proposal("2026.1", 3)
        )),
        "VN-REL-207"
    );
    assert_eq!(
        code(publish(&state, "anna", 14, "draft-1", two, None, &[])),
        "VN-REL-208"
    );
}

#[test]
fn an_imported_edition_is_never_replaced() {
    let record = |blob: u8| EditionRecord {
        system: "urn:codes".to_owned(),
        version: "1".to_owned(),
        title: "Codes".to_owned(),
        concepts: 2,
        blob: [blob; 32],
    };
    let import = |state: &AuthorityState, blob| lifecycle::import_edition(state, "anna", 1, &record(blob));
    let mut state = AuthorityState::default();
    let first = import(&state, 1).unwrap().unwrap();
    state.apply(&first).unwrap();
    assert_eq!(import(&state, 1), Ok(None), "the same files again change nothing");
    assert_eq!(import(&state, 2).unwrap_err().code(), "VN-REL-213");
    let before = state.clone();
    let change = Change::EditionImported(record(2));
    let forced = AuthorityEntry { change, ..first };
    assert!(matches!(
        state.apply(&forced),
        Err(FoldError::EditionTaken { .. })
    ));
    assert_eq!(state, before);
}

#[test]
fn a_reporters_map_is_put_once_and_only_for_a_reporter() {
    let put =
        |state: &AuthorityState, map: &ConceptMapRecord| lifecycle::put_concept_map(state, "anna", 1, map);
    let mut state = AuthorityState::default();
    assert_eq!(
        put(&state, &reporter_map("1", 1)).unwrap_err().code(),
        "VN-REL-215"
    );
    state.apply(&samples()[0].1).unwrap();
    let first = put(&state, &reporter_map("1", 1)).unwrap().unwrap();
    state.apply(&first).unwrap();
    assert_eq!(
        put(&state, &reporter_map("1", 1)),
        Ok(None),
        "the same file again changes nothing"
    );
    assert_eq!(
        put(&state, &reporter_map("1", 2)).unwrap_err().code(),
        "VN-REL-216"
    );
    let later = ConceptMapRecord {
        from: date(2026, 7, 1),
        ..reporter_map("1", 1)
    };
    assert_eq!(put(&state, &later).unwrap_err().code(), "VN-REL-216");
    let before = state.clone();
    let change = Change::ConceptMapPut(reporter_map("1", 2));
    assert!(matches!(
        state.apply(&AuthorityEntry { change, ..first }),
        Err(FoldError::MapTaken { .. })
    ));
    assert_eq!(state, before);

    let second = put(&state, &reporter_map("2", 2)).unwrap().unwrap();
    state.apply(&second).unwrap();
    let versions = state.concept_maps_of("region-01").iter().map(|map| &*map.version);
    assert_eq!(versions.collect::<Vec<_>>(), ["1", "2"]);
    let many = ConceptMapRecord {
        rows: u64::MAX,
        ..reporter_map("3", 3)
    };
    assert_eq!(put(&state, &many).unwrap_err().code(), "VN-REL-217");
    let personal = ConceptMapRecord {
        title: "for 701063-2391".to_owned(),
        ..reporter_map("3", 3)
    };
    assert_eq!(put(&state, &personal).unwrap_err().code(), "VN-REL-214");
}

#[test]
fn a_release_remembers_the_editions_it_was_published_over() {
    let mut state = AuthorityState::default();
    for (name, mut entry) in samples().into_iter().take(7) {
        if name == "draft-approved" {
            "bo".clone_into(&mut entry.caller);
        }
        state.apply(&entry).unwrap();
    }
    let bound =
        ["2021", "2099"].map(|version| ("urn:oid:1.2.752.116.1.1.1.1.3".to_owned(), version.to_owned()));
    state.apply_all(&publish(&state, "bo", 7, "draft-1", [1; 32], None, &bound).unwrap());
    let pins = &state.release("2026.1").unwrap().editions;
    assert_eq!(pins.len(), 1, "only what was at hand");
    assert_eq!((&*pins[0].version, pins[0].digest), ("2021", [7; 32]));
}

#[test]
fn no_text_holds_a_personal_number() {
    let state = AuthorityState::default();
    let code = |refused: Result<AuthorityEntry, Refusal>| refused.unwrap_err().code();
    let put = |caller: &str, draft: &str, proposal| lifecycle::put(&state, caller, 1, draft, proposal);
    assert_eq!(
        code(put("anna", "701063-2391", proposal("2026.1", 1))),
        "VN-REL-209"
    );
    assert_eq!(
        code(put("anna", "draft-1", proposal("7010632391", 1))),
        "VN-REL-209"
    );
    assert_eq!(
        code(put("701063-2391", "draft-1", proposal("2026.1", 1))),
        "VN-REL-212"
    );
    assert_eq!(
        code(put("anna lind", "draft-1", proposal("2026.1", 1))),
        "VN-REL-212"
    );
    let mut titled = proposal("2026.1", 1);
    titled.title.en = "for 701063-2391".to_owned();
    assert_eq!(code(put("anna", "draft-1", titled)), "VN-REL-214");
    let reporter = |id: &str, name: &str| Reporter {
        id: id.to_owned(),
        name: name.to_owned(),
        provider: "2321000016".to_owned(),
    };
    let put = |reporter| lifecycle::put_reporter(&state, "anna", 1, &reporter);
    assert_eq!(
        put(reporter("701063-2391", "Region")).unwrap_err().code(),
        "VN-REL-209"
    );
    assert_eq!(
        put(reporter("region", "701063-2391")).unwrap_err().code(),
        "VN-REL-214"
    );
    let entry = put(reporter("region", "Region")).unwrap().unwrap();
    assert!(entry.sealed().is_ok());
    let mut bad = unit();
    bad.beds[0].kind = "701063-2391".to_owned();
    let change = Change::UnitPut {
        hsa_id: "SE2321000131-E0001".to_owned(),
        version: Box::new(bad),
    };
    assert_eq!(
        AuthorityEntry { change, ..entry }.sealed(),
        Err(EntryError::PersonalNumber)
    );
}
