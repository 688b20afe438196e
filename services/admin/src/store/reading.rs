//! What a store that is copied answers to whoever makes the copy: question by question, in messages of a bounded size.
//! Whether it may be asked is decided before.

use tokio::sync::mpsc;
use tonic::{Status, Streaming};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::admin::v1::read_store_request::Asked;
use vardnav_register::tree::Subtree;
use vardnav_store::{Digest, ProjectionRow, Store, StoreError, StoredRow, StreamId};

use super::failed;

/// Bytes of one message, about.
const MESSAGE_BYTES: usize = 1024 * 1024;
/// Things of one message that are small.
const MESSAGE_THINGS: usize = 5_000;
/// Most subtrees in one question.
const SUBTREES_MAX: usize = 10_000;

/// Where answers go.
type Tell = mpsc::Sender<Result<pb::ReadStoreResponse, Status>>;

/// Answers questions until there are no more, or nobody waits for the answers.
pub(super) async fn answer(store: &dyn Store, mut questions: Streaming<pb::ReadStoreRequest>, tell: &Tell) {
    loop {
        let asked = match questions.message().await {
            Ok(Some(question)) => question.asked,
            Ok(None) | Err(_) => return,
        };
        let answered = match asked {
            Some(asked) => one(store, asked, tell).await,
            None => Err(ApiError::field("asked", "a question is needed").into()),
        };
        if let Err(status) = answered {
            // Whoever no longer waits does not mind.
            let _ = tell.send(Err(status)).await;
            return;
        }
    }
}

/// Answers one question.
async fn one(store: &dyn Store, asked: Asked, tell: &Tell) -> Result<(), Status> {
    let parts = match parts(store, asked).await? {
        Ok(parts) => parts,
        Err(damaged) => vec![pb::ReadStoreResponse {
            damaged,
            ..pb::ReadStoreResponse::default()
        }],
    };
    let count = parts.len().max(1);
    let mut parts = parts.into_iter();
    for number in 1..=count {
        let mut part = parts.next().unwrap_or_default();
        part.last = number == count;
        let sent = tell.send(Ok(part)).await;
        sent.map_err(|_| Status::cancelled("nobody waits for the answer"))?;
    }
    Ok(())
}

/// The messages of an answer, or what is damaged.
async fn parts(
    store: &dyn Store,
    asked: Asked,
) -> Result<Result<Vec<pb::ReadStoreResponse>, String>, Status> {
    let empty = pb::ReadStoreResponse::default;
    let answered = match asked {
        Asked::Streams(_) => store.streams().await.map(|streams| {
            in_parts(
                streams,
                |_| 0,
                |streams| pb::ReadStoreResponse {
                    streams: streams.into_iter().map(of_stream).collect(),
                    ..empty()
                },
            )
        }),
        Asked::Rows(asked) => {
            let stream = stream(&asked.stream)?;
            let rows = store.read(&stream, asked.from, asked.limit).await;
            rows.map(|rows| {
                in_parts(
                    rows,
                    |row: &StoredRow| row.bytes.len(),
                    |rows| pb::ReadStoreResponse {
                        rows: rows.into_iter().map(of_row).collect(),
                        ..empty()
                    },
                )
            })
        }
        Asked::Subtrees(asked) => {
            let stream = stream(&asked.stream)?;
            let hashes = store.subtrees(&stream, subtrees(&asked.subtrees)?).await;
            hashes.map(|hashes| of_hashes(hashes.into_iter().map(Vec::from).collect()))
        }
        Asked::Blobs(asked) => {
            let after = asked
                .after
                .map(|after| digest("blobs.after", &after))
                .transpose()?;
            let digests = store.blobs(after, asked.limit).await;
            digests.map(|digests| of_hashes(digests.into_iter().map(|digest| digest.0.to_vec()).collect()))
        }
        Asked::Blob(asked) => {
            let blob = store.get_blob(&digest("blob.digest", &asked.digest)?).await;
            blob.map(|blob| match blob {
                Some(bytes) => of_blob(bytes),
                None => vec![pb::ReadStoreResponse {
                    nothing: true,
                    ..empty()
                }],
            })
        }
        Asked::Cursors(_) => store.cursors().await.map(|cursors| {
            in_parts(
                cursors,
                |_| 0,
                |cursors| pb::ReadStoreResponse {
                    cursors: cursors
                        .into_iter()
                        .map(|cursor| pb::StoreCursor {
                            projection: cursor.projection,
                            stream: cursor.stream.to_string(),
                            next: cursor.next,
                        })
                        .collect(),
                    ..empty()
                },
            )
        }),
        Asked::Projection(asked) => {
            let rows = store.scan(&asked.projection, &asked.from, asked.limit).await;
            rows.map(|rows| {
                let size = |row: &ProjectionRow| row.key.len() + row.value.len();
                in_parts(rows, size, |rows| pb::ReadStoreResponse {
                    projection_rows: rows
                        .into_iter()
                        .map(|row| pb::StoreProjectionRow {
                            key: row.key.into(),
                            value: row.value.into(),
                        })
                        .collect(),
                    ..empty()
                })
            })
        }
    };
    match answered {
        Ok(parts) => Ok(Ok(parts)),
        Err(StoreError::Corrupt(what)) => Ok(Err(what)),
        Err(StoreError::Limit(what)) => Err(ApiError::field("asked", what).into()),
        Err(error) => Err(failed(&error).into()),
    }
}

/// Things in messages of a bounded size.
fn in_parts<T>(
    things: Vec<T>,
    size: impl Fn(&T) -> usize,
    message: impl Fn(Vec<T>) -> pb::ReadStoreResponse,
) -> Vec<pb::ReadStoreResponse> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for thing in things {
        bytes += size(&thing);
        part.push(thing);
        if bytes >= MESSAGE_BYTES || part.len() >= MESSAGE_THINGS {
            parts.push(message(std::mem::take(&mut part)));
            bytes = 0;
        }
    }
    if !part.is_empty() {
        parts.push(message(part));
    }
    parts
}

fn of_hashes(hashes: Vec<Vec<u8>>) -> Vec<pb::ReadStoreResponse> {
    in_parts(hashes, Vec::len, |hashes| pb::ReadStoreResponse {
        hashes: hashes.into_iter().map(Into::into).collect(),
        ..pb::ReadStoreResponse::default()
    })
}

fn of_blob(bytes: Vec<u8>) -> Vec<pb::ReadStoreResponse> {
    let chunks = bytes.chunks(MESSAGE_BYTES).map(|chunk| pb::ReadStoreResponse {
        blob: chunk.to_vec().into(),
        ..pb::ReadStoreResponse::default()
    });
    chunks.collect()
}

fn of_stream((stream, head): (StreamId, vardnav_store::Head)) -> pb::StoreStream {
    pb::StoreStream {
        stream: stream.to_string(),
        size: head.size,
        root: head.root.to_vec().into(),
    }
}

fn of_row(row: StoredRow) -> pb::StoreRow {
    pb::StoreRow {
        position: row.position,
        key: row.key.to_vec().into(),
        leaf: row.leaf.to_vec().into(),
        entry: row.bytes.into(),
    }
}

fn stream(name: &str) -> Result<StreamId, ApiError> {
    StreamId::new(name).map_err(|error| ApiError::field("stream", error.to_string()))
}

fn digest(field: &str, bytes: &[u8]) -> Result<Digest, ApiError> {
    let digest = <[u8; 32]>::try_from(bytes).map_err(|_| ApiError::field(field, "32 bytes are needed"))?;
    Ok(Digest(digest))
}

fn subtrees(asked: &[pb::StoreSubtree]) -> Result<Vec<Subtree>, ApiError> {
    if asked.len() > SUBTREES_MAX {
        return Err(ApiError::field("subtrees", format!("at most {SUBTREES_MAX}")));
    }
    let read = |of: &pb::StoreSubtree| {
        let level = u8::try_from(of.level).ok().filter(|level| *level < 64);
        let level = level.ok_or_else(|| ApiError::field("subtrees", "a level is below 64"))?;
        let beyond = of
            .index
            .checked_add(1)
            .is_none_or(|past| past > u64::MAX >> level);
        match beyond {
            true => Err(ApiError::field("subtrees", "a subtree reaches beyond any stream")),
            false => Ok(Subtree {
                level,
                index: of.index,
            }),
        }
    };
    asked.iter().map(read).collect()
}
