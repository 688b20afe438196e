//! From every earlier version of the tables to the newest, and not back.

use std::time::Duration;

use vardnav_store::postgres::{MIGRATIONS, Migration, Options, Postgres};
use vardnav_store::suite::{self, read_all, sample_rows};
use vardnav_store::{Change, Store, StoreError, StreamId};

use super::{Database, options, server};

#[test]
fn migrations_are_numbered_without_gaps() {
    assert!(
        MIGRATIONS
            .iter()
            .map(|migration| migration.version)
            .eq(1..=MIGRATIONS.len() as i32)
    );
    // Whom one leaves out, none after it lets in.
    let mut least = 1;
    for migration in MIGRATIONS {
        assert!((least..=migration.version).contains(&migration.oldest));
        least = migration.oldest;
    }
}

/// The migrations that there are, and one more.
fn one_more(oldest: i32, text: &'static str) -> Vec<Migration> {
    let mut more = MIGRATIONS.to_vec();
    more.push(Migration {
        version: MIGRATIONS.len() as i32 + 1,
        oldest,
        text,
    });
    more
}

/// A database that any earlier version made and filled is brought on with everything in it, and passes the suite then. The
/// first one is the oldest that can hold anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_every_earlier_version_to_the_newest() {
    let Some(private) = server() else { return };
    for version in 1..=MIGRATIONS.len() {
        let url = private.database(&format!("from-{version}")).await.unwrap();
        let stream = StreamId::new("before/one").unwrap();
        let rows = sample_rows(0, 700);
        let digest = {
            // What this version writes suits the tables of every version back to the first: it expands only.
            let earlier = Postgres::open_with(&url, options(), &MIGRATIONS[..version])
                .await
                .unwrap();
            earlier.append(&stream, 0, rows.clone()).await.unwrap();
            let change = Change {
                key: b"key".to_vec(),
                value: Some(b"value".to_vec()),
            };
            earlier
                .commit("before", &stream, 0, 700, vec![change])
                .await
                .unwrap();
            earlier.put_blob(b"blob".to_vec()).await.unwrap()
        };
        let newest = Postgres::open(&url, options()).await.unwrap();
        assert_eq!(read_all(&newest, &stream).await.unwrap(), rows);
        assert_eq!(newest.head(&stream).await.unwrap().root, suite::root_of(&rows));
        assert_eq!(newest.cursor("before", &stream).await.unwrap(), 700);
        assert_eq!(
            newest.row("before", b"key").await.unwrap(),
            Some(b"value".to_vec())
        );
        assert_eq!(newest.get_blob(&digest).await.unwrap(), Some(b"blob".to_vec()));
        drop(newest);
        if version < MIGRATIONS.len() {
            suite::run(&mut Database(url)).await;
        }
    }
}

#[tokio::test]
async fn newer_or_other_tables_are_not_served() {
    let Some(private) = server() else { return };
    let url = private.database("newer").await.unwrap();
    let newer = one_more(
        MIGRATIONS.len() as i32 + 1,
        "CREATE TABLE later (stream text NOT NULL, PRIMARY KEY (stream))",
    );
    drop(Postgres::open_with(&url, options(), &newer).await.unwrap());
    let refused = Postgres::open(&url, options()).await.err().unwrap();
    assert!(
        matches!(&refused, StoreError::Corrupt(why) if why.contains("use one that knows migration")),
        "{refused}"
    );
    let mut other = newer.clone();
    other.last_mut().unwrap().text = "CREATE TABLE other (stream text NOT NULL, PRIMARY KEY (stream))";
    let refused = Postgres::open_with(&url, options(), &other).await.err().unwrap();
    assert!(
        matches!(&refused, StoreError::Corrupt(why) if why.contains("other words")),
        "{refused}"
    );
    drop(Postgres::open_with(&url, options(), &newer).await.unwrap());
}

/// A database that a newer program expanded is served on by the one before it, beside the newer one; where it is not
/// written down who may serve, nobody does who does not know it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_expands_is_served_by_the_version_before() {
    let Some(private) = server() else { return };
    let url = private.database("expanded").await.unwrap();
    let older = Postgres::open(&url, options()).await.unwrap();
    let last = MIGRATIONS.len() as i32;
    let expanded = one_more(last, "ALTER TABLE heads ADD COLUMN later text");
    let newer = Postgres::open_with(&url, options(), &expanded).await.unwrap();
    let again = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("beside/one").unwrap();
    let rows = sample_rows(0, 30);
    for (store, from) in [(&older, 0), (&newer, 10), (&again, 20)] {
        let some = rows[from..from + 10].to_vec();
        store.append(&stream, from as u64, some).await.unwrap();
    }
    assert_eq!(read_all(&older, &stream).await.unwrap(), rows);
    drop((older, newer, again));
    private
        .execute("expanded", "DELETE FROM migrations_served")
        .await
        .unwrap();
    let refused = Postgres::open(&url, options()).await.err().unwrap();
    assert!(
        matches!(&refused, StoreError::Corrupt(why) if why.contains("use the newer one")),
        "{refused}"
    );
    drop(Postgres::open_with(&url, options(), &expanded).await.unwrap());
}

/// Servers that start at once on an empty database make its tables once; a migration that fails leaves nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_servers_begin_at_once() {
    let Some(private) = server() else { return };
    let url = private.database("together").await.unwrap();
    let broken = one_more(
        MIGRATIONS.len() as i32 + 1,
        "CREATE TABLE half (stream text NOT NULL, PRIMARY KEY (stream)); SELECT no_such_thing",
    );
    let failed = Postgres::open_with(&url, options(), &broken).await.err().unwrap();
    assert!(matches!(failed, StoreError::Unavailable(_)), "{failed}");
    private.execute("together", "CREATE TABLE half ()").await.unwrap();
    let url = private.database("together-anew").await.unwrap();
    let opened: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Postgres::open(&url, options()).await.map(drop) })
        })
        .collect();
    for opened in opened {
        opened.await.unwrap().unwrap();
    }
}

/// A migration of large tables takes longer than any statement may, and so does whoever starts meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_takes_the_time_it_needs() {
    let Some(private) = server() else { return };
    let url = private.database("slow").await.unwrap();
    let hasty = || Options {
        statement_max: Duration::from_millis(800),
        patience: Duration::from_millis(100),
        ..options()
    };
    let slow = one_more(MIGRATIONS.len() as i32 + 1, "SELECT pg_sleep(2)");
    drop(Postgres::open(&url, options()).await.unwrap());
    let (one, other) = tokio::join!(
        Postgres::open_with(&url, hasty(), &slow),
        Postgres::open_with(&url, hasty(), &slow)
    );
    // Whoever waited looks again, and may have no patience left for that; it was not cut off.
    assert!(one.is_ok() || other.is_ok());
    for refused in [one, other].into_iter().filter_map(Result::err) {
        assert!(refused.to_string().contains("another server"), "{refused}");
    }
    Postgres::open_with(&url, hasty(), &slow).await.unwrap();
}
