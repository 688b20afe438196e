//! Writing code systems.

use std::io;

use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Content, Definition, Designation, DesignationStatus, LocalizedText,
    Property, PropertyKind,
};

use super::super::super::fhir::words::{CONCEPT_STATUS, CONTENT, PROPERTY_KIND, RELATION_KIND, word};
use super::super::code_system::{
    DEFINITIONS, DESIGNATIONS, DIAGRAMS, FEATURES, NOTES, PARENTS, PROPERTIES, RELATIONS, SUBJECT_FIELDS,
};
use super::super::mapping::{DiagramEntry, Kind, Mapping, PropertyEntry};
use super::{Files, Rows, Sink, add_designation, components, dates, flag, text_entry};

/// Columns of the concepts' table.
const CONCEPTS: &[&str] = &[
    "code",
    "parent",
    "display",
    "definition",
    "status",
    "status-reason",
    "not-selectable",
    "standards-status",
    "steward",
    "from",
    "until",
];

/// Writes a code system as the files `name` with its endings. Tables without rows are left out.
///
/// # Errors
/// Those of `sink`.
pub fn write_code_system(system: &CodeSystem, name: &str, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut files = Files::new(name, &mapping(system), sink)?;
    let own = system.language.as_str();
    let concepts = &system.concepts;
    files.main(CONCEPTS, |rows| {
        concepts
            .iter()
            .try_for_each(|concept| concept_row(concept, own, rows))
    })?;
    files.beside(PARENTS, |rows| {
        each(concepts, |code, concept| {
            let (_, rest) = split(&concept.parents, |parent| !parent.is_empty());
            rest.iter().try_for_each(|parent| rows.add(&[code, parent]))
        })
    })?;
    files.beside(DESIGNATIONS, |rows| {
        each(concepts, |code, concept| {
            let (_, rest) = split(&concept.designations, |first| is_display(first, own));
            rest.iter()
                .try_for_each(|designation| add_designation(rows, &[code], designation))
        })
    })?;
    files.beside(DEFINITIONS, |rows| {
        each(concepts, |code, concept| {
            let (_, rest) = split(&concept.definitions, |first| is_plain(first, own));
            rest.iter()
                .try_for_each(|definition| definition_row(code, definition, rows))
        })
    })?;
    files.beside(NOTES, |rows| {
        each(concepts, |code, concept| texts(code, &concept.notes, rows))
    })?;
    files.beside(FEATURES, |rows| {
        each(concepts, |code, concept| texts(code, &concept.features, rows))
    })?;
    files.beside(SUBJECT_FIELDS, |rows| {
        each(concepts, |code, concept| {
            concept
                .subject_fields
                .iter()
                .try_for_each(|field| rows.add(&[code, field]))
        })
    })?;
    files.beside(PROPERTIES, |rows| {
        each(concepts, |code, concept| {
            let mut properties = concept.properties.iter();
            properties.try_for_each(|Property { name, value }| rows.add(&[code, name, value]))
        })
    })?;
    files.beside(RELATIONS, |rows| {
        each(concepts, |code, concept| relation_rows(code, concept, rows))
    })?;
    files.beside(DIAGRAMS, |rows| diagram_rows(system, rows))?;
    components::write(system, &mut files)
}

fn mapping(system: &CodeSystem) -> Mapping {
    let mut mapping = Mapping::new(Kind::CodeSystem, &system.url, &system.publication);
    mapping.version.clone_from(&system.version);
    mapping.title.clone_from(&system.title);
    mapping.language.clone_from(&system.language);
    if system.content != Content::Complete {
        word(CONTENT, &system.content).clone_into(&mut mapping.content);
    }
    mapping.supplements.clone_from(&system.supplements);
    mapping.case_insensitive = system.case_insensitive;
    mapping.value_set.clone_from(&system.value_set);
    mapping.property = system
        .properties
        .iter()
        .map(|property| PropertyEntry {
            name: property.name.clone(),
            uri: property.uri.clone(),
            description: property.description.clone(),
            kind: match property.kind {
                PropertyKind::String => String::new(),
                kind => word(PROPERTY_KIND, &kind).to_owned(),
            },
        })
        .collect();
    mapping.diagram = system
        .diagrams
        .iter()
        .map(|diagram| DiagramEntry {
            id: diagram.id.clone(),
            title: diagram.title.iter().map(text_entry).collect(),
        })
        .collect();
    components::describe(system, &mut mapping);
    mapping
}

fn each<'c>(
    concepts: &'c [Concept],
    mut write: impl FnMut(&'c str, &'c Concept) -> io::Result<()>,
) -> io::Result<()> {
    let mut concepts = concepts.iter();
    concepts.try_for_each(|concept| write(&concept.code, concept))
}

fn concept_row(concept: &Concept, own: &str, rows: &mut Rows<'_>) -> io::Result<()> {
    let (parent, _) = split(&concept.parents, |parent| !parent.is_empty());
    let (display, _) = split(&concept.designations, |first| is_display(first, own));
    let (definition, _) = split(&concept.definitions, |first| is_plain(first, own));
    let [from, until] = dates(concept.validity);
    let status = match concept.status {
        ConceptStatus::Active => "",
        status => word(CONCEPT_STATUS, &status),
    };
    rows.add(&[
        &concept.code,
        parent.map_or("", String::as_str),
        display.map_or("", |display| &display.text),
        definition.map_or("", |definition| &definition.text),
        status,
        &concept.status_reason,
        flag(concept.not_selectable),
        &concept.standards_status,
        &concept.steward,
        &from,
        &until,
    ])
}

fn definition_row(code: &str, definition: &Definition, rows: &mut Rows<'_>) -> io::Result<()> {
    rows.add(&[
        code,
        &definition.text,
        &definition.language,
        &definition.source,
        flag(definition.paraphrase),
        &definition.domain,
        &definition.decided,
    ])
}

fn texts(code: &str, texts: &[LocalizedText], rows: &mut Rows<'_>) -> io::Result<()> {
    let mut texts = texts.iter();
    texts.try_for_each(|LocalizedText { language, text }| rows.add(&[code, text, language]))
}

fn relation_rows(code: &str, concept: &Concept, rows: &mut Rows<'_>) -> io::Result<()> {
    for relation in &concept.relations {
        let [from, until] = dates(relation.validity);
        rows.add(&[
            code,
            word(RELATION_KIND, &relation.kind),
            &relation.target,
            &from,
            &until,
            &relation.scope,
            &relation.source,
        ])?;
    }
    Ok(())
}

fn diagram_rows(system: &CodeSystem, rows: &mut Rows<'_>) -> io::Result<()> {
    for (number, diagram) in (1_usize..).zip(&system.diagrams) {
        for node in &diagram.nodes {
            let [number, column, row] =
                [number, node.column.into(), node.row.into()].map(|number| number.to_string());
            rows.add(&[&number, &node.code, &column, &row])?;
        }
    }
    Ok(())
}

/// The first, when it can stand in the row of the concept, and the rest.
fn split<T>(all: &[T], fits: impl Fn(&T) -> bool) -> (Option<&T>, &[T]) {
    match all.split_first() {
        Some((first, rest)) if fits(first) => (Some(first), rest),
        _ => (None, all),
    }
}

fn is_display(designation: &Designation, language: &str) -> bool {
    let plain = Designation {
        text: designation.text.clone(),
        language: language.to_owned(),
        status: DesignationStatus::Recommended,
        ..Designation::default()
    };
    *designation == plain && !plain.text.is_empty()
}

fn is_plain(definition: &Definition, language: &str) -> bool {
    let plain = Definition {
        text: definition.text.clone(),
        language: language.to_owned(),
        ..Definition::default()
    };
    *definition == plain && !plain.text.is_empty()
}
