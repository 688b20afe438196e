//! What holds of uploads is what whoever computes is given: the newest revision, nothing of what is withdrawn, of groups
//! those of the date; read once as long as it holds, and seen by a second server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use jiff::civil::date;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Status};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::indicator_service_server::IndicatorService as _;
use vardnav_indicators::population::Area;
use vardnav_indicators::query::Dimension;
use vardnav_indicators::{Mark, Question, Residence};
use vardnav_interchange::release::{self as files, starter};
use vardnav_interchange::upload::{Against, FILE_BYTES_MAX};
use vardnav_register::audit::AuditEntry;
use vardnav_release::Snapshot;
use vardnav_release::entry::{AuthorityEntry, Change, Proposal};
use vardnav_release::package::Package;
use vardnav_runtime::caller::Caller;
use vardnav_service_indicators::{Indicators, Put, Uploads};
use vardnav_store::uploads::PutUpload;
use vardnav_store::{Authority, Loader, Memory, Store, StreamId};
use vardnav_terminology::Edition;

struct Files;

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        files::compile(package, editions).map_err(|findings| findings.len().to_string())
    }
}

#[tokio::test]
async fn whoever_looks_at_rows_is_noted_before_the_rows_leave_and_files_have_a_limit() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = authority(Arc::clone(&store)).await;
    let indicators = Indicators::new(Arc::clone(&store), authority);
    put(indicators.uploads(), "population", &population("2025-12-31", 10)).await;
    let download = async |id: &str| {
        let mut request = Request::new(pb::DownloadUploadRequest {
            kind: "population".to_owned(),
            id: id.to_owned(),
            revision: 0,
        });
        request.extensions_mut().insert(Arc::new(Caller::trusted("bo")));
        let mut pieces = indicators.download_upload(request).await?.into_inner();
        let mut file = Vec::new();
        while let Some(piece) = pieces.next().await {
            file.extend_from_slice(&piece?.data);
        }
        Ok::<_, Status>(String::from_utf8(file).unwrap())
    };
    assert_eq!(download("1999-12-31").await.unwrap_err().code(), Code::NotFound);
    let notes = async || {
        let rows = store.read(&StreamId::audit(), 0, 10).await.unwrap();
        let notes = rows.iter().map(|row| AuditEntry::decode(&row.bytes).unwrap());
        notes
            .map(|note| format!("{} {}", note.caller(), note.action()))
            .collect::<Vec<_>>()
    };
    assert!(notes().await.is_empty());
    assert_eq!(
        download("2025-12-31").await.unwrap(),
        population("2025-12-31", 10)
    );
    assert_eq!(notes().await, ["bo indicators.download-upload"]);

    let caller = Caller::trusted("anna");
    let large = vec![b'0'; FILE_BYTES_MAX + 1];
    let refused = indicators
        .uploads()
        .put(&caller, "population", "test", large, true);
    assert_eq!(refused.await.unwrap_err().code, "VN-API-012");
}

/// An authority with the starter release in force.
async fn authority(store: Arc<dyn Store>) -> Arc<Authority> {
    let authority = Authority::open(store, Arc::new(Files)).await.unwrap();
    let digest = authority
        .keep_package(&starter::package().unwrap())
        .await
        .unwrap();
    let (draft, from) = ("2026.1".to_owned(), date(2026, 1, 1));
    let proposal = Proposal {
        release: draft.clone(),
        from,
        digest,
        ..Proposal::default()
    };
    let put = Change::DraftPut {
        draft: draft.clone(),
        proposal,
    };
    let published = Change::ReleasePublished {
        draft,
        digest,
        from,
        editions: Vec::new(),
    };
    for change in [put, published] {
        let entry = AuthorityEntry {
            caller: "anna".to_owned(),
            at: 1,
            change,
        };
        authority.append(&entry).await.unwrap();
    }
    authority
}

async fn put(uploads: &Uploads, kind: &str, file: &str) -> PutUpload {
    let caller = Caller::trusted("anna");
    let put = uploads.put(&caller, kind, "test", file.as_bytes().to_vec(), false);
    match put.await.unwrap() {
        Put::Kept(put) => *put,
        Put::Refused(problems) => panic!("{problems:?}"),
    }
}

fn population(date: &str, count: u32) -> String {
    format!("date,area,sex,age,count\n{date},0980,female,0+,{count}\n{date},0980,male,0+,1\n")
}

#[tokio::test]
async fn what_holds_is_given_and_read_once() {
    let uploads = Uploads::new(authority(Arc::new(Memory::new())).await);
    assert!(uploads.populations().await.unwrap().is_empty());
    put(&uploads, "population", &population("2025-12-31", 10)).await;
    put(&uploads, "population", &population("2024-12-31", 20)).await;
    let counts = async || {
        let held = uploads.populations().await.unwrap();
        let of = |held: &vardnav_store::uploads::Held<_>| held_count(held);
        held.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(
        counts().await,
        [("2024-12-31".to_owned(), 1, 21), ("2025-12-31".to_owned(), 1, 11)]
    );
    let (once, again) = (
        uploads.populations().await.unwrap(),
        uploads.populations().await.unwrap(),
    );
    let same = once
        .iter()
        .zip(&again)
        .all(|(one, other)| Arc::ptr_eq(&one.content, &other.content));
    assert!(same, "read twice");

    assert!(
        put(&uploads, "population", &population("2024-12-31", 30))
            .await
            .changed
    );
    assert!(
        !put(&uploads, "population", &population("2024-12-31", 30))
            .await
            .changed
    );
    assert_eq!(
        counts().await,
        [("2024-12-31".to_owned(), 2, 31), ("2025-12-31".to_owned(), 1, 11)]
    );
    let caller = Caller::trusted("bo");
    uploads
        .withdraw(&caller, "population", "2024-12-31", "why")
        .await
        .unwrap();
    assert_eq!(counts().await, [("2025-12-31".to_owned(), 1, 11)]);
}

fn held_count(
    held: &vardnav_store::uploads::Held<vardnav_indicators::population::PopulationTable>,
) -> (String, u32, u64) {
    let count = held.content.count(Area::Kommun(980), None, &(0..150));
    assert_eq!(held.content.source(), "test");
    (held.record.id.clone(), held.record.revision, count.unwrap())
}

#[tokio::test]
async fn series_and_groups_are_found_by_what_they_are_of_also_by_another_server() {
    let memory = Memory::new();
    let beside: Arc<dyn Store> = Arc::new(memory.beside());
    let authority = authority(Arc::new(memory)).await;
    let uploads = Uploads::new(Arc::clone(&authority));
    let series = "indicator,variant,period,place,value\ncore-01,survey,2025-10-15,00,61.5\n";
    put(&uploads, "series", series).await;
    let view = authority.view();
    let release = view.newest_release().unwrap();
    let against = Against {
        today: date(2026, 11, 23),
        release: &release,
        on: &|date| view.release_on(date),
        state: view.state(),
    };
    let grouped = |from: &str, name: &str| -> String {
        let kommuner = against.kommuner(date(2023, 1, 1)).into_iter();
        let rows = kommuner.map(|kommun| format!("skr-2023,{from},{kommun:04},all,{name}\n"));
        std::iter::once("grouping,from,kommun,group,name_sv\n".to_owned())
            .chain(rows)
            .collect()
    };
    put(&uploads, "kommun-groups", &grouped("2023-01-01", "Alla")).await;
    put(&uploads, "kommun-groups", &grouped("2025-01-01", "Alla nu")).await;

    let other = Authority::open(beside, Arc::new(Files)).await.unwrap();
    for uploads in [uploads, Uploads::new(other)] {
        let held = uploads.series_of("core-01", "survey").await.unwrap().unwrap();
        assert_eq!(
            (held.record.source.as_str(), held.content.points().len()),
            ("test", 1)
        );
        assert!(uploads.series_of("core-01", "national").await.unwrap().is_none());
        let from = async |on| {
            let held = uploads.groups_of("skr-2023", on).await.unwrap();
            held.map(|held| held.content.from)
        };
        assert_eq!(from(date(2022, 12, 31)).await, None);
        assert_eq!(from(date(2024, 6, 1)).await, Some(date(2023, 1, 1)));
        assert_eq!(from(date(2026, 1, 1)).await, Some(date(2025, 1, 1)));
        assert!(
            uploads
                .groups_of("skr", date(2026, 1, 1))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_question_is_answered_from_a_series_as_it_is_stated() {
    let authority = authority(Arc::new(Memory::new())).await;
    let release = authority.view().newest_release().unwrap();
    let uploads = Uploads::new(authority);
    let series = "indicator,variant,period,place,sex,value,low,high,denominator,mark\n\
        core-01,survey,2025-03-01,00,,60,,,,\ncore-01,survey,2025-10-15,00,,61.5,60,63,5400,preliminary\n\
        core-01,survey,2025-10-15,00,female,62,,,,\ncore-01,survey,2025-10-15,00,male,0,,,,\n\
        core-01,survey,2025-10-15,01,,59,,,,\ncore-01,survey,2025-10-15,12,,,,,,suppressed\n";
    put(&uploads, "series", series).await;
    let asked = async |id: &str, variants: &[&str], year: i16, place: &str, by: &[Dimension]| {
        let question = Question {
            year,
            place: Residence::parse(place),
            by: by.to_vec(),
            variants: variants.iter().map(|&variant| variant.to_owned()).collect(),
            ..Question::default()
        };
        let indicator = release.indicators.indicator(id).unwrap();
        uploads.read().await.unwrap();
        let stated = uploads.stated(&question, indicator).unwrap()?;
        let rows = stated.rows.into_iter().map(|row| {
            let value = row
                .value
                .map_or_else(|| "-".to_owned(), |value| value.to_string());
            format!(
                "{}/{}/{} {value} {}",
                row.variant,
                row.place.code(),
                row.sex.code(),
                row.marks
                    .into_iter()
                    .map(Mark::code)
                    .collect::<Vec<_>>()
                    .join("+")
            )
        });
        Some(rows.collect::<Vec<_>>())
    };
    let told = async |year, place, by: &[Dimension]| asked("core-01", &[], year, place, by).await.unwrap();
    // The last measurement of the year is the year's.
    assert_eq!(told(2025, "", &[]).await, ["survey// 61.5 preliminary"]);
    assert_eq!(told(2024, "", &[]).await, ["survey// - missing"]);
    assert_eq!(
        told(2025, "", &[Dimension::Month]).await,
        ["survey// 60 ", "survey// 61.5 preliminary"]
    );
    assert_eq!(
        told(2025, "", &[Dimension::Sex]).await,
        ["survey//female 62 ", "survey//male 0 zero"]
    );
    assert_eq!(
        told(2025, "", &[Dimension::Region]).await,
        ["survey/01/ 59 ", "survey/12/ - suppressed"]
    );
    assert_eq!(told(2025, "01", &[]).await, ["survey/01/ 59 "]);
    // What is computed is not answered here, and what has nothing uploaded neither, unless it is named.
    assert_eq!(asked("core-02", &[], 2025, "", &[]).await, None);
    assert_eq!(asked("core-12", &[], 2025, "", &[]).await, None);
    assert_eq!(
        asked("core-12", &["national", "own-units"], 2025, "", &[])
            .await
            .unwrap(),
        ["national// - missing"]
    );
    let question = Question {
        year: 2025,
        ..Question::default()
    };
    let indicator = release.indicators.indicator("core-01").unwrap();
    let stated = uploads.stated(&question, indicator).unwrap().unwrap();
    assert_eq!(stated.note.en, "survey: test, until 2025-10-15, revision 1");
}
