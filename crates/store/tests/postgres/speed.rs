//! Appending beside two other ways of writing the same bytes: a bare insert, and COPY into the store's own tables in a
//! transaction that moves the head first. Run it alone and by name, in a release build:
//! `cargo test --release -p vardnav-store --test postgres -- --ignored --nocapture speed`.

use std::pin::pin;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use vardnav_store::postgres::private::{MEASURED, Private};
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::{Row, Store, StreamId};

use super::client;

const SENDERS: u64 = 8;
const BATCH: u64 = 1_000;
const ROUNDS: usize = 6;

#[derive(Clone, Copy)]
enum Way {
    Append,
    Bare,
    Copy,
}

const WAYS: [Way; 3] = [Way::Append, Way::Bare, Way::Copy];

/// Batches of rows of 352 bytes.
fn batches(sender: u64, round: u64, count: u64) -> Vec<Vec<Row>> {
    let row = |seed: u64| {
        let digest: [u8; 32] = Sha256::digest(seed.to_le_bytes()).into();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        let bytes = (0..11_u8)
            .flat_map(|more| Sha256::digest([digest.as_slice(), &[more]].concat()))
            .collect();
        Row {
            key,
            leaf: digest,
            bytes,
        }
    };
    (0..count)
        .map(|batch| {
            let first = ((round * SENDERS + sender) * count + batch) * BATCH;
            (first..first + BATCH).map(row).collect()
        })
        .collect()
}

async fn append(store: Postgres, sender: usize, lane: Vec<Vec<Row>>) {
    let stream = StreamId::reporter(&format!("sender-{sender}")).unwrap();
    let mut size = store.head(&stream).await.unwrap().size;
    for rows in lane {
        size = store.append(&stream, size, rows).await.unwrap().size;
    }
}

async fn bare(client: Client, sender: usize, lane: Vec<Vec<Row>>) {
    let insert = "INSERT INTO bare SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING";
    let insert = client.prepare(insert).await.unwrap();
    for rows in lane {
        let key = |row: &Row| format!("reporter-{sender}/{:02x?}", &row.key[..6]).into_bytes();
        let keys: Vec<Vec<u8>> = rows.iter().map(key).collect();
        let values: Vec<&[u8]> = rows.iter().map(|row| row.bytes.as_slice()).collect();
        client.execute(&insert, &[&keys, &values]).await.unwrap();
    }
}

/// What an append would be by COPY, without its hashes and sums.
async fn copy(mut client: Client, sender: usize, round: u64, lane: Vec<Vec<Row>>) {
    let stream = format!("copied/{sender}");
    let moved = "INSERT INTO heads (stream, size, root, frontier) VALUES ($1, $2, '', '') \
                 ON CONFLICT (stream) DO UPDATE SET size = excluded.size WHERE heads.size = $3 RETURNING size";
    let moved = client.prepare(moved).await.unwrap();
    let copy = "COPY ledger (stream, position, key, leaf, checksum, bytes) FROM STDIN BINARY";
    let copy = client.prepare(copy).await.unwrap();
    let types = [
        Type::TEXT,
        Type::INT8,
        Type::BYTEA,
        Type::BYTEA,
        Type::INT4,
        Type::BYTEA,
    ];
    let mut size = i64::try_from(round * BATCH).unwrap() * lane.len() as i64;
    for rows in lane {
        let transaction = client.transaction().await.unwrap();
        let next = size + rows.len() as i64;
        transaction
            .query_one(&moved, &[&stream, &next, &size])
            .await
            .unwrap();
        let sink = transaction.copy_in(&copy).await.unwrap();
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for (position, row) in (size..).zip(&rows) {
            let (key, leaf) = (row.key.as_slice(), row.leaf.as_slice());
            writer
                .as_mut()
                .write(&[&stream, &position, &key, &leaf, &0_i32, &row.bytes])
                .await
                .unwrap();
        }
        writer.finish().await.unwrap();
        transaction.commit().await.unwrap();
        size = next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed() {
    let Some(private) = Private::start(MEASURED).unwrap() else {
        return;
    };
    let url = private.database("speed").await.unwrap();
    let count: u64 = std::env::var("VARDNAV_SPEED_BATCHES").map_or(5, |text| text.parse().unwrap());
    let table = "CREATE TABLE bare (key bytea PRIMARY KEY, value bytea NOT NULL)";
    private.execute("speed", table).await.unwrap();
    let store = Postgres::open(&url, Options::default()).await.unwrap();
    let mut totals = [0.0; 3];
    for round in 0..ROUNDS {
        let number = round as u64;
        let lanes: Vec<_> = (0..SENDERS)
            .map(|sender| batches(sender, number, count))
            .collect();
        for turn in 0..WAYS.len() {
            let way = (round + turn) % WAYS.len();
            let mut clients = Vec::new();
            for _ in &lanes {
                clients.push(client(&url).await);
            }
            let began = Instant::now();
            let tasks: Vec<_> = lanes
                .iter()
                .cloned()
                .zip(clients)
                .enumerate()
                .map(|(sender, (lane, client))| match WAYS[way] {
                    Way::Append => tokio::spawn(append(store.clone(), sender, lane)),
                    Way::Bare => tokio::spawn(bare(client, sender, lane)),
                    Way::Copy => tokio::spawn(copy(client, sender, number, lane)),
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            totals[way] += began.elapsed().as_secs_f64();
        }
    }
    let rows = (ROUNDS as u64 * SENDERS * count * BATCH) as f64;
    let [append, bare, copy] = totals.map(|seconds| rows / seconds);
    println!(
        "append {append:.0} rows/s, bare insert {bare:.0} rows/s (append/bare {:.2}), COPY {copy:.0} rows/s \
         (append/COPY {:.2})",
        append / bare,
        append / copy
    );
}
