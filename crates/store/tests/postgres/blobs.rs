//! Blobs that are damaged in the database are told as damaged, and healed by whoever brings them again.

use vardnav_store::postgres::Postgres;
use vardnav_store::{Digest, Store, StoreError};

use super::{options, server};

#[tokio::test]
async fn a_damaged_blob_is_healed_when_it_is_put_again() {
    let Some(private) = server() else { return };
    let url = private.database("healed").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let bytes: Vec<u8> = (0..2_500_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
        .collect();
    let digest = store.put_blob(bytes.clone()).await.unwrap();
    assert_eq!(digest, Digest::of(&bytes));
    for damage in [
        "UPDATE blob_parts SET bytes = set_byte(bytes, 77, get_byte(bytes, 77) # 1) WHERE part = 1",
        "UPDATE blob_parts SET bytes = substr(bytes, 2) WHERE part = 0",
        "DELETE FROM blob_parts WHERE part = 2",
        "UPDATE blobs SET size = size + 9",
    ] {
        private.execute("healed", damage).await.unwrap();
        let damaged = store.get_blob(&digest).await;
        assert!(matches!(damaged, Err(StoreError::Corrupt(_))), "{damage}");
        assert_eq!(store.put_blob(bytes.clone()).await.unwrap(), digest);
        assert!(
            store.get_blob(&digest).await.unwrap().unwrap() == bytes,
            "{damage}"
        );
    }
}
