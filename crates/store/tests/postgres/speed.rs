//! Appending beside a bare insert of the same bytes. Run it alone and by name, in a release build:
//! `cargo test --release -p vardnav-store --test postgres -- --ignored --nocapture speed`.

use std::time::Instant;

use sha2::{Digest as _, Sha256};
use vardnav_store::postgres::private::{MEASURED, Private};
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::{Row, Store, StreamId};

const SENDERS: u64 = 8;
const BATCH: u64 = 1_000;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed() {
    let Some(private) = Private::start(MEASURED).unwrap() else {
        return;
    };
    let url = private.database("speed").await.unwrap();
    let count: u64 = std::env::var("VARDNAV_SPEED_BATCHES").map_or(5, |text| text.parse().unwrap());
    private
        .execute(
            "speed",
            "CREATE TABLE bare (key bytea PRIMARY KEY, value bytea NOT NULL)",
        )
        .await
        .unwrap();
    let store = Postgres::open(&url, Options::default()).await.unwrap();
    let mut totals = [0.0; 2];
    for round in 0..6 {
        let lanes: Vec<_> = (0..SENDERS).map(|sender| batches(sender, round, count)).collect();
        for way in [round % 2, (round + 1) % 2] {
            let mut tasks = Vec::new();
            let began = Instant::now();
            for (sender, lane) in lanes.iter().enumerate() {
                let lane = lane.clone();
                if way == 0 {
                    let store = store.clone();
                    tasks.push(tokio::spawn(async move {
                        let stream = StreamId::reporter(&format!("sender-{sender}")).unwrap();
                        let mut size = store.head(&stream).await.unwrap().size;
                        for rows in lane {
                            size = store.append(&stream, size, rows).await.unwrap().size;
                        }
                    }));
                } else {
                    let url = url.clone();
                    tasks.push(tokio::spawn(async move {
                        let (client, link) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                            .await
                            .unwrap();
                        tokio::spawn(link);
                        let insert = "INSERT INTO bare SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
                                      ON CONFLICT DO NOTHING";
                        let insert = client.prepare(insert).await.unwrap();
                        for rows in lane {
                            let key =
                                |row: &Row| format!("reporter-{sender}/{:02x?}", &row.key[..6]).into_bytes();
                            let keys: Vec<Vec<u8>> = rows.iter().map(key).collect();
                            let values: Vec<&[u8]> = rows.iter().map(|row| row.bytes.as_slice()).collect();
                            client.execute(&insert, &[&keys, &values]).await.unwrap();
                        }
                    }));
                }
            }
            for task in tasks {
                task.await.unwrap();
            }
            totals[way as usize] += began.elapsed().as_secs_f64();
        }
    }
    let rows = (6 * SENDERS * count * BATCH) as f64;
    println!(
        "append {:.0} rows/s, bare insert {:.0} rows/s, ratio {:.2}",
        rows / totals[0],
        rows / totals[1],
        totals[1] / totals[0]
    );
}
