//! Writing what a clinical terminology keeps beyond a plain code system. What concepts have is written as properties,
//! as FHIR does for SNOMED CT, and what FHIR has no place for in extensions: the group of a relationship, what a
//! designation is as a description, the members of reference sets at the concepts that they refer to. Positions are
//! written as codes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use vardnav_terminology::model::{
    Attribute, AttributeValue, CodeSystem, Components, DesignationComponent, FieldValue, ReferenceSet,
    ReferenceSetMember,
};

use super::super::shapes;
use super::super::valued::{NameField, ValueKind, Valued, is_number};
use super::super::words::COMPONENT_PROPERTIES;
use super::own;
use crate::content::uuid;

/// The components of a code system on their way out.
pub(super) struct Writer<'s> {
    system: &'s CodeSystem,
    components: &'s Components,
    /// By concept: position of its first designation among all.
    designations: Vec<u32>,
    /// The concept that a member refers to, its reference set and its position in it; ascending.
    members: Vec<[u32; 3]>,
    /// Names of the properties in [`COMPONENT_PROPERTIES`], in that order.
    names: Vec<String>,
    /// Names of the properties that relationships are, by the concept that says what kind they are of.
    attributes: BTreeMap<u32, String>,
}

impl<'s> Writer<'s> {
    /// Of a code system whose other properties have the names in `taken`; `None` when it has no components.
    pub(super) fn new(system: &'s CodeSystem, taken: &HashSet<&str>) -> Option<Self> {
        let components = system.components.as_deref()?;
        let mut next = 0_u32;
        let designations = system
            .concepts
            .iter()
            .map(|concept| {
                let first = next;
                next = next.saturating_add(concept.designations.len() as u32);
                first
            })
            .collect();
        let mut members: Vec<[u32; 3]> = (0..)
            .zip(&components.reference_sets)
            .flat_map(|(set, listed)| {
                (0..)
                    .zip(&listed.members)
                    .map(move |(member, of)| [of.referenced, set, member])
            })
            .collect();
        members.sort_unstable();
        let mut names: Vec<String> = Vec::new();
        for (name, ..) in COMPONENT_PROPERTIES {
            names.push(free(name, |name| taken.contains(name)));
        }
        let kinds: BTreeSet<u32> = components
            .attributes
            .iter()
            .map(|attribute| attribute.kind)
            .collect();
        let mut attributes: BTreeMap<u32, String> = BTreeMap::new();
        let mut given: HashSet<String> = names.iter().cloned().collect();
        for kind in kinds {
            if let Some(code) = code_at(system, kind) {
                let name = free(code, |name| taken.contains(name) || given.contains(name));
                given.insert(name.clone());
                attributes.insert(kind, name);
            }
        }
        Some(Self {
            system,
            components,
            designations,
            members,
            names,
            attributes,
        })
    }

    /// What is said of the components at the code system: that there are any, and which reference sets.
    pub(super) fn head(&self) -> impl Iterator<Item = Valued> {
        let any = Valued::extension(own("components"), ValueKind::Boolean, "true");
        let sets = self.components.reference_sets.iter();
        std::iter::once(any).chain(sets.filter_map(|set| self.reference_set(set)))
    }

    fn reference_set(&self, set: &ReferenceSet) -> Option<Valued> {
        let code = self.code(set.concept)?;
        let mut parts = vec![Valued::extension("concept", ValueKind::Code, code)];
        let fields = set.fields.iter();
        parts.extend(fields.map(|field| Valued::extension("field", ValueKind::String, field)));
        Some(Valued::of(own("reference-set"), parts))
    }

    /// The properties that components are written as.
    pub(super) fn definitions(&self) -> impl Iterator<Item = shapes::PropertyDefinition> {
        let of_concepts = COMPONENT_PROPERTIES.iter().zip(&self.names);
        let of_concepts = of_concepts.map(|((_, meaning, kind), name)| {
            let meaning = Valued::extension(own("component"), ValueKind::Code, *meaning);
            definition(meaning, name, kind)
        });
        let attributes = self.attributes.iter().filter_map(|(kind, name)| {
            let of = Valued::extension(own("attribute"), ValueKind::Code, self.code(*kind)?);
            Some(definition(of, name, self.property_kind(*kind)))
        });
        of_concepts.chain(attributes)
    }

    /// The form that the values of a kind of relationship have.
    fn property_kind(&self, kind: u32) -> &'static str {
        let of_kind = |attribute: &&Attribute| attribute.kind == kind;
        match self.components.attributes.iter().find(of_kind) {
            Some(attribute) => match &attribute.value {
                AttributeValue::Concept(_) => "code",
                AttributeValue::Number(_) => "decimal",
                AttributeValue::Text(_) => "string",
                AttributeValue::Boolean(_) => "boolean",
            },
            None => "code",
        }
    }

    /// What a concept is as a component, and its relationships other than is-a.
    pub(super) fn properties(&self, position: usize, into: &mut Vec<Valued>) {
        if let (Some(component), [module, defined, time]) =
            (self.components.concepts.get(position), self.names.as_slice())
        {
            if let Some(code) = self.code(component.module) {
                into.push(property(module, ValueKind::Code, code));
            }
            let flag = if component.defined { "true" } else { "false" };
            into.push(property(defined, ValueKind::Boolean, flag));
            if component.effective_time > 0 {
                let text = component.effective_time.to_string();
                into.push(property(time, ValueKind::String, text));
            }
        }
        let attributes = &self.components.attributes;
        let from = attributes.partition_point(|attribute| (attribute.source as usize) < position);
        let rest = attributes.get(from..).unwrap_or_default();
        let own = rest
            .iter()
            .take_while(|attribute| attribute.source as usize == position);
        into.extend(own.filter_map(|attribute| self.attribute(attribute)));
    }

    fn attribute(&self, attribute: &Attribute) -> Option<Valued> {
        let name = self.attributes.get(&attribute.kind)?;
        let mut written = match &attribute.value {
            AttributeValue::Concept(value) => property(name, ValueKind::Code, self.code(*value)?),
            AttributeValue::Number(value) if is_number(value) => property(name, ValueKind::Decimal, value),
            AttributeValue::Number(value) => Valued {
                // A number in a form that JSON does not have.
                extension: vec![Valued::extension(own("number"), ValueKind::Boolean, "true")],
                ..property(name, ValueKind::String, value)
            },
            AttributeValue::Text(value) => property(name, ValueKind::String, value),
            AttributeValue::Boolean(true) => property(name, ValueKind::Boolean, "true"),
            AttributeValue::Boolean(false) => property(name, ValueKind::Boolean, "false"),
        };
        if attribute.group > 0 {
            let group = attribute.group.to_string();
            let group = Valued::extension(own("group"), ValueKind::UnsignedInt, group);
            written.extension.push(group);
        }
        Some(written)
    }

    /// What a designation of a concept, by its position among the concept's, is as a component.
    pub(super) fn description(&self, concept: usize, designation: usize) -> Option<Valued> {
        let position = *self.designations.get(concept)? as usize + designation;
        let component = self.components.designations.get(position)?;
        let mut parts = self.description_parts(component);
        let all = &self.components.acceptabilities;
        let from = all.partition_point(|standing| (standing.designation as usize) < position);
        let rest = all.get(from..).unwrap_or_default();
        for standing in rest
            .iter()
            .take_while(|standing| standing.designation as usize == position)
        {
            self.standing_part(standing.dialect, standing.preferred, &mut parts);
        }
        Some(Valued::of(own("description"), parts))
    }

    /// The descriptions of a concept that are no designations.
    pub(super) fn descriptions(&self, position: usize) -> impl Iterator<Item = Valued> {
        let all = &self.components.descriptions;
        let from = all.partition_point(|one| (one.concept as usize) < position);
        let rest = all.get(from..).unwrap_or_default().iter();
        let of_concept = rest.take_while(move |one| one.concept as usize == position);
        of_concept.map(|one| {
            let mut parts = self.description_parts(&one.component);
            for standing in &one.standings {
                self.standing_part(standing.dialect, standing.preferred, &mut parts);
            }
            parts.push(Valued::extension("text", ValueKind::String, &one.text));
            if !one.language.is_empty() {
                parts.push(Valued::extension("language", ValueKind::Code, &one.language));
            }
            let active = one.active.to_string();
            parts.push(Valued::extension("active", ValueKind::Boolean, active));
            Valued::of(own("description"), parts)
        })
    }

    fn description_parts(&self, component: &DesignationComponent) -> Vec<Valued> {
        let mut parts = vec![Valued::extension(
            "id",
            ValueKind::String,
            component.id.to_string(),
        )];
        self.time_part(component.effective_time, &mut parts);
        self.concept_part("module", component.module, &mut parts);
        self.concept_part("type", component.kind, &mut parts);
        self.concept_part("case-significance", component.case_significance, &mut parts);
        parts
    }

    fn standing_part(&self, dialect: u32, preferred: bool, into: &mut Vec<Valued>) {
        let name = if preferred { "preferred" } else { "acceptable" };
        self.concept_part(name, dialect, into);
    }

    /// The members of reference sets that refer to a concept.
    pub(super) fn members(&self, position: usize) -> impl Iterator<Item = Valued> {
        let from = self
            .members
            .partition_point(|[referenced, ..]| (*referenced as usize) < position);
        let rest = self.members.get(from..).unwrap_or_default().iter();
        let own = rest.take_while(move |[referenced, ..]| *referenced as usize == position);
        own.filter_map(|[_, set, member]| {
            let set = self.components.reference_sets.get(*set as usize)?;
            self.member(set, set.members.get(*member as usize)?)
        })
    }

    fn member(&self, set: &ReferenceSet, member: &ReferenceSetMember) -> Option<Valued> {
        let code = self.code(set.concept)?;
        let id = format!("urn:uuid:{}", uuid::text(member.id));
        let mut parts = vec![
            Valued::extension("set", ValueKind::Code, code),
            Valued::extension("id", ValueKind::Uuid, id),
        ];
        self.time_part(member.effective_time, &mut parts);
        if !member.active {
            parts.push(Valued::extension("active", ValueKind::Boolean, "false"));
        }
        self.concept_part("module", member.module, &mut parts);
        for value in &member.values {
            parts.push(match value {
                FieldValue::Concept(concept) => {
                    Valued::extension("value", ValueKind::Code, self.code(*concept)?)
                }
                FieldValue::Integer(number) => {
                    let small = i32::try_from(*number).is_ok();
                    let kind = if small {
                        ValueKind::Integer
                    } else {
                        ValueKind::Decimal
                    };
                    Valued::extension("value", kind, number.to_string())
                }
                FieldValue::Text(text) => Valued::extension("value", ValueKind::String, text),
            });
        }
        Some(Valued::of(own("member"), parts))
    }

    /// A part that names a concept, when it is in the edition.
    fn concept_part(&self, name: &str, position: u32, into: &mut Vec<Valued>) {
        if let Some(code) = self.code(position) {
            into.push(Valued::extension(name, ValueKind::Code, code));
        }
    }

    fn time_part(&self, time: u32, into: &mut Vec<Valued>) {
        if time > 0 {
            into.push(Valued::extension(
                "effective-time",
                ValueKind::String,
                time.to_string(),
            ));
        }
    }

    fn code(&self, position: u32) -> Option<&'s str> {
        code_at(self.system, position)
    }
}

fn code_at(system: &CodeSystem, position: u32) -> Option<&str> {
    let concept = system.concepts.get(usize::try_from(position).ok()?)?;
    Some(concept.code.as_str())
}

/// A name that is not taken.
fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = name.to_owned();
    while is_taken(&name) {
        name.insert_str(0, "component-");
    }
    name
}

fn definition(meaning: Valued, name: &str, kind: &str) -> shapes::PropertyDefinition {
    shapes::PropertyDefinition {
        extension: vec![meaning],
        code: name.to_owned(),
        kind: kind.to_owned(),
        ..shapes::PropertyDefinition::default()
    }
}

fn property(name: &str, kind: ValueKind, text: impl Into<String>) -> Valued {
    Valued::new(NameField::Code, name, kind, text)
}
