//! Figures of measures follow the ledger and are exact, whatever order things come in: held against the same entries taken
//! in anew, and against what is plain to count.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod bench;

use std::sync::Arc;

use bench::{Bench, with};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use tonic::Request;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::indicator_service_server::IndicatorService as _;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::Row;
use vardnav_register::identity::PersonKey;
use vardnav_register::record::{
    Body, CareRequest, Contact, Fact, IdentityType, Person, Principal, Principals, Record, RecordKind,
};
use vardnav_register::unit::{About, UnitVersion};
use vardnav_release::entry::{AuthorityEntry, Change, Reporter};
use vardnav_runtime::caller::Caller;
use vardnav_service_indicators::{Indicators, MEASURES, Put};
use vardnav_store::{ProjectionRow, Store};

/// A care request on a day of March that was assessed so many days later, or never.
fn request(id: u32, revision: u32, kommun: &str, day: i8, waited: Option<i8>) -> Record {
    let asked = date(2026, 3, day);
    let assessed = waited.map(|days| asked + i64::from(days).days());
    Record {
        body: Body::CareRequest(CareRequest {
            date: asked,
            problem: Some("new".into()),
            channel: Some("telephone".into()),
            reason: None,
            professions: vec!["nurse".into()],
            contacted: assessed,
            assessed,
            ending: Some(if assessed.is_some() { "met" } else { "never-met" }.into()),
            ended: assessed.or(Some(asked)),
        }),
        ..record(id, revision, kommun)
    }
}

/// A visit of a mobile unit, which gives a group.
fn visit(id: u32, revision: u32, kommun: &str, day: Date) -> Record {
    let fact = |axis: &str, value: &str| Fact {
        axis: axis.into(),
        values: vec![value.into()],
    };
    Record {
        facts: vec![
            fact("contact-mode", "in-person"),
            fact("origin", "regional-primary-care"),
            fact("place", "mobile-unit"),
        ],
        body: Body::Contact(Contact {
            date: day,
            end: None,
            episode: None,
            professions: vec!["nurse".into()],
            delegated: None,
            reason: None,
            diagnoses: Vec::new(),
            external_causes: Vec::new(),
            procedures: Vec::new(),
            requested: None,
            first_contact: None,
        }),
        ..record(id, revision, kommun)
    }
}

fn record(id: u32, revision: u32, kommun: &str) -> Record {
    Record {
        id: format!("r-{id}"),
        revision,
        person: Person {
            identity_type: IdentityType::Personnummer,
            identity: "189001019802".into(),
            sex: None,
            birth_date: None,
            protected: false,
        },
        residence: Some(kommun.to_owned()),
        principals: Principals::default(),
        provider: None,
        unit: None,
        facts: Vec::new(),
        codes: Vec::new(),
        body: Body::CareRequest(CareRequest {
            date: date(2026, 1, 1),
            problem: None,
            channel: None,
            reason: None,
            professions: Vec::new(),
            contacted: None,
            assessed: None,
            ending: None,
            ended: None,
        }),
    }
}

fn person(number: u32) -> PersonKey {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    PersonKey(key)
}

async fn ask(indicators: &Indicators, change: impl FnOnce(&mut pb::QueryIndicatorRequest)) -> Vec<Row> {
    let mut request = pb::QueryIndicatorRequest {
        year: 2026,
        ..Default::default()
    };
    change(&mut request);
    let mut request = Request::new(request);
    request
        .extensions_mut()
        .insert(Arc::new(with(r#""indicators.read""#)));
    indicators
        .query_indicator(request)
        .await
        .unwrap()
        .into_inner()
        .rows
}

/// The rows of the projection of measures, and its name.
async fn rows(store: &dyn Store) -> (String, Vec<ProjectionRow>) {
    let cursors = store.cursors().await.unwrap();
    let name = cursors
        .into_iter()
        .map(|cursor| cursor.projection)
        .find(|name| name.starts_with(MEASURES));
    let name = name.unwrap();
    let rows = store.scan(&name, b"", 10_000).await.unwrap();
    (name, rows)
}

/// Rows without how many commits they took, which depends on how the entries came.
fn counted(rows: &[ProjectionRow]) -> Vec<&ProjectionRow> {
    rows.iter()
        .filter(|row| matches!(row.key.first(), Some(b'c' | b'p')))
        .collect()
}

#[tokio::test]
async fn a_share_has_its_numerator_denominator_interval_and_marks() {
    let bench = Bench::new().await;
    for id in 0..40 {
        let waited = (id < 30).then_some(if id < 20 { 2 } else { 5 });
        bench
            .put("region-stockholm", &request(id, 1, "0180", 3, waited), person(id))
            .await;
        bench
            .put(
                "region-skane",
                &request(id, 1, "1280", 4, Some(1)),
                person(100 + id),
            )
            .await;
    }
    let indicators = bench.indicators();
    indicators.catch_up().await.unwrap();
    let core = |by: &str| {
        let by = by
            .split(',')
            .filter(|by| !by.is_empty())
            .map(str::to_owned)
            .collect();
        ask(&indicators, |request| {
            request.indicator = "core-02".into();
            request.breakdowns = by;
        })
    };
    let whole = core("").await;
    let [row] = whole.as_slice() else {
        panic!("{whole:?}")
    };
    assert_eq!((row.numerator, row.denominator), (Some(60), Some(70.0)));
    assert!((row.value.unwrap() - 6000.0 / 70.0).abs() < 1e-9);
    assert!(row.low.unwrap() < row.value.unwrap() && row.value.unwrap() < row.high.unwrap());
    assert_eq!(row.variant, "assessed");
    let regions = core("region").await;
    let shown: Vec<_> = regions
        .iter()
        .filter(|row| row.denominator.is_some_and(|denominator| denominator > 0.0))
        .map(|row| (row.place.as_str(), row.numerator))
        .collect();
    assert_eq!(shown, [("01", Some(20)), ("12", Some(40))]);
    let standing = |code: &str| {
        let row = regions.iter().find(|row| row.place == code);
        row.unwrap().standing.clone()
    };
    assert_eq!(
        (standing("01"), standing("12")),
        ("below".into(), "far-above".into())
    );
    assert_eq!(row.standing, "", "the country stands to nothing");
    let months = core("month").await;
    assert_eq!(months.len(), 12);
    assert_eq!(months[2].numerator, Some(60));
    assert_eq!(months[3].numerator, Some(0));
    assert!(months[3].marks.contains(&"zero".to_owned()));
    let all = ask(&indicators, |request| {
        request.indicator = "core-02".into();
        request.variants = vec!["*".into()];
    });
    let all: Vec<_> = all
        .await
        .iter()
        .map(|row| (row.variant.clone(), row.denominator))
        .collect();
    assert_eq!(
        all,
        [
            ("assessed".into(), Some(70.0)),
            ("all-requests".into(), Some(80.0)),
            // What is uploaded stands beside them, and is missing while nothing is.
            ("national".into(), None),
        ]
    );
}

#[tokio::test]
async fn persons_are_counted_once_whatever_reporters_they_are_of() {
    let bench = Bench::new().await;
    for number in 0..10 {
        for (at, reporter) in ["region-stockholm", "region-uppsala"].into_iter().enumerate() {
            let id = number * 2 + u32::try_from(at).unwrap();
            let day = date(2026, 2 + i8::try_from(at).unwrap(), 10);
            bench
                .put(reporter, &visit(id, 1, "0180", day), person(number))
                .await;
        }
    }
    let indicators = bench.indicators();
    indicators.catch_up().await.unwrap();
    let reach = ask(&indicators, |request| {
        request.indicator = "reach-by-group".into();
        request.breakdowns = vec!["group".into()];
        request.groups = vec!["mobile-care".into()];
    })
    .await;
    assert_eq!(reach.first().unwrap().numerator, Some(10));
    assert_eq!(reach.first().unwrap().value, None, "no population is at hand");
    assert!(reach.first().unwrap().marks.contains(&"missing".to_owned()));
    let contacts = ask(&indicators, |request| {
        request.indicator = "contacts-by-group".into();
        request.breakdowns = vec!["contact-mode".into()];
        request.groups = vec!["in-person".into()];
    })
    .await;
    assert_eq!(contacts.first().unwrap().count, Some(20));
}

/// A population table of one kommun: a thousand of every five years of age.
fn population(kommun: &str) -> Vec<u8> {
    let mut rows = "date,area,sex,age,count\n".to_owned();
    for from in (0..100).step_by(5) {
        let age = match from {
            95 => "95+".to_owned(),
            from => format!("{from}-{}", from + 4),
        };
        for sex in ["female", "male"] {
            rows.push_str(&format!("2024-12-31,{kommun},{sex},{age},500\n"));
        }
    }
    rows.into_bytes()
}

#[tokio::test]
async fn years_with_few_are_taken_together_with_those_before() {
    let bench = Bench::new().await;
    for number in 0..12 {
        for year in [2025, 2026] {
            let id = number * 2 + u32::from(year == 2025);
            bench
                .put("a", &visit(id, 1, "0180", date(year, 2, 10)), person(number))
                .await;
        }
    }
    let indicators = bench.indicators();
    let caller = vardnav_runtime::caller::Caller::trusted("anna");
    let put = indicators
        .uploads()
        .put(&caller, "population", "test", population("0180"), false);
    assert!(matches!(
        put.await.unwrap(),
        vardnav_service_indicators::Put::Kept(_)
    ));
    indicators.catch_up().await.unwrap();
    let reach = async |year: i32, place: &str| {
        let rows = ask(&indicators, |request| {
            request.indicator = "reach-by-group".into();
            request.breakdowns = vec!["group".into()];
            request.groups = vec!["mobile-care".into()];
            request.year = year;
            request.place = place.to_owned();
        });
        let row = rows.await.into_iter().next().unwrap();
        (row.numerator, row.denominator, row.years, row.standing)
    };
    let within = |standing: &str| standing.to_owned();
    // Twelve are fewer than the twenty that the indicator asks for; the year before that has nothing.
    assert_eq!(reach(2026, "").await, (Some(24), Some(40_000.0), 2, within("")));
    assert_eq!(
        reach(2026, "01").await,
        (Some(24), Some(40_000.0), 2, within("within"))
    );
    assert_eq!(reach(2025, "").await, (Some(12), Some(20_000.0), 1, within("")));
}

/// A generator of small numbers: the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(most)).unwrap()
    }
}

#[tokio::test]
async fn corrections_withdrawals_and_other_persons_come_to_the_same_as_counting_anew() {
    for seed in 0..6 {
        let bench = Bench::new().await;
        let mut chance = Chance(seed);
        let indicators = bench.indicators();
        let mut latest: Vec<(u32, bool)> = Vec::new();
        for step in 0..160 {
            let id = chance.below(25);
            let at = usize::try_from(id).unwrap();
            if latest.len() <= at {
                latest.resize(at + 1, (0, false));
            }
            let (revision, is_request) = &mut latest[at];
            let is_new = *revision == 0;
            *revision += 1;
            let kommun = ["0180", "1280", "2584"][chance.below(3) as usize];
            let who = person(chance.below(8));
            if is_new {
                *is_request = chance.below(2) == 0;
            }
            let kind = if *is_request {
                RecordKind::CareRequest
            } else {
                RecordKind::Contact
            };
            match (is_new, chance.below(5)) {
                (false, 0) => drop(bench.withdraw("a", kind, &format!("r-{id}"), *revision).await),
                _ if *is_request => {
                    let (day, days) = (1 + chance.below(28) as i8, chance.below(6) as i8);
                    let waited = (days > 0).then_some(days);
                    bench
                        .put("a", &request(id, *revision, kommun, day, waited), who)
                        .await;
                }
                _ => {
                    let day = date(2026, 1 + chance.below(12) as i8, 15);
                    bench.put("a", &visit(id, *revision, kommun, day), who).await;
                }
            }
            if step % 23 == 0 {
                indicators.catch_up().await.unwrap();
            }
        }
        indicators.catch_up().await.unwrap();
        let (name, followed) = rows(bench.store.as_ref()).await;
        drop(indicators);
        bench.store.clear(&name).await.unwrap();
        let anew = bench.indicators();
        anew.catch_up().await.unwrap();
        let (again, built) = rows(bench.store.as_ref()).await;
        assert_eq!(again, name);
        assert_eq!(counted(&followed), counted(&built), "seed {seed}");
        assert!(!counted(&built).is_empty());
        // What a server beside reads is the same.
        let beside = Indicators::new(Arc::clone(&bench.beside), Arc::clone(&bench.authority));
        beside.catch_up().await.unwrap();
        assert_eq!(beside.size(), anew.size());
    }
}

#[tokio::test]
async fn what_a_stop_left_half_done_is_built_anew() {
    let bench = Bench::new().await;
    for id in 0..20 {
        bench
            .put("a", &request(id, 1, "0180", 3, Some(2)), person(id))
            .await;
    }
    let first = bench.indicators();
    first.catch_up().await.unwrap();
    drop(first);
    let (name, whole) = rows(bench.store.as_ref()).await;
    // As if one of two commits were lost and a later one not: the number of all commits tells.
    let stream = vardnav_store::StreamId::reporter("a").unwrap();
    let cell = whole.iter().find(|row| row.key.first() == Some(&b'c')).unwrap();
    let changes = vec![
        vardnav_store::Change {
            key: cell.key.clone(),
            value: None,
        },
        vardnav_store::Change {
            key: b"n".to_vec(),
            value: Some(7_u64.to_be_bytes().to_vec()),
        },
    ];
    let cursor = bench.store.cursor(&name, &stream).await.unwrap();
    bench
        .store
        .commit(&name, &stream, cursor, cursor, changes)
        .await
        .unwrap();
    let again = bench.indicators();
    again.catch_up().await.unwrap();
    let (_, built) = rows(bench.store.as_ref()).await;
    assert_eq!(counted(&built), counted(&whole));
}

/// A unit of a region or kommun with a basis, open from 2026 on.
fn unit(kind: &str, kommun: &str, basis: &str, reporter: &str) -> UnitVersion {
    let fact = |axis: &str, value: &str| Fact {
        axis: axis.into(),
        values: vec![value.into()],
    };
    UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: "Enheten".into(),
        kind: kind.into(),
        provider: "2321000131".into(),
        reporters: vec![reporter.into()],
        principals: Principals {
            responsible: vec![Principal::new(kommun.get(..2).unwrap().to_owned())],
            ..Principals::default()
        },
        kommun: Some(kommun.into()),
        facts: vec![fact("principal-basis", basis)],
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    }
}

/// Puts units and reporters into the registry.
async fn registry(bench: &Bench, units: &[(&str, UnitVersion)]) {
    for (hsa_id, version) in units {
        let reporter = Reporter {
            id: version.reporters.first().unwrap().clone(),
            name: "Uppgiftslämnaren".into(),
            provider: "2321000131".into(),
        };
        let put = Change::UnitPut {
            hsa_id: (*hsa_id).to_owned(),
            version: Box::new(version.clone()),
        };
        for change in [Change::ReporterPut(reporter), put] {
            let entry = AuthorityEntry {
                caller: "anna".into(),
                at: 2,
                change,
            };
            bench.authority.append(&entry).await.unwrap();
        }
    }
}

async fn upload(indicators: &Indicators, kind: &str, source: &str, file: String) {
    let caller = Caller::trusted("anna");
    let put = indicators
        .uploads()
        .put(&caller, kind, source, file.into_bytes(), false);
    let put = put.await.unwrap();
    assert!(matches!(put, Put::Kept(_)), "{put:?}");
}

const BEDS: &str = "reporter,date,unit,kind,available,occupied,overcrowded,outliers\n";

#[tokio::test]
async fn beds_that_units_state_become_figures_and_follow_uploads_and_registry() {
    let bench = Bench::new().await;
    let (ward, local) = ("SE2321000131-AV1", "SE2321000131-PB1");
    registry(
        &bench,
        &[
            (ward, unit("hospital-ward", "0180", "by-law", "stockholm")),
            (local, unit("primary-care-beds", "1280", "joint-body", "skane")),
        ],
    )
    .await;
    let indicators = bench.indicators();
    let core = |request: &mut pb::QueryIndicatorRequest| {
        request.indicator = "core-12".into();
        request.variants = vec!["own-units".into()];
    };
    // Nothing is stated: that is missing, not nothing.
    let rows = ask(&indicators, core).await;
    assert_eq!((rows.len(), &rows[0].marks), (1, &vec!["missing".to_owned()]));
    assert_eq!((rows[0].numerator, rows[0].value), (None, None));
    // Thirty days of September: 20 hospital beds with 2 patients beyond them and 1 elsewhere, and 5 places at home.
    let mut september = BEDS.to_owned();
    for day in 1..=30 {
        september += &format!("stockholm,2026-09-{day:02},{ward},hospital,20,20,2,1\n");
        september += &format!("stockholm,2026-09-{day:02},{ward},home-place,5,4,0,0\n");
    }
    upload(&indicators, "bed-days", "test", september).await;
    // Twenty-eight days of September: 10 beds, 8 of them occupied, nobody beyond but on one day 9.
    let mut local_days = BEDS.to_owned();
    for day in 1..=28 {
        let beyond = if day == 3 { 9 } else { 0 };
        local_days += &format!("skane,2026-09-{day:02},{local},primary-care,10,8,{beyond},0\n");
    }
    upload(&indicators, "bed-days", "synthetic: test", local_days.clone()).await;
    let figure = |row: &Row| (row.numerator, row.denominator);
    let rows = ask(&indicators, core).await;
    // 30 × 3 + 9 of 30 × 20 + 28 × 10, and two days lack.
    assert_eq!(figure(&rows[0]), (Some(99), Some(880.0)));
    assert!((rows[0].value.unwrap() - 100.0 * 99.0 / 880.0).abs() < 1e-9);
    assert!(
        rows[0].marks.contains(&"incomplete".to_owned()) && rows[0].marks.contains(&"made-up".to_owned())
    );
    let with_home = ask(&indicators, |request| {
        request.indicator = "core-12".into();
        request.variants = vec!["own-units-with-home".into()];
    })
    .await;
    assert_eq!(figure(&with_home[0]), (Some(99), Some(1_030.0)));
    let months = ask(&indicators, |request| {
        core(request);
        request.breakdowns = vec!["region".into(), "month".into()];
    })
    .await;
    let of = |place: &str, month: i32| {
        let found = months.iter().find(|row| row.place == place && row.month == month);
        found.map(figure)
    };
    assert_eq!(of("01", 9), Some((Some(90), Some(600.0))));
    assert_eq!(of("12", 9), Some((Some(9), Some(280.0))));
    assert_eq!(of("01", 8), Some((None, None)));
    // Occupancy by the basis on which the unit is run, as the registry has it.
    let bases = |request: &mut pb::QueryIndicatorRequest| {
        request.indicator = "primary-care-bed-occupancy".into();
        request.breakdowns = vec!["principal-basis".into()];
    };
    let rows = ask(&indicators, bases).await;
    let joint = rows.iter().find(|row| row.group == "joint-body").unwrap();
    assert_eq!(figure(joint), (Some(224), Some(280.0)));
    // The registry is corrected, an upload withdrawn, and its month is corrected: the figures follow, as another server's do.
    registry(
        &bench,
        &[(local, unit("primary-care-beds", "1280", "by-law", "skane"))],
    )
    .await;
    let rows = ask(&indicators, bases).await;
    let lawful = rows.iter().find(|row| row.group == "by-law").unwrap();
    assert_eq!(figure(lawful), (Some(224), Some(280.0)));
    indicators
        .uploads()
        .withdraw(&Caller::trusted("anna"), "bed-days", "stockholm/2026-09", "wrong")
        .await
        .unwrap();
    upload(
        &indicators,
        "bed-days",
        "test",
        local_days.replace(",9,0\n", ",7,0\n"),
    )
    .await;
    let beside = Indicators::new(Arc::clone(&bench.store), Arc::clone(&bench.authority));
    for server in [&indicators, &beside] {
        assert_eq!(figure(&ask(server, core).await[0]), (Some(7), Some(280.0)));
    }
}
