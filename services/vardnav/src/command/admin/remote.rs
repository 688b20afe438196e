//! The store of a server, read over a connection by whoever copies it: questions go there one at a time, and nothing is
//! written.

use tokio::sync::{Mutex, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::admin::v1::read_store_request::Asked;
use vardnav_register::tree::Subtree;
use vardnav_store::{
    Answer, BLOB_LIMIT, Change, Cursor, Digest, Hash, Head, ProjectionRow, Row, RowKey, Store, StoreError,
    StoredRow, StreamId,
};

use crate::client::Client;
use crate::exit::Outcome;

/// A store that is read through a server.
pub(super) struct Remote {
    session: Mutex<Session>,
}

/// Questions on their way, and answers.
struct Session {
    ask: mpsc::Sender<pb::ReadStoreRequest>,
    answers: Streaming<pb::ReadStoreResponse>,
    _client: Client,
}

impl Remote {
    /// Begins to read the store of a server, which notes it.
    pub(super) async fn begin(client: Client) -> Outcome<Self> {
        let (ask, asked) = mpsc::channel(1);
        let answers = client.admin().read_store(ReceiverStream::new(asked)).await?;
        Ok(Self {
            session: Mutex::new(Session {
                ask,
                answers: answers.into_inner(),
                _client: client,
            }),
        })
    }

    /// The messages of an answer.
    async fn asked(&self, asked: Asked) -> Result<Vec<pb::ReadStoreResponse>, StoreError> {
        let lost = || StoreError::Unavailable("the connection to the server was lost".to_owned());
        let mut session = self.session.lock().await;
        let question = pb::ReadStoreRequest { asked: Some(asked) };
        session.ask.send(question).await.map_err(|_| lost())?;
        let (mut parts, mut bytes) = (Vec::new(), 0);
        loop {
            let part = session.answers.message().await;
            let part = part.map_err(|status| StoreError::Unavailable(status.message().to_owned()))?;
            let part = part.ok_or_else(lost)?;
            if !part.damaged.is_empty() {
                return Err(StoreError::Corrupt(part.damaged));
            }
            bytes += part.blob.len();
            if bytes > BLOB_LIMIT {
                return Err(odd());
            }
            let last = part.last;
            parts.push(part);
            if last {
                return Ok(parts);
            }
        }
    }
}

fn odd() -> StoreError {
    StoreError::Unavailable("the server answers what was not asked".to_owned())
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| odd())
}

/// What is never asked of a store that is copied.
fn only_read<'a, T: Send + 'a>() -> Answer<'a, T> {
    let what = "the store of a server is only read".to_owned();
    Box::pin(std::future::ready(Err(StoreError::Limit(what))))
}

impl Store for Remote {
    fn streams(&self) -> Answer<'_, Vec<(StreamId, Head)>> {
        Box::pin(async move {
            let mut streams = Vec::new();
            for part in self.asked(Asked::Streams(pb::ReadStreams {})).await? {
                for of in part.streams {
                    let root = array(&of.root)?;
                    streams.push((StreamId::new(&of.stream)?, Head { size: of.size, root }));
                }
            }
            Ok(streams)
        })
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, Head> {
        Box::pin(async move {
            let streams = self.streams().await?;
            let found = streams.into_iter().find(|(name, _)| name == stream);
            Ok(found.map_or(
                Head {
                    size: 0,
                    root: vardnav_register::tree::EMPTY_ROOT,
                },
                |(_, head)| head,
            ))
        })
    }

    fn read<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        Box::pin(async move {
            let asked = pb::ReadRows {
                stream: stream.to_string(),
                from,
                limit,
            };
            let mut rows = Vec::new();
            for part in self.asked(Asked::Rows(asked)).await? {
                for row in part.rows {
                    rows.push(StoredRow {
                        position: row.position,
                        key: array(&row.key)?,
                        leaf: array(&row.leaf)?,
                        bytes: row.entry.into(),
                    });
                }
            }
            Ok(rows)
        })
    }

    fn subtrees<'a>(&'a self, stream: &'a StreamId, wanted: Vec<Subtree>) -> Answer<'a, Vec<Hash>> {
        Box::pin(async move {
            let subtrees = wanted.iter().map(|of| pb::StoreSubtree {
                level: of.level.into(),
                index: of.index,
            });
            let asked = pb::ReadSubtrees {
                stream: stream.to_string(),
                subtrees: subtrees.collect(),
            };
            let parts = self.asked(Asked::Subtrees(asked)).await?;
            let hashes = parts.iter().flat_map(|part| &part.hashes);
            hashes.map(|hash| array(hash)).collect()
        })
    }

    fn blobs(&self, after: Option<Digest>, limit: u32) -> Answer<'_, Vec<Digest>> {
        Box::pin(async move {
            let asked = pb::ReadBlobs {
                after: after.map(|after| after.0.to_vec().into()),
                limit,
            };
            let parts = self.asked(Asked::Blobs(asked)).await?;
            let digests = parts.iter().flat_map(|part| &part.hashes);
            digests.map(|digest| array(digest).map(Digest)).collect()
        })
    }

    fn get_blob<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let asked = pb::ReadBlob {
                digest: digest.0.to_vec().into(),
            };
            let parts = self.asked(Asked::Blob(asked)).await?;
            if parts.iter().any(|part| part.nothing) {
                return Ok(None);
            }
            let bytes: Vec<u8> = parts.into_iter().flat_map(|part| part.blob).collect();
            match Digest::of(&bytes) == *digest {
                true => Ok(Some(bytes)),
                false => Err(StoreError::Corrupt(format!("blob {digest}"))),
            }
        })
    }

    fn cursors(&self) -> Answer<'_, Vec<Cursor>> {
        Box::pin(async move {
            let mut cursors = Vec::new();
            for part in self.asked(Asked::Cursors(pb::ReadCursors {})).await? {
                for cursor in part.cursors {
                    cursors.push(Cursor {
                        projection: cursor.projection,
                        stream: StreamId::new(&cursor.stream)?,
                        next: cursor.next,
                    });
                }
            }
            Ok(cursors)
        })
    }

    fn scan<'a>(&'a self, projection: &'a str, from: &'a [u8], limit: u32) -> Answer<'a, Vec<ProjectionRow>> {
        Box::pin(async move {
            let asked = pb::ReadProjection {
                projection: projection.to_owned(),
                from: from.to_vec().into(),
                limit,
            };
            let parts = self.asked(Asked::Projection(asked)).await?;
            let rows = parts.into_iter().flat_map(|part| part.projection_rows);
            let rows = rows.map(|row| ProjectionRow {
                key: row.key.into(),
                value: row.value.into(),
            });
            Ok(rows.collect())
        })
    }

    fn append<'a>(&'a self, _: &'a StreamId, _: u64, _: Vec<Row>) -> Answer<'a, Head> {
        only_read()
    }

    fn append_behind<'a>(&'a self, _: &'a StreamId, _: Vec<Row>) -> Answer<'a, Head> {
        only_read()
    }

    fn read_at<'a>(&'a self, _: &'a StreamId, _: Vec<u64>) -> Answer<'a, Vec<StoredRow>> {
        only_read()
    }

    fn find<'a>(&'a self, _: &'a StreamId, _: Vec<RowKey>) -> Answer<'a, Vec<Option<u64>>> {
        only_read()
    }

    fn hashes<'a>(&'a self, _: &'a StreamId, _: u8, _: u64, _: u32) -> Answer<'a, Vec<Hash>> {
        only_read()
    }

    fn mend<'a>(&'a self, _: &'a StreamId) -> Answer<'a, ()> {
        only_read()
    }

    fn redact<'a>(&'a self, _: &'a StreamId, _: u64, _: Vec<u8>) -> Answer<'a, ()> {
        only_read()
    }

    fn put_blob(&self, _: Vec<u8>) -> Answer<'_, Digest> {
        only_read()
    }

    fn row<'a>(&'a self, _: &'a str, _: &'a [u8]) -> Answer<'a, Option<Vec<u8>>> {
        only_read()
    }

    fn cursor<'a>(&'a self, _: &'a str, _: &'a StreamId) -> Answer<'a, u64> {
        only_read()
    }

    fn commit<'a>(&'a self, _: &'a str, _: &'a StreamId, _: u64, _: u64, _: Vec<Change>) -> Answer<'a, ()> {
        only_read()
    }

    fn clear<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        only_read()
    }
}
