//! Bytes go bad: what is damaged is detected or harmless, the store starts, and what it serves is what was written.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation ends the test"
)]

use std::path::{Path, PathBuf};

use vardnav_store::check::Told;
use vardnav_store::suite::{read_all, root_of, sample_row, sample_rows};
use vardnav_store::{Embedded, Options, Row, Store, StoreError, StreamId};

fn options() -> Options {
    Options {
        segment_bytes: 60_000,
        part_rows: 100_000,
        part_bytes: 1 << 30,
        fan_in: 3,
    }
}

fn open(folder: &Path) -> Embedded {
    Embedded::open(folder, options()).unwrap()
}

fn streams() -> [StreamId; 2] {
    ["reporter/one", "reporter/two"].map(|name| StreamId::new(name).unwrap())
}

/// Small rows, so that a log of few bytes has many frames.
fn small_rows(from: u64, count: u64) -> Vec<Row> {
    (from..from + count)
        .map(|seed| Row {
            bytes: seed.to_be_bytes().to_vec(),
            ..sample_row(seed)
        })
        .collect()
}

async fn fill(folder: &Path, batches: u64) {
    let store = open(folder);
    for batch in 0..batches {
        for (stream, base) in streams().iter().zip([0, 1_000]) {
            store
                .append(stream, batch * 2, small_rows(base + batch * 2, 2))
                .await
                .unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// Whether all rows are served as written; otherwise the store must have said that something is wrong.
async fn intact_or_detected(folder: &Path, size: u64, what: &str) {
    let store = open(folder);
    let mut intact = true;
    for (stream, base) in streams().iter().zip([0, 1_000]) {
        let wanted = small_rows(base, size);
        match read_all(&store, stream).await {
            Ok(rows) => {
                assert!(
                    wanted.starts_with(&rows),
                    "{what}: rows served that were never written"
                );
                intact &= rows.len() == wanted.len();
                let head = store.head(stream).await.unwrap();
                if head.size == size {
                    assert_eq!(head.root, root_of(&wanted), "{what}");
                }
                // Acknowledged rows are never replaced: a stream that lost some takes no more.
                if rows.len() < wanted.len() {
                    let refused = store.append(stream, head.size, small_rows(5_000, 1)).await;
                    assert!(
                        matches!(refused, Err(StoreError::Corrupt(_))),
                        "{what}: {refused:?}"
                    );
                }
            }
            Err(StoreError::Corrupt(_)) => {
                assert!(
                    !store.damage().is_empty() || what.contains("checkpoint"),
                    "{what}: found only when read"
                );
                intact = false;
                // What is readable is still served.
                for position in 0..size {
                    match store.read(stream, position, 1).await {
                        Ok(row) => assert_eq!(
                            row.first().map(|row| &row.bytes),
                            wanted.get(position as usize).map(|row| &row.bytes)
                        ),
                        Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{what}: {error}"),
                    }
                }
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    assert!(
        intact || !store.damage().is_empty() || what.contains("checkpoint"),
        "{what}: loss without a word"
    );
}

async fn flip_every_byte(with_checkpoint: bool) {
    let root = tempfile::tempdir().unwrap();
    let origin = root.path().join("origin");
    fill(&origin, 4).await;
    if !with_checkpoint {
        std::fs::remove_dir_all(origin.join("index")).unwrap();
    }
    let [segment] = &segments(&origin)[..] else {
        panic!("one segment")
    };
    let bytes = std::fs::read(segment).unwrap();
    let scratch = root.path().join("scratch");
    let step = if with_checkpoint { 29 } else { 7 };
    for (round, place) in (0..bytes.len()).step_by(step).enumerate() {
        copy(&origin, &scratch);
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << (round % 8);
        std::fs::write(&segments(&scratch)[0], bytes).unwrap();
        let kind = if with_checkpoint {
            "behind the checkpoint"
        } else {
            "replayed"
        };
        intact_or_detected(&scratch, 8, &format!("byte {place} {kind}")).await;
        std::fs::remove_dir_all(&scratch).unwrap();
    }
}

#[tokio::test]
async fn a_flipped_byte_is_detected_when_the_log_is_replayed() {
    flip_every_byte(false).await;
}

#[tokio::test]
async fn a_flipped_byte_is_detected_when_the_checkpoint_covers_it() {
    flip_every_byte(true).await;
}

/// A machine stops while a group is on its way: whatever of it reached the disk, the rows before it stand.
#[tokio::test]
async fn a_torn_end_is_set_aside() {
    let root = tempfile::tempdir().unwrap();
    let origin = root.path().join("origin");
    fill(&origin, 3).await;
    let before = std::fs::read(&segments(&origin)[0]).unwrap().len();
    let acknowledged = root.path().join("acknowledged");
    copy(&origin, &acknowledged);
    let scratch = root.path().join("scratch");
    let after = one_group_more(&acknowledged, &scratch, before).await;
    for cut in (before..after.len()).step_by(11) {
        for torn in [false, true] {
            // Hash files and index as they were before the group: it was never acknowledged.
            copy(&acknowledged, &scratch);
            let mut bytes = after.clone();
            if torn {
                bytes[before..cut].fill(0);
            } else {
                bytes.truncate(cut);
            }
            std::fs::write(&segments(&scratch)[0], &bytes).unwrap();
            let store = open(&scratch);
            assert!(
                store.damage().iter().all(|found| !found.lost),
                "cut at {cut}: {:?}",
                store.damage()
            );
            for (stream, base) in streams().iter().zip([0, 1_000]) {
                let rows = read_all(&store, stream).await.unwrap();
                assert!(rows.starts_with(&small_rows(base, 6)), "cut at {cut}");
                let size = rows.len() as u64;
                store
                    .append(stream, size, small_rows(base + size, 1))
                    .await
                    .unwrap();
            }
            drop(store);
            let store = open(&scratch);
            assert_eq!(store.damage(), [], "cut at {cut}");
            drop(store);
            std::fs::remove_dir_all(&scratch).unwrap();
        }
    }
}

/// The log with one group more than a folder has, with a frame of each stream. On a busy machine the two frames may come
/// to lie in a group each, of which the first was acknowledged before the second: then once more.
async fn one_group_more(acknowledged: &Path, scratch: &Path, before: usize) -> Vec<u8> {
    for _ in 0..20 {
        let _ = std::fs::remove_dir_all(scratch);
        copy(acknowledged, scratch);
        fill_more(scratch).await;
        let after = std::fs::read(&segments(scratch)[0]).unwrap();
        let mut torn = after.clone();
        torn[before..before + 1].fill(0);
        let _ = std::fs::remove_dir_all(scratch);
        copy(acknowledged, scratch);
        std::fs::write(&segments(scratch)[0], &torn).unwrap();
        let is_one = open(scratch).damage().iter().all(|found| !found.lost);
        let _ = std::fs::remove_dir_all(scratch);
        if is_one {
            return after;
        }
    }
    panic!("two appends at once never share a group, or a torn group is never set aside");
}

async fn fill_more(folder: &Path) {
    let store = open(folder);
    let [one, two] = streams();
    let (first, second) = tokio::join!(
        store.append(&one, 6, small_rows(6, 2)),
        store.append(&two, 6, small_rows(1_006, 2))
    );
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_damaged_index_is_built_anew() {
    let root = tempfile::tempdir().unwrap();
    for name in ["index", "projections"] {
        let origin = root.path().join(name);
        fill(&origin, 20).await;
        for entry in std::fs::read_dir(origin.join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let length = std::fs::metadata(&path).unwrap().len() as usize;
                std::fs::write(&path, vec![0x5a; length.max(64)]).unwrap();
            }
        }
        let store = open(&origin);
        assert!(
            store
                .damage()
                .iter()
                .any(|found| found.place == name && !found.lost),
            "{:?}",
            store.damage()
        );
        let mut told = Vec::new();
        let mut tell = |what| {
            if let Told::Finding(finding) = what {
                told.push((finding.code, finding.file));
            }
            true
        };
        store.check(&mut tell).unwrap();
        assert!(told.contains(&("VN-STO-009", name.to_owned())), "{told:?}");
        for (stream, base) in streams().iter().zip([0, 1_000]) {
            let rows = read_all(&store, stream).await.unwrap();
            assert_eq!(rows, small_rows(base, 40));
            let found = store
                .find(stream, rows.iter().map(|row| row.key).collect())
                .await
                .unwrap();
            assert!(found.into_iter().eq((0..40).map(Some)));
        }
        drop(store);
        assert_eq!(open(&origin).damage(), []);
    }
}

#[tokio::test]
async fn short_hash_files_are_built_anew() {
    let root = tempfile::tempdir().unwrap();
    let stream = StreamId::new("reporter/one").unwrap();
    {
        let store = open(root.path());
        store.append(&stream, 0, sample_rows(0, 3_000)).await.unwrap();
    }
    for level in [0, 1] {
        let file = root.path().join(format!("hashes/reporter+one.{level}"));
        std::fs::write(&file, b"short").unwrap();
        let store = open(root.path());
        assert_eq!(store.damage().len(), 1, "{:?}", store.damage());
        let leaves = store.hashes(&stream, 0, 0, 3_000).await.unwrap();
        assert!(
            leaves
                .into_iter()
                .eq(sample_rows(0, 3_000).iter().map(|row| row.leaf))
        );
    }
}

#[tokio::test]
async fn a_wrong_hash_found_while_open_is_mended() {
    let root = tempfile::tempdir().unwrap();
    let stream = StreamId::new("reporter/one").unwrap();
    let store = open(root.path());
    store.append(&stream, 0, sample_rows(0, 3_000)).await.unwrap();
    for level in [0, 1] {
        let before = store.hashes(&stream, level, 0, 3_000).await.unwrap();
        let file = root.path().join(format!("hashes/reporter+one.{level}"));
        let mut bytes = std::fs::read(&file).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_ne!(store.hashes(&stream, level, 0, 3_000).await.unwrap(), before);
        store.mend(&stream).await.unwrap();
        assert_eq!(store.hashes(&stream, level, 0, 3_000).await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_shorter_log_is_not_continued_as_if_nothing_happened() {
    let root = tempfile::tempdir().unwrap();
    fill(root.path(), 5).await;
    let segment = &segments(root.path())[0];
    let bytes = std::fs::read(segment).unwrap();
    std::fs::write(segment, &bytes[..bytes.len() - 300]).unwrap();
    intact_or_detected(root.path(), 10, "log cut short").await;
    // The next start still knows.
    let store = open(root.path());
    let [_, two] = streams();
    let refused = store.append(&two, 8, small_rows(1, 1)).await;
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
}

#[test]
fn a_folder_serves_one_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    let held = open(root.path());
    assert!(matches!(
        Embedded::open(root.path(), options()),
        Err(StoreError::Unavailable(_))
    ));
    drop(held);
    open(root.path());
}

#[tokio::test]
async fn the_log_is_known_again_when_the_file_of_its_id_is_damaged() {
    let root = tempfile::tempdir().unwrap();
    let origin = root.path().join("origin");
    fill(&origin, 3).await;
    let file = origin.join("store");
    let bytes = std::fs::read(&file).unwrap();
    for place in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let store = open(&origin);
        assert_eq!(store.damage(), [], "byte {place}");
        assert_eq!(read_all(&store, &streams()[0]).await.unwrap(), small_rows(0, 6));
    }
    // With the segment's header gone too, nothing is touched.
    std::fs::remove_file(&file).unwrap();
    let segment = &segments(&origin)[0];
    let mut bytes = std::fs::read(segment).unwrap();
    bytes[20] ^= 1;
    std::fs::write(segment, &bytes).unwrap();
    assert!(matches!(
        Embedded::open(&origin, options()),
        Err(StoreError::Corrupt(_))
    ));
    assert_eq!(std::fs::read(segment).unwrap(), bytes);
}
