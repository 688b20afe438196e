//! Code systems, designations and their use on a date: look-up, validation, subsumption and search over compiled,
//! immutable editions.
//!
//! Pure: no files, no clock, no async. [`model`] is what files are read into, [`Edition`] is what answers, and a
//! [`Catalog`] holds the editions that apply together.

pub mod model;

pub mod ecl;
pub mod history;
pub mod image;
pub mod terms_check;
pub mod translate;
pub mod value_set;

mod canonical;
mod catalog;
mod codes;
mod compile;
mod components;
mod csr;
mod edition;
mod hierarchy;
mod language;
mod letters;
mod problem;
mod rows;
mod search;
mod set;
mod source;
mod texts;
mod validate;
mod version;
mod view;

pub use canonical::Canonical;
pub use catalog::{Binding, Catalog, CatalogError, CodeStatus};
pub use edition::{ConceptIndex, Edition, UnknownCode};
pub use hierarchy::Subsumption;
pub use problem::{Problem, ProblemKind};
pub use search::{SearchHit, SearchQuery, search_editions};
pub use set::ConceptSet;
pub use validate::{DeprecatedDisplay, Validation};
pub use version::compare as compare_versions;
pub use view::{
    AttributeValueView, AttributeView, ComponentView, ConceptView, DefinitionView, DesignationView, NoteView,
    PropertyView, RelationView,
};
