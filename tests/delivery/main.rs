//! Deliveries as a reporter meets them: records of periods in full, current together, sent again in any way, through
//! kills of the server; withdrawals, and how records stood at any position.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

mod calls;
mod periods;
mod resends;
mod standing;
