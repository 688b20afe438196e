//! Files that come in pieces: pieces of a file follow each other, files follow files.

use crate::pb::vardnav::r#type::v1::FileChunk;
use crate::release::package_error;
use crate::status::ApiError;
use vardnav_release::package::{FILES_MAX, PACKAGE_BYTES_MAX, Package, PackageError};

/// What has come in so far.
#[derive(Debug, Default)]
pub struct Upload {
    files: Vec<(String, Vec<u8>)>,
    size: usize,
}

impl Upload {
    /// Takes a piece: of the last file when the path is the same, else the first of the next.
    ///
    /// # Errors
    /// When the package grows beyond its limits.
    pub fn push(&mut self, chunk: FileChunk) -> Result<(), ApiError> {
        self.size = self.size.saturating_add(chunk.data.len());
        if self.size > PACKAGE_BYTES_MAX {
            return Err(package_error(&PackageError::TooLarge));
        }
        let full = self.files.len() >= FILES_MAX;
        match self.files.last_mut() {
            Some((path, bytes)) if *path == chunk.path => bytes.extend_from_slice(&chunk.data),
            _ if full => return Err(package_error(&PackageError::TooManyFiles)),
            _ => self.files.push((chunk.path, chunk.data.to_vec())),
        }
        Ok(())
    }

    /// The package.
    ///
    /// # Errors
    /// When a path is not allowed or comes twice, or a file is too large.
    pub fn finish(self) -> Result<Package, ApiError> {
        Package::new(self.files).map_err(|error| package_error(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(path: &str, data: &str) -> FileChunk {
        FileChunk {
            path: path.to_owned(),
            data: data.as_bytes().to_vec().into(),
        }
    }

    #[test]
    fn pieces_of_a_file_join_and_a_file_that_returns_is_refused() {
        let mut upload = Upload::default();
        for (path, data) in [("a", "1"), ("a", "2"), ("b", "")] {
            upload.push(chunk(path, data)).unwrap();
        }
        let package = upload.finish().unwrap();
        assert_eq!(
            package.files().collect::<Vec<_>>(),
            [("a", &b"12"[..]), ("b", &b""[..])]
        );

        let mut upload = Upload::default();
        for path in ["a", "b", "a"] {
            upload.push(chunk(path, "1")).unwrap();
        }
        assert_eq!(upload.finish().unwrap_err().code, "VN-REL-305");
    }
}
