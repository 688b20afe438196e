//! `vardnav register changes`: what became current, from a token on, as lines another system takes in. The token that
//! leads on stands on a line of its own after each piece, so that whoever keeps the last one misses nothing and takes
//! nothing twice.

use std::io::Write as _;

use clap::Args;
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::register::kind;
use vardnav_api::vardnav::register::v1 as pb;

use crate::client::Client;
use crate::command::{date_text, enum_text, hex};
use crate::exit::Outcome;
use crate::output::{self, Format};

use super::register::revision_row;

/// Which changes.
#[derive(Debug, Clone, Args)]
pub struct Changes {
    /// Only this reporter
    #[arg(long)]
    pub reporter: Option<String>,
    /// Token after which to go on; the beginning when left out
    #[arg(long, value_name = "TOKEN", default_value = "")]
    pub from: String,
    /// Go on with what is reported; else end when all that is there is told
    #[arg(long)]
    pub follow: bool,
    /// Leave records and derived values out
    #[arg(long)]
    pub keys_only: bool,
    /// The derivation that derived values are from; `as-reported` for what the entries hold
    #[arg(long, default_value = "")]
    pub derivation: String,
}

/// Writes the changes: as lines while they come, in other formats at the end.
pub(crate) async fn run(command: Changes, client: &Client, format: Format) -> Outcome {
    let request = pb::FollowRegisterRequest {
        reporter: command.reporter.unwrap_or_default(),
        token: command.from,
        until_now: !command.follow,
        keys_only: command.keys_only,
        derivation: command.derivation,
        month: String::new(),
    };
    let lines = format == Format::Ndjson || command.follow;
    let mut rows = Vec::new();
    let mut pieces = client.quality().follow_register(request).await?.into_inner();
    let mut token = String::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for change in &piece.changes {
            let row = change_row(change)?;
            if lines {
                output::line(&mut out, &row)?;
            } else {
                rows.push(row);
            }
        }
        if lines {
            output::line(&mut out, &json!({"token": piece.token}))?;
        }
        out.flush()?;
        token = piece.token;
    }
    if lines {
        return Ok(());
    }
    output::say(format_args!("token {token}"));
    let columns = [
        "change", "reporter", "kind", "id", "revision", "replaces", "position", "date", "leaf",
    ];
    output::rows(format, &columns, &rows)
}

fn change_row(change: &pb::RegisterChange) -> Outcome<Value> {
    let mut row = json!({
        "change": enum_text(change.change().as_str_name(), "CHANGE_KIND_"),
        "reporter": change.reporter,
        "kind": kind(change.kind(), "kind").ok().map(|kind| kind.name()),
        "id": change.id,
        "revision": change.revision,
        "replaces": change.replaces,
        "position": change.position,
        "leaf": hex(&change.leaf),
        "date": date_text(change.date.as_ref()),
    });
    let received = jiff::Timestamp::from_microsecond(change.received_micros).ok();
    let told = match &change.record {
        Some(record) => revision_row(record)?,
        None => json!({"received": received.map(|instant| instant.to_string())}),
    };
    if let (Some(row), Value::Object(told)) = (row.as_object_mut(), told) {
        for (name, value) in told {
            row.entry(name).or_insert(value);
        }
    }
    Ok(row)
}
