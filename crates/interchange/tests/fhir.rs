//! FHIR resources: reading them, writing them, and HL7's public ones where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where it fails"
)]

#[path = "fhir/hl7.rs"]
mod hl7;
#[path = "fhir/models.rs"]
mod models;
#[path = "fhir/reading.rs"]
mod reading;
#[path = "fhir/round_trip.rs"]
mod round_trip;
