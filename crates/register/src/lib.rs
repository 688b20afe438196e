//! The register: what is reported, how it is validated and described, and the bytes, trees and receipts that
//! make its ledger provable. Pure: no clock, no randomness, no files, no network.

pub mod audit;
pub mod bytes;
pub mod content;
pub mod definition;
pub mod delivery;
pub mod derive;
pub mod derived;
pub mod entry;
pub mod erasure;
pub mod finding;
pub mod hash;
pub mod identity;
pub mod impact;
pub mod mapping;
pub mod national;
pub mod outcome;
pub mod person;
pub mod quality;
pub mod receipt;
pub mod record;
pub mod rederive;
pub mod residence;
pub mod rights;
pub mod supply;
pub mod surroundings;
pub mod text;
pub mod tree;
pub mod unit;
pub mod validate;
pub mod worklist;
