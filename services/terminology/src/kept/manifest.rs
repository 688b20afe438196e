//! The blob that lists kept files. Canonical bytes; versions once written stay readable.

use sha2::{Digest as _, Sha256};
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};

/// Version that is written: paths, sizes, digests and pieces.
const VERSION: u8 = 2;
/// Version of old: the files themselves stand in the blob.
const VERSION_WHOLE: u8 = 1;
/// Most files of one manifest.
const FILES_MAX: usize = 100_000;
/// Most pieces of one file: 256 GiB.
const PIECES_MAX: usize = 65_536;

/// What kept files there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The files, by path.
    pub(crate) files: Vec<KeptFile>,
}

/// A kept file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptFile {
    pub(crate) path: String,
    pub(crate) size: u64,
    /// SHA-256 of its bytes.
    pub(crate) digest: [u8; 32],
    pub(crate) body: Body,
}

/// Where the bytes of a kept file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Here.
    Whole(Vec<u8>),
    /// In blobs, each a compressed piece.
    Pieces(Vec<[u8; 32]>),
}

impl Manifest {
    /// Canonical bytes of the version written today. Files that stand in the manifest itself cannot be written.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(VERSION);
        writer.seq(&self.files, |writer, file| {
            writer.str(&file.path);
            writer.varint(file.size);
            writer.raw(&file.digest);
            let pieces = match &file.body {
                Body::Whole(_) => &[][..],
                Body::Pieces(pieces) => pieces,
            };
            writer.seq(pieces, |writer, piece| writer.raw(piece));
        });
        writer.into_bytes()
    }

    /// Reads a manifest of any version written so far.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let files = match reader.u8()? {
            VERSION_WHOLE => reader.seq(FILES_MAX, |reader| {
                let (path, bytes) = (reader.string()?, reader.bytes()?.to_vec());
                Ok(KeptFile {
                    path,
                    size: bytes.len() as u64,
                    digest: Sha256::digest(&bytes).into(),
                    body: Body::Whole(bytes),
                })
            })?,
            VERSION => reader.seq(FILES_MAX, |reader| {
                Ok(KeptFile {
                    path: reader.string()?,
                    size: reader.varint()?,
                    digest: reader.array()?,
                    body: Body::Pieces(reader.seq(PIECES_MAX, Reader::array)?),
                })
            })?,
            _ => return Err(reader.error(DecodeProblem::Version)),
        };
        reader.finish()?;
        Ok(Self { files })
    }

    /// Whether both list the same files with the same bytes, however they are kept and whatever folders they lay in.
    pub(crate) fn has_same_files(&self, other: &Self) -> bool {
        let named = |manifest: &Self| -> Vec<(String, [u8; 32])> {
            let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
            let files = manifest.files.iter();
            let mut named: Vec<_> = files.map(|file| (name(&file.path), file.digest)).collect();
            named.sort();
            named
        };
        named(self) == named(other)
    }

    /// Digests of the blobs that hold the pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.files.iter().flat_map(|file| match &file.body {
            Body::Whole(_) => &[][..],
            Body::Pieces(pieces) => pieces,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One file `a/b` of the bytes `xy`, in the first version.
    const WHOLE: [u8; 9] = [1, 1, 3, b'a', b'/', b'b', 2, b'x', b'y'];

    #[test]
    fn what_was_written_once_is_read_for_ever() {
        let mut written = vec![2, 1, 3, b'a', b'/', b'b', 2];
        written.extend([5; 32]);
        written.push(1);
        written.extend([7; 32]);
        let read = Manifest {
            files: vec![KeptFile {
                path: "a/b".to_owned(),
                size: 2,
                digest: [5; 32],
                body: Body::Pieces(vec![[7; 32]]),
            }],
        };
        assert_eq!(Manifest::decode(&written), Ok(read.clone()));
        assert_eq!(read.encode(), written);
    }

    #[test]
    fn files_of_both_versions_are_told_to_be_the_same() {
        let old = Manifest::decode(&WHOLE).unwrap();
        let new = Manifest {
            files: vec![KeptFile {
                path: "elsewhere/b".to_owned(),
                size: 2,
                digest: Sha256::digest(b"xy").into(),
                body: Body::Pieces(vec![[7; 32]]),
            }],
        };
        assert!(old.has_same_files(&new));
        assert_eq!(Manifest::decode(&new.encode()), Ok(new.clone()));
        assert_eq!(new.pieces().collect::<Vec<_>>(), [&[7; 32]]);
        for end in 0..new.encode().len() {
            assert!(Manifest::decode(&new.encode()[..end]).is_err());
        }
    }
}
