//! What was published and imported, told from a position on; and the bytes behind it. What concerns reporters, units
//! and keys is not told.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use vardnav_api::register::hash;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_release::authority::Upload;
use vardnav_release::entry::{Announcement, AuthorityEntry, Change, Step};
use vardnav_store::authority::Authority;

use crate::failed;

/// Answers that wait to be taken.
const WAITING_MAX: usize = 16;
/// Entries that are read at once.
const ENTRIES_MAX: u32 = 1000;
/// Who stands in what is told for the caller who did it: names of callers stay here.
const PUBLISHER: &str = "publisher";
/// Bytes of a piece of a download.
const PIECE_BYTES: usize = 1 << 20;

/// Tells every step that concerns everybody, and goes on when asked to until `stopping` says true.
pub(crate) fn watch(
    authority: Arc<Authority>,
    request: pb::WatchReleasesRequest,
    stopping: watch::Receiver<bool>,
) -> ReceiverStream<Result<pb::WatchReleasesResponse, Status>> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        if let Err(error) = tell(&authority, request, stopping, &sender).await {
            // Whoever went away does not hear it.
            let _ = sender.send(Err(error.into())).await;
        }
    });
    ReceiverStream::new(receiver)
}

async fn tell(
    authority: &Authority,
    request: pb::WatchReleasesRequest,
    mut stopping: watch::Receiver<bool>,
    sender: &mpsc::Sender<Result<pb::WatchReleasesResponse, Status>>,
) -> Result<(), ApiError> {
    let mut news = authority.watch();
    let mut next = request.from;
    loop {
        // What the stream holds beyond the view is told once the view has it: it is not loaded here yet.
        let until = *news.borrow_and_update();
        if next > until {
            return Err(ApiError {
                field: "from".to_owned(),
                ..ApiError::new(
                    Kind::FailedPrecondition,
                    "VN-API-035",
                    "the position lies beyond the end",
                )
            });
        }
        while next < until {
            let entries = authority.entries(next, ENTRIES_MAX).await.map_err(failed)?;
            let entries: Vec<_> = entries
                .into_iter()
                .take_while(|(position, _)| *position < until)
                .collect();
            let Some((last, _)) = entries.last() else { break };
            next = last + 1;
            for (position, bytes) in &entries {
                if let Some(answer) = told(*position, bytes, until)
                    && sender.send(Ok(answer)).await.is_err()
                {
                    return Ok(());
                }
            }
        }
        if request.tell_end && sender.send(Ok(end(until))).await.is_err() {
            return Ok(());
        }
        if !request.follow {
            return Ok(());
        }
        tokio::select! {
            () = sender.closed() => return Ok(()),
            // An error means that the service is gone, which is a stop as well.
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
            changed = news.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

/// Everything before a position was told.
fn end(position: u64) -> pb::WatchReleasesResponse {
    pb::WatchReleasesResponse {
        position,
        kind: pb::WatchedKind::End.into(),
        end: position,
        ..Default::default()
    }
}

/// What is told of an entry of a stream that goes to `end`; `None` when it does not concern everybody.
fn told(position: u64, bytes: &[u8], end: u64) -> Option<pb::WatchReleasesResponse> {
    let entry = AuthorityEntry::decode(bytes).ok()?;
    let mut unnamed = AuthorityEntry {
        caller: PUBLISHER.to_owned(),
        ..entry.clone()
    };
    let (kind, name, version, digest) = match entry.change {
        Change::DraftPut { draft, .. }
        | Change::DraftChecked { draft, .. }
        | Change::DraftApproved { draft, .. } => (pb::WatchedKind::Prepared, draft, String::new(), None),
        Change::ReleasePublished { draft, digest, .. } => {
            (pb::WatchedKind::Release, draft, String::new(), Some(digest))
        }
        Change::EditionImported(edition) => (
            pb::WatchedKind::Edition,
            edition.system,
            edition.version,
            Some(edition.blob),
        ),
        Change::ContentImported(content) => (
            pb::WatchedKind::Content,
            content.url,
            content.version,
            Some(content.blob),
        ),
        Change::Step(Step::ReleaseAnnounced(told)) => {
            // Which reporters there are is not told.
            unnamed.change = Change::Step(Step::ReleaseAnnounced(Announcement {
                reporters: Vec::new(),
                ..told.clone()
            }));
            (pb::WatchedKind::Prepared, told.release, String::new(), None)
        }
        _ => return None,
    };
    Some(pb::WatchReleasesResponse {
        position,
        kind: kind.into(),
        name,
        version,
        digest: digest.map(|digest| digest.to_vec().into()).unwrap_or_default(),
        entry: unnamed.encode().into(),
        end,
    })
}

/// The bytes under a digest, in pieces. What a reporter uploaded is its own and not given, and rows of uploads are not
/// under disclosure control.
pub(crate) async fn download(
    authority: &Authority,
    request: &pb::DownloadRequest,
) -> Result<Vec<pb::DownloadResponse>, ApiError> {
    let digest = hash(&request.digest, "digest")?;
    let view = authority.view();
    let state = view.state();
    let of_a_reporter = state.concept_maps().any(|map| map.blob == digest);
    let mut uploads = state.uploads().all().flat_map(Upload::revisions);
    let uploaded = uploads.any(|kept| kept.record.blob == digest);
    let bytes = match of_a_reporter || uploaded {
        true => None,
        false => authority.blob(&digest).await.map_err(failed)?,
    };
    let bytes = bytes.ok_or_else(|| ApiError {
        field: "digest".to_owned(),
        ..ApiError::new(Kind::NotFound, "VN-API-034", "nothing is kept under the digest")
    })?;
    let pieces = bytes.chunks(PIECE_BYTES).map(|piece| pb::DownloadResponse {
        data: piece.to_vec().into(),
    });
    Ok(pieces.collect())
}
