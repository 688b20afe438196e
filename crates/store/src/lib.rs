//! What the system remembers: a ledger of streams, blobs, projections; the vault of identities; the authority's state.
//! The store returns facts and decides nothing: what rows mean is said in the pure crates.

mod blobs;
mod codec;
mod contract;
mod disk;
mod files;
mod leaves;
mod tiles;
mod tree;
mod window;

pub mod audit;
pub mod authority;
pub mod backup;
pub mod check;
pub mod copy;
pub mod current;
pub mod custody;
pub mod duty;
pub mod embedded;
pub mod keys;
pub mod memory;
pub mod national;
pub mod postgres;
pub mod rights;
pub mod suite;
pub mod uploads;
pub mod vault;

pub use authority::{Authority, AuthorityError, Contents, DecideError, Loader, View};
pub use blobs::Blobs;
pub use contract::{
    Answer, BATCH_LIMIT, BLOB_LIMIT, Change, Cursor, Digest, HASHES_LIMIT, Hash, Head, KEY_LIMIT,
    ProjectionRow, ROW_LIMIT, ROWS_LIMIT, Row, RowKey, STREAM_NAME_LIMIT, Store, StoreError, StoredRow,
    StreamId, TILE, VALUE_LIMIT,
};
pub use custody::CustodyError;
pub use duty::{Duty, Shift};
pub use embedded::{Damage, Embedded, Options};
pub use keys::HeadKey;
pub use memory::Memory;
pub use postgres::Postgres;
pub use rights::{NotDecided, RightsLog};
pub use tiles::subtree_hashes;
pub use vault::{
    Counts, Drawn, FileVault, Found, IdentityBytes, KeptPerson, KeptPersons, LinkageKey, Noted, NumberOf,
    People, Sought, Vault, VaultKeeper,
};
