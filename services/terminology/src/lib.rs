//! Terms and codes as a gRPC service. Answers come from immutable editions; a question takes one look at the view
//! and no lock. What a code means is decided in `vardnav_terminology`.

mod edition_files;
mod import;

pub use edition_files::load;
pub use import::CODES;

use std::pin::Pin;
use std::sync::Arc;

use jiff::civil::Date;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::{optional_date, page, page_size};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{
    code_system_message, concept_message, hit_message, subsumption_message, validation_message,
};
use vardnav_api::upload::Upload;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::terminology_service_server::TerminologyService;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::{Authority, Store, View};
use vardnav_terminology::{CodeStatus, Edition, SearchQuery, UnknownCode};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
const HITS_DEFAULT: usize = 20;
const HITS_PAGE_MAX: usize = 100;
/// Hits that can be paged through.
const HITS_MAX: usize = 1000;
const TEXT_CHARS_MAX: usize = 200;

/// The service.
#[derive(Clone)]
pub struct Terminology {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
}

impl Terminology {
    /// Answers from the editions that `authority` knows; keeps imported files in `store`.
    pub fn new(store: Arc<dyn Store>, authority: Arc<Authority>) -> Self {
        Self { store, authority }
    }

    fn lookup_in(&self, view: &View, request: &pb::LookupRequest) -> Result<pb::LookupResponse, ApiError> {
        let date = day(request.date.as_ref())?;
        let edition = edition(view, &request.system, &request.version, date)?;
        let concept = edition
            .lookup(&request.code)
            .ok_or_else(|| unknown_code("code"))?;
        let concept = Some(concept_message(concept, &request.language, date));
        Ok(pb::LookupResponse {
            concept,
            version: edition.version().to_owned(),
        })
    }

    fn validate_in(
        view: &View,
        request: &pb::ValidateCodeRequest,
    ) -> Result<pb::ValidateCodeResponse, ApiError> {
        let date = day(request.date.as_ref())?;
        let edition = edition(view, &request.system, &request.version, date)?;
        let display = (!request.display.is_empty()).then_some(request.display.as_str());
        Ok(validation_message(
            edition.validate_code(&request.code, display, date),
            edition.version(),
            date,
        ))
    }

    fn subsumes_in(view: &View, request: &pb::SubsumesRequest) -> Result<pb::SubsumesResponse, ApiError> {
        let date = day(request.date.as_ref())?;
        let edition = edition(view, &request.system, &request.version, date)?;
        let outcome = edition
            .subsumes_codes(&request.code_a, &request.code_b)
            .map_err(|unknown| match unknown {
                UnknownCode::First => unknown_code("code_a"),
                UnknownCode::Second => unknown_code("code_b"),
            })?;
        Ok(pb::SubsumesResponse {
            outcome: subsumption_message(outcome).into(),
        })
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TerminologyService for Terminology {
    type StreamLookupStream = Answers<pb::StreamLookupResponse>;
    type StreamValidateCodeStream = Answers<pb::StreamValidateCodeResponse>;
    type StreamSubsumesStream = Answers<pb::StreamSubsumesResponse>;

    async fn list_code_systems(
        &self,
        request: Request<pb::ListCodeSystemsRequest>,
    ) -> Result<Response<pb::ListCodeSystemsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let view = self.authority.view();
        let mut systems: Vec<pb::CodeSystem> = view
            .catalog()
            .editions()
            .map(|edition| listed(&view, edition))
            .collect();
        let key = |system: &pb::CodeSystem| format!("{}|{}", system.url, system.version);
        systems.sort_by_key(key);
        let (code_systems, next_page_token) = page(systems.into_iter(), key, &request.page_token, size);
        Ok(Response::new(pb::ListCodeSystemsResponse {
            code_systems,
            next_page_token,
        }))
    }

    async fn lookup(
        &self,
        request: Request<pb::LookupRequest>,
    ) -> Result<Response<pb::LookupResponse>, Status> {
        Ok(Response::new(
            self.lookup_in(&self.authority.view(), request.get_ref())?,
        ))
    }

    async fn validate_code(
        &self,
        request: Request<pb::ValidateCodeRequest>,
    ) -> Result<Response<pb::ValidateCodeResponse>, Status> {
        Ok(Response::new(Self::validate_in(
            &self.authority.view(),
            request.get_ref(),
        )?))
    }

    async fn subsumes(
        &self,
        request: Request<pb::SubsumesRequest>,
    ) -> Result<Response<pb::SubsumesResponse>, Status> {
        Ok(Response::new(Self::subsumes_in(
            &self.authority.view(),
            request.get_ref(),
        )?))
    }

    async fn search(
        &self,
        request: Request<pb::SearchRequest>,
    ) -> Result<Response<pb::SearchResponse>, Status> {
        let request = request.into_inner();
        if request.text.chars().count() > TEXT_CHARS_MAX {
            return Err(ApiError::field("text", format!("at most {TEXT_CHARS_MAX} characters")).into());
        }
        let size = page_size(request.page_size, HITS_DEFAULT, HITS_PAGE_MAX)?;
        let from = match request.page_token.as_str() {
            "" => 0,
            token => token
                .parse()
                .map_err(|_| ApiError::field("page_token", "not a token of this method"))?,
        };
        let from = usize::min(HITS_MAX, from);
        let wanted = usize::min(HITS_MAX, from + size + 1);
        let view = self.authority.view();
        let systems: Vec<&str> = request.systems.iter().map(String::as_str).collect();
        let query = SearchQuery {
            text: &request.text,
            language: &request.language,
            limit: wanted,
            ..SearchQuery::default()
        };
        let found = view.catalog().search(&query, &systems);
        let today = clock::today();
        let hits: Vec<_> = found
            .iter()
            .skip(from)
            .take(size)
            .map(|hit| hit_message(hit, today))
            .collect();
        let next = from + hits.len();
        let next_page_token = if next < found.len() {
            next.to_string()
        } else {
            String::new()
        };
        Ok(Response::new(pb::SearchResponse {
            hits,
            next_page_token,
        }))
    }

    async fn stream_lookup(
        &self,
        request: Request<Streaming<pb::StreamLookupRequest>>,
    ) -> Result<Response<Self::StreamLookupStream>, Status> {
        let service = self.clone();
        let answers = request.into_inner().map(move |question| {
            let view = service.authority.view();
            Ok(
                match service.lookup_in(&view, &question?.lookup.unwrap_or_default()) {
                    Ok(lookup) => pb::StreamLookupResponse {
                        lookup: Some(lookup),
                        findings: Vec::new(),
                    },
                    Err(error) => pb::StreamLookupResponse {
                        lookup: None,
                        findings: vec![finding(error)],
                    },
                },
            )
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn stream_validate_code(
        &self,
        request: Request<Streaming<pb::StreamValidateCodeRequest>>,
    ) -> Result<Response<Self::StreamValidateCodeStream>, Status> {
        let authority = Arc::clone(&self.authority);
        let answers = request.into_inner().map(move |question| {
            let validated =
                Self::validate_in(&authority.view(), &question?.validate_code.unwrap_or_default());
            let validate_code = Some(validated.unwrap_or_else(|error| pb::ValidateCodeResponse {
                findings: vec![finding(error)],
                ..Default::default()
            }));
            Ok(pb::StreamValidateCodeResponse { validate_code })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn stream_subsumes(
        &self,
        request: Request<Streaming<pb::StreamSubsumesRequest>>,
    ) -> Result<Response<Self::StreamSubsumesStream>, Status> {
        let authority = Arc::clone(&self.authority);
        let answers = request.into_inner().map(move |question| {
            Ok(
                match Self::subsumes_in(&authority.view(), &question?.subsumes.unwrap_or_default()) {
                    Ok(subsumes) => pb::StreamSubsumesResponse {
                        subsumes: Some(subsumes),
                        findings: Vec::new(),
                    },
                    Err(error) => pb::StreamSubsumesResponse {
                        subsumes: None,
                        findings: vec![finding(error)],
                    },
                },
            )
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn import_code_system(
        &self,
        request: Request<Streaming<pb::ImportCodeSystemRequest>>,
    ) -> Result<Response<pb::ImportCodeSystemResponse>, Status> {
        let caller = caller(&request)?;
        let mut messages = request.into_inner();
        let mut upload = Upload::default();
        let mut validate_only = None;
        while let Some(message) = messages.next().await {
            let message = message?;
            validate_only.get_or_insert(message.validate_only);
            if let Some(chunk) = message.chunk {
                upload.push(chunk)?;
            }
        }
        let answer = self
            .import(&caller, upload.finish()?, validate_only.unwrap_or_default())
            .await?;
        Ok(Response::new(answer))
    }
}

fn day(date: Option<&types::Date>) -> Result<Date, ApiError> {
    Ok(optional_date(date, "date")?.unwrap_or_else(clock::today))
}

fn edition<'v>(
    view: &'v View,
    system: &str,
    version: &str,
    date: Date,
) -> Result<&'v Arc<Edition>, ApiError> {
    let named = (!version.is_empty()).then_some(version);
    view.catalog()
        .resolve(system, named, date)
        .map_err(|status| match status {
            CodeStatus::NotLoaded => ApiError::new(
                Kind::NotFound,
                "VN-API-031",
                "the edition is not loaded; import it first",
            ),
            CodeStatus::NotValidOnDate => ApiError::new(
                Kind::NotFound,
                "VN-API-032",
                "no edition of the code system is in force on the date",
            ),
            CodeStatus::UnknownSystem | CodeStatus::Unknown | CodeStatus::Valid => {
                ApiError::new(Kind::NotFound, "VN-API-030", "the code system is not known")
            }
        })
}

fn unknown_code(field: &str) -> ApiError {
    ApiError {
        field: field.to_owned(),
        ..ApiError::new(Kind::NotFound, "VN-API-033", "the edition does not hold the code")
    }
}

fn listed(view: &View, edition: &Edition) -> pb::CodeSystem {
    match view.state().edition(edition.url(), edition.version()) {
        Some(record) => code_system_message(edition, Some(&record.blob), ""),
        None => {
            let carries = |id: &str| {
                view.snapshot(id).is_some_and(|release| {
                    release
                        .catalog
                        .edition(edition.url(), edition.version())
                        .is_some()
                })
            };
            let release = view.state().releases().find(|release| carries(&release.id));
            code_system_message(edition, None, release.map_or("", |release| &release.id))
        }
    }
}

fn finding(error: ApiError) -> types::Finding {
    types::Finding {
        code: error.code.to_owned(),
        severity: types::Severity::Error.into(),
        path: error.field,
        message: error.message,
    }
}
