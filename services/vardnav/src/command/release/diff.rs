//! What differs between releases: asked of the server, or told here where a folder is one side.

use std::path::Path;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::release::change_message;
use vardnav_api::upload::Upload;
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Label;
use vardnav_interchange::release as files;
use vardnav_release::diff;
use vardnav_release::package::Package;
use vardnav_release::source::ReleaseSource;

use crate::client::Client;
use crate::command::enum_text;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::upload;

const PAGE: i32 = 10_000;
const COLUMNS: [&str; 4] = ["element", "change", "aspect", "text"];

/// Tells what differs between two folders.
pub(super) fn folders((old, new): (&str, &str), element: &str, language: &str, format: Format) -> Outcome {
    show(&local(&folder(old)?, &folder(new)?, element)?, language, format)
}

/// Tells what differs between two releases, drafts or folders.
pub(super) async fn diff(
    client: &Client,
    (old, new): (&str, &str),
    element: &str,
    language: &str,
    format: Format,
) -> Outcome {
    if is_folder(old) || is_folder(new) {
        let (old, new) = (package(client, old).await?, package(client, new).await?);
        return show(&local(&old, &new, element)?, language, format);
    }
    let mut changes = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::DiffReleasesRequest {
            one: old.to_owned(),
            other: new.to_owned(),
            element: element.to_owned(),
            page_size: PAGE,
            page_token,
        };
        let answer = client.release().diff_releases(request).await?.into_inner();
        changes.extend(answer.changes);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return show(&changes, language, format);
        }
    }
}

/// Tells where a draft and a release published since meet.
pub(super) async fn conflicts(client: &Client, id: String, language: &str, format: Format) -> Outcome {
    let mut answer = pb::ListConflictsResponse::default();
    loop {
        let request = pb::ListConflictsRequest {
            id: id.clone(),
            page_size: PAGE,
            page_token: answer.next_page_token.clone(),
        };
        let page = client.release().list_conflicts(request).await?.into_inner();
        let (mut conflicts, mut theirs) = (answer.conflicts, answer.theirs);
        conflicts.extend(page.conflicts);
        theirs.extend(page.theirs);
        answer = pb::ListConflictsResponse {
            conflicts,
            theirs,
            ..page
        };
        if answer.next_page_token.is_empty() {
            break;
        }
    }
    let text = |label: Option<&Label>| said(label, language);
    let both = answer.conflicts.iter().map(|conflict| {
        let mut row = row(&conflict.ours.clone().unwrap_or_default(), language);
        if let Some(fields) = row.as_object_mut() {
            fields.insert("meeting".into(), json!("conflict"));
            fields.insert("text".into(), json!(text(conflict.text.as_ref())));
            let theirs = conflict.theirs.as_ref();
            fields.insert("theirs".into(), json!(theirs.map(|theirs| &theirs.after)));
        }
        row
    });
    let theirs = answer.theirs.iter().map(|change| {
        let mut row = row(change, language);
        if let Some(fields) = row.as_object_mut() {
            fields.insert("meeting".into(), json!("theirs"));
        }
        row
    });
    let rows: Vec<Value> = both.chain(theirs).collect();
    output::say(format_args!(
        "made from {}, newest {}: {} conflicts, {} changes of the newest alone, {} alike",
        answer.base,
        answer.newest,
        answer.conflicts.len(),
        answer.theirs.len(),
        answer.alike
    ));
    output::rows(format, &["meeting", "element", "change", "aspect", "text"], &rows)
}

fn show(changes: &[pb::Change], language: &str, format: Format) -> Outcome {
    let rows: Vec<Value> = changes.iter().map(|change| row(change, language)).collect();
    output::rows(format, &COLUMNS, &rows)
}

fn row(change: &pb::Change, language: &str) -> Value {
    let place =
        |place: Option<&pb::Place>| place.map(|place| json!({"file": place.file, "line": place.line}));
    json!({
        "element": change.element,
        "id": change.id,
        "name": change.name,
        "change": enum_text(change.change().as_str_name(), "CHANGE_KIND_"),
        "aspect": change.aspect,
        "before": change.before,
        "after": change.after,
        "area": change.area,
        "old_place": place(change.old_place.as_ref()),
        "new_place": place(change.new_place.as_ref()),
        "text": said(change.text.as_ref(), language),
    })
}

fn said(label: Option<&Label>, language: &str) -> String {
    let label = label.cloned().unwrap_or_default();
    if language == "en" { label.en } else { label.sv }
}

fn local(old: &Package, new: &Package, element: &str) -> Outcome<Vec<pb::Change>> {
    let changes = diff::diff(&source(old)?, &source(new)?);
    let wanted = changes
        .iter()
        .filter(|change| element.is_empty() || change.kind.name() == element);
    Ok(wanted.map(change_message).collect())
}

/// What the files of a release say.
///
/// # Errors
/// When they are no release.
pub(crate) fn source(package: &Package) -> Outcome<ReleaseSource> {
    let parsed = files::parse(package);
    parsed.source.ok_or_else(|| {
        let findings: Vec<_> = parsed.findings.iter().map(ToString::to_string).collect();
        Failure::Findings(findings.join("\n"))
    })
}

/// Whether a name is that of a folder with a release.
pub(super) fn is_folder(name: &str) -> bool {
    Path::new(name).join("release.toml").is_file()
}

/// The files of a folder as a package.
pub(super) fn folder(name: &str) -> Outcome<Package> {
    let mut upload = Upload::default();
    for chunk in upload::chunks(Path::new(name))? {
        upload
            .push(chunk)
            .map_err(|error| Failure::Usage(error.message))?;
    }
    upload.finish().map_err(|error| Failure::Usage(error.message))
}

/// The files of a folder, or of a release or draft of the server.
async fn package(client: &Client, name: &str) -> Outcome<Package> {
    if is_folder(name) {
        return folder(name);
    }
    let request = pb::GetReleaseRequest {
        id: name.to_owned(),
        date: None,
    };
    Ok(fetch(client, request).await?.1)
}

/// A release of the server with its files.
pub(crate) async fn fetch(
    client: &Client,
    request: pb::GetReleaseRequest,
) -> Outcome<(pb::GetReleaseResponse, Package)> {
    let answer = client.release().get_release(request).await?.into_inner();
    let mut fetched = Vec::new();
    for file in &answer.files {
        let request = pb::DownloadRequest {
            digest: file.digest.clone(),
        };
        let mut pieces = client.release().download(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece?.data);
        }
        fetched.push((file.path.clone(), bytes));
    }
    let package = Package::new(fetched).map_err(Failure::failed)?;
    Ok((answer, package))
}
