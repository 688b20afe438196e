//! How a command ends: the documented exit codes, and the one mapping from gRPC statuses to them.

use tonic::{Code, Status};

/// Why a command did not succeed. `code` gives the exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something was found; it has been shown already (exit code 1).
    #[error("{0}")]
    Findings(String),
    /// The command was used wrongly (exit code 2).
    #[error("{0}")]
    Usage(String),
    /// The server cannot be reached (exit code 3).
    #[error("{0}")]
    Unreachable(String),
    /// The server refused (exit code 4).
    #[error("{0}")]
    Refused(String),
    /// Anything else went wrong (exit code 5).
    #[error("{0}")]
    Failed(String),
    /// Whoever reads standard output has had enough: no failure, and nothing to say (exit code 0).
    #[error("standard output is closed")]
    Closed,
}

/// What a command gives.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// The exit code: 1 findings, 2 usage, 3 cannot reach, 4 refused, 5 failed.
    pub fn code(&self) -> u8 {
        match self {
            Self::Findings(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Refused(_) => 4,
            Self::Failed(_) => 5,
            Self::Closed => 0,
        }
    }

    /// Something went wrong, in the words of its error.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded => Self::Unreachable(message),
            Code::InvalidArgument | Code::OutOfRange => Self::Usage(message),
            Code::NotFound => Self::Findings(message),
            Code::PermissionDenied
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::AlreadyExists
            | Code::ResourceExhausted => Self::Refused(message),
            _ => Self::Failed(if message.is_empty() {
                status.code().description().to_owned()
            } else {
                message
            }),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        Self::failed(error)
    }
}
