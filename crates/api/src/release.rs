//! Conversions of release messages: drafts and releases out, findings out.

use vardnav_release::authority::{AuthorityState, Draft, PublishedRelease, Stage};
use vardnav_release::lifecycle::Refusal;
use vardnav_release::package::{Package, PackageError};
use vardnav_release::snapshot::Snapshot;
use vardnav_release::source::ReleaseFinding;

use crate::common::{date_message, label_message};
use crate::pb::vardnav::release::v1 as pb;
use crate::pb::vardnav::r#type::v1 as common;
use crate::register::bytes;
use crate::status::{ApiError, Kind};

/// A draft as a message.
pub fn draft_message(draft: &Draft) -> pb::Release {
    let status = match draft.stage() {
        Stage::Draft | Stage::Faulty => pb::ReleaseStatus::Draft,
        Stage::Checked => pb::ReleaseStatus::Checked,
        Stage::Approved => pb::ReleaseStatus::Approved,
        Stage::Published => pb::ReleaseStatus::Published,
    };
    pb::Release {
        id: draft.id.clone(),
        title: Some(label_message(&draft.proposal.title)),
        status: status.into(),
        digest: bytes(&draft.proposal.digest),
        effective: None,
        superseded: None,
        drafted_by: authors(draft),
        approved_by: draft
            .approval
            .as_ref()
            .map(|mark| mark.by.clone())
            .unwrap_or_default(),
        published_by: draft
            .publication
            .as_ref()
            .map(|mark| mark.by.clone())
            .unwrap_or_default(),
    }
}

/// A published release as a message; `state` tells who drafted and approved it and what came after.
pub fn release_message(release: &PublishedRelease, state: &AuthorityState) -> pb::Release {
    let draft = state.draft(&release.draft);
    let approval = draft.and_then(|draft| draft.approval.as_ref());
    pb::Release {
        id: release.id.clone(),
        title: Some(label_message(&release.proposal.title)),
        status: pb::ReleaseStatus::Published.into(),
        digest: bytes(&release.proposal.digest),
        effective: Some(date_message(release.from)),
        superseded: state.superseded_from(&release.id).map(date_message),
        drafted_by: draft.map(authors).unwrap_or_default(),
        approved_by: approval.map(|mark| mark.by.clone()).unwrap_or_default(),
        published_by: release.publication.by.clone(),
    }
}

/// The editions that a release was published over as messages.
pub fn pinned_messages(release: &PublishedRelease) -> Vec<pb::get_release_response::PinnedEdition> {
    let pins = release.editions.iter();
    pins.map(|pin| pb::get_release_response::PinnedEdition {
        system: pin.system.clone(),
        version: pin.version.clone(),
        digest: bytes(&pin.digest),
    })
    .collect()
}

/// A finding in a file of a release as a message.
pub fn finding_message(finding: &ReleaseFinding) -> pb::ReleaseFinding {
    let severity = if finding.warning {
        common::Severity::Warning
    } else {
        common::Severity::Error
    };
    pb::ReleaseFinding {
        finding: Some(common::Finding {
            code: finding.code.to_owned(),
            severity: severity.into(),
            path: String::new(),
            message: finding.message.clone(),
        }),
        file: finding.place.file.clone(),
        line: finding.place.line,
    }
}

/// The files of a package as messages.
pub fn file_messages(package: &Package) -> Vec<pb::get_release_response::File> {
    let manifest = package.manifest();
    manifest
        .files()
        .zip(package.files())
        .map(|((path, digest), (_, content))| pb::get_release_response::File {
            path: path.to_owned(),
            digest: bytes(digest),
            size: content.len() as u64,
        })
        .collect()
}

/// How much a release holds, as a message.
pub fn contents_message(snapshot: &Snapshot) -> pb::get_release_response::Contents {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let description = snapshot.description.source();
    let bound = |url: &str| snapshot.bindings.iter().any(|binding| binding.system == url);
    let own: Vec<usize> = snapshot
        .catalog
        .editions()
        .filter(|edition| !bound(edition.url()))
        .map(|edition| edition.len())
        .collect();
    pb::get_release_response::Contents {
        axes: count(description.axes.len()),
        tables: count(description.tables.len()),
        rules: count(description.tables.iter().map(|table| table.rules.len()).sum()),
        code_systems: count(own.len()),
        concepts: count(own.iter().sum()),
        variables: count(snapshot.register.variables.len()),
        checks: count(snapshot.register.checks.len()),
        indicators: count(snapshot.indicators.indicators.len()),
        editions: count(snapshot.bindings.len()),
    }
}

/// A refused step on its way out.
pub fn refusal(refusal: &Refusal) -> ApiError {
    let kind = match refusal {
        Refusal::UnknownDraft | Refusal::UnknownReporter => Kind::NotFound,
        Refusal::TooManyMaps => Kind::ResourceExhausted,
        Refusal::Changed { .. } => Kind::Aborted,
        Refusal::IdTaken { .. }
        | Refusal::DraftExists { .. }
        | Refusal::EditionTaken { .. }
        | Refusal::MapTaken { .. } => Kind::AlreadyExists,
        Refusal::BadId { .. } | Refusal::BadText { .. } | Refusal::BadCaller | Refusal::TooEarly { .. } => {
            Kind::InvalidArgument
        }
        Refusal::OwnDraft { .. } => Kind::PermissionDenied,
        _ => Kind::FailedPrecondition,
    };
    ApiError::new(kind, refusal.code(), refusal.to_string())
}

/// Files that make no package, on their way out.
pub fn package_error(error: &PackageError) -> ApiError {
    let kind = match error {
        PackageError::TooManyFiles | PackageError::FileTooLarge { .. } | PackageError::TooLarge => {
            Kind::ResourceExhausted
        }
        _ => Kind::InvalidArgument,
    };
    ApiError::new(kind, error.code(), error.to_string())
}

fn authors(draft: &Draft) -> String {
    draft
        .authors
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
