//! The files of imported content as they are kept: the official files themselves, so that they can be read anew when
//! reading gets better. A blob lists the files and the blobs of their pieces.
//!
//! Pieces are kept compressed. What tells whether files are the same is the digests of their bytes as they were sent,
//! so that another compression never makes them others.

mod listed;
mod manifest;
mod pieces;
mod spool;
mod uploads;

pub(crate) use listed::{Listed, Manifests};
pub use manifest::Manifest;
pub use pieces::Kept;
pub use spool::{Spool, SpoolError, Spooled};
pub(crate) use uploads::Journal;
pub use uploads::{Uploads, digest_of, upload_name};

/// Bytes of a file in one piece, before compression.
const PIECE_BYTES: usize = 4 << 20;
