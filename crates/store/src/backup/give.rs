//! Giving a copy while the store is in use. The position is taken first; then the log up to there, then blobs and the
//! vault, which hold by then at least what the log up to there speaks of.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{FileRecord, Manifest, SECRETS};
use crate::codec::len64;
use crate::contract::{Digest, Head, StoreError, StreamId};
use crate::disk::unavailable;
use crate::embedded::Embedded;
use crate::files::read_up_to;

/// Bytes given together.
const CHUNK: usize = 1024 * 1024;
/// How often a file that is written over while it is read is begun again.
const AGAIN: usize = 20;

/// Something of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Bytes of a file, in order of offset. A first chunk at offset 0 begins the file anew.
    Chunk {
        /// Path within the node's folder.
        path: String,
        /// Where they belong.
        offset: u64,
        /// The bytes.
        data: Vec<u8>,
    },
    /// How far the copy has come.
    Progress {
        /// Bytes of the log done.
        done: u64,
        /// Bytes of the log in all.
        total: u64,
    },
}

/// A copy on its way.
struct Giving<'a> {
    store: &'a Embedded,
    node: &'a Path,
    held: &'a [FileRecord],
    give: &'a mut dyn FnMut(Given) -> bool,
    manifest: Manifest,
}

impl Embedded {
    /// Gives what a copy consists of, at the position that all streams have when it begins, and answers its
    /// manifest. `node` is the folder the store's folder lies in; what is `held` already is not given again as far as
    /// it is the same. Works on the disk: call it outside async tasks.
    ///
    /// # Errors
    /// `Corrupt` when the log or a blob is damaged: a copy of it would take the place of a better one. `Unavailable`
    /// when files cannot be read, or `give` wants no more.
    pub fn back_up(
        &self,
        node: &Path,
        held: &[FileRecord],
        taken: i64,
        give: &mut dyn FnMut(Given) -> bool,
    ) -> Result<Manifest, StoreError> {
        let (end, heads) = self.position();
        let heads = heads
            .into_iter()
            .filter(|(_, head): &(StreamId, Head)| head.size > 0);
        let mut giving = Giving {
            store: self,
            node,
            held,
            give,
            manifest: Manifest {
                taken,
                end,
                files: Vec::new(),
                heads: heads.collect(),
            },
        };
        giving.log(end)?;
        giving.whole("store/store")?;
        for digest in self.blob_digests()? {
            self.sound_blob(&digest)?;
            let name = digest.to_string();
            let folder: String = name.chars().take(2).collect();
            giving.whole(&format!("store/blobs/{folder}/{name}"))?;
        }
        giving.folder("vault")?;
        giving.folder("keys")?;
        giving.manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(giving.manifest)
    }
}

impl Giving<'_> {
    /// The log up to a position.
    fn log(&mut self, end: u64) -> Result<(), StoreError> {
        for (base, length) in self.store.segment_lengths(end)? {
            let path = format!("store/log/{base:020}.log");
            let mut tries = 0;
            loop {
                let written_over = self.store.redactions();
                self.store.sound_segment(base, length)?;
                let record = self.file(&path, Some(length))?;
                if self.store.redactions() == written_over {
                    self.manifest.files.push(record);
                    break;
                }
                tries += 1;
                if tries == AGAIN {
                    let what = "the log is written over again and again";
                    return Err(StoreError::Unavailable(what.to_owned()));
                }
            }
            self.say(Given::Progress {
                done: (base + length).min(end),
                total: end,
            })?;
        }
        Ok(())
    }

    /// Every file of a folder of the node but locks, leftovers and secret keys.
    fn folder(&mut self, name: &str) -> Result<(), StoreError> {
        let folder = self.node.join(name);
        let failed = |error: io::Error| unavailable("cannot read a folder of the node", &error);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let file = entry.file_name();
            let Some(file) = file.to_str() else { continue };
            let path = format!("{name}/{file}");
            let is_secret = SECRETS.contains(&path.as_str());
            let is_file = entry.file_type().map_err(failed)?.is_file();
            if !is_file || file == "lock" || file.ends_with(".tmp") || is_secret {
                continue;
            }
            self.whole(&path)?;
        }
        Ok(())
    }

    /// A file as long as it is now.
    fn whole(&mut self, path: &str) -> Result<(), StoreError> {
        let record = self.file(path, None)?;
        self.manifest.files.push(record);
        Ok(())
    }

    /// Gives what of a file is not held, up to a length.
    fn file(&mut self, path: &str, length: Option<u64>) -> Result<FileRecord, StoreError> {
        let failed = |error: io::Error| unavailable("cannot read a file for the copy", &error);
        let place: PathBuf = path
            .split('/')
            .fold(self.node.to_owned(), |place, part| place.join(part));
        let file = File::open(place).map_err(failed)?;
        let length = match length {
            Some(length) => length,
            None => file.metadata().map_err(failed)?.len(),
        };
        let held = self
            .held
            .iter()
            .find(|held| held.path == path && held.length <= length);
        let mut digest = Sha256::new();
        let mut at = 0;
        if let Some(held) = held {
            at = digest_up_to(&file, held.length, &mut digest).map_err(failed)?;
            if at != held.length || Digest(digest.clone().finalize().into()) != held.digest {
                digest = Sha256::new();
                at = 0;
            }
        }
        let mut begun = at > 0;
        while at < length || !begun {
            begun = true;
            let wanted = crate::codec::index(length - at).min(CHUNK);
            let data = read_up_to(&file, at, wanted).map_err(failed)?;
            if data.len() < wanted {
                return Err(StoreError::Unavailable(
                    "a file grew shorter while it was copied".to_owned(),
                ));
            }
            digest.update(&data);
            let offset = at;
            at += len64(data.len());
            self.say(Given::Chunk {
                path: path.to_owned(),
                offset,
                data,
            })?;
        }
        Ok(FileRecord {
            path: path.to_owned(),
            length,
            digest: Digest(digest.finalize().into()),
        })
    }

    fn say(&mut self, given: Given) -> Result<(), StoreError> {
        match (self.give)(given) {
            true => Ok(()),
            false => Err(StoreError::Unavailable("nobody waits for the copy".to_owned())),
        }
    }
}

/// Takes bytes of a file into a digest; answers how many there were.
pub(super) fn digest_up_to(file: &File, length: u64, digest: &mut Sha256) -> io::Result<u64> {
    let mut at = 0;
    while at < length {
        let bytes = read_up_to(file, at, crate::codec::index(length - at).min(CHUNK))?;
        if bytes.is_empty() {
            break;
        }
        digest.update(&bytes);
        at += len64(bytes.len());
    }
    Ok(at)
}
