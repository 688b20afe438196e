//! `vardnav indicator`: the library, and figures with what is to be known of them.

mod published;
mod report;
mod shown;

use std::fs::File;
use std::io::Write as _;

use serde_json::{Value, json};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_interchange::figures::{self, Figures};

use crate::cli::indicator::{FileFormat, Indicator, Query};
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Rows asked for at a time.
const PAGE: i32 = 10_000;

/// What a query gives: the rows, and all else as the first page tells it, with the names of all pages.
pub(crate) struct Told {
    /// The answer without its rows.
    pub(crate) answer: pb::QueryIndicatorResponse,
    /// All rows.
    pub(crate) rows: Vec<pb::query_indicator_response::Row>,
}

/// Runs the command.
pub(crate) async fn run(command: Indicator, client: &Client, format: Format) -> Outcome {
    match command {
        Indicator::List => {
            let rows: Vec<Value> = library(client).await?.iter().map(shown::entry).collect();
            output::rows(format, &["id", "core_number", "name", "feed", "source"], &rows)
        }
        Indicator::Upload(upload) => super::upload::run(*upload, client, format).await,
        Indicator::Uploads { kind } => super::upload::list(kind, client, format).await,
        Indicator::Show { id } => {
            let indicator = get(client, &id).await?;
            match format {
                Format::Table => shown::show(&indicator),
                _ => output::one(format, &shown::entry(&indicator)),
            }
        }
        Indicator::Query(query) => queried(*query, client, format).await,
        Indicator::Publish(publish) => published::publish(*publish, client, format).await,
        Indicator::Publications { year } => published::list(year, client, format).await,
        Indicator::Publication(asked) => published::show(*asked, client, format).await,
        Indicator::Report(report) => report::run(*report, client).await,
    }
}

async fn queried(query: Query, client: &Client, format: Format) -> Outcome {
    let language = shown::language(query.language);
    let request = pb::QueryIndicatorRequest {
        indicator: query.id,
        year: query.year,
        month: query.month,
        groups: query.group,
        place: query.place,
        sex: query.sex,
        age_group: query.age_group,
        breakdowns: query.by,
        page_size: PAGE,
        page_token: String::new(),
        derivation: query.derivation,
        variants: query
            .variant
            .into_iter()
            .map(|variant| if variant == "all" { "*".to_owned() } else { variant })
            .collect(),
    };
    let told = ask(client, request).await?;
    match query.format {
        None => {
            let rows: Vec<Value> = told
                .rows
                .iter()
                .map(|row| shown::figure(row, &told, language))
                .collect();
            match format {
                Format::Table => shown::table(&told, language)?,
                _ => output::rows(format, shown::COLUMNS, &rows)?,
            }
        }
        Some(as_file) => {
            let indicator = get(client, &told.answer.indicator).await?;
            write(&shown::figures(&told, &indicator), as_file, language, query.to)?;
        }
    }
    let coverage = told.answer.coverage.unwrap_or_default();
    output::say(format_args!(
        "{} entries of {} reporters counted",
        coverage.entries, coverage.reporters
    ));
    if coverage.behind > 0 {
        output::say(format_args!("{} entries are not counted yet", coverage.behind));
    }
    Ok(())
}

/// Writes figures as a file, or to stdout.
fn write(
    figures: &Figures,
    format: FileFormat,
    language: figures::Language,
    to: Option<std::path::PathBuf>,
) -> Outcome {
    let bytes = match format {
        FileFormat::Csv => figures::csv(figures, language).map_err(Failure::failed)?,
        FileFormat::JsonStat => {
            let document = figures::json_stat(figures, language).map_err(Failure::failed)?;
            let mut bytes = serde_json::to_vec_pretty(&document).map_err(Failure::failed)?;
            bytes.push(b'\n');
            bytes
        }
        FileFormat::Parquet => figures::parquet(figures, Vec::new()).map_err(Failure::failed)?,
    };
    match to {
        Some(path) => {
            let mut file = File::create(&path)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            output::say(format_args!(
                "{} figures in {}",
                figures.rows.len(),
                path.display()
            ));
            Ok(())
        }
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes)?;
            Ok(out.flush()?)
        }
    }
}

/// The whole library.
pub(crate) async fn library(client: &Client) -> Outcome<Vec<pb::Indicator>> {
    let mut request = pb::ListIndicatorsRequest {
        page_size: 1000,
        page_token: String::new(),
    };
    let mut indicators = Vec::new();
    loop {
        let page = client
            .indicators()
            .list_indicators(request.clone())
            .await?
            .into_inner();
        indicators.extend(page.indicators);
        if page.next_page_token.is_empty() {
            return Ok(indicators);
        }
        request.page_token = page.next_page_token;
    }
}

async fn get(client: &Client, id: &str) -> Outcome<pb::Indicator> {
    let request = pb::GetIndicatorRequest { id: id.to_owned() };
    let answer = client.indicators().get_indicator(request).await?.into_inner();
    Ok(answer.indicator.unwrap_or_default())
}

/// All rows of a query.
pub(crate) async fn ask(client: &Client, mut request: pb::QueryIndicatorRequest) -> Outcome<Told> {
    let mut told: Option<Told> = None;
    loop {
        let mut page = client
            .indicators()
            .query_indicator(request.clone())
            .await?
            .into_inner();
        let (rows, next) = (
            std::mem::take(&mut page.rows),
            std::mem::take(&mut page.next_page_token),
        );
        let told = match &mut told {
            Some(told) => {
                told.rows.extend(rows);
                told.answer.names.extend(page.names);
                told
            }
            None => told.insert(Told { answer: page, rows }),
        };
        if next.is_empty() {
            return Ok(Told {
                answer: std::mem::take(&mut told.answer),
                rows: std::mem::take(&mut told.rows),
            });
        }
        request.page_token = next;
    }
}

/// All rows of a query as values, and what they rest on.
pub(crate) async fn query(
    client: &Client,
    request: pb::QueryIndicatorRequest,
) -> Outcome<(Vec<Value>, pb::query_indicator_response::Coverage)> {
    let told = ask(client, request).await?;
    let rows = told.rows.iter().map(|row| {
        json!({
            "group": row.group, "place": row.place, "sex": row.sex, "age_group": row.age_group,
            "month": row.month, "count": row.count, "suppressed": row.suppressed,
            "numerator": row.numerator, "denominator": row.denominator, "value": row.value,
            "low": row.low, "high": row.high, "marks": row.marks,
        })
    });
    Ok((rows.collect(), told.answer.coverage.unwrap_or_default()))
}
