//! `vardnav register report`: lines in, one outcome per line, in order, and a receipt file that proves them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use vardnav_api::register::{hash, kind, record_message};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::lines::Salted;
use vardnav_interchange::register::read::{Refused, ReportedRecord};
use vardnav_interchange::register::receipt_file::ReceiptFile;
use vardnav_interchange::register::records::{Form, Places, Reading, RecordLine, Records};
use vardnav_register::entry;
use vardnav_register::finding::Finding;
use vardnav_register::hash::sha256;
use vardnav_register::receipt::{Receipt, ReceiptLeaf, SignedHead};
use vardnav_register::text::{is_id, may_echo_revision, safe_echo};
use vardnav_register::tree::MultiProof;
use vardnav_register::validate::{Mechanism, finding_without_release};

use crate::client::Client;
use crate::command::{delivery, finding_row, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Groups of lines under way at once.
const GROUPS_WAITING_MAX: usize = 4;

/// How a file is reported.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Folder for the receipt file.
    pub receipts: Option<PathBuf>,
    /// Only check.
    pub dry_run: bool,
    /// Records in a batch.
    pub batch: usize,
    /// The open delivery that the records belong to.
    pub delivery: Option<Delivered>,
    /// How the file is written.
    pub form: Form,
    /// The reporter of lines of a table that name none.
    pub reporter: Option<String>,
}

/// A delivery that a file is sent within.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    /// Whose it is.
    pub reporter: String,
    /// Its number.
    pub number: u32,
    /// What the file is called at the server.
    pub input: String,
    /// How long a server that cannot be reached is tried again.
    pub retry: Duration,
}

/// What a file is called at the server: nothing that could be read out of its name.
pub(crate) fn input_name(file: &Path) -> String {
    let hash = sha256(&[file.as_os_str().as_encoded_bytes()]);
    hex(hash.first_chunk::<8>().unwrap_or(&[0; 8]))
}

/// What became of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    /// Lines with content.
    pub lines: u64,
    /// By outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// By finding code, with the weight.
    pub findings: BTreeMap<(String, String), u64>,
    /// The receipt file.
    pub receipt: Option<PathBuf>,
}

impl Summary {
    /// Lines with this outcome.
    pub(crate) fn count(&self, outcome: &str) -> u64 {
        self.outcomes.get(outcome).copied().unwrap_or_default()
    }

    fn take(&mut self, row: &Value) {
        self.lines += 1;
        *self.outcomes.entry(text(row, "outcome")).or_default() += 1;
        for finding in row
            .get("findings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            *self
                .findings
                .entry((text(finding, "code"), text(finding, "severity")))
                .or_default() += 1;
        }
    }
}

/// Runs the command.
pub(crate) async fn run(
    file: &Path,
    input: Box<dyn BufRead + Send>,
    options: Options,
    client: &Client,
    format: Format,
) -> Outcome {
    let bar = progress();
    let mut rows = Vec::new();
    let mut csv = (format == Format::Csv).then(|| csv::Writer::from_writer(std::io::stdout()));
    if let Some(csv) = &mut csv {
        csv.write_record(COLUMNS).map_err(Failure::failed)?;
    }
    let shown = |row: Value| -> Outcome {
        bar.inc(1);
        match format {
            Format::Ndjson => {
                let mut out = std::io::stdout().lock();
                output::line(&mut out, &row)?;
            }
            Format::Csv => {
                if let Some(csv) = &mut csv {
                    let codes: Vec<String> = row
                        .get("findings")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                        .map(|finding| text(finding, "code"))
                        .collect();
                    let cells = COLUMNS.map(|column| {
                        if column == "findings" {
                            codes.join(" ")
                        } else {
                            text(&row, column)
                        }
                    });
                    csv.write_record(cells).map_err(Failure::failed)?;
                }
            }
            Format::Json => rows.push(row),
            Format::Table => {}
        }
        Ok(())
    };
    let result = report(client, input, name(file), &options, shown).await;
    bar.finish_and_clear();
    let summary = result?;
    std::io::stdout().flush()?;
    match format {
        Format::Json => output::one(format, &Value::Array(rows))?,
        Format::Table => print(&summary)?,
        Format::Csv | Format::Ndjson => {}
    }
    if let Some(receipt) = &summary.receipt {
        output::say(format_args!("receipt: {}", receipt.display()));
    }
    match summary.count("rejected") {
        0 => Ok(()),
        rejected => Err(Failure::Findings(format!(
            "{rejected} of {} records were rejected",
            summary.lines
        ))),
    }
}

const COLUMNS: [&str; 8] = [
    "line", "reporter", "kind", "id", "revision", "outcome", "findings", "leaf",
];

/// Opens a file for reading lines; `-` is standard input.
pub(crate) fn reader(file: &Path) -> Outcome<Box<dyn BufRead + Send>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let opened = std::fs::File::open(file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    Ok(Box::new(BufReader::with_capacity(1 << 18, opened)))
}

/// Lines that go together: what is known of each, in order, and the batches they were sent in.
struct Group {
    slots: Vec<Slot>,
    /// The reporter of each batch.
    reporters: Vec<String>,
}

enum Slot {
    /// Refused before it was sent.
    Refused { places: Places, refused: Box<Refused> },
    /// Place `index` of batch `batch` of the group.
    Sent {
        places: Places,
        batch: usize,
        index: usize,
    },
}

/// Reports everything that `input` holds. `shown` gets one row per line, in order.
pub(crate) async fn report(
    client: &Client,
    input: Box<dyn BufRead + Send>,
    name: String,
    options: &Options,
    mut shown: impl FnMut(Value) -> Outcome,
) -> Outcome<Summary> {
    if let Some(folder) = options.receipts.as_ref().filter(|_| !options.dry_run) {
        // Nothing is reported whose receipt has no place.
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::Usage(format!("cannot make {}: {error}", folder.display())))?;
    }
    let salt: [u8; 32] = rand::random();
    let (requests, outgoing) = mpsc::channel::<pb::ReportRequest>(GROUPS_WAITING_MAX);
    let (groups, mut waiting) = mpsc::channel::<Group>(GROUPS_WAITING_MAX);
    let of = options.clone();
    let reading =
        tokio::task::spawn_blocking(move || read(Salted::new(input, &salt), &of, &groups, &requests));

    let mut answers = Answers::of(client, outgoing, options.delivery.as_ref()).await?;
    let mut summary = Summary::default();
    let mut receipts = Vec::new();
    while let Some(group) = waiting.recv().await {
        let answered = answers.next(group.reporters.len(), summary.lines).await?;
        for slot in &group.slots {
            let row = row(slot, &group.reporters, &answered)?;
            summary.take(&row);
            shown(row)?;
        }
        if options.receipts.is_some() {
            keep_receipts(&group, answered, &mut receipts)?;
        }
    }
    let digest = reading.await.map_err(Failure::failed)??;
    if let (Some(folder), false) = (&options.receipts, receipts.is_empty()) {
        let file = ReceiptFile {
            salt,
            input: digest,
            receipts,
        };
        let path = folder.join(format!(
            "{name}-{}.receipt.json",
            hex(salt.first_chunk::<4>().unwrap_or(&[0; 4]))
        ));
        std::fs::write(&path, file.write())
            .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
        summary.receipt = Some(path);
    }
    Ok(summary)
}

/// Where answers come from: one stream for the whole file or, within a delivery, one for each group, so that a broken
/// connection is taken up again.
enum Answers<'a> {
    Stream {
        server: String,
        answers: Box<tonic::Streaming<pb::ReportResponse>>,
    },
    Delivery {
        client: &'a Client,
        requests: mpsc::Receiver<pb::ReportRequest>,
        retry: Duration,
    },
}

impl<'a> Answers<'a> {
    async fn of(
        client: &'a Client,
        requests: mpsc::Receiver<pb::ReportRequest>,
        delivery: Option<&Delivered>,
    ) -> Outcome<Self> {
        if let Some(delivery) = delivery {
            let retry = delivery.retry;
            return Ok(Self::Delivery {
                client,
                requests,
                retry,
            });
        }
        let answers = client.register().report(ReceiverStream::new(requests)).await?;
        Ok(Self::Stream {
            server: client.server().to_owned(),
            answers: Box::new(answers.into_inner()),
        })
    }

    /// The answers to the next so many batches; `lines` were answered before.
    async fn next(&mut self, batches: usize, lines: u64) -> Outcome<Vec<pb::ReportResponse>> {
        let ended = || Failure::Unreachable(format!("the server ended the stream after line {lines}"));
        let mut answered = Vec::with_capacity(batches);
        match self {
            Self::Stream { server, answers } => {
                for _ in 0..batches {
                    let answer = answers
                        .next()
                        .await
                        .ok_or_else(|| broken(server, lines, "it ended the stream"))?;
                    answered.push(answer.map_err(|status| match Failure::from(status) {
                        Failure::Failed(message) | Failure::Unreachable(message) => {
                            broken(server, lines, &message)
                        }
                        other => other,
                    })?);
                }
                Ok(answered)
            }
            Self::Delivery {
                client,
                requests,
                retry,
            } => {
                let mut of_group = Vec::with_capacity(batches);
                for _ in 0..batches {
                    of_group.push(requests.recv().await.ok_or_else(ended)?);
                }
                match of_group.is_empty() {
                    true => Ok(answered),
                    false => delivery::send(client, of_group, *retry).await,
                }
            }
        }
    }
}

/// What is said when a server went away in the middle of a file.
fn broken(server: &str, lines: u64, why: &str) -> Failure {
    Failure::Unreachable(format!(
        "the connection to {server} broke after it had answered for {lines} lines ({why}): report the same file again; \
         what was taken already is the same again"
    ))
}

/// Reads lines into groups and sends their records, batch by batch. Gives the salted digest of the input.
fn read(
    input: Salted<Box<dyn BufRead + Send>>,
    options: &Options,
    groups: &mpsc::Sender<Group>,
    requests: &mpsc::Sender<pb::ReportRequest>,
) -> Outcome<[u8; 32]> {
    let (batch, delivery) = (options.batch, options.delivery.as_ref());
    let reading = Reading {
        form: options.form.clone(),
        delivered: delivery.is_some(),
        reporter: options.reporter.clone(),
    };
    let mut records = Records::new(input, &reading);
    loop {
        let mut slots = Vec::with_capacity(batch);
        let mut batches: Vec<pb::ReportRequest> = Vec::new();
        while slots.len() < batch {
            let Some(record) = records.next_record()? else {
                break;
            };
            let RecordLine { line, read, places } = record;
            let reported = match delivery {
                None => read,
                Some(delivery) => read.and_then(|read| of_delivery(read, delivery)),
            };
            slots.push(match reported {
                Err(refused) => Slot::Refused { places, refused },
                Ok(reported) => {
                    let place = batches
                        .iter()
                        .position(|batch| batch.reporter == reported.reporter);
                    let place = place.unwrap_or_else(|| {
                        batches.push(pb::ReportRequest {
                            reporter: reported.reporter.clone(),
                            validate_only: options.dry_run,
                            delivery: delivery.map_or(0, |delivery| delivery.number),
                            input: delivery
                                .map(|delivery| delivery.input.clone())
                                .unwrap_or_default(),
                            ..Default::default()
                        });
                        batches.len() - 1
                    });
                    let index = batches.get_mut(place).map_or(0, |batch| {
                        batch.last_line = line;
                        batch.records.push(record_message(&reported.record, true));
                        batch.records.len() - 1
                    });
                    Slot::Sent {
                        places,
                        batch: place,
                        index,
                    }
                }
            });
        }
        if slots.is_empty() {
            return Ok(records.into_inner().digest());
        }
        // When the receiver is gone, reporting has ended with an error of its own.
        let gone = groups
            .blocking_send(Group {
                slots,
                reporters: batches.iter().map(|batch| batch.reporter.clone()).collect(),
            })
            .is_err();
        if gone
            || batches
                .into_iter()
                .any(|batch| requests.blocking_send(batch).is_err())
        {
            return Err(Failure::Unreachable("the server ended the stream".into()));
        }
    }
}

/// Refuses a line of another reporter than the delivery's.
fn of_delivery(reported: ReportedRecord, delivery: &Delivered) -> Result<ReportedRecord, Box<Refused>> {
    if reported.reporter == delivery.reporter {
        return Ok(reported);
    }
    let message = "the line is of another reporter than the delivery";
    let finding = finding_without_release(Mechanism::ReporterUnknown, "reporter".to_owned(), message);
    Err(Box::new(Refused {
        kind: Some(reported.record.kind()),
        findings: vec![finding],
        ..Refused::default()
    }))
}

/// Whether the name of a reporter may stand in the answer to a line that is refused: what slipped there from another
/// column may not.
fn may_echo_name(reporter: &str) -> bool {
    safe_echo(reporter) == reporter || is_id(reporter) && !reporter.bytes().any(|byte| byte.is_ascii_digit())
}

fn row(slot: &Slot, reporters: &[String], answered: &[pb::ReportResponse]) -> Outcome<Value> {
    match slot {
        Slot::Refused { places, refused } => Ok(json!({
            "line": places.begin(),
            "reporter": refused.reporter.as_ref().filter(|reporter| may_echo_name(reporter)),
            "kind": refused.kind.map(|kind| kind.name()),
            "id": refused.id,
            "revision": refused.revision.filter(|revision| may_echo_revision(*revision)),
            "outcome": "rejected",
            "findings": refused
                .findings
                .iter()
                .map(|finding| placed(local_finding(finding), &finding.path, places))
                .collect::<Value>(),
            "leaf": null,
        })),
        Slot::Sent { places, batch, index } => {
            let found = answered
                .get(*batch)
                .and_then(|answer| answer.outcomes.get(*index));
            let line = places.begin();
            let outcome = found
                .ok_or_else(|| Failure::Failed(format!("the server gave no outcome for line {line}")))?;
            Ok(json!({
                "line": line,
                "reporter": reporters
                    .get(*batch)
                    .filter(|reporter| !outcome.leaf.is_empty() || may_echo_name(reporter)),
                "kind": kind(outcome.kind(), "kind").ok().map(|kind| kind.name()),
                "id": (!outcome.id.is_empty()).then_some(&outcome.id),
                "revision": outcome.revision,
                "outcome": outcome.outcome().as_str_name().trim_start_matches("OUTCOME_").to_lowercase(),
                "findings": outcome
                    .findings
                    .iter()
                    .map(|finding| placed(finding_row(finding), &finding.path, places))
                    .collect::<Value>(),
                "leaf": (!outcome.leaf.is_empty()).then(|| hex(&outcome.leaf)),
                "kept": outcome.kept,
            }))
        }
    }
}

/// A finding about a record of a table, with the line and the column it leads to.
pub(crate) fn placed(mut finding: Value, path: &str, places: &Places) -> Value {
    if let (true, Some(fields)) = (places.is_table(), finding.as_object_mut()) {
        fields.insert("line".to_owned(), json!(places.line_of(path)));
        fields.insert("column".to_owned(), json!(places.column_of(path)));
    }
    finding
}

fn local_finding(finding: &Finding) -> Value {
    finding_row(&vardnav_api::common::finding_message(finding))
}

/// Receipts with the places of their leaves turned into lines of the file.
fn keep_receipts(group: &Group, answered: Vec<pb::ReportResponse>, receipts: &mut Vec<Receipt>) -> Outcome {
    for (place, answer) in answered.into_iter().enumerate() {
        let Some(receipt) = answer.receipt else { continue };
        let lines: BTreeMap<usize, u64> = group
            .slots
            .iter()
            .filter_map(|slot| match slot {
                Slot::Sent { places, batch, index } if *batch == place => Some((*index, places.begin())),
                _ => None,
            })
            .collect();
        receipts.push(domain_receipt(receipt, &lines).map_err(Failure::failed)?);
    }
    Ok(())
}

/// A receipt as the domain has it, its places turned into lines of a file.
pub(crate) fn domain_receipt(
    receipt: pb::Receipt,
    lines: &BTreeMap<usize, u64>,
) -> Result<Receipt, ApiError> {
    let head = receipt
        .head
        .ok_or_else(|| ApiError::field("receipt.head", "is missing"))?;
    let leaves = receipt
        .leaves
        .into_iter()
        .map(|leaf| {
            let line = usize::try_from(leaf.index)
                .ok()
                .and_then(|index| lines.get(&index).copied());
            Ok(ReceiptLeaf {
                line: line
                    .ok_or_else(|| ApiError::field("receipt.leaves.index", "is no place of the batch"))?,
                version: u8::try_from(leaf.version)
                    .map_err(|_| ApiError::field("receipt.leaves.version", "is no version of an entry"))?,
                kind: kind(leaf.kind(), "receipt.leaves.kind")?,
                revision: leaf.revision,
                assigned: leaf.assigned,
                replaces: leaf.replaces,
                delivery: leaf.delivery.map(|opened| entry::Delivered {
                    opened,
                    test: leaf.test,
                }),
                position: leaf.position,
                received: leaf.received_micros,
                content_nonce: hash(&leaf.content_nonce, "receipt.leaves.content_nonce")?,
                identity_nonce: hash(&leaf.identity_nonce, "receipt.leaves.identity_nonce")?,
                derived: hash(&leaf.derived_commitment, "receipt.leaves.derived_commitment")?,
                id: leaf.id,
                release: leaf.release,
            })
        })
        .collect::<Result<_, ApiError>>()?;
    let hashes = receipt
        .proof
        .iter()
        .map(|bytes| hash(bytes, "receipt.proof"))
        .collect::<Result<_, _>>()?;
    Ok(Receipt {
        reporter: receipt.reporter,
        leaves,
        head: SignedHead {
            size: head.size,
            root: hash(&head.root, "receipt.head.root")?,
            time: head.time_micros,
            key_id: hex(&head.key_id),
            signature: <[u8; 64]>::try_from(head.signature.as_ref())
                .map_err(|_| ApiError::field("receipt.head.signature", "64 bytes are needed"))?,
        },
        proof: MultiProof { hashes },
    })
}

fn print(summary: &Summary) -> Outcome {
    let outcomes: Vec<Value> = summary
        .outcomes
        .iter()
        .map(|(outcome, count)| json!({"outcome": outcome, "records": count}))
        .collect();
    output::rows(Format::Table, &["outcome", "records"], &outcomes)?;
    if !summary.findings.is_empty() {
        output::rows(
            Format::Table,
            &["finding", "severity", "records"],
            &finding_counts(summary),
        )?;
    }
    Ok(())
}

/// Findings by code, most common first.
pub(crate) fn finding_counts(summary: &Summary) -> Vec<Value> {
    let mut counts: Vec<_> = summary.findings.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    counts
        .into_iter()
        .map(|((code, severity), count)| json!({"finding": code, "severity": severity, "records": count}))
        .collect()
}

fn name(file: &Path) -> String {
    file.file_stem()
        .map_or_else(|| "stdin".to_owned(), |stem| stem.to_string_lossy().into_owned())
        .replace('-', "_")
}

fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} lines, {per_sec}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn text(row: &Value, field: &str) -> String {
    match row.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}
