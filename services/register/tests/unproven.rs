//! A derivation is planned only when its tables leave no gap for care on its dates under its variants, whatever was
//! proven with the release.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use bench::*;
use jiff::civil::{Date, date};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use vardnav_api::common::date_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterService as _;
use vardnav_interchange::release::{self as files, starter};
use vardnav_release::entry::{AuthorityEntry, Change, Proposal};
use vardnav_release::package::Package;

/// The starter release from 2027 on, whose rule for those who are not enrolled begins in June 2026 only.
fn dated() -> Package {
    let starter = starter::package().unwrap();
    let changed = starter.files().map(|(path, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = match path {
            "release.toml" => text
                .replace("id = \"2026.1\"", "id = \"2027.1\"")
                .replace("from = 2026-01-01", "from = 2027-01-01"),
            "tables/episode-form.csv" => {
                let rule = "E50,,none,,,,,,,,,ambulatory-care,,,,,";
                assert!(text.contains(rule));
                text.replace(rule, &format!("{rule}2026-06-01"))
            }
            _ => text,
        };
        (path.to_owned(), text.into_bytes())
    });
    Package::new(changed).unwrap()
}

async fn publish(bench: &Bench, package: &Package) {
    let errors = files::check(package);
    assert!(errors.iter().all(|finding| finding.warning), "{errors:?}");
    let digest = bench.authority.keep_package(package).await.unwrap();
    let (id, from) = ("2027.1".to_owned(), date(2027, 1, 1));
    let proposal = Proposal {
        release: id.clone(),
        from,
        digest,
        ..Proposal::default()
    };
    let changes = [
        Change::DraftPut {
            draft: id.clone(),
            proposal,
        },
        Change::ReleasePublished {
            draft: id,
            digest,
            from,
            editions: Vec::new(),
        },
    ];
    let entries = changes.into_iter().map(|change| AuthorityEntry {
        caller: "anna".to_owned(),
        at: 9,
        change,
    });
    bench.authority.append_all(entries.collect()).await.unwrap();
}

async fn start(bench: &Bench, id: &str, from: Option<Date>, until: Option<Date>) -> Result<(), Status> {
    let request = pb::StartReclassificationRequest {
        id: id.to_owned(),
        release: "2027.1".to_owned(),
        from: from.map(date_message),
        until: until.map(date_message),
        ..Default::default()
    };
    let answer = bench
        .service
        .start_reclassification(asked(request, trusted()))
        .await;
    answer.map(drop)
}

#[tokio::test]
async fn a_gap_on_the_dates_of_a_derivation_is_told_with_its_facts() {
    let bench = Bench::new().await;
    publish(&bench, &dated()).await;
    let planned = || bench.authority.view().state().derivations().live().count();

    for (id, from, until) in [
        ("all", None, None),
        ("early", Some(date(2026, 5, 31)), Some(date(2026, 7, 1))),
    ] {
        let refused = start(&bench, id, from, until).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        let details = refused.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "VN-API-027");
        let told = &details.bad_request().unwrap().field_violations;
        assert!(!told.is_empty());
        for fault in told {
            assert!(
                fault.field.starts_with("table episode-form, segment from"),
                "{}",
                fault.field
            );
            assert!(
                fault.description.starts_with("no rule matches when") && fault.description.contains(" = "),
                "{}",
                fault.description
            );
        }
    }
    assert_eq!(planned(), 0);

    start(&bench, "late", Some(date(2026, 6, 1)), None).await.unwrap();
    // Before the rule begins there is nothing of the plan.
    assert_eq!(planned(), 1);
}
