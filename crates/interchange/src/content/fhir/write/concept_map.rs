//! Writing `ConceptMap`: R5's relationships, or R4's equivalences.

use std::collections::BTreeSet;

use vardnav_terminology::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, Unmapped,
};

use super::super::shapes;
use super::super::valued::{NameField, ValueKind, Valued};
use super::super::words::{EQUIVALENCE, RELATIONSHIP, UNMAPPED_RELATIONSHIP, word};
use super::FhirVersion;

/// The head of a map.
pub(super) fn head(map: &ConceptMap) -> shapes::Head {
    super::head("ConceptMap", &map.url, &map.version, &map.title, &map.publication)
}

/// The rest of a map.
pub(super) fn body(map: &ConceptMap, version: FhirVersion) -> shapes::ConceptMap {
    let group = map.groups.iter().map(|from| group(from, version)).collect();
    let (source, target) = (map.source_scope.clone(), map.target_scope.clone());
    match version {
        FhirVersion::R4 => shapes::ConceptMap {
            source_canonical: source,
            target_canonical: target,
            group,
            ..shapes::ConceptMap::default()
        },
        FhirVersion::R5 => shapes::ConceptMap {
            additional_attribute: attributes(map),
            source_scope_canonical: source,
            target_scope_canonical: target,
            group,
            ..shapes::ConceptMap::default()
        },
    }
}

/// The names used in conditions and products, which R5 wants declared.
fn attributes(map: &ConceptMap) -> Vec<shapes::AdditionalAttribute> {
    let names: BTreeSet<&str> = map
        .groups
        .iter()
        .flat_map(|group| &group.elements)
        .flat_map(|element| &element.targets)
        .flat_map(|target| target.depends_on.iter().chain(&target.products))
        .map(|property| property.name.as_str())
        .collect();
    names
        .into_iter()
        .map(|name| shapes::AdditionalAttribute {
            code: name.to_owned(),
            kind: "string".to_owned(),
        })
        .collect()
}

fn group(from: &MapGroup, version: FhirVersion) -> shapes::Group {
    let versioned = |text: &str| match (version, text.split_once('|')) {
        (FhirVersion::R4, Some((url, version))) => (url.to_owned(), version.to_owned()),
        _ => (text.to_owned(), String::new()),
    };
    let (source, source_version) = versioned(&from.source);
    let (target, target_version) = versioned(&from.target);
    shapes::Group {
        source,
        source_version,
        target,
        target_version,
        element: from.elements.iter().map(|from| element(from, version)).collect(),
        unmapped: unmapped(&from.unmapped, version),
    }
}

fn element(from: &MapElement, version: FhirVersion) -> shapes::Element {
    let targets = from.targets.iter().filter(|target| !target.code.is_empty());
    let mut targets: Vec<_> = targets.map(|from| target(from, version)).collect();
    if from.no_map && version == FhirVersion::R4 {
        targets.push(shapes::Target {
            equivalence: "unmatched".to_owned(),
            ..shapes::Target::default()
        });
    }
    shapes::Element {
        code: from.code.clone(),
        display: from.display.clone(),
        value_set: String::new(),
        no_map: (from.no_map && version == FhirVersion::R5).then_some(true),
        target: targets,
    }
}

fn target(from: &MapTarget, version: FhirVersion) -> shapes::Target {
    let (relationship, equivalence) = match version {
        FhirVersion::R4 => ("", word(EQUIVALENCE, &from.relationship)),
        FhirVersion::R5 => (word(RELATIONSHIP, &from.relationship), ""),
    };
    let named = |properties: &[Property]| {
        let field = match version {
            FhirVersion::R4 => NameField::Property,
            FhirVersion::R5 => NameField::Attribute,
        };
        properties
            .iter()
            .map(|property| Valued::new(field, &property.name, ValueKind::String, &property.value))
            .collect::<Vec<_>>()
    };
    shapes::Target {
        code: from.code.clone(),
        display: from.display.clone(),
        value_set: String::new(),
        relationship: relationship.to_owned(),
        equivalence: equivalence.to_owned(),
        comment: from.comment.clone(),
        depends_on: named(&from.depends_on),
        product: named(&from.products),
    }
}

fn unmapped(from: &Unmapped, version: FhirVersion) -> Option<shapes::Unmapped> {
    let r4 = version == FhirVersion::R4;
    let related = |mode: &str, relationship: &MapRelationship| {
        let word = word(RELATIONSHIP, relationship);
        shapes::Unmapped {
            extension: if r4 && *relationship != MapRelationship::default() {
                vec![Valued::extension(UNMAPPED_RELATIONSHIP, ValueKind::Code, word)]
            } else {
                Vec::new()
            },
            mode: mode.to_owned(),
            relationship: if r4 { String::new() } else { word.to_owned() },
            ..shapes::Unmapped::default()
        }
    };
    match from {
        Unmapped::None => None,
        Unmapped::SourceCode { relationship } if r4 => Some(related("provided", relationship)),
        Unmapped::SourceCode { relationship } => Some(related("use-source-code", relationship)),
        Unmapped::Fixed {
            code,
            display,
            relationship,
        } => Some(shapes::Unmapped {
            code: code.clone(),
            display: display.clone(),
            ..related("fixed", relationship)
        }),
        Unmapped::OtherMap { url } => Some(shapes::Unmapped {
            mode: "other-map".to_owned(),
            url: if r4 { url.clone() } else { String::new() },
            other_map: if r4 { String::new() } else { url.clone() },
            ..shapes::Unmapped::default()
        }),
    }
}
