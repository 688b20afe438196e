//! The source form of terminology content: what files are read into and what editions, value sets and maps are
//! compiled from. Plain data in FHIR's words; it computes nothing.

mod code_system;
mod components;
mod concept_map;
mod value_set;

use bytemuck::{CheckedBitPattern, NoUninit};
use jiff::civil::Date;

pub use code_system::{
    CodeSystem, Concept, ConceptStatus, Content, Definition, Designation, DesignationStatus, Diagram,
    DiagramNode, Property, PropertyDefinition, PropertyKind, Relation, RelationKind,
};
pub use components::{
    Acceptability, Attribute, AttributeValue, Components, ConceptComponent, Description,
    DesignationComponent, FieldValue, ReferenceSet, ReferenceSetMember, Standing,
};
pub use concept_map::{ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Unmapped};
pub use value_set::{ConceptReference, Filter, FilterOperator, Include, ValueSet};

/// A half-open interval of calendar dates; a missing end is unbounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Validity {
    /// First date included.
    pub from: Option<Date>,
    /// First date no longer included.
    pub until: Option<Date>,
}

impl Validity {
    /// Whether `date` lies in the interval.
    pub fn contains(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }
}

/// A text with its language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalizedText {
    /// BCP 47 language.
    pub language: String,
    /// The text.
    pub text: String,
}

/// What is said of a code system, value set or map as a published thing (FHIR canonical resources). Texts are empty
/// when nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publication {
    /// Name for machines.
    pub name: String,
    /// Where it stands in its life.
    pub status: PublicationStatus,
    /// Whether it is for trying out only.
    pub experimental: bool,
    /// Date of its last change, as the source writes it.
    pub date: String,
    /// Who publishes it.
    pub publisher: String,
    /// Who looks after its content (förvaltare), when not the publisher.
    pub steward: String,
    /// What it is for, for people.
    pub description: String,
    /// Rights in it.
    pub copyright: String,
    /// Maturity in the words of FHIR's extension `structuredefinition-standards-status`, such as `deprecated`.
    pub standards_status: String,
}

/// Where published content stands in its life (FHIR `PublicationStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, NoUninit, CheckedBitPattern)]
#[repr(u8)]
pub enum PublicationStatus {
    /// Not yet for use.
    Draft,
    /// In use.
    #[default]
    Active,
    /// No longer for use.
    Retired,
    /// Not stated.
    Unknown,
}
