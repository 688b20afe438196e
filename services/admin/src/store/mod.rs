//! The service of the store: checks and copies, of folders and databases, told as streams while they go on, one at a
//! time. Each is noted in the audit trail before anything of it is answered. Secret keys are given to nobody who asks
//! over a connection.

mod answer;
mod reading;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::admin::v1::admin_service_server::AdminService;
use vardnav_api::vardnav::admin::v1::{
    BackUpStoreRequest, BackUpStoreResponse, CheckStoreRequest, CheckStoreResponse, ReadStoreRequest,
    ReadStoreResponse, back_up_store_response, check_store_response,
};
use vardnav_register::audit::{About, AuditEntry};
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::{Embedded, Postgres, Store, StoreError, audit, backup};

/// Messages that may wait for whoever asked.
const WAITING: usize = 8;
/// Most files that an earlier copy may name.
const HELD_MAX: usize = 100_000;

/// The service.
#[derive(Clone)]
pub struct Admin {
    store: Arc<dyn Store>,
    /// The store, when it lies in the node's folder.
    embedded: Option<Arc<Embedded>>,
    /// The store, when it lies in a database.
    database: Option<Postgres>,
    node: PathBuf,
    one: Arc<Semaphore>,
}

impl Admin {
    /// Serves what `store` keeps, whose folder lies in the node's folder `node`.
    pub fn new(store: Arc<Embedded>, node: &Path) -> Self {
        Self {
            embedded: Some(Arc::clone(&store)),
            ..Self::beside(store, node)
        }
    }

    /// Serves a node whose `store` lies in a database, and the rest in its folder `node`.
    pub fn in_database(store: Postgres, node: &Path) -> Self {
        Self {
            database: Some(store.clone()),
            ..Self::beside(Arc::new(store), node)
        }
    }

    /// Serves a node whose `store` is kept elsewhere than in its folder `node`.
    pub fn beside(store: Arc<dyn Store>, node: &Path) -> Self {
        Self {
            store,
            embedded: None,
            database: None,
            node: node.to_owned(),
            one: Arc::new(Semaphore::new(1)),
        }
    }

    /// The store in the node's folder.
    fn embedded(&self) -> Result<Arc<Embedded>, ApiError> {
        self.embedded.clone().ok_or_else(|| {
            let what = "the store of this node is a database: copy it by the database's own means, or into a folder \
                        with `vardnav admin store copy`, and the folder with the keys beside it";
            ApiError::new(Kind::FailedPrecondition, "VN-API-037", what)
        })
    }

    /// Copies the node's secret keys into a folder on this machine, noted in the audit trail first. Not a call that a
    /// connection can make: it is for whoever holds the node's folder.
    ///
    /// # Errors
    /// When it cannot be noted, or a key cannot be copied.
    pub async fn take_secrets(&self, caller: &str, folder: &Path) -> Result<(), ApiError> {
        self.note(caller, "take-keys").await?;
        let (node, folder) = (self.node.clone(), folder.to_owned());
        let taken = tokio::task::spawn_blocking(move || backup::take_secrets(&node, &folder)).await;
        let failed = |error: &dyn std::fmt::Display| {
            let what = format!("the secret keys cannot be copied: {error}");
            ApiError::new(Kind::Unavailable, "VN-API-010", what)
        };
        taken
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))
    }

    /// Notes in the audit trail what a caller does with the whole store.
    async fn note(&self, caller: &str, action: &str) -> Result<(), ApiError> {
        let entry = AuditEntry::about(caller, clock::now_micros(), action, About::default())
            .map_err(|error| ApiError::field("caller", error.to_string()))?;
        audit::note(self.store.as_ref(), &[entry])
            .await
            .map_err(|error| failed(&error))
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
    type ReadStoreStream = ReceiverStream<Result<ReadStoreResponse, Status>>;
    type BackUpStoreStream = ReceiverStream<Result<BackUpStoreResponse, Status>>;

    async fn check_store(
        &self,
        request: Request<CheckStoreRequest>,
    ) -> Result<Response<Self::CheckStoreStream>, Status> {
        let caller = caller(&request)?;
        let database = self.database.clone();
        let embedded = match database {
            Some(_) => None,
            None => Some(self.embedded()?),
        };
        tracing::info!(caller = %caller.name, "the store is checked");
        let alone = self.alone()?;
        self.note(&caller.name, "check-store").await?;
        let (tell, told) = mpsc::channel(WAITING);
        let (say, heard) = std::sync::mpsc::sync_channel(WAITING);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let _alone = alone;
            let mut found = |told| say.send(Ok(answer::told(told))).is_ok();
            let checked = match (embedded, database) {
                (Some(store), _) => store.check(&mut found),
                (None, Some(store)) => runtime.block_on(store.check(&mut found)),
                (None, None) => return,
            };
            let summary =
                checked.map(|summary| check_store_response::Told::Summary(answer::summary(&summary)));
            // Whoever no longer waits does not mind.
            let _ = say.send(summary.map_err(|error| failed(&error)));
        });
        // A thread that drives a check of a database may not wait for whoever asked; this one does.
        tokio::task::spawn_blocking(move || {
            for told in heard {
                let told = told.map(|told| CheckStoreResponse { told: Some(told) });
                if tell.blocking_send(told.map_err(Into::into)).is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn read_store(
        &self,
        request: Request<Streaming<ReadStoreRequest>>,
    ) -> Result<Response<Self::ReadStoreStream>, Status> {
        let caller = caller(&request)?;
        tracing::info!(caller = %caller.name, "the store is copied into another");
        let alone = self.alone()?;
        self.note(&caller.name, "copy-store").await?;
        let store = Arc::clone(&self.store);
        let (tell, told) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let _alone = alone;
            tokio::select! {
                () = reading::answer(&*store, request.into_inner(), &tell) => {}
                () = tell.closed() => {}
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn back_up_store(
        &self,
        request: Request<BackUpStoreRequest>,
    ) -> Result<Response<Self::BackUpStoreStream>, Status> {
        let caller = caller(&request)?;
        let store = self.embedded()?;
        let request = request.into_inner();
        if request.keys {
            let what =
                "the secret keys are given to nobody over a connection: take them on the node's own machine";
            return Err(ApiError::field("keys", what).into());
        }
        if request.held.len() > HELD_MAX {
            return Err(ApiError::field("held", format!("at most {HELD_MAX} files")).into());
        }
        let held = request
            .held
            .into_iter()
            .enumerate()
            .map(|(index, file)| answer::record(file, index))
            .collect::<Result<Vec<_>, _>>()?;
        tracing::info!(caller = %caller.name, "the store is copied");
        let alone = self.alone()?;
        self.note(&caller.name, "back-up-store").await?;
        let node = self.node.clone();
        let (give, given) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let _alone = alone;
            let say = |given| {
                let given = BackUpStoreResponse { given: Some(given) };
                give.blocking_send(Ok(given)).is_ok()
            };
            let done = store.back_up(&node, &held, clock::now_micros(), &mut |given| {
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

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;
    use vardnav_runtime::caller::Caller;
    use vardnav_store::{Options, Store as _, StreamId};

    use super::*;

    fn asked<T>(message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(Arc::new(Caller::trusted("anna")));
        request
    }

    async fn noted(store: &Embedded) -> Vec<(String, String)> {
        let rows = store.read(&StreamId::audit(), 0, 100).await.unwrap();
        let entries = rows.iter().map(|row| AuditEntry::decode(&row.bytes).unwrap());
        entries
            .map(|entry| (entry.caller().to_owned(), entry.action().to_owned()))
            .collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn copies_and_checks_are_noted_and_no_key_leaves() {
        let folder = tempfile::tempdir().unwrap();
        for path in backup::SECRETS {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, b"a secret key of this node").unwrap();
        }
        let store = Embedded::open(&folder.path().join("store"), Options::default()).unwrap();
        let store = Arc::new(store);
        let admin = Admin::new(Arc::clone(&store), folder.path());
        let note = |action: &str| ("anna".to_owned(), action.to_owned());

        let with_keys = BackUpStoreRequest {
            keys: true,
            ..BackUpStoreRequest::default()
        };
        let refused = admin.back_up_store(asked(with_keys)).await;
        assert!(refused.is_err_and(|status| status.code() == tonic::Code::InvalidArgument));
        assert_eq!(noted(&store).await, []);

        let mut given = admin
            .back_up_store(asked(BackUpStoreRequest::default()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(noted(&store).await, [note("back-up-store")]);
        while let Some(given) = given.next().await {
            if let Some(back_up_store_response::Given::Chunk(chunk)) = given.unwrap().given {
                assert!(!backup::SECRETS.contains(&chunk.path.as_str()));
                assert!(!chunk.data.windows(12).any(|bytes| bytes == b"a secret key"));
            }
        }

        let mut told = admin
            .check_store(asked(CheckStoreRequest {}))
            .await
            .unwrap()
            .into_inner();
        while told.next().await.is_some() {}
        let elsewhere = folder.path().join("elsewhere");
        admin.take_secrets("anna", &elsewhere).await.unwrap();
        for path in backup::SECRETS {
            let bytes = std::fs::read(elsewhere.join(path)).unwrap();
            assert_eq!(bytes, b"a secret key of this node");
        }
        let all = ["back-up-store", "check-store", "take-keys"].map(note);
        assert_eq!(noted(&store).await, all);
    }
}
