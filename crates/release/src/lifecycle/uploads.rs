//! Whether a revision of an upload, or its withdrawal, may be written. What an upload holds is judged by its kind, before.

use super::text::check_upload_id;
use super::{Refusal, check_caller, check_id, check_text, entry};
use crate::authority::{AuthorityState, Upload};
use crate::entry::{AuthorityEntry, Change, UploadRecord, UploadStep};

/// Most uploads of one kind.
pub const UPLOADS_MAX: usize = 100_000;
/// Most revisions of one upload.
pub const REVISIONS_MAX: u32 = 1_000;
/// Longest id of an upload, in bytes.
pub const UPLOAD_ID_BYTES_MAX: usize = 128;

/// Puts the next revision of an upload, whose number is given here; `None` when just this holds already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadId`], [`Refusal::BadUploadId`], [`Refusal::BadText`];
/// [`Refusal::SourceMissing`]; [`Refusal::TooManyUploads`].
pub fn put_upload(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    upload: &UploadRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_id("upload's kind", &upload.kind)?;
    check_upload_id(&upload.id)?;
    check_text("source of the upload", &upload.source)?;
    if upload.source.trim().is_empty() {
        return Err(Refusal::SourceMissing);
    }
    let known = state.uploads().get(&upload.kind, &upload.id);
    let same = |held: &UploadRecord| {
        held.blob == upload.blob && held.source == upload.source && held.date == upload.date
    };
    if known.and_then(Upload::current).is_some_and(same) {
        return Ok(None);
    }
    let last = known
        .and_then(Upload::last)
        .map_or(0, |last| last.record.revision);
    if last >= REVISIONS_MAX || known.is_none() && state.uploads().count(&upload.kind) >= UPLOADS_MAX {
        return Err(Refusal::TooManyUploads);
    }
    let record = UploadRecord {
        revision: last + 1,
        ..upload.clone()
    };
    Ok(Some(entry(caller, at, Change::Upload(UploadStep::Put(record)))))
}

/// Withdraws an upload; `None` when it is withdrawn already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadText`]; [`Refusal::UnknownUpload`]; [`Refusal::UploadReasonMissing`].
pub fn withdraw_upload(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    kind: &str,
    id: &str,
    reason: &str,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_text("reason of the withdrawal", reason)?;
    let known = state.uploads().get(kind, id).and_then(Upload::last);
    let last = known.ok_or(Refusal::UnknownUpload)?;
    if last.withdrawn.is_some() {
        return Ok(None);
    }
    if reason.trim().is_empty() {
        return Err(Refusal::UploadReasonMissing);
    }
    let step = UploadStep::Withdrawn {
        kind: kind.to_owned(),
        id: id.to_owned(),
        revision: last.record.revision,
        reason: reason.to_owned(),
    };
    Ok(Some(entry(caller, at, Change::Upload(step))))
}
