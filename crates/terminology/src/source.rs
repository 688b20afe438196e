//! From an [`Edition`] back to the code system that it was compiled from, for those who write it out.

use crate::components::ComponentTables;
use crate::edition::Edition;
use crate::model::{
    Acceptability, CodeSystem, Components, Concept, Definition, Description, Designation, LocalizedText,
    Property, ReferenceSet, Relation, Standing,
};
use crate::view::{ConceptView, NoteView};

pub(crate) fn source(edition: &Edition) -> CodeSystem {
    CodeSystem {
        concepts: edition.concepts().map(|view| concept(&view)).collect(),
        components: edition
            .components()
            .map(|tables| Box::new(components(edition, tables))),
        ..edition.head.clone()
    }
}

fn concept(view: &ConceptView<'_>) -> Concept {
    Concept {
        code: view.code().to_owned(),
        parents: view.parents().map(|parent| parent.code().to_owned()).collect(),
        status: view.status(),
        status_reason: view.status_reason().to_owned(),
        not_selectable: view.not_selectable(),
        standards_status: view.standards_status().to_owned(),
        features: view.features().map(text).collect(),
        subject_fields: view.subject_fields().map(str::to_owned).collect(),
        steward: view.steward().to_owned(),
        validity: view.validity(),
        designations: designations(view),
        definitions: definitions(view),
        notes: view.notes().map(text).collect(),
        relations: relations(view),
        properties: view
            .properties()
            .map(|property| Property {
                name: property.name.to_owned(),
                value: property.value.to_owned(),
            })
            .collect(),
    }
}

fn text(view: NoteView<'_>) -> LocalizedText {
    LocalizedText {
        language: view.language.to_owned(),
        text: view.text.to_owned(),
    }
}

fn designations(view: &ConceptView<'_>) -> Vec<Designation> {
    let views = view.designations();
    views
        .map(|view| Designation {
            text: view.text.to_owned(),
            language: view.language.to_owned(),
            status: view.status,
            validity: view.validity,
            scope: view.scope.to_owned(),
            domain: view.domain.to_owned(),
            usage: view.usage.to_owned(),
            comment: view.comment.to_owned(),
        })
        .collect()
}

fn definitions(view: &ConceptView<'_>) -> Vec<Definition> {
    let views = view.definitions();
    views
        .map(|view| Definition {
            text: view.text.to_owned(),
            language: view.language.to_owned(),
            source: view.source.to_owned(),
            paraphrase: view.paraphrase,
            domain: view.domain.to_owned(),
            decided: view.decided.to_owned(),
        })
        .collect()
}

fn relations(view: &ConceptView<'_>) -> Vec<Relation> {
    let views = view.relations();
    views
        .map(|view| Relation {
            kind: view.kind,
            target: view.target.code().to_owned(),
            validity: view.validity,
            scope: view.scope.to_owned(),
            source: view.source.to_owned(),
        })
        .collect()
}

fn components(edition: &Edition, tables: &ComponentTables) -> Components {
    let concepts = || (0..edition.len()).map(|position| position as u32);
    let designations = || (0..edition.designations.len()).map(|position| position as u32);
    let acceptabilities = designations().flat_map(|designation| {
        let rows = tables.acceptabilities(designation).iter();
        rows.map(move |row| Acceptability {
            designation,
            dialect: row.dialect,
            preferred: row.preferred(),
        })
    });
    let sets = tables.reference_sets().iter();
    Components {
        concepts: concepts().map(|concept| tables.concept(concept)).collect(),
        designations: designations()
            .map(|designation| tables.designation(designation))
            .collect(),
        acceptabilities: acceptabilities.collect(),
        descriptions: concepts()
            .flat_map(|concept| descriptions(edition, tables, concept))
            .collect(),
        attributes: concepts()
            .flat_map(|source| tables.source_attributes(&edition.texts, source))
            .collect(),
        reference_sets: sets
            .map(|set| ReferenceSet {
                concept: set.concept(),
                fields: set.fields(&edition.texts).map(str::to_owned).collect(),
                members: set.source_members(&edition.texts),
            })
            .collect(),
    }
}

fn descriptions<'e>(
    edition: &'e Edition,
    tables: &'e ComponentTables,
    concept: u32,
) -> impl Iterator<Item = Description> + 'e {
    let rows = tables.descriptions(concept);
    rows.map(move |(number, row)| Description {
        concept,
        text: edition.texts.get(row.text).to_owned(),
        language: edition.tag(row.language).to_owned(),
        active: row.active(),
        component: tables.designation(number),
        standings: tables
            .acceptabilities(number)
            .iter()
            .map(|standing| Standing {
                dialect: standing.dialect,
                preferred: standing.preferred(),
            })
            .collect(),
    })
}
