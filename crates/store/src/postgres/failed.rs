//! What went wrong with the database, sorted by what it says of the work: certainly not done, perhaps done, or not to be
//! done at all; and how long it is tried again. Values that the database names in its messages' details are not repeated.

use std::time::Duration;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use rand::Rng as _;
use tokio::time::Instant;

use crate::contract::StoreError;

/// The first pause before something is tried again.
const PAUSE_FIRST: Duration = Duration::from_millis(5);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Why one try did not succeed.
#[derive(Debug)]
pub(super) enum Failed {
    /// Nothing was done, and the next try may succeed.
    Again(StoreError),
    /// It was done or not: the connection was lost before the answer came.
    Unknown(StoreError),
    /// Another try would end in the same way.
    Finally(StoreError),
}

impl Failed {
    /// Whether it may have been done.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// What failed.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Again(error) | Self::Unknown(error) | Self::Finally(error) => error,
        }
    }

    /// No answer came in time.
    pub(super) fn silent(limit: Duration) -> Self {
        Self::Unknown(StoreError::Unavailable(format!(
            "the database did not answer within {limit:?}"
        )))
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Finally(error)
    }
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let what = format!("the connection to the database was lost: {}", causes(&error));
            return Self::Unknown(StoreError::Unavailable(what));
        };
        Self::told(told.code().code(), told.message())
    }
}

impl Failed {
    /// What a code of SQL's says of the work.
    fn told(code: &str, message: &str) -> Self {
        let unavailable = |what: &str| StoreError::Unavailable(format!("{what}: {message} ({code})"));
        match code {
            "40001" | "40P01" => {
                Self::Again(unavailable("the database undid the work, for others did theirs"))
            }
            "23505" => Self::Again(unavailable("others brought the same at the same time")),
            "53300" => Self::Again(unavailable("the database takes no more connections")),
            "25006" => Self::Again(unavailable("the database only reads now")),
            "57P03" => Self::Again(unavailable("the database does not take connections yet")),
            "40003" | "57P01" | "57P02" | "57P05" | "25P03" => {
                Self::Unknown(unavailable("the database ended the connection"))
            }
            "53100" => Self::Finally(unavailable("the database's disk is full")),
            "55P03" | "57014" => Self::Finally(unavailable("the database did not come to it in time")),
            "XX001" | "XX002" => Self::Finally(StoreError::Corrupt(format!(
                "the database says so: {message} ({code})"
            ))),
            _ if code.starts_with("08") => {
                Self::Unknown(unavailable("the connection to the database was lost"))
            }
            _ => Self::Finally(unavailable("the database refused")),
        }
    }
}

impl From<PoolError> for Failed {
    fn from(error: PoolError) -> Self {
        match error {
            // Nothing was sent on a connection that did not come about.
            PoolError::Backend(error) if is_distrusted(&error) => {
                let what = format!("the database is not whom it must be: {}", causes(&error));
                Self::Finally(StoreError::Unavailable(what))
            }
            PoolError::Backend(error) => match Self::from(error) {
                Self::Unknown(error) => Self::Again(error),
                known => known,
            },
            PoolError::PostCreateHook(HookError::Message(why)) => {
                Self::Finally(StoreError::Unavailable(why.into_owned()))
            }
            PoolError::Timeout(TimeoutType::Wait) => Self::Again(StoreError::Unavailable(
                "all connections to the database are busy".to_owned(),
            )),
            other => Self::Again(StoreError::Unavailable(format!(
                "no connection to the database: {other}"
            ))),
        }
    }
}

/// Whether the certificate that was shown is not taken.
fn is_distrusted(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none() && causes(error).contains("peer certificate")
}

/// An error with what led to it: the database client's own text names only the kind.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// How long something is tried again.
#[derive(Debug)]
pub(super) struct Tries {
    until: Instant,
    pause: Duration,
}

impl Tries {
    /// From now on, for so long.
    pub(super) fn within(patience: Duration) -> Self {
        Self {
            until: Instant::now() + patience,
            pause: PAUSE_FIRST,
        }
    }

    /// Whether the time is over.
    pub(super) fn over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Waits until the next try.
    ///
    /// # Errors
    /// With what failed, when trying again is of no use or the time is over.
    pub(super) async fn again(&mut self, failed: Failed) -> Result<(), StoreError> {
        let error = match failed {
            Failed::Finally(error) => return Err(error),
            Failed::Again(error) | Failed::Unknown(error) => error,
        };
        let pause = self.pause.mul_f64(rand::rng().random_range(0.5..1.0));
        if Instant::now() + pause >= self.until {
            return Err(error);
        }
        tracing::debug!(%error, "the database is asked again");
        tokio::time::sleep(pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_the_database_ended_are_asked_again() {
        for code in ["40003", "57P01", "57P02", "57P05", "25P03", "08006"] {
            assert!(Failed::told(code, "ended").is_unknown(), "{code}");
        }
        for code in ["40001", "40P01", "23505", "53300", "57P03", "25006"] {
            assert!(matches!(Failed::told(code, "later"), Failed::Again(_)), "{code}");
        }
        for code in ["53100", "57014", "XX001", "42601"] {
            assert!(
                matches!(Failed::told(code, "never"), Failed::Finally(_)),
                "{code}"
            );
        }
    }
}
