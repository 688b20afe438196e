//! A vault in a folder of its own with a key of its own: look-ups in memory, persons in one appended file, one
//! thread that writes what all waiting callers need and syncs once before it answers.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use vardnav_register::identity::PersonKey;

use super::person_log::{PersonLog, PersonRow};
use super::seal::{Keys, Lookup, random};
use super::{IdentityBytes, Vault};
use crate::contract::{Answer, ROWS_LIMIT, StoreError};
use crate::files::{create_folder, lock, unavailable};

/// File of the vault's key.
const KEY_FILE: &str = "key";
/// File of the persons.
const PERSONS_FILE: &str = "persons";
/// Requests that may wait for the writer.
const QUEUE: usize = 256;
/// Most new persons written together.
const GROUP: usize = 100_000;

/// The vault in a folder.
pub struct FileVault {
    shared: Arc<Shared>,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    keys: Keys,
    /// By the first half of the look-up.
    persons: RwLock<HashMap<[u8; 16], PersonKey>>,
    _lock: File,
}

/// Identities without a key yet.
struct Job {
    unknown: Vec<(Lookup, IdentityBytes)>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

impl FileVault {
    /// Opens the vault in a folder; folder and key are made on first use, for their owner only.
    ///
    /// # Errors
    /// `Unavailable` when the folder is held or cannot be used; `Corrupt` when persons once kept cannot be read, or
    /// the key is gone: restore them from a backup, for new keys would part persons from their history.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_or(folder, true)
    }

    /// Opens the vault in a folder, which must be there with its key and its persons.
    ///
    /// # Errors
    /// As [`FileVault::open`], and `Unavailable` when there is none.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        Self::open_or(folder, false)
    }

    fn open_or(folder: &Path, create: bool) -> Result<Self, StoreError> {
        let is_missing = |name: &str| !folder.join(name).exists();
        if !create && (is_missing(KEY_FILE) || is_missing(PERSONS_FILE)) {
            return Err(StoreError::Unavailable(
                "the vault's key or its file of persons is missing".to_owned(),
            ));
        }
        let failed = |error: std::io::Error| unavailable("cannot open the vault", &error);
        create_folder(folder).map_err(failed)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
        let held = lock(folder)?;
        let file = folder.join(PERSONS_FILE);
        let keys = Keys::open(&folder.join(KEY_FILE), !file.exists())?;
        let mut persons = HashMap::new();
        let log = PersonLog::open(&file, |row| {
            persons.insert(half(&row.lookup), PersonKey(row.person));
        })?;
        let shared = Arc::new(Shared {
            keys,
            persons: RwLock::new(persons),
            _lock: held,
        });
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writing = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("vault".to_owned())
            .spawn(move || writing.write(log, queue))
            .map_err(failed)?;
        Ok(Self {
            shared,
            jobs: Some(jobs),
            writer: Some(writer),
        })
    }

    /// Short id of the vault: follows from its look-up key and says nothing of it.
    ///
    /// # Errors
    /// Never in practice: the key has the right length.
    pub fn id(&self) -> Result<[u8; 8], StoreError> {
        self.shared.keys.vault_id()
    }

    /// How many persons have a key.
    pub fn persons(&self) -> usize {
        self.shared
            .persons
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl Drop for FileVault {
    fn drop(&mut self) {
        self.jobs = None;
        if self.writer.take().is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the vault's thread gave up");
        }
    }
}

impl Shared {
    /// Works until the sending side is dropped.
    fn write(&self, mut log: PersonLog, mut queue: mpsc::Receiver<Job>) {
        while let Some(job) = queue.blocking_recv() {
            let mut count = job.unknown.len();
            let mut group = vec![job];
            while count < GROUP {
                let Ok(job) = queue.try_recv() else { break };
                count += job.unknown.len();
                group.push(job);
            }
            let done = self.admit(&mut log, &group);
            for job in group {
                // Whoever no longer waits does not mind.
                let _ = job.answer.send(done.clone());
            }
        }
    }

    /// Gives keys to those of the group that still have none.
    fn admit(&self, log: &mut PersonLog, group: &[Job]) -> Result<(), StoreError> {
        let mut new: HashMap<[u8; 16], PersonKey> = HashMap::new();
        let mut rows = Vec::new();
        {
            let persons = self.persons.read().unwrap_or_else(PoisonError::into_inner);
            for (lookup, identity) in group.iter().flat_map(|job| &job.unknown) {
                let half = half(lookup);
                if persons.contains_key(&half) || new.contains_key(&half) {
                    continue;
                }
                let person = random()?;
                let sealed = self.keys.seal_identity(identity, &person)?;
                rows.push(PersonRow {
                    lookup: *lookup,
                    person,
                    sealed,
                });
                new.insert(half, PersonKey(person));
            }
        }
        if !rows.is_empty() {
            log.append(&rows)?;
            self.persons
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(new);
        }
        Ok(())
    }

    fn known(&self, lookups: &[Lookup]) -> Vec<Option<PersonKey>> {
        let persons = self.persons.read().unwrap_or_else(PoisonError::into_inner);
        lookups
            .iter()
            .map(|lookup| persons.get(&half(lookup)).copied())
            .collect()
    }
}

impl Vault for FileVault {
    fn resolve(&self, identities: Vec<IdentityBytes>) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move {
            if identities.len() > ROWS_LIMIT {
                let what = format!("{} identities together, at most {ROWS_LIMIT}", identities.len());
                return Err(StoreError::Limit(what));
            }
            let lookups = identities
                .iter()
                .map(|identity| self.shared.keys.lookup(identity));
            let lookups = lookups.collect::<Result<Vec<_>, _>>()?;
            let known = self.shared.known(&lookups);
            let unknown: Vec<_> = lookups
                .iter()
                .zip(identities)
                .zip(&known)
                .filter(|(_, known)| known.is_none())
                .map(|((lookup, identity), _)| (*lookup, identity))
                .collect();
            if unknown.is_empty() {
                return Ok(known.into_iter().flatten().collect());
            }
            let closed = || StoreError::Unavailable("the vault is closing".to_owned());
            let (answer, answered) = oneshot::channel();
            let jobs = self.jobs.as_ref().ok_or_else(closed)?;
            jobs.send(Job { unknown, answer }).await.map_err(|_| closed())?;
            answered.await.map_err(|_| closed())??;
            let known: Option<Vec<_>> = self.shared.known(&lookups).into_iter().collect();
            known.ok_or_else(|| StoreError::Unavailable("a person got no key".to_owned()))
        })
    }

    fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.shared.keys.seal_nonce(nonce, associated)
    }

    fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError> {
        self.shared.keys.unseal_nonce(sealed, associated)
    }
}

fn half(lookup: &Lookup) -> [u8; 16] {
    lookup.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> IdentityBytes {
        IdentityBytes(text.as_bytes().to_vec().into())
    }

    #[tokio::test]
    async fn what_is_sealed_is_the_identity_of_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = {
            let vault = FileVault::open(folder.path()).unwrap();
            vault
                .resolve(vec![identity("one"), identity("two"), identity("one")])
                .await
                .unwrap()
        };
        assert_eq!(keys[0], keys[2]);
        assert_ne!(keys[0], keys[1]);
        let opened = Keys::open(&folder.path().join("key"), false).unwrap();
        let mut rows = Vec::new();
        PersonLog::open(&folder.path().join("persons"), |row| rows.push(row)).unwrap();
        for (row, (text, key)) in rows.iter().zip([("one", keys[0]), ("two", keys[1])]) {
            assert_eq!(row.person, key.0);
            assert_eq!(
                opened.unseal_identity(&row.sealed, &row.person).as_deref(),
                Some(text.as_bytes())
            );
            assert_eq!(opened.unseal_identity(&row.sealed, &[0; 16]), None);
        }
        assert_eq!(rows.len(), 2);
        assert_eq!(
            format!("{:?}", identity("199001019802")),
            "IdentityBytes(withheld)"
        );
    }
}
