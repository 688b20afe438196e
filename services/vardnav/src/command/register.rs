//! `vardnav register`: samples, reports, proofs, what the register holds, reporters.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::register::{kind, kind_message, record};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::receipt_file::PublicKey;
use vardnav_interchange::register::write::write_record;
use vardnav_register::record::RecordKind;

use crate::cli;
use crate::client::{Client, Target};
use crate::command::report::{self, Delivered, Options};
use crate::command::{
    changes, completeness, delivery, describe, export, layout, map, person, prove, reclassify, worklist,
};
use crate::command::{date_text, facts_value, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::sample;

/// Runs the command.
pub(crate) async fn run(command: cli::Register, target: &Target, format: Format) -> Outcome {
    match command {
        cli::Register::Sample { count, seed } => write_sample(count, seed),
        cli::Register::Layout(command) => layout::run(&command, format),
        cli::Register::Prove {
            receipt,
            input,
            key,
            anchor,
            heads,
            written,
        } => {
            let files = prove::Files {
                receipt,
                input,
                written,
                key,
                anchor,
                heads,
            };
            prove::prove(&files, format)
        }
        cli::Register::Anchor { receipt, to } => {
            prove::lead(&receipt, to.as_deref(), &target.connect().await?).await
        }
        cli::Register::Report {
            file,
            receipts,
            dry_run,
            batch,
            delivery,
            reporter,
            input,
        } => {
            let (reader, form) = input.open(&file)?;
            let delivered = delivery
                .zip(reporter.clone())
                .map(|(number, reporter)| Delivered {
                    reporter,
                    number,
                    input: report::input_name(&file),
                    retry: std::time::Duration::ZERO,
                });
            let options = Options {
                receipts,
                dry_run,
                batch: usize::from(batch),
                delivery: delivered,
                form,
                reporter,
            };
            report::run(&file, reader, options, &target.connect().await?, format).await
        }
        cli::Register::Deliver(command) => delivery::deliver(command, &target.connect().await?, format).await,
        cli::Register::Delivery(command) => delivery::run(command, &target.connect().await?, format).await,
        cli::Register::Withdraw(command) => {
            delivery::withdraw(command, &target.connect().await?, format).await
        }
        cli::Register::Describe {
            file,
            reporter,
            explain,
            counterfactuals,
            input,
        } => {
            let options = describe::Options {
                reporter,
                explain,
                counterfactuals,
                input,
            };
            describe::run(&file, &options, &target.connect().await?, format).await
        }
        cli::Register::Key { file } => write_key(file, &target.connect().await?).await,
        cli::Register::Show {
            reporter,
            id,
            kind,
            at,
            derivation,
        } => {
            show(
                (reporter, id, derivation),
                (kind.as_deref(), at),
                &target.connect().await?,
                format,
            )
            .await
        }
        cli::Register::Extract(command) => person::extract(command, &target.connect().await?, format).await,
        cli::Register::Rectify(command) => person::rectify(command, &target.connect().await?, format).await,
        cli::Register::Erase(command) => person::erase(command, &target.connect().await?, format).await,
        cli::Register::Worklist(command) => worklist::held(command, &target.connect().await?, format).await,
        cli::Register::Supply(command) => worklist::supply(command, &target.connect().await?, format).await,
        cli::Register::Unmatched(command) => {
            worklist::unmatched(command, &target.connect().await?, format).await
        }
        cli::Register::Completeness(command) => {
            completeness::completeness(command, &target.connect().await?, format).await
        }
        cli::Register::Alike(command) => completeness::alike(command, &target.connect().await?, format).await,
        cli::Register::Findings(command) => {
            completeness::findings(command, &target.connect().await?, format).await
        }
        cli::Register::Changes(command) => changes::run(command, &target.connect().await?, format).await,
        cli::Register::Map(command) => map::run(command, &target.connect().await?, format).await,
        cli::Register::Export(command) => export::run(command, &target.connect().await?, format).await,
        cli::Register::Reclassify(command) => {
            reclassify::run(command, &target.connect().await?, format).await
        }
        cli::Register::Reporter {
            id,
            name,
            organisation,
        } => {
            let client = target.connect().await?;
            let columns = ["id", "name", "organisation"];
            match id {
                None => {
                    let rows: Vec<Value> = reporters(&client).await?.iter().map(reporter_row).collect();
                    output::rows(format, &columns, &rows)
                }
                Some(id) => {
                    let name = name.unwrap_or_else(|| id.clone());
                    let reporter = pb::Reporter {
                        id,
                        name,
                        organisation: organisation.unwrap_or_default(),
                    };
                    output::one(format, &reporter_row(&put_reporter(&client, reporter).await?))
                }
            }
        }
    }
}

/// All reporters.
pub(crate) async fn reporters(client: &Client) -> Outcome<Vec<pb::Reporter>> {
    let mut reporters = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListReportersRequest {
            page_size: 1000,
            page_token,
        };
        let page = client.register().list_reporters(request).await?.into_inner();
        reporters.extend(page.reporters);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(reporters);
        }
    }
}

/// Registers a reporter.
pub(crate) async fn put_reporter(client: &Client, reporter: pb::Reporter) -> Outcome<pb::Reporter> {
    let request = pb::PutReporterRequest {
        reporter: Some(reporter),
    };
    Ok(client
        .register()
        .put_reporter(request)
        .await?
        .into_inner()
        .reporter
        .unwrap_or_default())
}

/// The register's public key, as its file.
pub(crate) async fn public_key(client: &Client) -> Outcome<String> {
    let reporters = reporters(client).await?;
    let any = reporters
        .first()
        .ok_or_else(|| Failure::Refused("no reporter is registered yet".into()))?;
    let request = pb::GetHeadRequest {
        reporter: any.id.clone(),
        since_size: 0,
    };
    let answer = client.register().get_head(request).await?.into_inner();
    let key = <[u8; 32]>::try_from(answer.public_key.as_ref())
        .map_err(|_| Failure::Failed("the server gave no public key".into()))?;
    Ok(PublicKey(key).write())
}

fn write_sample(count: u64, seed: u64) -> Outcome {
    let count = usize::try_from(count).map_err(Failure::failed)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in sample::generate(seed, count) {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

async fn write_key(file: Option<PathBuf>, client: &Client) -> Outcome {
    let line = public_key(client).await?;
    match file {
        Some(path) => Ok(std::fs::write(path, line)?),
        None => Ok(std::io::stdout().write_all(line.as_bytes())?),
    }
}

async fn show(
    (reporter, id, derivation): (String, String, String),
    (named, at): (Option<&str>, Option<u64>),
    client: &Client,
    format: Format,
) -> Outcome {
    let kinds = match named {
        Some(named) => {
            let kind = RecordKind::from_name(named);
            vec![kind.ok_or_else(|| Failure::Usage("no such kind of record".into()))?]
        }
        None => vec![
            RecordKind::Episode,
            RecordKind::Contact,
            RecordKind::MonitoringPeriod,
            RecordKind::CareRequest,
        ],
    };
    let mut rows = Vec::new();
    let mut missing = None;
    for kind in kinds {
        match revisions((&reporter, kind, &id), (&derivation, at), client).await {
            Ok(revisions) => rows.extend(revisions),
            Err(not_found @ Failure::Findings(_)) => missing = Some(not_found),
            Err(failure) => return Err(failure),
        }
    }
    if let Some(not_found) = missing.filter(|_| rows.is_empty()) {
        return Err(not_found);
    }
    output::rows(
        format,
        &[
            "kind",
            "revision",
            "standing",
            "outcome",
            "withdrawn",
            "received",
            "position",
            "derived",
            "leaf",
        ],
        &rows,
    )
}

/// The revisions of a record, the latest first.
async fn revisions(
    (reporter, kind, id): (&str, RecordKind, &str),
    (derivation, at_position): (&str, Option<u64>),
    client: &Client,
) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::GetEpisodeRequest {
            reporter: reporter.to_owned(),
            kind: kind_message(kind).into(),
            id: id.to_owned(),
            page_size: 100,
            page_token,
            derivation: derivation.to_owned(),
            at_position,
        };
        let page = client.register().get_episode(request).await?.into_inner();
        for revision in &page.revisions {
            rows.push(revision_row(revision)?);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

/// Writes all revisions that the register holds, of all reporters or of one from a position of its stream on.
pub(crate) async fn export_lines(
    (reporter, from_position): (Option<String>, u64),
    mut derivation: String,
    client: &Client,
    format: Format,
) -> Outcome {
    let reporters = match reporter {
        Some(reporter) => vec![reporter],
        None => reporters(client)
            .await?
            .into_iter()
            .map(|reporter| reporter.id)
            .collect(),
    };
    let mut rows = Vec::new();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for reporter in reporters {
        let request = pb::ExportRequest {
            reporter,
            from_position,
            derivation: derivation.clone(),
            from_within: None,
        };
        let mut pieces = client.register().export(request).await?.into_inner();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            // One derivation for all reporters, though readers may be switched to another meanwhile.
            derivation.clone_from(&piece.derivation);
            for revision in &piece.revisions {
                let row = revision_row(revision)?;
                if format == Format::Ndjson {
                    output::line(&mut out, &row)?
                } else {
                    rows.push(row)
                }
            }
        }
    }
    out.flush()?;
    drop(out);
    if format == Format::Ndjson {
        return Ok(());
    }
    output::rows(
        format,
        &[
            "reporter", "kind", "id", "revision", "outcome", "received", "leaf",
        ],
        &rows,
    )
}

/// How a revision stands; an export does not tell, since later ones follow.
fn standing(revision: &pb::RecordRevision) -> Option<String> {
    match revision.standing() {
        pb::RevisionStanding::Unspecified => None,
        standing => Some(super::enum_text(standing.as_str_name(), "REVISION_STANDING_")),
    }
}

/// A revision as a line: reporter, kind, id and revision, what was derived, and the record without its person.
pub(crate) fn revision_row(revision: &pb::RecordRevision) -> Outcome<Value> {
    let derived: Vec<Value> = revision.derived.iter().map(derived_row).collect();
    let record = match revision.record.clone() {
        Some(message) => stated(message)?,
        None => Value::Null,
    };
    Ok(json!({
        "reporter": revision.reporter,
        "kind": kind(revision.kind(), "kind").ok().map(|kind| kind.name()),
        "id": revision.id,
        "revision": revision.revision,
        "outcome": super::enum_text(revision.outcome().as_str_name(), "OUTCOME_"),
        "standing": standing(revision),
        "withdrawn": (!revision.withdrawn.is_empty()).then_some(&revision.withdrawn),
        "delivery": (revision.delivery > 0).then_some(revision.delivery),
        "position": revision.position,
        "current_from": revision.current_from,
        "received": jiff::Timestamp::from_microsecond(revision.received_micros).map(|instant| instant.to_string()).ok(),
        "leaf": hex(&revision.leaf),
        "sex": super::enum_text(revision.sex().as_str_name(), "SEX_"),
        "age": revision.age,
        "residence": (!revision.residence.is_empty()).then_some(&revision.residence),
        "residence_source": (!revision.residence_source.is_empty()).then_some(&revision.residence_source),
        "derived": derived,
        "record": record,
    }))
}

/// The record as a line would state it, without what stands beside it already.
fn stated(mut message: pb::Record) -> Outcome<Value> {
    // A record always has a person; what the register gives out has none, and the line leaves it out again.
    message.person = Some(pb::Person {
        identity_type: pb::IdentityType::Reserve.into(),
        ..Default::default()
    });
    let record = record(message).map_err(Failure::failed)?;
    let mut line = Vec::new();
    write_record(&mut line, "", &record, false).map_err(Failure::failed)?;
    let mut value: Value = serde_json::from_slice(&line).map_err(Failure::failed)?;
    if let Some(fields) = value.as_object_mut() {
        for field in ["person", "reporter", "kind", "id", "revision"] {
            fields.remove(field);
        }
    }
    Ok(value)
}

fn derived_row(part: &pb::DerivedPart) -> Value {
    let values: serde_json::Map<String, Value> = part
        .values
        .iter()
        .map(|value| {
            let said = if value.held {
                json!("held")
            } else {
                json!(value.values)
            };
            (value.table.clone(), json!({"values": said, "rule": value.rule}))
        })
        .collect();
    let facts: Vec<_> = part
        .facts
        .iter()
        .map(|fact| vardnav_api::vardnav::r#type::v1::Fact {
            axis: fact.axis.clone(),
            values: fact.values.clone(),
        })
        .collect();
    let sources: serde_json::Map<String, Value> = part
        .facts
        .iter()
        .map(|fact| (fact.axis.clone(), json!(fact.source)))
        .collect();
    json!({
        "segment": part.segment,
        "date": date_text(part.date.as_ref()),
        "release": part.release,
        "tables": values,
        "facts": facts_value(&facts),
        "sources": sources,
        "mapped": mapped_rows(part),
    })
}

/// Each fact that a code gave, with the code, where it stands in the record, and the map.
fn mapped_rows(part: &pb::DerivedPart) -> Vec<Value> {
    let facts = part.facts.iter();
    let mapped = facts.flat_map(|fact| fact.mapped_from.iter().map(move |from| (fact, from)));
    mapped
        .map(|(fact, from)| {
            json!({
                "axis": fact.axis,
                "values": fact.values,
                "map": from.map,
                "path": from.path,
                "system": from.code.as_ref().map(|code| &code.system),
                "code": from.code.as_ref().map(|code| &code.code),
            })
        })
        .collect()
}

fn reporter_row(reporter: &pb::Reporter) -> Value {
    json!({"id": reporter.id, "name": reporter.name, "organisation": reporter.organisation})
}
