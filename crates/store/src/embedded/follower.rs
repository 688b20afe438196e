//! What comes behind the log: takes sealed parts of the overlay into the index and merges runs. Never on the way to
//! an acknowledgement. While the index cannot be written the parts stay in memory and it is tried again; when it is
//! damaged it is built anew at the next start.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Shared;
use super::index_codec::Manifest;
use super::overlay::Sealed;
use crate::contract::StoreError;
use crate::disk::unavailable;

/// How long to wait before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows the log with the index.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    manifest: Manifest,
    /// Parts that the index does not hold yet, oldest first.
    waiting: VecDeque<Arc<Sealed>>,
    /// Whether the last try failed.
    failed: bool,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, manifest: Manifest) -> Self {
        Self {
            shared,
            manifest,
            waiting: VecDeque::new(),
            failed: false,
        }
    }

    /// Runs until the sending side is dropped.
    pub(crate) fn run(mut self, parts: &Receiver<Arc<Sealed>>) {
        loop {
            let next = match self.waiting.is_empty() {
                true => parts.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => parts.recv_timeout(AGAIN),
            };
            match next {
                Ok(sealed) => self.take(sealed),
                Err(RecvTimeoutError::Timeout) => self.catch_up(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.catch_up();
        if let Err(error) = self.shared.index.flush() {
            tracing::error!(%error, "the index could not be flushed");
        }
    }

    /// Takes a part in, after those that wait.
    pub(crate) fn take(&mut self, sealed: Arc<Sealed>) {
        self.waiting.push_back(sealed);
        self.catch_up();
    }

    /// Tries to take in what waits.
    fn catch_up(&mut self) {
        while let Some(sealed) = self.waiting.front().cloned() {
            let done = match self.failed {
                true => self.begin_again().and_then(|()| self.take_in(&sealed)),
                false => self.take_in(&sealed),
            };
            if let Err(error) = done {
                if !self.failed {
                    tracing::error!(%error, "the index cannot follow the log");
                    self.shared.distrust_index(&error);
                }
                self.failed = true;
                self.shared.set_behind(Some(error));
                return;
            }
            if std::mem::take(&mut self.failed) {
                tracing::warn!("the index follows the log again");
            }
            self.shared.overlay.forget(&sealed);
            self.waiting.pop_front();
        }
        self.shared.set_behind(None);
    }

    /// Opens the index again: it holds what it held last, or that and the part that failed after it was taken in.
    fn begin_again(&mut self) -> Result<(), StoreError> {
        let next = self.waiting.front().map(|sealed| sealed.log_end);
        let manifest = self.shared.index.reopen(&self.manifest)?;
        if manifest.log_end != self.manifest.log_end && Some(manifest.log_end) != next {
            let what = "the index is not where it was left";
            return Err(StoreError::Corrupt(what.to_owned()));
        }
        self.manifest = manifest;
        Ok(())
    }

    fn take_in(&mut self, sealed: &Arc<Sealed>) -> Result<(), StoreError> {
        // The hash files must be durable up to the checkpoint, for recovery writes them anew only from there.
        for state in &sealed.states {
            self.shared.settle(&state.id)?;
            if let Err(error) = self.shared.hashes.sync(&state.id) {
                // What was to be written may be forgotten: another sync would say nothing of it.
                self.shared.unsettle(&state.id);
                return Err(unavailable("cannot sync a hash file", &error));
            }
        }
        let named = self.shared.hashes.sync_names();
        named.map_err(|error| unavailable("cannot sync the folder of hash files", &error))?;
        let mut manifest = self.manifest.clone();
        if manifest.log_end < sealed.log_end {
            self.shared.index.absorb(sealed, &mut manifest)?;
        }
        while self
            .shared
            .index
            .merge(&mut manifest, self.shared.options.fan_in)?
        {}
        self.shared.index.flush()?;
        self.manifest = manifest;
        Ok(())
    }
}
