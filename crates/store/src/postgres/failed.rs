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
            "42501" => Self::Finally(unavailable(
                "the database refused, for the user of the address may not do that: have it own the database, or grant it \
                 CREATE on the schema and everything on the tables",
            )),
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

impl Failed {
    /// Why a connection did not come about; `to` is where it led, as it may be told. Nothing was sent on it.
    pub(super) fn unreached(error: &tokio_postgres::Error, to: &str) -> Self {
        let to = match to {
            "" => "the database".to_owned(),
            to => format!("the database {to}"),
        };
        if let Some(told) = error.as_db_error() {
            let (code, message) = (told.code().code(), told.message());
            if let Some(mend) = not_let_in(code) {
                let what = format!("{to} lets nobody in so: {message} ({code}): {mend}");
                return Self::Finally(StoreError::Unavailable(what));
            }
            return match Self::told(code, message) {
                Self::Unknown(error) => Self::Again(error),
                known => known,
            };
        }
        let why = causes(error);
        // The client has no kinds for these that could be asked for.
        let finally = if why.contains("peer certificate") {
            format!("{to} is not whom it must be: {why}")
        } else if why.contains("password missing") {
            format!(
                "{to} asks for a password, and there is none: write it into the address, set PGPASSWORD, or name a file \
                 that nobody else may read by passfile in the address or PGPASSFILE"
            )
        } else if why.contains("does not support TLS") {
            format!(
                "{to} does not encrypt its connections: have it (ssl = on), or write sslmode=disable into the address \
                 where nobody else reaches the network"
            )
        } else {
            return Self::Again(StoreError::Unavailable(format!("{to} cannot be reached: {why}")));
        };
        Self::Finally(StoreError::Unavailable(finally))
    }
}

impl From<PoolError> for Failed {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::unreached(&error, ""),
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

/// How it comes right when a database does not let in who comes; `None` when the code says something else.
fn not_let_in(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" => "look at the user and the password of the address, of PGPASSWORD or of the password file",
        "28000" => {
            "look at the user of the address, and whether the database's pg_hba.conf lets that user in from here"
        }
        "3D000" => "look at the name in the address, or make the database first (createdb)",
        _ => return None,
    })
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
        for code in ["53100", "57014", "XX001", "42601", "42501", "28P01"] {
            assert!(
                matches!(Failed::told(code, "never"), Failed::Finally(_)),
                "{code}"
            );
        }
    }
}
