//! Blobs for work on the blocking pool: it asks for one after the other and waits for each.

use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

use crate::contract::{Digest, Store, StoreError};

/// Reads blobs of a store. Never use it on a thread of the async runtime: it blocks.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn Store>,
    runtime: Handle,
    unavailable: Arc<OnceLock<StoreError>>,
}

impl Blobs {
    /// Blobs of `store`. Call it inside a tokio runtime, which does the reading.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            runtime: Handle::current(),
            unavailable: Arc::default(),
        }
    }

    /// The bytes kept under a digest; `None` when there are none.
    ///
    /// # Errors
    /// When they cannot be read, or no longer have that digest.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.runtime.block_on(self.store.get_blob(digest));
        if let Err(error @ StoreError::Unavailable(_)) = &bytes {
            // Only the first is told.
            let _ = self.unavailable.set(error.clone());
        }
        bytes
    }

    /// That the store was out of reach once: what was read may be missing for no other reason.
    pub(crate) fn unavailable(&self) -> Option<&StoreError> {
        self.unavailable.get()
    }
}
