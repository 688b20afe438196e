//! Writing value sets.

use std::io;

use vardnav_terminology::model::{Include, Property, ValueSet};

use super::super::super::fhir::words::{FILTER_OPERATOR, word};
use super::super::mapping::{Kind, Mapping, NamedEntry};
use super::super::value_set::{COLUMNS, DESIGNATIONS, PROPERTIES};
use super::{Files, Rows, Sink, add_designation};

/// Writes a value set as the files `name` with its endings. Tables without rows are left out.
///
/// # Errors
/// Those of `sink`.
pub fn write_value_set(set: &ValueSet, name: &str, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut mapping = Mapping::new(Kind::ValueSet, &set.url, &set.publication);
    mapping.version.clone_from(&set.version);
    mapping.title.clone_from(&set.title);
    mapping.language.clone_from(&set.language);
    mapping.inactive = set.inactive;
    mapping.locked_date.clone_from(&set.locked_date);
    mapping.parameter = set
        .parameters
        .iter()
        .map(|parameter| NamedEntry {
            name: parameter.name.clone(),
            value: parameter.value.clone(),
        })
        .collect();
    let mut files = Files::new(name, &mapping, sink)?;
    files.main(COLUMNS, |rows| {
        each(set, &mut |list, number, include| {
            include_rows(list, number, include, rows)
        })
    })?;
    files.beside(DESIGNATIONS, |rows| {
        each(set, &mut |list, number, include| {
            for (position, concept) in (1_usize..).zip(&include.concepts) {
                let position = position.to_string();
                for term in &concept.designations {
                    add_designation(rows, &[list, number, &position], term)?;
                }
            }
            Ok(())
        })
    })?;
    files.beside(PROPERTIES, |rows| {
        each(set, &mut |list, number, include| {
            for (position, concept) in (1_usize..).zip(&include.concepts) {
                let position = position.to_string();
                for Property { name, value } in &concept.properties {
                    rows.add(&[list, number, &position, name, value])?;
                }
            }
            Ok(())
        })
    })
}

/// Goes through the includes and the excludes, with the name of the list and the number in it.
fn each(set: &ValueSet, take: &mut dyn FnMut(&str, &str, &Include) -> io::Result<()>) -> io::Result<()> {
    for (list, includes) in [("include", &set.include), ("exclude", &set.exclude)] {
        for (number, include) in (1_usize..).zip(includes) {
            take(list, &number.to_string(), include)?;
        }
    }
    Ok(())
}

/// The rows of an include in the table itself.
fn include_rows(list: &str, number: &str, include: &Include, rows: &mut Rows<'_>) -> io::Result<()> {
    let mut row = |kind: &str, [code, display]: [&str; 2], [property, operator, value]: [&str; 3]| {
        let (system, version) = (include.system.as_str(), include.version.as_str());
        rows.add(&[
            list, number, system, version, kind, code, display, property, operator, value,
        ])
    };
    if include.concepts.is_empty() && include.filters.is_empty() && include.value_sets.is_empty() {
        row("system", [""; 2], [""; 3])?;
    }
    for filter in &include.filters {
        let operator = word(FILTER_OPERATOR, &filter.operator);
        row("filter", [""; 2], [&filter.property, operator, &filter.value])?;
    }
    for set in &include.value_sets {
        row("value-set", [""; 2], ["", "", set])?;
    }
    for concept in &include.concepts {
        row("code", [&concept.code, &concept.display], [""; 3])?;
    }
    Ok(())
}
