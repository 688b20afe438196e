//! The rights of persons: what is held of whoever is known by a reserve number, what an erasure covers, and that whoever
//! follows the register is told of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use bench::*;
use jiff::civil::date;
use tokio_stream::StreamExt as _;
use tonic::Code;
use vardnav_api::register::record_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::person_service_server::PersonService as _;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService as _;
use vardnav_register::record::*;
use vardnav_runtime::caller::Caller;

/// A number as two reporters may have given it out.
const RESERVE: &str = "19821105AB12";

fn reserve(id: &str, revision: u32) -> Record {
    let mut record = visit(id, revision, None);
    record.person = Person {
        identity_type: IdentityType::Reserve,
        identity: RESERVE.into(),
        sex: Some(Sex::Female),
        birth_date: Some(date(1982, 11, 5)),
        protected: false,
    };
    record
}

async fn report(bench: &Bench, reporter: &str, record: &Record) {
    let request = pb::ReportRequest {
        reporter: reporter.into(),
        records: vec![record_message(record, true)],
        ..Default::default()
    };
    let answers = bench.report(vec![request], trusted()).await;
    let outcome = answers.first().unwrap().outcomes.first().unwrap();
    assert_ne!(outcome.outcome(), pb::Outcome::Rejected, "{outcome:?}");
}

fn named(issuer: &str) -> Option<pb::PersonNumber> {
    Some(pb::PersonNumber {
        r#type: pb::IdentityType::Reserve.into(),
        number: RESERVE.into(),
        issuer: issuer.into(),
    })
}

async fn extracted(bench: &Bench, issuer: &str) -> Result<Vec<(String, String, u32)>, Code> {
    let request = pb::ExtractPersonRequest {
        person: named(issuer),
        purpose: "person-right".into(),
    };
    let pieces = bench.service.extract_person(asked(request, trusted())).await;
    let mut pieces = pieces.map_err(|status| status.code())?.into_inner();
    let mut told = Vec::new();
    while let Some(piece) = pieces.next().await {
        let revisions = piece.unwrap().revisions.into_iter();
        let whole = revisions.filter(|revision| revision.record.is_some());
        told.extend(whole.map(|revision| (revision.reporter, revision.id, revision.revision)));
    }
    Ok(told)
}

async fn erasure(bench: &Bench, issuer: &str) -> u64 {
    let request = pb::RequestErasureRequest {
        person: named(issuer),
        basis: "person-right".into(),
        reason: "asked for in writing".into(),
        ..Default::default()
    };
    let request = asked(request, Caller::trusted("anna"));
    let answer = bench.service.request_erasure(request).await.unwrap();
    answer.into_inner().request.unwrap().number
}

async fn approve(bench: &Bench, number: u64) -> u64 {
    let request = pb::ApproveErasureRequest { number };
    let request = asked(request, Caller::trusted("bo"));
    let answer = bench.service.approve_erasure(request).await.unwrap();
    answer.into_inner().erased
}

/// What is told from a token on, with the token after it.
async fn followed(bench: &Bench, token: &str) -> (Vec<(pb::ChangeKind, String, u32, u32)>, String) {
    let request = pb::FollowRegisterRequest {
        token: token.into(),
        until_now: true,
        ..Default::default()
    };
    let pieces = bench.service.follow_register(asked(request, trusted())).await;
    let mut pieces = pieces.unwrap().into_inner();
    let (mut told, mut token) = (Vec::new(), String::new());
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        let changes = piece.changes.into_iter();
        told.extend(changes.map(|change| (change.change(), change.id, change.revision, change.replaces)));
        token = piece.token;
    }
    (told, token)
}

fn own(reporter: &str, id: &str, revision: u32) -> (String, String, u32) {
    (reporter.to_owned(), id.to_owned(), revision)
}

#[tokio::test]
async fn a_reserve_number_is_a_person_of_the_reporter_that_gave_it_out() {
    let bench = Bench::new().await;
    report(&bench, NORTH, &reserve("n-1", 1)).await;
    report(&bench, SOUTH, &reserve("s-1", 1)).await;
    assert_eq!(extracted(&bench, NORTH).await, Ok(vec![own(NORTH, "n-1", 1)]));
    assert_eq!(extracted(&bench, SOUTH).await, Ok(vec![own(SOUTH, "s-1", 1)]));
    assert_eq!(extracted(&bench, "").await, Err(Code::InvalidArgument));
    assert_eq!(extracted(&bench, "region-99").await, Err(Code::NotFound));

    let request = pb::RectifyPersonRequest {
        person: named(NORTH),
        purpose: "person-right".into(),
        reason: "the place is another".into(),
        ..Default::default()
    };
    let rectify = bench.service.rectify_person(asked(request, trusted())).await;
    let records = rectify.unwrap().into_inner().records;
    assert_eq!(
        records
            .iter()
            .map(|record| record.id.as_str())
            .collect::<Vec<_>>(),
        ["n-1"]
    );

    let number = erasure(&bench, NORTH).await;
    assert_eq!(approve(&bench, number).await, 1);
    assert_eq!(extracted(&bench, NORTH).await, Ok(vec![]));
    assert_eq!(extracted(&bench, SOUTH).await, Ok(vec![own(SOUTH, "s-1", 1)]));
}

#[tokio::test]
async fn an_erasure_covers_what_came_in_before_it_is_carried_out_and_followers_are_told() {
    let bench = Bench::new().await;
    report(&bench, NORTH, &reserve("n-1", 1)).await;
    let (told, token) = followed(&bench, "").await;
    assert_eq!(told, [(pb::ChangeKind::Current, "n-1".to_owned(), 1, 0)]);
    let number = erasure(&bench, NORTH).await;
    report(&bench, NORTH, &reserve("n-1", 2)).await;
    report(&bench, NORTH, &reserve("n-2", 1)).await;
    report(&bench, SOUTH, &reserve("s-1", 1)).await;
    assert_eq!(approve(&bench, number).await, 3);
    assert_eq!(extracted(&bench, NORTH).await, Ok(vec![]));

    let erased = |id: &str, revision, replaces| (pb::ChangeKind::Erased, id.to_owned(), revision, replaces);
    let (after, last) = followed(&bench, &token).await;
    let expected = [
        erased("n-1", 2, 1),
        erased("n-2", 1, 0),
        // What was told before is told to be erased now, and so is all that the erasure is about.
        erased("n-1", 1, 0),
        erased("n-1", 2, 0),
        erased("n-2", 1, 0),
        (pb::ChangeKind::Current, "s-1".to_owned(), 1, 0),
    ];
    assert_eq!(after, expected);
    assert!(followed(&bench, &last).await.0.is_empty());
}
