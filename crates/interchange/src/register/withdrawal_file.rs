//! Receipt files of withdrawals. They have exactly one text, as receipt files of reports have: one line of JSON, a mark of
//! the format and the receipt. They prove by themselves, without any file that was sent.

use serde::{Deserialize, Serialize};
use vardnav_register::hash::{array_from_hex, to_hex};
use vardnav_register::receipt::{WithdrawalLeaf, WithdrawalReceipt, verify_withdrawals};
use vardnav_register::record::RecordKind;
use vardnav_register::tree::MultiProof;

use super::receipt_file::{HeadDto, PublicKey, ReceiptFileError, text_of};

/// The mark at the beginning of the file.
const FORMAT: &str = "vardnav withdrawal receipt v1";

/// The text of the file of a receipt.
pub fn write(receipt: &WithdrawalReceipt) -> String {
    let leaf = |leaf: &WithdrawalLeaf| LeafDto {
        version: leaf.version,
        kind: leaf.kind.name().to_owned(),
        id: leaf.id.clone(),
        revision: leaf.revision,
        replaces: leaf.replaces,
        position: leaf.position,
        received: leaf.received,
        reason: leaf.reason.clone(),
    };
    let dto = FileDto {
        format: FORMAT.to_owned(),
        reporter: receipt.reporter.clone(),
        leaves: receipt.leaves.iter().map(leaf).collect(),
        head: HeadDto::of(&receipt.head),
        proof: receipt.proof.hashes.iter().map(|hash| to_hex(hash)).collect(),
    };
    text_of(&dto)
}

/// Reads the text of a file.
///
/// # Errors
/// [`ReceiptFileError::Form`] for any text that [`write`] would not give.
pub fn read(text: &[u8]) -> Result<WithdrawalReceipt, ReceiptFileError> {
    let dto: FileDto = serde_json::from_slice(text).map_err(|_| ReceiptFileError::Form)?;
    let receipt = dto.into_receipt().ok_or(ReceiptFileError::Form)?;
    match write(&receipt).as_bytes() == text {
        true => Ok(receipt),
        false => Err(ReceiptFileError::Form),
    }
}

/// Verifies a receipt against a public key. Returns how many withdrawals are proven. `verify_signature` gets public key,
/// message and signature.
///
/// # Errors
/// [`ReceiptFileError::Receipt`] with the first thing that does not fit.
pub fn verify(
    receipt: &WithdrawalReceipt,
    key: &PublicKey,
    verify_signature: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
) -> Result<usize, ReceiptFileError> {
    let verified = verify_withdrawals(receipt, |key_id, message, signature| {
        key_id == key.id() && verify_signature(&key.0, message, signature)
    });
    verified.map_err(|error| ReceiptFileError::Receipt { number: 1, error })?;
    Ok(receipt.leaves.len())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDto {
    format: String,
    reporter: String,
    leaves: Vec<LeafDto>,
    head: HeadDto,
    proof: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafDto {
    version: u8,
    kind: String,
    id: String,
    revision: u32,
    replaces: u32,
    position: u64,
    received: i64,
    reason: String,
}

impl FileDto {
    fn into_receipt(self) -> Option<WithdrawalReceipt> {
        if self.format != FORMAT {
            return None;
        }
        let leaf = |leaf: LeafDto| {
            Some(WithdrawalLeaf {
                version: leaf.version,
                kind: RecordKind::from_name(&leaf.kind)?,
                id: leaf.id,
                revision: leaf.revision,
                replaces: leaf.replaces,
                position: leaf.position,
                received: leaf.received,
                reason: leaf.reason,
            })
        };
        let hashes = self.proof.iter().map(|hash| array_from_hex(hash));
        Some(WithdrawalReceipt {
            reporter: self.reporter,
            leaves: self.leaves.into_iter().map(leaf).collect::<Option<_>>()?,
            head: self.head.into_head()?,
            proof: MultiProof {
                hashes: hashes.collect::<Option<_>>()?,
            },
        })
    }
}
