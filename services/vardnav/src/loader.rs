//! How kept bytes become what answers: the loader of the authority, over the file formats.

use std::sync::Arc;

use vardnav_interchange::release;
use vardnav_release::Snapshot;
use vardnav_release::entry::EditionRecord;
use vardnav_release::package::Package;
use vardnav_store::Loader;
use vardnav_terminology::Edition;

/// Loads releases from their folders and editions from their official files.
pub(crate) struct Files;

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

    fn load_edition(&self, record: &EditionRecord, bytes: &[u8]) -> Result<Edition, String> {
        vardnav_service_terminology::load(record, bytes)
    }
}
