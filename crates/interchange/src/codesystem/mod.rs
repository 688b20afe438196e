//! Code systems from the files their owners publish: ICD-10-SE and KVÅ as Socialstyrelsen's tab-separated text.
//!
//! Reads bytes it is given and never a file system. A code system with a defect is not read at all; what is wrong
//! is told with file and line, and values are never repeated unless they have the shape of a code.

mod finding;
mod icd;
mod kva;
mod rows;

use std::collections::BTreeMap;

use vardnav_terminology::model::CodeSystem;

pub use finding::{CODES, ImportFinding, ImportSeverity};
pub use icd::ICD_10_SE;
pub use kva::{KKA, KMA};
pub use rows::{FILE_BYTES_MAX, LINE_BYTES_MAX, ROWS_MAX};

pub(crate) use finding::Findings;

/// Version of a code system whose folder names no year.
pub const NO_VERSION: &str = "undated";

/// The files of one code system within a folder. They can be kept and read again on their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSystemFiles {
    /// The folder they lie in, relative to the one given; empty for that one itself.
    pub folder: String,
    /// Their paths, sorted.
    pub paths: Vec<String>,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Icd,
    Kva,
}

/// Whether a file of this path can belong to a code system that is read here.
pub fn is_wanted(path: &str) -> bool {
    format(split(path).1).is_some()
}

/// The code systems found among `paths`, by folder: that of ICD-10-SE, those of KKÅ and KMÅ, the one that holds
/// them, or any above. Other files are passed over.
pub fn detect<'p>(paths: impl IntoIterator<Item = &'p str>) -> Vec<CodeSystemFiles> {
    let mut found: BTreeMap<(&str, bool), CodeSystemFiles> = BTreeMap::new();
    for path in paths {
        let (folder, name) = split(path);
        if let Some(format) = format(name) {
            let files = found
                .entry((folder, format == Format::Kva))
                .or_insert_with(|| CodeSystemFiles {
                    folder: folder.to_owned(),
                    paths: Vec::new(),
                    format,
                });
            files.paths.push(path.to_owned());
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.iter_mut().for_each(|files| files.paths.sort());
    found
}

/// Reads all code systems in a folder given as paths (`/` between folders, the folder's own name first where its
/// name holds the year) and bytes.
///
/// The version is the last year (1990–2099) named in a path's folders. Codes are kept as the files write them,
/// ICD-10-SE's without full stop. A code system is left out when one of its findings is an error.
pub fn read_folder<'f>(
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> (Vec<CodeSystem>, Vec<ImportFinding>) {
    let files: BTreeMap<&str, &[u8]> = files.into_iter().collect();
    let mut findings = Vec::new();
    let mut systems: Vec<CodeSystem> = Vec::new();
    let groups = detect(files.keys().copied());
    if groups.is_empty() {
        findings.push(ImportFinding::error(
            "VN-IMP-012",
            "",
            0,
            "no code system found; expected chapter, block, digit3, digit4 and digit5 .txt of ICD-10-SE, or \
             level1 to level4 .txt of KKÅ or KMÅ",
        ));
    }
    for group in groups {
        let mut of_group = Findings::default();
        let version = version(&group.folder);
        if version.is_none() {
            of_group.warn(
                "VN-IMP-013",
                &group.folder,
                0,
                "the folder names no year; the version is `undated`",
            );
        }
        let version = version.unwrap_or(NO_VERSION);
        let source = Source {
            group: &group,
            files: &files,
            version,
        };
        let system = match group.format {
            Format::Icd => icd::read(&source, &mut of_group),
            Format::Kva => kva::read(&source, &mut of_group),
        };
        match system {
            Some(system)
                if systems
                    .iter()
                    .any(|s| s.url == system.url && s.version == system.version) =>
            {
                of_group.error(
                    "VN-IMP-014",
                    &group.folder,
                    0,
                    format!(
                        "{} version {} is in another folder already",
                        system.url, system.version
                    ),
                );
            }
            Some(system) if !of_group.any_error() => systems.push(system),
            _ => {}
        }
        findings.extend(of_group.finish());
    }
    (systems, findings)
}

/// The files of one code system.
struct Source<'f> {
    group: &'f CodeSystemFiles,
    files: &'f BTreeMap<&'f str, &'f [u8]>,
    version: &'f str,
}

impl<'f> Source<'f> {
    /// Path and bytes of a file, which must be there (`VN-IMP-002`).
    fn file(&self, name: &str, findings: &mut Findings) -> Option<(&'f str, &'f [u8])> {
        let path = self.group.paths.iter().find(|path| split(path).1 == name);
        let found = path.and_then(|path| Some((path.as_str(), *self.files.get(path.as_str())?)));
        if found.is_none() {
            findings.error(
                "VN-IMP-002",
                &self.group.folder,
                0,
                format!("`{name}` is missing"),
            );
        }
        found
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn format(name: &str) -> Option<Format> {
    if icd::FILES.iter().any(|(file, _)| *file == name) {
        Some(Format::Icd)
    } else if kva::FILES.contains(&name) {
        Some(Format::Kva)
    } else {
        None
    }
}

fn version(folder: &str) -> Option<&str> {
    let numbers = |segment: &'_ str| -> Option<(usize, usize)> {
        let mut start = None;
        let mut year = None;
        for (at, byte) in segment.bytes().chain([b'/']).enumerate() {
            match (byte.is_ascii_digit(), start) {
                (true, None) => start = Some(at),
                (false, Some(first)) => {
                    let number = segment
                        .get(first..at)
                        .and_then(|digits| digits.parse::<u16>().ok());
                    if at - first == 4 && number.is_some_and(|number| (1990..2100).contains(&number)) {
                        year = Some((first, at));
                    }
                    start = None;
                }
                _ => {}
            }
        }
        year
    };
    folder
        .rsplit('/')
        .find_map(|segment| numbers(segment).and_then(|(from, to)| segment.get(from..to)))
}
