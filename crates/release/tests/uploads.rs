//! Uploads: what may be put and withdrawn, and what holds then.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use jiff::civil::date;
use vardnav_release::authority::{AuthorityState, FoldError, Upload};
use vardnav_release::entry::{AuthorityEntry, Change, UploadRecord, UploadStep};
use vardnav_release::lifecycle::{self, REVISIONS_MAX, Refusal};

fn upload(revision: u32, blob: u8) -> UploadRecord {
    UploadRecord {
        kind: "population".to_owned(),
        id: "2025-12-31".to_owned(),
        revision,
        date: date(2025, 12, 31),
        source: "SCB, befolkning 31 december".to_owned(),
        rows: 63_800,
        release: "2026.1".to_owned(),
        blob: [blob; 32],
    }
}

fn put(state: &mut AuthorityState, at: i64, record: &UploadRecord) -> Option<u32> {
    let entry = lifecycle::put_upload(state, "anna", at, record).unwrap()?;
    state.apply(&entry).unwrap();
    match entry.change {
        Change::Upload(UploadStep::Put(put)) => Some(put.revision),
        other => panic!("{other:?}"),
    }
}

fn withdraw(state: &mut AuthorityState, reason: &str) -> Result<bool, Refusal> {
    let entry = lifecycle::withdraw_upload(state, "bo", 9, "population", "2025-12-31", reason)?;
    if let Some(entry) = &entry {
        state.apply(entry).unwrap();
    }
    Ok(entry.is_some())
}

fn current(state: &AuthorityState) -> Option<(u32, u8)> {
    let record = state.uploads().get("population", "2025-12-31")?.current()?;
    Some((record.revision, record.blob[0]))
}

#[test]
fn the_same_again_changes_nothing_and_other_content_is_the_next_revision() {
    let mut state = AuthorityState::default();
    assert_eq!(put(&mut state, 1, &upload(0, 5)), Some(1));
    assert_eq!(put(&mut state, 2, &upload(0, 5)), None);
    assert_eq!(put(&mut state, 3, &upload(0, 6)), Some(2));
    // What was there before is a revision of its own when it comes back.
    assert_eq!(put(&mut state, 4, &upload(7, 5)), Some(3));
    let elsewhere = UploadRecord {
        source: "another".to_owned(),
        ..upload(0, 5)
    };
    assert_eq!(put(&mut state, 5, &elsewhere), Some(4));
    assert_eq!(current(&state), Some((4, 5)));
    let known = state.uploads().get("population", "2025-12-31").unwrap();
    let history: Vec<_> = known
        .revisions()
        .iter()
        .map(|kept| (kept.record.revision, kept.record.blob[0], kept.mark.at))
        .collect();
    assert_eq!(history, [(1, 5, 1), (2, 6, 3), (3, 5, 4), (4, 5, 5)]);
    assert_eq!(known.revision(2).map(|kept| kept.record.blob[0]), Some(6));
}

#[test]
fn what_is_withdrawn_does_not_hold_until_it_is_put_again() {
    let mut state = AuthorityState::default();
    let unknown = lifecycle::withdraw_upload(&state, "bo", 9, "population", "2025-12-31", "why");
    assert_eq!(unknown, Err(Refusal::UnknownUpload));
    put(&mut state, 1, &upload(0, 5));
    assert_eq!(withdraw(&mut state, " "), Err(Refusal::UploadReasonMissing));
    assert_eq!(withdraw(&mut state, "another year"), Ok(true));
    assert_eq!(current(&state), None);
    assert_eq!(state.uploads().current("population").count(), 0);
    assert_eq!(state.uploads().all().count(), 1);
    let withdrawn = state.uploads().all().find_map(Upload::last).unwrap();
    let withdrawal = withdrawn.withdrawn.as_ref().unwrap();
    assert_eq!(
        (withdrawal.reason.as_str(), withdrawal.mark.by.as_str()),
        ("another year", "bo")
    );
    assert_eq!(withdraw(&mut state, "again"), Ok(false));
    assert_eq!(put(&mut state, 10, &upload(0, 5)), Some(2));
    assert_eq!(current(&state), Some((2, 5)));
}

#[test]
fn what_is_not_said_or_cannot_be_named_is_refused() {
    let state = AuthorityState::default();
    let refused = |change: fn(&mut UploadRecord)| {
        let mut record = upload(0, 5);
        change(&mut record);
        lifecycle::put_upload(&state, "anna", 1, &record).unwrap_err()
    };
    assert_eq!(
        refused(|record| record.source = " ".to_owned()),
        Refusal::SourceMissing
    );
    assert!(matches!(
        refused(|record| record.source = "19121212-1212".to_owned()),
        Refusal::BadText { .. }
    ));
    for id in ["", "a//b", "/a", "a b", "å", "191212121212"] {
        let record = UploadRecord {
            id: id.to_owned(),
            ..upload(0, 5)
        };
        let refused = lifecycle::put_upload(&state, "anna", 1, &record);
        assert_eq!(refused, Err(Refusal::BadUploadId), "{id}");
    }
    let parts = UploadRecord {
        id: "region-skane/2026-01".to_owned(),
        ..upload(0, 5)
    };
    assert!(
        lifecycle::put_upload(&state, "anna", 1, &parts)
            .unwrap()
            .is_some()
    );
}

#[test]
fn the_fold_takes_no_revision_but_the_next_and_keeps_within_limits() {
    let mut state = AuthorityState::default();
    let entry = |step| AuthorityEntry {
        caller: "anna".to_owned(),
        at: 1,
        change: Change::Upload(step),
    };
    let second = entry(UploadStep::Put(upload(2, 5)));
    assert!(matches!(state.apply(&second), Err(FoldError::Upload(_))));
    state.apply(&entry(UploadStep::Put(upload(1, 5)))).unwrap();
    assert!(state.apply(&entry(UploadStep::Put(upload(1, 6)))).is_err());
    let withdrawn = |revision| {
        entry(UploadStep::Withdrawn {
            kind: "population".to_owned(),
            id: "2025-12-31".to_owned(),
            revision,
            reason: "why".to_owned(),
        })
    };
    assert!(state.apply(&withdrawn(2)).is_err());
    for revision in 2..=REVISIONS_MAX {
        state.apply(&entry(UploadStep::Put(upload(revision, 5)))).unwrap();
    }
    let refused = lifecycle::put_upload(&state, "anna", 1, &upload(0, 6));
    assert_eq!(refused, Err(Refusal::TooManyUploads));
}
