//! A release as a folder of files: from bytes by path to parts with their places, and on to a compiled snapshot.
//! Nothing here stops at the first problem; every finding names file, line, code and what is wrong.
//!
//! The files are listed in the folder `starter` of this crate, which holds the national starter release.

mod deliveries;
pub mod description;
mod geography;
mod head;
mod indicators;
pub mod layouts;
mod lists;
mod maps;
mod measures;
pub mod reading;
mod register;
pub mod starter;
pub mod tables;
mod terms;

use std::sync::Arc;

use vardnav_release::package::Package;
use vardnav_release::snapshot::Snapshot;
use vardnav_release::source::{ReleaseFinding, ReleaseHead, ReleaseSource};
use vardnav_terminology::Edition;

use crate::personal;
use reading::Reading;

/// Codes of findings about reading the files of a release: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    ("VN-REL-001", "a file is missing", "add it; every release has it"),
    ("VN-REL-002", "a file is not UTF-8", "save it as UTF-8"),
    (
        "VN-REL-003",
        "a TOML file cannot be read",
        "correct the line named: a key unknown or missing, a value of another kind, a date outside the calendar",
    ),
    (
        "VN-REL-004",
        "a row of a CSV file cannot be read",
        "give each row as many cells as the header has, in the form of their columns",
    ),
    (
        "VN-REL-005",
        "a code or term is not written as its kind asks",
        "write two digits for a region, four for a kommun; give a term one language",
    ),
    (
        "VN-REL-006",
        "a file is not part of a release",
        "remove it or correct its name",
    ),
    (
        "VN-REL-021",
        "a column is missing, stands twice, has no name or names nothing",
        "correct the header of the table: commas between the columns, each the name of an axis or an earlier table",
    ),
    (
        "VN-REL-022",
        "a cell cannot be read",
        "write `a|b`, `!a|b` or nothing; a variant as `U4:name`; a date as 2026-07-01",
    ),
    (
        "VN-REL-023",
        "a reason to hold stands beside a value",
        "remove the reason, or write `held` as the value",
    ),
    (
        "VN-REL-024",
        "rows of one rule give different things",
        "give the alternatives of a rule the same value, basis, status and date",
    ),
    (
        "VN-REL-025",
        "a row of a table stands twice",
        "remove one of the two, or correct the cell in which they were to differ",
    ),
    (
        "VN-REL-026",
        "a measure, condition or breakdown does not say exactly one thing",
        "state one of its keys with those that belong to it, as the message says",
    ),
];

/// A personal number was found, at its line here and at its element by the cross checks.
const PERSONAL_NUMBER: &str = "VN-REL-118";

/// What a release folder says.
#[derive(Debug)]
pub struct Parsed {
    /// Its parts; `None` when not even `release.toml` can be read.
    pub source: Option<ReleaseSource>,
    /// What cannot be read, by file and line. Empty when all of it was understood.
    pub findings: Vec<ReleaseFinding>,
}

/// Reads a release folder.
pub fn parse(package: &Package) -> Parsed {
    let mut reading = Reading::new(package);
    let head = head::read(&mut reading);
    let version = head.as_ref().map_or("", |head| head.id.as_str()).to_owned();
    let description = description::read(&mut reading);
    let mut code_systems = terms::read(&mut reading, &version);
    code_systems.extend(geography::read(&mut reading, &version));
    let register = register::read(&mut reading);
    let indicators = indicators::read(&mut reading);
    let maps = maps::read(&mut reading, &version);
    layouts::check(&mut reading, &description.axes);
    reading.leftovers();
    let Reading {
        mut findings, places, ..
    } = reading;
    let unread = findings
        .iter()
        .filter(|finding| !finding.warning)
        .map(|finding| finding.place.file.clone())
        .collect();
    findings.extend(personal::findings(package.files()));
    findings.sort();
    let source = head.map(|head| ReleaseSource {
        head,
        description,
        code_systems,
        register,
        indicators,
        maps,
        places,
        unread,
    });
    Parsed { source, findings }
}

/// Reads only what a release says of itself.
///
/// # Errors
/// What is wrong with `release.toml`.
pub fn parse_head(package: &Package) -> Result<ReleaseHead, Vec<ReleaseFinding>> {
    let mut reading = Reading::new(package);
    head::read(&mut reading).ok_or(reading.findings)
}

/// Everything that is wrong with a release folder, and everything that deserves a look.
pub fn check(package: &Package) -> Vec<ReleaseFinding> {
    match compile(package, &[]) {
        Ok(snapshot) => snapshot.warnings,
        Err(findings) => findings,
    }
}

/// Reads, checks and compiles a release folder. Of `editions` those that it binds are taken into its catalog.
///
/// # Errors
/// All findings, when one of them stops publication.
pub fn compile(package: &Package, editions: &[Arc<Edition>]) -> Result<Snapshot, Vec<ReleaseFinding>> {
    let Parsed { source, mut findings } = parse(package);
    let Some(source) = source else {
        return Err(findings);
    };
    if findings.iter().any(|finding| !finding.warning) {
        // A part that cannot be read is missing from the cross checks; what they add still helps. What was noted at its
        // row is not told again.
        let mut further = vardnav_release::check::check(&source);
        further.retain(|other| {
            !findings.iter().any(|known| {
                let same = other.message.ends_with(&known.message)
                    || (known.code == PERSONAL_NUMBER && other.code == PERSONAL_NUMBER);
                known.place.file == other.place.file && same
            })
        });
        findings.append(&mut further);
        findings.sort();
        return Err(findings);
    }
    let mut snapshot = Snapshot::compile(source, package.digest(), editions)?;
    findings.append(&mut snapshot.warnings);
    snapshot.warnings = findings;
    Ok(snapshot)
}
