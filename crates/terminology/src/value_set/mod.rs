//! Value sets: what is in them, and whether a code is, without listing them.
//!
//! A value set is compiled once ([`ValueSetEdition`]) and kept in the [`Catalog`]; which editions of code systems answer
//! is settled with each question, by the versions stated, the rules of the request, the date and the catalog's bindings.
//!
//! [`Catalog`]: crate::Catalog

mod catalog;
mod compiled;
mod concept;
mod expand;
mod filter;
mod implicit;
mod issue;
mod judge;
mod kept;
mod languages;
mod member;
mod names;
mod page;
mod remarks;
mod request;
mod scope;
mod supplement;
mod used;
mod validate;

pub use compiled::ValueSetEdition;
pub use expand::Contents;
pub(crate) use implicit::ImplicitValueSets;
pub use issue::{Failure, FailureKind, Issue, IssueKind, Part, Severity};
pub use languages::{Languages, MalformedLanguages};
pub use page::{Expansion, Item, ItemDesignation, ItemProperty, PREFERRED_FOR_LANGUAGE};
pub use request::{
    Coding, EXPANSION_MAX, ExpandRequest, Settings, Subject, ValidateRequest, ValueSetRef, VersionRules,
};
pub use used::{StatusWarning, Used, UsedStatus};
pub use validate::Validated;
