//! The worklist over a store in memory: what follows, who sees what, what is supplied, and that all of it can be built
//! anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use std::sync::Arc;

use bench::*;
use tonic::Code;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::SupplyResult::{Refused, Supplied, Unchanged};
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistService as _;
use vardnav_register::audit::AuditEntry;
use vardnav_register::entry::{Entry, EntryBody};
use vardnav_register::receipt::head_bytes_to_sign;
use vardnav_service_register::{Register, Service, WORKLIST};
use vardnav_store::{HeadKey, StreamId, keys};

#[tokio::test]
async fn a_record_is_held_from_the_first_held_revision_of_a_run_until_one_that_is_not() {
    let bench = Bench::new().await;
    let day = 86_400_000_000;
    for (id, revision, known) in [
        ("a", 1, None),
        ("b", 1, Some("clinic")),
        ("a", 2, None),
        ("b", 2, None),
        ("c", 1, None),
        ("c", 2, Some("clinic")),
        ("c", 3, None),
        ("d", 1, None),
        ("d", 2, Some("school")),
    ] {
        let received = RECEIVED + i64::from(revision) * day;
        bench
            .append(NORTH, &visit(id, revision, known), received, false)
            .await;
    }
    let held = bench.held(NORTH).await;
    assert_eq!(ids(&held), [("a", 2), ("b", 2), ("c", 3)]);
    let since: Vec<i64> = held
        .records
        .iter()
        .map(|record| (record.since_micros - RECEIVED) / day)
        .collect();
    assert_eq!(since, [1, 2, 3]);
    assert_eq!(held.behind, 0);
    assert_eq!(held.records_held.unwrap().count, 3);
    assert!(bench.held(SOUTH).await.records.is_empty());

    // Erased, it is held no more.
    bench.append(NORTH, &visit("a", 3, None), RECEIVED, true).await;
    assert_eq!(ids(&bench.held(NORTH).await), [("b", 2), ("c", 3)]);
    let refused = bench.supply(place(NORTH, "clinic", &["a"])).await;
    let refused = refused.outcomes.first().unwrap();
    assert_eq!(refused.result(), pb::SupplyResult::Refused);
    assert_eq!(
        (refused.reason.as_str(), refused.revision),
        ("the record was erased", 3)
    );

    // The rows are the ledger's.
    let rows = bench.rows().await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.value.len() < 200));
    bench.store.clear(WORKLIST).await.unwrap();
    let anew = Register::new(
        Arc::clone(&bench.store),
        Arc::clone(&bench.vault),
        Arc::clone(&bench.authority),
        HeadKey::open(bench.folder.path()).unwrap(),
        1,
    );
    let request = pb::ListHeldRequest {
        reporter: NORTH.into(),
        ..Default::default()
    };
    Service::new(anew)
        .list_held(asked(request, trusted()))
        .await
        .unwrap();
    assert_eq!(bench.rows().await, rows);
}

#[tokio::test]
async fn pages_cover_what_is_held_once() {
    let bench = Bench::new().await;
    for id in ["a", "b", "c", "d", "e"] {
        bench.append(NORTH, &visit(id, 1, None), RECEIVED, false).await;
    }
    let mut request = pb::ListHeldRequest {
        reporter: NORTH.into(),
        page_size: 2,
        ..Default::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = bench.list(request.clone(), trusted()).await.unwrap();
        assert_eq!(
            page.groups.is_empty(),
            !request.page_token.is_empty(),
            "groups come first"
        );
        seen.extend(page.records.iter().map(|record| record.id.clone()));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    request.page_token = "nonsense".into();
    let error = bench.list(request, trusted()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_reporter_sees_its_own_and_the_administrator_counts_of_all() {
    let bench = Bench::new().await;
    let received = RECEIVED - 3 * 86_400_000_000;
    for id in 0..6 {
        bench
            .append(NORTH, &visit(&format!("n-{id}"), 1, None), received, false)
            .await;
    }
    bench.append(SOUTH, &visit("s-0", 1, None), received, false).await;
    let of = |reporter: &str| pb::ListHeldRequest {
        reporter: reporter.into(),
        ..Default::default()
    };
    let reads = || of_the_north(r#""register.read""#);
    assert_eq!(bench.list(of(NORTH), reads()).await.unwrap().records.len(), 6);
    for reporter in [SOUTH, "", "nobody"] {
        let error = bench.list(of(reporter), reads()).await.unwrap_err();
        assert_eq!(error.code(), Code::PermissionDenied, "{reporter}");
    }
    let unmatched = pb::ListUnmatchedRequest::default();
    let error = bench
        .service
        .list_unmatched(asked(unmatched.clone(), reads()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    let error = bench
        .service
        .supply_fact(asked(place(SOUTH, "clinic", &["s-0"]), reads()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);

    let administers = || of_the_north(r#""register.read", "register.administer""#);
    let all = bench.list(of(""), administers()).await.unwrap();
    assert!(all.records.is_empty());
    assert!(
        all.records_held.is_none(),
        "with the groups it would tell how many the south has"
    );
    let mut aged = of("");
    aged.filter = Some(pb::HeldFilter {
        older_than_days: 3,
        ..Default::default()
    });
    let error = bench.list(aged, administers()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let count = |reporter: &str| {
        let mut groups = all.groups.iter();
        let group = groups
            .find(|group| group.reporter == reporter && group.axis == "place")
            .unwrap();
        let records = group.records.unwrap();
        (
            records.count,
            records.fewer_than,
            group.alone,
            group.first.is_some(),
            group.oldest_days > 0,
            group.possible.is_empty(),
        )
    };
    assert_eq!(count(NORTH), (6, 0, 6, true, true, false));
    assert_eq!(count(SOUTH), (0, 5, 0, false, false, true));
    bench
        .service
        .list_unmatched(asked(unmatched, administers()))
        .await
        .unwrap();
}

#[tokio::test]
async fn every_answer_with_records_or_ids_is_noted() {
    let bench = Bench::new().await;
    for id in ["a", "b"] {
        bench.append(NORTH, &visit(id, 1, None), RECEIVED, false).await;
    }
    let of = |page_token: &str, groups_only: bool| pb::ListHeldRequest {
        reporter: NORTH.into(),
        page_token: page_token.into(),
        groups_only,
        ..Default::default()
    };
    let mut told = 0;
    // Tokens that no answer gave are noted as well.
    for token in ["", "1:", "2:a"] {
        told += bench
            .list(of(token, false), trusted())
            .await
            .unwrap()
            .records
            .len();
    }
    assert!(told >= 4);
    bench.list(of("", true), trusted()).await.unwrap();
    let all = pb::ListHeldRequest::default();
    assert!(bench.list(all, trusted()).await.unwrap().records.is_empty());
    for reporter in [NORTH, ""] {
        let unmatched = pb::ListUnmatchedRequest {
            reporter: reporter.into(),
            ..Default::default()
        };
        let asked = asked(unmatched, trusted());
        bench.service.list_unmatched(asked).await.unwrap();
    }
    let rows = bench.store.read(&StreamId::audit(), 0, 100).await.unwrap();
    let noted: Vec<String> = rows
        .iter()
        .map(|row| AuditEntry::decode(&row.bytes).unwrap())
        .map(|entry| format!("{} {}", entry.action(), entry.reporter()))
        .collect();
    let (worklist, unmatched) = (format!("worklist {NORTH}"), format!("unmatched {NORTH}"));
    assert_eq!(noted, [worklist.clone(), worklist.clone(), worklist, unmatched]);
}

#[tokio::test]
async fn what_is_supplied_stands_as_if_it_was_reported_and_is_proven() {
    let bench = Bench::new().await;
    let first = bench.append(NORTH, &visit("a", 1, None), RECEIVED, false).await;
    bench.append(NORTH, &visit("b", 1, None), RECEIVED, false).await;
    bench
        .append(NORTH, &visit("c", 1, Some("school")), RECEIVED, false)
        .await;
    let stream = StreamId::reporter(NORTH).unwrap();

    let mut request = place(NORTH, "clinic", &["b", "c", "a", "x"]);
    request.validate_only = true;
    let checked = bench.supply(request.clone()).await;
    assert_eq!(bench.store.head(&stream).await.unwrap().size, 3);
    assert!(checked.receipt.is_none());
    request.validate_only = false;
    let answer = bench.supply(request.clone()).await;
    let results = |answer: &pb::SupplyFactResponse| -> Vec<_> {
        let outcomes = answer.outcomes.iter();
        outcomes
            .map(|outcome| (outcome.index, outcome.revision, outcome.result()))
            .collect()
    };
    assert_eq!(results(&answer), results(&checked));
    assert_eq!(
        results(&answer),
        [
            (0, 2, Supplied),
            (1, 1, Refused),
            (2, 2, Supplied),
            (3, 0, Refused)
        ]
    );
    assert!(bench.held(NORTH).await.records.is_empty());

    // The entry: the same person, the same commitment, the nonce sealed for its own header.
    let row = bench.store.read(&stream, 4, 1).await.unwrap().remove(0);
    let entry = Entry::decode(&row.bytes).unwrap();
    assert_eq!((entry.header.id.as_str(), entry.header.revision), ("a", 2));
    assert_eq!(entry.identity, first.identity);
    let (before, after) = (
        first.derived().unwrap().unwrap(),
        entry.derived().unwrap().unwrap(),
    );
    assert_eq!(after.0, before.0);
    assert_eq!((after.1.sex, after.1.age()), (before.1.sex, before.1.age()));
    let sealed = match &entry.body {
        EntryBody::Whole {
            sealed_identity_nonce,
            ..
        } => sealed_identity_nonce.as_slice(),
        EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => &[],
    };
    let nonce = bench.vault.unseal_nonce(sealed, &entry.header.bytes()).unwrap();
    assert_eq!(nonce, [2; 32]);
    let content = entry.record().unwrap().unwrap();
    assert!(content.facts.contains(&fact("place", "clinic")) && content.facts.len() == 6);

    // The receipt covers both, and its head is signed.
    let receipt = answer.receipt.unwrap();
    assert_eq!(
        receipt
            .leaves
            .iter()
            .map(|leaf| (leaf.index, leaf.position))
            .collect::<Vec<_>>(),
        [(0, 3), (2, 4)]
    );
    assert!(
        receipt
            .leaves
            .iter()
            .all(|leaf| leaf.identity_nonce.as_ref() == [2; 32])
    );
    let head = receipt.head.unwrap();
    let root = <[u8; 32]>::try_from(head.root.as_ref()).unwrap();
    let key = HeadKey::open(bench.folder.path()).unwrap();
    let signature = <[u8; 64]>::try_from(head.signature.as_ref()).unwrap();
    let signed = head_bytes_to_sign(stream.as_str(), head.size, &root, head.time_micros);
    assert!(keys::verify(&key.public(), &signed, &signature));

    // Asked again, nothing is written, and the receipt comes again.
    let again = bench.supply(request).await;
    assert_eq!(
        results(&again),
        [
            (0, 2, Unchanged),
            (1, 1, Refused),
            (2, 2, Unchanged),
            (3, 0, Refused)
        ]
    );
    assert_eq!(bench.store.head(&stream).await.unwrap().size, 5);
    assert_eq!(again.receipt.unwrap().leaves.len(), 2);

    // An id that holds a personal number is nobody's, and is not repeated.
    let hostile = bench.supply(place(NORTH, "clinic", &["198211059954"])).await;
    let outcome = hostile.outcomes.first().unwrap();
    assert_eq!((outcome.result(), outcome.id.as_str()), (Refused, ""));

    let mut twice = place(NORTH, "clinic", &["a", "a"]);
    let error = bench
        .service
        .supply_fact(asked(twice.clone(), trusted()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    twice.keys.clear();
    twice.filter = Some(pb::HeldFilter {
        axis: "bed".into(),
        ..Default::default()
    });
    let error = bench
        .service
        .supply_fact(asked(twice, trusted()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}
