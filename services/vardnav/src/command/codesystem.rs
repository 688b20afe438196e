//! `vardnav codesystem`: import, list and export code systems, value sets and concept maps.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Severity;
use vardnav_interchange::content::rf2;

use crate::client::Client;
use crate::command::term::address;
use crate::command::{finding_row, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::{cli, upload};

const RESOURCE_COLUMNS: [&str; 3] = ["url", "version", "title"];

/// Runs the command.
pub(crate) async fn run(command: cli::Codesystem, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Codesystem::Import {
            paths,
            dry_run,
            as_of,
            all_editions,
        } => {
            let asked = upload::Asked {
                validate_only: dry_run,
                as_of,
                all_editions,
            };
            import(&paths, asked, client, format).await
        }
        cli::Codesystem::List => {
            let columns = ["url", "version", "title", "concepts", "release"];
            output::rows(format, &columns, &list(client).await?)
        }
        cli::Codesystem::ValueSets => output::rows(format, &RESOURCE_COLUMNS, &value_sets(client).await?),
        cli::Codesystem::Maps => output::rows(format, &RESOURCE_COLUMNS, &concept_maps(client).await?),
        cli::Codesystem::Export {
            url,
            version,
            format: files,
            to,
        } => {
            let request = pb::ExportContentRequest {
                url: address(&url),
                version: version.unwrap_or_default(),
                format: export_format(files).into(),
            };
            export(request, &to, client, format).await
        }
        cli::Codesystem::Synthetic { .. } => Err(Failure::Usage("needs no server".into())),
    }
}

/// Writes a made-up terminology. Needs no server.
pub(crate) fn synthetic(to: &Path, concepts: u32, seed: u64) -> Outcome {
    let options = rf2::SyntheticOptions {
        seed,
        ..rf2::SyntheticOptions::of_size(concepts)
    };
    std::fs::create_dir_all(to)?;
    let mut open: Option<(String, std::io::BufWriter<std::fs::File>)> = None;
    rf2::synthetic(&options, &mut |path: &str, bytes: &[u8]| -> std::io::Result<()> {
        if open.as_ref().is_none_or(|(of, _)| of != path) {
            if let Some((_, mut file)) = open.take() {
                file.flush()?;
            }
            let file = to.join(path);
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            open = Some((
                path.to_owned(),
                std::io::BufWriter::new(std::fs::File::create(file)?),
            ));
        }
        match &mut open {
            Some((_, file)) => file.write_all(bytes),
            None => Ok(()),
        }
    })?;
    if let Some((_, mut file)) = open {
        file.flush()?;
    }
    Ok(())
}

/// All editions as rows.
pub(crate) async fn list(client: &Client) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListCodeSystemsRequest {
            page_size: 1000,
            page_token,
        };
        let page = client
            .terminology()
            .list_code_systems(request)
            .await?
            .into_inner();
        rows.extend(page.code_systems.iter().map(row));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

async fn value_sets(client: &Client) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListValueSetsRequest {
            page_size: 1000,
            page_token,
        };
        let page = client.terminology().list_value_sets(request).await?.into_inner();
        rows.extend(page.value_sets.iter().map(resource));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

async fn concept_maps(client: &Client) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListConceptMapsRequest {
            page_size: 1000,
            page_token,
        };
        let page = client
            .terminology()
            .list_concept_maps(request)
            .await?
            .into_inner();
        rows.extend(page.concept_maps.iter().map(resource));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

async fn import(paths: &[PathBuf], asked: upload::Asked, client: &Client, format: Format) -> Outcome {
    let bar = progress();
    let imported = upload::import(client, paths, asked, |progress| {
        bar.set_length(progress.total.max(progress.done));
        bar.set_position(progress.done);
        bar.set_message(progress.step.clone());
    })
    .await;
    bar.finish_and_clear();
    let imported = imported?;
    for found in &imported.findings {
        let finding = found.finding.clone().unwrap_or_default();
        output::say(format_args!(
            "{} {}:{} {}",
            finding.code, found.file, found.line, finding.message
        ));
    }
    let rows = imported_rows(&imported);
    match format {
        Format::Table | Format::Csv => {
            output::rows(format, &["kind", "url", "version", "title", "concepts"], &rows)?;
        }
        Format::Json | Format::Ndjson => {
            let findings: Vec<Value> = imported.findings.iter().map(import_finding_row).collect();
            output::one(format, &json!({"content": rows, "findings": findings}))?;
        }
    }
    let errors = imported
        .findings
        .iter()
        .filter_map(|found| found.finding.as_ref());
    match errors
        .filter(|finding| finding.severity() == Severity::Error)
        .count()
    {
        0 if rows.is_empty() => Err(Failure::Findings("nothing was loaded".into())),
        0 => Ok(()),
        count => Err(Failure::Findings(format!("{count} errors in the files"))),
    }
}

fn imported_rows(imported: &pb::import_content_response::Result) -> Vec<Value> {
    let of = |kind: &str, mut row: Value| {
        if let Some(fields) = row.as_object_mut() {
            fields.insert("kind".into(), json!(kind));
        }
        row
    };
    let systems = imported
        .code_systems
        .iter()
        .map(|system| of("code-system", row(system)));
    let sets = imported
        .value_sets
        .iter()
        .map(|set| of("value-set", resource(set)));
    let maps = imported
        .concept_maps
        .iter()
        .map(|map| of("concept-map", resource(map)));
    systems.chain(sets).chain(maps).collect()
}

fn import_finding_row(found: &pb::ImportFinding) -> Value {
    let mut row = found.finding.as_ref().map(finding_row).unwrap_or_default();
    if let Some(fields) = row.as_object_mut() {
        fields.insert("file".into(), json!(found.file));
        fields.insert("line".into(), json!(found.line));
    }
    row
}

async fn export(request: pb::ExportContentRequest, to: &Path, client: &Client, format: Format) -> Outcome {
    let mut pieces = client.terminology().export_content(request).await?.into_inner();
    let mut rows: Vec<Value> = Vec::new();
    let mut findings = Vec::new();
    let mut open: Option<(String, std::fs::File)> = None;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        findings.extend(piece.findings);
        let Some(chunk) = piece.chunk else { continue };
        if open.as_ref().is_none_or(|(of, _)| *of != chunk.path) {
            let inside = chunk.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
            if !inside {
                return Err(Failure::Failed(
                    "the server names a file outside the folder".into(),
                ));
            }
            let file = to.join(&chunk.path);
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            rows.push(json!({"file": file.display().to_string()}));
            open = Some((chunk.path.clone(), std::fs::File::create(file)?));
        }
        if let Some((_, file)) = &mut open {
            file.write_all(&chunk.data)?;
        }
    }
    for finding in &findings {
        output::say(format_args!("{} {}", finding.code, finding.message));
    }
    output::rows(format, &["file"], &rows)
}

fn export_format(format: cli::ExportFormat) -> pb::ExportFormat {
    match format {
        cli::ExportFormat::FhirR5 => pb::ExportFormat::FhirR5,
        cli::ExportFormat::FhirR4 => pb::ExportFormat::FhirR4,
        cli::ExportFormat::Csv => pb::ExportFormat::Csv,
        cli::ExportFormat::Skos => pb::ExportFormat::Skos,
        cli::ExportFormat::Tbx => pb::ExportFormat::Tbx,
    }
}

fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {percent}% {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn row(system: &pb::CodeSystem) -> Value {
    json!({
        "url": system.url,
        "version": system.version,
        "title": system.title,
        "concepts": system.concepts,
        "release": system.release,
        "digest": hex(&system.digest),
    })
}

fn resource(resource: &pb::Resource) -> Value {
    json!({
        "url": resource.url,
        "version": resource.version,
        "title": resource.title,
        "digest": hex(&resource.digest),
    })
}
