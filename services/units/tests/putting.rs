//! Care units through the service, over a store in memory and the starter release: what is refused leaves nothing
//! behind that a later start could stumble over.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use jiff::civil::date;
use vardnav_interchange::release::{self as files, starter};
use vardnav_register::record::{Fact, Principal, Principals, Responsibility};
use vardnav_register::unit::{About, Beds, CareUnit, Opening, Staff, UnitVersion};
use vardnav_release::entry::{AuthorityEntry, Change, Proposal, Reporter};
use vardnav_release::lifecycle::{self, CheckOutcome, Haste, Publication};
use vardnav_release::package::Package;
use vardnav_release::{AuthorityState, Snapshot};
use vardnav_runtime::caller::Caller;
use vardnav_service_units::Units;
use vardnav_store::{Authority, Loader, Memory, Store, StreamId};
use vardnav_terminology::Edition;

struct Files;

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        files::compile(package, editions).map_err(|findings| findings.len().to_string())
    }
}

async fn begin(store: &Arc<dyn Store>) -> Arc<Authority> {
    let authority = Authority::open(Arc::clone(store), Arc::new(Files)).await.unwrap();
    let package = starter::package().unwrap();
    let digest = authority.keep_package(&package).await.unwrap();
    let proposal = Proposal {
        release: "2026.1".to_owned(),
        from: date(2026, 1, 1),
        digest,
        ..Proposal::default()
    };
    let mut state = AuthorityState::default();
    let mut entries = Vec::new();
    let terms = Publication {
        from: None,
        today: date(2026, 1, 1),
        haste: Haste::None,
        procedure: None,
        changes: Vec::new(),
    };
    for step in 0..4 {
        let decided = match step {
            0 => lifecycle::put(&state, "anna", 1, "2026.1", proposal.clone()).map(|entry| vec![entry]),
            1 => lifecycle::checked(&state, "anna", 2, "2026.1", digest, 0, 0).map(|entry| vec![entry]),
            2 => lifecycle::approve(&state, "bo", 3, "2026.1", digest).map(|entry| vec![entry]),
            _ => {
                let check = CheckOutcome::default();
                lifecycle::publish(&state, "bo", 4, "2026.1", digest, &check, &terms)
            }
        };
        for entry in decided.unwrap() {
            state.apply(&entry).unwrap();
            entries.push(entry);
        }
    }
    entries.push(AuthorityEntry {
        caller: "anna".to_owned(),
        at: 5,
        change: Change::ReporterPut(Reporter {
            id: "region-01".to_owned(),
            name: "Region".to_owned(),
            provider: "2321000016".to_owned(),
        }),
    });
    authority.append_all(entries).await.unwrap();
    authority
}

fn unit() -> CareUnit {
    let version = UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: "Mobila teamet Öster".to_owned(),
        kind: "mobile-team".to_owned(),
        provider: "2321000016".to_owned(),
        reporters: vec!["region-01".to_owned()],
        principals: Principals::default(),
        kommun: Some("0180".to_owned()),
        facts: vec![Fact {
            axis: "origin".to_owned(),
            values: vec!["regional-primary-care".to_owned()],
        }],
        hours: "vardagar 8–17".to_owned(),
        beds: vec![Beds {
            kind: "home-place".to_owned(),
            count: 12,
        }],
        about: About::default(),
    };
    CareUnit {
        hsa_id: "SE2321000016-E0001".to_owned(),
        versions: vec![version],
    }
}

fn responsibility(role: &str) -> Responsibility {
    Responsibility {
        role: role.into(),
        unit: None,
        profession: None,
        from: date(2026, 1, 1),
        until: None,
    }
}

#[tokio::test]
async fn what_a_unit_may_not_say_is_refused_by_field_and_nothing_is_written() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = begin(&store).await;
    let units = Units::new(Arc::clone(&authority));
    let caller = Caller::trusted("anna");
    type Change = fn(&mut UnitVersion);
    let wrong: [(&str, Change); 24] = [
        ("beds", |version| {
            let kind = |number| Beds {
                kind: format!("kind-{number}"),
                count: 1,
            };
            version.beds = (0..5000).map(kind).collect();
        }),
        ("beds", |version| version.beds.push(version.beds[0].clone())),
        ("beds[0].kind", |version| {
            version.beds[0].kind = "701063-2391".into()
        }),
        ("beds[0].kind", |version| version.beds[0].kind = "Beds".into()),
        ("reporters", |version| {
            version.reporters = vec!["region-01".into(); 2]
        }),
        ("reporters", |version| {
            version.reporters = (0..5000).map(|number| format!("r{number}")).collect();
        }),
        ("facts", |version| version.facts.push(version.facts[0].clone())),
        ("facts[0].values", |version| {
            version.facts[0].values = vec!["regional-primary-care".into(); 2];
        }),
        ("facts[0].values", |version| {
            version.facts[0].values = (0..5000).map(|number| format!("v{number}")).collect();
        }),
        ("name", |version| version.name = "701063-2391".into()),
        ("kind", |version| version.kind = "x".repeat(501)),
        ("hours", |version| version.hours = "8–17\u{7}".into()),
        ("kind", |version| version.kind = "castle".into()),
        ("principals.performing[0].organisation", |version| {
            version.principals.performing = vec![Principal::new("99")];
        }),
        ("principals.performing[1].organisation", |version| {
            version.principals.performing = vec![Principal::new("01"), Principal::new("01")];
        }),
        ("principals.responsible[0].basis", |version| {
            version.principals.responsible = vec![Principal {
                organisation: "01".into(),
                basis: Some("by-chance".into()),
            }];
        }),
        ("ownership", |version| {
            version.about.ownership = Some("crown".into())
        }),
        ("responsibilities[0].role", |version| {
            version.about.responsibilities = vec![responsibility("gardener")];
        }),
        ("responsibilities[0].until", |version| {
            let mut one = responsibility("mas");
            one.until = Some(one.from);
            version.about.responsibilities = vec![one];
        }),
        ("responsibilities[0].profession", |version| {
            let mut one = responsibility("mas");
            one.profession = Some("701063-2391".into());
            version.about.responsibilities = vec![one];
        }),
        ("covers[0]", |version| version.about.covers = vec!["01".into()]),
        ("open", |version| {
            version.about.open = vec![Opening {
                first_day: 5,
                last_day: 1,
                from: 0,
                until: 60,
            }];
        }),
        ("staff[0].profession", |version| {
            version.about.staff = vec![Staff {
                profession: "juggler".into(),
                hundredths: None,
            }];
        }),
        ("successor", |version| {
            version.closed = Some(date(2026, 9, 1));
            version.about.successor = Some("SE2321000016-E0009".into());
        }),
    ];
    let before = store.head(&StreamId::authority()).await.unwrap().size;
    for (field, change) in wrong {
        let mut unit = unit();
        change(&mut unit.versions[0]);
        for validate_only in [true, false] {
            let refused = units.put(&caller, unit.clone(), validate_only).await.unwrap_err();
            assert_eq!(refused.field, format!("unit.versions[0].{field}"), "{refused}");
            assert!(!refused.message.contains("701063"));
        }
    }
    let mut unsorted = unit();
    unsorted.versions.push(unsorted.versions[0].clone());
    assert!(units.put(&caller, unsorted, false).await.is_err());
    assert_eq!(store.head(&StreamId::authority()).await.unwrap().size, before);
    Authority::open(Arc::clone(&store), Arc::new(Files))
        .await
        .unwrap();
}

#[tokio::test]
async fn versions_are_one_append_and_the_same_again_changes_nothing() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = begin(&store).await;
    let units = Units::new(Arc::clone(&authority));
    let caller = Caller::trusted("anna");
    let mut stated = unit();
    let later = UnitVersion {
        from: date(2026, 6, 1),
        name: "Teamet".to_owned(),
        ..stated.versions[0].clone()
    };
    stated.versions.push(later);
    let before = authority.view().position();
    for _ in 0..2 {
        let stands = units.put(&caller, stated.clone(), false).await.unwrap();
        assert_eq!(stands, stated);
        assert_eq!(authority.view().position(), before + 2);
    }
}

#[tokio::test]
async fn what_another_writer_changed_unseen_is_not_overwritten() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let one = begin(&store).await;
    let other = Authority::open(Arc::clone(&store), Arc::new(Files))
        .await
        .unwrap();
    let caller = Caller::trusted("anna");
    let put = async |authority: &Arc<Authority>, name: &str| {
        let mut stated = unit();
        stated.versions[0].name = name.to_owned();
        Units::new(Arc::clone(authority))
            .put(&caller, stated, false)
            .await
    };
    put(&one, "first").await.unwrap();
    let refused = put(&other, "second").await.unwrap_err();
    assert_eq!(refused.code, "VN-API-011");
    // The refusal came with a look at the newest state: deciding anew under it is taken.
    let stands = put(&other, "second").await.unwrap();
    assert_eq!(stands.versions[0].name, "second");
}

#[tokio::test]
async fn units_that_become_one_are_closed_together_and_what_was_said_stays() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = begin(&store).await;
    let units = Units::new(Arc::clone(&authority));
    let caller = Caller::trusted("anna");
    let ids = ["SE2321000016-E0001", "SE2321000016-E0002", "SE2321000016-E0003"].map(str::to_owned);
    for id in &ids {
        let stated = CareUnit {
            hsa_id: id.clone(),
            ..unit()
        };
        units.put(&caller, stated, false).await.unwrap();
    }
    let [first, second, third] = ids.clone();
    let on = date(2026, 7, 1);
    let before = authority.view().position();
    for (closed, successor, field) in [
        (
            vec![first.clone(), "SE2321000016-E0009".to_owned()],
            Some(third.clone()),
            "hsa_ids[1]",
        ),
        (vec![first.clone()], Some(first.clone()), "successor"),
        (
            vec![first.clone()],
            Some("SE2321000016-E0009".to_owned()),
            "successor",
        ),
        (Vec::new(), None, "hsa_ids"),
    ] {
        let refused = units.close(&caller, &closed, on, successor).await.unwrap_err();
        assert_eq!(refused.field, field);
    }
    assert_eq!(authority.view().position(), before, "all of them or none");

    let closed = [first.clone(), second];
    units
        .close(&caller, &closed, on, Some(third.clone()))
        .await
        .unwrap();
    let view = authority.view();
    for id in &closed {
        let unit = view.state().unit(id).unwrap();
        assert!(unit.on(date(2026, 6, 30)).is_some() && unit.on(on).is_none());
        assert_eq!(unit.closing(), Some((on, Some(third.as_str()))));
    }
    let said = view.state().unit_history(&first);
    assert_eq!(said.len(), 2);
    assert_eq!(said[0].version.closed, None, "what was said first stays");
    let changed = said[1].version.changed_from(&said[0].version);
    assert_eq!(changed, ["closed", "successor"]);
    assert_eq!(said[1].mark.by, "anna");
    // A unit that is closed is not closed again.
    assert!(units.close(&caller, &closed, on, None).await.is_err());
    // The same is read from the stream again.
    let again = Authority::open(Arc::clone(&store), Arc::new(Files))
        .await
        .unwrap();
    assert_eq!(again.view().state().unit_history(&first), said);
}
