//! Where a node's store is: in its folder, which one server at a time serves, or in a database that any number of servers
//! share, each with a folder of its own for the secret keys and what it keeps at hand. What is stored is not looked at here.

mod brought;

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use vardnav_store::postgres::{self, Postgres, Sharing};
use vardnav_store::{Embedded, Options, Store, StoreError};

use self::brought::Brought;
use crate::exit::{Failure, Outcome};

/// Folder of the store within a node's folder.
const STORE_FOLDER: &str = "store";
/// The mark of a node whose store is in a database: by which name the last process shared it that had the folder.
const MARK: &str = "postgres";
/// How long a server has the background work without telling that it lives. It waits for an answer a third of that.
const WORK_TIME: Duration = Duration::from_secs(9);

/// A store, with what keeps others from it.
pub(crate) struct Place {
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// It, when it lies in the folder.
    pub(crate) embedded: Option<Arc<Embedded>>,
    /// It, when it is in a database.
    pub(crate) database: Option<Postgres>,
    /// Its part in that database, which others may share.
    pub(crate) shared: Option<Shared>,
    /// The secret keys that were brought into the folder for it.
    pub(crate) brought: Brought,
}

/// A server's part in a database that others may share.
pub(crate) struct Shared {
    sharing: Sharing,
    /// Locked: no two servers have one folder.
    _mark: File,
}

impl Shared {
    /// Lets another server do the background work at once.
    pub(crate) async fn give_back(self) {
        self.sharing.give_back().await;
    }
}

/// Where a database is, and how it is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Database<'a> {
    /// Its address.
    pub(crate) url: &'a str,
    /// Most connections to it.
    pub(crate) connections: usize,
    /// A folder from which secret keys come that are not in the node's.
    pub(crate) keys: Option<&'a Path>,
}

/// Looks whether a folder is one of a node, or an empty one, which may become one.
///
/// # Errors
/// When it is neither: it is missing, or holds something else; and when its store is in a database, for that is reached
/// through its server only.
pub(crate) fn find(folder: &Path) -> Outcome {
    if folder.join(STORE_FOLDER).is_dir() {
        return Ok(());
    }
    not_marked(folder)?;
    let nothing = || Failure::Usage(format!("{} holds no store; check its name", folder.display()));
    let mut entries = std::fs::read_dir(folder).map_err(|_| nothing())?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(nothing()),
    }
}

/// Looks whether a folder without a store may become one of a node: it is empty, or has no more than keys and a vault.
///
/// # Errors
/// When it holds something else, or its store is in a database.
pub(crate) fn find_or_begun(folder: &Path) -> Outcome {
    not_marked(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !["keys", "vault"].iter().any(|begun| name == *begun) {
            let what = format!("{} holds something else than a node", folder.display());
            return Err(Failure::Usage(what));
        }
    }
    Ok(())
}

/// Folder of the store within a node's folder.
pub(crate) fn store_folder(folder: &Path) -> PathBuf {
    folder.join(STORE_FOLDER)
}

impl Place {
    /// The store in a node's folder.
    pub(crate) async fn in_folder(folder: &Path) -> Outcome<Self> {
        not_marked(folder)?;
        let place = store_folder(folder);
        let store = tokio::task::spawn_blocking(move || Embedded::open(&place, Options::default()))
            .await
            .map_err(Failure::failed)?
            .map_err(|error| Failure::Failed(format!("{} cannot be opened: {error}", folder.display())))?;
        let embedded = Arc::new(store);
        Ok(Self {
            store: Arc::clone(&embedded) as Arc<dyn Store>,
            embedded: Some(embedded),
            database: None,
            shared: None,
            brought: Brought::default(),
        })
    }

    /// The store in a database, for the node of a folder.
    pub(crate) async fn in_database(folder: &Path, database: Database<'_>) -> Outcome<Self> {
        if store_folder(folder).is_dir() {
            let what = format!(
                "{} holds a store of its own: serve it without --store, or name another folder",
                folder.display()
            );
            return Err(Failure::Usage(what));
        }
        std::fs::create_dir_all(folder)?;
        let mut mark = mark(folder)?;
        brought::remove_unheld(folder)?;
        let brought = match database.keys {
            Some(keys) => brought::bring(keys, folder)?,
            None => Brought::default(),
        };
        let options = postgres::Options {
            connections: database.connections,
            ..postgres::Options::default()
        };
        let store = Postgres::open(database.url, options).await.map_err(cannot)?;
        if store.is_claimed().await.map_err(cannot)? {
            let what = "a copy is being made into the database, or was broken off a moment ago: serve it when that has \
                        ended";
            return Err(Failure::Refused(what.to_owned()));
        }
        let (holder, former) = holder(&mut mark, folder)?;
        let sharing = store
            .share_after(&holder, former.as_deref(), WORK_TIME)
            .map_err(cannot)?;
        Ok(Self {
            store: Arc::new(store.clone()),
            embedded: None,
            database: Some(store),
            shared: Some(Shared { sharing, _mark: mark }),
            brought,
        })
    }
}

/// Why a database cannot be opened.
pub(crate) fn cannot(error: StoreError) -> Failure {
    let what = match &error {
        StoreError::Limit(what) => format!("the database cannot be opened: {what}"),
        error => format!("the database cannot be opened: {error}"),
    };
    match error {
        StoreError::Limit(_) => Failure::Usage(what),
        StoreError::Unavailable(_) => Failure::Unreachable(what),
        StoreError::Corrupt(_) | StoreError::Conflict { .. } => Failure::Failed(what),
    }
}

fn not_marked(folder: &Path) -> Outcome {
    if std::fs::metadata(folder.join(MARK)).is_ok_and(|mark| mark.len() > 0) {
        let what = format!(
            "the store of {} is in PostgreSQL: serve it with --store, and ask that server",
            folder.display()
        );
        return Err(Failure::Usage(what));
    }
    Ok(())
}

/// The mark of a folder, locked; empty as long as no database was opened.
fn mark(folder: &Path) -> Outcome<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(folder.join(MARK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let what = format!("another process uses {}", folder.display());
            Err(Failure::Failed(what))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A name for this process, and that of the one before it. The mark holds the new name durably before any work is taken by
/// it: the process after this one takes over from it, and nobody else does, whoever has a copy of the folder.
fn holder(mark: &mut File, folder: &Path) -> Outcome<(String, Option<String>)> {
    let mut former = String::new();
    mark.read_to_string(&mut former)?;
    let mut chance = [0; 16];
    rand::rng().fill_bytes(&mut chance);
    let holder = format!("{:032x}", u128::from_be_bytes(chance));
    // Over what was there, for a folder whose mark is empty would pass for another.
    mark.seek(SeekFrom::Start(0))?;
    writeln!(mark, "{holder}")?;
    let length = mark.stream_position()?;
    mark.set_len(length)?;
    mark.sync_all()?;
    // A folder whose name is forgotten would pass for an empty one.
    File::open(folder)?.sync_all()?;
    let former = former.trim();
    Ok((holder, (!former.is_empty()).then(|| former.to_owned())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_a_name_of_its_own_and_follows_one_only() {
        let folder = tempfile::tempdir().unwrap();
        let begin = |folder: &Path| holder(&mut mark(folder).unwrap(), folder).unwrap();
        let (first, nobody) = begin(folder.path());
        assert_eq!(nobody, None);
        assert!(not_marked(folder.path()).is_err());
        let cloned = tempfile::tempdir().unwrap();
        std::fs::copy(folder.path().join(MARK), cloned.path().join(MARK)).unwrap();
        let (second, of_first) = begin(folder.path());
        assert_eq!(of_first.as_ref(), Some(&first));
        let (third, of_first) = begin(cloned.path());
        assert_eq!(of_first, Some(first.clone()));
        assert!(second != first && third != first && third != second);
        // From then on neither takes anything from the other.
        assert_eq!(begin(folder.path()).1, Some(second));
        assert_eq!(begin(cloned.path()).1, Some(third));
    }

    #[test]
    fn a_bad_address_is_told_without_the_name_of_its_kind() {
        let told = cannot(StoreError::Limit("no address".to_owned())).to_string();
        assert_eq!(told, "the database cannot be opened: no address");
    }
}
