//! The properties of concepts that FHIR itself defines: which of a code system's are meant by them, and what they say.
//! One place for reading and writing, so that both agree.

use std::collections::{HashMap, HashSet};

use vardnav_terminology::model::{ConceptStatus, Property, PropertyDefinition};

use super::words::CONCEPT_PROPERTIES;

/// The properties of one code system.
#[derive(Debug)]
pub(super) struct ConceptProperties<'d> {
    defined: HashSet<&'d str>,
    /// Meanings by address, with the properties that have them.
    standard: HashMap<&'d str, Vec<&'d str>>,
}

impl<'d> ConceptProperties<'d> {
    /// Of a code system with these properties.
    pub(super) fn new(definitions: &'d [PropertyDefinition]) -> Self {
        let mut standard: HashMap<&str, Vec<&str>> = HashMap::new();
        for definition in definitions {
            if let Some(meaning) = definition.uri.strip_prefix(CONCEPT_PROPERTIES) {
                standard.entry(meaning).or_default().push(&definition.name);
            }
        }
        let defined = definitions
            .iter()
            .map(|definition| definition.name.as_str())
            .collect();
        Self { defined, standard }
    }

    /// The names of the properties that have the meaning `standard` by their address.
    pub(super) fn named(&self, standard: &str) -> &[&'d str] {
        self.standard.get(standard).map_or(&[], Vec::as_slice)
    }

    /// Whether a property has the meaning `standard`: by its address; where none has that address, by its name.
    fn means(&self, name: &str, standard: &str) -> bool {
        match self.named(standard) {
            [] => name == standard,
            named => named.contains(&name),
        }
    }

    /// Whether a property names a direct superordinate concept: by its address, or by its name when the code system does
    /// not define it and the value is a `code`.
    pub(super) fn is_parent(&self, name: &str, code: bool) -> bool {
        self.is_hierarchy("parent", name, code)
    }

    /// Whether a property names a concept directly below.
    pub(super) fn is_child(&self, name: &str, code: bool) -> bool {
        self.is_hierarchy("child", name, code)
    }

    fn is_hierarchy(&self, standard: &str, name: &str, code: bool) -> bool {
        self.named(standard).contains(&name) || (name == standard && code && !self.defined.contains(name))
    }

    /// Where a concept with these properties stands: inactive when `inactive` is true or `status` says retired.
    pub(super) fn status<'p>(&self, properties: impl IntoIterator<Item = &'p Property>) -> ConceptStatus {
        let inactive = properties.into_iter().any(|property| {
            (property.value == "true" && self.means(&property.name, "inactive"))
                || (matches!(property.value.as_str(), "retired" | "inactive")
                    && self.means(&property.name, "status"))
        });
        if inactive {
            ConceptStatus::Inactive
        } else {
            ConceptStatus::Active
        }
    }

    /// Whether a concept with these properties may not be chosen.
    pub(super) fn not_selectable<'p>(&self, properties: impl IntoIterator<Item = &'p Property>) -> bool {
        properties
            .into_iter()
            .any(|property| property.value == "true" && self.means(&property.name, "notSelectable"))
    }
}
