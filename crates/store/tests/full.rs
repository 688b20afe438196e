//! The disk under an open store is full and then is not: what cannot be kept is refused, and everything goes on by
//! itself, the log, the index and the projections. Needs Linux with user namespaces, for a small disk of its own.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use vardnav_store::suite::{read_all, root_of, sample_rows};
use vardnav_store::{Change, Embedded, Options, Store, StoreError, StreamId};

const FOLDER: &str = "VARDNAV_FULL_FOLDER";
const SCRIPT: &str =
    "mount -t tmpfs -o size=40m tmpfs \"$0\" || exit 97; exec \"$1\" a_full_disk_is_got_over --nocapture";

#[tokio::test]
async fn a_full_disk_is_got_over() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return on_a_small_disk(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new("unshare")
        .args(["-rm", "sh", "-c", SCRIPT])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .status();
    match ran.map(|status| status.code()) {
        Ok(Some(0)) => {}
        Ok(Some(101)) => assert_eq!(101, 0, "it failed on the small disk"),
        other => eprintln!("skipped: no disk of its own can be had here ({other:?})"),
    }
}

async fn on_a_small_disk(disk: &Path) {
    let options = Options {
        part_rows: 100,
        part_bytes: 60_000,
        ..Options::default()
    };
    let store = Embedded::open(&disk.join("store"), options).unwrap();
    let stream = StreamId::new("full/one").unwrap();
    for _ in 0..3 {
        let mut refused = 0;
        fill(disk);
        for _ in 0..200 {
            let size = store.head(&stream).await.unwrap().size;
            match store.append(&stream, size, sample_rows(size, 30)).await {
                Ok(head) => assert_eq!(head.size, size + 30),
                Err(StoreError::Unavailable(_)) => refused += 1,
                Err(error) => assert_eq!(error, StoreError::Unavailable(String::new())),
            }
            let _ = follow(&store, &stream).await;
        }
        assert!(refused > 0, "the disk is full");
        std::fs::remove_file(disk.join("ballast")).unwrap();
        let size = store.head(&stream).await.unwrap().size;
        store.append(&stream, size, sample_rows(size, 30)).await.unwrap();
        let mut tries = 0;
        while let Err(error) = follow(&store, &stream).await {
            tries += 1;
            assert!(tries < 50, "the projections do not go on: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // The index has caught up.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let rows = read_all(&store, &stream).await.unwrap();
    assert_eq!(rows, sample_rows(0, rows.len() as u64));
    assert_eq!(store.head(&stream).await.unwrap().root, root_of(&rows));
    assert_eq!(store.check(&mut |_| true).unwrap().findings, 0);
}

/// Takes all the room there is.
fn fill(disk: &Path) {
    let mut file = std::fs::File::create(disk.join("ballast")).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// Moves a projection on by what there is.
async fn follow(store: &Embedded, stream: &StreamId) -> Result<(), StoreError> {
    let cursor = store.cursor("followed", stream).await?;
    let size = store.head(stream).await?.size;
    let changes = (cursor..size).map(|position| Change {
        key: position.to_be_bytes().to_vec(),
        value: Some(vec![7; 300]),
    });
    store
        .commit("followed", stream, cursor, size, changes.collect())
        .await
}
