//! ICD-10-SE and KVÅ among other files: their text files are read folder by folder.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::{Contents, Files, Read};
use crate::codesystem::{FILE_BYTES_MAX, ImportFinding, detect, is_wanted, read_folder};

/// Whether a path can be of these text files.
pub(super) fn wants(path: &str) -> bool {
    is_wanted(path)
}

/// Reads those of `paths` that are of these text files, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    for group in detect(paths.iter().map(String::as_str)) {
        let mut bytes = Vec::new();
        for path in &group.paths {
            match whole(files, path) {
                Ok(file) => bytes.push((path.as_str(), file)),
                Err(error) => contents.findings.push(ImportFinding::error(
                    "VN-IMP-009",
                    path,
                    0,
                    format!("the file cannot be read: {error}"),
                )),
            }
        }
        let (systems, findings) = read_folder(bytes.iter().map(|(path, file)| (*path, file.as_slice())));
        contents.findings.extend(findings);
        contents
            .code_systems
            .extend(systems.into_iter().map(|system| Read {
                content: system,
                paths: group.paths.clone(),
            }));
    }
    paths.iter().cloned().collect()
}

/// A file, as far as the reader looks: one byte more than it takes shows that a file is too large.
fn whole(files: &dyn Files, path: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    files.open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
