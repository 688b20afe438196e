//! The vault and the signing key that belong to a ledger. The authority's stream names the keys in use; a folder
//! whose vault or key is another, or gone, is refused: persons would silently part from their history, and receipts
//! from the key that proves them. Makes keys only where the stream names none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vardnav_release::entry::{AuthorityEntry, Change, IntroducedKey, KeyPurpose};

use crate::authority::{Authority, AuthorityError};
use crate::contract::StoreError;
use crate::keys::HeadKey;
use crate::postgres::{Postgres, PostgresVault, key_in};
use crate::vault::{FileVault, PERSONS_FILE, VaultKeeper};

/// Folder of the vault within a node's folder.
pub const VAULT_FOLDER: &str = "vault";
/// Folder of the keys within a node's folder.
pub const KEYS_FOLDER: &str = "keys";
/// What each is called in messages.
const VAULT: &str = "the vault";
const HEAD_KEY: &str = "the key that signs heads";
/// How what is gone or another comes right where all of it lies in the folder.
const IN_FOLDER: &str = "restore that folder from a backup as it was, for nothing else can take its place";
/// How it comes right where servers share a database.
const IN_DATABASE: &str = "bring the secret keys of a server that shares the database (--keys DIR, the folder of that \
     server), or restore them from a backup, for nothing else can take their place";

/// Why a node's vault and keys are refused.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// The vault or key cannot be opened although the ledger was begun with one.
    #[error(
        "{what} in {} cannot be opened ({error}), but the ledger was begun with one: {mend}",
        place.display()
    )]
    Lost {
        /// What.
        what: &'static str,
        /// Where it must be.
        place: PathBuf,
        /// Why it cannot be opened.
        error: StoreError,
        /// How it comes right.
        mend: &'static str,
    },
    /// The vault or key is not one that the ledger was written with.
    #[error(
        "{what} in {} is another ({found}) than the ledger was written with ({known}): {mend}",
        place.display()
    )]
    Other {
        /// What.
        what: &'static str,
        /// Where it must be.
        place: PathBuf,
        /// Short id of what is there, in hexadecimal.
        found: String,
        /// Short ids of those introduced.
        known: String,
        /// How it comes right.
        mend: &'static str,
    },
    /// The store is in a database, and persons of a vault lie in the folder.
    #[error(
        "persons of a vault lie in {}, but the store is in a database, where its vault lies too: copy them there, or \
         name another folder",
        place.display()
    )]
    Beside {
        /// Where they lie.
        place: PathBuf,
    },
    /// They cannot be opened or made for the first time.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority cannot take in or write their introduction.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Opens the vault and the signing key in a node's folder and holds them against the authority's stream. Where the
/// stream names none yet they are made when missing, and introduced by `caller` at `at` (microseconds since
/// 1970-01-01 UTC).
///
/// # Errors
/// When one that the stream names is gone, cannot be opened, or is another.
pub async fn open(
    authority: &Authority,
    folder: &Path,
    caller: &str,
    at: i64,
) -> Result<(Arc<dyn VaultKeeper>, HeadKey), CustodyError> {
    let place = folder.join(VAULT_FOLDER);
    let fresh = is_fresh(authority, KeyPurpose::Vault);
    let opening = move || {
        let (open, open_existing) = (FileVault::open, FileVault::open_existing);
        open_one(VAULT, place, fresh, IN_FOLDER, open, open_existing)
    };
    let vault: Arc<dyn VaultKeeper> = Arc::new(blocking(opening).await?);
    hold(authority, folder, vault, IN_FOLDER, caller, at).await
}

/// As [`open`], with the vault in the database of the store: of it the folder has the key alone. A server beside others
/// is opened with a copy of the vault's key and of the signing key, and needs nothing else.
///
/// # Errors
/// As [`open`], and when persons of a vault lie in the folder, who would not be found in the database.
pub async fn open_in_database(
    authority: &Authority,
    folder: &Path,
    store: &Postgres,
    caller: &str,
    at: i64,
) -> Result<(Arc<dyn VaultKeeper>, HeadKey), CustodyError> {
    let place = folder.join(VAULT_FOLDER);
    if place.join(PERSONS_FILE).exists() {
        return Err(CustodyError::Beside { place });
    }
    let opened = match is_fresh(authority, KeyPurpose::Vault) {
        true => PostgresVault::open(store, &place).await?,
        false => {
            let keys = key_in(&place, false).await;
            PostgresVault::of(
                store,
                keys.map_err(|error| lost(VAULT, place, error, IN_DATABASE))?,
            )
            .await?
        }
    };
    hold(authority, folder, Arc::new(opened), IN_DATABASE, caller, at).await
}

/// Opens the signing key, and holds both against the authority's stream.
async fn hold(
    authority: &Authority,
    folder: &Path,
    vault: Arc<dyn VaultKeeper>,
    mend: &'static str,
    caller: &str,
    at: i64,
) -> Result<(Arc<dyn VaultKeeper>, HeadKey), CustodyError> {
    let places = (folder.join(VAULT_FOLDER), folder.join(KEYS_FOLDER));
    let (place, fresh) = (places.1.clone(), is_fresh(authority, KeyPurpose::Head));
    let opening = move || {
        let (open, open_existing) = (HeadKey::open, HeadKey::open_existing);
        open_one(HEAD_KEY, place, fresh, mend, open, open_existing)
    };
    let key = blocking(opening).await?;
    let keys = [
        (
            IntroducedKey {
                purpose: KeyPurpose::Vault,
                id: vault.id()?,
                public: Vec::new(),
            },
            VAULT,
            places.0,
        ),
        (
            IntroducedKey {
                purpose: KeyPurpose::Head,
                id: key.id(),
                public: key.public().to_vec(),
            },
            HEAD_KEY,
            places.1,
        ),
    ];
    let held = authority
        .decide_all(|state| {
            let mut new = Vec::new();
            for (key, what, place) in &keys {
                let mut known = state.keys(key.purpose).peekable();
                if known.peek().is_none() {
                    new.push(AuthorityEntry {
                        caller: caller.to_owned(),
                        at,
                        change: Change::KeyIntroduced(key.clone()),
                    });
                } else if !state.keys(key.purpose).any(|known| known == key) {
                    let known: Vec<_> = known.map(|known| crate::codec::hex(&known.id)).collect();
                    return Err(CustodyError::Other {
                        what,
                        place: place.clone(),
                        found: crate::codec::hex(&key.id),
                        known: known.join(", "),
                        mend,
                    });
                }
            }
            Ok(new)
        })
        .await;
    match held {
        Ok(_) => Ok((vault, key)),
        Err(crate::authority::DecideError::Refused(refused)) => Err(refused),
        Err(crate::authority::DecideError::Authority(error)) => Err(error.into()),
    }
}

/// Opens what may be made, or what must be there.
fn open_one<T>(
    what: &'static str,
    place: PathBuf,
    fresh: bool,
    mend: &'static str,
    open: impl FnOnce(&Path) -> Result<T, StoreError>,
    open_existing: impl FnOnce(&Path) -> Result<T, StoreError>,
) -> Result<T, CustodyError> {
    if fresh {
        return Ok(open(&place)?);
    }
    open_existing(&place).map_err(|error| lost(what, place, error, mend))
}

/// What the stream names cannot be opened.
fn lost(what: &'static str, place: PathBuf, error: StoreError, mend: &'static str) -> CustodyError {
    CustodyError::Lost {
        what,
        place,
        error,
        mend,
    }
}

/// Whether the stream names no key for a purpose.
fn is_fresh(authority: &Authority, purpose: KeyPurpose) -> bool {
    authority.view().state().keys(purpose).next().is_none()
}

async fn blocking<T: Send + 'static>(
    open: impl FnOnce() -> Result<T, CustodyError> + Send + 'static,
) -> Result<T, CustodyError> {
    let gave_up = |_| StoreError::Unavailable("opening the vault gave up".to_owned());
    tokio::task::spawn_blocking(open).await.map_err(gave_up)?
}
