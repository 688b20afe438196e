//! The properties of concepts that FHIR itself defines: which of a code system's are meant by them, and what they say.
//! One place for reading and writing, so that both agree.

use vardnav_terminology::model::{ConceptStatus, Property, PropertyDefinition};

use super::words::CONCEPT_PROPERTIES;

/// The properties of one code system.
#[derive(Debug)]
pub(super) struct ConceptProperties<'d> {
    definitions: &'d [PropertyDefinition],
}

impl<'d> ConceptProperties<'d> {
    /// Of a code system with these properties.
    pub(super) fn new(definitions: &'d [PropertyDefinition]) -> Self {
        Self { definitions }
    }

    /// The names of the properties that have the meaning `standard` by their address.
    pub(super) fn named<'n>(&'n self, standard: &'n str) -> impl Iterator<Item = &'d str> + 'n {
        self.definitions
            .iter()
            .filter(move |definition| definition.uri.strip_prefix(CONCEPT_PROPERTIES) == Some(standard))
            .map(|definition| definition.name.as_str())
    }

    fn is_defined(&self, name: &str) -> bool {
        self.definitions.iter().any(|definition| definition.name == name)
    }

    /// Whether a property has the meaning `standard`: by its address; where none has that address, by its name.
    fn means(&self, name: &str, standard: &str) -> bool {
        let mut named = self.named(standard).peekable();
        if named.peek().is_none() {
            return name == standard;
        }
        named.any(|listed| listed == name)
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
        self.named(standard).any(|listed| listed == name)
            || (name == standard && code && !self.is_defined(name))
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
