//! Random operations on a store, with reopening in between, that are to be answered as the simple store answers them.

use proptest::prelude::*;
use vardnav_store::suite::{Opener, read_all, sample_row, sample_rows};
use vardnav_store::{Change, Memory, Store, StreamId};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Append {
        stream: u8,
        seed: u64,
        count: u64,
        off: u64,
    },
    Read {
        stream: u8,
        from: u64,
        limit: u32,
    },
    Find {
        stream: u8,
        seed: u64,
    },
    Hashes {
        stream: u8,
        level: u8,
        from: u64,
    },
    Commit {
        stream: u8,
        key: u8,
        value: Option<u8>,
        off: u64,
    },
    Scan {
        from: u8,
    },
    Reopen,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let off = || prop_oneof![9 => Just(0_u64), 1 => Just(1)];
    let step = prop_oneof![
        8 => (0..3_u8, 0..500_u64, 0..90_u64, off())
            .prop_map(|(stream, seed, count, off)| Step::Append { stream, seed, count, off }),
        4 => (0..3_u8, 0..700_u64, 0..50_u32).prop_map(|(stream, from, limit)| Step::Read { stream, from, limit }),
        4 => (0..3_u8, 0..600_u64).prop_map(|(stream, seed)| Step::Find { stream, seed }),
        2 => (0..3_u8, 0..3_u8, 0..600_u64).prop_map(|(stream, level, from)| Step::Hashes { stream, level, from }),
        3 => (0..2_u8, 0..20_u8, any::<Option<u8>>(), off())
            .prop_map(|(stream, key, value, off)| Step::Commit { stream, key, value, off }),
        1 => (0..20_u8).prop_map(|from| Step::Scan { from }),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

async fn run(steps: Vec<Step>, opener: &mut impl Opener) {
    let model = Memory::new();
    let mut store = opener.open().await;
    let name = |stream: u8| StreamId::new(&format!("model/{stream}")).unwrap();
    for step in steps {
        match step {
            Step::Append {
                stream,
                seed,
                count,
                off,
            } => {
                let stream = name(stream);
                let expected = model.head(&stream).await.unwrap().size + off;
                let rows = sample_rows(seed, count);
                let wanted = model.append(&stream, expected, rows.clone()).await;
                assert_eq!(store.append(&stream, expected, rows).await, wanted);
            }
            Step::Read { stream, from, limit } => {
                let stream = name(stream);
                assert_eq!(
                    store.read(&stream, from, limit).await,
                    model.read(&stream, from, limit).await
                );
            }
            Step::Find { stream, seed } => {
                let keys: Vec<_> = (seed..seed + 40).map(|seed| sample_row(seed).key).collect();
                let stream = name(stream);
                assert_eq!(
                    store.find(&stream, keys.clone()).await,
                    model.find(&stream, keys).await
                );
            }
            Step::Hashes { stream, level, from } => {
                let stream = name(stream);
                let wanted = model.hashes(&stream, level, from, 300).await;
                assert_eq!(store.hashes(&stream, level, from, 300).await, wanted);
            }
            Step::Commit {
                stream,
                key,
                value,
                off,
            } => {
                let stream = name(stream);
                let cursor = model.cursor("model", &stream).await.unwrap();
                let changes = vec![Change {
                    key: vec![key],
                    value: value.map(|value| vec![value; 3]),
                }];
                let (expected, next) = (cursor + off, cursor + off + 1);
                let wanted = model
                    .commit("model", &stream, expected, next, changes.clone())
                    .await;
                assert_eq!(
                    store.commit("model", &stream, expected, next, changes).await,
                    wanted
                );
            }
            Step::Scan { from } => {
                let wanted = model.scan("model", &[from], 10).await;
                assert_eq!(store.scan("model", &[from], 10).await, wanted);
            }
            Step::Reopen => {
                drop(store);
                store = opener.open().await;
            }
        }
    }
    assert_eq!(store.streams().await, model.streams().await);
    for (stream, _) in model.streams().await.unwrap() {
        assert_eq!(read_all(&*store, &stream).await, read_all(&model, &stream).await);
    }
}

/// Runs the steps on a store and on the simple one, and compares.
pub(crate) fn both(steps: Vec<Step>, opener: &mut impl Opener) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(run(steps, opener));
}
