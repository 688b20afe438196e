//! The Expression Constraint Language: how it is read, and what it means by an independent oracle and by another
//! implementation, over random small terminologies.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod differential;
mod examples;
mod oracle;
mod random;
mod small;
mod text;
