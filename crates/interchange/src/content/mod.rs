//! Terminology content from the files its owners publish, in every format that is read: what is in a set of files,
//! and what is wrong with it. Each format has a module of its own; this one only parts the files among them.
//!
//! A code system, value set or map with an error is not read at all. Values are never repeated in findings unless they
//! have the shape of a code.

pub mod claml;
pub mod csv;
pub mod fhir;
pub mod left_out;
pub mod rf2;
pub mod skos;
pub mod tbx;
pub mod xml;

pub mod archive;
mod files;
mod national;
mod uuid;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_terminology::model::{CodeSystem, ConceptMap, ValueSet};

use crate::codesystem::ImportFinding;
pub use archive::Archive;
use files::Watched;
pub use files::{Files, MemoryFiles, Progress};

/// Number of the way files are read: raised whenever the same files are read into something else, so that what was
/// compiled from them before is not taken for it.
pub const READING: u32 = 2;

/// Which editions of a release that holds several are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Editions {
    /// The newest.
    #[default]
    Newest,
    /// The newest that was published by each of these dates.
    AsOf(Vec<Date>),
    /// All of them.
    All,
}

/// What was read from a set of files.
#[derive(Debug, Default)]
pub struct Contents {
    /// Code systems without errors.
    pub code_systems: Vec<Read<CodeSystem>>,
    /// Value sets without errors.
    pub value_sets: Vec<Read<ValueSet>>,
    /// Concept maps without errors.
    pub concept_maps: Vec<Read<ConceptMap>>,
    /// What was found in the files.
    pub findings: Vec<ImportFinding>,
}

impl Contents {
    /// Whether neither content nor a finding came of the files.
    fn is_empty(&self) -> bool {
        self.code_systems.is_empty()
            && self.value_sets.is_empty()
            && self.concept_maps.is_empty()
            && self.findings.is_empty()
    }
}

/// Something that was read, with the files it came from: they suffice to read it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// What was read.
    pub content: T,
    /// Paths of its files, sorted.
    pub paths: Vec<String>,
}

/// A format: which files are its own, and how they are read.
struct Format {
    /// Whether a path can be of this format, by its name alone.
    wants: fn(&str) -> bool,
    /// Reads those of `paths` that are of this format, and answers which they were.
    read: fn(&dyn Files, &[String], &mut Contents) -> BTreeSet<String>,
}

/// In the order in which they are asked.
const FORMATS: [Format; 7] = [
    Format {
        wants: national::wants,
        read: national::read,
    },
    Format {
        wants: rf2::wants,
        read: rf2::read,
    },
    Format {
        wants: fhir::wants,
        read: fhir::read,
    },
    Format {
        wants: claml::wants,
        read: claml::read,
    },
    Format {
        wants: skos::wants,
        read: skos::read,
    },
    Format {
        wants: tbx::wants,
        read: tbx::read,
    },
    Format {
        wants: csv::wants,
        read: csv::read,
    },
];

/// Whether a file of this path can hold content, by its name.
pub fn is_wanted(path: &str) -> bool {
    archive::is_archive(path) || FORMATS.iter().any(|format| (format.wants)(path))
}

/// Reads everything in a set of files. What lies in an archive is read as if it lay in a folder of its name.
pub fn read(files: &dyn Files) -> Contents {
    read_watched(files, &|_| {})
}

/// Reads everything in a set of files, and tells how far it is: every mebibyte and at the end of a file of known size.
pub fn read_watched(files: &dyn Files, tell: &(dyn Fn(Progress<'_>) + Sync)) -> Contents {
    let mut code_systems = Vec::new();
    let contents = read_editions(files, &Editions::Newest, tell, &mut |read| {
        code_systems.push(read)
    });
    Contents {
        code_systems,
        ..contents
    }
}

/// Reads everything in a set of files, of releases that hold several editions those asked for: those of type Full in
/// Release Format 2. Each code system is given to `take` as soon as it is read, so that no two editions need be in
/// memory; the contents are without them. When editions are asked for, nothing but releases is found in their files.
pub fn read_editions(
    files: &dyn Files,
    editions: &Editions,
    tell: &(dyn Fn(Progress<'_>) + Sync),
    take: &mut dyn FnMut(Read<CodeSystem>),
) -> Contents {
    let (archive, findings) = Archive::open(files);
    let files: &dyn Files = &Watched::new(&archive, tell);
    let mut contents = Contents {
        findings,
        ..Contents::default()
    };
    let mut rest = files.paths();
    let mut any = false;
    if *editions != Editions::Newest {
        let (wanted, others) = rest.into_iter().partition(|path| rf2::wants(path));
        rest = others;
        contents
            .findings
            .extend(rf2::read_editions(files, &wanted, editions, &mut |read| {
                any = true;
                take(read);
            }));
    }
    for format in &FORMATS {
        let wanted: Vec<String> = rest.iter().filter(|path| (format.wants)(path)).cloned().collect();
        if wanted.is_empty() {
            continue;
        }
        let taken = (format.read)(files, &wanted, &mut contents);
        rest.retain(|path| !taken.contains(path));
    }
    if !any && contents.is_empty() {
        contents.findings.push(ImportFinding::error(
            "VN-IMP-012",
            "",
            0,
            "nothing to import was found; expected text files of ICD-10-SE or KVÅ, FHIR resources, RF2, ClaML, SKOS, \
             TBX, or CSV with its mapping",
        ));
    }
    std::mem::take(&mut contents.code_systems)
        .into_iter()
        .for_each(take);
    contents
}

/// The code system of an address and version in a set of files, be it a former edition of a release that holds several.
///
/// # Errors
/// What was found in the files when it is not among them.
pub fn read_version(files: &dyn Files, url: &str, version: &str) -> Result<CodeSystem, Vec<ImportFinding>> {
    let mut found = None;
    let findings = read_versions(files, &[(url, version)], &mut |_, system| found = Some(system));
    found.ok_or(findings)
}

/// Several code systems in a set of files by address and version, the files read once for all of them but former
/// editions of releases. Each is given to `take` with its place in `wanted`. Answers with what was found in the files.
pub fn read_versions(
    files: &dyn Files,
    wanted: &[(&str, &str)],
    take: &mut dyn FnMut(usize, CodeSystem),
) -> Vec<ImportFinding> {
    let mut rest: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (at, &(url, version)) in wanted.iter().enumerate() {
        match (url == rf2::URL).then(|| read_former(files, version)).flatten() {
            Some(system) => take(at, system),
            None => {
                rest.insert((url.to_owned(), version.to_owned()), at);
            }
        }
    }
    if rest.is_empty() {
        return Vec::new();
    }
    let contents = read_editions(
        files,
        &Editions::Newest,
        &|_| {},
        &mut |Read { content, .. }| {
            if let Some(at) = rest.remove(&(content.url.clone(), content.version.clone())) {
                take(at, content);
            }
        },
    );
    contents.findings
}

/// A former edition of SNOMED CT in files of type Full.
fn read_former(files: &dyn Files, version: &str) -> Option<CodeSystem> {
    let (archive, _) = Archive::open(files);
    let mut paths = archive.paths();
    paths.retain(|path| rf2::wants(path));
    rf2::read_former(&archive, &paths, version)
}
