//! `vardnav admin store check`: the store of a server, of a folder that no server holds, or in a database.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::admin::v1::check_store_response::Told as ToldMessage;
use vardnav_store::check::{Summary, Told};
use vardnav_store::postgres::{self, Postgres};
use vardnav_store::{Embedded, Options};

use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::place;

const COLUMNS: &[&str] = &[
    "code", "file", "offset", "stream", "position", "lost", "message", "remedy",
];

/// Checks the store of a server.
pub(crate) async fn of_server(client: &Client, format: Format) -> Outcome {
    let mut told = client
        .admin()
        .check_store(pb::CheckStoreRequest {})
        .await?
        .into_inner();
    let bar = bar();
    let mut findings = Vec::new();
    let mut summary = None;
    while let Some(message) = told.message().await? {
        match message.told {
            Some(ToldMessage::Finding(finding)) => findings.push(row(&finding)),
            Some(ToldMessage::Progress(progress)) => {
                show(&bar, &progress.step, progress.done, progress.total)
            }
            Some(ToldMessage::Summary(told)) => summary = Some(told),
            None => {}
        }
    }
    bar.finish_and_clear();
    let summary = summary.ok_or_else(|| Failure::Failed("the check ended before its summary".to_owned()))?;
    conclude(&findings, &summary, format)
}

/// Checks the store of a node's folder.
pub(crate) async fn in_place(folder: &Path, format: Format) -> Outcome {
    let place = place::store_folder(folder);
    let checked = tokio::task::spawn_blocking(move || {
        let bar = bar();
        let mut findings = Vec::new();
        let store = Embedded::open(&place, Options::default())
            .map_err(|error| Failure::Failed(format!("the store cannot be opened: {error}")))?;
        let summary = store.check(&mut |told| keep(told, &bar, &mut findings));
        bar.finish_and_clear();
        let summary = summary.map_err(Failure::failed)?;
        let summary = of(&summary);
        Ok::<_, Failure>((findings, summary))
    });
    let (findings, summary) = checked.await.map_err(Failure::failed)??;
    conclude(&findings, &summary, format)
}

/// Checks the store in a database, beside its servers.
pub(crate) async fn of_database(url: &str, format: Format) -> Outcome {
    let opened = Postgres::open(url, postgres::Options::default()).await;
    let store = opened.map_err(place::cannot)?;
    let bar = bar();
    let mut findings = Vec::new();
    let summary = store.check(&mut |told| keep(told, &bar, &mut findings)).await;
    bar.finish_and_clear();
    let summary = summary.map_err(|error| Failure::Unreachable(error.to_string()))?;
    conclude(&findings, &of(&summary), format)
}

/// Keeps a finding, shows progress; goes on.
fn keep(told: Told, bar: &ProgressBar, findings: &mut Vec<Value>) -> bool {
    match told {
        Told::Finding(finding) => findings.push(json!({
            "code": finding.code,
            "file": finding.file,
            "offset": finding.offset,
            "stream": finding.stream.as_ref().map(ToString::to_string),
            "position": finding.position,
            "lost": finding.lost,
            "remedy": finding.remedy(),
            "message": finding.message,
        })),
        Told::Progress { step, done, total } => show(bar, step, done, total),
    }
    true
}

fn of(summary: &Summary) -> pb::StoreSummary {
    pb::StoreSummary {
        streams: summary.streams,
        frames: summary.frames,
        rows: summary.rows,
        log_bytes: summary.log_bytes,
        blobs: summary.blobs,
        cursors: summary.cursors,
        findings: summary.findings,
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {msg} {human_pos} of {human_len}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, step: &str, done: u64, total: u64) {
    bar.set_length(total);
    bar.set_position(done);
    bar.set_message(step.to_owned());
}

/// Shows what was found, and says what was held against each other.
fn conclude(findings: &[Value], summary: &pb::StoreSummary, format: Format) -> Outcome {
    if !findings.is_empty() || !matches!(format, Format::Table) {
        output::rows(format, COLUMNS, findings)?;
    }
    output::say(format_args!(
        "{} rows in {} frames of {} streams, {} bytes, {} blobs, {} cursors: {} findings",
        summary.rows,
        summary.frames,
        summary.streams,
        summary.log_bytes,
        summary.blobs,
        summary.cursors,
        summary.findings
    ));
    match summary.findings {
        0 => Ok(()),
        found => Err(Failure::Findings(format!("{found} findings in the store"))),
    }
}

fn row(finding: &pb::StoreFinding) -> Value {
    let text = |text: &str| match text {
        "" => Value::Null,
        text => json!(text),
    };
    json!({
        "code": finding.code,
        "file": finding.file,
        "offset": finding.offset,
        "stream": text(&finding.stream),
        "position": finding.position,
        "lost": finding.lost,
        "message": finding.message,
        "remedy": finding.remedy,
    })
}
