//! A store in memory under the starter release, with entries made as the register makes them.

#![expect(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_interchange::release::{self as files, starter};
use vardnav_register::derive::{Attributes, derive};
use vardnav_register::entry::{Act, Entry, Header, Nonces, VERSION};
use vardnav_register::identity::{PersonKey, identify};
use vardnav_register::record::{Body, Contact, Fact, IdentityType, Person, Principals, Record, RecordKind};
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::CareUnit;
use vardnav_release::Snapshot;
use vardnav_release::entry::{AuthorityEntry, Change, Proposal};
use vardnav_release::package::Package;
use vardnav_runtime::caller::{Caller, Callers};
use vardnav_service_indicators::Indicators;
use vardnav_store::{Authority, Head, Loader, Memory, Row as StoreRow, Store, StreamId};
use vardnav_terminology::Edition;

/// Compiles the files of a release.
pub(crate) struct Files;

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        files::compile(package, editions).map_err(|findings| findings.len().to_string())
    }
}

/// A store with the starter release in force.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    /// The same, as another server has it that does no background work.
    pub(crate) beside: Arc<dyn Store>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) release: Arc<Snapshot>,
}

impl Surroundings for Bench {
    fn release_on(&self, _: Date) -> Option<ReleaseView<'_>> {
        Some(self.release.view())
    }

    fn unit(&self, _: &str) -> Option<&CareUnit> {
        None
    }

    fn reporter_known(&self, _: &str) -> bool {
        true
    }

    fn episode(&self, _: &str, _: &str) -> Option<&EpisodeView> {
        None
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let memory = Memory::new();
        let beside: Arc<dyn Store> = Arc::new(memory.beside());
        let store: Arc<dyn Store> = Arc::new(memory);
        let authority = Authority::open(Arc::clone(&store), Arc::new(Files))
            .await
            .unwrap();
        let package = starter::package().unwrap();
        let digest = authority.keep_package(&package).await.unwrap();
        let (draft, from) = ("2026.1".to_owned(), date(2026, 1, 1));
        let proposal = Proposal {
            release: draft.clone(),
            from,
            digest,
            ..Proposal::default()
        };
        for (caller, change) in [
            (
                "anna",
                Change::DraftPut {
                    draft: draft.clone(),
                    proposal,
                },
            ),
            (
                "anna",
                Change::DraftChecked {
                    draft: draft.clone(),
                    digest,
                    errors: 0,
                    warnings: 0,
                },
            ),
            (
                "bo",
                Change::DraftApproved {
                    draft: draft.clone(),
                    digest,
                },
            ),
            (
                "bo",
                Change::ReleasePublished {
                    draft,
                    digest,
                    from,
                    editions: Vec::new(),
                },
            ),
        ] {
            let entry = AuthorityEntry {
                caller: caller.into(),
                at: 1,
                change,
            };
            authority.append(&entry).await.unwrap();
        }
        let release = authority.view().release("2026.1").unwrap();
        Self {
            store,
            beside,
            authority,
            release,
        }
    }

    /// Appends a visit of a mobile unit as the reporter's stream holds it.
    pub(crate) async fn visit(
        &self,
        reporter: &str,
        id: u32,
        revision: u32,
        kommun: Option<&str>,
        month: i8,
    ) -> Head {
        let fact = |axis: &str, value: &str| Fact {
            axis: axis.into(),
            values: vec![value.into()],
        };
        let record = Record {
            id: format!("v-{id}"),
            revision,
            person: Person {
                identity_type: IdentityType::Personnummer,
                identity: "189001019802".into(),
                sex: None,
                birth_date: None,
                protected: false,
            },
            residence: kommun.map(str::to_owned),
            principals: Principals::default(),
            provider: None,
            unit: None,
            facts: vec![
                fact("contact-mode", "in-person"),
                fact("origin", "regional-primary-care"),
                fact("place", "mobile-unit"),
            ],
            codes: Vec::new(),
            body: Body::Contact(Contact {
                date: date(2026, month, 10),
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
        };
        self.put(reporter, &record, PersonKey([7; 16])).await
    }

    /// Appends a record of a person as the reporter's stream holds it.
    pub(crate) async fn put(&self, reporter: &str, record: &Record, person: PersonKey) -> Head {
        let identity = identify(&record.person, date(2026, 12, 31), &[]).unwrap();
        let attributes = Attributes::of(&record.person, &identity);
        let derived = derive(record, reporter, &attributes, self);
        let nonces = Nonces {
            content: [1; 32],
            identity: [2; 32],
            derived: [3; 32],
        };
        let header = header(reporter, record.kind(), &record.id, record.revision);
        let entry = Entry::new(header, record, b"", (person, &derived), &nonces, Vec::new()).unwrap();
        self.append(reporter, &entry).await
    }

    /// Appends an entry that withdraws a record.
    pub(crate) async fn withdraw(&self, reporter: &str, kind: RecordKind, id: &str, revision: u32) -> Head {
        let entry = Entry::withdrawal(header(reporter, kind, id, revision), "error".to_owned());
        self.append(reporter, &entry).await
    }

    async fn append(&self, reporter: &str, entry: &Entry) -> Head {
        let stream = StreamId::reporter(reporter).unwrap();
        let size = self.store.head(&stream).await.unwrap().size;
        let row = StoreRow {
            key: entry.key(),
            leaf: entry.leaf(),
            bytes: entry.encode(),
        };
        self.store.append(&stream, size, vec![row]).await.unwrap()
    }

    pub(crate) fn indicators(&self) -> Indicators {
        Indicators::new(Arc::clone(&self.store), Arc::clone(&self.authority))
    }
}

fn header(reporter: &str, kind: RecordKind, id: &str, revision: u32) -> Header {
    Header {
        version: VERSION,
        act: Act::Report,
        reporter: reporter.into(),
        kind,
        id: id.to_owned(),
        revision,
        replaces: revision - 1,
        delivery: None,
        received: 1,
        release: "2026.1".into(),
    }
}

/// A caller with these permissions.
pub(crate) fn with(permissions: &str) -> Caller {
    // SHA-256 of "open-sesame".
    let file = format!(
        r#"
        [[caller]]
        name = "reader"
        token_sha256 = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7"
        permissions = [{permissions}]
    "#
    );
    let callers = Callers::parse(&file).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", "Bearer open-sesame".parse().unwrap());
    Caller::clone(&callers.identify(&headers).unwrap())
}
