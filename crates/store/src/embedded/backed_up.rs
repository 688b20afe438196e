//! What a copy of the store asks of it: a position of all streams, and bytes of the log and blobs that are sound.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Embedded;
use super::frame::SEGMENT_HEADER;
use super::recovery::{Found, find};
use super::segments::damaged;
use crate::codec::len64;
use crate::contract::{Digest, Head, StoreError, StreamId};
use crate::disk::unavailable;
use crate::window::Window;

impl Embedded {
    /// Where the log ends, and the heads of all streams there.
    pub(crate) fn position(&self) -> (u64, Vec<(StreamId, Head)>) {
        let (end, heads) = self.shared.heads.snapshot();
        let heads = heads.into_iter().map(|(stream, (_, head))| (stream, head));
        (end, heads.collect())
    }

    /// Segments of the log up to a position: where each begins, and its bytes up to there.
    pub(crate) fn segment_lengths(&self, end: u64) -> Result<Vec<(u64, u64)>, StoreError> {
        let mut lengths = Vec::new();
        for (base, file) in self.shared.segments.list() {
            let length = file
                .length()
                .map_err(|error| unavailable("cannot read the log", &error))?;
            if base < end {
                lengths.push((base, length.min(end - base)));
            }
        }
        Ok(lengths)
    }

    /// How often the log was begun or ended to be written over.
    pub(crate) fn redactions(&self) -> u64 {
        let _ended = self
            .shared
            .redacting
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        self.shared.redactions.load(Ordering::Acquire)
    }

    /// Holds a segment against its checksums, up to a length.
    pub(crate) fn sound_segment(&self, base: u64, length: u64) -> Result<(), StoreError> {
        let failed = |error| unavailable("cannot read the log", &error);
        let (_, file) = self.shared.segments.at(base).ok_or_else(|| damaged(base))?;
        let mut window = Window::new(&*file).map_err(failed)?;
        let mut at = base + SEGMENT_HEADER;
        while at < base + length {
            let id = self.shared.segments.id();
            match find(&mut window, id, base, at).map_err(failed)? {
                Found::Frame(head, _) => at += len64(head.length),
                _ => return Err(damaged(at)),
            }
        }
        Ok(())
    }

    /// Digests of all blobs.
    pub(crate) fn blob_digests(&self) -> Result<Vec<Digest>, StoreError> {
        let digests = self.shared.blobs.list();
        digests.map_err(|error| unavailable("cannot list the blobs", &error))
    }

    /// Holds a blob against its digest.
    pub(crate) fn sound_blob(&self, digest: &Digest) -> Result<(), StoreError> {
        self.shared.blobs.get(digest).map(drop)
    }
}
