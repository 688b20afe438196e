//! The store in PostgreSQL, on a server that these tests start for themselves.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

mod blobs;
mod broken;
mod claims;
mod fence;
mod limits;
mod migrations;
mod model;
mod portable;
mod proxy;
mod shared;
mod speed;
#[path = "../model/steps.rs"]
mod steps;
mod vault;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use vardnav_store::postgres::private::{Private, QUICK};
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::suite::{self, Opener};
use vardnav_store::{Store, StreamId};

/// A server that tests which run at the same time share; it ends with the last of them. `None` where it cannot be had.
fn server() -> Option<Arc<Private>> {
    static SHARED: Mutex<Weak<Private>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let started = Arc::new(private()?);
    *shared = Arc::downgrade(&started);
    Some(started)
}

/// A server of this test's own, to be killed; `None` where it cannot be had.
fn private() -> Option<Private> {
    let private = Private::start(QUICK).unwrap();
    if private.is_none() {
        eprintln!("skipped: this machine has no PostgreSQL");
    }
    private
}

/// Few connections and little patience, as a test has.
fn options() -> Options {
    Options {
        connections: 6,
        patience: Duration::from_secs(20),
        statement_max: Duration::from_secs(20),
        volatile: true,
    }
}

struct Database(String);

impl Opener for Database {
    async fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(Postgres::open(&self.0, options()).await.unwrap())
    }
}

/// A connection of the test's own, beside the store's.
async fn client(url: &str) -> tokio_postgres::Client {
    let (client, link) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(link);
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite() {
    let Some(private) = server() else { return };
    let url = private.database("suite").await.unwrap();
    suite::run(&mut Database(url)).await;
}

/// What of a row is not as it was written is not answered, and rows before it are.
#[tokio::test]
async fn damaged_rows_are_not_answered() {
    let Some(private) = server() else { return };
    let url = private.database("damage").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::reporter("one").unwrap();
    let rows = suite::sample_rows(0, 600);
    store.append(&stream, 0, rows.clone()).await.unwrap();
    let digest = store.put_blob(vec![7; 3_000_000]).await.unwrap();
    for damage in [
        "UPDATE ledger SET bytes = bytes || 'x' WHERE position = 5",
        "UPDATE ledger SET key = key || 'x' WHERE position = 7",
        "UPDATE ledger SET leaf = '12345678901234567890123456789012' WHERE position = 9",
        "DELETE FROM ledger WHERE position = 11",
        "UPDATE blob_parts SET bytes = 'x' WHERE part = 1",
        "UPDATE nodes SET hash = '12345678901234567890123456789012' WHERE level = 1 AND place = 0",
        "DELETE FROM nodes WHERE level = 1 AND place = 1",
    ] {
        private.execute("damage", damage).await.unwrap();
    }
    let corrupt = |error: vardnav_store::StoreError| {
        assert!(matches!(error, vardnav_store::StoreError::Corrupt(_)), "{error}");
    };
    for position in [5, 7, 9, 11] {
        corrupt(store.read(&stream, position, 10).await.unwrap_err());
        corrupt(store.read_at(&stream, vec![position, 20]).await.unwrap_err());
        let before = store
            .read_at(&stream, vec![position - 1, position, 20])
            .await
            .unwrap();
        assert_eq!(before.len(), 1);
        let before = store.read(&stream, position - 1, 10).await.unwrap();
        assert_eq!(before.len(), 1);
        assert_eq!(before[0].bytes, rows[position as usize - 1].bytes);
        corrupt(store.redact(&stream, position, Vec::new()).await.unwrap_err());
    }
    corrupt(store.get_blob(&digest).await.unwrap_err());
    corrupt(store.mend(&stream).await.unwrap_err());
    for (position, row) in [(9, &rows[9]), (11, &rows[11])] {
        let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let repair = format!(
            "DELETE FROM ledger WHERE position = {position}; INSERT INTO ledger VALUES ('{stream}', {position}, \
             '\\x{}', '\\x{}', 0, '\\x{}')",
            hexadecimal(&row.key),
            hexadecimal(&row.leaf),
            hexadecimal(&row.bytes)
        );
        private.execute("damage", &repair).await.unwrap();
    }
    store.mend(&stream).await.unwrap();
    let mended = store.hashes(&stream, 1, 0, 9).await.unwrap();
    let clean = vardnav_store::Memory::new();
    clean.append(&stream, 0, rows).await.unwrap();
    assert_eq!(mended, clean.hashes(&stream, 1, 0, 9).await.unwrap());
    private
        .execute("damage", "UPDATE heads SET size = size + 1")
        .await
        .unwrap();
    corrupt(store.head(&stream).await.unwrap_err());
}

/// What is cleared or redacted is gone from the tables, not only out of sight.
#[tokio::test]
async fn what_is_cleared_or_redacted_leaves_the_tables() {
    let Some(private) = server() else { return };
    let url = private.database("gone").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::reporter("one").unwrap();
    let put = |key: u8, value: Option<&str>| vardnav_store::Change {
        key: vec![key],
        value: value.map(|value| value.as_bytes().to_vec()),
    };
    store
        .commit(
            "rows",
            &stream,
            0,
            1,
            vec![put(1, Some("first")), put(2, Some("second"))],
        )
        .await
        .unwrap();
    store
        .commit("rows", &stream, 1, 2, vec![put(1, None)])
        .await
        .unwrap();
    let client = client(&url).await;
    let count = async |what: &str| -> i64 {
        let query = format!("SELECT count(*) FROM {what}");
        client.query_one(&query, &[]).await.unwrap().get(0)
    };
    assert_eq!(count("projection_rows").await, 1, "a removed row is gone");
    store.clear("rows").await.unwrap();
    assert_eq!((count("projection_rows").await, count("cursors").await), (0, 0));
    store
        .commit("rows", &stream, 0, 1, vec![put(3, Some("third"))])
        .await
        .unwrap();
    assert_eq!(store.scan("rows", &[], 9).await.unwrap().len(), 1);

    let rows = suite::sample_rows(1, 20);
    store.append(&stream, 0, rows.clone()).await.unwrap();
    let zeros = |row: &vardnav_store::Row| vec![0; row.bytes.len()];
    let redacted: Vec<_> = (0..20).zip(&rows).map(|(at, row)| (at, zeros(row))).collect();
    store.redact_many(&stream, redacted.clone()).await.unwrap();
    store.redact_many(&stream, redacted).await.unwrap();
    let dead = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'ledger'";
    let dead: i64 = client.query_one(dead, &[]).await.unwrap().get(0);
    assert_eq!(dead, 0, "no older version is left behind");
}

/// A vacuum that takes longer than a statement may does its work all the same, and is not waited for.
#[tokio::test]
async fn a_vacuum_takes_the_time_it_needs() {
    let Some(private) = server() else { return };
    let url = private.database("vacuum").await.unwrap();
    let hasty = Options {
        statement_max: Duration::from_millis(500),
        ..options()
    };
    let store = Postgres::open(&url, hasty).await.unwrap();
    let stream = StreamId::reporter("one").unwrap();
    let rows = suite::sample_rows(0, 20);
    store.append(&stream, 0, rows.clone()).await.unwrap();
    let mut client = client(&url).await;
    let holding = client.transaction().await.unwrap();
    holding
        .batch_execute("LOCK TABLE ledger IN SHARE UPDATE EXCLUSIVE MODE")
        .await
        .unwrap();
    let redacted: Vec<_> = (0..20)
        .zip(&rows)
        .map(|(at, row)| (at, vec![0; row.bytes.len()]))
        .collect();
    store.redact_many(&stream, redacted).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    holding.rollback().await.unwrap();
    let vacuumed = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'ledger'";
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while client.query_one(vacuumed, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(tokio::time::Instant::now() < until, "nothing was vacuumed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a projection held before it was begun anew is freed in the database soon.
#[tokio::test]
async fn what_a_projection_held_is_vacuumed() {
    let Some(private) = server() else { return };
    let url = private.database("forgotten").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::reporter("one").unwrap();
    let change = |key: u8| vardnav_store::Change {
        key: vec![key],
        value: Some(b"held".to_vec()),
    };
    store
        .commit("rows", &stream, 0, 1, (0..50).map(change).collect())
        .await
        .unwrap();
    store.clear("rows").await.unwrap();
    let client = client(&url).await;
    let vacuumed = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'projection_rows'";
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while client.query_one(vacuumed, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(tokio::time::Instant::now() < until, "nothing was vacuumed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A read costs what it answers, also before the database has counted how many rows there are.
#[tokio::test]
async fn reads_touch_what_they_answer() {
    let Some(private) = server() else { return };
    let url = private.database("touched").await.unwrap();
    drop(Postgres::open(&url, options()).await.unwrap());
    let rows = "ALTER TABLE ledger SET (autovacuum_enabled = off); \
                INSERT INTO ledger SELECT 'touched/' || (n % 20), n / 20, decode(md5(n::text), 'hex'), \
                decode(repeat(md5(n::text), 2), 'hex'), 0, decode(repeat(md5(n::text), 11), 'hex') \
                FROM generate_series(0, 199999) AS n";
    private.execute("touched", rows).await.unwrap();
    let touched = async || -> i64 {
        // What a connection did is counted at the latest when that ends, and is seen soon after.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let client = client(&url).await;
        let count = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_user_tables WHERE relname = 'ledger'";
        client.query_one(count, &[]).await.unwrap().get(0)
    };
    let before = touched().await;
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("touched/3").unwrap();
    for from in [0, 3_000, 6_000] {
        // No checksum is right, so that nothing is answered; that it was read is what counts.
        store.read(&stream, from, 1_000).await.unwrap_err();
        assert_eq!(store.hashes(&stream, 0, from, 100).await.unwrap().len(), 100);
    }
    drop(store);
    let touched = touched().await - before;
    assert!((3_300..5_000).contains(&touched), "{touched} rows for 3300");
}
