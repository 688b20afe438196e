//! One byte of any file goes bad: what is answered is right or an error, what is derived is built anew, and a check
//! names the file. `VARDNAV_FLIPS` says how many bytes of each file are tried.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation ends the test"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use vardnav_store::check::{Finding, Summary, Told};
use vardnav_store::suite::{root_of, sample_rows};
use vardnav_store::{
    Change, Digest, Embedded, Options, ProjectionRow, Row, RowKey, Store, StoreError, StreamId,
};

const ROWS: u64 = 400;
const PROJECTION: &str = "kept";

fn options() -> Options {
    Options {
        segment_bytes: 60_000,
        part_rows: 150,
        part_bytes: 40_000,
        fan_in: 3,
    }
}

fn streams() -> [StreamId; 2] {
    ["flips/one", "flips/two"].map(|name| StreamId::new(name).unwrap())
}

fn rows(place: u64) -> Vec<Row> {
    sample_rows(place * 100_000, ROWS)
}

fn blobs() -> Vec<Vec<u8>> {
    (1..4_u8).map(|n| vec![n; 900]).collect()
}

/// A store with a bit of everything, closed.
async fn fill(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    for batch in 0..ROWS / 20 {
        for (place, stream) in (0..).zip(&streams()) {
            let first = batch * 20;
            let rows = rows(place)[first as usize..first as usize + 20].to_vec();
            store.append(stream, first, rows).await.unwrap();
        }
        let changes = (0..30_u64)
            .map(|n| Change {
                key: (batch * 30 + n).to_be_bytes().to_vec(),
                value: Some(projected(batch * 30 + n)),
            })
            .collect();
        store
            .commit(PROJECTION, &streams()[0], batch * 20, batch * 20 + 20, changes)
            .await
            .unwrap();
    }
    for blob in blobs() {
        store.put_blob(blob).await.unwrap();
    }
}

fn projected(n: u64) -> Vec<u8> {
    format!("row {n} of what follows the ledger").into_bytes()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().is_none_or(|name| name != "lock") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

fn check(store: &Embedded) -> (Vec<Finding>, Summary) {
    let mut findings = Vec::new();
    let summary = store
        .check(&mut |told| {
            if let Told::Finding(finding) = told {
                findings.push(finding);
            }
            true
        })
        .unwrap();
    (findings, summary)
}

/// Keys are found, at the latest when the index is built anew; `None` when only the next start can do that.
async fn find(store: &Embedded, stream: &StreamId, keys: Vec<RowKey>) -> Option<Vec<Option<u64>>> {
    for _ in 0..20 {
        match store.find(stream, keys.clone()).await {
            Ok(found) => return Some(found),
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error}"),
        }
    }
    None
}

/// Whatever is answered is what was written. Answers whether everything is there.
async fn answers(store: &Embedded, what: &str) -> bool {
    let mut whole = true;
    for (place, stream) in (0..).zip(&streams()) {
        let wanted = rows(place);
        let head = store.head(stream).await.unwrap();
        whole &= head.size == ROWS;
        if head.size == ROWS {
            assert_eq!(head.root, root_of(&wanted), "{what}");
        }
        let mut position = 0;
        while position < ROWS {
            match store.read(stream, position, 1_000).await {
                Ok(read) if read.is_empty() => {
                    whole = false;
                    break;
                }
                Ok(read) => {
                    for (row, known) in read.iter().zip(&wanted[position as usize..]) {
                        assert!(
                            row.bytes == known.bytes && row.key == known.key && row.leaf == known.leaf,
                            "{what}: row {} of {stream} is another",
                            row.position
                        );
                    }
                    position += read.len() as u64;
                }
                Err(StoreError::Corrupt(_)) => {
                    whole = false;
                    position += 1;
                }
                Err(error) => panic!("{what}: {error}"),
            }
        }
        let keys: Vec<_> = wanted.iter().map(|row| row.key).collect();
        match find(store, stream, keys).await {
            Some(found) => {
                for (position, found) in (0..).zip(found) {
                    assert!(
                        found.is_none_or(|found| found == position),
                        "{what}: a key leads elsewhere"
                    );
                    whole &= found.is_some();
                }
            }
            None => whole = false,
        }
    }
    for blob in blobs() {
        match store.get_blob(&Digest::of(&blob)).await {
            Ok(kept) => {
                assert!(
                    kept.as_ref().is_none_or(|kept| *kept == blob),
                    "{what}: another blob"
                );
                whole &= kept.is_some();
            }
            Err(StoreError::Corrupt(_)) => whole = false,
            Err(error) => panic!("{what}: {error}"),
        }
    }
    whole
}

/// A projection's rows are those that its cursor stands for, or it answers that it is damaged.
async fn projection(store: &Embedded, what: &str) {
    let cursor = match store.cursor(PROJECTION, &streams()[0]).await {
        Ok(cursor) => cursor,
        Err(StoreError::Corrupt(_)) => return,
        Err(error) => panic!("{what}: {error}"),
    };
    let mut held: Vec<ProjectionRow> = Vec::new();
    loop {
        let from = held
            .last()
            .map_or(Vec::new(), |row| [row.key.as_slice(), &[0]].concat());
        match store.scan(PROJECTION, &from, 1_000).await {
            Ok(page) if page.is_empty() => break,
            Ok(page) => held.extend(page),
            Err(StoreError::Corrupt(_)) => return,
            Err(error) => panic!("{what}: {error}"),
        }
    }
    let wanted = (0..cursor / 20 * 30).map(|n| ProjectionRow {
        key: n.to_be_bytes().to_vec(),
        value: projected(n),
    });
    assert!(
        held.into_iter().eq(wanted),
        "{what}: rows are not those of cursor {cursor}"
    );
}

fn sample() -> usize {
    std::env::var("VARDNAV_FLIPS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(4)
}

#[tokio::test]
async fn a_flipped_byte_is_never_served_and_always_found() {
    let root = tempfile::tempdir().unwrap();
    let origin = root.path().join("origin");
    fill(&origin).await;
    {
        let store = Embedded::open(&origin, options()).unwrap();
        let (findings, summary) = check(&store);
        assert_eq!(findings, []);
        assert_eq!((summary.streams, summary.rows, summary.blobs), (2, 2 * ROWS, 3));
        assert_eq!(summary.cursors, 1);
        assert!(answers(&store, "untouched").await);
        projection(&store, "untouched").await;
    }
    let mut chance = StdRng::seed_from_u64(11);
    for file in files(&origin) {
        let bytes = std::fs::read(&file).unwrap();
        let name = file.strip_prefix(&origin).unwrap().display().to_string();
        for round in 0..sample().min(bytes.len()) {
            let place = chance.random_range(0..bytes.len());
            let what = format!("byte {place} of {name}");
            let scratch = root.path().join("scratch");
            copy(&origin, &scratch);
            let mut bytes = bytes.clone();
            bytes[place] ^= 1 << (round % 8);
            std::fs::write(scratch.join(&name), bytes).unwrap();
            match Embedded::open(&scratch, options()) {
                Ok(store) => {
                    let whole = answers(&store, &what).await;
                    projection(&store, &what).await;
                    let (findings, _) = check(&store);
                    assert!(
                        whole || !findings.is_empty(),
                        "{what}: something is missing and no check finds it"
                    );
                    let is_truth = ["log/", "blobs/"].iter().any(|kind| name.starts_with(kind));
                    if is_truth && !whole {
                        assert!(
                            findings
                                .iter()
                                .any(|found| found.lost || found.code == "VN-STO-009"),
                            "{what}: {findings:?}"
                        );
                    }
                    if !is_truth {
                        assert!(
                            whole || name.starts_with("index"),
                            "{what}: what is derived took rows along"
                        );
                    }
                    drop(store);
                    if !is_truth {
                        // What is derived is whole again at the next start at the latest.
                        let store = Embedded::open(&scratch, options()).unwrap();
                        assert!(answers(&store, &what).await, "{what}: not built anew");
                        let (findings, _) = check(&store);
                        let left: Vec<_> = findings
                            .iter()
                            .filter(|found| found.code != "VN-STO-009")
                            .collect();
                        assert!(left.is_empty() || name.starts_with("hashes/"), "{what}: {left:?}");
                    }
                }
                Err(error) => panic!("{what}: does not open: {error}"),
            }
            std::fs::remove_dir_all(&scratch).unwrap();
        }
    }
}
