//! Random operations on a store, with reopening in between, answer as the simple store does.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::sync::Arc;

use proptest::prelude::*;
use vardnav_store::postgres::private::{Private, QUICK};
use vardnav_store::postgres::{self, Postgres};
use vardnav_store::suite::{Opener, read_all, sample_row, sample_rows};
use vardnav_store::{Change, Embedded, Memory, Options, Store, StreamId};

#[derive(Debug, Clone)]
enum Step {
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

fn steps() -> impl Strategy<Value = Vec<Step>> {
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

struct Folder(tempfile::TempDir);

impl Opener for Folder {
    async fn open(&mut self) -> Arc<dyn Store> {
        let options = Options {
            segment_bytes: 100_000,
            part_rows: 70,
            part_bytes: 30_000,
            fan_in: 2,
        };
        let store = Embedded::open(self.0.path(), options).unwrap();
        assert_eq!(store.damage(), []);
        Arc::new(store)
    }
}

struct Database(String);

impl Opener for Database {
    async fn open(&mut self) -> Arc<dyn Store> {
        let few = postgres::Options {
            connections: 2,
            ..postgres::Options::default()
        };
        Arc::new(Postgres::open(&self.0, few).await.unwrap())
    }
}

async fn both(steps: Vec<Step>, opener: &mut impl Opener) {
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

fn wait(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn embedded_answers_as_memory_does(steps in steps()) {
        wait(both(steps, &mut Folder(tempfile::tempdir().unwrap())));
    }
}

#[test]
fn postgres_answers_as_memory_does() {
    let Some(private) = Private::start(QUICK).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let cases = std::cell::Cell::new(0);
    let config = ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in steps())| {
        let name = format!("model-{}", cases.replace(cases.get() + 1));
        wait(async {
            let url = private.database(&name).await.unwrap();
            both(steps, &mut Database(url)).await;
        });
    });
}
