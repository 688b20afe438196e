//! What is told of a publication that may be meant otherwise: which release applies on no day from then on, where the
//! new one ends, and that days are past.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use jiff::civil::{Date, date};
use vardnav_release::AuthorityState;
use vardnav_release::entry::{AuthorityEntry, Change, Proposal};
use vardnav_release::lifecycle::cautions;

const TODAY: Date = date(2026, 11, 22);

fn publish(state: &mut AuthorityState, id: &str, from: Date) -> Vec<String> {
    let put = Change::DraftPut {
        draft: id.to_owned(),
        proposal: Proposal {
            release: id.to_owned(),
            from,
            ..Proposal::default()
        },
    };
    let published = Change::ReleasePublished {
        draft: id.to_owned(),
        digest: Proposal::default().digest,
        from,
        editions: Vec::new(),
    };
    for change in [put, published] {
        let entry = AuthorityEntry {
            caller: "anna".to_owned(),
            at: 0,
            change,
        };
        state.apply(&entry).unwrap();
    }
    let told = cautions(state, id, TODAY);
    // What is said of dates is what the fold answers.
    for said in &told {
        assert!(said.code().starts_with("VN-REL-24"));
    }
    told.iter()
        .map(|caution| format!("{} {caution}", caution.code()))
        .collect()
}

#[test]
fn each_publication_tells_what_it_does_to_others() {
    let mut state = AuthorityState::default();
    // The first takes nobody's place, whatever its date.
    assert!(publish(&mut state, "a", date(2026, 1, 1)).is_empty());
    assert!(publish(&mut state, "b", date(2027, 7, 1)).is_empty());
    let told = publish(&mut state, "c", date(2027, 7, 1));
    assert_eq!(
        told,
        [
            "VN-REL-243 release `b` begins on the same date 2027-07-01 and applies on no day from now on: of two the one \
          published last applies"
        ]
    );
    assert_eq!(state.superseded_from("b"), Some(date(2027, 7, 1)));
    let told = publish(&mut state, "d", date(2027, 1, 1));
    assert_eq!(
        told,
        ["VN-REL-244 it applies until 2027-07-01 only, when release `b` begins, which is published already"]
    );
    assert_eq!(state.superseded_from("d"), Some(date(2027, 7, 1)));
    let told = publish(&mut state, "e", date(2026, 11, 22));
    assert_eq!(
        told,
        [
            "VN-REL-244 it applies until 2027-01-01 only, when release `d` begins, which is published already",
            "VN-REL-245 it begins on 2026-11-22, and today is 2026-11-22: records of those days were derived under \
             release `a` and stay so until they are derived anew"
        ]
    );
    assert!(cautions(&state, "f", TODAY).is_empty());
}
