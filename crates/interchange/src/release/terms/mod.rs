//! `terms/*.toml` and `codes/*.toml`: the release's own code systems, with the whole record of a termbank: dated
//! designations, definitions, notes, relations, what sets a concept apart, and concept diagrams. The version of each
//! code system is the release's id.

mod convert;
mod text;

use vardnav_release::source::Element;
use vardnav_terminology::model::{CodeSystem, Publication, PublicationStatus};
use vardnav_terminology::model::{PropertyDefinition, PropertyKind};
use vardnav_terminology::terms_check::{DEFINITION_SEE, HEADING};

use super::reading::{Reading, TextFile};
use text::{ConceptsFile, DiagramsFile, SystemFile};

/// The head of the terms.
const SYSTEM: &str = "terms/system.toml";

/// The concept diagrams of the terms.
const DIAGRAMS: &str = "terms/diagrams.toml";

/// Reads the terms (one code system over several files) and each small code system (one file each).
pub(super) fn read(reading: &mut Reading<'_>, version: &str) -> Vec<CodeSystem> {
    let mut systems = Vec::new();
    systems.extend(read_terms(reading, version));
    for path in reading.paths_in("codes/", ".toml") {
        if let Some(file) = reading.optional(path)
            && let Some(system) = read_system(reading, &file, version)
        {
            systems.push(system);
        }
    }
    systems
}

/// Reads the head of a code system and the concepts that stand in the same file.
pub(super) fn read_system(
    reading: &mut Reading<'_>,
    file: &TextFile<'_>,
    version: &str,
) -> Option<CodeSystem> {
    let text: SystemFile = reading.toml(file)?;
    let url = text.url.get_ref().clone();
    reading.note(Element::CodeSystem(url.clone()), file, &text.url);
    let from = text.from.map(|day| day.0);
    let concepts = text
        .concept
        .into_iter()
        .map(|concept| convert::concept(reading, file, &url, from, concept))
        .collect();
    Some(CodeSystem {
        url,
        version: version.to_owned(),
        title: text.title,
        language: text.language,
        publication: Publication {
            status: PublicationStatus::Active,
            publisher: text.publisher,
            steward: text.steward,
            description: text.description,
            copyright: text.copyright,
            ..Publication::default()
        },
        concepts,
        ..CodeSystem::default()
    })
}

fn read_terms(reading: &mut Reading<'_>, version: &str) -> Option<CodeSystem> {
    let file = reading.required(SYSTEM)?;
    let mut system = read_system(reading, &file, version)?;
    system.properties = termbank_properties();
    for path in reading.paths_in("terms/", ".toml") {
        if path == SYSTEM || path == DIAGRAMS {
            continue;
        }
        if let Some(file) = reading.optional(path)
            && let Some(ConceptsFile { concept }) = reading.toml(&file)
        {
            for text in concept {
                let concept = convert::concept(reading, &file, &system.url, None, text);
                system.concepts.push(concept);
            }
        }
    }
    if let Some(file) = reading.optional(DIAGRAMS)
        && let Some(DiagramsFile { diagram }) = reading.toml(&file)
    {
        for text in diagram {
            let element = Element::Diagram(system.url.clone(), text.id.get_ref().clone());
            reading.note(element, &file, &text.id);
            system.diagrams.push(convert::diagram(text));
        }
    }
    Some(system)
}

/// The properties by which a termbank states why a concept has no definition. That they are declared makes the
/// checks ask for a definition of every other concept.
fn termbank_properties() -> Vec<PropertyDefinition> {
    let property = |name: &str, description: &str, kind| PropertyDefinition {
        name: name.to_owned(),
        description: description.to_owned(),
        kind,
        ..PropertyDefinition::default()
    };
    vec![
        property(
            HEADING,
            "a heading (rubrik), without definition",
            PropertyKind::Boolean,
        ),
        property(
            DEFINITION_SEE,
            "the concept whose record, or notes, tell what this one means",
            PropertyKind::Code,
        ),
    ]
}
