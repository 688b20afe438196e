//! A code system from CSV: a row for each concept, and tables beside it for what a concept has several of.

use std::collections::HashMap;

use vardnav_register::text::shape;
use vardnav_terminology::model::{
    CodeSystem, Concept, Definition, Designation, DesignationStatus, Diagram, DiagramNode, LocalizedText,
    Property, PropertyDefinition, Relation,
};

use super::super::fhir::words::{
    CONCEPT_STATUS, CONTENT, DESIGNATION_STATUS, PROPERTY_KIND, RELATION_KIND, meaning,
};
use super::components;
use super::table::{Row, Source};

/// The tables beside that of the concepts, with their columns.
pub(super) const DESIGNATIONS: (&str, &[&str]) = (
    "designations",
    &[
        "code", "text", "language", "status", "from", "until", "scope", "domain", "usage", "comment",
    ],
);
pub(super) const DEFINITIONS: (&str, &[&str]) = (
    "definitions",
    &[
        "code",
        "text",
        "language",
        "source",
        "paraphrase",
        "domain",
        "decided",
    ],
);
pub(super) const NOTES: (&str, &[&str]) = ("notes", &["code", "text", "language"]);
pub(super) const FEATURES: (&str, &[&str]) = ("features", &["code", "text", "language"]);
pub(super) const SUBJECT_FIELDS: (&str, &[&str]) = ("subject-fields", &["code", "text"]);
pub(super) const PARENTS: (&str, &[&str]) = ("parents", &["code", "parent"]);
pub(super) const PROPERTIES: (&str, &[&str]) = ("properties", &["code", "name", "value"]);
pub(super) const RELATIONS: (&str, &[&str]) = (
    "relations",
    &["code", "kind", "target", "from", "until", "scope", "source"],
);
pub(super) const DIAGRAMS: (&str, &[&str]) = ("diagrams", &["diagram", "code", "column", "row"]);

/// The columns of the concepts' own table that stand for one thing each.
const COLUMNS: [&str; 8] = [
    "code",
    "status",
    "status-reason",
    "not-selectable",
    "standards-status",
    "steward",
    "from",
    "until",
];

/// Those of which there may be several, some with a language or name behind a colon.
const SEVERAL: [&str; 6] = [
    "parent",
    "display",
    "synonym",
    "definition",
    "note",
    "subject-field",
];

fn is_column(name: &str) -> bool {
    let (kind, rest) = name.split_once(':').unwrap_or((name, ""));
    COLUMNS.contains(&name) || SEVERAL.contains(&kind) || (kind == "property" && !rest.is_empty())
}

/// Reads a code system.
pub(super) fn read(source: &mut Source<'_>, path: &str) -> Option<CodeSystem> {
    let mapping = source.mapping;
    let table = source.main(is_column, &["code"])?;
    let mut concepts: Vec<Concept> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for row in table.rows() {
        let concept = concept(source, row);
        if concept.code.is_empty() {
            source.wrong("VN-IMP-406", row, "the code is empty");
        } else if positions.insert(concept.code.clone(), concepts.len()).is_some() {
            let what = format!("the code `{}` stands twice", shape(&concept.code));
            source.wrong("VN-IMP-407", row, what);
        }
        concepts.push(concept);
    }
    beside(source, &mut concepts, &positions);
    let components = components::read(source, &concepts, &positions);
    let content = match mapping.content.as_str() {
        "" => Some(Default::default()),
        word => meaning(CONTENT, word),
    };
    if content.is_none() {
        source
            .findings
            .error("VN-IMP-401", path, 0, "`content` is none of FHIR's");
    }
    Some(CodeSystem {
        url: mapping.url.clone(),
        version: mapping.version.clone(),
        title: mapping.title.clone(),
        language: mapping.language.clone(),
        publication: mapping.publication(path, &mut source.findings),
        content: content.unwrap_or_default(),
        supplements: mapping.supplements.clone(),
        case_insensitive: mapping.case_insensitive,
        value_set: mapping.value_set.clone(),
        properties: definitions(source, path),
        concepts,
        diagrams: diagrams(source),
        components: components.map(Box::new),
    })
}

fn definitions(source: &mut Source<'_>, path: &str) -> Vec<PropertyDefinition> {
    let entries = source.mapping.property.iter();
    let mut definitions = Vec::new();
    for entry in entries {
        let kind = match entry.kind.as_str() {
            "" => Some(Default::default()),
            word => meaning(PROPERTY_KIND, word),
        };
        if kind.is_none() || entry.name.is_empty() {
            let what = "a property has no name, or a kind that is none of FHIR's";
            source.findings.error("VN-IMP-401", path, 0, what);
        }
        definitions.push(PropertyDefinition {
            name: entry.name.clone(),
            uri: entry.uri.clone(),
            description: entry.description.clone(),
            kind: kind.unwrap_or_default(),
        });
    }
    definitions
}

fn concept(source: &mut Source<'_>, row: Row<'_>) -> Concept {
    let own = source.mapping.language.as_str();
    let mut concept = Concept {
        code: row.cell("code").to_owned(),
        status: source.word(row, "status", CONCEPT_STATUS),
        status_reason: row.cell("status-reason").to_owned(),
        not_selectable: source.flag(row, "not-selectable"),
        standards_status: row.cell("standards-status").to_owned(),
        steward: row.cell("steward").to_owned(),
        validity: source.validity(row),
        ..Concept::default()
    };
    for (column, cell) in row.filled() {
        let (kind, rest) = column.split_once(':').unwrap_or((column, ""));
        let language = if rest.is_empty() { own } else { rest }.to_owned();
        let text = cell.to_owned();
        match kind {
            "parent" => concept.parents.push(text),
            "display" | "synonym" => {
                let status = match kind {
                    "display" => DesignationStatus::Recommended,
                    _ => DesignationStatus::Accepted,
                };
                concept.designations.push(Designation {
                    text,
                    language,
                    status,
                    ..Designation::default()
                });
            }
            "definition" => concept.definitions.push(Definition {
                text,
                language,
                ..Definition::default()
            }),
            "note" => concept.notes.push(LocalizedText { language, text }),
            "subject-field" => concept.subject_fields.push(text),
            "property" => concept.properties.push(Property {
                name: rest.to_owned(),
                value: text,
            }),
            _ => {}
        }
    }
    concept
}

/// Adds what is in the tables beside.
fn beside(source: &mut Source<'_>, concepts: &mut [Concept], positions: &HashMap<String, usize>) {
    let text = |row: Row<'_>, column: &str| row.cell(column).to_owned();
    let localized = |row: Row<'_>| LocalizedText {
        language: text(row, "language"),
        text: text(row, "text"),
    };
    let mut table = |name: (&str, &'static [&'static str]),
                     add: &dyn Fn(&mut Source<'_>, Row<'_>, &mut Concept)| {
        let table = source.beside(name.0, name.1, |_| true);
        for row in table.rows() {
            let position = positions.get(row.cell("code"));
            match position.and_then(|position| concepts.get_mut(*position)) {
                Some(concept) => add(source, row, concept),
                None => source.wrong("VN-IMP-409", row, "its code is not among the concepts"),
            }
        }
    };
    table(PARENTS, &|_, row, concept| {
        concept.parents.push(text(row, "parent"))
    });
    table(DESIGNATIONS, &|source, row, concept| {
        concept.designations.push(designation(source, row));
    });
    table(DEFINITIONS, &|source, row, concept| {
        concept.definitions.push(Definition {
            text: text(row, "text"),
            language: text(row, "language"),
            source: text(row, "source"),
            paraphrase: source.flag(row, "paraphrase"),
            domain: text(row, "domain"),
            decided: text(row, "decided"),
        });
    });
    table(NOTES, &|_, row, concept| concept.notes.push(localized(row)));
    table(FEATURES, &|_, row, concept| concept.features.push(localized(row)));
    table(SUBJECT_FIELDS, &|_, row, concept| {
        concept.subject_fields.push(text(row, "text"))
    });
    table(PROPERTIES, &|_, row, concept| {
        concept.properties.push(Property {
            name: text(row, "name"),
            value: text(row, "value"),
        });
    });
    table(RELATIONS, &|source, row, concept| {
        let Some(kind) = meaning(RELATION_KIND, row.cell("kind")) else {
            source.misunderstood(row, "kind");
            return;
        };
        concept.relations.push(Relation {
            kind,
            target: text(row, "target"),
            validity: source.validity(row),
            scope: text(row, "scope"),
            source: text(row, "source"),
        });
    });
}

/// A designation from its row.
pub(super) fn designation(source: &mut Source<'_>, row: Row<'_>) -> Designation {
    Designation {
        text: row.cell("text").to_owned(),
        language: row.cell("language").to_owned(),
        status: source.word(row, "status", DESIGNATION_STATUS),
        validity: source.validity(row),
        scope: row.cell("scope").to_owned(),
        domain: row.cell("domain").to_owned(),
        usage: row.cell("usage").to_owned(),
        comment: row.cell("comment").to_owned(),
    }
}

fn diagrams(source: &mut Source<'_>) -> Vec<Diagram> {
    let mut diagrams: Vec<Diagram> = source
        .mapping
        .diagram
        .iter()
        .map(|entry| Diagram {
            id: entry.id.clone(),
            title: entry
                .title
                .iter()
                .map(|title| LocalizedText {
                    language: title.language.clone(),
                    text: title.text.clone(),
                })
                .collect(),
            nodes: Vec::new(),
        })
        .collect();
    let table = source.beside(DIAGRAMS.0, DIAGRAMS.1, |_| true);
    for row in table.rows() {
        let number = source.number(row, "diagram", 1);
        let place = (row.cell("column").parse(), row.cell("row").parse());
        match (diagrams.get_mut(number - 1), place) {
            (Some(diagram), (Ok(column), Ok(row_number))) => diagram.nodes.push(DiagramNode {
                code: row.cell("code").to_owned(),
                column,
                row: row_number,
            }),
            (None, _) => source.wrong("VN-IMP-409", row, "the mapping has no such diagram"),
            (Some(_), _) => source.misunderstood(row, "column"),
        }
    }
    diagrams
}
