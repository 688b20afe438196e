//! `vardnav indicator upload` and `vardnav indicator uploads`: data that are no records.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::indicators::v1 as pb;

use crate::cli;
use crate::client::Client;
use crate::command::{date_text, finding_row, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

const COLUMNS: [&str; 8] = [
    "kind",
    "id",
    "revision",
    "date",
    "rows",
    "source",
    "made_up",
    "withdrawn",
];

/// Runs `indicator upload`.
pub(crate) async fn run(command: cli::Upload, client: &Client, format: Format) -> Outcome {
    match command.step {
        Some(cli::UploadStep::Show {
            kind,
            id,
            rows: false,
            ..
        }) => show(kind, id, client, format).await,
        Some(cli::UploadStep::Show {
            kind, id, revision, ..
        }) => rows(kind, id, revision, client).await,
        Some(cli::UploadStep::Withdraw { kind, id, reason }) => {
            let request = pb::WithdrawUploadRequest { kind, id, reason };
            let answer = client.indicators().withdraw_upload(request).await?.into_inner();
            output::one(format, &row(&answer.upload.unwrap_or_default()))
        }
        None => {
            let (Some(file), Some(kind), Some(source)) = (command.file, command.kind, command.source) else {
                return Err(Failure::Usage(
                    "a file, its kind and its source are needed".to_owned(),
                ));
            };
            let header = pb::UploadHeader {
                kind,
                source,
                validate_only: command.dry_run,
            };
            put(&file, header, client, format).await
        }
    }
}

/// Runs `indicator uploads`.
pub(crate) async fn list(kind: Option<String>, client: &Client, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut request = pb::ListUploadsRequest {
        kind: kind.unwrap_or_default(),
        page_size: 1000,
        page_token: String::new(),
    };
    loop {
        let page = client
            .indicators()
            .list_uploads(request.clone())
            .await?
            .into_inner();
        rows.extend(page.uploads.iter().map(row));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return output::rows(format, &COLUMNS, &rows);
        }
    }
}

/// Sends a file.
pub(crate) async fn send(
    client: &Client,
    header: pb::UploadHeader,
    content: &[u8],
) -> Outcome<pb::UploadSeriesResponse> {
    let first = pb::UploadSeriesRequest {
        header: Some(header),
        data: Vec::new().into(),
    };
    let pieces = content.chunks(PIECE).map(|piece| pb::UploadSeriesRequest {
        header: None,
        data: piece.to_vec().into(),
    });
    let messages: Vec<_> = std::iter::once(first).chain(pieces).collect();
    let answer = client
        .indicators()
        .upload_series(tokio_stream::iter(messages))
        .await?;
    Ok(answer.into_inner())
}

pub(crate) async fn put(file: &Path, header: pb::UploadHeader, client: &Client, format: Format) -> Outcome {
    let content = std::fs::read(file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let dry_run = header.validate_only;
    let answer = send(client, header, &content).await?;
    for found in &answer.findings {
        let finding = found.finding.clone().unwrap_or_default();
        let column = match finding.path.as_str() {
            "" => String::new(),
            column => format!(" {column}:"),
        };
        output::say(format_args!(
            "{} {}:{}{column} {}",
            finding.code,
            file.display(),
            found.line,
            finding.message
        ));
    }
    match (format, &answer.upload) {
        (Format::Table | Format::Csv, Some(upload)) => output::rows(format, &COLUMNS, &[row(upload)])?,
        (Format::Table | Format::Csv, None) => {}
        (Format::Json | Format::Ndjson, upload) => {
            let findings: Vec<Value> = answer.findings.iter().map(found_row).collect();
            let upload = upload.as_ref().map(row);
            let told = json!({"upload": upload, "changed": answer.changed, "findings": findings});
            output::one(format, &told)?;
        }
    }
    match (answer.findings.len(), answer.changed, dry_run) {
        (0, true, true) => output::say("good; nothing was kept"),
        (0, true, false) => {}
        (0, false, _) => output::say("this holds already; nothing changed"),
        (count, ..) => {
            return Err(Failure::Findings(format!(
                "{count} findings in the file; nothing was kept"
            )));
        }
    }
    Ok(())
}

async fn show(kind: String, id: String, client: &Client, format: Format) -> Outcome {
    let request = pb::GetUploadRequest { kind, id };
    let answer = client.indicators().get_upload(request).await?.into_inner();
    let rows: Vec<Value> = answer.revisions.iter().map(row).collect();
    output::rows(format, &COLUMNS, &rows)
}

pub(crate) async fn rows(kind: String, id: String, revision: u32, client: &Client) -> Outcome {
    let request = pb::DownloadUploadRequest { kind, id, revision };
    let mut pieces = client.indicators().download_upload(request).await?.into_inner();
    let mut out = std::io::stdout().lock();
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?.data)?;
    }
    Ok(out.flush()?)
}

fn row(upload: &pb::Upload) -> Value {
    json!({
        "kind": upload.kind,
        "id": upload.id,
        "revision": upload.revision,
        "date": date_text(upload.date.as_ref()),
        "rows": upload.rows,
        "source": upload.source,
        "made_up": upload.made_up,
        "release": upload.release,
        "digest": hex(&upload.digest),
        "put_by": upload.put_by,
        "put_micros": upload.put_micros,
        "withdrawn": upload.withdrawal.is_some(),
        "withdrawn_by": upload.withdrawal.as_ref().map(|withdrawal| &withdrawal.by),
        "reason": upload.withdrawal.as_ref().map(|withdrawal| &withdrawal.reason),
    })
}

fn found_row(found: &pb::UploadFinding) -> Value {
    let mut row = found.finding.as_ref().map(finding_row).unwrap_or_default();
    if let Some(fields) = row.as_object_mut() {
        fields.insert("line".into(), json!(found.line));
        let column = fields.remove("path").unwrap_or_default();
        fields.insert("column".into(), column);
    }
    row
}
