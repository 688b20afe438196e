//! `vardnav register reclassify`: deriving history anew, how far it has come, and switching to it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use vardnav_api::common::date_message;
use vardnav_api::vardnav::register::v1 as pb;

use crate::cli::{Reclassify, ReclassifyStep};
use crate::client::Client;
use crate::command::{date_text, enum_text};
use crate::exit::Outcome;
use crate::output::{self, Format};

/// How often progress is asked for.
const LOOK: Duration = Duration::from_millis(500);

const COLUMNS: &[&str] = &[
    "id", "release", "variants", "from", "until", "state", "active", "done", "total",
];

/// Runs the command.
pub(crate) async fn run(command: Reclassify, client: &Client, format: Format) -> Outcome {
    match command.step {
        None => start(command, client, format).await,
        Some(ReclassifyStep::Status { name, wait }) => {
            if wait {
                follow(&name, client).await?;
            }
            show(&status(&name, client).await?, format)
        }
        Some(ReclassifyStep::List) => {
            let rows: Vec<Value> = list(client).await?.iter().map(row).collect();
            output::rows(format, COLUMNS, &rows)
        }
        Some(ReclassifyStep::Cancel { name }) => {
            let request = pb::CancelReclassificationRequest { id: name };
            let answer = client.register().cancel_reclassification(request).await?;
            output::one(format, &row(&answer.into_inner().derivation.unwrap_or_default()))
        }
        Some(ReclassifyStep::Switch { name, reason }) => {
            let request = pb::SwitchDerivationRequest { id: name, reason };
            let answer = client.register().switch_derivation(request).await?.into_inner();
            output::one(
                format,
                &json!({"active": answer.active, "position": answer.position}),
            )
        }
    }
}

async fn start(command: Reclassify, client: &Client, format: Format) -> Outcome {
    let name = command.name.unwrap_or_default();
    let request = pb::StartReclassificationRequest {
        id: name.clone(),
        release: command.release.unwrap_or_default(),
        variants: command.variant,
        from: command.from.map(date_message),
        until: command.until.map(date_message),
    };
    let answer = client.register().start_reclassification(request).await?;
    if !command.wait {
        return output::one(format, &row(&answer.into_inner().derivation.unwrap_or_default()));
    }
    follow(&name, client).await?;
    show(&status(&name, client).await?, format)
}

/// Waits until all of history is derived, and shows how far it has come meanwhile.
async fn follow(name: &str, client: &Client) -> Outcome {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {human_pos} of {human_len} entries, {msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    loop {
        // What it changes is asked for once, at the end: every look at that is noted.
        let known = list(client).await?.into_iter().find(|known| known.id == name);
        let derivation = match known {
            Some(known) => known,
            None => status(name, client).await?,
        };
        let progress = derivation.progress.clone().unwrap_or_default();
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        let left = match progress.seconds_left {
            Some(seconds) => format!("{seconds} s left"),
            None => "time left not known".to_owned(),
        };
        let waits = match progress.waits.as_str() {
            "" => String::new(),
            waits => format!("; waits: {waits}"),
        };
        bar.set_message(format!("{:.0} a second, {left}{waits}", progress.per_second));
        let ended = derivation.state() == pb::DerivationState::Cancelled;
        if ended || progress.done >= progress.total {
            bar.finish_and_clear();
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn status(name: &str, client: &Client) -> Outcome<pb::Derivation> {
    let request = pb::GetReclassificationRequest { id: name.to_owned() };
    let answer = client.register().get_reclassification(request).await?;
    Ok(answer.into_inner().derivation.unwrap_or_default())
}

async fn list(client: &Client) -> Outcome<Vec<pb::Derivation>> {
    let mut derivations = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListReclassificationsRequest {
            page_size: 1000,
            page_token,
        };
        let page = client
            .register()
            .list_reclassifications(request)
            .await?
            .into_inner();
        derivations.extend(page.derivations);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(derivations);
        }
    }
}

/// A derivation with what it changes; in a table the changes alone, after a line about it.
fn show(derivation: &pb::Derivation, format: Format) -> Outcome {
    let changes = derivation.progress.iter().flat_map(|progress| &progress.changes);
    let changes: Vec<Value> = changes
        .map(|change| json!({"table": change.table, "from": change.from, "to": change.to, "parts": change.parts}))
        .collect();
    if matches!(format, Format::Json | Format::Ndjson) {
        let mut told = row(derivation);
        if let Some(told) = told.as_object_mut() {
            told.insert("changes".to_owned(), changes.into());
        }
        return output::one(format, &told);
    }
    let told = row(derivation);
    output::say(format_args!(
        "{}: {}, {} of {} entries",
        derivation.id,
        told.get("state").and_then(Value::as_str).unwrap_or_default(),
        told.get("done").unwrap_or(&Value::Null),
        told.get("total").unwrap_or(&Value::Null),
    ));
    for entry in derivation
        .progress
        .iter()
        .flat_map(|progress| &progress.unreadable)
    {
        output::say(format_args!("{entry}"));
    }
    output::rows(format, &["table", "from", "to", "parts"], &changes)
}

fn row(derivation: &pb::Derivation) -> Value {
    let progress = derivation.progress.clone().unwrap_or_default();
    json!({
        "id": derivation.id,
        "release": derivation.release,
        "variants": derivation.variants,
        "from": date_text(derivation.from.as_ref()),
        "until": date_text(derivation.until.as_ref()),
        "planned_by": derivation.planned_by,
        "state": enum_text(derivation.state().as_str_name(), "DERIVATION_STATE_"),
        "active": derivation.active,
        "done": progress.done,
        "total": progress.total,
        "per_second": progress.per_second.round(),
        "seconds_left": progress.seconds_left,
        "from_ledger": progress.from_ledger,
        "waits": progress.waits,
        "unreadable": progress.unreadable,
    })
}
