//! Classification as a gRPC service: cases in, what the release in force derives out, with the reason when asked.
//! Reads published releases only; what a fact means and what follows from it is decided in the pure crate.

mod basis;
mod case;
mod compare;
mod conformance;
mod variants;

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::classification::description_message;
use vardnav_api::common::optional_date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_api::vardnav::classification::v1::classification_service_server::ClassificationService;
use vardnav_api::vardnav::classification::v1::{
    Case, Classification, ClassifyRequest, ClassifyResponse, ClassifyStreamRequest, ClassifyStreamResponse,
    CompareReleasesRequest, CompareReleasesResponse, GetDescriptionSystemRequest,
    GetDescriptionSystemResponse, ListConformanceCasesRequest, ListConformanceCasesResponse,
};
use vardnav_classification::DescriptionSystem;
use vardnav_interchange::classify_lines::LineFinding;
use vardnav_release::Snapshot;
use vardnav_runtime::clock;
use vardnav_runtime::limits::STREAM_CASES_MAX;
use vardnav_store::authority::{Authority, View};

use crate::basis::Basis;
pub use crate::case::{Answer, Wanted};
use crate::variants::Variants;

/// Cases in one message of a comparison: each is decided twice, and its answer says both.
const COMPARED_CASES_MAX: usize = 500;

/// The service.
#[derive(Clone)]
pub struct Classifier {
    authority: Arc<Authority>,
    variants: Arc<Variants>,
}

impl Classifier {
    /// Classifies by the releases that `authority` knows.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self {
            authority,
            variants: Arc::default(),
        }
    }

    /// Classifies one case by the release named, or by the one in force on its date when the name is empty, under the
    /// variants named.
    ///
    /// # Errors
    /// When there is no release of that name. What is wrong with the case or the variants stands in the findings.
    pub fn classify(
        &self,
        case: &Case,
        release: &str,
        variants: &[String],
        wanted: Wanted,
    ) -> Result<Answer, ApiError> {
        let view = self.authority.view();
        let mut basis = Basis::of(&view, release, variants, &self.variants)?;
        Ok(case::classify(&mut basis, case, wanted))
    }

    /// The tables of a release under variants of unsettled points, as `U4:name`, in place of those it takes. `None` when
    /// it does not have them, or more are named than there can be.
    pub fn under(&self, release: &Snapshot, variants: &[String]) -> Option<Arc<DescriptionSystem>> {
        if variants.len() > basis::VARIANTS_MAX {
            return None;
        }
        let chosen = self.variants.of(release, variants).ok()?;
        Some(chosen.system)
    }

    /// Classifies cases, one answer each, in order; when it is to be brief, without what tables that collect might still
    /// give.
    ///
    /// # Errors
    /// As [`Self::classify`], and when there are more cases than one message may have.
    pub fn classify_all(
        &self,
        cases: &[Case],
        release: &str,
        variants: &[String],
        brief: bool,
    ) -> Result<Vec<Classification>, ApiError> {
        at_most(cases, STREAM_CASES_MAX)?;
        let view = self.authority.view();
        let mut basis = Basis::of(&view, release, variants, &self.variants)?;
        let wanted = Wanted {
            brief,
            ..Wanted::default()
        };
        let answers = cases
            .iter()
            .map(|case| case::classify(&mut basis, case, wanted).classification);
        Ok(answers.collect())
    }

    /// Compares what two sides make of cases, in order.
    ///
    /// # Errors
    /// When a side names no release, or there are more cases than one message may have.
    pub fn compare(&self, request: &CompareReleasesRequest) -> Result<CompareReleasesResponse, ApiError> {
        at_most(&request.cases, COMPARED_CASES_MAX)?;
        let view = self.authority.view();
        let named = |stated: Option<&pb::Basis>| stated.cloned().unwrap_or_default();
        let (one, other) = (named(request.one.as_ref()), named(request.other.as_ref()));
        let mut one = self.side(&view, &one).map_err(|error| error.within("one"))?;
        let mut other = self.side(&view, &other).map_err(|error| error.within("other"))?;
        let comparisons = request.cases.iter();
        Ok(CompareReleasesResponse {
            comparisons: comparisons
                .map(|case| compare::of_case(case, &mut one, &mut other))
                .collect(),
        })
    }

    fn side<'a>(&'a self, view: &'a View, side: &'a pb::Basis) -> Result<Basis<'a>, ApiError> {
        Basis::of(view, &side.release, &side.variants, &self.variants)
    }

    /// The axes and tables of a release, under the variants named.
    ///
    /// # Errors
    /// When there is no release of that name or date, or it does not have the variants.
    fn description(
        &self,
        request: &GetDescriptionSystemRequest,
    ) -> Result<GetDescriptionSystemResponse, ApiError> {
        let date = optional_date(request.date.as_ref(), "date")?.unwrap_or_else(clock::today);
        let view = self.authority.view();
        let mut basis = Basis::of(&view, &request.release, &request.variants, &self.variants)?;
        let decider = basis.on(date).map_err(undecided)?;
        let variants = decider.variants.clone();
        Ok(description_message(
            &decider.release.id,
            variants,
            &decider.system,
        ))
    }

    /// The conformance cases of a release, under the variants named, in messages.
    ///
    /// # Errors
    /// When there is no release of that name or date, or it does not have the variants.
    fn conformance(
        &self,
        request: &ListConformanceCasesRequest,
    ) -> Result<Vec<ListConformanceCasesResponse>, ApiError> {
        let date = optional_date(request.date.as_ref(), "date")?.unwrap_or_else(clock::today);
        let view = self.authority.view();
        let release = match request.release.as_str() {
            "" => view.release_on(date).map(|release| release.id.clone()),
            id => Some(id.to_owned()),
        };
        let release = release.ok_or_else(|| ApiError::not_found("a release in force on the date"))?;
        let mut basis = Basis::of(&view, &release, &request.variants, &self.variants)?;
        conformance::messages(&mut basis, date).map_err(undecided)
    }
}

#[tonic::async_trait]
impl ClassificationService for Classifier {
    async fn classify(
        &self,
        request: Request<ClassifyRequest>,
    ) -> Result<Response<ClassifyResponse>, Status> {
        let ClassifyRequest {
            case,
            release,
            explain,
            variants,
            counterfactuals,
        } = request.into_inner();
        let case = case.ok_or_else(|| ApiError::field("case", "a case is needed"))?;
        let wanted = Wanted {
            explanation: explain,
            counterfactuals,
            brief: false,
        };
        let answer = if counterfactuals || !variants.is_empty() {
            let service = self.clone();
            on_pool(move || Self::classify(&service, &case, &release, &variants, wanted)).await?
        } else {
            Self::classify(self, &case, &release, &variants, wanted)?
        };
        Ok(Response::new(ClassifyResponse {
            classification: Some(answer.classification),
            explanation: answer.explanation,
            counterfactuals: answer.counterfactuals,
        }))
    }

    type ClassifyStreamStream = Pin<Box<dyn Stream<Item = Result<ClassifyStreamResponse, Status>> + Send>>;

    async fn classify_stream(
        &self,
        request: Request<Streaming<ClassifyStreamRequest>>,
    ) -> Result<Response<Self::ClassifyStreamStream>, Status> {
        let service = self.clone();
        let answers = request.into_inner().then(move |message| {
            let service = service.clone();
            async move {
                let ClassifyStreamRequest {
                    cases,
                    release,
                    variants,
                    brief,
                } = message?;
                let classifications =
                    on_pool(move || service.classify_all(&cases, &release, &variants, brief)).await?;
                Ok(ClassifyStreamResponse { classifications })
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type CompareReleasesStream = Pin<Box<dyn Stream<Item = Result<CompareReleasesResponse, Status>> + Send>>;

    async fn compare_releases(
        &self,
        request: Request<Streaming<CompareReleasesRequest>>,
    ) -> Result<Response<Self::CompareReleasesStream>, Status> {
        let service = self.clone();
        let answers = request.into_inner().then(move |message| {
            let service = service.clone();
            async move {
                let message = message?;
                Ok(on_pool(move || service.compare(&message)).await?)
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type ListConformanceCasesStream =
        Pin<Box<dyn Stream<Item = Result<ListConformanceCasesResponse, Status>> + Send>>;

    async fn list_conformance_cases(
        &self,
        request: Request<ListConformanceCasesRequest>,
    ) -> Result<Response<Self::ListConformanceCasesStream>, Status> {
        let (service, request) = (self.clone(), request.into_inner());
        let messages = on_pool(move || service.conformance(&request)).await?;
        let messages = tokio_stream::iter(messages).map(Ok);
        Ok(Response::new(Box::pin(messages)))
    }

    async fn get_description_system(
        &self,
        request: Request<GetDescriptionSystemRequest>,
    ) -> Result<Response<GetDescriptionSystemResponse>, Status> {
        let (service, request) = (self.clone(), request.into_inner());
        let answer = on_pool(move || service.description(&request)).await?;
        Ok(Response::new(answer))
    }
}

/// Why nothing decides, as the error of a question about a release.
fn undecided(findings: Vec<LineFinding>) -> ApiError {
    let variant = findings.into_iter().find(|finding| finding.code == "VN-CLS-015");
    variant.map_or_else(
        || ApiError::not_found("a release with that id or date"),
        |finding| ApiError::field(finding.path, finding.message),
    )
}

/// Runs work that takes longer than a moment on the blocking pool.
async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(ApiError::new(
            Kind::Internal,
            "VN-API-013",
            "classifying was interrupted",
        ))
    })
}

fn at_most(cases: &[Case], most: usize) -> Result<(), ApiError> {
    if cases.len() <= most {
        return Ok(());
    }
    let message = format!("a message has at most {most} cases");
    Err(ApiError::new(Kind::ResourceExhausted, "VN-API-012", message))
}
