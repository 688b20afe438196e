//! SNOMED CT's Release Format 2: Snapshot, or the state at a date from Full. All files of the format in a set of files
//! make up one edition; of modules and editions that overlap the newest row of each component counts.
//!
//! Read are concepts, descriptions, text definitions, inferred relationships, concrete values and reference sets. Each
//! file is read once, as a stream. Rows that name a concept which is in none of the files are passed over with a
//! warning, since extensions are published with such rows; any other defect keeps the edition from being read.
//!
//! Designations say what they are used for by the identifier of their type, as `http://snomed.info/sct|…`. They are
//! recommended when a reference set of a language prefers them, else accepted. Those in the code system's own language,
//! which is that of most fully specified names, state none. An inactive concept stays and is replaced by what its
//! historical associations name; the relation's scope is the word for the association.

mod concepts;
mod descriptions;
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

use super::{Contents, Files, Read};
use crate::codesystem::ImportFinding;
use concepts::Concepts;
use descriptions::Descriptions;
pub use finding::CODES;
use finding::Report;
use names::{FileName, Table};
use row::Source;
pub use synthetic::{SyntheticOptions, synthetic, synthetic_files};
use version::EditionName;

/// Address of SNOMED CT as a code system.
pub const URL: &str = "http://snomed.info/sct";

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    names::parse(path).is_some()
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    let (edition, findings) = read_paths(files, paths, None);
    contents.code_systems.extend(edition);
    contents.findings.extend(findings);
    paths.iter().cloned().collect()
}

/// Reads the state at a date, from files of type Full. There is no edition when one of the findings is an error.
pub fn read_at(files: &dyn Files, date: Date) -> (Option<Read<CodeSystem>>, Vec<ImportFinding>) {
    let paths: Vec<String> = files.paths().into_iter().filter(|path| wants(path)).collect();
    read_paths(files, &paths, Some(date))
}

fn read_paths(
    files: &dyn Files,
    paths: &[String],
    date: Option<Date>,
) -> (Option<Read<CodeSystem>>, Vec<ImportFinding>) {
    let mut report = Report::default();
    let selected = names::select(paths, date.is_some(), &mut report);
    let until = date.map(|date| {
        let (year, month, day) = (date.year(), date.month(), date.day());
        u32::try_from(i32::from(year) * 10_000 + i32::from(month) * 100 + i32::from(day)).unwrap_or_default()
    });
    let edition = edition(Source { files, until }, &selected, &mut report);
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
    let name = version::name(&reference_sets, &concepts, files, source.until)?;
    Some(CodeSystem {
        components: Some(Box::new(Components {
            concepts: components,
            designations: designations.components,
            acceptabilities: designations.acceptabilities,
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
