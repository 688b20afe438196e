//! A synthetic edition in Release Format 2, of any size and the same for the same options: to measure and test with
//! where SNOMED CT itself, which is licensed, may not be. Its terms mean nothing. Beyond the concepts that the format
//! itself refers to, its identifiers lie in a namespace that is assigned to nobody.
//!
//! It has the hierarchies of SNOMED CT's first level, about a sixth of the concepts below several others and none
//! deeper than fifteen; names and synonyms in English and Swedish; attributes in groups, whose values lie in the
//! hierarchies that they are meant for; concrete values of products; a few inactive concepts with what replaces them;
//! two simple reference sets and a map. Terms are not unique.

mod metadata;
mod outline;
mod output;
mod random;
mod tables;
mod words;

use std::collections::BTreeMap;
use std::io;

use crate::content::MemoryFiles;
use outline::Outline;
use tables::Writer;

/// The namespace of the identifiers.
const NAMESPACE: u64 = 9_999_999;

/// Most concepts.
const CONCEPTS_MAX: u32 = 10_000_000;
/// Most designations.
const DESIGNATIONS_MAX: u32 = 80_000_000;
/// Most relationships.
const RELATIONSHIPS_MAX: u32 = 50_000_000;

/// What a synthetic edition is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntheticOptions {
    /// Chooses among editions of the same size.
    pub seed: u64,
    /// Concepts, at least those that the format refers to (about 70), at most ten million.
    pub concepts: u32,
    /// Designations, at least two a concept, at most 80 million.
    pub designations: u32,
    /// Relationships, is-a and concrete values included, at most 50 million. There are as many is-a as the hierarchy has.
    pub relationships: u32,
    /// Date of the edition, as the number yyyymmdd.
    pub date: u32,
    /// Whether to write type Full, in which every tenth row has a former state, rather than Snapshot.
    pub full: bool,
}

impl Default for SyntheticOptions {
    /// The size of a national edition of SNOMED CT.
    fn default() -> Self {
        Self {
            seed: 1,
            concepts: 500_000,
            designations: 1_600_000,
            relationships: 3_000_000,
            date: 20_260_131,
            full: false,
        }
    }
}

impl SyntheticOptions {
    /// An edition of so many concepts, with designations and relationships in the same proportion as by default.
    pub fn of_size(concepts: u32) -> Self {
        Self {
            concepts,
            designations: concepts.saturating_mul(16) / 5,
            relationships: concepts.saturating_mul(6),
            ..Self::default()
        }
    }
}

/// Writes a synthetic edition, piece by piece: `sink` appends the bytes to the file of this path.
///
/// # Errors
/// Those of `sink`.
pub fn synthetic(
    options: &SyntheticOptions,
    sink: &mut dyn FnMut(&str, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let options = SyntheticOptions {
        concepts: options.concepts.min(CONCEPTS_MAX),
        designations: options.designations.min(DESIGNATIONS_MAX),
        relationships: options.relationships.min(RELATIONSHIPS_MAX),
        ..*options
    };
    let outline = Outline::new(options.seed, options.concepts as usize);
    Writer::new(&options, &outline, sink).write()
}

/// A synthetic edition in memory.
pub fn synthetic_files(options: &SyntheticOptions) -> MemoryFiles {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let written = synthetic(options, &mut |path, bytes| {
        files.entry(path.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    });
    // The sink above never fails.
    debug_assert!(written.is_ok());
    MemoryFiles::new(files)
}
