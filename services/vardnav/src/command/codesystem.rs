//! `vardnav codesystem`: import and list editions.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1::{FileChunk, Severity};
use vardnav_interchange::codesystem;

use crate::cli;
use crate::client::Client;
use crate::command::{finding_row, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

const CHUNK_BYTES: usize = 1 << 20;
const FOLDER_DEPTH_MAX: usize = 4;

/// Runs the command.
pub(crate) async fn run(command: cli::Codesystem, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Codesystem::Import { folder, dry_run } => import(&folder, dry_run, client, format).await,
        cli::Codesystem::List => {
            let columns = ["url", "version", "title", "concepts", "release"];
            output::rows(format, &columns, &list(client).await?)
        }
    }
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

/// The files of a folder as chunks: paths relative to it, with `/`.
pub(crate) fn chunks(folder: &Path) -> Outcome<Vec<FileChunk>> {
    let mut files = Vec::new();
    collect(folder, FOLDER_DEPTH_MAX, &mut files)?;
    files.sort();
    let mut chunks = Vec::new();
    for file in files {
        let path = file.strip_prefix(folder).map_err(Failure::failed)?;
        let path = path
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        let bytes = std::fs::read(&file)?;
        if bytes.is_empty() {
            chunks.push(FileChunk {
                path,
                data: Default::default(),
            });
            continue;
        }
        for piece in bytes.chunks(CHUNK_BYTES) {
            chunks.push(FileChunk {
                path: path.clone(),
                data: piece.to_vec().into(),
            });
        }
    }
    if chunks.is_empty() {
        return Err(Failure::Usage(format!("no files in {}", folder.display())));
    }
    Ok(chunks)
}

/// The files of a folder of editions as chunks. Paths begin with the names of the folder and of the one above it: the
/// year of an edition often stands there.
pub(crate) fn named_chunks(folder: &Path) -> Outcome<Vec<FileChunk>> {
    let whole = folder
        .canonicalize()
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", folder.display())))?;
    let names: Vec<String> = whole
        .iter()
        .rev()
        .take(2)
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        })
        .collect();
    let prefix: String = names.iter().rev().map(|name| format!("{name}/")).collect();
    let chunks = chunks(folder)?
        .into_iter()
        .filter(|chunk| codesystem::is_wanted(&chunk.path));
    let chunks: Vec<_> = chunks
        .map(|chunk| FileChunk {
            path: format!("{prefix}{}", chunk.path),
            ..chunk
        })
        .collect();
    if chunks.is_empty() {
        return Err(Failure::Usage(format!(
            "no files of a known code system in {}",
            folder.display()
        )));
    }
    Ok(chunks)
}

async fn import(folder: &Path, validate_only: bool, client: &Client, format: Format) -> Outcome {
    let messages: Vec<_> = named_chunks(folder)?
        .into_iter()
        .map(|chunk| pb::ImportCodeSystemRequest {
            validate_only,
            chunk: Some(chunk),
        })
        .collect();
    let answer = client
        .terminology()
        .import_code_system(tokio_stream::iter(messages))
        .await?
        .into_inner();
    let findings: Vec<Value> = answer
        .findings
        .iter()
        .map(|found| {
            let mut row = found.finding.as_ref().map(finding_row).unwrap_or_default();
            if let Some(fields) = row.as_object_mut() {
                fields.insert("file".into(), json!(found.file));
                fields.insert("line".into(), json!(found.line));
            }
            row
        })
        .collect();
    for finding in &findings {
        output::say(format_args!(
            "{} {}:{} {}",
            finding["code"].as_str().unwrap_or_default(),
            finding["file"].as_str().unwrap_or_default(),
            finding["line"],
            finding["message"].as_str().unwrap_or_default(),
        ));
    }
    let rows: Vec<Value> = answer.code_systems.iter().map(row).collect();
    output::rows(format, &["url", "version", "title", "concepts"], &rows)?;
    let errors = answer.findings.iter().filter_map(|found| found.finding.as_ref());
    match errors
        .filter(|finding| finding.severity() == Severity::Error)
        .count()
    {
        0 => Ok(()),
        count => Err(Failure::Findings(format!("{count} errors in the files"))),
    }
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", folder.display())))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        } else if depth > 0 && path.is_dir() {
            collect(&path, depth - 1, files)?;
        }
    }
    Ok(())
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
