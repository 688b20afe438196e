//! A release from folder to publication through the service, over a store in memory: who may do what, in which
//! order, and what is there afterwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use jiff::civil::date;
use tonic::Request;
use vardnav_api::vardnav::release::v1::release_service_server::ReleaseService as _;
use vardnav_api::vardnav::release::v1::{GetReleaseRequest, ListReleasesRequest, ReleaseStatus};
use vardnav_interchange::release::{self as files, starter};
use vardnav_release::authority::Stage;
use vardnav_release::entry::{AuthorityEntry, Change, EditionRecord, Step};
use vardnav_release::package::Package;
use vardnav_release::snapshot::Snapshot;
use vardnav_runtime::caller::Caller;
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

async fn authority() -> Arc<Authority> {
    Authority::open(Arc::new(Memory::new()), Arc::new(Files))
        .await
        .unwrap()
}

fn changed(path: &str, find: &str, replace: &str) -> Package {
    let package = starter::package().unwrap();
    let files = package.files().map(|(known, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = if known == path {
            text.replacen(find, replace, 1)
        } else {
            text
        };
        (known.to_owned(), text.into_bytes())
    });
    Package::new(files.collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn the_starter_release_goes_the_way_of_every_release() {
    let authority = authority().await;
    let service = Releases::new(Arc::clone(&authority));
    let (anna, bo) = (Caller::trusted("anna"), Caller::trusted("bo"));
    let package = starter::package().unwrap();
    let binding = files::parse_head(&package).unwrap().bindings.remove(0);
    let bound = EditionRecord {
        system: binding.system,
        version: binding.version,
        blob: [7; 32],
        ..EditionRecord::default()
    };
    let imported = AuthorityEntry {
        caller: "anna".to_owned(),
        at: 1,
        change: Change::EditionImported(bound.clone()),
    };
    authority.append(&imported).await.unwrap();

    let draft = service.create(&anna, "", &package).await.unwrap();
    assert_eq!((draft.id.as_str(), draft.stage()), ("2026.1", Stage::Draft));
    assert_eq!(
        service.create(&bo, "", &package).await.unwrap_err().code,
        "VN-REL-210"
    );
    assert_eq!(
        service.approve(&bo, "2026.1", None).await.unwrap_err().code,
        "VN-REL-202"
    );
    let (draft, findings) = service.check(&anna, "2026.1").await.unwrap();
    assert_eq!((draft.stage(), findings.len()), (Stage::Checked, 0));
    assert_eq!(
        service.approve(&anna, "2026.1", None).await.unwrap_err().code,
        "VN-REL-205"
    );
    assert_eq!(
        service.publish(&anna, "2026.1", None).await.unwrap_err().code,
        "VN-REL-206"
    );
    assert_eq!(
        service
            .approve(&bo, "2026.1", Some([0; 32]))
            .await
            .unwrap_err()
            .code,
        "VN-REL-203"
    );
    service
        .approve(&bo, "2026.1", Some(package.digest()))
        .await
        .unwrap();
    assert_eq!(
        authority
            .view()
            .release_on(date(2026, 1, 1))
            .map(|release| release.id.clone()),
        None
    );
    let release = service.publish(&anna, "2026.1", None).await.unwrap();
    assert_eq!(
        (release.id.as_str(), release.status()),
        ("2026.1", ReleaseStatus::Published)
    );
    assert_eq!(
        (release.approved_by.as_str(), release.drafted_by.as_str()),
        ("bo", "anna")
    );
    assert_eq!(
        authority.view().release_on(date(2026, 1, 1)).unwrap().id,
        "2026.1"
    );
    assert_eq!(
        service
            .update(&anna, "2026.1", None, &package)
            .await
            .unwrap_err()
            .code,
        "VN-REL-208"
    );

    let got = service
        .get_release(Request::new(GetReleaseRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(got.release.unwrap().digest.as_ref(), package.digest());
    assert_eq!(got.files.len(), package.len());
    assert!(got.contents.unwrap().concepts > 311);
    let pinned: Vec<_> = got
        .pinned_editions
        .iter()
        .map(|pin| (&*pin.system, pin.digest.as_ref()))
        .collect();
    assert_eq!(pinned, [(&*bound.system, [7_u8; 32].as_slice())]);
}

#[tokio::test]
async fn a_faulty_draft_is_kept_from_approval_until_it_is_mended() {
    let service = Releases::new(authority().await);
    let (anna, bo) = (Caller::trusted("anna"), Caller::trusted("bo"));
    let faulty = changed("indicators.toml", "min_count = 5", "min_count = 0");
    let draft = service.create(&anna, "spring", &faulty).await.unwrap();
    let (_, findings) = service.check(&anna, "spring").await.unwrap();
    assert_eq!(
        findings.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        ["VN-REL-116"]
    );
    assert_eq!(
        service.approve(&bo, "spring", None).await.unwrap_err().code,
        "VN-REL-204"
    );

    let mended = changed("release.toml", "id = \"2026.1\"", "id = \"2026.1b\"");
    let stale = service.update(&bo, "spring", Some([0; 32]), &mended).await;
    assert_eq!(stale.unwrap_err().code, "VN-REL-203");
    service
        .update(&bo, "spring", Some(draft.proposal.digest), &mended)
        .await
        .unwrap();
    let (draft, _) = service.check(&anna, "spring").await.unwrap();
    assert_eq!(draft.stage(), Stage::Checked);
    assert_eq!(
        service.approve(&bo, "spring", None).await.unwrap_err().code,
        "VN-REL-205"
    );

    let unreadable = changed("release.toml", "id = ", "id ");
    assert_eq!(
        service
            .create(&anna, "summer", &unreadable)
            .await
            .unwrap_err()
            .code,
        "VN-REL-003"
    );
}

#[tokio::test]
async fn a_draft_tells_how_much_it_changed_since_its_referral() {
    let authority = authority().await;
    let service = Releases::new(Arc::clone(&authority));
    let anna = Caller::trusted("anna");
    let package = starter::package().unwrap();
    service.create(&anna, "d", &package).await.unwrap();
    let shown = async || {
        let request = GetReleaseRequest {
            id: "d".to_owned(),
            date: None,
        };
        let answer = service.get_release(Request::new(request)).await.unwrap();
        answer.into_inner().release.unwrap().changed_since_referral
    };
    assert_eq!(shown().await, None);
    let opened = Step::ReferralOpened {
        draft: "d".to_owned(),
        digest: package.digest(),
        round: 1,
        opened: date(2026, 1, 1),
        until: date(2026, 1, 2),
        bodies: Vec::new(),
    };
    let closed = Step::ReferralClosed {
        draft: "d".to_owned(),
        round: 1,
        on: date(2026, 1, 1),
    };
    for step in [opened, closed] {
        let entry = AuthorityEntry {
            caller: "anna".to_owned(),
            at: 1,
            change: Change::Step(step),
        };
        authority.append(&entry).await.unwrap();
    }
    assert_eq!(shown().await, Some(0));
    let other = changed("indicators.toml", "min_count = 5", "min_count = 6");
    service.update(&anna, "d", None, &other).await.unwrap();
    assert_eq!(shown().await, Some(1));
}

#[tokio::test]
async fn lists_come_newest_first_and_in_pages() {
    let service = Releases::new(authority().await);
    let anna = Caller::trusted("anna");
    for id in ["a", "b", "c"] {
        service
            .create(&anna, id, &starter::package().unwrap())
            .await
            .unwrap();
    }
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListReleasesRequest {
            page_size: 2,
            page_token,
        };
        let answer = service
            .list_releases(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        seen.extend(answer.releases.into_iter().map(|release| release.id));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["c", "b", "a"]);
}

#[tokio::test]
async fn a_gap_is_not_published_by_any_path_and_a_draft_is_published_once() {
    let authority = authority().await;
    let service = Releases::new(Arc::clone(&authority));
    let (anna, bo) = (Caller::trusted("anna"), Caller::trusted("bo"));
    let gap = changed(
        "tables/contact-type.csv",
        "C20,,,,indirect,,,,,,indirect-contact,,,,,\n",
        "",
    );
    assert_ne!(gap.digest(), starter::package().unwrap().digest());
    service.create(&anna, "gap", &gap).await.unwrap();
    let code = |refused: Result<_, vardnav_api::status::ApiError>| refused.map(|_: ()| ()).unwrap_err().code;
    let steps = async |wanted: &str| {
        assert_eq!(
            code(service.submit(&anna, "gap", None).await.map(drop)),
            "VN-REL-204"
        );
        assert_eq!(code(service.approve(&bo, "gap", None).await.map(drop)), wanted);
    };
    steps("VN-REL-202").await;
    // A note that the check found nothing, as an older server may have written it.
    let noted = AuthorityEntry {
        caller: "anna".to_owned(),
        at: 2,
        change: Change::DraftChecked {
            draft: "gap".to_owned(),
            digest: gap.digest(),
            errors: 0,
            warnings: 0,
        },
    };
    authority.append(&noted).await.unwrap();
    service.approve(&bo, "gap", None).await.unwrap();
    assert_eq!(
        code(service.publish(&bo, "gap", None).await.map(drop)),
        "VN-REL-204"
    );
    service.check(&anna, "gap").await.unwrap();
    steps("VN-REL-204").await;
    assert_eq!(authority.view().state().releases().count(), 0);

    let good = starter::package().unwrap();
    service.update(&anna, "gap", None, &good).await.unwrap();
    service.check(&anna, "gap").await.unwrap();
    service.approve(&bo, "gap", None).await.unwrap();
    let (one, other) = tokio::join!(
        service.publish(&bo, "gap", None),
        service.publish(&anna, "gap", None)
    );
    let refused: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "one of two that publish at once");
    assert_eq!(refused.first().unwrap().code, "VN-REL-208");
}
