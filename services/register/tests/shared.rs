//! Two servers over one store of which one does the background work: the other answers from what that one keeps, and has
//! it do what it may not do itself; and heads that both sign at once go on from each other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bench::*;
use jiff::civil::date;
use vardnav_api::register::record_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::heads_service_server::HeadsService as _;
use vardnav_api::vardnav::register::v1::person_service_server::PersonService as _;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService as _;
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistService as _;
use vardnav_register::audit::AuditEntry;
use vardnav_register::entry::StreamEntry;
use vardnav_register::erasure::{Erasure, Target};
use vardnav_register::record::{Principals, RecordKind};
use vardnav_register::unit::{About, UnitVersion};
use vardnav_release::entry::{AuthorityEntry, Change};
use vardnav_runtime::caller::Caller;
use vardnav_service_register::{Service, WORKLIST};
use vardnav_store::{Row, StreamId};

async fn held(service: &Service) -> pb::ListHeldResponse {
    let request = pb::ListHeldRequest {
        reporter: NORTH.into(),
        ..Default::default()
    };
    let answer = service.list_held(asked(request, trusted())).await;
    answer.unwrap().into_inner()
}

async fn months(service: &Service) -> Vec<(String, u64)> {
    let request = pb::GetCompletenessRequest {
        reporter: NORTH.into(),
        from: "2026-01".into(),
        until: "2027-01".into(),
        ..Default::default()
    };
    let answer = service.get_completeness(asked(request, trusted())).await;
    let months = answer.unwrap().into_inner().periods.into_iter();
    months
        .map(|month| (month.period, month.records.unwrap().held))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_work_answers_from_what_another_does() {
    let bench = Bench::new().await;
    let another = bench.another();
    bench.register.tend(Vec::new());
    for at in 0..6_u32 {
        let id = format!("v-{at}");
        bench.append(NORTH, &visit(&id, 1, None), RECEIVED, false).await;
        // Whoever is asked knows of what was acknowledged just now.
        let told = held(&another).await;
        assert_eq!((told.records.len(), told.behind), (at as usize + 1, 0));
        assert_eq!(months(&another).await, months(&bench.service).await);
    }

    let request = pb::RequestErasureRequest {
        records: vec![pb::RecordKey {
            reporter: NORTH.into(),
            kind: pb::RecordKind::Contact.into(),
            id: "v-3".into(),
            revision: 1,
            ..Default::default()
        }],
        basis: "reported-in-error".into(),
        reason: "not ours".into(),
        ..Default::default()
    };
    let request = another
        .request_erasure(asked(request, Caller::trusted("anna")))
        .await;
    let number = request.unwrap().into_inner().request.unwrap().number;
    let approval = asked(pb::ApproveErasureRequest { number }, Caller::trusted("bo"));
    let erased = another
        .approve_erasure(approval)
        .await
        .unwrap()
        .into_inner()
        .erased;
    assert_eq!(erased, 1);
    let stream = StreamId::reporter(NORTH).unwrap();
    // The entry that tells of it is there once, and once in the stream of rights that it is done.
    assert_eq!(bench.store.head(&stream).await.unwrap().size, 7);
    assert_eq!(bench.store.head(&StreamId::rights()).await.unwrap().size, 3);
    let told = held(&another).await;
    let ids: Vec<&str> = told.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["v-0", "v-1", "v-2", "v-4", "v-5"]);
    assert_eq!(held(&bench.service).await.records, told.records);
    assert_eq!(bench.store.cursor(WORKLIST, &stream).await, Ok(7));
}

/// The row that tells of the erasure of entries.
fn telling(request: u64, positions: &[u64]) -> Row {
    let targets = positions.iter().map(|position| Target {
        position: *position,
        leaf: [0; 32],
        kind: RecordKind::Contact,
        id: format!("v-{position}"),
        revision: 1,
    });
    let erasure = Erasure {
        reporter: NORTH.into(),
        request,
        at: RECEIVED,
        basis: "reported-in-error".into(),
        requested_by: "anna".into(),
        approved_by: "bo".into(),
        targets: targets.collect(),
    };
    Row {
        key: erasure.key(),
        leaf: erasure.leaf(),
        bytes: erasure.encode(),
    }
}

#[tokio::test]
async fn an_erasure_that_another_server_tells_of_at_the_same_time_is_told_once() {
    let (bench, ahead) = Bench::new().await.behind();
    let keys = ["v-0", "v-1"].map(|id| pb::RecordKey {
        reporter: NORTH.into(),
        kind: pb::RecordKind::Contact.into(),
        id: id.into(),
        revision: 1,
        ..Default::default()
    });
    for key in &keys {
        bench
            .append(NORTH, &visit(&key.id, 1, None), RECEIVED, false)
            .await;
    }
    let request = pb::RequestErasureRequest {
        records: keys.to_vec(),
        basis: "reported-in-error".into(),
        reason: "not ours".into(),
        ..Default::default()
    };
    let request = bench
        .service
        .request_erasure(asked(request, Caller::trusted("anna")))
        .await;
    let number = request.unwrap().into_inner().request.unwrap().number;
    let stream = StreamId::reporter(NORTH).unwrap();
    ahead.put(&stream, telling(number, &[1]));
    let approval = asked(pb::ApproveErasureRequest { number }, Caller::trusted("bo"));
    let erased = bench.service.approve_erasure(approval).await.unwrap();
    // What is erased is what the one entry in the stream names.
    assert_eq!(bench.store.head(&stream).await.unwrap().size, 3);
    assert_eq!(erased.into_inner().erased, 1);
}

#[tokio::test]
async fn a_batch_that_is_tried_again_is_noted_once() {
    let (bench, ahead) = Bench::new().await.behind();
    let stream = StreamId::reporter(NORTH).unwrap();
    ahead.put(&stream, telling(99, &[]));
    let batch = pb::ReportRequest {
        reporter: NORTH.into(),
        records: vec![record_message(&visit("v-1", 1, None), true)],
        ..Default::default()
    };
    let answers = bench.report(vec![batch], trusted()).await;
    assert_eq!(answers.first().unwrap().outcomes.len(), 1);
    let rows = bench.store.read(&stream, 0, 10).await.unwrap();
    assert_eq!(rows.len(), 2);
    let mut entries = rows.iter().map(|row| StreamEntry::decode(&row.bytes).unwrap());
    let record = |entry| match entry {
        StreamEntry::Record(entry) => Some(entry),
        _ => None,
    };
    let entry = entries.next_back().and_then(record).unwrap();
    let notes = bench.store.read(&StreamId::audit(), 0, 10).await.unwrap();
    let notes = notes.iter().map(|row| AuditEntry::decode(&row.bytes).unwrap());
    let told: Vec<_> = notes.map(|note| (note.action().to_owned(), note.at())).collect();
    assert_eq!(told, [("report".to_owned(), entry.header.received)]);
}

#[tokio::test]
async fn a_unit_that_another_server_took_in_a_moment_ago_is_known() {
    let bench = Bench::new().await;
    let another = bench.another_authority().await;
    let version = UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: "Mobile team".into(),
        kind: "mobile-team".into(),
        provider: "2321000016".into(),
        reporters: vec![NORTH.into()],
        principals: Principals::default(),
        kommun: None,
        facts: Vec::new(),
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    };
    let entry = AuthorityEntry {
        caller: "anna".into(),
        at: 6,
        change: Change::UnitPut {
            hsa_id: "SE2321000016-0001".into(),
            version: Box::new(version),
        },
    };
    another.append(&entry).await.unwrap();
    let mut record = visit("v-1", 1, Some("clinic"));
    record.unit = Some("SE2321000016-0001".into());
    let batch = pb::ReportRequest {
        reporter: NORTH.into(),
        records: vec![record_message(&record, true)],
        ..Default::default()
    };
    let answers = bench.report(vec![batch], trusted()).await;
    let outcome = answers.first().unwrap().outcomes.first().unwrap();
    assert_ne!(outcome.outcome(), pb::Outcome::Rejected, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn heads_that_two_servers_sign_at_once_go_on_from_each_other() {
    const EACH: u32 = 150;
    let bench = Bench::new().await;
    let another = bench.another();
    let list = async |service: &Service, from_number: u64| {
        let request = pb::ListHeadsRequest {
            from_number,
            page_size: 1000,
        };
        let answer = service.list_heads(asked(request, trusted())).await;
        answer.unwrap().into_inner()
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let asking = |service: Service| {
        let is_over = Arc::clone(&is_over);
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                list(&service, 0).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let both = [asking(bench.service.clone()), asking(another.clone())];
    for at in 0..EACH {
        let record = visit(&format!("v-{at}"), 1, Some("clinic"));
        bench.append(NORTH, &record, RECEIVED, false).await;
    }
    is_over.store(true, Ordering::Relaxed);
    for asking in both {
        asking.await.unwrap();
    }
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    let count = list(&another, 0).await.count;
    assert!(count > 10, "{count}");
    for number in 0..count {
        let request = asked(pb::ListStreamHeadsRequest { number }, trusted());
        let streams = bench.service.list_stream_heads(request).await.unwrap();
        for head in streams.into_inner().streams {
            let before = sizes.insert(head.stream.clone(), head.size).unwrap_or(0);
            assert!(head.size >= before, "{} went back in head {number}", head.stream);
        }
    }
}
