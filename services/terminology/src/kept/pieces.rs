//! Kept files read back, piece by piece: never a whole large file in memory.

use std::io::{self, BufRead, Read};

use vardnav_interchange::content::Files;
use vardnav_store::{Blobs, Digest};

use super::PIECE_BYTES;
use super::manifest::{Body, KeptFile, Manifest};

/// The files of a manifest, their pieces in a store. Blocks while it reads.
pub struct Kept<'b> {
    manifest: Manifest,
    blobs: &'b Blobs,
}

impl<'b> Kept<'b> {
    /// The files of a manifest.
    pub fn new(manifest: Manifest, blobs: &'b Blobs) -> Self {
        Self { manifest, blobs }
    }

    fn file(&self, path: &str) -> Option<&KeptFile> {
        self.manifest.files.iter().find(|file| file.path == path)
    }
}

impl Files for Kept<'_> {
    fn paths(&self) -> Vec<String> {
        self.manifest.files.iter().map(|file| file.path.clone()).collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        Some(self.file(path)?.size)
    }

    fn open<'f>(&'f self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'f>> {
        let file = self.file(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(match &file.body {
            Body::Whole(bytes) => Box::new(bytes.as_slice()),
            Body::Pieces(pieces) => Box::new(PieceReader::new(pieces.len(), |piece| {
                let digest = Digest(*pieces.get(piece).ok_or(io::ErrorKind::NotFound)?);
                let bytes = self.blobs.get(&digest).map_err(io::Error::other)?;
                bytes.ok_or_else(|| io::Error::other("a piece of the file is missing"))
            })),
        })
    }
}

/// Reads compressed pieces one after the other.
pub(super) struct PieceReader<F> {
    fetch: F,
    count: usize,
    next: usize,
    piece: Vec<u8>,
    at: usize,
}

impl<F: FnMut(usize) -> io::Result<B>, B: AsRef<[u8]>> PieceReader<F> {
    /// A reader of `count` pieces, each of which `fetch` gives by its number.
    pub(super) fn new(count: usize, fetch: F) -> Self {
        Self {
            fetch,
            count,
            next: 0,
            piece: Vec::new(),
            at: 0,
        }
    }
}

impl<F: FnMut(usize) -> io::Result<B>, B: AsRef<[u8]>> BufRead for PieceReader<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at >= self.piece.len() && self.next < self.count {
            let bytes = (self.fetch)(self.next)?;
            self.piece = unpacked(bytes.as_ref())?;
            self.at = 0;
            self.next += 1;
        }
        Ok(self.piece.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount).min(self.piece.len());
    }
}

impl<F: FnMut(usize) -> io::Result<B>, B: AsRef<[u8]>> Read for PieceReader<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

/// A piece, compressed; its length comes first.
pub(super) fn packed(piece: &[u8]) -> Vec<u8> {
    lz4_flex::compress_prepend_size(piece)
}

/// A piece as it was.
///
/// # Errors
/// When the bytes are none.
pub(super) fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
    let damaged = || io::Error::other("a piece of the file is damaged");
    let (size, _) = lz4_flex::block::uncompressed_size(packed).map_err(|_| damaged())?;
    if size > PIECE_BYTES {
        return Err(damaged());
    }
    lz4_flex::decompress_size_prepended(packed).map_err(|_| damaged())
}
