//! The public web page: what Vårdnav is, the release in force, counts by group and region as an accessible table,
//! and the same figures as files. Server-rendered, without scripts.
//!
//! It shows what a [`Source`] gives and decides nothing; it knows neither the store nor gRPC.

mod files;
mod page;
mod style;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;
use tokio::net::TcpListener;
use vardnav_classification::model::Label;
use vardnav_indicators::Figure;

/// Where the page gets what it shows.
pub trait Source: Send + Sync + 'static {
    /// What to show for a calendar year, or for the latest one that has figures.
    fn overview(&self, year: Option<i16>) -> Overview;

    /// Metrics in the text format of Prometheus.
    fn metrics(&self) -> String {
        String::new()
    }
}

/// Everything on the page.
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

/// The languages of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Swedish,
    English,
}

impl Language {
    fn of(self, label: &Label) -> &str {
        match self {
            Self::English if !label.en.is_empty() => &label.en,
            _ => &label.sv,
        }
    }

    fn pick(self, sv: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Swedish => sv,
            Self::English => en,
        }
    }
}

/// The state of a page, as its address says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address {
    language: Language,
    year: Option<i16>,
}

impl Address {
    fn of(query: &[(String, String)]) -> Self {
        let value = |key: &str| {
            query
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
        };
        Self {
            language: if value("lang") == Some("en") {
                Language::English
            } else {
                Language::Swedish
            },
            year: value("year").and_then(|year| year.parse().ok()),
        }
    }
}

type Shared = Arc<dyn Source>;
type Parameters = Query<Vec<(String, String)>>;

/// The routes of the page.
pub fn router(source: Arc<dyn Source>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/figures/{file}", get(figures))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .fallback(not_found)
        .with_state(source)
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

async fn start(State(source): State<Shared>, Query(query): Parameters) -> Response {
    let address = Address::of(&query);
    let overview = source.overview(address.year);
    answer(
        "text/html; charset=utf-8",
        page::start(&overview, address.language).into_string(),
    )
}

async fn figures(
    State(source): State<Shared>,
    Path(file): Path<String>,
    Query(query): Parameters,
) -> Response {
    let address = Address::of(&query);
    let overview = source.overview(address.year);
    let named = |ending: &str| {
        let id = file.strip_suffix(ending)?;
        overview.tables.iter().find(|table| table.id == id)
    };
    if let Some(table) = named(".csv") {
        answer("text/csv; charset=utf-8", files::csv(&overview, table))
    } else if let Some(table) = named(".json") {
        answer("application/json", files::json(&overview, table))
    } else {
        missing(address.language)
    }
}

async fn metrics(State(source): State<Shared>) -> Response {
    answer("text/plain; version=0.0.4; charset=utf-8", source.metrics())
}

async fn not_found(Query(query): Parameters) -> Response {
    missing(Address::of(&query).language)
}

fn missing(language: Language) -> Response {
    let mut response = answer("text/html; charset=utf-8", page::missing(language).into_string());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// A body with its type and the headers that keep a page to itself.
fn answer(content_type: &'static str, body: String) -> Response {
    let mut headers = HeaderMap::new();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; \
                  frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (headers, body).into_response()
}

#[cfg(test)]
mod tests;
