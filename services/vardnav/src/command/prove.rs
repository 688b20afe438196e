//! `vardnav register prove` and `anchor`: that reported lines stand in the register, and that what they stand in lies
//! under a national head that others keep as well; and the same of withdrawals, which need no lines. Proving asks no server.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vardnav_api::heads::anchor;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::heads_file::{read_anchors, write_anchors};
use vardnav_interchange::register::receipt_file::{PublicKey, ReceiptFile};
use vardnav_interchange::register::withdrawal_file;
use vardnav_register::national::{Anchor, StreamHead};
use vardnav_register::receipt::{SignedHead, WithdrawalReceipt, stream_of};
use vardnav_store::keys;

use crate::client::Client;
use crate::command::hex;
use crate::command::input::Input;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// What is held against what.
pub(crate) struct Files {
    /// Receipt file.
    pub(crate) receipt: PathBuf,
    /// The file that was reported; of withdrawals there is none.
    pub(crate) input: Option<PathBuf>,
    /// How it is written.
    pub(crate) written: Input,
    /// Public key file.
    pub(crate) key: PathBuf,
    /// Anchor file.
    pub(crate) anchor: Option<PathBuf>,
    /// Folder of a mirror.
    pub(crate) heads: Option<PathBuf>,
}

/// A stream's head in a receipt, by its reporter.
type Head = (String, SignedHead);

/// A receipt file of either kind.
enum Receipts {
    Reports(ReceiptFile),
    Withdrawals(WithdrawalReceipt),
}

impl Receipts {
    fn read(path: &Path) -> Outcome<Self> {
        let text = read(path)?;
        if let Ok(receipt) = withdrawal_file::read(&text) {
            return Ok(Self::Withdrawals(receipt));
        }
        let file = ReceiptFile::read(&text).map_err(|error| refused(&error))?;
        Ok(Self::Reports(file))
    }

    /// The heads that what is receipted stands under.
    fn heads(&self) -> Vec<Head> {
        let of = |reporter: &str, head: &SignedHead| (reporter.to_owned(), head.clone());
        match self {
            Self::Reports(file) => {
                let receipts = file.receipts.iter();
                receipts
                    .map(|receipt| of(&receipt.reporter, &receipt.head))
                    .collect()
            }
            Self::Withdrawals(receipt) => vec![of(&receipt.reporter, &receipt.head)],
        }
    }
}

/// Proves offline.
pub(crate) fn prove(files: &Files, format: Format) -> Outcome {
    let receipts = Receipts::read(&files.receipt)?;
    let key = PublicKey::read(&read(&files.key)?).map_err(|error| refused(&error))?;
    let proven = match (&receipts, &files.input) {
        (Receipts::Withdrawals(receipt), None) => withdrawal_file::verify(receipt, &key, keys::verify),
        (Receipts::Reports(file), Some(input)) => {
            let (input, form) = files.written.open(input)?;
            file.verify_as(&form, input, &key, keys::verify)
        }
        (Receipts::Withdrawals(_), Some(_)) => {
            let message = "a receipt of withdrawals proves by itself: leave --input out";
            return Err(Failure::Usage(message.into()));
        }
        (Receipts::Reports(_), None) => {
            return Err(Failure::Usage(
                "the file that was reported is needed: --input".into(),
            ));
        }
    };
    let proven = proven.map_err(|error| refused(&error))?;
    let held = receipts.heads();
    let heads: Vec<Value> = held
        .iter()
        .map(|(reporter, head)| json!({"reporter": reporter, "size": head.size, "root": hex(&head.root)}))
        .collect();
    let national = match &files.anchor {
        Some(path) => national_heads(&held, path, &key, files.heads.as_deref())?,
        None => Vec::new(),
    };
    output::one(
        format,
        &json!({"proven": true, "records": proven, "key": key.id(), "heads": heads, "national": national}),
    )
}

/// The numbers of the national heads under which every receipt's head lies.
fn national_heads(heads: &[Head], path: &Path, key: &PublicKey, mirror: Option<&Path>) -> Outcome<Vec<u64>> {
    let anchors = read_anchors(&read(path)?).map_err(|error| refused(&error))?;
    let kept = match mirror {
        Some(dir) => Some(super::heads::kept(dir, key)?),
        None => None,
    };
    let mut numbers = Vec::new();
    for head in heads {
        let (stream, held) = held(head);
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
    let mut anchors: Vec<Anchor> = Vec::new();
    for head in Receipts::read(receipt)?.heads() {
        let (stream, held) = held(&head);
        let is_led = |anchor: &Anchor| anchor.stream == stream && anchor.since == held.size;
        if anchors.iter().any(is_led) {
            continue;
        }
        let request = pb::GetAnchorRequest {
            reporter: head.0.clone(),
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

fn held((reporter, head): &Head) -> (String, StreamHead) {
    let held = StreamHead {
        size: head.size,
        root: head.root,
    };
    (stream_of(reporter), held)
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))
}

fn refused(error: &dyn std::fmt::Display) -> Failure {
    Failure::Findings(format!("not proven: {error}"))
}
