//! Publications of figures: what may be published, and what holds then.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "a test")]

mod samples;

use vardnav_release::authority::{AuthorityState, FoldError};
use vardnav_release::entry::{AuthorityEntry, Change, PublicationRecord, PublicationState};
use vardnav_release::lifecycle::{Refusal, publish_figures};

use samples::publication;

/// An instant in a year.
fn in_year(year: i64) -> i64 {
    (year - 1970) * 31_556_952_000_000 + 8_640_000_000_000
}

fn publish(
    state: &mut AuthorityState,
    revises: Option<&str>,
    record: &PublicationRecord,
) -> Result<Option<String>, Refusal> {
    let entry = publish_figures(state, "anna", in_year(2026), revises, record)?;
    Ok(entry.map(|entry| {
        state.apply(&entry).unwrap();
        match entry.change {
            Change::FiguresPublished(record) => record.id(),
            other => panic!("{other:?}"),
        }
    }))
}

#[test]
fn a_revision_names_the_publication_that_holds_and_says_why() {
    use PublicationState::{Final, Preliminary};
    let mut state = AuthorityState::default();
    let first = publication(1, Preliminary, "");
    let nothing = Refusal::OtherPublication { last: None };
    assert_eq!(publish(&mut state, Some("2025-1"), &first), Err(nothing));
    assert_eq!(publish(&mut state, None, &first), Ok(Some("2025-1".to_owned())));
    // The same again changes nothing; nobody revises unseen.
    assert_eq!(publish(&mut state, Some("2025-1"), &first), Ok(None));
    let second = publication(2, Final, "");
    let other = Refusal::OtherPublication {
        last: Some("2025-1".to_owned()),
    };
    assert_eq!(publish(&mut state, None, &second), Err(other));
    assert_eq!(
        publish(&mut state, Some("2025-1"), &second),
        Err(Refusal::NoteMissing)
    );
    let second = publication(2, Final, "hösten är rättad");
    assert_eq!(
        publish(&mut state, Some("2025-1"), &second),
        Ok(Some("2025-2".to_owned()))
    );
    let back = publication(3, Preliminary, "åter");
    assert_eq!(
        publish(&mut state, Some("2025-2"), &back),
        Err(Refusal::PublicationFinal)
    );

    let publications = state.publications();
    let kept = publications.get("2025-2").unwrap();
    assert_eq!(kept.record.revises(), Some("2025-1".to_owned()));
    assert_eq!(kept.mark.by, "anna");
    assert_eq!(publications.last(2025), Some(kept));
    assert_eq!(
        publications.after(&publications.get("2025-1").unwrap().record),
        Some(kept)
    );
    assert_eq!(publications.after(&kept.record), None);
    for unknown in ["2025-3", "2025-02", "2025", "02025-1", "", "2025-"] {
        assert_eq!(publications.get(unknown), None, "{unknown}");
    }
    assert_eq!(publications.all().count(), 2);
}

#[test]
fn final_figures_are_of_a_year_that_is_over_and_texts_hold_nobody() {
    let mut state = AuthorityState::default();
    let of = |year, state| PublicationRecord {
        year,
        ..publication(1, state, "")
    };
    for (year, kind) in [
        (2026, PublicationState::Final),
        (2027, PublicationState::Preliminary),
    ] {
        let refused = publish(&mut state, None, &of(year, kind));
        assert_eq!(refused, Err(Refusal::YearNotOver { year }));
    }
    let running = of(2026, PublicationState::Preliminary);
    assert_eq!(publish(&mut state, None, &running), Ok(Some("2026-1".to_owned())));
    let mut nameless = publication(1, PublicationState::Final, "");
    nameless.title.sv = " ".to_owned();
    assert_eq!(publish(&mut state, None, &nameless), Err(Refusal::TitleMissing));
    nameless.title.sv = "19121212-1212".to_owned();
    assert!(matches!(
        publish(&mut state, None, &nameless),
        Err(Refusal::BadText { .. })
    ));
    let numbered = publication(1, PublicationState::Final, "för 19121212-1212");
    assert!(matches!(
        publish(&mut state, None, &numbered),
        Err(Refusal::BadLongText(_))
    ));
}

#[test]
fn the_fold_takes_no_publication_but_the_next() {
    let mut state = AuthorityState::default();
    let entry = |number| AuthorityEntry {
        caller: "anna".to_owned(),
        at: 1,
        change: Change::FiguresPublished(publication(number, PublicationState::Final, "")),
    };
    let unfit = Err(FoldError::Publication("2025-2".to_owned()));
    assert_eq!(state.apply(&entry(2)), unfit);
    for _ in 0..2 {
        assert_eq!(state.apply(&entry(1)), Ok(()));
    }
    assert_eq!(state.apply(&entry(2)), Ok(()));
    assert_eq!(state.publications().count(), 2);
}
