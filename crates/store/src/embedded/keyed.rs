//! Keyed values behind the log: one sled folder, opened again when its files fail. Says what failed; what the values
//! mean is the index's and the projections' business.

use std::ffi::OsStr;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::contract::StoreError;

const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const LOCK_RETRIES: u32 = 50;
/// Bytes at the end of a snapshot of sled's: its length and checksum. One that has no more was cut short.
const SNAPSHOT_END: u64 = 12;

/// A key with its value.
pub(crate) type Pair = (sled::IVec, sled::IVec);
/// Pairs in the order of their keys.
pub(crate) type Pairs<'a> = Box<dyn DoubleEndedIterator<Item = Result<Pair, StoreError>> + 'a>;

/// An open set of keyed values.
pub(crate) enum Keyed {
    /// In a folder.
    Sled {
        /// The folder.
        path: PathBuf,
        /// Nothing while it is opened again.
        db: ArcSwapOption<sled::Db>,
    },
    /// In memory, as a simulated machine has it.
    #[cfg(test)]
    Memory(Arc<super::simulated::Values>),
}

impl Keyed {
    /// Opens a folder.
    ///
    /// # Errors
    /// `Corrupt` when it must be set aside, `Unavailable` when it is held or its files fail.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let db = open_sled(path)?;
        Ok(Self::Sled {
            path: path.to_owned(),
            db: ArcSwapOption::from_pointee(db),
        })
    }

    /// Opens the folder again: after its files failed sled answers nothing else.
    pub(crate) fn reopen(&self) -> Result<(), StoreError> {
        match self {
            Self::Sled { path, db } => {
                db.store(None);
                db.store(Some(Arc::new(open_sled(path)?)));
                Ok(())
            }
            #[cfg(test)]
            Self::Memory(_) => Ok(()),
        }
    }

    /// Goes on with the folder that another has open.
    pub(crate) fn take(&self, fresh: &Self) {
        match (self, fresh) {
            (Self::Sled { db, .. }, Self::Sled { db: other, .. }) => db.store(other.swap(None)),
            #[cfg(test)]
            _ => {}
        }
    }

    /// What sled's own failure says of these values.
    fn failed(&self, error: &sled::Error) -> StoreError {
        match self {
            Self::Sled { path, .. } => failed(name(path), error),
            #[cfg(test)]
            Self::Memory(_) => failed("memory", error),
        }
    }

    /// The open sled.
    pub(crate) fn db(&self) -> Result<Arc<sled::Db>, StoreError> {
        match self {
            Self::Sled { path, db } => db.load_full().ok_or_else(|| closed(name(path))),
            #[cfg(test)]
            Self::Memory(_) => Err(closed("memory")),
        }
    }

    pub(crate) fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<sled::IVec>, StoreError> {
        match self {
            Self::Sled { .. } => self.db()?.get(key).map_err(|error| self.failed(&error)),
            #[cfg(test)]
            Self::Memory(values) => Ok(values.get(key.as_ref())),
        }
    }

    pub(crate) fn insert(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
        match self {
            Self::Sled { .. } => {
                let put = self.db()?.insert(key, value);
                put.map(drop).map_err(|error| self.failed(&error))
            }
            #[cfg(test)]
            Self::Memory(values) => values.insert(key, value),
        }
    }

    pub(crate) fn remove(&self, key: impl AsRef<[u8]>) -> Result<(), StoreError> {
        match self {
            Self::Sled { .. } => {
                let removed = self.db()?.remove(key);
                removed.map(drop).map_err(|error| self.failed(&error))
            }
            #[cfg(test)]
            Self::Memory(values) => values.remove(key.as_ref()),
        }
    }

    /// Pairs whose keys are within bounds.
    pub(crate) fn range(&self, from: Bound<Vec<u8>>, until: Bound<Vec<u8>>) -> Result<Pairs<'_>, StoreError> {
        match self {
            Self::Sled { .. } => {
                let pairs = self.db()?.range((from, until));
                Ok(Box::new(
                    pairs.map(|pair| pair.map_err(|error| self.failed(&error))),
                ))
            }
            #[cfg(test)]
            Self::Memory(values) => Ok(Box::new(values.range(from, until).into_iter().map(Ok))),
        }
    }

    /// Pairs whose keys begin so.
    pub(crate) fn prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>, StoreError> {
        let mut until = prefix.to_vec();
        while until.pop_if(|last| *last == u8::MAX).is_some() {}
        let until = match until.last_mut() {
            Some(last) => {
                *last += 1;
                Bound::Excluded(until)
            }
            None => Bound::Unbounded,
        };
        self.range(Bound::Included(prefix.to_vec()), until)
    }

    pub(crate) fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.range(Bound::Unbounded, Bound::Unbounded)?.next().is_none())
    }

    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        match self {
            Self::Sled { .. } => self.db()?.clear().map_err(|error| self.failed(&error)),
            #[cfg(test)]
            Self::Memory(values) => values.clear(),
        }
    }

    /// Hands everything to the operating system.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        match self {
            Self::Sled { .. } => {
                let flushed = self.db()?.flush();
                flushed.map(drop).map_err(|error| self.failed(&error))
            }
            #[cfg(test)]
            Self::Memory(values) => values.flush(),
        }
    }
}

/// Opens a sled folder; a panic inside sled counts as damage, another process's lock does not.
fn open_sled(path: &Path) -> Result<sled::Db, StoreError> {
    let (mut tries, mut is_swept) = (0, false);
    let what = name(path);
    loop {
        let open = || sled::Config::new().path(path).cache_capacity(CACHE_BYTES).open();
        let opened = std::panic::catch_unwind(open)
            .map_err(|_panic| StoreError::Corrupt(format!("{what}: sled gave up on its files")))?;
        match opened {
            Ok(db) => return Ok(db),
            Err(error) if error.to_string().contains("acquire lock") && tries < LOCK_RETRIES => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(error) if error.to_string().contains("acquire lock") => {
                return Err(StoreError::Unavailable(format!("{what}: {error}")));
            }
            Err(sled::Error::Io(error)) if is_full(&error) => {
                return Err(StoreError::Unavailable(format!("{what}: {error}")));
            }
            // A snapshot that a full disk cut short is no damage: it only says sooner what the other files say.
            Err(_) if !std::mem::replace(&mut is_swept, true) && remove_unfinished(path) => {}
            Err(error) => return Err(StoreError::Corrupt(format!("{what}: {error}"))),
        }
    }
}

/// Removes sled's snapshots that were not written to their end; answers whether there were any.
fn remove_unfinished(path: &Path) -> bool {
    let files = std::fs::read_dir(path).into_iter().flatten().flatten();
    let unfinished = files.filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let is_empty = || {
            file.metadata()
                .is_ok_and(|metadata| metadata.len() <= SNAPSHOT_END)
        };
        name.starts_with("snap.") && (name.ends_with(".generating") || is_empty())
    });
    let removed = unfinished.filter(|file| {
        let removed = std::fs::remove_file(file.path());
        tracing::warn!(file = %file.path().display(), ok = removed.is_ok(), "removing an unfinished snapshot");
        removed.is_ok()
    });
    removed.count() > 0
}

/// Whether a file could not grow: then what it holds is not damaged.
fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// What a folder holds, as messages say it: its own name.
fn name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or("keyed values")
}

fn closed(what: &str) -> StoreError {
    StoreError::Unavailable(format!("{what}: being opened again"))
}

/// sled's own failure, of what the folder holds.
pub(crate) fn failed(what: &str, error: &sled::Error) -> StoreError {
    match error {
        sled::Error::Io(_) => StoreError::Unavailable(format!("{what}: {error}")),
        _ => StoreError::Corrupt(format!("{what}: {error}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        for what in ["index", "projections"] {
            let path = folder.path().join(what);
            drop(Keyed::open(&path).unwrap());
            std::fs::write(path.join("conf"), "no configuration").unwrap();
            let refused = Keyed::open(&path).err().unwrap();
            assert!(
                matches!(&refused, StoreError::Corrupt(why) if why.starts_with(&format!("{what}: "))),
                "{refused}"
            );
        }
    }
}
