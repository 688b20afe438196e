//! The vault and the signing key that belong to a ledger. The authority's stream names the keys in use; a folder
//! whose vault or key is another, or gone, is refused: persons would silently part from their history, and receipts
//! from the key that proves them. Makes keys only where the stream names none.

use std::path::{Path, PathBuf};

use vardnav_release::entry::{AuthorityEntry, Change, IntroducedKey, KeyPurpose};

use crate::authority::{Authority, AuthorityError};
use crate::contract::StoreError;
use crate::keys::HeadKey;
use crate::vault::FileVault;

/// Folder of the vault within a node's folder.
pub const VAULT_FOLDER: &str = "vault";
/// Folder of the keys within a node's folder.
pub const KEYS_FOLDER: &str = "keys";

/// Why a node's vault and keys are refused.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// The vault or key cannot be opened although the ledger was begun with one.
    #[error(
        "{what} in {} cannot be opened ({error}), but the ledger was begun with one: restore that folder from \
         a backup as it was, for nothing else can take its place",
        place.display()
    )]
    Lost {
        /// What.
        what: &'static str,
        /// Where it must be.
        place: PathBuf,
        /// Why it cannot be opened.
        error: StoreError,
    },
    /// The vault or key is not one that the ledger was written with.
    #[error(
        "{what} in {} is another ({found}) than the ledger was written with ({known}): restore that folder from \
         a backup as it was, for nothing else can take its place",
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
) -> Result<(FileVault, HeadKey), CustodyError> {
    let places = (folder.join(VAULT_FOLDER), folder.join(KEYS_FOLDER));
    let fresh = |purpose| authority.view().state().keys(purpose).next().is_none();
    let fresh = (fresh(KeyPurpose::Vault), fresh(KeyPurpose::Head));
    let opening = places.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let vault = open_one(
            "the vault",
            opening.0,
            fresh.0,
            FileVault::open,
            FileVault::open_existing,
        )?;
        let key = open_one(
            "the key that signs heads",
            opening.1,
            fresh.1,
            HeadKey::open,
            HeadKey::open_existing,
        )?;
        Ok::<_, CustodyError>((vault, key))
    });
    let gave_up = |_| StoreError::Unavailable("opening the vault gave up".to_owned());
    let (vault, key) = opened.await.map_err(gave_up)??;
    let keys = [
        (
            IntroducedKey {
                purpose: KeyPurpose::Vault,
                id: vault.id()?,
                public: Vec::new(),
            },
            "the vault",
            places.0,
        ),
        (
            IntroducedKey {
                purpose: KeyPurpose::Head,
                id: key.id(),
                public: key.public().to_vec(),
            },
            "the key that signs heads",
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
    open: impl FnOnce(&Path) -> Result<T, StoreError>,
    open_existing: impl FnOnce(&Path) -> Result<T, StoreError>,
) -> Result<T, CustodyError> {
    if fresh {
        return Ok(open(&place)?);
    }
    open_existing(&place).map_err(|error| CustodyError::Lost { what, place, error })
}
