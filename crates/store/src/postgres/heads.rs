//! Heads of streams: the size, the root and the right edge of the tree, as the database has them. The edges last seen are
//! kept, so that an append need not ask first; whether they still hold is decided by the database at the append.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::Row;

use super::connection::Lent;
use super::failed::Failed;
use crate::codec::Cut;
use crate::contract::{Hash, Head, StoreError, StreamId};
use crate::tree::Frontier;

/// Most edges that are kept.
const KEPT_MAX: usize = 10_000;

const HEAD: &str = "SELECT size, root, frontier FROM heads WHERE stream = $1";
/// Changes nothing, and is answered when everything before it is as durable as itself.
const SETTLE: &str = "UPDATE heads SET size = size WHERE stream = $1";
const HEADS: &str = "SELECT size, root, frontier, stream FROM heads ORDER BY stream";

/// The right edges of trees, as last seen.
#[derive(Default)]
pub(super) struct Edges(Mutex<HashMap<StreamId, Frontier>>);

impl Edges {
    /// The edge last seen.
    pub(super) fn get(&self, stream: &StreamId) -> Option<Frontier> {
        self.held().get(stream).cloned()
    }

    pub(super) fn keep(&self, stream: &StreamId, edge: Frontier) {
        let mut held = self.held();
        if held.len() >= KEPT_MAX && !held.contains_key(stream) {
            held.clear();
        }
        held.insert(stream.clone(), edge);
    }

    pub(super) fn forget(&self, stream: &StreamId) {
        self.held().remove(stream);
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<StreamId, Frontier>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right edge of a stream's tree; of one never written to, that of an empty tree.
pub(super) async fn edge(lent: &mut Lent, stream: &StreamId) -> Result<Frontier, Failed> {
    match lent.query_opt(HEAD, &[&stream.as_str()]).await? {
        Some(row) => Ok(read(&row, stream.as_str())?),
        None => Ok(Frontier::default()),
    }
}

/// Waits until what is seen of a stream is as durable as what is answered: a database that was stopped in the middle of a
/// commit shows it afterwards, whether or not it came to the standby that would take over.
pub(super) async fn settle(lent: &mut Lent, stream: &StreamId) -> Result<(), Failed> {
    lent.query(SETTLE, &[&stream.as_str()]).await.map(drop)
}

/// Every stream with its head, by name.
pub(super) async fn all(lent: &mut Lent) -> Result<Vec<(StreamId, Head)>, Failed> {
    let mut heads = Vec::new();
    for row in lent.query(HEADS, &[]).await? {
        let name: &str = row.try_get(3)?;
        let edge = read(&row, name)?;
        heads.push((StreamId::new(name)?, head_of(&edge)));
    }
    heads.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(heads)
}

/// The head that an edge leads to.
pub(super) fn head_of(edge: &Frontier) -> Head {
    Head {
        size: edge.size(),
        root: edge.root(),
    }
}

/// An edge as it is stored.
pub(super) fn encode(edge: &Frontier) -> Vec<u8> {
    let mut bytes = Vec::new();
    edge.encode(&mut bytes);
    bytes
}

fn read(row: &Row, stream: &str) -> Result<Frontier, Failed> {
    let (size, root, frontier): (i64, &[u8], &[u8]) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let mut cut = Cut(frontier);
    let edge = Frontier::decode(&mut cut).filter(|_| cut.is_empty());
    let known: Option<Hash> = root.try_into().ok();
    match edge {
        Some(edge) if u64::try_from(size) == Ok(edge.size()) && known == Some(edge.root()) => Ok(edge),
        _ => Err(StoreError::Corrupt(format!("head of stream {stream}")).into()),
    }
}
