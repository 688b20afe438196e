//! Compiled editions as files, so that a server starts at once. Whatever is wrong with one, it is compiled anew from the
//! kept files and written again.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use vardnav_interchange::content;
use vardnav_terminology::Edition;

/// A folder of compiled editions. It may be emptied at any time.
#[derive(Debug, Clone)]
pub struct EditionCache {
    folder: PathBuf,
}

impl EditionCache {
    /// Compiled editions in `folder`, which is made when something is put there.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The edition compiled from the files that a blob lists; `None` when it is not there or cannot be read.
    pub(crate) fn get(&self, system: &str, version: &str, blob: &[u8; 32]) -> Option<Edition> {
        let path = self.path(system, version, blob);
        let mut file = BufReader::with_capacity(1 << 20, File::open(&path).ok()?);
        let edition = Edition::read_image(&mut |out: &mut [u8]| file.read_exact(out));
        match edition {
            Ok(edition) if edition.url() == system && edition.version() == version => Some(edition),
            Ok(_) => None,
            Err(error) => {
                tracing::info!(%error, path = %path.display(), "a compiled edition is made anew");
                None
            }
        }
    }

    /// Keeps a compiled edition. That it cannot is no fault: it costs time at the next start.
    pub(crate) fn put(&self, edition: &Edition, blob: &[u8; 32]) {
        let path = self.path(edition.url(), edition.version(), blob);
        if let Err(error) = self.write(edition, &path) {
            tracing::warn!(%error, path = %path.display(), "a compiled edition cannot be kept");
        }
    }

    fn write(&self, edition: &Edition, path: &Path) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let aside = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&aside)?);
        edition.write_image(&mut |bytes: &[u8]| file.write_all(bytes))?;
        file.flush()?;
        drop(file);
        fs::rename(&aside, path)
    }

    fn path(&self, system: &str, version: &str, blob: &[u8; 32]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(content::READING.to_le_bytes());
        for part in [system.as_bytes(), b"\n", version.as_bytes(), b"\n", blob] {
            hash.update(part);
        }
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.edition"))
    }
}
