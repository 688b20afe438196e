//! Why a text is no expression constraint, and why an expression cannot be evaluated.

/// A text that is no expression constraint, and where it ceases to be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct Error {
    /// Bytes before the place.
    pub position: usize,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong at a place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Something else was to stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// What stands here is not allowed, for the reason told.
    #[error("{0}")]
    Refused(&'static str),
    /// The text is longer than [`TEXT_BYTES_MAX`](super::TEXT_BYTES_MAX).
    #[error("the expression is longer than 65536 bytes")]
    TooLong,
    /// Brackets are nested deeper than [`DEPTH_MAX`](super::DEPTH_MAX).
    #[error("brackets are nested deeper than 64")]
    TooDeep,
}

impl Error {
    pub(super) fn new(text: &str, position: usize, reason: Reason) -> Self {
        let before = text.get(..position).unwrap_or(text);
        let line = before.bytes().filter(|&byte| byte == b'\n').count();
        let column = before.chars().rev().take_while(|&c| c != '\n').count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        Self {
            position,
            line: count(line),
            column: count(column),
            reason,
        }
    }
}

/// Why an expression has no answer in an edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// It asks for attributes, descriptions, modules or reference sets, and the edition has none.
    #[error("{0} cannot be asked for: the edition holds codes and their hierarchy alone")]
    NoComponents(&'static str),
    /// It names a concept by an identifier of another scheme.
    #[error("identifiers of other schemes are not kept: name the concept by its SNOMED CT identifier")]
    AlternateIdentifier,
    /// It names a dialect by an alias that is not known.
    #[error("a dialect alias is not known: name the language reference set by dialectId")]
    UnknownDialect,
    /// It names a field that none of the reference sets has.
    #[error("none of the reference sets has a field of the name given")]
    UnknownField,
    /// It asks for several fields of reference sets.
    #[error("the values of several fields are rows, not a set of concepts: name one field")]
    SeveralFields,
    /// It takes more work than [`Limits::work`](super::Limits::work) allows.
    #[error("the expression takes more work than is allowed: make it narrower")]
    TooMuchWork,
}
