//! A register over a store in memory, under the starter release, with two reporters and entries made as the register
//! makes them.

mod ahead;

use std::sync::Arc;

pub(crate) use ahead::Ahead;
use jiff::civil::{Date, date};
use tonic::{Request, Status};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::register_service_client::RegisterServiceClient;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterServiceServer;
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistService as _;
use vardnav_api::vardnav::r#type::v1::Fact as FactMessage;
use vardnav_interchange::release::{self as files, starter};
use vardnav_register::entry::{Act, Entry, Header, Nonces, VERSION, identity_bytes};
use vardnav_register::outcome::assess;
use vardnav_register::record::*;
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::CareUnit;
use vardnav_release::Snapshot;
use vardnav_release::entry::{AuthorityEntry, Change, Proposal, Reporter};
use vardnav_release::package::Package;
use vardnav_runtime::caller::{Caller, Callers};
use vardnav_service_register::{Register, Service, WORKLIST};
use vardnav_store::{
    Authority, FileVault, HeadKey, IdentityBytes, Loader, Memory, ProjectionRow, Row, Store, StreamId, Vault,
    View,
};
use vardnav_terminology::Edition;

/// 2026-11-22T00:00:00Z.
pub(crate) const RECEIVED: i64 = 1_795_305_600_000_000;
pub(crate) const NORTH: &str = "region-01";
pub(crate) const SOUTH: &str = "region-12";

struct Files;

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        files::compile(package, editions).map_err(|findings| findings.len().to_string())
    }
}

struct World(Arc<View>);

impl Surroundings for World {
    fn release_on(&self, on: Date) -> Option<ReleaseView<'_>> {
        self.0.snapshot_on(on).map(|release| release.view())
    }

    fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.0.state().unit(hsa_id)
    }

    fn reporter_known(&self, reporter: &str) -> bool {
        self.0.state().reporter(reporter).is_some()
    }

    fn episode(&self, _: &str, _: &str) -> Option<&EpisodeView> {
        None
    }
}

pub(crate) struct Bench {
    pub(crate) files: Arc<FileVault>,
    pub(crate) store: Arc<dyn Store>,
    /// The same, as another server has it that does no background work.
    pub(crate) beside: Arc<dyn Store>,
    pub(crate) register: Arc<Register>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) service: Service,
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::under(starter::package().unwrap()).await
    }

    /// As [`Bench::new`], under another release.
    pub(crate) async fn under(package: Package) -> Self {
        let memory = Memory::new();
        let beside: Arc<dyn Store> = Arc::new(memory.beside());
        let store: Arc<dyn Store> = Arc::new(memory);
        let authority = Authority::open(Arc::clone(&store), Arc::new(Files))
            .await
            .unwrap();
        let digest = authority.keep_package(&package).await.unwrap();
        let proposal = Proposal {
            release: "2026.1".to_owned(),
            from: date(2026, 1, 1),
            digest,
            ..Proposal::default()
        };
        let draft = || "2026.1".to_owned();
        let published = [
            Change::DraftPut {
                draft: draft(),
                proposal,
            },
            Change::DraftChecked {
                draft: draft(),
                digest,
                errors: 0,
                warnings: 0,
            },
            Change::DraftApproved {
                draft: draft(),
                digest,
            },
            Change::ReleasePublished {
                draft: draft(),
                digest,
                from: date(2026, 1, 1),
                editions: Vec::new(),
            },
        ];
        let mut entries: Vec<AuthorityEntry> = ["anna", "anna", "bo", "bo"]
            .into_iter()
            .zip(published)
            .map(|(caller, change)| AuthorityEntry {
                caller: caller.to_owned(),
                at: 1,
                change,
            })
            .collect();
        for id in [NORTH, SOUTH] {
            entries.push(AuthorityEntry {
                caller: "anna".to_owned(),
                at: 5,
                change: Change::ReporterPut(Reporter {
                    id: id.to_owned(),
                    name: "Region".to_owned(),
                    provider: "2321000016".to_owned(),
                }),
            });
        }
        authority.append_all(entries).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = Arc::new(FileVault::open(folder.path()).unwrap());
        let vault: Arc<dyn Vault> = Arc::<FileVault>::clone(&files);
        let key = HeadKey::open(folder.path()).unwrap();
        let register = Register::new(
            Arc::clone(&store),
            Arc::clone(&vault),
            Arc::clone(&authority),
            key,
            2,
        );
        Self {
            files,
            store,
            authority,
            vault,
            service: Service::new(Arc::clone(&register)),
            register,
            beside,
            folder,
        }
    }

    /// Another server over the same store, which does none of the background work.
    pub(crate) fn another(&self) -> Service {
        let (vault, authority) = (Arc::clone(&self.vault), Arc::clone(&self.authority));
        let key = HeadKey::open(self.folder.path()).unwrap();
        Service::new(Register::new(Arc::clone(&self.beside), vault, authority, key, 2))
    }

    /// The authority as another server has it.
    pub(crate) async fn another_authority(&self) -> Arc<Authority> {
        let store = Arc::clone(&self.store);
        Authority::open(store, Arc::new(Files)).await.unwrap()
    }

    /// The same register over a store in which another server is faster.
    pub(crate) fn behind(self) -> (Self, Arc<Ahead>) {
        let ahead = Arc::new(Ahead::over(Arc::clone(&self.store)));
        let (vault, authority) = (Arc::clone(&self.vault), Arc::clone(&self.authority));
        let key = HeadKey::open(self.folder.path()).unwrap();
        let store: Arc<dyn Store> = Arc::<Ahead>::clone(&ahead);
        let register = Register::new(store, vault, authority, key, 2);
        let service = Service::new(Arc::clone(&register));
        let bench = Self {
            register,
            service,
            ..self
        };
        (bench, ahead)
    }

    /// Reports batches over the wire as a caller, on one stream; gives the answers.
    pub(crate) async fn report(
        &self,
        batches: Vec<pb::ReportRequest>,
        caller: Caller,
    ) -> Vec<pb::ReportResponse> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let caller = Arc::new(caller);
        let with_caller = move |mut request: Request<()>| {
            request.extensions_mut().insert(Arc::clone(&caller));
            Ok(request)
        };
        let service = RegisterServiceServer::with_interceptor(self.service.clone(), with_caller);
        let server = tonic::transport::Server::builder().add_service(service);
        let serving = tokio::spawn(server.serve_with_incoming(incoming));
        let mut client = RegisterServiceClient::connect(address).await.unwrap();
        let answers = client.report(tokio_stream::iter(batches)).await.unwrap();
        let answers: Vec<_> = tokio_stream::StreamExt::collect(answers.into_inner()).await;
        serving.abort();
        answers.into_iter().map(Result::unwrap).collect()
    }

    /// Appends a revision as the register holds it; gives the entry.
    pub(crate) async fn append(&self, reporter: &str, record: &Record, received: i64, erased: bool) -> Entry {
        let world = World(self.authority.view());
        let assessment = assess(record, reporter, RECEIVED, &world);
        let (identity, derived) = assessment.accepted.unwrap();
        let known = IdentityBytes::of(identity.identity_type, &identity.number);
        let person = *self.vault.resolve(vec![known]).await.unwrap().first().unwrap();
        let header = Header {
            version: VERSION,
            act: Act::Report,
            reporter: reporter.into(),
            kind: record.kind(),
            id: record.id.clone(),
            revision: record.revision,
            replaces: record.revision - 1,
            delivery: None,
            received,
            release: "2026.1".into(),
        };
        let nonces = Nonces {
            content: [1; 32],
            identity: [2; 32],
            derived: [3; 32],
        };
        let sealed = self.vault.seal_nonce(&nonces.identity, &header.bytes()).unwrap();
        let bytes = identity_bytes(&record.person, received, VERSION).unwrap();
        let entry = Entry::new(header, record, &bytes, (person, &derived), &nonces, sealed).unwrap();
        let entry = if erased { entry.erased() } else { entry };
        let stream = StreamId::reporter(reporter).unwrap();
        let size = self.store.head(&stream).await.unwrap().size;
        let row = Row {
            key: entry.key(),
            leaf: entry.leaf(),
            bytes: entry.encode(),
        };
        self.store.append(&stream, size, vec![row]).await.unwrap();
        entry
    }

    pub(crate) async fn list(
        &self,
        request: pb::ListHeldRequest,
        caller: Caller,
    ) -> Result<pb::ListHeldResponse, Status> {
        let answer = self.service.list_held(asked(request, caller)).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn held(&self, reporter: &str) -> pb::ListHeldResponse {
        let request = pb::ListHeldRequest {
            reporter: reporter.into(),
            ..Default::default()
        };
        self.list(request, trusted()).await.unwrap()
    }

    pub(crate) async fn supply(&self, request: pb::SupplyFactRequest) -> pb::SupplyFactResponse {
        let answer = self.service.supply_fact(asked(request, trusted())).await;
        answer.unwrap().into_inner()
    }

    pub(crate) async fn rows(&self) -> Vec<ProjectionRow> {
        self.store.scan(WORKLIST, &[], 1_000).await.unwrap()
    }
}

pub(crate) fn asked<T>(message: T, caller: Caller) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Arc::new(caller));
    request
}

pub(crate) fn trusted() -> Caller {
    Caller::trusted("test")
}

/// A caller of the north with these permissions.
pub(crate) fn of_the_north(permissions: &str) -> Caller {
    // SHA-256 of "open-sesame".
    let file = format!(
        r#"
        [[caller]]
        name = "north"
        token_sha256 = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7"
        permissions = [{permissions}]
        reporters = ["{NORTH}"]
    "#
    );
    let callers = Callers::parse(&file).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", "Bearer open-sesame".parse().unwrap());
    Caller::clone(&callers.identify(&headers).unwrap())
}

pub(crate) fn fact(axis: &str, value: &str) -> Fact {
    Fact {
        axis: axis.into(),
        values: vec![value.into()],
    }
}

/// A visit; without a place its type waits.
pub(crate) fn visit(id: &str, revision: u32, place: Option<&str>) -> Record {
    let mut facts = vec![
        fact("contact-mode", "in-person"),
        fact("origin", "specialised-unit"),
        fact("level", "specialised"),
        fact("enrolment", "none"),
        fact("self-care-assessment", "no"),
    ];
    facts.extend(place.map(|place| fact("place", place)));
    Record {
        id: id.into(),
        revision,
        person: Person {
            identity_type: IdentityType::Personnummer,
            identity: "19821105-9954".into(),
            sex: None,
            birth_date: None,
            protected: false,
        },
        residence: Some("0180".into()),
        principals: Principals {
            responsible: vec![Principal::new("01")],
            performing: vec![Principal::new("01")],
            ..Principals::default()
        },
        provider: None,
        unit: None,
        facts,
        codes: Vec::new(),
        body: Body::Contact(Contact {
            date: date(2026, 3, 10),
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
    }
}

pub(crate) fn place(reporter: &str, value: &str, ids: &[&str]) -> pb::SupplyFactRequest {
    pb::SupplyFactRequest {
        reporter: reporter.into(),
        fact: Some(FactMessage {
            axis: "place".into(),
            values: vec![value.into()],
        }),
        keys: ids
            .iter()
            .map(|id| pb::supply_fact_request::Key {
                kind: pb::RecordKind::Contact.into(),
                id: (*id).into(),
            })
            .collect(),
        ..Default::default()
    }
}

pub(crate) fn ids(answer: &pb::ListHeldResponse) -> Vec<(&str, u32)> {
    let records = answer.records.iter();
    records
        .map(|record| (record.id.as_str(), record.revision))
        .collect()
}
