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
    /// A designation of more than 65,536 bytes.
    #[error("a designation is longer than 65,536 bytes")]
    LongDesignation,
    /// An interval ends before it begins, or on the same date.
    #[error("an interval of dates is empty")]
    EmptyInterval,
    /// A diagram shows a code that is not in the code system.
    #[error("the diagram `{diagram}` shows the code `{code}`, which is not known")]
    UnknownDiagramCode {
        /// Id of the diagram.
        diagram: String,
        /// The code.
        code: String,
    },
    /// The rows of a table of components are not one a concept, or one a designation.
    #[error("there are {found} rows of {table} components for {expected}")]
    ComponentCount {
        /// Which table.
        table: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A row of a table of components names a concept or designation that is not there.
    #[error("row {row} of the {table} names a position that is not there")]
    UnknownPosition {
        /// Which table.
        table: &'static str,
        /// The row, from 0.
        row: usize,
    },
    /// The value of an attribute is no decimal number.
    #[error("row {row} of the attributes has a number that cannot be read")]
    MalformedNumber {
        /// The row, from 0.
        row: usize,
    },
    /// A member of a reference set has more or fewer values than the set has fields.
    #[error("member {row} of a reference set does not have a value for each field")]
    FieldCount {
        /// The member, from 0.
        row: usize,
    },
    /// Two reference sets are the same concept.
    #[error("the reference set occurs twice")]
    DuplicateReferenceSet,
    /// So many more than are listed.
    #[error("and {0} more defects, in this concept or others")]
    More(usize),
    /// The code system does not fit: 4 GiB of text, 2³² − 1 items of a kind or 2²⁵ intervals of the hierarchy.
    #[error("the code system is too large")]
    TooLarge,
}

/// Most problems that are told one by one.
pub(crate) const PROBLEMS_MAX: usize = 1000;

/// Collects problems, and counts those beyond the most that are told.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(crate) fn add(&mut self, position: usize, code: &str, kind: ProblemKind) {
        if self.found.len() < PROBLEMS_MAX {
            self.found.push(Problem {
                position,
                code: code.to_owned(),
                kind,
            });
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All that is told, the count of the rest as the last of them.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.found.push(Problem {
                position: 0,
                code: String::new(),
                kind: ProblemKind::More(self.more),
            });
        }
        self.found
    }
}
