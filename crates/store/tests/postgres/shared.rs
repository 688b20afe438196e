//! Several handles on one database behave as one store; a lease is held by one at a time, and the background work done by
//! one.

use std::time::Duration;

use vardnav_store::postgres::private::Private;
use vardnav_store::postgres::{Lease, LeaseError, Postgres};
use vardnav_store::suite::{read_all, root_of, sample_rows};
use vardnav_store::{Change, ROWS_LIMIT, Store, StoreError, StreamId};

use super::{client, options, private, server};

/// Two servers append to the same streams: of rivals one wins, of those behind each stands once, and both see all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_handles_behave_as_one() {
    const EACH: u64 = 40;
    let Some(private) = server() else { return };
    let url = private.database("two").await.unwrap();
    let handles = [
        Postgres::open(&url, options()).await.unwrap(),
        Postgres::open(&url, options()).await.unwrap(),
    ];
    let (swapped, behind) = (
        StreamId::new("two/swap").unwrap(),
        StreamId::new("two/behind").unwrap(),
    );
    let tasks: Vec<_> = (0_u64..)
        .zip(handles.clone())
        .map(|(number, store)| {
            let (swapped, behind) = (swapped.clone(), behind.clone());
            tokio::spawn(async move {
                let mut lost = 0_u32;
                for turn in 0..EACH {
                    let seed = (number * EACH + turn) * 3;
                    store.append_behind(&behind, sample_rows(seed, 3)).await.unwrap();
                    let mut size = store.head(&swapped).await.unwrap().size;
                    loop {
                        match store.append(&swapped, size, sample_rows(seed, 3)).await {
                            Ok(head) => {
                                assert_eq!(head.size, size + 3);
                                break;
                            }
                            Err(StoreError::Conflict { expected, actual }) => {
                                assert!(expected == size && actual > size);
                                (size, lost) = (actual, lost + 1);
                            }
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
                lost
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for stream in [swapped, behind] {
        let rows = read_all(&handles[0], &stream).await.unwrap();
        assert_eq!(rows.len() as u64, 2 * EACH * 3);
        let mut seen: Vec<_> = rows.iter().map(|row| row.leaf).collect();
        let mut sent: Vec<_> = sample_rows(0, 2 * EACH * 3).iter().map(|row| row.leaf).collect();
        seen.sort_unstable();
        sent.sort_unstable();
        assert!(seen == sent, "each once");
        for handle in &handles {
            assert_eq!(handle.head(&stream).await.unwrap().root, root_of(&rows));
        }
    }
}

/// Rows that come while the end of a stream is looked for are no damage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_stream_is_read_while_it_grows() {
    const ROWS: u64 = 400;
    let Some(private) = server() else { return };
    let url = private.database("growing").await.unwrap();
    let one = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("growing").unwrap();
    let reading = {
        let stream = stream.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            while seen < ROWS {
                seen += other.read(&stream, seen, 10).await.unwrap().len() as u64;
            }
        })
    };
    for row in 0..ROWS {
        one.append(&stream, row, sample_rows(row, 1)).await.unwrap();
    }
    reading.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_held_by_one() {
    let Some(private) = server() else { return };
    let url = private.database("lease").await.unwrap();
    let (one, other) = (
        Postgres::open(&url, options()).await.unwrap(),
        Postgres::open(&url, options()).await.unwrap(),
    );
    let time = Duration::from_millis(600);
    let lease = Lease::take(&one, "work", "one", time).await.unwrap();
    for _ in 0..4 {
        // It is renewed, longer than it lasts.
        let refused = Lease::take(&other, "work", "other", time).await.err();
        assert_eq!(refused, Some(LeaseError::Held));
        tokio::time::sleep(time / 2).await;
    }
    let elsewhere = Lease::take(&other, "other-work", "other", time).await.unwrap();
    // A server that comes back takes it from its former self, which learns of it.
    let again = Lease::take(&one, "work", "one", time).await.unwrap();
    assert!(again.fence() > lease.fence());
    tokio::time::timeout(time, lease.taken()).await.unwrap();
    drop(again);
    // Nobody renews it now.
    tokio::time::sleep(time + time / 2).await;
    let taken = Lease::take(&other, "work", "other", time).await.unwrap();
    taken.give_back().await;
    let back = Lease::take(&one, "work", "one", time).await.unwrap();
    drop((back, elsewhere));
}

/// So long that nothing is renewed meanwhile.
const LONG: Duration = Duration::from_secs(600);

async fn expire(private: &Private, database: &str) {
    let statement = "UPDATE leases SET until = now() - interval '1 second'";
    private.execute(database, statement).await.unwrap();
}

fn change(key: u8) -> Change {
    Change {
        key: vec![key],
        value: Some(vec![key; 3]),
    }
}

fn is_elsewhere(refused: &Result<(), StoreError>) -> bool {
    matches!(refused, Err(StoreError::Unavailable(why)) if why.contains("is another server's now"))
}

/// A server that was away while another took over its work changes nothing that only whoever works may change, before it
/// learns of that by itself; what it appends is as good as anybody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lost_the_work_changes_nothing_by_it() {
    let Some(private) = server() else { return };
    let url = private.database("fenced").await.unwrap();
    let one = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("fenced/stream").unwrap();
    one.append(&stream, 0, sample_rows(0, 3)).await.unwrap();
    // As long as nobody shares it, it is one's own.
    assert!(one.duty().is_mine());
    one.commit("alone", &stream, 0, 1, vec![change(1)]).await.unwrap();

    let sharing = one.share("one", LONG).unwrap();
    assert!(matches!(one.share("one", LONG), Err(StoreError::Limit(_))));
    let shift = one.duty().begin().await.unwrap();
    let clone = one.clone();
    clone
        .commit("kept", &stream, 0, 1, vec![change(1)])
        .await
        .unwrap();
    clone
        .commit("kept", &stream, 1, 2, vec![change(2)])
        .await
        .unwrap();
    clone.clear("cleared").await.unwrap();
    let mut erased = sample_rows(0, 1)[0].bytes.clone();
    erased.fill(7);
    clone.redact(&stream, 0, erased.clone()).await.unwrap();
    expire(&private, "fenced").await;
    // As long as nobody else took it nobody is harmed.
    clone
        .commit("kept", &stream, 2, 3, vec![change(3)])
        .await
        .unwrap();

    let others = other.share("other", LONG).unwrap();
    drop(other.duty().begin().await.unwrap());
    let refused = [
        clone.commit("kept", &stream, 3, 3, vec![change(4)]).await,
        clone.commit("new", &stream, 0, 3, vec![change(5)]).await,
        clone.clear("kept").await,
        clone
            .redact(&stream, 1, sample_rows(1, 1)[0].bytes.iter().map(|_| 8).collect())
            .await,
    ];
    for refused in &refused {
        assert!(is_elsewhere(refused), "{refused:?}");
    }
    let kept = other.scan("kept", &[], 10).await.unwrap();
    assert_eq!(kept.iter().map(|row| row.key[0]).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(other.cursor("kept", &stream).await, Ok(3));
    assert_eq!(other.cursor("new", &stream).await, Ok(0));
    let rows = read_all(&other, &stream).await.unwrap();
    assert_eq!(rows[0].bytes, erased);
    assert_eq!(rows[1].bytes, sample_rows(1, 1)[0].bytes);
    clone.append(&stream, 3, sample_rows(3, 3)).await.unwrap();
    clone.append_behind(&stream, sample_rows(6, 3)).await.unwrap();
    other
        .commit("kept", &stream, 3, 4, vec![change(4)])
        .await
        .unwrap();
    other.clear("cleared").await.unwrap();
    drop(shift);
    sharing.give_back().await;
    others.give_back().await;
}

/// Those who follow have rows from memory as long as the work is this server's, and nothing that was erased since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_erased_is_followed_from_memory() {
    let Some(private) = server() else { return };
    let url = private.database("followed").await.unwrap();
    let one = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("followed/stream").unwrap();
    let sharing = one.share("one", LONG).unwrap();
    let shift = one.duty().begin().await.unwrap();
    one.append(&stream, 0, sample_rows(0, 3)).await.unwrap();
    other.append(&stream, 3, sample_rows(3, 3)).await.unwrap();
    one.append(&stream, 6, sample_rows(6, 3)).await.unwrap();
    // What is followed from memory is seen by what the database itself no longer says.
    let forgotten = "UPDATE ledger SET key = ''::bytea WHERE position IN (1, 7)";
    private.execute("followed", forgotten).await.unwrap();
    let first = one.follow(&stream, 0, 100).await.unwrap();
    assert_eq!(
        first.iter().map(|row| row.position).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    let third = one.follow(&stream, 7, 100).await.unwrap();
    assert_eq!(third.iter().map(|row| row.position).collect::<Vec<_>>(), [7, 8]);
    assert!(one.read(&stream, 1, 1).await.is_err());
    // What another server appended is read once, and then remembered.
    assert_eq!(one.follow(&stream, 3, 3).await.unwrap().len(), 3);
    private
        .execute("followed", "UPDATE ledger SET key = ''::bytea WHERE position = 4")
        .await
        .unwrap();
    assert_eq!(one.follow(&stream, 4, 2).await.unwrap().len(), 2);
    // Whoever does not have the work follows nothing from memory.
    assert!(other.follow(&stream, 4, 2).await.is_err());

    let erased = |seed: u64| {
        sample_rows(seed, 1)[0]
            .bytes
            .iter()
            .map(|_| 7)
            .collect::<Vec<u8>>()
    };
    one.redact(&stream, 0, erased(0)).await.unwrap();
    assert_eq!(one.follow(&stream, 0, 1).await.unwrap()[0].bytes, erased(0));
    assert_eq!(one.follow(&stream, 0, 1).await.unwrap()[0].bytes, erased(0));

    // Another takes the work over and erases; what this one kept is nothing any more when it has the work again.
    one.append(&stream, 9, sample_rows(9, 3)).await.unwrap();
    assert_eq!(one.follow(&stream, 9, 3).await.unwrap().len(), 3);
    drop(shift);
    sharing.give_back().await;
    let others = other.share("other", LONG).unwrap();
    drop(other.duty().begin().await.unwrap());
    other.redact(&stream, 9, erased(9)).await.unwrap();
    assert_eq!(one.follow(&stream, 9, 1).await.unwrap()[0].bytes, erased(9));
    others.give_back().await;
}

/// Rows of a projection that are asked for together are those that are asked for one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_projection_are_had_together() {
    let Some(private) = server() else { return };
    let url = private.database("together").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("together/stream").unwrap();
    let changes = [change(1), change(2), change(3)].to_vec();
    store.commit("p", &stream, 0, 1, changes).await.unwrap();
    let gone = Change {
        key: vec![2],
        value: None,
    };
    store.commit("p", &stream, 1, 2, vec![gone]).await.unwrap();
    let keys = [vec![3], vec![2], vec![9], vec![1], vec![3]];
    let rows = store.rows("p", &keys).await.unwrap();
    let three = Some(vec![3; 3]);
    assert_eq!(rows, [three.clone(), None, None, Some(vec![1; 3]), three]);
    assert_eq!(store.rows("p", &[]).await, Ok(Vec::new()));
    let many = vec![Vec::new(); ROWS_LIMIT + 1];
    assert!(matches!(store.rows("p", &many).await, Err(StoreError::Limit(_))));
    store.clear("p").await.unwrap();
    assert_eq!(store.rows("p", &keys).await.unwrap(), vec![None; 5]);
}

/// The work goes to another at once when it is given back, and soon when its holder is gone; a shift that goes on keeps
/// its server from having the work again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_is_taken_over() {
    const TIME: Duration = Duration::from_millis(600);
    let Some(private) = server() else { return };
    let url = private.database("taken").await.unwrap();
    let one = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let first = one.share("one", TIME).unwrap();
    let shift = one.duty().begin().await.unwrap();
    let second = other.share("other", TIME).unwrap();
    let waits = tokio::time::timeout(TIME * 3, other.duty().begin()).await;
    assert!(waits.is_err(), "it is renewed");
    drop(shift);
    first.give_back().await;
    assert!(!one.duty().is_mine());
    let taken = tokio::time::timeout(TIME, other.duty().begin()).await.unwrap();
    let shift = taken.unwrap();
    // As when its process is killed.
    drop(second);
    let third = Postgres::open(&url, options()).await.unwrap();
    let _sharing = third.share("third", TIME).unwrap();
    let taken = tokio::time::timeout(TIME * 4, third.duty().begin())
        .await
        .unwrap()
        .unwrap();
    assert!(taken.number() > shift.number());
    let stream = StreamId::new("taken/stream").unwrap();
    let refused = other.commit("p", &stream, 0, 1, vec![change(1)]).await;
    assert!(is_elsewhere(&refused), "{refused:?}");
    third.commit("p", &stream, 0, 1, vec![change(1)]).await.unwrap();
}

/// Nobody takes the work in the middle of a statement that does some of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_the_work_ends_before_another_has_it() {
    let Some(private) = server() else { return };
    let url = private.database("middle").await.unwrap();
    let one = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    let stream = StreamId::new("middle/stream").unwrap();
    let _sharing = one.share("one", LONG).unwrap();
    let _shift = one.duty().begin().await.unwrap();
    one.commit("p", &stream, 0, 1, vec![change(1)]).await.unwrap();
    expire(&private, "middle").await;
    let mut holding = client(&url).await;
    let held = holding.transaction().await.unwrap();
    held.batch_execute("SELECT * FROM cursors FOR UPDATE")
        .await
        .unwrap();
    let working = {
        let (one, stream) = (one.clone(), stream.clone());
        tokio::spawn(async move { one.commit("p", &stream, 1, 2, vec![change(2)]).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _others = other.share("other", LONG).unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(700), other.duty().begin()).await;
    assert!(waits.is_err(), "it was taken in the middle");
    held.rollback().await.unwrap();
    assert_eq!(working.await.unwrap(), Ok(()));
    let taken = tokio::time::timeout(Duration::from_secs(10), other.duty().begin()).await;
    assert!(taken.unwrap().is_some());
    assert_eq!(other.cursor("p", &stream).await, Ok(2));
    let refused = one.commit("p", &stream, 2, 3, vec![change(3)]).await;
    assert!(is_elsewhere(&refused), "{refused:?}");
}

/// Whoever cannot renew in time counts its lease as lost before another can have it, and has it again when nobody took it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_lost_with_the_database() {
    let Some(mut private) = private() else { return };
    let url = private.database("away").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let time = Duration::from_millis(900);
    let lease = Lease::take(&store, "work", "one", time).await.unwrap();
    private.kill().unwrap();
    tokio::time::timeout(time * 2, lease.lost()).await.unwrap();
    private.begin().unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    tokio::time::sleep(time).await;
    let lost = tokio::time::timeout(time * 2, lease.lost()).await;
    assert!(lost.is_err(), "it is held again");
    let refused = Lease::take(&other, "work", "other", time).await.err();
    assert_eq!(refused, Some(LeaseError::Held));
}
