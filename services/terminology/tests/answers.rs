//! From imported files to answers, over the service's own methods.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod support;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::date;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::terminology_service_server::TerminologyService as _;
use vardnav_api::vardnav::r#type::v1::Finding;
use vardnav_interchange::codesystem::{ICD_10_SE, KMA};
use vardnav_interchange::content::rf2::{self, SyntheticOptions, synthetic_files};
use vardnav_interchange::content::{self, Files as _, MemoryFiles};
use vardnav_release::Snapshot;
use vardnav_release::entry::EditionRecord;
use vardnav_release::package::Package;
use vardnav_service_terminology::kept::Spool;
use vardnav_service_terminology::{Terminology, load};
use vardnav_store::{Authority, Blobs, Loader};
use vardnav_terminology::Edition;

use crate::support::{DIGIT4, Editions, MAP, caller, files, service, spooled};

/// As [`Editions`], and counts how often files are read.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Loader for Counting {
    fn load_release(&self, _: &Package, _: &[Arc<Edition>]) -> Result<Snapshot, String> {
        Err("no releases here".to_owned())
    }

    fn load_editions(&self, records: &[EditionRecord], blobs: &Blobs) -> Vec<Result<Edition, String>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        load::editions(records, blobs, None)
    }
}

#[tokio::test]
async fn a_package_of_many_code_systems_is_read_once_at_a_start() {
    let (store, service) = service().await;
    let system = |number: usize| {
        format!(
            r#"{{"resourceType":"CodeSystem","url":"urn:{number}","version":"1","status":"active","content":"complete",
            "concept":[{{"code":"c{number}"}}]}}"#
        )
        .replace('\n', "")
    };
    let lines: Vec<String> = (0..30).map(system).collect();
    let mut spool = Spool::default();
    spool.push("all.ndjson", lines.join("\n").as_bytes()).unwrap();
    let imported = service
        .import(&caller(), spool.finish(), false, None)
        .await
        .unwrap();
    assert_eq!(imported.code_systems.len(), 30, "{:?}", imported.findings);

    let loader = Arc::new(Counting::default());
    let authority = Authority::open(store, Arc::clone(&loader) as Arc<dyn Loader>)
        .await
        .unwrap();
    let view = authority.view();
    for number in 0..30 {
        let edition = view.catalog().edition(&format!("urn:{number}"), "1").unwrap();
        assert!(edition.find(&format!("c{number}")).is_some());
    }
    assert_eq!(loader.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn editions_of_a_full_release_stand_side_by_side_and_outlive_the_server() {
    let (store, service) = service().await;
    let full = synthetic_files(&SyntheticOptions {
        full: true,
        ..SyntheticOptions::of_size(300)
    });
    let dates = [date(2003, 1, 1), date(2012, 1, 1), date(2026, 6, 1)];
    for _ in 0..2 {
        let asked = content::Editions::AsOf(dates.to_vec());
        let imported = service
            .import_editions(&caller(), spooled(&full), asked, false, None)
            .await;
        assert_eq!(imported.unwrap().code_systems.len(), 3);
    }
    let authority = Authority::open(Arc::clone(&store), Arc::new(Editions))
        .await
        .unwrap();
    assert_eq!(
        authority.view().position(),
        3,
        "the same editions again write nothing"
    );
    let view = authority.view();
    let editions: Vec<&Arc<Edition>> = view.catalog().editions().collect();
    let sizes: Vec<usize> = editions.iter().map(|edition| edition.len()).collect();
    assert!(
        sizes.is_sorted() && sizes[0] < sizes[1] && sizes[2] == 300,
        "{sizes:?}"
    );
    let of = |edition: usize| {
        let codes = editions[edition]
            .concepts()
            .map(|concept| concept.code().to_owned());
        codes.collect::<BTreeSet<String>>()
    };
    let late = of(2).difference(&of(1)).next().unwrap().clone();
    let service = Terminology::new(store, authority.clone(), None);
    let history = pb::GetHistoryRequest {
        system: rf2::URL.to_owned(),
        code: late,
    };
    let history = service
        .get_history(Request::new(history))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(history.changes[0].version, editions[2].version());
}

#[tokio::test]
async fn imported_editions_answer_and_outlive_the_server() {
    let (store, service) = service().await;
    let checked = service
        .import(&caller(), files(DIGIT4), true, None)
        .await
        .unwrap();
    assert_eq!((checked.code_systems.len(), checked.findings.len()), (2, 0));
    let list = |service: Terminology| async move {
        let request = Request::new(pb::ListCodeSystemsRequest::default());
        service
            .list_code_systems(request)
            .await
            .unwrap()
            .into_inner()
            .code_systems
    };
    assert_eq!(list(service.clone()).await, [], "only checked");
    for _ in 0..2 {
        service
            .import(&caller(), files(DIGIT4), false, None)
            .await
            .unwrap();
    }
    let listed = list(service).await;
    let counts: Vec<_> = listed
        .iter()
        .map(|system| (system.url.as_str(), system.concepts))
        .collect();
    assert_eq!(counts, [(KMA, 4), (ICD_10_SE, 5)]);

    let authority = Authority::open(Arc::clone(&store), Arc::new(Editions))
        .await
        .unwrap();
    assert_eq!(
        authority.view().position(),
        2,
        "the same files again write nothing"
    );
    let service = Terminology::new(store, authority, None);
    assert_eq!(list(service.clone()).await, listed);

    let lookup = |system: &str, code: &str| {
        Request::new(pb::LookupRequest {
            system: system.to_owned(),
            code: code.to_owned(),
            ..Default::default()
        })
    };
    let answer = service
        .lookup(lookup(ICD_10_SE, "I50.9"))
        .await
        .unwrap()
        .into_inner();
    let concept = answer.concept.unwrap();
    assert_eq!(
        (concept.code.as_str(), concept.display.as_str()),
        ("I509", "Hjärtsvikt, ospecificerad")
    );
    assert_eq!(
        (concept.parents, answer.version.as_str()),
        (vec!["I50".to_owned()], "2021")
    );
    assert_eq!(
        service.lookup(lookup(ICD_10_SE, "I99")).await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(
        service
            .lookup(lookup("urn:nowhere", "I50"))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );

    let validate = pb::ValidateCodeRequest {
        system: ICD_10_SE.to_owned(),
        code: "I509".to_owned(),
        display: "något annat".to_owned(),
        ..Default::default()
    };
    let answer = service
        .validate_code(Request::new(validate))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (answer.valid, answer.findings[0].code.as_str()),
        (false, "VN-TERM-004")
    );

    let subsumes = pb::SubsumesRequest {
        system: ICD_10_SE.to_owned(),
        code_a: "09".to_owned(),
        code_b: "I501A".to_owned(),
        ..Default::default()
    };
    let answer = service
        .subsumes(Request::new(subsumes))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.outcome(), pb::Subsumption::Subsumes);
}

#[tokio::test]
async fn a_code_system_with_a_defect_is_left_out_and_the_others_are_loaded() {
    let (_, service) = service().await;
    let answer = service
        .import(&caller(), files("I509\t\ta\nI509\t\tb"), false, None)
        .await
        .unwrap();
    let urls: Vec<_> = answer
        .code_systems
        .iter()
        .map(|system| system.url.as_str())
        .collect();
    assert_eq!(urls, [KMA]);
    let finding = &answer.findings[0];
    assert_eq!(
        (finding.file.as_str(), finding.line),
        ("codes/icd-2021/digit4.txt", 2)
    );
    assert_eq!(finding.finding.as_ref().unwrap().code, "VN-IMP-005");
}

#[tokio::test]
async fn an_imported_version_is_never_given_other_content() {
    let (_, service) = service().await;
    service
        .import(&caller(), files(DIGIT4), false, None)
        .await
        .unwrap();
    service
        .import(&caller(), files(DIGIT4), false, None)
        .await
        .unwrap();
    let other = || files("\u{feff}I509\t\tEn annan text");
    for validate_only in [true, false] {
        let answer = service
            .import(&caller(), other(), validate_only, None)
            .await
            .unwrap();
        let codes: Vec<_> = answer
            .findings
            .iter()
            .map(|found| found.finding.as_ref().unwrap().code.as_str())
            .collect();
        assert_eq!(codes, ["VN-IMP-024"]);
        let kept: Vec<_> = answer
            .code_systems
            .iter()
            .map(|system| system.url.as_str())
            .collect();
        assert_eq!(kept, [KMA], "what is the same is no error");
    }
}

const LEAVING: &str = r#"{
  "resourceType": "ConceptMap", "url": "urn:leaving", "version": "1", "status": "draft",
  "group": [{
    "source": "urn:local", "target": "urn:place", "element": [],
    "unmapped": {"mode": "other-map", "otherMap": "urn:gone"}}]}"#;

#[tokio::test]
async fn a_translation_tells_conditions_products_and_what_is_missing() {
    let (_, service) = service().await;
    let mut spool = Spool::default();
    spool.push("map.json", MAP.as_bytes()).unwrap();
    spool.push("leaving.json", LEAVING.as_bytes()).unwrap();
    service
        .import(&caller(), spool.finish(), false, None)
        .await
        .unwrap();
    let property = |name: &str, value: &str| pb::Property {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let translate = |code: &str, known: Vec<pb::Property>| {
        let request = pb::TranslateRequest {
            system: "urn:local".to_owned(),
            code: code.to_owned(),
            known,
            ..Default::default()
        };
        let service = service.clone();
        async move { service.translate(Request::new(request)).await }
    };
    let answer = translate("HOME", vec![]).await.unwrap().into_inner();
    let [shelter, home] = answer.targets.as_slice() else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (shelter.code.as_str(), shelter.version.as_str()),
        ("shelter", "7")
    );
    assert_eq!(shelter.depends_on, [property("unit", "S")]);
    assert_eq!(shelter.products, [property("level", "2")]);
    assert!(!home.unmapped && home.depends_on.is_empty());
    let ward = translate("HOME", vec![property("unit", "W")])
        .await
        .unwrap()
        .into_inner();
    let codes: Vec<_> = ward.targets.iter().map(|target| target.code.as_str()).collect();
    assert_eq!(codes, ["home"]);

    let left = translate("NEW", vec![]).await.unwrap().into_inner();
    assert!(left.found && left.targets[0].unmapped);
    let codes: Vec<_> = left
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, ["VN-TERM-022"]);
    assert!(left.findings[0].message.contains("`urn:gone`"));

    let many = vec![property("unit", "S"); 101];
    assert_eq!(
        translate("HOME", many).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn versions_count_as_numbers_in_histories_and_past_ones_are_exported() {
    let (_, service) = service().await;
    for version in ["10", "9"] {
        let system = format!(
            r#"{{"resourceType": "CodeSystem", "url": "urn:own", "version": "{version}", "status": "active",
            "content": "complete", "concept": [{{"code": "A", "display": "text {version}"}}]}}"#
        );
        let mut spool = Spool::default();
        spool.push("own.json", system.as_bytes()).unwrap();
        service
            .import(&caller(), spool.finish(), false, None)
            .await
            .unwrap();
    }
    let lookup = pb::LookupRequest {
        system: "urn:own".to_owned(),
        code: "A".to_owned(),
        ..Default::default()
    };
    let answer = service.lookup(Request::new(lookup)).await.unwrap().into_inner();
    assert_eq!(answer.version, "10");
    let history = pb::GetHistoryRequest {
        system: "urn:own".to_owned(),
        code: "A".to_owned(),
    };
    let answer = service
        .get_history(Request::new(history))
        .await
        .unwrap()
        .into_inner();
    let mut versions: Vec<_> = answer
        .changes
        .iter()
        .map(|change| change.version.as_str())
        .collect();
    versions.dedup();
    assert_eq!(versions, ["9", "10"]);
    let export = pb::ExportContentRequest {
        url: "urn:own".to_owned(),
        version: "9".to_owned(),
        ..Default::default()
    };
    let (files, _) = exported(&service, export).await;
    let (path, text) = &files[0];
    assert_eq!((files.len(), path.as_str()), (1, "CodeSystem-own.json"));
    assert!(String::from_utf8_lossy(text).contains("text 9"));
}

/// The files of an export, and what is told of what they leave out.
async fn exported(
    service: &Terminology,
    request: pb::ExportContentRequest,
) -> (Vec<(String, Vec<u8>)>, Vec<Finding>) {
    let answer = service.export_content(Request::new(request)).await.unwrap();
    let (mut files, mut findings, mut pieces) =
        (Vec::<(String, Vec<u8>)>::new(), Vec::new(), answer.into_inner());
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        assert!(
            files.is_empty() || piece.findings.is_empty(),
            "told with the first piece"
        );
        findings.extend(piece.findings);
        let chunk = piece.chunk.unwrap();
        assert!(!chunk.data.is_empty() && chunk.data.len() <= 1 << 20);
        match files.last_mut() {
            Some((path, held)) if *path == chunk.path => held.extend_from_slice(&chunk.data),
            _ => files.push((chunk.path, chunk.data.to_vec())),
        }
    }
    (files, findings)
}

#[tokio::test]
async fn a_clinical_terminology_leaves_whole_or_with_word_of_what_is_left_out() {
    let (_, service) = service().await;
    let rf2 = synthetic_files(&SyntheticOptions::of_size(1_500));
    let mut spool = Spool::default();
    for path in rf2.paths() {
        let mut bytes = Vec::new();
        rf2.open(&path).unwrap().read_to_end(&mut bytes).unwrap();
        spool.push(&path, &bytes).unwrap();
    }
    service
        .import(&caller(), spool.finish(), false, None)
        .await
        .unwrap();
    let request = |format: pb::ExportFormat| pb::ExportContentRequest {
        url: "http://snomed.info/sct".to_owned(),
        format: format.into(),
        ..Default::default()
    };
    let mut read = Vec::new();
    for format in [
        pb::ExportFormat::FhirR5,
        pb::ExportFormat::FhirR4,
        pb::ExportFormat::Csv,
    ] {
        let (files, findings) = exported(&service, request(format)).await;
        assert_eq!(findings, [], "{format:?}");
        let mut contents = content::read(&MemoryFiles::new(files));
        assert_eq!(contents.findings, [], "{format:?}");
        read.push(contents.code_systems.remove(0).content);
    }
    let components = read[0].components.as_ref().unwrap();
    assert!(!components.attributes.is_empty() && !components.reference_sets.is_empty());
    assert!(
        read[1..].iter().all(|other| *other == read[0]),
        "all formats say the same"
    );
    for (format, ending) in [(pb::ExportFormat::Skos, "ttl"), (pb::ExportFormat::Tbx, "tbx")] {
        let (files, findings) = exported(&service, request(format)).await;
        assert_eq!(files[0].0, format!("sct.{ending}"));
        let attributes = findings
            .iter()
            .find(|finding| finding.path == "component.attribute")
            .unwrap();
        let count = components.attributes.len();
        assert_eq!(attributes.code, "VN-EXP-001");
        assert!(
            attributes.message.contains(&format!("({count})")),
            "{}",
            attributes.message
        );
    }
    let unknown = pb::ExportContentRequest::default();
    let refused = service.export_content(Request::new(unknown)).await;
    assert_eq!(refused.err().unwrap().code(), Code::NotFound);
}
