//! A store in which another server is faster: rows that wait are appended to a stream right before what this one appends.

use std::sync::{Arc, Mutex};

use vardnav_register::tree::Subtree;
use vardnav_store::{
    Answer, Change, Cursor, Digest, Duty, Hash, Head, ProjectionRow, Row, RowKey, Store, StoredRow, StreamId,
};

pub(crate) struct Ahead {
    inner: Arc<dyn Store>,
    waits: Mutex<Vec<(StreamId, Row)>>,
}

impl Ahead {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            waits: Mutex::default(),
        }
    }

    /// Has a row come before the next one of a stream.
    pub(crate) fn put(&self, stream: &StreamId, row: Row) {
        self.waits.lock().unwrap().push((stream.clone(), row));
    }
}

impl Store for Ahead {
    fn append<'a>(&'a self, stream: &'a StreamId, expected: u64, rows: Vec<Row>) -> Answer<'a, Head> {
        Box::pin(async move {
            let waits: Vec<_> = {
                let mut waits = self.waits.lock().unwrap();
                waits.extract_if(.., |(of, _)| of == stream).collect()
            };
            for (_, row) in waits {
                let size = self.inner.head(stream).await?.size;
                self.inner.append(stream, size, vec![row]).await?;
            }
            self.inner.append(stream, expected, rows).await
        })
    }

    fn append_behind<'a>(&'a self, stream: &'a StreamId, rows: Vec<Row>) -> Answer<'a, Head> {
        self.inner.append_behind(stream, rows)
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, Head> {
        self.inner.head(stream)
    }

    fn streams(&self) -> Answer<'_, Vec<(StreamId, Head)>> {
        self.inner.streams()
    }

    fn read<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        self.inner.read(stream, from, limit)
    }

    fn read_at<'a>(&'a self, stream: &'a StreamId, positions: Vec<u64>) -> Answer<'a, Vec<StoredRow>> {
        self.inner.read_at(stream, positions)
    }

    fn find<'a>(&'a self, stream: &'a StreamId, keys: Vec<RowKey>) -> Answer<'a, Vec<Option<u64>>> {
        self.inner.find(stream, keys)
    }

    fn hashes<'a>(&'a self, stream: &'a StreamId, level: u8, from: u64, count: u32) -> Answer<'a, Vec<Hash>> {
        self.inner.hashes(stream, level, from, count)
    }

    fn subtrees<'a>(&'a self, stream: &'a StreamId, wanted: Vec<Subtree>) -> Answer<'a, Vec<Hash>> {
        self.inner.subtrees(stream, wanted)
    }

    fn mend<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, ()> {
        self.inner.mend(stream)
    }

    fn redact<'a>(&'a self, stream: &'a StreamId, position: u64, bytes: Vec<u8>) -> Answer<'a, ()> {
        self.inner.redact(stream, position, bytes)
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, Digest> {
        self.inner.put_blob(bytes)
    }

    fn get_blob<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Vec<u8>>> {
        self.inner.get_blob(digest)
    }

    fn blobs(&self, after: Option<Digest>, limit: u32) -> Answer<'_, Vec<Digest>> {
        self.inner.blobs(after, limit)
    }

    fn row<'a>(&'a self, projection: &'a str, key: &'a [u8]) -> Answer<'a, Option<Vec<u8>>> {
        self.inner.row(projection, key)
    }

    fn scan<'a>(&'a self, projection: &'a str, from: &'a [u8], limit: u32) -> Answer<'a, Vec<ProjectionRow>> {
        self.inner.scan(projection, from, limit)
    }

    fn cursor<'a>(&'a self, projection: &'a str, stream: &'a StreamId) -> Answer<'a, u64> {
        self.inner.cursor(projection, stream)
    }

    fn cursors(&self) -> Answer<'_, Vec<Cursor>> {
        self.inner.cursors()
    }

    fn commit<'a>(
        &'a self,
        projection: &'a str,
        stream: &'a StreamId,
        expected: u64,
        next: u64,
        changes: Vec<Change>,
    ) -> Answer<'a, ()> {
        self.inner.commit(projection, stream, expected, next, changes)
    }

    fn clear<'a>(&'a self, projection: &'a str) -> Answer<'a, ()> {
        self.inner.clear(projection)
    }

    fn duty(&self) -> Duty {
        self.inner.duty()
    }
}
