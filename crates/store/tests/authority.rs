//! The authority follows its stream: several servers over one store come to the same view.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::sync::Arc;

use jiff::civil::date;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::{DescriptionSource, Label};
use vardnav_indicators::definition::IndicatorDefinitions;
use vardnav_register::definition::RegisterDefinition;
use vardnav_register::record::Principals;
use vardnav_register::unit::{About, UnitVersion};
use vardnav_register::validate::CheckSet;
use vardnav_release::entry::{AuthorityEntry, Change, EditionRecord, Proposal, Reporter};
use vardnav_release::lifecycle::{self, Refusal};
use vardnav_release::package::Package;
use vardnav_release::source::EditionBinding;
use vardnav_release::{AuthorityState, Snapshot};
use vardnav_store::{
    Authority, AuthorityError, Blobs, DecideError, Digest, Loader, Memory, Row, Store, StreamId, custody,
};
use vardnav_terminology::model::{CodeSystem, Concept};
use vardnav_terminology::{Catalog, Edition};

/// Packages with a file `release` that names the release compile; all others do not.
struct Names;

impl Loader for Names {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        let name = package
            .files()
            .find(|(path, _)| *path == "release")
            .ok_or("no file `release`")?
            .1;
        let binding = EditionBinding {
            system: "urn:codes".into(),
            version: "1".into(),
            from: None,
            until: None,
            most_detailed: false,
            refused_endings: Vec::new(),
        };
        let description = DescriptionSystem::compile(DescriptionSource::default()).map_err(|_| "tables")?;
        let snapshot = Snapshot {
            id: String::from_utf8_lossy(name).into_owned(),
            digest: package.digest(),
            from: date(2026, 1, 1),
            title: Label::default(),
            summary: Label::default(),
            register: RegisterDefinition::default(),
            indicators: IndicatorDefinitions::default(),
            catalog: Catalog::new(),
            checks: Arc::new(CheckSet::compile(&RegisterDefinition::default(), &description)),
            bindings: vec![binding],
            warnings: Vec::new(),
            maps: Vec::new(),
            description: Arc::new(description),
        };
        Ok(snapshot.with_editions(editions))
    }

    fn load_edition(&self, record: &EditionRecord, blobs: &Blobs) -> Result<Edition, String> {
        let bytes = blobs
            .get(&Digest(record.blob))
            .map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or("its blob is missing")?;
        let codes = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
        let concept = |code: &str| Concept {
            code: code.into(),
            ..Concept::default()
        };
        let system = CodeSystem {
            url: record.system.clone(),
            version: record.version.clone(),
            concepts: codes.split(' ').map(concept).collect(),
            ..CodeSystem::default()
        };
        Edition::compile(system).map_err(|_| "codes".to_owned())
    }
}

fn entry(caller: &str, change: Change) -> AuthorityEntry {
    AuthorityEntry {
        caller: caller.into(),
        at: 1,
        change,
    }
}

fn reporter(id: &str) -> AuthorityEntry {
    entry(
        "admin",
        Change::ReporterPut(Reporter {
            id: id.into(),
            ..Reporter::default()
        }),
    )
}

async fn publish(authority: &Authority, release: &str, file: &str) {
    let package = Package::new([(file.to_owned(), release.as_bytes().to_vec())]).unwrap();
    let digest = authority.keep_package(&package).await.unwrap();
    assert_eq!(digest, package.digest());
    assert_eq!(authority.package(&digest).await.unwrap(), package);
    let proposal = Proposal {
        release: release.into(),
        from: date(2026, 1, 1),
        digest,
        ..Proposal::default()
    };
    type Step<'a> = Box<dyn Fn(&AuthorityState) -> Result<AuthorityEntry, Refusal> + 'a>;
    let steps: [Step<'_>; 4] = [
        Box::new(|state| lifecycle::put(state, "author", 1, release, proposal.clone())),
        Box::new(|state| lifecycle::checked(state, "author", 2, release, digest, 0, 0)),
        Box::new(|state| lifecycle::approve(state, "approver", 3, release, digest)),
        Box::new(|_| {
            let change = Change::ReleasePublished {
                draft: release.into(),
                digest,
                from: date(2026, 3, 1),
                editions: Vec::new(),
            };
            Ok(entry("approver", change))
        }),
    ];
    for step in steps {
        authority.decide(step).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_come_to_the_same_view() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let one = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    let other = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    publish(&one, "2026.1", "release").await;
    assert!(
        one.view().release_on(date(2026, 2, 28)).is_none(),
        "not before the date it was published from"
    );
    assert_eq!(
        one.view().release_on(date(2026, 3, 1)).unwrap().from,
        date(2026, 3, 1)
    );

    let blob = store.put_blob(b"A B".to_vec()).await.unwrap();
    let record = EditionRecord {
        system: "urn:codes".into(),
        version: "1".into(),
        concepts: 2,
        blob: blob.0,
        ..EditionRecord::default()
    };
    let old = one.view();
    one.append(&entry("admin", Change::EditionImported(record)))
        .await
        .unwrap();
    assert_eq!(old.editions().count(), 0, "a view never changes");
    assert!(
        old.release("2026.1")
            .unwrap()
            .catalog
            .edition("urn:codes", "1")
            .is_none()
    );
    assert!(
        one.view()
            .release("2026.1")
            .unwrap()
            .catalog
            .edition("urn:codes", "1")
            .is_some()
    );
    assert!(one.view().catalog().edition("urn:codes", "1").is_some());

    // The other server appends without having looked; both writers' entries are there.
    let before = one.view().position();
    let (first, second) = (reporter("one"), reporter("two"));
    let (first, second) = tokio::join!(one.append(&first), other.append(&second));
    first.unwrap();
    second.unwrap();
    let view = one.refresh().await.unwrap();
    assert_eq!(view.position(), before + 2);
    assert!(view.reporter("one").is_some() && view.reporter("two").is_some());
    let mut watch = other.watch();
    watch.wait_for(|position| *position == before + 2).await.unwrap();
    assert_eq!(other.view().state(), view.state());
    assert!(other.view().release("2026.1").is_some());
}

#[tokio::test]
async fn what_cannot_be_loaded_is_named_and_nothing_stands_in_for_it() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    publish(&authority, "2026.1", "release").await;
    publish(&authority, "2026.2", "no-release").await;
    let view = authority.view();
    assert!(view.release("2026.1").is_some());
    assert!(
        view.release_on(date(2026, 5, 1)).is_none(),
        "2026.2 is in force and cannot be loaded"
    );
    let unloaded: Vec<_> = view.unloaded().collect();
    assert_eq!(unloaded.len(), 1);
    assert!(
        unloaded[0].0.contains("2026.2") && unloaded[0].1.contains("no file"),
        "{unloaded:?}"
    );
    assert!(authority.package(&Digest::of(b"nothing").0).await.is_err());
}

#[tokio::test]
async fn a_refusal_writes_nothing() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    let refused = authority
        .decide(|state| lifecycle::approve(state, "anyone", 1, "none", [0; 32]))
        .await;
    assert!(matches!(
        refused,
        Err(DecideError::Refused(Refusal::UnknownDraft))
    ));
    assert_eq!(store.head(&StreamId::authority()).await.unwrap().size, 0);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_void_and_named_and_the_rest_stands() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    authority.append(&reporter("one")).await.unwrap();
    drop(authority);
    let row = Row {
        key: [0; 16],
        leaf: [0; 32],
        bytes: vec![2, 1, 0xff, 0xff],
    };
    store.append(&StreamId::authority(), 1, vec![row]).await.unwrap();
    let authority = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    let view = authority.append(&reporter("two")).await.unwrap();
    assert!(view.reporter("one").is_some() && view.reporter("two").is_some());
    let unloaded: Vec<_> = view.unloaded().map(|(name, _)| name).collect();
    assert_eq!(unloaded, ["authority entry 1"]);
}

#[tokio::test]
async fn what_would_not_be_read_again_is_never_written() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    let version = UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: "unit".into(),
        kind: "mobile-team".into(),
        provider: "2321000016".into(),
        reporters: (0..4097).map(|number| format!("r{number}")).collect(),
        principals: Principals::default(),
        kommun: None,
        facts: Vec::new(),
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    };
    let change = Change::UnitPut {
        hsa_id: "SE2321000016-A".into(),
        version: Box::new(version),
    };
    let refused = authority
        .append_all(vec![reporter("one"), entry("admin", change)])
        .await;
    assert!(matches!(refused, Err(AuthorityError::Entry(_))));
    let named = authority.append(&reporter("701063-2391")).await;
    assert!(matches!(named, Err(AuthorityError::Entry(_))));
    assert_eq!(store.head(&StreamId::authority()).await.unwrap().size, 0);
    let view = authority
        .append_all(vec![reporter("one"), reporter("two")])
        .await
        .unwrap();
    assert_eq!((view.position(), view.reporters().count()), (2, 2));
}

#[tokio::test]
async fn a_lost_or_other_vault_or_key_is_refused_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Names))
        .await
        .unwrap();
    let open = || custody::open(&authority, folder.path(), "node", 1);
    drop(open().await.unwrap());
    drop(open().await.unwrap());
    assert_eq!(authority.view().position(), 2, "each key is introduced once");
    for name in [custody::VAULT_FOLDER, custody::KEYS_FOLDER] {
        std::fs::rename(at(name), at("aside")).unwrap();
        let refused = open().await.err().unwrap();
        assert!(matches!(refused, custody::CustodyError::Lost { .. }), "{refused}");
        let message = refused.to_string();
        assert!(message.contains("restore") && message.contains(name), "{message}");
        assert!(!at(name).exists(), "nothing is made in its place");

        // One of another node does not take its place either.
        let other = Authority::open(Arc::new(Memory::new()), Arc::new(Names))
            .await
            .unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        drop(custody::open(&other, elsewhere.path(), "node", 1).await.unwrap());
        std::fs::rename(elsewhere.path().join(name), at(name)).unwrap();
        let refused = open().await.err().unwrap();
        assert!(
            matches!(refused, custody::CustodyError::Other { .. }),
            "{refused}"
        );
        std::fs::remove_dir_all(at(name)).unwrap();
        std::fs::rename(at("aside"), at(name)).unwrap();
        drop(open().await.unwrap());
    }
}
