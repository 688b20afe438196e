//! Indicators as a gRPC service: the library of the release in force, counts by group and figures of measures that follow
//! the reporters' streams. What is counted and what may be shown is decided in `vardnav_indicators`; this crate reads the
//! ledger, keeps what follows from it, and answers.

mod answers;
mod cells;
mod counts;
mod disclose;
mod figures;
mod measures;
mod names;
mod publications;
mod statements;
mod uploads;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::{label_message, page, page_size};
use vardnav_api::indicators::{coverage_message, indicator_message, question, row_message};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::indicator_service_server::IndicatorService;
use vardnav_indicators::definition::Indicator;
use vardnav_runtime::gate::caller;
use vardnav_store::{Authority, Store};

use answers::entry;
use disclose::Decisions;
use measures::Measures;

pub use counts::{Counts, Coverage, FollowError, PROJECTION};
pub use measures::PREFIX as MEASURES;
pub use publications::{Made, Publications, Wish};
pub use uploads::{Put, Stated, Uploads};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
const ROWS_DEFAULT: usize = 1000;
const ROWS_MAX: usize = 10_000;

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
        let uploads = Arc::new(Uploads::new(Arc::clone(&authority)));
        tokio::spawn(uploads::follow(Arc::downgrade(&uploads)));
        let measures = Measures::new(Arc::clone(&store), Arc::clone(&authority), Arc::clone(&uploads));
        let measures = Arc::new(measures);
        tokio::spawn(measures::follow(Arc::downgrade(&measures)));
        Self {
            uploads,
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
        let choice = self.choose(&request.derivation, administers)?;
        let question = {
            let release = self.release()?;
            let indicator = entry(&release, &request.indicator)?;
            question(&request, indicator, &release.indicators, &release.description)?
        };
        self.catch_up_for(&request.indicator, &question, &choice).await?;
        let told = self.told(&request.indicator, &question, &choice)?;
        let rows: Vec<_> = told.rows.iter().skip(from).take(size).map(row_message).collect();
        let next = from + rows.len();
        let next_page_token = if next < told.rows.len() {
            next.to_string()
        } else {
            String::new()
        };
        let followed = self.authority.view().release(&told.release);
        let release = followed.map_or_else(|| self.release(), Ok)?;
        let indicator = entry(&release, &request.indicator)?;
        let last = jiff::civil::Date::new(told.year, 12, 31).unwrap_or(release.from);
        Ok(Response::new(pb::QueryIndicatorResponse {
            indicator: request.indicator,
            names: names::names(&rows, indicator, &told.groups, &release, last),
            release: told.release,
            rows,
            next_page_token,
            coverage: Some(coverage_message(told.coverage)),
            derivation: told.derivation,
            completeness: Some(label_message(&told.note)),
            unit: Some(label_message(&told.unit)),
            method: told.method.name().to_owned(),
            method_version: told.method_version,
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
