//! A vault in a folder of its own with a key of its own: look-ups in memory, persons in one appended file, one
//! thread that writes what all waiting callers need and syncs once before it answers.

use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use vardnav_register::identity::PersonKey;
use vardnav_register::person::Persons;

use super::event_log::EventLog;
use super::person_log::{PersonLog, PersonRow};
use super::seal::{Keys, Lookup};
use super::table::Table;
use super::{
    DRAWN_MAX, Drawn, Found, IdentityBytes, KEY_FILE, People, Recent, Sought, Stated, Vault, check_many,
    make_folder,
};
use crate::codec::index;
use crate::contract::{Answer, StoreError};
use crate::disk::{Machine, lock, unavailable};

/// File of the persons.
pub(crate) const PERSONS_FILE: &str = "persons";
/// File of what is stated of persons.
const EVENTS_FILE: &str = "events";
/// Requests that may wait for the writer.
const QUEUE: usize = 256;
/// Bytes of a person's row in the file, about.
const ROW_BYTES: usize = 112;
/// Most new persons written together.
const GROUP: usize = 100_000;

/// The vault in a folder.
pub struct FileVault {
    pub(super) shared: Arc<Shared>,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// What readers and the writer have in common.
pub(super) struct Shared {
    pub(super) keys: Keys,
    /// By look-up.
    pub(super) persons: RwLock<Table>,
    /// Keys drawn for persons who are not kept yet, and may never be.
    drawn: Mutex<Recent>,
    /// What is stated of them, and the secrets of linkage projects.
    pub(super) stated: RwLock<Stated>,
    /// Where in the file an event begins that is asked for next, as far as is known: its place, and where it begins.
    pub(super) told: Mutex<(u64, u64)>,
    _lock: File,
}

/// The files that are written.
pub(super) struct Files {
    pub(super) persons: PersonLog,
    pub(super) events: EventLog,
}

/// Something that the writer does alone.
type Work = Box<dyn FnOnce(&Shared, &mut Files) + Send>;

/// What the writer is asked.
pub(super) enum Job {
    /// Keeps identities without a key under those given.
    Admit {
        /// Those.
        unknown: Vec<Drawn>,
        /// Where to answer.
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Anything else, done alone.
    Other(Work),
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
        if !create && [KEY_FILE, PERSONS_FILE, EVENTS_FILE].into_iter().any(is_missing) {
            return Err(StoreError::Unavailable(
                "the vault's key, its file of persons or its file of events is missing".to_owned(),
            ));
        }
        let failed = |error: std::io::Error| unavailable("cannot open the vault", &error);
        make_folder(&Machine, folder)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
        let held = lock(folder)?;
        let file = folder.join(PERSONS_FILE);
        let keys = Keys::open(&folder.join(KEY_FILE), !file.exists())?;
        let bytes = std::fs::metadata(&file).map_or(0, |known| known.len());
        let mut persons = Table::filling(index(bytes) / ROW_BYTES);
        let log = PersonLog::open(&Machine, &file, |row| {
            persons.push(&row.lookup, PersonKey(row.person));
        })?;
        let mut stated = Stated::default();
        let events = EventLog::open(&Machine, &folder.join(EVENTS_FILE), &keys, |event| {
            stated.take(event)
        })?;
        let files = Files { persons: log, events };
        let shared = Arc::new(Shared {
            keys,
            persons: RwLock::new(persons.finish()),
            drawn: Mutex::new(Recent::new(DRAWN_MAX)),
            stated: RwLock::new(stated),
            told: Mutex::default(),
            _lock: held,
        });
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writing = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("vault".to_owned())
            .spawn(move || writing.write(files, queue))
            .map_err(failed)?;
        Ok(Self {
            shared,
            jobs: Some(jobs),
            writer: Some(writer),
        })
    }

    /// Hands the writer something to do.
    pub(super) async fn ask(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())
    }

    /// Has the writer do something alone.
    pub(super) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &mut Files) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work = move |shared: &Shared, files: &mut Files| {
            // Whoever no longer waits does not mind.
            let _ = answer.send(work(shared, files));
        };
        self.ask(Job::Other(Box::new(work))).await?;
        answered.await.map_err(|_| closed())?
    }

    /// Everything stated of persons.
    pub(super) fn stated(&self) -> RwLockReadGuard<'_, Stated> {
        self.shared.stated.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many statements are noted.
    pub fn count_stated(&self) -> u64 {
        self.stated().persons().count()
    }

    /// How many numbers lead to a person.
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
    fn write(&self, mut files: Files, mut queue: mpsc::Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.blocking_recv()) {
            let (mut count, mut group) = (0, Vec::new());
            let mut taken = Some(job);
            while let Some(job) = taken.take() {
                match job {
                    Job::Admit { unknown, answer } => {
                        count += unknown.len();
                        group.push((unknown, answer));
                    }
                    other @ Job::Other(_) => {
                        next = Some(other);
                        break;
                    }
                }
                if count < GROUP {
                    taken = queue.try_recv().ok();
                }
            }
            if !group.is_empty() {
                let unknown = group.iter().flat_map(|(unknown, _)| unknown);
                let done = self.admit(&mut files.persons, unknown);
                for (_, answer) in group {
                    // Whoever no longer waits does not mind.
                    let _ = answer.send(done.clone());
                }
            }
            if let Some(Job::Other(work)) = next.take_if(|next| matches!(next, Job::Other(_))) {
                work(self, &mut files);
            }
        }
    }

    /// Keeps those of the group that still have no key.
    fn admit<'a>(
        &self,
        log: &mut PersonLog,
        unknown: impl Iterator<Item = &'a Drawn>,
    ) -> Result<(), StoreError> {
        let mut new = HashSet::new();
        let mut rows = Vec::new();
        {
            let persons = self.persons.read().unwrap_or_else(PoisonError::into_inner);
            for drawn in unknown {
                let Drawn { person, sought } = drawn;
                let Sought { identity, lookup } = sought;
                if persons.get(lookup).is_some() || !new.insert(*lookup) {
                    continue;
                }
                let sealed = self.keys.seal_identity(identity, &person.0)?;
                rows.push(PersonRow {
                    lookup: *lookup,
                    person: person.0,
                    sealed: sealed.into(),
                });
            }
        }
        if !rows.is_empty() {
            log.append(&rows)?;
            let mut persons = self.persons.write().unwrap_or_else(PoisonError::into_inner);
            for row in &rows {
                persons.insert(&row.lookup, PersonKey(row.person));
            }
            drop(persons);
            let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            for row in &rows {
                drawn.forget(&row.lookup);
            }
        }
        Ok(())
    }

    /// The key of each, or one drawn for whoever has none: the same for all who ask until it is kept.
    fn found(&self, sought: &[Sought]) -> Result<Vec<Found>, StoreError> {
        let mut found = Vec::with_capacity(sought.len());
        let mut is_any_new = false;
        {
            let persons = self.persons.read().unwrap_or_else(PoisonError::into_inner);
            for sought in sought {
                let known = persons.get(&sought.lookup);
                is_any_new |= known.is_none();
                found.push(Found {
                    person: known.unwrap_or(PersonKey([0; 16])),
                    is_known: known.is_some(),
                });
            }
        }
        if is_any_new {
            let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            let new = found.iter_mut().zip(sought).filter(|(found, _)| !found.is_known);
            for (found, sought) in new {
                found.person = drawn.get_or_draw(&sought.lookup)?;
            }
        }
        Ok(found)
    }

    pub(super) fn known(&self, lookups: &[Lookup]) -> Vec<Option<PersonKey>> {
        let persons = self.persons.read().unwrap_or_else(PoisonError::into_inner);
        lookups.iter().map(|lookup| persons.get(lookup)).collect()
    }
}

impl Vault for FileVault {
    fn seek(&self, identity: IdentityBytes) -> Result<Sought, StoreError> {
        let lookup = self.shared.keys.lookup(&identity)?;
        Ok(Sought { identity, lookup })
    }

    fn look<'a>(&'a self, sought: &'a [Sought]) -> Answer<'a, People> {
        Box::pin(async move {
            let found = self.shared.found(sought)?;
            let known = found.iter().filter(|found| found.is_known);
            let stated = self.stated().persons().of(known.map(|found| found.person));
            Ok(People { found, stated })
        })
    }

    fn keep(&self, persons: Vec<Drawn>) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move {
            check_many(persons.len(), "identities")?;
            let lookups: Vec<Lookup> = persons.iter().map(|drawn| drawn.sought.lookup).collect();
            let known = self.shared.known(&lookups);
            let drawn = persons.into_iter().zip(&known);
            let unknown: Vec<Drawn> = drawn
                .filter(|(_, known)| known.is_none())
                .map(|(drawn, _)| drawn)
                .collect();
            if unknown.is_empty() {
                return Ok(known.into_iter().flatten().collect());
            }
            let (answer, answered) = oneshot::channel();
            self.ask(Job::Admit { unknown, answer }).await?;
            answered.await.map_err(|_| closed())??;
            let known: Option<Vec<_>> = self.shared.known(&lookups).into_iter().collect();
            known.ok_or_else(|| StoreError::Unavailable("a person got no key".to_owned()))
        })
    }

    fn stated<'a>(&'a self, persons: &'a [PersonKey]) -> Answer<'a, Persons> {
        Box::pin(async move { Ok(self.stated().persons().of(persons.iter().copied())) })
    }

    fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.shared.keys.seal_nonce(nonce, associated)
    }

    fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError> {
        self.shared.keys.unseal_nonce(sealed, associated)
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the vault is closing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> IdentityBytes {
        IdentityBytes::kept(text.as_bytes().to_vec().into())
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
        let each = |row: PersonRow<'_>| {
            rows.push(PersonRow {
                sealed: row.sealed.into_owned().into(),
                ..row
            });
        };
        PersonLog::open(&Machine, &folder.path().join("persons"), each).unwrap();
        for (row, (text, key)) in rows.iter().zip([("one", keys[0]), ("two", keys[1])]) {
            assert_eq!(row.person, key.0);
            assert_eq!(
                opened
                    .unseal_identity(&row.sealed, &row.person)
                    .as_deref()
                    .map(Vec::as_slice),
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
