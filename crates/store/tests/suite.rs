//! Every store passes the suite.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::path::Path;
use std::sync::Arc;

use vardnav_register::tree::{Consistency, MultiProof};
use vardnav_store::suite::{self, Opener};
use vardnav_store::{Embedded, Memory, Options, Store, StreamId, subtree_hashes};

struct Same(Arc<dyn Store>);

impl Opener for Same {
    async fn open(&mut self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
}

struct Folder<'a>(&'a Path, Options);

impl Opener for Folder<'_> {
    async fn open(&mut self) -> Arc<dyn Store> {
        let store = Embedded::open(self.0, self.1.clone()).unwrap();
        assert_eq!(store.damage(), []);
        Arc::new(store)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    suite::run(&mut Same(Arc::new(Memory::new()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded() {
    let folder = tempfile::tempdir().unwrap();
    suite::run(&mut Folder(folder.path(), Options::default())).await;
}

/// Small segments, parts and runs: everything turns over many times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_with_small_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let small = Options {
        segment_bytes: 200_000,
        part_rows: 500,
        part_bytes: 100_000,
        fan_in: 3,
    };
    suite::run(&mut Folder(folder.path(), small)).await;
    let spilled = ["index", "projections"].map(|name| folder.path().join(name).join("blobs"));
    for blobs in spilled {
        let files = std::fs::read_dir(blobs).map_or(0, |files| files.count());
        assert_eq!(files, 0, "no value is so large that sled leaves its pages");
    }
}

/// What a store keeps of a tree is enough for every proof, and the proof leads to the root.
#[tokio::test]
async fn kept_hashes_make_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), Options::default()).unwrap();
    let stream = StreamId::reporter("one").unwrap();
    let rows = suite::sample_rows(0, 1_500);
    let head = store.append(&stream, 0, rows.clone()).await.unwrap();
    for leaves in [vec![0], vec![1_499], vec![255, 256, 1_000], (700..900).collect()] {
        let plan = MultiProof::plan(head.size, &leaves).unwrap();
        let hashes = subtree_hashes(&store, &stream, &plan).await.unwrap();
        let proof = MultiProof::assemble(head.size, &leaves, hashes).unwrap();
        let mut proven: Vec<_> = leaves
            .iter()
            .map(|leaf| (*leaf, rows[*leaf as usize].leaf))
            .collect();
        proof.verify(head.size, &proven, &head.root).unwrap();
        proven[0].1[0] ^= 1;
        assert!(proof.verify(head.size, &proven, &head.root).is_err());
    }
    let plan = Consistency::plan(1_111, head.size).unwrap();
    let hashes = subtree_hashes(&store, &stream, &plan).await.unwrap();
    let proof = Consistency::assemble(1_111, head.size, hashes).unwrap();
    let older = suite::root_of(&rows[..1_111]);
    proof.verify((1_111, &older), (head.size, &head.root)).unwrap();
}
