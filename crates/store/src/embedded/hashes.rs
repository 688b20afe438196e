//! Merkle nodes of each stream in flat files, one a level: the hash at index i lies at byte 32·i. Written behind the
//! log and derived from it; rebuilt when short. Readers check what they build of them against the root.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::codec::{index, len64};
use crate::contract::{Hash, StoreError, StreamId};
use crate::disk::{Disk, DiskFile, Open, read_up_to, unavailable, write_all_at};
use crate::tree::Frontier;

/// Files kept open.
const OPEN_FILES: usize = 512;

/// The folder of hash files.
pub(crate) struct Hashes {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// Whether files were made whose names are not durable yet.
    unnamed: AtomicBool,
    open: Mutex<HashMap<(StreamId, u8), Arc<dyn DiskFile>>>,
}

/// Hashes that follow one another on a level.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// By level: index of the first, and the hashes.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Nodes {
    /// Appends leaves to a frontier and keeps every hash this completes.
    pub(crate) fn grow(frontier: &mut Frontier, leaves: impl Iterator<Item = Hash>) -> Self {
        let mut nodes = Self::default();
        for leaf in leaves {
            let at = frontier.size();
            nodes.keep(0, at, leaf);
            frontier.append(leaf, |height, hash| {
                nodes.keep(index(u64::from(height / 8)), at >> height, hash)
            });
        }
        nodes
    }

    /// By level: index of the first, and the hashes.
    pub(crate) fn levels(&self) -> &[(u64, Vec<Hash>)] {
        &self.levels
    }

    fn keep(&mut self, level: usize, at: u64, hash: Hash) {
        while self.levels.len() <= level {
            self.levels.push((0, Vec::new()));
        }
        if let Some((first, hashes)) = self.levels.get_mut(level) {
            if hashes.is_empty() {
                *first = at;
            }
            hashes.push(hash);
        }
    }
}

impl Hashes {
    pub(crate) fn new(disk: Arc<dyn Disk>, folder: PathBuf) -> Self {
        Self {
            disk,
            folder,
            unnamed: AtomicBool::new(true),
            open: Mutex::default(),
        }
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    fn path(&self, stream: &StreamId, level: u8) -> PathBuf {
        self.folder.join(file_name(stream, level))
    }

    /// Name of the file of a level, from the folder of the store.
    pub(crate) fn name(stream: &StreamId, level: u8) -> String {
        format!("hashes/{}", file_name(stream, level))
    }

    /// What stands in the file of a level, whether a tree has so many or not; fewer at the end of the file.
    pub(crate) fn stored(
        &self,
        stream: &StreamId,
        level: u8,
        from: u64,
        count: u64,
    ) -> io::Result<Vec<Hash>> {
        let Some(file) = self.file(stream, level, false)? else {
            return Ok(Vec::new());
        };
        let bytes = read_up_to(&*file, from * 32, index(count) * 32)?;
        Ok(bytes.as_chunks::<32>().0.to_vec())
    }

    /// The file of a level; `None` when it is not there and not to be created.
    fn file(&self, stream: &StreamId, level: u8, create: bool) -> io::Result<Option<Arc<dyn DiskFile>>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (stream.clone(), level);
        if let Some(file) = open.get(&key) {
            return Ok(Some(Arc::clone(file)));
        }
        let path = self.path(stream, level);
        let file = match self.disk.open(&path, Open::Existing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !create => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.unnamed.store(true, Ordering::Release);
                self.disk.open(&path, Open::Create)?
            }
            other => other?,
        };
        if open.len() >= OPEN_FILES {
            open.clear();
        }
        open.insert(key, Arc::clone(&file));
        Ok(Some(file))
    }

    /// Writes hashes in their places.
    pub(crate) fn write(&self, stream: &StreamId, nodes: &Nodes) -> io::Result<()> {
        for (level, (first, hashes)) in (0..).zip(&nodes.levels) {
            if let (false, Some(file)) = (hashes.is_empty(), self.file(stream, level, true)?) {
                write_all_at(&*file, hashes.as_flattened(), first * 32)?;
            }
        }
        Ok(())
    }

    /// Hashes of a level, of those that a tree of `size` leaves has.
    pub(crate) fn read(
        &self,
        stream: &StreamId,
        size: u64,
        level: u8,
        from: u64,
        count: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        let held = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
        let count = count.min(held.saturating_sub(from));
        if count == 0 {
            return Ok(Vec::new());
        }
        let file = self
            .file(stream, level, false)
            .map_err(|error| unavailable("cannot open a hash file", &error))?;
        let short = || StoreError::Corrupt(format!("hash file of level {level} of stream {stream}"));
        let file = file.ok_or_else(short)?;
        let bytes = read_up_to(&*file, from * 32, index(count) * 32)
            .map_err(|error| unavailable("cannot read a hash file", &error))?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if len64(hashes.len()) != count || !rest.is_empty() {
            return Err(short());
        }
        Ok(hashes.to_vec())
    }

    /// Whole hashes in the file of a level.
    pub(crate) fn count(&self, stream: &StreamId, level: u8) -> io::Result<u64> {
        match self.file(stream, level, false)? {
            Some(file) => Ok(file.length()? / 32),
            None => Ok(0),
        }
    }

    /// Whether every level has as many hashes as a tree of `size` leaves.
    pub(crate) fn suffice(&self, stream: &StreamId, size: u64) -> io::Result<bool> {
        for level in 0..8_u8 {
            let needed = size >> (u32::from(level) * 8);
            if needed == 0 {
                break;
            }
            if self.count(stream, level)? < needed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the names of all files durable.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        if self.unnamed.swap(false, Ordering::AcqRel) {
            self.disk
                .sync_folder(&self.folder)
                .inspect_err(|_| self.unnamed.store(true, Ordering::Release))?;
        }
        Ok(())
    }

    /// Makes the hashes of a stream durable.
    pub(crate) fn sync(&self, stream: &StreamId) -> io::Result<()> {
        for level in 0..8_u8 {
            match self.file(stream, level, false)? {
                Some(file) => file.sync()?,
                None => break,
            }
        }
        Ok(())
    }
}

fn file_name(stream: &StreamId, level: u8) -> String {
    format!("{}.{level}", stream.as_str().replace('/', "+"))
}
