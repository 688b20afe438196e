//! Between the store's words and the messages.

use vardnav_api::status::ApiError;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::admin::v1::back_up_store_response::Given as GivenMessage;
use vardnav_api::vardnav::admin::v1::check_store_response::Told as ToldMessage;
use vardnav_store::Digest;
use vardnav_store::backup::{FileRecord, Given};
use vardnav_store::check::{Summary, Told};

/// What a check tells.
pub(super) fn told(told: Told) -> ToldMessage {
    match told {
        Told::Finding(finding) => ToldMessage::Finding(pb::StoreFinding {
            remedy: finding.remedy().to_owned(),
            code: finding.code.to_owned(),
            file: finding.file,
            offset: finding.offset,
            stream: finding.stream.map_or(String::new(), |stream| stream.to_string()),
            position: finding.position,
            message: finding.message,
            lost: finding.lost,
        }),
        Told::Progress { step, done, total } => ToldMessage::Progress(progress(step, done, total)),
    }
}

/// What a check held against each other.
pub(super) fn summary(summary: &Summary) -> pb::StoreSummary {
    pb::StoreSummary {
        streams: summary.streams,
        frames: summary.frames,
        rows: summary.rows,
        log_bytes: summary.log_bytes,
        blobs: summary.blobs,
        cursors: summary.cursors,
        findings: summary.findings,
    }
}

/// What a copy gives.
pub(super) fn given(given: Given) -> GivenMessage {
    match given {
        Given::Chunk { path, offset, data } => GivenMessage::Chunk(pb::BackupChunk {
            path,
            offset,
            data: data.into(),
        }),
        Given::Progress { done, total } => GivenMessage::Progress(progress("log", done, total)),
    }
}

/// A file that an earlier copy holds.
pub(super) fn record(file: pb::BackupFile, index: usize) -> Result<FileRecord, ApiError> {
    let sum = <[u8; 32]>::try_from(file.sha256.as_ref())
        .map_err(|_| ApiError::field(format!("held[{index}].sha256"), "32 bytes are needed"))?;
    Ok(FileRecord {
        path: file.path,
        length: file.length,
        digest: Digest(sum),
    })
}

fn progress(step: &str, done: u64, total: u64) -> pb::StoreProgress {
    pb::StoreProgress {
        step: step.to_owned(),
        done,
        total,
    }
}
