//! Content-addressed files: a blob lies under its SHA-256, is complete when it has its name, and is checked when read.

use std::io;
use std::path::PathBuf;

use crate::contract::{Digest, StoreError};
use crate::files::{create_folder, put_file, unavailable};

/// The folder of blobs.
pub(crate) struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
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
        if matches!(self.get(&digest), Ok(Some(_))) {
            return Ok(digest);
        }
        let path = self.path(&digest);
        let kept = path
            .parent()
            .map_or(Ok(()), create_folder)
            .and_then(|()| put_file(&path, bytes, 0o644));
        kept.map(|()| digest)
            .map_err(|error| unavailable("cannot keep a blob", &error))
    }

    pub(crate) fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        match std::fs::read(self.path(digest)) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Err(StoreError::Corrupt(format!("blob {digest}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable("cannot read a blob", &error)),
        }
    }
}
