//! Writing `CodeSystem`.

use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer};
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Designation, DesignationStatus, Property, PropertyKind,
};

use super::super::concept_properties::ConceptProperties;
use super::super::reading::ImpliedStatus;
use super::super::shapes;
use super::super::valued::{NameField, ValueKind, Valued, is_number};
use super::super::words::{
    CONCEPT_PROPERTIES, CONCEPT_STATUS, CONTENT, PROPERTY_KIND, STANDARDS_STATUS, word,
};
use super::components;
use super::extras::{definitions, diagram, relation};
use super::{
    designation, designation_extensions, language_extension, localized, own, text_extension,
    validity_extension,
};

/// Deepest hierarchy that is written as concepts within each other; many readers go no deeper.
const NESTED_MAX: usize = 50;

/// A code system on its way out.
pub(super) struct Writer<'s> {
    system: &'s CodeSystem,
    known: ConceptProperties<'s>,
    kinds: HashMap<&'s str, PropertyKind>,
    /// The property that names parents.
    parent: String,
    /// How deep each concept lies, when they are written within each other.
    depths: Option<Vec<usize>>,
    components: Option<components::Writer<'s>>,
}

impl<'s> Writer<'s> {
    pub(super) fn new(system: &'s CodeSystem) -> Self {
        let known = ConceptProperties::new(&system.properties);
        let kinds = system
            .properties
            .iter()
            .map(|definition| (definition.name.as_str(), definition.kind))
            .collect();
        let mut taken = names(system);
        let parent = match known.named("parent").first() {
            Some(name) => (*name).to_owned(),
            None => free_name(&taken),
        };
        taken.extend(["inactive", "notSelectable", parent.as_str()]);
        let components = components::Writer::new(system, &taken);
        Self {
            system,
            known,
            kinds,
            components,
            parent,
            depths: depths(&system.concepts),
        }
    }

    pub(super) fn head(&self) -> shapes::Head {
        let system = self.system;
        let mut head = super::head(
            "CodeSystem",
            &system.url,
            &system.version,
            &system.title,
            &system.publication,
        );
        head.language.clone_from(&system.language);
        head.extension.extend(system.diagrams.iter().map(diagram));
        let components = self.components.iter();
        head.extension
            .extend(components.flat_map(components::Writer::head));
        head
    }

    pub(super) fn body(&self) -> shapes::CodeSystem<Concepts<'_>> {
        let system = self.system;
        shapes::CodeSystem {
            case_sensitive: Some(!system.case_insensitive),
            value_set: system.value_set.clone(),
            content: word(CONTENT, &system.content).to_owned(),
            supplements: system.supplements.clone(),
            property: self.definitions(),
            concept: (!system.concepts.is_empty()).then_some(Concepts(Some(self))),
        }
    }

    /// The properties defined, and those that are written for others to see.
    fn definitions(&self) -> Vec<shapes::PropertyDefinition> {
        let system = self.system;
        let mut definitions: Vec<_> = system
            .properties
            .iter()
            .map(|definition| shapes::PropertyDefinition {
                extension: Vec::new(),
                code: definition.name.clone(),
                uri: definition.uri.clone(),
                description: definition.description.clone(),
                kind: word(PROPERTY_KIND, &definition.kind).to_owned(),
            })
            .collect();
        let mut derived = |code: &str, standard: &str, kind: &str| {
            if !self.kinds.contains_key(code) {
                definitions.push(shapes::PropertyDefinition {
                    extension: vec![derived()],
                    code: code.to_owned(),
                    uri: format!("{CONCEPT_PROPERTIES}{standard}"),
                    description: String::new(),
                    kind: kind.to_owned(),
                });
            }
        };
        let nested = self.depths.is_some();
        if system
            .concepts
            .iter()
            .any(|concept| concept.parents.len() > usize::from(nested))
        {
            derived(&self.parent, "parent", "code");
        }
        if self.none_has_address_of("inactive")
            && system
                .concepts
                .iter()
                .any(|concept| self.is_inactive_aside(concept))
        {
            derived("inactive", "inactive", "boolean");
        }
        if self.none_has_address_of("notSelectable")
            && system
                .concepts
                .iter()
                .any(|concept| self.is_not_selectable_aside(concept))
        {
            derived("notSelectable", "notSelectable", "boolean");
        }
        let components = self.components.iter();
        definitions.extend(components.flat_map(components::Writer::definitions));
        definitions
    }

    fn none_has_address_of(&self, standard: &str) -> bool {
        self.known.named(standard).is_empty()
    }

    /// Whether a concept is inactive though none of its properties says so.
    fn is_inactive_aside(&self, concept: &Concept) -> bool {
        matches!(concept.status, ConceptStatus::Inactive | ConceptStatus::Withdrawn)
            && self.known.status(&concept.properties) == ConceptStatus::Active
    }

    fn is_not_selectable_aside(&self, concept: &Concept) -> bool {
        concept.not_selectable && !self.known.not_selectable(&concept.properties)
    }

    /// A concept, with those within it when they are written so; `next` is moved past them.
    fn concept(&self, next: &mut usize) -> Option<shapes::Concept> {
        let position = *next;
        let concept = self.system.concepts.get(position)?;
        *next += 1;
        let mut written = self.single(position, concept);
        if let Some(depths) = &self.depths {
            let depth = depths.get(position).copied().unwrap_or_default();
            while depths.get(*next).is_some_and(|below| *below > depth) {
                written.concept.extend(self.concept(next));
            }
        }
        Some(written)
    }

    fn single(&self, position: usize, concept: &Concept) -> shapes::Concept {
        let language = self.system.language.as_str();
        let mut implied = ImpliedStatus::default();
        let description = |number| self.components.as_ref()?.description(position, number);
        let mut designations = (0..).zip(&concept.designations).peekable();
        let (mut display, mut display_extension) = (String::new(), Vec::new());
        if let Some((number, first)) = designations.next_if(|(_, first)| can_be_display(first)) {
            display.clone_from(&first.text);
            implied.next(language, "");
            language_extension(&first.language, language, &mut display_extension);
            designation_extensions(first, DesignationStatus::Recommended, &mut display_extension);
            display_extension.extend(description(number));
        } else if let Some(first) = concept.designations.iter().find(|term| is_shown(term)) {
            display.clone_from(&first.text);
            language_extension(&first.language, language, &mut display_extension);
            display_extension.push(derived());
        }
        let mut extension = self.extensions(concept);
        let members = self.components.iter();
        extension.extend(members.flat_map(|components| components.members(position)));
        let described = self.components.iter();
        extension.extend(described.flat_map(|components| components.descriptions(position)));
        let definition = definitions(&concept.definitions, language, &mut extension);
        shapes::Concept {
            extension,
            code: concept.code.clone(),
            display,
            display_extended: extended(display_extension),
            definition: definition.0,
            definition_extended: extended(definition.1),
            designation: designations
                .map(|(number, other)| {
                    let mut written = designation(other, language, &mut implied);
                    written.extension.extend(description(number));
                    written
                })
                .collect(),
            property: self.properties(position, concept),
            concept: Vec::new(),
        }
    }

    fn properties(&self, position: usize, concept: &Concept) -> Vec<Valued> {
        let mut properties = Vec::new();
        let nested = self.depths.is_some();
        for parent in concept.parents.iter().skip(usize::from(nested)) {
            properties.push(property(&self.parent, ValueKind::Code, parent));
        }
        properties.extend(self.asides(concept).into_iter().map(|aside| Valued {
            extension: vec![derived()],
            ..property(&aside.name, ValueKind::Boolean, &aside.value)
        }));
        properties.extend(concept.properties.iter().map(|stated| self.typed(stated)));
        if let Some(components) = &self.components {
            components.properties(position, &mut properties);
        }
        properties
    }

    /// What other systems are told by properties though the model says it otherwise.
    fn asides(&self, concept: &Concept) -> Vec<Property> {
        let inactive = self.is_inactive_aside(concept).then_some("inactive");
        let not_selectable = self.is_not_selectable_aside(concept).then_some("notSelectable");
        let standards = inactive.into_iter().chain(not_selectable);
        standards
            .map(|standard| Property {
                name: self
                    .known
                    .named(standard)
                    .first()
                    .copied()
                    .unwrap_or(standard)
                    .to_owned(),
                value: "true".to_owned(),
            })
            .collect()
    }

    /// A property with a value of its kind, or as text when it does not fit the kind.
    fn typed(&self, stated: &Property) -> Valued {
        let text = stated.value.as_str();
        let kind = match self.kinds.get(stated.name.as_str()).copied().unwrap_or_default() {
            PropertyKind::Code if !text.is_empty() => ValueKind::Code,
            PropertyKind::Coding if is_coding(text) => ValueKind::Coding,
            PropertyKind::Integer if text.parse::<i32>().is_ok() && is_number(text) => ValueKind::Integer,
            PropertyKind::Decimal if is_number(text) => ValueKind::Decimal,
            PropertyKind::Boolean if matches!(text, "true" | "false") => ValueKind::Boolean,
            PropertyKind::DateTime if !text.is_empty() => ValueKind::DateTime,
            _ => ValueKind::String,
        };
        property(&stated.name, kind, text)
    }

    fn extensions(&self, concept: &Concept) -> Vec<Valued> {
        let mut extension = Vec::new();
        if !concept.standards_status.is_empty() {
            let status = &concept.standards_status;
            extension.push(Valued::extension(STANDARDS_STATUS, ValueKind::Code, status));
        }
        let asides = self.asides(concept);
        let properties = || concept.properties.iter().chain(&asides);
        if self.known.status(properties()) != concept.status {
            let status = word(CONCEPT_STATUS, &concept.status);
            extension.push(Valued::extension(own("concept-status"), ValueKind::Code, status));
        }
        if !concept.not_selectable && self.known.not_selectable(properties()) {
            extension.push(Valued::extension(
                own("not-selectable"),
                ValueKind::Boolean,
                "false",
            ));
        }
        text_extension("status-reason", &concept.status_reason, &mut extension);
        let feature = |feature| localized(own("feature"), feature);
        extension.extend(concept.features.iter().map(feature));
        for field in &concept.subject_fields {
            extension.push(Valued::extension(own("subject-field"), ValueKind::String, field));
        }
        text_extension("steward", &concept.steward, &mut extension);
        validity_extension(concept.validity, &mut extension);
        extension.extend(concept.notes.iter().map(|note| localized(own("note"), note)));
        extension.extend(concept.relations.iter().map(relation));
        extension
    }
}

/// The concepts of a code system, made as they are written.
#[derive(Default)]
pub(super) struct Concepts<'w>(Option<&'w Writer<'w>>);

impl Serialize for Concepts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut next = 0;
        let made = self
            .0
            .into_iter()
            .flat_map(|writer| std::iter::from_fn(move || writer.concept(&mut next)));
        serializer.collect_seq(made)
    }
}

/// The names of the properties that are defined or that a concept has.
fn names(system: &CodeSystem) -> HashSet<&str> {
    let stated = system.concepts.iter().flat_map(|concept| &concept.properties);
    let defined = system.properties.iter();
    defined
        .map(|definition| definition.name.as_str())
        .chain(stated.map(|property| property.name.as_str()))
        .collect()
}

/// A name for the property of parents that no property has yet.
fn free_name(taken: &HashSet<&str>) -> String {
    let mut name = "parent".to_owned();
    while taken.contains(name.as_str()) {
        name.insert_str(0, "hierarchical-");
    }
    name
}

/// How deep each concept lies, when each stands behind its first parent and that parent's other descendants.
fn depths(concepts: &[Concept]) -> Option<Vec<usize>> {
    let mut open: Vec<&str> = Vec::new();
    let mut depths = Vec::with_capacity(concepts.len());
    for concept in concepts {
        let depth = match concept.parents.first() {
            None => 0,
            Some(parent) => open.iter().rposition(|code| code == parent)? + 1,
        };
        if depth >= NESTED_MAX {
            return None;
        }
        open.truncate(depth);
        open.push(&concept.code);
        depths.push(depth);
    }
    Some(depths)
}

fn derived() -> Valued {
    Valued::extension(own("derived"), ValueKind::Boolean, "true")
}

fn property(name: &str, kind: ValueKind, text: &str) -> Valued {
    Valued::new(NameField::Code, name, kind, text)
}

fn is_coding(text: &str) -> bool {
    text.rsplit_once('|')
        .is_some_and(|(system, code)| !system.is_empty() && !code.is_empty())
}

/// Whether the first term can be the display: others than deprecated ones, without a use of their own.
fn can_be_display(first: &Designation) -> bool {
    is_shown(first) && first.usage.is_empty()
}

/// Whether a term can be shown for its concept.
fn is_shown(term: &Designation) -> bool {
    !term.text.is_empty() && term.status != DesignationStatus::Deprecated
}

fn extended(extension: Vec<Valued>) -> Option<shapes::Extended> {
    (!extension.is_empty()).then_some(shapes::Extended { extension })
}
