//! Completeness and findings over a store in memory: what is told of a month beside its counts, and that it follows what
//! stands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use bench::*;
use jiff::civil::Date;
use tonic::Code;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService as _;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterService as _;
use vardnav_interchange::release::starter;
use vardnav_register::audit::AuditEntry;
use vardnav_register::record::{Body, Record};
use vardnav_release::package::Package;
use vardnav_service_register::QUALITY;
use vardnav_store::StreamId;

/// A contact as it is told alike: its id, its revision, and the ids of the others.
type Told = (String, u32, Vec<String>);

impl Bench {
    async fn alike(&self, page_size: i32, page_token: &str) -> (Vec<Told>, String) {
        let request = pb::ListContactsAlikeRequest {
            reporter: NORTH.into(),
            from: "2026-01".into(),
            until: "2027-01".into(),
            page_size,
            page_token: page_token.into(),
        };
        let answer = self.service.list_contacts_alike(asked(request, trusted())).await;
        let answer = answer.unwrap().into_inner();
        let told = answer.contacts.into_iter().map(|contact| {
            assert_eq!(contact.code, "VN-REG-054");
            (contact.id, contact.revision, contact.others)
        });
        (told.collect(), answer.next_page_token)
    }

    /// How many contacts are told alike of each month, as findings and in completeness alike.
    async fn found(&self) -> Vec<(String, u64)> {
        let months = self.completeness("2026-01", "2027-01").await;
        let found = months.iter().flat_map(|month| {
            let of = month.findings.iter();
            of.map(|found| (month.period.clone(), found.code.clone(), found.records))
        });
        let found: Vec<_> = found.collect();
        assert!(found.iter().all(|(_, code, _)| code == "VN-REG-054"));
        let found: Vec<(String, u64)> = found
            .into_iter()
            .map(|(month, _, count)| (month, count))
            .collect();
        let request = pb::ListFindingsRequest {
            reporter: NORTH.into(),
            from: "2026-01".into(),
            until: "2027-01".into(),
        };
        let findings = self.service.list_findings(asked(request, trusted())).await;
        let findings = findings.unwrap().into_inner().findings;
        let told = findings.iter().find(|found| found.code == "VN-REG-054");
        let told = told.map_or(0, |found| found.accepted + found.held);
        assert_eq!(told, found.iter().map(|(_, count)| count).sum::<u64>());
        found
    }

    async fn kept(&self) -> Vec<vardnav_store::ProjectionRow> {
        self.store.scan(QUALITY, &[], 1_000).await.unwrap()
    }

    async fn completeness(&self, from: &str, until: &str) -> Vec<pb::PeriodCompleteness> {
        let request = pb::GetCompletenessRequest {
            reporter: NORTH.into(),
            from: from.into(),
            until: until.into(),
            ..Default::default()
        };
        let answer = self.service.get_completeness(asked(request, trusted())).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!(answer.behind, 0);
        answer.periods
    }
}

#[tokio::test]
async fn a_month_is_told_with_the_deadlines_of_each_register() {
    let bench = Bench::new().await;
    let months = bench.completeness("2026-09", "2026-11").await;
    let told: Vec<_> = months
        .iter()
        .map(|month| {
            let date = |message: &Option<vardnav_api::vardnav::r#type::v1::Date>| {
                vardnav_api::common::date(message.as_ref(), "date").unwrap()
            };
            let deadlines = month.deadlines.iter().map(|deadline| {
                let (primary, refresh) = (date(&deadline.primary), date(&deadline.refresh));
                (deadline.register.as_str(), primary, refresh)
            });
            (month.period.as_str(), deadlines.collect::<Vec<_>>())
        })
        .collect();
    let date = jiff::civil::date;
    // 31 days after the last of the month, and 92; of near care 400.
    let of = |primary: Date, refresh: Date, near: Date| {
        vec![
            ("near-care", primary, near),
            ("par-inpatient", primary, refresh),
            ("par-outpatient", primary, refresh),
            ("municipal-register", primary, refresh),
        ]
    };
    let september = of(date(2026, 10, 31), date(2026, 12, 31), date(2027, 11, 4));
    let october = of(date(2026, 12, 1), date(2027, 1, 31), date(2027, 12, 5));
    assert_eq!(told, [("2026-09", september), ("2026-10", october)]);
}

fn on(id: &str, revision: u32, date: Date) -> Record {
    let mut record = visit(id, revision, Some("clinic"));
    if let Body::Contact(contact) = &mut record.body {
        contact.date = date;
    }
    record
}

fn told(id: &str, revision: u32, others: &[&str]) -> Told {
    (
        id.to_owned(),
        revision,
        others.iter().map(|id| (*id).to_owned()).collect(),
    )
}

#[tokio::test]
async fn contacts_that_say_the_same_are_both_told_until_one_is_corrected_or_withdrawn() {
    let bench = Bench::new().await;
    let date = jiff::civil::date;
    let report = async |record: &Record| bench.append(NORTH, record, RECEIVED, false).await;
    report(&on("a", 1, date(2026, 3, 10))).await;
    assert_eq!(bench.found().await, []);
    assert_eq!(bench.alike(0, "").await, (Vec::new(), String::new()));
    // Not alike: another date, another profession, another person, another reporter, another type.
    report(&on("b", 1, date(2026, 3, 11))).await;
    let mut other = on("c", 1, date(2026, 3, 10));
    if let Body::Contact(contact) = &mut other.body {
        contact.professions = vec!["physician".into()];
    }
    report(&other).await;
    let mut other = on("d", 1, date(2026, 3, 10));
    other.person.identity = "19821105-9962".into();
    report(&other).await;
    bench
        .append(SOUTH, &on("e", 1, date(2026, 3, 10)), RECEIVED, false)
        .await;
    report(&visit("f", 1, Some("school"))).await;
    assert_eq!(bench.found().await, []);

    report(&on("g", 1, date(2026, 3, 10))).await;
    let both = vec![told("a", 1, &["g"]), told("g", 1, &["a"])];
    assert_eq!(bench.alike(0, "").await, (both.clone(), String::new()));
    assert_eq!(bench.found().await, [("2026-03".to_owned(), 2)]);
    // Moved to another month beside another one, and the first two of a day are three.
    report(&on("h", 1, date(2026, 3, 10))).await;
    report(&on("b", 2, date(2026, 5, 31))).await;
    report(&on("i", 1, date(2026, 5, 31))).await;
    let three = vec![
        told("a", 1, &["g", "h"]),
        told("g", 1, &["a", "h"]),
        told("h", 1, &["a", "g"]),
    ];
    let later = vec![told("b", 2, &["i"]), told("i", 1, &["b"])];
    let (page, token) = bench.alike(1, "").await;
    assert_eq!(page, three);
    assert_eq!(bench.alike(1, &token).await, (later.clone(), String::new()));
    assert_eq!(
        bench.found().await,
        [("2026-03".to_owned(), 3), ("2026-05".to_owned(), 2)]
    );
    // A correction and a withdrawal each end it.
    report(&on("h", 2, date(2026, 3, 12))).await;
    let withdrawal = pb::WithdrawRecordsRequest {
        reporter: NORTH.into(),
        records: vec![pb::withdraw_records_request::RecordName {
            kind: pb::RecordKind::Contact.into(),
            id: "i".into(),
            ..Default::default()
        }],
        reason: "duplicate".into(),
        validate_only: false,
    };
    let withdrawn = bench.service.withdraw_records(asked(withdrawal, trusted())).await;
    assert!(
        withdrawn
            .unwrap()
            .into_inner()
            .outcomes
            .iter()
            .all(|outcome| outcome.withdrawn)
    );
    assert_eq!(bench.alike(0, "").await, (both, String::new()));
    assert_eq!(bench.found().await, [("2026-03".to_owned(), 2)]);

    // Followed step by step, the rows are those of following anew.
    let rows = bench.kept().await;
    bench.store.clear(QUALITY).await.unwrap();
    assert_eq!(bench.found().await, [("2026-03".to_owned(), 2)]);
    assert_eq!(bench.kept().await, rows);
    // What is erased says nothing any more; the projection is cleared with it.
    report(&on("g", 2, date(2026, 3, 10))).await;
    assert_eq!(
        bench.alike(0, "").await.0,
        [told("a", 1, &["g"]), told("g", 2, &["a"])]
    );
    bench
        .append(NORTH, &on("g", 3, date(2026, 3, 10)), RECEIVED, true)
        .await;
    assert_eq!(bench.found().await, []);

    let notes = bench.store.read(&StreamId::audit(), 0, 100).await.unwrap();
    let notes = notes.iter().map(|row| AuditEntry::decode(&row.bytes).unwrap());
    let looks = notes.filter(|note| note.action() == "contacts-alike").count();
    assert_eq!(looks, 6, "each look at ids is noted");
}

#[tokio::test]
async fn contacts_alike_are_told_to_those_who_act_for_the_reporter() {
    let bench = Bench::new().await;
    let request = |reporter: &str, token: &str| pb::ListContactsAlikeRequest {
        reporter: reporter.into(),
        from: "2026-01".into(),
        page_token: token.into(),
        ..Default::default()
    };
    for (reporter, token, code) in [
        (SOUTH, "", Code::PermissionDenied),
        ("", "", Code::PermissionDenied),
        (NORTH, "2026-01", Code::InvalidArgument),
        (NORTH, "2026-13:1", Code::InvalidArgument),
    ] {
        let request = asked(request(reporter, token), of_the_north(r#""register.read""#));
        let refused = bench.service.list_contacts_alike(request).await;
        assert_eq!(refused.unwrap_err().code(), code, "{reporter} {token}");
    }
}

/// The starter release with another check of how months depart.
fn departing(from: &str, to: &str) -> Package {
    let package = starter::package().unwrap();
    let files = package.files().map(|(path, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = match path {
            "register/checks.toml" => {
                assert!(text.contains(from));
                text.replacen(from, to, 1)
            }
            _ => text,
        };
        (path.to_owned(), text.into_bytes())
    });
    Package::new(files.collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn a_month_that_departs_is_told_as_the_release_asks() {
    let parameters = "parameters = { months = 6, percent = 50, least = 20, units = 1 }";
    let told = async |parameters_of: &str, until: &str| {
        let bench = Bench::under(departing(parameters, parameters_of)).await;
        for (month, count) in [(2, 4), (3, 3), (4, 4), (5, 1)] {
            for number in 0..count {
                let record = on(
                    &format!("{month}-{number}"),
                    1,
                    jiff::civil::date(2026, month, number + 1),
                );
                bench.append(NORTH, &record, RECEIVED, false).await;
            }
        }
        let months = bench.completeness("2026-03", until).await;
        let findings = months.into_iter().flat_map(|month| {
            let period = month.period;
            month.findings.into_iter().map(move |found| {
                assert!(!found.message.unwrap().sv.is_empty() && !found.remedy.unwrap().sv.is_empty());
                assert_eq!(found.kind, i32::from(pb::RecordKind::Contact));
                (period.clone(), found.code, found.records, found.usual)
            })
        });
        findings.collect::<Vec<_>>()
    };
    let found =
        |month: &str, records: u64, usual: u64| (month.to_owned(), "VN-REG-055".to_owned(), records, usual);
    assert_eq!(told(parameters, "2026-07").await, []);
    let few = "parameters = { months = 3, percent = 50, least = 3, units = 1 }";
    assert_eq!(
        told(few, "2026-07").await,
        [found("2026-05", 1, 4), found("2026-06", 0, 3)]
    );
    let more = "parameters = { months = 3, percent = 80, least = 3 }";
    assert_eq!(told(more, "2026-07").await, [found("2026-06", 0, 3)]);
    let later = format!("{few}\nfrom = 2026-06-01");
    assert_eq!(told(&later, "2026-07").await, [found("2026-06", 0, 3)]);
}
