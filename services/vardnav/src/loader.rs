//! How kept bytes become what answers: the loader of the authority, over the file formats.

use std::sync::Arc;

use vardnav_interchange::{maps, release};
use vardnav_register::mapping::CodeMap;
use vardnav_release::Snapshot;
use vardnav_release::entry::{ConceptMapRecord, EditionRecord};
use vardnav_release::package::Package;
use vardnav_service_terminology::{EditionCache, load};
use vardnav_store::{Blobs, Contents, Digest, Loader};
use vardnav_terminology::Edition;

/// Loads releases from their folders, everything else from its official files.
pub(crate) struct Files {
    /// Compiled editions, so that a start takes no longer than reading them.
    pub(crate) cache: EditionCache,
}

impl Loader for Files {
    fn load_release(&self, package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, String> {
        release::compile(package, editions).map_err(|findings| {
            let first = findings
                .iter()
                .find(|finding| !finding.warning)
                .or(findings.first());
            let first = first.map(ToString::to_string).unwrap_or_default();
            format!("{} findings, the first: {first}", findings.len())
        })
    }

    fn load_edition(&self, record: &EditionRecord, blobs: &Blobs) -> Result<Edition, String> {
        load::edition(record, blobs, Some(&self.cache))
    }

    fn load_editions(&self, records: &[EditionRecord], blobs: &Blobs) -> Vec<Result<Edition, String>> {
        load::editions(records, blobs, Some(&self.cache))
    }

    fn load_contents(&self, blob: &Digest, blobs: &Blobs) -> Result<Contents, String> {
        load::contents(blob, blobs)
    }

    fn load_concept_map(&self, record: &ConceptMapRecord, bytes: &[u8]) -> Result<CodeMap, String> {
        let (map, findings) = maps::read(&record.file, bytes);
        let map = map.map(|map| CodeMap::compile(&map));
        map.ok_or_else(|| findings.first().map(ToString::to_string).unwrap_or_default())
    }
}
