//! Indicators: building the figures of a register from its ledger, taking in what is reported then, answers over gRPC when
//! what may be shown has to be decided first and when it was, and what cells take; and the same asked of exported files.

mod beside;

use std::path::Path;
use std::time::Instant;

use vardnav_api::vardnav::indicators::v1 as pb;

use super::reclassification::fill;
use super::report::{lanes, send};
use super::{Budget, Figure, grpc};
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::server::Node;

/// Records reported once the figures are built.
const FURTHER: usize = 20_000;
/// How often each question is asked when it was answered before.
const ASKED: usize = 40;
/// Questions: indicator and breakdowns.
const QUESTIONS: [(&str, &[&str]); 8] = [
    ("core-02", &[]),
    ("core-02", &["region", "sex"]),
    ("core-02", &["kommun"]),
    ("core-02", &["region", "month"]),
    ("contacts-by-group", &["contact-mode", "region"]),
    ("reach-by-group", &["group", "region", "age-group"]),
    ("movements-between-forms", &["form", "sex"]),
    ("hospital-at-home-round-the-clock", &["region"]),
];

/// Measures with `count` records; beside DuckDB when there is a Python that has it.
pub(crate) async fn measure(count: u64, duckdb: Option<&Path>) -> Outcome<Vec<Figure>> {
    let place = tempfile::tempdir()?;
    let node = Node::open(place.path()).await?;
    node.know_sample().await?;
    drop(node);
    let filled = fill(place.path(), usize::try_from(count).map_err(Failure::failed)?).await?;
    let node = Node::open(place.path()).await?;
    let before = resident();
    let began = Instant::now();
    node.indicators.catch_up().await.map_err(Failure::failed)?;
    let built = began.elapsed().as_secs_f64();
    let (cells, entries) = node.indicators.size();
    if entries < filled {
        return Err(Failure::Failed("not everything was taken in".into()));
    }
    let grown = resident() - before;

    let (client, _) = grpc::serve(&node).await?;
    let sent = send(std::slice::from_ref(&client), &lanes(FURTHER)).await?;
    let began = Instant::now();
    node.indicators.catch_up().await.map_err(Failure::failed)?;
    let followed = sent.seconds + began.elapsed().as_secs_f64();

    let mut first = Vec::new();
    for question in QUESTIONS {
        first.push(ask(&client, question, 0).await?);
    }
    let mut again = Vec::new();
    for _ in 0..ASKED {
        for question in QUESTIONS {
            again.push(ask(&client, question, 0).await?);
        }
    }
    let besides = match duckdb {
        Some(python) => compared(python, &client).await?,
        None => Vec::new(),
    };
    let figure = |name: &str, value, unit, budget| Figure {
        name: name.into(),
        value,
        unit,
        baseline: None,
        budget,
    };
    let (entries, cells) = (filled as f64, cells as f64);
    let mut figures = vec![
        figure(
            "figures built from the ledger",
            entries / built,
            "records/s",
            None,
        ),
        figure(
            "records reported and taken into figures",
            FURTHER as f64 / followed,
            "records/s",
            None,
        ),
        figure("query decided first, p50", percentile(&mut first, 50), "ms", None),
        figure(
            "query decided first, slowest",
            percentile(&mut first, 100),
            "ms",
            None,
        ),
        figure("query p50", percentile(&mut again, 50), "ms", None),
        figure(
            "query p99",
            percentile(&mut again, 99),
            "ms",
            Some(Budget::AtMost(20.0)),
        ),
        figure("cells", cells, "cells", None),
        figure("cells a record", cells / entries, "cells", None),
        figure("memory while built", grown, "MB", None),
    ];
    figures.extend(besides);
    Ok(figures)
}

/// One question of one month, beside DuckDB over the exported files of that month.
async fn compared(python: &Path, client: &Client) -> Outcome<Vec<Figure>> {
    let beside = beside::ask(python, client).await?;
    let mut own = Vec::new();
    for _ in 0..ASKED {
        own.push(ask(client, ("core-02", &["region", "sex"]), beside::MONTH_OF_YEAR).await?);
    }
    let figure = |name: &str, percent, baseline| Figure {
        name: format!("{name}, {} care requests of a month", beside.records),
        value: percentile(&mut own.clone(), percent),
        unit: "ms",
        baseline: Some(("DuckDB over the exported files", baseline)),
        budget: None,
    };
    Ok(vec![
        figure("query p50", 50, beside.p50),
        figure("query p99", 99, beside.p99),
    ])
}

/// Milliseconds until a question of a month is answered, or of the year where that is 0.
async fn ask(client: &Client, (indicator, breakdowns): (&str, &[&str]), month: i32) -> Outcome<f64> {
    let request = pb::QueryIndicatorRequest {
        indicator: indicator.to_owned(),
        year: 2026,
        month,
        breakdowns: breakdowns.iter().map(|id| (*id).to_owned()).collect(),
        page_size: 10_000,
        ..Default::default()
    };
    let began = Instant::now();
    let answer = client.indicators().query_indicator(request).await?.into_inner();
    let took = began.elapsed().as_secs_f64() * 1000.0;
    match answer.rows.is_empty() {
        true => Err(Failure::Failed(format!("{indicator} has no rows"))),
        false => Ok(took),
    }
}

fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(at).copied().unwrap_or_default()
}

/// Megabytes of this process that lie in memory; 0 where the system does not tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
