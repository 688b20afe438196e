//! Where a node's store is: in its folder, or in a database of which the folder has the mark. One server at a time serves
//! either: a folder is locked, and a database is held by a lease. What is stored is not looked at here.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use vardnav_store::postgres::{self, Lease, LeaseError, Postgres};
use vardnav_store::{Embedded, Options, Store, StoreError};

use crate::exit::{Failure, Outcome};

/// Folder of the store within a node's folder.
const STORE_FOLDER: &str = "store";
/// The mark of a node whose store is in a database: by whose name it holds it.
const MARK: &str = "postgres";
/// The lease of whoever serves a database.
const LEASE: &str = "server";
/// How long it is held without being renewed.
const LEASE_TIME: Duration = Duration::from_secs(10);

/// A store, with what keeps others from it.
pub(crate) struct Place {
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// It, when it lies in the folder.
    pub(crate) embedded: Option<Arc<Embedded>>,
    /// What holds the database, when it is there.
    pub(crate) held: Option<Held>,
}

/// What keeps other servers from a database.
pub(crate) struct Held {
    lease: Lease,
    _mark: File,
}

impl Held {
    /// Waits until another server serves the database.
    pub(crate) async fn taken(&self) {
        self.lease.taken().await;
    }

    /// Lets another server serve the database at once.
    pub(crate) async fn give_back(self) {
        self.lease.give_back().await;
    }
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
        for damage in store.damage() {
            tracing::error!(?damage, "damage was found in the store");
        }
        let embedded = Arc::new(store);
        Ok(Self {
            store: Arc::clone(&embedded) as Arc<dyn Store>,
            embedded: Some(embedded),
            held: None,
        })
    }

    /// The store in a database, for the node of a folder.
    pub(crate) async fn in_database(folder: &Path, url: &str) -> Outcome<Self> {
        if store_folder(folder).is_dir() {
            let what = format!(
                "{} holds a store of its own: serve it without --store, or name another folder",
                folder.display()
            );
            return Err(Failure::Usage(what));
        }
        std::fs::create_dir_all(folder)?;
        let mut mark = mark(folder)?;
        let opened = Postgres::open(url, postgres::Options::default()).await;
        let store = opened.map_err(cannot)?;
        let holder = holder(&mut mark, folder)?;
        let lease = Lease::take(&store, LEASE, &holder, LEASE_TIME).await;
        let lease = lease.map_err(|error| match error {
            LeaseError::Held => Failure::Refused(
                "another server serves this database, and one at a time may: stop it first, and if it was killed \
                 or its machine is gone wait ten seconds"
                    .to_owned(),
            ),
            LeaseError::Store(error) => cannot(error),
        })?;
        lease.bind(&store).map_err(cannot)?;
        Ok(Self {
            store: Arc::new(store),
            embedded: None,
            held: Some(Held { lease, _mark: mark }),
        })
    }
}

fn cannot(error: StoreError) -> Failure {
    let what = format!("the database cannot be opened: {error}");
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

/// The name that a mark holds, made when there is none; durable before a lease is taken by it.
fn holder(mark: &mut File, folder: &Path) -> Outcome<String> {
    let mut holder = String::new();
    mark.read_to_string(&mut holder)?;
    if holder.trim().is_empty() {
        let mut chance = [0; 16];
        rand::rng().fill_bytes(&mut chance);
        holder = format!("{:032x}\n", u128::from_be_bytes(chance));
        mark.write_all(holder.as_bytes())?;
        mark.sync_all()?;
    }
    // A name that is forgotten keeps this node from its own lease and vault, and lets the folder pass for an empty one.
    File::open(folder)?.sync_all()?;
    Ok(holder.trim().to_owned())
}
