//! Every store passes the suite.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::path::Path;
use std::sync::Arc;

use vardnav_store::suite::{self, Opener};
use vardnav_store::{Embedded, Memory, Options, Store};

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
