//! The public web pages: figures as accessible tables and as files. Server-rendered; every page works without its
//! script, and its address is its state.
//!
//! They show what a [`Source`] gives and decide nothing; they know neither the store nor gRPC. Everything that came
//! from a release or a reporter is escaped.

mod about;
mod address;
mod analysis;
mod answer;
mod assets;
mod changes;
mod chart;
mod classifier;
mod files;
mod frame;
pub mod quality;
mod terms;
mod typography;
mod work;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::civil::Date;
use tokio::net::TcpListener;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::Label;
use vardnav_indicators::Figure;
use vardnav_indicators::answer::{Answered, Question};
use vardnav_release::authority::Draft;
use vardnav_release::diff::Change;
use vardnav_release::{Digest, Snapshot};

use crate::address::Address;
use crate::quality::{Asker, Coverage, Credential, Quality, Refused, SignedIn};
use crate::work::{Undone, Work};

/// The longest form that is read.
const FORM_BYTES_MAX: usize = 4 * 1024;

/// Where the page gets what it shows.
pub trait Source: Send + Sync + 'static {
    /// What to show for a calendar year, or for the latest one that has figures.
    fn overview(&self, year: Option<i16>) -> Overview;

    /// The figures that answer a question about an indicator, as they are at hand.
    ///
    /// # Errors
    /// When the indicator has none of that kind, or they cannot be had now.
    fn figures(&self, indicator: &str, question: &Question) -> Result<Answered, Refusal>;

    /// The calendar years that a way of counting an indicator has figures of, rising.
    fn years(&self, indicator: &str, variant: &str) -> Vec<i16>;

    /// The date of today.
    fn today(&self) -> Date;

    /// The published releases, in the order of publication.
    fn releases(&self) -> Vec<Arc<Snapshot>>;

    /// The release in force on a date of care.
    fn release_on(&self, date: Date) -> Option<Arc<Snapshot>>;

    /// The tables of a release under variants of unsettled points, as `U4:name`, in place of those it takes; `None`
    /// when it does not have them.
    fn under(&self, release: &Snapshot, variants: &[String]) -> Option<Arc<DescriptionSystem>>;

    /// The drafts that went out for comments and are not published; the one that went out last comes first.
    fn referrals(&self) -> Vec<Draft> {
        Vec::new()
    }

    /// What differs from one kept content of a release or draft to another; `None` when one of them cannot be read.
    fn differences(&self, _old: Digest, _new: Digest) -> Option<Arc<Vec<Change>>> {
        None
    }

    /// The content of a draft, compiled; `None` when it cannot be read or has faults.
    fn proposed(&self, _content: Digest) -> Option<Arc<Snapshot>> {
        None
    }

    /// Who is known by a credential, by what gRPC knows callers by.
    ///
    /// # Errors
    /// When nobody is.
    fn signed_in(&self, _credential: &Credential) -> Result<SignedIn, Refused> {
        Err(Refused::Unknown)
    }

    /// What there is of a reporter, for the months up to `until`, as `2026-09`, or up to the last whole month.
    ///
    /// # Errors
    /// When whoever asks may not see it, it does not exist, or cannot be told just now.
    fn quality(
        &self,
        _credential: &Credential,
        _reporter: &str,
        _until: Option<&str>,
    ) -> Result<Quality, Refused> {
        Err(Refused::Unknown)
    }

    /// Whether those who are to report did, for anybody to see; nothing of what they reported.
    fn coverage(&self) -> Arc<Coverage> {
        Arc::default()
    }

    /// Metrics in the text format of Prometheus.
    fn metrics(&self) -> String {
        String::new()
    }
}

/// Why a question about an indicator has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// Stable code of the error; empty for none.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// Counts by the values of tables, in a year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// The release in force.
    pub release: Option<Release>,
    /// The calendar year shown.
    pub year: i16,
    /// Years that can be shown, rising.
    pub years: Vec<i16>,
    /// Tables of figures.
    pub tables: Vec<Table>,
    /// What the figures rest on.
    pub coverage: Label,
    /// A count that is shown is 0 or at least this.
    pub min_count: u32,
}

/// A release, as the page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Id.
    pub id: String,
    /// Name.
    pub title: Label,
    /// First date of care it applies to.
    pub from: Date,
}

/// Figures of one indicator: groups across, places down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Id of the indicator; also the name of its files.
    pub id: String,
    /// Name of the indicator.
    pub title: Label,
    /// What is counted.
    pub definition: Label,
    /// The groups.
    pub columns: Vec<Column>,
    /// The country first, then regions.
    pub rows: Vec<Row>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Code.
    pub code: String,
    /// Name.
    pub label: Label,
}

/// A place with a figure for each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// SCB code; empty for the country.
    pub code: String,
    /// Name.
    pub name: Label,
    /// One figure a column.
    pub figures: Vec<Figure>,
}

/// What the pages are made from, shared by all requests.
#[derive(Clone)]
struct Pages {
    source: Arc<dyn Source>,
    work: Arc<Work>,
}

impl Pages {
    /// A page or file that is made from the source, away from the threads that serve; another page where that fails.
    async fn make(
        &self,
        address: Address,
        make: impl FnOnce(&dyn Source, &Address) -> Response + Send + 'static,
    ) -> Response {
        let (source, asked) = (Arc::clone(&self.source), address.clone());
        match self.work.run(move || make(source.as_ref(), &asked)).await {
            Ok(response) => response,
            Err(Undone::Failed) => {
                answer::page_with(StatusCode::INTERNAL_SERVER_ERROR, frame::failed(&address))
            }
            Err(Undone::Busy) => answer::page_with(StatusCode::SERVICE_UNAVAILABLE, frame::busy(&address)),
        }
    }
}

/// The routes of the pages.
pub fn router(source: Arc<dyn Source>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/figures/{file}", get(figures))
        .route("/indikatorer", get(indicator_library))
        .route("/indikatorer/{id}", get(indicator))
        .route("/indikatorer/{id}/{file}", get(indicator_file))
        .route("/plats", get(find_place))
        .route("/kommun/{code}", get(kommun))
        .route("/region/{code}", get(region))
        .route("/jamfor", get(compare))
        .route("/jamfor.csv", get(compare_csv))
        .route("/jamfor.json", get(compare_json))
        .route("/begrepp", get(term_search))
        .route("/begrepp/{system}", get(term_system))
        .route("/begrepp/{system}/{code}", get(term_concept))
        .route("/begrepp-diagram/{system}/{id}", get(term_diagram))
        .route("/andringar", get(release_changes))
        .route("/remisser/{id}", get(referral))
        .route("/klassificera", get(classify))
        .route("/beslutstabeller", get(decision_tables))
        .route("/beslutstabeller/{id}", get(decision_table))
        .route("/kvalitet", get(quality_start))
        .route("/kvalitet/rapportorer", get(quality_reporters))
        .route("/kvalitet/rapportorer/{id}", get(quality_reporter))
        .route("/kvalitet/inloggning", post(sign_in))
        .route("/kvalitet/utloggning", post(sign_out))
        .route("/om", get(about))
        .route("/static/{file}", get(asset))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(answer::finish))
        .with_state(Pages {
            source,
            work: Arc::default(),
        })
}

/// Serves the page until `stop` resolves; requests under way are finished.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn Source>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(source))
        .with_graceful_shutdown(stop)
        .await
}

async fn start(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, analysis::start::page).await
}

async fn find_place(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, analysis::place::find).await
}

async fn kommun(State(pages): State<Pages>, Path(code): Path<String>, address: Address) -> Response {
    let make = move |source: &dyn Source, address: &Address| analysis::place::kommun(source, address, &code);
    pages.make(address, make).await
}

async fn region(State(pages): State<Pages>, Path(code): Path<String>, address: Address) -> Response {
    let make = move |source: &dyn Source, address: &Address| analysis::place::region(source, address, &code);
    pages.make(address, make).await
}

async fn compare(State(pages): State<Pages>, address: Address) -> Response {
    let make = |source: &dyn Source, address: &Address| analysis::place::compare(source, address, None);
    pages.make(address, make).await
}

async fn compare_csv(State(pages): State<Pages>, address: Address) -> Response {
    let make =
        |source: &dyn Source, address: &Address| analysis::place::compare(source, address, Some("csv"));
    pages.make(address, make).await
}

async fn compare_json(State(pages): State<Pages>, address: Address) -> Response {
    let make =
        |source: &dyn Source, address: &Address| analysis::place::compare(source, address, Some("json"));
    pages.make(address, make).await
}

async fn figures(State(pages): State<Pages>, Path(file): Path<String>, address: Address) -> Response {
    let make = move |source: &dyn Source, address: &Address| {
        let overview = source.overview(address.year());
        let named = |ending: &str| {
            let id = file.strip_suffix(ending)?;
            overview.tables.iter().find(|table| table.id == id)
        };
        if let Some(table) = named(".csv") {
            answer::body("text/csv; charset=utf-8", files::csv(&overview, table))
        } else if let Some(table) = named(".json") {
            answer::body("application/json", files::json(&overview, table))
        } else {
            missing(address)
        }
    };
    pages.make(address, make).await
}

async fn indicator_library(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, analysis::library::start).await
}

async fn indicator(State(pages): State<Pages>, Path(id): Path<String>, address: Address) -> Response {
    pages
        .make(address, move |source, address| {
            analysis::library::indicator(source, address, &id)
        })
        .await
}

async fn indicator_file(
    State(pages): State<Pages>,
    Path((id, file)): Path<(String, String)>,
    address: Address,
) -> Response {
    pages
        .make(address, move |source, address| {
            analysis::library::file(source, address, &id, &file)
        })
        .await
}

async fn term_search(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, terms::start).await
}

async fn term_system(State(pages): State<Pages>, Path(system): Path<String>, address: Address) -> Response {
    pages
        .make(address, move |source, address| {
            terms::system(source, address, &system)
        })
        .await
}

async fn term_concept(
    State(pages): State<Pages>,
    Path((system, code)): Path<(String, String)>,
    address: Address,
) -> Response {
    pages
        .make(address, move |source, address| {
            terms::concept(source, address, &system, &code)
        })
        .await
}

async fn term_diagram(
    State(pages): State<Pages>,
    Path((system, id)): Path<(String, String)>,
    address: Address,
) -> Response {
    pages
        .make(address, move |source, address| {
            terms::diagram(source, address, &system, &id)
        })
        .await
}

async fn release_changes(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, changes::start).await
}

async fn referral(State(pages): State<Pages>, Path(id): Path<String>, address: Address) -> Response {
    pages
        .make(address, move |source, address| {
            changes::draft(source, address, &id)
        })
        .await
}

async fn classify(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, classifier::start).await
}

async fn decision_tables(State(pages): State<Pages>, address: Address) -> Response {
    pages.make(address, classifier::tables).await
}

async fn decision_table(State(pages): State<Pages>, Path(id): Path<String>, address: Address) -> Response {
    pages
        .make(address, move |source, address| {
            classifier::table(source, address, &id)
        })
        .await
}

async fn quality_start(State(pages): State<Pages>, address: Address, asker: Asker) -> Response {
    pages
        .make(address, move |source, address| {
            quality::start(source, address, &asker)
        })
        .await
}

async fn quality_reporters(State(pages): State<Pages>, address: Address, asker: Asker) -> Response {
    pages
        .make(address, move |source, address| {
            quality::reporters(source, address, &asker)
        })
        .await
}

async fn quality_reporter(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    address: Address,
    asker: Asker,
) -> Response {
    pages
        .make(address, move |source, address| {
            quality::reporter(source, address, &asker, &id)
        })
        .await
}

async fn sign_in(State(pages): State<Pages>, address: Address, headers: HeaderMap, form: Bytes) -> Response {
    pages
        .make(address, move |source, address| {
            quality::sign_in(source, address, &headers, &form)
        })
        .await
}

async fn sign_out(State(pages): State<Pages>, address: Address, headers: HeaderMap) -> Response {
    pages
        .make(address, move |source, address| {
            quality::sign_out(source, address, &headers)
        })
        .await
}

async fn about(State(pages): State<Pages>, address: Address) -> Response {
    let make = |source: &dyn Source, address: &Address| {
        answer::page(about::about(&source.overview(address.year()), address))
    };
    pages.make(address, make).await
}

async fn asset(Path(file): Path<String>, address: Address) -> Response {
    match assets::named(&file) {
        Some(asset) => answer::kept(asset.content_type, asset.content),
        None => missing(&address),
    }
}

async fn metrics(State(pages): State<Pages>, address: Address) -> Response {
    let make = |source: &dyn Source, _: &Address| {
        answer::body("text/plain; version=0.0.4; charset=utf-8", source.metrics())
    };
    pages.make(address, make).await
}

async fn not_found(address: Address) -> Response {
    missing(&address)
}

fn missing(address: &Address) -> Response {
    answer::page_with(StatusCode::NOT_FOUND, frame::missing(address))
}

#[cfg(test)]
mod tests;
