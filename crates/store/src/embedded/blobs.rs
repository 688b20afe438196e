//! Content-addressed files: a blob lies under its SHA-256, is complete when it has its name, and is checked when read.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::contract::{Digest, StoreError};
use crate::disk::{Disk, create_folder, put_file, unavailable};

/// The folder of blobs.
pub(crate) struct Blobs {
    disk: Arc<dyn Disk>,
    /// Folders within it whose names are known to be durable.
    named: Mutex<BTreeSet<PathBuf>>,
    folder: PathBuf,
}

impl Blobs {
    pub(crate) fn new(disk: Arc<dyn Disk>, folder: PathBuf) -> Self {
        Self {
            disk,
            named: Mutex::default(),
            folder,
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder
            .join(name.chars().take(2).collect::<String>())
            .join(name)
    }

    /// Keeps the bytes; a damaged copy is replaced.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        let is_kept = matches!(self.get(&digest), Ok(Some(_)));
        let kept = path.parent().map_or(Ok(()), |folder| {
            create_folder(&*self.disk, folder)?;
            if is_kept {
                // Whoever put it may have failed before its name was durable.
                self.disk.sync_folder(folder)?;
            } else {
                put_file(&*self.disk, &path, bytes, 0o644)?;
            }
            self.settle(folder)
        });
        kept.map(|()| digest)
            .map_err(|error| unavailable("cannot keep a blob", &error))
    }

    /// Makes the name of a folder durable, unless it is known to be.
    fn settle(&self, folder: &Path) -> io::Result<()> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if !named.contains(folder) {
            self.disk.sync_folder(&self.folder)?;
            named.insert(folder.to_owned());
        }
        Ok(())
    }

    /// Digests of everything kept, in order.
    pub(crate) fn list(&self) -> io::Result<Vec<Digest>> {
        let mut digests = Vec::new();
        for folder in self.disk.list(&self.folder)? {
            if !self.disk.is_folder(&folder) {
                continue;
            }
            for path in self.disk.list(&folder)? {
                let name = path.file_name().and_then(|name| name.to_str());
                digests.extend(name.and_then(Digest::parse));
            }
        }
        Ok(digests)
    }

    pub(crate) fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        match self.disk.read(&self.path(digest)) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Err(StoreError::Corrupt(format!("blob {digest}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable("cannot read a blob", &error)),
        }
    }
}
