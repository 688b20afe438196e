//! FHIR's own codes and addresses, beside what they are in the model. One table for each, read both ways.

use vardnav_terminology::model::{
    ConceptStatus, Content, DesignationStatus, FilterOperator, MapRelationship, PropertyKind,
    PublicationStatus, RelationKind,
};

use super::valued::ValueKind;

/// What FHIR has no place for is kept in extensions whose addresses begin with this.
pub(in crate::content) const OWN: &str = "https://vardnav.se/fhir/StructureDefinition/";

/// HL7's extensions begin with this.
const HL7: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Addresses of the properties that FHIR itself defines begin with this.
pub(in crate::content) const CONCEPT_PROPERTIES: &str = "http://hl7.org/fhir/concept-properties#";

/// Maturity.
pub(in crate::content) const STANDARDS_STATUS: &str =
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status";
/// A text in another language.
pub(in crate::content) const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";
/// The language of a text, when not that of the resource.
pub(in crate::content) const LANGUAGE: &str = "http://hl7.org/fhir/StructureDefinition/language";
/// A parameter of expansion that a value set sets.
pub(in crate::content) const EXPANSION_PARAMETER: &str =
    "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter";
/// The same, as some name it.
pub(in crate::content) const EXPAND_PARAMETERS: &str =
    "http://hl7.org/fhir/StructureDefinition/valueset-expand-parameters";
/// A supplement that a value set needs.
pub(in crate::content) const SUPPLEMENT: &str = "http://hl7.org/fhir/StructureDefinition/valueset-supplement";
/// The parameter by which a supplement is asked for.
pub(in crate::content) const USE_SUPPLEMENT: &str = "useSupplement";
/// R5's relationship of unmapped codes, in R4.
pub(in crate::content) const UNMAPPED_RELATIONSHIP: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap.group.unmapped.relationship";

/// The name of an extension of our own.
pub(in crate::content) fn own(url: &str) -> Option<&str> {
    url.strip_prefix(OWN)
}

/// A table of words.
pub(in crate::content) type Words<T> = [(&'static str, T)];

/// What a word means.
pub(in crate::content) fn meaning<T: Copy>(words: &Words<T>, word: &str) -> Option<T> {
    words
        .iter()
        .find_map(|(listed, meaning)| (*listed == word).then_some(*meaning))
}

/// The first word that means this.
pub(in crate::content) fn word<T: PartialEq>(words: &Words<T>, meaning: &T) -> &'static str {
    words
        .iter()
        .find_map(|(word, listed)| (listed == meaning).then_some(*word))
        .unwrap_or_default()
}

/// `PublicationStatus`.
pub(in crate::content) const PUBLICATION_STATUS: &Words<PublicationStatus> = &[
    ("draft", PublicationStatus::Draft),
    ("active", PublicationStatus::Active),
    ("retired", PublicationStatus::Retired),
    ("unknown", PublicationStatus::Unknown),
];

/// `CodeSystemContentMode`.
pub(in crate::content) const CONTENT: &Words<Content> = &[
    ("complete", Content::Complete),
    ("fragment", Content::Fragment),
    ("example", Content::Example),
    ("not-present", Content::NotPresent),
    ("supplement", Content::Supplement),
];

/// `PropertyType`.
pub(in crate::content) const PROPERTY_KIND: &Words<PropertyKind> = &[
    ("string", PropertyKind::String),
    ("code", PropertyKind::Code),
    ("Coding", PropertyKind::Coding),
    ("integer", PropertyKind::Integer),
    ("decimal", PropertyKind::Decimal),
    ("boolean", PropertyKind::Boolean),
    ("dateTime", PropertyKind::DateTime),
];

/// `FilterOperator`.
pub(in crate::content) const FILTER_OPERATOR: &Words<FilterOperator> = &[
    ("=", FilterOperator::Equal),
    ("is-a", FilterOperator::IsA),
    ("descendent-of", FilterOperator::DescendentOf),
    ("is-not-a", FilterOperator::IsNotA),
    ("regex", FilterOperator::Regex),
    ("in", FilterOperator::In),
    ("not-in", FilterOperator::NotIn),
    ("generalizes", FilterOperator::Generalizes),
    ("child-of", FilterOperator::ChildOf),
    ("descendent-leaf", FilterOperator::DescendentLeaf),
    ("exists", FilterOperator::Exists),
];

/// `ConceptMapRelationship` (R5).
pub(in crate::content) const RELATIONSHIP: &Words<MapRelationship> = &[
    ("related-to", MapRelationship::RelatedTo),
    ("equivalent", MapRelationship::Equivalent),
    (
        "source-is-narrower-than-target",
        MapRelationship::SourceIsNarrowerThanTarget,
    ),
    (
        "source-is-broader-than-target",
        MapRelationship::SourceIsBroaderThanTarget,
    ),
    ("not-related-to", MapRelationship::NotRelatedTo),
];

/// `ConceptMapEquivalence` (R4), which says how the target stands to the source. The first of each meaning is written.
pub(in crate::content) const EQUIVALENCE: &Words<MapRelationship> = &[
    ("relatedto", MapRelationship::RelatedTo),
    ("equivalent", MapRelationship::Equivalent),
    ("wider", MapRelationship::SourceIsNarrowerThanTarget),
    ("narrower", MapRelationship::SourceIsBroaderThanTarget),
    ("disjoint", MapRelationship::NotRelatedTo),
    ("equal", MapRelationship::Equivalent),
    ("subsumes", MapRelationship::SourceIsNarrowerThanTarget),
    ("specializes", MapRelationship::SourceIsBroaderThanTarget),
    ("inexact", MapRelationship::RelatedTo),
    ("unmatched", MapRelationship::NotRelatedTo),
];

/// Where a concept stands, in our extension.
pub(in crate::content) const CONCEPT_STATUS: &Words<ConceptStatus> = &[
    ("active", ConceptStatus::Active),
    ("inactive", ConceptStatus::Inactive),
    ("proposed", ConceptStatus::Proposed),
    ("analysis", ConceptStatus::Analysis),
    ("referral", ConceptStatus::Referral),
    ("not-agreed", ConceptStatus::NotAgreed),
    ("withdrawn", ConceptStatus::Withdrawn),
];

/// A term's status, in our extension.
pub(in crate::content) const DESIGNATION_STATUS: &Words<DesignationStatus> = &[
    ("recommended", DesignationStatus::Recommended),
    ("accepted", DesignationStatus::Accepted),
    ("deprecated", DesignationStatus::Deprecated),
];

/// The properties that say what a concept is as a component of a clinical terminology, as FHIR's page on SNOMED CT names
/// them: name, what it is in our extension, type.
pub(super) const COMPONENT_PROPERTIES: [(&str, &str, &str); 3] = [
    ("moduleId", "module", "code"),
    ("sufficientlyDefined", "defined", "boolean"),
    ("effectiveTime", "effective-time", "string"),
];

/// Kinds of relation, in our extension.
pub(in crate::content) const RELATION_KIND: &Words<RelationKind> = &[
    ("partitive", RelationKind::Partitive),
    ("associative", RelationKind::Associative),
    ("distinguish", RelationKind::Distinguish),
    ("replaced-by", RelationKind::ReplacedBy),
    ("replaces", RelationKind::Replaces),
];

/// HL7's extensions of concepts in code systems and value sets that are properties in the model: address without its
/// beginning, name of the property, form of the value. Of several with one name the first of the resource is written.
const CONCEPT_EXTENSIONS: [(&str, &str, ValueKind); 9] = [
    ("valueset-label", "label", ValueKind::String),
    ("valueset-conceptOrder", "order", ValueKind::Integer),
    ("itemWeight", "weight", ValueKind::Decimal),
    ("valueset-concept-definition", "definition", ValueKind::String),
    ("valueset-deprecated", "deprecated", ValueKind::Boolean),
    ("rendering-style", "rendering-style", ValueKind::String),
    ("rendering-xhtml", "rendering-xhtml", ValueKind::String),
    ("codesystem-label", "label", ValueKind::String),
    ("codesystem-conceptOrder", "order", ValueKind::Integer),
];

/// The property that one of HL7's extensions of concepts is in the model.
pub(in crate::content) fn extension_property(url: &str) -> Option<&'static str> {
    let name = url.strip_prefix(HL7)?;
    CONCEPT_EXTENSIONS
        .iter()
        .find_map(|(listed, property, _)| (*listed == name).then_some(*property))
}

/// The other way round, in a value set: address and form of the value.
pub(super) fn property_extension(property: &str) -> Option<(String, ValueKind)> {
    CONCEPT_EXTENSIONS
        .iter()
        .find_map(|(url, listed, kind)| (*listed == property).then(|| (format!("{HL7}{url}"), *kind)))
}
