//! The national starter release, embedded: the files an administrator would edit, as a package like any other.

use include_dir::{Dir, DirEntry, include_dir};
use vardnav_release::package::{Package, PackageError};

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter/2026.1");

/// The files of the national starter release.
///
/// # Errors
/// When the embedded files pass a limit of a package; a test holds that they do not.
pub fn package() -> Result<Package, PackageError> {
    let mut files = Vec::new();
    collect(&STARTER, &mut files);
    Package::new(files)
}

fn collect(folder: &Dir<'_>, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file) => {
                let path = file.path().to_string_lossy().replace('\\', "/");
                files.push((path, file.contents().to_vec()));
            }
        }
    }
}
