//! The right edges that streams had just before the newest appends. The proof of rows that were appended last is made of
//! them, so that it needs no file. Bounded, in memory alone, and missing whenever it pleases.

use std::collections::{HashMap, VecDeque};
use std::sync::{PoisonError, RwLock};

use vardnav_register::tree::{Subtree, peaks};

use crate::contract::{Hash, StreamId};
use crate::tree::Frontier;

/// Edges kept of a stream.
const OF_A_STREAM: usize = 4;
/// Streams of which edges are kept.
const STREAMS: usize = 1_024;

/// By stream, newest last.
#[derive(Default)]
pub(crate) struct Edges {
    kept: RwLock<HashMap<StreamId, VecDeque<Frontier>>>,
}

impl Edges {
    /// Keeps the edge that a stream had before rows that are durable now.
    pub(crate) fn keep(&self, stream: &StreamId, before: Frontier) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= STREAMS && !kept.contains_key(stream) {
            kept.clear();
        }
        let edges = kept.entry(stream.clone()).or_default();
        if edges.len() >= OF_A_STREAM {
            edges.pop_front();
        }
        edges.push_back(before);
    }

    /// The hashes of subtrees, when they are together an edge that is kept.
    pub(crate) fn find(&self, stream: &StreamId, wanted: &[Subtree]) -> Option<Vec<Hash>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let edges = kept.get(stream)?;
        let edge = edges.iter().rev().find(|edge| peaks(edge.size()) == wanted)?;
        Some(edge.peaks().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use vardnav_register::tree::MultiProof;

    use super::*;
    use crate::embedded::{Embedded, Options};
    use crate::suite::sample_rows;
    use crate::{Store, subtree_hashes};

    /// What a proof of rows just appended needs is kept, and is what the files hold.
    #[tokio::test]
    async fn a_proof_of_what_was_just_appended_needs_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path(), Options::default()).unwrap();
        let stream = StreamId::new("edges/one").unwrap();
        let mut size = 0;
        for count in [1, 2, 1, 700, 3, 1, 256, 1_000, 7] {
            let rows = sample_rows(size, count);
            let head = store.append(&stream, size, rows.clone()).await.unwrap();
            let positions: Vec<_> = (size..head.size).collect();
            let plan = MultiProof::plan(head.size, &positions).unwrap();
            let kept = store.shared.edges.find(&stream, &plan).unwrap();
            let read = store.shared.subtrees(&stream, &plan).unwrap();
            assert_eq!(kept, read);
            let hashes = subtree_hashes(&store, &stream, &plan).await.unwrap();
            let proof = MultiProof::assemble(head.size, &positions, hashes).unwrap();
            let leaves: Vec<_> = (size..).zip(rows.iter().map(|row| row.leaf)).collect();
            proof.verify(head.size, &leaves, &head.root).unwrap();
            size = head.size;
        }
        let old = MultiProof::plan(size, &[3, 900]).unwrap();
        assert_eq!(store.shared.edges.find(&stream, &old), None);
        assert_eq!(
            subtree_hashes(&store, &stream, &old).await.unwrap().len(),
            old.len()
        );
    }
}
