//! The description system: axes of observable facts, decision tables over them, and what follows from both.
//!
//! Facts go in, classes come out: [`DescriptionSystem::classify`] decides, [`DescriptionSystem::explain`] says
//! why, [`DescriptionSystem::prove`] decides whether the tables leave gaps. Everything that decides is data given in
//! [`model::DescriptionSource`]; nothing here names an axis, a value, a table or a rule of a release.
//!
//! This crate must not do IO, read a clock, or know a file format.

mod blocks;
pub mod classify;
pub mod compare;
pub mod compile;
pub mod counterfactual;
pub mod explain;
pub mod facts;
pub mod model;
pub mod statement;
pub mod synthetic;
pub mod text;
mod undetermined;
pub mod variants;
pub mod verify;

pub use classify::{Classification, TableResult};
pub use compile::{DescriptionSystem, Place, Problem, TableIndex};
pub use explain::Explanation;
pub use facts::{AxisIndex, AxisSet, FactSet};
pub use model::{DescriptionSource, FactSource, Grain};
pub use statement::{StatementError, UNKNOWN};
pub use undetermined::Undetermined;
pub use verify::{Defect, Proof};
