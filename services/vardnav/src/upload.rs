//! Files of this machine on their way to a server: found, named as the server is to know them, read piece by piece.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use vardnav_api::common::date_message;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::import_content_response::{Progress, Result as Imported};
use vardnav_api::vardnav::r#type::v1::FileChunk;
use vardnav_interchange::content;
use vardnav_service_terminology::kept;

use crate::client::Client;
use crate::copy::Fault;
use crate::exit::{Failure, Outcome};
use crate::follow::Pauses;
use crate::output;

const CHUNK_BYTES: usize = 1 << 20;
/// Chunks read ahead of the connection.
const CHUNKS_WAITING: usize = 8;
/// How often a broken upload is gone on with before it is given up.
const TRIES: u32 = 6;
const FOLDER_DEPTH_MAX: usize = 8;

/// A file and the path that the server knows it by.
struct Named {
    file: PathBuf,
    path: String,
    size: u64,
}

impl Named {
    fn new(file: PathBuf, path: String) -> Outcome<Self> {
        let size = std::fs::metadata(&file)
            .map_err(|error| unreadable(&file, &error))?
            .len();
        Ok(Self { file, path, size })
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("{} cannot be read: {error}", file.display()))
}

/// The files of a folder as chunks: paths relative to it, with `/`.
pub(crate) fn chunks(folder: &Path) -> Outcome<Vec<FileChunk>> {
    let mut chunks = Vec::new();
    for named in folder_files(folder, "")? {
        read(&named, 0, &mut |chunk| {
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
#[derive(Debug, Default, Clone)]
pub(crate) struct Asked {
    /// Only to check.
    pub(crate) validate_only: bool,
    /// Of a release that holds several editions those of these dates; none for the newest.
    pub(crate) as_of: Vec<Date>,
    /// All editions of such a release.
    pub(crate) all_editions: bool,
}

/// What has arrived of an upload: bytes by path.
type Arrived = HashMap<String, u64>;

/// Imports the content in files, folders and archives; `told` hears how far it is. What goes to a server of its own and
/// is large has a name there: when it breaks off, here or in another try, it goes on where it was.
pub(crate) async fn import(
    client: &Client,
    paths: &[PathBuf],
    asked: Asked,
    mut told: impl FnMut(&Progress),
) -> Outcome<Imported> {
    let files = Arc::new(wanted(paths)?);
    let sum: u64 = files.iter().map(|named| named.size).sum();
    let name = match client.is_remote() && sum > CHUNK_BYTES as u64 {
        true => {
            let files = Arc::clone(&files);
            let named = tokio::task::spawn_blocking(move || upload_name(&files)).await;
            Some(named.map_err(Failure::failed)??)
        }
        false => None,
    };
    let mut pauses = Pauses::default();
    let mut tries = 1;
    loop {
        match attempt(client, &files, &asked, name, &mut told).await {
            Ok(imported) => return Ok(imported),
            Err(Fault::Passing(failure)) if name.is_some() && tries < TRIES => {
                let pause = pauses.next();
                output::say(format_args!(
                    "{failure}; trying again in {:.1} s",
                    pause.as_secs_f64()
                ));
                tokio::time::sleep(pause).await;
                tries += 1;
            }
            Err(Fault::Passing(failure) | Fault::Lasting(failure)) => return Err(failure),
        }
    }
}

/// Sends what has not arrived and waits for the result.
async fn attempt(
    client: &Client,
    files: &Arc<Vec<Named>>,
    asked: &Asked,
    name: Option<[u8; 32]>,
    told: &mut impl FnMut(&Progress),
) -> Result<Imported, Fault> {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
    let first = pb::ImportContentRequest {
        validate_only: asked.validate_only,
        as_of: asked.as_of.iter().copied().map(date_message).collect(),
        all_editions: asked.all_editions,
        upload: name.map(|name| name.to_vec().into()).unwrap_or_default(),
        chunk: None,
    };
    // Nobody has closed the other end yet.
    let _ = sender.send(first).await;
    let mut service = client.terminology();
    let answers = service.import_content(ReceiverStream::new(receiver)).await;
    let mut answers = answers.map_err(broken)?.into_inner();
    let mut arrived = Arrived::new();
    if name.is_some() {
        let answer = answers.next().await.transpose().map_err(broken)?;
        let there = answer.and_then(|answer| answer.arrived).ok_or_else(|| {
            Fault::Lasting(Failure::Failed(
                "the server does not tell what has arrived".into(),
            ))
        })?;
        arrived.extend(there.files.into_iter().map(|file| (file.path, file.size)));
        let bytes: u64 = arrived.values().sum();
        if bytes > 0 {
            let sum: u64 = files.iter().map(|named| named.size).sum();
            output::say(format_args!("{bytes} of {sum} bytes are there already"));
        }
    }
    let files = Arc::clone(files);
    let reading = tokio::task::spawn_blocking(move || send_all(&files, &arrived, &sender));
    let imported = loop {
        match answers.next().await {
            Some(Ok(answer)) => {
                answer.progress.iter().for_each(&mut *told);
                if let Some(result) = answer.result {
                    break Ok(result);
                }
            }
            Some(Err(status)) => break Err(broken(status)),
            None => {
                let nothing = "the server gave no result";
                break Err(Fault::Lasting(Failure::Failed(nothing.into())));
            }
        }
    };
    drop(answers);
    // What cannot be read here is the reason for whatever the server makes of it.
    reading
        .await
        .map_err(Failure::failed)
        .flatten()
        .map_err(Fault::Lasting)?;
    imported
}

/// Whether a connection broke, or the server refused.
fn broken(status: Status) -> Fault {
    let passes = match status.code() {
        Code::Unavailable => true,
        // The transport's own; those of a server carry details.
        Code::Unknown | Code::Internal | Code::Cancelled => status.details().is_empty(),
        _ => false,
    };
    match passes {
        true => Fault::Passing(status.into()),
        false => Fault::Lasting(status.into()),
    }
}

/// Sends what has not arrived, first the rest of the file that has arrived in part. Ends early when nobody takes it.
fn send_all(files: &[Named], arrived: &Arrived, sender: &mpsc::Sender<pb::ImportContentRequest>) -> Outcome {
    let there = |named: &Named| arrived.get(&named.path).copied();
    let mut missing: Vec<&Named> = files
        .iter()
        .filter(|named| there(named) != Some(named.size))
        .collect();
    missing.sort_by_key(|named| there(named).is_none());
    for named in missing {
        let mut send = |chunk| {
            let message = pb::ImportContentRequest {
                chunk: Some(chunk),
                ..Default::default()
            };
            sender.blocking_send(message).is_ok()
        };
        if !read(named, there(named).unwrap_or_default(), &mut send)? {
            return Ok(());
        }
    }
    Ok(())
}

fn upload_name(files: &[Named]) -> Outcome<[u8; 32]> {
    let digested = files.iter().map(|named| {
        let file = File::open(&named.file).map_err(|error| unreadable(&named.file, &error))?;
        let (size, digest) = kept::digest_of(file)?;
        Ok((named.path.as_str(), size, digest))
    });
    Ok(kept::upload_name(digested.collect::<Outcome<_>>()?))
}

/// The files that can hold content. Those of a folder are named with its name and that of the one above: the year of
/// an edition often stands there.
fn wanted(paths: &[PathBuf]) -> Outcome<Vec<Named>> {
    let mut files = Vec::new();
    for given in paths {
        let whole = given.canonicalize().map_err(|error| unreadable(given, &error))?;
        if whole.is_dir() {
            let found = folder_files(&whole, &prefix(&whole))?;
            files.extend(found.into_iter().filter(|named| content::is_wanted(&named.path)));
        } else {
            let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
            files.push(Named::new(whole, name.unwrap_or_default())?);
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
        let path = format!("{prefix}{}", parts.join("/"));
        Named::new(file, path)
    });
    named.collect()
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
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

/// A file in chunks from a byte on, an empty one in one. Answers whether `send` took them all.
fn read(named: &Named, from: u64, send: &mut dyn FnMut(FileChunk) -> bool) -> Outcome<bool> {
    let mut file = File::open(&named.file).map_err(|error| unreadable(&named.file, &error))?;
    file.seek(SeekFrom::Start(from))?;
    let mut first = from == 0;
    loop {
        let mut data = Vec::with_capacity(CHUNK_BYTES);
        let count = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut data)?;
        if count == 0 && !first {
            return Ok(true);
        }
        first = false;
        let chunk = FileChunk {
            path: named.path.clone(),
            data: data.into(),
        };
        if !send(chunk) {
            return Ok(false);
        }
        if count < CHUNK_BYTES {
            return Ok(true);
        }
    }
}
