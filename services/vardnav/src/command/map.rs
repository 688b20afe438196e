//! `vardnav register map`: maps from a reporter's own codes to facts.

use std::path::Path;

use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::r#type::v1::{FileChunk, Severity};

use crate::cli;
use crate::client::Client;
use crate::command::{date, date_text, finding_row, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

const COLUMNS: [&str; 6] = ["reporter", "url", "version", "from", "rows", "title"];

/// Runs the command.
pub(crate) async fn run(command: cli::Map, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Map::Put {
            file,
            reporter,
            from,
            dry_run,
        } => put(&file, reporter, from, dry_run, client, format).await,
        cli::Map::List { reporter } => list(reporter, client, format).await,
    }
}

async fn put(
    file: &Path,
    reporter: String,
    from: Option<Date>,
    validate_only: bool,
    client: &Client,
    format: Format,
) -> Outcome {
    let content = std::fs::read(file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let ending = file
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or("csv");
    let path = format!("map.{}", ending.to_lowercase());
    // The name of the file may be any; its ending tells the format.
    let request = |piece: &[u8]| pb::PutConceptMapRequest {
        reporter: reporter.clone(),
        from: date(from),
        validate_only,
        chunk: Some(FileChunk {
            path: path.clone(),
            data: piece.to_vec().into(),
        }),
    };
    let pieces: Vec<_> = match content.is_empty() {
        true => vec![request(&[])],
        false => content.chunks(PIECE).map(request).collect(),
    };
    let answer = client
        .register()
        .put_concept_map(tokio_stream::iter(pieces))
        .await?
        .into_inner();
    for found in &answer.findings {
        let finding = found.finding.clone().unwrap_or_default();
        let line = found.line;
        output::say(format_args!(
            "{} {}:{line} {}",
            finding.code,
            file.display(),
            finding.message
        ));
    }
    if let Some(map) = &answer.concept_map {
        match format {
            Format::Table | Format::Csv => output::rows(format, &COLUMNS, &[row(map)])?,
            Format::Json | Format::Ndjson => {
                let findings: Vec<Value> = answer.findings.iter().map(found_row).collect();
                output::one(format, &json!({"map": row(map), "findings": findings}))?;
            }
        }
    }
    let findings = answer.findings.iter().filter_map(|found| found.finding.as_ref());
    match findings
        .filter(|finding| finding.severity() == Severity::Error)
        .count()
    {
        0 => Ok(()),
        count => Err(Failure::Findings(format!("{count} errors in the file"))),
    }
}

async fn list(reporter: String, client: &Client, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListConceptMapsRequest {
            reporter: reporter.clone(),
            page_size: 1000,
            page_token,
        };
        let page = client.register().list_concept_maps(request).await?.into_inner();
        rows.extend(page.concept_maps.iter().map(row));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return output::rows(format, &COLUMNS, &rows);
        }
    }
}

fn row(map: &pb::ReporterMap) -> Value {
    json!({
        "reporter": map.reporter,
        "url": map.url,
        "version": map.version,
        "title": map.title,
        "from": date_text(map.from.as_ref()),
        "rows": map.rows,
        "digest": hex(&map.digest),
    })
}

fn found_row(found: &pb::MapFinding) -> Value {
    let mut row = found.finding.as_ref().map(finding_row).unwrap_or_default();
    if let Some(fields) = row.as_object_mut() {
        fields.insert("line".into(), json!(found.line));
    }
    row
}
