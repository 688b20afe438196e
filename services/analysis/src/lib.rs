//! Tables for analysts: a follower of the ledger that keeps what is current as typed, commented tables of a PostgreSQL
//! database, for whoever reads with SQL. Columns and values are those of the register's export; nothing here decides what
//! a record means, and nothing reads the tables to answer for the register.
//!
//! The tables are no ledger: they are followed, may be thrown away, and are built again from the streams. So their SQL may
//! use what PostgreSQL alone has (partitions, comments, COPY), which the store's may not. What is derived is told as it was
//! reported, whatever derivation readers are answered from.

mod batch;
mod codes;
mod connection;
mod copying;
mod error;
mod filled;
mod follower;
mod line;
mod own;
mod persons;
mod shape;
mod status;
mod tables;
mod work;

pub use error::AnalysisError;
pub use follower::Analysis;
pub use persons::{Answer, Known, OfVault, Persons};
pub use status::{Lag, ask_to_rebuild, status};

/// Ten worked queries over the tables of the starter release, with what each answers in Swedish and English.
pub const QUERIES: &str = include_str!("queries.sql");

/// The schema that analysts read.
pub const SCHEMA: &str = "analysis";
/// The role that may read it, and nothing else.
pub const ROLE: &str = "vardnav_analyst";
