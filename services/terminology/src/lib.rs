//! Terms and codes as a gRPC service. Answers come from immutable editions; a question takes one look at the view
//! and no lock. What a code means is decided in `vardnav_terminology`.

mod answer;
mod cache;
mod expand;
mod export;
mod history;
mod import;
pub mod kept;
mod list;
pub mod load;
mod receive;
mod search;
mod translate;

pub use cache::EditionCache;
pub use import::CODES;

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinError;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::terminology_service_server::TerminologyService;
use vardnav_runtime::gate::caller;
use vardnav_store::{Authority, Store, View};

use crate::kept::Uploads;

/// Steps of an import that wait to be told.
const PROGRESS_MAX: usize = 64;

/// The service.
#[derive(Clone)]
pub struct Terminology {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    cache: Option<EditionCache>,
    uploads: Option<Uploads>,
    /// Held by the import that is under way.
    importing: Arc<Mutex<()>>,
    /// Turns to export.
    exporting: Arc<Semaphore>,
    recent: expand::Recent,
}

impl Terminology {
    /// Answers from the editions that `authority` knows; keeps imported files in `store` and, when there is one,
    /// compiled editions in `cache`.
    pub fn new(store: Arc<dyn Store>, authority: Arc<Authority>, cache: Option<EditionCache>) -> Self {
        Self {
            store,
            authority,
            cache,
            uploads: None,
            importing: Arc::default(),
            exporting: Arc::new(Semaphore::new(export::EXPORTS_MAX)),
            recent: expand::Recent::default(),
        }
    }

    /// Writes uploads down as they arrive, so that they go on where they were.
    #[must_use]
    pub fn keeping(self, uploads: Uploads) -> Self {
        Self {
            uploads: Some(uploads),
            ..self
        }
    }

    fn view(&self) -> Arc<View> {
        self.authority.view()
    }

    /// One answer per question, in order. `answer` takes the question and the view of its moment.
    fn bulk<Q, A>(
        &self,
        questions: Streaming<Q>,
        answer: impl Fn(&View, Q) -> A + Send + 'static,
    ) -> Response<Answers<A>>
    where
        Q: Send + 'static,
        A: Send + 'static,
    {
        let authority = Arc::clone(&self.authority);
        let answers = questions.map(move |question| Ok(answer(&authority.view(), question?)));
        Response::new(Box::pin(answers))
    }
}

/// Work that takes a while, off the threads that answer.
async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(not_done)?
}

/// Why work on the pool came to no end: it ran into a defect, or the server is stopping.
fn not_done(error: JoinError) -> ApiError {
    if error.is_panic() {
        tracing::error!(%error, "work on the pool ran into a defect");
        let message = "the work ran into a defect of the server";
        return ApiError::new(Kind::Internal, "VN-API-013", message);
    }
    ApiError::new(Kind::Unavailable, "VN-API-010", "the server is stopping")
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TerminologyService for Terminology {
    type StreamLookupStream = Answers<pb::StreamLookupResponse>;
    type StreamValidateCodeStream = Answers<pb::StreamValidateCodeResponse>;
    type StreamSubsumesStream = Answers<pb::StreamSubsumesResponse>;
    type StreamTranslateStream = Answers<pb::StreamTranslateResponse>;
    type ImportContentStream = Answers<pb::ImportContentResponse>;
    type ExportContentStream = Answers<pb::ExportContentResponse>;

    async fn list_code_systems(
        &self,
        request: Request<pb::ListCodeSystemsRequest>,
    ) -> Result<Response<pb::ListCodeSystemsResponse>, Status> {
        Ok(Response::new(list::code_systems(
            &self.view(),
            request.get_ref(),
        )?))
    }

    async fn list_diagrams(
        &self,
        request: Request<pb::ListDiagramsRequest>,
    ) -> Result<Response<pb::ListDiagramsResponse>, Status> {
        Ok(Response::new(list::diagrams(&self.view(), request.get_ref())?))
    }

    async fn list_value_sets(
        &self,
        request: Request<pb::ListValueSetsRequest>,
    ) -> Result<Response<pb::ListValueSetsResponse>, Status> {
        Ok(Response::new(list::value_sets(&self.view(), request.get_ref())?))
    }

    async fn list_concept_maps(
        &self,
        request: Request<pb::ListConceptMapsRequest>,
    ) -> Result<Response<pb::ListConceptMapsResponse>, Status> {
        Ok(Response::new(list::concept_maps(
            &self.view(),
            request.get_ref(),
        )?))
    }

    async fn lookup(
        &self,
        request: Request<pb::LookupRequest>,
    ) -> Result<Response<pb::LookupResponse>, Status> {
        Ok(Response::new(answer::lookup(&self.view(), request.get_ref())?))
    }

    async fn validate_code(
        &self,
        request: Request<pb::ValidateCodeRequest>,
    ) -> Result<Response<pb::ValidateCodeResponse>, Status> {
        let (view, request) = (self.view(), request.into_inner());
        if !answer::is_costly(&view, &request) {
            return Ok(Response::new(answer::validate(&view, &request)?));
        }
        Ok(Response::new(
            on_pool(move || answer::validate(&view, &request)).await?,
        ))
    }

    async fn subsumes(
        &self,
        request: Request<pb::SubsumesRequest>,
    ) -> Result<Response<pb::SubsumesResponse>, Status> {
        Ok(Response::new(answer::subsumes(&self.view(), request.get_ref())?))
    }

    async fn search(
        &self,
        request: Request<pb::SearchRequest>,
    ) -> Result<Response<pb::SearchResponse>, Status> {
        let request = request.into_inner();
        if request.value_set.is_empty() && request.ecl.is_empty() {
            return Ok(Response::new(search::search(
                &self.view(),
                &self.recent,
                &request,
            )?));
        }
        let (view, recent) = (self.view(), self.recent.clone());
        Ok(Response::new(
            on_pool(move || search::search(&view, &recent, &request)).await?,
        ))
    }

    async fn expand(
        &self,
        request: Request<pb::ExpandRequest>,
    ) -> Result<Response<pb::ExpandResponse>, Status> {
        Ok(Response::new(
            expand::expand(self.view(), self.recent.clone(), request.into_inner()).await?,
        ))
    }

    async fn translate(
        &self,
        request: Request<pb::TranslateRequest>,
    ) -> Result<Response<pb::TranslateResponse>, Status> {
        Ok(Response::new(translate::translate(
            &self.view(),
            request.get_ref(),
        )?))
    }

    async fn get_history(
        &self,
        request: Request<pb::GetHistoryRequest>,
    ) -> Result<Response<pb::GetHistoryResponse>, Status> {
        let (view, request) = (self.view(), request.into_inner());
        Ok(Response::new(
            on_pool(move || history::history(&view, &request)).await?,
        ))
    }

    async fn stream_lookup(
        &self,
        request: Request<Streaming<pb::StreamLookupRequest>>,
    ) -> Result<Response<Self::StreamLookupStream>, Status> {
        Ok(self.bulk(request.into_inner(), |view, question| {
            match answer::lookup(view, &question.lookup.unwrap_or_default()) {
                Ok(lookup) => pb::StreamLookupResponse {
                    lookup: Some(lookup),
                    findings: Vec::new(),
                },
                Err(error) => pb::StreamLookupResponse {
                    lookup: None,
                    findings: vec![answer::finding(error)],
                },
            }
        }))
    }

    async fn stream_validate_code(
        &self,
        request: Request<Streaming<pb::StreamValidateCodeRequest>>,
    ) -> Result<Response<Self::StreamValidateCodeStream>, Status> {
        let authority = Arc::clone(&self.authority);
        let answers = request.into_inner().then(move |question| {
            let view = authority.view();
            async move {
                let question = question?.validate_code.unwrap_or_default();
                if !answer::is_costly(&view, &question) {
                    return Ok(answer::validated(&view, &question));
                }
                let answer = on_pool(move || Ok(answer::validated(&view, &question))).await;
                answer.map_err(Status::from)
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn stream_subsumes(
        &self,
        request: Request<Streaming<pb::StreamSubsumesRequest>>,
    ) -> Result<Response<Self::StreamSubsumesStream>, Status> {
        Ok(self.bulk(request.into_inner(), |view, question| {
            match answer::subsumes(view, &question.subsumes.unwrap_or_default()) {
                Ok(subsumes) => pb::StreamSubsumesResponse {
                    subsumes: Some(subsumes),
                    findings: Vec::new(),
                },
                Err(error) => pb::StreamSubsumesResponse {
                    subsumes: None,
                    findings: vec![answer::finding(error)],
                },
            }
        }))
    }

    async fn stream_translate(
        &self,
        request: Request<Streaming<pb::StreamTranslateRequest>>,
    ) -> Result<Response<Self::StreamTranslateStream>, Status> {
        Ok(self.bulk(request.into_inner(), |view, question| {
            let translated = translate::translate(view, &question.translate.unwrap_or_default());
            let answer = translated.unwrap_or_else(|error| pb::TranslateResponse {
                findings: vec![answer::finding(error)],
                ..Default::default()
            });
            pb::StreamTranslateResponse {
                translate: Some(answer),
            }
        }))
    }

    async fn import_content(
        &self,
        request: Request<Streaming<pb::ImportContentRequest>>,
    ) -> Result<Response<Self::ImportContentStream>, Status> {
        let caller = caller(&request)?;
        let (sender, receiver) = mpsc::channel(PROGRESS_MAX);
        let service = self.clone();
        tokio::spawn(async move {
            let result = service
                .receive(caller, request.into_inner(), sender.clone())
                .await;
            let last = result.map(|result| pb::ImportContentResponse {
                result: Some(result),
                ..Default::default()
            });
            // Whoever went away does not hear it.
            let _ = sender.send(last).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn export_content(
        &self,
        request: Request<pb::ExportContentRequest>,
    ) -> Result<Response<Self::ExportContentStream>, Status> {
        let pieces = export::export(&self.exporting, self.view(), request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(pieces))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_defect_is_not_told_as_a_stop() {
        let error = on_pool::<()>(|| std::panic::panic_any("a defect"))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Internal, "VN-API-013"));
    }
}
