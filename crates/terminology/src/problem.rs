//! What keeps a code system from being compiled.

/// A defect of a code system, at one concept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("concept {position} `{code}`: {kind}")]
pub struct Problem {
    /// Position of the concept in [`CodeSystem::concepts`](crate::model::CodeSystem::concepts), from 0.
    pub position: usize,
    /// Its code.
    pub code: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// Kinds of defect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The code is empty, longer than 255 bytes, has white space at an end or holds a control character.
    #[error("the code is empty, too long, or has white space at an end or a control character")]
    MalformedCode,
    /// An earlier concept has the same code.
    #[error("the code occurs before, at concept {first}")]
    DuplicateCode {
        /// Position of the earlier concept.
        first: usize,
    },
    /// A parent is not a concept of the code system.
    #[error("the parent `{0}` is not known")]
    UnknownParent(String),
    /// The concept is its own ancestor.
    #[error("the concept is its own ancestor")]
    Cycle,
    /// A relation leads to a code that is not in the code system.
    #[error("the relation's target `{0}` is not known")]
    UnknownTarget(String),
    /// A designation without text.
    #[error("a designation has no text")]
    EmptyDesignation,
    /// An interval ends before it begins, or on the same date.
    #[error("an interval of dates is empty")]
    EmptyInterval,
    /// The code system does not fit: 4 GiB of text, 2³² − 1 items of a kind or 2²⁶ intervals of the hierarchy.
    #[error("the code system is too large")]
    TooLarge,
}
