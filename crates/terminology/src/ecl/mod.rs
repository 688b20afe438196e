//! SNOMED CT's Expression Constraint Language 2.2: sets of concepts by what holds of them.
//!
//! [`parse`] reads both the brief and the long syntax. An [`Expression`] shows itself in the brief syntax, in one
//! canonical form; with `{:#}` without the terms between vertical bars, which mean nothing.

pub mod ast;

mod cursor;
mod display;
mod error;
mod evaluate;
mod filters;
mod matching;
mod members;
mod parse_filters;
mod parse_refinement;
mod parser;
mod refine;
mod value;
mod visit;
mod well_known;

pub use ast::Expression;
pub use error::{Error, EvaluateError, Reason};
pub use evaluate::{Limits, evaluate, holds};
pub use parser::parse;
pub use visit::unknown;

/// Longest text of an expression, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 16;

/// Deepest nesting of brackets and of expressions within filters.
pub const DEPTH_MAX: usize = 64;
