//! The manifests of an import: many resources lie in the same files, whose manifest is made once for all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use vardnav_store::Digest;

use super::manifest::Manifest;
use super::spool::Spooled;

/// A manifest, its bytes and their digest.
pub(crate) struct Listed {
    pub(crate) manifest: Manifest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: [u8; 32],
}

/// Manifests by the paths that they list.
pub(crate) struct Manifests<'f> {
    files: &'f Spooled,
    made: BTreeMap<Vec<String>, Arc<Listed>>,
}

impl<'f> Manifests<'f> {
    /// Manifests of some of these files, of which none is made yet.
    pub(crate) fn new(files: &'f Spooled) -> Self {
        Self {
            files,
            made: BTreeMap::new(),
        }
    }

    /// The manifest of the files with some paths.
    pub(crate) fn of(&mut self, paths: &[String]) -> Arc<Listed> {
        if let Some(made) = self.made.get(paths) {
            return Arc::clone(made);
        }
        let manifest = self.files.manifest(paths);
        let bytes = manifest.encode();
        let listed = Arc::new(Listed {
            digest: Digest::of(&bytes).0,
            manifest,
            bytes,
        });
        self.made.insert(paths.to_vec(), Arc::clone(&listed));
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::super::Spool;
    use super::*;

    #[test]
    fn the_manifest_of_the_same_files_is_made_once() {
        let mut spool = Spool::default();
        spool.push("a", b"x").unwrap();
        spool.push("b", b"y").unwrap();
        let files = spool.finish();
        let mut manifests = Manifests::new(&files);
        let path = |path: &str| vec![path.to_owned()];
        let (one, again) = (manifests.of(&path("a")), manifests.of(&path("a")));
        assert!(Arc::ptr_eq(&one, &again));
        assert_eq!(one.manifest.files[0].path, "a");
        let other = manifests.of(&path("b"));
        assert_ne!(one.digest, other.digest);
    }
}
