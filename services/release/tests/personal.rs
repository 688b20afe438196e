//! No text of a caller that holds a personal number is kept: neither the files of a draft, nor what is said of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use std::sync::Arc;

use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
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
use vardnav_store::{Digest, Store};
use vardnav_terminology::Edition;

struct Files;

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        files::compile(package, editions).map_err(|findings| findings.len().to_string())
    }
}

async fn bench() -> (Arc<dyn Store>, Releases, Caller) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Files))
        .await
        .unwrap();
    (store, Releases::new(authority), Caller::trusted("anna"))
}

fn changed(path: &str, find: &str, replace: &str) -> Package {
    let package = starter::package().unwrap();
    let files = package.files().map(|(known, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = if known == path {
            assert!(text.contains(find), "{path}: {find}");
            text.replacen(find, replace, 1)
        } else {
            text
        };
        (known.to_owned(), text.into_bytes())
    });
    Package::new(files.collect::<Vec<_>>()).unwrap()
}

/// A series kept for test persons.
const WRITINGS: [&str; 5] = [
    "19821105-9954",
    "19821105/9954",
    "82 11 05 - 99 54",
    "１９８２１１０５９９５４",
    "821105+9954",
];

#[tokio::test]
async fn files_with_a_number_are_refused_before_anything_of_them_is_kept() {
    let (store, service, anna) = bench().await;
    let hold = "care in the dwelling that replaces a ward";
    let places = [
        ("tables/episode-form.csv", hold),
        ("release.toml", "# Vad releasen är"),
        ("release.toml", "First release"),
        ("unsettled.toml", "Is hospital care at home"),
    ];
    for (at, (file, find)) in places.into_iter().enumerate() {
        for writing in WRITINGS {
            let package = changed(file, find, &format!("{find} {writing}"));
            let refused = service.create(&anna, "", &package).await.unwrap_err();
            assert_eq!(refused.code, "VN-REL-118", "{file} {at}");
            let told = Status::from(refused);
            let details = told.get_error_details();
            let faults = details.bad_request().unwrap();
            let place = &faults.field_violations.first().unwrap().field;
            assert!(place.starts_with(&format!("{file}:")), "{place}");
            let all = format!("{told:?}");
            assert!(!all.contains("9954") && !all.contains("99 54"), "{all}");
            // Its files as they were are no secret; what holds the number is not there, nor what lists it.
            for (path, bytes) in package.files().filter(|(path, _)| *path == file) {
                assert_eq!(store.get_blob(&Digest::of(bytes)).await.unwrap(), None, "{path}");
            }
            let manifest = package.manifest().encode();
            assert_eq!(store.get_blob(&Digest::of(&manifest)).await.unwrap(), None);
            // A check of the folder says the same.
            let findings = files::check(&package);
            let codes: BTreeSet<_> = findings.iter().map(|finding| finding.code).collect();
            assert!(codes.contains("VN-REL-118"), "{codes:?}");
        }
    }
    let unchanged = starter::package().unwrap();
    service.create(&anna, "spring", &unchanged).await.unwrap();
    let refused = service
        .update(
            &anna,
            "spring",
            None,
            &changed("release.toml", "Vad releasen är", "701063-2391"),
        )
        .await
        .unwrap_err();
    assert_eq!(refused.code, "VN-REL-118");
}

#[tokio::test]
async fn a_draft_that_is_refused_leaves_nothing_behind() {
    let (store, service, anna) = bench().await;
    service
        .create(&anna, "spring", &starter::package().unwrap())
        .await
        .unwrap();
    let other = changed("release.toml", "First release", "Another release");
    assert_eq!(
        service.create(&anna, "spring", &other).await.unwrap_err().code,
        "VN-REL-210"
    );
    let manifest = other.manifest().encode();
    assert_eq!(store.get_blob(&Digest::of(&manifest)).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_said_of_a_draft_holds_none() {
    let (_, service, anna) = bench().await;
    service
        .create(&anna, "spring", &starter::package().unwrap())
        .await
        .unwrap();
    service.check(&anna, "spring").await.unwrap();
    let asked = |name: &str| pb::OpenReferralRequest {
        id: "spring".into(),
        until: Some(date_message(clock::today())),
        bodies: vec![pb::Body {
            id: "skr".into(),
            name: name.into(),
        }],
        ..Default::default()
    };
    let request = |message| {
        let mut request = Request::new(message);
        request.extensions_mut().insert(Arc::new(Caller::trusted("anna")));
        request
    };
    for writing in WRITINGS {
        let refused = service.open_referral(request(asked(writing))).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{writing}");
    }
    service.open_referral(request(asked("SKR"))).await.unwrap();
    let comment = |text: String| {
        let mut request = Request::new(pb::MakeCommentRequest {
            id: "spring".into(),
            body: "skr".into(),
            text,
            ..Default::default()
        });
        request.extensions_mut().insert(Arc::new(Caller::trusted("anna")));
        request
    };
    let resolve = |text: &str| {
        let mut request = Request::new(pb::ResolveCommentRequest {
            id: "spring".into(),
            comment: 1,
            resolution: pb::Resolution::Noted.into(),
            text: text.to_owned(),
        });
        request.extensions_mut().insert(Arc::new(Caller::trusted("anna")));
        request
    };
    service.make_comment(comment("ok".into())).await.unwrap();
    for (text, told) in [
        (" \n".to_owned(), "the text is empty"),
        ("a".repeat(20_001), "the text has 20001 bytes, 20000 are allowed"),
        ("a\u{7}".to_owned(), "the text holds a control character"),
    ] {
        let refused = service.make_comment(comment(text)).await.unwrap_err();
        assert!(refused.message().starts_with(told), "{refused}");
    }
    for writing in WRITINGS {
        let refused = service
            .make_comment(comment(format!("to patient {writing} this is wrong")))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{writing}");
        assert!(refused.message().contains("personal number"), "{refused}");
        let refused = service.resolve_comment(resolve(writing)).await.unwrap_err();
        assert!(refused.message().contains("personal number"), "{refused}");
    }
    service
        .resolve_comment(resolve("from 2026-01-01 08:00 on"))
        .await
        .unwrap();
}
