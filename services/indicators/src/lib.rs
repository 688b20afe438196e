//! Indicators as a gRPC service: the library of the release in force, counts by group and figures of measures that follow
//! the reporters' streams. What is counted and what may be shown is decided in `vardnav_indicators`; this crate reads the
//! ledger, keeps what follows from it, and answers.

mod cells;
mod counts;
mod disclose;
mod figures;
mod measures;
mod names;
mod uploads;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::{label_message, page, page_size};
use vardnav_api::indicators::{Question, indicator_message, question, row_message};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::indicator_service_server::IndicatorService;
use vardnav_classification::model::{Grain, Label};
use vardnav_indicators::definition::{BrokenDownBy, Indicator, Variant};
use vardnav_indicators::population::PopulationTable;
use vardnav_release::Snapshot;
use vardnav_release::entry::{AS_REPORTED, DerivationPlan};
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::{Authority, Store};

use figures::Decisions;
use measures::Measures;

pub use counts::{Counts, Coverage, FollowError, PROJECTION};
pub use measures::PREFIX as MEASURES;
pub use uploads::{Put, Stated, Uploads};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
const ROWS_DEFAULT: usize = 1000;
const ROWS_MAX: usize = 10_000;

/// How long a question waits for the counts to take in what the register holds.
const CATCH_UP_MAX: std::time::Duration = std::time::Duration::from_secs(3);

/// The permission to see counts of derivations that readers are not answered from: how they differ from what readers
/// are told may reveal fewer than may be shown.
const ADMINISTER: &str = "register.administer";

/// Answers that go out one by one.
type BoxedStream<T> = std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

/// The service.
#[derive(Clone)]
pub struct Indicators {
    authority: Arc<Authority>,
    counts: Arc<Counts>,
    uploads: Arc<Uploads>,
    store: Arc<dyn Store>,
    measures: Arc<Measures>,
    decisions: Arc<Decisions>,
}

impl Indicators {
    /// Serves counts of what `store` holds under the releases that `authority` keeps, and follows the reporters'
    /// streams until dropped. Call it inside a tokio runtime.
    pub fn new(store: Arc<dyn Store>, authority: Arc<Authority>) -> Self {
        let counts = Arc::new(Counts::new(Arc::clone(&store), Arc::clone(&authority)));
        tokio::spawn(counts::follow(Arc::downgrade(&counts)));
        let measures = Arc::new(Measures::new(Arc::clone(&store), Arc::clone(&authority)));
        tokio::spawn(measures::follow(Arc::downgrade(&measures)));
        Self {
            uploads: Arc::new(Uploads::new(Arc::clone(&authority))),
            authority,
            counts,
            measures,
            decisions: Arc::default(),
            store,
        }
    }

    /// Uploaded data that are no records.
    pub fn uploads(&self) -> &Arc<Uploads> {
        &self.uploads
    }

    /// Takes everything that the register holds now into the figures of measures.
    ///
    /// # Errors
    /// When a stream cannot be read on.
    pub async fn catch_up(&self) -> Result<(), FollowError> {
        self.measures.catch_up().await
    }

    /// How many cells figures of measures are made of, and how many entries they have taken in.
    pub fn size(&self) -> (usize, u64) {
        let served = self.measures.served();
        served.map_or((0, 0), |served| (served.len(), served.coverage().1))
    }

    /// The counts behind the service.
    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// The release whose library is shown: the one published last.
    fn release(&self) -> Result<Arc<Snapshot>, ApiError> {
        self.authority.view().newest_release().ok_or_else(|| {
            ApiError::new(
                Kind::FailedPrecondition,
                "VN-API-040",
                "no release is published yet",
            )
        })
    }

    /// All rows that answer a reader's question, with the release that decided and what the figures rest on.
    ///
    /// # Errors
    /// When the indicator is not known or not counted from the register, the derivation is not one that readers are
    /// answered from, or the question cannot be answered.
    pub fn ask(
        &self,
        request: &pb::QueryIndicatorRequest,
    ) -> Result<(vardnav_indicators::Answer, Coverage), ApiError> {
        self.ask_of(request, self.choose(&request.derivation, false)?.plan())
    }

    fn ask_of(
        &self,
        request: &pb::QueryIndicatorRequest,
        plan: Option<&DerivationPlan>,
    ) -> Result<(vardnav_indicators::Answer, Coverage), ApiError> {
        let year = i16::try_from(request.year).unwrap_or(0);
        let view = self.authority.view();
        let last = jiff::civil::Date::new(year, 12, 31).ok();
        let planned = last.and_then(|last| view.release(&plan.filter(|plan| plan.covers(last))?.release));
        let release = planned
            .or_else(|| view.release_on(last?))
            .map_or_else(|| self.release(), Ok)?;
        let indicator = entry(&release, &request.indicator)?;
        let (table, grain) = counted(indicator)?;
        let question = question(request, indicator, &release.indicators, &release.description)?;
        of_counted_table(&question, &release, table)?;
        let derivation = plan.map(|plan| plan.id.as_str());
        let query = question.of_table(table, grain);
        self.counts.answer(&query, &release, derivation)
    }

    /// All rows that answer a question, with what is to be known of them. What was acknowledged before the question is
    /// counted, unless that takes too long; coverage says how far the counts have come.
    async fn told(&self, request: &pb::QueryIndicatorRequest, administers: bool) -> Result<Told, ApiError> {
        let choice = self.choose(&request.derivation, administers)?;
        let release = self.release()?;
        let indicator = entry(&release, &request.indicator)?;
        let question = question(request, indicator, &release.indicators, &release.description)?;
        if is_of_counted_table(&question, indicator, &release) {
            return self.counted(request, &choice).await;
        }
        let stated = self.uploads.stated(&question, indicator).await.map_err(|error| {
            tracing::warn!(%error, "an uploaded series cannot be read");
            counts::unread()
        })?;
        match stated {
            Some(stated) if !asks_for_computed(&question, indicator) => {
                Ok(of_series(stated, &question, release))
            }
            stated => {
                let mut told = self.measured(&question, indicator, &choice, &release).await?;
                if let Some(Stated { rows, note }) = stated {
                    told.rows.extend(rows);
                    told.note.sv = format!("{}; {}", told.note.sv, note.sv);
                    told.note.en = format!("{}; {}", told.note.en, note.en);
                }
                Ok(told)
            }
        }
    }

    /// Counts by the values of a table.
    async fn counted(&self, request: &pb::QueryIndicatorRequest, choice: &Choice) -> Result<Told, ApiError> {
        // A stream that cannot be followed is logged where it is followed.
        let _ = tokio::time::timeout(CATCH_UP_MAX, self.counts.catch_up()).await;
        self.read(choice).await?;
        let (answer, coverage) = self.ask_of(request, choice.plan())?;
        let year = i16::try_from(request.year).unwrap_or(0);
        let release = self.authority.view().release(&answer.release);
        Ok(Told {
            rows: answer.rows.iter().map(|row| row_message(row, year)).collect(),
            release: release.map_or_else(|| self.release(), Ok)?,
            coverage: pb::query_indicator_response::Coverage {
                reporters: coverage.reporters,
                entries: coverage.entries,
                behind: 0,
            },
            derivation: choice.plan().map_or(AS_REPORTED, |plan| &plan.id).to_owned(),
            note: answer.coverage,
            by: None,
            year,
        })
    }

    /// Figures that are sums of measures.
    async fn measured(
        &self,
        question: &Question,
        indicator: &Indicator,
        choice: &Choice,
        release: &Arc<Snapshot>,
    ) -> Result<Told, ApiError> {
        // As above.
        let _ = tokio::time::timeout(CATCH_UP_MAX, self.measures.catch_up()).await;
        let projected = self.measures.served().ok_or_else(counts::unread)?;
        let derivation = projected.plan.derivation_id().unwrap_or(AS_REPORTED);
        if let Choice::Other(other) = choice
            && other.id != derivation
        {
            let message = "figures of measures are told of the derivation that readers are answered from";
            return Err(ApiError::field("derivation", message));
        }
        // The definitions that were projected: those of a newer release are told once its projection is built.
        let projected_release = Arc::clone(&projected.plan.release);
        let indicator = match projected_release.id == release.id {
            true => indicator,
            false => entry(&projected_release, &indicator.id)?,
        };
        let behind = self.measures.left().await.unwrap_or_default();
        let (reporters, entries) = projected.coverage();
        let populations = self.uploads.populations().await.map_err(|error| {
            tracing::warn!(%error, "population tables cannot be read");
            counts::unread()
        })?;
        let populations: Vec<Arc<PopulationTable>> =
            populations.into_iter().map(|held| held.content).collect();
        let ground = figures::Ground {
            projected: &projected,
            release: &projected_release,
            frame: counts::frame(&projected_release, question.year),
            today: clock::today(),
            decisions: &self.decisions,
            populations: &populations,
        };
        let rows = figures::answer(question, indicator, &ground)?;
        Ok(Told {
            rows,
            coverage: pb::query_indicator_response::Coverage {
                reporters,
                entries,
                behind,
            },
            derivation: derivation.to_owned(),
            note: Label {
                sv: format!(
                    "{entries} poster från {reporters} uppgiftslämnare, {behind} ej räknade än; vad som saknar uppgift \
                     redovisas som ej avgjort"
                ),
                en: format!(
                    "{entries} entries of {reporters} reporters, {behind} not counted yet; what lacks a fact is told as \
                     undecided"
                ),
            },
            by: question.breakdown.clone(),
            year: question.year,
            release: projected_release,
        })
    }

    /// The derivation that a request names, or else the one that readers are answered from.
    ///
    /// # Errors
    /// When there is none of that id, or it is another and the caller does not administer the register.
    fn choose(&self, asked: &str, administers: bool) -> Result<Choice, ApiError> {
        let view = self.authority.view();
        let derivations = view.state().derivations();
        let active = derivations.active();
        match asked {
            "" => Ok(active.map_or(Choice::AsReported, |active| Choice::Active(active.plan.clone()))),
            AS_REPORTED if active.is_none() || administers => Ok(Choice::AsReported),
            id if active.is_some_and(|active| active.plan.id == id) => self.choose("", administers),
            _ if !administers => Err(ApiError::new(
                Kind::PermissionDenied,
                "VN-API-022",
                format!(
                    "the permission `{ADMINISTER}` is needed for a derivation that readers are not answered from"
                ),
            )),
            id => {
                let known = derivations.standing(id);
                let known = known.ok_or_else(|| ApiError::not_found("the derivation"))?;
                Ok(Choice::Other(known.plan.clone()))
            }
        }
    }

    /// Reads the counts of what was chosen.
    ///
    /// # Errors
    /// When a derivation that readers are not answered from has not caught up, or its counts cannot be read. Readers
    /// are answered from the counts at hand; coverage says how far they have come.
    async fn read(&self, choice: &Choice) -> Result<(), ApiError> {
        let (plan, other) = match choice {
            Choice::AsReported => return Ok(()),
            Choice::Active(plan) => (plan, false),
            Choice::Other(plan) => (plan, true),
        };
        let id = plan.id.as_str();
        let unread = |error: FollowError| {
            tracing::warn!(%error, derivation = %id, "counts cannot be read");
            counts::unread()
        };
        if other {
            let left = self.counts.left_after(id, CATCH_UP_MAX).await.map_err(unread)?;
            if left > 0 {
                let message = format!("the derivation is {left} entries behind; ask again when it follows");
                return Err(ApiError::new(Kind::FailedPrecondition, "VN-API-026", message));
            }
        }
        let read = tokio::time::timeout(CATCH_UP_MAX, self.counts.read_derived(id)).await;
        match read {
            Ok(Err(error)) if other => Err(unread(error)),
            Err(_) if other => Err(counts::unread()),
            Ok(Err(error)) => {
                unread(error);
                Ok(())
            }
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

/// What a question is answered from.
enum Choice {
    /// What the entries hold.
    AsReported,
    /// The derivation that readers are answered from.
    Active(DerivationPlan),
    /// Another one.
    Other(DerivationPlan),
}

impl Choice {
    fn plan(&self) -> Option<&DerivationPlan> {
        match self {
            Self::AsReported => None,
            Self::Active(plan) | Self::Other(plan) => Some(plan),
        }
    }
}

fn entry<'a>(release: &'a Snapshot, id: &str) -> Result<&'a Indicator, ApiError> {
    let mut library = release.indicators.indicators.iter();
    library
        .find(|indicator| indicator.id == id)
        .ok_or_else(|| ApiError::not_found("an indicator with that id"))
}

/// The table and grain that an indicator counts.
fn counted(indicator: &Indicator) -> Result<(&str, Grain), ApiError> {
    match indicator.counted_grain {
        Some(grain) if !indicator.counted_table.is_empty() => Ok((&indicator.counted_table, grain)),
        _ => Err(ApiError::new(
            Kind::FailedPrecondition,
            "VN-API-042",
            "the indicator is described but not counted from the register",
        )),
    }
}

/// What answers a question.
struct Told {
    rows: Vec<pb::query_indicator_response::Row>,
    release: Arc<Snapshot>,
    coverage: pb::query_indicator_response::Coverage,
    derivation: String,
    note: Label,
    /// The breakdown whose values the groups are; `None` for those of the counted table.
    by: Option<String>,
    year: i16,
}

/// Whether a question names a variant that is computed.
fn asks_for_computed(question: &Question, indicator: &Indicator) -> bool {
    let named = |variant: &&Variant| question.variants.contains(&variant.id);
    let mut asked = indicator.variants.iter().filter(named);
    asked.any(|variant| variant.figure.is_computed())
}

/// What is answered from uploaded series alone rests on no entries.
fn of_series(stated: Stated, question: &Question, release: Arc<Snapshot>) -> Told {
    Told {
        rows: stated.rows,
        release,
        coverage: pb::query_indicator_response::Coverage::default(),
        derivation: String::new(),
        note: stated.note,
        by: question.breakdown.clone(),
        year: question.year,
    }
}

/// Whether a question is about counts by the values of the indicator's table. What names a variant, or another breakdown,
/// is answered from its measures.
fn is_of_counted_table(question: &Question, indicator: &Indicator, release: &Snapshot) -> bool {
    counted(indicator).is_ok_and(|(table, _)| {
        question.variants.is_empty() && of_counted_table(question, release, table).is_ok()
    })
}

/// Counts by the values of a table are broken down by those, and by what every figure has.
fn of_counted_table(question: &Question, release: &Snapshot, table: &str) -> Result<(), ApiError> {
    let other = question.breakdown.as_ref().filter(|id| {
        let known = release.indicators.breakdown(id);
        !known.is_some_and(|known| matches!(&known.by, BrokenDownBy::Table(of) if of == table))
    });
    match other {
        Some(id) => {
            let message = format!("figures of it are not broken down by `{id}`");
            Err(ApiError::field("breakdowns", message))
        }
        None => Ok(()),
    }
}

#[tonic::async_trait]
impl IndicatorService for Indicators {
    async fn list_indicators(
        &self,
        request: Request<pb::ListIndicatorsRequest>,
    ) -> Result<Response<pb::ListIndicatorsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let release = self.release()?;
        let mut library: Vec<&Indicator> = release.indicators.indicators.iter().collect();
        library.sort_by(|one, other| one.id.cmp(&other.id));
        let (indicators, next_page_token) = page(
            library.into_iter(),
            |indicator| indicator.id.clone(),
            &request.page_token,
            size,
        );
        let indicators = indicators
            .into_iter()
            .map(|indicator| indicator_message(indicator, &release.indicators))
            .collect();
        Ok(Response::new(pb::ListIndicatorsResponse {
            indicators,
            next_page_token,
        }))
    }

    async fn get_indicator(
        &self,
        request: Request<pb::GetIndicatorRequest>,
    ) -> Result<Response<pb::GetIndicatorResponse>, Status> {
        let release = self.release()?;
        let indicator = indicator_message(entry(&release, &request.into_inner().id)?, &release.indicators);
        Ok(Response::new(pb::GetIndicatorResponse {
            indicator: Some(indicator),
        }))
    }

    async fn query_indicator(
        &self,
        request: Request<pb::QueryIndicatorRequest>,
    ) -> Result<Response<pb::QueryIndicatorResponse>, Status> {
        let administers = caller(&request)?.may(ADMINISTER);
        let request = request.into_inner();
        let size = page_size(request.page_size, ROWS_DEFAULT, ROWS_MAX)?;
        let from = match request.page_token.as_str() {
            "" => 0,
            token => token
                .parse::<usize>()
                .map_err(|_| ApiError::field("page_token", "not a token of an earlier answer"))?,
        };
        let told = self.told(&request, administers).await?;
        let rows: Vec<_> = told.rows.iter().skip(from).take(size).cloned().collect();
        let next = from + rows.len();
        let next_page_token = if next < told.rows.len() {
            next.to_string()
        } else {
            String::new()
        };
        let release = &told.release;
        let indicator = entry(release, &request.indicator)?;
        let last = jiff::civil::Date::new(told.year, 12, 31).unwrap_or(release.from);
        Ok(Response::new(pb::QueryIndicatorResponse {
            indicator: request.indicator,
            release: release.id.clone(),
            names: names::names(&rows, indicator, told.by.as_deref(), release, last),
            rows,
            next_page_token,
            coverage: Some(told.coverage),
            derivation: told.derivation,
            completeness: Some(label_message(&told.note)),
            unit: Some(label_message(&indicator.unit)),
            method: indicator.interval.name().to_owned(),
            method_version: indicator.method_version.clone(),
            min_count: release.indicators.disclosure.min_count,
        }))
    }

    async fn upload_series(
        &self,
        request: Request<Streaming<pb::UploadSeriesRequest>>,
    ) -> Result<Response<pb::UploadSeriesResponse>, Status> {
        let caller = caller(&request)?;
        let answer = self.uploads.receive(&caller, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn list_uploads(
        &self,
        request: Request<pb::ListUploadsRequest>,
    ) -> Result<Response<pb::ListUploadsResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.uploads.list(&caller, request.get_ref())?))
    }

    async fn get_upload(
        &self,
        request: Request<pb::GetUploadRequest>,
    ) -> Result<Response<pb::GetUploadResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.uploads.history(&caller, request.get_ref())?))
    }

    type DownloadUploadStream = BoxedStream<pb::DownloadUploadResponse>;

    async fn download_upload(
        &self,
        request: Request<pb::DownloadUploadRequest>,
    ) -> Result<Response<Self::DownloadUploadStream>, Status> {
        let caller = caller(&request)?;
        let pieces = self.uploads.download(&self.store, &caller, request.get_ref());
        let pieces = pieces.await?.into_iter().map(Ok);
        Ok(Response::new(Box::pin(tokio_stream::iter(pieces))))
    }

    async fn withdraw_upload(
        &self,
        request: Request<pb::WithdrawUploadRequest>,
    ) -> Result<Response<pb::WithdrawUploadResponse>, Status> {
        let caller = caller(&request)?;
        let answer = self.uploads.withdrawn(&caller, request.get_ref()).await?;
        Ok(Response::new(answer))
    }
}
