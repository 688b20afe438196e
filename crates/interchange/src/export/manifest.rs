//! The manifest of an export: which files it has, with their hashes, of which month and release, and the place in the
//! register that they stand for.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Rows of its table; 0 for texts.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl FileFacts {
    /// Of a text.
    pub fn of_text(bytes: &[u8]) -> Self {
        Self {
            rows: 0,
            bytes: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
        }
    }
}

/// The head of a reporter's stream, signed, at or after the place of the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Reporter.
    pub reporter: String,
    /// How many leaves.
    pub size: u64,
    /// Root of the Merkle tree, in hexadecimal digits.
    pub root: String,
    /// When it was signed.
    pub time: String,
    /// Key that signed it.
    pub key: String,
    /// Its signature.
    pub signature: String,
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The month, `2026-09`.
    pub month: String,
    /// The release that the columns are of.
    pub release: String,
    /// SHA-256 of that release.
    pub release_digest: String,
    /// The derivation that derived values are from.
    pub derivation: String,
    /// When it was made.
    pub created: String,
    /// The place in the register: a token from which changes are followed.
    pub token: String,
    /// Heads of the reporters' streams.
    pub heads: Vec<Head>,
    /// Files by name.
    pub files: Vec<(String, FileFacts)>,
}

impl Manifest {
    /// The bytes of the file.
    pub fn write(&self) -> Vec<u8> {
        let files = self.files.iter().map(|(name, facts)| {
            json!({
                "name": name,
                "rows": facts.rows,
                "bytes": facts.bytes,
                "sha256": hex(&facts.sha256),
            })
        });
        let heads = self.heads.iter().map(|head| {
            json!({
                "reporter": head.reporter,
                "size": head.size,
                "root": head.root,
                "time": head.time,
                "key": head.key,
                "signature": head.signature,
            })
        });
        let manifest = json!({
            "format": "vardnav-export",
            "version": 1,
            "month": self.month,
            "release": {"id": self.release, "sha256": self.release_digest},
            "derivation": self.derivation,
            "created": self.created,
            "position": self.token,
            "heads": heads.collect::<Vec<Value>>(),
            "files": files.collect::<Vec<Value>>(),
        });
        let mut bytes = format!("{manifest:#}").into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
