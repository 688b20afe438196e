//! What answers outside any release: which edition on which date, and whose maps.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::{Date, date};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::{DescriptionSource, Label};
use vardnav_indicators::definition::IndicatorDefinitions;
use vardnav_register::definition::RegisterDefinition;
use vardnav_register::mapping::{MapRow, MapSource};
use vardnav_register::validate::CheckSet;
use vardnav_release::entry::{
    AuthorityEntry, Change, ContentKind, ContentRecord, EditionRecord, Proposal, Reporter,
};
use vardnav_release::lifecycle::{self, Refusal};
use vardnav_release::package::Package;
use vardnav_release::source::EditionBinding;
use vardnav_release::{AuthorityState, Snapshot};
use vardnav_store::{Authority, Blobs, Contents, Digest, Loader, Memory, Store};
use vardnav_terminology::model::{CodeSystem, Concept, MapRelationship, ValueSet};
use vardnav_terminology::translate::{ConceptMapIndex, TranslateRequest};
use vardnav_terminology::value_set::Coding;
use vardnav_terminology::{Catalog, CodeStatus, Edition};

const OWN: &str = "urn:own";
const CODES: &str = "urn:codes";
const SET: &str = "urn:set";

/// A package's file `release` states the release's id, then a binding a line: version, first date, date after the last.
/// Every release carries a code system and a map. Content is read from the second time on.
#[derive(Default)]
struct Lines {
    was_asked: AtomicBool,
}

impl Loader for Lines {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        let (_, bytes) = package.files().next().ok_or("no file")?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut lines = text.lines();
        let id = lines.next().ok_or("no id")?;
        let bindings = lines.map(|line| {
            let mut words = line.split(' ');
            EditionBinding {
                system: CODES.into(),
                version: words.next().unwrap_or_default().into(),
                from: words.next().and_then(|word| word.parse().ok()),
                until: words.next().and_then(|word| word.parse().ok()),
                most_detailed: false,
                refused_endings: Vec::new(),
            }
        });
        let description = DescriptionSystem::compile(DescriptionSource::default()).map_err(|_| "tables")?;
        let mut catalog = Catalog::new();
        catalog
            .insert(Arc::new(edition(OWN, id)?))
            .map_err(|error| error.to_string())?;
        let map = MapSource {
            url: "urn:map".into(),
            version: id.into(),
            rows: vec![MapRow {
                system: CODES.into(),
                code: "A".into(),
                axis: "place".into(),
                value: format!("home-{id}"),
                relationship: MapRelationship::Equivalent,
                ..MapRow::default()
            }],
            ..MapSource::default()
        };
        catalog
            .insert_concept_map(Arc::new(ConceptMapIndex::compile(map.to_concept_map())))
            .map_err(|error| error.to_string())?;
        let snapshot = Snapshot {
            id: id.into(),
            digest: package.digest(),
            from: date(2026, 1, 1),
            title: Label::default(),
            summary: Label::default(),
            register: RegisterDefinition::default(),
            indicators: IndicatorDefinitions::default(),
            catalog,
            checks: Arc::new(CheckSet::compile(&RegisterDefinition::default(), &description)),
            bindings: bindings.collect(),
            warnings: Vec::new(),
            maps: Vec::new(),
            description: Arc::new(description),
        };
        Ok(snapshot.with_editions(editions))
    }

    fn load_edition(&self, record: &EditionRecord, _: &Blobs) -> Result<Edition, String> {
        edition(&record.system, &record.version)
    }

    fn load_contents(&self, _: &Digest, _: &Blobs) -> Result<Contents, String> {
        if !self.was_asked.swap(true, Ordering::Relaxed) {
            return Err("not yet".into());
        }
        let set = |version: &str| ValueSet {
            url: SET.into(),
            version: version.into(),
            ..ValueSet::default()
        };
        Ok(Contents {
            value_sets: vec![set("1"), set("2")],
            ..Contents::default()
        })
    }
}

fn edition(url: &str, version: &str) -> Result<Edition, String> {
    let system = CodeSystem {
        url: url.into(),
        version: version.into(),
        concepts: vec![Concept {
            code: "A".into(),
            ..Concept::default()
        }],
        ..CodeSystem::default()
    };
    Edition::compile(system).map_err(|_| "codes".to_owned())
}

fn entry(change: Change) -> AuthorityEntry {
    AuthorityEntry {
        caller: "approver".into(),
        at: 1,
        change,
    }
}

async fn open() -> (Arc<dyn Store>, Arc<Authority>) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Lines::default())).await;
    (store, authority.unwrap())
}

/// Publishes a release of the id, then bindings, that `text` states.
async fn publish(authority: &Authority, text: &str, from: Date) {
    let package = Package::new([("release".to_owned(), text.as_bytes().to_vec())]).unwrap();
    let digest = authority.keep_package(&package).await.unwrap();
    let id = text.lines().next().unwrap();
    let proposal = Proposal {
        release: id.into(),
        from,
        digest,
        ..Proposal::default()
    };
    type Step<'a> = Box<dyn Fn(&AuthorityState) -> Result<AuthorityEntry, Refusal> + 'a>;
    let steps: [Step<'_>; 4] = [
        Box::new(|state| lifecycle::put(state, "author", 1, id, proposal.clone())),
        Box::new(|state| lifecycle::checked(state, "author", 2, id, digest, 0, 0)),
        Box::new(|state| lifecycle::approve(state, "approver", 3, id, digest)),
        Box::new(|_| {
            Ok(entry(Change::ReleasePublished {
                draft: id.into(),
                digest,
                from,
                editions: Vec::new(),
            }))
        }),
    ];
    for step in steps {
        authority.decide(step).await.unwrap();
    }
}

async fn import(store: &Arc<dyn Store>, authority: &Authority, version: &str) {
    let blob = store.put_blob(version.as_bytes().to_vec()).await.unwrap();
    let record = EditionRecord {
        system: CODES.into(),
        version: version.into(),
        concepts: 1,
        blob: blob.0,
        ..EditionRecord::default()
    };
    authority
        .append(&entry(Change::EditionImported(record)))
        .await
        .unwrap();
}

fn on(catalog: &Catalog, system: &str, day: Date) -> Result<String, CodeStatus> {
    let edition = catalog.resolve(system, None, day);
    edition.map(|edition| edition.version().to_owned())
}

#[tokio::test]
async fn the_code_systems_of_a_release_hold_while_it_is_in_force() {
    let (_, authority) = open().await;
    publish(&authority, "9", date(2026, 1, 1)).await;
    publish(&authority, "11", date(2027, 1, 1)).await;
    // Published last and in force before: the order of publication decides nothing.
    publish(&authority, "10", date(2026, 7, 1)).await;
    let view = authority.view();
    for (day, version) in [
        (date(2020, 1, 1), "9"),
        (date(2026, 6, 30), "9"),
        (date(2026, 7, 1), "10"),
        (date(2026, 12, 31), "10"),
        (date(2027, 1, 1), "11"),
        (date(2040, 1, 1), "11"),
    ] {
        assert_eq!(on(view.catalog(), OWN, day), Ok(version.to_owned()), "{day}");
    }
    let past = view.catalog().resolve(OWN, Some("9"), date(2027, 1, 1));
    assert_eq!(past.unwrap().version(), "9");
}

#[tokio::test]
async fn the_bindings_of_a_release_hold_while_it_is_in_force() {
    let (store, authority) = open().await;
    for version in ["2024", "2025", "2026", "2027"] {
        import(&store, &authority, version).await;
    }
    let first = "1\n2024 - 2025-01-01\n2025 2025-01-01 2026-07-01\n2026 2026-07-01";
    publish(&authority, first, date(2026, 1, 1)).await;
    publish(&authority, "2\n2027", date(2027, 1, 1)).await;
    // It reaches over the dates of both others, and is published last.
    publish(&authority, "3\n2025", date(2026, 10, 1)).await;
    let view = authority.view();
    for (day, version) in [
        (date(2020, 1, 1), "2024"),
        (date(2025, 6, 1), "2025"),
        (date(2026, 9, 30), "2026"),
        (date(2026, 10, 1), "2025"),
        (date(2026, 12, 31), "2025"),
        (date(2027, 1, 1), "2027"),
    ] {
        assert_eq!(on(view.catalog(), CODES, day), Ok(version.to_owned()), "{day}");
    }
}

#[tokio::test]
async fn the_map_of_the_newest_release_leads_from_a_code() {
    let (_, authority) = open().await;
    publish(&authority, "9", date(2026, 1, 1)).await;
    publish(&authority, "10", date(2026, 7, 1)).await;
    let view = authority.view();
    let request = TranslateRequest {
        coding: Coding {
            system: CODES,
            code: "A",
            ..Coding::default()
        },
        ..TranslateRequest::default()
    };
    let lead = |request: &TranslateRequest<'_>| {
        let translated = view.catalog().translate(request).unwrap();
        let matches = translated.matches.iter();
        matches
            .map(|found| format!("{} {}", found.system, found.code))
            .collect::<Vec<_>>()
    };
    assert_eq!(lead(&request), ["https://vardnav.se/axis/place home-10"]);
    let past = TranslateRequest {
        map: "urn:map|9",
        ..request
    };
    assert_eq!(lead(&past), ["https://vardnav.se/axis/place home-9"]);
}

#[tokio::test]
async fn content_that_is_read_at_last_is_in_the_catalog() {
    let (store, authority) = open().await;
    let blob = store.put_blob(b"sets".to_vec()).await.unwrap();
    for version in ["1", "2"] {
        let record = ContentRecord {
            kind: ContentKind::ValueSet,
            url: SET.into(),
            version: version.into(),
            title: String::new(),
            blob: blob.0,
        };
        authority
            .append(&entry(Change::ContentImported(record)))
            .await
            .unwrap();
        // The first reading fails; the next entry brings another.
        assert_eq!(
            authority.view().catalog().value_set(SET, "1").is_some(),
            version == "2"
        );
    }
    let again = Authority::open(Arc::clone(&store), Arc::new(Lines::default()))
        .await
        .unwrap();
    assert!(again.view().catalog().value_set(SET, "").is_none());
    let reporter = Reporter {
        id: "one".into(),
        ..Reporter::default()
    };
    let view = again.append(&entry(Change::ReporterPut(reporter))).await.unwrap();
    assert_eq!(view.value_sets().count(), 2);
    assert!(
        view.catalog().value_set(SET, "2").is_some(),
        "no record was added"
    );
}
