//! A node: the store, the vault, the authority and the services over them, composed once. What a fresh folder
//! starts with, and how a node serves.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tonic::transport::Server;
use tonic::transport::server::Router;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::layer::util::{Identity, Stack};
use vardnav_api::permission::METHODS;
use vardnav_api::vardnav::admin::v1::admin_service_server::AdminServiceServer;
use vardnav_api::vardnav::admin::v1::vault_service_server::VaultServiceServer;
use vardnav_api::vardnav::classification::v1::classification_service_server::ClassificationServiceServer;
use vardnav_api::vardnav::indicators::v1::indicator_service_server::IndicatorServiceServer;
use vardnav_api::vardnav::indicators::v1::publication_service_server::PublicationServiceServer;
use vardnav_api::vardnav::register::v1::heads_service_server::HeadsServiceServer;
use vardnav_api::vardnav::register::v1::person_service_server::PersonServiceServer;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityServiceServer;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterServiceServer;
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistServiceServer;
use vardnav_api::vardnav::release::v1::release_service_server::ReleaseServiceServer;
use vardnav_api::vardnav::terminology::v1::terminology_service_server::TerminologyServiceServer;
use vardnav_api::vardnav::units::v1::care_unit_service_server::CareUnitServiceServer;
use vardnav_runtime::caller::Callers;
use vardnav_runtime::clock;
use vardnav_runtime::gate::GateLayer;
use vardnav_runtime::limits;
use vardnav_runtime::metrics::Metrics;
use vardnav_service_admin::{Admin, VaultAdmin};
use vardnav_service_analysis::{Analysis, OfVault};
use vardnav_service_classification::Classifier;
use vardnav_service_indicators::{Indicators, MEASURES, PROJECTION, Publications};
use vardnav_service_register::{Register, Service as RegisterService};
use vardnav_service_release::Releases;
use vardnav_service_terminology::kept::Uploads;
use vardnav_service_terminology::{EditionCache, Terminology};
use vardnav_service_units::Units;
use vardnav_store::{Authority, HeadKey, Store, Vault, VaultKeeper, custody};

use crate::client::{Target, endpoint};
use crate::copy::{self, Copy};
use crate::exit::{Failure, Outcome};
use crate::follow::{Follower, Progress};
use crate::loader::Files;
use crate::place::{Database, Place, Shared};

/// Who introduces a node's own keys.
const NODE: &str = "node";
/// Name by which health tells whether a copy is current.
const SYNC_HEALTH: &str = "vardnav.sync";
/// Everything one process serves.
pub struct Node {
    pub(crate) authority: Arc<Authority>,
    pub(crate) register: Arc<Register>,
    pub(crate) indicators: Indicators,
    pub(crate) metrics: Arc<Metrics>,
    terminology: Terminology,
    pub(crate) releases: Releases,
    pub(crate) classification: Classifier,
    units: Units,
    pub(crate) admin: Admin,
    vault: VaultAdmin,
    persons: Arc<dyn Vault>,
    store: Arc<dyn Store>,
    /// Address of the server that this is a copy of.
    pub(crate) copy_of: Option<String>,
    /// How far the copy is, while it follows.
    pub(crate) following: Option<watch::Receiver<Progress>>,
    /// Its part in a database that others may share, when the store is there.
    pub(crate) shared: Option<Shared>,
}

/// The services behind their gate.
pub type Services = Router<Stack<GateLayer, Identity>>;

impl Node {
    /// Opens a folder and composes the services over it. A folder without releases starts with the starter release,
    /// but for a copy, whose releases come from where it is copied from.
    pub async fn open(folder: &Path) -> Outcome<Self> {
        Self::open_empty(folder).await?.begun(folder).await
    }

    /// As [`Node::open`], with the store in a database instead of in the folder.
    pub(crate) async fn open_in_database(folder: &Path, database: Database<'_>) -> Outcome<Self> {
        let place = Place::in_database(folder, database).await?;
        Self::over(folder, place).await?.begun(folder).await
    }

    async fn begun(mut self, folder: &Path) -> Outcome<Self> {
        self.copy_of = copy::origin(folder)?;
        if self.copy_of.is_none() {
            crate::starter::publish(&self.releases, &self.authority).await?;
            self.tend();
        }
        Ok(self)
    }

    /// Lets the register sign national heads and do all else that is left to whoever holds it itself.
    pub(crate) fn tend(&self) {
        self.register
            .tend([PROJECTION, MEASURES].map(str::to_owned).to_vec());
    }

    /// Opens a folder as a copy of a server, with what follows that.
    pub(crate) async fn open_copy(
        folder: &Path,
        origin: &str,
        as_caller: &Target,
    ) -> Outcome<(Self, Follower)> {
        endpoint(origin)?;
        let mut node = Self::open_empty(folder).await?;
        let copy = Copy::open(folder, origin, &node.authority)?;
        let follower = Follower::new(copy, as_caller, Arc::clone(&node.authority));
        node.copy_of = Some(origin.to_owned());
        node.following = Some(follower.progress());
        Ok((node, follower))
    }

    /// As [`Node::open`], and a folder without releases stays without.
    pub async fn open_empty(folder: &Path) -> Outcome<Self> {
        Self::over(folder, Place::in_folder(folder).await?).await
    }

    /// The node of a folder over a store.
    async fn over(folder: &Path, mut place: Place) -> Outcome<Self> {
        let cannot =
            |error: &dyn Display| Failure::Failed(format!("{} cannot be opened: {error}", folder.display()));
        let store = Arc::clone(&place.store);
        let cache = EditionCache::new(&folder.join("cache"));
        let files = Files { cache: cache.clone() };
        let uploads = Uploads::new(&folder.join("uploads"));
        uploads.prune(clock::now_micros());
        let authority = Authority::open(Arc::clone(&store), Arc::new(files))
            .await
            .map_err(|error| cannot(&error))?;
        let (of, view) = (cache.clone(), authority.view());
        tokio::task::spawn_blocking(move || of.prune(view.state().editions()))
            .await
            .map_err(Failure::failed)?;
        let now = clock::now_micros();
        let opened = match &place.database {
            Some(database) => custody::open_in_database(&authority, folder, database, NODE, now).await,
            None => custody::open(&authority, folder, NODE, now).await,
        };
        let (vault, key) = opened.map_err(|error| cannot(&error))?;
        place.brought.keep()?;
        Ok(Self::compose(
            folder, place, vault, key, authority, cache, uploads,
        ))
    }

    fn compose(
        folder: &Path,
        place: Place,
        vault: Arc<dyn VaultKeeper>,
        key: HeadKey,
        authority: Arc<Authority>,
        cache: EditionCache,
        uploads: Uploads,
    ) -> Self {
        let store = place.store;
        let admin = match (place.embedded, place.database) {
            (Some(embedded), _) => Admin::new(embedded, folder),
            (None, Some(database)) => Admin::in_database(database, folder),
            (None, None) => Admin::beside(Arc::clone(&store), folder),
        };
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let (of_register, owned) = (Arc::clone(&vault) as Arc<dyn Vault>, Arc::clone(&authority));
        let register = Register::new(Arc::clone(&store), of_register, owned, key, threads);
        let terminology = Terminology::new(Arc::clone(&store), Arc::clone(&authority), Some(cache));
        let persons = Arc::clone(&vault) as Arc<dyn Vault>;
        let vault_admin = VaultAdmin::new(
            vault,
            Arc::clone(&store),
            Arc::clone(&authority),
            register.rights(),
        );
        Self {
            register,
            metrics: Metrics::new(METHODS),
            terminology: terminology.keeping(uploads),
            indicators: Indicators::new(Arc::clone(&store), Arc::clone(&authority)),
            releases: Releases::new(Arc::clone(&authority)),
            classification: Classifier::new(Arc::clone(&authority)),
            units: Units::new(Arc::clone(&authority)),
            admin,
            vault: vault_admin,
            persons,
            store,
            authority,
            copy_of: None,
            following: None,
            shared: place.shared,
        }
    }

    /// What keeps tables for analysts in the database that `url` names.
    pub(crate) fn analysis(&self, url: &str) -> Analysis {
        let (store, authority) = (Arc::clone(&self.store), Arc::clone(&self.authority));
        Analysis::new(
            url,
            store,
            authority,
            Arc::new(OfVault(Arc::clone(&self.persons))),
        )
    }

    /// Lets the sample's reporters and units be known: on loopback without credentials only.
    pub async fn know_sample(&self) -> Outcome {
        crate::starter::know_sample(&self.register, &self.units, &self.authority).await
    }

    /// What decides who may call what.
    pub(crate) fn gate(&self, callers: Callers) -> GateLayer {
        let gate = GateLayer::new(callers, METHODS, Arc::clone(&self.metrics));
        match &self.copy_of {
            Some(origin) => gate.refusing(copy::refuse(origin)),
            None => gate,
        }
    }

    /// The gRPC services, reflection and health behind the gate.
    pub fn router(&self, callers: Callers) -> Outcome<Services> {
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(vardnav_api::DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let (health_reporter, health) = tonic_health::server::health_reporter();
        if let Some(progress) = self.following.clone() {
            tokio::spawn(report_health(health_reporter, progress));
        }
        let gate = self.gate(callers);
        macro_rules! limited {
            ($server:ident, $service:expr) => {
                $server::new($service)
                    .max_decoding_message_size(limits::MESSAGE_BYTES_MAX)
                    .max_encoding_message_size(limits::ANSWER_BYTES_MAX)
            };
        }
        Ok(Server::builder()
            .concurrency_limit_per_connection(limits::CALLS_PER_CONNECTION_MAX)
            .http2_keepalive_interval(Some(limits::ALIVE_EVERY))
            .http2_keepalive_timeout(Some(limits::ALIVE_MAX))
            .layer(gate)
            .add_service(health)
            .add_service(reflection().build_v1().map_err(Failure::failed)?)
            .add_service(reflection().build_v1alpha().map_err(Failure::failed)?)
            .add_service(limited!(TerminologyServiceServer, self.terminology.clone()))
            .add_service(limited!(ReleaseServiceServer, self.releases.clone()))
            .add_service(limited!(ClassificationServiceServer, self.classification.clone()))
            .add_service(limited!(
                RegisterServiceServer,
                RegisterService::new(Arc::clone(&self.register))
            ))
            .add_service(limited!(
                QualityServiceServer,
                RegisterService::new(Arc::clone(&self.register))
            ))
            .add_service(limited!(
                WorklistServiceServer,
                RegisterService::new(Arc::clone(&self.register))
            ))
            .add_service(limited!(
                HeadsServiceServer,
                RegisterService::new(Arc::clone(&self.register))
            ))
            .add_service(limited!(
                PersonServiceServer,
                RegisterService::new(Arc::clone(&self.register))
            ))
            .add_service(limited!(CareUnitServiceServer, self.units.clone()))
            .add_service(limited!(IndicatorServiceServer, self.indicators.clone()))
            .add_service(limited!(
                PublicationServiceServer,
                Publications::new(self.indicators.clone())
            ))
            .add_service(limited!(VaultServiceServer, self.vault.clone()))
            .add_service(limited!(AdminServiceServer, self.admin.clone())))
    }
}

/// Tells as health whether a copy is current, as long as there is anything to tell.
async fn report_health(reporter: HealthReporter, mut progress: watch::Receiver<Progress>) {
    loop {
        let status = match progress.borrow_and_update().is_current() {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        reporter.set_service_status(SYNC_HEALTH, status).await;
        if progress.changed().await.is_err() {
            return;
        }
    }
}
