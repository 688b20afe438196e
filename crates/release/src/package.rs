//! A release as files: the sorted map from path to bytes that is drafted, checked, approved and published.
//! Content-addressed; it knows nothing of what the files mean and never touches a file system.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// SHA-256.
pub type Digest = [u8; 32];

/// Most files a package may hold.
pub const FILES_MAX: usize = 512;
/// Most bytes one file may hold.
pub const FILE_BYTES_MAX: usize = 8 << 20;
/// Most bytes all files together may hold.
pub const PACKAGE_BYTES_MAX: usize = 32 << 20;
/// Most bytes a path may hold.
pub const PATH_BYTES_MAX: usize = 200;

/// Why files do not make a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// More than [`FILES_MAX`] files.
    #[error("more than {FILES_MAX} files")]
    TooManyFiles,
    /// A file of more than [`FILE_BYTES_MAX`] bytes.
    #[error("`{path}` is larger than {FILE_BYTES_MAX} bytes")]
    FileTooLarge {
        /// Its path.
        path: String,
    },
    /// More than [`PACKAGE_BYTES_MAX`] bytes in all.
    #[error("the files together are larger than {PACKAGE_BYTES_MAX} bytes")]
    TooLarge,
    /// A path that is absolute, leaves the folder, or holds other characters than letters, digits, `.`, `_`, `-`.
    #[error("path number {number} is not a relative path of letters, digits, `.`, `_` and `-`")]
    PathNotAllowed {
        /// Which one, counted from 1 in the order given.
        number: usize,
    },
    /// The same path twice.
    #[error("`{path}` is given twice")]
    PathTwice {
        /// The path.
        path: String,
    },
    /// Bytes that are not a manifest, or not in its one canonical form.
    #[error("the manifest of the package cannot be read")]
    Manifest,
    /// A file whose bytes are not those the manifest names.
    #[error("the bytes of `{path}` are not those of the manifest")]
    OtherBytes {
        /// Its path.
        path: String,
    },
}

/// Codes of packages that are not taken: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-REL-301",
        "the folder has too many files",
        "leave out what is not part of the release",
    ),
    (
        "VN-REL-302",
        "a file is too large",
        "split it, or leave out what is not part of the release",
    ),
    (
        "VN-REL-303",
        "the files together are too large",
        "leave out what is not part of the release",
    ),
    (
        "VN-REL-304",
        "a path is not relative, or has characters that are not allowed",
        "use letters, digits, `.`, `_` and `-`, and stay within the folder",
    ),
    ("VN-REL-305", "a path is given twice", "send each file once"),
    (
        "VN-REL-306",
        "the manifest cannot be read",
        "fetch the package again; the stored one is damaged when this goes on",
    ),
    (
        "VN-REL-307",
        "the bytes of a file are not those that the manifest names",
        "fetch the package again; the stored one is damaged when this goes on",
    ),
];

impl PackageError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooManyFiles => "VN-REL-301",
            Self::FileTooLarge { .. } => "VN-REL-302",
            Self::TooLarge => "VN-REL-303",
            Self::PathNotAllowed { .. } => "VN-REL-304",
            Self::PathTwice { .. } => "VN-REL-305",
            Self::Manifest => "VN-REL-306",
            Self::OtherBytes { .. } => "VN-REL-307",
        }
    }
}

/// The files of a release, within the limits of this module.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Package {
    files: BTreeMap<String, Vec<u8>>,
}

impl std::fmt::Debug for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Package")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl Package {
    /// Collects files, in any order.
    ///
    /// # Errors
    /// When a limit of this module is passed, a path is not allowed or comes twice.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, PackageError> {
        let mut package = Self::default();
        let mut size = 0usize;
        for (number, (path, bytes)) in files.into_iter().enumerate() {
            if !path_allowed(&path) {
                return Err(PackageError::PathNotAllowed { number: number + 1 });
            }
            if bytes.len() > FILE_BYTES_MAX {
                return Err(PackageError::FileTooLarge { path });
            }
            size = size.saturating_add(bytes.len());
            if size > PACKAGE_BYTES_MAX {
                return Err(PackageError::TooLarge);
            }
            if package.files.contains_key(&path) {
                return Err(PackageError::PathTwice { path });
            }
            package.files.insert(path, bytes);
            if package.files.len() > FILES_MAX {
                return Err(PackageError::TooManyFiles);
            }
        }
        Ok(package)
    }

    /// Files by path, in order of path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The bytes of one file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it holds no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The list of (path, digest of the file), whose own digest identifies the package.
    pub fn manifest(&self) -> Manifest {
        Manifest {
            files: self
                .files
                .iter()
                .map(|(path, bytes)| (path.clone(), sha256(bytes)))
                .collect(),
        }
    }

    /// Identifies the package by its content: the digest of [`Manifest::encode`].
    pub fn digest(&self) -> Digest {
        self.manifest().digest()
    }

    /// Puts a package together again from its manifest and the bytes of its files.
    ///
    /// # Errors
    /// As [`Package::new`], or when bytes are not those the manifest names.
    pub fn assemble(
        manifest: &Manifest,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, PackageError> {
        let package = Self::new(files)?;
        let found = package.manifest();
        if found == *manifest {
            return Ok(package);
        }
        let path = manifest
            .files
            .iter()
            .find(|(path, digest)| found.files.get(*path) != Some(*digest))
            .or_else(|| {
                found
                    .files
                    .iter()
                    .find(|(path, _)| !manifest.files.contains_key(*path))
            })
            .map(|(path, _)| path.clone())
            .unwrap_or_default();
        Err(PackageError::OtherBytes { path })
    }
}

/// What a package holds, by digest. Stored as a blob its own digest is the package's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    files: BTreeMap<String, Digest>,
}

impl Manifest {
    /// Digests by path, in order of path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.files.iter().map(|(path, digest)| (path.as_str(), digest))
    }

    /// Canonical bytes: a line `<digest in hex>  <path>\n` for each file, in order of path.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        for (path, digest) in &self.files {
            text.push_str(&hex(digest));
            text.push_str("  ");
            text.push_str(path);
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// When the bytes are not exactly what [`Manifest::encode`] would write.
    pub fn decode(bytes: &[u8]) -> Result<Self, PackageError> {
        let text = std::str::from_utf8(bytes).map_err(|_| PackageError::Manifest)?;
        let mut files = BTreeMap::new();
        for line in text.lines() {
            let (digest, path) = line.split_once("  ").ok_or(PackageError::Manifest)?;
            let digest = unhex(digest).ok_or(PackageError::Manifest)?;
            if !path_allowed(path) || files.len() >= FILES_MAX {
                return Err(PackageError::Manifest);
            }
            files.insert(path.to_owned(), digest);
        }
        let manifest = Self { files };
        if manifest.encode() == bytes {
            Ok(manifest)
        } else {
            Err(PackageError::Manifest)
        }
    }

    /// SHA-256 of [`Manifest::encode`].
    pub fn digest(&self) -> Digest {
        sha256(&self.encode())
    }
}

/// Writes a digest in lower-case hexadecimal.
pub fn hex(digest: &Digest) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a digest of 64 lower-case hexadecimal digits.
pub fn unhex(text: &str) -> Option<Digest> {
    let mut digest = [0u8; 32];
    if text.len() != 64
        || text
            .bytes()
            .any(|b| !b.is_ascii_digit() && !(b'a'..=b'f').contains(&b))
    {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}

fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

fn path_allowed(path: &str) -> bool {
    path.len() <= PATH_BYTES_MAX
        && path.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &str)]) -> Result<Package, PackageError> {
        Package::new(
            files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())),
        )
    }

    #[test]
    fn digest_depends_on_content_and_paths_but_not_on_order() {
        let one = package(&[("a.toml", "1"), ("b/c.csv", "2")]).unwrap();
        assert_eq!(
            one.digest(),
            package(&[("b/c.csv", "2"), ("a.toml", "1")]).unwrap().digest()
        );
        assert_ne!(
            one.digest(),
            package(&[("a.toml", "1"), ("b/c.csv", "3")]).unwrap().digest()
        );
        assert_ne!(
            one.digest(),
            package(&[("a.toml", "1"), ("b/d.csv", "2")]).unwrap().digest()
        );
        assert_eq!(
            Manifest::decode(&one.manifest().encode()).unwrap(),
            one.manifest()
        );
    }

    #[test]
    fn refuses_what_passes_a_limit() {
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a//b",
            "a/../b",
            ".hidden",
            "å.toml",
            "a b",
        ] {
            assert_eq!(package(&[(path, "")]).unwrap_err().code(), "VN-REL-304", "{path}");
        }
        assert_eq!(package(&[("a", ""), ("a", "")]).unwrap_err().code(), "VN-REL-305");
        let large = Package::new([("a".to_owned(), vec![0; FILE_BYTES_MAX + 1])]);
        assert_eq!(large.unwrap_err().code(), "VN-REL-302");
        let large = Package::new((0..5).map(|n| (n.to_string(), vec![0; FILE_BYTES_MAX])));
        assert_eq!(large.unwrap_err().code(), "VN-REL-303");
        let many = Package::new((0..=FILES_MAX).map(|n| (n.to_string(), Vec::new())));
        assert_eq!(many.unwrap_err().code(), "VN-REL-301");
    }

    #[test]
    fn assembles_only_from_the_bytes_of_the_manifest() {
        let one = package(&[("a", "1"), ("b", "2")]).unwrap();
        let files = |text: &str| {
            vec![
                ("a".to_owned(), b"1".to_vec()),
                ("b".to_owned(), text.as_bytes().to_vec()),
            ]
        };
        assert_eq!(Package::assemble(&one.manifest(), files("2")).unwrap(), one);
        assert_eq!(
            Package::assemble(&one.manifest(), files("3")).unwrap_err(),
            PackageError::OtherBytes { path: "b".to_owned() }
        );
        let mut bytes = one.manifest().encode();
        bytes.pop();
        assert_eq!(Manifest::decode(&bytes), Err(PackageError::Manifest));
    }
}
