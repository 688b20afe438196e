//! What comes behind the log: takes sealed parts of the overlay into the index and merges runs a bit at a time. Never on
//! the way to an acknowledgement. While the index cannot be written the parts stay in memory and it is tried again; when a
//! run of it is damaged, its runs are built anew from the log, and everything at the next start.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Shared;
use super::index_codec::Manifest;
use super::merge::Merging;
use super::overlay::Sealed;
use crate::contract::StoreError;
use crate::disk::unavailable;

/// Entries merged before looking whether a part has come in.
const AT_ONCE: usize = 20_000;
/// Levels that runs come through.
const LEVELS: usize = 3;
/// How often to look whether the index was found damaged.
const LOOK: Duration = Duration::from_millis(200);
/// How long to wait before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows the log with the index.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    manifest: Manifest,
    /// Parts that the index does not hold yet, oldest first.
    waiting: VecDeque<Arc<Sealed>>,
    /// A merge under way.
    merging: Option<Merging>,
    /// Whether the last try failed.
    failed: bool,
    /// Whether the runs could not be built anew: only the next start can help.
    given_up: bool,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, manifest: Manifest) -> Self {
        Self {
            shared,
            manifest,
            waiting: VecDeque::new(),
            merging: None,
            failed: false,
            given_up: false,
        }
    }

    /// Runs until the sending side is dropped.
    pub(crate) fn run(mut self, parts: &Receiver<Arc<Sealed>>) {
        loop {
            let next = match (self.waiting.is_empty(), &self.merging) {
                (true, None) => parts.recv_timeout(LOOK),
                (true, Some(_)) => parts.recv_timeout(Duration::ZERO),
                (false, _) => parts.recv_timeout(AGAIN),
            };
            match next {
                Ok(sealed) => self.take(sealed),
                Err(RecvTimeoutError::Timeout) => self.go_on(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.catch_up();
        if let Err(error) = self.shared.index.flush() {
            tracing::error!(%error, "the index could not be flushed");
        }
    }

    /// Does what is left to do while no part comes in.
    fn go_on(&mut self) {
        if !self.waiting.is_empty() {
            self.catch_up();
        } else if self.shared.index.is_damaged() && !self.given_up {
            self.rebuild();
        } else if self.merging.is_some() {
            self.merge(AT_ONCE);
        }
    }

    /// Takes a part in, after those that wait.
    pub(crate) fn take(&mut self, sealed: Arc<Sealed>) {
        // Each entry is merged once a level: with this much for each that comes in, merging keeps up.
        let entries = sealed.part.keys.len() * LEVELS;
        self.waiting.push_back(sealed);
        self.catch_up();
        if self.waiting.is_empty() {
            self.merge(entries);
        }
    }

    /// Builds the runs anew from the log, in place of damaged ones.
    fn rebuild(&mut self) {
        self.merging = None;
        match self.shared.rebuild_runs(&mut self.manifest) {
            Ok(entries) => {
                tracing::warn!(entries, "the runs of the index were damaged and are built anew");
                self.shared.index.is_rebuilt();
            }
            Err(StoreError::Unavailable(why)) => {
                tracing::error!(why, "the runs of the index cannot be built anew yet");
                std::thread::sleep(AGAIN);
            }
            Err(error) => {
                tracing::error!(%error, "the runs of the index cannot be built anew before the next start");
                self.given_up = true;
            }
        }
    }

    /// Merges about so many entries, if there is anything to merge.
    fn merge(&mut self, entries: usize) {
        if let Err(error) = self.try_merge(entries) {
            if matches!(error, StoreError::Corrupt(_)) {
                self.shared.index.note_damage();
            }
            self.failed_with(error);
        }
    }

    fn try_merge(&mut self, entries: usize) -> Result<(), StoreError> {
        let (index, fan_in) = (&self.shared.index, self.shared.options.fan_in);
        if self.merging.is_none() {
            self.merging = index.begin_merge(&mut self.manifest, fan_in)?;
        }
        let Some(merging) = &mut self.merging else {
            return Ok(());
        };
        if merging.go_on(entries)?
            && let Some(merging) = self.merging.take()
        {
            index.end_merge(merging, &mut self.manifest)?;
            // Of the next level there may be enough as well.
            self.merging = index.begin_merge(&mut self.manifest, fan_in)?;
        }
        Ok(())
    }

    /// Notes that the index cannot be written just now.
    fn failed_with(&mut self, error: StoreError) {
        if !self.failed {
            tracing::error!(%error, "the index cannot follow the log");
            self.shared.distrust_index(&error);
        }
        self.failed = true;
        self.merging = None;
        self.shared.set_behind(Some(error));
    }

    /// Tries to take in what waits.
    fn catch_up(&mut self) {
        while let Some(sealed) = self.waiting.front().cloned() {
            let done = match self.failed {
                true => self.begin_again().and_then(|()| self.take_in(&sealed)),
                false => self.take_in(&sealed),
            };
            if let Err(error) = done {
                return self.failed_with(error);
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
        self.shared.index.flush()?;
        self.manifest = manifest;
        Ok(())
    }
}
