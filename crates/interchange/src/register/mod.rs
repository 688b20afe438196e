//! Files of the register: records as NDJSON lines and as tables, receipts, public keys. What is wrong with a line becomes
//! findings with paths; no finding repeats what the line says, nor what a parser says of it.

mod fields;
pub mod heads_file;
pub mod json;
pub mod lines;
pub mod population;
pub mod read;
pub mod receipt_file;
pub mod records;
pub mod table;
pub mod withdrawal_file;
pub mod write;
