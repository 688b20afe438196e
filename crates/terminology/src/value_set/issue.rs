//! What is found when a code is validated, and why a value set cannot be answered at all.

use std::fmt;

/// How grave an issue is (FHIR `IssueSeverity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The code is not right.
    Error,
    /// The code is right, but its use should be looked at.
    Warning,
    /// Good to know.
    Information,
}

impl Severity {
    /// FHIR's code for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// What an issue is about. Each stands for a code of FHIR's `IssueType` and one of `tx-issue-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssueKind {
    /// The code is not in the value set.
    NotInValueSet,
    /// This code of several is not in the value set.
    ThisCodeNotInValueSet,
    /// The code system does not have the code.
    InvalidCode,
    /// The term is no term for the code.
    InvalidDisplay,
    /// The term is no longer one for the code.
    DisplayComment,
    /// A code system, version or value set is not known.
    NotFound,
    /// What was given cannot be right, whatever the terminology says.
    InvalidData,
    /// Several code systems, or none, could be meant.
    CannotInfer,
    /// The version given is not the one that the value set means.
    VersionMismatch,
    /// A version that the request rules out.
    VersionError,
    /// The code may not be used, or not as it is written.
    CodeRule,
    /// The code is inactive or deprecated.
    CodeComment,
    /// A code system or value set that was used is a draft, experimental, deprecated or withdrawn.
    StatusCheck,
}

impl IssueKind {
    /// The code of FHIR's `IssueType`.
    pub fn issue_type(self) -> &'static str {
        match self {
            Self::NotInValueSet | Self::ThisCodeNotInValueSet | Self::InvalidCode => "code-invalid",
            Self::InvalidDisplay | Self::DisplayComment | Self::InvalidData | Self::VersionMismatch => {
                "invalid"
            }
            Self::NotFound | Self::CannotInfer => "not-found",
            Self::VersionError => "exception",
            Self::CodeRule | Self::CodeComment | Self::StatusCheck => "business-rule",
        }
    }

    /// The code of `http://hl7.org/fhir/tools/CodeSystem/tx-issue-type`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotInValueSet => "not-in-vs",
            Self::ThisCodeNotInValueSet => "this-code-not-in-vs",
            Self::InvalidCode => "invalid-code",
            Self::InvalidDisplay => "invalid-display",
            Self::DisplayComment => "display-comment",
            Self::NotFound => "not-found",
            Self::InvalidData => "invalid-data",
            Self::CannotInfer => "cannot-infer",
            Self::VersionMismatch => "vs-invalid",
            Self::VersionError => "version-error",
            Self::CodeRule => "code-rule",
            Self::CodeComment => "code-comment",
            Self::StatusCheck => "status-check",
        }
    }
}

/// What part of a code an issue is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// None: it is about the value set or the whole.
    Whole,
    /// All of the code.
    Coding,
    /// Its system.
    System,
    /// Its version.
    Version,
    /// The code itself.
    Code,
    /// Its display.
    Display,
}

/// Something found when a code was validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub kind: IssueKind,
    /// What part of the code.
    pub part: Part,
    /// Which code of a codeable concept, from 0; `None` elsewhere.
    pub coding: Option<usize>,
    /// What is wrong and what would be right, for people.
    pub message: String,
}

/// Why a question about a value set has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of reason.
    pub kind: FailureKind,
    /// The reason, for people, with how to mend it.
    pub message: String,
}

/// Kinds of reason why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// A value set is not known.
    UnknownValueSet,
    /// A code system or its version is not known.
    UnknownCodeSystem,
    /// A supplement that must be used is not known.
    UnknownSupplement,
    /// A concept map is not known.
    UnknownConceptMap,
    /// A value set imports itself, by whatever way.
    Circular,
    /// The definition of a value set cannot be carried out: a filter without value, an operator that does not fit, an
    /// expression that cannot be read.
    Definition,
    /// A version that the request rules out would be used.
    VersionRuledOut,
    /// There are more codes than the request allows.
    TooCostly,
    /// The list of languages cannot be read.
    Languages,
    /// The request does not name what is needed.
    Request,
}

impl FailureKind {
    /// The code of FHIR's `IssueType`.
    pub fn issue_type(self) -> &'static str {
        match self {
            Self::UnknownValueSet
            | Self::UnknownCodeSystem
            | Self::UnknownSupplement
            | Self::UnknownConceptMap => "not-found",
            Self::Circular | Self::Languages => "processing",
            Self::Definition | Self::Request => "invalid",
            Self::VersionRuledOut => "exception",
            Self::TooCostly => "too-costly",
        }
    }

    /// The code of `tx-issue-type`; empty when none fits.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownValueSet
            | Self::UnknownCodeSystem
            | Self::UnknownSupplement
            | Self::UnknownConceptMap => "not-found",
            Self::Circular | Self::Definition => "vs-invalid",
            Self::VersionRuledOut => "version-error",
            Self::Languages => "invalid-display",
            Self::TooCostly | Self::Request => "",
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
        }
    }
}
