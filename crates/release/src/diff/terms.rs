//! The code systems of a release's own: which there are, and what became of their concepts.

use std::sync::Arc;

use vardnav_terminology::history::{self, ConceptChange, Difference, StatedRelation};
use vardnav_terminology::model::{CodeSystem, Validity};
use vardnav_terminology::{ConceptView, DefinitionView, DesignationView, Edition};

use super::{Change, Item, Kind, What, compare as compare_items};
use crate::source::{Element, Place, ReleaseSource};

/// The code systems and their concepts.
pub(super) fn items(source: &ReleaseSource) -> Vec<Item> {
    let mut items = systems(source);
    for system in &source.code_systems {
        for concept in &system.concepts {
            let element = Element::Concept(system.url.clone(), concept.code.clone());
            let id = format!("{}|{}", system.url, concept.code);
            items.push(Item::new(Kind::Concept, id, source.places.of(&element)));
        }
    }
    items
}

fn systems(source: &ReleaseSource) -> Vec<Item> {
    let item = |system: &CodeSystem| {
        let element = Element::CodeSystem(system.url.clone());
        Item::new(Kind::CodeSystem, &system.url, source.places.of(&element)).with("title", &system.title)
    };
    source.code_systems.iter().map(item).collect()
}

/// What became of the code systems and of the concepts of those that both have. The concepts of a code system that
/// does not compile are left to its check.
pub(super) fn compare(old: &ReleaseSource, new: &ReleaseSource) -> Vec<Change> {
    let mut changes = compare_items(&systems(old), &systems(new));
    for system in &new.code_systems {
        let known = old.code_systems.iter().find(|known| known.url == system.url);
        let Some(known) = known else { continue };
        if known.concepts == system.concepts {
            continue;
        }
        let compiled = (Edition::compile(known.clone()), Edition::compile(system.clone()));
        if let (Ok(before), Ok(after)) = compiled {
            let (before, after) = (Arc::new(before), Arc::new(after));
            for change in history::diff(&before, &after) {
                concept(&system.url, &change, (old, new), &mut changes);
            }
        }
    }
    changes
}

fn concept(
    system: &str,
    change: &ConceptChange<'_>,
    (old, new): (&ReleaseSource, &ReleaseSource),
    changes: &mut Vec<Change>,
) {
    let element = Element::Concept(system.to_owned(), change.code().to_owned());
    let base = |view: &ConceptView<'_>, what| Change {
        kind: Kind::Concept,
        id: format!("{system}|{}", change.code()),
        what,
        aspect: "",
        name: display(view),
        before: String::new(),
        after: String::new(),
        old: Place::default(),
        new: Place::default(),
    };
    match change {
        ConceptChange::Added(view) => changes.push(Change {
            after: display(view),
            new: new.places.of(&element),
            ..base(view, What::Added)
        }),
        ConceptChange::Removed(view) => changes.push(Change {
            before: display(view),
            old: old.places.of(&element),
            ..base(view, What::Removed)
        }),
        ConceptChange::Changed {
            new: view,
            differences,
            ..
        } => {
            for difference in differences {
                let (aspect, before, after) = told(difference);
                changes.push(Change {
                    aspect,
                    before,
                    after,
                    old: old.places.of(&element),
                    new: new.places.of(&element),
                    ..base(view, What::Changed)
                });
            }
        }
    }
}

/// The designation that people know it by.
fn display(view: &ConceptView<'_>) -> String {
    let designation = view.designations().next();
    designation.map(|term| term.text.to_owned()).unwrap_or_default()
}

/// A difference as aspect, before and after.
fn told(difference: &Difference<'_>) -> (&'static str, String, String) {
    let none = String::new;
    match difference {
        Difference::Status { old, new } => ("status", format!("{old:?}"), format!("{new:?}")),
        Difference::Validity { old, new } => ("dates", validity(*old), validity(*new)),
        Difference::StatusReason { old, new } => ("status-reason", (*old).to_owned(), (*new).to_owned()),
        Difference::Steward { old, new } => ("steward", (*old).to_owned(), (*new).to_owned()),
        Difference::NotSelectable { old, new } => ("not-selectable", old.to_string(), new.to_string()),
        Difference::DesignationAdded(term) => ("designation", none(), designation(term)),
        Difference::DesignationRemoved(term) => ("designation", designation(term), none()),
        Difference::DesignationChanged { old, new } => ("designation", designation(old), designation(new)),
        Difference::DefinitionAdded(text) => ("definition", none(), definition(text)),
        Difference::DefinitionRemoved(text) => ("definition", definition(text), none()),
        Difference::DefinitionChanged { old, new } => ("definition", definition(old), definition(new)),
        Difference::ParentAdded(code) => ("parent", none(), (*code).to_owned()),
        Difference::ParentRemoved(code) => ("parent", (*code).to_owned(), none()),
        Difference::RelationAdded(stated) => ("relation", none(), relation(stated)),
        Difference::RelationRemoved(stated) => ("relation", relation(stated), none()),
        Difference::NoteAdded(note) => ("note", none(), note.text.to_owned()),
        Difference::NoteRemoved(note) => ("note", note.text.to_owned(), none()),
        Difference::FeatureAdded(note) => ("feature", none(), note.text.to_owned()),
        Difference::FeatureRemoved(note) => ("feature", note.text.to_owned(), none()),
        Difference::SubjectFieldAdded(field) => ("subject-field", none(), (*field).to_owned()),
        Difference::SubjectFieldRemoved(field) => ("subject-field", (*field).to_owned(), none()),
        Difference::PropertyAdded(property) => (
            "property",
            none(),
            format!("{} = {}", property.name, property.value),
        ),
        Difference::PropertyRemoved(property) => (
            "property",
            format!("{} = {}", property.name, property.value),
            none(),
        ),
    }
}

fn designation(term: &DesignationView<'_>) -> String {
    let mut text = format!("{} ({}, {:?}", term.text, term.language, term.status);
    for (name, part) in [
        ("scope", term.scope),
        ("domain", term.domain),
        ("comment", term.comment),
    ] {
        if !part.is_empty() {
            text.push_str(&format!(", {name} {part}"));
        }
    }
    text.push_str(&validity_suffix(term.validity));
    text.push(')');
    text
}

fn definition(text: &DefinitionView<'_>) -> String {
    let source = if text.source.is_empty() {
        String::new()
    } else {
        format!(", {}", text.source)
    };
    format!("{} ({}{source})", text.text, text.language)
}

fn relation(stated: &StatedRelation<'_>) -> String {
    format!(
        "{:?} {}{}",
        stated.kind,
        stated.target,
        validity_suffix(stated.validity)
    )
}

fn validity(validity: Validity) -> String {
    validity_suffix(validity).trim_start_matches(", ").to_owned()
}

fn validity_suffix(validity: Validity) -> String {
    match (validity.from, validity.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", from {from}"),
        (None, Some(until)) => format!(", until {until}"),
        (Some(from), Some(until)) => format!(", from {from} until {until}"),
    }
}
