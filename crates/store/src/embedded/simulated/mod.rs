//! A machine that lies in memory, for tests: what was not synced is forgotten or torn when the power is cut, and any
//! operation can be made to fail. The same seed gives the same machine.

mod campaign;
mod disk;
mod machine;
mod values;

pub(crate) use self::machine::{Fault, Kind, Machine};
pub(crate) use self::values::Values;
