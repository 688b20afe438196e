//! The suite every store passes. A backend's test hands it a function that opens the same store again and again;
//! each case works on streams and projections of its own, so that one folder or database serves them all.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a failed expectation ends the test that called it"
)]

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::contract::{
    Change, Digest, Hash, Head, ProjectionRow, ROW_LIMIT, ROWS_LIMIT, Row, Store, StoreError, StreamId, TILE,
    VALUE_LIMIT,
};
use crate::tree::{Frontier, empty_root, node};

/// Opens the store under test: what was acknowledged through an earlier handle must be there. Handles are dropped
/// before the next is asked for.
pub trait Opener {
    /// Opens it.
    fn open(&mut self) -> impl Future<Output = Arc<dyn Store>>;
}

/// Runs every case.
pub async fn run(opener: &mut impl Opener) {
    appends_read_back(opener).await;
    rows_are_read_where_they_lie(opener).await;
    appends_compare_and_swap(opener).await;
    appends_run_in_parallel(opener).await;
    appends_behind_wait_for_nobody(opener).await;
    keys_are_found(opener).await;
    hashes_lead_to_the_root(opener).await;
    rows_are_redacted(opener).await;
    blobs_are_kept(opener).await;
    projections_commit_with_their_cursor(opener).await;
    limits_answer(opener).await;
}

/// A row whose content follows from a number; sizes vary.
pub fn sample_row(seed: u64) -> Row {
    let digest: Hash = Sha256::digest(seed.to_le_bytes()).into();
    let length = usize::from(digest[0]) * usize::from(digest[1] & 7);
    let bytes = digest.iter().copied().cycle().take(length).collect::<Vec<_>>();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[16..]);
    let leaf = Sha256::new()
        .chain_update([0])
        .chain_update(&bytes)
        .chain_update(digest)
        .finalize()
        .into();
    Row { key, leaf, bytes }
}

/// Sample rows of consecutive seeds.
pub fn sample_rows(from: u64, count: u64) -> Vec<Row> {
    (from..from + count).map(sample_row).collect()
}

/// Root over the leaves of rows.
pub fn root_of(rows: &[Row]) -> Hash {
    let mut frontier = Frontier::default();
    for row in rows {
        frontier.append(row.leaf, |_, _| {});
    }
    frontier.root()
}

/// Every row of a stream.
///
/// # Errors
/// What reading answers.
pub async fn read_all(store: &dyn Store, stream: &StreamId) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    loop {
        let more = store.read(stream, rows.len() as u64, 700).await?;
        if more.is_empty() {
            return Ok(rows);
        }
        for row in more {
            assert_eq!(row.position, rows.len() as u64, "positions run without gaps");
            rows.push(Row {
                key: row.key,
                leaf: row.leaf,
                bytes: row.bytes,
            });
        }
    }
}

fn stream(name: &str) -> StreamId {
    StreamId::new(&format!("suite/{name}")).unwrap()
}

async fn appends_read_back(opener: &mut impl Opener) {
    let stream = stream("read-back");
    let rows = sample_rows(0, 900);
    {
        let store = opener.open().await;
        assert_eq!(
            store.head(&stream).await.unwrap(),
            Head {
                size: 0,
                root: empty_root()
            }
        );
        assert_eq!(store.read(&stream, 0, 10).await.unwrap(), vec![]);
        let mut size = 0;
        for batch in [1, 7, 300, 592] {
            let batch = rows[size..size + batch].to_vec();
            let next = size + batch.len();
            let head = store.append(&stream, size as u64, batch).await.unwrap();
            assert_eq!(
                head,
                Head {
                    size: next as u64,
                    root: root_of(&rows[..next])
                }
            );
            assert_eq!(store.head(&stream).await.unwrap(), head);
            size = next;
        }
        let unchanged = store.append(&stream, 900, Vec::new()).await.unwrap();
        assert_eq!(unchanged.size, 900);
        assert_eq!(read_all(&*store, &stream).await.unwrap(), rows);
    }
    let store = opener.open().await;
    assert_eq!(
        store.head(&stream).await.unwrap(),
        Head {
            size: 900,
            root: root_of(&rows)
        }
    );
    assert_eq!(read_all(&*store, &stream).await.unwrap(), rows);
    for (from, limit) in [(0, 1), (6, 3), (307, 2), (899, 5), (900, 1), (5_000, 1), (3, 0)] {
        let read = store.read(&stream, from, limit).await.unwrap();
        let wanted = rows.iter().skip(from as usize).take(limit as usize);
        assert!(
            read.iter()
                .map(|row| (&row.key, &row.bytes))
                .eq(wanted.map(|row| (&row.key, &row.bytes)))
        );
        assert!(
            read.iter()
                .zip(from..)
                .all(|(row, position)| row.position == position)
        );
    }
    let listed = store.streams().await.unwrap();
    assert!(listed.contains(&(
        stream,
        Head {
            size: 900,
            root: root_of(&rows)
        }
    )));
    assert!(listed.is_sorted_by_key(|(id, _)| id.clone()));
}

async fn rows_are_read_where_they_lie(opener: &mut impl Opener) {
    let store = opener.open().await;
    let stream = StreamId::new("suite/where").unwrap();
    let rows = sample_rows(77, 5_000);
    let mut size = 0;
    for count in [1, 700, 2, 1_500, 40].into_iter().cycle() {
        let end = (size + count).min(rows.len());
        let batch = rows[size..end].to_vec();
        store.append(&stream, size as u64, batch).await.unwrap();
        size = end;
        if size == rows.len() {
            break;
        }
    }
    for wanted in [
        vec![],
        vec![0],
        vec![4_999],
        (0..5_000).collect(),
        (0..5_000).step_by(7).collect(),
        vec![3, 4, 5, 900, 2_300, 2_301, 4_998],
    ] {
        let mut read = Vec::new();
        while read.len() < wanted.len() {
            let rest: Vec<u64> = wanted[read.len()..].to_vec();
            let some = store.read_at(&stream, rest).await.unwrap();
            assert!(!some.is_empty());
            read.extend(some);
        }
        assert_eq!(read.len(), wanted.len());
        for (row, position) in read.iter().zip(wanted) {
            let known = &rows[position as usize];
            assert_eq!(row.position, position);
            assert!(row.bytes == known.bytes && row.key == known.key && row.leaf == known.leaf);
        }
    }
    let other = StreamId::new("suite/nowhere").unwrap();
    assert!(store.read_at(&other, Vec::new()).await.unwrap().is_empty());
    for (stream, wanted) in [
        (&stream, vec![5_000]),
        (&stream, vec![2, 2]),
        (&stream, vec![3, 2]),
        (&other, vec![0]),
    ] {
        let refused = store.read_at(stream, wanted).await;
        assert!(matches!(refused, Err(StoreError::Limit(_))));
    }
}

async fn appends_compare_and_swap(opener: &mut impl Opener) {
    let stream = stream("swap");
    let store = opener.open().await;
    store.append(&stream, 0, sample_rows(0, 3)).await.unwrap();
    for expected in [0, 2, 4] {
        let refused = store.append(&stream, expected, sample_rows(9, 1)).await;
        assert_eq!(refused, Err(StoreError::Conflict { expected, actual: 3 }));
    }
    assert_eq!(read_all(&*store, &stream).await.unwrap(), sample_rows(0, 3));
    let (first, second) = tokio::join!(
        store.append(&stream, 3, sample_rows(10, 2)),
        store.append(&stream, 3, sample_rows(20, 2))
    );
    assert!(first.is_ok() != second.is_ok(), "one of two rivals wins");
    assert_eq!(store.head(&stream).await.unwrap().size, 5);
}

async fn appends_run_in_parallel(opener: &mut impl Opener) {
    const WRITERS: u64 = 6;
    const BATCHES: u64 = 20;
    let name = |writer: u64| stream(&format!("parallel-{writer}"));
    {
        let store = opener.open().await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for batch in 0..BATCHES {
                        let rows = sample_rows(writer * 1_000_000 + batch * 13, 13);
                        let keys = rows.iter().map(|row| row.key).collect();
                        store.append(&name(writer), batch * 13, rows).await.unwrap();
                        let found = store.find(&name(writer), keys).await.unwrap();
                        assert!(
                            found.into_iter().eq((batch * 13..).take(13).map(Some)),
                            "finds what it just wrote"
                        );
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    }
    let store = opener.open().await;
    for writer in 0..WRITERS {
        let rows = sample_rows(writer * 1_000_000, BATCHES * 13);
        assert_eq!(read_all(&*store, &name(writer)).await.unwrap(), rows);
        assert_eq!(store.head(&name(writer)).await.unwrap().root, root_of(&rows));
    }
}

async fn appends_behind_wait_for_nobody(opener: &mut impl Opener) {
    let store = opener.open().await;
    let stream = StreamId::new("suite/behind").unwrap();
    let writers: Vec<_> = (0..200_u64)
        .map(|writer| {
            let (store, stream) = (Arc::clone(&store), stream.clone());
            tokio::spawn(async move {
                let rows = sample_rows(writer * 3, 3);
                store.append_behind(&stream, rows).await.unwrap().size
            })
        })
        .collect();
    let mut sizes = Vec::new();
    for writer in writers {
        sizes.push(writer.await.unwrap());
    }
    sizes.sort_unstable();
    assert!(sizes.into_iter().eq((1..=200).map(|place| place * 3)));
    drop(store);
    let rows = read_all(&*opener.open().await, &stream).await.unwrap();
    let mut seen: Vec<_> = rows.chunks(3).map(<[_]>::to_vec).collect();
    let mut sent: Vec<_> = (0..200).map(|writer| sample_rows(writer * 3, 3)).collect();
    for groups in [&mut seen, &mut sent] {
        groups.sort_by_key(|rows| rows[0].leaf);
    }
    assert!(seen == sent, "each append stands together, once");
}

async fn keys_are_found(opener: &mut impl Opener) {
    let (one, other) = (stream("find"), stream("find-other"));
    let mut rows = sample_rows(0, 500);
    rows.push(rows[17].clone());
    {
        let store = opener.open().await;
        store.append(&one, 0, rows.clone()).await.unwrap();
        store.append(&other, 0, sample_rows(400, 200)).await.unwrap();
    }
    let store = opener.open().await;
    let asked = [0, 17, 499, 450, 599, 700]
        .map(|seed| sample_row(seed).key)
        .to_vec();
    let found = store.find(&one, asked.clone()).await.unwrap();
    assert_eq!(
        found,
        [Some(0), Some(500), Some(499), Some(450), None, None],
        "the last position of a key"
    );
    let found = store.find(&other, asked.clone()).await.unwrap();
    assert_eq!(
        found,
        [None, None, Some(99), Some(50), Some(199), None],
        "streams do not mix"
    );
    assert_eq!(
        store.find(&stream("find-none"), asked).await.unwrap(),
        vec![None; 6]
    );
    assert_eq!(store.find(&one, Vec::new()).await.unwrap(), vec![]);
}

async fn hashes_lead_to_the_root(opener: &mut impl Opener) {
    let stream = stream("hashes");
    let rows = sample_rows(0, 70_000);
    let leaves: Vec<Hash> = rows.iter().map(|row| row.leaf).collect();
    {
        let store = opener.open().await;
        for (place, batch) in rows.chunks(9_999).enumerate() {
            store
                .append(&stream, place as u64 * 9_999, batch.to_vec())
                .await
                .unwrap();
        }
        assert_eq!(
            store.hashes(&stream, 0, 69_999, 9).await.unwrap(),
            leaves[69_999..],
            "sees the last append"
        );
    }
    let store = opener.open().await;
    store.mend(&stream).await.unwrap();
    store
        .mend(&StreamId::new("suite/never-written").unwrap())
        .await
        .unwrap();
    let mut level = leaves;
    for number in 0..=2_u8 {
        for from in [0, 1, 255, 300, level.len()] {
            let hashes = store.hashes(&stream, number, from as u64, 600).await.unwrap();
            let wanted: Vec<Hash> = level.iter().skip(from).take(600).copied().collect();
            assert_eq!(hashes, wanted, "level {number} from {from}");
        }
        level = level.chunks_exact(TILE as usize).map(perfect).collect();
    }
    assert_eq!(store.hashes(&stream, 3, 0, 1).await.unwrap(), Vec::<Hash>::new());
}

async fn rows_are_redacted(opener: &mut impl Opener) {
    let stream = stream("redact");
    let mut rows = sample_rows(0, 1_000);
    let zeros = |row: &Row| vec![0; row.bytes.len()];
    let root = root_of(&rows);
    let first = {
        let store = opener.open().await;
        for (place, batch) in rows.chunks(300).enumerate() {
            let at = place as u64 * 300;
            store.append(&stream, at, batch.to_vec()).await.unwrap();
        }
        let first = [0, 299, 300, 450, 999];
        for place in first {
            let bytes = zeros(&rows[place]);
            for _ in 0..2 {
                store.redact(&stream, place as u64, bytes.clone()).await.unwrap();
            }
            rows[place].bytes = bytes;
        }
        for (position, length) in [(1_000, 1), (5, rows[5].bytes.len() + 1)] {
            let refused = store.redact(&stream, position, vec![0; length]).await;
            assert!(matches!(refused, Err(StoreError::Limit(_))), "{refused:?}");
        }
        assert_eq!(read_all(&*store, &stream).await.unwrap(), rows);
        let keys = first.map(|place| rows[place].key).to_vec();
        let found = store.find(&stream, keys).await.unwrap();
        assert!(found.into_iter().eq(first.map(|place| Some(place as u64))));
        first
    };
    let store = opener.open().await;
    assert_eq!(read_all(&*store, &stream).await.unwrap(), rows);
    assert_eq!(store.head(&stream).await.unwrap(), Head { size: 1_000, root });
    store.mend(&stream).await.unwrap();
    let leaves = store.hashes(&stream, 0, 0, 1_000).await.unwrap();
    assert!(leaves.iter().eq(rows.iter().map(|row| &row.leaf)));
    store.append(&stream, 1_000, sample_rows(1_000, 5)).await.unwrap();
    rows.extend(sample_rows(1_000, 5));
    rows[1_003].bytes = zeros(&rows[1_003]);
    store
        .redact(&stream, 1_003, rows[1_003].bytes.clone())
        .await
        .unwrap();
    assert_eq!(read_all(&*store, &stream).await.unwrap(), rows);
    assert!(
        first
            .iter()
            .all(|place| rows[*place].bytes.iter().all(|byte| *byte == 0))
    );
}

fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node(&perfect(left), &perfect(right))
        }
    }
}

async fn blobs_are_kept(opener: &mut impl Opener) {
    let bytes = vec![7; 300_000];
    let digest = {
        let store = opener.open().await;
        assert_eq!(store.get_blob(&Digest::of(b"never put")).await.unwrap(), None);
        let digest = store.put_blob(bytes.clone()).await.unwrap();
        assert_eq!(digest, Digest::of(&bytes));
        assert_eq!(store.put_blob(bytes.clone()).await.unwrap(), digest);
        store.put_blob(Vec::new()).await.unwrap();
        digest
    };
    let store = opener.open().await;
    assert_eq!(store.get_blob(&digest).await.unwrap(), Some(bytes));
    assert_eq!(store.get_blob(&Digest::of(b"")).await.unwrap(), Some(Vec::new()));
}

async fn projections_commit_with_their_cursor(opener: &mut impl Opener) {
    let (one, other) = (stream("projected"), stream("projected-other"));
    let put = |key: &str, value: &str| Change {
        key: key.into(),
        value: Some(value.into()),
    };
    let row = |key: &str, value: &str| ProjectionRow {
        key: key.into(),
        value: value.into(),
    };
    let name = "suite-rows";
    {
        let store = opener.open().await;
        assert_eq!(store.cursor(name, &one).await.unwrap(), 0);
        store
            .commit(name, &one, 0, 5, vec![put("b", "1"), put("a", "2"), put("", "3")])
            .await
            .unwrap();
        store
            .commit(name, &other, 0, 2, vec![put("c", "4")])
            .await
            .unwrap();
        let refused = store.commit(name, &one, 4, 6, vec![put("z", "9")]).await;
        assert_eq!(
            refused,
            Err(StoreError::Conflict {
                expected: 4,
                actual: 5
            })
        );
        let removed = Change {
            key: b"a".to_vec(),
            value: None,
        };
        store
            .commit(name, &one, 5, 6, vec![removed, put("b", "5"), put("d", "6")])
            .await
            .unwrap();
        store
            .commit("suite-other", &one, 0, 1, vec![put("x", "7")])
            .await
            .unwrap();
    }
    let store = opener.open().await;
    assert_eq!(store.cursor(name, &one).await.unwrap(), 6);
    assert_eq!(store.cursor(name, &other).await.unwrap(), 2);
    let of_name: Vec<_> = store.cursors_of(name).await.unwrap().into_iter().collect();
    assert_eq!(of_name, [(one.clone(), 6), (other.clone(), 2)]);
    let rows = store.scan(name, b"", 100).await.unwrap();
    assert_eq!(rows, [row("", "3"), row("b", "5"), row("c", "4"), row("d", "6")]);
    assert_eq!(store.scan(name, b"bb", 1).await.unwrap(), [row("c", "4")]);
    let beginnings = [b"d".to_vec(), b"a".to_vec(), b"b".to_vec()];
    let under = store.rows_under(name, &beginnings, 5).await.unwrap();
    assert_eq!(under, [vec![row("d", "6")], vec![], vec![row("b", "5")]]);
    assert_eq!(
        store.row(name, b"b").await.unwrap().as_deref(),
        Some(b"5".as_slice())
    );
    assert_eq!(store.row(name, b"a").await.unwrap(), None);
    store.clear(name).await.unwrap();
    assert_eq!(store.scan(name, b"", 100).await.unwrap(), []);
    assert_eq!(store.cursor(name, &one).await.unwrap(), 0);
    assert!(store.cursors_of(name).await.unwrap().is_empty());
    assert_eq!(
        store.row("suite-other", b"x").await.unwrap().as_deref(),
        Some(b"7".as_slice())
    );
}

async fn limits_answer(opener: &mut impl Opener) {
    let stream = stream("limits");
    let store = opener.open().await;
    let limit =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Limit(_))), "{result:?}");
    let tiny = Row {
        key: [0; 16],
        leaf: [0; 32],
        bytes: Vec::new(),
    };
    limit(
        store
            .append(&stream, 0, vec![tiny.clone(); ROWS_LIMIT + 1])
            .await
            .map(drop),
    );
    let large = Row {
        bytes: vec![0; ROW_LIMIT + 1],
        ..tiny.clone()
    };
    limit(store.append(&stream, 0, vec![large]).await.map(drop));
    let largest = Row {
        bytes: vec![0; ROW_LIMIT],
        ..tiny
    };
    limit(
        store
            .append(&stream, 0, vec![largest.clone(); 17])
            .await
            .map(drop),
    );
    store
        .append(&stream, 0, vec![largest; 3])
        .await
        .expect("the largest row fits");
    assert_eq!(
        store.read(&stream, 0, 10).await.unwrap().len(),
        2,
        "a large answer comes in parts"
    );
    let value = |length| {
        vec![Change {
            key: b"k".to_vec(),
            value: Some(vec![0; length]),
        }]
    };
    limit(
        store
            .commit("suite-limits", &stream, 0, 1, value(VALUE_LIMIT + 1))
            .await,
    );
    store
        .commit("suite-limits", &stream, 0, 1, value(VALUE_LIMIT))
        .await
        .unwrap();
    limit(store.commit("suite-limits", &stream, 1, 0, Vec::new()).await);
    limit(store.row("No Such Name", b"").await.map(drop));
    limit(store.find(&stream, vec![[0; 16]; ROWS_LIMIT + 1]).await.map(drop));
    for name in ["", "a b", "å", &"x".repeat(129)] {
        limit(StreamId::new(name).map(drop));
    }
}
