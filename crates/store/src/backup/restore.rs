//! Making a copy a node's folder again: every file is held against its digest, and the store that comes of it against
//! the heads of the manifest, before the folder takes its name.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::give::digest_up_to;
use super::{MANIFEST_FILE, Manifest, SECRETS};
use crate::check::Told;
use crate::contract::{Digest, StoreError};
use crate::embedded::{Embedded, Options};
use crate::files::{create_folder, read_up_to, sync_folder};

const CHUNK: usize = 1024 * 1024;

/// Why a copy was not restored; the folder it was to become is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder it is to become holds something.
    #[error("{} holds something already: name a folder that is empty or does not exist", .0.display())]
    Taken(PathBuf),
    /// The manifest cannot be read.
    #[error("{} holds no copy: its manifest is missing or damaged", .0.display())]
    Manifest(PathBuf),
    /// A file of the copy is damaged or gone.
    #[error("{0} of the copy is damaged or missing")]
    File(String),
    /// The store that comes of the copy is not the one that was copied.
    #[error("the restored store is not the one that was copied: {0}")]
    Heads(String),
    /// Files cannot be read or written.
    #[error("cannot restore: {0}")]
    Io(#[from] io::Error),
    /// The restored store cannot be opened.
    #[error("the restored store cannot be opened: {0}")]
    Store(#[from] StoreError),
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the copy consisted of; its heads are those of the restored store.
    pub manifest: Manifest,
    /// Secret keys that are still to be put in place, from the node's folder.
    pub keys_missing: Vec<String>,
}

/// Makes the copy in `from` a node's folder `to`, which must be missing or empty. Secret keys come from the copy, or
/// from `keys`, a folder with what another copy had of them.
///
/// # Errors
/// When the copy is damaged, or what comes of it does not have the heads of the manifest: `to` is left as it was.
pub fn restore(from: &Path, to: &Path, keys: Option<&Path>) -> Result<Restored, RestoreError> {
    if std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(RestoreError::Taken(to.to_owned()));
    }
    let text = std::fs::read_to_string(from.join(MANIFEST_FILE)).unwrap_or_default();
    let manifest = Manifest::decode(&text).ok_or_else(|| RestoreError::Manifest(from.to_owned()))?;
    let mut name = to.as_os_str().to_owned();
    name.push(".restoring");
    let place = PathBuf::from(name);
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    let restored = fill(from, &place, keys, &manifest).and_then(|keys_missing| {
        hold(&place, &manifest)?;
        if to.exists() {
            std::fs::remove_dir(to)?;
        }
        std::fs::rename(&place, to)?;
        match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent)?,
            _ => {}
        }
        Ok(keys_missing)
    });
    match restored {
        Ok(keys_missing) => Ok(Restored {
            manifest,
            keys_missing,
        }),
        Err(error) => {
            // What is left under the temporary name is removed next time.
            let _ = std::fs::remove_dir_all(&place);
            Err(error)
        }
    }
}

/// Copies every file, held against its digest; answers the keys that are missing.
fn fill(
    from: &Path,
    place: &Path,
    keys: Option<&Path>,
    manifest: &Manifest,
) -> Result<Vec<String>, RestoreError> {
    create_folder(place)?;
    for file in &manifest.files {
        let target = join(place, &file.path);
        target.parent().map_or(Ok(()), create_folder)?;
        let damaged = || RestoreError::File(file.path.clone());
        let source = File::open(join(from, &file.path)).map_err(|_| damaged())?;
        let mut digest = Sha256::new();
        if digest_up_to(&source, file.length, &mut digest)? != file.length
            || Digest(digest.finalize().into()) != file.digest
        {
            return Err(damaged());
        }
        copy(&source, file.length, &target)?;
    }
    let mut missing = Vec::new();
    for secret in SECRETS {
        let target = join(place, secret);
        if target.exists() {
            continue;
        }
        match keys.map(|keys| File::open(join(keys, secret))) {
            Some(Ok(source)) => {
                target.parent().map_or(Ok(()), create_folder)?;
                let length = source.metadata()?.len();
                copy(&source, length, &target)?;
            }
            _ => missing.push((*secret).to_owned()),
        }
    }
    Ok(missing)
}

fn join(folder: &Path, path: &str) -> PathBuf {
    path.split('/')
        .fold(folder.to_owned(), |place, part| place.join(part))
}

fn copy(source: &File, length: u64, target: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(target)?;
    let mut at = 0;
    while at < length {
        let bytes = read_up_to(source, at, crate::codec::index(length - at).min(CHUNK))?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.write_all(&bytes)?;
        at += crate::codec::len64(bytes.len());
    }
    file.sync_all()?;
    target.parent().map_or(Ok(()), sync_folder)
}

/// The restored store has the heads of the manifest, and every byte of it is sound.
fn hold(place: &Path, manifest: &Manifest) -> Result<(), RestoreError> {
    let store = Embedded::open(&place.join("store"), Options::default())?;
    let (_, heads) = store.position();
    let heads: Vec<_> = heads.into_iter().filter(|(_, head)| head.size > 0).collect();
    if heads != manifest.heads {
        return Err(RestoreError::Heads("its heads are others".to_owned()));
    }
    let mut first = None;
    store.check(&mut |told| {
        if let Told::Finding(finding) = told {
            first.get_or_insert(finding);
        }
        true
    })?;
    match first {
        Some(finding) => Err(RestoreError::Heads(format!(
            "{}: {}",
            finding.file, finding.message
        ))),
        None => Ok(()),
    }
}
