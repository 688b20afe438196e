//! `vardnav register prove` and `anchor`: that reported lines stand in the register, and that what they stand in lies
//! under a national head that others keep as well. Proving asks no server.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vardnav_api::heads::anchor;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::heads_file::{read_anchors, write_anchors};
use vardnav_interchange::register::receipt_file::{PublicKey, ReceiptFile};
use vardnav_register::national::{Anchor, StreamHead};
use vardnav_register::receipt::{Receipt, stream_of};
use vardnav_store::keys;

use crate::client::Client;
use crate::command::input::Input;
use crate::command::{heads, hex};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// What is held against what.
pub(crate) struct Files {
    /// Receipt file.
    pub(crate) receipt: PathBuf,
    /// The file that was reported.
    pub(crate) input: PathBuf,
    /// How it is written.
    pub(crate) written: Input,
    /// Public key file.
    pub(crate) key: PathBuf,
    /// Anchor file.
    pub(crate) anchor: Option<PathBuf>,
    /// Folder of a mirror.
    pub(crate) heads: Option<PathBuf>,
}

/// Proves offline.
pub(crate) fn prove(files: &Files, format: Format) -> Outcome {
    let receipt = ReceiptFile::read(&read(&files.receipt)?).map_err(|error| refused(&error))?;
    let key = PublicKey::read(&read(&files.key)?).map_err(|error| refused(&error))?;
    let (input, form) = files.written.open(&files.input)?;
    let proven = receipt
        .verify_as(&form, input, &key, keys::verify)
        .map_err(|error| refused(&error))?;
    let heads: Vec<Value> = receipt
        .receipts
        .iter()
        .map(|receipt| json!({"reporter": receipt.reporter, "size": receipt.head.size, "root": hex(&receipt.head.root)}))
        .collect();
    let national = match &files.anchor {
        Some(path) => national_heads(&receipt.receipts, path, &key, files.heads.as_deref())?,
        None => Vec::new(),
    };
    output::one(
        format,
        &json!({"proven": true, "records": proven, "key": key.id(), "heads": heads, "national": national}),
    )
}

/// The numbers of the national heads under which every receipt's head lies.
fn national_heads(
    receipts: &[Receipt],
    path: &Path,
    key: &PublicKey,
    mirror: Option<&Path>,
) -> Outcome<Vec<u64>> {
    let anchors = read_anchors(&read(path)?).map_err(|error| refused(&error))?;
    let kept = match mirror {
        Some(dir) => Some(heads::kept(dir, key)?),
        None => None,
    };
    let mut numbers = Vec::new();
    for receipt in receipts {
        let (stream, held) = held(receipt);
        let anchor = anchors
            .iter()
            .find(|anchor| anchor.stream == stream && anchor.since == held.size)
            .ok_or_else(|| refused(&format!("no anchor for {stream} at {}", held.size)))?;
        anchor
            .verify(&held, |key_id, message, signature| {
                key.id() == key_id && keys::verify(&key.0, message, signature)
            })
            .map_err(|error| refused(&error))?;
        let number = anchor.national.number;
        if let Some(kept) = &kept
            && !kept.contains(&anchor.national)
        {
            return Err(refused(&format!(
                "national head {number} is not the one that is kept"
            )));
        }
        numbers.push(number);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Asks a server to lead from the heads of a receipt file to a national head.
pub(crate) async fn lead(receipt: &Path, to: Option<&Path>, client: &Client) -> Outcome {
    let receipt = ReceiptFile::read(&read(receipt)?).map_err(|error| refused(&error))?;
    let mut anchors: Vec<Anchor> = Vec::new();
    for receipt in &receipt.receipts {
        let (stream, held) = held(receipt);
        let is_led = |anchor: &Anchor| anchor.stream == stream && anchor.since == held.size;
        if anchors.iter().any(is_led) {
            continue;
        }
        let request = pb::GetAnchorRequest {
            reporter: receipt.reporter.clone(),
            since_size: held.size,
        };
        let answer = client.heads().get_anchor(request).await?.into_inner();
        let anchor = anchor(&answer, held.size).map_err(Failure::failed)?;
        // Whether it is signed by the right key is for whoever has the key; that it leads from the receipt is seen here.
        anchor
            .verify(&held, |_, _, _| true)
            .map_err(|error| refused(&error))?;
        anchors.push(anchor);
    }
    let text = write_anchors(&anchors);
    match to {
        Some(path) => Ok(std::fs::write(path, text)?),
        None => Ok(std::io::stdout().write_all(text.as_bytes())?),
    }
}

fn held(receipt: &Receipt) -> (String, StreamHead) {
    let head = StreamHead {
        size: receipt.head.size,
        root: receipt.head.root,
    };
    (stream_of(&receipt.reporter), head)
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))
}

fn refused(error: &dyn std::fmt::Display) -> Failure {
    Failure::Findings(format!("not proven: {error}"))
}
