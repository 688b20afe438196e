//! The service of the store: checks and copies, told as streams while they go on. One of each goes on at a time.

mod answer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::admin::v1::admin_service_server::AdminService;
use vardnav_api::vardnav::admin::v1::{
    BackUpStoreRequest, BackUpStoreResponse, CheckStoreRequest, CheckStoreResponse, back_up_store_response,
    check_store_response,
};
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::{Embedded, StoreError};

/// Messages that may wait for whoever asked.
const WAITING: usize = 8;
/// Most files that an earlier copy may name.
const HELD_MAX: usize = 100_000;

/// The service.
#[derive(Clone)]
pub struct Admin {
    store: Arc<Embedded>,
    node: PathBuf,
    one: Arc<Semaphore>,
}

impl Admin {
    /// Serves what `store` keeps, whose folder lies in the node's folder `node`.
    pub fn new(store: Arc<Embedded>, node: &Path) -> Self {
        Self {
            store,
            node: node.to_owned(),
            one: Arc::new(Semaphore::new(1)),
        }
    }

    /// The right to read everything there is; nobody else has it meanwhile.
    fn alone(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.one).try_acquire_owned().map_err(|_| {
            let what = "a check or a copy of the store is under way already: try again when it is done";
            ApiError::new(Kind::Unavailable, "VN-API-010", what)
        })
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    type CheckStoreStream = ReceiverStream<Result<CheckStoreResponse, Status>>;
    type BackUpStoreStream = ReceiverStream<Result<BackUpStoreResponse, Status>>;

    async fn check_store(
        &self,
        request: Request<CheckStoreRequest>,
    ) -> Result<Response<Self::CheckStoreStream>, Status> {
        let caller = caller(&request)?;
        tracing::info!(caller = %caller.name, "the store is checked");
        let alone = self.alone()?;
        let store = Arc::clone(&self.store);
        let (tell, told) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let _alone = alone;
            let say = |told| {
                tell.blocking_send(Ok(CheckStoreResponse { told: Some(told) }))
                    .is_ok()
            };
            let last = match store.check(&mut |told| say(answer::told(told))) {
                Ok(summary) => {
                    say(check_store_response::Told::Summary(answer::summary(&summary)));
                    return;
                }
                Err(error) => failed(&error),
            };
            // Whoever no longer waits does not mind.
            let _ = tell.blocking_send(Err(last.into()));
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn back_up_store(
        &self,
        request: Request<BackUpStoreRequest>,
    ) -> Result<Response<Self::BackUpStoreStream>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        if request.held.len() > HELD_MAX {
            return Err(ApiError::field("held", format!("at most {HELD_MAX} files")).into());
        }
        let held = request
            .held
            .into_iter()
            .enumerate()
            .map(|(index, file)| answer::record(file, index))
            .collect::<Result<Vec<_>, _>>()?;
        tracing::info!(caller = %caller.name, keys = request.keys, "the store is copied");
        let alone = self.alone()?;
        let (store, node, keys) = (Arc::clone(&self.store), self.node.clone(), request.keys);
        let (give, given) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let _alone = alone;
            let say = |given| {
                let given = BackUpStoreResponse { given: Some(given) };
                give.blocking_send(Ok(given)).is_ok()
            };
            let done = store.back_up(&node, &held, keys, clock::now_micros(), &mut |given| {
                say(answer::given(given))
            });
            match done {
                Ok(manifest) => {
                    let text = manifest.encode().into_bytes().into();
                    say(back_up_store_response::Given::Manifest(text));
                }
                Err(error) => {
                    // Whoever no longer waits does not mind.
                    let _ = give.blocking_send(Err(failed(&error).into()));
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(given)))
    }
}

fn failed(error: &StoreError) -> ApiError {
    ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string())
}
