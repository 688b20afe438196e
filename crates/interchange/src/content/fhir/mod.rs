//! FHIR R4 and R5 terminology resources (`CodeSystem`, `ValueSet`, `ConceptMap`) as JSON: single files, bundles,
//! NDJSON with a resource on each line, and the files of packages.
//!
//! What the model holds and FHIR has no place for is carried in extensions under
//! `https://vardnav.se/fhir/StructureDefinition/`, so that what is written is read back as it was, components of clinical
//! terminologies included. Identifiers, contacts, narrative, definitions of filters, translated titles and the meaning of
//! a hierarchy are not kept.

mod code_system;
mod components;
mod concept_map;
mod concept_properties;
mod decode;
mod file;
mod finding;
mod reading;
mod resource;
mod shapes;
mod value_set;
mod valued;
pub(super) mod words;
mod write;

use std::collections::BTreeSet;

use super::{Contents, Files};

pub use finding::CODES;
pub use resource::{Resource, parse_code_system, parse_concept_map, parse_resource, parse_value_set};
pub use write::{FhirVersion, write_code_system, write_concept_map, write_value_set};

/// Largest file of one resource or bundle, and longest line of NDJSON, in bytes: a clinical terminology of national size
/// with all its components fits.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Most concepts of one code system, include or group.
pub const CONCEPTS_MAX: usize = 4_000_000;

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    file::wants(path)
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    paths
        .iter()
        .filter(|path| file::read(files, path, contents))
        .cloned()
        .collect()
}
