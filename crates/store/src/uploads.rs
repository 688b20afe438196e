//! Uploads behind the authority: their content as blobs, their revisions as entries, what was read of them while it holds.
//! What an upload may say is decided in `vardnav_release::lifecycle`, what its bytes mean by whoever reads them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vardnav_release::authority::{KeptUpload, Upload};
use vardnav_release::entry::UploadRecord;
use vardnav_release::lifecycle::{self, Refusal};

use crate::authority::{Authority, AuthorityError, DecideError};
use crate::contract::Digest;

/// Puts uploads, withdraws them, and gives what holds.
pub struct UploadKeeper {
    authority: Arc<Authority>,
    cache: Mutex<HashMap<Key, Arc<dyn Any + Send + Sync>>>,
}

/// Kind, id and revision.
type Key = (String, String, u32);

/// How the bytes of a kind are read; an error says why not, for people.
pub type Decode<T> = fn(&[u8], &UploadRecord) -> Result<T, String>;

/// What holds of an upload, with where it comes from.
#[derive(Debug)]
pub struct Held<T> {
    /// Source, date, revision.
    pub record: UploadRecord,
    /// What its content says.
    pub content: Arc<T>,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self {
            record: self.record.clone(),
            content: Arc::clone(&self.content),
        }
    }
}

/// What holds of an upload was not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an upload was not read yet")]
pub struct NotAtHand;

/// An upload that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutUpload {
    /// What holds now; with what was only checked, what would.
    pub kept: KeptUpload,
    /// Whether it is a new revision.
    pub changed: bool,
}

impl UploadKeeper {
    /// Uploads in the stream of an authority.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self {
            authority,
            cache: Mutex::default(),
        }
    }

    /// The authority whose stream names the uploads.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// Puts the next revision of an upload, whose number and blob are given here: `bytes` are its content in the one form
    /// of its kind. Just what holds already changes nothing. With `validate_only` nothing is kept.
    ///
    /// # Errors
    /// The refusal, or that the store does not take it.
    pub async fn put(
        &self,
        caller: &str,
        at: i64,
        record: UploadRecord,
        bytes: Vec<u8>,
        validate_only: bool,
    ) -> Result<PutUpload, DecideError<Refusal>> {
        let record = UploadRecord {
            blob: Digest::of(&bytes).0,
            ..record
        };
        let mut state = self.authority.view().state().clone();
        let changed =
            match lifecycle::put_upload(&state, caller, at, &record).map_err(DecideError::Refused)? {
                None => false,
                Some(entry) if validate_only => {
                    entry.sealed().map_err(AuthorityError::Entry)?;
                    // The state is this question's own, and what was just decided on fits it.
                    let _ = state.apply(&entry);
                    true
                }
                Some(_) => {
                    self.authority.keep_blob(bytes).await?;
                    let mut written = false;
                    let decided = self.authority.decide_all(|state| {
                        let entry = lifecycle::put_upload(state, caller, at, &record)?;
                        written = entry.is_some();
                        Ok::<_, Refusal>(entry.into_iter().collect())
                    });
                    state = decided.await?.state().clone();
                    written
                }
            };
        let kept = state
            .uploads()
            .get(&record.kind, &record.id)
            .and_then(Upload::last);
        let kept = kept.cloned().ok_or_else(|| unread(&record, "it is not there"))?;
        Ok(PutUpload { kept, changed })
    }

    /// Withdraws an upload; one that is withdrawn already stays as it is.
    ///
    /// # Errors
    /// The refusal, or that the store does not take it.
    pub async fn withdraw(
        &self,
        caller: &str,
        at: i64,
        kind: &str,
        id: &str,
        reason: &str,
    ) -> Result<KeptUpload, DecideError<Refusal>> {
        let decided = self.authority.decide_all(|state| {
            let entry = lifecycle::withdraw_upload(state, caller, at, kind, id, reason)?;
            Ok::<_, Refusal>(entry.into_iter().collect())
        });
        let view = decided.await?;
        let last = view.state().uploads().get(kind, id).and_then(Upload::last);
        last.cloned().ok_or(DecideError::Refused(Refusal::UnknownUpload))
    }

    /// What holds of an upload, read with `decode` unless it is at hand; `None` when there is none or it is withdrawn.
    /// A kind is read with the same `decode` everywhere.
    ///
    /// # Errors
    /// When its blob is not there or cannot be read.
    pub async fn held<T: Any + Send + Sync>(
        &self,
        kind: &str,
        id: &str,
        decode: Decode<T>,
    ) -> Result<Option<Held<T>>, AuthorityError> {
        let view = self.authority.view();
        match view.state().uploads().get(kind, id).and_then(Upload::current) {
            Some(record) => Ok(Some(self.load(record, decode).await?)),
            None => Ok(None),
        }
    }

    /// What holds of a kind, by id.
    ///
    /// # Errors
    /// When one of the blobs is not there or cannot be read.
    pub async fn held_all<T: Any + Send + Sync>(
        &self,
        kind: &str,
        decode: Decode<T>,
    ) -> Result<Vec<Held<T>>, AuthorityError> {
        let view = self.authority.view();
        let mut all = Vec::new();
        for record in view.state().uploads().current(kind) {
            all.push(self.load(record, decode).await?);
        }
        Ok(all)
    }

    /// What holds of an upload, as far as it has been read; `None` when there is none or it is withdrawn. Never waits.
    ///
    /// # Errors
    /// When it holds and was not read since: [`Self::held`] reads it.
    pub fn at_hand<T: Any + Send + Sync>(&self, kind: &str, id: &str) -> Result<Option<Held<T>>, NotAtHand> {
        let view = self.authority.view();
        let record = view.state().uploads().get(kind, id).and_then(Upload::current);
        record
            .map(|record| self.known(record).ok_or(NotAtHand))
            .transpose()
    }

    /// As [`Self::at_hand`], of all of a kind, by id.
    ///
    /// # Errors
    /// When one of them was not read: [`Self::held_all`] reads them.
    pub fn all_at_hand<T: Any + Send + Sync>(&self, kind: &str) -> Result<Vec<Held<T>>, NotAtHand> {
        let view = self.authority.view();
        let current = view.state().uploads().current(kind);
        current
            .map(|record| self.known(record).ok_or(NotAtHand))
            .collect()
    }

    /// What was read of a revision.
    fn known<T: Any + Send + Sync>(&self, record: &UploadRecord) -> Option<Held<T>> {
        let key = (record.kind.clone(), record.id.clone(), record.revision);
        let known = self.cache().get(&key).cloned();
        let content = known?.downcast::<T>().ok()?;
        let record = record.clone();
        Some(Held { record, content })
    }

    async fn load<T: Any + Send + Sync>(
        &self,
        record: &UploadRecord,
        decode: Decode<T>,
    ) -> Result<Held<T>, AuthorityError> {
        if let Some(known) = self.known(record) {
            return Ok(known);
        }
        let key = (record.kind.clone(), record.id.clone(), record.revision);
        let bytes = self.authority.blob(&record.blob).await?;
        let bytes = bytes.ok_or_else(|| unread(record, "its blob is missing"))?;
        let of = record.clone();
        let content = tokio::task::spawn_blocking(move || decode(&bytes, &of)).await;
        let content = content.unwrap_or_else(|_| Err("the reader gave up".to_owned()));
        let content = Arc::new(content.map_err(|message| unread(record, &message))?);
        self.remember(key, Arc::clone(&content) as Arc<dyn Any + Send + Sync>);
        let record = record.clone();
        Ok(Held { record, content })
    }

    /// Keeps what was read in the place of other revisions, when it still holds.
    fn remember(&self, key: Key, content: Arc<dyn Any + Send + Sync>) {
        let view = self.authority.view();
        let current = view
            .state()
            .uploads()
            .get(&key.0, &key.1)
            .and_then(Upload::current);
        let holds = current.is_some_and(|record| record.revision == key.2);
        let mut cache = self.cache();
        cache.retain(|known, _| (&known.0, &known.1) != (&key.0, &key.1));
        if holds {
            cache.insert(key, content);
        }
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<Key, Arc<dyn Any + Send + Sync>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unread(record: &UploadRecord, message: &str) -> AuthorityError {
    AuthorityError::Load {
        what: format!("upload {} {}", record.kind, record.id),
        message: message.to_owned(),
    }
}
