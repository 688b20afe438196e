//! Connections that break at any byte of what is spoken, and a database that is killed: what was acknowledged is there
//! once, what was refused is not, and of what is not known each stands as a whole, once, or not at all.
//! `VARDNAV_BROKEN_ROUNDS` says how many rounds.

use std::collections::HashMap;
use std::time::Duration;

use vardnav_store::postgres::private::Private;
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::suite::{read_all, root_of, sample_rows};
use vardnav_store::{Change, Row, Store, StoreError, StreamId};

use super::proxy::Proxy;
use super::{client, options, private, server};

const WRITERS: u64 = 8;

fn rounds(standard: u32) -> u32 {
    let said = std::env::var("VARDNAV_BROKEN_ROUNDS").ok();
    said.and_then(|text| text.parse().ok()).unwrap_or(standard)
}

/// What became of an append.
enum Fate {
    Acknowledged(u64),
    Refused,
    Unknown,
}

/// Appends batches, and says of each what was answered.
async fn write(
    store: Postgres,
    writer: u64,
    from: u64,
    batches: u64,
) -> Vec<(u64, StreamId, Vec<Row>, Fate)> {
    let own = StreamId::new(&format!("broken/{writer}")).unwrap();
    let shared = StreamId::new("broken/shared").unwrap();
    let mut told = Vec::new();
    let mut size = None;
    for batch in from..from + batches {
        let seed = (batch * WRITERS + writer) * 5;
        let rows = sample_rows(seed, 5);
        let behind = store.append_behind(&shared, rows.clone()).await;
        told.push((
            seed,
            shared.clone(),
            rows.clone(),
            fate(behind.map(|head| head.size - 5)),
        ));
        let expected = match size {
            Some(size) => size,
            None => match store.head(&own).await {
                Ok(head) => head.size,
                Err(_) => continue,
            },
        };
        let swapped = store.append(&own, expected, rows.clone()).await;
        size = swapped.as_ref().ok().map(|head| head.size);
        told.push((seed, own.clone(), rows, fate(swapped.map(|_| expected))));
        let change = |value| Change {
            key: own.as_str().as_bytes().to_vec(),
            value: Some(value),
        };
        if let Ok(cursor) = store.cursor("broken", &own).await {
            let next = change((cursor + 1).to_be_bytes().to_vec());
            // The row and the cursor are compared at the end.
            let _ = store.commit("broken", &own, cursor, cursor + 1, vec![next]).await;
        }
    }
    told
}

fn fate(answer: Result<u64, StoreError>) -> Fate {
    match answer {
        Ok(first) => Fate::Acknowledged(first),
        Err(StoreError::Unavailable(_)) => Fate::Unknown,
        Err(StoreError::Conflict { .. }) => Fate::Refused,
        Err(other) => panic!("{other}"),
    }
}

/// Holds what the database has against what was told of it.
async fn hold(private: &Private, told: &[(u64, StreamId, Vec<Row>, Fate)]) -> (usize, usize, usize) {
    let store = Postgres::open(&private.url("broken"), options()).await.unwrap();
    let mut kept: HashMap<StreamId, Vec<Row>> = HashMap::new();
    for (stream, head) in store.streams().await.unwrap() {
        let rows = read_all(&store, &stream).await.unwrap();
        assert_eq!(rows.len() as u64, head.size);
        assert_eq!(root_of(&rows), head.root, "the tree is that of the rows");
        assert_eq!(rows.len() % 5, 0, "each append stands as a whole");
        kept.insert(stream, rows);
    }
    let mut counts = (0, 0, 0);
    let mut wanted: HashMap<&StreamId, usize> = HashMap::new();
    for (seed, stream, rows, fate) in told {
        let kept = kept.get(stream).map(Vec::as_slice).unwrap_or_default();
        let places: Vec<_> = (0..kept.len())
            .step_by(5)
            .filter(|at| kept[*at] == rows[0])
            .collect();
        assert!(places.len() <= 1, "{stream} has {seed} twice");
        if let Some(at) = places.first() {
            assert!(kept[*at..at + 5] == rows[..], "half of {seed} in {stream}");
            *wanted.entry(stream).or_default() += 1;
        }
        match fate {
            Fate::Acknowledged(first) => {
                assert_eq!(
                    places,
                    [*first as usize],
                    "{seed} in {stream} was acknowledged elsewhere"
                );
                counts.0 += 1;
            }
            Fate::Refused => {
                assert_eq!(places, [0; 0], "{seed} in {stream} was refused and is there");
                counts.1 += 1;
            }
            Fate::Unknown => counts.2 += 1,
        }
    }
    for (stream, rows) in &kept {
        assert_eq!(
            rows.len() / 5,
            wanted.get(stream).copied().unwrap_or(0),
            "{stream} holds what nobody sent"
        );
        store.mend(stream).await.unwrap();
    }
    for writer in 0..WRITERS {
        let own = StreamId::new(&format!("broken/{writer}")).unwrap();
        let row = store.row("broken", own.as_str().as_bytes()).await.unwrap();
        let cursor = store.cursor("broken", &own).await.unwrap();
        let row = row.map_or(0, |row| u64::from_be_bytes(row.try_into().unwrap()));
        assert_eq!(row, cursor, "row and cursor of {own}");
    }
    counts
}

async fn one_round(store: &Postgres, round: u64, batches: u64) -> Vec<(u64, StreamId, Vec<Row>, Fate)> {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(store.clone(), writer, round * batches, batches)))
        .collect();
    let mut told = Vec::new();
    for writer in writers {
        told.extend(writer.await.unwrap());
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_break_anywhere() {
    let Some(private) = server() else { return };
    private.database("broken").await.unwrap();
    let mut told = Vec::new();
    let mut cuts = 0;
    for round in 0..rounds(6) {
        // From cuts within the first statements to some after many; patience that lasts, and that does not.
        let most = [20_000, 60_000, 200_000][round as usize % 3];
        let proxy = Proxy::start(private.socket_file(), most).await;
        let url = private.url_by(proxy.port, "broken");
        let patience = Duration::from_millis([2_000, 3][round as usize / 3 % 2]);
        let options = Options {
            patience,
            ..options()
        };
        let store = Postgres::open(&url, options).await.unwrap();
        proxy.cut(true);
        told.extend(one_round(&store, round.into(), 6).await);
        cuts += proxy.cuts();
        let counts = hold(&private, &told).await;
        println!("round {round}: {cuts} cuts, (acknowledged, refused, unknown) {counts:?}");
    }
    let (acknowledged, _, unknown) = hold(&private, &told).await;
    assert!(
        cuts > 20 && acknowledged > 20 && unknown > 0,
        "{cuts} {acknowledged} {unknown}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_killed() {
    let Some(mut private) = private() else { return };
    private.database("broken").await.unwrap();
    let store = Postgres::open(&private.url("broken"), options()).await.unwrap();
    let mut told = Vec::new();
    for round in 0..rounds(3) {
        let writing = {
            let store = store.clone();
            tokio::spawn(async move { one_round(&store, round.into(), 25).await })
        };
        let pause = rand::Rng::random_range(&mut rand::rng(), 5..300);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        private.kill().unwrap();
        private.begin().unwrap();
        told.extend(writing.await.unwrap());
        let counts = hold(&private, &told).await;
        println!("round {round}: killed after {pause} ms, (acknowledged, refused, unknown) {counts:?}");
    }
    let (acknowledged, ..) = hold(&private, &told).await;
    assert!(acknowledged > 20);
}

/// Rows that a commit removed are gone from the table wherever the connection broke, also when its answer was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_rows_go_wherever_it_breaks() {
    let Some(private) = server() else { return };
    let direct = private.database("removed").await.unwrap();
    let proxy = Proxy::start_with(private.socket_file(), u64::MAX, 3_000).await;
    let url = private.url_by(proxy.port, "removed");
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("removed/one").unwrap();
    proxy.cut(true);
    for turn in 0..150 {
        let change = |value| {
            vec![Change {
                key: vec![turn as u8],
                value,
            }]
        };
        let (put, remove) = (change(Some(vec![1])), change(None));
        store
            .commit("rows", &stream, turn * 2, turn * 2 + 1, put)
            .await
            .unwrap();
        store
            .commit("rows", &stream, turn * 2 + 1, turn * 2 + 2, remove)
            .await
            .unwrap();
    }
    assert!(proxy.cuts() > 10, "{}", proxy.cuts());
    let client = client(&direct).await;
    let left = client
        .query_one("SELECT count(*) FROM projection_rows", &[])
        .await
        .unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}
