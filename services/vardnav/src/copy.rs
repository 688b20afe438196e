//! A folder that holds a copy of another server: the mark that tells so and how far the copy is, what such a folder does
//! not take, and how a step of the other server is taken. When steps are asked for is decided in `follow`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_release::entry::{AuthorityEntry, Change, Step};
use vardnav_release::package::Manifest;
use vardnav_runtime::clock;
use vardnav_runtime::gate::Refuse;
use vardnav_service_terminology::kept;
use vardnav_store::{Authority, Digest};

use crate::client::Client;
use crate::exit::{Failure, Outcome};

/// The mark: of which server a folder is a copy, and how far it is.
const MARK: &str = "sync.json";
/// Permissions of what is asked of the origin instead: to change its releases, imports and units, and everything about
/// the register and its persons, of which a copy holds nothing and would answer with zeros.
const OF_THE_ORIGIN: &[&str] = &[
    "admin.backup",
    "heads.read",
    "indicators.publish",
    "indicators.read",
    "indicators.upload",
    "person.approve",
    "person.erase",
    "person.extract",
    "person.rectify",
    "register.administer",
    "register.export",
    "register.list",
    "register.read",
    "register.report",
    "release.administer",
    "release.approve",
    "release.comment",
    "release.draft",
    "release.publish",
    "terminology.import",
    "units.read",
    "units.write",
    "vault.approve",
    "vault.link",
    "vault.list",
    "vault.open",
    "vault.population",
    "vault.request",
];

/// Address of the server that a folder is a copy of; `None` when it is none.
///
/// # Errors
/// When the mark cannot be read.
pub(crate) fn origin(folder: &Path) -> Outcome<Option<String>> {
    Ok(Mark::read(&folder.join(MARK))?.map(|mark| mark.origin))
}

/// Refuses at the gate what a copy of `origin` does not take.
pub(crate) fn refuse(origin: &str) -> Refuse {
    let message = format!(
        "this is a copy of {origin}, which takes nothing of its own and holds no register; ask there"
    );
    Arc::new(move |permission| {
        let refused = || ApiError::new(Kind::FailedPrecondition, "VN-API-036", message.clone()).into();
        OF_THE_ORIGIN.contains(&permission).then(refused)
    })
}

/// Why a step was not taken.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It may go better another time.
    Passing(Failure),
    /// It never will.
    Lasting(Failure),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Passing(failure)
    }
}

/// A copy of a server in a folder.
pub(crate) struct Copy {
    place: PathBuf,
    mark: Mark,
}

struct Mark {
    origin: String,
    /// One more than the position of the last step that was taken.
    next: u64,
    /// Digest of that step, by which a server with another history is known.
    last: Option<String>,
    /// When the copy was last known to be current, or begun (microseconds since 1970-01-01 UTC).
    current_at: i64,
}

impl Copy {
    /// The copy of `origin` in a folder, which is begun when the folder holds nothing of its own.
    ///
    /// # Errors
    /// When the folder holds releases or content of its own, or is the copy of another server.
    pub(crate) fn open(folder: &Path, origin: &str, authority: &Authority) -> Outcome<Self> {
        let place = folder.join(MARK);
        if let Some(mark) = Mark::read(&place)? {
            if mark.origin != origin {
                let of = mark.origin;
                return Err(Failure::Usage(format!("{} is a copy of {of}", folder.display())));
            }
            return Ok(Self { place, mark });
        }
        let view = authority.view();
        let state = view.state();
        if state.drafts().next().is_some()
            || state.editions().next().is_some()
            || state.contents().next().is_some()
        {
            return Err(Failure::Usage(format!(
                "{} holds releases or content of its own; a copy begins in an empty folder",
                folder.display()
            )));
        }
        let mark = Mark {
            origin: origin.to_owned(),
            next: 0,
            last: None,
            current_at: clock::now_micros(),
        };
        let copy = Self { place, mark };
        // Before the first step, so that a copy that is stopped anywhere goes on as a copy.
        copy.keep()?;
        Ok(copy)
    }

    /// Address of the server that it is a copy of.
    pub(crate) fn origin(&self) -> &str {
        &self.mark.origin
    }

    /// Position to be told from: that of the last step taken, so that it can be held against what is told.
    pub(crate) fn from(&self) -> u64 {
        match self.mark.last {
            Some(_) => self.mark.next.saturating_sub(1),
            None => self.mark.next,
        }
    }

    /// One more than the position of the last step that was taken.
    pub(crate) fn next(&self) -> u64 {
        self.mark.next
    }

    /// When it was last known to be current, or begun (microseconds since 1970-01-01 UTC).
    pub(crate) fn current_at(&self) -> i64 {
        self.mark.current_at
    }

    /// Holds the first answer of a server against the last step that was taken. Answers whether it is that step.
    ///
    /// # Errors
    /// When the server tells another history.
    pub(crate) fn recognise(&self, answer: &pb::WatchReleasesResponse) -> Result<bool, Fault> {
        match &self.mark.last {
            None => Ok(false),
            Some(last) if answer.position == self.from() && *last == step_digest(answer) => Ok(true),
            Some(_) => Err(other_history(
                "the server's history is not the one that was copied",
            )),
        }
    }

    /// Takes one step: first what it needs, then the step itself, last the place. Answers how many bytes were fetched.
    pub(crate) async fn take(
        &mut self,
        client: &Client,
        authority: &Authority,
        answer: &pb::WatchReleasesResponse,
    ) -> Result<u64, Fault> {
        let lasting = |message: String| Fault::Lasting(Failure::Failed(message));
        let entry = AuthorityEntry::decode(&answer.entry).map_err(|error| lasting(error.to_string()))?;
        let fetched = match &entry.change {
            Change::ReleasePublished { digest, .. } => release(client, authority, digest).await?,
            Change::EditionImported(edition) => content(client, authority, &edition.blob).await?,
            Change::ContentImported(record) => content(client, authority, &record.blob).await?,
            Change::DraftPut { .. }
            | Change::DraftChecked { .. }
            | Change::DraftApproved { .. }
            | Change::Step(Step::ReleaseAnnounced(_)) => 0,
            _ => return Err(lasting("the server sends what a copy does not take".to_owned())),
        };
        let mut state = authority.view().state().clone();
        state
            .apply(&entry)
            .map_err(|error| other_history(&error.to_string()))?;
        authority.append(&entry).await.map_err(Failure::failed)?;
        self.mark.next = answer.position + 1;
        self.mark.last = Some(step_digest(answer));
        self.keep()?;
        Ok(fetched)
    }

    /// Notes that everything was taken.
    pub(crate) fn is_current(&mut self) -> Outcome {
        self.mark.current_at = clock::now_micros();
        self.keep()
    }

    fn keep(&self) -> Outcome {
        let aside = self.place.with_extension("part");
        let mark = &self.mark;
        let state = json!({
            "server": mark.origin,
            "next": mark.next,
            "last": mark.last,
            "current": mark.current_at,
        });
        let mut file = File::create(&aside)?;
        file.write_all(state.to_string().as_bytes())?;
        file.sync_all()?;
        Ok(std::fs::rename(&aside, &self.place)?)
    }
}

impl Mark {
    fn read(place: &Path) -> Outcome<Option<Self>> {
        let bytes = match std::fs::read(place) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let damaged = || Failure::Failed(format!("{} cannot be read", place.display()));
        let state: Value = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let text = |name: &str| state.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Some(Self {
            origin: text("server").ok_or_else(damaged)?,
            next: state.get("next").and_then(Value::as_u64).ok_or_else(damaged)?,
            last: text("last"),
            current_at: state.get("current").and_then(Value::as_i64).unwrap_or_default(),
        }))
    }
}

/// The server is another than the one that was copied, or was set back.
pub(crate) fn other_history(message: &str) -> Fault {
    Fault::Lasting(Failure::Failed(format!(
        "the copy is no longer one, make it anew: {message}"
    )))
}

fn step_digest(answer: &pb::WatchReleasesResponse) -> String {
    Digest::of(&answer.entry).to_string()
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
        if bytes.len() > vardnav_store::BLOB_LIMIT {
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

#[cfg(test)]
mod tests {
    use vardnav_api::permission::METHODS;

    use super::*;

    #[test]
    fn every_method_is_answered_by_a_copy_or_refused_with_the_name_of_its_origin() {
        let refuse = refuse("http://origin:1");
        let answered = [
            "admin.check",
            "classification.read",
            "release.read",
            "terminology.read",
        ];
        for (method, permission) in METHODS {
            let refused = refuse(permission);
            assert_eq!(
                refused.is_none(),
                answered.contains(permission),
                "{method}: {permission}"
            );
            if let Some(status) = refused {
                assert!(status.message().contains("http://origin:1"));
            }
        }
    }
}
