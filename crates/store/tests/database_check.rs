//! A check of a store in a database finds each kind of damage, where it is, and nothing else; and that a named blob is gone,
//! also in a folder.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test"
)]

use sha2::{Digest as _, Sha256};
use vardnav_release::entry::{AuthorityEntry, Change as AuthorityChange, UploadRecord, UploadStep};
use vardnav_store::check::{CODES, Finding, Summary, Told};
use vardnav_store::postgres::private::{Private, QUICK};
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::suite::sample_rows;
use vardnav_store::{Change, Digest, Embedded, Row, Store, StreamId};

async fn open(url: &str) -> Postgres {
    let options = Options {
        connections: 3,
        volatile: true,
        ..Options::default()
    };
    Postgres::open(url, options).await.unwrap()
}

async fn check(store: &Postgres) -> (Vec<Finding>, Summary) {
    let mut found = Vec::new();
    let summary = store
        .check(&mut |told| {
            if let Told::Finding(finding) = told {
                found.push(finding);
            }
            true
        })
        .await
        .unwrap();
    assert_eq!(summary.findings, found.len() as u64);
    (found, summary)
}

fn rows_with_leaves(count: u64) -> Vec<Row> {
    with_leaves(sample_rows(0, count))
}

/// That content was uploaded which lies in a blob.
fn uploaded(blob: Digest) -> Vec<u8> {
    let record = UploadRecord {
        kind: "population".to_owned(),
        id: "2025".to_owned(),
        revision: 1,
        date: "2025-12-31".parse().unwrap(),
        source: "synthetic: test".to_owned(),
        rows: 1,
        release: "2026.1".to_owned(),
        blob: blob.0,
    };
    let entry = AuthorityEntry {
        caller: "somebody".to_owned(),
        at: 0,
        change: AuthorityChange::Upload(UploadStep::Put(record)),
    };
    entry.encode()
}

fn with_leaves(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        row.leaf = Sha256::new()
            .chain_update([0])
            .chain_update(&row.bytes)
            .finalize()
            .into();
    }
    rows
}

async fn fill(store: &Postgres) {
    let put = async |name: &str, rows: Vec<Row>| {
        store
            .append(&StreamId::new(name).unwrap(), 0, rows)
            .await
            .unwrap();
    };
    let large_blob = store.put_blob(vec![1; 3_000_000]).await.unwrap();
    let mut entries = rows_with_leaves(31);
    if let Some(last) = entries.last_mut() {
        last.bytes = uploaded(large_blob);
    }
    put("authority", with_leaves(entries)).await;
    put("reporter/one", rows_with_leaves(600)).await;
    put("large", sample_rows(0, 6_100)).await;
    put("one", sample_rows(0, 9)).await;
    put("other", sample_rows(10, 9)).await;
    store.put_blob(Vec::new()).await.unwrap();
    let change = Change {
        key: b"a".to_vec(),
        value: Some(b"b".to_vec()),
    };
    let large = StreamId::new("large").unwrap();
    store
        .commit("counts", &large, 0, 6_100, vec![change])
        .await
        .unwrap();
}

/// Statements, the code of what they do, and the stream and row where it is.
const DAMAGE: &[(&str, &str, &str, u64)] = &[
    (
        "UPDATE ledger SET bytes = set_byte(bytes, 0, (get_byte(bytes, 0) + 1) % 256) \
         WHERE stream = 'large' AND position = (SELECT min(position) FROM ledger WHERE stream = 'large' \
         AND position >= 700 AND octet_length(bytes) > 0)",
        "VN-STO-010",
        "large",
        700,
    ),
    (
        "UPDATE ledger SET leaf = set_byte(leaf, 5, (get_byte(leaf, 5) + 1) % 256) WHERE stream = 'one' AND position = 3",
        "VN-STO-010",
        "one",
        3,
    ),
    (
        "DELETE FROM ledger WHERE stream = 'large' AND position >= 300 AND position < 311",
        "VN-STO-011",
        "large",
        300,
    ),
    (
        "DELETE FROM ledger WHERE stream = 'large' AND position > 5990",
        "VN-STO-011",
        "large",
        5_991,
    ),
    ("DELETE FROM ledger WHERE stream = 'one'", "VN-STO-011", "one", 0),
    (
        "INSERT INTO ledger SELECT stream, position + 9, key, leaf, checksum, bytes FROM ledger \
         WHERE stream = 'other' AND position = 0",
        "VN-STO-011",
        "other",
        9,
    ),
    (
        "DELETE FROM heads WHERE stream = 'other'",
        "VN-STO-011",
        "other",
        0,
    ),
    (
        "UPDATE heads SET root = set_byte(root, 0, (get_byte(root, 0) + 1) % 256) WHERE stream = 'reporter/one'",
        "VN-STO-012",
        "reporter/one",
        0,
    ),
    (
        "UPDATE heads AS h SET root = o.root, frontier = o.frontier FROM heads AS o \
         WHERE h.stream = 'one' AND o.stream = 'other'",
        "VN-STO-012",
        "one",
        9,
    ),
    (
        "UPDATE nodes SET hash = set_byte(hash, 0, (get_byte(hash, 0) + 1) % 256) \
         WHERE stream = 'large' AND level = 1 AND place = 20",
        "VN-STO-014",
        "large",
        20 * 256,
    ),
    (
        "DELETE FROM nodes WHERE stream = 'reporter/one' AND place = 1",
        "VN-STO-014",
        "reporter/one",
        256,
    ),
    ("DELETE FROM blob_parts WHERE part = 1", "VN-STO-016", "", 0),
    (
        "UPDATE blob_parts SET bytes = set_byte(bytes, 9, 77) WHERE part = 2",
        "VN-STO-016",
        "",
        0,
    ),
    (
        "DELETE FROM blobs WHERE size = 3000000",
        "VN-STO-018",
        "authority",
        30,
    ),
    ("UPDATE cursors SET next = 6101", "VN-STO-017", "large", 6_101),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_damage_is_found_where_it_is() {
    let Some(private) = Private::start(QUICK).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let whole = open(&private.database("whole").await.unwrap()).await;
    fill(&whole).await;
    let (found, summary) = check(&whole).await;
    assert_eq!(found, []);
    assert_eq!((summary.streams, summary.rows), (5, 31 + 600 + 6_100 + 9 + 9));
    assert_eq!((summary.blobs, summary.cursors), (2, 1));
    assert!(summary.log_bytes > 100_000);
    drop(whole);
    for (number, (statement, code, stream, position)) in DAMAGE.iter().enumerate() {
        let name = format!("damage{number}");
        let of = format!("CREATE DATABASE {name} TEMPLATE whole");
        private.execute("postgres", &of).await.unwrap();
        private.execute(&name, statement).await.unwrap();
        let (found, _) = check(&open(&private.url(&name)).await).await;
        let right = found.iter().any(|finding| {
            let of = finding.stream.as_ref().map_or("", StreamId::as_str);
            let at = finding.position.unwrap_or_default();
            finding.code == *code && of == *stream && (*position..position + 10).contains(&at)
        });
        assert!(right, "{statement}: {found:?}");
        // Of what cannot be read no more can be said; everything else is told by its own code alone.
        let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        assert!(codes.iter().all(|other| other == code), "{statement}: {codes:?}");
        assert!(CODES.iter().any(|(known, ..)| known == code));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_was_appended_with_another_leaf_is_found_and_a_check_can_be_given_up() {
    let Some(private) = Private::start(QUICK).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let store = open(&private.url("postgres")).await;
    let stream = StreamId::reporter("one").unwrap();
    let mut rows = rows_with_leaves(40);
    rows.extend(sample_rows(500, 1));
    store.append(&stream, 0, rows).await.unwrap();
    let (found, _) = check(&store).await;
    let codes: Vec<_> = found
        .iter()
        .map(|finding| (finding.code, finding.position))
        .collect();
    assert_eq!(codes, [("VN-STO-013", Some(40))]);
    let given_up = store.check(&mut |_| false).await;
    assert!(given_up.is_err());
}

#[tokio::test]
async fn a_blob_of_a_folder_that_is_named_and_gone_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let digest = {
        let store = Embedded::open(folder.path(), vardnav_store::Options::default()).unwrap();
        let digest = store.put_blob(b"date,area".to_vec()).await.unwrap();
        let mut rows = sample_rows(0, 1);
        rows.iter_mut().for_each(|row| row.bytes = uploaded(digest));
        let stream = StreamId::authority();
        store.append(&stream, 0, with_leaves(rows)).await.unwrap();
        assert_eq!(store.check(&mut |_| true).unwrap().findings, 0);
        digest.to_string()
    };
    let blob = folder.path().join("blobs").join(&digest[..2]).join(&digest);
    std::fs::remove_file(blob).unwrap();
    let store = Embedded::open(folder.path(), vardnav_store::Options::default()).unwrap();
    let mut found = Vec::new();
    let checked = store.check(&mut |told| {
        if let Told::Finding(finding) = told {
            found.push((finding.code, finding.position, finding.lost));
        }
        true
    });
    checked.unwrap();
    assert_eq!(found, [("VN-STO-018", Some(0), true)]);
}
