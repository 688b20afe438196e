//! A connection to the database of the tables, with the settings that following needs. What is followed lies in the ledger,
//! so what the database has told as done may be lost with its machine and is then followed again: nothing waits for disks.

use std::time::Duration;

use tokio_postgres::Client;
use vardnav_store::postgres::{self, ConnectError};

use crate::error::AnalysisError;

/// How long nothing may be heard of the database before the connection counts as lost.
const SILENT_MAX: Duration = Duration::from_secs(30);
const SETTINGS: &str = "SET standard_conforming_strings = on; SET client_min_messages = warning; \
                        SET synchronous_commit = off; SET statement_timeout = '10min'; SET lock_timeout = '3s'; \
                        SET idle_in_transaction_session_timeout = '2min'; SET jit = off; SET timezone = 'UTC'";

/// Connects to the database that `url` names.
///
/// # Errors
/// `Address` when `url` is none that is taken, else when the database cannot be reached.
pub(crate) async fn connect(url: &str) -> Result<Client, AnalysisError> {
    let connected = postgres::connect(url, "vardnav analysis", SILENT_MAX).await;
    let client = connected.map_err(|error| match error {
        ConnectError::Address(what) => AnalysisError::Address(what),
        ConnectError::Refused(what) => AnalysisError::Refused(what),
        ConnectError::Away(what) => AnalysisError::Database(what),
    })?;
    client.batch_execute(SETTINGS).await?;
    Ok(client)
}
