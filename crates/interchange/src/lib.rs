//! File formats: everything that is read from or written to files and lines, and how its elements map to what the
//! pure crates know. Formats and their counterparts live here and nowhere else; nothing is decided here.

pub mod classify_lines;
pub mod codesystem;
pub mod content;
pub mod export;
pub mod figures;
pub mod maps;
pub mod personal;
pub mod population_table;
pub mod register;
pub mod release;
pub mod units;
pub mod upload;
