//! Code systems, value sets and maps as CSV with a header mapping: `NAME.csv` with `NAME.mapping.toml` beside it, which
//! says what the rows are (`kind`), their `url`, `version`, `title` and `language`, the `delimiter` and `encoding`
//! (`utf-8` or `latin-1`), and under `columns` what the column of each heading is. Without `columns` the headings are
//! our own names for columns.
//!
//! Columns of a code system: `code`, `parent`, `display` (the recommended term), `synonym`, `definition`, `note`,
//! `subject-field`, `property:NAME`, `status`, `status-reason`, `not-selectable`, `standards-status`, `steward`, `from`,
//! `until`. Several columns may be the same where several values may be; a language stands behind a colon
//! (`display:en`). What is more than that stands in tables beside it, `NAME.designations.csv` and so on. Columns of value
//! sets and maps are listed where they are read. A column that is to be passed over is `ignore`.
//!
//! Components of a clinical terminology stand in tables of their own: `NAME.components.csv`, `NAME.descriptions.csv`,
//! `NAME.acceptabilities.csv`, `NAME.other-descriptions.csv` and `NAME.other-acceptabilities.csv` for those that are no
//! designations, `NAME.attributes.csv`, and `NAME.members-1.csv` and on for the reference sets that the
//! mapping lists.
//!
//! Everything that the model holds is written, and read back as it was, except targets of maps without a code.

mod code_system;
mod components;
mod concept_map;
mod finding;
mod mapping;
mod table;
mod value_set;
mod write;

use std::collections::{BTreeSet, HashSet};
use std::io::Read as _;

use self::mapping::{Kind, Mapping};
use self::table::Source;
use super::{Contents, Files, Read};
use crate::codesystem::Findings;

pub use finding::CODES;
pub use write::{Sink, write_code_system, write_concept_map, write_value_set};

/// Largest CSV file, in bytes.
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Most rows of a CSV file.
pub const ROWS_MAX: usize = 10_000_000;

/// Most includes of a value set, and most excludes.
const INCLUDES_MAX: usize = 100_000;

/// Largest mapping, in bytes.
const MAPPING_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What the path of a mapping ends in.
const MAPPING: &str = ".mapping.toml";

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    path.ends_with(MAPPING) || path.ends_with(".csv")
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    let there: HashSet<&str> = paths.iter().map(String::as_str).collect();
    for path in paths {
        let Some(base) = path.strip_suffix(MAPPING) else {
            continue;
        };
        taken.insert(path.clone());
        let mut findings = Findings::default();
        let Some(mapping) = mapping(files, path, &mut findings) else {
            contents.findings.extend(findings.finish());
            continue;
        };
        let mut source = Source {
            files,
            there: &there,
            base,
            mapping: &mapping,
            findings,
            paths: vec![path.clone()],
        };
        match mapping.kind {
            Kind::CodeSystem => {
                let read = code_system::read(&mut source, path);
                keep(
                    read,
                    source,
                    &mut contents.code_systems,
                    &mut contents.findings,
                    &mut taken,
                );
            }
            Kind::ValueSet => {
                let read = value_set::read(&mut source, path);
                keep(
                    read,
                    source,
                    &mut contents.value_sets,
                    &mut contents.findings,
                    &mut taken,
                );
            }
            Kind::ConceptMap => {
                let read = concept_map::read(&mut source, path);
                keep(
                    read,
                    source,
                    &mut contents.concept_maps,
                    &mut contents.findings,
                    &mut taken,
                );
            }
        }
    }
    taken
}

/// Keeps what was read without an error, and what was found.
fn keep<T>(
    read: Option<T>,
    mut source: Source<'_>,
    into: &mut Vec<Read<T>>,
    findings: &mut Vec<crate::codesystem::ImportFinding>,
    taken: &mut BTreeSet<String>,
) {
    source.paths.sort();
    taken.extend(source.paths.iter().cloned());
    if let Some(content) = read.filter(|_| !source.findings.any_error()) {
        let paths = source.paths;
        into.push(Read { content, paths });
    }
    findings.extend(source.findings.finish());
}

fn mapping(files: &dyn Files, path: &str, findings: &mut Findings) -> Option<Mapping> {
    let mut bytes = Vec::new();
    let read = files
        .open(path)
        .and_then(|reader| reader.take(MAPPING_BYTES_MAX + 1).read_to_end(&mut bytes));
    if read.is_err() {
        findings.error("VN-IMP-411", path, 0, "the file cannot be read");
        return None;
    }
    if bytes.len() as u64 > MAPPING_BYTES_MAX {
        findings.error(
            "VN-IMP-410",
            path,
            0,
            format!("more than {MAPPING_BYTES_MAX} bytes"),
        );
        return None;
    }
    let Ok(text) = String::from_utf8(bytes) else {
        findings.error("VN-IMP-403", path, 0, "the text is not UTF-8");
        return None;
    };
    Mapping::read(text.trim_start_matches('\u{feff}'), path, findings)
}
