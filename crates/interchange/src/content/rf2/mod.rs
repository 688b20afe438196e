//! SNOMED CT's Release Format 2: Snapshot, or editions of several dates from Full. All files of the format in a set of files
//! make up one edition; of modules and editions that overlap the newest row of each component counts.
//!
//! Read are concepts, descriptions, text definitions, inferred relationships, concrete values and reference sets. Each
//! file is read once, as a stream. Rows that name a concept which is in none of the files are passed over with a
//! warning, since extensions are published with such rows; any other defect keeps the edition from being read.
//!
//! Designations say what they are used for by the identifier of their type, as `http://snomed.info/sct|…`. They are
//! recommended when a reference set of a language prefers them, else accepted. Text definitions are the concepts'
//! definitions; those and descriptions that no longer hold are kept as descriptions too, for expressions alone. Those in the code system's own language,
//! which is that of most fully specified names, state none. An inactive concept stays and is replaced by what its
//! historical associations name; the relation's scope is the word for the association.

mod concepts;
mod descriptions;
mod editions;
mod finding;
mod ids;
mod index;
mod lines;
mod names;
mod reference_sets;
mod relationships;
mod row;
mod sctid;
mod synthetic;
mod version;

use std::collections::BTreeSet;

use jiff::civil::Date;
use vardnav_terminology::model::{CodeSystem, Components, Concept, Designation, Publication};

use super::{Contents, Editions, Files, Read};
use crate::codesystem::ImportFinding;
use concepts::Concepts;
use descriptions::Descriptions;
use editions::Edition;
pub use finding::CODES;
use finding::Report;
use names::{FileName, Table};
use row::Source;
pub use synthetic::{SyntheticOptions, synthetic, synthetic_files};
use version::EditionName;

/// Address of SNOMED CT as a code system.
pub const URL: &str = "http://snomed.info/sct";

/// Most editions that are read from one set of files.
const EDITIONS_MAX: usize = 100;

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    names::parse(path).is_some()
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    let (edition, findings) = read_paths(files, paths);
    contents.code_systems.extend(edition);
    contents.findings.extend(findings);
    paths.iter().cloned().collect()
}

/// Reads the newest edition that was published by a date, from files of type Full. There is none when one of the
/// findings is an error.
pub fn read_at(files: &dyn Files, date: Date) -> (Option<Read<CodeSystem>>, Vec<ImportFinding>) {
    let paths: Vec<String> = files.paths().into_iter().filter(|path| wants(path)).collect();
    let mut read = None;
    let findings = read_editions(files, &paths, &Editions::AsOf(vec![date]), &mut |edition| {
        read = Some(edition);
    });
    (read, findings)
}

/// Reads editions of a Full release one after the other, from the oldest, and gives each to `take`.
pub(super) fn read_editions(
    files: &dyn Files,
    paths: &[String],
    editions: &Editions,
    take: &mut dyn FnMut(Read<CodeSystem>),
) -> Vec<ImportFinding> {
    let mut report = Report::default();
    let selected = names::select(paths, true, &mut report);
    if selected.is_empty() && !report.any_error() {
        let message = "editions of a release are asked for, and no file of type Full is among the files";
        report.error("VN-IMP-118", "", 0, message);
    }
    if report.any_error() {
        return report.finish();
    }
    let all = editions::all(Source { files, until: None }, &selected);
    let wanted = wanted(&all, editions, &selected, &mut report);
    let mut findings = report.finish();
    for at in wanted {
        let mut report = Report::default();
        take_edition(files, &all, at, &selected, &mut report)
            .into_iter()
            .for_each(&mut *take);
        findings.extend(report.finish());
    }
    findings.sort();
    findings.dedup();
    findings
}

/// Reads the edition of a version from files of type Full, unless it is the newest in them or in none of them.
pub(super) fn read_former(files: &dyn Files, paths: &[String], version: &str) -> Option<CodeSystem> {
    let (module, date) = version
        .strip_prefix(URL)?
        .strip_prefix('/')?
        .split_once("/version/")?;
    let (module, date) = (sctid::parse(module)?, row::date(date)?);
    let mut report = Report::default();
    let selected = names::select(paths, true, &mut report);
    if report.any_error() {
        return None;
    }
    let all = editions::all(Source { files, until: None }, &selected);
    let named =
        |edition: &Edition| edition.until.date == date && edition.module.is_none_or(|known| known == module);
    let at = all.iter().position(named).filter(|at| at + 1 < all.len())?;
    let read = take_edition(files, &all, at, &selected, &mut report)?;
    (read.content.version == version).then_some(read.content)
}

/// Positions of the editions asked for, ascending.
fn wanted(all: &[Edition], editions: &Editions, files: &[FileName], report: &mut Report) -> Vec<usize> {
    let file = files.first().map_or("", |file| file.path.as_str());
    let mut wanted = match editions {
        Editions::AsOf(dates) => {
            let mut wanted = BTreeSet::new();
            for date in dates {
                let number = row::number(*date);
                match all
                    .partition_point(|edition| edition.until.date <= number)
                    .checked_sub(1)
                {
                    Some(at) => {
                        wanted.insert(at);
                    }
                    None => report.error(
                        "VN-IMP-119",
                        file,
                        0,
                        format_args!("no edition was published by {date}"),
                    ),
                }
            }
            wanted.into_iter().collect()
        }
        Editions::All => (0..all.len()).collect(),
        Editions::Newest => Vec::from_iter(all.len().checked_sub(1)),
    };
    if wanted.len() > EDITIONS_MAX {
        let count = wanted.len();
        report.error(
            "VN-IMP-117",
            file,
            0,
            format_args!("the files hold {count} editions; at most {EDITIONS_MAX} are read at once"),
        );
        wanted.clear();
    }
    wanted
}

fn take_edition(
    files: &dyn Files,
    all: &[Edition],
    at: usize,
    selected: &[FileName],
    report: &mut Report,
) -> Option<Read<CodeSystem>> {
    // The newest is what all rows make up, as it is without asking for a date.
    let until = all
        .get(at)
        .filter(|_| at + 1 < all.len())
        .map(|edition| &edition.until);
    let content = edition(Source { files, until }, selected, report)?;
    (!report.any_error()).then(|| Read {
        content,
        paths: selected.iter().map(|file| file.path.clone()).collect(),
    })
}

fn read_paths(files: &dyn Files, paths: &[String]) -> (Option<Read<CodeSystem>>, Vec<ImportFinding>) {
    let mut report = Report::default();
    let selected = names::select(paths, false, &mut report);
    let edition = edition(Source { files, until: None }, &selected, &mut report);
    let edition = edition.filter(|_| !report.any_error()).map(|content| Read {
        content,
        paths: selected.into_iter().map(|file| file.path).collect(),
    });
    (edition, report.finish())
}

/// The edition that files make up; `None` when there is no use in reading on.
fn edition(source: Source<'_>, files: &[FileName], report: &mut Report) -> Option<CodeSystem> {
    if report.any_error() {
        return None;
    }
    let of = |tables: &'static [Table]| files.iter().filter(move |file| tables.contains(&file.table));
    for (table, name) in [
        (&[Table::Concept], "Concept"),
        (&[Table::Description], "Description"),
        (&[Table::Relationship], "Relationship"),
    ] {
        if of(table).next().is_none() {
            let file = files.first().map_or("", |file| file.path.as_str());
            report.error(
                "VN-IMP-114",
                file,
                0,
                format_args!("no {name} file is among the files"),
            );
        }
    }
    if report.any_error() {
        return None;
    }
    let concepts = Concepts::read(source, of(&[Table::Concept]), report);
    if concepts.len() == 0 && !report.any_error() {
        let file = files.first().map_or("", |file| file.path.as_str());
        report.error(
            "VN-IMP-114",
            file,
            0,
            "there is no concept in the files, or none by the date asked for",
        );
    }
    if report.any_error() {
        return None;
    }
    let (mut all, components) = concepts.bare();
    let descriptions = of(&[Table::Description, Table::TextDefinition]);
    let descriptions = Descriptions::read(source, descriptions, &concepts, report);
    let designations =
        descriptions.into_concepts(source, of(&[Table::Language]), &concepts, &mut all, report);
    let relationships = of(&[Table::Relationship, Table::ConcreteValue]);
    let attributes = relationships::read(source, relationships, &concepts, &mut all, report);
    let reference_sets = reference_sets::read(source, of(&[Table::ReferenceSet]), &concepts, report);
    reference_sets::add_associations(&reference_sets, &concepts, &mut all);
    let name = version::name(&reference_sets, &concepts, files, source.until.is_some())?;
    Some(CodeSystem {
        components: Some(Box::new(Components {
            concepts: components,
            designations: designations.components,
            acceptabilities: designations.acceptabilities,
            descriptions: designations.others,
            attributes,
            reference_sets,
        })),
        ..described(name, designations.language, &concepts, all)
    })
}

/// What is said of an edition as a whole, with its concepts.
fn described(name: EditionName, language: String, concepts: &Concepts, all: Vec<Concept>) -> CodeSystem {
    let EditionName { module, date } = name;
    let module_name = concepts
        .find(module)
        .and_then(|position| all.get(position as usize)?.designations.first())
        .map(|Designation { text, .. }| format!(", {text}"))
        .unwrap_or_default();
    let day = row::civil(date).map(|date| date.to_string()).unwrap_or_default();
    CodeSystem {
        url: URL.to_owned(),
        version: format!("{URL}/{module}/version/{date}"),
        title: format!("SNOMED CT{module_name}, {day}"),
        language,
        publication: Publication {
            name: "SNOMED_CT".to_owned(),
            date: day,
            ..Publication::default()
        },
        value_set: format!("{URL}?fhir_vs"),
        concepts: all,
        ..CodeSystem::default()
    }
}
