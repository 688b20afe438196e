//! What every server process needs and no domain knows: who calls, what they may do, limits, clock, telemetry, drain.

pub mod caller;
pub mod clock;
pub mod gate;
pub mod limits;
pub mod metrics;
pub mod shutdown;
pub mod telemetry;
