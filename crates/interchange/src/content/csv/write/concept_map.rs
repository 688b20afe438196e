//! Writing maps.

use std::io;

use vardnav_terminology::model::{ConceptMap, MapGroup, Property, Unmapped};

use super::super::super::fhir::words::{RELATIONSHIP, word};
use super::super::concept_map::{COLUMNS, CONDITIONS};
use super::super::mapping::{GroupEntry, Kind, Mapping};
use super::{Files, Rows, Sink, flag};

/// Writes a map as the files `name` with its endings. Tables without rows are left out.
///
/// # Errors
/// Those of `sink`.
pub fn write_concept_map(map: &ConceptMap, name: &str, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut mapping = Mapping::new(Kind::ConceptMap, &map.url, &map.publication);
    mapping.version.clone_from(&map.version);
    mapping.title.clone_from(&map.title);
    mapping.source_scope.clone_from(&map.source_scope);
    mapping.target_scope.clone_from(&map.target_scope);
    mapping.group = map.groups.iter().map(group_entry).collect();
    let mut files = Files::new(name, &mapping, sink)?;
    files.main(COLUMNS, |rows| {
        let mut groups = (1_usize..).zip(&map.groups);
        groups.try_for_each(|(number, group)| group_rows(&number.to_string(), group, rows))
    })?;
    files.beside(CONDITIONS, |rows| {
        let mut groups = (1_usize..).zip(&map.groups);
        groups.try_for_each(|(number, group)| condition_rows(&number.to_string(), group, rows))
    })
}

fn group_entry(group: &MapGroup) -> GroupEntry {
    let mut entry = GroupEntry {
        source: group.source.clone(),
        target: group.target.clone(),
        ..GroupEntry::default()
    };
    match &group.unmapped {
        Unmapped::None => {}
        Unmapped::SourceCode { relationship } => {
            "use-source-code".clone_into(&mut entry.unmapped);
            word(RELATIONSHIP, relationship).clone_into(&mut entry.unmapped_relationship);
        }
        Unmapped::Fixed {
            code,
            display,
            relationship,
        } => {
            "fixed".clone_into(&mut entry.unmapped);
            entry.unmapped_code.clone_from(code);
            entry.unmapped_display.clone_from(display);
            word(RELATIONSHIP, relationship).clone_into(&mut entry.unmapped_relationship);
        }
        Unmapped::OtherMap { url } => {
            "other-map".clone_into(&mut entry.unmapped);
            entry.unmapped_map.clone_from(url);
        }
    }
    entry
}

fn group_rows(number: &str, group: &MapGroup, rows: &mut Rows<'_>) -> io::Result<()> {
    for (position, element) in (1_usize..).zip(&group.elements) {
        let position = position.to_string();
        let place = [
            number,
            &position,
            &element.code,
            &element.display,
            flag(element.no_map),
        ];
        if element.targets.is_empty() {
            rows.add(&[&place[..], &[""; 4]].concat())?;
        }
        for target in &element.targets {
            let relationship = word(RELATIONSHIP, &target.relationship);
            let cells = [
                target.code.as_str(),
                &target.display,
                relationship,
                &target.comment,
            ];
            rows.add(&[&place[..], &cells].concat())?;
        }
    }
    Ok(())
}

fn condition_rows(number: &str, group: &MapGroup, rows: &mut Rows<'_>) -> io::Result<()> {
    for (position, element) in (1_usize..).zip(&group.elements) {
        let position = position.to_string();
        for (target_position, target) in (1_usize..).zip(&element.targets) {
            let target_position = target_position.to_string();
            for (kind, properties) in [("depends-on", &target.depends_on), ("product", &target.products)] {
                for Property { name, value } in properties {
                    rows.add(&[number, &position, &target_position, kind, name, value])?;
                }
            }
        }
    }
    Ok(())
}
