//! Classification as a gRPC service: cases in, what the release in force derives out, with the reason when asked.
//! Reads published releases only; what a fact means and what follows from it is decided in the pure crate.

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::classification::{description_message, explanation_messages, grain, result_messages};
use vardnav_api::common::{date, optional_date};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::classification::v1::classification_service_server::ClassificationService;
use vardnav_api::vardnav::classification::v1::{
    Case, Classification, ClassifyRequest, ClassifyResponse, ClassifyStreamRequest, ClassifyStreamResponse,
    GetDescriptionSystemRequest, GetDescriptionSystemResponse, TableExplanation,
};
use vardnav_api::vardnav::r#type::v1::{Finding, Severity};
use vardnav_classification::{DescriptionSystem, FactSet, FactSource, Grain};
use vardnav_interchange::classify_lines::{LineFinding, fact_fault, id_fault, no_release};
use vardnav_release::snapshot::Snapshot;
use vardnav_runtime::clock;
use vardnav_runtime::limits::STREAM_CASES_MAX;
use vardnav_store::authority::{Authority, View};

/// The service.
#[derive(Clone)]
pub struct Classifier {
    authority: Arc<Authority>,
}

impl Classifier {
    /// Classifies by the releases that `authority` knows.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self { authority }
    }

    /// Classifies one case by the release named, or by the one in force on its date when the name is empty.
    ///
    /// # Errors
    /// When there is no release of that name. What is wrong with the case stands in its findings.
    pub fn classify(
        &self,
        case: &Case,
        release: &str,
        explain: bool,
    ) -> Result<(Classification, Vec<TableExplanation>), ApiError> {
        let view = self.authority.view();
        Ok(Releases::of(&view, release)?.classify(case, explain))
    }

    /// Classifies cases, one answer each, in order.
    ///
    /// # Errors
    /// As [`Self::classify`], and when there are more cases than one message may have.
    pub fn classify_all(&self, cases: &[Case], release: &str) -> Result<Vec<Classification>, ApiError> {
        if cases.len() > STREAM_CASES_MAX {
            let message = format!("a message has at most {STREAM_CASES_MAX} cases");
            return Err(ApiError::new(Kind::ResourceExhausted, "VN-API-012", message));
        }
        let view = self.authority.view();
        let releases = Releases::of(&view, release)?;
        Ok(cases
            .iter()
            .map(|case| releases.classify(case, false).0)
            .collect())
    }
}

/// Where cases find the release that decides them.
enum Releases<'a> {
    Named(Arc<Snapshot>),
    ByDate(&'a View),
}

/// A case that could be read.
struct Read {
    grain: Grain,
    date: jiff::civil::Date,
    facts: FactSet,
    release: Arc<Snapshot>,
}

impl<'a> Releases<'a> {
    fn of(view: &'a View, name: &str) -> Result<Self, ApiError> {
        if name.is_empty() {
            return Ok(Self::ByDate(view));
        }
        let release = view
            .release(name)
            .ok_or_else(|| ApiError::not_found("a release with that id"))?;
        Ok(Self::Named(release))
    }

    fn classify(&self, case: &Case, explain: bool) -> (Classification, Vec<TableExplanation>) {
        match self.read(case) {
            Ok(read) => decide(case, &read, explain),
            Err(findings) => {
                let id = if id_fault(&case.id).is_none() {
                    case.id.clone()
                } else {
                    String::new()
                };
                let findings = findings.into_iter().map(finding_message).collect();
                (
                    Classification {
                        id,
                        results: Vec::new(),
                        release: String::new(),
                        findings,
                    },
                    Vec::new(),
                )
            }
        }
    }

    fn read(&self, case: &Case) -> Result<Read, Vec<LineFinding>> {
        let mut findings: Vec<LineFinding> = id_fault(&case.id).into_iter().collect();
        let grain = grain(case.of());
        if grain.is_none() {
            let message = "state contact, segment or monitoring period";
            findings.push(LineFinding::new("VN-CLS-006", "of", message));
        }
        let date = date(case.date.as_ref(), "date").map_err(|error| {
            findings.push(LineFinding::new("VN-CLS-007", "date", error.message));
        });
        let (Some(grain), Ok(date)) = (grain, date) else {
            return Err(findings);
        };
        let release = match self {
            Self::Named(release) => Arc::clone(release),
            Self::ByDate(view) => match view.release_on(date) {
                Some(release) => release,
                None => {
                    findings.push(no_release(date));
                    return Err(findings);
                }
            },
        };
        let facts = facts(&release.description, grain, case, &mut findings);
        if findings.is_empty() {
            Ok(Read {
                grain,
                date,
                facts,
                release,
            })
        } else {
            Err(findings)
        }
    }
}

fn facts(system: &DescriptionSystem, grain: Grain, case: &Case, findings: &mut Vec<LineFinding>) -> FactSet {
    let mut facts = FactSet::new();
    for fact in &case.facts {
        let codes = || fact.values.iter().map(String::as_str);
        if let Err(error) = system.state(grain, &mut facts, &fact.axis, codes(), FactSource::Record) {
            findings.push(fact_fault(error, &fact.axis, codes(), fact.values.len() > 1));
        }
    }
    facts
}

fn decide(case: &Case, read: &Read, explain: bool) -> (Classification, Vec<TableExplanation>) {
    let system = &read.release.description;
    let mut filled = read.facts;
    let result = system.classify_into(read.grain, read.date, &mut filled);
    let mut undetermined = Vec::new();
    system.undetermined(read.date, &filled, &result, &mut undetermined);
    let results = result_messages(system, &result, &undetermined, |table| {
        let matching = system.matching(table, read.date, &filled);
        matching
            .filter_map(|rule| system.rule(table, rule))
            .map(|rule| rule.id.clone())
            .collect()
    });
    let explanation = if explain {
        explanation_messages(&system.explain(read.grain, read.date, &read.facts))
    } else {
        Vec::new()
    };
    let release = read.release.id.clone();
    (
        Classification {
            id: case.id.clone(),
            results,
            release,
            findings: Vec::new(),
        },
        explanation,
    )
}

fn finding_message(finding: LineFinding) -> Finding {
    Finding {
        code: finding.code.to_owned(),
        severity: Severity::Error.into(),
        path: finding.path,
        message: finding.message,
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
        } = request.into_inner();
        let case = case.ok_or_else(|| ApiError::field("case", "a case is needed"))?;
        let (classification, explanation) = Self::classify(self, &case, &release, explain)?;
        Ok(Response::new(ClassifyResponse {
            classification: Some(classification),
            explanation,
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
                let ClassifyStreamRequest { cases, release } = message?;
                let work = tokio::task::spawn_blocking(move || service.classify_all(&cases, &release));
                let classifications = work.await.map_err(|_| interrupted())??;
                Ok(ClassifyStreamResponse { classifications })
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_description_system(
        &self,
        request: Request<GetDescriptionSystemRequest>,
    ) -> Result<Response<GetDescriptionSystemResponse>, Status> {
        let GetDescriptionSystemRequest { release, date } = request.into_inner();
        let view = self.authority.view();
        let snapshot = if release.is_empty() {
            let date = optional_date(date.as_ref(), "date")?.unwrap_or_else(clock::today);
            view.release_on(date)
        } else {
            view.release(&release)
        };
        let snapshot = snapshot.ok_or_else(|| ApiError::not_found("a release with that id or date"))?;
        Ok(Response::new(description_message(
            &snapshot.id,
            &snapshot.description,
        )))
    }
}

fn interrupted() -> ApiError {
    ApiError::new(Kind::Internal, "VN-API-013", "classifying was interrupted")
}
