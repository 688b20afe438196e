//! `vardnav release`: the way of a draft to a release, its referral rounds, notices, list and show.

mod check;
mod diff;
pub(crate) mod impact;
mod notices;
mod referral;

use std::path::Path;

use serde_json::{Value, json};
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_api::vardnav::r#type::v1::{FileChunk, Severity};

use crate::client::Client;
use crate::command::{conform, date, date_text, enum_text, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::{cli, upload};

pub(crate) use self::diff::{fetch, source};

const COLUMNS: [&str; 10] = [
    "id",
    "status",
    "standing",
    "effective",
    "superseded",
    "retroactive",
    "behind",
    "title",
    "drafted_by",
    "approved_by",
];

/// Runs a command that needs no server: about folders alone.
pub(crate) fn offline(command: &cli::Release, format: Format) -> Option<Outcome> {
    match command {
        cli::Release::Check {
            id,
            draft: false,
            language,
            brief,
        } if diff::is_folder(id) => Some(check::folder(id, *brief, language, format)),
        cli::Release::Diff {
            old,
            new,
            element,
            language,
        } if diff::is_folder(old) && diff::is_folder(new) => {
            Some(diff::folders((old, new), element, language, format))
        }
        _ => None,
    }
}

/// Runs the command.
pub(crate) async fn run(command: cli::Release, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Release::List => {
            let request = pb::ListReleasesRequest {
                page_size: 1000,
                page_token: String::new(),
            };
            let answer = client.release().list_releases(request).await?.into_inner();
            output::rows(
                format,
                &COLUMNS,
                &answer.releases.iter().map(row).collect::<Vec<_>>(),
            )
        }
        cli::Release::Show { id } => {
            let request = pb::GetReleaseRequest {
                id: id.unwrap_or_default(),
                date: None,
            };
            show(&client.release().get_release(request).await?.into_inner(), format)
        }
        cli::Release::Draft {
            folder,
            id,
            update,
            base,
        } => {
            let id = match id {
                Some(id) => id,
                None => stated_id(&folder)?,
            };
            let draft = draft(client, &id, upload::chunks(&folder)?, update, base).await?;
            output::one(format, &row(&draft))
        }
        cli::Release::Check {
            id, language, brief, ..
        } => check::draft(client, id, brief, &language, format).await,
        cli::Release::Cases { id, variant } => conform::cases(id, variant, client).await,
        cli::Release::Approve { id } => {
            let request = pb::ApproveDraftRequest {
                id,
                expected_digest: Default::default(),
            };
            let answer = client.release().approve_draft(request).await?.into_inner();
            output::one(format, &row(&answer.draft.unwrap_or_default()))
        }
        cli::Release::Submit { id } => {
            let request = pb::SubmitDraftRequest {
                id,
                expected_digest: Default::default(),
            };
            let answer = client.release().submit_draft(request).await?.into_inner();
            output::one(format, &row(&answer.draft.unwrap_or_default()))
        }
        cli::Release::Impact(asked) => impact::run(asked, client, format).await,
        cli::Release::Refer { id, until, body } => referral::refer(client, id, until, body, format).await,
        cli::Release::Close { id } => referral::close(client, id, format).await,
        cli::Release::Comment {
            id,
            body,
            on,
            file,
            text,
        } => referral::comment(client, id, body, on, referral::said(file, text)?, format).await,
        cli::Release::Resolve {
            id,
            comment,
            resolution,
            text,
        } => referral::resolve(client, id, comment, resolution, text, format).await,
        cli::Release::Comments { id } => referral::comments(client, id, format).await,
        cli::Release::Diff {
            old,
            new,
            element,
            language,
        } => diff::diff(client, (&old, &new), &element, &language, format).await,
        cli::Release::Conflicts { id, language } => diff::conflicts(client, id, &language, format).await,
        cli::Release::Notices { reporter } => notices::list(client, reporter, format).await,
        cli::Release::Acknowledge { release, reporter } => {
            notices::acknowledge(client, release, reporter, format).await
        }
        cli::Release::Link { account, identity } => {
            referral::link(client, account.zip(identity), format).await
        }
        cli::Release::Publish {
            id,
            effective,
            short_notice,
            retroactive,
        } => {
            let request = pb::PublishReleaseRequest {
                id,
                effective: date(effective),
                short_notice_reason: short_notice.unwrap_or_default(),
                retroactive_reason: retroactive.unwrap_or_default(),
            };
            let answer = client.release().publish_release(request).await?.into_inner();
            for finding in &answer.findings {
                output::say(format_args!("{}: {}", finding.code, finding.message));
            }
            output::one(format, &row(&answer.release.unwrap_or_default()))
        }
    }
}

/// Makes a draft from chunks of files, or replaces the files of one.
pub(crate) async fn draft(
    client: &Client,
    id: &str,
    chunks: Vec<FileChunk>,
    update: bool,
    base: Option<String>,
) -> Outcome<pb::Release> {
    let base = base.unwrap_or_default();
    let draft = if update {
        let known = pb::GetReleaseRequest {
            id: id.to_owned(),
            date: None,
        };
        let known = client
            .release()
            .get_release(known)
            .await?
            .into_inner()
            .release
            .unwrap_or_default();
        let messages: Vec<_> = chunks
            .into_iter()
            .map(|chunk| pb::UpdateDraftRequest {
                id: id.to_owned(),
                expected_digest: known.digest.clone(),
                chunk: Some(chunk),
                base: base.clone(),
            })
            .collect();
        client
            .release()
            .update_draft(tokio_stream::iter(messages))
            .await?
            .into_inner()
            .draft
    } else {
        let messages: Vec<_> = chunks
            .into_iter()
            .map(|chunk| pb::CreateDraftRequest {
                id: id.to_owned(),
                chunk: Some(chunk),
                base: base.clone(),
            })
            .collect();
        client
            .release()
            .create_draft(tokio_stream::iter(messages))
            .await?
            .into_inner()
            .draft
    };
    Ok(draft.unwrap_or_default())
}

/// Takes a draft all the way: check by its author, approval and publication by another.
pub(crate) async fn advance(author: &Client, other: &Client, id: &str) -> Outcome {
    let id = id.to_owned();
    let check = author
        .release()
        .check_draft(pb::CheckDraftRequest {
            id: id.clone(),
            with_proofs: false,
        })
        .await?
        .into_inner();
    let errors = check.findings.iter().filter_map(|found| found.finding.as_ref());
    if let Some(error) = errors
        .into_iter()
        .find(|finding| finding.severity() == Severity::Error)
    {
        return Err(Failure::Findings(format!("{}: {}", error.code, error.message)));
    }
    let approve = pb::ApproveDraftRequest {
        id: id.clone(),
        expected_digest: Default::default(),
    };
    other.release().approve_draft(approve).await?;
    other
        .release()
        .publish_release(pb::PublishReleaseRequest {
            id,
            ..pb::PublishReleaseRequest::default()
        })
        .await?;
    Ok(())
}

fn stated_id(folder: &Path) -> Outcome<String> {
    let text = std::fs::read_to_string(folder.join("release.toml")).map_err(|error| {
        Failure::Usage(format!(
            "{}/release.toml cannot be read: {error}",
            folder.display()
        ))
    })?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix("id")?
                .trim_start()
                .strip_prefix('=')?
                .trim()
                .split('"')
                .nth(1)
                .map(str::to_owned)
        })
        .ok_or_else(|| Failure::Usage("release.toml states no id; give one with --id".into()))
}

fn show(answer: &pb::GetReleaseResponse, format: Format) -> Outcome {
    let mut value = row(&answer.release.clone().unwrap_or_default());
    let contents = answer.contents.unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert(
            "contents".into(),
            json!({
                "axes": contents.axes, "tables": contents.tables, "rules": contents.rules,
                "code_systems": contents.code_systems, "concepts": contents.concepts,
                "variables": contents.variables, "checks": contents.checks,
                "indicators": contents.indicators, "editions": contents.editions,
            }),
        );
        let files: Vec<Value> = answer
            .files
            .iter()
            .map(|file| json!({"path": file.path, "digest": hex(&file.digest), "size": file.size}))
            .collect();
        fields.insert(
            "files".into(),
            if format == Format::Table {
                json!(files.len())
            } else {
                json!(files)
            },
        );
        let trail = answer.trail.iter().map(|step| {
            json!({
                "time": micros(step.time_micros), "by": step.by, "what": step.what, "detail": step.detail,
                "digest": hex(&step.digest),
            })
        });
        let trail: Vec<Value> = trail.collect();
        fields.insert(
            "trail".into(),
            if format == Format::Table {
                json!(trail.len())
            } else {
                json!(trail)
            },
        );
    }
    output::one(format, &value)
}

/// An instant as text.
fn micros(micros: i64) -> Value {
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(instant) if micros != 0 => json!(instant.to_string()),
        _ => Value::Null,
    }
}

fn row(release: &pb::Release) -> Value {
    json!({
        "id": release.id,
        "title": release.title.as_ref().map(|title| title.sv.clone()),
        "status": enum_text(release.status().as_str_name(), "RELEASE_STATUS_"),
        "digest": hex(&release.digest),
        "effective": date_text(release.effective.as_ref()),
        "superseded": date_text(release.superseded.as_ref()),
        "drafted_by": release.drafted_by,
        "approved_by": release.approved_by,
        "published_by": release.published_by,
        "standing": match release.standing() {
            pb::Standing::Unspecified => Value::Null,
            standing => json!(enum_text(standing.as_str_name(), "STANDING_")),
        },
        "published": date_text(release.published.as_ref()),
        "retroactive": release.retroactive,
        "short_notice_reason": release.short_notice_reason,
        "draft": release.draft,
        "base": release.base,
        "behind": release.behind,
        "submitted_by": release.submitted_by,
        "comments": release.comments,
        "unresolved": release.unresolved,
        "changed_since_referral": release.changed_since_referral,
        "referrals": release.referrals.iter().map(referral::row).collect::<Vec<_>>(),
        "procedure": release.procedure.as_ref().map(|procedure| json!({
            "remiss_days_min": procedure.remiss_days_min,
            "notice_days_min": procedure.notice_days_min,
            "resolution_required": procedure.resolution_required,
            "identities_required": procedure.identities_required,
        })),
    })
}
