//! The vault: the only place where an identity number can be had again. Turns identities into random person keys and
//! seals what must not be tried out. Knows nothing of records; nothing it shows or logs holds a number.

mod event_log;
mod file;
mod group_log;
mod person_log;
mod persons;
mod seal;
#[cfg(test)]
mod simulated;
mod table;

use std::path::Path;

use jiff::civil::Date;
use vardnav_register::identity::{Number, PersonKey};
use vardnav_register::person::PersonState;
use vardnav_register::record::IdentityType;
use zeroize::Zeroizing;

pub use self::file::FileVault;
pub use self::persons::{LinkageKey, Noted, NumberOf};
use self::seal::Lookup;
pub(crate) use self::seal::random;
use crate::contract::{Answer, StoreError};
use crate::disk::{Disk, create_folder, unavailable};

/// Identities to person keys, and nonces sealed.
///
/// Keys are durable before they are answered, so a commit group syncs the vault before the ledger; a key that no
/// ledger entry mentions is harmless. Resolving is not opening: no number leaves the vault.
pub trait Vault: Send + Sync + 'static {
    /// The key of whoever an identity is of, or one drawn at random for whoever has none; nothing is kept by it. Who has
    /// none gets the same key again for a while, whoever asks.
    fn draw(&self, identity: IdentityBytes) -> Result<Drawn, StoreError>;

    /// Keeps persons under the keys drawn for them; durable on return. Gives the key that each has, in order: another than
    /// was drawn when it got one at the same time.
    fn keep(&self, persons: Vec<Drawn>) -> Answer<'_, Vec<PersonKey>>;

    /// The person key of each identity, in order; new persons get new keys.
    fn resolve(&self, identities: Vec<IdentityBytes>) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move {
            let drawn = identities.into_iter().map(|identity| self.draw(identity));
            self.keep(drawn.collect::<Result<_, _>>()?).await
        })
    }

    /// Seals the nonce of a commitment to an identity; it can be unsealed only together with the same
    /// `associated` bytes.
    ///
    /// # Errors
    /// `Unavailable` when no randomness can be had.
    fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// The nonce that was sealed with these associated bytes.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not what was sealed, or were sealed with others.
    fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError>;

    /// The person keys of identities that have one, in order. None is made.
    fn known(&self, identities: &[IdentityBytes]) -> Result<Vec<Option<PersonKey>>, StoreError>;

    /// What is known of a person on a date beside what is reported: death, protection, where they are registered.
    fn state(&self, person: PersonKey, on: Date) -> PersonState;

    /// All keys of the person that a key is of, the leading one first.
    fn keys(&self, person: PersonKey) -> Vec<PersonKey>;
}

/// An identity with the key that it has, or is to have.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The key.
    pub person: PersonKey,
    /// Whether the vault knew it under that key.
    pub is_known: bool,
    identity: IdentityBytes,
    lookup: Lookup,
}

/// An identity as the vault looks it up: equal bytes are one person. Wiped when dropped, withheld by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityBytes(Zeroizing<Vec<u8>>);

impl IdentityBytes {
    /// The identity of a normalised number of a kind.
    pub fn of(identity_type: IdentityType, number: &Number) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + vardnav_register::identity::NUMBER_MAX));
        bytes.push(identity_type as u8);
        bytes.extend(number.reveal().as_bytes());
        Self(bytes)
    }

    /// The identity of a normalised number of a kind. Reserve numbers are unique only where they are given out: those of
    /// two issuers are two persons.
    pub fn given_by(identity_type: IdentityType, number: &Number, issuer: &str) -> Self {
        let bytes = Self::of(identity_type, number);
        match identity_type {
            IdentityType::Reserve => bytes.within(issuer),
            IdentityType::Personnummer | IdentityType::Samordningsnummer => bytes,
        }
    }

    /// The same number as given out by somebody, for numbers that are unique only there.
    #[must_use]
    pub fn within(mut self, issuer: &str) -> Self {
        self.0.push(b'@');
        self.0.extend(issuer.as_bytes());
        self
    }

    /// Who gave the number out, of one that is unique only there; else empty.
    pub fn issuer(&self) -> &str {
        let number = std::str::from_utf8(&self.0).unwrap_or_default();
        number.split_once('@').map_or("", |(_, issuer)| issuer)
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The identity that was kept as these bytes.
    fn kept(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Kind of number and the number itself: shown only to whom the vault was opened for.
    pub fn reveal(&self) -> Option<(IdentityType, &str)> {
        let (kind, number) = self.0.split_first()?;
        let kind = [
            IdentityType::Personnummer,
            IdentityType::Samordningsnummer,
            IdentityType::Reserve,
        ]
        .into_iter()
        .find(|known| *known as u8 == *kind)?;
        let number = std::str::from_utf8(number).ok()?;
        Some((kind, number.split('@').next().unwrap_or(number)))
    }
}

impl std::fmt::Debug for IdentityBytes {
    /// Never shows the identity.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityBytes(withheld)")
    }
}

/// Makes the vault's folder; its name is durable on return, also when an earlier process was stopped while making it.
fn make_folder(disk: &dyn Disk, folder: &Path) -> Result<(), StoreError> {
    let named = create_folder(disk, folder).and_then(|()| match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => disk.sync_folder(parent),
        _ => Ok(()),
    });
    named.map_err(|error| unavailable("cannot make the vault's folder", &error))
}
