//! `vardnav serve`: a node on its two ports until it is asked to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::server::TcpIncoming;
use vardnav_runtime::caller::Callers;
use vardnav_runtime::{limits, shutdown};
use vardnav_service_analysis::{Analysis, AnalysisError};
use vardnav_service_release::Releases;

use crate::cli;
use crate::client::Target;
use crate::exit::{Failure, Outcome};
use crate::follow::{Event, Follower};
use crate::output::{self, Format};
use crate::place::Database;
use crate::server::Node;

/// Where data are kept when nothing is said.
const DATA_DEFAULT: &str = "vardnav-data";

/// Runs the command.
pub(crate) async fn run(command: cli::Serve, target: &Target, format: Format) -> Outcome {
    let folder = target.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    let callers = callers(&command)?;
    let asserted = matches!(callers, Callers::Asserted);
    let (mut node, follower) = match (&command.sync, &command.store) {
        (_, Some(url)) => {
            let database = Database {
                url,
                connections: command.connections.into(),
                keys: command.keys.as_deref(),
            };
            (Node::open_in_database(&folder, database).await?, None)
        }
        (Some(origin), None) => {
            let (node, follower) = Node::open_copy(&folder, origin, target).await?;
            (node, Some(follower))
        }
        (None, None) => (Node::open(&folder).await?, None),
    };
    if asserted && node.copy_of.is_none() {
        node.know_sample().await?;
    }
    let analysis = analysis(&node, &command).await?;
    let serving = Serving::start(&node, command.grpc, command.http, callers).await?;
    announce(&serving, &node, &folder, format)?;
    let following = follower.map(|follower| tokio::spawn(keep_current(follower)));
    let analysing = analysis.map(analysing);
    shutdown::asked_to_stop().await;
    output::say("stopping");
    if let Some(following) = following {
        following.abort();
    }
    serving.stop().await;
    if let Some((stop, analysing)) = analysing {
        stop.send_replace(true);
        let _ = tokio::time::timeout(limits::DRAIN_MAX, analysing).await;
    }
    if let Some(shared) = node.shared.take() {
        shared.give_back().await;
    }
    Ok(())
}

/// What keeps the tables for analysts, when they are asked for.
///
/// # Errors
/// When they cannot be kept there, however often it is tried.
async fn analysis(node: &Node, command: &cli::Serve) -> Outcome<Option<Analysis>> {
    let url = match (command.analysis.as_deref(), command.store.as_deref()) {
        (None, _) => return Ok(None),
        (Some(""), None) => {
            let what = "name the database of the tables for analysts: --analysis URL";
            return Err(Failure::Usage(what.to_owned()));
        }
        (Some(""), Some(store)) => store,
        (Some(url), _) => url,
    };
    let analysis = node.analysis(url);
    match analysis.look().await {
        Ok(()) => Ok(Some(analysis)),
        Err(error) => {
            let what = format!("no tables for analysts can be kept: {error}");
            Err(match error {
                AnalysisError::Address(_) => Failure::Usage(what),
                AnalysisError::Refused(_) => Failure::Unreachable(what),
                _ => Failure::Refused(what),
            })
        }
    }
}

/// Keeps the tables for analysts; with what ends that.
fn analysing(analysis: Analysis) -> (watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let (stop, mut stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        let asked = async {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        analysis.run(asked).await;
    });
    (stop, task)
}

/// Follows the origin of a copy as long as that is of use, and logs what happens.
async fn keep_current(follower: Follower) {
    let progress = follower.progress();
    let mut away = false;
    let failure = follower.follow(|event| {
        let (behind, stale_seconds) = {
            let progress = progress.borrow();
            (progress.behind(), progress.stale_seconds())
        };
        match event {
            Event::Taken { answer, bytes } => {
                tracing::info!(position = answer.position, bytes, behind, name = %answer.name, "a step was taken");
            }
            Event::Current if away => {
                away = false;
                tracing::warn!("the copy is current again");
            }
            Event::Current => tracing::info!("the copy is current"),
            Event::Away { failure, pause } => {
                away = true;
                tracing::warn!(%failure, ?pause, behind, stale_seconds, "the copy cannot follow just now");
            }
        }
        Ok(())
    });
    let failure = failure.await;
    tracing::error!(%failure, "the copy does not follow any more and stays as it is");
}

/// A node that serves on its two ports.
pub(crate) struct Serving {
    /// Address of the gRPC services.
    pub grpc: SocketAddr,
    /// Address of the web page.
    pub http: SocketAddr,
    stop: watch::Sender<bool>,
    releases: Releases,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Serving {
    /// Binds both ports and serves.
    pub(crate) async fn start(
        node: &Node,
        grpc: SocketAddr,
        http: SocketAddr,
        callers: Callers,
    ) -> Outcome<Self> {
        let bind = |address: SocketAddr| async move {
            let listener = TcpListener::bind(address).await;
            listener.map_err(|error| Failure::Failed(format!("{address} cannot be bound: {error}")))
        };
        let (grpc, http) = (bind(grpc).await?, bind(http).await?);
        let (grpc_address, http_address) = (grpc.local_addr()?, http.local_addr()?);
        let (stop, stopped) = watch::channel(false);
        let asked = |mut stopped: watch::Receiver<bool>| async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let router = node.router(callers.clone())?;
        let page = crate::page::router(node, node.gate(callers))?;
        let grpc_stop = asked(stopped.clone());
        let http_stop = asked(stopped);
        let tasks = vec![
            tokio::spawn(async move {
                let served = router
                    .serve_with_incoming_shutdown(TcpIncoming::from(grpc).with_nodelay(Some(true)), grpc_stop)
                    .await;
                if let Err(error) = served {
                    tracing::error!(%error, "the gRPC services stopped");
                }
            }),
            tokio::spawn(async move {
                if let Err(error) = axum::serve(http, page).with_graceful_shutdown(http_stop).await {
                    tracing::error!(%error, "the web page stopped");
                }
            }),
        ];
        Ok(Self {
            grpc: grpc_address,
            http: http_address,
            stop,
            releases: node.releases.clone(),
            tasks,
        })
    }

    /// Drains: what is under way may end, within a limit.
    pub(crate) async fn stop(self) {
        self.releases.stop();
        self.stop.send_replace(true);
        for task in self.tasks {
            let abort = task.abort_handle();
            if tokio::time::timeout(limits::DRAIN_MAX, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

fn callers(command: &cli::Serve) -> Outcome<Callers> {
    match &command.callers {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
            Callers::parse(&text).map_err(|error| Failure::Usage(error.to_string()))
        }
        None => match [command.grpc, command.http]
            .into_iter()
            .find(|address| !address.ip().is_loopback())
        {
            None => Ok(Callers::Asserted),
            Some(address) => Err(Failure::Usage(format!(
                "{address} is beyond loopback: name the callers with --callers"
            ))),
        },
    }
}

fn announce(serving: &Serving, node: &Node, folder: &Path, format: Format) -> Outcome {
    let (grpc, http) = (serving.grpc.to_string(), serving.http.to_string());
    match format {
        Format::Table | Format::Csv => {
            output::say(format_args!(
                "gRPC  {grpc}\nweb   http://{http}\ndata  {}",
                folder.display()
            ));
            if let Some(origin) = &node.copy_of {
                output::say(format_args!("copy  of {origin}"));
            }
            Ok(())
        }
        Format::Json | Format::Ndjson => output::line(
            &mut std::io::stdout().lock(),
            &json!({"grpc": grpc, "http": http, "data": folder, "copy_of": node.copy_of}),
        ),
    }
}
