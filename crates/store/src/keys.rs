//! The key that signs heads: made on first use, kept in one file for its owner only. What is signed is said in the
//! register crate; the form of a public key file is one of the file formats.

use std::io;
use std::path::Path;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::codec::{hex, unhex};
use crate::contract::StoreError;
use crate::files::{create_folder, put_file, unavailable};

/// File of the secret key.
pub const KEY_FILE: &str = "head-key";

/// Signs heads (Ed25519).
pub struct HeadKey {
    key: SigningKey,
}

impl HeadKey {
    /// Reads the key in a folder, or makes one.
    ///
    /// # Errors
    /// `Unavailable` when the files cannot be used, `Corrupt` when the key file holds no key.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_or(folder, true)
    }

    /// Reads the key in a folder, which must be there.
    ///
    /// # Errors
    /// As [`HeadKey::open`], and `Unavailable` when there is no key.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        Self::open_or(folder, false)
    }

    fn open_or(folder: &Path, create: bool) -> Result<Self, StoreError> {
        let failed = |error: io::Error| unavailable("cannot use the key that signs heads", &error);
        if !create && !folder.join(KEY_FILE).exists() {
            return Err(StoreError::Unavailable(
                "the key that signs heads is missing".to_owned(),
            ));
        }
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
        Ok(Self {
            key: SigningKey::from_bytes(&secret),
        })
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }

    /// Short id of the key: the first eight bytes of the SHA-256 of the public one.
    pub fn id(&self) -> [u8; 8] {
        let digest: [u8; 32] = Sha256::digest(self.public()).into();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }
}

/// Whether a signature of these bytes is of this key.
pub fn verify(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        key.verify_strict(bytes, &Signature::from_bytes(signature))
            .is_ok()
    })
}
