//! Counts follow the ledger: over a store in memory, under the starter release, with entries made as the register
//! makes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Bench, with};
use tonic::{Code, Request};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::indicator_service_server::IndicatorService as _;
use vardnav_indicators::query::Row;
use vardnav_indicators::{Figure, Place};
use vardnav_register::rederive::rows::{Key, projection};
use vardnav_release::entry::{AS_REPORTED, AuthorityEntry, Change, DerivationPlan, DerivationStep};
use vardnav_service_indicators::{Indicators, PROJECTION};
use vardnav_store::{Row as StoreRow, StreamId};

fn ask(indicators: &Indicators, breakdowns: Vec<String>) -> Vec<Row> {
    let request = pb::QueryIndicatorRequest {
        indicator: "contacts-by-group".into(),
        year: 2026,
        groups: vec!["mobile-care".into()],
        breakdowns,
        ..Default::default()
    };
    indicators.ask(&request).unwrap().0.rows
}

fn by_region(indicators: &Indicators) -> Vec<(Place, Figure)> {
    let rows = ask(indicators, vec!["region".to_owned()]);
    rows.into_iter()
        .map(|row| (row.place, row.figure))
        .filter(|(_, figure)| *figure != Figure::Count(0))
        .collect()
}

#[tokio::test]
async fn a_revision_takes_the_place_of_what_it_revises() {
    let bench = Bench::new().await;
    for id in 0..20 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 3).await;
        bench.visit("region-skane", id, 1, Some("1290"), 4).await;
    }
    let indicators = bench.indicators();
    indicators.counts().catch_up().await.unwrap();
    assert_eq!(
        by_region(&indicators),
        [
            (Place::Region(1), Figure::Count(20)),
            (Place::Region(12), Figure::Count(20))
        ]
    );

    // Six lived in Kristianstad, and one of those is revised twice within one batch.
    for id in 0..6 {
        bench.visit("region-stockholm", id, 2, Some("1290"), 3).await;
    }
    bench.visit("region-stockholm", 0, 3, None, 3).await;
    bench.visit("region-stockholm", 0, 4, Some("1280"), 3).await;
    indicators.counts().catch_up().await.unwrap();
    assert_eq!(
        by_region(&indicators),
        [
            (Place::Region(1), Figure::Count(14)),
            (Place::Region(12), Figure::Count(26))
        ]
    );
    let whole = ask(&indicators, Vec::new());
    assert_eq!(whole.first().map(|row| row.figure), Some(Figure::Count(40)));
}

#[tokio::test]
async fn a_server_beside_answers_from_what_another_counts() {
    let bench = Bench::new().await;
    for id in 0..20 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 3).await;
        bench.visit("region-skane", id, 1, Some("1290"), 4).await;
    }
    let beside = Indicators::new(Arc::clone(&bench.beside), Arc::clone(&bench.authority));
    let alone = tokio::time::timeout(Duration::from_millis(300), beside.counts().catch_up()).await;
    assert!(alone.is_err(), "it waits for whoever counts");
    let stream = StreamId::reporter("region-skane").unwrap();
    let refused = bench.beside.commit(PROJECTION, &stream, 0, 1, Vec::new()).await;
    assert!(refused.is_err());

    let indicators = bench.indicators();
    let both = async || {
        indicators.counts().catch_up().await.unwrap();
        beside.counts().catch_up().await.unwrap();
        assert_eq!(by_region(&beside), by_region(&indicators));
        by_region(&beside)
    };
    let (stockholm, skane) = (Place::Region(1), Place::Region(12));
    let count = |place, count| (place, Figure::Count(count));
    assert_eq!(both().await, [count(stockholm, 20), count(skane, 20)]);
    for id in 0..6 {
        bench.visit("region-stockholm", id, 2, Some("1290"), 3).await;
    }
    assert_eq!(both().await, [count(stockholm, 14), count(skane, 26)]);

    // As after an erasure: the streams are counted anew up to where they were, and something is another than before.
    let rows = bench.store.scan(PROJECTION, b"", 100).await.unwrap();
    let gone: Vec<_> = rows
        .iter()
        .filter(|row| row.key.starts_with(b"reporter/region-skane"))
        .collect();
    let changes = gone.iter().map(|row| vardnav_store::Change {
        key: row.key.clone(),
        value: None,
    });
    let cursor = bench.store.cursor(PROJECTION, &stream).await.unwrap();
    bench
        .store
        .commit(PROJECTION, &stream, cursor, cursor, changes.collect())
        .await
        .unwrap();
    let told = StoreRow {
        key: [1; 16],
        leaf: [1; 32],
        bytes: vec![1],
    };
    bench
        .store
        .append(&StreamId::rights(), 0, vec![told])
        .await
        .unwrap();
    beside.counts().catch_up().await.unwrap();
    assert_eq!(by_region(&beside), [count(stockholm, 14), count(skane, 6)]);
}

#[tokio::test]
async fn counts_go_on_after_a_restart_and_are_the_same_when_counted_anew() {
    let bench = Bench::new().await;
    for id in 0..12 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 1).await;
    }
    bench.indicators().counts().catch_up().await.unwrap();
    for id in 12..30 {
        bench.visit("region-stockholm", id, 1, Some("0188"), 2).await;
    }
    bench.visit("region-stockholm", 3, 2, Some("0188"), 2).await;
    let restarted = bench.indicators();
    restarted.counts().catch_up().await.unwrap();
    let rows = bench.store.scan(PROJECTION, b"", 100).await.unwrap();
    let months = ask(&restarted, vec!["month".to_owned()]);
    let figures: Vec<Figure> = months.iter().take(3).map(|row| row.figure).collect();
    assert_eq!(figures, [Figure::Count(11), Figure::Count(19), Figure::Count(0)]);

    bench.store.clear(PROJECTION).await.unwrap();
    bench.indicators().counts().catch_up().await.unwrap();
    assert_eq!(bench.store.scan(PROJECTION, b"", 100).await.unwrap(), rows);
}

#[tokio::test]
async fn small_counts_are_withheld_on_the_way_out() {
    let bench = Bench::new().await;
    for id in 0..10 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 1).await;
    }
    for id in 0..3 {
        bench.visit("region-skane", id, 1, Some("1290"), 1).await;
    }
    let indicators = bench.indicators();
    indicators.counts().catch_up().await.unwrap();
    assert_eq!(
        by_region(&indicators),
        [
            (Place::Region(1), Figure::Suppressed),
            (Place::Region(12), Figure::Suppressed)
        ]
    );
    let (_, coverage) = indicators
        .ask(&pb::QueryIndicatorRequest {
            indicator: "contacts-by-group".into(),
            year: 2026,
            ..Default::default()
        })
        .unwrap();
    assert_eq!((coverage.reporters, coverage.entries), (2, 13));
}

#[tokio::test]
async fn what_is_not_counted_says_so() {
    let bench = Bench::new().await;
    let indicators = bench.indicators();
    indicators.counts().catch_up().await.unwrap();
    let code = |indicator: &str| {
        let request = pb::QueryIndicatorRequest {
            indicator: indicator.into(),
            year: 2026,
            ..Default::default()
        };
        indicators.ask(&request).unwrap_err().code
    };
    assert_eq!(code("core-01"), "VN-API-042");
    assert_eq!(code("no-such"), "VN-API-002");
}

#[tokio::test]
async fn derivations_that_readers_are_not_answered_from_are_for_administrators_once_they_have_caught_up() {
    let bench = Bench::new().await;
    for id in 0..12 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 1).await;
    }
    let step = async |caller: &str, step: DerivationStep| {
        let entry = AuthorityEntry {
            caller: caller.into(),
            at: 2,
            change: Change::Derivation(step),
        };
        bench.authority.append(&entry).await.unwrap();
    };
    let plan = DerivationPlan {
        id: "anew".into(),
        release: "2026.1".into(),
        ..DerivationPlan::default()
    };
    step("anna", DerivationStep::Planned(plan)).await;
    let indicators = bench.indicators();
    let query = async |derivation: &str, permissions: &str| {
        let mut request = Request::new(pb::QueryIndicatorRequest {
            indicator: "contacts-by-group".into(),
            year: 2026,
            derivation: derivation.into(),
            ..Default::default()
        });
        request.extensions_mut().insert(Arc::new(with(permissions)));
        let answer = indicators.query_indicator(request).await;
        answer.map(|answer| (answer.get_ref().derivation.clone(), answer.get_ref().rows.clone()))
    };
    let (reads, administers) = (
        r#""indicators.read""#,
        r#""indicators.read", "register.administer""#,
    );
    let refused =
        async |derivation: &str, permissions: &str| query(derivation, permissions).await.unwrap_err().code();

    // It has taken in nothing.
    assert_eq!(refused("anew", reads).await, Code::PermissionDenied);
    assert_eq!(refused("unknown", reads).await, Code::PermissionDenied);
    assert_eq!(refused("unknown", administers).await, Code::NotFound);
    assert_eq!(refused("anew", administers).await, Code::FailedPrecondition);
    for derivation in ["", "as-reported"] {
        let (told, rows) = query(derivation, reads).await.unwrap();
        assert_eq!(told, "as-reported");
        assert!(rows.iter().any(|row| row.count == Some(12)));
    }

    // It has taken in all but one entry, then all.
    let stream = StreamId::reporter("region-stockholm").unwrap();
    let name = projection("anew");
    bench
        .store
        .commit(&name, &stream, 0, 11, Vec::new())
        .await
        .unwrap();
    assert_eq!(refused("anew", administers).await, Code::FailedPrecondition);
    bench
        .store
        .commit(&name, &stream, 11, 12, Vec::new())
        .await
        .unwrap();
    let (told, rows) = query("anew", administers).await.unwrap();
    assert_eq!(told, "anew");
    assert!(
        rows.iter().all(|row| row.count != Some(12)),
        "counts of the entries"
    );
    assert_eq!(refused("anew", reads).await, Code::PermissionDenied);

    // Readers are answered from it, named or not.
    let switched = DerivationStep::Switched {
        id: "anew".into(),
        from: AS_REPORTED.into(),
        reason: String::new(),
    };
    step("bo", switched).await;
    for derivation in ["", "anew"] {
        assert_eq!(query(derivation, reads).await.unwrap().0, "anew");
    }
    // What differs between two sets of counts tells of fewer than either may.
    assert_eq!(refused("as-reported", reads).await, Code::PermissionDenied);
    assert_eq!(query("as-reported", administers).await.unwrap().0, "as-reported");
}

#[tokio::test]
async fn counts_of_a_derivation_are_read_again_after_an_erasure_also_when_it_is_as_far_as_before() {
    let bench = Bench::new().await;
    for id in 0..12 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 1).await;
    }
    let plan = DerivationPlan {
        id: "anew".into(),
        release: "2026.1".into(),
        ..DerivationPlan::default()
    };
    let planned = AuthorityEntry {
        caller: "anna".into(),
        at: 2,
        change: Change::Derivation(DerivationStep::Planned(plan)),
    };
    bench.authority.append(&planned).await.unwrap();
    let indicators = bench.indicators();
    indicators.counts().catch_up().await.unwrap();
    let stream = StreamId::reporter("region-stockholm").unwrap();
    let rows = bench.store.scan(PROJECTION, b"", 100).await.unwrap();
    let count_as = async |count: u64| {
        let changes = rows.iter().map(|row| vardnav_store::Change {
            key: Key::Cell.with(&row.key),
            value: Some(count.to_be_bytes().to_vec()),
        });
        let (name, changes) = (projection("anew"), changes.collect());
        bench.store.clear(&name).await.unwrap();
        bench.store.commit(&name, &stream, 0, 12, changes).await.unwrap();
    };
    let whole = async || {
        let mut request = Request::new(pb::QueryIndicatorRequest {
            indicator: "contacts-by-group".into(),
            year: 2026,
            groups: vec!["mobile-care".into()],
            derivation: "anew".into(),
            ..Default::default()
        });
        let caller = with(r#""indicators.read", "register.administer""#);
        request.extensions_mut().insert(Arc::new(caller));
        let answer = indicators.query_indicator(request).await.unwrap().into_inner();
        answer.rows.first().unwrap().count
    };
    count_as(12).await;
    assert_eq!(whole().await, Some(12));
    count_as(9).await;
    let told = StoreRow {
        key: [1; 16],
        leaf: [1; 32],
        bytes: vec![1],
    };
    let rights = StreamId::rights();
    bench.store.append(&rights, 0, vec![told]).await.unwrap();
    assert_eq!(whole().await, Some(9));
}

#[tokio::test]
async fn the_rows_of_a_stream_depend_on_that_stream_alone() {
    let bench = Bench::new().await;
    for id in 0..12 {
        bench.visit("region-stockholm", id, 1, Some("0180"), 1).await;
    }
    bench.indicators().counts().catch_up().await.unwrap();
    let alone = bench.store.scan(PROJECTION, b"", 100).await.unwrap();
    for id in 0..7 {
        bench.visit("region-uppsala", id, 1, Some("0180"), 1).await;
    }
    let indicators = bench.indicators();
    indicators.counts().catch_up().await.unwrap();
    let rows = bench.store.scan(PROJECTION, b"", 100).await.unwrap();
    assert!(rows.len() > alone.len());
    assert!(
        alone.iter().all(|row| rows.contains(row)),
        "rows of another stream moved"
    );
    let months = ask(&indicators, vec!["month".to_owned()]);
    assert_eq!(months.first().map(|row| row.figure), Some(Figure::Count(19)));
}
