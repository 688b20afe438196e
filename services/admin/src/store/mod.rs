//! The service of the store: checks and copies, told as streams while they go on.

use std::sync::Arc;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use vardnav_api::vardnav::admin::v1::admin_service_server::AdminService;
use vardnav_api::vardnav::admin::v1::{
    BackUpStoreRequest, BackUpStoreResponse, CheckStoreRequest, CheckStoreResponse,
};
use vardnav_store::Embedded;

/// The service.
#[derive(Clone)]
pub struct Admin {
    store: Arc<Embedded>,
}

impl Admin {
    /// Serves what `store` keeps.
    pub fn new(store: Arc<Embedded>) -> Self {
        Self { store }
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    type CheckStoreStream = ReceiverStream<Result<CheckStoreResponse, Status>>;
    type BackUpStoreStream = ReceiverStream<Result<BackUpStoreResponse, Status>>;

    async fn check_store(
        &self,
        _: Request<CheckStoreRequest>,
    ) -> Result<Response<Self::CheckStoreStream>, Status> {
        let _ = &self.store;
        Err(Status::unimplemented("the store is not checked yet"))
    }

    async fn back_up_store(
        &self,
        _: Request<BackUpStoreRequest>,
    ) -> Result<Response<Self::BackUpStoreStream>, Status> {
        Err(Status::unimplemented("the store is not copied yet"))
    }
}
