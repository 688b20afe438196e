//! What keeps a node whole, as gRPC services: the store held against itself and copied, and the vault of identities.
//! The store's is served as bytes; what rows mean is known to the vault's service alone, as far as they name persons.

mod store;
mod vault;

pub use store::Admin;
pub use vault::VaultAdmin;
