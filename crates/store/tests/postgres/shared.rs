//! Several handles on one database behave as one store; a lease is held by one at a time.

use std::time::Duration;

use vardnav_store::postgres::{Lease, LeaseError, Postgres};
use vardnav_store::suite::{read_all, root_of, sample_rows};
use vardnav_store::{Store, StoreError, StreamId};

use super::{options, private, server};

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

/// A server that was away while another took its lease appends nothing any more, before it learns of that by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lost_its_lease_appends_nothing() {
    let Some(private) = server() else { return };
    let url = private.database("fenced").await.unwrap();
    let one = Postgres::open(&url, options()).await.unwrap();
    let other = Postgres::open(&url, options()).await.unwrap();
    // So long that nothing is renewed meanwhile.
    let time = Duration::from_secs(600);
    let lease = Lease::take(&one, "server", "one", time).await.unwrap();
    lease.bind(&one).unwrap();
    let streams = ["fenced/swap", "fenced/behind", "fenced/new"].map(|name| StreamId::new(name).unwrap());
    let [swapped, behind, new] = &streams;
    let clone = one.clone();
    clone.append(swapped, 0, sample_rows(0, 3)).await.unwrap();
    clone.append(swapped, 3, sample_rows(3, 3)).await.unwrap();
    clone.append_behind(behind, sample_rows(0, 3)).await.unwrap();
    private
        .execute("fenced", "UPDATE leases SET until = now() - interval '1 second'")
        .await
        .unwrap();
    // As long as nobody else took it nobody is harmed.
    clone.append_behind(behind, sample_rows(3, 3)).await.unwrap();
    let taken = Lease::take(&other, "server", "other", time).await.unwrap();
    taken.bind(&other).unwrap();
    assert!(matches!(taken.bind(&one), Err(StoreError::Limit(_))));
    let before = other.streams().await.unwrap();
    for refused in [
        clone.append(swapped, 6, sample_rows(6, 3)).await,
        clone.append_behind(behind, sample_rows(6, 3)).await,
        clone.append(new, 0, sample_rows(0, 3)).await,
        clone.append_behind(new, sample_rows(0, 3)).await,
    ] {
        let told =
            matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("another server took over"));
        assert!(told, "{refused:?}");
    }
    assert_eq!(other.streams().await.unwrap(), before);
    for stream in [swapped, behind] {
        assert_eq!(read_all(&other, stream).await.unwrap().len(), 6);
        other.append_behind(stream, sample_rows(6, 3)).await.unwrap();
    }
    // The holder of the same name is another taking too.
    let again = Lease::take(&other, "server", "other", time).await.unwrap();
    assert!(again.fence() > taken.fence());
    other.append(new, 0, sample_rows(0, 3)).await.unwrap_err();
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
