//! Proof of what was supplied: from the lines that were reported come the lines as they stand with the fact, and a
//! receipt file that proves them as it proves reported ones. The lines stay where the reporter keeps them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use vardnav_api::register::kind;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::lines::{Lines, Salted};
use vardnav_interchange::register::read::read_line;
use vardnav_interchange::register::receipt_file::ReceiptFile;
use vardnav_interchange::register::write::write_record;
use vardnav_register::record::{Record, RecordKind};
use vardnav_register::supply::Supplied;

use crate::client::Client;
use crate::command::hex;
use crate::command::report::{domain_receipt, reader};
use crate::exit::{Failure, Outcome};
use crate::output;

/// Keys in one question for a receipt.
const KEYS: usize = 5_000;

/// What a proof is made of and where it is written, known before anything is supplied.
pub(crate) struct Ready<'a> {
    reported: HashMap<(RecordKind, String, u32), Record>,
    file: &'a Path,
    folder: &'a Path,
}

impl<'a> Ready<'a> {
    /// Reads the lines that were reported, and makes sure that the folder takes files.
    ///
    /// # Errors
    /// When the file holds no record of the reporter, or a file cannot be read or written: then nothing is to be
    /// supplied, for it could not be proven.
    pub(crate) fn new(file: &'a Path, folder: &'a Path, reporter: &str) -> Outcome<Self> {
        let reported = reported(file, reporter)?;
        if reported.is_empty() {
            return Err(Failure::Usage(format!(
                "{} holds no record of {reporter}: nothing was supplied",
                file.display()
            )));
        }
        let unwritable = |error: std::io::Error| {
            Failure::Usage(format!(
                "no receipt can be written to {}: {error}; nothing was supplied",
                folder.display()
            ))
        };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let trial = folder.join(format!(".trial-{}", hex(&rand::random::<[u8; 8]>())));
        std::fs::write(&trial, b"").map_err(unwritable)?;
        std::fs::remove_file(&trial).map_err(unwritable)?;
        Ok(Self {
            reported,
            file,
            folder,
        })
    }
}

/// Writes the supplied lines and their receipt file.
pub(crate) async fn prove(
    client: &Client,
    reporter: &str,
    supplied: &Supplied,
    outcomes: &[pb::SupplyOutcome],
    ready: Ready<'_>,
) -> Outcome {
    let Ready {
        reported,
        file,
        folder,
    } = ready;
    let mut lines = Vec::new();
    let mut keys = Vec::new();
    let mut lacking = 0_usize;
    for outcome in outcomes.iter().filter(|outcome| !outcome.leaf.is_empty()) {
        match line(&reported, supplied, outcome)? {
            Some(record) => {
                write_record(&mut lines, reporter, &record, true).map_err(Failure::failed)?;
                keys.push(pb::get_receipt_request::Key {
                    kind: outcome.kind,
                    id: outcome.id.clone(),
                    revision: outcome.revision,
                });
            }
            None => lacking += 1,
        }
    }
    if lacking > 0 {
        output::say(format_args!(
            "{lacking} records do not stand in {} as the register had them; they are left out of the receipt",
            file.display()
        ));
    }
    if keys.is_empty() {
        return Ok(());
    }
    let mut receipts = Vec::new();
    for (number, keys) in keys.chunks(KEYS).enumerate() {
        let places: BTreeMap<usize, u64> = (0..keys.len())
            .map(|place| (place, (number * KEYS + place) as u64 + 1))
            .collect();
        let request = pb::GetReceiptRequest {
            reporter: reporter.to_owned(),
            keys: keys.to_vec(),
        };
        let answer = client.register().get_receipt(request).await?.into_inner();
        if let Some(receipt) = answer.receipt {
            receipts.push(domain_receipt(receipt, &places).map_err(Failure::failed)?);
        }
    }
    let salt: [u8; 32] = rand::random();
    let receipt = ReceiptFile {
        salt,
        input: digest(&lines, &salt)?,
        receipts,
    };
    let name = format!("supplied-{}", hex(salt.first_chunk::<4>().unwrap_or(&[0; 4])));
    let (input, proof) = (
        folder.join(format!("{name}.ndjson")),
        folder.join(format!("{name}.receipt.json")),
    );
    std::fs::write(&input, &lines)?;
    std::fs::write(&proof, receipt.write())?;
    output::say(format_args!("lines: {}", input.display()));
    output::say(format_args!("receipt: {}", proof.display()));
    Ok(())
}

/// The records of a file by kind, id and revision, as far as they are the reporter's.
fn reported(file: &Path, reporter: &str) -> Outcome<HashMap<(RecordKind, String, u32), Record>> {
    let mut lines = Lines::new(reader(file)?);
    let mut reported = HashMap::new();
    while let Some(line) = lines.next_line()? {
        if let Ok(read) = read_line(line.content)
            && read.reporter == reporter
        {
            let key = (read.record.kind(), read.record.id.clone(), read.record.revision);
            reported.insert(key, read.record);
        }
    }
    Ok(reported)
}

/// The line of a revision: as it was reported, or the one before it with the fact.
fn line(
    reported: &HashMap<(RecordKind, String, u32), Record>,
    supplied: &Supplied,
    outcome: &pb::SupplyOutcome,
) -> Outcome<Option<Record>> {
    let kind = kind(outcome.kind(), "kind").map_err(Failure::failed)?;
    let find = |revision: u32| reported.get(&(kind, outcome.id.clone(), revision));
    if let Some(record) = find(outcome.revision) {
        return Ok(Some(record.clone()));
    }
    let before = outcome.revision.checked_sub(1).and_then(find);
    Ok(before.and_then(|before| supplied.added_to(before).ok().flatten()))
}

fn digest(lines: &[u8], salt: &[u8; 32]) -> Outcome<[u8; 32]> {
    let mut read = Lines::new(Salted::new(lines, salt));
    while read.next_line()?.is_some() {}
    Ok(read.into_inner().digest())
}
