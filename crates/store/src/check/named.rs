//! Blobs that the authority's stream names: releases with their files, editions, value sets and maps, what was uploaded, and
//! published figures. An entry stays for ever, and so must what it names; that a blob is gone is seen only from here. Reads
//! no store.

use std::collections::BTreeSet;

use vardnav_release::entry::{AuthorityEntry, Change, UploadStep};
use vardnav_release::package::Manifest;

use super::Finding;
use crate::contract::{Digest, StoredRow, StreamId};

/// A blob that an entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Where in the authority's stream the entry stands.
    pub(crate) position: u64,
    /// What it is.
    what: String,
    /// Its digest.
    pub(crate) digest: Digest,
    /// Whether it names further blobs: the files of a release.
    pub(crate) is_release: bool,
}

impl Named {
    /// The blob that an entry names; `None` when it names none, or cannot be read, which is found otherwise. Nothing is held
    /// of a draft that was not published: its package may be gone.
    pub(crate) fn by(row: &StoredRow) -> Option<Self> {
        let (what, digest, is_release) = match AuthorityEntry::decode(&row.bytes).ok()?.change {
            Change::ReleasePublished { draft, digest, .. } => (format!("release {draft}"), digest, true),
            Change::EditionImported(edition) => {
                let what = format!("edition {} of {}", edition.version, edition.system);
                (what, edition.blob, false)
            }
            Change::ContentImported(content) => (format!("content {}", content.url), content.blob, false),
            Change::ConceptMapPut(map) => (format!("map {}", map.url), map.blob, false),
            Change::Upload(UploadStep::Put(put)) => {
                let what = format!("upload {} {} revision {}", put.kind, put.id, put.revision);
                (what, put.blob, false)
            }
            Change::FiguresPublished(record) => (format!("publication {}", record.id()), record.blob, false),
            _ => return None,
        };
        Some(Self {
            position: row.position,
            what,
            digest: Digest(digest),
            is_release,
        })
    }

    /// The files of the release whose manifest these bytes are.
    pub(crate) fn files(&self, manifest: &[u8]) -> Vec<Self> {
        let Ok(manifest) = Manifest::decode(manifest) else {
            return Vec::new();
        };
        let each = manifest.files().map(|(path, digest)| Self {
            position: self.position,
            what: format!("{}, file {path}", self.what),
            digest: Digest(*digest),
            is_release: false,
        });
        each.collect()
    }

    /// That it is not there; `place` is where it must be.
    pub(crate) fn missing(&self, place: &str) -> Finding {
        let what = format!("{}: blob {} is missing", self.what, self.digest);
        let finding = Finding::of("VN-STO-018", place.to_owned(), what);
        finding.row(&StreamId::authority(), self.position).lost()
    }
}

/// What is left to be looked for of rows of the authority's stream, where `seen` are those that are there. What is seen
/// once is not looked for again.
pub(crate) fn sought(rows: &[StoredRow], seen: &BTreeSet<Digest>) -> Vec<Named> {
    let named = rows.iter().filter_map(Named::by);
    named
        .filter(|named| named.is_release || !seen.contains(&named.digest))
        .collect()
}
