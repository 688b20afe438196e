//! The gate every gRPC call passes: finds the caller, holds the permission that the method declares against the
//! caller's, counts the call. Knows methods only by their path.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span};

use crate::caller::{Caller, Callers};
use crate::metrics::Metrics;

/// What the gate knows of a method.
#[derive(Debug, Clone, Copy)]
struct Method {
    path: &'static str,
    permission: &'static str,
    index: usize,
}

/// Why calls that need a permission are refused whoever makes them; `None` when they are not.
pub type Refuse = Arc<dyn Fn(&'static str) -> Option<Status> + Send + Sync>;

/// Layer that puts the gate before a service.
#[derive(Clone)]
pub struct GateLayer {
    shared: Arc<Shared>,
    refuse: Option<Refuse>,
}

struct Shared {
    callers: Callers,
    methods: HashMap<&'static str, Method>,
    metrics: Arc<Metrics>,
}

impl GateLayer {
    /// A gate for `methods`: `(path, permission)`.
    pub fn new(
        callers: Callers,
        methods: &'static [(&'static str, &'static str)],
        metrics: Arc<Metrics>,
    ) -> Self {
        let methods = methods
            .iter()
            .enumerate()
            .map(|(index, (path, permission))| {
                (
                    *path,
                    Method {
                        path,
                        permission,
                        index,
                    },
                )
            })
            .collect();
        Self {
            shared: Arc::new(Shared {
                callers,
                methods,
                metrics,
            }),
            refuse: None,
        }
    }

    /// Who makes a call, where it may be made: by this every call is judged, those that come over the wire and those
    /// that are made from within the process on behalf of somebody outside it. The call is counted.
    ///
    /// # Errors
    /// When there is no such method, the caller is not known or lacks the permission, or nobody may call it here.
    pub fn admit(
        &self,
        path: &str,
        headers: &http::HeaderMap,
    ) -> Result<(&'static str, Arc<Caller>), Status> {
        let Some(method) = self.shared.methods.get(path).copied() else {
            return Err(Status::unimplemented("no such method"));
        };
        self.shared.metrics.count(method.index);
        self.judge(method, headers)
            .inspect_err(|_| self.shared.metrics.refuse(method.index))
            .map(|caller| (method.path, caller))
    }

    fn judge(&self, method: Method, headers: &http::HeaderMap) -> Result<Arc<Caller>, Status> {
        let Some(caller) = self.shared.callers.identify(headers) else {
            return Err(Status::unauthenticated(
                "a known bearer token, or on loopback a usable name, is needed",
            ));
        };
        if method.permission.is_empty() || !caller.may(method.permission) {
            return Err(Status::permission_denied(format!(
                "the permission `{}` is needed",
                method.permission
            )));
        }
        match self.refuse.as_ref().and_then(|refuse| refuse(method.permission)) {
            Some(status) => Err(status),
            None => Ok(caller),
        }
    }

    /// The callers that it knows.
    pub fn callers(&self) -> &Callers {
        &self.shared.callers
    }

    /// Refuses calls that need certain permissions, of callers who have them too.
    #[must_use]
    pub fn refusing(self, refuse: Refuse) -> Self {
        Self {
            refuse: Some(refuse),
            ..self
        }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub struct Gate<S> {
    inner: S,
    layer: GateLayer,
}

impl<S, B> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Instrumented<S::Future>, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        if path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.") {
            return Either::Left(self.inner.call(request).instrument(Span::none()));
        }
        let (path, caller) = match self.layer.admit(path, request.headers()) {
            Ok(admitted) => admitted,
            Err(status) => return Either::Right(ready(Ok(status.into_http()))),
        };
        let span = tracing::info_span!("call", method.path = path, caller = %caller.name);
        request.extensions_mut().insert(caller);
        Either::Left(self.inner.call(request).instrument(span))
    }
}

/// The caller that the gate found; a call that did not pass it has none.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Arc<Caller>, Status> {
    request
        .extensions()
        .get::<Arc<Caller>>()
        .cloned()
        .ok_or_else(|| Status::unauthenticated("no caller is known for this call"))
}
