//! Projection rows and cursors in sled. All of it can be rebuilt from the ledger: when damaged it is set aside and
//! every cursor starts from zero.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::keyed;
use super::opening::Opening;
use super::recovery::Damage;
use crate::codec::index;
use crate::contract::{Change, Cursor, ProjectionRow, StoreError, StreamId, check_projection};
use crate::disk::{Disk, Open};

/// The open projections; one sled tree each, rows under `r`, cursors under `c`.
pub(crate) struct Projections {
    files: Opening,
    disk: Arc<dyn Disk>,
    /// The file that asks for them to be built anew.
    asked: PathBuf,
    /// Held while they are opened again.
    reopening: Mutex<()>,
    /// Held from looking at a cursor until it is moved, and while a projection is forgotten.
    committing: Mutex<()>,
}

impl Projections {
    /// `asked` is the file that asks for them to be built anew at the next start.
    pub(crate) fn new(files: Opening, disk: Arc<dyn Disk>, asked: PathBuf) -> Self {
        Self {
            files,
            disk,
            asked,
            reopening: Mutex::new(()),
            committing: Mutex::new(()),
        }
    }

    /// Begins to open them, beside what is in use already.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn begin(&self) -> std::io::Result<()> {
        self.files.begin()
    }

    /// What was found wrong when they were opened; waits until they are.
    pub(crate) fn damage(&self) -> Vec<Damage> {
        self.files.damage()
    }

    /// Passes an answer on. After files failed sled answers nothing else, so it is opened again for whoever asks next;
    /// rows and cursors may then be somewhat older, together.
    /// Damage is noted, so that they are built anew at the next start.
    fn mended<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error @ StoreError::Corrupt(_)) = &answer {
            tracing::error!(%error, "the projections are damaged; they are built anew at the next start");
            if let Err(error) = self.disk.open(&self.asked, Open::Create) {
                tracing::error!(%error, "cannot note that the projections are damaged");
            }
        }
        if let Err(StoreError::Unavailable(why)) = &answer
            && let Ok(_alone) = self.reopening.try_lock()
        {
            match self.files.again() {
                Ok(()) => tracing::warn!(%why, "the projections were opened again"),
                Err(error) => tracing::error!(%error, "the projections cannot be opened again yet"),
            }
        }
        answer
    }

    fn db(&self) -> Result<Arc<sled::Db>, StoreError> {
        self.files.get()?.db()
    }

    fn tree(&self, projection: &str) -> Result<sled::Tree, StoreError> {
        let tree = self.db()?.open_tree(projection);
        tree.map_err(|error| failed(&error))
    }

    pub(crate) fn row(&self, projection: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.mended(self.try_row(projection, key))
    }

    fn try_row(&self, projection: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self
            .tree(projection)?
            .get(row_key(key))
            .map_err(|error| failed(&error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    pub(crate) fn scan(
        &self,
        projection: &str,
        from: &[u8],
        limit: u32,
    ) -> Result<Vec<ProjectionRow>, StoreError> {
        self.mended(self.try_scan(projection, from, limit))
    }

    fn try_scan(&self, projection: &str, from: &[u8], limit: u32) -> Result<Vec<ProjectionRow>, StoreError> {
        let mut rows = Vec::new();
        for item in self
            .tree(projection)?
            .range(row_key(from)..)
            .take(index(limit.into()))
        {
            let (key, value) = item.map_err(|error| failed(&error))?;
            let key = key.get(1..).unwrap_or_default().to_vec();
            rows.push(ProjectionRow {
                key,
                value: value.to_vec(),
            });
        }
        Ok(rows)
    }

    pub(crate) fn cursor(&self, projection: &str, stream: &StreamId) -> Result<u64, StoreError> {
        self.mended(self.try_cursor(projection, stream))
    }

    fn try_cursor(&self, projection: &str, stream: &StreamId) -> Result<u64, StoreError> {
        let value = self
            .tree(projection)?
            .get(cursor_key(stream))
            .map_err(|error| failed(&error))?;
        value.map_or(Ok(0), |value| read_cursor(&value))
    }

    /// A projection's cursors by stream.
    pub(crate) fn cursors_of(&self, projection: &str) -> Result<BTreeMap<StreamId, u64>, StoreError> {
        self.mended(self.try_cursors_of(projection))
    }

    fn try_cursors_of(&self, projection: &str) -> Result<BTreeMap<StreamId, u64>, StoreError> {
        let mut cursors = BTreeMap::new();
        for pair in self.tree(projection)?.scan_prefix(b"c") {
            let (key, value) = pair.map_err(|error| failed(&error))?;
            let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok());
            if let Some(stream) = name.and_then(|name| StreamId::new(name).ok()) {
                cursors.insert(stream, read_cursor(&value)?);
            }
        }
        Ok(cursors)
    }

    /// Every projection's cursor on every stream, by projection and stream.
    pub(crate) fn cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        self.mended(self.try_cursors())
    }

    fn try_cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        let mut cursors = Vec::new();
        for name in self.db()?.tree_names() {
            let projection = std::str::from_utf8(&name).ok();
            // A tree of sled's own is none.
            let Some(projection) = projection.filter(|name| check_projection(name).is_ok()) else {
                continue;
            };
            let own = self.try_cursors_of(projection)?.into_iter();
            cursors.extend(own.map(|(stream, next)| Cursor {
                projection: projection.to_owned(),
                stream,
                next,
            }));
        }
        cursors.sort_unstable();
        Ok(cursors)
    }

    /// Reads every row of every projection, for whoever asks whether that can be done.
    pub(crate) fn read_through(&self) -> Result<(), StoreError> {
        self.mended(self.try_read_through())
    }

    fn try_read_through(&self) -> Result<(), StoreError> {
        let db = self.db()?;
        for name in db.tree_names() {
            let tree = db.open_tree(&name).map_err(|error| failed(&error))?;
            for pair in tree.iter() {
                pair.map_err(|error| failed(&error))?;
            }
        }
        Ok(())
    }

    pub(crate) fn commit(
        &self,
        projection: &str,
        stream: &StreamId,
        expected: u64,
        next: u64,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        self.mended(self.try_commit(projection, stream, expected, next, changes))
    }

    fn try_commit(
        &self,
        projection: &str,
        stream: &StreamId,
        expected: u64,
        next: u64,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        // Nothing else writes: one process holds the files, and within it one commit at a time looks at its cursor.
        let _alone = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = self.tree(projection)?;
        let cursor = tree.get(cursor_key(stream)).map_err(|error| failed(&error))?;
        let actual = cursor.map_or(Ok(0), |value| read_cursor(&value))?;
        if actual != expected {
            return Err(StoreError::Conflict { expected, actual });
        }
        let mut batch = sled::Batch::default();
        for change in changes {
            match &change.value {
                Some(value) => batch.insert(row_key(&change.key), value.as_slice()),
                None => batch.remove(row_key(&change.key)),
            }
        }
        batch.insert(cursor_key(stream), &next.to_le_bytes());
        // Written out within half a second; what a crash takes is followed again.
        tree.apply_batch(batch).map_err(|error| failed(&error))
    }

    pub(crate) fn clear(&self, projection: &str) -> Result<(), StoreError> {
        let _alone = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = self.db().and_then(|db| {
            let dropped = db.drop_tree(projection);
            dropped.map(drop).map_err(|error| failed(&error))
        });
        self.mended(dropped)
    }
}

fn failed(error: &sled::Error) -> StoreError {
    keyed::failed("projections", error)
}

fn row_key(key: &[u8]) -> Vec<u8> {
    [b"r", key].concat()
}

fn cursor_key(stream: &StreamId) -> Vec<u8> {
    [b"c", stream.as_str().as_bytes()].concat()
}

fn read_cursor(bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Corrupt("projection cursor".to_owned()))?;
    Ok(u64::from_le_bytes(bytes))
}
