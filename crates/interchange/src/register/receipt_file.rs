//! Receipt files and public key files. Both have exactly one text: unknown fields, other spacing, other letter case
//! or another order of fields are refused, so a file in which any byte was changed does not pass for the one that
//! was given out.
//!
//! A receipt file is one line of JSON: a mark of the format, the salted SHA-256 of the input file, and one receipt
//! for each batch. Hashes, nonces and keys are lower-case hexadecimal, instants microseconds since 1970 in UTC.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use vardnav_register::entry::Delivered;
use vardnav_register::hash::{Hash, array_from_hex, to_hex};
use vardnav_register::receipt::{self, Receipt, ReceiptError, ReceiptLeaf, SignedHead};
use vardnav_register::record::{Record, RecordKind};
use vardnav_register::tree::MultiProof;

use super::lines::Salted;
use super::records::{Form, Reading, Records};

/// The mark at the beginning of a receipt file.
const RECEIPT_FORMAT: &str = "vardnav receipt v1";

/// The words at the beginning of a public key file.
const KEY_FORMAT: &str = "vardnav public key v1";

/// A receipt file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptFile {
    /// The salt of the digest of the input.
    pub salt: [u8; 32],
    /// SHA-256 of salt and input file; [`Salted`] computes it.
    pub input: Hash,
    /// One receipt for each batch.
    pub receipts: Vec<Receipt>,
}

/// Why a receipt file or public key file was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptFileError {
    /// The file is not a receipt file in its one form.
    #[error("this is not a receipt file as it was given out")]
    Form,
    /// The file is not a public key file in its one form.
    #[error("this is not a public key file as it was given out")]
    KeyForm,
    /// The input file is not the one that the receipt is for.
    #[error("the input file is not the one that the receipt is for")]
    Input,
    /// The input file could not be read.
    #[error("the input file could not be read")]
    Read(#[from] io::Error),
    /// A receipt does not verify.
    #[error("receipt {number}: {error}")]
    Receipt {
        /// Which receipt of the file, from 1.
        number: usize,
        /// Why.
        error: ReceiptError,
    },
}

impl ReceiptFile {
    /// The text of the file.
    pub fn write(&self) -> String {
        let dto = FileDto {
            format: RECEIPT_FORMAT.to_owned(),
            input: InputDto {
                salt: to_hex(&self.salt),
                sha256: to_hex(&self.input),
            },
            receipts: self.receipts.iter().map(ReceiptDto::of).collect(),
        };
        text_of(&dto)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`ReceiptFileError::Form`] for any text that [`Self::write`] would not give.
    pub fn read(text: &[u8]) -> Result<Self, ReceiptFileError> {
        let dto: FileDto = serde_json::from_slice(text).map_err(|_| ReceiptFileError::Form)?;
        let file = dto.into_file().ok_or(ReceiptFileError::Form)?;
        if file.write().as_bytes() == text {
            Ok(file)
        } else {
            Err(ReceiptFileError::Form)
        }
    }

    /// Verifies the file against the NDJSON that was reported and a public key; as [`Self::verify_as`].
    ///
    /// # Errors
    /// As [`Self::verify_as`].
    pub fn verify(
        &self,
        input: impl BufRead,
        key: &PublicKey,
        verify_signature: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<usize, ReceiptFileError> {
        self.verify_as(&Form::Ndjson, input, key, verify_signature)
    }

    /// Verifies the file against the input that was reported, in the form that it was reported in, and a public key.
    /// Returns how many records are proven. `verify_signature` gets public key, message and signature. Lines of a table
    /// that name no reporter are of the one that the receipts are for, where it is one.
    ///
    /// # Errors
    /// [`ReceiptFileError`] with the first thing that does not fit.
    pub fn verify_as(
        &self,
        form: &Form,
        input: impl BufRead,
        key: &PublicKey,
        verify_signature: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<usize, ReceiptFileError> {
        let records = self.records(form, input)?;
        for (number, receipt) in (1..).zip(&self.receipts) {
            receipt::verify(
                receipt,
                |leaf| {
                    let (reporter, record) = records.get(&leaf.line)?;
                    (*reporter == receipt.reporter).then_some(record)
                },
                |key_id, message, signature| {
                    key_id == key.id() && verify_signature(&key.0, message, signature)
                },
            )
            .map_err(|error| ReceiptFileError::Receipt { number, error })?;
        }
        Ok(self.receipts.iter().map(|receipt| receipt.leaves.len()).sum())
    }

    /// The receipted records of the input by line, after its digest was found to be right.
    fn records(
        &self,
        form: &Form,
        input: impl BufRead,
    ) -> Result<BTreeMap<u64, (String, Record)>, ReceiptFileError> {
        let leaves = self.receipts.iter().flat_map(|receipt| &receipt.leaves);
        let wanted: BTreeSet<u64> = leaves.map(|leaf| leaf.line).collect();
        let reporters: BTreeSet<&str> = self
            .receipts
            .iter()
            .map(|receipt| receipt.reporter.as_str())
            .collect();
        let reading = Reading {
            form: form.clone(),
            // A revision that is not stated is the register's, and one that is stays as it is.
            delivered: true,
            reporter: reporters
                .first()
                .filter(|_| reporters.len() == 1)
                .map(|one| (*one).to_owned()),
        };
        let mut records = BTreeMap::new();
        let mut lines = Records::new(Salted::new(input, &self.salt), &reading);
        while let Some(line) = lines.next_record()? {
            if let (Ok(reported), true) = (line.read, wanted.contains(&line.line)) {
                records.insert(line.line, (reported.reporter, reported.record));
            }
        }
        if lines.into_inner().digest() == self.input {
            Ok(records)
        } else {
            Err(ReceiptFileError::Input)
        }
    }
}

/// A public key with which heads are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Its id, as heads name it.
    pub fn id(&self) -> String {
        receipt::key_id(&self.0)
    }

    /// The text of its file: one line of mark, id and key.
    pub fn write(&self) -> String {
        format!("{KEY_FORMAT} {} {}\n", self.id(), to_hex(&self.0))
    }

    /// Reads the text of its file.
    ///
    /// # Errors
    /// [`ReceiptFileError::KeyForm`] for any text that [`Self::write`] would not give.
    pub fn read(text: &[u8]) -> Result<Self, ReceiptFileError> {
        let key = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.trim_end_matches('\n').rsplit(' ').next())
            .and_then(array_from_hex)
            .map(Self)
            .ok_or(ReceiptFileError::KeyForm)?;
        if key.write().as_bytes() == text {
            Ok(key)
        } else {
            Err(ReceiptFileError::KeyForm)
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDto {
    format: String,
    input: InputDto,
    receipts: Vec<ReceiptDto>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputDto {
    salt: String,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptDto {
    reporter: String,
    leaves: Vec<LeafDto>,
    head: HeadDto,
    proof: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafDto {
    line: u64,
    version: u8,
    kind: String,
    id: String,
    revision: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    assigned: bool,
    /// Left out when it is the revision before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<u32>,
    /// Position of the opening of its delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivery: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    test: bool,
    position: u64,
    received: i64,
    release: String,
    content_nonce: String,
    identity_nonce: String,
    derived: String,
}

/// The one text of a receipt file: an object on a line.
pub(super) fn text_of(file: &impl Serialize) -> String {
    // Serialising texts, whole numbers and lists of them cannot fail.
    let mut text = serde_json::to_string(file).unwrap_or_default();
    text.push('\n');
    text
}

/// A signed head in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadDto {
    size: u64,
    root: String,
    time: i64,
    key_id: String,
    signature: String,
}

impl HeadDto {
    pub(super) fn of(head: &SignedHead) -> Self {
        Self {
            size: head.size,
            root: to_hex(&head.root),
            time: head.time,
            key_id: head.key_id.clone(),
            signature: to_hex(&head.signature),
        }
    }

    pub(super) fn into_head(self) -> Option<SignedHead> {
        Some(SignedHead {
            size: self.size,
            root: array_from_hex(&self.root)?,
            time: self.time,
            key_id: self.key_id,
            signature: array_from_hex(&self.signature)?,
        })
    }
}

impl FileDto {
    fn into_file(self) -> Option<ReceiptFile> {
        if self.format != RECEIPT_FORMAT {
            return None;
        }
        Some(ReceiptFile {
            salt: array_from_hex(&self.input.salt)?,
            input: array_from_hex(&self.input.sha256)?,
            receipts: self
                .receipts
                .into_iter()
                .map(ReceiptDto::into_receipt)
                .collect::<Option<_>>()?,
        })
    }
}

impl ReceiptDto {
    fn of(receipt: &Receipt) -> Self {
        let leaf = |leaf: &ReceiptLeaf| LeafDto {
            line: leaf.line,
            version: leaf.version,
            kind: leaf.kind.name().to_owned(),
            id: leaf.id.clone(),
            revision: leaf.revision,
            assigned: leaf.assigned,
            replaces: (leaf.replaces != before(leaf.revision)).then_some(leaf.replaces),
            delivery: leaf.delivery.map(|delivered| delivered.opened),
            test: leaf.delivery.is_some_and(|delivered| delivered.test),
            position: leaf.position,
            received: leaf.received,
            release: leaf.release.clone(),
            content_nonce: to_hex(&leaf.content_nonce),
            identity_nonce: to_hex(&leaf.identity_nonce),
            derived: to_hex(&leaf.derived),
        };
        Self {
            reporter: receipt.reporter.clone(),
            leaves: receipt.leaves.iter().map(leaf).collect(),
            head: HeadDto::of(&receipt.head),
            proof: receipt.proof.hashes.iter().map(|hash| to_hex(hash)).collect(),
        }
    }

    fn into_receipt(self) -> Option<Receipt> {
        let leaf = |leaf: LeafDto| {
            Some(ReceiptLeaf {
                line: leaf.line,
                version: leaf.version,
                kind: RecordKind::from_name(&leaf.kind)?,
                id: leaf.id,
                revision: leaf.revision,
                assigned: leaf.assigned,
                replaces: leaf.replaces.unwrap_or(before(leaf.revision)),
                delivery: leaf.delivery.map(|opened| Delivered {
                    opened,
                    test: leaf.test,
                }),
                position: leaf.position,
                received: leaf.received,
                release: leaf.release,
                content_nonce: array_from_hex(&leaf.content_nonce)?,
                identity_nonce: array_from_hex(&leaf.identity_nonce)?,
                derived: array_from_hex(&leaf.derived)?,
            })
        };
        Some(Receipt {
            reporter: self.reporter,
            leaves: self.leaves.into_iter().map(leaf).collect::<Option<_>>()?,
            head: self.head.into_head()?,
            proof: MultiProof {
                hashes: self
                    .proof
                    .iter()
                    .map(|hash| array_from_hex(hash))
                    .collect::<Option<_>>()?,
            },
        })
    }
}

/// The revision before one; 0 before the first.
fn before(revision: u32) -> u32 {
    revision.saturating_sub(1)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
