//! Checks of a termbank's record: what ISO 704 and the termbank's own practice ask of terms, definitions and
//! relations. Every check looks at all of a code system in source form and answers with findings; none repairs
//! anything, and none knows what weight a finding has.
//!
//! Dates are looked at from the end: of a term that changes its status the last one counts.

mod circles;
mod relations;
mod texts;
mod words;

use std::collections::HashMap;

use crate::model::{CodeSystem, Concept, ConceptStatus, RelationKind};

/// Property that marks a heading (rubrik): a concept that needs no definition. In a code system that declares it,
/// every other concept in use needs one.
pub const HEADING: &str = "heading";

/// Property that names the concept whose record tells what this one means ("se under"); its own code stands for its
/// notes ("se anmärkning").
pub const DEFINITION_SEE: &str = "definition-see";

/// Something to mend, at one concept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{code}`: {kind}")]
pub struct TermFinding {
    /// Position of the concept in [`CodeSystem::concepts`], from 0.
    pub position: usize,
    /// Its code.
    pub code: String,
    /// What is wrong.
    pub kind: TermFindingKind,
}

/// Kinds of finding. Concepts are named by their codes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TermFindingKind {
    /// The definition of each concept uses a term of the next, that of the last one of the first.
    #[error("definitions lead in a circle in `{language}`: {}", path_text(path))]
    Circle {
        /// Language of the definitions.
        language: String,
        /// The concepts, the first of them once.
        path: Vec<String>,
    },
    /// A definition uses a term that is deprecated (avrådd) for what it means.
    #[error("a definition uses the deprecated term `{term}` of `{concept}`; recommended is `{instead}`")]
    DeprecatedInDefinition {
        /// The term.
        term: String,
        /// The concept it is a term for.
        concept: String,
        /// The recommended term; empty when there is none.
        instead: String,
    },
    /// A term is recommended for this and an earlier concept in the same language and domain at the same time, and
    /// neither replaces the other.
    #[error("the term `{term}` is recommended in `{language}` for `{other}` too")]
    Homonym {
        /// The term.
        term: String,
        /// Its language.
        language: String,
        /// The earlier concept.
        other: String,
    },
    /// No term is recommended in a language that the concept has terms in; without language when it has no terms.
    #[error("no term is recommended in `{language}`")]
    NoRecommendedTerm {
        /// The language.
        language: String,
    },
    /// The concept has no definition and is neither a heading nor told elsewhere.
    #[error("the concept has neither definition nor mark of a heading")]
    NoDefinition,
    /// The concept that tells what this one means does not exist.
    #[error("the definition refers to `{target}`, which is not a concept")]
    UnknownDefinition {
        /// Its code.
        target: String,
    },
    /// A definition says nothing but a term of the concept.
    #[error("a definition in `{language}` only repeats the term")]
    DefinitionRepeatsTerm {
        /// Language of the definition.
        language: String,
    },
    /// A parent or a relation in force leads to a concept that was taken back.
    #[error("it refers to `{target}`, which is withdrawn")]
    WithdrawnTarget {
        /// The concept taken back.
        target: String,
    },
    /// A relation that holds both ways is not stated at the other end.
    #[error("`{target}` does not state the other end of the relation {kind:?}")]
    OneSided {
        /// The relation as stated here.
        kind: RelationKind,
        /// The concept that lacks it.
        target: String,
    },
    /// Each of two concepts is stated to be a part of, or to be replaced by, the other.
    #[error("`{target}` states the relation {kind:?} too, which can hold one way only")]
    BothWays {
        /// The relation.
        kind: RelationKind,
        /// The other concept.
        target: String,
    },
    /// A replacement has no date from which it holds.
    #[error("the replacement that leads to `{target}` has no first date")]
    UndatedReplacement {
        /// The other concept.
        target: String,
    },
}

/// Checks a code system. Findings come in the order of the concepts.
pub fn check(system: &CodeSystem) -> Vec<TermFinding> {
    let mut found = Findings {
        system,
        list: Vec::new(),
    };
    texts::check(&mut found);
    relations::check(&mut found);
    let mut list = found.list;
    list.sort_by_cached_key(|finding| (finding.position, finding.kind.to_string()));
    list
}

/// Collects findings.
struct Findings<'s> {
    system: &'s CodeSystem,
    list: Vec<TermFinding>,
}

impl Findings<'_> {
    fn add(&mut self, position: usize, kind: TermFindingKind) {
        let code = code(self.system, position).to_owned();
        self.list.push(TermFinding { position, code, kind });
    }
}

/// Whether the concept is in use, or on its way to be.
fn is_current(concept: &Concept) -> bool {
    !matches!(concept.status, ConceptStatus::Inactive | ConceptStatus::Withdrawn)
}

/// Positions of the concepts by code; of two with the same code the first.
fn positions(system: &CodeSystem) -> HashMap<&str, usize> {
    let mut positions = HashMap::with_capacity(system.concepts.len());
    for (position, concept) in system.concepts.iter().enumerate() {
        positions.entry(concept.code.as_str()).or_insert(position);
    }
    positions
}

fn code(system: &CodeSystem, position: usize) -> &str {
    system
        .concepts
        .get(position)
        .map_or("", |concept| concept.code.as_str())
}

fn path_text(path: &[String]) -> String {
    path.iter()
        .chain(path.first())
        .map(|code| format!("`{code}`"))
        .collect::<Vec<_>>()
        .join(" → ")
}
