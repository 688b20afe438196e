//! The seam between the store and the files of a machine: the few operations that everything before an
//! acknowledgement goes through, so that tests can put a disk under it that fails, tears and forgets.
//! Says nothing of what the bytes mean.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec::len64;
use crate::contract::StoreError;

/// A file or folder handle that is held until it is dropped.
pub(crate) type Held = Box<dyn Send + Sync>;

/// A disk as the store sees it. Nothing is durable before it is synced: bytes and lengths by [`DiskFile::sync`], names
/// by [`Disk::sync_folder`].
pub(crate) trait Disk: Send + Sync + 'static {
    /// Opens a file for reading and writing.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>>;
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Gives a file or folder another name; a file of that name is replaced at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Paths of what a folder holds, in order.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    /// Makes a folder and those above it.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Whether this is a folder.
    fn is_folder(&self, path: &Path) -> bool;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes a folder for this process until what is answered is dropped.
    fn lock(&self, folder: &Path) -> Result<Held, StoreError>;
}

/// An open file.
pub(crate) trait DiskFile: Send + Sync {
    /// Reads at an offset; 0 at the end of the file.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at an offset, perhaps less than asked.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts off, or lengthens by zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Bytes it has.
    fn length(&self) -> io::Result<u64>;
    /// Makes what was written durable.
    fn sync(&self) -> io::Result<()>;
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// It must be there.
    Existing,
    /// It is made when it is not there.
    Create,
    /// It is made, or emptied.
    Empty,
    /// It must not be there; the mode of the new file.
    New(u32),
}

/// The machine's own files.
#[derive(Debug)]
pub(crate) struct Machine;

impl Disk for Machine {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match how {
            Open::Existing => {}
            Open::Create => {
                options.create(true).truncate(false);
            }
            Open::Empty => {
                options.create(true).truncate(true);
            }
            Open::New(mode) => {
                options.create_new(true).mode(mode);
            }
        }
        Ok(Arc::new(options.open(path)?))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, folder: &Path) -> Result<Held, StoreError> {
        Ok(Box::new(lock(folder)?))
    }
}

impl DiskFile for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self, bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Takes a folder of the machine for this process until the file is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(|error| unavailable("cannot open the lock file", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(
            "the folder is in use by another process".to_owned(),
        )),
        Err(TryLockError::Error(error)) => Err(unavailable("cannot lock the folder", &error)),
    }
}

/// Turns a failed file operation into an error that names the operation, never the content.
pub(crate) fn unavailable(what: &str, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{what}: {error}"))
}

/// Creates a folder and makes its own name durable.
pub(crate) fn create_folder(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    if disk.is_folder(folder) {
        return Ok(());
    }
    disk.make_folder(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => disk.sync_folder(parent),
        _ => Ok(()),
    }
}

/// Puts a whole file in place: either the old content or the new is there, and the new is durable on return.
pub(crate) fn put_file(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}.tmp", rand::random::<u64>()));
    let temporary = PathBuf::from(name);
    let written = disk.open(&temporary, Open::New(mode)).and_then(|file| {
        write_all_at(&*file, bytes, 0)?;
        file.sync()?;
        disk.rename(&temporary, path)
    });
    if let Err(error) = written {
        // A leftover under a temporary name is never read.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    match path.parent() {
        Some(parent) => disk.sync_folder(parent),
        None => Ok(()),
    }
}

/// Writes all the bytes at an offset.
pub(crate) fn write_all_at(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or_default();
                offset += len64(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads up to `length` bytes at an offset; fewer only at the end of the file.
pub(crate) fn read_up_to(file: &dyn DiskFile, mut offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                offset += len64(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
