//! How a command reaches the services: a server by URL, or a store in place, served inside this very process over
//! memory. Either way the command speaks gRPC, so there is one path to test.

use std::path::PathBuf;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use vardnav_api::vardnav::admin::v1::admin_service_client::AdminServiceClient;
use vardnav_api::vardnav::admin::v1::vault_service_client::VaultServiceClient;
use vardnav_api::vardnav::classification::v1::classification_service_client::ClassificationServiceClient;
use vardnav_api::vardnav::indicators::v1::indicator_service_client::IndicatorServiceClient;
use vardnav_api::vardnav::indicators::v1::publication_service_client::PublicationServiceClient;
use vardnav_api::vardnav::register::v1::heads_service_client::HeadsServiceClient;
use vardnav_api::vardnav::register::v1::person_service_client::PersonServiceClient;
use vardnav_api::vardnav::register::v1::quality_service_client::QualityServiceClient;
use vardnav_api::vardnav::register::v1::register_service_client::RegisterServiceClient;
use vardnav_api::vardnav::register::v1::worklist_service_client::WorklistServiceClient;
use vardnav_api::vardnav::release::v1::release_service_client::ReleaseServiceClient;
use vardnav_api::vardnav::terminology::v1::terminology_service_client::TerminologyServiceClient;
use vardnav_api::vardnav::units::v1::care_unit_service_client::CareUnitServiceClient;
use vardnav_runtime::caller::{CALLER_METADATA, Callers};
use vardnav_runtime::limits;

use crate::exit::{Failure, Outcome};
use crate::server::Node;

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Where a command's services are.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Server to ask
    #[arg(
        long,
        global = true,
        env = "VARDNAV_SERVER",
        default_value = "http://127.0.0.1:50051",
        value_name = "URL"
    )]
    pub server: String,
    /// Work in place on a store that no server holds
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Name to act under, where a server on loopback asks for no credentials
    #[arg(long = "as", global = true, default_value = "cli", value_name = "NAME")]
    pub caller: String,
    /// Bearer token, where the server asks for one
    #[arg(
        long,
        global = true,
        env = "VARDNAV_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub token: Option<String>,
}

/// A connection to the services.
#[derive(Clone)]
pub struct Client {
    link: Link,
    server: String,
    // Keeps the in-process server alive.
    node: Option<std::sync::Arc<Node>>,
}

/// The transport of every service client.
pub type Link = InterceptedService<Channel, Identity>;

/// Puts the caller's name or token on every request.
#[derive(Debug, Clone)]
pub struct Identity {
    caller: MetadataValue<Ascii>,
    token: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Identity {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert(CALLER_METADATA, self.caller.clone());
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

impl Target {
    /// Connects.
    pub async fn connect(&self) -> Outcome<Client> {
        let caller = self
            .caller
            .parse()
            .map_err(|_| Failure::Usage("--as must be plain ASCII".into()))?;
        let token = match &self.token {
            Some(token) => Some(
                format!("Bearer {token}")
                    .parse()
                    .map_err(|_| Failure::Usage("the token must be plain ASCII".into()))?,
            ),
            None => None,
        };
        let identity = Identity { caller, token };
        let (channel, node) = match &self.data {
            Some(folder) => {
                let node = std::sync::Arc::new(Node::open(folder).await?);
                (in_process(&node).await?, Some(node))
            }
            None => (remote(&self.server).await?, None),
        };
        Ok(Client {
            link: InterceptedService::new(channel, identity),
            server: self.server.clone(),
            node,
        })
    }
}

/// The address of a server.
///
/// # Errors
/// When it is none.
pub(crate) fn endpoint(url: &str) -> Outcome<Endpoint> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Failure::Usage(format!(
            "`{url}` is no address of a server: write it as http://host:port"
        )));
    }
    Endpoint::from_shared(url.to_owned())
        .map_err(|error| Failure::Usage(format!("`{url}` is no address of a server: {error}")))
}

async fn remote(url: &str) -> Outcome<Channel> {
    endpoint(url)?
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_MAX)
        .http2_keep_alive_interval(limits::ALIVE_EVERY)
        .keep_alive_timeout(limits::ALIVE_MAX)
        .keep_alive_while_idle(true)
        .connect()
        .await
        .map_err(|_| {
            Failure::Unreachable(format!(
                "no server answers at {url}; start one with `vardnav serve`"
            ))
        })
}

/// Serves `node` over memory inside this process and connects to it.
pub async fn in_process(node: &Node) -> Outcome<Channel> {
    let (client, server) = tokio::io::duplex(1 << 20);
    let router = node.router(Callers::Asserted)?;
    let incoming = tokio_stream::once(Ok::<_, std::io::Error>(server));
    tokio::spawn(async move {
        if let Err(error) = router.serve_with_incoming(incoming).await {
            tracing::error!(%error, "the in-process server stopped");
        }
    });
    let mut client = Some(client);
    Endpoint::from_static("http://in-process")
        .connect_with_connector(tower::service_fn(move |_| {
            let client = client.take();
            async move {
                client
                    .map(TokioIo::new)
                    .ok_or_else(|| std::io::Error::other("the in-process server is connected once"))
            }
        }))
        .await
        .map_err(Failure::failed)
}

macro_rules! service {
    ($(#[$doc:meta])* $name:ident, $client:ident) => {
        $(#[$doc])*
        pub fn $name(&self) -> $client<Link> {
            $client::new(self.link.clone())
                .max_decoding_message_size(limits::ANSWER_BYTES_MAX)
                .max_encoding_message_size(limits::MESSAGE_BYTES_MAX)
        }
    };
}

impl Client {
    /// The node within this process, when it is worked on in place.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.node.as_deref()
    }

    /// The address of the server that is asked; of no use where the node is within this process.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Whether the services are another process's.
    pub(crate) fn is_remote(&self) -> bool {
        self.node.is_none()
    }

    service!(
        /// Terms and codes.
        terminology, TerminologyServiceClient
    );
    service!(
        /// Releases.
        release, ReleaseServiceClient
    );
    service!(
        /// Classification.
        classification, ClassificationServiceClient
    );
    service!(
        /// The register.
        register, RegisterServiceClient
    );
    service!(
        /// Completeness, findings and changes.
        quality, QualityServiceClient
    );
    service!(
        /// National heads.
        heads, HeadsServiceClient
    );
    service!(
        /// The person's rights.
        persons, PersonServiceClient
    );
    service!(
        /// The vault.
        vault, VaultServiceClient
    );
    service!(
        /// The worklist.
        worklist, WorklistServiceClient
    );
    service!(
        /// Care units.
        units, CareUnitServiceClient
    );
    service!(
        /// What keeps a node whole.
        admin, AdminServiceClient
    );
    service!(
        /// Indicators.
        indicators, IndicatorServiceClient
    );
    service!(
        /// Published figures.
        publications, PublicationServiceClient
    );
}
