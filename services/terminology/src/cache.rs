//! Compiled editions as files, so that a server starts at once. Whatever is wrong with one, it is compiled anew from the
//! kept files and written again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use vardnav_interchange::content;
use vardnav_release::entry::EditionRecord;
use vardnav_terminology::Edition;

/// Extension of images.
const IMAGE: &str = "edition";
/// Extension of images that are being written.
const PART: &str = "part";

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

    /// Removes the images that are not of these editions, and what writers that were stopped left behind: nothing would
    /// ever read them. Call it while nothing is written.
    pub fn prune<'r>(&self, editions: impl Iterator<Item = &'r EditionRecord>) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let wanted: BTreeSet<PathBuf> = editions
            .map(|record| self.path(&record.system, &record.version, &record.blob))
            .collect();
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let is_ours = path
                .extension()
                .is_some_and(|extension| extension == IMAGE || extension == PART);
            if is_ours && !wanted.contains(&path) {
                match fs::remove_file(&path) {
                    Ok(()) => {
                        tracing::info!(path = %path.display(), "a compiled edition that nothing names is removed")
                    }
                    Err(error) => {
                        tracing::warn!(%error, path = %path.display(), "a compiled edition cannot be removed");
                    }
                }
            }
        }
    }

    fn write(&self, edition: &Edition, path: &Path) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let aside = path.with_extension(format!("{}.{PART}", std::process::id()));
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&aside)?);
        edition.write_image(&mut |bytes: &[u8]| file.write_all(bytes))?;
        // A name that outlives a power cut must lead to the whole image.
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(&aside, path)
    }

    fn path(&self, system: &str, version: &str, blob: &[u8; 32]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(content::READING.to_le_bytes());
        for part in [system.as_bytes(), b"\n", version.as_bytes(), b"\n", blob] {
            hash.update(part);
        }
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.{IMAGE}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_nothing_names_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EditionCache::new(&folder.path().join("cache"));
        cache.prune(std::iter::empty());
        let edition = |version: &str| {
            let source = vardnav_terminology::model::CodeSystem {
                url: "urn:codes".to_owned(),
                version: version.to_owned(),
                ..Default::default()
            };
            Edition::compile(source).unwrap()
        };
        for version in ["1", "2"] {
            cache.put(&edition(version), &[7; 32]);
        }
        for name in ["a.12.part", "b.edition", "notes.txt"] {
            fs::write(cache.folder.join(name), "x").unwrap();
        }
        let record = EditionRecord {
            system: "urn:codes".to_owned(),
            version: "2".to_owned(),
            blob: [7; 32],
            ..EditionRecord::default()
        };
        cache.prune(std::iter::once(&record));
        assert!(cache.get("urn:codes", "1", &[7; 32]).is_none());
        assert!(cache.get("urn:codes", "2", &[7; 32]).is_some());
        let left = fs::read_dir(&cache.folder).unwrap().count();
        assert_eq!(left, 2, "the image and the file of another");
    }
}
