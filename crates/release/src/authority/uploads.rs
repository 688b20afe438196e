//! Uploads as the stream tells of them: of each the revisions in order, the last of which holds unless it is withdrawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FoldError, Mark};
use crate::entry::{UploadRecord, UploadStep};

/// All uploads, by kind and id. Cloning shares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uploads {
    known: Arc<BTreeMap<String, BTreeMap<String, Upload>>>,
}

/// An upload with its revisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upload {
    revisions: Vec<KeptUpload>,
}

/// A revision as it was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptUpload {
    /// What was put.
    pub record: UploadRecord,
    /// Who put it, and when.
    pub mark: Mark,
    /// That it was withdrawn.
    pub withdrawn: Option<Withdrawal>,
}

/// That a revision was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Why.
    pub reason: String,
    /// Who withdrew it, and when.
    pub mark: Mark,
}

impl Upload {
    /// All revisions, the first one first.
    pub fn revisions(&self) -> &[KeptUpload] {
        &self.revisions
    }

    /// A revision by its number.
    pub fn revision(&self, number: u32) -> Option<&KeptUpload> {
        self.revisions.iter().find(|kept| kept.record.revision == number)
    }

    /// The last revision, withdrawn or not.
    pub fn last(&self) -> Option<&KeptUpload> {
        self.revisions.last()
    }

    /// The revision that holds: the last one, unless it is withdrawn.
    pub fn current(&self) -> Option<&UploadRecord> {
        let last = self.last().filter(|last| last.withdrawn.is_none())?;
        Some(&last.record)
    }
}

impl Uploads {
    /// Takes a step in.
    pub(super) fn take(&mut self, step: &UploadStep, mark: Mark) -> Result<(), FoldError> {
        match step {
            UploadStep::Put(record) => self.put(record, mark),
            UploadStep::Withdrawn {
                kind,
                id,
                revision,
                reason,
            } => self.withdraw(
                kind,
                id,
                *revision,
                Withdrawal {
                    reason: reason.clone(),
                    mark,
                },
            ),
        }
    }

    fn put(&mut self, record: &UploadRecord, mark: Mark) -> Result<(), FoldError> {
        let last = self.get(&record.kind, &record.id).and_then(Upload::last);
        if last.is_some_and(|last| last.record == *record && last.mark == mark) {
            return Ok(());
        }
        let next = last.map_or(Some(1), |last| last.record.revision.checked_add(1));
        if next != Some(record.revision) {
            return Err(unfit(&record.kind, &record.id));
        }
        let of_kind = Arc::make_mut(&mut self.known).entry(record.kind.clone());
        let upload = of_kind.or_default().entry(record.id.clone()).or_default();
        upload.revisions.push(KeptUpload {
            record: record.clone(),
            mark,
            withdrawn: None,
        });
        Ok(())
    }

    fn withdraw(
        &mut self,
        kind: &str,
        id: &str,
        revision: u32,
        withdrawal: Withdrawal,
    ) -> Result<(), FoldError> {
        let last = self.get(kind, id).and_then(Upload::last);
        match last.filter(|last| last.record.revision == revision) {
            Some(last) if last.withdrawn.as_ref() == Some(&withdrawal) => return Ok(()),
            Some(last) if last.withdrawn.is_none() => {}
            _ => return Err(unfit(kind, id)),
        }
        let of_kind = Arc::make_mut(&mut self.known).get_mut(kind);
        let last = of_kind.and_then(|of_kind| of_kind.get_mut(id)?.revisions.last_mut());
        last.ok_or_else(|| unfit(kind, id))?.withdrawn = Some(withdrawal);
        Ok(())
    }

    /// An upload by kind and id, withdrawn or not.
    pub fn get(&self, kind: &str, id: &str) -> Option<&Upload> {
        self.known.get(kind)?.get(id)
    }

    /// The uploads of a kind by id, withdrawn ones included.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&str, &Upload)> {
        let of_kind = self.known.get(kind).into_iter().flatten();
        of_kind.map(|(id, upload)| (id.as_str(), upload))
    }

    /// What holds of a kind, by id.
    pub fn current(&self, kind: &str) -> impl Iterator<Item = &UploadRecord> {
        self.of_kind(kind).filter_map(|(_, upload)| upload.current())
    }

    /// All uploads by kind and id, withdrawn ones included.
    pub fn all(&self) -> impl Iterator<Item = &Upload> {
        self.known.values().flat_map(BTreeMap::values)
    }

    /// How many uploads of a kind there are, withdrawn ones included.
    pub fn count(&self, kind: &str) -> usize {
        self.known.get(kind).map_or(0, BTreeMap::len)
    }

    /// Whether they are those of another state, of which this one was made.
    pub fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.known, &other.known)
    }
}

fn unfit(kind: &str, id: &str) -> FoldError {
    FoldError::Upload(format!("{kind} {id}"))
}
