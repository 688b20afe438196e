//! Why the tables are not kept, in words that hold no value of a record.

use tokio_postgres::error::SqlState;
use vardnav_interchange::export::ExportError;
use vardnav_store::StoreError;

/// Why the tables are not kept just now.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The address names no database, or leads beyond this machine unencrypted without saying so.
    #[error("{0}")]
    Address(String),
    /// The database does not take whoever comes.
    #[error("the database of the tables: {0}")]
    Refused(String),
    /// The database cannot, or refuses.
    #[error("the database of the tables: {0}")]
    Database(String),
    /// Somebody reads what is to be changed, and was waited for in vain.
    #[error("the tables are in use, and are changed as soon as they are not")]
    Busy,
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another server keeps the tables.
    #[error("another server keeps the tables for analysts")]
    Held,
    /// A release that an entry was classified with has no columns yet.
    #[error("release {0} cannot be loaded")]
    Release(String),
    /// A column is of another type than its values now are.
    #[error("column {0} has another type now: the tables are built anew")]
    Changed(String),
    /// A table is not there any more.
    #[error("table {0} is missing: the tables are built anew")]
    Missing(String),
    /// The tables are those of another register.
    #[error(
        "the tables for analysts in this database are those of another register: name another database, or drop the \
         schemas analysis and analysis_own there first"
    )]
    Foreign,
    /// The database was brought on by a newer version of this program.
    #[error("the tables for analysts were made by a newer version of this program: use that one")]
    Newer,
    /// What an entry holds does not fit its columns.
    #[error("{stream}: position {position}: {message}")]
    Entry {
        /// The stream.
        stream: String,
        /// Where in it.
        position: u64,
        /// Why.
        message: String,
    },
    /// Something that ran beside gave up.
    #[error("{0}")]
    Broken(String),
}

impl AnalysisError {
    /// That an entry does not fit.
    pub(crate) fn entry(stream: &str, position: u64, message: impl std::fmt::Display) -> Self {
        Self::Entry {
            stream: stream.to_owned(),
            position,
            message: message.to_string(),
        }
    }
}

impl From<tokio_postgres::Error> for AnalysisError {
    /// With the database's message, and without its detail, which may repeat values.
    fn from(error: tokio_postgres::Error) -> Self {
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return Self::Busy;
        }
        let what = match error.as_db_error() {
            Some(told) => format!("{} ({})", told.message(), told.code().code()),
            None => error.to_string(),
        };
        match error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            true => Self::Refused(format!(
                "{what}: the user of the address is to own the database, or may CREATE in it"
            )),
            false => Self::Database(what),
        }
    }
}

impl From<ExportError> for AnalysisError {
    fn from(error: ExportError) -> Self {
        Self::Broken(error.to_string())
    }
}
