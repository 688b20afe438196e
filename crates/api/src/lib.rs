//! The outside of Vårdnav as code: generated messages and services, conversions between messages and domain
//! types, and the one place where errors become gRPC statuses.
//!
//! Conversions are fallible and name the field. No logic lives here.

pub mod classification;
pub mod common;
pub mod heads;
pub mod indicators;
pub mod permission;
pub mod proofs;
pub mod quality;
pub mod register;
pub mod release;
pub mod rights;
pub mod status;
pub mod terminology;
pub mod units;
pub mod upload;
pub mod worklist;

/// Generated code, as the protos lay it out: `pb::vardnav::register::v1` and so on.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "generated"
)]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/vardnav.rs"));
}

pub use pb::vardnav;

/// The compiled descriptors of all protos, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
