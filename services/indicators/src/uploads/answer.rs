//! Uploads as messages.

use vardnav_api::common::date_message;
use vardnav_api::register::bytes;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_interchange::upload::Problem;
use vardnav_release::authority::KeptUpload;

use super::Put;

pub(super) fn put_message(put: Put) -> pb::UploadSeriesResponse {
    match put {
        Put::Kept(put) => pb::UploadSeriesResponse {
            upload: Some(message(&put.kept)),
            changed: put.changed,
            findings: Vec::new(),
        },
        Put::Refused(mut problems) => {
            problems.sort();
            pb::UploadSeriesResponse {
                upload: None,
                changed: false,
                findings: problems.into_iter().map(finding_message).collect(),
            }
        }
    }
}

pub(super) fn message(kept: &KeptUpload) -> pb::Upload {
    let record = &kept.record;
    pb::Upload {
        kind: record.kind.clone(),
        id: record.id.clone(),
        revision: record.revision,
        date: Some(date_message(record.date)),
        source: record.source.clone(),
        made_up: record.is_made_up(),
        rows: record.rows,
        release: record.release.clone(),
        digest: bytes(&record.blob),
        put_by: kept.mark.by.clone(),
        put_micros: kept.mark.at,
        withdrawal: kept.withdrawn.as_ref().map(|withdrawn| pb::UploadWithdrawal {
            reason: withdrawn.reason.clone(),
            by: withdrawn.mark.by.clone(),
            micros: withdrawn.mark.at,
        }),
    }
}

fn finding_message(problem: Problem) -> pb::UploadFinding {
    pb::UploadFinding {
        finding: Some(types::Finding {
            code: problem.code.to_owned(),
            severity: types::Severity::Error.into(),
            path: problem.column.to_owned(),
            message: problem.message,
        }),
        line: problem.line,
    }
}
