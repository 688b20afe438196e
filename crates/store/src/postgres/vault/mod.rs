//! A vault in the database of the store, for servers that keep nothing but its key: keyed look-ups and sealed rows lie
//! there, and no number can be read, tried out or added without the key, which is in each server's own folder.
//!
//! Every answer is as fresh as the database. Two things are remembered all the same. To whom a look-up leads never
//! changes once it is kept. What is stated of persons is only ever added to, in one order without gaps; each question
//! takes in what came since, which is mostly nothing. A database that is set back to an earlier state is noticed when
//! statements are missing, and otherwise needs its servers to be started again, as for the ledger.

mod events;
mod rows;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonEvent, Persons};

use super::{Core, Postgres};
use crate::codec::hex;
use crate::contract::{Answer, StoreError};
use crate::disk::{Machine, unavailable};
use crate::vault::{
    Counts, DRAWN_MAX, Drawn, Found, IdentityBytes, KEY_FILE, KeptPerson, KeptPersons, Keys, LinkageKey,
    Lookup, Noted, NumberOf, People, Recent, Sought, Stated, Vault, VaultKeeper, check_many, make_folder,
};

/// Persons who are kept and remembered before the older ones are forgotten.
const KNOWN_MAX: usize = 250_000;

/// The vault in a database.
pub struct PostgresVault {
    core: Arc<Core>,
    keys: Keys,
    /// By what its events are known among those of other vaults: its id.
    name: String,
    /// Of those who are kept, some.
    known: Mutex<Recent>,
    /// Keys drawn for persons who are not kept yet, and may never be.
    drawn: Mutex<Recent>,
    /// What the events say, as far as they were taken in.
    stated: RwLock<Stated>,
    /// Whoever adds to the events, one at a time here.
    writing: tokio::sync::Mutex<()>,
}

impl PostgresVault {
    /// Opens the vault that lies in the database of a store, with the key in a folder; that is made, for its owner only,
    /// when there is none and nobody is kept yet.
    ///
    /// # Errors
    /// `Unavailable` when the key is gone although persons are kept, or cannot be used; `Corrupt` when what is stated
    /// cannot be read with it.
    pub async fn open(store: &Postgres, folder: &Path) -> Result<Self, StoreError> {
        let is_empty = rows::is_empty(&store.core).await?;
        Self::open_or(store, folder, is_empty).await
    }

    /// Opens the vault that lies in the database of a store, with the key in a folder, which must be there.
    ///
    /// # Errors
    /// As [`PostgresVault::open`].
    pub async fn open_existing(store: &Postgres, folder: &Path) -> Result<Self, StoreError> {
        Self::open_or(store, folder, false).await
    }

    async fn open_or(store: &Postgres, folder: &Path, create: bool) -> Result<Self, StoreError> {
        Self::of(store, key_in(folder, create).await?).await
    }

    /// The vault with these keys.
    pub(crate) async fn of(store: &Postgres, keys: Keys) -> Result<Self, StoreError> {
        let vault = Self {
            core: Arc::clone(&store.core),
            name: hex(&keys.vault_id()?),
            keys,
            known: Mutex::new(Recent::new(KNOWN_MAX)),
            drawn: Mutex::new(Recent::new(DRAWN_MAX)),
            stated: RwLock::default(),
            writing: tokio::sync::Mutex::default(),
        };
        vault.catch_up().await?;
        Ok(vault)
    }

    fn stated_now(&self) -> RwLockReadGuard<'_, Stated> {
        self.stated.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of each, or one drawn for whoever has none: the same for all who ask here until it is kept.
    async fn found(&self, sought: &[Sought]) -> Result<Vec<Found>, StoreError> {
        let lookups: Vec<Lookup> = sought.iter().map(|sought| sought.lookup).collect();
        let known = self.kept(&lookups).await?;
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let each = known.into_iter().zip(&lookups).map(|(known, lookup)| {
            Ok(Found {
                person: known.map_or_else(|| drawn.get_or_draw(lookup), Ok)?,
                is_known: known.is_some(),
            })
        });
        each.collect()
    }
}

/// The vault's key in its folder; made, with the folder, when it is not there and may be made.
pub(crate) async fn key_in(folder: &Path, create: bool) -> Result<Keys, StoreError> {
    let folder = folder.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        if create {
            make_folder(&Machine, &folder)?;
            let owners = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(&folder, owners)
                .map_err(|error| unavailable("cannot open the vault", &error))?;
        }
        Keys::open(&folder.join(KEY_FILE), create)
    });
    let gave_up = |_| StoreError::Unavailable("opening the vault gave up".to_owned());
    opening.await.map_err(gave_up)?
}

impl Vault for PostgresVault {
    fn seek(&self, identity: IdentityBytes) -> Result<Sought, StoreError> {
        let lookup = self.keys.lookup(&identity)?;
        Ok(Sought { identity, lookup })
    }

    fn look<'a>(&'a self, sought: &'a [Sought]) -> Answer<'a, People> {
        Box::pin(async move {
            let found = self.found(sought).await?;
            self.catch_up().await?;
            let known = found.iter().filter(|found| found.is_known);
            let stated = self.stated_now().persons().of(known.map(|found| found.person));
            Ok(People { found, stated })
        })
    }

    fn keep(&self, persons: Vec<Drawn>) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move {
            check_many(persons.len(), "identities")?;
            let lookups: Vec<Lookup> = persons.iter().map(|drawn| drawn.sought.lookup).collect();
            let known = self.remembered(&lookups);
            let mut new = Vec::new();
            for (drawn, _) in persons.iter().zip(&known).filter(|(_, known)| known.is_none()) {
                let Drawn { person, sought } = drawn;
                new.push(KeptPerson {
                    lookup: sought.lookup,
                    person: *person,
                    sealed: self.keys.seal_identity(&sought.identity, &person.0)?,
                });
            }
            self.insert(new).await?;
            let kept: Option<Vec<_>> = self.kept(&lookups).await?.into_iter().collect();
            let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            lookups.iter().for_each(|lookup| drawn.forget(lookup));
            kept.ok_or_else(|| StoreError::Unavailable("a person got no key".to_owned()))
        })
    }

    fn stated<'a>(&'a self, persons: &'a [PersonKey]) -> Answer<'a, Persons> {
        Box::pin(async move {
            self.catch_up().await?;
            Ok(self.stated_now().persons().of(persons.iter().copied()))
        })
    }

    fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.keys.seal_nonce(nonce, associated)
    }

    fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError> {
        self.keys.unseal_nonce(sealed, associated)
    }
}

impl VaultKeeper for PostgresVault {
    fn id(&self) -> Result<[u8; 8], StoreError> {
        self.keys.vault_id()
    }

    fn counts(&self) -> Answer<'_, Counts> {
        Box::pin(async move {
            let persons = self.count_persons().await?;
            self.catch_up().await?;
            let stated = self.stated_now();
            Ok(Counts {
                persons,
                stated: stated.persons().count(),
                events: stated.next(),
            })
        })
    }

    fn note(&self, events: Vec<PersonEvent>) -> Answer<'_, Vec<Noted>> {
        Box::pin(async move {
            check_many(events.len(), "statements")?;
            self.decide(|stated| Ok(stated.judge(&events))).await
        })
    }

    fn lead(&self, identity: IdentityBytes, person: PersonKey) -> Answer<'_, PersonKey> {
        Box::pin(async move {
            self.keep(vec![self.seek(identity)?.under(person)])
                .await
                .and_then(only)
        })
    }

    fn open_numbers(&self, persons: Vec<PersonKey>) -> Answer<'_, Vec<NumberOf>> {
        Box::pin(async move {
            self.catch_up().await?;
            let keys = {
                let stated = self.stated_now();
                let keys = persons.iter().flat_map(|person| stated.persons().keys(*person));
                keys.collect::<std::collections::BTreeSet<PersonKey>>()
            };
            self.numbers(keys.into_iter().collect()).await
        })
    }

    fn linkage<'a>(&'a self, project: &'a str, persons: &'a [PersonKey]) -> Answer<'a, Vec<LinkageKey>> {
        Box::pin(async move {
            let secret = self.decide(|stated| stated.project(project)).await?;
            self.stated_now().linked(&secret, persons)
        })
    }

    fn kept_persons<'a>(&'a self, from: &'a [u8]) -> Answer<'a, KeptPersons> {
        Box::pin(self.kept_persons_from(from))
    }

    fn keep_persons(&self, persons: Vec<KeptPerson>) -> Answer<'_, ()> {
        Box::pin(self.keep_sealed(persons))
    }

    fn kept_events(&self, from: u64) -> Answer<'_, Vec<Vec<u8>>> {
        Box::pin(self.kept_events_from(from))
    }

    fn keep_events(&self, from: u64, events: Vec<Vec<u8>>) -> Answer<'_, ()> {
        Box::pin(self.keep_sealed_events(from, events))
    }
}

fn only(keys: Vec<PersonKey>) -> Result<PersonKey, StoreError> {
    let key = keys.into_iter().next();
    key.ok_or_else(|| StoreError::Unavailable("a person got no key".to_owned()))
}
