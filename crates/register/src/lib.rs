//! The register: what is reported, how it is validated and described, and the bytes, trees and receipts that
//! make its ledger provable. Pure: no clock, no randomness, no files, no network.

pub mod bytes;
pub mod definition;
pub mod finding;
pub mod record;
pub mod unit;
