//! Streams over gRPC on loopback: answers per second of a method, beside a server that only echoes.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request as HttpRequest, Response as HttpResponse};
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::exit::{Failure, Outcome};

/// How long a rate is measured.
const RATE: Duration = Duration::from_secs(2);
/// Questions on their way at once.
const PIPELINED: usize = 1024;
const ECHO: &str = "/vardnav.bench.Echo/Echo";

/// A message that is sent back as it came.
pub(crate) trait Echoed: prost::Message + Default + Clone + Send + Sync + 'static {}

impl<M: prost::Message + Default + Clone + Send + Sync + 'static> Echoed for M {}

/// A server that sends back what it gets; answers where it is.
pub(crate) async fn echo_server<M: Echoed>() -> Outcome<Endpoint> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = Server::builder().add_service(Echo::<M>(PhantomData));
    tokio::spawn(serving.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(Failure::failed)?;
    Ok(endpoint.tcp_nodelay(true))
}

/// Echoes per second of a message, on a connection of its own.
pub(crate) async fn echo_rate<M: Echoed>(server: &Endpoint, question: M) -> Outcome<f64> {
    let channel = server.connect().await.map_err(Failure::failed)?;
    rate(
        move |_| question.clone(),
        move |questions| async move {
            let mut client = tonic::client::Grpc::new(channel);
            client
                .ready()
                .await
                .map_err(|_| Status::unavailable("the echo server is gone"))?;
            let path = http::uri::PathAndQuery::from_static(ECHO);
            let codec = ProstCodec::<M, M>::default();
            client.streaming(Request::new(questions), path, codec).await
        },
    )
    .await
}

/// Answers per second of a bidirectional method that is asked without waiting.
pub(crate) async fn rate<Q, A, F>(
    question: impl Fn(u64) -> Q + Send + 'static,
    call: impl FnOnce(tokio_stream::wrappers::ReceiverStream<Q>) -> F,
) -> Outcome<f64>
where
    Q: Send + 'static,
    F: Future<Output = Result<Response<Streaming<A>>, Status>>,
{
    let (sender, receiver) = tokio::sync::mpsc::channel(PIPELINED);
    let asking = tokio::spawn(async move {
        let mut number = 0;
        while sender.send(question(number)).await.is_ok() {
            number += 1;
        }
    });
    let mut answers = call(tokio_stream::wrappers::ReceiverStream::new(receiver))
        .await?
        .into_inner();
    for _ in 0..PIPELINED {
        answers.next().await.transpose()?;
    }
    let (began, mut done) = (Instant::now(), 0_u64);
    while began.elapsed() < RATE {
        for _ in 0..64 {
            answers.next().await.transpose()?;
        }
        done += 64;
    }
    let rate = done as f64 / began.elapsed().as_secs_f64();
    // What is on its way is read to the end: a stream left with unread answers and questions keeps what it holds of the
    // connection's windows, and the next one on it may wait for ever.
    asking.abort();
    while answers.next().await.transpose()?.is_some() {}
    Ok(rate)
}

#[derive(Debug, Clone)]
struct Echo<M>(PhantomData<M>);

impl<M> NamedService for Echo<M> {
    const NAME: &'static str = "vardnav.bench.Echo";
}

impl<M: Echoed> tower::Service<HttpRequest<Body>> for Echo<M> {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<M, M>::default());
            Ok(grpc.streaming(Self(PhantomData), request).await)
        })
    }
}

impl<M: Echoed> StreamingService<M> for Echo<M> {
    type Response = M;
    type ResponseStream = Streaming<M>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<M>>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}
