//! The vault: the only place where an identity number can be had again. Turns identities into random person keys and
//! seals what must not be tried out. Knows nothing of records; nothing it shows or logs holds a number. What a vault
//! promises stands here; one lies in a folder, another in a database beside the store.

mod copy;
mod event_log;
mod file;
mod group_log;
mod identity;
mod keeper;
mod kept;
mod person_log;
mod persons;
mod recent;
mod seal;
#[cfg(test)]
mod simulated;
mod stated;
pub mod suite;
mod table;

use std::path::Path;

use jiff::civil::Date;
use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonState, Persons};

pub use self::copy::copy;
pub(crate) use self::event_log::{Event, seal_all, unseal};
pub use self::file::FileVault;
pub(crate) use self::file::PERSONS_FILE;
pub use self::identity::IdentityBytes;
pub use self::keeper::{Counts, KeptPerson, KeptPersons, LinkageKey, Noted, NumberOf, VaultKeeper};
pub(crate) use self::kept::{another_key, another_person};
pub(crate) use self::recent::Recent;
pub(crate) use self::seal::{Keys, Lookup, random};
pub(crate) use self::stated::Stated;
use crate::contract::{Answer, ROWS_LIMIT, StoreError};
use crate::disk::{Disk, create_folder, unavailable};

/// File of the vault's key within its folder.
pub(crate) const KEY_FILE: &str = "key";
/// Keys that are drawn and not kept before the older ones are forgotten, many more than one batch has.
pub(crate) const DRAWN_MAX: usize = 100_000;

/// Identities to person keys, and nonces sealed: what is asked of a vault as records come in.
///
/// Keys are durable before they are answered, so a commit group syncs the vault before the ledger; a key that no
/// ledger entry mentions is harmless. Resolving is not opening: no number leaves the vault.
pub trait Vault: Send + Sync + 'static {
    /// What an identity is looked up by; nobody is asked.
    ///
    /// # Errors
    /// Never in practice: the vault's key has the right length.
    fn seek(&self, identity: IdentityBytes) -> Result<Sought, StoreError>;

    /// Looks at persons, in one question for all of them: the key of each, or one drawn at random for whoever has none,
    /// and what is stated of those who have one. Nothing is kept by it. Who has none gets the same key again for a while,
    /// whoever asks here.
    ///
    /// # Errors
    /// `Limit` when they are too many.
    fn look<'a>(&'a self, sought: &'a [Sought]) -> Answer<'a, People>;

    /// Keeps persons under the keys drawn for them; durable on return. Gives the key that each has, in order: another than
    /// was drawn when it got one at the same time.
    fn keep(&self, persons: Vec<Drawn>) -> Answer<'_, Vec<PersonKey>>;

    /// What is stated of persons beside what is reported, and of all whom they are merged with.
    fn stated<'a>(&'a self, persons: &'a [PersonKey]) -> Answer<'a, Persons>;

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

    /// The person key of each identity, in order; new persons get new keys.
    fn resolve(&self, identities: Vec<IdentityBytes>) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move {
            let sought = identities.into_iter().map(|identity| self.seek(identity));
            let sought: Vec<Sought> = sought.collect::<Result<_, _>>()?;
            let people = self.look(&sought).await?;
            let drawn = sought.into_iter().zip(people.found);
            let drawn: Vec<Drawn> = drawn.map(|(sought, found)| sought.under(found.person)).collect();
            self.keep(drawn).await
        })
    }

    /// The person keys of identities that have one, in order. None is made.
    fn known(&self, identities: Vec<IdentityBytes>) -> Answer<'_, Vec<Option<PersonKey>>> {
        Box::pin(async move {
            let sought = identities.into_iter().map(|identity| self.seek(identity));
            let sought: Vec<Sought> = sought.collect::<Result<_, _>>()?;
            let people = self.look(&sought).await?;
            let known = people
                .found
                .iter()
                .map(|found| found.is_known.then_some(found.person));
            Ok(known.collect())
        })
    }

    /// All keys of the person that a key is of, the leading one first.
    fn keys(&self, person: PersonKey) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move { Ok(self.stated(&[person]).await?.keys(person)) })
    }
}

/// An identity with what it is looked up by.
#[derive(Debug, Clone)]
pub struct Sought {
    pub(crate) identity: IdentityBytes,
    pub(crate) lookup: Lookup,
}

impl Sought {
    /// The identity as it is to be kept under a key.
    pub fn under(self, person: PersonKey) -> Drawn {
        Drawn { person, sought: self }
    }
}

/// An identity with the key that it has, or is to have.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The key.
    pub person: PersonKey,
    pub(crate) sought: Sought,
}

/// The key of a person who was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The key.
    pub person: PersonKey,
    /// Whether the vault knew the person under that key: else it was drawn.
    pub is_known: bool,
}

/// Persons who were looked at together, as they were at that moment.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// The key of each, in the order in which they were asked for.
    pub found: Vec<Found>,
    /// What is stated of them, and of all whom they are merged with.
    pub stated: Persons,
}

impl People {
    /// What holds of a person on a date, of those who were looked at.
    pub fn state(&self, person: PersonKey, on: Date) -> PersonState {
        self.stated.state(person, on)
    }

    /// Whether a key is of the same person as one of those who were looked at.
    pub fn is_same(&self, one: PersonKey, other: PersonKey) -> bool {
        one == other || self.stated.leader(one) == self.stated.leader(other)
    }
}

/// Holds that no more is asked together than one answer has.
pub(crate) fn check_many(count: usize, what: &str) -> Result<(), StoreError> {
    match count <= ROWS_LIMIT {
        true => Ok(()),
        false => Err(StoreError::Limit(format!(
            "{count} {what} together, at most {ROWS_LIMIT}"
        ))),
    }
}

/// Makes the vault's folder; its name is durable on return, also when an earlier process was stopped while making it.
pub(crate) fn make_folder(disk: &dyn Disk, folder: &Path) -> Result<(), StoreError> {
    let named = create_folder(disk, folder).and_then(|()| match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => disk.sync_folder(parent),
        _ => Ok(()),
    });
    named.map_err(|error| unavailable("cannot make the vault's folder", &error))
}
