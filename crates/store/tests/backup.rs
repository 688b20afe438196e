//! A copy is taken while rows are appended, again and again into the same folder, and what is made of it has the heads
//! it was taken with; a damaged copy is refused, and a damaged store takes no good copy's place.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation ends the test"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vardnav_store::backup::{Given, Manifest, RestoreError, Taking, restore};
use vardnav_store::suite::{read_all, root_of, sample_row, sample_rows};
use vardnav_store::{Digest, Embedded, Options, Row, Store, StoreError, StreamId};

fn options() -> Options {
    Options {
        segment_bytes: 50_000,
        part_rows: 150,
        part_bytes: 40_000,
        fan_in: 3,
    }
}

fn streams() -> [StreamId; 3] {
    ["copied/one", "copied/two", "copied/three"].map(|name| StreamId::new(name).unwrap())
}

fn base(place: usize) -> u64 {
    place as u64 * 1_000_000
}

fn open(node: &Path) -> Embedded {
    Embedded::open(&node.join("store"), options()).unwrap()
}

/// Takes a copy; answers its manifest and the bytes that were new.
fn take(store: &Embedded, node: &Path, folder: &Path) -> Result<(Manifest, u64), StoreError> {
    let mut taking = Taking::begin(folder).unwrap();
    let held = taking.held();
    let manifest = store.back_up(node, &held, 7, &mut |given| {
        if let Given::Chunk { path, offset, data } = given {
            taking.take(&path, offset, &data).unwrap();
        }
        true
    })?;
    let bytes = taking.bytes();
    assert_eq!(taking.finish(&manifest.encode()).unwrap(), manifest);
    Ok((manifest, bytes))
}

async fn append(store: &dyn Store, place: usize, count: u64) {
    let stream = &streams()[place];
    let size = store.head(stream).await.unwrap().size;
    let rows = sample_rows(base(place) + size, count);
    store.append(stream, size, rows).await.unwrap();
}

/// The restored store has the rows that belong under the manifest's heads.
async fn hold(node: &Path, manifest: &Manifest) {
    let store = open(node);
    assert_eq!(store.damage(), []);
    for (place, stream) in streams().iter().enumerate() {
        let rows = read_all(&store, stream).await.unwrap();
        let (_, head) = manifest.heads.iter().find(|(known, _)| known == stream).unwrap();
        assert_eq!(rows, sample_rows(base(place), head.size));
        assert_eq!(head.root, root_of(&rows));
        append(&store, place, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_taken_while_rows_come_in_have_the_heads_they_say() {
    let root = tempfile::tempdir().unwrap();
    let (node, folder) = (root.path().join("node"), root.path().join("copy"));
    let store = Arc::new(open(&node));
    let blob = vec![9; 5_000];
    store.put_blob(blob.clone()).await.unwrap();
    for place in 0..3 {
        append(&*store, place, 1).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..3)
        .map(|place| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    append(&*store, place, 17).await;
                }
            })
        })
        .collect();
    let mut sizes = Vec::new();
    for round in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        let (store, from, to) = (Arc::clone(&store), node.clone(), folder.clone());
        let taken = tokio::task::spawn_blocking(move || take(&store, &from, &to));
        let (manifest, new) = taken.await.unwrap().unwrap();
        assert_eq!(manifest.heads.len(), 3);
        let whole: u64 = manifest.files.iter().map(|file| file.length).sum();
        assert!(round == 0 || new < whole, "{new} of {whole} bytes given again");
        let place = root.path().join(format!("restored-{round}"));
        let restored = restore(&folder, &place, None).unwrap();
        assert_eq!(restored.manifest, manifest);
        assert_eq!(restored.keys_missing, ["vault/key", "keys/head-key"]);
        hold(&place, &manifest).await;
        let kept = open(&place).get_blob(&Digest::of(&blob)).await.unwrap();
        assert_eq!(kept.as_ref(), Some(&blob));
        sizes.push(manifest.end);
        assert!(matches!(
            restore(&folder, &place, None),
            Err(RestoreError::Taken(_))
        ));
    }
    assert!(
        sizes.is_sorted() && sizes[0] < sizes[3],
        "rows came in meanwhile: {sizes:?}"
    );
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_copy_is_refused_and_a_damaged_store_gives_none() {
    let root = tempfile::tempdir().unwrap();
    let (node, folder) = (root.path().join("node"), root.path().join("copy"));
    let store = open(&node);
    store.put_blob(vec![3; 2_000]).await.unwrap();
    for place in 0..3 {
        append(&store, place, 120).await;
    }
    let (manifest, _) = take(&store, &node, &folder).unwrap();
    let target = root.path().join("restored");
    for file in &manifest.files {
        let path = folder.join(&file.path);
        let bytes = std::fs::read(&path).unwrap();
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut bytes = bytes.clone();
            bytes[place] ^= 16;
            std::fs::write(&path, bytes).unwrap();
            let refused = restore(&folder, &target, None);
            assert!(
                matches!(&refused, Err(RestoreError::File(named)) if *named == file.path),
                "{}: {refused:?}",
                file.path
            );
            assert!(!target.exists());
        }
        std::fs::write(&path, bytes).unwrap();
    }
    // What stands behind the copy in its files is not of it.
    let last = manifest
        .files
        .iter()
        .rfind(|file| file.path.contains("/log/"))
        .unwrap();
    let mut bytes = std::fs::read(folder.join(&last.path)).unwrap();
    bytes.extend([1; 100]);
    std::fs::write(folder.join(&last.path), bytes).unwrap();
    restore(&folder, &target, None).unwrap();
    hold(&target, &manifest).await;

    // The log goes bad: the earlier copy stays as it is.
    let log = node.join(
        &manifest
            .files
            .iter()
            .find(|file| file.path.contains("/log/"))
            .unwrap()
            .path,
    );
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    append(&store, 0, 10).await;
    assert!(matches!(
        take(&store, &node, &folder),
        Err(StoreError::Corrupt(_))
    ));
    std::fs::remove_dir_all(&target).unwrap();
    restore(&folder, &target, None).unwrap();
    hold(&target, &manifest).await;
}

#[tokio::test]
async fn what_was_erased_leaves_the_copy_too() {
    let root = tempfile::tempdir().unwrap();
    let (node, folder) = (root.path().join("node"), root.path().join("copy"));
    let store = open(&node);
    let stream = &streams()[0];
    let secret = b"what nobody may read any more".to_vec();
    let mut rows: Vec<Row> = sample_rows(0, 30);
    rows[11].bytes.clone_from(&secret);
    store.append(stream, 0, rows).await.unwrap();
    take(&store, &node, &folder).unwrap();
    let holds = |folder: &Path| {
        let file = std::fs::read(folder.join("store/log/00000000000000000000.log")).unwrap();
        file.windows(secret.len()).any(|window| window == secret)
    };
    assert!(holds(&folder));
    store.redact(stream, 11, vec![b'x'; secret.len()]).await.unwrap();
    store.append(stream, 30, vec![sample_row(30)]).await.unwrap();
    take(&store, &node, &folder).unwrap();
    assert!(!holds(&folder));
    let target = root.path().join("restored");
    restore(&folder, &target, None).unwrap();
    let rows = read_all(&open(&target), stream).await.unwrap();
    assert_eq!(rows[11].bytes, vec![b'x'; secret.len()]);
    assert_eq!(rows.len(), 31);
}
