//! Into a database that servers serve no copy is made, and one that becomes a copy is not served.

use std::time::Duration;

use vardnav_store::Store;
use vardnav_store::postgres::{LeaseError, Postgres};

use super::{options, server};

const TIME: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_served_or_becomes_a_copy() {
    let Some(private) = server() else { return };
    let url = private.database("claimed").await.unwrap();
    let (one, other) = (
        Postgres::open(&url, options()).await.unwrap(),
        Postgres::open(&url, options()).await.unwrap(),
    );
    assert!(!one.is_claimed().await.unwrap());
    let sharing = one.share("one", TIME).unwrap();
    let shift = one.duty().begin().await;
    let refused = other.claim("a copy", TIME).await.err().unwrap();
    assert_eq!(refused, LeaseError::Held);
    assert!(
        !other.is_claimed().await.unwrap(),
        "a claim that was refused leaves nothing behind"
    );
    drop(shift);
    sharing.give_back().await;

    let claim = other.claim("a copy", TIME).await.unwrap();
    assert!(one.is_claimed().await.unwrap());
    assert_eq!(
        one.claim("another copy", TIME).await.err(),
        Some(LeaseError::Held)
    );
    let resumed = one.claim("a copy", TIME).await.unwrap();
    tokio::time::timeout(TIME, claim.lost())
        .await
        .expect("a copy of the same name takes over");
    drop(claim);
    resumed.give_back().await;
    assert!(!one.is_claimed().await.unwrap());
    other.claim("another copy", TIME).await.unwrap().give_back().await;
}
