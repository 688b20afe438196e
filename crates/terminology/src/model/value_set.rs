//! The source form of a value set (FHIR `ValueSet` with its `compose`).

use super::{Designation, Property, Publication};

/// One version of one value set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueSet {
    /// Canonical address.
    pub url: String,
    /// Version; empty when none is stated.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// Language of its texts (BCP 47); empty when none is stated.
    pub language: String,
    /// What is said of it as a published thing.
    pub publication: Publication,
    /// Whether inactive codes belong to it; `None` when it does not say.
    pub inactive: Option<bool>,
    /// The date as of which floating versions are resolved, as written; empty for now.
    pub locked_date: String,
    /// What is in it: the union of these.
    pub include: Vec<Include>,
    /// What is taken out.
    pub exclude: Vec<Include>,
    /// Expansion parameters the value set itself sets (name, value), in R5 pre-adopted as extension.
    pub parameters: Vec<Property>,
}

/// A part of a value set: the codes of a code system that meet all of what is said, and lie in all value sets named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Include {
    /// Code system; empty when only value sets are named.
    pub system: String,
    /// Its version: exact, a pattern such as `1.x` or `1.*`, or empty to float.
    pub version: String,
    /// Enumerated codes; empty for all that the filters leave.
    pub concepts: Vec<ConceptReference>,
    /// Filters, all of which must hold.
    pub filters: Vec<Filter>,
    /// Value sets, `url` or `url|version`, in all of which the codes must lie.
    pub value_sets: Vec<String>,
}

/// A code enumerated in a value set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConceptReference {
    /// The code.
    pub code: String,
    /// Display to use instead of the code system's; empty for that one.
    pub display: String,
    /// Further designations.
    pub designations: Vec<Designation>,
    /// Further properties, such as an item weight.
    pub properties: Vec<Property>,
}

/// A condition on a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Name of the property.
    pub property: String,
    /// How it is compared.
    pub operator: FilterOperator,
    /// With what, as written.
    pub value: String,
}

/// FHIR's filter operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterOperator {
    /// `=`
    Equal,
    /// `is-a`: the concept itself and all below.
    IsA,
    /// `descendent-of`: all below.
    DescendentOf,
    /// `is-not-a`: neither the concept itself nor anything below.
    IsNotA,
    /// `regex`: the whole value matches.
    Regex,
    /// `in`: one of a list parted by commas.
    In,
    /// `not-in`: none of a list parted by commas.
    NotIn,
    /// `generalizes`: the concept itself and all above.
    Generalizes,
    /// `child-of`: directly below.
    ChildOf,
    /// `descendent-leaf`: below, with nothing below itself.
    DescendentLeaf,
    /// `exists`: the property is there (`true`) or not (`false`).
    Exists,
}
