//! Files as they come in, in compressed pieces in memory until it is known whether they are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use sha2::{Digest as _, Sha256};
use vardnav_interchange::content::Files;
use vardnav_store::Digest;

use super::PIECE_BYTES;
use super::manifest::{Body, KeptFile, Manifest};
use super::pieces::{PieceReader, packed};
use super::uploads::upload_name;

/// Most files.
const FILES_MAX: usize = 20_000;
/// Most bytes of all files together.
const BYTES_MAX: u64 = 16 << 30;
/// Most bytes of all compressed pieces together.
const PACKED_MAX: usize = 2 << 30;
/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 512;

/// Takes files in pieces of any size: those of a file follow each other.
#[derive(Default)]
pub struct Spool {
    files: BTreeMap<String, SpooledFile>,
    /// Paths of the files in the order in which they came.
    order: Vec<String>,
    current: Option<Current>,
    bytes: u64,
    packed: usize,
}

/// The files that came in.
pub struct Spooled(BTreeMap<String, SpooledFile>);

struct SpooledFile {
    size: u64,
    digest: [u8; 32],
    pieces: Vec<Piece>,
}

/// A compressed piece of a file.
struct Piece {
    /// SHA-256 of the compressed bytes.
    digest: [u8; 32],
    bytes: Vec<u8>,
}

/// The file that is coming in.
struct Current {
    path: String,
    size: u64,
    hash: Sha256,
    rest: Vec<u8>,
    pieces: Vec<Piece>,
}

/// Why a piece is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// There are too many files.
    #[error("more than {FILES_MAX} files; import them in parts")]
    TooManyFiles,
    /// The files are too large.
    #[error("the files are larger than an import may be; import them in parts")]
    TooLarge,
    /// A file comes a second time.
    #[error("a file comes twice; send the pieces of a file one after the other")]
    Twice,
    /// A path is no path inside a package.
    #[error("a path is empty, too long, absolute, or leads upwards")]
    Path,
}

impl Spool {
    /// Takes the next bytes of a file.
    ///
    /// # Errors
    /// When a limit is passed, the file came before, or the path is none.
    pub fn push(&mut self, path: &str, data: &[u8]) -> Result<(), SpoolError> {
        self.bytes = self.bytes.saturating_add(data.len() as u64);
        if self.bytes > BYTES_MAX || self.packed > PACKED_MAX {
            return Err(SpoolError::TooLarge);
        }
        let mut current = match self.current.take() {
            Some(current) if current.path == path => current,
            other => {
                self.close(other);
                self.begin(path)?
            }
        };
        current.hash.update(data);
        current.size += data.len() as u64;
        let mut data = data;
        while current.rest.len() + data.len() >= PIECE_BYTES {
            let (head, tail) = data
                .split_at_checked(PIECE_BYTES - current.rest.len())
                .unwrap_or((data, &[]));
            current.rest.extend_from_slice(head);
            self.packed += current.pack();
            data = tail;
        }
        current.rest.extend_from_slice(data);
        self.current = Some(current);
        Ok(())
    }

    /// What came in: paths and sizes, in the order in which the files began. Only the last one may be in parts.
    pub fn arrived(&self) -> Vec<(String, u64)> {
        let sized = |path: &String| (path.clone(), self.files.get(path).map_or(0, |file| file.size));
        let mut arrived: Vec<_> = self.order.iter().map(sized).collect();
        arrived.extend(
            self.current
                .iter()
                .map(|current| (current.path.clone(), current.size)),
        );
        arrived
    }

    /// All files.
    pub fn finish(mut self) -> Spooled {
        let last = self.current.take();
        self.close(last);
        Spooled(self.files)
    }

    fn begin(&self, path: &str) -> Result<Current, SpoolError> {
        let allowed = !path.is_empty()
            && path.len() <= PATH_BYTES_MAX
            && !path.chars().any(|c| c.is_control() || c == '\\')
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !allowed {
            return Err(SpoolError::Path);
        }
        if self.files.contains_key(path) {
            return Err(SpoolError::Twice);
        }
        if self.files.len() >= FILES_MAX {
            return Err(SpoolError::TooManyFiles);
        }
        Ok(Current {
            path: path.to_owned(),
            size: 0,
            hash: Sha256::new(),
            rest: Vec::new(),
            pieces: Vec::new(),
        })
    }

    fn close(&mut self, current: Option<Current>) {
        if let Some(mut current) = current {
            if !current.rest.is_empty() {
                self.packed += current.pack();
            }
            let file = SpooledFile {
                size: current.size,
                digest: current.hash.finalize().into(),
                pieces: current.pieces,
            };
            self.order.push(current.path.clone());
            self.files.insert(current.path, file);
        }
    }
}

impl Current {
    /// Compresses what has come in into a piece; answers how large that is.
    fn pack(&mut self) -> usize {
        let bytes = packed(&self.rest);
        self.rest.clear();
        let size = bytes.len();
        self.pieces.push(Piece {
            digest: Digest::of(&bytes).0,
            bytes,
        });
        size
    }
}

impl Spooled {
    /// The name of an upload of these files.
    pub(crate) fn name(&self) -> [u8; 32] {
        let files = self.0.iter();
        upload_name(
            files
                .map(|(path, file)| (path.as_str(), file.size, file.digest))
                .collect(),
        )
    }

    /// The manifest of some of the files.
    pub(crate) fn manifest(&self, paths: &[String]) -> Manifest {
        let files = self.of(paths).map(|(path, file)| KeptFile {
            path: path.clone(),
            size: file.size,
            digest: file.digest,
            body: Body::Pieces(file.pieces.iter().map(|piece| piece.digest).collect()),
        });
        Manifest {
            files: files.collect(),
        }
    }

    /// The blobs of the pieces of some of the files.
    pub(crate) fn pieces(&self, paths: &[String]) -> impl Iterator<Item = &Vec<u8>> {
        let pieces = self.of(paths).flat_map(|(_, file)| &file.pieces);
        pieces.map(|piece| &piece.bytes)
    }

    /// Those of the files that have one of some paths, by path.
    fn of(&self, paths: &[String]) -> impl Iterator<Item = (&String, &SpooledFile)> {
        let paths: BTreeSet<&String> = paths.iter().collect();
        paths.into_iter().filter_map(|path| self.0.get_key_value(path))
    }
}

impl Files for Spooled {
    fn paths(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        Some(self.0.get(path)?.size)
    }

    fn open<'f>(&'f self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'f>> {
        let file = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(PieceReader::new(file.pieces.len(), |piece| {
            let piece = file.pieces.get(piece);
            let bytes = piece.map(|piece| &piece.bytes);
            bytes.ok_or_else(|| io::ErrorKind::NotFound.into())
        })))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn files_come_back_as_they_came_however_they_were_cut() {
        let bytes: Vec<u8> = (0..PIECE_BYTES * 2 + 77).map(|at| (at % 251) as u8).collect();
        for cut in [1 << 20, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES * 3] {
            let mut spool = Spool::default();
            spool.push("empty", &[]).unwrap();
            for piece in bytes.chunks(cut) {
                spool.push("a/large", piece).unwrap();
            }
            let spooled = spool.finish();
            assert_eq!(spooled.paths(), ["a/large", "empty"]);
            let mut back = Vec::new();
            spooled.open("a/large").unwrap().read_to_end(&mut back).unwrap();
            assert!(back == bytes, "cut at {cut}");
            let large = ["a/large".to_owned()];
            let (manifest, blobs) = (spooled.manifest(&large), spooled.pieces(&large));
            let digests: Vec<[u8; 32]> = blobs.map(|blob| Digest::of(blob).0).collect();
            assert_eq!((manifest.files.len(), digests.len()), (1, 3));
            assert_eq!(manifest.pieces().copied().collect::<Vec<_>>(), digests);
            assert_eq!(manifest.files[0].digest, <[u8; 32]>::from(Sha256::digest(&bytes)));
        }
    }

    #[test]
    fn paths_that_lead_out_and_files_that_return_are_refused() {
        let mut spool = Spool::default();
        for path in ["", "/a", "../a", "a/../b", "a//b", "a\\b"] {
            assert_eq!(spool.push(path, b"x"), Err(SpoolError::Path), "{path}");
        }
        spool.push("a", b"x").unwrap();
        spool.push("b", b"x").unwrap();
        assert_eq!(spool.push("a", b"x"), Err(SpoolError::Twice));
    }
}
