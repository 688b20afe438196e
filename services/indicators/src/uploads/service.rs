//! The calls about uploads: files come and go in pieces; what is looked at row by row is noted first.

use std::sync::Arc;
use std::time::Duration;

use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;
use vardnav_api::common::{page, page_size};
use vardnav_api::status::{ApiError, Kind as ErrorKind};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_interchange::upload::FILE_BYTES_MAX;
use vardnav_register::audit::AuditEntry;
use vardnav_release::authority::{KeptUpload, Upload};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Store, audit};

use super::answer::{message, put_message};
use super::{TAKING_MAX, Uploads, failed, known, own, too_large, unread};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
/// How long the next piece may be in coming.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a piece.
const PIECE_BYTES: usize = 1 << 20;
/// What is noted when somebody looks at the rows of an upload.
const LOOK: &str = "indicators.download-upload";
/// Stands for all reporters together in a note.
const ALL_REPORTERS: &str = "all-reporters";

impl Uploads {
    /// Takes a file in pieces and puts it.
    pub(crate) async fn receive(
        &self,
        caller: &Caller,
        mut pieces: impl Stream<Item = Result<pb::UploadSeriesRequest, Status>> + Unpin,
    ) -> Result<pb::UploadSeriesResponse, Status> {
        // Before anything is taken into memory.
        let turn = self.taking.try_acquire();
        let _turn = turn.map_err(|_| {
            let message = format!("{TAKING_MAX} uploads are under way; try again in a moment");
            ApiError::new(ErrorKind::ResourceExhausted, "VN-API-012", message)
        })?;
        let mut header: Option<pb::UploadHeader> = None;
        let mut file = Vec::new();
        while let Some(piece) = next(&mut pieces).await? {
            match (&header, piece.header) {
                (None, Some(stated)) => {
                    known(&stated.kind)?;
                    header = Some(stated);
                }
                (None, None) => {
                    return Err(ApiError::field("header", "the first message says what the file is").into());
                }
                (Some(_), Some(_)) => {
                    return Err(ApiError::field("header", "it stands in the first message alone").into());
                }
                (Some(_), None) => {}
            }
            if file.len() + piece.data.len() > FILE_BYTES_MAX {
                return Err(too_large().into());
            }
            file.extend_from_slice(&piece.data);
        }
        let header = header.ok_or_else(|| ApiError::field("header", "it must be said what the file is"))?;
        let put = self.put(caller, &header.kind, &header.source, file, header.validate_only);
        Ok(put_message(put.await?))
    }

    /// The last revision of each upload that the caller may know of.
    pub(crate) fn list(
        &self,
        caller: &Caller,
        request: &pb::ListUploadsRequest,
    ) -> Result<pb::ListUploadsResponse, ApiError> {
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let only = match request.kind.as_str() {
            "" => None,
            kind => Some(known(kind)?.name()),
        };
        let view = self.keeper.authority().view();
        let uploads = view.state().uploads().all().filter_map(Upload::last);
        let asked =
            uploads.filter(|kept| only.is_none_or(|kind| kept.record.kind == kind) && may_know(kept, caller));
        let (uploads, next_page_token) = page(asked, place, &request.page_token, size);
        Ok(pb::ListUploadsResponse {
            uploads: uploads.into_iter().map(message).collect(),
            next_page_token,
        })
    }

    /// All revisions of an upload.
    pub(crate) fn history(
        &self,
        caller: &Caller,
        request: &pb::GetUploadRequest,
    ) -> Result<pb::GetUploadResponse, ApiError> {
        own(known(&request.kind)?, &request.id, caller)?;
        let view = self.keeper.authority().view();
        let upload = view.state().uploads().get(&request.kind, &request.id);
        let upload = upload.ok_or_else(not_found)?;
        Ok(pb::GetUploadResponse {
            revisions: upload.revisions().iter().map(message).collect(),
        })
    }

    /// The rows of a revision, once it is noted that the caller looks at them.
    pub(crate) async fn download(
        &self,
        store: &Arc<dyn Store>,
        caller: &Caller,
        request: &pb::DownloadUploadRequest,
    ) -> Result<Vec<pb::DownloadUploadResponse>, ApiError> {
        let kind = known(&request.kind)?;
        own(kind, &request.id, caller)?;
        let view = self.keeper.authority().view();
        let upload = view.state().uploads().get(&request.kind, &request.id);
        let upload = upload.ok_or_else(not_found)?;
        let kept = match request.revision {
            0 => upload.last(),
            number => upload.revision(number),
        };
        let record = &kept.ok_or_else(not_found)?.record;
        let about = format!("{}:{}", record.kind, record.id.replace('/', ":"));
        let reporter = kind.reporter(&record.id).unwrap_or(ALL_REPORTERS);
        let at = clock::now_micros();
        let note = AuditEntry::new(&caller.name, at, LOOK, reporter, None, Some(&about));
        let note = note.map_err(|error| ApiError::field("id", error.to_string()))?;
        audit::note(store.as_ref(), &[note])
            .await
            .map_err(|error| ApiError::new(ErrorKind::Unavailable, "VN-API-010", error.to_string()))?;
        let bytes = self
            .keeper
            .authority()
            .blob(&record.blob)
            .await
            .map_err(|error| failed(&error))?;
        let bytes = bytes.ok_or_else(unread)?;
        let pieces = bytes.chunks(PIECE_BYTES).map(|piece| pb::DownloadUploadResponse {
            data: piece.to_vec().into(),
        });
        Ok(pieces.collect())
    }

    /// Withdraws an upload and answers it.
    pub(crate) async fn withdrawn(
        &self,
        caller: &Caller,
        request: &pb::WithdrawUploadRequest,
    ) -> Result<pb::WithdrawUploadResponse, ApiError> {
        let kept = self
            .withdraw(caller, &request.kind, &request.id, &request.reason)
            .await?;
        Ok(pb::WithdrawUploadResponse {
            upload: Some(message(&kept)),
        })
    }
}

/// The next piece, which may be so long in coming: an upload that stands still keeps others from theirs.
async fn next<T>(pieces: &mut (impl Stream<Item = Result<T, Status>> + Unpin)) -> Result<Option<T>, Status> {
    match tokio::time::timeout(PATIENCE, pieces.next()).await {
        Ok(piece) => piece.transpose(),
        Err(_) => {
            let message = "nothing of the upload came for too long; send it again";
            Err(ApiError::new(ErrorKind::Unavailable, "VN-API-010", message).into())
        }
    }
}

/// Where an upload stands in a list: by kind and id, as the state gives them.
fn place(kept: &&KeptUpload) -> String {
    format!("{}\u{0}{}", kept.record.kind, kept.record.id)
}

fn may_know(kept: &KeptUpload, caller: &Caller) -> bool {
    let kind = known(&kept.record.kind);
    kind.is_ok_and(|kind| own(kind, &kept.record.id, caller).is_ok())
}

fn not_found() -> ApiError {
    ApiError::not_found("an upload of that kind, id and revision")
}
