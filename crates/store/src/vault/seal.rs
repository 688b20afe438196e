//! The vault's keys and what is done with them: keyed look-up, sealing, unsealing. Opens no file but the key's own.

use std::io;
use std::path::Path;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::IdentityBytes;
use crate::codec::{hex, unhex};
use crate::contract::StoreError;
use crate::files::{put_file, unavailable};

/// Keyed look-up of an identity.
pub(crate) type Lookup = [u8; 32];

/// Format of sealed bytes: this byte, the id of the key, the nonce, then what was sealed.
const SEALED: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;

/// Keys derived from the vault's one key, each for one purpose.
pub(crate) struct Keys {
    lookup: Zeroizing<[u8; 32]>,
    persons: Sealer,
    nonces: Sealer,
    events: Sealer,
}

/// A cipher and the id of the key that it was derived from: sealed bytes name it, so that a later key can stand
/// beside it.
struct Sealer {
    key: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

impl Keys {
    /// Reads the key file; writes one, for its owner only, when there is none and none is missed.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
                let key: Zeroizing<[u8; 32]> = Zeroizing::new(random()?);
                let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex(&*key))));
                put_file(path, text.as_bytes(), 0o600)
                    .map_err(|error| unavailable("cannot write the vault key", &error))?;
                text
            }
            Err(error) => return Err(unavailable("cannot read the vault key", &error)),
        };
        let master = unhex(text.trim_end()).map(Zeroizing::new);
        Self::derive(&*master.ok_or_else(|| StoreError::Corrupt("vault key file".to_owned()))?)
    }

    fn derive(master: &[u8; 32]) -> Result<Self, StoreError> {
        let key =
            |purpose: &str| mac(master, &[b"vardnav vault v1 ", purpose.as_bytes()]).map(Zeroizing::new);
        let id = key("id")?.first_chunk().copied().unwrap_or_default();
        let sealer = |purpose: &str| {
            Ok::<_, StoreError>(Sealer {
                key: id,
                cipher: XChaCha20Poly1305::new((&*key(purpose)?).into()),
            })
        };
        Ok(Self {
            lookup: key("lookup")?,
            persons: sealer("persons")?,
            nonces: sealer("nonces")?,
            events: sealer("events")?,
        })
    }

    /// Tells vaults apart: equal exactly when look-ups are.
    pub(crate) fn vault_id(&self) -> Result<[u8; 8], StoreError> {
        let id = mac(&self.lookup, &[b"vardnav vault id v1"])?;
        Ok(id.first_chunk().copied().unwrap_or_default())
    }

    pub(crate) fn lookup(&self, identity: &IdentityBytes) -> Result<Lookup, StoreError> {
        mac(&self.lookup, &[identity.bytes()])
    }

    /// Seals an identity to the person key it belongs to.
    pub(crate) fn seal_identity(
        &self,
        identity: &IdentityBytes,
        person: &[u8; 16],
    ) -> Result<Vec<u8>, StoreError> {
        self.persons.seal(identity.bytes(), person)
    }

    /// The identity sealed to a person key: opening the vault.
    pub(crate) fn unseal_identity(&self, sealed: &[u8], person: &[u8; 16]) -> Option<Zeroizing<Vec<u8>>> {
        self.persons.unseal(sealed, person).map(Zeroizing::new)
    }

    /// Whether sealed bytes say that they were sealed under this key.
    pub(crate) fn is_own(&self, sealed: &[u8]) -> bool {
        let own = [[SEALED].as_slice(), &self.persons.key].concat();
        sealed.starts_with(&own) && sealed.len() > own.len() + NONCE
    }

    /// Seals an event to its place.
    pub(crate) fn seal_event(&self, event: &[u8], number: u64) -> Result<Vec<u8>, StoreError> {
        self.events.seal(event, &number.to_le_bytes())
    }

    /// The event sealed to a place.
    pub(crate) fn unseal_event(&self, sealed: &[u8], number: u64) -> Option<Zeroizing<Vec<u8>>> {
        self.events
            .unseal(sealed, &number.to_le_bytes())
            .map(Zeroizing::new)
    }

    pub(crate) fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.nonces.seal(nonce, associated)
    }

    pub(crate) fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError> {
        let opened = self.nonces.unseal(sealed, associated).map(Zeroizing::new);
        let nonce = opened.and_then(|opened| opened.as_slice().try_into().ok());
        nonce.ok_or_else(|| StoreError::Corrupt("sealed nonce".to_owned()))
    }
}

impl Sealer {
    fn seal(&self, message: &[u8], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload {
            msg: message,
            aad: associated,
        };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| StoreError::Limit("too much to seal".to_owned()))?;
        Ok([[SEALED].as_slice(), &self.key, &nonce, &sealed].concat())
    }

    fn unseal(&self, sealed: &[u8], associated: &[u8]) -> Option<Vec<u8>> {
        let (format, sealed) = sealed.split_first()?;
        let (key, sealed) = sealed.split_first_chunk::<KEY_ID>()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: associated,
        };
        (*format == SEALED && *key == self.key)
            .then(|| self.cipher.decrypt(XNonce::from_slice(nonce), payload).ok())?
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| StoreError::Unavailable("no randomness from the operating system".to_owned()))?;
    Ok(bytes)
}

pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Result<[u8; 32], StoreError> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.map_err(|_| StoreError::Unavailable("a vault key has the wrong length".to_owned()))?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}
