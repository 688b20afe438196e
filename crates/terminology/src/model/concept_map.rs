//! The source form of a concept map (FHIR `ConceptMap`).

use super::{Property, Publication};

/// One version of one concept map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConceptMap {
    /// Canonical address.
    pub url: String,
    /// Version; empty when none is stated.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// What is said of it as a published thing.
    pub publication: Publication,
    /// Value set that the source codes come from; empty when not stated.
    pub source_scope: String,
    /// Value set that the target codes go to; empty when not stated.
    pub target_scope: String,
    /// Mappings by code system.
    pub groups: Vec<MapGroup>,
}

/// Mappings from one code system to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapGroup {
    /// Code system mapped from, `url` or `url|version`.
    pub source: String,
    /// Code system mapped to, `url` or `url|version`.
    pub target: String,
    /// Mappings.
    pub elements: Vec<MapElement>,
    /// What becomes of codes without a mapping.
    pub unmapped: Unmapped,
}

/// Where a source code leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapElement {
    /// The source code.
    pub code: String,
    /// Its display; empty when not stated.
    pub display: String,
    /// Stated to have no counterpart.
    pub no_map: bool,
    /// Its targets.
    pub targets: Vec<MapTarget>,
}

/// A target of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapTarget {
    /// The target code.
    pub code: String,
    /// Its display; empty when not stated.
    pub display: String,
    /// How it stands to the source.
    pub relationship: MapRelationship,
    /// For people; empty when nothing is said.
    pub comment: String,
    /// Conditions on other values under which it holds (name, value).
    pub depends_on: Vec<Property>,
    /// Further values that come with it (name, value).
    pub products: Vec<Property>,
}

/// How a target stands to its source (FHIR R5; R4's equivalences are read into these).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum MapRelationship {
    /// Related, not said how.
    #[default]
    RelatedTo,
    /// The same meaning.
    Equivalent,
    /// The source is narrower than the target.
    SourceIsNarrowerThanTarget,
    /// The source is broader than the target.
    SourceIsBroaderThanTarget,
    /// Expressly not related.
    NotRelatedTo,
}

/// What becomes of a source code that no element names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Unmapped {
    /// It has no target.
    #[default]
    None,
    /// The source code itself is the target (`use-source-code`, R4 `provided`).
    SourceCode {
        /// How it stands to the source.
        relationship: MapRelationship,
    },
    /// One target for all (`fixed`).
    Fixed {
        /// The target code.
        code: String,
        /// Its display.
        display: String,
        /// How it stands to the source.
        relationship: MapRelationship,
    },
    /// Another map decides (`other-map`).
    OtherMap {
        /// Its address, `url` or `url|version`.
        url: String,
    },
}
