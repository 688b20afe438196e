//! The register: what is reported, how it is validated and described, and the bytes, trees and receipts that
//! make its ledger provable. Pure: no clock, no randomness, no files, no network.

pub mod bytes;
pub mod definition;
pub mod finding;
pub mod hash;
pub mod identity;
pub mod record;
pub mod text;
pub mod tree;
pub mod unit;
