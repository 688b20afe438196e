//! `vardnav admin vault`: population files, and what two persons may have of the vault.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::register::v1::{IdentityType, RightsRequest};
use vardnav_api::vardnav::r#type::v1::FileChunk;

use crate::cli;
use crate::client::Client;
use crate::command::enum_text;
use crate::command::finding_row;
use crate::command::person::{record_named, record_row, request_row};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

/// Runs the command.
pub(crate) async fn run(command: cli::Vault, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Vault::Population { file, dry_run, go_on } => {
            population(&file, dry_run, go_on, client, format).await
        }
        cli::Vault::Request(asked) => request(asked, client, format).await,
        cli::Vault::Approve { number } => {
            let request = pb::ApproveVaultRequest { number };
            let answer = client.vault().approve_vault(request).await?.into_inner();
            told(answer.request, format)
        }
        cli::Vault::End { number } => {
            let request = pb::EndVaultRequest { number };
            let answer = client.vault().end_vault(request).await?.into_inner();
            told(answer.request, format)
        }
        cli::Vault::Requests => requests(client, format).await,
        cli::Vault::Open { number } => open(number, client, format).await,
        cli::Vault::Link { number } => link(number, client).await,
    }
}

fn told(request: Option<RightsRequest>, format: Format) -> Outcome {
    output::one(format, &request_row(&request.unwrap_or_default()))
}

async fn population(
    file: &Path,
    validate_only: bool,
    go_on: bool,
    client: &Client,
    format: Format,
) -> Outcome {
    let cannot =
        |error: std::io::Error| Failure::Usage(format!("{} cannot be read: {error}", file.display()));
    let mut input: Box<dyn std::io::Read + Send> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(std::fs::File::open(file).map_err(cannot)?),
    };
    let (sender, pieces) = tokio::sync::mpsc::channel(2);
    let reading = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        loop {
            let mut data = Vec::with_capacity(PIECE);
            let read = input.by_ref().take(PIECE as u64).read_to_end(&mut data)?;
            let piece = pb::ImportPopulationRequest {
                validate_only,
                go_on,
                chunk: Some(FileChunk {
                    path: "population.csv".to_owned(),
                    data: data.into(),
                }),
            };
            if sender.blocking_send(piece).is_err() || read == 0 {
                return Ok(());
            }
        }
    });
    let pieces = tokio_stream::wrappers::ReceiverStream::new(pieces);
    let answer = client.vault().import_population(pieces).await?.into_inner();
    reading.await.map_err(Failure::failed)?.map_err(cannot)?;
    for found in &answer.findings {
        let finding = found.finding.clone().unwrap_or_default();
        output::say(format_args!(
            "{} {}:{} {}",
            finding.code,
            file.display(),
            found.line,
            finding.message
        ));
    }
    let findings: Vec<Value> = answer
        .findings
        .iter()
        .map(|found| {
            let mut row = found.finding.as_ref().map(finding_row).unwrap_or_default();
            if let Some(fields) = row.as_object_mut() {
                fields.insert("line".into(), json!(found.line));
            }
            row
        })
        .collect();
    output::one(
        format,
        &json!({
            "lines": answer.lines,
            "noted": answer.noted,
            "known": answer.known,
            "wrong": answer.wrong,
            "findings": findings,
        }),
    )?;
    match answer.wrong {
        0 => Ok(()),
        wrong => Err(Failure::Findings(format!("{wrong} lines are wrong"))),
    }
}

async fn request(asked: cli::Request, client: &Client, format: Format) -> Outcome {
    let records = asked.record.iter().map(|text| record_named(text));
    let request = pb::RequestVaultRequest {
        purpose: asked.purpose,
        reason: asked.reason,
        records: records.collect::<Outcome<Vec<_>>>()?,
        project: asked.project.unwrap_or_default(),
        reporters: asked.reporter,
        uses: asked.uses,
        hours: asked.hours,
        persons: asked.person,
    };
    let answer = client.vault().request_vault(request).await?.into_inner();
    told(answer.request, format)
}

async fn requests(client: &Client, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListVaultRequestsRequest {
            page_size: 1000,
            page_token,
        };
        let page = client.vault().list_vault_requests(request).await?.into_inner();
        rows.extend(page.requests.iter().map(request_row));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let columns = [
        "number",
        "kind",
        "purpose",
        "things",
        "asked_by",
        "approved_by",
        "used",
        "uses",
        "until",
        "standing",
    ];
    output::rows(format, &columns, &rows)
}

async fn open(number: u64, client: &Client, format: Format) -> Outcome {
    let answer = client
        .vault()
        .open_vault(pb::OpenVaultRequest { number })
        .await?
        .into_inner();
    let rows: Vec<Value> = answer
        .numbers
        .iter()
        .map(|opened| {
            let number = opened.number.as_ref();
            let kind = number.map_or(IdentityType::Unspecified, |number| number.r#type());
            json!({
                "record": record_row(opened.record.as_ref()),
                "person": opened.person,
                "type": enum_text(kind.as_str_name(), "IDENTITY_TYPE_"),
                "number": number.map(|number| &number.number),
            })
        })
        .collect();
    output::rows(format, &["record", "person", "type", "number"], &rows)
}

async fn link(number: u64, client: &Client) -> Outcome {
    let request = pb::ExportLinkageRequest { number };
    let mut pieces = client.vault().export_linkage(request).await?.into_inner();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    while let Some(piece) = pieces.next().await {
        for linked in &piece?.records {
            let mut row = record_row(linked.record.as_ref());
            if let Some(fields) = row.as_object_mut() {
                fields.insert("key".into(), json!(linked.key));
            }
            output::line(&mut out, &row)?;
        }
    }
    Ok(out.flush()?)
}
