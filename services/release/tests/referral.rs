//! Comments name what they are about, in whatever variant it stands; conflicts come in pages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use tonic::{Code, Request, Status};
use vardnav_api::common::date_message;
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_api::vardnav::release::v1::release_service_server::ReleaseService as _;
use vardnav_interchange::release::{self as files, starter};
use vardnav_release::package::Package;
use vardnav_release::snapshot::Snapshot;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_service_release::Releases;
use vardnav_store::authority::{Authority, Loader};
use vardnav_store::memory::Memory;
use vardnav_terminology::Edition;

struct Files;

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        files::compile(package, editions).map_err(|findings| findings.len().to_string())
    }
}

async fn service() -> Releases {
    let authority = Authority::open(Arc::new(Memory::new()), Arc::new(Files))
        .await
        .unwrap();
    Releases::new(authority)
}

fn by<T>(caller: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Arc::new(Caller::trusted(caller)));
    request
}

fn changed(edits: &[(&str, &str, &str)]) -> Package {
    let package = starter::package().unwrap();
    let files = package.files().map(|(known, bytes)| {
        let mut text = String::from_utf8(bytes.to_vec()).unwrap();
        for (path, find, replace) in edits {
            if known == *path {
                assert!(text.contains(find), "{path}: {find}");
                text = text.replace(find, replace);
            }
        }
        (known.to_owned(), text.into_bytes())
    });
    Package::new(files.collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn a_rule_with_variants_is_named_as_the_refusal_tells() {
    let service = service().await;
    let anna = Caller::trusted("anna");
    service
        .create(&anna, "d", &starter::package().unwrap())
        .await
        .unwrap();
    service.check(&anna, "d").await.unwrap();
    let refer = pb::OpenReferralRequest {
        id: "d".into(),
        until: Some(date_message(clock::today())),
        bodies: vec![pb::Body {
            id: "skr".into(),
            name: "SKR".into(),
        }],
        ..Default::default()
    };
    service.open_referral(by("anna", refer)).await.unwrap();
    let comment = async |kind: &str, name: &str| -> Result<(String, String), Status> {
        let request = pb::MakeCommentRequest {
            id: "d".into(),
            body: "skr".into(),
            subject: Some(pb::Subject {
                kind: kind.into(),
                name: name.into(),
            }),
            text: "why".into(),
        };
        let answer = service.make_comment(by("anna", request)).await?.into_inner();
        let subject = answer.comment.unwrap().subject.unwrap();
        Ok((subject.kind, subject.name))
    };
    // The rule stands in three variants: each way to name it tells the three, and each of them is taken.
    for (kind, name) in [
        ("rule", "episode-form/E30"),
        ("", "episode-form/E30"),
        ("rule", "E30"),
    ] {
        let refused = comment(kind, name).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let told: Vec<&str> = refused.message().split('`').skip(1).step_by(2).collect();
        assert_eq!(
            told,
            [
                "rule:episode-form/E30@U4:physician-and-team",
                "rule:episode-form/E30@U4:physician-only",
                "rule:episode-form/E30@U4:team-within-limit"
            ]
        );
        for named in told {
            let (kind, name) = named.split_once(':').unwrap();
            let taken = comment(kind, name).await.unwrap();
            assert_eq!(taken, (kind.to_owned(), name.to_owned()));
        }
    }
    // A rule of one variant alone needs no more than its id.
    assert_eq!(
        comment("rule", "monitoring-form/M20")
            .await
            .map(|(_, name)| name)
            .ok(),
        comment("", "M20").await.map(|(_, name)| name).ok()
    );
    let refused = comment("rule", "episode-form/E300").await.unwrap_err();
    assert_eq!(refused.message(), "the draft holds nothing of that kind and id");
}

#[tokio::test]
async fn conflicts_come_in_pages_to_the_end() {
    let service = service().await;
    let (anna, bo) = (Caller::trusted("anna"), Caller::trusted("bo"));
    service
        .create(&anna, "first", &starter::package().unwrap())
        .await
        .unwrap();
    service.check(&anna, "first").await.unwrap();
    service.approve(&bo, "first", None).await.unwrap();
    service.publish(&bo, "first", None).await.unwrap();
    let title = ("release.toml", "id = \"2026.1\"", "id = \"2026.2\"");
    let edits = |word: &str| {
        let count = format!("min_count = {word}");
        let ahead = format!("days_ahead = {word}");
        changed(&[
            title,
            ("indicators.toml", "min_count = 5", &count),
            ("register/limits.toml", "days_ahead = 62", &ahead),
        ])
    };
    service.create(&anna, "ours", &edits("7")).await.unwrap();
    service.create(&anna, "theirs", &edits("6")).await.unwrap();
    service.check(&anna, "theirs").await.unwrap();
    let submit = pb::SubmitDraftRequest {
        id: "theirs".into(),
        ..Default::default()
    };
    // The starter may ask for submission; a draft that need not be submitted may.
    service.submit_draft(by("anna", submit)).await.unwrap();
    service.approve(&bo, "theirs", None).await.unwrap();
    service.publish(&bo, "theirs", None).await.unwrap();
    let page = async |page_size: i32, page_token: String| {
        let request = pb::ListConflictsRequest {
            id: "ours".into(),
            page_size,
            page_token,
        };
        service.list_conflicts(by("anna", request)).await
    };
    let whole = page(0, String::new()).await.unwrap().into_inner();
    assert!(
        whole.conflicts.len() >= 2 && whole.next_page_token.is_empty(),
        "{whole:?}"
    );
    let (mut conflicts, mut theirs, mut token) = (Vec::new(), Vec::new(), String::new());
    let mut pages = 0;
    loop {
        let answer = page(1, token).await.unwrap().into_inner();
        assert!(answer.conflicts.len() <= 1 && answer.theirs.len() <= 1);
        conflicts.extend(answer.conflicts);
        theirs.extend(answer.theirs);
        token = answer.next_page_token;
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(
        (conflicts, theirs),
        (whole.conflicts.clone(), whole.theirs.clone())
    );
    assert_eq!(pages, whole.conflicts.len().max(whole.theirs.len()));
    let refused = page(1, "x".to_owned()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
