//! The key that signs heads: made on first use, kept in one file for its owner only; its public half stands beside it
//! in one line anyone can keep. What is signed is said in the register crate.

use std::io;
use std::path::Path;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::codec::{hex, unhex};
use crate::contract::StoreError;
use crate::files::{create_folder, put_file, unavailable};

/// File of the secret key.
pub const KEY_FILE: &str = "head-key";
/// File of the public key.
pub const PUBLIC_KEY_FILE: &str = "head-key.pub";

const PREFIX: &str = "vardnav-ed25519 ";

/// Signs heads (Ed25519).
pub struct HeadKey {
    key: SigningKey,
}

impl HeadKey {
    /// Reads the key in a folder, or makes one; writes the public key beside it.
    ///
    /// # Errors
    /// `Unavailable` when the files cannot be used, `Corrupt` when the key file holds no key.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable("cannot use the key that signs heads", &error);
        create_folder(folder).map_err(failed)?;
        let path = folder.join(KEY_FILE);
        let secret: Zeroizing<[u8; 32]> = match std::fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let secret = unhex(text.trim_end()).map(Zeroizing::new);
                secret.ok_or_else(|| StoreError::Corrupt("the key that signs heads".to_owned()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = Zeroizing::new(crate::vault::random()?);
                let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex(&*secret))));
                put_file(&path, text.as_bytes(), 0o600).map_err(failed)?;
                secret
            }
            Err(error) => return Err(failed(error)),
        };
        let key = Self {
            key: SigningKey::from_bytes(&secret),
        };
        let (line, path) = (key.public_line(), folder.join(PUBLIC_KEY_FILE));
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&line) {
            put_file(&path, line.as_bytes(), 0o644).map_err(failed)?;
        }
        Ok(key)
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The line of the public key file: `vardnav-ed25519 <64 hexadecimal digits>` and a line feed.
    pub fn public_line(&self) -> String {
        format!("{PREFIX}{}\n", hex(&self.public()))
    }
}

/// Reads the line of a public key file; only the canonical form is taken.
pub fn parse_public_line(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix(PREFIX)?.strip_suffix('\n')?;
    let public = unhex(digits)?;
    (hex(&public) == digits).then_some(public)
}

/// Whether a signature of these bytes is of this key.
pub fn verify(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        key.verify_strict(bytes, &Signature::from_bytes(signature))
            .is_ok()
    })
}
