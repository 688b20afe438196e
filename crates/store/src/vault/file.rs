//! A vault in a folder of its own with a key of its own: look-ups in memory, persons in one appended file, one
//! thread that writes what all waiting callers need and syncs once before it answers.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use jiff::civil::Date;
use tokio::sync::{mpsc, oneshot};
use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonState, Persons};
use zeroize::Zeroizing;

use super::event_log::{Event, EventLog};
use super::person_log::{PersonLog, PersonRow};
use super::seal::{Keys, Lookup, random};
use super::table::Table;
use super::{Drawn, IdentityBytes, Vault, make_folder};
use crate::codec::index;
use crate::contract::{Answer, ROWS_LIMIT, StoreError};
use crate::disk::{Machine, lock, unavailable};

/// File of the vault's key.
const KEY_FILE: &str = "key";
/// File of the persons.
const PERSONS_FILE: &str = "persons";
/// File of what is stated of persons.
const EVENTS_FILE: &str = "events";
/// Requests that may wait for the writer.
const QUEUE: usize = 256;
/// Bytes of a person's row in the file, about.
const ROW_BYTES: usize = 112;
/// Keys that are drawn and not kept before the older ones are forgotten, many more than one batch has.
const DRAWN_MAX: usize = 100_000;
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
    drawn: Mutex<Drawings>,
    /// What is stated of them.
    pub(super) stated: RwLock<Persons>,
    /// Secrets of linkage projects.
    pub(super) projects: RwLock<HashMap<String, Zeroizing<[u8; 32]>>>,
    _lock: File,
}

/// The files that are written.
pub(super) struct Files {
    pub(super) persons: PersonLog,
    pub(super) events: EventLog,
}

/// Keys drawn for persons who may never be kept: as many as fit are forgotten together once as many have come after them.
#[derive(Default)]
struct Drawings {
    young: HashMap<Lookup, PersonKey>,
    old: HashMap<Lookup, PersonKey>,
}

impl Drawings {
    /// The key drawn for a look-up, or the one that is drawn now.
    fn get_or(
        &mut self,
        lookup: Lookup,
        draw: impl FnOnce() -> Result<PersonKey, StoreError>,
    ) -> Result<PersonKey, StoreError> {
        if let Some(person) = self.young.get(&lookup).or_else(|| self.old.get(&lookup)) {
            return Ok(*person);
        }
        if self.young.len() >= DRAWN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        let person = draw()?;
        self.young.insert(lookup, person);
        Ok(person)
    }

    /// Forgets one that is kept now.
    fn forget(&mut self, lookup: &Lookup) {
        self.young.remove(lookup);
        self.old.remove(lookup);
    }
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
        let (mut stated, mut projects) = (Persons::new(), HashMap::new());
        let events = EventLog::open(&Machine, &folder.join(EVENTS_FILE), &keys, |event| match event {
            Event::Person(event) => stated.apply(event.person, event.statement),
            Event::Project { project, secret } => {
                projects.insert(project, secret);
            }
        })?;
        let files = Files { persons: log, events };
        let shared = Arc::new(Shared {
            keys,
            persons: RwLock::new(persons.finish()),
            drawn: Mutex::default(),
            stated: RwLock::new(stated),
            projects: RwLock::new(projects),
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

    /// Short id of the vault: follows from its look-up key and says nothing of it.
    ///
    /// # Errors
    /// Never in practice: the key has the right length.
    pub fn id(&self) -> Result<[u8; 8], StoreError> {
        self.shared.keys.vault_id()
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
                let Drawn {
                    lookup,
                    identity,
                    person,
                    ..
                } = drawn;
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

    /// The key that is drawn for whoever has none, the same for all who ask until it is kept.
    fn draw(&self, lookup: Lookup) -> Result<PersonKey, StoreError> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.get_or(lookup, || Ok(PersonKey(random()?)))
    }

    pub(super) fn known(&self, lookups: &[Lookup]) -> Vec<Option<PersonKey>> {
        let persons = self.persons.read().unwrap_or_else(PoisonError::into_inner);
        lookups.iter().map(|lookup| persons.get(lookup)).collect()
    }
}

impl Vault for FileVault {
    fn draw(&self, identity: IdentityBytes) -> Result<Drawn, StoreError> {
        let lookup = self.shared.keys.lookup(&identity)?;
        let known = self.shared.known(&[lookup]).first().copied().flatten();
        let person = known.map_or_else(|| self.shared.draw(lookup), Ok)?;
        Ok(Drawn {
            person,
            is_known: known.is_some(),
            identity,
            lookup,
        })
    }

    fn keep(&self, persons: Vec<Drawn>) -> Answer<'_, Vec<PersonKey>> {
        Box::pin(async move {
            if persons.len() > ROWS_LIMIT {
                let what = format!("{} identities together, at most {ROWS_LIMIT}", persons.len());
                return Err(StoreError::Limit(what));
            }
            let lookups: Vec<Lookup> = persons.iter().map(|drawn| drawn.lookup).collect();
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

    fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.shared.keys.seal_nonce(nonce, associated)
    }

    fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError> {
        self.shared.keys.unseal_nonce(sealed, associated)
    }

    fn known(&self, identities: &[IdentityBytes]) -> Result<Vec<Option<PersonKey>>, StoreError> {
        let lookups = identities
            .iter()
            .map(|identity| self.shared.keys.lookup(identity));
        Ok(self.shared.known(&lookups.collect::<Result<Vec<_>, _>>()?))
    }

    fn state(&self, person: PersonKey, on: Date) -> PersonState {
        self.stated().state(person, on)
    }

    fn keys(&self, person: PersonKey) -> Vec<PersonKey> {
        self.stated().keys(person)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the vault is closing".to_owned())
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
