//! Errors become gRPC statuses here and nowhere else: a small set of kinds, each with one status code, with the
//! rich details clients act on (`google.rpc.ErrorInfo`, `google.rpc.BadRequest`).

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain of `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "vardnav.se";

/// Most faults that an error tells one by one.
pub const FAULTS_MAX: usize = 20;

/// Code of an error about a date that the calendar does not have.
pub const BAD_DATE: &str = "VN-API-003";

/// Codes of errors, which services share: what they mean, what to do.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-API-001",
        "a field of the request is not as it must be",
        "correct the field that the details name",
    ),
    ("VN-API-002", "what was asked for does not exist", "check the id"),
    (
        "VN-API-003",
        "a date is not in the calendar",
        "send a date that exists",
    ),
    (
        "VN-API-010",
        "the server cannot do it just now",
        "try again in a moment",
    ),
    (
        "VN-API-011",
        "something changed meanwhile",
        "read again, then repeat the request",
    ),
    (
        "VN-API-012",
        "a limit was met",
        "send less at a time, or try again later",
    ),
    (
        "VN-API-013",
        "a defect or damaged data; nothing is wrong with the request",
        "tell the operator",
    ),
    (
        "VN-API-020",
        "the caller does not act for this reporter",
        "use the caller of the reporter, or let the operator grant it",
    ),
    (
        "VN-API-021",
        "no release is in force",
        "publish a release that applies today first",
    ),
    (
        "VN-API-022",
        "the caller does not have the permission that this request needs",
        "ask without what the message names, or let the operator grant the permission",
    ),
    (
        "VN-API-024",
        "who planned a derivation does not have readers answered from it",
        "have another person switch to it",
    ),
    (
        "VN-API-025",
        "the derivation is not in a state that allows it",
        "look at its status, and at which one readers are answered from",
    ),
    (
        "VN-API-027",
        "a table leaves a gap under the variants and on the dates of the derivation",
        "choose other variants or dates, or publish a release whose tables cover the facts that the details show",
    ),
    (
        "VN-API-026",
        "the derivation has not caught up with what was reported",
        "ask again when its status says that it follows",
    ),
    (
        "VN-API-028",
        "the delivery, its periods or its register do not allow it",
        "look at the deliveries of the reporter and at the deadlines of the register",
    ),
    ("VN-API-030", "the code system is not known", "check its address"),
    ("VN-API-031", "the edition is not loaded", "import it first"),
    (
        "VN-API-032",
        "no edition of the code system is in force on the date",
        "choose another date, or name the edition",
    ),
    (
        "VN-API-033",
        "the edition does not hold the code",
        "check the code against the edition",
    ),
    (
        "VN-API-034",
        "nothing is kept under the digest",
        "ask for a digest that a release, an edition or its manifest names",
    ),
    (
        "VN-API-035",
        "the position lies beyond the end of what was published",
        "begin anew from 0: the server is another, or was restored",
    ),
    (
        "VN-API-036",
        "the server keeps a copy of another one and takes nothing of its own",
        "send it to the server that the message names",
    ),
    (
        "VN-API-037",
        "the store of the server is a database, for which it does not do this",
        "use the database's own means or `vardnav admin store copy` into a folder, and copy the folder with the keys beside it",
    ),
    (
        "VN-API-050",
        "what touches the secrecy of persons needs two persons: one who asks, and uses it, and another who approves",
        "have another person approve it; link accounts to persons where the procedure asks for it",
    ),
    (
        "VN-API-051",
        "the request does not stand where this can be done",
        "list the requests and see where it stands",
    ),
    (
        "VN-API-040",
        "no release is published yet",
        "publish a release first",
    ),
    (
        "VN-API-041",
        "the question has too many rows for an answer",
        "ask for fewer breakdowns or narrower filters",
    ),
    (
        "VN-API-042",
        "the indicator is described but not counted from the register",
        "look at its feed; it is uploaded or linked elsewhere",
    ),
];

/// What went wrong, in transport-free words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A field of the request is not as it must be.
    InvalidArgument,
    /// What was asked for does not exist.
    NotFound,
    /// It exists already, with other content.
    AlreadyExists,
    /// Something changed meanwhile: read again and retry.
    Aborted,
    /// The state of things does not allow it.
    FailedPrecondition,
    /// The caller may not do this.
    PermissionDenied,
    /// The caller is not known.
    Unauthenticated,
    /// A limit was met.
    ResourceExhausted,
    /// Not reachable just now: retry.
    Unavailable,
    /// A defect or damaged data.
    Internal,
}

/// An error on its way out: kind, stable code, message, and the field when one is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Decides the status code.
    pub kind: Kind,
    /// Stable code, for example `VN-API-002`.
    pub code: &'static str,
    /// For people; holds no personal data.
    pub message: String,
    /// Path of the field to blame; empty when none is.
    pub field: String,
    /// What is wrong in all, where it is more than the message can say.
    pub faults: Vec<Fault>,
}

/// One of several things that are wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: a path of the request, a file and line, a table.
    pub subject: String,
    /// What, and how to mend it; holds no personal data.
    pub message: String,
}

impl ApiError {
    /// An error of a kind with a stable code.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            field: String::new(),
            faults: Vec::new(),
        }
    }

    /// A field of the request is not as it must be (`VN-API-001`).
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::InvalidArgument,
            code: "VN-API-001",
            message: message.into(),
            field: field.into(),
            faults: Vec::new(),
        }
    }

    /// Something is missing (`VN-API-002`).
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, "VN-API-002", format!("{what} is not known"))
    }

    /// The same with everything that is wrong; those beyond [`FAULTS_MAX`] are left out.
    #[must_use]
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().take(FAULTS_MAX).collect();
        self
    }

    /// Puts `prefix` before the field's path.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.field = if self.field.is_empty() {
            prefix.to_owned()
        } else {
            format!("{prefix}.{}", self.field)
        };
        self
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        let code = match error.kind {
            Kind::InvalidArgument => Code::InvalidArgument,
            Kind::NotFound => Code::NotFound,
            Kind::AlreadyExists => Code::AlreadyExists,
            Kind::Aborted => Code::Aborted,
            Kind::FailedPrecondition => Code::FailedPrecondition,
            Kind::PermissionDenied => Code::PermissionDenied,
            Kind::Unauthenticated => Code::Unauthenticated,
            Kind::ResourceExhausted => Code::ResourceExhausted,
            Kind::Unavailable => Code::Unavailable,
            Kind::Internal => Code::Internal,
        };
        let mut details = ErrorDetails::with_error_info(error.code, ERROR_DOMAIN, []);
        if !error.field.is_empty() {
            details.add_bad_request_violation(error.field.clone(), error.message.clone());
        }
        for fault in error.faults {
            details.add_bad_request_violation(fault.subject, fault.message);
        }
        Status::with_error_details(code, error.message, details)
    }
}
