//! The authority's stream as one immutable view: releases compiled, editions, units, reporters. Loads at start,
//! follows what other servers write twice a second, appends by compare-and-swap. What may be written is decided in
//! `vardnav_release::lifecycle`; what files mean, by the loader it is given.

mod maps;
mod timeline;
mod view;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, watch};
use vardnav_register::mapping::CodeMap;
use vardnav_release::entry::{
    AuthorityEntry, ConceptMapRecord, ContentKind, ContentRecord, EditionRecord, EntryError,
};
use vardnav_release::package::{Manifest, Package};
use vardnav_release::{AuthorityState, Snapshot};
use vardnav_terminology::Edition;
use vardnav_terminology::model::{ConceptMap, ValueSet};
use vardnav_terminology::translate::ConceptMapIndex;
use vardnav_terminology::value_set::ValueSetEdition;

use self::maps::Maps;
pub use self::view::View;
use crate::blobs::Blobs;
use crate::contract::{Digest, ROWS_LIMIT, Row, Store, StoreError, StreamId};

/// How often the stream is looked at for entries of other servers, which are to be seen within two seconds.
const POLL: Duration = Duration::from_millis(500);
/// How often an append is tried again when another server was faster.
const TRIES: usize = 16;
/// Most void entries that a view names; later ones stand in the log only.
const VOID_MAX: usize = 100;

/// Turns kept bytes into what answers: implemented over the file formats. What one does not load is missing in the view,
/// which says why.
pub trait Loader: Send + Sync + 'static {
    /// Parses and compiles a release; `editions` are those at hand, of which it takes the ones it binds.
    ///
    /// # Errors
    /// A message for people: what is wrong, where.
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String>;

    /// Compiles an imported edition from its blob and the blobs that this one names. Runs on the blocking pool.
    ///
    /// # Errors
    /// A message for people.
    fn load_edition(&self, record: &EditionRecord, blobs: &Blobs) -> Result<Edition, String> {
        let (_, _) = (record, blobs);
        Err("editions are not loaded here".to_owned())
    }

    /// Compiles imported editions of one blob, in their order, each as [`Loader::load_edition`] does. A loader that reads
    /// the blob once for all of them does it here. Runs on the blocking pool.
    fn load_editions(&self, records: &[EditionRecord], blobs: &Blobs) -> Vec<Result<Edition, String>> {
        let records = records.iter();
        records.map(|record| self.load_edition(record, blobs)).collect()
    }

    /// The value sets and concept maps in a blob and the blobs that it names. Runs on the blocking pool.
    ///
    /// # Errors
    /// A message for people.
    fn load_contents(&self, blob: &Digest, blobs: &Blobs) -> Result<Contents, String> {
        let (_, _) = (blob, blobs);
        Err("value sets and maps are not loaded here".to_owned())
    }

    /// Compiles a reporter's map from its blob. A loader without a reader for maps refuses every one.
    ///
    /// # Errors
    /// A message for people.
    fn load_concept_map(&self, _record: &ConceptMapRecord, _bytes: &[u8]) -> Result<CodeMap, String> {
        Err("this loader reads no maps".to_owned())
    }
}

/// Value sets and concept maps that were imported together.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Value sets.
    pub value_sets: Vec<ValueSet>,
    /// Concept maps.
    pub concept_maps: Vec<ConceptMap>,
}

/// Why the authority could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A package or edition that is kept cannot be loaded.
    #[error("{what} cannot be loaded: {message}")]
    Load {
        /// What.
        what: String,
        /// Why.
        message: String,
    },
    /// A package is known and not kept: a copy keeps those of published releases alone.
    #[error("the files of package {0} are not kept here")]
    NotKept(Digest),
    /// The entry may not be written.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Others wrote again and again in between.
    #[error("the authority's stream is busy")]
    Busy,
}

/// Why a decision was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError<E> {
    /// It was refused under the newest state.
    #[error("refused")]
    Refused(E),
    /// It could not be written or read back.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// The authority, as this server knows it.
pub struct Authority {
    store: Arc<dyn Store>,
    loader: Arc<dyn Loader>,
    stream: StreamId,
    view: ArcSwap<View>,
    /// Held by whoever reads on.
    turn: Mutex<()>,
    position: watch::Sender<u64>,
}

impl Authority {
    /// Reads the whole stream and follows it until dropped. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When the stream cannot be read. An entry that is void and a release that cannot be loaded are no errors: the
    /// view says so.
    pub async fn open(store: Arc<dyn Store>, loader: Arc<dyn Loader>) -> Result<Arc<Self>, AuthorityError> {
        let authority = Arc::new(Self {
            store,
            loader,
            stream: StreamId::authority(),
            view: ArcSwap::from_pointee(View::default()),
            turn: Mutex::new(()),
            position: watch::Sender::new(0),
        });
        authority.refresh().await?;
        tokio::spawn(follow(Arc::downgrade(&authority)));
        Ok(authority)
    }

    /// What holds now, as one immutable whole.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Tells of each new position of the view.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.position.subscribe()
    }

    /// Writes an entry that is right whatever else was written; answers the view that contains it.
    ///
    /// # Errors
    /// When it cannot be written, or others are faster again and again.
    pub async fn append(&self, entry: &AuthorityEntry) -> Result<Arc<View>, AuthorityError> {
        self.append_all(vec![entry.clone()]).await
    }

    /// As [`Authority::append`] for several entries: all of them or none, with one sync and one look at the stream.
    ///
    /// # Errors
    /// As [`Authority::append`], and when they are more than one append takes.
    pub async fn append_all(&self, entries: Vec<AuthorityEntry>) -> Result<Arc<View>, AuthorityError> {
        let decided = self
            .decide_all(|_| Ok::<_, std::convert::Infallible>(entries.clone()))
            .await;
        decided.map_err(|error| match error {
            DecideError::Authority(error) => error,
            DecideError::Refused(never) => match never {},
        })
    }

    /// Writes what is decided under the newest state; decides again when another server was faster. Answers the
    /// view that contains it.
    ///
    /// # Errors
    /// The refusal, or as [`Authority::append`].
    pub async fn decide<E>(
        &self,
        mut decide: impl FnMut(&AuthorityState) -> Result<AuthorityEntry, E>,
    ) -> Result<Arc<View>, DecideError<E>> {
        self.decide_all(|state| decide(state).map(|entry| vec![entry]))
            .await
    }

    /// As [`Authority::decide`] for several entries, all of them written or none. When none is decided on, the
    /// answer is a view no older than the call.
    ///
    /// # Errors
    /// The refusal, or as [`Authority::append_all`].
    pub async fn decide_all<E>(
        &self,
        mut decide: impl FnMut(&AuthorityState) -> Result<Vec<AuthorityEntry>, E>,
    ) -> Result<Arc<View>, DecideError<E>> {
        for _ in 0..TRIES {
            let view = self.view();
            let entries = decide(view.state()).map_err(DecideError::Refused)?;
            if entries.is_empty() {
                let newest = self.refresh().await?;
                if newest.position() == view.position() {
                    return Ok(newest);
                }
                continue;
            }
            let rows = entries.iter().map(row).collect::<Result<Vec<_>, _>>();
            let rows = rows.map_err(AuthorityError::Entry)?;
            match self.store.append(&self.stream, view.position(), rows).await {
                Ok(_) => return Ok(self.refresh().await?),
                Err(StoreError::Conflict { .. }) => drop(self.refresh().await?),
                Err(error) => return Err(AuthorityError::Store(error).into()),
            }
        }
        Err(AuthorityError::Busy.into())
    }

    /// Reads what was written since and answers the newest view.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub async fn refresh(&self) -> Result<Arc<View>, AuthorityError> {
        let _turn = self.turn.lock().await;
        let old = self.view();
        let (mut state, mut void) = (old.state().clone(), old.void().to_vec());
        let mut position = old.position();
        let mut lost = |at: u64, reason: String| {
            tracing::error!(position = at, %reason, "an entry of the authority is void");
            if void.len() < VOID_MAX {
                void.push((format!("authority entry {at}"), reason));
            }
        };
        loop {
            let rows = self
                .store
                .read(
                    &self.stream,
                    position,
                    u32::try_from(ROWS_LIMIT).unwrap_or(u32::MAX),
                )
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                position = row.position + 1;
                match AuthorityEntry::decode(&row.bytes) {
                    Ok(entry) => {
                        if let Err(error) = state.apply(&entry) {
                            lost(row.position, error.to_string());
                        }
                    }
                    Err(error) => lost(row.position, error.to_string()),
                }
            }
        }
        if position == old.position() {
            return Ok(old);
        }
        let editions = self.load_editions(&old, &state).await?;
        let contents = self.load_contents(&old, &state).await?;
        let snapshots = self.load_releases(&old, &state, &editions).await?;
        let maps = self.load_maps(&old, &state).await?;
        let view = View::following(&old, position, state, void, editions, contents, snapshots);
        let view = Arc::new(view.with_maps(maps));
        self.view.store(Arc::clone(&view));
        self.position.send_replace(position);
        Ok(view)
    }

    /// Entries of the stream from a position on, in order, with their positions: at most `limit`, none at its end.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub async fn entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, Vec<u8>)>, AuthorityError> {
        let rows = self.store.read(&self.stream, from, limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, row.bytes)).collect())
    }

    /// The bytes kept under a digest.
    ///
    /// # Errors
    /// When they cannot be read, or no longer have that digest.
    pub async fn blob(&self, digest: &vardnav_release::Digest) -> Result<Option<Vec<u8>>, AuthorityError> {
        Ok(self.store.get_blob(&Digest(*digest)).await?)
    }

    /// Keeps bytes under their digest; durable on return.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub async fn keep_blob(&self, bytes: Vec<u8>) -> Result<vardnav_release::Digest, AuthorityError> {
        let Digest(digest) = self.store.put_blob(bytes).await?;
        Ok(digest)
    }

    /// Keeps a package: its files and its manifest, durable on return. Answers the digest that entries name.
    ///
    /// # Errors
    /// When a blob cannot be kept.
    pub async fn keep_package(&self, package: &Package) -> Result<vardnav_release::Digest, AuthorityError> {
        for (_, bytes) in package.files() {
            self.store.put_blob(bytes.to_vec()).await?;
        }
        let Digest(digest) = self.store.put_blob(package.manifest().encode()).await?;
        Ok(digest)
    }

    /// A package that was kept.
    ///
    /// # Errors
    /// When it is not kept here, or no longer what it was.
    pub async fn package(&self, digest: &vardnav_release::Digest) -> Result<Package, AuthorityError> {
        let load = |message: String| AuthorityError::Load {
            what: format!("package {}", Digest(*digest)),
            message,
        };
        let blob = |digest: vardnav_release::Digest| async move {
            let bytes = self.store.get_blob(&Digest(digest)).await?;
            bytes.ok_or_else(|| load(format!("blob {} is missing", Digest(digest))))
        };
        let manifest = self.store.get_blob(&Digest(*digest)).await?;
        let manifest = manifest.ok_or(AuthorityError::NotKept(Digest(*digest)))?;
        let manifest = Manifest::decode(&manifest).map_err(|error| load(error.to_string()))?;
        let mut files = Vec::new();
        for (path, digest) in manifest.files() {
            files.push((path.to_owned(), blob(*digest).await?));
        }
        Package::assemble(&manifest, files).map_err(|error| load(error.to_string()))
    }

    /// Loads and compiles a kept package, published or not, with the editions at hand.
    ///
    /// # Errors
    /// When it is not there or does not compile.
    pub async fn compile(&self, digest: &vardnav_release::Digest) -> Result<Snapshot, AuthorityError> {
        self.load(*digest, self.view().editions().cloned().collect())
            .await
    }

    async fn load(
        &self,
        digest: vardnav_release::Digest,
        editions: Vec<Arc<Edition>>,
    ) -> Result<Snapshot, AuthorityError> {
        let package = self.package(&digest).await?;
        let loader = Arc::clone(&self.loader);
        let what = format!("package {}", Digest(digest));
        on_pool(what, move || loader.load_release(&package, &editions)).await
    }

    /// Every edition of the state: those already loaded, the new ones, and why some could not be.
    async fn load_editions(
        &self,
        old: &View,
        state: &AuthorityState,
    ) -> Result<Vec<view::Loaded>, AuthorityError> {
        let mut new: BTreeMap<vardnav_release::Digest, Vec<EditionRecord>> = BTreeMap::new();
        for record in state.editions().filter(|record| old.loaded(record).is_none()) {
            new.entry(record.blob).or_default().push(record.clone());
        }
        let mut read = BTreeMap::new();
        for records in new.into_values() {
            let blobs = Blobs::new(Arc::clone(&self.store));
            let (loader, of, reader) = (Arc::clone(&self.loader), records.clone(), blobs.clone());
            let loaded = on_pool("editions".to_owned(), move || {
                Ok(loader.load_editions(&of, &reader))
            })
            .await;
            if let Some(error) = blobs.unavailable() {
                return Err(error.clone().into());
            }
            let mut loaded = loaded.unwrap_or_default().into_iter();
            for record in records {
                let edition = loaded
                    .next()
                    .unwrap_or_else(|| Err("the loader gave up".to_owned()));
                let edition = edition.map(Arc::new).map_err(|message| {
                    let what = format!("edition {} of {}", record.version, record.system);
                    let error = AuthorityError::Load { what, message };
                    tracing::error!(%error, "an edition cannot be loaded");
                    error.to_string()
                });
                read.insert((record.system, record.version), edition);
            }
        }
        let mut editions = Vec::new();
        for record in state.editions() {
            if let Some(known) = old.loaded(record) {
                editions.push(known.clone());
            } else if let Some(edition) = read.remove(&(record.system.clone(), record.version.clone())) {
                editions.push(view::Loaded {
                    record: record.clone(),
                    edition,
                });
            }
        }
        Ok(editions)
    }

    /// Every value set and concept map of the state: those already loaded, the new ones, and why some could not be.
    async fn load_contents(
        &self,
        old: &View,
        state: &AuthorityState,
    ) -> Result<Vec<view::LoadedContent>, AuthorityError> {
        let mut read: BTreeMap<vardnav_release::Digest, Result<Contents, String>> = BTreeMap::new();
        let mut loaded = Vec::new();
        for record in state.contents() {
            if let Some(known) = old.loaded_content(record) {
                loaded.push(known.clone());
                continue;
            }
            if let Entry::Vacant(slot) = read.entry(record.blob) {
                let blobs = Blobs::new(Arc::clone(&self.store));
                let (loader, reader) = (Arc::clone(&self.loader), blobs.clone());
                let digest = Digest(record.blob);
                let contents =
                    on_pool(record.url.clone(), move || loader.load_contents(&digest, &reader)).await;
                if let Some(error) = blobs.unavailable() {
                    return Err(error.clone().into());
                }
                slot.insert(contents.map_err(|error| error.to_string()));
            }
            let content = match read.get(&record.blob) {
                Some(Ok(contents)) => of_record(contents, record),
                Some(Err(error)) => Err(error.clone()),
                None => Err("it was not read".to_owned()),
            };
            if let Err(error) = &content {
                tracing::error!(url = %record.url, %error, "imported content cannot be loaded");
            }
            loaded.push(view::LoadedContent {
                record: record.clone(),
                content,
            });
        }
        Ok(loaded)
    }

    /// Every map of the state: those already loaded, the new ones, and why some could not be.
    async fn load_maps(&self, old: &View, state: &AuthorityState) -> Result<Arc<Maps>, AuthorityError> {
        if state.shares_concept_maps(old.state()) && old.maps().lost().next().is_none() {
            return Ok(Arc::clone(old.maps()));
        }
        let mut maps = Maps::default();
        for record in state.concept_maps() {
            if let Some(known) = old.maps().loaded(record) {
                maps.add(record, Ok(known));
                continue;
            }
            let what = format!("map {} of {}", record.version, record.url);
            let map = match self.store.get_blob(&Digest(record.blob)).await {
                Ok(Some(bytes)) => {
                    let (loader, record) = (Arc::clone(&self.loader), record.clone());
                    on_pool(what, move || loader.load_concept_map(&record, &bytes)).await
                }
                Ok(None) => Err(AuthorityError::Load {
                    what,
                    message: "its blob is missing".to_owned(),
                }),
                Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
                Err(error) => Err(error.into()),
            };
            let map = map.map(Arc::new).map_err(|error| {
                tracing::error!(%error, "a reporter's map cannot be loaded");
                error.to_string()
            });
            maps.add(record, map);
        }
        maps.gather();
        Ok(Arc::new(maps))
    }

    /// Every published release: those already compiled with the editions of now, the new ones, and why some are not.
    async fn load_releases(
        &self,
        old: &View,
        state: &AuthorityState,
        editions: &[view::Loaded],
    ) -> Result<BTreeMap<String, Result<Arc<Snapshot>, String>>, AuthorityError> {
        let at_hand: Vec<_> = editions
            .iter()
            .filter_map(|loaded| loaded.edition.clone().ok())
            .collect();
        let mut snapshots = BTreeMap::new();
        for release in state.releases() {
            let known = old
                .release(&release.id)
                .filter(|snapshot| snapshot.digest == release.proposal.digest);
            let snapshot = match known {
                Some(known) if old.has_same_editions(editions) => Ok(known),
                Some(known) => Ok(Arc::new(known.with_editions(&at_hand))),
                None => match self.load(release.proposal.digest, at_hand.clone()).await {
                    // It may be published from a later date than its files propose.
                    Ok(snapshot) => Ok(Arc::new(Snapshot {
                        from: release.from,
                        ..snapshot
                    })),
                    Err(AuthorityError::Store(error @ StoreError::Unavailable(_))) => {
                        return Err(error.into());
                    }
                    Err(error) => {
                        tracing::error!(release = %release.id, %error, "a published release cannot be loaded");
                        Err(error.to_string())
                    }
                },
            };
            snapshots.insert(release.id.clone(), snapshot);
        }
        Ok(snapshots)
    }
}

/// The value set or map that a record names.
fn of_record(contents: &Contents, record: &ContentRecord) -> Result<view::Content, String> {
    let named = |url: &str, version: &str| url == record.url && version == record.version;
    let found = match record.kind {
        ContentKind::ValueSet => contents
            .value_sets
            .iter()
            .find(|set| named(&set.url, &set.version))
            .map(|set| view::Content::ValueSet(Arc::new(ValueSetEdition::compile(set.clone())))),
        ContentKind::ConceptMap => contents
            .concept_maps
            .iter()
            .find(|map| named(&map.url, &map.version))
            .map(|map| view::Content::ConceptMap(Arc::new(ConceptMapIndex::compile(map.clone())))),
    };
    found.ok_or_else(|| "its files do not hold it".to_owned())
}

/// Looks for entries of other servers until the authority is dropped.
async fn follow(authority: Weak<Authority>) {
    let mut tick = tokio::time::interval(POLL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(authority) = authority.upgrade() else {
            return;
        };
        if let Err(error) = authority.refresh().await {
            tracing::warn!(%error, "the authority's stream cannot be followed");
        }
    }
}

async fn on_pool<T: Send + 'static>(
    what: String,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, AuthorityError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|_| Err("the loader gave up".to_owned()));
    done.map_err(|message| AuthorityError::Load { what, message })
}

/// The row of an entry that may be written: its key the first half of its leaf's hash, its leaf as in RFC 6962.
fn row(entry: &AuthorityEntry) -> Result<Row, EntryError> {
    let bytes = entry.sealed()?;
    let leaf: [u8; 32] = Sha256::new()
        .chain_update([0])
        .chain_update(&bytes)
        .finalize()
        .into();
    let key = leaf.first_chunk().copied().unwrap_or_default();
    Ok(Row { key, leaf, bytes })
}
