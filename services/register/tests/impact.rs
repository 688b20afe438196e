//! Impact previews over a store in memory: each record counts by its latest revision, few are not told, what is not asked
//! for is left out, and nothing is written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use bench::*;
use jiff::civil::date;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use vardnav_api::common::date_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterService as _;
use vardnav_store::{Head, StreamId};

async fn preview(
    bench: &Bench,
    request: pb::PreviewImpactRequest,
) -> Result<(pb::Impact, Vec<pb::ImpactCell>), Status> {
    let answer = bench.service.preview_impact(asked(request, trusted())).await?;
    let mut answer = answer.into_inner();
    let mut cells = Vec::new();
    while let Some(message) = answer.next().await {
        let message = message?;
        cells.extend(message.cells);
        if let Some(impact) = message.impact {
            return Ok((impact, cells));
        }
    }
    Err(Status::internal("no answer"))
}

/// What the reporters' streams and the authority's hold.
async fn reported(bench: &Bench) -> Vec<(StreamId, Head)> {
    let mut streams = bench.store.streams().await.unwrap();
    streams.retain(|(stream, _)| *stream != StreamId::audit());
    streams
}

fn of(release: &str) -> pb::PreviewImpactRequest {
    pb::PreviewImpactRequest {
        release: release.into(),
        ..Default::default()
    }
}

fn told(count: Option<pb::ImpactCount>) -> Option<u64> {
    count.unwrap().count
}

#[tokio::test]
async fn records_count_as_they_stand_and_few_are_not_told() {
    let bench = Bench::new().await;
    for at in 0..9 {
        let visit = visit(&format!("n-{at}"), 1, None);
        bench.append(NORTH, &visit, RECEIVED, false).await;
    }
    for at in 0..6 {
        let visit = visit(&format!("s-{at}"), 1, Some("clinic"));
        bench.append(SOUTH, &visit, RECEIVED, false).await;
    }
    // One is supplied, one erased.
    bench
        .append(NORTH, &visit("n-0", 2, Some("clinic")), RECEIVED, false)
        .await;
    bench.append(NORTH, &visit("n-1", 2, None), RECEIVED, true).await;
    let streams = reported(&bench).await;

    let (impact, cells) = preview(&bench, of("2026.1")).await.unwrap();
    assert_eq!((impact.entries, impact.records, impact.parts), (17, 14, 14));
    assert_eq!(told(impact.held_before), Some(7));
    assert_eq!(told(impact.moved), Some(0));
    assert!(impact.rules.is_empty() && impact.wants.is_empty() && cells.is_empty());
    assert_eq!(impact.fewer_than, 5);

    let everything = pb::PreviewImpactRequest {
        with_unmoved: true,
        by: pb::ImpactBy::Reporter.into(),
        ..of("2026.1")
    };
    let (_, cells) = preview(&bench, everything).await.unwrap();
    let types: Vec<_> = cells
        .iter()
        .filter(|cell| cell.table == "contact-type")
        .map(|cell| {
            let parts = cell.parts.and_then(|parts| parts.count);
            (
                cell.group.as_str(),
                cell.from == "held",
                cell.to == cell.from,
                parts,
            )
        })
        .collect();
    // One of the north is decided: neither it nor what would tell it is told.
    assert!(types.contains(&("", true, true, Some(7))), "{types:?}");
    assert!(types.contains(&(NORTH, true, true, Some(7))), "{types:?}");
    assert!(types.contains(&(NORTH, false, true, None)), "{types:?}");
    assert!(types.contains(&(SOUTH, false, true, None)), "{types:?}");
    assert!(types.contains(&("", false, true, Some(7))), "{types:?}");

    let later = pb::PreviewImpactRequest {
        from: Some(date_message(date(2026, 3, 11))),
        ..of("2026.1")
    };
    let (impact, _) = preview(&bench, later).await.unwrap();
    assert_eq!((impact.entries, impact.records), (17, 0));
    let sample = pb::PreviewImpactRequest {
        fraction: 0.5,
        seed: 3,
        ..of("2026.1")
    };
    let (impact, _) = preview(&bench, sample).await.unwrap();
    assert_eq!(impact.sampled_from, Some(15));
    assert!(impact.records <= impact.sampled.unwrap());

    assert_eq!(reported(&bench).await, streams);
    // Who looked is noted.
    let noted = bench.store.head(&StreamId::audit()).await.unwrap();
    assert!(noted.size > 0);
}

#[tokio::test]
async fn what_cannot_be_previewed_is_refused_by_field() {
    let bench = Bench::new().await;
    for (request, code) in [
        (of("2026.9"), Code::NotFound),
        (
            pb::PreviewImpactRequest {
                variants: vec!["U4:nothing".into()],
                ..of("2026.1")
            },
            Code::InvalidArgument,
        ),
        (
            pb::PreviewImpactRequest {
                fraction: 1.5,
                ..of("2026.1")
            },
            Code::InvalidArgument,
        ),
        (
            pb::PreviewImpactRequest {
                from: Some(date_message(date(2026, 3, 11))),
                until: Some(date_message(date(2026, 3, 11))),
                ..of("2026.1")
            },
            Code::InvalidArgument,
        ),
    ] {
        let refused = preview(&bench, request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
    }
    // Nothing is there to preview, and that is told.
    let (impact, _) = preview(&bench, of("2026.1")).await.unwrap();
    assert_eq!((impact.entries, impact.records), (0, 0));
}
