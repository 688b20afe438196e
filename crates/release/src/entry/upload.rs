//! Uploads in the authority's stream: data that are no records, each a document of its own that is put whole, put again,
//! and withdrawn. What a document holds, its kind says; here stand who, what, from where, and the digest of its bytes.

use jiff::civil::Date;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};

use crate::package::Digest;

/// Where data are said to come from that are made up: a source that begins so.
pub const MADE_UP: &str = "synthetic";

/// A step of an upload. The kinds are stored: see [`UploadStep::kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadStep {
    /// A revision was put. It takes the place of the one before it.
    Put(UploadRecord),
    /// An upload no longer holds, until it is put again.
    Withdrawn {
        /// Kind of the upload.
        kind: String,
        /// Its id.
        id: String,
        /// The revision that was withdrawn.
        revision: u32,
        /// Why.
        reason: String,
    },
}

/// A revision of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploadRecord {
    /// Kind, which says how its bytes are read: `population`, `series`.
    pub kind: String,
    /// Id within the kind.
    pub id: String,
    /// Number of the revision, from 1.
    pub revision: u32,
    /// The date that the content is of: the day of a count, the last day of a series.
    pub date: Date,
    /// Where the data come from, in words. What is made up begins with [`MADE_UP`].
    pub source: String,
    /// How many rows.
    pub rows: u64,
    /// Id of the release that it was held against.
    pub release: String,
    /// Digest of the blob that holds the content in the one form of its kind.
    pub blob: Digest,
}

impl UploadRecord {
    /// Whether the data are made up, by what is said of their source.
    pub fn is_made_up(&self) -> bool {
        self.source.starts_with(MADE_UP)
    }
}

impl UploadStep {
    /// The stored kind byte.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Put(_) => 25,
            Self::Withdrawn { .. } => 26,
        }
    }

    /// Whether a kind byte is of an upload.
    pub(super) fn is_kind(kind: u8) -> bool {
        (25..=26).contains(&kind)
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Put(upload) => vec![&upload.kind, &upload.id, &upload.source, &upload.release],
            Self::Withdrawn { kind, id, reason, .. } => vec![kind, id, reason],
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Self::Put(upload) => {
                w.str(&upload.kind);
                w.str(&upload.id);
                w.u32(upload.revision);
                w.date(upload.date);
                w.str(&upload.source);
                w.varint(upload.rows);
                w.str(&upload.release);
                w.raw(&upload.blob);
            }
            Self::Withdrawn {
                kind,
                id,
                revision,
                reason,
            } => {
                w.str(kind);
                w.str(id);
                w.u32(*revision);
                w.str(reason);
            }
        }
    }

    pub(super) fn read(kind: u8, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            25 => Self::Put(UploadRecord {
                kind: r.string()?,
                id: r.string()?,
                revision: r.u32()?,
                date: r.date()?,
                source: r.string()?,
                rows: r.varint()?,
                release: r.string()?,
                blob: r.array()?,
            }),
            26 => Self::Withdrawn {
                kind: r.string()?,
                id: r.string()?,
                revision: r.u32()?,
                reason: r.string()?,
            },
            _ => return Err(r.error(DecodeProblem::Tag)),
        })
    }
}
