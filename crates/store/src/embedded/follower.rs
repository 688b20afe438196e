//! The thread behind the log: takes sealed parts of the overlay into the index and merges runs. Never on the way to
//! an acknowledgement; when the index fails, parts stay in memory and the index is built anew at the next start.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::Shared;
use super::index::Index;
use super::index_codec::Manifest;
use super::overlay::Sealed;

/// Runs until the sending side is dropped.
pub(crate) fn follow(shared: &Shared, mut manifest: Manifest, parts: &Receiver<Arc<Sealed>>) {
    let mut sound = true;
    while let Ok(sealed) = parts.recv() {
        if !sound {
            continue;
        }
        if let Err(error) = take_in(shared, &shared.index, &mut manifest, &sealed) {
            tracing::error!(%error, "the index cannot follow the log");
            shared.distrust_index(&error);
            sound = false;
            continue;
        }
        shared.overlay.forget(&sealed);
    }
    if let Err(error) = shared.index.flush() {
        tracing::error!(%error, "the index could not be flushed");
    }
}

fn take_in(
    shared: &Shared,
    index: &Index,
    manifest: &mut Manifest,
    sealed: &Arc<Sealed>,
) -> Result<(), crate::contract::StoreError> {
    // The hash files must be durable up to the checkpoint, for recovery writes them anew only from there.
    for state in &sealed.states {
        shared.settle(&state.id)?;
        let synced = shared.hashes.sync(&state.id);
        synced.map_err(|error| crate::files::unavailable("cannot sync a hash file", &error))?;
    }
    index.absorb(sealed, manifest)?;
    while index.merge(manifest, shared.options.fan_in)? {}
    index.flush()
}
