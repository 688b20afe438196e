//! Taking a copy into a folder. The manifest comes last: until then the folder holds the earlier copy, if there was one.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{FileRecord, MANIFEST_FILE, Manifest, SECRETS, is_path};
use crate::files::{create_folder, put_file, sync_folder};

/// Copies the secret keys of a node's folder into a folder of their own, for its owner only.
///
/// # Errors
/// When one is missing, or cannot be read or written.
pub fn take_secrets(node: &Path, folder: &Path) -> io::Result<()> {
    let within = |folder: &Path, path: &str| {
        path.split('/')
            .fold(folder.to_owned(), |place, part| place.join(part))
    };
    for path in SECRETS {
        let secret = Zeroizing::new(std::fs::read(within(node, path))?);
        let place = within(folder, path);
        place.parent().map_or(Ok(()), create_folder)?;
        put_file(&place, &secret, 0o600)?;
    }
    Ok(())
}

/// A copy that is being taken into a folder.
pub struct Taking {
    folder: PathBuf,
    earlier: Manifest,
    open: Option<(String, File)>,
    /// Files that take the place of others when the copy is whole.
    anew: BTreeSet<String>,
    bytes: u64,
}

impl Taking {
    /// Begins a copy in a folder, which is made when missing; it may hold an earlier copy.
    ///
    /// # Errors
    /// When the folder holds something else, or cannot be used.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        create_folder(folder)?;
        let earlier = match std::fs::read_to_string(folder.join(MANIFEST_FILE)) {
            Ok(text) => Manifest::decode(&text).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the manifest of the earlier copy is damaged",
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_begun = ["store", "vault"].iter().any(|name| folder.join(name).is_dir());
                if !is_begun && std::fs::read_dir(folder)?.next().is_some() {
                    let what = "the folder holds something else than a copy";
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
                }
                Manifest::default()
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            folder: folder.to_owned(),
            earlier,
            open: None,
            anew: BTreeSet::new(),
            bytes: 0,
        })
    }

    /// What an earlier copy holds, as far as it is there.
    pub fn held(&self) -> Vec<FileRecord> {
        let is_there = |file: &&FileRecord| {
            let length = std::fs::metadata(self.place(&file.path)).map(|known| known.len());
            length.is_ok_and(|length| length >= file.length)
        };
        self.earlier.files.iter().filter(is_there).cloned().collect()
    }

    /// Bytes taken so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn place(&self, path: &str) -> PathBuf {
        path.split('/')
            .fold(self.folder.clone(), |place, part| place.join(part))
    }

    fn place_anew(&self, path: &str) -> PathBuf {
        self.place(&format!("{path}.anew"))
    }

    /// Takes bytes of a file.
    ///
    /// # Errors
    /// When the path leads elsewhere, or they cannot be written.
    pub fn take(&mut self, path: &str, offset: u64, data: &[u8]) -> io::Result<()> {
        if !is_path(path) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a path of the copy leads elsewhere",
            ));
        }
        let is_open = self.open.as_ref().is_some_and(|(open, _)| open == path);
        if !is_open || offset == 0 {
            self.close()?;
            let place = if offset == 0 {
                self.anew.insert(path.to_owned());
                self.place_anew(path)
            } else {
                self.place(path)
            };
            place.parent().map_or(Ok(()), create_folder)?;
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(offset == 0)
                .mode(0o600)
                .open(place)?;
            self.open = Some((path.to_owned(), file));
        }
        if let Some((_, file)) = &self.open {
            file.write_all_at(data, offset)?;
            self.bytes += crate::codec::len64(data.len());
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some((_, file)) => file.sync_all(),
            None => Ok(()),
        }
    }

    /// Puts the manifest in place, and what takes the place of other files before it; removes what no longer belongs
    /// to the copy.
    ///
    /// # Errors
    /// When files cannot be put in place: the copy is taken again then.
    pub fn finish(mut self, text: &str) -> io::Result<Manifest> {
        let manifest = Manifest::decode(text)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the manifest is damaged"))?;
        self.close()?;
        let mut folders = BTreeSet::new();
        for path in std::mem::take(&mut self.anew) {
            let place = self.place(&path);
            std::fs::rename(self.place_anew(&path), &place)?;
            folders.extend(place.parent().map(Path::to_owned));
        }
        for folder in folders {
            sync_folder(&folder)?;
        }
        put_file(&self.folder.join(MANIFEST_FILE), text.as_bytes(), 0o600)?;
        for gone in self
            .earlier
            .files
            .iter()
            .filter(|file| manifest.file(&file.path).is_none())
        {
            std::fs::remove_file(self.place(&gone.path))?;
        }
        Ok(manifest)
    }
}
