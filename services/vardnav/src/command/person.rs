//! `vardnav register extract`, `rectify` and `erase`: what a person has a right to. The number is read from a file or
//! stdin, and goes nowhere but into the request.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use vardnav_api::register::{kind, kind_message};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::record::RecordKind;

use crate::cli;
use crate::client::Client;
use crate::command::register::revision_row;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Most bytes of a file that holds a number.
const NUMBER_BYTES_MAX: u64 = 256;

/// The person whose number a file holds.
fn person(kind: &str, issuer: &str, file: &Path) -> Outcome<pb::PersonNumber> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().take(NUMBER_BYTES_MAX).read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|file| file.take(NUMBER_BYTES_MAX).read_to_string(&mut text)),
    };
    read.map_err(|error| Failure::Usage(format!("the person's number cannot be read: {error}")))?;
    let kind = match kind {
        "samordningsnummer" => pb::IdentityType::Samordningsnummer,
        "reserve" => pb::IdentityType::Reserve,
        _ => pb::IdentityType::Personnummer,
    };
    Ok(pb::PersonNumber {
        r#type: kind.into(),
        number: text.trim().to_owned(),
        issuer: issuer.to_owned(),
    })
}

/// A revision named `reporter/kind/id/revision`.
pub(crate) fn record_named(text: &str) -> Outcome<pb::RecordKey> {
    let wrong = || Failure::Usage("name a revision as reporter/kind/id/revision".into());
    let mut parts = text.split('/');
    let (Some(reporter), Some(named), Some(id), Some(revision), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(wrong());
    };
    let kind = RecordKind::from_name(named).ok_or_else(wrong)?;
    Ok(pb::RecordKey {
        reporter: reporter.to_owned(),
        kind: kind_message(kind).into(),
        id: id.to_owned(),
        revision: revision.parse().map_err(|_| wrong())?,
        position: 0,
    })
}

/// A revision as a row.
pub(crate) fn record_row(record: Option<&pb::RecordKey>) -> Value {
    record.map_or(Value::Null, |record| {
        json!({
            "reporter": record.reporter,
            "kind": kind(record.kind(), "kind").ok().map(|kind| kind.name()),
            "id": record.id,
            "revision": record.revision,
            "position": record.position,
        })
    })
}

/// A request that needs two persons, as a row.
pub(crate) fn request_row(request: &pb::RightsRequest) -> Value {
    let time = |micros: i64| {
        let instant = jiff::Timestamp::from_microsecond(micros).ok();
        instant.filter(|_| micros != 0).map(|instant| instant.to_string())
    };
    json!({
        "number": request.number,
        "kind": request.kind,
        "purpose": request.purpose,
        "reason": request.reason,
        "things": request.things,
        "project": request.project,
        "uses": request.uses,
        "used": request.used,
        "until": time(request.until_micros),
        "asked_by": request.asked_by,
        "asked": time(request.asked_micros),
        "approved_by": request.approved_by,
        "approved": time(request.approved_micros),
        "ended_by": request.ended_by,
        "standing": request.standing,
    })
}

/// Everything held of a person.
pub(crate) async fn extract(command: cli::Extract, client: &Client, format: Format) -> Outcome {
    let request = pb::ExtractPersonRequest {
        person: Some(person(&command.person, &command.issuer, &command.person_from)?),
        purpose: command.purpose,
    };
    let mut pieces = client.persons().extract_person(request).await?.into_inner();
    let mut rows = Vec::new();
    while let Some(piece) = pieces.next().await {
        for revision in &piece?.revisions {
            rows.push(revision_row(revision)?);
        }
    }
    match &command.to {
        None => {
            let mut out = std::io::stdout().lock();
            for row in &rows {
                output::line(&mut out, row)?;
            }
            Ok(out.flush()?)
        }
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            let mut lines = Vec::new();
            for row in &rows {
                output::line(&mut lines, row)?;
            }
            std::fs::write(folder.join("extract.ndjson"), lines)?;
            std::fs::write(folder.join("extract.txt"), readable(&rows))?;
            output::one(format, &json!({"revisions": rows.len(), "folder": folder}))
        }
    }
}

/// The revisions as a text for the person.
fn readable(rows: &[Value]) -> String {
    let mut text = format!(
        "What the register holds of you: {} revisions of records.\n",
        rows.len()
    );
    for row in rows {
        let said = |name: &str| match &row[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let _ = writeln!(
            text,
            "\n{} {} of {}, revision {}, received {}",
            said("kind"),
            said("id"),
            said("reporter"),
            said("revision"),
            said("received"),
        );
        match &row["record"] {
            Value::Null => text.push_str("  The content was erased or withdrawn.\n"),
            record => lines_of(&mut text, record, 1),
        }
        for part in row["derived"].as_array().into_iter().flatten() {
            let _ = writeln!(
                text,
                "  derived under release {}:",
                part["release"].as_str().unwrap_or_default()
            );
            lines_of(&mut text, &part["tables"], 2);
        }
    }
    text
}

/// Fields one below the other.
fn lines_of(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if field.is_object()
                    || field
                        .as_array()
                        .is_some_and(|items| items.iter().any(Value::is_object))
                {
                    let _ = writeln!(text, "{indent}{name}:");
                    lines_of(text, field, depth + 1);
                } else if !field.is_null() {
                    let _ = writeln!(text, "{indent}{name}: {}", plain(field));
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let _ = writeln!(text, "{indent}-");
                lines_of(text, item, depth + 1);
            }
        }
        other => {
            let _ = writeln!(text, "{indent}{}", plain(other));
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Corrections asked of reporters.
pub(crate) async fn rectify(command: cli::Rectify, client: &Client, format: Format) -> Outcome {
    let columns = ["number", "reporter", "kind", "id", "revision", "latest", "reason"];
    if let Some(reporter) = command.list {
        let request = pb::ListRectificationsRequest {
            reporter,
            open: command.open,
        };
        let answer = client.persons().list_rectifications(request).await?.into_inner();
        let rows: Vec<Value> = answer
            .rectifications
            .iter()
            .map(|asked| {
                let mut row = record_row(asked.record.as_ref());
                if let Some(fields) = row.as_object_mut() {
                    fields.insert("number".into(), json!(asked.number));
                    fields.insert("reason".into(), json!(asked.reason));
                    fields.insert("latest".into(), json!(asked.latest));
                }
                row
            })
            .collect();
        return output::rows(format, &columns, &rows);
    }
    let request = pb::RectifyPersonRequest {
        person: Some(person(&command.person, &command.issuer, &command.person_from)?),
        purpose: command.purpose,
        reason: command.reason.unwrap_or_default(),
        reporter: command.reporter,
        id: command.id,
    };
    let answer = client.persons().rectify_person(request).await?.into_inner();
    let records: Vec<Value> = answer
        .records
        .iter()
        .map(|record| record_row(Some(record)))
        .collect();
    output::one(format, &json!({"number": answer.number, "records": records}))
}

/// Content erased: asked for, or approved.
pub(crate) async fn erase(command: cli::Erase, client: &Client, format: Format) -> Outcome {
    if let Some(cli::EraseStep::Approve { number }) = command.step {
        let request = pb::ApproveErasureRequest { number };
        let approved = client.persons().approve_erasure(request).await;
        let answer = approved.map_err(|status| unlisted(status, number))?.into_inner();
        let request = answer.request.unwrap_or_default();
        return output::one(
            format,
            &json!({"erased": answer.erased, "request": request_row(&request)}),
        );
    }
    let records = command.record.iter().map(|text| record_named(text));
    let records = records.collect::<Outcome<Vec<_>>>()?;
    let person = match records.is_empty() {
        true => Some(person(&command.person, &command.issuer, &command.person_from)?),
        false => None,
    };
    let request = pb::RequestErasureRequest {
        person,
        records,
        basis: command.basis.unwrap_or_default(),
        reason: command.reason.unwrap_or_default(),
        reporter: command.reporter,
    };
    let answer = client.persons().request_erasure(request).await?.into_inner();
    let records: Vec<Value> = answer
        .records
        .iter()
        .map(|record| record_row(Some(record)))
        .collect();
    let request = answer.request.unwrap_or_default();
    output::one(
        format,
        &json!({"request": request_row(&request), "records": records}),
    )
}

/// That there is no such erasure, with how to see which there are.
fn unlisted(status: Status, number: u64) -> Failure {
    match status.code() {
        Code::NotFound => Failure::Findings(format!(
            "no erasure has number {number}: `vardnav admin vault requests` shows those that were asked for, and by which number"
        )),
        _ => status.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_that_is_none_is_told_with_where_they_are_listed() {
        let told = unlisted(Status::not_found("the erasure is not known"), 7);
        assert_eq!(told.code(), 1);
        assert!(
            told.to_string().contains("`vardnav admin vault requests`"),
            "{told}"
        );
        assert_eq!(unlisted(Status::permission_denied("no"), 7).code(), 4);
    }
}
