//! A copy of what another server publishes: releases, editions, value sets and maps, taken step by step. Only what is
//! not there yet is fetched, by its digest; steps that were taken are not taken again.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_release::entry::{AuthorityEntry, Change};
use vardnav_release::package::Manifest;
use vardnav_service_terminology::kept;
use vardnav_store::{Authority, Digest};

use crate::cli;
use crate::client::{Client, Target};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::server::Node;

/// Where a copy keeps how far it is, which also tells that a folder is a copy.
pub(crate) const PLACE: &str = "sync.json";
/// Largest blob that is fetched.
const BLOB_BYTES_MAX: usize = vardnav_store::BLOB_LIMIT;

/// Runs the command.
pub(crate) async fn run(command: cli::Sync, target: &Target, format: Format) -> Outcome {
    let folder = target
        .data
        .clone()
        .ok_or_else(|| Failure::Usage("name the folder of the copy with --data".into()))?;
    let client = Target {
        data: None,
        ..target.clone()
    }
    .connect()
    .await?;
    let node = Node::open_empty(&folder).await?;
    let copy = Copy::open(&folder, &target.server, &node.authority)?;
    copy.follow(&client, &node.authority, command.follow, format)
        .await
}

/// A copy of a server in a folder.
struct Copy {
    place: PathBuf,
    server: String,
    next: u64,
}

impl Copy {
    /// # Errors
    /// When the folder holds releases of its own, or is the copy of another server.
    fn open(folder: &Path, server: &str, authority: &Authority) -> Outcome<Self> {
        let place = folder.join(PLACE);
        let next = match std::fs::read(&place) {
            Ok(bytes) => {
                let state: Value = serde_json::from_slice(&bytes).map_err(Failure::failed)?;
                let of = state.get("server").and_then(Value::as_str).unwrap_or_default();
                if of != server {
                    return Err(Failure::Usage(format!("{} is a copy of {of}", folder.display())));
                }
                let next = state.get("next").and_then(Value::as_u64);
                next.ok_or_else(|| Failure::Failed(format!("{} cannot be read", place.display())))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if authority.view().state().drafts().next().is_some() {
                    return Err(Failure::Usage(format!(
                        "{} holds releases of its own; a copy begins in an empty folder",
                        folder.display()
                    )));
                }
                let copy = Self {
                    place,
                    server: server.to_owned(),
                    next: 0,
                };
                // Before the first step, so that a copy that is stopped anywhere goes on as a copy.
                copy.keep()?;
                return Ok(copy);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            place,
            server: server.to_owned(),
            next,
        })
    }

    async fn follow(
        mut self,
        client: &Client,
        authority: &Authority,
        follow: bool,
        format: Format,
    ) -> Outcome {
        let request = pb::WatchReleasesRequest {
            from: self.next,
            follow,
        };
        let mut told = client.release().watch_releases(request).await?.into_inner();
        let mut taken = Vec::new();
        let mut fetched = 0_u64;
        while let Some(answer) = told.next().await {
            let answer = answer?;
            let bytes = self.take(client, authority, &answer).await?;
            fetched += bytes;
            if answer.kind() != pb::WatchedKind::Prepared {
                let row = json!({
                    "position": answer.position,
                    "kind": crate::command::enum_text(answer.kind().as_str_name(), "WATCHED_KIND_"),
                    "name": answer.name,
                    "version": answer.version,
                    "bytes": bytes,
                });
                if follow {
                    output::line(&mut std::io::stdout().lock(), &row)?;
                } else {
                    taken.push(row);
                }
            }
        }
        output::say(format_args!("fetched {fetched} bytes"));
        output::rows(format, &["position", "kind", "name", "version", "bytes"], &taken)
    }

    /// Takes one step: first what it needs, then the step itself, last the place. Answers how many bytes were fetched.
    async fn take(
        &mut self,
        client: &Client,
        authority: &Authority,
        answer: &pb::WatchReleasesResponse,
    ) -> Outcome<u64> {
        let entry = AuthorityEntry::decode(&answer.entry).map_err(Failure::failed)?;
        let fetched = match &entry.change {
            Change::ReleasePublished { digest, .. } => release(client, authority, digest).await?,
            Change::EditionImported(edition) => content(client, authority, &edition.blob).await?,
            Change::ContentImported(record) => content(client, authority, &record.blob).await?,
            Change::DraftPut { .. } | Change::DraftChecked { .. } | Change::DraftApproved { .. } => 0,
            _ => {
                return Err(Failure::Failed(
                    "the server sends what a copy does not take".into(),
                ));
            }
        };
        let mut state = authority.view().state().clone();
        state
            .apply(&entry)
            .map_err(|error| Failure::Failed(format!("the copy is no longer one, make it anew: {error}")))?;
        authority.append(&entry).await.map_err(Failure::failed)?;
        self.next = answer.position + 1;
        self.keep()?;
        Ok(fetched)
    }

    fn keep(&self) -> Outcome {
        let aside = self.place.with_extension("part");
        let state = json!({"server": self.server, "next": self.next});
        let mut file = File::create(&aside)?;
        file.write_all(state.to_string().as_bytes())?;
        file.sync_all()?;
        Ok(std::fs::rename(&aside, &self.place)?)
    }
}

async fn release(client: &Client, authority: &Authority, digest: &[u8; 32]) -> Outcome<u64> {
    let (bytes, mut fetched) = blob(client, authority, digest).await?;
    let manifest = Manifest::decode(&bytes).map_err(Failure::failed)?;
    for (_, digest) in manifest.files() {
        fetched += blob(client, authority, digest).await?.1;
    }
    Ok(fetched)
}

async fn content(client: &Client, authority: &Authority, digest: &[u8; 32]) -> Outcome<u64> {
    let (bytes, mut fetched) = blob(client, authority, digest).await?;
    let manifest = kept::Manifest::decode(&bytes).map_err(Failure::failed)?;
    for digest in manifest.pieces() {
        fetched += blob(client, authority, digest).await?.1;
    }
    Ok(fetched)
}

/// A blob, fetched and kept when it is not there yet; with how many bytes were fetched.
async fn blob(client: &Client, authority: &Authority, digest: &[u8; 32]) -> Outcome<(Vec<u8>, u64)> {
    if let Some(bytes) = authority.blob(digest).await.map_err(Failure::failed)? {
        return Ok((bytes, 0));
    }
    let request = pb::DownloadRequest {
        digest: digest.to_vec().into(),
    };
    let mut pieces = client.release().download(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?.data);
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(Failure::Failed(
                "the server sends more than a blob may hold".into(),
            ));
        }
    }
    if Digest::of(&bytes).0 != *digest {
        return Err(Failure::Failed(format!(
            "what the server sent is not what {} names",
            Digest(*digest)
        )));
    }
    let fetched = bytes.len() as u64;
    authority
        .keep_blob(bytes.clone())
        .await
        .map_err(Failure::failed)?;
    Ok((bytes, fetched))
}
