//! What keeps a node whole, as gRPC services: the store held against itself and copied. Serves bytes as they are
//! stored; knows nothing of what rows mean.

mod store;

pub use store::Admin;
