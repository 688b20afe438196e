//! The work is kept and taken in time whatever else the database and its connections are busy with, and nothing is answered
//! of what only one machine has.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use vardnav_store::postgres::{Lease, LeaseError, Options, Postgres};
use vardnav_store::suite::sample_rows;
use vardnav_store::{Change, Store, StoreError, StreamId};

use super::{client, options, private, server};

/// How long the work is had without a sign of life.
const TIME: Duration = Duration::from_millis(1_500);

fn change(key: u8) -> Change {
    Change {
        key: vec![key],
        value: Some(vec![key; 3]),
    }
}

/// The work stays whose it is for several times as long as it is had at once.
async fn stays(store: &Postgres) {
    let until = Instant::now() + TIME * 2;
    while Instant::now() < until {
        assert!(store.duty().is_mine(), "it was not renewed");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_is_kept_while_all_connections_are_busy() {
    let Some(private) = server() else { return };
    let url = private.database("busy").await.unwrap();
    let few = Options {
        connections: 2,
        ..options()
    };
    let store = Postgres::open(&url, few).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let streams = ["busy/1", "busy/2", "busy/3"].map(|name| StreamId::new(name).unwrap());
    for stream in &streams {
        store.append(stream, 0, sample_rows(0, 3)).await.unwrap();
    }
    let _sharing = store.share("one", TIME).unwrap();
    drop(store.duty().begin().await.unwrap());
    let _others = other.share("other", TIME).unwrap();
    let mut outside = client(&url).await;
    let held = outside.transaction().await.unwrap();
    held.batch_execute("SELECT * FROM heads FOR UPDATE")
        .await
        .unwrap();
    let waiting: Vec<_> = streams
        .into_iter()
        .map(|stream| {
            let store = store.clone();
            tokio::spawn(async move { store.append(&stream, 3, sample_rows(3, 3)).await })
        })
        .collect();
    stays(&store).await;
    assert!(!other.duty().is_mine());
    held.rollback().await.unwrap();
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
}

/// Whoever works does not keep itself from renewing, nor do those who would have the work and ask in vain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_is_kept_while_a_statement_of_it_goes_on() {
    let Some(private) = server() else { return };
    let url = private.database("long").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("long/stream").unwrap();
    let _sharing = store.share("one", TIME).unwrap();
    let _shift = store.duty().begin().await.unwrap();
    let _others = other.share("other", TIME).unwrap();
    store.commit("p", &stream, 0, 1, vec![change(1)]).await.unwrap();
    let mut outside = client(&url).await;
    let held = outside.transaction().await.unwrap();
    held.batch_execute("SELECT * FROM cursors FOR UPDATE")
        .await
        .unwrap();
    let working = {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move { store.commit("p", &stream, 1, 2, vec![change(2)]).await })
    };
    stays(&store).await;
    assert!(!other.duty().is_mine());
    held.rollback().await.unwrap();
    assert_eq!(working.await.unwrap(), Ok(()));
}

/// The time of a lease counts from when it is had, not from when it was asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_was_waited_for_is_had_in_full() {
    let Some(private) = server() else { return };
    let url = private.database("full").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let time = Duration::from_secs(6);
    let lease = Lease::take(&store, "some", "one", time).await.unwrap();
    let mut outside = client(&url).await;
    let held = outside.transaction().await.unwrap();
    held.batch_execute("SELECT * FROM leases FOR UPDATE")
        .await
        .unwrap();
    drop(lease);
    let taking = {
        let store = store.clone();
        tokio::spawn(async move { Lease::take(&store, "some", "one", time).await })
    };
    sleep(Duration::from_millis(1_000)).await;
    held.rollback().await.unwrap();
    let _lease = taking.await.unwrap().unwrap();
    let left = "SELECT extract(epoch FROM until - clock_timestamp())::double precision FROM leases";
    let left: f64 = outside.query_one(left, &[]).await.unwrap().get(0);
    assert!((5.5..=6.0).contains(&left), "{left} seconds of 6");
}

/// Nobody has the work from another by having been it once; only the process before is followed at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_follow_one_the_first_has_the_work() {
    let Some(private) = server() else { return };
    let url = private.database("followed").await.unwrap();
    let [before, one, other] = [(); 3].map(|()| Postgres::open(&url, options()));
    let (before, one, other) = (before.await.unwrap(), one.await.unwrap(), other.await.unwrap());
    let long = Duration::from_secs(600);
    let gone = before.share("before", long).unwrap();
    drop(before.duty().begin().await.unwrap());
    drop(gone);
    let _one = one.share_after("one", Some("before"), long).unwrap();
    let soon = Duration::from_secs(5);
    assert!(
        timeout(soon, one.duty().begin()).await.is_ok(),
        "it is followed at once"
    );
    let _other = other.share_after("other", Some("before"), TIME).unwrap();
    let waits = timeout(TIME * 2, other.duty().begin()).await;
    assert!(
        waits.is_err() && one.duty().is_mine(),
        "it was taken from another"
    );
    let refused = Lease::take(&other, "work", "before", TIME).await.err();
    assert_eq!(refused, Some(LeaseError::Held));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shares_no_more_has_no_work() {
    let Some(private) = server() else { return };
    let url = private.database("dropped").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("dropped/stream").unwrap();
    let sharing = store.share("one", TIME).unwrap();
    let shift = store.duty().begin().await.unwrap();
    store.commit("p", &stream, 0, 1, vec![change(1)]).await.unwrap();
    drop(sharing);
    let until = Instant::now() + TIME;
    while store.duty().is_mine() && Instant::now() < until {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(store.duty().try_begin().is_none());
    assert!(store.duty().begin().await.is_none());
    let refused = store.commit("p", &stream, 1, 2, vec![change(2)]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    drop(shift);
}

/// What nobody waits for any more is in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_behind_a_question_that_was_given_up() {
    let Some(private) = server() else { return };
    let url = private.database("given-up").await.unwrap();
    let few = Options {
        connections: 2,
        ..options()
    };
    let store = Postgres::open(&url, few).await.unwrap();
    let stream = StreamId::new("given-up").unwrap();
    store.append(&stream, 0, sample_rows(0, 3)).await.unwrap();
    let mut outside = client(&url).await;
    let held = outside.transaction().await.unwrap();
    held.batch_execute("SELECT * FROM heads FOR UPDATE")
        .await
        .unwrap();
    let asking = {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move { store.append(&stream, 3, sample_rows(3, 3)).await })
    };
    sleep(Duration::from_millis(300)).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    let soon = Duration::from_secs(3);
    for _ in 0..4 {
        let answer = timeout(soon, store.row("p", b"key")).await;
        assert_eq!(answer.expect("it waits behind what was given up"), Ok(None));
    }
    // Its connection is of use again once the database is done with it.
    held.rollback().await.unwrap();
    let both = async { tokio::join!(store.head(&stream), store.head(&stream)) };
    let (one, two) = timeout(soon, both).await.unwrap();
    assert!(one.is_ok() && two.is_ok());
    let count =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'given-up' AND pid <> pg_backend_pid()";
    let count: i64 = outside.query_one(count, &[]).await.unwrap().get(0);
    assert!(count <= 2, "{count} connections of 2");
}

/// What a stopped database shows afterwards, but no standby has, is not answered. A projection waits for nobody: it may
/// fall back, cursor and rows together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_standby_has_is_not_answered() {
    let Some(mut private) = private() else { return };
    let url = private.database("standby").await.unwrap();
    let patient = Options {
        patience: Duration::from_secs(60),
        ..options()
    };
    let store = Postgres::open(&url, patient).await.unwrap();
    let stream = StreamId::new("standby/stream").unwrap();
    store.append(&stream, 0, sample_rows(0, 3)).await.unwrap();
    store.commit("p", &stream, 0, 1, vec![change(1)]).await.unwrap();
    let standby = async |private: &vardnav_store::postgres::private::Private, name: &str| {
        let change = format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'");
        private.execute("postgres", &change).await.unwrap();
        private
            .execute("postgres", "SELECT pg_reload_conf()")
            .await
            .unwrap();
        // It is heeded by all its processes a moment later.
        sleep(Duration::from_secs(1)).await;
    };
    standby(&private, "nobody").await;
    let appending = {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move { store.append(&stream, 3, sample_rows(3, 3)).await })
    };
    let commit = store.commit("p", &stream, 1, 2, vec![change(2)]);
    timeout(Duration::from_secs(10), commit).await.unwrap().unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let outside = client(&url).await;
    let until = Instant::now() + Duration::from_secs(10);
    while outside.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) < 1 {
        assert!(Instant::now() < until, "nothing waits for a standby");
        sleep(Duration::from_millis(20)).await;
    }
    private.kill().unwrap();
    private.begin().unwrap();
    // It is there now, for whoever looks.
    let outside = client(&url).await;
    let size = "SELECT size FROM heads WHERE stream = 'standby/stream'";
    assert_eq!(outside.query_one(size, &[]).await.unwrap().get::<_, i64>(0), 6);
    sleep(Duration::from_secs(3)).await;
    assert!(!appending.is_finished(), "an append was answered");
    let has_row = store.row("p", &change(2).key).await.unwrap().is_some();
    assert_eq!(store.cursor("p", &stream).await, Ok(1 + u64::from(has_row)));
    standby(&private, "").await;
    assert_eq!(appending.await.unwrap().unwrap().size, 6);
}
