//! Concept maps: where a code of one code system leads in another, and back.
//!
//! A map is compiled once ([`ConceptMapIndex`]) and answers for a code in constant time, in both directions. Answers are
//! borrowed from it. Over the maps of a catalog [`Catalog::translate`](crate::Catalog::translate) also follows what maps
//! say of codes that they do not map, and the reference sets of clinical terminologies answer as maps
//! ([`ImplicitMap`]).

mod catalog;
mod implicit;
mod index;
mod known;

pub use catalog::{Direction, TranslateRequest, Translated};
pub use implicit::ImplicitMap;
pub use index::{ConceptMapIndex, MapReference, Translation, mirrored};
