//! Rates over gRPC on loopback: calls per second with many in flight, beside an empty call in the same run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use vardnav_runtime::caller::Callers;

use super::IN_FLIGHT;
use crate::client::{Client, Target};
use crate::exit::{Failure, Outcome};
use crate::server::Node;

/// How long a rate is measured.
const RATE: Duration = Duration::from_secs(2);

/// A node on loopback, and a client of it.
pub(crate) async fn serve(node: &Node) -> Outcome<(Client, std::net::SocketAddr)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = node.router(Callers::Asserted)?;
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    let target = Target {
        server: format!("http://{address}"),
        data: None,
        caller: "bench".into(),
        token: None,
    };
    Ok((target.connect().await?, address))
}

/// A server with nothing but an empty call, without any gate or limit.
pub(crate) async fn empty_call() -> Outcome<HealthClient<Channel>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let serving = Server::builder().add_service(health);
    tokio::spawn(serving.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(Failure::failed)?;
    let channel = endpoint
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(Failure::failed)?;
    Ok(HealthClient::new(channel))
}

/// How fast calls are answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Calls per second.
    pub(crate) per_second: f64,
    /// Milliseconds that half of the calls took at most.
    pub(crate) p50: f64,
    /// Milliseconds that 99 of 100 calls took at most.
    pub(crate) p99: f64,
}

/// How fast the empty call is answered.
pub(crate) async fn empty_rate(client: &HealthClient<Channel>) -> Outcome<Rate> {
    let client = client.clone();
    rate(move |_| {
        let mut client = client.clone();
        async move { client.check(HealthCheckRequest::default()).await.map(|_| ()) }
    })
    .await
}

/// How fast `call` is answered, which is given the number of the call.
pub(crate) async fn rate<F>(call: impl Fn(u64) -> F + Send + Sync + 'static) -> Outcome<Rate>
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let call = Arc::new(call);
    let began = Instant::now();
    let lanes: Vec<_> = (0..IN_FLIGHT as u64)
        .map(|lane| {
            let call = Arc::clone(&call);
            tokio::spawn(async move {
                let mut number = lane;
                let mut took = Vec::new();
                while began.elapsed() < RATE {
                    let asked = Instant::now();
                    call(number).await?;
                    took.push(asked.elapsed());
                    number += IN_FLIGHT as u64;
                }
                Ok::<_, Status>(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for lane in lanes {
        took.extend(lane.await.map_err(Failure::failed)??);
    }
    let seconds = began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        let found = took.get(place.min(took.len().saturating_sub(1)));
        found.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    Ok(Rate {
        per_second: took.len() as f64 / seconds,
        p50: at(0.5),
        p99: at(0.99),
    })
}
