//! What the system remembers: a ledger of streams, blobs, projections; the vault of identities; the authority's state.
//! The store returns facts and decides nothing: what rows mean is said in the pure crates.

mod codec;
mod contract;
mod files;
mod tree;

pub mod embedded;
pub mod memory;
pub mod suite;

pub use contract::{
    Answer, BATCH_LIMIT, BLOB_LIMIT, Change, Digest, HASHES_LIMIT, Hash, Head, KEY_LIMIT, ProjectionRow,
    ROW_LIMIT, ROWS_LIMIT, Row, RowKey, STREAM_NAME_LIMIT, Store, StoreError, StoredRow, StreamId, TILE,
    VALUE_LIMIT,
};
pub use embedded::{Damage, Embedded, Options};
pub use memory::Memory;
