//! Writing the components of a clinical terminology: a table for each kind, and one for the members of each reference
//! set. Positions are written as codes.

use std::io;

use vardnav_terminology::model::{AttributeValue, CodeSystem, FieldValue, ReferenceSet, ReferenceSetMember};

use super::super::components::{
    ACCEPTABILITIES, ATTRIBUTES, BOOLEAN, COMPONENTS, CONCEPT, DESCRIPTIONS, INTEGER, MEMBER_COLUMNS, NUMBER,
    OTHER_ACCEPTABILITIES, OTHERS, TEXT, members,
};
use super::super::mapping::{Mapping, ReferenceSetEntry};
use super::{Files, Rows, flag};
use crate::content::uuid;

/// What the mapping says of them.
pub(super) fn describe(system: &CodeSystem, mapping: &mut Mapping) {
    let Some(components) = &system.components else {
        return;
    };
    mapping.components = true;
    let sets = components.reference_sets.iter();
    mapping.reference_set = sets
        .map(|set| ReferenceSetEntry {
            concept: code(system, set.concept).to_owned(),
            fields: set.fields.clone(),
        })
        .collect();
}

/// Their tables.
pub(super) fn write(system: &CodeSystem, files: &mut Files<'_>) -> io::Result<()> {
    let Some(components) = &system.components else {
        return Ok(());
    };
    files.beside(COMPONENTS, |rows| {
        for (concept, component) in system.concepts.iter().zip(&components.concepts) {
            let time = component.effective_time.to_string();
            let module = code(system, component.module);
            rows.add(&[&concept.code, module, &time, flag(component.defined)])?;
        }
        Ok(())
    })?;
    files.beside(DESCRIPTIONS, |rows| {
        let mut described = components.designations.iter();
        each_designation(system, &mut |concept, number| {
            let Some(component) = described.next() else {
                return Ok(());
            };
            rows.add(&[
                concept,
                number,
                &component.id.to_string(),
                code(system, component.module),
                code(system, component.kind),
                code(system, component.case_significance),
                &component.effective_time.to_string(),
            ])
        })
    })?;
    files.beside(ACCEPTABILITIES, |rows| {
        let mut standings = components.acceptabilities.iter().peekable();
        let mut position = 0_u32;
        each_designation(system, &mut |concept, number| {
            while let Some(standing) = standings.next_if(|standing| standing.designation <= position) {
                let dialect = code(system, standing.dialect);
                rows.add(&[concept, number, dialect, flag(standing.preferred)])?;
            }
            position += 1;
            Ok(())
        })
    })?;
    files.beside(OTHERS, |rows| {
        for other in &components.descriptions {
            rows.add(&[
                code(system, other.concept),
                &other.component.id.to_string(),
                code(system, other.component.module),
                code(system, other.component.kind),
                code(system, other.component.case_significance),
                &other.component.effective_time.to_string(),
                &other.language,
                flag(other.active),
                &other.text,
            ])?;
        }
        Ok(())
    })?;
    files.beside(OTHER_ACCEPTABILITIES, |rows| {
        for (number, other) in (1..).zip(&components.descriptions) {
            for standing in &other.standings {
                let dialect = code(system, standing.dialect);
                rows.add(&[&number.to_string(), dialect, flag(standing.preferred)])?;
            }
        }
        Ok(())
    })?;
    files.beside(ATTRIBUTES, |rows| {
        for attribute in &components.attributes {
            let (kind, value) = match &attribute.value {
                AttributeValue::Concept(value) => (CONCEPT, code(system, *value)),
                AttributeValue::Number(value) => (NUMBER, value.as_str()),
                AttributeValue::Text(value) => (TEXT, value.as_str()),
                AttributeValue::Boolean(true) => (BOOLEAN, "true"),
                AttributeValue::Boolean(false) => (BOOLEAN, "false"),
            };
            let (source, of) = (code(system, attribute.source), code(system, attribute.kind));
            rows.add(&[source, &attribute.group.to_string(), of, kind, value])?;
        }
        Ok(())
    })?;
    for (number, set) in (1..).zip(&components.reference_sets) {
        let fields = FieldColumns::new(set);
        let names: Vec<&str> = fields.names.iter().map(String::as_str).collect();
        let columns = [MEMBER_COLUMNS, &names].concat();
        files.beside((&members(number), &columns), |rows| {
            let mut members = set.members.iter();
            members.try_for_each(|member| member_row(system, member, &fields, rows))
        })?;
    }
    Ok(())
}

/// Goes through all designations, with the code of the concept and the number among its own.
fn each_designation(
    system: &CodeSystem,
    take: &mut dyn FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    for concept in &system.concepts {
        for number in 1..=concept.designations.len() {
            take(&concept.code, &number.to_string())?;
        }
    }
    Ok(())
}

/// The columns of a reference set's fields: one for each form that values of the field have.
struct FieldColumns {
    names: Vec<String>,
    /// Number of the field, from 0, and its form.
    of: Vec<(usize, &'static str)>,
}

impl FieldColumns {
    fn new(set: &ReferenceSet) -> Self {
        let (mut names, mut of) = (Vec::new(), Vec::new());
        for (number, name) in set.fields.iter().enumerate() {
            for form in [CONCEPT, INTEGER, TEXT] {
                let is_used = |member: &ReferenceSetMember| {
                    member
                        .values
                        .get(number)
                        .is_some_and(|value| form_of(value) == form)
                };
                if set.members.iter().any(is_used) {
                    names.push(format!("{form}:{}:{name}", number + 1));
                    of.push((number, form));
                }
            }
        }
        Self { names, of }
    }
}

fn form_of(value: &FieldValue) -> &'static str {
    match value {
        FieldValue::Concept(_) => CONCEPT,
        FieldValue::Integer(_) => INTEGER,
        FieldValue::Text(_) => TEXT,
    }
}

fn member_row(
    system: &CodeSystem,
    member: &ReferenceSetMember,
    fields: &FieldColumns,
    rows: &mut Rows<'_>,
) -> io::Result<()> {
    let values: Vec<String> = fields
        .of
        .iter()
        .map(|(number, form)| {
            let value = member.values.get(*number).filter(|value| form_of(value) == *form);
            match value {
                Some(FieldValue::Concept(concept)) => code(system, *concept).to_owned(),
                Some(FieldValue::Integer(integer)) => integer.to_string(),
                Some(FieldValue::Text(text)) => text.clone(),
                None => String::new(),
            }
        })
        .collect();
    let (id, time) = (uuid::text(member.id), member.effective_time.to_string());
    let mut cells = vec![
        id.as_str(),
        &time,
        flag(member.active),
        code(system, member.module),
        code(system, member.referenced),
    ];
    cells.extend(values.iter().map(String::as_str));
    rows.add(&cells)
}

/// The code of the concept at a position; empty when there is none.
fn code(system: &CodeSystem, position: u32) -> &str {
    let concept = system.concepts.get(position as usize);
    concept.map_or("", |concept| concept.code.as_str())
}
