//! Rates over gRPC on loopback: calls per second with many in flight, beside an empty call in the same run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Calls per second of the empty call.
pub(crate) async fn empty_rate(client: &HealthClient<Channel>) -> Outcome<f64> {
    let client = client.clone();
    rate(move |_| {
        let mut client = client.clone();
        async move { client.check(HealthCheckRequest::default()).await.map(|_| ()) }
    })
    .await
}

/// Calls per second of `call`, which is given the number of the call.
pub(crate) async fn rate<F>(call: impl Fn(u64) -> F + Send + Sync + 'static) -> Outcome<f64>
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let call = Arc::new(call);
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let lanes: Vec<_> = (0..IN_FLIGHT as u64)
        .map(|lane| {
            let (call, done) = (Arc::clone(&call), Arc::clone(&done));
            tokio::spawn(async move {
                let mut number = lane;
                while began.elapsed() < RATE {
                    call(number).await?;
                    number += IN_FLIGHT as u64;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Status>(())
            })
        })
        .collect();
    for lane in lanes {
        lane.await.map_err(Failure::failed)??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}
