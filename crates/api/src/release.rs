//! Conversions of release messages: drafts and releases out, findings out.

use jiff::civil::Date;
use vardnav_release::authority::{
    AuthorityState, Draft, KeptComment, Link, Mark, PublishedRelease, Round, Stage, TrailMark,
};
use vardnav_release::diff::{Change, What, words};
use vardnav_release::entry::{Announcement, AreaCount, Body, Resolution};
use vardnav_release::lifecycle::{self, Caution, Refusal};
use vardnav_release::package::{Package, PackageError};
use vardnav_release::snapshot::Snapshot;
use vardnav_release::source::{Place, ReleaseFinding};

use crate::common::{date_message, label_message};
use crate::pb::vardnav::release::v1 as pb;
use crate::pb::vardnav::r#type::v1 as common;
use crate::register::bytes;
use crate::status::{ApiError, Kind};

/// A draft as a message; `state` tells whether it is behind, `today` whether its referral rounds are open.
pub fn draft_message(draft: &Draft, state: &AuthorityState, today: Date) -> pb::Release {
    let status = match draft.stage() {
        Stage::Draft | Stage::Faulty => pb::ReleaseStatus::Draft,
        Stage::Checked => pb::ReleaseStatus::Checked,
        Stage::Submitted => pb::ReleaseStatus::Submitted,
        Stage::Approved => pb::ReleaseStatus::Approved,
        Stage::Published => pb::ReleaseStatus::Published,
    };
    pb::Release {
        id: draft.id.clone(),
        title: Some(label_message(&draft.proposal.title)),
        status: status.into(),
        digest: bytes(&draft.proposal.digest),
        behind: lifecycle::is_behind(state, draft),
        ..way_message(draft, today)
    }
}

/// A published release as a message; `state` tells who drafted and approved it and what came after, `today` where it
/// stands.
pub fn release_message(release: &PublishedRelease, state: &AuthorityState, today: Date) -> pb::Release {
    let way = state.draft(&release.draft).map(|draft| way_message(draft, today));
    let superseded = state.superseded_from(&release.id);
    let standing = if release.from > today {
        pb::Standing::Scheduled
    } else if superseded.is_some_and(|superseded| superseded <= today) {
        pb::Standing::Superseded
    } else {
        pb::Standing::InForce
    };
    let told = release.announced.as_ref();
    pb::Release {
        id: release.id.clone(),
        title: Some(label_message(&release.proposal.title)),
        status: pb::ReleaseStatus::Published.into(),
        digest: bytes(&release.proposal.digest),
        effective: Some(date_message(release.from)),
        superseded: superseded.map(date_message),
        published_by: release.publication.by.clone(),
        standing: standing.into(),
        published: told.map(|told| date_message(told.on)),
        retroactive: release.is_retroactive().unwrap_or_default(),
        short_notice_reason: told.map(|told| told.reason.clone()).unwrap_or_default(),
        procedure: told
            .and_then(|told| told.procedure)
            .map(|procedure| pb::Procedure {
                remiss_days_min: procedure.remiss_days_min.into(),
                notice_days_min: procedure.notice_days_min.into(),
                resolution_required: procedure.resolution_required,
                identities_required: procedure.identities_required,
            }),
        ..way.unwrap_or_default()
    }
}

/// The way of a draft: who did what, on which base, with which referral.
fn way_message(draft: &Draft, today: Date) -> pb::Release {
    let by = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.by.clone()).unwrap_or_default();
    let base = draft.base.as_ref();
    pb::Release {
        drafted_by: authors(draft),
        approved_by: by(&draft.approval),
        published_by: by(&draft.publication),
        submitted_by: by(&draft.submission),
        base: base.map(|base| base.release.clone()).unwrap_or_default(),
        referrals: draft
            .rounds
            .iter()
            .map(|round| referral_message(round, draft, today))
            .collect(),
        comments: count(draft.comments.len()),
        unresolved: count(draft.unresolved()),
        draft: draft.id.clone(),
        ..pb::Release::default()
    }
}

fn referral_message(round: &Round, draft: &Draft, today: Date) -> pb::Referral {
    pb::Referral {
        round: round.number,
        digest: bytes(&round.digest),
        draft_changed: round.digest != draft.proposal.digest,
        opened: Some(date_message(round.opened)),
        until: Some(date_message(round.until)),
        closed: round.closed.map(date_message),
        open: round.is_open(today),
        bodies: round.bodies.iter().map(body_message).collect(),
    }
}

fn body_message(body: &Body) -> pb::Body {
    pb::Body {
        id: body.id.clone(),
        name: body.name.clone(),
    }
}

/// Who is asked, from messages.
pub fn bodies(messages: Vec<pb::Body>) -> Vec<Body> {
    let body = |message: pb::Body| Body {
        id: message.id,
        name: message.name,
    };
    messages.into_iter().map(body).collect()
}

/// A comment on a draft as a message.
pub fn comment_message(kept: &KeptComment, draft: &Draft) -> pb::Comment {
    let comment = &kept.comment;
    let round = draft.round(comment.round);
    let resolved = kept.resolved.as_ref();
    let resolution = resolved.map_or(pb::Resolution::Unspecified, |resolved| {
        match resolved.resolution {
            Resolution::Accepted => pb::Resolution::Accepted,
            Resolution::Partly => pb::Resolution::Partly,
            Resolution::Rejected => pb::Resolution::Rejected,
            Resolution::Noted => pb::Resolution::Noted,
        }
    });
    pb::Comment {
        number: comment.number,
        round: comment.round,
        body: round
            .and_then(|round| round.body(&comment.body))
            .map(body_message),
        subject: Some(pb::Subject {
            kind: comment.subject.kind.clone(),
            name: comment.subject.name.clone(),
        }),
        text: comment.text.clone(),
        by: kept.mark.by.clone(),
        time_micros: kept.mark.at,
        resolution: resolution.into(),
        resolution_text: resolved.map(|resolved| resolved.text.clone()).unwrap_or_default(),
        resolved_by: resolved
            .map(|resolved| resolved.mark.by.clone())
            .unwrap_or_default(),
        resolved_micros: resolved.map(|resolved| resolved.mark.at).unwrap_or_default(),
    }
}

/// A link of a caller to a person as a message.
pub fn link_message(link: &Link) -> pb::CallerLink {
    pb::CallerLink {
        caller: link.caller.clone(),
        identity: link.identity.clone(),
        linked_by: link.mark.by.clone(),
        linked_micros: link.mark.at,
    }
}

/// What became of a comment, from its message.
///
/// # Errors
/// When it is not stated.
pub fn resolution(message: pb::Resolution) -> Result<Resolution, ApiError> {
    match message {
        pb::Resolution::Accepted => Ok(Resolution::Accepted),
        pb::Resolution::Partly => Ok(Resolution::Partly),
        pb::Resolution::Rejected => Ok(Resolution::Rejected),
        pb::Resolution::Noted => Ok(Resolution::Noted),
        pb::Resolution::Unspecified => Err(ApiError::field("resolution", "a resolution is needed")),
    }
}

/// The notices of a release to the reporters that are wanted, as messages.
pub fn notice_messages<'a>(
    release: &'a PublishedRelease,
    wanted: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = pb::Notice> + 'a {
    let told = release.announced.iter();
    told.flat_map(|told| told.reporters.iter().map(move |reporter| (told, reporter)))
        .filter(move |(_, reporter)| wanted(reporter))
        .map(|(told, reporter)| notice_message(release, told, reporter))
}

fn notice_message(release: &PublishedRelease, told: &Announcement, reporter: &str) -> pb::Notice {
    let taken = release.acknowledged.get(reporter);
    let compared = told.compared.as_ref();
    pb::Notice {
        release: release.id.clone(),
        title: Some(label_message(&release.proposal.title)),
        reporter: reporter.to_owned(),
        given: Some(date_message(told.on)),
        effective: Some(date_message(told.from)),
        days: (told.from - told.on).get_days(),
        short_notice_reason: told.reason.clone(),
        compared: compared.map(|base| base.release.clone()).unwrap_or_default(),
        areas: area_messages(&told.changes),
        acknowledged_by: taken.map(|mark| mark.by.clone()).unwrap_or_default(),
        acknowledged_micros: taken.map(|mark| mark.at).unwrap_or_default(),
    }
}

fn area_message(change: &AreaCount) -> pb::AreaCount {
    pb::AreaCount {
        area: change.area.clone(),
        count: change.count,
    }
}

/// The trail of a draft as messages.
pub fn trail_messages(draft: &Draft) -> Vec<pb::get_release_response::TrailStep> {
    let step = |step: &TrailMark| pb::get_release_response::TrailStep {
        time_micros: step.mark.at,
        by: step.mark.by.clone(),
        what: step.what.to_owned(),
        detail: step.detail.clone(),
        digest: bytes(&step.digest),
    };
    draft.trail.iter().map(step).collect()
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

/// What a publication does that may be meant otherwise, as a warning.
pub fn caution_message(caution: &Caution) -> common::Finding {
    common::Finding {
        code: caution.code().to_owned(),
        severity: common::Severity::Warning.into(),
        path: String::new(),
        message: caution.to_string(),
    }
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
        Refusal::UnknownDraft
        | Refusal::UnknownReporter
        | Refusal::UnknownBase
        | Refusal::UnknownUpload
        | Refusal::UnknownComment { .. }
        | Refusal::NoNotice => Kind::NotFound,
        Refusal::TooManyMaps
        | Refusal::TooManyUploads
        | Refusal::TooManyPublications
        | Refusal::TooManyComments { .. }
        | Refusal::TooManyLinks => Kind::ResourceExhausted,
        Refusal::Changed { .. } | Refusal::EditionsChanged { .. } => Kind::Aborted,
        Refusal::IdTaken { .. }
        | Refusal::DraftExists { .. }
        | Refusal::EditionTaken { .. }
        | Refusal::MapTaken { .. } => Kind::AlreadyExists,
        Refusal::BadId { .. }
        | Refusal::BadText { .. }
        | Refusal::BadLongText(_)
        | Refusal::BadBodies
        | Refusal::NotInvited { .. }
        | Refusal::ReasonMissing
        | Refusal::SourceMissing
        | Refusal::UploadReasonMissing
        | Refusal::BadUploadId
        | Refusal::TitleMissing
        | Refusal::NoteMissing
        | Refusal::BadCaller
        | Refusal::TooEarly { .. } => Kind::InvalidArgument,
        Refusal::OwnDraft { .. } | Refusal::OwnLink => Kind::PermissionDenied,
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

/// A difference between two releases as a message.
pub fn change_message(change: &Change) -> pb::Change {
    let kind = match change.what {
        What::Added => pb::ChangeKind::Added,
        What::Removed => pb::ChangeKind::Removed,
        What::Changed => pb::ChangeKind::Changed,
        What::Moved => pb::ChangeKind::Moved,
    };
    pb::Change {
        element: change.kind.name().to_owned(),
        id: change.id.clone(),
        name: change.name.clone(),
        change: kind.into(),
        aspect: change.aspect.to_owned(),
        before: change.before.clone(),
        after: change.after.clone(),
        old_place: place_message(&change.old),
        new_place: place_message(&change.new),
        text: Some(label_message(&words::line(change))),
        area: change.kind.area().to_owned(),
    }
}

fn place_message(place: &Place) -> Option<pb::Place> {
    let known = !place.file.is_empty();
    known.then(|| pb::Place {
        file: place.file.clone(),
        line: place.line,
    })
}

/// A conflict of a draft with a release as a message.
pub fn conflict_message((ours, theirs): &(Change, Change)) -> pb::list_conflicts_response::Conflict {
    pb::list_conflicts_response::Conflict {
        ours: Some(change_message(ours)),
        theirs: Some(change_message(theirs)),
        text: Some(label_message(&words::conflict(ours, theirs))),
    }
}

/// How much differs, by area, as messages.
pub fn area_messages(changes: &[AreaCount]) -> Vec<pb::AreaCount> {
    changes.iter().map(area_message).collect()
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn authors(draft: &Draft) -> String {
    draft
        .authors
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
