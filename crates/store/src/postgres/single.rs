//! A connection of its own to a database, reached and encrypted as the store's are: for what is kept beside a store in
//! PostgreSQL. What is done with it is the caller's.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use crate::contract::StoreError;

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Connects to the database that `url` names, under a name that the database's own lists tell. A connection of which
/// nothing is heard for `silent_max` is given up. It ends with the client.
///
/// # Errors
/// `Limit` when `url` is no address, or leads beyond this machine unencrypted without saying so; `Unavailable` when the
/// database cannot be reached or refuses.
pub async fn connect(url: &str, name: &str, silent_max: Duration) -> Result<Client, StoreError> {
    let Address {
        mut config,
        encryption,
    } = Address::read(url)?;
    config.connect_timeout(CONNECT_MAX).tcp_user_timeout(silent_max);
    if config.get_application_name().is_none() {
        config.application_name(name);
    }
    let refused = |error: tokio_postgres::Error| StoreError::Unavailable(error.to_string());
    reach(&config, encryption.as_ref()).await.map_err(refused)
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
