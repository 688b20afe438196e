//! Opening the embedded store: lock, log, index, replay, hash files, threads, in this order; the projections, which nothing
//! of that needs, beside what is in use already. Whatever is derived and damaged is set aside and built anew.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::{Semaphore, mpsc};

use super::blobs::Blobs;
use super::edges::Edges;
use super::follower::Follower;
use super::frame::LogId;
use super::hashes::{Hashes, Nodes};
use super::index::{Checkpoint, Index};
use super::index_codec::Manifest;
use super::keyed::Keyed;
use super::log::{Writer, create_segment};
use super::opening::Opening;
use super::overlay::{Overlay, Sealed};
use super::projections::Projections;
use super::recovery::{Damage, Replay, find_log_id, log_end, open_segments};
use super::redact::Unfinished;
use super::segments::Segments;
use super::{Embedded, FRAMES_AHEAD, Heads, Options, QUEUE, Shared, WAITING_KIB};
use crate::codec::{hex, len64, seal, unhex, unseal};
use crate::contract::{StoreError, StreamId};
use crate::disk::{Disk, Machine, Open, create_folder, put_file, unavailable, write_all_at};
use crate::tree::Frontier;

/// A file of this name asks for the index to be built anew.
pub(crate) const REBUILD: &str = "index.rebuild";
/// A file of this name asks for the projections to be built anew.
const REBUILD_PROJECTIONS: &str = "projections.rebuild";
/// The file that holds the log's id begins so.
const ID_PREFIX: &str = "vardnav-store 1 ";
/// Sealed parts that may wait for the follower before the writer waits for it.
const PARTS_WAITING: usize = 4;

/// What a store stands on: the machine's files, or simulated ones.
#[derive(Clone)]
pub(crate) enum Ground {
    /// Files and folders.
    Machine,
    /// Memory that forgets what was not synced.
    #[cfg(test)]
    Simulated(Arc<super::simulated::Machine>),
}

impl Ground {
    fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Self::Machine => Arc::new(Machine),
            #[cfg(test)]
            Self::Simulated(machine) => machine.disk(),
        }
    }

    fn keyed(&self, path: &Path) -> Result<Keyed, StoreError> {
        match self {
            Self::Machine => Keyed::open(path),
            #[cfg(test)]
            Self::Simulated(machine) => Ok(Keyed::Memory(machine.values(path))),
        }
    }

    /// Moves a folder out of the way; nothing happens when there is none.
    fn move_away(&self, folder: &Path, to: &Path) -> io::Result<()> {
        let moved = match self {
            Self::Machine => Machine.rename(folder, to),
            #[cfg(test)]
            Self::Simulated(machine) => machine.forget_values(folder),
        };
        match moved {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// A store that is open and has no threads yet.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Writer,
    pub(crate) damage: Vec<Damage>,
}

impl Embedded {
    /// Opens the store in a folder, which is created when missing. Works on the disk: call it outside async tasks.
    ///
    /// # Errors
    /// `Unavailable` when another process holds the folder or the files cannot be read or written.
    pub fn open(folder: &Path, options: Options) -> Result<Self, StoreError> {
        let mut following = None;
        let opened = open(folder, options, &Ground::Machine, |follower| {
            let (parts, waiting) = std::sync::mpsc::sync_channel(PARTS_WAITING);
            let thread = std::thread::Builder::new()
                .name("store-index".to_owned())
                .spawn(move || follower.run(&waiting))?;
            following = Some(thread);
            Ok(Box::new(move |sealed| {
                // Without a follower the part stays in memory.
                let _ = parts.send(sealed);
            }))
        })?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = opened.writer;
        let writer = std::thread::Builder::new()
            .name("store-log".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| unavailable("cannot open the store", &error))?;
        Ok(Self {
            shared: opened.shared,
            jobs: Some(jobs),
            waiting: Arc::new(Semaphore::new(WAITING_KIB)),
            writer: Some(writer),
            follower: following,
            damage: opened.damage,
        })
    }
}

/// Takes sealed parts of the overlay.
type Parts = Box<dyn FnMut(Arc<Sealed>) + Send>;

/// Opens a store on some ground; `follow` says how its follower is given work.
pub(crate) fn open(
    folder: &Path,
    options: Options,
    ground: &Ground,
    follow: impl FnOnce(Follower) -> io::Result<Parts>,
) -> Result<Opened, StoreError> {
    let failed = |error: io::Error| unavailable("cannot open the store", &error);
    let disk = ground.disk();
    for name in ["", "log", "hashes", "blobs"] {
        create_folder(&*disk, &folder.join(name)).map_err(failed)?;
    }
    let held = disk.lock(folder)?;
    // What an earlier process was stopped or failed in may have names that are not durable yet.
    for name in ["log", "blobs", ""] {
        disk.sync_folder(&folder.join(name)).map_err(failed)?;
    }
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => disk.sync_folder(parent).map_err(failed)?,
        _ => {}
    }
    let id = log_id(&*disk, folder)?;
    let segments = Segments::new(Arc::clone(&disk), folder.join("log"), id);
    open_segments(&segments).map_err(failed)?;
    if segments.list().is_empty() {
        create_segment(&segments, 0).map_err(failed)?;
    }
    let mut damage = Vec::new();
    let (index, checkpoint, known) = open_index(ground, &*disk, folder, &segments, &mut damage)?;
    let (of, place) = ((ground.clone(), Arc::clone(&disk)), folder.to_owned());
    let opening = Opening::of(Arc::new(move || open_projections(&of.0, &*of.1, &place)));
    let projections = Projections::new(opening, Arc::clone(&disk), folder.join(REBUILD_PROJECTIONS));
    let shared = Arc::new(Shared {
        folder: folder.to_owned(),
        options,
        segments,
        overlay: Overlay::default(),
        index,
        edges: Edges::default(),
        hashes: Hashes::new(Arc::clone(&disk), folder.join("hashes")),
        heads: Heads::default(),
        blobs: Blobs::new(Arc::clone(&disk), folder.join("blobs")),
        projections,
        unsettled: Mutex::default(),
        behind: Mutex::default(),
        redacting: RwLock::default(),
        redactions: AtomicU64::new(0),
        disk,
        _lock: held,
    });
    match shared.finish_redaction()? {
        Unfinished::Nothing => {}
        Unfinished::Finished => tracing::info!("a redaction that was broken off is finished"),
        Unfinished::SetAside(found) => damage.push(found),
    }
    let from = checkpoint
        .as_ref()
        .map_or(0, |checkpoint| checkpoint.manifest.log_end);
    let (manifest, streams) = match checkpoint {
        Some(checkpoint) => (checkpoint.manifest, checkpoint.streams),
        None => (Manifest::empty(id), Vec::new()),
    };
    let follower = follow(Follower::new(Arc::clone(&shared), manifest)).map_err(failed)?;
    let last = shared.segments.list().pop();
    let segment = last.ok_or_else(|| StoreError::Unavailable("the log has no segment".to_owned()))?;
    let mut writer = Writer {
        shared: Arc::clone(&shared),
        end: segment.0,
        segment,
        next_number: streams.iter().map(|state| state.number + 1).max().unwrap_or(0),
        streams: streams
            .into_iter()
            .map(|state| (state.id.clone(), state))
            .collect(),
        touched: BTreeSet::new(),
        follower,
        doubtful: false,
    };
    damage.extend(Replay::new(&mut writer, known).run(from)?);
    for stream in writer.streams.keys() {
        shared.mend_hashes(stream, &mut damage);
    }
    note(&*shared.disk, folder, &damage);
    // Last, so that a start does not share the machine with them.
    if matches!(ground, Ground::Machine) {
        shared.projections.begin().map_err(failed)?;
    }
    Ok(Opened {
        shared,
        writer,
        damage,
    })
}

/// The log's id: from its file, from the segments, or a new one for an empty log. Frames can be told from other
/// bytes only by the right id, so a log whose id cannot be known is not touched.
fn log_id(disk: &dyn Disk, folder: &Path) -> Result<LogId, StoreError> {
    let failed = |error: io::Error| unavailable("cannot read the log's id", &error);
    let path = folder.join("store");
    let text = disk
        .read(&path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let kept = text
        .strip_prefix(ID_PREFIX)
        .and_then(|rest| unhex::<20>(rest.trim_end()));
    let kept = kept
        .as_ref()
        .and_then(|bytes| unseal(bytes))
        .and_then(|id| id.try_into().ok());
    let (found, files) = find_log_id(disk, &folder.join("log")).map_err(failed)?;
    let id = match (kept, found) {
        (Some(kept), Some(found)) if kept != found => {
            return Err(StoreError::Corrupt(
                "the segments belong to another log".to_owned(),
            ));
        }
        (Some(kept), _) => return Ok(kept),
        (None, Some(found)) => found,
        (None, None) if files == 0 => rand::random(),
        (None, None) => {
            return Err(StoreError::Corrupt(
                "nothing tells the log's id any more".to_owned(),
            ));
        }
    };
    let line = format!("{ID_PREFIX}{}\n", hex(&seal(id.to_vec())));
    put_file(disk, &path, line.as_bytes(), 0o644).map_err(failed)?;
    Ok(id)
}

/// An index, where it stands, and the sizes of streams an index set aside vouched for.
type OpenIndex = (Index, Option<Checkpoint>, Vec<(StreamId, u64)>);

/// Opens the index; sets it aside when it is damaged, or knows more than the log has.
fn open_index(
    ground: &Ground,
    disk: &dyn Disk,
    folder: &Path,
    segments: &Segments,
    damage: &mut Vec<Damage>,
) -> Result<OpenIndex, StoreError> {
    let path = folder.join("index");
    let asked = folder.join(REBUILD);
    let mut known = Vec::new();
    let reason = if disk.open(&asked, Open::Existing).is_ok() {
        "it was found damaged while in use".to_owned()
    } else {
        let opened = ground.keyed(&path);
        match opened.and_then(|db| Index::open(Arc::new(db), segments.id())) {
            Ok((index, checkpoint)) => {
                let end = log_end(segments).map_err(|error| unavailable("cannot read the log", &error))?;
                match checkpoint {
                    Some(checkpoint) if checkpoint.manifest.log_end > end => {
                        known.extend(
                            checkpoint
                                .streams
                                .iter()
                                .map(|state| (state.id.clone(), state.tree.size())),
                        );
                        "the log is shorter than what it has followed".to_owned()
                    }
                    checkpoint => return Ok((index, checkpoint, known)),
                }
            }
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => error.to_string(),
        }
    };
    set_aside(ground, disk, folder, "index", &reason, damage)?;
    let (index, checkpoint) = Index::open(Arc::new(ground.keyed(&path)?), segments.id())?;
    // Asked for until a new one stands.
    match disk.remove(&asked) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(unavailable("cannot begin a new index", &error))
        }
        _ => Ok((index, checkpoint, known)),
    }
}

/// Opens the projections; sets them aside when they are damaged.
fn open_projections(
    ground: &Ground,
    disk: &dyn Disk,
    folder: &Path,
) -> Result<(Keyed, Vec<Damage>), StoreError> {
    let path = folder.join("projections");
    purge(ground, disk, folder, &path)?;
    let asked = folder.join(REBUILD_PROJECTIONS);
    let reason = if disk.open(&asked, Open::Existing).is_ok() {
        "they were found damaged while in use".to_owned()
    } else {
        match ground.keyed(&path) {
            Ok(db) => return Ok((db, Vec::new())),
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => error.to_string(),
        }
    };
    let mut damage = Vec::new();
    set_aside(ground, disk, folder, "projections", &reason, &mut damage)?;
    note(disk, folder, &damage);
    let db = ground.keyed(&path)?;
    // Asked for until new ones stand.
    match disk.remove(&asked) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(unavailable("cannot begin new projections", &error))
        }
        _ => Ok((db, damage)),
    }
}

/// Removes the projections, also those once set aside, when content was erased since the store was opened last: their
/// files may hold what no row of theirs holds any more. They are built anew from the ledger.
fn purge(ground: &Ground, disk: &dyn Disk, folder: &Path, projections: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| unavailable("cannot remove projections after an erasure", &error);
    let mark = folder.join(super::redact::PURGE_FILE);
    if !matches!(ground, Ground::Machine) || !mark.exists() {
        return Ok(());
    }
    let mut old = vec![projections.to_owned()];
    if let Ok(entries) = std::fs::read_dir(folder.join("quarantine")) {
        let paths = entries.flatten().map(|entry| entry.path());
        let of_projections = |path: &std::path::PathBuf| {
            let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
            name.is_some_and(|name| name.starts_with("projections"))
        };
        old.extend(paths.filter(of_projections));
    }
    for path in old {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    disk.sync_folder(folder)
        .and_then(|()| disk.remove(&mark))
        .map_err(failed)
}

/// Moves a derived folder out of the way.
fn set_aside(
    ground: &Ground,
    disk: &dyn Disk,
    folder: &Path,
    name: &str,
    reason: &str,
    damage: &mut Vec<Damage>,
) -> Result<(), StoreError> {
    let quarantine = folder.join("quarantine");
    let kept = quarantine.join(format!("{name}-{:016x}", rand::random::<u64>()));
    create_folder(disk, &quarantine)
        .and_then(|()| ground.move_away(&folder.join(name), &kept))
        .map_err(|error| unavailable("cannot set a damaged folder aside", &error))?;
    let what = format!("set aside and built anew: {reason}");
    damage.push(Damage {
        place: name.to_owned(),
        what,
        lost: false,
    });
    Ok(())
}

/// Tells and keeps what was found, for people.
fn note(disk: &dyn Disk, folder: &Path, damage: &[Damage]) {
    for Damage { place, what, lost } in damage {
        tracing::error!(%place, %what, lost, "found when the store was opened");
    }
    if damage.is_empty() {
        return;
    }
    let lines: String = damage
        .iter()
        .map(|found| {
            format!(
                "{}: {}{}\n",
                found.place,
                found.what,
                if found.lost { " (rows lost)" } else { "" }
            )
        })
        .collect();
    let written = disk
        .open(&folder.join("damage.txt"), Open::Create)
        .and_then(|file| write_all_at(&*file, lines.as_bytes(), file.length()?));
    if let Err(error) = written {
        tracing::error!(%error, "cannot keep the damage report");
    }
}

impl Shared {
    /// Rebuilds a stream's hash files when they are short.
    fn mend_hashes(&self, stream: &StreamId, damage: &mut Vec<Damage>) {
        let Some((_, head)) = self.heads.get(stream) else {
            return;
        };
        if self.hashes.suffice(stream, head.size).unwrap_or(false) {
            return;
        }
        let (what, lost) = match self.rebuild_hashes(stream) {
            Ok(()) => ("hash files were short and have been rebuilt".to_owned(), false),
            Err(error) => {
                let lost = !matches!(error, StoreError::Unavailable(_));
                self.unsettle(stream);
                (
                    format!("hash files are short and cannot be rebuilt: {error}"),
                    lost,
                )
            }
        };
        damage.push(Damage {
            place: format!("stream {stream}"),
            what,
            lost,
        });
    }

    /// Notes that hashes of a stream could not be written.
    pub(crate) fn unsettle(&self, stream: &StreamId) {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(stream.clone());
    }

    /// Whether some hashes of a stream could not be written.
    pub(crate) fn is_unsettled(&self, stream: &StreamId) -> bool {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(stream)
    }

    /// Rebuilds a stream's hash files when some of its hashes could not be written.
    pub(crate) fn settle(&self, stream: &StreamId) -> Result<(), StoreError> {
        if self.is_unsettled(stream) {
            self.rebuild_hashes(stream)?;
            self.unsettled
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(stream);
        }
        Ok(())
    }

    /// Writes every hash of a stream anew from the leaves in the log.
    pub(crate) fn rebuild_hashes(&self, stream: &StreamId) -> Result<(), StoreError> {
        let Some((number, head)) = self.heads.get(stream) else {
            return Ok(());
        };
        let mut frontier = Frontier::default();
        while frontier.size() < head.size {
            let before = frontier.size();
            for (first, offset) in self.locate(number, before)?.into_iter().take(FRAMES_AHEAD) {
                let _unchanged = self.redacting.read().unwrap_or_else(PoisonError::into_inner);
                let frame = self.segments.frame(offset)?;
                if first < frontier.size() {
                    continue;
                }
                if first > frontier.size() || len64(frame.leaves().count()) + first > head.size {
                    break;
                }
                let nodes = Nodes::grow(&mut frontier, frame.leaves());
                self.hashes
                    .write(stream, &nodes)
                    .map_err(|error| unavailable("cannot write a hash file", &error))?;
            }
            if frontier.size() == before {
                return Err(StoreError::Corrupt(format!(
                    "row {before} of stream {stream} cannot be read"
                )));
            }
        }
        if frontier.root() != head.root {
            return Err(StoreError::Corrupt(format!(
                "the leaves of stream {stream} do not lead to its root"
            )));
        }
        Ok(())
    }
}
