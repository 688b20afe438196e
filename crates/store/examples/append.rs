//! Measures the embedded store: rows of 700 bytes appended durably in batches of 1,000 by 8 senders, each batch looked
//! up first as a reporter's batch is; then opening again after an ordinary stop and after none.
//! Prints name, value, unit. `cargo run --release -p vardnav-store --example append -- ROWS`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation ends the test"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use vardnav_store::{Embedded, Options, Row, Store, StreamId};

const SENDERS: u64 = 8;
const BATCH: u64 = 1_000;

fn main() {
    let rows: u64 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir_in(".").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let batches = rows / SENDERS / BATCH;
    let prepared: Vec<Vec<u8>> = (0..64).map(|n: u8| vec![n; 700]).collect();
    let prepared = Arc::new(prepared);
    let store = Arc::new(Embedded::open(folder.path(), Options::default()).unwrap());
    let begun = Instant::now();
    runtime.block_on(async {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (store, prepared) = (Arc::clone(&store), Arc::clone(&prepared));
                tokio::spawn(async move {
                    let stream = StreamId::reporter(&sender.to_string()).unwrap();
                    for batch in 0..batches {
                        let rows: Vec<_> = (0..BATCH)
                            .map(|n| row(&prepared, sender, batch * BATCH + n))
                            .collect();
                        let keys = rows.iter().map(|row| row.key).collect();
                        let found = store.find(&stream, keys).await.unwrap();
                        assert!(found.iter().all(Option::is_none));
                        store.append(&stream, batch * BATCH, rows).await.unwrap();
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
    });
    let taken = begun.elapsed().as_secs_f64();
    let rows = batches * SENDERS * BATCH;
    println!("append {:.0} rows/s", rows as f64 / taken);
    println!("index {:?} (level, entries)", store.index_shape());
    let begun = Instant::now();
    let killed = folder.path().join("as-killed");
    copy(folder.path(), &killed);
    println!("copy {:.2} s", begun.elapsed().as_secs_f64());
    drop(store);
    for (name, folder) in [("after a stop", folder.path()), ("after a kill", &killed)] {
        let begun = Instant::now();
        let store = Embedded::open(folder, Options::default()).unwrap();
        println!("open {name} {:.3} s", begun.elapsed().as_secs_f64());
        runtime.block_on(async {
            let stream = StreamId::reporter("3").unwrap();
            let begun = Instant::now();
            let keys: Vec<_> = (0..10_000)
                .map(|n| row(&prepared, 3, n * 7 % (batches * BATCH)).key)
                .collect();
            assert!(
                store
                    .find(&stream, keys)
                    .await
                    .unwrap()
                    .iter()
                    .all(Option::is_some)
            );
            println!(
                "find {:.2} us a key that is there",
                begun.elapsed().as_secs_f64() * 1e6 / 10_000.0
            );
            let begun = Instant::now();
            for n in 0..1_000 {
                assert_eq!(
                    store
                        .read(&stream, n * 97 % (batches * BATCH), 1)
                        .await
                        .unwrap()
                        .len(),
                    1
                );
            }
            println!(
                "read {:.1} us a single row",
                begun.elapsed().as_secs_f64() * 1e6 / 1_000.0
            );
        });
    }
    for name in ["log", "hashes", "index"] {
        println!(
            "{name} {:.0} bytes a row",
            size(&folder.path().join(name)) as f64 / rows as f64
        );
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!(
        "{}",
        status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or_default()
    );
}

fn row(prepared: &[Vec<u8>], sender: u64, position: u64) -> Row {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(sender.to_le_bytes())
        .chain_update(position.to_le_bytes())
        .finalize()
        .into();
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    Row {
        key,
        leaf: hash,
        bytes: prepared[usize::from(hash[0] & 63)].clone(),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path() == *to {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn size(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}
