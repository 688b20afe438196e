//! Files of this machine on their way to a server: found, named as the server is to know them, read piece by piece.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use vardnav_api::common::date_message;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::import_content_response::{Progress, Result as Imported};
use vardnav_api::vardnav::r#type::v1::FileChunk;
use vardnav_interchange::content;

use crate::client::Client;
use crate::exit::{Failure, Outcome};

const CHUNK_BYTES: usize = 1 << 20;
/// Chunks read ahead of the connection.
const CHUNKS_WAITING: usize = 8;
const FOLDER_DEPTH_MAX: usize = 8;

/// A file and the path that the server knows it by.
struct Named {
    file: PathBuf,
    path: String,
}

/// The files of a folder as chunks: paths relative to it, with `/`.
pub(crate) fn chunks(folder: &Path) -> Outcome<Vec<FileChunk>> {
    let mut chunks = Vec::new();
    for named in folder_files(folder, "")? {
        read(&named, &mut |chunk| {
            chunks.push(chunk);
            true
        })?;
    }
    if chunks.is_empty() {
        return Err(Failure::Usage(format!("no files in {}", folder.display())));
    }
    Ok(chunks)
}

/// What an import is asked for beside the files.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Only to check.
    pub(crate) validate_only: bool,
    /// Of a release that holds several editions those of these dates; none for the newest.
    pub(crate) as_of: Vec<Date>,
    /// All editions of such a release.
    pub(crate) all_editions: bool,
}

/// Imports the content in files, folders and archives; `told` hears how far it is.
pub(crate) async fn import(
    client: &Client,
    paths: &[PathBuf],
    asked: Asked,
    mut told: impl FnMut(&Progress),
) -> Outcome<Imported> {
    let files = wanted(paths)?;
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
    let reading = tokio::task::spawn_blocking(move || -> Outcome {
        let as_of: Vec<_> = asked.as_of.into_iter().map(date_message).collect();
        for named in files {
            let mut send = |chunk| {
                let message = pb::ImportContentRequest {
                    validate_only: asked.validate_only,
                    chunk: Some(chunk),
                    as_of: as_of.clone(),
                    all_editions: asked.all_editions,
                };
                sender.blocking_send(message).is_ok()
            };
            read(&named, &mut send)?;
        }
        Ok(())
    });
    let mut answers = client
        .terminology()
        .import_content(ReceiverStream::new(receiver))
        .await?
        .into_inner();
    let mut imported = None;
    while let Some(answer) = answers.next().await {
        let answer = answer?;
        answer.progress.iter().for_each(&mut told);
        imported = answer.result.or(imported);
    }
    reading.await.map_err(Failure::failed)??;
    imported.ok_or_else(|| Failure::Failed("the server gave no result".into()))
}

/// The files that can hold content. Those of a folder are named with its name and that of the one above: the year of
/// an edition often stands there.
fn wanted(paths: &[PathBuf]) -> Outcome<Vec<Named>> {
    let mut files = Vec::new();
    for given in paths {
        let whole = given
            .canonicalize()
            .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", given.display())))?;
        if whole.is_dir() {
            let found = folder_files(&whole, &prefix(&whole))?;
            files.extend(found.into_iter().filter(|named| content::is_wanted(&named.path)));
        } else {
            let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
            files.push(Named {
                path: name.unwrap_or_default(),
                file: whole,
            });
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage("no files of a known format are there".into()));
    }
    Ok(files)
}

fn prefix(folder: &Path) -> String {
    let plain = |name: &String| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let names: Vec<String> = folder
        .iter()
        .rev()
        .take(2)
        .map(|name| name.to_string_lossy().into_owned())
        .filter(plain)
        .collect();
    names.iter().rev().map(|name| format!("{name}/")).collect()
}

fn folder_files(folder: &Path, prefix: &str) -> Outcome<Vec<Named>> {
    let mut files = Vec::new();
    collect(folder, FOLDER_DEPTH_MAX, &mut files)?;
    files.sort();
    let named = files.into_iter().map(|file| {
        let path = file.strip_prefix(folder).map_err(Failure::failed)?;
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        Ok(Named {
            path: format!("{prefix}{}", parts.join("/")),
            file,
        })
    });
    named.collect()
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

/// A file in chunks, an empty one in one; ends early when `send` does not want more.
fn read(named: &Named, send: &mut dyn FnMut(FileChunk) -> bool) -> Outcome {
    let mut file = File::open(&named.file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", named.file.display())))?;
    let mut first = true;
    loop {
        let mut data = Vec::with_capacity(CHUNK_BYTES);
        let count = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut data)?;
        if count == 0 && !first {
            return Ok(());
        }
        first = false;
        let chunk = FileChunk {
            path: named.path.clone(),
            data: data.into(),
        };
        if !send(chunk) || count < CHUNK_BYTES {
            return Ok(());
        }
    }
}
