//! A connection of its own to a database, reached and encrypted as the store's are: for what is kept beside a store in
//! PostgreSQL. What is done with it is the caller's.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, named};
use super::failed::Failed;
use crate::contract::StoreError;

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// What was given is no address, or leads beyond this machine unencrypted without saying so.
    #[error("{0}")]
    Address(String),
    /// The database does not take whoever comes, in its own words; trying again is of no use.
    #[error("{0}")]
    Refused(String),
    /// The database cannot be reached just now.
    #[error("{0}")]
    Away(String),
}

/// Connects to the database that `url` names, under a name that the database's own lists tell. A connection of which
/// nothing is heard for `silent_max` is given up. It ends with the client.
///
/// # Errors
/// Why there is none.
pub async fn connect(url: &str, name: &str, silent_max: Duration) -> Result<Client, ConnectError> {
    let Address {
        mut config,
        encryption,
    } = Address::read(url).map_err(|error| match error {
        StoreError::Limit(what) => ConnectError::Address(what),
        other => ConnectError::Refused(other.to_string()),
    })?;
    config.connect_timeout(CONNECT_MAX).tcp_user_timeout(silent_max);
    if config.get_application_name().is_none() {
        config.application_name(name);
    }
    let reached = reach(&config, encryption.as_ref()).await;
    reached.map_err(|error| match Failed::unreached(&error, &named(url)) {
        Failed::Finally(error) => ConnectError::Refused(plain(error)),
        failed => ConnectError::Away(plain(failed.into_error())),
    })
}

/// What is told of a database, without the word of stores.
fn plain(error: StoreError) -> String {
    match error {
        StoreError::Unavailable(what) => what,
        other => other.to_string(),
    }
}

/// Connects as a configuration says. The connection ends with the client.
pub(super) async fn reach(
    config: &Config,
    encryption: Option<&MakeRustlsConnect>,
) -> Result<Client, tokio_postgres::Error> {
    match encryption {
        Some(encryption) => {
            let (client, connection) = config.connect(encryption.clone()).await?;
            // The client tells of every error itself.
            tokio::spawn(async move { drop(connection.await) });
            Ok(client)
        }
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(async move { drop(connection.await) });
            Ok(client)
        }
    }
}
