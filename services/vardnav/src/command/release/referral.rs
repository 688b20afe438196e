//! Referral rounds, their comments and answers, and the callers that are one person.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_api::vardnav::release::v1 as pb;

use crate::cli;
use crate::client::Client;
use crate::command::{date, date_text, enum_text, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

const PAGE: i32 = 1000;
const COMMENT_COLUMNS: [&str; 8] = [
    "number",
    "round",
    "body",
    "on",
    "text",
    "resolution",
    "resolution_text",
    "resolved_by",
];

/// Opens a round.
pub(super) async fn refer(
    client: &Client,
    id: String,
    until: Date,
    bodies: Vec<String>,
    format: Format,
) -> Outcome {
    let body = |stated: String| match stated.split_once('=') {
        Some((id, name)) => pb::Body {
            id: id.trim().to_owned(),
            name: name.trim().to_owned(),
        },
        None => pb::Body {
            id: String::new(),
            name: stated,
        },
    };
    let request = pb::OpenReferralRequest {
        id,
        until: date(Some(until)),
        bodies: bodies.into_iter().map(body).collect(),
        expected_digest: Default::default(),
    };
    let answer = client.release().open_referral(request).await?.into_inner();
    output::one(format, &super::row(&answer.draft.unwrap_or_default()))
}

/// Closes the open round.
pub(super) async fn close(client: &Client, id: String, format: Format) -> Outcome {
    let request = pb::CloseReferralRequest { id };
    let answer = client.release().close_referral(request).await?.into_inner();
    output::one(format, &super::row(&answer.draft.unwrap_or_default()))
}

/// What a comment says: the text itself, or what a file holds.
pub(super) fn said(file: Option<PathBuf>, text: Option<String>) -> Outcome<String> {
    match (file, text) {
        (Some(file), _) if file == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            Ok(text)
        }
        (Some(file), _) => std::fs::read_to_string(&file)
            .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display()))),
        (None, text) => Ok(text.unwrap_or_default()),
    }
}

/// Writes a comment down.
pub(super) async fn comment(
    client: &Client,
    id: String,
    body: String,
    on: Option<String>,
    text: String,
    format: Format,
) -> Outcome {
    let subject = on.map(|on| match on.split_once(':') {
        Some((kind, name)) if kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') => {
            pb::Subject {
                kind: kind.to_owned(),
                name: name.to_owned(),
            }
        }
        _ => pb::Subject {
            kind: String::new(),
            name: on,
        },
    });
    let request = pb::MakeCommentRequest {
        id,
        body,
        subject,
        text: text.trim().to_owned(),
    };
    let answer = client.release().make_comment(request).await?.into_inner();
    output::one(format, &comment_row(&answer.comment.unwrap_or_default()))
}

/// Answers a comment.
pub(super) async fn resolve(
    client: &Client,
    id: String,
    comment: u32,
    resolution: cli::Resolution,
    text: String,
    format: Format,
) -> Outcome {
    let resolution = match resolution {
        cli::Resolution::Accepted => pb::Resolution::Accepted,
        cli::Resolution::Partly => pb::Resolution::Partly,
        cli::Resolution::Rejected => pb::Resolution::Rejected,
        cli::Resolution::Noted => pb::Resolution::Noted,
    };
    let request = pb::ResolveCommentRequest {
        id,
        comment,
        resolution: resolution.into(),
        text,
    };
    let answer = client.release().resolve_comment(request).await?.into_inner();
    output::one(format, &comment_row(&answer.comment.unwrap_or_default()))
}

/// Lists all comments.
pub(super) async fn comments(client: &Client, id: String, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListCommentsRequest {
            id: id.clone(),
            page_size: PAGE,
            page_token,
        };
        let answer = client.release().list_comments(request).await?.into_inner();
        rows.extend(answer.comments.iter().map(comment_row));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return output::rows(format, &COMMENT_COLUMNS, &rows);
        }
    }
}

/// Links a caller to a person, or lists all links.
pub(super) async fn link(client: &Client, link: Option<(String, String)>, format: Format) -> Outcome {
    let columns = ["caller", "identity", "linked_by", "linked"];
    let row = |link: &pb::CallerLink| {
        json!({
            "caller": link.caller,
            "identity": link.identity,
            "linked_by": link.linked_by,
            "linked": super::micros(link.linked_micros),
        })
    };
    if let Some((caller, identity)) = link {
        let request = pb::LinkCallerRequest {
            link: Some(pb::CallerLink {
                caller,
                identity,
                ..pb::CallerLink::default()
            }),
        };
        let answer = client.release().link_caller(request).await?.into_inner();
        return output::one(format, &row(&answer.link.unwrap_or_default()));
    }
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListCallersRequest {
            page_size: PAGE,
            page_token,
        };
        let answer = client.release().list_callers(request).await?.into_inner();
        rows.extend(answer.links.iter().map(row));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return output::rows(format, &columns, &rows);
        }
    }
}

/// A round as a row.
pub(super) fn row(round: &pb::Referral) -> Value {
    let body = |body: &pb::Body| json!({"id": body.id, "name": body.name});
    json!({
        "round": round.round,
        "digest": hex(&round.digest),
        "draft_changed": round.draft_changed,
        "opened": date_text(round.opened.as_ref()),
        "until": date_text(round.until.as_ref()),
        "closed": date_text(round.closed.as_ref()),
        "open": round.open,
        "bodies": round.bodies.iter().map(body).collect::<Vec<_>>(),
    })
}

fn comment_row(comment: &pb::Comment) -> Value {
    let subject = comment.subject.clone().unwrap_or_default();
    let on = match (subject.kind.as_str(), subject.name.as_str()) {
        (_, "") => String::new(),
        ("", name) => name.to_owned(),
        (kind, name) => format!("{kind}:{name}"),
    };
    let body = comment.body.clone().unwrap_or_default();
    json!({
        "number": comment.number,
        "round": comment.round,
        "body": body.name,
        "body_id": body.id,
        "on": on,
        "text": comment.text,
        "by": comment.by,
        "time": super::micros(comment.time_micros),
        "resolution": match comment.resolution() {
            pb::Resolution::Unspecified => Value::Null,
            resolution => json!(enum_text(resolution.as_str_name(), "RESOLUTION_")),
        },
        "resolution_text": comment.resolution_text,
        "resolved_by": comment.resolved_by,
        "resolved": super::micros(comment.resolved_micros),
    })
}
