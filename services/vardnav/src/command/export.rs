//! `vardnav register export`: what the register holds as lines, or the records of a month as files that never change. The
//! files are made here from what becomes current: once for which records stand, once for what they hold, so that memory
//! grows with the records of the month and not with the register.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;
use tokio_stream::StreamExt as _;
use vardnav_api::common::{date_message, optional_date};
use vardnav_api::register::kind;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::release::v1 as release_pb;
use vardnav_interchange::export::{
    FileFacts, Head, Manifest, Table, TableWriter, dcat, part_rows, record_row, tables, variables,
};
use vardnav_register::delivery::Month;
use vardnav_register::record::RecordKind;
use vardnav_runtime::clock;

use super::register::{export_lines, revision_row};
use super::release::{fetch, source};
use crate::client::Client;
use crate::command::hex;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// What is exported, and as what.
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// Folder in which the month's folder is made; with --format parquet
    #[arg(value_name = "DIR", requires = "month")]
    pub folder: Option<PathBuf>,
    /// Only this reporter
    #[arg(long)]
    pub reporter: Option<String>,
    /// The derivation to answer from; `as-reported` for what the entries hold
    #[arg(long, default_value = "")]
    pub derivation: String,
    /// Lines of all revisions (written as -o says), or files of the records of a month
    #[arg(long = "format", default_value = "lines", value_parser = ["lines", "parquet"])]
    pub shape: String,
    /// Month that the records begin in, for example 2026-09; with --format parquet
    #[arg(long, requires = "folder")]
    pub month: Option<String>,
    /// Position in the reporter's stream to begin at; lines only
    #[arg(
        long,
        value_name = "POSITION",
        default_value_t = 0,
        requires = "reporter",
        conflicts_with = "month"
    )]
    pub from: u64,
}

/// Runs the command.
pub(crate) async fn run(command: Export, client: &Client, format: Format) -> Outcome {
    match (command.shape.as_str(), command.month, command.folder) {
        ("parquet", Some(month), Some(folder)) => {
            let month = Month::parse(&month).map_err(|error| Failure::Usage(error.to_string()))?;
            let asked = pb::FollowRegisterRequest {
                reporter: command.reporter.unwrap_or_default(),
                until_now: true,
                derivation: command.derivation,
                ..Default::default()
            };
            let manifest = files(month, &folder, asked, client).await?;
            output::one(format, &manifest)
        }
        ("lines", None, None) => {
            export_lines(
                (command.reporter, command.from),
                command.derivation,
                client,
                format,
            )
            .await
        }
        _ => Err(Failure::Usage(
            "files of a month are written with --format parquet --month MONTH DIR".into(),
        )),
    }
}

/// Writes the files of a month into a folder of their own; gives the manifest.
///
/// # Errors
/// When the folder has the month already, it cannot be written, or the server does not answer.
pub(crate) async fn files(
    month: Month,
    folder: &Path,
    asked: pb::FollowRegisterRequest,
    client: &Client,
) -> Outcome<serde_json::Value> {
    let target = folder.join(month.to_string());
    if target.exists() {
        return Err(Failure::Usage(format!(
            "{} is there already, and files of a month never change: name another folder",
            target.display()
        )));
    }
    let partial = folder.join(format!(".{month}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial)?;

    let last = month.next().first_day().yesterday().map_err(Failure::failed)?;
    let of_date = release_pb::GetReleaseRequest {
        id: String::new(),
        date: Some(date_message(last)),
    };
    let (release, package) = fetch(client, of_date).await?;
    let release = release.release.unwrap_or_default();
    let tables = tables(&source(&package)?);

    let (standing, told) = standing(month, asked.clone(), client).await?;
    let about = [
        ("vardnav.month", month.to_string()),
        ("vardnav.release", release.id.clone()),
        ("vardnav.position", told.token.clone()),
    ];
    let about: Vec<(&str, &str)> = about
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut writing = Writing::begin(&partial, &tables, &about)?;
    let asked = pb::FollowRegisterRequest {
        // One derivation for both passes, though readers may be switched to another meanwhile.
        derivation: told.derivation.clone(),
        month: month.to_string(),
        ..asked
    };
    writing.take(&standing, asked, client).await?;
    let mut files = writing.finish()?;
    files.push(text(
        &partial,
        "variables.csv",
        &variables(&tables).map_err(Failure::failed)?,
    )?);

    let created = jiff::Timestamp::from_microsecond(clock::now_micros()).map_err(Failure::failed)?;
    let mut manifest = Manifest {
        month: month.to_string(),
        release: release.id,
        release_digest: hex(&release.digest),
        derivation: told.derivation,
        created: created.to_string(),
        token: told.token,
        heads: heads(standing.keys(), client).await?,
        files,
    };
    let days = (month.first_day().to_string(), last.to_string());
    let described = dcat(&manifest, &tables, (&days.0, &days.1));
    manifest.files.push(text(&partial, "dcat.jsonld", &described)?);
    let manifest = manifest.write();
    text(&partial, "manifest.json", &manifest)?;
    fs::rename(&partial, &target)?;
    serde_json::from_slice(&manifest).map_err(Failure::failed)
}

/// The positions of the records that stand, by reporter.
type Standing = BTreeMap<String, HashSet<u64>>;

/// Where an export ends, and what it is from.
struct Told {
    token: String,
    derivation: String,
}

/// Which records stand and begin in a month.
async fn standing(
    month: Month,
    asked: pb::FollowRegisterRequest,
    client: &Client,
) -> Outcome<(Standing, Told)> {
    let asked = pb::FollowRegisterRequest {
        keys_only: true,
        ..asked
    };
    let mut positions: BTreeMap<String, HashMap<(i32, String), u64>> = BTreeMap::new();
    let mut told = Told {
        token: String::new(),
        derivation: String::new(),
    };
    let mut pieces = client.quality().follow_register(asked).await?.into_inner();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        for change in piece.changes {
            let date = optional_date(change.date.as_ref(), "date")
                .map_err(|error| Failure::Failed(error.message))?;
            let in_month = date.is_some_and(|date: Date| Month::of(date) == month);
            let current = change.change() == pb::ChangeKind::Current;
            let erased = change.change() == pb::ChangeKind::Erased;
            let of_reporter = positions.entry(change.reporter).or_default();
            let name = (change.kind, change.id);
            // A revision that was erased after another took its place leaves that one standing.
            let is_past = erased
                && change.replaces == 0
                && of_reporter
                    .get(&name)
                    .is_some_and(|held| *held != change.position);
            match current && in_month {
                true => of_reporter.insert(name, change.position),
                false if is_past => None,
                false => of_reporter.remove(&name),
            };
        }
        (told.token, told.derivation) = (piece.token, piece.derivation);
    }
    let standing = positions.into_iter();
    let standing = standing.map(|(reporter, records)| (reporter, records.into_values().collect()));
    Ok((standing.collect(), told))
}

/// A table's file.
struct Output {
    name: String,
    kind: Option<RecordKind>,
    table: Table,
    writer: TableWriter<File>,
}

/// The files of tables, as they are written.
struct Writing {
    outputs: Vec<Output>,
}

impl Writing {
    fn begin(folder: &Path, tables: &[Table], about: &[(&str, &str)]) -> Outcome<Self> {
        let begin = |table: &Table| {
            let name = format!("{}.parquet", table.name);
            let file = File::create(folder.join(&name))?;
            Ok(Output {
                name,
                kind: table.kind,
                writer: TableWriter::new(file, table, about).map_err(Failure::failed)?,
                table: table.clone(),
            })
        };
        Ok(Self {
            outputs: tables.iter().map(begin).collect::<Outcome<_>>()?,
        })
    }

    /// Writes the records that stand.
    async fn take(
        &mut self,
        standing: &Standing,
        asked: pb::FollowRegisterRequest,
        client: &Client,
    ) -> Outcome {
        let mut lacking: usize = standing.values().map(HashSet::len).sum();
        let mut pieces = client.quality().follow_register(asked).await?.into_inner();
        while let Some(piece) = pieces.next().await {
            for change in piece?.changes {
                let stands = standing
                    .get(&change.reporter)
                    .is_some_and(|positions| positions.contains(&change.position));
                if let Some(record) = change.record.as_ref().filter(|_| stands) {
                    self.record(record)?;
                    lacking = lacking.saturating_sub(1);
                }
            }
        }
        match lacking {
            0 => Ok(()),
            some => Err(Failure::Failed(format!(
                "{some} records were erased while the files were written; write them again"
            ))),
        }
    }

    fn record(&mut self, record: &pb::RecordRevision) -> Outcome {
        let of = kind(record.kind(), "kind").map_err(|error| Failure::Failed(error.message))?;
        let line = revision_row(record)?;
        let mut written = false;
        for output in &mut self.outputs {
            match output.kind {
                Some(kind) if kind == of => {
                    let row = record_row(&output.table, &line).map_err(Failure::failed)?;
                    output.writer.push(row).map_err(Failure::failed)?;
                    written = true;
                }
                Some(_) => {}
                None => {
                    for row in part_rows(&output.table, &line).map_err(Failure::failed)? {
                        output.writer.push(row).map_err(Failure::failed)?;
                    }
                }
            }
        }
        match written {
            true => Ok(()),
            false => Err(Failure::Failed(format!(
                "the release has no variables of the kind {}",
                of.name()
            ))),
        }
    }

    fn finish(self) -> Outcome<Vec<(String, FileFacts)>> {
        let finish = |output: Output| {
            let (file, facts) = output.writer.finish().map_err(Failure::failed)?;
            file.sync_all()?;
            Ok((output.name, facts))
        };
        self.outputs.into_iter().map(finish).collect()
    }
}

/// Writes a text.
fn text(folder: &Path, name: &str, bytes: &[u8]) -> Outcome<(String, FileFacts)> {
    let mut file = File::create(folder.join(name))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok((name.to_owned(), FileFacts::of_text(bytes)))
}

/// The signed heads of reporters' streams.
async fn heads(reporters: impl Iterator<Item = &String>, client: &Client) -> Outcome<Vec<Head>> {
    let mut heads = Vec::new();
    for reporter in reporters {
        let request = pb::GetHeadRequest {
            reporter: reporter.clone(),
            since_size: 0,
        };
        let head = client
            .register()
            .get_head(request)
            .await?
            .into_inner()
            .head
            .unwrap_or_default();
        let time = jiff::Timestamp::from_microsecond(head.time_micros).map_err(Failure::failed)?;
        heads.push(Head {
            reporter: reporter.clone(),
            size: head.size,
            root: hex(&head.root),
            time: time.to_string(),
            key: hex(&head.key_id),
            signature: hex(&head.signature),
        });
    }
    Ok(heads)
}
