//! FHIR's JSON for code systems, value sets and maps, R4 and R5 in one, as far as the model holds it. Only the form:
//! what it means is decided where it is read and written. An empty text or list is one that is absent.

use serde::{Deserialize, Serialize};

use super::valued::{Coding, Valued};

/// What every resource says of itself.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Head {
    pub(super) resource_type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) language: String,
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) experimental: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) date: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) publisher: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) copyright: String,
}

/// What a primitive value has besides itself.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Extended {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
}

fn none_of(list: &[Valued]) -> bool {
    list.is_empty()
}

/// `CodeSystem` without its head. Read with a list of concepts, written with any that serialises as one.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct CodeSystem<C: Default> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) case_sensitive: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) value_set: String,
    pub(super) content: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) supplements: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) property: Vec<PropertyDefinition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) concept: Option<C>,
}

/// `CodeSystem.property`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct PropertyDefinition {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// `CodeSystem.concept`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Concept {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) display: String,
    #[serde(rename = "_display", skip_serializing_if = "Option::is_none")]
    pub(super) display_extended: Option<Extended>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) definition: String,
    #[serde(rename = "_definition", skip_serializing_if = "Option::is_none")]
    pub(super) definition_extended: Option<Extended>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) designation: Vec<Designation>,
    #[serde(skip_serializing_if = "none_of")]
    pub(super) property: Vec<Valued>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) concept: Vec<Concept>,
}

/// A designation of a code system or value set.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Designation {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) language: String,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Coding>,
    pub(super) value: String,
}

/// `ValueSet` without its head.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct ValueSet {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compose: Option<Compose>,
    #[serde(skip_serializing)]
    pub(super) expansion: Option<Expansion>,
}

/// `ValueSet.compose`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Compose {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) locked_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inactive: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) include: Vec<Include>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) exclude: Vec<Include>,
}

/// `ValueSet.compose.include`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Include {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) system: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) concept: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) filter: Vec<Filter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) value_set: Vec<String>,
}

/// `ValueSet.compose.include.concept`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Reference {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) display: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) designation: Vec<Designation>,
}

/// `ValueSet.compose.include.filter`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Filter {
    pub(super) property: String,
    pub(super) op: String,
    pub(super) value: Option<String>,
}

/// `ValueSet.expansion`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Expansion {
    pub(super) contains: Vec<Contains>,
}

/// `ValueSet.expansion.contains`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Contains {
    pub(super) extension: Vec<Valued>,
    pub(super) system: String,
    #[serde(rename = "abstract")]
    pub(super) not_selectable: Option<bool>,
    pub(super) version: String,
    pub(super) code: String,
    pub(super) display: String,
    pub(super) designation: Vec<Designation>,
    pub(super) property: Vec<Valued>,
    pub(super) contains: Vec<Contains>,
}

/// `ConceptMap` without its head.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct ConceptMap {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) additional_attribute: Vec<AdditionalAttribute>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source_scope_uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source_scope_canonical: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source_uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source_canonical: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) target_scope_uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) target_scope_canonical: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) target_uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) target_canonical: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) group: Vec<Group>,
}

/// `ConceptMap.additionalAttribute` (R5).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct AdditionalAttribute {
    pub(super) code: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// `ConceptMap.group`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Group {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) target: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) target_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) element: Vec<Element>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unmapped: Option<Unmapped>,
}

/// `ConceptMap.group.element`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Element {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) display: String,
    #[serde(skip_serializing)]
    pub(super) value_set: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_map: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) target: Vec<Target>,
}

/// `ConceptMap.group.element.target`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Target {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) display: String,
    #[serde(skip_serializing)]
    pub(super) value_set: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) relationship: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) equivalence: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) comment: String,
    #[serde(skip_serializing_if = "none_of")]
    pub(super) depends_on: Vec<Valued>,
    #[serde(skip_serializing_if = "none_of")]
    pub(super) product: Vec<Valued>,
}

/// `ConceptMap.group.unmapped`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub(super) struct Unmapped {
    #[serde(skip_serializing_if = "none_of")]
    pub(super) extension: Vec<Valued>,
    pub(super) mode: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) display: String,
    #[serde(skip_serializing)]
    pub(super) value_set: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) relationship: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) other_map: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) url: String,
}
